package kernel

import (
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// message is what a PIX writes about a packet that a rule has logged. in is the interface it arrived on.
func message(plan *compiler.Plan, d *dynamic, in int, reason string, p *runtime.Packet) (runtime.Message, bool) {
	id, arg, _ := strings.Cut(reason, ":")
	out := leadsTo(plan, d, in, p)
	if id == "106011" {
		out = in // that is what it is denied for
	}
	name := func(i int) string {
		if i < 0 || i >= len(plan.Interfaces) {
			return ""
		}
		return plan.Interfaces[i].Name
	}
	f := syslog.FlowOf(p, name(in), name(out))
	src, dst := syslog.End{If: name(in), IP: p.Src, Port: p.SrcPort}, syslog.End{If: name(boxAt(plan, in, p)), IP: p.Dst, Port: p.DstPort}
	switch id {
	case "106001":
		return syslog.Deny106001(f, p.Flags), true
	case "106006":
		if p.SrcPort == 53 || p.DstPort == 53 {
			return syslog.Deny106007(f, p.SrcPort == 53), true
		}
		return syslog.Deny106006(f), true
	case "106015":
		return syslog.Deny106015(f, p.Flags), true
	case "106021":
		return syslog.Deny106021(f), true
	case "106022":
		return syslog.New(106022, syslog.ProtoName(p.Proto), p.Src, p.Dst, name(in)), true
	case "106023":
		return syslog.Deny106023(f, arg), true
	case "106002", "106018":
		list, err := strconv.Atoi(arg)
		if err != nil {
			return runtime.Message{}, false
		}
		if id == "106018" {
			return syslog.New(106018, p.ICMPType, list, p.Src, p.Dst), true
		}
		return syslog.New(106002, syslog.ProtoName(p.Proto), list, p.Src, p.Dst), true
	case "106010", "106011", "106014":
		n, _ := strconv.Atoi(id)
		return syslog.New(n, f), true
	case "106012":
		return syslog.New(106012, p.Src, p.Dst, syslog.OptionName(p.Option)), true
	case "106013", "106017":
		n, _ := strconv.Atoi(id)
		return syslog.New(n, p.Src, p.Dst), true
	case "106016":
		return syslog.New(106016, p.Src, p.Dst, name(in)), true
	case "110001":
		if a := plan.NAT.Alias(in, p.Dst); a != nil { // it was not translated, for there is no route behind it
			p.Dst = a.ToForeign(p.Dst)
		}
		return syslog.New(110001, p.Dst, p.Src), true
	case "109001":
		return syslog.New(109001, "???", syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}), true
	case "109017":
		return syslog.New(109017, p.Src), true
	case "401004":
		return syslog.New(401004, p.Src, p.Dst, name(in)), true
	case "109023":
		return syslog.New(109023, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}, name(in)), true
	case "109024":
		return syslog.New(109024, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}, name(in), syslog.ProtoName(p.Proto)), true
	case "109025":
		k, err := strconv.Atoi(arg)
		if err != nil {
			return runtime.Message{}, false
		}
		list, user := d.deniedUser(plan, in, p.Src, k)
		return syslog.New(109025, list, user, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}, name(in), syslog.ProtoName(p.Proto)), true
	case "201002":
		kind, limit, _ := strings.Cut(arg, ":")
		n, _ := strconv.Atoi(limit)
		return d.tooMany(plan, in, out, kind, n, p), true
	case "201003":
		k, err := strconv.Atoi(arg)
		if err != nil {
			k = compiler.None // of no static
		}
		if k >= len(plan.NAT.Statics) || d == nil || in < 0 {
			return runtime.Message{}, false
		}
		return d.embryonic(plan, k, in, p)
	case "211001":
		return syslog.New(211001), true
	case "305005":
		return syslog.New(305005, f), true
	case "305006":
		return syslog.New(305006, arg, f), true
	case "313001":
		return syslog.New(313001, p.ICMPType, p.ICMPCode, p.Src, name(in)), true
	case "402106":
		return syslog.New(402106, p.Dst, p.Src, syslog.ProtoName(p.Proto)), true
	case "410001":
		return syslog.New(410001, "packet length check of "+arg, p.Length), true
	case "500004":
		return syslog.New(500004, p.Proto, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}), true
	case "710002":
		return syslog.Box710002(p.Proto, src, dst), true
	case "710003":
		return syslog.Box710003(p.Proto, src, dst), true
	case "710005":
		return syslog.Box710005(p.Proto, src, dst), true
	case "710006":
		return syslog.Box710006(p.Proto, p.Src, dst), true
	}
	return runtime.Message{}, false
}

// requested is what comes before the answer to a TCP connection to the box.
func requested(plan *compiler.Plan, in int, p *runtime.Packet) runtime.Message {
	at := plan.Interfaces[boxAt(plan, in, p)].Name
	return syslog.Box710001(syslog.End{If: plan.Interfaces[in].Name, IP: p.Src, Port: p.SrcPort}, syslog.End{If: at, IP: p.Dst, Port: p.DstPort})
}

// boxAt is the interface that a packet to the firewall itself was sent to: that of management-access, out of a tunnel, else where it arrived.
func boxAt(plan *compiler.Plan, in int, p *runtime.Packet) int {
	if m := plan.Inner(); m != compiler.None && p.Dst == plan.Interfaces[m].Net.IP {
		return m
	}
	return in
}

// leadsTo is the interface that a packet from interface in would leave by: that of the translation that owns its
// destination, else that of the route (semantics.md 0, step 6).
func leadsTo(plan *compiler.Plan, d *dynamic, in int, p *runtime.Packet) int {
	for i := range plan.NAT.Statics {
		s := &plan.NAT.Statics[i]
		if s.MappedIf != in || !s.MappedNet().Contains(p.Dst) || s.ACL != compiler.None && !isPeer(&plan.ACLs[s.ACL], p) {
			continue
		}
		if s.Proto == 0 || s.Proto == p.Proto && s.MappedPort == p.DstPort {
			return s.RealIf
		}
	}
	if out, ok := d.realIf(plan, in, p.Dst); ok {
		return out
	}
	if out, ok := d.answersPAT(plan, in, p); ok {
		return out
	}
	to := p.Dst
	if a := plan.NAT.Alias(in, to); a != nil {
		to = a.ToForeign(to)
	}
	if r := plan.Lookup(to); r != nil {
		return r.If
	}
	return compiler.None
}

// isPeer reports whether an entry of a policy static's list permits packets to who has sent one.
func isPeer(list *compiler.ACL, p *runtime.Packet) bool {
	return slices.ContainsFunc(list.Entries, func(e compiler.ACE) bool {
		return e.Permit && (e.Protos == nil || slices.Contains(e.Protos, p.Proto)) && slices.ContainsFunc(e.Dst, func(n ast.Net) bool { return n.Contains(p.Src) })
	})
}

// overlaps tells of each new static that overlaps one before it (308002, semantics.md 3.2).
func overlaps(old, plan *compiler.Plan) (log []runtime.Message) {
	known := map[string]bool{}
	if old != nil {
		for i := range old.NAT.Statics {
			known[old.NAT.Statics[i].Line.Text()] = true
		}
	}
	whole := func(s *compiler.Static) bool { return s.Proto == 0 && s.ACL == compiler.None }
	for i := range plan.NAT.Statics {
		s := &plan.NAT.Statics[i]
		if !whole(s) || known[s.Line.Text()] {
			continue
		}
		for j := range plan.NAT.Statics[:i] {
			t := &plan.NAT.Statics[j]
			if whole(t) && t.MappedIf == s.MappedIf && (t.MappedNet().Overlaps(s.MappedNet()) || t.RealIf == s.RealIf && t.RealNet().Overlaps(s.RealNet())) {
				log = append(log, syslog.New(308002, s.Mapped, s.Real, s.Mask, t.Mapped, t.Real))
				break
			}
		}
	}
	return log
}
