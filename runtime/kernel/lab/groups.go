package lab

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// groups are those of the link that programs on a firewall join: all routers, OSPF (two), RIP, IGMP version 3 (RFC 5771 4).
var groups = [][4]byte{{224, 0, 0, 2}, {224, 0, 0, 5}, {224, 0, 0, 6}, {224, 0, 0, 9}, {224, 0, 0, 22}}

// join makes the firewall a member of the groups on every device, as the programs would that speak to them: without a member the
// kernel drops their packets before it asks who may talk to the box. Nothing of it is said on the wire. It runs in the namespace of
// the firewall.
func (r *Rig) join() error {
	if err := os.WriteFile("/proc/sys/net/ipv4/igmp_link_local_mcast_reports", []byte("0"), 0); err != nil {
		return err
	}
	for link := range r.near {
		// A socket each: there is a limit of groups to one.
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		r.members = append(r.members, s)
		for _, g := range groups {
			if err := unix.SetsockoptIPMreqn(s, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: g, Ifindex: int32(link)}); err != nil {
				return fmt.Errorf("join a group: %w", err)
			}
		}
	}
	return nil
}

// leave ends the memberships.
func (r *Rig) leave() (err error) {
	for _, s := range r.members {
		err = errors.Join(err, unix.Close(s))
	}
	r.members = nil
	return err
}
