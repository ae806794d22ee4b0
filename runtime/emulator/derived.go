package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/inspect"
)

// derived is what the engine works out of a Plan so that it need not read it from front to back for each packet. Everywhere the
// first in the Plan's order wins, as in the Plan itself.
type derived struct {
	acls   []aclState
	routes netIndex // by tag 0, and by interface
	mapped netIndex // statics by their mapped side
	real   netIndex // statics by their real side, for one pair of interfaces
	owned  netIndex // statics by their mapped side, whatever the ports
	nats   netIndex

	fixes        []inspect.Ports
	conduits     []compiler.ACE
	conduitIndex *aclIndex // nil until asked for
}

// aclState is a list with its indices, which are built when a packet first asks.
type aclState struct {
	all, pairs *aclIndex
	facts      []aceFact // of each entry
}

// netIndex finds the first of many nets that holds an address and has a tag: one map for each netmask, or, while they are few, the
// list as it stands.
type netIndex struct {
	few   []taggedNet
	masks []netMask
}

type taggedNet struct {
	net ast.Net
	tag uint64
	i   int32
}

const fewNets = 12

type netMask struct {
	mask ast.IP
	at   map[netKey][]int32
}

type netKey struct {
	ip  uint64 // memory without holes hashes faster
	tag uint64
}

func (x *netIndex) add(n ast.Net, tag uint64, i int) {
	if x.masks == nil {
		x.few = append(x.few, taggedNet{n, tag, int32(i)})
		if len(x.few) <= fewNets {
			return
		}
		few := x.few
		x.few, x.masks = nil, make([]netMask, 0, 4)
		for _, t := range few {
			x.add(t.net, t.tag, int(t.i))
		}
		return
	}
	var m *netMask
	for k := range x.masks {
		if x.masks[k].mask == n.Mask {
			m = &x.masks[k]
		}
	}
	if m == nil {
		x.masks = append(x.masks, netMask{n.Mask, make(map[netKey][]int32)})
		m = &x.masks[len(x.masks)-1]
	}
	k := netKey{uint64(n.IP & n.Mask), tag}
	m.at[k] = append(m.at[k], int32(i))
}

// first is the lowest index, among those added for a net with ip and for tag, that ok agrees to; -1: none.
func (x *netIndex) first(ip ast.IP, tag uint64, ok func(i int) bool) int {
	for k := range x.few { // in order of i
		if t := &x.few[k]; t.tag == tag && t.net.Contains(ip) && ok(int(t.i)) {
			return int(t.i)
		}
	}
	best := int32(-1)
	for k := range x.masks {
		m := &x.masks[k]
		for _, i := range m.at[netKey{uint64(ip & m.mask), tag}] {
			if best >= 0 && i > best {
				break
			}
			if ok(int(i)) {
				best = i
				break
			}
		}
	}
	return int(best)
}

func always(int) bool { return true }

// Tags.
func tagOf(in int) uint64             { return uint64(in + 1) }
func pairTag(real, mapped int) uint64 { return uint64(real+1) | uint64(mapped+1)<<16 }
func portTag(in int, proto uint8, port uint16) uint64 {
	return uint64(in+1) | uint64(proto)<<32 | uint64(port)<<40
}

func natTag(in int, outside bool) uint64 {
	if outside {
		return tagOf(in) | 1<<32
	}
	return tagOf(in)
}

// derive works a plan out. The indices of lists that have not changed are taken from before.
func (e *Engine) derive(plan *compiler.Plan) {
	var d derived
	d.acls = make([]aclState, len(plan.ACLs))
	for i := range plan.ACLs {
		s := &d.acls[i]
		s.facts = factsOf(plan.ACLs[i].Entries)
		if old := e.plan; old != nil {
			j := old.ACLByID(plan.ACLs[i].ID)
			if j == compiler.None {
				continue
			}
			if was := &e.derived.acls[j]; (was.all != nil || was.pairs != nil) && sameEntries(old.ACLs[j].Entries, plan.ACLs[i].Entries) {
				s.all, s.pairs = was.all, was.pairs
			}
		}
	}
	for i := range plan.Routes {
		r := &plan.Routes[i]
		d.routes.add(r.Net, 0, i)
		d.routes.add(r.Net, tagOf(r.If), i)
	}
	for i := range plan.NAT.Statics {
		s := &plan.NAT.Statics[i]
		if s.Proto == 0 {
			d.mapped.add(s.MappedNet(), tagOf(s.MappedIf), i)
			d.real.add(s.RealNet(), pairTag(s.RealIf, s.MappedIf), i)
		} else {
			d.mapped.add(s.MappedNet(), portTag(s.MappedIf, s.Proto, s.MappedPort), i)
			d.real.add(s.RealNet(), pairTag(s.RealIf, s.MappedIf)|portTag(-1, s.Proto, s.RealPt), i)
		}
		if s.Mapped != s.Real {
			d.owned.add(s.MappedNet(), tagOf(s.MappedIf), i)
		}
	}
	for i := range plan.NAT.Nats {
		n := &plan.NAT.Nats[i]
		d.nats.add(n.Net, natTag(n.If, n.Outside), i)
	}
	d.fixes = inspect.PortsOf(plan.Fixups)
	d.conduits = make([]compiler.ACE, len(plan.Conduits))
	for i := range plan.Conduits {
		d.conduits[i] = plan.Conduits[i].ACE
	}
	if sameEntries(d.conduits, e.derived.conduits) {
		d.conduitIndex = e.derived.conduitIndex
	}
	e.derived = d
}

// mappedStatic is the static whose mapped side the destination of a packet is, or -1: address statics come before those of ports.
func (e *Engine) mappedStatic(f *flight) int {
	p, statics := &f.pkt, e.plan.NAT.Statics
	ok := func(i int) bool { return e.staticTakes(&statics[i], f) }
	i := e.derived.mapped.first(p.Dst, tagOf(f.in.If), ok)
	if i < 0 && p.HasPorts() {
		i = e.derived.mapped.first(p.Dst, portTag(f.in.If, p.Proto, p.DstPort), ok)
	}
	return i
}

// realStatic is the static whose real side the source of a packet is, or -1. policyOnly: a live translation comes before plain ones.
func (e *Engine) realStatic(in, out int, v *view, policyOnly bool) int {
	statics := e.plan.NAT.Statics
	ok := func(i int) bool {
		return (!policyOnly || statics[i].ACL != compiler.None) && e.staticGives(&statics[i], in, out, v)
	}
	i := e.derived.real.first(v.src, pairTag(in, out), ok)
	if i < 0 && (v.proto == ast.ProtoTCP || v.proto == ast.ProtoUDP) {
		i = e.derived.real.first(v.src, pairTag(in, out)|portTag(-1, v.proto, v.sport), ok)
	}
	return i
}

// listIndex is the index of an access list.
func (e *Engine) listIndex(acl int) *aclIndex {
	s := &e.derived.acls[acl]
	if s.all == nil {
		s.all = newACLIndex(e.plan.ACLs[acl].Entries, false)
	}
	return s.all
}

// pairIndex is the index of an access list for addresses alone.
func (e *Engine) pairIndex(acl int) *aclIndex {
	s := &e.derived.acls[acl]
	if s.pairs == nil {
		s.pairs = newACLIndex(e.plan.ACLs[acl].Entries, true)
	}
	return s.pairs
}
