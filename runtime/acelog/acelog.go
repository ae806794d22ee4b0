// Package acelog counts the packets of flows that access list entries with `log` decide, and says what a PIX writes about them
// (semantics.md 2.3): 106100 for the first packet, one more at the end of each interval in which others came, and 106101 when too many
// denied flows are counted already.
//
// What goes in: hits, and the time. What comes out: messages. The table is bounded; a flow beyond the bound is told of with each packet.
//
//	var t acelog.Table
//	t.Hit(key, hit, limits, now, emit)
//	t.Expire(now, emit) // when t.Next says so, or later
package acelog

import (
	"container/heap"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A Key is a flow as it arrives, and the entry that decides it.
type Key struct {
	List             string
	Entry            int // its number
	In               int // interface, by the Plan's index
	Proto            uint8
	Src, Dst         ast.IP
	SrcPort, DstPort uint16
}

// A Hit is what is to be said of a packet.
type Hit struct {
	Level    int
	Verb     string // permitted, denied, est-allowed
	Permit   bool   // the entry permits
	Interval time.Duration
	Flow     syslog.Flow
}

// Limits bound the flows that are counted. Of denied ones beyond their limit 106101 tells, at most once in Alert.
type Limits struct {
	Permitted, Denied int
	Alert             time.Duration
}

const interval = 300 * time.Second // where a line says nothing

// LimitsOf are those of a plan. most is for what it says nothing about.
func LimitsOf(plan *compiler.Plan, most int) Limits {
	l := Limits{most, plan.DenyFlows.Max, plan.DenyFlows.AlertInterval}
	if l.Denied <= 0 {
		l.Denied = most
	}
	if l.Alert <= 0 {
		l.Alert = interval
	}
	return l
}

// A flow that is counted.
type flow struct {
	key  Key
	hit  Hit
	n    uint64        // packets in this interval, but for the first of all
	ends time.Duration // the interval
	seq  uint64
	pos  int
}

// Table is what is counted. The zero Table is empty. Times count from any beginning.
type Table struct {
	flows   map[Key]*flow
	order   queue
	denied  int
	alerted time.Duration // when 106101 may be written again
	seq     uint64
}

// Len is how many permitted and denied flows are counted.
func (t *Table) Len() (permitted, denied int) { return len(t.flows) - t.denied, t.denied }

// Hit counts a packet.
func (t *Table) Hit(k Key, h Hit, l Limits, now time.Duration, emit func(runtime.Message)) {
	if f := t.flows[k]; f != nil {
		f.n++
		return
	}
	emit(syslog.Log106100(h.Level, k.List, h.Verb, h.Flow, 1, 0))
	switch {
	case h.Permit && len(t.flows)-t.denied >= l.Permitted:
		return
	case !h.Permit && t.denied >= l.Denied:
		if now >= t.alerted {
			t.alerted = now + l.Alert
			emit(syslog.New(106101, l.Denied))
		}
		return
	case !h.Permit:
		t.denied++
	}
	if h.Interval <= 0 {
		h.Interval = interval
	}
	if t.flows == nil {
		t.flows = map[Key]*flow{}
	}
	t.seq++
	f := &flow{key: k, hit: h, ends: now + h.Interval, seq: t.seq}
	t.flows[k] = f
	heap.Push(&t.order, f)
}

// Next is when the next interval ends; false: none does.
func (t *Table) Next() (time.Duration, bool) {
	if len(t.order) == 0 {
		return 0, false
	}
	return t.order[0].ends, true
}

// Expire ends the intervals that are over. A flow with packets in its interval is told of, and has another; one without is forgotten.
func (t *Table) Expire(now time.Duration, emit func(runtime.Message)) {
	for len(t.order) > 0 && t.order[0].ends <= now {
		f := t.order[0]
		if f.n == 0 {
			t.forget(f)
			continue
		}
		emit(syslog.Log106100(f.hit.Level, f.key.List, f.hit.Verb, f.hit.Flow, f.n, f.hit.Interval))
		f.n, f.ends = 0, now+f.hit.Interval
		heap.Fix(&t.order, 0)
	}
}

func (t *Table) forget(f *flow) {
	heap.Remove(&t.order, f.pos)
	delete(t.flows, f.key)
	if !f.hit.Permit {
		t.denied--
	}
}

// Renumber takes the table to a plan with other interfaces: to is the new index of each, or None.
func (t *Table) Renumber(to func(in int) int) {
	old := t.flows
	t.flows = make(map[Key]*flow, len(old))
	var gone []*flow
	for _, f := range old {
		if f.key.In = to(f.key.In); f.key.In == compiler.None {
			gone = append(gone, f)
			continue
		}
		t.flows[f.key] = f
	}
	for _, f := range gone {
		t.forget(f)
	}
}

// queue is a heap by the end of intervals, then by age.
type queue []*flow

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].ends < q[j].ends || q[i].ends == q[j].ends && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i]; q[i].pos, q[j].pos = i, j }
func (q *queue) Push(x any)   { f := x.(*flow); f.pos = len(*q); *q = append(*q, f) }
func (q *queue) Pop() any {
	old := *q
	f := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return f
}
