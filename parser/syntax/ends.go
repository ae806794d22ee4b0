package syntax

import "iter"

// End is a place where a command can end.
type End struct {
	// To is the index after the last word of the command.
	To int
	// Swallowed counts the words that are taken as a free name, or as text to
	// the end of the line, although they could begin a command of their own:
	// in "transform-set myset crypto map" most likely another command begins
	// at "crypto".
	Swallowed int
	// Rest is the index of the first word of text to the end of the line, -1
	// if there is none. The automaton knows no lines; whoever does should take
	// no end but the one of the line in which this word stands.
	Rest int
}

// Ends yields every end of a command that begins at words[from], the shortest
// first, each with its cheapest reading. Words are taken as they stand. It stops
// by itself where the words cannot go on, which text to the end of the line
// always can: stop pulling there.
func (a *Automaton) Ends(words []string, from int) iter.Seq[End] {
	return func(yield func(End) bool) {
		for r, i := a.Begin(from), from; i < len(words); i++ {
			if r = r.Step(words[i]); r.Dead() {
				return
			}
			if e, ok := r.End(); ok && !yield(e) {
				return
			}
		}
	}
}

// A Run is a command that is being read word by word. It is a value: step the
// same Run with two words ("pre-" at the end of a line, or "pre-share") to follow
// both.
type Run struct {
	a     *Automaton
	to    int
	n     int // of readings
	reads [maxReads]read
}

// maxReads bounds the readings of a run that are followed, the cheapest first.
// There are two only after a keyword was swallowed or text begun, so it takes
// three doubtful words in one command to lose the worst reading.
const maxReads = 4

type read struct {
	at        *node
	swallowed int
	rest      int
}

// Begin starts a command whose first word has the index at.
func (a *Automaton) Begin(at int) Run {
	r := Run{a: a, to: at, n: 1}
	r.reads[0] = read{at: a.start, rest: -1}
	return r
}

// Dead reports that no command goes on like this.
func (r Run) Dead() bool { return r.n == 0 }

// End returns the cheapest way in which the words so far are a whole command.
func (r Run) End() (e End, ok bool) {
	for _, x := range r.reads[:r.n] { // sorted by cost
		if x.at.accepts {
			return End{To: r.to, Swallowed: x.swallowed, Rest: x.rest}, true
		}
	}
	return End{}, false
}

// Step reads one more word.
func (r Run) Step(word string) Run {
	out := Run{a: r.a, to: r.to + 1}
	cost := 0
	if r.a.leading[fold(word)] {
		cost = 1
	}
	for _, x := range r.reads[:r.n] {
		s := r.a.classify(x.at, word)
		free := s.groups.and(x.at.loose)
		rest := s.groups.and(x.at.rest)
		sure := s.groups.andNot(x.at.loose).andNot(rest)
		free = free.andNot(rest)
		if cost == 0 { // a free name is as good as any
			sure, free = sure.or(free), bits{}
		}
		out.add(read{r.a.take(x.at, step{s.literal, sure}), x.swallowed, x.rest})
		out.add(read{r.a.take(x.at, step{-1, free}), x.swallowed + cost, x.rest})
		begun := x.rest
		if begun < 0 {
			begun = r.to
		}
		out.add(read{r.a.take(x.at, step{-1, rest}), x.swallowed + cost, begun})
	}
	return out
}

// add keeps the readings sorted by cost, one a node.
func (r *Run) add(x read) {
	if x.at == nil {
		return
	}
	i := r.n
	for k, y := range r.reads[:r.n] {
		if y.at != x.at {
			continue
		}
		if y.swallowed <= x.swallowed {
			return
		}
		i = k // the dearer one makes room
		break
	}
	if i == r.n {
		if r.n == maxReads {
			if i--; r.reads[i].swallowed <= x.swallowed {
				return
			}
		} else {
			r.n++
		}
	}
	for ; i > 0 && r.reads[i-1].swallowed > x.swallowed; i-- {
		r.reads[i] = r.reads[i-1]
	}
	r.reads[i] = x
}
