package ike

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// candidate is an entry of a crypto map that fits peer and proxy identities.
type candidate struct {
	mapIdx, entry int
	dynamic       int // entry of the dynamic map; compiler.None
	terms         *compiler.MapEntry
}

// candidates are the entries that a peer's proxy identities fit, in the order of the map (semantics.md 6.1, 6.3; commands-vpn-
// aaa-show.md 2.8).
func (m *Machine) candidates(s *sa, local, remote runtime.ProxyID) (out []candidate) {
	mapIdx := m.plan.Interfaces[s.iface].Map
	if mapIdx == compiler.None {
		return nil
	}
	addr := m.clientAddr(s)
	given := addr.IsValid()
	if given && remote != hostProxy(addr) {
		return nil // a client speaks for the address it was given
	}
	peer := astIP(s.remote.Addr())
	entries := m.plan.VPN.Maps[mapIdx].Entries
	for _, i := range m.index.entries(m.plan, mapIdx, peer) {
		e := &entries[i]
		if e.Dynamic == compiler.None {
			if e.ACL != compiler.None && m.mirrored(e.ACL, local, remote) {
				out = append(out, candidate{mapIdx, i, compiler.None, e})
			}
			continue
		}
		dyn := m.plan.VPN.DynamicMaps[e.Dynamic].Entries
		for j := range dyn {
			t := &dyn[j]
			if len(t.Peers) > 0 && !isPeer(t, peer) || t.ACL != compiler.None && !m.within(t.ACL, local, remote) {
				continue
			}
			if !given && !m.mayClaim(s, remote) {
				continue
			}
			out = append(out, candidate{mapIdx, i, j, t})
		}
	}
	return out
}

func isPeer(e *compiler.MapEntry, ip ast.IP) bool {
	for _, p := range e.Peers {
		if p == ip {
			return true
		}
	}
	return false
}

// netOf is a proxy identity as a network.
func netOf(p runtime.ProxyID) ast.Net {
	mask := astIP(p.Mask)
	return ast.Net{IP: astIP(p.Addr) & mask, Mask: mask}
}

// mirrored reports whether a line of an access list, written from this side, states just these identities.
func (m *Machine) mirrored(acl int, local, remote runtime.ProxyID) bool {
	l, r := netOf(local), netOf(remote)
	for i := range m.plan.ACLs[acl].Entries {
		e := &m.plan.ACLs[acl].Entries[i]
		if !e.Permit || !hasNet(e.Src, l) || !hasNet(e.Dst, r) || local.Proto != remote.Proto {
			continue
		}
		if hasProto(e.Protos, local.Proto) && hasPort(e.SrcPorts, local.Port) && hasPort(e.DstPorts, remote.Port) {
			return true
		}
	}
	return false
}

func hasNet(nets []ast.Net, want ast.Net) bool {
	for _, n := range nets {
		if n.Mask == want.Mask && n.IP&n.Mask == want.IP {
			return true
		}
	}
	return false
}

func hasProto(protos []uint8, want uint8) bool {
	if protos == nil {
		return want == 0
	}
	for _, p := range protos {
		if p == want {
			return true
		}
	}
	return false
}

// hasPort reports whether the ports of an entry can be said as want: 0 is every port.
func hasPort(ranges []compiler.PortRange, want uint16) bool {
	if ranges == nil {
		return want == 0
	}
	for _, r := range ranges {
		if r.Lo == r.Hi && r.Lo == want || want == 0 && r.Lo == 0 && r.Hi == 65535 {
			return true
		}
	}
	return false
}

// within reports whether the list of a dynamic map permits what is proposed. Its first line that touches the identities decides.
func (m *Machine) within(acl int, local, remote runtime.ProxyID) bool {
	l, r := netOf(local), netOf(remote)
	for i := range m.plan.ACLs[acl].Entries {
		e := &m.plan.ACLs[acl].Entries[i]
		if !e.Permit {
			if touches(e.Src, l) && touches(e.Dst, r) {
				return false
			}
			continue
		}
		if covers(e.Src, l) && covers(e.Dst, r) && (e.Protos == nil || hasProto(e.Protos, local.Proto)) &&
			(e.SrcPorts == nil || hasPort(e.SrcPorts, local.Port)) && (e.DstPorts == nil || hasPort(e.DstPorts, remote.Port)) {
			return true
		}
	}
	return false
}

func covers(nets []ast.Net, n ast.Net) bool {
	for _, o := range nets {
		if o.Mask&n.Mask == o.Mask && o.Contains(n.IP) {
			return true
		}
	}
	return false
}

func touches(nets []ast.Net, n ast.Net) bool {
	for _, o := range nets {
		if o.Overlaps(n) {
			return true
		}
	}
	return false
}

// picked is the offer that was taken.
type picked struct {
	candidate
	set     setTransforms
	members []proposal  // of one number, each with
	chosen  []transform // the transform taken
	pfs     int
}

// pick goes through the proposals in the order in which they came, and takes the first that an entry has a transform set for.
func (m *Machine) pick(s *sa, offer []proposal, cands []candidate, haveKE bool) (picked, bool) {
	for len(offer) > 0 {
		n := 1
		for n < len(offer) && offer[n].number == offer[0].number {
			n++
		}
		group := offer[:n]
		offer = offer[n:]
		if p, ok := m.pickGroup(s, group, cands, haveKE); ok {
			return p, true
		}
	}
	return picked{}, false
}

// pickGroup looks at proposals that belong together.
func (m *Machine) pickGroup(s *sa, group []proposal, cands []candidate, haveKE bool) (picked, bool) {
	for i := range group {
		prop := &group[i]
		want := 4
		if prop.proto == protoIPCOMP {
			want = 0
		}
		if len(prop.spi) != want {
			m.event(EvBadSPI, len(prop.spi))
			return picked{}, false
		}
		if want > 0 && !goodSPI(prop.spi) {
			m.event(EvDropped, "a proposal with SPI 0")
			return picked{}, false
		}
		m.event(EvProposal, prop.number)
		if !m.memberFits(s, prop, cands, haveKE) {
			if i+1 < len(group) {
				m.event(EvSkipAnded, prop.number)
			}
			return picked{}, false
		}
		if i+1 < len(group) {
			m.event(EvAtts)
		}
	}
	for i := range group[0].transforms { // the order of the peer counts, not that of the sets
		for _, c := range cands {
			for _, t := range c.terms.TransformSets {
				set := readSet(&m.plan.VPN.TransformSets[t])
				if p, ok := m.fits(s, group, i, c, set, haveKE); ok {
					m.event(EvAttsEngine)
					return p, true
				}
			}
		}
	}
	m.event(EvAttsNot, 0)
	return picked{}, false
}

// memberFits reports whether any candidate has a use for a proposal by itself, transform by transform.
func (m *Machine) memberFits(s *sa, prop *proposal, cands []candidate, haveKE bool) bool {
	for _, t := range prop.transforms {
		m.showIPsec(prop.proto, t)
		for _, c := range cands {
			for _, ts := range c.terms.TransformSets {
				set := readSet(&m.plan.VPN.TransformSets[ts])
				if m.transformFits(s, prop.proto, t, c, set, haveKE) {
					return true
				}
			}
		}
		m.event(EvNotSupported, prop.proto, t.id, readIPsec(prop.proto, t).auth)
		m.event(EvAttsNot, t.next)
	}
	return false
}

// fits reports whether proposals that belong together are what a transform set asks for, no more and no less, with transform number
// first of the first of them.
func (m *Machine) fits(s *sa, group []proposal, first int, c candidate, set setTransforms, haveKE bool) (picked, bool) {
	out := picked{candidate: c, set: set, members: group}
	ah, esp := 0, 0
	for i := range group {
		found := false
		offered := group[i].transforms
		if i == 0 {
			offered = offered[first : first+1]
		}
		for _, t := range offered {
			if m.transformFits(s, group[i].proto, t, c, set, haveKE) {
				group := int(readIPsec(group[i].proto, t).group)
				if i > 0 && group != out.pfs {
					continue // one exchange of keys is for all
				}
				out.chosen, out.pfs, found = append(out.chosen, t), group, true
				break
			}
		}
		if !found {
			return picked{}, false
		}
		switch group[i].proto {
		case protoAH:
			ah++
		case protoESP:
			esp++
		}
	}
	need := func(t ipsecTransform) int {
		if t.proto == 0 {
			return 0
		}
		return 1
	}
	return out, ah == need(set.ah) && esp == need(set.esp)
}

// transformFits compares one transform with what a set has for its protocol.
func (m *Machine) transformFits(s *sa, proto uint8, t transform, c candidate, set setTransforms, haveKE bool) bool {
	want := set.esp
	if proto == protoAH {
		want = set.ah
	}
	got := readIPsec(proto, t)
	if want.proto != proto || got.id != want.id || got.auth != want.auth || got.keyBits != want.keyBits {
		return false
	}
	if !s.encapFits(got.encap, set.transport) {
		return false
	}
	pfs := pfsGroup(c.terms.PFS)
	if got.group == 0 {
		return pfs == 0
	}
	return haveKE && dhGroups[int(got.group)] != nil && (pfs == 0 || pfs == int(got.group))
}

// encapFits: with a NAT between, only UDP reaches the peer; without, a peer that speaks NAT traversal may still ask for it.
func (s *sa) encapFits(mode uint32, transport bool) bool {
	plain := uint32(encapTunnel)
	if transport {
		plain = encapTransport
	}
	if s.floated {
		return mode == uint32(nattRFC.encap(transport)) || mode == uint32(nattDraft03.encap(transport))
	}
	return mode == plain
}

func pfsGroup(name string) int {
	switch name {
	case "group1":
		return 1
	case "group2":
		return 2
	case "group5":
		return 5
	}
	return 0
}
