package parser

import "pixfw/ast"

type ripLine struct {
	If      ifName     `parser:"@@"`
	Mode    kw         `parser:"@( 'default' | 'passive' )"`
	Version ripVersion `parser:"( 'version' @@"`
	Auth    kw         `parser:"  ( 'authentication' @( 'text' | 'md5' )"`
	Key     secret     `parser:"    @@"`
	KeyID   ripKeyID   `parser:"    @@ )? )?"`
}

type ripGrammar struct {
	Line ripLine `parser:"'rip' @@"`
}

func (g *ripGrammar) toAST(c *conv) ast.Command {
	l := g.Line
	r := &ast.RIP{Pos: c.pos, If: l.If.Text, Mode: string(l.Mode), Version: l.Version.nOr(1)}
	if l.Auth != "" {
		r.Auth, r.Key, r.KeyID = string(l.Auth), ast.Secret(l.Key.Text), l.KeyID.n()
		if r.Version == 1 {
			c.fail(l.Version.word, codeBadValue, badValue{kind: ast.BadValue, message: "RIP version 1 has no authentication", hint: "use version 2"})
		}
	}
	return r
}

type noRIPGrammar struct {
	Line ripLine `parser:"'no' 'rip' @@"`
}

func (g *noRIPGrammar) toAST(c *conv) ast.Command {
	return &ast.RIP{Pos: c.pos, If: g.Line.If.Text, Mode: string(g.Line.Mode)}
}

type mrouteLine struct {
	Src     ipAddr  `parser:"@@"`
	SrcMask netMask `parser:"@@"`
	In      ifName  `parser:"@@"`
	Dst     ipAddr  `parser:"@@"`
	DstMask netMask `parser:"@@"`
	Out     ifName  `parser:"@@"`
}

func (g *mrouteLine) toAST(c *conv) ast.Command {
	return &ast.MRoute{Pos: c.pos, Src: c.netOff(g.Src.word, g.SrcMask.word), InIf: g.In.Text, Dst: c.netOff(g.Dst.word, g.DstMask.word), OutIf: g.Out.Text}
}

type mrouteGrammar struct {
	Line mrouteLine `parser:"'mroute' @@"`
}

func (g *mrouteGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noMRouteGrammar struct {
	Line mrouteLine `parser:"'no' 'mroute' @@"`
}

func (g *noMRouteGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type multicastGrammar struct {
	If  ifName    `parser:"'multicast' 'interface' @@"`
	Max maxGroups `parser:"( 'max-groups' @@ )?"`
}

func (g *multicastGrammar) toAST(c *conv) ast.Command {
	return &ast.Multicast{Pos: c.pos, If: g.If.Text, MaxGroups: g.Max.nOr(0)}
}

type noMulticastGrammar struct {
	If  ifName    `parser:"'no' 'multicast' 'interface' @@"`
	Max maxGroups `parser:"( 'max-groups' @@ )?"`
}

func (g *noMulticastGrammar) toAST(c *conv) ast.Command {
	return &ast.Multicast{Pos: c.pos, If: g.If.Text}
}

type igmpLine struct {
	Forward ifName      `parser:"  'forward' 'interface' @@"`
	Join    ipAddr      `parser:"| 'join-group' @@"`
	ACL     aclID       `parser:"| 'access-group' @@"`
	Version igmpVersion `parser:"| 'version' @@"`
	Timer   kw          `parser:"| @( 'query-interval' | 'query-max-response-time' )"`
	Seconds ospfSeconds `parser:"  @@"`
}

func (g *igmpLine) toAST(c *conv) ast.Command {
	i := &ast.IGMP{Pos: c.pos, OfMode: c.inMode("multicast interface")}
	switch {
	case g.Forward.given():
		i.What, i.If = "forward interface", g.Forward.Text
	case g.Join.given():
		i.What, i.Group = "join-group", c.ip(g.Join.word)
	case g.ACL.given():
		i.What, i.ACL = "access-group", g.ACL.Text
	case g.Version.given():
		i.What, i.Value = "version", g.Version.n()
	default:
		i.What, i.Value = string(g.Timer), g.Seconds.n()
	}
	return i
}

type igmpGrammar struct {
	Line igmpLine `parser:"'igmp' @@"`
}

func (g *igmpGrammar) toAST(c *conv) ast.Command { return g.Line.toAST(c) }

type noIGMPGrammar struct {
	Line  *igmpLine `parser:"'no' 'igmp' ( @@"`
	Plain kw        `parser:"| @( 'version' | 'access-group' | 'query-interval' | 'query-max-response-time' | 'forward' 'interface' ) )"`
}

func (g *noIGMPGrammar) toAST(c *conv) ast.Command {
	if g.Line != nil {
		return g.Line.toAST(c)
	}
	return &ast.IGMP{Pos: c.pos, OfMode: c.inMode("multicast interface"), What: string(g.Plain)}
}

type prefixEntry struct {
	Seq    prefixSeq `parser:"( 'seq' @@ )?"`
	Action kw        `parser:"@( 'permit' | 'deny' )"`
	Net    prefixNet `parser:"@@"`
	GE     prefixLen `parser:"( 'ge' @@ )?"`
	LE     prefixLen `parser:"( 'le' @@ )?"`
}

func (g *prefixEntry) toAST(c *conv, name string) ast.Command {
	p := &ast.PrefixList{Pos: c.pos, Name: name, Seq: g.Seq.nOr(0), Permit: g.Action == "permit", GE: g.GE.nOr(0), LE: g.LE.nOr(0)}
	p.Net, _ = prefixOf(g.Net.Text)
	p.Net.IP &= p.Net.Mask
	if n := p.Net.Mask.Bits(); g.GE.given() && p.GE <= n || g.LE.given() && (p.LE <= n || p.LE < p.GE) {
		c.fail(g.Net.word, codeBadValue, badValue{kind: ast.BadValue, message: "lengths do not fit together", hint: "expected length < ge value <= le value"})
	}
	return p
}

type prefixListGrammar struct {
	Numbers bool         `parser:"'prefix-list' ( @'sequence-number'"`
	Name    prefixName   `parser:"| @@"`
	Text    updateText   `parser:"  ( 'description' @@"`
	Entry   *prefixEntry `parser:"  | @@ ) )"`
}

func (g *prefixListGrammar) toAST(c *conv) ast.Command {
	if g.Numbers {
		return &ast.PrefixNumbers{Pos: c.pos, On: true}
	}
	if g.Entry != nil {
		return g.Entry.toAST(c, g.Name.Text)
	}
	return &ast.PrefixDescription{Pos: c.pos, Name: g.Name.Text, Value: g.Text.Text}
}

type noPrefixListGrammar struct {
	Numbers bool         `parser:"'no' 'prefix-list' ( @'sequence-number'"`
	Name    prefixName   `parser:"| @@"`
	Is      bool         `parser:"  ( @'description'"`
	Text    updateText   `parser:"    @@?"`
	Entry   *prefixEntry `parser:"  | @@ )? )"`
}

func (g *noPrefixListGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Numbers:
		return &ast.PrefixNumbers{Pos: c.pos}
	case g.Is:
		return &ast.PrefixDescription{Pos: c.pos, Name: g.Name.Text}
	case g.Entry != nil:
		return g.Entry.toAST(c, g.Name.Text)
	}
	return &ast.PrefixList{Pos: c.pos, Name: g.Name.Text, Whole: true}
}

type routeMapLine struct {
	Name   routeMapID  `parser:"@@"`
	Action kw          `parser:"@( 'permit' | 'deny' )?"`
	Seq    routeMapSeq `parser:"@@?"`
}

type routeMapGrammar struct {
	Line routeMapLine `parser:"'route-map' @@"`
}

func (g *routeMapGrammar) toAST(c *conv) ast.Command {
	return &ast.RouteMap{Pos: c.pos, Name: g.Line.Name.Text, Permit: g.Line.Action != "deny", Seq: g.Line.Seq.nOr(10)}
}

type noRouteMapGrammar struct {
	Line routeMapLine `parser:"'no' 'route-map' @@"`
}

func (g *noRouteMapGrammar) toAST(c *conv) ast.Command {
	return &ast.RouteMap{Pos: c.pos, Name: g.Line.Name.Text, Permit: g.Line.Action != "deny", Seq: g.Line.Seq.nOr(-1)}
}

type routeMatch struct {
	If     ifName     `parser:"  'interface' @@"`
	Metric ospfMetric `parser:"| 'metric' @@"`
	What   kw         `parser:"| @'ip' @( 'address' | 'next-hop' | 'route-source' )"`
	ACL    aclID      `parser:"  @@"`
	Type   kw         `parser:"| 'route-type' @( 'internal' | 'external' | 'local' | 'nssa-external' )"`
	Sub    kw         `parser:"  @( 'type-1' | 'type-2' )?"`
}

func (g *routeMatch) toAST(c *conv) ast.Command {
	m := &ast.RouteMatch{Pos: c.pos, OfMode: c.inMode("route-map")}
	switch {
	case g.If.given():
		m.What, m.Value = "interface", g.If.Text
	case g.Metric.given():
		m.What, m.Value = "metric", itoa(g.Metric.n())
	case g.ACL.given():
		m.What, m.Value = string(g.What), g.ACL.Text
	default:
		if m.What, m.Value = "route-type", string(g.Type); g.Sub != "" {
			m.Value += " " + string(g.Sub)
		}
	}
	return m
}

type matchGrammar struct {
	Match routeMatch `parser:"'match' @@"`
}

func (g *matchGrammar) toAST(c *conv) ast.Command { return g.Match.toAST(c) }

type noMatchGrammar struct {
	Match *routeMatch `parser:"'no' 'match' ( @@"`
	Plain kw          `parser:"| @( 'interface' | 'metric' | 'route-type' ) | @'ip' @( 'address' | 'next-hop' | 'route-source' ) )"`
}

func (g *noMatchGrammar) toAST(c *conv) ast.Command {
	if g.Match != nil {
		return g.Match.toAST(c)
	}
	return &ast.RouteMatch{Pos: c.pos, OfMode: c.inMode("route-map"), What: string(g.Plain)}
}

type routeSet struct {
	Metric ospfMetric `parser:"  'metric' @@"`
	Type   kw         `parser:"| 'metric-type' @( 'internal' | 'external' | 'type-1' | 'type-2' )"`
	IP     ipAddr     `parser:"| 'ip' 'next-hop' @@"`
}

func (g *routeSet) toAST(c *conv) ast.Command {
	s := &ast.RouteSet{Pos: c.pos, OfMode: c.inMode("route-map")}
	switch {
	case g.Metric.given():
		s.What, s.Value = "metric", itoa(g.Metric.n())
	case g.Type != "":
		s.What, s.Value = "metric-type", string(g.Type)
	default:
		s.What, s.NextHop = "ip next-hop", c.ip(g.IP.word)
	}
	return s
}

type setGrammar struct {
	Set routeSet `parser:"'set' @@"`
}

func (g *setGrammar) toAST(c *conv) ast.Command { return g.Set.toAST(c) }

type noSetGrammar struct {
	Set   *routeSet `parser:"'no' 'set' ( @@"`
	Plain kw        `parser:"| @( 'metric' | 'metric-type' ) | @'ip' @'next-hop' )"`
}

func (g *noSetGrammar) toAST(c *conv) ast.Command {
	if g.Set != nil {
		return g.Set.toAST(c)
	}
	return &ast.RouteSet{Pos: c.pos, OfMode: c.inMode("route-map"), What: string(g.Plain)}
}
