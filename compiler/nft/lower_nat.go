package nft

import (
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// A run is what one or more statics in a row translate together, so that the first match in configuration order stays
// the first (semantics.md 3.2): single hosts by a map, a net by its prefix, a port by itself.
type run struct {
	statics []*compiler.Static
	first   int // index of the first one in Plan.NAT.Statics
	port    bool
	net     bool
	policy  bool // with an access list
}

// runs are the statics that keep accepts, in order. A host is in a run once, so that the first static of the run and its real address
// tell the mapped one.
func (l *lowerer) runs(keep func(*compiler.Static) bool) []run {
	var out []run
	hosts := map[ast.IP]bool{} // of the last run
	for i := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[i]
		if !keep(s) || !l.loads(s) {
			continue
		}
		one := run{statics: []*compiler.Static{s}, first: i, port: s.Proto != 0, net: s.Proto == 0 && s.Mask != ast.AllOnes, policy: s.ACL != compiler.None}
		single := func(r *run) bool { return r.port || r.net || r.policy }
		if n := len(out); n > 0 && !single(&one) && !single(&out[n-1]) && len(out[n-1].statics) < chunk && !hosts[s.Real] {
			out[n-1].statics = append(out[n-1].statics, s)
			hosts[s.Real] = true
			continue
		}
		out = append(out, one)
		clear(hosts)
		hosts[s.Real] = true
	}
	return out
}

// mapped are the mapped addresses of the run, real the real ones, first occurrences only.
func (r *run) table(key, value func(*compiler.Static) ast.IP) (pairs [][2]ast.IP, keys []Range) {
	seen := map[ast.IP]bool{}
	for _, s := range r.statics {
		if k := key(s); !seen[k] {
			seen[k] = true
			pairs = append(pairs, [2]ast.IP{k, value(s)})
			keys = append(keys, host(k))
		}
	}
	return pairs, merge(keys)
}

func mappedOf(s *compiler.Static) ast.IP { return s.Mapped }
func realOf(s *compiler.Static) ast.IP   { return s.Real }

// line is the configuration line when the run is a single static.
func (r *run) line() compiler.Line {
	if len(r.statics) == 1 {
		return r.statics[0].Line
	}
	return compiler.Line{}
}

func (l *lowerer) level(i int) int { return l.p.Interfaces[i].Level }

// listChain does permit to what an access list permits, and returns what it denies.
func (l *lowerer) listChain(name string, acl int, reversed bool, permit []Stmt) Chain {
	c := Chain{Name: name}
	if acl == compiler.None {
		return c
	}
	for k := range l.p.ACLs[acl].Entries {
		ace := &l.p.ACLs[acl].Entries[k]
		do := []Stmt{Return{}}
		if ace.Permit {
			do = permit
		}
		for _, m := range l.entry(ace, reversed) {
			c.Rules = append(c.Rules, Rule{Match: m, Do: do, Line: ace.Line})
		}
	}
	return c
}

// forward decides by levels, users and the mandatory translation (semantics.md 1.1, 3.1).
func (l *lowerer) forward() {
	base := Chain{Name: "through", Type: "filter", Hook: "forward", Priority: 0, Drop: true,
		Note: "Levels, users, and the translation that every packet between interfaces needs"}
	if l.opts.Daemon {
		reset := []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagRST, Values: one(flagRST)}, {Field: CtState, Mask: StateEstablished}}
		base.Rules = append(base.Rules,
			Rule{Match: append(reset[:3:3], Match{Field: CtReply}), Do: []Stmt{AddMark{MarkResetReply}}, Note: "reset by the responder"},
			Rule{Match: append(reset[:3:3], Match{Field: CtReply, Not: true}), Do: []Stmt{AddMark{MarkReset}}, Note: "reset by the initiator"})
	}
	base.Rules = append(base.Rules, l.leaves()...)
	// What conntrack does not know, no NAT rule translates: it would leave with its real address.
	if len(l.ifs) > 0 {
		base.Rules = append(base.Rules, deny("305006:regular", "cannot be translated", compiler.Line{}, Match{Field: CtState, Mask: StateInvalid}))
	}
	var chains []Chain
	for _, i := range l.ifs {
		base.Rules = append(base.Rules, deny("106011", "same interface", compiler.Line{}, iif(l.dev[i]), oif(l.dev[i])))
		for _, o := range l.ifs {
			match := []Match{iif(l.dev[i]), oif(l.dev[o])}
			var sub []Chain
			switch {
			case i == o:
				continue
			case l.level(i) == l.level(o):
				base.Rules = append(base.Rules, deny("same-level", "equal levels", compiler.Line{}, match...))
				continue
			case l.level(i) > l.level(o):
				sub = l.outbound(i, o)
			default:
				sub = l.inbound(i, o)
			}
			base.Rules = append(base.Rules, Rule{Match: match, Do: []Stmt{Goto{sub[0].Name}}})
			chains = append(chains, sub...)
		}
	}
	l.chain(base)
	l.rs.Chains = append(l.rs.Chains, chains...)
	l.limitChains()
}

// inbound is from interface i to the higher o.
func (l *lowerer) inbound(i, o int) []Chain {
	c := Chain{Name: l.pairName("in", i, o), Note: "inbound"}
	var lists []Chain
	if l.p.Interfaces[i].ACL == compiler.None {
		var not []Match
		if len(l.p.Conduits) > 0 || l.exempt(i) || len(l.rs.Doors) > 0 {
			not = []Match{{Field: PacketMark, Not: true, Mask: MarkMask, Values: one(MarkConduit)}}
			if l.opts.Daemon {
				c.Rules = append(c.Rules, l.returned(i, o)...)
			}
		}
		refused := l.refused(i, o)
		lists = append(lists, refused)
		c.Rules = append(c.Rules, Rule{Match: append([]Match{mark(MarkUnNAT)}, not...), Do: []Stmt{Goto{refused.Name}}},
			Rule{Match: append([]Match{{Field: CtReply}, {Field: CtStatus, Mask: StatusSNAT}}, not...), Do: []Stmt{Goto{refused.Name}}})
		for k := range l.p.NAT.Exemptions {
			if x := &l.p.NAT.Exemptions[k]; x.If == o && !x.Outside {
				sub := l.listChain(fmt.Sprintf("%s_exempt_%d", refused.Name, k), x.ACL, true, []Stmt{Goto{refused.Name}})
				lists = append(lists, sub)
				c.Rules = append(c.Rules, Rule{Match: not, Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
			}
		}
		c.Rules = append(c.Rules, deny("106010", "no access list, and no translation", compiler.Line{}, not...))
		if not == nil {
			return append([]Chain{c}, lists...)
		}
	}
	out := append([]Chain{c}, lists...)
	add := func(r ...Rule) { out[0].Rules = append(out[0].Rules, r...) }
	add(Rule{Match: decided, Do: []Stmt{Accept{}}})
	add(l.returned(i, o)...)
	// Without a translation of the destination there is nothing to log in for.
	ask, users := l.askUsers(i, o, mark(MarkUnNAT))
	out = append(out, users...)
	add(l.noChild(ask)...)
	// Outside NAT translates the source of what was let in: first where a static says so.
	let := Chain{Name: l.pairName("let", i, o), Note: "inbound, with a translation of the destination"}
	subs := l.exemptSources(&let, i, true)
	rules, policies := l.staticRules(i, o)
	rules, hidden := l.behindLiving(let.Name+"_statics", i, o, append(rules, l.fromAliases(i, o)...))
	let.Rules = append(let.Rules, rules...)
	subs = slices.Concat(subs, policies, hidden, l.outside(&let, i, o))
	let.Rules = append(let.Rules, Rule{Do: []Stmt{SetMark{MarkPlain}, Accept{}}})
	add(Rule{Match: []Match{mark(MarkUnNAT)}, Do: []Stmt{Goto{let.Name}}})
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; x.If == o && !x.Outside {
			sub := l.listChain(fmt.Sprintf("%s_exempt_%d", c.Name, k), x.ACL, true, []Stmt{Goto{let.Name}})
			out = append(out, sub)
			add(Rule{Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
		}
	}
	add(deny("305005", "no translation", compiler.Line{}))
	out = append(append(out, let), subs...)
	return out
}

// refused says what is refused for want of a permission, where the destination has a translation (semantics.md 2.3).
func (l *lowerer) refused(i, o int) Chain {
	c := Chain{Name: l.pairName("refused", i, o), Note: "inbound without a permission", Rules: l.resetStatics()}
	for _, r := range []struct {
		id    string
		match []Match
	}{{"106001", []Match{proto(ast.ProtoTCP)}}, {"106006", []Match{proto(ast.ProtoUDP)}}, {"106014", []Match{proto(ast.ProtoICMP)}}, {"106010", nil}} {
		c.Rules = append(c.Rules, deny(r.id, "no access list", compiler.Line{}, r.match...))
	}
	return c
}

// staticRules choose the class of sources on interface i that statics show on o.
func (l *lowerer) staticRules(i, o int, extra ...Match) (rules []Rule, chains []Chain) {
	for k, r := range l.runs(func(s *compiler.Static) bool { return s.RealIf == i && s.MappedIf == o }) {
		s := r.statics[0]
		m := l.class(fmt.Sprintf("static %d %d %d", i, o, k))
		if r.policy || r.net {
			l.real[m] = s.RealNet()
		}
		match := append([]Match(nil), extra...)
		done := Rule{Match: []Match{class(m)}, Line: r.line()}
		do := []Stmt{SetMark{m}, Accept{}}
		switch {
		case r.policy:
			first, last := s.MappedNet().Range()
			nat := NAT{First: first, Last: last, Prefix: r.net}
			match = append(match, src(netRange(s.RealNet())))
			if r.port {
				match = append(match, proto(uint32(s.Proto)), Match{Field: Sport, Values: one(uint32(s.RealPt))})
				done.Match = append(done.Match, proto(uint32(s.Proto)))
				nat.PortLo, nat.PortHi = s.MappedPort, s.MappedPort
			}
			done.Do = []Stmt{nat}
			sub := l.listChain(l.unique(fmt.Sprintf("%s_%d", l.pairName("policy", i, o), k)), s.ACL, false, do)
			chains = append(chains, sub)
			do = []Stmt{Jump{sub.Name}}
		case r.port:
			match = append(match, src(host(s.Real)), proto(uint32(s.Proto)), Match{Field: Sport, Values: one(uint32(s.RealPt))})
			done.Match = append(done.Match, proto(uint32(s.Proto)))
			done.Do = []Stmt{NAT{First: s.Mapped, Last: s.Mapped, PortLo: s.MappedPort, PortHi: s.MappedPort}}
		case r.net:
			match = append(match, src(netRange(s.RealNet())))
			first, last := s.MappedNet().Range()
			done.Do = []Stmt{NAT{First: first, Last: last, Prefix: true}}
		default:
			pairs, keys := r.table(realOf, mappedOf)
			name := l.unique(fmt.Sprintf("%s_%d", l.pairName("static", i, o), k))
			l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: AddrMap, Pairs: pairs, Line: r.line(), Note: "real to mapped"})
			match = append(match, src(keys...))
			done.Do = []Stmt{NAT{Map: name}}
		}
		l.classes = append(l.classes, done)
		rules = append(rules, Rule{Match: match, Do: do, Line: r.line()})
	}
	return rules, chains
}

// class is the ct mark of a class of translation.
func (l *lowerer) class(name string) uint32 {
	if m, ok := l.marks[name]; ok {
		return m
	}
	m := uint32(markFirst + len(l.marks))
	if m > markLast {
		l.warn("W502", compiler.Line{}, fmt.Sprintf("there are more than %d translations of nets and ports: what the last ones would translate is dropped", markLast-markFirst+1), "")
		m = markNone
	}
	l.marks[name] = m
	return m
}

// outbound is from interface i to the lower o: exemption, statics, policy nat, nat by longest mask (semantics.md 3.2).
func (l *lowerer) outbound(i, o int) []Chain {
	c := Chain{Name: l.pairName("out", i, o), Note: "outbound"}
	out := []Chain{c}
	add := func(r ...Rule) { out[0].Rules = append(out[0].Rules, r...) }
	lists := l.outboundLists(i, o, nil)
	for _, j := range lists { // errors and replies to an address of PAT: only now is it known where they go
		add(Rule{Match: []Match{proto(ast.ProtoICMP), conn}, Do: j.Do, Line: j.Line, Note: "packet by packet"})
	}
	add(Rule{Match: decided, Do: []Stmt{Accept{}}})
	add(l.returned(i, o)...)
	add(l.noChild(lists)...)
	ask, users := l.askUsers(i, o)
	out = append(out, users...)
	add(l.noChild(ask)...)
	out = append(out, l.exemptSources(&out[0], i, false)...)
	statics, subs := l.staticRules(i, o)
	out = append(out, subs...)
	statics, sub := l.behindLiving(c.Name+"_statics", i, o, statics)
	out = append(out, sub...)
	add(statics...)
	out = append(out, l.policies(&out[0], i, o, false)...)
	add(l.live(i, o, compiler.None)...)
	for k := range l.p.NAT.Nats {
		if n := &l.p.NAT.Nats[k]; n.If == i && !n.Outside {
			add(l.sourcesIn(n, l.dynamic(n, o))...)
		}
	}
	add(deny("305005", "no translation", compiler.Line{}))
	return out
}

// exemptSources lets sources on interface i that an exemption names keep their address: for outside NAT, or for that of the inside.
func (l *lowerer) exemptSources(c *Chain, i int, outside bool) (subs []Chain) {
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; x.If == i && x.Outside == outside {
			sub := l.listChain(fmt.Sprintf("%s_exempt_%d", c.Name, k), x.ACL, false, []Stmt{SetMark{MarkPlain}, Accept{}})
			subs = append(subs, sub)
			c.Rules = append(c.Rules, Rule{Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
		}
	}
	return subs
}

// policies are the nat lines with an access list, for outside NAT or for that of the inside, in configuration order.
func (l *lowerer) policies(c *Chain, i, o int, outside bool) (subs []Chain) {
	for k := range l.p.NAT.Policies {
		n := &l.p.NAT.Policies[k]
		if n.If != i || n.Outside != outside {
			continue
		}
		do := Chain{Name: fmt.Sprintf("%s_policy_%d_do", c.Name, k), Rules: append(l.live(i, o, n.ACL), l.dynamic(n, o)...)}
		list := l.listChain(fmt.Sprintf("%s_policy_%d", c.Name, k), n.ACL, false, []Stmt{Goto{do.Name}})
		subs = append(subs, list, do)
		c.Rules = append(c.Rules, Rule{Do: []Stmt{Jump{list.Name}}, Line: n.Line})
	}
	return subs
}

// sourcesIn limits rules to the sources of a nat line.
func (l *lowerer) sourcesIn(n *compiler.Nat, rules []Rule) []Rule {
	if n.Net.Mask != 0 {
		for k := range rules {
			rules[k].Match = append([]Match{src(netRange(n.Net))}, rules[k].Match...)
		}
	}
	return rules
}

// dynamic chooses the class for sources of a nat line that leave by interface o.
func (l *lowerer) dynamic(n *compiler.Nat, o int) []Rule {
	if n.Outside && !l.opts.Daemon {
		return []Rule{deny("305006:portmap", "outside nat", n.Line)}
	}
	if l.opts.Daemon && l.needsDaemon(n, o) {
		return l.ask(n, o)
	}
	if n.ID == 0 && n.ACL == compiler.None {
		return []Rule{{Do: []Stmt{SetMark{MarkPlain}, Accept{}}, Line: n.Line, Note: "identity"}}
	}
	g := l.choose(n.ID, o)
	if g == nil {
		return []Rule{deny("305006:portmap", "no global", n.Line)}
	}
	m := l.class(fmt.Sprintf("global %d %d", n.ID, o))
	var asked []Rule
	if l.opts.Daemon {
		_, pats := l.ranges(n.ID, o)
		k := l.patClass(pats[0], n.ACL)
		m, asked = l.rs.PATs[k].Class, l.short(n, o, k)
	}
	do := []Stmt{SetMark{m}, Accept{}}
	if !g.PAT {
		return []Rule{{Do: do, Line: n.Line}}
	}
	return append(asked, []Rule{
		{Match: []Match{withPorts}, Do: do, Line: n.Line},
		{Match: []Match{proto(ast.ProtoICMP), {Field: ICMPType, Values: merge2([]Range{{0, 0}, {8, 8}})}}, Do: do, Line: n.Line},
		deny("305006:regular", "no port to translate", n.Line),
	}...)
}

// choose is the global that serves an id on an interface: the first range of addresses, else the first PAT address.
func (l *lowerer) choose(id, o int) *compiler.Global {
	var pat *compiler.Global
	for k := range l.p.NAT.Globals {
		g := &l.p.NAT.Globals[k]
		if g.ID != id || g.If != o {
			continue
		}
		if !g.PAT {
			return g
		}
		if pat == nil {
			pat = g
		}
	}
	return pat
}

// poolRange is a pool without the network and broadcast address of its netmask (semantics.md 3.4).
func poolRange(g *compiler.Global) (first, last ast.IP) {
	first, last = g.First, g.Last
	if g.Netmask != 0 && g.Netmask.Bits() < 31 {
		if first&^g.Netmask == 0 && first < last {
			first++
		}
		if last|g.Netmask == ast.AllOnes && first < last {
			last--
		}
	}
	return first, last
}

// globals adds the classes of dynamic translation and says how they differ.
func (l *lowerer) globals() {
	if l.opts.Daemon {
		l.daemonGlobals()
		return
	}
	for k := range l.p.NAT.Globals {
		g := &l.p.NAT.Globals[k]
		if l.dev[g.If] == "" {
			continue
		}
		if l.choose(g.ID, g.If) != g {
			l.warn("W503", g.Line, "not used: Linux serves each nat id on an interface from one global, the first range or else the first PAT address",
				"use one range")
			continue
		}
		m := class(l.class(fmt.Sprintf("global %d %d", g.ID, g.If)))
		if g.PAT {
			l.pat(g, m)
			continue
		}
		l.warn("W501", g.Line, "Linux chooses the address of a host by its hash, not the lowest free one; hosts may share an address, also when "+
			"there are more hosts than addresses, where a PIX refuses (202001); connections from outside to a host's address are dropped",
			"use statics for hosts that must be known by their address")
		first, last := poolRange(g)
		l.classes = append(l.classes, Rule{Match: []Match{m}, Do: []Stmt{NAT{First: first, Last: last, Persistent: true}}, Line: g.Line})
		l.noted = append(l.noted, Rule{Match: []Match{oif(l.dev[g.If]), m, {Field: Saddr, Values: []Range{{uint32(first), uint32(last)}}}},
			Do: []Stmt{Update{Set: "xlate_" + l.id[g.If]}}, Line: g.Line})
	}
}

// postrouting carries out the classes, notes what is alive, and keeps back what should be encrypted.
func (l *lowerer) postrouting() {
	l.globals()
	for _, i := range l.ifs {
		for k := range l.p.NAT.Globals {
			if g := &l.p.NAT.Globals[k]; g.If == i && !g.PAT && !l.opts.Daemon {
				t := l.p.Timeouts.Xlate
				if t <= 0 {
					t = 3 * 3600e9
				}
				l.rs.Sets = append(l.rs.Sets, Set{Name: "xlate_" + l.id[i], Kind: Dynamic, Timeout: t,
					Note: "addresses of pools on " + l.p.Interfaces[i].Name + " that are in use"})
				break
			}
		}
	}
	l.classes = append([]Rule{{Match: []Match{class(markNone)}, Do: []Stmt{Counter{}, Drop{}}, Note: "no class is left"}}, l.classes...)
	l.chain(Chain{Name: "translate", Type: "nat", Hook: "postrouting", Priority: 100, Rules: l.classes, Note: "The translation that was chosen"})
	after := Chain{Name: "translated", Type: "filter", Hook: "postrouting", Priority: 110, Rules: l.noted}
	if l.opts.Twins {
		after.Rules = append([]Rule{{Match: []Match{packetMark(MarkTunnel)}, Do: []Stmt{Accept{}}, Note: "IKE, ESP and AH"}}, after.Rules...)
	}
	after.Rules = append(after.Rules, l.dnsLimit()...) // what has no translation is dropped for that
	after.Rules = append(append(after.Rules, l.asks()), l.halfOpen()...)
	var chains []Chain
	for _, i := range l.ifs {
		for _, e := range l.cryptoEntries(i) {
			c := Chain{Name: l.unique(fmt.Sprintf("encrypt_%s_%d", l.id[i], e.Seq)), Note: "What must not leave in the clear"}
			for k := range l.p.ACLs[e.ACL].Entries {
				ace := &l.p.ACLs[e.ACL].Entries[k]
				for _, m := range l.entry(ace, false) {
					do := []Stmt{Return{}}
					if ace.Permit {
						do = []Stmt{Counter{}, Log{"ipsec"}, Drop{}}
					}
					c.Rules = append(c.Rules, Rule{Match: m, Do: do, Line: ace.Line})
				}
			}
			chains = append(chains, c)
			after.Rules = append(after.Rules, Rule{Match: []Match{only(oif(l.dev[i]))}, Do: []Stmt{Jump{c.Name}}, Line: e.Line})
		}
	}
	if len(after.Rules) > 0 {
		l.chain(after)
	}
	l.rs.Chains = append(l.rs.Chains, chains...)
}
