package nft

import (
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// input is who may talk to the firewall itself (semantics.md 1.9).
func (l *lowerer) input() {
	base := Chain{Name: "to_the_box", Type: "filter", Hook: "input", Priority: 0, Drop: true, Note: "To the firewall itself",
		Rules: []Rule{
			{Match: []Match{iif("lo")}, Do: []Stmt{Accept{}}},
			{Match: []Match{conn, withPorts}, Do: []Stmt{Accept{}}, Note: "replies to the firewall"},
		}}
	if to := l.addresses(); len(to) > 0 {
		base.Rules = slices.Insert(base.Rules, 1, Rule{Match: []Match{dst(to...), withPorts, own, unbound.not()}, Do: []Stmt{Counter{}, Drop{}},
			Note: "through the firewall, to a host whose address it has by now"})
	}
	if len(l.rs.Users) > 0 {
		base.Rules = append(base.Rules, l.loginLimits()...)
		base.Rules = append(base.Rules, Rule{Match: []Match{mark(MarkLogin), proto(ast.ProtoTCP)}, Do: []Stmt{Accept{}}, Note: "users who log in"})
	}
	var chains []Chain
	inner := l.innerChain()
	for _, i := range l.ifs {
		if inner != nil {
			base.Rules = append(base.Rules, l.toInner(i, Goto{inner.Name})...)
		}
		c := l.box(i)
		base.Rules = append(base.Rules, Rule{Match: []Match{iif(l.dev[i])}, Do: []Stmt{Goto{c.Name}}})
		chains = append(chains, c)
	}
	if inner != nil {
		chains = append(chains, *inner)
	}
	l.chain(base)
	l.rs.Chains = append(l.rs.Chains, chains...)
}

// addresses are those of the firewall.
func (l *lowerer) addresses() (out []Range) {
	for _, i := range l.ifs {
		if f := &l.p.Interfaces[i]; f.HasAddress() {
			out = append(out, host(f.Net.IP))
		}
	}
	return merge(out)
}

func (l *lowerer) box(i int) Chain {
	f := &l.p.Interfaces[i]
	c := Chain{Name: "box_" + l.id[i], Note: "To the address of " + f.Name}
	add := func(r ...Rule) { c.Rules = append(c.Rules, r...) }
	add(l.listens(i, dst(l.toBox(i)...))...)
	add(deny("710005", "broadcast", compiler.Line{}, dst(append(broadcast(f), host(ast.AllOnes))...), proto(ast.ProtoUDP)),
		Rule{Match: []Match{{Field: Daddr, Not: true, Values: []Range{host(f.Net.IP)}}}, Do: []Stmt{Counter{}, Drop{}},
			Note: "another interface's address"})
	add(l.answered(i)...)
	add(l.services(i, false)...)
	add(unmanaged...)
	for k := range l.p.NAT.Globals {
		if g := &l.p.NAT.Globals[k]; g.If == i && g.Interface {
			add(deny("106011", "no translation at the PAT address", g.Line, withPorts))
			break
		}
	}
	add(unlistened...)
	c.Rules = l.resetOutside(i, c.Rules)
	return c
}

// What is refused of packets to the firewall itself in the end.
var (
	unmanaged = []Rule{deny("710003", "management", compiler.Line{}, proto(ast.ProtoTCP), Match{Field: Dport, Values: []Range{{22, 23}, {443, 443}}}),
		deny("710003", "management", compiler.Line{}, proto(ast.ProtoUDP), Match{Field: Dport, Values: one(161)})}
	unlistened = []Rule{deny("710005", "no service", compiler.Line{}, withPorts), deny("710006", "no service", compiler.Line{})}
)

// answered is what the firewall itself answers at the address of an interface to whoever asks: ICMP by its lines, IKE and IPsec.
func (l *lowerer) answered(i int) (rules []Rule) {
	f := &l.p.Interfaces[i]
	add := func(r ...Rule) { rules = append(rules, r...) }
	open := true
	for k := range l.p.Box.ICMP {
		r := &l.p.Box.ICMP[k]
		if r.If != i {
			continue
		}
		open = false
		match := []Match{proto(ast.ProtoICMP)}
		if r.Type >= 0 {
			match = append(match, Match{Field: ICMPType, Values: one(uint32(r.Type))})
		}
		if r.Src.Mask != 0 {
			m := src(netRange(r.Src))
			if !r.Src.Mask.Contiguous() {
				m = Match{Field: Saddr, Mask: uint32(r.Src.Mask), Values: one(uint32(r.Src.IP & r.Src.Mask))}
			}
			match = append([]Match{m}, match...)
		}
		if r.Permit {
			add(Rule{Match: match, Do: []Stmt{Accept{}}, Line: r.Line})
		} else {
			add(deny("313001", "icmp", r.Line, match...))
		}
	}
	if open {
		add(Rule{Match: []Match{proto(ast.ProtoICMP)}, Do: []Stmt{Accept{}}, Note: "no icmp line"})
	} else {
		add(deny("313001", "icmp", compiler.Line{}, proto(ast.ProtoICMP)))
	}
	if !f.ISAKMP.IsDefault() {
		add(Rule{Match: []Match{proto(ast.ProtoUDP), {Field: Dport, Values: one(500)}}, Do: []Stmt{Accept{}}, Line: f.ISAKMP})
		if !l.p.VPN.NATTraversal.IsDefault() {
			add(Rule{Match: []Match{proto(ast.ProtoUDP), {Field: Dport, Values: one(4500)}}, Do: []Stmt{Accept{}}, Line: l.p.VPN.NATTraversal})
		}
		if f.Map != compiler.None && !l.opts.Twins {
			add(Rule{Match: []Match{{Field: L4Proto, Values: merge2([]Range{{ast.ProtoESP, ast.ProtoAH}})}}, Do: []Stmt{Accept{}}, Line: f.MapLine})
		}
	}
	if l.twinOf(i) != "" {
		add(Rule{Match: []Match{{Field: L4Proto, Values: merge2([]Range{{ast.ProtoESP, ast.ProtoAH}})}}, Do: []Stmt{Accept{}}, Line: f.MapLine})
	}
	return rules
}

// services are the consoles and the agent of the box, for those whom a line names. Telnet in clear is never answered on the
// lowest interface; tunnelled says that packets have come out of a tunnel anyhow.
func (l *lowerer) services(i int, tunnelled bool) []Rule {
	var rules []Rule
	accept := func(p, port uint32, from ast.Net, line compiler.Line, extra ...Match) {
		for _, s := range nets(Saddr, []ast.Net{from}) {
			match := append(slices.Concat(extra, s), proto(p), Match{Field: Dport, Values: one(port)})
			rules = append(rules, Rule{Match: match, Do: []Stmt{Counter{}, Log{"710002"}, Accept{}}, Line: line})
		}
	}
	clear := tunnelled || slices.ContainsFunc(l.p.Interfaces, func(f compiler.Interface) bool { return f.Level < l.level(i) })
	b := &l.p.Box
	for _, service := range []struct {
		port  uint32
		lines []compiler.Access
		off   bool
	}{{22, b.SSH, false}, {23, b.Telnet, !clear}, {443, b.HTTP, b.HTTPServer.IsDefault()}} {
		for _, a := range service.lines {
			switch {
			case a.If != i:
			case !service.off:
				accept(ast.ProtoTCP, service.port, a.Net, a.Line)
			case service.port == 23 && l.twinOf(i) != "":
				accept(ast.ProtoTCP, service.port, a.Net, a.Line, iif(l.twinOf(i)))
			}
		}
	}
	for _, h := range b.SNMP {
		if h.If == i && (h.Poll || !h.Trap) {
			accept(ast.ProtoUDP, 161, ast.Net{IP: h.IP, Mask: ast.AllOnes}, h.Line)
		}
	}
	return rules
}

// uauth drops new connections from i to o whose users would have to log in (semantics.md 5), by real addresses: what could not be
// asked when it arrived.
func (l *lowerer) uauth(i, o int) []Chain {
	return l.needsUser(Chain{Name: l.pairName("users", i, o), Note: "Connections whose user has to log in first, and cannot be asked"}, i, o, "authentication", "109023")
}

// authorized drops new connections from i to o that a server would be asked about, of those who have not logged in (semantics.md 5.2).
func (l *lowerer) authorized(i, o int) []Chain {
	return l.needsUser(Chain{Name: l.pairName("authorized", i, o), Note: "Connections that only users may make"}, i, o, "authorization", "109024")
}

// askUsers leads packets with some matches to the chains of uauth and authorized.
func (l *lowerer) askUsers(i, o int, match ...Match) (jumps []Rule, chains []Chain) {
	for _, u := range [][]Chain{l.uauth(i, o), l.authorized(i, o)} {
		if u != nil {
			chains = append(chains, u...)
			jumps = append(jumps, Rule{Match: match, Do: []Stmt{Jump{u[0].Name}}})
		}
	}
	return jumps, chains
}

func (l *lowerer) needsUser(c Chain, i, o int, what, id string) []Chain {
	rules := func(include bool) {
		for k := range l.p.AAARules {
			r := &l.p.AAARules[k]
			if r.ACL != compiler.None || r.Include != include || r.What != what || !l.rules(r, i, o) {
				continue
			}
			from, to := r.Foreign, r.Local // local is the host on the higher interface
			if l.level(i) > l.level(o) {
				from, to = to, from
			}
			for _, s := range nets(Saddr, []ast.Net{from}) {
				for _, d := range nets(Daddr, []ast.Net{to}) {
					match := slices.Concat(s, d, aaaService(r))
					if include {
						c.Rules = append(c.Rules, deny(id, "must authenticate", r.Line, match...))
					} else {
						c.Rules = append(c.Rules, Rule{Match: match, Do: []Stmt{Return{}}, Line: r.Line})
					}
				}
			}
		}
	}
	c.Rules = l.loggedIn(i)
	rules(false) // exclude beats include, whatever their order
	n := len(c.Rules)
	rules(true)
	if len(c.Rules) == n {
		return nil
	}
	return l.exemptMACs(c, 0)
}

// unserved says what no rule stands for.
func (l *lowerer) unserved() {
	p := l.p
	for i := range p.AAARules {
		r := &p.AAARules[i]
		switch {
		case r.What == "accounting" && l.opts.Servers: // for users of tunnels; others cannot log in, which is said of those lines
		case r.What == "accounting":
			l.warn("W506", r.Line, "no accounting records are sent", "")
		case !r.Include:
		case r.What == "authorization":
			l.warn("W506", r.Line, "no server is asked what users may do: those who have logged in may do all", "")
		case l.opts.Live:
			l.warn("W506", r.Line, "users cannot log in yet: who would be asked is told so, and what nobody could be asked for is dropped (109023)",
				"leave the line out to let them pass without a login")
		default:
			l.warn("W506", r.Line, "users cannot log in: connections that need it are dropped (109023)", "leave the line out to let them pass without a login")
		}
	}
	for i := range p.AAAGroups {
		if l.opts.Servers {
			break
		}
		if g := &p.AAAGroups[i]; len(g.Servers) > 0 {
			l.note("W506", g.Line, "no server of the group is asked yet")
		}
		for k := range p.AAAGroups[i].Servers {
			l.note("W506", p.AAAGroups[i].Servers[k].Line, "the server is not asked yet")
		}
	}
	if !l.opts.Twins {
		l.ipsec()
	}
	for i := range p.Established {
		if l.opts.Live {
			break
		}
		l.warn("W515", p.Established[i].Line, "not loaded: what it permits is judged by the access list", "")
	}
	for i := range p.NAT.Aliases {
		switch a := &p.NAT.Aliases[i]; {
		case !a.Mask.Contiguous():
			l.warn("W515", a.Line, "an alias with a mask that has holes is not loaded: what it would translate is dropped", "")
		case !l.opts.Daemon:
			l.warn("W515", a.Line, "destinations are translated, DNS answers are not; no ARP is answered for the alias", "use static (outside,inside)")
		}
	}
	var defaults []string
	for i := range p.Fixups {
		if f := &p.Fixups[i]; !f.Line.IsDefault() {
			l.fixup(f)
		} else if lacks := l.fate(f.Protocol).Lacks; lacks != "" && !slices.Contains(defaults, f.Protocol+": "+lacks) {
			defaults = append(defaults, f.Protocol+": "+lacks)
		}
	}
	if len(defaults) > 0 {
		l.note("W508", compiler.Line{}, "of the inspections that are on without a line, "+strings.Join(defaults, "; "))
	}
	for i := range p.NAT.Statics {
		l.static(&p.NAT.Statics[i])
	}
	for _, list := range [][]compiler.Nat{p.NAT.Policies, p.NAT.Nats} {
		for i := range list {
			n := &list[i]
			if n.Outside && !l.opts.Daemon {
				l.warn("W511", n.Line, "dynamic outside nat is not loaded: what it covers is dropped (305006)", "use static (outside,inside)")
			}
			l.limits(n.Line, n.Embryonic, n.Outside, n.DNS)
		}
	}
	for _, list := range [][]compiler.Access{p.Box.Telnet, p.Box.SSH} {
		for i := range list {
			if !l.opts.Daemon {
				l.warn("W510", list[i].Line, "reaches what the host itself offers on this port", "")
			}
		}
	}
	for i := range p.Box.HTTP {
		l.warn("W510", p.Box.HTTP[i].Line, "the firewall serves no PDM: connections are let in and refused", "")
	}
	for i := range p.Box.SNMP {
		l.warn("W510", p.Box.SNMP[i].Line, "the firewall serves no SNMP: requests are not answered, no traps are sent", "")
	}
	l.others()
	for _, line := range p.ConnTimers {
		l.note("W509", line, "the timers of RPC and H.225 are those of conn and udp")
	}
	for _, line := range p.AppTimers {
		l.note("W509", line, "the timers of H.323, MGCP and SIP are those of conn and udp")
	}
	never := "fragment limits are the kernel's, ICMP replies that answer nothing are dropped"
	if l.opts.Daemon {
		never = "ICMP replies that answer nothing do not go out through PAT"
	}
	l.note("W514", compiler.Line{}, "sequence numbers are not randomised, "+never)
	if !p.UAuth.Line.IsDefault() && slices.ContainsFunc(p.AAARules, func(r compiler.AAARule) bool { return r.What == "authentication" }) {
		l.note("W506", p.UAuth.Line, "has no effect: users cannot log in yet")
	}
}

func (l *lowerer) ipsec() {
	v := &l.p.VPN
	no := func(line compiler.Line, msg string) {
		if !line.IsDefault() {
			l.warn("W507", line, msg, "")
		}
	}
	for i := range l.p.Interfaces {
		f := &l.p.Interfaces[i]
		no(f.ISAKMP, "IKE is let in, but nothing answers yet")
		if f.Map != compiler.None {
			no(f.MapLine, "no packet is encrypted or decrypted yet: what the map names is dropped")
		}
	}
	for i := range v.Maps {
		m := &v.Maps[i]
		for k := range m.Entries {
			no(m.Entries[k].Line, "no tunnel is built from this entry yet")
		}
		for _, line := range []compiler.Line{m.Initiate, m.Respond, m.AuthLine} {
			no(line, "has no effect: IKE is not served yet")
		}
	}
	var lines []compiler.Line
	for i := range v.TransformSets {
		lines = append(lines, v.TransformSets[i].Line)
	}
	for i := range v.DynamicMaps {
		for k := range v.DynamicMaps[i].Entries {
			lines = append(lines, v.DynamicMaps[i].Entries[k].Line)
		}
	}
	for i := range v.Policies {
		lines = append(lines, v.Policies[i].Line)
	}
	for i := range v.Keys {
		lines = append(lines, v.Keys[i].Line)
	}
	for i := range v.Groups {
		lines = append(lines, v.Groups[i].Line, v.Groups[i].PoolLine, v.Groups[i].PassLine)
	}
	for i := range v.Pools {
		lines = append(lines, v.Pools[i].Line)
	}
	for i := range v.ClientPools {
		lines = append(lines, v.ClientPools[i].Line)
	}
	for _, line := range append(lines, v.NATTraversal) {
		no(line, "has no effect: IKE is not served yet")
	}
	if l.p.Sysopt.PermitIPsec {
		no(l.p.Sysopt.PermitIPsecLine, "has no effect: no decrypted packets arrive yet")
	}
	for _, line := range v.Lines {
		if l.at[line.Pos] == nil {
			no(line, "has no effect: IKE is not served yet")
		}
	}
}

func (l *lowerer) fixup(f *compiler.Fixup) {
	fate := l.fate(f.Protocol)
	h, helped := l.helper(f)
	switch msg := f.Protocol + ": " + fate.Lacks; {
	case helped && l.opts.Lacks[HelperFeature(h)]: // that has been said
	case fate.Lacks == "":
	case helped || l.opts.Daemon && Inspected(f):
		l.note("W508", f.Line, msg)
	default:
		l.warn("W508", f.Line, msg, "")
	}
}

func (l *lowerer) static(s *compiler.Static) {
	if !s.Mask.Contiguous() {
		l.warn("W505", s.Line, "a static with a mask that has holes is not loaded", "")
	}
	if r := l.p.Lookup(s.Real); s.ACL == compiler.None && (r == nil || r.If != s.RealIf) {
		l.warn("W516", s.Line, "the route to "+s.Real.String()+" does not lead to interface "+l.p.Interfaces[s.RealIf].Name+": Linux follows the route, a PIX the static",
			"correct the route")
	}
	l.limits(s.Line, s.Embryonic, s.Proto == ast.ProtoUDP, s.DNS)
}

// limits says what is not done of a line's limit of half-open connections, and of its dns: unlimited when the line is for no TCP.
func (l *lowerer) limits(line compiler.Line, embryonic int, unlimited, dns bool) {
	switch {
	case embryonic == 0 || unlimited:
	case !l.opts.Daemon:
		l.warn("W504", line, "the limit of half-open connections is not enforced: there is no TCP intercept", "")
	case l.opts.Synproxy:
		l.note("W504", line, "beyond the limit of half-open connections the firewall answers with a segment size of 1460, whatever that of the server is; in a flood it goes on to answer "+
			"for some seconds, and who has been answered when the configuration changes has to begin anew")
	default:
		l.warn("W504", line, "this kernel cannot answer for servers (synproxy): connections beyond the limit of half-open ones are dropped", "")
	}
	if dns && !l.opts.Daemon {
		l.warn("W504", line, "DNS answers are not rewritten", "")
	}
}
