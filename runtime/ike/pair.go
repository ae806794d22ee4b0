package ike

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"pixfw/runtime"
)

const (
	protoISAKMP = 1
	protoAH     = 2
	protoESP    = 3
	protoIPCOMP = 4
)

// pair is a pair of IPsec security associations that this machine has made.
type pair struct {
	sa         *sa // under which it lives; nil: its IKE SA is gone
	r          runtime.SAPair
	soft, hard timer
	watch      timer // while its IKE SA is gone
	in, out    int   // conn_id
	initiator  bool  // this side has begun the quick mode
	rekeying   bool  // a successor is being negotiated, or there
	turn       timer // until the pair takes over from the one before it; not armed: it has
	before     *pair // until then
	next       *pair // that waits for its turn
	nextOut    *pair // in Machine.outs
}

// soft timers run out before hard ones, those of the initiator first, so that one side negotiates the successor and the other
// finds it done (commands-vpn-aaa-show.md 2.9, unconfirmed).
const (
	softMargin          = 30 * time.Second
	softMarginResponder = 10 * time.Second
)

// margin is how long before its end something with a short life is renewed by one side. Peers take a tenth of the life for theirs;
// the responder comes after them.
func margin(life time.Duration, initiator bool) time.Duration {
	if initiator {
		return min(softMargin, life/4)
	}
	return min(softMarginResponder, life/20)
}

// The side that renews a pair goes on with the old one for a while: its first packet on the new one must not overtake its third
// message, before which the peer does not know of it. A peer that has sent something on the new one does.
const (
	turnAfter = time.Second
	turnLook  = 20 * time.Millisecond
)

// turnTick looks whether the turn of a pair has come.
func (m *Machine) turnTick(p *pair) {
	heard := p.r.Born
	if m.o.LastUsed != nil {
		_, heard = m.o.LastUsed(p.r.ID)
	}
	if heard.After(p.r.Born) || !m.now.Before(p.r.Born.Add(turnAfter)) {
		m.takeOver(p)
		return
	}
	m.arm(&p.turn, timerPairTurn, turnLook)
}

// installPair enters a pair into the tables and gives it to the data plane.
func (m *Machine) installPair(s *sa, p *pair) {
	p.sa = s
	p.soft.pair, p.hard.pair = p, p
	m.pairs[p.r.ID] = p
	for _, k := range []*runtime.SAKeys{&p.r.In, &p.r.InAH} {
		if k.SPI != 0 {
			m.spis[k.SPI] = p
		}
	}
	m.linkOut(p)
	if s.pairs == nil {
		s.pairs = map[uint64]*pair{}
	}
	s.pairs[p.r.ID] = p
	s.created++
	if p.r.Seconds > 0 {
		life := time.Duration(p.r.Seconds) * time.Second
		m.arm(&p.soft, timerPairSoft, life-margin(life, p.initiator))
		m.arm(&p.hard, timerPairHard, life)
	}
	if pe := m.peers[s.remote.Addr()]; pe != nil {
		for range 2 {
			pe.refs++
			m.event(EvIPsecPeerRef, s.remote.Addr(), pe.refs, len(m.peers))
		}
	}
	if p.before != nil {
		p.before.next = p
		p.turn.pair = p
		m.arm(&p.turn, timerPairTurn, turnLook)
		m.emit(PrepareSA{p.r})
		return
	}
	m.emit(InstallSA{p.r})
}

// takeOver lets a pair that this side has negotiated be sent with: the peer has had the time to hear of it, or the one before it
// ends.
func (m *Machine) takeOver(p *pair) {
	if p.before == nil {
		return
	}
	m.disarm(&p.turn)
	p.before.next, p.before = nil, nil
	m.emit(InstallSA{p.r})
}

// update tells the data plane that a pair has moved. Of one whose turn has not come its InstallSA will.
func (m *Machine) update(p *pair) {
	if p.before == nil {
		m.emit(UpdateSA{p.r})
	}
}

// removePair ends a pair. tell sends a DELETE if there is an SA to send it under.
func (m *Machine) removePair(p *pair, reason string, tell bool) {
	if m.pairs[p.r.ID] != p {
		return
	}
	m.disarm(&p.soft)
	m.disarm(&p.hard)
	m.disarm(&p.watch)
	delete(m.pairs, p.r.ID)
	for _, k := range []*runtime.SAKeys{&p.r.In, &p.r.InAH} {
		if k.SPI != 0 && m.spis[k.SPI] == p {
			delete(m.spis, k.SPI)
		}
	}
	m.unlinkOut(p)
	if s := p.sa; s != nil {
		delete(s.pairs, p.r.ID)
	}
	m.slots.give(p.in)
	m.slots.give(p.out)
	m.logPair(p, 602302)
	if p.next != nil {
		m.takeOver(p.next)
	}
	if p.before != nil {
		m.disarm(&p.turn)
		p.before.next = nil
		m.emit(CancelSA{p.r.ID})
	} else {
		m.emit(RemoveSA{ID: p.r.ID, Reason: reason})
	}
	if pe := m.peers[p.r.Peer]; pe != nil {
		delete(pe.orphans, p.r.ID)
		m.unref(p.r.Peer, pe, EvIPsecPeerUnref)
		m.unref(p.r.Peer, pe, EvIPsecPeerUnref)
	}
	if s := m.saOf(p); tell && s != nil {
		for _, k := range []struct {
			proto uint8
			spi   uint32
		}{{protoESP, p.r.In.SPI}, {protoAH, p.r.InAH.SPI}} {
			if k.spi != 0 {
				m.sendDelete(s, k.proto, [][]byte{binary.BigEndian.AppendUint32(nil, k.spi)})
			}
		}
	}
}

// removeUnknown is for an SA that its peer has deleted: what was negotiated under it a moment ago goes too, unless the peer has sent
// something with it. The peer has probably not read the third message any more, and would know nothing of the pair while its
// packets go nowhere.
func (m *Machine) removeUnknown(s *sa) {
	for _, p := range sortedPairs(s.pairs) {
		var heard time.Time
		if m.o.LastUsed != nil {
			_, heard = m.o.LastUsed(p.r.ID)
		}
		if p.initiator && heard.IsZero() && m.now.Before(p.r.Born.Add(turnAfter)) {
			if p.before != nil {
				p.before.rekeying = false
			}
			m.removePair(p, "the peer has ended its SA in the midst of the negotiation", true)
		}
	}
}

// saOf is the SA under which something about a pair can be said: its own, or another with the same peer.
func (m *Machine) saOf(p *pair) *sa {
	if p.sa != nil && p.sa.phase == phaseDone {
		return p.sa
	}
	return m.saWith(p.r.If, p.r)
}

// saWith is the youngest SA with the peer of a pair; nil: none.
func (m *Machine) saWith(iface int, r runtime.SAPair) *sa {
	var best *sa
	if pe := m.peers[r.Peer]; pe != nil {
		for s := range pe.sas {
			if s.phase == phaseDone && s.iface == iface && (!r.Encap || s.remote.Port() == r.PeerPort) && (best == nil || s.id > best.id) {
				best = s
			}
		}
	}
	return best
}

// inheritPairs is for the pairs of an SA that ends.
func (m *Machine) inheritPairs(s *sa, reason string, tell bool) {
	for _, id := range slices.Sorted(maps.Keys(s.pairs)) {
		p := s.pairs[id]
		heir := m.heirOf(s)
		switch {
		case heir != nil:
			delete(s.pairs, id)
			p.sa = heir
			if heir.pairs == nil {
				heir.pairs = map[uint64]*pair{}
			}
			heir.pairs[id] = p
			if m.inUse(p, s.born) {
				m.follow(p, s) // the peer may have ended it with its SA
			}
		case s.client != nil:
			m.removePair(p, reason, tell)
		default:
			delete(s.pairs, id)
			p.sa = nil
			if pe := m.peers[p.r.Peer]; pe != nil {
				if pe.orphans == nil {
					pe.orphans = map[uint64]*pair{}
				}
				pe.orphans[id] = p
			}
			p.watch.pair = p
			if k := &m.plan.VPN.Keepalive; !k.Line.IsDefault() {
				m.arm(&p.watch, timerPairWatch, k.Interval)
			}
		}
	}
}

// heirOf is another SA with the same peer and the same client, the youngest; nil: none.
func (m *Machine) heirOf(s *sa) *sa {
	var best *sa
	if pe := m.peers[s.remote.Addr()]; pe != nil {
		for o := range pe.sas {
			if o != s && o.phase == phaseDone && o.remote == s.remote && m.sameClient(s, o) && (best == nil || o.id > best.id) {
				best = o
			}
		}
	}
	return best
}

// newSPI is an SPI that no inbound SA has. Those below 256 are reserved.
func (m *Machine) newSPI() uint32 {
	for {
		spi := m.random32()
		if _, used := m.spis[spi]; spi >= 256 && !used {
			m.spis[spi] = nil // taken, by a quick mode
			return spi
		}
	}
}

// releaseSPIs gives back what a quick mode has reserved and not used.
func (m *Machine) releaseSPIs(q *quick) {
	for _, spi := range q.spis {
		if p, ok := m.spis[spi]; ok && p == nil {
			delete(m.spis, spi)
		}
	}
	q.spis = nil
	if q.prepared != 0 {
		m.emit(CancelSA{q.prepared})
		q.prepared = 0
	}
}

// outSPI is the SPI under which a pair is found by what its peer calls it. A peer that says AH and ESP deletes either.
func (p *pair) outSPI() uint32 {
	if p.r.Out.SPI != 0 {
		return p.r.Out.SPI
	}
	return p.r.OutAH.SPI
}

func (m *Machine) linkOut(p *pair) {
	p.nextOut = m.outs[p.outSPI()]
	m.outs[p.outSPI()] = p
}

func (m *Machine) unlinkOut(p *pair) {
	spi := p.outSPI()
	if m.outs[spi] == p {
		if p.nextOut == nil {
			delete(m.outs, spi)
		} else {
			m.outs[spi] = p.nextOut
		}
		return
	}
	for o := m.outs[spi]; o != nil; o = o.nextOut {
		if o.nextOut == p {
			o.nextOut = p.nextOut
			return
		}
	}
}
