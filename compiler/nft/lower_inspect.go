package nft

import (
	"pixfw/ast"
	"pixfw/compiler"
)

// Inspections by the process (semantics.md section 7): payloads of connections to the ports of a fixup wait in a queue while it looks at
// them, when everything else has let them pass and translated them. While nobody listens they go on as they are: connections live, but
// nothing is looked at, and nothing opens.

// ways are the directions of a connection whose payloads are looked at: what the initiator says, and what the responder does.
type ways struct{ there, back bool }

// inspections are those that the process does, by their fixup.
var inspections = map[string]ways{"ftp": {true, true}, "http": {true, false}, "smtp": {true, true}}

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
		each   = "inspect"
		stream = "inspect_stream"
	)
	list, tcp := Chain{Name: each, Note: "Payloads that are looked at"}, false
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
		if w := inspections[f.Protocol]; w.there != w.back {
			match = append(match, Match{Field: CtReply, Not: w.there})
		}
		do := []Stmt{queue}
		if f.Transport == ast.ProtoTCP {
			do, tcp = []Stmt{Goto{stream}}, true
		}
		list.Rules = append(list.Rules, Rule{Match: match, Do: do, Line: f.Line})
	}
	if len(ports) == 0 {
		return
	}
	if tcp {
		l.chain(payloads(stream, queue))
	}
	l.chain(list)
	l.chain(Chain{Name: "inspected", Type: "filter", Hook: "postrouting", Priority: 120, Note: "Inspections by the process",
		Rules: []Rule{{Match: []Match{withPorts, own, {Field: OrigDport, Values: merge(ports)}}, Do: []Stmt{Jump{each}}}}})
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
