package emulator

import (
	"strconv"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// A flowKey is one direction of a connection, as its packets arrive on a wire.
type flowKey struct {
	src, dst     ast.IP
	sport, dport uint16
	in, proto    uint16 // 16 octets without holes: hashed at once
}

func flowAt(in int, proto uint8, src, dst ast.IP, sport, dport uint16) flowKey {
	return flowKey{src, dst, sport, dport, uint16(in), uint16(proto)}
}

func keyOf(f *flight) flowKey {
	p := &f.pkt
	return flowAt(f.in.If, p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort)
}

// A conn is one TCP or UDP connection. key[0] is the initiator's direction on the interface where it arrives, key[1] the
// responder's on the other: what leaves is the other direction's key turned round.
type conn struct {
	number     uint64
	proto      uint8
	key        [2]flowKey
	inbound    bool // as the messages name it; a child has that of its parent
	hi         int  // the direction that comes from the higher level
	created    time.Duration
	used       time.Duration
	bytes      uint64
	tcp        tcpState
	queries    []uint16 // DNS queries without answer
	dns        bool
	xl         *xlate // of the higher side's host; nil: static, exempt
	outer      *xlate // of the lower side's host: outside NAT
	host       *host
	user       *user
	name       string // of the user
	alarm      alarm
	expects    bool // has children
	kind       inspect.Kind
	media      inspect.Kind // of the connection that this one carries media for
	looked     inspect.State
	spliced    bool  // TCP intercept has the client, not yet the server
	prev, next *conn // of the same host
	dead       bool
}

// newConn and newHost take what ended before, so that flows that come and go leave no garbage.
func (e *Engine) newConn() *conn {
	n := len(e.spareConns)
	if n == 0 {
		return new(conn)
	}
	c := e.spareConns[n-1]
	e.spareConns = e.spareConns[:n-1]
	*c = conn{queries: c.queries[:0]}
	return c
}

func (e *Engine) newHost() *host {
	n := len(e.spareHosts)
	if n == 0 {
		return new(host)
	}
	h := e.spareHosts[n-1]
	e.spareHosts = e.spareHosts[:n-1]
	*h = host{}
	return h
}

// tcpState is what a connection has seen. Index 0 is the initiator.
type tcpState struct {
	isn      uint32
	next     [2]uint32 // highest number seen of either side, and one; 0: none
	synack   bool
	up       bool // handshake done
	fin      [2]bool
	finAcked [2]bool
	data     [2]bool
}

// A host is one host of the higher side, for the limits of its rule (show local-host).
type hostKey struct {
	ip ast.IP
	in uint32
}

type host struct {
	tcp, embryonic, udp int
	conns               *conn // newest first; only while somebody looks at them (Engine.siblings)
}

// join and part keep the list of a host's connections.
func (c *conn) join() {
	if c.next = c.host.conns; c.next != nil {
		c.next.prev = c
	}
	c.host.conns = c
}

func (c *conn) part() {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		c.host.conns = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

// keepSiblings begins or ends the lists of hosts' connections, which only `established` looks at: keeping them costs each new
// connection the memory of another.
func (e *Engine) keepSiblings(on bool) {
	if on == e.siblings {
		return
	}
	for _, c := range e.sortedConns() {
		if on {
			c.join()
		} else {
			c.part()
		}
	}
	e.siblings = on
}

// lookup is step 7: the connection of a packet, and which direction of it.
func (e *Engine) lookup(f *flight) (*conn, int) {
	if !f.pkt.HasPorts() {
		return nil, 0
	}
	k := keyOf(f)
	return e.conns.find(&k)
}

func (c *conn) timeout(e *Engine) (time.Duration, string) {
	t := &e.plan.Timeouts
	if c.proto == ast.ProtoUDP {
		switch c.media {
		case inspect.SIP:
			return t.SIPMedia, ""
		case inspect.H245:
			return t.H323, ""
		case inspect.MGCP:
			return t.MGCP, ""
		}
		switch c.key[0].dport {
		case 111:
			return t.RPC, ""
		case 5060:
			return t.SIP, ""
		case 1718, 1719:
			return t.H323, ""
		case 2427, 2727:
			return t.MGCP, ""
		}
		return t.UDP, ""
	}
	switch {
	case !c.tcp.up:
		return t.Embryonic, "SYN Timeout"
	case c.tcp.fin[0] && c.tcp.fin[1] && c.tcp.finAcked[0] && c.tcp.finAcked[1]:
		return 15 * time.Second, "TCP FINs" // sysopt connection timewait
	case c.tcp.fin[0] || c.tcp.fin[1]:
		return t.HalfClosed, "FIN Timeout"
	}
	switch c.key[0].dport {
	case 111:
		return t.RPC, "Conn-timeout"
	case 1720:
		return t.H225, "Conn-timeout"
	case 5060:
		return t.SIP, "Conn-timeout"
	}
	return t.Conn, "Conn-timeout"
}

func (c *conn) deadline(e *Engine) time.Duration {
	d, _ := c.timeout(e)
	if d <= 0 {
		return never
	}
	return c.used + d
}

func (c *conn) end(e *Engine) {
	_, reason := c.timeout(e)
	e.teardown(c, reason)
}

// describe is the connection for messages: the lower side is foreign, whoever began.
func (c *conn) describe(e *Engine) syslog.Connection {
	hi, lo := &c.key[c.hi], &c.key[1-c.hi]
	return syslog.Connection{
		Number: c.number, Proto: c.proto, Inbound: c.inbound, User: c.name,
		Foreign:       syslog.End{If: e.ifName(int(lo.in)), IP: lo.src, Port: lo.sport},
		ForeignMapped: syslog.End{IP: hi.dst, Port: hi.dport},
		Local:         syslog.End{If: e.ifName(int(hi.in)), IP: hi.src, Port: hi.sport},
		Global:        syslog.End{IP: lo.dst, Port: lo.dport},
	}
}

// limit is step 11: what the rule of the local host allows.
func (e *Engine) limit(f *flight) bool {
	if f.pkt.Proto != ast.ProtoTCP {
		return false
	}
	m := &f.src
	local, global := f.pkt.Src, f.src.ip
	in := f.in.If
	if f.inbound {
		local, global, in = f.un.ip, f.pkt.Dst, f.out
	}
	var conns, embryonic int
	kind := "xlate"
	switch {
	case f.inbound && f.un.st != nil:
		conns, embryonic, kind = f.un.st.MaxConns, f.un.st.Embryonic, "static"
	case f.inbound && f.un.xl != nil:
		conns, embryonic = f.un.xl.maxConns, f.un.xl.embryonic
	case !f.inbound:
		conns, embryonic = m.maxConns, m.embryonic
		if m.kind == mapStatic {
			kind = "static"
		}
	}
	if conns == 0 && embryonic == 0 {
		return false
	}
	h := e.hosts[hostKey{local, uint32(in)}]
	if h == nil {
		return false
	}
	if conns > 0 && h.tcp >= conns {
		f.drop(e, "HOST-LIMITS", whyConnLimit, logs(syslog.New(201002, kind, global, h.embryonic, h.tcp)), f.line)
		return true
	}
	if embryonic > 0 && h.embryonic >= embryonic && !f.answered {
		p := &f.pkt
		src := syslog.End{IP: p.Src, Port: p.SrcPort}
		e.emit(syslog.New(201003, h.embryonic, embryonic, src, global, syslog.End{IP: local, Port: f.un.port}, e.ifName(f.in.If)))
		e.intercept(f)
		return true
	}
	return false
}

// create builds the connection of a new flow, and the translations it needs.
func (e *Engine) create(f *flight) *conn {
	p, out := &f.pkt, &f.v.Out
	there := flowAt(f.out, p.Proto, out.Dst, out.Src, out.DstPort, out.SrcPort)
	if e.connCount >= e.limits.Conns {
		f.drop(e, "FLOW-CREATION", whyFull, logs(syslog.New(211001)))
		return nil
	}
	if c, _ := e.conns.find(&there); c != nil || there == keyOf(f) { // two rules that map to the same
		f.drop(e, "FLOW-CREATION", whyNAT, logs(syslog.New(305006, "regular", e.wire(f))))
		return nil
	}
	e.nextConn++
	c := e.newConn()
	c.number, c.proto, c.key, c.inbound, c.created, c.used = e.nextConn, p.Proto, [2]flowKey{keyOf(f), there}, f.inbound, e.now, e.now
	if f.inbound {
		c.hi = 1
	}
	if c.kind = e.inspectionOf(c.proto, c.key[0].dport); f.child != nil {
		c.inbound, c.kind, c.media = f.child.inbound, f.child.kind, f.child.parent.kind
	}
	var real *xlate
	if real = f.src.commit(e); f.inbound {
		c.outer, c.xl = real, f.un.xl
	} else {
		c.xl, c.outer = real, f.un.xl
	}
	for _, x := range [2]*xlate{c.xl, c.outer} {
		if x != nil {
			x.hold(e)
		}
	}
	c.bytes = uint64(p.Size())
	c.tcp.isn = p.Seq
	c.tcp.advance(0, p)
	if f.user != nil {
		c.user, c.name = f.user, f.user.name
		f.user.conns++
	}
	k := hostKey{c.key[c.hi].src, uint32(c.key[c.hi].in)}
	if c.host = e.hosts[k]; c.host == nil {
		c.host = e.newHost()
		e.hosts[k] = c.host
	}
	if e.siblings {
		c.join()
	}
	if c.proto == ast.ProtoTCP {
		c.host.tcp++
		c.host.embryonic++
	} else {
		c.host.udp++
	}
	e.conns.add(c)
	e.connCount++
	e.connMost = max(e.connMost, e.connCount)
	e.arm(&c.alarm, c)
	d := c.describe(e)
	e.emit(e.texts.Built(&d))
	if f.trace {
		f.pass("FLOW-CREATION", "connection "+itoa(c.number))
	}
	return c
}

// teardown ends a connection; its translations' idle time begins.
func (e *Engine) teardown(c *conn, reason string) {
	if c.dead {
		return
	}
	c.dead = true
	e.conns.remove(c)
	e.connCount--
	e.disarm(&c.alarm)
	if e.siblings {
		c.part()
	}
	if c.proto == ast.ProtoTCP {
		c.host.tcp--
		if !c.tcp.up {
			c.host.embryonic--
		}
	} else {
		c.host.udp--
	}
	if *c.host == (host{}) {
		delete(e.hosts, hostKey{c.key[c.hi].src, uint32(c.key[c.hi].in)})
		e.spareHosts = append(e.spareHosts, c.host)
	}
	if u := c.user; u != nil {
		u.conns--
		u.idle = e.now
		if u.conns == 0 {
			e.arm(&u.alarm, u)
		}
	}
	for _, x := range [2]*xlate{c.xl, c.outer} {
		if x != nil {
			x.release(e)
		}
	}
	if c.expects {
		e.orphan(c)
	}
	d := c.describe(e)
	e.emit(e.texts.Teardown(&d, e.now-c.created, c.bytes, reason))
	e.spareConns = append(e.spareConns, c)
}

// tcpRefuses drops a SYN that would begin another connection in the place of this one (semantics.md 1.2): one with another number than
// the first, or one of the responder, after he has answered.
func (e *Engine) tcpRefuses(f *flight, c *conn, dir int) bool {
	p := &f.pkt
	if c.tcp.outside(dir, p) {
		f.drop(e, "FLOW-LOOKUP", whyWindow, nil)
		return true
	}
	if p.Flags&(runtime.SYN|runtime.ACK) != runtime.SYN {
		return false
	}
	if dir == 1 {
		if c.tcp.synack {
			f.drop(e, "FLOW-LOOKUP", whyISN, nil)
		}
		return c.tcp.synack
	}
	if p.Seq != 0 && c.tcp.isn != 0 && p.Seq != c.tcp.isn {
		f.drop(e, "FLOW-LOOKUP", whyISN, nil)
		return true
	}
	return false
}

// greetsAgain reports whether a segment of the handshake is sent once more. That does not renew the time that the handshake has
// (semantics.md 1.2: two minutes for the handshake), nor does it on Linux: a port would be held for as long as somebody asks.
func (c *conn) greetsAgain(dir int, p *runtime.Packet) bool {
	return c.proto == ast.ProtoTCP && !c.tcp.up && p.Flags&runtime.SYN != 0 && (dir == 0 || c.tcp.synack)
}

// window is how far from what was seen last a number may be. The check is lenient: it stops what is blindly made up, and leaves
// what windows hosts have agreed on to them.
const window = 1 << 24

// outside reports whether a segment's number cannot belong to the connection (semantics.md 1.2). Packets without numbers pass.
func (t *tcpState) outside(dir int, p *runtime.Packet) bool {
	if p.Seq == 0 || t.next[dir] == 0 {
		return false
	}
	d := int32(p.Seq - t.next[dir])
	return d > window || d < -window
}

func (t *tcpState) advance(dir int, p *runtime.Packet) {
	if p.Seq == 0 {
		return
	}
	end := p.Seq + uint32(p.Size())
	if p.Flags&(runtime.SYN|runtime.FIN) != 0 {
		end++
	}
	if t.next[dir] == 0 || int32(end-t.next[dir]) > 0 {
		t.next[dir] = end
	}
}

// tcpSegment moves the state on after a segment has passed.
func (e *Engine) tcpSegment(c *conn, dir int, p *runtime.Packet) {
	t := &c.tcp
	const synack = runtime.SYN | runtime.ACK
	t.advance(dir, p)
	if p.Flags&runtime.RST != 0 {
		reason := "TCP Reset-O"
		if dir == c.hi {
			reason = "TCP Reset-I"
		}
		e.teardown(c, reason)
		return
	}
	switch {
	case dir == 1 && p.Flags&synack == synack:
		t.synack = true
	case dir == 0 && !t.up && t.synack && p.Flags&runtime.ACK != 0:
		t.up = true
		c.host.embryonic--
		e.arm(&c.alarm, c)
	}
	if p.Size() > 0 {
		t.data[dir] = true
	}
	if p.Flags&runtime.ACK != 0 && t.fin[1-dir] {
		t.finAcked[1-dir] = true
	}
	if p.Flags&runtime.FIN != 0 && !t.fin[dir] {
		t.fin[dir] = true
		e.arm(&c.alarm, c)
	}
	if t.finAcked[0] && t.finAcked[1] {
		if e.plan.Sysopt.Timewait {
			e.arm(&c.alarm, c)
			return
		}
		e.teardown(c, "TCP FINs")
	}
}

// flags are those of show conn (commands-vpn-aaa-show.md 4.5).
func (c *conn) flags() string {
	if c.proto == ast.ProtoUDP {
		if c.dns {
			return "D"
		}
		return ""
	}
	t := &c.tcp
	lo := 1 - c.hi
	var b []byte
	add := func(on bool, flag byte) {
		if on {
			b = append(b, flag)
		}
	}
	begun := c.hi == 1 // by the lower side
	add(t.up, 'U')
	if !t.up {
		add(begun && !t.synack, 'S')
		add(!begun && !t.synack, 's')
		add(begun || !t.synack, 'a')
		add(!begun || !t.synack, 'A')
	}
	add(t.fin[c.hi], 'f')
	add(t.fin[lo], 'F')
	add(t.finAcked[lo], 'r')
	add(t.finAcked[c.hi], 'R')
	add(t.data[lo], 'I')
	add(t.data[c.hi], 'O')
	add(begun, 'B')
	return string(b)
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
