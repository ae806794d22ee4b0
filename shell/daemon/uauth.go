package daemon

import (
	"net"

	"pixfw/compiler/nft"
	"pixfw/runtime/kernel"
	"pixfw/runtime/uauth"
)

// listenUsers answers where users log in on the way. Without it their connections are reset: nothing opens.
func (d *Daemon) listenUsers() {
	listen := func(network, address string) (l net.Listener, err error) {
		err = kernel.Within(d.o.Netns, func() (err error) {
			l, err = net.Listen(network, address)
			return err
		})
		return l, err
	}
	ports := map[uauth.Service]uint16{uauth.FTP: nft.LoginPort(21), uauth.Telnet: nft.LoginPort(23), uauth.HTTP: nft.LoginPort(80), uauth.HTTPS: nft.LoginPort(443)}
	var err error
	if d.users, err = uauth.Listen(listen, ports, uauth.Limits{}); err != nil {
		d.o.Note(err.Error() + ": connections of users who have to log in are reset")
	}
}
