// Package daemon is the firewall as a service of a host: the kernel engine on the host's interfaces, and the consoles to it.
//
// What goes in: a configuration, which device is which interface, and a directory for what must survive the process. What
// comes out: a firewall that runs until Close, and the host as it was after that.
//
// What always holds: one firewall in one network namespace; the host's own state is on the disk before it is changed; with
// Confirm the host goes back unless somebody says in time that it still can be reached. When the process dies the rules stay:
// established connections and statics go on, nothing opens, and the next Start takes over where it was.
//
//	d, err := daemon.Start(daemon.Options{Text: text, Devices: map[string]string{"ethernet0": "eth0"}, State: "/var/lib/pixfw"})
//	defer d.Close()
//	err = d.Wait(ctx)
package daemon
