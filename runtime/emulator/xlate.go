package emulator

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// An xlate is a dynamic translation: of an address (proto 0), or of a port or ICMP id (PAT).
type xlate struct {
	realIf, mappedIf     int
	real, mapped         ast.IP
	proto                uint8
	realPort, mappedPort uint16
	identity             bool
	policy               string // access list of the policy NAT rule that made it
	maxConns, embryonic  int
	line                 compiler.Line
	conns                int
	created, used        time.Duration
	alarm                alarm
	seq                  uint64
	dead                 bool
}

type realKey struct {
	realIf, mappedIf int
	real             ast.IP
	proto            uint8
	port             uint16
	policy           string
}

type mappedKey struct {
	mappedIf int
	mapped   ast.IP
	proto    uint8
	port     uint16
}

// A poolKey is what numbers are allocated from: the addresses of a range, or the ports of one class of a PAT address.
type poolKey struct {
	mappedIf int
	first    ast.IP
	proto    uint8
	class    uint16 // lowest port; 0 with proto 0
}

// xlateTable holds the dynamic translations. low remembers below which number of a pool all are taken, so that "lowest free"
// need not start over each time.
type xlateTable struct {
	byReal   map[realKey]*xlate
	byMapped map[mappedKey]*xlate
	low      map[poolKey]uint32
	count    int
	most     int
	next     uint64
}

func newXlateTable() xlateTable {
	return xlateTable{make(map[realKey]*xlate), make(map[mappedKey]*xlate), make(map[poolKey]uint32), 0, 0, 0}
}

func (x *xlate) realKey() realKey {
	return realKey{x.realIf, x.mappedIf, x.real, x.proto, x.realPort, x.policy}
}
func (x *xlate) mappedKey() mappedKey { return mappedKey{x.mappedIf, x.mapped, x.proto, x.mappedPort} }

func (x *xlate) timeout(e *Engine) time.Duration {
	if x.proto != 0 {
		return e.plan.Timeouts.PATXlate
	}
	return e.plan.Timeouts.Xlate
}

func (x *xlate) deadline(e *Engine) time.Duration {
	d := x.timeout(e)
	if d <= 0 || x.conns > 0 {
		return never
	}
	return x.used + d
}

func (x *xlate) end(e *Engine) { e.dropXlate(x) }

// hold and release count the connections of a translation.
func (x *xlate) hold(e *Engine) {
	x.conns++
	e.disarm(&x.alarm)
}

func (x *xlate) release(e *Engine) {
	x.conns--
	x.used = e.now
	if x.conns == 0 && !x.dead {
		e.arm(&x.alarm, x)
	}
}

func (x *xlate) ends(e *Engine) (real, mapped syslog.End) {
	return syslog.End{If: e.ifName(x.realIf), IP: x.real, Port: x.realPort}, syslog.End{If: e.ifName(x.mappedIf), IP: x.mapped, Port: x.mappedPort}
}

func (e *Engine) addXlate(x *xlate) {
	t := &e.xlates
	t.next++
	x.seq, x.created, x.used = t.next, e.now, e.now
	t.byReal[x.realKey()], t.byMapped[x.mappedKey()] = x, x
	t.count++
	t.most = max(t.most, t.count)
	e.arm(&x.alarm, x)
	real, mapped := x.ends(e)
	e.emit(syslog.XlateBuilt(x.proto, false, real, mapped))
}

func (e *Engine) dropXlate(x *xlate) {
	if x.dead {
		return
	}
	x.dead = true
	t := &e.xlates
	if t.byReal[x.realKey()] == x {
		delete(t.byReal, x.realKey())
	}
	if t.byMapped[x.mappedKey()] == x {
		delete(t.byMapped, x.mappedKey())
	}
	t.count--
	e.disarm(&x.alarm)
	e.freed(x)
	real, mapped := x.ends(e)
	e.emit(syslog.XlateTeardown(x.proto, false, real, mapped, e.now-x.created))
}

// freed lowers the marks of the pools that x came from.
func (e *Engine) freed(x *xlate) {
	lower := func(k poolKey, n uint32) {
		if old, ok := e.xlates.low[k]; ok && n < old {
			e.xlates.low[k] = n
		}
	}
	if x.proto != 0 {
		lower(poolKey{x.mappedIf, x.mapped, x.proto, patClass(x.proto, x.mappedPort).Lo}, uint32(x.mappedPort))
		return
	}
	for i := range e.plan.NAT.Globals {
		if g := &e.plan.NAT.Globals[i]; g.If == x.mappedIf && !g.PAT && g.First <= x.mapped && x.mapped <= g.Last {
			lower(poolKey{g.If, g.First, 0, 0}, uint32(x.mapped))
		}
	}
}

// patClass is the range of ports that a port is translated into (semantics.md 3.4). ICMP ids are one class.
func patClass(proto uint8, port uint16) compiler.PortRange {
	switch {
	case proto == ast.ProtoICMP:
		return compiler.PortRange{Lo: 0, Hi: 65535}
	case port < 512:
		return compiler.PortRange{Lo: 1, Hi: 511}
	case port < 1024:
		return compiler.PortRange{Lo: 512, Hi: 1023}
	}
	return compiler.PortRange{Lo: 1024, Hi: 65535}
}

// freeAddress is the lowest free address of a range.
func (e *Engine) freeAddress(g *compiler.Global) (ast.IP, bool) {
	k := poolKey{g.If, g.First, 0, 0}
	from := g.First
	if low, ok := e.xlates.low[k]; ok && ast.IP(low) > from {
		from = ast.IP(low)
	}
	for ip := uint64(from); ip <= uint64(g.Last); ip++ {
		a := ast.IP(ip)
		if e.xlates.byMapped[mappedKey{g.If, a, 0, 0}] != nil || e.reserved(g, a) {
			continue
		}
		e.xlates.low[k] = uint32(ip)
		return a, true
	}
	return 0, false
}

// reserved addresses of a pool are never given out: network and broadcast of its netmask, the interface's own, those of statics.
func (e *Engine) reserved(g *compiler.Global, ip ast.IP) bool {
	if m := g.Netmask; m != 0 && m < ast.MaskOf(31) && (ip&^m == 0 || ip|m == ast.AllOnes) {
		return true
	}
	if e.plan.Interfaces[g.If].Net.IP == ip {
		return true
	}
	for i := range e.plan.NAT.Statics {
		if s := &e.plan.NAT.Statics[i]; s.MappedIf == g.If && s.Proto == 0 && s.ACL == compiler.None && s.MappedNet().Contains(ip) {
			return true
		}
	}
	return false
}

// freePort is the lowest free port of the class, or ICMP id.
func (e *Engine) freePort(in int, ip ast.IP, proto uint8, port uint16) (uint16, bool) {
	class := patClass(proto, port)
	k := poolKey{in, ip, proto, class.Lo}
	from := uint32(class.Lo)
	if low, ok := e.xlates.low[k]; ok && low > from {
		from = low
	}
	for n := from; n <= uint32(class.Hi); n++ {
		if e.xlates.byMapped[mappedKey{in, ip, proto, uint16(n)}] != nil || e.portStatic(in, ip, proto, uint16(n)) {
			continue
		}
		e.xlates.low[k] = n
		return uint16(n), true
	}
	return 0, false
}

// portStatic reports whether a static with ports has the mapped port.
func (e *Engine) portStatic(in int, ip ast.IP, proto uint8, port uint16) bool {
	for i := range e.plan.NAT.Statics {
		s := &e.plan.NAT.Statics[i]
		if s.MappedIf == in && s.Proto == proto && s.Mapped == ip && s.MappedPort == port {
			return true
		}
	}
	return false
}
