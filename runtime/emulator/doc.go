// Package emulator is a PIX in pure Go: it is given packets and says, by the Plan and by what it remembers, what a PIX does
// with them. It needs no privileges; scenario files, the console's packet-tracer and tests run on it.
//
// What goes in: a compiler.Plan and packets. What comes out: verdicts, each with the trace of its decision, and syslog messages.
//
//	clock := runtime.NewVirtualClock(start)
//	e := emulator.New(clock)
//	e.Apply(plan)
//	v, err := e.Inject(runtime.Ingress{If: plan.IfByName("inside")}, packet)
//
// A packet goes through the pipeline of semantics.md section 0 in its order; each group of steps is a file: sanity and
// fragments (1-4), box (5), ipsec (5a, 5b, 14), unnat (6), conn (7, 11), access (8), uauth (9), translate and xlate (10),
// inspect (12), egress (13). What a step needs of the packet on its way is the flight.
//
// What always holds: the same packets at the same times give the same verdicts, messages and tables, in the same order. Tables
// are bounded. A packet of an established connection costs one map lookup and allocates nothing while tracing is off. Nothing
// is created for a packet that is dropped before its connection is built.
package emulator
