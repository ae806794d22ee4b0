package inspect

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// A host notes what it is asked for.
type host struct {
	doors []Door
	said  []runtime.Message
	seen  uint16 // the port that doors are known by; 0: their own
	full  bool
}

func (h *host) Open(_ *Look, d Door) (uint16, bool) {
	if h.full {
		return d.Port, false
	}
	h.doors = append(h.doors, d)
	if h.seen != 0 {
		return h.seen, true
	}
	return d.Port, true
}
func (h *host) Say(m runtime.Message) { h.said = append(h.said, m) }
func (h *host) Note(string)           {}

var (
	client = Side{If: "inside", Src: ast.MustIP("10.0.0.5"), SrcPort: 2001, Dst: ast.MustIP("198.51.100.7"), DstPort: 25}
	server = Side{If: "outside", Src: ast.MustIP("198.51.100.7"), SrcPort: 25, Dst: ast.MustIP("203.0.113.10"), DstPort: 2001}
)

// look is what one side says in a connection from inside to outside, of which the client's address is translated.
func look(kind Kind, s *State, dir int, payload string) *Look {
	l := &Look{Kind: kind, State: s, Dir: dir, Here: client, There: server, Higher: dir == 0, First: true, Payload: []byte(payload)}
	if dir == 1 {
		l.Here, l.There = server, client
	}
	return l
}

func (l *Look) leaves() string {
	if l.Out != nil {
		return string(l.Out)
	}
	return string(l.Payload)
}

// A mail session, by lines of client (C) and server (S): what they say, and what reaches the other.
const session = `S|220 mail ESMTP 2.0|220 ***********2*0
C|EHLO me|XXXX me
S|500 what|500 what
C|helo me|helo me
C|VRFY root|XXXX root
C|MAIL FROM:<|a>>x>|MAIL FROM:< a  x>
C|RCPT TO:<b>|RCPT TO:<b>
C|HELP me|XXXX me
C|HEL|XXX
C|DATA|DATA
S|503 not yet|503 not yet
C|EXPN x|XXXX x
C|DATA|DATA
S|354-well|354-well
S|354 go|354 go
C|EXPN x|EXPN x
C|..|..
C|.x|.x
C||
C|.|.
C|EXPN x|XXXX x
C|QUIT|QUIT
`

func mailLines() (lines [][3]string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(session, "\n"), "\n") {
		who, rest, _ := strings.Cut(line, "|")
		half := (len(rest) - 1) / 2 // sizes never change
		lines = append(lines, [3]string{who, rest[:half] + "\r\n", rest[half+1:] + "\r\n"})
	}
	return lines
}

func TestMailGuard(t *testing.T) {
	var s State
	var h host
	for _, x := range mailLines() {
		dir := strings.Index("CS", x[0])
		l := look(SMTP, &s, dir, x[1])
		l.Do(&h)
		if l.leaves() != x[2] {
			t.Errorf("%q became %q, not %q", x[1], l.leaves(), x[2])
		}
	}
	if len(h.said) != 3 || h.said[0].String() != "%PIX-2-108002: SMTP replaced |: out 198.51.100.7 in 10.0.0.5 data: MAIL FROM:<|a>>x>" {
		t.Errorf("%v", h.said)
	}
}

// However a session is cut into packets, the server is told no command that Mail Guard does not know, and a message is what it was.
func TestMailGuardInPieces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var s State
		var h host
		var got [2]strings.Builder
		for _, x := range mailLines() {
			dir := strings.Index("CS", x[0])
			for rest := x[1]; rest != ""; {
				n := 1 + rnd.IntN(len(rest))
				l := look(SMTP, &s, dir, rest[:n])
				l.Do(&h)
				if len(l.leaves()) != n {
					t.Fatalf("%q became %q", l.Payload, l.Out)
				}
				got[dir].WriteString(l.leaves())
				rest = rest[n:]
			}
		}
		message := "DATA\r\nEXPN x\r\n..\r\n.x\r\n\r\n.\r\n"
		if !strings.Contains(got[0].String(), message) || !strings.HasSuffix(got[0].String(), "QUIT\r\n") {
			t.Fatalf("%q", got[0].String())
		}
		rest := strings.Replace(got[0].String(), message, "", 1)
		for _, word := range []string{"EHLO", "VRFY", "EXPN", "HELP", "|"} {
			if strings.Contains(rest, word) {
				t.Fatalf("%s passes: %q", word, rest)
			}
		}
		if !strings.HasPrefix(got[1].String(), "220 ***********2*0\r\n500 what\r\n") {
			t.Fatalf("%q", got[1].String())
		}
	}
}

// A session that began unseen is taken to be in a message, which is left alone, and is guarded from then on.
func TestMailGuardJoined(t *testing.T) {
	s := Joined()
	l := look(SMTP, &s, 0, "EXPN x\r\n.\r\nEXPN x\r\n")
	l.Do(&host{})
	if l.leaves() != "EXPN x\r\n.\r\nXXXX x\r\n" {
		t.Errorf("%q", l.leaves())
	}
}

func TestAgain(t *testing.T) {
	var s State
	var h host
	for _, again := range []bool{false, true} {
		l := look(HTTP, &s, 0, "GET /a HTTP/1.0\r\n\r\n")
		l.Again = again
		l.Do(&h)
	}
	if len(h.said) != 1 || h.said[0].String() != "%PIX-5-304001: 10.0.0.5 Accessed URL 198.51.100.7:/a" {
		t.Errorf("%v", h.said)
	}
}

// Tags that a filter names become comments of the same length, from which nothing gets out.
func TestFilters(t *testing.T) {
	both := []compiler.Filter{{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 80}}, {What: "activex", Ports: compiler.PortRange{Lo: 80, Hi: 80}}}
	for _, c := range []struct{ page, want string }{
		{`<p><object classid="x">a</object><p>`, `<p><!-- classid="x" -->a<!--  --><p>`},
		{`<APPLET code=a-->b</Applet>`, `<!-- code=a   -->b<!--  -->`},
		{`<object>`, `<!-- -->`},
		{"<object\r\ndata='a'/>", "<!--\r\ndata='a'/ -->"},
		{`<objects>`, `<objects>`},
		{`<object data=a`, `<object data=a`},
		{`<<object>>`, `<<!-- -->>`},
		{`</object`, `</object`},
	} {
		var s State
		var h host
		l := look(HTTP, &s, 1, c.page)
		l.Filters(both, 80)
		l.Do(&h)
		if l.leaves() != c.want || len(c.want) != len(c.page) || (l.Out != nil) != (len(h.said) > 0) {
			t.Errorf("%q became %q, not %q: %v", c.page, l.leaves(), c.want, h.said)
		}
	}
	host5, other := ast.Net{IP: client.Src, Mask: ast.AllOnes}, ast.Net{IP: client.Src + 1, Mask: ast.AllOnes}
	for _, c := range []struct {
		f      compiler.Filter
		port   uint16
		higher bool // the server is
		want   bool
	}{
		{compiler.Filter{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 81}, Src: host5}, 81, false, true},
		{compiler.Filter{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 81}, Src: host5}, 82, false, false},
		{compiler.Filter{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 81}, Src: host5}, 80, true, false},
		{compiler.Filter{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 81}, Src: other}, 80, false, false},
		{compiler.Filter{What: "java", Ports: compiler.PortRange{Lo: 80, Hi: 81}, Dst: other}, 80, false, false},
		{compiler.Filter{What: "url", Ports: compiler.PortRange{Lo: 80, Hi: 81}}, 80, false, false},
	} {
		var s State
		l := look(HTTP, &s, 1, "")
		l.Higher = c.higher
		if l.Filters([]compiler.Filter{c.f}, c.port); l.Java != c.want || l.ActiveX {
			t.Errorf("%+v: java %v, activex %v", c, l.Java, l.ActiveX)
		}
	}
}

var fuzzed = [...]Kind{FTP, H225, H245, HTTP, MGCP, RAS, RSH, RTSP, SIP, Skinny, SMTP, SQLNet, TFTP}

// Where lengths must be kept, a redirect that would be longer opens nothing.
func TestKeeps(t *testing.T) {
	const redirect = "\x00\x2e\x00\x00\x05\x00\x00\x00\x00\x24(ADDRESS=(HOST=10.0.0.5)(PORT=3000))"
	for _, c := range []struct {
		keeps bool
		seen  string
		doors int
	}{{false, "203.0.113.10", 1}, {true, "203.0.113.10", 0}, {true, "192.0.2.", 0}, {true, "10.9.9.9", 1}} {
		var s State
		var h host
		l := look(SQLNet, &s, 1, redirect)
		l.Here, l.There, l.Keeps = client, server, c.keeps
		if ip, ok := ast.ParseIP(c.seen); ok {
			l.There.Dst = ip
		}
		if l.Do(&h); len(h.doors) != c.doors || c.keeps && l.Out != nil && len(l.Out) != len(l.Payload) {
			t.Errorf("%+v: %d doors, %q", c, len(h.doors), l.Out)
		}
	}
}

// Whatever is said: the payload is left alone, what comes of it is no longer than it by more than addresses and ports need, Mail Guard
// keeps sizes, and no more doors open than may.
func FuzzLook(f *testing.F) {
	for _, seed := range []string{"PORT 10,0,0,5,8,0\r\n", "MAIL FROM:<|a>\r\nDATA\r\n", "GET /a HTTP/1.0\r\n", "<object a--><applet></APPLET>", "\x00\x01a\x00octet\x00", "999\x00",
		"\x00\x41\x00\x00\x05\x00\x00\x00\x00\x37(HOST=10.0.0.5)(PORT=3000)", "SETUP a\r\nTransport: x;client_port=3000-3001\r\n",
		"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060\r\nContent-Length: 4\r\n\r\nc=IN IP4 10.0.0.5\r\nm=audio 3000 RTP/A\r\nm=audio 65535 R\r\n",
		"c=IN IP4 192.0.2.1\r\nm=audio 3000 RTP/A\r\nm=v 1 x\r\nm=v 2 x\r\nm=v 3 x\r\nm=v 4 x\r\nm=v 5 x\r\nm=v 6 x\r\nm=v 7 x\r\nm=v 8 x\r\nm=v 9 x\r\n",
		"\x14\x00\x00\x00\x00\x00\x00\x00\x22\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x05\xb8\x0b\x00\x00\x01\x00\x00\x00", "\x03\x00\x00\x10\x0a\x00\x00\x05\x0b\xb8"} {
		for k := range fuzzed {
			f.Add(byte(k), uint16(k*300), []byte(seed), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, k byte, seen uint16, first, second []byte) {
		kind := fuzzed[int(k&0x3f)%len(fuzzed)]
		var s State
		for i, payload := range [][]byte{first, second, first} {
			l := look(kind, &s, int(k>>6+byte(i))&1, "")
			l.Payload, l.Strict, l.Java, l.ActiveX = payload, k&0x20 != 0, true, true
			before := bytes.Clone(payload)
			h := host{seen: seen, full: seen == 1}
			l.Do(&h)
			// A door of media may be one more, for the host that the other side has named, and an address is 12 octets longer at most.
			if len(h.doors) > 2*MostDoors || !bytes.Equal(before, payload) || len(l.Out) > 3*len(payload)+64 {
				t.Fatalf("%d doors, %d octets of %d", len(h.doors), len(l.Out), len(payload))
			}
			if (kind == SMTP || kind == HTTP) && l.Out != nil && len(l.Out) != len(payload) {
				t.Fatalf("%d octets have become %d", len(payload), len(l.Out))
			}
			for _, d := range h.doors {
				if d.Dir != l.Dir && d.From == 0 {
					t.Fatalf("a door of another: %+v", d)
				}
			}
		}
	})
}
