package esp

import (
	"encoding/binary"
	"errors"

	"pixfw/runtime"
	"pixfw/runtime/esp/des"
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

// A sealing is a packet that is being protected.
type sealing struct {
	buf    []byte
	from   int // of what is protected so far
	to     int
	next   uint8
	tos    uint8
	frag   uint16
	header [60]byte // in transport mode: the header of the packet, which goes before that of ESP
	head   int
	text   int // where what is to be encrypted begins, behind its IV
	st     *state
}

// seal protects the packet buf[at:at+size], an IPv4 packet of its full length, in place. It is then buf[from:to], with its outer
// header; id is that one's identification. There must be headroom before and tailroom behind it.
func (n *pair) seal(buf []byte, at, size int, s numbers, id uint16) (from, to int, err error) {
	var x sealing
	if err := n.begin(&x, buf, at, size, s.esp); err != nil {
		return 0, 0, err
	}
	if h := n.out; h != nil {
		h.encrypt(&x)
		h.finish(&x)
	}
	from, to = n.wrap(&x, s.ah, id)
	return from, to, nil
}

// sealTwo protects two packets whose numbers have been taken, which may cost less than one after the other.
func (n *pair) sealTwo(a, b *departure) {
	if n.out == nil || n.out.des == nil {
		a.seal()
		b.seal()
		return
	}
	var x, y sealing
	a.err = n.begin(&x, a.buf, a.at, a.size, a.s.esp)
	b.err = n.begin(&y, b.buf, b.at, b.size, b.s.esp)
	switch {
	case a.err == nil && b.err == nil:
		n.out.des.EncryptTwo(x.iv(), x.plain(), y.iv(), y.plain())
	case a.err == nil:
		n.out.encrypt(&x)
	case b.err == nil:
		n.out.encrypt(&y)
	}
	if a.err == nil {
		n.out.finish(&x)
		a.from, a.to = n.wrap(&x, a.s.ah, a.id)
	}
	if b.err == nil {
		n.out.finish(&y)
		b.from, b.to = n.wrap(&y, b.s.ah, b.id)
	}
}

// iv and plain are what the cipher of a sealing works with; that of DES has an IV of one block.
func (x *sealing) iv() []byte    { return x.buf[x.text-des.BlockSize : x.text] }
func (x *sealing) plain() []byte { return x.buf[x.text:x.to] }

// begin puts everything around a packet that is encrypted with it, and the header of ESP. After an error nothing is left to be done.
func (n *pair) begin(x *sealing, buf []byte, at, size int, seq uint32) error {
	if at < headroom || at+size+tailroom > len(buf) {
		return errRoom
	}
	inner := buf[at : at+size]
	x.buf, x.from, x.to, x.next = buf, at, at+size, protoIPIP
	x.tos, x.frag = inner[1], binary.BigEndian.Uint16(inner[6:])&flagDF
	if n.at.Load().info.Mode == runtime.Transport {
		x.head = int(inner[0]&15) * 4
		copy(x.header[:], inner[:x.head])
		x.next, x.from = inner[9], at+x.head
	}
	h := n.out
	if h == nil {
		return nil
	}
	pad := h.tail(x.to-x.from) - 2
	if h.auth {
		pad -= icvLen
	}
	for i := range pad {
		buf[x.to+i] = byte(i + 1)
	}
	buf[x.to+pad], buf[x.to+pad+1] = byte(pad), x.next
	x.text, x.to = x.from, x.to+pad+2
	x.from -= espHeader + h.block
	binary.BigEndian.PutUint32(buf[x.from:], h.spi)
	binary.BigEndian.PutUint32(buf[x.from+4:], seq)
	x.st = h.take()
	if h.block > 0 {
		if err := x.st.iv(buf[x.text-h.block : x.text]); err != nil {
			h.give(x.st)
			return err
		}
	}
	return nil
}

// encrypt encrypts what begin has prepared.
func (h *half) encrypt(x *sealing) {
	switch {
	case h.des != nil:
		h.des.Encrypt(x.iv(), x.plain())
	case x.st.mode != nil:
		x.st.mode.SetIV(x.buf[x.text-h.block : x.text])
		x.st.mode.CryptBlocks(x.plain(), x.plain())
	}
}

// finish adds the ICV of ESP.
func (h *half) finish(x *sealing) {
	if h.auth {
		copy(x.buf[x.to:], x.st.icv(x.buf[x.from:x.to]))
		x.to += icvLen
	}
	h.give(x.st)
	x.next = protoESP
}

// wrap puts UDP, AH and the outer header around a packet.
func (n *pair) wrap(x *sealing, ah uint32, id uint16) (from, to int) {
	e, buf := n.at.Load(), x.buf
	from, to = x.from, x.to
	if e.info.Encap {
		from -= udpHeader
		binary.BigEndian.PutUint16(buf[from:], e.info.LocalPort)
		binary.BigEndian.PutUint16(buf[from+2:], e.info.PeerPort)
		binary.BigEndian.PutUint16(buf[from+4:], uint16(to-from))
		buf[from+6], buf[from+7] = 0, 0 // no checksum (RFC 3948 2.1)
		x.next = 17
	}
	if n.outAH != nil {
		from -= ahLen
		putAH(buf[from:], x.next, n.outAH.spi, ah)
		x.next = protoAH
	}
	if x.head > 0 {
		from -= x.head
		copy(buf[from:], x.header[:x.head])
		buf[from+9] = x.next
		finishIP(buf[from:], to-from)
	} else {
		from -= ipHeader
		putIP(buf[from:], to-from, x.tos, x.next, id, x.frag, e.src, e.dst)
	}
	if n.outAH != nil {
		head := int(buf[from]&15) * 4
		st := n.outAH.take()
		copy(buf[from+head+12:], st.icvAH(buf[from:to], head))
		n.outAH.give(st)
	}
	return from, to
}

// putAH writes an AH header with its ICV still zero.
func putAH(b []byte, next uint8, spi, seq uint32) {
	b[0], b[1], b[2], b[3] = next, ahLen/4-2, 0, 0
	binary.BigEndian.PutUint32(b[4:], spi)
	binary.BigEndian.PutUint32(b[8:], seq)
	clear(b[12:ahLen])
}

// icvAH is the ICV of a packet with AH behind its header of head octets (RFC 2402 3.3.3): what changes on the way, and the ICV
// itself, count as zero.
func (st *state) icvAH(p []byte, head int) []byte {
	m := st.mac
	m.Reset()
	m.Write(p[:1])
	m.Write(st.zero[:1]) // TOS
	m.Write(p[2:6])
	m.Write(st.zero[:3]) // flags and offset, TTL
	m.Write(p[9:10])
	m.Write(st.zero[:2]) // checksum
	m.Write(p[12:ipHeader])
	for o := p[ipHeader:head]; len(o) > 0; {
		n, same := option(o)
		if same {
			m.Write(o[:n])
		} else {
			m.Write(st.zero[:n])
		}
		o = o[n:]
	}
	m.Write(p[head : head+12])
	m.Write(st.zero[:icvLen])
	m.Write(p[head+ahLen:])
	return m.Sum(st.sum[:0])[:icvLen]
}

// option is how long the first of the options of an IP header is, and whether it arrives as it was sent (RFC 2402 A1).
func option(o []byte) (n int, same bool) {
	switch {
	case o[0] == 0: // the end: padding
		return len(o), true
	case o[0] == 1: // nothing
		return 1, true
	case len(o) < 2 || o[1] < 2 || int(o[1]) > len(o):
		return len(o), false
	}
	switch o[0] {
	case 130, 133, 134, 148, 149: // security, extended and commercial security, router alert, several destinations
		same = true
	}
	return int(o[1]), same
}
