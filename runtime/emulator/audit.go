package emulator

import (
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A signature is one intrusion that a single packet shows (semantics.md 1.7 and section 8, commands-firewall.md 5.1 ip audit). What
// the words after the number are on a PIX is unconfirmed.
type signature struct {
	id     int
	attack bool // else info
	text   string
	seen   func(p *runtime.Packet) bool
}

func icmpType(t uint8) func(*runtime.Packet) bool {
	return func(p *runtime.Packet) bool { return p.Proto == ast.ProtoICMP && p.ICMPType == t && first(p) }
}

func option(o runtime.IPOption) func(*runtime.Packet) bool {
	return func(p *runtime.Packet) bool { return p.Option == o }
}

// first reports whether a packet has a transport header: it is whole, or the first fragment.
func first(p *runtime.Packet) bool { return !p.Fragment || p.FragOffset == 0 }

func tcpFlags(mask, want runtime.TCPFlags) func(*runtime.Packet) bool {
	return func(p *runtime.Packet) bool { return p.Proto == ast.ProtoTCP && first(p) && p.Flags&mask == want }
}

const handshakeFlags = runtime.SYN | runtime.FIN | runtime.ACK | runtime.RST

var signatures = []signature{
	{1001, false, "IP options-Record Packet Route", option(runtime.RecordRoute)},
	{1002, false, "IP options-Timestamp", option(runtime.Timestamp)},
	{1004, false, "IP options-Loose Source Route", option(runtime.SourceRoute)},
	{1100, true, "IP Fragment Attack", func(p *runtime.Packet) bool { return p.Fragment && p.FragOffset > 0 && p.FragOffset < 5*8 }},
	{1102, true, "IP Impossible Packet", func(p *runtime.Packet) bool { return p.Src == p.Dst }},
	{2000, false, "ICMP Echo Reply", icmpType(0)},
	{2001, false, "ICMP Host Unreachable", icmpType(3)},
	{2002, false, "ICMP Source Quench", icmpType(4)},
	{2003, false, "ICMP Redirect", icmpType(5)},
	{2004, false, "ICMP Echo Request", icmpType(8)},
	{2005, false, "ICMP Time Exceeded for a Datagram", icmpType(11)},
	{2006, false, "ICMP Parameter Problem on Datagram", icmpType(12)},
	{2007, false, "ICMP Timestamp Request", icmpType(13)},
	{2008, false, "ICMP Timestamp Reply", icmpType(14)},
	{2009, false, "ICMP Information Request", icmpType(15)},
	{2010, false, "ICMP Information Reply", icmpType(16)},
	{2011, false, "ICMP Address Mask Request", icmpType(17)},
	{2012, false, "ICMP Address Mask Reply", icmpType(18)},
	{2150, true, "Fragmented ICMP Traffic", func(p *runtime.Packet) bool { return p.Proto == ast.ProtoICMP && p.Fragment }},
	{2151, true, "Large ICMP Traffic", func(p *runtime.Packet) bool { return p.Proto == ast.ProtoICMP && datagram(p) > 1024 }},
	{2154, true, "Ping of Death Attack", func(p *runtime.Packet) bool {
		_, end := span(p)
		return p.Proto == ast.ProtoICMP && p.Fragment && !p.More && end > 65535
	}},
	{3040, true, "TCP NULL flags", tcpFlags(handshakeFlags, 0)},
	{3041, true, "TCP SYN+FIN flags", tcpFlags(runtime.SYN|runtime.FIN, runtime.SYN|runtime.FIN)},
	{3042, true, "TCP FIN only flags", func(p *runtime.Packet) bool { return p.DstPort < 1024 && tcpFlags(handshakeFlags, runtime.FIN)(p) }},
	{4050, true, "UDP Bomb", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && !p.Fragment && p.UDPLength != 0 && int(p.UDPLength) < header(p.Proto)+size(p)
	}},
	{4051, true, "UDP Snork", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && first(p) && p.DstPort == 135 && (p.SrcPort == 135 || p.SrcPort == 7 || p.SrcPort == 19)
	}},
	{4052, true, "UDP Chargen DoS", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && first(p) && p.SrcPort == 7 && p.DstPort == 19
	}},
}

// datagram is the length of a packet with its IP header.
func datagram(p *runtime.Packet) int { return 20 + header(p.Proto) + size(p) }

// notLooked are the signatures of the catalogue that take more than one header to see.
func notLooked() string {
	var out []string
	for id := 1000; id < 7000; id++ {
		if _, ok := syslog.Signature(id); ok && !slices.ContainsFunc(signatures, func(s signature) bool { return s.id == id }) {
			out = append(out, strconv.Itoa(id))
		}
	}
	return strings.Join(out, ", ")
}

// audit looks at every packet of an interface with a policy, before anything else does. Each signature that it shows is told of
// where the policy says alarm; drop ends it, and reset ends its connection as well.
func (e *Engine) audit(f *flight) bool {
	dropped := false
	for i := range e.plan.Audit {
		a := &e.plan.Audit[i]
		if a.If != f.in.If {
			continue
		}
		for k := range signatures {
			s := &signatures[k]
			actions := a.Info
			if s.attack {
				actions = a.Attack
			}
			if len(actions) == 0 || slices.Contains(e.plan.AuditDisabled, s.id) || !s.seen(&f.pkt) {
				continue
			}
			if id, ok := syslog.Signature(s.id); ok && slices.Contains(actions, "alarm") {
				e.emit(syslog.New(id, s.id, s.text, f.pkt.Src, f.pkt.Dst, e.ifName(f.in.If)))
			}
			reset := slices.Contains(actions, "reset")
			if !reset && !slices.Contains(actions, "drop") {
				continue
			}
			if !dropped {
				f.drop(e, "INPUT", whyAudit, nil, a.Line)
				dropped = true
			}
			if reset && f.pkt.Proto == ast.ProtoTCP && first(&f.pkt) {
				f.v.Reset = true
				if c, _ := e.lookup(f); c != nil {
					e.teardown(c, "Deny")
				}
			}
		}
	}
	return dropped
}

// auditNotes says which signatures of bound policies are not looked for.
func auditNotes(plan *compiler.Plan) (out ast.Diagnostics) {
	for i := range plan.Audit {
		l := plan.Audit[i].Line
		out = append(out, &ast.Diagnostic{Code: "W519", Kind: ast.Unsupported, Severity: ast.Info, File: plan.File, Pos: l.Pos, Source: l.Text(),
			Message: "signatures that take more than one header to see are not looked for: " + notLooked()})
	}
	return out
}
