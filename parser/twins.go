package parser

import (
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// Twins: the parts that every entry of an access list is made of are declared as grammars like all others, and read by hand,
// which is several times as fast. A type T has the fields of TGrammar, but not its tags' meaning: participle sees that it
// parses itself. The declared twin lends it its EBNF (so that help, messages and repair see no difference), and a test holds
// the two equal word by word.
type (
	aceAction  aceActionGrammar
	aceTCP     aceTCPGrammar
	aceUDP     aceUDPGrammar
	aceICMP    aceICMPGrammar
	aceAddr    aceAddrGrammar
	aceMore    aceMoreGrammar
	tcpCompare tcpCompareGrammar
	udpCompare udpCompareGrammar
	anyCompare anyCompareGrammar
	otherProto otherProtoGrammar
	tcpTail    tcpTailGrammar
	udpTail    udpTailGrammar
	anyTail    anyTailGrammar
	logOption  logOptionGrammar
)

// twins is the EBNF of each, by the name of the type that parses itself.
var twins = sync.OnceValue(func() map[string]syntax.Class {
	return map[string]syntax.Class{
		"aceAction":  {EBNF: ebnfOf(&aceActionGrammar{})},
		"aceTCP":     {EBNF: ebnfOf(&aceTCPGrammar{})},
		"aceUDP":     {EBNF: ebnfOf(&aceUDPGrammar{})},
		"aceICMP":    {EBNF: ebnfOf(&aceICMPGrammar{})},
		"aceAddr":    {EBNF: ebnfOf(&aceAddrGrammar{})},
		"aceMore":    {EBNF: ebnfOf(&aceMoreGrammar{})},
		"tcpCompare": {EBNF: ebnfOf(&tcpCompareGrammar{})},
		"udpCompare": {EBNF: ebnfOf(&udpCompareGrammar{})},
		"anyCompare": {EBNF: ebnfOf(&anyCompareGrammar{})},
		"otherProto": {EBNF: ebnfOf(&otherProtoGrammar{})},
		"tcpTail":    {EBNF: ebnfOf(&tcpTailGrammar{})},
		"udpTail":    {EBNF: ebnfOf(&udpTailGrammar{})},
		"anyTail":    {EBNF: ebnfOf(&anyTailGrammar{})},
		"logOption":  {EBNF: ebnfOf(&logOptionGrammar{})},
	}
})

// stuck is the error of a part that has begun and cannot go on; participle then tries what else could stand there.
func stuck(lex *lexer.PeekingLexer) error {
	return &participle.UnexpectedTokenError{Unexpected: *lex.Peek()}
}

// is takes a keyword.
func is(lex *lexer.PeekingLexer, keyword string) bool {
	t := lex.Peek()
	if t.EOF() || !same(t.Value, keyword) {
		return false
	}
	lex.Next()
	return true
}

// same is strings.EqualFold for a keyword, of which most words have not even the first letter.
func same(word, keyword string) bool {
	return word == keyword || (word[0]|0x20 == keyword[0] || word[0] >= 0x80) && strings.EqualFold(word, keyword)
}

// must makes the error of a leaf within a part.
func must(lex *lexer.PeekingLexer, err error) error {
	if err == participle.NextMatch {
		return stuck(lex)
	}
	return err
}

// oneOf takes one of some keywords, if it is there.
func oneOf(lex *lexer.PeekingLexer, keywords []string) kw {
	t := lex.Peek()
	if t.EOF() {
		return ""
	}
	for _, w := range keywords {
		if same(t.Value, w) {
			lex.Next()
			return kw(w)
		}
	}
	return ""
}

// The words of aceActionGrammar, of comparisons, and of aceMoreGrammar.
var (
	actionWords  = []string{"permit", "deny"}
	compareWords = []string{"eq", "neq", "lt", "gt", "range"}
	moreWords    = []string{"any", "host", "interface", "object-group", "eq", "neq", "lt", "gt", "range"}
)

func (g *aceAction) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = oneOf(lex, actionWords); g.Word == "" {
		return participle.NextMatch
	}
	return nil
}

func (g *aceMore) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = oneOf(lex, moreWords); g.Word != "" {
		return nil
	}
	return g.IP.Parse(lex)
}

func (g *aceTCP) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = is(lex, "tcp"); g.Word {
		return nil
	}
	return g.Num.Parse(lex)
}

func (g *aceUDP) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = is(lex, "udp"); g.Word {
		return nil
	}
	return g.Num.Parse(lex)
}

func (g *aceICMP) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = is(lex, "icmp"); g.Word {
		return nil
	}
	return g.Num.Parse(lex)
}

func (g *aceAddr) Parse(lex *lexer.PeekingLexer) error {
	back := lex.MakeCheckpoint()
	var err error
	switch {
	case is(lex, "any"):
		g.Any = true
		return nil
	case is(lex, "host"):
		err = g.Host.Parse(lex)
	case is(lex, "interface"):
		err = g.If.Parse(lex)
	case is(lex, "object-group"):
		err = g.Group.Parse(lex)
	default:
		return g.network(lex)
	}
	if err == nil {
		return nil
	}
	// A keyword may be the name of an address as well.
	bad := must(lex, err)
	lex.LoadCheckpoint(back)
	if g.network(lex) == nil {
		return nil
	}
	return bad
}

func (g *aceAddr) network(lex *lexer.PeekingLexer) error {
	if err := g.IP.Parse(lex); err != nil {
		return err
	}
	return must(lex, g.Mask.Parse(lex))
}

func (g *aceAddr) addr(c *conv) ast.Addr { return (*aceAddrGrammar)(g).addr(c) }

func (g *tcpCompare) Parse(lex *lexer.PeekingLexer) error {
	return comparison(lex, leafTCPPort, &g.Op, &g.Port.word, &g.First.word, &g.Last.word)
}

func (g *udpCompare) Parse(lex *lexer.PeekingLexer) error {
	return comparison(lex, leafUDPPort, &g.Op, &g.Port.word, &g.First.word, &g.Last.word)
}

func (g *anyCompare) Parse(lex *lexer.PeekingLexer) error {
	return comparison(lex, leafAnyPort, &g.Op, &g.Port.word, &g.First.word, &g.Last.word)
}

func (g *tcpCompare) match(c *conv) ast.PortMatch { return (*tcpCompareGrammar)(g).match(c) }
func (g *udpCompare) match(c *conv) ast.PortMatch { return (*udpCompareGrammar)(g).match(c) }
func (g *anyCompare) match(c *conv) ast.PortMatch { return (*anyCompareGrammar)(g).match(c) }

func comparison(lex *lexer.PeekingLexer, port *leaf, op *kw, value, first, last *word) error {
	for _, w := range [...]string{"eq", "neq", "lt", "gt"} {
		if is(lex, w) {
			*op = kw(w)
			return must(lex, value.take(lex, port))
		}
	}
	if !is(lex, "range") {
		return participle.NextMatch
	}
	if err := first.take(lex, port); err != nil {
		return must(lex, err)
	}
	return must(lex, last.take(lex, port))
}

func (g *tcpTail) Parse(lex *lexer.PeekingLexer) error {
	return tail(lex, &g.SrcPort, &g.Dst, &g.DstPort, &g.Group)
}

func (g *udpTail) Parse(lex *lexer.PeekingLexer) error {
	return tail(lex, &g.SrcPort, &g.Dst, &g.DstPort, &g.Group)
}

func (g *anyTail) Parse(lex *lexer.PeekingLexer) error {
	return tail(lex, &g.SrcPort, &g.Dst, &g.DstPort, &g.Group)
}

// tail reads what follows a source, with comparisons of type C.
func tail[C any, P interface {
	*C
	participle.Parseable
}](lex *lexer.PeekingLexer, source **C, dst *aceAddr, port **C, group *groupID) error {
	*source = perhaps[C, P](lex)
	if err := dst.Parse(lex); err != nil {
		return must(lex, err)
	}
	if *port = perhaps[C, P](lex); *port == nil {
		back := lex.MakeCheckpoint()
		if is(lex, "object-group") && group.Parse(lex) != nil {
			*group = groupID{}
			lex.LoadCheckpoint(back)
		}
	}
	back := lex.MakeCheckpoint()
	var more aceMore
	err := more.Parse(lex)
	lex.LoadCheckpoint(back)
	if err == nil {
		return stuck(lex)
	}
	return nil
}

// perhaps reads a comparison that may be there: nil, and not a word taken, if it is not.
func perhaps[C any, P interface {
	*C
	participle.Parseable
}](lex *lexer.PeekingLexer) *C {
	back := lex.MakeCheckpoint()
	if oneOf(lex, compareWords) == "" {
		return nil
	}
	lex.LoadCheckpoint(back)
	c := new(C)
	if P(c).Parse(lex) == nil {
		return c
	}
	lex.LoadCheckpoint(back)
	return nil
}

// otherProtocols are the words of otherProtoGrammar.
var otherProtocols = []string{"ip", "ah", "eigrp", "esp", "gre", "igmp", "igrp", "ipinip", "nos", "ospf", "pcp", "snp", "ipsec", "pptp"}

func (g *otherProto) Parse(lex *lexer.PeekingLexer) error {
	if g.Word = oneOf(lex, otherProtocols); g.Word != "" {
		return nil
	}
	return g.Number.Parse(lex)
}

func (g *logOption) Parse(lex *lexer.PeekingLexer) error {
	if !is(lex, "log") {
		return participle.NextMatch
	}
	g.On = true
	switch {
	case is(lex, "disable"):
		g.Mode = "disable"
		return nil
	case is(lex, "default"):
		g.Mode = "default"
		return nil
	}
	interval := &g.Only
	if g.Level.Parse(lex) == nil {
		interval = &g.Interval
	}
	back := lex.MakeCheckpoint()
	if is(lex, "interval") && interval.Parse(lex) != nil {
		lex.LoadCheckpoint(back)
	}
	return nil
}
