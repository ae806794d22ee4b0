package parser

import "pixfw/ast"

// The access control of releases before 5.0, which 6.3 still has (commands-firewall.md section 5.4).

// conduitRule is an entry of an access list whose first address is the one that packets go to.
type conduitRule struct {
	Action   aceAction  `parser:"@@"`
	TCP      aceTCP     `parser:"( @@"`
	TCPBody  *tcpBody   `parser:"  @@"`
	UDP      aceUDP     `parser:"| @@"`
	UDPBody  *udpBody   `parser:"  @@"`
	ICMP     aceICMP    `parser:"| @@"`
	ICMPBody *icmpBody  `parser:"  @@"`
	Group    groupID    `parser:"| 'object-group' @@"`
	Any      *anyBody   `parser:"  @@"`
	Other    *otherBody `parser:"| @@ )"`
}

func (g *conduitRule) toAST(c *conv) ast.Command {
	e := (&ace{Action: g.Action, TCPBody: g.TCPBody, UDPBody: g.UDPBody, ICMPBody: g.ICMPBody, Group: g.Group, Any: g.Any, Other: g.Other}).entry(c, aclID{}, lineNum{})
	for _, a := range [...]ast.Addr{e.Src, e.Dst} {
		if a.Kind == ast.AddrInterface {
			c.fail(word{Text: "conduit", Col: int(c.pos.Col)}, codeUnexpected, badValue{kind: ast.UnknownKeyword, message: "a conduit takes no address of an interface"})
		}
	}
	return &ast.Conduit{Pos: c.pos, Permit: e.Permit, Proto: e.Proto, ProtoGroup: e.ProtoGroup, Global: e.Src, GlobalPort: e.SrcPort,
		Foreign: e.Dst, ForeignPort: e.DstPort, ICMPType: e.ICMPType, ICMPGroup: e.ICMPGroup}
}

type conduitGrammar struct {
	Rule conduitRule `parser:"'conduit' @@"`
}

func (g *conduitGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type noConduitGrammar struct {
	Rule conduitRule `parser:"'no' 'conduit' @@"`
}

func (g *noConduitGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type outboundRule struct {
	Action kw          `parser:"@( 'permit' | 'deny' | 'except' )"`
	IP     ipAddr      `parser:"@@"`
	Mask   netMask     `parser:"( @@"`
	Ports  legacyPorts `parser:"  ( @@"`
	Proto  anyProto    `parser:"    @@? )? )?"`
}

func (g *outboundRule) fill(c *conv, o *ast.Outbound) {
	o.Action = string(g.Action)
	o.Net = c.netOff(g.IP.word, g.Mask.word)
	if g.Ports.given() {
		o.HasPort = true
		o.Lo, o.Hi, _ = legacyPortsOf(g.Ports.Text)
	}
	if g.Proto.given() {
		o.HasProto = true
		o.Proto, _ = ast.ParseProtocol(g.Proto.Text)
	}
}

type outboundGrammar struct {
	List listNum      `parser:"'outbound' @@"`
	Rule outboundRule `parser:"@@"`
}

func (g *outboundGrammar) toAST(c *conv) ast.Command {
	o := &ast.Outbound{Pos: c.pos, List: g.List.n()}
	g.Rule.fill(c, o)
	return o
}

type noOutboundGrammar struct {
	List listNum       `parser:"'no' 'outbound' @@"`
	Rule *outboundRule `parser:"@@?"`
}

func (g *noOutboundGrammar) toAST(c *conv) ast.Command {
	o := &ast.Outbound{Pos: c.pos, List: g.List.n()}
	if g.Rule != nil {
		g.Rule.fill(c, o)
	}
	return o
}

type applyGrammar struct {
	If   ifName  `parser:"'apply' ( '(' @@ ')' )?"`
	List listNum `parser:"@@"`
	Side kw      `parser:"@( 'outgoing_src' | 'outgoing_dest' )"`
}

func (g *applyGrammar) toAST(c *conv) ast.Command {
	return &ast.Apply{Pos: c.pos, If: orElse(g.If.Text, "inside"), List: g.List.n(), Side: string(g.Side)}
}

type noApplyGrammar struct {
	If   ifName  `parser:"'no' 'apply' ( '(' @@ ')' )?"`
	List listNum `parser:"@@"`
	Side kw      `parser:"@( 'outgoing_src' | 'outgoing_dest' )?"`
}

func (g *noApplyGrammar) toAST(c *conv) ast.Command {
	return &ast.Apply{Pos: c.pos, If: orElse(g.If.Text, "inside"), List: g.List.n(), Side: string(g.Side)}
}

type establishedRule struct {
	Proto     anyProto    `parser:"@@"`
	Dst       legacyPort  `parser:"@@"`
	Src       legacyPort  `parser:"@@?"`
	ToProto   anyProto    `parser:"( 'permitto' @@"`
	To        legacyPorts `parser:"  @@ )?"`
	FromProto anyProto    `parser:"( 'permitfrom' @@"`
	From      legacyPorts `parser:"  @@ )?"`
}

func (g *establishedRule) toAST(c *conv) ast.Command {
	e := &ast.Established{Pos: c.pos}
	e.Proto, _ = ast.ParseProtocol(g.Proto.Text)
	e.DstPort, _ = ast.ParsePort(-1, g.Dst.Text)
	if g.Src.given() {
		e.SrcPort, _ = ast.ParsePort(-1, g.Src.Text)
	}
	end := func(proto anyProto, ports legacyPorts) *ast.EstablishedEnd {
		if !proto.given() {
			return nil
		}
		var x ast.EstablishedEnd
		x.Proto, _ = ast.ParseProtocol(proto.Text)
		if x.Proto != ast.ProtoTCP && x.Proto != ast.ProtoUDP {
			c.fail(proto.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad protocol " + quote(proto.Text) + ": expected tcp or udp"})
		}
		x.Lo, x.Hi, _ = legacyPortsOf(ports.Text)
		return &x
	}
	e.PermitTo, e.PermitFrom = end(g.ToProto, g.To), end(g.FromProto, g.From)
	return e
}

type establishedGrammar struct {
	Rule establishedRule `parser:"'established' @@"`
}

func (g *establishedGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type noEstablishedGrammar struct {
	Rule establishedRule `parser:"'no' 'established' @@"`
}

func (g *noEstablishedGrammar) toAST(c *conv) ast.Command { return g.Rule.toAST(c) }

type aliasGrammar struct {
	If      ifName  `parser:"'alias' ( '(' @@ ')' )?"`
	DNAT    ipAddr  `parser:"@@"`
	Foreign ipAddr  `parser:"@@"`
	Mask    netMask `parser:"@@?"`
}

func (g *aliasGrammar) toAST(c *conv) ast.Command {
	a := aliasOf(c, g.If, g.DNAT, g.Foreign, g.Mask)
	if a.Mask == 0 {
		a.Mask = ast.AllOnes
	}
	return a
}

type noAliasGrammar struct {
	If      ifName  `parser:"'no' 'alias' ( '(' @@ ')' )?"`
	DNAT    ipAddr  `parser:"@@"`
	Foreign ipAddr  `parser:"( @@"`
	Mask    netMask `parser:"  @@? )?"`
}

func (g *noAliasGrammar) toAST(c *conv) ast.Command {
	return aliasOf(c, g.If, g.DNAT, g.Foreign, g.Mask)
}

func aliasOf(c *conv, in ifName, dnat, foreign ipAddr, mask netMask) *ast.Alias {
	a := &ast.Alias{Pos: c.pos, If: orElse(in.Text, "inside"), DNAT: c.ip(dnat.word)}
	if foreign.given() {
		ip := c.ip(foreign.word)
		a.Foreign = &ip
	}
	if mask.given() {
		a.Mask = c.mask(mask.word, 0)
	}
	return a
}

var legacyCommands = []*command{
	cmd("conduit", "what may come in, in the way of old releases", newForm[conduitGrammar](), newForm[noConduitGrammar](),
		"conduit permit|deny tcp|udp GLOBAL [PORT] FOREIGN [PORT]\nconduit permit|deny icmp GLOBAL FOREIGN [TYPE]\nconduit permit|deny PROTOCOL GLOBAL FOREIGN\n"+
			"\tGLOBAL, FOREIGN: any | host IP | IP MASK | object-group GROUP\n\tPORT: eq|neq|lt|gt PORT | range PORT PORT | object-group GROUP",
		"conduit permit tcp host 192.0.2.80 eq www any", "conduit deny icmp any 198.51.100.0 255.255.255.0 echo",
		"conduit permit tcp host 192.0.2.80 gt 0 host 198.51.100.1", "conduit permit gre host 192.0.2.80 any"),
	cmd("outbound", "what may go out, in the way of old releases", newForm[outboundGrammar](), newForm[noOutboundGrammar](),
		"outbound LIST permit|deny|except IP [MASK [PORT[-PORT] [PROTOCOL]]]\nno outbound LIST [...]",
		"outbound 10 deny 10.0.0.0 255.255.255.0 23 tcp", "outbound 10 permit 10.0.0.5 255.255.255.255", "outbound 10 except 192.0.2.0 255.255.255.0 1024-65535"),
	cmd("apply", "where an outbound list holds", newForm[applyGrammar](), newForm[noApplyGrammar](),
		"apply [(IF)] LIST outgoing_src|outgoing_dest", "apply (inside) 10 outgoing_src"),
	cmd("established", "what may come back while a connection goes out", newForm[establishedGrammar](), newForm[noEstablishedGrammar](),
		"established PROTOCOL DPORT [SPORT] [permitto tcp|udp PORT[-PORT]] [permitfrom tcp|udp PORT[-PORT]]",
		"established tcp 6000 0 permitto tcp 1024-65535", "established udp 0 0 permitto udp 0 permitfrom udp 53"),
	cmd("alias", "address by which hosts know a foreign one", newForm[aliasGrammar](), newForm[noAliasGrammar](),
		"alias [(IF)] DNAT_IP FOREIGN_IP [MASK]", "alias (inside) 10.1.1.80 192.0.2.80 255.255.255.255"),
}
