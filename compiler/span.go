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

// minus is what is left of s without the addresses of t.
func (s spans) minus(t spans) spans {
	var out spans
	for _, a := range s {
		for _, b := range t {
			if b.hi < a.lo || b.lo > a.hi {
				continue
			}
			if b.lo > a.lo {
				out = append(out, span{a.lo, b.lo - 1})
			}
			a.lo = b.hi + 1
			if a.lo > a.hi {
				break
			}
		}
		if a.lo <= a.hi {
			out = append(out, a)
		}
	}
	return out
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
