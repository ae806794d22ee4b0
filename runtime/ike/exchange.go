package ike

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"
)

// An unanswered packet is repeated five times, every five seconds (commands-vpn-aaa-show.md 2.11); then its exchange has failed.
const (
	retryEvery = 5 * time.Second
	retryTimes = 5
	doneLinger = 60 * time.Second // how long repetitions of a finished exchange are answered
	refusedFor = 10 * time.Second // how long a peer that has refused a pair is not asked for it again
)

// digest tells packets apart. It is no proof of anything: repetitions are equal byte by byte.
func (m *Machine) digest(b []byte) uint64 { return maphash.Bytes(m.hashSeed, b) }

// messageID is a new message ID for an exchange of ours.
func (m *Machine) messageID(s *sa) uint32 {
	for {
		id := m.random32()
		if id != 0 && !s.isOver(id) && s.exchanges[id] == nil {
			return id
		}
	}
}

// isOver reports whether a message ID has been used on an SA.
func (s *sa) isOver(id uint32) bool {
	_, seen := s.seen[id]
	_, old := s.seenOld[id]
	return seen || old
}

// newExchange begins an exchange of phase 2 and enters it into the table of its SA.
func (m *Machine) newExchange(s *sa, kind exchangeType, id uint32, ours bool) *exchange {
	x := &exchange{sa: s, kind: kind, id: id, ours: ours, begun: m.now, iv: s.suite.phase2IV(s.iv, id, s.keys.block)}
	x.retry.x = x
	if s.exchanges == nil {
		s.exchanges = map[uint32]*exchange{}
	}
	s.exchanges[id] = x
	return x
}

// hashed puts the HASH payload before a chain: prf(SKEYID_a, M-ID | between | chain).
func (s *sa) hashed(id uint32, between []byte, chain []payload) []payload {
	mid := binary.BigEndian.AppendUint32(nil, id)
	hash := s.suite.prf(s.keys.a, mid, between, appendPayloads(nil, chain))
	return append([]payload{{pHash, hash}}, chain...)
}

// sendHashed sends a message of an exchange, with its hash over the message ID, between and the payloads.
func (m *Machine) sendHashed(s *sa, x *exchange, between []byte, chain []payload) {
	m.sendChain(s, x, s.hashed(x.id, between, chain), 0)
}

// sendChain encrypts and sends a message of an exchange and keeps it for repetition.
func (m *Machine) sendChain(s *sa, x *exchange, chain []payload, flags uint8) {
	h := header{ci: s.ci, cr: s.cr, next: chain[0].kind, exchange: x.kind, flags: flagEncrypt | flags, id: x.id}
	msg := appendPayloads(h.append(make([]byte, 0, 256)), chain)
	x.lastOut, x.iv = encrypt(s.keys.block, x.iv, msg)
	m.send(s, x.lastOut)
}

// send sends a finished message to the peer.
func (m *Machine) send(s *sa, msg []byte) {
	m.emit(Send{Datagram{If: s.iface, Local: s.local, Remote: s.remote, Payload: msg}})
}

// expectAnswer repeats the last message of an exchange until stopExpecting.
func (m *Machine) expectAnswer(x *exchange) {
	x.tries = 0
	m.arm(&x.retry, timerExchange, retryEvery)
}

func (m *Machine) stopExpecting(x *exchange) { m.disarm(&x.retry) }

// finish ends an exchange: it lingers, to answer repetitions.
func (m *Machine) finish(x *exchange) {
	if x.quick != nil {
		m.releaseSPIs(x.quick)
		x.quick = nil
	}
	s := x.sa
	if !x.done && s.exchanges[x.id] == x {
		s.lingers = append(s.lingers, x)
	}
	x.done = true
	m.arm(&x.retry, timerExchange, doneLinger)
	if len(s.lingers) > maxLinger {
		m.forget(s.lingers[0])
	}
	m.nextQuick(s)
}

// maxLinger bounds the exchanges of one SA that are only there to answer repetitions.
const maxLinger = 512

// underWay is how many exchanges of an SA are not done.
func (s *sa) underWay() int { return len(s.exchanges) - len(s.lingers) }

// nextQuick begins a quick mode of ours that has waited for others to end.
func (m *Machine) nextQuick(s *sa) {
	if s.phase == phaseDone && len(s.waiting) > 0 && s.underWay() < m.o.Limits.Exchanges {
		w := s.waiting[0]
		s.waiting = s.waiting[1:]
		m.beginQuick(s, w)
	}
}

// forget takes an exchange out of the table. Its message ID is not good again on this SA.
func (m *Machine) forget(x *exchange) {
	if x.quick != nil {
		m.releaseSPIs(x.quick)
		x.quick = nil
	}
	m.disarm(&x.retry)
	m.giveBack(x)
	if i := slices.Index(x.sa.lingers, x); i >= 0 {
		x.sa.lingers = slices.Delete(x.sa.lingers, i, i+1)
	}
	delete(x.sa.exchanges, x.id)
	x.sa.isNowOver(x.id)
	m.nextQuick(x.sa)
}

// giveBack lets a pair that the peer has refused be negotiated again.
func (m *Machine) giveBack(x *exchange) {
	if x.refused {
		x.refused = false
		m.notAcquired(x.wanted)
	}
}

// isNowOver notes that a message ID has been used.
func (s *sa) isNowOver(id uint32) {
	if len(s.seen) >= maxSeen {
		s.seen, s.seenOld = nil, s.seen
	}
	if s.seen == nil {
		s.seen = map[uint32]struct{}{}
	}
	s.seen[id] = struct{}{}
}

const maxSeen = 4096

// exchangeTimer repeats the last message of an exchange, or gives the exchange up.
func (m *Machine) exchangeTimer(x *exchange) {
	switch {
	case x.done:
		m.forget(x)
	case x.tries < retryTimes:
		x.tries++
		m.event(EvRetransmit2)
		m.logPhase(x.sa, 702205)
		m.send(x.sa, x.lastOut)
		m.arm(&x.retry, timerExchange, retryEvery)
	default:
		m.forget(x)
		if x.kind == xConfig {
			m.transactionFailed(x.sa, x)
		} else {
			m.quickFailed(x)
		}
	}
}
