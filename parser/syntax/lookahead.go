package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/alecthomas/participle/v2/ebnf"
)

// exclusion is what a negative look-ahead or a "~" forbids.
type exclusion struct {
	literals []string // folded, sorted
	classes  []string // names, sorted
	match    []func(string) bool
}

func (x *exclusion) matches(word string) bool {
	if x == nil {
		return false
	}
	if slices.Contains(x.literals, fold(word)) {
		return true
	}
	for _, m := range x.match {
		if m(word) {
			return true
		}
	}
	return false
}

func (x *exclusion) with(y *exclusion) *exclusion {
	if x == nil || x == y {
		return y
	}
	if y == nil {
		return x
	}
	z := &exclusion{
		literals: slices.Concat(x.literals, y.literals),
		classes:  slices.Concat(x.classes, y.classes),
		match:    slices.Concat(x.match, y.match),
	}
	slices.Sort(z.literals)
	slices.Sort(z.classes)
	z.literals, z.classes = slices.Compact(z.literals), slices.Compact(z.classes)
	return z
}

// exclude reads a term that stands for single words: "x", <int>, ("x" | "y").
func (b *builder) exclude(t *ebnf.Term) (*exclusion, error) {
	if t.Repetition != "" && !t.Negation { // in ~"x"+ the plus repeats the whole
		return nil, errors.New("a negative look-ahead cannot repeat")
	}
	name := t.Name + t.Token
	if to, ok := b.aliases[name]; ok {
		name = to
	}
	var body *ebnf.Expression
	switch {
	case t.Literal != "":
		text, err := strconv.Unquote(t.Literal)
		return &exclusion{literals: []string{fold(text)}}, err
	case t.Group != nil:
		body = t.Group.Expr
	case b.productions[name] != nil:
		body = b.productions[name]
	default:
		c, ok := b.classes[name]
		if !ok {
			return nil, fmt.Errorf("%s has neither a production nor a class", name)
		}
		return &exclusion{classes: []string{name}, match: []func(string) bool{leaf{class: c}.matches}}, nil
	}
	var all *exclusion
	for _, alt := range body.Alternatives {
		if len(alt.Terms) != 1 {
			return nil, fmt.Errorf("a negative look-ahead of more than one word: %s", body)
		}
		if in := alt.Terms[0]; in.Negation || in.Group != nil && in.Group.Lookahead != ebnf.LookaheadAssertionNone {
			return nil, fmt.Errorf("a negation or look-ahead in a negation: %s", body)
		}
		one, err := b.exclude(alt.Terms[0])
		if err != nil {
			return nil, err
		}
		all = all.with(one)
	}
	return all, nil
}

// resolveGuards gives each guarded state its own copy of the edges that can be
// reached from it, less what the guard forbids. After that a guard is an
// ordinary state, and nobody who walks the automaton need know of look-ahead.
func (b *builder) resolveGuards(end int32) {
	resolved := map[int32]state{}
	for s := range b.states {
		if b.states[s].guard == nil {
			continue
		}
		var out state
		seen := map[string]bool{}
		var visit func(s int32, not *exclusion)
		visit = func(s int32, not *exclusion) {
			not = not.with(b.states[s].guard)
			key := fmt.Sprintf("%d %q %q", s, not.literals, not.classes)
			if seen[key] {
				return
			}
			seen[key] = true
			if s == end { // no word follows, so none that is forbidden
				out.empty = []int32{end}
			}
			for _, e := range b.states[s].edges {
				if e.literal != "" {
					if not.matches(e.literal) {
						continue
					}
				} else {
					f := b.leaves[e.leaf]
					f.not = f.not.with(not)
					e.leaf = b.leaf(f)
				}
				out.edges = append(out.edges, e)
			}
			for _, to := range b.states[s].empty {
				visit(to, not)
			}
		}
		visit(int32(s), nil)
		resolved[int32(s)] = out
	}
	for s, out := range resolved {
		b.states[s] = out
	}
}
