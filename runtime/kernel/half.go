package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// A halfKey is a host of a static with a limit of half-open connections: the line of the static, and the host's mapped address. The zero
// key is none.
type halfKey struct {
	line   string
	mapped ast.IP
}

// static is the index of the line in a plan; -1: it is not there.
func (k *halfKey) static(plan *compiler.Plan) int {
	for i := range plan.NAT.Statics {
		if plan.NAT.Statics[i].Line.Text() == k.line {
			return i
		}
	}
	return -1
}

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
	r := d.plan.Lookup(f.orig.src)
	for i := range d.rules.Intercepts {
		s := &d.plan.NAT.Statics[i]
		if r == nil || r.If != s.MappedIf || !s.MappedNet().Contains(f.orig.dst) || s.Proto != 0 && s.MappedPort != f.orig.dport || s.ToReal(f.orig.dst) != f.reply.src {
			continue
		}
		k := halfKey{s.Line.Text(), f.orig.dst}
		if d.live.half[k] == 0 && len(d.live.half) >= maxHalf {
			return
		}
		d.live.half[k]++
		c.half = k
		if d.live.half[k] == s.Embryonic {
			_ = d.commit(d.intercept(i, k)) // or the next tick
		}
		return
	}
}

func (d *dynamic) intercept(static int, k halfKey) *changes {
	return &changes{members: []memberChange{{set: d.rules.Intercepts[static], members: []nft.Member{{IP: k.mapped, For: interceptLife}}}}}
}

// endsHalf counts a connection that is open, or gone. The lock is held.
func (d *dynamic) endsHalf(c *conn) {
	if c.half == (halfKey{}) {
		return
	}
	if d.live.half[c.half]--; d.live.half[c.half] <= 0 {
		delete(d.live.half, c.half)
	}
	c.half = halfKey{}
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
		if i := k.static(d.plan); i >= 0 && d.rules.Intercepts[i] != "" && n >= d.plan.NAT.Statics[i].Embryonic {
			c.members = append(c.members, d.intercept(i, k).members...)
		}
	}
	return d.commit(&c)
}

// halfOf is how many half-open connections a host of a static has.
func (d *dynamic) halfOf(s *compiler.Static, mapped ast.IP) int {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live.half[halfKey{s.Line.Text(), mapped}]
}
