package kernel

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// hosts counts the TCP connections of each host on the higher of two interfaces, for the limits of the line that translates it
// (semantics.md 3.4). They are there whatever the policy says, so that a limit that is new counts those that are older.
// The lock is that of dynamic.
type hosts struct {
	of map[hostKey]*localHost
	// Connections that were let through, and have not been told of yet, since the last tick and since the one before: what is older
	// has not become one.
	fresh, older map[forwarded]*letThrough
}

// A letThrough is what was let through, to count for a host. It may be that no limit has been asked yet: it waited for its translation
// before.
type letThrough struct {
	of     hostKey
	judged bool
	// How many connections of the host came before it, and how many of these were half open: those that come after it do not count
	// for it.
	ahead, open int
}

// A hostKey is a host on its interface, by name: indices change with the plan.
type hostKey struct {
	ifName string
	ip     ast.IP
}

// A localHost has its connections in a list, those that were looked at longest ago first.
type localHost struct {
	tcp         int
	admitted    int // of these, those that were let through and have not been told of
	first, last *conn
	checked     time.Time
}

// hostLink is the place of a connection in the list of its host.
type hostLink struct {
	key        hostKey
	host       *localHost // nil: not counted, or not any more
	orig       tuple
	prev, next *conn
}

// forwarded is a first packet between the rewriting of its destination and that of its source.
type forwarded struct {
	src, dst     ast.IP
	sport, dport uint16
}

func newHosts() hosts {
	return hosts{of: map[hostKey]*localHost{}, fresh: map[forwarded]*letThrough{}, older: map[forwarded]*letThrough{}}
}

const (
	maxAdmitted = 65536                // connections that are let through between two ticks
	recheck     = 2 * time.Millisecond // how long it is believed that all connections of a host are there
	checkAtOnce = 32                   // connections of a host, those that were not looked at for longest
)

func (h *hosts) get(k hostKey) *localHost {
	x := h.of[k]
	if x == nil {
		x = &localHost{}
		h.of[k] = x
	}
	return x
}

// less takes a connection off a host.
func (h *hosts) less(k hostKey) {
	if x := h.of[k]; x != nil {
		if x.tcp--; x.tcp <= 0 {
			delete(h.of, k)
		}
	}
}

// settle takes off a host what was let through, when it has become a connection or has not.
func (h *hosts) settle(k hostKey) {
	if x := h.of[k]; x != nil {
		x.admitted--
	}
	h.less(k)
}

// joinHost counts a connection that has begun. The lock is held.
func (d *dynamic) joinHost(c *conn, f *flow) {
	if f.orig.proto != ast.ProtoTCP {
		return
	}
	k := hostKey{c.about.Local.If, c.about.Local.IP}
	before := d.count(k)
	h := d.hosts.get(k)
	h.tcp++
	c.link = hostLink{key: k, host: h, orig: f.orig}
	h.push(c)
	as := forwarded{f.orig.src, f.reply.src, f.orig.sport, f.reply.sport}
	d.hosts.forget(as)
	d.recounted(k, before)
}

// partHost takes a connection off its host. The lock is held.
func (d *dynamic) partHost(c *conn) {
	h := c.link.host
	if h == nil {
		return
	}
	h.pull(c)
	c.link.host = nil
	before := h.tcp
	d.hosts.less(c.link.key)
	d.recounted(c.link.key, before)
}

func (h *localHost) push(c *conn) {
	c.link.prev, c.link.next = h.last, nil
	if h.last != nil {
		h.last.link.next = c
	} else {
		h.first = c
	}
	h.last = c
}

func (h *localHost) pull(c *conn) {
	if p := c.link.prev; p != nil {
		p.link.next = c.link.next
	} else {
		h.first = c.link.next
	}
	if n := c.link.next; n != nil {
		n.link.prev = c.link.prev
	} else {
		h.last = c.link.prev
	}
	c.link.prev, c.link.next = nil, nil
}

// hostsTick forgets what was let through and has not become a connection. The lock is held.
func (d *dynamic) hostsTick() {
	for _, x := range d.hosts.older {
		d.hosts.settle(x.of)
	}
	d.hosts.fresh, d.hosts.older = map[forwarded]*letThrough{}, d.hosts.fresh
}

// limitOf is the limit that a packet in the queue is held to, and the class of its connection; nil: it waits for something else. The lock
// is held.
func (d *dynamic) limitOf(mark uint32) (*nft.ConnLimit, uint32) {
	if k, class := nft.LimitOf(mark); mark&nft.MarkMask == nft.MarkLimit && d.rules != nil && k >= 0 && k < len(d.rules.Limits) {
		return &d.rules.Limits[k], class
	}
	return nil, 0
}

// requestOf is the request of a packet in the queue; nil: it waits for something else. The lock is held.
func (d *dynamic) requestOf(mark uint32) *nft.Request {
	if d.rules == nil {
		return nil
	}
	return d.requests[mark&d.rules.RequestBits]
}

// admit lets a first packet through, and counts it, or says that its host has as many connections as it may. The lock is held.
// What goes nowhere is neither, when it has not too many.
func (d *dynamic) admit(l *nft.ConnLimit, class uint32, q *queued, now time.Time) (bool, runtime.Message) {
	p := &q.packet
	k := hostKey{d.plan.Interfaces[l.If].Name, p.Src}
	in := l.If
	if l.Inbound {
		k.ip, in = p.Dst, l.Seen
	}
	as := forwardedAs(p)
	known := d.hosts.known(as)
	if known != nil && known.judged {
		return true, runtime.Message{} // sent once more
	}
	kind, most, half := l.Kind, l.Most, l.Half
	if x := d.translationOf(l, class, p); x != nil {
		kind, most, half = "xlate", x.maxConns, x.halfOpen // of the line that made it
	}
	msg := d.refuses(k, kind, most, half, d.seenAs(l, class, k.ip, p), in, p, known, now)
	switch {
	case q.outdev == 0:
		return false, msg
	case msg.ID != 0:
		before := d.count(k)
		d.hosts.forget(as)
		d.recounted(k, before)
		return false, msg
	case known != nil:
		known.judged = true
	default:
		d.letIn(k, p, true)
	}
	return true, runtime.Message{}
}

// translationOf is the translation that a packet uses which is held to a limit, where it is one that lives; nil: a line translates it, or none. The
// lock is held.
func (d *dynamic) translationOf(l *nft.ConnLimit, class uint32, p *runtime.Packet) *xlate {
	if l.Inbound {
		switch {
		case l.Live:
			return d.xlates.byKey[xlateKey{realIf: l.If, mappedIf: l.Seen, real: p.Dst, acl: l.ACL}]
		case l.Nat != nil:
			return d.xlates.byKey[xlateKey{realIf: l.If, mappedIf: l.Seen, real: p.Dst, acl: l.Nat.ACL}]
		}
		return nil
	}
	for i := range d.rules.Xlates {
		if m := &d.rules.Xlates[i]; m.Class == class {
			return d.xlates.byKey[xlateKey{realIf: m.RealIf, mappedIf: m.MappedIf, real: p.Src, acl: m.ACL}]
		}
	}
	if m := d.ports[class]; m != nil {
		return d.xlates.kept[patHolder{m.RealIf, m.MappedIf, p.Src, m.ACL, p.Proto, p.SrcPort}]
	}
	return nil
}

// seenAs is the mapped address of a host whose connection is held to a limit. The lock is held.
func (d *dynamic) seenAs(l *nft.ConnLimit, class uint32, host ast.IP, p *runtime.Packet) ast.IP {
	if x := d.translationOf(l, class, p); x != nil {
		return x.mapped
	}
	if l.Static != compiler.None {
		return d.plan.NAT.Statics[l.Static].ToMapped(host)
	}
	if l.Nat != nil {
		if c := d.pats[class]; c != nil && !l.Inbound {
			return d.plan.NAT.Globals[c.Global].First
		}
	}
	in, out := l.If, l.Seen
	if l.Inbound {
		in, out = out, in
	}
	return d.globalOf(d.plan, in, out, p, l.Kind, l.Most)
}

// refuses is the message about another connection of a host, when that is one too many for the line that translates it; the zero
// Message: it is not. known is what the connection was let through as before; nil: it was not. The lock is held.
func (d *dynamic) refuses(k hostKey, kind string, most, half int, global ast.IP, in int, p *runtime.Packet, known *letThrough, now time.Time) runtime.Message {
	over, open := false, d.halfOpen(k)
	if known != nil {
		over = most > 0 && known.ahead >= most && d.hostHas(k, most+1, now)
		open = min(known.open, open-1)
	} else if over = len(d.hosts.fresh) >= maxAdmitted; over {
		d.bounds.short(fullAdmitted, 1)
	} else {
		over = most > 0 && d.hostHas(k, most, now)
	}
	switch {
	case over:
		n := d.count(k)
		if known != nil {
			n = min(known.ahead, n-1)
		}
		return syslog.New(201002, kind, global, open, n)
	case half > 0 && open >= half:
		// To the host, the firewall answers the next one; for others it cannot answer.
		return syslog.New(201003, open, half, syslog.End{IP: p.Src, Port: p.SrcPort}, global, syslog.End{IP: k.ip, Port: p.DstPort}, d.plan.Interfaces[in].Name)
	}
	return runtime.Message{}
}

// halfOpen is how many connections of a host with a limit are half open, and how many were let through. The lock is held.
func (d *dynamic) halfOpen(k hostKey) int {
	n := d.live.half[k]
	if h := d.hosts.of[k]; h != nil {
		n += h.admitted
	}
	return n
}

func forwardedAs(p *runtime.Packet) forwarded {
	return forwarded{p.Src, p.Dst, p.SrcPort, p.DstPort}
}

// known is what was let through as the same packet; nil: nothing was.
func (h *hosts) known(as forwarded) *letThrough {
	if x := h.fresh[as]; x != nil {
		return x
	}
	return h.older[as]
}

// forget settles what was let through.
func (h *hosts) forget(as forwarded) {
	for _, m := range [2]map[forwarded]*letThrough{h.fresh, h.older} {
		if x := m[as]; x != nil {
			delete(m, as)
			h.settle(x.of)
		}
	}
}

// letIn counts a packet that is let through. The lock is held.
func (d *dynamic) letIn(k hostKey, p *runtime.Packet, judged bool) {
	d.hosts.fresh[forwardedAs(p)] = &letThrough{k, judged, d.count(k), d.halfOpen(k)}
	x := d.hosts.get(k)
	x.tcp++
	x.admitted++
	d.recounted(k, x.tcp-1)
}

// hostHas reports whether a host has most connections or more. Those that are over are told of late: when a host seems to have too many,
// conntrack is asked, but not for each packet of a flood. The lock is held.
func (d *dynamic) hostHas(k hostKey, most int, now time.Time) bool {
	h := d.hosts.of[k]
	if h == nil || h.tcp < most {
		return false
	}
	if now.Sub(h.checked) < recheck && !now.Before(h.checked) {
		return true
	}
	h.checked = now
	// What cannot be asked is taken for there.
	_ = d.conntrack("count connections", func(ct *socket) error {
		c := h.first
		for n := 0; n < checkAtOnce && c != nil && h.tcp >= most; n++ {
			next := c.link.next
			f, found, err := ct.flow(ctTupleOrig, &c.link.orig)
			if err != nil {
				return err
			}
			switch gone := !found || f.id != c.id || isOver(d.plan, &f); {
			case gone:
				d.partHost(c)
			case next != nil:
				h.pull(c)
				h.push(c)
			}
			c = next
		}
		return nil
	})
	return h.tcp >= most
}

// hostFull is what a PIX says when the host that asks for a translation, x or of a class, has as many connections as its line allows: it
// gets none then. The zero Message: nothing, and the connection counts from now on, if some line limits those of its host: others may be
// asked about before it comes to the limits itself. The lock is held.
func (d *dynamic) hostFull(r *nft.Request, x *xlate, class uint32, q *queued, now time.Time) runtime.Message {
	p := &q.packet
	if p.Proto != ast.ProtoTCP || x == nil && class == 0 || d.hosts.known(forwardedAs(p)) != nil {
		return runtime.Message{}
	}
	on, host := r.In, p.Src
	if r.Nat.Outside {
		on, host = r.Out, p.Dst
	}
	if msg := d.full(r, x, class, q, now); msg.ID != 0 {
		return msg
	}
	k := hostKey{d.plan.Interfaces[on].Name, host}
	if nft.Within(d.rules.Counted[on], uint32(host)) && len(d.hosts.fresh) < maxAdmitted {
		d.letIn(k, p, false)
	}
	return runtime.Message{}
}

// full is the message about a host that asks for a translation, x or of a class, and has as many connections as its line allows.
func (d *dynamic) full(r *nft.Request, x *xlate, class uint32, q *queued, now time.Time) runtime.Message {
	p := &q.packet
	if p.Proto == ast.ProtoTCP && r.Nat.Outside {
		if l := d.calledBy(r, q); l.conns > 0 || l.half > 0 {
			k := hostKey{d.plan.Interfaces[r.Out].Name, p.Dst}
			return d.refuses(k, l.kind, l.conns, l.half, l.mapped, r.In, p, nil, now)
		}
	}
	most, half := r.Nat.MaxConns, r.Nat.Embryonic
	if x != nil {
		most, half = x.maxConns, x.halfOpen
	}
	if p.Proto != ast.ProtoTCP || r.Nat.Outside || most == 0 && half == 0 {
		return runtime.Message{}
	}
	var global ast.IP
	if x != nil {
		global = x.mapped
	} else if c := d.pats[class]; c != nil {
		global = d.plan.NAT.Globals[c.Global].First
	}
	return d.refuses(hostKey{d.plan.Interfaces[r.In].Name, p.Src}, "xlate", most, half, global, r.In, p, nil, now)
}

// A calledLine is the line by which a host is called, with its limits.
type calledLine struct {
	kind        string
	mapped      ast.IP
	port        uint16 // that is called
	conns, half int
}

// calledBy is the line by which a packet that waits for outside NAT has come to its destination, which is the real one already. The zero
// calledLine: none with limits has, or it may be one of several, and the limits are asked about when the packet has its translation. The
// lock is held.
func (d *dynamic) calledBy(r *nft.Request, q *queued) (found calledLine) {
	p, origin := &q.packet, q.mark&^d.rules.RequestBits
	if origin&nft.MarkTranslated == 0 {
		return found
	}
	by := nft.TranslatedBy(origin)
	if x := by - len(d.plan.NAT.Statics) - len(d.plan.NAT.Aliases); x >= 0 && x < len(d.rules.Xlates) {
		if m := &d.rules.Xlates[x]; m.RealIf == r.Out {
			if x := d.xlates.byKey[xlateKey{realIf: r.Out, mappedIf: r.In, real: p.Dst, acl: m.ACL}]; x != nil {
				return calledLine{"xlate", x.mapped, p.DstPort, x.maxConns, x.halfOpen}
			}
		}
		return found
	}
	if by >= 0 {
		for i := by; i < len(d.plan.NAT.Statics); i++ {
			s := &d.plan.NAT.Statics[i]
			if s.RealIf == r.Out && s.MappedIf == r.In && s.RealNet().Contains(p.Dst) && (s.Proto == 0 || s.Proto == p.Proto && s.RealPt == p.DstPort) {
				line := calledLine{"static", s.ToMapped(p.Dst), p.DstPort, s.MaxConns, s.Embryonic}
				if s.Proto != 0 {
					line.port = s.MappedPort
				}
				return line
			}
		}
		return found
	}
	for i := range d.rules.Xlates {
		m := &d.rules.Xlates[i]
		if m.Own != "" {
			continue // it would have said so
		}
		if x := d.xlates.byKey[xlateKey{realIf: r.Out, mappedIf: r.In, real: p.Dst, acl: m.ACL}]; x != nil && m.RealIf == r.Out && m.MappedIf == r.In {
			if found != (calledLine{}) {
				return calledLine{}
			}
			found = calledLine{"xlate", x.mapped, p.DstPort, x.maxConns, x.halfOpen}
		}
	}
	return found
}

func (d *dynamic) count(k hostKey) int {
	if h := d.hosts.of[k]; h != nil {
		return h.tcp
	}
	return 0
}

// tooMany is the message about a packet that a rule has refused, because its host has more connections than most.
func (d *dynamic) tooMany(plan *compiler.Plan, in, out int, kind string, most int, p *runtime.Packet) runtime.Message {
	local, at := p.Src, in
	if out >= 0 && plan.Interfaces[in].Level < plan.Interfaces[out].Level {
		local, at = p.Dst, out
	}
	if d == nil {
		return syslog.New(201002, kind, local, 0, most)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	k := hostKey{plan.Interfaces[at].Name, local}
	return syslog.New(201002, kind, d.globalOf(plan, in, out, p, kind, most), d.live.half[k], max(d.count(k), most))
}

// globalOf is the mapped address of the host whose connections are counted, of a packet whose destination is the real one, by a line of a
// kind (static, xlate) with a limit. The lock is held.
func (d *dynamic) globalOf(plan *compiler.Plan, in, out int, p *runtime.Packet, kind string, most int) ast.IP {
	local, port, hi, lo := p.Src, p.SrcPort, in, out
	if out >= 0 && plan.Interfaces[in].Level < plan.Interfaces[out].Level {
		local, port, hi, lo = p.Dst, p.DstPort, out, in
	}
	i := slices.IndexFunc(plan.NAT.Statics, func(s compiler.Static) bool {
		return kind == "static" && s.RealIf == hi && s.MappedIf == lo && s.MaxConns == most && s.RealNet().Contains(local) && (s.Proto == 0 || s.Proto == p.Proto && s.RealPt == port)
	})
	if i >= 0 {
		return plan.NAT.Statics[i].ToMapped(local)
	}
	if plan != d.plan {
		return local
	}
	lines := slices.DeleteFunc(slices.Concat(plan.NAT.Policies, plan.NAT.Nats), func(n compiler.Nat) bool {
		return n.If != hi || n.Outside || n.MaxConns != most || !translates(plan, &n, local)
	})
	for i := range lines {
		if x := d.xlates.byKey[xlateKey{realIf: hi, mappedIf: lo, real: local, acl: lines[i].ACL}]; x != nil {
			return x.mapped
		}
	}
	for i := range lines {
		g := slices.IndexFunc(plan.NAT.Globals, func(g compiler.Global) bool { return g.PAT && g.If == lo && g.ID == lines[i].ID })
		if g >= 0 && lines[i].ID != 0 {
			return plan.NAT.Globals[g].First
		}
	}
	return local
}

// translates reports whether a nat line may be about a host.
func translates(plan *compiler.Plan, n *compiler.Nat, host ast.IP) bool {
	if n.ACL == compiler.None {
		return n.Net.Contains(host)
	}
	return slices.ContainsFunc(plan.ACLs[n.ACL].Entries, func(e compiler.ACE) bool {
		return e.Permit && slices.ContainsFunc(e.Src, func(s ast.Net) bool { return s.Contains(host) })
	})
}
