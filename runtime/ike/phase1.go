package ike

import (
	"container/list"
	"net/netip"
	"time"

	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// handshake is what of phase 1 is not needed any more when it is done.
type handshake struct {
	first    firstKey
	list     *list.List    // Machine.halfOpen, familiar or provenSA
	element  *list.Element // in it
	ofSource *list.Element // in Machine.sources

	saBody     []byte // of the initiator's SA payload
	dh         *dhKey
	gxi, gxr   []byte
	ni, nr     []byte
	idi, idr   []byte // bodies
	psk        []byte
	seenLocal  netip.AddrPort
	seenRemote netip.AddrPort
	offered    []choice // initiator: what was proposed
	peers      []netip.Addr
}

const maxNonce = 256

// phase1 is a message of main or aggressive mode. s is nil for the first one.
func (m *Machine) phase1(s *sa, d Datagram, h *header, body []byte) {
	if s == nil {
		m.firstMessage(d, h, body)
		return
	}
	if m.repeated(s, d) {
		return
	}
	m.event(EvExchange, h.exchange.debugName())
	switch {
	case s.aggressive != (h.exchange == xAggressive), h.id != 0, s.phase == phaseDone:
		m.event(EvDropped, "not the message that is expected")
		return
	}
	var err error
	switch {
	case s.aggressive:
		err = m.aggressiveThird(s, d, h, body)
	case s.initiator && s.phase == phaseStart:
		err = m.mainSecond(s, d, h, body)
	case s.initiator && s.phase == phaseKeys:
		err = m.mainFourth(s, d, h, body)
	case s.initiator:
		err = m.mainSixth(s, d, h, body)
	case s.phase == phaseStart:
		err = m.mainThird(s, d, h, body)
	default:
		err = m.mainFifth(s, d, h, body)
	}
	if err != nil {
		m.malformed(s, err)
		return
	}
	if s.phase != phaseDead {
		s.lastIn = m.digest(d.Payload)
		m.event(EvStatus, "IKMP_NO_ERROR")
	}
	if s.phase == phaseDone {
		m.authenticated(s)
	}
}

// repeated answers a packet of phase 1 that has come before with what answered it then.
func (m *Machine) repeated(s *sa, d Datagram) bool {
	if m.digest(d.Payload) != s.lastIn {
		return false
	}
	m.event(EvDuplicate)
	m.logPhase(s, 702207)
	if s.lastOut != nil && !(s.initiator && s.phase == phaseDone) {
		m.send(s, s.lastOut)
	}
	return true
}

// firstMessage begins an exchange that another wants.
func (m *Machine) firstMessage(d Datagram, h *header, body []byte) {
	if h.cr != (cookie{}) || h.ci == (cookie{}) || h.id != 0 || h.flags&flagEncrypt != 0 || !d.Remote.Addr().Is4() || !d.Local.Addr().Is4() {
		m.event(EvDropped, "no such SA")
		return
	}
	if s := m.first[firstKey{h.ci, d.Remote}]; s != nil {
		if !m.repeated(s, d) {
			m.event(EvDropped, "not the message that is expected")
		}
		return
	}
	s := m.newSA(d, h.ci, m.newCookie(), false)
	if s == nil {
		return
	}
	s.aggressive = h.exchange == xAggressive
	m.event(EvExchange, h.exchange.debugName())
	m.logPhase(s, 702208)
	answer := m.mainFirst
	if s.aggressive {
		answer = m.aggressiveFirst
	}
	err := answer(s, h, body)
	switch {
	case err == errRefused:
		m.removeSA(s, "refused", false)
	case err != nil:
		m.malformed(s, err)
		m.removeSA(s, "malformed", false)
	default:
		s.lastIn = m.digest(d.Payload)
		m.event(EvStatus, "IKMP_NO_ERROR")
	}
}

// takeChoice makes a choice the suite of the SA.
func (s *sa) takeChoice(c *choice) {
	s.suite, s.policy, s.lifetime = c.suite, c.policy.Priority, c.policy.Lifetime
	if own := time.Duration(c.seconds) * time.Second; c.seconds > 0 && (own < s.lifetime || s.lifetime == 0) {
		s.lifetime = own
	}
}

// message begins an unencrypted message of phase 1.
func (s *sa) message(kind exchangeType, list []payload) []byte {
	h := header{ci: s.ci, cr: s.cr, next: list[0].kind, exchange: kind}
	msg := appendPayloads(h.append(make([]byte, 0, 512)), list)
	setLength(msg)
	return msg
}

// answer sends a message of phase 1 that is to be answered: it is repeated until it is.
func (m *Machine) answer(s *sa, msg []byte) {
	s.lastOut, s.tries = msg, 0
	m.send(s, msg)
	m.arm(&s.retry, timerRetry, retryEvery)
}

// phase1Timer repeats the last message of phase 1, or gives up.
func (m *Machine) phase1Timer(s *sa) {
	if s.tries < retryTimes {
		s.tries++
		m.event(EvRetransmit1)
		m.logPhase(s, 702204)
		m.send(s, s.lastOut)
		m.arm(&s.retry, timerRetry, retryEvery)
		return
	}
	m.dropUnheard(s)
	m.phase1Failed(s)
}

// nonceOf checks a nonce (RFC 2409 section 5: 8 to 256 bytes).
func nonceOf(list []payload) ([]byte, error) {
	n := find(list, pNonce)
	if len(n) < 8 || len(n) > maxNonce {
		return nil, errPayloadMissing("NONCE")
	}
	return append([]byte(nil), n...), nil
}

// keOf checks that there is a public value of the size of its group (RFC 2409 section 5). A shorter one would have little asked for
// much: the answer to it has one of full size.
func (s *sa) keOf(list []payload) ([]byte, error) {
	ke := find(list, pKE)
	if len(ke) != dhGroups[s.suite.group].size {
		return nil, errPayloadMissing("KE")
	}
	return append([]byte(nil), ke...), nil
}

// makeKeys computes the shared secret and what follows from it.
func (m *Machine) makeKeys(s *sa) error {
	hs := s.hand
	peer := hs.gxi
	if s.initiator {
		peer = hs.gxr
	}
	gxy, err := hs.dh.secret(peer)
	if err != nil {
		return err
	}
	var skeyid []byte
	if s.isRSA() {
		skeyid = s.suite.prf(append(append([]byte(nil), hs.ni...), hs.nr...), gxy)
	} else {
		skeyid = s.suite.pskSkeyid(hs.psk, hs.ni, hs.nr)
	}
	var key []byte
	if s.keys, key, err = s.suite.deriveKeys(skeyid, gxy, s.ci, s.cr); err != nil {
		return err
	}
	if m.o.Keys != nil {
		m.o.Keys(s.ci, key)
	}
	s.iv = s.suite.phase1IV(hs.gxi, hs.gxr, s.keys.block)
	hs.dh = nil
	return nil
}

// hashI and hashR are what each side proves to know the key with.
func (s *sa) hashI() []byte {
	hs := s.hand
	return s.suite.prf(s.keys.skeyid, hs.gxi, hs.gxr, s.ci[:], s.cr[:], hs.saBody, hs.idi)
}

func (s *sa) hashR() []byte {
	hs := s.hand
	return s.suite.prf(s.keys.skeyid, hs.gxr, hs.gxi, s.cr[:], s.ci[:], hs.saBody, hs.idr)
}

func (s *sa) isRSA() bool { return s.suite.auth == authRSASig || s.suite.auth == authXauthRSA }

// open decrypts a message of phase 1 and reads its payloads. The IV moves on only when the caller has found the message
// authentic and says so by taking next.
func (s *sa) open(h *header, body []byte) (list []payload, next []byte, err error) {
	plain, next := body, s.iv
	if h.flags&flagEncrypt != 0 {
		if plain, next, err = decrypt(s.keys.block, s.iv, body); err != nil {
			return nil, nil, err
		}
	} else if !s.aggressive {
		return nil, nil, errPlain
	}
	list, _, err = parsePayloads(h.next, plain)
	return list, next, err
}

// authenticated is the end of phase 1: the tables change, timers start, what waited for it begins.
func (m *Machine) authenticated(s *sa) {
	s.born, s.heard = m.now, m.now
	m.disarm(&s.retry)
	m.established(s)
	switch {
	case s.initiator:
		s.noXauth, s.noConfig = true, true
	case s.group != compiler.None: // its members are clients
		s.noXauth, s.noConfig = false, false
	}
	if s.lifetime > 0 {
		m.arm(&s.life, timerLife, s.lifetime)
		m.arm(&s.renewal, timerRenew, s.lifetime-margin(s.lifetime, s.initiator))
	}
	m.startDPD(s)
	m.startKeepalive(s)
	m.logPhase(s, 702210)
	enc, hash := encryptionName(s.suite.enc), hashName(s.suite.hash)
	m.emit(Log{syslog.New(602201, s.local.Addr(), s.role(), s.remote.Addr(), authText(s.suite.auth), enc, hash, groupText(s.suite.group),
		int(s.lifetime/time.Second))})
	m.phase1Done(s)
	waiting := s.waiting
	s.waiting = nil
	for _, a := range waiting {
		m.beginQuick(s, a)
	}
	if s.initiator {
		m.takeTunnels(s)
	}
}

func authText(a uint16) string {
	if a == authRSASig || a == authXauthRSA {
		return "rsa-sig"
	}
	return "pre-share"
}

func groupText(g int) string { return string(rune('0' + g)) }

// moved takes the address from which an authentic packet has come, where NAT traversal allows it to change.
func (m *Machine) moved(s *sa, d Datagram) {
	if s.natt == nattNone || !s.mayMove(d) {
		return
	}
	if d.Local.Port() == portNATT && !s.floated { // one that renews its SA has begun there
		s.floated = true
		m.event(EvNATFloat)
	}
	if s.remote == d.Remote && s.local == d.Local {
		return
	}
	if s.remote.Addr() != d.Remote.Addr() {
		m.rehome(s, d.Remote)
	}
	s.local, s.remote = d.Local, d.Remote
	for _, p := range sortedPairs(s.pairs) {
		if p.r.Encap && p.r.PeerPort != d.Remote.Port() || p.r.Peer != d.Remote.Addr() {
			p.r.Peer, p.r.PeerPort, p.r.LocalPort = d.Remote.Addr(), d.Remote.Port(), d.Local.Port()
			m.update(p)
		}
	}
}

// mayMove reports whether a peer may be where a packet of it comes from. A NAT before it changes port and address whenever it likes.
// Without one the address stays, and the port changes once, in phase 1, when the initiator goes over to 4500: who holds a packet
// back and sends it from elsewhere moves nothing.
func (s *sa) mayMove(d Datagram) bool {
	return s.peerBehind || s.phase != phaseDone && d.Remote.Addr() == s.remote.Addr() || d.Remote == s.remote && d.Local == s.local
}

// rehome moves an SA with its pairs to another address of the peer in the table of peers.
func (m *Machine) rehome(s *sa, to netip.AddrPort) {
	refs := 1 + 2*len(s.pairs)
	if old := m.peers[s.remote.Addr()]; old != nil {
		old.refs -= refs
		delete(old.sas, s)
		if s.hand == nil {
			if old.done--; old.done == 0 {
				m.licensed--
			}
		}
		if old.refs <= 0 && len(old.sas) == 0 {
			delete(m.peers, s.remote.Addr())
		}
	}
	p := m.peers[to.Addr()]
	if p == nil {
		p = &peer{sas: map[*sa]struct{}{}}
		m.peers[to.Addr()] = p
	}
	p.refs += refs
	p.sas[s] = struct{}{}
	if s.hand == nil {
		if p.done++; p.done == 1 {
			m.licensed++
		}
	}
}

const (
	portIKE  = 500
	portNATT = 4500
)
