package kernel

import (
	"encoding/binary"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/inspect"
)

// payloads is the queue of payloads that inspections look at, each packet by itself and with its checksum.
var payloads = queueKind{num: nft.InspectQueue, octets: mostHanded, packets: 4096, buffer: 16 << 20}

// looked is what inspections remember of a connection.
type looked struct {
	state   inspect.State
	streams [2]stream
}

// useInspections notes the inspections of a plan. Connections that are there go on as they began, as on a PIX: those that were not
// looked at are taken up where they are. The lock is held.
func (d *dynamic) useInspections(plan *compiler.Plan) {
	var list []inspect.Ports
	for _, x := range inspect.PortsOf(plan.Fixups) {
		if nft.Inspected(&plan.Fixups[x.Index]) {
			list = append(list, x)
		}
	}
	same := func(a, b inspect.Ports) bool { return a.Proto == b.Proto && a.Ports == b.Ports && a.Kind == b.Kind }
	if d.looksFrom.IsZero() || !slices.EqualFunc(list, d.looks, same) {
		d.looksFrom = time.Now()
	}
	d.looks = list
}

// inspected looks at a packet, which everything else has let pass and translated. It is what the packet becomes; nil: it stays as it is.
func (d *dynamic) inspected(a *held) (packet []byte, drop bool) {
	if packet = d.resized(a.packet); packet != nil {
		return packet, false // for its payload it comes again
	}
	p, at, ok := payloadAt(a.packet)
	if !ok {
		return nil, false
	}
	if p.Proto == ast.ProtoTCP && p.Flags&runtime.RST != 0 {
		d.reset(&p)
	}
	f, dir, ok := d.leaving(&p)
	if !ok && p.Proto == ast.ProtoUDP {
		d.later(&p, a.packet[at:])
	}
	if !ok || !f.ours() || f.class() == nft.MarkLogin || f.master != (tuple{}) {
		return nil, false
	}
	var x visit
	moved := f.adjusted[dir]
	x.moves = inspect.Moves(a.packet[at:]) && (moved != adjustment{} || d.adjust(&f, dir, adjustment{at: p.Seq}))
	d.mu.Lock()
	if d.plan != nil {
		x.look(d, &f, dir, &p, a.packet[at:])
	}
	d.mu.Unlock()
	if x.helped && d.unhelped(&f) != nil {
		x.again = true // with it the helper looks for its own protocol
	}
	x.tell(d, &f, &p)
	if x.Drop != "" || x.again {
		return nil, true
	}
	if x.Out == nil {
		return nil, false
	}
	if n := len(x.Out) - len(x.Payload); n != 0 && p.Proto == ast.ProtoTCP {
		again := moved.before != moved.after && int32(p.Seq-moved.at) <= 0
		if x.Keeps || !again && !d.adjust(&f, dir, adjustment{p.Seq, moved.after, moved.after + int32(n)}) {
			return nil, false
		}
	}
	return withPayload(a.packet, at, x.Out), false
}

// tell says what has come of a visit.
func (x *visit) tell(d *dynamic, f *flow, p *runtime.Packet) {
	if len(x.built) > 0 && d.observe != nil {
		d.observe(Observation{If: compiler.None, Reason: Connection, Packet: f.orig.packet(), Back: f.reply.packet(), Messages: x.built})
	}
	if x.seen && d.observe != nil {
		d.observe(Observation{If: x.in, Reason: x.reason(), Packet: *p, Messages: x.said})
	}
	d.emit(slices.Concat(x.built, x.said))
}

// An early payload is that of a first packet of UDP, which has gone on: conntrack knows its connection only then.
type early struct {
	at      time.Time
	packet  runtime.Packet
	payload []byte
}

const (
	mostEarly = 256
	earlyLife = 10 * time.Second
)

// later keeps a payload until its connection is told of.
func (d *dynamic) later(p *runtime.Packet, payload []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.unseen) < mostEarly {
		d.unseen[tuple{proto: p.Proto, src: p.Dst, dst: p.Src, sport: p.DstPort, dport: p.SrcPort}] = &early{d.clock.Now(), *p, slices.Clone(payload)}
	}
}

// begun looks at the first payload of a connection that has just been told of. The lock is held.
func (d *dynamic) begun(f *flow) (*visit, *runtime.Packet) {
	e := d.unseen[f.reply]
	if e == nil {
		return nil, nil
	}
	delete(d.unseen, f.reply)
	var x visit
	if f.master == (tuple{}) && f.class() != nft.MarkLogin {
		x.look(d, f, 0, &e.packet, e.payload)
	}
	return &x, &e.packet
}

// leaving is the connection of a packet that is about to leave, and its direction.
func (d *dynamic) leaving(p *runtime.Packet) (f flow, dir int, found bool) {
	answer := tuple{proto: p.Proto, src: p.Dst, dst: p.Src, sport: p.DstPort, dport: p.SrcPort}
	err := d.conntrack("look at a connection", func(c *socket) (err error) {
		f, found, err = c.flow(ctTupleOrig, &answer)
		return err
	})
	if f.orig == answer {
		dir = 1
	}
	return f, dir, found && err == nil
}

// A visit is the inspection of one packet.
type visit struct {
	inspect.Look
	d     *dynamic
	flow  *flow
	conn  *conn
	ends  [2]inspect.Side
	pat   [2]bool // by direction: the speaker is behind PAT
	in    int     // where it came from
	seen  bool
	moves bool // the numbers of what comes after can be moved
	again bool // it has to come again, in its turn
	// The connection has a helper for nothing but the room that comes with it.
	helped bool
	built  []runtime.Message
	said   []runtime.Message
}

// reason is why the packet is told of.
func (x *visit) reason() string {
	if x.Drop != "" {
		return x.Drop
	}
	return Payload
}

// look finds what is known of the connection, and inspects. The lock of d is held.
func (x *visit) look(d *dynamic, f *flow, dir int, p *runtime.Packet, payload []byte) {
	i := slices.IndexFunc(d.looks, func(l inspect.Ports) bool { return l.Proto == f.orig.proto && l.Ports.Contains(f.orig.dport) })
	a, b := between(d.plan, d.rules, d.live.clients, f)
	begins := p.Flags&(runtime.SYN|runtime.ACK) == runtime.SYN|runtime.ACK
	if i < 0 || a == compiler.None || b == compiler.None || len(payload) == 0 && !begins {
		return
	}
	if c := d.conns[f.orig]; c == nil || c.id != f.id {
		x.built = d.newConn(f) // its event is still on the way
	}
	c := d.conns[f.orig]
	if c == nil || c.id != f.id || c.child {
		return
	}
	if c.looked == nil {
		c.looked = &looked{}
		x.helped = nft.Moving(&d.plan.Fixups[d.looks[i].Index])
		if f.began(c).Before(d.looksFrom) {
			c.looked.state = inspect.Joined()
		}
	}
	if begins { // the numbers that both sides begin with
		c.looked.streams[1].begin(p.Seq + 1)
		c.looked.streams[0].begin(p.Ack)
		return
	}
	x.d, x.flow, x.conn, x.seen = d, f, c, true
	ends := [2]inspect.Side{sideOf(d.plan, a, &f.orig), sideOf(d.plan, b, &f.reply)}
	x.ends, x.pat[0] = ends, c.xlates[0] != nil && c.xlates[0].isPAT
	ifs := [2]int{a, b}
	x.in = ifs[dir]
	x.Look = inspect.Look{Kind: d.looks[i].Kind, State: &c.looked.state, Dir: dir, Here: ends[dir], There: ends[1-dir], User: c.about.User,
		Higher: d.plan.Interfaces[ifs[dir]].Level > d.plan.Interfaces[ifs[1-dir]].Level, First: true,
		PAT: x.pat[dir], Keeps: p.Proto == ast.ProtoTCP && !x.moves, Strict: d.plan.Fixups[d.looks[i].Index].Sub == "strict", Payload: payload}
	x.Filters(d.plan.AAA.Filters, f.orig.dport)
	s := &c.looked.streams[dir]
	if p.Proto == ast.ProtoTCP && !s.take(&x.Look, p.Seq) {
		x.again = true
		return
	}
	if x.Do(x); x.Drop == "" && p.Proto == ast.ProtoTCP {
		s.passes(p.Seq + uint32(len(payload)))
	}
}

// began is when a flow has begun, as the kernel says, or as the engine was told of it.
func (f *flow) began(c *conn) time.Time {
	if f.start > 0 {
		return time.Unix(0, int64(f.start))
	}
	return c.born
}

func sideOf(plan *compiler.Plan, i int, t *tuple) inspect.Side {
	return inspect.Side{If: plan.Interfaces[i].Name, Src: t.src, Dst: t.dst, SrcPort: t.sport, DstPort: t.dport}
}

// Say is that of inspect.Host.
func (x *visit) Say(m runtime.Message) { x.said = append(x.said, m) }

// Note is that of inspect.Host.
func (x *visit) Note(string) {}

// A stream is how far one side of a TCP connection has been followed.
type stream struct {
	begun       bool
	first, next uint32
	marks       []mark
}

// A mark is what was remembered before a segment. A segment that is sent again is looked at once more from there: it may say something
// else.
type mark struct {
	seq   uint32
	state inspect.State
}

// mostMarks bounds the marks of a stream: as many segments may be under way. Only Mail Guard needs them.
const mostMarks = 256

// begin notes the number of the first octet, if it is not known yet.
func (s *stream) begin(seq uint32) {
	if !s.begun {
		s.begun, s.first, s.next = true, seq, seq
	}
}

// take puts a segment in its place. It is false of one that has to come again: Mail Guard follows lines, so it must see all in order.
func (s *stream) take(l *inspect.Look, seq uint32) bool {
	end := seq + uint32(len(l.Payload))
	s.begin(seq)
	l.First = seq == s.first
	ahead := int32(seq - s.next)
	l.Again = ahead < 0
	if l.Kind == inspect.SMTP {
		if ahead > 0 || ahead < 0 && !s.back(l, seq, end) {
			return false
		}
		if ahead == 0 {
			if len(s.marks) == mostMarks {
				s.marks = slices.Delete(s.marks, 0, mostMarks/4)
			}
			s.marks = append(s.marks, mark{seq, *l.State})
		}
	}
	return true
}

// passes notes that a segment which ends there goes on. What is dropped has not been said.
func (s *stream) passes(end uint32) {
	if int32(end-s.next) > 0 {
		s.next = end
	}
}

// back goes back to where a segment was sent for the first time. If it brings something new, the connection goes on from it.
func (s *stream) back(l *inspect.Look, seq, end uint32) bool {
	i := slices.IndexFunc(s.marks, func(m mark) bool { return m.seq == seq })
	if i < 0 {
		return false
	}
	state := s.marks[i].state
	if int32(end-s.next) > 0 {
		*l.State, s.marks = state, s.marks[:i+1]
	} else {
		l.State = &state
	}
	return true
}

// payloadAt reads a packet of TCP or UDP that is whole, and where its payload begins.
func payloadAt(b []byte) (p runtime.Packet, at int, ok bool) {
	if p, ok = parseIPv4(b); !ok || !p.HasPorts() || p.Fragment || int(be16(b[2:])) != len(b) {
		return p, 0, false
	}
	at = int(b[0]&15) * 4
	switch {
	case p.Proto == ast.ProtoUDP && len(b) >= at+8:
		at += 8
	case p.Proto == ast.ProtoTCP && len(b) >= at+20 && int(b[at+12]>>4) >= 5:
		p.Ack = binary.BigEndian.Uint32(b[at+8:])
		at += int(b[at+12]>>4) * 4
	default:
		return p, 0, false
	}
	return p, at, at <= len(b)
}

// withPayload is an IPv4 packet of TCP or UDP with another payload, which begins at an octet, with its lengths and checksums.
func withPayload(packet []byte, at int, payload []byte) []byte {
	out := append(append(make([]byte, 0, at+len(payload)), packet[:at]...), payload...)
	head := int(out[0]&15) * 4
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	out[10], out[11] = 0, 0
	binary.BigEndian.PutUint16(out[10:], ^ones(0, out[:head]))
	body, sum := out[head:], 16
	if out[9] == ast.ProtoUDP {
		sum = 6
		binary.BigEndian.PutUint16(body[4:], uint16(len(body)))
		if be16(body[sum:]) == 0 {
			return out // sent without a checksum
		}
	}
	body[sum], body[sum+1] = 0, 0
	s := ^ones(uint32(ones(uint32(out[9])+uint32(len(body)), out[12:20])), body)
	if s == 0 && out[9] == ast.ProtoUDP {
		s = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(body[sum:], s)
	return out
}
