package compiler

import (
	"cmp"
	"slices"
	"time"

	"pixfw/ast"
)

var everyPort = PortRange{0, 65535}

// legacy resolves the access control of old releases, which holds where no access-group does (semantics.md 2.4, 2.5).
func (c *compiler) legacy() {
	l := lowering{compiler: c, portsOf: map[ast.PortMatch][]PortRange{}}
	for i, d := range c.lines.conduits {
		e := d.Entry()
		for _, m := range [...]*ast.PortMatch{&e.SrcPort, &e.DstPort} {
			if m.Op == ast.PortEq && m.Lo == 0 {
				*m = ast.PortMatch{} // eq 0 is any port
			}
		}
		if ace, ok := l.entry(d, e); ok {
			ace.Number = i + 1
			c.plan.Conduits = append(c.plan.Conduits, Conduit{ace})
		}
	}
	for _, o := range c.lines.outbound {
		i := slices.IndexFunc(c.plan.Outbound, func(l OutboundList) bool { return l.ID == o.List })
		if i < 0 {
			i = len(c.plan.Outbound)
			c.plan.Outbound = append(c.plan.Outbound, OutboundList{ID: o.List})
		}
		r := Outbound{Line: From(o), Action: o.Action, Net: network(o.Net), Ports: everyPort, Proto: o.Proto}
		if o.Hi != 0 {
			r.Ports = PortRange{o.Lo, o.Hi}
		}
		c.plan.Outbound[i].Rules = append(c.plan.Outbound[i].Rules, r)
	}
	slices.SortStableFunc(c.plan.Outbound, func(a, b OutboundList) int { return cmp.Compare(b.ID, a.ID) })
	for _, a := range c.lines.applies {
		in, ok := c.ifIndex(a, a.If)
		if !ok {
			continue
		}
		list := slices.IndexFunc(c.plan.Outbound, func(l OutboundList) bool { return l.ID == a.List })
		if list < 0 {
			continue // a list without rules permits everything
		}
		c.plan.Applies = append(c.plan.Applies, Apply{Line: From(a), If: in, List: list, Dest: a.Side == "outgoing_dest"})
	}
	for _, e := range c.lines.established {
		end := func(x *ast.EstablishedEnd) EstablishedEnd {
			if x == nil {
				return EstablishedEnd{Ports: everyPort}
			}
			out := EstablishedEnd{x.Proto, PortRange{x.Lo, x.Hi}}
			if x.Hi == 0 {
				out.Ports = everyPort
			}
			return out
		}
		c.plan.Established = append(c.plan.Established, Established{Line: From(e), Proto: e.Proto, DstPort: e.DstPort, SrcPort: e.SrcPort,
			To: end(e.PermitTo), From: end(e.PermitFrom)})
	}
	for _, a := range c.lines.aliases {
		if in, ok := c.ifIndex(a, a.If); ok && a.Foreign != nil {
			c.plan.NAT.Aliases = append(c.plan.NAT.Aliases, Alias{Line: From(a), If: in, DNAT: a.DNAT, Foreign: *a.Foreign, Mask: a.Mask})
		}
	}
}

// packetPath reads the limits of what waits or is counted (fragments, denied flows) and the resets.
func (c *compiler) packetPath() {
	c.plan.Fragment = make([]Fragment, len(c.plan.Interfaces))
	for i := range c.plan.Fragment {
		c.plan.Fragment[i] = Fragment{ast.DefaultFragment("size"), ast.DefaultFragment("chain"), time.Duration(ast.DefaultFragment("timeout")) * time.Second}
	}
	set := func(i int, f *ast.Fragment) {
		switch p := &c.plan.Fragment[i]; f.Which {
		case "size":
			p.Size = f.Value
		case "chain":
			p.Chain = f.Value
		case "timeout":
			p.Timeout = time.Duration(f.Value) * time.Second
		}
	}
	// Lines for one interface come after those for all of them, whatever their order: they say more.
	for _, f := range c.lines.fragments {
		for i := range c.plan.Fragment {
			if f.If == "" {
				set(i, f)
			}
		}
	}
	for _, f := range c.lines.fragments {
		if f.If == "" {
			continue
		}
		if i, ok := c.ifIndex(f, f.If); ok {
			set(i, f)
		}
	}
	for _, s := range c.lines.services {
		switch s.Option {
		case "resetinbound":
			c.plan.Service.ResetInbound, c.plan.Service.ResetInboundLine = true, From(s)
		case "resetoutside":
			c.plan.Service.ResetOutside, c.plan.Service.ResetOutsideLine = true, From(s)
		}
	}
	c.plan.DenyFlows = DenyFlows{ast.DefaultDenyFlowMax, ast.DefaultAlertInterval * time.Second}
	for _, l := range c.lines.listLimits {
		if l.Which == "deny-flow-max" {
			c.plan.DenyFlows.Max = l.Value
		} else {
			c.plan.DenyFlows.AlertInterval = time.Duration(l.Value) * time.Second
		}
	}
}
