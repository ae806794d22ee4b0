package nft

import (
	mathbits "math/bits"
	"slices"
)

// A layer is entries that share a lookup, and its buckets: ranges of values with the entries that are left there.
type layer struct {
	list    []int32
	buckets []bucket
}

type bucket struct {
	Range
	list []int32
}

// layers splits entries by the width of their ranges, where one lookup for all would copy wide ones too often. left are those
// that this dimension does not tell apart.
func (t *tree) layers(group []int32, d int, in *region) (out []layer, left []int32) {
	s := &t.sweeper
	s.begin(t, group, d, in)
	var of []uint64 // the widths of each layer
	for c := range s.ranges {
		if s.ranges[c] == 0 {
			continue
		}
		width := uint64(1) << c
		if n := len(of); n > 0 {
			if b, ok := s.sweep(of[n-1]|width, 6); ok {
				of[n-1] |= width
				out[n-1].buckets = b
				continue
			}
		}
		b, ok := s.sweep(width, 40)
		if !ok || len(b) == 1 {
			left = append(left, s.members(width)...)
			continue
		}
		of, out = append(of, width), append(out, layer{buckets: b})
	}
	for n := range out {
		out[n].list = s.members(of[n])
	}
	slices.Sort(left)
	return out, left
}

// A sweeper cuts a dimension of entries into buckets. Its memory serves again.
type sweeper struct {
	list   []int32
	width  []uint8  // of each entry: the bits of its widest range
	ranges [33]int  // of the entries of each width
	free   []bool   // nothing else is left to test
	events []uint64 // where ranges begin and end, in order: the value, the entry's index in list, and 1 for a beginning
	active bitset
}

// begin takes the entries that are cut next.
func (s *sweeper) begin(t *tree, list []int32, d int, in *region) {
	s.list, s.width, s.free, s.events, s.ranges = list, s.width[:0], s.free[:0], s.events[:0], [33]int{}
	for i, k := range list {
		widest := uint32(0)
		for _, r := range t.rules[k].cover[d] {
			widest = max(widest, r.Hi-r.Lo)
			s.events = append(s.events, uint64(r.Lo)<<31|uint64(i)<<1|1, (uint64(r.Hi)+1)<<31|uint64(i)<<1)
		}
		s.width = append(s.width, uint8(mathbits.Len32(widest)))
		s.free = append(s.free, t.free(k, in, d))
		s.ranges[mathbits.Len32(widest)] += len(t.rules[k].cover[d])
	}
	slices.Sort(s.events)
}

// members are the entries of some widths.
func (s *sweeper) members(widths uint64) (out []int32) {
	for i, k := range s.list {
		if widths>>s.width[i]&1 != 0 {
			out = append(out, k)
		}
	}
	return out
}

// sweep makes buckets of few entries each, of the entries of some widths. It gives up when there are more copies of entries than
// that many fifths of their ranges, and a few.
func (s *sweeper) sweep(widths uint64, fifths int) ([]bucket, bool) {
	limit := leafMax
	for c, n := range s.ranges {
		if widths>>c&1 != 0 {
			limit += n * fifths / 5
		}
	}
	s.active.clear(len(s.list))
	var out []bucket
	copies := 0
	var here, union []int32
	for e := 0; e < len(s.events); {
		at := s.events[e] >> 31
		for ; e < len(s.events) && s.events[e]>>31 == at; e++ {
			if i := s.events[e] & (1<<31 - 1) >> 1; widths>>s.width[i]&1 != 0 {
				s.active.set(int(i), s.events[e]&1 != 0)
			}
		}
		if e == len(s.events) {
			break
		}
		here = here[:0]
		for i := s.active.next(0); i >= 0; i = s.active.next(i + 1) {
			here = append(here, s.list[i])
			if copies+len(here) > limit {
				return nil, false
			}
			if s.free[i] {
				break
			}
		}
		r := Range{uint32(at), uint32(s.events[e]>>31 - 1)}
		if len(here) == 0 {
			continue
		}
		if n := len(out); n > 0 {
			last := &out[n-1]
			if slices.Equal(last.list, here) && last.Hi+1 == r.Lo {
				last.Hi = r.Hi
				continue
			}
			if union = join(union[:0], last.list, here); len(union) <= leafMax {
				copies += len(union) - len(last.list)
				last.list, last.Hi = append(last.list[:0], union...), r.Hi
				continue
			}
		}
		copies += len(here)
		out = append(out, bucket{r, append(make([]int32, 0, max(len(here), leafMax)), here...)})
	}
	return out, copies <= limit
}

// join is the union of two sorted lists.
func join(out, a, b []int32) []int32 {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// A bitset of two levels, in which the next bit is found without looking at each word.
type bitset struct{ words, full []uint64 }

// clear makes a bitset of n bits, none set.
func (b *bitset) clear(n int) {
	w := (n + 63) / 64
	b.words, b.full = zeros(b.words, w), zeros(b.full, (w+63)/64)
}

func zeros(b []uint64, n int) []uint64 {
	b = slices.Grow(b[:0], n)[:n]
	clear(b)
	return b
}

func (b *bitset) set(i int, on bool) {
	w := i / 64
	if on {
		b.words[w] |= 1 << (i % 64)
	} else {
		b.words[w] &^= 1 << (i % 64)
	}
	if b.words[w] != 0 {
		b.full[w/64] |= 1 << (w % 64)
	} else {
		b.full[w/64] &^= 1 << (w % 64)
	}
}

// next is the first bit that is set, from i on; -1: none.
func (b *bitset) next(i int) int {
	w := i / 64
	if w >= len(b.words) {
		return -1
	}
	if v := b.words[w] >> (i % 64); v != 0 {
		return i + mathbits.TrailingZeros64(v)
	}
	for w++; w < len(b.words); w = (w/64 + 1) * 64 {
		if v := b.full[w/64] >> (w % 64); v != 0 {
			w += mathbits.TrailingZeros64(v)
			return w*64 + mathbits.TrailingZeros64(b.words[w])
		}
	}
	return -1
}
