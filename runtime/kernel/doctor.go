package kernel

import (
	"encoding/binary"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/dns"
	"pixfw/runtime/syslog"
)

// dnsAnswers is the queue of DNS answers. They are handed over whole, each packet by itself and with its checksum.
var dnsAnswers = queueKind{num: nft.DNSQueue, octets: mostHanded, packets: 1024, buffer: 8 << 20}

// doctored is a DNS answer with the addresses that its client is to see (semantics.md 3.4), as long as it was; nil where nothing changes.
// One with a name that breaks a limit is dropped where `fixup protocol dns` is on (section 7). The lines of the plan are looked through without the lock: an answer with thousands of addresses holds up nothing but answers.
func (d *dynamic) doctored(a *held) (packet []byte, drop bool) {
	d.mu.Lock()
	plan, in, out := d.plan, d.fragments.on(a.indev), d.fragments.on(a.outdev)
	d.mu.Unlock()
	if plan == nil || in == compiler.None || out == compiler.None {
		return nil, false
	}
	if m, bad := badName(plan, a.packet); bad {
		if d.observe != nil {
			p, _ := parseIPv4(a.packet)
			d.observe(Observation{If: in, Reason: "410001", Packet: p, Messages: []runtime.Message{m}})
		}
		d.emit([]runtime.Message{m})
		return nil, true
	}
	return rewritten(a.packet, func(ip ast.IP) (ast.IP, bool) {
		if to, _, ok := dns.Line(plan, in, out, ip); ok {
			return to, true
		}
		return d.liveAddress(in, out, ip)
	}), false
}

// badName is what a PIX says of a DNS message with a name that breaks a limit.
func badName(plan *compiler.Plan, packet []byte) (runtime.Message, bool) {
	msg, _ := dnsMessage(packet)
	if msg == nil || !slices.ContainsFunc(plan.Fixups, func(f compiler.Fixup) bool { return f.Protocol == "dns" }) {
		return runtime.Message{}, false
	}
	limit, actual := dns.BadName(msg)
	if limit == "" {
		return runtime.Message{}, false
	}
	return syslog.New(410001, limit, actual), true
}

// liveAddress is what an address becomes in an answer by a translation that lives, if its line has `dns`.
func (d *dynamic) liveAddress(in, out int, ip ast.IP) (ast.IP, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if x := d.xlates.byMapped[mappedKey{in, ip}]; x != nil && x.dns && x.key.realIf == out {
		return x.key.real, true
	}
	if x := d.xlates.byKey[xlateKey{realIf: in, mappedIf: out, real: ip, acl: compiler.None}]; x != nil && x.dns {
		return x.mapped, true
	}
	return 0, false
}

const udpHeader = 8

// dnsMessage is what an IPv4 packet has in UDP, and where its UDP header is; nil: it has none.
func dnsMessage(packet []byte) (msg []byte, at int) {
	if len(packet) < 20 || packet[9] != ast.ProtoUDP {
		return nil, 0
	}
	if at = int(packet[0]&15) * 4; at < 20 || len(packet) < at+udpHeader {
		return nil, 0
	}
	size := int(be16(packet[at+4:]))
	if size < udpHeader || at+size > len(packet) {
		return nil, 0
	}
	return packet[at+udpHeader : at+size], at
}

// rewritten is an IPv4 packet with a DNS message in UDP whose addresses have become others, with its checksum; nil where nothing changes,
// or the packet is no such.
func rewritten(packet []byte, become func(ast.IP) (ast.IP, bool)) []byte {
	is, at := dnsMessage(packet)
	msg := dns.Rewrite(is, become)
	if msg == nil {
		return nil
	}
	size := udpHeader + len(is)
	out := append([]byte(nil), packet...)
	udp := out[at : at+size]
	copy(udp[udpHeader:], msg)
	if be16(udp[6:]) == 0 {
		return out // sent without a checksum
	}
	udp[6], udp[7] = 0, 0
	s := ones(uint32(ast.ProtoUDP)+uint32(size), packet[12:20])
	s = ^ones(uint32(s), udp)
	if s == 0 {
		s = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(udp[6:], s)
	return out
}
