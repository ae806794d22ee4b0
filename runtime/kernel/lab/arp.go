package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
)

const (
	arpRequest = 1
	arpReply   = 2
	arpOctets  = 28 // of a packet about IPv4 on Ethernet
	arpWait    = 5 * time.Second
)

// Answers asks on interface i, as a host there would, who has an address, and reports whether the firewall answered. The firewall is asked
// for its own address next, which it always answers: when that answer is there, there will be no other.
func (l *Lab) Answers(i int, ip ast.IP) (answered bool, err error) {
	if i < 0 || i >= len(l.sides) || l.sides[i] == nil {
		return false, fmt.Errorf("no interface %d", i)
	}
	s, f := l.sides[i], &l.plan.Interfaces[i]
	from := slices.IndexFunc(s.Hosts, f.Net.Contains)
	if from < 0 {
		return false, fmt.Errorf("nobody is near interface %s", f.Name)
	}
	err = s.space.do(func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		const arp = unix.ETH_P_ARP<<8&0xff00 | unix.ETH_P_ARP>>8 // in network order
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, arp)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(arpWait / time.Second)}); err != nil {
			return err
		}
		all := &unix.SockaddrLinklayer{Protocol: arp, Ifindex: link.Attrs().Index, Halen: 6, Addr: [8]byte{255, 255, 255, 255, 255, 255}}
		for _, who := range [2]ast.IP{ip, f.Net.IP} {
			if err := unix.Sendto(fd, whoHas(link.Attrs().HardwareAddr, s.Hosts[from], who), 0, all); err != nil {
				return err
			}
		}
		for buf := make([]byte, 64); ; {
			n, _, err := unix.Recvfrom(fd, buf, 0)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return fmt.Errorf("%v answers nobody: %w", f.Net.IP, err)
			case n < arpOctets || binary.BigEndian.Uint16(buf[6:]) != arpReply:
				continue
			}
			switch ast.IP(binary.BigEndian.Uint32(buf[14:])) {
			case f.Net.IP:
				return nil
			case ip:
				answered = true
			}
		}
	})
	return answered || ip == f.Net.IP && err == nil, err
}

// whoHas is the packet of a host that asks for an address.
func whoHas(mac net.HardwareAddr, from, ip ast.IP) []byte {
	b := []byte{0, unix.ARPHRD_ETHER, unix.ETH_P_IP >> 8, unix.ETH_P_IP & 0xff, 6, 4, 0, arpRequest}
	b = binary.BigEndian.AppendUint32(append(b, mac...), uint32(from))
	return binary.BigEndian.AppendUint32(append(b, make([]byte, 6)...), uint32(ip))
}
