package emulator

import (
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// A call of PPTP ends with its control connection; what has gone both ways is told.
func TestCallEnds(t *testing.T) {
	l := newLab(t, strings.Replace(base, "global (outside) 1 203.0.113.10-", "fixup protocol pptp 1723\nglobal (outside) 1 203.0.113.10-", 1))
	const to, back = "10.0.0.5:2001", "198.51.100.7:1723"
	v := l.send("inside", tcp(to, back, syn))
	mapped := v.Out.Src.String() + ":2001"
	l.send("outside", tcp(back, mapped, synack))
	l.send("inside", tcp(to, back, ack))
	control := func(in string, p runtime.Packet, payload string) {
		p.Payload = []byte(payload)
		l.send(in, p)
	}
	for _, id := range []string{"\x05", "\x06"} {
		control("inside", tcp(to, back, ack), "\x00\x14\x00\x01\x1a\x2b\x3c\x4d\x00\x07\x00\x00\x00"+id+"\x00\x00\x00\x00\x00\x00")
		control("outside", tcp(back, mapped, ack), "\x00\x14\x00\x01\x1a\x2b\x3c\x4d\x00\x08\x00\x00\x00"+string(rune(id[0]+90))+"\x00"+id+"\x01\x00\x00\x00")
	}
	gre := func(in, src, dst, id string, n int) {
		p := runtime.Packet{Proto: ast.ProtoGRE, Src: ast.MustIP(src), Dst: ast.MustIP(dst), Payload: []byte("\x20\x01\x88\x0b\x00\x00\x00" + id + strings.Repeat("x", n))}
		if v := l.send(in, p); v.Action != runtime.Forward {
			t.Errorf("GRE of call %q: %v", id, v.Action)
		}
	}
	host, _, _ := strings.Cut(mapped, ":")
	gre("inside", "10.0.0.5", "198.51.100.7", "\x5f", 92)
	gre("outside", "198.51.100.7", host, "\x05", 192)
	l.wait(61 * time.Second)
	l.seen = nil
	l.send("inside", tcp(to, back, runtime.RST))
	var got []string
	for _, m := range l.seen {
		if m.ID == 302018 {
			got = append(got, m.Text)
		}
	}
	want := []string{
		"Teardown GRE connection 95 from outside:198.51.100.7/95 (198.51.100.7/95) to inside:10.0.0.5/5 (" + host + "/5) duration 0:01:01 bytes 300",
		"Teardown GRE connection 96 from outside:198.51.100.7/96 (198.51.100.7/96) to inside:10.0.0.5/6 (" + host + "/6) duration 0:01:01 bytes 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
