package parser

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// ParseExec reads one exec command, in full words: the shell has expanded abbreviations. The diagnostic of a line that is
// no exec command says where it goes wrong; what could stand there instead is the automaton's to say.
func ParseExec(line string, scope Scope) (ast.Exec, ast.Diagnostics) {
	toks := lexLine(line, scope.Names)
	peek, err := lexer.Upgrade(&tokens{list: toks})
	if err != nil {
		return nil, execError(line, toks)
	}
	x, err := execParser().ParseFromLexer(peek)
	if err != nil {
		return nil, execError(line, toks)
	}
	return x.toAST(scope.Names), nil
}

var execAutomaton = sync.OnceValue(func() *syntax.Automaton {
	classes := Classes()
	for name, c := range ExecClasses() {
		classes[name] = c
	}
	a, err := syntax.New(ExecGrammars(), classes)
	if err != nil {
		// The grammars are constants of the program, and a test makes this.
		panic(err)
	}
	return a
})

// execError explains a line that is no exec command, from what the automaton expected where it goes wrong.
func execError(line string, toks []lexer.Token) ast.Diagnostics {
	words := make([]string, 0, len(toks))
	for _, t := range toks[:len(toks)-1] {
		words = append(words, t.Value)
	}
	n, next := execAutomaton().Walk(words)
	if n == len(words) {
		return ast.Diagnostics{missing(toks[n], next).diagnostic("", 0, line)}
	}
	w := words[n]
	ends := len(next) > 0 && next[len(next)-1].End
	b := badValue{kind: ast.UnknownKeyword, message: "unexpected word " + quote(w), hint: "expected " + syntax.Expected(next),
		suggestion: syntax.Suggest(w, next)}
	code := codeUnexpected
	switch {
	case n == 0:
		code, b.message = codeUnknown, "unknown command "+quote(w)
	case ends && len(next) == 1:
		code, b.kind = codeJunk, ast.TrailingJunk
	default:
		for _, x := range next {
			for _, l := range slices.Concat(leaves, execLeaves) {
				if l.name != x.Class || l.bad == nil || !looksMeant(l, w) && len(next) > 1 {
					continue
				}
				if worse := l.bad(w); worse != nil {
					return ast.Diagnostics{wrong(toks[n], codeOf(worse.kind), *worse).diagnostic("", 0, line)}
				}
			}
		}
	}
	return ast.Diagnostics{wrong(toks[n], code, b).diagnostic("", 0, line)}
}

func (x *execLine) toAST(names map[string]ast.IP) ast.Exec {
	switch {
	case x.Show != nil:
		return x.Show.toAST(names)
	case x.Clear != nil:
		return x.Clear.toAST(names)
	case x.Write != nil:
		return x.Write.toAST()
	case x.Enable != nil:
		e := &ast.Enable{Level: 15}
		if x.Enable.Level != nil {
			e.Level = x.Enable.Level.n()
		}
		return e
	case x.Help != nil:
		h := &ast.Help{}
		if x.Help.Topic != nil {
			h.Topic = x.Help.Topic.Text
		}
		return h
	case x.Tracer != nil:
		return x.Tracer.toAST(names)
	case x.CA != nil:
		switch {
		case len(x.CA.Other) > 0:
			return &ast.Absent{What: strings.ToLower("ca " + strings.Join(x.CA.Other, " "))}
		case x.CA.Modulus != nil:
			return &ast.RSAKey{Do: "generate", Modulus: x.CA.Modulus.n()}
		case x.CA.Zeroize != "":
			return &ast.RSAKey{Do: "zeroize"}
		}
		return &ast.RSAKey{Do: "save"}
	case x.Debug != nil:
		return x.Debug.toAST(false)
	case x.Quiet != nil:
		return x.Quiet.toAST(true)
	case x.Undo != "":
		return &ast.Debug{Off: true, Facility: "all"}
	case x.Box != nil:
		return x.Box.toAST(names)
	}
	switch strings.ToLower(x.Mode[0]) {
	case "disable":
		return &ast.Disable{}
	case "logout":
		return &ast.Logout{}
	case "login":
		return &ast.Login{}
	case "configure":
		return &ast.Configure{From: strings.ToLower(x.Mode[1])}
	case "who":
		return &ast.Show{What: "who"}
	}
	return &ast.Exit{}
}

func (x *execShow) toAST(names map[string]ast.IP) ast.Exec {
	join := func(words []string) string { return strings.ToLower(strings.Join(words, " ")) }
	switch {
	case x.ACL != nil:
		c := &ast.Show{What: "access-list"}
		if x.ACL.ID != nil {
			c.ID = x.ACL.ID.Text
		}
		return c
	case x.Xlate != nil:
		c := &ast.Show{What: "xlate"}
		c.Form = x.Xlate.filter(&c.Filter, names)
		return c
	case x.Conn != nil:
		c := &ast.Show{What: "conn"}
		c.Form = x.Conn.filter(&c.Filter, names)
		return c
	case x.Host != nil:
		c := &ast.Show{What: "local-host"}
		if x.Host.IP != nil {
			c.Filter.Local = execSpan(&x.Host.IP.word, nil, names)
		}
		return c
	case x.Uauth != nil:
		c := &ast.Show{What: "uauth"}
		if x.Uauth.User != nil {
			c.ID = x.Uauth.User.Text
		}
		return c
	case x.Interface != nil:
		c := &ast.Show{What: "interface"}
		if x.Interface.ID != nil {
			c.ID = x.Interface.ID.Text
		}
		return c
	case x.Pool != nil:
		c := &ast.Show{What: "ip local pool"}
		if x.Pool.ID != nil {
			c.ID = x.Pool.ID.Text
		}
		return c
	case x.Fixup != nil:
		c := &ast.Show{What: "fixup"}
		if x.Fixup.ID != nil {
			c.ID = x.Fixup.ID.Text
		}
		return c
	case x.Group != nil:
		c := &ast.Show{What: "vpngroup"}
		if x.Group.ID != nil {
			c.ID = x.Group.ID.Text
		}
		return c
	}
	if x.Logging != nil {
		return x.Logging.toAST()
	}
	if x.Of != nil {
		return x.Of.toAST()
	}
	for _, words := range [][]string{x.What, x.ARP, x.IP, x.Telnet, x.ISAKMP, x.CA} {
		if len(words) > 0 {
			return &ast.Show{What: join(words)}
		}
	}
	switch k := x.Crypto; {
	case k.Map != nil:
		c := &ast.Show{What: "crypto map"}
		if k.Map.If != nil {
			c.Filter.Ifs = []string{k.Map.If.Text}
		}
		if k.Map.Tag != nil {
			c.ID = k.Map.Tag.Text
		}
		return c
	case k.Dyn != nil:
		c := &ast.Show{What: "crypto dynamic-map"}
		if k.Dyn.Tag != nil {
			c.ID = k.Dyn.Tag.Text
		}
		return c
	case k.SA != nil:
		return &ast.Show{What: "crypto ipsec sa", Form: strings.ToLower(k.SA.Form)}
	}
	what := strings.TrimSpace("crypto " + join(x.Crypto.What))
	// `show crypto isakmp` is `show isakmp`, as the commands are.
	if rest, ok := strings.CutPrefix(what, "crypto isakmp"); ok {
		what = "isakmp" + rest
	}
	return &ast.Show{What: what}
}

func (x *execDebug) toAST(off bool) ast.Exec {
	d := &ast.Debug{Off: off, Facility: strings.ToLower(strings.Join(x.AAA, " ") + x.Server)}
	if x.User != nil {
		d.Facility += " user " + x.User.Text
	}
	if x.Crypto != "" {
		d.Facility = "crypto " + strings.ToLower(x.Crypto)
		if d.Facility == "crypto isakmp" || d.Facility == "crypto ipsec" {
			d.Level = 1
		}
		if x.Level != nil {
			d.Level = x.Level.n()
		}
	}
	return d
}

// toAST names what is cleared as the shows name it.
func (x *execClearSAs) toAST(names map[string]ast.IP) ast.Exec {
	c := &ast.ClearState{What: "ipsec sa"}
	switch {
	case x.Count != "":
		c.What = "ipsec sa counters"
	case x.Peer != nil:
		c.Peer = execSpan(&x.Peer.word, nil, names).First
	case x.Map != nil:
		c.Map = x.Map.Text
	case x.Entry != nil:
		c.Peer = execSpan(&x.Entry.IP.word, nil, names).First
		c.Proto, _ = ast.ParseProtocol(strings.ToLower(x.Entry.Proto))
		spi, _ := strconv.ParseUint(x.Entry.SPI.Text, 10, 32)
		c.SPI = uint32(spi)
	}
	return c
}

func (x *execClear) toAST(names map[string]ast.IP) ast.Exec {
	switch {
	case x.Xlate != nil:
		c := &ast.ClearState{What: "xlate"}
		x.Xlate.filter(&c.Filter, names)
		return c
	case x.Uauth != nil:
		c := &ast.ClearState{What: "uauth"}
		if x.Uauth.User != nil {
			c.ID = x.Uauth.User.Text
		}
		return c
	case x.Host != nil:
		c := &ast.ClearState{What: "local-host"}
		if x.Host.IP != nil {
			c.Filter.Local = execSpan(&x.Host.IP.word, nil, names)
		}
		return c
	case x.Counters != nil:
		return &ast.ClearState{What: "counters", ID: x.Counters.ID.Text}
	case len(x.Conduit) > 0:
		return &ast.ClearState{What: "conduit counters"}
	case x.IPsec != nil:
		return x.IPsec.toAST(names)
	case len(x.ISAKMP) > 0:
		return &ast.ClearState{What: "isakmp sa"}
	case len(x.All) > 0:
		return &ast.ClearState{What: "crypto sa"}
	case len(x.Logging) > 0:
		return &ast.ClearState{What: strings.ToLower(strings.Join(x.Logging, " "))}
	}
	return &ast.ClearState{What: "conn"}
}

// filter reads the operands of xlate; it gives the form.
func (x *execXlates) filter(f *ast.StateFilter, names map[string]ast.IP) (form string) {
	for _, o := range x.Opts {
		switch {
		case o.Form != "":
			form = strings.ToLower(o.Form)
		case o.Span != nil:
			to := &f.Local
			if strings.EqualFold(o.Which, "global") {
				to = &f.Global
			}
			*to = execSpan(&o.Span.word, o.Mask, names)
		case o.Port != nil:
			f.Ports = append(f.Ports, execPorts(o.Side, o.Port))
		case o.If != nil:
			f.Ifs = append(f.Ifs, o.If.Text)
		case o.State != "":
			f.States = append(f.States, strings.ToLower(o.State))
		}
	}
	return form
}

func (x *execConns) filter(f *ast.StateFilter, names map[string]ast.IP) (form string) {
	for _, o := range x.Opts {
		switch {
		case o.Form != "":
			form = strings.ToLower(o.Form)
		case o.Span != nil:
			to := &f.Local
			if strings.EqualFold(o.Which, "foreign") {
				to = &f.Foreign
			}
			*to = execSpan(&o.Span.word, o.Mask, names)
		case o.Port != nil:
			f.Ports = append(f.Ports, execPorts(o.Side, o.Port))
		case o.Proto != "":
			f.Proto, _ = ast.ParseProtocol(strings.ToLower(o.Proto))
		case o.State != "":
			f.States = append(f.States, strings.ToLower(o.State))
		}
	}
	return form
}

func execSpan(w *word, mask *netMask, names map[string]ast.IP) ast.Span {
	first, last, _ := spanOf(w.Text, names)
	s := ast.Span{First: first, Last: last}
	if mask != nil {
		s.Mask, _ = ast.ParseIP(mask.Text)
	}
	return s
}

func execPorts(which string, p *portSpan) ast.PortFilter {
	lo, hi, _ := parsePortSpan(p.Text)
	return ast.PortFilter{Which: strings.ToLower(which), Lo: lo, Hi: hi}
}

func (x *execTracer) toAST(names map[string]ast.IP) ast.Exec {
	c := &ast.PacketTracer{If: x.If.Text, Detailed: x.Detailed != ""}
	ip := func(w *word) ast.IP {
		if ip, ok := names[w.Text]; ok {
			return ip
		}
		ip, _ := ast.ParseIP(w.Text)
		return ip
	}
	port := func(proto int, w *word) uint16 {
		p, _ := ast.ParsePort(proto, w.Text)
		return p
	}
	switch {
	case x.TCP != nil:
		c.Proto, c.Src, c.Dst = ast.ProtoTCP, ip(&x.TCP.Src.word), ip(&x.TCP.Dst.word)
		c.SrcPort, c.DstPort = port(ast.ProtoTCP, &x.TCP.SrcPort.word), port(ast.ProtoTCP, &x.TCP.DstPort.word)
	case x.UDP != nil:
		c.Proto, c.Src, c.Dst = ast.ProtoUDP, ip(&x.UDP.Src.word), ip(&x.UDP.Dst.word)
		c.SrcPort, c.DstPort = port(ast.ProtoUDP, &x.UDP.SrcPort.word), port(ast.ProtoUDP, &x.UDP.DstPort.word)
	case x.ICMP != nil:
		t, _ := ast.ParseICMPType(x.ICMP.Type.Text)
		c.Proto, c.Src, c.Dst = ast.ProtoICMP, ip(&x.ICMP.Src.word), ip(&x.ICMP.Dst.word)
		c.Type, c.Code, c.ID = uint8(t), uint8(x.ICMP.Code.n()), 1
		if x.ICMP.ID != nil {
			c.ID = uint16(x.ICMP.ID.n())
		}
	case x.Raw != nil:
		p, _ := ast.ParseProtocol(x.Raw.Proto.Text)
		c.Proto, c.Src, c.Dst = p, ip(&x.Raw.Src.word), ip(&x.Raw.Dst.word)
	}
	return c
}
