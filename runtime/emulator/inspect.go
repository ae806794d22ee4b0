package emulator

import (
	"encoding/binary"
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// inspect is step 12 for a packet of connection c that is about to leave as f.v.Out. It returns true when it drops it.
func (e *Engine) inspect(f *flight, c *conn, dir int) bool {
	if c.proto == ast.ProtoUDP && (c.key[0].dport == 53) {
		return e.inspectDNS(f, c, dir)
	}
	if c.proto == ast.ProtoTCP && len(f.pkt.Payload) > 0 {
		if x := e.fixup("ftp", ast.ProtoTCP, c.key[0].dport); x != nil {
			return e.inspectFTP(f, c, dir, x)
		}
		if x := e.guarded(c.key[0].dport); x != nil {
			e.inspectSMTP(f, c, dir, x)
		}
	}
	return false
}

// fixup is the inspection that is on for a port, or nil.
func (e *Engine) fixup(protocol string, transport uint8, port uint16) *compiler.Fixup {
	for i := range e.plan.Fixups {
		x := &e.plan.Fixups[i]
		if x.Protocol == protocol && protocol == "icmp" {
			return x // fixup protocol icmp error
		}
		if x.Protocol != protocol || x.Transport != 0 && x.Transport != transport {
			continue
		}
		if x.Ports == (compiler.PortRange{}) && protocol == "dns" && port == 53 || x.Ports.Contains(port) {
			return x
		}
	}
	return nil
}

// maxQueries is how many DNS queries one pseudo-connection remembers.
const maxQueries = 64

// inspectDNS is the length limit of the dns fixup, and DNS guard, which is always on: one answer for each query id, and the
// connection ends with the last (semantics.md 1.3 and section 12, item 17).
func (e *Engine) inspectDNS(f *flight, c *conn, dir int) bool {
	c.dns = true
	p := &f.pkt
	if x := e.fixup("dns", ast.ProtoUDP, 53); x != nil && x.MaxLength > 0 && size(p) > x.MaxLength {
		limit := fmt.Sprintf("packet length check of %d", x.MaxLength)
		f.drop(e, "INSPECT", whyDNSLength, logs(syslog.New(410001, limit, size(p))), x.Line)
		return true
	}
	if x := e.fixup("dns", ast.ProtoUDP, 53); x != nil {
		if limit, actual := badName(p.Payload); limit != "" {
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
