package parser

import (
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// natOption is one of the words that end nat and static; a PIX takes them in any order.
type natOption struct {
	Pos       lexer.Position
	DNS       bool      `parser:"  @'dns'"`
	Outside   bool      `parser:"| @'outside'"`
	NoSeq     bool      `parser:"| @'norandomseq'"`
	Conns     connLimit `parser:"| @@"`
	Embryonic connLimit `parser:"  @@?"`
}

type staticOption struct {
	Pos       lexer.Position
	DNS       bool      `parser:"  @'dns'"`
	Netmask   netMask   `parser:"| 'netmask' @@"`
	NoSeq     bool      `parser:"| @'norandomseq'"`
	Conns     connLimit `parser:"| @@"`
	Embryonic connLimit `parser:"  @@?"`
}

// once sets an option, or says that it came twice.
func (c *conv) once(had *bool, w word, name string) {
	if *had {
		c.fail(w, codeJunk, badValue{kind: ast.TrailingJunk, message: name + " is given twice"})
	}
	*had = true
}

func limitsOf(conns, embryonic connLimit) *ast.Limits {
	return &ast.Limits{MaxConns: conns.n(), Embryonic: embryonic.nOr(0)}
}

type natGrammar struct {
	If      ifName      `parser:"'nat' ( '(' @@ ')' )?"`
	ID      natID       `parser:"@@"`
	ACL     aclID       `parser:"( 'access-list' @@"`
	IP      ipAddr      `parser:"| @@"`
	Mask    netMask     `parser:"  @@? )"`
	Options []natOption `parser:"@@*"`
}

func (g *natGrammar) toAST(c *conv) ast.Command {
	n := natOf(c, g.If, g.ID, g.ACL, g.IP, g.Mask, g.Options)
	if n.ACL != "" && n.ID == 0 {
		n.Limits = nil // an exemption has none
	} else if n.Limits == nil {
		n.Limits = &ast.Limits{}
	}
	return n
}

type noNatGrammar struct {
	If      ifName      `parser:"'no' 'nat' ( '(' @@ ')' )?"`
	ID      natID       `parser:"@@"`
	ACL     aclID       `parser:"( ( 'access-list' @@"`
	IP      ipAddr      `parser:"| @@"`
	Mask    netMask     `parser:"  @@? )"`
	Options []natOption `parser:"@@* )?"`
}

func (g *noNatGrammar) toAST(c *conv) ast.Command {
	n := natOf(c, g.If, g.ID, g.ACL, g.IP, g.Mask, g.Options)
	if n.NoRandomSeq && n.Limits == nil && (n.ACL == "" || n.ID != 0) {
		n.Limits = &ast.Limits{} // as they stand before it in the stored line
	}
	return n
}

func natOf(c *conv, in ifName, id natID, acl aclID, ip ipAddr, mask netMask, options []natOption) *ast.Nat {
	n := &ast.Nat{Pos: c.pos, If: orElse(in.Text, "inside"), ID: id.n(), ACL: acl.Text}
	if ip.given() {
		net := c.net(ip.word, mask.word)
		n.Net = &net
	}
	had := false
	for _, o := range options {
		switch {
		case o.DNS:
			c.once(&n.DNS, word{Text: "dns", Col: o.Pos.Column}, "dns")
		case o.Outside:
			c.once(&n.Outside, word{Text: "outside", Col: o.Pos.Column}, "outside")
		case o.NoSeq:
			c.once(&n.NoRandomSeq, word{Text: "norandomseq", Col: o.Pos.Column}, "norandomseq")
		default:
			c.once(&had, o.Conns.word, "the limit of connections")
			n.Limits = limitsOf(o.Conns, o.Embryonic)
		}
	}
	return n
}

type globalGrammar struct {
	If        ifName   `parser:"'global' ( '(' @@ ')' )?"`
	ID        globalID `parser:"@@"`
	Interface bool     `parser:"( @'interface'"`
	Span      ipSpan   `parser:"| @@"`
	Netmask   netMask  `parser:"  ( 'netmask' @@ )? )"`
}

func (g *globalGrammar) toAST(c *conv) ast.Command {
	return globalOf(c, g.If, g.ID, g.Interface, g.Span, g.Netmask)
}

type noGlobalGrammar struct {
	If        ifName   `parser:"'no' 'global' ( '(' @@ ')' )?"`
	ID        globalID `parser:"@@"`
	Interface bool     `parser:"( @'interface'"`
	Span      ipSpan   `parser:"| @@"`
	Netmask   netMask  `parser:"  ( 'netmask' @@ )? )?"`
}

func (g *noGlobalGrammar) toAST(c *conv) ast.Command {
	return globalOf(c, g.If, g.ID, g.Interface, g.Span, g.Netmask)
}

func globalOf(c *conv, in ifName, id globalID, iface bool, span ipSpan, mask netMask) ast.Command {
	x := &ast.Global{Pos: c.pos, If: orElse(in.Text, "outside"), ID: id.n(), Interface: iface}
	if span.given() {
		x.First, x.Last = c.span(span.word)
	}
	if mask.given() {
		x.Netmask = c.mask(mask.word, 0)
	}
	return x
}

// staticPair is (real,mapped).
type staticPair struct {
	Real   ifName `parser:"'(' @@ ','"`
	Mapped ifName `parser:"@@ ')'"`
}

type staticTCP struct {
	Interface bool    `parser:"'tcp' ( @'interface'"`
	Mapped    ipAddr  `parser:"| @@ )"`
	Port      tcpPort `parser:"@@"`
	ACL       aclID   `parser:"( 'access-list' @@"`
	Real      ipAddr  `parser:"| @@"`
	RealPort  tcpPort `parser:"  @@ )"`
}

type staticUDP struct {
	Interface bool    `parser:"'udp' ( @'interface'"`
	Mapped    ipAddr  `parser:"| @@ )"`
	Port      udpPort `parser:"@@"`
	ACL       aclID   `parser:"( 'access-list' @@"`
	Real      ipAddr  `parser:"| @@"`
	RealPort  udpPort `parser:"  @@ )"`
}

type staticHost struct {
	Interface bool   `parser:"( @'interface'"`
	Mapped    ipAddr `parser:"| @@ )"`
	ACL       aclID  `parser:"( 'access-list' @@"`
	Real      ipAddr `parser:"| @@ )"`
}

type staticGrammar struct {
	Pair    *staticPair    `parser:"'static' @@?"`
	TCP     *staticTCP     `parser:"( @@"`
	UDP     *staticUDP     `parser:"| @@"`
	Host    *staticHost    `parser:"| @@ )"`
	Options []staticOption `parser:"@@*"`
}

func (g *staticGrammar) toAST(c *conv) ast.Command {
	s := staticOf(c, g.Pair, g.TCP, g.UDP, g.Host, g.Options)
	fillNetmask(c, s)
	if s.Limits == nil {
		s.Limits = &ast.Limits{}
	}
	return s
}

// fillNetmask puts in the netmask that a static has without one.
func fillNetmask(c *conv, s *ast.Static) {
	if s.Real == nil || s.Netmask != 0 {
		return
	}
	s.Netmask = c.mask(word{}, *s.Real)
	if s.Netmask == 0 || s.Proto != 0 {
		s.Netmask = ast.AllOnes
	}
}

// staticPart is what `no static` may leave off.
type staticPart struct {
	Interface bool   `parser:"( @'interface'"`
	Mapped    ipAddr `parser:"| @@ )"`
}

type noStaticGrammar struct {
	Pair    *staticPair    `parser:"'no' 'static' @@?"`
	TCP     *staticTCP     `parser:"( ( @@"`
	UDP     *staticUDP     `parser:"  | @@"`
	Host    *staticHost    `parser:"  | @@ )"`
	Options []staticOption `parser:"  @@*"`
	Part    *staticPart    `parser:"| @@ )"`
}

func (g *noStaticGrammar) toAST(c *conv) ast.Command {
	if g.Part != nil {
		s := staticOf(c, g.Pair, nil, nil, nil, nil)
		s.MappedInterface = g.Part.Interface
		s.Mapped = c.ip(g.Part.Mapped.word)
		return s
	}
	s := staticOf(c, g.Pair, g.TCP, g.UDP, g.Host, g.Options)
	if s.NoRandomSeq && s.Limits == nil {
		s.Limits = &ast.Limits{} // as they stand before it in the stored line
	}
	if s.Limits != nil {
		fillNetmask(c, s) // what follows it in the stored line cannot match without
	}
	return s
}

func staticOf(c *conv, pair *staticPair, tcp *staticTCP, udp *staticUDP, host *staticHost, options []staticOption) *ast.Static {
	s := &ast.Static{Pos: c.pos, RealIf: "inside", MappedIf: "outside"}
	if pair != nil {
		s.RealIf, s.MappedIf = pair.Real.Text, pair.Mapped.Text
	}
	real := func(w ipAddr) *ast.IP {
		if !w.given() {
			return nil
		}
		ip := c.ip(w.word)
		return &ip
	}
	port := func(proto int, w word) uint16 {
		p, _ := ast.ParsePort(proto, w.Text)
		return p
	}
	switch {
	case tcp != nil:
		s.Proto, s.MappedInterface, s.Mapped, s.ACL, s.Real = ast.ProtoTCP, tcp.Interface, c.ip(tcp.Mapped.word), tcp.ACL.Text, real(tcp.Real)
		s.MappedPort, s.RealPort = port(s.Proto, tcp.Port.word), port(s.Proto, tcp.RealPort.word)
	case udp != nil:
		s.Proto, s.MappedInterface, s.Mapped, s.ACL, s.Real = ast.ProtoUDP, udp.Interface, c.ip(udp.Mapped.word), udp.ACL.Text, real(udp.Real)
		s.MappedPort, s.RealPort = port(s.Proto, udp.Port.word), port(s.Proto, udp.RealPort.word)
	case host != nil:
		s.MappedInterface, s.Mapped, s.ACL, s.Real = host.Interface, c.ip(host.Mapped.word), host.ACL.Text, real(host.Real)
	}
	var limits, mask bool
	for _, o := range options {
		switch {
		case o.DNS:
			c.once(&s.DNS, word{Text: "dns", Col: o.Pos.Column}, "dns")
		case o.NoSeq:
			c.once(&s.NoRandomSeq, word{Text: "norandomseq", Col: o.Pos.Column}, "norandomseq")
		case o.Netmask.given():
			c.once(&mask, o.Netmask.word, "netmask")
			s.Netmask = c.mask(o.Netmask.word, 0)
			if s.ACL != "" {
				c.fail(o.Netmask.word, codeJunk, badValue{kind: ast.TrailingJunk, message: "a static with an access list has no netmask"})
			}
			if s.Netmask == 0 {
				c.fail(o.Netmask.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad mask " + o.Netmask.Text})
			}
		default:
			c.once(&limits, o.Conns.word, "the limit of connections")
			s.Limits = limitsOf(o.Conns, o.Embryonic)
		}
	}
	return s
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
