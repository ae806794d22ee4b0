package daemon

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/syslog"
	"pixfw/shell"
)

// asking asks the servers of a firewall for those who come to its consoles.
type asking struct{ c *aaa.Client }

// Login is that of shell.Users. A server that wants to know more than a password cannot be answered here, and so has refused.
func (a asking) Login(ctx context.Context, l shell.Login) (accepted, reached bool) {
	r := aaa.Request{User: l.User, Password: ast.Secret(l.Password), Enable: l.Service == "enable"}
	if l.From != 0 {
		r.Client = toAddr(l.From)
	}
	got := a.c.AuthenticateWith(ctx, l.Group, r)
	return got.Outcome == aaa.Pass, got.Outcome != aaa.Failed
}

// sshUser is the user of those who come by SSH with the password of the box.
const sshUser = "pix"

// login reports whether somebody may have a console, and whether he is known by his name, and logs it. Users count with their passwords, and without `aaa authentication`
// whoever knows the password of the box: by SSH with the name pix.
func (d *Daemon) login(service, user, password string, at ends) (byName, ok bool) {
	plan := d.engine.Plan()
	if plan == nil {
		return false, false
	}
	running := d.first.Running()
	auth, byName := shell.ConsoleAuth(plan, service)
	if byName {
		_, ok = shell.CheckUser(plan, running, d.o.Users, &auth, shell.Login{Service: service, User: user, Password: password, From: at.from.IP})
	} else if p, is := ast.First[*ast.Passwd](running, nil); is && (service != "ssh" || user == sshUser) {
		ok = subtle.ConstantTimeCompare([]byte(ast.PasswordHash("", password)), []byte(p.Hash)) == 1
	}
	d.engine.Publish(at.messages(service, user, byName, ok)...)
	return byName, ok
}

// ends are those of a connection to a console.
type ends struct{ from, to syslog.End }

func (e ends) messages(service, user string, byName, ok bool) (out []runtime.Message) {
	user = shell.NameInLog(user)
	login, authentication := 605004, 611102
	if ok {
		login, authentication = 605005, 611101
	}
	if byName {
		out = append(out, syslog.New(authentication, user))
	}
	return append(out, syslog.New(login, e.from, fmt.Sprintf("%s:%v/%s", e.to.If, e.to.IP, service), user))
}

// consoleIdle is after how long without a key a console of the box itself ends; 0: never.
func consoleIdle(s *shell.Session) time.Duration {
	if t, ok := ast.First(s.Running(), func(t *ast.SessionTimeout) bool { return t.Service == "console" }); ok && t.Minutes > 0 {
		return time.Duration(t.Minutes) * time.Minute
	}
	return 0
}

// idle is after how many minutes without a key a console of a service ends.
func idle(s *shell.Session, service string) time.Duration {
	t, ok := ast.First(s.Running(), func(t *ast.SessionTimeout) bool { return t.Service == service })
	if !ok || t.Minutes < 0 {
		return 5 * time.Minute
	}
	return time.Duration(t.Minutes) * time.Minute
}
