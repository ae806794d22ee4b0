package kernel_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
	"pixfw/runtime/uauth"
)

// A first connection of somebody unknown is taken to where users log in. One who has logged in gets through, until he is logged out.
func TestUsersLogIn(t *testing.T) {
	plan := loadPlan(t, "pix.cfg", func(s string) string {
		return strings.ReplaceAll(s, "any host 10.89.129.131", "any host 192.168.1.11")
	})
	l := newLab(t, plan)
	for _, port := range []uint16{80, 8080} {
		if err := l.Serve(server, port); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Get(lab.Internet, global, 8080); err != nil {
		t.Errorf("port 8080 needs no login: %v", err)
	}
	// While nobody listens there is no connection, and nothing passes.
	mark := len(l.Messages())
	if c, err := l.Dial(lab.Internet, global, 80, time.Second); err == nil {
		c.Close()
		t.Error("a connection is made though nobody listens where users log in")
	}
	await(t, l, mark, "%PIX-6-109001: Auth start for user '???' from 198.51.100.7/")
	listenForUsers(t, l)
	ask := func() string {
		c, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(c)
		return string(b)
	}
	if got := ask(); !strings.HasPrefix(got, "HTTP/1.0 503 ") {
		t.Errorf("an unknown user gets %q", got)
	}
	// Nobody else reaches the listener.
	if c, err := l.Dial(lab.Internet, ast.MustIP("192.168.1.1"), nft.LoginPort(80), time.Second); err == nil {
		c.Close()
		t.Error("the port where users log in is open to all")
	}
	outside := plan.IfByName("outside")
	if err := l.Engine.Login(outside, lab.Internet, "cse", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	if u := l.Engine.Users(); len(u.Users) != 1 || u.Users[0].Name != "cse" || u.Users[0].Addr != lab.Internet || u.Users[0].If != outside {
		t.Errorf("users: %+v", u)
	}
	if got := ask(); strings.Contains(got, " 503 ") || got == "" {
		t.Errorf("a user gets %q", got)
	}
	// A change of the policy keeps him.
	if _, err := l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	if got := ask(); strings.Contains(got, " 503 ") || got == "" {
		t.Errorf("after a change a user gets %q", got)
	}
	if err := l.Engine.ClearUsers("cse"); err != nil {
		t.Fatal(err)
	}
	if got := ask(); !strings.HasPrefix(got, "HTTP/1.0 503 ") {
		t.Errorf("one who was logged out gets %q", got)
	}
	for _, m := range l.Messages()[mark:] {
		if m.ID == 302013 && strings.Contains(m.Text, "/10680") {
			t.Errorf("a login counts as connection through the firewall: %v", m)
		}
	}
}

// What a list names that has no service to log in by is dropped, and told of; the rest of the interface goes on.
func TestUserLists(t *testing.T) {
	plan := loadPlan(t, "web.cfg", func(s string) string {
		return s + "aaa-server TAC protocol tacacs+\naaa-server TAC (inside) host 10.89.129.134 key\naccess-list who permit tcp any host 192.168.1.11 eq 8080\n" +
			"access-list who permit tcp any host 192.168.1.11 eq www\naaa authentication match who outside TAC\n"
	})
	l := newLab(t, plan)
	for _, port := range []uint16{80, 8080, 8081} {
		if err := l.Serve(server, port); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Get(lab.Internet, global, 8081); err != nil {
		t.Errorf("port 8081 is not in the list: %v", err)
	}
	mark := len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, global, 8080, time.Second) }()
	await(t, l, mark, "%PIX-3-109023: User from 198.51.100.7/")
	mark = len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, global, 80, time.Second) }()
	await(t, l, mark, "%PIX-6-109001: Auth start for user '???' from 198.51.100.7/")
	if err := l.Engine.Login(plan.IfByName("outside"), lab.Internet, "cse", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(lab.Internet, global, 8080); err != nil {
		t.Errorf("a user does not get through: %v", err)
	}
}

// The absolute time of a user is kept by the kernel, too.
func TestUserTimeout(t *testing.T) {
	plan := loadPlan(t, "pix.cfg", func(s string) string {
		return strings.ReplaceAll(s, "any host 10.89.129.131", "any host 192.168.1.11")
	})
	plan.UAuth.Absolute, plan.UAuth.Inactivity = 2*time.Second, 0
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	if err := l.Engine.Login(plan.IfByName("outside"), lab.Internet, "cse", runtime.UserList{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(lab.Internet, global, 80); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, err := l.Get(lab.Internet, global, 80); err != nil {
			break // nobody listens where users log in
		}
		if time.Now().After(end) {
			t.Fatal("the user is still there after his time")
		}
	}
	if n := len(l.Engine.Users().Users); n != 0 {
		t.Errorf("%d users are listed", n)
	}
}

// A shunned host is shut out at once, its connection is cut, and everybody else goes on; a new policy keeps the shun.
func TestShun(t *testing.T) {
	plan := loadPlan(t, "web.cfg", nil)
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mark := len(l.Messages())
	port := uint16(conn.LocalAddr().(*net.TCPAddr).Port)
	s := runtime.Shun{Src: lab.Internet, Dst: global, SrcPort: port, DstPort: 80, Proto: ast.ProtoTCP}
	if err := l.Engine.Shun(s); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "%PIX-4-401002: Shun added: 198.51.100.7 192.168.1.11 ")
	await(t, l, mark, " Deny")
	if c, err := l.Dial(lab.Internet, global, 80, time.Second); err == nil {
		c.Close()
		t.Error("a shunned host connects")
	}
	await(t, l, mark, "%PIX-4-401004: Shunned packet: 198.51.100.7 ==> 192.168.1.11 on interface outside")
	if _, err := l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	if c, err := l.Dial(lab.Internet, global, 80, time.Second); err == nil {
		c.Close()
		t.Error("a new policy has forgotten the shun")
	}
	if list := l.Engine.Shuns(); len(list) != 1 || list[0].Dropped == 0 {
		t.Errorf("shuns: %+v", list)
	}
	if err := l.Engine.NoShun(lab.Internet); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(lab.Internet, global, 80); err != nil {
		t.Errorf("after no shun: %v", err)
	}
	if err := l.Engine.NoShun(lab.Internet); err == nil {
		t.Error("a shun that is not there was taken back")
	}
}

// listenForUsers answers in the firewall's namespace where users log in.
func listenForUsers(t *testing.T, l *lab.Lab) {
	t.Helper()
	listener, err := uauth.Listen(func(network, address string) (s net.Listener, err error) {
		err = kernel.Within("/var/run/netns/"+l.Firewall(), func() (err error) {
			s, err = net.Listen(network, address)
			return err
		})
		return s, err
	}, map[uauth.Service]uint16{uauth.HTTP: nft.LoginPort(80)}, uauth.Limits{Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}

// A host has as many connections open where its user logs in as aaa proxy-limit says: one that ends makes room.
func TestProxyLimit(t *testing.T) {
	global := ast.MustIP("192.168.1.11")
	plan := loadPlan(t, "pix.cfg", func(s string) string {
		return strings.ReplaceAll(s, "any host 10.89.129.131", "any host 192.168.1.11") + "aaa proxy-limit 2\n"
	})
	l := newLab(t, plan)
	listenForUsers(t, l)
	dial := func() net.Conn {
		t.Helper()
		c, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	refused := func() {
		t.Helper()
		mark := len(l.Messages())
		if c, err := l.Dial(lab.Internet, global, 80, 500*time.Millisecond); err == nil {
			c.Close()
			t.Error("a third connection is made")
		}
		await(t, l, mark, "%PIX-4-109017: User at 198.51.100.7 exceeded auth proxy connection limit (max)")
	}
	first := dial()
	dial()
	refused()
	if err := first.(*net.TCPConn).SetLinger(0); err != nil { // a reset ends it at once
		t.Fatal(err)
	}
	first.Close()
	dial()
	refused()
}
