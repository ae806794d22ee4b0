package shell

import "strings"

// A span of a typed line: one word of it.
type wordAt struct {
	text       string
	start, end int
}

// splitWords cuts a line into the words of the language: blanks separate, and the marks of an interface pair are words of
// their own. A pair need not be closed, so that help works within it; blanks in it are allowed.
func splitWords(line string) []wordAt {
	var out []wordAt
	open := false // within a pair
	add := func(i, j int) { out = append(out, wordAt{line[i:j], i, j}) }
	for i := 0; i < len(line); {
		switch {
		case line[i] == ' ' || line[i] == '\t':
			i++
		case line[i] == ')' && open:
			open = false
			add(i, i+1)
			i++
		case line[i] == '(':
			open = true
			add(i, i+1)
			i++
			for i < len(line) && line[i] != ' ' && line[i] != '\t' {
				j := i
				for j < len(line) && !strings.ContainsRune("(,) \t", rune(line[j])) {
					j++
				}
				if j == i {
					j++
				}
				add(i, j)
				i = j
				if line[i-1] == ')' {
					open = false
					break
				}
			}
		default:
			j := i
			for j < len(line) && line[j] != ' ' && line[j] != '\t' {
				j++
			}
			add(i, j)
			i = j
		}
	}
	return out
}

func texts(words []wordAt) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.text
	}
	return out
}

// replaceWords is the line with each of its words replaced. The blanks between them stay as typed: text to the end of a
// line keeps its spacing.
func replaceWords(line string, words []wordAt, by []string) string {
	var b strings.Builder
	at := 0
	for i, w := range words {
		b.WriteString(line[at:w.start])
		b.WriteString(by[i])
		at = w.end
	}
	b.WriteString(line[at:])
	return strings.TrimSpace(b.String())
}

// joinWords writes words as they are typed: an interface pair is one word.
func joinWords(words []string) string {
	var b strings.Builder
	glue := true
	inPair := false
	for _, w := range words {
		switch {
		case w == "(":
			inPair = true
		case inPair:
			glue = true
		}
		if !glue {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		glue = false
		if w == ")" {
			inPair = false
		}
	}
	return b.String()
}
