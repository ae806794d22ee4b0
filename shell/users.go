package shell

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// Users asks servers who somebody is that comes to a console.
type Users interface {
	// Login asks the servers of a group. reached is false when none has answered.
	Login(ctx context.Context, l Login) (accepted, reached bool)
}

// A Login is somebody who wants to come to a console by a service: serial, enable, telnet, ssh.
type Login struct {
	Service        string
	Group          string // tag; set by CheckUser
	User, Password string
	From           ast.IP // 0: by the console of the box itself
}

// loginTime is how long servers may take to answer for a user.
const loginTime = 60 * time.Second

// pixUser is the user of those who come with a password of the box: by SSH, and where no server answers.
const pixUser = "pix"

// ConsoleAuth says how those are known that come to a console by a service (commands-vpn-aaa-show.md 1.10, 4.15): by the line
// `aaa authentication SERVICE console`. false: by the password of the box alone.
func ConsoleAuth(plan *compiler.Plan, service string) (auth compiler.ConsoleAuth, byName bool) {
	for _, a := range plan.AAA.Console {
		if a.Service == service {
			return a, true
		}
	}
	return auth, false
}

// CheckUser asks the group of a console line, which is LOCAL, or LOCAL where that stands after the group and no server answers. Where there
// is nobody else to ask, the user pix gets to the serial console and to SSH with the enable password (unconfirmed; from the command
// reference of 6.3 as it is remembered), to the latter only with one that is not empty. level is the privilege level that goes with it.
func CheckUser(plan *compiler.Plan, running *ast.Config, users Users, auth *compiler.ConsoleAuth, l Login) (level int, ok bool) {
	g := &plan.AAAGroups[auth.Group]
	local := auth.Local
	if g.Protocol == "local" {
		local = true
	} else if users != nil {
		ctx, cancel := context.WithTimeout(context.Background(), loginTime)
		defer cancel()
		l.Group = g.Tag
		if accepted, reached := users.Login(ctx, l); reached {
			return 15, accepted
		}
	}
	if local {
		return localUser(plan, l.User, l.Password)
	}
	if hash, _ := enableHash(running, 15); l.User == pixUser && (l.Service == "serial" || l.Service == "ssh" && hash != ast.EmptyHash) {
		return 15, subtle.ConstantTimeCompare([]byte(ast.PasswordHash("", l.Password)), []byte(hash)) == 1
	}
	return 0, false
}

// localUser asks the group LOCAL.
func localUser(plan *compiler.Plan, user, password string) (level int, ok bool) {
	for i := range plan.AAA.Users {
		if u := &plan.AAA.Users[i]; u.Name == user {
			return u.Level, u.Check(password)
		}
	}
	return 0, false
}

// enableHash is that of the enable password of a level; false: there is none.
func enableHash(running *ast.Config, level int) (string, bool) {
	if p, ok := ast.First(running, func(p *ast.EnablePassword) bool { return p.Level == level }); ok {
		return p.Hash, true
	}
	return ast.EmptyHash, level == 15
}

// byName reports whether a service asks for a user here. A line that names servers counts only where servers are asked.
func (s *Session) byName(service string) (compiler.ConsoleAuth, bool) {
	plan := s.engine.Plan()
	if plan == nil {
		return compiler.ConsoleAuth{}, false
	}
	auth, ok := ConsoleAuth(plan, service)
	return auth, ok && (s.users != nil || auth.Local || plan.AAAGroups[auth.Group].Protocol == "local")
}

// askUser asks for a name and a password, as often as tries says (0: until they are right), and then does what then says. Other consoles
// go on while servers are asked.
func (s *Session) askUser(tries int, check func(user, password string) (level int, ok bool), then func(user string, level int)) {
	failed := 0
	var ask func()
	ask = func() {
		s.asking = &question{prompt: textUsername, answer: func(user string) (string, error) {
			user = strings.TrimSpace(user)
			s.asking = &question{textPassword, true, func(password string) (string, error) {
				s.mu.Unlock()
				level, ok := check(user, password)
				s.mu.Lock()
				if ok {
					s.tell(611101, NameInLog(user))
					then(user, level)
					return "", nil
				}
				s.tell(611102, NameInLog(user))
				if failed++; failed == tries {
					return "", refused(textDenied)
				}
				ask()
				return "", refused(textInvalid)
			}}
			return "", nil
		}}
	}
	ask()
}

// enableUser is `enable` where users are asked for (commands-vpn-aaa-show.md 4.18).
func (s *Session) enableUser(auth compiler.ConsoleAuth) {
	plan, running := s.engine.Plan(), s.running
	s.askUser(3, func(user, password string) (int, bool) {
		return CheckUser(plan, running, s.users, &auth, Login{Service: "enable", User: user, Password: password, From: s.from})
	}, s.admit)
}

// login asks for a user of LOCAL, and gives him his level (commands-vpn-aaa-show.md 1.11). Who guesses names does not learn which exist.
func (s *Session) login() (string, error) {
	plan := s.engine.Plan()
	s.askUser(1, func(user, password string) (int, bool) { return localUser(plan, user, password) }, s.admit)
	return "", nil
}

// admit is a user whose password was right, with his level.
func (s *Session) admit(user string, level int) {
	mode := Privileged
	if level < 2 {
		mode = User
	}
	s.enter(mode)
	s.user, s.level = user, level
	s.entered(user)
}

// entered is a user who has logged in by his name. Another one before him has left.
func (s *Session) entered(user string) {
	if s.named != "" && s.named != user {
		s.tell(611103, s.named)
	}
	s.named = NameInLog(user)
}

// Gate asks for a user before anything else, where `aaa authentication serial console` says so. It is for a console that has just been
// opened.
func (s *Session) Gate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gated = true
	s.close()
}

// close lets nobody do anything before he has said who he is.
func (s *Session) close() {
	auth, ok := s.byName("serial")
	if !ok {
		return
	}
	s.gate = func() {
		plan, running := s.engine.Plan(), s.running
		s.askUser(0, func(user, password string) (int, bool) {
			return CheckUser(plan, running, s.users, &auth, Login{Service: "serial", User: user, Password: password})
		}, func(user string, _ int) {
			s.gate, s.user = nil, user
			s.entered(user)
		})
	}
	s.gate()
}

// unask takes a question back: but for those at the gate.
func (s *Session) unask() {
	s.asking = nil
	if s.gate != nil {
		s.gate()
	}
}
