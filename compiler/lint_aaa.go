package compiler

import (
	"pixfw/ast"
)

// authentication finds rules that name the mapped address of a server. They are compared with the real one (semantics.md
// 5.1), the other way round than access lists.
func (l *linter) authentication() {
	for i := range l.plan.AAARules {
		r := &l.plan.AAARules[i]
		if r.Local.Mask == 0 {
			continue
		}
		var found *Static
		for j := range l.plan.NAT.Statics {
			s := &l.plan.NAT.Statics[j]
			if s.RealNet().Overlaps(r.Local) {
				found = nil
				break
			}
			// On the least trusted interface there are no local hosts.
			if found == nil && l.level(s.MappedIf) == l.lowest() && l.level(s.RealIf) > l.lowest() && covers(s.MappedNet(), r.Local) && s.Proto == 0 {
				found = s
			}
		}
		if found == nil {
			continue
		}
		if route := l.plan.Lookup(r.Local.IP); route == nil || route.If != found.MappedIf {
			continue
		}
		cmd, ok := r.Line.cmd.(*ast.AAARule)
		if !ok {
			continue
		}
		d := l.find("W426", ast.Warning, cmd, l.ip(cmd.Local.IP), "the rule names %s, the mapped address of a static; aaa rules are compared with the real address, so this one matches nothing", netWords(r.Local))
		right := *cmd
		right.Local = ast.Net{IP: found.ToReal(r.Local.IP), Mask: r.Local.Mask}
		d.Hint = "write `" + l.print.Text(&right) + "`"
		d.Suggestion = l.ip(right.Local.IP)
		l.noteLine(d, found.Line.cmd)
	}
}

// serverGroups finds groups that somebody is to be authenticated by, but that hold no server.
func (l *linter) serverGroups() {
	use := func(g int, cmd ast.Command) {
		if g == None {
			return
		}
		group := &l.plan.AAAGroups[g]
		if group.Protocol == "local" || len(group.Servers) > 0 {
			return
		}
		for _, h := range l.lines.aaaHosts {
			if h.Tag == group.Tag {
				return // a server that could not be resolved is a finding of its own
			}
		}
		d := l.find("W428", ast.Warning, cmd, group.Tag, "aaa-server group %s holds no server: nobody can be authenticated", group.Tag)
		d.Hint = "add `aaa-server " + group.Tag + " (IF) host IP KEY`"
	}
	seen := map[int]bool{}
	for i := range l.plan.AAARules {
		if g := l.plan.AAARules[i].Group; !seen[g] {
			seen[g] = true
			use(g, l.plan.AAARules[i].Line.cmd)
		}
	}
	for i := range l.plan.VPN.Maps {
		if m := &l.plan.VPN.Maps[i]; !seen[m.Authentication] {
			seen[m.Authentication] = true
			use(m.Authentication, m.AuthLine.cmd)
		}
	}
}
