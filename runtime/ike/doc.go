// Package ike negotiates keys: IKEv1 (RFC 2407, 2408, 2409) as a PIX 6.3 speaks it, both as responder and as initiator, with
// XAUTH, mode config, NAT traversal and dead peer detection (commands-vpn-aaa-show.md section 2).
//
// What goes in: a compiler.Plan, datagrams, the time, answers of AAA servers. What comes out: effects (datagrams to send,
// security associations to install and remove, users to check, messages to log) and snapshots for the console.
//
//	m := ike.New(plan, ike.Options{Clock: clock, Rand: rand.Reader})
//	for _, e := range m.Receive(datagram) {
//		switch e := e.(type) {
//		case ike.Send: ...
//		case ike.InstallSA: ...
//		}
//	}
//	at, ok := m.Next() // call m.Tick() then
//
// What always holds: a Machine does nothing by itself. It has no goroutine and no lock, opens nothing and waits for nothing, so
// its caller serializes the calls. The same calls with the same clock and randomness give the same effects. Bytes from outside
// are bounded in size, number and time before anything is kept of them; nobody makes it compute a Diffie-Hellman secret in main
// mode before having shown that it can be reached. Keys and passwords are in no event, log or snapshot.
package ike
