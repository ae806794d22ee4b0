package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/dns"
)

// rewriteDNS rewrites the A records of an answer that crosses statics with `dns`: the global address becomes the real one on the
// way to the real side, and the other way round (semantics.md 3.4). Bytes that are no DNS message are left alone.
func (e *Engine) rewriteDNS(f *flight) {
	out := dns.Rewrite(f.pkt.Payload, func(ip ast.IP) (ast.IP, bool) {
		to, line, ok := e.dnsAddress(f, ip)
		if ok {
			f.pass("INSPECT", "dns: "+ip.String()+" becomes "+to.String(), line)
		}
		return to, ok
	})
	if out != nil {
		f.v.Out.Payload = out
	}
}

// dnsAddress is what an address in an answer becomes: by statics with `dns`, by aliases of the interface that it goes to, by live
// translations of a nat with `dns`.
func (e *Engine) dnsAddress(f *flight, ip ast.IP) (ast.IP, compiler.Line, bool) {
	if to, line, ok := dns.Line(e.plan, f.in.If, f.out, ip); ok {
		return to, line, true
	}
	if x := e.xlates.byMapped[mappedAt(f.in.If, ip, 0, 0)]; x != nil && x.dns && x.realIf == f.out {
		return x.real, x.line, true
	}
	if x := e.xlates.byReal[realKey{real: ip, realIf: uint16(f.in.If), mappedIf: uint16(f.out)}]; x != nil && x.dns {
		return x.mapped, x.line, true
	}
	return 0, compiler.Line{}, false
}
