package emulator

import "math/bits"

// A taken is which of 65536 numbers are in use, with a summary, so that the lowest free one takes a few steps to find: the ports
// of a PAT address, or the addresses of a /16 of global pools.
type taken struct {
	words [1024]uint64
	full  [16]uint64 // bit: all of a word
	count int
}

func (t *taken) set(n uint16) {
	w := &t.words[n>>6]
	if *w&(1<<(n&63)) != 0 {
		return
	}
	*w |= 1 << (n & 63)
	t.count++
	if *w == ^uint64(0) {
		t.full[n>>12] |= 1 << (n >> 6 & 63)
	}
}

func (t *taken) clear(n uint16) {
	w := &t.words[n>>6]
	if *w&(1<<(n&63)) == 0 {
		return
	}
	*w &^= 1 << (n & 63)
	t.count--
	t.full[n>>12] &^= 1 << (n >> 6 & 63)
}

// free is the lowest number from lo to hi that is not in use.
func (t *taken) free(lo, hi uint16) (uint16, bool) {
	if t == nil {
		return lo, lo <= hi
	}
	i := int(lo >> 6)
	word := ^t.words[i] &^ (1<<(lo&63) - 1)
	for word == 0 {
		if i++; i > int(hi>>6) {
			return 0, false
		}
		open := ^t.full[i>>6] &^ (1<<(i&63) - 1)
		for open == 0 {
			if i = (i>>6 + 1) << 6; i > int(hi>>6) {
				return 0, false
			}
			open = ^t.full[i>>6]
		}
		i = i&^63 | bits.TrailingZeros64(open)
		word = ^t.words[i]
	}
	n := i<<6 | bits.TrailingZeros64(word)
	return uint16(n), n <= int(hi)
}

// lowest is the lowest number in use.
func (t *taken) lowest() (uint16, bool) {
	if t == nil || t.count == 0 {
		return 0, false
	}
	for i, w := range t.words {
		if w != 0 {
			return uint16(i<<6 + bits.TrailingZeros64(w)), true
		}
	}
	return 0, false
}

// A takenKey names a set of numbers. With proto 0 part is the upper half of addresses, else the address whose ports they are.
type takenKey struct {
	part  uint32
	in    uint16
	proto uint16
}

func (x *xlate) takenKey() (takenKey, uint16) {
	if x.proto != 0 {
		return takenKey{uint32(x.mapped), uint16(x.mappedIf), uint16(x.proto)}, x.mappedPort
	}
	return takenKey{uint32(x.mapped) >> 16, uint16(x.mappedIf), 0}, uint16(x.mapped)
}

// take and release keep the sets. Identities come from no pool.
func (t *xlateTable) take(x *xlate) {
	if x.identity {
		return
	}
	k, n := x.takenKey()
	s := t.taken[k]
	if s == nil {
		s = new(taken)
		t.taken[k] = s
	}
	s.set(n)
}

func (t *xlateTable) release(x *xlate) {
	if x.identity {
		return
	}
	k, n := x.takenKey()
	if s := t.taken[k]; s != nil {
		if s.clear(n); s.count == 0 && x.proto == 0 {
			delete(t.taken, k) // a PAT address is used again soon
		}
	}
}
