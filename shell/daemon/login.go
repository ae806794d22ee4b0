package daemon

import (
	"context"
	"crypto/subtle"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/aaa"
	"pixfw/shell"
)

// An Authenticator asks the servers of a group, by its tag, for a user. reached is false when none has answered.
type Authenticator interface {
	Login(ctx context.Context, group, user, password string, from ast.IP) (accepted, reached bool)
}

// asking is the Authenticator of a firewall.
type asking struct{ c *aaa.Client }

// Login asks. A server that wants to know more than a password cannot be answered here, and so has refused.
func (a asking) Login(ctx context.Context, group, user, password string, from ast.IP) (accepted, reached bool) {
	r := a.c.AuthenticateWith(ctx, group, aaa.Request{User: user, Password: ast.Secret(password), Client: toAddr(from)})
	return r.Outcome == aaa.Pass, r.Outcome != aaa.Failed
}

// loginTime is how long servers may take to answer for a user.
const loginTime = 60 * time.Second

// who says how those are known that come to a console by a service (commands-vpn-aaa-show.md section 4.15): by the line
// `aaa authentication SERVICE console`, or, without one, by the password of the box alone.
func who(plan *compiler.Plan, service string) (byName bool, auth compiler.ConsoleAuth) {
	for _, a := range plan.AAA.Console {
		if a.Service == service {
			return true, a
		}
	}
	return false, compiler.ConsoleAuth{}
}

// sshUser is the user of those who come by SSH with the password of the box.
const sshUser = "pix"

// login reports whether somebody may have a console. Users count with their passwords, and without `aaa authentication`
// whoever knows the password of the box: by SSH with the name pix.
func (d *Daemon) login(service, user, password string, from ast.IP) bool {
	plan := d.engine.Plan()
	if plan == nil {
		return false
	}
	byName, auth := who(plan, service)
	if !byName {
		p, ok := ast.First[*ast.Passwd](d.first.Running(), nil)
		hash := ast.PasswordHash("", password)
		return ok && (service != "ssh" || user == sshUser) && subtle.ConstantTimeCompare([]byte(hash), []byte(p.Hash)) == 1
	}
	group := &plan.AAAGroups[auth.Group]
	local := auth.Local
	if group.Protocol != "local" {
		ctx, cancel := context.WithTimeout(context.Background(), loginTime)
		defer cancel()
		accepted, reached := d.o.Users.Login(ctx, group.Tag, user, password, from)
		if reached {
			return accepted
		}
	} else {
		local = true
	}
	return local && localUser(plan, user, password)
}

// localUser asks the group LOCAL.
func localUser(plan *compiler.Plan, user, password string) bool {
	for i := range plan.AAA.Users {
		if u := &plan.AAA.Users[i]; u.Name == user {
			return u.Check(password)
		}
	}
	return false
}

// idle is after how many minutes without a key a console of a service ends.
func idle(s *shell.Session, service string) time.Duration {
	t, ok := ast.First(s.Running(), func(t *ast.SessionTimeout) bool { return t.Service == service })
	if !ok || t.Minutes < 0 {
		return 5 * time.Minute
	}
	return time.Duration(t.Minutes) * time.Minute
}
