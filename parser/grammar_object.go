package parser

import "pixfw/ast"

// Object groups (commands-firewall.md section 5.3): a header, and the lines of its members. A member line says nothing of its
// group; Scope.Group does.

type objectGroupGrammar struct {
	Type  kw      `parser:"'object-group' ( @( 'network' | 'protocol' | 'icmp-type' )"`
	ID    groupID `parser:"  @@"`
	Svc   groupID `parser:"| 'service' @@"`
	Proto kw      `parser:"  @( 'tcp' | 'udp' | 'tcp-udp' ) )"`
}

func (g *objectGroupGrammar) toAST(c *conv) ast.Command {
	return objectGroup(c, g.Type, g.ID, g.Svc, g.Proto)
}

type noObjectGroupGrammar struct {
	Type  kw      `parser:"'no' 'object-group' ( @( 'network' | 'protocol' | 'icmp-type' )"`
	ID    groupID `parser:"  @@"`
	Svc   groupID `parser:"| 'service' @@"`
	Proto kw      `parser:"  @( 'tcp' | 'udp' | 'tcp-udp' )? )"`
}

func (g *noObjectGroupGrammar) toAST(c *conv) ast.Command {
	return objectGroup(c, g.Type, g.ID, g.Svc, g.Proto)
}

func objectGroup(c *conv, kind kw, id, service groupID, proto kw) ast.Command {
	if service.given() {
		return &ast.ObjectGroup{Pos: c.pos, Type: ast.GroupService, ID: service.Text, Proto: string(proto)}
	}
	return &ast.ObjectGroup{Pos: c.pos, Type: string(kind), ID: id.Text}
}

func (c *conv) inGroup() ast.InObjectGroup { return ast.InObjectGroup{Group: c.group.Name} }

type networkObject struct {
	Host ipAddr  `parser:"( 'host' @@"`
	IP   ipAddr  `parser:"| @@"`
	Mask netMask `parser:"  @@ )"`
}

func (g *networkObject) toAST(c *conv) ast.Command {
	n := &ast.NetworkObject{Pos: c.pos, InObjectGroup: c.inGroup()}
	if g.Host.given() {
		n.Net = ast.Net{IP: c.ip(g.Host.word), Mask: ast.AllOnes}
	} else {
		n.Net = c.netOff(g.IP.word, g.Mask.word)
	}
	return n
}

type networkObjectGrammar struct {
	Object networkObject `parser:"'network-object' @@"`
}

func (g *networkObjectGrammar) toAST(c *conv) ast.Command { return g.Object.toAST(c) }

type noNetworkObjectGrammar struct {
	Object networkObject `parser:"'no' 'network-object' @@"`
}

func (g *noNetworkObjectGrammar) toAST(c *conv) ast.Command { return g.Object.toAST(c) }

type portObject struct {
	Port  anyPort `parser:"( 'eq' @@"`
	First anyPort `parser:"| 'range' @@"`
	Last  anyPort `parser:"  @@ )"`
}

func (g *portObject) toAST(c *conv) ast.Command {
	p := &ast.PortObject{Pos: c.pos, InObjectGroup: c.inGroup(), Proto: c.group.Proto}
	proto := ast.ServiceProtocol(p.Proto)
	port := func(w word) uint16 {
		n, ok := ast.ParsePort(proto, w.Text)
		if !ok {
			c.fail(w, codeBadValue, badValue{kind: ast.BadValue, message: "port " + quote(w.Text) + " is not a name of " + p.Proto})
		}
		return n
	}
	if g.Port.given() {
		p.Port = ast.PortMatch{Op: ast.PortEq, Lo: port(g.Port.word)}
		return p
	}
	p.Port = ast.PortMatch{Op: ast.PortRange, Lo: port(g.First.word), Hi: port(g.Last.word)}
	if p.Port.Lo > p.Port.Hi {
		c.fail(g.Last.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad range of ports: it ends before it begins"})
	}
	return p
}

type portObjectGrammar struct {
	Object portObject `parser:"'port-object' @@"`
}

func (g *portObjectGrammar) toAST(c *conv) ast.Command { return g.Object.toAST(c) }

type noPortObjectGrammar struct {
	Object portObject `parser:"'no' 'port-object' @@"`
}

func (g *noPortObjectGrammar) toAST(c *conv) ast.Command { return g.Object.toAST(c) }

type protocolObjectGrammar struct {
	Proto anyProto `parser:"'protocol-object' @@"`
}

func (g *protocolObjectGrammar) toAST(c *conv) ast.Command { return protocolObject(c, g.Proto) }

type noProtocolObjectGrammar struct {
	Proto anyProto `parser:"'no' 'protocol-object' @@"`
}

func (g *noProtocolObjectGrammar) toAST(c *conv) ast.Command { return protocolObject(c, g.Proto) }

func protocolObject(c *conv, w anyProto) ast.Command {
	p, _ := ast.ParseProtocol(w.Text)
	return &ast.ProtocolObject{Pos: c.pos, InObjectGroup: c.inGroup(), Proto: p}
}

type icmpObjectGrammar struct {
	Type icmpType `parser:"'icmp-object' @@"`
}

func (g *icmpObjectGrammar) toAST(c *conv) ast.Command { return icmpObject(c, g.Type) }

type noICMPObjectGrammar struct {
	Type icmpType `parser:"'no' 'icmp-object' @@"`
}

func (g *noICMPObjectGrammar) toAST(c *conv) ast.Command { return icmpObject(c, g.Type) }

func icmpObject(c *conv, w icmpType) ast.Command {
	t, _ := ast.ParseICMPType(w.Text)
	return &ast.ICMPObject{Pos: c.pos, InObjectGroup: c.inGroup(), Type: t}
}

type groupObjectGrammar struct {
	ID groupID `parser:"'group-object' @@"`
}

func (g *groupObjectGrammar) toAST(c *conv) ast.Command {
	return &ast.GroupObject{Pos: c.pos, InObjectGroup: c.inGroup(), Ref: g.ID.Text}
}

type noGroupObjectGrammar struct {
	ID groupID `parser:"'no' 'group-object' @@"`
}

func (g *noGroupObjectGrammar) toAST(c *conv) ast.Command {
	return &ast.GroupObject{Pos: c.pos, InObjectGroup: c.inGroup(), Ref: g.ID.Text}
}

type descriptionGrammar struct {
	Text text `parser:"'description' @@"`
}

func (g *descriptionGrammar) toAST(c *conv) ast.Command {
	return &ast.GroupDescription{Pos: c.pos, InObjectGroup: c.inGroup(), Value: g.Text.Text}
}

type noDescriptionGrammar struct {
	Word bool `parser:"'no' @'description'"`
	Text text `parser:"@@?"`
}

func (g *noDescriptionGrammar) toAST(c *conv) ast.Command {
	return &ast.GroupDescription{Pos: c.pos, InObjectGroup: c.inGroup(), Value: g.Text.Text}
}

var objectCommands = []*command{
	cmd("object-group", "names for sets of addresses, ports, protocols or ICMP types", newForm[objectGroupGrammar](), newForm[noObjectGroupGrammar](),
		"object-group network|protocol|icmp-type ID\nobject-group service ID tcp|udp|tcp-udp\nno object-group TYPE ID",
		"object-group network web", "object-group service web-ports tcp-udp", "object-group icmp-type ping", "object-group protocol both"),
	cmd("network-object", "address in an object group", newForm[networkObjectGrammar](), newForm[noNetworkObjectGrammar](),
		"network-object host IP\nnetwork-object IP MASK", "network-object host 10.1.1.1", "network-object 10.1.0.0 255.255.0.0"),
	cmd("port-object", "port in an object group", newForm[portObjectGrammar](), newForm[noPortObjectGrammar](),
		"port-object eq PORT\nport-object range PORT PORT", "port-object eq domain", "port-object range 2000 2100"),
	cmd("protocol-object", "protocol in an object group", newForm[protocolObjectGrammar](), newForm[noProtocolObjectGrammar](),
		"protocol-object PROTOCOL", "protocol-object tcp"),
	cmd("icmp-object", "ICMP type in an object group", newForm[icmpObjectGrammar](), newForm[noICMPObjectGrammar](),
		"icmp-object TYPE", "icmp-object echo-reply"),
	cmd("group-object", "all members of another group", newForm[groupObjectGrammar](), newForm[noGroupObjectGrammar](),
		"group-object ID", "group-object web"),
	cmd("description", "what an object group is for", newForm[descriptionGrammar](), newForm[noDescriptionGrammar](),
		"description TEXT", "description the servers of the web"),
}

// firewallHelp explains the keywords of object groups and old access control.
var firewallHelp = map[string]string{
	"network": "addresses", "protocol": "IP protocols, or inspection of one", "icmp-type": "ICMP types", "service": "ports; or what is done with refused connections",
	"tcp-udp": "TCP and UDP", "compiled": "fast look-up (Turbo ACL)", "deny-flow-max": "denied flows that are remembered",
	"alert-interval": "time between two messages that too many flows were denied", "per-user-override": "the list of an authenticated user decides",
	"except": "the other way around for these", "outgoing_src": "compare sources", "outgoing_dest": "compare destinations",
	"permitto": "ports that may be connected to", "permitfrom": "ports that may be connected from",
	"size": "fragments of all packets", "chain": "fragments of one packet", "resetinbound": "reset connections that come in", "resetoutside": "reset connections to the outside interface",
	"0": "off",
}
