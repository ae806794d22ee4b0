package shell

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// Visitors have numbers by their service, the lowest free one first; who has left is told of once, and only by a name that he proved.
func TestVisitors(t *testing.T) {
	var got []string
	s, _, err := New(Options{Text: readExample(t), Start: Privileged, Log: func(m runtime.Message) { got = append(got, m.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	visit := func(service, from, user string) *Session {
		return s.Remote(Visit{Service: service, From: ast.MustIP(from), User: user, Version: "2.0", Cipher: "aes128-gcm", Name: "n-" + user, End: func() { ended++ }})
	}
	a, b := visit("telnet", "10.0.0.1", ""), visit("telnet", "10.0.0.2", "")
	c := visit("ssh", "10.0.0.3", "jo")
	if out, _ := s.Line("who"); out != "0: 10.0.0.1\n1: 10.0.0.2\n" {
		t.Errorf("who:\n%s", out)
	}
	a.Leave()
	a.Leave()
	d := visit("telnet", "10.0.0.4", "")
	if out, _ := s.Line("show who"); out != "0: 10.0.0.4\n1: 10.0.0.2\n" {
		t.Errorf("who, after one has gone and another has come:\n%s", out)
	}
	const table = "Session ID      Client IP       Version Encryption     State   Username\n0       10.0.0.3        2.0     aes128-gcm     6       n-jo\n"
	if out, _ := s.Line("show ssh sessions"); out != table {
		t.Errorf("show ssh sessions:\n%s", out)
	}
	for line, fails := range map[string]bool{"kill 1": false, "kill 7": true, "ssh disconnect 0": false, "ssh disconnect 1": true} {
		if r := s.Do(line); r.Failed != fails {
			t.Errorf("%s: %q", line, r.Output)
		}
	}
	if ended != 2 {
		t.Errorf("%d sessions were ended, want 2", ended)
	}
	if r := b.Do("kill 0"); !r.Failed {
		t.Error("in unprivileged mode a session was ended")
	}
	got = nil
	c.Line("exit")
	c.Leave()
	d.Leave()
	if text := strings.Join(got, "\n"); strings.Count(text, "611103") != 1 || !strings.Contains(text, "611103: User logged out: Uname: jo") {
		t.Errorf("who has left:\n%s", text)
	}
}

// A user who logs in as another has left; one of the console is told to have left with it.
func TestLoggedOut(t *testing.T) {
	var got []string
	s, _, err := New(Options{Text: []byte(usersConfig), Log: func(m runtime.Message) {
		if m.ID/1000 == 611 {
			got = append(got, m.String())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"login", "boss", "wr\x1bong", "login", "boss", "right", "login", "guest", "right", "exit"} {
		s.Line(line)
	}
	last := s.Another(Config, nil)
	last.user = "boss"
	last.Line("hostname c")
	last.Line("write memory")
	for line, want := range map[string]string{"show version | include modified": "Configuration last modified by boss at ", "show startup-config | include Written": ": Written by boss at "} {
		if out, _ := last.Line(line); !strings.HasPrefix(out, want) {
			t.Errorf("%s: %s", line, out)
		}
	}
	want := "%PIX-6-611102: User authentication failed: Uname: boss\n%PIX-6-611101: User authentication succeeded: Uname: boss\n" +
		"%PIX-6-611101: User authentication succeeded: Uname: guest\n%PIX-5-611103: User logged out: Uname: boss\n%PIX-5-611103: User logged out: Uname: guest"
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if name := NameInLog("a\nb\x00\u0085c" + strings.Repeat("x", 200)); len(name) > 130 || !strings.HasPrefix(name, "a?b??cxx") {
		t.Errorf("a name in a log: %q", name)
	}
}
