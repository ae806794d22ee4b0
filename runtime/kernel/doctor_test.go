package kernel

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler/nft"
)

// answerPacket is an IPv4 packet with a DNS answer of two addresses.
func answerPacket(options int, one, two ast.IP) []byte {
	msg := []byte{0, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}
	for _, ip := range []ast.IP{one, two} {
		msg = append(msg, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		msg = binary.BigEndian.AppendUint32(msg, uint32(ip))
	}
	msg = append(msg, 9) // an odd number of octets
	b := make([]byte, 20+options, 28+options+len(msg))
	b[0], b[8], b[9] = 0x40|byte(5+options/4), 64, ast.ProtoUDP
	binary.BigEndian.PutUint16(b[2:], uint16(28+options+len(msg)))
	binary.BigEndian.PutUint32(b[12:], uint32(ast.MustIP("198.51.100.7")))
	binary.BigEndian.PutUint32(b[16:], uint32(ast.MustIP("10.0.0.5")))
	b = binary.BigEndian.AppendUint16(b, 53)
	b = binary.BigEndian.AppendUint16(b, 5000)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(msg)))
	b = append(append(b, 0, 0), msg...)
	setSum(b)
	return b
}

// udpSum is the sum over a packet's pseudo header and datagram: 0xffff when the checksum is right.
func udpSum(b []byte) uint16 {
	udp := b[int(b[0]&15)*4:]
	udp = udp[:be16(udp[4:])]
	return ones(uint32(ast.ProtoUDP)+uint32(len(udp)), append(append([]byte(nil), b[12:20]...), udp...))
}

func setSum(b []byte) {
	at := int(b[0]&15)*4 + 6
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], ^udpSum(b))
}

func TestRewritten(t *testing.T) {
	global, real, other := ast.MustIP("203.0.113.85"), ast.MustIP("10.0.0.85"), ast.MustIP("203.0.113.9")
	become := func(ip ast.IP) (ast.IP, bool) { return real, ip == global }
	for _, options := range []int{0, 8} {
		in := answerPacket(options, other, global)
		keep := bytes.Clone(in)
		if got, want := rewritten(in, become), answerPacket(options, other, real); !bytes.Equal(got, want) || udpSum(got) != 0xffff {
			t.Errorf("got  %x\nwant %x", got, want)
		}
		if !bytes.Equal(in, keep) {
			t.Error("the packet that came was changed")
		}
		in[26+options], in[27+options] = 0, 0
		if got := rewritten(in, become); got == nil || be16(got[26+options:]) != 0 {
			t.Errorf("a checksum where there was none: %x", got)
		}
		for i := range in {
			if got := rewritten(in[:i], become); got != nil {
				t.Errorf("%d octets of %d are rewritten: %x", i, len(in), got)
			}
		}
	}
	if got := rewritten(answerPacket(0, other, other), become); got != nil {
		t.Errorf("nothing to rewrite, and it gives %x", got)
	}
}

func TestRelease(t *testing.T) {
	packet := answerPacket(0, 1, 2)
	b := begin(nil, queuePacket, 0, unix.AF_INET, nft.DNSQueue)
	b = attribute(b, queueAttrHeader, []byte{0, 0, 0, 9, 8, 0, 2})
	b = attribute(b, queueAttrInDev, []byte{0, 0, 0, 3})
	b = attribute(b, queueAttrOutDev, []byte{0, 0, 0, 4})
	b = end(attribute(b, queueAttrPayload, packet), 0)
	a, ok := parseHeld(b[unix.NLMSG_HDRLEN:])
	if !ok || a.id != 9 || a.indev != 3 || a.outdev != 4 || !a.whole() || !bytes.Equal(a.packet, packet) {
		t.Errorf("%v %+v", ok, a)
	}
	if a.packet = packet[:len(packet)-1]; a.whole() {
		t.Error("a packet without its end is whole")
	}
	for _, c := range []struct {
		pass    bool
		packet  []byte
		verdict uint32
	}{{true, packet, verdictAccept}, {true, nil, verdictAccept}, {false, packet, verdictDrop}} {
		var verdict, payload []byte
		messages(appendRelease(nil, nft.DNSQueue, 9, c.pass, c.packet), func(typ uint16, data []byte) {
			if typ != queueVerdict || be16(data[2:]) != nft.DNSQueue {
				t.Errorf("message %#x to queue %d", typ, be16(data[2:]))
			}
			attributes(data[4:], func(typ uint16, data []byte) {
				switch typ {
				case queueAttrVerdict:
					verdict = data
				case queueAttrPayload:
					payload = data
				}
			})
		})
		if len(verdict) != 8 || be32(verdict) != c.verdict || be32(verdict[4:]) != 9 || c.pass && !bytes.Equal(payload, c.packet) || !c.pass && payload != nil {
			t.Errorf("pass %v: verdict %x, payload %x", c.pass, verdict, payload)
		}
	}
}

// Whatever is a packet keeps its length and its header, and has a right checksum or none.
func FuzzRewritten(f *testing.F) {
	f.Add(answerPacket(0, 1, 2))
	f.Add(answerPacket(8, 1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		keep := bytes.Clone(b)
		got := rewritten(b, func(ip ast.IP) (ast.IP, bool) { return ip + 1, ip%2 == 1 })
		if !bytes.Equal(b, keep) {
			t.Error("the packet that came was changed")
		}
		if got == nil {
			return
		}
		at := int(b[0]&15) * 4
		if len(got) != len(b) || !bytes.Equal(got[:at+6], b[:at+6]) || !bytes.Equal(got[at+be16n(b[at+4:]):], b[at+be16n(b[at+4:]):]) {
			t.Errorf("got  %x\nfrom %x", got, b)
		}
		if none := be16(b[at+6:]) == 0; none != (be16(got[at+6:]) == 0) || !none && udpSum(got) != 0xffff {
			t.Errorf("checksum %#x, sum %#x", be16(got[at+6:]), udpSum(got))
		}
	})
}

func be16n(b []byte) int { return int(be16(b)) }
