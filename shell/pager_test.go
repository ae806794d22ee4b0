package shell

import (
	"strings"
	"testing"
)

func TestPager(t *testing.T) {
	text := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	for _, c := range []struct {
		name  string
		lines int
		keys  string
		want  string // screens, separated by |
		left  bool
	}{
		{"off", 0, "", text, false},
		{"fits", 9, "", text, false},
		{"page", 4, " ", "1\n2\n3\n|4\n5\n6\n", true},
		{"to the end", 4, "  ", "1\n2\n3\n|4\n5\n6\n|7\n8\n9\n", false},
		{"line", 4, "\r\r", "1\n2\n3\n|4\n|5\n", true},
		{"other keys", 4, "x\n", "1\n2\n3\n||4\n", true},
		{"quit", 4, "q", "1\n2\n3\n|", false},
	} {
		p := Pager{Lines: c.lines}
		got := []string{p.Start(text)}
		for _, k := range c.keys {
			got = append(got, p.Key(k))
		}
		if s := strings.Join(got, "|"); s != c.want || p.Waiting() != c.left {
			t.Errorf("%s: %q, waiting %v; want %q, %v", c.name, s, p.Waiting(), c.want, c.left)
		}
	}
}

func TestFilters(t *testing.T) {
	text := "nat one\nglobal two\nstatic one\n"
	for _, c := range []struct{ line, command, want, err string }{
		{"show run | include one", "show run", "nat one\nstatic one\n", ""},
		{"show run|exclude one", "show run", "global two\n", ""},
		{"show run | grep -v ^g", "show run", "nat one\nstatic one\n", ""},
		{"show run | grep two", "show run", "global two\n", ""},
		{"sh run | b two", "sh run", "global two\nstatic one\n", ""},
		{"wr t | i (", "wr t", "", ""}, // no pattern: taken as it stands
		{"show run | nosuch x", "", "", "ERROR"},
		{"show run | include", "", "", textNotEnough},
		{"access-list x remark a | b", "access-list x remark a | b", text, ""},
	} {
		command, f, err := splitFilter(c.line)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.line, err, c.err)
			}
			continue
		}
		if err != nil || command != c.command || f.apply(text) != c.want {
			t.Errorf("%q: %q %q %v, want %q %q", c.line, command, f.apply(text), err, c.command, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ line, words, joined string }{
		{"static (inside,outside) 10.0.0.1", "static ( inside , outside ) 10.0.0.1", "static (inside,outside) 10.0.0.1"},
		{" nat  (inside) 1 0 0", "nat ( inside ) 1 0 0", "nat (inside) 1 0 0"},
		{"static (inside,", "static ( inside ,", "static (inside,"},
		{"isakmp key a(b)c address", "isakmp key a(b)c address", "isakmp key a(b)c address"},
		{"", "", ""},
	} {
		words := texts(splitWords(c.line))
		if got := strings.Join(words, " "); got != c.words {
			t.Errorf("%q: %q, want %q", c.line, got, c.words)
		}
		if got := joinWords(words); got != c.joined {
			t.Errorf("%q joined: %q, want %q", c.line, got, c.joined)
		}
	}
	line := "access-l 1 rem  two  blanks"
	at := splitWords(line)
	if got := replaceWords(line, at, []string{"access-list", "1", "remark", "two", "blanks"}); got != "access-list 1 remark  two  blanks" {
		t.Errorf("replaceWords: %q", got)
	}
}
