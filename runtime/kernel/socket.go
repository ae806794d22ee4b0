package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A socket is a raw netlink socket. Its reader does not allocate, and can be woken by close.
type socket struct {
	f    *os.File
	rc   syscall.RawConn
	busy atomic.Bool // the reader may have something that it has not done yet
	from unix.RawSockaddrNetlink
	buf  []byte // for answers; nil until the first

	parts []byte // of dumps, one after the other
	torn  bool   // what the last dump is of was changed while it was made
}

// openSocket opens a socket of the netfilter family in the namespace that is a member of the groups, with a bounded receive buffer.
func (s *space) openSocket(groups uint32, buffer int) (*socket, error) {
	return s.openFamily(unix.NETLINK_NETFILTER, groups, buffer)
}

func (s *space) openFamily(family int, groups uint32, buffer int) (*socket, error) {
	fd := -1
	err := s.do(func() (err error) {
		fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, family)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups})
	if err == nil {
		if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer); err != nil {
			err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
		}
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	out := &socket{f: os.NewFile(uintptr(fd), "netlink")}
	if out.rc, err = out.f.SyscallConn(); err != nil {
		out.f.Close()
		return nil, err
	}
	return out, nil
}

func (s *socket) close() error { return s.f.Close() }

func (s *socket) option(level, name, value int) error {
	var err error
	if e := s.rc.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, name, value) }); e != nil {
		return e
	}
	return err
}

// receive reads one datagram of messages. Without wait it answers EAGAIN when there is none.
func (s *socket) receive(buf []byte, wait bool) (int, error) {
	return s.read(unix.RawSyscall6, buf, wait) // what is there is copied, and otherwise the call ends
}

// part reads the next part of a dump, which the kernel makes only then.
func (s *socket) part(buf []byte) (int, error) { return s.read(unix.Syscall6, buf, true) }

// read makes the call as the caller says: raw, without the scheduler, whose monitor would be woken, or not, because it takes its time.
func (s *socket) read(do func(call, a, b, c, d, e, f uintptr) (r1, r2 uintptr, err syscall.Errno), buf []byte, wait bool) (int, error) {
	var n uintptr
	var errno syscall.Errno
	err := s.rc.Read(func(fd uintptr) bool {
		for {
			s.busy.Store(true) // before anything is taken out
			size := uint32(unix.SizeofSockaddrNetlink)
			n, _, errno = do(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0,
				uintptr(unsafe.Pointer(&s.from)), uintptr(unsafe.Pointer(&size)))
			if errno == unix.EAGAIN && wait {
				s.busy.Store(false)
				return false
			}
			if errno != unix.EINTR {
				return true
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, errno
	case s.from.Pid != 0:
		return 0, nil // not from the kernel
	}
	return int(n), nil
}

// reply reads one datagram of answers: mostly it is there already. What it returns is valid until the next reply.
func (s *socket) reply() ([]byte, error) {
	if s.buf == nil {
		s.buf = make([]byte, 64<<10)
	}
	n, err := s.receive(s.buf, false)
	if errors.Is(err, unix.EAGAIN) {
		if err = s.f.SetReadDeadline(time.Now().Add(dumpWait)); err != nil {
			return nil, err
		}
		n, err = s.receive(s.buf, true)
		err = errors.Join(err, s.f.SetReadDeadline(time.Time{}))
	}
	return s.buf[:n], err
}

// sendBuffer makes room for datagrams of that many octets, which are sent as one.
func (s *socket) sendBuffer(octets int) error {
	if s.option(unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, octets) == nil {
		return nil
	}
	return s.option(unix.SOL_SOCKET, unix.SO_SNDBUF, octets)
}

// brief asks for answers without a copy of what they answer, which say what was wrong.
func (s *socket) brief() error {
	return errors.Join(s.option(unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1), s.option(unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1))
}

// quiet reports whether everything that had arrived has been read, and done by the reader.
func (s *socket) quiet() bool {
	empty := false
	err := s.rc.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		empty = n == 0 && err == nil
	})
	return err != nil || empty && !s.busy.Load() // a socket that is closed has nothing more
}

func (s *socket) send(b []byte) error {
	var err error
	e := s.rc.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		return err != unix.EAGAIN
	})
	return errors.Join(e, err)
}

// request sends a message that asks for an acknowledgement, and waits for it.
func (s *socket) request(b []byte) error {
	if err := s.send(b); err != nil {
		return err
	}
	if err := s.f.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	buf := make([]byte, 8192)
	for {
		n, err := s.receive(buf, true)
		if err != nil {
			return err
		}
		done := false
		messages(buf[:n], func(typ uint16, data []byte) {
			if typ == unix.NLMSG_ERROR && len(data) >= 4 {
				done = true
				if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
					err = fmt.Errorf("netlink: %w", unix.Errno(-code))
				}
			}
		})
		if done || err != nil {
			return errors.Join(err, s.f.SetReadDeadline(time.Time{}))
		}
	}
}

// messages hands each message of a datagram to fn, as far as they are whole.
func messages(b []byte, fn func(typ uint16, data []byte)) {
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(binary.NativeEndian.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return
		}
		fn(binary.NativeEndian.Uint16(b[4:]), b[unix.NLMSG_HDRLEN:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// interrupted reports whether a message of a dump says that others have changed what it is of.
func interrupted(b []byte) bool {
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(binary.NativeEndian.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return false
		}
		if binary.NativeEndian.Uint16(b[6:])&unix.NLM_F_DUMP_INTR != 0 {
			return true
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return false
}

// attributes hands each attribute to fn, as far as they are whole.
func attributes(b []byte, fn func(typ uint16, data []byte)) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		fn(binary.NativeEndian.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[4:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// begin appends the header of a message, with the family and resource of netfilter; end writes its length.
func begin(b []byte, typ, flags uint16, family uint8, resource uint16) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // sequence, port
	return binary.BigEndian.AppendUint16(append(b, family, unix.NFNETLINK_V0), resource)
}

func end(b []byte, start int) []byte {
	binary.NativeEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func attribute(b []byte, typ uint16, data []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(data)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
