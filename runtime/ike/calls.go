package ike

import (
	"maps"
	"net/netip"
	"slices"

	"pixfw/compiler"
	"pixfw/runtime"
)

// Apply takes a new plan in. What has been negotiated lives on where the new plan still has its interface and its entry of a
// crypto map; the rest is removed. New negotiations go by the new plan.
func (m *Machine) Apply(plan *compiler.Plan) []Effect {
	m.begin()
	m.apply(plan)
	return m.end()
}

// Acquire wants a tunnel for a packet that an entry of a crypto map permits and no pair carries (semantics.md 6.1). mapIdx and
// entry are indices in Plan.VPN.Maps and in its Entries. While a negotiation for the same identities runs, nothing happens.
func (m *Machine) Acquire(iface, mapIdx, entry int, flow Flow) []Effect {
	m.begin()
	m.acquire(iface, mapIdx, entry, flow)
	return m.end()
}

// Expire says that a pair has carried as much as it may (hard), or soon will have (not hard): then a successor is negotiated.
func (m *Machine) Expire(id uint64, hard bool) []Effect {
	m.begin()
	if p := m.pairs[id]; p != nil {
		if hard {
			m.removePair(p, "volume", true)
		} else {
			m.rekeyPair(p)
		}
	}
	return m.end()
}

// ClearIKE ends an IKE SA, or all of them if id is 0, with the pairs made by them, and tells the peers.
func (m *Machine) ClearIKE(id uint64) []Effect {
	m.begin()
	ids := []uint64{id}
	if id == 0 {
		ids = slices.Sorted(maps.Keys(m.byID))
	}
	for _, id := range ids {
		s := m.byID[id]
		if s == nil {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(s.pairs)) {
			m.removePair(s.pairs[id], "clear", true)
		}
		m.removeSA(s, "clear", true)
	}
	return m.end()
}

// ClearSAs ends the pairs that match says, and tells the peers.
func (m *Machine) ClearSAs(match func(*runtime.SAPair) bool) []Effect {
	m.begin()
	for _, id := range slices.Sorted(maps.Keys(m.pairs)) {
		if p := m.pairs[id]; p != nil && match(&p.r) {
			m.removePair(p, "clear", true)
		}
	}
	return m.end()
}

// SAs are the IKE SAs, oldest first.
func (m *Machine) SAs() []runtime.IKESA {
	out := make([]runtime.IKESA, 0, len(m.byID))
	for _, id := range slices.Sorted(maps.Keys(m.byID)) {
		s := m.byID[id]
		pending := 0
		for _, x := range s.exchanges {
			if !x.done {
				pending++
			}
		}
		out = append(out, runtime.IKESA{
			ID: s.id, Local: s.local, Peer: s.remote, State: m.state(s), Pending: pending, Created: s.created,
			Initiator: s.initiator, Group: s.groupName, User: m.userOf(s), Policy: s.policy, Born: s.born, Life: s.lifetime,
			NATT: s.natt != nattNone, DPD: s.dpd,
		})
	}
	return out
}

// Pairs are the pairs of IPsec SAs, oldest first, without their keys.
func (m *Machine) Pairs() []runtime.SAPair {
	out := make([]runtime.SAPair, 0, len(m.pairs))
	for _, id := range slices.Sorted(maps.Keys(m.pairs)) {
		r := m.pairs[id].r
		for _, k := range []*runtime.SAKeys{&r.In, &r.Out, &r.InAH, &r.OutAH} {
			k.CipherKey, k.AuthKey = nil, nil
		}
		out = append(out, r)
	}
	return out
}

// ConnIDs are the numbers of a pair's two SAs in `show crypto ipsec sa`; 0: no such pair.
func (m *Machine) ConnIDs(id uint64) (in, out int) {
	if p := m.pairs[id]; p != nil {
		return p.in, p.out
	}
	return 0, 0
}

// Stop ends everything and tells the peers, as a reload does.
func (m *Machine) Stop() []Effect {
	m.begin()
	for _, id := range slices.Sorted(maps.Keys(m.pairs)) {
		m.removePair(m.pairs[id], "reload", true)
	}
	for _, id := range slices.Sorted(maps.Keys(m.byID)) {
		m.removeSA(m.byID[id], "reload", true)
	}
	return m.end()
}

// localAddr is the address of an interface; invalid: it has none yet.
func (m *Machine) localAddr(iface int) netip.Addr {
	if i := &m.plan.Interfaces[iface]; i.HasAddress() {
		return addrOf(i.Net.IP)
	}
	if m.o.Local != nil {
		return m.o.Local(iface)
	}
	return netip.Addr{}
}
