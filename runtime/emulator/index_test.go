package emulator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// randomACE draws an entry of a style: hosts behind ports, nested nets, port rules for any, or all things at once.
func randomACE(r *rand.Rand, style int) compiler.ACE {
	net := func() ast.Net {
		n := ast.Net{IP: ast.IP(10<<24 | r.IntN(1<<16)<<r.IntN(9)), Mask: ast.MaskOf([]int{0, 8, 16, 22, 24, 28, 30, 32, 32}[r.IntN(9)])}
		if r.IntN(40) == 0 {
			n.Mask = 0xff00ff00
		}
		n.IP &= n.Mask
		return n
	}
	nets := func() (all []ast.Net) {
		for range 1 + r.IntN(3)*r.IntN(2) {
			all = append(all, net())
		}
		return all
	}
	ports := func() (all []compiler.PortRange) {
		for range r.IntN(3) {
			lo := uint16(r.IntN(3000))
			p := compiler.PortRange{Lo: lo, Hi: lo}
			switch r.IntN(6) {
			case 0:
				p.Hi = lo + uint16(r.IntN(500))
			case 1:
				p.Hi = 65535
			}
			all = append(all, p)
		}
		return all
	}
	a := compiler.ACE{Permit: r.IntN(2) == 0, Src: []ast.Net{{}}, Dst: []ast.Net{{}}}
	switch style {
	case 0:
		a.Protos = []uint8{6}
		a.Dst = []ast.Net{{IP: ast.IP(10<<24 | r.IntN(1<<16)), Mask: ast.AllOnes}}
		a.DstPorts = []compiler.PortRange{{Lo: uint16(r.IntN(100)), Hi: uint16(100 + r.IntN(100))}}
	case 1:
		a.Src, a.Dst = nets(), nets()
	case 2:
		a.Protos = []uint8{[]uint8{6, 17}[r.IntN(2)]}
		if a.DstPorts = ports(); a.DstPorts == nil {
			a.SrcPorts = ports()
		}
	default:
		switch r.IntN(4) {
		case 0:
			a.Protos = []uint8{1}
			if r.IntN(3) > 0 {
				a.ICMP = []uint8{uint8(r.IntN(20))}
			}
		case 1:
			a.Protos = []uint8{6, 17, 1}[:1+r.IntN(3)]
		case 2:
			a.Protos = []uint8{uint8(r.IntN(256))}
		}
		a.Src, a.Dst, a.SrcPorts, a.DstPorts = nets(), nets(), ports(), ports()
		if len(a.SrcPorts) > 0 && a.DstPorts != nil && r.IntN(2) == 0 {
			a.SrcPorts = nil
		}
	}
	return a
}

// edgeView is a packet at, or next to, an edge of some entry.
func edgeView(r *rand.Rand, list []compiler.ACE) view {
	v := view{proto: []uint8{6, 17, 1, 47}[r.IntN(4)], icmp: uint8(r.IntN(20))}
	nudge := func(x uint32) uint32 { return x + uint32(r.IntN(3)) - 1 }
	ip := func(n []ast.Net) ast.IP {
		first, last := n[r.IntN(len(n))].Range()
		switch r.IntN(3) {
		case 0:
			return ast.IP(nudge(uint32(first)))
		case 1:
			return ast.IP(nudge(uint32(last)))
		}
		return first + ast.IP(r.Uint32())&(last-first)
	}
	port := func(p []compiler.PortRange) uint16 {
		if len(p) == 0 {
			return uint16(r.IntN(65536))
		}
		x := p[r.IntN(len(p))]
		return uint16(nudge(uint32([]uint16{x.Lo, x.Hi}[r.IntN(2)])))
	}
	a, b := &list[r.IntN(len(list))], &list[r.IntN(len(list))]
	if r.IntN(2) == 0 {
		b = a
	}
	if a.Protos != nil && r.IntN(2) == 0 {
		v.proto = a.Protos[0]
	}
	v.src, v.dst, v.sport, v.dport = ip(a.Src), ip(b.Dst), port(a.SrcPorts), port(b.DstPorts)
	if v.proto != ast.ProtoTCP && v.proto != ast.ProtoUDP {
		v.sport, v.dport = 0, 0
	}
	return v
}

// The index finds what a scan from the first entry finds.
func TestIndexIsExact(t *testing.T) {
	for style := range 4 {
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, uint64(style)))
			list := make([]compiler.ACE, 1+r.IntN(600))
			for i := range list {
				list[i] = randomACE(r, style)
			}
			for _, pairs := range []bool{false, true} {
				x := newACLIndex(list, pairs)
				found := 0
				for range 4000 {
					v := edgeView(r, list)
					got, want := x.find(list, &v), x.scan(list, &v)
					if got != want {
						t.Fatalf("style %d seed %d pairs %v: %+v is decided by %d, not %d", style, seed, pairs, v, got, want)
					}
					if got >= 0 {
						found++
					}
				}
				if found == 0 {
					t.Errorf("style %d seed %d: nothing was ever found", style, seed)
				}
			}
		}
	}
}

// However a list is made, its index stays small and a look into it short.
func TestIndexIsBounded(t *testing.T) {
	const n = 5000
	lists := map[string]func(i int, r *rand.Rand) compiler.ACE{
		"hosts":  func(i int, r *rand.Rand) compiler.ACE { return randomACE(r, 0) },
		"nested": func(i int, r *rand.Rand) compiler.ACE { return randomACE(r, 1) },
		"ports": func(i int, r *rand.Rand) compiler.ACE {
			return compiler.ACE{Protos: []uint8{6}, Src: []ast.Net{{}}, Dst: []ast.Net{{}}, DstPorts: []compiler.PortRange{{Lo: uint16(i * 7), Hi: uint16(i * 7)}}}
		},
		"port ranges": func(i int, r *rand.Rand) compiler.ACE {
			lo := uint16(r.IntN(60000))
			return compiler.ACE{Protos: []uint8{6}, Src: []ast.Net{{}}, Dst: []ast.Net{{}}, DstPorts: []compiler.PortRange{{Lo: lo, Hi: lo + uint16(r.IntN(5000))}}}
		},
		"mixed": func(i int, r *rand.Rand) compiler.ACE { return randomACE(r, 3) },
	}
	for name, draw := range lists {
		r := rand.New(rand.NewPCG(1, 1))
		list := make([]compiler.ACE, n)
		for i := range list {
			list[i] = draw(i, r)
		}
		x := newACLIndex(list, false)
		refs, nodes := 0, 0
		for _, tr := range x.trees {
			refs, nodes = refs+len(tr.refs), nodes+len(tr.nodes)
		}
		looked, depth, views := 0, 0, 2000
		for range views {
			v := edgeView(r, list)
			p := v.point()
			for k := range x.trees {
				tr := &x.trees[k]
				node := &tr.nodes[0]
				for node.dim != leaf {
					next := node.next
					if p[node.dim] >= node.at {
						next++
					}
					node = &tr.nodes[next]
					depth++
				}
				looked += int(node.next)
			}
		}
		t.Logf("%-12s %d trees, %d nodes, %d references; a look: %.1f cuts, %.1f entries", name, len(x.trees), nodes, refs,
			float64(depth)/float64(views), float64(looked)/float64(views))
		if refs > 30*n+100000 || looked/views > n/10 {
			t.Errorf("%s: %d references, %d entries a look", name, refs, looked/views)
		}
	}
}

func TestIndexKeepsOpenLists(t *testing.T) {
	a := []compiler.ACE{{Src: []ast.Net{{}}, Dst: []ast.Net{{}}}}
	b := []compiler.ACE{{Src: []ast.Net{{}}, Dst: []ast.Net{{}}, Protos: []uint8{}}}
	if sameEntries(a, b) || !sameEntries(a, []compiler.ACE{{Permit: true, Src: []ast.Net{{}}, Dst: []ast.Net{{}}}}) {
		t.Error("no protocol is not any protocol; what an entry says does not matter to where it is")
	}
}

func BenchmarkIndexBuild(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			list := make([]compiler.ACE, n)
			for i := range list {
				list[i] = randomACE(r, 3*(i%2))
			}
			for b.Loop() {
				newACLIndex(list, false)
			}
		})
	}
}
