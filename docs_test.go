package pixfw

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pixfw/ast"
)

var update = flag.Bool("update", false, "rewrite the generated documents and golden files")

// TestDocsDiagnostics keeps docs/DIAGNOSTICS.md equal to the table of codes.
func TestDocsDiagnostics(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\nGenerated from the table of codes (`make docs`). `pixfw explain CODE` prints the same.\n\n" +
		"E1xx syntax, E2xx references, E3xx what a PIX refuses, W4xx lint, W5xx what an engine or a translation does otherwise than a\nPIX.\n")
	seen := map[string]bool{}
	for _, c := range ast.Codes() {
		if seen[c.ID] {
			t.Errorf("code %s is documented twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Text == "" || c.Remedy == "" {
			t.Errorf("code %s lacks title, text or remedy", c.ID)
		}
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n", c.ID, c.Title, c.Text)
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.TrimRight(c.Example, "\n"))
		}
		fmt.Fprintf(&b, "\n%s\n", c.Remedy)
	}
	golden(t, "docs/DIAGNOSTICS.md", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (make docs writes it)", err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date: run make docs and read what changed", file)
	}
}
