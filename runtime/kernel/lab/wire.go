package lab

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A Wire sends and receives whole packets on one side of the lab, as fast as the kernel takes them.
type Wire struct{ out, in int }

// Wire opens the wire of interface i. What its side receives waits in a buffer of that many octets.
func (l *Lab) Wire(i, buffer int) (*Wire, error) {
	if i < 0 || i >= len(l.sides) || l.sides[i] == nil {
		return nil, fmt.Errorf("no interface %d", i)
	}
	w := &Wire{-1, -1}
	err := l.sides[i].space.do(func() (err error) {
		if w.out, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			return err
		}
		const ip = unix.ETH_P_IP<<8&0xff00 | unix.ETH_P_IP>>8 // in network order
		if w.in, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, ip); err != nil {
			return err
		}
		return unix.SetsockoptInt(w.in, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer)
	})
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Send sends a packet with its header.
func (w *Wire) Send(packet []byte) error {
	if len(packet) < 20 {
		return errors.New("no packet")
	}
	return unix.Sendto(w.out, packet, 0, &unix.SockaddrInet4{Addr: [4]byte(packet[16:20])})
}

// Receive reads the next packet that came from the firewall. It is 0 when none came in time.
func (w *Wire) Receive(buf []byte, limit time.Duration) (int, error) {
	for end := time.Now().Add(limit); ; {
		left := time.Until(end)
		if left <= 0 {
			return 0, nil
		}
		fds := []unix.PollFd{{Fd: int32(w.in), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, int(left.Milliseconds())+1); n == 0 || errors.Is(err, unix.EINTR) {
			continue
		}
		n, from, err := unix.Recvfrom(w.in, buf, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype != unix.PACKET_OUTGOING && ll.Hatype != unix.ARPHRD_LOOPBACK {
			return n, nil
		}
	}
}

// Close closes the wire.
func (w *Wire) Close() {
	for _, fd := range []int{w.out, w.in} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
