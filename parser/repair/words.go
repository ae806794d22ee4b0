package repair

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a word is for the layout, before any grammar is asked.
type kind uint8

const (
	plain   kind = iota
	comment      // "!---": what follows is said to people
	prompt       // "pixfirewall#": a terminal capture; what follows was typed
	colon        // ":" as the PIX writes it in the frame of a configuration
)

// word is a word of the input, as the parser's lexer cuts it: blanks separate,
// and within an interface pair the marks are words of their own.
type word struct {
	text       string // mended: see mend
	start, end int    // bytes of the input
	line       int32
	kind       kind
	bol, eol   bool // first, last word of its line
	mended     bool // text is not what stands in the input
}

// hyphen reports whether the word may be the first half of a broken one.
func (w *word) hyphen() bool {
	return w.eol && w.kind == plain && len(w.text) > 1 && w.text[len(w.text)-1] == '-'
}

// A noise is something that a terminal or a page put in: a fence, a bullet, a
// pager's prompt. Commands run through it.
type noise struct {
	text       string
	start, end int
	before     int // index of the word that follows
}

// maxWords bounds the memory for inputs of many short words.
const maxWords = 2 << 20

// split cuts the text into words. ok is false if there are too many.
func split(text string) (words []word, noises []noise, ok bool) {
	s := splitter{text: text}
	for start, line := 0, int32(1); start < len(text); line++ {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += start
		}
		s.line(start, end, line)
		if len(s.words) > maxWords || len(s.noises) > maxWords {
			return nil, nil, false
		}
		start = end + 1
	}
	return s.words, s.noises, true
}

type splitter struct {
	text   string
	words  []word
	noises []noise
	fields []span // of the line
	depth  int    // words since an interface pair was opened; 0: none is open
}

type span struct{ start, end int }

// blank reports whether r separates words. Control characters do: a pager
// wipes its prompt with them.
func blank(r rune) bool {
	return r <= ' ' || r == 0x7f || r == '\u200b' || r == '\ufeff' || unicode.IsSpace(r)
}

func (s *splitter) line(start, end int, no int32) {
	s.fields = s.fields[:0]
	for at := start; at < end; {
		r, n := utf8.DecodeRuneInString(s.text[at:end])
		if blank(r) {
			at += n
			continue
		}
		from := at
		for at < end {
			if r, n = utf8.DecodeRuneInString(s.text[at:end]); blank(r) {
				break
			}
			at += n
		}
		s.fields = append(s.fields, span{from, at})
	}
	fields := s.fields
	for len(fields) > 0 {
		n := s.decoration(fields)
		if n == 0 {
			break
		}
		fields = fields[n:]
	}
	// A mark at the end is one if there was one at the begin, too; it may as well end a banner's line.
	framed := len(fields) < len(s.fields)
	for len(fields) > 0 && (framed || s.text[fields[len(fields)-1].start] == '|') && margin(s.text[fields[len(fields)-1].start:fields[len(fields)-1].end]) {
		fields = fields[:len(fields)-1]
	}
	first := len(s.words)
	for i := 0; i < len(fields); i++ {
		if n := s.decoration(fields[i:]); n > 1 { // a pager's prompt, wherever it stands
			i += n - 1
			continue
		}
		s.field(fields[i], no, len(s.words) == first)
	}
	if len(s.words) > first {
		s.words[first].bol = true
		s.words[len(s.words)-1].eol = true
	}
}

// margin reports whether the word is a mark at the edge of a line that was a
// bullet, a quotation, or the cell of a table.
func margin(text string) bool {
	return len(text) == 1 && strings.Contains("-*>|+", text) || text == "•" || text == "·" || strings.Trim(text, ">") == ""
}

// decoration notes the noise that the fields begin with and returns how many of
// them it takes.
func (s *splitter) decoration(fields []span) int {
	word := func(i int) string {
		if i >= len(fields) {
			return ""
		}
		return s.text[fields[i].start:fields[i].end]
	}
	n := 0
	switch text := word(0); {
	case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
		n = 1
	case text == "<---" && word(1) == "More" && word(2) == "--->":
		n = 3
	case text == "Building" && word(1) == "configuration...":
		n = 2
	case text == "[OK]":
		n = 1
	case margin(text):
		return 1 // not worth an entry of its own
	}
	if n > 0 {
		s.noises = append(s.noises, noise{
			s.text[fields[0].start:fields[n-1].end], fields[0].start, fields[n-1].end, len(s.words),
		})
	}
	return n
}

// field cuts a run of characters without blanks into words.
func (s *splitter) field(f span, no int32, bol bool) {
	text := s.text[f.start:f.end]
	switch {
	case text == "!", strings.HasPrefix(text, "!-"), strings.HasPrefix(text, "!!"), bol && text[0] == '!',
		bol && text == "#":
		s.add(f, no, comment)
		return
	case text == ":", bol && text[0] == ':':
		if len(text) > 1 { // ":Saved", or anything else
			s.add(span{f.start, f.start + 1}, no, colon)
			s.add(span{f.start + 1, f.end}, no, plain)
			return
		}
		s.add(f, no, colon)
		return
	}
	if n := promptLength(text); bol && n > 0 {
		s.add(span{f.start, f.start + n}, no, prompt)
		if f.start += n; f.start < f.end {
			s.add(f, no, plain)
		}
		return
	}
	if text[0] == '(' {
		s.depth = 1
	}
	if s.depth == 0 {
		s.add(f, no, plain)
		return
	}
	// Within an interface pair, which has at most (a,b) as five words, and
	// maybe blanks or a line end between them.
	for at := f.start; at < f.end; {
		if s.depth == 0 || s.depth > 5 {
			s.depth = 0
			s.add(span{at, f.end}, no, plain)
			return
		}
		n := strings.IndexAny(s.text[at:f.end], "(,)")
		switch {
		case n < 0:
			n = f.end - at
		case n == 0:
			n = 1
		}
		s.depth++
		if s.text[at] == ')' {
			s.depth = 0
		}
		s.add(span{at, at + n}, no, plain)
		at += n
	}
}

// promptLength returns how many bytes of the word are a prompt: "pixfirewall#",
// "pix(config)#", "pix>".
func promptLength(text string) int {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '#' || c == '>' && i == len(text)-1:
			if i == 0 {
				return 0
			}
			return i + 1
		case c == '(':
			end := strings.Index(text[i:], ")#")
			if i == 0 || end < 0 {
				return 0
			}
			return i + end + 2
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case (c == '-' || c == '.' || c == '_') && i > 0:
		default:
			return 0
		}
	}
	return 0
}

func (s *splitter) add(f span, no int32, k kind) {
	raw := s.text[f.start:f.end]
	text := mend(raw)
	if text == "" {
		return
	}
	s.words = append(s.words, word{text: text, start: f.start, end: f.end, line: no, kind: k, mended: text != raw})
}

// typeset are the characters that a page's typesetting puts for plain ones.
var typeset = strings.NewReplacer(
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2212", "-", // all kinds of hyphen
	"\u00ad", "", "\u200c", "", "\u200d", "", "\u2060", "", // soft hyphen, joiners
	"\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`,
)

func mend(text string) string {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return typeset.Replace(text)
		}
	}
	return text
}
