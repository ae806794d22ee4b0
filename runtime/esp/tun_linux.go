package esp

import (
	"fmt"

	"golang.zx2c4.com/wireguard/tun"
)

// OpenTUN makes a TUN device in the network namespace of the calling thread. It is gone when it is closed.
func OpenTUN(name string, mtu int) (Device, error) {
	d, err := tun.CreateTUN(name, mtu)
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", name, err)
	}
	// Nobody asks for its events; the channel would fill up and stop those who write to it.
	go func() {
		for range d.Events() {
		}
	}()
	return d, nil
}
