package esp

import (
	"crypto/subtle"
	"encoding/binary"

	"pixfw/runtime"
)

// Refusal says why a packet was not let in, or not out.
type Refusal uint8

// The refusals.
const (
	Taken      Refusal = iota
	Malformed          // no packet, or one that its header contradicts
	UnknownSPI         // 402101; also one that is agreed on for another way: by UDP, or without
	WrongProto         // 402102: ESP where AH had to be, or the other way round
	BadAuth            // the ICV is wrong
	Replayed           // its number has come before, or is too old
	BadPadding         // what was decrypted is no packet
	NotOurs            // 402103: the packet inside is none of the pair's
	Nothing            // a dummy packet: nothing to do, nothing wrong
	TooLong            // 602101: longer than what goes through the tunnel, and not to be fragmented
	NoNumbers          // 702302: the sequence numbers of the association are used up
)

// An arrival is a packet from a socket: buf[at:at+size] begins with the IP header, or with ESP where it came in UDP.
type arrival struct {
	buf      []byte
	at, size int
	udp      bool
	src, dst [4]byte
	outer    int // where the outer IP header is, and how long; not at hand behind UDP
	head     int

	pair    *pair
	seq     numbers
	from    int // the packet inside is buf[from:to]
	to      int
	flow    Flow
	refusal Refusal
	spi     uint32
	ah      bool
}

// read reads the IP header of an arrival of a raw socket: afterwards at is behind it.
func (a *arrival) read() bool {
	b := a.buf[a.at : a.at+a.size]
	if a.udp {
		return true
	}
	if len(b) < ipHeader || b[0]>>4 != 4 {
		return false
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if head < ipHeader || head > total || total > len(b) || binary.BigEndian.Uint16(b[6:])&(flagMore|offMask) != 0 {
		return false
	}
	a.ah = b[9] == protoAH
	if b[9] != protoESP && !a.ah {
		return false
	}
	a.src, a.dst = [4]byte(b[12:16]), [4]byte(b[16:20])
	a.outer, a.head = a.at, head
	a.at, a.size = a.at+head, total-head
	return true
}

// find looks up the pair. Under a lock of the tables.
func (a *arrival) find(t *tables) {
	if !a.read() {
		a.refusal = Malformed
		return
	}
	b := a.buf[a.at : a.at+a.size]
	if a.ah && len(b) < ahLen || len(b) < espHeader {
		a.refusal = Malformed
		return
	}
	a.spi = binary.BigEndian.Uint32(b)
	if a.ah {
		a.spi = binary.BigEndian.Uint32(b[4:])
	}
	p := t.inbound[spiKey{a.ah, a.spi}]
	if p == nil {
		a.refusal = UnknownSPI
		if t.inbound[spiKey{!a.ah, a.spi}] != nil {
			a.refusal = WrongProto
		}
		return
	}
	e := p.at.Load()
	if a.dst != e.src {
		a.refusal = UnknownSPI
		return
	}
	a.pair = p
	switch {
	case a.udp != e.info.Encap:
		a.refusal = UnknownSPI
	case !a.ah && p.inAH != nil:
		a.refusal = WrongProto
	}
}

// open checks and decrypts an arrival whose pair has been found. Nothing of the pair changes but its counters: whether the number
// is a new one is decided by commit, in the order of arrival.
func (a *arrival) open() {
	p := a.pair
	b := a.buf[a.at : a.at+a.size]
	next := uint8(protoESP)
	if a.ah {
		next, a.seq.ah = b[0], binary.BigEndian.Uint32(b[8:])
		if int(b[1]) != ahLen/4-2 {
			a.refusal = Malformed
			return
		}
		if !p.inAH.window.fresh(a.seq.ah) {
			a.refusal = Replayed
			return
		}
		st := p.inAH.take()
		ok := subtle.ConstantTimeCompare(st.icvAH(a.buf[a.outer:a.at+a.size], a.head), b[12:ahLen]) == 1
		p.inAH.give(st)
		if !ok {
			a.refusal = BadAuth
			return
		}
		a.at, a.size = a.at+ahLen, a.size-ahLen
		b = b[ahLen:]
	}
	if p.in != nil {
		if next != protoESP || len(b) < espHeader || binary.BigEndian.Uint32(b) != p.in.spi {
			a.refusal = WrongProto
			return
		}
		if next = p.in.openESP(a, b); a.refusal != Taken {
			return
		}
	}
	a.inside(next)
}

// openESP takes ESP off; what is inside is then at, size. It returns the next header.
func (h *half) openESP(a *arrival, b []byte) uint8 {
	a.seq.esp = binary.BigEndian.Uint32(b[4:])
	body := len(b) - espHeader - h.block
	if h.auth {
		body -= icvLen
	}
	if body < 2 || body%max(h.block, 4) != 0 {
		a.refusal = Malformed
		return 0
	}
	if !h.window.fresh(a.seq.esp) {
		a.refusal = Replayed
		return 0
	}
	st := h.take()
	defer h.give(st)
	lead := espHeader + h.block
	if h.auth && subtle.ConstantTimeCompare(st.icv(b[:lead+body]), b[lead+body:]) != 1 {
		a.refusal = BadAuth
		return 0
	}
	text := b[lead : lead+body]
	switch {
	case h.undes != nil:
		h.undes.Decrypt(b[espHeader:lead], text)
	case st.mode != nil:
		st.mode.SetIV(b[espHeader:lead])
		st.mode.CryptBlocks(text, text)
	}
	pad := int(text[body-2])
	if pad > body-2 {
		a.refusal = BadPadding
		return 0
	}
	for i := range pad {
		if text[body-2-pad+i] != byte(i+1) {
			a.refusal = BadPadding
			return 0
		}
	}
	a.at, a.size = a.at+lead, body-2-pad
	return text[body-1]
}

// inside makes a packet of what was protected and holds it against the proxy identities.
func (a *arrival) inside(next uint8) {
	e := a.pair.at.Load()
	switch {
	case next == protoNone:
		a.refusal = Nothing
		return
	case e.info.Mode == runtime.Tunnel && next != protoIPIP:
		a.refusal = BadPadding
		return
	case e.info.Mode == runtime.Transport && a.udp:
		// The header was the packet's own, but is not at hand behind UDP.
		a.at, a.size = a.at-ipHeader, a.size+ipHeader
		if a.at < 0 || a.size > 0xffff {
			a.refusal = Malformed
			return
		}
		putIP(a.buf[a.at:], a.size, 0, next, uint16(a.seq.esp), flagDF, a.src, a.dst)
		sumTransport(a.buf[a.at : a.at+a.size])
	case e.info.Mode == runtime.Transport:
		// The outer header is the packet's own, with its options. It goes where what was between has been.
		to := a.at - a.head
		copy(a.buf[to:], a.buf[a.outer:a.outer+a.head])
		a.at, a.size = to, a.size+a.head
		a.buf[to+9] = next
		finishIP(a.buf[to:], a.size)
	}
	f, total, ok := parseFlow(a.buf[a.at : a.at+a.size])
	if !ok {
		a.refusal = BadPadding
		return
	}
	a.flow, a.from, a.to = f, a.at, a.at+total
	if !a.pair.admits(&f) {
		a.refusal = NotOurs
	}
}

// commit notes the numbers of a genuine packet; false: there was one with them.
func (a *arrival) commit() bool {
	p := a.pair
	if a.ah && !p.inAH.window.accept(a.seq.ah) || p.in != nil && !p.in.window.accept(a.seq.esp) {
		a.refusal = Replayed
		return false
	}
	return true
}
