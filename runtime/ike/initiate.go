package ike

import (
	"net/netip"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// wanted is a tunnel that is to be negotiated.
type wanted struct {
	iface, mapIdx, entry, dynamic int
	local, remote                 runtime.ProxyID
	replaces                      uint64 // pair whose successor it is; 0: none
}

// acquire begins a tunnel for a packet: main mode first, if there is no IKE SA with a peer of the entry.
func (m *Machine) acquire(iface, mapIdx, entry int, flow Flow) {
	v := &m.plan.VPN
	if iface < 0 || iface >= len(m.plan.Interfaces) || mapIdx < 0 || mapIdx >= len(v.Maps) || entry < 0 || entry >= len(v.Maps[mapIdx].Entries) {
		return
	}
	e := &v.Maps[mapIdx].Entries[entry]
	if e.Manual || e.Dynamic != compiler.None || e.ACL == compiler.None || len(e.Peers) == 0 || len(e.TransformSets) == 0 {
		m.event(EvNoSACreated) // a dynamic entry never initiates (semantics.md 6.3)
		return
	}
	local, remote, ok := m.proxiesFor(e.ACL, flow)
	if !ok {
		m.event(EvNoSACreated)
		return
	}
	m.want(wanted{iface: iface, mapIdx: mapIdx, entry: entry, dynamic: compiler.None, local: local, remote: remote})
}

// want begins a negotiation, if it is not under way already.
func (m *Machine) want(w wanted) {
	if _, busy := m.acquiring[w.key()]; busy {
		return
	}
	terms := m.terms(w)
	if terms == nil {
		return
	}
	local := m.localAddr(w.iface)
	var peers []netip.Addr
	for _, p := range terms.Peers {
		peers = append(peers, addrOf(p))
	}
	if old := m.pairs[w.replaces]; old != nil {
		s := m.saOf(old)
		if youngest := m.saWith(w.iface, old.r); youngest != nil && (s == nil || s.client == nil) {
			s = youngest // what is negotiated under it stays for longest
		}
		if s != nil {
			m.request(w, terms, s.local.Addr(), s.remote.Addr())
			m.beginQuick(s, w)
			return
		}
		if i := slices.Index(peers, old.r.Peer); i > 0 { // the peer that has the tunnel now comes first
			peers = append([]netip.Addr{old.r.Peer}, slices.Delete(peers, i, i+1)...)
		}
	}
	for _, p := range peers {
		if s := m.saWith(w.iface, runtime.SAPair{Peer: p}); s != nil {
			m.request(w, terms, s.local.Addr(), s.remote.Addr())
			m.beginQuick(s, w)
			return
		}
	}
	if len(peers) == 0 || !local.Is4() || m.plan.Interfaces[w.iface].ISAKMP.IsDefault() {
		return
	}
	m.request(w, terms, local, peers[0])
	for _, p := range peers { // a main mode under way with one of the peers
		if pe := m.peers[p]; pe != nil {
			for s := range pe.sas {
				if s.initiator && s.phase < phaseDone && s.iface == w.iface {
					s.waiting = append(s.waiting, w)
					return
				}
			}
		}
	}
	m.beginMain(w.iface, local, peers, []wanted{w})
}

// request notes that a negotiation is under way, and tells of it: in debug output and as 702303. There may be no peer yet who answers.
func (m *Machine) request(w wanted, terms *compiler.MapEntry, local, peer netip.Addr) {
	m.acquiring[w.key()] = struct{}{}
	if len(terms.TransformSets) == 0 {
		return
	}
	seconds, kilobytes := ownLife(terms)
	set := readSet(&m.plan.VPN.TransformSets[terms.TransformSets[0]])
	proto := uint8(protoESP)
	if set.ah.proto != 0 {
		proto = protoAH
	}
	args := []any{"src", local, "dest", peer, "src", proxyText(w.local, true), "dest", proxyText(w.remote, true),
		protoName(proto), set.textOf(proto), seconds, kilobytes, 0, 0, 0, set.keysize(), flagsTunnel | flagsOutbound}
	m.event(EvSARequest, args...)
	m.emit(Log{syslog.New(702303, local, peer, proxyText(w.local, true), proxyText(w.remote, true), args[8], args[9],
		seconds, kilobytes, 0, 0, set.keysize(), flagsTunnel|flagsOutbound)})
}

// key is a negotiation without what it replaces.
func (w wanted) key() wanted { w.replaces = 0; return w }

// terms is the entry that says how; nil: it is gone.
func (m *Machine) terms(w wanted) *compiler.MapEntry {
	v := &m.plan.VPN
	if w.mapIdx >= len(v.Maps) || w.entry >= len(v.Maps[w.mapIdx].Entries) {
		return nil
	}
	e := &v.Maps[w.mapIdx].Entries[w.entry]
	if w.dynamic == compiler.None {
		return e
	}
	if e.Dynamic == compiler.None || w.dynamic >= len(v.DynamicMaps[e.Dynamic].Entries) {
		return nil
	}
	return &v.DynamicMaps[e.Dynamic].Entries[w.dynamic]
}

// proxiesFor are the identities of the line of a crypto access list that permits a flow: networks as the line has them.
func (m *Machine) proxiesFor(acl int, f Flow) (local, remote runtime.ProxyID, ok bool) {
	src, dst := astIP(f.Src), astIP(f.Dst)
	for i := range m.plan.ACLs[acl].Entries {
		e := &m.plan.ACLs[acl].Entries[i]
		l, lok := netWith(e.Src, src)
		r, rok := netWith(e.Dst, dst)
		if !lok || !rok || e.Protos != nil && !hasProto(e.Protos, f.Proto) {
			continue
		}
		sport, sok := portWith(e.SrcPorts, f.SrcPort)
		dport, dok := portWith(e.DstPorts, f.DstPort)
		if !sok || !dok {
			continue
		}
		if !e.Permit {
			return local, remote, false
		}
		proto := uint8(0)
		if e.Protos != nil {
			proto = f.Proto
		}
		return proxyNet(l, proto, sport), proxyNet(r, proto, dport), true
	}
	return local, remote, false
}

func proxyNet(n ast.Net, proto uint8, port uint16) runtime.ProxyID {
	return runtime.ProxyID{Addr: addrOf(n.IP & n.Mask), Mask: addrOf(n.Mask), Proto: proto, Port: port}
}

func netWith(nets []ast.Net, ip ast.IP) (ast.Net, bool) {
	for _, n := range nets {
		if n.Contains(ip) {
			return n, true
		}
	}
	return ast.Net{}, false
}

// portWith is the port to state: a range of several cannot be, so that the port of the flow stands for it.
func portWith(ranges []compiler.PortRange, port uint16) (uint16, bool) {
	if ranges == nil {
		return 0, true
	}
	for _, r := range ranges {
		if r.Lo == 0 && r.Hi == 65535 {
			return 0, true
		}
		if r.Contains(port) {
			return port, true
		}
	}
	return 0, false
}

// beginMain sends message 1 of main mode to the first of some peers: all own policies in one proposal.
func (m *Machine) beginMain(iface int, local netip.Addr, peers []netip.Addr, waiting []wanted) {
	for len(peers) > 0 {
		offers := m.offers(m.keyFor(peers[0]) != nil)
		if len(offers) == 0 {
			m.event(EvNoKey, peers[0])
			peers = peers[1:]
			continue
		}
		d := Datagram{If: iface, Local: netip.AddrPortFrom(local, portIKE), Remote: netip.AddrPortFrom(peers[0], portIKE)}
		s := m.newSA(d, m.newCookie(), cookie{}, true)
		if s == nil {
			break
		}
		s.hand.peers, s.hand.offered, s.waiting = peers, offers, waiting
		prop := proposal{number: 1, proto: protoISAKMP}
		for i := range offers {
			prop.transforms = append(prop.transforms, offers[i].transform)
		}
		body := appendSA(nil, []proposal{prop})
		s.hand.saBody = body
		list := []payload{{pSA, body}}
		if !m.plan.VPN.NATTraversal.IsDefault() {
			for n := nattRFC; n >= nattDraft02; n-- {
				list = append(list, payload{pVendor, nattVendors[n]})
			}
		}
		m.event(EvBegin, "Main Mode")
		m.logPhase(s, 702208)
		m.answer(s, s.message(xMain, append(list, ownVendors()...)))
		return
	}
	for _, w := range waiting {
		m.notAcquired(w)
	}
}

func (m *Machine) notAcquired(w wanted) {
	delete(m.acquiring, w.key())
	if p := m.pairs[w.replaces]; p != nil {
		p.rekeying = false
	}
}

// offers are the policies of this box as transforms; those with pre-shared keys only if there is one.
func (m *Machine) offers(haveKey bool) (out []choice) {
	for _, p := range m.policies() {
		own := suiteOf(p)
		if own.auth == authRSASig && m.o.Certificates == nil || own.auth == authPSK && !haveKey {
			continue
		}
		attrs := []attr{basicAttr(aEncryption, own.enc), basicAttr(aHash, own.hash), basicAttr(aGroup, uint16(own.group)), basicAttr(aAuth, own.auth)}
		if own.enc == encAES {
			attrs = append(attrs, basicAttr(aKeyLength, uint16(own.keyBits)))
		}
		seconds := uint32(p.Lifetime / time.Second)
		attrs = append(attrs, basicAttr(aLifeType, lifeSeconds), wordAttr(aLife, seconds))
		out = append(out, choice{policy: p, suite: own, seconds: seconds, transform: transform{number: uint8(len(out) + 1), id: 1, attrs: attrs}})
		if len(out) == 255 {
			break
		}
	}
	return out
}

// mainSecond is the responder's choice.
func (m *Machine) mainSecond(s *sa, d Datagram, h *header, body []byte) error {
	if h.cr == (cookie{}) || d.Remote != s.remote {
		return errRefused
	}
	list, _, err := parsePayloads(h.next, body)
	if err != nil {
		return err
	}
	m.event(EvSA, 0)
	answer, err := parseSA(find(list, pSA))
	if err != nil {
		return err
	}
	if len(answer) != 1 || len(answer[0].transforms) != 1 || answer[0].proto != protoISAKMP {
		return errSA
	}
	hs := s.hand
	got, ok := readSuite(answer[0].transforms[0])
	var taken *choice
	for i := range hs.offered {
		if ok && hs.offered[i].suite == got {
			taken = &hs.offered[i]
			break
		}
	}
	if taken == nil {
		m.event(EvSANotAcceptable)
		return errSA
	}
	m.showTransform(answer[0].transforms[0])
	m.event(EvAcceptable, 0)
	s.takeChoice(taken)
	m.vendors(s, list)
	if !s.isRSA() {
		key := m.keyFor(s.remote.Addr())
		if key == nil { // another configuration since
			return errRefused
		}
		s.takeKey(key)
	}
	s.cr = h.cr
	delete(m.started, s.ci)
	m.sas[cookies{s.ci, s.cr}] = s
	hs.dh = m.newDHKey(s.suite.group)
	hs.gxi, hs.ni = hs.dh.public, m.nonce()
	reply := append([]payload{{pKE, hs.gxi}, {pNonce, hs.ni}}, m.natPayloads(s)...)
	if s.isRSA() {
		reply = append(reply, m.certRequest()...)
	}
	m.answer(s, s.message(xMain, reply))
	s.phase = phaseKeys
	return nil
}

// mainFourth is the responder's part of the key exchange.
func (m *Machine) mainFourth(s *sa, d Datagram, h *header, body []byte) error {
	list, _, err := parsePayloads(h.next, body)
	if err != nil {
		return err
	}
	hs := s.hand
	m.event(EvKE, 0)
	if hs.gxr, err = s.keOf(list); err != nil {
		return err
	}
	m.event(EvNonce, 0)
	if hs.nr, err = nonceOf(list); err != nil {
		return err
	}
	m.vendors(s, list)
	m.natDetect(s, list, d)
	if err := m.makeKeys(s); err != nil {
		m.phase1Failed(s)
		return err
	}
	if s.natt != nattNone && (s.weAreBehind || s.peerBehind) {
		s.local = netip.AddrPortFrom(s.local.Addr(), portNATT)
		s.remote = netip.AddrPortFrom(s.remote.Addr(), portNATT)
		s.floated = true
		m.event(EvNATFloat)
	}
	own := m.ownIdentity(s)
	hs.idi = own.append(nil)
	proof, err := m.proof(s, s.hashI())
	if err != nil {
		m.phase1Failed(s)
		return err
	}
	m.showOwnID(own, proof[0].kind)
	out := append([]payload{{pID, hs.idi}}, proof...)
	if !m.knows(s) {
		n := notification{proto: protoISAKMP, kind: notifyInitial, spi: s.cookieSPI()}
		out = append(out, payload{pNotify, n.append(nil)})
	}
	m.answer(s, m.sealed(s, xMain, out))
	s.phase = phaseAuth
	return nil
}

// knows reports whether there is anything with the peer beside this SA.
func (m *Machine) knows(s *sa) bool {
	pe := m.peers[s.remote.Addr()]
	return pe != nil && pe.refs > 1
}

// mainSixth says who the responder is.
func (m *Machine) mainSixth(s *sa, d Datagram, h *header, body []byte) error {
	list, next, err := s.open(h, body)
	if err != nil {
		return err
	}
	hs := s.hand
	m.event(EvID, 0)
	idr := find(list, pID)
	id, err := parseIdentity(idr)
	if err != nil {
		return err
	}
	hs.idr = append([]byte(nil), idr...)
	if err := m.prove(s, list, id, s.hashR()); err != nil {
		return err
	}
	s.peerID, s.iv = id, next
	m.notifies(s, list, 0)
	m.event(EvAuthenticated)
	s.phase = phaseDone
	return nil
}

// phase1Failed gives a phase 1 up; an initiator goes on to the next peer of the entry.
func (m *Machine) phase1Failed(s *sa) {
	waiting, peers := s.waiting, []netip.Addr(nil)
	if s.hand != nil && len(s.hand.peers) > 1 {
		peers = s.hand.peers[1:]
	}
	s.waiting = nil
	m.removeSA(s, "the peer does not answer", false)
	if s.initiator {
		m.beginMain(s.iface, s.local.Addr(), peers, waiting)
	}
}
