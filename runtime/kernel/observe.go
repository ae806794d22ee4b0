package kernel

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// An Observation is one thing that the kernel has told the engine about a packet, with the messages that it caused.
type Observation struct {
	If       int    // the interface where it arrived; None: not known
	Reason   string // why a rule has logged it ("106023:out"), or one of those below
	Packet   runtime.Packet
	Back     runtime.Packet // of a connection: one that answers
	Messages []runtime.Message
}

// Reasons of packets that no rule has logged.
const (
	Queued     = "queued"     // it waited for a translation
	Fragment   = "fragment"   // it was held to the limits of fragments
	Signature  = "signature"  // a signature of ip audit was looked for, and the packet has gone on
	Payload    = "payload"    // an inspection has looked at it, and it has gone on
	Beside     = "beside"     // what they say who work beside the engine; there is no packet
	Connection = "connection" // a connection has begun or ended; the packet has only the addresses and ports of its first one
)

// Settle waits until the engine has done with all that the kernel had told it, at most for limit; false: it has not. Packets that
// waited in the queue have gone on then.
func (e *Engine) Settle(limit time.Duration) bool {
	for end := time.Now().Add(limit); ; {
		// What the queue lets go causes logs and events, what is logged may end connections: each is looked at before what it causes.
		if !slices.ContainsFunc(e.queues(), func(q *socket) bool { return !q.quiet() }) && e.log.quiet() && e.event.quiet() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(20 * time.Microsecond)
	}
}

func (t *tuple) packet() runtime.Packet {
	p := runtime.Packet{Proto: t.proto, Src: t.src, Dst: t.dst, SrcPort: t.sport, DstPort: t.dport}
	if t.proto == ast.ProtoICMP {
		p.ICMPID, p.SrcPort, p.DstPort = t.sport, 0, 0
	}
	return p
}
