package parser

import (
	"time"

	"pixfw/ast"
)

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
	if least := leastTime[t.Name]; t.Time < least && !(t.Time == 0 && zeroTime[t.Name]) {
		c.fail(at, codeRange, badValue{kind: ast.Range, message: "timeout " + t.Name + " " + at.Text + " is too short: at least " + ast.HMS(least)})
	}
	return t
}

// The shortest times that a PIX takes, and the timers that 0 switches off (commands-firewall.md section 5.8).
var (
	leastTime = map[string]time.Duration{"xlate": time.Minute, "conn": 5 * time.Minute, "half-closed": 5 * time.Minute, "udp": time.Minute, "rpc": time.Minute}
	zeroTime  = map[string]bool{"conn": true, "half-closed": true}
)

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

// noTimer is a timer that goes back to its default: which time it has need not be said.
type noTimer struct {
	Timer *timerGrammar `parser:"  @@"`
	Name  kw            `parser:"| @( 'xlate' | 'conn' | 'half-closed' | 'udp' | 'rpc' | 'h225' | 'h323' | 'mgcp' | 'sip' | 'sip_media' | 'sip-disconnect' | 'sip-invite' | 'uauth' )"`
}

type noTimeoutGrammar struct {
	Timers []noTimer `parser:"'no' 'timeout' @@+"`
}

func (g *noTimeoutGrammar) toAST(c *conv) ast.Command {
	t := &ast.Timeout{Pos: c.pos}
	for i := range g.Timers {
		if g.Timers[i].Timer != nil {
			t.Timers = append(t.Timers, g.Timers[i].Timer.timer(c))
		} else {
			t.Timers = append(t.Timers, ast.Timer{Pos: c.pos, Name: string(g.Timers[i].Name), Time: -1})
		}
	}
	return t
}
