package compiler

import (
	"testing"

	"pixfw/ast"
)

func TestSpans(t *testing.T) {
	ip := func(s string) int64 { return int64(ast.MustIP(s)) }
	all := union([]span{spanOf(ast.Net{})})
	for _, tc := range []struct {
		name string
		got  spans
		want string
	}{
		{"adjacent ranges melt", union([]span{{ip("10.0.0.4"), ip("10.0.0.7")}, {ip("10.0.0.0"), ip("10.0.0.3")}}), "10.0.0.0-10.0.0.7"},
		{"a hole in the middle", spans{{ip("10.0.0.0"), ip("10.0.0.7")}}.minus(spans{{ip("10.0.0.2"), ip("10.0.0.3")}}), "10.0.0.0-10.0.0.1 and 10.0.0.4-10.0.0.7"},
		{"both ends", spans{{ip("10.0.0.0"), ip("10.0.0.7")}}.minus(spans{{0, ip("10.0.0.0")}, {ip("10.0.0.7"), ip("255.255.255.255")}}), "10.0.0.1-10.0.0.6"},
		{"nothing left", all.minus(all), "none"},
		{"the last address", all.minus(spans{{0, ip("255.255.255.254")}}), "255.255.255.255"},
	} {
		if got := tc.got.String(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestClosest(t *testing.T) {
	names := []string{"inside", "outside", "dmz", "out", "101"}
	for name, want := range map[string]string{"insde": "inside", "INSIDE": "inside", "otuside": "outside", "dm": "dmz", "lab": "", "102": "101", "x": ""} {
		if got := closest(name, names); got != want {
			t.Errorf("closest(%q) = %q, want %q", name, got, want)
		}
	}
	if got := closest("a2", []string{"a1", "a3"}); got != "" {
		t.Errorf("two names are equally close, yet %q", got)
	}
}

func TestWordIndex(t *testing.T) {
	for _, tc := range []struct {
		text, word string
		want       int
	}{
		{"static (inside,outside) 203.0.113.80 10.0.0.80", "outside", 15},
		{"access-list 10 permit ip any host 10.10.10.10", "10", 12},
		{"ip local pool a 10.0.0.9-10.0.0.1", "10.0.0.1", 25},
		{"nat (inside) 1 0.0.0.0", "dmz", -1},
		{"nat", "", -1},
		{"", "x", -1},
	} {
		if got := wordIndex(tc.text, tc.word); got != tc.want {
			t.Errorf("wordIndex(%q, %q) = %d, want %d", tc.text, tc.word, got, tc.want)
		}
	}
}
