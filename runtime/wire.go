package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"

	"pixfw/ast"
)

// What is wrong with octets that are no packet. Errors of ParsePacket wrap one of these.
var (
	ErrTruncated = errors.New("packet is cut short")
	ErrHeader    = errors.New("bad header")
	ErrChecksum  = errors.New("wrong header checksum")
	ErrTooLong   = errors.New("packet is longer than 65535 octets")
)

const (
	ipHeader   = 20
	tcpHeader  = 20
	portHeader = 8 // UDP and ICMP; and what an ICMP error quotes of a transport at least
	mostOctets = 65535
)

// ParsePacket reads one IPv4 packet from octets of a wire, with whatever a link has padded it with. Of IP options, only which is
// kept; of TCP flags, those of [TCPFlags]. The header's checksum must be right. Those of transports are not looked at: packets
// that were caught before a network card has seen them have none yet. Payload and TCPOptions share memory with b.
func ParsePacket(b []byte) (Packet, error) {
	p, body, err := parseIP(b, true)
	if err != nil {
		return Packet{}, err
	}
	if p.FragOffset > 0 {
		p.Payload = body
		return p, nil
	}
	switch p.Proto {
	case ast.ProtoTCP:
		err = p.parseTCP(body)
	case ast.ProtoUDP:
		err = p.parseUDP(body)
	case ast.ProtoICMP:
		err = p.parseICMP(body)
	default:
		p.Payload = body
	}
	if err != nil {
		return Packet{}, err
	}
	return p, nil
}

// parseIP reads the IP header. whole: all of the packet must be there, else only its beginning is.
func parseIP(b []byte, whole bool) (p Packet, body []byte, err error) {
	if len(b) < ipHeader {
		return p, nil, fmt.Errorf("%w: %d octets of an IP header", ErrTruncated, len(b))
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0]>>4 != 4:
		return p, nil, fmt.Errorf("%w: IP version %d", ErrHeader, b[0]>>4)
	case head < ipHeader || head > total:
		return p, nil, fmt.Errorf("%w: header of %d octets, packet of %d", ErrHeader, head, total)
	case head > len(b) || whole && total > len(b):
		return p, nil, fmt.Errorf("%w: %d of %d octets", ErrTruncated, len(b), total)
	case whole && sum(0, b[:head]) != 0:
		return p, nil, ErrChecksum
	}
	if p.Option, err = parseOptions(b[ipHeader:head]); err != nil {
		return p, nil, err
	}
	frag := binary.BigEndian.Uint16(b[6:])
	p.ID = binary.BigEndian.Uint16(b[4:])
	p.More, p.FragOffset = frag&0x2000 != 0, int(frag&0x1fff)*8
	p.Fragment = p.More || p.FragOffset > 0
	p.TTL, p.Proto = b[8], b[9]
	p.Src, p.Dst = ast.IP(binary.BigEndian.Uint32(b[12:])), ast.IP(binary.BigEndian.Uint32(b[16:]))
	if whole && p.More && (total-head)%8 != 0 {
		return p, nil, fmt.Errorf("%w: fragment of %d octets with more to come", ErrHeader, total-head)
	}
	p.Length = total - head
	body = b[head:min(total, len(b))]
	if whole {
		p.Length = 0
	}
	return p, body, nil
}

// OptionOf names the first IP option that is more than padding. What cannot be read is OtherOption.
func OptionOf(b []byte) IPOption {
	o, err := parseOptions(b)
	if err != nil {
		return OtherOption
	}
	return o
}

// parseOptions names the first IP option that is more than padding.
func parseOptions(b []byte) (IPOption, error) {
	found := NoOption
	for i := 0; i < len(b) && b[i] != 0; {
		if b[i] == 1 { // no operation
			i++
			continue
		}
		if i+1 >= len(b) || b[i+1] < 2 || i+int(b[i+1]) > len(b) {
			return found, fmt.Errorf("%w: IP option %d runs over the header", ErrHeader, b[i])
		}
		if found == NoOption {
			switch b[i] {
			case 7:
				found = RecordRoute
			case 131, 137:
				found = SourceRoute
			case 68:
				found = Timestamp
			case 148:
				found = RouterAlert
			default:
				found = OtherOption
			}
		}
		i += int(b[i+1])
	}
	return found, nil
}

func (p *Packet) parseTCP(b []byte) error {
	if len(b) < tcpHeader {
		return fmt.Errorf("%w: %d octets of a TCP header", ErrTruncated, len(b))
	}
	head := int(b[12]>>4) * 4
	if head < tcpHeader || head > len(b) {
		return fmt.Errorf("%w: TCP header of %d octets in a segment of %d", ErrHeader, head, len(b))
	}
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	p.Seq, p.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	p.Flags, p.Window = TCPFlags(b[13]&0x3f), binary.BigEndian.Uint16(b[14:])
	if p.Fragment {
		p.Sum = binary.BigEndian.Uint16(b[16:])
	}
	if head > tcpHeader {
		p.TCPOptions = b[tcpHeader:head:head]
	}
	p.Payload = b[head:]
	return nil
}

func (p *Packet) parseUDP(b []byte) error {
	if len(b) < portHeader {
		return fmt.Errorf("%w: %d octets of a UDP header", ErrTruncated, len(b))
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < portHeader || n > len(b) && !p.Fragment {
		return fmt.Errorf("%w: UDP length %d of %d", ErrHeader, n, len(b))
	}
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if p.Fragment {
		p.UDPLength, p.Sum = uint16(n), binary.BigEndian.Uint16(b[6:])
		n = len(b)
	}
	p.Payload = b[portHeader:n]
	return nil
}

// icmpQuotes reports whether ICMP of a type quotes the packet that it is about.
func icmpQuotes(kind uint8) bool {
	return kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12
}

func (p *Packet) parseICMP(b []byte) error {
	if len(b) < portHeader {
		return fmt.Errorf("%w: %d octets of an ICMP header", ErrTruncated, len(b))
	}
	p.ICMPType, p.ICMPCode = b[0], b[1]
	p.ICMPID, p.Seq = binary.BigEndian.Uint16(b[4:]), uint32(binary.BigEndian.Uint16(b[6:]))
	if p.Fragment {
		p.Sum = binary.BigEndian.Uint16(b[2:])
	}
	p.Payload = b[portHeader:]
	if icmpQuotes(p.ICMPType) && !p.Fragment {
		if about, err := parseQuoted(p.Payload); err == nil {
			p.About, p.Payload = &about, nil
		}
	}
	return nil
}

// parseQuoted reads the packet inside an ICMP error: its header and eight octets more, of which Length says how many there were.
func parseQuoted(b []byte) (Packet, error) {
	p, body, err := parseIP(b, false)
	if err != nil {
		return Packet{}, err
	}
	size := 0
	if p.FragOffset == 0 {
		if len(body) < portHeader && p.Proto <= ast.ProtoUDP {
			return Packet{}, ErrTruncated
		}
		switch p.Proto {
		case ast.ProtoTCP:
			size = tcpHeader
			p.Seq = binary.BigEndian.Uint32(body[4:])
		case ast.ProtoUDP:
			size = portHeader
		case ast.ProtoICMP:
			size = portHeader
			p.ICMPType, p.ICMPCode = body[0], body[1]
			p.ICMPID, p.Seq = binary.BigEndian.Uint16(body[4:]), uint32(binary.BigEndian.Uint16(body[6:]))
		}
		if p.HasPorts() {
			p.SrcPort, p.DstPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
		}
	}
	if size == 0 {
		p.Payload = body[:min(len(body), portHeader)]
	}
	p.Length = max(p.Length-size, 0)
	return p, nil
}

// Marshal is the packet as octets of a wire, with all checksums.
func (p *Packet) Marshal() ([]byte, error) { return p.Append(nil) }

// Append appends the packet to dst as Marshal writes it. A payload shorter than Length is filled up with zeros; a TTL of 0
// becomes 64. Of a fragment whose beginning it is, Sum and UDPLength are taken as they stand, and a UDPLength that is not 0 of others.
func (p *Packet) Append(dst []byte) ([]byte, error) {
	at := len(dst)
	dst = p.appendIP(dst)
	body := len(dst)
	n := p.Size()
	if n > mostOctets {
		return dst[:at], ErrTooLong
	}
	field := -1 // of the checksum, from body
	switch {
	case p.FragOffset > 0:
	case p.Proto == ast.ProtoTCP:
		options := (min(len(p.TCPOptions), 40) + 3) &^ 3
		dst = binary.BigEndian.AppendUint16(dst, p.SrcPort)
		dst = binary.BigEndian.AppendUint16(dst, p.DstPort)
		dst = binary.BigEndian.AppendUint32(dst, p.Seq)
		dst = binary.BigEndian.AppendUint32(dst, p.Ack)
		dst = append(dst, byte((tcpHeader+options)/4)<<4, byte(p.Flags&0x3f))
		dst = binary.BigEndian.AppendUint16(dst, p.Window)
		dst = append(dst, 0, 0, 0, 0)
		dst = append(dst, p.TCPOptions[:min(len(p.TCPOptions), 40)]...)
		dst = append(dst, make([]byte, body+tcpHeader+options-len(dst))...)
		field = 16
	case p.Proto == ast.ProtoUDP:
		size := uint16(portHeader + n)
		if p.Fragment || p.UDPLength != 0 {
			size = p.UDPLength
		}
		dst = binary.BigEndian.AppendUint16(dst, p.SrcPort)
		dst = binary.BigEndian.AppendUint16(dst, p.DstPort)
		dst = binary.BigEndian.AppendUint16(dst, size)
		dst = append(dst, 0, 0)
		field = 6
	case p.Proto == ast.ProtoICMP:
		dst = append(dst, p.ICMPType, p.ICMPCode, 0, 0)
		dst = binary.BigEndian.AppendUint16(dst, p.ICMPID)
		dst = binary.BigEndian.AppendUint16(dst, uint16(p.Seq))
		if p.About != nil {
			dst = p.About.appendQuoted(dst)
			n = 0
		}
		field = 2
	}
	if p.About == nil || p.Proto != ast.ProtoICMP || p.FragOffset > 0 {
		dst = append(dst, p.Payload...)
		dst = append(dst, make([]byte, max(n-len(p.Payload), 0))...)
	}
	if len(dst)-at > mostOctets {
		return dst[:at], ErrTooLong
	}
	switch b := dst[body:]; {
	case field < 0:
	case p.Fragment:
		binary.BigEndian.PutUint16(b[field:], p.Sum)
	default:
		var start uint32
		if p.HasPorts() {
			start = pseudo(p, len(b))
		}
		s := sum(start, b)
		if s == 0 && p.Proto == ast.ProtoUDP {
			s = 0xffff // 0 says that there is none
		}
		binary.BigEndian.PutUint16(b[field:], s)
	}
	finishIP(dst[at:], len(dst)-at)
	return dst, nil
}

// appendIP appends the IP header, whose length and checksum finishIP fills in.
func (p *Packet) appendIP(dst []byte) []byte {
	var option []byte
	switch p.Option {
	case RecordRoute:
		option = []byte{7, 7, 4, 0, 0, 0, 0, 0}
	case SourceRoute:
		option = []byte{131, 7, 4, 0, 0, 0, 0, 0}
	case Timestamp:
		option = []byte{68, 8, 5, 0, 0, 0, 0, 0}
	case RouterAlert:
		option = []byte{148, 4, 0, 0}
	case OtherOption:
		option = []byte{130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // security
	}
	frag := uint16(p.FragOffset/8) & 0x1fff
	if p.More {
		frag |= 0x2000
	}
	ttl := p.TTL
	if ttl == 0 {
		ttl = 64
	}
	dst = append(dst, byte(4<<4|(ipHeader+len(option))/4), 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, p.ID)
	dst = binary.BigEndian.AppendUint16(dst, frag)
	dst = append(dst, ttl, p.Proto, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.Src))
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.Dst))
	return append(dst, option...)
}

func finishIP(b []byte, total int) {
	binary.BigEndian.PutUint16(b[2:], uint16(total))
	binary.BigEndian.PutUint16(b[10:], sum(0, b[:int(b[0]&15)*4]))
}

// appendQuoted appends the packet as an ICMP error quotes it.
func (p *Packet) appendQuoted(dst []byte) []byte {
	at := len(dst)
	dst = p.appendIP(dst)
	head, n, body := len(dst)-at, max(p.Length, len(p.Payload)), len(dst)
	total := head + n
	quoted := p.FragOffset == 0
	switch {
	case quoted && p.HasPorts():
		dst = binary.BigEndian.AppendUint16(dst, p.SrcPort)
		dst = binary.BigEndian.AppendUint16(dst, p.DstPort)
		if p.Proto == ast.ProtoTCP {
			dst = binary.BigEndian.AppendUint32(dst, p.Seq)
			total += tcpHeader
		} else {
			total += portHeader
			dst = binary.BigEndian.AppendUint16(dst, uint16(min(portHeader+n, mostOctets-head)))
			dst = append(dst, 0, 0)
		}
	case quoted && p.Proto == ast.ProtoICMP:
		total += portHeader
		dst = append(dst, p.ICMPType, p.ICMPCode, 0, 0)
		dst = binary.BigEndian.AppendUint16(dst, p.ICMPID)
		dst = binary.BigEndian.AppendUint16(dst, uint16(p.Seq))
		binary.BigEndian.PutUint16(dst[body+2:], sum(0, dst[body:]))
	default:
		dst = append(dst, p.Payload[:min(len(p.Payload), portHeader)]...)
	}
	finishIP(dst[at:], min(total, mostOctets))
	return dst
}

func pseudo(p *Packet, size int) uint32 {
	return uint32(p.Src>>16) + uint32(p.Src&0xffff) + uint32(p.Dst>>16) + uint32(p.Dst&0xffff) + uint32(p.Proto) + uint32(size)
}

// sum is the Internet checksum of b; over octets that contain their checksum it is 0.
func sum(start uint32, b []byte) uint16 {
	s := uint64(start)
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) > 0 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
