package emulator

import (
	"encoding/binary"
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/dns"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// inspectionOf is how a connection to a port is inspected. DNS guard is always on.
func (e *Engine) inspectionOf(proto uint8, port uint16) inspect.Kind {
	if proto == ast.ProtoUDP && port == 53 {
		return inspect.DNS
	}
	for i := range e.derived.fixes {
		if x := &e.derived.fixes[i]; x.Proto == proto && x.Ports.Contains(port) {
			return x.Kind
		}
	}
	return inspect.None
}

// fixLine is the line of the inspection that a connection has, for traces: that of its port, else, of one that an inspection has opened,
// the first of its kind.
func (e *Engine) fixLine(c *conn) (line compiler.Line) {
	kind := c.kind
	if kind == inspect.H245 {
		kind = inspect.H225
	}
	for i := range e.derived.fixes {
		x := &e.derived.fixes[i]
		if x.Kind != kind {
			continue
		}
		if x.Ports.Contains(c.key[0].dport) {
			return e.plan.Fixups[x.Index].Line
		}
		if line.IsDefault() {
			line = e.plan.Fixups[x.Index].Line
		}
	}
	return line
}

// fixup is the first line of a protocol without ports of its own (dns, icmp, esp-ike), or nil.
func (e *Engine) fixup(protocol string) *compiler.Fixup {
	for i := range e.plan.Fixups {
		if x := &e.plan.Fixups[i]; x.Protocol == protocol {
			return x
		}
	}
	return nil
}

// inspect is step 12 for a packet of connection c that is about to leave as f.v.Out. It returns true when it drops it.
func (e *Engine) inspect(f *flight, c *conn, dir int) bool {
	switch {
	case c.kind == inspect.DNS:
		return e.inspectDNS(f, c, dir)
	case c.kind == inspect.None || len(f.pkt.Payload) == 0:
		return false
	case c.kind == inspect.PPTP:
		e.inspectPPTP(f, c, dir)
		return false
	}
	l := &e.look
	xl := c.xlateOf(dir)
	*l = inspect.Look{Kind: c.kind, PAT: xl != nil && xl.proto != 0, State: &c.looked, Dir: dir, Here: e.side(c, dir), There: e.side(c, 1-dir), Higher: dir == c.hi, First: !c.tcp.data[dir],
		Strict: c.kind == inspect.FTP && e.strictFTP(), User: c.name, Payload: f.pkt.Payload}
	l.Filters(e.plan.AAA.Filters, c.key[0].dport)
	e.looking.f, e.looking.c = f, c
	l.Do(&e.looking)
	switch {
	case l.Drop != "":
		f.drop(e, "INSPECT", l.Drop, nil, e.fixLine(c))
		return true
	case l.Out != nil:
		f.replace(l.Out)
	}
	return false
}

// xlateOf is the translation of the host that speaks in a direction; nil: static, exempt.
func (c *conn) xlateOf(dir int) *xlate {
	if dir == c.hi {
		return c.xl
	}
	return c.outer
}

// side is one end of a connection for inspections.
func (e *Engine) side(c *conn, dir int) inspect.Side {
	k := &c.key[dir]
	return inspect.Side{If: e.ifName(int(k.in)), Src: k.src, Dst: k.dst, SrcPort: k.sport, DstPort: k.dport}
}

// looking is the firewall around the connection that is being looked at.
type looking struct {
	e *Engine
	f *flight
	c *conn
}

// Open is that of inspect.Host.
func (x *looking) Open(_ *inspect.Look, d inspect.Door) (uint16, bool) { return x.e.expect(x.c, d) }

// Say is that of inspect.Host.
func (x *looking) Say(m runtime.Message) { x.e.emit(m) }

// Note is that of inspect.Host.
func (x *looking) Note(text string) { x.f.pass("INSPECT", text, x.e.fixLine(x.c)) }

// strictFTP reports whether the ftp inspection is strict.
func (e *Engine) strictFTP() bool {
	x := e.fixup("ftp")
	return x != nil && x.Sub == "strict"
}

// replace makes a changed payload the one that leaves.
func (f *flight) replace(payload []byte) {
	f.v.Out.Payload = payload
	if f.v.Out.Length > 0 {
		f.v.Out.Length += len(payload) - len(f.pkt.Payload)
	}
}

// maxQueries is how many DNS queries one pseudo-connection remembers.
const maxQueries = 64

// inspectDNS is the length limit of the dns fixup, and DNS guard, which is always on: one answer for each query id, and the
// connection ends with the last (semantics.md 1.3 and section 12, item 17).
func (e *Engine) inspectDNS(f *flight, c *conn, dir int) bool {
	c.dns = true
	p := &f.pkt
	if x := e.fixup("dns"); x != nil && x.MaxLength > 0 && p.Size() > x.MaxLength {
		limit := fmt.Sprintf("packet length check of %d", x.MaxLength)
		f.drop(e, "INSPECT", whyDNSLength, logs(syslog.New(410001, limit, p.Size())), x.Line)
		return true
	}
	if x := e.fixup("dns"); x != nil {
		if limit, actual := dns.BadName(p.Payload); limit != "" {
			f.drop(e, "INSPECT", whyDNSName, logs(syslog.New(410001, limit, actual)), x.Line)
			return true
		}
	}
	var id uint16
	if len(p.Payload) >= 2 {
		id = binary.BigEndian.Uint16(p.Payload)
	}
	if dir == 0 {
		if !slices.Contains(c.queries, id) && len(c.queries) < maxQueries {
			c.queries = append(c.queries, id)
		}
		return false
	}
	i := slices.Index(c.queries, id)
	if i < 0 {
		f.drop(e, "INSPECT", whyDNSGuard, nil)
		return true
	}
	c.queries = slices.Delete(c.queries, i, i+1)
	e.rewriteDNS(f)
	if len(c.queries) == 0 {
		f.pass("INSPECT", "DNS guard: the connection ends with its answer")
		e.teardown(c, "")
	}
	return false
}
