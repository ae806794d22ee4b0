package esp

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
)

// receiveBatch is how many packets are read at a time at most.
const receiveBatch = 64

// writeAt is where packets begin in the buffers that the device is given: it wants some octets before them.
const writeAt = 16

// inbound is the batch of Port.Inbound.
type inbound struct {
	p    *Port
	now  int64
	list []arrival
	task task
	out  [][]byte
}

// Inbound reads packets of ESP and AH from a raw socket, with their IP headers, until it is closed. What they carry is written to
// the device.
func (p *Port) Inbound(r Receiver) error { return p.receive(r, false) }

// InboundUDP reads datagrams of port 4500 of the port's address until the socket is closed: ESP, IKE behind its marker,
// keepalives (RFC 3948 2).
func (p *Port) InboundUDP(r Receiver) error { return p.receive(r, true) }

func (p *Port) newInbound() *inbound {
	in := &inbound{p: p, list: make([]arrival, 0, receiveBatch), out: make([][]byte, 0, receiveBatch)}
	in.task.share = share
	in.task.do = func(i int) {
		if a := &in.list[i]; a.refusal == Taken {
			a.open()
		}
	}
	return in
}

func (p *Port) receive(r Receiver, udp bool) error {
	bufs, free := buffers(receiveBatch)
	defer free()
	ms := make([]Message, receiveBatch)
	for i := range ms {
		ms[i].Buf = bufs[i][headroom : headroom+65536]
	}
	in := p.newInbound()
	for {
		n, err := r.Receive(ms)
		for i := range n {
			if udp {
				in.datagram(bufs[i], &ms[i])
			} else {
				in.list = append(in.list, arrival{buf: bufs[i], at: headroom, size: ms[i].N})
			}
		}
		in.flush()
		if err != nil {
			if Lasting(err) {
				return err
			}
			p.e.errors.Add(1)
		}
	}
}

// datagram tells ESP from IKE and keepalives.
func (in *inbound) datagram(buf []byte, m *Message) {
	b, at := m.Buf[:m.N], in.p.at.Load()
	switch {
	case len(b) == 1 && b[0] == 0xff:
	case len(b) >= 4 && binary.BigEndian.Uint32(b) == 0:
		in.p.e.o.Sink.Datagram(at.iface, netip.AddrPortFrom(at.local, natPort), m.From, slices.Clone(b[4:]))
	case !m.From.Addr().Is4() || !at.local.Is4():
		in.p.e.errors.Add(1)
	default:
		in.list = append(in.list, arrival{buf: buf, at: headroom, size: m.N, udp: true, src: m.From.Addr().As4(), dst: at.local.As4()})
	}
}

// flush opens what has arrived and hands it to the device, in order.
func (in *inbound) flush() {
	if len(in.list) == 0 {
		return
	}
	e := in.p.e
	in.now = e.clock.Now().UnixNano()
	e.mu.RLock()
	for i := range in.list {
		in.list[i].find(&e.t)
	}
	e.mu.RUnlock()
	e.crew.run(&in.task, len(in.list))
	for i := range in.list {
		in.settle(&in.list[i])
	}
	if len(in.out) > 0 {
		if _, err := in.p.dev.Write(in.out, writeAt); err != nil {
			e.errors.Add(1)
		}
	}
	clear(in.out)
	clear(in.list)
	in.out, in.list = in.out[:0], in.list[:0]
}

// settle counts an arrival and lets it in or not.
func (in *inbound) settle(a *arrival) {
	e, n, iface := in.p.e, a.pair, in.p.at.Load().iface
	if a.refusal == Taken || a.refusal == NotOurs || a.refusal == Nothing {
		a.commit()
	}
	size := a.to - a.from
	switch {
	case a.refusal == Taken && n.info().If == iface:
		n.decaps.Add(1)
		n.decapBytes.Add(uint64(size))
		n.used.Store(in.now)
		n.heard.Store(in.now)
		if n.quiet.Load() {
			e.wake(n)
		}
		e.volume(n, n.carriedIn.Add(uint64(size)))
		in.out = append(in.out, a.buf[a.from-writeAt:a.to])
		return
	case a.refusal == Taken:
		a.refusal = UnknownSPI // of another interface
	case a.refusal == Nothing:
		n.heard.Store(in.now)
		return
	}
	r := Refused{If: iface, Why: a.refusal, SPI: a.spi, AH: a.ah, Src: netip.AddrFrom4(a.src), Dst: netip.AddrFrom4(a.dst)}
	if n != nil {
		r.Pair = n.info().ID
		switch a.refusal {
		case BadAuth:
			n.authFailed.Add(1)
		case Replayed:
			n.replayFailed.Add(1)
		case NotOurs:
			r.Inner = a.flow
		}
		n.recvErrors.Add(1)
	}
	e.o.Sink.Refused(r)
}

// Errors reads ICMP from a raw socket until it is closed, and learns from it how long packets to a peer may be. A message counts
// when it quotes the SPI of a pair (RFC 2401 6.1).
func (p *Port) Errors(r Receiver) error {
	ms := make([]Message, 8)
	for i := range ms {
		ms[i].Buf = make([]byte, 2048)
	}
	for {
		n, err := r.Receive(ms)
		for i := range n {
			p.e.icmp(ms[i].Buf[:ms[i].N], p.at.Load().mtu)
		}
		if err != nil {
			if Lasting(err) {
				return err
			}
			p.e.errors.Add(1)
		}
	}
}

func (e *Engine) icmp(b []byte, link int) {
	if len(b) < ipHeader || int(b[0]&15)*4 < ipHeader || b[9] != 1 {
		return
	}
	b = b[min(len(b), int(b[0]&15)*4):]
	if len(b) < 8+ipHeader || b[0] != 3 || b[1] != 4 {
		return
	}
	mtu, quoted := int(binary.BigEndian.Uint16(b[6:])), b[8:]
	head := int(quoted[0]&15) * 4
	if head < ipHeader || len(quoted) < head+8 {
		return
	}
	k := peerKey{dst: [4]byte(quoted[16:20])}
	body := quoted[head:]
	switch quoted[9] {
	case protoESP:
	case protoAH:
		k.ah, body = true, body[4:]
	case 17:
		if body = body[udpHeader:]; len(body) < 4 {
			return
		}
	default:
		return
	}
	k.spi = binary.BigEndian.Uint32(body)
	e.mu.RLock()
	n := e.t.peers[k]
	e.mu.RUnlock()
	if n == nil || mtu >= link {
		return
	}
	now := e.clock.Now().UnixNano()
	n.pmtuUntil.Store(min(now, math.MaxInt64-int64(pmtuAge)) + int64(pmtuAge))
	n.pmtu.Store(int64(max(mtu, leastPMTU)))
}
