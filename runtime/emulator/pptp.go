package emulator

import (
	"encoding/binary"
	"fmt"

	"pixfw/ast"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// The control messages of PPTP that carry call ids, and the octets where these stand.
const (
	pptpHead        = 16
	outgoingRequest = 7
	outgoingReply   = 8
	clearRequest    = 12
	wanError        = 14
	setLink         = 15
)

// inspectPPTP follows calls: each opens GRE between the two hosts, by the call ids. Behind PAT the client's call id is translated
// as a port would be.
func (e *Engine) inspectPPTP(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	if len(data) < pptpHead || binary.BigEndian.Uint16(data[2:]) != 1 || binary.BigEndian.Uint32(data[4:]) != 0x1a2b3c4d {
		return
	}
	kind, first, second := binary.BigEndian.Uint16(data[8:]), binary.BigEndian.Uint16(data[12:]), binary.BigEndian.Uint16(data[14:])
	set := func(at int, to uint16) {
		if binary.BigEndian.Uint16(data[at:]) != to {
			data = append([]byte(nil), data...)
			binary.BigEndian.PutUint16(data[at:], to)
			f.replace(data)
		}
	}
	switch {
	case dir == 0 && kind == outgoingRequest, dir == 0 && kind == clearRequest:
		if seen, ok := e.expect(c, inspect.Door{Dir: 0, Proto: ast.ProtoGRE, Port: first, Stays: true}); ok {
			set(12, seen)
		}
	case dir == 1 && kind == outgoingReply && len(data) > pptpHead:
		real := e.realCall(c, second)
		set(14, real)
		if data[pptpHead] != 1 { // the call was refused
			return
		}
		if _, ok := e.expect(c, inspect.Door{Dir: 1, Proto: ast.ProtoGRE, Port: first, Stays: true}); !ok {
			return
		}
		lo, hi := &c.key[1-c.hi], &c.key[c.hi]
		x := &call{number: first, began: e.now, foreign: syslog.End{If: e.ifName(int(lo.in)), IP: lo.src, Port: first}, seen: syslog.End{IP: hi.dst, Port: first},
			local: syslog.End{If: e.ifName(int(hi.in)), IP: hi.src, Port: real}, localMapped: syslog.End{IP: lo.dst, Port: second}}
		for i, id := range [2]uint16{first, second} { // what the client sends goes to the server's number, and the other way round
			from := &c.key[i]
			if ch := e.children[childKey{int(from.in), ast.ProtoGRE, from.src, from.dst, id}]; ch != nil {
				ch.call = x
			}
		}
		e.emit(syslog.New(302017, direction(c.inbound), int(first), x.foreign, x.seen, x.local, x.localMapped, ""))
		f.pass("INSPECT", fmt.Sprintf("pptp: call %d, GRE expected", real), e.fixLine(c))
	case dir == 1 && (kind == setLink || kind == wanError):
		set(12, e.realCall(c, first))
	}
}

func direction(inbound bool) string {
	if inbound {
		return "inbound"
	}
	return "outbound"
}

// realCall is the client's call id behind one that the server knows.
func (e *Engine) realCall(c *conn, id uint16) uint16 {
	if x := e.xlates.byMapped[mappedAt(int(c.key[1].in), c.key[1].dst, ast.ProtoGRE, id)]; x != nil {
		return x.realPort
	}
	return id
}

// callOf is the call id in a GRE packet of PPTP; 0: it is none.
func callOf(payload []byte) uint16 {
	if len(payload) < 8 || payload[0]&0x20 == 0 || payload[1]&7 != 1 {
		return 0
	}
	return binary.BigEndian.Uint16(payload[6:])
}

// rewriteCall gives a GRE packet to a host behind PAT the call id that the host knows.
func (f *flight) rewriteCall() {
	x := f.un.xl
	if f.pkt.Proto != ast.ProtoGRE || x == nil || x.proto != ast.ProtoGRE || callOf(f.pkt.Payload) == 0 {
		return
	}
	out := append([]byte(nil), f.pkt.Payload...)
	binary.BigEndian.PutUint16(out[6:], x.realPort)
	f.v.Out.Payload = out
}
