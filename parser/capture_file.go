package parser

import (
	"strings"

	"pixfw/ast"
)

const (
	// maxGuesses bounds how often a damaged file is tried in another reading: the time for a file that is no
	// configuration at all.
	maxGuesses = 200_000
	// maxSame is how many diagnostics of one code a file may have. What comes after is counted.
	maxSame = 10_000
)

// read reads the lines of a file, as it came.
func (p *fileParser) read(c *capture) {
	p.capture, p.budget = c, maxGuesses
	p.notes, p.words = map[string]*note{}, map[string]string{}
	p.file.Lines = make([]Line, 0, len(c.raw))
	for i := 0; i < len(c.raw); {
		if p.fast(c, i) {
			i++
			continue
		}
		l, n := p.next(c, i)
		p.cur = nil
		if l.moved {
			p.cur = &l
		}
		p.line(int32(i+1), l.text)
		head := &p.file.Lines[len(p.file.Lines)-1]
		if l.moved {
			head.Text, head.Read, head.front = c.raw[i], l.text, int32(l.parts[0].shift)
			if trim(l.text) == "" && trim(c.raw[i]) != "" {
				head.Kind = Frame
			}
		}
		if n > 1 {
			p.wrapped(&l, head)
		}
		i += n
	}
	p.decorated(c)
	p.incomplete()
	p.tell()
}

// fast reads line i if it stands in the file as it was, and is of the kinds that large configurations are made of.
func (p *fileParser) fast(c *capture, i int) bool {
	if c.dirty || len(c.layers) > 0 || p.ended || p.output != "" {
		return false
	}
	stmt, ok := p.fastAt(c, i)
	if !ok {
		return false
	}
	if c.mayWrap(c.raw[i]) {
		// It could go on, unless the next is a command as well.
		if i+1 == len(c.raw) || !strings.HasPrefix(c.raw[i+1], "access-list ") {
			return false
		}
		if p.ahead.stmt, ok = p.fastAt(c, i+1); !ok {
			return false
		}
		p.ahead.at = i + 1
	}
	p.file.Lines = append(p.file.Lines, Line{No: int32(i + 1), Kind: Command, Text: c.raw[i], Stmt: stmt})
	p.scope.Learn(stmt)
	return true
}

// fastAt is fastLine of line i, which may have been asked before.
func (p *fileParser) fastAt(c *capture, i int) (ast.Statement, bool) {
	if i > 0 && p.ahead.at == i {
		return p.ahead.stmt, true
	}
	if len(c.raw[i]) > maxLine {
		return ast.Statement{}, false
	}
	return fastLine(c.raw[i], &p.scope, int32(i+1), p.entries.next)
}

// wrapped adds the physical lines of a line that a terminal broke, and says so.
func (p *fileParser) wrapped(l *logical, head *Line) {
	no, bad := head.No, head.Kind == Bad
	x := finding{code: codeWrapped, severity: ast.Info, badValue: badValue{kind: ast.Damage, message: "this goes on with line " + itoa(int(no)) + ", which a terminal " + itoa(l.width) + " characters wide has broken"}}
	if l.weak || bad {
		x.severity, x.hint = ast.Warning, "together they are no command either"
	}
	x.col = 1 + l.parts[1].at
	x.end = x.col + 1
	if len(l.parts) > 2 {
		x.end = 1 + l.parts[2].at
	} else {
		x.end = 1 + chars(l.text)
	}
	p.add(no, l.text, x)
	for _, part := range l.parts[1:] {
		for len(l.skip) > 0 && l.skip[0] < part.no {
			p.file.Lines = append(p.file.Lines, Line{No: l.skip[0], Text: p.capture.raw[l.skip[0]-1], Kind: Frame})
			if trim(p.capture.raw[l.skip[0]-1]) == "" {
				p.file.Lines[len(p.file.Lines)-1].Kind = Blank
			}
			l.skip = l.skip[1:]
		}
		p.file.Lines = append(p.file.Lines, Line{No: part.no, Text: part.raw, Kind: Continuation, Head: no})
	}
}

// place puts a diagnostic about the line where its text stands in the file.
func (l *logical) place(d *ast.Diagnostic) {
	at := int(d.Pos.Col) - 1
	k := len(l.parts) - 1
	for k > 0 && l.parts[k].at > at {
		k--
	}
	part := l.parts[k]
	col := func(n int) int32 {
		n += part.shift - part.at
		if part.cols != nil {
			return part.cols[min(n, len(part.cols)-1)]
		}
		return int32(n + 1)
	}
	end := int(d.End.Col) - 1
	d.Pos = ast.Pos{Line: part.no, Col: col(at)}
	if d.End.IsValid() {
		if k+1 < len(l.parts) && end > l.parts[k+1].at {
			end = l.parts[k+1].at
		}
		d.End = ast.Pos{Line: part.no, Col: max(col(end), d.Pos.Col+1)}
	}
	d.Source, d.SourceCol = source(part.raw, int(d.Pos.Col))
}

// keep adds a diagnostic to the file, or counts its line if the file has too many of its kind.
func (p *fileParser) keep(d *ast.Diagnostic) *ast.Diagnostic {
	key := "code " + d.Code
	n := p.notes[key]
	if n == nil {
		n = &note{d: &ast.Diagnostic{}}
		p.notes[key] = n
	}
	if n.count++; n.count <= maxSame {
		n.last = d
		p.file.Diags = append(p.file.Diags, d)
		return d
	}
	n.d = n.last
	n.more++
	n.d.Also = append(n.d.Also, d.Pos.Line)
	return n.last
}

// framed follows where the configuration begins and ends.
func (p *fileParser) framed(t string) {
	switch {
	case begins(t):
		p.ended, p.output, p.opened = false, "", true
	case strings.EqualFold(t, ": end"), t == "[OK]":
		p.ended, p.closed = true, true
	case len(t) > 1:
		_, sum := cutFold(t, "Cryptochecksum:")
		p.closed = p.closed || sum
	}
}

// decorated says what was taken off all lines.
func (p *fileParser) decorated(c *capture) {
	p.cur = nil
	for _, l := range c.layers {
		p.file.numbered = p.file.numbered || l.what == numbers
		for i, raw := range c.raw {
			if l.what == "" {
				break
			}
			if trim(raw) == "" {
				continue
			}
			p.add(int32(i+1), raw, finding{code: codeLayer, severity: ast.Info, col: 1, end: 1 + chars(raw), badValue: badValue{kind: ast.Damage,
				message: l.what + ": taken off, as most lines of the file have it"}})
			break
		}
	}
}

// incomplete says that the text ends too early: in the middle of a line, or of the configuration.
func (p *fileParser) incomplete() {
	if p.closed || !p.opened {
		return
	}
	last := -1
	commands := 0
	for i := range p.file.Lines {
		switch l := &p.file.Lines[i]; l.Kind {
		case Command:
			commands++
			last = i
		case Bad:
			last = i
		}
	}
	if commands < 2 || last < 0 || p.asa {
		return
	}
	l := &p.file.Lines[last]
	x := finding{code: codeCut, severity: ast.Info, col: 1 + chars(l.Text), badValue: badValue{kind: ast.Damage,
		message: "the configuration ends here without a last line: the capture may be incomplete"}}
	if l.Kind == Bad && p.starts(trim(l.Text)) {
		x.severity, x.message = ast.Warning, "the text ends within this command: the capture is incomplete"
	}
	x.end = x.col + 1
	p.add(l.No, l.Text, x)
}

// isComment reports whether a line is a comment in one of the styles that are met. A PIX itself knows : and !.
func isComment(t string) bool {
	return t[0] == ':' || t[0] == '!' || t[0] == '#' || strings.HasPrefix(t, "-- ") || strings.HasPrefix(t, "//")
}

// Clean is the text as it was read: a command a line, without what stood around them, which was no comment.
func (f *File) Clean() string {
	var b strings.Builder
	for i := range f.Lines {
		l := &f.Lines[i]
		var text string
		switch {
		case l.Kind == Continuation, l.Kind == Frame && l.Stmt.Cmd == nil && !isFrame(trim(l.read())):
			continue
		case l.Kind == Command && l.guessed:
			text = l.Stmt.Text()
		default:
			text = l.read()
		}
		b.WriteString(strings.TrimRight(strings.TrimLeft(text, "\t"), " \t\r"))
		b.WriteByte('\n')
	}
	return b.String()
}

// Numbered reports whether the file is a listing whose lines have numbers.
func (f *File) Numbered() bool { return f.numbered }

func (l *Line) read() string {
	if l.Read != "" {
		return l.Read
	}
	return l.Text
}

// Captured reports whether there is more in the file than a configuration as the box prints it: what a terminal or a page
// put in, commands of a session, or a line that was read otherwise than it stands.
func (f *File) Captured() bool {
	for i := range f.Lines {
		l := &f.Lines[i]
		if t := trim(l.Text); l.Read != "" || l.guessed || l.Kind == Continuation ||
			l.Kind == Frame && l.Stmt.Cmd == nil && !isFrame(t) && t != "Building configuration..." && t != "[OK]" && !begins(t) {
			return true
		}
	}
	return false
}

// Aligned is the text with its line and column numbers, but what stands around the lines blank, wrapped lines whole and
// guesses as they were understood. ok is false if only this package's reading of single lines is in it: then there are
// neither wrapped lines nor numbers, nor guesses.
func (f *File) Aligned() (text string, ok bool) {
	ok = f.numbered
	var b strings.Builder
	for i := range f.Lines {
		l := &f.Lines[i]
		switch {
		case l.Kind == Continuation:
			ok = true
		case l.guessed:
			ok = true
			b.WriteString(l.Stmt.Text())
		case l.Read != "":
			b.WriteString(strings.Repeat(" ", int(l.front)))
			b.WriteString(l.Read)
		default:
			b.WriteString(l.Text)
		}
		b.WriteByte('\n')
	}
	return b.String(), ok
}
