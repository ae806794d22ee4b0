package nft

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// ingress judges packets by the addresses of their wire (semantics.md 0, steps 4 to 8).
func (l *lowerer) ingress() {
	base := Chain{Name: "ingress", Type: "filter", Hook: "prerouting", Priority: -150,
		Note: "Connections pass; the first packet of one, and every packet of other protocols, is judged as it is on the wire",
		Rules: append(slices.Concat(l.inClear(), l.wholeIn(), l.bound(), l.answers(), l.opened(), l.children()), []Rule{
			{Match: []Match{onItsWay}, Do: []Stmt{Accept{}}},
			{Match: []Match{withPorts, own, unbound}, Do: []Stmt{Accept{}}, Note: "to the firewall"},
			{Match: []Match{conn, withPorts, notOwn}, Do: []Stmt{Accept{}}},
		}...)}
	var chains []Chain
	l.acl = map[int]string{}
	for _, i := range l.ifs {
		base.Rules = append(base.Rules, Rule{Match: []Match{iif(l.dev[i])}, Do: []Stmt{Goto{"from_" + l.id[i]}}})
		chains = append(chains, l.from(i), l.check(i))
	}
	l.chain(base)
	l.rs.Chains = append(l.rs.Chains, chains...)
}

// from is what comes before the access list on one interface.
func (l *lowerer) from(i int) Chain {
	f := &l.p.Interfaces[i]
	check := Goto{"check_" + l.id[i]}
	c := Chain{Name: "from_" + l.id[i], Note: "Packets that arrive on " + f.Name}
	add := func(r ...Rule) { c.Rules = append(c.Rules, r...) }
	add(l.cookieAccepted()...)
	add(l.cookies(i)...)
	if f.RPF {
		const other = "of a connection on other interfaces"
		add(deny("106022", other, f.RPFLine, withPorts, own, Match{Field: CtReply, Not: true}),
			deny("106022", other, f.RPFLine, withPorts, own, Match{Field: CtReply}, l.leftBy(i).not()))
		for k := range l.p.Box.Listens {
			if x := &l.p.Box.Listens[k]; x.If == i && asksAddress(x) {
				add(Rule{Match: addressRequest(l.dev[i]), Do: []Stmt{Accept{}}, Line: x.Line, Note: "a host without an address"})
				break
			}
		}
		add(deny("106021", "reverse path", f.RPFLine, l.noWayBack(i)...))
	}
	add(l.expected(i)...)
	var unnat []Range
	// Statics of addresses come before those of ports, which matters where one of them leads to an interface that is down: the others
	// all go on to the same check. Up to the last such one each has a rule.
	var whole, ports []Rule
	ordered := 0
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		there := Rule{Match: toMapped(s), Do: []Stmt{check}, Line: s.Line}
		if l.dev[s.RealIf] == "" {
			there = lost(s.Line, toMapped(s)...)
		}
		switch {
		case s.MappedIf != i || !l.loads(s):
		case s.ACL != compiler.None:
			sub := l.policyList(fmt.Sprintf("to_policy_%s_%d", l.id[i], k), s, there.Do)
			l.chain(sub)
			jump := Rule{Match: toMapped(s), Do: []Stmt{Jump{sub.Name}}, Line: s.Line}
			if s.Proto != 0 {
				ports = append(ports, jump)
				continue
			}
			whole = append(whole, jump)
		case s.Proto != 0:
			ports = append(ports, there)
			continue
		default:
			unnat = append(unnat, netRange(s.MappedNet()))
			whole = append(whole, there)
		}
		if s.MappedIf == i && l.dev[s.RealIf] == "" {
			ordered = len(whole)
		}
	}
	add(whole[:ordered]...)
	for _, r := range whole[ordered:] {
		if _, is := r.Do[0].(Jump); is {
			add(r)
		}
	}
	add(ports...)
	l.exemptOwn(i, &c)
	// What a static has is no address of the box.
	var free []Match
	if len(unnat) > 0 {
		free = []Match{{Field: Daddr, Not: true, Set: "static_" + l.id[i]}}
	}
	box := dst(append(broadcast(f), host(f.Net.IP), host(ast.AllOnes))...)
	multicast := dst(netRange(ast.Net{IP: 224 << 24, Mask: 0xf0000000}))
	add(Rule{Match: []Match{{Field: CtReply}, {Field: CtStatus, Mask: StatusSNAT}}, Do: []Stmt{check}, Note: "reply to a translated packet"},
		Rule{Match: append([]Match{box}, free...), Do: []Stmt{Accept{}}, Note: "to the box"})
	add(l.toInner(i, Accept{})...)
	for _, r := range l.listens(i, multicast) {
		add(Rule{Match: append(r.Match, free...), Do: r.Do, Line: r.Line})
	}
	add(deny("710005", "multicast", compiler.Line{}, append([]Match{multicast, proto(ast.ProtoUDP)}, free...)...),
		Rule{Match: append([]Match{multicast}, free...), Do: []Stmt{Counter{}, Drop{}}, Note: "multicast"})
	if l.twinOf(i) == "" {
		c.Rules = append(c.Rules, l.clearText(i)...)
	}
	c.Rules = append(c.Rules, l.toClient(check)...)
	if len(unnat) > 0 {
		name := "static_" + l.id[i]
		l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Addrs, Ranges: merge(unnat), Note: "addresses of statics on " + f.Name})
		add(Rule{Match: []Match{inSet(Daddr, name)}, Do: []Stmt{check}})
	}
	dynamic := false
	for k := range l.p.NAT.Globals {
		g := &l.p.NAT.Globals[k]
		if g.If != i {
			continue
		}
		if g.PAT {
			if !g.Interface {
				add(deny("106013", "echo to a PAT address", g.Line, dst(host(g.First)), proto(ast.ProtoICMP), Match{Field: ICMPType, Values: one(8)}))
			}
			continue
		}
		dynamic = true
	}
	if l.opts.Daemon {
		if un := l.un[i]; un != "" {
			add(Rule{Match: []Match{inSet(Daddr, un)}, Do: []Stmt{check}, Note: "a live translation"})
		}
	} else if dynamic {
		add(Rule{Match: []Match{inSet(Daddr, "xlate_"+l.id[i])}, Do: []Stmt{check}, Note: "a live translation"})
	}
	add(l.toAlias(i, check)...)
	if len(l.down) > 0 {
		add(lost(compiler.Line{}, inSet(Daddr, routeDown)))
	}
	add(deny("106011", "would leave by the interface it came from", compiler.Line{}, inSet(Daddr, "route_"+l.id[i])),
		deny("110001", "no route", compiler.Line{}, inSet(Daddr, "no_route")))
	var others []Range
	for _, o := range l.ifs {
		if o != i {
			others = append(others, host(l.p.Interfaces[o].Net.IP))
		}
	}
	if others = merge(others); len(others) > 0 {
		add(Rule{Match: []Match{dst(others...)}, Do: []Stmt{Counter{}, Drop{}}, Note: "another interface's address"})
	}
	for _, o := range l.ifs {
		if o != i && l.level(o) == l.level(i) {
			add(Rule{Match: []Match{inSet(Daddr, "route_"+l.id[o])}, Do: []Stmt{Counter{}, Drop{}}, Note: "equal levels"})
		}
	}
	add(Rule{Do: []Stmt{check}})
	return c
}

// exemptOwn drops what an exemption, read backwards, leads to an interface's own address, where a static has that too: the exemption comes
// first, and nobody is reached there.
func (l *lowerer) exemptOwn(i int, c *Chain) {
	for k := range l.p.NAT.Exemptions {
		x := &l.p.NAT.Exemptions[k]
		if x.Outside || l.dev[x.If] == "" || l.level(x.If) <= l.level(i) {
			continue
		}
		own := l.p.Interfaces[x.If].Net.IP
		if !slices.ContainsFunc(l.p.NAT.Statics, func(s compiler.Static) bool { return s.MappedIf == i && s.MappedNet().Contains(own) }) {
			continue
		}
		sub := l.listChain(l.unique(fmt.Sprintf("exempt_own_%s_%d", l.id[i], k)), x.ACL, true, []Stmt{Counter{}, Drop{}})
		l.chain(sub)
		c.Rules = append(c.Rules, Rule{Match: []Match{dst(host(own))}, Do: []Stmt{Jump{sub.Name}}, Line: x.Line, Note: "another interface's address"})
	}
}

// noWayBack matches sources that the best route to does not lead back by interface i. The kernel knows routes that a configuration does
// not have, and takes what translations have for its own addresses, which no route leads to.
func (l *lowerer) noWayBack(i int) []Match {
	configured := Match{Field: Saddr, Not: true, Set: "route_" + l.id[i]}
	if l.lacks(Fib, l.p.Interfaces[i].RPFLine, "", "") || len(l.down) > 0 { // routes of an interface that is down are none of the kernel's
		return []Match{configured}
	}
	return []Match{configured, {Field: NoRoute, Values: one(0)}}
}

// check is the connection check and the access list.
func (l *lowerer) check(i int) Chain {
	f := &l.p.Interfaces[i]
	c := Chain{Name: "check_" + l.id[i], Rules: []Rule{
		deny("106015", "no connection", compiler.Line{}, proto(ast.ProtoTCP),
			Match{Field: TCPFlags, Not: true, Mask: flagFIN | flagSYN | flagRST | flagACK, Values: one(flagSYN)}),
		{Match: []Match{{Field: CtState, Mask: StateInvalid}, withPorts}, Do: []Stmt{Counter{}, Drop{}}, Note: "malformed"},
	}}
	c.Rules = append(c.Rules, l.decrypted(i)...)
	if f.ACL == compiler.None {
		c.Rules = append(c.Rules, l.comesBack()...)
		c.Rules = append(c.Rules, l.refusedOut(i)...)
		last := l.byLevel(i)
		c.Rules = append(c.Rules, l.pastConduits(i, last)...)
		// A conduit permits what goes to a higher level, by the addresses of the wire (semantics.md 2.4).
		for k := range l.p.Conduits {
			ace := &l.p.Conduits[k].ACE
			do := last
			if ace.Permit {
				do = l.admit(SetPacketMark{Mark: MarkConduit}, Accept{})
			}
			for _, m := range l.entry(ace, false) {
				c.Rules = append(c.Rules, Rule{Match: m, Do: append([]Stmt{Counter{}}, do...), Line: ace.Line, ACE: ACE{true, compiler.ConduitList, k}})
			}
		}
		c.Rules = append(c.Rules, Rule{Do: last, Note: "no access list: the levels decide"})
		return c
	}
	if l.acl[f.ACL] == "" {
		l.acl[f.ACL] = l.unique("acl_" + word(l.p.ACLs[f.ACL].ID))
	}
	c.Rules = append(c.Rules, l.override(i, l.acl[f.ACL])...)
	return c
}

// accessLists makes a chain of each list that is bound to an interface.
func (l *lowerer) accessLists() {
	for k := range l.p.ACLs {
		name := l.acl[k]
		if name == "" {
			continue
		}
		list := &l.p.ACLs[k]
		for e := range list.Entries {
			if list.Entries[e].Log == ast.LogOn && !l.opts.Live {
				l.note("W512", list.Entries[e].Line, "106100 is written for each first packet; there is no summary each interval")
			}
		}
		l.accessList(name, k, false)
	}
}

// accessList makes a chain of a list, of an interface or of users.
func (l *lowerer) accessList(name string, k int, user bool) {
	list := &l.p.ACLs[k]
	if len(list.Entries) > linearMax && !l.opts.Linear {
		l.longList(name, k, user)
		return
	}
	c := Chain{Name: name, Note: "access-list " + list.ID}
	if user {
		c.Note += ", of users"
	}
	for e := range list.Entries {
		ace := &list.Entries[e]
		do := append([]Stmt{Counter{}}, l.verdict(k, e, user)...)
		for _, m := range l.entry(ace, false) {
			c.Rules = append(c.Rules, Rule{Match: m, Do: do, Line: ace.Line, ACE: ACE{true, k, e},
				Note: fmt.Sprintf("%s line %d", list.ID, ace.Number)})
		}
	}
	c.Rules = append(c.Rules, l.implicit(k, user))
	l.chain(c)
}

// verdict is what is done with packets that an entry matches, but for counting.
func (l *lowerer) verdict(acl, e int, user bool) []Stmt {
	if user {
		return l.userVerdict(acl, e)
	}
	list := &l.p.ACLs[acl]
	ace := &list.Entries[e]
	var do []Stmt
	switch {
	case ace.Log == ast.LogOn:
		do = []Stmt{Log{fmt.Sprintf("106100:%d:%d", acl, e)}}
	case !ace.Permit && ace.Log != ast.LogDisable:
		do = []Stmt{Log{"106023:" + list.ID}}
	}
	if ace.Permit {
		return append(do, l.admit(Accept{})...)
	}
	return l.refuse(do...)
}

// implicit is the deny that ends a list.
func (l *lowerer) implicit(acl int, user bool) Rule {
	id := l.p.ACLs[acl].ID
	do := refuseByUser(acl)
	if !user {
		do = l.refuse(Log{"106023:" + id})
	}
	return Rule{Do: append([]Stmt{Counter{}}, do...), Note: id + " implicit deny", ACE: ACE{true, acl, Implicit}}
}

// refuse is what is done with packets that an access list denies: they are told of, unless an established line lifts that, and dropped.
func (l *lowerer) refuse(said ...Stmt) []Stmt {
	if len(l.p.Established) == 0 || !l.opts.Live {
		return append(said, l.refusal())
	}
	key := fmt.Sprint(said)
	if l.lifts[key] == "" {
		c := Chain{Name: l.unique("denied"), Note: "Denied by an access list, unless an established line lifts that"}
		var instead []Stmt
		for _, s := range said {
			if x, is := s.(Log); is && strings.HasPrefix(x.Prefix, "106100:") {
				instead = append(instead, Log{x.Prefix + ":" + Lifted})
			}
		}
		for _, r := range l.comesBack() {
			r.Do = append(slices.Clone(instead), r.Do...)
			c.Rules = append(c.Rules, r)
		}
		c.Rules = append(c.Rules, Rule{Do: append(said, l.refusal())})
		l.lifts[key] = c.Name
		l.chain(c)
	}
	return []Stmt{Goto{l.lifts[key]}}
}

// Lifted follows the entry in the prefix with which a packet is logged that the entry denies and an established line lets through.
const Lifted = "established"

// entry is an access list entry as one or more alternatives of matches; reversed swaps source and destination.
func (l *lowerer) entry(ace *compiler.ACE, reversed bool) [][]Match {
	srcs, dsts, sports, dports := ace.Src, ace.Dst, ace.SrcPorts, ace.DstPorts
	if reversed {
		srcs, dsts, sports, dports = dsts, srcs, dports, sports
	}
	var tail []Match
	if r := protocols(ace); r != nil {
		tail = append(tail, Match{Field: L4Proto, Values: merge2(r)})
	}
	ports := func(f Field, in []compiler.PortRange) {
		var r []Range
		for _, p := range in {
			r = append(r, Range{uint32(p.Lo), uint32(p.Hi)})
		}
		if r = merge(r); len(r) > 0 && r[0] != (Range{0, 0xffff}) {
			tail = append(tail, Match{Field: f, Values: r})
		}
	}
	ports(Sport, sports)
	ports(Dport, dports)
	if ace.ICMP != nil {
		var r []Range
		for _, t := range ace.ICMP {
			r = append(r, Range{uint32(t), uint32(t)})
		}
		tail = append(tail, Match{Field: ICMPType, Values: merge2(r)})
	}
	var out [][]Match
	for _, s := range nets(Saddr, srcs) {
		for _, d := range nets(Daddr, dsts) {
			out = append(out, append(append(append([]Match(nil), s...), d...), tail...))
		}
	}
	return out
}

// protocols are those that an entry can match; nil: all. Only those with ports have ports, only ICMP has types.
func protocols(ace *compiler.ACE) []Range {
	var r []Range
	for _, p := range ace.Protos {
		r = append(r, Range{uint32(p), uint32(p)})
	}
	r = merge(r)
	switch {
	case ace.SrcPorts != nil || ace.DstPorts != nil:
		return known(nonEmpty(r), withPorts.Values)
	case ace.ICMP != nil:
		return known(nonEmpty(r), one(uint32(ast.ProtoICMP)))
	}
	return nonEmpty(r)
}

func nonEmpty(r []Range) []Range {
	if len(r) == 0 {
		return nil
	}
	return r
}

// merge2 sorts single values without joining neighbours, as protocols and types are listed one by one.
func merge2(in []Range) []Range {
	var out []Range
	for _, r := range merge(in) {
		for v := r.Lo; v <= r.Hi; v++ {
			out = append(out, Range{v, v})
		}
	}
	return out
}

// nets is a list of nets as alternatives: usually one match, more when there are very many or masks with holes. No nets
// match nothing.
func nets(f Field, in []ast.Net) [][]Match {
	var ranges []Range
	var out [][]Match
	for _, n := range in {
		switch {
		case n.Mask == 0:
			return [][]Match{nil}
		case n.Mask.Contiguous():
			ranges = append(ranges, netRange(n))
		default:
			out = append(out, []Match{{Field: f, Mask: uint32(n.Mask), Values: one(uint32(n.IP & n.Mask))}})
		}
	}
	for ranges = merge(ranges); len(ranges) > 0; {
		n := min(len(ranges), chunk)
		out = append(out, []Match{{Field: f, Values: ranges[:n:n]}})
		ranges = ranges[n:]
	}
	return out
}

// clearText drops what should have come through a tunnel (semantics.md 6.2).
func (l *lowerer) clearText(i int) []Rule {
	var rules []Rule
	for _, e := range l.cryptoEntries(i) {
		name := l.unique(fmt.Sprintf("clear_%s_%d", l.id[i], e.Seq))
		c := Chain{Name: name, Note: "What arrives in the clear and should be encrypted"}
		for k := range l.p.ACLs[e.ACL].Entries {
			ace := &l.p.ACLs[e.ACL].Entries[k]
			for _, m := range l.entry(ace, true) {
				if ace.Permit {
					c.Rules = append(c.Rules, deny("402106", "not encrypted", ace.Line, m...))
				} else {
					c.Rules = append(c.Rules, Rule{Match: m, Do: []Stmt{Return{}}, Line: ace.Line})
				}
			}
		}
		l.chain(c)
		rules = append(rules, Rule{Do: []Stmt{Jump{name}}, Line: e.Line})
	}
	return rules
}

// cryptoEntries are the map entries of an interface that name their traffic.
func (l *lowerer) cryptoEntries(i int) []*compiler.MapEntry {
	m := l.p.Interfaces[i].Map
	if m == compiler.None {
		return nil
	}
	var out []*compiler.MapEntry
	for k := range l.p.VPN.Maps[m].Entries {
		if e := &l.p.VPN.Maps[m].Entries[k]; e.ACL != compiler.None {
			out = append(out, e)
		}
	}
	return out
}
