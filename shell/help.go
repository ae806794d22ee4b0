package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pixfw/parser"
	"pixfw/parser/syntax"
)

// Help is the answer to a question mark behind text: the commands of the mode, or what may follow the words. Where a name
// of the configuration is wanted, those that exist are listed.
func (s *Session) Help(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.help(text)
}

func (s *Session) help(text string) string {
	words, partial := s.cut(text)
	next, before, ok := s.next(words)
	if !ok {
		return textUnknown + "\n"
	}
	var b strings.Builder
	if len(words) == 0 && partial == "" {
		b.WriteString(textPipe)
	}
	n := 0
	line := func(word, help string) {
		n++
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-16s %s", word, help), " "))
	}
	for _, w := range next {
		switch {
		case w.Literal != "":
			if hasPrefixFold(w.Literal, partial) {
				line(w.Literal, w.Help)
			}
		case w.End:
			if partial == "" {
				line("<cr>", "")
			}
		default:
			if partial == "" || s.fits(before, partial) {
				line(w.Placeholder, w.Help)
			}
			for _, name := range s.live(w, before) {
				if strings.HasPrefix(name, partial) {
					line("  "+name, "")
				}
			}
		}
	}
	if n == 0 {
		return textUnknown + "\n"
	}
	return b.String()
}

// describe is `help COMMAND`: its forms, and what it is for (commands-vpn-aaa-show.md section 4.18). Several commands may
// begin with the same words.
func (s *Session) describe(topic string) (string, error) {
	usage, description := "", ""
	if s.mode == Config {
		for _, c := range parser.Commands() {
			if first, _, _ := strings.Cut(c.Keyword, " "); !strings.EqualFold(first, topic) {
				continue
			}
			for _, form := range c.Syntax {
				usage += "\t" + form + "\n"
			}
			description += fmt.Sprintf("%-16s %s\n", c.Keyword, c.Help)
		}
	}
	if next, _, ok := s.next([]string{topic}); usage == "" && ok {
		usage = "\t" + strings.TrimPrefix(usageText([]string{strings.ToLower(topic)}, next), "Usage:\t") + "\n"
		first, _, _ := s.next(nil)
		for _, w := range first {
			if strings.EqualFold(w.Literal, topic) {
				description = fmt.Sprintf("%-16s %s\n", w.Literal, w.Help)
			}
		}
	}
	if description == "" {
		return "", refused(textUnknown)
	}
	return "USAGE:\n\n" + usage + "\nDESCRIPTION:\n\n" + description, nil
}

// Complete is the words that can stand where text ends, each beginning with what is typed of it: keywords, and the names
// that exist now. partial is that beginning.
func (s *Session) Complete(text string) (candidates []string, partial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words, partial := s.cut(text)
	next, before, ok := s.next(words)
	if !ok || s.Asking() {
		return nil, partial
	}
	for _, w := range next {
		if w.Literal != "" && hasPrefixFold(w.Literal, partial) {
			candidates = append(candidates, w.Literal)
		}
		if w.Class == "" {
			continue
		}
		for _, name := range s.live(w, before) {
			if strings.HasPrefix(name, partial) {
				candidates = append(candidates, name)
			}
		}
	}
	slices.Sort(candidates)
	return slices.Compact(candidates), partial
}

// cut splits text into its whole words and the one that is being typed.
func (s *Session) cut(text string) (words []string, partial string) {
	at := splitWords(text)
	words = texts(at)
	if n := len(at); n > 0 && at[n-1].end == len(text) && !strings.Contains("(,)", at[n-1].text) {
		return words[:n-1], words[n-1]
	}
	return words, ""
}

// next is what may follow the words; before are the words in full. A last word that begins several keywords is the name that
// it can be as well: two keywords begin with the group of servers "RADIUS".
func (s *Session) next(words []string) (next []syntax.Next, before []string, ok bool) {
	a := s.lang.of(s.mode)
	_, before, err := s.expandWords(words)
	var several *syntax.AmbiguousError
	if last := len(words) - 1; errors.As(err, &several) && several.Index == last {
		if _, before, err = s.expandWords(words[:last]); err == nil {
			before = append(before, words[last])
		}
	}
	if err != nil {
		return nil, nil, false
	}
	next = a.Next(before)
	return next, before, next != nil
}

func (s *Session) fits(before []string, word string) bool {
	n, _ := s.lang.of(s.mode).Walk(append(slices.Clip(before), word))
	return n > len(before)
}

// inText reports whether what follows text is free text, where a question mark is a character like any other.
func (s *Session) inText(text string) bool {
	if s.Asking() {
		return true
	}
	words, partial := s.cut(text)
	if partial != "" {
		words = append(words, partial)
	}
	for n := len(words); n > 0; n-- {
		next, _, ok := s.next(words[:n])
		if !ok {
			continue
		}
		return slices.ContainsFunc(next, func(w syntax.Next) bool { return w.Rest })
	}
	return false
}

func hasPrefixFold(word, prefix string) bool {
	return len(word) >= len(prefix) && strings.EqualFold(word[:len(prefix)], prefix)
}
