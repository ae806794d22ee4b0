package kernel

import (
	"errors"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A conn is a connection that conntrack has told of, with what its end has to say. Flows of protocols without ports are kept
// too, because they hold their translations; no message speaks of them.
type conn struct {
	id     uint32 // of conntrack
	about  syslog.Connection
	xlates [2]*xlate
	born   time.Time
	reason string // where it is known before the end
	report string // tag of the group that has its accounting; empty: none has, or it has been told of the end
	pairs  []pairKey
	pat    *patService // it takes a port to; nil: none
	half   hostKey     // while it is half open, and its host has a limit
	link   hostLink
	looked *looked // what inspections remember; nil: nothing yet
	doors  []doorKey
	opened []tuple // it has opened doors: as both sides are known to the other, in d.live.openers
	child  bool    // an inspection has expected it
}

func ported(proto uint8) bool { return proto == ast.ProtoTCP || proto == ast.ProtoUDP }

// event is one of conntrack: a connection has begun, or ended.
func (d *dynamic) event(f *flow, ended bool) {
	d.mu.Lock()
	var log []runtime.Message
	var first *visit
	var of *runtime.Packet
	if d.plan != nil {
		if ended {
			log = d.endConn(f)
		} else {
			log = d.newConn(f)
			first, of = d.begun(f)
		}
	}
	d.mu.Unlock()
	if d.observe != nil {
		d.observe(Observation{If: compiler.None, Reason: Connection, Packet: f.orig.packet(), Back: f.reply.packet(), Messages: log})
	}
	d.emit(log)
	if first != nil {
		first.tell(d, f, of)
	}
}

// newConn enters a flow. The lock is held.
func (d *dynamic) newConn(f *flow) (log []runtime.Message) {
	if id, ended := d.gone[f.orig]; ended && id == f.id {
		return nil
	}
	if old := d.conns[f.orig]; old != nil {
		if old.id == f.id {
			return nil
		}
		log = d.drop(f.orig, old, nil) // its end was lost
	}
	a, b := between(d.plan, d.rules, d.live.clients, f)
	about, ok := describe(d.plan, a, b, f)
	if parent := d.conns[f.master]; ok && parent != nil {
		about.Inbound = parent.about.Inbound // a child has the direction of its parent (semantics.md 2.7)
	}
	var door *door
	if ok {
		if door = d.comesIn(a, f); door != nil {
			about.Inbound = door.inbound
		}
	}
	if !ok || f.class() == nft.MarkLogin {
		return log // a user who logs in talks to the firewall
	}
	if len(d.conns) >= d.bounds.Conns {
		d.bounds.short(fullConns, 1)
		return log
	}
	u := d.live.users[userKey{d.plan.Interfaces[a].Name, f.orig.src}]
	if u != nil {
		about.User = u.name
	}
	now := d.clock.Now()
	c := &conn{id: f.id, about: about, born: now, child: door != nil}
	var fresh *xlate
	if len(d.grants.fresh)+len(d.grants.older) > 0 {
		d.told(tuple{f.orig.proto, f.orig.src, f.reply.src, f.orig.sport, f.reply.sport})
	}
	c.xlates, fresh = d.translations(f, a, b)
	if fresh != nil {
		d.xlates.add(fresh, now)
		d.spends(fresh)
		log = append(log, fresh.built(d.plan))
	}
	for _, x := range c.xlates {
		if x != nil {
			x.conns++
		}
	}
	if x := c.xlates[0]; x != nil && x.isPAT {
		if k, ok := patServiceOf(f); ok {
			c.pat = &k
			d.services.add(k, 1)
			d.serves(k)
		}
	}
	d.conns[f.orig] = c
	if !steady(f.orig.proto) {
		d.lively++
	}
	d.joinHost(c, f)
	d.comesBack(c, true)
	d.beginsHalf(c, f)
	if ported(f.orig.proto) {
		d.number++
		c.about.Number = d.number
		d.ported++
		d.most = max(d.most, d.ported)
		log = append(log, syslog.Built(&c.about))
		if u != nil {
			d.reportStart(c, u, f)
		}
	}
	return log
}

// translations are those that a flow uses: of its source, and of its destination. fresh is one of
// a port that is not in the table yet.
func (d *dynamic) translations(f *flow, a, b int) (used [2]*xlate, fresh *xlate) {
	if b != compiler.None {
		if x := d.xlates.byMapped[mappedKey{b, f.reply.dst}]; x != nil && x.key.real == f.orig.src {
			used[0] = x
		}
	}
	if m := d.ports[f.class()]; m != nil && used[0] == nil {
		used[0] = d.xlates.byKey[xlateKey{realIf: m.RealIf, mappedIf: m.MappedIf, real: f.orig.src, acl: m.ACL, proto: f.orig.proto, port: f.orig.sport,
			mapped: f.reply.dst, mappedPort: f.reply.dport}]
	}
	if p := d.pats[f.class()]; p != nil && used[0] == nil && d.plan.NAT.Globals[p.Global].First == f.reply.dst {
		g := &d.plan.NAT.Globals[p.Global]
		k := xlateKey{realIf: a, mappedIf: g.If, real: f.orig.src, acl: p.ACL, proto: f.orig.proto, port: f.orig.sport,
			mapped: f.reply.dst, mappedPort: f.reply.dport}
		used[0] = d.xlates.byKey[k]
		switch {
		case used[0] != nil || a == compiler.None:
		case len(d.xlates.list)-d.xlates.hosts >= d.bounds.Ports:
			d.bounds.short(fullPorts, 1)
		default:
			fresh = &xlate{key: k, mapped: f.reply.dst, pat: f.reply.dport, isPAT: true}
			if n := natOf(d.plan, g, &k); n != nil {
				fresh.maxConns, fresh.halfOpen = n.MaxConns, n.Embryonic
			}
			used[0] = fresh
		}
	}
	if a != compiler.None {
		if x := d.xlates.byMapped[mappedKey{a, f.orig.dst}]; x != nil && x.key.real == f.reply.src && x != used[0] {
			used[1] = x
		}
	}
	return used, fresh
}

// natOf is the line that translates to a PAT address; nil: there is none any more.
func natOf(plan *compiler.Plan, g *compiler.Global, k *xlateKey) (best *compiler.Nat) {
	list := plan.NAT.Nats
	if k.acl != compiler.None {
		list = plan.NAT.Policies
	}
	for i := range list {
		n := &list[i]
		if n.If != k.realIf || n.ID != g.ID || n.ACL != k.acl {
			continue
		}
		if k.acl != compiler.None {
			return n
		}
		if n.Net.Contains(k.real) && (best == nil || n.Net.Mask > best.Net.Mask) {
			best = n
		}
	}
	return best
}

// between are the interfaces that the first packet of a flow came from and left by: as its mark says, else where routes lead.
func between(plan *compiler.Plan, rules *nft.Ruleset, clients map[ast.IP]string, f *flow) (in, out int) {
	in, out = behind(plan, clients, f.orig.src), behind(plan, clients, f.reply.src)
	n, m := nft.Ends(f.mark)
	for i, number := range rules.Numbers {
		if number == n {
			in = i
		}
		if number == m {
			out = i
		}
	}
	return in, out
}

// describe is a flow from interface a to b as messages speak of it: the lower interface first, whatever the direction.
func describe(plan *compiler.Plan, a, b int, f *flow) (syslog.Connection, bool) {
	// On its own interface the initiator is the source of the first direction, the responder that of the reply.
	if a == compiler.None || b == compiler.None {
		return syslog.Connection{}, false
	}
	ia, ib := &plan.Interfaces[a], &plan.Interfaces[b]
	from := syslog.End{If: ia.Name, IP: f.orig.src, Port: f.orig.sport}
	fromSeen := syslog.End{IP: f.reply.dst, Port: f.reply.dport}
	to := syslog.End{If: ib.Name, IP: f.reply.src, Port: f.reply.sport}
	toSeen := syslog.End{IP: f.orig.dst, Port: f.orig.dport}
	c := syslog.Connection{Proto: f.orig.proto, Inbound: ia.Level < ib.Level}
	if c.Inbound {
		c.Foreign, c.ForeignMapped, c.Local, c.Global = from, fromSeen, to, toSeen
	} else {
		c.Foreign, c.ForeignMapped, c.Local, c.Global = to, toSeen, from, fromSeen
	}
	return c, true
}

// endConn removes a flow. The lock is held.
func (d *dynamic) endConn(f *flow) []runtime.Message {
	if d.gone[f.orig] == f.id {
		delete(d.gone, f.orig)
	}
	c := d.conns[f.orig]
	if c == nil || c.id != f.id {
		return nil
	}
	return d.drop(f.orig, c, f)
}

// drop removes a connection. last is what conntrack said at its end; nil: that is not known. The lock is held.
func (d *dynamic) drop(k tuple, c *conn, last *flow) []runtime.Message {
	delete(d.conns, k)
	if c.pat != nil {
		d.services.add(*c.pat, -1)
	}
	if !steady(k.proto) {
		d.lively--
	}
	d.endsHalf(c)
	d.partHost(c)
	d.partUser(c)
	d.comesBack(c, false)
	d.shut(c.doors)
	for _, k := range c.opened {
		if d.live.openers[k] == c {
			delete(d.live.openers, k)
		}
	}
	now := d.clock.Now()
	for _, x := range c.xlates {
		if x != nil {
			x.conns--
			x.used = now
		}
	}
	if !ported(k.proto) {
		return nil
	}
	d.ported--
	lived, bytes, reason := now.Sub(c.born), uint64(0), "Unknown"
	if last != nil {
		bytes = last.payload()
		if last.start > 0 && last.stop > last.start {
			lived = time.Duration(last.stop - last.start)
		}
		if k.proto == ast.ProtoTCP && last.hasState {
			reason = whyEnded(c, last)
		}
	}
	if c.reason != "" {
		reason = c.reason
	}
	if c.report != "" {
		d.reportStop(k, c, last, lived)
	}
	return []runtime.Message{syslog.Teardown(&c.about, max(lived, 0), bytes, reason)}
}

// States of TCP in conntrack.
const (
	tcpSynSent     = 1
	tcpSynRecv     = 2
	tcpEstablished = 3
	tcpFinWait     = 4
	tcpCloseWait   = 5
	tcpLastAck     = 6
	tcpTimeWait    = 7
	tcpClose       = 8
	tcpSynSent2    = 9
)

// whyEnded tells from the last state why a connection ended (semantics.md 1.2).
func whyEnded(c *conn, f *flow) string {
	switch f.state {
	case tcpSynSent, tcpSynRecv, tcpSynSent2:
		return "SYN Timeout"
	case tcpEstablished:
		return "Conn-timeout"
	case tcpTimeWait:
		return "TCP FINs"
	case tcpClose:
		// The initiator is the higher side of an outbound connection. A reset that is the only answer leaves no mark.
		if byInitiator := f.mark&nft.MarkReset != 0; byInitiator != c.about.Inbound {
			return "TCP Reset-I"
		}
		return "TCP Reset-O"
	}
	return "FIN Timeout"
}

// compare puts the table right by a dump. The lock is held.
func (d *dynamic) compare(list []flow, seen map[tuple]bool) (log []runtime.Message) {
	for k, c := range d.conns {
		if !seen[k] {
			log = append(log, d.drop(k, c, nil)...)
		}
	}
	clear(d.gone) // their last events may be among those that were lost
	for i := range list {
		log = append(log, d.adopt(&list[i])...)
		log = append(log, d.newConn(&list[i])...)
	}
	return log
}

// recover reads the connections that are there. The lock is held.
func (d *dynamic) recover() ([]runtime.Message, error) {
	seen := map[tuple]bool{}
	var list []flow
	err := d.ns.flows(func(f *flow) {
		seen[f.orig] = true
		list = append(list, *f)
	})
	if err != nil {
		return nil, err
	}
	return d.compare(list, seen), nil
}

// adopt makes the translation of a flow that is older than the table: the daemon was away, and its address must not be
// given to another host.
func (d *dynamic) adopt(f *flow) []runtime.Message {
	real, mapped := f.orig.src, f.reply.dst
	r := d.plan.Lookup(real)
	if r == nil || d.conns[f.orig] != nil || real == mapped {
		return nil
	}
	out := d.plan.Lookup(f.reply.src)
	for i := range d.rules.Requests {
		q := &d.rules.Requests[i]
		if q.In != r.If || out == nil || q.Out != out.If || q.Nat.ACL != compiler.None || !q.Nat.Net.Contains(real) {
			continue
		}
		for _, g := range q.Pools {
			if p := &d.plan.NAT.Globals[g]; mapped < p.First || mapped > p.Last || reserved(d.plan, p, mapped) {
				continue
			}
			k := xlateKey{realIf: q.In, mappedIf: q.Out, real: real, acl: compiler.None}
			if d.xlates.byKey[k] != nil || d.xlates.byMapped[mappedKey{q.Out, mapped}] != nil || d.xlates.hosts >= d.bounds.Xlates {
				return nil
			}
			x := &xlate{key: k, mapped: mapped, maxConns: q.Nat.MaxConns, halfOpen: q.Nat.Embryonic, dns: q.Nat.DNS}
			var c changes
			c.put(&d.rules.Xlates[q.Map], x)
			if d.commit(&c) != nil {
				return nil
			}
			d.xlates.add(x, d.clock.Now())
			return []runtime.Message{x.built(d.plan)}
		}
	}
	return nil
}

// onlyAnswers stands for a map of translations where none is asked.
const onlyAnswers = -2

// calledAs is the address on an interface to which a packet was sent that has arrived there, and is for a host with a live translation by now.
func (d *dynamic) calledAs(in, by int, p *runtime.Packet) (ast.IP, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mappedOf(in, by, p)
}

// mappedOf is that of calledAs: of a PAT address what answers to it, by the connection that it answers; else that of the host. The lock is held.
func (d *dynamic) mappedOf(in, by int, p *runtime.Packet) (ast.IP, bool) {
	k := answered(p)
	if c := d.conns[k]; c != nil && c.xlates[0] != nil && c.xlates[0].key.mappedIf == in {
		return c.xlates[0].mapped, true
	}
	if k != (tuple{}) { // whose destination was translated, so that the answer names another than the host has called
		for i := range d.plan.Interfaces {
			for _, c := range d.rules.PATs {
				if ip := d.xlates.ports.holds[patHolder{i, in, k.src, c.ACL, k.proto, k.sport}]; ip != 0 {
					return ip, true
				}
			}
		}
	}
	if by == onlyAnswers {
		return 0, false
	}
	if by >= 0 && by < len(d.rules.Xlates) {
		m := &d.rules.Xlates[by]
		x := d.xlates.byKey[xlateKey{realIf: m.RealIf, mappedIf: in, real: p.Dst, acl: m.ACL}]
		return x.address()
	}
	var found *xlate
	for _, x := range d.xlates.list {
		if x.key.real == p.Dst && x.key.mappedIf == in && !x.isPAT && (found == nil || x.key.acl == compiler.None) {
			found = x
		}
	}
	return found.address()
}

// address is the mapped one; false: there is no translation.
func (x *xlate) address() (ast.IP, bool) {
	if x == nil {
		return 0, false
	}
	return x.mapped, true
}

// answered is the first packet of the connection that an ICMP message to a host is the answer to, as the host has sent it.
func answered(p *runtime.Packet) tuple {
	switch q := p.About; {
	case p.Proto != ast.ProtoICMP:
	case q != nil && q.Proto == ast.ProtoICMP:
		return tuple{q.Proto, q.Src, q.Dst, q.ICMPID, q.ICMPID}
	case q != nil:
		return tuple{q.Proto, q.Src, q.Dst, q.SrcPort, q.DstPort}
	case p.ICMPType == 0:
		return tuple{p.Proto, p.Dst, p.Src, p.ICMPID, p.ICMPID}
	}
	return tuple{}
}

// answersPAT is the translation of a port, or of an ICMP id, that an ICMP message is the answer to which has arrived on an interface.
func (d *dynamic) answersPAT(plan *compiler.Plan, in int, p *runtime.Packet) (real int, ok bool) {
	k := answered(p)
	if d == nil || k == (tuple{}) {
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.xlates.ports.at[patPort{in, p.Dst, k.proto, k.sport}]
	if len(list) == 0 || plan != d.plan {
		return 0, false
	}
	for _, x := range list {
		to := tuple{k.proto, x.key.real, k.dst, x.key.port, k.dport}
		if k.proto == ast.ProtoICMP {
			to.dport = x.key.port
		}
		if d.conns[to] != nil {
			return x.key.realIf, true
		}
	}
	return list[0].key.realIf, true
}

// realIf is the interface of the host that is seen as ip on interface in.
func (d *dynamic) realIf(plan *compiler.Plan, in int, ip ast.IP) (int, bool) {
	if d == nil {
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if x := d.xlates.byMapped[mappedKey{in, ip}]; x != nil && plan == d.plan {
		return x.key.realIf, true
	}
	if d.live.clients[ip] != "" && plan == d.plan {
		return d.behind(ip), true
	}
	return 0, false
}

func (d *dynamic) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	errs := []error{d.bounds.queue.close(), d.bounds.track.close()}
	if d.tx != nil {
		errs = append(errs, d.tx.close())
	}
	d.ctMu.Lock()
	defer d.ctMu.Unlock()
	if d.ct != nil {
		errs = append(errs, d.ct.close())
	}
	return errors.Join(errs...)
}
