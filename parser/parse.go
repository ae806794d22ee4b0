package parser

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// LineKind says what a line of a file is.
type LineKind uint8

// The kinds of lines.
const (
	Blank   LineKind = iota
	Comment          // begins with : or !
	Frame            // what the box prints around a configuration
	Command
	Bad // not understood: there is a diagnostic
)

func (k LineKind) String() string {
	return [...]string{"blank", "comment", "frame", "command", "bad"}[k]
}

// A Line is one line of a file.
type Line struct {
	No   int32 // counted from 1
	Text string
	Kind LineKind
	Stmt ast.Statement // of a Command, and of the frame lines that carry data; else its Cmd is nil
}

// A File is a text that was parsed.
type File struct {
	Name  string
	Lines []Line
	Diags ast.Diagnostics // sorted
}

// A Scope is what a line may refer to by name.
type Scope struct {
	Names map[string]ast.IP // that the name commands before have given to addresses
}

// maxLine bounds a line that is parsed. A PIX takes 512 characters; this leaves room for what other tools write.
const maxLine = 4096

// Parse reads a whole file. It never stops early: each line that is not blank and no comment is a command, part of the frame,
// or Bad with a diagnostic.
func Parse(name string, text []byte) *File {
	f := &File{Name: name}
	p := &fileParser{file: f, scope: Scope{Names: map[string]ast.IP{}}}
	if d := notText(text); d != nil {
		d.File = name
		f.Diags = append(f.Diags, d)
		return f
	}
	s := strings.TrimPrefix(string(text), "\ufeff")
	if strings.TrimSpace(s) == "" {
		f.Diags = append(f.Diags, &ast.Diagnostic{Code: codeEmpty, Kind: ast.Damage, File: name, Message: "the file is empty"})
		return f
	}
	for no := int32(1); s != ""; no++ {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		p.line(no, strings.TrimSuffix(line, "\r"))
	}
	f.Diags.Sort()
	return f
}

// notText is the diagnostic of a file that is no text, or nil.
func notText(text []byte) *ast.Diagnostic {
	zero := 0
	for _, b := range text {
		if b == 0 {
			zero++
		}
	}
	if zero == 0 {
		return nil
	}
	d := &ast.Diagnostic{Code: codeNotText, Kind: ast.Damage, Message: "this is not a text file"}
	if len(text) > 1 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
		d.Hint = "it looks like UTF-16: save it as UTF-8 or Latin-1"
	}
	return d
}

type fileParser struct {
	file     *File
	scope    Scope
	asa      bool  // the file was said to be of a later release,
	evidence int32 // at this line
}

func (p *fileParser) line(no int32, text string) {
	l := Line{No: no, Text: text}
	trimmed := trim(text)
	switch {
	case trimmed == "":
	case len(text) > maxLine:
		l.Kind = Bad
		l.Text = strings.Clone(cutAt(text, 200))
		p.add(no, text, finding{code: codeTooLong, col: 1, badValue: badValue{kind: ast.Damage,
			message: "line of " + strconv.Itoa(len(text)) + " bytes: too long to be read", hint: "a PIX takes 512 characters, this program " + strconv.Itoa(maxLine)}})
	case trimmed[0] == ':' || trimmed[0] == '!':
		l.Kind = Comment
		if isFrame(trimmed) {
			l.Kind = Frame
		}
	case p.frame(&l, trimmed):
	default:
		stmt, found := parseLine(text, p.scope, no)
		if stmt.Cmd == nil && !p.asa {
			if why := asaEvidence(trimmed, text); why != "" {
				p.sayASA(no, text, why)
			}
		}
		l.Kind = Command
		l.Stmt = stmt
		if stmt.Cmd == nil {
			l.Kind = Bad
			switch {
			case p.asa && p.evidence == no:
				found = nil // said already
			case p.asa && found[0].code != codeUnsupported:
				found = []finding{asaLine(text)}
			}
		}
		for _, x := range found {
			p.add(no, text, x)
		}
		p.scope.learn(stmt)
	}
	p.file.Lines = append(p.file.Lines, l)
}

func (p *fileParser) add(no int32, text string, x finding) {
	p.file.Diags = append(p.file.Diags, x.diagnostic(p.file.Name, no, text))
}

// learn keeps the names that a statement defines.
func (s Scope) learn(stmt ast.Statement) {
	n, ok := stmt.Cmd.(*ast.Name)
	switch {
	case !ok || s.Names == nil:
		if c, ok := stmt.Cmd.(*ast.Cleared); ok && (c.Name == "names" || c.Name == "name") {
			clear(s.Names)
		}
	case stmt.Verb == ast.Set:
		s.Names[n.Name] = n.IP
	case stmt.Verb == ast.No:
		for k, ip := range s.Names {
			if ip == n.IP {
				delete(s.Names, k)
			}
		}
	}
}

// ParseStatement reads one line typed in configuration mode. Keywords are whole: the console has expanded abbreviations.
// A blank line or comment gives no statement and no diagnostic.
func ParseStatement(line string, scope Scope) (ast.Statement, ast.Diagnostics) {
	text := strings.TrimRight(line, "\r\n")
	if t := trim(text); t == "" || t[0] == ':' || t[0] == '!' {
		return ast.Statement{}, nil
	}
	var stmt ast.Statement
	var found []finding
	switch {
	case strings.IndexByte(text, 0) >= 0 || strings.IndexByte(text, '\n') >= 0:
		found = []finding{{code: codeNotText, badValue: badValue{kind: ast.Damage, message: "this is not a line of text"}}}
	case len(text) > maxLine:
		found = []finding{{code: codeTooLong, badValue: badValue{kind: ast.Damage, message: "line too long"}}}
	default:
		stmt, found = parseLine(text, scope, 0)
	}
	var diags ast.Diagnostics
	for _, x := range found {
		diags = append(diags, x.diagnostic("", 0, text))
	}
	diags.Sort()
	return stmt, diags
}

// parseLine reads one command. The statement has no Cmd when there is an error among the findings.
func parseLine(text string, scope Scope, no int32) (ast.Statement, []finding) {
	if strings.HasPrefix(text, "access-list ") {
		at := ast.Pos{}
		if no > 0 {
			at = ast.Pos{Line: no, Col: 1}
		}
		if e, ok := fastACL(text, scope.Names, at); ok {
			return ast.Statement{Cmd: e}, nil
		}
	}
	return slowLine(text, scope, no)
}

// slowLine is parseLine by the grammars alone.
func slowLine(text string, scope Scope, no int32) (ast.Statement, []finding) {
	list := lexLine(text, scope.Names)
	n := len(list) - 1 // the last is the end of the line
	c := &conv{names: scope.Names}
	if no > 0 {
		c.pos = ast.Pos{Line: no, Col: int32(list[0].Pos.Column)}
	}
	verb, f := dispatch(list[:n])
	if f == nil {
		return ast.Statement{}, []finding{explain(list, scope, nil)}
	}
	got, err := f.read(list, c)
	if err != nil {
		return ast.Statement{}, []finding{explain(list, scope, err)}
	}
	for _, x := range c.found {
		if x.severity == ast.Error {
			return ast.Statement{}, c.found
		}
	}
	return ast.Statement{Verb: verb, Cmd: got}, c.found
}

// dispatch finds the grammar of a line by its leading words.
func dispatch(list []lexer.Token) (ast.Verb, *form) {
	at := func(i int) string {
		if i < len(list) {
			return list[i].Value
		}
		return ""
	}
	switch {
	case strings.EqualFold(at(0), "no"):
		if cmd := lookup(at(1), at(2)); cmd != nil {
			return ast.No, cmd.no
		}
		return ast.No, nil
	case strings.EqualFold(at(0), "clear"):
		return ast.Clear, clearForm
	}
	if cmd := lookup(at(0), at(1)); cmd != nil {
		return ast.Set, cmd.set
	}
	return ast.Set, nil
}

// Load parses a file and replays its statements. What the box would refuse is a diagnostic at its line; the rest is loaded
// all the same.
func Load(name string, text []byte) (*ast.Config, *File, ast.Diagnostics) {
	f := Parse(name, text)
	cfg := ast.NewConfig(name)
	diags := append(ast.Diagnostics(nil), f.Diags...)
	for i := range f.Lines {
		l := &f.Lines[i]
		if l.Stmt.Cmd == nil {
			continue
		}
		err := cfg.Do(l.Stmt)
		if err == nil {
			continue
		}
		x := finding{code: codeRefused, col: 1 + chars(l.Text[:len(l.Text)-len(strings.TrimLeft(l.Text, " \t"))]),
			badValue: badValue{kind: ast.Lint, message: err.Error()}}
		x.end = 1 + chars(strings.TrimRight(l.Text, " \t\r"))
		var refusal *ast.Refusal
		if errors.As(err, &refusal) {
			x.code, x.kind = refusal.Code, refusal.Kind
		}
		diags = append(diags, x.diagnostic(name, l.No, l.Text))
	}
	diags.Sort()
	return cfg, f, diags
}

func trim(s string) string { return strings.Trim(s, " \t\r\v\f") }

func chars(s string) int { return utf8.RuneCountInString(s) }

func cutAt(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

func quote(s string) string {
	if len(s) > 60 {
		s = s[:57] + "..."
	}
	return strconv.Quote(latin1(s))
}

func cut(s string) (string, string, bool) { return strings.Cut(s, " ") }

func split(s string) []string { return strings.Split(s, "\n") }
