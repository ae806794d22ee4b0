package nft

import (
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
)

// DNS guard (semantics.md 1.3): each query gets one answer, by its id, and the connection ends with the last. The rules remember
// queries when they leave and forget them when they are answered; an answer that nobody has asked for is no packet of the connection
// any more, and is judged by the access list. That holds without a process; a process ends the connection, when it is told
// of the last answer.
const (
	queries   = "dns_queries"
	queriesOf = "dns_query"
	answersOf = "dns_answer"
)

var (
	fromDNS = []Match{proto(ast.ProtoUDP), {Field: Sport, Values: one(53)}, {Field: CtReply}, own, onItsWay}
	toDNS   = []Match{proto(ast.ProtoUDP), {Field: Dport, Values: one(53)}, {Field: CtReply, Not: true}, own}
	// An id is there. What is shorter has the id 0, as it were.
	hasID = []Match{proto(ast.ProtoUDP), {Field: UDPLenOver, Values: one(9)}}
)

func waiting(bits uint32) Match { return Match{Field: CtMark, Mask: MarkQueries, Values: one(bits)} }

// answers are the rules that come before those that let connections pass, at the door.
func (l *lowerer) answers() []Rule {
	return []Rule{{Match: fromDNS, Do: []Stmt{Jump{answersOf}}, Note: "DNS guard"}}
}

// asks is the rule that sees queries as they leave.
func (l *lowerer) asks() Rule {
	return Rule{Match: toDNS, Do: []Stmt{Jump{queriesOf}}, Note: "DNS guard"}
}

// dnsGuard makes the set of queries and the chains.
func (l *lowerer) dnsGuard() {
	t := l.p.Timeouts.UDP
	if t <= 0 {
		t = 2 * 60e9
	}
	l.rs.Sets = append(l.rs.Sets, Set{Name: queries, Kind: Queries, Timeout: t, Note: "DNS queries that wait for their answer"})
	down := answersOf + "_last"
	answer := Chain{Name: answersOf, Note: "DNS guard: answers pass to whom has asked"}
	for k := range l.p.Fixups {
		if f := &l.p.Fixups[k]; limitsDNS(f) {
			answer.Rules = append(answer.Rules, Rule{Match: []Match{proto(ast.ProtoUDP), {Field: UDPLenOver, Values: one(uint32(f.MaxLength + 8))}}, Do: []Stmt{Accept{}},
				Line: f.Line, Note: "too long: it answers nothing, and is dropped as it leaves"})
		}
	}
	answer.Rules = append(answer.Rules, []Rule{
		{Match: append(hasID[:2:2], Match{Field: QueryOf, Set: queries}), Do: []Stmt{Answer{queries}, Goto{down}}},
		{Match: append(hasID[:2:2], Match{Field: CtMark, Not: true, Mask: MarkQueries, Values: one(0)}), Do: []Stmt{Counter{}, Drop{}}, Note: "not what was asked"},
		{Match: []Match{{Field: CtMark, Not: true, Mask: MarkQueries, Values: one(0)}}, Do: []Stmt{Goto{down}}},
	}...)
	for _, i := range l.ifs {
		answer.Rules = append(answer.Rules, Rule{Match: []Match{iif(l.dev[i])}, Do: []Stmt{SetPacketMark{}, Goto{"from_" + l.id[i]}}})
	}
	over := []Stmt{ClearMark{MarkQuery}, Accept{}}
	if l.opts.Daemon {
		over = []Stmt{ClearMark{MarkQuery}, Log{Answered}, Accept{}}
	}
	l.chain(answer)
	l.chain(Chain{Name: down, Note: "One query less", Rules: []Rule{
		{Match: []Match{waiting(MarkQuery)}, Do: over},
		{Match: []Match{waiting(MarkQuery | MarkQuery2)}, Do: []Stmt{ClearMark{MarkQuery2}}},
		{Do: []Stmt{Accept{}}},
	}})
	more := queriesOf + "_more"
	l.chain(Chain{Name: queriesOf, Note: "DNS guard: queries are remembered", Rules: []Rule{
		{Match: append(hasID[:2:2], Match{Field: AskedBefore, Set: queries}), Do: []Stmt{Ask{queries}, Return{}}},
		{Match: hasID, Do: []Stmt{Ask{queries}, Goto{more}}},
		{Match: hasID, Do: []Stmt{Counter{}, Log{"211001"}, Drop{}}, Note: "too many queries wait"},
		{Match: []Match{waiting(0)}, Do: []Stmt{AddMark{MarkQuery}}},
	}})
	l.chain(Chain{Name: more, Note: "One query more", Rules: []Rule{
		{Match: []Match{waiting(0)}, Do: []Stmt{AddMark{MarkQuery}, Return{}}},
		{Match: []Match{waiting(MarkQuery)}, Do: []Stmt{AddMark{MarkQuery2}, Return{}}},
		{Do: []Stmt{AddMark{MarkQueryN}}},
	}})
}

// dnsLimit drops DNS packets that are longer than the fixup allows.
func (l *lowerer) dnsLimit() []Rule {
	var rules []Rule
	for k := range l.p.Fixups {
		f := &l.p.Fixups[k]
		if !limitsDNS(f) {
			continue
		}
		for _, m := range [][]Match{{{Field: Sport, Values: one(53)}, {Field: CtReply}}, {{Field: Dport, Values: one(53)}, {Field: CtReply, Not: true}}} {
			rules = append(rules, deny(fmt.Sprintf("410001:%d", f.MaxLength), "dns", f.Line, proto(ast.ProtoUDP), m[0], m[1],
				Match{Field: UDPLenOver, Values: one(uint32(f.MaxLength + 8))}))
		}
	}
	return rules
}

// limitsDNS reports whether a fixup limits the length of DNS packets.
func limitsDNS(f *compiler.Fixup) bool {
	return f.Protocol == "dns" && f.MaxLength > 0 && f.MaxLength <= 65000
}

// doctored hands DNS answers, which everything else has let pass, to the daemon where a line may say that an address in them becomes
// another (semantics.md 3.4). While nobody listens they go on as they are: an answer with an address that the client cannot use does him
// no more harm than none, and the other answers are good.
func (l *lowerer) doctored() {
	if !l.opts.Daemon {
		return
	}
	c := Chain{Name: "doctored", Type: "filter", Hook: "forward", Priority: 30, Note: "DNS answers whose addresses are looked at"}
	for _, i := range l.ifs {
		for _, o := range l.ifs {
			line, ok := l.doctors(i, o)
			if !ok {
				continue
			}
			if len(c.Rules) == 0 {
				for k := range l.p.Fixups {
					if f := &l.p.Fixups[k]; limitsDNS(f) {
						c.Rules = append(c.Rules, Rule{Match: []Match{proto(ast.ProtoUDP), {Field: UDPLenOver, Values: one(uint32(f.MaxLength + 8))}}, Do: []Stmt{Accept{}},
							Line: f.Line, Note: "too long: it is dropped as it leaves"})
					}
				}
			}
			c.Rules = append(c.Rules, Rule{Match: []Match{iif(l.dev[i]), oif(l.dev[o]), proto(ast.ProtoUDP), {Field: Sport, Values: one(53)}, {Field: CtReply}},
				Do: []Stmt{ToQueue{Num: DNSQueue, Compat: l.opts.CompatQueue, Bypass: true}}, Line: line})
		}
	}
	if len(c.Rules) > 0 {
		l.chain(c)
	}
}

// doctors is the first line that may change addresses in answers from interface i to o.
func (l *lowerer) doctors(i, o int) (compiler.Line, bool) {
	if i == o {
		return compiler.Line{}, false
	}
	for k := range l.p.NAT.Statics {
		s := &l.p.NAT.Statics[k]
		if s.DNS && s.Proto == 0 && (s.MappedIf == i && s.RealIf == o || s.RealIf == i && s.MappedIf == o) {
			return s.Line, true
		}
	}
	for k := range l.p.NAT.Aliases {
		if a := &l.p.NAT.Aliases[k]; a.If == o {
			return a.Line, true
		}
	}
	for _, list := range [][]compiler.Nat{l.p.NAT.Policies, l.p.NAT.Nats} {
		for k := range list {
			if n := &list[k]; n.DNS && (n.If == i || n.If == o) {
				return n.Line, true
			}
		}
	}
	return compiler.Line{}, false
}
