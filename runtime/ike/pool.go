package ike

import (
	"net/netip"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// clients is the table of logins under way and of what clients hold.
type clients struct {
	queries map[uint64]*client // by ID of their Authenticate
	leases  map[netip.Addr]*lease
	low     map[ast.IP]ast.IP // by first address of a pool: no address below is free
}

func newClients() clients {
	return clients{queries: map[uint64]*client{}, leases: map[netip.Addr]*lease{}, low: map[ast.IP]ast.IP{}}
}

// lease is what ClientUp began and ClientDown ends: a client on this box, with its address where it has one. SAs that a client has
// side by side while it renews them share it.
type lease struct {
	id    uint64
	addr  netip.Addr // invalid: none
	user  string
	since time.Time
	refs  int
	up    bool
	told  netip.Addr // what ClientUp has said of addr
}

// PoolInUse is what addresses of a pool clients have, lowest first.
func (m *Machine) PoolInUse(pool int) []netip.Addr {
	if pool < 0 || pool >= len(m.plan.VPN.Pools) {
		return nil
	}
	p := &m.plan.VPN.Pools[pool]
	var out []netip.Addr
	for a := range m.clients.leases {
		if p.Contains(astIP(a)) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// poolOf is the pool of a client: that of its group, else the one for clients of its interface
// (commands-vpn-aaa-show.md 2.7); compiler.None: it has none.
func (m *Machine) poolOf(s *sa) int {
	if g := m.vpnGroup(s); g != nil && g.Pool != compiler.None {
		return g.Pool
	}
	pool := compiler.None
	for i := range m.plan.VPN.ClientPools {
		switch p := &m.plan.VPN.ClientPools[i]; {
		case p.If == s.iface:
			return p.Pool
		case p.If == compiler.None && pool == compiler.None:
			pool = p.Pool
		}
	}
	return pool
}

// giveAddress gives a client the lowest free address of its pool, or the one it has; false: none is free, and the client is
// refused (commands-vpn-aaa-show.md 2.7). A client without a pool has none, which is no failure.
func (m *Machine) giveAddress(c *client) bool {
	if c.lease != nil && c.lease.addr.IsValid() {
		return true
	}
	pool := m.poolOf(c.sa)
	if pool == compiler.None {
		return true
	}
	p := &m.plan.VPN.Pools[pool]
	first := p.First
	if low, ok := m.clients.low[p.First]; ok && low > first {
		first = low
	}
	for ip := first; ip >= p.First && ip <= p.Last; ip++ {
		if a := addrOf(ip); m.clients.leases[a] == nil {
			m.holdLease(c).addr = a
			m.clients.leases[a] = c.lease
			m.clients.low[p.First] = ip + 1
			return true
		}
	}
	m.event(EvNoAddress)
	m.emit(Log{syslog.New(404101, p.Name)})
	m.removeSA(c.sa, "no address is free", true)
	return false
}

// holdLease is the lease of a client; it is made where there is none.
func (m *Machine) holdLease(c *client) *lease {
	if c.lease == nil {
		m.nextID++
		c.lease = &lease{id: m.nextID, user: c.user, since: m.now, refs: 1}
	}
	return c.lease
}

// inheritLease shares the lease of another SA of the same client.
func (m *Machine) inheritLease(c *client) {
	if o := m.heirOf(c.sa); c.lease == nil && o != nil && o.client != nil && o.client.lease != nil {
		c.lease = o.client.lease
		c.lease.refs++
	}
}

// clientUp says that the tunnel of a client may be used; once, or again when it has an address only now, or its user has logged in anew.
func (m *Machine) clientUp(c *client) {
	l := m.holdLease(c)
	switch {
	case l.up && l.told == l.addr:
		if c.told || c.session == nil {
			return
		}
	case l.up:
		m.emit(ClientDown{ID: l.id, Addr: l.told, User: l.user, Reason: "another address"})
		m.nextID++
		l.id = m.nextID
	}
	l.up, l.told, c.told = true, l.addr, true
	m.emit(ClientUp{ID: l.id, SA: c.sa.id, If: c.sa.iface, Peer: c.sa.remote.Addr(), Addr: l.addr, User: l.user, Group: c.sa.groupName, Session: c.session})
}

// clientGone is called when an SA ends, for whatever reason: address back, ClientDown.
func (m *Machine) clientGone(s *sa, reason string) {
	c := s.client
	if c == nil {
		return
	}
	m.disarm(&c.timer)
	delete(m.clients.queries, c.query)
	c.state = nil
	l := c.lease
	if l == nil {
		return
	}
	if l.refs--; l.refs > 0 {
		return
	}
	if l.addr.IsValid() {
		delete(m.clients.leases, l.addr)
		ip := astIP(l.addr)
		for first, low := range m.clients.low {
			if ip >= first && ip < low {
				m.clients.low[first] = ip
			}
		}
	}
	if l.up {
		m.emit(ClientDown{ID: l.id, Addr: l.told, User: l.user, Reason: reason})
	}
}

// armClient looks at a client again when its idle-time or max-time may be over (commands-vpn-aaa-show.md 1.6), or what a server has said of its user (5.2, 5.3).
func (m *Machine) armClient(c *client) {
	m.disarm(&c.timer)
	if at, _ := m.clientEnd(c); !at.IsZero() {
		m.arm(&c.timer, timerClient, max(at.Sub(m.now), 0))
	}
}

// clientEnd is when a client has been idle, or here, for too long, and the reason; zero: never.
func (m *Machine) clientEnd(c *client) (at time.Time, reason string) {
	maxTime, idleTime := c.maxTime, c.idleTime
	if g := m.vpnGroup(c.sa); g != nil {
		if g.MaxTime > 0 && (maxTime <= 0 || g.MaxTime < maxTime) {
			maxTime = g.MaxTime
		}
		if idleTime <= 0 {
			idleTime = g.IdleTime
		}
	}
	since := c.done
	if c.lease != nil {
		since = c.lease.since
	}
	if maxTime > 0 {
		at, reason = since.Add(maxTime), "max-time"
	}
	if idleTime > 0 {
		used := c.done
		if m.o.LastUsed == nil && c.sa.heard.After(used) {
			used = c.sa.heard
		}
		for id, p := range c.sa.pairs {
			if p.r.Born.After(used) {
				used = p.r.Born
			}
			if m.o.LastUsed != nil {
				if u, _ := m.o.LastUsed(id); u.After(used) {
					used = u
				}
			}
		}
		if idle := used.Add(idleTime); at.IsZero() || idle.Before(at) {
			at, reason = idle, "idle-time"
		}
	}
	return at, reason
}

// clientTimer is called when s.client's timer of kind timerClient runs out.
func (m *Machine) clientTimer(s *sa) {
	c := s.client
	if c == nil {
		return
	}
	if c.stage != stageDone {
		m.removeSA(s, "the login takes too long", true)
		return
	}
	at, reason := m.clientEnd(c)
	switch {
	case at.IsZero():
	case at.After(m.now):
		m.arm(&c.timer, timerClient, at.Sub(m.now))
	default:
		m.endClient(c, reason)
	}
}

// endClient ends everything of a client: all its SAs, with what was made under them.
func (m *Machine) endClient(c *client, reason string) {
	ends := []*sa{c.sa}
	if pe := m.peers[c.sa.remote.Addr()]; pe != nil {
		for o := range pe.sas {
			if o != c.sa && o.client != nil && o.client.lease != nil && o.client.lease == c.lease {
				ends = append(ends, o)
			}
		}
	}
	slices.SortFunc(ends, func(a, b *sa) int { return int(a.id) - int(b.id) })
	for _, s := range ends {
		for _, p := range sortedPairs(s.pairs) {
			m.removePair(p, reason, true)
		}
		m.removeSA(s, reason, true)
	}
}

// applyClients goes over to another plan: pools begin anew at their first address, and times are those of the new groups.
func (m *Machine) applyClients() {
	clear(m.clients.low)
	for _, s := range m.byID {
		if s.client != nil && s.client.stage == stageDone {
			m.armClient(s.client)
		}
	}
}
