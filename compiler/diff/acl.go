package diff

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// A view is a packet as an access list looks at it.
type view struct {
	src, dst     addr
	sport, dport port
	pairs        bool // addresses alone, as a NAT exemption compares them
}

var (
	wire     = view{src: addr{of: fromSrc}, dst: addr{of: fromDst}, sport: port{of: fromSrc}, dport: port{of: fromDst}}
	reversed = view{src: addr{of: fromDst}, dst: addr{of: fromSrc}, sport: port{of: fromDst}, dport: port{of: fromSrc}}
)

// matches reports whether an entry is for the packets of the cell.
func (r *run) matches(a *compiler.ACE, v *view) bool {
	if v.pairs {
		return r.inNets(v.src, a.Src) && r.inNets(v.dst, a.Dst)
	}
	if r.misses(a, v) {
		return false // the cheap answer first: nothing is split for an entry that cannot match
	}
	if a.Protos != nil && !r.split(&r.c.protos, bytesOf(a.Protos...)) {
		return false
	}
	return r.inNets(v.src, a.Src) && r.inNets(v.dst, a.Dst) &&
		(a.SrcPorts == nil || r.inPorts(v.sport, a.SrcPorts)) && (a.DstPorts == nil || r.inPorts(v.dport, a.DstPorts)) &&
		(a.ICMP == nil || r.typeIn(bytesOf(a.ICMP...)))
}

// misses reports whether one look shows that an entry matches no packet of the cell.
func (r *run) misses(a *compiler.ACE, v *view) bool {
	if r.far(v.dst, a.Dst) || r.far(v.src, a.Src) {
		return true
	}
	if v.pairs {
		return false
	}
	if (a.SrcPorts != nil || a.DstPorts != nil) && (!r.c.hasPorts() || r.portsFar(v.sport, a.SrcPorts) || r.portsFar(v.dport, a.DstPorts)) {
		return true
	}
	return a.ICMP != nil && !r.c.isICMP()
}

// far reports whether none of the nets can hold an address of the cell.
func (r *run) far(a addr, nets []ast.Net) bool {
	for i := range nets {
		n := &nets[i]
		if n.Mask == 0 || !n.Mask.Contiguous() {
			return false
		}
		lo, hi := a.val, a.val
		if a.of != constant {
			d := r.dim(a.of)
			lo, hi = d.lo+a.val, d.hi+a.val
		}
		if first, last := n.Range(); uint32(first) <= hi && lo <= uint32(last) {
			return false
		}
	}
	return true
}

func (r *run) portsFar(p port, ranges []compiler.PortRange) bool {
	if ranges == nil {
		return false
	}
	lo, hi := uint32(p.val), uint32(p.val)
	if p.of != constant {
		d := r.c.sport
		if p.of == fromDst {
			d = r.c.dport
		}
		lo, hi = uint32(uint16(d.lo)+p.val), uint32(uint16(d.hi)+p.val)
	}
	return !slices.ContainsFunc(ranges, func(x compiler.PortRange) bool { return uint32(x.Lo) <= hi && lo <= uint32(x.Hi) })
}

// overlaps reports, without splitting, whether an entry may match a packet of the cell, and whether it matches every one.
func (r *run) overlaps(a *compiler.ACE, v *view) (some, all bool) {
	saved, rest := r.c, r.rest
	var parts []cell
	r.rest = &parts
	hit := r.matches(a, v)
	r.c, r.rest = saved, rest
	return hit || len(parts) > 0, hit && len(parts) == 0
}

// resolve walks a list: the entry that decides, or None for the implicit deny.
func (r *run) resolve(list *compiler.ACL, v *view) (entry int, permit bool) {
	for i := range list.Entries {
		if r.matches(&list.Entries[i], v) {
			return i, list.Entries[i].Permit
		}
	}
	return compiler.None, false
}

// A condition is a question to an access list that both Plans answer alike, or that only one asks.
type condition struct {
	old, new int // the list in either Plan; None
	view     view
	alone    bool // one list only: the other Plan's answer is another condition
}

// pairing is what is known of the lists of two Plans together.
type pairing struct {
	halves   [2]*half
	conds    map[condition]*condition
	aligned  map[[2]int]*alignment
	resolved map[condition]int // cells in which a list had to be walked
	exact    bool              // never assume; what was assumed is checked
	most     int               // of resolved, before a list is assumed all the same
}

// alignment is the entries of two lists that the other does not have, or has elsewhere.
type alignment struct{ old, new []int }

func (x *pairing) cond(k condition) *condition {
	c := x.conds[k]
	if c == nil {
		c = &k
		x.conds[k] = c
	}
	return c
}

func (x *pairing) align(a, b int) *alignment {
	k := [2]int{a, b}
	al := x.aligned[k]
	if al == nil {
		al = align(&x.halves[0].lists[a], &x.halves[1].lists[b])
		x.aligned[k] = al
	}
	return al
}

// scan is how many entries of a list are looked at to see whether an answer need be assumed at all.
const scan = 8192

// acl asks a list. partner is the list that the other Plan asks in its place, or None.
func (r *run) acl(list, partner int, v view) (permit bool) {
	acl := &r.e.lists[list]
	if r.x == nil {
		entry, permit := r.resolve(acl, &v)
		if entry != compiler.None {
			r.note(acl.Entries[entry].Line)
		}
		return permit
	}
	k := condition{old: list, new: partner, view: v}
	if r.e.index == 1 {
		k.old, k.new = partner, list
	}
	if r.x.exact {
		return r.checked(acl, list, k, v)
	}
	alone := k
	alone.alone = true
	if r.e.index == 0 {
		alone.new = compiler.None
	} else {
		alone.old = compiler.None
	}
	for _, a := range r.c.assumed {
		if *a.key == k || *a.key == alone {
			return a.permit
		}
	}
	if permit, ok := r.foregone(acl, &v); ok {
		return permit
	}
	if k.old == compiler.None || k.new == compiler.None {
		return r.walkOr(acl, alone, v)
	}
	al := r.x.align(k.old, k.new)
	for s, changed := range [2][]int{al.old, al.new} {
		entries := r.x.halves[s].lists[[2]int{k.old, k.new}[s]].Entries
		for _, i := range changed {
			if r.matches(&entries[i], &v) {
				return r.walkOr(acl, alone, v)
			}
		}
	}
	return r.assume(r.x.cond(k))
}

// foregone reports whether the list answers alike for the whole cell, by what a glance shows.
func (r *run) foregone(acl *compiler.ACL, v *view) (permit, ok bool) {
	for i := range acl.Entries {
		if i == scan {
			return false, false
		}
		if r.misses(&acl.Entries[i], v) {
			continue
		}
		some, all := r.overlaps(&acl.Entries[i], v)
		if all {
			return acl.Entries[i].Permit, true
		}
		if some {
			return false, false
		}
	}
	return false, true
}

// walkOr walks a list, unless that has been done so often that the answer is better assumed.
func (r *run) walkOr(acl *compiler.ACL, k condition, v view) bool {
	c := r.x.cond(k)
	if r.x.resolved[k] >= r.x.most {
		return r.assume(c)
	}
	r.x.resolved[k]++
	_, permit := r.resolve(acl, &v)
	return permit
}

// assume takes one answer and leaves the other for later.
func (r *run) assume(c *condition) bool {
	with := func(permit bool) []assumption {
		return append(slices.Clone(r.c.assumed), assumption{c, permit})
	}
	other := r.c
	other.assumed = with(false)
	r.push(other)
	r.c.assumed = with(true)
	return true
}

// checked walks a list and holds the cell to what was assumed.
func (r *run) checked(acl *compiler.ACL, list int, k condition, v view) bool {
	_, permit := r.resolve(acl, &v)
	for _, a := range r.c.assumed {
		own := a.key.old
		if r.e.index == 1 {
			own = a.key.new
		}
		if own == list && a.key.view == v && a.permit != permit {
			r.dead = true
		}
	}
	return permit
}

// signature is equal for entries that match the same packets with the same answer.
func signature(a *compiler.ACE) string {
	b := make([]byte, 0, 64)
	num := func(n uint32) { b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)) }
	if a.Permit {
		b = append(b, 'p')
	}
	num(uint32(len(a.Protos)))
	b = append(b, a.Protos...)
	for _, nets := range [][]ast.Net{a.Src, a.Dst} {
		b = append(b, '/')
		num(uint32(len(nets)))
		for _, n := range nets {
			num(uint32(n.IP & n.Mask))
			num(uint32(n.Mask))
		}
	}
	for _, ports := range [][]compiler.PortRange{a.SrcPorts, a.DstPorts} {
		b = append(b, '/')
		num(uint32(len(ports)))
		for _, p := range ports {
			num(uint32(p.Lo)<<16 | uint32(p.Hi))
		}
	}
	b = append(b, '/')
	return string(append(b, a.ICMP...))
}

// align finds entries that stand in both lists in the same order, as many as it can, and returns the others. It looks for
// the longest increasing sequence of old positions in the order of the new list, so a moved entry counts once in either.
func align(old, new *compiler.ACL) *alignment {
	at := make(map[string][]int, len(old.Entries))
	for i := range old.Entries {
		s := signature(&old.Entries[i])
		at[s] = append(at[s], i)
	}
	pos := make([]int, len(new.Entries)) // where the entry stands in old; -1: nowhere
	for j := range new.Entries {
		s := signature(&new.Entries[j])
		pos[j] = -1
		if q := at[s]; len(q) > 0 {
			pos[j], at[s] = q[0], q[1:]
		}
	}
	var tails []int // tails[n]: index in new of the least end of a sequence of n+1
	before := make([]int, len(pos))
	for j, p := range pos {
		if p < 0 {
			continue
		}
		n, _ := slices.BinarySearchFunc(tails, p, func(t, p int) int { return pos[t] - p })
		before[j] = -1
		if n > 0 {
			before[j] = tails[n-1]
		}
		if n == len(tails) {
			tails = append(tails, j)
		} else {
			tails[n] = j
		}
	}
	keptOld, keptNew := make([]bool, len(old.Entries)), make([]bool, len(pos))
	if len(tails) > 0 {
		for j := tails[len(tails)-1]; j >= 0; j = before[j] {
			keptOld[pos[j]], keptNew[j] = true, true
		}
	}
	al := &alignment{}
	for i, kept := range keptOld {
		if !kept {
			al.old = append(al.old, i)
		}
	}
	for j, kept := range keptNew {
		if !kept {
			al.new = append(al.new, j)
		}
	}
	return al
}
