package kernel

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"golang.org/x/sys/unix"
)

// A comparer tells whether what the kernel has is what was sent, as far as that says something. It does not allocate for what is the same.
type comparer struct {
	seed    maphash.Seed
	scratch []byte
	// anonymous are the sets without a name of their own that rules in the kernel look into: its name for each, with the id in the batch.
	anonymous []anonymous
	rule      int // the message that is compared
}

// An anonymous set belongs to one rule.
type anonymous struct {
	name string
	id   uint32
	rule int
}

// nextAttribute takes the first attribute off a list; false: there is none that is whole. A type keeps its flags.
func nextAttribute(b []byte) (typ uint16, data, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, nil, false
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < 4 || n > len(b) {
		return 0, nil, nil, false
	}
	return binary.NativeEndian.Uint16(b[2:]), b[4:n], b[min((n+3)&^3, len(b)):], true
}

const (
	attributeFlags = unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER
	elemKeyEnd     = 10 // NFTA_SET_ELEM_KEY_END
)

// attributeOf is the first attribute of a type; nil: there is none.
func attributeOf(b []byte, want uint16) []byte {
	for {
		typ, data, rest, ok := nextAttribute(b)
		if !ok {
			return nil
		}
		if typ&^attributeFlags == want {
			return data
		}
		b = rest
	}
}

// expressions reports whether a rule's expressions are those that were sent: of counters what they have counted, ids within the batch, and
// names of sets without one are the kernel's own.
func (c *comparer) expressions(sent, has []byte) bool {
	for {
		_, a, restA, okA := nextAttribute(sent)
		_, b, restB, okB := nextAttribute(has)
		if !okA || !okB {
			return okA == okB
		}
		name := attributeOf(a, unix.NFTA_EXPR_NAME)
		if !bytes.Equal(text(name), text(attributeOf(b, unix.NFTA_EXPR_NAME))) {
			return false
		}
		if n := string(text(name)); n != "counter" && !c.data(n, attributeOf(a, unix.NFTA_EXPR_DATA), attributeOf(b, unix.NFTA_EXPR_DATA)) {
			return false
		}
		sent, has = restA, restB
	}
}

// data reports whether each attribute of an expression that was sent is there with its value.
func (c *comparer) data(name string, sent, has []byte) bool {
	for all := sent; ; {
		flagged, data, rest, ok := nextAttribute(sent)
		if !ok {
			return true
		}
		sent = rest
		typ := flagged &^ attributeFlags
		got := attributeOf(has, typ)
		switch {
		case name == "lookup" && typ == unix.NFTA_LOOKUP_SET_ID, name == "dynset" && typ == unix.NFTA_DYNSET_SET_ID:
		case name == "lookup" && typ == unix.NFTA_LOOKUP_SET && bytes.HasPrefix(data, []byte(anonymousName)):
			if !bytes.HasPrefix(got, []byte(anonymousName)) {
				return false
			}
			c.anonymous = append(c.anonymous, anonymous{string(text(got)), be32(attributeOf(all, unix.NFTA_LOOKUP_SET_ID)), c.rule})
		case name == "dynset" && typ == unix.NFTA_DYNSET_EXPR: // an expression of each element
			if !bytes.Equal(text(attributeOf(data, unix.NFTA_EXPR_NAME)), text(attributeOf(got, unix.NFTA_EXPR_NAME))) ||
				!c.data("", attributeOf(data, unix.NFTA_EXPR_DATA), attributeOf(got, unix.NFTA_EXPR_DATA)) {
				return false
			}
		case name == "reject" && typ == unix.NFTA_REJECT_ICMP_CODE && got == nil: // a TCP reset has none
		case name == "nat" && typ == unix.NFTA_NAT_FLAGS: // the kernel says which registers it uses
			if be32(data)&^be32(got) != 0 {
				return false
			}
		case flagged&unix.NLA_F_NESTED != 0:
			if !c.data(name, data, got) {
				return false
			}
		case bytes.Equal(data, got), name == "objref" && bytes.Equal(text(data), text(got)):
		case register(name, typ) && be32(data) >= unix.NFT_REG32_00 && be32(data)%4 == 0 && be32(got) == be32(data)/4-1: // it has two names
		default:
			return false
		}
	}
}

// anonymousName begins the name of a set that belongs to a rule.
const anonymousName = "__set"

// register reports whether an attribute of an expression names a register.
func register(name string, typ uint16) bool {
	switch name {
	case "payload":
		return typ == unix.NFTA_PAYLOAD_DREG
	case "lookup":
		return typ == unix.NFTA_LOOKUP_SREG
	case "dynset":
		return typ == unix.NFTA_DYNSET_SREG_KEY
	}
	return false
}

// attributes reports whether those attributes of a chain, set or object that were sent are there with their values. Texts may have
// an end or not, and what is zero may be missing.
func (c *comparer) attributes(sent, has []byte, of ...uint16) bool {
	for _, typ := range of {
		a, b := attributeOf(sent, typ), attributeOf(has, typ)
		if a == nil || bytes.Equal(a, b) || len(b) <= len(a)+1 && bytes.Equal(text(a), text(b)) {
			continue
		}
		return false
	}
	return true
}

// A content is the elements of a set, whatever their order: how many there are, and the sum of what tells each from the others.
type content struct {
	n    int
	sum  uint64
	each map[uint64]bool // of sets whose elements end by themselves
}

func (s *content) add(element uint64) {
	s.n++
	s.sum += element
	if s.each != nil {
		s.each[element] = true
	}
}

// element is what tells elements of a set apart, as a number: key, flags, and what they lead to.
func (c *comparer) element(b []byte) uint64 {
	out := c.scratch[:0]
	for _, typ := range [...]uint16{unix.NFTA_SET_ELEM_KEY, elemKeyEnd, unix.NFTA_SET_ELEM_FLAGS, unix.NFTA_SET_ELEM_DATA} {
		data := attributeOf(b, typ)
		if typ == unix.NFTA_SET_ELEM_FLAGS {
			out = append(out, byte(be32(data)))
		} else {
			out = append(out, attributeOf(data, unix.NFTA_DATA_VALUE)...)
			v := attributeOf(data, unix.NFTA_DATA_VERDICT)
			out = append(out, attributeOf(v, unix.NFTA_VERDICT_CODE)...)
			out = append(out, attributeOf(v, unix.NFTA_VERDICT_CHAIN)...)
		}
		out = append(out, 0)
	}
	c.scratch = out
	return maphash.Bytes(c.seed, out)
}
