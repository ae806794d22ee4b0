package nft

import (
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// loginPorts are the services where a user can log in on the way (semantics.md 5.2), and the local ports where their
// connections are taken to.
var loginPorts = []struct{ service, local uint16 }{{21, 10621}, {23, 10623}, {80, 10680}, {443, 10643}}

// LoginPort is the local port of the firewall that first connections of users are taken to: to ports 21, 23, 80 and 443 of a server
// that they need to log in for. 0 for other services.
func LoginPort(service uint16) uint16 {
	for _, p := range loginPorts {
		if p.service == service {
			return p.local
		}
	}
	return 0
}

// userSets makes the sets of users who have logged in, where a rule asks for them.
func (l *lowerer) userSets() {
	l.rs.Users = map[int]string{}
	for _, i := range l.ifs {
		asks := slices.ContainsFunc(l.p.AAARules, func(r compiler.AAARule) bool {
			return r.Include && r.What != "accounting" && (r.Dir != compiler.DirInterface || r.If == i)
		})
		if l.opts.Live && (asks || len(l.p.AAA.Virtual) > 0) {
			l.rs.Users[i] = l.unique("users_" + l.id[i])
			l.rs.Sets = append(l.rs.Sets, Set{Name: l.rs.Users[i], Kind: LiveAddrs, Note: "users on " + l.p.Interfaces[i].Name + " who have logged in"})
		}
	}
}

// loginLimits refuse connections of hosts that have as many open where users log in as `aaa proxy-limit` permits. Who has logged in does not
// count: he is only let out again.
func (l *lowerer) loginLimits() (rules []Rule) {
	a := &l.p.AAA
	if a.ProxyLimit <= 0 || l.lacks(Connlimit, a.LimitLine, "a host may have any number of logins open", "") {
		return nil
	}
	for _, i := range l.ifs {
		users := l.rs.Users[i]
		if users == "" {
			continue
		}
		set := l.unique("logins_" + l.id[i])
		l.rs.Sets = append(l.rs.Sets, Set{Name: set, Kind: Counting, Line: a.LimitLine, Note: "connections of hosts on " + l.p.Interfaces[i].Name + " to where users log in"})
		rules = append(rules, Rule{Match: []Match{mark(MarkLogin), proto(ast.ProtoTCP), iif(l.dev[i]), {Field: CtState, Mask: StateNew}, {Field: Saddr, Not: true, Set: users}},
			Do: []Stmt{Limit{set, false, uint32(a.ProxyLimit)}, Counter{}, Log{"109017"}, Drop{}}, Line: a.LimitLine, Note: "too many logins"})
	}
	return rules
}

// loggedIn lets the sources pass whose user is known.
func (l *lowerer) loggedIn(i int) []Rule {
	if name := l.rs.Users[i]; name != "" {
		return []Rule{{Match: []Match{inSet(Saddr, name)}, Do: []Stmt{Return{}}, Note: "logged in"}}
	}
	return nil
}

// refuseUser drops what needs a user.
func refuseUser(line compiler.Line, match ...Match) Rule {
	return deny("109023", "must authenticate", line, match...)
}

// takeLogin takes a connection to service to where its user can log in; where nobody listens, it is dropped.
func (l *lowerer) takeLogin(i int, service uint16, line compiler.Line, match ...Match) Rule {
	port := LoginPort(service)
	if !l.opts.Live {
		return refuseUser(line, match...) // nobody is there to ask
	}
	ip := l.p.Interfaces[i].Net.IP
	return Rule{Match: match, Do: []Stmt{Counter{}, Log{"109001"}, SetMark{MarkLogin}, NAT{Dst: true, First: ip, Last: ip, PortLo: port, PortHi: port}},
		Line: line, Note: "log in"}
}

// login takes first connections that arrive on interface i and need a user to where he can log in, and drops those that cannot
// be asked. Destinations are those of the wire; the rules of include and exclude name real ones.
func (l *lowerer) login(i int) []Chain {
	c := Chain{Name: l.unique("login_" + l.id[i]), Note: "Connections from " + l.p.Interfaces[i].Name + " whose user has to log in first"}
	more := l.virtual(i, &c)
	before := len(c.Rules)
	virtual := before > 0
	c.Rules = append(c.Rules, l.loggedIn(i)...)
	out := append([]Chain{c}, more...)
	n := len(c.Rules)
	for _, include := range []bool{false, true} { // exclude beats include, whatever their order
		for _, o := range l.ifs {
			// Where nobody can be asked, the rules after the translation drop everything.
			if l.level(i) == l.level(o) || !l.opts.Live {
				continue
			}
			for k := range l.p.AAARules {
				if r := &l.p.AAARules[k]; r.ACL == compiler.None && r.What == "authentication" && r.Include == include && l.rules(r, i, o) {
					for _, rule := range l.loginRule(r, i, o) {
						rule.Match = slices.Concat(rule.Match, l.permitted(i, o))
						out[0].Rules = append(out[0].Rules, rule)
					}
				}
			}
		}
	}
	if l.opts.Live {
		out = append(out, l.loginExempt(i, &out[0])...)
	}
	out = append(out, l.loginLists(i, &out[0])...)
	if len(out[0].Rules) == n && !virtual {
		return nil
	}
	return append(l.exemptMACs(out[0], before), out[1:]...)
}

// exemptMACs lets hosts pass whose addresses the list of aaa mac-exempt permits, the first entry that is about one deciding (semantics.md 5.1):
// they return before the rules of a chain from the n-th on. The first chain of the answer is to be jumped to.
func (l *lowerer) exemptMACs(c Chain, n int) []Chain {
	a := &l.p.AAA
	if a.ExemptLine.IsDefault() || a.MACExempt == compiler.None {
		return []Chain{c}
	}
	asks := Chain{Name: l.unique(c.Name + "_asks"), Note: "Those that are not exempt by their MAC address", Rules: slices.Clone(c.Rules[n:])}
	c.Rules = c.Rules[:n:n]
	list := a.MACLists[a.MACExempt].Entries
	for i := range list {
		var do Stmt = Goto{asks.Name}
		if list[i].Permit {
			do = Return{}
		}
		c.Rules = append(c.Rules, Rule{Match: []Match{{Field: SourceMAC, MAC: &list[i]}}, Do: []Stmt{do}, Line: list[i].Line})
	}
	c.Rules = append(c.Rules, Rule{Do: []Stmt{Goto{asks.Name}}, Line: a.ExemptLine})
	return []Chain{c, asks}
}

// pieces are ranges in as many lists as they need to be matched.
func pieces(r []Range) (out [][]Range) {
	for r = merge(r); len(r) > 0; {
		n := min(len(r), chunk)
		out = append(out, r[:n:n])
		r = r[n:]
	}
	return out
}

// toBox are the addresses of packets to the firewall itself that arrive on an interface.
func (l *lowerer) toBox(i int) []Range {
	f := &l.p.Interfaces[i]
	return append(broadcast(f), host(f.Net.IP), host(ast.AllOnes), netRange(ast.Net{IP: 224 << 24, Mask: 0xf0000000}))
}

// permitted is true of packets from i to the interfaces to that the levels or a conduit permit: who is refused is not asked who he is.
func (l *lowerer) permitted(i int, to ...int) []Match {
	if l.p.Interfaces[i].ACL != compiler.None || slices.ContainsFunc(to, func(o int) bool { return l.level(o) <= l.level(i) }) {
		return nil
	}
	return []Match{{Field: PacketMark, Mask: MarkMask, Values: one(MarkConduit)}}
}

// rules reports whether an AAA rule is for connections from interface i to o.
func (l *lowerer) rules(r *compiler.AAARule, i, o int) bool {
	outbound := l.level(i) > l.level(o)
	return (r.Dir != compiler.DirInterface || r.If == i) && (r.Dir != compiler.DirInbound || !outbound) && (r.Dir != compiler.DirOutbound || outbound)
}

// loginRule is one include or exclude for packets from i to o, by destinations that are un-NATed by statics, and outbound also by those
// that are not translated.
func (l *lowerer) loginRule(r *compiler.AAARule, i, o int) (rules []Rule) {
	from, to := r.Foreign, r.Local // local is the host on the higher interface
	if l.level(i) > l.level(o) {
		from, to = to, from
	}
	seen, statics := l.seenAs(to, i, o)
	var alternatives [][]Match
	for len(seen) > 0 {
		n := min(len(seen), chunk)
		alternatives = append(alternatives, []Match{dst(seen[:n]...)})
		seen = seen[n:]
	}
	if un := l.un[i]; un != "" && to.Mask.Contiguous() {
		real := []Range{netRange(to)}
		for _, r := range pieces(subtract(real, subtract(real, l.to[o]))) {
			alternatives = append(alternatives, []Match{{Field: LiveDaddr, Set: un, Values: r}})
		}
	}
	if l.level(i) > l.level(o) {
		for _, d := range nets(Daddr, []ast.Net{to}) {
			m := append(slices.Clone(d), inSet(Daddr, "route_"+l.id[o]), Match{Field: Daddr, Not: true, Values: merge(l.toBox(i))})
			if other := l.mappedOn(i); len(other) > 0 {
				m = append(m, Match{Field: Daddr, Not: true, Set: "static_" + l.id[i]})
			}
			alternatives = append(alternatives, m)
		}
	}
	for _, s := range nets(Saddr, []ast.Net{from}) {
		for _, d := range alternatives {
			rules = append(rules, l.askRules(r, i, slices.Concat(s, d))...)
		}
		for _, st := range statics {
			if !r.AnyTCP && (r.Proto != st.Proto || !r.Ports.Contains(st.RealPt)) || r.AnyTCP && st.Proto != ast.ProtoTCP {
				continue
			}
			m := slices.Concat(s, []Match{dst(host(st.Mapped)), proto(uint32(st.Proto)), {Field: Dport, Values: one(uint32(st.MappedPort))}})
			switch {
			case !r.Include:
				rules = append(rules, Rule{Match: m, Do: []Stmt{Return{}}, Line: r.Line})
			case st.Proto == ast.ProtoTCP && LoginPort(st.RealPt) != 0:
				rules = append(rules, l.takeLogin(i, st.RealPt, r.Line, m...))
			default:
				rules = append(rules, refuseUser(r.Line, m...))
			}
		}
	}
	return rules
}

// askRules are what an include or exclude does to packets that fit.
func (l *lowerer) askRules(r *compiler.AAARule, i int, match []Match) (rules []Rule) {
	what := aaaService(r)
	if !r.Include {
		return []Rule{{Match: slices.Concat(match, what), Do: []Stmt{Return{}}, Line: r.Line}}
	}
	if r.AnyTCP || r.Proto == ast.ProtoTCP {
		for _, p := range loginPorts {
			if r.AnyTCP || r.Ports.Contains(p.service) {
				rules = append(rules, l.takeLogin(i, p.service, r.Line, slices.Concat(match, []Match{proto(ast.ProtoTCP), {Field: Dport, Values: one(uint32(p.service))}})...))
			}
		}
	}
	if r.What == "virtual" {
		return rules // of one service
	}
	return append(rules, refuseUser(r.Line, slices.Concat(match, what)...))
}

// aaaService is the service of an AAA rule.
func aaaService(r *compiler.AAARule) (match []Match) {
	switch {
	case r.AnyTCP:
		return []Match{proto(ast.ProtoTCP)}
	case r.Proto != 0:
		match = append(match, proto(uint32(r.Proto)))
	}
	whole := r.Ports == (compiler.PortRange{Hi: 0xffff}) || r.Ports == (compiler.PortRange{}) && r.Proto != ast.ProtoICMP
	switch {
	case whole:
	case r.Proto == ast.ProtoTCP || r.Proto == ast.ProtoUDP:
		match = append(match, Match{Field: Dport, Values: []Range{{uint32(r.Ports.Lo), uint32(r.Ports.Hi)}}})
	case r.Proto == ast.ProtoICMP && r.Ports.Lo == r.Ports.Hi:
		match = append(match, Match{Field: ICMPType, Values: one(uint32(r.Ports.Lo))})
	}
	return match
}

// seenAs are the addresses by which hosts of a net on interface o are known on i by statics, and the statics of their ports.
func (l *lowerer) seenAs(to ast.Net, i, o int) (seen []Range, ports []*compiler.Static) {
	if !to.Mask.Contiguous() {
		return nil, nil // what the rules after the translation drop
	}
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		if s.RealIf != o || s.MappedIf != i || s.ACL != compiler.None || !l.loads(s) {
			continue
		}
		real, mapped := s.RealNet(), s.MappedNet()
		switch {
		case s.Proto != 0:
			if to.Contains(s.Real) {
				ports = append(ports, s)
			}
		case to.Mask <= real.Mask && to.Contains(real.IP):
			seen = append(seen, netRange(mapped))
		case to.Mask > real.Mask && real.Contains(to.IP):
			seen = append(seen, netRange(ast.Net{IP: mapped.IP | to.IP&^real.Mask, Mask: to.Mask}))
		}
	}
	return merge(seen), ports
}

// mappedOn are the addresses of statics that are seen on interface i.
func (l *lowerer) mappedOn(i int) (out []Range) {
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; s.MappedIf == i && l.loads(s) && s.ACL == compiler.None && s.Proto == 0 {
			out = append(out, netRange(s.MappedNet()))
		}
	}
	return merge(out)
}

// loginExempt looks at destinations of exemptions, which are real on the wire.
func (l *lowerer) loginExempt(i int, c *Chain) (out []Chain) {
	for k := range l.p.NAT.Exemptions {
		x := &l.p.NAT.Exemptions[k]
		if x.Outside || l.dev[x.If] == "" || l.level(x.If) <= l.level(i) {
			continue
		}
		do := Chain{Name: l.unique(fmt.Sprintf("login_%s_exempt_%d_do", l.id[i], k))}
		for _, include := range []bool{false, true} {
			for j := range l.p.AAARules {
				r := &l.p.AAARules[j]
				if r.ACL != compiler.None || r.What != "authentication" || r.Include != include || !l.rules(r, i, x.If) {
					continue
				}
				for _, s := range nets(Saddr, []ast.Net{r.Foreign}) {
					for _, d := range nets(Daddr, []ast.Net{r.Local}) {
						do.Rules = append(do.Rules, l.askRules(r, i, slices.Concat(s, d))...)
					}
				}
			}
		}
		if len(do.Rules) == 0 {
			continue
		}
		list := l.listChain(l.unique(fmt.Sprintf("login_%s_exempt_%d", l.id[i], k)), x.ACL, true, []Stmt{Goto{do.Name}})
		out = append(out, list, do)
		c.Rules = append(c.Rules, Rule{Match: append([]Match{inSet(Daddr, "route_"+l.id[x.If])}, l.permitted(i, x.If)...), Do: []Stmt{Jump{list.Name}}, Line: x.Line})
	}
	return out
}

// listed are the rules with an access list on an interface: first those that ask for a login, then those that need one.
func (l *lowerer) listed(i int) (out []int) {
	for _, what := range []string{"authentication", "authorization"} {
		for k := range l.p.AAARules {
			if r := &l.p.AAARules[k]; r.ACL != compiler.None && r.What == what && r.Include && r.If == i {
				out = append(out, k)
			}
		}
	}
	return out
}

// loginLists are the rules with an access list, which is compared with addresses of the wire. Only what is un-NATed, or goes to a lower
// level, is looked at: the rest is refused for want of a translation.
func (l *lowerer) loginLists(i int, c *Chain) (out []Chain) {
	var lists Chain
	for _, k := range l.listed(i) {
		r := &l.p.AAARules[k]
		if lists.Name == "" {
			lists.Name = l.unique("login_" + l.id[i] + "_lists")
		}
		do := Chain{Name: l.unique(fmt.Sprintf("login_%s_list_%d_do", l.id[i], k))}
		for j := range l.p.NAT.Statics {
			s := &l.p.NAT.Statics[j]
			if r.What == "authorization" {
				break // who has not logged in is not asked, but refused
			}
			if s.MappedIf != i || s.Proto == 0 || !l.loads(s) {
				continue
			}
			m := []Match{dst(host(s.Mapped)), proto(uint32(s.Proto)), {Field: Dport, Values: one(uint32(s.MappedPort))}}
			if s.Proto == ast.ProtoTCP && LoginPort(s.RealPt) != 0 {
				do.Rules = append(do.Rules, l.takeLogin(i, s.RealPt, r.Line, m...))
			} else {
				do.Rules = append(do.Rules, refuseUser(r.Line, m...))
			}
		}
		for _, p := range loginPorts {
			if r.What == "authorization" {
				break
			}
			do.Rules = append(do.Rules, l.takeLogin(i, p.service, r.Line, proto(ast.ProtoTCP), Match{Field: Dport, Values: one(uint32(p.service))}))
		}
		if r.What == "authorization" {
			do.Rules = append(do.Rules, deny("109024", "must authenticate", r.Line))
		} else {
			do.Rules = append(do.Rules, refuseUser(r.Line))
		}
		list := l.listChain(l.unique(fmt.Sprintf("login_%s_list_%d", l.id[i], k)), r.ACL, false, []Stmt{Goto{do.Name}})
		out = append(out, list, do)
		lists.Rules = append(lists.Rules, Rule{Do: []Stmt{Jump{list.Name}}, Line: r.Line})
	}
	if lists.Name == "" {
		return nil
	}
	out = append([]Chain{lists}, out...)
	jump := func(match ...Match) {
		c.Rules = append(c.Rules, Rule{Match: match, Do: []Stmt{Goto{lists.Name}}})
	}
	var free, asked []Range // statics that the levels permit, and those that a conduit must permit
	for k := range l.p.NAT.Statics {
		switch s := &l.p.NAT.Statics[k]; {
		case s.MappedIf != i || !l.loads(s) || s.ACL != compiler.None || s.Proto != 0:
		case l.permitted(i, s.RealIf) == nil:
			free = append(free, netRange(s.MappedNet()))
		default:
			asked = append(asked, netRange(s.MappedNet()))
		}
	}
	for _, r := range pieces(free) {
		jump(dst(r...))
	}
	for _, r := range pieces(subtract(asked, merge(free))) {
		jump(Match{Field: PacketMark, Mask: MarkMask, Values: one(MarkConduit)}, dst(r...))
	}
	if un := l.un[i]; un != "" {
		var to []int
		for k := range l.rs.Xlates {
			if m := &l.rs.Xlates[k]; m.MappedIf == i {
				to = append(to, m.RealIf)
			}
		}
		jump(append(l.permitted(i, to...), inSet(Daddr, un))...)
	}
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; s.MappedIf == i && l.loads(s) && (s.ACL != compiler.None || s.Proto != 0) {
			match := append(l.permitted(i, s.RealIf), dst(netRange(s.MappedNet())))
			if s.Proto != 0 {
				match = append(match, proto(uint32(s.Proto)), Match{Field: Dport, Values: one(uint32(s.MappedPort))})
			}
			jump(match...)
		}
	}
	for _, a := range l.toAlias(i, Goto{lists.Name}) {
		if slices.Contains(a.Do, Stmt(Goto{lists.Name})) {
			c.Rules = append(c.Rules, a)
		}
	}
	c.Rules = append(c.Rules, Rule{Match: []Match{dst(l.toBox(i)...)}, Do: []Stmt{Return{}}, Note: "to the box"})
	for _, o := range l.ifs {
		if l.level(o) < l.level(i) {
			jump(inSet(Daddr, "route_"+l.id[o]))
		}
	}
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; !x.Outside && l.dev[x.If] != "" && l.level(x.If) > l.level(i) {
			sub := l.listChain(l.unique(fmt.Sprintf("login_%s_lists_exempt_%d", l.id[i], k)), x.ACL, true, []Stmt{Goto{lists.Name}})
			out = append(out, sub)
			c.Rules = append(c.Rules, Rule{Match: append([]Match{inSet(Daddr, "route_"+l.id[x.If])}, l.permitted(i, x.If)...), Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
		}
	}
	return out
}
