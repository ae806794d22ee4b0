package shell

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func commandLines(s *Session) []string { return s.Running().Lines(s.Running().Printer()) }

// TestEveryCommand types each line of the note's configuration as it stands, behind no, and as a clear of its family. Each
// is done in silence (but for the few lines that a PIX prints) or refused with a message; and a refusal changes nothing.
func TestEveryCommand(t *testing.T) {
	text := readExample(t)
	s, _ := newSession(t, text, Config)
	for _, line := range commandLines(s) {
		bare := strings.TrimPrefix(line, "no ")
		for _, typed := range []string{line, bare, "no " + bare, "clear " + strings.Fields(bare)[0]} {
			s, _ := newSession(t, text, Config)
			before := commandLines(s)
			r := s.Do(typed)
			after := commandLines(s)
			switch {
			case !r.More || s.Mode() != Config:
				t.Errorf("%s: left configuration mode", typed)
			case r.Failed && r.Output == "":
				t.Errorf("%s: refused without a word", typed)
			case r.Failed && !slices.Equal(before, after):
				t.Errorf("%s: refused with %q, and has changed:\n%s", typed, r.Output, cmp.Diff(before, after))
			case !r.Failed && r.Output != "" && !strings.Contains(r.Output, " will be "):
				t.Errorf("%s: accepted with %q", typed, r.Output)
			case r.Failed && strings.Contains(r.Output, "help or '?'"):
				// Not every command has a form with clear; the command itself exists.
				if !strings.HasPrefix(typed, "clear ") {
					t.Errorf("%s: unknown", typed)
				}
			}
			if typed == line && !r.Failed && !slices.Equal(before, after) {
				t.Errorf("%s: typed again, and it has changed:\n%s", typed, cmp.Diff(before, after))
			}
		}
	}
}

// TestTakeApart removes every line, the last first, and types them all again.
func TestTakeApart(t *testing.T) {
	s, _ := newSession(t, readExample(t), Config)
	want := commandLines(s)
	for _, line := range slices.Backward(want) {
		if !strings.HasPrefix(line, "no ") {
			s.Do("no " + line)
		}
	}
	empty := commandLines(s)
	for _, gone := range []string{"access-list 120 ", "static ", "crypto map ", "vpngroup ", "nat ", "route ", "aaa authentication "} {
		if slices.ContainsFunc(empty, func(l string) bool { return strings.HasPrefix(l, gone) }) {
			t.Errorf("%sis still there:\n%s", gone, strings.Join(empty, "\n"))
		}
	}
	for _, line := range want {
		if r := s.Do(line); r.Failed && !slices.Contains(empty, line) {
			t.Errorf("%s: %s", line, r.Output)
		}
	}
	if d := cmp.Diff(want, commandLines(s)); d != "" {
		t.Errorf("put together again it differs (-want +got):\n%s", d)
	}
}

// TestRunningConfig: what was loaded is what is shown, line for line.
func TestRunningConfig(t *testing.T) {
	text := readExample(t)
	s, _ := newSession(t, text, Privileged)
	out, _ := s.Line("show running-config")
	trim := func(text string) []string {
		var lines []string
		for l := range strings.Lines(text) {
			lines = append(lines, strings.TrimRight(l, " \r\n"))
		}
		return lines
	}
	if d := cmp.Diff(trim(string(text)), trim(out)); d != "" {
		t.Errorf("-loaded +shown:\n%s", d)
	}
}

// FuzzLine: no line breaks the console, in any mode.
func FuzzLine(f *testing.F) {
	s, _ := newSession(f, readExample(f), Config)
	for _, line := range commandLines(s) {
		f.Add(line)
	}
	f.Add("show xlate | grep -v (")
	f.Add("static (inside,?")
	f.Fuzz(func(t *testing.T, line string) {
		for _, mode := range []Mode{User, Privileged, Config} {
			s.enter(mode)
			s.asking = nil
			before := commandLines(s)
			r := s.Do(line)
			if r.Failed && !slices.Equal(before, commandLines(s)) {
				t.Errorf("%q: refused, and has changed", line)
			}
			s.Help(line)
			s.Complete(line)
		}
	})
}
