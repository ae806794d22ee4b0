package parser

import (
	"strings"

	"pixfw/ast"
)

type macEntry struct {
	Permit kw      `parser:"@( 'permit' | 'deny' )"`
	MAC    macAddr `parser:"@@"`
	Mask   macAddr `parser:"@@"`
}

func (g *macEntry) fill(m *ast.MACList) {
	m.Permit = g.Permit == "permit"
	m.MAC, _ = macOf(g.MAC.Text)
	m.Mask, _ = macOf(g.Mask.Text)
}

type macListGrammar struct {
	ID    listName `parser:"'mac-list' @@"`
	Entry macEntry `parser:"@@"`
}

func (g *macListGrammar) toAST(c *conv) ast.Command {
	m := &ast.MACList{Pos: c.pos, ID: g.ID.Text}
	g.Entry.fill(m)
	return m
}

type noMACListGrammar struct {
	ID    listName  `parser:"'no' 'mac-list' @@"`
	Entry *macEntry `parser:"@@?"`
}

func (g *noMACListGrammar) toAST(c *conv) ast.Command {
	m := &ast.MACList{Pos: c.pos, ID: g.ID.Text}
	if g.Entry != nil {
		g.Entry.fill(m)
	}
	return m
}

type usernameGrammar struct {
	Name  userName  `parser:"'username' @@"`
	None  bool      `parser:"( @'nopassword'"`
	PW    password  `parser:"| 'password' @@"`
	Enc   bool      `parser:"  @'encrypted'? )"`
	Level userLevel `parser:"( 'privilege' @@ )?"`
}

func (g *usernameGrammar) toAST(c *conv) ast.Command {
	u := &ast.Username{Pos: c.pos, Name: g.Name.Text, NoPassword: g.None, Level: g.Level.nOr(ast.DefaultPrivilege)}
	switch {
	case g.None:
	case g.Enc:
		u.Hash = hashOf(c, g.PW.word, true)
	case strings.Trim(g.PW.Text, "*") == "":
		// Asterisks stand for what is not known: as a password they would open the box.
		u.Hash = hashOf(c, g.PW.word, true)
	default:
		hashOf(c, g.PW.word, false) // for its length
		u.Hash = ast.PasswordHash(u.Name, g.PW.Text)
	}
	return u
}

// The name says who: what follows it in the positive line is read, and changes nothing.
type noUsernameGrammar struct {
	Name  userName  `parser:"'no' 'username' @@"`
	None  bool      `parser:"( @'nopassword'"`
	PW    password  `parser:"| 'password' @@"`
	Enc   bool      `parser:"  @'encrypted'? )?"`
	Level userLevel `parser:"( 'privilege' @@ )?"`
}

func (g *noUsernameGrammar) toAST(c *conv) ast.Command {
	return &ast.Username{Pos: c.pos, Name: g.Name.Text}
}

type authPromptGrammar struct {
	Which kw   `parser:"'auth-prompt' @( 'prompt' | 'accept' | 'reject' )?"`
	Text  text `parser:"@@"`
}

func (g *authPromptGrammar) toAST(c *conv) ast.Command {
	return &ast.AuthPrompt{Pos: c.pos, Which: orElse(string(g.Which), "prompt"), Text: g.Text.Text}
}

type noAuthPromptGrammar struct {
	Which kw   `parser:"'no' 'auth-prompt' @( 'prompt' | 'accept' | 'reject' )?"`
	Text  text `parser:"@@?"`
}

func (g *noAuthPromptGrammar) toAST(c *conv) ast.Command {
	which := string(g.Which)
	if g.Text.Text != "" {
		which = orElse(which, "prompt") // as the positive line reads it; without a text either, all of them go
	}
	return &ast.AuthPrompt{Pos: c.pos, Which: which, Text: g.Text.Text}
}

type virtualGrammar struct {
	HTTP   ipAddr `parser:"'virtual' ( 'http' @@"`
	Warn   bool   `parser:"  @'warn'?"`
	Telnet ipAddr `parser:"| 'telnet' @@ )"`
}

func (g *virtualGrammar) toAST(c *conv) ast.Command {
	if g.Telnet.given() {
		return &ast.Virtual{Pos: c.pos, Service: "telnet", IP: c.ip(g.Telnet.word)}
	}
	return &ast.Virtual{Pos: c.pos, Service: "http", IP: c.ip(g.HTTP.word), Warn: g.Warn}
}

type noVirtualGrammar struct {
	Service kw     `parser:"'no' 'virtual' ( @'http'"`
	HTTP    ipAddr `parser:"  ( @@"`
	Warn    bool   `parser:"    @'warn'? )?"`
	Telnet  kw     `parser:"| @'telnet'"`
	IP      ipAddr `parser:"  @@? )"`
}

func (g *noVirtualGrammar) toAST(c *conv) ast.Command {
	v := &ast.Virtual{Pos: c.pos, Service: string(g.Service + g.Telnet), Warn: g.Warn}
	if w := g.HTTP.word; w.given() {
		v.IP = c.ip(w)
	}
	if w := g.IP.word; w.given() {
		v.IP = c.ip(w)
	}
	return v
}
