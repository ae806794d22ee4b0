package emulator

import (
	"math/rand/v2"
	"testing"
)

// The table does what a map does, through growth and all removals.
func TestFlowTable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	table, model := newFlowTable(), map[flowKey]*conn{}
	var live []*conn
	key := func() flowKey { return flowAt(r.IntN(3), 6, 0, 1, uint16(r.IntN(90)), uint16(r.IntN(90))) }
	for step := range 200000 {
		k := key()
		c, dir := table.find(&k)
		if c != model[k] || c != nil && c.key[dir] != k {
			t.Fatalf("step %d: %v is %p, not %p", step, k, c, model[k])
		}
		if back := key(); c == nil && model[back] == nil && back != k && len(live) < 3000 {
			c = &conn{key: [2]flowKey{k, back}}
			table.add(c)
			model[k], model[back] = c, c
			live = append(live, c)
		} else if len(live) > 0 {
			i := r.IntN(len(live))
			c = live[i]
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
			table.remove(c)
			delete(model, c.key[0])
			delete(model, c.key[1])
		}
	}
	n := 0
	for c := range table.all {
		if model[c.key[0]] != c {
			t.Errorf("%v is left over", c.key)
		}
		n++
	}
	if n != len(live) || table.count != len(model) || n == 0 {
		t.Errorf("%d connections, %d keys; want %d and %d", n, table.count, len(live), len(model))
	}
}
