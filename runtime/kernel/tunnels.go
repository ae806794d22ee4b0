package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// A Remote is something at the far end of a tunnel that no route of the configuration leads to by itself: packets to it are handed
// to who speaks IPsec, on the twin of the interface (Options.Tunnels).
type Remote struct {
	If  string // name of the interface with the crypto map
	Net ast.Net

	// A Client has an address of a pool: it is answered for by ARP where the address would be looked for, and its user counts as
	// logged in (semantics.md 5.3, 6.3).
	Client bool
	Peer   ast.IP
	User   string // empty: nobody has logged in
	List   runtime.UserList
}

// A remoteKey tells remotes apart. One network may be behind one interface only once; who builds tunnels counts.
type remoteKey struct {
	ifName string
	net    ast.Net
}

const (
	// tunnelTable is the routing table of what goes by a twin. Marked packets are past it: they have been there, or are IPsec.
	tunnelTable = 20567
	tunnelRule  = 20567 // priority of the first rule

	maxRemotes = 65535
)

var errRemotes = errors.New("too many networks behind tunnels")

// AddRemote makes a remote reachable. One that is there already is replaced.
func (e *Engine) AddRemote(r Remote) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plan == nil || e.closed {
		return errors.New("no plan is in force")
	}
	d, k := e.dyn, remoteKey{r.If, r.Net}
	d.mu.Lock()
	old, had := d.live.remotes[k]
	acl, err := e.loadList(r.List)
	if err == nil {
		err = d.addRemote(r, acl)
	}
	err = errors.Join(err, e.sweepLists())
	d.mu.Unlock()
	if err != nil {
		return err
	}
	if had {
		err = e.ways.remove(toRemote(e.plan, e.links, e.twins, &old))
	}
	if err = errors.Join(err, e.ways.add(toRemote(e.plan, e.links, e.twins, &r))); err != nil {
		return errors.Join(err, e.removeRemote(k))
	}
	return nil
}

// RemoveRemote ends what AddRemote began.
func (e *Engine) RemoveRemote(ifName string, n ast.Net) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.removeRemote(remoteKey{ifName, n})
}

func (e *Engine) removeRemote(k remoteKey) error {
	e.dyn.mu.Lock()
	r, ok, err := e.dyn.removeRemote(k)
	if e.plan != nil {
		err = errors.Join(err, e.sweepLists())
	}
	e.dyn.mu.Unlock()
	if !ok || e.plan == nil {
		return err
	}
	return errors.Join(err, e.ways.remove(toRemote(e.plan, e.links, e.twins, &r)))
}

// hasMap reports whether an interface that is served has a crypto map.
func hasMap(plan *compiler.Plan, links map[int]netlink.Link) bool {
	for i := range links {
		if twinned(plan, i) {
			return true
		}
	}
	return false
}

func twinned(plan *compiler.Plan, i int) bool {
	f := &plan.Interfaces[i]
	return f.Map != compiler.None && f.HasAddress() && !f.Shutdown
}

// findTwins are the twins that there must be, by interface.
func (e *Engine) findTwins(plan *compiler.Plan, links map[int]netlink.Link) (map[int]netlink.Link, error) {
	out := map[int]netlink.Link{}
	for i, link := range links {
		if !e.opts.Tunnels || !twinned(plan, i) {
			continue
		}
		name := nft.Twin(link.Attrs().Name)
		twin, err := e.nl.LinkByName(name)
		if err != nil {
			f := &plan.Interfaces[i]
			return nil, fmt.Errorf("%s: device %s for its tunnels: %w", f.MapLine.Place(plan.File), name, err)
		}
		out[i] = twin
	}
	return out, nil
}

// tunnelItems are the twins of interfaces with a crypto map, and what is routed to them. They are added with the lock of dynamic held.
func (e *Engine) tunnelItems(plan *compiler.Plan, links, twins map[int]netlink.Link) (out []item) {
	if !e.opts.Tunnels || !hasMap(plan, links) {
		return nil
	}
	for n, mark := range []uint32{nft.MarkTunnel, nft.MarkClear, 0} {
		r := netlink.NewRule()
		r.Priority, r.Table, r.Family = tunnelRule+n, tunnelTable, netlink.FAMILY_V4
		if mark != 0 {
			mask := uint32(nft.MarkMask)
			r.Mark, r.Mask, r.Table = mark, &mask, unix.RT_TABLE_MAIN
		}
		out = append(out, item{key: ruleKey(r),
			add: func(h *netlink.Handle) error { return h.RuleAdd(r) },
			del: func(h *netlink.Handle) error { return h.RuleDel(r) }})
	}
	for i := range plan.Interfaces {
		f, link := &plan.Interfaces[i], links[i]
		if link == nil || !twinned(plan, i) {
			continue
		}
		name := nft.Twin(link.Attrs().Name)
		out = append(out, item{key: "up " + name, line: f.MapLine, add: func(h *netlink.Handle) error {
			twin, err := h.LinkByName(name)
			if err != nil {
				return err
			}
			if f.MTU > 0 && twin.Attrs().MTU != f.MTU {
				if err := h.LinkSetMTU(twin, f.MTU); err != nil {
					return err
				}
			}
			if err := e.noIPv6(name); err != nil {
				return err
			}
			return h.LinkSetUp(twin)
		}})
	}
	return append(out, item{key: "ways into tunnels",
		add: func(*netlink.Handle) error {
			return e.ways.become(allWays(plan, links, twins, e.dyn.live.remoteList()))
		},
		del: func(*netlink.Handle) error { return e.ways.become(nil) }})
}

// ruleKey names a rule among items.
func ruleKey(r *netlink.Rule) string { return fmt.Sprintf("rule %d", r.Priority) }

// noIPv6 keeps IPv6 off a device that carries none of it.
func (e *Engine) noIPv6(device string) error {
	return e.ns.do(func() error {
		err := os.WriteFile(sysctlPath("net.ipv6.conf")+"/"+device+"/disable_ipv6", []byte("1"), 0)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

// addRemote enters a remote in place of the one that is there, its client into the kernel's map and its user, with the list at a place in
// the plan, into the cache: in one transaction, so that a client which comes back is never without its list. The lock is held.
func (d *dynamic) addRemote(r Remote, acl int) error {
	k := remoteKey{r.If, r.Net}
	old, had := d.live.remotes[k]
	if !had && len(d.live.remotes) >= maxRemotes {
		return errRemotes
	}
	var c changes
	u := userKey{r.If, r.Net.IP}
	if had && old.Client {
		c.del = map[string][][2]ast.IP{nft.Clients: {{old.Net.IP, old.Peer}}}
	}
	if r.Client {
		c.add = map[string][][2]ast.IP{nft.Clients: {{r.Net.IP, r.Peer}}}
	}
	if acl != compiler.None && (!r.Client || r.User == "") {
		return errNoUsers
	}
	if was := d.live.users[u]; r.User != "" || was != nil && was.ipsec {
		var err error
		if c.lists, err = d.listChanges(u, acl); err != nil {
			return err
		}
	}
	if had {
		c.members = d.unknow(u)
	}
	if r.Client && r.User != "" {
		c.members = append(c.members, memberChange{set: d.rules.Users[d.plan.IfByName(r.If)], members: []nft.Member{{IP: r.Net.IP}}})
	}
	c.members = slices.DeleteFunc(c.members, func(m memberChange) bool { return m.set == "" })
	if err := d.commit(&c); err != nil {
		return err
	}
	d.forgetClient(old)
	if r.Client {
		d.live.clients[r.Net.IP] = r.If
		if r.User != "" {
			now := d.clock.Now()
			d.enters(u, &user{name: r.User, since: now, used: now, ipsec: true, list: r.List, acl: acl})
		}
	}
	d.live.remotes[k] = r
	return nil
}

// unknow takes the user of a client out of the kernel's set of users who have logged in. The lock is held.
func (d *dynamic) unknow(k userKey) []memberChange {
	u, i := d.live.users[k], d.plan.IfByName(k.ifName)
	if u == nil || !u.ipsec || i == compiler.None || d.rules.Users[i] == "" {
		return nil
	}
	m := []nft.Member{{IP: k.ip}}
	return []memberChange{{set: d.rules.Users[i], members: m}, {del: true, set: d.rules.Users[i], members: m}} // added first, so that it is there
}

// forgetClient ends what the tables have of a client.
func (d *dynamic) forgetClient(r Remote) {
	if !r.Client {
		return
	}
	delete(d.live.clients, r.Net.IP)
	u := userKey{r.If, r.Net.IP}
	if x := d.live.users[u]; x != nil && x.ipsec {
		d.leaves(u)
		d.reportGone(r.Net.IP)
	}
}

// removeRemote ends a remote. The lock is held.
func (d *dynamic) removeRemote(k remoteKey) (r Remote, ok bool, err error) {
	if r, ok = d.live.remotes[k]; !ok {
		return r, false, nil
	}
	var c changes
	if r.Client && d.rules != nil {
		if u := (userKey{r.If, r.Net.IP}); d.live.users[u] != nil && d.live.users[u].ipsec {
			err = c.leaves(d, u)
			c.members = d.unknow(u)
		}
		if slices.ContainsFunc(d.rules.Sets, func(s nft.Set) bool { return s.Name == nft.Clients }) {
			c.del = map[string][][2]ast.IP{nft.Clients: {{r.Net.IP, r.Peer}}}
		}
	}
	err = errors.Join(err, d.commit(&c))
	delete(d.live.remotes, k)
	d.forgetClient(r)
	return r, true, err
}

// behind is the interface that an address is behind: for a client that of its tunnel. The lock is held.
func (d *dynamic) behind(ip ast.IP) int { return behind(d.plan, d.live.clients, ip) }

func behind(plan *compiler.Plan, clients map[ast.IP]string, ip ast.IP) int {
	if ifName, ok := clients[ip]; ok {
		return plan.IfByName(ifName)
	}
	if r := plan.Lookup(ip); r != nil {
		return r.If
	}
	return compiler.None
}

// remoteList are the remotes in a fixed order. The lock is held.
func (l *live) remoteList() []Remote {
	out := make([]Remote, 0, len(l.remotes))
	for _, r := range l.remotes {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Remote) int {
		return cmp.Or(cmp.Compare(a.If, b.If), cmp.Compare(a.Net.IP, b.Net.IP), cmp.Compare(a.Net.Mask, b.Net.Mask))
	})
	return out
}

// Publish hands messages of those who work beside the engine to who subscribed.
func (e *Engine) Publish(list ...runtime.Message) {
	if e.opts.Observe != nil {
		e.opts.Observe(Observation{If: compiler.None, Reason: Beside, Messages: list})
	}
	e.publish(list)
}
