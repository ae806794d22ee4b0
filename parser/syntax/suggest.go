package syntax

import "strings"

// Suggest returns the keyword of next that the word is probably a slip of the
// pen of, or "". Up to four letters may hold one slip, longer words two; two
// neighbours exchanged are one slip.
func Suggest(word string, next []Next) string {
	word = fold(word)
	limit := 2
	switch {
	case len(word) < 2 || len(word) > 64:
		return ""
	case len(word) <= 4:
		limit = 1
	}
	best, bestAt := "", limit+1
	for _, n := range next {
		l := fold(n.Literal)
		if len(l) < 2 || len(l) > len(word)+limit || len(word) > len(l)+limit {
			continue
		}
		d := distance(word, l)
		// Of two as close, the one that begins alike: people get that right.
		if d < bestAt || d == bestAt && d <= limit && l[0] == word[0] && fold(best)[0] != word[0] {
			best, bestAt = n.Literal, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and exchanges of
// neighbours (optimal string alignment).
func distance(a, b string) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}

// Expected writes what may follow as a message has it: "any, host or <ip>".
// Long lists are cut.
func Expected(next []Next) string {
	const most = 12
	var names []string
	for _, n := range next {
		names = append(names, n.Placeholder)
	}
	switch {
	case len(names) == 0:
		return "nothing"
	case len(names) > most+1:
		return strings.Join(names[:most], ", ") + ", ..."
	case len(names) == 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
