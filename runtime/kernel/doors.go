package kernel

import (
	"slices"
	"strconv"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/inspect"
)

// A doorKey is a connection that an inspection expects, as it is seen where it arrives. The interface is named: indices change with the plan.
type doorKey struct {
	ifName   string
	proto    uint8
	src, dst ast.IP
	port     uint16
}

// A door is whom the connection is for. The rules shut it behind the first packet; it is gone when its parent is.
type door struct {
	parent  tuple
	inbound bool // as messages say of the parent
	real    ast.IP
	port    uint16
	fresh   time.Time // when the kernel was told of it last
}

// doorChange is what adds a door to the sets of a ruleset, or takes it out.
func doorChange(plan *compiler.Plan, rs *nft.Ruleset, k doorKey, x *door, del bool) []memberChange {
	sets, ok := rs.Doors[plan.IfByName(k.ifName)]
	if !ok {
		return nil
	}
	m := []nft.Member{{IP: k.src, To: k.dst, For: pairLife, Door: nft.Door{Proto: k.proto, Port: k.port, Real: x.real, RealPort: x.port}}}
	return []memberChange{{del: del, set: sets.Set, kind: nft.LiveDoors, members: m}, {del: del, set: sets.Map, kind: nft.DoorMap, members: m}}
}

// Open is that of inspect.Host.
func (x *visit) Open(l *inspect.Look, o inspect.Door) (uint16, bool) {
	d, n := x.d, 1
	if o.Pair {
		n = 2
	}
	here, there := x.ends[o.Dir], x.ends[1-o.Dir]
	if o.From == 0 {
		o.From = there.Src
	}
	if o.Pair && o.Port == 65535 {
		return o.Port, false
	}
	if len(d.live.doors)+n > d.bounds.Doors {
		d.bounds.short(fullDoors, 1)
		return o.Port, false
	}
	key := func(port uint16) doorKey { return doorKey{there.If, o.Proto, o.From, there.Dst, port} }
	real := func(k doorKey, port uint16) bool {
		old := d.live.doors[k]
		return old == nil || old.real == here.Src && old.port == port
	}
	fits := func(port uint16) bool {
		for i := range n {
			if !real(key(port+uint16(i)), o.Port+uint16(i)) {
				return false
			}
		}
		return true
	}
	seen, ok := o.Port, fits(o.Port)
	if !ok && x.pat[o.Dir] {
		seen, ok = portLike(o.Port, n, fits)
	}
	if !ok {
		return o.Port, false
	}
	var c changes
	now := d.clock.Now()
	made := map[doorKey]*door{}
	for i := range n {
		k := key(seen + uint16(i))
		made[k] = &door{parent: x.flow.orig, inbound: x.conn.about.Inbound, real: here.Src, port: o.Port + uint16(i), fresh: now}
		c.members = append(c.members, doorChange(d.plan, d.rules, k, made[k], false)...)
	}
	if len(c.members) == 0 || d.commit(&c) != nil {
		return o.Port, false // nothing opens
	}
	for k, y := range made {
		d.live.doors[k] = y
		if !slices.Contains(x.conn.doors, k) {
			x.conn.doors = append(x.conn.doors, k)
		}
	}
	if x.conn.opened == nil {
		x.conn.opened = []tuple{x.flow.orig, x.flow.reply}
		for _, k := range x.conn.opened {
			d.live.openers[k] = x.conn
		}
	}
	return seen, true
}

// reset shuts the doors of a connection that one side ends at once: its end is told of later.
func (d *dynamic) reset(p *runtime.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// It is about to leave: what would answer it is what the other side sends.
	if c := d.live.openers[tuple{proto: p.Proto, src: p.Dst, dst: p.Src, sport: p.DstPort, dport: p.SrcPort}]; c != nil {
		d.shut(c.doors)
		c.doors = nil
	}
}

// portLike is another port for a door behind PAT, of the same class, and with as many digits, so that what is said of it keeps its length.
// Of two the first is even.
func portLike(port uint16, n int, fits func(uint16) bool) (uint16, bool) {
	digits := len(strconv.Itoa(int(port)))
	for p := 1; p+n-1 <= 65535; p++ {
		if at := uint16(p); classOf(ast.ProtoTCP, at) == classOf(ast.ProtoTCP, port) && len(strconv.Itoa(p)) == digits && (n == 1 || p%2 == 0) && fits(at) {
			return at, true
		}
	}
	return port, false
}

// comesIn is the door that a connection has come in by, if it has; nobody else does. The lock is held.
func (d *dynamic) comesIn(in int, f *flow) *door {
	if len(d.live.doors) == 0 || in == compiler.None {
		return nil
	}
	k := doorKey{d.plan.Interfaces[in].Name, f.orig.proto, f.orig.src, f.orig.dst, f.orig.dport}
	x := d.live.doors[k]
	if x == nil || x.real != f.reply.src || x.port != f.reply.sport {
		return nil
	}
	d.shut([]doorKey{k})
	if c := d.conns[x.parent]; c != nil {
		c.doors = slices.DeleteFunc(c.doors, func(other doorKey) bool { return other == k })
	}
	return x
}

// shut shuts doors that are there. The lock is held.
func (d *dynamic) shut(list []doorKey) {
	var c changes
	for _, k := range list {
		if x := d.live.doors[k]; x != nil {
			delete(d.live.doors, k)
			// What has ended by itself cannot be deleted: it is added once more in the same transaction.
			c.members = append(append(c.members, doorChange(d.plan, d.rules, k, x, false)...), doorChange(d.plan, d.rules, k, x, true)...)
		}
	}
	_ = d.commit(&c) // or their time ends them
}

// doorsTick tells the kernel again what is still there, and forgets packets whose connection was never told of. The lock is held.
func (d *dynamic) doorsTick() error {
	now := d.clock.Now()
	for k, e := range d.unseen {
		if now.Sub(e.at) > earlyLife {
			delete(d.unseen, k)
		}
	}
	return retell(d, d.live.doors, func(x *door) *time.Time { return &x.fresh },
		func(k doorKey, x *door) []memberChange { return doorChange(d.plan, d.rules, k, x, false) })
}
