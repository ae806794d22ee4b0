package ike

import (
	"fmt"
	"strings"

	"pixfw/compiler"
)

// choice is the transform of an offer that a policy accepts.
type choice struct {
	policy    *compiler.IKEPolicy
	proposal  proposal
	transform transform
	suite     suite
	seconds   uint32 // life offered; 0: none
}

// policies are the box's own, the most urgent first, then the built-in one.
func (m *Machine) policies() []*compiler.IKEPolicy {
	v := &m.plan.VPN
	out := make([]*compiler.IKEPolicy, 0, len(v.Policies)+1)
	for i := range v.Policies {
		out = append(out, &v.Policies[i])
	}
	return append(out, &v.DefaultPolicy)
}

// choose finds the first policy of this box that the peer offers a transform for: own policies outside, offers inside
// (commands-vpn-aaa-show.md 2.2).
func (m *Machine) choose(s *sa, offer []proposal) (choice, bool) {
	xauth := false
	if cm := m.cryptoMap(s); cm != nil {
		xauth = cm.Authentication != compiler.None
	}
	for _, p := range m.policies() {
		own := suiteOf(p)
		if own.auth == authRSASig && m.o.Certificates == nil && p.Line.IsDefault() {
			continue // the built-in policy of a box without certificates
		}
		for _, prop := range offer {
			if prop.proto != protoISAKMP {
				continue
			}
			for _, t := range prop.transforms {
				m.event(EvChecking, t.number, p.Priority)
				m.showTransform(t)
				theirs, ok := readSuite(t)
				if ok = ok && acceptable(own, theirs, xauth) && (own.auth != authRSASig || m.o.Certificates != nil); !ok {
					m.event(EvNotAcceptable, t.next)
					continue
				}
				m.event(EvAcceptable, t.next)
				seconds, _ := life(t.attrs, aLifeType, aLife)
				return choice{policy: p, proposal: prop, transform: t, suite: theirs, seconds: seconds}, true
			}
		}
	}
	m.event(EvNoOffers)
	m.event(EvSANotAcceptable)
	return choice{}, false
}

// readSuite reads the attributes of a transform of phase 1; false: something in it is unknown here or missing.
func readSuite(t transform) (s suite, ok bool) {
	if t.id != 1 { // KEY_IKE
		return s, false
	}
	for _, a := range t.attrs {
		switch a.Type {
		case aEncryption:
			s.enc = uint16(min(a.Value, 0xffff))
		case aHash:
			s.hash = uint16(min(a.Value, 0xffff))
		case aAuth:
			s.auth = uint16(min(a.Value, 0xffff))
		case aGroup:
			s.group = int(a.Value)
		case aKeyLength:
			s.keyBits = int(a.Value)
		}
	}
	switch s.enc {
	case encDES:
		ok = s.keyBits == 0 || s.keyBits == 64 || s.keyBits == 56
		s.keyBits = 64
	case enc3DES:
		ok = s.keyBits == 0 || s.keyBits == 192 || s.keyBits == 168
		s.keyBits = 192
	case encAES:
		if s.keyBits == 0 {
			s.keyBits = 128
		}
		ok = s.keyBits == 128 || s.keyBits == 192 || s.keyBits == 256
	}
	return s, ok && dhGroups[s.group] != nil && (s.hash == hashMD5 || s.hash == hashSHA)
}

// acceptable compares an offer with a policy. A policy with pre-shared keys takes XAUTHInitPreShared where users log in.
func acceptable(own, theirs suite, xauth bool) bool {
	auth := theirs.auth
	switch {
	case xauth && auth == authXauthPSK:
		auth = authPSK
	case xauth && auth == authXauthRSA:
		auth = authRSASig
	}
	theirs.auth = auth
	return own == theirs
}

// showTransform shows the attributes of a transform in the order in which they came.
func (m *Machine) showTransform(t transform) {
	if m.debug[ISAKMP] == 0 {
		return
	}
	for _, a := range t.attrs {
		switch a.Type {
		case aEncryption:
			m.event(EvEncryption, encryptionName(uint16(min(a.Value, 0xffff))))
		case aHash:
			m.event(EvHash, hashName(uint16(min(a.Value, 0xffff))))
		case aGroup:
			m.event(EvGroup, a.Value)
		case aAuth:
			m.event(EvAuth, authName(uint16(min(a.Value, 0xffff))))
		case aKeyLength:
			m.event(EvKeyLength, a.Value)
		case aLifeType:
			m.event(EvLifeType, lifeTypeName(a.Value))
		case aLife:
			if a.Basic {
				m.event(EvLifeBasic, a.Value)
			} else {
				m.event(EvLifeVPI, vpi(a.Raw))
			}
		default:
			m.event(EvUnknownAttr, a.Type)
		}
	}
}

func lifeTypeName(v uint32) string {
	switch v {
	case lifeSeconds:
		return "seconds"
	case lifeKilobytes:
		return "kilobytes"
	}
	return fmt.Sprintf("UNKNOWN (%d)", v)
}

// vpi is a value of variable length as debug output prints it.
func vpi(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		fmt.Fprintf(&out, " 0x%x", c)
	}
	return out.String()
}
