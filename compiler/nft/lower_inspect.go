package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// Inspections by the process (semantics.md section 7): payloads of connections to the ports of a fixup wait in a queue while it looks at
// them, when everything else has let them pass and translated them. While nobody listens they go on as they are: connections live, but
// nothing is looked at, and nothing opens.

// ways are the directions of a connection whose payloads are looked at: what the initiator says, and what the responder does.
type ways struct{ there, back bool }

// inspections are those that the process does, by their fixup.
var inspections = map[string]ways{"ftp": {true, true}, "http": {true, false}, "mgcp": {true, true}, "rsh": {true, false}, "rtsp": {true, false},
	"skinny": {true, true}, "smtp": {true, true}, "sqlnet": {false, true}}

// Spare is a helper of the kernel that connections get for the room that comes with it: conntrack can move the numbers of TCP only of
// those that had one when they were translated. The process takes it off before the first payload goes on. Of those that begin while it is
// away the helper looks for its own protocol: what it expects then is dropped.
const Spare = "sane"

// opening are those of them that open doors, and moving those of these whose payloads become longer and shorter. The kernel's helper for
// ftp serves where there is no process: it obeys more than a PIX does, commands (EPRT), answers (229) and numbers that are none.
var (
	opening = []string{"ftp", "mgcp", "rsh", "rtsp", "skinny", "sqlnet"}
	moving  = []string{"ftp", "sqlnet"}
)

// Moving reports whether the process makes payloads of a fixup longer and shorter.
func Moving(f *compiler.Fixup) bool { return slices.Contains(moving, f.Protocol) && Inspected(f) }

// Inspected reports whether the process inspects the connections of a fixup.
func Inspected(f *compiler.Fixup) bool {
	w := inspections[f.Protocol]
	return (w.there || w.back) && f.Transport != 0 && f.Ports.Hi != 0
}

// inspected hands payloads to the process.
func (l *lowerer) inspected() {
	if !l.opts.Daemon {
		return
	}
	const (
		each     = "inspect"
		stream   = "inspect_stream"
		datagram = "inspect_datagram"
		reset    = "inspect_reset"
	)
	list, tcp, udp, resets := Chain{Name: each, Note: "Payloads that are looked at"}, false, false, false
	var ports []Range
	queue := ToQueue{Num: InspectQueue, Compat: l.opts.CompatQueue, Bypass: true}
	for k := range l.p.Fixups {
		f := &l.p.Fixups[k]
		if !Inspected(f) {
			continue
		}
		r := Range{uint32(f.Ports.Lo), uint32(f.Ports.Hi)}
		ports = append(ports, r)
		match := []Match{proto(uint32(f.Transport)), {Field: OrigDport, Values: []Range{r}}}
		w := inspections[f.Protocol]
		if w.back = w.back || f.Protocol == "http" && l.filters(f); w.there != w.back {
			match = append(match, Match{Field: CtReply, Not: w.there})
		}
		if slices.Contains(opening, f.Protocol) && f.Transport == ast.ProtoTCP {
			resets = true
			list.Rules = append(list.Rules, Rule{Match: []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagRST, Values: one(flagRST)}, {Field: OrigDport, Values: []Range{r}}},
				Do: []Stmt{Goto{reset}}, Line: f.Line})
		}
		to := stream
		if f.Transport == ast.ProtoUDP {
			to = datagram
		}
		tcp, udp = tcp || to == stream, udp || to == datagram
		list.Rules = append(list.Rules, Rule{Match: match, Do: []Stmt{Goto{to}}, Line: f.Line})
	}
	if len(ports) == 0 {
		return
	}
	if tcp {
		l.chain(payloads(stream, queue))
	}
	if udp {
		l.chain(Chain{Name: datagram, Rules: []Rule{{Do: []Stmt{queue}}}})
	}
	if resets {
		l.chain(Chain{Name: reset, Note: "What a connection has let be expected ends with it", Rules: []Rule{{Do: []Stmt{queue}}}})
	}
	l.chain(list)
	l.chain(Chain{Name: "inspected", Type: "filter", Hook: "postrouting", Priority: 120, Note: "Inspections by the process",
		Rules: []Rule{{Match: []Match{{Field: CtReply}, {Field: CtStatus, Not: true, Mask: StatusConfirmed}}, Do: []Stmt{Accept{}}, Note: "TCP intercept answers: there is no connection yet"},
			{Match: []Match{withPorts, own, {Field: OrigDport, Values: merge(ports)}}, Do: []Stmt{Jump{each}}}}})
}

// filters reports whether content is taken out of what servers answer on the ports of a fixup.
func (l *lowerer) filters(f *compiler.Fixup) bool {
	return slices.ContainsFunc(l.p.AAA.Filters, func(x compiler.Filter) bool {
		return x.Content() && x.Ports.Lo <= f.Ports.Hi && f.Ports.Lo <= x.Ports.Hi
	})
}

// payloads hands segments of TCP to a queue, but for most of those that carry nothing: the rules tell by the usual lengths of the header.
// What answers a SYN goes, too: it has the numbers that both sides begin with.
func payloads(name string, queue Stmt) Chain {
	c := Chain{Name: name, Note: "Segments with a payload", Rules: []Rule{
		{Match: []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagSYN | flagACK, Values: one(flagSYN)}}, Do: []Stmt{Return{}}},
		{Match: []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagSYN, Values: one(flagSYN)}}, Do: []Stmt{queue}}}}
	for _, words := range []uint32{8, 5} { // with time stamps, without options
		c.Rules = append(c.Rules, Rule{Match: []Match{proto(ast.ProtoTCP), {Field: TCPWords, Values: one(words)}, {Field: IPLenOver, Values: one(20 + 4*words)}}, Do: []Stmt{queue}},
			Rule{Match: []Match{proto(ast.ProtoTCP), {Field: TCPWords, Values: one(words)}}, Do: []Stmt{Return{}}})
	}
	c.Rules = append(c.Rules, Rule{Do: []Stmt{queue}})
	return c
}

// doorSets makes the sets of connections that inspections expect (semantics.md 2.7), which the process fills.
func (l *lowerer) doorSets() {
	l.rs.Doors = map[int]DoorSets{}
	opens := func(f compiler.Fixup) bool { return slices.Contains(opening, f.Protocol) && Inspected(&f) }
	if !l.opts.Daemon || !l.opts.Live || !slices.ContainsFunc(l.p.Fixups, opens) {
		return
	}
	for _, i := range l.ifs {
		d := DoorSets{l.unique("doors_" + l.id[i]), l.unique("behind_doors_" + l.id[i])}
		l.rs.Doors[i] = d
		l.rs.Sets = append(l.rs.Sets, Set{Name: d.Set, Kind: LiveDoors, Note: "connections from " + l.p.Interfaces[i].Name + " that inspections expect: each may come once"},
			Set{Name: d.Map, Kind: DoorMap, Note: "whom they are for"})
	}
}

// expected lets in what inspections expect on interface i, whatever access lists and users' logins say, and shuts the door behind it.
func (l *lowerer) expected(i int) (rules []Rule) {
	d, ok := l.rs.Doors[i]
	if !ok {
		return nil
	}
	bare := Match{Field: TCPFlags, Mask: flagFIN | flagSYN | flagRST | flagACK, Values: one(flagSYN)}
	for _, first := range [][]Match{{proto(ast.ProtoTCP), bare}, {proto(ast.ProtoUDP)}} {
		rules = append(rules, Rule{Match: append(first, Match{Field: DoorOf, Set: d.Set}), Do: []Stmt{ShutDoor{d.Set}, SetPacketMark{MarkChild}, Accept{}},
			Note: "an inspection expects it"})
	}
	return rules
}

var isChild = Match{Field: PacketMark, Mask: MarkMask | childBit, Values: one(MarkChild)}

// behindDoors translates the destination of what was let in through a door.
func (l *lowerer) behindDoors(i int) []Rule {
	d, ok := l.rs.Doors[i]
	if !ok {
		return nil
	}
	return []Rule{{Match: []Match{isChild, withPorts}, Do: []Stmt{SetMark{MarkUnNAT}, MarkPacket{MarkTranslated}, Behind{d.Map}}, Note: "an inspection expects it"}}
}

// noChild keeps rules from what was let in through a door.
func (l *lowerer) noChild(rules []Rule) []Rule {
	if len(l.rs.Doors) == 0 {
		return rules
	}
	rules = slices.Clone(rules)
	for k := range rules {
		rules[k].Match = append(slices.Clone(rules[k].Match), isChild.not())
	}
	return rules
}
