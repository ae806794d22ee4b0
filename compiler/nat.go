package compiler

import (
	"cmp"
	"slices"

	"pixfw/ast"
)

// nat makes the translation table in evaluation order (semantics.md 3.2).
func (c *compiler) nat() {
	t := &c.plan.NAT
	for _, n := range c.lines.nats {
		i, ok := c.ifIndex(n, n.If)
		acl := None
		if n.ACL != "" {
			var ok2 bool
			acl, ok2 = c.aclIndex(n, n.ACL)
			ok = ok && ok2
		}
		if !ok {
			continue
		}
		if n.ID == 0 && n.ACL != "" {
			t.Exemptions = append(t.Exemptions, Exemption{Line: From(n), If: i, ACL: acl, Outside: n.Outside})
			continue
		}
		rule := Nat{Line: From(n), If: i, ID: n.ID, ACL: acl, Outside: n.Outside, DNS: n.DNS, NoRandomSeq: n.NoRandomSeq}
		if n.Net != nil {
			rule.Net = network(*n.Net)
		}
		rule.MaxConns, rule.Embryonic = limits(n.Limits)
		if n.ACL != "" {
			t.Policies = append(t.Policies, rule)
		} else {
			t.Nats = append(t.Nats, rule)
		}
	}
	slices.SortStableFunc(t.Nats, func(a, b Nat) int { return cmp.Compare(b.Net.Mask.Bits(), a.Net.Mask.Bits()) })
	for _, g := range c.lines.globals {
		c.global(g)
	}
	for _, s := range c.lines.statics {
		c.static(s)
	}
	slices.SortStableFunc(t.Statics, func(a, b Static) int {
		return cmp.Compare(min(a.Proto, 1), min(b.Proto, 1)) // address statics before port statics
	})
}

func limits(l *ast.Limits) (conns, embryonic int) {
	if l == nil {
		return 0, 0
	}
	return l.MaxConns, l.Embryonic
}

func (c *compiler) global(g *ast.Global) {
	i, ok := c.ifIndex(g, g.If)
	if !ok {
		return
	}
	out := Global{Line: From(g), If: i, ID: g.ID, First: g.First, Last: g.Last, Netmask: g.Netmask, Interface: g.Interface}
	if g.Interface {
		if !c.plan.Interfaces[i].HasAddress() {
			c.noAddress(g, g.If)
			return
		}
		out.First = c.plan.Interfaces[i].Net.IP
		out.Last = out.First
	}
	if out.Last < out.First {
		c.reversed(g, out.First, out.Last)
		return
	}
	out.PAT = out.First == out.Last
	c.plan.NAT.Globals = append(c.plan.NAT.Globals, out)
}

// reversed refuses a range of addresses that ends before it begins. The parser does so as well; this holds the Plan to its
// word for configurations that come from elsewhere.
func (c *compiler) reversed(cmd ast.Command, first, last ast.IP) {
	d := c.refuse("E306", ast.BadValue, cmd, c.ip(last), "the range %s to %s ends before it begins", first, last)
	d.Hint = "write the lower address first"
}

func (c *compiler) static(s *ast.Static) {
	realIf, ok1 := c.ifIndex(s, s.RealIf)
	mappedIf, ok2 := c.ifIndex(s, s.MappedIf)
	if !ok1 || !ok2 {
		return
	}
	out := Static{Line: From(s), RealIf: realIf, MappedIf: mappedIf, Proto: uint8(s.Proto), Mapped: s.Mapped, Mask: s.Netmask,
		MappedPort: s.MappedPort, RealPt: s.RealPort, MappedIsInterface: s.MappedInterface, ACL: None, DNS: s.DNS, NoRandomSeq: s.NoRandomSeq}
	out.MaxConns, out.Embryonic = limits(s.Limits)
	if s.MappedInterface {
		if !c.plan.Interfaces[mappedIf].HasAddress() {
			c.noAddress(s, s.MappedIf)
			return
		}
		out.Mapped = c.plan.Interfaces[mappedIf].Net.IP
	}
	if s.ACL != "" {
		acl, ok := c.aclIndex(s, s.ACL)
		if !ok {
			return
		}
		out.ACL = acl
		real, ok := c.policySource(s, acl)
		if !ok {
			return
		}
		out.Real, out.Mask = real.IP, real.Mask
		if out.Proto != 0 {
			if out.RealPt, ok = c.policyPort(s, acl); !ok {
				return
			}
		}
	} else {
		if s.Real != nil {
			out.Real = *s.Real
		}
		if out.Mask == 0 {
			out.Mask = ast.AllOnes
		}
	}
	if out.Proto != 0 || out.MappedIsInterface {
		out.Mask = ast.AllOnes
	}
	out.Mapped &= out.Mask
	out.Real &= out.Mask
	c.plan.NAT.Statics = append(c.plan.NAT.Statics, out)
}

// policySource is the real side of a policy static: the source of its list, which must be one network, because its mask is
// that of both sides (semantics.md 3.4). That a PIX refuses a list with several sources is unconfirmed.
// policyPort is the real port of a policy static with ports: the source port of the first entry that permits.
func (c *compiler) policyPort(s *ast.Static, acl int) (uint16, bool) {
	for i := range c.plan.ACLs[acl].Entries {
		e := &c.plan.ACLs[acl].Entries[i]
		switch {
		case !e.Permit:
		case len(e.SrcPorts) == 1 && e.SrcPorts[0].Lo == e.SrcPorts[0].Hi && e.SrcPorts[0].Lo != 0:
			return e.SrcPorts[0].Lo, true
		default:
			d := c.refuse("E309", ast.BadValue, s, s.ACL, "access-list %s does not name one real port as its source, which the static needs", s.ACL)
			d.Hint = "give the source in the list the port of the host (eq 80)"
			c.noteLine(d, e.Line.cmd)
			return 0, false
		}
	}
	return 0, false // it permits nothing, which has been said
}

func (c *compiler) policySource(s *ast.Static, acl int) (real ast.Net, ok bool) {
	list := &c.plan.ACLs[acl]
	for i := range list.Entries {
		e := &list.Entries[i]
		if !e.Permit {
			continue
		}
		for _, n := range e.Src {
			if n.Mask == 0 || ok && n != real {
				d := c.refuse("E309", ast.BadValue, s, s.ACL, "access-list %s does not name one real host or network as its source, which the static needs", s.ACL)
				d.Hint = "use a list whose entries all permit from the same host or network"
				c.noteLine(d, e.Line.cmd)
				return real, false
			}
			real, ok = n, true
		}
	}
	if !ok {
		c.refuse("E309", ast.BadValue, s, s.ACL, "access-list %s permits nothing, so the static has no real address", s.ACL).Hint =
			"use a list with an entry that permits"
	}
	return real, ok
}
