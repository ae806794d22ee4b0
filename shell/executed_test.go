package shell

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// What is typed is logged when it is carried out, by who typed it and without its secrets; a password that is guessed at as well.
func TestExecuted(t *testing.T) {
	var got []string
	s, _, err := New(Options{Text: readExample(t), Start: User, Log: func(m runtime.Message) { got = append(got, m.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"%PIX-6-199005: PIX Startup begin", "%PIX-6-199002: PIX startup completed. Beginning operation."}; !slices.Equal(got, want) {
		t.Errorf("at the start: %q, want %q", got, want)
	}
	got = nil
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
	r := s.Remote(Visit{Service: "telnet", From: ast.MustIP("10.1.1.1")})
	for _, line := range []string{"enable", "x", "y", "z"} {
		r.Line(line)
	}
	if !slices.Contains(got, "%PIX-6-308001: PIX console enable password incorrect for 3 tries (from 10.1.1.1)") {
		t.Error(got)
	}
}

// What is saved, erased and configured is told of, with who did it and how it ended.
func TestSaved(t *testing.T) {
	var got []string
	full := false
	s, _, err := New(Options{Text: readExample(t), Start: Privileged, Log: func(m runtime.Message) {
		if m.ID < 111008 {
			got = append(got, m.String())
		}
	}, Save: func(string) error {
		if full {
			return errors.New("no room")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"write memory", "configure terminal", "configure terminal", "object-group network g", "exit", "disable", "enable", "", "write erase", "no", "write erase", ""} {
		s.Line(line)
	}
	full = true
	if out, _ := s.Line("write memory"); out != "ERROR: no room\n" {
		t.Errorf("no room: %q", out)
	}
	s.Line("configure terminal")
	s.LeaveConfig()
	s.LeaveConfig()
	r := s.Remote(Visit{Service: "telnet", From: ast.MustIP("10.1.1.1")})
	for _, line := range []string{"enable", "", "configure terminal", "logout"} {
		r.Line(line)
	}
	want := []string{
		"%PIX-5-111001: Begin configuration: console writing to memory",
		"%PIX-5-111004: console end configuration: OK",
		"%PIX-5-111007: Begin configuration: console reading from terminal",
		"%PIX-5-111005: console end configuration: OK",
		"%PIX-5-111003: console Erase configuration",
		"%PIX-5-111001: Begin configuration: console writing to memory",
		"%PIX-5-111004: console end configuration: FAILED",
		"%PIX-5-111007: Begin configuration: console reading from terminal",
		"%PIX-5-111005: console end configuration: OK",
		"%PIX-5-111007: Begin configuration: 10.1.1.1 reading from terminal",
		"%PIX-5-111005: 10.1.1.1 end configuration: OK",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The buffer of messages has a bound in lines and one in bytes; what is counted goes on.
func TestLogbook(t *testing.T) {
	on := compiler.Logging{On: compiler.From(&ast.LoggingSwitch{Pos: ast.Pos{Line: 1}, What: "on"}), Console: compiler.None, Monitor: 4, History: 7, Buffered: 6, Disabled: map[int]bool{106015: true},
		Levels: map[int]int{710001: 5}}
	plan := &compiler.Plan{Logging: on}
	b := &logbook{}
	b.add(syslog.New(199002))
	if b.buffered != 0 {
		t.Error("kept before there was a configuration")
	}
	b.apply(&on)
	for i := range 3 * bookLines {
		b.add(syslog.New(302010, i, i))
	}
	b.add(syslog.New(106015, "a", "b", "SYN", "outside"))
	b.add(syslog.New(111009, "a", "debugging is above the level of the buffer"))
	b.add(syslog.New(710001, "raised", "b"))
	b.add(runtime.Message{ID: 106023, Level: 4, Text: strings.Repeat("x", bookBytes/2)})
	if len(b.lines) > bookLines || b.bytes > bookBytes {
		t.Errorf("%d lines of %d bytes", len(b.lines), b.bytes)
	}
	if b.buffered != 3*bookLines+2 || b.console != 0 || b.monitor != 1 || b.history != 3*bookLines+3 {
		t.Errorf("counted %d %d %d %d", b.buffered, b.console, b.monitor, b.history)
	}
	text := b.format(plan, syslog.Counts{Sent: 7})
	for _, want := range []string{"\n302010: 1535 in use", "\n710001: TCP access requested from raised", "Trap logging: level emergencies, 7 messages"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "302010: 1000 in use") || strings.Contains(text, "106015") || strings.Contains(text, "111009") {
		t.Error("what has no room, is switched off, or is above the level")
	}
	b.add(runtime.Message{ID: 106023, Level: 4, Text: strings.Repeat("x", 2*bookBytes)})
	if len(b.lines) != 1 || b.bytes > bookBytes {
		t.Errorf("%d lines of %d bytes", len(b.lines), b.bytes)
	}
	b.clear()
	if b.add(syslog.New(199002)); len(b.lines) != 1 || b.bytes != len(b.lines[0]) {
		t.Errorf("%d lines of %d bytes", len(b.lines), b.bytes)
	}
}
