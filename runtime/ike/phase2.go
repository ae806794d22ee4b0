package ike

import "encoding/binary"

// phase2 is a message under the protection of an IKE SA. Nothing of it counts before its hash was found right. Message ID 0 is that of
// phase 1, but an informational message may have it: vpnc draws its IDs for these from 256, of which 0 is one, and says good-bye with it.
func (m *Machine) phase2(s *sa, d Datagram, h *header, body []byte) {
	if s.phase != phaseDone || h.flags&flagEncrypt == 0 || h.id == 0 && h.exchange != xInfo {
		m.event(EvDropped, "not the message that is expected")
		return
	}
	x := s.exchanges[h.id]
	digest := m.digest(d.Payload)
	if x != nil && x.lastIn == digest {
		m.event(EvDuplicate2)
		m.logPhase(s, 702207)
		if x.lastOut != nil && (x.done || !x.ours) {
			m.send(s, x.lastOut)
		}
		return
	}
	fresh := x == nil
	if fresh {
		if s.isOver(h.id) || s.underWay() >= m.o.Limits.Exchanges && h.exchange != xInfo {
			m.event(EvDropped, "message ID is over, or too many exchanges are under way")
			return
		}
		x = &exchange{sa: s, kind: h.exchange, id: h.id, iv: s.suite.phase2IV(s.iv, h.id, s.keys.block)}
		x.retry.x = x
	}
	if x.kind != h.exchange || x.done {
		m.event(EvDropped, "not the message that is expected")
		return
	}
	list, next, err := m.openHashed(s, x, h, body, fresh)
	if err != nil {
		m.malformed(s, err)
		return
	}
	if h.exchange != xInfo { // whose message ID may have been used before: a copy proves nothing
		m.alive(s)
	}
	if h.exchange == xQuick && fresh && !s.created1 {
		s.created1 = true
		if !s.aggressive {
			m.event(EvPeerNode, s.remote.Addr())
		}
	}
	m.event(EvExchange, h.exchange.debugName())
	if h.exchange == xInfo {
		m.informational(s, list, h.id)
		m.event(EvStatus, "IKMP_NO_ERR_NO_TRANS")
		return
	}
	if h.exchange == xQuick && fresh && !m.quickGate(s) {
		return
	}
	x.iv, x.lastIn = next, digest
	if fresh {
		if s.exchanges == nil {
			s.exchanges = map[uint32]*exchange{}
		}
		s.exchanges[x.id] = x
	}
	if h.exchange == xConfig {
		m.receiveConfig(s, x, list, h.length)
	} else {
		x.commit = x.commit || fresh && h.flags&flagCommit != 0
		m.receiveQuick(s, x, h, list)
	}
	if s.phase != phaseDead && s.exchanges[x.id] == x && x.retry.index == 0 && !m.asking(s, x) {
		x.tries = retryTimes // whoever has it does not come back to it: it ends by itself
		m.arm(&x.retry, timerExchange, doneLinger)
	}
}

// alive is a message of the peer that is no copy of an earlier one: it is there, and it is where the message has come from.
func (m *Machine) alive(s *sa) {
	s.heard, s.dpdMissed = m.now, 0
	m.moved(s, m.from)
}

// openHashed decrypts a message of phase 2 and checks its hash.
func (m *Machine) openHashed(s *sa, x *exchange, h *header, body []byte, fresh bool) (list []payload, next []byte, err error) {
	plain, next, err := decrypt(s.keys.block, x.iv, body)
	if err != nil {
		return nil, nil, err
	}
	list, used, err := parsePayloads(h.next, plain)
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 || list[0].kind != pHash {
		return nil, nil, errPayloadMissing("HASH")
	}
	hash := list[0].body
	rest := plain[genericSize+len(hash) : used]
	mid := binary.BigEndian.AppendUint32(nil, x.id)
	var want []byte
	switch {
	case x.kind != xQuick || fresh:
		want = s.suite.prf(s.keys.a, mid, rest)
	case x.quick == nil:
		return nil, nil, errRefused
	case x.ours:
		want = s.suite.prf(s.keys.a, mid, x.quick.ni, rest)
	default:
		want = s.suite.prf(s.keys.a, []byte{0}, mid, x.quick.ni, x.quick.nr)
	}
	if !equal(hash, want) {
		m.event(EvHashMismatch, s.remote.Addr())
		return nil, nil, errProof
	}
	return list[1:], next, nil
}

// malformed is a message that cannot be used. The exchange goes on: anybody can send one.
func (m *Machine) malformed(s *sa, err error) {
	if r, ok := err.(reservedError); ok {
		m.event(EvReserved, r.kind)
	} else {
		m.event(EvMalformed, err)
	}
	m.logPhase(s, 702206)
}

// refuse is a datagram that is no message at all.
func (m *Machine) refuse(d Datagram, err error) {
	m.event(EvBlock, d.Remote.Addr(), d.Local.Addr())
	m.event(EvMalformed, err)
}
