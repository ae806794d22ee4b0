package compiler

import (
	"slices"

	"pixfw/ast"
)

// A region is a set of packets: all whose protocol is in the first set, whose ICMP type is in the second, and so on. An entry
// of an access list is one region, however many members its object groups have: the groups stay sets and are never
// multiplied out. What one entry leaves of another is up to six regions.
//
// A packet without ports or without an ICMP type counts as having each of them, which only entries compare that are about
// its protocol.
type region [dimensions]spans

const (
	dimProto = iota
	dimICMP
	dimDstPort
	dimSrcPort
	dimDst
	dimSrc
	dimensions
)

// whole is every value of each dimension.
var whole = region{{{0, 255}}, {{0, 255}}, {{0, 65535}}, {{0, 65535}}, {{0, 1<<32 - 1}}, {{0, 1<<32 - 1}}}

// withPorts and onlyICMP are the protocols that ports and ICMP types narrow an entry to.
var (
	withPorts = spans{{ast.ProtoTCP, ast.ProtoTCP}, {ast.ProtoUDP, ast.ProtoUDP}}
	onlyICMP  = spans{{ast.ProtoICMP, ast.ProtoICMP}}
)

func bytesSet(list []uint8, all spans) spans {
	if list == nil {
		return all
	}
	out := make([]span, len(list))
	for i, b := range list {
		out[i] = span{int64(b), int64(b)}
	}
	return union(out)
}

func portsSet(list []PortRange) spans {
	if list == nil {
		return whole[dimDstPort]
	}
	out := make([]span, len(list))
	for i, r := range list {
		out[i] = span{int64(r.Lo), int64(r.Hi)}
	}
	return union(out)
}

// netsSet is not ok when a mask has holes: such a net is no few ranges.
func netsSet(list []ast.Net) (spans, bool) {
	out := make([]span, len(list))
	for i, n := range list {
		if !n.Mask.Contiguous() {
			return nil, false
		}
		out[i] = spanOf(n)
	}
	return union(out), true
}

// region is the entry with src and dst as its address sets. It is empty in one dimension when no packet can match.
func (a *ACE) region(src, dst spans) region {
	r := region{bytesSet(a.Protos, whole[dimProto]), whole[dimICMP], portsSet(a.DstPorts), portsSet(a.SrcPorts), dst, src}
	if a.SrcPorts != nil || a.DstPorts != nil {
		r[dimProto] = r[dimProto].and(withPorts)
	}
	if a.ICMP != nil {
		r[dimProto] = r[dimProto].and(onlyICMP)
		r[dimICMP] = bytesSet(a.ICMP, nil)
	}
	return r
}

func (r *region) empty() bool {
	return slices.ContainsFunc(r[:], func(s spans) bool { return len(s) == 0 })
}

// size is the number of ranges, a measure of the work that r makes.
func (r *region) size() (n int) {
	for _, s := range r {
		n += len(s)
	}
	return n
}

// A point is one packet.
type point [dimensions]int64

// first and last are two packets of a region that is not empty.
func (r *region) first() (p point) {
	for d, s := range r {
		p[d] = s[0].lo
	}
	return p
}

func (r *region) last() (p point) {
	for d, s := range r {
		p[d] = s[len(s)-1].hi
	}
	return p
}

func (r *region) covers(o *region) bool {
	for d := range r {
		if !r[d].covers(o[d]) {
			return false
		}
	}
	return true
}

func (r *region) meets(o *region) bool {
	for d := range r {
		if !r[d].meets(o[d]) {
			return false
		}
	}
	return true
}

// minus appends to dst what is left of r without o: disjoint regions, none of them empty.
func (r region) minus(o *region, dst []region) []region {
	if !r.meets(o) {
		return append(dst, r)
	}
	for d := range r {
		if left := r[d].minus(o[d]); len(left) > 0 {
			piece := r
			piece[d] = left
			dst = append(dst, piece)
		}
		r[d] = r[d].and(o[d])
	}
	return dst
}

// holds reports whether the entry matches the packet.
func (a *ACE) holds(p *point) bool {
	if a.Protos != nil && !slices.Contains(a.Protos, uint8(p[dimProto])) {
		return false
	}
	if a.SrcPorts != nil || a.DstPorts != nil {
		if p[dimProto] != ast.ProtoTCP && p[dimProto] != ast.ProtoUDP || !holdsPort(a.SrcPorts, p[dimSrcPort]) || !holdsPort(a.DstPorts, p[dimDstPort]) {
			return false
		}
	}
	return a.ICMP == nil || p[dimProto] == ast.ProtoICMP && slices.Contains(a.ICMP, uint8(p[dimICMP]))
}

func holdsPort(list []PortRange, port int64) bool {
	if list == nil {
		return true
	}
	for _, r := range list {
		if r.Contains(uint16(port)) {
			return true
		}
	}
	return false
}
