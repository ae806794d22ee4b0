package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// fragments holds the fragments that arrive on each interface to its limits, before the kernel puts them together
// (semantics.md 1.6). The lock is that of dynamic.
type fragments struct {
	plan    *compiler.Plan
	byIndex map[int]int
	ifs     []fragmentsOf // by interface of the plan
}

// fragmentsOf are the datagrams of an interface that wait for the rest of them, the oldest first.
type fragmentsOf struct {
	sets    map[fragKey]*fragSet
	order   []*fragSet
	waiting int
}

type fragKey struct {
	proto    uint8
	id       uint16
	src, dst ast.IP
}

type fragSet struct {
	key   fragKey
	parts [][2]int // octets of the payload
	end   int      // of the datagram; 0: not known
	since time.Time
	dead  bool // refused: what comes of it until its time is over is dropped, for the kernel has the beginning
	gone  bool // whole: it takes no place
}

// use begins to look at the interfaces of a plan. What waits is forgotten; the kernel has it.
func (f *fragments) use(plan *compiler.Plan, byIndex map[int]int) {
	f.plan, f.byIndex = plan, byIndex
	f.ifs = make([]fragmentsOf, len(plan.Interfaces))
	for i := range f.ifs {
		f.ifs[i].sets = map[fragKey]*fragSet{}
	}
}

// on is the interface of a device.
func (f *fragments) on(indev int) int {
	if i, ok := f.byIndex[indev]; ok {
		return i
	}
	return compiler.None
}

// limits are those of an interface.
func (f *fragments) limits(i int) compiler.Fragment {
	if i < len(f.plan.Fragment) && f.plan.Fragment[i] != (compiler.Fragment{}) {
		return f.plan.Fragment[i]
	}
	return compiler.Fragment{Size: 200, Chain: 24, Timeout: 5 * time.Second}
}

// take decides about a fragment: it goes on to where the kernel puts the datagram together, or is dropped.
func (f *fragments) take(q *queued, now time.Time) (pass bool, log []runtime.Message) {
	i := f.on(q.indev)
	if i == compiler.None || !q.ok {
		return false, nil
	}
	p, of, limits := &q.packet, &f.ifs[i], f.limits(i)
	if m, bad := f.impossible(i, p); bad {
		return false, []runtime.Message{m}
	}
	of.forget(now, limits.Timeout)
	from := p.FragOffset
	to := from + q.octets
	proto := syslog.ProtoName(p.Proto)
	k := fragKey{p.Proto, p.ID, p.Src, p.Dst}
	s := of.sets[k]
	refuse := func(m runtime.Message) (bool, []runtime.Message) {
		if s != nil {
			of.waiting -= len(s.parts)
			s.dead, s.parts = true, nil
		}
		return false, []runtime.Message{m}
	}
	switch {
	case s != nil && s.dead:
		return false, nil
	case to > 65535:
		return refuse(syslog.New(209004, to, 65535, p.Src, p.Dst, proto, p.ID))
	}
	if s != nil {
		for _, x := range s.parts {
			switch {
			case x == [2]int{from, to}:
				return false, nil // sent twice
			case from < x[1] && x[0] < to:
				return refuse(syslog.New(106020, to-from, from, p.Src, p.Dst))
			}
		}
	}
	have := 0
	if s != nil {
		have = len(s.parts)
	}
	switch {
	case have >= limits.Chain || limits.Chain == 1:
		return refuse(syslog.New(209005, limits.Chain, p.Src, p.Dst, proto, p.ID))
	case of.waiting >= limits.Size || s == nil && len(of.order) >= 4*limits.Size:
		return refuse(syslog.New(209003, limits.Size, p.Src, p.Dst, proto, p.ID))
	}
	if s == nil {
		s = &fragSet{key: k, since: now}
		of.sets[k] = s
		of.order = append(of.order, s)
	}
	s.parts = append(s.parts, [2]int{from, to})
	of.waiting++
	if !p.More {
		s.end = to
	}
	if s.whole() {
		of.drop(s)
	}
	return true, nil
}

// impossible is what is wrong with a fragment that is judged before the others are there (semantics.md 0, step 1). The rules would find it
// when the kernel has put the datagram together.
func (f *fragments) impossible(i int, p *runtime.Packet) (runtime.Message, bool) {
	switch {
	case p.Option != runtime.NoOption && (p.Proto != ast.ProtoIGMP || p.Option != runtime.RouterAlert):
		return syslog.New(106012, p.Src, p.Dst, syslog.OptionName(p.Option)), true
	case p.Src == p.Dst && (!p.HasPorts() || p.SrcPort == p.DstPort):
		return syslog.New(106017, p.Src, p.Dst), true
	case f.plan.InvalidSource(p.Src):
		return syslog.New(106016, p.Src, p.Dst, f.plan.Interfaces[i].Name), true
	case p.HasPorts() && p.FragOffset == 0 && (p.SrcPort == 0 || p.DstPort == 0):
		return syslog.New(500004, p.Proto, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}), true
	}
	return runtime.Message{}, false
}

// whole reports whether nothing is missing. No two parts overlap.
func (s *fragSet) whole() bool {
	n := 0
	for _, x := range s.parts {
		n += x[1] - x[0]
		if s.end > 0 && x[1] > s.end {
			return false
		}
	}
	return s.end > 0 && n == s.end
}

// drop forgets a datagram that waits.
func (f *fragmentsOf) drop(s *fragSet) {
	f.waiting -= len(s.parts)
	s.parts, s.gone = nil, true
	if f.sets[s.key] == s {
		delete(f.sets, s.key)
	}
	// Those that are whole are taken out of the order when many of them are there.
	if len(f.order) > 64 && len(f.order) > 2*len(f.sets) {
		keep := f.order[:0]
		for _, x := range f.order {
			if !x.gone {
				keep = append(keep, x)
			}
		}
		clear(f.order[len(keep):])
		f.order = keep
	}
}

// forget drops what has waited for too long.
func (f *fragmentsOf) forget(now time.Time, limit time.Duration) {
	n := 0
	for n < len(f.order) && (f.order[n].gone || now.Sub(f.order[n].since) >= limit) {
		n++
	}
	for _, s := range f.order[:n] {
		if !s.gone {
			f.waiting -= len(s.parts)
			s.gone = true
			if f.sets[s.key] == s {
				delete(f.sets, s.key)
			}
		}
	}
	f.order = f.order[n:]
}
