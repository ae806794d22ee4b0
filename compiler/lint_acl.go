package compiler

import (
	"fmt"
	"slices"

	"pixfw/ast"
)

// realAddresses finds entries of an interface's list that name the real address behind a static. The list sees packets as
// they arrive, and on the lower interface they carry the mapped address (semantics.md 2.1, 10.1).
func (l *linter) realAddresses() {
	real := l.realSides()
	for in := range l.plan.Interfaces {
		list := l.plan.Interfaces[in].ACL
		if list == None || l.boundElsewhere(list, in) {
			continue
		}
		for e := range l.plan.ACLs[list].Entries {
			ace := &l.plan.ACLs[list].Entries[e]
			if len(ace.Dst) != 1 || ace.Dst[0].Mask == 0 || !real.cover(ace.Dst[0]) {
				continue
			}
			if s := l.hiddenBy(in, ace); s != nil {
				l.reportReal(in, list, ace, s)
			}
		}
	}
}

// netSet finds quickly whether one of many nets, which have few different masks, covers another.
type netSet struct {
	masks []ast.IP
	nets  map[ast.Net]bool
}

// realSides is the real nets of all statics: a long list is looked at closely only where it names one of them.
func (l *linter) realSides() *netSet {
	set := &netSet{nets: map[ast.Net]bool{}}
	for i := range l.plan.NAT.Statics {
		n := network(l.plan.NAT.Statics[i].RealNet())
		set.nets[n] = true
		if !slices.Contains(set.masks, n.Mask) {
			set.masks = append(set.masks, n.Mask)
		}
	}
	return set
}

func (s *netSet) cover(n ast.Net) bool {
	return slices.ContainsFunc(s.masks, func(m ast.IP) bool {
		return m&^n.Mask == 0 && s.nets[ast.Net{IP: n.IP & m, Mask: m}]
	})
}

// boundElsewhere reports whether another interface uses the list, on which its entries may well match.
func (l *linter) boundElsewhere(list, in int) bool {
	for i := range l.plan.Interfaces {
		if i != in && l.plan.Interfaces[i].ACL == list {
			return true
		}
	}
	return false
}

// hiddenBy is the static whose real side the entry's destination is, when no packet with that destination can pass from
// interface in: nothing else maps the address to itself there.
func (l *linter) hiddenBy(in int, ace *ACE) *Static {
	t := &l.plan.NAT
	dst := ace.Dst[0]
	var found *Static
	for i := range t.Statics {
		s := &t.Statics[i]
		if s.MappedIf != in {
			continue
		}
		if s.MappedNet().Overlaps(dst) {
			return nil
		}
		if found == nil && l.level(s.RealIf) > l.level(in) && covers(s.RealNet(), dst) && s.carries(ace) {
			found = s
		}
	}
	if found == nil || l.plan.Interfaces[in].Net.Contains(dst.IP) {
		return nil
	}
	for i := range t.Globals {
		g := &t.Globals[i]
		if g.If == in && spanOf(dst).overlaps(span{int64(g.First), int64(g.Last)}) {
			return nil
		}
	}
	for i := range t.Nats { // identity NAT shows the address as it is, once the host has spoken
		if n := &t.Nats[i]; n.ID == 0 && n.If == found.RealIf && n.Net.Overlaps(dst) {
			return nil
		}
	}
	// Peers of an exemption see the real address. From a tunnel they do not meet the list while permit-ipsec is on, so
	// the entry is theirs only when it says so by its source.
	bypass := l.plan.Sysopt.PermitIPsec && l.plan.Interfaces[in].Map != None
	for i := range t.Exemptions {
		x := &t.Exemptions[i]
		if x.If == in {
			continue
		}
		for j := range l.plan.ACLs[x.ACL].Entries {
			e := &l.plan.ACLs[x.ACL].Entries[j]
			if !e.Permit || !overlapAny(e.Src, ace.Dst) || !overlapAny(e.Dst, ace.Src) {
				continue
			}
			if !bypass || coversAll(e.Dst, ace.Src) {
				return nil
			}
		}
	}
	return found
}

// carries reports whether a port static could serve traffic like that of the entry.
func (s *Static) carries(ace *ACE) bool {
	if s.Proto == 0 {
		return true
	}
	return len(ace.Protos) == 1 && ace.Protos[0] == s.Proto &&
		slices.ContainsFunc(ace.DstPorts, func(r PortRange) bool { return r.Contains(s.RealPt) })
}

func (l *linter) reportReal(in, list int, ace *ACE, s *Static) {
	cmd, ok := ace.Line.cmd.(*ast.AccessList)
	if !ok {
		return
	}
	name := l.ifName(in)
	dst := ace.Dst[0]
	d := l.find("W401", ast.Warning, cmd, l.ip(cmd.Dst.Net.IP),
		"access-list %s on %s names %s, the real address behind a static: packets that arrive there carry the mapped address, so this entry never lets one through",
		l.plan.ACLs[list].ID, name, netWords(dst))
	if !ace.Permit {
		d.Message = fmt.Sprintf("access-list %s on %s denies %s, the real address behind a static: packets that arrive there carry the mapped address, so this entry stops none",
			l.plan.ACLs[list].ID, name, netWords(dst))
	}
	right := *cmd
	right.Dst = ast.Addr{Net: ast.Net{IP: s.ToMapped(dst.IP), Mask: dst.Mask}}
	if s.Proto != 0 {
		right.DstPort = ast.PortMatch{Op: ast.PortEq, Lo: s.MappedPort}
	}
	d.Hint = "write `" + l.print.Text(&right) + "`"
	d.Suggestion = l.ip(right.Dst.Net.IP)
	l.noteLine(d, s.Line.cmd)
	l.noteLine(d, l.plan.Interfaces[in].ACLLine.cmd)
}

// netWords is a host as an address, a network as a prefix.
func netWords(n ast.Net) string {
	if n.Mask == ast.AllOnes {
		return n.IP.String()
	}
	return n.String()
}

func overlapAny(a, b []ast.Net) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Overlaps(y) {
				return true
			}
		}
	}
	return false
}

// coversAll reports whether each net of b lies in one net of a.
func coversAll(a, b []ast.Net) bool {
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x ast.Net) bool { return covers(x, y) }) {
			return false
		}
	}
	return true
}

// covers reports whether every packet that matches b matches a. It compares dimension by dimension, so it may miss a
// cover that several parts of a make up together, and is never wrong when it says yes.
func (a *ACE) covers(b *ACE) bool {
	if a.Protos != nil {
		if b.Protos == nil {
			return false
		}
		for _, p := range b.Protos {
			if !slices.Contains(a.Protos, p) {
				return false
			}
		}
	}
	if a.ICMP != nil {
		if b.ICMP == nil {
			return false
		}
		for _, t := range b.ICMP {
			if !slices.Contains(a.ICMP, t) {
				return false
			}
		}
	}
	return coversAll(a.Src, b.Src) && coversAll(a.Dst, b.Dst) && coversPorts(a.SrcPorts, b.SrcPorts) && coversPorts(a.DstPorts, b.DstPorts)
}

func coversPorts(a, b []PortRange) bool {
	if a == nil {
		return true
	}
	if b == nil {
		return false
	}
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x PortRange) bool { return x.Lo <= y.Lo && y.Hi <= x.Hi }) {
			return false
		}
	}
	return true
}

// openLists finds `permit ip any any` on an interface from which something more trusted can be reached.
func (l *linter) openLists() {
	for in := range l.plan.Interfaces {
		list := l.plan.Interfaces[in].ACL
		if list == None || !l.reachesHigher(in) {
			continue
		}
		for e := range l.plan.ACLs[list].Entries {
			ace := &l.plan.ACLs[list].Entries[e]
			if !ace.Permit || ace.Protos != nil || !slices.Contains(ace.Src, ast.Net{}) || !slices.Contains(ace.Dst, ast.Net{}) {
				continue
			}
			sev := ast.Warning
			if l.level(in) > l.lowest() {
				sev = ast.Info // lists of a DMZ often end so to let it out
			}
			d := l.find("W420", sev, ace.Line.cmd, "", "every packet that arrives on %s (security%d) is permitted; only translation still protects the networks behind it", l.ifName(in), l.level(in))
			d.Hint = "name the hosts and services that may be reached from " + l.ifName(in)
			l.noteLine(d, l.plan.Interfaces[in].ACLLine.cmd)
			break
		}
	}
}

// reachesHigher reports whether a static or an exemption shows hosts of a higher interface on this one.
func (l *linter) reachesHigher(in int) bool {
	t := &l.plan.NAT
	return slices.ContainsFunc(t.Statics, func(s Static) bool { return s.MappedIf == in && l.level(s.RealIf) > l.level(in) }) ||
		slices.ContainsFunc(t.Exemptions, func(x Exemption) bool { return l.level(x.If) > l.level(in) })
}
