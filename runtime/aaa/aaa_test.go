package aaa

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

const (
	testKey      = "secretkey"
	testUser     = "cisco_customer"
	testPassword = "a pass word"
)

var testFlow = &Flow{From: End{0x0a5981c8, 1024}, To: End{0x0a598183, 23}, If: "outside"}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// events collects what a client emits, and looks whether a secret is in it.
type events struct {
	t    testing.TB
	mu   sync.Mutex
	logs []string // as `%PIX-6-109005: ...`
	all  []string // debug lines
	told []string // their facilities
}

func (e *events) emit(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	lines := ev.Lines()
	if ev.ID != 0 {
		m := syslog.New(ev.ID, ev.Args...)
		lines = []string{m.Text}
		e.logs = append(e.logs, m.String())
	} else if ev.Facility() == "" {
		e.t.Errorf("an event without a facility: %v", ev)
	} else {
		e.all = append(e.all, lines...)
		e.told = append(e.told, ev.Facility())
	}
	for _, l := range lines {
		if strings.Contains(l, testKey) || strings.Contains(l, testPassword) {
			e.t.Errorf("a secret is told: %s", l)
		}
		if strings.Contains(l, "%!") || strings.ContainsAny(l, "\x1b\r\n") {
			e.t.Errorf("badly printed: %q", l)
		}
	}
}

// aboutUser looks whether the lines of a protocol can be asked for by user: all of them.
func (e *events) aboutUser(t *testing.T, protocol string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, f := range e.told {
		if f == protocol+" user "+testUser {
			n++
		} else if strings.HasPrefix(f, protocol) {
			t.Errorf("a line of %s", f)
		}
	}
	if n == 0 {
		t.Errorf("no line about the user in %q", e.told)
	}
}

func (e *events) wantLog(t *testing.T, parts ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	text := strings.Join(e.logs, "\n")
	for _, p := range parts {
		i := strings.Index(text, p)
		if i < 0 {
			t.Fatalf("no %q in what follows of\n%s", p, strings.Join(e.logs, "\n"))
		}
		text = text[i+len(p):]
	}
}

func (e *events) wantDebug(t *testing.T, parts ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	text := strings.Join(e.all, "\n")
	for _, p := range parts {
		i := strings.Index(text, p)
		if i < 0 {
			t.Fatalf("no %q in what follows of\n%s", p, strings.Join(e.all, "\n"))
		}
		text = text[i+len(p):]
	}
}

// ip is 127.0.0.n.
func ip(n int) ast.IP { return ast.IP(127<<24 | n) }

// plan has one group of servers at 127.0.0.1, .2, ...
func plan(protocol string, servers int, port uint16) *compiler.Plan {
	p := &compiler.Plan{}
	p.AAA.AuthPort, p.AAA.AcctPort = port, port
	p.AAA.Users = []compiler.User{{Name: "admin7", Hash: ast.PasswordHash("admin7", testPassword), Level: 7}}
	g := compiler.AAAGroup{Tag: "AuthInbound", Protocol: protocol, MaxFailed: 2, Deadtime: 10 * time.Minute}
	for n := range servers {
		g.Servers = append(g.Servers, compiler.AAAServer{If: 1, IP: ip(n + 1), Key: testKey, Timeout: 200 * time.Millisecond})
	}
	p.AAAGroups = []compiler.AAAGroup{g, {Tag: "LOCAL", Protocol: "local"}, {Tag: "empty", Protocol: protocol}}
	return p
}

func client(t testing.TB, p *compiler.Plan, port uint16) (*Client, *events, *runtime.VirtualClock) {
	e, clock := &events{t: t}, runtime.NewVirtualClock(start)
	return New(p, Options{Clock: clock, Emit: e.emit, TACACSPort: port}), e, clock
}

func request() Request {
	return Request{User: testUser, Password: testPassword, Client: netip.MustParseAddr("10.89.129.200"), Flow: testFlow}
}

// patient is a context for tests that must not hang.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// silent listens on UDP at 127.0.0.n and answers nothing.
func silent(t testing.TB, n int, port uint16) net.PacketConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, byte(n)), Port: int(port)})
	if err != nil {
		t.Skipf("127.0.0.%d cannot be listened at: %v", n, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestLocal(t *testing.T) {
	c, e, _ := client(t, plan("radius", 0, 1), 0)
	for user, want := range map[string]Result{
		"admin7": {Outcome: Pass, Local: true, Level: 7},
		"Admin7": {Outcome: Reject, Local: true, Level: -1},
		"":       {Outcome: Reject, Local: true, Level: -1},
	} {
		r := request()
		r.User = user
		if got := c.Authenticate(patient(t), 1, r); got.Outcome != want.Outcome || got.Level != want.Level || !got.Local {
			t.Errorf("%q: %+v", user, got)
		}
	}
	r := request()
	r.User = "admin7"
	r.Password += "x"
	if got := c.Authenticate(patient(t), 1, r); got.Outcome != Reject {
		t.Errorf("wrong password: %+v", got)
	}
	e.wantLog(t, "%PIX-6-109001: Auth start for user '", "' from 10.89.129.200/1024 to 10.89.129.131/23")
	e.wantLog(t, "%PIX-6-109005: Authentication succeeded for user 'admin7' from 10.89.129.200/1024 to 10.89.129.131/23 on interface outside")
	e.wantLog(t, "%PIX-6-109006: Authentication failed for user 'Admin7' from 10.89.129.200/1024 to 10.89.129.131/23 on interface outside")
	if got := c.Authenticate(patient(t), 2, request()); got.Outcome != Failed || !strings.Contains(got.Reason, "no server") {
		t.Errorf("a group without servers: %+v", got)
	}
	if got := c.Authenticate(patient(t), 7, request()); got.Outcome != Failed {
		t.Errorf("no such group: %+v", got)
	}
	if err := c.Account(patient(t), 1, Record{}); err == nil {
		t.Error("LOCAL took accounting")
	}
	if got := c.Authorize(patient(t), 1, request(), UserArgs()); got.Outcome != Failed {
		t.Errorf("LOCAL authorizes: %+v", got)
	}
}

// A group that is asked for by its tag is that group under every Plan.
func TestAuthenticateWith(t *testing.T) {
	c, _, _ := client(t, plan("radius", 0, 1), 0)
	r := request()
	r.User = "admin7"
	ask := func(want Outcome) {
		t.Helper()
		if got := c.AuthenticateWith(patient(t), "LOCAL", r); got.Outcome != want {
			t.Errorf("%+v, want %v", got, want)
		}
	}
	ask(Pass)
	p := plan("radius", 0, 1)
	slices.Reverse(p.AAAGroups)
	p.AAAGroups = p.AAAGroups[1:] // LOCAL is the first now
	c.Apply(p)
	ask(Pass)
	p = plan("radius", 0, 1)
	p.AAAGroups = p.AAAGroups[:1]
	c.Apply(p)
	ask(Failed)
}

// Names from outside do not reach a terminal as they are.
func TestNamesArePrintable(t *testing.T) {
	c, e, _ := client(t, plan("radius", 0, 1), 0)
	r := request()
	r.User = "a\x1b[2J\r\nb"
	c.Authenticate(patient(t), 1, r)
	e.wantLog(t, "user 'a?[2J??b'")
	r.User = strings.Repeat("x", 300)
	if got := c.Authenticate(patient(t), 1, r); got.Outcome != Failed {
		t.Errorf("a long name: %+v", got)
	}
}

func TestArgs(t *testing.T) {
	for want, got := range map[string][]string{
		"service=shell cmd=http cmd-arg=10.89.129.131":              ConnectionArgs(ServiceName(ast.ProtoTCP, 80), 0x0a598183),
		"service=shell cmd=17/53 cmd-arg=10.89.129.131":             ConnectionArgs(ServiceName(ast.ProtoUDP, 53), 0x0a598183),
		"service=shell cmd=show cmd-arg=version cmd-arg=<cr>":       CommandArgs([]string{"show", "version"}),
		"service=shell cmd= cmd-arg=<cr>":                           CommandArgs(nil),
		"service=shell cmd=":                                        UserArgs(),
		"service=shell cmd=configure cmd-arg=terminal cmd-arg=<cr>": CommandArgs([]string{"configure", "terminal"}),
	} {
		if strings.Join(got, " ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A group whose servers do not answer has its own places full, and leaves those of others alone; another plan keeps both as they are.
func TestSlowGroup(t *testing.T) {
	good, dumb := silent(t, 1, 0), silent(t, 2, 0)
	serve(t, good, testKey, users(t, nil))
	p := plan("radius", 1, port(good))
	slow := compiler.AAAGroup{Tag: "slow", Protocol: "radius", MaxFailed: 3, Servers: []compiler.AAAServer{{If: 1, IP: ip(2), Key: testKey, Timeout: time.Hour}}}
	p.AAAGroups = append(p.AAAGroups, slow)
	forward := make(chan string, 1)
	c := New(p, Options{MaxInFlight: 1, Dial: func(ctx context.Context, network string, server netip.AddrPort, _ int) (net.Conn, error) {
		if server.Addr() == address(ip(2)) {
			server = dumb.LocalAddr().(*net.UDPAddr).AddrPort()
			forward <- "asked"
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.String())
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ends := make(chan Result, 3)
	for range 3 {
		go func() { ends <- c.AuthenticateWith(ctx, "slow", request()) }()
	}
	<-forward
	for _, again := range []bool{false, true} {
		if again {
			c.Apply(p)
		}
		r := request()
		r.Flow = nil
		if got := c.AuthenticateWith(patient(t), "AuthInbound", r); got.Outcome != Pass {
			t.Errorf("another group: %+v", got)
		}
	}
	short, stop := context.WithCancel(context.Background())
	stop()
	if got := c.AuthenticateWith(short, "slow", request()); got.Outcome != Failed || len(forward) != 0 {
		t.Errorf("more than its places: %+v", got)
	}
	cancel()
	for range 3 {
		if got := <-ends; got.Outcome != Failed {
			t.Errorf("%+v", got)
		}
	}
}
