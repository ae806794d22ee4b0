package kernel

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/acelog"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// dynamic keeps what comes and goes with packets: translations, which it allocates and puts into the kernel's maps, and
// connections, which it is told of. Its lock is taken after that of the engine; nothing is emitted under it.
type dynamic struct {
	clock runtime.Clock
	ns    *space
	emit  func([]runtime.Message)

	observe func(Observation) // nil: nobody looks
	account func(Use)         // nil: nobody keeps accounts

	mu        sync.Mutex
	plan      *compiler.Plan
	rules     *nft.Ruleset
	requests  map[uint32]*nft.Request
	pats      map[uint32]*nft.PATClass
	ports     map[uint32]*nft.PortMap
	xlates    xlateTable
	live      live
	fragments fragments
	hosts     hosts
	entries   acelog.Table // packets that access list entries with `log` have decided; times count from began
	began     time.Time
	bounds    bounds
	services  patServices // of the connections through ports
	grants    patGrants
	busy      busyPATs
	looks     []inspect.Ports  // the inspections of the plan
	looksFrom time.Time        // connections that are older began unseen
	unseen    map[tuple]*early // first packets of connections that are not told of yet, by what answers them
	conns     map[tuple]*conn
	gone      map[tuple]uint32 // connections that were ended here, by id, until their last event
	number    uint64           // of the newest connection
	ported    int              // connections of TCP and UDP
	lively    int              // connections that may end sooner than they seemed to: see steady
	due       time.Time        // before then none of the others ends by itself
	most      int
	resync    int     // dumps that are to be compared with the table: events were lost
	tx        *socket // for transactions; nil until it is needed

	ctMu sync.Mutex // of ct alone
	ct   *socket    // to conntrack; nil until it is needed
}

func newDynamic(ns *space, clock runtime.Clock, emit func([]runtime.Message)) *dynamic {
	return &dynamic{clock: clock, began: clock.Now(), ns: ns, emit: emit, xlates: newXlateTable(), live: newLive(), hosts: newHosts(), bounds: bounds{Limits: DefaultLimits, note: func(string) {}}, services: patServices{}, grants: newPATGrants(), busy: newBusyPATs(), unseen: map[tuple]*early{}, conns: map[tuple]*conn{}, gone: map[tuple]uint32{}}
}

// use makes a plan and its ruleset the ones in force. The lock is held.
func (d *dynamic) use(plan *compiler.Plan, rules *nft.Ruleset) {
	if old := d.plan; old != nil {
		d.entries.Renumber(func(in int) int { return plan.IfByName(old.Interfaces[in].Name) })
	}
	d.plan, d.rules = plan, rules
	d.useInspections(plan)
	d.live.calls = map[tuple]answeredCall{}
	d.requests, d.pats = map[uint32]*nft.Request{}, map[uint32]*nft.PATClass{}
	for i := range rules.Requests {
		d.requests[rules.Requests[i].Mark] = &rules.Requests[i]
	}
	for i := range rules.PATs {
		d.pats[rules.PATs[i].Class] = &rules.PATs[i]
	}
	d.ports = map[uint32]*nft.PortMap{}
	for i := range rules.Ports {
		d.ports[rules.Ports[i].Class] = &rules.Ports[i]
	}
}

// changes are elements that one transaction adds and removes.
type changes struct {
	add, del map[string][][2]ast.IP
	comments map[string]map[ast.IP]string // of elements that are added
	ports    []portChange
	lists    []listChange   // in this order
	members  []memberChange // likewise
	calls    []callChange   // likewise
}

func (c *changes) put(m *nft.XlateMap, x *xlate) {
	if c.add == nil {
		c.add = map[string][][2]ast.IP{}
	}
	c.add[m.Name] = append(c.add[m.Name], [2]ast.IP{x.key.real, x.mapped})
	if text := x.terms().String(); text != "" {
		if c.comments == nil {
			c.comments = map[string]map[ast.IP]string{}
		}
		if c.comments[m.Name] == nil {
			c.comments[m.Name] = map[ast.IP]string{}
		}
		c.comments[m.Name][x.key.real] = text
	}
	if x.mapped == m.Box {
		return
	}
	c.add[m.Un] = append(c.add[m.Un], [2]ast.IP{x.mapped, x.key.real})
	if m.Own != "" {
		c.add[m.Own] = append(c.add[m.Own], [2]ast.IP{x.mapped, x.key.real})
	}
}

func (c *changes) take(m *nft.XlateMap, x *xlate) {
	if c.del == nil {
		c.del = map[string][][2]ast.IP{}
	}
	c.del[m.Name] = append(c.del[m.Name], [2]ast.IP{x.key.real, x.mapped})
	if x.mapped == m.Box {
		return
	}
	c.del[m.Un] = append(c.del[m.Un], [2]ast.IP{x.mapped, x.key.real})
	if m.Own != "" {
		c.del[m.Own] = append(c.del[m.Own], [2]ast.IP{x.mapped, x.key.real})
	}
}

// A portChange is one of a map of translations of ports.
type portChange struct {
	del  bool
	set  string
	pair nft.PortPair
}

// change puts a translation into the maps of the kernel that it belongs to, or takes it out. The lock is held.
func (d *dynamic) change(c *changes, del bool, x *xlate) {
	if m := d.xlates.portMapOf(d.rules, x); m != nil {
		c.ports = append(c.ports, portChange{del, m.Name, x.pair()})
	}
	switch m := mapOf(d.rules, x); {
	case m == nil:
	case del:
		c.take(m, x)
	default:
		c.put(m, x)
	}
}

// commit sends changes as one transaction. The lock is held.
func (d *dynamic) commit(c *changes) error {
	var b nft.Batch
	for name, pairs := range c.del {
		b.Messages = append(b.Messages, nft.Change(true, name, pairs, nil)...)
	}
	for name, pairs := range c.add {
		b.Messages = append(b.Messages, nft.Change(false, name, pairs, c.comments[name])...)
	}
	for _, p := range c.ports {
		b.Messages = append(b.Messages, nft.ChangePorts(p.del, p.set, []nft.PortPair{p.pair})...)
	}
	for _, l := range c.lists {
		b.Messages = append(b.Messages, nft.ChangeList(l.del, l.set, l.ip, l.chain))
	}
	for _, m := range c.members {
		b.Messages = append(b.Messages, nft.ChangeMembers(m.del, m.set, m.kind, m.members)...)
	}
	for from, to := 0, 0; from < len(c.calls); from = to {
		var list []nft.Call
		first := &c.calls[from]
		for to = from; to < len(c.calls) && c.calls[to].del == first.del && c.calls[to].waits == first.waits; to++ {
			list = append(list, c.calls[to].call)
		}
		b.Messages = append(b.Messages, nft.ChangeCalls(first.del, first.waits, list)...)
	}
	if len(b.Messages) == 0 {
		return nil
	}
	if d.tx == nil {
		tx, err := d.ns.openBatches(8<<20, 8<<20)
		if err != nil {
			return err
		}
		d.tx = tx
	}
	if err := d.tx.transact(&b, b.Datagram()); err != nil {
		// Each message of a batch that fails has an answer of its own: the next transaction must not read them.
		err = errors.Join(fmt.Errorf("translations: %w", err), d.tx.close())
		d.tx = nil
		return err
	}
	return nil
}

// answer decides about first packets of hosts: it allocates, tells the kernel in one transaction, and then lets them go on.
func (d *dynamic) answer(batch []queued) []answer {
	out := make([]answer, len(batch))
	var log []runtime.Message
	d.mu.Lock()
	now := d.clock.Now()
	var c changes
	var fresh, revived []*xlate
	var made []runtime.Message
	needs := make([]*xlate, len(batch))
	said := make([][]runtime.Message, len(batch))
	audited := make([]bool, len(batch))
	for i := range batch {
		q, a := &batch[i], &out[i]
		a.id = q.id
		if q.mark == nft.MarkFragment {
			dropped, reset, msg := d.look(q, d.fragments.on(q.indev))
			if dropped {
				audited[i] = true
				*a = reset
				a.accept, a.repeat = reset.repeat, false // to the chain where it is answered, which comes next
			} else {
				var more []runtime.Message
				a.accept, more = d.fragments.take(q, now)
				msg = append(msg, more...)
			}
			log = append(log, msg...)
			said[i] = msg
			continue
		}
		if l, class := d.limitOf(q.mark); l != nil && q.ok {
			var msg runtime.Message
			if a.accept, msg = d.admit(l, class, q, now); a.accept {
				a.mark = q.mark | nft.MarkAdmitted
			} else if msg.ID != 0 {
				if msg.ID == 201003 && d.answerFor(d.held(l, class, &q.packet), &q.packet, &c) {
					a.accept, a.mark = true, q.mark|nft.MarkAnswered
				}
				log = append(log, msg)
				said[i] = []runtime.Message{msg}
			}
			continue
		}
		r := d.requestOf(q.mark)
		if r == nil || !q.ok {
			continue
		}
		var m *nft.XlateMap
		var x *xlate
		k := xlateKey{realIf: r.In, mappedIf: r.Out, real: q.packet.Src, acl: r.Nat.ACL}
		if r.Map != compiler.None {
			m = &d.rules.Xlates[r.Map]
			x = d.xlates.byKey[k]
		}
		if q.packet.Proto == ast.ProtoTCP && q.packet.Flags&(runtime.SYN|runtime.ACK) == runtime.ACK {
			// Who has been answered has answered.
			made0, msg, ok := d.called(r, q, &c)
			if a.repeat = ok; made0 != nil {
				d.xlates.add(made0, now)
				c.put(m, made0)
				fresh = append(fresh, made0)
				needs[i] = made0
				made = append(made, made0.built(d.plan))
				said[i] = made[len(made)-1:]
			} else if msg.ID != 0 {
				log = append(log, msg)
				said[i] = []runtime.Message{msg}
			}
			continue
		}
		if q.outdev == 0 {
			if msg := d.nowhere(r, x, k, q, now); msg.ID != 0 {
				if msg.ID == 201003 && d.answerFor(d.asking(r, 0, q), &q.packet, &c) {
					a.accept, a.mark = true, nft.MarkLimit|nft.MarkAnswered
				}
				log = append(log, msg)
				said[i] = []runtime.Message{msg}
			}
			continue
		}
		switch {
		case x == nil:
			var msg runtime.Message
			var class uint32
			x, class, msg = d.allocate(r, k, q)
			if full := d.hostFull(r, x, class, q, now); full.ID != 0 {
				if full.ID == 201003 && d.answerFor(d.asking(r, class, q), &q.packet, &c) {
					a.accept, a.mark = true, nft.MarkLimit|nft.MarkAnswered
				}
				x, class, msg = nil, 0, full
			}
			if x == nil {
				if class != 0 {
					d.grant(r, d.plan.NAT.Globals[d.pats[class].Global].First, &q.packet)
					a.mark, a.repeat = class, true
				} else {
					log = append(log, msg)
					said[i] = []runtime.Message{msg}
				}
				continue
			}
			d.xlates.add(x, now)
			c.put(m, x)
			fresh = append(fresh, x)
			made = append(made, x.built(d.plan))
			said[i] = made[len(made)-1:]
		default:
			// What it refuses here is refused with the others that have a translation.
			_ = d.hostFull(r, x, 0, q, now)
		}
		if x.closing {
			x.closing = false
			c.put(m, x)
			revived = append(revived, x)
		}
		x.used = now
		needs[i] = x
		a.mark, a.repeat = m.Class, true
	}
	if err := d.commit(&c); err != nil {
		d.forgetCalls(&c)
		for _, x := range fresh {
			d.xlates.remove(x)
		}
		for _, x := range revived {
			x.closing = true
		}
		for i, x := range needs {
			out[i].repeat = out[i].repeat && x == nil // what asked for an address is dropped, and asks again
			if out[i].mark&nft.MarkMask == nft.MarkLimit && out[i].mark&nft.MarkAnswered != 0 || out[i].repeat && out[i].mark == 0 {
				out[i].accept, out[i].repeat = false, false // no call is known
			}
		}
		made = nil
		for i := range said {
			if batch[i].mark != nft.MarkFragment {
				said[i] = nil
			}
		}
	}
	in := make([]int, len(batch))
	for i := range batch {
		in[i] = compiler.None
		if r := d.requestOf(batch[i].mark); r != nil {
			in[i] = r.In
		} else if batch[i].mark == nft.MarkFragment {
			in[i] = d.fragments.on(batch[i].indev)
		}
	}
	d.mu.Unlock()
	if d.observe != nil {
		for i := range batch {
			reason := Queued
			switch {
			case audited[i]:
				reason = nft.Audited
			case batch[i].mark == nft.MarkFragment:
				reason = Fragment
			}
			d.observe(Observation{If: in[i], Reason: reason, Packet: batch[i].packet, Messages: said[i]})
		}
	}
	d.emit(append(made, log...))
	return out
}

// nowhere is what refuses a packet that asks for a translation and goes to nobody, because its destination is an address of the firewall on
// another interface: it gets none. The zero Message: nothing does.
func (d *dynamic) nowhere(r *nft.Request, x *xlate, k xlateKey, q *queued, now time.Time) runtime.Message {
	class := uint32(0)
	if x == nil {
		var msg runtime.Message
		if x, class, msg = d.allocate(r, k, q); msg.ID != 0 {
			return msg
		}
	}
	return d.full(r, x, class, q, now)
}

// allocate finds an address for a host, or the class of a PAT address for the packet, or says why there is none.
func (d *dynamic) allocate(r *nft.Request, k xlateKey, q *queued) (*xlate, uint32, runtime.Message) {
	p := &q.packet
	full := d.xlates.hosts >= d.bounds.Xlates && (r.Nat.ID == 0 || len(r.Pools) > 0)
	if full {
		d.bounds.short(fullXlates, 1)
	}
	if r.Nat.ID == 0 {
		if full || d.xlates.byMapped[mappedKey{r.Out, p.Src}] != nil {
			return nil, 0, syslog.New(202001)
		}
		return &xlate{key: k, mapped: p.Src, identity: true, maxConns: r.Nat.MaxConns, halfOpen: r.Nat.Embryonic, dns: r.Nat.DNS}, 0, runtime.Message{}
	}
	if class, ok := d.keepsPort(r, p); ok {
		return nil, class, runtime.Message{}
	}
	for _, g := range r.Pools {
		if full {
			break
		}
		if ip, ok := d.xlates.free(d.plan, &d.plan.NAT.Globals[g]); ok {
			return &xlate{key: k, mapped: ip, maxConns: r.Nat.MaxConns, halfOpen: r.Nat.Embryonic, dns: r.Nat.DNS}, 0, runtime.Message{}
		}
	}
	switch {
	case len(r.PATs) == 0:
		return nil, 0, syslog.New(202001)
	case !byPort(p):
		wire := onWire(d.plan, r.In, q.mark&^d.rules.RequestBits, *p, d.mappedOf)
		f := syslog.FlowOf(&wire, d.plan.Interfaces[r.In].Name, d.plan.Interfaces[r.Out].Name)
		return nil, 0, syslog.New(305006, "regular", f)
	}
	// The first address serves that has a port of the class left.
	for _, k := range r.PATs {
		c := &d.rules.PATs[k]
		if g := &d.plan.NAT.Globals[c.Global]; d.xlates.ports.serves(d.services, r, p, g.First) {
			return nil, c.Class, runtime.Message{}
		}
	}
	return nil, 0, syslog.New(202001)
}

// tick ends what has been idle for its time, reads the connections, and puts right what lost events have made wrong.
func (d *dynamic) tick() error {
	d.mu.Lock()
	if d.plan == nil {
		d.mu.Unlock()
		return nil
	}
	idle := func(x *xlate) bool {
		t := x.timeout(d.plan)
		return !x.closing && x.conns == 0 && t > 0 && d.clock.Now().Sub(x.used) >= t
	}
	var closing []*xlate
	err := d.refresh(idle)
	if err == nil {
		closing, err = d.expire(idle)
	}
	d.hostsTick()
	d.callsTick()
	var log []runtime.Message
	d.entries.Expire(d.clock.Now().Sub(d.began), func(m runtime.Message) { log = append(log, m) })
	lines, short := d.bounds.tick(d.clock.Now())
	err = errors.Join(err, d.usersTick(), d.pairsTick(), d.doorsTick(), d.halfTick(), d.patTick())
	generation := d.resync > 0
	read := generation || len(closing) > 0 || d.mayEnd()
	if read {
		d.due = time.Now().Add(unread)
	}
	d.mu.Unlock()
	for _, line := range lines {
		d.bounds.note(line)
	}
	d.emit(short)
	if err != nil || !read {
		d.emit(log)
		return err
	}

	var seen map[tuple]bool
	if generation {
		seen = map[tuple]bool{}
	}
	inUse := map[ast.IP]bool{}
	for _, x := range closing {
		inUse[x.mapped] = false
	}
	var list []flow
	began, first := time.Now(), unread
	err = d.ns.flows(func(f *flow) {
		if steady(f.orig.proto) {
			first = min(first, f.timeout)
		}
		if generation {
			seen[f.orig] = true
			list = append(list, *f)
		}
		for _, ip := range [2]ast.IP{f.reply.dst, f.orig.dst} {
			if _, ask := inUse[ip]; ask {
				inUse[ip] = true
			}
		}
	})
	d.mu.Lock()
	if err != nil {
		first = 0
	}
	d.ends(began.Add(first))
	log = append(log, d.settle(closing, func(x *xlate) bool { return err != nil || x.conns > 0 || inUse[x.mapped] })...)
	if generation && err == nil {
		log = append(log, d.compare(list, seen)...)
		d.resync--
	}
	d.mu.Unlock()
	d.emit(log)
	return err
}

// unread is how long connections are not read at most while there are any, whatever their times seem to be: another plan, for one, may
// make them shorter.
const unread = 10 * time.Second

// steady reports whether connections of a protocol live until their time has passed without a packet. Those of others have states, some
// with a short time.
func steady(proto uint8) bool {
	return proto != ast.ProtoTCP && proto != unix.IPPROTO_SCTP && proto != unix.IPPROTO_DCCP
}

// mayEnd reports whether a connection may have ended of which the kernel will only tell when the table is read: it looks for those whose
// time is over when it comes across them, and to go through its table costs it milliseconds, however few there are. The lock is held.
func (d *dynamic) mayEnd() bool {
	return d.lively > 0 || len(d.conns) > 0 && !time.Now().Before(d.due)
}

// ends notes when a steady connection ends unless it has a packet. The lock is held.
func (d *dynamic) ends(at time.Time) {
	if at.Before(d.due) {
		d.due = at
	}
}

// expire takes translations out of the kernel, so that no connection can begin with them. The lock is held.
func (d *dynamic) expire(over func(*xlate) bool) ([]*xlate, error) {
	var c changes
	var out []*xlate
	for _, x := range d.xlates.list {
		if x.closing || !over(x) {
			continue
		}
		d.change(&c, true, x)
		out = append(out, x)
	}
	if err := d.commit(&c); err != nil {
		return nil, err
	}
	for _, x := range out {
		x.closing = true
	}
	return out, nil
}

// settle frees the translations that expire took out, but those that are used by a connection that began meanwhile. The
// lock is held.
func (d *dynamic) settle(closing []*xlate, used func(*xlate) bool) (log []runtime.Message) {
	now := d.clock.Now()
	var c changes
	for _, x := range closing {
		switch {
		case !x.closing || d.xlates.byKey[x.key] != x: // revived, or gone
		case used(x):
			x.closing, x.used = false, now
			d.change(&c, false, x)
		default:
			d.xlates.remove(x)
			log = append(log, x.teardown(d.plan, now))
		}
	}
	_ = d.commit(&c) // without them the host asks again, and is answered from the table
	return log
}

// idleFor is how long a translation has had no connection.
func (d *dynamic) idleFor(x *xlate, now time.Time) time.Duration {
	if x.conns > 0 {
		return 0
	}
	return max(now.Sub(x.used), 0)
}
