package shell

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"pixfw/ast"
)

// A Visit is somebody who has come to a console over the network.
type Visit struct {
	Service string // telnet, ssh
	From    ast.IP
	User    string // whom a server or LOCAL knows by that name; empty: the password of the box was enough
	// Of SSH, for `show ssh sessions`: the version of the protocol, the cipher, and the name that was given.
	Version, Cipher, Name string
	// End takes the visitor's connection away. It must neither wait nor call the session. nil: nothing can.
	End func()
}

// Remote is a further console, in user mode, for a visitor. Whoever serves him calls Leave when he has gone.
func (s *Session) Remote(v Visit) *Session {
	o := s.Another(User, nil)
	o.from, o.visit, o.named = v.From, &v, v.User
	s.mu.Lock()
	defer s.mu.Unlock()
	o.number = s.freeNumber(v.Service)
	s.visits = append(s.visits, o)
	return o
}

// freeNumber is the lowest number that no visitor by a service has.
func (c *chassis) freeNumber(service string) int {
	for n := 0; ; n++ {
		if c.visitor(service, n) == nil {
			return n
		}
	}
}

// visitor is the console of a visitor by service and number; nil: there is none.
func (c *chassis) visitor(service string, n int) *Session {
	for _, v := range c.visits {
		if v.visit.Service == service && v.number == n {
			return v
		}
	}
	return nil
}

// Leave ends the session of whoever has gone, without a word to the console. It may be called more than once.
func (s *Session) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave()
}

func (s *Session) leave() {
	s.LeaveConfig()
	s.visits = slices.DeleteFunc(s.visits, func(v *Session) bool { return v == s })
	if s.named != "" {
		s.tell(611103, s.named)
		s.named = ""
	}
}

// formatWho is `who`: the Telnet sessions (commands-vpn-aaa-show.md section 4.15).
func (s *Session) formatWho() string {
	var b strings.Builder
	for _, v := range s.visitors("telnet") {
		fmt.Fprintf(&b, "%d: %v\n", v.number, v.from)
	}
	return b.String()
}

func (s *Session) visitors(service string) (out []*Session) {
	for _, v := range s.visits {
		if v.visit.Service == service {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b *Session) int { return a.number - b.number })
	return out
}

// sshServing is the state of a session that has its console: the only one that stands in the table.
const sshServing = 6

// formatSSHSessions is `show ssh sessions` (commands-vpn-aaa-show.md section 4.15). Version and cipher are those of the connection,
// which is no SSH of 2003.
func (s *Session) formatSSHSessions() string {
	var b strings.Builder
	b.WriteString("Session ID      Client IP       Version Encryption     State   Username\n")
	for _, v := range s.visitors("ssh") {
		fmt.Fprintf(&b, "%-8d%-16v%-8s%-15s%-8d%s\n", v.number, v.from, v.visit.Version, v.visit.Cipher, sshServing, v.visit.Name)
	}
	return b.String()
}

// kill is `kill ID` for Telnet and `ssh disconnect ID`.
func (s *Session) kill(c *ast.Kill) (string, error) {
	if s.level < 15 {
		return "", refused(textUnprivilege)
	}
	v := s.visitor(c.Service, c.ID)
	if v == nil || v.visit.End == nil {
		return "", refusef("ERROR: there is no %s session %d", c.Service, c.ID)
	}
	v.visit.End()
	return "", nil
}

// NameInLog is the name that somebody gave, as it may stand in a message: short, and of one line.
func NameInLog(user string) string {
	const most = 128
	user = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return '?'
		}
		return r
	}, user[:min(len(user), most)])
	return strings.ToValidUTF8(user, "?")
}

// terminal is `terminal monitor`: messages of `logging monitor` come to this console, if it is one of a visitor.
func (s *Session) terminal(c *ast.TerminalMonitor) (string, error) {
	if s.monitor == nil || s.visit == nil {
		return "", refused(textNoMonitor)
	}
	s.book.watch(s.monitor, c.On)
	return "", nil
}
