package nft

import "pixfw/compiler"

// A connection is bound to two interfaces: the one that its first packet came from, and the one that it left by. Its packets come from
// these alone, and each leaves by the other, wherever routes lead by now (semantics.md 0, step 7). The numbers of the interfaces stand
// in the ct mark. A packet of a connection gets MarkRoute with the number of the interface it has to leave by, for which a process has
// a routing table (RouteMark); whatever leaves by another interface is dropped.

var (
	onItsWay = Match{Field: PacketMark, Mask: MarkMask, Values: one(MarkRoute)}
	notOwn   = Match{Field: CtMark, Not: true, Mask: MarkMask, Values: one(MarkOwn)}
	unbound  = Match{Field: CtMark, Mask: markEnds, Values: one(0)}
)

// not is the opposite of a match.
func (m Match) not() Match {
	m.Not = !m.Not
	return m
}

// RouteMark is the mark of packets of connections that have to leave by the interface with a number.
func RouteMark(number int) uint32 { return MarkRoute | uint32(number) }

// Ends are the numbers of the interfaces of a connection, by its mark; 0: there is none.
func Ends(mark uint32) (in, out uint32) { return mark & MarkIn >> markIn, mark & MarkOut >> markOut }

// numberOf is the number of an interface; 0: there is none left.
func (l *lowerer) numberOf(i int) uint32 {
	n := i + 1
	if l.opts.Numbers != nil {
		n = l.opts.Numbers[i]
	}
	if n < 1 || n > MaxNumber {
		return 0
	}
	return uint32(n)
}

// ends are the bits of connections from interface i to o.
func (l *lowerer) ends(i, o int) uint32 { return l.number[i]<<markIn | l.number[o]<<markOut }

func (l *lowerer) cameBy(i int) Match {
	return Match{Field: CtMark, Mask: MarkIn, Values: one(l.number[i] << markIn)}
}
func (l *lowerer) leftBy(i int) Match {
	return Match{Field: CtMark, Mask: MarkOut, Values: one(l.number[i] << markOut)}
}

// bound sends packets of connections on their way. What comes from another interface is none of the connection, and goes on unmarked.
func (l *lowerer) bound() []Rule {
	const there, back = "bound_there", "bound_back"
	var rules []Rule
	thereTo, backTo := Chain{Name: there, Note: "To where the connection goes"}, Chain{Name: back, Note: "To where the connection came from"}
	for _, i := range l.ifs {
		c := Chain{Name: "bound_" + l.id[i], Note: "Packets of connections that arrive on " + l.p.Interfaces[i].Name, Rules: []Rule{
			{Match: []Match{{Field: CtReply, Not: true}, l.cameBy(i)}, Do: []Stmt{Goto{there}}},
			{Match: []Match{{Field: CtReply}, l.leftBy(i)}, Do: []Stmt{Goto{back}}},
			// A child that a helper expected has the mark of its parent, whichever of the two began it.
			{Match: []Match{{Field: CtState, Mask: StateRelated}, l.leftBy(i)}, Do: []Stmt{Goto{back}}},
		}}
		rules = append(rules, Rule{Match: []Match{iif(l.dev[i]), withPorts, own}, Do: []Stmt{Jump{c.Name}}})
		l.chain(c)
		do := []Stmt{SetPacketMark{RouteMark(int(l.number[i]))}, Return{}}
		thereTo.Rules = append(thereTo.Rules, Rule{Match: []Match{l.leftBy(i)}, Do: do})
		backTo.Rules = append(backTo.Rules, Rule{Match: []Match{l.cameBy(i)}, Do: do})
	}
	l.chain(thereTo)
	l.chain(backTo)
	return rules
}

// leaves lets packets of connections go out where they have to.
func (l *lowerer) leaves() (rules []Rule) {
	for _, o := range l.ifs {
		rules = append(rules, Rule{Match: []Match{{Field: PacketMark, Mask: 0xffffffff, Values: one(RouteMark(int(l.number[o])))}, oif(l.dev[o])}, Do: []Stmt{Accept{}}})
	}
	if len(l.ifs) > 0 {
		rules = append(rules, Rule{Match: []Match{onItsWay}, Do: []Stmt{Counter{}, Drop{}}, Note: "not the way of the connection"},
			deny("106022", "of a connection on other interfaces", compiler.Line{}, withPorts, own, unbound.not()),
			deny("106022", "of a connection that is none of the firewall's", compiler.Line{}, withPorts, conn))
	}
	return rules
}

// bind notes the interfaces of a connection that has been let through.
func (l *lowerer) bind() {
	if len(l.ifs) == 0 {
		return
	}
	first := Match{Field: CtState, Mask: StateNew | StateRelated}
	c := Chain{Name: "bind", Type: "filter", Hook: "forward", Priority: 20, Note: "Connections keep to their interfaces",
		Rules: []Rule{{Match: []Match{withPorts, first, own}, Do: []Stmt{ClearMark{markEnds}}}}}
	for _, i := range l.ifs {
		c.Rules = append(c.Rules, Rule{Match: []Match{withPorts, first, own, iif(l.dev[i])}, Do: []Stmt{AddMark{l.number[i] << markIn}}},
			Rule{Match: []Match{withPorts, first, own, oif(l.dev[i])}, Do: []Stmt{AddMark{l.number[i] << markOut}}})
	}
	l.chain(c)
}
