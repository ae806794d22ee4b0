package ike

import (
	"fmt"
	"net/netip"
	"time"

	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// beginQuick sends message 1 of quick mode: every transform set of the entry in its order.
func (m *Machine) beginQuick(s *sa, w wanted) {
	terms := m.terms(w)
	if terms == nil || len(terms.TransformSets) == 0 {
		m.notAcquired(w)
		return
	}
	if s.underWay() >= m.o.Limits.Exchanges { // its turn comes when one of them ends
		s.waiting = append(s.waiting, w)
		return
	}
	x := m.newExchange(s, xQuick, m.messageID(s), true)
	x.wanted = w
	q := &quick{ni: m.nonce(), local: w.local, remote: w.remote}
	x.quick = q
	pfs := pfsGroup(terms.PFS)
	if pfs != 0 {
		q.dh = m.newDHKey(pfs)
	}
	c := candidate{w.mapIdx, w.entry, w.dynamic, terms}
	var offer []proposal
	for i, t := range terms.TransformSets {
		p := m.offerSet(s, q, c, readSet(&m.plan.VPN.TransformSets[t]), uint8(i+1), pfs)
		q.offers = append(q.offers, p)
		offer = append(offer, p.members...)
	}
	m.event(EvBeginQuick, x.id, x.id)
	m.logPhase(s, 702209)
	idi, idr := identityOf(q.local), identityOf(q.remote)
	q.idci, q.idcr = idi.append(nil), idr.append(nil)
	list := []payload{{pSA, appendSA(nil, offer)}, {pNonce, q.ni}}
	if q.dh != nil {
		list = append(list, payload{pKE, q.dh.public})
	}
	list = append(list, payload{pID, q.idci}, payload{pID, q.idcr})
	m.sendHashed(s, x, nil, list)
	m.expectAnswer(x)
}

// offerSet is one transform set as proposals of one number.
func (m *Machine) offerSet(s *sa, q *quick, c candidate, set setTransforms, number uint8, pfs int) picked {
	out := picked{candidate: c, set: set, pfs: pfs}
	seconds, kilobytes := ownLife(c.terms)
	for _, t := range []ipsecTransform{set.ah, set.esp} {
		if t.proto == 0 {
			continue
		}
		m.reserveSPIs(q, t.proto == protoESP, t.proto == protoAH)
		encap := uint16(encapTunnel)
		if set.transport {
			encap = encapTransport
		}
		if s.floated {
			encap = s.natt.encap(set.transport)
		}
		attrs := []attr{basicAttr(iEncap, encap), basicAttr(iLifeType, lifeSeconds), wordAttr(iLife, uint32(seconds)),
			basicAttr(iLifeType, lifeKilobytes), wordAttr(iLife, uint32(kilobytes))}
		if t.auth != 0 {
			attrs = append(attrs, basicAttr(iAuth, uint16(t.auth)))
		}
		if t.keyBits != 0 {
			attrs = append(attrs, basicAttr(iKeyLength, uint16(t.keyBits)))
		}
		if pfs != 0 {
			attrs = append(attrs, basicAttr(iGroup, uint16(pfs)))
		}
		spi := q.inESP
		if t.proto == protoAH {
			spi = q.inAH
		}
		tr := transform{number: 1, id: t.id, attrs: attrs}
		out.members = append(out.members, proposal{number: number, proto: t.proto, spi: word(spi), transforms: []transform{tr}})
		out.chosen = append(out.chosen, tr)
	}
	return out
}

// quickSecond is the responder's choice: it has to be one of the offers, for the same identities.
func (m *Machine) quickSecond(s *sa, x *exchange, list []payload) error {
	q := x.quick
	m.event(EvSA, x.id)
	answer, err := parseSA(find(list, pSA))
	if err != nil {
		return err
	}
	taken := -1
	for i := range q.offers {
		if sameOffer(q.offers[i].members, answer) {
			taken = i
			break
		}
	}
	if taken < 0 {
		return errSA
	}
	if q.nr, err = nonceOf(list); err != nil {
		return err
	}
	_, ids, err := m.readProxies(s, list, x.id)
	if err != nil {
		return err
	}
	if find(list, pID) != nil && (ids[0] != q.local || ids[1] != q.remote) {
		return errProxy
	}
	q.pick = q.offers[taken]
	if q.pick.pfs != 0 {
		if q.gxy, err = q.dh.secret(find(list, pKE)); err != nil {
			return err
		}
	}
	for i := range answer {
		if !goodSPI(answer[i].spi) {
			return errSA
		}
	}
	esp, ah := q.inESP, q.inAH
	m.takeSPIs(q, answer)
	if q.outESP == 0 {
		q.inESP = 0
		delete(m.spis, esp)
	}
	if q.outAH == 0 {
		q.inAH = 0
		delete(m.spis, ah)
	}
	if q.outESP == 0 && q.outAH == 0 {
		return errSA
	}
	for i := range answer { // some state their own life in the answer instead of notifying of it, as charon does
		q.shorten(life(answer[i].transforms[0].attrs, iLifeType, iLife))
	}
	m.peerLife(q, list)
	m.stopExpecting(x)
	mid := word(x.id)
	proof := s.suite.prf(s.keys.a, []byte{0}, mid, q.ni, q.nr)
	m.sendChain(s, x, []payload{{pHash, proof}}, 0)
	p := m.completeQuick(s, x)
	delete(m.acquiring, x.wanted.key())
	m.finish(x)
	m.follow(p, s)
	return nil
}

// peerLife takes RESPONDER-LIFETIME.
func (m *Machine) peerLife(q *quick, list []payload) {
	for _, p := range list {
		if p.kind != pNotify {
			continue
		}
		n, err := parseNotification(p.body)
		if err != nil || n.kind != notifyLifetime {
			continue
		}
		attrs, err := parseAttrs(n.data)
		if err != nil {
			continue
		}
		q.shorten(life(attrs, iLifeType, iLife))
	}
}

// sameOffer reports whether an answer takes an offer: the same protocols, each with the transform that was offered.
func sameOffer(offer, answer []proposal) bool {
	if len(offer) != len(answer) {
		return false
	}
	for i := range offer {
		a := &answer[i]
		if a.proto != offer[i].proto || len(a.transforms) != 1 {
			return false
		}
		got, want := readIPsec(a.proto, a.transforms[0]), readIPsec(offer[i].proto, offer[i].transforms[0])
		if got != want {
			return false
		}
	}
	return true
}

// rekeyPair negotiates the successor of a pair that has been of use; one that nobody needs just ends.
func (m *Machine) rekeyPair(p *pair) {
	if p.rekeying || m.pairs[p.r.ID] != p {
		return
	}
	if m.o.LastUsed != nil {
		if used, _ := m.o.LastUsed(p.r.ID); used.Before(p.r.Born) {
			return
		}
	}
	m.emit(Log{syslog.New(702301, fmt.Sprintf("sa_dest= %v, sa_spi= 0x%x(%d)", p.r.Peer, p.r.Out.SPI, p.r.Out.SPI))})
	m.succeed(p)
}

// succeed negotiates the successor of a pair.
func (m *Machine) succeed(p *pair) {
	p.rekeying = true
	m.want(wanted{iface: p.r.If, mapIdx: p.r.Map, entry: p.r.Entry, dynamic: p.r.Dynamic, local: p.r.LocalID, remote: p.r.RemoteID, replaces: p.r.ID})
}

// takeTunnels gives an IKE SA that this side has begun the tunnels of those before it with the same peer: each gets a successor under it.
// charon ends with an SA all pairs that were negotiated under it.
func (m *Machine) takeTunnels(s *sa) {
	pe := m.peers[s.remote.Addr()]
	if pe == nil {
		return
	}
	for o := range pe.sas {
		if o.phase != phaseDone || o.iface != s.iface || o.client != nil || o.id >= s.id {
			continue
		}
		for _, p := range sortedPairs(o.pairs) {
			if p.r.Dynamic == compiler.None && !p.rekeying && m.inUse(p, o.born) {
				m.succeed(p)
			}
		}
	}
}

// follow is takeTunnels for a pair that has come to be under an SA, or is left by it, when there is a younger one already.
func (m *Machine) follow(p *pair, s *sa) {
	heir := m.saWith(p.r.If, p.r)
	if heir != nil && heir != s && heir.initiator && heir.client == nil && p.r.Dynamic == compiler.None && !p.rekeying {
		m.succeed(p)
	}
}

// inUse reports whether a pair has carried something since a time; what nobody can tell of, has.
func (m *Machine) inUse(p *pair, since time.Time) bool {
	used := p.r.Born
	if m.o.LastUsed != nil {
		used, _ = m.o.LastUsed(p.r.ID)
	}
	return !used.Before(since)
}

// renewSA negotiates the successor of an IKE SA with a site whose tunnels are of use: some peers end them with it, and what is sent
// until there are new ones would be lost. Clients renew theirs themselves (commands-vpn-aaa-show.md 2.9).
func (m *Machine) renewSA(s *sa) {
	if s.client != nil || s.aggressive || m.localAddr(s.iface) != s.local.Addr() {
		return
	}
	if o := m.saWith(s.iface, runtime.SAPair{Peer: s.remote.Addr()}); o != nil && o.id > s.id {
		return // it has been done
	}
	needed := false
	for _, p := range s.pairs {
		if p.r.Dynamic != compiler.None {
			continue // this side begins nothing by a dynamic entry (semantics.md 6.3)
		}
		needed = needed || m.inUse(p, s.born)
	}
	if !needed {
		return
	}
	m.logPhase(s, 702212)
	m.beginMain(s.iface, s.local.Addr(), []netip.Addr{s.remote.Addr()}, nil)
}
