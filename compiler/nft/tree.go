package nft

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// A long access list is a tree of lookups instead of a chain of entries, so that a packet's cost hardly grows with the list.
// A lookup by one field (destination, source, ports, protocol, ICMP type) leads to the few entries that the value leaves
// over; the protocol is asked for first, where that copies little. Other entries that say nothing about a field are not copied
// into all of its branches: they have lookups of their own, one after the other, and each keeps the lowest entry found so far in
// the packet mark. What is decided is the entry of the lowest number, which is the first match of the list (semantics.md 2.2), and
// a last lookup by the mark has its counter and verdict.

const (
	linearMax = 64        // lists up to here stay chains, which are easier to read
	leafMax   = 8         // entries that are compared one by one
	treeDepth = 7         // lookups below each other; the kernel's stack of jumps holds 16
	noneFound = 1<<32 - 1 // the mark of a packet that no entry has matched yet
)

// The dimensions of an entry, in the order in which a rule tests them.
const (
	dimSrc = iota
	dimDst
	dimProto
	dimSport
	dimDport
	dimICMP
	dims
)

var dimField = [dims]Field{Saddr, Daddr, L4Proto, Sport, Dport, ICMPType}

// A treeRule is an entry, or an alternative of one where a mask with holes asks for it.
type treeRule struct {
	id    uint32 // what it leaves in the mark: 1 + its index in the list
	cover [dims][]Range
	holes [2]ast.Net // source, destination: a net whose mask has holes, beside cover; the zero Net: none
	do    []Stmt
	note  string
	line  compiler.Line
}

// A region is what is known of the packets that come to a node; nil: nothing.
type region [dims][]Range

// within reports whether every value of a is one of b. Both are merged; nil is everything.
func within(a, b []Range) bool {
	if b == nil {
		return true
	}
	if a == nil {
		return false
	}
	for _, r := range a {
		k, ok := slices.BinarySearchFunc(b, r.Lo, func(x Range, v uint32) int { return cmp.Compare(x.Lo, v) })
		if !ok {
			k--
		}
		if k < 0 || b[k].Hi < r.Hi {
			return false
		}
	}
	return true
}

// cut is what of a lies in lo to hi.
func cut(a []Range, r Range) []Range {
	var out []Range
	for _, x := range a {
		if x.Lo <= r.Hi && x.Hi >= r.Lo {
			out = append(out, Range{max(x.Lo, r.Lo), min(x.Hi, r.Hi)})
		}
	}
	return out
}

// A tree is one list on its way into chains.
type tree struct {
	name    string
	rules   []treeRule
	chains  []Chain
	sets    []Set
	unique  func(string) string
	sweeper sweeper
	shared  map[string]string // chains by what they decide
	named   map[string]string // sets of values by their content
}

// free reports whether nothing is left to test of a rule but the dimension that is not asked for.
func (t *tree) free(k int32, in *region, but int) bool {
	r := &t.rules[k]
	for d := range dims {
		if d != but && !within(in[d], r.cover[d]) {
			return false
		}
	}
	return r.holes[0].Mask == 0 && r.holes[1].Mask == 0
}

// root makes the rules that find the first match of the whole list. It asks for the protocol first, unless that copies too much:
// below, no rule has to ask for it.
func (t *tree) root() []Rule {
	list := make([]int32, len(t.rules))
	of := map[uint32][]int32{} // the entries of each protocol that is named
	rest, copies := []int32(nil), 0
	for k := range t.rules {
		list[k] = int32(k)
		c := t.rules[k].cover[dimProto]
		if c == nil {
			rest = append(rest, int32(k))
		}
		for _, r := range c {
			for p := r.Lo; p <= r.Hi; p++ {
				of[p] = append(of[p], int32(k))
				copies++
			}
		}
	}
	if len(of) == 0 || copies+(len(of)+1)*len(rest) > 2*len(list) {
		return t.node(list, region{}, 0, true)
	}
	all := layer{list: list}
	next := uint32(0)
	others := func(end uint32) {
		if len(rest) > 0 && next < end {
			all.buckets = append(all.buckets, bucket{Range{next, end - 1}, rest})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(of)) {
		others(p)
		all.buckets = append(all.buckets, bucket{Range{p, p}, join(nil, of[p], rest)})
		next = p + 1
	}
	others(256)
	return []Rule{t.lookup(all, dimProto, region{}, 0, true)}
}

// node makes the rules that find the first match among the given entries, which are in order, and leave it in the mark. first says
// that the mark holds none yet.
func (t *tree) node(list []int32, in region, depth int, first bool) []Rule {
	list = t.prune(list, &in)
	if len(list) <= leafMax || depth == treeDepth {
		return t.leaf(list, &in, first)
	}
	var out []Rule
	var tail []int32
	var tried [dims]bool
	rest := list
	for len(rest) > leafMax-len(tail) {
		d, group, others := t.choose(rest, &in, &tried)
		if d < 0 {
			break
		}
		layers, left := t.layers(group, d, &in)
		tried[d] = true
		rest = join(nil, others, left)
		for _, layer := range layers {
			if len(tail)+len(layer.list) <= leafMax/2 {
				tail = append(tail, layer.list...)
				continue
			}
			out = append(out, t.lookup(layer, d, in, depth, first && len(out) == 0))
		}
	}
	tail = append(tail, rest...)
	slices.Sort(tail)
	return append(out, t.leaf(tail, &in, first && len(out) == 0)...)
}

// prune leaves out what comes after an entry that nothing passes by.
func (t *tree) prune(list []int32, in *region) []int32 {
	for i, k := range list {
		if t.free(k, in, -1) {
			return list[:i+1]
		}
	}
	return list
}

// choose finds the dimension whose lookup tells most entries apart, and the entries that it is for.
func (t *tree) choose(list []int32, in *region, tried *[dims]bool) (dim int, group, others []int32) {
	best, dim := 0, -1
	for d := range dims {
		if tried[d] {
			continue
		}
		n, seen := 0, map[Range]bool{}
		for _, k := range list {
			if c := t.rules[k].cover[d]; !within(in[d], c) {
				n++
				seen[Range{c[0].Lo, c[len(c)-1].Hi}] = true
			}
		}
		if n > 0 {
			if gain := n - n/len(seen); gain > best {
				best, dim = gain, d
			}
		}
	}
	// A lookup costs about as much as a few entries.
	if best <= leafMax/2 {
		return -1, nil, list
	}
	for _, k := range list {
		if within(in[dim], t.rules[k].cover[dim]) {
			others = append(others, k)
		} else {
			group = append(group, k)
		}
	}
	return dim, group, others
}

// lookup is the rule that leads to the buckets of a layer.
func (t *tree) lookup(l layer, d int, in region, depth int, first bool) Rule {
	// What a lookup of ports says about the protocol is known below.
	var match []Match
	switch {
	case (d == dimSport || d == dimDport) && !within(in[dimProto], withPorts.Values):
		match = []Match{withPorts}
		in[dimProto] = known(in[dimProto], withPorts.Values)
	case d == dimICMP:
		match = []Match{proto(ast.ProtoICMP)}
		in[dimProto] = known(in[dimProto], one(ast.ProtoICMP))
	}
	set := Set{Name: t.unique(t.name + "_by"), Kind: Verdicts, Key: dimField[d]}
	for _, b := range l.buckets {
		below := in
		below[d] = []Range{b.Range}
		set.Verdicts = append(set.Verdicts, VerdictOf{b.Range, Jump{t.chain(b.list, below, d, depth+1, first)}})
	}
	t.sets = append(t.sets, set)
	return Rule{Match: match, Do: []Stmt{Dispatch{dimField[d], set.Name}}}
}

// known is what is known of a value that is one of a and of b.
func known(a, b []Range) []Range {
	if a == nil {
		return b
	}
	var out []Range
	for _, r := range b {
		out = append(out, cut(a, r)...)
	}
	return out
}

// chain is the chain for what is left in a bucket. Buckets with the same entries, all of which hold throughout, share one.
func (t *tree) chain(list []int32, in region, d, depth int, first bool) string {
	key := ""
	if !slices.ContainsFunc(list, func(k int32) bool { return !within(in[d], t.rules[k].cover[d]) }) {
		b := make([]byte, 0, 4*len(list)+2)
		for _, k := range list {
			b = binary.BigEndian.AppendUint32(b, uint32(k))
		}
		for i := range dims {
			if i == d {
				continue
			}
			for _, r := range in[i] {
				b = binary.BigEndian.AppendUint32(append(b, byte(i)), r.Lo)
				b = binary.BigEndian.AppendUint32(b, r.Hi)
			}
		}
		if first {
			b = append(b, 1)
		}
		key = string(append(b, byte(d)))
		if name := t.shared[key]; name != "" {
			return name
		}
	}
	name := t.unique(t.name + "_in")
	if key != "" {
		t.shared[key] = name
	}
	c := Chain{Name: name, Rules: t.node(list, in, depth, first)}
	t.chains = append(t.chains, c)
	return name
}

// leaf compares entries one by one. first says that the mark holds none yet: otherwise a rule asks for that too.
func (t *tree) leaf(list []int32, in *region, first bool) []Rule {
	list = t.prune(list, in)
	out := make([]Rule, 0, len(list))
	for _, k := range list {
		r := &t.rules[k]
		rule := Rule{Match: t.tests(r, in, first), Do: r.do, Note: r.note, Line: r.line}
		if !first {
			rule.Match = append(rule.Match, Match{Field: PacketMarkOver, Values: one(r.id)})
		}
		out = append(out, rule)
	}
	return out
}

// tests are what is still to be asked of a packet from the region.
func (t *tree) tests(r *treeRule, in *region, first bool) []Match {
	n := 0
	if !first {
		n++ // the caller's
	}
	for d := range dims {
		if !within(in[d], r.cover[d]) {
			n++
		}
		if d <= dimDst && r.holes[d].Mask != 0 {
			n++
		}
	}
	out := make([]Match, 0, n)
	typed := !within(in[dimICMP], r.cover[dimICMP]) // nft's text of a type says the protocol too
	for d := range dims {
		if d <= dimDst && r.holes[d].Mask != 0 {
			out = append(out, Match{Field: dimField[d], Mask: uint32(r.holes[d].Mask), Values: one(uint32(r.holes[d].IP))})
		}
		if r.cover[d] == nil || within(in[d], r.cover[d]) && (d != dimProto || !typed) {
			continue
		}
		values := r.cover[d]
		if len(in[d]) == 1 && d != dimProto {
			values = cut(values, in[d][0])
		}
		m := Match{Field: dimField[d], Values: values}
		if len(values) > 1 {
			m.Values, m.Set = nil, t.values(d, values)
		}
		out = append(out, m)
	}
	return out
}

// values is a set for values of a dimension, which all rules share that ask for them. The kernel is slow to load sets without names:
// it looks at all that the transaction holds for each.
func (t *tree) values(d int, values []Range) string {
	b := append(make([]byte, 0, 8*len(values)+1), byte(d/2)) // source and destination, and both ports, are one
	for _, r := range values {
		b = binary.BigEndian.AppendUint32(b, r.Lo)
		b = binary.BigEndian.AppendUint32(b, r.Hi)
	}
	if name := t.named[string(b)]; name != "" {
		return name
	}
	name := t.unique(t.name + "_set")
	t.named[string(b)] = name
	set := Set{Name: name, Kind: Values, Key: dimField[d], Ranges: values}
	t.sets = append(t.sets, set)
	return name
}
