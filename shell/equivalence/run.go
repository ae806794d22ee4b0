package equivalence

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// Options of a run.
type Options struct {
	Rig   *lab.Rig
	Seed  uint64
	Pairs int // how many (configuration, packet) pairs are to agree
	// Packets is how many packets each configuration gets, about; 0: 1000.
	Packets int
	// Most is how many differences are looked for; 0: one.
	Most int
	// Show is a kind of Unlike that is looked for instead of set aside.
	Show string
	// Progress, when it is set, is called after each configuration.
	Progress func(Report)
}

// Hardware are the interfaces that a rig needs.
var Hardware = []string{"ethernet0", "ethernet1", "ethernet2", "ethernet3", "ethernet4", "ethernet5"}

// A Report is what a run has found.
type Report struct {
	Configurations int
	Pairs          int // that have agreed
	Changes        int // of configurations, while packets passed
	Again          int // packets that were forwarded before and after one, of those that agreed
	Uncompared     map[string]int
	Actions        map[string]int // what became of the packets that agreed
	Differences    []*Difference
}

// A step is one packet of a trial, or commands that are typed.
type step struct {
	wave   int
	in     string
	packet runtime.Packet
	answer *step // the packet goes back to the sender of what left the firewall for this one
	about  bool  // and is an ICMP error about it
	anew   bool  // or begins a connection of its own, with the ports of packet
	again  bool  // no answer: the packet itself is sent once more, with the ports of packet
	typed  []string
	named  ast.IP // what a name server answers
}

// A login is a user who has logged in.
type login struct {
	in   string
	ip   ast.IP
	list string // his own access list; empty: he has none
}

// A trial is a configuration, and packets that it gets one after the other. Those of one wave arrive on one interface.
type trial struct {
	seed   uint64
	lines  []string
	logins []login
	shuns  []ast.IP
	steps  []*step
	show   string // the kind of Unlike that counts as a difference
}

// A pair is what both engines did with a step.
type pair struct {
	step             *step
	in               string
	sent             [2]runtime.Packet // to the emulator, to the kernel
	emulator, kernel runtime.Verdict
	plans            []*compiler.Plan // those that were in force so far; the last one is
	given            bool             // it came to a port of PAT that either engine has given out
	shared           bool             // on the kernel its host has had a port of PAT that another has had too
	ported           bool             // it went out through a port of PAT, which another may have by now: that was cleared
}

// Run compares until enough pairs have agreed, or enough differences are found.
func Run(o Options) (Report, error) {
	r := Report{Uncompared: map[string]int{}, Actions: map[string]int{}}
	if o.Packets == 0 {
		o.Packets = 1000
	}
	known := map[string]bool{}
	for seed := o.Seed; r.Pairs < o.Pairs; seed++ {
		t := newTrial(seed, o.Packets)
		t.show = o.Show
		found, err := t.run(o.Rig, &r)
		if err != nil {
			return r, fmt.Errorf("seed %d: %w", seed, err)
		}
		r.Configurations++
		if found != nil && !known[found.kind()] {
			known[found.kind()] = true
			d, err := found.shrink(o.Rig)
			if err != nil {
				return r, fmt.Errorf("seed %d: %w", seed, err)
			}
			r.Differences = append(r.Differences, d)
			if len(r.Differences) >= max(o.Most, 1) {
				return r, nil
			}
		}
		if o.Progress != nil {
			o.Progress(r)
		}
	}
	return r, nil
}

// newTrial makes a configuration with its packets. Some follow others: they answer, answer an answer, or are sent to the address that a
// host was seen with.
func newTrial(seed uint64, packets int) *trial {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	t := &trial{seed: seed, lines: m.config()}
	plan := t.plan()
	a := newAimer(m, plan)
	t.logins = a.logins()
	t.shuns = a.shunned()
	c := newChanger(seed, m)
	wave := 0
	each := max(packets*9/10/2/len(plan.Interfaces), 1)
	for round := range 2 {
		if c != nil && round > 0 {
			var more []*step
			t.steps = append(t.steps, &step{wave: wave, typed: c.change()})
			more, wave = c.again(a, t.steps, wave)
			t.steps = append(t.steps, more...)
			wave++
		}
		for i := range plan.Interfaces {
			if plan.Interfaces[i].Shutdown {
				continue // nothing arrives there
			}
			for range each {
				if p, ok := a.packet(i); ok {
					t.steps = append(t.steps, &step{wave: wave, in: plan.Interfaces[i].Name, packet: p})
				}
			}
			wave++
		}
	}
	// Fragments wait for each other: what becomes of one is known before the next is sent.
	for range 8 {
		i := a.IntN(len(plan.Interfaces))
		p, ok := a.packet(i)
		if _, down := plan.Interfaces[i].DownBy(); !ok || !p.HasPorts() || down {
			continue // of the kernel nobody can tell whether it waits there
		}
		for _, f := range fragments(p) {
			wave++
			t.steps = append(t.steps, &step{wave: wave, in: plan.Interfaces[i].Name, packet: f})
		}
	}
	wave++
	// Where an answer arrives is known when the packet has left. Most packets never leave: enough are followed.
	each = len(t.steps)
	for i := range t.steps[:each] {
		if t.steps[i].typed != nil || t.steps[i].again || !a.chance(40) || t.steps[i].packet.Fragment {
			continue
		}
		wave++
		if c != nil && c.chance(1) {
			var more []*step
			t.steps = append(t.steps, &step{wave: wave, typed: c.change()})
			more, wave = c.again(a, t.steps[:each], wave)
			t.steps = append(t.steps, more...)
			wave++
		}
		s := &step{wave: wave, answer: t.steps[i], about: a.chance(15), named: a.named()}
		if a.chance(35) {
			s.about, s.anew = false, true
			s.packet = runtime.Packet{Proto: pick(a, []uint8{ast.ProtoTCP, ast.ProtoUDP, ast.ProtoICMP, ast.ProtoGRE}), SrcPort: a.unused(), DstPort: max(pick(a, a.ports), 1)}
		}
		t.steps = append(t.steps, s)
		for a.chance(50) && !s.about {
			wave++
			s = &step{wave: wave, answer: s, named: a.named()}
			t.steps = append(t.steps, s)
		}
	}
	return t
}

func (t *trial) text() string { return strings.Join(t.lines, "\n") + "\n" }

func (t *trial) plan() *compiler.Plan {
	cfg, _, _ := parser.Load("pix.cfg", []byte(t.text()))
	plan, _ := compiler.Compile(cfg)
	return plan
}

const userName = "ann"

// boot is when every emulator starts.
var boot = time.Date(2004, time.March, 1, 12, 0, 0, 0, time.UTC)

// run sends everything through both engines, and returns the first difference.
func (t *trial) run(rig *lab.Rig, r *Report) (*Difference, error) {
	plan := t.plan()
	if plan == nil {
		return nil, errors.New("the configuration cannot be compiled")
	}
	e := emulator.New(runtime.NewVirtualClock(boot))
	e.SetTrace(false)
	if _, err := e.Apply(plan); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	k, err := rig.Open(kernel.Limits{})
	if err != nil {
		return nil, err
	}
	defer k.Close()
	if _, err := k.Apply(plan); err != nil {
		return nil, fmt.Errorf("kernel: %w\n%s", err, t.text())
	}
	for _, u := range t.logins {
		if in := plan.IfByName(u.in); in != compiler.None {
			list := runtime.UserList{Name: u.list}
			if err := k.Login(in, u.ip, userName, list); err != nil {
				if u.list != "" {
					continue // the kernel engine takes no list where no line asks for users, and says so
				}
				return nil, err
			}
			if err := e.Login(in, u.ip, userName, list); err != nil {
				return nil, err
			}
		}
	}
	for _, ip := range t.shuns {
		if err := errors.Join(e.Shun(runtime.Shun{Src: ip}), k.Shun(runtime.Shun{Src: ip})); err != nil {
			return nil, err
		}
	}
	done := map[*step]*pair{}
	plans, commands := []*compiler.Plan{plan}, []string(nil)
	for from := 0; from < len(t.steps); {
		to := from
		for to < len(t.steps) && t.steps[to].wave == t.steps[from].wave {
			to++
		}
		if list := t.steps[from].typed; list != nil {
			if commands = append(commands, list...); to > from+1 {
				return nil, errors.New("commands with packets beside them")
			}
			if plan, err = t.typed(commands); err != nil {
				return nil, err
			}
			if err := errors.Join(change(e, plan, list), change(k, plan, list)); err != nil {
				return nil, fmt.Errorf("%s: %w", strings.Join(list, ", "), err)
			}
			if r != nil {
				r.Changes++
			}
			for _, p := range done {
				p.ported = p.ported || slices.Contains(list, clearXlate) && p.emulator.Action == runtime.Forward && p.patAt(p.emulator.Egress, p.emulator.Out.Src)
			}
			plans = append(plans[:len(plans):len(plans)], plan)
			from = to
			continue
		}
		pairs, err := t.wave(plan, len(plans) > 1, e, k, t.steps[from:to], done)
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			p.plans = plans
			why := p.differs()
			if why == "" {
				if r != nil {
					if r.Pairs++; p.step.again && p.emulator.Action == runtime.Forward {
						r.Again++
					}
					r.Actions[p.emulator.Action.String()]++
				}
				continue
			}
			p.given = p.toGiven(done)
			p.shared = len(plans) > 1 && p.sharesPort(done)
			if note := unlike(plan, why, p); note != "" && note != t.show {
				if r != nil {
					r.Uncompared[note]++
				}
				if !strings.HasPrefix(why, otherMessages) && !strings.HasPrefix(why, otherTexts) {
					delete(done, p.step) // what follows would differ, too
				}
				continue
			}
			return &Difference{trial: t, pair: p, what: why, plan: plan}, nil
		}
		from = to
	}
	return nil, nil
}

// wave sends some packets to both engines.
func (t *trial) wave(plan *compiler.Plan, changed bool, e *emulator.Engine, k *lab.Probe, steps []*step, done map[*step]*pair) ([]*pair, error) {
	var pairs []*pair
	var list []lab.Injection
	for _, s := range steps {
		p := &pair{step: s, in: s.in}
		in := [2]int{plan.IfByName(s.in), plan.IfByName(s.in)}
		if s.answer == nil {
			p.sent = [2]runtime.Packet{s.packet, s.packet}
		} else {
			of := done[s.answer]
			if of == nil || of.emulator.Action != runtime.Forward || of.kernel.Action != runtime.Forward || of.ported && !s.again {
				continue
			}
			in = [2]int{of.emulator.Egress, of.kernel.Egress}
			p.sent = [2]runtime.Packet{s.answered(&of.emulator.Out), s.answered(&of.kernel.Out)}
			if s.again {
				i := plan.IfByName(of.in)
				in = [2]int{i, i}
				p.sent = [2]runtime.Packet{s.sentAgain(of.sent[0]), s.sentAgain(of.sent[1])}
			} else if changed && answeredFor(plan, of.sent[1].Src) {
				continue // as below, of the host that is answered
			}
			p.in = plan.Interfaces[in[0]].Name
		}
		if in[0] == compiler.None || changed && answeredFor(plan, p.sent[1].Src) {
			continue // the interface is not in the configuration any more, or the host's address has become the firewall's (see spoofed)
		}
		var err error
		if p.emulator, err = e.Inject(runtime.Ingress{If: in[0]}, p.sent[0]); err != nil {
			return nil, err
		}
		p.emulator.Logs = append([]runtime.Message(nil), p.emulator.Logs...)
		list = append(list, lab.Injection{In: runtime.Ingress{If: in[1]}, Packet: p.sent[1]})
		pairs = append(pairs, p)
	}
	if len(list) == 0 {
		return nil, nil
	}
	verdicts, err := k.InjectAll(list)
	if err != nil {
		return nil, err
	}
	for i, p := range pairs {
		p.kernel = verdicts[i]
		done[p.step] = p
	}
	return pairs, nil
}

// answered is what the receiver of a packet sends back: the second packet of the connection, or the third, an echo reply, an ICMP error,
// or the first of another connection.
func (s *step) answered(out *runtime.Packet) runtime.Packet {
	p := runtime.Packet{Proto: out.Proto, Src: out.Dst, Dst: out.Src, SrcPort: out.DstPort, DstPort: out.SrcPort, TTL: 64}
	if p.Proto == ast.ProtoUDP && p.SrcPort == 53 && !s.anew {
		p.Payload = replied(out.Payload, s.named)
	}
	if p.Proto == 58 || p.Proto == 136 {
		p.Length = 8 // see odd
	}
	switch {
	case s.about:
		quoted := runtime.Packet{Proto: out.Proto, Src: out.Src, Dst: out.Dst, SrcPort: out.SrcPort, DstPort: out.DstPort, ICMPType: out.ICMPType,
			ICMPCode: out.ICMPCode, ICMPID: out.ICMPID, TTL: 64}
		if !out.HasPorts() && out.Proto != ast.ProtoICMP {
			quoted.Payload = make([]byte, 8) // what an error has to quote
		}
		p = runtime.Packet{Proto: 1, Src: out.Dst, Dst: out.Src, ICMPType: 3, ICMPCode: 1, About: &quoted, TTL: 64}
	case s.anew:
		p.Proto, p.SrcPort, p.DstPort = s.packet.Proto, s.packet.SrcPort, s.packet.DstPort
		switch {
		case p.Proto == ast.ProtoTCP:
			p.Flags = runtime.SYN
		case p.Proto == ast.ProtoICMP:
			p.ICMPType, p.ICMPID = 8, p.SrcPort
		}
		if !p.HasPorts() {
			p.SrcPort, p.DstPort = 0, 0
		}
	case p.Proto == ast.ProtoTCP && out.Flags&(runtime.SYN|runtime.ACK) != runtime.SYN:
		p.Flags = runtime.ACK
	case p.Proto == ast.ProtoTCP:
		p.Flags = runtime.SYN | runtime.ACK
	case p.Proto == ast.ProtoICMP:
		p.ICMPType, p.ICMPID = out.ICMPType, out.ICMPID
		switch out.ICMPType {
		case 8, 13:
			p.ICMPType = map[uint8]uint8{8: 0, 13: 14}[out.ICMPType]
		case 0, 14:
			p.ICMPType = map[uint8]uint8{0: 8, 14: 13}[out.ICMPType] // asked again
		}
	}
	return p
}
