package kernel

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// The messages and attributes of nfnetlink_log.
const (
	logPacket = unix.NFNL_SUBSYS_ULOG << 8
	logConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1

	cfgCommand   = 1 // {bind=1}
	cfgMode      = 2 // {range, copy packet=2}
	cfgBuffer    = 3
	cfgThreshold = 5
	cfgFlags     = 6
	flagSequence = 1

	attrMark    = 2
	attrInDev   = 4
	attrOutDev  = 5
	attrPayload = 9
	attrPrefix  = 10
	attrSeq     = 12

	logCopy   = 128 // octets of a packet: headers suffice
	logBuffer = 4 << 20
)

// logged is one packet that a rule sent to the log group.
type logged struct {
	prefix string
	indev  int
	mark   uint32
	packet runtime.Packet
	number uint32 // in the order of the kernel, which counts those that are lost too
}

// onWire is a packet with the destination that it had when it arrived, where a translation has changed it before it was logged, or queued
// with these bits of its mark. live is the address of a host on the interface where the packet arrived, where no static and no alias gives it one: by
// is the map of translations that has, None: it is not known, onlyAnswers: none has.
func onWire(plan *compiler.Plan, in int, mark uint32, p runtime.Packet, live func(in, by int, p *runtime.Packet) (ast.IP, bool)) runtime.Packet {
	kind := mark & nft.MarkMask
	switch {
	case kind != 0 && kind != nft.MarkConduit:
		return p
	case mark&^nft.MarkMask == 0: // only conntrack may have translated it, as an answer
		if ip, ok := live(in, onlyAnswers, &p); ok {
			p.Dst = ip
		}
		return p
	}
	for i := nft.TranslatedBy(mark); i >= 0 && i < len(plan.NAT.Statics); i++ {
		s := &plan.NAT.Statics[i]
		switch {
		case s.MappedIf != in || !s.RealNet().Contains(p.Dst) || s.Proto != 0 && (s.Proto != p.Proto || s.RealPt != p.DstPort):
			continue
		case s.Proto != 0:
			p.DstPort = s.MappedPort
		}
		p.Dst = s.ToMapped(p.Dst)
		return p
	}
	i := nft.TranslatedBy(mark) - len(plan.NAT.Statics)
	if i >= 0 && i < len(plan.NAT.Aliases) {
		a := &plan.NAT.Aliases[i]
		p.Dst = a.ToDNAT(p.Dst)
	} else if ip, ok := live(in, max(i-len(plan.NAT.Aliases), compiler.None), &p); ok {
		p.Dst = ip
	}
	return p
}

// openLog binds the log group in the namespace.
func (s *space) openLog() (*socket, error) {
	c, err := s.openSocket(0, logBuffer)
	if err != nil {
		return nil, err
	}
	begun := func() []byte {
		return begin(nil, logConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_INET, nft.LogGroup)
	}
	be32 := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	mode := attribute(begun(), cfgMode, append(be32(logCopy), 2, 0))
	mode = attribute(mode, cfgThreshold, be32(1)) // without it a packet waits up to a second for a hundred others
	mode = attribute(mode, cfgFlags, []byte{0, flagSequence})
	err = c.request(end(attribute(begun(), cfgCommand, []byte{1}), 0))
	if err == nil {
		err = c.request(end(mode, 0))
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// readLog hands every packet to fn until the connection is closed. Packets that come faster than they are read are lost,
// which lost is told of with the next one that comes.
func readLog(c *socket, fn func(logged), lost func(n uint64)) {
	buf := make([]byte, 64<<10)
	next, begun := uint32(0), false
	for failures := 0; failures < 100; {
		n, err := c.receive(buf, true)
		switch {
		case errors.Is(err, os.ErrClosed), errors.Is(err, unix.EBADF):
			return
		case err != nil: // ENOBUFS, or a message that cannot be read; in a row they would never end
			failures++
			continue
		}
		failures = 0
		messages(buf[:n], func(typ uint16, data []byte) {
			if typ != logPacket || len(data) < 4 {
				return
			}
			l, ok := parseLogged(data[4:])
			if n := l.number - next; begun && n != 0 && n < 1<<31 {
				lost(uint64(n))
			}
			next, begun = l.number+1, true
			if ok {
				fn(l)
			}
		})
	}
}

func parseLogged(b []byte) (logged, bool) {
	var l logged
	ok := false
	attributes(b, func(typ uint16, data []byte) {
		switch typ {
		case attrInDev:
			if len(data) == 4 {
				l.indev = int(binary.BigEndian.Uint32(data))
			}
		case attrMark:
			l.mark = be32(data)
		case attrSeq:
			l.number = be32(data)
		case attrPrefix:
			l.prefix = strings.TrimRight(string(data), "\x00")
		case attrPayload:
			l.packet, ok = parseIPv4(data)
		}
	})
	return l, ok
}

// quotes reports whether an ICMP message of a type says which packet it is about.
func quotes(icmp uint8) bool {
	switch icmp {
	case 3, 4, 5, 11, 12:
		return true
	}
	return false
}

// parseIPv4 reads the headers of a packet.
func parseIPv4(b []byte) (runtime.Packet, bool) {
	var p runtime.Packet
	if len(b) < 20 || b[0]>>4 != 4 {
		return p, false
	}
	n := int(b[0]&15) * 4
	if n < 20 || len(b) < n {
		return p, false
	}
	p.Option = runtime.OptionOf(b[20:n])
	p.ID, p.TTL, p.Proto = binary.BigEndian.Uint16(b[4:]), b[8], b[9]
	p.Src, p.Dst = ast.IP(binary.BigEndian.Uint32(b[12:])), ast.IP(binary.BigEndian.Uint32(b[16:]))
	frag := binary.BigEndian.Uint16(b[6:])
	p.More, p.FragOffset = frag&0x2000 != 0, int(frag&0x1fff)*8
	p.Fragment = p.More || p.FragOffset > 0
	if p.FragOffset > 0 {
		p.Length = max(int(binary.BigEndian.Uint16(b[2:]))-n, 0)
		return p, true
	}
	t := b[n:]
	switch {
	case p.HasPorts() && len(t) >= 4:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		if p.Proto == ast.ProtoUDP && len(t) >= 6 {
			p.UDPLength = binary.BigEndian.Uint16(t[4:])
		}
		if p.Proto == ast.ProtoTCP && len(t) >= 14 {
			p.Flags = runtime.TCPFlags(t[13] & 63)
			p.Seq = binary.BigEndian.Uint32(t[4:])
		}
	case p.Proto == ast.ProtoICMP && len(t) >= 2:
		p.ICMPType, p.ICMPCode = t[0], t[1]
		if len(t) >= 6 {
			p.ICMPID = binary.BigEndian.Uint16(t[4:])
		}
		if quotes(p.ICMPType) && len(t) > 8 {
			if q, ok := parseIPv4(t[8:]); ok && q.About == nil {
				p.About = &q
			}
		}
	}
	header := 8 // of UDP, and of the ICMP messages with an id
	if p.Proto == ast.ProtoTCP && len(t) >= 14 {
		header = int(t[12]>>4) * 4
	} else if p.Proto != ast.ProtoUDP && p.Proto != ast.ProtoICMP {
		header = 0
	}
	p.Length = max(int(binary.BigEndian.Uint16(b[2:]))-n-header, 0)
	return p, true
}
