package esp

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
)

// Burster is a UDP socket that sends several datagrams at once.
type Burster interface {
	// SendBurst sends datagrams of one length, of which the last may be shorter, to one place, all or none. They are never
	// fragmented on the way. None that is too long for the link is sent.
	SendBurst(datagrams [][]byte, to netip.AddrPort, tos uint8) error
}

// A Bursts is a Sender that sends runs of ESP in UDP through the socket of their port, where there is one: a run goes through the
// host as one packet and is parted last of all, as what a TCP connection sends is. All else, and what the socket does not take,
// goes one by one.
type Bursts struct {
	Sender
	through atomic.Pointer[through]
	payload [burst][]byte
}

type through struct {
	at     netip.AddrPort
	socket Burster
}

// A run is at most burst datagrams (UDP_MAX_SEGMENTS of older kernels) and longestRun octets; a shorter one than leastRun does not pay.
const (
	burst      = 64
	longestRun = 65000
	leastRun   = 3
)

// Through says which socket sends what comes from an address and port; nil: none.
func (b *Bursts) Through(at netip.AddrPort, socket Burster) {
	if socket == nil {
		b.through.Store(nil)
		return
	}
	b.through.Store(&through{at, socket})
}

// Send is that of a Sender. One goroutine at a time may call it.
func (b *Bursts) Send(packets [][]byte) (int, error) {
	t := b.through.Load()
	if t == nil {
		return b.Sender.Send(packets)
	}
	single := 0 // packets[single:at] go one by one
	for at := 0; at < len(packets); {
		n := run(t.at, packets[at:])
		if n < leastRun {
			at += n
			continue
		}
		if single < at {
			if sent, err := b.Sender.Send(packets[single:at]); err != nil {
				return single + sent, err
			}
		}
		single = at
		p := packets[at]
		for i := range n {
			b.payload[i] = packets[at+i][ipHeader+udpHeader:]
		}
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[16:])), binary.BigEndian.Uint16(p[22:]))
		if t.socket.SendBurst(b.payload[:n], to, p[1]) == nil {
			single = at + n
		} // else the sender of single packets says what is wrong with them
		clear(b.payload[:n])
		at += n
	}
	if single == len(packets) {
		return single, nil
	}
	sent, err := b.Sender.Send(packets[single:])
	return single + sent, err
}

// run is how many of the packets, at least one, make a run that comes from an address and port.
func run(from netip.AddrPort, packets [][]byte) int {
	first := packets[0]
	if len(first) <= ipHeader+udpHeader || first[0] != 0x45 || first[9] != 17 || binary.BigEndian.Uint16(first[6:]) != flagDF ||
		from != netip.AddrPortFrom(netip.AddrFrom4([4]byte(first[12:])), binary.BigEndian.Uint16(first[20:])) {
		return 1
	}
	most := min(burst, longestRun/(len(first)-ipHeader-udpHeader), len(packets))
	for n := 1; n < most; n++ {
		p := packets[n]
		if len(p) > len(first) || len(p) <= ipHeader+udpHeader || string(p[:2]) != string(first[:2]) || string(p[6:8]) != string(first[6:8]) ||
			p[9] != 17 || string(p[12:24]) != string(first[12:24]) {
			return n
		}
		if len(p) < len(first) {
			return n + 1
		}
	}
	return max(most, 1)
}
