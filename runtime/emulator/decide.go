package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// decide is the pipeline of semantics.md section 0 for the packet in e.flight.pkt. Each step returns true when it has ended
// the flight.
func (e *Engine) decide(in runtime.Ingress, trace bool) {
	f := &e.flight
	f.in, f.trace = in, trace
	f.v = runtime.Verdict{Egress: compiler.None}
	f.out, f.user, f.child = compiler.None, nil, nil
	e.collected = &f.v.Logs
	e.walk(f)
	e.collected = nil
	f.v.Out.MAC = [6]byte{} // of the frame that it came in
	if f.v.Action == runtime.Forward || f.v.Action == runtime.Encrypt {
		c := &e.counters[f.v.Egress]
		c.OutPackets++
		c.OutBytes += uint64(20 + runtime.HeaderSize(f.v.Out.Proto) + f.v.Out.Size())
	}
}

func (e *Engine) walk(f *flight) {
	if e.plan == nil {
		f.drop(e, "INPUT", whyNoPlan, nil)
		return
	}
	if e.down(f, f.in.If, "INPUT") {
		return
	}
	if f.in.Tunnel {
		if e.fromTunnel(f) {
			return
		}
	} else {
		c := &e.counters[f.in.If]
		c.InPackets++
		c.InBytes += uint64(20 + runtime.HeaderSize(f.pkt.Proto) + f.pkt.Size())
		if len(e.plan.Audit) > 0 && e.audit(f) || e.sanity(f) || f.pkt.Fragment && e.reassemble(f) || e.shunned(f) {
			return
		}
	}
	if e.plan.Sysopt.PLCompatible && e.whole(f) {
		return
	}
	if c, dir := e.lookup(f); c != nil {
		e.established(f, c, dir)
		return
	}
	f.inbound, f.un, f.src, f.line, f.answered = false, unnat{}, mapping{}, compiler.Line{}, false
	f.pass("FLOW-LOOKUP", "no connection: a new flow")
	if !f.in.Tunnel && e.reversePath(f) {
		return
	}
	if e.toTheBox(f) || !f.in.Tunnel && e.clearText(f) {
		return
	}
	e.unNAT(f)
	if e.routeOut(f) || !e.intercepted(f) && e.needsSYN(f) {
		return
	}
	if f.child = e.expected(f); f.child != nil {
		f.pass("INSPECT", "expected by the inspection of another connection")
	} else if e.access(f) || e.authenticate(f) {
		return
	}
	if e.translate(f) || e.limit(f) {
		return
	}
	e.depart(f)
}

// down drops what comes by or goes to an interface that is shut down, or has no address.
func (e *Engine) down(f *flight, i int, phase string) bool {
	line, down := e.plan.Interfaces[i].DownBy()
	if down {
		f.drop(e, phase, whyInterface, nil, line)
	}
	return down
}

// depart is the end of a new flow: rewrite, look at egress and crypto map, and only then create what it needs.
func (e *Engine) depart(f *flight) {
	out := f.pkt
	out.Src = f.src.ip
	out.Dst = f.un.ip
	if out.HasPorts() {
		out.SrcPort, out.DstPort = f.src.port, f.un.port
	} else if out.Proto == ast.ProtoICMP {
		if f.src.pat {
			out.ICMPID = f.src.port
		}
		if f.un.pat {
			out.ICMPID = f.un.port
		}
		out.About = e.rewriteAbout(f)
	}
	f.v.Out, f.v.Egress = out, f.out
	peer, encrypted, ended := e.crypto(f)
	if ended || !encrypted && e.adjacency(f) {
		return
	}
	var c *conn
	if out.HasPorts() {
		if c = e.create(f); c == nil {
			return
		}
	} else {
		e.useXlates(f)
		f.rewriteCall()
	}
	if c != nil && c.proto == ast.ProtoTCP {
		c.spliced = f.answered
		e.clampMSS(f)
	}
	if c != nil && e.inspect(f, c, 0) {
		return
	}
	e.leave(f, peer, encrypted)
}

func (e *Engine) leave(f *flight, peer ast.IP, encrypted bool) {
	f.v.Action = runtime.Forward
	if encrypted {
		f.v.Action, f.v.Peer = runtime.Encrypt, peer
	}
}

// established forwards a packet of a connection: no access list, no authentication, no limits (step 7).
func (e *Engine) established(f *flight, c *conn, dir int) {
	if !f.in.Tunnel && e.clearText(f) {
		return
	}
	back := &c.key[1-dir]
	f.out = int(back.in)
	if f.trace {
		f.pass("FLOW-LOOKUP", "connection "+itoa(c.number))
	}
	if e.down(f, f.out, "ROUTE-LOOKUP") {
		return
	}
	if c.proto == ast.ProtoTCP && (e.tcpRefuses(f, c, dir) || c.spliced && e.spliced(f, c, dir)) {
		return
	}
	out := &f.v.Out
	*out = f.pkt
	out.Src, out.SrcPort = back.dst, back.dport
	out.Dst, out.DstPort = back.src, back.sport
	f.v.Egress = f.out
	peer, encrypted, ended := e.crypto(f)
	if i := &e.plan.Interfaces[f.out]; !ended && !encrypted && out.Dst == i.Net.IP { // its address was another's when the connection began
		f.drop(e, "ADJACENCY", whyAdjacency, nil, i.AddrLine)
		ended = true
	}
	if ended {
		f.v.Out = runtime.Packet{}
		return
	}
	if !c.greetsAgain(dir, &f.pkt) {
		c.used = e.now
	}
	c.bytes += uint64(f.pkt.Size())
	if f.pkt.Flags&runtime.SYN != 0 {
		e.clampMSS(f)
	}
	if e.inspect(f, c, dir) {
		return
	}
	e.leave(f, peer, encrypted)
	if c.proto == ast.ProtoTCP {
		e.tcpSegment(c, dir, &f.pkt)
	}
}

// needsSYN is step 7a: only a bare SYN opens a TCP connection.
func (e *Engine) needsSYN(f *flight) bool {
	const handshake = runtime.FIN | runtime.SYN | runtime.RST | runtime.ACK
	if f.pkt.Proto != ast.ProtoTCP || f.pkt.Flags&handshake == runtime.SYN {
		return false
	}
	e.hangsUp(f)
	f.drop(e, "FLOW-LOOKUP", whyNotSYN, logs(syslog.Deny106015(e.wire(f), f.pkt.Flags)))
	return true
}
