package parser

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

func seed(t testing.TB) []byte {
	t.Helper()
	for _, name := range []string{"../examples/vpnclient-xauth/pix.cfg", "../../shared/seed/pixfirewall.cfg"} {
		if text, err := os.ReadFile(name); err == nil {
			return text
		}
	}
	t.Skip("no example configuration beside the repository")
	return nil
}

// TestLoadNote: the configuration of the note has no errors, and prints as it was read, line for line.
func TestLoadNote(t *testing.T) {
	text := seed(t)
	cfg, f, diags := Load("pix.cfg", text)
	for _, d := range diags {
		t.Error(d)
	}
	want := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	got := strings.Split(strings.TrimRight(cfg.String(), "\n"), "\n")
	for i := range max(len(want), len(got)) {
		g, w := "", ""
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = strings.TrimRight(want[i], " ")
		}
		if g != w {
			t.Errorf("line %d prints as %q\nwant %q", i+1, g, w)
		}
	}
	if len(want) != 98 || len(f.Lines) != 98 {
		t.Errorf("%d lines in the file, %d read, want 98", len(want), len(f.Lines))
	}
	n := map[LineKind]int{}
	for _, l := range f.Lines {
		n[l.Kind]++
	}
	if n[Command] != 93 || n[Frame] != 5 {
		t.Errorf("kinds of lines: %v, want 93 commands and 5 of the frame", n)
	}
}

// goesWithoutSaying are examples that a running configuration does not print: actions.
var goesWithoutSaying = map[string]bool{"shun 198.51.100.9": true, "shun 198.51.100.9 192.0.2.80 1234 80 tcp": true}

// TestTable: every command has all that the table promises, and its examples print as they stand.
func TestTable(t *testing.T) {
	for _, c := range Commands() {
		if c.Help == "" || len(c.Syntax) == 0 || len(c.Example) == 0 {
			t.Errorf("%s lacks help, syntax or example", c.Keyword)
		}
		for _, e := range c.Example {
			s, diags := ParseStatement(e, Scope{})
			if s.Cmd == nil || len(diags) > 0 {
				t.Errorf("%s: %v", e, diags)
				continue
			}
			if got := s.Text(); got != e {
				t.Errorf("%q prints as %q", e, got)
			}
			// It has a rule: it is kept as it prints, or is refused for what it needs (a list, a group, a mode, a server).
			cfg := ast.NewConfig("")
			var refusal *ast.Refusal
			switch err := cfg.Do(s); {
			case errors.As(err, &refusal):
			case err != nil:
				t.Errorf("%s: %v", e, err)
			case s.Verb == ast.No && !strings.Contains(strings.Join(cfg.Lines(&ast.Printer{}), "\n"), e) && !strings.HasPrefix(e, "no fixup"),
				s.Verb == ast.Set && !slices.Contains(cfg.Lines(&ast.Printer{}), e) && !goesWithoutSaying[e]:
				t.Errorf("%q is kept as %q", e, cfg.Lines(&ast.Printer{}))
			}
			if !automaton().Accepts(wordsOf(e)) {
				t.Errorf("the automaton does not accept %q", e)
			}
		}
	}
}

func wordsOf(line string) []string {
	var out []string
	for _, tok := range lexLine(line, nil) {
		if !tok.EOF() {
			out = append(out, tok.Value)
		}
	}
	return out
}

// TestGrammars: the automaton can be made, and no production has two meanings.
func TestGrammars(t *testing.T) {
	if _, err := syntax.New(Grammars(), Classes()); err != nil {
		t.Fatal(err)
	}
	keyword := regexp.MustCompile(`"([^"]+)"`)
	for _, g := range Grammars() {
		for _, m := range keyword.FindAllStringSubmatch(g.EBNF, -1) {
			if g.Help[m[1]] == "" && !strings.Contains("(),", m[1]) {
				t.Errorf("no help for %q in %.60s", m[1], g.EBNF)
			}
		}
	}
	if _, ok := Classes()["ipAddr"]; !ok {
		t.Error("no class for an address")
	}
}
