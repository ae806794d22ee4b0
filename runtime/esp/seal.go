package esp

import (
	"encoding/binary"
	"errors"

	"pixfw/runtime"
)

// headroom is how many octets a buffer must have before a packet that is sealed in place: IP, UDP, AH, ESP and the longest IV,
// rounded up. What a TUN device wants is in it.
const headroom = 96

// tailroom is the same behind it: padding, its length, the next header, ICV.
const tailroom = 16 + 2 + icvLen

var errRoom = errors.New("packet is too long for its buffer")

// numbers are the sequence numbers of a packet, taken in the order in which packets are sent.
type numbers struct{ esp, ah uint32 }

// number takes them. Not ok: the association is used up.
func (n *pair) number() (s numbers, ok bool) {
	ok = true
	if n.out != nil {
		s.esp, ok = n.out.send.next()
	}
	if ok && n.outAH != nil {
		s.ah, ok = n.outAH.send.next()
	}
	return s, ok
}

// seal protects the packet buf[at:at+size], an IPv4 packet of its full length, in place. It is then buf[from:to], with its outer
// header; id is that one's identification. There must be headroom before and tailroom behind it.
func (n *pair) seal(buf []byte, at, size int, s numbers, id uint16) (from, to int, err error) {
	if at < headroom || at+size+tailroom > len(buf) {
		return 0, 0, errRoom
	}
	e := n.at.Load()
	inner := buf[at : at+size]
	tos, frag := inner[1], binary.BigEndian.Uint16(inner[6:])&flagDF
	next, from, to := uint8(protoIPIP), at, at+size
	// In transport mode the header of the packet goes before that of ESP. It is kept here meanwhile.
	var header [60]byte
	head := 0
	if e.info.Mode == runtime.Transport {
		head = int(inner[0]&15) * 4
		copy(header[:], inner[:head])
		next, from = inner[9], at+head
	}
	if h := n.out; h != nil {
		if from, to, err = h.sealESP(buf, from, to, next, s.esp); err != nil {
			return 0, 0, err
		}
		next = protoESP
	}
	if e.info.Encap {
		from -= udpHeader
		binary.BigEndian.PutUint16(buf[from:], e.info.LocalPort)
		binary.BigEndian.PutUint16(buf[from+2:], e.info.PeerPort)
		binary.BigEndian.PutUint16(buf[from+4:], uint16(to-from))
		buf[from+6], buf[from+7] = 0, 0 // no checksum (RFC 3948 2.1)
		next = 17
	}
	if n.outAH != nil {
		from -= ahLen
		putAH(buf[from:], next, n.outAH.spi, s.ah)
		next = protoAH
	}
	if head > 0 {
		from -= head
		copy(buf[from:], header[:head])
		buf[from+9] = next
		finishIP(buf[from:], to-from)
	} else {
		from -= ipHeader
		putIP(buf[from:], to-from, tos, next, id, frag, e.src, e.dst)
	}
	if n.outAH != nil {
		head := int(buf[from]&15) * 4
		st := n.outAH.take()
		copy(buf[from+head+12:], st.icvAH(buf[from:to], head))
		n.outAH.give(st)
	}
	return from, to, nil
}

// sealESP puts ESP around buf[from:to].
func (h *half) sealESP(buf []byte, from, to int, next uint8, seq uint32) (int, int, error) {
	st := h.take()
	defer h.give(st)
	pad := h.tail(to-from) - 2
	if h.auth {
		pad -= icvLen
	}
	for i := range pad {
		buf[to+i] = byte(i + 1)
	}
	buf[to+pad], buf[to+pad+1] = byte(pad), next
	end := to + pad + 2
	start := from - espHeader - h.block
	binary.BigEndian.PutUint32(buf[start:], h.spi)
	binary.BigEndian.PutUint32(buf[start+4:], seq)
	if st.mode != nil {
		iv := buf[from-h.block : from]
		if err := st.iv(iv); err != nil {
			return 0, 0, err
		}
		st.mode.SetIV(iv)
		st.mode.CryptBlocks(buf[from:end], buf[from:end])
	}
	if h.auth {
		copy(buf[end:], st.icv(buf[start:end]))
		end += icvLen
	}
	return start, end, nil
}

// putAH writes an AH header with its ICV still zero.
func putAH(b []byte, next uint8, spi, seq uint32) {
	b[0], b[1], b[2], b[3] = next, ahLen/4-2, 0, 0
	binary.BigEndian.PutUint32(b[4:], spi)
	binary.BigEndian.PutUint32(b[8:], seq)
	clear(b[12:ahLen])
}

// icvAH is the ICV of a packet with AH behind its header of head octets, which has no options (RFC 2402 3.3.3): what changes on
// the way, and the ICV itself, count as zero.
func (st *state) icvAH(p []byte, head int) []byte {
	m := st.mac
	m.Reset()
	m.Write(p[:1])
	m.Write(st.zero[:1]) // TOS
	m.Write(p[2:6])
	m.Write(st.zero[:3]) // flags and offset, TTL
	m.Write(p[9:10])
	m.Write(st.zero[:2]) // checksum
	m.Write(p[12 : head+12])
	m.Write(st.zero[:icvLen])
	m.Write(p[head+ahLen:])
	return m.Sum(st.sum[:0])[:icvLen]
}
