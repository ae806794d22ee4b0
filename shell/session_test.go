package shell

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testStart is where the clock of every test stands.
var testStart = time.Date(2003, time.July, 4, 12, 54, 16, 272e6, time.UTC)

// The configuration of the note, as it stands in the examples.
const exampleConfig = "../examples/vpnclient-xauth/pix.cfg"

func readExample(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newSession(t testing.TB, text []byte, start Mode) (*Session, *runtime.VirtualClock) {
	t.Helper()
	clock := runtime.NewVirtualClock(testStart)
	s, diags, err := New(Options{Clock: clock, Name: "pix.cfg", Text: text, Start: start})
	if err != nil {
		t.Fatalf("New: %v\n%v", err, diags)
	}
	return s, clock
}

// TestSessions types the input of each testdata/session archive and compares what stands on the screen. An archive has the
// files input and screen, and may have pix.cfg; without one the session is on the configuration of the note. The line
// `sleep D` moves the clock.
func TestSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/session/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := readExample(t)
			var input string
			screen := -1
			for i, f := range a.Files {
				switch f.Name {
				case "pix.cfg":
					text = f.Data
				case "input":
					input = string(f.Data)
				case "screen":
					screen = i
				}
			}
			clock := runtime.NewVirtualClock(testStart)
			var record strings.Builder
			s, diags, err := New(Options{Clock: clock, Name: "pix.cfg", Text: text, Record: &record})
			if err != nil {
				t.Fatal(err)
			}
			record.WriteString(BootErrors(diags) + s.Welcome())
			more := true
			for line := range strings.Lines(input) {
				line = strings.TrimSuffix(line, "\n")
				if d, ok := strings.CutPrefix(line, "sleep "); ok {
					wait, err := time.ParseDuration(d)
					if err != nil {
						t.Fatal(err)
					}
					clock.Advance(wait)
					continue
				}
				if _, more = s.Line(line); !more {
					break
				}
			}
			if more {
				record.WriteString(s.Prompt() + "\n")
			}
			got := record.String()
			if *update {
				if screen < 0 {
					a.Files = append(a.Files, txtar.File{Name: "screen"})
					screen = len(a.Files) - 1
				}
				a.Files[screen].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if screen < 0 {
				t.Fatal("no screen: run with -update")
			}
			if d := cmp.Diff(string(a.Files[screen].Data), got); d != "" {
				t.Errorf("screen differs (-want +got):\n%s", d)
			}
		})
	}
}

// servingEngine is an emulator that says of lines what a real engine might.
type servingEngine struct {
	*emulator.Engine
	found ast.Diagnostics
}

func (e *servingEngine) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	_, err := e.Engine.Apply(plan)
	return e.found, err
}

// What the engine does not do of a line is said where the line is typed: once, and no more of the others.
func TestUnservedLine(t *testing.T) {
	old := &ast.Diagnostic{Code: "W508", Severity: ast.Info, Message: "done by a helper", Source: "fixup protocol ftp 21"}
	e := &servingEngine{emulator.New(runtime.WallClock{}), ast.Diagnostics{old}}
	s, diags, err := New(Options{Engine: e, Text: readExample(t), Start: Config})
	if err != nil || !slices.Contains(diags, old) {
		t.Fatal(diags, err)
	}
	if out, _ := s.Line("hostname a"); out != "" {
		t.Errorf("what was said at boot is said again: %q", out)
	}
	added := &ast.Diagnostic{Code: "W505", Severity: ast.Warning, Message: "this static is not loaded", Source: "static (inside,outside) tcp 192.168.1.12 80 access-list x"}
	e.found = ast.Diagnostics{old, added, added}
	want := "WARNING: static (inside,outside) tcp 192.168.1.12 80 access-list x: this static is not loaded [W505]\n"
	if out, _ := s.Line("hostname b"); out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if out, _ := s.Another(Config, nil).Line("hostname c"); out != "" {
		t.Errorf("said again: %q", out)
	}
	e.found = nil
	s.Line("hostname d")
	e.found = ast.Diagnostics{added}
	if out, _ := s.Line("hostname e"); out != want {
		t.Errorf("not said of a line that came back: %q", out)
	}
}
