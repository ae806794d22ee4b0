package syntax

import (
	"slices"
	"strings"
	"sync"
)

// A Class describes a leaf of the grammars: a name in the EBNF that has no
// production, because its Go type parses itself (participle.Parseable) or
// because it is a token of the lexer ("<int>" is the class "int").
type Class struct {
	// Placeholder stands for the word in help: "<ip>", "<acl_name>".
	Placeholder string
	Help        string

	// Match reports whether one word fits; nil fits every word. It is asked
	// each time and its answers are not kept, so it may look at live state (the
	// names of the interfaces). It must be safe for concurrent use.
	Match func(word string) bool

	// Rest swallows all words to the end of the line: remark, description,
	// banner. A '?' typed there is part of the text.
	Rest bool

	// Loose marks a free name that almost any word fits. When abbreviations
	// are expanded, keywords go before it; in Ends it costs extra if the word
	// that it swallows could begin a command.
	Loose bool

	// Words are the literals of a class whose words are known, such as the names
	// of ports: they may be abbreviated, and are offered by Next.
	Words []string

	// EBNF, if set, is the grammar of a leaf of several words, such as
	// "host <ip>": the leaf stands for its first production, and all the
	// fields above are unused. It is how a type with a hand-written Parse
	// method lends its structure from the declared grammar that is its twin.
	EBNF string
}

// A Grammar is one command, or one family of commands.
type Grammar struct {
	// EBNF is what the String method of a participle parser returns. Its first
	// production is a whole command.
	EBNF string
	// Help explains the keywords of this grammar, by literal; Own goes before it, so that many grammars can share one Help.
	Help, Own map[string]string
}

// Next is one thing that may follow: a keyword, a leaf, or the end of the line.
type Next struct {
	Literal     string // the keyword, or
	Class       string // the name of the class, or
	End         bool   // the command may end here
	Rest        bool   // the class swallows the rest of the line
	Placeholder string // what to show: the keyword, "<ip>", "<cr>"
	Help        string
	Words       []string // the literals of the class; not to be changed
}

// An Automaton is the union of the grammars that it was made from.
type Automaton struct {
	nfa     []state
	leaves  []leaf // what class edges point to
	start   *node
	leading map[string]bool // folded

	mu    sync.Mutex // guards nodes, and the writing of node.steps
	nodes map[string]*node
}

// New makes one automaton of all the grammars. It fails on EBNF that it cannot
// represent: a name without production and class, two different productions of
// one name, recursion, and a negative look-ahead of more than one word.
func New(grammars []Grammar, classes map[string]Class) (*Automaton, error) {
	b, err := newBuilder(grammars, classes)
	if err != nil {
		return nil, err
	}
	start, err := b.build()
	if err != nil {
		return nil, err
	}
	a := &Automaton{nfa: b.states, leaves: b.leaves, nodes: map[string]*node{}, leading: map[string]bool{}}
	a.start = a.intern([]int32{start})
	for _, l := range a.start.literals {
		a.leading[l.folded] = true
	}
	return a, nil
}

// Leading returns the keywords that begin a command, sorted.
func (a *Automaton) Leading() []string {
	out := make([]string, len(a.start.literals))
	for i, l := range a.start.literals {
		out[i] = l.text
	}
	return out
}

// Walk consumes as many words as can begin a command, and returns their number
// and what could follow the last of them. Words are taken as they stand, not
// as abbreviations. If n < len(words), words[n] is the one to complain about
// and next is what was expected in its place.
func (a *Automaton) Walk(words []string) (n int, next []Next) {
	at, n := a.walk(words)
	return n, a.next(at)
}

// Reach returns how many of the words fit a command: Walk without what could follow.
func (a *Automaton) Reach(words []string) int {
	_, n := a.walk(words)
	return n
}

// Next returns what may follow the words: keywords in alphabetical order, then
// classes, then the end of the line. The words are taken as they stand; expand
// them first. It returns nil if they cannot begin a command.
func (a *Automaton) Next(words []string) []Next {
	at, n := a.walk(words)
	if n < len(words) {
		return nil
	}
	return a.next(at)
}

// Accepts reports whether the words, taken as they stand, are a whole command.
func (a *Automaton) Accepts(words []string) bool {
	at, n := a.walk(words)
	return n == len(words) && at.accepts
}

func (a *Automaton) walk(words []string) (at *node, n int) {
	at = a.start
	for n < len(words) {
		to := a.step(at, words[n])
		if to == nil {
			break
		}
		at, n = to, n+1
	}
	return at, n
}

// next lists what may follow in any of the nodes. Of one node it is worked out once: a file full of errors asks for it line by
// line.
func (a *Automaton) next(nodes ...*node) []Next {
	if len(nodes) != 1 {
		return a.follow(nodes)
	}
	known := nodes[0].after.Load()
	if known == nil {
		list := a.follow(nodes)
		known = &list
		nodes[0].after.Store(known)
	}
	return slices.Clone(*known)
}

func (a *Automaton) follow(nodes []*node) []Next {
	var out []Next
	classes := map[string]bool{}
	end := false
	for _, d := range nodes {
		for _, l := range d.literals {
			out = append(out, Next{Literal: l.text, Placeholder: l.text, Help: l.help})
		}
		for _, g := range d.groups {
			f := a.leaves[g.leaf]
			if !classes[f.name] {
				classes[f.name] = true
				out = append(out, Next{Class: f.name, Rest: f.class.Rest, Placeholder: f.class.Placeholder, Help: f.class.Help, Words: f.class.Words})
			}
		}
		end = end || d.accepts
	}
	slices.SortStableFunc(out, func(x, y Next) int {
		if c := strings.Compare(x.Literal, y.Literal); c != 0 {
			if x.Literal == "" || y.Literal == "" { // literals before classes
				return -c
			}
			return c
		}
		return strings.Compare(x.Placeholder+x.Class, y.Placeholder+y.Class)
	})
	out = slices.CompactFunc(out, func(x, y Next) bool { return x.Literal != "" && x.Literal == y.Literal })
	if end {
		out = append(out, Next{End: true, Placeholder: "<cr>"})
	}
	return out
}
