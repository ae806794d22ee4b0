package runtime

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePacket(t *testing.T) {
	src, dst := ast.MustIP("10.0.0.5"), ast.MustIP("198.51.100.7")
	tests := []struct {
		name string
		want Packet
	}{
		{"tcp", Packet{Proto: 6, Src: src, Dst: dst, SrcPort: 3000, DstPort: 80, Flags: SYN, Seq: 1 << 31, Ack: 7, Window: 512, TTL: 3, ID: 9,
			TCPOptions: []byte{2, 4, 5, 0xb4}, Payload: []byte("odd")}},
		{"udp", Packet{Proto: 17, Src: src, Dst: dst, SrcPort: 53, DstPort: 1024, TTL: 64, Payload: []byte("x")}},
		{"echo", Packet{Proto: 1, Src: src, Dst: dst, ICMPType: 8, ICMPID: 340, Seq: 5, TTL: 64, Payload: []byte("ping")}},
		{"gre", Packet{Proto: 47, Src: src, Dst: dst, TTL: 64, Payload: []byte{0, 0, 8, 0}}},
		{"option", Packet{Proto: 6, Src: src, Dst: dst, SrcPort: 1, DstPort: 2, Option: RecordRoute, TTL: 64, Payload: []byte{}}},
		{"other option", Packet{Proto: 17, Src: src, Dst: dst, SrcPort: 1, DstPort: 2, Option: OtherOption, TTL: 64, Payload: []byte{}}},
		{"first fragment", Packet{Proto: 17, Src: src, Dst: dst, SrcPort: 1, DstPort: 2, TTL: 64, ID: 77, Fragment: true, More: true,
			UDPLength: 1000, Sum: 0xbeef, Payload: make([]byte, 16)}},
		{"last fragment", Packet{Proto: 17, Src: src, Dst: dst, TTL: 64, ID: 77, Fragment: true, FragOffset: 24, Payload: make([]byte, 3)}},
		{"about tcp", Packet{Proto: 1, Src: dst, Dst: src, ICMPType: 3, ICMPCode: 4, Seq: 1400, TTL: 64,
			About: &Packet{Proto: 6, Src: src, Dst: dst, SrcPort: 3000, DstPort: 80, Seq: 99, TTL: 60, Length: 1000}}},
		{"about udp", Packet{Proto: 1, Src: dst, Dst: src, ICMPType: 11, TTL: 64,
			About: &Packet{Proto: 17, Src: src, Dst: dst, SrcPort: 3000, DstPort: 53, TTL: 1, Length: 12}}},
		{"about icmp", Packet{Proto: 1, Src: dst, Dst: src, ICMPType: 3, ICMPCode: 1, TTL: 64,
			About: &Packet{Proto: 1, Src: src, Dst: dst, ICMPType: 8, ICMPID: 3, Seq: 4, TTL: 60, Length: 56}}},
		{"about esp", Packet{Proto: 1, Src: dst, Dst: src, ICMPType: 3, ICMPCode: 2, TTL: 64,
			About: &Packet{Proto: 50, Src: src, Dst: dst, TTL: 60, Length: 80, Payload: []byte("12345678")}}},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			b, err := x.want.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParsePacket(append(b, "padding of the link"...))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(x.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if body := b[int(b[0]&15)*4:]; !got.Fragment && got.HasPorts() && sum(pseudo(&got, len(body)), body) != 0 ||
				!got.Fragment && got.Proto == 1 && sum(0, body) != 0 {
				t.Errorf("the transport checksum of %x does not hold", b)
			}
			for i := range b {
				if _, err := ParsePacket(b[:i]); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrHeader) {
					t.Errorf("%d octets of %d: %v", i, len(b), err)
				}
			}
		})
	}
}

// A SYN as tcpdump -x shows it, so that both directions are not wrong alike.
func TestKnownPacket(t *testing.T) {
	b := octets(t, "4500 003c 1c46 4000 4006 b1e6 ac10 0a63 ac10 0a0c") // the example of RFC 1071 folklore
	b = append(b, octets(t, "0bb8 0050 0000 0001 0000 0000 a002 7210 0000 0000 0204 05b4 0402 080a 0000 0000 0000 0000 0103 0307")...)
	p, err := ParsePacket(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != "tcp 172.16.10.99:3000 > 172.16.10.12:80" || p.Window != 0x7210 || len(p.TCPOptions) != 20 || p.Fragment {
		t.Errorf("%s %+v", got, p)
	}
}

func TestHostilePackets(t *testing.T) {
	good, err := (&Packet{Proto: 6, Src: 1 << 24, Dst: 2 << 24, SrcPort: 1, DstPort: 2, Flags: SYN, Option: RecordRoute}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	udp, _ := (&Packet{Proto: 17, Src: 1 << 24, Dst: 2 << 24, SrcPort: 1, DstPort: 2, Length: 9}).Marshal()
	tests := []struct {
		name   string
		base   []byte
		at     int
		value  byte
		fix    bool // put the header checksum right
		wanted error
	}{
		{"version", good, 0, 0x67, true, ErrHeader},
		{"header shorter than 20", good, 0, 0x44, false, ErrHeader},
		{"header longer than the packet", udp, 3, 19, true, ErrHeader},
		{"total length beyond the octets", udp, 3, 200, true, ErrTruncated},
		{"checksum", good, 8, 99, false, ErrChecksum},
		{"option of length 0", good, 21, 0, true, ErrHeader},
		{"option over the end", good, 21, 9, true, ErrHeader},
		{"data offset below 20", good, 28 + 12, 0x40, true, ErrHeader},
		{"data offset over the end", good, 28 + 12, 0xf0, true, ErrHeader},
		{"udp length below 8", udp, 25, 7, true, ErrHeader},
		{"udp length over the end", udp, 25, 18, true, ErrHeader},
		{"odd fragment with more", udp, 6, 0x20, true, ErrHeader},
	}
	for _, x := range tests {
		b := bytes.Clone(x.base)
		b[x.at] = x.value
		if x.fix {
			fixSum(b)
		}
		if _, err := ParsePacket(b); !errors.Is(err, x.wanted) {
			t.Errorf("%s: %v, want %v", x.name, err, x.wanted)
		}
	}
	if _, err := (&Packet{Proto: 17, Length: 65535}).Marshal(); !errors.Is(err, ErrTooLong) {
		t.Errorf("65563 octets: %v", err)
	}
	p := Packet{Proto: 17, SrcPort: 1, DstPort: 1}
	if n := testing.AllocsPerRun(100, func() {
		var b [64]byte
		if _, err := p.Append(b[:0]); err != nil {
			t.Error(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func fixSum(b []byte) {
	if len(b) < 20 {
		return
	}
	if n := int(b[0]&15) * 4; n >= 20 && n <= len(b) {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], sum(0, b[:n]))
	}
}

// Whatever comes from a wire is a packet or an error, and a packet that was written once is written the same again.
func FuzzParsePacket(f *testing.F) {
	for _, p := range []Packet{
		{Proto: 6, Src: 1, Dst: 2, SrcPort: 3, DstPort: 4, Flags: SYN | ACK, TCPOptions: []byte{1, 1, 1, 0}, Payload: []byte("abc")},
		{Proto: 17, Src: 1, Dst: 2, SrcPort: 3, DstPort: 4, Option: SourceRoute, Length: 20},
		{Proto: 1, Src: 1, Dst: 2, ICMPType: 3, About: &Packet{Proto: 6, Src: 2, Dst: 1, SrcPort: 3, Option: Timestamp}},
		{Proto: 1, Src: 1, Dst: 2, ICMPType: 8, Fragment: true, More: true, Length: 8},
		{Proto: 50, Src: 1, Dst: 2, Fragment: true, FragOffset: 65528, Payload: []byte("0123456789")},
	} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fixSum(b)
		p, err := ParsePacket(b)
		if err != nil {
			return
		}
		once, err := p.Marshal()
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		q, err := ParsePacket(once)
		if err != nil {
			t.Fatalf("%x: %v", once, err)
		}
		twice, err := q.Marshal()
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%v\nonce  %x\ntwice %x\nof %+v\n   %+v", err, once, twice, p, q)
		}
	})
}
