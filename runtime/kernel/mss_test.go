package kernel_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// Both sides of a connection hear of the segment size that `sysopt connection tcpmss` says: lowered, and raised by minimum. The SYN has its
// checksum before the rules change it, and the server answers to a right one only.
func TestTCPMSS(t *testing.T) {
	for _, c := range []struct {
		name, lines, before   string // before: options before the size
		asked, server, client uint16 // what the client asks for, what the server hears of that, and what the client hears of the server's
	}{
		{"lowered", "sysopt connection tcpmss 1000\n", "", 1460, 1000, 1000},
		{"lowered behind a NOP", "sysopt connection tcpmss 1000\n", "\x01", 1460, 1000, 1000},
		{"lowered behind two", "sysopt connection tcpmss 1000\n", "\x01\x01", 1460, 1000, 1000},
		{"lowered behind others", "sysopt connection tcpmss 1000\n", "\x04\x02\x01\x03\x03\x07", 1460, 1000, 1000},
		{"lowered behind a scale", "sysopt connection tcpmss 1000\n", "\x03\x03\x07", 1460, 1000, 1000},
		{"raised", "sysopt connection tcpmss 1000\nsysopt connection tcpmss minimum 1200\n", "", 700, 1200, 1200},
		{"raised behind a NOP", "sysopt connection tcpmss minimum 1200\n", "\x01", 700, 1200, 1380},
		{"raised behind two", "sysopt connection tcpmss minimum 1200\n", "\x01\x01", 700, 1200, 1380},
		{"raised behind others", "sysopt connection tcpmss minimum 1200\n", "\x04\x02\x01\x03\x03\x07", 700, 1200, 1380},
		{"raised behind a scale", "sysopt connection tcpmss minimum 1200\n", "\x03\x03\x07", 700, 1200, 1380},
		{"raised to an odd one", "sysopt connection tcpmss 1001\nsysopt connection tcpmss minimum 1201\n", "", 701, 1201, 1201},
		{"left", "sysopt connection tcpmss 0\nsysopt connection tcpmss minimum 900\n", "", 1000, 1000, 1460},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := loadPlan(t, "web.cfg", func(s string) string { return s + c.lines })
			l := newLab(t, plan)
			if err := l.Serve(server, 80); err != nil {
				t.Fatal(err)
			}
			outside, err := l.Wire(plan.IfByName("outside"), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			defer outside.Close()
			inside, err := l.Wire(plan.IfByName("inside"), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			defer inside.Close()
			syn, err := (&runtime.Packet{Proto: ast.ProtoTCP, Src: lab.Internet, Dst: global, SrcPort: 4000, DstPort: 80, Flags: runtime.SYN, Seq: 1000, Window: 8192, TTL: 64,
				TCPOptions: padded(c.before + string([]byte{2, 4, byte(c.asked >> 8), byte(c.asked)}))}).Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := outside.Send(syn); err != nil {
				t.Fatal(err)
			}
			// size is what a SYN of the wire asks for.
			size := func(w *lab.Wire, dst ast.IP, flags runtime.TCPFlags) uint16 {
				t.Helper()
				buf := make([]byte, 2048)
				for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
					n, err := w.Receive(buf, time.Second)
					if err != nil {
						t.Fatal(err)
					}
					p, err := runtime.ParsePacket(buf[:n])
					if n > 0 && err == nil && p.Proto == ast.ProtoTCP && p.Dst == dst && p.Flags == flags {
						if at := bytes.Index(p.TCPOptions, []byte{2, 4}); at >= 0 {
							return binary.BigEndian.Uint16(p.TCPOptions[at+2:])
						}
					}
				}
				t.Errorf("no segment with %v to %v", flags, dst)
				return 0
			}
			if n := size(inside, server, runtime.SYN); n != c.server {
				t.Errorf("the server hears of %d, want %d", n, c.server)
			}
			if n := size(outside, lab.Internet, runtime.SYN|runtime.ACK); n != c.client {
				t.Errorf("the client hears of %d, want %d", n, c.client)
			}
		})
	}
}

// padded are options up to the end of a word.
func padded(options string) []byte {
	return append([]byte(options), make([]byte, -len(options)&3)...)
}
