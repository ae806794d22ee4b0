package parser

import (
	"slices"
	"strings"

	"pixfw/ast"
)

type interfaceGrammar struct {
	HW       hardware `parser:"'interface' @@"`
	VLAN     vlanWord `parser:"( @@"`
	Kind     kw       `parser:"  @( 'physical' | 'logical' )?"`
	Speed    kw       `parser:"| @( 'auto' | '10baset' | '10full' | '100basetx' | '100full' | '1000sxfull' | '1000basesx' | '1000auto' | '1000full' | 'aui' | 'bnc' | '4mbps' | '16mbps' )"`
	Fixed    bool     `parser:"  @'nonegotiate'? )?"`
	Shutdown bool     `parser:"@'shutdown'?"`
}

func (g *interfaceGrammar) toAST(c *conv) ast.Command {
	hw := portName(g.HW.Text)
	if g.VLAN.given() {
		// Which of the two is meant when neither is said is unconfirmed; captures print logical.
		return &ast.VLAN{Pos: c.pos, Hardware: hw, VLAN: g.VLAN.vlan(), Kind: orElse(string(g.Kind), "logical"), Shutdown: g.Shutdown}
	}
	return &ast.Interface{Pos: c.pos, Hardware: hw, Speed: orElse(string(g.Speed), "auto"), Fixed: g.Fixed, Shutdown: g.Shutdown}
}

// vlan is the number of vlanN.
func (l *vlanWord) vlan() int {
	n, _ := decimal(strings.TrimPrefix(strings.ToLower(l.Text), "vlan"))
	return n
}

// A port itself cannot be removed, only a VLAN.
type noInterfaceGrammar struct {
	HW       hardware `parser:"'no' 'interface' @@"`
	VLAN     vlanWord `parser:"@@"`
	Kind     kw       `parser:"@( 'physical' | 'logical' )?"`
	Shutdown bool     `parser:"@'shutdown'?"`
}

func (g *noInterfaceGrammar) toAST(c *conv) ast.Command {
	return &ast.VLAN{Pos: c.pos, Hardware: portName(g.HW.Text), VLAN: g.VLAN.vlan(), Kind: string(g.Kind)}
}

type nameifGrammar struct {
	HW    nameable  `parser:"'nameif' @@"`
	Name  ifName    `parser:"@@"`
	Level secLevel  `parser:"( @@"`
	Bare  bareLevel `parser:"| @@ )"`
}

func (g *nameifGrammar) toAST(c *conv) ast.Command {
	n, _ := level(g.Level.Text)
	if g.Bare.given() {
		n = g.Bare.n()
	}
	return &ast.Nameif{Pos: c.pos, Hardware: portName(g.HW.Text), Name: g.Name.Text, Level: n}
}

type noNameifGrammar struct {
	HW    nameable  `parser:"'no' 'nameif' @@"`
	Name  ifName    `parser:"( @@"`
	Level secLevel  `parser:"  ( @@"`
	Bare  bareLevel `parser:"  | @@ )? )?"`
}

func (g *noNameifGrammar) toAST(c *conv) ast.Command {
	n := &ast.Nameif{Pos: c.pos, Hardware: portName(g.HW.Text), Name: g.Name.Text, Level: g.Bare.nOr(-1)}
	if g.Level.given() {
		n.Level, _ = level(g.Level.Text)
	}
	return n
}

type ipAddressGrammar struct {
	If      ifName     `parser:"'ip' 'address' @@"`
	DHCP    kw         `parser:"( @'dhcp'"`
	Set     bool       `parser:"  @'setroute'?"`
	Retry   bool       `parser:"  ( @'retry'"`
	Tries   retryCount `parser:"    @@? )?"`
	PPPoE   kw         `parser:"| @'pppoe'"`
	SetP    bool       `parser:"  @'setroute'?"`
	IP      ipAddr     `parser:"| @@"`
	Mask    netMask    `parser:"  @@?"`
	PPPoEIP kw         `parser:"  ( @'pppoe'"`
	SetIP   bool       `parser:"    @'setroute'? )? )"`
}

func (g *ipAddressGrammar) toAST(c *conv) ast.Command {
	a := &ast.IPAddress{Pos: c.pos, On: true, If: g.If.Text, Dynamic: string(g.DHCP + g.PPPoE + g.PPPoEIP), SetRoute: g.Set || g.SetP || g.SetIP}
	if g.Retry {
		a.Retry = g.Tries.nOr(4)
	}
	if !g.IP.given() {
		return a
	}
	a.Net.IP = c.ip(g.IP.word)
	a.Net.Mask = classMask(a.Net.IP)
	if g.Mask.given() {
		a.Net.Mask = c.mask(g.Mask.word, a.Net.IP)
	}
	// 0.0.0.0, or 127.0.0.1 with a host mask, is how older releases write an address that is not set
	// (commands-firewall.md section 4.3).
	if a.Dynamic == "" && (a.Net.IP == 0 || a.Net.IP == 127<<24+1 && a.Net.Mask == ast.AllOnes) {
		return &ast.IPAddress{Pos: c.pos, If: g.If.Text}
	}
	return a
}

type noIPAddressGrammar struct {
	If    ifName     `parser:"'no' 'ip' 'address' @@"`
	How   kw         `parser:"( @( 'dhcp' | 'pppoe' )"`
	Set   bool       `parser:"  @'setroute'?"`
	Retry bool       `parser:"  ( @'retry'"`
	Tries retryCount `parser:"    @@? )?"`
	IP    ipAddr     `parser:"| @@"`
	Mask  netMask    `parser:"  @@?"`
	PPPoE bool       `parser:"  ( @'pppoe' 'setroute'? )? )?"`
}

func (g *noIPAddressGrammar) toAST(c *conv) ast.Command {
	return &ast.IPAddress{Pos: c.pos, If: g.If.Text}
}

type auditAction struct {
	Word kw `parser:"@( 'alarm' | 'drop' | 'reset' )"`
}

func auditActions(list []auditAction) (out []string) {
	for _, x := range list {
		if !slices.Contains(out, string(x.Word)) {
			out = append(out, string(x.Word))
		}
	}
	if len(out) == 0 {
		out = []string{"alarm"}
	}
	return out
}

type auditGrammar struct {
	Class     kw            `parser:"'ip' 'audit' ( @( 'info' | 'attack' )"`
	Actions   []auditAction `parser:"  ( 'action' @@* )?"`
	Name      auditName     `parser:"| 'name' @@"`
	Of        kw            `parser:"  @( 'info' | 'attack' )"`
	NActions  []auditAction `parser:"  ( 'action' @@* )?"`
	If        ifName        `parser:"| 'interface' @@"`
	Policy    auditName     `parser:"  @@"`
	Signature signature     `parser:"| 'signature' @@ 'disable' )"`
}

func (g *auditGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Class != "":
		return &ast.Audit{Pos: c.pos, Class: string(g.Class), Actions: auditActions(g.Actions)}
	case g.Name.given():
		a := &ast.AuditName{Pos: c.pos, Name: g.Name.Text, Class: string(g.Of)}
		if len(g.NActions) > 0 {
			a.Actions = auditActions(g.NActions)
		}
		return a
	case g.If.given():
		return &ast.AuditInterface{Pos: c.pos, If: g.If.Text, Name: g.Policy.Text}
	}
	return &ast.AuditSignature{Pos: c.pos, ID: g.Signature.n()}
}

type noAuditGrammar struct {
	Class     kw            `parser:"'no' 'ip' 'audit' ( @( 'info' | 'attack' )"`
	Actions   []auditAction `parser:"  ( 'action' @@+ )?"`
	Name      auditName     `parser:"| 'name' @@"`
	Of        kw            `parser:"  ( @( 'info' | 'attack' )"`
	NActions  []auditAction `parser:"    ( 'action' @@+ )? )?"`
	If        ifName        `parser:"| 'interface' @@"`
	Policy    auditName     `parser:"  @@?"`
	Signature signature     `parser:"| 'signature' @@ 'disable'? )"`
}

func (g *noAuditGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Class != "":
		return &ast.Audit{Pos: c.pos, Class: string(g.Class)}
	case g.Name.given():
		return &ast.AuditName{Pos: c.pos, Name: g.Name.Text, Class: string(g.Of)}
	case g.If.given():
		return &ast.AuditInterface{Pos: c.pos, If: g.If.Text, Name: g.Policy.Text}
	}
	return &ast.AuditSignature{Pos: c.pos, ID: g.Signature.n()}
}

type poolGrammar struct {
	Name poolName `parser:"'ip' 'local' 'pool' @@"`
	Span ipSpan   `parser:"@@"`
	Mask netMask  `parser:"( 'mask' @@ )?"`
}

func (g *poolGrammar) toAST(c *conv) ast.Command {
	p := &ast.Pool{Pos: c.pos, Name: g.Name.Text}
	p.First, p.Last = c.span(g.Span.word)
	if g.Mask.given() {
		p.Mask = c.mask(g.Mask.word, p.First)
	}
	return p
}

type noPoolGrammar struct {
	Name poolName `parser:"'no' 'ip' 'local' 'pool' @@"`
	Span ipSpan   `parser:"( @@"`
	Mask netMask  `parser:"( 'mask' @@ )? )?"`
}

func (g *noPoolGrammar) toAST(c *conv) ast.Command {
	p := &ast.Pool{Pos: c.pos, Name: g.Name.Text}
	if g.Span.given() {
		p.First, p.Last = c.span(g.Span.word)
	}
	return p
}

type arpGrammar struct {
	Seconds arpSeconds `parser:"'arp' ( 'timeout' @@"`
	If      ifName     `parser:"| @@"`
	IP      ipAddr     `parser:"  @@"`
	MAC     macAddr    `parser:"  @@"`
	Alias   bool       `parser:"  @'alias'? )"`
}

func (g *arpGrammar) toAST(c *conv) ast.Command {
	if g.Seconds.given() {
		return &ast.ARPTimeout{Pos: c.pos, Seconds: g.Seconds.n()}
	}
	mac, _ := macOf(g.MAC.Text)
	return &ast.ARP{Pos: c.pos, If: g.If.Text, IP: c.ip(g.IP.word), MAC: mac, Alias: g.Alias}
}

type noARPGrammar struct {
	Timeout bool       `parser:"'no' 'arp' ( @'timeout'"`
	Seconds arpSeconds `parser:"  @@?"`
	If      ifName     `parser:"| @@"`
	IP      ipAddr     `parser:"  @@"`
	MAC     macAddr    `parser:"  ( @@"`
	Alias   bool       `parser:"    @'alias'? )? )"`
}

func (g *noARPGrammar) toAST(c *conv) ast.Command {
	if g.Timeout {
		return &ast.ARPTimeout{Pos: c.pos, Seconds: g.Seconds.nOr(0)}
	}
	mac, _ := macOf(g.MAC.Text)
	return &ast.ARP{Pos: c.pos, If: g.If.Text, IP: c.ip(g.IP.word), MAC: mac, Alias: g.Alias}
}
