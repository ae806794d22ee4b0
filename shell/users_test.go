package shell

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// someUsers are servers that know one user, unless they are down.
type someUsers struct {
	down  bool
	asked []Login
	while func() // something happens while they are asked
}

func (u *someUsers) Login(_ context.Context, l Login) (accepted, reached bool) {
	u.asked = append(u.asked, l)
	if u.while != nil {
		u.while()
	}
	return l.User == "cisco_customer" && l.Password == "right", !u.down
}

const usersConfig = `enable password secret
username admin7 password right privilege 7
username boss password right privilege 15
username guest password right privilege 1
aaa-server TAC protocol tacacs+
aaa-server TAC (inside) host 10.0.0.9 key
`

// What users type, and where they stand after it.
func TestUsers(t *testing.T) {
	for _, test := range []struct {
		name, lines string
		down, none  bool
		typed       []string
		screen      string // the end of it
		user        string
		level       int
	}{
		{name: "enable without AAA", typed: []string{"enable", "secret"}, screen: "Password: \npixfirewall# ", user: "enable_15", level: 15},
		{name: "enable", lines: "aaa authentication enable console TAC", typed: []string{"enable", "cisco_customer", "right"},
			screen: "Username: \nPassword: \npixfirewall# ", user: "cisco_customer", level: 15},
		{name: "not by the enable password", lines: "aaa authentication enable console TAC", typed: []string{"enable", "pix", "secret", "x", "y", "z", "secret"},
			screen: "Invalid password\nUsername: \nPassword: \nAccess denied.\npixfirewall> ", user: "enable_1", level: 1},
		{name: "the second time", lines: "aaa authentication enable console TAC", typed: []string{"enable", "cisco_customer", "wrong", "cisco_customer", "right"}, user: "cisco_customer", level: 15},
		{name: "no server", lines: "aaa authentication enable console TAC", down: true, typed: []string{"enable", "cisco_customer", "right"}, screen: "Invalid password\nUsername: ", user: "enable_1", level: 1},
		{name: "no server, LOCAL", lines: "aaa authentication enable console TAC LOCAL", down: true, typed: []string{"enable", "admin7", "right"}, user: "admin7", level: 7},
		{name: "LOCAL is not asked where a server answers", lines: "aaa authentication enable console TAC LOCAL", typed: []string{"enable", "boss", "right"}, user: "enable_1", level: 1},
		{name: "LOCAL", lines: "aaa authentication enable console LOCAL", typed: []string{"enable", "boss", "right"}, user: "boss", level: 15},
		{name: "where no servers are asked", lines: "aaa authentication enable console TAC", none: true, typed: []string{"enable", "secret"}, user: "enable_15", level: 15},
		{name: "login", typed: []string{"login", "boss", "right"}, screen: "pixfirewall# ", user: "boss", level: 15},
		{name: "login of a guest", typed: []string{"login", "guest", "right"}, screen: "pixfirewall> ", user: "guest", level: 1},
		{name: "a wrong login", typed: []string{"login", "boss", "wrong"}, screen: "Access denied.\npixfirewall> ", user: "enable_1", level: 1},
		{name: "the login of nobody", typed: []string{"login", "nobody", "wrong"}, screen: "Access denied.\npixfirewall> ", user: "enable_1", level: 1},
		{name: "serial", lines: "aaa authentication serial console TAC", typed: []string{"show version", "", "cisco_customer", "right"}, screen: "Invalid password\nUsername: \nPassword: \npixfirewall> ", user: "cisco_customer", level: 1},
		{name: "serial without an end", lines: "aaa authentication serial console TAC", typed: []string{"a", "b", "a", "b", "a", "b", "a", "b"}, screen: "Invalid password\nUsername: ", user: "enable_1", level: 1},
		{name: "serial, no server", lines: "aaa authentication serial console TAC", down: true, typed: []string{"pix", "secret"}, screen: "pixfirewall> ", user: "pix", level: 1},
		{name: "serial, no server, wrong", lines: "aaa authentication serial console TAC", down: true, typed: []string{"pix", ""}, screen: "Username: ", user: "enable_1", level: 1},
		{name: "pix is nobody where a server answers", lines: "aaa authentication serial console TAC", typed: []string{"pix", "secret"}, screen: "Username: ", user: "enable_1", level: 1},
		{name: "serial is not enable", lines: "aaa authentication serial console TAC", typed: []string{"cisco_customer", "right", "enable", "secret"}, screen: "pixfirewall# ", user: "enable_15", level: 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := &someUsers{down: test.down}
			o := Options{Clock: runtime.NewVirtualClock(testStart), Name: "pix.cfg", Text: []byte(usersConfig + test.lines + "\n"), Users: u}
			if test.none {
				o.Users = nil
			}
			s, diags, err := New(o)
			if err := errors.Join(err, diags.Err()); err != nil {
				t.Fatal(err)
			}
			s.Gate()
			var out strings.Builder
			if err := RunPipe(s, strings.NewReader(strings.Join(test.typed, "\n")+"\n"), &out); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(out.String(), "\n"); !strings.HasSuffix(got, test.screen) {
				t.Errorf("%q", got)
			}
			if s.user != test.user || s.level != test.level {
				t.Errorf("%s, level %d", s.user, s.level)
			}
			for _, l := range u.asked {
				if l.Group != "TAC" || !strings.Contains(test.lines, l.Service+" console") {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// The enable password of nothing opens no SSH console while servers are down.
func TestPixUser(t *testing.T) {
	for _, test := range []struct {
		config, service, password string
		want                      bool
	}{{usersConfig, "ssh", "secret", true}, {usersConfig, "ssh", "other", false}, {usersConfig, "telnet", "secret", false}, {"aaa-server TAC protocol tacacs+\n", "ssh", "", false},
		{"aaa-server TAC protocol tacacs+\n", "serial", "", true}} {
		s, _ := newSession(t, []byte(test.config+"aaa authentication "+test.service+" console TAC\n"), User)
		auth, _ := ConsoleAuth(s.Engine().Plan(), test.service)
		if _, ok := CheckUser(s.Engine().Plan(), s.Running(), &someUsers{down: true}, &auth, Login{Service: test.service, User: "pix", Password: test.password}); ok != test.want {
			t.Errorf("%s with %q: %v", test.service, test.password, ok)
		}
	}
}

// interrupted is a terminal at which somebody presses Control-C first.
type interrupted struct {
	Term
	asked []string
}

func (i *interrupted) ReadLine(prompt string) (string, error) {
	i.asked = append(i.asked, prompt)
	if len(i.asked) == 1 {
		return "", ErrInterrupt
	}
	return "", io.EOF
}

func (i *interrupted) Write(p []byte) (int, error) { return len(p), nil }
func (i *interrupted) Show(string) error           { return nil }

// Control-C does not open the gate; servers that are slow hold up nobody else.
func TestGate(t *testing.T) {
	u := &someUsers{}
	s, diags, err := New(Options{Clock: runtime.NewVirtualClock(testStart), Name: "pix.cfg", Text: []byte(usersConfig + "aaa authentication serial console TAC\n"), Users: u})
	if err := errors.Join(err, diags.Err()); err != nil {
		t.Fatal(err)
	}
	s.Gate()
	term := &interrupted{}
	if err := RunTerminal(s, term); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(term.asked, "|"); got != "Username: |Username: " {
		t.Errorf("%q", got)
	}
	other := s.Remote(Visit{Service: "telnet", From: ast.MustIP("10.0.0.7")})
	u.while = func() {
		if r := other.Do("show version"); r.Failed {
			t.Error(r.Output)
		}
	}
	s.Do("cisco_customer")
	s.Do("right")
	if len(u.asked) != 1 || s.Prompt() != "pixfirewall> " {
		t.Errorf("%+v %q", u.asked, s.Prompt())
	}
}
