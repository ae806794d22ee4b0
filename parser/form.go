package parser

import (
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// A form is one grammar: how it reads a line, and its EBNF. Its parser is built on first use.
type form struct {
	read func(lex *lexer.PeekingLexer, c *conv) (ast.Command, error)
	ebnf func() string
}

// grammar is the type of a participle grammar: a struct with tags, that knows its command.
type grammar[G any] interface {
	*G
	toAST(*conv) ast.Command
}

func newForm[G any, P grammar[G]]() *form {
	parser := sync.OnceValue(func() *participle.Parser[member] { return buildParser(P(nil)) })
	return &form{
		read: func(lex *lexer.PeekingLexer, c *conv) (ast.Command, error) {
			g, err := parser().ParseFromLexer(lex)
			if err != nil {
				return nil, err
			}
			return (*g).(P).toAST(c), nil
		},
		ebnf: sync.OnceValue(func() string { return ebnfOf(P(nil)) }),
	}
}

// member is a pointer to the struct of any grammar. Parsers are those of this one type: the compiler makes all methods of every
// participle.Parser[G] anew, and hundreds of them take it half a minute.
type member interface{}

func grammarOptions(g member) []participle.Option {
	return []participle.Option{participle.Union(g), participle.Lexer(lexDef{}), participle.UseLookahead(participle.MaxLookahead),
		participle.CaseInsensitive("Word", "Punct", "Alias", "Span")}
}

// buildParser makes the parser of a grammar. What it reads is a pointer like g.
func buildParser(g member) *participle.Parser[member] {
	return participle.MustBuild[member](grammarOptions(g)...)
}

// ebnfOf is the EBNF of a grammar, its own production first.
func ebnfOf(g member) string {
	type root struct {
		Member member `parser:"@@"`
	}
	text := participle.MustBuild[root](grammarOptions(g)...).String()
	_, text, _ = strings.Cut(text, "\n") // Root = Member .
	_, text, _ = strings.Cut(text, "\n") // Member = the grammar .
	return text
}

// kw captures keywords: in the case of the grammar, joined by blanks.
type kw string

func (k *kw) Capture(words []string) error {
	for _, w := range words {
		if *k != "" {
			*k += " "
		}
		*k += kw(strings.ToLower(strings.ToUpper(w))) // some letters, such as \u017f, are the capital's only by way of it
	}
	return nil
}

// conv turns what a grammar has read into ast. It knows the names that stand for addresses at this line, and collects what
// the grammar could not see.
type conv struct {
	names  map[string]ast.IP
	groups map[string]string // types of object groups
	group  Group             // that is open
	mode   string            // sub-mode that is open
	pos    ast.Pos
	found  []finding
}

// A finding is a diagnostic of one line without its frame.
type finding struct {
	code     string
	severity ast.Severity
	col, end int
	badValue
}

func (c *conv) fail(w word, code string, b badValue) {
	c.found = append(c.found, finding{code, ast.Error, w.Col, w.Col + chars(w.Text), b})
}

func (c *conv) warn(w word, code string, b badValue) {
	c.found = append(c.found, finding{code, ast.Warning, w.Col, w.Col + chars(w.Text), b})
}

// ip is the address of a leaf, which the lexer or its match has checked. Names are resolved here, where an address stands,
// and nowhere else.
func (c *conv) ip(w word) ast.IP {
	if w.Type == tokAlias {
		if ip, ok := c.names[w.Text]; ok {
			return ip
		}
	}
	ip, _ := ast.ParseIP(w.Text)
	return ip
}

func (c *conv) span(w word) (first, last ast.IP) {
	first, last, _ = spanOf(w.Text, c.names)
	return first, last
}

// mask is the mask of a leaf, or the one that an address implies: its class's for a network address, else the host mask.
func (c *conv) mask(w word, ip ast.IP) ast.IP {
	if w.given() {
		m, _ := ast.ParseIP(w.Text)
		return m
	}
	if m := classMask(ip); ip&^m == 0 {
		return m
	}
	return ast.AllOnes
}

// classMask is the mask of the class that an address belongs to; none for 0.0.0.0.
func classMask(ip ast.IP) ast.IP {
	switch {
	case ip == 0:
		return 0
	case ip>>31 == 0:
		return ast.MaskOf(8)
	case ip>>30 == 2:
		return ast.MaskOf(16)
	case ip>>29 == 6:
		return ast.MaskOf(24)
	}
	return ast.AllOnes
}

// net is an address and mask as they stand, for commands that keep the host bits.
func (c *conv) net(addr, mask word) ast.Net {
	ip := c.ip(addr)
	return ast.Net{IP: ip, Mask: c.mask(mask, ip)}
}

// netOff is net with the host bits masked off, and a warning if there were any.
func (c *conv) netOff(addr, mask word) ast.Net {
	n := c.net(addr, mask)
	if off := n.IP & n.Mask; off != n.IP {
		b := badValue{kind: ast.BadValue, message: "address " + n.IP.String() + " has bits outside the mask " +
			n.Mask.String() + "; they are ignored", hint: "the same as " + off.String() + " " + n.Mask.String()}
		if n.Mask != 0 && (^n.Mask).Contiguous() {
			b.hint += "; if this is a wildcard mask, a PIX wants " + (n.IP & ^n.Mask).String() + " " + (^n.Mask).String()
		}
		c.warn(addr, codeHostBits, b)
		n.IP = off
	}
	return n
}
