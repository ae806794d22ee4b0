package scenario

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
	"pixfw/runtime"
)

const frame = "about\n-- pix.cfg --\nhostname x\n-- scenario --\n"

func parseOne(t *testing.T, line string) *Statement {
	t.Helper()
	a, err := Parse("f", []byte(frame+line+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Cases) != 1 || len(a.Cases[0].Statements) != 1 {
		t.Fatalf("%s: %+v", line, a.Cases)
	}
	return &a.Cases[0].Statements[0]
}

func TestPackets(t *testing.T) {
	ip := ast.MustIP
	tests := []struct {
		line string
		want runtime.Packet
	}{
		{`inside: tcp 10.0.0.5:1 > 10.0.0.6:2 => box`,
			runtime.Packet{Proto: 6, Src: ip("10.0.0.5"), Dst: ip("10.0.0.6"), SrcPort: 1, DstPort: 2, Flags: runtime.SYN}},
		{`inside: tcp 10.0.0.5:1 > 10.0.0.6:2 flags psh+ack data "a # \"b\"\r\n" ttl 3 => box # comment`,
			runtime.Packet{Proto: 6, Src: ip("10.0.0.5"), Dst: ip("10.0.0.6"), SrcPort: 1, DstPort: 2, Flags: runtime.PSH | runtime.ACK,
				Payload: []byte("a # \"b\"\r\n"), TTL: 3}},
		{`inside: icmp 10.0.0.5 > 10.0.0.6 type 3 code 4 about (udp 10.0.0.6:7 > 10.0.0.5:8) => drop`,
			runtime.Packet{Proto: 1, Src: ip("10.0.0.5"), Dst: ip("10.0.0.6"), ICMPType: 3, ICMPCode: 4, ICMPID: 1,
				About: &runtime.Packet{Proto: 17, Src: ip("10.0.0.6"), Dst: ip("10.0.0.5"), SrcPort: 7, DstPort: 8}}},
		{`inside: udp 10.0.0.5:1 > 10.0.0.6:53 len 600 dns query a.b id 258 frag 24 more option timestamp => held`,
			runtime.Packet{Proto: 17, Src: ip("10.0.0.5"), Dst: ip("10.0.0.6"), SrcPort: 1, DstPort: 53, Length: 600,
				Payload:  []byte("\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x01b\x00\x00\x01\x00\x01"),
				Fragment: true, FragOffset: 24, More: true, Option: runtime.Timestamp}},
		{`inside: 89 10.0.0.5 > 10.0.0.6 => box`, runtime.Packet{Proto: 89, Src: ip("10.0.0.5"), Dst: ip("10.0.0.6")}},
	}
	for _, x := range tests {
		if d := cmp.Diff(x.want, parseOne(t, x.line).Packet); d != "" {
			t.Errorf("%s\n(-want +got):\n%s", x.line, d)
		}
	}
}

func TestWants(t *testing.T) {
	any := End{AnyIP: true}
	tests := []struct {
		result string
		want   Want
	}{
		{"drop", Want{Action: runtime.Drop}},
		{"drop 106011|106023 rst", Want{Action: runtime.Drop, IDs: []int{106011, 106023}, Reset: true}},
		{"outside: *:1024-65535 > *", Want{Action: runtime.Forward, If: "outside", Src: End{AnyIP: true, Ports: true, Lo: 1024, Hi: 65535}, Dst: any}},
		{"out[10.0.0.1]: 10.0.0.5:* > * flags none", Want{Action: runtime.Encrypt, If: "out", Peer: ast.MustIP("10.0.0.1"),
			Src: End{IP: ast.MustIP("10.0.0.5"), Ports: true, Hi: 65535}, Dst: any}},
		{`inside: * > * type 0 data "x"`, Want{Action: runtime.Forward, If: "inside", Src: any, Dst: any, Data: []byte("x")}},
		{"inside: * > * dns answer a.b 10.0.0.1", Want{Action: runtime.Forward, If: "inside", Src: any, Dst: any, DNSName: "a.b", DNSAddr: ast.MustIP("10.0.0.1")}},
	}
	for _, x := range tests {
		got := parseOne(t, "inside: tcp 10.0.0.5:1 > 10.0.0.6:2 => "+x.result+" log 302013,305009")
		if d := cmp.Diff([]int{302013, 305009}, got.IDs); d != "" {
			t.Error(d)
		}
		x.want.Text = x.result
		if !strings.Contains(x.result, "type") {
			x.want.Type = -1
		}
		if !strings.Contains(x.result, "flags") {
			x.want.Flags = -1
		}
		if d := cmp.Diff(x.want, got.Want); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.result, d)
		}
	}
}

func TestErrorsHaveTheirLine(t *testing.T) {
	tests := []struct{ line, want string }{
		{"frobnicate", `f:5:1: unknown statement "frobnicate"`},
		{"wait soon", `f:5:6: "soon" is no duration like 3h0m1s`},
		{"wait -1s", `f:5:6: "-1s" is no duration like 3h0m1s`},
		{"count sheep 3", `f:5:7: unknown table "sheep": conn, xlate or uauth`},
		{"login inside 10.0.0.1", `f:5:1: usage: login IF ADDR USER [acl NAME]`},
		{"logged 302014", `f:5:1: logged stands after the statement that it is about`},
		{"in: tcp 10.0.0.1 > 10.0.0.2:1 => box", `f:5:9: "10.0.0.1": tcp and udp have a port`},
		{"in: icmp 10.0.0.1 > 10.0.0.2:1 => box", `f:5:21: "10.0.0.2:1": only tcp and udp have ports`},
		{"in: tcp 10.0.0.1:1 > 10.0.0.2:1 box", `f:5:33: => RESULT expected, not "box"`},
		{"in: tcp 10.0.0.1:1 > 10.0.0.2:1 =>", `f:5:35: a result is missing`},
		{"in: tcp 10.0.0.1:1 > 10.0.0.2:1 => drop 1", `f:5:41: "1" is no message id of six digits`},
		{"in: tcp 10.0.0.1:1 > 10.0.0.2:1 flags fun => box", `f:5:39: unknown TCP flag "fun"`},
		{"in: tcp 10.0.0.1:1 > 10.0.0.2:1 frag 3 => box", `f:5:38: fragments begin at multiples of 8`},
		{`in: tcp 10.0.0.1:1 > 10.0.0.2:1 data "x => box`, `f:5:38: bad quoted text at "\"x => box"`},
		{"in[10.0.0.1: tcp 10.0.0.1:1 > 10.0.0.2:1 => box", `f:5:1: "in[10.0.0.1": ] is missing`},
		{"case a\ncase a", `f:6:6: second case a, the first is at line 5`},
	}
	for _, x := range tests {
		_, err := Parse("f", []byte(frame+x.line+"\n"))
		if err == nil || err.Error() != x.want {
			t.Errorf("%s\n got %v\nwant %s", x.line, err, x.want)
		}
	}
	if _, err := Parse("f", []byte("nothing\n")); err == nil || !strings.Contains(err.Error(), "no file scenario") {
		t.Errorf("got %v", err)
	}
}

func TestDNSRoundTrip(t *testing.T) {
	addr := ast.MustIP("192.0.2.80")
	b, err := DNSMessage("www.example.com", &addr, 7)
	if err != nil {
		t.Fatal(err)
	}
	if name, got, ok := dnsAnswer(b); !ok || name != "www.example.com" || got != addr {
		t.Errorf("got %s %v %v", name, got, ok)
	}
	for i := range b {
		dnsAnswer(b[:i]) // must not panic
	}
	if _, err = DNSMessage("a..b", nil, 1); err == nil {
		t.Error("an empty label was accepted")
	}
}

func FuzzScenario(f *testing.F) {
	f.Add([]byte(frame + "case a b\nwait 1s\nin[10.0.0.1]: tcp 10.0.0.1:1 > 10.0.0.2:1 flags ack => out: *:1-2 > * about (icmp 1.2.3.4 > 1.2.3.4) log 302013\n"))
	f.Add([]byte(frame + "do! no x\nlogged 111111\nsa a 1.1.1.1 0/0 2.2.2.2/32\nclient a 1.1.1.1 b c 1.1.1.2\n"))
	f.Add([]byte("-- pix.cfg --\n-- scenario --\nin: udp 1.1.1.1:1 > 1.1.1.2:53 dns answer a.b 1.1.1.1 id 1 => drop 106011|106023 rst\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse("f", data)
		if a == nil {
			t.Fatal("no archive")
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("an error without its place: %v", err)
		}
		last := 0
		for i := range a.Cases {
			for j := range a.Cases[i].Statements {
				if s := &a.Cases[i].Statements[j]; s.Line <= last || s.Text == "" {
					t.Errorf("statement %q at line %d after %d", s.Text, s.Line, last)
				} else {
					last = s.Line
				}
			}
		}
	})
}
