package ike

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// mayClaim reports whether a peer may speak for what it names as its side of a pair under an entry of a dynamic map, which has no
// list that says what is behind whom. A PIX takes whatever is proposed (commands-vpn-aaa-show.md 2.8); taken here is what is nobody
// else's. A peer may always speak for the address from which it comes. A client that is to be given an address, and has not taken it,
// may for nothing else. What is in a pool, or behind another interface of this box, is behind no peer; and a client does not take what
// another peer has.
func (m *Machine) mayClaim(s *sa, remote runtime.ProxyID) bool {
	n := netOf(remote)
	if n == netOf(hostProxy(s.remote.Addr())) {
		return true
	}
	client := m.isClient(s)
	if client && m.poolOf(s) != compiler.None {
		return false
	}
	for i := range m.plan.VPN.Pools {
		if p := &m.plan.VPN.Pools[i]; overlaps(n, p.First, p.Last) {
			return false
		}
	}
	for i := range m.plan.Routes {
		if r := &m.plan.Routes[i]; r.If != s.iface && r.Net.Mask != 0 && r.Net.Overlaps(n) {
			return false
		}
	}
	return !client || !m.taken(s, n)
}

func overlaps(n ast.Net, first, last ast.IP) bool {
	lo, hi := n.Range()
	return lo <= last && first <= hi
}

// isClient reports whether a peer is a user's and not a site: it is in a group, has to log in, or is given an address without asking.
func (m *Machine) isClient(s *sa) bool {
	if s.initiator {
		return false
	}
	cm := m.cryptoMap(s)
	return s.group != compiler.None || m.needsXauth(s) || cm != nil && !cm.Initiate.IsDefault() && !s.noConfig
}

// taken reports whether another peer has a pair for an address of a network.
func (m *Machine) taken(s *sa, n ast.Net) bool {
	for _, p := range m.pairs {
		if p.sa != s && (p.sa == nil || !m.sameClient(s, p.sa)) && netOf(p.r.RemoteID).Overlaps(n) {
			return true
		}
	}
	return false
}
