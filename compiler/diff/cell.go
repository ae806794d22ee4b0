package diff

import (
	"fmt"
	"math/bits"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// A set of bytes: protocols, ICMP types.
type byteSet [4]uint64

var allBytes = byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

func bytesOf(list ...uint8) (s byteSet) {
	for _, b := range list {
		s[b>>6] |= 1 << (b & 63)
	}
	return s
}

func (s byteSet) has(b uint8) bool { return s[b>>6]&(1<<(b&63)) != 0 }
func (s byteSet) empty() bool      { return s == byteSet{} }

func (s byteSet) and(t byteSet) byteSet {
	return byteSet{s[0] & t[0], s[1] & t[1], s[2] & t[2], s[3] & t[3]}
}

func (s byteSet) minus(t byteSet) byteSet {
	return byteSet{s[0] &^ t[0], s[1] &^ t[1], s[2] &^ t[2], s[3] &^ t[3]}
}

func (s byteSet) or(t byteSet) byteSet {
	return byteSet{s[0] | t[0], s[1] | t[1], s[2] | t[2], s[3] | t[3]}
}

// first is the lowest member.
func (s byteSet) first() uint8 {
	for i, w := range s {
		if w != 0 {
			return uint8(i*64 + bits.TrailingZeros64(w))
		}
	}
	return 0
}

// A span is a range, both ends included.
type span struct{ lo, hi uint32 }

// A cell is a region of packets that arrive on one interface, and what has been assumed about the answers of access lists.
// Protocols of a cell are of one kind: with ports, ICMP, or others; ports and types that a kind does not have are full.
type cell struct {
	protos       byteSet
	icmp         byteSet
	src, dst     span
	sport, dport span
	assumed      []assumption
}

type assumption struct {
	key    *condition
	permit bool
}

var (
	withPorts = bytesOf(ast.ProtoTCP, ast.ProtoUDP)
	onlyICMP  = bytesOf(ast.ProtoICMP)
	fullIP    = span{0, 0xffffffff}
	fullPorts = span{1, 65535} // port 0 passes nowhere
)

// seeds are the cells of all packets, those that make the best examples last.
func seeds() []cell {
	full := cell{icmp: allBytes, src: fullIP, dst: fullIP, sport: fullPorts, dport: fullPorts}
	out := make([]cell, 0, 3)
	for _, p := range []byteSet{allBytes.minus(withPorts).minus(onlyICMP), onlyICMP, withPorts} {
		full.protos = p
		out = append(out, full)
	}
	return out
}

func (c *cell) hasPorts() bool { return !c.protos.and(withPorts).empty() }
func (c *cell) isICMP() bool   { return c.protos.has(ast.ProtoICMP) }

// An addr is an address as a step sees it: one of the packet's, shifted by a static, or a constant.
type addr struct {
	of  side
	val uint32 // added; with of constant, the address
}

// A port likewise.
type port struct {
	of  side
	val uint16
}

type side uint8

const (
	constant side = iota
	fromSrc
	fromDst
)

// run is one decision on its way. Conditions that hold for a part of its cell narrow the cell to one part; the other parts
// go to rest, to be decided from the start.
type run struct {
	c    cell
	rest *[]cell
	p    *compiler.Plan
	e    *half
	x    *pairing // nil: access lists are always resolved
	tr   *trail   // where the deciding lines go; nil: nowhere
	dead bool     // the cell contradicts what was assumed of it: there are no such packets
}

// trail collects what decided. key holds the lines by which differences are told apart: not routes and such.
type trail struct {
	lines []compiler.Line
	key   []byte
	why   string
}

func (r *run) note(l ...compiler.Line) {
	if r.tr != nil {
		for _, x := range l {
			if !x.IsDefault() {
				r.tr.lines = append(r.tr.lines, x)
				r.tr.key = fmt.Appendf(r.tr.key, " %d", x.Pos.Line)
			}
		}
	}
}

// distinct is the lines, each once.
func (t *trail) distinct() []compiler.Line {
	var out []compiler.Line
	for _, l := range t.lines {
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// way is note for a line that led there.
func (r *run) way(x compiler.Line) {
	if r.tr != nil && !x.IsDefault() {
		r.tr.lines = append(r.tr.lines, x)
	}
}

func (r *run) because(why string) {
	if r.tr != nil {
		r.tr.why = why
	}
}

func (r *run) push(c cell) { *r.rest = append(*r.rest, c) }

// within narrows one dimension of the cell to lie in or outside of [lo, hi], and reports which.
func (r *run) within(dim *span, lo, hi uint32) bool {
	if dim.hi < lo || hi < dim.lo {
		return false
	}
	whole := *dim
	if whole.lo < lo {
		*dim = span{whole.lo, lo - 1}
		r.push(r.c)
	}
	if whole.hi > hi {
		*dim = span{hi + 1, whole.hi}
		r.push(r.c)
	}
	*dim = span{max(whole.lo, lo), min(whole.hi, hi)}
	return true
}

func (r *run) dim(of side) *span {
	if of == fromSrc {
		return &r.c.src
	}
	return &r.c.dst
}

// in reports whether an address is in a net.
func (r *run) in(a addr, n ast.Net) bool {
	if n.Mask == 0 {
		return true
	}
	if a.of == constant {
		return n.Contains(ast.IP(a.val))
	}
	d := r.dim(a.of)
	if n.Mask == ast.AllOnes || n.Mask.Contiguous() {
		first, last := n.Range()
		return r.shifted(d, a.val, uint32(first), uint32(last))
	}
	// Bit by bit: the first matching address at or after the start of the cell, and the run that it begins.
	lo, hi := d.lo+a.val, d.hi+a.val
	if lo > hi {
		return r.shifted(d, a.val, uint32(n.IP), uint32(n.IP)) // not reached: statics do not wrap around
	}
	at, ok := nextIn(lo, n)
	if !ok || at > hi {
		return false
	}
	if at > lo {
		whole := *d
		d.lo = at - a.val
		r.push(r.c)
		*d = span{whole.lo, at - a.val - 1}
		return false
	}
	end := at | (uint32(1)<<bits.TrailingZeros32(uint32(n.Mask)) - 1)
	return r.shifted(d, a.val, at, min(end, hi))
}

// shifted is within for an address that is the packet's plus val.
func (r *run) shifted(d *span, val, lo, hi uint32) bool {
	if val == 0 {
		return r.within(d, lo, hi)
	}
	// The cell lies in one static, so its shifted range is one range as well.
	a, b := d.lo+val, d.hi+val
	if a > b || b < lo || hi < a {
		return false
	}
	return r.within(d, max(a, lo)-val, min(b, hi)-val)
}

// nextIn is the lowest address from lo on that is in a net whose mask may have holes.
func nextIn(lo uint32, n ast.Net) (uint32, bool) {
	mask, want := uint32(n.Mask), uint32(n.IP&n.Mask)
	if lo&mask == want {
		return lo, true
	}
	// The result shares the bits of lo above some bit, at which it is greater, and is the least below it.
	for bit := bits.Len32((lo^want)&mask) - 1; bit < 32; bit++ {
		b := uint32(1) << bit
		if lo&b != 0 || mask&b != 0 && want&b == 0 {
			continue
		}
		high := ^(b<<1 - 1)
		if bit == 31 {
			high = 0
		}
		if (lo^want)&mask&high != 0 {
			continue
		}
		return lo&high | b | want&(b-1), true
	}
	return 0, false
}

func (r *run) is(a addr, ip ast.IP) bool { return r.in(a, ast.Net{IP: ip, Mask: ast.AllOnes}) }

// between is in for a range of addresses.
func (r *run) between(a addr, lo, hi ast.IP) bool {
	if a.of == constant {
		return uint32(lo) <= a.val && a.val <= uint32(hi)
	}
	return r.shifted(r.dim(a.of), a.val, uint32(lo), uint32(hi))
}

func (r *run) inNets(a addr, nets []ast.Net) bool {
	for i := range nets {
		if r.in(a, nets[i]) {
			return true
		}
	}
	return false
}

func (r *run) portIn(p port, lo, hi uint16) bool {
	if p.of == constant {
		return lo <= p.val && p.val <= hi
	}
	d := &r.c.sport
	if p.of == fromDst {
		d = &r.c.dport
	}
	if p.val == 0 {
		return r.within(d, uint32(lo), uint32(hi))
	}
	// Only statics with ports shift, and they hold one port.
	at := uint16(d.lo) + p.val
	return lo <= at && at <= hi
}

func (r *run) inPorts(p port, ranges []compiler.PortRange) bool {
	for _, x := range ranges {
		if r.portIn(p, x.Lo, x.Hi) {
			return true
		}
	}
	return false
}

// split narrows a set of the cell to what it shares with s, or to nothing of it.
func (r *run) split(dim *byteSet, s byteSet) bool {
	both, other := dim.and(s), dim.minus(s)
	if both.empty() {
		return false
	}
	if !other.empty() {
		*dim = other
		r.push(r.c)
		*dim = both
	}
	return true
}

func (r *run) proto(p uint8) bool { return r.split(&r.c.protos, bytesOf(p)) }
func (r *run) typeIn(s byteSet) bool {
	return r.c.isICMP() && r.split(&r.c.icmp, s)
}
