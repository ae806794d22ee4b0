package compiler

import (
	"slices"

	"pixfw/ast"
)

// AAAView is a connection as AAA rules look at it.
type AAAView struct {
	If               int  // where it starts
	Inbound          bool // to a higher level
	Proto            uint8
	Src, Dst         ast.IP // as its first packet is on the wire
	SrcPort, DstPort uint16
	Local, Foreign   ast.IP // the hosts on the higher and the lower interface, by their real addresses
	Port             uint16 // at the real host it goes to
}

// Accounting is the index of the group that is told of a connection whose user is known; None: no line says so. The first line that
// includes it counts, unless one excludes it, wherever that stands (semantics.md 5.1). Only TCP and UDP are accounted (5.2).
func (p *Plan) Accounting(v *AAAView) int {
	group := None
	if v.Proto != ast.ProtoTCP && v.Proto != ast.ProtoUDP {
		return None
	}
	for i := range p.AAARules {
		r := &p.AAARules[i]
		if r.What != "accounting" || !r.takes(p, v) {
			continue
		}
		if !r.Include {
			return None
		}
		if group == None {
			group = r.Group
		}
	}
	return group
}

func (r *AAARule) takes(p *Plan, v *AAAView) bool {
	if r.ACL != None {
		return r.If == v.If && p.ACLs[r.ACL].permits(v.Proto, v.Src, v.SrcPort, v.Dst, v.DstPort)
	}
	switch r.Dir {
	case DirInbound:
		if !v.Inbound {
			return false
		}
	case DirOutbound:
		if v.Inbound {
			return false
		}
	default:
		if r.If != v.If {
			return false
		}
	}
	if !r.Local.Contains(v.Local) || !r.Foreign.Contains(v.Foreign) {
		return false
	}
	if r.AnyTCP {
		return v.Proto == ast.ProtoTCP
	}
	return r.Proto == v.Proto && r.Ports.Contains(v.Port)
}

// permits is what the list says about a packet of TCP or UDP.
func (l *ACL) permits(proto uint8, src ast.IP, sport uint16, dst ast.IP, dport uint16) bool {
	in := func(nets []ast.Net, ip ast.IP) bool {
		return slices.ContainsFunc(nets, func(n ast.Net) bool { return n.Contains(ip) })
	}
	for i := range l.Entries {
		a := &l.Entries[i]
		p := point{dimProto: int64(proto), dimSrcPort: int64(sport), dimDstPort: int64(dport)}
		if a.holds(&p) && in(a.Src, src) && in(a.Dst, dst) {
			return a.Permit
		}
	}
	return false
}
