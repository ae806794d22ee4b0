package nft

import (
	"fmt"
	"slices"

	"pixfw/compiler"
)

// With `sysopt ipsec pl-compatible` what comes out of tunnels, and what is for one as it stands, passes neither access lists nor users,
// connections and NAT (semantics.md 6.2). Such packets are not tracked, carry MarkWhole from there on, and go where routes lead: into a
// tunnel by its twin.

// MarkWhole is of a packet that nothing is done to.
const MarkWhole = 0xe0000000

var isWhole = packetMark(MarkWhole)

// passesWhole reports whether there are such packets.
func (l *lowerer) passesWhole() bool {
	return l.p.Sysopt.PLCompatible && slices.ContainsFunc(l.ifs, func(i int) bool { return l.twinOf(i) != "" })
}

// wholeIn leads them past the rules of the interface where they arrive.
func (l *lowerer) wholeIn() (rules []Rule) {
	if !l.passesWhole() {
		return nil
	}
	for _, i := range l.ifs {
		f := &l.p.Interfaces[i]
		c := Chain{Name: l.unique("whole_" + l.id[i]), Note: "Of tunnels, on " + f.Name}
		if f.RPF {
			c.Rules = append(c.Rules, deny("106021", "reverse path", f.RPFLine, append([]Match{only(iif(l.dev[i]))}, l.noWayBack(i)...)...))
		}
		c.Rules = append(c.Rules, l.toClient(Accept{})...)
		if len(l.down) > 0 {
			c.Rules = append(c.Rules, lost(compiler.Line{}, inSet(Daddr, routeDown)))
		}
		c.Rules = append(c.Rules, deny("106011", "would leave by the interface it came from", compiler.Line{}, inSet(Daddr, "route_"+l.id[i])),
			deny("110001", "no route", compiler.Line{}, inSet(Daddr, "no_route")), Rule{Do: []Stmt{Accept{}}})
		l.chain(c)
		rules = append(rules, Rule{Match: []Match{isWhole, iif(l.dev[i])}, Do: []Stmt{Goto{c.Name}}, Line: l.p.Sysopt.PLCompatibleLine})
	}
	return rules
}

// leftWhole are the rules that leave them alone in a chain of others.
func (l *lowerer) leftWhole() []Rule {
	if !l.passesWhole() {
		return nil
	}
	return []Rule{{Match: []Match{isWhole}, Do: []Stmt{Accept{}}, Line: l.p.Sysopt.PLCompatibleLine}}
}

// whole marks them, and forwards those that may go between two interfaces. It comes when the chain for what goes through is there.
func (l *lowerer) whole() {
	if !l.passesWhole() {
		return
	}
	line := l.p.Sysopt.PLCompatibleLine
	do := []Stmt{SetPacketMark{MarkWhole}, NoTrack{}, Accept{}}
	base := Chain{Name: "pl_compatible", Type: "filter", Hook: "prerouting", Priority: -280, Note: "Of tunnels: neither tracked nor translated"}
	var chains []Chain
	for _, i := range l.ifs {
		if t := l.twinOf(i); t != "" {
			box := l.toBox(i)
			if m, ok := l.inner(); ok {
				box = append(box, host(l.p.Interfaces[m].Net.IP))
			}
			base.Rules = append(base.Rules, Rule{Match: []Match{iif(t), {Field: Daddr, Not: true, Values: merge(box)}}, Do: do, Line: line, Note: "decrypted"})
		}
	}
	for _, o := range l.ifs {
		if l.twinOf(o) == "" {
			continue
		}
		into := l.intoTunnels(o, do)
		chains = append(chains, into...)
		to := Match{Field: RoutedTo, Name: l.twinOf(o)}
		if l.opts.Lacks[Fib] {
			to = inSet(Daddr, "route_"+l.id[o])
		}
		for _, i := range l.ifs {
			if l.level(i) > l.level(o) {
				base.Rules = append(base.Rules, Rule{Match: []Match{only(iif(l.dev[i])), {Field: Daddr, Not: true, Values: merge(l.toBox(i))}, to},
					Do: []Stmt{Jump{into[0].Name}}, Line: line})
			}
		}
	}
	through := Chain{Name: "through_whole", Note: "Of tunnels"}
	for _, i := range l.ifs {
		through.Rules = append(through.Rules, deny("106011", "same interface", compiler.Line{}, iif(l.dev[i]), oif(l.dev[i])))
		for _, o := range l.ifs {
			if i != o && l.level(i) == l.level(o) {
				through.Rules = append(through.Rules, deny("same-level", "equal levels", compiler.Line{}, iif(l.dev[i]), oif(l.dev[o])))
			}
		}
	}
	through.Rules = append(through.Rules, Rule{Do: []Stmt{Accept{}}})
	k := slices.IndexFunc(l.rs.Chains, func(c Chain) bool { return c.Name == "through" })
	l.rs.Chains[k].Rules = slices.Insert(l.rs.Chains[k].Rules, 0, Rule{Match: []Match{isWhole}, Do: []Stmt{Goto{through.Name}}, Line: line})
	l.chain(base)
	l.rs.Chains = append(append(l.rs.Chains, through), chains...)
}

// intoTunnels does something with packets that the crypto map of interface o takes as they are on the wire: by the lists of its entries, of
// clients, and of the networks that peers of a dynamic map have named. The first chain leads to the others.
func (l *lowerer) intoTunnels(o int, do []Stmt) []Chain {
	f := &l.p.Interfaces[o]
	c := Chain{Name: l.unique("into_" + l.id[o]), Note: "For the tunnels of " + f.Name}
	var lists []Chain
	dynamic := false
	entries := l.p.VPN.Maps[f.Map].Entries
	for k := range entries {
		e := &entries[k]
		dynamic = dynamic || e.Dynamic != compiler.None
		if e.Dynamic != compiler.None || e.ACL == compiler.None || len(e.Peers) == 0 || len(e.TransformSets) == 0 {
			continue // others are incomplete
		}
		list := l.listChain(l.unique(fmt.Sprintf("%s_%d", c.Name, e.Seq)), e.ACL, false, do)
		lists = append(lists, list)
		c.Rules = append(c.Rules, Rule{Do: []Stmt{Jump{list.Name}}, Line: e.Line})
	}
	if dynamic && !l.lacks(Fib, l.p.Sysopt.PLCompatibleLine, "what goes to clients and networks of dynamic maps needs permission and translation", "") {
		c.Rules = append(c.Rules, Rule{Match: []Match{inSet(Daddr, Clients)}, Do: do, Note: "a client"})
		rule := Rule{Do: do, Note: "a network of a peer of a dynamic map"}
		var static []Range
		for _, n := range TunnelNets(l.p, o) {
			static = append(static, netRange(n))
		}
		if static = merge(static); len(static) > 0 {
			name := l.unique("static_nets_" + l.id[o])
			l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Addrs, Ranges: static, Note: "networks that crypto map entries of " + f.Name + " name"})
			rule.Match = []Match{{Field: Daddr, Not: true, Set: name}}
		}
		c.Rules = append(c.Rules, rule)
	}
	return append([]Chain{c}, lists...)
}
