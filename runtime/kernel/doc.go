// Package kernel is the Engine on Linux: a Plan becomes addresses, routes, settings, conntrack timers and one nftables
// table, in one network namespace.
//
// What goes in: Plans, and which device is which interface. What comes out: a firewall that forwards packets, the %PIX
// messages of what it denies (by nflog), hit counts, and tables read from the kernel.
//
// What always holds: the rules of a Plan are in force, all of them, before any packet is forwarded by it, and are read
// back and counted; when anything fails the Plan before it stays, and the error names the configuration line. What the
// kernel does otherwise than a PIX is a W5xx diagnostic of Apply. Close takes away what Apply brought.
//
// The whole namespace becomes the firewall: packets on devices that are no interface of the Plan are neither forwarded
// nor let in. Access lists are evaluated entry by entry, about 20 ns each.
//
// What cannot be done yet: users (the table is empty), IPsec, and the messages of connections being built and torn down.
//
//	e, err := kernel.New(kernel.Options{Devices: map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"}})
//	diags, err := e.Apply(plan)
package kernel
