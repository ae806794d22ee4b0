package emulator

import (
	"encoding/binary"

	"pixfw/ast"
	"pixfw/compiler"
)

// rewriteDNS rewrites the A records of an answer that crosses statics with `dns`: the global address becomes the real one on the
// way to the real side, and the other way round (semantics.md 3.4). Bytes that are no DNS message are left alone.
func (e *Engine) rewriteDNS(f *flight) {
	var out []byte
	for at := range addresses(f.pkt.Payload) {
		ip := ast.IP(binary.BigEndian.Uint32(f.pkt.Payload[at:]))
		to, line, ok := e.dnsAddress(f, ip)
		if !ok {
			continue
		}
		if out == nil {
			out = append(out, f.pkt.Payload...)
			f.v.Out.Payload = out
		}
		binary.BigEndian.PutUint32(out[at:], uint32(to))
		f.pass("INSPECT", "dns: "+ip.String()+" becomes "+to.String(), line)
	}
}

func (e *Engine) dnsAddress(f *flight, ip ast.IP) (ast.IP, compiler.Line, bool) {
	for i := range e.plan.NAT.Statics {
		s := &e.plan.NAT.Statics[i]
		switch {
		case !s.DNS || s.Proto != 0:
		case s.MappedIf == f.in.If && s.RealIf == f.out && s.MappedNet().Contains(ip):
			return s.ToReal(ip), s.Line, true
		case s.RealIf == f.in.If && s.MappedIf == f.out && s.RealNet().Contains(ip):
			return s.ToMapped(ip), s.Line, true
		}
	}
	return 0, compiler.Line{}, false
}

// addresses yields where the A records of a DNS answer have their address.
func addresses(msg []byte) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		if len(msg) < 12 || msg[2]&0x80 == 0 {
			return
		}
		questions := int(binary.BigEndian.Uint16(msg[4:]))
		records := int(binary.BigEndian.Uint16(msg[6:])) + int(binary.BigEndian.Uint16(msg[8:])) + int(binary.BigEndian.Uint16(msg[10:]))
		at := 12
		for range questions {
			if at = skipName(msg, at) + 4; at > len(msg) {
				return
			}
		}
		for range records {
			at = skipName(msg, at)
			if at+10 > len(msg) {
				return
			}
			kind, class := binary.BigEndian.Uint16(msg[at:]), binary.BigEndian.Uint16(msg[at+2:])
			n := int(binary.BigEndian.Uint16(msg[at+8:]))
			at += 10
			if at+n > len(msg) {
				return
			}
			if kind == 1 && class == 1 && n == 4 && !yield(at) {
				return
			}
			at += n
		}
	}
}

// skipName is where the name at msg[at:] ends; beyond the message when it does not.
func skipName(msg []byte, at int) int {
	for at < len(msg) {
		switch n := int(msg[at]); {
		case n == 0:
			return at + 1
		case n >= 0xc0:
			return at + 2
		default:
			at += 1 + n
		}
	}
	return len(msg) + 1
}
