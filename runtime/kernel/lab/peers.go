package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/esp"
)

// peers are the far ends of tunnels: each protects any packet, and opens what is for it.
type peers struct {
	engine  *esp.Engine
	tunnels []tunnel
	made    chan outcome // what the engine makes of a packet
}

// A tunnel is that of one pair, which is an interface of the engine of its own.
type tunnel struct {
	id            uint64 // of the firewall's pair; 0: it has ended
	in            int    // of the firewall
	peer          ast.IP
	local, remote ast.Net // the proxies, that of the firewall first
	opens         []association
	plain, wire   *esp.Memory
}

// association names one that the firewall sends by.
type association struct {
	proto uint8
	spi   uint32
}

type outcome struct {
	packet []byte
	err    error
}

func newPeers() *peers {
	p := &peers{made: make(chan outcome, 16)}
	p.engine = esp.New(esp.Options{Sink: peerSink{p}})
	return p
}

func (p *peers) close() {
	for i := range p.tunnels {
		_ = p.tunnels[i].plain.Close() // memory, which has no errors
		_ = p.tunnels[i].wire.Close()
	}
	p.engine.Close()
}

// add makes the far end of a pair of the firewall.
func (p *peers) add(own runtime.SAPair, local, remote ast.Net) error {
	k := len(p.tunnels)
	if k >= 64 {
		return errors.New("too many tunnels")
	}
	t := tunnel{id: own.ID, in: own.If, peer: ipOf(own.Peer), local: local, remote: remote, plain: esp.NewMemory(1), wire: esp.NewMemory(1)}
	for _, a := range []association{{ast.ProtoESP, own.Out.SPI}, {ast.ProtoAH, own.OutAH.SPI}} {
		if a.spi != 0 {
			t.opens = append(t.opens, a)
		}
	}
	far := own
	everything := runtime.ProxyID{Addr: netip.IPv4Unspecified(), Mask: netip.IPv4Unspecified()} // what does not belong there has to be refused by the firewall
	far.ID, far.If, far.Map, far.Entry, far.Dynamic, far.LocalID, far.RemoteID = uint64(k+1), k, 0, 0, compiler.None, everything, everything
	far.Local, far.Peer, far.In, far.Out, far.InAH, far.OutAH = own.Peer, own.Local, own.Out, own.In, own.OutAH, own.InAH
	if err := p.engine.Install(far); err != nil {
		return err
	}
	p.engine.SetPolicy(k, protectAll{})
	port := p.engine.NewPort(k, far.Local, 1<<16-1, peerDevice{t.plain, p}, esp.Wire{Protected: peerSender{p}, Clear: peerSender{p}, Reply: peerSender{p}})
	go func() { _ = port.Outbound() }() // they end with close
	go func() { _ = port.Inbound(t.wire) }()
	p.tunnels = append(p.tunnels, t)
	return nil
}

// sync asks for each tunnel whether the firewall still has its pair, and on which interface.
func (p *peers) sync(ask func(id uint64) (in int, ok bool)) {
	for i := range p.tunnels {
		t, ok := &p.tunnels[i], false
		if t.in, ok = ask(t.id); !ok {
			t.id, t.opens = 0, nil // its place is kept: it is a number in the engine
		}
	}
}

// seal protects a packet as a peer does: through the pair that is for it, or through his first. One that has no tunnel makes up an SPI.
func (p *peers) seal(in int, peer ast.IP, own ast.IP, packet []byte) ([]byte, error) {
	src, dst := ast.IP(binary.BigEndian.Uint32(packet[12:])), ast.IP(binary.BigEndian.Uint32(packet[16:]))
	var best *tunnel
	for i := range p.tunnels {
		if t := &p.tunnels[i]; t.id != 0 && t.in == in && t.peer == peer {
			if fits := t.remote.Contains(src) && t.local.Contains(dst); best == nil || fits {
				if best = t; fits {
					break
				}
			}
		}
	}
	if best == nil {
		unknown := runtime.Packet{Proto: ast.ProtoESP, Src: peer, Dst: own, TTL: 64, Payload: make([]byte, 40)}
		return unknown.Append(nil)
	}
	best.plain.Put(packet)
	return p.result()
}

// open is what a packet on the wire carries, and for whom. false: it is no packet of a tunnel.
func (p *peers) open(packet []byte) (inner []byte, t *tunnel, ok bool, err error) {
	head := int(packet[0]&15) * 4
	a := association{proto: packet[9]}
	switch body := packet[min(head, len(packet)):]; {
	case a.proto == ast.ProtoESP && len(body) >= 4:
		a.spi = binary.BigEndian.Uint32(body)
	case a.proto == ast.ProtoAH && len(body) >= 8:
		a.spi = binary.BigEndian.Uint32(body[4:])
	default:
		return nil, nil, false, nil
	}
	for i := range p.tunnels {
		if t = &p.tunnels[i]; slices.Contains(t.opens, a) {
			t.wire.Put(packet)
			inner, err = p.result()
			return inner, t, true, err
		}
	}
	return nil, nil, false, nil
}

func (p *peers) result() ([]byte, error) {
	select {
	case m := <-p.made:
		return m.packet, m.err
	case <-time.After(settle):
		return nil, errors.New("the far end of a tunnel does nothing")
	}
}

// protectAll is a crypto map that takes everything.
type protectAll struct{}

func (protectAll) Match(*esp.Flow, int) (int, esp.What) { return 0, esp.Static }

// peerDevice takes what was opened.
type peerDevice struct {
	*esp.Memory
	p *peers
}

func (d peerDevice) Write(bufs [][]byte, offset int) (int, error) {
	for _, b := range bufs {
		d.p.made <- outcome{packet: slices.Clone(b[offset:])}
	}
	return len(bufs), nil
}

// peerSender takes what was protected.
type peerSender struct{ p *peers }

func (s peerSender) Send(packets [][]byte) (int, error) {
	for _, b := range packets {
		s.p.made <- outcome{packet: slices.Clone(b)}
	}
	return len(packets), nil
}

// peerSink takes what went wrong.
type peerSink struct{ p *peers }

func (s peerSink) Acquire(_, _ int, f esp.Flow) {
	s.p.made <- outcome{err: fmt.Errorf("the peer has no association for %v > %v", f.Src, f.Dst)}
}

func (s peerSink) Refused(r esp.Refused) {
	s.p.made <- outcome{err: fmt.Errorf("the peer does not take a packet of the firewall (SPI %#x): %v", r.SPI, r.Why)}
}

func (peerSink) Expiring(uint64, bool) {}

func (peerSink) Datagram(int, netip.AddrPort, netip.AddrPort, []byte) {}

func ipOf(a netip.Addr) ast.IP {
	b := a.As4()
	return ast.IP(binary.BigEndian.Uint32(b[:]))
}
