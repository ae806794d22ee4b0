package inspect

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// told is where the two sides of a signalling connection, by direction, have said that they wait for media.
type told struct {
	ip   [2]ast.IP
	port [2]uint16
}

// openMedia opens the door for RTP and RTCP of the side that speaks, to the other end of the signalling connection and to the host
// that this has named for its media. It is the port as the other side knows it.
func (l *Look) openMedia(port uint16) (seen uint16, ok bool) {
	t := &l.State.told
	t.ip[l.Dir], t.port[l.Dir] = l.Here.Src, port
	if seen, ok = l.open(Door{Dir: l.Dir, Proto: ast.ProtoUDP, Port: port, Pair: true}); ok {
		l.openFrom(l.Dir)
	}
	return seen, ok
}

// openFrom lets the host that the other side has named come to the door of a side, where it is another than the other side itself.
func (l *Look) openFrom(dir int) {
	other := l.There.Src
	if dir != l.Dir {
		other = l.Here.Src
	}
	if t := &l.State.told; t.port[dir] != 0 && t.ip[1-dir] != 0 && t.ip[1-dir] != other {
		l.open(Door{Dir: dir, Proto: ast.ProtoUDP, Port: t.port[dir], From: t.ip[1-dir], Pair: true})
	}
}

// hear notes a host that a side names for media which is not the side itself: nothing is opened to it, but it may come.
func (l *Look) hear(ip ast.IP) {
	t := &l.State.told
	t.ip[l.Dir], t.port[l.Dir] = ip, 0
	l.openFrom(1 - l.Dir)
}

// rtsp expects the streams that a client asks for, to the ports that it names. RTSP has no translation (semantics.md section 7), so a
// client behind PAT gets none.
func (l *Look) rtsp() {
	if l.Dir != 0 || !bytes.HasPrefix(l.Payload, []byte("SETUP ")) || l.PAT {
		return
	}
	_, rest, ok := bytes.Cut(l.Payload, []byte("client_port="))
	if !ok {
		return
	}
	port, ok := leadingPort(rest)
	if !ok {
		return
	}
	if _, ok := l.open(Door{Dir: 0, Proto: ast.ProtoUDP, Port: port, Pair: true}); ok {
		foreign, local := l.ends(port)
		l.say(314001, foreign, local)
		l.host.Note("rtsp: streams expected to port " + strconv.Itoa(int(port)))
	}
}

// mgcp opens the media that a gateway's session description speaks of. MGCP has no translation (semantics.md section 7).
func (l *Look) mgcp() {
	if l.Here.Src != l.There.Dst || l.Here.Dst != l.There.Src {
		return
	}
	doors := 0
	sdpMedia(l.Payload, func(ip ast.IP, port uint16, _, _ int) bool {
		if ip != l.Here.Src {
			l.hear(ip)
		} else if _, ok := l.openMedia(port); ok {
			l.host.Note("mgcp: media expected to port " + strconv.Itoa(int(port)))
		}
		doors++
		return doors < MostDoors
	})
}

// The Skinny messages that speak of media: from a telephone, where it waits; to it, where it is to send.
const (
	skinnyHead          = 12
	skinnyRegister      = 0x01
	skinnyChannelAck    = 0x22
	skinnyStartTransmit = 0x8a
)

// skinny reads the messages of a segment, which it takes to be whole.
func (l *Look) skinny() {
	data := l.Payload
	for at, doors := 0, 0; at+skinnyHead <= len(data) && doors < MostDoors; doors++ {
		n := 8 + int(binary.LittleEndian.Uint32(data[at:])&0xffff)
		if n < skinnyHead || at+n > len(data) {
			break
		}
		m := data[at : at+n]
		switch id := binary.LittleEndian.Uint32(m[8:]); {
		case id == skinnyRegister && n >= 40:
			l.skinnyAddress(m, 36, at)
		case id == skinnyChannelAck && n >= 24 && l.Dir == 0:
			l.skinnyOpen(m, at)
		case id == skinnyStartTransmit && n >= 28 && l.Dir == 1:
			l.hear(ast.IP(binary.BigEndian.Uint32(m[20:])))
			l.skinnyAddress(m, 20, at)
		}
		at += n
	}
}

// skinnyOpen is a telephone that says where it waits.
func (l *Look) skinnyOpen(m []byte, at int) {
	ip, port := ast.IP(binary.BigEndian.Uint32(m[16:])), uint16(binary.LittleEndian.Uint32(m[20:]))
	if ip != l.Here.Src || port == 0 {
		return
	}
	seen, ok := l.openMedia(port)
	if !ok {
		return
	}
	l.skinnyAddress(m, 16, at)
	if seen != port {
		l.put(at+20, binary.LittleEndian.AppendUint32(nil, uint32(seen)))
	}
	own := syslog.End{If: l.Here.If, IP: ip, Port: port}
	l.say(608001, "RTP", own, l.There.If, l.There.Src, "OpenReceiveChannelAck")
	l.host.Note("skinny: media expected to port " + strconv.Itoa(int(seen)))
}

func (l *Look) skinnyAddress(m []byte, field, at int) {
	ip := ast.IP(binary.BigEndian.Uint32(m[field:]))
	if to, _, ok := l.otherSide(ip, 0); ok && to != ip {
		l.put(at+field, binary.BigEndian.AppendUint32(nil, uint32(to)))
	}
}

// put has other octets leave in the place of as many.
func (l *Look) put(at int, b []byte) {
	if l.Out == nil {
		l.Out = bytes.Clone(l.Payload)
	}
	copy(l.Out[at:], b)
}

// h323 looks for the ends of the connection with a port behind them, as H.225, H.245 and RAS write transport addresses, and
// translates them. What the speaker names of itself in H.225 is where it waits for H.245, in H.245 for media. The messages are
// not decoded: octets that look like an address of the connection are taken for one.
func (l *Look) h323() {
	data := l.Payload
	for at, doors := 0, 0; at+6 <= len(data); at++ {
		ip, port := ast.IP(binary.BigEndian.Uint32(data[at:])), binary.BigEndian.Uint16(data[at+4:])
		to, seen, ok := l.otherSide(ip, port)
		if !ok {
			continue
		}
		if ip == l.Here.Src && port >= 1024 && port != l.Here.SrcPort && l.Kind != RAS && doors < MostDoors {
			doors++
			if n, ok := l.openH323(port); ok {
				seen = n
				l.host.Note("h323: expected to port " + strconv.Itoa(int(seen)))
			}
		}
		if to != ip || seen != port {
			l.put(at, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, uint32(to)), seen))
		}
		at += 5
	}
}

func (l *Look) openH323(port uint16) (seen uint16, ok bool) {
	foreign, local := l.ends(port)
	if l.Kind == H225 {
		if seen, ok = l.open(Door{Dir: l.Dir, Proto: ast.ProtoTCP, Port: port, Kind: H245}); ok {
			l.say(302003, foreign, local)
		}
		return seen, ok
	}
	even := port &^ 1
	if seen, ok = l.openMedia(even); ok {
		l.say(302004, foreign, local)
	}
	return seen + port - even, ok
}
