package nft

import (
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
)

// unNAT rewrites destinations (semantics.md 3.3). Its hook sees only first packets of connections.
func (l *lowerer) unNAT() {
	base := Chain{Name: "un_nat", Type: "nat", Hook: "prerouting", Priority: -100, Note: "Exemptions, then statics, for the destination"}
	var chains []Chain
	for _, i := range l.ifs {
		c := Chain{Name: "un_nat_" + l.id[i], Rules: l.toInner(i, Accept{})}
		c.Rules = append(c.Rules, l.behindDoors(i)...)
		if login := l.login(i); len(login) > 0 {
			chains = append(chains, login...)
			c.Rules = append(c.Rules, Rule{Do: []Stmt{Jump{login[0].Name}}})
		}
		for k := range l.p.NAT.Exemptions {
			if x := &l.p.NAT.Exemptions[k]; !x.Outside && l.dev[x.If] != "" && l.level(x.If) > l.level(i) {
				sub := l.listChain(fmt.Sprintf("exempt_un_%s_%d", l.id[i], k), x.ACL, true, []Stmt{Accept{}})
				chains = append(chains, sub)
				c.Rules = append(c.Rules, Rule{Match: []Match{inSet(Daddr, "route_"+l.id[x.If])}, Do: []Stmt{Jump{sub.Name}}, Line: x.Line})
			}
		}
		c.Rules = append(c.Rules, l.aliases(i)...)
		if un := l.un[i]; un != "" {
			live := func(set string, by uint32) {
				c.Rules = append(c.Rules, Rule{Match: []Match{inSet(Daddr, set)}, Do: []Stmt{SetMark{MarkUnNAT}, MarkPacket{MarkTranslated | by}, NAT{Dst: true, Map: un}}, Note: "live translations"})
			}
			for k := range l.rs.Xlates {
				if m := &l.rs.Xlates[k]; m.MappedIf == i && m.Own != "" {
					live(m.Own, translatedBy(len(l.p.NAT.Statics)+len(l.p.NAT.Aliases)+k))
				}
			}
			live(un, 0)
		}
		rules, subs := l.unStatics(i)
		c.Rules = append(c.Rules, rules...)
		chains = append(chains, subs...)
		if len(c.Rules) > 0 {
			base.Rules = append(base.Rules, Rule{Match: []Match{iif(l.dev[i])}, Do: []Stmt{Goto{c.Name}}})
			chains = append(chains, c)
		}
	}
	l.chain(base)
	l.rs.Chains = append(l.rs.Chains, chains...)
}

// unStatics rewrites what goes to the mapped side of statics on interface i.
func (l *lowerer) unStatics(i int) (rules []Rule, chains []Chain) {
	for k, r := range l.runs(func(s *compiler.Static) bool { return s.MappedIf == i && l.dev[s.RealIf] != "" }) {
		s := r.statics[0]
		first, last := s.RealNet().Range()
		marked := MarkPacket{MarkTranslated | translatedBy(r.first)}
		switch {
		case r.policy:
			nat := NAT{Dst: true, First: first, Last: last, Prefix: r.net}
			if r.port {
				nat.PortLo, nat.PortHi = s.RealPt, s.RealPt
			}
			do := []Stmt{SetMark{MarkUnNAT}, marked, nat}
			if edges := l.edges(i, s, marked); edges != nil {
				taken := Chain{Name: l.unique(fmt.Sprintf("un_policy_%s_%d_taken", l.id[i], k)), Note: "permitted by its access list",
					Rules: append(edges, Rule{Match: toMapped(s), Do: do, Line: s.Line})}
				chains = append(chains, taken)
				do = []Stmt{Goto{taken.Name}}
			}
			sub := l.policyList(fmt.Sprintf("un_policy_%s_%d", l.id[i], k), s, do)
			chains = append(chains, sub)
			rules = append(rules, Rule{Match: toMapped(s), Do: []Stmt{Jump{sub.Name}}, Line: s.Line})
		case r.port:
			rules = append(rules, Rule{Match: toMapped(s),
				Do: []Stmt{SetMark{MarkUnNAT}, marked, NAT{Dst: true, First: s.Real, Last: s.Real, PortLo: s.RealPt, PortHi: s.RealPt}}, Line: s.Line})
		case r.net:
			rules = append(append(rules, l.edges(i, s, marked)...), Rule{Match: toMapped(s),
				Do: []Stmt{SetMark{MarkUnNAT}, marked, NAT{Dst: true, First: first, Last: last, Prefix: true}}, Line: s.Line})
		default:
			pairs, keys := r.table(mappedOf, realOf)
			name := l.unique(fmt.Sprintf("un_static_%s_%d", l.id[i], k))
			l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: AddrMap, Pairs: pairs, Line: r.line(), Note: "mapped to real"})
			rules = append(rules, Rule{Match: []Match{dst(keys...)}, Do: []Stmt{SetMark{MarkUnNAT}, marked, NAT{Dst: true, Map: name}}, Line: r.line()})
		}
	}
	return rules, chains
}

// edges refuse what goes to the network and broadcast address of a net static (semantics.md 1.8); nil: it has none.
func (l *lowerer) edges(i int, s *compiler.Static, marked Stmt) (rules []Rule) {
	if s.Proto != 0 || s.Mask >= ast.MaskOf(31) || l.level(s.RealIf) == l.level(i) {
		return nil
	}
	lo, hi := s.MappedNet().Range()
	edge := dst(host(lo), host(hi))
	if l.level(s.RealIf) > l.level(i) && l.p.Interfaces[i].ACL == compiler.None {
		rules = append(rules, Rule{Match: []Match{edge, {Field: PacketMark, Not: true, Mask: MarkMask, Values: one(MarkConduit)}},
			Do: []Stmt{marked, Goto{l.pairName("refused", i, s.RealIf)}}, Line: s.Line})
	}
	return append(rules, deny("305006:Dst IP is network/broadcast IP,", "of a net static", s.Line, edge))
}

// toMapped are packets to the mapped side of a static.
func toMapped(s *compiler.Static) []Match {
	if s.Proto == 0 {
		return []Match{dst(netRange(s.MappedNet()))}
	}
	return []Match{dst(host(s.Mapped)), proto(uint32(s.Proto)), {Field: Dport, Values: one(uint32(s.MappedPort))}}
}

// translatedBy are the bits of the packet mark that tell which run of statics has un-NATed a packet, by the index of its first one, or which
// alias has, by its index after them, or after these a translation of policy NAT, by that of its map.
func translatedBy(i int) uint32 { return uint32(i+1) << 1 &^ MarkMask }

// TranslatedBy is the index of the first static that may have un-NATed a packet with a mark, after them of an alias, and after these of a
// map of live translations (Ruleset.Xlates); None: another live translation has.
func TranslatedBy(mark uint32) int { return int(mark&^(MarkMask|childBit)>>1) - 1 }
