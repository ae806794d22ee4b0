package ike

// aggressiveFirst answers message 1 of aggressive mode (commands-vpn-aaa-show.md 2.5). The secret has to be computed at once,
// since the answer holds a hash that needs it; so the number of such peers is bounded, in all, of one source, and in a second.
func (m *Machine) aggressiveFirst(s *sa, h *header, body []byte) error {
	list, _, err := parsePayloads(h.next, body)
	if err != nil {
		return err
	}
	c, err := m.readOffer(s, list)
	if err != nil {
		return err
	}
	hs := s.hand
	m.event(EvKE, 0)
	if hs.gxi, err = s.keOf(list); err != nil {
		return err
	}
	m.event(EvNonce, 0)
	if hs.ni, err = nonceOf(list); err != nil {
		return err
	}
	m.event(EvID, 0)
	hs.idi = append([]byte(nil), find(list, pID)...)
	id, err := parseIdentity(hs.idi)
	if err != nil {
		return err
	}
	s.peerID = id
	m.vendors(s, list)
	if s.isRSA() {
		m.event(EvDropped, "rsa-sig in aggressive mode")
		return errRefused
	}
	if !m.bucket.take(m.now, m.o.Limits.Aggressive) {
		m.event(EvDropped, "too many first messages of aggressive mode")
		return errRefused
	}
	m.groupKey(s, id)
	hs.dh = m.newDHKey(s.suite.group)
	hs.gxr = hs.dh.public
	hs.nr = m.nonce()
	own := m.ownIdentity(s)
	hs.idr = own.append(nil)
	if err := m.makeKeys(s); err != nil {
		return err
	}
	m.showOwnID(own, pNonce)
	hs.seenLocal, hs.seenRemote = s.local, s.remote
	reply := []payload{chosen(&c), {pKE, hs.gxr}, {pID, hs.idr}, {pNonce, hs.nr}, {pHash, s.hashR()}}
	reply = append(reply, ownVendors()...)
	if s.natt != nattNone {
		reply = append(reply, payload{pVendor, nattVendors[s.natt]})
	}
	reply = append(reply, m.natPayloads(s)...)
	m.answer(s, s.message(xAggressive, reply))
	s.phase = phaseKeys
	return nil
}

// aggressiveThird checks who the peer is.
func (m *Machine) aggressiveThird(s *sa, d Datagram, h *header, body []byte) error {
	list, next, err := s.open(h, body)
	if err != nil {
		return err
	}
	if err := m.prove(s, list, s.peerID, s.hashI()); err != nil {
		return err
	}
	s.iv = next
	m.natDetect(s, list, d)
	m.moved(s, d)
	m.notifies(s, list, 0)
	m.event(EvAuthenticated)
	m.disarm(&s.retry)
	s.lastOut = nil // nothing answers it: a repetition of it is only counted
	s.phase = phaseDone
	return nil
}
