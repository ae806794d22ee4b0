package ike

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	errRefused = errors.New("refused")
	errPlain   = errors.New("message is not encrypted")
	errProof   = errors.New("hash does not match: another key than ours")
)

// errPayloadMissing is a payload that a message cannot do without.
func errPayloadMissing(name string) error {
	return fmt.Errorf("%s payload is missing or of a wrong length", name)
}

func setLength(msg []byte) { binary.BigEndian.PutUint32(msg[24:], uint32(len(msg))) }

// readOffer reads the SA payload of a first message and chooses from it.
func (m *Machine) readOffer(s *sa, list []payload) (choice, error) {
	body := find(list, pSA)
	m.event(EvSA, 0)
	offer, err := parseSA(body)
	if err != nil {
		return choice{}, err
	}
	c, ok := m.choose(s, offer)
	if !ok {
		m.sendNotifyPlain(s, notifyNoProposal)
		return choice{}, errRefused
	}
	s.takeChoice(&c)
	s.hand.saBody = append([]byte(nil), body...)
	return c, nil
}

// chosen is the SA payload that answers an offer: one proposal, one transform, the attributes as they came.
func chosen(c *choice) payload {
	return payload{pSA, appendSA(nil, []proposal{{number: c.proposal.number, proto: protoISAKMP, transforms: []transform{c.transform}}})}
}

// mainFirst answers message 1 of main mode: nothing is computed yet.
func (m *Machine) mainFirst(s *sa, h *header, body []byte) error {
	list, _, err := parsePayloads(h.next, body)
	if err != nil {
		return err
	}
	c, err := m.readOffer(s, list)
	if err != nil {
		return err
	}
	m.vendors(s, list)
	if !s.isRSA() {
		key := m.keyFor(s.remote.Addr())
		if key == nil {
			m.event(EvNoKey, s.remote.Addr())
			return errRefused
		}
		s.takeKey(key)
		m.event(EvAuthMethod, "pre-shared key authentication", m.ownIDName())
	} else {
		m.event(EvAuthMethod, "RSA signature authentication", m.ownIDName())
	}
	reply := []payload{chosen(&c)}
	if s.natt != nattNone {
		reply = append(reply, payload{pVendor, nattVendors[s.natt]})
	}
	m.answer(s, s.message(xMain, reply))
	return nil
}

func (m *Machine) ownIDName() string {
	if m.plan.VPN.Identity == "hostname" {
		return "ID_FQDN"
	}
	return "ID_IPV4_ADDR"
}

// mainThird answers message 3: the peer can be reached, so this side draws its key. The secret waits for message 5.
func (m *Machine) mainThird(s *sa, d Datagram, h *header, body []byte) error {
	list, _, err := parsePayloads(h.next, body)
	if err != nil {
		return err
	}
	hs := s.hand
	m.event(EvKE, 0)
	gxi, err := s.keOf(list)
	if err != nil {
		return err
	}
	m.event(EvNonce, 0)
	ni, err := nonceOf(list)
	if err != nil {
		return err
	}
	hs.gxi, hs.ni = gxi, ni
	m.proven(s)
	m.vendors(s, list)
	m.natDetect(s, list, d)
	hs.dh = m.newDHKey(s.suite.group)
	hs.gxr = hs.dh.public
	hs.nr = m.nonce()
	reply := append([]payload{{pKE, hs.gxr}, {pNonce, hs.nr}}, ownVendors()...)
	reply = append(reply, m.natPayloads(s)...)
	if s.isRSA() {
		reply = append(reply, m.certRequest()...)
	}
	m.answer(s, s.message(xMain, reply))
	s.phase = phaseKeys
	return nil
}

const nonceSize = 20

func (m *Machine) nonce() []byte {
	b := make([]byte, nonceSize)
	m.random(b)
	return b
}

// mainFifth checks who the peer is and says who this box is.
func (m *Machine) mainFifth(s *sa, d Datagram, h *header, body []byte) error {
	hs := s.hand
	if s.keys.block == nil {
		if err := m.makeKeys(s); err != nil {
			m.removeSA(s, "key exchange", false)
			return err
		}
		s.phase = phaseAuth
	}
	list, next, err := s.open(h, body)
	if err != nil {
		return err
	}
	m.event(EvID, 0)
	hs.idi = find(list, pID)
	id, err := parseIdentity(hs.idi)
	if err != nil {
		return err
	}
	hs.idi = append([]byte(nil), hs.idi...)
	if err := m.prove(s, list, id, s.hashI()); err != nil {
		return err
	}
	s.peerID, s.iv = id, next
	m.moved(s, d)
	m.notifies(s, list, 0)
	m.event(EvAuthenticated)
	m.event(EvBlank)
	own := m.ownIdentity(s)
	hs.idr = own.append(nil)
	proof, err := m.proof(s, s.hashR())
	if err != nil {
		return err
	}
	m.showOwnID(own, proof[0].kind)
	m.sendLast(s, xMain, append([]payload{{pID, hs.idr}}, proof...))
	s.phase = phaseDone
	return nil
}

// showOwnID shows the identity that goes out.
func (m *Machine) showOwnID(id identity, next payloadType) {
	m.event(EvIDPayload, next, id.Type, id.Proto, id.Port, len(id.Data)+4, len(id.Data)+8)
}

// sendLast sends an encrypted message of phase 1 that nobody answers: it is only repeated when the peer repeats itself.
func (m *Machine) sendLast(s *sa, kind exchangeType, list []payload) {
	m.disarm(&s.retry)
	s.lastOut = m.sealed(s, kind, list)
	m.send(s, s.lastOut)
}

// sealed encrypts a message of phase 1.
func (m *Machine) sealed(s *sa, kind exchangeType, list []payload) []byte {
	h := header{ci: s.ci, cr: s.cr, next: list[0].kind, exchange: kind, flags: flagEncrypt}
	msg, next := encrypt(s.keys.block, s.iv, appendPayloads(h.append(make([]byte, 0, 256)), list))
	s.iv = next
	return msg
}

// prove checks what the peer proves its key with: the hash, or a signature of it.
func (m *Machine) prove(s *sa, list []payload, id identity, want []byte) error {
	if s.isRSA() {
		return m.proveRSA(s, list, id, want)
	}
	m.event(EvHashPayload, 0)
	if !equal(find(list, pHash), want) {
		m.event(EvHashMismatch, s.remote.Addr())
		return errProof
	}
	return nil
}

// proof is what this side proves its key with.
func (m *Machine) proof(s *sa, hash []byte) ([]payload, error) {
	if s.isRSA() {
		return m.proofRSA(s, hash)
	}
	return []payload{{pHash, hash}}, nil
}
