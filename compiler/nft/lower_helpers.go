package nft

import (
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// helpers assigns the kernel's connection tracking helpers to the ports of fixups.
func (l *lowerer) helpers() {
	var rules []Rule
	seen := map[string]bool{}
	for i := range l.p.Fixups {
		f := &l.p.Fixups[i]
		h, ok := l.helper(f)
		means := "further connections of fixup protocol " + strings.TrimSpace(f.Protocol+" "+f.Sub) + " are not opened: each needs an entry of the access list"
		if h == Spare {
			means = "what fixup protocol " + f.Protocol + " would have to make longer or shorter when it is translated opens nothing"
		}
		if !ok {
			continue
		}
		if l.lacks(HelperFeature(h), f.Line, means, "") {
			continue
		}
		name := "fixup_" + word(h) + "_" + ast.ProtocolWord(f.Transport)
		if !seen[name] {
			seen[name] = true
			l.rs.Helpers = append(l.rs.Helpers, Helper{Name: name, Type: h, Proto: f.Transport, Line: f.Line})
		}
		rules = append(rules, Rule{Match: []Match{proto(uint32(f.Transport)), {Field: Dport, Values: []Range{{uint32(f.Ports.Lo), uint32(f.Ports.Hi)}}}}, Do: []Stmt{SetHelper{name}}, Line: f.Line})
	}
	if len(rules) > 0 {
		rules = append([]Rule{{Match: []Match{{Field: CtState, Not: true, Mask: StateNew}}, Do: []Stmt{Accept{}}}}, rules...)
		l.chain(Chain{Name: "fixups", Type: "filter", Hook: "prerouting", Priority: -160, Rules: rules,
			Note: "Application inspection by the kernel's helpers"})
	}
}

// helper is that of the kernel which connections to the ports of a fixup get.
func (l *lowerer) helper(f *compiler.Fixup) (string, bool) {
	if l.opts.Daemon && Moving(f) {
		return Spare, true
	}
	return kernelHelper(f)
}

// children are rules for connections that helpers of the kernel expect, and that a PIX does not let in for that. What a helper expects that
// is there for its room alone is nobody's. SIP has media opened: a call from where a host has registered is judged by the access list, as
// any other, though it is translated as the helper says.
func (l *lowerer) children() (rules []Rule) {
	related := Match{Field: CtState, Mask: StateRelated}
	of := func(helper string) Match { return Match{Field: ParentHelper, Name: helper} }
	ports := map[uint8][]Range{}
	spare := false
	for k := range l.p.Fixups {
		f := &l.p.Fixups[k]
		h, ok := l.helper(f)
		if !ok || l.opts.Lacks[HelperFeature(h)] {
			continue
		}
		spare = spare || h == Spare
		if h == "sip" {
			ports[f.Transport] = append(ports[f.Transport], Range{uint32(f.Ports.Lo), uint32(f.Ports.Hi)})
		}
	}
	if spare {
		rules = append(rules, Rule{Match: []Match{related, of(Spare)}, Do: []Stmt{Counter{}, Drop{}}, Note: "nobody speaks the protocol of this helper"})
	}
	for _, transport := range []uint8{ast.ProtoTCP, ast.ProtoUDP} {
		if r := merge(ports[transport]); len(r) > 0 {
			for _, i := range l.ifs {
				rules = append(rules, Rule{Match: []Match{iif(l.dev[i]), related, of("sip"), proto(uint32(transport)), {Field: Dport, Values: r}}, Do: []Stmt{Goto{"check_" + l.id[i]}},
					Note: "signalling of SIP"})
			}
		}
	}
	return rules
}

// kernelHelper is the one that does the inspection.
func kernelHelper(f *compiler.Fixup) (string, bool) {
	if f.Transport != ast.ProtoTCP && f.Transport != ast.ProtoUDP || f.Ports.Lo == 0 {
		return "", false
	}
	switch {
	case f.Protocol == "ftp" && f.Transport == ast.ProtoTCP, f.Protocol == "pptp" && f.Transport == ast.ProtoTCP,
		f.Protocol == "tftp" && f.Transport == ast.ProtoUDP, f.Protocol == "sip":
		return f.Protocol, true
	case f.Protocol == "h323" && f.Sub == "h225" && f.Transport == ast.ProtoTCP:
		return "Q.931", true
	case f.Protocol == "h323" && f.Sub == "ras" && f.Transport == ast.ProtoUDP:
		return "RAS", true
	}
	return "", false
}
