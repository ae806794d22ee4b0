package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// conduit is the access check of an inbound packet where no access list is bound: the first conduit that matches decides, and
// none is a deny (semantics.md 2.4).
func (e *Engine) conduit(f *flight) (entry int, permit bool) {
	d := &e.derived
	if len(d.conduits) == 0 {
		return compiler.None, false
	}
	if d.conduitIndex == nil {
		d.conduitIndex = newACLIndex(d.conduits, false)
	}
	v := wireView(f)
	i := d.conduitIndex.find(d.conduits, &v)
	if i < 0 {
		return compiler.None, false
	}
	if e.passes[i]++; !d.conduits[i].Permit {
		return i, false
	}
	f.pass("ACCESS-LIST", "", d.conduits[i].Line)
	return i, true
}

// outboundList is the access check of an outbound packet where no access list is bound: it is permitted unless a list that is
// applied to its interface denies it (semantics.md 2.4). Several lists must all permit; unconfirmed.
func (e *Engine) outboundList(f *flight) bool {
	p := &f.pkt
	for i := range e.plan.Applies {
		a := &e.plan.Applies[i]
		if a.If != f.in.If {
			continue
		}
		own, other := p.Src, f.un.ip
		if a.Dest {
			own, other = other, own
		}
		list := &e.plan.Outbound[a.List]
		rule, permit := outboundVerdict(list, p, own, other)
		if permit {
			continue
		}
		m := syslog.New(106002, syslog.ProtoName(p.Proto), list.ID, p.Src, p.Dst)
		if p.Proto == ast.ProtoICMP {
			m = syslog.New(106018, p.ICMPType, list.ID, p.Src, p.Dst)
		}
		f.drop(e, "ACCESS-LIST", whyACL, logs(m), a.Line, rule.Line)
		return true
	}
	return false
}

// outboundVerdict is what one list says: the longest mask wins, then the narrowest ports, then a named protocol. An `except` for
// the address on the other side turns the verdict round.
func outboundVerdict(list *compiler.OutboundList, p *runtime.Packet, own, other ast.IP) (best *compiler.Outbound, permit bool) {
	except := false
	for i := range list.Rules {
		r := &list.Rules[i]
		switch {
		case r.Proto != 0 && r.Proto != p.Proto:
		case r.Ports != (compiler.PortRange{Lo: 0, Hi: 65535}) && (!p.HasPorts() || !r.Ports.Contains(p.DstPort)):
		case r.Action == "except":
			except = except || r.Net.Contains(other)
		case r.Net.Contains(own) && (best == nil || moreSpecific(r, best)):
			best = r
		}
	}
	if best == nil {
		return nil, true
	}
	return best, (best.Action == "permit") != except
}

func moreSpecific(a, b *compiler.Outbound) bool {
	if x, y := a.Net.Mask.Bits(), b.Net.Mask.Bits(); x != y {
		return x > y
	}
	if x, y := a.Ports.Hi-a.Ports.Lo, b.Ports.Hi-b.Ports.Lo; x != y {
		return x < y
	}
	return a.Proto != 0 && b.Proto == 0
}

// maxSiblings is how many connections of a host are looked at for `established`.
const maxSiblings = 1024

// comesBack reports whether an `established` line lets an inbound packet in: its destination has a connection to its source of
// the kind that the line names, and an address of its own (semantics.md 2.5).
func (e *Engine) comesBack(f *flight) (compiler.Line, bool) {
	p := &f.pkt
	if len(e.plan.Established) == 0 || !f.inbound || !p.HasPorts() || f.un.kind == unNone || f.un.kind == unAlias || f.un.pat {
		return compiler.Line{}, false
	}
	h := e.hosts[hostKey{f.un.ip, uint32(f.out)}]
	if h == nil {
		return compiler.Line{}, false
	}
	for i := range e.plan.Established {
		s := &e.plan.Established[i]
		if s.To.Proto != 0 && s.To.Proto != p.Proto || s.From.Proto != 0 && s.From.Proto != p.Proto ||
			!s.To.Ports.Contains(f.un.port) || !s.From.Ports.Contains(p.SrcPort) {
			continue
		}
		n := 0
		for c := h.conns; c != nil && n < maxSiblings; c, n = c.next, n+1 {
			hi, lo := &c.key[c.hi], &c.key[1-c.hi]
			if c.hi == 0 && c.proto == s.Proto && lo.src == p.Src && int(lo.in) == f.in.If && (c.xl == nil || c.xl.proto == 0) &&
				(s.DstPort == 0 || s.DstPort == hi.dport) && (s.SrcPort == 0 || s.SrcPort == hi.sport) {
				return s.Line, true
			}
		}
	}
	return compiler.Line{}, false
}

// unAliased sends a packet for the dnat address of an `alias` on its interface to the foreign one (semantics.md 3.4).
func (e *Engine) unAliased(f *flight) bool {
	a := e.plan.NAT.Alias(f.in.If, f.pkt.Dst)
	if a == nil {
		return false
	}
	f.un.kind, f.un.ip, f.un.line = unAlias, a.ToForeign(f.pkt.Dst), a.Line
	f.un.out = e.route(f.un.ip).out
	return true
}

// fromAliased gives an inbound packet the address by which an `alias` of the interface that it goes to knows its sender: what has no
// connection would not be taken for an answer there otherwise (semantics.md 0, step 10).
func (e *Engine) fromAliased(f *flight) bool {
	a := e.plan.NAT.AliasOf(f.out, f.pkt.Src)
	if a == nil {
		return false
	}
	f.src.kind, f.src.ip, f.src.line = mapStatic, a.ToDNAT(f.pkt.Src), a.Line
	return true
}

// resets says that a refused TCP segment is answered with a reset, where `service` says so.
func (e *Engine) resets(f *flight) {
	p, s := &f.pkt, &e.plan.Service
	if p.Proto != ast.ProtoTCP || p.Flags&runtime.RST != 0 {
		return
	}
	switch {
	case s.ResetInbound && f.inbound && f.un.kind == unStatic,
		s.ResetOutside && f.out == f.in.If && e.lowest(f.in.If):
		f.v.Reset = true
	}
}
