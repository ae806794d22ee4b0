package equivalence

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/kernel/lab"
)

// A Difference is a packet about which the engines disagree, with what is needed for it.
type Difference struct {
	trial *trial
	pair  *pair
	plan  *compiler.Plan // that was in force for it
	what  string
}

// kind tells differences of one cause from others, as far as that can be seen from outside.
func (d *Difference) kind() string {
	return fmt.Sprint(d.what, d.pair.emulator.Action, ids(&d.pair.emulator), d.pair.kernel.Action, ids(&d.pair.kernel), d.pair.sent[0].Proto, d.pair.step.answer != nil)
}

// shrink takes away packets and lines, as long as the difference stays of its kind.
func (d *Difference) shrink(rig *lab.Rig) (*Difference, error) {
	kind := d.kind()
	try := func(t *trial) (bool, error) {
		found, err := t.run(rig, nil)
		if err != nil || found == nil || found.kind() != kind {
			return false, err
		}
		d = found
		return true, nil
	}
	// What comes after the packet is not needed, and most often nothing that came before but what it answers.
	last := d.pair.step
	needed := map[*step]bool{last: true}
	for at := last.answer; at != nil; at = at.answer {
		needed[at] = true
	}
	var alone []*step
	for _, s := range d.trial.steps[:slices.Index(d.trial.steps, last)+1] {
		if needed[s] || s.typed != nil {
			alone = append(alone, s)
		}
	}
	ok, err := try(&trial{d.trial.seed, d.trial.lines, d.trial.logins, d.trial.shuns, alone, d.trial.show})
	if err != nil {
		return nil, err
	}
	if steps := d.trial.steps; !ok || len(alone) > len(needed) {
		steps = steps[:slices.Index(steps, last)+1]
		for size := len(steps) / 2; size > 0; size /= 2 {
			for at := 0; at+size < len(steps); {
				fewer := slices.Delete(slices.Clone(steps), at, at+size)
				ok, err := try(&trial{d.trial.seed, d.trial.lines, d.trial.logins, d.trial.shuns, fewer, d.trial.show})
				if err != nil {
					return nil, err
				}
				if ok {
					steps = fewer
				} else {
					at += size
				}
			}
		}
	}
	for i := 0; i < len(d.trial.logins); {
		fewer := slices.Delete(slices.Clone(d.trial.logins), i, i+1)
		ok, err := try(&trial{d.trial.seed, d.trial.lines, fewer, d.trial.shuns, d.trial.steps, d.trial.show})
		if err != nil {
			return nil, err
		}
		if !ok {
			i++
		}
	}
	lines := d.trial.lines
	for size := len(lines) / 2; size > 0; size /= 2 {
		for at := 0; at < len(lines); {
			fewer := slices.Delete(slices.Clone(lines), at, min(at+size, len(lines)))
			ok, err := try(&trial{d.trial.seed, fewer, d.trial.logins, d.trial.shuns, d.trial.steps, d.trial.show})
			switch {
			case err != nil && size > 1, err == nil && !ok: // an error: half a configuration may not be one
				at += size
			case err != nil:
				at++
			default:
				lines = fewer
			}
		}
	}
	return d, nil
}

// Scenario is the difference as a scenario file: what the emulator did is what is wanted.
func (d *Difference) Scenario() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Emulator and kernel disagree about %s (seed %d).\n", d.what, d.trial.seed)
	fmt.Fprintf(&b, "The last packet, on the kernel: %s %s\n", words(d.plan, &d.pair.kernel), d.pair.kernel.Reason)
	fmt.Fprintf(&b, "The last packet, on the emulator: %s %s\n", words(d.plan, &d.pair.emulator), d.pair.emulator.Reason)
	for _, m := range d.pair.kernel.Logs {
		fmt.Fprintf(&b, "  on the kernel: %s\n", m.Text)
	}
	for _, m := range d.pair.emulator.Logs {
		fmt.Fprintf(&b, "  on the emulator: %s\n", m.Text)
	}
	fmt.Fprintf(&b, "-- pix.cfg --\n%s-- scenario --\n", d.trial.text())
	e := emulator.New(runtime.NewVirtualClock(boot))
	plan := d.trial.plan()
	if _, err := e.Apply(plan); err != nil {
		return b.String() + "# " + err.Error() + "\n"
	}
	for _, u := range d.trial.logins {
		fmt.Fprintf(&b, "login %s %v %s", u.in, u.ip, userName)
		if u.list != "" {
			fmt.Fprintf(&b, " acl %s", u.list)
		}
		b.WriteByte('\n')
		if err := e.Login(plan.IfByName(u.in), u.ip, userName, runtime.UserList{Name: u.list}); err != nil {
			fmt.Fprintf(&b, "# %v\n", err)
		}
	}
	for _, ip := range d.trial.shuns {
		fmt.Fprintf(&b, "shun %v\n", ip)
		if err := e.Shun(runtime.Shun{Src: ip}); err != nil {
			fmt.Fprintf(&b, "# %v\n", err)
		}
	}
	type event struct {
		runtime.Verdict
		in   int
		sent runtime.Packet
	}
	done := map[*step]*event{}
	var commands []string
	for _, s := range d.trial.steps {
		if s.typed != nil {
			commands = append(commands, s.typed...)
			for _, l := range s.typed {
				fmt.Fprintf(&b, "do %s\n", l)
			}
			var err error
			if plan, err = d.trial.typed(commands); err == nil {
				err = change(e, plan, s.typed)
			}
			if err != nil {
				return b.String() + "# " + err.Error() + "\n"
			}
			continue
		}
		p, in := s.packet, plan.IfByName(s.in)
		if s.answer != nil {
			of := done[s.answer]
			if of == nil || of.Action != runtime.Forward {
				continue
			}
			if p, in = s.answered(&of.Out), of.Egress; s.again {
				p, in = s.sentAgain(of.sent), of.in
			}
		}
		if in == compiler.None {
			continue
		}
		v, err := e.Inject(runtime.Ingress{If: in}, p)
		if err != nil {
			fmt.Fprintf(&b, "# %v\n", err)
			continue
		}
		done[s] = &event{v, in, p}
		fmt.Fprintf(&b, "%s: %s => %s\n", plan.Interfaces[in].Name, packetWords(&p), words(plan, &v))
		if s == d.pair.step {
			break
		}
	}
	return b.String()
}
