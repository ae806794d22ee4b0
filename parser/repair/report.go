package repair

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"pixfw/ast"
	"pixfw/parser"
)

// Codes of the diagnostics.
const (
	codeJoined   = "E130"
	codeMended   = "E131"
	codeSplit    = "E132"
	codeSkipped  = "E133"
	codeWords    = "E134"
	codeDoubtful = "E135"
	codeConflict = "E136"
	codeStray    = "E137"
	codeNothing  = "E138"
	codeTooLong  = "E139"
)

// doubtful is the confidence below which a person should look.
const doubtful = 0.25

// builder writes the result of a reading.
type builder struct {
	name   string
	text   string
	places *places
	r      *Result

	rd   *reading
	gaps []int32
}

func (b *builder) build(rd *reading, noises []noise) {
	b.rd, b.gaps = rd, rd.gaps()
	b.r.Config = ""
	if rd.to == rd.from {
		b.whole(codeNothing, "no configuration was found in the text")
	}
	for k := range rd.taken {
		e := rd.l.edges[rd.taken[k]]
		switch {
		case k >= rd.from && k < rd.to:
			if k > rd.from {
				b.skipped(int(rd.l.edges[rd.taken[k-1]].to), int(e.from))
			}
			if e.frame {
				b.r.lines = append(b.r.lines, line{text: rd.l.line(e)})
				continue
			}
			b.command(k, e)
		case rd.stray(e):
			f := b.found(k, e)
			b.r.Strays = append(b.r.Strays, f)
			b.diag(ast.Info, codeStray, ast.Lint, f.start, f.end,
				fmt.Sprintf("%q stands apart from the configuration and was left out", f.Text),
				"add it to the configuration if it belongs there")
		}
	}
	if rd.to > rd.from {
		first, last := rd.l.edges[rd.taken[rd.from]].from, rd.l.edges[rd.taken[rd.to-1]].to
		b.outside(0, int(first), "before")
		b.outside(b.half(int(last)), len(rd.l.words), "behind")
		for _, n := range noises {
			if n.before > int(first) && n.before < int(last) {
				b.change(DropNoise, n.start, n.end, fmt.Sprintf("%q was left out", short(n.text)))
			}
		}
		if rd.others > 0 {
			e := rd.l.edges[rd.taken[rd.from]]
			w := rd.l.words[e.from]
			b.diag(ast.Warning, codeDoubtful, ast.Damage, w.start, w.end,
				fmt.Sprintf("the text holds %d configurations; the one that begins here, the longest, was taken", rd.others+1),
				"repair the others from a text of their own")
		}
	}
	b.conflicts()
	b.finish()
}

// found describes the command of an edge.
func (b *builder) found(k int, e edge) Found {
	l := b.rd.l
	f := Found{
		Stmt:       b.rd.stmts[k],
		Text:       l.line(e),
		Confidence: float64(b.gaps[k]) / 100,
		start:      l.words[e.from].start,
		end:        l.words[e.to-1].end,
	}
	// The canonical text differs in the case of keywords, which is no loss;
	// where it says more or less, what was found stands.
	if text := f.Stmt.Text(); strings.EqualFold(text, f.Text) {
		f.Text = text
	}
	_, broken := l.text(int(e.from), int(e.to), int(e.joins))
	f.Pos, f.End = b.places.pos(f.start), b.places.pos(f.end)
	for i := int(e.from) + 1; i < int(e.to); i++ {
		half := len(broken) > 0 && broken[0] == i-1
		if half {
			broken = broken[1:]
		}
		if half || l.words[i].line != l.words[i-1].line {
			f.Joins = append(f.Joins, b.places.pos(l.words[i].start))
		}
	}
	return f
}

// command adds a command of the configuration, and what had to be done for it.
func (b *builder) command(k int, e edge) {
	l := b.rd.l
	f := b.found(k, e)
	b.r.lines = append(b.r.lines, line{text: f.Text, command: &f})

	w := l.words[e.from]
	if !l.starts(int(e.from)) {
		b.change(Split, w.start, w.end, fmt.Sprintf("%q began in the middle of a line", short(f.Text)))
	}
	_, broken := l.text(int(e.from), int(e.to), int(e.joins))
	joined := false
	for i := int(e.from); i < int(e.to); i++ {
		w := l.words[i]
		if w.mended {
			b.change(MendWord, w.start, w.end, fmt.Sprintf("%q was written with typeset characters", w.text))
		}
		if len(broken) > 0 && broken[0] == i {
			broken = broken[1:]
			next := l.words[i+1]
			b.change(JoinHyphen, w.start, w.end, fmt.Sprintf("%q and %q on the next line are one word", w.text, next.text))
			joined = true
		}
		if i > int(e.from) && w.line != l.words[i-1].line && !joined {
			b.change(JoinLines, w.start, w.end, fmt.Sprintf("continues %q of the line before", short(f.Text)))
			joined = true // once a command
		}
	}
	switch {
	case f.Confidence < doubtful:
		b.diag(ast.Warning, codeDoubtful, ast.Damage, f.start, f.end,
			fmt.Sprintf("%q could be read otherwise", short(f.Text)), "compare it with the text")
	case b.rd.at[k] == inside && !l.starts(int(e.from)) && !l.sentence(e):
		b.diag(ast.Warning, codeDoubtful, ast.Damage, f.start, f.end,
			fmt.Sprintf("%q was found in the middle of a comment", short(f.Text)), "take it out if it was only talked about")
	case k+1 < b.rd.to && b.tail(int(e.to), int(l.edges[b.rd.taken[k+1]].from)):
		b.diag(ast.Warning, codeDoubtful, ast.Damage, f.start, f.end,
			fmt.Sprintf("what follows %q is not understood and may belong to it", short(f.Text)), "compare it with the text")
	case e.cut:
		b.diag(ast.Warning, codeDoubtful, ast.Damage, f.start, f.end,
			fmt.Sprintf("the text of %q may go on", short(f.Text)), "compare it with the text")
	}
}

// skipped reports the words between two commands.
func (b *builder) skipped(from, to int) {
	l := b.rd.l
	kind := DropWords
	for i := from; i < to; {
		// A part is what belongs to one mark, or to none.
		end := i + 1
		part := kind
		switch l.words[i].kind {
		case comment, colon:
			part = DropComment
		case prompt:
			part = DropNoise
		case plain:
			switch w := l.words[i]; {
			case w.bol && w.eol && strings.Trim(w.text, "0123456789") == "":
				part = DropNoise // the number of a page
			case l.lines && w.bol:
				part = DropWords
			}
		}
		for end < to && (l.words[end].kind == plain || part == DropComment && l.words[end].kind == comment) {
			if l.words[end].bol && (l.lines || part == DropNoise) {
				break
			}
			end++
		}
		start, stop := l.words[i].start, l.words[end-1].end
		text := strings.Join(strings.Fields(b.text[start:stop]), " ")
		switch part {
		case DropComment:
			b.change(part, start, stop, fmt.Sprintf("the comment %q was left out", short(text)))
		case DropNoise:
			b.change(part, start, stop, fmt.Sprintf("%q was left out", short(text)))
		case DropWords:
			b.change(part, start, stop, fmt.Sprintf("%q is not understood", short(text)))
			for _, t := range marks(text) {
				b.r.lines = append(b.r.lines, line{text: t, mark: true})
			}
		}
		if part != DropNoise {
			kind = part
		}
		if part != DropNoise || l.words[i].kind == prompt {
			b.missed(i, end)
		}
		i = end
	}
}

// outside tells of the words before or behind the configuration.
func (b *builder) outside(from, to int, where string) {
	if from >= to {
		return
	}
	w := b.rd.l.words[from:to]
	start, stop := w[0].start, w[len(w)-1].end
	what, was := "text", "was"
	if n := strings.Count(b.text[start:stop], "\n"); n > 0 {
		what, was = fmt.Sprintf("%d lines", n+1), "were"
	}
	b.diag(ast.Info, codeSkipped, ast.Damage, start, stop,
		fmt.Sprintf("%s %s the configuration %s left out: %q", what, where, was, short(strings.Join(strings.Fields(b.text[start:stop]), " "))), "")
}

// half keeps the lines right behind the last command, at word from, that begin as commands do and are none: they are not
// understood, as they would be between commands. It is the word behind them.
func (b *builder) half(from int) int {
	l := b.rd.l
	last := b.rd.l.edges[b.rd.taken[b.rd.to-1]]
	if last.frame || from == 0 {
		return from
	}
	to := from
	for line := l.words[from-1].line; to < len(l.words); {
		w := l.words[to]
		if !w.bol || w.kind != plain || w.line != line+1 || !leads(w.text) {
			break
		}
		for line = w.line; to < len(l.words) && l.words[to].line == line; {
			to++
		}
	}
	if to > from {
		b.skipped(from, to)
	}
	return to
}

// leads reports whether a command begins with the word.
func leads(word string) bool {
	for _, c := range parser.Commands() {
		if first, _, _ := strings.Cut(c.Keyword, " "); strings.EqualFold(first, word) {
			return true
		}
	}
	return false
}

// tail reports whether words that are neither comment nor on a line of their own
// stand between two commands.
func (b *builder) tail(from, to int) bool {
	w := &b.rd.l.words[from]
	return from < to && w.kind == plain && !(w.bol && (b.rd.l.lines || b.rd.l.hard[from]))
}

// missed warns of what could have been read as commands in skipped words.
func (b *builder) missed(from, to int) {
	l := b.rd.l
	for i := from; i < to; i++ {
		for _, e := range l.at(i) {
			if int(e.to) > to || e.weak && !(l.alone(e) && !l.quoted[e.from]) || e.banned || e.frame {
				continue
			}
			if text := l.line(e); l.lang.takes(text) {
				b.diag(ast.Warning, codeDoubtful, ast.Damage, l.words[i].start, l.words[e.to-1].end,
					fmt.Sprintf("%q was left out, although it is a command", short(text)), "add it if it was meant")
				i = int(e.to) - 1
				break
			}
		}
	}
}

// finish renders the configuration and holds it against the parser once more:
// only the whole shows whether the names of addresses come before their use.
func (b *builder) finish() {
	r := b.r
	file := parser.Parse(b.name, []byte(r.render(true)))
	for i := range r.lines {
		l := &r.lines[i]
		if i < len(file.Lines) && file.Lines[i].Kind == parser.Bad {
			if f := l.command; f != nil {
				b.diag(ast.Warning, codeWords, ast.Damage, f.start, f.end,
					fmt.Sprintf("%q is not understood where it stands", short(f.Text)),
					"it stays as a comment line; correct it or take it out")
			}
			*l = line{text: strings.Join(marks(l.text), "\n"), mark: true}
		}
		if l.command != nil {
			r.Commands = append(r.Commands, *l.command)
		}
	}
	r.Config = r.render(true)
	r.Diags.Sort()
}

func (b *builder) change(kind Kind, start, end int, message string) {
	c := Change{kind, b.places.pos(start), b.places.pos(end), message}
	b.r.Repairs = append(b.r.Repairs, c)
	severity, code, hint := ast.Info, codeSkipped, ""
	switch kind {
	case JoinLines:
		code = codeJoined
	case JoinHyphen, MendWord:
		code = codeMended
	case Split:
		code = codeSplit
	case DropWords:
		severity, code, hint = ast.Warning, codeWords, "it stays as a comment line; correct it or take it out"
	}
	b.diag(severity, code, ast.Damage, start, end, message, hint)
}

func (b *builder) diag(s ast.Severity, code string, kind ast.Kind, start, end int, message, hint string) *ast.Diagnostic {
	d := &ast.Diagnostic{
		Code: code, Kind: kind, Severity: s, File: b.name, Pos: b.places.pos(start), End: b.places.pos(start + within(b.text[start:end])),
		Message: message, Hint: hint,
	}
	d.Source, d.SourceCol = b.places.source(start)
	b.r.Diags = append(b.r.Diags, d)
	return d
}

// within is how much of the text is on its first line, which is all that a caret
// can mark.
func within(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return len(strings.TrimRight(text, " \t\r"))
}

// whole reports something about the text as a whole.
func (b *builder) whole(code, message string) {
	b.r.Diags = append(b.r.Diags, &ast.Diagnostic{
		Code: code, Kind: ast.Damage, Severity: ast.Error, File: b.name, Message: message,
	})
}

// short makes a text fit into a message.
func short(text string) string {
	const most = 60
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "..."
		}
	}
	return text
}

// marks is a text that is not understood as comment lines. A line that is longer than the parser reads would be none.
func marks(text string) (out []string) {
	const mark, most = ": not understood: ", 2000
	text = printable(text)
	for len(text) > most {
		cut := most
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		out = append(out, mark+text[:cut])
		text = text[cut:]
	}
	return append(out, mark+text)
}

// printable makes a text fit into a comment line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
