package esp

import (
	"encoding/binary"

	"pixfw/runtime"
)

// spares are the buffers for fragments and ICMP of one batch. When they are used up, what is there is sent first.
const spares = 48

// train is how many packets are sent together at most. What the device gives at a time may be 64 KB of one connection: protected in
// parts, the first of it is with the peer while the rest is being encrypted, and the queue of the peer's socket, which is not much
// longer, overflows less.
const train = 8

// A departure is a packet that was read from the device: buf[at:at+size].
type departure struct {
	buf      []byte
	at, size int
	pair     *pair // nil: in clear
	s        numbers
	id       uint16
	reply    bool
	from, to int
	err      error
}

// outbound is the batch of Port.Outbound.
type outbound struct {
	p     *Port
	now   int64
	list  []departure
	flow  Flow // of the packet at hand: kept here so that asking the policy costs no allocation
	spare [][]byte
	used  int
	task  task
	send  [3][][]byte // protected, clear, replies
	pairs []*pair     // of send[0]
}

// Outbound reads packets from the device until it is closed: those that the policy names are encrypted, the others sent on.
func (p *Port) Outbound() error {
	n := max(p.dev.BatchSize(), 1)
	sizes := make([]int, n)
	bufs, free := buffers(n + spares)
	defer free()
	o := p.newOutbound(n, bufs[n:])
	bufs = bufs[:n]
	for {
		got, err := p.dev.Read(bufs, sizes, headroom)
		if got > 0 {
			o.batch(bufs[:got], sizes)
		}
		if err != nil {
			if Lasting(err) {
				return err
			}
			p.e.errors.Add(1)
		}
	}
}

func (p *Port) newOutbound(n int, spare [][]byte) *outbound {
	o := &outbound{p: p, list: make([]departure, 0, n+spares), spare: spare}
	o.task.do, o.task.share = o.seal, share/2
	for i := range o.send {
		o.send[i] = make([][]byte, 0, n+spares)
	}
	o.pairs = make([]*pair, 0, n+spares)
	return o
}

// batch takes packets at headroom of their buffers.
func (o *outbound) batch(bufs [][]byte, sizes []int) {
	o.now = o.p.e.clock.Now().UnixNano()
	for i, buf := range bufs {
		var size int
		var ok bool
		o.flow, size, ok = parseFlow(buf[headroom : headroom+sizes[i]])
		if !ok {
			o.p.e.errors.Add(1)
			continue
		}
		if pair, drop := o.choose(&o.flow); !drop {
			o.take(departure{buf: buf, at: headroom, size: size, pair: pair})
		}
		if len(o.list) >= train {
			o.flush()
		}
	}
	o.flush()
}

// choose is the SPD: the pair that a packet goes through, or none.
func (o *outbound) choose(f *Flow) (n *pair, drop bool) {
	e, iface := o.p.e, o.p.at.Load().iface
	e.mu.RLock()
	policy := e.t.policy[iface]
	for from := 0; policy != nil; {
		entry, what := policy.Match(f, from)
		if what == Clear {
			break
		}
		if n := e.t.outbound(iface, entry, what, f); n != nil {
			e.mu.RUnlock()
			return n, false
		}
		if what != Dynamic {
			e.mu.RUnlock()
			if what == Static {
				e.o.Sink.Acquire(iface, entry, *f)
			}
			return nil, true
		}
		from = entry + 1
	}
	e.mu.RUnlock()
	return nil, false
}

// take enters a packet into the batch, in parts where it is too long.
func (o *outbound) take(d departure) {
	if d.pair == nil {
		o.list = append(o.list, d)
		return
	}
	most := d.pair.largest(d.pair.mtu(o.p.at.Load().mtu, o.now))
	b := d.buf[d.at : d.at+d.size]
	frag := binary.BigEndian.Uint16(b[6:])
	transport := d.pair.info().Mode == runtime.Transport
	switch {
	case transport && frag&(flagMore|offMask) != 0:
		// A fragment cannot be protected in transport mode (RFC 2406 3.1.1, RFC 2402 3.1.1): the peer would put it together with others before it is opened.
		d.pair.sendErrors.Add(1)
		return
	case d.size <= most:
		o.number(d)
		return
	case frag&flagDF != 0 || transport:
		d.pair.sendErrors.Add(1)
		if f, _, ok := parseFlow(b); ok {
			i := d.pair.info()
			o.p.e.o.Sink.Refused(Refused{If: i.If, Why: TooLong, SPI: i.Out.SPI, Src: i.Local, Dst: i.Peer, Pair: i.ID, Inner: f, Size: d.size, Most: most})
		}
		if r, ok := o.tooLong(b, most); ok {
			o.list = append(o.list, r)
		}
		return
	case b[0]&15 != 5:
		d.pair.sendErrors.Add(1)
		return
	}
	step := (most - ipHeader) &^ 7
	payload := d.size - ipHeader
	if need := (payload - 1) / step; need > len(o.spare)-o.used {
		if o.flush(); need > len(o.spare) {
			d.pair.sendErrors.Add(1)
			return
		}
	}
	// The first part stays where it is.
	first := d
	first.size = ipHeader + step
	o.number(first)
	for off := step; off < payload; off += step {
		n := min(step, payload-off)
		part := d
		part.buf, part.size = o.spare[o.used], ipHeader+n
		o.used++
		to := part.buf[part.at:]
		copy(to, b[:ipHeader])
		copy(to[ipHeader:], b[ipHeader+off:ipHeader+off+n])
		f := frag + uint16(off/8)
		if off+n < payload {
			f |= flagMore
		}
		binary.BigEndian.PutUint16(to[6:], f)
		finishIP(to, part.size)
		o.number(part)
	}
	binary.BigEndian.PutUint16(b[6:], frag|flagMore)
	finishIP(b, first.size)
}

// number takes the sequence numbers, in order.
func (o *outbound) number(d departure) {
	var ok bool
	if d.s, ok = d.pair.number(); !ok {
		d.pair.sendErrors.Add(1)
		o.p.e.exhausted(d.pair)
		return
	}
	d.id = o.p.e.nextID()
	o.list = append(o.list, d)
}

// tooLong makes the ICMP message for a packet that must not be fragmented (RFC 1191 3).
func (o *outbound) tooLong(b []byte, most int) (departure, bool) {
	local := o.p.at.Load().local
	if !local.Is4() || b[9] == 1 && len(b) > ipHeader && b[int(b[0]&15)*4] != 8 {
		return departure{}, false // no ICMP about ICMP, except about pings
	}
	if o.used == len(o.spare) {
		o.flush()
	}
	buf := o.spare[o.used]
	o.used++
	quote := min(len(b), int(b[0]&15)*4+8)
	size := ipHeader + 8 + quote
	m := buf[headroom : headroom+size]
	icmp := m[ipHeader:]
	copy(icmp, []byte{3, 4, 0, 0, 0, 0, 0, 0})
	binary.BigEndian.PutUint16(icmp[6:], uint16(max(most, 0)))
	copy(icmp[8:], b[:quote])
	binary.BigEndian.PutUint16(icmp[2:], checksum(0, icmp))
	putIP(m, size, 0, 1, o.p.e.nextID(), 0, local.As4(), [4]byte(b[12:16]))
	return departure{buf: buf, at: headroom, size: size, reply: true}, true
}

// seal is done by several goroutines, two packets each: those at 2i and 2i+1.
func (o *outbound) seal(i int) {
	list := o.list[2*i : min(2*i+2, len(o.list))]
	if len(list) == 2 && list[0].pair != nil && list[0].pair == list[1].pair {
		list[0].pair.sealTwo(&list[0], &list[1])
		return
	}
	for i := range list {
		list[i].seal()
	}
}

func (d *departure) seal() {
	if d.pair != nil {
		d.from, d.to, d.err = d.pair.seal(d.buf, d.at, d.size, d.s, d.id)
	}
}

// flush protects and sends what the batch has come to.
func (o *outbound) flush() {
	if len(o.list) == 0 {
		return
	}
	e := o.p.e
	e.crew.run(&o.task, (len(o.list)+1)/2)
	for i := range o.list {
		d := &o.list[i]
		switch n := d.pair; {
		case n == nil && d.reply:
			o.send[2] = append(o.send[2], d.buf[d.at:d.at+d.size])
		case n == nil:
			o.send[1] = append(o.send[1], d.buf[d.at:d.at+d.size])
		case d.err != nil:
			n.sendErrors.Add(1)
		default:
			o.send[0], o.pairs = append(o.send[0], d.buf[d.from:d.to]), append(o.pairs, n)
			n.encaps.Add(1)
			n.encapBytes.Add(uint64(d.size))
			n.used.Store(o.now)
			e.volume(n, n.carriedOut.Add(uint64(d.size)))
		}
	}
	for k, s := range [3]Sender{o.p.wire.Protected, o.p.wire.Clear, o.p.wire.Reply} {
		list := o.send[k]
		for at := 0; at < len(list); {
			n, err := s.Send(list[at:])
			at += n
			if err == nil {
				break
			}
			if at < len(list) && k == 0 {
				o.pairs[at].sendErrors.Add(1)
			} else {
				e.errors.Add(1)
			}
			at++
		}
		clear(list)
		o.send[k] = list[:0]
	}
	clear(o.pairs)
	clear(o.list)
	o.pairs, o.list, o.used = o.pairs[:0], o.list[:0], 0
}
