package esp

import (
	"errors"
	"net/netip"
	"os"
	"sync/atomic"
)

// Device is the side of the host: packets that are to be protected are read from it, and what came out of tunnels is written to
// it. A tun.Device of WireGuard is one.
type Device interface {
	// Read reads packets to bufs[i][offset:], their lengths to sizes, and says how many. It fails with os.ErrClosed after Close.
	Read(bufs [][]byte, sizes []int, offset int) (int, error)
	// Write takes packets bufs[i][offset:], and may use what is before and behind them.
	Write(bufs [][]byte, offset int) (int, error)
	BatchSize() int
	Close() error
}

// A Message is one datagram of a batch: Buf[:N].
type Message struct {
	Buf  []byte
	N    int
	From netip.AddrPort // where there are ports
}

// Receiver is the side of the network that is read from.
type Receiver interface {
	// Receive fills as many messages as there are, one at least. It fails with os.ErrClosed after Close.
	Receive(m []Message) (int, error)
	Close() error
}

// Sender sends whole IPv4 packets, in order, and says how many were sent before the one that failed.
type Sender interface {
	Send(packets [][]byte) (int, error)
}

// Wire is where a Port sends to.
type Wire struct {
	Protected Sender // tunnels
	Clear     Sender // packets that no entry is for; they have been translated already
	Reply     Sender // ICMP to the sources of packets that are too long; to be translated like the packets that they quote
}

// A Port is one interface with a crypto map: the device beside it, and the network on the other side.
type Port struct {
	e    *Engine
	at   atomic.Pointer[place]
	dev  Device
	wire Wire
}

// place is where a Port stands.
type place struct {
	iface int
	local netip.Addr
	mtu   int
}

// NewPort is the port of an interface whose own address is local. mtu is that of the link to the peers.
func (e *Engine) NewPort(iface int, local netip.Addr, mtu int, dev Device, wire Wire) *Port {
	p := &Port{e: e, dev: dev, wire: wire}
	p.Move(iface, local, mtu)
	return p
}

// Move changes number, address and MTU of the port, while packets flow.
func (p *Port) Move(iface int, local netip.Addr, mtu int) {
	p.at.Store(&place{iface, local, max(mtu, leastPMTU)})
}

// slot is the length of one buffer. It takes the longest packet; that it is no power of two keeps buffers from sharing cache lines.
const slot = headroom + 65536 + tailroom + 320

// buffers are as many slots, and a function that gives them back. They are large and seldom full: off the heap, only what has been
// written to takes memory, and the collector does not count them.
func buffers(n int) (bufs [][]byte, free func()) {
	arena, free := allocate(n * slot)
	bufs = make([][]byte, n)
	for i := range bufs {
		bufs[i] = arena[i*slot : (i+1)*slot : (i+1)*slot]
	}
	return bufs, free
}

// Lasting reports whether a device or socket fails for good.
func Lasting(err error) bool { return errors.Is(err, os.ErrClosed) || errors.Is(err, errFatal) }

// errFatal marks errors after which it is of no use to go on.
var errFatal = errors.New("cannot go on")
