package kernel

import (
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

func fragmentsPlan(limits ...compiler.Fragment) *compiler.Plan {
	return &compiler.Plan{Interfaces: make([]compiler.Interface, len(limits)), Fragment: limits}
}

// Fragments meet the limits of their interface, each with its message; what is refused stays refused until its time is over.
func TestFragmentLimits(t *testing.T) {
	var f fragments
	f.use(fragmentsPlan(compiler.Fragment{Size: 4, Chain: 3, Timeout: 5 * time.Second}, compiler.Fragment{Size: 200, Chain: 1, Timeout: 5 * time.Second}),
		map[int]int{10: 0, 11: 1})
	now := time.Unix(1000, 0)
	send := func(dev int, id uint16, from, to int, more bool, want int) {
		t.Helper()
		q := queued{indev: dev, ok: true, octets: to - from, packet: runtime.Packet{Proto: ast.ProtoUDP, Src: 0x0a000001, Dst: 0x0a000002, SrcPort: 5, DstPort: 6, ID: id, Fragment: true, FragOffset: from, More: more}}
		pass, log := f.take(&q, now)
		got := 0
		if len(log) > 0 {
			got = log[0].ID
		} else if !pass {
			got = -1
		}
		if got != want {
			t.Errorf("fragment %d-%d of %d: %d %v, want %d", from, to, id, got, log, want)
		}
	}
	send(10, 1, 0, 8, true, 0)
	send(10, 1, 0, 8, true, -1) // sent twice
	send(10, 1, 8, 12, false, 0)
	if f.ifs[0].waiting != 0 || len(f.ifs[0].sets) != 0 {
		t.Errorf("a whole datagram waits: %+v", f.ifs[0])
	}
	send(10, 2, 0, 16, true, 0)
	send(10, 2, 8, 24, true, 106020)
	send(10, 2, 16, 24, false, -1)
	send(10, 3, 0, 8, true, 0)
	send(10, 3, 8, 16, true, 0)
	send(10, 3, 16, 24, true, 0)
	send(10, 3, 24, 32, true, 209005)
	send(10, 3, 32, 40, false, -1)
	send(10, 4, 65528, 65544, false, 209004)
	for id := range uint16(4) {
		send(10, 10+id, 0, 8, true, 0)
	}
	send(10, 20, 0, 8, true, 209003)
	now = now.Add(5 * time.Second)
	send(10, 20, 0, 8, true, 0)
	send(10, 2, 0, 8, true, 0)
	if f.ifs[0].waiting != 2 {
		t.Errorf("%d fragments are counted", f.ifs[0].waiting)
	}
	send(11, 1, 0, 8, true, 209005) // chain 1: no fragments at all
	send(12, 1, 0, 8, true, -1)     // no interface
}

// Whatever fragments come, what waits is counted and bounded.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 1, 1, 1, 0, 2, 0, 9, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var f fragments
		limits := compiler.Fragment{Size: 6, Chain: 3, Timeout: 5 * time.Second}
		f.use(fragmentsPlan(limits), map[int]int{1: 0})
		now := time.Unix(1000, 0)
		for ; len(b) >= 4; b = b[4:] {
			now = now.Add(time.Duration(b[3]>>4) * time.Second)
			q := queued{indev: 1, ok: true, octets: int(b[2]) * 300, packet: runtime.Packet{Proto: b[0] % 3, ID: uint16(b[0] >> 2), Fragment: true,
				FragOffset: int(b[1]) * 8, More: b[3]&1 != 0}}
			f.take(&q, now)
			of, parts := &f.ifs[0], 0
			for _, s := range of.sets {
				parts += len(s.parts)
				if len(s.parts) > limits.Chain {
					t.Fatalf("%d parts", len(s.parts))
				}
			}
			if parts != of.waiting || parts > limits.Size || len(of.sets) > 4*limits.Size || len(of.order) > 4*limits.Size+65 {
				t.Fatalf("%d parts, %d waiting, %d sets, %d in order", parts, of.waiting, len(of.sets), len(of.order))
			}
		}
	})
}
