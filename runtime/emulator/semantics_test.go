package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// without is the base configuration without the lines that begin so, and with more.
func without(prefix, more string) string {
	var b strings.Builder
	for line := range strings.Lines(base) {
		if !strings.HasPrefix(line, prefix) {
			b.WriteString(line)
		}
	}
	return b.String() + more
}

func TestConduits(t *testing.T) {
	l := newLab(t, without("access-group", `conduit deny tcp host 203.0.113.80 eq 80 host 198.51.100.66
conduit permit tcp host 203.0.113.80 eq 80 any
conduit permit icmp any any echo
`))
	l.expect("outside", tcp("198.51.100.7:1", "203.0.113.80:80", syn), "tcp 198.51.100.7:1 > 10.0.0.80:80 302013")
	l.expect("outside", tcp("198.51.100.66:1", "203.0.113.80:80", syn), "drop 106001")
	l.expect("outside", tcp("198.51.100.7:1", "203.0.113.80:81", syn), "drop 106001")
	l.expect("outside", udp("198.51.100.7:1", "203.0.113.80:80"), "drop 106006")
	echo := runtime.Packet{Proto: 1, Src: ast.MustIP("198.51.100.7"), Dst: ast.MustIP("203.0.113.80"), ICMPType: 8}
	l.expect("outside", echo, "icmp 198.51.100.7 > 10.0.0.80 type 8 code 0")
	echo.ICMPType = 13
	l.expect("outside", echo, "drop 106014")
	// A conduit opens nothing that has no translation.
	l.expect("dmz", tcp("172.16.0.81:1", "10.0.0.80:80", syn), "drop 106010")
}

func TestOutboundLists(t *testing.T) {
	l := newLab(t, base+`outbound 10 deny 10.0.0.0 255.255.255.0 0
outbound 10 permit 10.0.0.0 255.255.255.0 80 tcp
outbound 10 deny 10.0.0.6 255.255.255.255 80 tcp
outbound 10 except 198.51.100.8 255.255.255.255 80 tcp
outbound 20 deny 198.51.100.9 255.255.255.255 0
apply (inside) 10 outgoing_src
apply (inside) 20 outgoing_dest
`)
	for _, x := range []struct{ p, want string }{
		{"10.0.0.5:1 198.51.100.7:80", "permit"},
		{"10.0.0.5:1 198.51.100.7:81", "drop 106002"},
		{"10.0.0.6:1 198.51.100.7:80", "drop 106002"}, // longer mask
		{"10.0.0.6:1 198.51.100.8:80", "permit"},      // turned round
		{"10.0.0.5:1 198.51.100.8:80", "drop 106002"},
		{"10.0.0.5:1 198.51.100.9:80", "drop 106002"}, // the other list
	} {
		src, dst, _ := strings.Cut(x.p, " ")
		v := l.send("inside", tcp(src, dst, syn))
		got := text(v)
		if v.Action == runtime.Forward {
			got = "permit"
		}
		if got != x.want {
			t.Errorf("%s: %s, want %s", x.p, got, x.want)
		}
	}
	echo := runtime.Packet{Proto: 1, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("198.51.100.7"), ICMPType: 8}
	l.expect("inside", echo, "drop 106018")
	if got := l.seen[len(l.seen)-1].String(); got != "%PIX-2-106018: ICMP packet type 8 denied by outbound list 10 src 10.0.0.5 dest 198.51.100.7" {
		t.Error(got)
	}
}

func TestEstablished(t *testing.T) {
	l := newLab(t, base+"established tcp 6000 0 permitto tcp 1024-65535 permitfrom tcp 9\n"+
		"access-list out deny tcp any host 203.0.113.10 eq 3000 log 5\n")
	back := tcp("198.51.100.7:9", "203.0.113.10:2000", syn)
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6001", syn))
	l.expect("outside", back, "drop 106023")
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6000", syn))
	l.expect("outside", back, "tcp 198.51.100.7:9 > 10.0.0.5:2000 302013")
	back.DstPort = 3000 // an entry with log denies it by name
	l.expect("outside", back, "tcp 198.51.100.7:9 > 10.0.0.5:3000 106100 302013")
	if got := l.seen[len(l.seen)-2].Text; !strings.Contains(got, "access-list out est-allowed tcp") {
		t.Error(got)
	}
	for name, p := range map[string]runtime.Packet{
		"port":    tcp("198.51.100.7:9", "203.0.113.10:1023", syn),
		"from":    tcp("198.51.100.7:10", "203.0.113.10:2000", syn),
		"host":    tcp("198.51.100.8:9", "203.0.113.10:2000", syn),
		"proto":   udp("198.51.100.7:9", "203.0.113.10:2000"),
		"another": tcp("198.51.100.7:9", "203.0.113.80:2000", syn),
	} {
		if v := l.send("outside", p); v.Action != runtime.Drop {
			t.Errorf("%s: %s", name, text(v))
		}
	}
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6000", runtime.RST))
	back.DstPort = 2001
	l.expect("outside", back, "drop 106023") // the connection is gone
	// Not through PAT.
	l = newLab(t, without("global (outside) 1 203.0.113.10-", "established tcp 6000 0\n"))
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6000", syn))
	if v := l.send("outside", tcp("198.51.100.7:9", "203.0.113.20:1", syn)); v.Action != runtime.Drop {
		t.Error(text(v))
	}
}

func TestAlias(t *testing.T) {
	l := newLab(t, base+"alias (inside) 203.0.113.96 172.16.0.96 255.255.255.240\nglobal (dmz) 1 172.16.0.200\nalias (inside) 9.9.9.0 192.0.2.0 255.255.255.0\n")
	l.expect("inside", tcp("10.0.0.5:1", "203.0.113.98:25", syn), "tcp 172.16.0.200:1 > 172.16.0.98:25 305011 302013")
	l.expect("dmz", tcp("172.16.0.98:25", "172.16.0.200:1", synack), "tcp 203.0.113.98:25 > 10.0.0.5:1 flags syn+ack")
	l.expect("inside", tcp("10.0.0.5:1", "203.0.113.112:25", syn), "tcp 203.0.113.10:1 > 203.0.113.112:25 305009 302013")
	// Answers that come to inside name the dnat address.
	query := udp("10.0.0.5:5000", "198.51.100.7:53")
	query.Payload = []byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}
	reply := udp("198.51.100.7:53", "203.0.113.10:5000")
	reply.Payload = dnsReply(1, ast.MustIP("192.0.2.7"))
	l.send("inside", query)
	if v := l.send("outside", reply); string(v.Out.Payload) != string(dnsReply(1, ast.MustIP("9.9.9.7"))) {
		t.Errorf("%s %x", text(v), v.Out.Payload)
	}
	l.Plan().Sysopt.NoDNSAliasInbound = true
	l.send("inside", query)
	if v := l.send("outside", reply); string(v.Out.Payload) != string(reply.Payload) {
		t.Errorf("%s %x", text(v), v.Out.Payload)
	}
}

func TestNatDNS(t *testing.T) {
	l := newLab(t, strings.Replace(base, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 dns 0 0", 1))
	query := udp("10.0.0.5:5000", "198.51.100.7:53")
	query.Payload = []byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}
	l.send("inside", query)
	reply := udp("198.51.100.7:53", "203.0.113.10:5000")
	reply.Payload = dnsReply(1, ast.MustIP("203.0.113.10"))
	if v := l.send("outside", reply); string(v.Out.Payload) != string(dnsReply(1, ast.MustIP("10.0.0.5"))) {
		t.Errorf("%s %x", text(v), v.Out.Payload)
	}
}

func TestDNSNames(t *testing.T) {
	l := newLab(t, base+"fixup protocol dns maximum-length 512\n")
	message := func(name []byte) runtime.Packet {
		p := udp("10.0.0.5:5000", "198.51.100.7:53")
		p.Payload = append(append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, name...), 0, 1, 0, 1)
		return p
	}
	long := []byte(strings.Repeat("\x3f"+strings.Repeat("a", 63), 4) + "\x00")
	for name, x := range map[string]struct {
		name []byte
		want string
	}{
		"label":    {append(append([]byte{64}, make([]byte, 64)...), 0), "label length check of 63 bytes: actual length:64 bytes"},
		"name":     {long, "domainname length check of 255 bytes: actual length:256 bytes"},
		"loop":     {[]byte{0xc0, 12}, "compression length check of 255 bytes: actual length:12 bytes"},
		"forward":  {[]byte{0xc0, 13}, "compression length check of 255 bytes: actual length:13 bytes"},
		"just fit": {append(long[:192:192], 0), ""},
	} {
		v := l.send("inside", message(x.name))
		switch {
		case x.want == "" && v.Action != runtime.Forward:
			t.Errorf("%s: %s %v", name, text(v), v.Logs)
		case x.want != "" && (len(v.Logs) == 0 || v.Logs[len(v.Logs)-1].Text != "UDP DNS packet dropped due to "+x.want):
			t.Errorf("%s: %s %v", name, text(v), v.Logs)
		}
	}
}

func TestShun(t *testing.T) {
	l := newLab(t, base)
	l.connect()
	other := tcp("198.51.100.7:4000", "203.0.113.80:80", syn)
	l.send("outside", other)
	bad := runtime.Shun{Src: ast.MustIP("198.51.100.7"), Dst: ast.MustIP("203.0.113.80"), SrcPort: 4000, DstPort: 80}
	if err := l.Shun(bad); err != nil {
		t.Fatal(err)
	}
	if c := l.Conns().Conns; len(c) != 1 || c[0].LocalPort != 3000 {
		t.Errorf("the named connection should be cut, and only it: %+v", c)
	}
	l.expect("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", ack), "drop 401004")
	l.expect("outside", other, "drop 401004")
	l.expect("inside", tcp("10.0.0.5:3000", "198.51.100.7:80", ack), "tcp 203.0.113.10:3000 > 198.51.100.7:80 flags ack")
	if s := l.Shuns(); len(s) != 1 || s[0].Dropped != 2 {
		t.Errorf("%+v", s)
	}
	l.limits.Shuns = 1
	if err := l.Shun(runtime.Shun{Src: 9}); err == nil {
		t.Error("the table is full")
	}
	if err := l.NoShun(9); err == nil {
		t.Error("there is none for it")
	}
	if err := l.NoShun(bad.Src); err != nil {
		t.Error(err)
	}
	l.expect("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", ack), "tcp 198.51.100.7:80 > 10.0.0.5:3000 flags ack")
	if err := l.Shun(bad); err != nil || l.ClearShuns() != nil || len(l.Shuns()) != 0 {
		t.Error("clear shun", err)
	}
}

func TestServiceReset(t *testing.T) {
	l := newLab(t, base+"service resetinbound\nservice resetoutside\n")
	for _, x := range []struct {
		in    string
		p     runtime.Packet
		reset bool
	}{
		{"outside", tcp("198.51.100.7:1", "203.0.113.80:443", syn), true},
		{"outside", tcp("198.51.100.7:1", "203.0.113.80:443", runtime.RST), false},
		{"outside", udp("198.51.100.7:1", "203.0.113.80:443"), false},
		{"outside", tcp("198.51.100.7:1", "203.0.113.1:113", syn), true},
		{"outside", tcp("198.51.100.7:1", "203.0.113.1:22", syn), true},
		{"inside", tcp("10.0.0.5:1", "10.0.0.1:113", syn), false},
		{"outside", tcp("198.51.100.7:1", "10.0.0.80:443", syn), false}, // no static
	} {
		if v := l.send(x.in, x.p); v.Action != runtime.Drop || v.Reset != x.reset {
			t.Errorf("%s %v: %s, reset %v", x.in, &x.p, text(v), v.Reset)
		}
	}
}

// TCP intercept: the firewall answers for the server until the client has shown that it is there.
func TestIntercept(t *testing.T) {
	l := newLab(t, strings.Replace(base, "10.0.0.80 netmask 255.255.255.255 0 0", "10.0.0.80 netmask 255.255.255.255 0 1", 1))
	l.send("outside", tcp("198.51.100.7:1", "203.0.113.80:80", syn))
	second := tcp("198.51.100.7:2", "203.0.113.80:80", syn)
	second.Seq = 1000
	v := l.send("outside", second)
	if text(v) != "synproxy 201003" || v.Out.Flags != synack || v.Out.Ack != 1001 || v.Out.Dst != second.Src {
		t.Fatalf("%s %+v", text(v), v.Out)
	}
	if again := l.send("outside", second); again.Out.Seq != v.Out.Seq {
		t.Error("another cookie for the same SYN")
	}
	answer := tcp("198.51.100.7:2", "203.0.113.80:80", ack)
	answer.Seq, answer.Ack = 1001, v.Out.Seq
	l.expect("outside", answer, "drop 106015") // not the cookie
	answer.Ack++
	l.expect("outside", answer, "tcp 198.51.100.7:2 > 10.0.0.80:80 302013")
	if n := len(l.intercepts); n != 0 {
		t.Errorf("%d handshakes left", n)
	}
	data := answer
	data.Payload = []byte("GET /")
	l.expect("outside", data, "drop") // the server is not there yet
	fromServer := tcp("10.0.0.80:80", "198.51.100.7:2", synack)
	fromServer.Seq = 77
	if v = l.send("inside", fromServer); v.Action != runtime.SynProxy || v.Out.Flags != ack || v.Out.Ack != 78 || v.Out.Seq != 1001 {
		t.Errorf("%s %+v", text(v), v.Out)
	}
	l.expect("outside", data, "tcp 198.51.100.7:2 > 10.0.0.80:80 flags ack 304001")
	// What nobody answers is forgotten, and the table has an end.
	second.SrcPort = 3
	l.send("outside", second)
	l.limits.Intercepts = 1
	second.SrcPort = 4
	l.expect("outside", second, "drop 201003 211001")
	l.wait(3 * time.Minute)
	if n := len(l.intercepts); n != 0 {
		t.Errorf("%d handshakes left", n)
	}
}

// TestInspectionLine: of two lines of an inspection a trace names that of the connection's port.
func TestInspectionLine(t *testing.T) {
	l := newLab(t, base+"fixup protocol smtp 25\nfixup protocol smtp 2500-2510\naccess-list out permit tcp any any\n")
	l.SetTrace(true)
	l.send("outside", tcp("198.51.100.7:4000", "203.0.113.81:2505", syn))
	l.send("dmz", tcp("172.16.0.81:2505", "198.51.100.7:4000", synack))
	p := tcp("198.51.100.7:4000", "203.0.113.81:2505", ack|runtime.PSH)
	p.Payload = []byte("EHLO me\r\n")
	var lines []string
	for _, s := range l.send("outside", p).Phases {
		if s.Type == "INSPECT" {
			for _, x := range s.Lines {
				lines = append(lines, x.Text())
			}
		}
	}
	if got := strings.Join(lines, "; "); got != "fixup protocol smtp 2500-2510" {
		t.Errorf("the deciding lines are %q", got)
	}
}

func TestMailGuard(t *testing.T) {
	l := newLab(t, base+"fixup protocol smtp 25\n")
	l.send("outside", tcp("198.51.100.7:4000", "203.0.113.81:25", syn))
	l.send("dmz", tcp("172.16.0.81:25", "198.51.100.7:4000", synack))
	say := func(client bool, line, want string) {
		t.Helper()
		p, in := tcp("198.51.100.7:4000", "203.0.113.81:25", ack|runtime.PSH), "outside"
		if !client {
			p, in = tcp("172.16.0.81:25", "198.51.100.7:4000", ack), "dmz"
		}
		p.Payload = []byte(line)
		if v := l.send(in, p); v.Action != runtime.Forward || string(v.Out.Payload) != want {
			t.Errorf("%q became %q, not %q (%s)", line, v.Out.Payload, want, text(v))
		}
	}
	say(false, "220 mx2.example.com ESMTP 8.12.10; 2004\r\n", "220 **2**********************2**0**200*\r\n")
	say(true, "EHLO me\r\n", "XXXX me\r\n")
	say(false, "500 what?\r\n", "500 what?\r\n")
	say(true, "helo me\r\nVRFY root\r\n", "helo me\r\nXXXX root\r\n")
	say(true, "MAIL FROM:<|/bin/sh>\r\n", "MAIL FROM:< /bin/sh>\r\n")
	say(true, "RCPT TO:<a<b>c>\r\n", "RCPT TO:<a b c>\r\n")
	say(true, "DATA\r\n", "DATA\r\n")
	say(false, "503 nothing yet\r\n", "503 nothing yet\r\n")
	say(true, "EXPN is no text\r\nDATA\r\n", "XXXX is no text\r\nDATA\r\n")
	say(false, "354 go on\r\n", "354 go on\r\n")
	say(true, "EHLO is a word here\r\n<|>\r\n.\r\nEXPN x\r\n", "EHLO is a word here\r\n<|>\r\n.\r\nXXXX x\r\n")
	want := "%PIX-2-108002: SMTP replaced |: out 198.51.100.7 in 172.16.0.81 data: MAIL FROM:<|/bin/sh>"
	found := false
	for _, m := range l.seen {
		found = found || m.String() == want
	}
	if !found {
		t.Errorf("no %s in %v", want, l.seen)
	}
}

func TestSegmentSize(t *testing.T) {
	l := newLab(t, base)
	p := tcp("10.0.0.5:1", "198.51.100.7:80", syn)
	p.TCPOptions = []byte{1, 1, 2, 4, 0x05, 0xb4, 0, 0} // 1460
	v := l.send("inside", p)
	if o := v.Out.TCPOptions; o[4] != 0x05 || o[5] != 0x64 { // 1380
		t.Errorf("%x", o)
	}
	if p.TCPOptions[5] != 0xb4 {
		t.Error("the sender's octets were changed")
	}
	for _, o := range [][]byte{{2}, {2, 0, 0, 0}, {2, 4, 5}, {3, 200, 0, 0}, {1, 1, 1, 2}} {
		p.SrcPort++
		p.TCPOptions = o
		if v := l.send("inside", p); string(v.Out.TCPOptions) != string(o) {
			t.Errorf("%x became %x", o, v.Out.TCPOptions)
		}
	}
}

func TestSequenceNumbers(t *testing.T) {
	l := newLab(t, base)
	at := func(seq uint32, flags runtime.TCPFlags) runtime.Packet {
		p := tcp("10.0.0.5:3000", "198.51.100.7:80", flags)
		p.Seq = seq
		return p
	}
	start := ^uint32(0) - 10 // across the wrap
	l.send("inside", at(start, syn))
	l.send("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", synack))
	for _, x := range []struct {
		seq  uint32
		want runtime.Action
	}{{start + 1, runtime.Forward}, {5000, runtime.Forward}, {start + 1, runtime.Forward}, {1 << 30, runtime.Drop}, {1 << 31, runtime.Drop}, {0, runtime.Forward}} {
		if v := l.send("inside", at(x.seq, ack)); v.Action != x.want {
			t.Errorf("%d: %s", x.seq, text(v))
		}
	}
	if v := l.send("inside", at(1<<30, runtime.RST)); v.Action != runtime.Drop || len(l.Conns().Conns) != 1 {
		t.Error("a reset that was made up ended the connection")
	}
}

func TestFragmentLimits(t *testing.T) {
	l := newLab(t, base+"fragment size 2 outside\nfragment timeout 30 outside\nfragment chain 1 inside\n")
	part := func(host int) runtime.Packet {
		p := tcp(fmt.Sprintf("198.51.100.%d:4000", host), "203.0.113.80:80", syn)
		p.Fragment, p.More, p.Length = true, true, 4
		return p
	}
	l.expect("outside", part(1), "held")
	l.expect("outside", part(2), "held")
	l.expect("outside", part(3), "drop 209003")
	l.wait(29 * time.Second)
	l.expect("outside", part(3), "drop 209003")
	l.wait(time.Second)
	l.expect("outside", part(3), "held")
	// Another identification is another datagram.
	p := part(3)
	p.ID = 9
	l.expect("outside", p, "held")
	p = tcp("10.0.0.5:1", "198.51.100.7:80", syn)
	p.Fragment, p.More, p.Length = true, true, 4
	l.expect("inside", p, "drop 209005")
	l.expect("dmz", p, "held")
	if n := l.waiting[l.Plan().IfByName("outside")]; n != 2 {
		t.Errorf("%d fragments are counted", n)
	}
	l.wait(time.Hour)
	for i, n := range l.waiting {
		if n != 0 {
			t.Errorf("interface %d: %d fragments are counted", i, n)
		}
	}
}

func TestICMPErrorFixup(t *testing.T) {
	config := without("global (outside) 1 203.0.113.10-", "")
	hop := runtime.Packet{Proto: 1, Src: ast.MustIP("10.0.0.9"), Dst: ast.MustIP("198.51.100.7"), ICMPType: 11,
		About: &runtime.Packet{Proto: 6, Src: ast.MustIP("198.51.100.7"), Dst: ast.MustIP("10.0.0.5"), SrcPort: 80, DstPort: 3000}}
	for _, x := range []struct{ more, want string }{
		{"", "drop 305006"},
		{"fixup protocol icmp error\n", "icmp 203.0.113.20 > 198.51.100.7 type 11 code 0"},
	} {
		l := newLab(t, config+x.more)
		l.send("inside", tcp("10.0.0.5:3000", "198.51.100.7:80", syn))
		v := l.send("inside", hop)
		if text(v) != x.want {
			t.Errorf("%q: %s", x.more, text(v))
		}
		if a := v.Out.About; v.Action == runtime.Forward && (a == nil || a.Dst != ast.MustIP("203.0.113.20") || a.DstPort != 1024) {
			t.Errorf("%+v", a)
		}
	}
}

// 106101 tells of denied flows that are not counted, and not with every packet.
func TestDenyFlowLimit(t *testing.T) {
	l := newLab(t, strings.Replace(base, "access-list out permit tcp any host 203.0.113.80 eq 80\n",
		"access-list out deny udp any any log\naccess-list out permit tcp any host 203.0.113.80 eq 80\n", 1))
	l.Plan().DenyFlows = compiler.DenyFlows{Max: 2, AlertInterval: 10 * time.Second}
	for i, want := range []string{"drop 106100", "drop 106100", "drop 106100 106101", "drop 106100"} {
		l.expect("outside", udp(fmt.Sprintf("198.51.100.7:%d", 9+i), "203.0.113.80:53"), want)
	}
	l.wait(10 * time.Second)
	l.expect("outside", udp("198.51.100.7:99", "203.0.113.80:53"), "drop 106100 106101")
	l.wait(time.Hour)
	if permitted, denied := l.logged.Len(); permitted+denied != 0 {
		t.Errorf("left over: %d, %d", permitted, denied)
	}
}

func TestPools64k(t *testing.T) {
	var s taken
	for i := range 65536 {
		n, ok := s.free(0, 65535)
		if !ok || int(n) != i {
			t.Fatalf("number %d is %d, %v", i, n, ok)
		}
		s.set(n)
		s.set(n)
	}
	if _, ok := s.free(0, 65535); ok || s.count != 65536 {
		t.Error("full, but not")
	}
	for _, n := range []uint16{65535, 40000, 512, 0} {
		s.clear(n)
		if got, ok := s.free(0, 65535); !ok || got != n {
			t.Errorf("%d is free, not %d", n, got)
		}
	}
	if got, ok := s.free(513, 65535); !ok || got != 40000 {
		t.Errorf("from 513: %d", got)
	}
	if got, ok := s.free(513, 39999); ok {
		t.Errorf("from 513 to 39999: %d", got)
	}
	if got, ok := (*taken)(nil).free(7, 9); !ok || got != 7 {
		t.Errorf("of none: %d", got)
	}
}

// A flow that comes and goes leaves no garbage but its messages, and these share what they are kept in.
func TestNewFlowAllocations(t *testing.T) {
	l := newLab(t, base)
	l.SetTrace(false)
	in := runtime.Ingress{If: l.Plan().IfByName("inside")}
	l.subs = nil
	open, end := tcp("10.0.0.5:3000", "198.51.100.7:80", syn), tcp("10.0.0.5:3000", "198.51.100.7:80", runtime.RST)
	n := testing.AllocsPerRun(1000, func() {
		l.Inject(in, open)
		l.Inject(in, end)
	})
	if n > 0 {
		t.Errorf("%v allocations for the SYN and RST of a flow", n)
	}
}

// A line of established that is typed later knows the connections from before.
func TestEstablishedLater(t *testing.T) {
	l := newLab(t, base)
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6000", syn))
	l.send("inside", tcp("10.0.0.5:2", "198.51.100.7:6001", syn))
	with, back := planOf(t, base+"established tcp 6000 0\n"), tcp("198.51.100.7:9", "203.0.113.10:2000", syn)
	for i, plan := range []*compiler.Plan{with, planOf(t, base), with} {
		if _, err := l.Apply(plan); err != nil {
			t.Fatal(err)
		}
		back.DstPort++
		want := "tcp 198.51.100.7:9 > 10.0.0.5:" + itoa(uint64(back.DstPort)) + " 302013"
		if i == 1 {
			want = "drop 106023"
		}
		l.expect("outside", back, want)
	}
	l.send("inside", tcp("10.0.0.5:1", "198.51.100.7:6000", runtime.RST))
	back.DstPort++
	l.expect("outside", back, "drop 106023")
}
