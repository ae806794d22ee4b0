package parser

import (
	"strings"

	"pixfw/ast"
)

type aaaServerGrammar struct {
	Port     *radiusPort `parser:"'aaa-server' ( @@"`
	Tag      tagName     `parser:"| @@"`
	Protocol kw          `parser:"  ( 'protocol' @( 'tacacs+' | 'radius' | 'local' )"`
	Fails    failCount   `parser:"  | 'max-failed-attempts' @@"`
	Dead     deadMins    `parser:"  | 'deadtime' @@"`
	If       ifName      `parser:"  | ( '(' @@ ')' )?"`
	IP       ipAddr      `parser:"    'host' @@"`
	Key      secret      `parser:"    ( (?! 'timeout' ) @@ )?"`
	Timeout  aaaSeconds  `parser:"    ( 'timeout' @@ )? ) )"`
}

// radiusPort is a setting of every RADIUS server; alone it is the port of the factory.
type radiusPort struct {
	Which kw        `parser:"@( 'radius-authport' | 'radius-acctport' )"`
	Port  udpNumber `parser:"@@?"`
}

func (g *aaaServerGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Port != nil:
		which := string(g.Port.Which)
		return &ast.AAAPort{Pos: c.pos, Which: which, Port: uint16(g.Port.Port.nOr(int(ast.DefaultRADIUSPort(which))))}
	case g.Protocol != "":
		return &ast.AAAProtocol{Pos: c.pos, Tag: g.Tag.Text, Protocol: string(g.Protocol)}
	case g.Fails.given():
		return &ast.AAALimit{Pos: c.pos, Tag: g.Tag.Text, Which: "max-failed-attempts", N: g.Fails.n()}
	case g.Dead.given():
		return &ast.AAALimit{Pos: c.pos, Tag: g.Tag.Text, Which: "deadtime", N: g.Dead.n()}
	}
	return &ast.AAAHost{Pos: c.pos, Tag: g.Tag.Text, If: orElse(g.If.Text, "inside"), IP: c.ip(g.IP.word),
		Key: ast.Secret(g.Key.Text), Timeout: g.Timeout.nOr(0)}
}

type noAAAServerGrammar struct {
	Port     *radiusPort `parser:"'no' 'aaa-server' ( @@"`
	Tag      tagName     `parser:"| @@"`
	Protocol kw          `parser:"  ( 'protocol' @( 'tacacs+' | 'radius' | 'local' )"`
	Limit    kw          `parser:"  | @'max-failed-attempts'"`
	Fails    failCount   `parser:"    @@?"`
	Limit2   kw          `parser:"  | @'deadtime'"`
	Dead     deadMins    `parser:"    @@?"`
	If       ifName      `parser:"  | ( '(' @@ ')' )?"`
	IP       ipAddr      `parser:"    'host' @@"`
	Key      secret      `parser:"    ( (?! 'timeout' ) @@ )?"`
	Timeout  aaaSeconds  `parser:"    ( 'timeout' @@ )? )? )"`
}

func (g *noAAAServerGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Port != nil:
		return &ast.AAAPort{Pos: c.pos, Which: string(g.Port.Which), Port: uint16(g.Port.Port.nOr(0))}
	case g.Protocol != "":
		return &ast.AAAProtocol{Pos: c.pos, Tag: g.Tag.Text, Protocol: string(g.Protocol)}
	case g.Limit != "":
		return &ast.AAALimit{Pos: c.pos, Tag: g.Tag.Text, Which: string(g.Limit), N: g.Fails.nOr(-1)}
	case g.Limit2 != "":
		return &ast.AAALimit{Pos: c.pos, Tag: g.Tag.Text, Which: string(g.Limit2), N: g.Dead.nOr(-1)}
	case !g.IP.given():
		return &ast.AAAGroup{Pos: c.pos, Tag: g.Tag.Text}
	}
	return &ast.AAAHost{Pos: c.pos, Tag: g.Tag.Text, If: orElse(g.If.Text, "inside"), IP: c.ip(g.IP.word),
		Key: ast.Secret(g.Key.Text), Timeout: g.Timeout.nOr(0)}
}

// aaaInclude is `include|exclude SERVICE IF LOCAL MASK [FOREIGN MASK] TAG`.
type aaaInclude struct {
	Include kw      `parser:"@( 'include' | 'exclude' )"`
	Service svc     `parser:"@@"`
	If      aaaIf   `parser:"@@"`
	Local   ipAddr  `parser:"@@"`
	LMask   netMask `parser:"@@"`
	Foreign ipAddr  `parser:"( @@"`
	FMask   netMask `parser:"  @@ )?"`
	Tag     tagName `parser:"@@"`
}

type noAAAInclude struct {
	Include kw      `parser:"@( 'include' | 'exclude' )"`
	Service svc     `parser:"@@"`
	If      aaaIf   `parser:"@@"`
	Local   ipAddr  `parser:"@@"`
	LMask   netMask `parser:"@@"`
	Foreign ipAddr  `parser:"( @@"`
	FMask   netMask `parser:"  @@ )?"`
	Tag     tagName `parser:"@@?"`
}

func (g *noAAAInclude) rule(c *conv, what string) ast.Command {
	s, _ := service(g.Service.Text)
	r := &ast.AAARule{Pos: c.pos, What: what, Include: g.Include == "include", Service: s, If: g.If.Text,
		Local: c.net(g.Local.word, g.LMask.word), Tag: g.Tag.Text}
	if g.Foreign.given() {
		n := c.net(g.Foreign.word, g.FMask.word)
		r.Foreign = &n
	}
	return r
}

// aaaOld is how releases before 5.0 wrote the same: `aaa authentication any inbound 0 0 0 0 tacacs+`. The protocols were the
// groups.
type aaaOld struct {
	Service kw      `parser:"@( 'any' | 'ftp' | 'http' | 'telnet' | 'except' )"`
	Way     kw      `parser:"@( 'inbound' | 'outbound' )"`
	Local   ipAddr  `parser:"@@"`
	LMask   netMask `parser:"@@"`
	Foreign ipAddr  `parser:"@@"`
	FMask   netMask `parser:"@@"`
	Tag     tagName `parser:"@@"`
}

func (g *aaaOld) rule(c *conv, what string) ast.Command {
	word := string(g.Service)
	if word == "except" {
		word = "any"
	}
	s, _ := service(word)
	foreign := c.net(g.Foreign.word, g.FMask.word)
	r := &ast.AAARule{Pos: c.pos, What: what, Include: g.Service != "except", Service: s, If: string(g.Way),
		Local: c.net(g.Local.word, g.LMask.word), Foreign: &foreign, Tag: g.Tag.Text}
	if t := strings.ToUpper(r.Tag); t == "TACACS+" || t == "RADIUS" {
		r.Tag = t
	}
	return r
}

// aaaMatch is `match ACL IF TAG`.
type aaaMatch struct {
	ACL aclID   `parser:"'match' @@"`
	If  ifName  `parser:"@@"`
	Tag tagName `parser:"@@"`
}

type noAAAMatch struct {
	ACL aclID   `parser:"'match' @@"`
	If  ifName  `parser:"( @@"`
	Tag tagName `parser:"  @@? )?"`
}

// aaaConsole is `SERVICE console TAG [LOCAL]`.
type aaaConsole struct {
	Service kw      `parser:"@( 'serial' | 'enable' | 'telnet' | 'ssh' | 'http' )"`
	Tag     tagName `parser:"'console' @@"`
	Local   bool    `parser:"@'LOCAL'?"`
}

type noAAAConsole struct {
	Service kw      `parser:"@( 'serial' | 'enable' | 'telnet' | 'ssh' | 'http' ) 'console'"`
	Tag     tagName `parser:"( @@"`
	Local   bool    `parser:"  @'LOCAL'? )?"`
}

type aaaRule struct {
	Rule  *aaaInclude `parser:"  @@"`
	Match *aaaMatch   `parser:"| @@"`
	Old   *aaaOld     `parser:"| @@"`
}

func (g *aaaRule) rule(c *conv, what string) ast.Command {
	switch {
	case g.Rule != nil:
		return (*noAAAInclude)(g.Rule).rule(c, what)
	case g.Match != nil:
		return &ast.AAAMatch{Pos: c.pos, What: what, ACL: g.Match.ACL.Text, If: g.Match.If.Text, Tag: g.Match.Tag.Text}
	}
	return g.Old.rule(c, what)
}

type noAAARule struct {
	Rule  *noAAAInclude `parser:"  @@"`
	Match *noAAAMatch   `parser:"| @@"`
	Old   *aaaOld       `parser:"| @@"`
}

func (g *noAAARule) rule(c *conv, what string) ast.Command {
	switch {
	case g.Rule != nil:
		return g.Rule.rule(c, what)
	case g.Match != nil:
		return &ast.AAAMatch{Pos: c.pos, What: what, ACL: g.Match.ACL.Text, If: g.Match.If.Text, Tag: g.Match.Tag.Text}
	}
	return g.Old.rule(c, what)
}

type aaaGrammar struct {
	Console *aaaConsole `parser:"'aaa' ( 'authentication' ( @@"`
	Secure  bool        `parser:"  | @'secure-http-client'"`
	Authen  *aaaRule    `parser:"  | @@ )"`
	Command tagName     `parser:"| 'authorization' ( 'command' @@"`
	Local   bool        `parser:"    @'LOCAL'?"`
	Author  *aaaRule    `parser:"  | @@ )"`
	Account *aaaRule    `parser:"| 'accounting' @@"`
	Limit   proxyCount  `parser:"| 'proxy-limit' ( @@"`
	Disable bool        `parser:"  | @'disable' )"`
	Exempt  listName    `parser:"| 'mac-exempt' 'match' @@ )"`
}

func (g *aaaGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Console != nil:
		return &ast.AAAConsole{Pos: c.pos, Service: string(g.Console.Service), Tag: g.Console.Tag.Text, Local: g.Console.Local}
	case g.Secure:
		return &ast.AAASecureHTTP{Pos: c.pos}
	case g.Authen != nil:
		return g.Authen.rule(c, "authentication")
	case g.Command.given():
		return &ast.AAACommand{Pos: c.pos, Tag: g.Command.Text, Local: g.Local}
	case g.Author != nil:
		return g.Author.rule(c, "authorization")
	case g.Account != nil:
		return g.Account.rule(c, "accounting")
	case g.Exempt.given():
		return &ast.AAAMACExempt{Pos: c.pos, List: g.Exempt.Text}
	}
	return &ast.AAAProxyLimit{Pos: c.pos, Disable: g.Disable, N: g.Limit.nOr(0)}
}

type noAAAGrammar struct {
	Console *noAAAConsole `parser:"'no' 'aaa' ( 'authentication' ( @@"`
	Secure  bool          `parser:"  | @'secure-http-client'"`
	Authen  *noAAARule    `parser:"  | @@ )"`
	Cmd     bool          `parser:"| 'authorization' ( @'command'"`
	Command tagName       `parser:"    ( @@"`
	Local   bool          `parser:"      @'LOCAL'? )?"`
	Author  *noAAARule    `parser:"  | @@ )"`
	Account *noAAARule    `parser:"| 'accounting' @@"`
	Limits  bool          `parser:"| @'proxy-limit'"`
	Limit   proxyCount    `parser:"  ( @@"`
	Disable bool          `parser:"  | @'disable' )?"`
	Exempt  listName      `parser:"| 'mac-exempt' 'match' @@? )"`
}

func (g *noAAAGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Console != nil:
		return &ast.AAAConsole{Pos: c.pos, Service: string(g.Console.Service), Tag: g.Console.Tag.Text, Local: g.Console.Local}
	case g.Secure:
		return &ast.AAASecureHTTP{Pos: c.pos}
	case g.Authen != nil:
		return g.Authen.rule(c, "authentication")
	case g.Cmd:
		return &ast.AAACommand{Pos: c.pos, Tag: g.Command.Text, Local: g.Local}
	case g.Author != nil:
		return g.Author.rule(c, "authorization")
	case g.Account != nil:
		return g.Account.rule(c, "accounting")
	case g.Limits:
		return &ast.AAAProxyLimit{Pos: c.pos, Disable: g.Disable, N: g.Limit.nOr(0)}
	}
	return &ast.AAAMACExempt{Pos: c.pos, List: g.Exempt.Text}
}
