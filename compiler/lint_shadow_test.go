package compiler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
)

// listOf is a Plan with one list, as Lint wants it.
func listOf(entries []ACE) *Plan {
	for i := range entries {
		entries[i].Number = i + 1
		if entries[i].Line.cmd == nil {
			entries[i].Line = From(&ast.AccessList{ID: "l"})
		}
	}
	return &Plan{ACLs: []ACL{{ID: "l", Line: entries[0].Line, Entries: entries}}}
}

// shadowsOf is what shadowed finds: code → numbers of entries.
func shadowsOf(p *Plan, work int) (map[string][]int, *shadows) {
	cfg := ast.NewConfig("l")
	l := &linter{reporter: newReporter(cfg), plan: p}
	s := &shadows{linter: l, work: work}
	s.examine(&p.ACLs[0])
	out := map[string][]int{}
	for _, d := range l.diags {
		var n int
		if _, err := fmt.Sscanf(d.Message, "entry %d ", &n); err == nil {
			out[d.Code] = append(out[d.Code], n)
		} else {
			out[d.Code] = append(out[d.Code], 0)
		}
	}
	return out, s
}

// smallEntry is an entry over few addresses and ports, so that all packets can be tried.
func smallEntry(r *rand.Rand) ACE {
	nets := func() []ast.Net {
		switch r.IntN(4) {
		case 0:
			return anyNet
		case 1: // a group
			var g []ast.Net
			for range 1 + r.IntN(3) {
				m := ast.IP(-(int64(1) << r.IntN(4)))
				g = append(g, network(ast.Net{IP: ast.IP(r.IntN(8)), Mask: m}))
			}
			return g
		}
		m := ast.IP(-(int64(1) << r.IntN(4)))
		return []ast.Net{network(ast.Net{IP: ast.IP(r.IntN(8)), Mask: m})}
	}
	ports := func() []PortRange {
		switch r.IntN(3) {
		case 0:
			return nil
		case 1:
			return []PortRange{{0, uint16(r.IntN(3))}, {4, 65535}}
		}
		lo := r.IntN(5)
		return []PortRange{{uint16(lo), uint16(lo + r.IntN(3))}}
	}
	a := ACE{Permit: r.IntN(2) == 0, Src: nets(), Dst: nets()}
	switch r.IntN(6) {
	case 0:
		a.Protos = protoOf[1]
		if r.IntN(2) == 0 {
			a.ICMP = []uint8{uint8(r.IntN(3)), 8}
		}
	case 1:
		a.Protos = []uint8{6, 17}
		a.DstPorts = ports()
	case 2, 3:
		a.Protos = protoOf[6]
		a.SrcPorts, a.DstPorts = ports(), ports()
	}
	return a
}

// packets are enough packets to tell small entries apart.
func packets() []point {
	var all []point
	for _, proto := range []int64{0, 1, 6, 17, 47} {
		icmps, ports := []int64{0}, []int64{0}
		switch proto {
		case 1:
			icmps = []int64{0, 1, 2, 3, 8}
		case 6, 17:
			ports = []int64{0, 1, 2, 3, 4, 5, 6, 7, 8}
		}
		for src := range int64(9) {
			for dst := range int64(9) {
				for _, i := range icmps {
					for _, sp := range ports {
						for _, dp := range ports {
							all = append(all, point{proto, i, dp, sp, dst, src})
						}
					}
				}
			}
		}
	}
	return all
}

func (a *ACE) matches(p *point) bool {
	in := func(list []ast.Net, ip int64) bool {
		return slices.ContainsFunc(list, func(n ast.Net) bool { return n.Contains(ast.IP(ip)) })
	}
	return a.holds(p) && in(a.Src, p[dimSrc]) && in(a.Dst, p[dimDst])
}

// TestShadowsExact compares the findings for random lists with what trying every packet says.
func TestShadowsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	all := packets()
	idleSeen, together := 0, 0
	for range 900 {
		entries := make([]ACE, 2+r.IntN(10))
		for i := range entries {
			entries[i] = smallEntry(r)
		}
		p := listOf(entries)
		got, _ := shadowsOf(p, shadowWork)
		taken := make([]int, len(entries)) // packets that it decides
		alone := make([]bool, len(entries))
		matched := make([]int, len(entries))
		for i := range all {
			first := true
			for n := range entries {
				if entries[n].matches(&all[i]) {
					matched[n]++
					if first {
						taken[n]++
						first = false
					}
				}
			}
		}
		for n := range entries {
			for e := range n {
				alone[n] = alone[n] || taken[e] > 0 && !slices.ContainsFunc(all, func(p point) bool { return entries[n].matches(&p) && !entries[e].matches(&p) })
			}
			idle := taken[n] == 0 && matched[n] > 0
			one, many := slices.Contains(got["W419"], n+1), slices.Contains(got["W430"], n+1)
			if idle != (one || many) || one && many || idle && one != alone[n] {
				t.Fatalf("entry %d: takes %d of %d packets, alone %v; found W419 %v W430 %v\n%s", n+1, taken[n], matched[n], alone[n], one, many, dumpEntries(entries))
			}
			if idle {
				idleSeen++
			}
			if many {
				together++
			}
			if slices.Contains(got["W432"], n+1) { // without it nothing changes
				rest := slices.Delete(slices.Clone(entries), n, n+1)
				for i := range all {
					if decide(entries, &all[i]) != decide(rest, &all[i]) {
						t.Fatalf("entry %d is not superfluous\n%s", n+1, dumpEntries(entries))
					}
				}
			}
		}
	}
	if idleSeen < 100 || together < 10 {
		t.Errorf("only %d entries without effect, %d by several others: the lists test little", idleSeen, together)
	}
}

func decide(entries []ACE, p *point) bool {
	for i := range entries {
		if entries[i].matches(p) {
			return entries[i].Permit
		}
	}
	return false
}

func dumpEntries(entries []ACE) string {
	var b strings.Builder
	for i, a := range entries {
		fmt.Fprintf(&b, "%d: permit=%v protos=%v icmp=%v %v %v -> %v %v\n", i+1, a.Permit, a.Protos, a.ICMP, a.Src, a.SrcPorts, a.Dst, a.DstPorts)
	}
	return b.String()
}

// realistic is a list of n entries as they are met: groups, hosts, nets, ports, some of them covered.
func realistic(n int) []ACE {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	groups := make([][]ast.Net, 40)
	for i := range groups {
		for range 2 + r.IntN(60) {
			groups[i] = append(groups[i], ast.Net{IP: ast.IP(0x0a000000 + r.IntN(1<<18)), Mask: ast.AllOnes})
		}
	}
	nets := func() []ast.Net {
		switch r.IntN(8) {
		case 0, 1:
			return anyNet
		case 2:
			return groups[r.IntN(len(groups))]
		case 3:
			return []ast.Net{network(ast.Net{IP: ast.IP(0x0a000000 + r.IntN(1<<18)), Mask: 0xffffff00})}
		}
		return []ast.Net{{IP: ast.IP(0x0a000000 + r.IntN(1<<18)), Mask: ast.AllOnes}}
	}
	out := make([]ACE, n)
	for i := range out {
		a := ACE{Permit: r.IntN(6) > 0, Src: nets(), Dst: nets(), Protos: protoOf[6]}
		switch r.IntN(6) {
		case 0:
			a.Protos = protoOf[17]
		case 1:
			a.Protos = protoOf[1]
		}
		if a.Protos[0] != 1 {
			lo := uint16(r.IntN(2000))
			a.DstPorts = []PortRange{{lo, lo}}
			if r.IntN(10) == 0 {
				a.DstPorts[0].Hi += 200
			}
		}
		out[i] = a
	}
	return out
}

// entangled are lists made to be hard: many entries that cut each other, and many that all match the same packets.
func entangled() map[string][]ACE {
	lists := map[string][]ACE{}
	var a []ACE
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 { // stripes across each other, in all dimensions
		mask := ast.IP(-(int64(1) << r.IntN(32)))
		x := ACE{Permit: r.IntN(2) == 0, Src: []ast.Net{network(ast.Net{IP: ast.IP(r.Uint32()), Mask: mask})}, Dst: anyNet, Protos: protoOf[6]}
		lo := uint16(r.IntN(60000))
		x.SrcPorts, x.DstPorts = []PortRange{{lo, lo + uint16(r.IntN(5000))}}, []PortRange{{uint16(r.IntN(30000)), uint16(30000 + r.IntN(30000))}}
		if r.IntN(2) == 0 {
			x.Src, x.Dst = x.Dst, x.Src
		}
		a = append(a, x)
	}
	lists["stripes"] = a
	var b []ACE
	for i := range 10_000 { // the same addresses, a source port each
		b = append(b, ACE{Permit: true, Src: anyNet, Dst: anyNet, Protos: protoOf[6], SrcPorts: []PortRange{{uint16(2 * i), uint16(2 * i)}}})
	}
	lists["one pair"] = append(b, ACE{Src: anyNet, Dst: anyNet, Protos: protoOf[6]})
	var c []ACE
	big := make([]ast.Net, 4000)
	for i := range big {
		big[i] = ast.Net{IP: ast.IP(2 * i), Mask: ast.AllOnes}
	}
	for i := range 10_000 { // large groups, each another slice
		g := big[i%100 : 3900+i%100]
		c = append(c, ACE{Permit: i%2 == 0, Src: slices.Clone(g), Dst: anyNet, Protos: protoOf[6], DstPorts: []PortRange{{uint16(i), 65535}}})
		if len(c) == 2000 {
			break
		}
	}
	lists["large groups"] = c
	var d []ACE
	for i := range 10_000 { // as many netmasks as entries
		m := ast.IP(i)<<8 | 0xff0000ff
		d = append(d, ACE{Permit: true, Src: []ast.Net{network(ast.Net{IP: ast.IP(r.Uint32()), Mask: m})}, Dst: anyNet, Protos: protoOf[6]})
	}
	lists["netmasks"] = d
	return lists
}

// TestShadowsBounded: however a list is made, it is done with soon, and what was left out is said.
func TestShadowsBounded(t *testing.T) {
	for name, entries := range entangled() {
		p := listOf(entries)
		start := time.Now()
		got, s := shadowsOf(p, shadowWork)
		t.Logf("%s: %d entries, %.0f%% of the work, %v, %d W419, %d W430, given up %v", name, len(entries), 100*float64(shadowWork-s.work)/shadowWork,
			time.Since(start).Round(time.Millisecond), len(got["W419"]), len(got["W430"]), got["W431"] != nil)
		if s.work < -shadowWork/10 {
			t.Errorf("%s: %d units of work beyond the bound", name, -s.work)
		}
	}
	got, _ := shadowsOf(listOf(realistic(500)), 1000)
	if got["W431"] == nil || got["W432"] != nil {
		t.Errorf("no work left, and yet %v", got)
	}
}

// BenchmarkShadow10k examines 10,000 entries as they are met; naive takes from each entry what all earlier ones do, in turn.
func BenchmarkShadow10k(b *testing.B) {
	p := listOf(realistic(10_000))
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			shadowsOf(p, shadowWork)
		}
	})
	b.Run("naive", func(b *testing.B) {
		for b.Loop() {
			naive(p.ACLs[0].Entries)
		}
	})
}

// naive is the numbers of entries that take no packet, without any index.
func naive(entries []ACE) (idle []int) {
	regions := make([]region, len(entries))
	for n := range entries {
		src, _ := netsSet(entries[n].Src)
		dst, _ := netsSet(entries[n].Dst)
		regions[n] = entries[n].region(src, dst)
		rest := []region{regions[n]}
		for e := 0; e < n && len(rest) > 0; e++ {
			var left []region
			for _, r := range rest {
				left = r.minus(&regions[e], left)
			}
			rest = left
		}
		if len(rest) == 0 {
			idle = append(idle, n+1)
		}
	}
	return idle
}

// TestShadowsNaive: both find the same in lists as they are met.
func TestShadowsNaive(t *testing.T) {
	entries := realistic(1500)
	for i := range 200 { // some that are covered
		e := entries[i]
		e.Permit = i%3 == 0
		entries = append(entries, e)
	}
	got, _ := shadowsOf(listOf(entries), shadowWork)
	all := slices.Sorted(slices.Values(slices.Concat(got["W419"], got["W430"])))
	if want := naive(entries); !slices.Equal(all, want) || len(want) < 150 {
		t.Errorf("found %v\nwant %v", all, want)
	}
}
