package compiler

import (
	"strings"

	"pixfw/ast"
)

// secrets finds keys of which a `show` command left only asterisks.
func (l *linter) secrets() {
	masked := func(cmd ast.Command, s ast.Secret, what, with string) {
		if !s.Masked() {
			return
		}
		d := l.report("W405", ast.SecretKind, ast.Warning, cmd, string(s), "the %s is masked: its value is not in this file", what)
		d.Hint = "supply it with --secrets FILE, where FILE holds the line `" + with + "`"
	}
	replaced := func(cmd ast.Command, s ast.Secret) string {
		return strings.Replace(l.print.Text(cmd), string(s), "REAL-KEY", 1)
	}
	for _, k := range l.lines.keys {
		masked(k, k.Key, "pre-shared key", replaced(k, k.Key))
	}
	for _, g := range l.lines.vpnGroups {
		masked(g, g.Password, "password of vpngroup "+g.Group, replaced(g, g.Password))
	}
	for _, h := range l.lines.aaaHosts {
		masked(h, h.Key, "key of the aaa-server", replaced(h, h.Key))
		if h.Key != "" && !h.Key.Masked() {
			d := l.report("W412", ast.SecretKind, ast.Info, h, "", "the configuration holds the key of aaa-server %s in clear text", h.Tag)
			d.Hint = "keep the file to yourself, and change the key if it was ever published"
		}
	}
}

// passwords finds what everybody knows.
func (l *linter) passwords() {
	for _, e := range l.lines.enables {
		if e.Hash == ast.EmptyHash && e.Level == 15 {
			l.find("W411", ast.Warning, e, e.Hash, "the enable password is empty, as it comes from the factory").Hint = "set one with enable password"
		}
	}
	b := &l.plan.Box
	for _, p := range l.lines.passwds {
		if p.Hash != ast.CiscoHash {
			continue
		}
		sev := ast.Info // nobody may log in from the network
		if len(b.Telnet)+len(b.SSH) > 0 {
			sev = ast.Warning
		}
		l.find("W411", sev, p, p.Hash, "the login password is `cisco`, as it comes from the factory").Hint = "set one with passwd"
	}
	if c := l.lines.community; c != nil && c.Community == "public" {
		sev := ast.Info // nobody is answered
		if len(b.SNMP) > 0 {
			sev = ast.Warning
		}
		l.find("W410", sev, c, c.Community, "the SNMP community is `public`, as it comes from the factory").Hint = "set another with snmp-server community, or leave SNMP without hosts"
	}
}
