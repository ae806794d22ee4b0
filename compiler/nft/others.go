package nft

import (
	"slices"

	"pixfw/compiler"
)

// others says of each line that nothing carries out what becomes of its packets.
func (l *lowerer) others() {
	for i := range l.p.Others {
		o := &l.p.Others[i]
		if text := otherTexts[o.Kind]; text != "" && !l.done(o.Kind) && !l.takesOut(o) {
			l.warn("W518", o.Line, text, "")
		}
	}
	for i := range l.p.AAA.Virtual {
		v := &l.p.AAA.Virtual[i]
		if l.opts.Live {
			l.warn("W518", v.Line, "users cannot log in yet: who connects to the virtual address is told so; telnet logs a user out", "")
		} else {
			l.warn("W518", v.Line, "nobody can log in at the virtual address: connections to it are dropped (109023)", "")
		}
	}
	for i := range l.p.ARP {
		if !l.opts.Daemon {
			l.warn("W518", l.p.ARP[i].Line, "rules alone have no neighbours, and answer nobody: enter it with ip neighbour", "")
		}
	}
}

// done reports whether the processes beside the rules carry out a line of a kind.
func (l *lowerer) done(kind compiler.OtherKind) bool {
	switch kind {
	case compiler.OtherAudit:
		return l.opts.Daemon
	case compiler.OtherInner, compiler.OtherPL:
		return l.opts.Twins
	}
	return false
}

// takesOut reports whether the process carries out a filter: it does where fixup protocol http is on for all ports of the line.
func (l *lowerer) takesOut(o *compiler.Other) bool {
	if !l.opts.Daemon || o.Kind != compiler.OtherFilter {
		return false
	}
	k := slices.IndexFunc(l.p.AAA.Filters, func(f compiler.Filter) bool { return f.Line.Pos == o.Line.Pos && f.Content() })
	if k < 0 {
		return false
	}
	left := []Range{{uint32(l.p.AAA.Filters[k].Ports.Lo), uint32(l.p.AAA.Filters[k].Ports.Hi)}}
	for i := range l.p.Fixups {
		if f := &l.p.Fixups[i]; f.Protocol == "http" && Inspected(f) {
			left = subtract(left, []Range{{uint32(f.Ports.Lo), uint32(f.Ports.Hi)}})
		}
	}
	return len(left) == 0
}

// otherTexts are the lines that nothing carries out, by their kind.
var otherTexts = map[compiler.OtherKind]string{
	compiler.OtherAudit:     "rules alone look for no signatures: nothing is dropped, reset or told of (4000nn)",
	compiler.OtherFilter:    "content is not filtered: what the line would take out or ask for passes",
	compiler.OtherDHCP:      "no DHCP is served or relayed: requests reach what the host has for them, if anything",
	compiler.OtherNTP:       "the clock of the host is not set from it",
	compiler.OtherRouting:   "no routing protocol is spoken, unless the host has a program that does: routes that it would learn are missing",
	compiler.OtherMulticast: "multicast is not forwarded: it is dropped, but for IGMP to the firewall",
	compiler.OtherInner:     "nothing comes out of tunnels: the inner address is not reached by them",
	compiler.OtherPL:        "nothing comes out of tunnels or goes into them: the option changes nothing",
	compiler.OtherPPP:       "PPP tunnels and the VPN client are not run: packets to them are refused like those to any closed port",
}
