package nft

import "pixfw/ast"

// A packet to an address that the firewall answers for on another interface, a mapped one there, goes to nobody: a PIX looks at levels,
// users, translation and limits, says what refuses it, and finds no neighbour (semantics.md 0, step 13). Linux takes it for its own before
// any of that. So the same chains judge it where it goes in, for what they have to say: what they let pass is dropped with all that is
// not for the firewall. The process, when they ask it for a translation or a limit, sees that the packet goes nowhere, and gives nothing.

// elsewhere makes the chains. Where no process logs, nobody would read what they say.
func (l *lowerer) elsewhere() {
	if !l.opts.Daemon {
		return
	}
	var own []Range
	for _, i := range l.ifs {
		own = append(own, host(l.p.Interfaces[i].Net.IP))
	}
	base := Chain{Name: "elsewhere", Type: "filter", Hook: "input", Priority: -5, Note: "To addresses that the firewall answers for on other interfaces: what refuses them", Rules: l.leftWhole()}
	held := Chain{Name: "elsewhere_limits", Type: "filter", Hook: "input", Priority: -4, Note: "The same, for limits of connections"}
	var chains []Chain
	for _, i := range l.ifs {
		c := Chain{Name: "elsewhere_" + l.id[i], Note: "Packets that arrive on " + l.p.Interfaces[i].Name}
		var limits []Rule
		for _, o := range l.ifs {
			name := l.pairName("out", i, o)
			switch {
			case i == o || l.level(i) == l.level(o):
				continue
			case l.level(i) < l.level(o):
				name = l.pairName("in", i, o)
			}
			to := inSet(Daddr, "route_"+l.id[o])
			if each := l.each[name]; each != "" {
				c.Rules = append(c.Rules, Rule{Match: []Match{isUntracked, to}, Do: []Stmt{Goto{each}}})
			}
			c.Rules = append(c.Rules, Rule{Match: []Match{to}, Do: []Stmt{Goto{name}}})
			if name := l.limitPairs[[2]int{i, o}]; name != "" {
				limits = append(limits, Rule{Match: []Match{proto(ast.ProtoTCP), to}, Do: []Stmt{Goto{name}}})
			}
		}
		if len(c.Rules) == 0 {
			continue
		}
		// An interface's own address goes by another only where a static gives it away.
		first := Match{Field: CtState, Mask: StateNew}
		there := []Match{iif(l.dev[i]), {Field: Daddr, Not: true, Values: merge(append(l.toBox(i), own...))}}
		untracked, here := append(there[:2:2], isUntracked), append(there[:2:2], first, mark(MarkLogin).not())
		given := []Match{iif(l.dev[i]), dst(own...)}
		translated := Match{Field: PacketMark, Mask: MarkTranslated, Values: one(MarkTranslated)}
		jump := []Stmt{Jump{c.Name}}
		base.Rules = append(base.Rules, Rule{Match: untracked, Do: jump}, Rule{Match: here, Do: jump},
			Rule{Match: append(given[:2:2], isUntracked, translated), Do: jump}, Rule{Match: append(given[:2:2], first, mark(MarkUnNAT)), Do: jump})
		chains = append(chains, c)
		if len(limits) > 0 {
			lc := Chain{Name: "elsewhere_limits_" + l.id[i], Rules: limits}
			held.Rules = append(held.Rules, Rule{Match: here, Do: []Stmt{Jump{lc.Name}}})
			chains = append(chains, lc)
		}
	}
	answered := Chain{Name: "elsewhere_answered", Type: "filter", Hook: "input", Priority: -3, Note: "TCP intercept answers all the same"}
	if len(held.Rules) > 0 && l.rs.Answers {
		held.Rules = append([]Rule{l.answerFor()}, held.Rules...)
		answered.Rules = []Rule{l.answerFor()}
	}
	for _, b := range []Chain{base, held, answered} {
		if len(b.Rules) > 0 {
			l.chain(b)
		}
	}
	l.rs.Chains = append(l.rs.Chains, chains...)
}
