package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler/nft"
)

// The messages and attributes of ctnetlink.
const (
	ctNew    = unix.NFNL_SUBSYS_CTNETLINK << 8
	ctGet    = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1
	ctDelete = unix.NFNL_SUBSYS_CTNETLINK<<8 | 2

	ctGroupNew     = 1 << 0
	ctGroupDestroy = 1 << 2

	ctTupleOrig  = 1
	ctTupleReply = 2
	ctProtoInfo  = 4
	ctHelp       = 5
	ctTimeout    = 7
	ctMark       = 8
	ctCountOrig  = 9
	ctCountReply = 10
	ctID         = 12
	ctMaster     = 14
	ctTimestamp  = 20
	ctMarkMask   = 21

	eventBuffer = 32 << 20
)

// A tuple is one direction of a flow as packets of it are on the wire. Of ICMP the ports are the id, twice.
type tuple struct {
	proto        uint8
	src, dst     ast.IP
	sport, dport uint16
}

// A flow is an entry of conntrack.
type flow struct {
	orig, reply    tuple
	master         tuple // of the connection whose helper has expected it; zero: none
	id, mark       uint32
	state          uint8 // of TCP
	hasState       bool
	sides          [2]uint8 // of TCP: what is known of the initiator, of the responder
	timeout        time.Duration
	packets, bytes [2]uint64 // of the initiator, of the responder
	adjusted       [2]adjustment
	start, stop    uint64 // nanoseconds since 1970; 0: not known
}

func (f *flow) ours() bool { return f.mark&nft.MarkMask == nft.MarkOwn }

// class is the mark without the bits that change.
func (f *flow) class() uint32 { return f.mark &^ nft.MarkState }

// payload is about how many octets the flow has carried, without headers. TCP options are not known, and counted.
func (f *flow) payload() uint64 { return f.carried(0) + f.carried(1) }

// carried is the payload of one direction: 0 is that of the initiator.
func (f *flow) carried(way int) uint64 {
	header := uint64(28)
	if f.orig.proto == ast.ProtoTCP {
		header = 40
	}
	return f.bytes[way] - min(f.packets[way]*header, f.bytes[way])
}

func be32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func be16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// parseFlow reads a conntrack message. It is false without the tuples of an IPv4 flow.
func parseFlow(b []byte) (f flow, ok bool) {
	if len(b) < 4 || b[0] != unix.AF_INET {
		return f, false
	}
	found := 0
	attributes(b[4:], func(typ uint16, data []byte) {
		switch typ {
		case ctTupleOrig:
			if parseTuple(data, &f.orig) {
				found |= 1
			}
		case ctTupleReply:
			if parseTuple(data, &f.reply) {
				found |= 2
			}
		case ctProtoInfo:
			attributes(data, func(typ uint16, data []byte) {
				if typ != 1 { // TCP
					return
				}
				attributes(data, func(typ uint16, data []byte) {
					switch {
					case len(data) == 0:
					case typ == 1:
						f.state, f.hasState = data[0], true
					case typ == 4 || typ == 5: // flags, and a mask
						f.sides[typ-4] = data[0]
					}
				})
			})
		case ctTimeout:
			f.timeout = time.Duration(be32(data)) * time.Second
		case ctMark:
			f.mark = be32(data)
		case ctCountOrig, ctCountReply:
			way := typ - ctCountOrig
			attributes(data, func(typ uint16, data []byte) {
				switch typ {
				case 1:
					f.packets[way] = be64(data)
				case 2:
					f.bytes[way] = be64(data)
				}
			})
		case ctMaster:
			if !parseTuple(data, &f.master) {
				f.master = tuple{}
			}
		case ctID:
			f.id = be32(data)
		case ctSeqAdjOrig, ctSeqAdjOrig + 1:
			a := &f.adjusted[typ-ctSeqAdjOrig]
			attributes(data, func(typ uint16, data []byte) {
				switch typ {
				case seqAdjAt:
					a.at = be32(data)
				case seqAdjBefore:
					a.before = int32(be32(data))
				case seqAdjAfter:
					a.after = int32(be32(data))
				}
			})
		case ctTimestamp:
			attributes(data, func(typ uint16, data []byte) {
				switch typ {
				case 1:
					f.start = be64(data)
				case 2:
					f.stop = be64(data)
				}
			})
		}
	})
	return f, found == 3
}

func parseTuple(b []byte, t *tuple) bool {
	found := 0
	attributes(b, func(typ uint16, data []byte) {
		switch typ {
		case 1:
			attributes(data, func(typ uint16, data []byte) {
				if len(data) != 4 {
					return
				}
				switch typ {
				case 1:
					t.src = ast.IP(be32(data))
					found |= 1
				case 2:
					t.dst = ast.IP(be32(data))
					found |= 2
				}
			})
		case 2:
			attributes(data, func(typ uint16, data []byte) {
				switch typ {
				case 1:
					if len(data) > 0 {
						t.proto = data[0]
						found |= 4
					}
				case 2:
					t.sport = be16(data)
				case 3:
					t.dport = be16(data)
				case 4:
					t.sport, t.dport = be16(data), be16(data)
				}
			})
		}
	})
	return found == 7
}

// openEvents opens a listener for connections that begin and end.
func (s *space) openEvents() (*socket, error) {
	c, err := s.openSocket(ctGroupNew|ctGroupDestroy, eventBuffer)
	if err != nil {
		return nil, fmt.Errorf("connection events: %w", err)
	}
	return c, nil
}

// readEvents hands the events of each datagram to fn until the socket is closed; lost is called when events were dropped
// because they came faster than they were read.
func readEvents(c *socket, fn func(f *flow, ended bool), lost func()) {
	buf := make([]byte, 64<<10)
	for failures := 0; failures < 100; {
		n, err := c.receive(buf, true)
		switch {
		case errors.Is(err, os.ErrClosed), errors.Is(err, unix.EBADF):
			return
		case err != nil:
			lost()
			failures++
			continue
		}
		failures = 0
		messages(buf[:n], func(typ uint16, data []byte) {
			if typ != ctNew && typ != ctDelete {
				return
			}
			if f, ok := parseFlow(data); ok && f.ours() {
				fn(&f, typ == ctDelete)
			}
		})
	}
}

// flows hands every entry of conntrack that is the firewall's to fn. Entries whose time is over are removed by the kernel
// on this occasion: without it, it would report their end much later.
func (s *space) flows(fn func(f *flow)) error {
	c, err := s.openSocket(0, 8<<20)
	if err != nil {
		return err
	}
	defer c.close()
	b := begin(nil, ctGet, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, unix.AF_INET, 0)
	b = attribute(b, ctMark, binary.BigEndian.AppendUint32(nil, nft.MarkOwn))
	b = attribute(b, ctMarkMask, binary.BigEndian.AppendUint32(nil, nft.MarkMask))
	if err := c.send(end(b, 0)); err != nil {
		return err
	}
	if err := c.f.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for done := false; !done; {
		n, err := c.part(buf)
		if err != nil {
			return fmt.Errorf("read connections: %w", err)
		}
		var failed error
		messages(buf[:n], func(typ uint16, data []byte) {
			switch typ {
			case unix.NLMSG_DONE:
				done = true
			case unix.NLMSG_ERROR:
				done = true
				if len(data) >= 4 {
					if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
						failed = fmt.Errorf("read connections: %w", unix.Errno(-code))
					}
				}
			case ctNew:
				if f, ok := parseFlow(data); ok && f.ours() {
					fn(&f)
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// remove deletes entries of conntrack. Those that are gone already are no error.
func (s *space) remove(list []flow) error {
	c, err := s.openSocket(0, 1<<20)
	if err != nil {
		return err
	}
	defer c.close()
	for i := range list {
		b := begin(nil, ctDelete, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_INET, 0)
		b = attribute(b, ctTupleOrig|unix.NLA_F_NESTED, list[i].orig.attributes())
		b = attribute(b, ctID, binary.BigEndian.AppendUint32(nil, list[i].id))
		if err := c.request(end(b, 0)); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("end connection: %w", err)
		}
	}
	return nil
}
