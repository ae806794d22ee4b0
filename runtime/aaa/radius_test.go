package aaa

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"

	"pixfw/ast"
)

// serve answers on a socket with the server of the library.
func serve(t testing.TB, conn net.PacketConn, key string, handler func(w radius.ResponseWriter, r *radius.Request)) {
	t.Helper()
	s := &radius.PacketServer{Handler: radius.HandlerFunc(handler), SecretSource: radius.StaticSecretSource([]byte(key))}
	done := make(chan error, 1)
	go func() { done <- s.Serve(conn) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("ending the server: %v", err)
		}
		if err := <-done; !errors.Is(err, radius.ErrServerShutdown) {
			t.Errorf("the server: %v", err)
		}
	})
}

func port(conn net.PacketConn) uint16 { return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

func write(t testing.TB, w radius.ResponseWriter, p *radius.Packet) {
	if err := w.Write(p); err != nil {
		t.Errorf("the server cannot answer: %v", err)
	}
}

// users is a server that knows testUser.
func users(t testing.TB, extra func(*radius.Packet)) func(w radius.ResponseWriter, r *radius.Request) {
	return func(w radius.ResponseWriter, r *radius.Request) {
		p := r.Response(radius.CodeAccessReject)
		if rfc2865.UserName_GetString(r.Packet) == testUser && rfc2865.UserPassword_GetString(r.Packet) == testPassword {
			p = r.Response(radius.CodeAccessAccept)
			if extra != nil {
				extra(p)
			}
		} else if err := rfc2865.ReplyMessage_SetString(p, "no\x1bway"); err != nil {
			t.Error(err)
		}
		write(t, w, p)
	}
}

func TestRADIUSLogin(t *testing.T) {
	conn := silent(t, 1, 0)
	var seen *radius.Packet
	var mu sync.Mutex
	answer := users(t, func(p *radius.Packet) {
		err := errors.Join(rfc2865.FilterID_SetString(p, "120"), pair(p, "shell:priv-lvl=5"), pair(p, "ip:inacl#20=deny ip any any"),
			pair(p, "ip:inacl#3=permit tcp any host 10.89.129.131 eq www"), rfc2865.Class_AddString(p, "c1"), rfc2865.Class_AddString(p, "c2"),
			rfc2865.SessionTimeout_Set(p, 120), rfc2865.IdleTimeout_Set(p, 0), rfc2865.ReplyMessage_SetString(p, "welcome"))
		if err != nil {
			t.Error(err)
		}
	})
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		mu.Lock()
		seen = r.Packet
		mu.Unlock()
		answer(w, r)
	})
	c, e, _ := client(t, plan("radius", 1, port(conn)), 0)
	got := c.Authenticate(patient(t), 0, request())
	if got.Outcome != Pass || got.ACL != "120" || got.Level != 5 || got.Message != "welcome" || *got.Session != 2*time.Minute || *got.Idle != 0 ||
		strings.Join(got.ACEs, "|") != "permit tcp any host 10.89.129.131 eq www|deny ip any any" ||
		len(got.Class) != 2 || string(got.Class[1]) != "c2" || got.Server != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%+v", got)
	}
	e.aboutUser(t, "radius")
	mu.Lock()
	p := seen
	mu.Unlock()
	nas, _ := rfc2865.NASIPAddress_Lookup(p)
	if !nas.Equal(net.IPv4(127, 0, 0, 1)) || rfc2865.NASPortType_Get(p) != 5 || rfc2865.CallingStationID_GetString(p) != "10.89.129.200" ||
		!slices.Contains(pairs(p), "ip:source-ip=10.89.129.200") {
		t.Errorf("request: %+v", p.Attributes)
	}
	if p.Attributes[0].Type != rfc2869.MessageAuthenticator_Type {
		t.Errorf("the first attribute is of type %d", p.Attributes[0].Type)
	}
	wire, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkMessageAuthenticator(wire, wire, testKey); err != nil {
		t.Error(err)
	}
	if _, ok := p.Lookup(rfc2865.ServiceType_Type); ok {
		t.Error("a Service-Type is sent")
	}
	r := request()
	r.Password = "wrong"
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Reject || got.Message != "no?way" {
		t.Errorf("wrong password: %+v", got)
	}
	r.Password = ast.Secret(strings.Repeat("x", 129))
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Failed || strings.Contains(got.Reason, "xxx") {
		t.Errorf("long password: %+v", got)
	}
	e.wantLog(t, "109001", "109005", "109006")
	e.wantDebug(t, "aaa_auth_start: user 'cisco_customer' from 10.89.129.200/1024 to 10.89.129.131/23 group AuthInbound", "radius mkreq: 0x",
		"got user 'cisco_customer'", "RADIUS_REQUEST", "send pkt 127.0.0.1/", "rad_vrfy() : response message verified",
		"RADIUS_ACCESS_ACCEPT: normal termination", "radius: send queue empty", "result PASS", "RADIUS_ACCESS_REJECT", "result FAIL")
	st := c.Servers()[0]
	if !st.Alive || st.Tag != "AuthInbound" || st.Accepts != 1 || st.Rejects != 1 || st.Authentications != 3 || st.Pending != 0 || st.LastRTT <= 0 {
		t.Errorf("state: %+v", st)
	}
}

// A challenge goes to the user, and his answer back with the server's state.
func TestRADIUSChallenge(t *testing.T) {
	conn := silent(t, 1, 0)
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		p := r.Response(radius.CodeAccessChallenge)
		if rfc2865.State_GetString(r.Packet) == "s1" && rfc2865.UserPassword_GetString(r.Packet) == "123456" {
			p = r.Response(radius.CodeAccessAccept)
		} else if err := errors.Join(rfc2865.State_SetString(p, "s1"), rfc2865.ReplyMessage_SetString(p, "token?")); err != nil {
			t.Error(err)
		}
		write(t, w, p)
	})
	c, _, _ := client(t, plan("radius", 1, port(conn)), 0)
	r := request()
	got := c.Authenticate(patient(t), 0, r)
	if got.Outcome != Challenge || got.Message != "token?" || string(got.State) != "s1" {
		t.Fatalf("%+v", got)
	}
	r.State, r.Password = got.State, "123456"
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass {
		t.Errorf("%+v", got)
	}
}

// What the key does not prove counts for nothing: neither a forged acceptance, nor one whose Message-Authenticator is wrong.
func TestRADIUSForgery(t *testing.T) {
	conn := silent(t, 1, 0)
	var forged atomic.Int32
	answer := users(t, nil)
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		for i := range 4 {
			p := r.Response(radius.CodeAccessAccept)
			switch i {
			case 0:
				p.Secret = []byte("another key")
			case 1:
				p.Identifier++
			case 2:
				p.Add(rfc2869.MessageAuthenticator_Type, make(radius.Attribute, 16))
			case 3:
				p.Code = radius.CodeAccountingResponse
			}
			write(t, w, p)
			forged.Add(1)
		}
		answer(w, r)
	})
	c, e, _ := client(t, plan("radius", 1, port(conn)), 0)
	r := request()
	r.Password = "wrong"
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Reject {
		t.Errorf("%+v", got)
	}
	if st := c.Servers()[0]; st.BadReplies != 4 || forged.Load() != 4 || st.Accepts != 0 {
		t.Errorf("%d forged: %+v", forged.Load(), st)
	}
	e.wantDebug(t, "not authentic", "identifier", "Message-Authenticator is wrong", "code 5 to a login")

	other := plan("radius", 1, port(conn))
	other.AAAGroups[0].Servers[0].Key = "a third key"
	c.Apply(other)
	// the server cannot read this request's password, and signs with its own key
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Failed || c.Servers()[0].Alive {
		t.Errorf("another key: %+v", got)
	}
}

// Servers are asked in order; a dead one rests for its time; then all count again.
func TestFailover(t *testing.T) {
	first := silent(t, 1, 0)
	second := silent(t, 2, port(first))
	serve(t, second, testKey, users(t, nil))
	p := plan("radius", 2, port(first))
	p.AAAGroups[0].Servers[0].Timeout = 20 * time.Millisecond
	c, e, clock := client(t, p, 0)
	for range 2 {
		if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Pass || got.Server != netip.MustParseAddr("127.0.0.2") {
			t.Fatalf("%+v", got)
		}
	}
	st := c.Servers()
	if st[0].Alive || st[0].Timeouts != 2 || st[0].Retransmissions != 1 || st[0].Deaths != 1 || !st[0].DeadUntil.Equal(start.Add(10*time.Minute)) {
		t.Errorf("the first server: %+v", st[0])
	}
	if !st[1].Alive || st[1].Accepts != 2 {
		t.Errorf("the second: %+v", st[1])
	}
	e.wantLog(t, "%PIX-6-109002: Auth from 10.89.129.200/1024 to 10.89.129.131/23 failed (server 127.0.0.1 failed) on interface outside", "109005")
	e.wantDebug(t, "aaa: server 127.0.0.1 of group AuthInbound does not answer; marked dead for 10m0s")
	clock.Advance(10*time.Minute - 1)
	if c.Servers()[0].Alive {
		t.Error("alive before its time")
	}
	clock.Advance(1)
	if !c.Servers()[0].Alive {
		t.Error("dead after its time")
	}
	if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Pass {
		t.Errorf("%+v", got)
	}
	if st := c.Servers()[0]; st.Deaths != 2 {
		t.Errorf("not asked again: %+v", st)
	}
	// The same server in another Plan is still dead; with another key it is another.
	c.Apply(p)
	if c.Servers()[0].Alive {
		t.Error("a new Plan has revived it")
	}
	c.Revive(0)
	if !c.Servers()[0].Alive {
		t.Error("not revived")
	}
}

// While every server counts as dead, LOCAL is asked where that is allowed, else the servers.
func TestFallback(t *testing.T) {
	conn := silent(t, 1, 0)
	p := plan("radius", 1, port(conn))
	p.AAAGroups[0].Servers[0].Timeout = 20 * time.Millisecond
	c, e, _ := client(t, p, 0)
	r := request()
	r.User, r.Local = "admin7", true
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || !got.Local || got.Level != 7 {
		t.Errorf("%+v", got)
	}
	e.wantLog(t, "109001", "109002", "109003: Auth from 10.89.129.200/1024 to 10.89.129.131/23 failed (all servers failed) on interface outside",
		"409023", "109005")
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || c.Servers()[0].Authentications != 1 {
		t.Errorf("a dead server is asked: %+v", got)
	}
	r.Local = false
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Failed || c.Servers()[0].Authentications != 2 {
		t.Errorf("without LOCAL: %+v, %+v", got, c.Servers()[0])
	}
}

// A request is repeated as it was, and the answer to its repetition counts.
func TestRADIUSRetransmits(t *testing.T) {
	conn := silent(t, 1, 0)
	var mu sync.Mutex
	var got []string
	answer := users(t, nil)
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		wire, err := r.MarshalBinary()
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		got = append(got, hex.EncodeToString(wire))
		n := len(got)
		mu.Unlock()
		if n == 2 {
			answer(w, r)
		}
	})
	p := plan("radius", 1, port(conn))
	p.AAAGroups[0].Servers[0].Timeout = 150 * time.Millisecond
	c, _, _ := client(t, p, 0)
	if r := c.Authenticate(patient(t), 0, request()); r.Outcome != Pass {
		t.Fatalf("%+v", r)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 2 || got[0] != got[1] {
		t.Errorf("requests: %q", got)
	}
}

func TestRADIUSAccounting(t *testing.T) {
	conn := silent(t, 1, 0)
	got := make(chan *radius.Packet, 4)
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		got <- r.Packet
		write(t, w, r.Response(radius.CodeAccountingResponse))
	})
	c, e, _ := client(t, plan("radius", 1, port(conn)), 0)
	rec := Record{ID: c.NewID(), User: testUser, Client: netip.MustParseAddr("10.89.129.200"), Foreign: End{0x0a5981c8, 1024},
		Local: End{0x0a598183, 23}, Service: "telnet", Class: [][]byte{[]byte("c1")}}
	if err := c.Account(patient(t), 0, rec); err != nil {
		t.Fatal(err)
	}
	p := <-got
	if rfc2866.AcctStatusType_Get(p) != rfc2866.AcctStatusType_Value_Start || rfc2866.AcctSessionID_GetString(p) != "0x00000001" ||
		rfc2865.UserName_GetString(p) != testUser || rfc2865.LoginTCPPort_Get(p) != 23 || rfc2865.Class_GetString(p) != "c1" ||
		!slices.Contains(pairs(p), "ip:destination-ip=10.89.129.131") || !slices.Contains(pairs(p), "ip:source-port=1024") {
		t.Errorf("start: %+v", p.Attributes)
	}
	rec.Stop, rec.Elapsed, rec.In, rec.Out = true, 15*time.Second, 99, 1<<32+1879
	if err := c.Account(patient(t), 0, rec); err != nil {
		t.Fatal(err)
	}
	p = <-got
	if rfc2866.AcctStatusType_Get(p) != rfc2866.AcctStatusType_Value_Stop || rfc2866.AcctSessionTime_Get(p) != 15 ||
		rfc2866.AcctInputOctets_Get(p) != 99 || rfc2866.AcctOutputOctets_Get(p) != 1879 || rfc2869.AcctOutputGigawords_Get(p) != 1 {
		t.Errorf("stop: %+v", p.Attributes)
	}
	e.wantDebug(t, "RADIUS_ACCOUNTING_RESPONSE", "aaa_acct: user 'cisco_customer' group AuthInbound start task_id 0x1 result PASS", "stop")
}

// counted is a socket that says when it is closed.
type counted struct {
	net.Conn
	open *atomic.Int32
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.Conn.Close()
}

// No more ask at a time than there are places, and the end of a context ends a wait at once.
func TestPlaces(t *testing.T) {
	conn := silent(t, 1, 0)
	serve(t, conn, testKey, users(t, nil))
	p := plan("radius", 1, port(conn))
	p.AAAGroups[0].Servers[0].Timeout = 5 * time.Second
	e := &events{t: t}
	var now, most atomic.Int32
	c := New(p, Options{Emit: e.emit, MaxInFlight: 4, Dial: func(ctx context.Context, network string, server netip.AddrPort, _ int) (net.Conn, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, server.String())
		return &counted{conn, &now}, err
	}})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if got := c.Authenticate(patient(t), 0, request()); got.Outcome != Pass {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
	if st := c.Servers()[0]; st.Accepts != 100 || st.Pending != 0 || most.Load() > 4 || now.Load() != 0 {
		t.Errorf("%+v, %d at a time", st, most.Load())
	}

	dumb := silent(t, 2, 0)
	p = plan("radius", 1, port(dumb))
	p.AAAGroups[0].Servers[0].IP, p.AAAGroups[0].Servers[0].Timeout = ip(2), time.Hour
	c = New(p, Options{MaxInFlight: 1})
	ctx, cancel := context.WithCancel(context.Background())
	ends := make(chan Result, 2)
	for range 2 {
		go func() { ends <- c.Authenticate(ctx, 0, request()) }()
	}
	buf := make([]byte, 4096)
	if _, _, err := dumb.ReadFrom(buf); err != nil {
		t.Fatal(err)
	}
	cancel()
	for range 2 {
		select {
		case got := <-ends:
			if got.Outcome != Failed {
				t.Errorf("%+v", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a call does not end with its context")
		}
	}
	if st := c.Servers()[0]; !st.Alive {
		t.Errorf("the server has got the blame: %+v", st)
	}
}

func FuzzRADIUSReply(f *testing.F) {
	request := radius.New(radius.CodeAccessRequest, []byte(testKey))
	wire, err := encode(request)
	if err != nil {
		f.Fatal(err)
	}
	ok := request.Response(radius.CodeAccessAccept)
	if err := errors.Join(pair(ok, "ip:inacl#1=permit ip any any"), rfc2865.SessionTimeout_Set(ok, 1)); err != nil {
		f.Fatal(err)
	}
	b, err := ok.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Add(b[:21], false)
	lists := request.Response(radius.CodeAccessAccept)
	if err := errors.Join(pair(lists, "ACS:CiscoSecure-Defined-ACL=#ACSACL#-x-1"), pair(lists, "acl=120"), pair(lists, "ip:inacl#x=deny ip any any"),
		rfc2865.FilterID_SetString(lists, "120")); err != nil {
		f.Fatal(err)
	}
	if b, err = lists.Encode(); err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Fuzz(func(t *testing.T, reply []byte, sign bool) {
		if sign && len(reply) >= 20 { // as if the server meant it
			reply = append([]byte(nil), reply[:min(len(reply), 4096)]...)
			reply[1], reply[2], reply[3] = wire[1], byte(len(reply)>>8), byte(len(reply))
			p := &radius.Packet{Code: radius.Code(reply[0]), Identifier: wire[1], Secret: []byte(testKey), Authenticator: [16]byte(wire[4:20])}
			var err error
			if p.Attributes, err = radius.ParseAttributes(reply[20:]); err != nil {
				return
			}
			if reply, err = p.Encode(); err != nil {
				return
			}
		}
		p, err := readAnswer(reply, wire, testKey, false)
		if err != nil {
			return
		}
		if !radius.IsAuthenticResponse(reply[:int(reply[2])<<8|int(reply[3])], wire, []byte(testKey)) {
			t.Fatalf("%x is not proven", reply)
		}
		r, named := readLogin(&server{}, p, "cse")
		if len(r.ACEs) > 4096/8 || strings.ContainsAny(r.Message, "\x1b\x00") {
			t.Fatalf("%+v", r)
		}
		// Whatever speaks of a list restricts the user, and nothing else does.
		speaks := len(texts(p, rfc2865.FilterID_Type)) > 0
		for _, a := range pairs(p) {
			name, _, _ := strings.Cut(a, "=")
			speaks = speaks || name == "acl" || name == "ACS:CiscoSecure-Defined-ACL" || strings.HasPrefix(a, "ip:inacl")
		}
		if of := r.Outcome == Pass && speaks; r.Restricted != of || !of && (r.List != "" || r.ACL != "" || r.ACEs != nil || named) ||
			len(r.ACEs) > 0 && r.List == "" && !named {
			t.Fatalf("%v: %+v", pairs(p), r)
		}
	})
}
