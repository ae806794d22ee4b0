package nft

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// Translations that live have rules when no line makes any, and none where no packets pass. Without them nothing is there.
func TestKept(t *testing.T) {
	p := widePlan()
	p.NAT.Nats, p.NAT.Policies, p.NAT.Globals = nil, nil, nil
	bare, _ := Lower(p, devices, Options{Daemon: true})
	if len(bare.Xlates) != 0 || len(bare.Ports) != 0 || strings.Contains(bare.Text(), "xlate") {
		t.Errorf("maps of translations that nobody makes: %v, %v", bare.Xlates, bare.Ports)
	}
	none := compiler.None
	kept := []Kept{{RealIf: 1, MappedIf: 0, ACL: none}, {RealIf: 1, MappedIf: 1, ACL: none}, {RealIf: 0, MappedIf: 1, ACL: none},
		{RealIf: 1, MappedIf: 0, ACL: none, Ports: true}, {RealIf: 1, MappedIf: 0, ACL: 3, Ports: true}}
	rs, _ := Lower(p, devices, Options{Daemon: true, CompatQueue: true, Kept: kept, PATs: map[int][]ast.IP{0: {ip("203.0.113.20")}}})
	if len(rs.Xlates) != 2 || len(rs.Ports) != 2 || len(rs.Requests) != 0 {
		t.Fatalf("%v, %v, %d requests", rs.Xlates, rs.Ports, len(rs.Requests))
	}
	for i := range rs.Sets {
		if rs.Sets[i].Name == rs.Ports[0].Name {
			rs.Sets[i].Ports = []PortPair{{ast.ProtoTCP, ip("10.0.0.5"), ip("203.0.113.20"), 3000, 1024}}
		}
	}
	text := rs.Text()
	for _, w := range []string{"ip saddr @xlate_inside_outside ct mark set", "ip saddr @xlate_outside_inside ct mark set",
		"map ports_inside_outside {\n\t\ttype inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service\n\t\telements = {\n\t\t\ttcp . 10.0.0.5 . 3000 : 203.0.113.20 . 1024",
		"meta l4proto { tcp, udp } meta l4proto . ip saddr . th sport @ports_inside_outside ct mark set",
		"snat ip to meta l4proto . ip saddr . th sport map @ports_inside_outside", "ip daddr 203.0.113.20 meta l4proto icmp accept"} {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in the rules", w)
		}
	}
	// What is alike as text is tried without the rules that this kernel may not load as text.
	chains := rs.Chains[:0:0]
	for _, c := range rs.Chains {
		if c.Name != "translate" {
			continue
		}
		for k := len(c.Rules) - 1; k >= 0; k-- {
			if n, is := c.Rules[k].Do[0].(NAT); is && n.Echo {
				c.Rules = append(c.Rules[:k:k], c.Rules[k+1:]...)
			}
		}
		chains = append(chains, c)
	}
	listAlike(t, "kept", &Ruleset{Sets: rs.Sets, Chains: chains})
	msgs, err := rs.Messages()
	if err != nil {
		t.Fatal(err)
	}
	inNamespace(t, func() {
		commit(t, msgs)
		pairs := make([]PortPair, 1200)
		for i := range pairs {
			pairs[i] = PortPair{ast.ProtoUDP, ip("10.0.0.6"), ip("203.0.113.20"), uint16(2000 + i), uint16(5000 + i)}
		}
		commit(t, ChangePorts(false, rs.Ports[0].Name, pairs))
		listed := func() string { return nftCommand(t, "", "list", "map", "ip", Table, rs.Ports[0].Name) }
		if l := listed(); strings.Count(l, " : 203.0.113.20 . ") != len(pairs)+1 || !strings.Contains(l, "udp . 10.0.0.6 . 2007 : 203.0.113.20 . 5007") {
			t.Errorf("not all are listed:\n%s", l)
		}
		commit(t, ChangePorts(true, rs.Ports[0].Name, pairs))
		if l := listed(); strings.Count(l, " : 203.0.113.20 . ") != 1 || !strings.Contains(l, "tcp . 10.0.0.5 . 3000 : 203.0.113.20 . 1024") {
			t.Errorf("left:\n%s", l)
		}
	})
}
