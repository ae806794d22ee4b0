package repair

import (
	"slices"
	"strings"

	"pixfw/parser/syntax"
)

// An edge is a way over words[from:to]: a whole command, or a line of the frame.
type edge struct {
	from, to int32
	cost     int32 // without what depends on the state at from
	joins    uint8 // words mended at a hyphen
	frame    bool
	weak     bool // such that a comment may hold it by chance
	banned   bool // the real parser did not take it
	text     bool // ends with text to the end of the line
	cut      bool // which was cut short for another command
}

// The bounds of one command. The longest of the PIX are far below; they keep
// the work per word constant whatever the input.
const (
	maxCommand = 80
	maxJoins   = 4
)

// A lattice is all that can be read from the words.
type lattice struct {
	lang  *language
	input string
	words []word
	edges []edge
	first []int32 // index of the first edge from a word; one more at the end

	// lines: each command of the document begins a line, or follows another, and
	// ends with a line or before another; whatever stands behind a comment mark
	// on a line is comment.
	lines bool
	// quoted: the word stands behind a comment mark on its line.
	quoted []bool
	// hard: the word begins a line that was not begun for want of room.
	hard []bool
	// runs: the word stands on a line that a comment above may go on with, since it has filled its line.
	runs  []bool
	steps []int32 // index in words of each word of the command being read
	work  int     // that was done
}

// maxWork bounds the work for inputs that could be read in ever so many ways, such as a line of megabytes made of text to
// the end of the line: in words that were read on, of which an edge costs costEdge. Documents of that size that hold
// commands need a tenth of it.
const (
	maxWork  = 6 << 20
	costEdge = 10
)

// newLattice is nil if the words can be read in too many ways.
func newLattice(lang *language, input string, words []word, lines bool) *lattice {
	l := &lattice{lang: lang, input: input, words: words, lines: lines}
	l.quoted, l.hard, l.runs = make([]bool, len(words)), hardBreaks(words), make([]bool, len(words))
	in, run := false, false
	for i := range words {
		if words[i].bol {
			run = (in || run) && !l.hard[i]
			in = false
		}
		l.quoted[i], l.runs[i] = in, run
		in = in || words[i].kind == comment
	}
	l.first = make([]int32, 0, len(words)+1)
	for i := range words {
		l.first = append(l.first, int32(len(l.edges)))
		if l.from(i); l.work > maxWork {
			return nil
		}
	}
	l.first = append(l.first, int32(len(l.edges)))
	return l
}

// hardBreaks tells for each word whether it begins a line although it would have
// fitted on the line before. What fits is told by the lines around; no page is narrower than minRoom.
func hardBreaks(words []word) []bool {
	const around, minRoom = 8, 40
	hard := make([]bool, len(words))
	var first, width []int
	for i, w := range words {
		if w.bol {
			first = append(first, i)
			width = append(width, 0)
		}
		start := words[first[len(first)-1]].start
		width[len(width)-1] = w.end - start
	}
	for k, i := range first {
		if k == 0 {
			hard[i] = true
			continue
		}
		room := slices.Max(width[max(0, k-around):min(len(width), k+around)])
		room = max(room, minRoom)
		hard[i] = width[k-1]+1+words[i].end-words[i].start <= room || words[i].line-words[i-1].line > 1
	}
	return hard
}

// at returns the edges that begin at the word.
func (l *lattice) at(i int) []edge { return l.edges[l.first[i]:l.first[i+1]] }

func (l *lattice) from(i int) {
	if n := l.frame(i); n > 0 {
		l.edges = append(l.edges, edge{from: int32(i), to: int32(i + n), frame: true})
		return
	}
	if l.words[i].kind != plain || l.lines && l.quoted[i] {
		return
	}
	w := &l.words[i]
	if !l.lang.begins(w.text) && !(w.hyphen() && i+1 < len(l.words) && l.lang.begins(w.text+l.words[i+1].text)) {
		return
	}
	l.steps = l.steps[:0]
	l.step(l.lang.a.Begin(0), i, i, 0, 0)
}

// starts reports whether the word is the first of its line, or the first that
// was typed at a prompt.
func (l *lattice) starts(i int) bool {
	return l.words[i].bol || i > 0 && l.words[i-1].kind == prompt
}

// step reads on at word i of the command that begins at from. Broken words that
// could have begun a command and were swallowed in halves are halves.
func (l *lattice) step(r syntax.Run, from, i, joins, halves int) {
	depth := len(l.steps)
	defer func() { l.steps = l.steps[:depth] }()
	for ; i < len(l.words) && len(l.steps) < maxCommand; i++ {
		w := &l.words[i]
		if l.stops(i) {
			return
		}
		if w.hyphen() && i+1 < len(l.words) && l.words[i+1].kind == plain {
			whole := w.text + l.words[i+1].text
			if j := r.Step(whole); joins < maxJoins && !j.Dead() {
				n := len(l.steps)
				l.steps = append(l.steps, int32(i))
				if l.end(j, from, i+2, joins+1, halves) {
					l.step(j, from, i+2, joins+1, halves)
				}
				l.steps = l.steps[:n]
			}
			if i > from && l.lang.begins(whole) {
				halves++
			}
		}
		l.work++
		if r = r.Step(w.text); r.Dead() {
			return
		}
		l.steps = append(l.steps, int32(i))
		if !l.end(r, from, i+1, joins, halves) {
			return
		}
	}
}

// stops reports whether no command goes over the word.
func (l *lattice) stops(i int) bool {
	k := l.words[i].kind
	return k == comment || k == prompt || k == colon && (l.words[i].bol || l.frame(i) > 0)
}

// end adds an edge if the command can end before word to, and reports whether
// to read on.
func (l *lattice) end(r syntax.Run, from, to, joins, halves int) bool {
	e, ok := r.End()
	if !ok {
		return true
	}
	d := edge{
		from: int32(from), to: int32(to), joins: uint8(joins),
		cost: costCommand + int32(joins)*costJoin + int32(e.Swallowed+halves)*costSwallow,
	}
	on := true
	if e.Rest >= 0 && e.Rest < len(l.steps) {
		// Text to the end of the line ends with it, or where in lines that run
		// together another command begins.
		if l.words[l.steps[e.Rest]].line != l.words[to-1].line {
			return false
		}
		on = !l.words[to-1].eol
		if on && !l.stops(to) {
			if !l.lang.begins(l.words[to].text) {
				return true
			}
			d.cut = true
			if l.starts(from) {
				d.cost += costCut
			}
		}
	}
	l.work += costEdge
	d.text = e.Rest >= 0
	d.weak = l.weak(from, to)
	l.edges = append(l.edges, d)
	return on
}

// weakWords is how many words a command has that a comment may hold by chance.
const weakWords = 3

// weak reports whether a comment may hold the words by chance.
func (l *lattice) weak(from, to int) bool {
	if to-from <= weakWords {
		return true
	}
	last := l.words[to-1].text
	return strings.HasSuffix(last, ".") || strings.HasSuffix(last, ",")
}

// text returns the words of a command with the broken ones put together, as far
// as joins say that there are any, and the indices of their first halves.
func (l *lattice) text(from, to, joins int) (words []string, broken []int) {
	words = make([]string, 0, to-from)
	for i := from; i < to; i++ {
		text := l.words[i].text
		if joins > len(broken) && l.words[i].hyphen() && i+1 < to && l.joined(words, text+l.words[i+1].text) {
			broken = append(broken, i)
			text += l.words[i+1].text
			i++
		}
		words = append(words, text)
	}
	return words, broken
}

// joined reports whether a command that begins with the words goes on with this
// one, which was put together. Hardly ever could it be read both ways.
func (l *lattice) joined(before []string, next string) bool {
	words := append(before[:len(before):len(before)], next)
	n, _ := l.lang.a.Walk(words)
	return n == len(words)
}

// frame returns how many words from i are a line of the frame that the PIX puts
// around a configuration.
func (l *lattice) frame(i int) int {
	word := func(n int) string {
		if i+n >= len(l.words) {
			return ""
		}
		return l.words[i+n].text
	}
	w := &l.words[i]
	switch {
	case w.kind == colon:
		switch next := word(1); {
		case strings.EqualFold(next, "saved"), next == "end":
			return 2
		case w.bol && next == "Written" && word(2) == "by":
			for n := 3; n < 16 && i+n < len(l.words) && l.words[i+n].kind == plain; n++ { // to the year
				if y := word(n); len(y) == 4 && strings.Trim(y, "0123456789") == "" {
					return n + 1
				}
			}
		case w.bol && w.eol, next == "PIX" && word(2) == "Version":
			return 1
		}
	case w.text == "PIX" && word(1) == "Version" && word(2) != "" && word(2)[0] >= '0' && word(2)[0] <= '9':
		return 3
	case strings.HasPrefix(w.text, "Cryptochecksum:"):
		if sum := w.text[len("Cryptochecksum:"):]; sum != "" {
			if hex(sum) {
				return 1
			}
		} else if hex(word(1)) {
			return 2
		}
	}
	return 0
}

func hex(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}
