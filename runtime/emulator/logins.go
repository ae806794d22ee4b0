package emulator

import (
	"errors"
	"time"

	"pixfw/runtime"
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
	open  map[flowKey]time.Duration // connections that the proxy has taken, since when
	alarm alarm
}

func (l *login) deadline(e *Engine) time.Duration { return l.since + e.plan.Timeouts.Embryonic }
func (l *login) end(e *Engine)                    { delete(e.logins, l.key) }

// asked counts a connection that is taken to where its user logs in. It reports whether he may have another (aaa proxy-limit). Beyond the
// bound of users nothing is counted.
func (e *Engine) asked(f *flight) bool {
	k := userKey{f.in.If, f.pkt.Src}
	l := e.logins[k]
	if l == nil {
		if len(e.logins) >= e.limits.Users {
			return true
		}
		l = &login{key: k, open: map[flowKey]time.Duration{}}
	}
	if most := e.plan.AAA.ProxyLimit; most > 0 {
		for c, since := range l.open {
			if e.now-since >= e.plan.Timeouts.Embryonic {
				delete(l.open, c)
			}
		}
		c := keyOf(f)
		if _, again := l.open[c]; !again && len(l.open) >= most {
			return false
		}
		l.open[c] = e.now
	}
	e.disarm(&l.alarm)
	l.since = e.now
	e.logins[k] = l
	e.loginMost = max(e.loginMost, len(e.logins))
	e.arm(&l.alarm, l)
	return true
}

// hangsUp is a packet of no connection: when it ends one that the proxy has taken, its user may have another.
func (e *Engine) hangsUp(f *flight) {
	if len(e.logins) > 0 && f.pkt.Flags&(runtime.FIN|runtime.RST) != 0 {
		if l := e.logins[userKey{f.in.If, f.pkt.Src}]; l != nil {
			delete(l.open, keyOf(f))
		}
	}
}

// tooManyLogins refuses a connection beyond aaa proxy-limit.
func (e *Engine) tooManyLogins(f *flight) {
	f.drop(e, "UAUTH", whyLogins, logs(syslog.New(109017, f.pkt.Src)), e.plan.AAA.LimitLine)
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
