package compiler

import (
	"fmt"

	"pixfw/ast"
)

// maxStatics bounds the comparison of every static with every other.
const maxStatics = 3000

// overlaps finds mapped addresses that two lines claim. A PIX takes such lines with a warning (commands-firewall.md
// section 5.5).
func (l *linter) overlaps() {
	t := &l.plan.NAT
	for i := range min(len(t.Statics), maxStatics) {
		for j := range i {
			l.staticPair(&t.Statics[j], &t.Statics[i])
		}
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

// staticPair compares a static with an earlier one of the table.
func (l *linter) staticPair(a, b *Static) {
	if a.RealIf != b.RealIf && a.MappedIf != b.MappedIf || a.ACL != None || b.ACL != None {
		return
	}
	sameService := a.Proto == b.Proto && (a.Proto == 0 || a.MappedPort == b.MappedPort)
	switch {
	case a.MappedIf == b.MappedIf && sameService && a.MappedNet().Overlaps(b.MappedNet()):
		// The same translation, host by host, does no harm.
		if a.RealIf == b.RealIf && a.Proto == 0 && a.ToMapped(b.Real) == b.Mapped && covers(a.RealNet(), b.RealNet()) {
			d := l.find("W418", ast.Info, b.Line.cmd, l.ip(b.Mapped), "static is redundant: an earlier one translates %s in the same way", netWords(b.RealNet()))
			d.Hint = "remove the line"
			l.noteLine(d, a.Line.cmd)
			return
		}
		d := l.find("W418", ast.Warning, b.Line.cmd, l.ip(b.Mapped), "static overlaps an earlier one: both claim %s on %s, and the first in the configuration wins", netWords(b.MappedNet()), l.ifName(b.MappedIf))
		d.Hint = "give each static mapped addresses of its own"
		l.noteLine(d, a.Line.cmd)
	case a.RealIf == b.RealIf && a.MappedIf == b.MappedIf && a.Proto == 0 && b.Proto == 0 && covers(a.RealNet(), b.RealNet()):
		d := l.find("W418", ast.Warning, b.Line.cmd, l.ip(b.Real), "static overlaps an earlier one: connections that %s opens always leave as %s, never as %s",
			netWords(b.RealNet()), netWords(ast.Net{IP: a.ToMapped(b.Real), Mask: b.Mask}), netWords(b.MappedNet()))
		d.Hint = "put the more specific static before the other, or remove it"
		l.noteLine(d, a.Line.cmd)
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
