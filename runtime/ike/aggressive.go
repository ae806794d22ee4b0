package ike

import "time"

// aggressiveFirst answers message 1 of aggressive mode (commands-vpn-aaa-show.md 2.5). The hash in the answer needs the pre-shared key and
// the public values, but not the secret (RFC 2409 5), which waits until the peer has shown that it can be reached.
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
	if _, err = dhGroups[s.suite.group].value(hs.gxi); err != nil {
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
	m.groupKey(s, id)
	hs.dh = m.firstKey(s.suite.group)
	hs.gxr = hs.dh.public
	hs.nr = m.nonce()
	own := m.ownIdentity(s)
	hs.idr = own.append(nil)
	s.keys.skeyid = s.suite.pskSkeyid(hs.psk, hs.ni, hs.nr)
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

// keptKey is a private key that serves several exchanges.
type keptKey struct {
	key *dhKey
	at  time.Time // drawn
}

// keepKey is how long it does.
const keepKey = time.Second

// firstKey is the key for the answer to a first message of aggressive mode, whose sender may not exist. Of these so many have one of their
// own in a second; those beyond, in a flood, share one (RFC 7296 2.12): it costs more than all the rest of an answer, and with it they are
// all answered, so that whoever does exist gets through. Nonces keep what comes of it apart.
func (m *Machine) firstKey(group int) *dhKey {
	if m.bucket.take(m.now, m.o.Limits.Aggressive) {
		return m.newDHKey(group)
	}
	k, ok := m.kept[group]
	if !ok {
		k = keptKey{m.newDHKey(group), m.now}
		m.kept[group] = k
	}
	return k.key
}

// forgetKeys ends keys that have served long enough.
func (m *Machine) forgetKeys() {
	for g, k := range m.kept {
		if d := m.now.Sub(k.at); d >= keepKey || d < 0 {
			delete(m.kept, g)
		}
	}
}

// aggressiveThird checks who the peer is.
func (m *Machine) aggressiveThird(s *sa, d Datagram, h *header, body []byte) error {
	if s.hand.dh != nil {
		if err := m.makeKeys(s); err != nil {
			return err
		}
	}
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
