package ike

import (
	"encoding/binary"
)

// configKind is the type of a transaction's ATTR payload.
type configKind uint8

const (
	cfgRequest configKind = 1
	cfgReply   configKind = 2
	cfgSet     configKind = 3
	cfgAck     configKind = 4
)

func (k configKind) String() string {
	return [...]string{"CFG_UNKNOWN", "CFG_REQUEST", "CFG_REPLY", "CFG_SET", "CFG_ACK"}[min(int(k), 4)%5]
}

// config is the ATTR payload of a transaction (commands-vpn-aaa-show.md 2.6).
type config struct {
	kind   configKind
	id     uint16
	attrs  []attr
	length int // of the whole message
}

func parseConfig(b []byte) (c config, err error) {
	if len(b) < 4 {
		return c, errShort
	}
	c.kind, c.id = configKind(b[0]), binary.BigEndian.Uint16(b[2:])
	c.attrs, err = parseAttrs(b[4:])
	return c, err
}

func (c *config) append(b []byte) []byte {
	b = append(b, byte(c.kind), 0)
	b = binary.BigEndian.AppendUint16(b, c.id)
	return appendAttrs(b, c.attrs)
}

// beginTransaction is a new transaction of ours with a message ID of its own.
func (m *Machine) beginTransaction(s *sa) *exchange {
	x := m.newExchange(s, xConfig, m.messageID(s), true)
	x.config = uint16(m.random32())
	return x
}

// sendConfig sends a message of a transaction. A request and a set are repeated until the next message of the exchange comes or
// the tries are over (then transactionFailed is called); replies and acknowledgements are kept for a peer that repeats itself.
func (m *Machine) sendConfig(s *sa, x *exchange, kind configKind, id uint16, attrs []attr) {
	c := config{kind: kind, id: id, attrs: attrs}
	m.sendHashed(s, x, nil, []payload{{pConfig, c.append(nil)}})
	if kind == cfgRequest || kind == cfgSet {
		m.expectAnswer(x)
	}
}

// receiveConfig is a message of a transaction whose hash was right. Repetitions do not come here.
func (m *Machine) receiveConfig(s *sa, x *exchange, list []payload, length int) {
	c, err := parseConfig(find(list, pConfig))
	if err != nil {
		m.malformed(s, err)
		return
	}
	c.length = length
	m.stopExpecting(x)
	m.configIn(s, x, &c)
}
