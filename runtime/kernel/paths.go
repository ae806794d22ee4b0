package kernel

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// Packets of connections leave by the interface of the connection (nft.RouteMark): each interface has a routing table with its own
// routes alone, which is looked at for packets with its mark. Tunnels come before.
const (
	pathTable = 20600 // and the number of the interface
	pathRule  = 20600 // its priority, likewise
)

// What an alias has hosts of an interface address, and what a line of arp has answered for there, is made local for what arrives there, and only for that, so that the kernel answers ARP
// for it. Packets to it have another destination before they are routed, or are dropped as they would leave where they came in, and those that
// come from elsewhere find a host with the address.
const (
	aliasTable = 20640 // and the number of the interface
	aliasRule  = 20640 // its priority, likewise
)

// ourTable reports whether a routing table is one of an interface's.
func ourTable(n int) bool {
	return n > pathTable && n <= pathTable+nft.MaxNumber || n > aliasTable && n <= aliasTable+nft.MaxNumber
}

// numbers gives each interface of a plan its number in the marks of connections: by the order of all hardware interfaces, so that it
// stays when the plan changes.
func (e *Engine) numbers(plan *compiler.Plan) map[int]int {
	all := slices.Sorted(maps.Keys(e.opts.Devices))
	out := map[int]int{}
	for i := range plan.Interfaces {
		out[i] = slices.Index(all, plan.Interfaces[i].Hardware) + 1
	}
	return out
}

// paths are the routing tables of the interfaces, and the rules that lead to them.
func (e *Engine) paths(plan *compiler.Plan, links map[int]netlink.Link) (out []item) {
	numbers := e.numbers(plan)
	for i := range plan.Interfaces {
		f, link, n := &plan.Interfaces[i], links[i], numbers[i]
		if link == nil || f.Shutdown || !f.HasAddress() || n > nft.MaxNumber {
			continue
		}
		name := link.Attrs().Name
		add := func(line compiler.Line, r *netlink.Route) {
			r.LinkIndex, r.Table, r.Protocol = link.Attrs().Index, pathTable+n, unix.RTPROT_STATIC
			out = append(out, item{key: fmt.Sprint("path ", name, " ", r.Dst, " ", r.Gw, " ", r.Priority), line: line, route: r,
				add: func(h *netlink.Handle) error { return h.RouteAdd(r) },
				del: func(h *netlink.Handle) error { return h.RouteDel(r) }})
		}
		add(f.AddrLine, &netlink.Route{Dst: e.ipnet(ast.Net{IP: f.Net.IP & f.Net.Mask, Mask: f.Net.Mask}), Scope: netlink.SCOPE_LINK})
		for k := range plan.Routes {
			if r := &plan.Routes[k]; r.If == i && !r.Connected {
				add(r.Line, &netlink.Route{Dst: e.ipnet(r.Net), Gw: toIP(r.Gateway), Priority: r.Metric})
			}
		}
		r := netlink.NewRule()
		mask := ^uint32(0)
		r.Priority, r.Table, r.Family, r.Mark, r.Mask = pathRule+n, pathTable+n, netlink.FAMILY_V4, nft.RouteMark(n), &mask
		out = append(out, ruleItem(r, f.Line))
		out = append(out, e.aliases(plan, i, link, n)...)
	}
	return out
}

// ruleItem brings a routing rule.
func ruleItem(r *netlink.Rule, line compiler.Line) item {
	return item{key: fmt.Sprintf("rule %d", r.Priority), line: line,
		add: func(h *netlink.Handle) error { return h.RuleAdd(r) },
		del: func(h *netlink.Handle) error { return h.RuleDel(r) }}
}

// aliases answer ARP on interface i for what aliases of it have its hosts address, unless `sysopt noproxyarp` says no, and for what a line
// `arp ... alias` names; as far as that lies in its subnet, and not for its own address.
func (e *Engine) aliases(plan *compiler.Plan, i int, link netlink.Link, number int) (out []item) {
	f := &plan.Interfaces[i]
	seen := map[string]bool{}
	answer := func(n ast.Net, line compiler.Line) {
		first, last := n.Range()
		key := fmt.Sprint("alias ", link.Attrs().Name, " ", n)
		if !n.Mask.Contiguous() || n.Mask < f.Net.Mask || !f.Net.Contains(n.IP) || first <= f.Net.IP && f.Net.IP <= last || seen[key] {
			return
		}
		seen[key] = true
		r := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: e.ipnet(n), Type: unix.RTN_LOCAL, Table: aliasTable + number,
			Scope: netlink.SCOPE_HOST, Protocol: unix.RTPROT_STATIC}
		out = append(out, item{key: key, line: line, route: r,
			add: func(h *netlink.Handle) error { return h.RouteAdd(r) },
			del: func(h *netlink.Handle) error { return h.RouteDel(r) }})
	}
	for k := range plan.NAT.Aliases {
		if a := &plan.NAT.Aliases[k]; a.If == i && f.ProxyARP {
			answer(a.DNATNet(), a.Line)
		}
	}
	for k := range plan.ARP {
		if a := &plan.ARP[k]; a.If == i && a.Alias {
			answer(ast.Net{IP: a.IP, Mask: ast.AllOnes}, a.Line)
		}
	}
	if len(out) > 0 {
		r := netlink.NewRule()
		r.Priority, r.Table, r.Family, r.IifName = aliasRule+number, aliasTable+number, netlink.FAMILY_V4, link.Attrs().Name
		out = append(out, ruleItem(r, out[0].line))
	}
	return out
}

// clearPaths removes the rules that an engine which died has left.
func (e *Engine) clearPaths() error {
	rules, err := e.nl.RuleList(netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("routing rules: %w", err)
	}
	for i := range rules {
		r := &rules[i]
		if r.Priority != r.Table || !ourTable(r.Table) {
			continue
		}
		if err := e.nl.RuleDel(r); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("remove routing rule %d: %w", r.Priority, err)
		}
	}
	return nil
}
