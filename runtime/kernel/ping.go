package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

var _ runtime.Pinger = (*Engine)(nil)

// pings numbers the echoes of this process, so that answers to others are not taken for ours.
type pings struct{ last atomic.Uint32 }

// Ping is that of runtime.Pinger: one echo, from within the firewall. With an interface it leaves by that one.
func (e *Engine) Ping(ctx context.Context, ifIndex int, to ast.IP) (time.Duration, error) {
	lc := net.ListenConfig{}
	if ifIndex != compiler.None {
		link, ok := e.device(ifIndex)
		if !ok {
			return 0, errors.New("the interface has no device")
		}
		name := link.Attrs().Name
		lc.Control = func(_, _ string, c syscall.RawConn) (err error) {
			return errors.Join(c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), name) }), err)
		}
	}
	var conn net.PacketConn
	if err := Within(e.opts.Netns, func() (err error) {
		conn, err = lc.ListenPacket(ctx, "ip4:icmp", "")
		return err
	}); err != nil {
		return 0, err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return 0, err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	n := e.pings.last.Add(1)
	echo := echoRequest(uint16(os.Getpid()), uint16(n))
	began := time.Now()
	if _, err := conn.WriteTo(echo, &net.IPAddr{IP: netip.AddrFrom4([4]byte{byte(to >> 24), byte(to >> 16), byte(to >> 8), byte(to)}).AsSlice()}); err != nil {
		return 0, err
	}
	for b := make([]byte, 1500); ; {
		n, from, err := conn.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return 0, runtime.ErrNoAnswer
		}
		if err != nil {
			return 0, err
		}
		if ip, ok := ast.ParseIP(from.String()); ok && ip == to && isEchoOf(b[:n], echo) {
			return time.Since(began), nil
		}
	}
}

// echoRequest is an ICMP echo (RFC 792).
func echoRequest(id, sequence uint16) []byte {
	b := make([]byte, 8+56)
	b[0] = 8
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], sequence)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[2:], ^uint16(sum))
	return b
}

// isEchoOf reports whether an ICMP message is the reply to an echo.
func isEchoOf(reply, echo []byte) bool {
	return len(reply) >= 8 && reply[0] == 0 && reply[1] == 0 && string(reply[4:8]) == string(echo[4:8])
}
