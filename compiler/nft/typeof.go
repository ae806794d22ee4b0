package nft

import (
	"encoding/binary"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	ownSet = 1 << 20 // from here on ids of sets that the library does not know

	// The numbers that nft gives to protocols and to types of keys.
	descNone, descUDP, descIP              = 0, 6, 12
	typeInteger, typeAddr, typeInetService = 4, 7, 13
)

// A keyed is a set whose key has no named type, which the library cannot say: it comes with the expressions that it is made of (typeof),
// as nft writes and reads them.
type keyed struct {
	name   string
	flags  uint32
	types  []uint32   // of the fields of the key, each of which takes four octets
	typeof [][]uint32 // of each field: the protocol and its field, or 0, 0, the base, the offset and the length in bits
	more   func([]byte) []byte
}

// keyedSet writes a set with its elements.
func (w *wire) keyedSet(k *keyed, keys [][]byte) (*nftables.Set, error) {
	b, err := w.begin()
	if err != nil {
		return nil, err
	}
	w.sets++
	out := &nftables.Set{Table: &nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4}, Name: k.name, ID: ownSet + w.sets}
	typ := uint32(0)
	for _, t := range k.types {
		typ = typ<<6 | t
	}
	b = text(b, unix.NFTA_SET_TABLE, Table)
	b = text(b, unix.NFTA_SET_NAME, k.name)
	b = number(b, unix.NFTA_SET_FLAGS, k.flags)
	b = number(b, unix.NFTA_SET_KEY_TYPE, typ)
	b = number(b, unix.NFTA_SET_KEY_LEN, uint32(4*len(k.types)))
	b = number(b, unix.NFTA_SET_ID, out.ID)
	if k.more != nil {
		b = k.more(b)
	}
	b = attribute(b, unix.NFTA_SET_USERDATA, typeof(k.typeof))
	if err := w.end(unix.NFT_MSG_NEWSET, netlink.Create, b); err != nil {
		return nil, err
	}
	elems := make([]nftables.SetElement, len(keys))
	for i := range keys {
		elems[i].Key = keys[i]
	}
	for part := range slices.Chunk(elems, chunk) {
		if err := w.elements(out, part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// typeof is the user data with which nft remembers the key of a set.
func typeof(fields [][]uint32) []byte {
	const (
		keyByteOrder, keyTypeof = 0, 3
		payloadExpr, concatExpr = 7, 13
	)
	tlv := func(typ byte, v []byte) []byte { return append([]byte{typ, byte(len(v))}, v...) }
	num := func(typ byte, v uint32) []byte { return tlv(typ, binary.NativeEndian.AppendUint32(nil, v)) }
	var out []byte
	for i, what := range fields {
		var of []byte
		for k, v := range what {
			if k >= 2 && what[0] != descNone {
				k = 4 // the length, of a field that has a name
			}
			of = append(of, num(byte(k), v)...)
		}
		out = append(out, tlv(byte(i), append(num(0, payloadExpr), tlv(1, of)...))...)
	}
	return append(num(keyByteOrder, 0), tlv(keyTypeof, append(num(0, concatExpr), tlv(1, out)...))...)
}

// Two octets of the source and the destination, and the lengths of an IP packet and of UDP: the keys of sets of Octets and Lengths.
const (
	octetsText = "@nh,%d,8 . @nh,%d,8"

	portOctetsText = "@th,%d,8 . @th,%d,8"
	lengthsText    = "ip length . udp length"
)

// pairSet writes a set of Octets or Lengths.
func (w *wire) pairSet(s *Set) (*nftables.Set, error) {
	k := keyed{name: s.Name, types: []uint32{typeInteger, typeInteger}}
	size := 2
	if s.Kind == Octets {
		size = 1
		k.typeof = [][]uint32{{descNone, 0, 2, 120, 8}, {descNone, 0, 2, 152, 8}}
	} else {
		k.typeof = [][]uint32{{descIP, 5, 16}, {descUDP, 3, 16}}
	}
	keys := make([][]byte, len(s.Pairs))
	for i, p := range s.Pairs {
		keys[i] = make([]byte, 8)
		for f, v := range p {
			copy(keys[i][4*f:], be32(uint32(v))[4-size:])
		}
	}
	return w.keyedSet(&k, keys)
}

// pairLookup asks a set of Octets or Lengths.
func (e *encoder) pairLookup(m *Match) ([]expr.Any, error) {
	set, err := e.known(m.Set)
	if err != nil {
		return nil, err
	}
	lookup := func(a, b *expr.Payload) []expr.Any {
		b.DestRegister = unix.NFT_REG32_01
		return []expr.Any{a, b, asked(set, m.Not)}
	}
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	if m.Field == UDPLengths {
		return lookup(payload(network, 2, 2), payload(transport, 4, 2)), nil
	}
	var out []expr.Any
	if m.Field == SamePorts {
		for n := range uint32(2) {
			out = append(out, lookup(payload(transport, 1-n, 1), payload(transport, 3-n, 1))...)
		}
		return out, nil
	}
	for n := range uint32(4) { // the last octets first: they differ most
		out = append(out, lookup(payload(network, 15-n, 1), payload(network, 19-n, 1))...)
	}
	return out, nil
}
