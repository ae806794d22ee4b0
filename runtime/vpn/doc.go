// Package vpn serves peers and clients of IPsec for a firewall on the kernel: it runs the IKE machine, the data plane and the
// questions to AAA servers beside a kernel engine, which does the rest.
//
// What goes in: a Plan, the devices and network namespace of the firewall. What comes out: a runtime.Engine that is a runtime.VPN
// as well.
//
//	f, err := vpn.New(vpn.Options{Kernel: kernel.Options{Devices: devices, Netns: path}})
//	diags, err := f.Apply(plan)
//	for _, sa := range f.IKESAs() { ... }
//	err = f.Close()
//
// What always holds: the IKE machine is called by one goroutine at a time. Nothing that one peer, client or server does makes another
// wait. Tables, queues and the number of questions under way are bounded. A Plan is taken as a whole or not at all, and tunnels live
// on where the next Plan still has them. A user for whom a server names or sends an access list is held to it by the engine, or does not get
// in. After Close the host is as it was.
//
// Beside each device with a crypto map there is a TUN device, its twin (nft.Twin). What came out of tunnels arrives on it, and is
// judged by the same rules as everything else; what may have to go into one is routed to it after translation.
package vpn
