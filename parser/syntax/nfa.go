package syntax

import (
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/ebnf"
)

// state is a state of the automaton as it is built from the EBNF: Thompson's
// construction, productions inlined.
type state struct {
	empty   []int32 // followed without a word
	edges   []edge
	accepts bool
	guard   *exclusion // a negative look-ahead; gone after resolveGuards
}

// edge consumes one word: a literal, or a word that fits leaves[leaf].
type edge struct {
	literal string // "" for a leaf
	help    string
	leaf    int // index of leaves
	to      int32
}

// leaf is a class with what must not be taken for it. Leaves are unique, so
// that edges of the same leaf can be followed as one.
type leaf struct {
	name  string
	class Class
	not   *exclusion
}

func (f leaf) matches(word string) bool {
	return (f.class.Match == nil || f.class.Match(word)) && !f.not.matches(word)
}

// fold is how keywords are compared.
func fold(word string) string { return strings.ToLower(word) }

// builder turns EBNF into states.
type builder struct {
	roots       []root
	classes     map[string]Class
	productions map[string]*ebnf.Expression
	aliases     map[string]string // class of several words -> its first production

	states  []state
	leaves  []leaf
	leafIDs map[string]int
	open    []string          // the productions being inlined
	help    map[string]string // of the grammars being built,
	own     map[string]string // and of this one
}

type root struct {
	name      string
	help, own map[string]string
}

func newBuilder(grammars []Grammar, classes map[string]Class) (*builder, error) {
	b := &builder{
		classes:     classes,
		productions: map[string]*ebnf.Expression{},
		aliases:     map[string]string{},
		leafIDs:     map[string]int{},
	}
	for i, g := range grammars {
		name, err := b.declare(g.EBNF)
		if err != nil {
			return nil, fmt.Errorf("syntax: grammar %d: %w", i, err)
		}
		b.roots = append(b.roots, root{name, g.Help, g.Own})
	}
	for name, c := range classes {
		if c.EBNF == "" {
			continue
		}
		first, err := b.declare(c.EBNF)
		if err != nil {
			return nil, fmt.Errorf("syntax: class %s: %w", name, err)
		}
		if first != name {
			b.aliases[name] = first
		}
	}
	for name, c := range classes {
		// The production would win, and the class never be asked.
		if _, ok := b.productions[name]; ok && c.EBNF == "" {
			return nil, fmt.Errorf("syntax: %s is both a class and a production", name)
		}
	}
	return b, nil
}

// declare notes the productions of one grammar and returns the first's name.
func (b *builder) declare(text string) (string, error) {
	text = strings.TrimSpace(text)
	if token.IsIdentifier(text) {
		// A parser whose root type parses itself prints as the bare name.
		return text, nil
	}
	tree, err := readEBNF(text)
	if err != nil {
		return "", err
	}
	if len(tree.Productions) == 0 {
		return "", errors.New("no production")
	}
	for _, p := range tree.Productions {
		if old, ok := b.productions[p.Production]; ok {
			if old.String() != p.Expression.String() {
				return "", fmt.Errorf("two productions %s: %s, and %s", p.Production, old, p.Expression)
			}
			continue
		}
		b.productions[p.Production] = p.Expression
	}
	return tree.Productions[0].Production, nil
}

func (b *builder) build() (start int32, err error) {
	start = b.state()
	end := b.state()
	b.states[end].accepts = true
	for _, r := range b.roots {
		b.help, b.own = r.help, r.own
		to, err := b.name(r.name, b.after(start))
		if err != nil {
			return 0, fmt.Errorf("syntax: %s: %w", r.name, err)
		}
		b.link(to, end)
	}
	b.resolveGuards(end)
	if len(b.leaves) > maxLeaves {
		return 0, fmt.Errorf("syntax: %d different leaves, at most %d", len(b.leaves), maxLeaves)
	}
	return start, nil
}

func (b *builder) state() int32 {
	b.states = append(b.states, state{})
	return int32(len(b.states) - 1)
}

func (b *builder) link(from, to int32) {
	b.states[from].empty = append(b.states[from].empty, to)
}

// after returns a new state that follows from without a word.
func (b *builder) after(from int32) int32 {
	to := b.state()
	b.link(from, to)
	return to
}

func (b *builder) edge(from int32, e edge) int32 {
	e.to = b.state()
	b.states[from].edges = append(b.states[from].edges, e)
	return e.to
}

// Each of the following builds its part onto the state from and returns the
// state in which the part has been read.

func (b *builder) expression(e *ebnf.Expression, from int32) (int32, error) {
	out := b.state()
	for _, alt := range e.Alternatives {
		to := b.after(from)
		for _, t := range alt.Terms {
			var err error
			if to, err = b.term(t, to); err != nil {
				return 0, err
			}
		}
		b.link(to, out)
	}
	return out, nil
}

func (b *builder) term(t *ebnf.Term, from int32) (int32, error) {
	switch t.Repetition {
	case "":
		return b.once(t, from)
	case "!":
		return b.nonEmpty(t, from)
	}
	in := b.after(from)
	to, err := b.once(t, in)
	if err != nil {
		return 0, err
	}
	out := b.after(to)
	if t.Repetition != "+" {
		b.link(in, out)
	}
	if t.Repetition != "?" {
		b.link(to, in)
	}
	return out, nil
}

// nonEmpty builds the term twice: the first copy has read nothing yet, and each
// of its edges leads into the second, which alone can be left.
func (b *builder) nonEmpty(t *ebnf.Term, from int32) (int32, error) {
	first := int32(len(b.states))
	if _, err := b.once(t, b.after(from)); err != nil {
		return 0, err
	}
	second := int32(len(b.states))
	to, err := b.once(t, b.state())
	if err != nil {
		return 0, err
	}
	for s := first; s < second; s++ {
		for i := range b.states[s].edges {
			b.states[s].edges[i].to += second - first
		}
	}
	return to, nil
}

func (b *builder) once(t *ebnf.Term, from int32) (int32, error) {
	if t.Negation {
		not, err := b.exclude(t)
		if err != nil {
			return 0, err
		}
		return b.edge(from, edge{leaf: b.leaf(leaf{name: "~", class: Class{Placeholder: "<word>", Loose: true}, not: not})}), nil
	}
	switch {
	case t.Name != "":
		return b.name(t.Name, from)
	case t.Token != "":
		return b.name(t.Token, from)
	case t.Literal != "":
		text, err := strconv.Unquote(t.Literal)
		if err != nil || text == "" {
			return 0, fmt.Errorf("bad literal %s", t.Literal)
		}
		help, ok := b.own[text]
		if !ok {
			help = b.help[text]
		}
		return b.edge(from, edge{literal: text, help: help}), nil
	case t.Group == nil:
		return 0, errors.New("empty term")
	}
	switch t.Group.Lookahead {
	case ebnf.LookaheadAssertionNegative:
		not, err := b.exclude(&ebnf.Term{Group: t.Group})
		if err != nil {
			return 0, err
		}
		guard := b.after(from)
		b.states[guard].guard = not
		return b.after(guard), nil
	case ebnf.LookaheadAssertionPositive:
		// It only narrows; the automaton may accept more than the grammar.
		return from, nil
	}
	return b.expression(t.Group.Expr, from)
}

// name builds a production, or the edge of a class.
func (b *builder) name(name string, from int32) (int32, error) {
	if to, ok := b.aliases[name]; ok {
		name = to
	}
	body, ok := b.productions[name]
	if !ok {
		c, ok := b.classes[name]
		if !ok {
			return 0, fmt.Errorf("%s has neither a production nor a class", name)
		}
		to := b.edge(from, edge{leaf: b.leaf(leaf{name: name, class: c})})
		if c.Rest {
			b.states[to].edges = append(b.states[to].edges, edge{leaf: b.leaf(leaf{name: name, class: c}), to: to})
		}
		return b.after(to), nil
	}
	if slices.Contains(b.open, name) {
		return 0, fmt.Errorf("%s is recursive (%s)", name, strings.Join(b.open, ", "))
	}
	b.open = append(b.open, name)
	to, err := b.expression(body, b.after(from))
	b.open = b.open[:len(b.open)-1]
	return to, err
}

// leaf returns the index of f, which is the same for equal leaves.
func (b *builder) leaf(f leaf) int {
	key := f.name
	if f.not != nil {
		key = fmt.Sprintf("%s %q %q", f.name, f.not.literals, f.not.classes)
	}
	if i, ok := b.leafIDs[key]; ok {
		return i
	}
	b.leaves = append(b.leaves, f)
	b.leafIDs[key] = len(b.leaves) - 1
	return len(b.leaves) - 1
}
