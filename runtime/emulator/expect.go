package emulator

import (
	"cmp"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// A child is a connection that an inspection expects (semantics.md 2.7): it passes access lists and authentication.
type childKey struct {
	in       int
	proto    uint8
	src, dst ast.IP
	dport    uint16 // GRE: the call id
}

type child struct {
	parent  *conn
	inbound bool
	un      unnat
	kind    inspect.Kind // of the connection that comes of it
	stays   bool         // has no connection, so it serves every packet
	call    *call        // of PPTP, whose GRE it is; nil: none that has been answered
}

// A call of PPTP has a child for each direction.
type call struct {
	number             uint16 // as the server knows it
	began              time.Duration
	bytes              uint64
	foreign, seen      syslog.End // the lower side, and how the higher knows it
	local, localMapped syslog.End
}

// ended is the message about a call whose control connection has ended.
func (c *call) ended(e *Engine) {
	e.emit(syslog.New(302018, int(c.number), c.foreign, c.seen, c.local, c.localMapped, ast.HMS(e.now-c.began), c.bytes, ""))
}

// expected is the child of a packet, which it uses up, with its translation.
func (e *Engine) expected(f *flight) *child {
	if len(e.children) == 0 {
		return nil
	}
	k := childOf(f)
	c := e.children[k]
	if c != nil && !c.stays {
		delete(e.children, k)
	}
	if c != nil && c.call != nil {
		c.call.bytes += uint64(f.pkt.Size())
	}
	return c
}

func childOf(f *flight) childKey {
	p := &f.pkt
	k := childKey{f.in.If, p.Proto, p.Src, p.Dst, p.DstPort}
	if p.Proto == ast.ProtoGRE {
		k.dport = callOf(p.Payload)
	}
	return k
}

// unChild un-NATs the destination of an expected connection.
func (e *Engine) unChild(f *flight) bool {
	if len(e.children) == 0 {
		return false
	}
	c := e.children[childOf(f)]
	if c == nil || c.un.out == compiler.None {
		return false
	}
	f.un = c.un
	return true
}

// orphan forgets what a connection that ends still expects.
func (e *Engine) orphan(c *conn) {
	var calls []*call
	for k, ch := range e.children {
		if ch.parent == c {
			delete(e.children, k)
			if ch.call != nil && !slices.Contains(calls, ch.call) {
				calls = append(calls, ch.call)
			}
		}
	}
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Or(cmp.Compare(a.began, b.began), cmp.Compare(a.number, b.number)) })
	for _, x := range calls {
		x.ended(e)
	}
}

// expect opens a door: it is the port by which the other side knows it, which is another than the speaker's behind PAT, and
// whether there was room. Only the host that speaks can have doors opened, and only its own.
func (e *Engine) expect(c *conn, d inspect.Door) (seen uint16, ok bool) {
	n := 1
	if d.Pair {
		n = 2
	}
	if d.Pair && d.Port == 65535 {
		return d.Port, false
	}
	if len(e.children)+n > e.limits.Children {
		e.emit(syslog.New(211001))
		return d.Port, false
	}
	here, there := &c.key[d.Dir], &c.key[1-d.Dir]
	un := unnat{kind: unLive, ip: here.src, out: int(here.in), xl: c.xlateOf(d.Dir)}
	if d.From == 0 {
		d.From = there.src
	}
	seen = d.Port
	var doors [2]*xlate
	if x := un.xl; x != nil && x.proto != 0 {
		if doors, ok = e.portsBehind(x, d.Proto, d.Port, n); !ok {
			return d.Port, false
		}
		seen = doors[0].mappedPort
	}
	c.expects = true
	for i := range n {
		un.port = d.Port + uint16(i)
		if doors[i] != nil {
			un.xl = doors[i]
		}
		e.children[childKey{int(there.in), d.Proto, d.From, there.dst, seen + uint16(i)}] =
			&child{parent: c, inbound: c.inbound, un: un, kind: d.Kind, stays: d.Stays}
	}
	return seen, true
}

// portsBehind translates n ports of the host behind a PAT xlate that follow each other into as many, of which the first is even
// when there are two.
func (e *Engine) portsBehind(x *xlate, proto uint8, port uint16, n int) (out [2]*xlate, ok bool) {
	key := realKey{x.real, uint16(x.realIf), uint16(x.mappedIf), port, uint16(proto), x.policy}
	for i := range n {
		out[i] = e.xlates.byReal[key]
		key.port++
	}
	if out[0] != nil && (n == 1 || out[1] != nil && out[1].mappedPort == out[0].mappedPort+1) {
		return out, true
	}
	if out[0] != nil || out[1] != nil {
		return out, false
	}
	if e.xlates.count+n > e.limits.Xlates {
		e.emit(syslog.New(202001))
		return out, false
	}
	class := patClass(proto, port)
	for {
		at, ok := e.freePortIn(x.mappedIf, x.mapped, proto, class)
		if !ok {
			return out, false
		}
		good := n == 1
		if !good && at%2 == 0 && at < class.Hi {
			next, ok := e.freePortIn(x.mappedIf, x.mapped, proto, compiler.PortRange{Lo: at + 1, Hi: class.Hi})
			good = ok && next == at+1
		}
		if good {
			return e.addPorts(x, proto, port, at, n), true
		}
		if class.Lo = at + 1; at == class.Hi {
			return out, false
		}
	}
}

func (e *Engine) addPorts(x *xlate, proto uint8, port, seen uint16, n int) (out [2]*xlate) {
	for i := range n {
		out[i] = e.addXlate(&xlate{realIf: x.realIf, mappedIf: x.mappedIf, real: x.real, mapped: x.mapped, proto: proto,
			realPort: port + uint16(i), mappedPort: seen + uint16(i), policy: x.policy, line: x.line})
		e.arm(&out[i].alarm, out[i])
	}
	return out
}
