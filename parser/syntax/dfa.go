package syntax

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// node is a set of states: all the places in the grammars where the words so
// far can have led. Nodes are made when they are first reached and kept for the
// life of the automaton, and so are the steps between them; walking a second
// time costs a search and a map look-up per word.
type node struct {
	states   []int32 // sorted, those with edges and the accepting one
	accepts  bool
	literals []literal // sorted by folded
	groups   []group
	loose    bits // the groups that are free names
	rest     bits // the groups that swallow the rest of the line

	// steps is replaced, never written to, so that it is read without a lock.
	steps atomic.Pointer[map[step]*node]
	after atomic.Pointer[[]Next] // what next says of it, once asked
}

// literal is all edges of one keyword, group all edges of one leaf.
type literal struct {
	folded, text, help string
	to                 []int32
}

type group struct {
	leaf int
	to   []int32
}

// step is what one word does in a node: the literal that it is (-1 for none)
// and the groups that it fits. Words that do the same share the step, so the
// cache does not grow with the names in a configuration.
type step struct {
	literal int
	groups  bits
}

// maxLeaves bounds the groups of a node, for bits to hold them.
const maxLeaves = 256

type bits [maxLeaves / 64]uint64

func (b *bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b *bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bits) empty() bool     { return b == bits{} }

func (b bits) and(c bits) bits {
	for i := range b {
		b[i] &= c[i]
	}
	return b
}

func (b bits) andNot(c bits) bits {
	for i := range b {
		b[i] &^= c[i]
	}
	return b
}

func (b bits) or(c bits) bits {
	for i := range b {
		b[i] |= c[i]
	}
	return b
}

// step reads one exact word; nil if it fits nowhere.
func (a *Automaton) step(d *node, word string) *node {
	return a.take(d, a.classify(d, word))
}

func (a *Automaton) classify(d *node, word string) step {
	return step{d.find(word), a.fits(d, word)}
}

// find returns the index of the keyword, or -1.
func (d *node) find(word string) int {
	i, ok := slices.BinarySearchFunc(d.literals, fold(word), func(l literal, w string) int {
		return strings.Compare(l.folded, w)
	})
	if !ok {
		return -1
	}
	return i
}

// prefixed returns the indices [i, j) of the keywords that begin with the word.
func (d *node) prefixed(word string) (i, j int) {
	if word == "" {
		return 0, 0
	}
	word = fold(word)
	i, _ = slices.BinarySearchFunc(d.literals, word, func(l literal, w string) int {
		return strings.Compare(l.folded, w)
	})
	for j = i; j < len(d.literals) && strings.HasPrefix(d.literals[j].folded, word); {
		j++
	}
	return i, j
}

// fits returns the groups that the word fits.
func (a *Automaton) fits(d *node, word string) (b bits) {
	for i, g := range d.groups {
		if a.leaves[g.leaf].matches(word) {
			b.set(i)
		}
	}
	return b
}

// take follows a step; nil if it leads nowhere.
func (a *Automaton) take(d *node, s step) *node {
	if s.literal < 0 && s.groups.empty() {
		return nil
	}
	if known := d.steps.Load(); known != nil {
		if to, ok := (*known)[s]; ok {
			return to
		}
	}
	var states []int32
	if s.literal >= 0 {
		states = append(states, d.literals[s.literal].to...)
	}
	for i, g := range d.groups {
		if s.groups.has(i) {
			states = append(states, g.to...)
		}
	}
	to := a.intern(states)

	a.mu.Lock()
	defer a.mu.Unlock()
	steps := map[step]*node{s: to}
	if known := d.steps.Load(); known != nil {
		maps.Copy(steps, *known)
	}
	d.steps.Store(&steps)
	return to
}

// intern returns the node of the states and all that follow without a word.
func (a *Automaton) intern(from []int32) *node {
	set := a.closure(from)
	key := make([]byte, 0, 4*len(set))
	for _, s := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(s))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if d, ok := a.nodes[string(key)]; ok {
		return d
	}
	d := a.node(set)
	a.nodes[string(key)] = d
	return d
}

func (a *Automaton) closure(todo []int32) []int32 {
	todo = slices.Clone(todo)
	seen := map[int32]bool{}
	var set []int32
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		todo = append(todo, a.nfa[s].empty...)
		if len(a.nfa[s].edges) > 0 || a.nfa[s].accepts {
			set = append(set, s)
		}
	}
	slices.Sort(set)
	return set
}

func (a *Automaton) node(set []int32) *node {
	d := &node{states: set}
	literals := map[string]*literal{}
	groups := map[int]int{} // leaf -> index of d.groups
	for _, s := range set {
		d.accepts = d.accepts || a.nfa[s].accepts
		for _, e := range a.nfa[s].edges {
			if e.literal != "" {
				folded := fold(e.literal)
				l := literals[folded]
				if l == nil {
					l = &literal{folded: folded, text: e.literal}
					literals[folded] = l
				}
				if l.help == "" {
					l.help = e.help
				}
				l.to = append(l.to, e.to)
				continue
			}
			i, ok := groups[e.leaf]
			if !ok {
				i = len(d.groups)
				groups[e.leaf] = i
				d.groups = append(d.groups, group{leaf: e.leaf})
				if a.leaves[e.leaf].class.Loose {
					d.loose.set(i)
				}
				if a.leaves[e.leaf].class.Rest {
					d.rest.set(i)
				}
			}
			d.groups[i].to = append(d.groups[i].to, e.to)
		}
	}
	for _, folded := range slices.Sorted(maps.Keys(literals)) {
		d.literals = append(d.literals, *literals[folded])
	}
	return d
}
