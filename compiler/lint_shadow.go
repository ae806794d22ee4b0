package compiler

import (
	"pixfw/ast"
)

// shadowed finds entries that an earlier entry of the same list covers entirely.
//
// Earlier entries are kept by the pair of their masks, and under that by their masked addresses: an entry looks up its own
// addresses once for each pair of masks in use, of which real lists have a few dozen. So the work is near linear in the
// length of the list. Two bounds keep it so whatever comes: maxPairs for the nets of one entry, maxTried for the entries
// that share both addresses; beyond them a cover may be missed.
func (l *linter) shadowed() {
	for i := range l.plan.ACLs {
		l.shadowedIn(&l.plan.ACLs[i])
	}
}

const (
	maxPairs = 256
	maxTried = 256
)

func (l *linter) shadowedIn(list *ACL) {
	type masks struct{ src, dst ast.IP }
	type addrs struct{ src, dst ast.IP }
	index := map[masks]map[addrs][]int{}
	for n := range list.Entries {
		ace := &list.Entries[n]
		if len(ace.Src) == 0 || len(ace.Dst) == 0 {
			continue
		}
		src, dst := ace.Src[0], ace.Dst[0]
		by := -1
		for m, table := range index {
			if m.src&^src.Mask != 0 || m.dst&^dst.Mask != 0 {
				continue
			}
			same := table[addrs{src.IP & m.src, dst.IP & m.dst}]
			for k, e := range same {
				if k == maxTried || by >= 0 && e >= by {
					break
				}
				if list.Entries[e].covers(ace) {
					by = e // the earliest, whatever order the map has
					break
				}
			}
		}
		if by >= 0 {
			l.reportShadow(list, &list.Entries[by], ace)
			continue // what it would cover, the other covers as well
		}
		if len(ace.Src)*len(ace.Dst) > maxPairs {
			continue
		}
		for _, s := range ace.Src {
			for _, d := range ace.Dst {
				m := masks{s.Mask, d.Mask}
				if index[m] == nil {
					index[m] = map[addrs][]int{}
				}
				a := addrs{s.IP, d.IP}
				index[m][a] = append(index[m][a], n)
			}
		}
	}
}

func (l *linter) reportShadow(list *ACL, by, ace *ACE) {
	var d *ast.Diagnostic
	if by.Permit == ace.Permit {
		d = l.find("W419", ast.Info, ace.Line.cmd, "", "entry %d of access-list %s is redundant: entry %d already decides all its packets in the same way", ace.Number, list.ID, by.Number)
		d.Hint = "remove the entry"
	} else {
		d = l.find("W419", ast.Warning, ace.Line.cmd, "", "entry %d of access-list %s never takes effect: entry %d matches all its packets first", ace.Number, list.ID, by.Number)
		d.Hint = "move the entry before the one that covers it, or remove it"
	}
	l.noteLine(d, by.Line.cmd)
}
