// Package esp carries packets through tunnels: ESP (RFC 2406) and AH (RFC 2402) as a PIX 6.3 speaks them, in tunnel and transport
// mode, in IP or in UDP (RFC 3948).
//
// What goes in: pairs of security associations, crypto maps as a Policy, packets of a Device (a TUN device) and of sockets. What
// comes out: protected packets by a Sender, what tunnels carried on the Device; tunnels that are wanted, limits that are reached
// and packets that are refused, to a Sink.
//
//	e := esp.New(esp.Options{Sink: sink})
//	e.SetPolicy(0, policy)
//	err := e.Install(pair)
//	port := e.NewPort(0, local, 1500, tun, esp.Wire{Protected: raw, Clear: raw, Reply: raw})
//	go port.Outbound()
//	go port.Inbound(raw50)
//
// What always holds: a packet that came out of a tunnel was genuine, new, and one of those that the tunnel is for; everything else
// is counted and told of. A packet that the Policy wants protected never leaves in clear. Sequence numbers are never used twice.
// Packets leave in the order in which they came. A packet costs no allocation. Nothing that arrives makes the package panic or
// keep memory.
//
// Packets that are too long are cut before they are protected, or, where they must not be cut, answered with ICMP. The outer
// header takes TOS and DF from the inner one. Of IPv6 nothing is carried.
package esp
