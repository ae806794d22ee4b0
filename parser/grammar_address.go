package parser

import (
	"slices"

	"pixfw/ast"
)

type ipAddressGrammar struct {
	If   ifName  `parser:"'ip' 'address' @@"`
	IP   ipAddr  `parser:"@@"`
	Mask netMask `parser:"@@?"`
}

func (g *ipAddressGrammar) toAST(c *conv) ast.Command {
	ip := c.ip(g.IP.word)
	n := ast.Net{IP: ip, Mask: classMask(ip)}
	if g.Mask.given() {
		n.Mask = c.mask(g.Mask.word, ip)
	}
	// 0.0.0.0 is how older releases write an address that is not set.
	return &ast.IPAddress{Pos: c.pos, On: n.IP != 0, If: g.If.Text, Net: n}
}

type noIPAddressGrammar struct {
	If   ifName  `parser:"'no' 'ip' 'address' @@"`
	IP   ipAddr  `parser:"( @@"`
	Mask netMask `parser:"@@? )?"`
}

func (g *noIPAddressGrammar) toAST(c *conv) ast.Command {
	return &ast.IPAddress{Pos: c.pos, If: g.If.Text}
}

type reversePathGrammar struct {
	If ifName `parser:"'ip' 'verify' 'reverse-path' 'interface' @@"`
}

func (g *reversePathGrammar) toAST(c *conv) ast.Command {
	return &ast.ReversePath{Pos: c.pos, If: g.If.Text}
}

type noReversePathGrammar struct {
	If ifName `parser:"'no' 'ip' 'verify' 'reverse-path' 'interface' @@"`
}

func (g *noReversePathGrammar) toAST(c *conv) ast.Command {
	return &ast.ReversePath{Pos: c.pos, If: g.If.Text}
}

type auditAction struct {
	Word kw `parser:"@( 'alarm' | 'drop' | 'reset' )"`
}

type auditGrammar struct {
	Class   kw            `parser:"'ip' 'audit' @( 'info' | 'attack' )"`
	Actions []auditAction `parser:"( 'action' @@+ )?"`
}

func (g *auditGrammar) toAST(c *conv) ast.Command {
	a := &ast.Audit{Pos: c.pos, Class: string(g.Class)}
	for _, x := range g.Actions {
		if !slices.Contains(a.Actions, string(x.Word)) {
			a.Actions = append(a.Actions, string(x.Word))
		}
	}
	if len(a.Actions) == 0 {
		a.Actions = []string{"alarm"}
	}
	return a
}

type noAuditGrammar struct {
	Class   kw            `parser:"'no' 'ip' 'audit' @( 'info' | 'attack' )"`
	Actions []auditAction `parser:"( 'action' @@+ )?"`
}

func (g *noAuditGrammar) toAST(c *conv) ast.Command {
	return &ast.Audit{Pos: c.pos, Class: string(g.Class)}
}

type poolGrammar struct {
	Name poolName `parser:"'ip' 'local' 'pool' @@"`
	Span ipSpan   `parser:"@@"`
}

func (g *poolGrammar) toAST(c *conv) ast.Command {
	p := &ast.Pool{Pos: c.pos, Name: g.Name.Text}
	p.First, p.Last = c.span(g.Span.word)
	return p
}

type noPoolGrammar struct {
	Name poolName `parser:"'no' 'ip' 'local' 'pool' @@"`
	Span ipSpan   `parser:"@@?"`
}

func (g *noPoolGrammar) toAST(c *conv) ast.Command {
	p := &ast.Pool{Pos: c.pos, Name: g.Name.Text}
	if g.Span.given() {
		p.First, p.Last = c.span(g.Span.word)
	}
	return p
}

// icmpRule ends in a type and an interface, or an interface alone: an interface may be called like a type.
type icmpRule struct {
	Action kw       `parser:"@( 'permit' | 'deny' )"`
	Any    bool     `parser:"( @'any'"`
	Host   ipAddr   `parser:"| 'host' @@"`
	IP     ipAddr   `parser:"| @@"`
	Mask   netMask  `parser:"  @@ )"`
	Tail   icmpTail `parser:"@@"`
}

type icmpTail struct {
	Type icmpType `parser:"  @@"`
	If   ifName   `parser:"  @@"`
	Only ifName   `parser:"| @@"`
}

func (g *icmpRule) toAST(c *conv) ast.Command {
	r := &ast.ICMPRule{Pos: c.pos, Permit: g.Action == "permit", Type: -1, If: g.Tail.If.Text + g.Tail.Only.Text}
	switch {
	case g.Host.given():
		r.Src = ast.HostAddr(c.ip(g.Host.word))
	case g.IP.given():
		r.Src = ast.Addr{Net: c.netOff(g.IP.word, g.Mask.word)}
	}
	if g.Tail.Type.given() {
		t, _ := ast.ParseICMPType(g.Tail.Type.Text)
		r.Type = int(t)
	}
	return r
}

type icmpGrammar struct {
	Rule icmpRule `parser:"'icmp' @@"`
}

func (g *icmpGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type noICMPGrammar struct {
	Rule icmpRule `parser:"'no' 'icmp' @@"`
}

func (g *noICMPGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type arpGrammar struct {
	Seconds arpSeconds `parser:"'arp' 'timeout' @@"`
}

func (g *arpGrammar) toAST(c *conv) ast.Command {
	return &ast.ARPTimeout{Pos: c.pos, Seconds: g.Seconds.n()}
}

type noARPGrammar struct {
	Seconds arpSeconds `parser:"'no' 'arp' 'timeout' @@?"`
}

func (g *noARPGrammar) toAST(c *conv) ast.Command {
	return &ast.ARPTimeout{Pos: c.pos, Seconds: g.Seconds.nOr(0)}
}

type routeGrammar struct {
	If      ifName  `parser:"'route' @@"`
	IP      ipAddr  `parser:"@@"`
	Mask    netMask `parser:"@@"`
	Gateway ipAddr  `parser:"@@"`
	Metric  metric  `parser:"@@?"`
}

func (g *routeGrammar) toAST(c *conv) ast.Command {
	r := &ast.Route{Pos: c.pos, If: g.If.Text, Net: c.netOff(g.IP.word, g.Mask.word), Gateway: c.ip(g.Gateway.word), Metric: g.Metric.nOr(1)}
	if r.Gateway == 0 {
		c.fail(g.Gateway.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad gateway " + g.Gateway.Text})
	}
	return r
}

type noRouteGrammar struct {
	If      ifName  `parser:"'no' 'route' @@"`
	IP      ipAddr  `parser:"@@"`
	Mask    netMask `parser:"@@"`
	Gateway ipAddr  `parser:"( @@"`
	Metric  metric  `parser:"@@? )?"`
}

func (g *noRouteGrammar) toAST(c *conv) ast.Command {
	return &ast.Route{Pos: c.pos, If: g.If.Text, Net: c.netOff(g.IP.word, g.Mask.word), Gateway: c.ip(g.Gateway.word), Metric: g.Metric.nOr(0)}
}

type timerGrammar struct {
	Name  kw  `parser:"  @( 'xlate' | 'conn' | 'half-closed' | 'udp' | 'rpc' | 'h225' | 'h323' | 'mgcp' | 'sip' | 'sip_media' | 'sip-disconnect' | 'sip-invite' )"`
	Time  hms `parser:"  @@"`
	Uauth kw  `parser:"| @'uauth'"`
	UTime hms `parser:"  @@"`
	Kind  kw  `parser:"  @( 'absolute' | 'inactivity' )?"`
}

func (g *timerGrammar) timer(c *conv) ast.Timer {
	t := ast.Timer{Pos: c.pos, Name: string(g.Name + g.Uauth), Kind: string(g.Kind)}
	at := g.Time.word
	if g.Uauth != "" {
		at = g.UTime.word
		if t.Kind == "" {
			t.Kind = "absolute"
		}
	}
	t.Time, _ = parseHMS(at.Text)
	return t
}

type timeoutGrammar struct {
	Timers []timerGrammar `parser:"'timeout' @@+"`
}

func (g *timeoutGrammar) toAST(c *conv) ast.Command {
	t := &ast.Timeout{Pos: c.pos}
	for i := range g.Timers {
		t.Timers = append(t.Timers, g.Timers[i].timer(c))
	}
	return t
}

type noTimeoutGrammar struct {
	Timers []timerGrammar `parser:"'no' 'timeout' @@+"`
}

func (g *noTimeoutGrammar) toAST(c *conv) ast.Command {
	t := timeoutGrammar{Timers: g.Timers}
	return t.toAST(c)
}
