package nft

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	dynsetDelete = 2       // NFT_DYNSET_OP_DELETE
	ownSet       = 1 << 20 // from here on ids of sets that the library does not know
)

// querySet writes a set of Queries. Its key has no named type, which the library cannot say: it comes with the expressions
// that it is made of (typeof), as nft writes and reads them.
func (w *wire) querySet(s *Set) (*nftables.Set, error) {
	b, err := w.begin()
	if err != nil {
		return nil, err
	}
	w.sets++
	out := &nftables.Set{Table: &nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4}, Name: s.Name, ID: ownSet + w.sets}
	b = text(b, unix.NFTA_SET_TABLE, Table)
	b = text(b, unix.NFTA_SET_NAME, s.Name)
	b = number(b, unix.NFTA_SET_FLAGS, unix.NFT_SET_EVAL|unix.NFT_SET_TIMEOUT)
	b = number(b, unix.NFTA_SET_KEY_TYPE, 7<<18|7<<12|13<<6|4) // ipv4_addr, ipv4_addr, inet_service, integer
	b = number(b, unix.NFTA_SET_KEY_LEN, 16)
	b = number(b, unix.NFTA_SET_ID, out.ID)
	b = attribute(b, unix.NFTA_SET_TIMEOUT, binary.BigEndian.AppendUint64(nil, uint64(s.Timeout.Milliseconds())))
	b, desc := open(b, unix.NFTA_SET_DESC)
	b = number(b, unix.NFTA_SET_DESC_SIZE, dynamicSize)
	shut(b, desc)
	b = attribute(b, unix.NFTA_SET_USERDATA, queryTypeof())
	if err := w.end(unix.NFT_MSG_NEWSET, netlink.Create, b); err != nil {
		return nil, err
	}
	var elems []nftables.SetElement
	for _, k := range s.Keys {
		elems = append(elems, nftables.SetElement{Key: k})
	}
	for part := range slices.Chunk(elems, chunk) {
		if err := w.elements(out, part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// queryTypeof is the user data with which nft remembers the key of a set: expressions by the numbers that nft gives to them.
func queryTypeof() []byte {
	const (
		keyByteOrder, keyTypeof = 0, 3
		payloadExpr, concatExpr = 7, 13
		descUDP, descIP         = 6, 12
	)
	tlv := func(typ byte, v []byte) []byte { return append([]byte{typ, byte(len(v))}, v...) }
	num := func(typ byte, v uint32) []byte { return tlv(typ, binary.NativeEndian.AppendUint32(nil, v)) }
	field := func(i byte, what ...uint32) []byte {
		var of []byte
		for k, v := range what {
			of = append(of, num(byte(k), v)...)
		}
		return tlv(i, append(num(0, payloadExpr), tlv(1, of)...))
	}
	var fields []byte
	for i, what := range [][]uint32{{descIP, 11}, {descIP, 12}, {descUDP, 1}, {0, 0, 3, 64, 16}} { // saddr, daddr, sport, @th,64,16
		fields = append(fields, field(byte(i), what...)...)
	}
	return append(num(keyByteOrder, 0), tlv(keyTypeof, append(num(0, concatExpr), tlv(1, fields)...))...)
}

// queryKey loads the key of a query, or that of the query that a packet answers.
func queryKey(answer bool) []expr.Any {
	src, dst, port := payload(expr.PayloadBaseNetworkHeader, 12, 4), payload(expr.PayloadBaseNetworkHeader, 16, 4), payload(expr.PayloadBaseTransportHeader, 0, 2)
	if answer {
		src.Offset, dst.Offset, port.Offset = dst.Offset, src.Offset, 2
	}
	id := payload(expr.PayloadBaseTransportHeader, 8, 2)
	dst.DestRegister, port.DestRegister, id.DestRegister = unix.NFT_REG32_01, unix.NFT_REG32_02, unix.NFT_REG32_03
	return []expr.Any{src, dst, port, id}
}

func (e *encoder) query(name string, answer bool, op uint32) ([]expr.Any, error) {
	set := e.sets[name]
	if set == nil {
		return nil, fmt.Errorf("no set %s", name)
	}
	return append(queryKey(answer), &expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: op}), nil
}
