package shell

import (
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
)

// A Trace is what became of one packet on a box with a given configuration: `pixfw trace`.
type Trace struct {
	Plan        *compiler.Plan
	In          runtime.Ingress
	Packet      runtime.Packet
	Verdict     runtime.Verdict
	Detailed    bool
	Fresh       bool            // decided without the state of the engine
	Diagnostics ast.Diagnostics // of the compilation
}

// NewTrace sends the packet that operands describe, as behind `packet-tracer`, through a fresh emulator.
func NewTrace(cfg *ast.Config, operands []string) (*Trace, error) {
	s, diags, err := New(Options{Config: cfg, Start: Privileged})
	if err != nil {
		return nil, err
	}
	line, words, err := s.expand("packet-tracer " + strings.Join(operands, " "))
	if err != nil {
		return nil, err
	}
	cmd, bad := parser.ParseExec(line, s.scope())
	if d := firstError(bad); d != nil {
		return nil, s.syntaxError(d, words)
	}
	c, ok := cmd.(*ast.PacketTracer)
	if !ok {
		return nil, refused(textUnknown)
	}
	t, err := s.trace(c)
	if err != nil {
		return nil, err
	}
	t.Diagnostics = diags
	return t, nil
}

// trace injects a packet. On the console of an emulator it counts like any other packet; elsewhere it is asked what the policy would
// do if there were no connections, translations, users and tunnels.
func (s *Session) trace(c *ast.PacketTracer) (*Trace, error) {
	plan := s.engine.Plan()
	injector, ok := s.engine.(runtime.Injector)
	if !ok {
		// Real wires take no packet of ours, but the policy is the same.
		e := emulator.New(s.clock)
		if _, err := e.Apply(plan); err != nil {
			return nil, refused("ERROR: " + err.Error())
		}
		defer e.Close()
		injector = e
	}
	t := &Trace{Fresh: !ok, Plan: plan, In: runtime.Ingress{If: plan.IfByName(c.If)}, Packet: TracePacket(c), Detailed: c.Detailed}
	if t.In.If == compiler.None {
		return nil, refusef("interface name \"%s\" not found", c.If)
	}
	var err error
	if t.Verdict, err = injector.Inject(t.In, t.Packet); err != nil {
		return nil, refused("ERROR: " + err.Error())
	}
	return t, nil
}

// Text is the trace in words.
func (t *Trace) Text() string {
	text := RenderTrace(t.Plan, t.In, t.Packet, t.Verdict, t.Detailed)
	if t.Fresh {
		text = textFreshTrace + text
	}
	return text
}

// MarshalJSON is the trace for machines.
func (t *Trace) MarshalJSON() ([]byte, error) { return TraceJSON(t.Plan, t.Verdict) }

var _ runtime.Injector = (*emulator.Engine)(nil)
