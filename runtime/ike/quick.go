package ike

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// quick is a quick mode under way.
type quick struct {
	ni, nr   []byte
	dh       *dhKey
	gxy      []byte // shared secret of PFS
	spis     []uint32
	idci     []byte // bodies, as they were sent
	idcr     []byte
	local    runtime.ProxyID
	remote   runtime.ProxyID
	pick     picked
	inESP    uint32
	inAH     uint32
	outESP   uint32
	outAH    uint32
	seconds  uint32 // offered; 0: none
	kilobyte uint32
	offers   []picked // initiator: what was proposed, by proposal number from 1
	prepared uint64   // ID of the pair that was prepared; 0: none
}

// receiveQuick is a message of quick mode whose hash was right.
func (m *Machine) receiveQuick(s *sa, x *exchange, h *header, list []payload) {
	m.event(EvQuick)
	if x.quick == nil {
		m.event(EvQuickState, "OAK_QM_IDLE\n")
	} else {
		m.event(EvQuickState, "OAK_QM_AUTH_AWAIT")
	}
	var err error
	switch {
	case x.ours:
		err = m.quickSecond(s, x, list)
	case x.quick == nil:
		err = m.quickFirst(s, x, list)
	default:
		m.quickThird(s, x)
	}
	if err == nil {
		m.event(EvStatus, "IKMP_NO_ERROR")
		return
	}
	if err != errRefused {
		m.malformed(s, err)
	}
	m.finish(x)
	if x.ours {
		m.quickFailed(x)
	}
	m.event(EvStatus, "IKMP_ERR_NO_RETRANS")
}

// readProxies reads the two ID payloads of quick mode, the initiator's first; without them, the two ends are meant.
func (m *Machine) readProxies(s *sa, list []payload, id uint32) (bodies [2][]byte, ids [2]runtime.ProxyID, err error) {
	ends := [2]netip.Addr{s.remote.Addr(), s.local.Addr()}
	if s.initiator {
		ends = [2]netip.Addr{s.local.Addr(), s.remote.Addr()}
	}
	n := 0
	for _, p := range list {
		if p.kind != pID {
			continue
		}
		if n == 2 {
			return bodies, ids, errDuplPay
		}
		m.event(EvID, id)
		v, err := parseIdentity(p.body)
		if err != nil {
			return bodies, ids, err
		}
		var ok bool
		if ids[n], ok = proxyOf(v); !ok {
			return bodies, ids, errProxy
		}
		end := ""
		if n == 0 {
			end = "\n"
		}
		name := [...]string{"src", "dst"}[n]
		shown := ids[n].Addr.String()
		if v.Type != idIPv4 {
			shown += "/" + ids[n].Mask.String()
		}
		m.event(EvProxy, idTypeName(v.Type), name, shown, v.Proto, v.Port, end)
		bodies[n] = append([]byte(nil), p.body...)
		n++
	}
	switch n {
	case 0:
		ids = [2]runtime.ProxyID{hostProxy(ends[0]), hostProxy(ends[1])}
	case 1:
		return bodies, ids, errNoSecond
	}
	return bodies, ids, nil
}

// peekProxies is readProxies without showing anything: the choice among proposals needs them before the box shows them.
func (m *Machine) peekProxies(s *sa, list []payload, id uint32) (bodies [2][]byte, ids [2]runtime.ProxyID, err error) {
	debug := m.debug
	m.debug = [4]int{}
	defer func() { m.debug = debug }()
	return m.readProxies(s, list, id)
}

// quickFirst answers message 1 of quick mode.
func (m *Machine) quickFirst(s *sa, x *exchange, list []payload) error {
	m.logPhase(s, 702209)
	m.event(EvSA, x.id)
	offer, err := parseSA(find(list, pSA))
	if err != nil {
		return err
	}
	ni, err := nonceOf(list)
	if err != nil {
		return err
	}
	bodies, ids, err := m.peekProxies(s, list, x.id)
	if err != nil {
		return err
	}
	q := &quick{ni: ni, nr: m.nonce(), idci: bodies[0], idcr: bodies[1], remote: ids[0], local: ids[1]}
	if len(s.pairs) >= m.o.Limits.PairsPerSA {
		m.event(EvDropped, "too many pairs with this peer")
		return errRefused
	}
	cands := m.candidates(s, q.local, q.remote)
	if len(cands) == 0 {
		m.event(EvProxyUnsupported)
		m.refuseQuick(s, x, notifyNoProposal)
		return errRefused
	}
	ke := find(list, pKE)
	var ok bool
	if q.pick, ok = m.pick(s, offer, cands, len(ke) > 0); !ok {
		m.event(EvSANotAcceptable)
		m.refuseQuick(s, x, notifyNoProposal)
		return errRefused
	}
	m.readLife(q)
	m.showRequest(s, q)
	m.event(EvNonce, x.id)
	if q.pick.pfs != 0 {
		m.event(EvKE, x.id)
		q.dh = m.newDHKey(q.pick.pfs)
		if q.gxy, err = q.dh.secret(ke); err != nil {
			return err
		}
	}
	if _, _, err := m.readProxies(s, list, x.id); err != nil {
		return err
	}
	m.takeSPIs(q, q.pick.members)
	m.showSPIs(s, q)
	m.notifies(s, list, x.id)
	x.quick = q

	reply := []payload{{pSA, appendSA(nil, m.replyProposals(q))}, {pNonce, q.nr}}
	if q.dh != nil {
		reply = append(reply, payload{pKE, q.dh.public})
	}
	if q.idci != nil {
		reply = append(reply, payload{pID, q.idci}, payload{pID, q.idcr})
	}
	if n := m.responderLife(q); n != nil {
		reply = append(reply, payload{pNotify, n})
	}
	// The first packet of the peer may overtake its message 3, or come right after our answer.
	m.nextID++
	q.prepared = m.nextID
	m.emit(PrepareSA{m.pairOf(s, q, q.prepared)})
	m.sendHashed(s, x, q.ni, reply)
	m.expectAnswer(x)
	return nil
}

// refuseQuick tells the peer why its quick mode leads nowhere.
func (m *Machine) refuseQuick(s *sa, x *exchange, kind uint16) {
	m.sendNotify(s, kind, protoESP, nil, nil)
}

// readLife takes the life of the offer.
func (m *Machine) readLife(q *quick) {
	for _, t := range q.pick.chosen {
		q.shorten(life(t.attrs, iLifeType, iLife))
	}
}

// shorten takes what the peer says about the life of the pair; 0 says nothing.
func (q *quick) shorten(seconds, kilobytes uint32) {
	if seconds > 0 && (q.seconds == 0 || seconds < q.seconds) {
		q.seconds = seconds
	}
	if kilobytes > 0 && (q.kilobyte == 0 || kilobytes < q.kilobyte) {
		q.kilobyte = kilobytes
	}
}

// lives is how long the pair lives: the shorter of what both want (commands-vpn-aaa-show.md 2.8).
func (q *quick) lives() (seconds, kilobytes int) {
	seconds, kilobytes = ownLife(q.pick.terms)
	if q.seconds > 0 {
		seconds = min(seconds, int(q.seconds))
	}
	if q.kilobyte > 0 {
		kilobytes = min(kilobytes, int(q.kilobyte))
	}
	return seconds, kilobytes
}

func ownLife(e *compiler.MapEntry) (seconds, kilobytes int) {
	seconds, kilobytes = e.Seconds, e.Kilobytes
	if seconds == 0 {
		seconds = ast.DefaultSASeconds
	}
	if kilobytes == 0 {
		kilobytes = ast.DefaultSAKilobytes
	}
	return seconds, kilobytes
}

// responderLife is the notification of a life that is shorter than the peer's; nil: it is not.
func (m *Machine) responderLife(q *quick) []byte {
	seconds, kilobytes := ownLife(q.pick.terms)
	var attrs []attr
	if uint32(seconds) < q.seconds {
		attrs = append(attrs, basicAttr(iLifeType, lifeSeconds), wordAttr(iLife, uint32(seconds)))
	}
	if q.kilobyte > 0 && uint32(kilobytes) < q.kilobyte {
		attrs = append(attrs, basicAttr(iLifeType, lifeKilobytes), wordAttr(iLife, uint32(kilobytes)))
	}
	if attrs == nil {
		return nil
	}
	proto, spi := uint8(protoESP), q.inESP
	if spi == 0 {
		proto, spi = protoAH, q.inAH
	}
	n := notification{proto: proto, kind: notifyLifetime, spi: word(spi), data: appendAttrs(nil, attrs)}
	return n.append(nil)
}

// takeSPIs notes the peer's SPIs, which are no zeros (goodSPI), and reserves SPIs of this side.
func (m *Machine) takeSPIs(q *quick, members []proposal) {
	for i := range members {
		spi := binary.BigEndian.Uint32(members[i].spi)
		if members[i].proto == protoAH {
			q.outAH = spi
		} else {
			q.outESP = spi
		}
	}
	m.reserveSPIs(q, q.outESP != 0, q.outAH != 0)
}

// goodSPI reports whether an SPI of AH or ESP can name an association. 0 means none, here and on the wire (RFC 2406 2.1).
func goodSPI(spi []byte) bool { return len(spi) == 4 && binary.BigEndian.Uint32(spi) != 0 }

func (m *Machine) reserveSPIs(q *quick, esp, ah bool) {
	if esp && q.inESP == 0 {
		q.inESP = m.newSPI()
		q.spis = append(q.spis, q.inESP)
	}
	if ah && q.inAH == 0 {
		q.inAH = m.newSPI()
		q.spis = append(q.spis, q.inAH)
	}
}

// replyProposals are the chosen transforms, as they came, with the SPIs of this side.
func (m *Machine) replyProposals(q *quick) []proposal {
	out := make([]proposal, len(q.pick.members))
	for i, p := range q.pick.members {
		spi := q.inESP
		if p.proto == protoAH {
			spi = q.inAH
		}
		out[i] = proposal{number: p.number, proto: p.proto, spi: word(spi), transforms: []transform{q.pick.chosen[i]}}
	}
	return out
}

// quickThird is message 3: the peer is alive, the pair can be used.
func (m *Machine) quickThird(s *sa, x *exchange) {
	m.stopExpecting(x)
	m.completeQuick(s, x)
	x.lastOut = nil
	if x.commit { // the peer waits to hear that the pair is there (RFC 2408 3.1; unconfirmed of the box)
		n := notification{proto: protoESP, kind: notifyConnected}
		m.sendHashed(s, x, nil, []payload{{pNotify, n.append(nil)}})
	}
	m.finish(x)
}

// completeQuick makes the pair.
func (m *Machine) completeQuick(s *sa, x *exchange) *pair {
	q := x.quick
	id := q.prepared
	if id == 0 {
		m.nextID++
		id = m.nextID
	}
	p := &pair{initiator: x.ours, r: m.pairOf(s, q, id)}
	q.prepared = 0
	q.spis = nil
	p.in, p.out = m.slots.take(), m.slots.take()
	m.showPair(s, q, p)
	for _, old := range sortedPairs(s.pairs) {
		if old.r.LocalID == p.r.LocalID && old.r.RemoteID == p.r.RemoteID {
			old.rekeying = true // this is its successor
			m.disarm(&old.soft)
			if old.before != nil {
				m.takeOver(old)
			}
			if p.initiator {
				p.before = old
			}
		}
	}
	m.installPair(s, p)
	m.logPhase(s, 702211)
	m.logPair(p, 602301)
	return p
}

// pairOf is the pair that a quick mode leads to.
func (m *Machine) pairOf(s *sa, q *quick, id uint64) runtime.SAPair {
	seconds, kilobytes := q.lives()
	r := runtime.SAPair{
		ID: id, If: s.iface, Map: q.pick.mapIdx, Entry: q.pick.entry, Dynamic: q.pick.dynamic,
		Local: s.local.Addr(), Peer: s.remote.Addr(), LocalID: q.local, RemoteID: q.remote,
		Born: m.now, Seconds: seconds, Kilobytes: kilobytes, PFS: q.pick.pfs,
		Client: m.clientAddr(s), User: m.userOf(s), Group: s.groupName,
	}
	if q.pick.set.transport {
		r.Mode = runtime.Transport
	}
	if readIPsec(q.pick.members[0].proto, q.pick.chosen[0]).encap > encapTransport {
		r.Encap, r.LocalPort, r.PeerPort = true, s.local.Port(), s.remote.Port()
	}
	set := &q.pick.set
	if q.inESP != 0 {
		r.In = m.saKeys(s, q, protoESP, q.inESP, set.names[0], set.names[1])
		r.Out = m.saKeys(s, q, protoESP, q.outESP, set.names[0], set.names[1])
	}
	if q.inAH != 0 {
		r.InAH = m.saKeys(s, q, protoAH, q.inAH, "", set.ahName)
		r.OutAH = m.saKeys(s, q, protoAH, q.outAH, "", set.ahName)
	}
	return r
}

// saKeys derives the keys of one direction.
func (m *Machine) saKeys(s *sa, q *quick, proto uint8, spi uint32, cipher, auth string) runtime.SAKeys {
	nc, na := keyLen(cipher), keyLen(auth)
	k := s.suite.keymat(s.keys.d, q.gxy, proto, spi, q.ni, q.nr, nc+na)
	return runtime.SAKeys{SPI: spi, Cipher: cipher, Auth: auth, CipherKey: k[:nc:nc], AuthKey: k[nc:]}
}

// logPair writes 602301 (created) or 602302 (deleted) for each of the SAs of a pair.
func (m *Machine) logPair(p *pair, id int) {
	for _, k := range []struct {
		dest  netip.Addr
		proto int
		keys  *runtime.SAKeys
		id    int
	}{{p.r.Local, 50, &p.r.In, p.in}, {p.r.Peer, 50, &p.r.Out, p.out}, {p.r.Local, 51, &p.r.InAH, p.in}, {p.r.Peer, 51, &p.r.OutAH, p.out}} {
		if k.keys.SPI != 0 {
			trans := k.keys.Auth
			if k.keys.Cipher != "" {
				trans = k.keys.Cipher + " " + trans
			}
			m.emit(Log{syslog.New(id, k.dest, k.proto, k.keys.SPI, trans, k.id)})
		}
	}
}

// quickRefused is an error that the peer tells of under an SA (RFC 2408 3.14.1): a quick mode of ours that it does not want, and the
// SA lives on. Which one the SPI says, where it is one of ours; without, there may be only one. A copy of the message tells of nothing:
// its message ID is over.
func (m *Machine) quickRefused(s *sa, n notification, id uint32) {
	s.isNowOver(id)
	m.alive(s)
	var open []*exchange
	for _, x := range s.exchanges {
		if !x.ours || x.quick == nil {
			continue
		}
		if len(n.spi) == 4 && (bytes.Equal(n.spi, word(x.quick.inESP)) || bytes.Equal(n.spi, word(x.quick.inAH))) {
			open = []*exchange{x}
			break
		}
		open = append(open, x)
	}
	if len(open) != 1 {
		return
	}
	x := open[0]
	m.finish(x)
	if p := m.pairs[x.wanted.replaces]; p != nil {
		p.rekeying = false
	}
	x.refused = true
	m.arm(&x.retry, timerExchange, refusedFor)
}

// quickFailed is a quick mode of ours that has come to nothing. An SA under which nobody answers is given up, so that the next
// packet begins anew; one whose peer has been heard of since is not.
func (m *Machine) quickFailed(x *exchange) {
	if !x.ours {
		return
	}
	delete(m.acquiring, x.wanted.key())
	if p := m.pairs[x.wanted.replaces]; p != nil {
		p.rekeying = false
	}
	if !x.done && !x.sa.heard.After(x.begun) {
		m.removeSA(x.sa, "the peer does not answer", true)
	}
}
