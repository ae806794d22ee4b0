package lab

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
)

// A Seen is a packet that arrived at a side.
type Seen struct {
	Proto            uint8
	Src, Dst         ast.IP
	SrcPort, DstPort uint16 // of TCP and UDP
}

// A Watch records what a side receives from the firewall.
type Watch struct {
	stop, ended chan struct{}
	mu          sync.Mutex
	seen        []Seen
}

// maxSeen bounds what a Watch keeps.
const maxSeen = 4096

// Watch starts recording the IP packets that the firewall sends out of an interface.
func (l *Lab) Watch(s *Side) (*Watch, error) {
	fd := -1
	err := s.space.do(func() (err error) {
		const ip = unix.ETH_P_IP<<8&0xff00 | unix.ETH_P_IP>>8 // in network order
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, ip); err != nil {
			return err
		}
		// Stop is noticed within this time.
		return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000})
	})
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return nil, err
	}
	w := &Watch{stop: make(chan struct{}), ended: make(chan struct{})}
	go w.record(fd)
	return w, nil
}

func (w *Watch) record(fd int) {
	defer close(w.ended)
	defer unix.Close(fd)
	buf := make([]byte, 2048)
	for {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			select {
			case <-w.stop:
				return // and all that had arrived has been read
			default:
				continue
			}
		}
		ll, ok := from.(*unix.SockaddrLinklayer)
		if !ok || n < 20 || ll.Pkttype == unix.PACKET_OUTGOING || ll.Hatype == unix.ARPHRD_LOOPBACK {
			continue
		}
		s := Seen{Proto: buf[9], Src: ast.IP(binary.BigEndian.Uint32(buf[12:])), Dst: ast.IP(binary.BigEndian.Uint32(buf[16:]))}
		if h := int(buf[0]&15) * 4; n >= h+4 && (s.Proto == ast.ProtoTCP || s.Proto == ast.ProtoUDP) {
			s.SrcPort, s.DstPort = binary.BigEndian.Uint16(buf[h:]), binary.BigEndian.Uint16(buf[h+2:])
		}
		w.mu.Lock()
		if len(w.seen) < maxSeen {
			w.seen = append(w.seen, s)
		}
		w.mu.Unlock()
	}
}

// Stop ends the recording and returns it.
func (w *Watch) Stop() []Seen {
	close(w.stop)
	<-w.ended
	return w.seen
}

// Await waits until a packet that fits has arrived.
func (w *Watch) Await(limit time.Duration, fits func(Seen) bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		found := slices.ContainsFunc(w.seen, fits)
		w.mu.Unlock()
		if found || time.Now().After(end) {
			return found
		}
	}
}
