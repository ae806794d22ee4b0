package compiler

import (
	"slices"

	"pixfw/ast"
)

// netWords is a host as an address, a network as a prefix.
func netWords(n ast.Net) string {
	if n.Mask == ast.AllOnes {
		return n.IP.String()
	}
	return n.String()
}

func overlapAny(a, b []ast.Net) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Overlaps(y) {
				return true
			}
		}
	}
	return false
}

// coversAll reports whether each net of b lies in one net of a.
func coversAll(a, b []ast.Net) bool {
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x ast.Net) bool { return covers(x, y) }) {
			return false
		}
	}
	return true
}

// covers reports whether every packet that matches b matches a. It compares dimension by dimension, so it may miss a
// cover that several parts of a make up together, and is never wrong when it says yes.
func (a *ACE) covers(b *ACE) bool {
	if a.Protos != nil {
		if b.Protos == nil {
			return false
		}
		for _, p := range b.Protos {
			if !slices.Contains(a.Protos, p) {
				return false
			}
		}
	}
	if a.ICMP != nil {
		if b.ICMP == nil {
			return false
		}
		for _, t := range b.ICMP {
			if !slices.Contains(a.ICMP, t) {
				return false
			}
		}
	}
	return coversAll(a.Src, b.Src) && coversAll(a.Dst, b.Dst) && coversPorts(a.SrcPorts, b.SrcPorts) && coversPorts(a.DstPorts, b.DstPorts)
}

func coversPorts(a, b []PortRange) bool {
	if a == nil {
		return true
	}
	if b == nil {
		return false
	}
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x PortRange) bool { return x.Lo <= y.Lo && y.Hi <= x.Hi }) {
			return false
		}
	}
	return true
}
