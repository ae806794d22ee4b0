package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// LogOut is the prefix with which the first packet of a telnet to the virtual address is logged whose source has logged in: it is
// logged out (semantics.md 5.4).
const LogOut = "109001:logout"

// virtual takes connections to the addresses of `virtual telnet` and `virtual http` that arrive on interface i to where users log in
// (semantics.md 5.4): like those that an include names, but users who are known are taken there too, and are logged out by telnet.
func (l *lowerer) virtual(i int, c *Chain) (out []Chain) {
	for k := range l.p.AAA.Virtual {
		v := &l.p.AAA.Virtual[k]
		port := uint16(23)
		if v.Service == "http" {
			port = 80
		}
		to := ast.Net{IP: v.IP, Mask: ast.AllOnes}
		rule := func(o int) *compiler.AAARule {
			r := &compiler.AAARule{Line: v.Line, What: "virtual", Include: true, Dir: compiler.DirInterface, If: i, ACL: compiler.None,
				Proto: ast.ProtoTCP, Ports: compiler.PortRange{Lo: port, Hi: port}}
			if l.level(i) > l.level(o) {
				r.Foreign = to
			} else {
				r.Local = to
			}
			return r
		}
		for _, o := range l.ifs {
			if l.level(i) == l.level(o) {
				continue
			}
			for _, r := range l.loginRule(rule(o), i, o) {
				r.Match = slices.Concat(r.Match, l.permitted(i, o))
				c.Rules = append(c.Rules, l.logsOut(i, port, r)...)
			}
		}
		for x := range l.p.NAT.Exemptions {
			e := &l.p.NAT.Exemptions[x]
			if e.Outside || l.dev[e.If] == "" || l.level(e.If) <= l.level(i) {
				continue
			}
			do := Chain{Name: l.unique("virtual_" + l.id[i] + "_exempt_do")}
			for _, r := range l.askRules(rule(e.If), i, []Match{dst(netRange(to))}) {
				do.Rules = append(do.Rules, l.logsOut(i, port, r)...)
			}
			list := l.listChain(l.unique("virtual_"+l.id[i]+"_exempt"), e.ACL, true, []Stmt{Goto{do.Name}})
			out = append(out, list, do)
			c.Rules = append(c.Rules, Rule{Match: append([]Match{dst(netRange(to)), inSet(Daddr, "route_"+l.id[e.If])}, l.permitted(i, e.If)...),
				Do: []Stmt{Jump{list.Name}}, Line: v.Line})
		}
	}
	return out
}

// logsOut puts before a rule that takes a telnet to where users log in what it is for one who has.
func (l *lowerer) logsOut(i int, port uint16, r Rule) []Rule {
	at := slices.Index(r.Do, Stmt(Log{"109001"}))
	if l.rs.Users[i] == "" || port != 23 || at < 0 {
		return []Rule{r}
	}
	known := r
	known.Match = append(slices.Clone(r.Match), inSet(Saddr, l.rs.Users[i]))
	known.Do = slices.Clone(r.Do)
	known.Do[at] = Log{LogOut}
	known.Note = "log out"
	return []Rule{known, r}
}
