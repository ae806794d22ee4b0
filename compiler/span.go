package compiler

import (
	"cmp"
	"slices"
	"strings"

	"pixfw/ast"
)

// span is a range of addresses, both ends included. The ends are wider than an address so that one past the last exists.
type span struct{ lo, hi int64 }

func spanOf(n ast.Net) span {
	first, last := n.Range()
	return span{int64(first), int64(last)}
}

func (s span) overlaps(t span) bool { return s.lo <= t.hi && t.lo <= s.hi }

func (s span) String() string {
	if s.lo == s.hi {
		return ast.IP(s.lo).String()
	}
	return ast.IP(s.lo).String() + "-" + ast.IP(s.hi).String()
}

// spans is a set of addresses: sorted, disjoint, not adjacent.
type spans []span

// union sorts and merges.
func union(list []span) spans {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	var out spans
	for _, s := range list {
		if n := len(out); n > 0 && s.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// minus is what is left of s without the addresses of t, in one pass over both.
func (s spans) minus(t spans) spans {
	var out spans
	j := 0
	for _, a := range s {
		for j < len(t) && t[j].hi < a.lo {
			j++
		}
		for k := j; k < len(t) && t[k].lo <= a.hi && a.lo <= a.hi; k++ {
			if t[k].lo > a.lo {
				out = append(out, span{a.lo, t[k].lo - 1})
			}
			a.lo = t[k].hi + 1
		}
		if a.lo <= a.hi {
			out = append(out, a)
		}
	}
	return out
}

// and is what is in both.
func (s spans) and(t spans) spans {
	var out spans
	for i, j := 0, 0; i < len(s) && j < len(t); {
		if lo, hi := max(s[i].lo, t[j].lo), min(s[i].hi, t[j].hi); lo <= hi {
			out = append(out, span{lo, hi})
		}
		if s[i].hi < t[j].hi {
			i++
		} else {
			j++
		}
	}
	return out
}

// meets reports whether the two have anything in common.
func (s spans) meets(t spans) bool {
	for i, j := 0, 0; i < len(s) && j < len(t); {
		if s[i].overlaps(t[j]) {
			return true
		}
		if s[i].hi < t[j].hi {
			i++
		} else {
			j++
		}
	}
	return false
}

// covers reports whether all of t is in s.
func (s spans) covers(t spans) bool {
	i := 0
	for _, b := range t {
		for i < len(s) && s[i].hi < b.lo {
			i++
		}
		if i == len(s) || s[i].lo > b.lo || s[i].hi < b.hi {
			return false
		}
	}
	return true
}

func (s spans) contains(t span) bool {
	return slices.ContainsFunc(s, func(a span) bool { return a.lo <= t.lo && t.hi <= a.hi })
}

func (s spans) String() string {
	words := make([]string, len(s))
	for i, a := range s {
		words[i] = a.String()
	}
	return enumerate(words)
}

// enumerate is "a, b and c", cut short after a few.
func enumerate(words []string) string {
	const most = 6
	switch n := len(words); {
	case n == 0:
		return "none"
	case n == 1:
		return words[0]
	case n > most:
		return strings.Join(words[:most], ", ") + " and others"
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
