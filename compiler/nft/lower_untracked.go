package nft

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// What has no connections on a PIX has none here: conntrack would take two packets that translate alike for one flow, and answers for
// what they answer. So with a daemon packets without ports are not tracked, and every packet is translated by the rules for its
// direction (semantics.md 1.4, 1.5). Only what PAT may have to carry is tracked: ICMP echo by its id, with the replies and errors that
// come back to the address.

// MarkTranslated is the bit of the packet mark that says that the destination was un-NATed: another bit than those of MarkConduit. Of
// packets that are not tracked it stands for MarkUnNAT, and of those that are logged it tells that their address is not that of the wire.
const MarkTranslated = 1

// icmpErrors are the types that quote a packet.
var icmpErrors = merge2([]Range{{3, 5}, {11, 12}})

// untracked makes the chains for packets that are not tracked, of those for the others. It comes when these are all there.
func (l *lowerer) untracked() {
	if !l.opts.Daemon || len(l.ifs) == 0 {
		return
	}
	l.chain(l.noTrack())
	u := &untracker{l: l, chains: map[string]*Chain{}, made: map[string]string{}, nat: map[uint32]NAT{}, pat: map[uint32]bool{}}
	for i := range l.rs.Chains {
		u.chains[l.rs.Chains[i].Name] = &l.rs.Chains[i]
	}
	for _, r := range l.classes {
		if nat, is := r.Do[0].(NAT); is {
			if k := slices.IndexFunc(r.Match, func(m Match) bool { return m.Field == CtMark }); k >= 0 && nat.PortLo == 0 && nat.Ports == "" {
				u.nat[r.Match[k].Values[0].Lo] = nat
			}
		}
	}
	for _, c := range l.rs.PATs {
		u.pat[c.Class] = true
	}
	for _, m := range l.rs.Ports {
		u.pat[m.Class] = true
	}
	l.rs.XlateLife = l.xlateLife()
	for _, i := range l.ifs {
		if un := l.un[i]; un != "" {
			u.used = append(u.used, Set{Name: UsedSet(un), Kind: Dynamic, Timeout: l.rs.XlateLife, Note: "addresses of live translations that packets without connections use"})
		}
	}
	un := Chain{Name: "un_nat_each", Type: "filter", Hook: "prerouting", Priority: -99, Note: "The same for packets that are not tracked",
		Rules: u.rules(u.chains["un_nat"].Rules, true)}
	if len(un.Rules) > 0 && len(l.rs.Intercepts)+len(l.rs.XlateIntercepts) > 0 {
		un.Rules = slices.Insert(un.Rules, 0, Rule{Match: []Match{withPorts}, Do: []Stmt{Accept{}}, Note: "TCP intercept: to the firewall"})
	}
	if len(un.Rules) > 0 {
		un.Rules = append(l.leftWhole(), un.Rules...)
	}
	for i := range un.Rules {
		un.Rules[i].Match = append([]Match{isUntracked}, un.Rules[i].Match...)
	}
	through := u.chains["through"]
	each := Chain{Name: "through_each", Note: "What is not tracked", Rules: slices.DeleteFunc(u.rules(through.Rules, false), portsOnly)}
	each.Rules = append(each.Rules, Rule{Do: []Stmt{Drop{}}})
	through.Rules = slices.Insert(through.Rules, 0, Rule{Match: []Match{isUntracked}, Do: []Stmt{Goto{each.Name}}})
	through.Rules = slices.Insert(through.Rules, 1, replied(each.Name)...)
	l.rs.Sets = append(l.rs.Sets, u.used...)
	if len(un.Rules) > 0 {
		l.chain(un)
	}
	l.rs.Chains = append(append(l.rs.Chains, each), u.out...)
	l.each = u.made
	l.quotedHosts()
}

// replied judges and translates who answers to a PAT address: conntrack has found the host that is answered, and takes it for granted who
// may answer it, and by which address the host knows him. That is right where the connection's own destination is translated, for then
// conntrack translates his address back.
func replied(each string) []Rule {
	answer := []Match{proto(ast.ProtoICMP), {Field: CtReply}, {Field: CtStatus, Not: true, Mask: StatusDNAT}}
	answered := Match{Field: PacketMark, Mask: MarkMask, Values: one(MarkOwn)} // by the daemon
	return []Rule{
		{Match: append(answer[:3:3], answered), Do: []Stmt{Goto{each}}},
		{Match: append(answer[:3:3], answered.not()), Do: []Stmt{MarkPacket{MarkTranslated}, Goto{each}}, Note: "what answers to a PAT address"},
	}
}

var isUntracked = Match{Field: CtState, Mask: StateUntracked}

// UsedSet is the name of the set of addresses in a map of live translations (XlateMap.Un) that packets without connections have used:
// each for as long as its translation lives from then on.
func UsedSet(un string) string { return "used_" + un }

func (l *lowerer) xlateLife() (t time.Duration) {
	if t = l.p.Timeouts.Xlate; t <= 0 {
		t = 24 * 3600e9 // they never end
	}
	return t
}

// noTrack decides which packets are tracked.
func (l *lowerer) noTrack() Chain {
	c := Chain{Name: "tracking", Type: "filter", Hook: "prerouting", Priority: -290, Note: "What has no connections is not tracked",
		Rules: []Rule{{Match: []Match{withPorts}, Do: []Stmt{Accept{}}}}}
	for k := range l.p.Fixups {
		if f := &l.p.Fixups[k]; f.Protocol == "pptp" {
			c.Rules = append(c.Rules, Rule{Match: []Match{proto(ast.ProtoGRE)}, Do: []Stmt{Accept{}}, Line: f.Line, Note: "of a call"})
			break
		}
	}
	echo := []Match{proto(ast.ProtoICMP), {Field: ICMPType, Values: one(8)}}
	for _, i := range l.ifs {
		var pats []Range
		for k := range l.p.NAT.Globals {
			if g := &l.p.NAT.Globals[k]; g.If == i && g.PAT {
				pats = append(pats, host(g.First))
			}
		}
		for _, ip := range l.opts.PATs[i] {
			pats = append(pats, host(ip))
		}
		if pats = merge(pats); len(pats) > 0 {
			c.Rules = append(c.Rules, Rule{Match: []Match{iif(l.dev[i]), dst(pats...), proto(ast.ProtoICMP)}, Do: []Stmt{Accept{}}, Note: "to a PAT address"})
		}
		inside, outside := l.byPAT(i)
		if inside && !outside {
			// What is let in to a static needs no PAT.
			var in []Range
			for k := range l.p.NAT.Statics {
				if s := &l.p.NAT.Statics[k]; s.MappedIf == i && s.Proto == 0 && s.ACL == compiler.None && l.loads(s) && l.dev[s.RealIf] != "" &&
					l.level(s.RealIf) > l.level(i) {
					in = append(in, netRange(s.MappedNet()))
				}
			}
			if in = merge(in); len(in) > 0 {
				name := l.unique("in_" + l.id[i])
				l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Addrs, Ranges: in, Note: "addresses of statics on " + l.p.Interfaces[i].Name + " of higher levels"})
				c.Rules = append(c.Rules, Rule{Match: append([]Match{iif(l.dev[i]), inSet(Daddr, name)}, echo...), Do: []Stmt{NoTrack{}, Accept{}}})
			}
		}
		if inside || outside {
			c.Rules = append(c.Rules, Rule{Match: append([]Match{iif(l.dev[i])}, echo...), Do: []Stmt{Accept{}}, Note: "PAT may have to carry it"})
		}
	}
	notLo := Match{Field: Iif, Not: true, Name: "lo"}
	c.Rules = append(c.Rules, Rule{Match: []Match{notLo}, Do: []Stmt{NoTrack{}}})
	return c
}

// byPAT reports whether hosts of an interface may get a PAT address, by a nat and by a nat outside.
func (l *lowerer) byPAT(i int) (inside, outside bool) {
	for k := range l.rs.Ports {
		if m := &l.rs.Ports[k]; m.RealIf == i {
			lower := l.level(i) < l.level(m.MappedIf)
			inside, outside = inside || !lower, outside || lower
		}
	}
	for _, list := range [][]compiler.Nat{l.p.NAT.Policies, l.p.NAT.Nats} {
		for k := range list {
			n := &list[k]
			if n.If != i || n.ID == 0 || !slices.ContainsFunc(l.p.NAT.Globals, func(g compiler.Global) bool { return g.PAT && g.ID == n.ID && g.If != i }) {
				continue
			}
			if n.Outside {
				outside = true
			} else {
				inside = true
			}
		}
	}
	return inside, outside
}

// An untracker copies chains for packets that are not tracked: what the ct mark says of others, the packet mark says of them, and what
// conntrack rewrites is rewritten in place.
type untracker struct {
	l      *lowerer
	chains map[string]*Chain
	made   map[string]string // what a chain is called for untracked packets
	nat    map[uint32]NAT    // of each class
	pat    map[uint32]bool   // classes that need ports
	out    []Chain
	used   []Set
}

// chain is the name of the chain that does for untracked packets what another does for others; the same where nothing is different.
func (u *untracker) chain(name string, un bool) string {
	if made := u.made[name]; made != "" {
		return made
	}
	c := u.chains[name]
	rules := u.rules(c.Rules, un)
	u.made[name] = name
	if !slices.EqualFunc(rules, c.Rules, sameRule) {
		u.made[name] = u.l.unique(name + "_each")
		u.out = append(u.out, Chain{Name: u.made[name], Note: c.Note, Rules: slices.DeleteFunc(rules, portsOnly)})
	}
	return u.made[name]
}

// sameRule is true of rules that were taken over as they are.
func sameRule(a, b Rule) bool {
	return len(a.Do) == len(b.Do) && len(a.Match) == len(b.Match) && (len(a.Do) == 0 || &a.Do[0] == &b.Do[0]) && (len(a.Match) == 0 || &a.Match[0] == &b.Match[0])
}

// portsOnly is true of rules for nothing but TCP and UDP.
func portsOnly(r Rule) bool {
	return slices.ContainsFunc(r.Match, func(m Match) bool {
		return m.Field == L4Proto && !m.Not && !slices.ContainsFunc(m.Values, func(v Range) bool { return v.Lo != ast.ProtoTCP && v.Lo != ast.ProtoUDP })
	})
}

func (u *untracker) rules(list []Rule, un bool) (out []Rule) {
	for _, r := range list {
		out = append(out, u.rule(r, un)...)
	}
	return out
}

// rule is what takes the place of a rule.
func (u *untracker) rule(r Rule, un bool) []Rule {
	match, changed := r.Match, false
	for k, m := range r.Match {
		switch {
		case m.Field == CtState, m.Field == CtStatus, m.Field == CtReply, m.Field == CtMark && m.Mask != 0:
			return nil // of a flow that is known
		case m.Field == CtMark && m.Values[0].Lo == MarkUnNAT && !m.Not:
			if !changed {
				match = slices.Clone(match)
			}
			match[k] = Match{Field: PacketMark, Mask: MarkTranslated, Values: one(MarkTranslated)}
			changed = true
		case m.Field == CtMark:
			return nil
		case m.Field == PacketMark && m.Values[0].Lo&MarkMask == MarkRoute:
			return nil
		case m.Field == PacketMark && m.Mask == MarkMask && m.Values[0].Lo == MarkOwn:
			return u.returned(r)
		}
	}
	ports := portsOnly(r)
	for k, s := range r.Do {
		switch s := s.(type) {
		case Jump:
			if to := u.chain(s.Chain, un); to != s.Chain {
				do := slices.Clone(r.Do)
				do[k] = Jump{to}
				return []Rule{{Match: match, Do: do, Note: r.Note, Line: r.Line}}
			}
		case Goto:
			if to := u.chain(s.Chain, un); to != s.Chain {
				do := slices.Clone(r.Do)
				do[k] = Goto{to}
				return []Rule{{Match: match, Do: do, Note: r.Note, Line: r.Line}}
			}
		case Limit, AddMark, SetHelper, Behind:
			return nil // of TCP and UDP
		case NAT:
			if ports || s.PortLo != 0 {
				return nil
			}
			return u.unNAT(r, s)
		case SetMark:
			if s.Mark == MarkUnNAT {
				continue // with the NAT that follows
			}
			if ports || u.pat[s.Mark] {
				return nil
			}
			return u.classed(r, match, s.Mark)
		}
	}
	if changed {
		return []Rule{{Match: match, Do: r.Do, Note: r.Note, Line: r.Line}}
	}
	return []Rule{r}
}

// unNAT rewrites a destination, and that the packet that an ICMP error quotes came from there.
func (u *untracker) unNAT(r Rule, nat NAT) []Rule {
	out := u.quoted(r.Match, r.Match, Daddr, QuotedSaddr, nat, r.Line)
	if nat.Map != "" && slices.ContainsFunc(u.used, func(s Set) bool { return s.Name == UsedSet(nat.Map) }) {
		out = append(out, Rule{Match: r.Match, Do: []Stmt{Update{Set: UsedSet(nat.Map), Dst: true}}, Line: r.Line})
	}
	do := []Stmt{rewrite(Daddr, nat), Accept{}}
	for _, s := range r.Do {
		if m, is := s.(MarkPacket); is {
			do = append([]Stmt{m}, do...)
		}
	}
	return append(out, Rule{Match: r.Match, Do: do, Note: r.Note, Line: r.Line})
}

// classed rewrites a source by its class.
func (u *untracker) classed(r Rule, match []Match, class uint32) []Rule {
	if class == MarkPlain {
		return []Rule{{Match: match, Do: []Stmt{Accept{}}, Note: r.Note, Line: r.Line}}
	}
	nat, known := u.nat[class]
	if !known {
		return nil // of ports
	}
	var of []Match
	if n, is := u.l.real[class]; is {
		of = []Match{src(netRange(n))}
	}
	out := u.quoted(match, of, Saddr, QuotedDaddr, nat, r.Line)
	for k := range u.l.rs.Xlates {
		if m := &u.l.rs.Xlates[k]; m.Class == class {
			keep := u.keep(m.Un)
			if !slices.ContainsFunc(match, func(x Match) bool { return x.Set == m.Name }) {
				match = append(slices.Clone(match), inSet(Saddr, m.Name))
			}
			return append(out, Rule{Match: match, Do: []Stmt{rewrite(Saddr, nat), Goto{keep}}, Note: r.Note, Line: r.Line})
		}
	}
	return append(out, Rule{Match: match, Do: []Stmt{rewrite(Saddr, nat), Accept{}}, Note: r.Note, Line: r.Line})
}

// keep is the chain that notes the use of a live translation.
func (u *untracker) keep(un string) string {
	name := "keep_" + un
	if u.made[name] == "" {
		u.made[name] = name
		u.out = append(u.out, Chain{Name: name, Note: "Translations that live", Rules: []Rule{{Do: []Stmt{Update{Set: UsedSet(un)}}}, {Do: []Stmt{Accept{}}}}})
	}
	return name
}

// returned is what comes back from the daemon, with its class as mark.
func (u *untracker) returned(r Rule) []Rule {
	const name = "returned_each"
	if u.made[name] == "" {
		u.made[name] = name
		c := Chain{Name: name, Note: r.Note}
		for k := range u.l.rs.Xlates {
			m := &u.l.rs.Xlates[k]
			c.Rules = append(c.Rules, u.classed(Rule{}, []Match{{Field: PacketMark, Mask: 0xffffffff, Values: one(m.Class)}}, m.Class)...)
		}
		u.out = append(u.out, c)
	}
	return []Rule{{Match: r.Match, Do: []Stmt{Goto{name}}, Note: r.Note}}
}

// quoted rewrites an address of the packet that an ICMP error quotes, where it is the one that the error's own address is rewritten by.
func (u *untracker) quoted(match, of []Match, own, field Field, nat NAT, line compiler.Line) []Rule {
	m := append(slices.Clone(match), proto(ast.ProtoICMP), Match{Field: ICMPType, Values: icmpErrors})
	if nat.Map == "" {
		for _, o := range of {
			if o.Field == own {
				o.Field = field
				m = append(m, o)
			}
		}
	}
	return []Rule{{Match: m, Do: []Stmt{rewrite(field, nat)}, Line: line, Note: "the quoted packet"}}
}

func rewrite(field Field, nat NAT) Rewrite {
	if nat.Map != "" {
		return Rewrite{Field: field, Map: nat.Map}
	}
	return Rewrite{Field: field, To: ast.Net{IP: nat.First, Mask: ^(nat.Last - nat.First)}}
}
