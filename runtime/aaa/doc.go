// Package aaa asks the servers of `aaa-server` groups, or the user table of the box, who somebody is, what he may do, and tells
// them what he did (commands-vpn-aaa-show.md sections 1.9, 5.2 to 5.5).
//
// What goes in: the Plan, a group by its index in Plan.AAAGroups, a Request or a Record. What comes out: a Result; events for
// the log and for `debug`; the state of every server.
//
//	c := aaa.New(plan, aaa.Options{Emit: sink})
//	r := c.Authenticate(ctx, group, aaa.Request{User: "cisco", Password: pw, Client: addr, Flow: &flow})
//	if r.Outcome == aaa.Pass { ... r.Restricted, r.ACL, r.List, r.Idle, r.Class ... }
//
// Calls block until there is an answer, the servers of the group have used up their tries, or the context ends. Any number of
// goroutines may call; no more than Options.MaxInFlight ask servers of one group at a time, the others wait.
//
// What always holds:
//
//   - Servers are asked in the order of the configuration. One that has not answered MaxFailed times counts as dead for the
//     Deadtime of its group and is passed over, unless all are dead: then LOCAL is asked where the caller allows it, else all
//     are tried again.
//   - Only an answer proven by the server's key counts. Others are counted, said to `debug`, and waited past.
//   - A password or key is in no error, event, or result. Names go into events with everything unprintable replaced.
//   - An answer that speaks of an access list is Restricted, whatever became of the list: who lets the user in has to enforce it.
//   - Every answer, list, and wait is bounded.
package aaa
