package parser

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// An artefact is one thing that happens to a configuration on its way from the box into a file. It gets the lines as they are
// so far, each without its line end, and gives the lines that stand in the file.
type artefact struct {
	name string
	do   func(lines []string, r *rand.Rand) []string
	last bool // it is of the file, not of its lines: after all others
}

func each(f func(n int, l string) string) func([]string, *rand.Rand) []string {
	return func(lines []string, _ *rand.Rand) []string {
		out := make([]string, len(lines))
		for i, l := range lines {
			out[i] = f(i+1, l)
		}
		return out
	}
}

// every puts a line before each nth.
func every(n int, line func(r *rand.Rand) string) func([]string, *rand.Rand) []string {
	return func(lines []string, r *rand.Rand) []string {
		var out []string
		for i, l := range lines {
			if i%n == n-1 {
				out = append(out, line(r))
			}
			out = append(out, l)
		}
		return out
	}
}

// pagers are the ways in which a terminal leaves the pager's prompt in a capture.
func paged(mark string) func([]string, *rand.Rand) []string {
	return func(lines []string, _ *rand.Rand) []string {
		out := slices.Clone(lines)
		for i := 23; i < len(out); i += 24 {
			out[i] = mark + out[i]
		}
		return out
	}
}

// wrapped breaks the lines where a terminal of this width does.
func wrapped(width int) artefact {
	return artefact{name: fmt.Sprintf("wrapped at %d", width), do: func(lines []string, _ *rand.Rand) []string {
		var out []string
		for _, l := range lines {
			for ; len(l) > width; l = l[width:] {
				out = append(out, l[:width])
			}
			out = append(out, l)
		}
		return out
	}}
}

func framed(before, after []string) func([]string, *rand.Rand) []string {
	return func(lines []string, _ *rand.Rand) []string { return slices.Concat(before, lines, after) }
}

var artefacts = []artefact{
	wrapped(40), wrapped(57), wrapped(72), wrapped(80), wrapped(100), wrapped(132),
	{name: "more, wiped by blanks", do: paged("<--- More --->\r              \r")},
	{name: "more, wiped by backspaces", do: paged("<--- More --->" + strings.Repeat("\b \b", 14))},
	{name: "more, wiped by ANSI", do: paged("<--- More --->\r\x1b[K")},
	{name: "more, left as it is", do: paged("<--- More --->")},
	{name: "more on a line of its own", do: every(24, func(*rand.Rand) string { return "<--- More --->" })},
	{name: "trailing blanks", do: each(func(n int, l string) string { return l + strings.Repeat(" ", n%4) })},
	{name: "prompts", do: framed([]string{"pixfirewall> enable", "Password: ********", "pixfirewall# show running-config"}, []string{"pixfirewall# ", "pixfirewall# exit"})},
	{name: "building", do: framed([]string{"Building configuration..."}, []string{"[OK]"})},
	{name: "numbers with colon", do: each(func(n int, l string) string { return fmt.Sprintf("%d: %s", n, l) })},
	{name: "numbers with blanks", do: each(func(n int, l string) string { return fmt.Sprintf("%5d  %s", n, l) })},
	{name: "double spacing", do: func(lines []string, _ *rand.Rand) []string {
		var out []string
		for _, l := range lines {
			out = append(out, l, "")
		}
		return out
	}},
	{name: "tabs in front", do: each(func(_ int, l string) string { return "\t" + l })},
	{name: "bullets", do: each(func(_ int, l string) string { return "- " + l })},
	{name: "quoted", do: each(func(_ int, l string) string { return "> " + l })},
	{name: "table", do: each(func(_ int, l string) string { return l + " | |" })},
	{name: "page banners", do: framed([]string{"My firewall", "Posted by admin on 4 July", ""}, []string{"", "Copyright 2004, all rights reserved."})},
	{name: "comments with !", do: every(9, func(*rand.Rand) string { return "!--- allow access to the web server" })},
	{name: "comments with #", do: every(7, func(*rand.Rand) string { return "# route nat static" })},
	{name: "comments with :", do: every(11, func(*rand.Rand) string { return ": the next line is important" })},
	{name: "bare !", do: every(5, func(*rand.Rand) string { return "!" })},
	{name: "no end", do: func(lines []string, _ *rand.Rand) []string {
		return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return l == ": end" || strings.HasPrefix(l, "Cryptochecksum") })
	}},
	{name: "capitals", do: each(func(n int, l string) string {
		if w, rest, ok := strings.Cut(l, " "); ok && n%3 == 0 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz-") == "" && w != "" {
			return strings.ToUpper(w[:1]) + w[1:] + " " + rest
		}
		return l
	})},
	{name: "CRLF", last: true, do: each(func(_ int, l string) string { return l + "\r" })},
	{name: "NUL", last: true, do: each(func(n int, l string) string {
		if n%10 == 0 {
			return "\x00" + l
		}
		return l
	})},
	{name: "byte order mark", last: true, do: func(lines []string, _ *rand.Rand) []string {
		return append([]string{"\ufeff" + lines[0]}, lines[1:]...)
	}},
}

// travelled is the text of a configuration after all that.
func travelled(clean string, list []artefact, r *rand.Rand) string {
	lines := strings.Split(strings.TrimSuffix(clean, "\n"), "\n")
	for _, a := range list {
		lines = a.do(lines, r)
	}
	return strings.Join(lines, "\n") + "\n"
}

// without drops what a printed configuration has that is not of the lines: its checksum; and comments that became none.
func without(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool {
		return strings.HasPrefix(l, "Cryptochecksum") || strings.HasPrefix(l, "terminal width")
	})
}

// arrives wants a configuration to be read as it was, whatever has happened to it: each line that was not is one about which
// something is said.
func arrives(t *testing.T, name, clean string, list []artefact, r *rand.Rand) (lines, guessed int) {
	t.Helper()
	text := travelled(clean, list, r)
	cfg, f, diags := Load(name, []byte(text))
	accounted(t, f, text)
	want, got := without(clean), without(cfg.String())
	if slices.Equal(want, got) {
		return len(want), 0
	}
	var names []string
	for _, a := range list {
		names = append(names, a.name)
	}
	// What is missing stands in the file, so that a finding must be about it: an error, or that it was guessed.
	have := map[string]int{}
	for _, l := range got {
		have[l]++
	}
	missing := 0
	for _, l := range want {
		if have[l]--; have[l] < 0 {
			missing++
		}
	}
	_, _, before := Load(name, []byte(clean))
	said := findings(diags) - findings(before)
	if said < missing || missing > 3+len(want)/50 {
		t.Errorf("%s, %s: %d lines are not as they were, %d findings:\n%s", name, strings.Join(names, " + "), missing, said, differ(want, got))
	}
	t.Logf("%s, %s, %d findings:\n%s", name, strings.Join(names, " + "), said, differ(want, got))
	return len(want), missing
}

// findings counts the lines about which something is said: errors, and that a reading is a guess.
func findings(diags ast.Diagnostics) (n int) {
	for _, d := range diags {
		if d.Severity <= ast.Warning {
			n += 1 + len(d.Also)
		}
	}
	return n
}

// TestArtefacts lets printed configurations travel: with each artefact alone, and with several at once.
func TestArtefacts(t *testing.T) {
	clean := map[string]string{}
	add := func(name string, text []byte) {
		cfg, _, _ := Load(name, text)
		clean[name] = cfg.String()
		if again, _, _ := Load(name, []byte(clean[name])); again.String() != clean[name] {
			t.Errorf("%s: printed again it differs:\n%s", name, firstDifference(clean[name], again.String()))
		}
	}
	add("note", seed(t))
	add("reference", []byte(strings.Join(positive(t), "\n")))
	if !testing.Short() {
		for _, name := range []string{"dump-501-vpngroup-portforward-63-1.cfg", "dump-lan-failover-515-63-5.cfg", "fwb-three-if-groups-fixups-63.cfg"} {
			if text, err := os.ReadFile("../../shared/corpus/" + name); err == nil {
				add(name, text)
			}
		}
	}
	lines, guessed := 0, 0
	count := func(n, g int) { lines, guessed = lines+n, guessed+g }
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range clean {
			if !yield(k) {
				return
			}
		}
	}) {
		r := rand.New(rand.NewPCG(63, uint64(len(name))))
		for _, a := range artefacts {
			count(arrives(t, name, clean[name], []artefact{a}, r))
		}
		for range 60 {
			var list []artefact
			for _, i := range r.Perm(len(artefacts))[:2+r.IntN(3)] {
				list = append(list, artefacts[i])
			}
			slices.SortStableFunc(list, func(a, b artefact) int { return order(a) - order(b) })
			list = slices.CompactFunc(list, func(a, b artefact) bool { return order(a) == order(b) && order(a) > 0 && order(a) < 4 })
			count(arrives(t, name, clean[name], list, r))
		}
	}
	t.Logf("%d lines travelled, %d did not arrive and are reported", lines, guessed)
	if guessed*1000 > lines {
		t.Errorf("%d of %d lines did not arrive", guessed, lines)
	}
}

// order is when it happens: the box prints blanks, and someone comments; a terminal wraps and pages; a page puts its marks; a
// tool its line ends.
func order(a artefact) int {
	switch {
	case strings.HasPrefix(a.name, "comments"), a.name == "bare !", a.name == "trailing blanks", a.name == "capitals", a.name == "no end":
		return 0
	case strings.HasPrefix(a.name, "wrapped"):
		return 1
	case strings.HasPrefix(a.name, "more"):
		return 2
	case strings.HasPrefix(a.name, "numbers"):
		return 3
	case a.last:
		return 5
	}
	return 4
}

// differ is the lines that only one of the two has.
func differ(want, got []string) string {
	var b strings.Builder
	for _, x := range []struct {
		sign     string
		some, of []string
	}{{"-", want, got}, {"+", got, want}} {
		have := map[string]int{}
		for _, l := range x.of {
			have[l]++
		}
		for _, l := range x.some {
			if have[l]--; have[l] < 0 {
				b.WriteString(x.sign + l + "\n")
			}
		}
	}
	return b.String()
}
