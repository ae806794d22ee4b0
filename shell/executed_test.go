package shell

import (
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// What is typed is logged when it is carried out, by who typed it and without its secrets; a password that is guessed at as well.
func TestExecuted(t *testing.T) {
	var got []string
	s, _, err := New(Options{Text: readExample(t), Start: User, Log: func(m runtime.Message) { got = append(got, m.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"show clock", "enable", "x", "y", "z", "enable", ""} {
		s.Line(line)
	}
	want := []string{
		"%PIX-7-111009: User 'enable_1' executed cmd: show clock",
		"%PIX-5-111008: User 'enable_1' executed the 'enable' command.",
		"%PIX-6-308001: PIX console enable password incorrect for 3 tries (from console)",
		"%PIX-5-111008: User 'enable_1' executed the 'enable' command.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = nil
	for _, line := range []string{"sh ver", "no such command", "conf t", "isakmp key verysecret address 198.51.100.9", "enable password anothersecret",
		"hostname a", "no route outside 10.99.0.0 255.255.0.0 192.168.1.3", "clear xlate"} {
		s.Line(line)
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{"111009: User 'enable_15' executed cmd: show version", "executed the 'configure terminal' command.",
		"executed the 'isakmp key ", "executed the 'enable password ", "executed the 'hostname a' command.", "executed the 'clear xlate' command."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret") || strings.Contains(text, "10.99.0.0") || strings.Contains(text, "no such") {
		t.Errorf("what was not done, or a secret:\n%s", text)
	}
	got = nil
	r := s.Remote(ast.MustIP("10.1.1.1"))
	for _, line := range []string{"enable", "x", "y", "z"} {
		r.Line(line)
	}
	if !slices.Contains(got, "%PIX-6-308001: PIX console enable password incorrect for 3 tries (from 10.1.1.1)") {
		t.Error(got)
	}
}
