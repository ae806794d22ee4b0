package parser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pixfw/ast"
)

// TestBadInput: what is wrong with a line is said at its place, in words, with a way out where one is likely; and a machine is
// told the same.
func TestBadInput(t *testing.T) {
	chain := ""
	for i := range 40 {
		chain += fmt.Sprintf("object-group network g%d\n network-object host 10.0.0.%d\n", i, i+1)
		if i > 0 {
			chain += fmt.Sprintf(" group-object g%d\n", i-1)
		}
	}
	for _, tc := range []struct {
		name, text string
		at         string // line:column-end of the finding
		severity   ast.Severity
		says       []string // its message, hint or suggestion
	}{
		{"mask with holes", "route outside 10.0.0.0 255.0.255.0 192.0.2.1\n", "1:24-35", ast.Error, []string{"bad mask 255.0.255.0", "ones and zeros are mixed"}},
		{"wildcard mask", "ip address inside 10.1.1.1 0.0.0.255\n", "1:28-37", ast.Error, []string{"wildcard mask", "255.255.255.0"}},
		{"host bits", "access-list 1 permit ip 10.1.1.1 255.255.255.0 any\n", "1:25-33", ast.Warning, []string{"bits outside the mask", "ignored", "10.1.1.0 255.255.255.0"}},
		{"wildcard mask in an entry", "access-list 1 permit ip 10.1.1.0 0.0.0.255 any\n", "1:25-33", ast.Warning, []string{"ignored", "wildcard mask", "10.1.1.0 255.255.255.0"}},
		{"reversed ports", "access-list 1 permit tcp any range 20 10 any\n", "1:39-41", ast.Error, []string{"ends before it begins"}},
		{"reversed addresses", "global (outside) 1 192.0.2.20-192.0.2.10\n", "1:20-41", ast.Error, []string{"ends before it begins", "192.0.2.10-192.0.2.20"}},
		{"number", "mtu outside 70000\n", "1:13-18", ast.Error, []string{"70000 is out of range", "64-65535"}},
		{"port", "access-list 1 permit tcp any any eq 70000\n", "1:37-42", ast.Error, []string{"port 70000 is out of range", "0-65535"}},
		{"unknown literal", "access-list 1 permit tcp any any eq telnt\n", "1:37-42", ast.Error, []string{"unknown port", "telnet"}},
		{"literal of the other protocol", "access-list 1 permit tcp any any eq tftp\n", "1:37-41", ast.Error, []string{"for UDP only", "69"}},
		{"unknown keyword", "crypto map m 10 set peeer 192.0.2.1\n", "1:21-26", ast.Error, []string{"unexpected word", "peer"}},
		{"unknown command", "acces-list 1 permit ip any any\n", "1:1-11", ast.Error, []string{"unknown command", "access-list"}},
		{"missing argument", "route outside 0 0\n", "1:18-19", ast.Error, []string{"no gateway", "route IF IP MASK GATEWAY"}},
		{"too much", "hostname a b\n", "1:12-13", ast.Error, []string{"after a complete command"}},
		{"address", "ip address inside 300.1.1.1\n", "1:19-28", ast.Error, []string{"bad address", "0 to 255"}},
		{"cycle", "object-group network a\n network-object host 10.0.0.1\nobject-group network b\n group-object a\nobject-group network a\n group-object b\n", "6:2-16", ast.Error, []string{"hold itself"}},
		{"nesting", chain, "101:2-18", ast.Error, []string{"nested too deeply"}},
	} {
		_, _, diags := Load("pix.cfg", []byte(tc.text))
		if len(diags) == 0 {
			t.Errorf("%s: nothing is said", tc.name)
			continue
		}
		d := diags[0]
		if got := fmt.Sprintf("%d:%d-%d", d.Pos.Line, d.Pos.Col, d.End.Col); got != tc.at || d.Severity != tc.severity {
			t.Errorf("%s: %v at %s, want %v at %s", tc.name, d.Severity, got, tc.severity, tc.at)
		}
		var b strings.Builder
		if err := d.Print(&b, false); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		lines := strings.Split(text, "\n")
		if !strings.HasPrefix(text, fmt.Sprintf("pix.cfg:%d:%d: ", d.Pos.Line, d.Pos.Col)) || len(lines) < 3 || !strings.Contains(lines[2], "^") {
			t.Errorf("%s: no place or no caret:\n%s", tc.name, text)
		}
		for _, s := range tc.says {
			if !strings.Contains(text, s) {
				t.Errorf("%s: %q is not said:\n%s", tc.name, s, text)
			}
		}
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var machine struct {
			Kind, Severity, Message, Hint, Suggestion string
			Line, Column, EndColumn                   int32
		}
		if err := json.Unmarshal(raw, &machine); err != nil {
			t.Fatal(err)
		}
		if machine.Line != d.Pos.Line || machine.Column != d.Pos.Col || machine.EndColumn != d.End.Col ||
			machine.Message != d.Message || machine.Hint != d.Hint || machine.Suggestion != d.Suggestion || machine.Kind != string(d.Kind) {
			t.Errorf("%s: a machine is told %s", tc.name, raw)
		}
	}
}
