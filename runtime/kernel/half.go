package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

const (
	// interceptLife is how long the kernel goes on to answer for a host when it is not told again: a little longer than the time
	// between two ticks, and long enough for clients that have been answered to answer.
	interceptLife = 5 * time.Second
)

// beginsHalf counts a connection that is half open. The lock is held.
func (d *dynamic) beginsHalf(c *conn, f *flow) {
	if f.mark&nft.MarkHalf == 0 || f.orig.proto != ast.ProtoTCP {
		return
	}
	if d.live.early[f.orig] || d.live.earlier[f.orig] {
		delete(d.live.early, f.orig)
		delete(d.live.earlier, f.orig)
		return
	}
	k := c.link.key
	if d.live.half[k] == 0 && len(d.live.half) >= d.bounds.Half {
		d.bounds.short(fullHalf, 1)
		return
	}
	d.live.half[k]++
	c.half = k
	_ = d.commit(&changes{members: d.intercepted(d.plan, d.rules, k, d.live.half[k], true)}) // or the next tick
}

// An answering is a set of hosts that the firewall answers for, and the address with which a host would be in it, with the limits of its line.
type answering struct {
	set         string
	mapped      ast.IP
	conns, half int
}

// full reports whether a host with so many connections has as many as the line allows. Then the firewall does not answer for it: the
// process refuses who calls (201002).
func (a *answering) full(conns int) bool { return a.conns > 0 && conns >= a.conns }

func (a *answering) change(del bool) memberChange {
	return memberChange{del: del, set: a.set, members: []nft.Member{{IP: a.mapped, For: interceptLife}}}
}

// answerings are those of a host. The lock is held.
func (d *dynamic) answerings(plan *compiler.Plan, rs *nft.Ruleset, k hostKey) (out []answering) {
	for i, set := range rs.Intercepts {
		s := &plan.NAT.Statics[i]
		if edge := s.Mask < ast.MaskOf(31) && (k.ip&^s.Mask == 0 || k.ip|s.Mask == ast.AllOnes); edge {
			continue // nobody is let in to the network and broadcast address of a static
		}
		if set != "" && plan.Interfaces[s.RealIf].Name == k.ifName && s.RealNet().Contains(k.ip) {
			out = append(out, answering{set, s.ToMapped(k.ip), s.MaxConns, s.Embryonic})
		}
	}
	for i := range rs.Xlates {
		m := &rs.Xlates[i]
		set := rs.XlateIntercepts[[2]int{m.RealIf, m.MappedIf}]
		if set == "" || plan.Interfaces[m.RealIf].Name != k.ifName {
			continue
		}
		x := d.xlates.byKey[xlateKey{realIf: m.RealIf, mappedIf: m.MappedIf, real: k.ip, acl: m.ACL}]
		if x != nil && !x.closing && !x.identity && x.halfOpen > 0 {
			out = append(out, answering{set, x.mapped, x.maxConns, x.halfOpen})
		}
	}
	return out
}

// intercepted are the addresses of a host with n half-open connections for which the kernel is to answer by itself, by the lines whose limit
// that is (just), or that have no more than that: in a flood, where it can. Otherwise the process says of each packet whether the firewall
// answers, as a PIX counts. The lock is held.
func (d *dynamic) intercepted(plan *compiler.Plan, rs *nft.Ruleset, k hostKey, n int, just bool) (out []memberChange) {
	if rs.Answers && !d.flooded(k) {
		return nil
	}
	conns := d.count(k)
	for _, a := range d.answerings(plan, rs, k) {
		if !a.full(conns) && (n == a.half || n > a.half && !just) {
			out = append(out, a.change(false))
			d.live.told[k] = time.Now()
		}
	}
	return out
}

// recounted takes a host out of the sets when it has come to as many connections as its line allows, and puts it back when it has fewer.
// before is how many it had. The lock is held.
func (d *dynamic) recounted(k hostKey, before int) {
	n, now := d.live.half[k], d.count(k)
	if _, told := d.live.told[k]; now == before || n == 0 && !told || d.plan == nil {
		return
	}
	var c changes
	for _, a := range d.answerings(d.plan, d.rules, k) {
		switch was, is := a.full(before), a.full(now); {
		case is && !was:
			// One whose time is over cannot be deleted: it is added once more in the same transaction.
			c.members = append(c.members, a.change(false), a.change(true))
		case was && !is && n >= a.half && (!d.rules.Answers || d.flooded(k)):
			c.members = append(c.members, a.change(false))
			d.live.told[k] = time.Now()
		}
	}
	_ = d.commit(&c) // or its time ends it, and the next tick puts it back
}

// endsHalf counts a connection that is open, or gone. The lock is held.
func (d *dynamic) endsHalf(c *conn) {
	if c.half == (hostKey{}) {
		return
	}
	if d.live.half[c.half]--; d.live.half[c.half] <= 0 {
		delete(d.live.half, c.half)
	}
	c.half = hostKey{}
}

// opened takes the packet that ends a handshake.
func (d *dynamic) opened(p *runtime.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
	if c := d.conns[k]; c != nil {
		d.endsHalf(c)
	} else if len(d.live.early) < d.bounds.Half {
		d.live.early[k] = true
	} else {
		d.bounds.short(fullHalf, 1)
	}
}

// halfTick tells the kernel again of hosts that still have too many. The lock is held.
func (d *dynamic) halfTick() error {
	if len(d.live.early)+len(d.live.earlier) > 0 {
		d.live.early, d.live.earlier = map[tuple]bool{}, d.live.early // of what is older, the beginning was lost
	}
	for k, at := range d.live.told {
		if time.Since(at) > interceptLife {
			delete(d.live.told, k)
		}
	}
	var c changes
	for k, n := range d.live.half {
		c.members = append(c.members, d.intercepted(d.plan, d.rules, k, n, false)...)
	}
	return d.commit(&c)
}

// embryonic is the message about a packet that is answered for its host, by static k or, negative, by a translation that lives.
func (d *dynamic) embryonic(plan *compiler.Plan, k, in int, p *runtime.Packet) (runtime.Message, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	host, real, limit := hostKey{}, syslog.End{Port: p.DstPort}, 0
	if k >= 0 {
		s := &plan.NAT.Statics[k]
		host, limit = hostKey{plan.Interfaces[s.RealIf].Name, s.ToReal(p.Dst)}, s.Embryonic
		if s.Proto != 0 {
			real.Port = s.RealPt
		}
	} else {
		x := d.xlates.byMapped[mappedKey{in, p.Dst}]
		if x == nil || plan != d.plan {
			return runtime.Message{}, false
		}
		host, limit = hostKey{plan.Interfaces[x.key.realIf].Name, x.key.real}, x.halfOpen
	}
	real.IP = host.ip
	d.live.rate[host]++
	return syslog.New(201003, d.halfOpen(host), limit, syslog.End{IP: p.Src, Port: p.SrcPort}, p.Dst, real, plan.Interfaces[in].Name), true
}
