package parser

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// actions are commands that do something once and leave nothing in the configuration, by their leading words; * stands for
// any word (commands-firewall.md sections 5.1, 5.11, 5.15, 5.19).
var actions = [][]string{{"clock", "set"}, {"failover", "active"}, {"failover", "reset"}, {"activation-key"}, {"pdm", "disconnect"},
	{"interface", "*", "change-vlan"}, {"clear", "interface"}, {"clear", "logging"}, {"dhcpd", "address", "release"},
	{"clear", "ip", "audit", "count"}, {"clear", "access-list", "*", "counters"}, {"clear", "conduit", "counters"}, {"clear", "igmp"},
	{"ssh", "disconnect"}, {"terminal", "monitor"}, {"terminal", "no", "monitor"}, {"clear", "dhcpd", "binding"},
	{"clear", "dhcpd", "statistics"}, {"clear", "shun", "statistics"}, {"clear", "vpdn", "tunnel"}, {"clear", "ipsec", "sa"},
	{"clear", "crypto", "ipsec", "sa"}, {"perfmon"}, {"capture"}, {"eeprom"}, {"flashfs"}, {"crashinfo"}, {"setup"}}

// notKept is the finding of a command in a file that a PIX carries out and does not keep, so that reading the file does not do it.
func notKept(s ast.Statement) (x finding, ok bool) {
	const never = "which no PIX keeps in its configuration"
	x = finding{code: codeAction, severity: ast.Info}
	switch cmd := s.Cmd.(type) {
	case *ast.Shun:
		x.col, x.message = int(cmd.Pos.Col), "lets in again who is shut out by a shun, "+never+": nobody is, by a file"
		if s.Verb == ast.Set {
			x.severity, x.message = ast.Warning, "a shun is done at once, "+never+": the host is not shut out by this line"
			x.hint = "type it at the console of the running firewall, or deny the host in an access list"
		}
	case *ast.Cleared:
		if cmd.Name != "shun" {
			return finding{}, false
		}
		x.col, x.message = int(cmd.Pos.Col), "lets in again who is shut out by a shun, "+never+": nobody is, by a file"
	default:
		return finding{}, false
	}
	x.col, x.kind = max(x.col, 1), ast.Lint
	return x, true
}

// laterLines are lines of a later release that begin like commands of 6.3, by their leading words; * stands for any word. What
// the last word is, and what 6.3 has in its place (commands-firewall.md sections 5.6, 5.10, 5.12, 5.15; commands-vpn-aaa-show.md
// section 1.3).
var laterLines = []struct {
	words []string
	hint  string
}{
	{[]string{"isakmp", "am-disable"}, "6.3 cannot switch aggressive mode off"},
	{[]string{"isakmp", "policy", "*", "group", "7"}, "6.3 has the groups 1, 2 and 5"},
	{[]string{"failover", "key"}, "6.3 writes failover lan key"},
	{[]string{"snmp-server", "host", "*", "*", "community"}, "6.3 has one community for all, set by snmp-server community"},
	{[]string{"snmp-server", "host", "*", "*", "version"}, "6.3 speaks version 1 only"},
	{[]string{"snmp-server", "host", "*", "*", "udp-port"}, "6.3 uses port 162"},
	{[]string{"route", "*", "*", "*", "*", "tunneled"}, "6.3 has one default route for all"},
	{[]string{"prompt"}, "6.3 shows the host name"},
	{[]string{"ssh", "version"}, "6.3 speaks version 1 only"},
}

// laterLine tells a line of a later release by what the table says.
func laterLine(list []lexer.Token) (finding, bool) {
	words := list[:len(list)-1]
	if len(words) > 0 && strings.EqualFold(words[0].Value, "no") {
		words = words[1:]
	}
	for _, l := range laterLines {
		if !leads(words, l.words) {
			continue
		}
		n := len(l.words)
		return wrong(words[n-1], codeASALine, badValue{kind: ast.ASASyntax, message: quote(said(words[:n])) + " is syntax of a later release",
			hint: l.hint}), true
	}
	if len(words) > 0 && (strings.EqualFold(words[0].Value, "nat") || strings.EqualFold(words[0].Value, "static")) {
		return laterLimits(words)
	}
	return finding{}, false
}

// laterLimits tells limits of a later release, which stand behind tcp and udp: `tcp 100 50 udp 100`. In a static of 6.3 an address
// follows these words.
func laterLimits(words []lexer.Token) (finding, bool) {
	for i, w := range words[:len(words)-1] {
		if !strings.EqualFold(w.Value, "tcp") && !strings.EqualFold(w.Value, "udp") {
			continue
		}
		if _, err := strconv.ParseUint(words[i+1].Value, 10, 32); err == nil {
			return wrong(w, codeASALine, badValue{kind: ast.ASASyntax, message: quote(w.Value+" "+words[i+1].Value) + " is syntax of a later release",
				hint: "6.3 has one limit of connections, and one of half-open ones, for both: " + words[0].Value + " ... [CONNS [EMBRYONIC]]"}), true
		}
	}
	return finding{}, false
}

// leads reports whether a line begins with the words; * stands for any.
func leads(list []lexer.Token, words []string) bool {
	if len(list) < len(words) {
		return false
	}
	for i, w := range words {
		if w != "*" && !strings.EqualFold(list[i].Value, w) {
			return false
		}
	}
	return true
}

// once tells a line that does something once from one that is not understood.
func once(list []lexer.Token) (finding, bool) {
	words := list[:len(list)-1]
	if len(words) > 0 && strings.EqualFold(words[0].Value, "no") {
		words = words[1:]
	}
	for _, a := range actions {
		if leads(words, a) {
			x := wrong(words[len(a)-1], codeAction, badValue{kind: ast.Lint, message: quote(said(words[:len(a)])) + " is an action, not configuration"})
			x.severity, x.col = ast.Warning, words[0].Pos.Column
			return x, true
		}
	}
	return finding{}, false
}

// sharpen says more of a line that was not understood than the automaton can.
func sharpen(list []lexer.Token, x finding) finding {
	if a, ok := once(list); ok {
		return a
	}
	if l, ok := laterLine(list); ok {
		return l
	}
	words := list[:len(list)-1]
	if len(words) > 2 && strings.EqualFold(words[0].Value, "interface") && x.col == words[2].Pos.Column {
		if b := leafVLAN.bad(words[2].Value); b != nil {
			return wrong(words[2], codeRange, *b)
		}
	}
	if len(words) < 4 || !strings.EqualFold(words[0].Value, "route") || x.code != codeMissing && x.code != codeBadValue && x.code != codeUnexpected {
		return x
	}
	gateway := badValue{kind: ast.MissingArgument, message: "the route has no gateway", hint: "expected route IF IP MASK GATEWAY [METRIC]"}
	switch {
	case isIP(words[1].Value) && isIP(words[2].Value):
		gateway.message = "the route has no interface"
		return wrong(words[1], codeMissing, gateway)
	case len(words) == 4 && isIP(words[2].Value) && isIP(words[3].Value):
		y := missing(list[len(list)-1], nil)
		y.badValue = gateway
		return y
	case len(words) == 5 && digits(words[4].Value):
		return wrong(words[4], codeMissing, gateway)
	}
	return x
}
