package compiler

import (
	"testing"

	"pixfw/ast"
)

// Lines of `aaa accounting` say which group is told of a connection (semantics.md 5.1).
func TestAccounting(t *testing.T) {
	const head = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
ip address outside 192.168.1.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
aaa-server ONE protocol tacacs+
aaa-server TWO protocol radius
access-list acct permit tcp any host 192.168.1.11 eq 80
access-list acct deny tcp any any
`
	ip := ast.MustIP
	// From a client of a tunnel to a host inside, whose address is translated.
	conn := AAAView{If: 0, Inbound: true, Proto: ast.ProtoTCP, Src: ip("10.9.9.9"), SrcPort: 3000, Dst: ip("192.168.1.11"), DstPort: 80,
		Local: ip("10.0.0.5"), Foreign: ip("10.9.9.9"), Port: 8080}
	with := func(f func(*AAAView)) AAAView { v := conn; f(&v); return v }
	for _, test := range []struct {
		name, lines string
		v           AAAView
		want        string
	}{
		{"none", "", conn, ""},
		{"any", "aaa accounting include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, "ONE"},
		{"any is TCP", "aaa accounting include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", with(func(v *AAAView) { v.Proto = ast.ProtoUDP }), ""},
		{"UDP by its port", "aaa accounting include udp/53 inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", with(func(v *AAAView) { v.Proto, v.Port = ast.ProtoUDP, 53 }), "ONE"},
		{"ICMP never", "aaa accounting include icmp/8 inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", with(func(v *AAAView) { v.Proto, v.Port = ast.ProtoICMP, 8 }), ""},
		{"the other way", "aaa accounting include any outbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, ""},
		{"outbound", "aaa accounting include any outbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", with(func(v *AAAView) { v.Inbound = false }), "ONE"},
		{"where it starts", "aaa accounting include any outside 10.0.0.5 255.255.255.255 0.0.0.0 0.0.0.0 TWO", conn, "TWO"},
		{"where it does not", "aaa accounting include any inside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 TWO", conn, ""},
		{"another host", "aaa accounting include any outside 10.0.0.6 255.255.255.255 0.0.0.0 0.0.0.0 ONE", conn, ""},
		{"another user", "aaa accounting include any outside 0.0.0.0 0.0.0.0 10.9.9.8 255.255.255.255 ONE", conn, ""},
		{"the real port", "aaa accounting include tcp/8080 outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, "ONE"},
		{"not that of the wire", "aaa accounting include http outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, ""},
		{"the first", "aaa accounting include tcp/8080 outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 TWO\naaa accounting include any outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, "TWO"},
		{"exclude", "aaa accounting include any outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE\naaa accounting exclude any outside 10.0.0.5 255.255.255.255 0.0.0.0 0.0.0.0 ONE", conn, ""},
		{"a list, on the wire", "aaa accounting match acct outside TWO", conn, "TWO"},
		{"a list that denies", "aaa accounting match acct outside TWO", with(func(v *AAAView) { v.DstPort = 81 }), ""},
		{"a list of another interface", "aaa accounting match acct inside TWO", conn, ""},
		{"authentication is another matter", "aaa authentication include any outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 ONE", conn, ""},
	} {
		plan := plain(t, head+test.lines+"\n")
		got := ""
		if g := plan.Accounting(&test.v); g != None {
			got = plan.AAAGroups[g].Tag
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
