package emulator

import (
	"errors"
	"time"

	"pixfw/runtime/syslog"
)

// errUserTable is what the console says of a user for whom there is no room.
var errUserTable = errors.New("the table of users is full")

// userRoom reports whether another user fits into the cache: one in place of another always does. Who does not fit is told of as other full
// tables are.
func (e *Engine) userRoom(k userKey) error {
	if e.users[k] == nil && len(e.users) >= e.limits.Users {
		e.emit(syslog.New(211001))
		return errUserTable
	}
	return nil
}

// A login is under way from when the cut-through proxy has taken a connection of a host until somebody there has logged in, or has let the
// time pass that a handshake may take. It is only counted (show uauth).
type login struct {
	key   userKey
	since time.Duration
	alarm alarm
}

func (l *login) deadline(e *Engine) time.Duration { return l.since + e.plan.Timeouts.Embryonic }
func (l *login) end(e *Engine)                    { delete(e.logins, l.key) }

// asked counts a login from now on. Beyond the bound of users it is not counted.
func (e *Engine) asked(k userKey) {
	if l := e.logins[k]; l != nil {
		e.disarm(&l.alarm)
	} else if len(e.logins) >= e.limits.Users {
		return
	}
	l := &login{key: k, since: e.now}
	e.logins[k] = l
	e.loginMost = max(e.loginMost, len(e.logins))
	e.arm(&l.alarm, l)
}

// answered is a login that has come to its end.
func (e *Engine) answered(k userKey) {
	if l := e.logins[k]; l != nil {
		e.disarm(&l.alarm)
		delete(e.logins, k)
	}
	e.loginMost = max(e.loginMost, 1) // one that takes no time is under way, too
}

// forgetLogins ends the counting of all: interfaces may have other numbers now.
func (e *Engine) forgetLogins() {
	for _, l := range e.logins {
		e.disarm(&l.alarm)
	}
	clear(e.logins)
}
