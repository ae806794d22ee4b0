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
	if err := e.removeRemote(remoteKey{r.If, r.Net}); err != nil {
		return err
	}
	if err := e.dyn.addRemote(r); err != nil {
		return err
	}
	for _, it := range e.remoteItems(e.plan, e.links, []Remote{r}) {
		switch err := it.add(e.nl); {
		case errors.Is(err, unix.EEXIST):
			if e.host == nil {
				continue // the host's own: it stays
			}
		case err != nil:
			return errors.Join(fmt.Errorf("%s: %w", it.key, err), e.removeRemote(remoteKey{r.If, r.Net}))
		}
		e.items = append(e.items, it)
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
	r, ok, err := e.dyn.removeRemote(k)
	if !ok || e.plan == nil {
		return err
	}
	gone := map[string]bool{}
	for _, it := range e.remoteItems(e.plan, e.links, []Remote{r}) {
		gone[it.key] = true
	}
	errs := []error{err}
	e.items = slices.DeleteFunc(e.items, func(it item) bool {
		if !gone[it.key] || it.del == nil {
			return false
		}
		if err := it.del(e.nl); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENOENT) {
			errs = append(errs, fmt.Errorf("%s: %w", it.key, err))
		}
		return true
	})
	return errors.Join(errs...)
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

// twins are the twins that there must be, by interface.
func (e *Engine) twins(plan *compiler.Plan, links map[int]netlink.Link) (map[int]netlink.Link, error) {
	out := map[int]netlink.Link{}
	for i, link := range links {
		if !e.opts.Tunnels || !twinned(plan, i) {
			continue
		}
		name := nft.Twin(link.Attrs().Name)
		twin, err := e.nl.LinkByName(name)
		if err != nil {
			f := &plan.Interfaces[i]
			return nil, fmt.Errorf("line %d: %s: device %s for its tunnels: %w", f.MapLine.Pos.Line, f.MapLine.Text(), name, err)
		}
		out[i] = twin
	}
	return out, nil
}

// tunnelItems are the twins of interfaces with a crypto map, and what is routed to them.
func (e *Engine) tunnelItems(plan *compiler.Plan, links map[int]netlink.Link) (out []item) {
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
		out = append(out, item{key: fmt.Sprintf("rule %d", r.Priority),
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
		for _, n := range nft.TunnelNets(plan, i) {
			out = append(out, e.twinRoute(name, n, f.MapLine))
		}
	}
	return append(out, e.remoteItems(plan, links, e.dyn.remotes())...)
}

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

// twinRoute leads to a network by a twin. The device may be a new one of that name each time.
func (e *Engine) twinRoute(name string, n ast.Net, line compiler.Line) item {
	route := func(h *netlink.Handle) (*netlink.Route, error) {
		twin, err := h.LinkByName(name)
		if err != nil {
			return nil, err
		}
		return &netlink.Route{LinkIndex: twin.Attrs().Index, Dst: e.ipnet(n), Table: tunnelTable, Scope: netlink.SCOPE_LINK, Protocol: unix.RTPROT_STATIC}, nil
	}
	return item{key: fmt.Sprint("route ", name, " ", n), line: line,
		add: func(h *netlink.Handle) error {
			r, err := route(h)
			if err == nil {
				err = h.RouteAdd(r)
			}
			return err
		},
		del: func(h *netlink.Handle) error {
			r, err := route(h)
			if err != nil {
				return nil // gone with its device
			}
			return h.RouteDel(r)
		}}
}

// remoteItems are the routes and ARP answers for remotes, as far as the plan has their interfaces.
func (e *Engine) remoteItems(plan *compiler.Plan, links map[int]netlink.Link, list []Remote) (out []item) {
	for _, r := range list {
		i := plan.IfByName(r.If)
		if i == compiler.None || links[i] == nil || !twinned(plan, i) {
			continue
		}
		line := plan.Interfaces[i].MapLine
		name := nft.Twin(links[i].Attrs().Name)
		if !r.Client {
			for _, n := range nft.RoutedNets(plan, i, r.Net) {
				out = append(out, e.twinRoute(name, n, line))
			}
			continue
		}
		out = append(out, e.twinRoute(name, r.Net, line))
		for k := range plan.Interfaces {
			f, link := &plan.Interfaces[k], links[k]
			if link == nil || f.Shutdown || !f.ProxyARP || !f.HasAddress() || !f.Net.Contains(r.Net.IP) {
				continue
			}
			neigh := &netlink.Neigh{LinkIndex: link.Attrs().Index, Family: netlink.FAMILY_V4, Flags: netlink.NTF_PROXY, IP: toIP(r.Net.IP)}
			out = append(out, item{key: fmt.Sprint("answer ", link.Attrs().Name, " ", r.Net.IP), line: line,
				add: func(h *netlink.Handle) error { return h.NeighAdd(neigh) },
				del: func(h *netlink.Handle) error { return h.NeighDel(neigh) }})
		}
	}
	return out
}

// addRemote enters a remote, its client into the kernel's map and its user into the cache.
func (d *dynamic) addRemote(r Remote) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.live.remotes) >= maxRemotes {
		return errRemotes
	}
	if r.Client {
		if err := d.commit(&changes{add: map[string][][2]ast.IP{nft.Clients: {{r.Net.IP, r.Peer}}}}); err != nil {
			return err
		}
		d.live.clients[r.Net.IP] = r.If
		if r.User != "" {
			now := d.clock.Now()
			d.live.users[userKey{r.If, r.Net.IP}] = &user{name: r.User, since: now, used: now, ipsec: true}
			d.live.most = max(d.live.most, len(d.live.users))
		}
	}
	d.live.remotes[remoteKey{r.If, r.Net}] = r
	return nil
}

func (d *dynamic) removeRemote(k remoteKey) (r Remote, ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok = d.live.remotes[k]; !ok {
		return r, false, nil
	}
	delete(d.live.remotes, k)
	if !r.Client {
		return r, true, nil
	}
	delete(d.live.clients, k.net.IP)
	u := userKey{r.If, r.Net.IP}
	if x := d.live.users[u]; x != nil && x.ipsec {
		delete(d.live.users, u)
		d.reportGone(k.net.IP)
	}
	if d.rules == nil || !slices.ContainsFunc(d.rules.Sets, func(s nft.Set) bool { return s.Name == nft.Clients }) {
		return r, true, nil
	}
	return r, true, d.commit(&changes{del: map[string][][2]ast.IP{nft.Clients: {{r.Net.IP, r.Peer}}}})
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

// remotes lists them, clients last, in a fixed order.
func (d *dynamic) remotes() []Remote {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live.remoteList()
}

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
func (e *Engine) Publish(list ...runtime.Message) { e.publish(list) }
