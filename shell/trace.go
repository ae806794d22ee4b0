package shell

import (
	"encoding/json"
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// TracePacket is the packet that a packet-tracer command sends: a TCP packet opens a connection.
func TracePacket(c *ast.PacketTracer) runtime.Packet {
	p := runtime.Packet{Proto: c.Proto, Src: c.Src, Dst: c.Dst, SrcPort: c.SrcPort, DstPort: c.DstPort, TTL: 64}
	switch c.Proto {
	case ast.ProtoTCP:
		p.Flags = runtime.SYN
	case ast.ProtoICMP:
		p.ICMPType, p.ICMPCode, p.ICMPID = c.Type, c.Code, c.ID
	}
	return p
}

// RenderTrace is a verdict in the words of ASA's packet-tracer: the phases with the lines that decided, then the result.
// detailed adds the packet on both wires and what was logged.
func RenderTrace(plan *compiler.Plan, in runtime.Ingress, p runtime.Packet, v runtime.Verdict, detailed bool) string {
	var b strings.Builder
	for i, ph := range v.Phases {
		fmt.Fprintf(&b, "\nPhase: %d\nType: %s\nResult: %s\nConfig:\n", i+1, ph.Type, ph.Result)
		lines := 0
		for _, l := range ph.Lines {
			if !l.IsDefault() {
				b.WriteString(l.Text() + "\n")
				lines++
			}
		}
		if lines == 0 || ph.Implicit {
			b.WriteString("Implicit Rule\n")
		}
		b.WriteString("Additional Information:\n")
		if ph.Note != "" {
			b.WriteString(ph.Note + "\n")
		}
	}
	if detailed {
		fmt.Fprintf(&b, "\nPacket:\nreceived: %s\n", p.String())
		if v.Action == runtime.Forward || v.Action == runtime.Encrypt {
			fmt.Fprintf(&b, "sent: %s\n", v.Out.String())
		}
		b.WriteString("Logged:\n")
		for _, m := range v.Logs {
			b.WriteString(m.String() + "\n")
		}
	}
	fmt.Fprintf(&b, "\nResult:\ninput-interface: %s\n", ifName(plan, in.If))
	b.WriteString(ifStatus(plan, "input", in.If))
	switch v.Action {
	case runtime.Forward, runtime.Encrypt:
		fmt.Fprintf(&b, "output-interface: %s\n", ifName(plan, v.Egress))
		b.WriteString(ifStatus(plan, "output", v.Egress))
	case runtime.Box:
		b.WriteString("output-interface: NP Identity Ifc\n")
	}
	if v.Action == runtime.Encrypt {
		fmt.Fprintf(&b, "tunnel-peer: %v\n", v.Peer)
	}
	switch v.Action {
	case runtime.Drop:
		b.WriteString("Action: drop\n")
		reason := v.Reason
		if reason == "" {
			reason = "no reason given"
		}
		fmt.Fprintf(&b, "Drop-reason: %s\n", reason)
		if v.Reset {
			b.WriteString("Note: a TCP reset is sent to the sender\n")
		}
	case runtime.Auth:
		b.WriteString("Action: allow\nNote: taken by the cut-through proxy, which asks for a user name\n")
	case runtime.SynProxy:
		b.WriteString("Action: allow\nNote: answered by the firewall for the server\n")
	case runtime.Held:
		b.WriteString("Action: allow\nNote: a fragment, held until the datagram is complete\n")
	default:
		b.WriteString("Action: allow\n")
	}
	b.WriteByte('\n')
	return b.String()
}

func ifStatus(plan *compiler.Plan, side string, i int) string {
	state := "up"
	if plan != nil && i >= 0 && i < len(plan.Interfaces) && plan.Interfaces[i].Shutdown {
		state = "down"
	}
	return fmt.Sprintf("%s-status: %s\n%s-line-status: %s\n", side, state, side, state)
}

// TraceJSON is a verdict for machines, in the form that `pixfw trace --json` promises.
func TraceJSON(plan *compiler.Plan, v runtime.Verdict) ([]byte, error) {
	type line struct {
		Line int32  `json:"line"`
		Text string `json:"text"`
	}
	type phase struct {
		Type   string `json:"type"`
		Result string `json:"result"`
		Lines  []line `json:"lines"`
		Note   string `json:"note"`
		// Implicit: no line says it; lines are those that were looked at.
		Implicit bool `json:"implicit,omitempty"`
	}
	type message struct {
		ID   int    `json:"id"`
		Text string `json:"text"`
	}
	out := struct {
		Result string    `json:"result"`
		Reason string    `json:"reason"`
		Syslog []message `json:"syslog"`
		Egress string    `json:"egress"`
		Src    string    `json:"src"`
		Sport  uint16    `json:"sport"`
		Dst    string    `json:"dst"`
		Dport  uint16    `json:"dport"`
		Phases []phase   `json:"phases"`
	}{Result: v.Action.String(), Reason: v.Reason, Syslog: []message{}, Phases: []phase{}}
	if v.Action == runtime.Forward || v.Action == runtime.Encrypt {
		out.Egress = ifName(plan, v.Egress)
		out.Src, out.Dst = v.Out.Src.String(), v.Out.Dst.String()
		out.Sport, out.Dport = v.Out.SrcPort, v.Out.DstPort
	}
	for _, m := range v.Logs {
		out.Syslog = append(out.Syslog, message{m.ID, m.Text})
	}
	for _, ph := range v.Phases {
		lines := []line{}
		for _, l := range ph.Lines {
			if !l.IsDefault() {
				lines = append(lines, line{l.Pos.Line, l.Text()})
			}
		}
		out.Phases = append(out.Phases, phase{ph.Type, ph.Result, lines, ph.Note, ph.Implicit})
	}
	return json.Marshal(out)
}
