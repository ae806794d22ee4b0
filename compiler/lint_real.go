package compiler

import (
	"slices"

	"pixfw/ast"
)

// realAddresses finds entries of an interface's list, and conduits, that name the real address behind a static. They see packets
// as they arrive, and on the lower interface those carry the mapped address (semantics.md 2.1, 10.1). Of an object group there
// is one finding a list, for its first member of that kind.
func (l *linter) realAddresses() {
	s := &realSearch{linter: l, sides: l.realSides(), groups: map[*ast.Net][]ast.Net{}, said: map[listGroup]bool{}}
	for in := range l.plan.Interfaces {
		list := l.plan.Interfaces[in].ACL
		if list == None || l.boundElsewhere(list, in) {
			continue
		}
		entries := l.plan.ACLs[list].Entries
		for e := range entries {
			if s.work > maxRealWork {
				l.find("W431", ast.Info, entries[e].Line.cmd, "", "%d of the %d entries of access-list %s were not examined for real addresses; this is the first", len(entries)-e, len(entries), l.plan.ACLs[list].ID).Hint =
					"use smaller object groups, and statics for whole networks"
				return
			}
			s.entry(in, list, &entries[e])
		}
	}
	for i := range l.plan.Conduits {
		s.conduit(&l.plan.Conduits[i].ACE)
	}
}

const maxRealWork = 10_000_000 // statics and members looked at

// realSearch is the state of the search.
type realSearch struct {
	*linter
	sides  *netSet
	groups map[*ast.Net][]ast.Net // of a group, by where it is: the nets of it that are real ones
	said   map[listGroup]bool
	work   int
}

type listGroup struct {
	list  int
	group *ast.Net
}

// real is the nets of a set that are the real side of some static.
func (s *realSearch) real(nets []ast.Net) []ast.Net {
	switch len(nets) {
	case 0:
		return nil
	case 1:
		if nets[0].Mask == 0 || !s.sides.cover(nets[0]) {
			return nil
		}
		return nets
	}
	if known, ok := s.groups[&nets[0]]; ok {
		return known
	}
	var out []ast.Net
	for _, n := range nets {
		if n.Mask != 0 && s.sides.cover(n) {
			out = append(out, n)
		}
	}
	s.work += len(nets)
	s.groups[&nets[0]] = out
	return out
}

func (s *realSearch) entry(in, list int, ace *ACE) {
	named := s.real(ace.Dst)
	if len(named) == 0 {
		return
	}
	key := listGroup{list, &ace.Dst[0]}
	if len(ace.Dst) > 1 && s.said[key] {
		return
	}
	for _, dst := range named {
		if hider := s.hiddenBy(in, ace, dst); hider != nil {
			s.reportReal(in, list, ace, dst, hider)
			if len(ace.Dst) > 1 {
				s.said[key] = true
			}
			return
		}
	}
}

// conduit is entry for a conduit. It holds on every interface without a list: an address that some static shows on any is fine.
func (s *realSearch) conduit(ace *ACE) {
	t := &s.plan.NAT
	for _, dst := range s.real(ace.Dst) {
		s.work += len(t.Statics)
		if s.work > maxRealWork || slices.ContainsFunc(t.Statics, func(o Static) bool { return o.MappedNet().Overlaps(dst) }) {
			continue
		}
		for in := range s.plan.Interfaces {
			if s.plan.Interfaces[in].ACL != None {
				continue
			}
			if hider := s.hiddenBy(in, ace, dst); hider != nil {
				s.reportReal(in, None, ace, dst, hider)
				return
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

// hiddenBy is the static whose real side dst is, one destination of an entry, when no packet with that destination can pass from
// interface in: nothing else maps the address to itself there. A group that has the mapped address as well serves both sides.
func (s *realSearch) hiddenBy(in int, ace *ACE, dst ast.Net) *Static {
	l, t := s.linter, &s.plan.NAT
	s.work += len(t.Statics) + len(t.Globals) + len(t.Nats)
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
	if found == nil || l.plan.Interfaces[in].Net.Contains(dst.IP) || len(ace.Dst) > 1 && slices.ContainsFunc(ace.Dst, found.MappedNet().Overlaps) {
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
			if s.work++; !e.Permit || !overlapAny(e.Src, []ast.Net{dst}) || !overlapAny(e.Dst, ace.Src) {
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

func (l *linter) reportReal(in, list int, ace *ACE, dst ast.Net, s *Static) {
	var to *ast.Addr // the words to correct, of a copy
	var port *ast.PortMatch
	var right ast.Command
	who := "conduit"
	switch cmd := ace.Line.cmd.(type) {
	case *ast.AccessList:
		c := *cmd
		to, port, right = &c.Dst, &c.DstPort, &c
		who = "access-list " + l.plan.ACLs[list].ID
	case *ast.Conduit:
		c := *cmd
		to, port, right = &c.Global, &c.GlobalPort, &c
	default:
		return
	}
	group := ""
	word := l.ip(to.Net.IP)
	if to.Kind == ast.AddrGroup {
		word, group = to.Ref, to.Ref
	}
	named, does, effect := netWords(dst), "names", "never lets one through"
	if !ace.Permit {
		does, effect = "denies", "stops none"
	}
	if group != "" {
		named += " in object-group " + group
		effect += " to it"
	}
	d := l.find("W401", ast.Warning, ace.Line.cmd, word,
		"%s on %s %s %s, the real address behind a static: packets that arrive there carry the mapped address, so this entry %s", who, l.ifName(in), does, named, effect)
	mapped := ast.Net{IP: s.ToMapped(dst.IP), Mask: dst.Mask}
	if group != "" {
		d.Hint = "name " + netWords(mapped) + " in the group in its place"
	} else {
		*to = ast.Addr{Net: mapped}
		if s.Proto != 0 {
			*port = ast.PortMatch{Op: ast.PortEq, Lo: s.MappedPort}
		}
		d.Hint = "write `" + l.print.Text(right) + "`"
		d.Suggestion = l.ip(mapped.IP)
	}
	l.noteLine(d, s.Line.cmd)
	if list != None {
		l.noteLine(d, l.plan.Interfaces[in].ACLLine.cmd)
	}
}
