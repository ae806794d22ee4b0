package ike

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

// pixClients is a box for clients of both kinds, as the documents of the time configure it.
const pixClients = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
hostname pixfirewall
access-list 101 permit ip 10.89.129.128 255.255.255.240 10.89.129.192 255.255.255.240
access-list split permit ip 10.89.129.128 255.255.255.128 any
access-list split deny ip 10.1.0.0 255.255.0.0 any
access-list split permit ip 10.2.0.0 255.255.0.0 any
ip address outside 192.168.1.1 255.255.255.0
ip address inside 10.89.129.194 255.255.255.240
ip local pool VPNpool 10.89.129.200-10.89.129.204
nat (inside) 0 access-list 101
route outside 0.0.0.0 0.0.0.0 192.168.1.254 1
aaa-server AuthInbound protocol tacacs+
aaa-server AuthInbound (inside) host 10.89.129.134 secretkey timeout 10
sysopt connection permit-ipsec
crypto ipsec transform-set myset esp-des esp-md5-hmac
crypto dynamic-map dynmap 10 set transform-set myset
crypto map mymap 10 ipsec-isakmp dynamic dynmap
crypto map mymap client configuration address initiate
crypto map mymap client configuration address respond
crypto map mymap client authentication AuthInbound
crypto map mymap interface outside
isakmp enable outside
isakmp key wildkey address 0.0.0.0 netmask 0.0.0.0
isakmp identity address
isakmp client configuration address-pool local VPNpool outside
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption des
isakmp policy 10 hash md5
isakmp policy 10 group 2
isakmp policy 10 lifetime 86400
isakmp policy 20 authentication pre-share
isakmp policy 20 encryption des
isakmp policy 20 hash md5
isakmp policy 20 group 1
isakmp policy 20 lifetime 86400
vpngroup vpn3000 address-pool VPNpool
vpngroup vpn3000 idle-time 1800
vpngroup vpn3000 password grouppw
`

func clientWorld(t testing.TB, more string, o Options) (*world, *box) {
	t.Helper()
	w := newWorld(t)
	return w, w.add("192.168.1.1", pixClients+more, o)
}

// answer is that of the server group to the oldest question.
func answer(t testing.TB, w *world, b *box, r AuthResult) Authenticate {
	t.Helper()
	if len(b.asks) == 0 {
		t.Fatalf("nobody is asked\n%s", b.debug.String())
	}
	ask := b.asks[0]
	b.asks = b.asks[1:]
	w.do(b, b.AuthResult(ask.ID, r))
	w.run()
	return ask
}

func (c *vpnClient) wants(want string) {
	c.t.Helper()
	if got := strings.Join(c.got, " | "); got != want {
		c.t.Errorf("the client has seen\n%s\nnot\n%s", got, want)
	}
}

// old makes a client 1.1 of it.
func (c *vpnClient) old() *vpnClient {
	c.main, c.auth, c.key = true, authPSK, "wildkey"
	c.proxy = identity{Type: idSubnet, Data: []byte{10, 89, 129, 128, 255, 255, 255, 128}}
	return c
}

const (
	asked  = "CFG_REQUEST 16520,16521,16522"
	set    = "CFG_SET 16527"
	passed = "phase1 | " + asked + " | " + set + " | status 1"
)

// Client 4.x: asked to log in at once after phase 1, pulls its address (commands-vpn-aaa-show.md 3.2).
func TestClientAggressive(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	b.SetDebug(ISAKMP, 1)
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	c.wants("phase1 | " + asked)
	if len(b.asks) != 1 || b.asks[0].User != "cisco_customer" || b.asks[0].Password != "cisco" || b.asks[0].Peer != addr("192.168.1.2") ||
		b.plan.AAAGroups[b.asks[0].Group].Tag != "AuthInbound" || b.asks[0].VPNGroup != "vpn3000" {
		t.Fatalf("%+v", b.asks)
	}
	if s := b.SAs()[0]; len(b.clients) != 0 || s.User != "" || s.State != "OAK_CONF_XAUTH" {
		t.Errorf("a client before its login: %+v, %+v", b.clients, b.SAs())
	}
	if now, most := b.Logins(); now != 1 || most != 1 {
		t.Errorf("%d logins, %d at most", now, most)
	}
	answer(t, w, b, AuthResult{Verdict: Accept, Session: "s1"})
	if now, most := b.Logins(); now != 0 || most != 1 {
		t.Errorf("after the login: %d logins, %d at most", now, most)
	}
	c.wants(passed + " | CFG_REPLY 1 | quick")
	if c.addr != addr("10.89.129.200") || len(b.live) != 1 || b.last().Client != c.addr || b.last().User != "cisco_customer" || b.last().Group != "vpn3000" {
		t.Errorf("%v, %+v", c.addr, b.last())
	}
	if up := only(t, b); up.Addr != c.addr || up.User != "cisco_customer" || up.Group != "vpn3000" || up.Session != "s1" || up.Peer != addr("192.168.1.2") {
		t.Errorf("%+v", up)
	}
	if s := b.SAs()[0]; s.User != "cisco_customer" || s.Group != "vpn3000" || s.State != "QM_IDLE" {
		t.Errorf("%+v", s)
	}
	debugHas(t, b, "SA has been authenticated", "return status is IKMP_NO_ERROR", "ISAKMP/xauth: request attribute XAUTH_TYPE",
		"ISAKMP/xauth: request attribute XAUTH_USER_NAME", "ISAKMP/xauth: request attribute XAUTH_USER_PASSWORD",
		"ISAKMP (0:0): initiating peer config to 192.168.1.2. ID = ", "ISAKMP_TRANSACTION exchange",
		"ISAKMP (0:0): processing transaction payload from 192.168.1.2. message ID = 92", "ISAKMP: Config payload CFG_REPLY",
		"return status is IKMP_ERR_NO_RETRANS", "ISAKMP (0:0): initiating peer config to 192.168.1.2. ID = ",
		"message ID = 60", "ISAKMP: Config payload CFG_ACK", "return status is IKMP_NO_ERROR", "message ID = 0\nISAKMP: Config payload CFG_REQUEST",
		"ISAKMP (0:0): checking request:\nISAKMP: attribute    IP4_ADDRESS (1)\nISAKMP: attribute    IP4_NETMASK (2)\n"+
			"ISAKMP: attribute    IP4_DNS (3)\nISAKMP: attribute    IP4_NBNS (4)\nISAKMP: attribute    ADDRESS_EXPIRY (5)\n"+
			"        Unsupported Attr: 5\nISAKMP: attribute    APPLICATION_VERSION (7)\n        Unsupported Attr: 7\n"+
			"ISAKMP: attribute    UNKNOWN (28672)\n        Unsupported Attr: 28672\nISAKMP: attribute    UNKNOWN (28673)\n"+
			"        Unsupported Attr: 28673\nISAKMP: attribute    UNKNOWN (28674)\nISAKMP: attribute    UNKNOWN (28676)\n"+
			"ISAKMP: attribute    UNKNOWN (28679)\n        Unsupported Attr: 28679\nISAKMP: attribute    UNKNOWN (28680)\n"+
			"        Unsupported Attr: 28680\nISAKMP: attribute    UNKNOWN (28677)\n        Unsupported Attr: 28677\n"+
			"ISAKMP (0:0): responding to peer config from 192.168.1.2. ID = ", "return status is IKMP_NO_ERROR", "OAK_QM exchange")
	if text := b.debug.String(); strings.Contains(text, "Password") || strings.Contains(text, " cisco\n") {
		t.Error("the password is shown")
	}

	// Good-bye: address and client are gone.
	c.leave()
	w.run()
	if len(b.clients) != 0 || len(b.live) != 0 || len(b.PoolInUse(0)) != 0 || len(b.SAs()) != 0 {
		t.Errorf("after the end: %v %v %v %v", b.clients, b.live, b.PoolInUse(0), b.SAs())
	}
}

func only(t testing.TB, b *box) ClientUp {
	t.Helper()
	if len(b.clients) != 1 {
		t.Fatalf("%d clients: %+v", len(b.clients), b.clients)
	}
	for _, up := range b.clients {
		return up
	}
	return ClientUp{}
}

func debugHas(t testing.TB, b *box, parts ...string) {
	t.Helper()
	text := b.debug.String()
	for _, p := range parts {
		i := strings.Index(text, p)
		if i < 0 {
			t.Fatalf("no %q in what follows of\n%s", p, b.debug.String())
		}
		text = text[i+len(p):]
	}
}

// Client 1.1: knows of no login, is asked when it wants its first quick mode, has its address pushed, and repeats its quick mode
// (commands-vpn-aaa-show.md 3.3).
func TestClientMain(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	b.SetDebug(ISAKMP, 1)
	c := newClient(w, "192.168.1.3").old()
	c.connect()
	w.run()
	c.wants("phase1 | " + asked)
	answer(t, w, b, AuthResult{Verdict: Accept})
	c.wants(passed + " | CFG_SET 1 | quick")
	if up := only(t, b); up.Addr != addr("10.89.129.200") || up.User != "cisco_customer" || up.Group != "" || c.addr != up.Addr {
		t.Errorf("%+v", up)
	}
	if p := b.last(); p.RemoteID != hostProxy(c.addr) || p.LocalID.Addr != addr("10.89.129.128") || p.LocalID.Mask != addr("255.255.255.128") {
		t.Errorf("%+v", p)
	}
	text := b.debug.String()
	debugHas(t, b, "ISAKMP: Created a peer node for 192.168.1.3\nOAK_QM exchange\nISAKMP (0:0): Need XAUTH\n"+
		"ISAKMP/xauth: request attribute XAUTH_TYPE\nISAKMP/xauth: request attribute XAUTH_USER_NAME\n"+
		"ISAKMP/xauth: request attribute XAUTH_USER_PASSWORD\nISAKMP (0:0): initiating peer config to 192.168.1.3. ID = ",
		"return status is IKMP_NO_ERROR", "CFG_REPLY\nreturn status is IKMP_ERR_NO_RETRANS\nISAKMP (0:0): initiating peer config to 192.168.1.3. ID = ",
		"CFG_ACK\nISAKMP (0:0): initiating peer config to 192.168.1.3. ID = ", "return status is IKMP_NO_ERROR",
		"CFG_ACK\nISAKMP (0:0): peer accepted the address!\nreturn status is IKMP_NO_ERROR", "OAK_QM exchange")
	ids := strings.Split(text, "initiating peer config to 192.168.1.3. ID = ")
	line := func(i int) string { return strings.SplitN(ids[i], "\n", 2)[0] }
	if len(ids) != 4 || line(1) != line(2) || line(2) == line(3) {
		t.Errorf("message IDs: %q", ids[1:])
	}
}

// Three wrong passwords, and the SA is gone; a right one after a wrong one is a login.
func TestWrongPassword(t *testing.T) {
	for _, main := range []bool{false, true} {
		w, b := clientWorld(t, "auth-prompt reject try again\n", Options{})
		c := newClient(w, "192.168.1.2")
		if main {
			c.old()
		}
		c.connect()
		w.run()
		for range 2 {
			answer(t, w, b, AuthResult{Verdict: Reject})
		}
		if len(b.SAs()) != 1 || c.deleted || strings.Join(c.messages, "|") != "try again|try again" {
			t.Fatalf("main %v: after two: %+v %q", main, b.SAs(), c.messages)
		}
		answer(t, w, b, AuthResult{Verdict: Reject})
		again := asked + ",16524"
		c.wants("phase1 | " + asked + " | " + again + " | " + again + " | " + set + " | status 0 | delete")
		if len(b.SAs()) != 0 || len(b.asks) != 0 || len(b.clients) != 0 {
			t.Errorf("main %v: %+v", main, b.SAs())
		}
		if now, most := b.Logins(); now != 0 || most != 1 {
			t.Errorf("main %v: %d logins, %d at most", main, now, most)
		}

		c = newClient(w, "192.168.1.2")
		if main {
			c.old()
		}
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Reject, Message: "no"})
		answer(t, w, b, AuthResult{Verdict: Accept})
		if c.pairs != 1 || len(b.clients) != 1 {
			t.Errorf("main %v: no login after a wrong password: %v", main, c.got)
		}
	}
}

// A server that asks back, and one that does not answer.
func TestChallengeAndSilence(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Challenge, Message: "token?", State: []byte("st")})
	ask := answer(t, w, b, AuthResult{Verdict: Accept})
	if string(ask.State) != "st" || ask.User != "cisco_customer" || strings.Join(c.messages, "") != "token?" || c.pairs != 1 {
		t.Errorf("%+v %q %v", ask, c.messages, c.got)
	}
	d := newClient(w, "192.168.1.5")
	d.connect()
	w.run()
	for range xauthQuestions {
		answer(t, w, b, AuthResult{Verdict: Challenge, Message: "more?", State: []byte("st")})
	}
	if !d.deleted || len(b.asks) != 0 {
		t.Errorf("a server that asks for ever: %v", d.got)
	}
	e := newClient(w, "192.168.1.6")
	e.connect()
	w.run()
	late := answer(t, w, b, AuthResult{Verdict: Unavailable})
	e.wants("phase1 | " + asked + " | " + set + " | status 0 | delete")
	w.do(b, b.AuthResult(late.ID, AuthResult{Verdict: Accept}))
	if len(b.clients) != 1 {
		t.Errorf("an answer that comes twice: %+v", b.clients)
	}
	f := newClient(w, "192.168.1.7")
	f.user = strings.Repeat("x", 300)
	f.connect()
	w.run()
	if len(b.asks) != 0 || !f.deleted {
		t.Errorf("a long name is asked about: %v", f.got)
	}
}

// Nothing of the tunnel before the login: neither quick mode nor configuration.
func TestNothingBeforeLogin(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	c.wantPair()
	c.pull()
	w.run()
	c.wants("phase1 | " + asked)
	if len(b.live) != 0 || len(b.PoolInUse(0)) != 0 {
		t.Errorf("%v %v", b.live, b.PoolInUse(0))
	}
	answer(t, w, b, AuthResult{Verdict: Reject})
	c.wantPair()
	w.run()
	if len(b.live) != 0 {
		t.Error("a pair after a wrong password")
	}
	answer(t, w, b, AuthResult{Verdict: Accept})
	if c.pairs != 1 {
		t.Errorf("%v", c.got)
	}
	// A client speaks for its own address only.
	c.addr = addr("10.89.129.201")
	c.wantPair()
	w.run()
	if len(b.live) != 1 {
		t.Error("a pair for another's address")
	}
}

// Neither does one get in who has not answered yet, or whose address is still under way.
func TestNothingInBetween(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.deaf = func(*config) bool { return true }
	c.connect()
	w.run()
	c.pull()
	c.wantPair()
	w.run()
	if len(b.clients) != 0 || len(b.live) != 0 || len(b.PoolInUse(0)) != 0 || len(b.asks) != 0 {
		t.Errorf("%v %v %v", b.clients, b.live, c.got)
	}
	if s := b.SAs(); len(s) != 1 || s[0].State != "OAK_CONF_XAUTH" {
		t.Errorf("%+v", s)
	}
	d := newClient(w, "192.168.1.3").old()
	d.deaf = func(cfg *config) bool { return cfg.kind == cfgSet && cfg.attrs[0].Type == cfgAddress }
	d.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	d.addr = addr("10.89.129.200")
	d.wantPair()
	w.run()
	if len(b.live) != 0 || len(b.clients) != 0 || len(b.PoolInUse(0)) != 1 {
		t.Errorf("%v %v %v", b.clients, b.live, d.got)
	}
	if s := b.SAs(); len(s) != 2 || s[1].State != "OAK_CONF_ADDR" {
		t.Errorf("%+v", s)
	}
	d.deaf = nil
	w.pass(6 * time.Second)
	if d.pairs != 1 || len(b.clients) != 1 || b.SAs()[1].State != "QM_IDLE" {
		t.Errorf("%v, %+v", d.got, b.SAs())
	}
}

// A client that does not answer is asked again five times, then it is none; one that loses an answer gets it again.
func TestClientSilent(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.deaf = func(cfg *config) bool { return cfg.kind == cfgRequest && len(c.got) < 4 }
	c.connect()
	w.run()
	w.pass(11 * time.Second)
	if len(b.asks) != 1 {
		t.Fatalf("%v", c.got)
	}
	answer(t, w, b, AuthResult{Verdict: Accept})
	if c.pairs != 1 {
		t.Errorf("%v", c.got)
	}
	d := newClient(w, "192.168.1.3")
	d.deaf = func(*config) bool { return true }
	d.connect()
	w.run()
	w.pass(29 * time.Second)
	if n := len(d.got); n != 7 || len(b.SAs()) != 2 {
		t.Errorf("%d: %v", n, d.got)
	}
	w.pass(2 * time.Second)
	if !d.deleted || len(b.SAs()) != 1 {
		t.Errorf("%v", d.got)
	}
	e := newClient(w, "192.168.1.4").old() // does not take its address
	e.refuseAddr = true
	e.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	if !e.deleted || len(b.PoolInUse(0)) != 1 {
		t.Errorf("%v", e.got)
	}
	g := newClient(w, "192.168.1.9").old() // never wants a quick mode
	g.idle = true
	g.connect()
	w.run()
	w.pass(loginPatience + time.Second)
	if !g.deleted {
		t.Errorf("%v", g.got)
	}
	f := newClient(w, "192.168.1.8") // the servers take longer than anybody waits
	f.connect()
	w.run()
	w.pass(loginPatience + time.Second)
	if !f.deleted || len(b.clients) != 1 {
		t.Errorf("%v", f.got)
	}
	w.do(b, b.AuthResult(b.asks[0].ID, AuthResult{Verdict: Accept}))
	if len(b.clients) != 1 {
		t.Error("a login after the end")
	}
}

// The message ID 0, which vpnc draws once in 256 times, does for a good-bye, and begins nothing else.
func TestMessageIDZero(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	only(t, b)
	cfg := config{kind: cfgRequest, attrs: []attr{rawAttr(cfgDNS, nil)}}
	had := len(c.got)
	c.hashed(xConfig, 0, []payload{{pConfig, cfg.append(nil)}})
	w.run()
	if len(c.got) != had {
		t.Errorf("a request with message ID 0 is answered: %v", c.got[had:])
	}
	delete(c.ivs, 0) // that was not taken
	c.leaveAs(0)
	w.run()
	if len(b.clients) != 0 || len(b.live) != 0 || len(b.PoolInUse(0)) != 0 || len(b.SAs()) != 0 {
		t.Errorf("after the end: %v %v %v %v", b.clients, b.live, b.PoolInUse(0), b.SAs())
	}
}

// A client that renews its IKE SA logs in anew and keeps its address; another user at the same place does not get it.
func TestClientRenews(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept, Session: "s1"})
	first := only(t, b)
	renew := func(user string) *vpnClient {
		d := newClient(w, "192.168.1.2")
		d.m.o.Rand = chacha(77)
		d.user, d.nextID, d.noContact = user, 100, true
		d.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept, Session: "s2"})
		return d
	}
	d := renew("cisco_customer")
	if d.addr != c.addr || only(t, b).ID != first.ID || len(b.SAs()) != 2 {
		t.Fatalf("%v, %+v", d.got, b.clients)
	}
	// What the server says of him now is told, and by which SA.
	if up := only(t, b); first.Session != "s1" || up.Session != "s2" || up.SA == first.SA || up.SA != b.SAs()[1].ID {
		t.Errorf("%+v, then %+v", first, up)
	}
	w.others[d.at.Addr()] = c.receive
	c.leave()
	w.run()
	if only(t, b).ID != first.ID || len(b.live) != 2 || len(b.SAs()) != 1 || len(b.PoolInUse(0)) != 1 {
		t.Errorf("after the old SA: %+v %v", b.clients, b.live)
	}
	w.others[d.at.Addr()] = d.receive
	e := renew("somebody")
	if e.addr == d.addr || len(b.clients) != 2 {
		t.Errorf("another user: %v %+v", e.addr, b.clients)
	}
	w.others[d.at.Addr()] = d.receive
	d.leave()
	w.run()
	if up := only(t, b); up.User != "somebody" || len(b.live) != 1 {
		t.Errorf("%+v %v", up, b.live)
	}
}

// Who is excused neither logs in nor gets an address, and his pairs outlive his IKE SA as those of any peer.
func TestExempt(t *testing.T) {
	w, b := clientWorld(t, "isakmp key peerkey address 192.168.1.77 netmask 255.255.255.255 no-xauth no-config-mode\n", Options{})
	c := newClient(w, "192.168.1.77").old()
	c.key = "peerkey"
	c.connect()
	w.run()
	c.wants("phase1 | quick")
	c.leave()
	w.run()
	if len(b.clients) != 0 || len(b.live) != 1 {
		t.Errorf("%+v %v", b.clients, b.live)
	}
	// Without a login, but with an address.
	w, b = clientWorld(t, "no crypto map mymap client authentication AuthInbound\n", Options{})
	d := newClient(w, "192.168.1.3").old()
	d.connect()
	w.run()
	d.wants("phase1 | CFG_SET 1 | quick")
	if up := only(t, b); up.User != "" || up.Addr != addr("10.89.129.200") {
		t.Errorf("%+v", up)
	}
	e := newClient(w, "192.168.1.2")
	e.auth = authPSK
	e.connect()
	w.run()
	e.pull()
	w.run()
	e.wants("phase1 | CFG_REPLY 1 | quick")
}

// SAs of clients that break off at any point leave nothing behind.
func TestClientLeaksNothing(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	for n := range 40 {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 2+n%8))
		if n%2 == 1 {
			c.old()
		}
		steps := n % 7
		c.deaf = func(*config) bool { steps--; return steps < 0 }
		c.connect()
		w.run()
		if len(b.asks) > 0 {
			answer(t, w, b, AuthResult{Verdict: Verdict(n % 4), State: []byte("s")})
		}
		b.asks = nil
	}
	w.do(b, b.ClearIKE(0))
	w.do(b, b.ClearSAs(func(*runtime.SAPair) bool { return true }))
	w.wire = nil
	m := b.Machine
	if len(m.clients.queries) != 0 || len(m.clients.leases) != 0 || len(b.clients) != 0 || len(b.live) != 0 || len(m.timers) != 0 || len(m.byID) != 0 {
		t.Errorf("%d questions, %d addresses, %d clients, %d pairs, %d timers, %d SAs", len(m.clients.queries), len(m.clients.leases), len(b.clients),
			len(b.live), len(m.timers), len(m.byID))
	}
}

// FuzzTransaction feeds what a peer that knows the group's password may send in a transaction, before and after its login.
func FuzzTransaction(f *testing.F) {
	f.Add([]byte{2, 0, 0, 7, 0x40, 0x89, 0, 1, 'a'}, uint8(0))
	f.Add([]byte{1, 0, 0, 7, 0, 1, 0, 0, 0x70, 4, 0, 0}, uint8(1))
	f.Add([]byte{4, 0, 0, 7, 0xc0, 0x8f, 0, 0}, uint8(2))
	f.Add([]byte{3, 0, 0, 7}, uint8(3))
	f.Fuzz(func(t *testing.T, body []byte, how uint8) {
		w, b := clientWorld(t, "", Options{})
		c := newClient(w, "192.168.1.2")
		if how&1 != 0 {
			c.old()
		}
		c.connect()
		w.run()
		if len(c.got) == 0 {
			t.Fatal("no phase 1")
		}
		logged := how&2 != 0
		id := c.id()
		if how&4 != 0 && c.lastID != 0 { // in the exchange of the box
			id = c.lastID
		}
		if logged {
			answer(t, w, b, AuthResult{Verdict: Accept})
		}
		c.hashed(xConfig, id, []payload{{pConfig, body}})
		w.run()
		if !logged && (len(b.clients) != 0 || len(b.live) != 0 || len(b.PoolInUse(0)) != 0) {
			t.Fatalf("%x has let a stranger in", body)
		}
		if len(b.clients) > 1 || len(b.PoolInUse(0)) > 1 {
			t.Fatalf("%x has made two clients of one", body)
		}
	})
}

// A client that was given up, and has begun anew from the same port, hears nothing more of what it has left; what another has begun
// goes on.
func TestClientBeginsAnew(t *testing.T) {
	for _, main := range []bool{false, true} {
		w, b := clientWorld(t, "", Options{})
		other := newClient(w, "192.168.1.3")
		other.key = "wrong"
		other.connect()
		w.run()
		wrong := newClient(w, "192.168.1.2")
		if main {
			wrong.old()
		}
		wrong.key, wrong.noContact = "wrong", true
		wrong.connect()
		w.run()
		right := newClient(w, "192.168.1.2")
		right.m.o.Rand = chacha(99)
		right.noContact = true
		if main {
			right.old()
		}
		right.connect()
		w.run()
		w.pass(time.Second)
		if len(b.SAs()) != 2 {
			t.Fatalf("main %v: %+v", main, b.SAs())
		}
		b.sent = nil
		w.others[other.at.Addr()] = func(Datagram) {}
		right.deaf = func(*config) bool { return true }
		w.pass(4500 * time.Millisecond)
		for _, d := range b.sent {
			if d.Remote == right.at && d.Payload[18] != byte(xConfig) {
				t.Errorf("main %v: the client gets an answer to what it has left", main)
			}
		}
		if len(b.sent) == 0 || !slices.ContainsFunc(b.sent, func(d Datagram) bool { return d.Remote == other.at }) {
			t.Errorf("main %v: the other client is forgotten", main)
		}
	}
}
