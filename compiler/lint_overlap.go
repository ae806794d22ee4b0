package compiler

import (
	"cmp"
	"fmt"
	"slices"

	"pixfw/ast"
)

// maxStatics bounds the comparison of every static with every other.
const maxStatics = 3000

// overlaps finds mapped addresses that two lines claim. A PIX takes such lines with a warning (commands-firewall.md
// section 5.5). One finding a line.
func (l *linter) overlaps() {
	t := &l.plan.NAT
	if n := len(t.Statics); n > maxStatics {
		l.find("W431", ast.Info, t.Statics[maxStatics].Line.cmd, "", "%d of %d statics were not compared with the others; this is the first", n-maxStatics, n).Hint =
			"use statics for whole networks where you can"
	}
	for i := range min(len(t.Statics), maxStatics) {
		l.staticOverlap(i)
	}
	for i := range min(len(t.Statics), maxStatics) {
		s := &t.Statics[i]
		if s.Proto != 0 || s.ACL != None {
			continue // one port of an address that PAT uses as well is common and works
		}
		for j := range t.Globals {
			g := &t.Globals[j]
			if g.If != s.MappedIf || !spanOf(s.MappedNet()).overlaps(span{int64(g.First), int64(g.Last)}) {
				continue
			}
			d := l.find("W418", ast.Warning, s.Line.cmd, l.ip(s.Mapped), "static overlaps a global: %s is also handed out by global %d on %s", netWords(s.MappedNet()), g.ID, l.ifName(g.If))
			d.Hint = "take the addresses of the static out of the global"
			l.noteLine(d, g.Line.cmd)
		}
	}
	l.globalOverlaps()
	for i := range t.Globals {
		g := &t.Globals[i]
		f := &l.plan.Interfaces[g.If]
		if !g.Interface && f.HasAddress() && g.First <= f.Net.IP && f.Net.IP <= g.Last {
			d := l.find("W418", ast.Warning, g.Line.cmd, l.ip(f.Net.IP), "global %d on %s holds the address of the interface itself", g.ID, f.Name)
			d.Hint = fmt.Sprintf("leave %s out, or write `global (%s) %d interface` for PAT", f.Net.IP, f.Name, g.ID)
			l.noteLine(d, f.AddrLine.cmd)
		}
	}
}

// globalOverlaps finds addresses that two globals of an interface hand out: the same one twice, to hosts of different nat lines.
func (l *linter) globalOverlaps() {
	t := &l.plan.NAT
	order := make([]int, len(t.Globals))
	for i := range order {
		order[i] = i
	}
	order = slices.DeleteFunc(order, func(i int) bool { return t.Globals[i].Interface }) // in a pool, it has a finding of its own
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.Globals[a].If, t.Globals[b].If), cmp.Compare(t.Globals[a].First, t.Globals[b].First))
	})
	widest := None // the one before that reaches farthest
	for _, i := range order {
		b := &t.Globals[i]
		if widest != None && t.Globals[widest].If == b.If && b.First <= t.Globals[widest].Last {
			a, first, later := &t.Globals[widest], b.First, b
			both := span{int64(first), int64(min(a.Last, b.Last))}
			if widest > i {
				a, later = b, a
			}
			d := l.find("W418", ast.Warning, later.Line.cmd, "", "global overlaps an earlier one: both hand out %s on %s", both, l.ifName(b.If))
			d.Hint = "give each global addresses of its own"
			l.noteLine(d, a.Line.cmd)
		}
		if widest == None || t.Globals[widest].If != b.If || b.Last > t.Globals[widest].Last {
			widest = i
		}
	}
}

// staticOverlap compares a static with the earlier ones of the table.
func (l *linter) staticOverlap(i int) {
	b := &l.plan.NAT.Statics[i]
	var claimed, hidden, same *Static
	others := 0
	for j := range i {
		a := &l.plan.NAT.Statics[j]
		if a.ACL != None || b.ACL != None || a.MappedIf != b.MappedIf {
			continue
		}
		alike := a.RealIf == b.RealIf && a.Real-a.Mapped == b.Real-b.Mapped // host by host, where both apply
		switch {
		case a.Proto != b.Proto || a.MappedPort != b.MappedPort || b.Proto != 0 && a.RealPt != b.RealPt && a.Mapped != b.Mapped:
		case alike && covers(a.MappedNet(), b.MappedNet()) && a.RealPt == b.RealPt:
			same = a
		case alike && a.RealPt == b.RealPt:
			// The earlier one is a part of this one.
		case a.MappedNet().Overlaps(b.MappedNet()):
			if others++; claimed == nil {
				claimed = a
			}
		case b.Proto == 0 && a.RealIf == b.RealIf && hidden == nil && covers(a.RealNet(), b.RealNet()):
			hidden = a
		}
	}
	var d *ast.Diagnostic
	switch {
	case same != nil:
		d = l.find("W418", ast.Info, b.Line.cmd, l.ip(b.Mapped), "static is redundant: an earlier one translates %s in the same way", netWords(b.RealNet()))
		d.Hint = "remove the line"
		l.noteLine(d, same.Line.cmd)
	case claimed != nil:
		d = l.find("W418", ast.Warning, b.Line.cmd, l.ip(b.Mapped), "static overlaps an earlier one: both claim %s on %s, and the first in the configuration wins",
			netWords(common([]ast.Net{claimed.MappedNet()}, []ast.Net{b.MappedNet()})), l.ifName(b.MappedIf))
		d.Hint = "give each static mapped addresses of its own"
		l.noteLine(d, claimed.Line.cmd)
		if others > 1 {
			l.note(d, claimed.Line.cmd, "and %d more", others-1)
		}
	case hidden != nil:
		d = l.find("W418", ast.Warning, b.Line.cmd, l.ip(b.Real), "static overlaps an earlier one: connections that %s opens always leave as %s, never as %s",
			netWords(b.RealNet()), netWords(ast.Net{IP: hidden.ToMapped(b.Real), Mask: b.Mask}), netWords(b.MappedNet()))
		d.Hint = "put the more specific static before the other, or remove it"
		l.noteLine(d, hidden.Line.cmd)
	default:
		return
	}
	if s, ok := b.Line.cmd.(*ast.Static); ok && s.Mapped&^b.Mask != 0 && b.Mask != ast.AllOnes {
		d.Hint += "; for one host alone, write netmask 255.255.255.255"
	}
}

// unreached finds statics that others leave nothing to do: port statics on an address that an address static has wholly, since
// those are looked at first (semantics.md 3.3), and address statics of hosts that are exempt from translation to everywhere
// (3.2), so that no connection that they open is translated.
func (l *linter) unreached() {
	t := &l.plan.NAT
	type address struct {
		in int
		ip ast.IP
	}
	hosts := map[address]*Static{}
	var nets []*Static
	for i := range t.Statics {
		s := &t.Statics[i]
		switch {
		case s.ACL != None:
		case s.Proto == 0 && s.Mask == ast.AllOnes:
			if k := (address{s.MappedIf, s.Mapped}); hosts[k] == nil {
				hosts[k] = s
			}
		case s.Proto == 0 && len(nets) < maxStatics/10:
			nets = append(nets, s)
		case s.Proto != 0:
			by := hosts[address{s.MappedIf, s.Mapped}]
			for _, n := range nets {
				if by == nil && n.MappedIf == s.MappedIf && n.MappedNet().Contains(s.Mapped) {
					by = n
				}
			}
			if by == nil || by.RealIf == s.RealIf && by.ToReal(s.Mapped) == s.Real && s.MappedPort == s.RealPt {
				continue
			}
			d := l.find("W437", ast.Warning, s.Line.cmd, l.ip(s.Mapped), "static never takes effect for packets that arrive: another takes all ports of %s, and statics without a port come first", s.Mapped)
			d.Hint = "give the port an address of its own, or write the other static for single ports too"
			l.noteLine(d, by.Line.cmd)
		}
	}
	for i := range t.Exemptions {
		x := &t.Exemptions[i]
		var free []*ACE
		for j := range l.plan.ACLs[x.ACL].Entries {
			e := &l.plan.ACLs[x.ACL].Entries[j]
			if !e.Permit {
				break // what comes behind is not for everybody
			}
			if slices.Contains(e.Dst, ast.Net{}) && len(free) < maxQuoted {
				free = append(free, e)
			}
		}
		for j := range t.Statics {
			s := &t.Statics[j]
			if len(free) == 0 || s.RealIf != x.If || s.Proto != 0 || s.Real == s.Mapped {
				continue
			}
			for _, e := range free {
				if slices.ContainsFunc(e.Src, func(n ast.Net) bool { return covers(n, s.RealNet()) }) {
					d := l.find("W437", ast.Warning, s.Line.cmd, l.ip(s.Real), "connections that %s opens are never translated to %s: the exemption %s lets them out as they are",
						netWords(s.RealNet()), netWords(s.MappedNet()), l.plan.ACLs[x.ACL].ID)
					d.Hint = "name in the exemption only the destinations that need it"
					l.noteLine(d, x.Line.cmd)
					l.noteLine(d, e.Line.cmd)
					break
				}
			}
		}
	}
}

// handedOutTwice finds ranges of addresses for clients that overlap: pools with each other, with what DHCP gives out, with
// globals and with the mapped address of a static.
func (l *linter) handedOutTwice() {
	type claim struct {
		span span
		what string
		cmd  ast.Command
	}
	var all []claim
	for i := range l.plan.VPN.Pools {
		p := &l.plan.VPN.Pools[i]
		all = append(all, claim{span{int64(p.First), int64(p.Last)}, "pool " + p.Name, p.Line.cmd})
	}
	pools := len(all)
	for _, cmd := range l.lines.system {
		if c, ok := cmd.(*ast.DHCPDAddress); ok {
			all = append(all, claim{span{int64(c.First), int64(c.Last)}, "the DHCP server", c})
		}
	}
	for i := range l.plan.NAT.Globals {
		g := &l.plan.NAT.Globals[i]
		all = append(all, claim{span{int64(g.First), int64(g.Last)}, fmt.Sprintf("global %d", g.ID), g.Line.cmd})
	}
	for i := range min(len(l.plan.NAT.Statics), maxStatics) {
		if s := &l.plan.NAT.Statics[i]; s.Real != s.Mapped {
			all = append(all, claim{spanOf(s.MappedNet()), "a static", s.Line.cmd})
		}
	}
	for i := range min(pools, maxStatics) {
		for j := range all[:min(len(all), 2*maxStatics)] {
			p, o := all[i], all[j]
			if j <= i && j < pools || !p.span.overlaps(o.span) || o.cmd == nil {
				continue
			}
			both := span{max(p.span.lo, o.span.lo), min(p.span.hi, o.span.hi)}
			at, other := o, p
			if j >= pools {
				at, other = p, o
			}
			d := l.find("W445", ast.Warning, at.cmd, "", "%s and %s both hand out %s: what has been given to one host may be given to another", at.what, other.what, both)
			d.Hint = "give each addresses of its own"
			l.noteLine(d, other.cmd)
			break
		}
	}
}

// natLists finds entries that translation cannot use: an exemption compares addresses only, and policy NAT knows no deny
// (semantics.md 3.2). One finding a list.
func (l *linter) natLists() {
	t := &l.plan.NAT
	for i := range t.Exemptions {
		x := &t.Exemptions[i]
		for j := range l.plan.ACLs[x.ACL].Entries {
			e := &l.plan.ACLs[x.ACL].Entries[j]
			if e.Protos == nil && e.SrcPorts == nil && e.DstPorts == nil {
				continue
			}
			d := l.find("W427", ast.Warning, e.Line.cmd, "", "access-list %s exempts from translation by addresses only; a protocol or port in it has no place", l.plan.ACLs[x.ACL].ID)
			d.Hint = "use `ip` and no ports"
			l.noteLine(d, x.Line.cmd)
			break
		}
	}
	for i := range t.Policies {
		n := &t.Policies[i]
		for j := range l.plan.ACLs[n.ACL].Entries {
			e := &l.plan.ACLs[n.ACL].Entries[j]
			if e.Permit {
				continue
			}
			d := l.find("W427", ast.Warning, e.Line.cmd, "deny", "access-list %s chooses what to translate, and may only permit", l.plan.ACLs[n.ACL].ID)
			d.Hint = "say with permit entries what is to be translated"
			l.noteLine(d, n.Line.cmd)
			break
		}
	}
}
