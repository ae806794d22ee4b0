package esp

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// A peer behind a NAT in transport mode: the identities name its address before the NAT, its packets have the one that the NAT gives.
func TestTransportBehindNAT(t *testing.T) {
	b := newBox(t, rules{{"0.0.0.0/0", Dynamic}})
	p, q := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Transport, true)
	p.RemoteID = runtime.ProxyID{Addr: netip.MustParseAddr("192.168.77.5"), Mask: ones, Proto: 17}
	p.LocalID.Proto = 17
	b.install(p)
	from := func(src netip.Addr, proto uint8, seq uint32) {
		t.Helper()
		inside := packet("192.168.77.5", own.String(), proto, 60)
		e := naiveSeal(t, &q.Out, seq, proto, make([]byte, 8), inside[20:])
		b.in.list = append(b.in.list, arrival{buf: roomy(e), at: headroom, size: len(e), udp: true, src: src.As4(), dst: own.As4()})
		b.in.flush()
	}
	from(other, 17, 1)
	in := b.dev.take(t, 1)[0]
	if f, _, ok := parseFlow(in); !ok || f.Src != fromAddr(other) || f.Dst != fromAddr(own) || f.Proto != 17 || checksum(0, in[:20]) != 0 {
		t.Fatalf("%+v %v", f, b.ev.refused)
	}
	want := packet(other.String(), own.String(), 17, 60)
	if string(in[20:]) != string(want[20:]) {
		t.Errorf("the datagram is %x, want %x", in[20:], want[20:])
	}
	b.leave(packet(own.String(), other.String(), 17, 60))
	b.wire.take(t, 1)
	b.leave(packet(own.String(), "192.168.77.5", 17, 60)) // who has that address here is somebody else
	b.plain.take(t, 1)

	// The NAT gives it another one.
	moved := netip.MustParseAddr("198.51.100.99")
	p.Peer = moved
	if err := b.Update(p); err != nil {
		t.Fatal(err)
	}
	from(moved, 17, 2)
	b.dev.take(t, 1)
	b.leave(packet(own.String(), moved.String(), 17, 60))
	b.wire.take(t, 1)
	b.leave(packet(own.String(), other.String(), 17, 60))
	b.plain.take(t, 1)

	// Other protocols than those of the identities are none of the pair's.
	from(moved, 6, 3)
	b.dev.take(t, 0)
	if n := len(b.ev.refused); n != 1 || b.ev.refused[0].Why != NotOurs {
		t.Errorf("%+v", b.ev.refused)
	}
}

// Without a NAT a packet of transport mode keeps what its header says of service, life and number.
func TestTransportHeader(t *testing.T) {
	for _, ah := range []string{"", "ah-sha-hmac"} {
		b := newBox(t, rules{{"0.0.0.0/0", Dynamic}})
		p, q := tunnel(1, "esp-des", "esp-md5-hmac", ah, runtime.Transport, false)
		b.install(p)
		peer := mustPair(t, q)
		sent := packet(other.String(), own.String(), 17, 60)
		sent[1] = 0xb8
		binary.BigEndian.PutUint16(sent[6:], flagDF)
		sent[8] = 200
		finishIP(sent, len(sent))
		buf := roomy(sent)
		s, _ := peer.number()
		at, end, err := peer.seal(buf, headroom, len(sent), s, 4711)
		if err != nil {
			t.Fatal(err)
		}
		wire := buf[at:end]
		wire[8] = 190 // hops
		finishIP(wire, len(wire))
		tos, id, frag := wire[1], binary.BigEndian.Uint16(wire[4:]), binary.BigEndian.Uint16(wire[6:])
		b.arrive(wire)
		in := b.dev.take(t, 1)[0]
		if in[1] != tos || tos != 0xb8 || in[8] != 190 || binary.BigEndian.Uint16(in[4:]) != id || binary.BigEndian.Uint16(in[6:]) != frag || checksum(0, in[:20]) != 0 {
			t.Errorf("ah %q: %x of %x", ah, in[:20], wire[:20])
		}
	}
}

// A fragment does not leave in transport mode, however short: the peer would put it together with others before it opens it.
func TestTransportFragment(t *testing.T) {
	b := newBox(t, rules{{"0.0.0.0/0", Static}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Transport, false)
	b.install(p)
	for i, frag := range []uint16{flagMore, flagMore | 10, 20} {
		part := packet(own.String(), other.String(), 17, 100)
		binary.BigEndian.PutUint16(part[6:], frag)
		finishIP(part, len(part))
		b.leave(part)
		b.wire.take(t, 0)
		if c := b.Counters(1); c.SendErrors != uint64(i+1) || c.Encaps != 0 {
			t.Errorf("%x: %+v", frag, c)
		}
	}
}

// What does not go out is told: a packet that is too long and must not be fragmented, and one for which there is no number; the second
// once.
func TestNotOut(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Static}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	b.install(p)
	long := packet("10.1.0.1", "10.2.0.2", 17, 1500)
	binary.BigEndian.PutUint16(long[6:], flagDF)
	finishIP(long, len(long))
	b.leave(long)
	b.wire.take(t, 0)
	most := b.Engine.pair(1).largest(1500)
	if r := b.ev.refused; len(r) != 1 || r[0].Why != TooLong || r[0].Size != 1500 || r[0].Most != most || r[0].Inner.Src != fromAddr(netip.MustParseAddr("10.1.0.1")) || r[0].Pair != 1 {
		t.Errorf("%+v", r)
	}
	b.ev.refused = nil
	b.Engine.pair(1).out.send.last.Store(math.MaxUint32 - 1)
	for range 3 {
		b.leave(packet("10.1.0.1", "10.2.0.2", 17, 60))
	}
	b.wire.take(t, 1)
	if r := b.ev.refused; len(r) != 1 || r[0].Why != NoNumbers || r[0].SPI != p.Out.SPI || r[0].Dst != other || r[0].AH {
		t.Errorf("%+v", r)
	}
	if len(b.ev.expiring) != 1 || !b.ev.expiring[0] {
		t.Errorf("%v", b.ev.expiring)
	}
}

// A packet that comes without the UDP that was agreed on, or in it where none was, has no association.
func TestOtherWay(t *testing.T) {
	for _, encap := range []bool{false, true} {
		b := newBox(t, rules{{"10.2.0.0/16", Static}})
		p, q := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, encap)
		b.install(p)
		e := naiveSeal(t, &q.Out, 1, 4, make([]byte, 8), packet("10.2.0.2", "10.1.0.1", 17, 60))
		if encap {
			ip := append(make([]byte, 20), e...)
			putIP(ip, len(ip), 0, protoESP, 1, 0, other.As4(), own.As4())
			b.arrive(ip)
		} else {
			b.in.list = append(b.in.list, arrival{buf: roomy(e), at: headroom, size: len(e), udp: true, src: other.As4(), dst: own.As4()})
			b.in.flush()
		}
		b.dev.take(t, 0)
		if r := b.ev.refused; len(r) != 1 || r[0].Why != UnknownSPI {
			t.Errorf("encap %v: %+v", encap, r)
		}
	}
}

func fromAddr(a netip.Addr) ast.IP {
	b := a.As4()
	return ast.IP(binary.BigEndian.Uint32(b[:]))
}
