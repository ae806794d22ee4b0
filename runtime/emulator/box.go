package emulator

import (
	"encoding/binary"
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// toTheBox is step 5 for packets to the firewall itself, which neither access lists nor NAT concern (semantics.md 1.9). RSA
// keys are not part of a configuration; ssh is taken to have one.
func (e *Engine) toTheBox(f *flight) bool {
	p := &f.pkt
	if !e.forBox(f) || e.claimed(f) {
		return false
	}
	x := &e.plan.Interfaces[f.at]
	own := p.Dst == x.Net.IP
	f.out = f.at
	if l := e.listens(f); l != nil {
		e.box(f, "spoken by the firewall itself", l.Line)
		return true
	}
	src := syslog.End{IP: p.Src, Port: p.SrcPort}
	dst := syslog.End{If: x.Name, IP: p.Dst, Port: p.DstPort}
	switch {
	case !own && p.Proto == ast.ProtoUDP:
		f.drop(e, "INPUT", whyBox, logs(syslog.Box710005(p.Proto, src, dst)))
	case !own:
		f.drop(e, "INPUT", whyBox, nil)
	case p.Proto == ast.ProtoICMP:
		e.boxICMP(f)
	case p.Proto == ast.ProtoTCP:
		e.boxTCP(f, src, dst)
	case p.Proto == ast.ProtoUDP:
		e.boxUDP(f, src, dst)
	case (p.Proto == ast.ProtoESP || p.Proto == ast.ProtoAH) && x.Map != compiler.None:
		e.boxESP(f)
	default:
		f.drop(e, "INPUT", whyBox, logs(syslog.Box710006(p.Proto, p.Src, dst)))
	}
	return true
}

// forBox reports whether a packet has an address of the firewall on the interface where it arrives, that of management-access or one of
// many, and notes whose.
func (e *Engine) forBox(f *flight) bool {
	dst := f.pkt.Dst
	f.at = f.in.If
	if m := e.plan.Inner(); m != compiler.None && f.in.Tunnel && dst == e.plan.Interfaces[m].Net.IP {
		f.at = m // management-access
	}
	x := &e.plan.Interfaces[f.at]
	return dst == x.Net.IP || dst == ast.AllOnes || x.Net.Mask < ast.MaskOf(31) && dst == x.Broadcast() || dst>>28 == 14
}

// listens is the line that makes the firewall speak the protocol of a packet on its interface.
func (e *Engine) listens(f *flight) *compiler.Listen {
	for i := range e.plan.Box.Listens {
		if l := &e.plan.Box.Listens[i]; l.If == f.at && l.Proto == f.pkt.Proto && (l.Port == 0 || l.Port == f.pkt.DstPort) {
			return l
		}
	}
	return nil
}

// claimed reports whether a translation has the destination: a static, a port translation, an expected connection.
func (e *Engine) claimed(f *flight) bool {
	p := &f.pkt
	if e.mappedStatic(f) >= 0 {
		return true
	}
	if e.children[childOf(f)] != nil {
		return true
	}
	port := p.DstPort
	switch {
	case p.Proto == ast.ProtoICMP && p.About != nil:
		return e.xlates.byMapped[mappedAt(f.in.If, p.Dst, p.About.Proto, p.About.SrcPort)] != nil
	case p.Proto == ast.ProtoICMP && p.ICMPType != echoReply:
		return false
	case p.Proto == ast.ProtoICMP:
		port = p.ICMPID
	}
	return e.xlates.byMapped[mappedAt(f.in.If, p.Dst, p.Proto, port)] != nil
}

func (e *Engine) box(f *flight, note string, lines ...compiler.Line) {
	f.pass("INPUT", note, lines...)
	f.take(runtime.Box)
}

func (e *Engine) boxICMP(f *flight) {
	p, any := &f.pkt, false
	for i := range e.plan.Box.ICMP {
		r := &e.plan.Box.ICMP[i]
		if r.If != f.at {
			continue
		}
		any = true
		if !r.Src.Contains(p.Src) || r.Type >= 0 && r.Type != int(p.ICMPType) {
			continue
		}
		if r.Permit {
			e.box(f, "permitted by an icmp line", r.Line)
			return
		}
		f.drop(e, "INPUT", whyICMPDenied, logs(e.denied313001(f)), r.Line)
		return
	}
	if any {
		f.drop(e, "INPUT", whyICMPDenied, logs(e.denied313001(f)))
		return
	}
	e.box(f, "no icmp line on this interface: answered")
}

func (e *Engine) denied313001(f *flight) runtime.Message {
	return syslog.New(313001, f.pkt.ICMPType, f.pkt.ICMPCode, f.pkt.Src, e.ifName(f.in.If))
}

func (e *Engine) boxTCP(f *flight, src, dst syslog.End) {
	b, p := &e.plan.Box, &f.pkt
	var lines []compiler.Access
	switch p.DstPort {
	case 22:
		lines = b.SSH
	case 23:
		// In clear, telnet is never answered on the lowest interface.
		if lines = b.Telnet; !f.in.Tunnel && e.lowest(f.in.If) {
			lines = nil
		}
	case 443:
		if !b.HTTPServer.IsDefault() {
			lines = b.HTTP
		}
	default:
		e.unserved(f, src, dst)
		return
	}
	e.emit(syslog.Box710001(src, dst))
	for i := range lines {
		if a := &lines[i]; a.If == f.at && a.Net.Contains(p.Src) {
			e.emit(syslog.Box710002(p.Proto, src, dst))
			e.box(f, "service of the firewall", a.Line)
			return
		}
	}
	f.drop(e, "INPUT", whyBoxDenied, logs(syslog.Box710003(p.Proto, src, dst)))
	e.resets(f)
}

func (e *Engine) lowest(i int) bool {
	for j := range e.plan.Interfaces {
		if e.level(j) < e.level(i) {
			return false
		}
	}
	return true
}

func (e *Engine) boxUDP(f *flight, src, dst syslog.End) {
	p, x := &f.pkt, &e.plan.Interfaces[f.at]
	isakmp := !x.ISAKMP.IsDefault()
	switch {
	case p.DstPort == 500 && isakmp:
		e.box(f, "to IKE", x.ISAKMP)
	case p.DstPort == 4500 && isakmp && !e.plan.VPN.NATTraversal.IsDefault():
		e.box(f, "to IKE (NAT traversal)", x.ISAKMP, e.plan.VPN.NATTraversal)
	case p.DstPort == 161:
		for i := range e.plan.Box.SNMP {
			if h := &e.plan.Box.SNMP[i]; h.If == f.at && h.IP == p.Src && (h.Poll || !h.Trap) {
				e.emit(syslog.Box710002(p.Proto, src, dst))
				e.box(f, "to the SNMP agent", h.Line)
				return
			}
		}
		f.drop(e, "INPUT", whyBoxDenied, logs(syslog.Box710003(p.Proto, src, dst)))
	default:
		e.unserved(f, src, dst)
	}
}

// unserved is what nobody listens to: on an address that is also a PAT global it counts as a missing translation.
func (e *Engine) unserved(f *flight, src, dst syslog.End) {
	if e.isPAT(f.in.If, f.pkt.Dst) {
		f.drop(e, "INPUT", whyHairpin, logs(syslog.New(106011, e.wire(f))))
		e.resets(f)
		return
	}
	f.drop(e, "INPUT", whyBox, logs(syslog.Box710005(f.pkt.Proto, src, dst)))
	e.resets(f)
}

func (e *Engine) boxESP(f *flight) {
	p := &f.pkt
	var spi uint32
	name, at := "ESP", 0
	if p.Proto == ast.ProtoAH {
		name, at = "AH", 4
	}
	if len(p.Payload) >= at+4 {
		spi = binary.BigEndian.Uint32(p.Payload[at:])
	}
	for _, s := range e.sas {
		if s.in == f.in.If && s.spi == spi {
			e.box(f, "to the IPsec engine")
			return
		}
	}
	f.drop(e, "VPN", whySPI, logs(syslog.New(402101, p.Dst, name, fmt.Sprintf("0x%x(%d)", spi, spi))))
}
