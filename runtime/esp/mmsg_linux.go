package esp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is that of the kernel.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// vector is the table of one recvmmsg or sendmmsg: packets are not copied, and nothing is allocated.
type vector struct {
	hdrs  []mmsghdr
	iovs  []unix.Iovec
	names []unix.RawSockaddrInet4
}

func newVector(n int) *vector {
	v := &vector{make([]mmsghdr, n), make([]unix.Iovec, n), make([]unix.RawSockaddrInet4, n)}
	for i := range v.hdrs {
		h := &v.hdrs[i].hdr
		h.Iov, h.Name = &v.iovs[i], (*byte)(unsafe.Pointer(&v.names[i]))
		h.SetIovlen(1)
	}
	return v
}

func (v *vector) set(i int, b []byte) {
	v.iovs[i].Base = &b[0]
	v.iovs[i].SetLen(len(b))
	v.hdrs[i].hdr.Namelen = unix.SizeofSockaddrInet4
}

// Socket is an IPv4 socket that sends and receives in batches. One goroutine may receive, any number send.
type Socket struct {
	file *os.File
	raw  syscall.RawConn
	bell *bell // nil: the file waits by itself
	shut atomic.Bool

	in     *vector
	gather bool
	hot    int  // receives in a row that hardly had to wait, with Gather
	full   bool // the last one has found all it could take
	n      int
	inErr  syscall.Errno
	read   func(fd uintptr) bool

	mu     sync.Mutex
	out    *vector
	sent   int
	outErr syscall.Errno
	write  func(fd uintptr) bool

	segments *segments
}

// SocketOptions say how a Socket marks what it sends, for routing and rules of the host, and how much waits for a slow reader.
type SocketOptions struct {
	Mark   uint32
	Buffer int  // octets; 0: 4 MB
	Gather bool // while packets come close upon each other, some wait for others
	Sparse bool // datagrams come and go one by one: Receive and SendTo are for that, and Send is not there
}

const sendBatch = 64

// ListenRaw opens a socket for all packets of an IP protocol that come to addr, with their headers. While it is open the kernel does
// not answer them with "protocol unreachable". It is opened in the network namespace of the calling thread.
func ListenRaw(proto int, addr netip.Addr, o SocketOptions) (*Socket, error) {
	return listen(unix.SOCK_RAW, proto, netip.AddrPortFrom(addr, 0), o)
}

// ListenUDP opens a UDP socket, in the network namespace of the calling thread.
func ListenUDP(at netip.AddrPort, o SocketOptions) (*Socket, error) {
	return listen(unix.SOCK_DGRAM, unix.IPPROTO_UDP, at, o)
}

// OpenSender opens a socket for whole packets, in the network namespace of the calling thread. Packets that are too long for the
// link are refused.
func OpenSender(o SocketOptions) (*Socket, error) {
	return listen(unix.SOCK_RAW, unix.IPPROTO_RAW, netip.AddrPort{}, o)
}

func listen(kind, proto int, at netip.AddrPort, o SocketOptions) (*Socket, error) {
	flags := unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	if o.Sparse {
		flags = unix.SOCK_CLOEXEC
	}
	fd, err := unix.Socket(unix.AF_INET, kind|flags, proto)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	fail := func(what string, err error) (*Socket, error) {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if o.Mark != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(o.Mark)); err != nil {
			return fail("mark", err)
		}
	}
	if o.Buffer == 0 {
		o.Buffer = 4 << 20
	}
	for _, opt := range []int{unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, o.Buffer); err != nil {
			return fail("buffer", err)
		}
	}
	if at.IsValid() {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}); err != nil {
			return fail(at.String(), err)
		}
	}
	s := &Socket{file: os.NewFile(uintptr(fd), fmt.Sprintf("socket %d %v", proto, at)), in: newVector(receiveBatch), out: newVector(sendBatch),
		gather: o.Gather, segments: newSegments(fd)}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	receive := unix.Syscall6
	if o.Sparse {
		if s.bell, err = newBell(fd); err != nil {
			return nil, errors.Join(err, s.file.Close())
		}
		receive = unix.RawSyscall6
	}
	s.read = func(fd uintptr) bool {
		s.n, s.inErr = mmsg(receive, unix.SYS_RECVMMSG, fd, s.in, s.n)
		return s.inErr != unix.EAGAIN
	}
	s.write = func(fd uintptr) bool {
		s.sent, s.outErr = mmsg(unix.Syscall6, unix.SYS_SENDMMSG, fd, s.out, s.sent)
		return s.outErr != unix.EAGAIN
	}
	return s, nil
}

// enter is how a system call is made: unix.Syscall6, or unix.RawSyscall6 for one of which it is certain that it does not wait. Without
// the latter the scheduler wakes its monitor for each packet that comes alone, which costs more than the packet.
type enter func(call, a, b, c, d, e, f uintptr) (r1, r2 uintptr, err syscall.Errno)

// mmsg handles up to n messages. After EAGAIN n is what it was.
func mmsg(do enter, call, fd uintptr, v *vector, n int) (int, syscall.Errno) {
	for {
		r, _, errno := do(call, fd, uintptr(unsafe.Pointer(&v.hdrs[0])), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(r), 0
		case unix.EINTR:
		case unix.EAGAIN:
			return n, errno
		default:
			return 0, errno
		}
	}
}

// With Gather, while packets come close upon each other, Receive lets some gather before it looks: what comes out of a tunnel at once is put together
// to few large packets by the device, for which the kernel, the host behind it and its acknowledgements cost far less. A packet that
// comes alone never waits.
const (
	apart  = time.Millisecond       // what comes later than that is not close
	hotRun = 16                     // receives, before the first wait
	gather = 200 * time.Microsecond // a wait
)

// gatherMore waits a moment if packets have been coming close upon each other.
func (s *Socket) gatherMore() {
	if s.hot < hotRun || s.full {
		return
	}
	t := unix.NsecToTimespec(int64(gather))
	_ = unix.Nanosleep(&t, nil) // a signal ends it early, which is as good
}

// Receive is that of a Receiver.
func (s *Socket) Receive(ms []Message) (int, error) {
	if s.gather {
		s.gatherMore()
		began := time.Now()
		defer func() {
			if s.full = s.n == len(ms); time.Since(began) > apart {
				s.hot = -1
			}
			s.hot++
		}()
	}
	s.n = min(len(ms), receiveBatch)
	for i := range s.n {
		s.in.set(i, ms[i].Buf)
	}
	if err := s.await(); err != nil {
		return 0, s.closed(err)
	}
	if s.inErr != 0 {
		return 0, s.inErr // such as an ICMP error about what was sent
	}
	for i := range s.n {
		a := &s.in.names[i]
		port := (*[2]byte)(unsafe.Pointer(&a.Port))
		ms[i].N, ms[i].From = int(s.in.hdrs[i].n), netip.AddrPortFrom(netip.AddrFrom4(a.Addr), binary.BigEndian.Uint16(port[:]))
	}
	return s.n, nil
}

// await receives what is there, or what comes next.
func (s *Socket) await() error {
	if s.bell == nil {
		return s.raw.Read(s.read)
	}
	var err error
	err2 := s.bell.raw.Read(func(uintptr) bool {
		done := false
		err = s.raw.Control(func(fd uintptr) { done = s.read(fd) })
		return done || err != nil
	})
	return errors.Join(err, err2)
}

// A bell rings when a socket has something to read. A file that waits by itself also wakes the process each time the kernel is done with
// what was sent, which is as often again where datagrams come alone.
type bell struct {
	file *os.File
	raw  syscall.RawConn
}

func newBell(fd int) (*bell, error) {
	ring, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	err = unix.EpollCtl(ring, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	if err = errors.Join(err, unix.SetNonblock(ring, true)); err != nil {
		unix.Close(ring)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	b := &bell{file: os.NewFile(uintptr(ring), "bell")}
	if b.raw, err = b.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, b.file.Close())
	}
	return b, nil
}

// Send is that of a Sender.
func (s *Socket) Send(packets [][]byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for done := 0; done < len(packets); {
		s.sent = min(len(packets)-done, sendBatch)
		for i := range s.sent {
			p := packets[done+i]
			s.out.set(i, p)
			s.out.names[i] = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte(p[16:20])}
		}
		if err := s.raw.Write(s.write); err != nil {
			return done, s.closed(err)
		}
		if s.outErr != 0 {
			return done, s.outErr
		}
		done += s.sent
	}
	return len(packets), nil
}

// SendTo sends one datagram.
func (s *Socket) SendTo(b []byte, to netip.AddrPort) error {
	name := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	var errno syscall.Errno
	err := s.raw.Write(func(fd uintptr) bool {
		do, flags := enter(unix.RawSyscall6), uintptr(unix.MSG_DONTWAIT)
		for errno = unix.EINTR; errno == unix.EINTR; {
			_, _, errno = do(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags,
				uintptr(unsafe.Pointer(&name)), unix.SizeofSockaddrInet4)
			if errno == unix.EAGAIN && s.bell != nil { // the file cannot wait, the call can
				do, flags, errno = unix.Syscall6, 0, unix.EINTR
			}
		}
		return errno != unix.EAGAIN
	})
	if err != nil {
		return s.closed(err)
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// Close ends receiving.
func (s *Socket) Close() error {
	s.shut.Store(true)
	if s.bell != nil {
		return errors.Join(s.bell.file.Close(), s.file.Close())
	}
	return s.file.Close()
}

// closed gives the error of a closed file its usual name: the one that os gives it here can only be told by its text.
func (s *Socket) closed(err error) error {
	if s.shut.Load() {
		return os.ErrClosed
	}
	return err
}
