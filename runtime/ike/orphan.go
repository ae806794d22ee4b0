package ike

import (
	"net/netip"
	"time"
)

// watchOrphan looks after a pair whose IKE SA is gone, where `isakmp keepalive` asks for dead peers to be found: while packets go out
// and none comes back, the peer is asked whether it is there, by an IKE SA under which it can be (commands-vpn-aaa-show.md 2.9).
func (m *Machine) watchOrphan(p *pair) {
	k := &m.plan.VPN.Keepalive
	if p.sa != nil || k.Line.IsDefault() {
		return
	}
	m.arm(&p.watch, timerPairWatch, k.Interval)
	used, heard := m.lastOf(p)
	if !used.After(heard) || m.now.Sub(heard) < k.Interval || m.saWith(p.r.If, p.r) != nil {
		return // nobody misses it, it is there, or dead peer detection asks it
	}
	if pe := m.peers[p.r.Peer]; pe != nil {
		for s := range pe.sas {
			if s.phase < phaseDone {
				return // it is being asked
			}
		}
	}
	local := m.localAddr(p.r.If)
	if !local.Is4() || p.r.Encap && p.r.PeerPort != portNATT || m.plan.Interfaces[p.r.If].ISAKMP.IsDefault() {
		return // behind a NAT, which lets nothing in
	}
	m.beginMain(p.r.If, local, []netip.Addr{p.r.Peer}, nil)
}

// lastOf is when a pair has last carried a packet and when it has received one; made counts as heard.
func (m *Machine) lastOf(p *pair) (used, heard time.Time) {
	if m.o.LastUsed != nil {
		used, heard = m.o.LastUsed(p.r.ID)
	}
	if heard.Before(p.r.Born) {
		heard = p.r.Born
	}
	return used, heard
}

// dropUnheard ends the pairs without an IKE SA of a peer that has not answered an SA that this side has begun, and has not sent
// anything since.
func (m *Machine) dropUnheard(s *sa) {
	pe := m.peers[s.remote.Addr()]
	if !s.initiator || pe == nil || m.plan.VPN.Keepalive.Line.IsDefault() {
		return
	}
	for _, p := range sortedPairs(pe.orphans) {
		if _, heard := m.lastOf(p); heard.Before(s.born) {
			m.logPhase(s, 702203)
			m.removePair(p, "peer is dead", false)
		}
	}
}
