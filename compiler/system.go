package compiler

import (
	"slices"

	"pixfw/ast"
)

// logging collects where messages go.
func (c *compiler) logging() {
	l := &c.plan.Logging
	*l = Logging{Console: None, Monitor: None, Buffered: None, Trap: None, History: None, Facility: ast.DefaultFacility, Queue: ast.DefaultLogQueue}
	to := map[string]*int{"console": &l.Console, "monitor": &l.Monitor, "buffered": &l.Buffered, "trap": &l.Trap, "history": &l.History}
	for _, cmd := range c.lines.system {
		switch cmd := cmd.(type) {
		case *ast.LoggingSwitch:
			switch cmd.What {
			case "on":
				l.On = From(cmd)
			case "timestamp":
				l.Timestamp = true
			case "standby":
				l.Standby = true
			}
		case *ast.LoggingLevel:
			*to[cmd.To] = cmd.Level
		case *ast.LoggingFacility:
			l.Facility = cmd.Number
		case *ast.LoggingQueue:
			l.Queue = cmd.Size
		case *ast.LoggingDeviceID:
			c.deviceID(cmd)
		case *ast.LoggingHost:
			if i, ok := c.ifIndex(cmd, cmd.If); ok {
				h := LogHost{Line: From(cmd), If: i, IP: cmd.IP, Proto: ast.ProtoUDP, Port: 514, Emblem: cmd.Emblem}
				if cmd.Proto != 0 {
					h.Proto, h.Port = cmd.Proto, cmd.Port
				}
				l.Hosts = append(l.Hosts, h)
			}
		case *ast.LoggingMessage:
			if l.Disabled == nil {
				l.Disabled = map[int]bool{}
			}
			l.Disabled[cmd.ID] = true
		case *ast.LoggingMessageLevel:
			if l.Levels == nil {
				l.Levels = map[int]int{}
			}
			l.Levels[cmd.ID] = cmd.Level
		}
	}
}

func (c *compiler) deviceID(cmd *ast.LoggingDeviceID) {
	l := &c.plan.Logging
	id := cmd.Value
	switch cmd.Kind {
	case "hostname":
		id = c.plan.Hostname
	case "ipaddress":
		i, ok := c.ifIndex(cmd, cmd.Value)
		if !ok {
			return
		}
		id = c.plan.Interfaces[i].Net.IP.String()
	}
	l.DeviceKind, l.DeviceID = cmd.Kind, id
}

// audits resolves the audit policies of interfaces. A policy without actions of its own has those of its class.
func (c *compiler) audits() {
	actions := map[string][]string{"info": {"alarm"}, "attack": {"alarm"}}
	policies := map[string]map[string][]string{}
	var names []string
	for _, cmd := range c.lines.system {
		switch cmd := cmd.(type) {
		case *ast.Audit:
			actions[cmd.Class] = cmd.Actions
		case *ast.AuditName:
			if policies[cmd.Name] == nil {
				policies[cmd.Name] = map[string][]string{}
				names = append(names, cmd.Name)
			}
			policies[cmd.Name][cmd.Class] = cmd.Actions
		case *ast.AuditSignature:
			c.plan.AuditDisabled = append(c.plan.AuditDisabled, cmd.ID)
		}
	}
	of := func(policy map[string][]string, class string) []string {
		list, ok := policy[class]
		if ok && len(list) == 0 {
			list = actions[class]
		}
		return slices.Clone(list)
	}
	for _, cmd := range c.lines.system {
		a, ok := cmd.(*ast.AuditInterface)
		if !ok {
			continue
		}
		i, ok := c.ifIndex(a, a.If)
		if !ok {
			continue
		}
		p, ok := policies[a.Name]
		if !ok {
			c.unknown("E231", a, "audit policy", a.Name, "define it with ip audit name", names)
			continue
		}
		c.plan.Audit = append(c.plan.Audit, Audit{Line: From(a), If: i, Name: a.Name, Info: of(p, "info"), Attack: of(p, "attack")})
	}
}

// systemServices checks the names in lines that are stored only, and resolves management-access.
func (c *compiler) systemServices() {
	c.plan.Box.ManagementAccess = None
	prefixes, maps := map[string]bool{}, map[string]bool{}
	for _, cmd := range c.lines.system {
		switch cmd := cmd.(type) {
		case *ast.PrefixList:
			prefixes[cmd.Name] = true
		case *ast.RouteMap:
			maps[cmd.Name] = true
		}
	}
	for _, cmd := range c.lines.system {
		if m, ok := cmd.(*ast.ManagementAccess); ok {
			if i, ok := c.ifIndex(m, m.If); ok {
				c.plan.Box.ManagementAccess, c.plan.Box.ManagementLine = i, From(m)
			}
		}
		c.listen(cmd)
		for _, name := range interfacesOf(cmd) {
			if name != "" {
				c.ifIndex(cmd, name)
			}
		}
		switch cmd := cmd.(type) {
		case *ast.IGMP:
			if cmd.ACL != "" {
				c.aclIndex(cmd, cmd.ACL)
			}
		case *ast.RouteMatch:
			switch cmd.What {
			case "ip address", "ip next-hop", "ip route-source":
				c.aclIndex(cmd, cmd.Value)
			}
		case *ast.OSPFAreaSetting:
			if cmd.Prefix != "" && !prefixes[cmd.Prefix] {
				c.unknown("E232", cmd, "prefix-list", cmd.Prefix, "define it with prefix-list", keys(prefixes))
			}
		case *ast.OSPFRedistribute:
			c.routeMap(cmd, cmd.RouteMap, maps)
		case *ast.OSPFDefault:
			c.routeMap(cmd, cmd.RouteMap, maps)
		}
	}
}

// listen collects what the firewall speaks itself (semantics.md 1.9, dhcp, rip, ospf, ntp, igmp). Names of interfaces that there
// are not are told of elsewhere.
func (c *compiler) listen(cmd ast.Command) {
	on := func(name string, proto uint8, port uint16) {
		for i := range c.plan.Interfaces {
			if name == "" || c.plan.Interfaces[i].Name == name {
				c.plan.Box.Listens = append(c.plan.Box.Listens, Listen{Line: From(cmd), If: i, Proto: proto, Port: port})
			}
		}
	}
	switch cmd := cmd.(type) {
	case *ast.DHCPDEnable:
		on(cmd.If, ast.ProtoUDP, 67)
	case *ast.RelayEnable:
		if cmd.What == "enable" {
			on(cmd.If, ast.ProtoUDP, 67)
		}
	case *ast.RelayServer:
		on(cmd.If, ast.ProtoUDP, 67)
	case *ast.NTPServer:
		on(cmd.If, ast.ProtoUDP, 123)
	case *ast.RIP:
		on(cmd.If, ast.ProtoUDP, 520)
	case *ast.Multicast:
		on(cmd.If, ast.ProtoIGMP, 0)
	case *ast.OSPFNetwork:
		for i := range c.plan.Interfaces {
			if x := &c.plan.Interfaces[i]; x.HasAddress() && cmd.Net.Contains(x.Net.IP) {
				on(x.Name, ast.ProtoOSPF, 0)
			}
		}
	}
}

func (c *compiler) routeMap(cmd ast.Command, name string, maps map[string]bool) {
	if name != "" && !maps[name] {
		c.unknown("E233", cmd, "route-map", name, "define it with route-map", keys(maps))
	}
}

func keys(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// interfacesOf is the interfaces that a line of the services names.
func interfacesOf(cmd ast.Command) []string {
	switch cmd := cmd.(type) {
	case *ast.ARP:
		return []string{cmd.If}
	case *ast.DHCPDAddress:
		return []string{cmd.If}
	case *ast.DHCPDAutoConfig:
		return []string{cmd.If}
	case *ast.DHCPDEnable:
		return []string{cmd.If}
	case *ast.RelayServer:
		return []string{cmd.If}
	case *ast.RelayEnable:
		return []string{cmd.If}
	case *ast.FailoverAddress:
		return []string{cmd.If}
	case *ast.FailoverLink:
		return []string{cmd.If}
	case *ast.FailoverInterface:
		return []string{cmd.If}
	case *ast.FailoverMAC:
		return []string{cmd.If}
	case *ast.NTPServer:
		return []string{cmd.If}
	case *ast.TFTPServer:
		return []string{cmd.If}
	case *ast.RIP:
		return []string{cmd.If}
	case *ast.RoutingInterface:
		return []string{cmd.If}
	case *ast.Multicast:
		return []string{cmd.If}
	case *ast.IGMP:
		return []string{cmd.If}
	case *ast.MRoute:
		return []string{cmd.InIf, cmd.OutIf}
	}
	return nil
}
