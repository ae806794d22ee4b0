package nft

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// A packet, as far as access lists look at it.
type testPacket struct {
	src, dst     uint32
	proto        uint32
	sport, dport uint32
	icmp         uint32
	mark         uint32
}

// machine evaluates chains of the model.
type machine struct {
	rules  map[string][]Rule
	sets   map[string]*Set
	steps  int // rules
	asked  int // sets of verdicts
	logged string
	hit    ACE
}

func newMachine(rs *Ruleset) *machine {
	m := &machine{rules: map[string][]Rule{}, sets: map[string]*Set{}}
	for i := range rs.Chains {
		m.rules[rs.Chains[i].Name] = rs.Chains[i].Rules
	}
	for i := range rs.Sets {
		m.sets[rs.Sets[i].Name] = &rs.Sets[i]
	}
	return m
}

func (p *testPacket) value(f Field) (v uint32, ok bool) {
	ports := p.proto == ast.ProtoTCP || p.proto == ast.ProtoUDP
	switch f {
	case Saddr:
		return p.src, true
	case Daddr:
		return p.dst, true
	case L4Proto:
		return p.proto, true
	case Sport:
		return p.sport, ports
	case Dport:
		return p.dport, ports
	case ICMPType:
		return p.icmp, p.proto == ast.ProtoICMP
	case PacketMark:
		return p.mark, true
	}
	panic(fmt.Sprint("field ", f))
}

func in(ranges []Range, v uint32) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.Lo <= v && v <= r.Hi })
}

func (m *machine) matches(match *Match, p *testPacket) bool {
	if match.Field == PacketMarkOver {
		return p.mark > match.Values[0].Lo
	}
	v, ok := p.value(match.Field)
	switch {
	case !ok:
		panic("a rule asks for a field that the packet does not have")
	case match.Set != "":
		return in(m.sets[match.Set].Ranges, v) != match.Not
	case match.Mask != 0:
		return (v&match.Mask == match.Values[0].Lo) != match.Not
	}
	return in(match.Values, v) != match.Not
}

// run is the verdict of a chain; "": it returned.
func (m *machine) run(chain string, p *testPacket) string {
	rules, ok := m.rules[chain]
	if !ok {
		panic("no chain " + chain)
	}
rules:
	for i := range rules {
		r := &rules[i]
		m.steps++
		for k := range r.Match {
			if !m.matches(&r.Match[k], p) {
				continue rules
			}
		}
		for _, s := range r.Do {
			if d, ok := s.(Dispatch); ok {
				v, ok := p.value(d.Field)
				if !ok {
					panic("a lookup of a field that the packet does not have")
				}
				m.asked++
				set := m.sets[d.Set]
				n := slices.IndexFunc(set.Verdicts, func(e VerdictOf) bool { return e.Lo <= v && v <= e.Hi })
				if n < 0 {
					continue rules
				}
				if set.Counted {
					m.hit = ACE{true, set.ACL, int(v) - 1}
				}
				s = set.Verdicts[n].Do
			}
			switch s := s.(type) {
			case Counter:
				m.hit = r.ACE
			case Log:
				m.logged = s.Prefix
			case SetPacketMark:
				p.mark = s.Mark
			case Accept:
				return "accept"
			case Drop:
				return "drop"
			case Return:
				return ""
			case Goto:
				return m.run(s.Chain, p)
			case Jump:
				if v := m.run(s.Chain, p); v != "" {
					return v
				}
			default:
				panic(fmt.Sprintf("%T", s))
			}
		}
	}
	return ""
}

// A kind of list for the comparisons, with addresses and ports around which its entries are.
var listKinds = []struct {
	name string
	make func(rnd *rand.Rand, n int) []compiler.ACE
}{
	{"mixed", func(rnd *rand.Rand, n int) []compiler.ACE { return randomList(rnd, n, 32) }},
	{"dense", func(rnd *rand.Rand, n int) []compiler.ACE { return randomList(rnd, n, 3) }},
	{"any-any ports", func(rnd *rand.Rand, n int) []compiler.ACE {
		out := make([]compiler.ACE, n)
		for i := range out {
			out[i] = compiler.ACE{Permit: rnd.IntN(2) == 0, Protos: []uint8{[]uint8{6, 17}[rnd.IntN(2)]}, Src: []ast.Net{{}}, Dst: []ast.Net{{}}}
			lo := uint16(rnd.Uint32())
			hi := lo
			if rnd.IntN(4) == 0 {
				hi = lo + uint16(rnd.Uint32N(uint32(65536-int(lo))))
			}
			out[i].DstPorts = []compiler.PortRange{{Lo: lo, Hi: hi}}
			if rnd.IntN(9) == 0 {
				out[i].SrcPorts = []compiler.PortRange{{Lo: 1024, Hi: 65535}}
			}
		}
		return out
	}},
	{"one server", func(rnd *rand.Rand, n int) []compiler.ACE {
		out := randomList(rnd, n, 8)
		for i := range out {
			out[i].Dst = []ast.Net{hostNet("203.0.113.80")}
		}
		return out
	}},
	{"few protocols", func(rnd *rand.Rand, n int) []compiler.ACE {
		out := randomList(rnd, n, 32)
		for i := range out {
			if rnd.IntN(3) > 0 {
				out[i].Protos, out[i].SrcPorts, out[i].DstPorts, out[i].ICMP = nil, nil, nil, nil
			}
		}
		return out
	}},
	{"groups", func(rnd *rand.Rand, n int) []compiler.ACE {
		out := randomList(rnd, n, 16)
		for i := range out {
			for range rnd.IntN(20) {
				out[i].Src = append(out[i].Src, randomNet(rnd, 16))
			}
			for range rnd.IntN(20) {
				out[i].Dst = append(out[i].Dst, randomNet(rnd, 16))
			}
		}
		return out
	}},
}

// randomNet is a host, a net or any; bits says how far the addresses spread.
func randomNet(rnd *rand.Rand, bits int) ast.Net {
	addr := ast.IP(10<<24 | rnd.Uint32()>>(32-min(bits, 24)))
	switch rnd.IntN(20) {
	case 0, 1:
		return ast.Net{}
	case 2:
		m := ast.IP(0xff00ff00)
		return ast.Net{IP: addr & m, Mask: m}
	case 3, 4, 5, 6:
		m := ast.MaskOf(8 + rnd.IntN(24))
		return ast.Net{IP: addr & m, Mask: m}
	}
	return ast.Net{IP: addr, Mask: ast.AllOnes}
}

func randomList(rnd *rand.Rand, n, bits int) []compiler.ACE {
	out := make([]compiler.ACE, n)
	for i := range out {
		a := compiler.ACE{Permit: rnd.IntN(5) != 0, Src: []ast.Net{randomNet(rnd, bits)}, Dst: []ast.Net{randomNet(rnd, bits)}}
		if rnd.IntN(3) == 0 {
			a.Src = []ast.Net{{}}
		}
		ports := func() []compiler.PortRange {
			lo := uint16([]int{80, 25, 443, 53, 1024, 6000}[rnd.IntN(6)])
			switch rnd.IntN(4) {
			case 0:
				return []compiler.PortRange{{Lo: lo, Hi: lo + uint16(rnd.IntN(2000))}}
			case 1:
				return []compiler.PortRange{{Hi: lo - 1}, {Lo: lo + 1, Hi: 65535}}
			}
			return []compiler.PortRange{{Lo: lo, Hi: lo}}
		}
		switch rnd.IntN(10) {
		case 0, 1, 2, 3, 4:
			a.Protos = []uint8{6}
			a.DstPorts = ports()
			if rnd.IntN(5) == 0 {
				a.SrcPorts = ports()
			}
		case 5, 6:
			a.Protos = []uint8{17}
			a.DstPorts = ports()
		case 7:
			a.Protos = []uint8{1}
			if rnd.IntN(2) == 0 {
				a.ICMP = []uint8{uint8(rnd.IntN(18))}
			}
		case 8:
			a.Protos = [][]uint8{{6, 17}, {47}, {50, 51}}[rnd.IntN(3)]
		}
		switch rnd.IntN(12) {
		case 0:
			a.Log = ast.LogOn
		case 1:
			a.Log = ast.LogDisable
		}
		out[i] = a
	}
	return out
}

// packetNear is a packet at an edge of an entry of the list, or beside it.
func packetNear(rnd *rand.Rand, list []compiler.ACE) testPacket {
	a := &list[rnd.IntN(len(list))]
	addr := func(nets []ast.Net) uint32 {
		n := nets[rnd.IntN(len(nets))]
		lo, hi := n.Range()
		if !n.Mask.Contiguous() {
			lo, hi = n.IP, n.IP|ast.IP(rnd.Uint32())&^n.Mask
		}
		switch rnd.IntN(8) {
		case 0:
			return uint32(lo) - 1
		case 1:
			return uint32(hi) + 1
		case 2, 3:
			return uint32(hi)
		case 4, 5:
			return uint32(lo) + uint32(rnd.Uint64N(uint64(hi)-uint64(lo)+1))
		}
		return uint32(lo)
	}
	port := func(in []compiler.PortRange) uint32 {
		if len(in) == 0 || rnd.IntN(10) == 0 {
			return rnd.Uint32N(65536)
		}
		r := in[rnd.IntN(len(in))]
		return uint32(uint16([]uint16{r.Lo, r.Hi, r.Lo - 1, r.Hi + 1}[rnd.IntN(4)]))
	}
	p := testPacket{src: addr(a.Src), dst: addr(a.Dst), proto: 6, sport: port(a.SrcPorts), dport: port(a.DstPorts), icmp: rnd.Uint32N(20)}
	if len(a.Protos) > 0 {
		p.proto = uint32(a.Protos[rnd.IntN(len(a.Protos))])
	}
	if rnd.IntN(12) == 0 {
		p.proto = []uint32{1, 6, 17, 47, 50}[rnd.IntN(5)]
	}
	if len(a.ICMP) > 0 && rnd.IntN(4) != 0 {
		p.icmp = uint32(a.ICMP[0])
	}
	return p
}

// longPlan binds a list to the outside of the plan of the note.
func longPlan(list []compiler.ACE) *compiler.Plan {
	p := webPlan()
	for i := range list {
		list[i].Number = i + 1
	}
	p.ACLs[1].Entries = list
	return p
}

// A tree decides, counts and logs as the chain of the same list does.
func TestTreeEqualsChain(t *testing.T) {
	for _, kind := range listKinds {
		for _, n := range []int{65, 300, 2000} {
			for seed := range uint64(3) {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				list := kind.make(rnd, n)
				p := longPlan(list)
				tree, _ := Lower(p, devices)
				chain, _ := Lower(p, devices, Options{Linear: true})
				mt, mc := newMachine(tree), newMachine(chain)
				packets := 3000
				for range packets {
					pkt := packetNear(rnd, list)
					a, b := pkt, pkt
					mt.logged, mc.logged = "", ""
					mt.hit, mc.hit = ACE{}, ACE{}
					va, vb := mt.run("acl_120", &a), mc.run("acl_120", &b)
					if va != vb || mt.hit != mc.hit || mt.logged != mc.logged {
						t.Fatalf("%s %d/%d: %+v: tree %s %v %q, chain %s %v %q", kind.name, n, seed, pkt, va, mt.hit, mt.logged, vb, mc.hit, mc.logged)
					}
					if va == "accept" && a.mark != 0 {
						t.Fatalf("%s: mark %#x is left on the packet", kind.name, a.mark)
					}
				}
				rules := 0
				for i := range tree.Chains {
					rules += len(tree.Chains[i].Rules)
				}
				if seed == 0 {
					t.Logf("%-14s %5d entries: %6d rules, %5d chains, %5.1f steps a packet; chain %6.1f", kind.name, n, rules, len(tree.Chains),
						float64(mt.steps)/float64(packets), float64(mc.steps)/float64(packets))
				}
			}
		}
	}
}
