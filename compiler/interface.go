package compiler

import (
	"cmp"
	"slices"

	"pixfw/ast"
)

// interfaces makes the interface table in the order of the nameif lines. A configuration without any nameif line is a
// fragment: it stands on the two interfaces that every PIX comes with (commands-firewall.md section 4.3).
func (c *compiler) interfaces() {
	add := func(i Interface) {
		c.ifs[i.Name] = len(c.plan.Interfaces)
		i.MTU, i.ACL, i.Map, i.ProxyARP = 1500, None, None, true
		down := Line{}
		for _, v := range c.lines.vlans {
			switch {
			case v.Kind == "logical" && v.Name() == i.Hardware:
				// A port of its own, on that of the box.
				i.Hardware, i.VLAN = v.Hardware, v.VLAN
			case v.Kind == "physical" && v.Hardware == i.Hardware:
				i.VLAN = v.VLAN
			default:
				continue
			}
			if v.Shutdown {
				down = From(v)
			}
			break
		}
		for _, h := range c.lines.hardware {
			if h.Hardware == i.Hardware {
				if i.Speed = h.Speed; h.Shutdown {
					down = From(h)
				}
			}
		}
		i.Shutdown, i.DownLine = !down.IsDefault(), down
		c.plan.Interfaces = append(c.plan.Interfaces, i)
	}
	for _, n := range c.lines.nameifs {
		if first, ok := c.ifs[n.Name]; ok {
			d := c.refuse("E308", ast.BadValue, n, n.Name, "interface name %q is already in use for %s", n.Name, c.plan.Interfaces[first].Hardware)
			d.Hint = "give each interface a name of its own"
			c.noteLine(d, c.plan.Interfaces[first].Line.cmd)
			continue
		}
		add(Interface{Line: From(n), Hardware: n.Hardware, Name: n.Name, Level: n.Level})
	}
	if len(c.lines.nameifs) == 0 {
		add(Interface{Hardware: "ethernet0", Name: "outside", Level: 0})
		add(Interface{Hardware: "ethernet1", Name: "inside", Level: 100})
	}
	for _, m := range c.lines.mtus {
		if i, ok := c.ifIndex(m, m.If); ok && m.Bytes > 0 {
			c.plan.Interfaces[i].MTU = m.Bytes
		}
	}
	for _, a := range c.lines.addresses {
		i, ok := c.ifIndex(a, a.If)
		if ok && bool(a.On) && a.Dynamic != "" {
			c.plan.Interfaces[i].Dynamic, c.plan.Interfaces[i].AddrLine = a.Dynamic, From(a)
		}
		if ok && bool(a.On) && (a.Dynamic == "" || a.Net.IP != 0) && c.checkAddress(a) {
			c.plan.Interfaces[i].Net, c.plan.Interfaces[i].AddrLine = a.Net, From(a)
		}
	}
	for _, v := range c.lines.reversePath {
		if i, ok := c.ifIndex(v, v.If); ok {
			c.plan.Interfaces[i].RPF, c.plan.Interfaces[i].RPFLine = true, From(v)
		}
	}
}

// checkAddress refuses what the PIX refuses for an interface: no host address of its subnet, or a subnet that overlaps
// that of another interface (commands-firewall.md section 5.2, ip address).
func (c *compiler) checkAddress(a *ast.IPAddress) bool {
	n := a.Net
	first, last := n.Range()
	switch {
	case !n.Mask.Contiguous() || n.Mask == 0:
		d := c.refuse("E306", ast.BadValue, a, n.Mask.String(), "%s is not a netmask for an interface", n.Mask)
		d.Hint = "use ones followed by zeros, such as 255.255.255.0"
		return false
	case n.Mask.Bits() < 31 && n.IP == first:
		d := c.refuse("E306", ast.BadValue, a, c.ip(n.IP), "%s is the address of the network %s itself, not of a host in it", n.IP, ast.Net{IP: first, Mask: n.Mask})
		d.Hint = "use an address between " + (first + 1).String() + " and " + (last - 1).String()
		return false
	case n.Mask.Bits() < 31 && n.IP == last:
		d := c.refuse("E306", ast.BadValue, a, c.ip(n.IP), "%s is the broadcast address of the network %s", n.IP, ast.Net{IP: first, Mask: n.Mask})
		d.Hint = "use an address between " + (first + 1).String() + " and " + (last - 1).String()
		return false
	}
	for i := range c.plan.Interfaces {
		o := &c.plan.Interfaces[i]
		if o.Name != a.If && o.HasAddress() && o.Net.Overlaps(n) {
			d := c.refuse("E307", ast.BadValue, a, c.ip(n.IP), "the subnet of interface %s overlaps that of interface %s", a.If, o.Name)
			d.Hint = "give the two interfaces subnets that share no address"
			c.noteLine(d, o.AddrLine.cmd)
			return false
		}
	}
	return true
}

// ifIndex resolves an interface name, and reports one that does not exist.
func (c *compiler) ifIndex(cmd ast.Command, name string) (int, bool) {
	if i, ok := c.ifs[name]; ok {
		return i, true
	}
	names := make([]string, 0, len(c.plan.Interfaces))
	for i := range c.plan.Interfaces {
		names = append(names, c.plan.Interfaces[i].Name)
	}
	c.unknown("E202", cmd, "interface", name, "name it with nameif", names)
	return None, false
}

// routes makes the routing table: connected networks and static routes (semantics.md 4).
func (c *compiler) routes() {
	for i := range c.plan.Interfaces {
		f := &c.plan.Interfaces[i]
		if f.HasAddress() {
			c.plan.Routes = append(c.plan.Routes, Route{Line: f.AddrLine, If: i, Net: network(f.Net), Connected: true})
		}
	}
	for _, r := range c.lines.routes {
		i, ok := c.ifIndex(r, r.If)
		if !ok {
			continue
		}
		c.plan.Routes = append(c.plan.Routes, Route{Line: From(r), If: i, Net: network(r.Net), Gateway: r.Gateway, Metric: max(r.Metric, 1)})
	}
	// Connected networks come first in the slice and have metric 0, so a stable sort keeps them before static routes.
	slices.SortStableFunc(c.plan.Routes, func(a, b Route) int {
		return cmp.Or(cmp.Compare(b.Net.Mask.Bits(), a.Net.Mask.Bits()), cmp.Compare(a.Metric, b.Metric))
	})
}

// network clears the host bits.
func network(n ast.Net) ast.Net { return ast.Net{IP: n.IP & n.Mask, Mask: n.Mask} }

// bindings attaches access lists to interfaces.
func (c *compiler) bindings() {
	for _, g := range c.lines.groups {
		i, ok1 := c.ifIndex(g, g.If)
		a, ok2 := c.aclIndex(g, g.ACL)
		if ok1 && ok2 {
			c.plan.Interfaces[i].ACL, c.plan.Interfaces[i].ACLLine, c.plan.Interfaces[i].PerUser = a, From(g), g.PerUser
		}
	}
}
