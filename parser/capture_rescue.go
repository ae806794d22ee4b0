package parser

import (
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// The codes of what captures hold; ast/codes_capture.go documents them.
const (
	codeWrapped  = "E140"
	codeLayer    = "E141"
	codeSession  = "E142"
	codeReplaced = "E143"
	codeMasked   = "E144"
	codeGlued    = "E145"
	codeShort    = "E146"
	codeText     = "E147"
	codeCut      = "E148"
	codeOutput   = "E149"
)

// leadingWords begin a command.
var leadingWords = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, w := range automaton().Leading() {
		m[strings.ToLower(w)] = true
	}
	for _, o := range others {
		m[o[0]] = true
	}
	return m
})

// try is parseLine for a line that may well be no command: it makes no message.
func try(text string, scope Scope, no int32) (ast.Statement, bool) {
	if s, ok := fastLine(text, &scope, no, newEntry); ok {
		return s, true
	}
	s, found, _, _ := readLine(text, scope, no)
	return s, s.Cmd != nil && found == nil
}

// tried is try, for readings that are guesses: a guess must be without a flaw.
func (p *fileParser) tried(text string, no int32) (ast.Statement, bool) {
	if p.budget--; p.budget < 0 {
		return ast.Statement{}, false
	}
	return try(text, p.scope, no)
}

// rescue reads a line that is no command as it stands: as one that was damaged on its way, or as none at all. It returns
// false if nothing can be said that the parser's own message does not say better.
func (p *fileParser) rescue(l *Line, text string, found []finding) bool {
	trimmed := trim(text)
	switch {
	case p.session(l, text, trimmed):
		return true
	case p.budget >= 0 && (p.inline(l, text) || p.abbreviated(l, text) || p.glued(l, text)):
		return true
	case p.surroundings(l, text, trimmed):
		return true
	}
	return p.damaged(l, text, found)
}

// take makes a guessed reading the statement of the line.
func (p *fileParser) take(l *Line, s ast.Statement, x finding) bool {
	l.Kind, l.Stmt, l.guessed = Command, s, true
	p.add(l.No, l.Text, x)
	p.scope.Learn(s)
	return true
}

// inline reads a line with a comment behind the command.
func (p *fileParser) inline(l *Line, text string) bool {
	for i := 1; i+1 < len(text); i++ {
		if !blank(text[i-1]) || text[i] != '!' && text[i] != '#' && !strings.HasPrefix(text[i:], "--") {
			continue
		}
		if s, ok := p.tried(text[:i], l.No); ok {
			return p.take(l, s, finding{code: codeText, severity: ast.Info, col: 1 + chars(text[:i]), end: 1 + chars(strings.TrimRight(text, " \t\r")),
				badValue: badValue{kind: ast.Damage, message: "the comment behind the command is left out"}})
		}
		return false
	}
	return false
}

// abbreviated reads a line whose keywords were cut short, as people type them; the first must be whole.
func (p *fileParser) abbreviated(l *Line, text string) bool {
	list := lexLine(text, nil)
	words := make([]string, 0, len(list))
	for _, t := range list[:len(list)-1] {
		words = append(words, t.Value)
	}
	if len(words) < 2 || len(words) > 40 || !leadingWords()[strings.ToLower(words[0])] {
		return false
	}
	p.budget--
	whole, err := automaton().ExpandLenient(words)
	if err != nil || len(whole) != len(words) {
		return false
	}
	var b strings.Builder
	at, first := 0, -1
	for i, w := range whole {
		from := list[i].Pos.Offset
		b.WriteString(text[at:from])
		at = from + len(words[i])
		b.WriteString(w)
		if w != words[i] && !strings.EqualFold(w, words[i]) {
			// A word that lacks its last letter only was not cut short for ease: it is a slip.
			if i == 0 || len(words[i]) < 2 || strings.HasSuffix(words[i], "-") || len(w) < len(words[i])+2 {
				return false
			}
			if first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return false
	}
	b.WriteString(text[at:])
	s, ok := p.tried(b.String(), l.No)
	if !ok {
		return false
	}
	x := wrong(list[first], codeShort, badValue{kind: ast.Lint, message: quote(words[first]) + " is short for " + quote(whole[first])})
	x.severity = ast.Info
	if whole[first] == "dnsix" { // the manuals warn of it (commands-firewall.md section 1.3)
		x.severity, x.hint = ast.Warning, "the port of DNS is called domain"
	}
	return p.take(l, s, x)
}

// glued reads a line in which a blank between two words was lost, if there is one place only to put it.
func (p *fileParser) glued(l *Line, text string) bool {
	list := lexLine(text, nil)
	words := make([]string, 0, len(list))
	for _, t := range list[:len(list)-1] {
		words = append(words, t.Value)
	}
	if len(words) == 0 || len(words) > 40 {
		return false
	}
	n := automaton().Reach(words)
	var found ast.Statement
	var place finding
	many := 0
	for i := max(n-1, 0); i <= n && i < len(words); i++ {
		w := words[i]
		if len(w) > 64 {
			return false
		}
		_, next := automaton().Walk(words[:i])
		for k := 2; k < len(w)-1; k++ {
			if !keyword(next, w[:k]) && !(i < n && leadsOn(words[:i], w[:k], w[k:])) {
				continue
			}
			at := list[i].Pos.Offset + k
			s, ok := p.tried(text[:at]+" "+text[at:], l.No)
			if !ok {
				continue
			}
			many++
			found = s
			place = wrong(list[i], codeGlued, badValue{kind: ast.Damage, message: quote(w) + " is read as two words: " + quote(w[:k]+" "+w[k:]),
				hint: "compare it with the text that this was taken from", suggestion: ""})
			place.severity = ast.Warning
		}
	}
	if many != 1 {
		return false
	}
	return p.take(l, found, place)
}

func keyword(next []syntax.Next, w string) bool {
	for _, x := range next {
		if x.Literal != "" && strings.EqualFold(x.Literal, w) {
			return true
		}
	}
	return false
}

// leadsOn reports whether a name that ends before a keyword was glued to it, as in 101permit.
func leadsOn(before []string, name, rest string) bool {
	n, next := automaton().Walk(append(before[:len(before):len(before)], name))
	return n == len(before)+1 && len(rest) > 1 && keyword(next, rest)
}
