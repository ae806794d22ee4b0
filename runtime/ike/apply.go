package ike

import (
	"maps"
	"slices"

	"pixfw/compiler"
)

// apply changes the plan. Interfaces, maps, entries and groups are found again by their names and numbers.
func (m *Machine) apply(plan *compiler.Plan) {
	old := m.plan
	m.plan, m.index = plan, newIndex(plan)
	for _, id := range slices.Sorted(maps.Keys(m.byID)) {
		s := m.byID[id]
		if s == nil {
			continue
		}
		iface := plan.IfByName(old.Interfaces[s.iface].Name)
		if iface == compiler.None || plan.Interfaces[iface].ISAKMP.IsDefault() {
			for _, p := range sortedPairs(s.pairs) {
				m.removePair(p, "configuration", false)
			}
			m.removeSA(s, "configuration", false)
			continue
		}
		s.iface = iface
		if s.group != compiler.None {
			s.group = m.groupByName(s.groupName)
		}
		for i := range s.waiting {
			m.notAcquired(s.waiting[i])
		}
		s.waiting = slices.DeleteFunc(s.waiting, func(w wanted) bool { return true })
		for _, id := range slices.Sorted(maps.Keys(s.exchanges)) {
			// What is being negotiated was offered by the old plan: the peer, or the next packet, begins anew.
			x := s.exchanges[id]
			m.giveBack(x)
			if x.quick != nil {
				if x.ours {
					m.notAcquired(x.wanted)
				}
				m.finish(x)
			}
		}
	}
	m.applyClients()
	for _, id := range slices.Sorted(maps.Keys(m.pairs)) {
		p := m.pairs[id]
		if p == nil {
			continue
		}
		if !m.replant(old, plan, p) {
			m.removePair(p, "configuration", false)
		}
	}
}

// replant finds the entry of a pair in a new plan; false: it has none.
func (m *Machine) replant(old, plan *compiler.Plan, p *pair) bool {
	oldMap := &old.VPN.Maps[p.r.Map]
	oldEntry := &oldMap.Entries[p.r.Entry]
	r := p.r
	r.If = plan.IfByName(old.Interfaces[r.If].Name)
	r.Map = slices.IndexFunc(plan.VPN.Maps, func(c compiler.CryptoMap) bool { return c.Name == oldMap.Name })
	if r.If == compiler.None || r.Map < 0 || plan.Interfaces[r.If].Map != r.Map {
		return false
	}
	entries := plan.VPN.Maps[r.Map].Entries
	if r.Entry = slices.IndexFunc(entries, func(e compiler.MapEntry) bool { return e.Seq == oldEntry.Seq }); r.Entry < 0 {
		return false
	}
	if r.Dynamic != compiler.None {
		e := &entries[r.Entry]
		if e.Dynamic == compiler.None {
			return false
		}
		seq := old.VPN.DynamicMaps[oldEntry.Dynamic].Entries[r.Dynamic].Seq
		dyn := plan.VPN.DynamicMaps[e.Dynamic].Entries
		if r.Dynamic = slices.IndexFunc(dyn, func(e compiler.MapEntry) bool { return e.Seq == seq }); r.Dynamic < 0 {
			return false
		}
	} else if entries[r.Entry].Dynamic != compiler.None || !isPeer(&entries[r.Entry], astIP(r.Peer)) {
		return false
	}
	if r.If != p.r.If || r.Map != p.r.Map || r.Entry != p.r.Entry || r.Dynamic != p.r.Dynamic {
		p.r = r
		m.update(p)
	}
	return true
}
