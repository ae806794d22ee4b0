package parser

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// actions are commands that do something once and leave nothing in the configuration, by their leading words; * stands for
// any word (commands-firewall.md sections 5.1, 5.11, 5.15, 5.19).
var actions = [][]string{{"clock", "set"}, {"failover", "active"}, {"failover", "reset"}, {"activation-key"}, {"pdm", "disconnect"},
	{"interface", "*", "change-vlan"}, {"clear", "interface"}, {"clear", "logging"}, {"dhcpd", "address", "release"}}

// once tells a line that does something once from one that is not understood.
func once(list []lexer.Token) (finding, bool) {
	words := list[:len(list)-1]
	if len(words) > 0 && strings.EqualFold(words[0].Value, "no") {
		words = words[1:]
	}
	for _, a := range actions {
		if len(words) < len(a) {
			continue
		}
		same := true
		for i, w := range a {
			same = same && (w == "*" || strings.EqualFold(words[i].Value, w))
		}
		if same {
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
