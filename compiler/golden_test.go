package compiler

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/parser"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compiles the configuration of each testdata/*.txtar and compares the plan and the diagnostics. A file may
// name its configuration by a path instead of holding it (`-- source --`), so that the note stays in one place.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := func(name string) []byte {
				for _, f := range ar.Files {
					if f.Name == name {
						return f.Data
					}
				}
				return nil
			}
			text := part("pix.cfg")
			if path := strings.TrimSpace(string(part("source"))); path != "" {
				if text, err = os.ReadFile(path); err != nil {
					t.Skipf("the reference material is not there: %v", err)
				}
			}
			cfg, _, diags := parser.Load("pix.cfg", text)
			plan, more := Compile(cfg)
			diags = append(diags, more...)
			diags = append(diags, Lint(cfg, plan)...)
			diags.Sort()
			var shown bytes.Buffer
			for _, d := range diags {
				if err := d.Print(&shown, false); err != nil {
					t.Fatal(err)
				}
			}
			got := map[string][]byte{"plan": []byte(dump(plan)), "diagnostics": shown.Bytes()}
			for i, f := range ar.Files {
				want, ok := got[f.Name]
				if !ok {
					continue
				}
				if *update {
					ar.Files[i].Data = want
				} else if !bytes.Equal(f.Data, want) {
					t.Errorf("%s differs (rewrite with -update):\n%s", f.Name, firstDifference(f.Data, want))
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func firstDifference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return "want " + a + "\ngot  " + b
		}
	}
	return ""
}

// load is the whole way from text to findings.
func load(t *testing.T, text string) (*Plan, ast.Diagnostics) {
	t.Helper()
	cfg, _, diags := parser.Load("test.cfg", []byte(text))
	plan, more := Compile(cfg)
	diags = append(diags, more...)
	diags = append(diags, Lint(cfg, plan)...)
	diags.Sort()
	return plan, diags
}

// TestCodes holds the documentation to its word: the example of each code has that finding, that of a lint rule no other, and
// no finding of an example is without documentation.
func TestCodes(t *testing.T) {
	for _, code := range ast.Codes() {
		if !strings.HasPrefix(code.ID, "E2") && !strings.HasPrefix(code.ID, "E3") && !strings.HasPrefix(code.ID, "W4") {
			continue
		}
		if code.Example == "" {
			continue // a refusal without a code of its own; nothing known causes it
		}
		t.Run(code.ID, func(t *testing.T) {
			if code.Title == "" || code.Text == "" || code.Remedy == "" {
				t.Error("title, text or remedy is missing")
			}
			_, diags := load(t, code.Example)
			found := false
			for _, d := range diags {
				found = found || d.Code == code.ID
				if _, ok := ast.FindCode(d.Code); !ok {
					t.Errorf("%s is not documented", d.Code)
				}
				if strings.HasPrefix(code.ID, "W4") && d.Code != code.ID {
					t.Errorf("the example has another finding, too: %v", d)
				}
				if strings.HasPrefix(d.Code, "E1") {
					t.Errorf("the example has a syntax error: %v", d)
				}
				if d.Hint == "" && strings.HasPrefix(d.Code, "W4") {
					t.Errorf("%s has no hint: %v", d.Code, d)
				}
				if !d.Pos.IsValid() {
					t.Errorf("%s has no place: %v", d.Code, d)
				}
			}
			if !found {
				t.Errorf("the example does not cause it; findings: %v", diags)
			}
		})
	}
}
