package diff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
)

// union sorts and merges.
func union(list []span) []span {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && uint64(s.lo) <= uint64(out[n-1].hi)+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// minus is what is left of s without t. Both are unions.
func minus(s, t []span) []span {
	var out []span
	for _, a := range s {
		gone := false
		for _, b := range t {
			if b.hi < a.lo || b.lo > a.hi {
				continue
			}
			if b.lo > a.lo {
				out = append(out, span{a.lo, b.lo - 1})
			}
			if b.hi >= a.hi {
				gone = true
				break
			}
			a.lo = b.hi + 1
		}
		if !gone {
			out = append(out, a)
		}
	}
	return out
}

func size(list []span) (n uint64) {
	for _, s := range list {
		n += uint64(s.hi) - uint64(s.lo) + 1
	}
	return n
}

func holds(list []span, x uint32) bool {
	return slices.ContainsFunc(list, func(s span) bool { return s.lo <= x && x <= s.hi })
}

// words describes a set of numbers within full: "any", "a, b" or, where shorter, "any except c".
func words(list []span, full span, word func(span) string) string {
	all := []span{full}
	rest := minus(all, list)
	if len(rest) == 0 {
		return "any"
	}
	prefix := ""
	if len(list) > 1 && len(rest) <= len(list) && size(rest) < size(list) {
		list, prefix = rest, "any except "
	}
	w := make([]string, 0, len(list))
	for _, s := range list {
		w = append(w, word(s))
	}
	return prefix + strings.Join(w, ",")
}

// netWords is an address, a prefix, or a range.
func netWords(s span) string {
	if size := uint64(s.hi) - uint64(s.lo) + 1; size&(size-1) == 0 && uint64(s.lo)%size == 0 && size > 1 {
		return ast.Net{IP: ast.IP(s.lo), Mask: ast.IP(^uint32(size - 1))}.String()
	}
	return rangeWords(s)
}

func portWords(s span) string {
	if s.lo == s.hi {
		return strconv.Itoa(int(s.lo))
	}
	return strconv.Itoa(int(s.lo)) + "-" + strconv.Itoa(int(s.hi))
}
