package nft

import (
	"strings"
	"testing"
)

// What the process writes as a comment, the next one reads; what it has not written, it does not take for its own.
func TestXlateComments(t *testing.T) {
	for _, k := range []XlateKind{{"inside", "outside", ""}, {"inside", "outside", "pn-1"}} {
		if got, ok := ParseXlateKind(k.String()); !ok || got != k {
			t.Errorf("%q is read as %+v, %v", k, got, ok)
		}
	}
	for _, terms := range []XlateTerms{{}, {Conns: 4}, {Half: 3, DNS: true}} {
		if got, ok := ParseXlateTerms(terms.String()); !ok || got != terms {
			t.Errorf("%q is read as %+v, %v", terms, got, ok)
		}
	}
	for _, text := range []string{"", "xlate", "xlate inside", "other inside outside", "xlate inside outside a b"} {
		if k, ok := ParseXlateKind(text); ok {
			t.Errorf("%q is read as %+v", text, k)
		}
	}
	for _, text := range []string{"conns 4", "conns -1 half-open 0 dns false", "conns 4 half-open 0 dns false and more", "x"} {
		if terms, ok := ParseXlateTerms(text); ok {
			t.Errorf("%q is read as %+v", text, terms)
		}
	}
	if text := (XlateKind{"inside", "outside", strings.Repeat("n", 300)}).String(); text != "" {
		t.Errorf("the kernel cannot keep %q", text)
	}
}
