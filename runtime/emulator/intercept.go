package emulator

import (
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// An intercept is a SYN that the firewall has answered for a server with too many half-open connections (TCP intercept,
// semantics.md 3.4). A PIX keeps nothing and recognises its cookie; here the cookie is checked where packets have numbers, and a
// bounded table stands in for it where they have none.
type intercept struct {
	key    flowKey
	isn    uint32
	since  time.Duration
	alarm  alarm
	cookie uint32
}

func (i *intercept) deadline(e *Engine) time.Duration { return i.since + e.plan.Timeouts.Embryonic }
func (i *intercept) end(e *Engine)                    { delete(e.intercepts, i.key) }

// intercept answers a SYN: what goes back to the client is the SYN ACK of the server, with the cookie for a number.
func (e *Engine) intercept(f *flight) {
	p := &f.pkt
	k := keyOf(f)
	i := e.intercepts[k]
	switch {
	case i != nil && i.isn == p.Seq: // once more
	case i == nil && len(e.intercepts) >= e.limits.Intercepts:
		f.drop(e, "HOST-LIMITS", whyFull, logs(syslog.New(211001)), f.line)
		return
	default:
		if i != nil {
			e.disarm(&i.alarm)
		}
		i = &intercept{key: k, isn: p.Seq, since: e.now, cookie: e.conns.hash(&k) ^ p.Seq}
		e.intercepts[k] = i
		e.arm(&i.alarm, i)
	}
	f.pass("HOST-LIMITS", "embryonic limit reached: TCP intercept answers", f.line)
	f.take(runtime.SynProxy)
	f.v.Out = runtime.Packet{Proto: ast.ProtoTCP, Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort,
		Flags: runtime.SYN | runtime.ACK, Seq: i.cookie, Ack: p.Seq + 1}
}

// intercepted turns the ACK that ends an intercepted handshake into the SYN with which the firewall calls the server; the packet
// then goes the way of any new connection, but for the limit.
func (e *Engine) intercepted(f *flight) bool {
	p := &f.pkt
	if len(e.intercepts) == 0 || p.Flags&(runtime.SYN|runtime.ACK|runtime.RST|runtime.FIN) != runtime.ACK {
		return false
	}
	i := e.intercepts[keyOf(f)]
	if i == nil || p.Ack != 0 && p.Ack != i.cookie+1 {
		return false
	}
	e.disarm(&i.alarm)
	delete(e.intercepts, i.key)
	p.Flags, p.Seq, p.Ack, p.Payload, p.Length = runtime.SYN, i.isn, 0, nil, 0
	f.answered = true
	f.pass("FLOW-LOOKUP", "the client has answered TCP intercept: the server is called")
	return true
}

// spliced is a segment of a connection whose handshake with the client is over before that with the server. It returns true when
// the segment goes no further.
func (e *Engine) spliced(f *flight, c *conn, dir int) bool {
	p := &f.pkt
	if p.Flags&runtime.RST != 0 {
		return false
	}
	if dir == 1 && p.Flags&(runtime.SYN|runtime.ACK) == runtime.SYN|runtime.ACK {
		c.spliced = false
		c.tcp.synack, c.tcp.up = true, true
		c.host.embryonic--
		c.used = e.now
		e.arm(&c.alarm, c)
		f.pass("HOST-LIMITS", "TCP intercept: both sides are up")
		f.take(runtime.SynProxy)
		f.v.Out = runtime.Packet{Proto: ast.ProtoTCP, Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort,
			Flags: runtime.ACK, Seq: c.tcp.isn + 1, Ack: p.Seq + 1}
		return true
	}
	f.drop(e, "FLOW-LOOKUP", whySplice, nil)
	return true
}
