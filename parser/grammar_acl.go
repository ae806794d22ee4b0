package parser

import "pixfw/ast"

// aceAddr is a source or destination.
type aceAddrGrammar struct {
	Any   bool    `parser:"  @'any'"`
	Host  ipAddr  `parser:"| 'host' @@"`
	If    ifName  `parser:"| 'interface' @@"`
	Group groupID `parser:"| 'object-group' @@"`
	IP    ipAddr  `parser:"| @@"`
	Mask  aceMask `parser:"  @@"`
}

func (g *aceAddrGrammar) addr(c *conv) ast.Addr {
	switch {
	case g.Host.given():
		return ast.HostAddr(c.ip(g.Host.word))
	case g.If.given():
		return ast.Addr{Kind: ast.AddrInterface, Ref: g.If.Text}
	case g.Group.given():
		return ast.Addr{Kind: ast.AddrGroup, Ref: g.Group.Text}
	case g.IP.given():
		return ast.Addr{Net: c.netOff(g.IP.word, g.Mask.word)}
	}
	return ast.Any()
}

type tcpCompareGrammar struct {
	Op    kw      `parser:"  @( 'eq' | 'neq' | 'lt' | 'gt' )"`
	Port  tcpPort `parser:"  @@"`
	First tcpPort `parser:"| 'range' @@"`
	Last  tcpPort `parser:"  @@"`
}

type udpCompareGrammar struct {
	Op    kw      `parser:"  @( 'eq' | 'neq' | 'lt' | 'gt' )"`
	Port  udpPort `parser:"  @@"`
	First udpPort `parser:"| 'range' @@"`
	Last  udpPort `parser:"  @@"`
}

type anyCompareGrammar struct {
	Op    kw      `parser:"  @( 'eq' | 'neq' | 'lt' | 'gt' )"`
	Port  anyPort `parser:"  @@"`
	First anyPort `parser:"| 'range' @@"`
	Last  anyPort `parser:"  @@"`
}

var portOps = map[kw]ast.PortOp{"eq": ast.PortEq, "neq": ast.PortNeq, "lt": ast.PortLt, "gt": ast.PortGt}

func compare(c *conv, proto int, op kw, port, first, last word) ast.PortMatch {
	if op != "" {
		p, _ := ast.ParsePort(proto, port.Text)
		return ast.PortMatch{Op: portOps[op], Lo: p}
	}
	lo, _ := ast.ParsePort(proto, first.Text)
	hi, _ := ast.ParsePort(proto, last.Text)
	if lo > hi {
		c.fail(last, codeBadValue, badValue{kind: ast.BadValue, message: "bad range of ports: it ends before it begins"})
	}
	return ast.PortMatch{Op: ast.PortRange, Lo: lo, Hi: hi}
}

func (g *tcpCompareGrammar) match(c *conv) ast.PortMatch {
	return compare(c, ast.ProtoTCP, g.Op, g.Port.word, g.First.word, g.Last.word)
}
func (g *udpCompareGrammar) match(c *conv) ast.PortMatch {
	return compare(c, ast.ProtoUDP, g.Op, g.Port.word, g.First.word, g.Last.word)
}
func (g *anyCompareGrammar) match(c *conv) ast.PortMatch {
	return compare(c, -1, g.Op, g.Port.word, g.First.word, g.Last.word)
}

// aceAction is what an entry does with a packet.
type aceActionGrammar struct {
	Word kw `parser:"@( 'permit' | 'deny' )"`
}

// aceTCP, aceUDP and aceICMP are the protocols that have bodies of their own. 6, 17 and 1 are other spellings of them.
type aceTCPGrammar struct {
	Word bool   `parser:"  @'tcp'"`
	Num  numTCP `parser:"| @@"`
}

type aceUDPGrammar struct {
	Word bool   `parser:"  @'udp'"`
	Num  numUDP `parser:"| @@"`
}

type aceICMPGrammar struct {
	Word bool    `parser:"  @'icmp'"`
	Num  numICMP `parser:"| @@"`
}

// aceMore is what begins another address or comparison.
type aceMoreGrammar struct {
	Word kw     `parser:"  @( 'any' | 'host' | 'interface' | 'object-group' | 'eq' | 'neq' | 'lt' | 'gt' | 'range' )"`
	IP   ipAddr `parser:"| @@"`
}

// A body with ports is read in one of two ways, for an object-group behind the source may be a source port or the
// destination. It is the destination, unless another address follows; of three groups in a row the last is the destination
// port, which is how they are written. Where that leaves a choice, the types of the groups decide (settle).

type tcpBody struct {
	Src    aceAddr     `parser:"@@"`
	Plain  *tcpTail    `parser:"( @@"`
	Groups *tcpGrouped `parser:"| @@ )"`
}

// tcpTail is what follows the source; it is read by hand.
type tcpTailGrammar struct {
	SrcPort *tcpCompare `parser:"@@?"`
	Dst     aceAddr     `parser:"@@"`
	DstPort *tcpCompare `parser:"( @@"`
	Group   groupID     `parser:"| 'object-group' @@ )?"`
	More    aceMore     `parser:"(?! @@ )"`
}

type tcpGrouped struct {
	SrcGroup groupID     `parser:"'object-group' @@"`
	Dst      aceAddr     `parser:"@@"`
	DstPort  *tcpCompare `parser:"( @@"`
	Group    groupID     `parser:"| 'object-group' @@ )?"`
}

func (g *tcpBody) fill(c *conv, e *ast.AccessList) {
	e.Src = g.Src.addr(c)
	var dst *aceAddr
	var port *tcpCompare
	var group groupID
	if t := g.Plain; t != nil {
		dst, port, group = &t.Dst, t.DstPort, t.Group
		if t.SrcPort != nil {
			e.SrcPort = t.SrcPort.match(c)
		}
	} else {
		dst, port, group = &g.Groups.Dst, g.Groups.DstPort, g.Groups.Group
		e.SrcPort = groupPort(g.Groups.SrcGroup)
	}
	e.Dst = dst.addr(c)
	if port != nil {
		e.DstPort = port.match(c)
	} else if group.given() {
		e.DstPort = groupPort(group)
	}
	settle(c.groups, e)
}

type udpBody struct {
	Src    aceAddr     `parser:"@@"`
	Plain  *udpTail    `parser:"( @@"`
	Groups *udpGrouped `parser:"| @@ )"`
}

type udpTailGrammar struct {
	SrcPort *udpCompare `parser:"@@?"`
	Dst     aceAddr     `parser:"@@"`
	DstPort *udpCompare `parser:"( @@"`
	Group   groupID     `parser:"| 'object-group' @@ )?"`
	More    aceMore     `parser:"(?! @@ )"`
}

type udpGrouped struct {
	SrcGroup groupID     `parser:"'object-group' @@"`
	Dst      aceAddr     `parser:"@@"`
	DstPort  *udpCompare `parser:"( @@"`
	Group    groupID     `parser:"| 'object-group' @@ )?"`
}

func (g *udpBody) fill(c *conv, e *ast.AccessList) {
	e.Src = g.Src.addr(c)
	var dst *aceAddr
	var port *udpCompare
	var group groupID
	if t := g.Plain; t != nil {
		dst, port, group = &t.Dst, t.DstPort, t.Group
		if t.SrcPort != nil {
			e.SrcPort = t.SrcPort.match(c)
		}
	} else {
		dst, port, group = &g.Groups.Dst, g.Groups.DstPort, g.Groups.Group
		e.SrcPort = groupPort(g.Groups.SrcGroup)
	}
	e.Dst = dst.addr(c)
	if port != nil {
		e.DstPort = port.match(c)
	} else if group.given() {
		e.DstPort = groupPort(group)
	}
	settle(c.groups, e)
}

type anyBody struct {
	Src    aceAddr     `parser:"@@"`
	Plain  *anyTail    `parser:"( @@"`
	Groups *anyGrouped `parser:"| @@ )"`
}

type anyTailGrammar struct {
	SrcPort *anyCompare `parser:"@@?"`
	Dst     aceAddr     `parser:"@@"`
	DstPort *anyCompare `parser:"( @@"`
	Group   groupID     `parser:"| 'object-group' @@ )?"`
	More    aceMore     `parser:"(?! @@ )"`
}

type anyGrouped struct {
	SrcGroup groupID     `parser:"'object-group' @@"`
	Dst      aceAddr     `parser:"@@"`
	DstPort  *anyCompare `parser:"( @@"`
	Group    groupID     `parser:"| 'object-group' @@ )?"`
}

func (g *anyBody) fill(c *conv, e *ast.AccessList) {
	e.Src = g.Src.addr(c)
	var dst *aceAddr
	var port *anyCompare
	var group groupID
	if t := g.Plain; t != nil {
		dst, port, group = &t.Dst, t.DstPort, t.Group
		if t.SrcPort != nil {
			e.SrcPort = t.SrcPort.match(c)
		}
	} else {
		dst, port, group = &g.Groups.Dst, g.Groups.DstPort, g.Groups.Group
		e.SrcPort = groupPort(g.Groups.SrcGroup)
	}
	e.Dst = dst.addr(c)
	if port != nil {
		e.DstPort = port.match(c)
	} else if group.given() {
		e.DstPort = groupPort(group)
	}
	settle(c.groups, e)
}

// settle decides what two groups behind the source are: destination and its port, or source port and destination. The types of
// the groups say it; of groups that are not known the grammar's guess, the first, stands.
func settle(groups map[string]string, e *ast.AccessList) {
	if e.SrcPort.Op != ast.PortAny || e.Dst.Kind != ast.AddrGroup || e.DstPort.Op != ast.PortGroup {
		return
	}
	first, second := groups[e.Dst.Ref], groups[e.DstPort.Ref]
	if first == ast.GroupService || first == "" && second == ast.GroupNetwork {
		e.SrcPort = ast.PortMatch{Op: ast.PortGroup, Ref: e.Dst.Ref}
		e.Dst.Ref, e.DstPort = e.DstPort.Ref, ast.PortMatch{}
	}
}

func groupPort(g groupID) ast.PortMatch { return ast.PortMatch{Op: ast.PortGroup, Ref: g.Text} }

type icmpBody struct {
	Src   aceAddr  `parser:"@@"`
	Dst   aceAddr  `parser:"@@"`
	Type  icmpType `parser:"( @@"`
	Group groupID  `parser:"| 'object-group' @@ )?"`
}

// otherProto is a protocol that has no ports.
type otherProtoGrammar struct {
	Word   kw       `parser:"  @( 'ip' | 'ah' | 'eigrp' | 'esp' | 'gre' | 'igmp' | 'igrp' | 'ipinip' | 'nos' | 'ospf' | 'pcp' | 'snp' | 'ipsec' | 'pptp' )"`
	Number protoNum `parser:"| @@"`
}

type otherBody struct {
	Proto otherProto `parser:"@@"`
	Src   aceAddr    `parser:"@@"`
	Dst   aceAddr    `parser:"@@"`
}

type logOptionGrammar struct {
	On       bool        `parser:"@'log'"`
	Mode     kw          `parser:"( @( 'disable' | 'default' )"`
	Level    logLevel    `parser:"| @@"`
	Interval logInterval `parser:"  ( 'interval' @@ )?"`
	Only     logInterval `parser:"| 'interval' @@ )?"`
}

// ace is one entry behind the name of its list.
type ace struct {
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
	Log      *logOption `parser:"@@?"`
}

func (g *ace) entry(c *conv, id aclID, line lineNum) *ast.AccessList {
	e := &ast.AccessList{Pos: c.pos, ID: id.Text, Line: line.nOr(0), Permit: g.Action.Word == "permit", ICMPType: -1}
	switch {
	case g.TCPBody != nil:
		e.Proto = ast.ProtoTCP
		g.TCPBody.fill(c, e)
	case g.UDPBody != nil:
		e.Proto = ast.ProtoUDP
		g.UDPBody.fill(c, e)
	case g.ICMPBody != nil:
		e.Proto, e.Src, e.Dst, e.ICMPGroup = ast.ProtoICMP, g.ICMPBody.Src.addr(c), g.ICMPBody.Dst.addr(c), g.ICMPBody.Group.Text
		if g.ICMPBody.Type.given() {
			t, _ := ast.ParseICMPType(g.ICMPBody.Type.Text)
			e.ICMPType = int(t)
		}
	case g.Any != nil:
		e.ProtoGroup = g.Group.Text
		g.Any.fill(c, e)
	default:
		e.Proto, _ = ast.ParseProtocol(string(g.Other.Proto.Word) + g.Other.Proto.Number.Text)
		e.Src, e.Dst = g.Other.Src.addr(c), g.Other.Dst.addr(c)
	}
	g.Log.fill(e)
	return e
}

func (l *logOption) fill(e *ast.AccessList) {
	switch {
	case l == nil:
	case l.Mode == "disable":
		e.Log = ast.LogDisable
	case l.Mode == "default":
		e.Log = ast.LogDefault
	default:
		e.Log, e.LogLevel, e.Interval = ast.LogOn, 6, l.Interval.nOr(l.Only.nOr(300))
		if l.Level.given() {
			e.LogLevel, _ = logLevelOf(l.Level.Text)
		}
	}
}

// standardACE is an entry that names a network, for route maps.
type standardACE struct {
	Action aceAction `parser:"@@"`
	Any    bool      `parser:"( @'any'"`
	Host   ipAddr    `parser:"| 'host' @@"`
	IP     ipAddr    `parser:"| @@"`
	Mask   aceMask   `parser:"  @@ )"`
}

func (g *standardACE) entry(c *conv, id aclID, line lineNum) ast.Command {
	a := aceAddr{Any: g.Any, Host: g.Host, IP: g.IP, Mask: g.Mask}
	return &ast.StandardACE{Pos: c.pos, ID: id.Text, Line: line.nOr(0), Permit: g.Action.Word == "permit", Addr: a.addr(c)}
}

type accessListGrammar struct {
	ID       aclID        `parser:"'access-list' ( @@"`
	List     bool         `parser:"  ( @'compiled'"`
	Line     lineNum      `parser:"  | ( 'line' @@ )?"`
	Remark   text         `parser:"    ( 'remark' @@"`
	Entry    *ace         `parser:"    | @@"`
	Standard *standardACE `parser:"    | @@ ) )"`
	All      bool         `parser:"| @'compiled'"`
	Flows    denyFlows    `parser:"| 'deny-flow-max' @@"`
	Alert    alertSecs    `parser:"| 'alert-interval' @@ )"`
}

func (g *accessListGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.All, g.List:
		return &ast.ListCompiled{Pos: c.pos, ID: g.ID.Text}
	case g.Flows.given():
		return &ast.ListLimit{Pos: c.pos, Which: "deny-flow-max", Value: g.Flows.n()}
	case g.Alert.given():
		return &ast.ListLimit{Pos: c.pos, Which: "alert-interval", Value: g.Alert.n()}
	}
	return listEntry(c, g.ID, g.Line, g.Remark, g.Entry, g.Standard)
}

func listEntry(c *conv, id aclID, line lineNum, remark text, entry *ace, standard *standardACE) ast.Command {
	switch {
	case entry != nil:
		return entry.entry(c, id, line)
	case standard != nil:
		return standard.entry(c, id, line)
	case remark.given():
		return &ast.Remark{Pos: c.pos, ID: id.Text, Line: line.nOr(0), Value: remark.Text}
	}
	return &ast.WholeList{Pos: c.pos, ID: id.Text}
}

// Without more words `no access-list compiled` is the switch, not a list of that name.
type noAccessListGrammar struct {
	All      bool         `parser:"'no' 'access-list' ( @'compiled' (?! 'permit' | 'deny' | 'remark' | 'line' | 'compiled' )"`
	Flows    bool         `parser:"| @'deny-flow-max' (?! 'permit' | 'deny' | 'remark' | 'line' | 'compiled' )"`
	FlowsN   denyFlows    `parser:"  @@?"`
	Alert    bool         `parser:"| @'alert-interval' (?! 'permit' | 'deny' | 'remark' | 'line' | 'compiled' )"`
	AlertN   alertSecs    `parser:"  @@?"`
	ID       aclID        `parser:"| @@"`
	List     bool         `parser:"  ( @'compiled'"`
	Line     lineNum      `parser:"  | ( 'line' @@ )?"`
	Remark   text         `parser:"    ( 'remark' @@"`
	Entry    *ace         `parser:"    | @@"`
	Standard *standardACE `parser:"    | @@ ) )? )"`
}

func (g *noAccessListGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.All, g.List:
		return &ast.ListCompiled{Pos: c.pos, ID: g.ID.Text}
	case g.Flows:
		return &ast.ListLimit{Pos: c.pos, Which: "deny-flow-max", Value: g.FlowsN.nOr(0)}
	case g.Alert:
		return &ast.ListLimit{Pos: c.pos, Which: "alert-interval", Value: g.AlertN.nOr(0)}
	}
	return listEntry(c, g.ID, g.Line, g.Remark, g.Entry, g.Standard)
}

type accessGroupGrammar struct {
	ID      aclID  `parser:"'access-group' @@"`
	If      ifName `parser:"'in' 'interface' @@"`
	PerUser bool   `parser:"@'per-user-override'?"`
}

func (g *accessGroupGrammar) toAST(c *conv) ast.Command {
	return &ast.AccessGroup{Pos: c.pos, ACL: g.ID.Text, If: g.If.Text, PerUser: g.PerUser}
}

type noAccessGroupGrammar struct {
	ID      aclID  `parser:"'no' 'access-group' @@"`
	If      ifName `parser:"( 'in' 'interface' @@"`
	PerUser bool   `parser:"  @'per-user-override'? )?"`
}

func (g *noAccessGroupGrammar) toAST(c *conv) ast.Command {
	return &ast.AccessGroup{Pos: c.pos, ACL: g.ID.Text, If: g.If.Text, PerUser: g.PerUser}
}
