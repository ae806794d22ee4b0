package repair

import (
	"maps"
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/parser/syntax"
)

// A language is what the repair knows of commands: all of it comes from the
// grammars.
type language struct {
	a       *syntax.Automaton
	leading map[string]bool // folded
	// parse reads one command with the real parser; ok is false if it does not
	// take it.
	parse func(line string, names map[string]ast.IP) (s ast.Statement, ok bool)
}

func newLanguage(grammars []syntax.Grammar, classes map[string]syntax.Class,
	parse func(string, map[string]ast.IP) (ast.Statement, bool)) (*language, error) {
	a, err := syntax.New(grammars, classes)
	if err != nil {
		return nil, err
	}
	l := &language{a: a, parse: parse, leading: map[string]bool{}}
	for _, w := range a.Leading() {
		l.leading[strings.ToLower(w)] = true
	}
	return l, nil
}

// pix is the language of package parser, made when it is first needed.
var pix = sync.OnceValues(func() (*language, error) {
	return newLanguage(parser.Grammars(), parser.Classes(), parseStatement)
})

func parseStatement(line string, names map[string]ast.IP) (ast.Statement, bool) {
	s, diags := parser.ParseStatement(line, parser.Scope{Names: names})
	return s, s.Cmd != nil && !diags.HasErrors()
}

// naming returns the language in which the names stand for addresses.
func naming(names map[string]ast.IP) (*language, error) {
	classes := maps.Clone(parser.Classes())
	for id, c := range classes {
		if c.Match == nil || c.Loose || c.EBNF != "" || !c.Match("192.0.2.1") {
			continue
		}
		// More classes take an address than take a name for one, and the real
		// parser has the last word.
		match := c.Match
		c.Match = func(w string) bool {
			_, ok := names[w]
			return ok || match(w)
		}
		classes[id] = c
	}
	return newLanguage(parser.Grammars(), classes, parseStatement)
}

// begins reports whether the word can begin a command.
func (l *language) begins(word string) bool { return l.leading[strings.ToLower(word)] }

// takes reports whether the real parser takes the line.
func (l *language) takes(line string) bool {
	_, ok := l.parse(line, nil)
	return ok
}
