package ike

import (
	"bytes"
	"encoding/hex"
	"net/netip"
)

// The vendor IDs that mean something here (commands-vpn-aaa-show.md 2.1).
var (
	vidXauth   = unhex("09002689dfd6b712")
	vidDPD     = unhex("afcad71368a1f1c96b8696fc77570100")
	vidUnity   = unhex("12f5f28c457168a9702d9fe274cc0100")
	vidRFC3947 = unhex("4a131c81070358455c5728f20e95452f")
	vidNATT03  = unhex("7d9419a65310ca6f2c179d9215529d56")
	vidNATT02n = unhex("90cb80913ebb696e086381b5ec427b1f")
	vidNATT02  = unhex("cd60464335df21f87cfdb2fc68b6a448")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// natt is a dialect of NAT traversal; of several that a peer speaks the highest is taken (commands-vpn-aaa-show.md 2.10).
type natt uint8

const (
	nattNone natt = iota
	nattDraft02
	nattDraft02LF
	nattDraft03
	nattRFC
)

var nattVendors = [...][]byte{nattDraft02: vidNATT02, nattDraft02LF: vidNATT02n, nattDraft03: vidNATT03, nattRFC: vidRFC3947}

// payload is the type of the NAT-D payload.
func (n natt) payload() payloadType {
	if n == nattRFC {
		return pNATD
	}
	return pNATDDraft
}

// encap is the encapsulation mode that means the given one in UDP.
func (n natt) encap(transport bool) uint16 {
	mode := uint16(encapUDPTunnelDraft)
	if n == nattRFC {
		mode = encapUDPTunnel
	}
	if transport {
		mode++
	}
	return mode
}

// vendors reads the vendor IDs of a message.
func (m *Machine) vendors(s *sa, list []payload) {
	on := !m.plan.VPN.NATTraversal.IsDefault()
	for _, p := range list {
		if p.kind != pVendor {
			continue
		}
		m.event(EvVendorID)
		switch {
		case bytes.Equal(p.body, vidDPD):
			s.dpd = true
			m.event(EvDPDPeer)
		case bytes.Equal(p.body, vidUnity):
			s.unity = true
			m.event(EvUnityPeer)
		case bytes.Equal(p.body, vidXauth):
			m.event(EvXauthPeer)
		}
		for n := nattDraft02; on && n <= nattRFC; n++ {
			if bytes.Equal(p.body, nattVendors[n]) {
				m.event(EvNATTVendor)
				s.natt = max(s.natt, n)
			}
		}
	}
}

// ownVendors are the vendor IDs that this box sends: XAUTH, DPD, Unity.
func ownVendors() []payload {
	return []payload{{pVendor, vidXauth}, {pVendor, vidDPD}, {pVendor, vidUnity}}
}

// natHash is what a NAT-D payload says about an end.
func (s *sa) natHash(end netip.AddrPort) []byte {
	addr, port := end.Addr().As4(), end.Port()
	return s.suite.sum(s.ci[:], s.cr[:], addr[:], []byte{byte(port >> 8), byte(port)})
}

// natPayloads are the NAT-D payloads to send: the peer's end first, then this one.
func (m *Machine) natPayloads(s *sa) []payload {
	if s.natt == nattNone {
		return nil
	}
	m.event(EvNATHis)
	m.event(EvNATMine)
	return []payload{{s.natt.payload(), s.natHash(s.remote)}, {s.natt.payload(), s.natHash(s.local)}}
}

// natDetect compares the NAT-D payloads of the peer with where its packets come from.
func (m *Machine) natDetect(s *sa, list []payload, d Datagram) {
	if s.natt == nattNone {
		return
	}
	local, remote := d.Local, d.Remote
	if s.hand.seenLocal.IsValid() { // the hashes of the last message of aggressive mode are about the ports of the first
		local, remote = s.hand.seenLocal, s.hand.seenRemote
	}
	mine, his := s.natHash(local), s.natHash(remote)
	first, any, match := true, false, false
	for _, p := range list {
		if p.kind != s.natt.payload() {
			continue
		}
		if first {
			s.weAreBehind = !bytes.Equal(p.body, mine)
			first = false
			continue
		}
		any = true
		match = match || bytes.Equal(p.body, his)
	}
	if first {
		s.natt = nattNone // it has announced it and does not do it
		return
	}
	s.peerBehind = any && !match
	if s.weAreBehind {
		m.event(EvNATNoMatchMine)
	} else {
		m.event(EvNATMatchMine)
	}
	if s.peerBehind {
		m.event(EvNATNoMatchHis)
	} else {
		m.event(EvNATMatchHis)
	}
}
