package nft

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"pixfw/ast"
)

// rule is what a rule does. The memory of the answer serves again.
func (e *encoder) rule(r *Rule) ([]expr.Any, error) {
	out := e.exprs[:0]
	for i := 0; i < len(r.Match); i++ {
		if i+1 < len(r.Match) && r.Match[i].Field == Sport && r.Match[i].single() && r.Match[i+1].Field == Dport && r.Match[i+1].single() {
			// Both ports at once, as nft does it.
			ports := &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Len: 4}
			out = append(out, ports, r.Match[i].cmp(be32(r.Match[i].Values[0].Lo<<16|r.Match[i+1].Values[0].Lo)))
			i++
			continue
		}
		x, err := e.match(&r.Match[i])
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	for _, s := range r.Do {
		x, err := e.stmt(s)
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	e.exprs = out
	return out, nil
}

func payload(base expr.PayloadBase, offset, n uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: base, Offset: offset, Len: n}
}

func (e *encoder) match(m *Match) ([]expr.Any, error) {
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	be8 := func(v uint32) []byte { return []byte{byte(v)} }
	be16 := func(v uint32) []byte { return be16(uint16(v)) }
	native := func(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }
	switch m.Field {
	case RoutedTo:
		name := make([]byte, 16)
		if copy(name, m.Name) > 15 {
			return nil, fmt.Errorf("device name %q is too long", m.Name)
		}
		return []expr.Any{&expr.Fib{Register: 1, ResultOIFNAME: true, FlagDADDR: true}, m.cmp(name)}, nil
	case Iif, Oif:
		key := expr.MetaKeyIIFNAME
		if m.Field == Oif {
			key = expr.MetaKeyOIFNAME
		}
		name := make([]byte, 16)
		if copy(name, m.Name) > 15 {
			return nil, fmt.Errorf("device name %q is too long", m.Name)
		}
		return []expr.Any{&expr.Meta{Key: key, Register: 1}, m.cmp(name)}, nil
	case Saddr:
		return e.values(m, payload(network, 12, 4), nftables.TypeIPAddr, be32)
	case Daddr:
		return e.values(m, payload(network, 16, 4), nftables.TypeIPAddr, be32)
	case SaddrDaddr:
		set, err := e.known(m.Set)
		if err != nil {
			return nil, err
		}
		src, dst := payload(network, 12, 4), payload(network, 16, 4)
		src.DestRegister, dst.DestRegister = unix.NFT_REG32_00, unix.NFT_REG32_01
		return []expr.Any{src, dst, &expr.Lookup{SourceRegister: unix.NFT_REG32_00, SetID: set.ID, SetName: set.Name, Invert: m.Not}}, nil
	case QuotedSaddr:
		return e.values(m, payload(network, quotedSaddr, 4), nftables.TypeIPAddr, be32)
	case QuotedDaddr:
		return e.values(m, payload(network, quotedDaddr, 4), nftables.TypeIPAddr, be32)
	case LiveDaddr:
		set, err := e.known(m.Set)
		if err != nil {
			return nil, err
		}
		real, err := e.values(&Match{Values: m.Values, Not: m.Not}, mapped(set),
			nftables.TypeIPAddr, be32)
		return append([]expr.Any{payload(network, 16, 4)}, real...), err
	case OrigSaddr:
		return e.values(m, &expr.Ct{Key: ctSaddr, Register: 1}, nftables.TypeIPAddr, be32)
	case OrigDaddr:
		return e.values(m, &expr.Ct{Key: ctDaddr, Register: 1}, nftables.TypeIPAddr, be32)
	case OrigDport:
		return e.values(m, &expr.Ct{Key: expr.CtKeyPROTODST, Register: 1}, nftables.TypeInetService, be16)
	case L4Proto:
		return e.values(m, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, nftables.TypeInetProto, be8)
	case Sport:
		return e.values(m, payload(transport, 0, 2), nftables.TypeInetService, be16)
	case Dport:
		return e.values(m, payload(transport, 2, 2), nftables.TypeInetService, be16)
	case ICMPType:
		return e.values(m, payload(transport, 0, 1), nftables.TypeICMPType, be8)
	case TCPFlags:
		return []expr.Any{payload(transport, 13, 1), mask(be8(m.Mask)), m.cmp(be8(m.Values[0].Lo))}, nil
	case DoorOf:
		return e.door(m.Set, isDoor)
	case TCPWords:
		return []expr.Any{payload(transport, 12, 1), mask(be8(0xf0)), m.cmp(be8(m.Values[0].Lo << 4))}, nil
	case CtState, CtStatus:
		key := expr.CtKeySTATE
		if m.Field == CtStatus {
			key = expr.CtKeySTATUS
		}
		op := expr.CmpOpNeq
		if m.Not {
			op = expr.CmpOpEq
		}
		return []expr.Any{&expr.Ct{Key: key, Register: 1}, mask(native(m.Mask)),
			&expr.Cmp{Op: op, Register: 1, Data: make([]byte, 4)}}, nil
	case ParentHelper:
		name := make([]byte, 16) // NF_CT_HELPER_NAME_LEN
		if copy(name, m.Name) > 15 {
			return nil, fmt.Errorf("the name of helper %q is too long", m.Name)
		}
		return []expr.Any{&expr.Ct{Key: expr.CtKeyHELPER, Register: 1}, m.cmp(name)}, nil
	case CtReply:
		dir := uint32(1)
		if m.Not {
			dir = 0
		}
		return []expr.Any{&expr.Ct{Key: expr.CtKeyDIRECTION, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: be8(dir)}}, nil
	case CtMark:
		out := []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1}}
		if m.Mask != 0 {
			out = append(out, mask(native(m.Mask)))
		}
		return append(out, m.cmp(native(m.Values[0].Lo))), nil
	case PacketMark:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, mask(native(m.Mask)), m.cmp(native(m.Values[0].Lo))}, nil
	case PacketMarkOver:
		over := expr.CmpOpGt
		if m.Not {
			over = expr.CmpOpLte
		}
		// The mark is in the order of the host, which must be that of its octets to be compared.
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
			&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
			&expr.Cmp{Op: over, Register: 1, Data: be32(m.Values[0].Lo)}}, nil
	case IsFragment:
		return []expr.Any{payload(network, 6, 2), mask(be16(0x3fff)), &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 2)}}, nil
	case PortOf, EchoOf:
		set, err := e.known(m.Set)
		if err != nil {
			return nil, err
		}
		return append(portKey(m.Field == EchoOf), asked(set, m.Not)), nil
	case QueryOf, AskedBefore:
		set, err := e.known(m.Set)
		if err != nil {
			return nil, err
		}
		return append(queryKey(m.Field == QueryOf), asked(set, m.Not)), nil
	case SourceMAC:
		const ethernet = 1 // ARPHRD_ETHER
		out := []expr.Any{&expr.Meta{Key: expr.MetaKeyIIFTYPE, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint16(ethernet)},
			payload(expr.PayloadBaseLLHeader, 6, 6)}
		value := m.MAC.MAC
		for i := range value {
			value[i] &= m.MAC.Mask[i]
		}
		if m.MAC.Mask != allOctets {
			out = append(out, mask(m.MAC.Mask[:]))
		}
		return append(out, m.cmp(value[:])), nil
	case CallOf:
		return e.callOf(m.Set, func(set *nftables.Set) expr.Any { return asked(set, false) })
	case FirstOption:
		return e.values(m, payload(network, 20, 1), nftables.TypeInetProto, be8)
	case TTL:
		return []expr.Any{payload(network, 8, 1), m.cmp([]byte{byte(m.Values[0].Lo)})}, nil
	case HdrLen:
		return []expr.Any{payload(network, 0, 1), mask(be8(0x0f)), &expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be8(m.Values[0].Lo)}}, nil
	case NoRoute:
		return []expr.Any{&expr.Fib{Register: 1, ResultOIF: true, FlagSADDR: true, FlagIIF: true}, m.cmp(make([]byte, 4))}, nil
	case SameAddrs, SamePorts, UDPLengths:
		return e.pairLookup(m)
	case IPLenOver:
		return []expr.Any{payload(network, 2, 2), &expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be16(m.Values[0].Lo)}}, nil
	case UDPLenOver:
		return []expr.Any{payload(transport, 4, 2), &expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be16(m.Values[0].Lo)}}, nil
	case MSSOver, MSSUnder:
		op := expr.CmpOpGt
		if m.Field == MSSUnder {
			op = expr.CmpOpLt
		}
		return []expr.Any{&expr.Exthdr{DestRegister: 1, Type: 2, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt}, &expr.Cmp{Op: op, Register: 1, Data: be16(m.Values[0].Lo)}}, nil
	case FirstTCPOption:
		return []expr.Any{payload(transport, 20, 2), m.cmp(be16(m.Values[0].Lo))}, nil
	}
	return nil, fmt.Errorf("unknown field %d", m.Field)
}

// known is a set or map that rules may ask.
func (e *encoder) known(name string) (*nftables.Set, error) {
	if set := e.sets[name]; set != nil {
		return set, nil
	}
	return nil, fmt.Errorf("no set or map %s", name)
}

// asked reports whether the key in the registers from the first one on is in a set, or, with not, is not.
func asked(set *nftables.Set, not bool) expr.Any {
	return &expr.Lookup{SourceRegister: 1, SetID: set.ID, SetName: set.Name, Invert: not}
}

// mapped brings what a map has for that key in its place.
func mapped(set *nftables.Set) expr.Any {
	return &expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}
}

// toHost translates the destination to the address and port that a map has brought.
func toHost() expr.Any {
	return &expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: unix.NFT_REG32_01, Specified: true}
}

// allOctets is the mask that compares a whole MAC address.
var allOctets = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// load brings a field that sets of verdicts are asked for into the first register.
func (e *encoder) load(f Field) (expr.Any, error) {
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	switch f {
	case Saddr:
		return payload(network, 12, 4), nil
	case Daddr:
		return payload(network, 16, 4), nil
	case L4Proto:
		return &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, nil
	case Sport:
		return payload(transport, 0, 2), nil
	case Dport:
		return payload(transport, 2, 2), nil
	case ICMPType:
		return payload(transport, 0, 1), nil
	case PacketMark:
		return &expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, nil
	}
	return nil, fmt.Errorf("field %d leads nowhere", f)
}

// single reports whether a match is for one value.
func (m *Match) single() bool {
	return !m.Not && m.Set == "" && len(m.Values) == 1 && m.Values[0].Lo == m.Values[0].Hi
}

func (m *Match) cmp(data []byte) *expr.Cmp {
	op := expr.CmpOpEq
	if m.Not {
		op = expr.CmpOpNeq
	}
	return &expr.Cmp{Op: op, Register: 1, Data: data}
}

func mask(m []byte) *expr.Bitwise {
	return &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: uint32(len(m)), Mask: m, Xor: make([]byte, len(m))}
}

// values compares a loaded field with a set, one value, one range or an anonymous set.
func (e *encoder) values(m *Match, load expr.Any, typ nftables.SetDatatype, key func(uint32) []byte) ([]expr.Any, error) {
	out := []expr.Any{load}
	lookup := func(set *nftables.Set) []expr.Any {
		return append(out, asked(set, m.Not))
	}
	if m.Set != "" {
		set, err := e.known(m.Set)
		if err != nil {
			return nil, err
		}
		return lookup(set), nil
	}
	if len(m.Values) == 0 {
		return nil, errors.New("match without values")
	}
	if m.Mask != 0 {
		return append(out, mask(key(m.Mask)), m.cmp(key(m.Values[0].Lo))), nil
	}
	if len(m.Values) == 1 {
		r := m.Values[0]
		if r.Lo == r.Hi {
			return append(out, m.cmp(key(r.Lo))), nil
		}
		if n, ok := r.prefix(); ok && typ == nftables.TypeIPAddr {
			return append(out, mask(key(uint32(ast.MaskOf(n)))), m.cmp(key(r.Lo))), nil
		}
		if m.Not {
			return append(out, &expr.Range{Op: expr.CmpOpNeq, Register: 1, FromData: key(r.Lo), ToData: key(r.Hi)}), nil
		}
		return append(out, &expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: key(r.Lo)}, &expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: key(r.Hi)}), nil
	}
	if len(m.Values) > chunk {
		return nil, errors.New("too many values for one rule")
	}
	set := &nftables.Set{Table: e.t, Anonymous: true, Constant: true, KeyType: typ}
	var elems []nftables.SetElement
	for _, r := range m.Values {
		set.Interval = set.Interval || r.Lo != r.Hi
	}
	if set.Interval {
		elems = intervals(m.Values, key)
	} else {
		for _, r := range m.Values {
			elems = append(elems, nftables.SetElement{Key: key(r.Lo)})
		}
	}
	if err := e.c.AddSet(set, elems); err != nil {
		return nil, err
	}
	return lookup(set), nil
}

func (e *encoder) stmt(s Stmt) ([]expr.Any, error) {
	verdict := func(kind expr.VerdictKind, chain string) ([]expr.Any, error) {
		return []expr.Any{&expr.Verdict{Kind: kind, Chain: chain}}, nil
	}
	native := func(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }
	switch s := s.(type) {
	case Counter:
		return []expr.Any{&expr.Counter{}}, nil
	case Log:
		return []expr.Any{&expr.Log{Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX, Group: LogGroup,
			Data: []byte(quoted(s.Prefix, maxPrefix))}}, nil
	case SetMark:
		return []expr.Any{&expr.Immediate{Register: 1, Data: native(s.Mark)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case Update:
		set, err := e.known(s.Set)
		if err != nil {
			return nil, err
		}
		offset := uint32(12)
		if s.Dst {
			offset = 16
		}
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
			&expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: uint32(unix.NFT_DYNSET_OP_UPDATE)}}, nil
	case Rewrite:
		return e.rewrite(s)
	case MarkPacket:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(s.Bits)},
			&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case ClassPacket:
		return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(markClass), Xor: native(s.Mark)},
			&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case KeepOrigin:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(markOrigin), Xor: native(s.Mark)},
			&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case SetPacketMark:
		return []expr.Any{&expr.Immediate{Register: 1, Data: native(s.Mark)}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case TakeMark:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, &expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true},
			&expr.Immediate{Register: 1, Data: native(0)}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case Original:
		return original(), nil
	case NoTimestamp:
		return []expr.Any{noTimestamp()}, nil
	case WaitingMark:
		look, err := e.callOf(WaitingCalls, mapped)
		return append(look, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}), err
	case MakeCall:
		return e.call()
	case SynProxy:
		return []expr.Any{Synproxy()}, nil
	case NoTrack:
		return []expr.Any{&expr.Notrack{}}, nil
	case AddMark:
		return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(s.Bits)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case ClearMark:
		return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(0)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case Ask:
		return e.query(s.Set, false, unix.NFT_DYNSET_OP_UPDATE)
	case Answer:
		return e.query(s.Set, true, dynsetDelete)
	case ToQueue:
		if s.Compat {
			return []expr.Any{CompatQueue(s.Num, s.Bypass)}, nil
		}
		q := &expr.Queue{Num: s.Num, Total: 1}
		if s.Bypass {
			q.Flag = expr.QueueFlagBypass
		}
		return []expr.Any{q}, nil
	case Limit:
		return e.perHost(s.Set, s.Dst, unix.NFT_DYNSET_OP_ADD, &expr.Connlimit{Count: s.Over, Flags: expr.NFT_CONNLIMIT_F_INV})
	case Meter:
		return e.perHost(s.Set, s.Dst, unix.NFT_DYNSET_OP_UPDATE,
			&expr.Limit{Type: expr.LimitTypePkts, Rate: uint64(s.Over), Over: true, Unit: expr.LimitTimeSecond, Burst: s.Over})
	case SetTTL: // two octets, as checksums are made of
		const ttl = 8
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, ttl, 2),
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 2, Mask: []byte{0, 0xff}, Xor: []byte{s.TTL, 0}},
			&expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: ttl, Len: 2,
				CsumType: expr.CsumTypeInet, CsumOffset: 10}}, nil
	case SetMSS:
		return []expr.Any{&expr.Immediate{Register: 1, Data: be16(s.Size)},
			&expr.Exthdr{SourceRegister: 1, Type: 2, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt}}, nil
	case RaiseMSS:
		const inOptions, sum = 22, 16
		return []expr.Any{&expr.Immediate{Register: 1, Data: be16(s.Size)}, &expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1,
			Base: expr.PayloadBaseTransportHeader, Offset: inOptions, Len: 2, CsumType: expr.CsumTypeInet, CsumOffset: sum}}, nil
	case Dispatch:
		set, err := e.known(s.Set)
		if err != nil {
			return nil, err
		}
		load, err := e.load(s.Field)
		if err != nil {
			return nil, err
		}
		return []expr.Any{load, &expr.Lookup{SourceRegister: 1, DestRegister: 0, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}}, nil
	case SetHelper:
		return []expr.Any{&expr.Objref{Type: int(nftables.ObjTypeCtHelper), Name: s.Name}}, nil
	case ShutDoor:
		return e.door(s.Set, shutDoor)
	case Behind:
		return e.door(s.Map, behindDoor)
	case NAT:
		return e.nat(s)
	case Accept:
		return verdict(expr.VerdictAccept, "")
	case Reset:
		return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}, nil
	case Drop:
		return verdict(expr.VerdictDrop, "")
	case Return:
		return verdict(expr.VerdictReturn, "")
	case Jump:
		return verdict(expr.VerdictJump, s.Chain)
	case Goto:
		return verdict(expr.VerdictGoto, s.Chain)
	}
	return nil, fmt.Errorf("unknown statement %T", s)
}

// Where the addresses of the packet are that an ICMP error quotes, and its header's checksum. Options were dropped.
const quotedSaddr, quotedDaddr, quotedSum = 40, 44, 38

// perHost adds the source or the destination of a packet to a set whose elements hold an expression each, and evaluates that of the address.
func (e *encoder) perHost(name string, dst bool, op int, each expr.Any) ([]expr.Any, error) {
	set, err := e.known(name)
	if err != nil {
		return nil, err
	}
	offset := uint32(12)
	if dst {
		offset = 16
	}
	return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
		&expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: uint32(op), Exprs: []expr.Any{each}}}, nil
}

// rewrite changes an address, and the checksums that depend on it. That of an ICMP error does not: the quoted header, with its own
// checksum, adds up to the same.
func (e *encoder) rewrite(s Rewrite) ([]expr.Any, error) {
	offset, sum, flags := uint32(12), uint32(10), uint32(1) // NFT_PAYLOAD_L4CSUM_PSEUDOHDR
	switch s.Field {
	case Daddr:
		offset = 16
	case QuotedSaddr:
		offset, sum, flags = quotedSaddr, quotedSum, 0
	case QuotedDaddr:
		offset, sum, flags = quotedDaddr, quotedSum, 0
	}
	write := &expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4,
		CsumType: expr.CsumTypeInet, CsumOffset: sum, CsumFlags: flags}
	load := payload(expr.PayloadBaseNetworkHeader, offset, 4)
	switch {
	case s.Map != "":
		set, err := e.known(s.Map)
		if err != nil {
			return nil, err
		}
		return []expr.Any{load, mapped(set), write}, nil
	case s.To.Mask == ast.AllOnes:
		return []expr.Any{&expr.Immediate{Register: 1, Data: be32(uint32(s.To.IP))}, write}, nil
	}
	return []expr.Any{load, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: be32(uint32(^s.To.Mask)), Xor: be32(uint32(s.To.IP & s.To.Mask))}, write}, nil
}

func (e *encoder) nat(s NAT) ([]expr.Any, error) {
	nat := &expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, Persistent: s.Persistent, Prefix: s.Prefix}
	offset := uint32(12)
	if s.Dst {
		nat.Type, offset = expr.NATTypeDestNAT, 16
	}
	if s.Map != "" {
		set, err := e.known(s.Map)
		if err != nil {
			return nil, err
		}
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
			mapped(set), nat}, nil
	}
	if s.Ports != "" {
		set, err := e.known(s.Ports)
		if err != nil {
			return nil, err
		}
		nat.Specified, nat.RegProtoMin = true, unix.NFT_REG32_01
		return append(portKey(s.Echo), mapped(set), nat), nil
	}
	out := []expr.Any{&expr.Immediate{Register: 1, Data: be32(uint32(s.First))}}
	if s.Last != s.First || s.Prefix {
		out = append(out, &expr.Immediate{Register: 2, Data: be32(uint32(s.Last))})
		nat.RegAddrMax = 2
	}
	if s.PortLo != 0 {
		nat.Specified = true
		out = append(out, &expr.Immediate{Register: 3, Data: be16(s.PortLo)})
		nat.RegProtoMin = 3
		if s.PortHi != s.PortLo {
			out = append(out, &expr.Immediate{Register: 4, Data: be16(s.PortHi)})
			nat.RegProtoMax = 4
		}
	}
	return append(out, nat), nil
}
