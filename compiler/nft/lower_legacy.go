package nft

import (
	"cmp"
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// refusedOut are the lists at the access check, before anybody is asked who he is: for what goes to a lower interface by the address that
// it was sent to, and for what a static, an alias or a live translation makes another destination of, which the lists are about.
func (l *lowerer) refusedOut(i int) (rules []Rule) {
	for _, o := range l.ifs {
		if l.level(o) >= l.level(i) {
			continue
		}
		jumps := l.outboundLists(i, o, nil)
		if len(jumps) == 0 {
			continue
		}
		for _, match := range l.outward(i, o) {
			for _, r := range jumps {
				rules = append(rules, Rule{Match: match, Do: r.Do, Line: r.Line})
			}
		}
		rules = append(rules, l.refusedChanged(i, o)...)
	}
	return rules
}

// pastConduits has what goes to a lower interface pass by the conduits: they are about what comes in, and count nothing else.
func (l *lowerer) pastConduits(i int, do []Stmt) (rules []Rule) {
	if len(l.p.Conduits) == 0 {
		return nil
	}
	for _, o := range l.ifs {
		if l.level(o) >= l.level(i) {
			continue
		}
		for _, match := range l.outward(i, o) {
			rules = append(rules, Rule{Match: match, Do: do, Note: "to a lower level: no conduit is asked"})
		}
	}
	return rules
}

// outward matches what goes from interface i to the lower o by the address that it was sent to.
func (l *lowerer) outward(i, o int) (out [][]Match) {
	var changed []Range
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; s.MappedIf == i && s.Mask.Contiguous() {
			changed = append(changed, netRange(s.MappedNet()))
		}
	}
	for k := range l.p.NAT.Aliases {
		if a := &l.p.NAT.Aliases[k]; a.If == i && a.Mask.Contiguous() {
			changed = append(changed, netRange(a.DNATNet()))
		}
	}
	to := subtract(l.to[o], changed)
	for len(to) > 0 {
		n := min(len(to), chunk)
		match := []Match{dst(to[:n]...)}
		if un := l.un[i]; un != "" {
			match = append(match, Match{Field: Daddr, Not: true, Set: un})
		}
		out, to = append(out, match), to[n:]
	}
	return out
}

// refusedChanged are the lists for what becomes a destination on interface o. A static of a port or with an access list is not asked: the
// lists see what it makes when it is there.
func (l *lowerer) refusedChanged(i, o int) (rules []Rule) {
	var covered []Range
	var live []Match
	add := func(to []Range, seen view, match ...Match) {
		jumps := l.outboundLists(i, o, seen)
		for _, r := range pieces(subtract(to, covered)) {
			for _, j := range jumps {
				rules = append(rules, Rule{Match: append([]Match{dst(r...)}, match...), Do: j.Do, Line: j.Line})
			}
		}
		covered = merge(append(covered, to...))
	}
	if un := l.un[i]; un != "" {
		live = []Match{{Field: Daddr, Not: true, Set: un}}
		for _, r := range pieces(l.to[o]) {
			for _, j := range l.outboundLists(i, o, func(n ast.Net) []Match { return []Match{{Field: LiveDaddr, Set: un, Values: []Range{netRange(n)}}} }) {
				rules = append(rules, Rule{Match: []Match{{Field: LiveDaddr, Set: un, Values: r}}, Do: j.Do, Line: j.Line})
			}
		}
	}
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		switch {
		case s.MappedIf != i || !l.loads(s):
		case s.RealIf != o || s.Proto != 0 || s.ACL != compiler.None:
			covered = merge(append(covered, netRange(s.MappedNet())))
		default:
			add([]Range{netRange(s.MappedNet())}, through(s.RealNet(), s.MappedNet()), live...)
		}
	}
	for k := range l.p.NAT.Aliases {
		a := &l.p.NAT.Aliases[k]
		if a.If != i || !a.Mask.Contiguous() {
			continue
		}
		foreign, dnat := netRange(a.ForeignNet()), netRange(a.DNATNet())
		var there []Range // dnat addresses of what lies on o
		for _, r := range intersect([]Range{foreign}, l.to[o]) {
			there = append(there, Range{r.Lo - foreign.Lo + dnat.Lo, r.Hi - foreign.Lo + dnat.Lo})
		}
		add(merge(there), through(a.ForeignNet(), a.DNATNet()), live...)
	}
	return rules
}

// A view is what the destinations of a net look like where they are not translated yet, as alternatives; none: it has none of them.
type view func(ast.Net) []Match

// through is the view of the hosts of a net by what they are mapped to.
func through(real, mapped ast.Net) view {
	from, to := netRange(real), netRange(mapped)
	return func(n ast.Net) (out []Match) {
		if !n.Mask.Contiguous() {
			if n.Contains(real.IP) && real.Mask == ast.AllOnes {
				out = append(out, dst(to))
			}
			return out
		}
		for _, r := range intersect([]Range{netRange(n)}, []Range{from}) {
			out = append(out, dst(Range{r.Lo - from.Lo + to.Lo, r.Hi - from.Lo + to.Lo}))
		}
		return out
	}
}

// outboundLists are jumps to the lists that are applied to interface i, for packets to the lower o. Where an access list is
// bound they are not looked at. Several lists must all permit (semantics.md 2.4). seen is how their destinations look; nil: as they are.
func (l *lowerer) outboundLists(i, o int, seen view) (jumps []Rule) {
	if l.p.Interfaces[i].ACL != compiler.None {
		return nil
	}
	if known, is := l.outbounds[[2]int{i, o}]; is && seen == nil {
		return known
	}
	var chains []Chain
	for k := range l.p.Applies {
		a := &l.p.Applies[k]
		if a.If != i || a.List < 0 || a.List >= len(l.p.Outbound) {
			continue
		}
		list := &l.p.Outbound[a.List]
		own, other := Saddr, Daddr
		if a.Dest {
			own, other = Daddr, Saddr
		}
		c := Chain{Name: l.unique(fmt.Sprintf("%s_%d", l.pairName("outbound", i, o), list.ID)), Note: fmt.Sprintf("outbound %d: the best match decides", list.ID)}
		turned := Chain{Name: l.unique(c.Name + "_except"), Note: "the other way round, for an exception"}
		for j := range list.Rules {
			if r := &list.Rules[j]; r.Action == "except" {
				for _, m := range outboundMatch(r, other, seen) {
					c.Rules = append(c.Rules, Rule{Match: m, Do: []Stmt{Goto{turned.Name}}, Line: r.Line})
				}
			}
		}
		excepts := len(c.Rules) > 0
		for _, r := range bestFirst(list) {
			for _, m := range outboundMatch(r, own, seen) {
				c.Rules = append(c.Rules, outboundVerdict(list, r, r.Action == "permit", m)...)
				turned.Rules = append(turned.Rules, outboundVerdict(list, r, r.Action != "permit", m)...)
			}
		}
		jumps = append(jumps, Rule{Do: []Stmt{Jump{c.Name}}, Line: a.Line})
		if chains = append(chains, c); excepts {
			chains = append(chains, turned)
		}
	}
	l.rs.Chains = append(l.rs.Chains, chains...)
	if seen == nil {
		l.outbounds[[2]int{i, o}] = jumps
	}
	return jumps
}

// bestFirst are the rules of a list that decide: the longest mask first, then the narrowest ports, then a named protocol; of equals
// the first.
func bestFirst(list *compiler.OutboundList) []*compiler.Outbound {
	var out []*compiler.Outbound
	for j := range list.Rules {
		if r := &list.Rules[j]; r.Action != "except" {
			out = append(out, r)
		}
	}
	named := func(r *compiler.Outbound) int {
		if r.Proto != 0 {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b *compiler.Outbound) int {
		return cmp.Or(cmp.Compare(b.Net.Mask.Bits(), a.Net.Mask.Bits()), cmp.Compare(a.Ports.Hi-a.Ports.Lo, b.Ports.Hi-b.Ports.Lo), cmp.Compare(named(a), named(b)))
	})
	return out
}

// outboundMatch is what a rule of an outbound list is about, as alternatives. Ports are those of the destination.
func outboundMatch(r *compiler.Outbound, field Field, seen view) [][]Match {
	var tail []Match
	ports := r.Ports != compiler.PortRange{Hi: 0xffff}
	switch {
	case r.Proto != 0 && ports && r.Proto != ast.ProtoTCP && r.Proto != ast.ProtoUDP:
		return nil // nothing else has ports
	case r.Proto != 0:
		tail = append(tail, proto(uint32(r.Proto)))
	case ports:
		tail = append(tail, withPorts)
	}
	if ports {
		tail = append(tail, Match{Field: Dport, Values: []Range{{uint32(r.Ports.Lo), uint32(r.Ports.Hi)}}})
	}
	var out [][]Match
	if seen != nil && field == Daddr {
		for _, m := range seen(r.Net) {
			out = append(out, append([]Match{m}, tail...))
		}
		return out
	}
	for _, m := range nets(field, []ast.Net{r.Net}) {
		out = append(out, slices.Concat(m, tail))
	}
	return out
}

func outboundVerdict(list *compiler.OutboundList, r *compiler.Outbound, permit bool, match []Match) []Rule {
	if permit {
		return []Rule{{Match: match, Do: []Stmt{Return{}}, Line: r.Line}}
	}
	reason := func(id int) string { return fmt.Sprintf("%d:%d", id, list.ID) }
	if r.Proto == ast.ProtoICMP {
		return []Rule{deny(reason(106018), "outbound list", r.Line, match...)}
	}
	out := []Rule{deny(reason(106002), "outbound list", r.Line, match...)}
	if r.Proto == 0 && !slices.ContainsFunc(match, func(m Match) bool { return m.Field == L4Proto }) {
		out = append([]Rule{deny(reason(106018), "outbound list", r.Line, slices.Concat(match, []Match{proto(ast.ProtoICMP)})...)}, out...)
	}
	return out
}

// aliases send what hosts of interface i address to a dnat address to the foreign one (semantics.md 3.4). That is no translation of
// the host there: to a higher interface it does not do.
func (l *lowerer) aliases(i int) []Rule {
	var rules []Rule
	for k := range l.p.NAT.Aliases {
		a := &l.p.NAT.Aliases[k]
		if a.If != i || !a.Mask.Contiguous() {
			continue
		}
		first, last := a.ForeignNet().Range()
		rules = append(rules, Rule{Match: []Match{dst(netRange(a.DNATNet()))},
			Do: []Stmt{MarkPacket{translatedBy(len(l.p.NAT.Statics) + k)}, NAT{Dst: true, First: first, Last: last, Prefix: first != last}}, Line: a.Line})
	}
	return rules
}

// fromAliases translate the sources of what was let in from i to the higher o that hosts there know by an alias.
func (l *lowerer) fromAliases(i, o int) (rules []Rule) {
	for k := range l.p.NAT.Aliases {
		a := &l.p.NAT.Aliases[k]
		if a.If != o || !a.Mask.Contiguous() {
			continue
		}
		_, known := l.marks[fmt.Sprintf("alias %d", k)]
		m := l.class(fmt.Sprintf("alias %d", k))
		if !known {
			first, last := a.DNATNet().Range()
			l.real[m] = a.ForeignNet()
			l.classes = append(l.classes, Rule{Match: []Match{class(m)}, Do: []Stmt{NAT{First: first, Last: last, Prefix: first != last}}, Line: a.Line})
		}
		rules = append(rules, Rule{Match: []Match{src(netRange(a.ForeignNet()))}, Do: []Stmt{SetMark{m}, Accept{}}, Line: a.Line})
	}
	return rules
}

// toAlias lets packets for a dnat address go on to the access list, wherever the address lies.
func (l *lowerer) toAlias(i int, check Stmt) []Rule {
	var rules []Rule
	for k := range l.p.NAT.Aliases {
		a := &l.p.NAT.Aliases[k]
		switch {
		case a.If != i:
		case a.Mask.Contiguous():
			rules = append(rules, l.foreignOf(i, a)...)
			rules = append(rules, Rule{Match: []Match{dst(netRange(a.DNATNet()))}, Do: []Stmt{check}, Line: a.Line})
		default:
			// What would reach the wrong host is dropped.
			rules = append(rules, deny("305005", "alias with holes", a.Line, Match{Field: Daddr, Mask: uint32(a.Mask), Values: one(uint32(a.DNAT & a.Mask))}))
		}
	}
	return rules
}

// foreignOf drops packets for dnat addresses whose foreign one lies nowhere, on the interface that they come from, or on one that nothing
// goes to from there.
func (l *lowerer) foreignOf(i int, a *compiler.Alias) (rules []Rule) {
	foreign, dnat := netRange(a.ForeignNet()), netRange(a.DNATNet())
	nowhere := []Range{foreign}
	seen := func(in []Range) []Range { // as dnat addresses
		var out []Range
		for _, r := range subtract(in, subtract(in, []Range{foreign})) {
			out = append(out, Range{r.Lo - foreign.Lo + dnat.Lo, r.Hi - foreign.Lo + dnat.Lo})
		}
		return merge(out)
	}
	for _, o := range l.ifs {
		nowhere = subtract(nowhere, l.to[o])
		there := seen(l.to[o])
		switch {
		case len(there) == 0:
		case o == i:
			rules = append(rules, deny("106011", "would leave by the interface it came from", a.Line, dst(there...)))
		case l.level(o) == l.level(i):
			rules = append(rules, Rule{Match: []Match{dst(there...)}, Do: []Stmt{Counter{}, Drop{}}, Line: a.Line, Note: "equal levels"})
		default:
			if own := seen([]Range{host(l.p.Interfaces[o].Net.IP)}); len(own) > 0 {
				rules = append(rules, Rule{Match: []Match{dst(own...)}, Do: []Stmt{Counter{}, Drop{}}, Line: a.Line, Note: "another interface's address"})
			}
		}
	}
	if down := seen(l.down); len(down) > 0 {
		nowhere = subtract(nowhere, l.down)
		rules = append(rules, lost(a.Line, dst(down...)))
	}
	if none := seen(nowhere); len(none) > 0 {
		rules = append(rules, deny("110001", "no route", a.Line, dst(none...)))
	}
	return rules
}

// establishedSets makes the sets of connections to which an established line lets others come back: foreign and mapped address.
func (l *lowerer) establishedSets() {
	l.rs.Established = map[int]string{}
	for k := range l.p.Established {
		if l.opts.Live {
			name := l.unique(fmt.Sprintf("established_%d", k+1))
			l.rs.Established[k] = name
			l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: LivePairs, Note: "who may come back to whom", Line: l.p.Established[k].Line})
		}
	}
}

// comesBack lets in what an established line permits, whatever access lists and conduits say (semantics.md 2.5).
func (l *lowerer) comesBack() (rules []Rule) {
	for k := range l.p.Established {
		e := &l.p.Established[k]
		if l.rs.Established[k] == "" {
			continue
		}
		match := []Match{inSet(SaddrDaddr, l.rs.Established[k])}
		switch {
		case e.To.Proto != 0 && e.From.Proto != 0 && e.To.Proto != e.From.Proto:
			continue // nothing is of both
		case e.To.Proto != 0 || e.From.Proto != 0:
			match = append(match, proto(uint32(max(e.To.Proto, e.From.Proto))))
		default:
			match = append(match, withPorts)
		}
		for _, p := range []struct {
			field Field
			ports compiler.PortRange
		}{{Dport, e.To.Ports}, {Sport, e.From.Ports}} {
			if p.ports != (compiler.PortRange{Hi: 0xffff}) {
				match = append(match, Match{Field: p.field, Values: []Range{{uint32(p.ports.Lo), uint32(p.ports.Hi)}}})
			}
		}
		rules = append(rules, Rule{Match: match, Do: l.admit(SetPacketMark{Mark: MarkConduit}, Accept{}), Line: e.Line})
	}
	return rules
}
