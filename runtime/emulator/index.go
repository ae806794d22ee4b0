package emulator

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// An aclIndex finds the first entry of an access list that matches, without looking at all before it. Each entry becomes one or
// more boxes in five dimensions; binary trees cut space at the edges of boxes until few are left to compare. The comparison
// itself is that of the entry, so a box may be larger than what it stands for, never smaller.
//
// Entries that leave a dimension open would end up on both sides of every cut in it, so entries are sorted into a tree for each
// set of open dimensions. An entry that covers a whole region hides all later ones there. What trees may grow to is bounded; a
// list that defies them is compared entry by entry where it does.
type aclIndex struct {
	pairs bool // addresses alone count (semantics.md 3.2, exemption)
	trees []aclTree
}

// An aceFact is what is asked of an entry that has matched. Entries are large: the verdict alone is not worth a visit.
type aceFact uint8

const (
	factPermit aceFact = 1 << iota
	factLog            // 106100
)

func factsOf(entries []compiler.ACE) []aceFact {
	facts := make([]aceFact, len(entries))
	for i := range entries {
		if entries[i].Permit {
			facts[i] |= factPermit
		}
		if entries[i].Log == ast.LogOn {
			facts[i] |= factLog
		}
	}
	return facts
}

// A quickACE is an entry with at most one net and one range of everything, as most are: it lies in one piece of memory, where
// the entry itself is spread over many.
type quickACE struct {
	src, dst           ast.Net
	srcPorts, dstPorts compiler.PortRange
	proto              int16 // -1: any
	plain, ports       bool  // ports: only TCP and UDP can match
}

func quicken(a *compiler.ACE) (q quickACE) {
	if len(a.Protos) > 1 || len(a.Src) != 1 || len(a.Dst) != 1 || len(a.SrcPorts) > 1 || len(a.DstPorts) > 1 || a.ICMP != nil ||
		a.Protos != nil && len(a.Protos) == 0 || a.SrcPorts != nil && len(a.SrcPorts) == 0 || a.DstPorts != nil && len(a.DstPorts) == 0 {
		return q
	}
	all := compiler.PortRange{Lo: 0, Hi: 65535}
	q = quickACE{src: a.Src[0], dst: a.Dst[0], srcPorts: all, dstPorts: all, proto: -1, plain: true}
	if a.Protos != nil {
		q.proto = int16(a.Protos[0])
	}
	if a.SrcPorts != nil {
		q.srcPorts, q.ports = a.SrcPorts[0], true
	}
	if a.DstPorts != nil {
		q.dstPorts, q.ports = a.DstPorts[0], true
	}
	return q
}

func (q *quickACE) matches(v *view) bool {
	return (q.proto < 0 || q.proto == int16(v.proto)) && q.src.Contains(v.src) && q.dst.Contains(v.dst) &&
		(!q.ports || (v.proto == ast.ProtoTCP || v.proto == ast.ProtoUDP) && q.srcPorts.Contains(v.sport) && q.dstPorts.Contains(v.dport))
}

type aclTree struct {
	nodes []aclNode
	refs  []aclRef // of the leaves, ascending in each
}

// An aclRef is an entry in a leaf, with what is compared first, so that most leaves are one piece of memory.
type aclRef struct {
	quick quickACE
	ace   int32
}

// An aclNode cuts a dimension: below at is nodes[next], the rest nodes[next+1]. With dim == leaf the entries are
// refs[at:at+next].
type aclNode struct {
	at   uint32
	next int32
	min  int32 // lowest entry in it
	dim  uint8
}

const (
	dimSrc = iota
	dimDst
	dimSrcPort
	dimDstPort // ICMP: the type
	dimProto
	dims
	leaf = 255

	leafSize   = 4
	fewEntries = 8  // lists up to that are compared as they stand
	fewBoxes   = 16 // groups up to that share a tree
	maxProduct = 256
)

type point [dims]uint32

type box struct {
	lo, hi point
	ace    int32
	exact  bool // all of the box matches
}

var space = box{hi: point{0xffffffff, 0xffffffff, 0xffff, 0xffff, 0xff}}

func (v *view) point() point {
	p := point{uint32(v.src), uint32(v.dst), uint32(v.sport), uint32(v.dport), uint32(v.proto)}
	if v.proto == ast.ProtoICMP {
		p[dimDstPort] = uint32(v.icmp)
	}
	return p
}

func newACLIndex(entries []compiler.ACE, pairs bool) *aclIndex {
	x := &aclIndex{pairs: pairs}
	if len(entries) <= fewEntries {
		return x
	}
	var groups [1 << dimProto][]box
	for i := range entries {
		for _, b := range boxesOf(&entries[i], int32(i), pairs) {
			open := 0
			for d := range dimProto {
				if b.hi[d]-b.lo[d] >= space.hi[d]/2 {
					open |= 1 << d
				}
			}
			groups[open] = append(groups[open], b)
		}
	}
	var rest []box
	for _, g := range groups {
		switch {
		case len(g) == 0:
		case len(g) <= fewBoxes:
			rest = append(rest, g...)
		default:
			x.trees = append(x.trees, growTree(g, x.refer(entries)))
		}
	}
	if len(rest) > 0 {
		slices.SortStableFunc(rest, func(a, b box) int { return int(a.ace - b.ace) })
		x.trees = append(x.trees, growTree(rest, x.refer(entries)))
	}
	// The tree with the earliest entry first: its match spares the others.
	slices.SortStableFunc(x.trees, func(a, b aclTree) int { return int(a.nodes[0].min - b.nodes[0].min) })
	return x
}

// refer makes the references of leaves.
func (x *aclIndex) refer(entries []compiler.ACE) func(i int32) aclRef {
	return func(i int32) aclRef {
		r := aclRef{ace: i}
		if !x.pairs {
			r.quick = quicken(&entries[i])
		}
		return r
	}
}

// boxesOf covers an entry: one box for each combination of its nets, ports and protocols while these are not too many, then one
// around them all.
func boxesOf(a *compiler.ACE, n int32, pairs bool) []box {
	nets := func(list []ast.Net, d int, in []box) []box {
		return spread(in, d, len(list), func(i int) (lo, hi uint32, exact bool) {
			first, last := list[i].Range()
			return uint32(first), uint32(last), list[i].Mask.Contiguous()
		})
	}
	ports := func(list []compiler.PortRange, d int, in []box) []box {
		if list == nil {
			return in
		}
		return spread(in, d, len(list), func(i int) (lo, hi uint32, exact bool) { return uint32(list[i].Lo), uint32(list[i].Hi), true })
	}
	bytes := func(list []uint8, d int, in []box) []box {
		if list == nil {
			return in
		}
		return spread(in, d, len(list), func(i int) (lo, hi uint32, exact bool) { return uint32(list[i]), uint32(list[i]), true })
	}
	b := space
	b.ace, b.exact = n, true
	out := nets(a.Dst, dimDst, nets(a.Src, dimSrc, []box{b}))
	if pairs {
		return out
	}
	protos := a.Protos
	switch {
	case a.ICMP != nil:
		protos = []uint8{ast.ProtoICMP}
		if a.Protos != nil && !contains(a.Protos, ast.ProtoICMP) || a.SrcPorts != nil || a.DstPorts != nil {
			return nil // matches nothing
		}
	case a.SrcPorts != nil || a.DstPorts != nil:
		protos = nil
		for _, p := range []uint8{ast.ProtoTCP, ast.ProtoUDP} {
			if a.Protos == nil || contains(a.Protos, p) {
				protos = append(protos, p)
			}
		}
		if protos == nil {
			return nil
		}
	}
	out = bytes(protos, dimProto, out)
	out = ports(a.DstPorts, dimDstPort, ports(a.SrcPorts, dimSrcPort, out))
	return bytes(a.ICMP, dimDstPort, out)
}

// spread cuts boxes to n ranges of a dimension, or to the hull of these when the boxes would be too many.
func spread(in []box, d, n int, at func(int) (lo, hi uint32, exact bool)) []box {
	if n == 0 {
		return nil
	}
	if n > 1 && n*len(in) > maxProduct {
		lo, hi := ^uint32(0), uint32(0)
		for i := range n {
			a, b, _ := at(i)
			lo, hi = min(lo, a), max(hi, b)
		}
		for i := range in {
			in[i].lo[d], in[i].hi[d], in[i].exact = lo, hi, false
		}
		return in
	}
	out := make([]box, 0, n*len(in))
	for _, b := range in {
		for i := range n {
			c := b
			var exact bool
			c.lo[d], c.hi[d], exact = at(i)
			c.exact = c.exact && exact
			out = append(out, c)
		}
	}
	return out
}

// growing is a node whose boxes are not yet divided.
type growing struct {
	node   int32
	region box
	boxes  []int32
}

func growTree(boxes []box, refer func(int32) aclRef) aclTree {
	t := aclTree{nodes: make([]aclNode, 1)}
	all := make([]int32, len(boxes))
	for i := range all {
		all[i] = int32(i)
	}
	budget := 24*len(boxes) + 4096
	queue := []growing{{0, space, all}}
	for len(queue) > 0 {
		g := queue[0]
		queue = queue[1:]
		if len(g.boxes) > leafSize && budget > 0 {
			if d, at, ok := bestCut(boxes, &g); ok {
				left, right := g.region, g.region
				left.hi[d], right.lo[d] = at-1, at
				l, r := visible(boxes, g.boxes, &left), visible(boxes, g.boxes, &right)
				budget -= len(l) + len(r)
				n := int32(len(t.nodes))
				t.nodes[g.node] = aclNode{at, n, boxes[g.boxes[0]].ace, uint8(d)}
				t.nodes = append(t.nodes, aclNode{}, aclNode{})
				queue = append(queue, growing{n, left, l}, growing{n + 1, right, r})
				continue
			}
		}
		at, last := len(t.refs), int32(-1)
		for _, i := range g.boxes {
			if boxes[i].ace != last {
				last = boxes[i].ace
				t.refs = append(t.refs, refer(last))
			}
		}
		n := aclNode{uint32(at), int32(len(t.refs) - at), 1<<31 - 1, leaf}
		if n.next > 0 {
			n.min = t.refs[at].ace
		}
		t.nodes[g.node] = n
	}
	t.refs = slices.Clip(t.refs)
	return t
}

// visible are the boxes that reach into a region, up to the first that covers it.
func visible(boxes []box, of []int32, region *box) []int32 {
	out := make([]int32, 0, len(of))
next:
	for _, i := range of {
		b, covers := &boxes[i], boxes[i].exact
		for d := range dims {
			if b.hi[d] < region.lo[d] || b.lo[d] > region.hi[d] {
				continue next
			}
			covers = covers && b.lo[d] <= region.lo[d] && b.hi[d] >= region.hi[d]
		}
		out = append(out, i)
		if covers {
			break
		}
	}
	return out
}

// bestCut is where a region is cut: at the middle one of a sample of edges, in the dimension where the larger side has fewest
// boxes left.
func bestCut(boxes []box, g *growing) (dim int, at uint32, ok bool) {
	const samples = 64
	best := 3 * len(g.boxes)
	step := max(len(g.boxes)/(samples/2), 1)
	var edges [2 * samples]uint32
	for d := range dims {
		n := 0
		lo, hi := g.region.lo[d], g.region.hi[d]
		// All boxes are looked at when the sample has no edge inside: there may be few.
		for s := step; s >= 1 && n == 0; s = min(s-1, 1) {
			for i := 0; i < len(g.boxes) && n < len(edges)-1; i += s {
				b := &boxes[g.boxes[i]]
				if b.lo[d] > lo && b.lo[d] <= hi {
					edges[n] = b.lo[d]
					n++
				}
				if b.hi[d] >= lo && b.hi[d] < hi {
					edges[n] = b.hi[d] + 1
					n++
				}
			}
		}
		if n == 0 {
			continue
		}
		slices.Sort(edges[:n])
		t, l, r := edges[n/2], 0, 0
		for _, i := range g.boxes {
			if boxes[i].lo[d] < t {
				l++
			}
			if boxes[i].hi[d] >= t {
				r++
			}
		}
		if cost := 2*max(l, r) + l + r; cost < best || !ok {
			dim, at, best, ok = d, t, cost, true
		}
	}
	return dim, at, ok
}

// find is the first entry that matches, or None.
func (x *aclIndex) find(entries []compiler.ACE, v *view) int {
	if x.trees == nil {
		return x.scan(entries, v)
	}
	p := v.point()
	best := int32(len(entries))
	for k := range x.trees {
		t := &x.trees[k]
		n := &t.nodes[0]
		for n.dim != leaf && n.min < best {
			next := n.next
			if p[n.dim] >= n.at {
				next++
			}
			n = &t.nodes[next]
		}
		if n.min >= best {
			continue
		}
		refs := t.refs[n.at : n.at+uint32(n.next)]
		for k := range refs {
			r := &refs[k]
			if r.ace >= best {
				break
			}
			if r.quick.plain {
				if !r.quick.matches(v) {
					continue
				}
			} else if !x.matches(&entries[r.ace], v) {
				continue
			}
			best = r.ace
			break
		}
	}
	if int(best) == len(entries) {
		return compiler.None
	}
	return int(best)
}

// scan is find without the trees: what they must agree with.
func (x *aclIndex) scan(entries []compiler.ACE, v *view) int {
	for i := range entries {
		if x.matches(&entries[i], v) {
			return i
		}
	}
	return compiler.None
}

func (x *aclIndex) matches(a *compiler.ACE, v *view) bool {
	if x.pairs {
		return inNets(a.Src, v.src) && inNets(a.Dst, v.dst)
	}
	return matches(a, v)
}

// sameEntries reports whether two lists match alike, so that an index can be kept.
func sameEntries(a, b []compiler.ACE) bool {
	return slices.EqualFunc(a, b, func(x, y compiler.ACE) bool {
		return slices.Equal(x.Protos, y.Protos) && slices.Equal(x.Src, y.Src) && slices.Equal(x.Dst, y.Dst) &&
			slices.Equal(x.SrcPorts, y.SrcPorts) && slices.Equal(x.DstPorts, y.DstPorts) && slices.Equal(x.ICMP, y.ICMP) &&
			(x.Protos == nil) == (y.Protos == nil) && (x.SrcPorts == nil) == (y.SrcPorts == nil) &&
			(x.DstPorts == nil) == (y.DstPorts == nil) && (x.ICMP == nil) == (y.ICMP == nil)
	})
}
