package repair

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/parser"
)

// MaxSize is the longest input that is repaired, in bytes.
const MaxSize = 8 << 20

// maxRounds bounds how often the reading is done again because the real parser
// did not take a command of it.
const maxRounds = 6

// Repair finds the configuration in the text. It takes any bytes.
func Repair(name string, text []byte) *Result {
	b := &builder{name: name, text: string(text), r: &Result{Config: string(text)}}
	if len(text) > MaxSize {
		b.whole(codeTooLong, fmt.Sprintf("the input is longer than %d MB; it was left as it is", MaxSize>>20))
		return b.r
	}
	f := parser.Parse(name, text)
	if len(f.Lines) == 0 && f.Diags.HasErrors() && strings.TrimSpace(b.text) != "" { // no text at all
		b.r.Diags, b.r.Config = f.Diags, ""
		return b.r
	}
	if understood(f) {
		b.r.Clean = true
		return b.r
	}
	b.text = parser.Latin1(b.text)
	b.captured(f)
	lang, err := pix()
	if err != nil {
		b.whole(codeNothing, "the grammars cannot be used: "+err.Error())
		return b.r
	}
	words, noises, ok := split(b.text)
	if !ok {
		b.whole(codeTooLong, fmt.Sprintf("the input has more than %d words; it was left as it is", maxWords))
		return b.r
	}
	rd := readNamed(lang, b.text, words, nil)
	if rd != nil {
		if names := rd.names(); len(names) > 0 {
			if lang, err = naming(names); err == nil {
				rd = readNamed(lang, b.text, words, names)
			}
		}
	}
	if rd == nil {
		b.whole(codeTooLong, "the input can be read in too many ways to look at them all; it was left as it was")
		return b.r
	}
	b.places = newPlaces(b.text)
	b.build(rd, noises)
	return b.r
}

// understood reports whether each line of the file parses as it stands, and there is nothing else in it.
func understood(f *parser.File) bool {
	for i := range f.Lines {
		if f.Lines[i].Kind == parser.Bad {
			return false
		}
	}
	return !f.Captured()
}

// captured takes from the parser what it made of a capture: lines that a terminal broke, and what stands around each line,
// which only the file as a whole shows. A text in which many lines are no commands was not broken by a terminal, but by who set
// it, between words: that is left to the lattice. So is one that is hardly commands at all, with or without numbers.
func (b *builder) captured(f *parser.File) {
	good, bad := 0, 0
	for i := range f.Lines {
		switch f.Lines[i].Kind {
		case parser.Command:
			good++
		case parser.Bad:
			bad++
		}
	}
	text, ok := f.Aligned()
	if !ok || bad > good || bad*maxBad > good && !f.Numbered() {
		return
	}
	b.text = text
	for _, d := range f.Diags {
		kind, known := captures[d.Code]
		if !known {
			continue
		}
		b.r.Diags = append(b.r.Diags, d)
		b.r.Repairs = append(b.r.Repairs, Change{kind, d.Pos, d.End, d.Message})
	}
}

// maxBad is how many commands there must be for each line that is none.
const maxBad = 20

// captures is what the parser mends in a capture, by its diagnostics.
var captures = map[string]Kind{"E140": JoinLines, "E141": DropNoise, "E145": MendWord, "E146": MendWord}

// A reading is a path whose commands the real parser has taken.
type reading struct {
	*path
	block
	stmts []ast.Statement // of each edge taken; none for the frame
}

// readNamed reads the words, with names that stand for addresses. It is nil if that is too much work.
func readNamed(lang *language, input string, words []word, names map[string]ast.IP) *reading {
	l := newLattice(lang, input, words, false)
	if l == nil {
		return nil
	}
	rd := settle(l, names)
	if rd.block = rd.find(); rd.oriented(rd.block) {
		if l = newLattice(lang, input, words, true); l == nil {
			return nil
		}
		rd = settle(l, names)
		rd.block = rd.find()
	}
	return rd
}

// settle reads until the real parser takes all of the reading: what it refuses
// is banned.
func settle(l *lattice, names map[string]ast.IP) *reading {
	known := map[int32]ast.Statement{}
	for round := 0; ; round++ {
		p := l.shortest()
		refused := false
		rd := &reading{path: p}
		kept := 0
		for k, x := range p.taken {
			e := &l.edges[x]
			s, ok := known[x]
			if !ok && !e.frame {
				if s, ok = l.lang.parse(l.line(*e), names); ok {
					known[x] = s
				} else {
					e.banned, refused = true, true
					continue
				}
			}
			p.taken[kept], p.at[kept] = x, p.at[k]
			rd.stmts = append(rd.stmts, s)
			kept++
		}
		p.taken, p.at = p.taken[:kept], p.at[:kept]
		if !refused || round == maxRounds {
			return rd
		}
	}
}

func isSpace(r rune) bool { return r == ' ' }

// line is the command as one line, as it was found.
func (l *lattice) line(e edge) string {
	words, _ := l.text(int(e.from), int(e.to), int(e.joins))
	if e.frame && strings.HasPrefix(words[0], "Cryptochecksum:") {
		return strings.Join(words, "")
	}
	if first, last := &l.words[e.from], &l.words[e.to-1]; e.text && e.joins == 0 && first.line == last.line {
		// Text keeps its spacing, if there is nothing else between the words.
		if raw := l.input[first.start:last.end]; slices.Equal(strings.FieldsFunc(raw, isSpace), words) {
			return raw
		}
	}
	var b strings.Builder
	open := 0 // words since a parenthesis was opened
	for i, w := range words {
		switch {
		case i == 0, open == 1, open > 0 && (w == "," || w == ")"), open > 0 && words[i-1] == ",":
		default:
			b.WriteByte(' ')
		}
		b.WriteString(w)
		switch {
		case w == "(" && open == 0:
			open = 1
		case w == ")" && open > 0:
			open = 0
		case open > 0:
			open++
		}
	}
	return b.String()
}

// names are the addresses that the reading gives a name.
func (rd *reading) names() map[string]ast.IP {
	names := map[string]ast.IP{}
	for _, s := range rd.stmts {
		if n, ok := s.Cmd.(*ast.Name); ok && s.Verb == ast.Set && n.Name != "" {
			names[n.Name] = n.IP
		}
	}
	return names
}
