package ike

import (
	"net/netip"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// The attributes of XAUTH (draft-beaulieu-ike-xauth-02; commands-vpn-aaa-show.md 2.6).
const (
	xauthType     = 16520
	xauthUser     = 16521
	xauthPassword = 16522
	xauthPasscode = 16523
	xauthMessage  = 16524
	xauthStatus   = 16527
)

const (
	xauthTries     = 3   // passwords that a user may try (commands-vpn-aaa-show.md 2.6, unconfirmed)
	xauthQuestions = 10  // requests in all, with those that a server asks back
	maxXauthText   = 255 // bytes of a name or password; longer ones no server takes
	// loginPatience bounds the time from the first request to the end of the login: whoever takes longer begins anew.
	loginPatience = 5 * time.Minute
)

// stage is how far the login of a client has come.
type stage uint8

const (
	stageNone   stage = iota // not begun: a main mode client is asked when it wants its first quick mode
	stageAsked               // a request is out
	stageQuery               // a server group has the question
	stageStatus              // the good news is out
	stageFailed              // the bad news is out
	stageDone                // logged in, or no login is needed
)

// client is what XAUTH and mode config know of a peer. A peer that neither logs in, nor is in a group, nor has asked for an
// address has none.
type client struct {
	sa       *sa
	stage    stage
	x        *exchange // request or set under way
	tries    int       // passwords refused
	asked    int       // requests sent
	query    uint64    // ID of the Authenticate under way
	user     string
	state    []byte // of a server that asks back
	session  any
	told     bool          // ClientUp has brought it
	maxTime  time.Duration // as a server has said; 0: it has not
	idleTime time.Duration
	timer    timer // timerClient
	done     time.Time
	pushing  bool // an address set is under way
	lease    *lease
}

// clientOf is the client of an SA; it is made where there is none.
func (m *Machine) clientOf(s *sa) *client {
	if s.client == nil {
		s.client = &client{sa: s}
		s.client.timer.sa = s
	}
	return s.client
}

// needsXauth reports whether users of the peer have to log in.
func (m *Machine) needsXauth(s *sa) bool {
	cm := m.cryptoMap(s)
	return cm != nil && cm.Authentication != compiler.None && !s.noXauth && !s.initiator
}

// phase1Done is called once when phase 1 is authenticated. A client that has offered extended authentication, and one in
// aggressive mode, waits for the request; one in main mode with a plain key does not know of it, and is asked when it wants its
// first quick mode (commands-vpn-aaa-show.md 2.6).
func (m *Machine) phase1Done(s *sa) {
	if s.initiator {
		return
	}
	if s.group != compiler.None {
		m.clientOf(s)
	}
	switch {
	case !m.needsXauth(s):
		if s.client != nil {
			m.loggedIn(s.client)
		}
	case s.aggressive || s.suite.auth == authXauthPSK || s.suite.auth == authXauthRSA:
		m.xauthAsk(m.clientOf(s), nil, false)
	default: // waits for its quick mode, but not for ever
		m.arm(&m.clientOf(s).timer, timerClient, loginPatience)
	}
}

// quickGate is called for the first packet of each quick mode that the peer begins: false drops it, and lets the peer repeat it.
func (m *Machine) quickGate(s *sa) bool {
	if s.initiator {
		return true
	}
	if m.needsXauth(s) {
		switch c := m.clientOf(s); c.stage {
		case stageDone:
		case stageStatus: // its acknowledgement is late, or lost
			m.finish(c.x)
		case stageNone:
			m.event(EvNeedXauth)
			m.xauthAsk(c, nil, false)
			m.event(EvStatus, "IKMP_NO_ERROR")
			return false
		default:
			m.event(EvDropped, "the login is not over")
			return false
		}
	}
	if m.pushes(s) {
		c := m.clientOf(s)
		if !c.pushing {
			m.loggedIn(c)
			m.pushAddress(c)
			if s.phase == phaseDead {
				return false
			}
			m.event(EvStatus, "IKMP_NO_ERROR")
		}
		return false
	}
	if s.client != nil {
		m.loggedIn(s.client)
		m.clientUp(s.client)
	}
	return true
}

// xauthAsk sends a request for name and password, or, when a server asks back, for what it wants to know.
func (m *Machine) xauthAsk(c *client, text []byte, challenge bool) {
	s := c.sa
	if c.asked == 0 {
		m.logins[c] = struct{}{}
		m.mostLogins = max(m.mostLogins, len(m.logins))
		m.arm(&c.timer, timerClient, loginPatience)
	}
	c.asked++
	attrs := []attr{basicAttr(xauthType, 0), rawAttr(xauthUser, nil), rawAttr(xauthPassword, nil)}
	names := []string{"XAUTH_TYPE", "XAUTH_USER_NAME", "XAUTH_USER_PASSWORD"}
	if challenge {
		attrs = []attr{basicAttr(xauthType, 0), rawAttr(xauthPasscode, nil)}
		names = []string{"XAUTH_TYPE", "XAUTH_PASSCODE"}
	}
	if len(text) == 0 && !challenge {
		text = []byte(m.plan.AAA.Prompts.Prompt)
	}
	if len(text) > 0 {
		attrs = append(attrs, rawAttr(xauthMessage, text[:min(len(text), maxXauthText)]))
		names = append(names, "XAUTH_MESSAGE")
	}
	for _, n := range names {
		m.event(EvXauthRequest, n)
	}
	c.stage, c.x = stageAsked, m.beginTransaction(s)
	m.event(EvConfigStart, s.remote.Addr(), c.x.id, c.x.id)
	m.sendConfig(s, c.x, cfgRequest, c.x.config, attrs)
}

// xauthReply is what the user has typed.
func (m *Machine) xauthReply(s *sa, c *client, cfg *config) {
	user, password, passcode := "", "", ""
	for _, a := range cfg.attrs {
		switch a.Type {
		case xauthUser:
			user = string(a.Raw)
		case xauthPassword:
			password = string(a.Raw)
		case xauthPasscode:
			passcode = string(a.Raw)
		case xauthStatus:
			if a.Value == 0 { // the user gives up
				m.event(EvStatus, "IKMP_ERR_NO_RETRANS")
				m.removeSA(s, "login given up", true)
				return
			}
		}
	}
	if password == "" {
		password = passcode
	}
	if len(c.state) == 0 {
		c.user = user
	}
	cm := m.cryptoMap(s)
	if cm == nil || cm.Authentication == compiler.None {
		m.removeSA(s, "configuration", true)
		return
	}
	m.event(EvStatus, "IKMP_ERR_NO_RETRANS")
	if len(c.user) > maxXauthText || len(password) > maxXauthText {
		m.refused(c, AuthResult{})
		return
	}
	c.stage = stageQuery
	m.nextID++
	c.query = m.nextID
	m.clients.queries[c.query] = c
	m.emit(Authenticate{ID: c.query, If: s.iface, Group: cm.Authentication, Fallback: cm.Fallback, Token: cm.Token, VPNGroup: s.groupName,
		User: c.user, Password: ast.Secret(password), State: c.state, Peer: s.remote.Addr()})
}

// asking reports whether an exchange waits for the answer of a server group. It waits as long as the login may take.
func (m *Machine) asking(s *sa, x *exchange) bool {
	return s.client != nil && s.client.x == x && s.client.stage == stageQuery
}

// AuthResult is the answer of a server group to an Authenticate. One that nobody waits for any more is let go.
func (m *Machine) AuthResult(id uint64, r AuthResult) []Effect {
	m.begin()
	if c := m.clients.queries[id]; c != nil {
		delete(m.clients.queries, id)
		c.query, c.state = 0, nil
		switch r.Verdict {
		case Accept:
			c.told = false
			c.session, c.maxTime, c.idleTime = r.Session, r.MaxTime, r.IdleTime
			m.xauthSay(c, stageStatus)
		case Challenge:
			if c.asked >= xauthQuestions || len(r.State) == 0 {
				m.xauthSay(c, stageFailed)
				break
			}
			c.state = r.State
			m.finish(c.x)
			m.xauthAsk(c, []byte(r.Message), true)
		case Unavailable:
			m.xauthSay(c, stageFailed)
		default:
			m.refused(c, r)
		}
	}
	return m.end()
}

// refused is a wrong password: the user may try again, so often.
func (m *Machine) refused(c *client, r AuthResult) {
	c.tries++
	if c.tries >= xauthTries || c.asked >= xauthQuestions {
		m.xauthSay(c, stageFailed)
		return
	}
	text := r.Message
	if text == "" {
		text = m.plan.AAA.Prompts.Reject
	}
	m.finish(c.x)
	m.xauthAsk(c, []byte(text), false)
}

// xauthSay tells the client how its login has ended: with a message ID of its own in aggressive mode, with that of the request in
// main mode (commands-vpn-aaa-show.md 2.6).
func (m *Machine) xauthSay(c *client, end stage) {
	s := c.sa
	if s.aggressive {
		m.finish(c.x)
		c.x = m.beginTransaction(s)
	}
	status := uint16(0)
	if end == stageStatus {
		status = 1
	}
	c.stage = end
	m.event(EvConfigStart, s.remote.Addr(), c.x.id, c.x.id)
	m.sendConfig(s, c.x, cfgSet, c.x.config, []attr{basicAttr(xauthStatus, status)})
}

// loggedIn is the end of a login, or of none where none is needed.
func (m *Machine) loggedIn(c *client) {
	if c.stage == stageDone {
		return
	}
	delete(m.logins, c)
	c.stage, c.done = stageDone, m.now
	m.inheritLease(c)
	m.armClient(c)
}

// Logins is how many users are being asked for their name and password, or are waiting for the answer of a server, and how many were
// at most.
func (m *Machine) Logins() (now, most int) { return len(m.logins), m.mostLogins }

// configIn is called for each message of a transaction.
func (m *Machine) configIn(s *sa, x *exchange, cfg *config) {
	shown := cfg.length // what the box prints there is no message ID (commands-vpn-aaa-show.md 3.2, line 49)
	if cfg.kind == cfgRequest {
		shown = 0
	}
	m.event(EvTransaction, s.remote.Addr(), shown)
	m.event(EvConfigKind, cfg.kind.String())
	c := s.client
	switch {
	case cfg.kind == cfgRequest && !x.ours:
		m.configRequest(s, x, cfg)
	case cfg.kind == cfgSet && !x.ours:
		// Nothing that a client sets is of use here, and the acknowledgement says so by naming nothing.
		m.sendConfig(s, x, cfgAck, cfg.id, nil)
		m.finish(x)
		m.event(EvStatus, "IKMP_NO_ERROR")
	case c == nil || c.x != x: // the identifier says nothing: charon answers with 0
		m.event(EvDropped, "nothing that was asked for")
	case cfg.kind == cfgReply && c.stage == stageAsked:
		m.xauthReply(s, c, cfg)
	case cfg.kind == cfgAck && c.stage == stageStatus:
		m.finish(x)
		m.loggedIn(c)
		if m.pushes(s) {
			m.pushAddress(c)
		} else if !m.awaitsAddress(s) {
			m.clientUp(c)
		}
		m.event(EvStatus, "IKMP_NO_ERROR")
	case cfg.kind == cfgAck && c.stage == stageFailed:
		m.event(EvStatus, "IKMP_NO_ERROR")
		m.removeSA(s, "login failed", true)
	case cfg.kind == cfgAck && c.pushing:
		m.pushed(c, cfg)
	default:
		m.event(EvDropped, "nothing that was asked for")
	}
}

// transactionFailed is called when the peer has not answered a request or set of ours: it is no client then.
func (m *Machine) transactionFailed(s *sa, x *exchange) {
	if s.client != nil && s.client.x == x {
		m.removeSA(s, "no answer to mode config", true)
	}
}

// userOf is the name with which the client has logged in; empty: none.
func (m *Machine) userOf(s *sa) string {
	if s.client == nil || s.client.stage != stageDone && s.client.stage != stageStatus {
		return ""
	}
	return s.client.user
}

// clientAddr is the address that the client has been given; invalid: none.
func (m *Machine) clientAddr(s *sa) netip.Addr {
	if s.client == nil || s.client.lease == nil {
		return netip.Addr{}
	}
	return s.client.lease.addr
}

// sameClient reports whether two SAs of one peer are of the same client: what belongs to one may go over to the other. A client
// that renews its IKE SA logs in anew (commands-vpn-aaa-show.md 2.9, unconfirmed) and is the same when group and user are.
func (m *Machine) sameClient(a, b *sa) bool {
	x, y := a.client, b.client
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	return x.stage == stageDone && y.stage == stageDone && x.user == y.user && a.groupName == b.groupName
}
