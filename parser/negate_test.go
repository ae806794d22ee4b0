package parser

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// placed is a printed line with what it stands in: the scope that reads it again.
type placed struct {
	text  string
	scope Scope
}

// printedLines are the lines of a configuration as it prints, each with its scope.
func printedLines(cfg *ast.Config) []placed {
	var out []placed
	pr := cfg.Printer()
	base := ScopeOf(cfg)
	for cmd := range cfg.Commands() {
		at := placed{text: pr.Text(cmd), scope: base}
		switch c := cmd.(type) {
		case ast.GroupMember:
			if g := cfg.ObjectGroup(c.InGroup()); g != nil {
				at.scope.Group = Group{g.ID, g.Type, g.Proto}
			}
		case ast.ModeLine:
			at.scope.Mode = c.InMode()
		}
		out = append(out, at)
	}
	return out
}

// count is how many lines of a configuration are the line.
func (l placed) count(cfg *ast.Config) (n int) {
	for _, m := range printedLines(cfg) {
		if m.text == l.text && m.scope.Group == l.scope.Group && m.scope.Mode == l.scope.Mode {
			n++
		}
	}
	return n
}

// negation is the line that takes l away.
func (l placed) negation() string {
	if rest, off := strings.CutPrefix(l.text, "no "); off {
		return rest
	}
	return "no " + l.text
}

// stays are the printed lines that no `no` takes away, each with the reason.
var stays = []struct {
	line *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`^interface \S+ (auto|10\S+|aui|bnc|4mbps|16mbps)`), "a port is hardware: `no interface` takes VLANs away (commands-firewall.md section 5.1)"},
	{regexp.MustCompile(`^no (snmp-server (contact|location)|failover ip address \S+|ip address \S+)$`), "what is not set is set by a value"},
	{regexp.MustCompile(`^nameif \S+ (outside security0|inside security100)$|^nameif \S+ intf\d security\d+$`), "the name that a port comes with"},
	{regexp.MustCompile(`^(mtu \S+ 1500|arp timeout 14400|hostname pixfirewall|passwd ` + regexp.QuoteMeta(ast.CiscoHash) + ` encrypted|` +
		`enable password ` + ast.EmptyHash + ` encrypted|ip audit (info|attack) action alarm|failover (timeout 0:00:00|poll 15)|` +
		`snmp-server community public|(telnet|ssh) timeout 5|console timeout 0|terminal width 80|pager lines 24)$`), "the setting is what the box comes with"},
	{regexp.MustCompile(`^aaa-server (TACACS\+ protocol tacacs\+|RADIUS protocol radius|LOCAL protocol local|(TACACS\+|RADIUS) (max-failed-attempts 3|deadtime 10))$`),
		"these groups always exist (commands-vpn-aaa-show.md section 1.9)"},
	{regexp.MustCompile(`^isakmp policy \d+ (authentication rsa-sig|encryption des|hash sha|group 1|lifetime 86400)$`), "an attribute goes back to its default; `no isakmp policy N` takes the policy away"},
	{regexp.MustCompile(`^timeout `), "a timer goes back to its default"},
}

// goes wants the negation of a line of cfg to be taken, and the line to be gone then. It returns the reason why not, where
// there is one.
func (l placed) goes(t *testing.T, file string, cfg *ast.Config) (why string) {
	t.Helper()
	for _, s := range stays {
		if s.line.MatchString(l.text) {
			why = s.why
		}
	}
	stmt, diags := ParseStatement(l.negation(), l.scope)
	if stmt.Cmd == nil || diags.HasErrors() {
		if why == "" {
			t.Errorf("%s: %s: %v", file, l.negation(), diags)
		}
		return why
	}
	next := cfg.Clone()
	switch err := next.Do(stmt); {
	case err == nil:
	case why != "":
		return why
	default:
		var r *ast.Refusal
		if errors.As(err, &r) {
			switch r.Code { // what is in use stays; so does the last entry of a list in use, which would go with it
			case "E305", "E322", "E333":
				return "in use"
			case "E341":
				return "another port has the name that this one comes with"
			}
		}
		t.Errorf("%s: %s: %v", file, l.negation(), err)
		return ""
	}
	switch was, is := l.count(cfg), l.count(next); {
	case is < was:
		return ""
	case why == "":
		t.Errorf("%s: %s leaves %s", file, l.negation(), l.text)
	case strings.HasPrefix(l.text, "timeout "):
		// Each timer of the line goes back: a second time nothing changes.
		if again := next.Clone(); again.Do(stmt) != nil || again.String() != next.String() {
			t.Errorf("%s: %s twice is not the same as once", file, l.negation())
		}
	}
	return why
}

// positive is the lines of testdata/reference.txt and the examples of the table that are no negations, members in their groups.
func positive(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch first, _, _ := strings.Cut(strings.TrimSpace(line), " "); first {
		case "no", "clear", "!", "?", "#":
		default:
			lines = append(lines, line)
		}
	}
	for _, c := range Commands() {
		if !memberWords[c.Keyword] && !modeWords[c.Keyword] { // these have their lines in reference.txt
			lines = append(lines, c.Example...)
		}
	}
	return lines
}

// TestNegation: each line of the reference and each example, in a configuration with all the others, goes by the same line with
// no before it; so does each line that the collected configurations print. What stays has a reason.
func TestNegation(t *testing.T) {
	lines := positive(t)
	base, _, _ := Load("reference", []byte(strings.Join(lines, "\n")))
	scope := ScopeOf(base)
	stayed, tried := map[string]bool{}, 0
	for _, line := range lines {
		stmt, _ := ParseStatement(strings.TrimSpace(line), scope)
		if stmt.Cmd == nil {
			continue
		}
		cfg := base.Clone()
		err := cfg.Do(stmt)
		var r *ast.Refusal
		if errors.As(err, &r) && !r.NoEffect(stmt) { // it could not stand beside the others
			scope.Learn(stmt)
			continue
		}
		at := ScopeOf(cfg)
		scope.Learn(stmt)
		at.Group, at.Mode = scope.Group, scope.Mode
		if _, opens := stmt.Cmd.(*ast.ObjectGroup); opens {
			at.Group = Group{}
		}
		if _, opens := stmt.Cmd.(ast.Mode); opens {
			at.Mode = ""
		}
		l := placed{stmt.TextBy(cfg.Printer()), at} // a `no` that is stored prints as one
		if l.count(cfg) == 0 {                      // said by other lines, or what goes without saying: then its negation is taken all the same
			if neg, diags := ParseStatement(l.negation(), at); neg.Cmd == nil || diags.HasErrors() {
				t.Errorf("%s: %v", l.negation(), diags)
			}
			continue
		}
		tried++
		stayed[l.goes(t, "reference", cfg)] = true
	}
	for _, s := range stays {
		if !stayed[s.why] && !strings.HasPrefix(s.why, "the name that a port") {
			t.Errorf("no line stays because: %s", s.why)
		}
	}
	if tried < 450 {
		t.Errorf("only %d lines were tried", tried)
	}
}

// TestNegationCorpus is TestNegation for what the collected configurations print.
func TestNegationCorpus(t *testing.T) {
	tried := 0
	for _, path := range corpus(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		cfg, _, _ := Load(name, text)
		all := printedLines(cfg)
		if len(all) > 1000 { // one of each form that a line has there, and some more
			forms := map[string]bool{}
			n := 0
			all = slices.DeleteFunc(all, func(l placed) bool {
				n++
				form := strings.Map(func(r rune) rune {
					if r >= '0' && r <= '9' {
						return -1
					}
					return r
				}, l.text)
				w := strings.Fields(form)
				form = strings.Join(w[:min(len(w), 2)], " ") + strings.Repeat(" x", len(w))
				seen := forms[form]
				forms[form] = true
				return seen && n%97 != 0
			})
		}
		for _, l := range all {
			tried++
			l.goes(t, name, cfg)
		}
	}
	if tried < 1500 {
		t.Errorf("only %d lines were tried", tried)
	}
}

// TestClear: clear of a command takes all of its lines away, but for what the box comes with and what is in use.
func TestClear(t *testing.T) {
	base, _, _ := Load("reference", []byte(strings.Join(positive(t), "\n")))
	base.Release = ast.DefaultRelease
	factory := ast.Factory().Lines(&ast.Printer{})
	for _, c := range Commands() {
		if modeWords[c.Keyword] || memberWords[c.Keyword] {
			continue
		}
		words := []string{c.Keyword}
		switch c.Keyword {
		case "interface", "logging": // clear of these is of counters and of the buffer
			words = nil
		case "crypto ipsec":
			words = []string{"crypto ipsec transform-set"}
		case "ip local":
			words = []string{"ip local pool"}
		}
		for _, w := range words {
			stmt, diags := ParseStatement("clear "+w, ScopeOf(base))
			if stmt.Cmd == nil || diags.HasErrors() {
				t.Errorf("clear %s: %v", w, diags)
				continue
			}
			next := base.Clone()
			err := next.Do(stmt)
			var r *ast.Refusal
			if errors.As(err, &r) && (r.Code == "E305" || r.Code == "E333") {
				if next.String() != base.String() {
					t.Errorf("clear %s was refused and changed something", w)
				}
				continue
			}
			if err != nil {
				t.Errorf("clear %s: %v", w, err)
				continue
			}
			for _, l := range printedLines(next) {
				rest := strings.TrimPrefix(l.text, "no ")
				if rest != w && !strings.HasPrefix(rest, w+" ") || slices.Contains(factory, l.text) {
					continue
				}
				switch {
				case w == "names" && l.text == "no names":
				case w == "nameif": // every port has its own again
				case w == "ip address" && strings.HasPrefix(l.text, "no "), w == "mtu" && strings.HasSuffix(l.text, " 1500"):
				case (w == "telnet" || w == "ssh" || w == "arp") && strings.HasPrefix(rest, w+" timeout "): // clear leaves it
				case w == "failover" && strings.HasPrefix(l.text, "no failover ip address "):
				default:
					t.Errorf("clear %s leaves %s", w, l.text)
				}
			}
		}
	}
}
