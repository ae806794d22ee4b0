package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

const (
	// interceptLife is how long the kernel goes on to answer for a host when it is not told again: a little longer than the time
	// between two ticks, and long enough for clients that have been answered to answer.
	interceptLife = 5 * time.Second
	maxHalf       = 65535 // hosts
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
	if d.live.half[k] == 0 && len(d.live.half) >= maxHalf {
		return
	}
	d.live.half[k]++
	c.half = k
	_ = d.commit(&changes{members: intercepted(d.plan, d.rules, k, d.live.half[k], true)}) // or the next tick
}

// intercepted are the addresses of a host with n half-open connections for which the firewall is to answer, by the statics whose limit
// that is (just), or that have no more than that.
func intercepted(plan *compiler.Plan, rs *nft.Ruleset, k hostKey, n int, just bool) (out []memberChange) {
	for i, set := range rs.Intercepts {
		s := &plan.NAT.Statics[i]
		if plan.Interfaces[s.RealIf].Name == k.ifName && s.RealNet().Contains(k.ip) && (n == s.Embryonic || n > s.Embryonic && !just) {
			out = append(out, memberChange{set: set, members: []nft.Member{{IP: s.ToMapped(k.ip), For: interceptLife}}})
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
	} else if len(d.live.early) < maxHalf {
		d.live.early[k] = true
	}
}

// halfTick tells the kernel again of hosts that still have too many. The lock is held.
func (d *dynamic) halfTick() error {
	if len(d.live.early)+len(d.live.earlier) > 0 {
		d.live.early, d.live.earlier = map[tuple]bool{}, d.live.early // of what is older, the beginning was lost
	}
	var c changes
	for k, n := range d.live.half {
		c.members = append(c.members, intercepted(d.plan, d.rules, k, n, false)...)
	}
	return d.commit(&c)
}

// halfOf is how many half-open connections a host has.
func (d *dynamic) halfOf(ifName string, ip ast.IP) int {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live.half[hostKey{ifName, ip}]
}
