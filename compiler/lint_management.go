package compiler

import (
	"slices"
	"strings"

	"pixfw/ast"
)

// management finds services of the box itself that everybody may try to log in to from the least trusted side.
func (l *linter) management() {
	b := &l.plan.Box
	for _, s := range []struct {
		name string
		list []Access
		on   bool
	}{{"telnet", b.Telnet, true}, {"ssh", b.SSH, true}, {"http", b.HTTP, !b.HTTPServer.IsDefault()}} {
		for i := range s.list {
			a := &s.list[i]
			if a.Net.Mask != 0 || l.level(a.If) > l.lowest() {
				continue
			}
			sev, what := ast.Warning, "everybody behind %s (security%d) may try to log in by %s"
			switch {
			case !s.on:
				sev, what = ast.Info, "everybody behind %s (security%d) may try to log in by %s, once the server is enabled"
			case s.name == "telnet":
				what += ", if through a tunnel" // commands-firewall.md section 5.11
			}
			l.find("W442", sev, a.Line.cmd, "", what, l.ifName(a.If), l.level(a.If), s.name).Hint = "name the hosts that manage the box"
		}
	}
}

// hairpins finds statics with one interface on both sides (semantics.md 1.1, R4).
func (l *linter) hairpins() {
	for i := range l.plan.NAT.Statics {
		if s := &l.plan.NAT.Statics[i]; s.RealIf == s.MappedIf {
			l.find("W451", ast.Warning, s.Line.cmd, "", "no packet leaves by the interface that it came in by: this static of %s and %[1]s translates nothing",
				l.ifName(s.RealIf)).Hint = "name the interface on which the other side is"
		}
	}
}

// gateways finds routes whose next hop is not on the wire of their interface: a PIX asks for it there nevertheless, and hears nothing.
func (l *linter) gateways() {
	for i := range l.plan.Routes {
		r := &l.plan.Routes[i]
		f := &l.plan.Interfaces[r.If]
		if r.Connected || r.Gateway == 0 || !f.HasAddress() || f.Net.Contains(r.Gateway) {
			continue
		}
		d := l.find("W450", ast.Warning, r.Line.cmd, r.Gateway.String(), "the gateway %v is not in the network of interface %s, %v", r.Gateway, f.Name, network(f.Net))
		d.Hint = "name a router between the two; a Linux kernel does not take the route as it is"
		l.noteLine(d, f.AddrLine.cmd)
	}
}

// conduits finds conduits that do nothing since a list is bound to the interface (semantics.md 2.4), and one that lets
// everything in.
func (l *linter) conduits() {
	p := l.plan
	if len(p.Conduits) == 0 {
		return
	}
	var bound, free []string
	var line Line
	for i := range p.Interfaces {
		f := &p.Interfaces[i]
		switch {
		case f.ACL == None && l.level(i) < 100:
			free = append(free, f.Name)
		case f.ACL != None && l.level(i) < 100:
			bound = append(bound, f.Name)
			if line.cmd == nil {
				line = f.ACLLine
			}
		}
	}
	first := p.Conduits[0].Line.cmd
	if len(bound) > 0 {
		sev, rest := ast.Warning, "they have no effect at all"
		if len(free) > 0 {
			rest = "they hold on " + enumerate(free) + " only"
		}
		d := l.find("W443", sev, first, "", "conduits and access-group are mixed: for what arrives on %s the list decides alone, so that of the %d conduits, %s", enumerate(bound), len(p.Conduits), rest)
		d.Hint = "write the conduits as entries of the list, and remove them"
		l.noteLine(d, line.cmd)
	}
	if len(free) == 0 {
		return
	}
	for i := range p.Conduits {
		c := &p.Conduits[i].ACE
		if c.Permit && c.all() {
			d := l.find("W420", ast.Warning, c.Line.cmd, "", "every packet that arrives on %s is permitted; only translation still protects the networks behind it", enumerate(free))
			d.Hint = "name the hosts and services that may be reached"
			break
		}
	}
}

// guessed are the keys and passwords that are tried first.
var guessed = []string{"cisco", "cisco123", "cisco1234", "cisco12345", "password", "passw0rd", "secret", "admin", "pix", "firewall", "vpn", "vpnclient", "test",
	"test123", "123456", "12345678", "changeme", "default", "public", "key", "letmein", "qwerty"}

// minKey is the shortest key that is not tried out in a short time.
const minKey = 6

// weakKeys finds keys and passwords that can be guessed. What a finding says never shows them.
func (l *linter) weakKeys() {
	for cmd := range l.cfg.Commands() {
		c, places := ast.Secrets(cmd)
		if c == nil {
			continue
		}
		if s, ok := cmd.(*ast.MapSessionKey); ok && s.SPI != 0 {
			continue // key material, not a word
		}
		if _, ok := cmd.(*ast.UpdateServer); ok {
			continue // a URL
		}
		for _, p := range places {
			if p.Masked() {
				continue
			}
			switch {
			case slices.Contains(guessed, strings.ToLower(string(*p))):
				l.report("W444", ast.SecretKind, ast.Warning, cmd, "", "the %s is a word that is tried first", secretName(cmd)).Hint = "choose one that nobody guesses"
			case len(*p) < minKey:
				l.report("W444", ast.SecretKind, ast.Warning, cmd, "", "the %s has less than %d characters", secretName(cmd), minKey).Hint = "choose a longer one"
			}
		}
	}
	for i := range l.plan.AAA.Users {
		u := &l.plan.AAA.Users[i]
		if u.NoPassword {
			l.report("W444", ast.SecretKind, ast.Warning, u.Line.cmd, u.Name, "user %s has no password", u.Name).Hint = "give the user one with username " + u.Name + " password"
			continue
		}
		if len(l.plan.AAA.Users) <= maxGuessed && (slices.ContainsFunc(guessed, u.Check) || u.Check(u.Name)) {
			l.report("W444", ast.SecretKind, ast.Warning, u.Line.cmd, u.Name, "the password of user %s is a word that is tried first", u.Name).Hint = "choose one that nobody guesses"
		}
	}
}

// maxGuessed bounds the users whose passwords are tried.
const maxGuessed = 1000

// secretName is what the key or password of a line is called.
func secretName(cmd ast.Command) string {
	switch c := cmd.(type) {
	case *ast.ISAKMPKey:
		return "pre-shared key"
	case *ast.VPNGroup:
		return "password of vpngroup " + c.Group
	case *ast.AAAHost:
		return "key of the aaa-server"
	case *ast.MapSessionKey:
		return "session key"
	case *ast.VPDNUser:
		return "password of vpdn user " + c.User
	case *ast.VPNClientLogin:
		return "password of vpnclient " + c.As + " " + c.Name
	case *ast.FailoverKey:
		return "failover key"
	case *ast.NTPKey:
		return "ntp key"
	case *ast.RIP:
		return "rip key"
	case *ast.OSPFInterface, *ast.OSPFVirtualLink:
		return "ospf key"
	case *ast.UpdateServer:
		return "address of the update server"
	}
	return "key"
}
