package emulator

import "time"

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

// alarmHeap is ordered by time, then by age, so that what ends at the same time ends in the order of creation. Each slot has its
// time beside the pointer, and four children, so that few lines of memory are touched on the way up and down.
type alarmHeap []alarmSlot

type alarmSlot struct {
	at  time.Duration
	seq uint64
	a   *alarm
}

func (s *alarmSlot) before(o *alarmSlot) bool { return s.at < o.at || s.at == o.at && s.seq < o.seq }

func (h alarmHeap) up(i int) {
	s := h[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !s.before(&h[parent]) {
			break
		}
		h[i] = h[parent]
		h[i].a.pos = i + 1
		i = parent
	}
	h[i] = s
	s.a.pos = i + 1
}

func (h alarmHeap) down(i int) {
	s := h[i]
	for {
		first := 4*i + 1
		if first >= len(h) {
			break
		}
		least := first
		for k := first + 1; k < min(first+4, len(h)); k++ {
			if h[k].before(&h[least]) {
				least = k
			}
		}
		if !h[least].before(&s) {
			break
		}
		h[i] = h[least]
		h[i].a.pos = i + 1
		i = least
	}
	h[i] = s
	s.a.pos = i + 1
}

// move puts an alarm where its time belongs.
func (h alarmHeap) move(a *alarm, at time.Duration) {
	i := a.pos - 1
	later := at > a.at
	a.at, h[i].at = at, at
	if later {
		h.down(i)
	} else {
		h.up(i)
	}
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
		e.alarms = append(e.alarms, alarmSlot{at, a.seq, a})
		e.alarms.up(len(e.alarms) - 1)
	case at < a.at:
		e.alarms.move(a, at)
	}
}

func (e *Engine) disarm(a *alarm) {
	if a.pos == 0 {
		return
	}
	i, last := a.pos-1, len(e.alarms)-1
	a.pos = 0
	moved := e.alarms[last]
	e.alarms[last] = alarmSlot{}
	e.alarms = e.alarms[:last]
	if i == last {
		return
	}
	up := moved.before(&alarmSlot{at: a.at, seq: a.seq})
	e.alarms[i] = moved
	moved.a.pos = i + 1
	if up {
		e.alarms.up(i)
	} else {
		e.alarms.down(i)
	}
}

// fire ends all that is due up to now, each at its own time: a translation's idle time starts when its last connection ended,
// not when somebody looked.
func (e *Engine) fire(now time.Duration) {
	for len(e.alarms) > 0 && e.alarms[0].at <= now {
		a := e.alarms[0].a
		d := a.who.deadline(e)
		switch {
		case d == never:
			e.disarm(a)
		case d > a.at:
			e.alarms.move(a, d)
		default:
			e.now = a.at
			e.disarm(a)
			a.who.end(e)
		}
	}
}
