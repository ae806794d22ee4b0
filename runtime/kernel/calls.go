package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// An answeredCall is a connection that the firewall has answered for its host (TCP intercept, semantics.md 3.4), by what its client has sent.
// The kernel calls the host when the client has answered. Another plan forgets them: it may not permit them.
type answeredCall struct {
	to    nft.CallTo
	waits bool // To has the mark of a request: the client has no translation yet, and gets it when he answers
	until time.Time
}

// An interception is a first packet that the firewall answers in the place of its host.
type interception struct {
	host    hostKey
	in, out int
	called  []syslog.End // destinations that the packet may have come with: the kernel says what it has made of them
	mark    uint32       // the class of its translation, or the request
	waits   bool
}

const (
	callLife   = 30 * time.Second // in which clients answer
	callMargin = 2 * time.Second  // the kernel may still know what is over by now
	// floodCalls is how many first packets to a host in a second make a flood: the kernel answers those that follow by itself, where it can.
	floodCalls = 100
)

// held is the interception of a packet by the limit that it is held to, and the class of its translation.
func (d *dynamic) held(l *nft.ConnLimit, class uint32, p *runtime.Packet) *interception {
	x := &interception{host: hostKey{d.plan.Interfaces[l.If].Name, p.Src}, in: l.If, out: l.Seen, mark: class}
	if !l.Inbound {
		x.called = d.foreignAs(l.If, l.Seen, p)
		return x
	}
	x.host.ip, x.in, x.out = p.Dst, l.Seen, l.If
	to := syslog.End{IP: d.seenAs(l, class, p.Dst, p), Port: p.DstPort}
	if l.Static != compiler.None && d.plan.NAT.Statics[l.Static].Proto != 0 {
		to.Port = d.plan.NAT.Statics[l.Static].MappedPort
	}
	x.called = []syslog.End{to}
	return x
}

// asking is the interception of a packet that asks for a translation, and would get a class; 0: an address.
func (d *dynamic) asking(r *nft.Request, class uint32, q *queued) *interception {
	p := &q.packet
	x := &interception{host: hostKey{d.plan.Interfaces[r.In].Name, p.Src}, in: r.In, out: r.Out, mark: class, waits: class == 0}
	if x.waits {
		x.mark = r.Mark
	}
	if !r.Nat.Outside {
		x.called = d.foreignAs(r.In, r.Out, p)
		return x
	}
	x.host = hostKey{d.plan.Interfaces[r.Out].Name, p.Dst}
	line := d.calledBy(r, q)
	x.called = []syslog.End{{IP: line.mapped, Port: line.port}}
	return x
}

// answerFor has the kernel answer a packet for its host; false: it cannot. The lock is held.
func (d *dynamic) answerFor(x *interception, p *runtime.Packet, c *changes) bool {
	if !d.rules.Answers {
		return false
	}
	to := nft.CallTo{Mark: x.mark, Host: p.Dst, Port: p.DstPort}
	if !x.waits {
		to.Mark = d.callMark(x.mark, x.in, x.out)
	}
	for _, called := range x.called {
		if !d.answerCall(tuple{p.Proto, p.Src, called.IP, p.SrcPort, called.Port}, to, x.waits, c) {
			return false
		}
	}
	if d.live.rate[x.host]++; d.live.rate[x.host] == floodCalls {
		c.members = append(c.members, d.intercepted(d.plan, d.rules, x.host, d.live.half[x.host], false)...)
	}
	return true
}

func (d *dynamic) callMark(class uint32, in, out int) uint32 {
	return nft.CallMark(class, d.rules.Numbers[in], d.rules.Numbers[out])
}

// answerCall enters a call into the kernel's maps.
func (d *dynamic) answerCall(t tuple, to nft.CallTo, waits bool, c *changes) bool {
	old, known := d.live.calls[t]
	if !known && len(d.live.calls) >= d.bounds.Intercepts {
		d.bounds.short(fullCalls, 1)
		return false
	}
	call := nft.Call{Src: t.src, Dst: t.dst, Sport: t.sport, Dport: t.dport, CallTo: to, For: callLife}
	if known && (old.to != to || old.waits != waits) {
		// What maps to something else is not replaced. It may be gone by now: it is added once more, and deleted.
		was := call
		was.CallTo = old.to
		c.calls = append(c.calls, callChange{false, old.waits, was}, callChange{true, old.waits, was})
	}
	c.calls = append(c.calls, callChange{false, waits, call})
	d.live.calls[t] = answeredCall{to, waits, time.Now().Add(callLife)}
	return true
}

// called gives the client of a call his translation: he has answered, and asks for it by r. fresh is one that he had not, with the message
// about it; refused is why he gets none. The lock is held.
func (d *dynamic) called(r *nft.Request, q *queued, c *changes) (fresh *xlate, refused runtime.Message, ok bool) {
	p := &q.packet
	t := tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
	call := d.live.calls[t]
	if !call.waits || call.to.Mark != r.Mark || r.Map == compiler.None {
		return nil, runtime.Message{}, !call.waits && call.to.Port != 0
	}
	m := &d.rules.Xlates[r.Map]
	x := d.xlates.byKey[xlateKey{realIf: r.In, mappedIf: r.Out, real: p.Src, acl: r.Nat.ACL}]
	class := m.Class
	switch {
	case x == nil:
		var pat uint32
		if x, pat, refused = d.allocate(r, xlateKey{realIf: r.In, mappedIf: r.Out, real: p.Src, acl: r.Nat.ACL}, q); pat != 0 {
			class = pat
		} else if x == nil {
			return nil, refused, false
		}
		fresh = x
	case x.closing:
		x.closing = false
		c.put(m, x)
	}
	if x != nil {
		x.used = d.clock.Now()
	}
	call.to.Mark = d.callMark(class, r.In, r.Out)
	return fresh, runtime.Message{}, d.answerCall(t, call.to, false, c)
}

// callChange adds a call to the kernel's maps, or deletes it.
type callChange struct {
	del, waits bool
	call       nft.Call
}

// forgetCalls forgets those that the kernel has not been told of. The lock is held.
func (d *dynamic) forgetCalls(c *changes) {
	for i := range c.calls {
		x := &c.calls[i].call
		delete(d.live.calls, tuple{ast.ProtoTCP, x.Src, x.Dst, x.Sport, x.Dport})
	}
}

// foreignAs are the destinations that a packet from interface in to the lower out may have come with: outside NAT and aliases change them.
func (d *dynamic) foreignAs(in, out int, p *runtime.Packet) []syslog.End {
	as := []syslog.End{{IP: p.Dst, Port: p.DstPort}}
	n := &d.plan.NAT
	for i := range n.Statics {
		if s := &n.Statics[i]; s.RealIf == out && s.MappedIf == in && s.RealNet().Contains(p.Dst) && (s.Proto == 0 || s.Proto == p.Proto && s.RealPt == p.DstPort) {
			to := syslog.End{IP: s.ToMapped(p.Dst), Port: p.DstPort}
			if s.Proto != 0 {
				to.Port = s.MappedPort
			}
			as = append(as, to)
		}
	}
	for i := range d.rules.Xlates {
		m := &d.rules.Xlates[i]
		if x := d.xlates.byKey[xlateKey{realIf: out, mappedIf: in, real: p.Dst, acl: m.ACL}]; x != nil && m.RealIf == out && m.MappedIf == in {
			as = append(as, syslog.End{IP: x.mapped, Port: p.DstPort})
		}
	}
	for i := range n.Aliases {
		if a := &n.Aliases[i]; a.If == in && a.ForeignNet().Contains(p.Dst) {
			as = append(as, syslog.End{IP: a.ToDNAT(p.Dst), Port: p.DstPort})
		}
	}
	return as
}

// callsTick forgets the calls of clients that have not answered, and begins another second. The lock is held.
func (d *dynamic) callsTick() {
	now := time.Now()
	for t, c := range d.live.calls {
		if now.Sub(c.until) > callMargin {
			delete(d.live.calls, t)
		}
	}
	d.live.rate, d.live.lastRate = map[hostKey]int{}, d.live.rate
}

// flooded reports whether many call a host at once. The lock is held.
func (d *dynamic) flooded(k hostKey) bool {
	return max(d.live.rate[k], d.live.lastRate[k]) >= floodCalls
}
