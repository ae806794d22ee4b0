package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
)

// A Region is a set of packets: the product of its parts. A part that a protocol does not have says nothing about it.
type Region struct {
	protos, icmp byteSet
	src, dst     []span
	sport, dport []span
}

func regionOf(c *cell) Region {
	g := Region{protos: c.protos, icmp: c.icmp, src: []span{c.src}, dst: []span{c.dst}, sport: []span{c.sport}, dport: []span{c.dport}}
	if !c.hasPorts() {
		g.sport, g.dport = []span{fullPorts}, []span{fullPorts}
	}
	if !c.isICMP() {
		g.icmp = allBytes
	}
	return g
}

// Contains reports whether the flow is in the region.
func (g *Region) Contains(f Flow) bool {
	if !g.protos.has(f.Proto) || !holds(g.src, uint32(f.Src)) || !holds(g.dst, uint32(f.Dst)) {
		return false
	}
	switch {
	case f.hasPorts():
		return holds(g.sport, uint32(f.SrcPort)) && holds(g.dport, uint32(f.DstPort))
	case f.Proto == ast.ProtoICMP:
		return g.icmp.has(f.ICMPType)
	}
	return true
}

// merge joins regions that differ in one part, until none do.
func merge(list []Region) []Region {
	const parts = 6
	for changed := true; changed; {
		changed = false
		for part := range parts {
			at := make(map[string]int, len(list))
			out := list[:0:0]
			for _, g := range list {
				k := g.key(part)
				i, ok := at[k]
				if !ok {
					at[k] = len(out)
					out = append(out, g)
					continue
				}
				out[i].join(&g, part)
				changed = true
			}
			list = out
		}
	}
	return list
}

// key is equal for regions that differ in one part at most.
func (g *Region) key(without int) string {
	var b strings.Builder
	for i, set := range []byteSet{g.protos, g.icmp} {
		if i != without {
			fmt.Fprint(&b, set)
		}
	}
	for i, list := range [][]span{g.src, g.dst, g.sport, g.dport} {
		if i+2 == without {
			continue
		}
		b.WriteByte('/')
		for _, s := range list {
			b.WriteString(strconv.FormatUint(uint64(s.lo), 36))
			b.WriteByte('-')
			b.WriteString(strconv.FormatUint(uint64(s.hi), 36))
			b.WriteByte(',')
		}
	}
	return b.String()
}

func (g *Region) join(h *Region, part int) {
	if part < 2 {
		a, b := []*byteSet{&g.protos, &g.icmp}[part], []*byteSet{&h.protos, &h.icmp}[part]
		*a = a.or(*b)
		return
	}
	a, b := []*[]span{&g.src, &g.dst, &g.sport, &g.dport}[part-2], []*[]span{&h.src, &h.dst, &h.sport, &h.dport}[part-2]
	*a = union(append(slices.Clone(*a), *b...))
}

// String is the region as reports print it: tcp any > 192.0.2.80:443.
func (g Region) String() string {
	end := func(nets, ports []span) string {
		s := words(nets, fullIP, netWords)
		if p := words(ports, fullPorts, portWords); p != "any" {
			s += ":" + p
		}
		return s
	}
	s := g.protoWords() + " " + end(g.src, g.sport) + " > " + end(g.dst, g.dport)
	if types := g.typeWords(); types != "any" {
		s += " type " + types
	}
	return s
}

func (g *Region) protoWords() string {
	if g.protos == allBytes {
		return "ip"
	}
	name := func(s byteSet) string {
		var w []string
		for i := range 256 {
			if s.has(uint8(i)) {
				w = append(w, protoWord(uint8(i)))
			}
		}
		return strings.Join(w, ",")
	}
	if rest := allBytes.minus(g.protos); strings.Count(name(rest), ",") < strings.Count(name(g.protos), ",") {
		return "ip except " + name(rest)
	}
	return name(g.protos)
}

func (g *Region) typeWords() string {
	var list []span
	for i := range uint32(256) {
		if g.icmp.has(uint8(i)) {
			list = append(list, span{i, i})
		}
	}
	return words(union(list), span{0, 255}, func(s span) string {
		if s.lo == s.hi {
			return ast.ICMPTypeWord(uint8(s.lo))
		}
		return portWords(s)
	})
}

// protoWord names a protocol. Number 0, which configurations write as ip, means every protocol there.
func protoWord(p uint8) string {
	if p == 0 {
		return "0"
	}
	return ast.ProtocolWord(p)
}
