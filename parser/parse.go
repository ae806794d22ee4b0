package parser

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
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
	Comment          // begins with :, ! or #
	Frame            // what the box, a terminal or a page put around a configuration, and commands of the session
	Command
	Bad          // not understood: there is a diagnostic
	Continuation // a terminal broke the line: it is part of line Head, whose text Text is not all of the command
)

func (k LineKind) String() string {
	return [...]string{"blank", "comment", "frame", "command", "bad", "continuation"}[k]
}

// A Line is one line of a file.
type Line struct {
	No   int32 // counted from 1
	Text string
	Kind LineKind
	Stmt ast.Statement // of a Command, and of the frame lines that carry data; else its Cmd is nil
	Head int32         // of a Continuation: the line that it goes on with
	Read string        // what was read, where this is not Text: without what stands around it, and with its continuations

	guessed bool  // Stmt is not what the words say as they stand
	front   int32 // characters of Text before Read
}

// A File is a text that was parsed.
type File struct {
	Name  string
	Lines []Line
	Diags ast.Diagnostics // sorted

	numbered bool // a listing with numbers
}

// A Scope is what a line may refer to by name.
type Scope struct {
	Names map[string]ast.IP // that the name commands before have given to addresses
	// Groups holds the type of each object group that is defined: in an entry it says what a group stands for.
	Groups map[string]string
	// Group is the object group that member lines belong to; the zero Group: none is open.
	Group Group
	// Mode is the sub-mode of router ospf, routing interface, route-map or multicast interface whose lines come; empty: none.
	Mode string
}

// A Group is an object group whose members are being entered.
type Group struct {
	Name  string
	Type  string // ast.GroupNetwork, ...
	Proto string // of a service group: tcp, udp, tcp-udp
}

// maxLine bounds a line that is parsed. A PIX takes 512 characters; this leaves room for what other tools write.
const maxLine = 4096

// Parse reads a whole file. It never stops early: each line that is not blank and no comment is a command, part of the frame,
// or Bad with a diagnostic.
func Parse(name string, text []byte) *File {
	f := &File{Name: name}
	p := &fileParser{file: f, scope: Scope{Names: map[string]ast.IP{}, Groups: map[string]string{}}}
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
	p.read(newCapture(s))
	f.Diags.Sort()
	return f
}

// notText is the diagnostic of a file that is no text, or nil.
func notText(text []byte) *ast.Diagnostic {
	zero := bytes.Count(text, []byte{0})
	wide := len(text) > 1 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff)
	if !wide && zero*10 <= len(text) { // a terminal sends some
		return nil
	}
	d := &ast.Diagnostic{Code: codeNotText, Kind: ast.Damage, Message: "this is not a text file"}
	if wide {
		d.Hint = "it looks like UTF-16: save it as UTF-8 or Latin-1"
	}
	return d
}

type fileParser struct {
	entries entries
	ahead   struct { // a line that was read ahead by fast
		at   int
		stmt ast.Statement
	}
	file     *File
	scope    Scope
	asa      bool  // the file was said to be of a later release,
	evidence int32 // at this line

	capture *capture
	cur     *logical          // the line that is read, if its columns are not those of the file
	notes   map[string]*note  // what was said already, by what it is about
	words   map[string]string // what replaced words were
	budget  int               // how many more guesses may be tried
	wraps   int               // lines put together
	output  string            // the command whose output is being skipped
	ended   bool              // the configuration has ended
	opened  bool              // the file has the beginning of a frame,
	closed  bool              // and its end
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
	case isComment(trimmed):
		l.Kind = Comment
		if isFrame(trimmed) {
			l.Kind = Frame
			p.framed(trimmed)
		}
	case p.frame(&l, trimmed):
		p.framed(trimmed)
	case p.prompted(&l, text):
	case (p.scope.Group != (Group{}) || p.scope.Mode != "") && (strings.EqualFold(trimmed, "exit") || strings.EqualFold(trimmed, "quit")):
		l.Kind = Frame
		p.scope.Group, p.scope.Mode = Group{}, ""
	default:
		p.command(&l, text, trimmed)
	}
	p.file.Lines = append(p.file.Lines, l)
}

// command reads a line that is neither comment nor frame.
func (p *fileParser) command(l *Line, text, trimmed string) {
	stmt, found := parseLine(text, p.scope, l.No)
	if stmt.Cmd == nil && p.scope.Mode != "" && leavesMode(trimmed) {
		p.scope.Mode = ""
	}
	if stmt.Cmd == nil && !p.asa {
		why := asaEvidence(trimmed, text)
		if why == "" && p.rescue(l, text, found) {
			if l.Stmt.Cmd == nil && p.scope.Group != (Group{}) && leavesGroup(trimmed) {
				p.scope.Group = Group{}
			}
			return
		}
		if why != "" {
			p.sayASA(l.No, text, why)
		}
	}
	l.Kind = Command
	l.Stmt = stmt
	if stmt.Cmd == nil {
		l.Kind = Bad
		switch {
		case p.asa && p.evidence == l.No:
			found = nil // said already
		case p.asa && found[0].code != codeUnsupported:
			found = []finding{asaLine(text)}
		}
	}
	for _, x := range found {
		p.add(l.No, text, x)
	}
	if x, ok := notKept(stmt); ok {
		p.add(l.No, text, x)
	}
	p.scope.Learn(stmt)
	if stmt.Cmd == nil && p.scope.Group != (Group{}) && leavesGroup(trimmed) {
		p.scope.Group = Group{}
	}
}

func (p *fileParser) add(no int32, text string, x finding) *ast.Diagnostic {
	d := x.diagnostic(p.file.Name, no, text)
	if p.cur != nil {
		p.cur.place(d)
	}
	return p.keep(d)
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
	if stmt, ok := fastLine(text, &scope, no, newEntry); ok {
		return stmt, nil
	}
	return slowLine(text, scope, no)
}

// fastLine reads the lines that large configurations are made of without the grammars, or not at all.
func fastLine(text string, scope *Scope, no int32, entry func() *ast.AccessList) (ast.Statement, bool) {
	switch {
	case strings.HasPrefix(text, "access-list "):
		at := ast.Pos{}
		if no > 0 {
			at = ast.Pos{Line: no, Col: 1}
		}
		cmd, ok := fastACL(text, scope, at, entry)
		return ast.Statement{Cmd: cmd}, ok
	case scope.Group.Name != "":
		cmd, ok := fastMember(text, *scope, no)
		return ast.Statement{Cmd: cmd}, ok
	}
	return ast.Statement{}, false
}

// slowLine is parseLine by the grammars alone.
func slowLine(text string, scope Scope, no int32) (ast.Statement, []finding) {
	s, found, list, err := readLine(text, scope, no)
	if s.Cmd == nil && found == nil {
		found = []finding{sharpen(list, explain(list, scope, err))}
	}
	return s, found
}

// readLine is slowLine without the message for a line that fits no grammar: then there is neither statement nor finding, but the
// tokens of the line and what the grammar says of them.
func readLine(text string, scope Scope, no int32) (ast.Statement, []finding, []lexer.Token, error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	lex, list, err := room.read(text, scope.Names)
	if err != nil {
		return ast.Statement{}, nil, slices.Clone(list), err
	}
	n := len(list) - 1 // the last is the end of the line
	c := &conv{names: scope.Names, groups: scope.Groups, group: scope.Group, mode: scope.Mode}
	if no > 0 {
		c.pos = ast.Pos{Line: no, Col: int32(list[0].Pos.Column)}
	}
	verb, f := dispatch(list[:n])
	if f == nil {
		return ast.Statement{}, nil, slices.Clone(list), nil
	}
	got, err := f.read(lex, c)
	if err != nil {
		return ast.Statement{}, nil, slices.Clone(list), err
	}
	for _, x := range c.found {
		if x.severity == ast.Error {
			return ast.Statement{}, c.found, nil, nil
		}
	}
	return ast.Statement{Verb: verb, Cmd: got}, c.found, nil, nil
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
		var old ast.Command
		if l.Stmt.Verb == ast.Set {
			old = cfg.Displaced(l.Stmt.Cmd)
		}
		err := cfg.Do(l.Stmt)
		if err == nil {
			if first := f.at(old); first != nil {
				diags = append(diags, displaced(first, l).diagnostic(name, first.No, first.Text))
			}
			continue
		}
		x := l.found(codeRefused, err.Error())
		var refusal *ast.Refusal
		if errors.As(err, &refusal) {
			x.code, x.kind = refusal.Code, refusal.Kind
			x.message = strings.TrimPrefix(x.message, "ERROR: ")
			if refusal.NoEffect(l.Stmt) {
				x.severity, x.message = ast.Warning, x.message+"; the line has no effect"
			}
		}
		diags = append(diags, x.diagnostic(name, l.No, l.Text))
	}
	diags.Sort()
	return cfg, f, diags
}

// at is the line of a command; nil: it is of none.
func (f *File) at(cmd ast.Command) *Line {
	if cmd == nil {
		return nil
	}
	no := cmd.Position().Line
	i, ok := slices.BinarySearchFunc(f.Lines, no, func(l Line, no int32) int { return cmp.Compare(l.No, no) })
	if !ok {
		return nil
	}
	return &f.Lines[i]
}

// displaced is the finding about a setting that a later line sets again.
func displaced(first, later *Line) finding {
	x := first.found(codeDisplaced, "line "+itoa(int(later.No))+" replaces this one: "+quote(ast.Text(later.Stmt.Cmd)))
	x.severity = ast.Warning
	return x
}

// found is a finding about all of a line, without the blanks around it.
func (l *Line) found(code, message string) finding {
	return finding{code: code, col: 1 + chars(l.Text[:len(l.Text)-len(strings.TrimLeft(l.Text, " \t"))]),
		end: 1 + chars(strings.TrimRight(l.Text, " \t\r")), badValue: badValue{kind: ast.Lint, message: message}}
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
	return strconv.Quote(Latin1(s))
}

func cut(s string) (string, string, bool) { return strings.Cut(s, " ") }

func split(s string) []string { return strings.Split(s, "\n") }
