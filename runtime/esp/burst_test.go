package esp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// exit writes down what is sent through it: whole packets, and bursts as what the kernel would make of them.
type exit struct {
	sent   [][]byte
	bursts int
	refuse func(datagrams [][]byte) bool
	at     netip.AddrPort
}

func (x *exit) Send(p [][]byte) (int, error) {
	for i, b := range p {
		if len(b) > 1500 {
			return i, errors.New("too long")
		}
		x.sent = append(x.sent, bytes.Clone(b))
	}
	return len(p), nil
}

func (x *exit) SendBurst(datagrams [][]byte, to netip.AddrPort, tos uint8) error {
	if x.refuse != nil && x.refuse(datagrams) {
		return errNoBursts
	}
	x.bursts++
	for i, d := range datagrams {
		if len(d) > len(datagrams[0]) || len(d) < len(datagrams[0]) && i < len(datagrams)-1 || len(d) == 0 {
			panic("no run")
		}
		x.sent = append(x.sent, inUDP(x.at, to, tos, flagDF, d))
	}
	return nil
}

// inUDP is a datagram as a packet; the ID is not looked at.
func inUDP(from, to netip.AddrPort, tos uint8, frag uint16, payload []byte) []byte {
	b := make([]byte, ipHeader+udpHeader, ipHeader+udpHeader+len(payload))
	binary.BigEndian.PutUint16(b[20:], from.Port())
	binary.BigEndian.PutUint16(b[22:], to.Port())
	binary.BigEndian.PutUint16(b[24:], uint16(udpHeader+len(payload)))
	b = append(b, payload...)
	putIP(b, len(b), tos, 17, 0, frag, from.Addr().As4(), to.Addr().As4())
	return b
}

var nattHere = netip.AddrPortFrom(own, 4500)

func TestBursts(t *testing.T) {
	a, z := netip.AddrPortFrom(other, 4500), netip.AddrPortFrom(other, 4501)
	of := func(to netip.AddrPort, sizes ...int) (out [][]byte) {
		for i, n := range sizes {
			out = append(out, inUDP(nattHere, to, 0, flagDF, bytes.Repeat([]byte{byte(i)}, n)))
		}
		return out
	}
	same := func(n, size int) []int { return slices.Repeat([]int{size}, n) }
	elsewhere := inUDP(netip.AddrPortFrom(own, 500), a, 0, flagDF, []byte("elsewhere"))
	for _, c := range []struct {
		name    string
		packets [][]byte
		bursts  int
	}{
		{"none", nil, 0},
		{"one", of(a, 100), 0},
		{"two do not pay", of(a, 100, 100), 0},
		{"three", of(a, 100, 100, 100), 1},
		{"a shorter one ends a run", of(a, 100, 100, 40, 100, 100, 100, 1), 2},
		{"a longer one begins one", of(a, 100, 200, 200, 200), 1},
		{"two peers in turn", slices.Concat(of(a, 9), of(z, 9), of(a, 9), of(z, 9)), 0},
		{"two peers", slices.Concat(of(a, same(5, 9)...), of(z, same(5, 9)...)), 2},
		{"as many as there may be", of(a, same(64, 900)...), 1},
		{"more than that", of(a, same(130, 900)...), 2},
		{"as long as they may be", of(a, same(50, 1400)...), 2},
		{"not from that port", [][]byte{elsewhere, elsewhere, elsewhere}, 0},
		{"type of service", [][]byte{inUDP(nattHere, a, 8, flagDF, []byte("x")), inUDP(nattHere, a, 8, flagDF, []byte("x")), inUDP(nattHere, a, 8, flagDF, []byte("x")),
			inUDP(nattHere, a, 9, flagDF, []byte("x"))}, 1},
		{"may be fragmented", [][]byte{inUDP(nattHere, a, 0, 0, []byte("x")), inUDP(nattHere, a, 0, 0, []byte("x")), inUDP(nattHere, a, 0, 0, []byte("x"))}, 0},
	} {
		x := &exit{at: nattHere}
		b := &Bursts{Sender: x}
		b.Through(nattHere, x)
		if n, err := b.Send(c.packets); n != len(c.packets) || err != nil {
			t.Errorf("%s: %d, %v", c.name, n, err)
		}
		if !slices.EqualFunc(x.sent, c.packets, bytes.Equal) || x.bursts != c.bursts {
			t.Errorf("%s: %d packets in %d bursts, want %d in %d", c.name, len(x.sent), x.bursts, len(c.packets), c.bursts)
		}
	}
}

// TestBurstsChangeNothing sends packets of any kind, some of which the sender refuses and some of which the socket does: what
// arrives is what arrives without bursts, in the same order.
func TestBurstsChangeNothing(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var packets [][]byte
		for range r.IntN(150) {
			size := []int{1, 40, 1400, 1472, 1600}[min(r.IntN(40), 4)]
			from := netip.AddrPortFrom(own, []uint16{4500, 4501}[max(0, r.IntN(20)-18)])
			p := inUDP(from, netip.AddrPortFrom(other, 4500+uint16(r.IntN(20)/19)), uint8(r.IntN(20)/19), flagDF, make([]byte, size))
			copy(p[ipHeader+udpHeader:], fmt.Sprint(len(packets)))
			packets = append(packets, p)
		}
		send := func(s Sender) (missed []int) {
			for at := 0; at < len(packets); {
				n, err := s.Send(packets[at:])
				if at += n; err == nil {
					return missed
				}
				missed = append(missed, at)
				at++
			}
			return missed
		}
		plain, x := &exit{}, &exit{at: nattHere, refuse: func(d [][]byte) bool { return len(d[0]) > 1472 || r.IntN(4) == 0 }}
		b := &Bursts{Sender: x}
		b.Through(nattHere, x)
		if want, got := send(plain), send(b); !slices.Equal(got, want) || !slices.EqualFunc(x.sent, plain.sent, bytes.Equal) {
			t.Fatalf("seed %d: missed %v, want %v; %d packets, want %d", seed, got, want, len(x.sent), len(plain.sent))
		}
	}
}
