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
	identity, dns        bool
	policy               uint32 // access list of the policy NAT rule that made it, as policyID numbers it
	maxConns, embryonic  int
	line                 compiler.Line
	conns                int
	created, used        time.Duration
	alarm                alarm
	seq                  uint64
	dead                 bool
}

type realKey struct {
	real             ast.IP
	realIf, mappedIf uint16
	port, proto      uint16
	policy           uint32
}

type mappedKey struct {
	mapped         ast.IP
	mappedIf, port uint16
	proto          uint32
}

func mappedAt(in int, ip ast.IP, proto uint8, port uint16) mappedKey {
	return mappedKey{ip, uint16(in), port, uint32(proto)}
}

// xlateTable holds the dynamic translations.
type xlateTable struct {
	byReal   map[realKey]*xlate
	byMapped map[mappedKey]*xlate
	taken    map[takenKey]*taken
	policies map[string]uint32 // numbers of access lists, from 1, by name: they outlive a plan
	count    int
	most     int
	next     uint64
	spare    []*xlate
}

func newXlateTable() xlateTable {
	return xlateTable{byReal: make(map[realKey]*xlate), byMapped: make(map[mappedKey]*xlate), taken: make(map[takenKey]*taken),
		policies: make(map[string]uint32)}
}

// policyID numbers the access list of a policy NAT rule.
func (e *Engine) policyID(acl int) uint32 {
	t, id := &e.xlates, e.plan.ACLs[acl].ID
	n, ok := t.policies[id]
	if !ok {
		n = uint32(len(t.policies) + 1)
		t.policies[id] = n
	}
	return n
}

func (x *xlate) realKey() realKey {
	return realKey{x.real, uint16(x.realIf), uint16(x.mappedIf), x.realPort, uint16(x.proto), x.policy}
}
func (x *xlate) mappedKey() mappedKey { return mappedAt(x.mappedIf, x.mapped, x.proto, x.mappedPort) }

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

// addXlate puts a copy of a translation in force. Its idle time begins when somebody arms it, or its first connection ends.
func (e *Engine) addXlate(fresh *xlate) *xlate {
	t := &e.xlates
	var x *xlate
	if n := len(t.spare); n > 0 {
		x, t.spare = t.spare[n-1], t.spare[:n-1]
	} else {
		x = new(xlate)
	}
	*x = *fresh
	t.next++
	x.seq, x.created, x.used = t.next, e.now, e.now
	t.byReal[x.realKey()], t.byMapped[x.mappedKey()] = x, x
	t.take(x)
	t.count++
	t.most = max(t.most, t.count)
	real, mapped := x.ends(e)
	e.emit(syslog.XlateBuilt(x.proto, false, real, mapped))
	return x
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
		t.release(x)
	}
	t.count--
	e.disarm(&x.alarm)
	real, mapped := x.ends(e)
	e.emit(syslog.XlateTeardown(x.proto, false, real, mapped, e.now-x.created))
	if x.conns == 0 { // else a connection still looks at it
		t.spare = append(t.spare, x)
	}
}

// patClass is the range of ports that a port is translated into (semantics.md 3.4). ICMP ids are one class, and so are the call ids of GRE;
// ESP has nothing that could tell two hosts apart.
func patClass(proto uint8, port uint16) compiler.PortRange {
	switch {
	case proto == ast.ProtoICMP:
		return compiler.PortRange{Lo: 0, Hi: 65535}
	case proto == ast.ProtoGRE:
		return compiler.PortRange{Lo: 1, Hi: 65535}
	case proto == ast.ProtoESP:
		return compiler.PortRange{}
	case port < 512:
		return compiler.PortRange{Lo: 1, Hi: 511}
	case port < 1024:
		return compiler.PortRange{Lo: 512, Hi: 1023}
	}
	return compiler.PortRange{Lo: 1024, Hi: 65535}
}

// freeAddress is the lowest free address of a range.
func (e *Engine) freeAddress(g *compiler.Global) (ast.IP, bool) {
	for from, last := uint64(g.First), uint64(g.Last); from <= last; {
		part := from >> 16
		hi := min(last, part<<16|0xffff)
		n, ok := e.xlates.taken[takenKey{uint32(part), uint16(g.If), 0}].free(uint16(from), uint16(hi))
		if !ok {
			from = (part + 1) << 16
			continue
		}
		a := ast.IP(part<<16 | uint64(n))
		if e.xlates.byMapped[mappedAt(g.If, a, 0, 0)] == nil && !e.reserved(g, a) {
			return a, true
		}
		from = uint64(a) + 1
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
	statics := e.plan.NAT.Statics
	return e.derived.mapped.first(ip, tagOf(g.If), func(i int) bool { return statics[i].ACL == compiler.None }) >= 0
}

// freePort is the lowest free port of the class, or ICMP id.
func (e *Engine) freePort(in int, ip ast.IP, proto uint8, port uint16) (uint16, bool) {
	return e.freePortIn(in, ip, proto, patClass(proto, port))
}

func (e *Engine) freePortIn(in int, ip ast.IP, proto uint8, class compiler.PortRange) (uint16, bool) {
	t := e.xlates.taken[takenKey{uint32(ip), uint16(in), uint16(proto)}]
	for from := int(class.Lo); from <= int(class.Hi); {
		n, ok := t.free(uint16(from), class.Hi)
		if !ok {
			break
		}
		if !e.portStatic(in, ip, proto, n) {
			return n, true
		}
		from = int(n) + 1
	}
	return 0, false
}

// portStatic reports whether a static with ports has the mapped port.
func (e *Engine) portStatic(in int, ip ast.IP, proto uint8, port uint16) bool {
	return e.derived.mapped.first(ip, portTag(in, proto, port), always) >= 0
}

// translatedTo is a translation that lives to an address of an interface's subnet, for which the PIX answers ARP, whatever the lines say by
// now; nil: there is none.
func (e *Engine) translatedTo(in int, ip ast.IP) *xlate {
	if !e.plan.Interfaces[in].Net.Contains(ip) {
		return nil
	}
	if x := e.xlates.byMapped[mappedAt(in, ip, 0, 0)]; x != nil {
		if x.identity {
			return nil
		}
		return x
	}
	for _, proto := range []uint8{ast.ProtoTCP, ast.ProtoUDP, ast.ProtoICMP} {
		t := e.xlates.taken[takenKey{uint32(ip), uint16(in), uint16(proto)}]
		if n, ok := t.lowest(); ok {
			return e.xlates.byMapped[mappedAt(in, ip, proto, n)]
		}
	}
	return nil
}
