package nft

import (
	"fmt"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// Limits of connections (semantics.md 3.4). A PIX counts the TCP connections of a host on the higher of two interfaces, all of them,
// and the line that translates it now says how many it may have. The process counts as a PIX does: first packets to or from a host
// that has a limit by some line are handed to it when everything else has let them pass. What it lets through is let through: the
// kernel counts a packet when it sees it, and goes on counting it for a while when it has become no connection.
// Behind that, a set for the hosts of each interface and each limit counts the connections that lines with the limit have let through
// since the rules were loaded: what nobody has judged, because nobody listens, is refused when it is too many by that. Without a daemon
// the sets are all there is.

// A ConnLimit is what a packet in the queue with its Mark is held to.
type ConnLimit struct {
	Mark    uint32
	If      int           // interface of the host
	Seen    int           // the other one
	Inbound bool          // the host is the packet's destination
	Kind    string        // what the message calls the rule: static, xlate
	Most    int           // TCP connections; 0: any number, but they count
	Half    int           // of these, half-open ones; 0: likewise
	Static  int           // the line: a static, by its index in the Plan, or a nat. None and nil: it is not known, or has no limits
	Nat     *compiler.Nat // likewise
	// Live says that the host is called by a translation that lives, by policy NAT where ACL is not None, and limited by what that has.
	Live bool
	ACL  int
}

// LimitOf is the index of the limit that a packet in the queue is held to, by its mark, and the class of its connection.
func LimitOf(mark uint32) (limit int, class uint32) {
	return int(mark&limitNumber>>limitBit) - 1, MarkOwn | mark&markClass
}

// A hostLimit is the interface of hosts and how many connections each may have.
type hostLimit struct{ on, most int }

// A limitedLine is a line with a limit.
type limitedLine struct {
	conns, half int
	line        compiler.Line
	on          int // interface of the hosts
	hosts       []Range
}

// limitedLines are those that limit connections of hosts on a higher interface.
func (l *lowerer) limitedLines() (out []limitedLine) {
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		if (s.MaxConns > 0 || s.Embryonic > 0) && l.loads(s) && s.Proto != ast.ProtoUDP && l.dev[s.RealIf] != "" && l.dev[s.MappedIf] != "" &&
			l.level(s.RealIf) > l.level(s.MappedIf) {
			out = append(out, limitedLine{s.MaxConns, s.Embryonic, s.Line, s.RealIf, []Range{netRange(s.RealNet())}})
		}
	}
	nats := func(list []compiler.Nat) {
		for k := range list {
			if n := &list[k]; (n.MaxConns > 0 || n.Embryonic > 0) && l.dev[n.If] != "" && !n.Outside {
				out = append(out, limitedLine{n.MaxConns, n.Embryonic, n.Line, n.If, sourcesOf(l.p, n)})
			}
		}
	}
	nats(l.p.NAT.Policies)
	nats(l.p.NAT.Nats)
	return out
}

// limitSets makes the sets that count the connections of each host, and those of hosts that have a limit.
func (l *lowerer) limitSets() {
	l.limited, l.counted = map[hostLimit]string{}, map[int]string{}
	counted := map[int][]Range{}
	l.rs.Counted = map[int][]Range{}
	for _, x := range l.limitedLines() {
		if x.conns > 0 {
			k := hostLimit{x.on, x.conns}
			switch {
			case l.opts.Daemon && l.lacks(Connlimit, x.line, "the limit of connections holds only while the process runs", ""):
			case l.lacks(Connlimit, x.line, "the limit of connections is not enforced", ""):
			case l.limited[k] == "":
				l.limited[k] = l.unique(fmt.Sprintf("conns_%s_%d", l.id[k.on], k.most))
				l.rs.Sets = append(l.rs.Sets, Set{Name: l.limited[k], Kind: Counting, Line: x.line,
					Note: fmt.Sprintf("connections of hosts on %s that may have %d", l.p.Interfaces[k.on].Name, k.most)})
			}
		}
		counted[x.on] = append(counted[x.on], x.hosts...)
	}
	if !l.opts.Daemon {
		return
	}
	for _, i := range l.ifs {
		if counted[i] = append(counted[i], l.opts.KeptLimits.Hosts[i]...); len(counted[i]) > 0 {
			l.rs.Counted[i] = merge(counted[i])
			l.counted[i] = l.unique("counted_" + l.id[i])
			l.rs.Sets = append(l.rs.Sets, Set{Name: l.counted[i], Kind: Addrs, Ranges: l.rs.Counted[i],
				Note: "hosts on " + l.p.Interfaces[i].Name + " with a limit of connections, or of half-open ones"})
		}
	}
}

// ownMaps makes the maps that tell to which of the translations of one host, by policy NAT and by nat, a caller has come: the limits are
// those of its line, and messages name its address.
func (l *lowerer) ownMaps() {
	for k := range l.rs.Xlates {
		m := &l.rs.Xlates[k]
		beside := func(x XlateMap) bool { return x.RealIf == m.RealIf && x.MappedIf == m.MappedIf && x.ACL != m.ACL }
		if m.ACL == compiler.None || !slices.ContainsFunc(l.rs.Xlates, beside) {
			continue
		}
		m.Own = l.unique("un_" + m.Name)
		l.rs.Sets = append(l.rs.Sets, Set{Name: m.Own, Kind: LiveMap, Note: "live translations by access-list " + l.listName(m.ACL) + ": mapped to real"})
	}
}

// sourcesOf are the hosts that a nat line translates.
func sourcesOf(p *compiler.Plan, n *compiler.Nat) (out []Range) {
	if n.ACL == compiler.None {
		return []Range{netRange(n.Net)}
	}
	for k := range p.ACLs[n.ACL].Entries {
		for _, s := range p.ACLs[n.ACL].Entries[k].Src {
			if !s.Mask.Contiguous() {
				return []Range{{0, 0xffffffff}}
			}
			out = append(out, netRange(s))
		}
	}
	return out
}

// limitChains hold the connections that are let through to the limits: what was refused for another reason does not count
// (semantics.md 0, step 11).
func (l *lowerer) limitChains() {
	base := Chain{Name: "limits", Type: "filter", Hook: "forward", Priority: 10, Note: "Limits of connections"}
	if l.rs.Answers {
		base.Rules = append(base.Rules, l.answerFor())
	}
	l.limitOf = map[ConnLimit]string{}
	var chains []Chain
	l.limitPairs = map[[2]int]string{}
	for _, i := range l.ifs {
		for _, o := range l.ifs {
			var sub []Chain
			switch name := l.pairName("limits", i, o); {
			case l.level(i) > l.level(o):
				sub = l.limitsOut(name, i, o)
			case l.level(i) < l.level(o):
				sub = l.limitsIn(name, i, o)
			}
			if len(sub) == 0 {
				continue
			}
			chains = append(chains, sub...)
			l.limitPairs[[2]int{i, o}] = sub[0].Name
			// What comes again has been let through.
			base.Rules = append(base.Rules, Rule{Match: []Match{iif(l.dev[i]), oif(l.dev[o]), {Field: CtState, Mask: StateNew}, proto(ast.ProtoTCP),
				{Field: CtStatus, Not: true, Mask: StatusConfirmed}}, Do: []Stmt{Goto{sub[0].Name}}})
		}
	}
	if len(chains) > 0 {
		l.chain(base)
		l.rs.Chains = append(l.rs.Chains, chains...)
		l.limitsAlone()
	}
}

// limitsAlone counts what the process has let through, and judges by that what has gone past it because nobody listens.
func (l *lowerer) limitsAlone() {
	if len(l.rs.Limits) == 0 {
		return
	}
	marked := func(mark uint32) Match { return Match{Field: PacketMark, Mask: ^uint32(markClass), Values: one(mark)} }
	c := Chain{Name: "limits_alone", Type: "filter", Hook: "forward", Priority: 11, Note: "Limits of connections while no process counts"}
	c.Rules = []Rule{{Match: []Match{{Field: PacketMark, Not: true, Mask: MarkMask, Values: one(MarkLimit)}}, Do: []Stmt{Accept{}}, Note: "has not been in the queue"}}
	if l.rs.Answers {
		c.Rules = append(c.Rules, l.answerFor())
	}
	for _, x := range l.rs.Limits {
		set := l.limited[hostLimit{x.If, x.Most}]
		if set == "" {
			continue
		}
		limit := Limit{set, x.Inbound, uint32(x.Most)}
		c.Rules = append(c.Rules, Rule{Match: []Match{marked(x.Mark | MarkAdmitted)}, Do: []Stmt{limit}, Note: "counted"},
			Rule{Match: []Match{marked(x.Mark)}, Do: []Stmt{limit, Counter{}, Log{x.reason()}, Drop{}}})
	}
	c.Rules = append(c.Rules, Rule{Do: []Stmt{SetPacketMark{}}})
	l.chain(c)
}

// reason is what the log calls a packet that the kernel refuses.
func (c *ConnLimit) reason() string { return fmt.Sprintf("201002:%s:%d", c.Kind, c.Most) }

// A limiter makes the chains for packets from one interface to another.
type limiter struct {
	l       *lowerer
	c       ConnLimit // of no line
	chains  []Chain   // the first is the one that is jumped to
	free    Stmt      // what is done with packets that no limit is for
	anyHeld bool
}

func (l *lowerer) limiter(c ConnLimit, name, note string) *limiter {
	c.Static, c.ACL = compiler.None, compiler.None
	m := &limiter{l: l, c: c, chains: []Chain{{Name: name, Note: note}}, free: Accept{}}
	if m.free = m.counts(c, name+"_free", "Connections that count for a limit of another line"); m.free != (Accept{}) {
		m.anyHeld = true
	}
	return m
}

// counts is what is done with packets that no line limits: those of hosts with a limit go to the process.
func (m *limiter) counts(c ConnLimit, name, note string) Stmt {
	set, field := m.l.counted[c.If], Saddr
	if set == "" {
		return Accept{}
	}
	if c.Inbound {
		field = Daddr
	}
	count := Chain{Name: m.l.unique(name), Note: note}
	count.Rules = []Rule{{Match: []Match{inSet(field, set)}, Do: []Stmt{Goto{m.asked(c)}}}, {Do: []Stmt{Accept{}}}}
	m.chains = append(m.chains, count)
	return Goto{count.Name}
}

func (m *limiter) add(r ...Rule) { m.chains[0].Rules = append(m.chains[0].Rules, r...) }

// static and nat are the limits of a line.
func (m *limiter) static(k int) (ConnLimit, compiler.Line) {
	s := &m.l.p.NAT.Statics[k]
	c := m.c
	c.Kind, c.Most, c.Half, c.Static = "static", s.MaxConns, s.Embryonic, k
	return c, s.Line
}

func (m *limiter) nat(n *compiler.Nat) (ConnLimit, compiler.Line) {
	c := m.c
	c.Kind, c.Most, c.Half, c.Nat = "xlate", n.MaxConns, n.Embryonic, n
	return c, n.Line
}

// hold are the rules for packets that a line translates, with its limits if it has some.
func (m *limiter) hold(c ConnLimit, line compiler.Line, match ...Match) (rules []Rule) {
	return m.holdOr(m.free, c, line, match...)
}

// holdOr says what is done where the line has no limits.
func (m *limiter) holdOr(free Stmt, c ConnLimit, line compiler.Line, match ...Match) (rules []Rule) {
	l := m.l
	switch {
	case l.opts.Daemon && (c.Most > 0 || c.Half > 0):
		m.anyHeld = true
		free = Goto{m.asked(c)}
	case l.limited[hostLimit{c.If, c.Most}] != "":
		m.anyHeld = true
		limit := Limit{l.limited[hostLimit{c.If, c.Most}], c.Inbound, uint32(c.Most)}
		rules = append(rules, Rule{Match: match, Do: []Stmt{limit, Counter{}, Log{c.reason()}, Drop{}}, Line: line})
	}
	return append(rules, Rule{Match: match, Do: []Stmt{free}, Line: line})
}

// asked is the chain that hands packets to the process.
func (m *limiter) asked(c ConnLimit) string {
	l := m.l
	if len(l.limitOf) >= maxLimits {
		c.Static, c.Nat = compiler.None, nil // those of one kind share what is left
	}
	if name := l.limitOf[c]; name != "" {
		return name
	}
	number := len(l.rs.Limits) + 1
	name := fmt.Sprintf("limit_%d", number)
	l.limitOf[c] = name
	c.Mark = MarkLimit | uint32(number)<<limitBit
	l.rs.Limits = append(l.rs.Limits, c)
	m.chains = append(m.chains, Chain{Name: name, Note: "The process counts the connections of the host",
		Rules: []Rule{{Do: []Stmt{Meter{l.askedSet(c.If), c.Inbound, mostAsked}, Counter{}, Drop{}}, Note: "a flood"},
			{Do: []Stmt{ClassPacket{c.Mark}, ToQueue{Num: Queue, Compat: l.opts.CompatQueue, Bypass: true}}}}})
	return name
}

// maxLimits is how many lines with limits the process can tell from each other.
const maxLimits = limitNumber>>limitBit - 4096

// mostAsked is how many first packets a second of one host the process is asked about. What is more, of a flood, takes no time from others,
// which wait in the same queue so that they are counted in the order in which they come.
const mostAsked = 5000

// askedSet is the set that meters them.
func (l *lowerer) askedSet(i int) string {
	name := "asked_" + l.id[i]
	if !slices.ContainsFunc(l.rs.Sets, func(s Set) bool { return s.Name == name }) {
		l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Dynamic, Timeout: 10 * time.Second, Note: "hosts on " + l.p.Interfaces[i].Name + " whose first packets the process is asked about"})
	}
	return name
}

// listed holds packets that an access list permits.
func (m *limiter) listed(name string, acl int, reversed bool, match []Match, line compiler.Line, rules []Rule) {
	do := Chain{Name: m.l.unique(name + "_do"), Rules: rules}
	list := m.l.listChain(m.l.unique(name), acl, reversed, []Stmt{Goto{do.Name}})
	m.chains = append(m.chains, list, do)
	m.add(Rule{Match: match, Do: []Stmt{Jump{list.Name}}, Line: line})
}

func (m *limiter) done() []Chain {
	if !m.anyHeld {
		return nil
	}
	m.add(Rule{Do: []Stmt{m.free}})
	return m.chains
}

// limitsOut hold packets from i to the lower o, by the rules in the order of the translation (semantics.md 3.2).
func (l *lowerer) limitsOut(name string, i, o int) []Chain {
	m := l.limiter(ConnLimit{If: i, Seen: o}, name, "Limits of hosts that begin connections")
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; x.If == i && !x.Outside {
			sub := l.listChain(l.unique(fmt.Sprintf("%s_exempt_%d", name, k)), x.ACL, false, []Stmt{m.free})
			m.chains = append(m.chains, sub)
			m.add(Rule{Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
		}
	}
	var unknown []Match // a host with a translation that lives keeps it
	if k := l.xlateMap(i, o, compiler.None); k >= 0 {
		unknown = []Match{{Field: Saddr, Not: true, Set: l.rs.Xlates[k].Name}}
	}
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		if s.RealIf != i || s.MappedIf != o || !l.loads(s) || s.Proto == ast.ProtoUDP {
			continue
		}
		match := []Match{src(netRange(s.RealNet()))}
		if s.Proto != 0 {
			match = append(match, proto(ast.ProtoTCP), Match{Field: Sport, Values: one(uint32(s.RealPt))})
		}
		if s.ACL != compiler.None {
			m.listed(fmt.Sprintf("%s_static_%d", name, k), s.ACL, false, match, s.Line, m.hold(m.static(k)))
			continue
		}
		c, line := m.static(k)
		m.add(m.hold(c, line, append(match, unknown...)...)...)
	}
	for k := range l.p.NAT.Policies {
		if n := &l.p.NAT.Policies[k]; n.If == i && !n.Outside {
			m.listed(fmt.Sprintf("%s_policy_%d", name, k), n.ACL, false, nil, n.Line, m.hold(m.nat(n)))
		}
	}
	m.add(m.nats(i, Saddr, m.free)...)
	return m.done()
}

// nats hold hosts on interface i by the nat lines.
func (m *limiter) nats(i int, field Field, free Stmt) (rules []Rule) {
	for k := range m.l.p.NAT.Nats {
		n := &m.l.p.NAT.Nats[k]
		if n.If != i || n.Outside {
			continue
		}
		var match []Match
		if n.Net.Mask != 0 {
			match = []Match{{Field: field, Values: []Range{netRange(n.Net)}}}
		}
		c, line := m.nat(n)
		rules = append(rules, m.holdOr(free, c, line, match...)...)
	}
	return rules
}

// called hold hosts on o that others on i call by translations that live: by policy NAT, and by nat. A translation has the limits of the line
// that made it, which may be another by now: the process knows them.
func (m *limiter) called(name string, i, o int) Chain {
	l, live := m.l, Chain{Name: m.l.unique(name + "_live")}
	free := func(acl int) Stmt {
		c := m.c
		c.Kind, c.Live, c.ACL = "xlate", true, acl
		return m.counts(c, name+"_called", "Connections by a translation that lives, of hosts with a limit")
	}
	for k := range l.rs.Xlates {
		x := &l.rs.Xlates[k]
		if x.RealIf != o || x.MappedIf != i || x.ACL == compiler.None {
			continue
		}
		by := inSet(Daddr, x.Name)
		if x.Own != "" {
			by = inSet(OrigDaddr, x.Own)
		}
		c, line := m.c, compiler.Line{}
		if k := slices.IndexFunc(l.p.NAT.Policies, func(n compiler.Nat) bool { return n.If == o && n.ACL == x.ACL && !n.Outside }); k >= 0 {
			c, line = m.nat(&l.p.NAT.Policies[k])
		}
		or := m.free
		if c.Most == 0 && c.Half == 0 {
			or = free(x.ACL)
		}
		live.Rules = append(live.Rules, m.holdOr(or, c, line, by)...)
	}
	others := free(compiler.None)
	live.Rules = append(append(live.Rules, m.nats(o, Daddr, others)...), Rule{Do: []Stmt{others}})
	return live
}

// limitsIn hold packets from i to the higher o, by the address that they were sent to: exemption, live translations, statics
// (semantics.md 3.3).
func (l *lowerer) limitsIn(name string, i, o int) []Chain {
	m := l.limiter(ConnLimit{If: o, Seen: i, Inbound: true}, name, "Limits of hosts that others call")
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; x.If == o && !x.Outside {
			sub := l.listChain(l.unique(fmt.Sprintf("%s_exempt_%d", name, k)), x.ACL, true, []Stmt{m.free})
			m.chains = append(m.chains, sub)
			m.add(Rule{Match: []Match{{Field: CtStatus, Not: true, Mask: StatusDNAT}}, Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
		}
	}
	if un := l.un[i]; un != "" {
		live := m.called(name, i, o)
		m.chains = append(m.chains, live)
		m.add(Rule{Match: []Match{inSet(OrigDaddr, un)}, Do: []Stmt{Goto{live.Name}}})
	}
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		if s.RealIf != o || s.MappedIf != i || !l.loads(s) || s.Proto == ast.ProtoUDP {
			continue
		}
		match := []Match{{Field: OrigDaddr, Values: []Range{netRange(s.MappedNet())}}}
		if s.Proto != 0 {
			match = append(match, Match{Field: OrigDport, Values: one(uint32(s.MappedPort))})
		}
		if s.ACL != compiler.None {
			m.listed(fmt.Sprintf("%s_static_%d", name, k), s.ACL, true, match, s.Line, m.hold(m.static(k)))
			continue
		}
		c, line := m.static(k)
		m.add(m.hold(c, line, match...)...)
	}
	return m.done()
}
