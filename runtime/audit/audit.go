// Package audit is what `ip audit` finds in packets (semantics.md 1.7 and section 8): signatures that the headers of a single packet show,
// and what the policies of an interface have done about them. It looks, and leaves it to the engines to drop and reset.
package audit

import (
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A Signature is one intrusion that a single packet shows. What the words after the number are on a PIX is unconfirmed.
type Signature struct {
	ID     int
	Attack bool // else info
	Text   string
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

// signatures are those that are looked for, in the order in which they are told of.
var signatures = [...]Signature{
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
		return p.Proto == ast.ProtoICMP && p.Fragment && !p.More && end(p) > 65535
	}},
	{3040, true, "TCP NULL flags", tcpFlags(handshakeFlags, 0)},
	{3041, true, "TCP SYN+FIN flags", tcpFlags(runtime.SYN|runtime.FIN, runtime.SYN|runtime.FIN)},
	{3042, true, "TCP FIN only flags", func(p *runtime.Packet) bool { return p.DstPort < 1024 && tcpFlags(handshakeFlags, runtime.FIN)(p) }},
	{4050, true, "UDP Bomb", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && !p.Fragment && p.UDPLength != 0 && int(p.UDPLength) < runtime.HeaderSize(p.Proto)+p.Size()
	}},
	{4051, true, "UDP Snork", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && first(p) && p.DstPort == 135 && (p.SrcPort == 135 || p.SrcPort == 7 || p.SrcPort == 19)
	}},
	{4052, true, "UDP Chargen DoS", func(p *runtime.Packet) bool {
		return p.Proto == ast.ProtoUDP && first(p) && p.SrcPort == 7 && p.DstPort == 19
	}},
}

// Signatures are the signatures that are looked for.
func Signatures() []Signature { return slices.Clone(signatures[:]) }

// datagram is the length of a packet with its IP header.
func datagram(p *runtime.Packet) int { return 20 + runtime.HeaderSize(p.Proto) + p.Size() }

// end is where the datagram ends of which a packet is the last fragment, without its IP header.
func end(p *runtime.Packet) int {
	if p.FragOffset == 0 {
		return runtime.HeaderSize(p.Proto) + p.Size()
	}
	return p.FragOffset + p.Size()
}

// A Finding is what the policies of an interface do about a packet.
type Finding struct {
	Logs  []runtime.Message
	Drop  bool
	Cut   bool          // and its connection ends
	Reset bool          // and it is answered with a TCP reset
	Line  compiler.Line // of the first policy that drops it
}

// Look looks for signatures in a packet that has arrived on an interface. Each that it shows is told of where a policy says alarm.
func Look(plan *compiler.Plan, in int, p *runtime.Packet) (f Finding) {
	for i := range plan.Audit {
		a := &plan.Audit[i]
		if a.If != in {
			continue
		}
		for k := range signatures {
			s := &signatures[k]
			actions := a.Info
			if s.Attack {
				actions = a.Attack
			}
			if len(actions) == 0 || slices.Contains(plan.AuditDisabled, s.ID) || !s.seen(p) {
				continue
			}
			if id, ok := syslog.Signature(s.ID); ok && slices.Contains(actions, "alarm") {
				f.Logs = append(f.Logs, syslog.New(id, s.ID, s.Text, p.Src, p.Dst, plan.Interfaces[in].Name))
			}
			if !compiler.AuditHolds(actions) {
				continue
			}
			if !f.Drop {
				f.Drop, f.Line = true, a.Line
			}
			f.Cut = f.Cut || p.Proto == ast.ProtoTCP && first(p) && slices.Contains(actions, "reset")
		}
	}
	f.Reset = f.Cut && p.Flags&runtime.RST == 0
	return f
}

// Notes says which signatures of policies are not looked for.
func Notes(plan *compiler.Plan) (out ast.Diagnostics) {
	for i := range plan.Audit {
		l := plan.Audit[i].Line
		out = append(out, &ast.Diagnostic{Code: "W519", Kind: ast.Unsupported, Severity: ast.Info, File: plan.File, Pos: l.Pos, Source: l.Text(),
			Message: "signatures that take more than one header to see are not looked for: " + notLooked()})
	}
	return out
}

// notLooked are the signatures of the catalogue that take more than one header to see.
func notLooked() string {
	var out []string
	for id := 1000; id < 7000; id++ {
		if _, ok := syslog.Signature(id); ok && !slices.ContainsFunc(signatures[:], func(s Signature) bool { return s.ID == id }) {
			out = append(out, strconv.Itoa(id))
		}
	}
	return strings.Join(out, ", ")
}
