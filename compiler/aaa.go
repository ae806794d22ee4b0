package compiler

import (
	"slices"
	"time"

	"pixfw/ast"
)

// builtinGroups are the server groups that every PIX 6.3 has, first and in this order, also when a fragment of a
// configuration leaves them off (commands-vpn-aaa-show.md section 1.9).
var builtinGroups = []AAAGroup{{Tag: "TACACS+", Protocol: "tacacs+"}, {Tag: "RADIUS", Protocol: "radius"}, {Tag: "LOCAL", Protocol: "local"}}

// defaultServerTimeout of an aaa-server host line (commands-vpn-aaa-show.md section 1.9, unconfirmed).
const defaultServerTimeout = 5 * time.Second

func (c *compiler) aaa() {
	c.plan.AAAGroups = slices.Clone(builtinGroups)
	for _, p := range c.lines.aaaProtos {
		if g := c.group(p.Tag); g != None {
			c.plan.AAAGroups[g].Line, c.plan.AAAGroups[g].Protocol = From(p), p.Protocol
			continue
		}
		c.plan.AAAGroups = append(c.plan.AAAGroups, AAAGroup{Line: From(p), Tag: p.Tag, Protocol: p.Protocol})
	}
	for _, h := range c.lines.aaaHosts {
		g, ok1 := c.groupIndex(h, h.Tag)
		i, ok2 := c.ifIndex(h, h.If)
		if !ok1 || !ok2 {
			continue
		}
		s := AAAServer{Line: From(h), If: i, IP: h.IP, Key: h.Key, Timeout: time.Duration(h.Timeout) * time.Second}
		if h.Timeout == 0 {
			s.Timeout = defaultServerTimeout
		}
		c.plan.AAAGroups[g].Servers = append(c.plan.AAAGroups[g].Servers, s)
	}
	for _, r := range c.lines.aaaRules {
		c.aaaRule(r)
	}
	for _, m := range c.lines.aaaMatches {
		c.matchRule(m)
	}
}

// aaaRule resolves one include or exclude line (semantics.md 5.1). Addresses stay as they are: local is the host on the
// higher interface by its real address, whatever the direction.
func (c *compiler) aaaRule(r *ast.AAARule) {
	out := AAARule{Line: From(r), What: r.What, Include: r.Include, Proto: r.Service.Proto, If: None,
		Ports: PortRange{r.Service.Lo, r.Service.Hi}, Local: network(r.Local), ACL: None, Group: None}
	if out.Proto == 0 {
		out.AnyTCP = true
	}
	// Port 0 is every port, but ICMP type 0 is the echo reply.
	if r.Service.All || out.Ports == (PortRange{}) && out.Proto != ast.ProtoICMP {
		out.Ports = anyPorts
	}
	if out.Ports.Hi < out.Ports.Lo {
		out.Ports.Hi = out.Ports.Lo
	}
	if r.Foreign != nil {
		out.Foreign = network(*r.Foreign)
	}
	switch r.If {
	case "inbound":
		out.Dir = DirInbound
	case "outbound":
		out.Dir = DirOutbound
	default:
		i, ok := c.ifIndex(r, r.If)
		if !ok {
			return
		}
		out.If = i
	}
	if r.Tag != "" {
		g, ok := c.groupIndex(r, r.Tag)
		if !ok {
			return
		}
		out.Group = g
	}
	c.plan.AAARules = append(c.plan.AAARules, out)
}

// group is the index of a server group, or None.
func (c *compiler) group(tag string) int {
	for i := range c.plan.AAAGroups {
		if c.plan.AAAGroups[i].Tag == tag {
			return i
		}
	}
	return None
}

func (c *compiler) groupIndex(cmd ast.Command, tag string) (int, bool) {
	if i := c.group(tag); i != None {
		return i, true
	}
	var names []string
	for i := range c.plan.AAAGroups {
		names = append(names, c.plan.AAAGroups[i].Tag)
	}
	c.unknown("E204", cmd, "aaa-server group", tag, "define it with aaa-server "+tag+" protocol tacacs+|radius", names)
	return None, false
}
