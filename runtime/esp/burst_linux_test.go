package esp

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSendBurst sends by the kernel's segmentation, on loopback.
func TestSendBurst(t *testing.T) {
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	open := func() (*Socket, netip.AddrPort) {
		s, err := ListenUDP(loopback, SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		var at netip.AddrPort
		if err := s.raw.Control(func(fd uintptr) {
			name, err := unix.Getsockname(int(fd))
			if err != nil {
				t.Fatal(err)
			}
			in4 := name.(*unix.SockaddrInet4)
			at = netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port))
		}); err != nil {
			t.Fatal(err)
		}
		return s, at
	}
	from, at := open()
	to, there := open()
	if from.segments.off.Load() {
		t.Skip("the kernel has no UDP_SEGMENT")
	}
	var list [][]byte
	for i := range 40 {
		list = append(list, bytes.Repeat([]byte{byte(i)}, 1300))
	}
	list[39] = list[39][:7]
	if err := from.SendBurst(list, there, 0x10); err != nil {
		t.Fatal(err)
	}
	ms := make([]Message, 8)
	for i := range ms {
		ms[i].Buf = make([]byte, 4000)
	}
	for i := 0; i < len(list); {
		n, err := to.Receive(ms)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms[:n] {
			if m.From != at || !bytes.Equal(m.Buf[:m.N], list[i]) {
				t.Fatalf("datagram %d: %d octets from %v", i, m.N, m.From)
			}
			i++
		}
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := from.SendBurst(list, there, 0); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a burst", n)
	}
	if err := from.SendBurst([][]byte{make([]byte, 65500), make([]byte, 65500)}, there, 0); err == nil {
		t.Error("a burst that is too long has been sent")
	}
	if from.segments.off.Load() {
		t.Error("one burst that is too long ends all bursts")
	}
}
