package emulator

import (
	"cmp"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// sortedConns lists the connections, oldest first.
func (e *Engine) sortedConns() []*conn {
	list := make([]*conn, 0, e.connCount)
	for c := range e.conns.all {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *conn) int { return cmp.Compare(a.number, b.number) })
	return list
}

// Conns is a snapshot of the connections, oldest first.
func (e *Engine) Conns() runtime.ConnTable {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	t := runtime.ConnTable{MostUsed: e.connMost}
	for _, c := range e.sortedConns() {
		hi, lo := &c.key[c.hi], &c.key[1-c.hi]
		t.Conns = append(t.Conns, runtime.Conn{
			Proto: c.proto, OutIf: int(lo.in), InIf: int(hi.in),
			Foreign: lo.src, ForeignPort: lo.sport, Local: hi.src, LocalPort: hi.sport,
			Global: lo.dst, GlobalPort: lo.dport, ForeignMapped: hi.dst, ForeignMappedPort: hi.dport,
			Idle: e.now - c.used, Bytes: c.bytes, Flags: c.flags(), Inbound: c.inbound, User: c.name,
		})
	}
	return t
}

func (e *Engine) sortedXlates() []*xlate {
	list := make([]*xlate, 0, len(e.xlates.byMapped))
	for _, x := range e.xlates.byReal {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *xlate) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// Xlates is a snapshot of the translations: statics in configuration order, then the dynamic ones, oldest first.
func (e *Engine) Xlates() runtime.XlateTable {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	t := runtime.XlateTable{MostUsed: e.xlates.most}
	if e.plan == nil {
		return t
	}
	conns := e.sortedConns()
	for i := range e.plan.NAT.Statics {
		s := &e.plan.NAT.Statics[i]
		x := runtime.Xlate{RealIf: s.RealIf, MappedIf: s.MappedIf, Real: s.Real, Mapped: s.Mapped, Proto: s.Proto,
			RealPort: s.RealPt, MappedPort: s.MappedPort, Static: true, Identity: s.Real == s.Mapped && s.Proto == 0}
		for _, c := range conns {
			hi, lo := &c.key[c.hi], &c.key[1-c.hi]
			if c.xl == nil && int(hi.in) == s.RealIf && int(lo.in) == s.MappedIf && s.RealNet().Contains(hi.src) && lo.dst == s.ToMapped(hi.src) &&
				(s.Proto == 0 || s.Proto == c.proto && hi.sport == s.RealPt && lo.dport == s.MappedPort) {
				x.Conns++
			}
		}
		t.Xlates = append(t.Xlates, x)
	}
	t.MostUsed += len(e.plan.NAT.Statics)
	for _, x := range e.sortedXlates() {
		idle := e.now - x.used
		if x.conns > 0 {
			idle = 0
		}
		t.Xlates = append(t.Xlates, runtime.Xlate{RealIf: x.realIf, MappedIf: x.mappedIf, Real: x.real, Mapped: x.mapped,
			Proto: x.proto, RealPort: x.realPort, MappedPort: x.mappedPort, Identity: x.identity,
			Idle: idle, Timeout: x.timeout(e), Conns: x.conns})
	}
	return t
}

func (e *Engine) sortedUsers() []*user {
	var list []*user
	for _, u := range e.users {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *user) int {
		return cmp.Or(cmp.Compare(a.key.ip, b.key.ip), cmp.Compare(a.key.in, b.key.in))
	})
	return list
}

// Users is a snapshot of the uauth cache, by address.
func (e *Engine) Users() runtime.UserTable {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	t := runtime.UserTable{MostSeen: e.userMost, InProgress: len(e.logins), MostInProgress: e.loginMost}
	for _, u := range e.sortedUsers() {
		x := runtime.User{If: u.key.in, Addr: u.key.ip, Name: u.name, IPsec: u.ipsec, ACL: e.listName(u), Since: e.start.Add(u.since)}
		if !u.ipsec {
			x.Absolute, x.Inactivity = e.plan.UAuth.Absolute, e.plan.UAuth.Inactivity
		}
		t.Users = append(t.Users, x)
	}
	return t
}

// HitCount is how many evaluations an entry has decided.
func (e *Engine) HitCount(acl, entry int) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if acl == compiler.ConduitList && entry >= 0 && entry < len(e.passes) {
		return e.passes[entry]
	}
	if acl < 0 || acl >= len(e.hits) || entry < 0 || entry >= len(e.hits[acl]) {
		return 0
	}
	return e.hits[acl][entry]
}

// InterfaceCounters counts the packets of an interface.
func (e *Engine) InterfaceCounters(i int) runtime.Counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i < 0 || i >= len(e.counters) {
		return runtime.Counters{}
	}
	return e.counters[i]
}

// ClearXlates deletes dynamic translations, and their connections first.
func (e *Engine) ClearXlates(filter runtime.XlateFilter) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	hit := make(map[*xlate]bool)
	var list []*xlate
	for _, x := range e.sortedXlates() {
		if (filter.Mapped == 0 || filter.Mapped == x.mapped) && (filter.Real == 0 || filter.Real == x.real) &&
			(filter.If == "" || filter.If == e.ifName(x.realIf) || filter.If == e.ifName(x.mappedIf)) {
			hit[x] = true
			list = append(list, x)
		}
	}
	for _, c := range e.sortedConns() {
		if hit[c.xl] || hit[c.outer] {
			e.teardown(c, "Xlate Clear")
		}
	}
	for _, x := range list {
		e.dropXlate(x)
	}
	return nil
}

// ClearHost is that of runtime.HostClearer.
func (e *Engine) ClearHost(ip ast.IP) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	for _, c := range e.sortedConns() {
		if c.key[0].src == ip || c.key[1].src == ip {
			e.teardown(c, "Xlate Clear")
		}
	}
	for _, x := range e.sortedXlates() {
		if x.real == ip {
			e.dropXlate(x)
		}
	}
	return nil
}

// LogFlows is that of runtime.FlowLogger.
func (e *Engine) LogFlows() (total, denied int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	permitted, denied := e.logged.Len()
	return permitted + denied, denied
}

// ClearConns ends all connections.
func (e *Engine) ClearConns() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	for _, c := range e.sortedConns() {
		e.teardown(c, "Xlate Clear")
	}
	return nil
}

// ClearUsers deletes users from the uauth cache. A client with an access list of his own stays: without it he might do more.
func (e *Engine) ClearUsers(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	for _, u := range e.sortedUsers() {
		if (name == "" || name == u.name) && !(u.ipsec && u.acl != compiler.None) {
			e.dropUser(u)
		}
	}
	return nil
}

// ClearHitCounts zeroes the counters of a list, or of all.
func (e *Engine) ClearHitCounts(acl int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.hits {
		if acl == compiler.None || acl == i {
			clear(e.hits[i])
		}
	}
	if acl == compiler.None || acl == compiler.ConduitList {
		clear(e.passes)
	}
	return nil
}
