package ike

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// Notifications (RFC 2408 3.14.1, RFC 2407 4.6.3, RFC 3706).
const (
	notifyNoProposal    = 14
	notifyInvalidID     = 18
	notifyConnected     = 16384
	notifyLifetime      = 24576
	notifyReplay        = 24577
	notifyInitial       = 24578
	notifyThere         = 36136
	notifyThereAck      = 36137
	dpdMisses           = 3 // unanswered questions after which a peer is dead (commands-vpn-aaa-show.md 2.9, unconfirmed)
	maxSPIs             = 64
	notificationMinimum = 8
)

// notification is a NOTIFY payload.
type notification struct {
	proto uint8
	kind  uint16
	spi   []byte
	data  []byte
}

func parseNotification(b []byte) (n notification, err error) {
	if len(b) < notificationMinimum || len(b) < notificationMinimum+int(b[5]) {
		return n, errShort
	}
	size := int(b[5])
	return notification{b[4], binary.BigEndian.Uint16(b[6:]), b[8 : 8+size], b[8+size:]}, nil
}

func (n *notification) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, doiIPsec)
	b = append(b, n.proto, byte(len(n.spi)))
	b = binary.BigEndian.AppendUint16(b, n.kind)
	return append(append(b, n.spi...), n.data...)
}

// cookieSPI is an IKE SA as SPI of a notification.
func (s *sa) cookieSPI() []byte { return append(append([]byte(nil), s.ci[:]...), s.cr[:]...) }

// notifies acts on the NOTIFY payloads of an authentic message.
func (m *Machine) notifies(s *sa, list []payload, id uint32) {
	for _, p := range list {
		if p.kind != pNotify {
			continue
		}
		n, err := parseNotification(p.body)
		if err != nil {
			m.malformed(s, err)
			continue
		}
		spi := uint32(0)
		if len(n.spi) == 4 {
			spi = binary.BigEndian.Uint32(n.spi)
		}
		m.event(EvNotify, n.kind, n.proto, spi, id)
		switch n.kind {
		case notifyInitial:
			m.initialContact(s)
		case notifyThere:
			m.dpdAsked(s, n)
		case notifyThereAck:
			if len(n.data) >= 4 && s.dpdMissed > 0 && binary.BigEndian.Uint32(n.data) == s.dpdSeq {
				m.alive(s)
			}
		}
	}
}

// initialContact is a peer that has forgotten everything: what there is with it beside this SA goes. Behind a NAT others may
// have the same address, so there only what comes from the same port is meant. It counts once: a copy of it must not end what
// has come after.
func (m *Machine) initialContact(s *sa) {
	if s.contacted {
		return
	}
	s.contacted = true
	if s.aggressive {
		m.event(EvNotifyInitial)
		m.event(EvQueueEvent)
		m.event(EvDeleteNotify)
		m.event(EvDeleteShared, s.remote.Addr())
	}
	pe := m.peers[s.remote.Addr()]
	if pe == nil {
		return
	}
	others := slices.SortedFunc(maps.Keys(pe.sas), func(a, b *sa) int { return int(a.id) - int(b.id) })
	for _, o := range others {
		if o == s || o.phase != phaseDone || (o.natt != nattNone && o.remote.Port() != s.remote.Port()) {
			continue
		}
		for _, p := range sortedPairs(o.pairs) {
			m.removePair(p, "initial contact", false)
		}
		m.removeSA(o, "initial contact", false)
	}
	for _, p := range sortedPairs(pe.orphans) {
		if !p.r.Encap {
			m.removePair(p, "initial contact", false)
		}
	}
}

func sortedPairs(pairs map[uint64]*pair) []*pair {
	out := make([]*pair, 0, len(pairs))
	for _, id := range slices.Sorted(maps.Keys(pairs)) {
		out = append(out, pairs[id])
	}
	return out
}

// informational is an authentic message of an informational exchange.
func (m *Machine) informational(s *sa, list []payload, id uint32) {
	m.notifies(s, list, id)
	for _, p := range list {
		if p.kind == pNotify {
			if n, err := parseNotification(p.body); err == nil && n.kind < notifyConnected && s.phase == phaseDone {
				m.quickRefused(s, n, id)
			}
		}
		if p.kind == pDelete && s.phase == phaseDone {
			m.deleted(s, p.body, id)
		}
	}
}

// deleted is a DELETE payload.
func (m *Machine) deleted(s *sa, b []byte, id uint32) {
	if len(b) < 8 {
		m.malformed(s, errShort)
		return
	}
	proto, size, n := b[4], int(b[5]), int(binary.BigEndian.Uint16(b[6:]))
	if n > maxSPIs || len(b) != 8+n*size {
		m.malformed(s, errLength)
		return
	}
	m.event(EvDeletePayload, id, size)
	for spis := b[8:]; len(spis) > 0; spis = spis[size:] {
		spi := spis[:size]
		switch {
		case proto == protoISAKMP && size == 16:
			o := m.sas[cookies{cookie(spi[:8]), cookie(spi[8:])}]
			if o == nil || o != s && (o.remote != s.remote || !m.sameClient(s, o)) {
				continue
			}
			m.logPhase(o, 702201)
			m.removeUnknown(o)
			m.removeSA(o, "deleted by the peer", false)
			if s.phase == phaseDead {
				return
			}
		case (proto == protoESP || proto == protoAH) && size == 4:
			v := binary.BigEndian.Uint32(spi)
			m.event(EvDeletingSPI, v, id)
			if p := m.outgoing(s, proto, v); p != nil {
				m.removePair(p, "deleted by the peer", false)
			}
		default:
			m.malformed(s, errLength)
			return
		}
	}
}

// outgoing is the pair whose SA towards the peer of s has an SPI, if the peer may speak for it.
func (m *Machine) outgoing(s *sa, proto uint8, spi uint32) *pair {
	for p := m.outs[spi]; p != nil; p = p.nextOut {
		own := p.r.Out.SPI == spi && proto == protoESP || p.r.OutAH.SPI == spi && proto == protoAH
		mine := p.sa == s || p.r.Peer == s.remote.Addr() && (p.sa == nil || p.sa.remote == s.remote && m.sameClient(s, p.sa))
		if own && mine {
			return p
		}
	}
	return nil
}

// sendInfo sends an informational message.
func (m *Machine) sendInfo(s *sa, chain []payload) {
	id := m.messageID(s)
	list := s.hashed(id, nil, chain)
	h := header{ci: s.ci, cr: s.cr, next: pHash, exchange: xInfo, flags: flagEncrypt, id: id}
	msg, _ := encrypt(s.keys.block, s.suite.phase2IV(s.iv, id, s.keys.block), appendPayloads(h.append(make([]byte, 0, 128)), list))
	m.send(s, msg)
}

// sendDelete tells the peer that SAs are gone.
func (m *Machine) sendDelete(s *sa, proto uint8, spis [][]byte) {
	body := binary.BigEndian.AppendUint32(nil, doiIPsec)
	body = append(body, proto, byte(len(spis[0])))
	body = binary.BigEndian.AppendUint16(body, uint16(len(spis)))
	for _, spi := range spis {
		body = append(body, spi...)
	}
	m.sendInfo(s, []payload{{pDelete, body}})
}

// sendNotify sends a notification under the protection of an SA.
func (m *Machine) sendNotify(s *sa, kind uint16, proto uint8, spi, data []byte) {
	m.event(EvSendNotify, kind, proto)
	n := notification{proto: proto, kind: kind, spi: spi, data: data}
	m.sendInfo(s, []payload{{pNotify, n.append(nil)}})
}

// sendNotifyPlain answers a first message that leads to nothing. It is no longer than what it answers.
func (m *Machine) sendNotifyPlain(s *sa, kind uint16) {
	m.event(EvSendNotify, kind, protoISAKMP)
	n := notification{proto: protoISAKMP, kind: kind}
	h := header{ci: s.ci, cr: s.cr, next: pNotify, exchange: xInfo, id: m.random32()}
	msg := appendPayloads(h.append(nil), []payload{{pNotify, n.append(nil)}})
	setLength(msg)
	m.send(s, msg)
}

// startDPD looks after a peer from now on, where `isakmp keepalive` asks for it and the peer can answer.
func (m *Machine) startDPD(s *sa) {
	if k := &m.plan.VPN.Keepalive; !k.Line.IsDefault() && s.dpd {
		m.arm(&s.dpdTimer, timerDPD, k.Interval)
	}
}

// dpdTick asks a peer that has been silent whether it is there (RFC 3706).
func (m *Machine) dpdTick(s *sa) {
	k := &m.plan.VPN.Keepalive
	if k.Line.IsDefault() {
		return
	}
	heard := s.heard
	if m.o.LastUsed != nil {
		for id := range s.pairs {
			if _, h := m.o.LastUsed(id); h.After(heard) {
				heard = h
			}
		}
	}
	if silent := m.now.Sub(heard); silent < k.Interval {
		s.dpdMissed = 0
		m.arm(&s.dpdTimer, timerDPD, k.Interval-silent)
		return
	}
	if s.dpdMissed >= dpdMisses {
		m.logPhase(s, 702203)
		for _, p := range sortedPairs(s.pairs) {
			m.removePair(p, "peer is dead", false)
		}
		if pe := m.peers[s.remote.Addr()]; pe != nil {
			for _, p := range sortedPairs(pe.orphans) {
				if !p.r.Encap || p.r.PeerPort == s.remote.Port() {
					m.removePair(p, "peer is dead", false)
				}
			}
		}
		m.removeSA(s, "peer is dead", false)
		return
	}
	if s.dpdSeq == 0 {
		s.dpdSeq = m.random32() &^ (1 << 31)
	}
	s.dpdMissed++
	s.dpdSeq++
	m.sendNotify(s, notifyThere, protoISAKMP, s.cookieSPI(), binary.BigEndian.AppendUint32(nil, s.dpdSeq))
	m.arm(&s.dpdTimer, timerDPD, max(k.Retry, time.Second))
}

// dpdAsked answers a peer that asks. Its sequence numbers rise (RFC 3706 6.2): a copy of an old question is no sign of life.
func (m *Machine) dpdAsked(s *sa, n notification) {
	if len(n.data) < 4 || s.phase != phaseDone {
		return
	}
	seq := binary.BigEndian.Uint32(n.data)
	switch ahead := int32(seq - s.peerSeq); {
	case !s.peerAsked || ahead > 0:
		s.peerAsked, s.peerSeq = true, seq
		m.alive(s)
	case ahead < 0:
		m.event(EvDropped, "a question of dead peer detection that is over")
		return
	}
	m.event(EvDPDHeard, s.remote.Addr())
	m.sendNotify(s, notifyThereAck, protoISAKMP, s.cookieSPI(), n.data[:4:4])
}

// startKeepalive keeps the mapping of a NAT before this box alive.
func (m *Machine) startKeepalive(s *sa) {
	if s.natt != nattNone && s.weAreBehind && m.plan.VPN.NATKeepalive > 0 {
		m.arm(&s.keepalive, timerKeepalive, m.plan.VPN.NATKeepalive)
	}
}

func (m *Machine) keepaliveTick(s *sa) {
	m.emit(Keepalive{Datagram{If: s.iface, Local: s.local, Remote: s.remote, Payload: []byte{0xff}}})
	m.startKeepalive(s)
}
