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

// serves reports whether an address translates a packet: it has the port already, or a port of its class is left.
func (t *patPorts) serves(r *nft.Request, p *runtime.Packet, mapped ast.IP) bool {
	port := p.SrcPort
	if p.Proto == ast.ProtoICMP {
		port = p.ICMPID
	}
	if ip, ok := t.holds[patHolder{r.In, r.Out, p.Src, r.Nat.ACL, p.Proto, port}]; ok {
		return ip == mapped
	}
	class, size := classOf(p.Proto, port)
	return t.used[patClass{r.Out, mapped, p.Proto, class}] < size
}
