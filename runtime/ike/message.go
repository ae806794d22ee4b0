package ike

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// payloadType is the type of a payload as a payload before it announces it (RFC 2408 3.1).
type payloadType uint8

const (
	pNone        payloadType = 0
	pSA          payloadType = 1
	pProposal    payloadType = 2
	pTransform   payloadType = 3
	pKE          payloadType = 4
	pID          payloadType = 5
	pCert        payloadType = 6
	pCertReq     payloadType = 7
	pHash        payloadType = 8
	pSig         payloadType = 9
	pNonce       payloadType = 10
	pNotify      payloadType = 11
	pDelete      payloadType = 12
	pVendor      payloadType = 13
	pConfig      payloadType = 14 // ATTR of mode config
	pNATD        payloadType = 20
	pNATOA       payloadType = 21
	pNATDDraft   payloadType = 130
	pNATOADraft  payloadType = 131
	pFragment    payloadType = 132
	headerSize               = 28
	genericSize              = 4
	maxMessage               = 16 << 10 // longer datagrams are not read
	maxPayloads              = 64
	ikeVersion               = 0x10
	flagEncrypt  uint8       = 1
	flagCommit   uint8       = 2
	flagAuthOnly uint8       = 4
)

// exchangeType is the kind of an exchange (RFC 2408 3.1).
type exchangeType uint8

const (
	xMain       exchangeType = 2
	xAggressive exchangeType = 4
	xInfo       exchangeType = 5
	xConfig     exchangeType = 6 // transaction
	xQuick      exchangeType = 32
)

// debugName is what debug output calls the exchange.
func (x exchangeType) debugName() string {
	switch x {
	case xMain:
		return "OAK_MM"
	case xAggressive:
		return "OAK_AG"
	case xInfo:
		return "ISAKMP_INFO"
	case xConfig:
		return "ISAKMP_TRANSACTION"
	case xQuick:
		return "OAK_QM"
	}
	return fmt.Sprintf("UNKNOWN (%d)", uint8(x))
}

type cookie [8]byte

// header is the ISAKMP header.
type header struct {
	ci, cr   cookie
	next     payloadType
	exchange exchangeType
	flags    uint8
	id       uint32
	length   int
}

// payload is one payload without its generic header. body points into the message.
type payload struct {
	kind payloadType
	body []byte
}

var (
	errShort    = errors.New("message is too short")
	errLength   = errors.New("length does not fit the datagram")
	errVersion  = errors.New("version is not 1.0")
	errTooMany  = errors.New("too many payloads")
	errPayload  = errors.New("payload is longer than the message")
	errAttr     = errors.New("attribute is longer than its payload")
	errDuplPay  = errors.New("payload stands twice")
	errNoSecond = errors.New("payload is missing")
	errProxy    = errors.New("identity is no address, subnet or range that is one")
)

// reservedError is a payload whose reserved byte is set: what a message looks like that was decrypted with the wrong key.
type reservedError struct{ kind payloadType }

func (e reservedError) Error() string { return fmt.Sprintf("reserved not zero on payload %d", e.kind) }

// Begins reports whether a datagram is the first message of a peer: it names no SA. Whoever queues datagrams keeps a flood of these
// from the others by it.
func Begins(payload []byte) bool {
	return len(payload) >= 16 && binary.BigEndian.Uint64(payload[8:]) == 0
}

// parseHeader reads the header of a datagram and cuts the datagram at the length that it states.
func parseHeader(b []byte) (h header, body []byte, err error) {
	if len(b) < headerSize {
		return h, nil, errShort
	}
	copy(h.ci[:], b)
	copy(h.cr[:], b[8:])
	h.next, h.exchange, h.flags = payloadType(b[16]), exchangeType(b[18]), b[19]
	h.id, h.length = binary.BigEndian.Uint32(b[20:]), int(binary.BigEndian.Uint32(b[24:]))
	switch {
	case b[17]>>4 != ikeVersion>>4:
		return h, nil, errVersion
	case h.length < headerSize || h.length > len(b) || len(b) > maxMessage:
		return h, nil, errLength
	}
	return h, b[headerSize:h.length], nil
}

// append writes the header with length 0; seal fills it in.
func (h *header) append(b []byte) []byte {
	b = append(b, h.ci[:]...)
	b = append(b, h.cr[:]...)
	b = append(b, byte(h.next), ikeVersion, byte(h.exchange), h.flags)
	b = binary.BigEndian.AppendUint32(b, h.id)
	return binary.BigEndian.AppendUint32(b, 0)
}

// parsePayloads reads a chain of payloads. What follows the last is padding of the encryption; used is the length without it.
func parsePayloads(next payloadType, b []byte) (list []payload, used int, err error) {
	for next != pNone {
		rest := b[used:]
		if len(list) == maxPayloads {
			return nil, 0, errTooMany
		}
		if len(rest) < genericSize {
			return nil, 0, errPayload
		}
		if rest[1] != 0 {
			return nil, 0, reservedError{next}
		}
		n := int(binary.BigEndian.Uint16(rest[2:]))
		if n < genericSize || n > len(rest) {
			return nil, 0, errPayload
		}
		if list == nil {
			list = make([]payload, 0, 12)
		}
		list = append(list, payload{next, rest[genericSize:n]})
		next, used = payloadType(rest[0]), used+n
	}
	return list, used, nil
}

// appendPayloads writes a chain.
func appendPayloads(b []byte, list []payload) []byte {
	for i, p := range list {
		next := pNone
		if i+1 < len(list) {
			next = list[i+1].kind
		}
		b = append(b, byte(next), 0)
		b = binary.BigEndian.AppendUint16(b, uint16(genericSize+len(p.body)))
		b = append(b, p.body...)
	}
	return b
}

// find is the first payload of a kind, or nil.
func find(list []payload, kind payloadType) []byte {
	for i := range list {
		if list[i].kind == kind {
			return list[i].body
		}
	}
	return nil
}

// attr is one data attribute (RFC 2408 3.3). Raw is its value as it came; Value is that as a number where it has up to 4 bytes.
type attr struct {
	Type  uint16
	Basic bool // two bytes, without a length
	Value uint32
	Raw   []byte
}

func basicAttr(kind uint16, v uint16) attr { return attr{Type: kind, Basic: true, Value: uint32(v)} }

func rawAttr(kind uint16, raw []byte) attr { return attr{Type: kind, Raw: raw} }

// wordAttr is a number in four bytes.
func wordAttr(kind uint16, v uint32) attr {
	return attr{Type: kind, Value: v, Raw: binary.BigEndian.AppendUint32(nil, v)}
}

const maxAttrs = 128

func parseAttrs(b []byte) (list []attr, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errAttr
		}
		if len(list) == maxAttrs {
			return nil, errTooMany
		}
		kind, v := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		if kind&0x8000 != 0 {
			list, b = append(list, attr{Type: kind &^ 0x8000, Basic: true, Value: uint32(v), Raw: b[2:4]}), b[4:]
			continue
		}
		if int(v) > len(b)-4 {
			return nil, errAttr
		}
		a := attr{Type: kind, Raw: b[4 : 4+v]}
		if len(a.Raw) <= 4 {
			for _, c := range a.Raw {
				a.Value = a.Value<<8 | uint32(c)
			}
		} else {
			a.Value = 1<<32 - 1 // a life longer than 136 years
		}
		list, b = append(list, a), b[4+v:]
	}
	return list, nil
}

func appendAttrs(b []byte, list []attr) []byte {
	for _, a := range list {
		if a.Basic {
			b = binary.BigEndian.AppendUint16(b, a.Type|0x8000)
			b = binary.BigEndian.AppendUint16(b, uint16(a.Value))
			continue
		}
		b = binary.BigEndian.AppendUint16(b, a.Type)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.Raw)))
		b = append(b, a.Raw...)
	}
	return b
}
