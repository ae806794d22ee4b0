package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	rig *Rig

	mu       sync.Mutex
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
	if !p.Engine.Settle(settle) {
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
	err := errors.Join(p.Engine.Close(), p.rig.reset())
	p.rig.open = false
	return err
}

// AddSA has no answer: the rules have no tunnels, the daemon has.
func (p *Probe) AddSA(int, ast.IP, ast.Net, ast.Net) error {
	return fmt.Errorf("security associations: %w", runtime.ErrUnsupported)
}

// AddClient has no answer: the rules have no tunnels, the daemon has.
func (p *Probe) AddClient(int, ast.IP, string, string, ast.IP, runtime.UserList) error {
	return fmt.Errorf("remote access: %w", runtime.ErrUnsupported)
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
}

// InjectAll sends packets one after the other, without waiting for what becomes of the one before, and returns their verdicts. No two
// may be of one connection.
func (p *Probe) InjectAll(list []Injection) ([]runtime.Verdict, error) {
	plan := p.Plan()
	if plan == nil {
		return nil, errors.New("no plan is applied")
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
		if x.In.Tunnel {
			return nil, fmt.Errorf("a packet out of a tunnel: %w", runtime.ErrUnsupported)
		}
		f := &flights[i]
		f.in, f.sent = x.In, x.Packet
		p.prepare(plan, f)
		f.v.Egress = compiler.None
		byTag[f.sent.ID] = f
	}
	ifs, devices := p.devices(plan)
	var out []byte
	err := p.rig.run(func() error {
		for i := range flights {
			f := &flights[i]
			d := devices[f.in.If]
			if d < 0 {
				continue
			}
			head := p.rig.frames[d]
			copy(head[6:], f.sent.MAC[:])
			frame, err := f.sent.Append(append(out[:0], head[:]...))
			if err == nil {
				err = p.rig.send(d, frame)
			}
			if err != nil {
				return fmt.Errorf("send %s: %w", f.sent.String(), err)
			}
			out = frame
		}
		hear := func(d int, packet []byte) { p.heard(byTag, ifs[d], packet) }
		if err := p.rig.hear(p.buf, hear); err != nil {
			return err
		}
		if err := p.Settle(); err != nil {
			return err
		}
		_, err := p.rig.drain(p.buf, hear)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	seen := p.seen
	p.seen = nil
	p.mu.Unlock()
	p.judge(flights, byTag, seen)
	verdicts := make([]runtime.Verdict, len(flights))
	for i := range flights {
		p.learn(&flights[i])
		verdicts[i] = flights[i].v
	}
	return verdicts, nil
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
func (p *Probe) heard(byTag map[uint16]*flight, out int, b []byte) {
	packet, err := runtime.ParsePacket(b)
	if err != nil || out == compiler.None {
		return
	}
	packet.Payload = append([]byte(nil), packet.Payload...)
	packet.TCPOptions = append([]byte(nil), packet.TCPOptions...)
	f := byTag[packet.ID]
	if f != nil && f.sent.Proto == packet.Proto && !answers(&packet, &f.sent) {
		if !f.heard || packet.FragOffset == 0 && f.v.Out.FragOffset > 0 {
			f.heard, f.v.Action, f.v.Egress, f.v.Out = true, runtime.Forward, out, packet
			f.v.Out.Fragment, f.v.Out.More = false, false
		}
		return
	}
	if packet.Proto != ast.ProtoTCP {
		return
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
}

// answers reports whether a packet goes back to the sender of another.
func answers(back, sent *runtime.Packet) bool {
	return back.Proto == sent.Proto && back.Src == sent.Dst && back.Dst == sent.Src && back.SrcPort == sent.DstPort && back.DstPort == sent.SrcPort
}

// A flowKey is a flow without its interface, as the kernel names it.
type flowKey struct {
	proto        uint8
	src, dst     ast.IP
	sport, dport uint16
	id           uint16 // of ICMP
}

func flowOf(p *runtime.Packet) flowKey {
	k := flowKey{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort, 0}
	if p.Proto == ast.ProtoICMP {
		k.id = p.ICMPID
	}
	return k
}

// judge adds what the engine was told.
func (p *Probe) judge(flights []flight, byTag map[uint16]*flight, seen []kernel.Observation) {
	byFlow := map[flowKey]*flight{}
	for i := range flights {
		k := flowOf(&flights[i].sent)
		if f := flights[i].frag; f != nil {
			k.sport, k.dport = f.sport, f.dport
		}
		if byFlow[k] == nil || flights[i].heard && !byFlow[k].heard {
			byFlow[k] = &flights[i]
		}
	}
	for i := range seen {
		o := &seen[i]
		f := byTag[o.Packet.ID]
		if o.Reason == kernel.Connection {
			if f = byFlow[flowOf(&o.Packet)]; f == nil {
				f = byFlow[flowOf(&o.Back)] // an answer has ended it
			}
		}
		if f == nil || f.sent.Proto != o.Packet.Proto {
			continue
		}
		f.v.Logs = append(f.v.Logs, o.Messages...)
		note := "the kernel logs " + o.Reason
		switch {
		case o.Reason == boxReason:
			f.boxed = &o.Packet
			note = "let in to the firewall itself"
		case o.Reason == kernel.Queued:
			note = "waits for its translation"
		case o.Reason == kernel.Connection:
			note = "connection"
		case o.Reason == kernel.Fragment:
			note = "fragment"
		case o.Reason == kernel.Signature:
			note = "a signature"
		case o.Reason == kernel.Payload:
			note = "inspected"
		default:
			f.v.Reason = o.Reason
		}
		f.v.Phases = append(f.v.Phases, runtime.Phase{Type: "NFTABLES", Result: "ALLOW", Note: note})
	}
	for i := range flights {
		f := &flights[i]
		switch {
		case f.heard, f.v.Action == runtime.SynProxy:
			f.v.Reason = ""
			continue
		case f.boxed != nil && (f.boxed.Dst != f.sent.Dst || f.boxed.DstPort != f.sent.DstPort && (f.frag == nil || f.boxed.DstPort != f.frag.dport)):
			f.v.Action = runtime.Auth
		case f.boxed != nil:
			f.v.Action = runtime.Box
		case f.frag != nil && f.v.Reason == "" && !f.frag.whole() && !slices.ContainsFunc(f.v.Logs, func(m runtime.Message) bool { return m.ID/1000 != 400 }):
			f.v.Action = runtime.Held
		default:
			if f.frag != nil && (f.v.Reason != "" || len(f.v.Logs) > 0) {
				f.frag.refuse(&f.sent)
			}
			f.v.Action = runtime.Drop
			if f.v.Reason == "" {
				f.v.Reason = "nothing comes out, and nothing is logged"
			}
			f.v.Phases = append(f.v.Phases, runtime.Phase{Type: "NFTABLES", Result: "DROP", Note: strings.TrimSpace(f.v.Reason)})
			continue
		}
		f.v.Reason = ""
	}
}

// learn remembers the numbers of a connection whose packet has passed.
func (p *Probe) learn(f *flight) {
	s := &f.sent
	if f.v.Action != runtime.Forward || s.Proto != ast.ProtoTCP || s.FragOffset > 0 {
		return
	}
	if f.self == nil {
		if s.Flags&(runtime.SYN|runtime.ACK) != runtime.SYN || len(p.talks) > 1<<20 {
			return
		}
		f.self = &side{first: s.Seq}
		f.self.other = &side{first: responderISN, other: f.self}
		o := &f.v.Out
		p.talks[f.talk] = f.self
		p.talks[wireKey{f.v.Egress, o.Dst, o.Src, o.DstPort, o.SrcPort}] = f.self.other
	}
	n := uint32(s.Size())
	if s.Flags&(runtime.SYN|runtime.FIN) != 0 {
		n++
	}
	if end := s.Seq + n - f.self.first; int32(end-f.self.sent) > 0 {
		f.self.sent = end
	}
}
