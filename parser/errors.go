package parser

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// The codes of this package; ast/codes_syntax.go documents them.
const (
	codeNotText     = "E100"
	codeEmpty       = "E101"
	codeTooLong     = "E102"
	codeUnknown     = "E103"
	codeUnexpected  = "E104"
	codeBadValue    = "E105"
	codeRange       = "E106"
	codeMissing     = "E107"
	codeJunk        = "E108"
	codeUnsupported = "E109"
	codeASA         = "E110"
	codeASALine     = "E111"
	codeHostBits    = "E112"
	codeChecksum    = "E113"
	codeNoHash      = "E114"
	codeAction      = "E116"
	codeOld         = "E150"
	codeNameKeyword = "E151"
	codeRefused     = "E300"
	codeDisplaced   = "E312"
)

// explain finds out what is wrong with a line that no grammar takes: it walks the words through the automaton of all
// grammars. err is participle's, which knows the place but not what was expected there; it decides only where the automaton,
// which takes a little more than the grammars, sees nothing wrong.
func explain(list []lexer.Token, scope Scope, err error) finding {
	words := make([]string, 0, len(list))
	for _, t := range list[:len(list)-1] {
		words = append(words, t.Value)
	}
	n, next := walk(words, list, scope)
	next = distinct(next)
	if x, ok := unsupported(list, n); ok {
		return x
	}
	if n == len(words) {
		if at := place(list, err); at < n {
			return wrong(list[at], codeUnexpected, badValue{kind: ast.UnknownKeyword, message: "unexpected word " + quote(words[at])})
		}
		return missing(list[n], next)
	}
	w := words[n]
	suggestion := syntax.Suggest(w, next)
	ends := len(next) > 0 && next[len(next)-1].End
	switch {
	case n == 0:
		return wrong(list[n], codeUnknown, badValue{kind: ast.UnknownKeyword, message: "unknown command " + quote(w), suggestion: suggestion})
	case n == 1 && (strings.EqualFold(words[0], "no") || strings.EqualFold(words[0], "clear")):
		b := badValue{kind: ast.UnknownKeyword, message: "unknown command " + quote(w) + " after " + strings.ToLower(words[0]), suggestion: suggestion}
		if lookup(w, at(words, 2)) != nil {
			b.message, b.suggestion = quote(w)+" has no form with "+strings.ToLower(words[0]), ""
		}
		return wrong(list[n], codeUnknown, b)
	case ends && len(next) == 1:
		return wrong(list[n], codeJunk, badValue{kind: ast.TrailingJunk, message: "unexpected word " + quote(w) + " after a complete command"})
	}
	if suggestion == "" || strings.Trim(w, "0123456789.") == "" {
		for _, x := range next {
			if l := leafNamed(x.Class); l != nil && l.bad != nil {
				if b := l.bad(w); b != nil && (!ends || b.meant || looksMeant(l, w) || b.suggestion != "") {
					if b.suggestion == "" {
						b.suggestion = suggestion
					}
					if b.kind == ast.BadValue && len(next) > 1 && !b.meant && !looksMeant(l, w) && b.suggestion == "" {
						continue // the leaf is only one of several things that could stand here
					}
					return wrong(list[n], codeOf(b.kind), *b)
				}
			}
		}
	}
	if ends && suggestion == "" {
		return wrong(list[n], codeJunk, badValue{kind: ast.TrailingJunk, message: "unexpected word " + quote(w) + " after a complete command",
			hint: "expected " + syntax.Expected(next)})
	}
	return wrong(list[n], codeUnexpected, badValue{kind: ast.UnknownKeyword, message: "unexpected word " + quote(w), suggestion: suggestion,
		hint: "expected " + syntax.Expected(next)})
}

// distinct drops leaves that show alike.
func distinct(next []syntax.Next) []syntax.Next {
	return slices.CompactFunc(next, func(a, b syntax.Next) bool { return a.Class != "" && a.Placeholder == b.Placeholder })
}

func at(words []string, i int) string {
	if i < len(words) {
		return words[i]
	}
	return ""
}

func codeOf(k ast.Kind) string {
	if k == ast.Range {
		return codeRange
	}
	return codeBadValue
}

// looksMeant reports whether a word was surely meant for the leaf: a number for a number, digits and dots for an address.
func looksMeant(l *leaf, w string) bool {
	if l == leafIP || l == leafSpan || l == leafMask || l == leafACEMask || l == leafPlain {
		return strings.Trim(w, "0123456789./-") == "" && strings.ContainsRune(w, '.')
	}
	if l == leafLevel {
		return strings.HasPrefix(strings.ToLower(w), "sec")
	}
	if l == leafHMS {
		return strings.ContainsRune(w, ':')
	}
	return digits(w)
}

// walk is the automaton's, with the names of addresses understood where an address may stand.
func walk(words []string, list []lexer.Token, scope Scope) (int, []syntax.Next) {
	words = append([]string(nil), words...)
	for {
		n, next := automaton().Walk(words)
		if n == len(words) || list[n].Type != tokAlias && list[n].Type != tokSpan || words[n] != list[n].Value {
			return n, next
		}
		known := false
		for _, x := range next {
			known = known || x.Class == leafIP.name || x.Class == leafSpan.name
		}
		if !known {
			return n, next
		}
		first, last, _ := spanOf(words[n], scope.Names)
		words[n] = first.String()
		if last != first {
			words[n] += "-" + last.String()
		}
	}
}

// place is the index of the token that participle complains of; the last one when it is at the end.
func place(list []lexer.Token, err error) int {
	var u *participle.UnexpectedTokenError
	var p participle.Error
	col := -1
	if errors.As(err, &u) {
		col = u.Unexpected.Pos.Column
	} else if errors.As(err, &p) {
		col = p.Position().Column
	}
	for i, t := range list {
		if t.Pos.Column == col {
			return i
		}
	}
	return len(list) - 1
}

func missing(end lexer.Token, next []syntax.Next) finding {
	col := 1 + chars(strings.TrimRight(end.Value, " \t\r\v\f"))
	return finding{code: codeMissing, col: col, end: col + 1, badValue: badValue{kind: ast.MissingArgument, message: "missing argument: expected " + syntax.Expected(next)}}
}

func wrong(t lexer.Token, code string, b badValue) finding {
	return finding{code: code, col: t.Pos.Column, end: t.Pos.Column + chars(t.Value), badValue: b}
}

func leafNamed(name string) *leaf {
	for _, l := range leaves {
		if l.name == name {
			return l
		}
	}
	return nil
}

// closest is syntax.Suggest among plain words.
func closest(w string, words []string) string {
	next := make([]syntax.Next, len(words))
	for i, x := range words {
		next[i] = syntax.Next{Literal: x}
	}
	return syntax.Suggest(w, next)
}

// diagnostic puts a finding into its file.
func (x finding) diagnostic(file string, no int32, text string) *ast.Diagnostic {
	d := &ast.Diagnostic{Code: x.code, Kind: x.kind, Severity: x.severity, File: file, Message: x.message, Hint: x.hint, Suggestion: x.suggestion}
	if x.suggestion != "" {
		d.Message += " (did you mean " + quote(x.suggestion) + "?)"
	}
	col := max(x.col, 1)
	// A typed line has no number, but its columns are known.
	d.Pos = ast.Pos{Line: no, Col: int32(col)}
	if x.end > col {
		d.End = ast.Pos{Line: no, Col: int32(x.end)}
	}
	d.Source, d.SourceCol = source(text, col)
	return d
}

// maxSource is how much of a line a diagnostic shows, in characters.
const maxSource = 200

// source is the text of a line, cut around a column when it is long.
func source(text string, col int) (string, int32) {
	if len(text) <= maxSource {
		return Latin1(strings.TrimRight(text, " \t\r")), 1
	}
	from := max(col-1-maxSource/2, 0) // characters left out
	for i := 0; i < from && text != ""; i++ {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	end := 0
	for i := 0; i < maxSource && end < len(text); i++ {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return Latin1(strings.Clone(text[:end])), int32(from + 1)
}

// Latin1 is text in UTF-8: bytes of it that are not are read as Latin-1, one character a byte.
func Latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size <= 1 {
			r = rune(s[i])
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

// others is the commands of a PIX 6.3 that this program does not know yet, by their leading words. * stands for any word.
var others = func() (list [][]string) {
	for _, l := range strings.Split(`exit|capture|setup`, "\n") {
		for _, c := range strings.Split(l, "|") {
			list = append(list, strings.Fields(c))
		}
	}
	return list
}()

func said(list []lexer.Token) string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return strings.Join(out, " ")
}

// unsupported tells a command that a PIX has and this program has not from a slip of the pen. n words were understood.
func unsupported(list []lexer.Token, n int) (finding, bool) {
	words := list[:len(list)-1]
	if len(words) > 0 && strings.EqualFold(words[0].Value, "no") {
		words = words[1:]
		n--
	}
	for _, o := range others {
		if len(words) < len(o) || n > len(o) || n == len(o) && len(words) > n {
			continue
		}
		same := true
		for i, w := range o {
			stem, wild := strings.CutSuffix(w, "*")
			if v := strings.ToLower(words[i].Value); wild && !strings.HasPrefix(v, stem) || !wild && v != w {
				same = false
				break
			}
		}
		if same {
			t := words[len(o)-1]
			x := wrong(t, codeUnsupported, badValue{kind: ast.Unsupported, message: quote(said(words[:len(o)])) + " is a command of the PIX that this program does not support yet"})
			x.col = words[0].Pos.Column
			return x, true
		}
	}
	return finding{}, false
}
