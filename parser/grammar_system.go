package parser

import (
	"strings"

	"pixfw/ast"
)

// An encrypted password is its hash; a clear one is hashed here, so that nothing behind knows it.
type enablePasswordGrammar struct {
	Empty     bool      `parser:"'enable' 'password' ("`
	Level0    privLevel `parser:"'level' @@"`
	PW        password  `parser:"| @@"`
	Level     privLevel `parser:"( 'level' @@"`
	Enc1      bool      `parser:"  @'encrypted'?"`
	Encrypted bool      `parser:"| @'encrypted'"`
	Level2    privLevel `parser:"  ( 'level' @@ )? )? )?"`
}

func (g *enablePasswordGrammar) toAST(c *conv) ast.Command {
	e := &ast.EnablePassword{Pos: c.pos, Level: 15}
	for _, l := range [...]privLevel{g.Level0, g.Level, g.Level2} {
		if l.given() {
			e.Level = l.n()
		}
	}
	e.Hash = hashOf(c, g.PW.word, g.Enc1 || g.Encrypted)
	return e
}

func hashOf(c *conv, w word, encrypted bool) string {
	if !encrypted {
		if len(w.Text) > 16 {
			c.fail(w, codeRange, badValue{kind: ast.Range, message: "password too long: more than 16 characters"})
		}
		return ast.PasswordHash("", w.Text)
	}
	if !isHash(w.Text) {
		c.warn(w, codeNoHash, badValue{kind: ast.SecretKind, message: "not the hash of a password: no password will fit",
			hint: "an encrypted password has 16 characters from ./0-9A-Za-z"})
	}
	return w.Text
}

// Whatever the password of the level is, it goes.
type noEnablePasswordGrammar struct {
	Level0    privLevel `parser:"'no' 'enable' 'password' ( 'level' @@"`
	PW        password  `parser:"| @@"`
	Level     privLevel `parser:"( 'level' @@"`
	Enc1      bool      `parser:"  @'encrypted'?"`
	Encrypted bool      `parser:"| @'encrypted'"`
	Level2    privLevel `parser:"  ( 'level' @@ )? )? )?"`
}

func (g *noEnablePasswordGrammar) toAST(c *conv) ast.Command {
	return &ast.EnablePassword{Pos: c.pos, Level: g.Level0.nOr(g.Level.nOr(g.Level2.nOr(15)))}
}

type passwdGrammar struct {
	PW        password `parser:"( 'passwd' | 'password' ) @@"`
	Encrypted bool     `parser:"@'encrypted'?"`
}

func (g *passwdGrammar) toAST(c *conv) ast.Command {
	return &ast.Passwd{Pos: c.pos, Hash: hashOf(c, g.PW.word, g.Encrypted)}
}

// Whatever the password is, the one from the factory takes its place.
type noPasswdGrammar struct {
	On        kw       `parser:"'no' @( 'passwd' | 'password' )"`
	PW        password `parser:"( @@"`
	Encrypted bool     `parser:"  @'encrypted'? )?"`
}

func (g *noPasswdGrammar) toAST(c *conv) ast.Command { return &ast.Passwd{Pos: c.pos} }

type hostnameGrammar struct {
	Name hostWord `parser:"'hostname' @@"`
}

func (g *hostnameGrammar) toAST(c *conv) ast.Command {
	return &ast.Hostname{Pos: c.pos, Name: g.Name.Text}
}

type noHostnameGrammar struct {
	Name hostWord `parser:"'no' 'hostname' @@?"`
}

func (g *noHostnameGrammar) toAST(c *conv) ast.Command {
	return &ast.Hostname{Pos: c.pos, Name: g.Name.Text}
}

type domainNameGrammar struct {
	Name hostWord `parser:"'domain-name' @@"`
}

func (g *domainNameGrammar) toAST(c *conv) ast.Command {
	return &ast.DomainName{Pos: c.pos, Name: g.Name.Text}
}

type noDomainNameGrammar struct {
	Name hostWord `parser:"'no' 'domain-name' @@?"`
}

func (g *noDomainNameGrammar) toAST(c *conv) ast.Command {
	return &ast.DomainName{Pos: c.pos, Name: g.Name.Text}
}

type namesGrammar struct {
	On bool `parser:"@'names'"`
}

func (g *namesGrammar) toAST(c *conv) ast.Command { return &ast.Names{Pos: c.pos, On: true} }

type noNamesGrammar struct {
	Off bool `parser:"'no' @'names'"`
}

func (g *noNamesGrammar) toAST(c *conv) ast.Command { return &ast.Names{Pos: c.pos} }

type nameGrammar struct {
	IP   plainIP   `parser:"'name' @@"`
	Name aliasName `parser:"@@"`
}

func (g *nameGrammar) toAST(c *conv) ast.Command {
	if isIP(g.Name.Text) {
		c.fail(g.Name.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad name " + quote(g.Name.Text) + ": it is an address"})
	} else if ast.ReservedName(g.Name.Text) {
		c.warn(g.Name.word, codeNameKeyword, badValue{kind: ast.Lint, message: "name " + quote(g.Name.Text) + " is a keyword: the address is printed in its place"})
	}
	return &ast.Name{Pos: c.pos, IP: c.ip(g.IP.word), Name: g.Name.Text}
}

type noNameGrammar struct {
	IP   plainIP   `parser:"'no' 'name' @@"`
	Name aliasName `parser:"@@?"`
}

func (g *noNameGrammar) toAST(c *conv) ast.Command {
	return &ast.Name{Pos: c.pos, IP: c.ip(g.IP.word), Name: g.Name.Text}
}

type pagerGrammar struct {
	On    bool       `parser:"@'pager'"`
	Lines pagerLines `parser:"( 'lines' @@ )?"`
}

func (g *pagerGrammar) toAST(c *conv) ast.Command {
	n := g.Lines.nOr(24)
	return &ast.Pager{Pos: c.pos, On: n > 0, Lines: n}
}

type noPagerGrammar struct {
	Off   bool       `parser:"'no' @'pager'"`
	Lines pagerLines `parser:"( 'lines' @@? )?"`
}

func (g *noPagerGrammar) toAST(c *conv) ast.Command { return &ast.Pager{Pos: c.pos} }

type mtuGrammar struct {
	If    ifName   `parser:"'mtu' @@"`
	Bytes mtuBytes `parser:"@@"`
}

func (g *mtuGrammar) toAST(c *conv) ast.Command {
	return &ast.MTU{Pos: c.pos, If: g.If.Text, Bytes: g.Bytes.n()}
}

type noMTUGrammar struct {
	If    ifName   `parser:"'no' 'mtu' @@"`
	Bytes mtuBytes `parser:"@@?"`
}

func (g *noMTUGrammar) toAST(c *conv) ast.Command {
	return &ast.MTU{Pos: c.pos, If: g.If.Text, Bytes: g.Bytes.nOr(0)}
}

type floodguardGrammar struct {
	State kw `parser:"'floodguard' @( 'enable' | 'disable' | '1' | '0' )"`
}

func (g *floodguardGrammar) toAST(c *conv) ast.Command {
	return &ast.Floodguard{Pos: c.pos, On: g.State == "enable" || g.State == "1"}
}

type noFloodguardGrammar struct {
	Off bool `parser:"'no' @'floodguard' ( 'enable' | '1' )?"`
}

func (g *noFloodguardGrammar) toAST(c *conv) ast.Command { return &ast.Floodguard{Pos: c.pos} }

type sysoptOption struct {
	Words kw       `parser:"  @'connection' @( 'permit-ipsec' | 'permit-l2tp' | 'permit-pptp' | 'timewait' )"`
	MSS   kw       `parser:"| @'connection' @'tcpmss' @'minimum'?"`
	Bytes mssBytes `parser:"  @@"`
	Alias kw       `parser:"| @'nodnsalias' @( 'inbound' | 'outbound' ) | @'ipsec' @'pl-compatible' | @'radius' @'ignore-secret' | @'uauth' @'allow-http-cache' | @'route' @'dnat' | @'security' @'fragguard'"`
	Proxy kw       `parser:"| @'noproxyarp'"`
	If    ifName   `parser:"  @@"`
}

func (g *sysoptOption) toAST(c *conv) ast.Command {
	option := string(g.Words + g.Alias + g.MSS + g.Proxy)
	if g.Bytes.given() {
		option = string(g.MSS) + " " + itoa(g.Bytes.n())
	}
	if g.If.given() {
		option += " " + g.If.Text
	}
	return &ast.Sysopt{Pos: c.pos, Option: option}
}

type sysoptGrammar struct {
	Option sysoptOption `parser:"'sysopt' @@"`
}

func (g *sysoptGrammar) toAST(c *conv) ast.Command {
	cmd := g.Option.toAST(c)
	if o, ok := cmd.(*ast.Sysopt); ok && o.Old() {
		c.warn(word{Text: "sysopt " + o.Option, Col: max(int(c.pos.Col), 1)}, codeOld, badValue{kind: ast.Unsupported,
			message: "sysopt " + o.Option + " is an option of releases up to 6.2: it is left out"})
	}
	return cmd
}

type noSysoptGrammar struct {
	MSS    kw           `parser:"'no' 'sysopt' ( @'connection' @'tcpmss' @'minimum'?"`
	Bytes  mssBytes     `parser:"  @@?"`
	Option sysoptOption `parser:"| @@ )"`
}

func (g *noSysoptGrammar) toAST(c *conv) ast.Command {
	if g.MSS != "" {
		return &ast.Sysopt{Pos: c.pos, Option: strings.TrimSpace(string(g.MSS) + " " + g.Bytes.Text)}
	}
	return g.Option.toAST(c)
}
