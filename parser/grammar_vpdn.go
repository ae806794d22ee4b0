package parser

import "pixfw/ast"

// vpdnAttribute is what follows the name of a group; one alternative a form of value.
type vpdnAttribute struct {
	Accept   kw        `parser:"  'accept' 'dialin' @( 'pptp' | 'l2tp' )"`
	Dialout  bool      `parser:"| 'request' 'dialout' @'pppoe'"`
	Local    userName  `parser:"| 'localname' @@"`
	Auth     kw        `parser:"| 'ppp' ( 'authentication' @( 'pap' | 'chap' | 'mschap' )"`
	MPPE     kw        `parser:"  | 'encryption' 'mppe' @( '40' | '128' | 'auto' )"`
	Required bool      `parser:"    @'required'? )"`
	Client   *vpdnPush `parser:"| 'client' @@"`
	Echo     helloSecs `parser:"| 'pptp' 'echo' @@"`
	Hello    helloSecs `parser:"| 'l2tp' 'tunnel' 'hello' @@"`
}

type vpdnPush struct {
	Pool    poolName `parser:"  'configuration' ( 'address' 'local' @@"`
	Server  kw       `parser:"  | @( 'dns' | 'wins' )"`
	IPs     []ipAddr `parser:"    @@ @@? )"`
	Local   bool     `parser:"| 'authentication' ( @'local'"`
	Tag     tagName  `parser:"  | 'aaa' @@ )"`
	Account tagName  `parser:"| 'accounting' @@"`
}

func (g *vpdnAttribute) fill(c *conv, v *ast.VPDNGroup) {
	set := func(attribute, value string) { v.Attribute, v.Value = attribute, value }
	switch p := g.Client; {
	case g.Accept != "":
		set("accept dialin", string(g.Accept))
	case g.Dialout:
		set("request dialout pppoe", "")
	case g.Local.given():
		set("localname", g.Local.Text)
	case g.Auth != "":
		set("ppp authentication", string(g.Auth))
	case g.MPPE != "":
		set("ppp encryption mppe", string(g.MPPE))
		v.Required = g.Required
	case g.Echo.given():
		set("pptp echo", itoa(g.Echo.n()))
	case g.Hello.given():
		set("l2tp tunnel hello", itoa(g.Hello.n()))
	case p.Pool.given():
		set("client configuration address local", p.Pool.Text)
	case p.Server != "":
		set("client configuration "+string(p.Server), "")
		for _, w := range p.IPs {
			v.IPs = append(v.IPs, c.ip(w.word))
		}
	case p.Local:
		set("client authentication", "local")
	case p.Tag.given():
		set("client authentication", "aaa "+p.Tag.Text)
	default:
		set("client accounting", p.Account.Text)
	}
}

type vpdnGrammar struct {
	Enable ifName        `parser:"'vpdn' ( 'enable' @@"`
	User   userName      `parser:"| 'username' @@"`
	PW     secret        `parser:"  'password' @@"`
	Store  bool          `parser:"  @'store-local'?"`
	Group  vpdnName      `parser:"| 'group' @@"`
	Attr   vpdnAttribute `parser:"  @@ )"`
}

func (g *vpdnGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Enable.given():
		return &ast.VPDNEnable{Pos: c.pos, If: g.Enable.Text}
	case g.User.given():
		return &ast.VPDNUser{Pos: c.pos, User: g.User.Text, Password: ast.Secret(g.PW.Text), StoreLocal: g.Store}
	}
	v := &ast.VPDNGroup{Pos: c.pos, Group: g.Group.Text}
	g.Attr.fill(c, v)
	return v
}

// vpdnPart names an attribute whose value was left off.
type vpdnPart struct {
	Words kw `parser:"@'accept' @'dialin' | @'localname' | @'ppp' ( @'authentication' | @'encryption' @'mppe' ) | @'pptp' @'echo' | @'l2tp' @'tunnel' @'hello' | @'client' ( @'configuration' ( @'address' @'local' | @'dns' | @'wins' ) | @'authentication' | @'accounting' )"`
}

type noVPDNGrammar struct {
	Enable ifName         `parser:"'no' 'vpdn' ( 'enable' @@"`
	User   userName       `parser:"| 'username' @@"`
	PW     secret         `parser:"  ( 'password' @@"`
	Store  bool           `parser:"    @'store-local'? )?"`
	Group  vpdnName       `parser:"| 'group' @@"`
	Attr   *vpdnAttribute `parser:"  ( @@"`
	Part   *vpdnPart      `parser:"  | @@ )? )"`
}

func (g *noVPDNGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Enable.given():
		return &ast.VPDNEnable{Pos: c.pos, If: g.Enable.Text}
	case g.User.given():
		return &ast.VPDNUser{Pos: c.pos, User: g.User.Text, Password: ast.Secret(g.PW.Text), StoreLocal: g.Store}
	}
	v := &ast.VPDNGroup{Pos: c.pos, Group: g.Group.Text}
	switch {
	case g.Attr != nil:
		g.Attr.fill(c, v)
	case g.Part != nil:
		v.Attribute = string(g.Part.Words)
	}
	return v
}

type clientNet struct {
	IP   ipAddr  `parser:"@@"`
	Mask netMask `parser:"@@"`
}

type clientMAC struct {
	MAC  macAddr `parser:"@@"`
	Mask macAddr `parser:"@@"`
}

type clientLogin struct {
	Group vpnName  `parser:"( 'vpngroup' @@"`
	User  userName `parser:"| 'username' @@ )"`
	PW    secret   `parser:"'password' @@"`
}

type vpnClientGrammar struct {
	Servers []ipAddr     `parser:"'vpnclient' ( 'server' @@+"`
	Mode    kw           `parser:"| 'mode' @( 'client-mode' | 'network-extension-mode' )"`
	Login   *clientLogin `parser:"| @@"`
	Clear   bool         `parser:"| 'management' ( @'clear'"`
	Tunnel  []clientNet  `parser:"  | 'tunnel' @@+ )"`
	MACs    []clientMAC  `parser:"| 'mac-exempt' @@+"`
	Word    kw           `parser:"| @( 'nem-st-autoconnect' | 'enable' )"`
	Action  kw           `parser:"| @( 'connect' | 'disconnect' ) )"`
}

func (g *vpnClientGrammar) toAST(c *conv) ast.Command {
	switch {
	case len(g.Servers) > 0:
		s := &ast.VPNClientServer{Pos: c.pos}
		for _, w := range g.Servers {
			s.IPs = append(s.IPs, c.ip(w.word))
		}
		if len(s.IPs) > 10 {
			c.fail(g.Servers[10].word, codeRange, badValue{kind: ast.Range, message: "too many servers: at most 10"})
		}
		return s
	case g.Mode != "":
		return &ast.VPNClientMode{Pos: c.pos, Mode: string(g.Mode)}
	case g.Login != nil:
		l := &ast.VPNClientLogin{Pos: c.pos, As: "vpngroup", Name: g.Login.Group.Text, Password: ast.Secret(g.Login.PW.Text)}
		if g.Login.User.given() {
			l.As, l.Name = "username", g.Login.User.Text
		}
		return l
	case g.Clear || len(g.Tunnel) > 0:
		m := &ast.VPNClientManagement{Pos: c.pos, Clear: g.Clear}
		for _, n := range g.Tunnel {
			m.Tunnel = append(m.Tunnel, c.net(n.IP.word, n.Mask.word))
		}
		return m
	case len(g.MACs) > 0:
		m := &ast.VPNClientMACExempt{Pos: c.pos}
		for _, w := range g.MACs {
			mac, _ := macOf(w.MAC.Text)
			mask, _ := macOf(w.Mask.Text)
			m.MACs = append(m.MACs, ast.MACMask{MAC: mac, Mask: mask})
		}
		return m
	case g.Action != "":
		return doOnce(c, "vpnclient", string(g.Action))
	}
	return &ast.VPNClientSwitch{Pos: c.pos, Word: string(g.Word)}
}

type noVPNClientGrammar struct {
	Form kw            `parser:"'no' 'vpnclient' ( @( 'nem-st-autoconnect' | 'enable' )"`
	Word kw            `parser:"| @'server'"`
	IPs  []ipAddr      `parser:"  @@*"`
	Mode kw            `parser:"| @'mode' ( 'client-mode' | 'network-extension-mode' )?"`
	As   kw            `parser:"| @( 'vpngroup' | 'username' )"`
	Name *noClientName `parser:"  @@?"`
	Mgmt kw            `parser:"| @'management'"`
	What *noClientMgmt `parser:"  @@?"`
	Free kw            `parser:"| @'mac-exempt'"`
	MACs []clientMAC   `parser:"  @@* )?"`
}

type noClientName struct {
	Name userName `parser:"@@"`
	PW   secret   `parser:"( 'password' @@ )?"`
}

type noClientMgmt struct {
	Clear  bool        `parser:"  @'clear'"`
	Tunnel []clientNet `parser:"| 'tunnel' @@*"`
}

func (g *noVPNClientGrammar) toAST(c *conv) ast.Command {
	// Each of them is there once, whatever its operands.
	g.Form += g.Word + g.Mode + g.As + g.Mgmt + g.Free
	switch g.Form {
	case "":
		return &ast.VPNClientAll{Pos: c.pos}
	case "server":
		return &ast.VPNClientServer{Pos: c.pos}
	case "mode":
		return &ast.VPNClientMode{Pos: c.pos}
	case "vpngroup", "username":
		return &ast.VPNClientLogin{Pos: c.pos, As: string(g.Form)}
	case "management":
		return &ast.VPNClientManagement{Pos: c.pos}
	case "mac-exempt":
		return &ast.VPNClientMACExempt{Pos: c.pos}
	}
	return &ast.VPNClientSwitch{Pos: c.pos, Word: string(g.Form)}
}
