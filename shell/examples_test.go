package shell

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/shell/scenario"
)

// TestExamples runs everything that stands in examples: configurations load without errors, scenarios pass, and a console
// session prints what its file says.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case strings.HasSuffix(file, ".cfg"):
				checkExample(t, file, text)
			case strings.HasSuffix(file, ".txtar"):
				runExample(t, file, text)
			case strings.HasSuffix(file, "console.txt"):
				typeExample(t, file, string(text))
			case !strings.HasSuffix(file, ".md"):
				usedByScript(t, file)
			}
		})
	}
}

// usedByScript is for files that a client needs: a script of the program runs connect.sh of the folder, which names the others.
func usedByScript(t *testing.T, file string) {
	dir, name := filepath.Split(file)
	by := filepath.Join(dir, "connect.sh")
	if name == "connect.sh" {
		by, name = "../cmd/pixfw/testdata/script/vpn.txtar", filepath.Base(dir)+"/connect.sh"
	}
	if text, err := os.ReadFile(by); err != nil || !strings.Contains(string(text), name) {
		t.Errorf("no test knows what to do with %s: %s does not name it (%v)", file, by, err)
	}
}

func checkExample(t *testing.T, file string, text []byte) {
	if r := Check(file, text, nil); r.Diagnostics.HasErrors() {
		t.Error(r.Diagnostics.Err())
	}
	cfg, _, _ := parser.Load(file, text)
	got, _, found := strings.Cut(cfg.String(), "Cryptochecksum:")
	want, _, _ := strings.Cut(string(text), "Cryptochecksum:")
	if want = strings.TrimSuffix(want, ": end\n"); !found || got != want {
		t.Errorf("does not print as it is written (-file +printed):\n%s", cmp.Diff(want, got))
	}
}

func runExample(t *testing.T, file string, text []byte) {
	a, err := scenario.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	results := a.Run(scenario.Options{NewBox: func(config []byte) (scenario.Box, error) { return NewBox(file, config, nil) }})
	if passed, failed, _ := scenario.Counts(results); failed > 0 || passed == 0 {
		var b strings.Builder
		scenario.Print(&b, results)
		t.Error(b.String())
	}
}

// prompted is a line of a session that a person has typed at a prompt.
var prompted = regexp.MustCompile(`^([a-z]+(?:\([a-z-]+\))?[>#] ?|Password: ?)(.*)$`)

// typeExample types what stands behind the prompts of the file, and compares the whole. The first line names the
// configuration.
func typeExample(t *testing.T, file, text string) {
	head, body, _ := strings.Cut(text, "\n")
	name := strings.Fields(head)[len(strings.Fields(head))-1]
	config, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
	if err != nil {
		t.Fatalf("the first line ends with the name of a configuration: %v", err)
	}
	s, _, err := New(Options{Name: name, Text: config,
		Clock: runtime.NewVirtualClock(time.Date(2004, 7, 27, 15, 17, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Engine().Close()
	var b strings.Builder
	b.WriteString(head + "\n")
	typed := 0
	for line := range strings.Lines(body) {
		m := prompted.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		typed++
		b.WriteString(strings.TrimRight(s.Prompt()+m[2], " ") + "\n")
		out, more := s.Line(m[2])
		b.WriteString(out)
		if !more {
			break
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if typed == 0 {
		t.Fatal("nothing is typed in the session")
	}
	if d := cmp.Diff(text, b.String()); d != "" {
		t.Errorf("-file +session:\n%s", d)
	}
}
