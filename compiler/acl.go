package compiler

import (
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
	nets := make([]ast.Net, 0, 2*len(cmds))
	var ports []PortRange
	portsOf := map[ast.PortMatch][]PortRange{}
	out := make([]ACE, 0, len(cmds))
	addr := func(e *ast.AccessList, a *ast.Addr) ([]ast.Net, bool) {
		n := a.Net
		switch a.Kind {
		case ast.AddrInterface:
			i, ok := c.ifIndex(e, a.Ref)
			if !ok {
				return nil, false
			}
			if !c.plan.Interfaces[i].HasAddress() {
				// Bound late on the PIX: until the interface has an address the entry matches nothing, so leaving it
				// out is exact (semantics.md 12, 18).
				c.noAddress(e, a.Ref)
				return nil, false
			}
			n = ast.Net{IP: c.plan.Interfaces[i].Net.IP, Mask: ast.AllOnes}
		case ast.AddrGroup:
			c.unknown("E208", e, "object-group", a.Ref, "define it with object-group network", nil)
			return nil, false
		}
		if n.Mask == 0 {
			return anyNet, true
		}
		nets = append(nets, network(n))
		return nets[len(nets)-1 : len(nets) : len(nets)], true
	}
	match := func(e *ast.AccessList, m ast.PortMatch) ([]PortRange, bool) {
		if m.Op == ast.PortAny {
			return nil, true
		}
		if m.Op == ast.PortGroup {
			c.unknown("E208", e, "object-group", m.Ref, "define it with object-group service", nil)
			return nil, false
		}
		r, ok := portsOf[m]
		if !ok {
			n := len(ports)
			ports = appendPorts(ports, m)
			r = ports[n:len(ports):len(ports)]
			portsOf[m] = r
		}
		if len(r) == 0 {
			if m.Op == ast.PortRange {
				d := c.refuse("E306", ast.BadValue, e, "", "the range %d to %d ends before it begins", m.Lo, m.Hi)
				d.Hint = "write the lower port first"
			} else {
				c.report("W422", ast.Lint, ast.Warning, e, m.Op.String(), "no port is %s %d, so this entry matches no packet", m.Op, m.Lo).Hint =
					"remove the entry, or correct the port"
			}
			return nil, false
		}
		return r, true
	}
	for i, cmd := range cmds {
		e, ok := cmd.(*ast.AccessList)
		if !ok {
			continue // a remark, which has a number all the same
		}
		ace := ACE{Line: From(e), Number: i + 1, Permit: e.Permit, Log: e.Log}
		good := true
		if e.ProtoGroup != "" {
			c.unknown("E208", e, "object-group", e.ProtoGroup, "define it with object-group protocol", nil)
			good = false
		} else if e.Proto != ast.ProtoIP {
			ace.Protos = protoOf[e.Proto]
		}
		var ok1, ok2, ok3, ok4 bool
		ace.Src, ok1 = addr(e, &e.Src)
		ace.Dst, ok2 = addr(e, &e.Dst)
		ace.SrcPorts, ok3 = match(e, e.SrcPort)
		ace.DstPorts, ok4 = match(e, e.DstPort)
		good = good && ok1 && ok2 && ok3 && ok4
		switch {
		case e.ICMPGroup != "":
			c.unknown("E208", e, "object-group", e.ICMPGroup, "define it with object-group icmp-type", nil)
			good = false
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
		if good {
			out = append(out, ace)
		}
	}
	return out
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
	c.report("W421", ast.Lint, ast.Warning, cmd, "interface", "interface %s has no address, so this line has no effect", name).Hint =
		"give it one with ip address " + name + " IP MASK"
}
