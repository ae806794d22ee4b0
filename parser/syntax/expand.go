package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// An AmbiguousError is an abbreviation of several keywords.
type AmbiguousError struct {
	Index      int // of the word
	Word       string
	Candidates []string // sorted
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("ambiguous %q: %s", e.Word, strings.Join(e.Candidates, ", "))
}

// An UnknownError is a word that nothing allows in its place.
type UnknownError struct {
	Index    int // of the word
	Word     string
	Expected []Next
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("unexpected %q", e.Word)
	if s := Suggest(e.Word, e.Expected); s != "" {
		text += fmt.Sprintf(" (did you mean %q?)", s)
	}
	return text + ", expected " + Expected(e.Expected)
}

// Expand replaces abbreviated keywords by the whole ones. At each place:
//
//   - a whole keyword is that keyword, and may also be a name (an access list
//     called "line"): both are followed;
//   - else a word that fits a class stays as it is, unless the class is Loose
//     and the word begins a keyword. Then the keyword is tried first, and the
//     name only if the words that follow do not fit the keyword;
//   - else it may also be short for a literal of a class (Class.Words), as a
//     keyword is;
//   - else the word is an abbreviation, ambiguous if it begins several keywords,
//     even when the words that follow would decide for one of them. So does the
//     PIX, and so a line keeps its meaning while it is being typed.
//
// The error is an *AmbiguousError or an *UnknownError. Words that are fine but
// too few are no error: ask Accepts.
func (a *Automaton) Expand(words []string) ([]string, error) { return a.expand(words, true) }

// ExpandLenient is Expand, but lets the words that follow decide between
// keywords: "acc 101 permit" can only be access-list. It is for the places
// where the PIX ranks its commands.
func (a *Automaton) ExpandLenient(words []string) ([]string, error) { return a.expand(words, false) }

// reading is one way to take the words so far.
type reading struct {
	at        *node
	words     []word
	ambiguous *AmbiguousError // the choice that this reading made without right
}

type word struct {
	text string
	name bool // taken as a name although a keyword would do
}

func (a *Automaton) expand(words []string, strict bool) ([]string, error) {
	readings := []reading{{at: a.start}}
	for i, w := range words {
		var then []reading
		for _, r := range readings {
			then = append(then, a.read(r, w, strict)...)
		}
		if len(then) == 0 {
			var nodes []*node
			for _, r := range readings {
				nodes = append(nodes, r.at)
			}
			return nil, &UnknownError{i, w, a.next(nodes...)}
		}
		readings = merge(words, then)
		if strict && !slices.ContainsFunc(readings, func(r reading) bool { return r.ambiguous == nil }) {
			return nil, readings[0].ambiguous
		}
	}
	best := readings[0]
	for _, r := range readings[1:] {
		best = prefer(words, best, r)
	}
	if best.ambiguous != nil {
		return nil, best.ambiguous
	}
	return best.texts(), nil
}

// read continues a reading with one more word, in each way it can be taken. A
// keyword and a name of the same spelling are two readings, for only the one
// that is a keyword may be the expansion of something shorter: the access list
// "comp" must not become "compiled" because a list may be called that.
func (a *Automaton) read(r reading, w string, strict bool) []reading {
	fits := a.fits(r.at, w)
	i, j := 0, 0 // the keywords
	if exact := r.at.find(w); exact >= 0 {
		i, j = exact, exact+1
	} else if fits.andNot(r.at.loose).empty() {
		i, j = r.at.prefixed(w)
	}
	var values []string // the literals of classes
	if r.at.find(w) < 0 && fits.andNot(r.at.loose).empty() {
		values = a.valuesOf(r.at, w)
	}
	var out []reading
	keyword, value := r, r
	if n := j - i + len(values); n > 1 && r.ambiguous == nil {
		amb := &AmbiguousError{Index: len(r.words), Word: w, Candidates: append(texts(r.at.literals[i:j]), values...)}
		slices.Sort(amb.Candidates)
		if strict {
			keyword.ambiguous, value.ambiguous = amb, amb
		} else if len(values) > 1 { // what follows a literal does not tell it from another one
			value.ambiguous = amb
		}
	}
	for _, v := range values {
		out = append(out, value.then(a.take(r.at, step{-1, a.fits(r.at, v)}), v, false))
	}
	for k := i; k < j; k++ {
		out = append(out, keyword.then(a.take(r.at, step{k, bits{}}), r.at.literals[k].text, false))
	}
	if !fits.empty() {
		out = append(out, r.then(a.take(r.at, step{-1, fits}), w, i < j))
	}
	return out
}

// valuesOf are the literals of the classes at a node that begin with the word.
func (a *Automaton) valuesOf(d *node, word string) (values []string) {
	if word == "" {
		return nil
	}
	word = fold(word)
	for _, g := range d.groups {
		for _, v := range a.leaves[g.leaf].class.Words {
			if strings.HasPrefix(fold(v), word) && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	return values
}

func (r reading) then(at *node, text string, name bool) reading {
	r.at = at
	r.words = append(slices.Clip(r.words), word{text, name})
	return r
}

func (r reading) texts() []string {
	out := make([]string, len(r.words))
	for i, w := range r.words {
		out[i] = w.text
	}
	return out
}

func texts(ls []literal) []string {
	out := make([]string, len(ls))
	for i, l := range ls {
		out[i] = l.text
	}
	return out
}

// merge leaves one reading a node. The words to come cannot tell two readings
// of one node apart, so what decides between them is known already.
func merge(words []string, rs []reading) []reading {
	at := map[*node]int{}
	out := rs[:0]
	for _, r := range rs {
		if i, ok := at[r.at]; ok {
			out[i] = prefer(words, out[i], r)
			continue
		}
		at[r.at] = len(out)
		out = append(out, r)
	}
	return out
}

// prefer returns the better of two readings of the same words: where they first
// differ, a keyword is better than a name. Between two keywords there is no
// better one, and the reading that is returned is marked as ambiguous.
func prefer(words []string, x, y reading) reading {
	for i := range x.words {
		a, b := x.words[i], y.words[i]
		switch {
		case a == b:
			continue
		case a.name && !b.name:
			return y
		case b.name && !a.name:
			return x
		}
		if x.ambiguous != nil && x.ambiguous.Index < i {
			return x
		}
		both := []string{a.text, b.text}
		for _, r := range []reading{x, y} { // what they were marked with before
			if r.ambiguous != nil && r.ambiguous.Index == i {
				both = append(both, r.ambiguous.Candidates...)
			}
		}
		slices.Sort(both)
		x.ambiguous = &AmbiguousError{Index: i, Word: words[i], Candidates: slices.Compact(both)}
		return x
	}
	return x
}
