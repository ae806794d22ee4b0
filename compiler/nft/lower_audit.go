package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// Signatures of ip audit (semantics.md 1.7). The rules pick packets that may show one, before the kernel puts fragments together: the
// process looks at them, tells, and drops. Where a policy drops they wait in a queue of their own, so that many of them keep nothing else
// waiting; the others are logged and go on. Fragments are handed to the process anyway. While nobody listens all goes on.

// AuditQueue is the number of the queue in which packets wait that a signature may drop.
const AuditQueue = 108

// Audited is the prefix with which packets are logged that may show a signature.
const Audited = "400000"

// MarkAudit is of a packet that comes back from the process to be answered with a reset.
const MarkAudit = 0xd0000000

const (
	sameOctets = "same_octets"
	udpLengths = "udp_lengths"
	// mostUDP is the length of IP packets up to which the length of UDP in them is looked up. What is longer is handed over.
	mostUDP = 1500
)

// suspects are what a packet has to be like to show a signature. Of those that only fragments show there is nothing.
var suspects = []struct {
	id     int
	attack bool
	match  [][]Match
}{
	{1001, false, options}, {1002, false, options}, {1004, false, options},
	{1102, true, [][]Match{{{Field: SameAddrs, Set: sameOctets}}}},
	{2151, true, [][]Match{{proto(ast.ProtoICMP), {Field: IPLenOver, Values: one(1024)}}}},
	{3040, true, [][]Match{{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: tcpFlags, Values: one(0)}}}},
	{3041, true, [][]Match{{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagSYN | flagFIN, Values: one(flagSYN | flagFIN)}}}},
	{3042, true, [][]Match{{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: tcpFlags, Values: one(flagFIN)}, {Field: Dport, Values: []Range{{0, 1023}}}}}},
	{4050, true, [][]Match{{proto(ast.ProtoUDP), {Field: HdrLen, Values: one(5)}}, {proto(ast.ProtoUDP), {Field: UDPLengths, Not: true, Set: udpLengths}}}},
	{4051, true, [][]Match{{proto(ast.ProtoUDP), {Field: Dport, Values: one(135)}, {Field: Sport, Values: []Range{{7, 7}, {19, 19}, {135, 135}}}}}},
	{4052, true, [][]Match{{proto(ast.ProtoUDP), {Field: Sport, Values: one(7)}, {Field: Dport, Values: one(19)}}}},
}

var options = [][]Match{{{Field: HdrLen, Values: one(5)}}}

// echoes are the signatures of one type of ICMP each.
var echoes = map[int]uint32{2000: 0, 2001: 3, 2002: 4, 2003: 5, 2004: 8, 2005: 11, 2006: 12, 2007: 13, 2008: 14, 2009: 15, 2010: 16, 2011: 17, 2012: 18}

// audit makes the chain, the first that a packet meets but for that of fragments.
func (l *lowerer) audit() {
	if !l.opts.Daemon || len(l.p.Audit) == 0 {
		return
	}
	back := []Match{{Field: PacketMark, Mask: 0xffffffff, Values: one(MarkAudit)}}
	c := Chain{Name: "audit", Type: "filter", Hook: "prerouting", Priority: -440, Note: "Signatures of ip audit"}
	resets := slices.ContainsFunc(l.p.Audit, func(a compiler.Audit) bool {
		return slices.Contains(a.Info, "reset") || slices.Contains(a.Attack, "reset")
	})
	if resets && !l.lacks(Rejects, compiler.Line{}, "", "") {
		c.Rules = append(c.Rules, Rule{Match: append(back, notReset...), Do: []Stmt{Reset{}}})
	}
	if resets {
		c.Rules = append(c.Rules, Rule{Match: back, Do: []Stmt{Drop{}}})
	}
	c.Rules = append(c.Rules, Rule{Match: []Match{{Field: IsFragment}}, Do: []Stmt{Accept{}}, Note: "it has been looked at"})
	tell := Chain{Name: "audit_tell", Rules: []Rule{{Do: []Stmt{Log{Audited}}}}}
	hold := Chain{Name: "audit_hold", Rules: []Rule{{Do: []Stmt{ToQueue{Num: AuditQueue, Compat: l.opts.CompatQueue, Bypass: true}}}}}
	var chains []Chain
	for _, i := range l.ifs {
		of := Chain{Name: "audit_" + l.id[i], Note: "Packets on " + l.p.Interfaces[i].Name}
		for _, do := range []*Chain{&hold, &tell} { // what has waited does not come to the rest
			looks := map[bool]bool{}
			for k := range l.p.Audit {
				for attack, actions := range map[bool][]string{false: l.p.Audit[k].Info, true: l.p.Audit[k].Attack} {
					if l.p.Audit[k].If == i && len(actions) > 0 && compiler.AuditHolds(actions) == (do == &hold) {
						looks[attack] = true
					}
				}
			}
			list := Chain{Name: do.Name + "_" + l.id[i], Rules: l.suspects(looks, do.Name)}
			if len(list.Rules) > 0 {
				of.Rules = append(of.Rules, Rule{Do: []Stmt{Jump{list.Name}}})
				if !slices.ContainsFunc(chains, func(c Chain) bool { return c.Name == do.Name }) {
					chains = append(chains, *do)
				}
				chains = append(chains, list)
			}
		}
		if len(of.Rules) > 0 {
			chains = append(chains, of)
			c.Rules = append(c.Rules, Rule{Match: []Match{only(iif(l.dev[i]))}, Do: []Stmt{Goto{of.Name}}})
		}
	}
	if len(chains) == 0 {
		return
	}
	l.chain(c)
	l.rs.Chains = append(l.rs.Chains, chains...)
	l.auditSets(chains)
}

// suspects are the rules that pick the packets of some classes.
func (l *lowerer) suspects(attack map[bool]bool, do string) (rules []Rule) {
	on := func(id int, class bool) bool { return attack[class] && !slices.Contains(l.p.AuditDisabled, id) }
	add := func(match []Match) {
		if !slices.ContainsFunc(rules, func(r Rule) bool { return &r.Match[0] == &match[0] }) {
			rules = append(rules, Rule{Match: match, Do: []Stmt{Goto{do}}})
		}
	}
	for _, s := range suspects {
		if on(s.id, s.attack) {
			for _, m := range s.match {
				add(m)
			}
		}
	}
	var types []Range
	for id, typ := range echoes {
		if on(id, false) {
			types = append(types, Range{typ, typ})
		}
	}
	if types = merge(types); len(types) > 0 {
		add([]Match{proto(ast.ProtoICMP), {Field: ICMPType, Values: types}})
	}
	return rules
}

// sameOctets is the set of two octets that are the same, which it makes when it is asked for first.
func (l *lowerer) sameOctets() string {
	if slices.ContainsFunc(l.rs.Sets, func(s Set) bool { return s.Name == sameOctets }) {
		return sameOctets
	}
	s := Set{Name: sameOctets, Kind: Octets, Note: "two octets that are the same"}
	for n := range ast.IP(256) {
		s.Pairs = append(s.Pairs, [2]ast.IP{n, n})
	}
	l.rs.Sets = append(l.rs.Sets, s)
	return sameOctets
}

// auditSets makes the sets that the chains ask.
func (l *lowerer) auditSets(chains []Chain) {
	asks := func(set string) bool {
		return slices.ContainsFunc(chains, func(c Chain) bool {
			return slices.ContainsFunc(c.Rules, func(r Rule) bool {
				return slices.ContainsFunc(r.Match, func(m Match) bool { return m.Set == set })
			})
		})
	}
	if asks(sameOctets) {
		l.sameOctets()
	}
	if asks(udpLengths) {
		s := Set{Name: udpLengths, Kind: Lengths, Note: "lengths of IP packets without options, and that of UDP in them"}
		for n := ast.IP(28); n <= mostUDP; n++ {
			s.Pairs = append(s.Pairs, [2]ast.IP{n, n - 20})
		}
		l.rs.Sets = append(l.rs.Sets, s)
	}
}
