package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// The messages and attributes of nfnetlink_queue.
const (
	queuePacket  = unix.NFNL_SUBSYS_QUEUE << 8
	queueVerdict = unix.NFNL_SUBSYS_QUEUE<<8 | 1
	queueConfig  = unix.NFNL_SUBSYS_QUEUE<<8 | 2

	queueCfgCommand = 1 // {bind=1, 0, family}
	queueCfgParams  = 2 // {range, copy packet=2}
	queueCfgMaxLen  = 3
	queueCfgMask    = 4
	queueCfgFlags   = 5
	queueFlagGSO    = 1 << 2 // do not cut large packets up: only headers are looked at

	queueAttrHeader  = 1
	queueAttrVerdict = 2
	queueAttrMark    = 3
	queueAttrInDev   = 5
	queueAttrOutDev  = 6
	queueAttrPayload = 10

	verdictDrop   = 0
	verdictAccept = 1
	verdictRepeat = 4

	queueLen    = 65536 // packets that wait in the kernel
	queueBuffer = 64 << 20
	queueBatch  = 64 // packets of one transaction
)

// queued is a packet that waits for its translation.
type queued struct {
	id     uint32
	mark   uint32
	indev  int
	outdev int // 0: it has not been routed yet, or goes to the firewall
	packet runtime.Packet
	octets int  // after the IP header
	ok     bool // the packet can be read
}

// An answer is what becomes of a queued packet: it goes through the chain again, or on from where it was, with a mark, or is dropped.
type answer struct {
	id, mark       uint32
	repeat, accept bool
}

// A queueKind is what a queue needs.
type queueKind struct {
	num     uint16
	octets  uint32 // of each packet that are handed over
	packets uint32 // that wait in the kernel; what is more is dropped
	buffer  int    // octets of packets that have been handed over and wait to be read
	flags   uint32
}

var firstPackets = queueKind{nft.Queue, logCopy, queueLen, queueBuffer, queueFlagGSO}

// openQueue binds the queue in the namespace.
func (s *space) openQueue(k queueKind) (*socket, error) {
	num := k.num
	c, err := s.openSocket(0, k.buffer)
	if err != nil {
		return nil, err
	}
	config := func(attrs ...[]byte) []byte {
		b := begin(nil, queueConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_UNSPEC, num)
		for i, a := range attrs {
			if a != nil {
				b = attribute(b, uint16(i+1), a)
			}
		}
		return end(b, 0)
	}
	be32 := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	err = c.request(config([]byte{1, 0, 0, unix.AF_INET}))
	if err == nil {
		err = c.request(config(nil, append(be32(k.octets), 2), be32(k.packets), be32(queueFlagGSO), be32(k.flags)))
	}
	if err == nil {
		// A packet that does not fit is dropped, not reported: its sender sends it again.
		err = c.option(unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packet queue %d: %w", num, err), c.close())
	}
	return c, nil
}

// readQueue hands packets to fn, up to queueBatch that are there at once, and sends the answers, until the socket is closed.
func readQueue(c *socket, num uint16, fn func([]queued) []answer) {
	buf := make([]byte, 64<<10)
	batch := make([]queued, 0, 2*queueBatch)
	var out []byte
	for failures := 0; failures < 100; {
		batch = batch[:0]
		for wait := true; len(batch) < queueBatch; wait = false {
			n, err := c.receive(buf, wait)
			if errors.Is(err, unix.EAGAIN) {
				break
			}
			if errors.Is(err, os.ErrClosed) || errors.Is(err, unix.EBADF) {
				return
			}
			if err != nil {
				failures++
				break
			}
			failures = 0
			messages(buf[:n], func(typ uint16, data []byte) {
				if typ == queuePacket {
					if q, ok := parseQueued(data); ok && len(batch) < cap(batch) {
						batch = append(batch, q)
					}
				}
			})
		}
		if len(batch) == 0 {
			continue
		}
		out = out[:0]
		for _, a := range fn(batch) {
			out = appendAnswer(out, num, a)
		}
		if err := c.send(out); err != nil && errors.Is(err, os.ErrClosed) {
			return
		}
	}
}

// parseQueued reads a packet message. It is false without an id, which no verdict could answer.
func parseQueued(b []byte) (q queued, ok bool) {
	if len(b) < 4 {
		return q, false
	}
	attributes(b[4:], func(typ uint16, data []byte) {
		switch typ {
		case queueAttrHeader:
			if len(data) >= 7 {
				q.id, ok = binary.BigEndian.Uint32(data), true
			}
		case queueAttrMark:
			if len(data) == 4 {
				q.mark = binary.BigEndian.Uint32(data)
			}
		case queueAttrInDev:
			q.indev = int(be32(data))
		case queueAttrOutDev:
			q.outdev = int(be32(data))
		case queueAttrPayload:
			if q.packet, q.ok = parseIPv4(data); q.ok {
				q.octets = max(int(be16(data[2:]))-int(data[0]&15)*4, 0)
			}
		}
	})
	return q, ok
}

func appendAnswer(b []byte, num uint16, a answer) []byte {
	start := len(b)
	b = begin(b, queueVerdict, unix.NLM_F_REQUEST, unix.AF_UNSPEC, num)
	v := binary.BigEndian.AppendUint32(nil, verdictDrop)
	if a.repeat || a.accept {
		v = binary.BigEndian.AppendUint32(nil, verdictRepeat)
		if a.accept {
			v = binary.BigEndian.AppendUint32(nil, verdictAccept)
		}
		b = attribute(b, queueAttrMark, binary.BigEndian.AppendUint32(nil, a.mark))
	}
	b = attribute(b, queueAttrVerdict, binary.BigEndian.AppendUint32(v, a.id))
	return end(b, start)
}
