package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

const (
	echoReply   = 0
	echoRequest = 8
)

type mapKind uint8

const (
	mapNone   mapKind = iota // keeps its address
	mapExempt                // nat 0 access-list
	mapStatic                // static
	mapLive                  // a translation that lives
	mapNew                   // one to be created
)

// A mapping is what becomes of a source.
type mapping struct {
	kind                mapKind
	ip                  ast.IP
	port                uint16 // or ICMP id with pat
	pat                 bool
	xl                  *xlate
	fresh               xlate // with mapNew
	maxConns, embryonic int
	line                compiler.Line
	pool                compiler.Line
	entry               compiler.Line // of the access list of the rule, when it is traced
}

// commit creates the translation of a mapping, if it needs one.
func (m *mapping) commit(e *Engine) *xlate {
	if m.kind == mapNew {
		m.xl, m.kind = e.addXlate(&m.fresh), mapLive
	}
	return m.xl
}

// useXlates creates or refreshes the translations of a packet that has no connection.
func (e *Engine) useXlates(f *flight) {
	for _, x := range [2]*xlate{f.src.commit(e), f.un.xl} {
		if x != nil {
			x.used = e.now
			if x.conns == 0 {
				e.arm(&x.alarm, x)
			}
		}
	}
}

// Why a source has no translation.
type noMapping uint8

const (
	mapped    noMapping = iota
	noGroup             // 305005: no rule
	noGlobal            // 305006: a nat, but no global of its id on this interface
	notByPort           // 305006: only PAT is left, which cannot carry this protocol
	exhausted           // 202001
	tooMany             // table full
)

// translate is step 10: every packet between levels needs a translation of the address on the higher level.
func (e *Engine) translate(f *flight) bool {
	p := &f.pkt
	if s := f.un.st; s != nil && s.Mask < ast.MaskOf(31) && (p.Dst&^s.Mask == 0 || p.Dst|s.Mask == ast.AllOnes) {
		f.drop(e, "NAT", whyNAT, logs(syslog.New(305006, "Dst IP is network/broadcast IP,", e.wire(f))), s.Line, f.un.entry)
		return true
	}
	if f.inbound {
		if f.un.kind == unNone || f.un.kind == unAlias {
			f.dropBy(e, "NAT", whyNAT, e.noStatic(f), logs(syslog.New(305005, e.wire(f))))
			return true
		}
		f.line = f.un.line
		return e.translateForeign(f)
	}
	if why := e.mapSource(f, false); why != mapped {
		e.untranslated(f, why)
		return true
	}
	f.line = f.src.line
	e.traceMapping(f)
	return false
}

func (e *Engine) untranslated(f *flight, why noMapping) {
	w := e.wire(f)
	switch why {
	case noGroup:
		e.noRule(f, logs(syslog.New(305005, w)))
	case noGlobal:
		f.drop(e, "NAT", whyNAT, logs(syslog.New(305006, "portmap", w)), f.src.line, f.src.entry)
	case notByPort:
		f.drop(e, "NAT", whyNAT, logs(syslog.New(305006, "regular", w)), f.src.line, f.src.entry)
	case exhausted:
		f.drop(e, "NAT", whyPool, logs(syslog.New(202001)), f.src.line, f.src.entry)
	default:
		f.drop(e, "NAT", whyFull, logs(syslog.New(202001)), f.src.line, f.src.entry)
	}
}

// translateForeign is outside NAT: the source of an inbound packet, where a rule says so. A dynamic rule with a global on the
// egress interface obliges every source (semantics.md 3.4).
func (e *Engine) translateForeign(f *flight) bool {
	why := e.mapSource(f, true)
	switch {
	case why == mapped:
		e.traceMapping(f)
		return false
	case why != noGroup || e.outsideObliges(f.in.If, f.out) != nil:
		e.untranslated(f, why)
		return true
	}
	f.src = mapping{ip: f.pkt.Src, port: f.pkt.SrcPort}
	return false
}

// outsideObliges is the dynamic rule that obliges what goes from one interface to another; nil: none does.
func (e *Engine) outsideObliges(in, out int) *compiler.Nat {
	for i := range e.plan.NAT.Nats {
		if n := &e.plan.NAT.Nats[i]; n.Outside && n.If == in && n.ID != 0 && e.globalOf(out, n.ID) != nil {
			return n
		}
	}
	return nil
}

func (e *Engine) globalOf(in, id int) *compiler.Global {
	for i := range e.plan.NAT.Globals {
		if g := &e.plan.NAT.Globals[i]; g.If == in && g.ID == id {
			return g
		}
	}
	return nil
}

func (e *Engine) traceMapping(f *flight) {
	if !f.trace {
		return
	}
	m := &f.src
	note := "translate " + f.pkt.Src.String() + " to " + m.ip.String() + " on " + e.ifName(f.out)
	switch m.kind {
	case mapExempt:
		f.pass("NAT-EXEMPT", f.pkt.Src.String()+" keeps its address", m.line, m.entry)
		return
	case mapLive:
		note += " (translation lives)"
	case mapNew:
		if m.fresh.identity {
			note += " (identity)"
		}
	}
	if m.pat {
		note += ", port " + itoa(uint64(m.port))
	}
	f.pass("NAT", note, m.line, m.entry, m.pool)
}

// mapSource tries the rules in the order of semantics.md 3.2, and leaves the answer in f.src. outside selects the rules of
// outside NAT.
func (e *Engine) mapSource(f *flight, outside bool) noMapping {
	p, m := &f.pkt, &f.src
	in, out := f.in.If, f.out
	*m = mapping{ip: p.Src, port: p.SrcPort}
	for i := range e.plan.NAT.Exemptions {
		x := &e.plan.NAT.Exemptions[i]
		if x.If == in && x.Outside == outside && e.aclPairs(x.ACL, p.Src, f.un.ip) {
			m.kind, m.line, m.entry = mapExempt, x.Line, e.pairDecider(f, x.ACL, p.Src, f.un.ip)
			return mapped
		}
	}
	// The destination is what step 6 has made of it.
	v := wireView(f)
	v.dst, v.dport = f.un.ip, f.un.port
	live := e.liveXlate(f, 0)
	if i := e.realStatic(in, out, &v, live != nil); i >= 0 {
		s := &e.plan.NAT.Statics[i]
		m.kind, m.ip, m.line, m.maxConns, m.embryonic = mapStatic, s.ToMapped(p.Src), s.Line, s.MaxConns, s.Embryonic
		m.entry = e.decider(f, s.ACL, &v)
		if s.Proto != 0 {
			m.port = s.MappedPort
		}
		return mapped
	}
	if outside && live == nil && e.fromAliased(f) {
		return mapped
	}
	for i := range e.plan.NAT.Policies {
		n := &e.plan.NAT.Policies[i]
		if n.If != in || n.Outside != outside {
			continue
		}
		if _, permit := e.aclMatch(n.ACL, &v); permit {
			m.entry = e.decider(f, n.ACL, &v)
			policy := e.policyID(n.ACL)
			if x := e.liveXlate(f, policy); x != nil {
				m.live(x)
				return mapped
			}
			return e.mapDynamic(f, n, policy)
		}
	}
	if live != nil {
		m.live(live)
		return mapped
	}
	if i := e.derived.nats.first(p.Src, natTag(in, outside), always); i >= 0 {
		return e.mapDynamic(f, &e.plan.NAT.Nats[i], 0)
	}
	return noGroup
}

func (m *mapping) live(x *xlate) {
	m.kind, m.xl, m.ip, m.line, m.maxConns, m.embryonic = mapLive, x, x.mapped, x.line, x.maxConns, x.embryonic
	if x.proto != 0 {
		m.pat, m.port = true, x.mappedPort
	}
}

// sourcePort is what PAT translates: the source port, or the ICMP id.
func (f *flight) sourcePort() uint16 {
	if f.pkt.Proto == ast.ProtoICMP {
		return f.pkt.ICMPID
	}
	return f.pkt.SrcPort
}

// byPort reports whether PAT can carry a packet: TCP, UDP, ICMP echo and its reply (semantics.md 1.4, 1.5), and with `fixup protocol
// esp-ike` one host's ESP, which counts as its port 0.
func (e *Engine) byPort(f *flight) bool {
	p := &f.pkt
	return p.HasPorts() || p.Proto == ast.ProtoICMP && (p.ICMPType == echoRequest || p.ICMPType == echoReply) ||
		p.Proto == ast.ProtoESP && e.fixup("esp-ike") != nil
}

func (e *Engine) liveXlate(f *flight, policy uint32) *xlate {
	k := realKey{f.pkt.Src, uint16(f.in.If), uint16(f.out), 0, 0, policy}
	if x := e.xlates.byReal[k]; x != nil {
		return x
	}
	if !e.byPort(f) {
		return nil
	}
	k.proto, k.port = uint16(f.pkt.Proto), f.sourcePort()
	return e.xlates.byReal[k]
}

// staticGives reports whether the source of a packet is the real side of s.
func (e *Engine) staticGives(s *compiler.Static, in, out int, v *view) bool {
	if s.RealIf != in || s.MappedIf != out || !s.RealNet().Contains(v.src) {
		return false
	}
	if s.Proto != 0 && (v.proto != s.Proto || v.sport != s.RealPt) {
		return false
	}
	if s.ACL == compiler.None {
		return true
	}
	_, permit := e.aclMatch(s.ACL, v)
	return permit
}

// mapDynamic takes an address, else a port, of the rule's pool on the egress interface: lowest free first.
func (e *Engine) mapDynamic(f *flight, n *compiler.Nat, policy uint32) noMapping {
	p, m := &f.pkt, &f.src
	m.kind, m.line, m.maxConns, m.embryonic = mapNew, n.Line, n.MaxConns, n.Embryonic
	if e.xlates.count >= e.limits.Xlates {
		return tooMany
	}
	m.fresh = xlate{realIf: f.in.If, mappedIf: f.out, real: p.Src, policy: policy, maxConns: n.MaxConns, embryonic: n.Embryonic, line: n.Line, dns: n.DNS}
	if n.ID == 0 {
		m.fresh.mapped, m.fresh.identity = p.Src, true
		return mapped
	}
	any, pat := false, false
	for i := range e.plan.NAT.Globals {
		g := &e.plan.NAT.Globals[i]
		if g.If != f.out || g.ID != n.ID {
			continue
		}
		any = true
		if g.PAT {
			pat = true
			continue
		}
		if ip, ok := e.freeAddress(g); ok {
			m.ip, m.pool = ip, g.Line
			m.fresh.mapped = ip
			return mapped
		}
	}
	switch {
	case !any:
		return noGlobal
	case pat && f.child != nil && f.child.stays: // GRE of a call that is followed
		if xl := f.child.parent.xl; xl != nil {
			*m = mapping{kind: mapLive, ip: xl.mapped, line: xl.line}
			return mapped
		}
		return notByPort
	case pat && !e.byPort(f):
		return e.hopSource(f)
	}
	for i := range e.plan.NAT.Globals {
		g := &e.plan.NAT.Globals[i]
		if g.If != f.out || g.ID != n.ID || !g.PAT {
			continue
		}
		ip := e.patAddress(g)
		if ip == 0 {
			continue
		}
		if port, ok := e.freePort(f.out, ip, p.Proto, f.sourcePort()); ok {
			m.ip, m.port, m.pat, m.pool = ip, port, true, g.Line
			m.fresh.mapped, m.fresh.proto, m.fresh.realPort, m.fresh.mappedPort = ip, p.Proto, f.sourcePort(), port
			return mapped
		}
	}
	return exhausted
}

// hopSource is what `fixup protocol icmp error` adds: an ICMP error from a router on the way to a host behind PAT leaves with the
// address that the packet it is about was sent to (semantics.md section 7).
func (e *Engine) hopSource(f *flight) noMapping {
	a, m := f.pkt.About, &f.src
	x := e.fixup("icmp")
	if x == nil || a == nil {
		return notByPort
	}
	port := a.DstPort
	if a.Proto == ast.ProtoICMP {
		port = a.ICMPID
	}
	xl := e.xlates.byReal[realKey{a.Dst, uint16(f.in.If), uint16(f.out), port, uint16(a.Proto), 0}]
	if xl == nil {
		return notByPort
	}
	*m = mapping{kind: mapLive, ip: xl.mapped, line: x.Line}
	return mapped
}
