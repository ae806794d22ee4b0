package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// quotedHosts looks at ICMP errors that have been translated, and still quote a packet to the real address of a host: those of a
// router on the way, whose own translation is not the host's (semantics.md section 12, item 13). The quoted address becomes that
// of the host's static, or of its translation from a pool. An error about a host behind PAT is dropped: which port the connection
// has, no rule knows, and its address would be told.
func (l *lowerer) quotedHosts() {
	c := Chain{Name: "quoted", Type: "filter", Hook: "forward", Priority: 10, Note: "What ICMP errors of routers quote"}
	for _, i := range l.ifs {
		for _, o := range l.ifs {
			if l.level(i) <= l.level(o) {
				continue
			}
			pair := []Match{isUntracked, iif(l.dev[i]), oif(l.dev[o]), proto(ast.ProtoICMP), {Field: ICMPType, Values: icmpErrors}}
			shown := l.shown(i, o)
			for _, r := range l.runs(func(s *compiler.Static) bool {
				return s.RealIf == i && s.MappedIf == o && s.Proto == 0 && s.ACL == compiler.None
			}) {
				for _, s := range r.statics {
					first, last := s.MappedNet().Range()
					for _, real := range pieces(subtract([]Range{netRange(s.RealNet())}, shown)) {
						c.Rules = append(c.Rules, Rule{Match: append(slices.Clone(pair), Match{Field: QuotedDaddr, Values: real}),
							Do: []Stmt{rewrite(QuotedDaddr, NAT{First: first, Last: last}), Accept{}}, Line: s.Line})
					}
				}
			}
			for k := range l.rs.Xlates {
				if m := &l.rs.Xlates[k]; m.RealIf == i && m.MappedIf == o && m.ACL == compiler.None {
					c.Rules = append(c.Rules, Rule{Match: slices.Clone(pair), Do: []Stmt{Rewrite{Field: QuotedDaddr, Map: m.Name}, Accept{}}, Note: "live translations"})
				}
			}
			for _, r := range pieces(l.hidden(i, o, shown)) {
				c.Rules = append(c.Rules, deny("305006:regular", "an error that would tell a real address", compiler.Line{},
					append(slices.Clone(pair), Match{Field: QuotedDaddr, Values: r})...))
			}
		}
	}
	if len(c.Rules) > 0 {
		c.Rules = append(l.leftWhole(), c.Rules...)
		l.chain(c)
	}
}

// shown are the addresses by which hosts on interface i may be known on o.
func (l *lowerer) shown(i, o int) (out []Range) {
	for k := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[k]; s.RealIf == i && s.MappedIf == o && s.Mask.Contiguous() {
			out = append(out, netRange(s.MappedNet()))
		}
	}
	for k := range l.p.NAT.Globals {
		if g := &l.p.NAT.Globals[k]; g.If == o {
			out = append(out, Range{uint32(g.First), uint32(g.Last)})
		}
	}
	return merge(out)
}

// hidden are the hosts on interface i that nat lines hide from o. With an exemption on i there are none that are known to be: it
// says for pairs of addresses which are not hidden.
func (l *lowerer) hidden(i, o int, shown []Range) (out []Range) {
	for k := range l.p.NAT.Exemptions {
		if x := &l.p.NAT.Exemptions[k]; x.If == i && !x.Outside {
			return nil
		}
	}
	var identity []Range
	for k := range l.p.NAT.Nats {
		switch n := &l.p.NAT.Nats[k]; {
		case n.If != i || n.Outside || n.ACL != compiler.None || !n.Net.Mask.Contiguous():
		case n.ID == 0:
			identity = append(identity, netRange(n.Net))
		case l.choose(n.ID, o) != nil:
			out = append(out, netRange(n.Net))
		}
	}
	return subtract(intersect(merge(out), l.to[i]), merge(append(identity, shown...)))
}

// intersect are the values in both.
func intersect(a, b []Range) []Range { return subtract(a, subtract(a, b)) }
