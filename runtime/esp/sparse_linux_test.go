package esp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A sparse socket hands over every datagram, whether it waits for it or not, and ends when it is closed.
func TestSparse(t *testing.T) {
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	open := func() (*Socket, netip.AddrPort) {
		s, err := ListenUDP(loopback, SocketOptions{Sparse: true, Buffer: 1 << 20})
		if err != nil {
			if errors.Is(err, unix.EPERM) {
				t.Skip("a buffer of this size needs root")
			}
			t.Fatal(err)
		}
		var at netip.AddrPort
		if err := s.raw.Control(func(fd uintptr) {
			name, err := unix.Getsockname(int(fd))
			if err != nil {
				t.Fatal(err)
			}
			in := name.(*unix.SockaddrInet4)
			at = netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
		}); err != nil {
			t.Fatal(err)
		}
		return s, at
	}
	a, atA := open()
	b, atB := open()
	const n = 2000
	done := make(chan error, 1)
	go func() { // answers each datagram
		ms := []Message{{Buf: make([]byte, 100)}}
		for {
			k, err := b.Receive(ms)
			if err != nil {
				done <- err
				return
			}
			if k == 1 {
				if err := b.SendTo(ms[0].Buf[:ms[0].N], ms[0].From); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	ms := []Message{{Buf: make([]byte, 100)}, {Buf: make([]byte, 100)}}
	for i := range n {
		want := fmt.Sprint("datagram ", i)
		if err := a.SendTo([]byte(want), atB); err != nil {
			t.Fatal(err)
		}
		k, err := a.Receive(ms)
		if err != nil || k != 1 || string(ms[0].Buf[:ms[0].N]) != want || ms[0].From != atB {
			t.Fatalf("%d %v: %q from %v, want %q", k, err, ms[0].Buf[:ms[0].N], ms[0].From, want)
		}
	}
	for _, x := range []string{"one", "two", "three"} { // that are there before anybody looks
		if err := a.SendTo([]byte(x), atA); err != nil {
			t.Fatal(err)
		}
	}
	if k, err := a.Receive(ms); err != nil || k != 2 || string(ms[1].Buf[:ms[1].N]) != "two" {
		t.Errorf("%d %v", k, err)
	}
	if k, err := a.Receive(ms); err != nil || k != 1 || string(ms[0].Buf[:ms[0].N]) != "three" {
		t.Errorf("%d %v", k, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the end is %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.SendTo([]byte("x"), atB); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
