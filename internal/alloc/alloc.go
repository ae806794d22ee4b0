// Package alloc measures what a piece of work takes from the heap, for tests that hold hostile input to a bounded cost.
//
//	if n := alloc.Bytes(func() { parse(text) }); n > 1<<20+1000*uint64(len(text)) { ... }
package alloc

import "runtime/metrics"

// Bytes is how many octets f allocates, those of other goroutines included that run meanwhile. What a processor has set aside
// for small objects is not counted before it is used up, so that the figure is right to some ten kilobytes.
func Bytes(f func()) uint64 {
	before := allocated()
	f()
	return allocated() - before
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
