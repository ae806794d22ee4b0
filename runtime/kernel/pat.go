package kernel

import (
	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// patPorts counts the translations of ports, by the address and class that they take a port of, and by whose port it is. On a PIX each
// takes a port of its own (semantics.md 3.4); that Linux can share one does not matter for when the next address serves.
type patPorts struct {
	used  map[patClass]int
	holds map[patHolder]ast.IP // the address that serves a port now
}

type patClass struct {
	mappedIf int
	mapped   ast.IP
	proto    uint8
	class    uint8
}

type patHolder struct {
	realIf, mappedIf int
	real             ast.IP
	acl              int // of policy NAT; None
	proto            uint8
	port             uint16
}

func newPATPorts() patPorts {
	return patPorts{used: map[patClass]int{}, holds: map[patHolder]ast.IP{}}
}

// classOf is the class of a port, and how many ports it has. ICMP has one, of all ids.
func classOf(proto uint8, port uint16) (class uint8, size int) {
	switch {
	case proto == ast.ProtoICMP:
		return 3, 1 << 16
	case port < 512:
		return 0, 511
	case port < 1024:
		return 1, 512
	}
	return 2, 65536 - 1024
}

// add counts a translation that begins (1) or ends (-1).
func (t *patPorts) add(x *xlate, n int) {
	class, _ := classOf(x.key.proto, x.key.port)
	k := patClass{x.key.mappedIf, x.mapped, x.key.proto, class}
	if t.used[k] += n; t.used[k] <= 0 {
		delete(t.used, k)
	}
	h := patHolder{x.key.realIf, x.key.mappedIf, x.key.real, x.key.acl, x.key.proto, x.key.port}
	if n > 0 {
		t.holds[h] = x.mapped
	} else if t.holds[h] == x.mapped {
		delete(t.holds, h)
	}
}

// A patService is what connections through ports of one class have in common where each needs a port of its own on Linux: the mapped
// address, and the service that they go to.
type patService struct {
	mapped, to ast.IP
	proto      uint8
	class      uint8
	port       uint16 // of the service
}

// patServices counts the connections of each.
type patServices map[patService]int

func (s patServices) add(k patService, n int) {
	if s[k] += n; s[k] <= 0 {
		delete(s, k)
	}
}

// full reports whether Linux may find no port for another connection. It looks at less than half of the ports of a class, by chance, and
// drops the packet without a word when all of these are taken. With an eighth of them free that does not happen (once in 10^13).
func (s patServices) full(p *runtime.Packet, mapped ast.IP) bool {
	if !p.HasPorts() {
		return false
	}
	class, size := classOf(p.Proto, p.SrcPort)
	return s[patService{mapped, p.Dst, p.Proto, class, p.DstPort}] >= size-size/8
}

// patServiceOf is what a connection through a port counts as; false: it has no ports.
func patServiceOf(f *flow) (patService, bool) {
	class, _ := classOf(f.orig.proto, f.reply.dport)
	return patService{f.reply.dst, f.reply.src, f.orig.proto, class, f.reply.sport}, ported(f.orig.proto)
}

// serves reports whether an address translates a packet: it has the port already, or a port of its class is left, and Linux finds one for
// the service.
func (t *patPorts) serves(s patServices, r *nft.Request, p *runtime.Packet, mapped ast.IP) bool {
	if s.full(p, mapped) {
		return false
	}
	port := p.SrcPort
	if p.Proto == ast.ProtoICMP {
		port = p.ICMPID
	}
	if ip, ok := t.holds[patHolder{r.In, r.Out, p.Src, r.Nat.ACL, p.Proto, port}]; ok && !s.full(p, ip) {
		return ip == mapped
	}
	class, size := classOf(p.Proto, port)
	return t.used[patClass{r.Out, mapped, p.Proto, class}] < size
}
