package nft

import (
	"encoding/binary"
	"errors"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A wire collects the messages of a batch. What a long access list has in great numbers (chains, rules, elements of verdicts) is
// written straight into blocks of memory, octet for octet as the library does it; the rest the library encodes.
type wire struct {
	c     *nftables.Conn
	got   []netlink.Message
	block []byte
	sets  uint32 // written here
}

const (
	blockSize  = 1 << 20
	maxMessage = 0xffff // the length of an attribute is 16 bits wide, and wraps in silence
)

var errTooLong = errors.New("too long for a message of netlink")

func newWire() (*wire, error) {
	w := &wire{}
	var err error
	w.c, err = nftables.New(nftables.WithTestDial(func(req []netlink.Message) ([]netlink.Message, error) {
		if len(req) > 2 {
			w.got = append(w.got, req[1:len(req)-1]...) // without begin and end of the batch
		}
		return nil, errCaptured
	}))
	return w, err
}

// begin is the start of a message of nftables, after what the library has encoded so far.
func (w *wire) begin() ([]byte, error) {
	if err := w.flush(); err != nil {
		return nil, err
	}
	if cap(w.block)-len(w.block) < maxMessage {
		w.block = make([]byte, 0, blockSize)
	}
	return append(w.block[len(w.block):], unix.NFPROTO_IPV4, unix.NFNETLINK_V0, 0, 0), nil
}

func (w *wire) end(typ uint16, flags netlink.HeaderFlags, b []byte) error {
	if len(b) > maxMessage {
		return errTooLong
	}
	w.block = w.block[:len(w.block)+len(b)]
	w.got = append(w.got, netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | typ),
		Flags: netlink.Request | flags}, Data: b[:len(b):len(b)]})
	return nil
}

// flush takes what the library has encoded.
func (w *wire) flush() error {
	if err := w.c.Flush(); err != nil && !errors.Is(err, errCaptured) {
		return err
	}
	return nil
}

// messages are those of the batch.
func (w *wire) messages() ([]netlink.Message, error) {
	err := w.flush()
	for i := range w.got {
		h := &w.got[i].Header
		h.Length, h.Sequence, h.PID = 0, 0, 0
		h.Flags &^= netlink.Acknowledge | netlink.Echo
	}
	return w.got, err
}

// chain is a chain without a hook.
func (w *wire) chain(name string) error {
	b, err := w.begin()
	if err != nil {
		return err
	}
	b = text(b, unix.NFTA_CHAIN_TABLE, Table)
	return w.end(unix.NFT_MSG_NEWCHAIN, netlink.Create, text(b, unix.NFTA_CHAIN_NAME, name))
}

// rule is a rule at the end of a chain.
func (w *wire) rule(chain string, exprs []expr.Any, data []byte) error {
	return w.ruleIn(Table, chain, exprs, data)
}

func (w *wire) ruleIn(table, chain string, exprs []expr.Any, data []byte) error {
	b, err := w.begin()
	if err != nil {
		return err
	}
	b = text(b, unix.NFTA_RULE_TABLE, table)
	b = text(b, unix.NFTA_RULE_CHAIN, chain)
	b, list := open(b, unix.NFTA_RULE_EXPRESSIONS)
	for _, x := range exprs {
		var one int
		b, one = open(b, unix.NFTA_LIST_ELEM)
		if b, err = expression(b, x); err != nil {
			return err
		}
		shut(b, one)
	}
	shut(b, list)
	if data != nil {
		b = attribute(b, unix.NFTA_RULE_USERDATA, data)
	}
	return w.end(unix.NFT_MSG_NEWRULE, netlink.Create|netlink.Append, b)
}

// elements adds elements with verdicts to a set; not more than fit into one message.
func (w *wire) elements(set *nftables.Set, elems []nftables.SetElement) error {
	b, err := w.begin()
	if err != nil {
		return err
	}
	b = text(b, unix.NFTA_SET_ELEM_LIST_SET, set.Name)
	b = number(b, unix.NFTA_SET_ELEM_LIST_SET_ID, set.ID)
	b = text(b, unix.NFTA_SET_ELEM_LIST_TABLE, Table)
	b, list := open(b, unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	for i := range elems {
		e := &elems[i]
		var one, sub int
		b, one = open(b, uint16(i+1))
		if e.IntervalEnd {
			b = number(b, unix.NFTA_SET_ELEM_FLAGS|unix.NLA_F_NESTED, unix.NFT_SET_ELEM_INTERVAL_END)
		}
		b = data(b, unix.NFTA_SET_ELEM_KEY, e.Key)
		if v := e.VerdictData; v != nil {
			b, sub = open(b, unix.NFTA_SET_ELEM_DATA)
			b = verdict(b, v)
			shut(b, sub)
		}
		shut(b, one)
	}
	shut(b, list)
	return w.end(unix.NFT_MSG_NEWSETELEM, netlink.Create, b)
}

// expression appends name and data of an expression.
func expression(b []byte, x expr.Any) ([]byte, error) {
	var at int
	name := func(s string) { b = text(b, unix.NFTA_EXPR_NAME, s); b, at = open(b, unix.NFTA_EXPR_DATA) }
	switch e := x.(type) {
	case *expr.Payload:
		if e.OperationType == expr.PayloadWrite || e.CsumType != 0 {
			return marshal(b, x)
		}
		name("payload")
		b = number(b, unix.NFTA_PAYLOAD_DREG, e.DestRegister)
		b = number(b, unix.NFTA_PAYLOAD_BASE, uint32(e.Base))
		b = number(b, unix.NFTA_PAYLOAD_OFFSET, e.Offset)
		b = number(b, unix.NFTA_PAYLOAD_LEN, e.Len)
	case *expr.Cmp:
		name("cmp")
		b = number(b, unix.NFTA_CMP_SREG, e.Register)
		b = number(b, unix.NFTA_CMP_OP, uint32(e.Op))
		b = data(b, unix.NFTA_CMP_DATA, e.Data)
	case *expr.Meta:
		name("meta")
		reg := uint16(unix.NFTA_META_DREG)
		if e.SourceRegister {
			reg = unix.NFTA_META_SREG
		}
		b = number(b, unix.NFTA_META_KEY, uint32(e.Key))
		b = number(b, reg, e.Register)
	case *expr.Lookup:
		name("lookup")
		if e.SourceRegister != 0 {
			b = number(b, unix.NFTA_LOOKUP_SREG, e.SourceRegister)
		}
		if e.IsDestRegSet {
			b = number(b, unix.NFTA_LOOKUP_DREG, e.DestRegister)
		}
		if e.Invert {
			b = number(b, unix.NFTA_LOOKUP_FLAGS, unix.NFT_LOOKUP_F_INV)
		}
		b = text(b, unix.NFTA_LOOKUP_SET, e.SetName)
		b = number(b, unix.NFTA_LOOKUP_SET_ID, e.SetID)
	case *expr.Immediate:
		name("immediate")
		b = number(b, unix.NFTA_IMMEDIATE_DREG, e.Register)
		b = data(b, unix.NFTA_IMMEDIATE_DATA, e.Data)
	case *expr.Verdict:
		name("immediate")
		b = number(b, unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		var sub int
		b, sub = open(b, unix.NFTA_IMMEDIATE_DATA)
		b = verdict(b, e)
		shut(b, sub)
	case *expr.Bitwise:
		name("bitwise")
		b = number(b, unix.NFTA_BITWISE_SREG, e.SourceRegister)
		b = number(b, unix.NFTA_BITWISE_DREG, e.DestRegister)
		b = number(b, unix.NFTA_BITWISE_LEN, e.Len)
		b = data(b, unix.NFTA_BITWISE_MASK, e.Mask)
		b = data(b, unix.NFTA_BITWISE_XOR, e.Xor)
	case *expr.Ct:
		if e.Key != ctSaddr && e.Key != ctDaddr && e.Key != expr.CtKeyPROTODST {
			return marshal(b, x)
		}
		// The library has no direction for the one, and four octets of it for the other.
		name("ct")
		b = number(b, unix.NFTA_CT_DREG, e.Register)
		b = number(b, unix.NFTA_CT_KEY, uint32(e.Key))
		b = attribute(b, unix.NFTA_CT_DIRECTION, []byte{byte(e.Direction)})
	case *expr.Exthdr:
		if e.SourceRegister != 0 || e.DestRegister != 0 {
			return marshal(b, x)
		}
		name("exthdr") // the library writes a register always
		b = attribute(b, unix.NFTA_EXTHDR_TYPE, []byte{e.Type})
		b = number(b, unix.NFTA_EXTHDR_OP, uint32(e.Op))
	default:
		return marshal(b, x)
	}
	shut(b, at)
	return b, nil
}

// The addresses of an IPv4 connection (NFT_CT_SRC_IP, NFT_CT_DST_IP).
const ctSaddr, ctDaddr expr.CtKey = 19, 20

// marshal appends an expression as the library encodes it.
func marshal(b []byte, x expr.Any) ([]byte, error) {
	got, err := expr.Marshal(unix.NFPROTO_IPV4, x)
	return append(b, got...), err
}

func verdict(b []byte, v *expr.Verdict) []byte {
	b, at := open(b, unix.NFTA_DATA_VERDICT)
	b = number(b, unix.NFTA_VERDICT_CODE, uint32(v.Kind))
	if v.Chain != "" {
		b = text(b, unix.NFTA_VERDICT_CHAIN, v.Chain)
	}
	shut(b, at)
	return b
}

// open begins an attribute that holds others; shut writes its length.
func open(b []byte, typ uint16) ([]byte, int) {
	b = binary.NativeEndian.AppendUint16(b, 0)
	return binary.NativeEndian.AppendUint16(b, typ|unix.NLA_F_NESTED), len(b) - 2
}

func shut(b []byte, at int) { binary.NativeEndian.PutUint16(b[at:], uint16(len(b)-at)) }

func number(b []byte, typ uint16, v uint32) []byte {
	b = binary.NativeEndian.AppendUint16(b, 8)
	b = binary.NativeEndian.AppendUint16(b, typ)
	return binary.BigEndian.AppendUint32(b, v)
}

// text appends a string with its end.
func text(b []byte, typ uint16, s string) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(s)+1))
	b = append(binary.NativeEndian.AppendUint16(b, typ), s...)
	b = append(b, 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// data is an attribute that holds a value.
func data(b []byte, typ uint16, v []byte) []byte {
	b, at := open(b, typ)
	b = attribute(b, unix.NFTA_DATA_VALUE, v)
	shut(b, at)
	return b
}

// Datagram is the batch as it is sent, with its frame. Message k has the sequence number k+1; the last one asks for an answer.
func (b *Batch) Datagram() []byte {
	size := 2 * 20
	for i := range b.Messages {
		size += unix.NLMSG_HDRLEN + (len(b.Messages[i].Data)+3)&^3
	}
	out := make([]byte, 0, size)
	message := func(typ netlink.HeaderType, flags netlink.HeaderFlags, seq int, data []byte) {
		out = binary.NativeEndian.AppendUint32(out, uint32(unix.NLMSG_HDRLEN+len(data)))
		out = binary.NativeEndian.AppendUint16(out, uint16(typ))
		out = binary.NativeEndian.AppendUint16(out, uint16(flags))
		out = binary.NativeEndian.AppendUint32(out, uint32(seq))
		out = append(append(out, 0, 0, 0, 0), data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	frame := []byte{0, 0, 0, unix.NFNL_SUBSYS_NFTABLES}
	message(unix.NFNL_MSG_BATCH_BEGIN, netlink.Request, 0, frame)
	for i := range b.Messages {
		flags := b.Messages[i].Header.Flags
		if i == len(b.Messages)-1 {
			flags |= netlink.Acknowledge
		}
		message(b.Messages[i].Header.Type, flags, i+1, b.Messages[i].Data)
	}
	message(unix.NFNL_MSG_BATCH_END, netlink.Request, 0, frame)
	return out
}
