package nft

import (
	"fmt"
	"slices"

	"github.com/google/nftables/expr"

	"pixfw/ast"
	"pixfw/compiler"
)

// TCP intercept (semantics.md 3.4). While a host of a static with a limit has as many half-open connections as that, its
// mapped address is in the set of the static, which the daemon fills. Then first packets are not tracked; when the access list has
// permitted them they end in the input chain, for mapped addresses are local, where the kernel answers them with a cookie. When the
// client's answer has come back there, the kernel calls the server: that packet is its own, and gets its destination at
// the output.

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

// intercepted reports whether the firewall answers for the hosts of a static.
func (l *lowerer) intercepted(s *compiler.Static) bool {
	return s.Embryonic > 0 && l.loads(s) && s.ACL == compiler.None && s.Proto != ast.ProtoUDP && l.dev[s.MappedIf] != "" && l.dev[s.RealIf] != "" &&
		l.level(s.RealIf) > l.level(s.MappedIf)
}

// intercepts makes the sets.
func (l *lowerer) intercepts() {
	l.rs.Intercepts = map[int]string{}
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; l.opts.Daemon && l.intercepted(s) {
			l.rs.Intercepts[k] = l.unique(fmt.Sprintf("intercept_%d", k))
			l.rs.Sets = append(l.rs.Sets, Set{Name: l.rs.Intercepts[k], Kind: LiveAddrs, Line: s.Line, Note: "hosts with too many half-open connections"})
		}
	}
}

// eachIntercept calls fn for the statics, in order, with the matches for packets to their hosts in the set.
func (l *lowerer) eachIntercept(fn func(k int, s *compiler.Static, to []Match)) {
	for k := range l.p.NAT.Statics {
		set := l.rs.Intercepts[k]
		if set == "" {
			continue
		}
		s := &l.p.NAT.Statics[k]
		to := []Match{proto(ast.ProtoTCP)}
		if s.Proto != 0 {
			to = append(to, Match{Field: Dport, Values: one(uint32(s.MappedPort))})
		}
		fn(k, s, append(to, inSet(Daddr, set)))
	}
}

// notTracked are the first packets that are not to become connections.
func (l *lowerer) notTracked() (rules []Rule) {
	l.eachIntercept(func(_ int, s *compiler.Static, to []Match) {
		rules = append(rules, Rule{Match: slices.Concat([]Match{iif(l.dev[s.MappedIf])}, to, []Match{bareSYN}), Do: []Stmt{NoTrack{}}, Line: s.Line})
	})
	return rules
}

// cookies are the answers of clients: the kernel knows whether it has asked for them.
func (l *lowerer) cookies(i int) (rules []Rule) {
	l.eachIntercept(func(_ int, s *compiler.Static, to []Match) {
		if s.MappedIf == i && l.opts.Synproxy {
			rules = append(rules, Rule{Match: append(to, Match{Field: CtState, Mask: StateInvalid}, bareACK), Do: []Stmt{Accept{}}, Line: s.Line,
				Note: "may answer a cookie"})
		}
	})
	return rules
}

// intercepting answers clients, and gives the calls to servers their destination.
func (l *lowerer) intercepting() {
	in := Chain{Name: "intercept", Type: "filter", Hook: "input", Priority: -10, Note: "TCP intercept: the firewall answers for servers"}
	out := Chain{Name: "call", Type: "nat", Hook: "output", Priority: -100, Note: "TCP intercept: servers are called"}
	l.eachIntercept(func(k int, s *compiler.Static, to []Match) {
		from := append([]Match{iif(l.dev[s.MappedIf])}, to...)
		refuse := []Stmt{Counter{}, Log{fmt.Sprintf("201003:%d", k)}, Drop{}}
		if l.opts.Synproxy {
			refuse = []Stmt{Counter{}, Log{fmt.Sprintf("201003:%d", k)}, SynProxy{}}
			in.Rules = append(in.Rules, Rule{Match: append(from[:len(from):len(from)], Match{Field: CtState, Mask: StateInvalid}, bareACK), Do: []Stmt{SynProxy{}}, Line: s.Line})
			nat := NAT{Dst: true, First: s.Real, Last: s.Real}
			switch {
			case s.Proto != 0:
				nat.PortLo, nat.PortHi = s.RealPt, s.RealPt
			case s.Mask != ast.AllOnes:
				nat.First, nat.Last = s.RealNet().Range()
				nat.Prefix = true
			}
			out.Rules = append(out.Rules, Rule{Match: to, Do: []Stmt{SetMark{MarkPlain}, nat}, Line: s.Line})
		}
		in.Rules = append(in.Rules, Rule{Match: append(from[:len(from):len(from)], bareSYN), Do: refuse, Line: s.Line})
	})
	if len(in.Rules) > 0 {
		l.chain(in)
	}
	if len(out.Rules) > 0 {
		l.chain(out)
	}
}

// halfOpen marks connections to hosts with a limit as they begin.
func (l *lowerer) halfOpen() (rules []Rule) {
	l.eachIntercept(func(_ int, s *compiler.Static, _ []Match) {
		m := []Match{iif(l.dev[s.MappedIf]), oif(l.dev[s.RealIf]), dst(netRange(s.RealNet())), proto(ast.ProtoTCP)}
		if s.Proto != 0 {
			m = append(m, Match{Field: Dport, Values: one(uint32(s.RealPt))})
		}
		rules = append(rules, Rule{Match: append(m, Match{Field: CtState, Mask: StateNew}), Do: []Stmt{AddMark{MarkHalf}}, Line: s.Line})
	})
	return rules
}

// opened tells of the packet that ends a handshake.
func (l *lowerer) opened() []Rule {
	if len(l.rs.Intercepts) == 0 {
		return nil
	}
	return []Rule{{Match: []Match{half, {Field: CtState, Mask: StateEstablished}, {Field: CtReply, Not: true}, proto(ast.ProtoTCP),
		{Field: TCPFlags, Mask: flagSYN | flagRST | flagACK, Values: one(flagACK)}}, Do: []Stmt{ClearMark{MarkHalf}, Log{Opened}}, Note: "the handshake is over"}}
}
