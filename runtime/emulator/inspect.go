package emulator

import (
	"encoding/binary"
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/dns"
	"pixfw/runtime/syslog"
)

// An inspection is what a connection's payload is looked at as: chosen by its port when it begins, or by the inspection that
// expected it (semantics.md section 7).
type inspection uint8

const (
	inspectNone inspection = iota
	inspectDNS
	inspectFTP
	inspectH225
	inspectH245
	inspectHTTP
	inspectMGCP
	inspectPPTP
	inspectRAS
	inspectRSH
	inspectRTSP
	inspectSIP
	inspectSkinny
	inspectSMTP
	inspectSQLNet
	inspectTFTP
)

// A fixRange is a fixup with ports, ready to be compared.
type fixRange struct {
	proto uint8
	ports compiler.PortRange
	kind  inspection
	index int // in Plan.Fixups
}

func fixRanges(fixups []compiler.Fixup) (out []fixRange) {
	kinds := map[string]inspection{"ftp": inspectFTP, "http": inspectHTTP, "mgcp": inspectMGCP, "pptp": inspectPPTP, "rsh": inspectRSH,
		"rtsp": inspectRTSP, "sip": inspectSIP, "skinny": inspectSkinny, "smtp": inspectSMTP, "sqlnet": inspectSQLNet, "tftp": inspectTFTP}
	for i := range fixups {
		x := &fixups[i]
		kind := kinds[x.Protocol]
		switch {
		case x.Protocol == "h323" && x.Sub == "ras":
			kind = inspectRAS
		case x.Protocol == "h323":
			kind = inspectH225
		}
		if kind != inspectNone && x.Transport != 0 {
			out = append(out, fixRange{x.Transport, x.Ports, kind, i})
		}
	}
	return out
}

// inspectionOf is how a connection to a port is inspected. DNS guard is always on.
func (e *Engine) inspectionOf(proto uint8, port uint16) inspection {
	if proto == ast.ProtoUDP && port == 53 {
		return inspectDNS
	}
	for i := range e.derived.fixes {
		if x := &e.derived.fixes[i]; x.proto == proto && x.ports.Contains(port) {
			return x.kind
		}
	}
	return inspectNone
}

// fixLine is the line of an inspection, for traces.
func (e *Engine) fixLine(kind inspection) compiler.Line {
	if kind == inspectH245 {
		kind = inspectH225
	}
	for i := range e.derived.fixes {
		if x := &e.derived.fixes[i]; x.kind == kind {
			return e.plan.Fixups[x.index].Line
		}
	}
	return compiler.Line{}
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
	if c.kind == inspectDNS {
		return e.inspectDNS(f, c, dir)
	}
	if c.kind == inspectNone || len(f.pkt.Payload) == 0 {
		return false
	}
	switch c.kind {
	case inspectFTP:
		return e.inspectFTP(f, c, dir)
	case inspectSMTP:
		e.inspectSMTP(f, c, dir)
	case inspectHTTP:
		e.inspectHTTP(f, c, dir)
	case inspectTFTP:
		e.inspectTFTP(f, c, dir)
	case inspectRSH:
		e.inspectRSH(f, c, dir)
	case inspectSQLNet:
		e.inspectSQLNet(f, c, dir)
	case inspectRTSP:
		e.inspectRTSP(f, c, dir)
	case inspectSIP:
		e.inspectSIP(f, c, dir)
	case inspectMGCP:
		e.inspectMGCP(f, c, dir)
	case inspectSkinny:
		e.inspectSkinny(f, c, dir)
	case inspectPPTP:
		e.inspectPPTP(f, c, dir)
	case inspectH225, inspectH245, inspectRAS:
		e.inspectH323(f, c, dir)
	}
	return false
}

// replace makes a changed payload the one that leaves.
func (f *flight) replace(payload []byte) {
	f.v.Out.Payload = payload
	if f.v.Out.Length > 0 {
		f.v.Out.Length += len(payload) - len(f.pkt.Payload)
	}
}

// otherSide is an end of connection c, as the side that speaks in direction dir names it, in the words of the side that listens.
func (c *conn) otherSide(dir int, ip ast.IP, port uint16) (ast.IP, uint16, bool) {
	here, there := &c.key[dir], &c.key[1-dir]
	switch ip {
	case here.src:
		if port == here.sport {
			port = there.dport
		}
		return there.dst, port, true
	case here.dst:
		if port == here.dport {
			port = there.sport
		}
		return there.src, port, true
	}
	return ip, port, false
}

// ends are a door and who may come to it, for messages: faddr and laddr.
func (e *Engine) ends(c *conn, dir int, port uint16) (foreign, local syslog.End) {
	here, there := &c.key[dir], &c.key[1-dir]
	own := syslog.End{IP: here.src, Port: port}
	other := syslog.End{IP: there.src}
	if dir == c.hi {
		return other, own
	}
	return own, other
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
