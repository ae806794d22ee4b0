package emulator

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

const audited = "access-list out permit icmp any any\nip audit name a info action alarm\nip audit name a attack action alarm drop\nip audit interface outside a\n"

// Signatures are told of, and those of attacks dropped, where a policy is bound, and nowhere else (semantics.md 1.7).
func TestAudit(t *testing.T) {
	l := newLab(t, base+audited+"ip audit signature 2000 disable\n")
	host, server := ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.80")
	ping := runtime.Packet{Proto: ast.ProtoICMP, Src: host, Dst: server, ICMPType: 8}
	l.expect("outside", ping, "icmp 198.51.100.7 > 10.0.0.80 type 8 code 0 400014")
	v := l.send("outside", ping)
	if len(v.Logs) == 0 || v.Logs[0].String() != "%PIX-4-400014: IDS:2004 ICMP Echo Request from 198.51.100.7 to 203.0.113.80 on interface outside" {
		t.Errorf("%v", v.Logs)
	}
	ping.ICMPType = 0
	l.expect("outside", ping, "icmp 198.51.100.7 > 10.0.0.80 type 0 code 0")
	large := ping
	large.Length = 4000
	l.expect("outside", large, "drop 400024")
	l.expect("outside", tcp("198.51.100.7:5", "203.0.113.80:80", runtime.SYN|runtime.FIN), "drop 400027")
	l.expect("outside", tcp("198.51.100.7:5", "203.0.113.80:80", 0), "drop 400026")
	l.expect("outside", udp("198.51.100.7:19", "203.0.113.80:135"), "drop 400032")
	l.expect("outside", tcp("198.51.100.7:5", "203.0.113.80:80", syn), "tcp 198.51.100.7:5 > 10.0.0.80:80 302013")
	out := runtime.Packet{Proto: ast.ProtoICMP, Src: ast.MustIP("10.0.0.80"), Dst: host, ICMPType: 8, Length: 4000}
	l.expect("inside", out, "icmp 203.0.113.80 > 198.51.100.7 type 8 code 0")
	unbound := newLab(t, base+strings.Replace(audited, "ip audit interface outside a\n", "", 1))
	unbound.expect("outside", large, "icmp 198.51.100.7 > 10.0.0.80 type 0 code 0")
}

// Reset ends the connection of the packet, too.
func TestAuditReset(t *testing.T) {
	l := newLab(t, base+"ip audit name a attack action reset\nip audit interface outside a\n")
	l.connect()
	v := l.send("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", 0))
	if v.Action != runtime.Drop || !v.Reset || v.Reason != whyAudit || len(v.Logs) != 1 || v.Logs[0].ID != 302014 {
		t.Errorf("%+v", v)
	}
	if n := len(l.Conns().Conns); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// What is not looked for is said.
func TestAuditNotes(t *testing.T) {
	l := newLab(t, base)
	diags, err := l.Apply(planOf(t, base+audited))
	if err != nil || len(diags) != 1 || diags[0].Code != "W519" || diags[0].Source != "ip audit interface outside a" {
		t.Fatalf("%v, %v", diags, err)
	}
	if text := diags[0].Message; !strings.Contains(text, "3153") || strings.Contains(text, "2004") {
		t.Error(text)
	}
}
