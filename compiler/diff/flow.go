package diff

import (
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
)

// A Flow is the first packet of a new flow as it arrives on a wire. TCP: a SYN.
type Flow struct {
	Ingress          string // name of the interface
	Tunnel           bool   // decrypted: came out of an IPsec tunnel that ends there
	Proto            uint8
	Src, Dst         ast.IP
	SrcPort, DstPort uint16 // TCP, UDP
	ICMPType         uint8
}

func (f *Flow) hasPorts() bool { return f.Proto == ast.ProtoTCP || f.Proto == ast.ProtoUDP }

// String is the packet as packet-tracer takes it: input outside tcp 198.51.100.7 3000 192.0.2.80 443.
func (f Flow) String() string {
	s := "input " + f.Ingress
	switch {
	case f.hasPorts():
		s += fmt.Sprintf(" %s %v %d %v %d", ast.ProtocolWord(f.Proto), f.Src, f.SrcPort, f.Dst, f.DstPort)
	case f.Proto == ast.ProtoICMP:
		s += fmt.Sprintf(" icmp %v %d 0 %v", f.Src, f.ICMPType, f.Dst)
	default:
		s += fmt.Sprintf(" rawip %v %d %v", f.Src, f.Proto, f.Dst)
	}
	if f.Tunnel {
		s += " (decrypted)"
	}
	return s
}

// A Verdict is what a Plan does to a flow.
type Verdict struct {
	Action           Action
	Egress           string // Forward, Encrypt
	Src, Dst         ast.IP // Forward, Encrypt: as it leaves, without what Pool changes
	SrcPort, DstPort uint16
	Pool             string          // the source becomes an address of these
	With             string          // Encrypt: the peers; Auth: the server group
	Why              string          // Drop, in words
	Lines            []compiler.Line // that decided, in the order of evaluation

	o   outcome
	key string // of what decided
}

// Same reports whether two verdicts about one flow are the same fate. Two drops are.
func (v *Verdict) Same(w *Verdict) bool { return v.o == w.o }

// Decide is what a firewall in its fresh state does to a flow: one without connections, translations, users and
// associations. A flow that arrives on no interface of the Plan is dropped.
func Decide(p *compiler.Plan, f Flow) Verdict { return newHalf(0, p, nil).decide(f) }

func (h *half) decide(f Flow) Verdict {
	in := h.p.IfByName(f.Ingress)
	if in == compiler.None {
		return Verdict{Why: "no interface " + f.Ingress}
	}
	if !f.Tunnel && f.Src == f.Dst && (!f.hasPorts() || f.SrcPort == f.DstPort) {
		return Verdict{Why: "source and destination are equal"}
	}
	if f.hasPorts() && (f.SrcPort == 0 || f.DstPort == 0) && !f.Tunnel {
		return Verdict{Why: "port 0"}
	}
	var rest []cell
	var tr trail
	r := run{c: point(f), rest: &rest, p: h.p, e: h, tr: &tr}
	o := r.decide(in, f.Tunnel)
	v := Verdict{Action: o.action, Egress: o.egress, Pool: o.pool, With: o.with, Lines: tr.distinct(), o: o, key: tr.why + string(tr.key)}
	switch o.action {
	case Drop:
		v.Why = tr.why
	case Forward, Encrypt:
		v.Src, v.Dst = ast.IP(uint32(f.Src)+o.src), ast.IP(uint32(f.Dst)+o.dst)
		v.SrcPort, v.DstPort = f.SrcPort+o.sport, f.DstPort+o.dport
	}
	return v
}

// point is the cell of one flow.
func point(f Flow) cell {
	one := func(x uint32) span { return span{x, x} }
	c := cell{protos: bytesOf(f.Proto), icmp: allBytes, src: one(uint32(f.Src)), dst: one(uint32(f.Dst)), sport: fullPorts, dport: fullPorts}
	switch {
	case f.hasPorts():
		c.sport, c.dport = one(uint32(f.SrcPort)), one(uint32(f.DstPort))
	case f.Proto == ast.ProtoICMP:
		c.icmp = bytesOf(f.ICMPType)
	}
	return c
}

// pick is a flow of a cell that has a chance to pass: no invalid source, no source that is the destination. ok is false
// when the cell holds none.
func pick(c *cell, ingress string, tunnel bool, invalid []span) (f Flow, ok bool) {
	f = Flow{Ingress: ingress, Tunnel: tunnel}
	for _, p := range []uint8{ast.ProtoTCP, ast.ProtoUDP, ast.ProtoICMP, ast.ProtoGRE} {
		if c.protos.has(p) {
			f.Proto = p
			break
		}
	}
	if f.Proto == 0 {
		if f.Proto = c.protos.minus(bytesOf(0)).first(); !c.protos.has(f.Proto) {
			f.Proto = 0
		}
	}
	if f.Proto == ast.ProtoICMP {
		if f.ICMPType = 8; !c.icmp.has(8) {
			f.ICMPType = c.icmp.first()
		}
	}
	if f.hasPorts() {
		f.DstPort = choose(c.dport, 80)
		if f.SrcPort = choose(c.sport, 3000); f.SrcPort == f.DstPort && c.sport.lo < c.sport.hi {
			f.SrcPort = choose(c.sport, uint32(f.SrcPort)+1)
		} else if f.SrcPort == f.DstPort && c.dport.lo < c.dport.hi {
			f.DstPort = choose(c.dport, uint32(f.DstPort)+1)
		}
	}
	valid := []span{c.src}
	if !tunnel {
		valid = minus(valid, invalid)
	}
	if len(valid) == 0 {
		return f, false
	}
	f.Src = example(valid, 7)
	f.Dst = example([]span{c.dst}, 77)
	if f.Src != f.Dst {
		return f, true
	}
	// The same: another of either, where there is one.
	if others := minus([]span{c.dst}, []span{{uint32(f.Src), uint32(f.Src)}}); len(others) > 0 {
		f.Dst = ast.IP(others[0].lo)
		return f, true
	}
	if others := minus(valid, []span{{uint32(f.Dst), uint32(f.Dst)}}); len(others) > 0 {
		f.Src = ast.IP(others[0].lo)
		return f, true
	}
	return f, tunnel || f.hasPorts() && f.SrcPort != f.DstPort
}

func choose(s span, want uint32) uint16 {
	if s.lo <= want && want <= s.hi {
		return uint16(want)
	}
	return uint16(s.lo)
}

// nice is how good an example of its group a flow is.
func (f *Flow) nice() (n int) {
	for _, ip := range []ast.IP{f.Src, f.Dst} {
		if h := uint32(ip) & 0xff; h == 7 || h == 77 {
			n++
		}
		if ip>>28 == 15 {
			n--
		}
	}
	return n
}

// example is an address of the spans, one for documentation where it may be any.
func example(list []span, host uint32) ast.IP {
	for _, net := range []uint32{198<<24 | 51<<16 | 100<<8, 192<<24 | 2<<8, 10 << 24} {
		if holds(list, net|host) {
			return ast.IP(net | host)
		}
	}
	return ast.IP(list[0].lo)
}
