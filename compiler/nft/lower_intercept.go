package nft

import (
	"fmt"
	"slices"

	"github.com/google/nftables/expr"

	"pixfw/ast"
	"pixfw/compiler"
)

// TCP intercept (semantics.md 3.4). The process says of each first packet beyond the limit of a host that the firewall answers for it: see
// Calls. In a flood the kernel does it by itself, where it can. While many call a host that has as many half-open connections as its limit
// allows, its mapped address is in the set of its static, or of translations that live, which the process fills. Then first packets are not
// tracked; when the access list has permitted them they end in the input chain, for mapped addresses are local, where the kernel answers
// them with a cookie. When the client's answer has come back there, the kernel calls the server: that packet is its own, and gets its
// destination at the output. A host that has as many connections as its line allows is in no set: the process judges who calls it.

const (
	proxyMSS   = 1460
	proxyScale = 7
)

// Synproxy is the expression with which the kernel answers for servers.
func Synproxy() expr.Any {
	return &expr.SynProxy{Mss: proxyMSS, Wscale: proxyScale, Timestamp: true, SackPerm: true, MssValueSet: true, WscaleValueSet: true}
}

const tcpFlags = flagFIN | flagSYN | flagRST | flagACK

var (
	bareSYN = Match{Field: TCPFlags, Mask: tcpFlags, Values: one(flagSYN)}
	bareACK = Match{Field: TCPFlags, Mask: tcpFlags, Values: one(flagACK)}
	half    = Match{Field: CtMark, Not: true, Mask: MarkHalf, Values: one(0)}
)

// intercepted reports whether the kernel can answer by itself for the hosts of a static, in a flood.
func (l *lowerer) intercepted(s *compiler.Static) bool {
	return s.Embryonic > 0 && l.loads(s) && !s.Identity() && s.ACL == compiler.None && s.Proto != ast.ProtoUDP && l.dev[s.MappedIf] != "" && l.dev[s.RealIf] != "" &&
		l.level(s.RealIf) > l.level(s.MappedIf) && !l.asksUsers(s.MappedIf, s.RealIf) && !l.translatesCallers(s.MappedIf, s.RealIf)
}

// asksUsers reports whether users may have to log in for connections from interface i to o: who is answered by the firewall would not be
// asked.
func (l *lowerer) asksUsers(i, o int) bool {
	return slices.ContainsFunc(l.p.AAARules, func(r compiler.AAARule) bool {
		return r.Include && r.What != "accounting" && (r.ACL == compiler.None && l.rules(&r, i, o) || r.ACL != compiler.None && r.If == i)
	})
}

// translatesCallers reports whether outside NAT or an alias may translate who calls from interface i to o, or refuse him: the firewall's
// own call to the host would have the address of the client.
func (l *lowerer) translatesCallers(i, o int) bool {
	n := &l.p.NAT
	outside := func(n compiler.Nat) bool { return n.Outside && n.If == i }
	return slices.ContainsFunc(n.Nats, outside) || slices.ContainsFunc(n.Policies, outside) ||
		slices.ContainsFunc(n.Statics, func(s compiler.Static) bool { return s.RealIf == i && s.MappedIf == o }) ||
		slices.ContainsFunc(n.Aliases, func(a compiler.Alias) bool { return a.If == o })
}

// intercepts makes the sets.
func (l *lowerer) intercepts() {
	l.rs.Intercepts, l.rs.XlateIntercepts = map[int]string{}, map[[2]int]string{}
	if !l.opts.Daemon {
		return
	}
	add := func(name string, line compiler.Line) string {
		name = l.unique(name)
		l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: LiveAddrs, Line: line, Note: "hosts with too many half-open connections"})
		return name
	}
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; l.intercepted(s) {
			l.rs.Intercepts[k] = add(fmt.Sprintf("intercept_%d", k), s.Line)
		}
	}
	for k := range l.rs.Xlates {
		m := &l.rs.Xlates[k]
		pair := [2]int{m.RealIf, m.MappedIf}
		limits := func(n compiler.Nat) bool { return n.If == m.RealIf && n.ACL == m.ACL && n.Embryonic > 0 && !n.Outside }
		if l.level(m.RealIf) > l.level(m.MappedIf) && l.rs.XlateIntercepts[pair] == "" && !l.asksUsers(m.MappedIf, m.RealIf) && !l.translatesCallers(m.MappedIf, m.RealIf) &&
			(l.opts.KeptLimits.Half || slices.ContainsFunc(l.p.NAT.Policies, limits) || slices.ContainsFunc(l.p.NAT.Nats, limits)) {
			l.rs.XlateIntercepts[pair] = add(l.pairName("intercept", m.RealIf, m.MappedIf), compiler.Line{})
		}
	}
}

// An interception is what has a set of hosts for which the firewall answers.
type interception struct {
	realIf   int
	mappedIf int
	to       []Match // packets to hosts in the set
	reason   string
	call     NAT // leads to the server
	line     compiler.Line
}

// interceptions are the sets: of statics, in order, and of translations that live.
func (l *lowerer) interceptions() (out []interception) {
	for k := range l.p.NAT.Statics {
		set := l.rs.Intercepts[k]
		if set == "" {
			continue
		}
		s := &l.p.NAT.Statics[k]
		x := interception{realIf: s.RealIf, mappedIf: s.MappedIf, reason: fmt.Sprintf("201003:%d", k), call: NAT{Dst: true, First: s.Real, Last: s.Real}, line: s.Line}
		x.to = []Match{proto(ast.ProtoTCP)}
		switch {
		case s.Proto != 0:
			x.to = append(x.to, Match{Field: Dport, Values: one(uint32(s.MappedPort))})
			x.call.PortLo, x.call.PortHi = s.RealPt, s.RealPt
		case s.Mask != ast.AllOnes:
			x.call.First, x.call.Last = s.RealNet().Range()
			x.call.Prefix = true
		}
		x.to = append(x.to, inSet(Daddr, set))
		out = append(out, x)
	}
	for _, i := range l.ifs {
		for _, o := range l.ifs {
			if set := l.rs.XlateIntercepts[[2]int{i, o}]; set != "" {
				out = append(out, interception{realIf: i, mappedIf: o, to: []Match{proto(ast.ProtoTCP), inSet(Daddr, set)}, reason: "201003:xlate",
					call: NAT{Dst: true, Map: l.un[o]}})
			}
		}
	}
	return out
}

// notTracked are the first packets that are not to become connections.
func (l *lowerer) notTracked() (rules []Rule) {
	for _, x := range l.interceptions() {
		rules = append(rules, Rule{Match: slices.Concat([]Match{iif(l.dev[x.mappedIf])}, x.to, []Match{bareSYN}), Do: []Stmt{NoTrack{}}, Line: x.line})
	}
	return rules
}

// cookies are the answers of clients: the kernel knows whether it has asked for them.
func (l *lowerer) cookies(i int) (rules []Rule) {
	for _, x := range l.interceptions() {
		if x.mappedIf == i && l.opts.Synproxy {
			rules = append(rules, Rule{Match: append(x.to, Match{Field: CtState, Mask: StateInvalid}, bareACK), Do: []Stmt{Accept{}}, Line: x.line,
				Note: "may answer a cookie"})
		}
	}
	return rules
}

// intercepting answers clients, and gives the calls to servers their destination.
func (l *lowerer) intercepting() {
	in := Chain{Name: "intercept", Type: "filter", Hook: "input", Priority: -10, Note: "TCP intercept: the firewall answers for servers"}
	out := Chain{Name: "call", Type: "nat", Hook: "output", Priority: -100, Note: "TCP intercept: servers are called"}
	for _, x := range l.interceptions() {
		from := append([]Match{iif(l.dev[x.mappedIf])}, x.to...)
		refuse := []Stmt{Counter{}, Log{x.reason}, Drop{}}
		if l.opts.Synproxy {
			refuse = []Stmt{Counter{}, Log{x.reason}, SynProxy{}}
			in.Rules = append(in.Rules, Rule{Match: append(from[:len(from):len(from)], Match{Field: CtState, Mask: StateInvalid}, bareACK), Do: []Stmt{SynProxy{}}, Line: x.line})
			out.Rules = append(out.Rules, Rule{Match: x.to, Do: []Stmt{SetMark{MarkPlain | l.ends(x.mappedIf, x.realIf)}, x.call}, Line: x.line})
		}
		syn := append(from[:len(from):len(from)], bareSYN)
		if l.p.Interfaces[x.mappedIf].ACL == compiler.None {
			// Without an access list it takes a conduit.
			in.Rules = append(in.Rules, Rule{Match: append(syn[:len(syn):len(syn)], Match{Field: PacketMark, Not: true, Mask: MarkMask, Values: one(MarkConduit)}),
				Do: []Stmt{Goto{l.pairName("refused", x.mappedIf, x.realIf)}}, Line: x.line})
		}
		in.Rules = append(in.Rules, Rule{Match: syn, Do: refuse, Line: x.line})
	}
	if l.rs.Answers {
		in.Rules = append(l.cookieTaken(), in.Rules...)
		out.Rules = append([]Rule{{Match: []Match{proto(ast.ProtoTCP)}, Do: []Stmt{MakeCall{}}}}, out.Rules...)
	}
	if len(in.Rules) > 0 {
		l.chain(in)
	}
	if len(out.Rules) > 0 {
		l.chain(out)
	}
}

// halfOpen marks connections of hosts with a limit as they begin: messages say how many are half open whatever the limit is.
func (l *lowerer) halfOpen() (rules []Rule) {
	for _, i := range l.ifs {
		for _, o := range l.ifs {
			if set := l.counted[i]; set != "" && l.level(i) > l.level(o) {
				begins := []Match{proto(ast.ProtoTCP), {Field: CtState, Mask: StateNew}}
				rules = append(rules, Rule{Match: append([]Match{iif(l.dev[o]), oif(l.dev[i]), inSet(Daddr, set)}, begins...), Do: []Stmt{AddMark{MarkHalf}}},
					Rule{Match: append([]Match{iif(l.dev[i]), oif(l.dev[o]), inSet(OrigSaddr, set)}, begins...), Do: []Stmt{AddMark{MarkHalf}}})
			}
		}
	}
	return rules
}

// opened tells of the packet that ends a handshake.
func (l *lowerer) opened() []Rule {
	if len(l.counted) == 0 {
		return nil
	}
	return []Rule{{Match: []Match{half, onItsWay, {Field: CtState, Mask: StateEstablished}, {Field: CtReply, Not: true}, proto(ast.ProtoTCP),
		{Field: TCPFlags, Mask: flagSYN | flagRST | flagACK, Values: one(flagACK)}}, Do: []Stmt{ClearMark{MarkHalf}, Log{Opened}}, Note: "the handshake is over"}}
}
