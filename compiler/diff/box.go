package diff

import (
	"pixfw/ast"
	"pixfw/compiler"
)

var multicast = ast.Net{IP: 224 << 24, Mask: 0xf0000000}

// toTheBox is step 5: packets to the firewall itself (semantics.md 1.8, 1.9).
func (r *run) toTheBox(s *step) (outcome, bool) {
	s.at = s.in
	if m := r.p.Inner(); m != compiler.None && m != s.in && s.tunnel && r.is(wire.dst, r.p.Interfaces[m].Net.IP) {
		s.at = m // management-access
	}
	x := &r.p.Interfaces[s.at]
	own := r.is(wire.dst, x.Net.IP)
	if !own && !r.is(wire.dst, ast.AllOnes) && !r.in(wire.dst, multicast) &&
		!(x.Net.Mask < ast.MaskOf(31) && r.is(wire.dst, x.Broadcast())) {
		return outcome{}, false
	}
	s.own = true
	for i := range r.p.NAT.Statics {
		if _, _, ok := r.staticTakes(&r.p.NAT.Statics[i], s.in); ok {
			return outcome{}, false
		}
	}
	for i := range r.p.Box.Listens {
		l := &r.p.Box.Listens[i]
		if l.If == s.at && r.proto(l.Proto) && (l.Port == 0 || r.portIn(wire.dport, l.Port, l.Port)) {
			return r.served(l.Line), true
		}
	}
	switch {
	case !own:
		return r.drop("broadcast or multicast"), true
	case r.c.isICMP():
		return r.boxICMP(s), true
	case r.proto(ast.ProtoTCP):
		return r.boxTCP(s), true
	case r.proto(ast.ProtoUDP):
		return r.boxUDP(s), true
	}
	return r.drop("the firewall has no such service"), true
}

func (r *run) served(l ...compiler.Line) outcome {
	r.note(l...)
	return outcome{action: Box}
}

func (r *run) boxICMP(s *step) outcome {
	any := false
	for i := range r.p.Box.ICMP {
		b := &r.p.Box.ICMP[i]
		if b.If != s.at {
			continue
		}
		any = true
		if !r.in(wire.src, b.Src) || b.Type >= 0 && !r.typeIn(bytesOf(uint8(b.Type))) {
			continue
		}
		if b.Permit {
			return r.served(b.Line)
		}
		return r.drop("icmp line", b.Line)
	}
	if any {
		return r.drop("icmp lines, implicit deny")
	}
	return r.served()
}

func (r *run) boxTCP(s *step) outcome {
	b := &r.p.Box
	var lines []compiler.Access
	switch {
	case r.portIn(wire.dport, 22, 22):
		lines = b.SSH
	case r.portIn(wire.dport, 23, 23):
		if lines = b.Telnet; !s.tunnel && r.lowest(s.in) {
			lines = nil // in clear, telnet is never answered on the lowest interface
		}
	case r.portIn(wire.dport, 443, 443):
		if !b.HTTPServer.IsDefault() {
			lines = b.HTTP
		}
	default:
		return r.drop("the firewall has no such service")
	}
	for i := range lines {
		if a := &lines[i]; a.If == s.at && r.in(wire.src, a.Net) {
			return r.served(a.Line)
		}
	}
	return r.drop("the service of the firewall is not for this address")
}

func (r *run) lowest(i int) bool {
	for j := range r.p.Interfaces {
		if r.p.Interfaces[j].Level < r.p.Interfaces[i].Level {
			return false
		}
	}
	return true
}

func (r *run) boxUDP(s *step) outcome {
	x := &r.p.Interfaces[s.at]
	isakmp := !x.ISAKMP.IsDefault()
	switch {
	case isakmp && r.portIn(wire.dport, 500, 500):
		return r.served(x.ISAKMP)
	case isakmp && !r.p.VPN.NATTraversal.IsDefault() && r.portIn(wire.dport, 4500, 4500):
		return r.served(x.ISAKMP, r.p.VPN.NATTraversal)
	case r.portIn(wire.dport, 161, 161):
		for i := range r.p.Box.SNMP {
			if h := &r.p.Box.SNMP[i]; h.If == s.at && (h.Poll || !h.Trap) && r.is(wire.src, h.IP) {
				return r.served(h.Line)
			}
		}
		return r.drop("the service of the firewall is not for this address")
	}
	return r.drop("the firewall has no such service")
}
