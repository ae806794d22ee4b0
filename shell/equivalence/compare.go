package equivalence

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// differs is what the engines disagree about; empty: nothing.
func (p *pair) differs() string {
	a, b := &p.emulator, &p.kernel
	switch {
	case a.Action != b.Action:
		return "what becomes of it"
	case a.Egress != b.Egress:
		return "the interface"
	case a.Reset != b.Reset && !p.sent[0].Fragment: // Linux sends none for a wrong checksum: see summed
		return otherReset
	}
	if a.Action == runtime.Forward {
		switch x, y := &a.Out, &b.Out; {
		case x.Src != y.Src:
			return otherSource
		case x.Dst != y.Dst:
			return "the destination"
		case x.HasPorts() && !samePort(x.SrcPort, y.SrcPort, p.sent[0].SrcPort) && !(p.patAt(a.Egress, x.Src) && class(x.SrcPort) == class(y.SrcPort)):
			return "the source port"
		case x.HasPorts() && (p.step.answer == nil || p.step.again) && x.DstPort != y.DstPort:
			return "the destination port"
		case (x.About == nil) != (y.About == nil):
			return "what it quotes"
		case x.About != nil && (x.About.Src != y.About.Src || x.About.Dst != y.About.Dst || x.About.HasPorts() &&
			(!samePort(x.About.SrcPort, y.About.SrcPort, p.sent[0].About.SrcPort) || !samePort(x.About.DstPort, y.About.DstPort, p.sent[0].About.DstPort))):
			return quotedPacket
		case x.Proto == ast.ProtoUDP && x.SrcPort == 53 && len(p.sent[0].Payload) > 0 && !bytes.Equal(x.Payload, y.Payload):
			return "the answer of a name server"
		}
	}
	if x, y := ids(a), ids(b); !slices.Equal(x, y) {
		return otherMessages + fmt.Sprintf("%v and %v", x, y)
	}
	x, y := texts(a), texts(b)
	for _, t := range x {
		if !slices.Contains(y, t) {
			return otherTexts + fmt.Sprintf("%q, and %q", t, y)
		}
	}
	return ""
}

// changing is what differs between two engines that agree: numbers of connections, ports that PAT has given out, how long something
// lived and what it carried.
var changing = regexp.MustCompile(` connection \d+ | duration [0-9:]+| bytes \d+|\bid ?=? ?\d+`)

// texts are the messages of a verdict, each once, without what may differ.
func texts(v *runtime.Verdict) []string {
	var out []string
	for _, m := range v.Logs {
		t := changing.ReplaceAllString(fmt.Sprintf("%06d: %s", m.ID, m.Text), " ")
		if given[m.ID/1000] != nil {
			t = given[m.ID/1000].ReplaceAllString(t, "$1/PORT")
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out
}

// given is where messages have the port of a translation: PAT has given it out.
var given = map[int]*regexp.Regexp{302: regexp.MustCompile(`(\([0-9.]+)/\d+`), 305: regexp.MustCompile(`( translation from .* to [^ :]+:[0-9.]+)/\d+`)}

const (
	otherMessages = "the messages: "
	otherTexts    = "the text of a message: "
	quotedPacket  = "the quoted packet"
	otherSource   = "the source"
	otherReset    = "the reset"
)

// patAt reports whether an address on an interface is one of PAT, or was, which may by chance give out the port that a packet came with.
func (p *pair) patAt(on int, ip ast.IP) bool {
	return slices.ContainsFunc(p.plans, func(plan *compiler.Plan) bool {
		return slices.ContainsFunc(plan.NAT.Globals, func(g compiler.Global) bool { return g.PAT && g.If == on && g.First == ip })
	})
}

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
	"quoting": "an ICMP error about a connection that uses another translation of its host than the host's own packets do (another static, or an exemption): the packet in " +
		"it is translated like the error, or by the host's first static; a PIX asks the connection",
	"allocated": "a packet that is no answer, and hits by chance a port that PAT has given out on one engine: the engines give out others",
	"shared":    "a port that has outlived the line of its translation, and that Linux had given to two hosts: neither keeps it (W502)",
	"ported": "a port of PAT that outlives its line, of a host that has got an address since: a PIX looks for the address first; the kernel goes on with the port for " +
		"echoes of the same id, and for who calls while the process gives out the address",
	"ports": "Linux gives a port or ICMP id of a host another PAT port where the first would make two connections one: another 305011 for it. A port of its own for each " +
		"translation would mean that every first packet waits for the process",
	"oversize": "a first DNS message that is too long: a PIX has built the connection when its inspection drops it (302015), Linux keeps none of a packet that it drops: the next packet builds it",
	"summed": "a first packet of TCP in fragments, to or from a host with too many half-open connections: the kernel answers for the host only where the checksum is right, " +
		"and fragments of this comparison have none of the whole packet",
	"replies": "an echo reply whose sender PAT translates, though it answers none of his requests (none at all, or one of a host that PAT hides from him in turn): conntrack makes a flow of " +
		"requests only (W514)",
	"sender": "an echo reply to a PAT address, of outside NAT, from a host that was called by another static than its own packets use: conntrack translates it back to the " +
		"address that was called",
	"collision": "two connections that translation would make one: a PIX refuses the second (305006), Linux gives it another port and tells nobody; rules compare a port with constants, " +
		"not with the one that it was, before Linux 6.13",
	"logins": "one more connection of a host to where its user logs in than aaa proxy-limit permits: here what comes to the firewall itself is taken away, and none stays open",
}

// unlike is the name in Unlike of a difference that is known.
func unlike(plan *compiler.Plan, why string, p *pair) string {
	e, k, sent := &p.emulator, &p.kernel, &p.sent[0]
	messages := strings.HasPrefix(why, otherMessages)
	dropped := e.Action == runtime.Drop && k.Action == runtime.Drop
	passed := e.Action == runtime.Forward && k.Action == runtime.Forward
	in := plan.IfByName(p.in)
	pat := p.patAt(in, sent.Dst)
	changed := len(p.plans) > 1
	if p.shared && e.Action == runtime.Forward && p.patAt(e.Egress, e.Out.Src) && !slices.Contains(ids(e), 305011) {
		return "shared"
	}
	if strings.HasPrefix(why, otherTexts) {
		return ""
	}
	switch {
	case changed && passed && why == otherSource && p.patAt(e.Egress, k.Out.Src) && !p.patAt(e.Egress, e.Out.Src) && !slices.Contains(ids(k), 305011):
		return "ported"
	case k.Action == runtime.Auth && slices.Contains(ids(e), 109017):
		return "logins"
	case e.Action == runtime.SynProxy && k.Action == runtime.Drop && sent.Fragment && slices.Equal(ids(e), ids(k)):
		return "summed"
	case passed && why == otherSource && sent.Proto == ast.ProtoICMP && pat && slices.ContainsFunc(plan.NAT.Statics, func(s compiler.Static) bool {
		return s.RealIf == in && s.MappedIf == e.Egress && s.RealNet().Contains(sent.Src) && s.ToMapped(sent.Src) == k.Out.Src
	}):
		return "sender"
	case passed && why == quotedPacket && (several(plan, sent.About) || several(plan, e.Out.About)):
		return "quoting"
	case dropped && messages && slices.Contains(ids(e), 410001) && slices.Equal(without(ids(e), 302015, 305009, 305011), without(ids(k), 305009, 305011)):
		return "oversize"
	case (e.Action != k.Action || why == otherReset) && p.given && pat && (p.step.answer == nil || p.step.anew || p.step.again):
		return "allocated"
	case changed && dropped && messages && p.given && pat && slices.Equal(ids(e), []int{106011}) && in != compiler.None && plan.Interfaces[in].Net.IP == sent.Dst:
		return "allocated"
	case e.Action == runtime.Forward && k.Action == runtime.Drop && sent.Proto == ast.ProtoICMP && sent.ICMPType == 0 &&
		slices.Contains(ids(k), 305006) && slices.ContainsFunc(plan.NAT.Globals, func(g compiler.Global) bool { return g.PAT && g.If == e.Egress && g.First == e.Out.Src }):
		return "replies"
	case passed && messages && movedPort(&p.sent[1], &k.Out) && p.patAt(k.Egress, k.Out.Src) && slices.Contains(ids(k), 305011) && slices.Equal(ids(e), without(ids(k), 305011)):
		return "ports"
	case e.Action == runtime.Drop && k.Action == runtime.Forward && movedPort(&p.sent[1], &k.Out) && slices.ContainsFunc(e.Logs, func(m runtime.Message) bool {
		return m.ID == 305006 && strings.HasPrefix(m.Text, "regular")
	}):
		return "collision"
	}
	return ""
}

// several reports whether either host of a packet may have more than one translation.
func several(plan *compiler.Plan, p *runtime.Packet) bool {
	for _, ip := range [2]ast.IP{p.Src, p.Dst} {
		n := 0
		for i := range plan.NAT.Statics {
			if plan.NAT.Statics[i].RealNet().Contains(ip) {
				n++
			}
		}
		for _, list := range [][]compiler.Nat{plan.NAT.Policies, plan.NAT.Nats} {
			if slices.ContainsFunc(list, func(x compiler.Nat) bool { return x.ACL != compiler.None || x.Net.Contains(ip) }) {
				n++
			}
		}
		if n > 1 || n == 1 && len(plan.NAT.Exemptions) > 0 {
			return true
		}
	}
	return false
}

// toGiven reports whether a packet is sent to a port that either engine has translated another one to.
func (p *pair) toGiven(done map[*step]*pair) bool {
	in := func(x, sent *runtime.Packet, egress int, name string, plan *compiler.Plan) bool {
		return x.HasPorts() && x.Proto == sent.Proto && x.Src == sent.Dst && x.SrcPort == sent.DstPort && egress == plan.IfByName(name)
	}
	plan := p.plans[len(p.plans)-1]
	for _, q := range done {
		if q.emulator.Action == runtime.Forward && in(&q.emulator.Out, &p.sent[0], q.emulator.Egress, p.in, plan) ||
			q.kernel.Action == runtime.Forward && in(&q.kernel.Out, &p.sent[1], q.kernel.Egress, p.in, plan) {
			return true
		}
	}
	return false
}

// movedPort reports whether a packet has left with another source port, or ICMP id, than it came with.
func movedPort(in, out *runtime.Packet) bool {
	return in.HasPorts() && in.SrcPort != out.SrcPort || in.Proto == ast.ProtoICMP && in.ICMPID != out.ICMPID
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
	if p.Fragment {
		s += fmt.Sprintf(" frag %d", p.FragOffset)
		if p.More {
			s += " more"
		}
	}
	if p.Length > len(p.Payload) {
		s += fmt.Sprintf(" len %d", p.Length)
	}
	if p.TTL != 64 {
		s += fmt.Sprintf(" ttl %d", p.TTL)
	}
	switch p.Proto {
	case ast.ProtoUDP:
		s += dnsWords(p.Payload)
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
