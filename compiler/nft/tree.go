package nft

import (
	"cmp"
	"encoding/binary"
	"maps"
	mathbits "math/bits"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// A long access list is a tree of lookups instead of a chain of entries, so that a packet's cost hardly grows with the list.
// A lookup by one field (destination, source, ports, protocol, ICMP type) leads to the few entries that the value leaves
// over. Entries that say nothing about a field are not copied into all of its branches: they have lookups of their own, one
// after the other, and each keeps the lowest entry found so far in the packet mark. What is decided is the entry of the lowest
// number, which is the first match of the list (semantics.md 2.2), and a last lookup by the mark has its counter and verdict.

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
	holes [2]Match // source, destination: a comparison under a mask with holes, beside cover
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
	name   string
	rules  []treeRule
	chains []Chain
	sets   []Set
	unique func(string) string
	shared map[string]string // chains by what they decide
	named  map[string]string // sets of values by their content
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

// A layer is entries that share a lookup, and its buckets: ranges of values with the entries that are left there.
type layer struct {
	list    []int32
	buckets []bucket
}

type bucket struct {
	Range
	list []int32
}

// layers splits entries by the width of their ranges, where one lookup for all would copy wide ones too often. left are those
// that this dimension does not tell apart.
func (t *tree) layers(group []int32, d int, in *region) (out []layer, left []int32) {
	class := func(k int32) int {
		c := t.rules[k].cover[d]
		widest := uint32(0)
		for _, r := range c {
			widest = max(widest, r.Hi-r.Lo)
		}
		return mathbits.Len32(widest)
	}
	of := map[int][]int32{}
	var classes []int
	for _, k := range group {
		c := class(k)
		if of[c] == nil {
			classes = append(classes, c)
		}
		of[c] = append(of[c], k)
	}
	slices.Sort(classes)
	for _, c := range classes {
		if n := len(out); n > 0 {
			both := slices.Concat(out[n-1].list, of[c])
			slices.Sort(both)
			if b, ok := t.sweep(both, d, in, 2*t.ranges(both, d)+leafMax); ok {
				out[n-1] = layer{both, b}
				continue
			}
		}
		b, ok := t.sweep(of[c], d, in, 8*t.ranges(of[c], d)+leafMax)
		if !ok || len(b) == 1 {
			left = append(left, of[c]...)
			continue
		}
		out = append(out, layer{of[c], b})
	}
	slices.Sort(left)
	return out, left
}

// ranges is how many ranges the entries have in a dimension.
func (t *tree) ranges(list []int32, d int) int {
	n := 0
	for _, k := range list {
		n += len(t.rules[k].cover[d])
	}
	return n
}

// sweep cuts a dimension into buckets of few entries each. It gives up when there are more than limit copies of entries.
func (t *tree) sweep(list []int32, d int, in *region, limit int) ([]bucket, bool) {
	type event struct {
		at   uint64
		i    int32 // in list
		open bool
	}
	var events []event
	frees := make([]bool, len(list))
	for i, k := range list {
		frees[i] = t.free(k, in, d)
		for _, r := range t.rules[k].cover[d] {
			events = append(events, event{uint64(r.Lo), int32(i), true}, event{uint64(r.Hi) + 1, int32(i), false})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	active := newBitset(len(list))
	var out []bucket
	copies := 0
	var here, union []int32
	for e := 0; e < len(events); {
		at := events[e].at
		for ; e < len(events) && events[e].at == at; e++ {
			active.set(int(events[e].i), events[e].open)
		}
		if e == len(events) {
			break
		}
		here = here[:0]
		for i := active.next(0); i >= 0; i = active.next(i + 1) {
			here = append(here, list[i])
			if copies+len(here) > limit {
				return nil, false
			}
			if frees[i] {
				break
			}
		}
		r := Range{uint32(at), uint32(events[e].at - 1)}
		if len(here) == 0 {
			continue
		}
		if n := len(out); n > 0 {
			last := &out[n-1]
			if slices.Equal(last.list, here) && last.Hi+1 == r.Lo {
				last.Hi = r.Hi
				continue
			}
			if union = join(union[:0], last.list, here); len(union) <= leafMax {
				copies += len(union) - len(last.list)
				last.list, last.Hi = slices.Clone(union), r.Hi
				continue
			}
		}
		copies += len(here)
		out = append(out, bucket{r, slices.Clone(here)})
	}
	return out, copies <= limit
}

// join is the union of two sorted lists.
func join(out, a, b []int32) []int32 {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
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
	var out []Rule
	for _, k := range t.prune(list, in) {
		r := &t.rules[k]
		rule := Rule{Match: t.tests(r, in), Do: []Stmt{SetPacketMark{r.id}, Return{}}, Note: r.note, Line: r.line}
		if !first {
			rule.Match = append(rule.Match, Match{Field: PacketMarkOver, Values: one(r.id)})
		}
		out = append(out, rule)
	}
	return out
}

// tests are what is still to be asked of a packet from the region.
func (t *tree) tests(r *treeRule, in *region) []Match {
	var out []Match
	typed := !within(in[dimICMP], r.cover[dimICMP]) // nft's text of a type says the protocol too
	for d := range dims {
		if d <= dimDst && r.holes[d].Mask != 0 {
			out = append(out, r.holes[d])
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

// A bitset of two levels, in which the next bit is found without looking at each word.
type bitset struct{ words, full []uint64 }

func newBitset(n int) *bitset {
	w := (n + 63) / 64
	return &bitset{make([]uint64, w), make([]uint64, (w+63)/64)}
}

func (b *bitset) set(i int, on bool) {
	w := i / 64
	if on {
		b.words[w] |= 1 << (i % 64)
	} else {
		b.words[w] &^= 1 << (i % 64)
	}
	if b.words[w] != 0 {
		b.full[w/64] |= 1 << (w % 64)
	} else {
		b.full[w/64] &^= 1 << (w % 64)
	}
}

// next is the first bit that is set, from i on; -1: none.
func (b *bitset) next(i int) int {
	w := i / 64
	if w >= len(b.words) {
		return -1
	}
	if v := b.words[w] >> (i % 64); v != 0 {
		return i + mathbits.TrailingZeros64(v)
	}
	for w++; w < len(b.words); w = (w/64 + 1) * 64 {
		if v := b.full[w/64] >> (w % 64); v != 0 {
			w += mathbits.TrailingZeros64(v)
			return w*64 + mathbits.TrailingZeros64(b.words[w])
		}
	}
	return -1
}
