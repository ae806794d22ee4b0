package diff

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// staticTakes reports whether the destination is the mapped side of a static, and where that leads.
func (r *run) staticTakes(t *compiler.Static, in int) (dst addr, dport port, ok bool) {
	dst, dport = wire.dst, wire.dport
	if t.MappedIf != in || !r.in(dst, t.MappedNet()) {
		return dst, dport, false
	}
	if t.Proto != 0 {
		if !r.proto(t.Proto) || !r.portIn(dport, t.MappedPort, t.MappedPort) {
			return dst, dport, false
		}
		dport.val = t.RealPt - t.MappedPort
	}
	dst.val = uint32(t.ToReal(ast.IP(r.c.dst.lo))) - r.c.dst.lo
	if t.ACL == compiler.None {
		return dst, dport, true
	}
	v := view{src: dst, dst: wire.src, sport: dport, dport: wire.sport}
	return dst, dport, r.acl(t.ACL, r.e.sameID[t.ACL], v)
}

// unNAT is step 6 without live translations (semantics.md 3.3).
func (r *run) unNAT(s *step) {
	p := r.p
	for i := range p.NAT.Exemptions {
		x := &p.NAT.Exemptions[i]
		if x.Outside || p.Interfaces[x.If].Level <= p.Interfaces[s.in].Level {
			continue
		}
		v := reversed
		v.pairs = true
		if !r.acl(x.ACL, r.e.sameID[x.ACL], v) {
			continue
		}
		if rt := r.route(wire.dst); rt != nil && rt.If == x.If {
			s.un, s.out, s.unLine = unExempt, x.If, x.Line
			return
		}
	}
	for i := range p.NAT.Statics {
		t := &p.NAT.Statics[i]
		if dst, dport, ok := r.staticTakes(t, s.in); ok {
			s.un, s.st, s.out, s.unLine, s.dst, s.dport = unStatic, t, t.RealIf, t.Line, dst, dport
			return
		}
	}
	r.unAliased(s)
}

// Why a source has no translation.
type noMapping uint8

const (
	mapped noMapping = iota
	noGroup
	noGlobal
	notByPort
	exhausted
)

var noMappingWords = [...]string{
	noGroup:   "no translation for the source",
	noGlobal:  "no global for the nat",
	notByPort: "only PAT is there, which cannot carry it",
	exhausted: "the pool has no free address",
}

// translate is step 10.
func (r *run) translate(s *step) (outcome, bool) {
	if t := s.st; t != nil && t.Mask < ast.MaskOf(31) &&
		(r.in(wire.dst, ast.Net{Mask: ^t.Mask}) || r.in(wire.dst, ast.Net{IP: ast.AllOnes, Mask: ^t.Mask})) {
		return r.drop("network or broadcast address of the static", t.Line), true
	}
	if s.inbound {
		if s.un == unNone || s.un == unAlias {
			return r.drop("no translation for the destination"), true
		}
		why := r.mapSource(s, true)
		if why == mapped || why == noGroup && !r.obliges(s.in, s.out) {
			return outcome{}, false
		}
		return r.drop(noMappingWords[why]), true
	}
	if why := r.mapSource(s, false); why != mapped {
		return r.drop(noMappingWords[why]), true
	}
	return outcome{}, false
}

// obliges: a dynamic rule of outside NAT with a global on the egress interface wants every source (semantics.md 3.4).
func (r *run) obliges(in, out int) bool {
	for i := range r.p.NAT.Nats {
		if n := &r.p.NAT.Nats[i]; n.Outside && n.If == in && n.ID != 0 && r.e.poolOf(out, n.ID).any {
			return true
		}
	}
	return false
}

// mapSource tries the rules in the order of semantics.md 3.2, without live translations. Their lists see the destination that step 6
// has made.
func (r *run) mapSource(s *step, outside bool) noMapping {
	p := r.p
	seen := wire
	seen.dst, seen.dport = s.dst, s.dport
	for i := range p.NAT.Exemptions {
		x := &p.NAT.Exemptions[i]
		v := seen
		v.pairs = true
		if x.If == s.in && x.Outside == outside && r.acl(x.ACL, r.e.sameID[x.ACL], v) {
			r.note(x.Line)
			return mapped
		}
	}
	for i := range p.NAT.Statics {
		t := &p.NAT.Statics[i]
		if t.RealIf != s.in || t.MappedIf != s.out || !r.in(wire.src, t.RealNet()) {
			continue
		}
		if t.Proto != 0 && (!r.proto(t.Proto) || !r.portIn(wire.sport, t.RealPt, t.RealPt)) {
			continue
		}
		if t.ACL != compiler.None && !r.acl(t.ACL, r.e.sameID[t.ACL], seen) {
			continue
		}
		r.note(t.Line)
		s.o.src = uint32(t.ToMapped(ast.IP(r.c.src.lo))) - r.c.src.lo
		s.src.val = s.o.src
		if t.Proto != 0 {
			s.o.sport = t.MappedPort - t.RealPt
			s.sport.val = s.o.sport
		}
		return mapped
	}
	if outside && r.fromAliased(s) {
		return mapped
	}
	for i := range p.NAT.Policies {
		n := &p.NAT.Policies[i]
		if n.If == s.in && n.Outside == outside && r.acl(n.ACL, r.e.sameID[n.ACL], seen) {
			return r.mapDynamic(s, n)
		}
	}
	for i := range p.NAT.Nats {
		n := &p.NAT.Nats[i]
		if n.If == s.in && n.Outside == outside && r.in(wire.src, n.Net) {
			return r.mapDynamic(s, n)
		}
	}
	return noGroup
}

func (r *run) mapDynamic(s *step, n *compiler.Nat) noMapping {
	r.note(n.Line)
	if n.ID == 0 {
		return mapped
	}
	pl := r.e.poolOf(s.out, n.ID)
	switch {
	case !pl.any:
		return noGlobal
	case pl.free:
		s.src = addr{val: uint32(pl.first)}
	case !pl.pat:
		return exhausted
	case !r.byPort():
		return notByPort
	case pl.patAddress == 0:
		return exhausted
	default:
		s.src, s.usesPAT = addr{val: uint32(pl.patAddress)}, true
	}
	r.note(pl.lines...)
	s.pool, s.o.pool = pl, pl.text
	return mapped
}

// byPort reports whether PAT can carry the packets (semantics.md 1.4, 1.5; with `fixup protocol esp-ike` ESP as well).
func (r *run) byPort() bool {
	return r.c.hasPorts() || r.typeIn(bytesOf(0, 8)) || r.espIKE() && r.proto(ast.ProtoESP)
}

func (r *run) espIKE() bool {
	for i := range r.p.Fixups {
		if r.p.Fixups[i].Protocol == "esp-ike" {
			return true
		}
	}
	return false
}

// pool is the globals of one id on one interface, as a fresh firewall has them.
type pool struct {
	any        bool
	free       bool   // an address of its own is free
	first      ast.IP // the first of them
	pat        bool
	patAddress ast.IP
	text       string // equal for pools that give out the same
	lines      []compiler.Line
}

// half is one of the two Plans, with what is computed of it once.
type half struct {
	index   int
	p       *compiler.Plan
	invalid []span // sources that no packet may have
	sameID  []int  // by access list: the one of the other Plan with its name; None
	access  []int  // by interface: the list that the other Plan binds to that of the same name; None
	pools   map[[2]int]*pool

	lists         []compiler.ACL
	otherConduits int // of the other Plan, by its lists; None without one
}

func newHalf(index int, p, other *compiler.Plan) *half {
	h := &half{index: index, p: p, pools: map[[2]int]*pool{}, invalid: invalidSources(p)}
	h.lists, h.otherConduits = lists(p), compiler.None
	if other != nil {
		h.otherConduits = len(other.ACLs)
	}
	h.sameID = make([]int, len(p.ACLs))
	for i := range h.sameID {
		if h.sameID[i] = compiler.None; other != nil {
			h.sameID[i] = other.ACLByID(p.ACLs[i].ID)
		}
	}
	h.access = make([]int, len(p.Interfaces))
	for i := range h.access {
		if h.access[i] = compiler.None; other != nil {
			if j := other.IfByName(p.Interfaces[i].Name); j != compiler.None {
				h.access[i] = other.Interfaces[j].ACL
			}
		}
	}
	return h
}

// invalidSources are those of semantics.md 1.7.
func invalidSources(p *compiler.Plan) []span {
	list := []span{{0, 0x00ffffff}, {127 << 24, 127<<24 | 0xffffff}, {224 << 24, 0xffffffff}}
	for i := range p.Interfaces {
		if x := &p.Interfaces[i]; x.HasAddress() {
			list = append(list, span{uint32(x.Net.IP), uint32(x.Net.IP)})
			if x.Net.Mask < ast.MaskOf(31) {
				list = append(list, span{uint32(x.Broadcast()), uint32(x.Broadcast())})
			}
		}
	}
	return union(list)
}

// scanPool bounds the addresses of a range that are looked at for a free one.
const scanPool = 1 << 16

func (h *half) poolOf(out, id int) *pool {
	k := [2]int{out, id}
	if pl := h.pools[k]; pl != nil {
		return pl
	}
	pl := &pool{}
	var words, pats []string
	for i := range h.p.NAT.Globals {
		g := &h.p.NAT.Globals[i]
		if g.If != out || g.ID != id {
			continue
		}
		pl.any = true
		pl.lines = append(pl.lines, g.Line)
		if g.PAT {
			pl.pat = true
			ip := g.First
			if g.Interface {
				ip = h.p.Interfaces[g.If].Net.IP
			}
			if pl.patAddress == 0 {
				pl.patAddress = ip
			}
			pats = append(pats, ip.String())
			continue
		}
		left := minus([]span{{uint32(g.First), uint32(g.Last)}}, h.taken(out))
		for _, s := range left {
			words = append(words, rangeWords(s))
			for ip := uint64(s.lo); ip <= uint64(s.hi) && !pl.free && ip < uint64(s.lo)+scanPool; ip++ {
				if m := g.Netmask; m == 0 || m >= ast.MaskOf(31) || ast.IP(ip)&^m != 0 && ast.IP(ip)|m != ast.AllOnes {
					pl.free, pl.first = true, ast.IP(ip)
				}
			}
		}
		// A mask takes the network and broadcast addresses out of the range.
		if m := g.Netmask; m != 0 && m < ast.MaskOf(31) && len(left) > 0 && edges(left, m) {
			words = append(words, "netmask "+m.String())
		}
	}
	pl.text = strings.Join(words, ", ")
	if len(pats) > 0 {
		if pl.text != "" {
			pl.text += ", then "
		}
		pl.text += "PAT " + strings.Join(pats, ", ")
	}
	h.pools[k] = pl
	return pl
}

// edges reports whether a network or broadcast address of the mask lies in the ranges.
func edges(list []span, m ast.IP) bool {
	for _, s := range list {
		if uint64(s.hi)-uint64(s.lo) >= uint64(^m) {
			return true
		}
		for _, want := range []ast.Net{{Mask: ^m}, {IP: ast.AllOnes, Mask: ^m}} {
			if at, ok := nextIn(s.lo, want); ok && at <= s.hi {
				return true
			}
		}
	}
	return false
}

// taken are the addresses on an interface that pools never give out.
func (h *half) taken(out int) []span {
	ip := uint32(h.p.Interfaces[out].Net.IP)
	list := []span{{ip, ip}}
	for i := range h.p.NAT.Statics {
		t := &h.p.NAT.Statics[i]
		if t.MappedIf == out && t.Proto == 0 && t.ACL == compiler.None && t.Mask.Contiguous() {
			lo, hi := t.MappedNet().Range()
			list = append(list, span{uint32(lo), uint32(hi)})
		}
	}
	return union(list)
}

func rangeWords(s span) string {
	if s.lo == s.hi {
		return ast.IP(s.lo).String()
	}
	return fmt.Sprintf("%v-%v", ast.IP(s.lo), ast.IP(s.hi))
}
