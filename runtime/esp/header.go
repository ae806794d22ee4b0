package esp

import (
	"encoding/binary"

	"pixfw/ast"
)

// Protocol numbers, ports and lengths.
const (
	ipHeader  = 20
	udpHeader = 8
	protoIPIP = 4
	protoESP  = 50
	protoAH   = 51
	protoNone = 59 // a dummy packet
	natPort   = 4500

	flagDF   = 0x4000
	flagMore = 0x2000
	offMask  = 0x1fff
)

// A Flow is what the selectors of the SPD look at in a packet.
type Flow struct {
	Src, Dst         ast.IP
	Proto            uint8
	SrcPort, DstPort uint16 // of TCP and UDP
	ICMPType         uint8
	Later            bool // a fragment without the beginning: ports are unknown, so any selector for ports fits
}

// parseFlow reads an IPv4 packet. total is its length as its header has it; false: it is no packet.
func parseFlow(b []byte) (f Flow, total int, ok bool) {
	if len(b) < ipHeader || b[0]>>4 != 4 {
		return f, 0, false
	}
	head := int(b[0]&15) * 4
	total = int(binary.BigEndian.Uint16(b[2:]))
	if head < ipHeader || head > total || total > len(b) {
		return f, 0, false
	}
	f.Src, f.Dst = ast.IP(binary.BigEndian.Uint32(b[12:])), ast.IP(binary.BigEndian.Uint32(b[16:]))
	f.Proto = b[9]
	body := b[head:total]
	switch {
	case binary.BigEndian.Uint16(b[6:])&offMask != 0:
		f.Later = true
	case f.Proto == ast.ProtoTCP || f.Proto == ast.ProtoUDP:
		if len(body) < 4 {
			return f, 0, false
		}
		f.SrcPort, f.DstPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	case f.Proto == ast.ProtoICMP:
		if len(body) < 1 {
			return f, 0, false
		}
		f.ICMPType = body[0]
	}
	return f, total, true
}

// checksum is the Internet checksum of b, which begins at an even offset, on top of sum.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// finishIP sets length and checksum of the IP header at the start of b.
func finishIP(b []byte, total int) {
	head := int(b[0]&15) * 4
	binary.BigEndian.PutUint16(b[2:], uint16(total))
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], checksum(0, b[:head]))
}

// putIP writes an IP header without options.
func putIP(b []byte, total int, tos, proto uint8, id, frag uint16, src, dst [4]byte) {
	b[0], b[1] = 0x45, tos
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], frag)
	b[8], b[9] = 64, proto
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	finishIP(b, total)
}

// sumTransport puts right the checksum of a TCP segment or UDP datagram, whose addresses a NAT has changed on the way of a
// transport mode packet (RFC 3948 3.1.2).
func sumTransport(b []byte) {
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	body := b[head:total]
	frag := binary.BigEndian.Uint16(b[6:])
	if frag&(offMask|flagMore) != 0 {
		return // a part of the datagram only
	}
	at := 16
	switch {
	case b[9] == ast.ProtoUDP && len(body) >= udpHeader:
		if at = 6; body[6] == 0 && body[7] == 0 {
			return
		}
	case b[9] == ast.ProtoTCP && len(body) >= ipHeader:
	default:
		return
	}
	body[at], body[at+1] = 0, 0
	pseudo := uint32(b[9]) + uint32(len(body))
	for i := 12; i < 20; i += 2 {
		pseudo += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum := checksum(pseudo, body)
	if sum == 0 && b[9] == ast.ProtoUDP {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(body[at:], sum)
}
