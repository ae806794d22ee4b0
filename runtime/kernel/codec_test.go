package kernel

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

func udpPacket() []byte {
	p := runtime.Packet{Proto: 17, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("198.51.100.7"), SrcPort: 3000, DstPort: 53, Length: 5}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

func queueMessage() []byte {
	b := begin(nil, queuePacket, 0, unix.AF_INET, nft.Queue)
	b = attribute(b, queueAttrHeader, []byte{0, 0, 0, 9, 8, 0, 2})
	b = attribute(b, queueAttrMark, []byte{0x51, 0, 0, 3})
	b = attribute(b, queueAttrPayload, udpPacket())
	return end(b, 0)
}

func TestParseQueued(t *testing.T) {
	b := queueMessage()
	n := 0
	messages(append(b[:len(b):len(b)], b...), func(typ uint16, data []byte) {
		n++
		q, ok := parseQueued(data)
		if !ok || !q.ok || typ != queuePacket || q.id != 9 || q.mark != 0x51000003 || q.packet.SrcPort != 3000 || q.packet.Dst != ast.MustIP("198.51.100.7") {
			t.Errorf("%v, %+v", ok, q)
		}
	})
	if n != 2 {
		t.Errorf("%d messages of 2", n)
	}
	// Without its payload the packet still gets a verdict; without an id it cannot.
	head := end(attribute(begin(nil, queuePacket, 0, 2, 106), queueAttrHeader, []byte{0, 0, 0, 7, 8, 0, 2}), 0)
	if q, ok := parseQueued(head[unix.NLMSG_HDRLEN:]); !ok || q.ok || q.id != 7 {
		t.Errorf("without payload: %v, %+v", ok, q)
	}
	if _, ok := parseQueued([]byte{2, 0, 0, 106}); ok {
		t.Error("a packet without id is taken")
	}
}

func flowMessage() []byte {
	side := func(src, dst string, sport, dport uint16) []byte {
		be := func(ip string) []byte { return binary.BigEndian.AppendUint32(nil, uint32(ast.MustIP(ip))) }
		ip := attribute(attribute(nil, 1, be(src)), 2, be(dst))
		pr := attribute(attribute(attribute(nil, 1, []byte{6}), 2, binary.BigEndian.AppendUint16(nil, sport)), 3, binary.BigEndian.AppendUint16(nil, dport))
		return attribute(attribute(nil, 1|unix.NLA_F_NESTED, ip), 2|unix.NLA_F_NESTED, pr)
	}
	be64 := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	count := func(p, n uint64) []byte { return attribute(attribute(nil, 1, be64(p)), 2, be64(n)) }
	b := begin(nil, ctDelete, 0, unix.AF_INET, 0)
	b = attribute(b, ctTupleOrig|unix.NLA_F_NESTED, side("10.0.0.5", "198.51.100.7", 3000, 80))
	b = attribute(b, ctTupleReply|unix.NLA_F_NESTED, side("198.51.100.7", "203.0.113.10", 80, 3000))
	b = attribute(b, ctMark, []byte{0x50, 0x40, 0, 0x11})
	b = attribute(b, ctID, []byte{0, 0, 1, 2})
	b = attribute(b, ctCountOrig|unix.NLA_F_NESTED, count(3, 200))
	b = attribute(b, ctCountReply|unix.NLA_F_NESTED, count(2, 100))
	b = attribute(b, ctTimestamp|unix.NLA_F_NESTED, attribute(attribute(nil, 1, be64(1e9)), 2, be64(4e9)))
	b = attribute(b, ctProtoInfo|unix.NLA_F_NESTED, attribute(nil, 1|unix.NLA_F_NESTED,
		attribute(attribute(attribute(nil, 1, []byte{8}), 4, []byte{0x23, 0xff}), 5, []byte{0x27, 0xff})))
	return end(b, 0)
}

func TestParseFlow(t *testing.T) {
	ip := ast.MustIP
	f, ok := parseFlow(flowMessage()[unix.NLMSG_HDRLEN:])
	want := flow{orig: tuple{6, ip("10.0.0.5"), ip("198.51.100.7"), 3000, 80}, reply: tuple{6, ip("198.51.100.7"), ip("203.0.113.10"), 80, 3000},
		id: 0x102, mark: 0x50400011, state: tcpClose, hasState: true, sides: [2]uint8{0x23, 0x27}, packets: [2]uint64{3, 2}, bytes: [2]uint64{200, 100}, start: 1e9, stop: 4e9}
	if !ok || f != want {
		t.Errorf("%v\n%+v want\n%+v", ok, f, want)
	}
	if !f.ours() || f.class() != 0x50000011 || f.payload() != 100 || f.carried(0) != 80 || f.carried(1) != 20 {
		t.Errorf("ours %v, class %x, payload %d", f.ours(), f.class(), f.payload())
	}
}

// Whatever a socket delivers is read within its bounds, and without allocation growing with it.
func FuzzNetlink(f *testing.F) {
	f.Add(queueMessage())
	f.Add(flowMessage())
	f.Add([]byte{3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		messages(b, func(typ uint16, data []byte) {
			n++
			if q, ok := parseQueued(data); !ok && q.id != 0 {
				t.Error("an id without a packet")
			}
			if fl, ok := parseFlow(data); ok && data[0] != unix.AF_INET {
				t.Errorf("not IPv4: %+v", fl)
			}
		})
		if n > len(b)/unix.NLMSG_HDRLEN {
			t.Errorf("%d messages in %d octets", n, len(b))
		}
	})
}
