package diff

import (
	"pixfw/ast"
	"pixfw/compiler"
)

// Action is what becomes of the first packet of a flow.
type Action uint8

// The actions.
const (
	Drop    Action = iota
	Forward        // leaves by Egress
	Encrypt        // leaves by Egress once IKE has an association with Peers
	Box            // the firewall itself answers
	Auth           // the cut-through proxy asks for a user name
)

func (a Action) String() string {
	return [...]string{"drop", "permit", "encrypt", "box", "auth"}[a]
}

// outcome is what is compared: equal outcomes of one packet are the same fate. Addresses and ports are differences to those
// of the packet, so that one outcome holds for a whole cell.
type outcome struct {
	action       Action
	egress       string
	src, dst     uint32
	sport, dport uint16
	pool         string // source from a pool, with PAT: the port as well
	with         string // Encrypt: the peers; Auth: the server group
}

// step is what one decision has found so far.
type step struct {
	in, out int
	at      int // to the box: the interface whose address it is
	own     bool
	inbound bool
	tunnel  bool
	un      unKind
	st      *compiler.Static
	dst     addr
	dport   port
	src     addr
	sport   port
	unLine  compiler.Line
	pool    *pool
	usesPAT bool
	o       outcome
}

type unKind uint8

const (
	unNone unKind = iota
	unExempt
	unStatic
	unAlias // goes elsewhere, which is no translation of a host there
)

func (r *run) drop(why string, l ...compiler.Line) outcome {
	r.note(l...)
	r.because(why)
	return outcome{action: Drop}
}

// decide is the pipeline of semantics.md section 0 for the packets of r.c, which arrive on interface in. tunnel: they come
// out of an IPsec tunnel that ends there.
func (r *run) decide(in int, tunnel bool) outcome {
	p := r.p
	x := &p.Interfaces[in]
	s := &step{in: in, out: compiler.None, tunnel: tunnel, src: wire.src, dst: wire.dst, sport: wire.sport, dport: wire.dport}
	if line, down := x.DownBy(); down {
		return r.drop("interface down", line)
	}
	if !tunnel && r.spoofed() {
		return r.drop("invalid source")
	}
	if !tunnel && x.RPF {
		if rt := r.route(wire.src); rt == nil || rt.If != in {
			return r.drop("reverse path", x.RPFLine)
		}
	}
	if o, ended := r.toTheBox(s); ended {
		return o
	}
	if !tunnel && r.clearText(in) {
		return r.drop("clear text that should be encrypted")
	}
	if o, ended := r.whole(s); ended {
		return o
	}
	r.unNAT(s)
	if o, ended := r.routeOut(s); ended {
		return o
	}
	if o, ended := r.access(s); ended {
		return o
	}
	if o, ended := r.authenticate(s); ended {
		return o
	}
	if o, ended := r.translate(s); ended {
		return o
	}
	return r.depart(s)
}

// spoofed is the part of semantics.md 1.7 that depends on the configuration: addresses of the firewall and broadcasts of
// its networks. When two Plans are compared, those that both refuse are left to both.
func (r *run) spoofed() bool {
	for _, s := range r.e.invalid {
		if r.within(&r.c.src, s.lo, s.hi) {
			return true
		}
	}
	return false
}

func (r *run) route(a addr) *compiler.Route {
	for i := range r.p.Routes {
		if rt := &r.p.Routes[i]; r.in(a, rt.Net) {
			return rt
		}
	}
	return nil
}

// clearText is step 5b.
func (r *run) clearText(in int) bool {
	x := &r.p.Interfaces[in]
	if x.Map == compiler.None {
		return false
	}
	m := &r.p.VPN.Maps[x.Map]
	for i := range m.Entries {
		if en := &m.Entries[i]; complete(en) && r.acl(en.ACL, r.e.sameID[en.ACL], reversed) {
			r.note(en.Line)
			return true
		}
	}
	return false
}

// complete reports whether a map entry has all that it needs; others are ignored (semantics.md 6.1).
func complete(en *compiler.MapEntry) bool {
	return en.Dynamic == compiler.None && en.ACL != compiler.None && len(en.Peers) > 0 && len(en.TransformSets) > 0
}

// routeOut is the rest of step 6.
func (r *run) routeOut(s *step) (outcome, bool) {
	p := r.p
	if s.un == unAlias && s.out == compiler.None {
		return r.drop("no route", s.unLine), true
	}
	if s.un == unNone {
		rt := r.route(wire.dst)
		if rt == nil {
			return r.drop("no route"), true
		}
		s.out = rt.If
		s.unLine = rt.Line
	}
	in, out := &p.Interfaces[s.in], &p.Interfaces[s.out]
	if line, down := out.DownBy(); down {
		return r.drop("interface down", line), true
	}
	switch {
	case s.out == s.in:
		return r.drop("would leave where it came in", s.unLine), true
	case in.Level == out.Level:
		return r.drop("equal security levels", in.Line, out.Line), true
	case (s.un == unNone || s.un == unAlias || s.un == unExempt) && r.owned(s.dst):
		return r.drop("address of another interface"), true
	}
	s.inbound = in.Level < out.Level
	if s.un == unNone {
		r.way(s.unLine)
	} else {
		r.note(s.unLine)
	}
	return outcome{}, false
}

// owned reports whether the destination is an address of the firewall.
func (r *run) owned(a addr) bool {
	for i := range r.p.Interfaces {
		if x := &r.p.Interfaces[i]; x.HasAddress() && r.is(a, x.Net.IP) {
			return true
		}
	}
	return false
}

// whole carries what comes out of a tunnel, or is for one as it stands, past access lists, users and NAT with `sysopt ipsec pl-compatible`
// (semantics.md 6.2).
func (r *run) whole(s *step) (outcome, bool) {
	if !r.p.Sysopt.PLCompatible || s.own || !s.tunnel && !r.entersTunnel(s) {
		return outcome{}, false
	}
	r.note(r.p.Sysopt.PLCompatibleLine)
	if o, ended := r.routeOut(s); ended {
		return o, true
	}
	return r.depart(s), true
}

// entersTunnel reports whether the crypto map of a lower interface takes packets as they are on the wire.
func (r *run) entersTunnel(s *step) bool {
	rt := r.route(wire.dst)
	if rt == nil || r.p.Interfaces[s.in].Level <= r.p.Interfaces[rt.If].Level || r.p.Interfaces[rt.If].Map == compiler.None {
		return false
	}
	m := &r.p.VPN.Maps[r.p.Interfaces[rt.If].Map]
	for i := range m.Entries {
		if en := &m.Entries[i]; complete(en) && r.acl(en.ACL, r.e.sameID[en.ACL], wire) {
			return true
		}
	}
	return false
}

// access is step 8.
func (r *run) access(s *step) (outcome, bool) {
	p, in := r.p, &r.p.Interfaces[s.in]
	if s.tunnel && p.Sysopt.PermitIPsec {
		r.note(p.Sysopt.PermitIPsecLine)
		return outcome{}, false
	}
	if in.ACL == compiler.None {
		return r.byLevel(s)
	}
	r.note(in.ACLLine)
	n := r.lines()
	if r.acl(in.ACL, r.e.access[s.in], wire) {
		return outcome{}, false
	}
	why := "access-list " + p.ACLs[in.ACL].ID
	if r.lines() == n {
		why += ", implicit deny"
	}
	return r.drop(why), true
}

func (r *run) lines() int {
	if r.tr == nil {
		return 0
	}
	return len(r.tr.lines)
}

// byLevel is what holds without an access list (semantics.md 1.1).
func (r *run) byLevel(s *step) (outcome, bool) {
	if !s.inbound {
		return r.outbound(s)
	}
	if r.acl(r.e.conduits(), r.e.otherConduits, wire) {
		return outcome{}, false
	}
	return r.drop("nothing permits it to a higher security level"), true
}

// authenticate is step 9 without users (semantics.md 5.1).
func (r *run) authenticate(s *step) (outcome, bool) {
	if s.inbound && s.un == unNone {
		return outcome{}, false
	}
	if o, ended := r.virtual(s); ended {
		return o, true
	}
	var rule *compiler.AAARule
	for i := range r.p.AAARules {
		a := &r.p.AAARules[i]
		if a.What != "authentication" || !r.ruleTakes(a, s) {
			continue
		}
		if !a.Include {
			return outcome{}, false
		}
		if rule == nil {
			rule = a
		}
	}
	if rule == nil {
		return outcome{}, false
	}
	r.note(rule.Line)
	if r.proto(ast.ProtoTCP) && (r.portIn(s.dport, 21, 21) || r.portIn(s.dport, 23, 23) || r.portIn(s.dport, 80, 80) || r.portIn(s.dport, 443, 443)) {
		o := outcome{action: Auth}
		if rule.Group != compiler.None {
			o.with = r.p.AAAGroups[rule.Group].Tag
		}
		return o, true
	}
	return r.drop("user must authenticate first"), true
}

// virtual is an address where users log in and nothing else is (semantics.md 5.4).
func (r *run) virtual(s *step) (outcome, bool) {
	for i := range r.p.AAA.Virtual {
		v, port := &r.p.AAA.Virtual[i], uint16(23)
		if v.Service == "http" {
			port = 80
		}
		if r.proto(ast.ProtoTCP) && r.is(s.dst, v.IP) && r.portIn(s.dport, port, port) {
			r.note(v.Line)
			return outcome{action: Auth, with: "virtual " + v.Service}, true
		}
	}
	return outcome{}, false
}

func (r *run) ruleTakes(a *compiler.AAARule, s *step) bool {
	if a.ACL != compiler.None { // match: the list alone decides (semantics.md 5.1)
		return a.If == s.in && r.acl(a.ACL, r.e.sameID[a.ACL], wire)
	}
	switch a.Dir {
	case compiler.DirInbound:
		if !s.inbound {
			return false
		}
	case compiler.DirOutbound:
		if s.inbound {
			return false
		}
	default:
		if a.If != s.in {
			return false
		}
	}
	local, foreign := wire.src, s.dst
	if s.inbound {
		local, foreign = s.dst, wire.src
	}
	if a.AnyTCP {
		return r.proto(ast.ProtoTCP) && r.in(local, a.Local) && r.in(foreign, a.Foreign)
	}
	if !r.proto(a.Proto) || !r.in(local, a.Local) || !r.in(foreign, a.Foreign) {
		return false
	}
	switch {
	case r.c.hasPorts():
		return r.portIn(s.dport, a.Ports.Lo, a.Ports.Hi)
	case r.c.isICMP():
		var types byteSet
		for t := int(a.Ports.Lo); t <= int(min(a.Ports.Hi, 255)); t++ {
			types = types.or(bytesOf(uint8(t)))
		}
		return r.typeIn(types)
	}
	return true
}

// depart is steps 13 and 14.
func (r *run) depart(s *step) outcome {
	p := r.p
	o := s.o
	o.action, o.egress = Forward, p.Interfaces[s.out].Name
	if s.st != nil || s.un == unAlias {
		o.dst, o.dport = s.dst.val, s.dport.val
	}
	if m := p.Interfaces[s.out].Map; m != compiler.None {
		if s.usesPAT {
			r.patPort(s)
		}
		v := view{src: s.src, dst: s.dst, sport: s.sport, dport: s.dport}
		for i := range p.VPN.Maps[m].Entries {
			en := &p.VPN.Maps[m].Entries[i]
			if !complete(en) || !r.acl(en.ACL, r.e.sameID[en.ACL], v) {
				continue
			}
			r.note(en.Line)
			o.action = Encrypt
			for _, peer := range en.Peers {
				if o.with != "" {
					o.with += " "
				}
				o.with += peer.String()
			}
			return o
		}
	}
	// adjacency: a next hop, and nobody there whose address the firewall has itself.
	way := false
	for i := range p.Routes {
		if rt := &p.Routes[i]; rt.If == s.out && r.in(s.dst, rt.Net) {
			way = true
			break
		}
	}
	if !way {
		return r.drop("no route")
	}
	if l, own := r.ownOn(s.out, s.dst); own {
		return r.drop("no neighbour has this address", l)
	}
	return o
}

// patPort makes the source port that of PAT in a fresh state: the first of its class (semantics.md 3.4).
func (r *run) patPort(s *step) {
	if !r.c.hasPorts() {
		return
	}
	first := uint16(1024)
	if r.within(&r.c.sport, 0, 511) {
		first = 1
	} else if r.within(&r.c.sport, 512, 1023) {
		first = 512
	}
	s.sport = port{val: first}
}

// ownOn reports whether the firewall answers ARP for an address on an interface: a mapped one only in its subnet.
func (r *run) ownOn(out int, a addr) (compiler.Line, bool) {
	p := r.p
	x := &p.Interfaces[out]
	if r.is(a, x.Net.IP) {
		return x.AddrLine, true
	}
	for i := range p.NAT.Statics {
		if t := &p.NAT.Statics[i]; t.MappedIf == out && t.Mapped != t.Real && r.in(a, t.MappedNet()) && r.in(a, x.Net) {
			return t.Line, true
		}
	}
	for i := range p.NAT.Globals {
		if g := &p.NAT.Globals[i]; g.If == out && !g.Interface && r.between(a, g.First, g.Last) && r.in(a, x.Net) {
			return g.Line, true
		}
	}
	for i := range p.NAT.Aliases {
		if l := &p.NAT.Aliases[i]; l.If == out && r.in(a, l.DNATNet()) {
			return l.Line, true
		}
	}
	return compiler.Line{}, false
}
