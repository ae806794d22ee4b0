package nft

import (
	"math/rand/v2"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// A list of an outbound says of a packet what its definition says: the longest mask, then the narrowest ports, then a named
// protocol decides, and an exception for the other side turns it round (semantics.md 2.4).
func outboundSays(rules []compiler.Outbound, p *testPacket, own, other uint32) bool {
	var best *compiler.Outbound
	except := false
	for i := range rules {
		r := &rules[i]
		wide := r.Ports == compiler.PortRange{Hi: 0xffff}
		if r.Proto != 0 && uint32(r.Proto) != p.proto || !wide && (p.proto != 6 && p.proto != 17 || !r.Ports.Contains(uint16(p.dport))) {
			continue
		}
		if r.Action == "except" {
			except = except || r.Net.Contains(ast.IP(other))
			continue
		}
		if !r.Net.Contains(ast.IP(own)) {
			continue
		}
		better := best == nil || r.Net.Mask.Bits() > best.Net.Mask.Bits()
		if best != nil && r.Net.Mask.Bits() == best.Net.Mask.Bits() {
			a, b := r.Ports.Hi-r.Ports.Lo, best.Ports.Hi-best.Ports.Lo
			better = a < b || a == b && r.Proto != 0 && best.Proto == 0
		}
		if better {
			best = r
		}
	}
	return best == nil || (best.Action == "permit") != except
}

func TestOutboundLists(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	some := func() (p testPacket) {
		p = testPacket{src: uint32(ip("10.89.129.128")) + rnd.Uint32N(8), dst: uint32(ip("198.51.100.0")) + rnd.Uint32N(8), proto: []uint32{1, 6, 17, 47}[rnd.IntN(4)],
			sport: 1024, dport: 20 + rnd.Uint32N(8)}
		return p
	}
	denied := 0
	for range 300 {
		p := webPlan()
		dest := rnd.IntN(2) == 0
		var rules []compiler.Outbound
		for range 1 + rnd.IntN(8) {
			near := some()
			own := near.src
			r := compiler.Outbound{Action: []string{"permit", "deny", "deny", "except"}[rnd.IntN(4)], Proto: []uint8{0, 0, 1, 6, 17}[rnd.IntN(5)],
				Ports: compiler.PortRange{Hi: 0xffff}}
			if dest != (r.Action == "except") {
				own = near.dst
			}
			m := ast.MaskOf([]int{0, 28, 30, 31, 32}[rnd.IntN(5)])
			r.Net = ast.Net{IP: ast.IP(own) & m, Mask: m}
			if rnd.IntN(2) == 0 {
				lo := uint16(20 + rnd.IntN(6))
				r.Ports = compiler.PortRange{Lo: lo, Hi: lo + uint16(rnd.IntN(3))}
			}
			rules = append(rules, r)
		}
		p.Outbound = []compiler.OutboundList{{ID: 10, Rules: rules}}
		p.Applies = []compiler.Apply{{If: 1, List: 0, Dest: dest}}
		rs, _ := Lower(p, devices)
		m := newMachine(rs)
		if _, there := m.rules["outbound_inside_outside_10"]; !there {
			t.Fatal("no chain of the list")
		}
		for range 50 {
			pkt := some()
			own, other := pkt.src, pkt.dst
			if dest {
				own, other = other, own
			}
			want, reason := "", ""
			if !outboundSays(rules, &pkt, own, other) {
				denied++
				if want, reason = "drop", "106002:10"; pkt.proto == 1 {
					reason = "106018:10"
				}
			}
			m.logged = ""
			if got := m.run("outbound_inside_outside_10", &pkt); got != want || m.logged != reason {
				t.Fatalf("%+v with %+v (destinations: %v): %q %q, want %q %q", pkt, rules, dest, got, m.logged, want, reason)
			}
		}
	}
	if denied < 1000 {
		t.Errorf("only %d packets were denied", denied)
	}
	// An access list on the interface takes its place.
	p := webPlan()
	p.Outbound = []compiler.OutboundList{{ID: 10, Rules: []compiler.Outbound{{Action: "deny", Ports: compiler.PortRange{Hi: 0xffff}}}}}
	p.Applies = []compiler.Apply{{If: 1, List: 0}}
	p.NAT.Aliases = []compiler.Alias{{If: 1, DNAT: ip("10.99.0.0"), Foreign: ip("198.51.100.0"), Mask: ast.MaskOf(24)}}
	rs, _ := Lower(p, devices)
	listAlike(t, "outbound and alias", rs)
	p.Interfaces[1].ACL = 0
	rs, _ = Lower(p, devices)
	if _, there := newMachine(rs).rules["outbound_inside_outside_10"]; there {
		t.Error("the list is looked at beside an access list")
	}
}
