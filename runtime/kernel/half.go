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

// intercepted are the addresses of a host with n half-open connections for which the firewall is to answer, by the lines whose limit
// that is (just), or that have no more than that. The lock is held.
func (d *dynamic) intercepted(plan *compiler.Plan, rs *nft.Ruleset, k hostKey, n int, just bool) (out []memberChange) {
	add := func(set string, limit int, mapped ast.IP) {
		if set != "" && limit > 0 && (n == limit || n > limit && !just) {
			out = append(out, memberChange{set: set, members: []nft.Member{{IP: mapped, For: interceptLife}}})
		}
	}
	for i, set := range rs.Intercepts {
		s := &plan.NAT.Statics[i]
		if edge := s.Mask < ast.MaskOf(31) && (k.ip&^s.Mask == 0 || k.ip|s.Mask == ast.AllOnes); edge {
			continue // nobody is let in to the network and broadcast address of a static
		}
		if plan.Interfaces[s.RealIf].Name == k.ifName && s.RealNet().Contains(k.ip) {
			add(set, s.Embryonic, s.ToMapped(k.ip))
		}
	}
	for i := range rs.Xlates {
		m := &rs.Xlates[i]
		set := rs.XlateIntercepts[[2]int{m.RealIf, m.MappedIf}]
		if set == "" || plan.Interfaces[m.RealIf].Name != k.ifName {
			continue
		}
		if x := d.xlates.byKey[xlateKey{realIf: m.RealIf, mappedIf: m.MappedIf, real: k.ip, acl: m.ACL}]; x != nil && !x.closing && !x.identity {
			add(set, x.halfOpen, x.mapped)
		}
	}
	return out
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
	return syslog.New(201003, d.live.half[host], limit, syslog.End{IP: p.Src, Port: p.SrcPort}, p.Dst, real, plan.Interfaces[in].Name), true
}
