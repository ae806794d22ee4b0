package lab

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"pixfw/ast"
	"pixfw/runtime/esp"
	"pixfw/runtime/vpn"
)

// counted is a network that knows how much of what came to its devices and sockets has been dealt with.
type counted struct {
	vpn.Network
	mu      sync.Mutex
	devices []*reader // all that there have been
	sockets map[door]*reader
}

// A door is what a socket listens at.
type door struct {
	proto int
	addr  netip.Addr
	port  uint16 // of UDP
}

// A reader is somebody who reads packets, and deals with them before he reads again.
type reader struct {
	taken uint64 // his own
	done  atomic.Uint64
}

func (r *reader) reads(read func() (int, error)) (int, error) {
	r.done.Store(r.taken)
	n, err := read()
	r.taken += uint64(n)
	return n, err
}

func (c *counted) through(n vpn.Network) vpn.Network {
	c.Network = n
	return c
}

func (c *counted) at(d door) *reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &reader{}
	if c.sockets == nil {
		c.sockets = map[door]*reader{}
	}
	c.sockets[d] = r
	return r
}

// done is how many packets from a socket have been dealt with. false: nobody listens there.
func (c *counted) done(d door) (uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.sockets[d]
	if r == nil {
		return 0, false
	}
	return r.done.Load(), true
}

// departed is how many packets from all devices have been dealt with.
func (c *counted) departed() (sum uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.devices {
		sum += r.done.Load()
	}
	return sum
}

func (c *counted) Device(name string, mtu int) (esp.Device, error) {
	d, err := c.Network.Device(name, mtu)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	c.mu.Lock()
	c.devices = append(c.devices, r)
	c.mu.Unlock()
	return countedDevice{d, r}, nil
}

func (c *counted) Raw(proto int, at netip.Addr) (esp.Receiver, error) {
	s, err := c.Network.Raw(proto, at)
	if err != nil || proto == ast.ProtoICMP { // errors do not get there: the rig takes ICMP away
		return s, err
	}
	return countedReceiver{s, c.at(door{proto: proto, addr: at})}, nil
}

func (c *counted) UDP(at netip.AddrPort, mark uint32) (vpn.Datagrams, error) {
	s, err := c.Network.UDP(at, mark)
	if err != nil {
		return nil, err
	}
	return countedDatagrams{s, c.at(door{ast.ProtoUDP, at.Addr(), at.Port()})}, nil
}

type countedDevice struct {
	esp.Device
	r *reader
}

func (d countedDevice) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	return d.r.reads(func() (int, error) { return d.Device.Read(bufs, sizes, offset) })
}

type countedReceiver struct {
	esp.Receiver
	r *reader
}

func (s countedReceiver) Receive(ms []esp.Message) (int, error) {
	return s.r.reads(func() (int, error) { return s.Receiver.Receive(ms) })
}

type countedDatagrams struct {
	vpn.Datagrams
	r *reader
}

func (s countedDatagrams) Receive(ms []esp.Message) (int, error) {
	return s.r.reads(func() (int, error) { return s.Datagrams.Receive(ms) })
}
