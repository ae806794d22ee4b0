package compiler

import (
	"pixfw/ast"
)

// entryIndex finds the entries of a list that match a packet, without looking at the others.
//
// Each different set of addresses of the list has a number: a host, a network, an object group. For the nets of all sets it
// is known which sets have them, so that an address finds the sets that hold it with one look for each netmask in use.
// Entries hang in a chain for their pair of sets. So the index grows with the members of the groups, never with their
// product, and a group that many entries name counts once.
type entryIndex struct {
	list    *ACL
	sets    []addrSet
	byNet   map[ast.Net]int32  // sets of one net
	byGroup map[*ast.Net]int32 // sets of more, by where they are
	masks   []ast.IP
	owners  map[ast.Net]int32 // net of a set → its first owner in links
	links   []link            // owners of nets
	of      [][2]int32        // source and destination set of each entry
	chains  map[[2]int32]chain
	next    []int32 // entry → next one of its chain
	cost    int     // work done since spent
	found   [2][]int32
}

type addrSet struct {
	nets         []ast.Net
	ranges       spans
	made, ranged bool
}

type link struct{ set, next int32 }
type chain struct{ head, tail int32 }

func newEntryIndex(list *ACL) *entryIndex {
	x := &entryIndex{list: list, byNet: map[ast.Net]int32{}, byGroup: map[*ast.Net]int32{}, owners: map[ast.Net]int32{},
		of: make([][2]int32, len(list.Entries)), next: make([]int32, len(list.Entries)), chains: map[[2]int32]chain{}}
	for n := range list.Entries {
		x.of[n] = [2]int32{x.set(list.Entries[n].Src), x.set(list.Entries[n].Dst)}
	}
	return x
}

// spent is the work since it was asked last.
func (x *entryIndex) spent() int {
	n := x.cost
	x.cost = 0
	return n
}

// set numbers a set of addresses.
func (x *entryIndex) set(nets []ast.Net) int32 {
	if len(nets) == 0 {
		return None
	}
	id := int32(len(x.sets))
	if len(nets) == 1 {
		if old, ok := x.byNet[nets[0]]; ok {
			return old
		}
		x.byNet[nets[0]] = id
	} else {
		if old, ok := x.byGroup[&nets[0]]; ok {
			return old
		}
		x.byGroup[&nets[0]] = id
	}
	x.sets = append(x.sets, addrSet{nets: nets})
	for _, n := range nets {
		x.cost += 4
		first, ok := x.owners[n]
		if !ok {
			first = None
			known := false
			for _, m := range x.masks {
				known = known || m == n.Mask
			}
			if !known {
				x.masks = append(x.masks, n.Mask)
			}
		}
		x.links = append(x.links, link{id, first})
		x.owners[n] = int32(len(x.links) - 1)
	}
	return id
}

// holding appends the sets that hold an address.
func (x *entryIndex) holding(ip ast.IP, out []int32) []int32 {
	for _, m := range x.masks {
		x.cost += 4
		first, ok := x.owners[ast.Net{IP: ip & m, Mask: m}]
		for at := first; ok && at != None; at = x.links[at].next {
			x.cost++
			if id := x.links[at].set; len(out) == 0 || out[len(out)-1] != id { // a group may hold it twice, which does no harm
				out = append(out, id)
			}
		}
	}
	return out
}

// ranges is a set of addresses as ranges, made when it is first needed.
func (x *entryIndex) ranges(id int32) (spans, bool) {
	s := &x.sets[id]
	if !s.made {
		s.ranges, s.ranged = netsSet(s.nets)
		s.made = true
		x.cost += 8 * len(s.nets)
	}
	return s.ranges, s.ranged
}

// region is an entry as a region; not ok when it is none because of a netmask with holes.
func (x *entryIndex) region(n int) (region, bool) {
	if x.of[n][0] == None || x.of[n][1] == None {
		return region{}, true
	}
	src, ok1 := x.ranges(x.of[n][0])
	dst, ok2 := x.ranges(x.of[n][1])
	if !ok1 || !ok2 {
		return region{}, false
	}
	x.cost += 8
	return x.list.Entries[n].region(src, dst), true
}

// add makes an entry known that stands behind all known ones; addFirst, one that stands before them.
func (x *entryIndex) add(n int) {
	x.next[n] = None
	k := x.of[n]
	c, ok := x.chains[k]
	if ok {
		x.next[c.tail] = int32(n)
		c.tail = int32(n)
	} else {
		c = chain{int32(n), int32(n)}
	}
	x.chains[k] = c
	x.cost += 4
}

func (x *entryIndex) addFirst(n int) {
	x.next[n] = None
	k := x.of[n]
	c, ok := x.chains[k]
	if ok {
		x.next[n] = c.head
		c.head = int32(n)
	} else {
		c = chain{int32(n), int32(n)}
	}
	x.chains[k] = c
	x.cost += 4
}

// each calls f for the known entries that match a packet, in the order of the list within a chain, until f wants no later one
// of the chain.
func (x *entryIndex) each(p *point, f func(n int) bool) {
	x.found[0] = x.holding(ast.IP(p[dimSrc]), x.found[0][:0])
	x.found[1] = x.holding(ast.IP(p[dimDst]), x.found[1][:0])
	for _, src := range x.found[0] {
		for _, dst := range x.found[1] {
			x.cost += 4
			c, ok := x.chains[[2]int32{src, dst}]
			for n := c.head; ok && n != None; n = x.next[n] {
				x.cost++
				if x.list.Entries[n].holds(p) && !f(int(n)) {
					break
				}
			}
		}
	}
}

// earliest is the first known entry that matches a packet; None.
func (x *entryIndex) earliest(p *point) int {
	best := None
	x.each(p, func(n int) bool {
		if best == None || n < best {
			best = n
		}
		return false
	})
	return best
}

// earliestRanged is earliest among the entries that are regions.
func (x *entryIndex) earliestRanged(p *point) int {
	best := None
	x.each(p, func(n int) bool {
		if best != None && n >= best {
			return false
		}
		if _, ok := x.ranges(x.of[n][0]); !ok {
			return true
		}
		if _, ok := x.ranges(x.of[n][1]); !ok {
			return true
		}
		best = n
		return false
	})
	return best
}

// covers reports whether entry a matches all that entry b does.
func (x *entryIndex) covers(a, b int) bool {
	ra, ok1 := x.region(a)
	rb, ok2 := x.region(b)
	if ok1 && ok2 {
		x.cost += ra.size() + rb.size()
		return ra.covers(&rb)
	}
	ea, eb := &x.list.Entries[a], &x.list.Entries[b]
	if len(ea.Src)*len(eb.Src)+len(ea.Dst)*len(eb.Dst) > maxPairs {
		return false
	}
	x.cost += len(ea.Src)*len(eb.Src) + len(ea.Dst)*len(eb.Dst)
	return ea.covers(eb)
}

// maxPairs bounds the comparison of sets that have netmasks with holes.
const maxPairs = 256

// somePacket is a packet that the entry matches, if any does.
func (a *ACE) somePacket() (p point) {
	switch {
	case len(a.Protos) > 0:
		p[dimProto] = int64(a.Protos[0])
	case a.SrcPorts != nil || a.DstPorts != nil:
		p[dimProto] = ast.ProtoTCP
	}
	if len(a.ICMP) > 0 {
		p[dimProto], p[dimICMP] = ast.ProtoICMP, int64(a.ICMP[0])
	}
	if len(a.SrcPorts) > 0 {
		p[dimSrcPort] = int64(a.SrcPorts[0].Lo)
	}
	if len(a.DstPorts) > 0 {
		p[dimDstPort] = int64(a.DstPorts[0].Lo)
	}
	if len(a.Src) > 0 && len(a.Dst) > 0 {
		p[dimSrc], p[dimDst] = int64(a.Src[0].IP), int64(a.Dst[0].IP)
	}
	return p
}
