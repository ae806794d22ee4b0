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

// dnsAddress is what an address in an answer becomes: by statics with `dns`, by aliases of the interface that it goes to, by live
// translations of a nat with `dns`.
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
	off := e.plan.Sysopt.NoDNSAliasOutbound
	if e.level(f.out) > e.level(f.in.If) {
		off = e.plan.Sysopt.NoDNSAliasInbound
	}
	for i := range e.plan.NAT.Aliases {
		if a := &e.plan.NAT.Aliases[i]; !off && a.If == f.out && a.ForeignNet().Contains(ip) {
			return a.ToDNAT(ip), a.Line, true
		}
	}
	if x := e.xlates.byMapped[mappedAt(f.in.If, ip, 0, 0)]; x != nil && x.dns && x.realIf == f.out {
		return x.real, x.line, true
	}
	if x := e.xlates.byReal[realKey{real: ip, realIf: uint16(f.in.If), mappedIf: uint16(f.out)}]; x != nil && x.dns {
		return x.mapped, x.line, true
	}
	return 0, compiler.Line{}, false
}

// The limits of RFC 1035 that the dns inspection holds messages to.
const (
	maxLabel = 63
	maxName  = 255
)

// badName is the first name in a message that breaks a limit: which limit, and what was found. Messages that end too early are
// nobody's business here.
func badName(msg []byte) (limit string, actual int) {
	if len(msg) < 12 {
		return "", 0
	}
	at := 12
	for part, size := range [...]int{4, 10, 10, 10} {
		for range int(binary.BigEndian.Uint16(msg[4+2*part:])) {
			if limit, actual = longName(msg, at); limit != "" {
				return limit, actual
			}
			if at = skipName(msg, at) + size; at > len(msg) {
				return "", 0
			}
			if part > 0 {
				at += int(binary.BigEndian.Uint16(msg[at-2:]))
			}
		}
	}
	return "", 0
}

// longName follows the name at msg[at:], through its compression, which only may point back.
func longName(msg []byte, at int) (limit string, actual int) {
	total, lowest := 0, at
	for at < len(msg) {
		n := int(msg[at])
		switch {
		case n == 0:
			return "", 0
		case n >= 0xc0:
			if at+1 >= len(msg) {
				return "", 0
			}
			to := n&0x3f<<8 | int(msg[at+1])
			if to >= lowest {
				return "compression length check of 255", to
			}
			at, lowest = to, to
			continue
		case n > maxLabel:
			return "label length check of 63", n
		}
		total += n + 1
		if total > maxName {
			return "domainname length check of 255", total
		}
		at += n + 1
	}
	return "", 0
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
