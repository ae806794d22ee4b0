package esp

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// segments sends bursts through a UDP socket by the kernel's segmentation offload (UDP_SEGMENT).
type segments struct {
	off atomic.Bool // the kernel, or the device, has none

	mu    sync.Mutex
	iovs  [burst]unix.Iovec
	name  unix.RawSockaddrInet4
	ctrl  [controlLen]byte
	hdr   unix.Msghdr
	errno syscall.Errno
	write func(fd uintptr) bool
}

// A control message is its header and an int, padded: segment size and type of service.
const (
	oneControl = unix.SizeofCmsghdr + 8
	controlLen = 2 * oneControl
)

// errNoBursts is what SendBurst says where there is no segmentation.
var errNoBursts = errors.New("no segmentation of UDP")

func newSegments(fd int) *segments {
	g := &segments{}
	g.off.Store(unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0) != nil)
	g.hdr.Name, g.hdr.Namelen = (*byte)(unsafe.Pointer(&g.name)), unix.SizeofSockaddrInet4
	g.hdr.Iov, g.hdr.Control = &g.iovs[0], &g.ctrl[0]
	g.hdr.SetControllen(controlLen)
	for i, c := range []unix.Cmsghdr{{Level: unix.IPPROTO_UDP, Type: unix.UDP_SEGMENT}, {Level: unix.IPPROTO_IP, Type: unix.IP_TOS}} {
		c.SetLen(unix.SizeofCmsghdr + []int{2, 4}[i])
		*(*unix.Cmsghdr)(unsafe.Pointer(&g.ctrl[i*oneControl])) = c
	}
	g.write = func(fd uintptr) bool {
		for {
			_, _, g.errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&g.hdr)), unix.MSG_DONTWAIT)
			if g.errno != unix.EINTR {
				return g.errno != unix.EAGAIN
			}
		}
	}
	return g
}

// SendBurst is that of a Burster.
func (s *Socket) SendBurst(datagrams [][]byte, to netip.AddrPort, tos uint8) error {
	g := s.segments
	if g.off.Load() || len(datagrams) > burst || len(datagrams) == 0 {
		return errNoBursts
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, b := range datagrams {
		g.iovs[i].Base = &b[0]
		g.iovs[i].SetLen(len(b))
	}
	g.hdr.SetIovlen(len(datagrams))
	g.name = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&g.name.Port))[:], to.Port())
	*(*uint16)(unsafe.Pointer(&g.ctrl[unix.SizeofCmsghdr])) = uint16(len(datagrams[0]))
	*(*int32)(unsafe.Pointer(&g.ctrl[oneControl+unix.SizeofCmsghdr])) = int32(tos)
	err := s.raw.Write(g.write)
	clear(g.iovs[:len(datagrams)])
	switch {
	case err != nil:
		return s.closed(err)
	case g.errno == 0:
		return nil
	case g.errno == unix.EIO: // a device without checksums of its own
		g.off.Store(true)
	}
	return g.errno
}
