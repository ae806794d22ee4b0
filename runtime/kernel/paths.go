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
const pathTable = 20600 // and the number of the interface; the same is the priority of its rule

// What an alias has hosts of an interface address, and what a line of arp has answered for there, is made local for what arrives there, and only for that, so that the kernel answers ARP
// for it. Packets to it have another destination before they are routed, or are dropped as they would leave where they came in, and those that
// come from elsewhere find a host with the address.
//
// So are addresses at which the kernel has to answer for a server (TCP intercept), though nobody gets an answer to ARP for them: what comes
// from elsewhere goes to whoever has them. The kernel's own call to the server begins with that address, too.
const (
	aliasTable     = 20640 // and the number of the interface; the same is the priority of its rule
	interceptTable = 20680 // likewise
)

// ourTable reports whether a routing table is one of an interface's.
func ourTable(n int) bool {
	return slices.ContainsFunc([]int{pathTable, aliasTable, interceptTable}, func(first int) bool { return n > first && n <= first+nft.MaxNumber })
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
		r.Priority, r.Table, r.Family, r.Mark, r.Mask = pathTable+n, pathTable+n, netlink.FAMILY_V4, nft.RouteMark(n), &mask
		out = append(out, ruleItem(r, f.Line))
		out = append(out, e.arriving(link, "alias", aliasTable+n, aliases(plan, i))...)
		out = append(out, e.arriving(link, "intercept", interceptTable+n, unanswered(plan, i), "lo")...)
	}
	return out
}

// ruleItem brings a routing rule.
func ruleItem(r *netlink.Rule, line compiler.Line) item {
	return item{key: fmt.Sprintf("rule %d %s", r.Priority, r.IifName), line: line,
		add: func(h *netlink.Handle) error { return h.RuleAdd(r) },
		del: func(h *netlink.Handle) error { return h.RuleDel(r) }}
}

// An arrival is a net that is local for what arrives on an interface.
type arrival struct {
	net  ast.Net
	line compiler.Line
}

// arriving makes nets local for what comes in by a device, or by others as well, in a table of their own.
func (e *Engine) arriving(link netlink.Link, what string, table int, list []arrival, by ...string) (out []item) {
	seen := map[ast.Net]bool{}
	for _, a := range list {
		if seen[a.net] {
			continue
		}
		seen[a.net] = true
		r := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: e.ipnet(a.net), Type: unix.RTN_LOCAL, Table: table, Scope: netlink.SCOPE_HOST, Protocol: unix.RTPROT_STATIC}
		out = append(out, item{key: fmt.Sprint(what, " ", link.Attrs().Name, " ", a.net), line: a.line, route: r,
			add: func(h *netlink.Handle) error { return h.RouteAdd(r) },
			del: func(h *netlink.Handle) error { return h.RouteDel(r) }})
	}
	if len(out) == 0 {
		return nil
	}
	for _, device := range append([]string{link.Attrs().Name}, by...) {
		r := netlink.NewRule()
		r.Priority, r.Table, r.Family, r.IifName = table, table, netlink.FAMILY_V4, device
		out = append(out, ruleItem(r, out[0].line))
	}
	return out
}

// aliases are what ARP is answered for on interface i: what aliases of it have its hosts address, unless `sysopt noproxyarp` says no, and
// what a line `arp ... alias` names; as far as that lies in its subnet, and not its own address.
func aliases(plan *compiler.Plan, i int) (out []arrival) {
	f := &plan.Interfaces[i]
	answer := func(n ast.Net, line compiler.Line) {
		first, last := n.Range()
		if n.Mask.Contiguous() && n.Mask >= f.Net.Mask && f.Net.Contains(n.IP) && (f.Net.IP < first || last < f.Net.IP) {
			out = append(out, arrival{n, line})
		}
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
	return out
}

// unanswered are the addresses on interface i at which the kernel may have to answer for a server, and that ARP is not answered for.
func unanswered(plan *compiler.Plan, i int) (out []arrival) {
	f, mapped := &plan.Interfaces[i], nft.MappedNets(plan)
	for k := range mapped {
		if m := &mapped[k]; m.If == i && m.Always && !m.Answers(f) && !m.Has(f.Net.IP) {
			out = append(out, arrival{m.Net, m.Line})
		}
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
