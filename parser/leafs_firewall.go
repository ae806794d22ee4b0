package parser

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The leaves of object groups, of the access control of old releases, and of the settings of the packet path.
type (
	anyProto    struct{ word } // number or name of an IP protocol, tcp and udp too
	legacyPorts struct{ word } // 80, www, 1024-65535; 0 for any
	legacyPort  struct{ word }
	listNum     struct{ word }
	denyFlows   struct{ word }
	alertSecs   struct{ word }
	fragSize    struct{ word }
	fragChain   struct{ word }
	fragSecs    struct{ word }
)

var (
	leafAnyProto = &leaf{name: "anyProto", placeholder: "<protocol>", help: "IP protocol, 0-255 or its name", words: literalWords(ast.Protocols()),
		match: func(w string) bool { _, ok := ast.ParseProtocol(w); return ok },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: "protocol " + w + " is out of range: expected 0-255"}
			}
			return unknownOf("protocol", w, ast.Protocols())
		}}
	leafLegacyPorts = &leaf{name: "legacyPorts", placeholder: "<port>[-<port>]", help: "port, or first and last port; 0 for any", words: portWords(-1),
		match: func(w string) bool { _, _, ok := legacyPortsOf(w); return ok }, bad: badLegacyPort}
	leafLegacyPort = &leaf{name: "legacyPort", placeholder: "<port>", help: "port, 0 for any", words: portWords(-1),
		match: func(w string) bool { _, ok := ast.ParsePort(-1, w); return ok }, bad: badLegacyPort}
	leafListNum   = num("listNum", 1, 1599, "number of an outbound list")
	leafDenyFlows = num("denyFlows", 1, 4096, "denied flows that are remembered")
	leafAlertSecs = num("alertSecs", 1, 3600, "seconds between two messages")
	leafFragSize  = num("fragSize", 1, 30000, "fragments that wait at one time")
	leafFragChain = num("fragChain", 1, 8200, "fragments of one packet")
	leafFragSecs  = num("fragSecs", 1, 30, "seconds to wait for the rest of a packet")

	firewallLeaves = []*leaf{leafAnyProto, leafLegacyPorts, leafLegacyPort, leafListNum, leafDenyFlows, leafAlertSecs, leafFragSize,
		leafFragChain, leafFragSecs}
)

func badLegacyPort(w string) *badValue {
	if digits(strings.ReplaceAll(w, "-", "")) {
		return &badValue{kind: ast.Range, message: "bad port " + w + ": expected 0-65535, or two such numbers joined by -"}
	}
	return unknownOf("port", w, ast.Ports(ast.ProtoTCP))
}

// legacyPortsOf reads a port or a range of ports. Names have hyphens, too: the whole word comes first.
func legacyPortsOf(w string) (lo, hi uint16, ok bool) {
	if p, ok := ast.ParsePort(-1, w); ok {
		return p, p, true
	}
	for i := 1; i < len(w)-1; i++ {
		if w[i] != '-' {
			continue
		}
		lo, ok1 := ast.ParsePort(-1, w[:i])
		hi, ok2 := ast.ParsePort(-1, w[i+1:])
		if ok1 && ok2 {
			return lo, hi, lo <= hi
		}
	}
	return 0, 0, false
}

func (l *anyProto) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafAnyProto) }
func (l *legacyPorts) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafLegacyPorts) }
func (l *legacyPort) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafLegacyPort) }
func (l *listNum) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafListNum) }
func (l *denyFlows) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafDenyFlows) }
func (l *alertSecs) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafAlertSecs) }
func (l *fragSize) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafFragSize) }
func (l *fragChain) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafFragChain) }
func (l *fragSecs) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafFragSecs) }
