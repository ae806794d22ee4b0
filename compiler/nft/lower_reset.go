package nft

import (
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// notReset are TCP segments that may be answered with a reset.
var notReset = []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Not: true, Mask: flagRST, Values: one(flagRST)}}

// resetChain sends a reset to whom an access list refuses a connection to a static on a higher interface, and drops everything
// (service resetinbound, semantics.md 1.2).
const resetChain = "refused"

// refusal is what is done with packets that an access list denies.
func (l *lowerer) refusal() Stmt {
	if l.p.Service.ResetInbound && !l.opts.Lacks[Rejects] {
		return Goto{resetChain}
	}
	return Drop{}
}

// resets makes the chain.
func (l *lowerer) resets() {
	s := &l.p.Service
	const unanswered = "what is refused is dropped without an answer"
	if s.ResetOutside {
		l.lacks(Rejects, s.ResetOutsideLine, unanswered, "")
	}
	if !s.ResetInbound || l.lacks(Rejects, s.ResetInboundLine, unanswered, "") {
		return
	}
	c := Chain{Name: resetChain, Note: "Denied by an access list"}
	for _, i := range l.ifs {
		var whole []Range
		answer := func(match ...Match) {
			match = append(append([]Match{iif(l.dev[i])}, match...), notReset...)
			c.Rules = append(c.Rules, Rule{Match: match, Do: []Stmt{Reset{}}, Line: s.ResetInboundLine})
		}
		for k := range l.p.NAT.Statics {
			st := &l.p.NAT.Statics[k]
			switch {
			case st.MappedIf != i || l.level(st.RealIf) <= l.level(i) || st.Proto == ast.ProtoUDP || !l.loads(st):
			case st.ACL != compiler.None:
				peers := l.policyList(fmt.Sprintf("reset_policy_%s_%d", l.id[i], k), st, []Stmt{Reset{}})
				l.chain(peers)
				c.Rules = append(c.Rules, Rule{Match: slices.Concat([]Match{iif(l.dev[i])}, toMapped(st), notReset), Do: []Stmt{Jump{peers.Name}}, Line: st.Line})
			case st.Proto == 0:
				whole = append(whole, netRange(st.MappedNet()))
			default:
				answer(dst(host(st.Mapped)), Match{Field: Dport, Values: one(uint32(st.MappedPort))})
			}
		}
		if len(whole) > 0 {
			name := l.unique("reset_" + l.id[i])
			l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Addrs, Ranges: merge(whole), Line: s.ResetInboundLine})
			answer(inSet(Daddr, name))
		}
	}
	c.Rules = append(c.Rules, Rule{Do: []Stmt{Drop{}}})
	l.chain(c)
}

// resetStatics answers TCP to statics that no access list permits, because none is bound: they are known by the packet mark.
func (l *lowerer) resetStatics() []Rule {
	n := len(l.p.NAT.Statics)
	if !l.p.Service.ResetInbound || l.opts.Lacks[Rejects] || n == 0 {
		return nil
	}
	return []Rule{{Match: append(slices.Clone(notReset), Match{Field: PacketMarkOver, Values: one(MarkTranslated)},
		Match{Field: PacketMarkOver, Not: true, Values: one(MarkTranslated | translatedBy(n-1))}),
		Do: []Stmt{Counter{}, Log{"106001"}, Reset{}}, Line: l.p.Service.ResetInboundLine, Note: "to a static"}}
}

// resetOutside answers TCP that the lowest interface itself refuses (service resetoutside).
func (l *lowerer) resetOutside(i int, rules []Rule) []Rule {
	for j := range l.p.Interfaces {
		if l.level(j) < l.level(i) || !l.p.Service.ResetOutside || l.opts.Lacks[Rejects] {
			return rules
		}
	}
	var out []Rule
	for _, r := range rules {
		if _, drops := r.Do[len(r.Do)-1].(Drop); drops {
			answered := Rule{Do: append(append([]Stmt(nil), r.Do[:len(r.Do)-1]...), Reset{}), Line: r.Line, Note: r.Note}
			tcp, last := true, r.Match == nil
			for _, m := range r.Match {
				if m.Field == L4Proto {
					tcp = false
					for _, v := range m.Values {
						tcp = tcp || v.Lo <= ast.ProtoTCP && ast.ProtoTCP <= v.Hi
					}
					continue
				}
				if m.Field == Daddr {
					last = true // broadcasts, and other interfaces' addresses
					break
				}
				answered.Match = append(answered.Match, m)
			}
			if tcp && !last {
				answered.Match = append(append([]Match(nil), notReset...), answered.Match...)
				out = append(out, answered)
			}
		}
		out = append(out, r)
	}
	return out
}
