package lab

import (
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

// A flowKey is a flow without its interface, as the kernel names it.
type flowKey struct {
	proto        uint8
	src, dst     ast.IP
	sport, dport uint16
	id           uint16 // of ICMP
}

func flowOf(p *runtime.Packet) flowKey {
	k := flowKey{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort, 0}
	if p.Proto == ast.ProtoICMP {
		k.id = p.ICMPID
	}
	return k
}

// judge adds what the engine was told.
func (p *Probe) judge(flights []flight, byTag map[uint16]*flight, seen []kernel.Observation) {
	byFlow := map[flowKey]*flight{}
	for i := range flights {
		k := flowOf(&flights[i].sent)
		if f := flights[i].frag; f != nil {
			k.sport, k.dport = f.sport, f.dport
		}
		if byFlow[k] == nil || flights[i].heard && !byFlow[k].heard {
			byFlow[k] = &flights[i]
		}
	}
	for i := range seen {
		o := &seen[i]
		f := byTag[o.Packet.ID]
		if o.Reason == kernel.Connection {
			if f = byFlow[flowOf(&o.Packet)]; f == nil {
				f = byFlow[flowOf(&o.Back)] // an answer has ended it
			}
		}
		if o.Reason == kernel.Beside && len(flights) == 1 {
			flights[0].besides(o.Messages)
			continue
		}
		if f == nil || f.sent.Proto != o.Packet.Proto {
			continue
		}
		f.v.Logs = append(f.v.Logs, o.Messages...)
		note := "the kernel logs " + o.Reason
		switch {
		case o.Reason == boxReason:
			f.boxed = &o.Packet
			note = "let in to the firewall itself"
		case o.Reason == kernel.Queued:
			note = "waits for its translation"
		case o.Reason == kernel.Connection:
			note = "connection"
		case o.Reason == kernel.Fragment:
			note = "fragment"
		case o.Reason == kernel.Signature:
			note = "a signature"
		case o.Reason == kernel.Payload:
			note = "inspected"
		default:
			f.v.Reason = o.Reason
		}
		f.v.Phases = append(f.v.Phases, runtime.Phase{Type: "NFTABLES", Result: "ALLOW", Note: note})
	}
	for i := range flights {
		f := &flights[i]
		switch {
		case f.heard, f.v.Action == runtime.SynProxy:
			f.v.Reason = ""
			continue
		case f.boxed != nil && (f.boxed.Dst != f.sent.Dst || f.boxed.DstPort != f.sent.DstPort && (f.frag == nil || f.boxed.DstPort != f.frag.dport)):
			f.v.Action = runtime.Auth
		case f.boxed != nil && !f.refused:
			f.v.Action = runtime.Box
		case f.frag != nil && f.v.Reason == "" && !f.frag.whole() && !slices.ContainsFunc(f.v.Logs, func(m runtime.Message) bool { return m.ID/1000 != 400 }):
			f.v.Action = runtime.Held
		default:
			if f.frag != nil && (f.v.Reason != "" || len(f.v.Logs) > 0) {
				f.frag.refuse(&f.sent)
			}
			f.v.Action = runtime.Drop
			if f.v.Reason == "" {
				f.v.Reason = "nothing comes out, and nothing is logged"
			}
			f.v.Phases = append(f.v.Phases, runtime.Phase{Type: "NFTABLES", Result: "DROP", Note: strings.TrimSpace(f.v.Reason)})
			continue
		}
		f.v.Reason = ""
	}
}

// besides adds what was said beside the engine. A packet that IPsec has refused does not count as one that is for the box.
func (f *flight) besides(said []runtime.Message) {
	f.v.Logs = append(f.v.Logs, said...)
	f.refused = f.refused || slices.ContainsFunc(said, func(m runtime.Message) bool { return m.ID/1000 == 402 })
	f.v.Phases = append(f.v.Phases, runtime.Phase{Type: "VPN", Result: "ALLOW", Note: "IKE and IPsec"})
}

// learn remembers the numbers of a connection whose packet has passed.
func (p *Probe) learn(f *flight) {
	s := &f.sent
	if f.v.Action != runtime.Forward && f.v.Action != runtime.Encrypt || s.Proto != ast.ProtoTCP || s.FragOffset > 0 {
		return
	}
	if f.self == nil {
		if s.Flags&(runtime.SYN|runtime.ACK) != runtime.SYN || len(p.talks) > 1<<20 {
			return
		}
		f.self = &side{first: s.Seq}
		f.self.other = &side{first: responderISN, other: f.self}
		o := &f.v.Out
		p.talks[f.talk] = f.self
		p.talks[wireKey{f.v.Egress, o.Dst, o.Src, o.DstPort, o.SrcPort}] = f.self.other
	}
	n := uint32(s.Size())
	if s.Flags&(runtime.SYN|runtime.FIN) != 0 {
		n++
	}
	if end := s.Seq + n - f.self.first; int32(end-f.self.sent) > 0 {
		f.self.sent = end
	}
}
