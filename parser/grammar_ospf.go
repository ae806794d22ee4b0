package parser

import (
	"strings"

	"pixfw/ast"
)

type routerGrammar struct {
	Process ospfProcess `parser:"'router' 'ospf' @@"`
}

func (g *routerGrammar) toAST(c *conv) ast.Command {
	return &ast.RouterOSPF{Pos: c.pos, Process: g.Process.n()}
}

type noRouterGrammar struct {
	Process ospfProcess `parser:"'no' 'router' 'ospf' @@"`
}

func (g *noRouterGrammar) toAST(c *conv) ast.Command {
	return &ast.RouterOSPF{Pos: c.pos, Process: g.Process.n()}
}

type routingGrammar struct {
	If ifName `parser:"'routing' 'interface' @@"`
}

func (g *routingGrammar) toAST(c *conv) ast.Command {
	return &ast.RoutingInterface{Pos: c.pos, If: g.If.Text}
}

type noRoutingGrammar struct {
	If ifName `parser:"'no' 'routing' 'interface' @@"`
}

func (g *noRoutingGrammar) toAST(c *conv) ast.Command {
	return &ast.RoutingInterface{Pos: c.pos, If: g.If.Text}
}

func (c *conv) inOSPF() ast.OfMode { return c.inMode("router ospf") }

type networkLine struct {
	IP   ipAddr   `parser:"@@"`
	Mask netMask  `parser:"@@"`
	Area ospfArea `parser:"'area' @@"`
}

func (g *networkLine) toAST(c *conv) ast.Command {
	return &ast.OSPFNetwork{Pos: c.pos, OfMode: c.inOSPF(), Net: c.netOff(g.IP.word, g.Mask.word), Area: ast.OSPFArea(g.Area.Text)}
}

type networkGrammar struct {
	Line networkLine `parser:"'network' @@"`
}

func (g *networkGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noNetworkGrammar struct {
	Line networkLine `parser:"'no' 'network' @@"`
}

func (g *noNetworkGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type linkOption struct {
	Auth   bool        `parser:"  @'authentication'"`
	How    kw          `parser:"  @( 'message-digest' | 'null' )?"`
	Hello  ospfSeconds `parser:"| 'hello-interval' @@"`
	Retry  ospfSeconds `parser:"| 'retransmit-interval' @@"`
	Delay  ospfSeconds `parser:"| 'transmit-delay' @@"`
	Dead   ospfSeconds `parser:"| 'dead-interval' @@"`
	Key    secret      `parser:"| 'authentication-key' @@"`
	ID     digestID    `parser:"| 'message-digest-key' @@"`
	Digest secret      `parser:"  'md5' @@"`
}

type nssaOption struct {
	NoRedist  bool       `parser:"  @'no-redistribution'"`
	Originate bool       `parser:"| @'default-information-originate'"`
	Type      metricType `parser:"| 'metric-type' @@"`
	Metric    ospfMetric `parser:"| 'metric' @@"`
}

type areaLine struct {
	Area    ospfArea     `parser:"@@"`
	Auth    kw           `parser:"( @'authentication'"`
	Digest  kw           `parser:"  @'message-digest'?"`
	Cost    ospfCost     `parser:"| 'default-cost' @@"`
	Prefix  prefixName   `parser:"| 'filter-list' 'prefix' @@"`
	Way     kw           `parser:"  @( 'in' | 'out' )"`
	NSSA    bool         `parser:"| @'nssa'"`
	Nopts   []nssaOption `parser:"  @@*"`
	IP      ipAddr       `parser:"| 'range' @@"`
	Mask    netMask      `parser:"  @@"`
	Show    kw           `parser:"  @( 'advertise' | 'not-advertise' )?"`
	Stub    kw           `parser:"| @'stub'"`
	Summary kw           `parser:"  @'no-summary'?"`
	Link    ipAddr       `parser:"| 'virtual-link' @@"`
	Options []linkOption `parser:"  @@* )"`
}

func (g *areaLine) toAST(c *conv) ast.Command {
	area := ast.OSPFArea(g.Area.Text)
	s := &ast.OSPFAreaSetting{Pos: c.pos, OfMode: c.inOSPF(), Area: area, Cost: -1}
	switch {
	case g.NSSA:
		n := &ast.OSPFAreaNSSA{Pos: c.pos, OfMode: c.inOSPF(), Area: area, Metric: -1}
		for _, o := range g.Nopts {
			n.NoRedistribution = n.NoRedistribution || o.NoRedist
			n.Originate = n.Originate || o.Originate
			n.MetricType, n.Metric = o.Type.nOr(n.MetricType), o.Metric.nOr(n.Metric)
		}
		return n
	case g.IP.given():
		return &ast.OSPFAreaRange{Pos: c.pos, OfMode: c.inOSPF(), Area: area, Net: c.netOff(g.IP.word, g.Mask.word), Option: string(g.Show)}
	case g.Link.given():
		return g.link(c, area)
	case g.Cost.given():
		s.What, s.Cost = "default-cost", g.Cost.n()
	case g.Prefix.given():
		s.What, s.Prefix, s.Option = "filter-list", g.Prefix.Text, string(g.Way)
	default:
		s.What, s.Option = string(g.Auth+g.Stub), string(g.Digest+g.Summary)
	}
	return s
}

func (g *areaLine) link(c *conv, area ast.OSPFArea) ast.Command {
	l := &ast.OSPFVirtualLink{Pos: c.pos, OfMode: c.inOSPF(), Area: area, Router: c.ip(g.Link.word)}
	for _, o := range g.Options {
		switch {
		case o.Auth:
			l.Authentication = orElse(string(o.How), "simple")
		case o.Key.given():
			l.Key = ast.Secret(o.Key.Text)
		case o.ID.given():
			l.DigestID, l.Digest = o.ID.n(), ast.Secret(o.Digest.Text)
		}
		l.Hello, l.Retransmit = o.Hello.nOr(l.Hello), o.Retry.nOr(l.Retransmit)
		l.Delay, l.Dead = o.Delay.nOr(l.Delay), o.Dead.nOr(l.Dead)
	}
	return l
}

type areaGrammar struct {
	Line areaLine `parser:"'area' @@"`
}

func (g *areaGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noAreaGrammar struct {
	Line areaLine `parser:"'no' 'area' @@"`
}

func (g *noAreaGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type compatibleGrammar struct {
	On bool `parser:"@'compatible' 'rfc1583'"`
}

func (g *compatibleGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), On: true, What: "compatible rfc1583"}
}

type noCompatibleGrammar struct {
	Off bool `parser:"'no' @'compatible' 'rfc1583'"`
}

func (g *noCompatibleGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), What: "compatible rfc1583"}
}

type ignoreGrammar struct {
	On bool `parser:"@'ignore' 'lsa' 'mospf'"`
}

func (g *ignoreGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), On: true, What: "ignore lsa mospf"}
}

type noIgnoreGrammar struct {
	Off bool `parser:"'no' @'ignore' 'lsa' 'mospf'"`
}

func (g *noIgnoreGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), What: "ignore lsa mospf"}
}

type adjGrammar struct {
	On     bool `parser:"@'log-adj-changes'"`
	Detail bool `parser:"@'detail'?"`
}

func (g *adjGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), On: true, What: "log-adj-changes", Detail: g.Detail}
}

type noAdjGrammar struct {
	Off bool `parser:"'no' @'log-adj-changes' 'detail'?"`
}

func (g *noAdjGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFOption{Pos: c.pos, OfMode: c.inOSPF(), What: "log-adj-changes"}
}

type routerIDGrammar struct {
	IP ipAddr `parser:"'router-id' @@"`
}

func (g *routerIDGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFRouterID{Pos: c.pos, OfMode: c.inOSPF(), IP: c.ip(g.IP.word)}
}

type noRouterIDGrammar struct {
	IP ipAddr `parser:"'no' 'router-id' @@?"`
}

func (g *noRouterIDGrammar) toAST(c *conv) ast.Command {
	return &ast.OSPFRouterID{Pos: c.pos, OfMode: c.inOSPF(), IP: c.ip(g.IP.word)}
}

type routeOption struct {
	Metric  ospfMetric `parser:"  'metric' @@"`
	Type    metricType `parser:"| 'metric-type' @@"`
	Map     routeMapID `parser:"| 'route-map' @@"`
	Tag     routeTag   `parser:"| 'tag' @@"`
	Subnets bool       `parser:"| @'subnets'"`
}

func routeOptions(list []routeOption) ast.RouteOptions {
	o := ast.RouteOptions{Metric: -1, Tag: -1}
	for _, x := range list {
		o.Metric, o.MetricType, o.Tag = x.Metric.nOr(o.Metric), x.Type.nOr(o.MetricType), x.Tag.nOr(o.Tag)
		o.RouteMap = orElse(x.Map.Text, o.RouteMap)
		o.Subnets = o.Subnets || x.Subnets
	}
	return o
}

type originateOption struct {
	Metric ospfMetric `parser:"  'metric' @@"`
	Type   metricType `parser:"| 'metric-type' @@"`
	Map    routeMapID `parser:"| 'route-map' @@"`
}

type originateLine struct {
	Always  bool              `parser:"'originate' @'always'?"`
	Options []originateOption `parser:"@@*"`
}

func (g *originateLine) toAST(c *conv) ast.Command {
	var list []routeOption
	for _, o := range g.Options {
		list = append(list, routeOption{Metric: o.Metric, Type: o.Type, Map: o.Map})
	}
	return &ast.OSPFDefault{Pos: c.pos, OfMode: c.inOSPF(), Always: g.Always, RouteOptions: routeOptions(list)}
}

type originateGrammar struct {
	Line originateLine `parser:"'default-information' @@"`
}

func (g *originateGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noOriginateGrammar struct {
	Line originateLine `parser:"'no' 'default-information' @@"`
}

func (g *noOriginateGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type distanceOption struct {
	Intra distance `parser:"  'intra-area' @@"`
	Inter distance `parser:"| 'inter-area' @@"`
	Ext   distance `parser:"| 'external' @@"`
}

func ospfDistance(c *conv, list []distanceOption) ast.Command {
	d := &ast.OSPFDistance{Pos: c.pos, OfMode: c.inOSPF()}
	for _, o := range list {
		d.Intra, d.Inter, d.External = o.Intra.nOr(d.Intra), o.Inter.nOr(d.Inter), o.Ext.nOr(d.External)
	}
	return d
}

type distanceGrammar struct {
	Options []distanceOption `parser:"'distance' 'ospf' @@+"`
}

func (g *distanceGrammar) toAST(c *conv) ast.Command { return ospfDistance(c, g.Options) }

type noDistanceGrammar struct {
	Options []distanceOption `parser:"'no' 'distance' 'ospf' @@*"`
}

func (g *noDistanceGrammar) toAST(c *conv) ast.Command { return ospfDistance(c, g.Options) }

type redistMatch struct {
	Internal kw         `parser:"  @'internal'"`
	External kw         `parser:"| @( 'external' | 'nssa-external' )"`
	Type     metricType `parser:"  @@?"`
}

type redistLine struct {
	From    kw            `parser:"( @( 'static' | 'connected' )"`
	Process ospfProcess   `parser:"| 'ospf' @@"`
	Match   []redistMatch `parser:"  ( 'match' @@+ )? )"`
	Options []routeOption `parser:"@@*"`
}

func (g *redistLine) toAST(c *conv) ast.Command {
	r := &ast.OSPFRedistribute{Pos: c.pos, OfMode: c.inOSPF(), From: orElse(string(g.From), "ospf"), Process: g.Process.nOr(0),
		RouteOptions: routeOptions(g.Options)}
	for _, m := range g.Match {
		r.Match = append(r.Match, strings.TrimSpace(string(m.Internal+m.External)+" "+m.Type.Text))
	}
	return r
}

type redistGrammar struct {
	Line redistLine `parser:"'redistribute' @@"`
}

func (g *redistGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noRedistGrammar struct {
	Line redistLine `parser:"'no' 'redistribute' @@"`
}

func (g *noRedistGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type summaryLine struct {
	IP   ipAddr   `parser:"@@"`
	Mask netMask  `parser:"@@"`
	Not  bool     `parser:"@'not-advertise'?"`
	Tag  routeTag `parser:"( 'tag' @@ )?"`
}

func (g *summaryLine) toAST(c *conv) ast.Command {
	return &ast.OSPFSummary{Pos: c.pos, OfMode: c.inOSPF(), Net: c.netOff(g.IP.word, g.Mask.word), NotAdvertise: g.Not, Tag: g.Tag.nOr(-1)}
}

type summaryGrammar struct {
	Line summaryLine `parser:"'summary-address' @@"`
}

func (g *summaryGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noSummaryGrammar struct {
	Line summaryLine `parser:"'no' 'summary-address' @@"`
}

func (g *noSummaryGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type timersGrammar struct {
	Delay  ospfSeconds `parser:"'timers' ( 'spf' @@"`
	Hold   ospfSeconds `parser:"  @@"`
	Pacing ospfSeconds `parser:"| 'lsa-group-pacing' @@ )"`
}

func (g *timersGrammar) toAST(c *conv) ast.Command {
	return ospfTimers(c, !g.Pacing.given(), g.Delay.nOr(g.Pacing.nOr(-1)), g.Hold.nOr(-1))
}

func ospfTimers(c *conv, spf bool, delay, hold int) ast.Command {
	t := &ast.OSPFTimers{Pos: c.pos, OfMode: c.inOSPF(), What: "lsa-group-pacing", Delay: delay, Hold: hold}
	if spf {
		t.What = "spf"
	}
	return t
}

type noTimersGrammar struct {
	SPF    bool        `parser:"'no' 'timers' ( @'spf'"`
	Delay  ospfSeconds `parser:"  ( @@"`
	Hold   ospfSeconds `parser:"    @@ )?"`
	Pacing bool        `parser:"| @'lsa-group-pacing'"`
	Secs   ospfSeconds `parser:"  @@? )"`
}

func (g *noTimersGrammar) toAST(c *conv) ast.Command { return ospfTimers(c, g.SPF, -1, -1) }

type ospfLine struct {
	Auth     bool        `parser:"  @'authentication'"`
	How      kw          `parser:"  @( 'message-digest' | 'null' )?"`
	Key      secret      `parser:"| 'authentication-key' @@"`
	Cost     ospfCost    `parser:"| 'cost' @@"`
	Switch   kw          `parser:"| @'database-filter' @'all' @'out' | @'mtu-ignore'"`
	Timer    kw          `parser:"| @( 'dead-interval' | 'hello-interval' | 'retransmit-interval' | 'transmit-delay' )"`
	Seconds  ospfSeconds `parser:"  @@"`
	ID       digestID    `parser:"| 'message-digest-key' @@"`
	Digest   secret      `parser:"  'md5' @@"`
	Priority priority    `parser:"| 'priority' @@"`
}

func (g *ospfLine) toAST(c *conv) ast.Command {
	o := &ast.OSPFInterface{Pos: c.pos, OfMode: c.inMode("routing interface"), Value: -1}
	switch {
	case g.Auth:
		o.What, o.Word = "authentication", string(g.How)
	case g.Key.given():
		o.What, o.Key = "authentication-key", ast.Secret(g.Key.Text)
	case g.Cost.given():
		o.What, o.Value = "cost", g.Cost.n()
	case g.Switch != "":
		o.What = string(g.Switch)
	case g.ID.given():
		o.What, o.Value, o.Key = "message-digest-key", g.ID.n(), ast.Secret(g.Digest.Text)
	case g.Priority.given():
		o.What, o.Value = "priority", g.Priority.n()
	default:
		o.What, o.Value = string(g.Timer), g.Seconds.n()
	}
	return o
}

type ospfGrammar struct {
	Line ospfLine `parser:"'ospf' @@"`
}

func (g *ospfGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noOSPFGrammar struct {
	Line   *ospfLine `parser:"'no' 'ospf' ( @@"`
	Filter kw        `parser:"| @'database-filter'"`
	Plain  kw        `parser:"| @( 'authentication-key' | 'cost' | 'dead-interval' | 'hello-interval' | 'retransmit-interval' | 'transmit-delay' | 'priority' )"`
	ID     digestID  `parser:"| 'message-digest-key' @@ )"`
}

func (g *noOSPFGrammar) toAST(c *conv) ast.Command {
	if g.Line != nil {
		return g.Line.toAST(c)
	}
	o := &ast.OSPFInterface{Pos: c.pos, OfMode: c.inMode("routing interface"), What: string(g.Plain + g.Filter), Value: -1}
	if g.ID.given() {
		o.What, o.Value = "message-digest-key", g.ID.n()
	}
	return o
}
