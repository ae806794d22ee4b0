package equivalence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// clearXlate is the one command that is typed between packets and is no line of the configuration.
const clearXlate = "clear xlate"

// A changer types lines of NAT, or takes them away, while there are translations that they have made. It draws by itself, so that trials
// without changes are what they would be without it.
type changer struct {
	*maker
	gone []string
}

// newChanger is nil where a trial has no changes.
func newChanger(seed uint64, m *maker) *changer {
	c := &changer{maker: &maker{Rand: rand.New(rand.NewPCG(seed, 0xc2b2ae3d27d4eb4f)), nets: m.nets, lines: slices.Clone(m.lines)}}
	if !c.chance(40) {
		return nil
	}
	return c
}

// change is what is typed at once.
func (c *changer) change() []string {
	hi, lo := c.pair()
	switch c.IntN(11) {
	case 0, 1:
		return c.remove("nat (")
	case 2, 3:
		return c.remove("global (")
	case 4:
		return append(c.remove("global ("), c.put("global (%s) %d %s%d-%s%d netmask 255.255.255.0", lo.name, 1+c.IntN(3), lo.prefix, 11+c.IntN(3), lo.prefix, 15+c.IntN(4))...)
	case 5:
		return append(c.remove("global ("), c.put("global (%s) %d %s%d", lo.name, 1+c.IntN(3), lo.prefix, 20+c.IntN(4))...)
	case 6:
		return c.put("nat (%s) %d %s%s", hi.name, c.IntN(4), hi.prefix, c.of("5 255.255.255.255", "0 255.255.255.128", "64 255.255.255.192"))
	case 7:
		return c.put("static (%s,%s) %s%d %s netmask 255.255.255.255", hi.name, lo.name, lo.prefix, 84+c.IntN(4), c.host(hi))
	case 8:
		if len(c.gone) > 0 {
			return c.put("%s", c.gone[c.IntN(len(c.gone))])
		}
	case 9:
		return c.address(lo)
	}
	return []string{clearXlate}
}

// address gives an interface another address of its network.
func (c *changer) address(s *segment) []string {
	return c.put("ip address %s %s%d 255.255.255.0", s.name, s.prefix, []int{1, 2, 3, 9, 12, 20, 80, 84}[c.IntN(8)])
}

func (c *changer) put(format string, args ...any) []string {
	c.add(format, args...)
	return c.lines[len(c.lines)-1:]
}

// remove takes a line away that begins so.
func (c *changer) remove(with string) []string {
	var at []int
	for i, l := range c.lines {
		if strings.HasPrefix(l, with) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return []string{clearXlate}
	}
	i := at[c.IntN(len(at))]
	l := c.lines[i]
	c.gone = append(c.gone, l)
	c.lines = slices.Delete(slices.Clone(c.lines), i, i+1)
	return []string{"no " + l}
}

// again follows packets of a trial: what was forwarded is sent once more, from another port of its host or to another service.
func (c *changer) again(a *aimer, steps []*step, wave int) (out []*step, next int) {
	of := map[string][]*step{}
	var ifs []string
	for _, s := range steps {
		if p := &s.packet; s.answer != nil || s.in == "" || p.Fragment || p.About != nil || !c.chance(50) {
			continue
		}
		if of[s.in] == nil {
			ifs = append(ifs, s.in)
		}
		of[s.in] = append(of[s.in], s)
	}
	for _, in := range ifs {
		wave++
		for _, s := range of[in] {
			x := &step{wave: wave, answer: s, again: true}
			if x.packet.SrcPort = s.packet.SrcPort; c.chance(60) {
				x.packet.SrcPort = a.unused()
			}
			if x.packet.DstPort = s.packet.DstPort; x.packet.SrcPort == s.packet.SrcPort {
				x.packet.DstPort = a.unused()
			}
			out = append(out, x)
		}
	}
	return out, wave
}

// sentAgain is a packet as it is sent once more.
func (s *step) sentAgain(p runtime.Packet) runtime.Packet {
	if p.HasPorts() {
		p.SrcPort, p.DstPort = s.packet.SrcPort, s.packet.DstPort
	}
	if p.Proto == ast.ProtoTCP {
		p.Flags = runtime.SYN
	}
	return p
}

// typed is the plan after some commands.
func (t *trial) typed(commands []string) (*compiler.Plan, error) {
	lines := slices.DeleteFunc(slices.Concat(t.lines, commands), func(l string) bool { return l == clearXlate })
	cfg, _, _ := parser.Load("pix.cfg", []byte(strings.Join(lines, "\n")+"\n"))
	plan, diags := compiler.Compile(cfg)
	if plan == nil {
		return nil, fmt.Errorf("the configuration cannot be compiled any more: %w", diags.Err())
	}
	return plan, nil
}

// An applier is either engine.
type applier interface {
	Apply(*compiler.Plan) (ast.Diagnostics, error)
	ClearXlates(runtime.XlateFilter) error
}

// change types commands on an engine.
func change(e applier, plan *compiler.Plan, commands []string) error {
	if _, err := e.Apply(plan); err != nil {
		return err
	}
	if slices.Contains(commands, clearXlate) {
		return e.ClearXlates(runtime.XlateFilter{})
	}
	return nil
}

// sharesPort reports whether a port of a packet's host has been translated, on the kernel, to one that another host has had as well.
func (p *pair) sharesPort(done map[*step]*pair) bool {
	sent := &p.sent[1]
	for _, q := range done {
		if x := &q.sent[1]; q.kernel.Action != runtime.Forward || !sent.HasPorts() || x.Proto != sent.Proto || x.Src != sent.Src || x.SrcPort != sent.SrcPort {
			continue
		}
		for _, r := range done {
			if x, y := &q.kernel.Out, &r.kernel.Out; r.kernel.Action == runtime.Forward && r.kernel.Egress == q.kernel.Egress && x.Proto == y.Proto && x.Src == y.Src &&
				x.SrcPort == y.SrcPort && r.sent[1].Src != sent.Src {
				return true
			}
		}
	}
	return false
}
