package lab

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

// A Probe is a kernel engine that can be given packets and asked what became of them: it puts them on the wires of a Rig, hears what
// comes out, and reads what the engine is told. It is not safe for concurrent use. Closing it leaves the rig for the next one.
type Probe struct {
	*kernel.Engine
	rig     *Rig
	tunnels *tunnels // nil: nobody serves them

	mu       sync.Mutex
	notes    []string // of who serves tunnels, since the last verdict
	seen     []kernel.Observation
	messages []runtime.Message // since the last Expire

	tag   uint16 // of the last packet
	buf   []byte
	talks map[wireKey]*side
	sets  map[fragKey]*fragments
}

var _ runtime.Injector = (*Probe)(nil)

// An Injection is a packet and where it arrives.
type Injection struct {
	In     runtime.Ingress
	Packet runtime.Packet
}

// A wireKey is one direction of a TCP connection as it is seen on one interface.
type wireKey struct {
	in           int
	src, dst     ast.IP
	sport, dport uint16
}

// A side of a connection counts what it has sent, so that packets get the numbers that they would have.
type side struct {
	first uint32
	sent  uint32
	other *side
}

func (s *side) next() uint32 { return s.first + s.sent }

const initiatorISN, responderISN = 0x10000000, 0x20000000

type fragKey struct {
	in       int
	proto    uint8
	src, dst ast.IP
}

// fragments of one datagram have one tag.
type fragments struct {
	tag   uint16
	spans [][2]int
	last  int // where the datagram ends; 0: not known
	since time.Time

	sport, dport uint16 // as the first one says
}

// refuse takes out a fragment that has not got to where the others wait.
func (f *fragments) refuse(s *runtime.Packet) {
	f.spans = slices.DeleteFunc(f.spans, func(x [2]int) bool { return x[0] == s.FragOffset })
	if !s.More {
		f.last = 0
	}
}

func (f *fragments) whole() bool {
	at := 0
	for moved := true; moved; {
		moved = false
		for _, s := range f.spans {
			if s[0] <= at && at < s[1] {
				at, moved = s[1], true
			}
		}
	}
	return f.last > 0 && at >= f.last
}

func newProbe(r *Rig) *Probe {
	return &Probe{rig: r, buf: make([]byte, 1<<16), talks: map[wireKey]*side{}, sets: map[fragKey]*fragments{}}
}

func (p *Probe) observe(o kernel.Observation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) < 1<<20 {
		p.seen = append(p.seen, o)
	}
	if len(p.messages) < 1<<16 {
		p.messages = append(p.messages, o.Messages...)
	}
}

// settle is how long the engine may take to do what it was told.
const settle = 10 * time.Second

// Settle waits until the engine has done what it was told.
func (p *Probe) Settle() error {
	wait := p.Engine.Settle
	if p.tunnels != nil {
		wait = p.tunnels.firewall.Settle
	}
	if !wait(settle) {
		return errors.New("the engine does not come to rest")
	}
	return nil
}

// Expire returns the messages since it was called last: what has ended is noticed by the engine itself.
func (p *Probe) Expire() []runtime.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.messages
	p.messages = nil
	return out
}

// Close closes the engine, and makes the rig as it was.
func (p *Probe) Close() error {
	var engine interface{ Close() error } = p.Engine
	if p.tunnels != nil {
		p.tunnels.peers.close()
		engine = p.tunnels.firewall
	}
	err := errors.Join(engine.Close(), p.rig.reset())
	p.rig.open = false
	return err
}

// Inject sends one packet.
func (p *Probe) Inject(in runtime.Ingress, packet runtime.Packet) (runtime.Verdict, error) {
	v, err := p.InjectAll([]Injection{{in, packet}})
	if err != nil {
		return runtime.Verdict{Egress: compiler.None}, err
	}
	return v[0], nil
}

// flight is a packet under way.
type flight struct {
	in    runtime.Ingress
	sent  runtime.Packet
	frag  *fragments
	talk  wireKey
	self  *side // nil: no connection yet
	v     runtime.Verdict
	heard bool
	boxed *runtime.Packet // as it came to the firewall's own services

	refused bool // by who serves tunnels
}

// InjectAll sends packets one after the other, without waiting for what becomes of the one before, and returns their verdicts. No two
// may be of one connection.
func (p *Probe) InjectAll(list []Injection) ([]runtime.Verdict, error) {
	plan := p.Plan()
	if plan == nil {
		return nil, errors.New("no plan is applied")
	}
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > 1<<14 {
		return nil, fmt.Errorf("%d packets at once are too many", len(list))
	}
	flights := make([]flight, len(list))
	byTag := make(map[uint16]*flight, len(list))
	for i := range list {
		x := &list[i]
		if x.In.If < 0 || x.In.If >= len(plan.Interfaces) {
			return nil, fmt.Errorf("no interface %d", x.In.If)
		}
		if x.In.Tunnel && p.tunnels == nil {
			return nil, fmt.Errorf("a packet out of a tunnel, to an engine alone: %w", runtime.ErrUnsupported)
		}
		f := &flights[i]
		f.in, f.sent = x.In, x.Packet
		p.prepare(plan, f)
		f.v.Egress = compiler.None
		byTag[f.sent.ID] = f
	}
	p.begin()
	ifs, devices := p.devices(plan)
	var out []byte
	err := p.rig.run(func() error {
		for i := range flights {
			d := devices[flights[i].in.If]
			if d < 0 {
				continue
			}
			frame, err := p.frame(&flights[i], d, out[:0])
			if err == nil {
				err = p.rig.send(d, frame)
			}
			if err != nil {
				return fmt.Errorf("send %s: %w", flights[i].sent.String(), err)
			}
			out = frame
		}
		var wrong error
		hear := func(d int, packet []byte) { wrong = errors.Join(wrong, p.heard(byTag, ifs[d], packet)) }
		return errors.Join(p.rig.hear(p.buf, hear), p.rest(hear), wrong)
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	seen, notes := p.seen, p.notes
	p.seen = nil
	p.mu.Unlock()
	for _, text := range notes {
		flights[0].v.Phases = append(flights[0].v.Phases, runtime.Phase{Type: "VPN", Result: "ALLOW", Note: text})
	}
	p.judge(flights, byTag, seen)
	verdicts := make([]runtime.Verdict, len(flights))
	for i := range flights {
		p.learn(&flights[i])
		verdicts[i] = flights[i].v
	}
	return verdicts, nil
}

// begin forgets what was said before packets are sent.
func (p *Probe) begin() {
	if p.tunnels != nil {
		p.tunnels.sync()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = nil
	p.seen = slices.DeleteFunc(p.seen, func(o kernel.Observation) bool { return o.Reason == kernel.Beside })
}

// frame is a packet as it is on the wire of a device.
func (p *Probe) frame(f *flight, device int, out []byte) ([]byte, error) {
	head := p.rig.frames[device]
	copy(head[6:], f.sent.MAC[:])
	frame, err := f.sent.Append(append(out, head[:]...))
	if err != nil || !f.in.Tunnel {
		return frame, err
	}
	sealed, err := p.seal(f, frame[len(head):])
	return append(frame[:len(head)], sealed...), err
}

// devices are the interface of each device, and the device of each interface.
func (p *Probe) devices(plan *compiler.Plan) (ifs, devices []int) {
	ifs = make([]int, len(p.rig.hardware))
	for d := range ifs {
		ifs[d] = compiler.None
	}
	devices = make([]int, len(plan.Interfaces))
	for i := range devices {
		devices[i] = -1
		for d, h := range p.rig.hardware {
			if h == plan.Interfaces[i].Hardware {
				devices[i], ifs[d] = d, i
			}
		}
	}
	return ifs, devices
}

// nextTag never gives 0, which a sender may have the kernel fill in.
func (p *Probe) nextTag() uint16 {
	if p.tag++; p.tag == 0 {
		p.tag = 1
	}
	return p.tag
}

// prepare gives a packet its tag, and what a scenario leaves to the engine.
func (p *Probe) prepare(plan *compiler.Plan, f *flight) {
	s := &f.sent
	s.ID = p.nextTag()
	if s.Fragment {
		p.fragment(plan, f)
	} else if s.Proto == ast.ProtoGRE && len(s.Payload) == 0 {
		s.Length = max(s.Length, 8) // what shorter ones are, the kernel cannot tell
	}
	if s.Proto != ast.ProtoTCP || s.Fragment && s.FragOffset > 0 {
		return
	}
	f.talk = wireKey{f.in.If, s.Src, s.Dst, s.SrcPort, s.DstPort}
	f.self = p.talks[f.talk]
	if s.Window == 0 {
		s.Window = 0x8000
	}
	if s.Seq != 0 {
		return
	}
	switch bare := s.Flags&(runtime.SYN|runtime.ACK) == runtime.SYN; {
	case f.self == nil || bare:
		s.Seq = initiatorISN
		if f.self != nil {
			s.Seq = f.self.first
		}
	case s.Flags&runtime.SYN != 0:
		s.Seq = f.self.first
	default:
		s.Seq = f.self.next()
	}
	if s.Flags&runtime.ACK != 0 && s.Ack == 0 {
		s.Ack = responderISN + 1
		if f.self != nil {
			s.Ack = f.self.other.next()
		}
	}
}

func (p *Probe) fragment(plan *compiler.Plan, f *flight) {
	s := &f.sent
	k := fragKey{f.in.If, s.Proto, s.Src, s.Dst}
	set, now := p.sets[k], time.Now()
	switch {
	case set == nil:
		set = &fragments{tag: s.ID, since: now}
	case now.Sub(set.since) >= waits(plan, f.in.If): // the engine has forgotten them
		set = &fragments{tag: set.tag, since: now}
	}
	p.sets[k] = set
	f.frag, s.ID = set, set.tag
	n := s.Size()
	if s.FragOffset == 0 {
		set.sport, set.dport = s.SrcPort, s.DstPort
		switch s.Proto {
		case ast.ProtoTCP:
			n += 20
		case ast.ProtoUDP, ast.ProtoICMP:
			n += 8
		}
		s.UDPLength = uint16(min(n, 0xffff))
	}
	set.spans = append(set.spans, [2]int{s.FragOffset, s.FragOffset + n})
	if !s.More {
		set.last = s.FragOffset + n
	}
	if set.whole() || len(set.spans) > 100 {
		delete(p.sets, k)
	}
}

// waits is how long fragments that arrive on an interface wait for the others (semantics.md 1.6).
func waits(plan *compiler.Plan, in int) time.Duration {
	if in < len(plan.Fragment) && plan.Fragment[in].Timeout > 0 {
		return plan.Fragment[in].Timeout
	}
	return 5 * time.Second
}

// heard takes a packet that the firewall sends on an interface.
func (p *Probe) heard(byTag map[uint16]*flight, out int, b []byte) error {
	packet, err := runtime.ParsePacket(b)
	if err != nil || out == compiler.None {
		return nil // it is none of ours
	}
	action, peer := runtime.Forward, ast.IP(0)
	if p.tunnels != nil {
		switch inner, t, ok, err := p.tunnels.peers.open(b); {
		case err != nil:
			return err
		case ok:
			action, peer = runtime.Encrypt, t.peer
			if packet, err = runtime.ParsePacket(inner); err != nil {
				return fmt.Errorf("what comes out of the tunnel with %v: %w", t.peer, err)
			}
		}
	}
	packet.Payload = append([]byte(nil), packet.Payload...)
	packet.TCPOptions = append([]byte(nil), packet.TCPOptions...)
	f := byTag[packet.ID]
	if f != nil && f.sent.Proto == packet.Proto && !answers(&packet, &f.sent) {
		if !f.heard || packet.FragOffset == 0 && f.v.Out.FragOffset > 0 {
			f.heard, f.v.Action, f.v.Egress, f.v.Peer, f.v.Out = true, action, out, peer, packet
			f.v.Out.Fragment, f.v.Out.More = false, false
		}
		return nil
	}
	if packet.Proto != ast.ProtoTCP {
		return nil
	}
	for _, f := range byTag {
		if f.in.If != out || !answers(&packet, &f.sent) {
			continue
		}
		switch {
		case packet.Flags&runtime.RST != 0:
			f.v.Reset = true
		case packet.Flags&(runtime.SYN|runtime.ACK) == runtime.SYN|runtime.ACK && packet.Ack == f.sent.Seq+1:
			f.v.Action = runtime.SynProxy
		}
	}
	return nil
}

// answers reports whether a packet goes back to the sender of another.
func answers(back, sent *runtime.Packet) bool {
	return back.Proto == sent.Proto && back.Src == sent.Dst && back.Dst == sent.Src && back.SrcPort == sent.DstPort && back.DstPort == sent.SrcPort
}
