package compiler

import (
	"slices"
	"time"

	"pixfw/ast"
)

// accessLists flattens the lists. What an entry needs besides itself (nets, port ranges) comes from slices that a whole
// list shares, so that a list of 100,000 entries costs a handful of allocations.
func (c *compiler) accessLists() {
	ids := c.cfg.ACLs()
	c.plan.ACLs = make([]ACL, 0, len(ids))
	for _, id := range ids {
		cmds := c.cfg.ACL(id)
		if len(cmds) == 0 {
			continue
		}
		c.acls[id] = len(c.plan.ACLs)
		c.plan.ACLs = append(c.plan.ACLs, ACL{ID: id, Line: From(cmds[0]), Entries: c.entries(cmds)})
	}
}

var (
	anyNet   = []ast.Net{{}}
	protoOf  = singletons()
	icmpOf   = protoOf
	anyPorts = PortRange{0, 65535}
)

// singletons is a slice of one element for each protocol number or ICMP type.
func singletons() (all [256][]uint8) {
	bytes := make([]uint8, 256)
	for i := range bytes {
		bytes[i] = uint8(i)
		all[i] = bytes[i : i+1 : i+1]
	}
	return all
}

func (c *compiler) entries(cmds []ast.Command) []ACE {
	l := lowering{compiler: c, nets: make([]ast.Net, 0, 2*len(cmds)), portsOf: map[ast.PortMatch][]PortRange{}}
	out := make([]ACE, 0, len(cmds))
	for i, cmd := range cmds {
		// A remark, or a standard entry, has a number all the same.
		if e, ok := cmd.(*ast.AccessList); ok {
			if ace, ok := l.entry(e, e); ok {
				ace.Number = i + 1
				out = append(out, ace)
			}
		}
	}
	return out
}

// lowering is the state of lowering one list.
type lowering struct {
	*compiler
	nets    []ast.Net
	ports   []PortRange
	portsOf map[ast.PortMatch][]PortRange
}

// entry lowers an entry that the configuration states as cmd. It is not ok when the entry can match nothing, or was reported.
func (l *lowering) entry(cmd ast.Command, e *ast.AccessList) (ACE, bool) {
	ace := ACE{Line: From(cmd), Permit: e.Permit, Log: e.Log}
	good, grouped := true, e.ProtoGroup != "" || e.ICMPGroup != ""
	switch {
	case e.ProtoGroup != "":
		g, ok := l.groupFor(cmd, e.ProtoGroup, ast.GroupProtocol)
		good = good && ok
		if ok && !slices.Contains(g.protos, ast.ProtoIP) {
			ace.Protos = g.protos
		}
		if ports := e.SrcPort.Op != ast.PortAny || e.DstPort.Op != ast.PortAny; ok && ports && !portProtocols(ace.Protos) {
			d := l.refuse("E337", ast.BadReference, cmd, e.ProtoGroup, "the line names ports, and object-group %s holds other protocols than tcp and udp", e.ProtoGroup)
			d.Hint = "leave the ports out, or use a group of tcp and udp alone"
			l.noteLine(d, g.head)
			good = false
		}
	case e.Proto != ast.ProtoIP:
		ace.Protos = protoOf[e.Proto]
	}
	src, ok1 := l.addr(cmd, &e.Src)
	dst, ok2 := l.addr(cmd, &e.Dst)
	sports, ok3 := l.match(cmd, e.SrcPort, ace.Protos)
	dports, ok4 := l.match(cmd, e.DstPort, ace.Protos)
	ace.Src, ace.Dst, ace.SrcPorts, ace.DstPorts = src, dst, sports, dports
	good = good && ok1 && ok2 && ok3 && ok4
	switch {
	case e.ICMPGroup != "":
		g, ok := l.groupFor(cmd, e.ICMPGroup, ast.GroupICMP)
		good = good && ok
		if ok {
			ace.ICMP = g.icmp
		}
	case e.Proto == ast.ProtoICMP && e.ProtoGroup == "" && e.ICMPType >= 0 && e.ICMPType <= 255:
		ace.ICMP = icmpOf[e.ICMPType]
	}
	if e.Log == ast.LogOn {
		ace.LogLevel = e.LogLevel
		ace.Interval = time.Duration(e.Interval) * time.Second
		if e.Interval == 0 {
			ace.Interval = 300 * time.Second // semantics.md 2.3
		}
	}
	grouped = grouped || e.Src.Kind == ast.AddrGroup || e.Dst.Kind == ast.AddrGroup || e.SrcPort.Op == ast.PortGroup || e.DstPort.Op == ast.PortGroup
	if good && grouped {
		ace.Elements = l.elements(e, &ace)
	}
	return ace, good
}

func portProtocols(protos []uint8) bool {
	return len(protos) > 0 && !slices.ContainsFunc(protos, func(p uint8) bool { return p != ast.ProtoTCP && p != ast.ProtoUDP })
}

// elements is what `show access-list` expands the entry to; its groups are known to be good.
func (l *lowering) elements(e *ast.AccessList, ace *ACE) *Elements {
	x := &Elements{Protos: protoOf[e.Proto], Src: ace.Src, Dst: ace.Dst, SrcPorts: []ast.PortMatch{e.SrcPort}, DstPorts: []ast.PortMatch{e.DstPort},
		ICMP: []int{e.ICMPType}}
	if e.ProtoGroup != "" {
		x.Protos = l.objectSet(e.ProtoGroup).protos
	}
	if e.Src.Kind == ast.AddrGroup {
		x.Src = l.objectSet(e.Src.Ref).nets
	}
	if e.Dst.Kind == ast.AddrGroup {
		x.Dst = l.objectSet(e.Dst.Ref).nets
	}
	if e.SrcPort.Op == ast.PortGroup {
		x.SrcPorts = l.objectSet(e.SrcPort.Ref).ports
	}
	if e.DstPort.Op == ast.PortGroup {
		x.DstPorts = l.objectSet(e.DstPort.Ref).ports
	}
	if e.ICMPGroup != "" {
		x.ICMP = l.objectSet(e.ICMPGroup).types
	}
	return x
}

func (l *lowering) addr(cmd ast.Command, a *ast.Addr) ([]ast.Net, bool) {
	n := a.Net
	switch a.Kind {
	case ast.AddrInterface:
		i, ok := l.ifIndex(cmd, a.Ref)
		if !ok {
			return nil, false
		}
		if !l.plan.Interfaces[i].HasAddress() {
			// Bound late on the PIX: until the interface has an address the entry matches nothing, so leaving it
			// out is exact (semantics.md 12, 18).
			l.noAddress(cmd, a.Ref)
			return nil, false
		}
		n = ast.Net{IP: l.plan.Interfaces[i].Net.IP, Mask: ast.AllOnes}
	case ast.AddrGroup:
		g, ok := l.groupFor(cmd, a.Ref, ast.GroupNetwork)
		if !ok {
			return nil, false
		}
		if slices.Contains(g.nets, ast.Net{}) {
			return anyNet, true
		}
		return g.nets, true
	}
	if n.Mask == 0 {
		return anyNet, true
	}
	l.nets = append(l.nets, network(n))
	return l.nets[len(l.nets)-1 : len(l.nets) : len(l.nets)], true
}

func (l *lowering) match(cmd ast.Command, m ast.PortMatch, protos []uint8) ([]PortRange, bool) {
	if m.Op == ast.PortAny {
		return nil, true
	}
	if m.Op == ast.PortGroup {
		g, ok := l.serviceFor(cmd, m.Ref, protos)
		if !ok {
			return nil, false
		}
		return g.ranges, true
	}
	r, ok := l.portsOf[m]
	if !ok {
		n := len(l.ports)
		l.ports = appendPorts(l.ports, m)
		r = l.ports[n:len(l.ports):len(l.ports)]
		l.portsOf[m] = r
	}
	if len(r) == 0 {
		if m.Op == ast.PortRange {
			d := l.refuse("E306", ast.BadValue, cmd, "", "the range %d to %d ends before it begins", m.Lo, m.Hi)
			d.Hint = "write the lower port first"
		} else {
			l.report("W422", ast.Lint, ast.Warning, cmd, m.Op.String(), "no port is %s %d, so this entry matches no packet", m.Op, m.Lo).Hint =
				"remove the entry, or correct the port"
		}
		return nil, false
	}
	return r, true
}

// appendPorts appends the ranges of ports that a comparison accepts; none when it accepts no port.
func appendPorts(dst []PortRange, m ast.PortMatch) []PortRange {
	lo, hi := int(m.Lo), int(m.Lo)
	switch m.Op {
	case ast.PortNeq:
		if m.Lo > 0 {
			dst = append(dst, PortRange{0, m.Lo - 1})
		}
		if m.Lo < 65535 {
			dst = append(dst, PortRange{m.Lo + 1, 65535})
		}
		return dst
	case ast.PortLt:
		lo, hi = 0, int(m.Lo)-1
	case ast.PortGt:
		lo, hi = int(m.Lo)+1, 65535
	case ast.PortRange:
		hi = int(m.Hi)
	}
	if lo > hi {
		return dst
	}
	return append(dst, PortRange{uint16(lo), uint16(hi)})
}

// aclIndex resolves an access list, and reports one that does not exist.
func (c *compiler) aclIndex(cmd ast.Command, id string) (int, bool) {
	if i, ok := c.acls[id]; ok {
		return i, true
	}
	c.unknown("E201", cmd, "access-list", id, "define it with access-list "+id, c.cfg.ACLs())
	return None, false
}

// noAddress warns of `interface IF` where that interface has no address.
func (c *compiler) noAddress(cmd ast.Command, name string) {
	if i, ok := c.ifs[name]; ok && c.plan.Interfaces[i].Dynamic != "" {
		return // it will learn one
	}
	c.report("W421", ast.Lint, ast.Warning, cmd, "interface", "interface %s has no address, so this line has no effect", name).Hint =
		"give it one with ip address " + name + " IP MASK"
}
