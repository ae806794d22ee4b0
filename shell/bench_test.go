package shell

import (
	"testing"
)

// BenchmarkHelp is the answer to a question mark: the first in a process, for which the automaton is made (the grammars are
// built once before), and those that follow.
func BenchmarkHelp(b *testing.B) {
	const typed = "access-list 101 permit tcp any host 10.1.1.1 "
	s, _ := newSession(b, readExample(b), Config)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s.lang = newLanguage()
			s.Help(typed)
		}
	})
	for name, text := range map[string]string{"commands": "", "words": typed, "deep": "crypto map mymap 10 set "} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if s.Help(text) == textUnknown+"\n" {
					b.Fatal(text)
				}
			}
		})
	}
}
