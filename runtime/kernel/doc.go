// Package kernel is the Engine on Linux: a Plan becomes addresses, routes, settings, conntrack timers and one nftables
// table, in one network namespace.
//
// What goes in: Plans, and which device is which interface. What comes out: a firewall that forwards packets, the %PIX
// messages of what it denies (by nflog), of connections and translations, hit counts,
// and tables.
//
// What always holds: the rules of a Plan are in force, all of them, before any packet is forwarded by it, and are read
// back and compared, every rule and every element; when anything fails the Plan before it stays, and the error names the configuration line. What the
// kernel does otherwise than a PIX is a W5xx diagnostic of Apply. Close takes away what Apply brought.
//
// The whole namespace becomes the firewall: packets on devices that are no interface of the Plan are neither forwarded
// nor let in. Access lists of up to 64 entries are
// evaluated entry by entry; longer ones are trees of lookups.
//
// Translations are those of a PIX: a host that has none waits in a packet queue until the engine has given it the lowest free
// address and told the kernel; conntrack's events say when connections begin and end, and with them translations. A plan that
// is applied takes over the translations that live. When the process dies, established connections, hosts with a translation
// and statics go on, other hosts are dropped; the next engine learns from the connections whose address is whose.
//
// Inspections are those of the emulator ([pixfw/runtime/inspect]): payloads of connections to the ports of a fixup wait in a queue until the
// process has looked at them. What they expect is let in once, through doors: elements of sets that the rules take out behind the
// first packet, and that end by themselves when the process is gone. Payloads pass unseen then.
//
// Tables are bounded ([Limits]). What does not fit, or was lost, is counted and said, once a minute (Options.Note).
//
// What falls short: PAT ports are chosen by Linux, within the class; addresses serve in order. Bytes of TCP connections count TCP options. Flags
// of connections are what conntrack's counters and states tell: an unusual option of TCP may look like data, a few octets of data like
// options, a repeated FIN like that of the other side, anything after a FIN like its acknowledgement. Of inspections they tell D alone.
// Connections that end by themselves are told of up to a second later. What a host begins itself beyond its limit of half-open connections is
// dropped, not answered.
//
// Tunnels are served beside it, by [pixfw/runtime/vpn].
//
//	e, err := kernel.New(kernel.Options{Devices: map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"}})
//	diags, err := e.Apply(plan)
package kernel
