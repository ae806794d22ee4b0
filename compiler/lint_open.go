package compiler

import (
	"slices"

	"pixfw/ast"
)

// openLists finds `permit ip any any`, and the same for all of TCP or UDP, on an interface from which something more trusted can
// be reached. Of a list it speaks once, of the widest such entry.
func (l *linter) openLists() {
	for in := range l.plan.Interfaces {
		list := l.plan.Interfaces[in].ACL
		if list == None || !l.reachesHigher(in) {
			continue
		}
		entries := l.plan.ACLs[list].Entries
		e := slices.IndexFunc(entries, func(a ACE) bool { return a.Permit && a.all() })
		if e < 0 {
			e = slices.IndexFunc(entries, func(a ACE) bool { return a.Permit && a.allOfTransport() })
		}
		if e < 0 {
			continue
		}
		ace := &entries[e]
		sev := ast.Warning
		if l.level(in) > l.lowest() {
			sev = ast.Info // lists of a DMZ often end so to let it out
		}
		d := l.find("W420", sev, ace.Line.cmd, "", "every %s that arrives on %s (security%d) is permitted; only translation still protects the networks behind it",
			ace.openWords(), l.ifName(in), l.level(in))
		d.Hint = "name the hosts and services that may be reached from " + l.ifName(in)
		l.noteLine(d, l.plan.Interfaces[in].ACLLine.cmd)
	}
}

// allOfTransport reports whether the entry matches every packet of TCP, of UDP, or of both.
func (a *ACE) allOfTransport() bool {
	return portProtocols(a.Protos) && a.SrcPorts == nil && a.DstPorts == nil && slices.Contains(a.Src, ast.Net{}) && slices.Contains(a.Dst, ast.Net{})
}

// openWords is what an entry for everybody lets in.
func (a *ACE) openWords() string {
	switch {
	case a.Protos == nil:
		return "packet"
	case !slices.Contains(a.Protos, ast.ProtoUDP):
		return "TCP packet"
	case !slices.Contains(a.Protos, ast.ProtoTCP):
		return "UDP packet"
	}
	return "TCP and UDP packet"
}

// reachesHigher reports whether hosts of a higher interface can be reached from this one: by a static or an exemption, or while
// they have an address of their own by nat.
func (l *linter) reachesHigher(in int) bool {
	t := &l.plan.NAT
	if slices.ContainsFunc(t.Statics, func(s Static) bool { return s.MappedIf == in && l.level(s.RealIf) > l.level(in) }) ||
		slices.ContainsFunc(t.Exemptions, func(x Exemption) bool { return l.level(x.If) > l.level(in) }) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(t.Nats, t.Policies), func(n Nat) bool {
		return l.level(n.If) > l.level(in) && (n.ID == 0 ||
			slices.ContainsFunc(t.Globals, func(g Global) bool { return g.If == in && g.ID == n.ID && !g.PAT }))
	})
}
