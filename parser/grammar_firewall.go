package parser

import "pixfw/ast"

// Settings of the packet path (commands-firewall.md section 5.16).

type fragmentWhat struct {
	Size    bool      `parser:"( @'size'"`
	SizeN   fragSize  `parser:"  @@"`
	Chain   bool      `parser:"| @'chain'"`
	ChainN  fragChain `parser:"  @@"`
	Timeout bool      `parser:"| @'timeout'"`
	Seconds fragSecs  `parser:"  @@ )"`
	If      ifName    `parser:"@@?"`
}

func fragmentOf(c *conv, size, chain bool, value [3]word, in ifName) ast.Command {
	f := &ast.Fragment{Pos: c.pos, Which: "timeout", If: in.Text}
	switch {
	case size:
		f.Which = "size"
	case chain:
		f.Which = "chain"
	}
	for _, w := range value {
		if w.given() {
			f.Value = w.n()
		}
	}
	return f
}

type fragmentGrammar struct {
	What fragmentWhat `parser:"'fragment' @@"`
}

func (g *fragmentGrammar) toAST(c *conv) ast.Command {
	w := &g.What
	return fragmentOf(c, w.Size, w.Chain, [3]word{w.SizeN.word, w.ChainN.word, w.Seconds.word}, w.If)
}

type noFragmentGrammar struct {
	Size    bool      `parser:"'no' 'fragment' ( @'size'"`
	SizeN   fragSize  `parser:"  ( @@"`
	SizeIf  ifName    `parser:"    @@? )?"`
	Chain   bool      `parser:"| @'chain'"`
	ChainN  fragChain `parser:"  ( @@"`
	ChainIf ifName    `parser:"    @@? )?"`
	Timeout bool      `parser:"| @'timeout'"`
	Seconds fragSecs  `parser:"  ( @@"`
	TimeIf  ifName    `parser:"    @@? )? )"`
}

func (g *noFragmentGrammar) toAST(c *conv) ast.Command {
	return fragmentOf(c, g.Size, g.Chain, [3]word{g.SizeN.word, g.ChainN.word, g.Seconds.word},
		ifName{word{Text: g.SizeIf.Text + g.ChainIf.Text + g.TimeIf.Text}})
}

type serviceGrammar struct {
	Option kw `parser:"'service' @( 'resetinbound' | 'resetoutside' )"`
}

func (g *serviceGrammar) toAST(c *conv) ast.Command {
	return &ast.Service{Pos: c.pos, Option: string(g.Option)}
}

type noServiceGrammar struct {
	Option kw `parser:"'no' 'service' @( 'resetinbound' | 'resetoutside' )"`
}

func (g *noServiceGrammar) toAST(c *conv) ast.Command {
	return &ast.Service{Pos: c.pos, Option: string(g.Option)}
}

type shunGrammar struct {
	Src   ipAddr     `parser:"'shun' @@"`
	Dst   ipAddr     `parser:"( @@"`
	From  legacyPort `parser:"  @@"`
	To    legacyPort `parser:"  @@"`
	Proto anyProto   `parser:"  @@? )?"`
}

func (g *shunGrammar) toAST(c *conv) ast.Command {
	s := &ast.Shun{Pos: c.pos, Src: c.ip(g.Src.word)}
	if g.Dst.given() {
		ip := c.ip(g.Dst.word)
		s.Dst = &ip
		s.SrcPort, _ = ast.ParsePort(-1, g.From.Text)
		s.DstPort, _ = ast.ParsePort(-1, g.To.Text)
		if s.HasProto = g.Proto.given(); s.HasProto {
			s.Proto, _ = ast.ParseProtocol(g.Proto.Text)
		}
	}
	return s
}

// The source says which: what follows it in the positive line is read, and changes nothing.
type noShunGrammar struct {
	Src   ipAddr     `parser:"'no' 'shun' @@"`
	Dst   ipAddr     `parser:"( @@"`
	From  legacyPort `parser:"  @@"`
	To    legacyPort `parser:"  @@"`
	Proto anyProto   `parser:"  @@? )?"`
}

func (g *noShunGrammar) toAST(c *conv) ast.Command {
	return &ast.Shun{Pos: c.pos, Src: c.ip(g.Src.word)}
}

var firewallCommands = []*command{
	cmd("fragment", "limits for packets in fragments", newForm[fragmentGrammar](), newForm[noFragmentGrammar](),
		"fragment size|chain|timeout N [IF]", "fragment chain 1", "fragment size 400 outside", "fragment timeout 10"),
	cmd("service", "reset connections that are refused", newForm[serviceGrammar](), newForm[noServiceGrammar](),
		"service resetinbound|resetoutside", "service resetinbound"),
	cmd("shun", "drop all packets of a host, at once", newForm[shunGrammar](), newForm[noShunGrammar](),
		"shun SRC [DST SPORT DPORT [PROTOCOL]]\nno shun SRC", "shun 198.51.100.9", "shun 198.51.100.9 192.0.2.80 1234 80 tcp"),
}
