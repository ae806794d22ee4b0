package emulator

import (
	"errors"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/audit"
	"pixfw/runtime/syslog"
)

var errNoPlan = errors.New("no plan to apply")

// Apply puts a plan in force. Interfaces are recognised by name: what lives on one that is gone ends, all else lives on under its
// new number. Hit counts go with the text of their entry in the list of the same name.
func (e *Engine) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if plan == nil {
		return nil, errNoPlan
	}
	if old := e.plan; old != nil {
		e.expire()
		to := make([]int, len(old.Interfaces))
		same := len(old.Interfaces) == len(plan.Interfaces)
		for i := range to {
			to[i] = plan.IfByName(old.Interfaces[i].Name)
			same = same && to[i] == i
		}
		e.forget(plan, to)
		e.forgetLogins()
		next, placed := e.placeLists(plan)
		plan = next
		e.carryCounts(plan, to)
		placed()
		if !same {
			e.renumber(to)
		}
	} else {
		e.counters = make([]runtime.Counters, len(plan.Interfaces))
		e.hits, e.passes = emptyHits(plan), make([]uint64, len(plan.Conduits))
		e.now = e.clock.Now().Sub(e.start)
	}
	e.derive(plan)
	was := e.plan
	e.plan = plan
	e.waiting = append(e.waiting, make([]int, max(len(plan.Interfaces)-len(e.waiting), 0))...)
	e.keepSiblings(len(plan.Established) > 0)
	e.rearm()
	e.warnOverlaps(was)
	return audit.Notes(plan), nil
}

func emptyHits(plan *compiler.Plan) [][]uint64 {
	hits := make([][]uint64, len(plan.ACLs))
	for i := range hits {
		hits[i] = make([]uint64, len(plan.ACLs[i].Entries))
	}
	return hits
}

// warnOverlaps logs statics that an earlier one covers, once, when they appear (semantics.md 3.2).
func (e *Engine) warnOverlaps(was *compiler.Plan) {
	known := make(map[string]bool)
	if was != nil {
		for i := range was.NAT.Statics {
			known[was.NAT.Statics[i].Line.Text()] = true
		}
	}
	statics := e.plan.NAT.Statics
	for i := range statics {
		s := &statics[i]
		if s.Proto != 0 || s.ACL != compiler.None || known[s.Line.Text()] {
			continue
		}
		for j := range statics[:i] {
			t := &statics[j]
			if t.Proto != 0 || t.ACL != compiler.None || t.MappedIf != s.MappedIf {
				continue
			}
			if t.MappedNet().Overlaps(s.MappedNet()) || t.RealIf == s.RealIf && t.RealNet().Overlaps(s.RealNet()) {
				e.emit(syslog.New(308002, s.Mapped, s.Real, s.Mask, t.Mapped, t.Real))
				break
			}
		}
	}
}

// forget ends the state of interfaces that the new plan does not have (to is None), and IPsec state of interfaces that lose
// their crypto map. The old plan is still in force, for the texts.
func (e *Engine) forget(plan *compiler.Plan, to []int) {
	for _, c := range e.sortedConns() {
		if to[c.key[0].in] == compiler.None || to[c.key[1].in] == compiler.None {
			e.teardown(c, "Unknown")
		}
	}
	for _, x := range e.sortedXlates() {
		if to[x.realIf] == compiler.None || to[x.mappedIf] == compiler.None {
			e.dropXlate(x)
		}
	}
	noMap := func(in int) bool { return to[in] == compiler.None || plan.Interfaces[to[in]].Map == compiler.None }
	e.dropClients(func(c *client) bool { return noMap(c.in) })
	var sas []*sa
	for _, s := range e.sas {
		if !noMap(s.in) {
			sas = append(sas, s)
		}
	}
	e.sas = sas
	for _, u := range e.sortedUsers() {
		if to[u.key.in] == compiler.None {
			e.dropUser(u)
		}
	}
	for k, s := range e.frags {
		if to[k.in] == compiler.None {
			e.dropFragments(s)
		}
	}
	for k, i := range e.intercepts {
		if to[k.in] == compiler.None {
			e.disarm(&i.alarm)
			delete(e.intercepts, k)
		}
	}
	for k, c := range e.children {
		if to[k.in] == compiler.None || to[c.un.out] == compiler.None {
			delete(e.children, k)
		}
	}
}

func (e *Engine) carryCounts(plan *compiler.Plan, to []int) {
	counters := make([]runtime.Counters, len(plan.Interfaces))
	for i, n := range to {
		if n != compiler.None {
			counters[n] = e.counters[i]
		}
	}
	e.counters = counters
	hits := emptyHits(plan)
	for i := range e.plan.ACLs {
		n := plan.ACLByID(e.plan.ACLs[i].ID)
		if n == compiler.None {
			continue
		}
		counts := make(map[string]uint64)
		for j := range e.plan.ACLs[i].Entries {
			if h := e.hits[i][j]; h > 0 {
				counts[e.plan.ACLs[i].Entries[j].Line.Text()] += h
			}
		}
		if len(counts) == 0 {
			continue
		}
		for j := range plan.ACLs[n].Entries {
			t := plan.ACLs[n].Entries[j].Line.Text()
			hits[n][j] = counts[t]
			delete(counts, t)
		}
	}
	e.hits = hits
	e.carryPasses(plan)
}

func (e *Engine) carryPasses(plan *compiler.Plan) {
	counts := make(map[string]uint64, len(e.passes))
	for i, n := range e.passes {
		counts[e.plan.Conduits[i].Line.Text()] += n
	}
	e.passes = make([]uint64, len(plan.Conduits))
	for i := range plan.Conduits {
		t := plan.Conduits[i].Line.Text()
		e.passes[i] = counts[t]
		delete(counts, t)
	}
}

// renumber gives all state the interface numbers of the new plan.
func (e *Engine) renumber(to []int) {
	conns := e.sortedConns()
	e.conns.clear()
	for _, c := range conns {
		c.key[0].in, c.key[1].in = uint16(to[c.key[0].in]), uint16(to[c.key[1].in])
		e.conns.add(c)
	}
	xlates := e.sortedXlates()
	clear(e.xlates.byReal)
	clear(e.xlates.byMapped)
	clear(e.xlates.taken)
	for _, x := range xlates {
		x.realIf, x.mappedIf = to[x.realIf], to[x.mappedIf]
		e.xlates.byReal[x.realKey()], e.xlates.byMapped[x.mappedKey()] = x, x
		e.xlates.take(x)
	}
	hosts := make(map[hostKey]*host, len(e.hosts))
	for k, h := range e.hosts {
		k.in = uint32(to[k.in])
		hosts[k] = h
	}
	e.hosts = hosts
	users := make(map[userKey]*user, len(e.users))
	for k, u := range e.users {
		k.in = to[k.in]
		u.key, users[k] = k, u
	}
	e.users = users
	for _, s := range e.sas {
		s.in = to[s.in]
	}
	for _, c := range e.clients {
		c.in = to[c.in]
	}
	children := make(map[childKey]*child, len(e.children))
	for k, c := range e.children {
		k.in, c.un.out = to[k.in], to[c.un.out]
		children[k] = c
	}
	e.children = children
	intercepts := make(map[flowKey]*intercept, len(e.intercepts))
	for k, i := range e.intercepts {
		k.in = uint16(to[k.in])
		i.key, intercepts[k] = k, i
	}
	e.intercepts = intercepts
	waiting := make([]int, len(e.waiting))
	for i, n := range e.waiting {
		if to[i] != compiler.None {
			waiting[to[i]] = n
		}
	}
	copy(e.waiting, waiting)
	frags := make(map[fragKey]*fragSet, len(e.frags))
	for k, s := range e.frags {
		k.in = to[k.in]
		s.key, frags[k] = k, s
	}
	e.frags = frags
	e.logged.Renumber(func(in int) int { return to[in] })
}

// rearm looks at all deadlines again: the timers may have changed.
func (e *Engine) rearm() {
	for _, c := range e.sortedConns() {
		// The level of an interface may have changed which side is which; names and numbers of the connection stay.
		e.arm(&c.alarm, c)
	}
	for _, x := range e.sortedXlates() {
		e.arm(&x.alarm, x)
	}
	for _, u := range e.sortedUsers() {
		e.arm(&u.alarm, u)
	}
}
