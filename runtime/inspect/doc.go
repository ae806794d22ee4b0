// Package inspect is what a PIX reads in the payload of connections (`fixup protocol`, semantics.md section 7), for both engines: the
// emulator hands it every payload, the kernel engine those that the rules hold back for it.
//
// What goes in: a [Look], which is one payload of a connection with the two ends of it, and a [Host], which opens doors. What comes out:
// the payload that leaves, a reason to drop it, messages, and the doors that the host was asked to open.
//
//	look := inspect.Look{Kind: inspect.SMTP, State: &state, Here: client, There: server, Payload: []byte("EHLO a\r\n")}
//	look.Do(host)
//	// look.Out is "XXXX a\r\n"
//
// A message is taken to be whole in its packet, but for Mail Guard, which follows lines across packets. Only the host that speaks can
// have doors opened: its own, to the other end of the connection, and for media to the host that this has named.
//
// What always holds: what is remembered of a connection is of a fixed size; one payload opens [MostDoors] doors at most, and leaves a
// payload that is not longer than it was by more than what addresses and ports in it need. The payload itself is never changed.
package inspect
