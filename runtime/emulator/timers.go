package emulator

import (
	"container/heap"
	"time"
)

const never time.Duration = 1<<63 - 1

// An alarm is when something may have ended. It is lazy: use of a connection does not touch its alarm, which looks again when
// it fires. So deadlines may only move earlier through arm.
type alarm struct {
	at  time.Duration
	seq uint64
	pos int // in the heap, from 1; 0: not in it
	who mortal
}

// A mortal has an end.
type mortal interface {
	deadline(e *Engine) time.Duration // never: does not end by itself
	end(e *Engine)                    // e.now is the deadline
}

// alarmHeap is ordered by time, then by age, so that what ends at the same time ends in the order of creation.
type alarmHeap []*alarm

func (h alarmHeap) Len() int { return len(h) }
func (h alarmHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i+1, j+1
}

// Push and Pop are for container/heap.
func (h *alarmHeap) Push(x any) {
	a := x.(*alarm)
	*h = append(*h, a)
	a.pos = len(*h)
}

// Pop removes the last.
func (h *alarmHeap) Pop() any {
	old := *h
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	a.pos = 0
	return a
}

// arm sets the alarm of who to its deadline as of now.
func (e *Engine) arm(a *alarm, who mortal) {
	a.who = who
	if a.seq == 0 {
		e.nextAlarm++
		a.seq = e.nextAlarm
	}
	at := who.deadline(e)
	switch {
	case at == never:
		e.disarm(a)
	case a.pos == 0:
		a.at = at
		heap.Push(&e.alarms, a)
	case at < a.at:
		a.at = at
		heap.Fix(&e.alarms, a.pos-1)
	}
}

func (e *Engine) disarm(a *alarm) {
	if a.pos > 0 {
		heap.Remove(&e.alarms, a.pos-1)
	}
}

// fire ends all that is due up to now, each at its own time: a translation's idle time starts when its last connection ended,
// not when somebody looked.
func (e *Engine) fire(now time.Duration) {
	for len(e.alarms) > 0 && e.alarms[0].at <= now {
		a := e.alarms[0]
		d := a.who.deadline(e)
		switch {
		case d == never:
			e.disarm(a)
		case d > a.at:
			a.at = d
			heap.Fix(&e.alarms, 0)
		default:
			e.now = a.at
			e.disarm(a)
			a.who.end(e)
		}
	}
}
