package parser

import (
	"strings"

	"pixfw/ast"
)

// hostTail is `IP [MASK] [IF]`.
type hostTail struct {
	IP   ipAddr  `parser:"@@"`
	Mask netMask `parser:"@@?"`
	If   ifName  `parser:"@@?"`
}

func (g *hostTail) management(c *conv, service string) *ast.Management {
	if g == nil { // `no telnet`: all of them
		return &ast.Management{Pos: c.pos, Service: service, Whole: true}
	}
	m := &ast.Management{Pos: c.pos, Service: service, If: g.If.Text}
	m.Net = ast.Net{IP: c.ip(g.IP.word), Mask: ast.AllOnes}
	if g.Mask.given() || m.Net.IP == 0 {
		m.Net = c.net(g.IP.word, g.Mask.word)
	}
	return m
}

type telnetGrammar struct {
	Timeout minutes   `parser:"'telnet' ( 'timeout' @@"`
	Host    *hostTail `parser:"| @@ )"`
}

func (g *telnetGrammar) toAST(c *conv) ast.Command {
	if g.Host == nil {
		return &ast.SessionTimeout{Pos: c.pos, Service: "telnet", Minutes: g.Timeout.n()}
	}
	return g.Host.management(c, "telnet")
}

type noTelnetGrammar struct {
	Timeout bool      `parser:"'no' 'telnet' ( @'timeout'"`
	Minutes minutes   `parser:"  @@?"`
	Host    *hostTail `parser:"| @@ )?"`
}

func (g *noTelnetGrammar) toAST(c *conv) ast.Command {
	if g.Timeout {
		return &ast.SessionTimeout{Pos: c.pos, Service: "telnet", Minutes: g.Minutes.nOr(-1)}
	}
	return g.Host.management(c, "telnet")
}

type sshGrammar struct {
	Timeout minutes   `parser:"'ssh' ( 'timeout' @@"`
	Host    *hostTail `parser:"| @@ )"`
}

func (g *sshGrammar) toAST(c *conv) ast.Command {
	if g.Host == nil {
		return &ast.SessionTimeout{Pos: c.pos, Service: "ssh", Minutes: g.Timeout.n()}
	}
	m := g.Host.management(c, "ssh")
	m.If = orElse(m.If, "inside")
	return m
}

type noSSHGrammar struct {
	Timeout bool      `parser:"'no' 'ssh' ( @'timeout'"`
	Minutes minutes   `parser:"  @@?"`
	Host    *hostTail `parser:"| @@ )?"`
}

func (g *noSSHGrammar) toAST(c *conv) ast.Command {
	if g.Timeout {
		return &ast.SessionTimeout{Pos: c.pos, Service: "ssh", Minutes: g.Minutes.nOr(-1)}
	}
	return g.Host.management(c, "ssh")
}

type httpGrammar struct {
	Server bool      `parser:"'http' ( @'server' 'enable'"`
	Host   *hostTail `parser:"| @@ )"`
}

func (g *httpGrammar) toAST(c *conv) ast.Command {
	if g.Server {
		return &ast.HTTPServer{Pos: c.pos}
	}
	m := g.Host.management(c, "http")
	m.If = orElse(m.If, "inside")
	return m
}

type noHTTPGrammar struct {
	Server bool      `parser:"'no' 'http' ( @'server' 'enable'?"`
	Host   *hostTail `parser:"| @@ )?"`
}

func (g *noHTTPGrammar) toAST(c *conv) ast.Command {
	if g.Server {
		return &ast.HTTPServer{Pos: c.pos}
	}
	return g.Host.management(c, "http")
}

type consoleGrammar struct {
	Minutes consoleMin `parser:"'console' 'timeout' @@"`
}

func (g *consoleGrammar) toAST(c *conv) ast.Command {
	return &ast.SessionTimeout{Pos: c.pos, Service: "console", Minutes: g.Minutes.n()}
}

type noConsoleGrammar struct {
	Minutes consoleMin `parser:"'no' 'console' 'timeout' @@?"`
}

func (g *noConsoleGrammar) toAST(c *conv) ast.Command {
	return &ast.SessionTimeout{Pos: c.pos, Service: "console", Minutes: g.Minutes.nOr(-1)}
}

type terminalGrammar struct {
	Width termWidth `parser:"'terminal' 'width' @@"`
}

func (g *terminalGrammar) toAST(c *conv) ast.Command {
	w := g.Width.n()
	if w == 0 {
		w = 511
	}
	return &ast.TerminalWidth{Pos: c.pos, Width: w}
}

type noTerminalGrammar struct {
	Width termWidth `parser:"'no' 'terminal' 'width' @@?"`
}

func (g *noTerminalGrammar) toAST(c *conv) ast.Command {
	return &ast.TerminalWidth{Pos: c.pos, Width: g.Width.nOr(0)}
}

type snmpGrammar struct {
	Which     kw     `parser:"'snmp-server' ( @( 'location' | 'contact' )"`
	Value     text   `parser:"  @@"`
	Community secret `parser:"| 'community' @@"`
	Traps     bool   `parser:"| @'enable' 'traps'"`
	IP        ipAddr `parser:"| 'host' ( @@"`
	If        ifName `parser:"  | @@"`
	IP2       ipAddr `parser:"    @@ )"`
	For       kw     `parser:"  @( 'trap' | 'poll' )? )"`
}

func (g *snmpGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Which != "":
		// The box keeps no runs of blanks here (commands-firewall.md section 1.2).
		return &ast.SNMPText{Pos: c.pos, On: true, Which: string(g.Which), Value: strings.Join(strings.Fields(g.Value.Text), " ")}
	case g.Community.given():
		return &ast.SNMPCommunity{Pos: c.pos, Community: g.Community.Text}
	case g.Traps:
		return &ast.SNMPTraps{Pos: c.pos, On: true}
	}
	return snmpHost(c, g.IP, g.If, g.IP2, g.For)
}

func snmpHost(c *conv, ip ipAddr, in ifName, ip2 ipAddr, purpose kw) ast.Command {
	if in.given() {
		ip = ip2
	}
	return &ast.SNMPHost{Pos: c.pos, If: orElse(in.Text, "inside"), IP: c.ip(ip.word), For: string(purpose)}
}

type noSNMPGrammar struct {
	Which     kw     `parser:"'no' 'snmp-server' ( @( 'location' | 'contact' )"`
	Value     text   `parser:"  @@?"`
	Comm      bool   `parser:"| @'community'"`
	Community secret `parser:"  @@?"`
	Traps     bool   `parser:"| @'enable' 'traps'"`
	IP        ipAddr `parser:"| 'host' ( @@"`
	If        ifName `parser:"  | @@"`
	IP2       ipAddr `parser:"    @@ )"`
	For       kw     `parser:"  @( 'trap' | 'poll' )? )"`
}

func (g *noSNMPGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Which != "":
		return &ast.SNMPText{Pos: c.pos, Which: string(g.Which)}
	case g.Comm:
		return &ast.SNMPCommunity{Pos: c.pos, Community: g.Community.Text}
	case g.Traps:
		return &ast.SNMPTraps{Pos: c.pos}
	}
	return snmpHost(c, g.IP, g.If, g.IP2, g.For)
}
