package ike

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

// A peer that refuses one line of an access list says so under the SA, and that is heard: the SA and its other pairs live on, on both
// sides, and the line is asked for again only after a while.
func TestRefusedQuickMode(t *testing.T) {
	const more = "access-list vpn permit ip host 10.77.0.1 host 192.168.50.9\n"
	w := newWorld(t)
	a := w.add("203.0.113.1", pixA+more, Options{})
	b := w.add("203.0.113.2", mirror(pixA), Options{})
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	tunnel(t, a, b)
	good := a.last().ID
	refused := flowAB
	refused.Src = addr("10.77.0.1")
	var copies []Datagram
	w.deliver = func(d Datagram) []Datagram {
		if d.Payload[18] == byte(xInfo) {
			copies = append(copies, d)
		}
		return []Datagram{d}
	}
	count := func() (n int) {
		for _, l := range a.logs {
			if strings.Contains(l, "702209") {
				n++
			}
		}
		return n
	}
	for range 5 {
		w.do(a, a.Acquire(0, 0, 0, refused))
		w.pass(time.Second)
	}
	if n := count(); n != 2 || len(copies) != 1 {
		t.Errorf("%d quick modes begun, %d refusals", n, len(copies))
	}
	w.pass(time.Minute)
	if len(a.SAs()) != 1 || len(b.SAs()) != 1 || a.last().ID != good || a.byID[a.SAs()[0].ID].pairs[good] == nil {
		t.Fatalf("SAs %d and %d, the good pair is %v", len(a.SAs()), len(b.SAs()), a.last().ID == good)
	}
	for _, l := range a.logs {
		if strings.Contains(l, "702205") {
			t.Error("what was refused is sent again")
		}
	}

	// The peer learns of the line. Copies of its refusal refuse nothing.
	w.do(b, b.Apply(planOf(t, mirror(pixA)+"access-list vpn permit ip host 192.168.50.9 host 10.77.0.1\n")))
	w.nat = func(d Datagram) (Datagram, bool) {
		if d.Payload[18] == byte(xQuick) && d.Local.Addr() == addr("203.0.113.2") && len(a.acquiring) > 0 {
			for _, c := range copies {
				w.do(a, a.Receive(c))
			}
		}
		return d, true
	}
	w.do(a, a.Acquire(0, 0, 0, refused))
	w.pass(time.Second)
	if len(a.live) != 2 || len(b.live) != 2 {
		t.Errorf("%d and %d pairs", len(a.live), len(b.live))
	}
}

// An SA under which nobody answers a quick mode is given up; one whose peer is heard is not.
func TestUnansweredQuickMode(t *testing.T) {
	for _, heard := range []bool{false, true} {
		w, a, b := twoBoxes(t, "isakmp identity address", "isakmp identity address\nisakmp keepalive 10 2")
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.run()
		w.do(a, a.ClearSAs(func(*runtime.SAPair) bool { return true }))
		w.run()
		w.deliver = func(d Datagram) []Datagram {
			if d.Payload[18] == byte(xQuick) || !heard {
				return nil
			}
			return []Datagram{d}
		}
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.pass(31 * time.Second)
		if (len(a.SAs()) == 1) != heard || len(a.acquiring) != 0 {
			t.Errorf("heard %v: %v", heard, a.SAs())
		}
		w.deliver = nil
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.run()
		tunnel(t, a, b)
	}
}

// As many pairs as an access list has lines are built at once, and renewed at once, without one being left out: what is done does not
// count as under way, and what is too much waits for its turn.
func TestManyQuickModes(t *testing.T) {
	const lines = 200
	text := pixA
	for i := range lines {
		text += fmt.Sprintf("access-list vpn permit ip host 10.77.0.%d 192.168.50.0 255.255.255.0\n", i+1)
	}
	w := newWorld(t)
	a := w.add("203.0.113.1", text, Options{})
	other := mirror(pixA)
	for i := range lines {
		other += fmt.Sprintf("access-list vpn permit ip 192.168.50.0 255.255.255.0 host 10.77.0.%d\n", i+1)
	}
	b := w.add("203.0.113.2", other, Options{})
	for i := range lines {
		f := flowAB
		f.Src = netip.AddrFrom4([4]byte{10, 77, 0, byte(i + 1)})
		w.do(a, a.Acquire(0, 0, 0, f))
	}
	w.pass(2 * time.Second)
	if len(a.live) != lines || len(b.live) != lines {
		t.Fatalf("%d and %d pairs", len(a.live), len(b.live))
	}
	for _, id := range slices.Clone(a.order) {
		w.do(a, a.Expire(id, false))
	}
	w.pass(2 * time.Second)
	if len(a.live) != 2*lines || len(b.live) != 2*lines || len(a.acquiring) != 0 {
		t.Errorf("renewed: %d and %d pairs, %d negotiations", len(a.live), len(b.live), len(a.acquiring))
	}
	// Nothing is kept for ever.
	for range 3 {
		for _, id := range slices.Clone(a.order) {
			w.do(a, a.Expire(id, false))
		}
		w.pass(2 * time.Second)
	}
	for _, x := range []*box{a, b} {
		for _, s := range x.byID {
			if len(s.exchanges) > maxLinger+1 {
				t.Errorf("%d exchanges are kept", len(s.exchanges))
			}
		}
	}
	w.pass(2 * time.Minute)
	for _, s := range a.byID {
		if len(s.exchanges) != 0 || len(s.lingers) != 0 || len(s.waiting) != 0 {
			t.Errorf("%d exchanges, %d done, %d waiting", len(s.exchanges), len(s.lingers), len(s.waiting))
		}
	}
}
