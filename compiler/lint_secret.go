package compiler

import (
	"pixfw/ast"
)

// MaskedKeys finds keys of which a `show` command left only asterisks. Lint does too.
func MaskedKeys(cfg *ast.Config) ast.Diagnostics {
	l := &linter{reporter: newReporter(cfg), cfg: cfg}
	l.masked()
	return l.diags
}

// masked finds keys of which a `show` command left only asterisks.
func (l *linter) masked() {
	for cmd := range l.cfg.Commands() {
		blank, places := ast.Secrets(cmd)
		if blank == nil {
			continue
		}
		for _, s := range places {
			if !s.Masked() {
				continue
			}
			word := string(*s)
			for _, s := range places {
				*s = "REAL-KEY"
			}
			p := *l.print
			p.HideSecrets = false
			d := l.report("W405", ast.SecretKind, ast.Warning, cmd, word, "the %s is masked: its value is not in this file", secretName(cmd))
			d.Hint = "supply it with --secrets FILE, where FILE holds the line `" + p.Text(blank) + "`"
			break
		}
	}
}

// readable finds the keys of servers that stand readably.
func (l *linter) readable() {
	for cmd := range l.cfg.Commands() {
		if h, ok := cmd.(*ast.AAAHost); ok && h.Key != "" && !h.Key.Masked() {
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
		if e.Hash == ast.CiscoHash {
			l.find("W411", ast.Warning, e, e.Hash, "the enable password is `cisco`, the login password of the factory").Hint = "set another with enable password"
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
	if c := l.lines.community; c != nil && (c.Community == "public" || c.Community == "private") {
		sev := ast.Info // nobody is answered
		if len(b.SNMP) > 0 {
			sev = ast.Warning
		}
		l.find("W410", sev, c, c.Community, "the SNMP community is `%s`, which everybody knows", c.Community).Hint = "set another with snmp-server community, or leave SNMP without hosts"
	}
}
