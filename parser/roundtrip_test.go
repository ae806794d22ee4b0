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
	if len(defaults) != len(Commands()) {
		t.Errorf("%d defaults for %d commands", len(defaults), len(Commands()))
	}
	for _, c := range Commands() {
		if c.Help == "" || len(c.Syntax) == 0 || len(c.Example) == 0 {
			t.Errorf("%s lacks help, syntax or example", c.Keyword)
		}
		if len(c.Verbs) < 2 || c.Verbs[1] != ast.No {
			t.Errorf("%s has no form with no", c.Keyword)
		}
		if _, ok := defaults[c.Keyword]; !ok || c.Default == "" && !printsAtFactory(c.Keyword) {
			t.Errorf("nothing says what holds without %s", c.Keyword)
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

// printsAtFactory reports whether a box prints lines of the command as it comes.
func printsAtFactory(keyword string) bool {
	return slices.ContainsFunc(ast.Factory().Lines(&ast.Printer{}), func(l string) bool {
		return strings.HasPrefix(strings.TrimPrefix(l, "no "), keyword)
	})
}

// olderWords are words of grammars that the syntax does not name: those of releases before 6.3, and what goes without saying.
var olderWords = map[string][]string{
	"floodguard": {"0", "1"}, "fixup": {"domain", "53"}, "passwd": {"password"}, "sysopt": {"route", "dnat", "security", "fragguard"},
	"isakmp": {"crypto"}, "aaa": {"any", "ftp", "http", "telnet", "except"},
}

// TestSyntaxLines: the usage lines of a command have every keyword of its grammar, and no other words.
func TestSyntaxLines(t *testing.T) {
	literal := regexp.MustCompile(`"([^"]*)"`)
	lower := regexp.MustCompile(`[a-z0-9+][a-z0-9_.+-]*[a-z0-9+]|[a-z0-9]`)
	values := regexp.MustCompile(`\b[A-Z][A-Z_0-9]+\b`)
	for _, c := range Commands() {
		grammar := map[string]bool{}
		for _, e := range c.EBNF {
			for _, m := range literal.FindAllStringSubmatch(e, -1) {
				grammar[strings.ToLower(m[1])] = true
			}
		}
		syntax := map[string]bool{}
		for _, u := range c.Syntax {
			for _, w := range values.FindAllString(u, -1) { // LOCAL, TCP
				syntax[strings.ToLower(w)] = true
			}
			for _, w := range lower.FindAllString(values.ReplaceAllString(u, " "), -1) {
				if !grammar[w] && !isLeafWord(w) {
					t.Errorf("%s: the syntax has %q, the grammar has not", c.Keyword, w)
				}
				syntax[w] = true
			}
		}
		for w := range grammar {
			if !syntax[w] && w != "no" && !strings.Contains("(),", w) && !slices.Contains(olderWords[c.Keyword], w) {
				t.Errorf("%s: the grammar has %q, the syntax has not", c.Keyword, w)
			}
		}
	}
}

// isLeafWord reports whether a word of a usage line is a value that a leaf takes: tcp, http, 0, vlan of vlanN.
func isLeafWord(w string) bool {
	return slices.Contains([]string{"vlan", "security", "0", "1", "2", "http", "tcp", "udp", "icmp", "permit", "deny", "log", "disable", "default", "interval",
		"interface", "host", "any", "object-group", "eq", "neq", "lt", "gt", "range"}, w)
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
