package emulator

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

const loginLines = base + "aaa-server TAC protocol tacacs+\naaa-server TAC (inside) host 10.0.0.200 key\n" +
	"aaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 TAC\n"

// A login is under way from the first connection on, until somebody has logged in or the time for it is over.
func TestLoginsUnderWay(t *testing.T) {
	l := newLab(t, loginLines)
	outside := l.Plan().IfByName("outside")
	check := func(what string, now, most int) {
		t.Helper()
		if u := l.Users(); u.InProgress != now || u.MostInProgress != most {
			t.Errorf("%s: %d under way, %d at most; want %d and %d", what, u.InProgress, u.MostInProgress, now, most)
		}
	}
	check("at first", 0, 0)
	for i := range 3 {
		for port := range 2 { // a browser opens several
			l.expect("outside", tcp(fmt.Sprintf("198.51.100.%d:%d", 7+i, 1+port), "203.0.113.80:80", syn), "auth 109001")
		}
	}
	check("three hosts", 3, 3)
	if err := l.Login(outside, ast.MustIP("198.51.100.7"), "cse", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	check("one has logged in", 2, 3)
	part := l.Plan().Timeouts.Embryonic * 2 / 3
	l.wait(part)
	l.expect("outside", tcp("198.51.100.8:9", "203.0.113.80:80", syn), "auth 109001")
	l.wait(part)
	check("one has given up", 1, 3)
	l.wait(part)
	check("all have", 0, 3)
	if err := l.Login(outside, ast.MustIP("198.51.100.9"), "other", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	check("one that took no time", 0, 3)
	l.expect("outside", tcp("198.51.100.20:9", "203.0.113.80:80", syn), "auth 109001")
	if _, err := l.Apply(planOf(t, loginLines)); err != nil {
		t.Fatal(err)
	}
	check("another configuration", 0, 3)
	l.wait(time.Minute)
}

// The cache of users has a bound. Who does not fit is refused, and told of; who is there already logs in again.
func TestUserTableFull(t *testing.T) {
	limits := DefaultLimits
	limits.Users = 3
	l := &lab{TB: t, clock: runtime.NewVirtualClock(time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC))}
	l.Engine = NewLimited(l.clock, limits)
	l.Subscribe(func(m runtime.Message) { l.seen = append(l.seen, m) })
	if _, err := l.Apply(planOf(t, loginLines)); err != nil {
		t.Fatal(err)
	}
	outside := l.Plan().IfByName("outside")
	for i := range 5 {
		err := l.Login(outside, ast.IP(0xc6336407+uint32(i)), "cse", runtime.UserList{})
		if full := i >= limits.Users; errors.Is(err, errUserTable) != full {
			t.Errorf("user %d: %v", i, err)
		}
		if last := l.seen[len(l.seen)-1].ID; (last == 211001) != (i >= limits.Users) {
			t.Errorf("user %d: %d", i, last)
		}
	}
	for i := range 5 { // nor are more logins counted
		l.expect("outside", tcp(fmt.Sprintf("198.51.100.%d:1", 50+i), "203.0.113.80:80", syn), "auth 109001")
	}
	if u := l.Users(); len(u.Users) != 3 || u.MostSeen != 3 || u.InProgress != 3 {
		t.Errorf("%+v", u)
	}
	if err := l.Login(outside, ast.MustIP("198.51.100.7"), "again", runtime.UserList{}); err != nil {
		t.Error(err)
	}
	l.wait(6 * time.Minute)
	if err := l.Login(outside, ast.MustIP("198.51.100.99"), "later", runtime.UserList{}); err != nil {
		t.Error(err)
	}
}

// No more connections of one host wait for its user than aaa proxy-limit says, those that are over not counted.
func TestProxyLimit(t *testing.T) {
	l := newLab(t, loginLines+"aaa proxy-limit 2\n")
	ask := func(host, port int, want string) {
		t.Helper()
		l.expect("outside", tcp(fmt.Sprintf("198.51.100.%d:%d", host, port), "203.0.113.80:80", syn), want)
	}
	const refused = "drop 109001 109017"
	ask(7, 1, "auth 109001")
	ask(7, 2, "auth 109001")
	ask(7, 3, refused)
	ask(7, 2, "auth 109001") // once more the same
	ask(8, 3, "auth 109001") // of another host
	l.expect("outside", tcp("198.51.100.7:2", "203.0.113.80:80", runtime.RST), "drop 106015")
	ask(7, 3, "auth 109001")
	ask(7, 4, refused)
	l.wait(l.Plan().Timeouts.Embryonic - time.Second)
	ask(7, 3, "auth 109001")
	ask(7, 4, refused)
	l.wait(2 * time.Second) // the first is over
	ask(7, 4, "auth 109001")
	ask(7, 5, refused)
	if err := l.Login(l.Plan().IfByName("outside"), ast.MustIP("198.51.100.7"), "cse", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	for port := range 4 {
		ask(7, 10+port, "tcp "+fmt.Sprintf("198.51.100.7:%d > 10.0.0.80:80 302013", 10+port))
	}
	for lines, most := range map[string]int{"": 16, "aaa proxy-limit disable\n": 200} {
		l := newLab(t, loginLines+lines)
		for port := range most {
			l.expect("outside", tcp(fmt.Sprintf("198.51.100.7:%d", 1+port), "203.0.113.80:80", syn), "auth 109001")
		}
		if lines == "" {
			l.expect("outside", tcp("198.51.100.7:999", "203.0.113.80:80", syn), refused)
		}
	}
}
