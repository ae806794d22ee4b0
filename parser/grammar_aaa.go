package parser

import "pixfw/ast"

type aaaServerGrammar struct {
	Tag      tagName    `parser:"'aaa-server' @@"`
	Protocol kw         `parser:"( 'protocol' @( 'tacacs+' | 'radius' | 'local' )"`
	If       ifName     `parser:"| ( '(' @@ ')' )?"`
	IP       ipAddr     `parser:"  'host' @@"`
	Key      secret     `parser:"  ( (?! 'timeout' ) @@ )?"`
	Timeout  aaaSeconds `parser:"  ( 'timeout' @@ )? )"`
}

func (g *aaaServerGrammar) toAST(c *conv) ast.Command {
	if g.Protocol != "" {
		return &ast.AAAProtocol{Pos: c.pos, Tag: g.Tag.Text, Protocol: string(g.Protocol)}
	}
	return &ast.AAAHost{Pos: c.pos, Tag: g.Tag.Text, If: orElse(g.If.Text, "inside"), IP: c.ip(g.IP.word),
		Key: ast.Secret(g.Key.Text), Timeout: g.Timeout.nOr(0)}
}

type noAAAServerGrammar struct {
	Tag      tagName    `parser:"'no' 'aaa-server' @@"`
	Protocol kw         `parser:"( 'protocol' @( 'tacacs+' | 'radius' | 'local' )"`
	If       ifName     `parser:"| ( '(' @@ ')' )?"`
	IP       ipAddr     `parser:"  'host' @@"`
	Key      secret     `parser:"  ( (?! 'timeout' ) @@ )?"`
	Timeout  aaaSeconds `parser:"  ( 'timeout' @@ )? )?"`
}

func (g *noAAAServerGrammar) toAST(c *conv) ast.Command {
	if !g.IP.given() {
		return &ast.AAAProtocol{Pos: c.pos, Tag: g.Tag.Text, Protocol: string(g.Protocol)}
	}
	return &ast.AAAHost{Pos: c.pos, Tag: g.Tag.Text, If: orElse(g.If.Text, "inside"), IP: c.ip(g.IP.word),
		Key: ast.Secret(g.Key.Text), Timeout: g.Timeout.nOr(0)}
}

type aaaHead struct {
	What    kw      `parser:"@( 'authentication' | 'authorization' | 'accounting' )"`
	Include kw      `parser:"@( 'include' | 'exclude' )"`
	Service svc     `parser:"@@"`
	If      ifName  `parser:"@@"`
	Local   ipAddr  `parser:"@@"`
	LMask   netMask `parser:"@@"`
}

func (g *aaaHead) rule(c *conv, foreign ipAddr, mask netMask, tag tagName) ast.Command {
	s, _ := service(g.Service.Text)
	r := &ast.AAARule{Pos: c.pos, What: string(g.What), Include: g.Include == "include", Service: s, If: g.If.Text,
		Local: c.net(g.Local.word, g.LMask.word), Tag: tag.Text}
	if foreign.given() {
		n := c.net(foreign.word, mask.word)
		r.Foreign = &n
	}
	return r
}

type aaaGrammar struct {
	Head    aaaHead `parser:"'aaa' @@"`
	Foreign ipAddr  `parser:"( @@"`
	FMask   netMask `parser:"  @@ )?"`
	Tag     tagName `parser:"@@"`
}

func (g *aaaGrammar) toAST(c *conv) ast.Command { return g.Head.rule(c, g.Foreign, g.FMask, g.Tag) }

type noAAAGrammar struct {
	Head    aaaHead `parser:"'no' 'aaa' @@"`
	Foreign ipAddr  `parser:"( @@"`
	FMask   netMask `parser:"  @@ )?"`
	Tag     tagName `parser:"@@?"`
}

func (g *noAAAGrammar) toAST(c *conv) ast.Command { return g.Head.rule(c, g.Foreign, g.FMask, g.Tag) }
