package kernel

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
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

	attrInDev   = 4
	attrOutDev  = 5
	attrPayload = 9
	attrPrefix  = 10

	logCopy = 128 // octets of a packet: headers suffice
)

// logged is one packet that a rule sent to the log group.
type logged struct {
	prefix string
	indev  int
	packet runtime.Packet
}

// openLog binds the log group in the namespace.
func (s *space) openLog() (*netlink.Conn, error) {
	c, err := s.dial()
	if err != nil {
		return nil, err
	}
	config := func(attrs ...netlink.Attribute) error {
		data, err := netlink.MarshalAttributes(attrs)
		if err != nil {
			return err
		}
		_, err = c.Execute(netlink.Message{Header: netlink.Header{Type: logConfig, Flags: netlink.Request | netlink.Acknowledge},
			Data: append([]byte{unix.AF_INET, unix.NFNETLINK_V0, 0, nft.LogGroup}, data...)})
		return err
	}
	mode := append(binary.BigEndian.AppendUint32(nil, logCopy), 2, 0)
	err = errors.Join(
		c.SetReadBuffer(4<<20),
		config(netlink.Attribute{Type: cfgCommand, Data: []byte{1}}),
		config(netlink.Attribute{Type: cfgMode, Data: mode},
			// Without it a packet waits up to a second for a hundred others.
			netlink.Attribute{Type: cfgThreshold, Data: binary.BigEndian.AppendUint32(nil, 1)}))
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// readLog hands every packet to fn until the connection is closed. Packets that come faster than they are read are lost,
// and counted by lost.
func readLog(c *netlink.Conn, fn func(logged), lost func()) {
	for failures := 0; failures < 100; {
		msgs, err := c.Receive()
		switch {
		case errors.Is(err, os.ErrClosed), errors.Is(err, unix.EBADF):
			return
		case err != nil: // ENOBUFS, or a message that cannot be read; in a row they would never end
			lost()
			failures++
			continue
		}
		failures = 0
		for _, m := range msgs {
			if m.Header.Type != logPacket || len(m.Data) < 4 {
				continue
			}
			if l, ok := parseLogged(m.Data[4:]); ok {
				fn(l)
			}
		}
	}
}

func parseLogged(b []byte) (logged, bool) {
	var l logged
	attrs, err := netlink.UnmarshalAttributes(b)
	if err != nil {
		return l, false
	}
	ok := false
	for _, a := range attrs {
		switch a.Type {
		case attrInDev:
			if len(a.Data) == 4 {
				l.indev = int(binary.BigEndian.Uint32(a.Data))
			}
		case attrPrefix:
			l.prefix = strings.TrimRight(string(a.Data), "\x00")
		case attrPayload:
			l.packet, ok = parseIPv4(a.Data)
		}
	}
	return l, ok
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
	p.TTL, p.Proto = b[8], b[9]
	p.Src, p.Dst = ast.IP(binary.BigEndian.Uint32(b[12:])), ast.IP(binary.BigEndian.Uint32(b[16:]))
	t := b[n:]
	switch {
	case p.HasPorts() && len(t) >= 4:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		if p.Proto == ast.ProtoTCP && len(t) >= 14 {
			p.Flags = runtime.TCPFlags(t[13] & 63)
			p.Seq = binary.BigEndian.Uint32(t[4:])
		}
	case p.Proto == ast.ProtoICMP && len(t) >= 2:
		p.ICMPType, p.ICMPCode = t[0], t[1]
		if len(t) >= 6 {
			p.ICMPID = binary.BigEndian.Uint16(t[4:])
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
