package emulator

import (
	"hash/maphash"
	"math/bits"
)

// A flowTable finds connections by either of their keys. It is a hash table of pointers with linear probing: the keys stand in
// the connections, where they are needed next anyway. The hash has a seed of its own, so nobody outside can aim at one slot;
// nothing that can be seen depends on its order.
type flowTable struct {
	slots []flowSlot // a power of two; nil until the first connection
	count int        // keys
	seed  [2]uint64
}

type flowSlot struct {
	c    *conn
	hash uint32
	dir  uint32 // which key of c
}

func newFlowTable() flowTable {
	s := maphash.MakeSeed()
	return flowTable{seed: [2]uint64{maphash.Comparable(s, 1) | 1, maphash.Comparable(s, 2)}}
}

func (t *flowTable) hash(k *flowKey) uint32 {
	a := uint64(k.src)<<32 | uint64(k.dst)
	b := uint64(k.sport)<<48 | uint64(k.dport)<<32 | uint64(k.in)<<16 | uint64(k.proto)
	hi, lo := bits.Mul64(a^t.seed[0], b^t.seed[1])
	hi, lo = bits.Mul64(hi^lo^t.seed[0], 0x9e3779b97f4a7c15)
	return uint32(hi ^ lo)
}

// find is the connection with a key, and which of its keys that is.
func (t *flowTable) find(k *flowKey) (*conn, int) {
	if t.count == 0 {
		return nil, 0
	}
	h, mask := t.hash(k), uint32(len(t.slots)-1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.c == nil {
			return nil, 0
		}
		if s.hash == h && s.c.key[s.dir] == *k {
			return s.c, int(s.dir)
		}
	}
}

// add enters a connection under both keys, which are not in the table.
func (t *flowTable) add(c *conn) {
	if 2*(t.count+2) > len(t.slots) {
		t.grow()
	}
	for dir := range c.key {
		t.put(flowSlot{c, t.hash(&c.key[dir]), uint32(dir)})
	}
	t.count += 2
}

func (t *flowTable) put(s flowSlot) {
	mask := uint32(len(t.slots) - 1)
	i := s.hash & mask
	for t.slots[i].c != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

func (t *flowTable) grow() {
	old := t.slots
	t.slots = make([]flowSlot, max(2*len(old), 64))
	for i := range old {
		if old[i].c != nil {
			t.put(old[i])
		}
	}
}

// remove takes a connection out; what was pushed aside by its keys moves up.
func (t *flowTable) remove(c *conn) {
	mask := uint32(len(t.slots) - 1)
	for dir := range c.key {
		i := t.hash(&c.key[dir]) & mask
		for t.slots[i].c != c || t.slots[i].dir != uint32(dir) {
			i = (i + 1) & mask
		}
		for j := i; ; {
			j = (j + 1) & mask
			s := &t.slots[j]
			if s.c == nil {
				break
			}
			if home := s.hash & mask; (j-home)&mask >= (j-i)&mask {
				t.slots[i] = *s
				i = j
			}
		}
		t.slots[i] = flowSlot{}
	}
	t.count -= 2
}

// all yields each connection once, in no order.
func (t *flowTable) all(yield func(*conn) bool) {
	for i := range t.slots {
		if s := &t.slots[i]; s.c != nil && s.dir == 0 && !yield(s.c) {
			return
		}
	}
}

// clear empties the table.
func (t *flowTable) clear() {
	clear(t.slots)
	t.count = 0
}
