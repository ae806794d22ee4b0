// Package dns reads DNS messages as a firewall does: what breaks a limit, and where the addresses of answers are. It trusts nothing in
// them, follows no name further than it may be long, and needs no memory for them.
//
// It also knows what an address in an answer becomes by the lines of a Plan: both engines ask it (semantics.md 3.4).
package dns

import (
	"encoding/binary"
	"iter"

	"pixfw/ast"
	"pixfw/compiler"
)

// Rewrite replaces the addresses in the A records of an answer by what become says, where it says something. It gives a copy of the
// message, of the same length, or nil where there is nothing to replace. Bytes that are no answer are left alone.
func Rewrite(msg []byte, become func(ast.IP) (to ast.IP, ok bool)) (out []byte) {
	for at := range Addresses(msg) {
		to, ok := become(ast.IP(binary.BigEndian.Uint32(msg[at:])))
		if !ok {
			continue
		}
		if out == nil {
			out = append(out, msg...)
		}
		binary.BigEndian.PutUint32(out[at:], uint32(to))
	}
	return out
}

// Line says what an address becomes in an answer from interface in to interface out by the lines of a plan, and the line: by statics with
// `dns` the global address becomes the real one on the way to the real side, and the other way round; by aliases of the interface that the
// answer goes to, the foreign address becomes the dnat address, unless `sysopt nodnsalias` forbids it. Translations that come and go are
// the engine's to know.
func Line(plan *compiler.Plan, in, out int, ip ast.IP) (ast.IP, compiler.Line, bool) {
	for i := range plan.NAT.Statics {
		s := &plan.NAT.Statics[i]
		switch {
		case !s.DNS || s.Proto != 0:
		case s.MappedIf == in && s.RealIf == out && s.MappedNet().Contains(ip):
			return s.ToReal(ip), s.Line, true
		case s.RealIf == in && s.MappedIf == out && s.RealNet().Contains(ip):
			return s.ToMapped(ip), s.Line, true
		}
	}
	if AliasesOff(plan, in, out) {
		return 0, compiler.Line{}, false
	}
	for i := range plan.NAT.Aliases {
		if a := &plan.NAT.Aliases[i]; a.If == out && a.ForeignNet().Contains(ip) {
			return a.ToDNAT(ip), a.Line, true
		}
	}
	return 0, compiler.Line{}, false
}

// AliasesOff reports whether `sysopt nodnsalias` keeps aliases from answers from interface in to interface out.
func AliasesOff(plan *compiler.Plan, in, out int) bool {
	if plan.Interfaces[out].Level > plan.Interfaces[in].Level {
		return plan.Sysopt.NoDNSAliasInbound
	}
	return plan.Sysopt.NoDNSAliasOutbound
}

// The limits of RFC 1035 that the dns inspection holds messages to.
const (
	maxLabel = 63
	maxName  = 255
)

// BadName is the first name in a message that breaks a limit: which limit, and what was found. Messages that end too early are
// nobody's business here.
func BadName(msg []byte) (limit string, actual int) {
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

// Addresses yields where the A records of a DNS answer have their address.
func Addresses(msg []byte) iter.Seq[int] {
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
