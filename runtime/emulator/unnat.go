package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// How a destination was found to be what it is.
type unnatKind uint8

const (
	unNone   unnatKind = iota // by no rule: routed as it stands
	unExempt                  // nat 0 access-list, read backwards
	unLive                    // a dynamic translation that lives
	unStatic                  // static, or static with ports
	unAlias                   // alias: goes elsewhere, which is no translation of the host there
)

// unnat is the answer of step 6 for a destination.
type unnat struct {
	kind unnatKind
	ip   ast.IP // real
	port uint16 // real port, or ICMP id with pat
	pat  bool
	xl   *xlate
	st   *compiler.Static
	out  int
	line compiler.Line

	entry compiler.Line // of the access list of the rule, when it is traced
}

// unNAT is step 6: rules whose mapped side is the ingress interface, in the order of semantics.md 3.3.
func (e *Engine) unNAT(f *flight) {
	p := &f.pkt
	f.un = unnat{ip: p.Dst, port: p.DstPort, out: compiler.None}
	if e.unChild(f) || e.unExempt(f) || e.unXlate(f) {
		return
	}
	if i := e.mappedStatic(f); i >= 0 {
		s := &e.plan.NAT.Statics[i]
		f.un = unnat{kind: unStatic, ip: s.ToReal(p.Dst), port: p.DstPort, st: s, out: s.RealIf, line: s.Line}
		if s.Proto != 0 {
			f.un.port = s.RealPt
		}
		if s.ACL != compiler.None {
			v := takenView(s, p)
			f.un.entry = e.decider(f, s.ACL, &v)
		}
		return
	}
	e.unAliased(f)
}

func (e *Engine) unExempt(f *flight) bool {
	p := &f.pkt
	for i := range e.plan.NAT.Exemptions {
		x := &e.plan.NAT.Exemptions[i]
		if x.Outside || e.level(x.If) <= e.level(f.in.If) || !e.aclPairs(x.ACL, p.Dst, p.Src) {
			continue
		}
		if e.route(p.Dst).out == x.If {
			f.un.kind, f.un.out, f.un.line, f.un.entry = unExempt, x.If, x.Line, e.pairDecider(f, x.ACL, p.Dst, p.Src)
			return true
		}
	}
	return false
}

// unXlate finds a live translation. A port translation serves its connections, which were looked up before, and what has no
// connections: echo replies by their id, and ICMP errors about what was sent through it.
func (e *Engine) unXlate(f *flight) bool {
	p := &f.pkt
	if x := e.xlates.byMapped[mappedAt(f.in.If, p.Dst, 0, 0)]; x != nil {
		f.un.kind, f.un.ip, f.un.xl, f.un.out, f.un.line = unLive, x.real, x, x.realIf, x.line
		return true
	}
	if p.Proto == ast.ProtoESP {
		if x := e.xlates.byMapped[mappedAt(f.in.If, p.Dst, ast.ProtoESP, 0)]; x != nil {
			f.un.kind, f.un.ip, f.un.xl, f.un.out, f.un.line = unLive, x.real, x, x.realIf, x.line
			return true
		}
	}
	if p.Proto != ast.ProtoICMP {
		return false
	}
	key := mappedAt(f.in.If, p.Dst, ast.ProtoICMP, p.ICMPID)
	if a := p.About; a != nil {
		key = mappedAt(f.in.If, p.Dst, a.Proto, a.SrcPort)
		if a.Proto == ast.ProtoICMP {
			key.port = a.ICMPID
		}
	} else if p.ICMPType != echoReply {
		return false
	}
	x := e.xlates.byMapped[key]
	if x == nil {
		return false
	}
	f.un = unnat{kind: unLive, ip: x.real, port: x.realPort, pat: p.About == nil, xl: x, out: x.realIf, line: x.line}
	return true
}

// staticTakes reports whether the destination of a packet is the mapped side of s.
func (e *Engine) staticTakes(s *compiler.Static, f *flight) bool {
	p := &f.pkt
	if s.MappedIf != f.in.If || !s.MappedNet().Contains(p.Dst) {
		return false
	}
	if s.Proto != 0 && (p.Proto != s.Proto || p.DstPort != s.MappedPort) {
		return false
	}
	if s.ACL == compiler.None {
		return true
	}
	v := takenView(s, p)
	_, permit := e.aclMatch(s.ACL, &v)
	return permit
}

// takenView is a packet to the mapped side of a static as the access list of the static looks at it: from the real host to its peer.
func takenView(s *compiler.Static, p *runtime.Packet) view {
	v := view{p.Proto, s.ToReal(p.Dst), p.Src, p.DstPort, p.SrcPort, p.ICMPType}
	if s.Proto != 0 {
		v.sport = s.RealPt
	}
	return v
}

// routeOut finds the egress interface, and refuses what would leave where it came in (step 6, 6a, 6b).
func (e *Engine) routeOut(f *flight) bool {
	p := &f.pkt
	if f.un.kind == unAlias && f.un.out == compiler.None {
		f.drop(e, "ROUTE-LOOKUP", whyNoRoute, logs(syslog.New(110001, f.un.ip, p.Src)), f.un.line)
		return true
	}
	if f.un.kind != unNone {
		f.out = f.un.out
		kind := "UN-NAT"
		if f.un.kind == unExempt {
			kind = "NAT-EXEMPT"
		}
		if f.trace {
			f.pass(kind, "untranslate "+p.Dst.String()+" to "+f.un.ip.String()+" on "+e.ifName(f.out), f.un.line, f.un.entry)
		}
	} else {
		h := e.route(p.Dst)
		if h.out == compiler.None {
			f.drop(e, "ROUTE-LOOKUP", whyNoRoute, logs(syslog.New(110001, p.Dst, p.Src)))
			return true
		}
		f.out = h.out
		if f.trace {
			f.pass("ROUTE-LOOKUP", p.Dst.String()+" is on "+e.ifName(f.out)+noted(h.note), h.line)
		}
	}
	if e.down(f, f.out, "ROUTE-LOOKUP") {
		return true
	}
	in, out := &e.plan.Interfaces[f.in.If], &e.plan.Interfaces[f.out]
	if f.out == f.in.If {
		m := syslog.New(106011, e.wire(f))
		if p.Proto == ast.ProtoICMP && p.ICMPType == echoRequest && e.isPAT(f.in.If, p.Dst) {
			m = syslog.New(106013, p.Src, p.Dst)
		}
		f.drop(e, "ROUTE-LOOKUP", whyHairpin, logs(m))
		return true
	}
	if out.Level == in.Level {
		f.drop(e, "ACCESS-LIST", whyEqual, nil, in.Line, out.Line)
		return true
	}
	if (f.un.kind == unNone || f.un.kind == unAlias || f.un.kind == unExempt) && e.owner(f.un.ip) != compiler.None {
		f.drop(e, "ROUTE-LOOKUP", whyFar, nil, out.AddrLine)
		return true
	}
	f.inbound = in.Level < out.Level
	return false
}

func noted(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// isPAT reports whether ip is a PAT address on an interface.
func (e *Engine) isPAT(in int, ip ast.IP) bool {
	for i := range e.plan.NAT.Globals {
		if g := &e.plan.NAT.Globals[i]; g.If == in && g.PAT && e.patAddress(g) == ip {
			return true
		}
	}
	return false
}

func (e *Engine) patAddress(g *compiler.Global) ast.IP {
	if g.Interface {
		return e.plan.Interfaces[g.If].Net.IP
	}
	return g.First
}

// rewriteAbout rewrites the packet inside an ICMP error as its addresses are on the other side: by the connection it belongs
// to, else by the translation of the outer header (semantics.md section 12, item 13).
func (e *Engine) rewriteAbout(f *flight) *runtime.Packet {
	a := f.pkt.About
	if a == nil {
		return nil
	}
	in := *a
	// The embedded packet went the other way: turned round it is one that would arrive here.
	k := flowAt(f.in.If, a.Proto, a.Dst, a.Src, a.DstPort, a.SrcPort)
	if c, dir := e.conns.find(&k); c != nil && a.HasPorts() {
		back := &c.key[1-dir]
		in.Src, in.SrcPort, in.Dst, in.DstPort = back.src, back.sport, back.dst, back.dport
		return &in
	}
	if a.Src == f.pkt.Dst {
		in.Src = f.un.ip
		if f.un.xl != nil && f.un.xl.proto == a.Proto && a.Proto != 0 {
			in.SrcPort = f.un.xl.realPort
		}
	}
	if a.Dst == f.pkt.Src {
		in.Dst = f.src.ip
	}
	return &in
}
