package esp

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"sync/atomic"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// A selector is one side of a pair, as a packet is compared with it.
type selector struct {
	addr, mask ast.IP
	proto      uint8
	port       uint16
}

func newSelector(p runtime.ProxyID) (selector, error) {
	s := selector{proto: p.Proto, port: p.Port}
	if !p.Addr.Is4() || !p.Mask.Is4() {
		return s, fmt.Errorf("proxy identity %v %v is not IPv4", p.Addr, p.Mask)
	}
	a, m := p.Addr.As4(), p.Mask.As4()
	s.mask = ast.IP(binary.BigEndian.Uint32(m[:]))
	s.addr = ast.IP(binary.BigEndian.Uint32(a[:])) & s.mask
	return s, nil
}

// isHost makes a selector one for an address.
func (s *selector) isHost(a [4]byte) {
	s.addr, s.mask = ast.IP(binary.BigEndian.Uint32(a[:])), ast.AllOnes
}

func (s *selector) fits(ip ast.IP, proto uint8, port uint16, later bool) bool {
	return ip&s.mask == s.addr && (s.proto == 0 || s.proto == proto) && (s.port == 0 || later || s.port == port)
}

// ends are where a pair's packets go, and what is compared with those: they change when the peer moves.
type ends struct {
	info          runtime.SAPair // without keys
	src, dst      [4]byte
	local, remote selector
}

// A pair is one runtime.SAPair with all that its packets need.
type pair struct {
	at             atomic.Pointer[ends]
	out, outAH     *half // outAH: nil without AH; out nil: AH alone
	in, inAH       *half
	fixed          int // octets around an inner packet, without ESP's padding
	pmtu           atomic.Int64
	pmtuUntil      atomic.Int64 // Unix nanoseconds
	soft, hard     uint64       // octets; 0: no limit of volume
	softly, hardly atomic.Bool  // has been told
	prepared       bool         // has not been installed yet; belongs to Engine.mu
	quiet          atomic.Bool  // receives only; changed under Engine.mu

	encaps, decaps, encapBytes, decapBytes atomic.Uint64
	sendErrors, recvErrors                 atomic.Uint64
	authFailed, replayFailed               atomic.Uint64
	carriedOut, carriedIn                  atomic.Uint64 // octets, never cleared
	used, heard                            atomic.Int64  // Unix nanoseconds; 0: never
}

// newPair checks everything that Install is given.
func newPair(p runtime.SAPair, rand io.Reader) (*pair, error) {
	n := &pair{}
	var err error
	make := func(k *runtime.SAKeys, ah, out bool) *half {
		if err != nil || k.SPI == 0 {
			return nil
		}
		var h *half
		if h, err = newHalf(k, ah, out, rand); err != nil {
			return nil
		}
		h.send.wraps = p.Manual
		h.window.off = !h.auth || p.Manual || p.NoReplayCheck
		return h
	}
	n.in, n.inAH, n.out, n.outAH = make(&p.In, false, false), make(&p.InAH, true, false), make(&p.Out, false, true), make(&p.OutAH, true, true)
	switch {
	case err != nil:
		return nil, err
	case (n.in == nil) != (n.out == nil) || (n.inAH == nil) != (n.outAH == nil):
		return nil, fmt.Errorf("the two directions have not the same protocols")
	case n.in == nil && n.inAH == nil:
		return nil, fmt.Errorf("no SPI")
	case p.Encap && n.inAH != nil:
		return nil, fmt.Errorf("AH does not go through UDP")
	}
	if p.Kilobytes > 0 {
		n.hard = uint64(p.Kilobytes) << 10
		n.soft = n.hard - n.hard/10
	}
	return n, n.move(p)
}

// move changes what may change of a pair.
func (n *pair) move(p runtime.SAPair) error {
	if !p.Local.Is4() || !p.Peer.Is4() {
		return fmt.Errorf("the ends %v and %v are not IPv4 addresses", p.Local, p.Peer)
	}
	n.fixed = 0
	if p.Mode == runtime.Tunnel {
		n.fixed = ipHeader
	}
	if p.Encap {
		n.fixed += udpHeader
	}
	for _, h := range []*half{n.out, n.outAH} {
		if h != nil {
			n.fixed += h.lead()
		}
	}
	for _, k := range []*runtime.SAKeys{&p.In, &p.Out, &p.InAH, &p.OutAH} {
		k.CipherKey, k.AuthKey = nil, nil
	}
	e := &ends{info: p, src: p.Local.As4(), dst: p.Peer.As4()}
	var err error
	if e.local, err = newSelector(p.LocalID); err != nil {
		return err
	}
	if e.remote, err = newSelector(p.RemoteID); err != nil {
		return err
	}
	if p.Mode == runtime.Transport && p.Encap {
		// The identities name the addresses as they are before a NAT; the packet has those that are left of them (RFC 3948 3.1.2).
		e.local.isHost(e.src)
		e.remote.isHost(e.dst)
	}
	n.at.Store(e)
	return nil
}

// info is the pair as it was installed or updated, without keys.
func (n *pair) info() *runtime.SAPair { return &n.at.Load().info }

// carries reports whether an outbound packet is one of the pair's.
func (n *pair) carries(f *Flow) bool {
	e := n.at.Load()
	return e.local.fits(f.Src, f.Proto, f.SrcPort, f.Later) && e.remote.fits(f.Dst, f.Proto, f.DstPort, f.Later)
}

// admits is the same for a packet that has come out of the tunnel.
func (n *pair) admits(f *Flow) bool {
	e := n.at.Load()
	return e.remote.fits(f.Src, f.Proto, f.SrcPort, f.Later) && e.local.fits(f.Dst, f.Proto, f.DstPort, f.Later)
}

// A path MTU that somebody has told of is believed this long; it is never below least (RFC 1191 6.3, RFC 791).
const (
	pmtuAge   = 10 * time.Minute
	leastPMTU = 576
)

// mtu is the largest outer packet now.
func (n *pair) mtu(link int, now int64) int {
	if m := n.pmtu.Load(); m != 0 {
		if now < n.pmtuUntil.Load() {
			return min(link, int(m))
		}
		n.pmtu.Store(0)
	}
	return link
}

// largest is the longest packet that fits, once protected, into mtu octets.
func (n *pair) largest(mtu int) int {
	room := mtu - n.fixed
	if n.out == nil {
		return room
	}
	if n.out.auth {
		room -= icvLen
	}
	payload := room
	if n.info().Mode == runtime.Transport {
		payload -= ipHeader // stays outside
	}
	align := max(n.out.block, 4)
	return room - payload + payload&^(align-1) - 2
}

// limit is what a volume has come to.
type limit uint8

const (
	within limit = iota
	softly
	hardly
)

// volume reports that a limit has just been reached by total octets in one direction; each once.
func (n *pair) volume(total uint64) limit {
	if n.hard == 0 || total < n.soft {
		return within
	}
	if total >= n.hard {
		if n.hardly.CompareAndSwap(false, true) {
			return hardly
		}
		return within
	}
	if n.softly.CompareAndSwap(false, true) {
		return softly
	}
	return within
}

func (n *pair) counters(now int64) runtime.SACounters {
	c := runtime.SACounters{Encaps: n.encaps.Load(), Decaps: n.decaps.Load(), EncapBytes: n.encapBytes.Load(), DecapBytes: n.decapBytes.Load(),
		SendErrors: n.sendErrors.Load(), RecvErrors: n.recvErrors.Load(), AuthFailed: n.authFailed.Load(), ReplayFailed: n.replayFailed.Load()}
	c.LastUsed = when(n.used.Load())
	c.CarriedOut, c.CarriedIn = n.carriedOut.Load(), n.carriedIn.Load()
	if now < n.pmtuUntil.Load() {
		c.PathMTU = int(n.pmtu.Load())
	}
	return c
}

func (n *pair) clear() {
	for _, c := range []*atomic.Uint64{&n.encaps, &n.decaps, &n.encapBytes, &n.decapBytes, &n.sendErrors, &n.recvErrors, &n.authFailed, &n.replayFailed} {
		c.Store(0)
	}
}

// when is the time of a stamp; the zero time: never.
func when(stamp int64) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.Unix(0, stamp)
}

// maskBits orders masks: the more bits the more specific.
func maskBits(m ast.IP) int { return bits.OnesCount32(uint32(m)) }
