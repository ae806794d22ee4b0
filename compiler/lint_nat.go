package compiler

import (
	"fmt"
	"slices"

	"pixfw/ast"
)

// exemptions finds a NAT exemption for the clients of an address pool that leaves out part of the networks they should
// reach: from there the clients get no answer, because inbound packets need a translation (semantics.md 10.2, S19, S20).
//
// The networks are those of the split-tunnel list when every group of the pool has one, else all that lie behind the
// interface by connection or by route (not by default route).
func (l *linter) exemptions() {
	for i := range l.plan.NAT.Exemptions {
		x := &l.plan.NAT.Exemptions[i]
		if x.Outside {
			continue
		}
		for p := range l.plan.VPN.Pools {
			if l.poolUsed(p) && l.partial(x, &l.plan.VPN.Pools[p], p) {
				break
			}
		}
	}
}

func (l *linter) partial(x *Exemption, pool *Pool, p int) bool {
	reach := span{int64(pool.First), int64(pool.Last)}
	var exempt []span
	var first *ACE
	for i := range l.plan.ACLs[x.ACL].Entries {
		e := &l.plan.ACLs[x.ACL].Entries[i]
		if !e.Permit || e.Protos != nil {
			return false // not a plain list; too clever to judge
		}
		for _, n := range slices.Concat(e.Src, e.Dst) {
			if !n.Mask.Contiguous() {
				return false
			}
		}
		if !slices.ContainsFunc(e.Dst, func(n ast.Net) bool { s := spanOf(n); return s.lo <= reach.lo && reach.hi <= s.hi }) {
			continue
		}
		if first == nil {
			first = e
		}
		for _, n := range e.Src {
			exempt = append(exempt, spanOf(n))
		}
	}
	if first == nil {
		return false
	}
	covered := union(append(exempt, reach)) // a client does not talk to clients
	type part struct {
		line Line
		left spans
	}
	var parts []part
	var left []span
	wanted, split := l.splitNetworks(p)
	if split {
		left = union(wanted).minus(covered)
	} else {
		var taken []span // longer prefixes on any interface come first
		for i := range l.plan.Routes {
			r := &l.plan.Routes[i]
			if r.Net.Mask == 0 || !r.Net.Mask.Contiguous() {
				continue
			}
			own := spanOf(r.Net)
			if r.If == x.If {
				if rest := (spans{own}).minus(union(taken)).minus(covered); len(rest) > 0 {
					parts = append(parts, part{r.Line, rest})
					left = append(left, rest...)
				}
			}
			taken = append(taken, own)
		}
	}
	missing := union(left)
	if len(missing) == 0 {
		return false
	}
	cmd := first.Line.cmd.(*ast.AccessList)
	id := l.plan.ACLs[x.ACL].ID
	d := l.find("W402", ast.Warning, cmd, l.ip(cmd.Src.Net.IP),
		"the NAT exemption %s covers only part of the networks that clients of pool %s should reach: %s on %s are translated even towards the pool, and clients cannot open connections to them",
		id, pool.Name, missing, l.ifName(x.If))
	d.Hint = l.widerExemption(x, cmd, missing)
	l.noteLine(d, x.Line.cmd)
	for _, p := range parts {
		l.note(d, p.line.cmd, "%s: not exempt are %s", l.print.Text(p.line.cmd), p.left)
	}
	return true
}

// widerExemption writes the entry that would cover what is missing, as the shortest list of known networks.
func (l *linter) widerExemption(x *Exemption, like *ast.AccessList, missing spans) string {
	for i := range l.plan.Routes { // longest first: the smallest network that does
		r := &l.plan.Routes[i]
		if r.If == x.If && r.Net.Mask != 0 && (spans{spanOf(r.Net)}).contains(span{missing[0].lo, missing[len(missing)-1].hi}) {
			right := *like
			right.Src = ast.Addr{Net: r.Net}
			return "add `" + l.print.Text(&right) + "`"
		}
	}
	return fmt.Sprintf("add entries for %s to access-list %s", missing, like.ID)
}

// splitNetworks is what the clients of a pool are told to send into the tunnel; false when one of them sends everything.
func (l *linter) splitNetworks(pool int) ([]span, bool) {
	var out []span
	all := false
	for i := range l.plan.VPN.Groups {
		g := &l.plan.VPN.Groups[i]
		if g.Pool != pool {
			continue
		}
		if g.Split == None {
			return nil, false
		}
		all = true
		for e := range l.plan.ACLs[g.Split].Entries {
			if ace := &l.plan.ACLs[g.Split].Entries[e]; ace.Permit {
				for _, n := range ace.Src {
					if n.Mask.Contiguous() && n.Mask != 0 {
						out = append(out, spanOf(n))
					}
				}
			}
		}
	}
	return out, all
}

// spoofing finds exemptions that let forged sources in: the exemption passes packets from its peers untranslated, the list
// of a lower interface permits them, and nothing checks that such sources belong there (semantics.md 10.3, S09). It speaks
// only where `ip verify reverse-path` would have refused the packet.
func (l *linter) spoofing() {
	const maxWork = 5_000_000 // pairs of entries looked at
	work := 0
	for i := range l.plan.NAT.Exemptions {
		x := &l.plan.NAT.Exemptions[i]
	interfaces:
		for in := range l.plan.Interfaces {
			f := &l.plan.Interfaces[in]
			if f.RPF || f.ACL == None || f.Level >= l.level(x.If) || x.Outside {
				continue
			}
			for a := range l.plan.ACLs[x.ACL].Entries {
				xe := &l.plan.ACLs[x.ACL].Entries[a]
				if !xe.Permit || len(xe.Dst) != 1 || xe.Dst[0].Mask == 0 {
					continue
				}
				route := l.plan.Lookup(xe.Dst[0].IP)
				if route == nil || route.If == in || !covers(route.Net, xe.Dst[0]) {
					continue
				}
				for b := range l.plan.ACLs[f.ACL].Entries {
					if work++; work > maxWork {
						return
					}
					e := &l.plan.ACLs[f.ACL].Entries[b]
					if !overlapAny(e.Src, xe.Dst) || !overlapAny(e.Dst, xe.Src) {
						continue
					}
					if !e.Permit {
						if coversAll(e.Src, xe.Dst) && e.Protos == nil {
							break // an anti-spoofing deny stands before
						}
						continue
					}
					d := l.find("W404", ast.Warning, x.Line.cmd, "",
						"packets with a forged source in %s that arrive in clear on %s reach %s: access-list %s permits them, the exemption passes them untranslated, and the source is not checked",
						netWords(common(e.Src, xe.Dst)), f.Name, netWords(common(e.Dst, xe.Src)), l.plan.ACLs[f.ACL].ID)
					d.Hint = "add `ip verify reverse-path interface " + f.Name + "`"
					l.noteLine(d, xe.Line.cmd)
					l.noteLine(d, e.Line.cmd)
					continue interfaces
				}
			}
		}
	}
}

// common is an overlap of two sets of nets that overlap.
func common(a, b []ast.Net) ast.Net {
	for _, x := range a {
		for _, y := range b {
			if x.Overlaps(y) {
				return ast.Net{IP: x.IP | y.IP, Mask: x.Mask | y.Mask}
			}
		}
	}
	return ast.Net{}
}

// pools finds pools of client addresses inside a connected network.
func (l *linter) pools() {
	for i := range l.plan.VPN.Pools {
		p := &l.plan.VPN.Pools[i]
		for f := range l.plan.Interfaces {
			n := &l.plan.Interfaces[f]
			if !n.HasAddress() || !spanOf(n.Net).overlaps(span{int64(p.First), int64(p.Last)}) {
				continue
			}
			d := l.find("W403", ast.Warning, p.Line.cmd, l.ip(p.First),
				"pool %s lies in the connected network of interface %s: hosts there look for the clients on their own wire, and reach them only while the firewall answers ARP for them",
				p.Name, n.Name)
			d.Hint = "use addresses of a network of its own, and exempt them from translation"
			l.noteLine(d, n.AddrLine.cmd)
			if p.Contains(n.Net.IP) {
				l.note(d, n.AddrLine.cmd, "%s, the address of the interface itself, is in the pool", n.Net.IP)
			}
		}
	}
}

// natIDs finds nat without global, global without nat, and pools that run out.
func (l *linter) natIDs() {
	t := &l.plan.NAT
	nats := slices.Concat(t.Nats, t.Policies)
	seen := map[[2]int]bool{}
	for i := range nats {
		n := &nats[i]
		if n.ID == 0 || seen[[2]int{n.If, n.ID}] {
			continue
		}
		seen[[2]int{n.If, n.ID}] = true
		// The lines, not the plan: a global that could not be resolved has a finding of its own.
		if slices.ContainsFunc(l.lines.globals, func(g *ast.Global) bool { return g.ID == n.ID && g.If != l.ifName(n.If) }) {
			continue
		}
		d := l.find("W413", ast.Warning, n.Line.cmd, fmt.Sprint(n.ID), "nat %d on %s has no global: connections of its hosts are refused on every interface", n.ID, l.ifName(n.If))
		if out := l.below(n.If); out != None {
			d.Hint = fmt.Sprintf("add `global (%s) %d interface`", l.ifName(out), n.ID)
		}
	}
	type pool struct{ in, id int }
	size := map[pool]int64{}
	last := map[pool]*Global{}
	var order []pool
	for i := range t.Globals {
		g := &t.Globals[i]
		k := pool{g.If, g.ID}
		if last[k] == nil {
			order = append(order, k)
		}
		last[k] = g
		size[k] += int64(g.Last-g.First) + 1
		if g.PAT {
			size[k] = 1 << 40
		}
	}
	for _, k := range order {
		var hosts int64
		used := false
		for i := range nats {
			n := &nats[i]
			if n.ID != k.id || n.If == k.in {
				continue
			}
			used = true
			if n.ACL == None {
				hosts += spanOf(n.Net).hi - spanOf(n.Net).lo + 1
			}
		}
		cmd := last[k].Line.cmd
		switch {
		case !used:
			d := l.find("W414", ast.Warning, cmd, fmt.Sprint(k.id), "global %d on %s has no nat: nothing is translated to its addresses", k.id, l.ifName(k.in))
			d.Hint = fmt.Sprintf("add a nat line with id %d, or remove the global", k.id)
		case hosts > size[k]:
			d := l.find("W423", ast.Info, cmd, "", "global %d on %s has %d addresses and no PAT address: when they are taken, further hosts are refused", k.id, l.ifName(k.in), size[k])
			d.Hint = fmt.Sprintf("add a single address for PAT, such as `global (%s) %d interface`", l.ifName(k.in), k.id)
		}
	}
}

// below is the least trusted interface under another, or None.
func (l *linter) below(in int) int {
	best := None
	for i := range l.plan.Interfaces {
		if l.level(i) < l.level(in) && (best == None || l.level(i) < l.level(best)) {
			best = i
		}
	}
	return best
}
