package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
)

// crowdedList is a list whose n entries overlap: few addresses, few ports, every kind of protocol.
func crowdedList(n int) string {
	rnd := rand.New(rand.NewPCG(2, uint64(n)))
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	side := func() string {
		host := fmt.Sprintf("203.0.113.%d", 64+rnd.IntN(64))
		switch rnd.IntN(8) {
		case 0:
			return "any"
		case 1:
			return "203.0.113.64 255.255.255.224"
		case 2:
			return (ast.MustIP(host) & ast.MaskOf(29)).String() + " 255.255.255.248"
		case 3:
			return "203.0.0.65 255.255.0.255" // a mask with a hole
		}
		return "host " + host
	}
	ports := func() string {
		p := 20 + rnd.IntN(60)
		return pick("", fmt.Sprintf(" eq %d", p), fmt.Sprintf(" range %d %d", p, p+rnd.IntN(30)), fmt.Sprintf(" neq %d", p), fmt.Sprintf(" gt %d", p))
	}
	var b strings.Builder
	b.WriteString("nameif ethernet0 outside security0\nnameif ethernet1 inside security100\n" +
		"ip address outside 203.0.113.1 255.255.255.0\nip address inside 10.0.0.1 255.255.255.0\n")
	for range n {
		verb := pick("permit", "permit", "deny")
		switch p := pick("tcp", "tcp", "tcp", "udp", "udp", "icmp", "ip", "gre", "esp"); p {
		case "tcp", "udp":
			fmt.Fprintf(&b, "access-list out %s %s %s%s %s%s\n", verb, p, side(), ports(), side(), ports())
		case "icmp":
			fmt.Fprintf(&b, "access-list out %s icmp %s %s%s\n", verb, side(), side(), pick("", " echo", " echo-reply", " unreachable"))
		default:
			fmt.Fprintf(&b, "access-list out %s %s host 203.0.113.%d %s\n", verb, p, 64+rnd.IntN(64), side())
		}
	}
	return b.String() + "access-group out in interface outside\n"
}

type listPacket struct {
	src, dst     ast.IP
	proto        uint8
	sport, dport uint16
	icmp         uint8
}

// firstMatch is the entry that a packet matches, by semantics.md 2.2; -1: the end of the list, nft.Implicit.
func firstMatch(list []compiler.ACE, p listPacket) int {
	net := func(in []ast.Net, ip ast.IP) bool {
		return slices.ContainsFunc(in, func(n ast.Net) bool { return ip&n.Mask == n.IP&n.Mask })
	}
	port := func(in []compiler.PortRange, v uint16) bool {
		ported := p.proto == ast.ProtoTCP || p.proto == ast.ProtoUDP
		return in == nil || ported && slices.ContainsFunc(in, func(r compiler.PortRange) bool { return r.Lo <= v && v <= r.Hi })
	}
	return slices.IndexFunc(list, func(a compiler.ACE) bool {
		return (a.Protos == nil || slices.Contains(a.Protos, p.proto)) && net(a.Src, p.src) && net(a.Dst, p.dst) &&
			port(a.SrcPorts, p.sport) && port(a.DstPorts, p.dport) && (a.ICMP == nil || p.proto == ast.ProtoICMP && slices.Contains(a.ICMP, p.icmp))
	})
}

// packetBeside is a packet at an edge of an entry, or just beside it.
func packetBeside(rnd *rand.Rand, a *compiler.ACE) listPacket {
	addr := func(in []ast.Net) ast.IP {
		n := in[rnd.IntN(len(in))]
		lo, hi := n.Range()
		if n.Mask == 0 || !n.Mask.Contiguous() {
			lo = n.IP&n.Mask | ast.MustIP("203.0.113.90")&^n.Mask
			hi = lo
		}
		return []ast.IP{lo, lo, hi, hi, lo - 1, hi + 1}[rnd.IntN(6)]
	}
	port := func(in []compiler.PortRange) uint16 {
		if len(in) == 0 {
			return uint16(15 + rnd.IntN(100))
		}
		r := in[rnd.IntN(len(in))]
		return []uint16{r.Lo, r.Lo, r.Hi, r.Hi, r.Lo - 1, r.Hi + 1}[rnd.IntN(6)]
	}
	p := listPacket{addr(a.Src), addr(a.Dst), []uint8{1, 6, 17, 47, 50, 89}[rnd.IntN(6)], port(a.SrcPorts), port(a.DstPorts), []uint8{0, 3, 8, 11}[rnd.IntN(4)]}
	if len(a.Protos) > 0 && rnd.IntN(8) > 0 {
		p.proto = a.Protos[rnd.IntN(len(a.Protos))]
	}
	if len(a.ICMP) > 0 && rnd.IntN(4) > 0 {
		p.icmp = a.ICMP[0]
	}
	return p
}

// The kernel counts each packet at the entry of a long list that it matches first.
func TestLongListsCount(t *testing.T) {
	for name, text := range map[string]string{"mixed": listText(3000, false), "ports": listText(3000, true), "crowded": crowdedList(1500), "short of long": crowdedList(65)} {
		cfg, _, diags := parser.Load("list.cfg", []byte(text))
		plan, more := compiler.Compile(cfg)
		if err := append(diags, more...).Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list := plan.ACLs[plan.ACLByID("out")].Entries
		rs, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, nft.Options{Daemon: true, CompatQueue: true})
		only := onlyList(rs, "acl_out", pipeEnd)
		ownSpace(t, func(s *space) {
			p, err := openPipe(s)
			if err != nil {
				t.Skipf("cannot make devices: %v", err)
			}
			defer p.close()
			b, err := only.Batch()
			if err == nil {
				err = s.commit(b)
			}
			if err == nil {
				err = s.check(b, only)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			rnd := rand.New(rand.NewPCG(3, 3))
			want := map[nft.ACE]uint64{}
			const sent = 4000
			for range sent {
				pkt := packetBeside(rnd, &list[rnd.IntN(len(list))])
				if err := p.send(p.frame(pkt.src, pkt.dst, pkt.proto, pkt.sport, pkt.dport, pkt.icmp)); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				want[nft.ACE{Is: true, Entry: firstMatch(list, pkt)}]++
			}
			var got map[nft.ACE]uint64
			for began, n := time.Now(), uint64(0); n < sent && time.Since(began) < 10*time.Second; {
				if got, err = s.entryHits(only); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				n = 0
				for _, hits := range got {
					n += hits
				}
			}
			if len(want) < len(list)/20 {
				t.Errorf("%s: the packets match only %d of %d entries", name, len(want), len(list))
			}
			for ace := range want {
				if got[ace] != want[ace] {
					t.Errorf("%s: entry %d has %d hits, not %d", name, ace.Entry, got[ace], want[ace])
				}
			}
			for ace := range got {
				if want[ace] == 0 {
					t.Errorf("%s: entry %d has %d hits, not 0", name, ace.Entry, got[ace])
				}
			}
		})
	}
}
