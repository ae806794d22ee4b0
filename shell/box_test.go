package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pixfw/shell/scenario"
)

// TestScenarios runs the reference scenarios with a real console in front of the emulator. Cases about commands that are not
// supported yet are refused by the console, which says so.
func TestScenarios(t *testing.T) {
	files, _ := filepath.Glob("../../shared/oracle/*.txtar")
	if len(files) == 0 {
		t.Skip("the reference scenarios are not beside this repository")
	}
	passed := 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := scenario.Parse(path, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range a.Run(scenario.Options{NewBox: func(config []byte) (scenario.Box, error) { return NewBox("pix.cfg", config, nil) }}) {
			switch {
			case r.Status == scenario.OK:
				passed++
			case strings.Contains(r.Got, "does not support yet"):
			default:
				var b strings.Builder
				r.Write(&b)
				t.Error(b.String())
			}
		}
	}
	if passed < 150 {
		t.Errorf("only %d cases passed", passed)
	}
}

func TestBoxRefuses(t *testing.T) {
	if _, err := NewBox("pix.cfg", []byte("hostname x y\n"), nil); err == nil {
		t.Error("a configuration with errors was taken")
	}
	b, err := NewBox("pix.cfg", readExample(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"access-group nosuch in interface outside", "bogus", "exit now"} {
		if out, err := b.Do(line); err == nil {
			t.Errorf("%s: taken, with %q", line, out)
		}
	}
	// It stays in configuration mode.
	for _, line := range []string{"exit", "write erase", "enable", "hostname box", "show version", "clear xlate"} {
		if _, err := b.Do(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
