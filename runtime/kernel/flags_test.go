package kernel_test

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/kernel/lab"
)

// Options as hosts send them: with a SYN, and with what follows.
var (
	oldOptions  = [2][]byte{{2, 4, 5, 180}, nil}
	plainSYN    = [2][]byte{{2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2}, nil}
	stampedSYN  = [2][]byte{{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}, {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1}}
	paddedStamp = [2][]byte{{2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 4, 2, 0, 0}, {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1}}
)

// A segment is one of the side that has begun, or an answer.
type segment struct {
	answer bool
	flags  runtime.TCPFlags
	octets int
	want   string // of show conn, as the other side of the firewall has begun; empty: there is no connection
}

// The flags of connections are those of the emulator, from the first SYN to the last FIN, whoever begins, sends and closes, and whatever
// options there are.
func TestConnFlags(t *testing.T) {
	const syn, ack, fin = runtime.SYN, runtime.ACK, runtime.FIN
	open := []segment{{false, syn, 0, "saA"}, {true, syn | ack, 0, "A"}, {false, ack, 0, "U"}}
	inward := []segment{{false, syn, 0, "SaAB"}, {true, syn | ack, 0, "aB"}, {false, ack, 0, "UB"}}
	stories := map[string]struct {
		inbound bool
		list    []segment
	}{
		"nothing is sent": {false, append(open[:3:3], segment{true, fin | ack, 0, "UF"}, segment{false, ack, 0, "UFr"}, segment{false, fin | ack, 0, "UfFr"},
			segment{true, ack, 0, ""})},
		"the client asks": {false, append(open[:3:3], segment{false, ack, 100, "UO"}, segment{true, ack, 0, "UO"}, segment{true, ack, 1000, "UIO"},
			segment{false, fin | ack, 0, "UfIO"}, segment{true, ack, 0, "UfRIO"}, segment{true, fin | ack, 0, "UfFRIO"}, segment{false, ack, 0, ""})},
		"the server greets": {false, append(open[:3:3], segment{true, ack, 20, "UI"}, segment{false, ack, 0, "UI"}, segment{false, fin | ack, 0, "UfI"},
			segment{true, fin | ack, 0, "UfFRI"}, segment{false, ack, 0, ""})},
		"a key is typed": {false, append(open[:3:3], segment{false, ack, 9, "UO"}, segment{true, ack, 9, "UIO"})},
		"from outside": {true, append(inward[:3:3], segment{false, ack, 100, "UIB"}, segment{true, ack, 100, "UIOB"}, segment{true, fin | ack, 0, "UfIOB"},
			segment{false, ack, 0, "UfRIOB"}, segment{false, fin | ack, 0, "UfFRIOB"}, segment{true, ack, 0, ""})},
	}
	plan := textPlan(t, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)+"access-list out permit tcp any any\n")
	w := newWire(t, plan)
	e := emulator.New(runtime.WallClock{})
	if _, err := e.Apply(plan); err != nil {
		t.Fatal(err)
	}
	inside, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	port := uint16(3000)
	for name, story := range stories {
		for kind, options := range map[string][2][]byte{"none": {}, "old": oldOptions, "plain": plainSYN, "stamped": stampedSYN, "padded": paddedStamp} {
			port++
			for n, s := range story.list {
				p := runtime.Packet{Proto: ast.ProtoTCP, Src: inside, Dst: lab.Internet, SrcPort: port, DstPort: 80, Flags: s.flags, Payload: make([]byte, s.octets),
					TCPOptions: options[1]}
				if s.flags&syn != 0 {
					p.TCPOptions = options[0]
				}
				in := insideIf
				if story.inbound != s.answer { // it comes from outside
					in, p.Src, p.Dst = outsideIf, lab.Internet, global
				}
				if s.answer {
					p.SrcPort, p.DstPort = 80, port
				}
				for which, engine := range map[string]runtime.Injector{"emulator": e, "kernel": w} {
					if v, err := engine.Inject(runtime.Ingress{If: in}, p); err != nil || v.Action != runtime.Forward {
						t.Fatalf("%s, options %s, segment %d, %s: %v %s %v %v", name, kind, n, which, v.Action, v.Reason, v.Logs, err)
					}
					got := ""
					for _, c := range engine.Conns().Conns {
						if c.LocalPort == port || c.ForeignPort == port {
							got = c.Flags
						}
					}
					if got != s.want {
						t.Errorf("%s, options %s, segment %d, %s: flags %q, want %q", name, kind, n, which, got, s.want)
					}
				}
			}
		}
	}
}

// A conversation with a name server is told from others.
func TestConnFlagsDNS(t *testing.T) {
	w := newWire(t, textPlan(t, pool))
	for port, want := range map[uint16]string{53: "D", 123: ""} {
		p := runtime.Packet{Proto: ast.ProtoUDP, Src: ast.MustIP("10.0.0.80"), Dst: lab.Internet, SrcPort: 4000, DstPort: port, Payload: []byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01")}
		if v, err := w.Inject(runtime.Ingress{If: insideIf}, p); err != nil || v.Action != runtime.Forward {
			t.Fatalf("%v %v %v", v.Action, v.Logs, err)
		}
		found := false
		for _, c := range w.Conns().Conns {
			if c.ForeignPort == port {
				if found = true; c.Flags != want {
					t.Errorf("port %d: flags %q", port, c.Flags)
				}
			}
		}
		if !found {
			t.Errorf("port %d: no connection", port)
		}
	}
}
