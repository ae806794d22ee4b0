package ike

import (
	"cmp"
	"container/heap"
	"container/list"
	"encoding/binary"
	"net/netip"
	"slices"

	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// newSA enters an SA into the tables. One that another has begun is half open: it pushes out the oldest of these when there are
// too many. Those of peers with whom there is an SA already are apart: strangers do not push them out. Nil: there are too many in all.
func (m *Machine) newSA(d Datagram, ci, cr cookie, initiator bool) *sa {
	addr := d.Remote.Addr()
	open, most := m.halfOpen, m.o.Limits.HalfOpen
	if !initiator {
		if l := m.sources[addr]; l != nil && l.Len() >= m.o.Limits.HalfOpenPerSource {
			m.removeSA(l.Front().Value.(*sa), "too many exchanges under way with this peer", false)
		}
		if p := m.peers[addr]; p != nil && p.done > 0 {
			open, most = m.familiar, m.o.Limits.Proven
		}
		if open.Len() >= most {
			m.removeSA(open.Front().Value.(*sa), "too many exchanges under way", false)
		}
	}
	if len(m.byID) >= m.o.Limits.SAs {
		m.event(EvDropped, "too many SAs")
		return nil
	}
	if limit := m.o.Limits.Peers; limit > 0 && m.licensed >= limit && (m.peers[addr] == nil || m.peers[addr].done == 0) {
		m.emit(Log{syslog.New(316001, addr, limit)})
		return nil
	}
	m.nextID++
	s := &sa{
		id: m.nextID, iface: d.If, local: d.Local, remote: d.Remote, ci: ci, cr: cr, initiator: initiator,
		born: m.now, group: compiler.None, hand: &handshake{},
	}
	s.retry.sa, s.life.sa, s.renewal.sa, s.dpdTimer.sa, s.keepalive.sa = s, s, s, s, s
	m.byID[s.id] = s
	if initiator {
		m.started[ci] = s
	} else {
		m.sas[cookies{ci, cr}] = s
		s.hand.first = firstKey{ci, d.Remote}
		m.first[s.hand.first] = s
		s.hand.list, s.hand.element = open, open.PushBack(s)
		l := m.sources[addr]
		if l == nil {
			l = list.New()
			m.sources[addr] = l
		}
		s.hand.ofSource = l.PushBack(s)
	}
	m.holdPeer(s)
	return s
}

// established takes an SA from the half open ones, and lets go of what only phase 1 needed.
func (m *Machine) established(s *sa) {
	m.dropHalfOpen(s)
	delete(m.first, s.hand.first)
	begun := s.hand.first.remote
	s.hand = nil
	if p := m.peers[s.remote.Addr()]; p != nil {
		if p.done++; p.done == 1 {
			m.licensed++
		}
		m.superseded(s, p, begun)
	}
}

// superseded ends what an authenticated peer has begun from the same port before and left: its answers, repeated, would reach it now
// in the midst of another exchange, and vpnc ends itself over that.
func (m *Machine) superseded(s *sa, p *peer, begun netip.AddrPort) {
	var left []*sa
	for o := range p.sas {
		if o.hand != nil && !o.initiator && o.id < s.id && (o.remote == s.remote || o.remote == begun) {
			left = append(left, o)
		}
	}
	slices.SortFunc(left, func(a, b *sa) int { return cmp.Compare(a.id, b.id) })
	for _, o := range left {
		m.removeSA(o, "the peer has begun anew", false)
	}
}

// proven is a peer that has answered: it can be reached at its address. First messages do not push it out any more.
func (m *Machine) proven(s *sa) {
	m.dropHalfOpen(s)
	if m.provenSA.Len() >= m.o.Limits.Proven {
		m.removeSA(m.provenSA.Front().Value.(*sa), "too many exchanges under way", false)
	}
	s.hand.list, s.hand.element = m.provenSA, m.provenSA.PushBack(s)
}

func (m *Machine) dropHalfOpen(s *sa) {
	if s.hand == nil || s.hand.element == nil {
		return
	}
	s.hand.list.Remove(s.hand.element)
	s.hand.element = nil
	if s.hand.ofSource == nil {
		return
	}
	addr := s.hand.first.remote.Addr()
	l := m.sources[addr]
	l.Remove(s.hand.ofSource)
	s.hand.ofSource = nil
	if l.Len() == 0 {
		delete(m.sources, addr)
	}
}

// removeSA ends an SA with its exchanges. Pairs made under it go to another SA with the same peer, or go with it if they are a
// client's; those of a peer that is no client live on until their own end. tell sends a DELETE.
func (m *Machine) removeSA(s *sa, reason string, tell bool) {
	if s.phase == phaseDead {
		return
	}
	if s.phase == phaseDone {
		m.inheritPairs(s, reason, tell)
		if tell {
			m.sendDelete(s, protoISAKMP, [][]byte{append(append([]byte(nil), s.ci[:]...), s.cr[:]...)})
			m.logPhase(s, 702202)
		}
		if p := m.peers[s.remote.Addr()]; p != nil {
			if p.done--; p.done == 0 {
				m.licensed--
			}
		}
	}
	m.event(EvDeletingSA, s.remote.Addr(), s.local.Addr())
	delete(m.logins, s.client)
	m.dropHalfOpen(s)
	if s.hand != nil {
		delete(m.first, s.hand.first)
	}
	for _, x := range s.exchanges {
		if x.quick != nil {
			m.releaseSPIs(x.quick)
			if x.ours {
				m.notAcquired(x.wanted)
			}
		}
		m.giveBack(x)
		m.disarm(&x.retry)
	}
	for _, w := range s.waiting {
		m.notAcquired(w)
	}
	s.exchanges, s.lingers, s.waiting = nil, nil, nil
	for _, t := range []*timer{&s.retry, &s.life, &s.renewal, &s.dpdTimer, &s.keepalive} {
		m.disarm(t)
	}
	delete(m.sas, cookies{s.ci, s.cr})
	delete(m.byID, s.id)
	if m.started[s.ci] == s {
		delete(m.started, s.ci)
	}
	s.phase = phaseDead
	m.clientGone(s, reason)
	m.dropPeer(s)
}

// holdPeer and dropPeer keep the table of peers.
func (m *Machine) holdPeer(s *sa) {
	addr := s.remote.Addr()
	p := m.peers[addr]
	if p == nil {
		p = &peer{sas: map[*sa]struct{}{}}
		m.peers[addr] = p
		m.event(EvPeerAdded, addr, len(m.peers))
	}
	p.sas[s] = struct{}{}
	p.refs++
	m.event(EvPeerRef, addr, p.refs, len(m.peers))
}

func (m *Machine) dropPeer(s *sa) {
	addr := s.remote.Addr()
	if p := m.peers[addr]; p != nil {
		delete(p.sas, s)
		m.unref(addr, p, EvPeerUnref)
	}
}

func (m *Machine) unref(addr netip.Addr, p *peer, ev EventID) {
	p.refs--
	m.event(ev, addr, p.refs, len(m.peers))
	if p.refs <= 0 && len(p.sas) == 0 {
		delete(m.peers, addr)
		m.event(EvPeerDeleted, addr, len(m.peers))
	}
}

// newCookie is a cookie of ours: random, never 0, and not in use.
func (m *Machine) newCookie() (c cookie) {
	for binary.BigEndian.Uint64(c[:]) == 0 {
		m.random(c[:])
	}
	return c
}

// logPhase is one of the messages 702201 to 702212.
func (m *Machine) logPhase(s *sa, id int) {
	m.emit(Log{syslog.New(id, s.local.Addr(), s.role(), s.remote.Addr())})
}

func (s *sa) role() string {
	if s.initiator {
		return "initiator"
	}
	return "responder"
}

// slots gives out the numbers that `show crypto ipsec sa` calls conn_id: the lowest free ones, from 1.
type slots struct {
	free intHeap
	next int
}

func (s *slots) take() int {
	if len(s.free) > 0 {
		return heap.Pop(&s.free).(int)
	}
	s.next++
	return s.next
}

func (s *slots) give(n int) { heap.Push(&s.free, n) }

type intHeap []int

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *intHeap) Push(x any)        { *h = append(*h, x.(int)) }
func (h *intHeap) Pop() any {
	old := *h
	n := old[len(old)-1]
	*h = old[:len(old)-1]
	return n
}
