package parser

import (
	"strings"

	"pixfw/ast"
)

type dhcpOption struct {
	Code optionCode `parser:"'option' @@"`
	Text optionText `parser:"( 'ascii' @@"`
	Hex  optionHex  `parser:"| 'hex' @@"`
	IPs  []ipAddr   `parser:"| 'ip' @@ @@? )"`
}

func (g *dhcpOption) toAST(c *conv) ast.Command {
	o := &ast.DHCPDOption{Pos: c.pos, Code: g.Code.n()}
	switch {
	case g.Text.given():
		o.Kind, o.Value = "ascii", g.Text.Text
	case g.Hex.given():
		o.Kind, o.Value = "hex", strings.ToLower(g.Hex.Text)
	default:
		o.Kind, o.IPs = "ip", addresses(c, g.IPs)
	}
	return o
}

func addresses(c *conv, list []ipAddr) (out []ast.IP) {
	for _, w := range list {
		out = append(out, c.ip(w.word))
	}
	return out
}

type dhcpdGrammar struct {
	Span     ipSpan      `parser:"'dhcpd' ( 'address' @@"`
	If       ifName      `parser:"  @@?"`
	Servers  kw          `parser:"| @( 'dns' | 'wins' )"`
	IPs      []ipAddr    `parser:"  @@ @@?"`
	Domain   hostWord    `parser:"| 'domain' @@"`
	Lease    leaseSecs   `parser:"| 'lease' @@"`
	Ping     pingMillis  `parser:"| 'ping_timeout' @@"`
	Option   *dhcpOption `parser:"| @@"`
	Auto     bool        `parser:"| @'auto_config'"`
	AutoIf   ifName      `parser:"  @@?"`
	Enable   bool        `parser:"| @'enable'"`
	EnableIf ifName      `parser:"  @@? )"`
}

func (g *dhcpdGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Span.given():
		a := &ast.DHCPDAddress{Pos: c.pos, If: orElse(g.If.Text, "inside")}
		a.First, a.Last = c.span(g.Span.word)
		return a
	case g.Servers != "":
		return &ast.DHCPDServers{Pos: c.pos, Kind: string(g.Servers), IPs: addresses(c, g.IPs)}
	case g.Domain.given():
		return &ast.DHCPDDomain{Pos: c.pos, Name: g.Domain.Text}
	case g.Lease.given():
		return &ast.DHCPDLease{Pos: c.pos, Seconds: g.Lease.n()}
	case g.Ping.given():
		return &ast.DHCPDPing{Pos: c.pos, Milliseconds: g.Ping.n()}
	case g.Option != nil:
		return g.Option.toAST(c)
	case g.Auto:
		return &ast.DHCPDAutoConfig{Pos: c.pos, If: g.AutoIf.Text}
	}
	return &ast.DHCPDEnable{Pos: c.pos, If: orElse(g.EnableIf.Text, "inside")}
}

type noDHCPOption struct {
	Code optionCode `parser:"'option' @@"`
	Text optionText `parser:"( 'ascii' @@"`
	Hex  optionHex  `parser:"| 'hex' @@"`
	IPs  []ipAddr   `parser:"| 'ip' @@ @@? )?"`
}

type noDHCPDGrammar struct {
	Address  bool          `parser:"'no' 'dhcpd' ( @'address'"`
	Span     ipSpan        `parser:"  @@"`
	If       ifName        `parser:"  @@?"`
	Servers  kw            `parser:"| @( 'dns' | 'wins' )"`
	IPs      []ipAddr      `parser:"  ( @@ @@? )?"`
	Domain   bool          `parser:"| @'domain'"`
	Name     hostWord      `parser:"  @@?"`
	Lease    bool          `parser:"| @'lease'"`
	Seconds  leaseSecs     `parser:"  @@?"`
	Ping     bool          `parser:"| @'ping_timeout'"`
	Millis   pingMillis    `parser:"  @@?"`
	Option   *noDHCPOption `parser:"| @@"`
	Auto     bool          `parser:"| @'auto_config'"`
	AutoIf   ifName        `parser:"  @@?"`
	Enable   bool          `parser:"| @'enable'"`
	EnableIf ifName        `parser:"  @@? )"`
}

func (g *noDHCPDGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Address:
		a := &ast.DHCPDAddress{Pos: c.pos, If: orElse(g.If.Text, "inside")}
		a.First, a.Last = c.span(g.Span.word)
		return a
	case g.Servers != "":
		return &ast.DHCPDServers{Pos: c.pos, Kind: string(g.Servers)}
	case g.Domain:
		return &ast.DHCPDDomain{Pos: c.pos}
	case g.Lease:
		return &ast.DHCPDLease{Pos: c.pos}
	case g.Ping:
		return &ast.DHCPDPing{Pos: c.pos}
	case g.Option != nil:
		return &ast.DHCPDOption{Pos: c.pos, Code: g.Option.Code.n()}
	case g.Auto:
		return &ast.DHCPDAutoConfig{Pos: c.pos, If: g.AutoIf.Text}
	}
	return &ast.DHCPDEnable{Pos: c.pos, If: orElse(g.EnableIf.Text, "inside")}
}

type relayGrammar struct {
	IP      ipAddr    `parser:"'dhcprelay' ( 'server' @@"`
	If      ifName    `parser:"  @@"`
	What    kw        `parser:"| @( 'enable' | 'setroute' )"`
	Client  ifName    `parser:"  @@"`
	Timeout relaySecs `parser:"| 'timeout' @@ )"`
}

func (g *relayGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.IP.given():
		return &ast.RelayServer{Pos: c.pos, IP: c.ip(g.IP.word), If: g.If.Text}
	case g.What != "":
		return &ast.RelayEnable{Pos: c.pos, What: string(g.What), If: g.Client.Text}
	}
	return &ast.RelayTimeout{Pos: c.pos, Seconds: g.Timeout.n()}
}

type noRelayGrammar struct {
	IP      ipAddr    `parser:"'no' 'dhcprelay' ( 'server' @@"`
	If      ifName    `parser:"  @@?"`
	What    kw        `parser:"| @( 'enable' | 'setroute' )"`
	Client  ifName    `parser:"  @@"`
	Timeout bool      `parser:"| @'timeout'"`
	Seconds relaySecs `parser:"  @@? )"`
}

func (g *noRelayGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.IP.given():
		return &ast.RelayServer{Pos: c.pos, IP: c.ip(g.IP.word), If: g.If.Text}
	case g.What != "":
		return &ast.RelayEnable{Pos: c.pos, What: string(g.What), If: g.Client.Text}
	}
	return &ast.RelayTimeout{Pos: c.pos}
}
