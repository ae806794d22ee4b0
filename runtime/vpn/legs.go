package vpn

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime/esp"
	"pixfw/runtime/ike"
)

// Network opens devices and sockets where the firewall is.
type Network interface {
	Device(name string, mtu int) (esp.Device, error)    // a TUN device
	Raw(proto int, at netip.Addr) (esp.Receiver, error) // whole packets of a protocol to an address
	UDP(at netip.AddrPort, mark uint32) (Datagrams, error)
	Sender(mark uint32) (Sender, error) // of whole packets
}

// Datagrams is a UDP socket.
type Datagrams interface {
	esp.Receiver
	SendTo(b []byte, to netip.AddrPort) error
}

// Sender sends whole packets.
type Sender interface {
	esp.Sender
	Close() error
}

// spec is what a plan wants of an interface.
type spec struct {
	iface int
	addr  netip.Addr
	mtu   int
	twin  string // name; empty: no crypto map
	ike   bool   // somebody answers
	natt  bool   // on port 4500 too
}

// A leg is a device of the firewall that peers are behind: its twin, and the sockets at its address.
type leg struct {
	now     atomic.Pointer[spec] // nil: the device is only prepared
	device  esp.Device           // the twin; nil: none
	port    *esp.Port
	bursts  *esp.Bursts // what port sends protected packets through
	udp     Datagrams
	nat     Datagrams
	sockets []esp.Receiver // all of them
}

// specs are what a plan wants, by device.
func (s *service) specs(plan *compiler.Plan) map[string]spec {
	out := map[string]spec{}
	if plan == nil {
		return out
	}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		device := s.c.devices[f.Hardware]
		if device == "" || f.Shutdown || !f.HasAddress() || f.Map == compiler.None && f.ISAKMP.IsDefault() {
			continue
		}
		x := spec{iface: i, addr: addr(f.Net.IP), mtu: f.MTU, ike: !f.ISAKMP.IsDefault()}
		x.natt = x.ike && !plan.VPN.NATTraversal.IsDefault()
		if f.Map != compiler.None {
			x.twin = nft.Twin(device)
		}
		if x.mtu == 0 {
			x.mtu = 1500
		}
		out[device] = x
	}
	return out
}

// openTwins opens the twins that a plan needs.
func (s *service) openTwins(plan *compiler.Plan) error {
	want := s.specs(plan)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		x, l := want[name], s.legs[name]
		if x.twin == "" || l != nil && l.device != nil {
			continue
		}
		device, err := s.c.network.Device(x.twin, x.mtu)
		if err != nil {
			f := &plan.Interfaces[x.iface]
			return errors.Join(fmt.Errorf("%s: %w", f.MapLine.Place(plan.File), err), s.closeLegs(s.plan))
		}
		if l == nil {
			l = &leg{}
			s.legs[name] = l
		}
		l.device = device
	}
	return nil
}

// closeLegs takes away what a plan does not want.
func (s *service) closeLegs(plan *compiler.Plan) error {
	var errs []error
	want := s.specs(plan)
	for name, l := range s.legs {
		x, ok := want[name]
		if old := l.now.Load(); old != nil && (!ok || old.addr != x.addr || old.twin != x.twin || old.ike != x.ike || old.natt != x.natt) {
			errs = append(errs, l.closeSockets())
		}
		if l.device != nil && x.twin == "" {
			errs = append(errs, l.device.Close())
			l.device, l.port = nil, nil
		}
		if !ok {
			delete(s.legs, name)
			delete(s.problems, name)
		}
	}
	return errors.Join(errs...)
}

func (l *leg) closeSockets() error {
	var errs []error
	if l.bursts != nil {
		l.bursts.Through(netip.AddrPort{}, nil)
	}
	for _, x := range l.sockets {
		errs = append(errs, x.Close())
	}
	l.udp, l.nat, l.sockets = nil, nil, nil
	return errors.Join(errs...)
}

// listen opens the sockets that the plan in force needs. What cannot be opened is said, and tried again later.
func (s *service) listen() {
	want := s.specs(s.plan)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		x, l := want[name], s.legs[name]
		if l == nil {
			l = &leg{}
			s.legs[name] = l
		}
		l.now.Store(&x)
		err := s.serve(l, &x)
		text := ""
		if err != nil {
			text = fmt.Sprintf("no tunnels on %s: %v", s.plan.Interfaces[x.iface].Name, errors.Join(err, l.closeSockets()))
		}
		if text != "" && text != s.problems[name] {
			s.say(text)
		}
		if s.problems[name] = text; text == "" {
			delete(s.problems, name)
		}
	}
}

// serve opens what a leg lacks.
func (s *service) serve(l *leg, x *spec) error {
	if l.device != nil {
		for i, mark := range []uint32{nft.MarkTunnel, nft.MarkClear, 0} {
			if s.senders[i] != nil {
				continue
			}
			var err error
			if s.senders[i], err = s.c.network.Sender(mark); err != nil {
				return err
			}
		}
		if l.port == nil {
			l.bursts = &esp.Bursts{Sender: s.senders[0]}
			l.port = s.esp.NewPort(x.iface, x.addr, x.mtu, l.device, esp.Wire{Protected: l.bursts, Clear: s.senders[1], Reply: s.senders[2]})
			s.runs(l.port.Outbound)
		} else {
			l.port.Move(x.iface, x.addr, x.mtu)
		}
	}
	if len(l.sockets) > 0 {
		return nil
	}
	if l.device != nil {
		for _, proto := range []int{ast.ProtoESP, ast.ProtoAH, ast.ProtoICMP} {
			r, err := s.c.network.Raw(proto, x.addr)
			if err != nil {
				return fmt.Errorf("protocol %d at %v: %w", proto, x.addr, err)
			}
			l.sockets = append(l.sockets, r)
			port := l.port
			if proto == ast.ProtoICMP {
				s.runs(func() error { return port.Errors(r) })
			} else {
				s.runs(func() error { return port.Inbound(r) })
			}
		}
	}
	open := func(number uint16) (Datagrams, error) {
		at := netip.AddrPortFrom(x.addr, number)
		d, err := s.c.network.UDP(at, nft.MarkTunnel)
		if errors.Is(err, unix.EADDRINUSE) {
			err = errors.New("another program of this host listens there")
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", at, err)
		}
		l.sockets = append(l.sockets, d)
		return d, nil
	}
	var err error
	if x.ike {
		if l.udp, err = open(portIKE); err != nil {
			return err
		}
		socket := l.udp
		s.runs(func() error { return s.read(socket, l, x.addr) })
	}
	if x.natt && l.device != nil {
		if l.nat, err = open(portNATT); err != nil {
			return err
		}
		socket, port := l.nat, l.port
		if b, ok := socket.(esp.Burster); ok {
			l.bursts.Through(netip.AddrPortFrom(x.addr, portNATT), b)
		}
		s.runs(func() error { return port.InboundUDP(socket) })
	}
	return nil
}

// runs runs a reader until what it reads from is closed.
func (s *service) runs(f func() error) {
	s.work.Go(func() { _ = f() }) // readers end only when what they read from is closed
}

// longest is how long a datagram of IKE may be. What is longer is cut, and then no message.
const longest = 16 << 10

// read reads port 500.
func (s *service) read(r esp.Receiver, l *leg, local netip.Addr) error {
	ms := make([]esp.Message, 16)
	for i := range ms {
		ms[i].Buf = make([]byte, longest)
	}
	for {
		n, err := r.Receive(ms)
		for i := range n {
			x := l.now.Load()
			d := ike.Datagram{If: x.iface, Local: netip.AddrPortFrom(local, portIKE), Remote: ms[i].From, Payload: slices.Clone(ms[i].Buf[:ms[i].N])}
			if n > 1 && ike.Begins(d.Payload) { // perhaps a flood: it waits where it is in nobody's way
				s.receive(d)
			} else {
				s.take(d)
			}
		}
		if esp.Lasting(err) {
			return err
		}
	}
}
