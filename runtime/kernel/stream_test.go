package kernel

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/inspect"
)

// A deaf host opens nothing, and hears nothing.
type deaf struct{}

func (deaf) Open(_ *inspect.Look, d inspect.Door) (uint16, bool) { return d.Port, false }
func (deaf) Say(runtime.Message)                                 {}
func (deaf) Note(string)                                         {}

// says hands a segment of the client to Mail Guard: what leaves; "": it has to come again.
func says(s *stream, state *inspect.State, seq uint32, text string) string {
	l := inspect.Look{Kind: inspect.SMTP, State: state, Payload: []byte(text)}
	if !s.take(&l, seq) {
		return ""
	}
	l.Do(deaf{})
	s.passes(seq + uint32(len(text)))
	if l.Out != nil {
		return string(l.Out)
	}
	return text
}

// A segment that comes again is judged by what was said before it, whatever has been said since; what comes too early has to come again, and
// numbers may wrap.
func TestMailGuardAgain(t *testing.T) {
	var s stream
	var state inspect.State
	at := uint32(0xfffffffc)
	for _, x := range []struct {
		seq        uint32
		text, want string
	}{
		{at, "HELO a\r\n", "HELO a\r\n"},
		{at + 16, "EXPN a\r\n", ""},
		{at + 8, "EX", "XX"},
		{at + 10, "PN root\r\n", "XX root\r\n"},
		{at + 8, "EX", "XX"},
		{at + 10, "PN root\r\n", "XX root\r\n"},
		{at + 8, "VRFY abcd\r\n", "XXXX abcd\r\n"},
		{at + 8, "NOOP abcd\r\nEXPN b\r\n", "NOOP abcd\r\nXXXX b\r\n"},
		{at + 9, "XPN root\r\n", ""},
		{at + 27, "EXPN c\r\n", "XXXX c\r\n"},
	} {
		if got := says(&s, &state, x.seq, x.text); got != x.want {
			t.Errorf("%#x %q became %q, not %q", x.seq, x.text, got, x.want)
		}
	}
}

// However many segments come again and in whatever order, the server hears no command that it must not.
func TestMailGuardReordered(t *testing.T) {
	text := bytes.Repeat([]byte("HELO a\r\nEXPN b\r\nMAIL FROM:<c>\r\nVRFY d\r\n"), 200)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var s stream
		s.begin(1000)
		var state inspect.State
		var parts [][2]int
		for at := 0; at < len(text); {
			n := min(1+rnd.IntN(20), len(text)-at)
			parts = append(parts, [2]int{at, at + n})
			at += n
		}
		heard := make([]byte, len(text))
		next, tries := 0, 0
		for ; next < len(parts) && tries < 1e6; tries++ {
			k := min(max(next-5+rnd.IntN(10), 0), len(parts)-1)
			p := parts[k]
			got := says(&s, &state, 1000+uint32(p[0]), string(text[p[0]:p[1]]))
			switch {
			case got == "" && k <= next:
				t.Fatalf("segment %d of %d has to come again, and is the next", k, next)
			case got != "" && k > next:
				t.Fatalf("segment %d is taken before %d", k, next)
			case got != "":
				copy(heard[p[0]:], got)
				if k == next {
					next++
				}
			}
		}
		if bytes.Contains(heard, []byte("EXPN")) || bytes.Contains(heard, []byte("VRFY")) || bytes.Count(heard, []byte("MAIL FROM:<c>\r\n")) != 200 {
			t.Fatalf("%q", heard)
		}
	}
}

// A packet with another payload can be read, and its checksums are right, whatever the length.
func TestWithPayload(t *testing.T) {
	for _, proto := range []uint8{ast.ProtoTCP, ast.ProtoUDP} {
		for n := range 40 {
			p := runtime.Packet{Proto: proto, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("198.51.100.7"), SrcPort: 1, DstPort: 2, Flags: runtime.ACK, Seq: 7,
				Payload: []byte("0123456789")}
			b, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			_, at, ok := payloadAt(b)
			if !ok || string(b[at:]) != "0123456789" {
				t.Fatalf("%x at %d", b, at)
			}
			p.Payload = bytes.Repeat([]byte{0xf1}, n)
			want, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if got := withPayload(b, at, p.Payload); !bytes.Equal(got, want) {
				t.Errorf("%d octets of %d:\n%x, want\n%x", n, proto, got, want)
			}
		}
	}
}

// What is no whole packet of TCP or UDP has no payload.
func TestPayloadAt(t *testing.T) {
	p := runtime.Packet{Proto: ast.ProtoTCP, Src: 1, Dst: 2, SrcPort: 1, DstPort: 2, Flags: runtime.ACK, Payload: []byte("a")}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, _, ok := payloadAt(b[:n]); ok {
			t.Errorf("%d octets of %d are a packet", n, len(b))
		}
	}
	for _, words := range []byte{0, 4, 15} {
		c := bytes.Clone(b)
		c[32] = words << 4
		if _, at, ok := payloadAt(c); ok {
			t.Errorf("a header of %d words ends at %d", words, at)
		}
	}
}
