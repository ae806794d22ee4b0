package equivalence

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// differs is what the engines disagree about; empty: nothing.
func (p *pair) differs(plan *compiler.Plan) string {
	a, b := &p.emulator, &p.kernel
	switch {
	case a.Action != b.Action:
		return "what becomes of it"
	case a.Egress != b.Egress:
		return "the interface"
	}
	if a.Action == runtime.Forward {
		switch x, y := &a.Out, &b.Out; {
		case x.Src != y.Src:
			return "the source"
		case x.Dst != y.Dst:
			return "the destination"
		case x.HasPorts() && !samePort(x.SrcPort, y.SrcPort, p.sent[0].SrcPort):
			return "the source port"
		case x.HasPorts() && p.step.answer == nil && x.DstPort != y.DstPort:
			return "the destination port"
		case (x.About == nil) != (y.About == nil):
			return "the quoted packet"
		case x.About != nil && (x.About.Src != y.About.Src || x.About.Dst != y.About.Dst):
			return "the quoted packet"
		}
	}
	if x, y := ids(a), ids(b); !slices.Equal(x, y) {
		return otherMessages + fmt.Sprintf("%v and %v", x, y)
	}
	return ""
}

const otherMessages = "the messages: "

// samePort compares a port that left: one that PAT has allocated by its class (semantics.md 3.4).
func samePort(a, b, sent uint16) bool {
	if a == b {
		return true
	}
	return a != sent && class(a) == class(b)
}

func class(port uint16) int {
	switch {
	case port < 512:
		return 0
	case port < 1024:
		return 1
	}
	return 2
}

// ids are the messages of a verdict, each once.
func ids(v *runtime.Verdict) []int {
	var out []int
	for _, m := range v.Logs {
		if !slices.Contains(out, m.ID) {
			out = append(out, m.ID)
		}
	}
	slices.Sort(out)
	return out
}

// Unlike are the differences that are known, with the reason why nothing is done about them.
var Unlike = map[string]string{
	"messages":   "a packet that is wrong in several ways is dropped by both, and logged for another of them: Linux looks in another order",
	"remembered": "a host with several statics: what has no ports keeps the one of the packet that it answers, a PIX takes the first",
	"repeats":    "106100 is written for every packet (W512)",
	"quoting":    "an ICMP error whose packet conntrack knows, or knows not, is translated by that, not by the address it is sent to",
	"ports":      "Linux gives a port of a host another PAT port where the first would make two connections one: another 305011 for it",
	"edges":      "a reply to the network or broadcast address of a net static, which a PIX refuses (305006): conntrack knows whose it is",
	"collision":  "two connections that translation would make one: a PIX refuses the second (305006), Linux gives it another port",
}

// unlike is the name in Unlike of a difference that is known.
func unlike(why string, p *pair) string {
	e := &p.emulator
	if e.Action == runtime.Drop && strings.HasPrefix(why, otherMessages) {
		return "messages"
	}
	switch both := e.Action == runtime.Forward && p.kernel.Action == runtime.Forward; {
	case p.sent[0].About != nil:
		return "quoting"
	case both && !p.sent[0].HasPorts() && !strings.HasPrefix(why, otherMessages):
		return "remembered"
	case both && strings.HasPrefix(why, otherMessages) && slices.Equal(without(ids(e), 106100, 302016), without(ids(&p.kernel), 106100, 302016)):
		return "repeats"
	}
	k := &p.kernel
	switch {
	case e.Action == runtime.Forward && k.Action == runtime.Forward && p.sent[0].Proto == ast.ProtoUDP && p.sent[0].DstPort == 53 &&
		slices.Equal(without(ids(e), 302015), ids(k)):
		return "repeats" // asked again after the answer: the connection had not ended
	case e.Action == runtime.Forward && k.Action == runtime.Forward && k.Out.SrcPort != p.sent[1].SrcPort && slices.Equal(ids(e), without(ids(k), 305011)):
		return "ports"
	case e.Action == runtime.Drop && k.Action == runtime.Forward && !p.sent[0].HasPorts() && p.step.answer != nil && slices.ContainsFunc(e.Logs,
		func(m runtime.Message) bool {
			return m.ID == 305006 && strings.HasPrefix(m.Text, "Dst IP is network/broadcast")
		}):
		return "edges"
	}
	if e.Action == runtime.Drop && p.kernel.Action == runtime.Forward && slices.ContainsFunc(e.Logs, func(m runtime.Message) bool {
		return m.ID == 305006 && strings.HasPrefix(m.Text, "regular") && p.sent[0].HasPorts()
	}) {
		return "collision"
	}
	return ""
}

func without(list []int, drop ...int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(id int) bool { return slices.Contains(drop, id) })
}

// words is a verdict as a scenario file would want it.
func words(plan *compiler.Plan, v *runtime.Verdict) string {
	switch v.Action {
	case runtime.Forward:
		o := &v.Out
		s := fmt.Sprintf("%s: %s > %s", plan.Interfaces[v.Egress].Name, end(o, o.Src, o.SrcPort), end(o, o.Dst, o.DstPort))
		if o.About != nil {
			s += fmt.Sprintf(" about (%s)", quoted(o.About))
		}
		if list := idWords(v, ","); list != "" {
			s += " log " + list
		}
		return s
	case runtime.Drop:
		return strings.TrimSpace("drop " + idWords(v, "|"))
	case runtime.Box:
		return "box"
	case runtime.Auth:
		return "auth"
	}
	return v.Action.String()
}

func idWords(v *runtime.Verdict, sep string) string {
	var out []string
	for _, id := range ids(v) {
		out = append(out, fmt.Sprintf("%06d", id))
	}
	return strings.Join(out, sep)
}

func end(p *runtime.Packet, ip ast.IP, port uint16) string {
	if p.HasPorts() {
		return fmt.Sprintf("%v:%d", ip, port)
	}
	return ip.String()
}

func quoted(p *runtime.Packet) string {
	return fmt.Sprintf("%s %s > %s", ast.ProtocolWord(p.Proto), end(p, p.Src, p.SrcPort), end(p, p.Dst, p.DstPort))
}

// packetWords is a packet as scenario files write it.
func packetWords(p *runtime.Packet) string {
	s := quoted(p)
	switch p.Proto {
	case ast.ProtoTCP:
		if p.Flags != runtime.SYN {
			s += " flags " + strings.ToLower(strings.ReplaceAll(p.Flags.String(), " ", "+"))
		}
	case ast.ProtoICMP:
		s += fmt.Sprintf(" type %d code %d", p.ICMPType, p.ICMPCode)
		if p.About != nil {
			s += fmt.Sprintf(" about (%s)", quoted(p.About))
		} else {
			s += fmt.Sprintf(" id %d", p.ICMPID)
		}
	}
	return s
}
