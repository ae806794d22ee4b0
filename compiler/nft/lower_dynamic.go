package nft

import (
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// ranges are the globals of an id on an interface that are ranges of addresses; pats are its PAT addresses.
func (l *lowerer) ranges(id, o int) (ranges, pats []int) {
	for k := range l.p.NAT.Globals {
		switch g := &l.p.NAT.Globals[k]; {
		case g.ID != id || g.If != o:
		case g.PAT:
			pats = append(pats, k)
		default:
			ranges = append(ranges, k)
		}
	}
	return ranges, pats
}

// needsDaemon reports whether somebody has to choose for hosts of a rule on o: an address of their own, from a pool or theirs
// (identity NAT), or the first PAT address that has a port left.
func (l *lowerer) needsDaemon(n *compiler.Nat, o int) bool {
	if n.ID == 0 {
		return n.ACL == compiler.None
	}
	ranges, pats := l.ranges(n.ID, o)
	return len(ranges) > 0 || len(pats) > 1
}

// Kept are translations that live, and were made by lines that may not be there any more: changes of NAT do not touch them (semantics.md
// 3.5). ACL is the access list of policy NAT, which may be gone, or None.
type Kept struct {
	RealIf, MappedIf, ACL int
	Ports                 bool // of ports, or ICMP ids
}

// GoneList stands for an access list that is in no Plan any more, the nth of those, where translations name the one that made them.
func GoneList(n int) int { return compiler.None - 1 - n }

// Gone is the number of a list that is gone; false: it is in the Plan, or none.
func Gone(acl int) (n int, is bool) { return compiler.None - 1 - acl, acl < compiler.None }

// listName is the name of an access list that has made translations.
func (l *lowerer) listName(acl int) string {
	if n, is := Gone(acl); is {
		return l.opts.Gone[n]
	}
	return l.p.ACLs[acl].ID
}

// KeptLimits are what translations that live limit of their hosts (semantics.md 3.4), and no line does: a host is held to what the line said that
// made its translation.
type KeptLimits struct {
	Hosts map[int][]Range // with a limit, by interface, in order
	Half  bool            // some limit half-open connections
}

// Has reports whether the limits of others are among these.
func (k KeptLimits) Has(o KeptLimits) bool {
	for i, hosts := range o.Hosts {
		if len(subtract(hosts, k.Hosts[i])) > 0 {
			return false
		}
	}
	return k.Half || !o.Half
}

// HostsLimited are those with a limit of connections, or of half-open ones, by a nat line, by interface.
func HostsLimited(p *compiler.Plan) map[int][]Range {
	out := map[int][]Range{}
	for _, list := range [2][]compiler.Nat{p.NAT.Policies, p.NAT.Nats} {
		for k := range list {
			if n := &list[k]; (n.MaxConns > 0 || n.Embryonic > 0) && !n.Outside {
				out[n.If] = append(out[n.If], sourcesOf(p, n)...)
			}
		}
	}
	for i := range out {
		out[i] = merge(out[i])
	}
	return out
}

// Hosts are addresses as ranges, in order.
func Hosts(list []ast.IP) []Range {
	out := make([]Range, len(list))
	for i, ip := range list {
		out[i] = host(ip)
	}
	return merge(out)
}

// xlateMaps makes the maps of live translations, which are empty until the daemon fills them: of those that lines make, and of those that
// live.
func (l *lowerer) xlateMaps() {
	l.un = map[int]string{}
	if !l.opts.Daemon {
		return
	}
	add := func(n *compiler.Nat) {
		for _, o := range l.ifs {
			if lower := l.level(o) < l.level(n.If); lower != n.Outside && l.needsDaemon(n, o) {
				l.addXlateMap(n.If, o, n.ACL)
			}
		}
	}
	for k := range l.p.NAT.Policies {
		add(&l.p.NAT.Policies[k])
	}
	for k := range l.p.NAT.Nats {
		add(&l.p.NAT.Nats[k])
	}
	for _, k := range l.opts.Kept {
		if k.Ports {
			l.addPortMap(k)
		} else {
			l.addXlateMap(k.RealIf, k.MappedIf, k.ACL)
		}
	}
}

// addXlateMap makes the map of a kind of translations, if it is not there.
func (l *lowerer) addXlateMap(i, o, acl int) {
	if !l.talk(i, o) || l.xlateMap(i, o, acl) >= 0 {
		return
	}
	if l.un[o] == "" {
		l.un[o] = l.unique("un_xlate_" + l.id[o])
		l.rs.Sets = append(l.rs.Sets, Set{Name: l.un[o], Kind: LiveMap, Note: "live translations on " + l.p.Interfaces[o].Name + ": mapped to real"})
	}
	name, number := l.liveMap(LiveMap, "xlate", i, o, acl, "live translations: real to mapped")
	kind := XlateKind{Real: l.p.Interfaces[i].Name, Mapped: l.p.Interfaces[o].Name}
	if acl != compiler.None {
		kind.List = l.listName(acl)
	}
	l.rs.Sets[len(l.rs.Sets)-1].Comment = kind.String()
	l.rs.Xlates = append(l.rs.Xlates, XlateMap{RealIf: i, MappedIf: o, ACL: acl, Name: name, Class: number, Un: l.un[o], Box: l.p.Interfaces[o].Net.IP})
	// A host whose translation has just ended must not show its real address.
	l.classes = append(l.classes, Rule{Match: []Match{class(number)}, Do: []Stmt{NAT{Map: name}}},
		Rule{Match: []Match{class(number)}, Do: []Stmt{Counter{}, Drop{}}, Note: "the translation has ended"})
}

// liveMap makes the map of translations of a kind between two interfaces, by policy NAT if acl is not None, and their class.
func (l *lowerer) liveMap(kind SetKind, what string, i, o, acl int, note string) (name string, number uint32) {
	name = l.pairName(what, i, o)
	if acl != compiler.None {
		name += "_" + word(l.listName(acl))
		note += ", by access-list " + l.listName(acl)
	}
	name = l.unique(name)
	l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: kind, Note: note})
	return name, l.class(what + " " + name)
}

// talk reports whether packets pass between two interfaces.
func (l *lowerer) talk(i, o int) bool {
	return l.dev[i] != "" && l.dev[o] != "" && i != o && l.level(i) != l.level(o)
}

// xlateMap is the index of the map of translations between two interfaces, or -1.
func (l *lowerer) xlateMap(i, o, acl int) int {
	return slices.IndexFunc(l.rs.Xlates, func(m XlateMap) bool { return m.RealIf == i && m.MappedIf == o && m.ACL == acl })
}

// live lets hosts go on that have a translation, by the map of their interfaces and policy.
func (l *lowerer) live(i, o, acl int) (rules []Rule) {
	for _, x := range l.living(i, o, acl) {
		rules = append(rules, Rule{Match: x.match, Do: []Stmt{SetMark{x.class}, Accept{}}, Note: "has a translation"})
	}
	return rules
}

// A living is a kind of packets that have a translation, and its class.
type living struct {
	match []Match
	class uint32
}

func (l *lowerer) living(i, o, acl int) (out []living) {
	if k := l.xlateMap(i, o, acl); k >= 0 {
		m := &l.rs.Xlates[k]
		out = append(out, living{[]Match{inSet(Saddr, m.Name)}, m.Class})
	}
	for k := range l.rs.Ports {
		if m := &l.rs.Ports[k]; m.RealIf == i && m.MappedIf == o && m.ACL == acl {
			// With the state of an echo, so that no copy is made for packets that are not tracked: PAT carries none.
			echo := []Match{proto(ast.ProtoICMP), {Field: ICMPType, Values: one(8)}, {Field: CtState, Mask: StateNew}, inSet(EchoOf, m.Name)}
			out = append(out, living{[]Match{withPorts, inSet(PortOf, m.Name)}, m.Class}, living{echo, m.Class})
		}
	}
	return out
}

// behindLiving are rules for packets without a translation that lives: that is older, and goes on until it is cleared (semantics.md 3.5). It
// does not hide a policy static (section 12, item 15). Where there may be such translations, the rules become a chain.
func (l *lowerer) behindLiving(name string, i, o int, rules []Rule) ([]Rule, []Chain) {
	have := l.living(i, o, compiler.None)
	if len(rules) == 0 || len(have) == 0 {
		return rules, nil
	}
	var policy []Rule
	for _, r := range rules {
		if _, is := r.Do[0].(Jump); is {
			policy = append(policy, r)
		}
	}
	sub := Chain{Name: name}
	for _, x := range have {
		for _, r := range append(slices.Clone(policy), Rule{Do: []Stmt{Return{}}}) {
			r.Match = slices.Concat(x.match, r.Match)
			sub.Rules = append(sub.Rules, r)
		}
	}
	sub.Rules = append(sub.Rules, rules...)
	return []Rule{{Do: []Stmt{Jump{name}}}}, []Chain{sub}
}

// returned takes the answer of the daemon.
func (l *lowerer) returned(i, o int) []Rule {
	asks := func(n compiler.Nat) bool { return n.If == i && l.onePAT(&n, o) }
	if !slices.ContainsFunc(l.rs.Xlates, func(m XlateMap) bool { return m.RealIf == i && m.MappedIf == o }) &&
		!slices.ContainsFunc(l.p.NAT.Policies, asks) && !slices.ContainsFunc(l.p.NAT.Nats, asks) {
		return nil
	}
	return []Rule{{Match: []Match{{Field: PacketMark, Mask: MarkMask, Values: one(MarkOwn)}}, Do: []Stmt{TakeMark{}, Accept{}}, Note: "the daemon has answered"}}
}

// ask hands the first packet of a host to the daemon.
func (l *lowerer) ask(n *compiler.Nat, o int) []Rule {
	ranges, pats := l.ranges(n.ID, o)
	r := Request{Mark: l.requestMark(), Nat: n, In: n.If, Out: o, Map: l.xlateMap(n.If, o, n.ACL)}
	if n.ID != 0 {
		r.Pools = ranges
		for _, g := range pats {
			r.PATs = append(r.PATs, l.patClass(g, n.ACL))
		}
	}
	l.rs.Requests = append(l.rs.Requests, r)
	return []Rule{{Do: l.waits(&r), Line: n.Line}}
}

// waits hands a packet to the daemon with a request.
func (l *lowerer) waits(r *Request) []Stmt {
	mark := Stmt(KeepOrigin{r.Mark})
	if l.rs.RequestBits == allBits {
		mark = SetPacketMark{r.Mark}
	}
	return []Stmt{mark, ToQueue{Num: Queue, Compat: l.opts.CompatQueue}}
}

const allBits = 0xffffffff

// requestBits leaves room for what has un-NATed a packet in the mark of its request, unless there are too many of the one or of the other.
func (l *lowerer) requestBits() {
	l.rs.RequestBits = ^uint32(markOrigin)
	n := &l.p.NAT
	most := (len(n.Policies)+len(n.Nats))*len(l.ifs) + len(l.opts.Kept) // of the maps of live translations
	if 2*most > int((l.rs.RequestBits&^MarkMask)>>requestBit) || len(n.Statics)+len(n.Aliases)+most >= markOrigin>>1 {
		l.rs.RequestBits = allBits
	}
}

// requestMark is the mark of the next request.
func (l *lowerer) requestMark() uint32 {
	number := uint32(len(l.rs.Requests) + 1)
	if l.rs.RequestBits != allBits {
		number <<= requestBit
	}
	return MarkRequest | number
}

// onePAT reports whether the only global that serves a rule on o is one PAT address: then the rules choose it, while it has ports.
func (l *lowerer) onePAT(n *compiler.Nat, o int) bool {
	ranges, pats := l.ranges(n.ID, o)
	return l.opts.Daemon && n.ID != 0 && len(ranges) == 0 && len(pats) == 1
}

// short asks about first packets for which the PAT address, which is the only one, may have no port: those of the small classes, and of the
// others what the daemon says is short.
func (l *lowerer) short(n *compiler.Nat, o, pat int) (rules []Rule) {
	if !l.onePAT(n, o) {
		return nil
	}
	c := &l.rs.PATs[pat]
	l.shortSets(c)
	r := Request{Mark: l.requestMark(), Nat: n, In: n.If, Out: o, Map: compiler.None, PATs: []int{pat}}
	l.rs.Requests = append(l.rs.Requests, r)
	add := func(match ...Match) {
		rules = append(rules, Rule{Match: match, Do: l.waits(&r), Line: n.Line, Note: "PAT may have no port"})
	}
	// With its state, so that no copy is made for packets that are not tracked: PAT carries none.
	echo := []Match{proto(ast.ProtoICMP), {Field: ICMPType, Values: one(8)}, {Field: CtState, Mask: StateNew}}
	add(withPorts, inSet(Daddr, c.Busy))
	add(append(echo[:3:3], inSet(Daddr, c.Busy))...)
	// The classes of which a burst could take all ports before anybody is told of it are always asked about.
	last := len(PortClasses) - 1
	add(withPorts, Match{Field: Sport, Values: []Range{{PortClasses[0].Lo, PortClasses[last-1].Hi}}})
	add(withPorts, Match{Field: Sport, Values: []Range{PortClasses[last]}}, inSet(L4Proto, c.Spent[last]))
	add(append(echo[:3:3], inSet(L4Proto, c.Spent[0]))...)
	return rules
}

// shortSets are the sets of a PAT address, which its classes share.
func (l *lowerer) shortSets(c *PATClass) {
	if c.Busy != "" {
		return
	}
	for k := range l.rs.PATs {
		if p := &l.rs.PATs[k]; p.Global == c.Global && p.Busy != "" {
			c.Busy, c.Spent = p.Busy, p.Spent
			return
		}
	}
	g := &l.p.NAT.Globals[c.Global]
	c.Busy = l.unique(fmt.Sprintf("busy_%d", c.Global))
	l.rs.Sets = append(l.rs.Sets, Set{Name: c.Busy, Kind: LiveAddrs, Line: g.Line, Note: "hosts with a service that nearly all ports of a class are in use to"})
	for k, ports := range PortClasses {
		c.Spent[k] = l.unique(fmt.Sprintf("spent_%d_%d", c.Global, ports.Lo))
		l.rs.Sets = append(l.rs.Sets, Set{Name: c.Spent[k], Kind: LiveProtos, Line: g.Line,
			Note: fmt.Sprintf("protocols of which nearly all ports from %d to %d are in use", ports.Lo, ports.Hi)})
	}
}

// patClass is the class of a PAT global, by its index in PATs: one for the nat lines, and for policy NAT one for each access list.
func (l *lowerer) patClass(g, acl int) int {
	if k := slices.IndexFunc(l.rs.PATs, func(c PATClass) bool { return c.Global == g && c.ACL == acl }); k >= 0 {
		return k
	}
	name := fmt.Sprintf("pat %d", g)
	if acl != compiler.None {
		name += fmt.Sprintf(" policy %d", acl)
	}
	l.rs.PATs = append(l.rs.PATs, PATClass{Class: l.class(name), Global: g, ACL: acl})
	return len(l.rs.PATs) - 1
}

// daemonGlobals carries out the PAT addresses. Ranges are carried out by the maps.
func (l *lowerer) daemonGlobals() {
	for k := range l.p.NAT.Globals {
		g := &l.p.NAT.Globals[k]
		if l.dev[g.If] == "" || !g.PAT {
			continue
		}
		l.patClass(k, compiler.None)
		for _, c := range l.rs.PATs {
			if c.Global == k {
				l.pat(g, class(c.Class))
			}
		}
	}
}

// pat carries out a PAT address: the new port is of the class of the original one (semantics.md 3.4).
func (l *lowerer) pat(g *compiler.Global, m Match) {
	short := "the next PAT address serves, or 202001 says that there is none, when an eighth of the ports of a class is left to one and the same service"
	if !l.opts.Daemon {
		short = "with nearly all ports of a class in use to one and the same service, Linux may find none and drop the packet without a message"
	}
	l.note("W502", g.Line, "Linux keeps the original port where it is free; a PIX hands out the next port of the class; "+short)
	l.classes = append(l.classes, l.needsLife(m)...)
	for _, r := range PortClasses {
		l.classes = append(l.classes, Rule{Match: []Match{m, withPorts, {Field: Sport, Values: []Range{r}}},
			Do: []Stmt{NAT{First: g.First, Last: g.First, PortLo: uint16(r.Lo), PortHi: uint16(r.Hi)}}, Line: g.Line})
	}
	l.classes = append(l.classes, Rule{Match: []Match{m}, Do: []Stmt{NAT{First: g.First, Last: g.First}}, Line: g.Line})
}

// outside translates the sources of what was let in from i to the higher o, where dynamic outside NAT says so
// (semantics.md 3.4): by an access list, then what lives, then by nets. Once a rule of nets has a global on o, every source needs a
// translation. It adds to c and gives back the chains that its rules use.
func (l *lowerer) outside(c *Chain, i, o int) (subs []Chain) {
	subs = l.policies(c, i, o, true)
	c.Rules = append(c.Rules, l.live(i, o, compiler.None)...)
	obliges := false
	for k := range l.p.NAT.Nats {
		n := &l.p.NAT.Nats[k]
		if n.If != i || !n.Outside {
			continue
		}
		c.Rules = append(c.Rules, l.sourcesIn(n, l.dynamic(n, o))...)
		ranges, pats := l.ranges(n.ID, o)
		obliges = obliges || l.opts.Daemon && n.ID != 0 && len(ranges)+len(pats) > 0
	}
	if obliges {
		c.Rules = append(c.Rules, deny("305005", "outside nat", compiler.Line{}))
	}
	return subs
}

// loads reports whether a static is in the rules.
func (l *lowerer) loads(s *compiler.Static) bool {
	return s.Mask.Contiguous()
}

// policyList does something to packets from the peers of a policy static to its mapped addresses: the access list read
// backwards, with the mapped addresses for the real ones (semantics.md 3.3).
func (l *lowerer) policyList(name string, s *compiler.Static, do []Stmt) Chain {
	c := Chain{Name: l.unique(name), Note: "policy static, backwards"}
	for k := range l.p.ACLs[s.ACL].Entries {
		ace := l.p.ACLs[s.ACL].Entries[k]
		ace.Src = []ast.Net{s.MappedNet()}
		if s.Proto != 0 {
			// The packet has the mapped port for the real one.
			of := func(r compiler.PortRange) bool { return r.Lo <= s.RealPt && s.RealPt <= r.Hi }
			if ace.SrcPorts != nil && !slices.ContainsFunc(ace.SrcPorts, of) {
				continue
			}
			ace.SrcPorts = nil
		}
		stmts := []Stmt{Return{}}
		if ace.Permit {
			stmts = do
		}
		for _, m := range l.entry(&ace, true) {
			c.Rules = append(c.Rules, Rule{Match: m, Do: stmts, Line: ace.Line})
		}
	}
	return c
}
