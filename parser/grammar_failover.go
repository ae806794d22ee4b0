package parser

import "pixfw/ast"

type failoverLAN struct {
	Unit   kw     `parser:"'lan' ( 'unit' @( 'primary' | 'secondary' )"`
	If     ifName `parser:"| 'interface' @@"`
	Key    secret `parser:"| 'key' @@"`
	Enable bool   `parser:"| @'enable' )"`
}

func (g *failoverLAN) toAST(c *conv) ast.Command {
	switch {
	case g.Unit != "":
		return &ast.FailoverUnit{Pos: c.pos, Unit: string(g.Unit)}
	case g.If.given():
		return &ast.FailoverInterface{Pos: c.pos, If: g.If.Text}
	case g.Key.given():
		return &ast.FailoverKey{Pos: c.pos, Key: ast.Secret(g.Key.Text)}
	}
	return &ast.FailoverLAN{Pos: c.pos}
}

type failoverGrammar struct {
	Timeout hms          `parser:"'failover' ( 'timeout' @@"`
	Poll    pollSeconds  `parser:"| 'poll' @@"`
	If      ifName       `parser:"| 'ip' 'address' @@"`
	IP      ipAddr       `parser:"  @@"`
	Link    ifName       `parser:"| 'link' @@"`
	HTTP    bool         `parser:"| 'replication' @'http'"`
	MAC     ifName       `parser:"| 'mac' 'address' @@"`
	Active  macAddr      `parser:"  @@"`
	Standby macAddr      `parser:"  @@"`
	LAN     *failoverLAN `parser:"| @@ )?"`
}

func (g *failoverGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Timeout.given():
		d, _ := parseHMS(g.Timeout.Text)
		return &ast.FailoverTimeout{Pos: c.pos, Time: d}
	case g.Poll.given():
		return &ast.FailoverPoll{Pos: c.pos, Seconds: g.Poll.n()}
	case g.If.given():
		// Older releases write 0.0.0.0 for an address that is not set.
		ip := c.ip(g.IP.word)
		return &ast.FailoverAddress{Pos: c.pos, On: ip != 0, If: g.If.Text, IP: ip}
	case g.Link.given():
		return &ast.FailoverLink{Pos: c.pos, If: g.Link.Text}
	case g.HTTP:
		return &ast.FailoverReplication{Pos: c.pos}
	case g.MAC.given():
		m := &ast.FailoverMAC{Pos: c.pos, If: g.MAC.Text}
		m.Active, _ = macOf(g.Active.Text)
		m.Standby, _ = macOf(g.Standby.Text)
		return m
	case g.LAN != nil:
		return g.LAN.toAST(c)
	}
	return &ast.FailoverSwitch{Pos: c.pos, On: true}
}

type noFailoverLAN struct {
	Unit      bool   `parser:"'lan' ( @'unit' ( 'primary' | 'secondary' )?"`
	Interface bool   `parser:"| @'interface'"`
	If        ifName `parser:"  @@?"`
	Key       bool   `parser:"| @'key'"`
	Secret    secret `parser:"  @@?"`
	Enable    bool   `parser:"| @'enable' )"`
}

func (g *noFailoverLAN) toAST(c *conv) ast.Command {
	switch {
	case g.Unit:
		return &ast.FailoverUnit{Pos: c.pos}
	case g.Interface:
		return &ast.FailoverInterface{Pos: c.pos}
	case g.Key:
		return &ast.FailoverKey{Pos: c.pos}
	}
	return &ast.FailoverLAN{Pos: c.pos}
}

type noFailoverGrammar struct {
	Timeout bool           `parser:"'no' 'failover' ( @'timeout'"`
	Time    hms            `parser:"  @@?"`
	Poll    bool           `parser:"| @'poll'"`
	Seconds pollSeconds    `parser:"  @@?"`
	If      ifName         `parser:"| 'ip' 'address' @@"`
	IP      ipAddr         `parser:"  @@?"`
	Link    bool           `parser:"| @'link'"`
	LinkIf  ifName         `parser:"  @@?"`
	HTTP    bool           `parser:"| 'replication' @'http'"`
	MAC     ifName         `parser:"| 'mac' 'address' @@"`
	Active  macAddr        `parser:"  ( @@"`
	Standby macAddr        `parser:"    @@ )?"`
	LAN     *noFailoverLAN `parser:"| @@ )?"`
}

func (g *noFailoverGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Timeout:
		return &ast.FailoverTimeout{Pos: c.pos, Time: -1}
	case g.Poll:
		return &ast.FailoverPoll{Pos: c.pos}
	case g.If.given():
		return &ast.FailoverAddress{Pos: c.pos, If: g.If.Text}
	case g.Link:
		return &ast.FailoverLink{Pos: c.pos}
	case g.HTTP:
		return &ast.FailoverReplication{Pos: c.pos}
	case g.MAC.given():
		return &ast.FailoverMAC{Pos: c.pos, If: g.MAC.Text}
	case g.LAN != nil:
		return g.LAN.toAST(c)
	}
	return &ast.FailoverSwitch{Pos: c.pos}
}
