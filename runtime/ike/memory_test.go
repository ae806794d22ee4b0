package ike

import (
	"fmt"
	goruntime "runtime"
	"testing"
)

// mostPerClient bounds the memory that a connected client takes here, with its IKE SA, its pair and its lease: a thousand of them have
// 60 MB in all, the program and the data plane included.
const mostPerClient = 12 << 10

// The heap that connected clients hold is bounded, and all of it comes back when they have gone.
func TestMemoryOfClients(t *testing.T) {
	const n = 200
	w, b := clientWorld(t, "ip local pool many 10.60.0.1-10.60.3.254\nvpngroup vpn3000 address-pool many\n", Options{})
	connect := func(i int) *vpnClient {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 2+i))
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if c.pairs != 1 {
			t.Fatalf("client %d: %v", i, c.got)
		}
		delete(w.others, c.at.Addr())
		b.sent, b.logs, b.order = nil, nil, nil
		clear(b.live)
		clear(b.clients)
		return c
	}
	held := func() uint64 {
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	connect(0) // what is made once is made
	before := held()
	for i := range n {
		connect(1 + i)
	}
	after := held()
	if per := (int64(after) - int64(before)) / n; per > mostPerClient {
		t.Errorf("%d octets a client, at most %d", per, mostPerClient)
	} else {
		t.Logf("%d octets a client", per)
	}
	if len(b.SAs()) != n+1 || len(b.Pairs()) != n+1 {
		t.Errorf("%d SAs, %d pairs", len(b.SAs()), len(b.Pairs()))
	}
	b.ClearIKE(0)
	m := b.Machine
	if left := len(m.sas) + len(m.byID) + len(m.peers) + len(m.pairs) + len(m.spis) + len(m.outs) + len(m.clients.leases) + len(m.timers) + len(m.first); left != 0 {
		t.Errorf("%d entries are left in the tables", left)
	}
	goruntime.KeepAlive(b)
}
