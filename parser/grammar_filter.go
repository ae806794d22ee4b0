package parser

import (
	"strings"

	"pixfw/ast"
)

// urlHost is `host IP ...` of a Websense server, with what may follow.
type urlHost struct {
	IP       ipAddr  `parser:"'host' @@"`
	Port     urlPort `parser:"( 'port' @@ )?"`
	Timeout  urlSecs `parser:"( 'timeout' @@ )?"`
	Protocol kw      `parser:"( 'protocol' @( 'tcp' | 'udp' )"`
	Version  kw      `parser:"  ( 'version' @( '1' | '4' ) )? )?"`
}

type urlServerGrammar struct {
	If     ifName  `parser:"'url-server' ( '(' @@ ')' )?"`
	Vendor kw      `parser:"( 'vendor' @( 'websense' | 'n2h2' ) )?"`
	Host   urlHost `parser:"@@"`
}

func (g *urlServerGrammar) toAST(c *conv) ast.Command {
	s := urlServer(c, g.If, g.Vendor, &g.Host)
	s.Vendor = orElse(s.Vendor, "websense")
	s.Protocol = orElse(s.Protocol, "TCP")
	if s.Timeout == 0 {
		s.Timeout = 5
	}
	switch {
	case s.Vendor == "n2h2":
		if s.Version != 0 {
			c.fail(g.Host.IP.word, codeBadValue, badValue{kind: ast.BadValue, message: "an N2H2 server has no protocol version"})
		}
		if s.Port == 0 {
			s.Port = 4005 // (commands-firewall.md section 5.14)
		}
	case s.Port != 0:
		c.fail(g.Host.Port.word, codeBadValue, badValue{kind: ast.BadValue, message: "only an N2H2 server has a port of its own", hint: "add vendor n2h2, or leave port out"})
	case s.Version == 0 && s.Protocol == "UDP":
		s.Version = 4
	case s.Version == 0:
		s.Version = 1
	}
	return s
}

type noURLServerGrammar struct {
	If     ifName  `parser:"'no' 'url-server' ( '(' @@ ')' )?"`
	Vendor kw      `parser:"( 'vendor' @( 'websense' | 'n2h2' ) )?"`
	Host   urlHost `parser:"@@"`
}

func (g *noURLServerGrammar) toAST(c *conv) ast.Command {
	return urlServer(c, g.If, g.Vendor, &g.Host)
}

func urlServer(c *conv, ifc ifName, vendor kw, h *urlHost) *ast.URLServer {
	s := &ast.URLServer{Pos: c.pos, If: orElse(ifc.Text, "inside"), Vendor: string(vendor), IP: c.ip(h.IP.word), Port: h.Port.nOr(0),
		Timeout: h.Timeout.nOr(0), Protocol: strings.ToUpper(string(h.Protocol))}
	if h.Version != "" {
		s.Version = int(h.Version[0] - '0')
	}
	return s
}

// filterNets is which connections a filter looks into.
type filterNets struct {
	Src   ipAddr  `parser:"@@"`
	SMask netMask `parser:"@@"`
	Dst   ipAddr  `parser:"@@"`
	DMask netMask `parser:"@@"`
}

type filterWhere struct {
	Except bool       `parser:"( @'except'"`
	Ports  filterEnd  `parser:"| @@ )"`
	Nets   filterNets `parser:"@@"`
}

type urlOption struct {
	Word kw `parser:"@( 'allow' | 'proxy-block' | 'longurl-truncate' | 'longurl-deny' | 'cgi-truncate' )"`
}

type ftpOption struct {
	Word kw `parser:"@( 'allow' | 'interact-block' )"`
}

type filterBody struct {
	URL   *filterWhere `parser:"  'url' @@"`
	Opts  []urlOption  `parser:"  @@*"`
	FTP   *filterWhere `parser:"| 'ftp' @@"`
	FOpts []ftpOption  `parser:"  @@*"`
	HTTPS *filterWhere `parser:"| 'https' @@"`
	Allow bool         `parser:"  @'allow'?"`
	What  kw           `parser:"| @( 'java' | 'activex' )"`
	Code  *filterWhere `parser:"  @@"`
}

func (g *filterBody) filter(c *conv) ast.Command {
	f := &ast.Filter{Pos: c.pos, What: string(g.What), Allow: g.Allow}
	w := g.Code
	switch {
	case g.URL != nil:
		f.What, w = "url", g.URL
	case g.FTP != nil:
		f.What, w = "ftp", g.FTP
	case g.HTTPS != nil:
		f.What, w = "https", g.HTTPS
	}
	f.Except = w.Except
	if w.Ports.given() {
		f.First, f.Last, _ = filterPorts(w.Ports.Text)
	}
	f.Src = c.net(w.Nets.Src.word, w.Nets.SMask.word)
	f.Dst = c.net(w.Nets.Dst.word, w.Nets.DMask.word)
	for _, o := range g.Opts {
		switch o.Word {
		case "allow":
			f.Allow = true
		case "proxy-block":
			f.ProxyBlock = true
		case "cgi-truncate":
			f.CGITruncate = true
		default:
			f.LongURL = string(o.Word)
		}
	}
	for _, o := range g.FOpts {
		f.Allow = f.Allow || o.Word == "allow"
		f.InteractBlock = f.InteractBlock || o.Word == "interact-block"
	}
	if f.Except && (f.Allow || len(g.Opts)+len(g.FOpts) > 0) {
		c.fail(w.Nets.Src.word, codeJunk, badValue{kind: ast.TrailingJunk, message: "an exception takes no options"})
	}
	return f
}

type filterGrammar struct {
	Body filterBody `parser:"'filter' @@"`
}

func (g *filterGrammar) toAST(c *conv) ast.Command { return g.Body.filter(c) }

type noFilterGrammar struct {
	Body filterBody `parser:"'no' 'filter' @@"`
}

func (g *noFilterGrammar) toAST(c *conv) ast.Command { return g.Body.filter(c) }

type urlCacheGrammar struct {
	By kw      `parser:"'url-cache' @( 'dst' | 'src_dst' )"`
	KB cacheKB `parser:"@@"`
}

func (g *urlCacheGrammar) toAST(c *conv) ast.Command {
	return &ast.URLCache{Pos: c.pos, By: string(g.By), KB: g.KB.n()}
}

type noURLCacheGrammar struct {
	By kw      `parser:"'no' 'url-cache' ( @( 'dst' | 'src_dst' )"`
	KB cacheKB `parser:"  @@? )?"`
}

func (g *noURLCacheGrammar) toAST(c *conv) ast.Command {
	return &ast.URLCache{Pos: c.pos, By: string(g.By), KB: g.KB.nOr(0)}
}

type urlBlockGrammar struct {
	Blocks blocks `parser:"'url-block' ( 'block' @@"`
	Pool   poolKB `parser:"| 'url-mempool' @@"`
	Size   urlKB  `parser:"| 'url-size' @@ )"`
}

func (g *urlBlockGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Blocks.given():
		return &ast.URLBlock{Pos: c.pos, Which: "block", N: g.Blocks.n()}
	case g.Pool.given():
		return &ast.URLBlock{Pos: c.pos, Which: "url-mempool", N: g.Pool.n()}
	}
	return &ast.URLBlock{Pos: c.pos, Which: "url-size", N: g.Size.n()}
}

type noURLBlockGrammar struct {
	Block  kw     `parser:"'no' 'url-block' ( @'block'"`
	Blocks blocks `parser:"  @@?"`
	Mem    kw     `parser:"| @'url-mempool'"`
	Pool   poolKB `parser:"  @@?"`
	Long   kw     `parser:"| @'url-size'"`
	Size   urlKB  `parser:"  @@? )"`
}

func (g *noURLBlockGrammar) toAST(c *conv) ast.Command {
	return &ast.URLBlock{Pos: c.pos, Which: string(g.Block + g.Mem + g.Long), N: g.Blocks.nOr(g.Pool.nOr(g.Size.nOr(-1)))}
}
