package repair

import "strings"

// Costs are in hundredths. A word that is skipped costs so much that any command
// of several words is cheaper. The first one that is skipped behind a command
// costs more, since most likely it belongs to the command.
const (
	costCommand = 20
	costJoin    = 10  // a broken word
	costSwallow = 80  // a name that could have begun a command
	costCut     = 150 // text to the end of the line that does not go there
	costInside  = 30  // the command begins in a comment
	costWeak    = 500 // and is short, and nothing speaks for it
	costComment = 50  // a word in a comment
	costJunk    = 120 // the first word that is neither
	costMiddle  = 55  // the command does not begin a line, where the others do
	costLine    = -10 // the command is a line, where the others are
	costMust    = 800 // such a word where a command should follow
	// The rest of a line whose begin is a command: without it, the command may
	// say something else, such as permit more.
	costTail = 5000
)

// state is what the words before were.
type state uint8

const (
	outside state = iota // a command
	inside               // a comment, or words that were not understood
	must                 // a doubtful command in a comment: only a mark or a command may follow
	states
)

const far = int32(1) << 30

// A path is the cheapest reading of a lattice.
type path struct {
	l *lattice
	// cost[i*states+s] is the least cost from word i in state s to the end.
	// That way round, the reading is found from the front, and what is cheap
	// before a word is found by the same walk forwards.
	cost []int32
	// taken are the indices of the edges, in order, and the states they begin in.
	taken []int32
	at    []state
}

// shortest finds the cheapest reading, which prefers longer commands among
// equals.
func (l *lattice) shortest() *path {
	n := len(l.words)
	p := &path{l: l, cost: make([]int32, (n+1)*int(states))}
	for i := n - 1; i >= 0; i-- {
		for s := outside; s < states; s++ {
			best := p.skip(i, s)
			for _, e := range l.at(i) {
				if c := p.over(e, s); c < best {
					best = c
				}
			}
			p.cost[i*int(states)+int(s)] = best
		}
	}
	for i, s := 0, inside; i < n; {
		best, best2 := int32(-1), s
		for k, e := range l.at(i) {
			if p.over(e, s) == p.rest(i, s) { // the last of equals is the longest
				best = l.first[i] + int32(k)
			}
		}
		if best < 0 {
			i, s = i+1, inside
			continue
		}
		p.taken, p.at = append(p.taken, best), append(p.at, best2)
		s = p.after(l.edges[best], s)
		i = int(l.edges[best].to)
	}
	return p
}

func (p *path) rest(i int, s state) int32 { return p.cost[i*int(states)+int(s)] }

// skip is the cost from word i when it is none of a command.
func (p *path) skip(i int, s state) int32 { return p.skipped(i, s) + p.rest(i+1, inside) }

func (p *path) skipped(i int, s state) int32 {
	switch {
	case p.l.words[i].kind == comment || p.l.words[i].kind == prompt || p.l.words[i].kind == colon && p.l.words[i].bol:
		return 0
	case s == inside, p.l.lines && p.l.words[i].bol:
		return costComment
	case p.l.lines:
		return costTail
	case s == must:
		return costMust
	case p.l.hard[i]: // a line of its own
		return costComment
	}
	return costJunk
}

// over is the cost from the start of the edge when it is taken.
func (p *path) over(e edge, s state) int32 {
	if !p.allowed(e, s) {
		return far
	}
	return p.step(e, s) + p.rest(int(e.to), p.after(e, s))
}

func (p *path) allowed(e edge, s state) bool {
	return !e.banned && (!p.l.lines || e.frame || s != inside || p.l.starts(int(e.from)))
}

// step is the cost of the edge itself.
func (p *path) step(e edge, s state) int32 {
	c := e.cost
	if p.l.lines && !e.frame {
		switch {
		case !p.l.starts(int(e.from)):
			c += costMiddle
		case p.l.words[e.to-1].eol && p.l.words[e.to-1].line == p.l.words[e.from].line:
			c += costLine
		}
	}
	if e.frame || s != inside {
		return c
	}
	if p.l.apart(e) {
		return c
	}
	c += costInside
	if e.weak && !p.l.sentence(e) || p.l.quoted[e.from] && p.l.words[e.from-1].kind == comment {
		c += costWeak // what begins with a comment mark was commented out
	}
	return c
}

// after is the state behind the edge.
func (p *path) after(e edge, s state) state {
	if s == inside && !e.frame && (e.weak || !p.l.sentence(e)) && !p.l.apart(e) {
		return must
	}
	return outside
}

// alone reports whether the command fills its line, or lines.
func (l *lattice) alone(e edge) bool { return l.starts(int(e.from)) && l.words[e.to-1].eol }

// apart reports whether the lines make it sure that the command is not part of
// the comment before it.
func (l *lattice) apart(e edge) bool {
	if !l.alone(e) {
		return false
	}
	return !e.weak || l.lines && !l.runs[e.from] || e.from == 0 || l.marked(e.from) || l.hard[e.from] || l.sentence(e)
}

// marked reports whether a mark stands before the word that ends a comment, or is no comment: one alone on its line, a prompt.
func (l *lattice) marked(i int32) bool {
	w := &l.words[i-1]
	return w.kind != plain && (w.kind != comment || w.bol && w.eol)
}

// sentence reports whether what was said before the command is finished.
func (l *lattice) sentence(e edge) bool {
	if e.from == 0 {
		return true
	}
	w := &l.words[e.from-1]
	if w.kind != plain {
		return false
	}
	if strings.EqualFold(w.text, "e.g.") || strings.EqualFold(w.text, "i.e.") {
		return false
	}
	switch w.text[len(w.text)-1] {
	case '.', ':', ';', '!', '?', '"':
		return true
	}
	return false
}

// gaps returns for each command of the reading how much dearer the cheapest
// reading without it is. Every reading passes the first word of the command
// once: over another command, or by skipping it.
func (p *path) gaps() []int32 {
	l, n := p.l, len(p.l.words)
	// before[i*states+s] is the least cost from the start to word i in state s.
	before := make([]int32, (n+1)*int(states))
	for i := range before {
		before[i] = far
	}
	before[inside] = 0
	// next[i] is the index in taken of the first command at or behind word i.
	next := make([]int32, n+1)
	for i, k := 0, 0; i <= n; i++ {
		for k < len(p.taken) && l.edges[p.taken[k]].from < int32(i) {
			k++
		}
		next[i] = int32(k)
	}
	second := make([]int32, len(p.taken))
	for k := range second {
		second[k] = far
	}
	note := func(from, to, cost int32) {
		for k := int(next[from]); k < len(p.taken); k++ {
			t := &l.edges[p.taken[k]]
			if t.from >= to {
				break
			}
			if t.from != from || t.to != to { // else it is the same reading
				second[k] = min(second[k], cost)
			}
		}
	}
	for i := 0; i < n; i++ {
		for s := outside; s < states; s++ {
			c := before[i*int(states)+int(s)]
			if c >= far {
				continue
			}
			to := &before[(i+1)*int(states)+int(inside)]
			*to = min(*to, c+p.skipped(i, s))
			note(int32(i), int32(i+1), c+p.skip(i, s))
			for _, e := range l.at(i) {
				if !p.allowed(e, s) {
					continue
				}
				to := &before[int(e.to)*int(states)+int(p.after(e, s))]
				*to = min(*to, c+p.step(e, s))
				note(e.from, e.to, c+p.over(e, s))
			}
		}
	}
	for k := range second {
		second[k] -= p.rest(0, inside)
	}
	return second
}
