package parser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"pixfw/ast"
)

// TestReference reads each usage line and each example of the two command references (commands-firewall.md section 5,
// commands-vpn-aaa-show.md section 1), which stand in testdata/reference.txt, and holds the canonical text against
// testdata/reference.golden. What is printed reads the same, and the automaton behind `?` accepts it. Lines with ! are actions:
// no configuration holds them, and a file with them is told so. Lines with ? are later syntax, and named as such.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	scope := Scope{Names: map[string]ast.IP{}, Groups: map[string]string{"A": ast.GroupNetwork, "B": ast.GroupNetwork,
		"S": ast.GroupService, "protos": ast.GroupProtocol, "ping": ast.GroupICMP}}
	set := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			b.WriteString(line + "\n")
			continue
		case strings.HasPrefix(line, "! "):
			action(t, &b, line[2:])
			continue
		case strings.HasPrefix(line, "? "):
			laterSyntax(t, &b, line[2:])
			continue
		}
		typed := strings.TrimSpace(line)
		stmt, diags := ParseStatement(typed, scope)
		if stmt.Cmd == nil || diags.HasErrors() {
			t.Errorf("%s: %v", typed, diags)
			continue
		}
		if !automaton().Accepts(wordsOf(typed)) {
			t.Errorf("%s: the automaton does not take it", typed)
		}
		canonical := stmt.Text()
		again, diags := ParseStatement(canonical, scope)
		if again.Cmd == nil || again.Text() != canonical || again.Verb != stmt.Verb && !strings.HasPrefix(canonical, "no ") {
			t.Errorf("%s: prints as %q, which reads as %v %v", typed, canonical, again, diags)
		}
		if stmt.Verb == ast.Set {
			set[stmt.Cmd.Family()] = true
		}
		scope.Learn(stmt)
		switch {
		case len(diags) > 0:
			fmt.Fprintf(&b, "%s\n\t%s %s\n", typed, diags[0].Code, canonical)
		case canonical == typed:
			b.WriteString(typed + "\n")
		default:
			fmt.Fprintf(&b, "%s\n\t%s\n", typed, canonical)
		}
	}
	golden(t, "testdata/reference.golden", b.String())
	// Every command of the table has a line here.
	for _, c := range Commands() {
		if !strings.Contains(string(text), "\n"+c.Keyword) && !strings.Contains(string(text), "\n "+c.Keyword) {
			t.Errorf("no line for %s", c.Keyword)
		}
	}
}

// action wants a line that is no configuration to be told from one that is not understood.
func action(t *testing.T, b *strings.Builder, line string) {
	t.Helper()
	f := Parse("f", []byte("names\n"+line+"\nnames\n"))
	l := &f.Lines[1]
	said := "nothing"
	if len(f.Diags) > 0 {
		said = f.Diags[0].Code + " " + f.Diags[0].Severity.String()
	}
	if f.Diags.HasErrors() {
		t.Errorf("%s: %v", line, f.Diags)
	}
	fmt.Fprintf(b, "! %s\n\t%v, %s\n", line, l.Kind, said)
}

// laterSyntax wants a line of a later release to be said to be one.
func laterSyntax(t *testing.T, b *strings.Builder, line string) {
	t.Helper()
	f := Parse("f", []byte("names\n"+line+"\nnames\n"))
	if f.Lines[1].Kind != Bad || len(f.Diags) == 0 || f.Diags[0].Kind != ast.ASASyntax {
		t.Errorf("%s: %v, %v", line, f.Lines[1].Kind, f.Diags)
		return
	}
	fmt.Fprintf(b, "? %s\n\t%s %s\n", line, f.Diags[0].Code, f.Diags[0].Message)
}
