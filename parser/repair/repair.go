package repair

import (
	"fmt"
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
	if understood(parser.Parse(name, text)) {
		b.r.Clean = true
		return b.r
	}
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
	rd := read(lang, words)
	if names := rd.names(); len(names) > 0 {
		if lang, err = naming(names); err == nil {
			rd = readNamed(lang, words, names)
		}
	}
	b.places = newPlaces(b.text)
	b.build(rd, noises)
	return b.r
}

// understood reports whether each line of the file parses as it stands.
func understood(f *parser.File) bool {
	for i := range f.Lines {
		if f.Lines[i].Kind == parser.Bad {
			return false
		}
	}
	return true
}

// A reading is a path whose commands the real parser has taken.
type reading struct {
	*path
	block
	stmts []ast.Statement // of each edge taken; none for the frame
}

func read(lang *language, words []word) *reading { return readNamed(lang, words, nil) }

// readNamed reads the words, with names that stand for addresses.
func readNamed(lang *language, words []word, names map[string]ast.IP) *reading {
	rd := settle(newLattice(lang, words, false), names)
	if rd.block = rd.find(); rd.oriented(rd.block) {
		rd = settle(newLattice(lang, words, true), names)
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

// line is the command as one line, as it was found.
func (l *lattice) line(e edge) string {
	words, _ := l.text(int(e.from), int(e.to), int(e.joins))
	if e.frame && strings.HasPrefix(words[0], "Cryptochecksum:") {
		return strings.Join(words, "")
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
