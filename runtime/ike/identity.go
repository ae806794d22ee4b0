package ike

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"pixfw/ast"
	"pixfw/compiler"
)

// The types of an ID payload (RFC 2407 4.6.2.1).
const (
	idIPv4   = 1
	idFQDN   = 2
	idUser   = 3
	idSubnet = 4
	idRange  = 7
	idDN     = 9
	idKeyID  = 11
)

func idTypeName(t uint8) string {
	switch t {
	case idIPv4:
		return "ID_IPV4_ADDR"
	case idFQDN:
		return "ID_FQDN"
	case idUser:
		return "ID_USER_FQDN"
	case idSubnet:
		return "ID_IPV4_ADDR_SUBNET"
	case idRange:
		return "ID_IPV4_ADDR_RANGE"
	case idDN:
		return "ID_DER_ASN1_DN"
	case idKeyID:
		return "ID_KEY_ID"
	}
	return fmt.Sprintf("ID_%d", t)
}

const maxIdentity = 1024

func parseIdentity(b []byte) (id identity, err error) {
	if len(b) < 4 {
		return id, errShort
	}
	if len(b) > maxIdentity {
		return id, errLength
	}
	id = identity{Type: b[0], Proto: b[1], Port: binary.BigEndian.Uint16(b[2:]), Data: append([]byte(nil), b[4:]...)}
	switch n := len(id.Data); {
	case id.Type == idIPv4 && n != 4, (id.Type == idSubnet || id.Type == idRange) && n != 8:
		return id, errLength
	}
	return id, nil
}

func (id *identity) append(b []byte) []byte {
	b = append(b, id.Type, id.Proto)
	b = binary.BigEndian.AppendUint16(b, id.Port)
	return append(b, id.Data...)
}

// ownIdentity is what this box calls itself in phase 1 (commands-vpn-aaa-show.md 2.3).
func (m *Machine) ownIdentity(s *sa) identity {
	id := identity{Proto: 17, Port: 500}
	switch v := &m.plan.VPN; {
	case v.Identity == "hostname" && m.plan.Hostname != "":
		name := m.plan.Hostname
		if m.plan.Domain != "" {
			name += "." + m.plan.Domain
		}
		id.Type, id.Data = idFQDN, []byte(name)
	case v.Identity == "key-id" && v.KeyID != "":
		id.Type, id.Data = idKeyID, []byte(v.KeyID)
	default:
		a := s.local.Addr().As4()
		id.Type, id.Data = idIPv4, a[:]
	}
	return id
}

// keyFor is the most specific pre-shared key for an address; nil: there is none. A masked key is none: its asterisks are in
// every listing.
func (m *Machine) keyFor(addr netip.Addr) *compiler.IKEKey {
	k, ok := m.index.key(m.plan, astIP(addr))
	if !ok || k.Key == "" || k.Key.Masked() {
		return nil
	}
	return k
}

// takeKey makes a key the one that the peer has to know, and with that the peer one that the key's line excuses from logging in and
// from taking an address, if it does.
func (s *sa) takeKey(k *compiler.IKEKey) {
	s.hand.psk, s.noXauth, s.noConfig = []byte(k.Key), k.NoXauth, k.NoConfigMode
}

// groupKey takes the key of a peer that has stated who it is before anything is proven (aggressive mode). There is always one:
// who names a group that does not exist goes on with a key that nobody knows, and learns nothing by it, nor by the time it takes.
// The reference has such a peer take the key for its address, or dropped, unconfirmed. Only a key for just that address is
// taken: whoever knows a wildcard key could tell by the answer which groups there are.
func (m *Machine) groupKey(s *sa, id identity) {
	random := make([]byte, 20)
	m.random(random)
	secret := ast.Secret(random)
	s.group, s.groupName = compiler.None, ""
	addr := s.remote.Addr()
	if id.Type == idIPv4 {
		addr = netip.AddrFrom4([4]byte(id.Data))
	}
	key := m.keyFor(addr)
	i := m.groupByName(string(id.Data))
	switch {
	case id.Type == idKeyID && i != compiler.None:
		if g := &m.plan.VPN.Groups[i]; g.Password != "" && !g.Password.Masked() {
			s.group, s.groupName = i, g.Name
			secret = g.Password
		}
	case key != nil && (id.Type != idKeyID || key.Peer.Mask == ^ast.IP(0)):
		s.takeKey(key)
		return
	}
	s.hand.psk = []byte(secret)
}

// groupByName is the index of a vpngroup, or compiler.None.
func (m *Machine) groupByName(name string) int {
	if i, ok := m.index.groups[name]; ok {
		return i
	}
	return compiler.None
}
