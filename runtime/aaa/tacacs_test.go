package aaa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	tq "github.com/facebookincubator/tacquito"

	"pixfw/ast"
)

// tacquito is a TACACS+ server of others, with users of ours.
type tacquito struct {
	t   testing.TB
	key string

	mu       sync.Mutex
	requests []string
	ask      int // further questions after the password
}

func (s *tacquito) Infof(context.Context, string, ...any)                {}
func (s *tacquito) Errorf(context.Context, string, ...any)               {}
func (s *tacquito) Debugf(context.Context, string, ...any)               {}
func (s *tacquito) Record(context.Context, map[string]string, ...string) {}
func (s *tacquito) Get(context.Context, net.Addr) ([]byte, tq.Handler, error) {
	return []byte(s.key), s, nil
}
func (s *tacquito) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, fmt.Sprintf(format, args...))
}

func (s *tacquito) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		return ""
	}
	return s.requests[len(s.requests)-1]
}

func (s *tacquito) reply(w tq.Response, v tq.EncoderDecoder) {
	if _, err := w.Reply(v); err != nil {
		s.t.Errorf("tacquito: %v", err)
	}
}

func authen(status tq.AuthenStatus, text string) *tq.AuthenReply {
	return tq.NewAuthenReply(tq.SetAuthenReplyStatus(status), tq.SetAuthenReplyServerMsg(text))
}

func verdict(user, password string) *tq.AuthenReply {
	switch {
	case user == "broken":
		return authen(tq.AuthenStatusError, "data base")
	case user == testUser && password == testPassword:
		return authen(tq.AuthenStatusPass, "hello")
	}
	return authen(tq.AuthenStatusFail, "bad password")
}

// Handle is the first packet of a session.
func (s *tacquito) Handle(w tq.Response, r tq.Request) {
	switch r.Header.Type {
	case tq.Authenticate:
		var b tq.AuthenStart
		if err := tq.Unmarshal(r.Body, &b); err != nil {
			s.t.Errorf("tacquito: start: %v", err)
			return
		}
		s.note("start type %d service %d priv %d user %s port %s from %s version %s", b.Type, b.Service, b.PrivLvl, b.User, b.Port, b.RemAddr, r.Header.Version)
		if b.Type == tq.AuthenTypePAP {
			s.reply(w, verdict(string(b.User), string(b.Data)))
			return
		}
		user := string(b.User)
		s.question(w, authen(tq.AuthenStatusGetUser, "Username: "), func(w tq.Response, text string) {
			if text != user {
				s.t.Errorf("user %q is then %q", user, text)
			}
			s.question(w, authen(tq.AuthenStatusGetPass, "Password: "), func(w tq.Response, password string) {
				s.mu.Lock()
				n := s.ask
				s.mu.Unlock()
				s.more(w, n, verdict(user, password))
			})
		})
	case tq.Authorize:
		var b tq.AuthorRequest
		if err := tq.Unmarshal(r.Body, &b); err != nil {
			s.t.Errorf("tacquito: authorization: %v", err)
			return
		}
		s.note("author method %d user %s port %s from %s args %v", b.Method, b.User, b.Port, b.RemAddr, []tq.Arg(b.Args))
		switch {
		case string(b.User) != testUser:
			s.reply(w, tq.NewAuthorReply(tq.SetAuthorReplyStatus(tq.AuthorStatusFail), tq.SetAuthorReplyServerMsg("not you")))
		case len(b.Args) == 2:
			s.reply(w, tq.NewAuthorReply(tq.SetAuthorReplyStatus(tq.AuthorStatusPassAdd),
				tq.SetAuthorReplyArgs("acl=120", "timeout=2", "idletime*1", "priv-lvl=15", "timeout2=x")))
		default:
			s.reply(w, tq.NewAuthorReply(tq.SetAuthorReplyStatus(tq.AuthorStatusPassRepl)))
		}
	case tq.Accounting:
		var b tq.AcctRequest
		if err := tq.Unmarshal(r.Body, &b); err != nil {
			s.t.Errorf("tacquito: accounting: %v", err)
			return
		}
		s.note("acct flags %d user %s port %s from %s args %v", b.Flags, b.User, b.Port, b.RemAddr, []tq.Arg(b.Args))
		status := tq.AcctReplyStatusSuccess
		if string(b.User) != testUser {
			status = tq.AcctReplyStatusError
		}
		s.reply(w, tq.NewAcctReply(tq.SetAcctReplyStatus(status)))
	}
}

// question asks and hands on what the client answers; a client that gives up is noted.
func (s *tacquito) question(w tq.Response, ask *tq.AuthenReply, then func(tq.Response, string)) {
	w.Next(tq.HandlerFunc(func(w tq.Response, r tq.Request) {
		var b tq.AuthenContinue
		if err := tq.Unmarshal(r.Body, &b); err != nil {
			s.t.Errorf("tacquito: continue: %v", err)
			return
		}
		if b.Flags.Has(tq.AuthenContinueFlagAbort) {
			s.note("abort")
			return
		}
		then(w, string(b.UserMessage))
	}))
	s.reply(w, ask)
}

func (s *tacquito) more(w tq.Response, n int, end *tq.AuthenReply) {
	if n == 0 {
		s.reply(w, end)
		return
	}
	s.question(w, authen(tq.AuthenStatusGetData, "Token: "), func(w tq.Response, text string) {
		s.note("token %s", text)
		s.more(w, n-1, end)
	})
}

// tacacsServer starts a server at 127.0.0.n and returns its port.
func tacacsServer(t testing.TB, n, port int, s *tacquito) uint16 {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(n)), Port: port})
	if err != nil {
		t.Skipf("127.0.0.%d cannot be listened at: %v", n, err)
	}
	s.t = t
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tq.NewServer(s, s).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		l.Close()
		if err := <-done; err != nil {
			t.Errorf("tacquito: %v", err)
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func TestTACACSLogin(t *testing.T) {
	s := &tacquito{key: testKey}
	at := tacacsServer(t, 1, 0, s)
	c, e, _ := client(t, plan("tacacs+", 1, 1), at)
	for _, pap := range []bool{false, true} {
		r := request()
		r.PAP = pap
		if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || got.Message != "hello" || got.Server != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("PAP %v: %+v", pap, got)
		}
		r.Password += "x"
		if got := c.Authenticate(patient(t), 0, r); got.Outcome != Reject || got.Message != "bad password" {
			t.Errorf("PAP %v, wrong password: %+v", pap, got)
		}
		want := "start type 1 service 1 priv 1 user cisco_customer port PIX from 10.89.129.200"
		if pap {
			want = strings.Replace(want, "type 1", "type 2", 1)
		}
		if !strings.HasPrefix(s.last(), want) {
			t.Errorf("PAP %v: %s", pap, s.last())
		}
	}
	r := request()
	r.Enable = true
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || !strings.Contains(s.last(), "service 2") {
		t.Errorf("enable: %+v, %s", got, s.last())
	}
	e.aboutUser(t, "tacacs")
	e.wantLog(t, "109001", "109005", "109001", "109006")
	e.wantDebug(t, "mk_pkt - type: 0x1, session_id: ", "user: cisco_customer", "Sending TACACS Start message. Session id: ", "seq no:1",
		"Received TACACS packet. Session id:", "seq no:2", "tacp_procpkt_authen: GETUSER", "tacp_procpkt_authen: GETPASS", "tacp_procpkt_authen: PASS")
	if st := c.Servers()[0]; st.Accepts != 3 || st.Rejects != 2 || !st.Alive || st.Timeouts != 0 {
		t.Errorf("state: %+v", st)
	}
}

// Further questions go to the user, or end the login where there is nobody to ask; that is not the server's fault.
func TestTACACSQuestions(t *testing.T) {
	s := &tacquito{key: testKey, ask: 2}
	c, _, _ := client(t, plan("tacacs+", 1, 1), tacacsServer(t, 1, 0, s))
	r := request()
	var asked []string
	r.Ask = func(_ context.Context, q string, echo bool) (string, error) {
		asked = append(asked, fmt.Sprint(q, echo))
		return fmt.Sprint(len(asked)), nil
	}
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || strings.Join(asked, "|") != "Token: true|Token: true" || s.last() != "token 2" {
		t.Errorf("%+v, %q, %s", got, asked, s.last())
	}
	r.Ask = func(context.Context, string, bool) (string, error) { return "", errors.New("the user is gone") }
	for range 2 {
		if got := c.Authenticate(patient(t), 0, r); got.Outcome != Reject || !c.Servers()[0].Alive {
			t.Errorf("%+v", got)
		}
		r.Ask = nil
	}
	s.mu.Lock()
	s.ask = 100
	s.mu.Unlock()
	r.Ask = func(context.Context, string, bool) (string, error) { return "again", nil }
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Failed || !strings.Contains(got.Reason, "questions") {
		t.Errorf("a server that never ends: %+v", got)
	}
}

func TestTACACSAuthorizationAndAccounting(t *testing.T) {
	s := &tacquito{key: testKey}
	c, e, _ := client(t, plan("tacacs+", 1, 1), tacacsServer(t, 1, 0, s))
	got := c.Authorize(patient(t), 0, request(), UserArgs())
	if got.Outcome != Pass || got.ACL != "120" || *got.Session != 2*time.Minute || *got.Idle != time.Minute || got.Level != 15 || len(got.Args) != 5 {
		t.Errorf("%+v", got)
	}
	got = c.Authorize(patient(t), 0, request(), ConnectionArgs("telnet", 0x0a598183))
	if want := "author method 6 user cisco_customer port PIX from 10.89.129.200 args [service=shell cmd=telnet cmd-arg=10.89.129.131]"; got.Outcome != Pass ||
		got.ACL != "" || s.last() != want {
		t.Errorf("%+v, %s", got, s.last())
	}
	r := request()
	r.User = "somebody"
	if got := c.Authorize(patient(t), 0, r, UserArgs()); got.Outcome != Reject || got.Message != "not you" {
		t.Errorf("%+v", got)
	}
	e.wantLog(t, "109007: Authorization permitted for user 'cisco_customer'", "109008: Authorization denied for user 'somebody'")

	rec := Record{ID: 5, User: testUser, Client: netip.MustParseAddr("10.89.129.200"), Foreign: End{0x0a5981c8, 1024}, Local: End{0x0a598183, 23}, Service: "telnet"}
	if err := c.Account(patient(t), 0, rec); err != nil {
		t.Fatal(err)
	}
	want := "acct flags 2 user cisco_customer port PIX from 10.89.129.200 args [task_id=0x5 foreign_ip=10.89.129.200 local_ip=10.89.129.131 cmd=telnet]"
	if s.last() != want {
		t.Errorf("start: %s", s.last())
	}
	rec.Stop, rec.Elapsed, rec.In, rec.Out = true, 15*time.Second, 99, 1879
	if err := c.Account(patient(t), 0, rec); err != nil {
		t.Fatal(err)
	}
	want = strings.Replace(strings.TrimSuffix(want, "]"), "flags 2", "flags 4", 1) + " elapsed_time=15 bytes_in=99 bytes_out=1879]"
	if s.last() != want {
		t.Errorf("stop: %s", s.last())
	}
	rec.User = "somebody"
	if err := c.Account(patient(t), 0, rec); err == nil || !strings.Contains(err.Error(), "does not take the report") {
		t.Errorf("a report that is not taken: %v", err)
	}
}

// An error of one server sends the question on to the next, at once and without a death.
func TestTACACSFailover(t *testing.T) {
	bad := &tacquito{key: "another key"}
	at := tacacsServer(t, 1, 0, bad)
	good := &tacquito{key: testKey}
	tacacsServer(t, 2, int(at), good)
	c, e, _ := client(t, plan("tacacs+", 2, 1), at)
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Pass || got.Server != netip.MustParseAddr("127.0.0.2") {
		t.Errorf("%+v", got)
	}
	if got := bad.last(); got != "" {
		t.Errorf("a server with another key has understood %q", got)
	}
	e.wantLog(t, "109002: Auth from 10.89.129.200/1024 to 10.89.129.131/23 failed (server 127.0.0.1 failed)", "109005")
	r := request()
	r.User = "broken"
	r.PAP = true
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Failed || !strings.Contains(got.Reason, "ERROR: data base") || !c.Servers()[1].Alive {
		t.Errorf("%+v", got)
	}
	// Nobody there at all: connections are refused, and the server is dead for its time.
	c, _, _ = client(t, plan("tacacs+", 1, 1), 1)
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Failed || c.Servers()[0].Alive || c.Servers()[0].Timeouts != 2 {
		t.Errorf("%+v, %+v", got, c.Servers()[0])
	}
}

// A server that says nothing is waited for as long as the configuration says, and the context ends that.
func TestTACACSSilence(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	came := make(chan net.Conn, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(came)
				return
			}
			came <- conn
		}
	}()
	t.Cleanup(func() {
		l.Close()
		for conn := range came {
			conn.Close()
		}
	})
	at := l.Addr().(*net.TCPAddr).AddrPort().Port()
	c, _, _ := client(t, plan("tacacs+", 1, 1), at)
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Failed || c.Servers()[0].Timeouts != 2 || c.Servers()[0].Alive {
		t.Errorf("%+v, %+v", got, c.Servers()[0])
	}
	for range 2 {
		(<-came).Close()
	}
	p := plan("tacacs+", 1, 1)
	p.AAAGroups[0].Servers[0].Timeout = time.Hour
	c, _, _ = client(t, p, at)
	ctx, cancel := context.WithCancel(patient(t))
	end := make(chan Result)
	go func() { end <- c.Authenticate(ctx, 0, request()) }()
	conn := <-came
	if _, err := io.ReadFull(conn, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := <-end; got.Outcome != Failed || !c.Servers()[0].Alive {
		t.Errorf("%+v", got)
	}
	conn.Close()
}

// An acceptance in clear text is no way around the key.
func TestTACACSClearText(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer conn.Close()
		head := make([]byte, 12)
		if _, err = io.ReadFull(conn, head); err == nil {
			head[2], head[3], head[11] = 2, 1, 6
			_, err = conn.Write(append(head, 1, 0, 0, 0, 0, 0))
		}
		done <- err
	}()
	c, _, _ := client(t, plan("tacacs+", 1, 1), l.Addr().(*net.TCPAddr).AddrPort().Port())
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Failed || c.Servers()[0].BadReplies != 1 {
		t.Errorf("%+v, %+v", got, c.Servers()[0])
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A key that the configuration does not know is not tried.
func TestMaskedKey(t *testing.T) {
	p := plan("tacacs+", 1, 1)
	p.AAAGroups[0].Servers[0].Key = ast.Secret("*****")
	c, _, _ := client(t, p, 1)
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Failed || !strings.Contains(got.Reason, "masked") {
		t.Errorf("%+v", got)
	}
}
