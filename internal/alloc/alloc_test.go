package alloc

import "testing"

var kept []byte

func TestBytes(t *testing.T) {
	const size = 8 << 20
	if n := Bytes(func() { kept = make([]byte, size) }); n < size || n > 2*size {
		t.Errorf("%d octets, want about %d", n, size)
	}
	if n := Bytes(func() {}); n > 1<<20 {
		t.Errorf("%d octets for nothing", n)
	}
	kept = nil
}
