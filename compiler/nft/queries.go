package nft

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const dynsetDelete = 2 // NFT_DYNSET_OP_DELETE

// querySet writes a set of Queries.
func (w *wire) querySet(s *Set) (*nftables.Set, error) {
	return w.keyedSet(&keyed{name: s.Name, flags: unix.NFT_SET_EVAL | unix.NFT_SET_TIMEOUT, types: []uint32{typeAddr, typeAddr, typeInetService, typeInteger},
		typeof: [][]uint32{{descIP, 11}, {descIP, 12}, {descUDP, 1}, {descNone, 0, 3, 64, 16}}, // saddr, daddr, sport, @th,64,16
		more: func(b []byte) []byte {
			b = attribute(b, unix.NFTA_SET_TIMEOUT, binary.BigEndian.AppendUint64(nil, uint64(s.Timeout.Milliseconds())))
			b, desc := open(b, unix.NFTA_SET_DESC)
			b = number(b, unix.NFTA_SET_DESC_SIZE, dynamicSize)
			shut(b, desc)
			return b
		}}, s.Keys)
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
	set, err := e.known(name)
	if err != nil {
		return nil, err
	}
	return append(queryKey(answer), &expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: op}), nil
}
