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
		out = append(out, item{key: fmt.Sprintf("rule %d", r.Priority), line: f.Line,
			add: func(h *netlink.Handle) error { return h.RuleAdd(r) },
			del: func(h *netlink.Handle) error { return h.RuleDel(r) }})
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
		if n := r.Priority - pathRule; n < 1 || n > nft.MaxNumber || r.Table != pathTable+n {
			continue
		}
		if err := e.nl.RuleDel(r); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("remove routing rule %d: %w", r.Priority, err)
		}
	}
	return nil
}
