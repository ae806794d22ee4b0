package kernel

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mostHanded is how much of a packet fits into an attribute.
const mostHanded = 65535 - unix.SizeofNlAttr

// A held packet waits for a verdict. Its octets are those of the reader's buffer.
type held struct {
	id            uint32
	indev, outdev int
	packet        []byte
}

// readHeld lets each packet of a queue go on, as fn has made it, until the socket is closed. What fn drops, or has not been handed over whole, is
// dropped.
func readHeld(c *socket, num uint16, fn func(a *held) (packet []byte, drop bool)) {
	buf := make([]byte, 128<<10)
	var out []byte
	for failures := 0; failures < 100; {
		n, err := c.receive(buf, true)
		if errors.Is(err, os.ErrClosed) || errors.Is(err, unix.EBADF) {
			return
		}
		if err != nil {
			failures++
			continue
		}
		failures = 0
		out = out[:0]
		messages(buf[:n], func(typ uint16, data []byte) {
			if typ != queuePacket {
				return
			}
			if a, ok := parseHeld(data); ok {
				packet, drop := fn(&a)
				out = appendRelease(out, num, a.id, !drop && a.whole(), packet)
			}
		})
		if len(out) == 0 {
			continue
		}
		if err := c.send(out); err != nil && errors.Is(err, os.ErrClosed) {
			return
		}
	}
}

// parseHeld reads a packet message. It is false without an id, which no verdict could answer.
func parseHeld(b []byte) (a held, ok bool) {
	if len(b) < 4 {
		return a, false
	}
	attributes(b[4:], func(typ uint16, data []byte) {
		switch typ {
		case queueAttrHeader:
			if len(data) >= 7 {
				a.id, ok = binary.BigEndian.Uint32(data), true
			}
		case queueAttrInDev:
			a.indev = int(be32(data))
		case queueAttrOutDev:
			a.outdev = int(be32(data))
		case queueAttrPayload:
			a.packet = data
		}
	})
	return a, ok
}

// whole reports whether all of the packet is there.
func (a *held) whole() bool {
	return len(a.packet) >= 20 && int(be16(a.packet[2:])) == len(a.packet)
}

// appendRelease appends the verdict about a packet: it goes on, with other octets if packet is not nil, or is dropped.
func appendRelease(b []byte, num uint16, id uint32, pass bool, packet []byte) []byte {
	start := len(b)
	b = begin(b, queueVerdict, unix.NLM_F_REQUEST, unix.AF_UNSPEC, num)
	v := uint32(verdictDrop)
	if pass {
		v = verdictAccept
	}
	b = attribute(b, queueAttrVerdict, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, v), id))
	if pass && packet != nil {
		b = attribute(b, queueAttrPayload, packet)
	}
	return end(b, start)
}

// ones is the ones' complement sum of 16-bit words, with start.
func ones(start uint32, b []byte) uint16 {
	s := uint64(start)
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(be16(b))
	}
	if len(b) > 0 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
