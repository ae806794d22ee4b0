package ike

import "testing"

// BenchmarkHandshake is phase 1 in main mode and a quick mode, without sockets: both ends, and of these what the answering one has had.
func BenchmarkHandshake(b *testing.B) {
	w := newWorld(b)
	one := w.add("203.0.113.1", pixA, Options{})
	w.add("203.0.113.2", mirror(pixA), Options{})
	flow := Flow{Src: addr("10.0.0.7"), Dst: addr("192.168.50.9"), Proto: 1}
	b.ReportAllocs()
	for b.Loop() {
		w.do(one, one.Acquire(0, 0, 0, flow))
		w.run()
		if len(one.live) != 1 {
			b.Fatal("no tunnel")
		}
		w.do(one, one.ClearIKE(0))
		w.run()
		one.sent, one.removed, one.order, one.logs = nil, nil, nil, nil
	}
}
