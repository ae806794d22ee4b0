package parser

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2/ebnf"
	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
)

func TestParseExec(t *testing.T) {
	web := Scope{Names: map[string]ast.IP{"web": ast.MustIP("10.0.0.80")}}
	host := func(s string) ast.Span { return ast.Span{First: ast.MustIP(s), Last: ast.MustIP(s)} }
	for _, c := range []struct {
		line string
		want ast.Exec
	}{
		{"show running-config", &ast.Show{What: "running-config"}},
		{"SHOW Version", &ast.Show{What: "version"}},
		{"show access-list", &ast.Show{What: "access-list"}},
		{"show access-list show", &ast.Show{What: "access-list", ID: "show"}},
		{"show ip", &ast.Show{What: "ip"}},
		{"show ip address", &ast.Show{What: "ip address"}},
		{"show ip local pool VPNpool", &ast.Show{What: "ip local pool", ID: "VPNpool"}},
		{"show crypto isakmp policy", &ast.Show{What: "isakmp policy"}},
		{"show crypto ipsec security-association lifetime", &ast.Show{What: "crypto ipsec security-association lifetime"}},
		{"show telnet timeout", &ast.Show{What: "telnet timeout"}},
		{"show fixup protocol sip", &ast.Show{What: "fixup", ID: "sip"}},
		{"show xlate debug local web gport 1024-2048 state portmap", &ast.Show{What: "xlate", Form: "debug",
			Filter: ast.StateFilter{Local: host("10.0.0.80"), Ports: []ast.PortFilter{{Which: "gport", Lo: 1024, Hi: 2048}}, States: []string{"portmap"}}}},
		{"show xlate global 192.0.2.0 netmask 255.255.255.0 interface outside", &ast.Show{What: "xlate", Filter: ast.StateFilter{
			Global: ast.Span{First: ast.MustIP("192.0.2.0"), Last: ast.MustIP("192.0.2.0"), Mask: ast.MaskOf(24)}, Ifs: []string{"outside"}}}},
		{"show conn count protocol udp foreign 1.2.3.4-1.2.3.9 fport 53", &ast.Show{What: "conn", Form: "count", Filter: ast.StateFilter{
			Foreign: ast.Span{First: ast.MustIP("1.2.3.4"), Last: ast.MustIP("1.2.3.9")}, Proto: ast.ProtoUDP,
			Ports: []ast.PortFilter{{Which: "fport", Lo: 53, Hi: 53}}}}},
		{"clear xlate", &ast.ClearState{What: "xlate"}},
		{"clear uauth cse", &ast.ClearState{What: "uauth", ID: "cse"}},
		{"clear access-list 120 counters", &ast.ClearState{What: "counters", ID: "120"}},
		{"write memory", &ast.Write{To: "memory"}},
		{"enable", &ast.Enable{Level: 15}},
		{"enable 7", &ast.Enable{Level: 7}},
		{"configure terminal", &ast.Configure{From: "terminal"}},
		{"quit", &ast.Exit{}},
		{"ca generate rsa key 1024", &ast.RSAKey{Do: "generate", Modulus: 1024}},
		{"packet-tracer input inside tcp web 3000 198.51.100.7 www detailed", &ast.PacketTracer{If: "inside", Proto: ast.ProtoTCP,
			Src: ast.MustIP("10.0.0.80"), SrcPort: 3000, Dst: ast.MustIP("198.51.100.7"), DstPort: 80, Detailed: true}},
		{"packet-tracer input outside udp 1.2.3.4 1 5.6.7.8 domain", &ast.PacketTracer{If: "outside", Proto: ast.ProtoUDP,
			Src: ast.MustIP("1.2.3.4"), SrcPort: 1, Dst: ast.MustIP("5.6.7.8"), DstPort: 53}},
		{"packet-tracer input outside icmp 1.2.3.4 echo 0 5.6.7.8", &ast.PacketTracer{If: "outside", Proto: ast.ProtoICMP,
			Src: ast.MustIP("1.2.3.4"), Dst: ast.MustIP("5.6.7.8"), Type: 8, ID: 1}},
		{"packet-tracer input outside icmp 1.2.3.4 3 4 77 5.6.7.8 detailed", &ast.PacketTracer{If: "outside", Proto: ast.ProtoICMP,
			Src: ast.MustIP("1.2.3.4"), Dst: ast.MustIP("5.6.7.8"), Type: 3, Code: 4, ID: 77, Detailed: true}},
		{"packet-tracer input outside rawip 1.2.3.4 gre 5.6.7.8", &ast.PacketTracer{If: "outside", Proto: ast.ProtoGRE,
			Src: ast.MustIP("1.2.3.4"), Dst: ast.MustIP("5.6.7.8")}},
	} {
		got, diags := ParseExec(c.line, web)
		if diags != nil {
			t.Errorf("%s: %v", c.line, diags[0])
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.line, d)
		}
	}
}

func TestParseExecErrors(t *testing.T) {
	for _, c := range []struct {
		line string
		kind ast.Kind
		col  int32
	}{
		{"bogus", ast.UnknownKeyword, 1},
		{"show", ast.MissingArgument, 5},
		{"show bogus", ast.UnknownKeyword, 6},
		{"show version now", ast.TrailingJunk, 14},
		{"enable 16", ast.Range, 8},
		{"packet-tracer input outside tcp 1.2.3.4 70000 5.6.7.8 80", ast.Range, 41},
		{"packet-tracer input outside tcp 1.2.3.444 7 5.6.7.8 80", ast.BadValue, 33},
		{"packet-tracer input outside tcp 1.2.3.4 7 5.6.7.8", ast.MissingArgument, 50},
		{"", ast.MissingArgument, 1},
	} {
		got, diags := ParseExec(c.line, Scope{})
		if got != nil || len(diags) != 1 {
			t.Errorf("%q: %v, %d diagnostics", c.line, got, len(diags))
			continue
		}
		if d := diags[0]; d.Kind != c.kind || d.Pos.Col != c.col || d.Severity != ast.Error {
			t.Errorf("%q: %s at column %d (%s), want %s at %d", c.line, d.Kind, d.Pos.Col, d.Message, c.kind, c.col)
		}
	}
}

// TestExecHelp: every keyword of the exec commands is explained, and nothing else is.
func TestExecHelp(t *testing.T) {
	used := map[string]bool{}
	for _, g := range slices.Concat(ExecGrammars(), UserGrammars()) {
		tree, err := ebnf.ParseString(g.EBNF)
		if err != nil {
			t.Fatal(err)
		}
		var walk func(e *ebnf.Expression)
		walk = func(e *ebnf.Expression) {
			for _, alt := range e.Alternatives {
				for _, term := range alt.Terms {
					if term.Literal != "" {
						used[strings.Trim(term.Literal, `"`)] = true
					}
					if term.Group != nil {
						walk(term.Group.Expr)
					}
				}
			}
		}
		for _, p := range tree.Productions {
			walk(p.Expression)
		}
	}
	for w := range used {
		if execHelpTexts[w] == "" {
			t.Errorf("%s is not explained", w)
		}
	}
	for w := range execHelpTexts {
		if !used[w] {
			t.Errorf("%s is explained, and no keyword", w)
		}
	}
}

func FuzzParseExec(f *testing.F) {
	for _, line := range []string{"show xlate debug local 1.2.3.4-1.2.3.9", "packet-tracer input outside icmp 1.2.3.4 8 0 5.6.7.8", "clear xlate (a,b)"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cmd, diags := ParseExec(line, Scope{})
		if (cmd == nil) != diags.HasErrors() {
			t.Errorf("%q: %v, %v", line, cmd, diags)
		}
	})
}
