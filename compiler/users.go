package compiler

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pixfw/ast"
)

// users resolves what there is about users besides the rules for connections.
func (c *compiler) users() {
	a := &c.plan.AAA
	a.ProxyLimit, a.MACExempt, a.Command.Group = ast.DefaultProxyLimit, None, None
	a.AuthPort, a.AcctPort = ast.DefaultRADIUSPort("radius-authport"), ast.DefaultRADIUSPort("radius-acctport")
	for i := range c.plan.AAAGroups {
		g := &c.plan.AAAGroups[i]
		g.MaxFailed, g.Deadtime = ast.DefaultFailedAttempts, ast.DefaultDeadtime*time.Minute
	}
	for _, cmd := range c.lines.users {
		if m, ok := cmd.(*ast.MACList); ok {
			a.addMAC(m)
		}
	}
	for _, cmd := range c.lines.users {
		c.userLine(cmd)
	}
}

func (c *compiler) userLine(cmd ast.Command) {
	a := &c.plan.AAA
	switch cmd := cmd.(type) {
	case *ast.AAALimit:
		g, ok := c.groupIndex(cmd, cmd.Tag)
		switch {
		case !ok:
		case cmd.Which == "deadtime":
			c.plan.AAAGroups[g].Deadtime = time.Duration(cmd.N) * time.Minute
		default:
			c.plan.AAAGroups[g].MaxFailed = cmd.N
		}
	case *ast.AAAPort:
		if cmd.Which == "radius-authport" {
			a.AuthPort = cmd.Port
		} else {
			a.AcctPort = cmd.Port
		}
	case *ast.AAAConsole:
		if g, ok := c.groupIndex(cmd, cmd.Tag); ok {
			a.Console = append(a.Console, ConsoleAuth{Line: From(cmd), Service: cmd.Service, Group: g, Local: cmd.Local})
		}
	case *ast.AAACommand:
		if g, ok := c.groupIndex(cmd, cmd.Tag); ok {
			a.Command = CommandAuth{Line: From(cmd), Group: g, Local: cmd.Local}
		}
	case *ast.AAASecureHTTP:
		a.SecureHTTP = From(cmd)
	case *ast.AAAProxyLimit:
		a.ProxyLimit, a.LimitLine = cmd.N, From(cmd)
	case *ast.AAAMACExempt:
		var names []string
		for i := range a.MACLists {
			if names = append(names, a.MACLists[i].ID); a.MACLists[i].ID == cmd.List {
				a.MACExempt, a.ExemptLine = i, From(cmd)
			}
		}
		if a.MACExempt == None {
			c.unknown("E221", cmd, "mac-list", cmd.List, "define it with mac-list "+cmd.List+" permit MAC MASK", names)
		}
	case *ast.Username:
		a.Users = append(a.Users, User{Line: From(cmd), Name: cmd.Name, Hash: cmd.Hash, NoPassword: cmd.NoPassword, Level: cmd.Level})
	case *ast.AuthPrompt:
		*map[string]*string{"prompt": &a.Prompts.Prompt, "accept": &a.Prompts.Accept, "reject": &a.Prompts.Reject}[cmd.Which] = cmd.Text
	case *ast.Virtual:
		a.Virtual = append(a.Virtual, VirtualAddress{Line: From(cmd), Service: cmd.Service, IP: cmd.IP, Warn: cmd.Warn})
	case *ast.URLServer:
		if i, ok := c.ifIndex(cmd, cmd.If); ok {
			a.URLServers = append(a.URLServers, URLServer{Line: From(cmd), If: i, Vendor: cmd.Vendor, IP: cmd.IP, Port: cmd.Port,
				Timeout: time.Duration(cmd.Timeout) * time.Second, Protocol: cmd.Protocol, Version: cmd.Version})
		}
	case *ast.Filter:
		f := Filter{Line: From(cmd), What: cmd.What, Except: cmd.Except, Ports: PortRange{cmd.First, cmd.Last}, Src: network(cmd.Src),
			Dst: network(cmd.Dst), Allow: cmd.Allow}
		if cmd.Except {
			f.Ports = anyPorts
		}
		a.Filters = append(a.Filters, f)
	case *ast.URLCache:
		a.URLCacheLine = From(cmd)
	case *ast.VPDNEnable:
		c.ifIndex(cmd, cmd.If)
	case *ast.VPDNGroup:
		c.vpdnGroup(cmd)
	}
}

// vpdnGroup only looks whether what a line names exists: nothing serves PPTP or L2TP.
func (c *compiler) vpdnGroup(g *ast.VPDNGroup) {
	switch tag, byServer := strings.CutPrefix(g.Value, "aaa "); {
	case g.Attribute == "client configuration address local":
		c.pool(g, g.Value)
	case g.Attribute == "client accounting", g.Attribute == "client authentication" && byServer:
		c.groupIndex(g, tag)
	}
}

func (a *AAA) addMAC(m *ast.MACList) {
	i := slices.IndexFunc(a.MACLists, func(l MACList) bool { return l.ID == m.ID })
	if i < 0 {
		i = len(a.MACLists)
		a.MACLists = append(a.MACLists, MACList{ID: m.ID})
	}
	a.MACLists[i].Entries = append(a.MACLists[i].Entries, MACEntry{Line: From(m), Permit: m.Permit, MAC: macBytes(m.MAC), Mask: macBytes(m.Mask)})
}

// macBytes reads 000a.f331.8222, which the parser has checked.
func macBytes(s string) (mac [6]byte) {
	for i, part := range strings.Split(s, ".") {
		if n, err := strconv.ParseUint(part, 16, 16); err == nil && i < 3 {
			mac[2*i], mac[2*i+1] = byte(n>>8), byte(n)
		}
	}
	return mac
}

// matchRule resolves `aaa ... match ACL IF TAG`: the list says which connections that start on the interface the rule is for.
func (c *compiler) matchRule(m *ast.AAAMatch) {
	a, ok1 := c.aclIndex(m, m.ACL)
	i, ok2 := c.ifIndex(m, m.If)
	g, ok3 := c.groupIndex(m, m.Tag)
	if ok1 && ok2 && ok3 && !c.mixed(m, i) {
		c.plan.AAARules = append(c.plan.AAARules, AAARule{Line: From(m), What: m.What, Include: true, ACL: a, Ports: anyPorts, If: i, Group: g})
	}
}

// mixed refuses a match beside an include or exclude for the same interface (semantics.md 5.1).
func (c *compiler) mixed(m *ast.AAAMatch, i int) bool {
	for k := range c.plan.AAARules {
		if r := &c.plan.AAARules[k]; r.What == m.What && r.ACL == None && r.Dir != DirInbound && r.Dir != DirOutbound && r.If == i {
			d := c.refuse("E311", ast.BadValue, m, m.If, "aaa %s has include or exclude lines for interface %s: match cannot stand beside them", m.What, m.If)
			d.Hint = "write all rules of an interface in one way"
			c.noteLine(d, r.Line.cmd)
			return true
		}
	}
	return false
}
