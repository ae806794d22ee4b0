package ike

import (
	"container/heap"
	"time"
)

// timerKind says what happens when a timer runs out.
type timerKind uint8

const (
	timerRetry     timerKind = iota + 1 // send the last packet of phase 1 again
	timerExchange                       // send the last packet of an exchange again, or forget the exchange
	timerLife                           // the SA has lived
	timerRenew                          // it soon will have
	timerDPD                            // look whether the peer is alive
	timerKeepalive                      // one byte for the NAT
	timerPairSoft                       // negotiate a successor of a pair
	timerPairTurn                       // the successor of a pair takes over
	timerPairHard                       // the pair has lived
	timerPairWatch                      // look whether the peer of a pair without an IKE SA is alive
	timerClient                         // of the client: idle-time, max-time, patience with the user
)

// timer is one entry of the heap. It is embedded in what it is about.
type timer struct {
	at    time.Time
	order uint64 // of timers at the same moment, the one armed first runs first
	index int    // in the heap, plus 1; 0: not armed
	kind  timerKind
	sa    *sa
	x     *exchange
	pair  *pair
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i+1, j+1 }
func (h *timerHeap) Push(x any)   { t := x.(*timer); *h = append(*h, t); t.index = len(*h) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = 0
	return t
}

// arm lets t run out after d; a timer that is armed already is moved.
func (m *Machine) arm(t *timer, kind timerKind, d time.Duration) {
	m.order++
	t.kind, t.at, t.order = kind, m.now.Add(d), m.order
	if t.index > 0 {
		heap.Fix(&m.timers, t.index-1)
		return
	}
	heap.Push(&m.timers, t)
}

func (m *Machine) disarm(t *timer) {
	if t.index > 0 {
		heap.Remove(&m.timers, t.index-1)
	}
}
