package shell

import (
	"slices"
	"strings"
	"testing"

	"pixfw/internal/alloc"
)

// FuzzComplete: whatever has been typed, TAB offers words that begin with it, `?` shows each of them, and a line that ends
// with one of them can be gone on with. Asking changes nothing, and takes memory by what was typed only.
func FuzzComplete(f *testing.F) {
	s, _ := newSession(f, readExample(f), Config)
	for _, line := range commandLines(s) {
		f.Add(line, uint8(2))
		f.Add(line[:len(line)/2], uint8(2))
	}
	for _, line := range []string{"", "sh", "show acc", "cl x", "static (inside,", "nat (", "no acc", "access-list 101 per tcp any any eq ", "crypto map mymap 10 set t",
		"object-group ", "aaa-server AuthInbound (", "\xff ", "show run | g", "acc 101 per t a a e w"} {
		for mode := range uint8(3) {
			f.Add(line, mode)
		}
	}
	modes := []Mode{User, Privileged, Config}
	f.Fuzz(func(t *testing.T, line string, mode uint8) {
		s.enter(modes[int(mode)%len(modes)])
		before := commandLines(s)
		var words []string
		var partial, help string
		took := alloc.Bytes(func() {
			words, partial = s.Complete(line)
			help = s.Help(line)
		})
		if took > 4<<20+uint64(len(line))<<12 {
			t.Fatalf("%d octets take %d of memory", len(line), took)
		}
		if !slices.Equal(before, commandLines(s)) {
			t.Fatalf("%q: asking has changed the configuration", line)
		}
		head, ok := strings.CutSuffix(line, partial)
		if !ok {
			t.Fatalf("%q does not end with %q", line, partial)
		}
		for _, w := range words {
			if !hasPrefixFold(w, partial) {
				t.Fatalf("%q: %q does not begin with %q", line, w, partial)
			}
			if !strings.Contains(help, w) {
				t.Fatalf("%q: %q is not in the help:\n%s", line, w, help)
			}
			if s.Help(head+w+" ") == textUnknown+"\n" {
				t.Fatalf("%q: nothing is known behind %q", line, head+w)
			}
		}
	})
}
