package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

var (
	errShunTable = errors.New("unable to allocate resources")
	errNoShun    = errors.New("no such shun")
	errUserTable = errors.New("the table of users is full")
)

// live is what the rules look up in sets that the engine fills: shunned hosts, users, connections to which others may come back.
// The lock is that of dynamic.
type live struct {
	shuns map[ast.IP]*runtime.Shun
	users map[userKey]*user
	lists map[int]*listChain // of users, by their index in the plan in force
	most  int
	pairs map[pairKey]*pair
	doors map[doorKey]*door
	// The connections that have opened doors, by the packets of either side.
	openers map[tuple]*conn
	half    map[hostKey]int // half-open connections of hosts with a limit
	calls   map[tuple]answeredCall
	// How many first packets the firewall has answered in the place of each host since the last tick, and in the second before.
	rate, lastRate map[hostKey]int
	told           map[hostKey]time.Time // when the kernel was told last to answer for a host: it may do so for interceptLife
	// Those that are open before their beginning was read, since the last tick and since the one before: logs and events are two ways.
	early, earlier map[tuple]bool

	remotes map[remoteKey]Remote
	clients map[ast.IP]string // of these, the interface of each client

	reported map[ast.IP]map[tuple]*conn // connections of clients that accounting has been told of
}

// A userKey is a source on the interface where it is seen, by name: indices change with the plan.
type userKey struct {
	ifName string
	ip     ast.IP
}

type user struct {
	name        string
	since, used time.Time // used: when its last connection was seen, or ended
	told        time.Time // what used was when the kernel was told last
	ipsec       bool      // by XAUTH: as long as the client is there, and known to the rules as such
	list        runtime.UserList
	acl         int // where that is in the plan in force; compiler.None: he has none
}

// A pairKey is a foreign and a mapped address that an established line is about, by its text.
type pairKey struct {
	line            string
	foreign, mapped ast.IP
}

type pair struct {
	conns int
	fresh time.Time // when the kernel was told of it last
}

func newLive() live {
	return live{shuns: map[ast.IP]*runtime.Shun{}, users: map[userKey]*user{}, lists: map[int]*listChain{}, pairs: map[pairKey]*pair{}, doors: map[doorKey]*door{}, openers: map[tuple]*conn{}, half: map[hostKey]int{}, told: map[hostKey]time.Time{}, calls: map[tuple]answeredCall{}, rate: map[hostKey]int{}, early: map[tuple]bool{}, remotes: map[remoteKey]Remote{}, clients: map[ast.IP]string{},
		reported: map[ast.IP]map[tuple]*conn{}}
}

// member changes of one transaction.
type memberChange struct {
	del     bool
	kind    nft.SetKind // LiveAddrs where it is zero
	set     string
	members []nft.Member
}

// pairLife is how long the kernel believes that a connection is there of which it is not told again: when the engine dies, nothing
// stays open. The engine tells it again after half of it.
const pairLife = time.Minute

// left is how long a user stays logged in; false: not any longer.
func (u *user) left(t *compiler.UAuth, now time.Time) (time.Duration, bool) {
	left := time.Duration(0)
	if u.ipsec {
		return left, true
	}
	for _, x := range [2]struct {
		limit time.Duration
		from  time.Time
	}{{t.Absolute, u.since}, {t.Inactivity, u.used}} {
		if x.limit <= 0 {
			continue
		}
		d := x.limit - now.Sub(x.from)
		if d <= 0 {
			return 0, false
		}
		if left == 0 || d < left {
			left = d
		}
	}
	return left, true
}

// fillLive puts what is live into the sets of a ruleset.
func (d *dynamic) fillLive(plan *compiler.Plan, rs *nft.Ruleset, x lists) {
	d.fillLists(plan, rs, x)
	of := map[string][]nft.Member{}
	for ip := range d.live.shuns {
		of[nft.ShunSet] = append(of[nft.ShunSet], nft.Member{IP: ip})
	}
	now := d.clock.Now()
	for k, u := range d.live.users {
		if left, ok := u.left(&plan.UAuth, now); ok { // a client's for ever
			if name := rs.Users[plan.IfByName(k.ifName)]; name != "" {
				of[name] = append(of[name], nft.Member{IP: k.ip, For: left})
			}
		}
	}
	for k := range d.live.pairs {
		for i, name := range rs.Established {
			if plan.Established[i].Line.Text() == k.line {
				of[name] = append(of[name], nft.Member{IP: k.foreign, To: k.mapped, For: pairLife})
			}
		}
	}
	for k, x := range d.live.doors {
		for _, m := range doorChange(plan, rs, k, x, false) {
			of[m.set] = append(of[m.set], m.members...)
		}
	}
	for k, n := range d.live.half {
		for _, m := range d.intercepted(plan, rs, k, n, false) {
			of[m.set] = append(of[m.set], m.members...)
		}
	}
	for _, m := range d.shortPATs(plan, rs) {
		of[m.set] = append(of[m.set], m.members...)
	}
	var clients [][2]ast.IP
	for _, r := range d.live.remoteList() {
		if i := plan.IfByName(r.If); r.Client && i != compiler.None && plan.Interfaces[i].Map != compiler.None {
			clients = append(clients, [2]ast.IP{r.Net.IP, r.Peer})
		}
	}
	for i := range rs.Sets {
		if rs.Sets[i].Name == nft.Clients {
			rs.Sets[i].Pairs = clients
		}
		switch s := &rs.Sets[i]; s.Kind {
		case nft.LiveAddrs, nft.LivePairs, nft.LiveProtos, nft.LiveDoors, nft.DoorMap:
			s.Members = of[s.Name]
		}
	}
}

// Shun drops every packet of a source from now on, wherever it arrives. With a destination it also cuts that connection.
func (e *Engine) Shun(s runtime.Shun) error {
	d := e.dyn
	d.mu.Lock()
	if _, known := d.live.shuns[s.Src]; !known && len(d.live.shuns) >= d.bounds.Shuns {
		d.mu.Unlock()
		d.emit([]runtime.Message{syslog.New(401005, s.Src, s.Dst, s.SrcPort, s.DstPort)})
		return errShunTable
	}
	if d.rules != nil {
		c := changes{members: []memberChange{{set: nft.ShunSet, members: []nft.Member{{IP: s.Src}}}}}
		if err := d.commit(&c); err != nil {
			d.mu.Unlock()
			return err
		}
	}
	s.Dropped = 0
	d.live.shuns[s.Src] = &s
	d.mu.Unlock()
	d.emit([]runtime.Message{syslog.New(401002, s.Src, s.Dst, s.SrcPort, s.DstPort)})
	if s.Dst == 0 {
		return nil
	}
	return d.clear("Deny", func(*xlate) bool { return false }, func(f *flow) bool {
		return names(&s, &f.orig) || names(&s, &f.reply)
	})
}

// names reports whether a shun is about packets of one direction of a connection.
func names(s *runtime.Shun, t *tuple) bool {
	return (s.Proto == 0 || s.Proto == t.proto) && t.src == s.Src && t.dst == s.Dst && t.sport == s.SrcPort && t.dport == s.DstPort
}

// NoShun lets a source in again.
func (e *Engine) NoShun(src ast.IP) error {
	d := e.dyn
	d.mu.Lock()
	if d.live.shuns[src] == nil {
		d.mu.Unlock()
		return errNoShun
	}
	err := d.unshun([]nft.Member{{IP: src}})
	d.mu.Unlock()
	if err == nil {
		d.emit([]runtime.Message{syslog.New(401003, src)})
	}
	return err
}

// ClearShuns lets all in again.
func (e *Engine) ClearShuns() error {
	d := e.dyn
	d.mu.Lock()
	var all []nft.Member
	for ip := range d.live.shuns {
		all = append(all, nft.Member{IP: ip})
	}
	err := d.unshun(all)
	d.mu.Unlock()
	if err == nil {
		d.emit([]runtime.Message{syslog.New(401001)})
	}
	return err
}

func (d *dynamic) unshun(list []nft.Member) error {
	if d.rules != nil && len(list) > 0 {
		if err := d.commit(&changes{members: []memberChange{{del: true, set: nft.ShunSet, members: list}}}); err != nil {
			return err
		}
	}
	for _, m := range list {
		delete(d.live.shuns, m.IP)
	}
	return nil
}

// Shuns lists what is shunned, by source. Dropped counts what the engine was told of.
func (e *Engine) Shuns() []runtime.Shun {
	d := e.dyn
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]runtime.Shun, 0, len(d.live.shuns))
	for _, s := range d.live.shuns {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b runtime.Shun) int { return cmp.Compare(a.Src, b.Src) })
	return list
}

// shunned counts a packet of a shunned host.
func (d *dynamic) shunned(src ast.IP) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.live.shuns[src]; s != nil {
		s.Dropped++
	}
}

// Login enters a user into the uauth cache (semantics.md 5.3): connections from the address on that interface need no login until
// its time is over.
func (e *Engine) Login(ifIndex int, addr ast.IP, name string, list runtime.UserList) error {
	e.mu.Lock()
	e.dyn.mu.Lock()
	said, err := e.login(ifIndex, addr, name, list)
	e.dyn.mu.Unlock()
	e.mu.Unlock()
	if errors.Is(err, runtime.ErrNoList) {
		said = syslog.New(109016, list.Name, name)
	}
	if said.ID != 0 {
		e.dyn.emit([]runtime.Message{said})
	}
	return err
}

// login is Login with both locks held.
func (e *Engine) login(ifIndex int, addr ast.IP, name string, list runtime.UserList) (said runtime.Message, err error) {
	d := e.dyn
	if d.plan == nil || ifIndex < 0 || ifIndex >= len(d.plan.Interfaces) {
		return said, fmt.Errorf("no interface %d", ifIndex)
	}
	acl, err := e.loadList(list)
	if err != nil {
		return said, err
	}
	ifName := d.plan.Interfaces[ifIndex].Name
	said = syslog.New(109005, name, syslog.End{IP: addr}, syslog.End{}, ifName)
	now := d.clock.Now()
	u := &user{name: name, since: now, used: now, told: now, list: list, acl: acl}
	left, _ := u.left(&d.plan.UAuth, now)
	if d.plan.UAuth.NoCache {
		return said, e.sweepLists()
	}
	k := userKey{ifName, addr}
	if d.live.users[k] == nil && len(d.live.users) >= d.bounds.Users {
		d.bounds.short(fullUsers, 1)
		return runtime.Message{}, errors.Join(errUserTable, e.sweepLists())
	}
	var c changes
	if c.lists, err = d.listChanges(k, acl); err == nil {
		if set := d.rules.Users[ifIndex]; set != "" {
			c.members = []memberChange{{set: set, members: []nft.Member{{IP: addr, For: left}}}}
		}
		err = d.commit(&c)
	}
	if err != nil {
		return runtime.Message{}, errors.Join(err, e.sweepLists())
	}
	d.enters(k, u)
	return said, e.sweepLists() // of who was there before
}

// Users is the uauth cache.
func (e *Engine) Users() runtime.UserTable {
	d := e.dyn
	d.mu.Lock()
	defer d.mu.Unlock()
	var t runtime.UserTable
	if d.plan == nil {
		return t
	}
	now := d.clock.Now()
	for k, u := range d.live.users {
		i := d.plan.IfByName(k.ifName)
		if _, ok := u.left(&d.plan.UAuth, now); !ok || i == compiler.None {
			continue
		}
		x := runtime.User{If: i, Addr: k.ip, Name: u.name, IPsec: u.ipsec, Since: u.since, Absolute: d.plan.UAuth.Absolute, Inactivity: d.plan.UAuth.Inactivity}
		if u.acl != compiler.None {
			x.ACL = d.plan.ACLs[u.acl].ID
		}
		t.Users = append(t.Users, x)
	}
	slices.SortFunc(t.Users, func(a, b runtime.User) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.If, b.If), cmp.Compare(a.Addr, b.Addr))
	})
	t.MostSeen = d.live.most
	return t
}

// ClearUsers takes a user out of the cache; empty: all. Connections and tunnels live on. A client with an access list of his own stays:
// without it he might do more.
func (e *Engine) ClearUsers(name string) error {
	d := e.dyn
	d.mu.Lock()
	err := d.logOut(func(u *user) bool { return name == "" || u.name == name })
	d.mu.Unlock()
	return errors.Join(err, e.sweep())
}

// telnetOut logs out the user behind an address who has called the virtual address again (semantics.md 5.4).
func (d *dynamic) telnetOut(ifName string, addr ast.IP) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.live.users[userKey{ifName, addr}]
	_ = d.logOut(func(x *user) bool { return x == u && !x.ipsec }) // a client is logged in as long as it is there; what stays in the kernel stays in the table, until its time is over
}

// logOut takes users out of the cache. The lock is held.
func (d *dynamic) logOut(fits func(*user) bool) error {
	sets := map[string][]nft.Member{}
	var gone []userKey
	var c changes
	now := d.clock.Now()
	for k, u := range d.live.users {
		if !fits(u) || u.ipsec && u.acl != compiler.None {
			continue
		}
		gone = append(gone, k)
		if d.plan == nil {
			continue
		}
		if err := c.leaves(d, k); err != nil {
			return err
		}
		left, ok := u.left(&d.plan.UAuth, now)
		// What is about to end by itself may be gone already, and could not be deleted.
		if name := d.rules.Users[d.plan.IfByName(k.ifName)]; name != "" && ok {
			sets[name] = append(sets[name], nft.Member{IP: k.ip, For: left})
		}
	}
	for name, list := range sets {
		// Added first, so that each is there to be deleted.
		c.members = append(c.members, memberChange{set: name, members: list}, memberChange{del: true, set: name, members: list})
	}
	if err := d.commit(&c); err != nil {
		return err
	}
	for _, k := range gone {
		d.leaves(k)
	}
	return nil
}

// comesBack counts a connection that begins or ends for the established lines it is of (semantics.md 2.5). The lock is held.
func (d *dynamic) comesBack(c *conn, begins bool) {
	about := &c.about
	if d.plan == nil || len(d.plan.Established) == 0 || about.Inbound || !begins && c.pairs == nil {
		return
	}
	now := d.clock.Now()
	if !begins {
		for _, k := range c.pairs {
			if p := d.live.pairs[k]; p != nil {
				if p.conns--; p.conns <= 0 {
					delete(d.live.pairs, k)
					// An element that has ended by itself cannot be deleted: it is added once more in the same transaction.
					_ = d.commit(&changes{members: append(d.pairChange(k, false), d.pairChange(k, true)...)}) // or its time ends it
				}
			}
		}
		c.pairs = nil
		return
	}
	if c.xlates[0] != nil && c.xlates[0].isPAT {
		return // a port has no host that others could come back to
	}
	for i := range d.plan.Established {
		s := &d.plan.Established[i]
		if s.Proto != about.Proto || s.DstPort != 0 && s.DstPort != about.Foreign.Port || s.SrcPort != 0 && s.SrcPort != about.Local.Port {
			continue
		}
		k := pairKey{s.Line.Text(), about.Foreign.IP, about.Global.IP}
		p := d.live.pairs[k]
		if p == nil {
			if len(d.live.pairs) >= d.bounds.Pairs {
				d.bounds.short(fullPairs, 1)
				continue
			}
			if d.commit(&changes{members: d.pairChange(k, false)}) != nil {
				continue // nothing opens
			}
			p = &pair{fresh: now}
			d.live.pairs[k] = p
		}
		p.conns++
		c.pairs = append(c.pairs, k)
	}
}

// recount looks at all connections again, for established lines that were not there. The lock is held.
func (d *dynamic) recount() {
	for _, c := range d.conns {
		if c.pairs == nil {
			d.comesBack(c, true)
		}
	}
}

func (d *dynamic) pairChange(k pairKey, del bool) (out []memberChange) {
	for i, name := range d.rules.Established {
		if d.plan.Established[i].Line.Text() == k.line {
			out = append(out, memberChange{del: del, kind: nft.LivePairs, set: name, members: []nft.Member{{IP: k.foreign, To: k.mapped, For: pairLife}}})
		}
	}
	return out
}

// pairsTick tells the kernel again what is still there. The lock is held.
func (d *dynamic) pairsTick() error {
	return retell(d, d.live.pairs, func(p *pair) *time.Time { return &p.fresh }, func(k pairKey, _ *pair) []memberChange { return d.pairChange(k, false) })
}

// retell tells the kernel again of what it has been told of half of pairLife ago. The lock is held.
func retell[K comparable, V any](d *dynamic, all map[K]V, fresh func(V) *time.Time, change func(K, V) []memberChange) error {
	now := d.clock.Now()
	var c changes
	var told []*time.Time
	for k, v := range all {
		if at := fresh(v); now.Sub(*at) >= pairLife/2 {
			c.members = append(c.members, change(k, v)...)
			told = append(told, at)
		}
	}
	if err := d.commit(&c); err != nil {
		return err
	}
	for _, at := range told {
		*at = now
	}
	return nil
}
