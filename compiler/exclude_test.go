package compiler

import (
	"strings"
	"testing"

	"pixfw/parser"
)

// Lines that exclude each other are refused whichever comes first, and either alone is taken.
func TestExclude(t *testing.T) {
	const base = "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nip address outside 203.0.113.1 255.255.255.0\n" +
		"aaa-server TAC protocol tacacs+\naaa-server TAC (inside) host 10.0.0.9 key\naccess-list who permit tcp any any eq telnet\n"
	include := "aaa authentication include http outside 0 0 0 0 TAC\n"
	match := "aaa authentication match who outside TAC\n"
	for _, x := range []struct{ lines, code string }{
		{"isakmp enable outside\nfixup protocol esp-ike\n", "E310"},
		{"fixup protocol esp-ike\nisakmp enable outside\n", "E310"},
		{"fixup protocol esp-ike\n", ""},
		{"isakmp enable outside\nno fixup protocol esp-ike\n", ""},
		{include + match, "E311"},
		{match + include, "E311"},
		{include, ""},
		{match, ""},
		{match + "aaa authentication include http inside 0 0 0 0 TAC\n", ""},
		{match + "aaa accounting include http outside 0 0 0 0 TAC\n", ""},
	} {
		cfg, _, diags := parser.Load("pix.cfg", []byte(base+x.lines))
		_, more := Compile(cfg)
		var codes []string
		for _, d := range append(diags, more...) {
			if d.Code == "E310" || d.Code == "E311" {
				codes = append(codes, d.Code)
			} else if err := append(diags[:0:0], d).Err(); err != nil {
				t.Errorf("%q: %v", x.lines, err)
			}
		}
		if got := strings.Join(codes, " "); got != x.code {
			t.Errorf("%q: %q, want %q", x.lines, got, x.code)
		}
	}
}
