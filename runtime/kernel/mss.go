package kernel

import (
	"slices"

	"pixfw/ast"
	"pixfw/runtime"
)

// resized is a SYN with the segment size that `sysopt connection tcpmss` gives it; nil: it has that already, or is none. Rules change the size
// themselves where it is the first option: elsewhere the kernel keeps the checksum of those only that begin at an even octet, and raises none.
func (d *dynamic) resized(packet []byte) []byte {
	const fixed = 20 // octets of the header of TCP before its options
	p, at, ok := payloadAt(packet)
	if !ok || p.Proto != ast.ProtoTCP || p.Flags&runtime.SYN == 0 {
		return nil
	}
	d.mu.Lock()
	plan := d.plan
	d.mu.Unlock()
	if plan == nil {
		return nil
	}
	from := int(packet[0]&15)*4 + fixed
	options, was, is := runtime.ClampMSS(packet[from:at], plan.Sysopt.TCPMSS, plan.Sysopt.TCPMSSMin)
	if was == is {
		return nil
	}
	return withPayload(packet, from, slices.Concat(options, packet[at:]))
}
