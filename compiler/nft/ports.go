package nft

import (
	"slices"

	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
)

// Translations of ports that live are known to conntrack alone, and by the rules that choose their address. When the lines change, the
// rules would choose another: then the daemon puts them into maps, by protocol, address and port, or ICMP id.

// addPortMap makes the map of a kind of translations of ports, if it is not there.
func (l *lowerer) addPortMap(k Kept) {
	for _, m := range l.rs.Ports {
		if m.RealIf == k.RealIf && m.MappedIf == k.MappedIf && m.ACL == k.ACL {
			return
		}
	}
	if !l.talk(k.RealIf, k.MappedIf) {
		return
	}
	name, number := l.liveMap(LivePorts, "ports", k.RealIf, k.MappedIf, k.ACL, "live translations of ports that other lines made")
	l.rs.Ports = append(l.rs.Ports, PortMap{RealIf: k.RealIf, MappedIf: k.MappedIf, ACL: k.ACL, Name: name, Class: number})
	l.classes = append(l.classes, Rule{Match: []Match{class(number), withPorts}, Do: []Stmt{NAT{Ports: name}}},
		Rule{Match: []Match{class(number), proto(ast.ProtoICMP)}, Do: []Stmt{NAT{Ports: name, Echo: true}}},
		Rule{Match: []Match{class(number)}, Do: []Stmt{Counter{}, Drop{}}, Note: "the translation has ended"})
}

// portKey brings the key of a set of LivePorts into the registers from the first one on.
func portKey(echo bool) []expr.Any {
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	from, port := payload(network, 12, 4), payload(transport, 0, 2)
	if echo {
		port = payload(transport, 4, 2)
	}
	from.DestRegister, port.DestRegister = unix.NFT_REG32_01, unix.NFT_REG32_02
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, from, port}
}

// element is a translation as key and data of an element.
func (p *PortPair) element() (key, data []byte) {
	padded := func(v uint16) []byte { return append(be16(v), 0, 0) }
	key = append(append([]byte{p.Proto, 0, 0, 0}, be32(uint32(p.Real))...), padded(p.Port)...)
	return key, append(be32(uint32(p.Mapped)), padded(p.As)...)
}

// ChangePorts is the messages that add elements to a set of LivePorts, or delete them.
func ChangePorts(del bool, set string, pairs []PortPair) (out []netlink.Message) {
	for part := range slices.Chunk(pairs, chunk) {
		out = append(out, changeElements(del, set, len(part), func(b []byte, k int) []byte {
			key, as := part[k].element()
			if b = data(b, unix.NFTA_SET_ELEM_KEY, key); !del {
				b = data(b, unix.NFTA_SET_ELEM_DATA, as)
			}
			return b
		}))
	}
	return out
}
