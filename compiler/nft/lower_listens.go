package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// What the firewall would speak itself (DHCP, NTP, RIP, OSPF, IGMP) is let in where a line switches it on (semantics.md 1.9): to
// whatever the host has that speaks it. Otherwise the kernel drops it without a word, like what any closed port gets.

// listens lets in what lines of interface i make the firewall listen to, at its own address, by broadcast and multicast.
func (l *lowerer) listens(i int, to Match) (rules []Rule) {
	for k := range l.p.Box.Listens {
		x := &l.p.Box.Listens[k]
		if x.If != i {
			continue
		}
		match := []Match{to, proto(uint32(x.Proto))}
		if x.Port != 0 {
			match = append(match, Match{Field: Dport, Values: one(uint32(x.Port))})
		}
		rules = append(rules, Rule{Match: match, Do: []Stmt{Accept{}}, Line: x.Line})
	}
	return rules
}

// asksAddress reports whether a service is one that hosts without an address ask, and addressRequest is what they send to it on a device.
func asksAddress(x *compiler.Listen) bool { return x.Proto == ast.ProtoUDP && x.Port == 67 }

func addressRequest(dev string) []Match {
	return []Match{iif(dev), src(host(0)), dst(host(ast.AllOnes)), proto(ast.ProtoUDP), {Field: Sport, Values: one(68)}, {Field: Dport, Values: one(67)}}
}

// unlikely drops packets with IP options and from sources that cannot be (semantics.md 1.7), but for those that services on an
// interface get so: reports of IGMP versions 2 and 3 with the router alert option (RFC 2236 2), and requests of hosts that have no
// address yet (RFC 2131 4.1).
func (l *lowerer) unlikely() (options, invalid Rule) {
	var reports, requests []Rule
	for k := range l.p.Box.Listens {
		x := &l.p.Box.Listens[k]
		dev := l.dev[x.If]
		switch {
		case dev == "":
		case x.Proto == ast.ProtoIGMP:
			reports = append(reports, Rule{Match: []Match{iif(dev), proto(ast.ProtoIGMP), {Field: FirstOption, Values: one(routerAlert)}}, Do: []Stmt{Return{}},
				Line: x.Line, Note: "router alert"})
		case asksAddress(x):
			requests = append(requests, Rule{Match: addressRequest(dev), Do: []Stmt{Return{}}, Line: x.Line, Note: "a host without an address"})
		}
	}
	// but is a rule that drops, or a jump to it behind the exceptions.
	but := func(name string, exceptions []Rule, id, note string, match ...Match) Rule {
		if len(exceptions) == 0 {
			return deny(id, note, compiler.Line{}, match...)
		}
		l.chain(Chain{Name: name, Rules: append(slices.Clone(exceptions), deny(id, note, compiler.Line{})), Note: note})
		return Rule{Match: match, Do: []Stmt{Jump{name}}}
	}
	return but("options", reports, "106012", "IP options", Match{Field: HdrLen, Values: one(5)}),
		but("sources", requests, "106016", "invalid source", inSet(Saddr, "bad_source"))
}

// routerAlert is the IP option of that name (RFC 2113).
const routerAlert = 148
