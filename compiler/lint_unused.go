package compiler

import (
	"strings"

	"pixfw/ast"
)

// unused finds definitions that nothing uses. They are notes: a RADIUS server may name a list.
func (l *linter) unused() {
	p := l.plan
	l.mention()
	lists := l.usedLists()
	sets := make([]bool, len(p.VPN.TransformSets))
	for _, maps := range [][]CryptoMap{p.VPN.Maps, p.VPN.DynamicMaps} {
		for i := range maps {
			for j := range maps[i].Entries {
				for _, t := range maps[i].Entries[j].TransformSets {
					sets[t] = true
				}
			}
		}
	}
	for i := range p.ACLs {
		if !lists[p.ACLs[i].ID] && !l.mentioned[p.ACLs[i].ID] {
			l.find("W415", ast.Info, p.ACLs[i].Line.cmd, "", "access-list %s is not used", p.ACLs[i].ID).Hint =
				"bind it with access-group, or remove it with no access-list " + p.ACLs[i].ID
		}
	}
	for i := range p.VPN.Pools {
		if !l.poolUsed(i) && !l.mentioned[p.VPN.Pools[i].Name] {
			l.find("W416", ast.Info, p.VPN.Pools[i].Line.cmd, p.VPN.Pools[i].Name, "address pool %s is not used", p.VPN.Pools[i].Name).Hint =
				"name it in a vpngroup, or remove it"
		}
	}
	for i, used := range sets {
		if !used && !l.mentioned[p.VPN.TransformSets[i].Name] {
			l.find("W417", ast.Info, p.VPN.TransformSets[i].Line.cmd, p.VPN.TransformSets[i].Name, "transform-set %s is not used", p.VPN.TransformSets[i].Name).Hint =
				"name it in a crypto map, or remove it"
		}
	}
	l.unusedMaps()
	l.unusedServers()
	l.unusedGroups()
	l.unusedNames()
}

// usedLists is the lists that some line names. The lines count, not the plan: a static to an interface without an address is not
// in the plan, and needs its list all the same.
func (l *linter) usedLists() map[string]bool {
	used := map[string]bool{}
	for _, c := range l.lines.groups {
		used[c.ACL] = true
	}
	for _, c := range l.lines.nats {
		used[c.ACL] = true
	}
	for _, c := range l.lines.statics {
		used[c.ACL] = true
	}
	for _, c := range l.lines.mapEntries {
		used[c.Match] = true
	}
	for _, c := range l.lines.aaaMatches {
		used[c.ACL] = true
	}
	for _, c := range l.lines.vpnGroups {
		if c.Attribute == "split-tunnel" && len(c.Values) > 0 {
			used[c.Values[0]] = true
		}
	}
	for _, cmd := range l.lines.system { // multicast and route maps
		switch cmd := cmd.(type) {
		case *ast.IGMP:
			used[cmd.ACL] = true
		case *ast.RouteMatch:
			if strings.HasPrefix(cmd.What, "ip ") {
				used[cmd.Value] = true
			}
		}
	}
	return used
}

// mention looks which of the defined names stand in lines that were not understood.
func (l *linter) mention() {
	if len(l.unread) == 0 {
		return
	}
	defined := map[string]bool{}
	for i := range l.plan.ACLs {
		defined[l.plan.ACLs[i].ID] = true
	}
	v := &l.plan.VPN
	for i := range v.Pools {
		defined[v.Pools[i].Name] = true
	}
	for i := range v.TransformSets {
		defined[v.TransformSets[i].Name] = true
	}
	for _, maps := range [][]CryptoMap{v.Maps, v.DynamicMaps} {
		for i := range maps {
			defined[maps[i].Name] = true
		}
	}
	for i := range l.plan.AAAGroups {
		defined[l.plan.AAAGroups[i].Tag] = true
	}
	for _, h := range l.cfg.ObjectGroups() {
		defined[h.ID] = true
	}
	for _, cmd := range l.lines.system {
		if n, ok := cmd.(*ast.Name); ok {
			defined[n.Name], defined[n.IP.String()] = true, true
		}
	}
	l.mentioned = map[string]bool{}
	apart := func(r rune) bool { return r <= ' ' || r == '(' || r == ')' || r == ',' }
	for _, line := range l.unread {
		for word := range strings.FieldsFuncSeq(line, apart) {
			if defined[word] {
				l.mentioned[word] = true
			}
		}
	}
}

// unusedMaps finds dynamic maps that no crypto map takes, and crypto maps on no interface.
func (l *linter) unusedMaps() {
	v := &l.plan.VPN
	dynamic := make([]bool, len(v.DynamicMaps))
	for i := range v.Maps {
		for j := range v.Maps[i].Entries {
			if d := v.Maps[i].Entries[j].Dynamic; d != None {
				dynamic[d] = true
			}
		}
	}
	for i, used := range dynamic {
		if m := &v.DynamicMaps[i]; !used && !l.mentioned[m.Name] {
			l.find("W436", ast.Info, m.Line.cmd, m.Name, "dynamic map %s is not used", m.Name).Hint =
				"name it in a crypto map with `crypto map NAME SEQ ipsec-isakmp dynamic " + m.Name + "`, or remove it"
		}
	}
	bound := map[int]bool{}
	for i := range l.plan.Interfaces {
		bound[l.plan.Interfaces[i].Map] = true
	}
	for _, tail := range l.lines.mapTails { // on an interface that does not exist: a finding of its own
		if t, ok := tail.(*ast.MapInterface); ok {
			for i := range v.Maps {
				bound[i] = bound[i] || v.Maps[i].Name == t.Name
			}
		}
	}
	for i := range v.Maps {
		if m := &v.Maps[i]; !bound[i] && !m.Line.IsDefault() && !l.mentioned[m.Name] {
			l.find("W436", ast.Info, m.Line.cmd, m.Name, "crypto map %s is on no interface, so it does nothing", m.Name).Hint =
				"add `crypto map " + m.Name + " interface IF`, or remove it"
		}
	}
}

// unusedServers finds groups of servers that nobody is authenticated by.
func (l *linter) unusedServers() {
	p := l.plan
	used := map[int]bool{p.AAA.Command.Group: true}
	for i := range p.AAARules {
		used[p.AAARules[i].Group] = true
	}
	for i := range p.AAA.Console {
		used[p.AAA.Console[i].Group] = true
	}
	for i := range p.VPN.Maps {
		used[p.VPN.Maps[i].Authentication] = true
	}
	for i := range p.VPN.Groups {
		used[p.VPN.Groups[i].AuthServer] = true
	}
	tags := map[string]bool{}
	for _, g := range l.vpdnGroups() {
		tags[strings.TrimPrefix(g.Value, "aaa ")] = true
	}
	for i := range p.AAAGroups {
		g := &p.AAAGroups[i]
		if used[i] || tags[g.Tag] || l.mentioned[g.Tag] || g.Protocol == "local" {
			continue
		}
		cmd := g.Line.cmd
		if len(g.Servers) > 0 {
			cmd = g.Servers[0].Line.cmd
		} else if g.Tag == "TACACS+" || g.Tag == "RADIUS" {
			continue // there on every box
		}
		if cmd != nil {
			l.find("W435", ast.Info, cmd, g.Tag, "aaa-server group %s is not used: nobody is authenticated by it", g.Tag).Hint =
				"name it in an aaa line or in a crypto map, or remove it"
		}
	}
}

func (l *linter) vpdnGroups() (out []*ast.VPDNGroup) {
	for _, cmd := range l.lines.users {
		if g, ok := cmd.(*ast.VPDNGroup); ok {
			out = append(out, g)
		}
	}
	return out
}

// unusedGroups finds object groups that no entry and no other group names.
func (l *linter) unusedGroups() {
	heads := l.cfg.ObjectGroups()
	if len(heads) == 0 {
		return
	}
	used := map[string]bool{}
	entry := func(e *ast.AccessList) {
		used[e.ProtoGroup], used[e.ICMPGroup] = true, true
		for _, a := range [...]*ast.Addr{&e.Src, &e.Dst} {
			if a.Kind == ast.AddrGroup {
				used[a.Ref] = true
			}
		}
		for _, m := range [...]*ast.PortMatch{&e.SrcPort, &e.DstPort} {
			if m.Op == ast.PortGroup {
				used[m.Ref] = true
			}
		}
	}
	for cmd := range l.cfg.Commands() {
		switch cmd := cmd.(type) {
		case *ast.AccessList:
			entry(cmd)
		case *ast.Conduit:
			entry(cmd.Entry())
		case *ast.ICMPRule:
			if cmd.Src.Kind == ast.AddrGroup {
				used[cmd.Src.Ref] = true
			}
		case *ast.GroupObject:
			used[cmd.Ref] = true
		}
	}
	for _, h := range heads {
		if !used[h.ID] && !l.mentioned[h.ID] {
			l.find("W434", ast.Info, h, h.ID, "object-group %s is not used", h.ID).Hint =
				"name it in an access list, or remove it with no object-group " + h.Type + " " + h.ID
		}
	}
}

// unusedNames finds names of addresses that no other line has.
func (l *linter) unusedNames() {
	var names []*ast.Name
	p := &ast.Printer{Names: map[ast.IP]string{}, Used: map[ast.IP]bool{}}
	for _, cmd := range l.lines.system {
		if n, ok := cmd.(*ast.Name); ok {
			names = append(names, n)
			p.Names[n.IP] = n.Name
		}
	}
	if len(names) == 0 {
		return
	}
	for cmd := range l.cfg.Commands() {
		p.Text(cmd)
		if g, ok := cmd.(*ast.VPNGroup); ok { // its addresses are words
			for _, v := range g.Values {
				if ip, ok := ast.ParseIP(v); ok {
					p.Used[ip] = true
				}
			}
		}
	}
	for _, n := range names {
		if !p.Used[n.IP] && !l.mentioned[n.Name] && !l.mentioned[n.IP.String()] {
			l.find("W433", ast.Info, n, n.Name, "name %s is not used: no line of the running configuration has the address %s", n.Name, n.IP).Hint =
				"remove it with no name " + n.IP.String()
		}
	}
}

// poolUsed reports whether clients get addresses of the pool.
func (l *linter) poolUsed(pool int) bool {
	for i := range l.plan.VPN.Groups {
		if l.plan.VPN.Groups[i].Pool == pool {
			return true
		}
	}
	for i := range l.plan.VPN.ClientPools {
		if l.plan.VPN.ClientPools[i].Pool == pool {
			return true
		}
	}
	for _, g := range l.vpdnGroups() { // PPTP and L2TP
		if g.Attribute == "client configuration address local" && g.Value == l.plan.VPN.Pools[pool].Name {
			return true
		}
	}
	return false
}
