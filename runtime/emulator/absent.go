package emulator

import (
	"pixfw/compiler"
	"pixfw/runtime"
)

// noRule drops what no rule translates. The lines of the trace are those that oblige it to be translated, else those that translate
// others on their way from its interface.
func (e *Engine) noRule(f *flight, msgs []runtime.Message) {
	if !f.trace {
		f.drop(e, "NAT", whyNAT, msgs)
		return
	}
	note := "no nat or static translates " + f.pkt.Src.String() + " from " + e.ifName(f.in.If) + " to " + e.ifName(f.out)
	var lines []compiler.Line
	if f.inbound {
		if n := e.outsideObliges(f.in.If, f.out); n != nil {
			note += "; these oblige all that comes by " + e.ifName(f.in.If)
			lines = append(lines, n.Line, e.globalOf(f.out, n.ID).Line)
		}
	} else if lines = e.sourceRules(f.in.If, f.out); len(lines) > 0 {
		note += "; these were looked at"
	}
	f.dropBy(e, "NAT", whyNAT, note, msgs, lines...)
}

// noStatic says for traces what an inbound packet would have needed.
func (e *Engine) noStatic(f *flight) string {
	if !f.trace {
		return ""
	}
	return "no static, exemption or translation that lives makes " + f.pkt.Dst.String() + " a host of " + e.ifName(f.out)
}

// mostConsidered is how many lines that were looked at in vain a trace shows.
const mostConsidered = 8

// sourceRules are the lines that translate hosts of an interface towards another, in the order in which they are tried.
func (e *Engine) sourceRules(in, out int) (lines []compiler.Line) {
	add := func(from int, outside bool, l compiler.Line) {
		if from == in && !outside && len(lines) < mostConsidered {
			lines = append(lines, l)
		}
	}
	t := &e.plan.NAT
	for i := range t.Exemptions {
		add(t.Exemptions[i].If, t.Exemptions[i].Outside, t.Exemptions[i].Line)
	}
	for i := range t.Statics {
		if t.Statics[i].MappedIf == out {
			add(t.Statics[i].RealIf, false, t.Statics[i].Line)
		}
	}
	for _, nats := range [][]compiler.Nat{t.Policies, t.Nats} {
		for i := range nats {
			add(nats[i].If, nats[i].Outside, nats[i].Line)
		}
	}
	return lines
}
