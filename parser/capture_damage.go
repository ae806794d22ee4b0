package parser

import (
	"strings"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// damaged explains a line that someone damaged who wanted to hide names and addresses, or that was cut off. The line stays
// Bad: what was there before is a guess, and only named.
func (p *fileParser) damaged(l *Line, text string, found []finding) bool {
	list := lexLine(text, nil)
	words := make([]string, 0, len(list))
	for _, t := range list[:len(list)-1] {
		words = append(words, t.Value)
	}
	if len(words) == 0 || len(words) > 60 {
		return false
	}
	for i, w := range words {
		if maskedIP(w) {
			l.Kind = Bad
			p.note("", l, wrong(list[i], codeMasked, badValue{kind: ast.Damage, message: "the address " + quote(w) + " was made unreadable",
				hint: "put the address back"}))
			return true
		}
	}
	n := automaton().Reach(words)
	if n < len(words) && n > 0 {
		if end := placeholder(text[list[n].Pos.Offset:]); end > 0 {
			l.Kind = Bad
			x := wrong(list[n], codeMasked, badValue{kind: ast.Damage, message: quote(text[list[n].Pos.Offset:][:end]) + " stands for a value that someone took out", hint: "put the value back"})
			x.end = x.col + chars(text[list[n].Pos.Offset:][:end])
			p.note("", l, x)
			return true
		}
	}
	if n >= len(words) || !replaced(words[n]) {
		return false
	}
	_, next := automaton().Walk(words)
	k := p.likely(l.No, text, words[n], next, list[n].Pos.Offset)
	if k == "" {
		return false
	}
	l.Kind = Bad
	x := wrong(list[n], codeReplaced, badValue{kind: ast.Damage, message: quote(words[n]) + " stands where a keyword belongs: a word was replaced in the whole text",
		suggestion: k, hint: "put the word back: everything that was hidden like it is damaged alike"})
	p.note("replaced "+words[n]+" "+k, l, x)
	return true
}

// likely is the one keyword that makes the line a command when it stands in place of the word at the offset. Of several,
// it is the one that ends as the word does: example8-list was access-list.
func (p *fileParser) likely(no int32, text, w string, next []syntax.Next, at int) string {
	before, after := text[:at], text[at+len(w):]
	if k := p.words[w]; k != "" {
		if _, ok := p.tried(before+k+after, no); ok {
			return k
		}
	}
	tail := ""
	if i := strings.LastIndexByte(w, '-'); i > 0 {
		tail = strings.ToLower(w[i:])
	}
	best, one := "", true
	for _, x := range next {
		if x.Literal == "" || strings.EqualFold(x.Literal, "no") || strings.EqualFold(x.Literal, "clear") {
			continue
		}
		alike := tail != "" && strings.HasSuffix(strings.ToLower(x.Literal), tail)
		if tail != "" && !alike {
			continue
		}
		if _, ok := p.tried(before+x.Literal+after, no); ok {
			one = best == ""
			best = x.Literal
			if !one {
				break
			}
		}
	}
	if best == "" && p.words[w] != "" {
		return p.words[w] // damaged twice, or not a command for another reason
	}
	if best == "" || !one {
		return ""
	}
	if len(p.words) < 1000 {
		p.words[w] = best
	}
	return best
}

// replaced reports whether a word looks like what stands for a hidden one: letters and a number, or the same sign again
// and again.
func replaced(w string) bool {
	if len(w) > 1 && strings.Trim(w, w[:1]) == "" && strings.IndexByte("xX*?#.", w[0]) >= 0 {
		return true
	}
	letters := len(w) - len(strings.TrimLeft(strings.ToLower(w), "abcdefghijklmnopqrstuvwxyz_-"))
	return letters >= 3 && letters < len(w) && w[letters] >= '0' && w[letters] <= '9'
}

// maskedIP reports whether a word is an address with parts that were hidden, as in 202.x.x.6.
func maskedIP(w string) bool {
	part := strings.Split(w, ".")
	if len(part) != 4 {
		return false
	}
	hidden := false
	for _, s := range part {
		if s == "" || len(s) > 6 || strings.Trim(s, "0123456789xX*?#") != "" {
			return false
		}
		hidden = hidden || strings.Trim(s, "0123456789") != ""
	}
	return hidden
}

// placeholder is the length of what stands for a value that was taken out, as in <your key> or (Pre-Shared Key).
func placeholder(s string) int {
	for _, pair := range [...]string{"()", "<>", "[]", "{}"} {
		if s[0] != pair[0] {
			continue
		}
		end := strings.IndexByte(s, pair[1])
		if end > 3 && (pair != "()" || strings.ContainsAny(s[:end], " \t")) && !strings.ContainsAny(s[:end], ",") {
			return end + 1
		}
	}
	return 0
}

// A note is a diagnostic that is given once for all the lines that it is about.
type note struct {
	d     *ast.Diagnostic
	more  int
	count int             // of a code
	last  *ast.Diagnostic // that was kept of it
}

// note adds a diagnostic, or counts the line with one of the same key that was added before. The empty key counts nothing.
func (p *fileParser) note(key string, l *Line, x finding) {
	if n := p.notes[key]; n != nil && key != "" {
		n.more++
		n.d.Also = append(n.d.Also, l.No)
		return
	}
	if d := p.add(l.No, l.Text, x); key != "" && len(p.notes) < 10_000 {
		p.notes[key] = &note{d: d}
	}
}

// tell says of each note how often it was made.
func (p *fileParser) tell() {
	for _, n := range p.notes {
		switch {
		case n.more == 1:
			n.d.Message += "; the same on 1 more line"
		case n.more > 1:
			n.d.Message += "; the same on " + itoa(n.more) + " more lines"
		}
	}
}
