package compiler

import (
	"fmt"
	"slices"
	"strconv"

	"pixfw/ast"
)

// shadowed finds entries that take no packet because earlier entries of the list take them all: one of them (W419), or
// several together (W430); and entries that a later one makes superfluous (W432). It is exact, by arithmetic of ranges: of
// an entry is taken away what the first entry does that matches some packet of it, until nothing is left (it never takes
// effect) or a packet is found that no entry matches (it does). So an entry that does something, as nearly all do, costs
// one look into an index of addresses.
//
// The work is bounded by work units for the whole configuration and by maxSteps for one entry; what was left out for it
// is said (W431). Netmasks with holes are no ranges: an entry that has one is compared with single entries only.
//
// Lists of crypto maps are left alone: there an entry is also what a peer may propose.
func (l *linter) shadowed() {
	s := &shadows{linter: l, work: shadowWork}
	crypto := map[int]bool{}
	for _, maps := range [][]CryptoMap{l.plan.VPN.Maps, l.plan.VPN.DynamicMaps} {
		for i := range maps {
			for j := range maps[i].Entries {
				crypto[maps[i].Entries[j].ACL] = true
			}
		}
	}
	for i := range l.plan.ACLs {
		if list := &l.plan.ACLs[i]; !crypto[i] && len(list.Entries) > 1 {
			s.examine(list)
		}
	}
}

const (
	shadowWork = 120_000_000 // units of some nanoseconds
	maxSteps   = 400         // regions that one entry is cut into
)

// shadows is the state of the search.
type shadows struct {
	*linter
	work int
}

// examine looks at one list, forwards for what earlier entries take away and backwards for what later ones make
// superfluous.
func (s *shadows) examine(list *ACL) {
	x := newEntryIndex(list)
	idle := make([]bool, len(list.Entries)) // take no packet
	left, first := 0, 0
	giveUp := func(n int) {
		if left++; left == 1 {
			first = n
		}
	}
	n := 0
	for ; n < len(list.Entries) && s.work > 0; n++ {
		switch by, done := s.taken(x, n); {
		case !done:
			giveUp(n)
			x.add(n)
		case by == nil:
			x.add(n)
		default:
			idle[n] = true // what it would take away, others have taken
			s.reportShadow(list, by, n)
		}
		s.work -= x.spent()
	}
	if rest := len(list.Entries) - n; rest > 0 {
		if left == 0 {
			first = n
		}
		left += rest
	}
	if left > 0 {
		d := s.find("W431", ast.Info, list.Entries[first].Line.cmd, "", "%d of the %d entries of access-list %s were not examined to the end for whether earlier entries take all their packets; this is the first",
			left, len(list.Entries), list.ID)
		d.Hint = "split the list, or replace entries that differ in one word by object groups"
		return
	}
	s.superfluous(list, idle)
}

// taken is the entries that take all packets of entry n; nil when some packet is left for it. It is not done when that would
// take too much work.
func (s *shadows) taken(x *entryIndex, n int) (by []int, done bool) {
	p := x.list.Entries[n].somePacket()
	if x.earliest(&p) < 0 {
		return nil, true
	}
	whole, ranged := x.region(n)
	if ranged {
		if whole.empty() {
			return nil, true // it matches nothing, for which there are other findings
		}
		if last := whole.last(); x.earliest(&last) < 0 {
			return nil, true
		}
	}
	one := None
	x.each(&p, func(e int) bool {
		if (one == None || e < one) && x.covers(e, n) {
			one = e
		}
		return one == None || e < one
	})
	if one != None {
		return []int{one}, true
	}
	if !ranged {
		return nil, true
	}
	rest := []region{whole}
	for steps := 0; len(rest) > 0; steps++ {
		if steps == maxSteps || x.cost > s.work {
			return nil, false
		}
		r := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		p := r.first()
		e := x.earliestRanged(&p)
		if e < 0 {
			return nil, true
		}
		taker, _ := x.region(e)
		x.cost += 4 * (r.size() + taker.size())
		rest = r.minus(&taker, rest)
		if !slices.Contains(by, e) {
			by = append(by, e)
		}
	}
	slices.Sort(by)
	return by, true
}

// superfluous finds entries without which a later one would decide the same for all their packets: nothing between them
// decides otherwise for any. Entries that log are there to log.
func (s *shadows) superfluous(list *ACL, idle []bool) {
	x := newEntryIndex(list)
	for n := len(list.Entries) - 1; n >= 0 && s.work > 0; n-- {
		b := &list.Entries[n]
		x.addFirst(n)
		r, ranged := x.region(n)
		if idle[n] || logs(b) || !ranged || r.empty() {
			continue
		}
		p := r.first()
		by := len(list.Entries)
		x.each(&p, func(e int) bool {
			a := &list.Entries[e]
			if e != n && e < by && (a.Permit != b.Permit || !idle[e] && !logs(a) && !a.all() && x.covers(e, n)) {
				by = e
			}
			return e < by
		})
		if by < len(list.Entries) && list.Entries[by].Permit == b.Permit && !s.contradicted(x, n, by, &r) {
			d := s.find("W432", ast.Info, b.Line.cmd, "", "entry %d of access-list %s is redundant: without it entry %d would decide all its packets in the same way",
				b.Number, list.ID, list.Entries[by].Number)
			d.Hint = "remove the entry, unless its hits are to be counted apart"
			s.noteLine(d, list.Entries[by].Line.cmd)
		}
		s.work -= x.spent()
	}
}

// all reports whether the entry matches every packet: what stands before such a last word is there to be read, and to count.
func (a *ACE) all() bool {
	return a.Protos == nil && a.SrcPorts == nil && a.DstPorts == nil && a.ICMP == nil && slices.Contains(a.Src, ast.Net{}) && slices.Contains(a.Dst, ast.Net{})
}

// logs reports whether an entry asks for messages of its own, or for none.
func logs(a *ACE) bool { return a.Log != ast.LogUnset && a.Log != ast.LogDefault }

// contradicted reports whether an entry between n and by decides otherwise for packets of n, whose region is r. When it cannot
// be known, it is so.
func (s *shadows) contradicted(x *entryIndex, n, by int, r *region) bool {
	for e := n + 1; e < by; e++ {
		if x.cost++; x.list.Entries[e].Permit == x.list.Entries[n].Permit {
			continue
		}
		o, ranged := x.region(e)
		if x.cost += o.size(); !ranged || x.cost > s.work || r.meets(&o) {
			return true
		}
	}
	return false
}

func (s *shadows) reportShadow(list *ACL, by []int, n int) {
	ace := &list.Entries[n]
	alike := !slices.ContainsFunc(by, func(e int) bool { return list.Entries[e].Permit != ace.Permit })
	code, who, verb := "W419", fmt.Sprintf("entry %d", list.Entries[by[0]].Number), "matches"
	if len(by) > 1 {
		words := make([]string, len(by))
		for i, e := range by {
			words[i] = strconv.Itoa(list.Entries[e].Number)
		}
		code, who, verb = "W430", "entries "+enumerate(words)+" together", "match"
	}
	sev, format, hint := ast.Warning, "entry %d of access-list %s never takes effect: %s %s all its packets first", "move the entry before those that cover it, or remove it"
	if alike {
		sev, format, hint = ast.Info, "entry %d of access-list %s is redundant: %s already %s all its packets, and decide alike", "remove the entry"
		if len(by) == 1 {
			format = "entry %d of access-list %s is redundant: %s already %s all its packets, and decides alike"
		}
	} else if len(by) == 1 {
		hint = "move the entry before the one that covers it, or remove it"
	}
	d := s.find(code, sev, ace.Line.cmd, "", format, ace.Number, list.ID, who, verb)
	d.Hint = hint
	for _, e := range by[:min(len(by), maxQuoted)] {
		s.noteLine(d, list.Entries[e].Line.cmd)
	}
}

// maxQuoted is how many lines a finding quotes.
const maxQuoted = 6
