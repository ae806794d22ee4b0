package diff

import (
	"pixfw/ast"
	"pixfw/compiler"
)

var everyPort = compiler.PortRange{Lo: 0, Hi: 65535}

// lists are the access lists of a Plan and, last, its conduits as one more: the first that matches decides (semantics.md 2.4).
func lists(p *compiler.Plan) []compiler.ACL {
	conduits := compiler.ACL{Entries: make([]compiler.ACE, len(p.Conduits))}
	for i := range p.Conduits {
		conduits.Entries[i] = p.Conduits[i].ACE
	}
	return append(append(make([]compiler.ACL, 0, len(p.ACLs)+1), p.ACLs...), conduits)
}

// conduits is the list that conduits make.
func (h *half) conduits() int { return len(h.lists) - 1 }

// listName is a list in words.
func (h *half) listName(i int) string {
	if i == h.conduits() {
		return "conduit"
	}
	return "access-list " + h.lists[i].ID
}

// unAliased sends packets for the dnat address of an `alias` to the foreign one (semantics.md 3.4).
func (r *run) unAliased(s *step) {
	for i := range r.p.NAT.Aliases {
		a := &r.p.NAT.Aliases[i]
		if a.If != s.in || !r.in(wire.dst, a.DNATNet()) {
			continue
		}
		s.un, s.unLine = unAlias, a.Line
		s.dst.val = uint32(a.ToForeign(ast.IP(r.c.dst.lo))) - r.c.dst.lo
		if rt := r.route(s.dst); rt != nil {
			s.out = rt.If
		}
		return
	}
}

// fromAliased gives an inbound packet the address by which an `alias` of the interface that it goes to knows its sender.
func (r *run) fromAliased(s *step) bool {
	for i := range r.p.NAT.Aliases {
		a := &r.p.NAT.Aliases[i]
		if a.If != s.out || !r.in(wire.src, a.ForeignNet()) {
			continue
		}
		r.note(a.Line)
		s.o.src = uint32(a.ToDNAT(ast.IP(r.c.src.lo))) - r.c.src.lo
		s.src.val = s.o.src
		return true
	}
	return false
}

// outbound is the access check of packets to a lower level where no access list is bound: every list that is applied must
// permit (semantics.md 2.4).
func (r *run) outbound(s *step) (outcome, bool) {
	for i := range r.p.Applies {
		a := &r.p.Applies[i]
		if a.If != s.in {
			continue
		}
		own, other := wire.src, s.dst
		if a.Dest {
			own, other = other, own
		}
		if rule := r.denies(&r.p.Outbound[a.List], own, other); rule != nil {
			return r.drop("outbound list", a.Line, rule.Line), true
		}
	}
	return outcome{}, false
}

// denies is the rule by which a list denies: the longest mask wins, then the narrowest ports, then a named protocol. An
// `except` for the address on the other side turns the answer round.
func (r *run) denies(list *compiler.OutboundList, own, other addr) *compiler.Outbound {
	var best *compiler.Outbound
	except := false
	for i := range list.Rules {
		x := &list.Rules[i]
		if x.Proto != 0 && !r.proto(x.Proto) {
			continue
		}
		if x.Ports != everyPort && (!r.c.hasPorts() || !r.portIn(wire.dport, x.Ports.Lo, x.Ports.Hi)) {
			continue
		}
		if x.Action == "except" {
			except = except || r.in(other, x.Net)
		} else if (best == nil || moreSpecific(x, best)) && r.in(own, x.Net) {
			best = x
		}
	}
	if best == nil || (best.Action == "permit") != except {
		return nil
	}
	return best
}

func moreSpecific(a, b *compiler.Outbound) bool {
	if x, y := a.Net.Mask.Bits(), b.Net.Mask.Bits(); x != y {
		return x > y
	}
	if x, y := a.Ports.Hi-a.Ports.Lo, b.Ports.Hi-b.Ports.Lo; x != y {
		return x < y
	}
	return a.Proto != 0 && b.Proto == 0
}
