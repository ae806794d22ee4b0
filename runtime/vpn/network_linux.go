package vpn

import (
	"context"
	"net"
	"net/netip"

	"pixfw/runtime/esp"
	"pixfw/runtime/kernel"
)

// namespace is a network namespace; empty: that of the host.
type namespace string

// opened opens something inside a namespace.
func opened[T any](n namespace, open func() (T, error)) (out T, err error) {
	err = kernel.Within(string(n), func() (err error) {
		out, err = open()
		return err
	})
	return out, err
}

func (n namespace) Device(name string, mtu int) (esp.Device, error) {
	return opened(n, func() (esp.Device, error) { return esp.OpenTUN(name, mtu) })
}

func (n namespace) Raw(proto int, at netip.Addr) (esp.Receiver, error) {
	return opened(n, func() (esp.Receiver, error) {
		return orNil[esp.Receiver](esp.ListenRaw(proto, at, esp.SocketOptions{Gather: true}))
	})
}

func (n namespace) UDP(at netip.AddrPort, mark uint32) (Datagrams, error) {
	o := esp.SocketOptions{Mark: mark, Gather: at.Port() == portNATT, Sparse: at.Port() != portNATT} // to port 500 comes IKE alone
	return opened(n, func() (Datagrams, error) { return orNil[Datagrams](esp.ListenUDP(at, o)) })
}

func (n namespace) Sender(mark uint32) (Sender, error) {
	return opened(n, func() (Sender, error) { return orNil[Sender](esp.OpenSender(esp.SocketOptions{Mark: mark})) })
}

// orNil keeps a nil pointer from becoming an interface that is not nil.
func orNil[T any](s *esp.Socket, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	return any(s).(T), nil
}

// dial connects to a server from within the namespace.
func (n namespace) dial(ctx context.Context, network string, server netip.AddrPort, _ int) (net.Conn, error) {
	return opened(n, func() (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, network, server.String()) })
}
