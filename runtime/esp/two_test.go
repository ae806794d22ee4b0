package esp

import (
	"bytes"
	"fmt"
	"testing"

	"pixfw/runtime"
)

// TestTwo protects two packets at a time, of any lengths, one of which may not fit its buffer.
func TestTwo(t *testing.T) {
	for _, suite := range suites {
		for _, mode := range []runtime.SAMode{runtime.Tunnel, runtime.Transport} {
			for _, encap := range []bool{false, true} {
				t.Run(fmt.Sprint(suite, mode, encap), func(t *testing.T) { sealedInTwos(t, suite, mode, encap) })
			}
		}
	}
}

func sealedInTwos(t *testing.T, suite [2]string, mode runtime.SAMode, encap bool) {
	hp, tp := tunnel(1, suite[0], suite[1], "", mode, encap)
	here, there := mustPair(t, hp), mustPair(t, tp)
	src, dst := "10.1.0.1", "10.2.0.2"
	if mode == runtime.Transport {
		src, dst = own.String(), other.String()
	}
	for i, sizes := range [][2]int{{100, 100}, {28, 1400}, {1400, 28}, {57, 58}, {-100, 300}, {300, -100}, {-100, -100}} {
		var d [2]departure
		var plain [2][]byte
		for k, size := range sizes {
			plain[k] = packet(src, dst, 17, max(size, -size))
			d[k] = departure{buf: roomy(plain[k]), at: headroom, size: len(plain[k]), pair: here, id: uint16(2*i + k + 1)}
			if size < 0 {
				d[k].buf = d[k].buf[:headroom+len(plain[k])] // no room behind it
			}
			d[k].s, _ = here.number()
		}
		here.sealTwo(&d[0], &d[1])
		for k, size := range sizes {
			if (d[k].err != nil) != (size < 0) {
				t.Fatalf("%v: packet %d: %v", sizes, k, d[k].err)
			}
			if size < 0 {
				continue
			}
			wire := d[k].buf[d[k].from:d[k].to]
			if encap {
				wire = wire[28:]
			}
			a, ok := arrive(there, bytes.Clone(wire), encap)
			if !ok {
				t.Fatalf("%v: packet %d: refused: %d", sizes, k, a.refusal)
			}
			head := 0
			if mode == runtime.Transport {
				head = 20 // the header is written anew
			}
			if got := a.buf[a.from:a.to]; !bytes.Equal(got[head:], plain[k][head:]) {
				t.Fatalf("%v: packet %d opens to %x, want %x", sizes, k, got, plain[k])
			}
		}
	}
}
