package syntax

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEnds(t *testing.T) {
	a := testAutomaton(t)
	for _, tc := range []struct {
		text string
		from int
		want string // To, +Swallowed, @Rest
	}{
		{"names isakmp enable inside", 0, "1"},
		{"names isakmp enable inside", 1, "4"},
		{"names isakmp enable inside", 2, ""},
		{"access-list 1 permit tcp any any eq www access-list 2 permit ip any any", 0, "6 8"},
		{"access-list 1 permit ip any any log names", 0, "6 7"},
		{"timeout xlate 3:00:00 conn 1:00:00 absolute names", 0, "3 5 6"},
		// The list of names runs on into the next command, at a price.
		{"crypto ipsec transform-set myset esp-des crypto map m 10", 0, "5 6+1 7+1"},
		// A name that is a leading keyword costs, and so does a remark's word.
		{"access-group names in interface inside", 0, "5+1"},
		{"access-list 1 remark we show names here names", 0, "4@3 5+1@3 6+2@3 7+2@3 8+3@3"},
		{"access-list compiled permit ip any any", 0, "2 6"},
		{"interface ethernet0 auto shutdown", 0, "2 3 4"},
	} {
		var got []string
		for e := range a.Ends(split(tc.text), tc.from) {
			s := fmt.Sprint(e.To)
			if e.Swallowed > 0 {
				s += fmt.Sprintf("+%d", e.Swallowed)
			}
			if e.Rest >= 0 {
				s += fmt.Sprintf("@%d", e.Rest)
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("Ends(%q, %d) = %q, want %q", tc.text, tc.from, got, tc.want)
		}
	}
}

// TestRunForks joins a hyphenated word, as the repair of scraped text does.
func TestRunForks(t *testing.T) {
	r := testAutomaton(t).Begin(7)
	for _, w := range split("isakmp policy 10 authentication") {
		r = r.Step(w)
	}
	if !r.Step("pre-").Dead() {
		t.Error("pre- is no word")
	}
	if e, ok := r.Step("pre-share").End(); !ok || e != (End{To: 12, Rest: -1}) {
		t.Errorf("End = %+v, %v", e, ok)
	}
	if _, ok := r.End(); ok || r.Dead() {
		t.Error("the run was changed by stepping it")
	}
}

// TestCheapestReading has a keyword and a name that lead to the same end.
func TestCheapestReading(t *testing.T) {
	a, err := New([]Grammar{
		{EBNF: `A = "go" ( Name | "names" | Name Name ) "end" .`},
		{EBNF: `B = "names" .`},
		{EBNF: `C = "all" Name+ .`},
	}, map[string]Class{"Name": {Loose: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		text string
		want []End
	}{
		{"go names end", []End{{3, 0, -1}}},
		{"go names names end", []End{{4, 2, -1}}},
		{"go to names end", []End{{4, 1, -1}}},
		{"all names go all x", []End{{2, 1, -1}, {3, 2, -1}, {4, 3, -1}, {5, 3, -1}}},
	} {
		if got := slices.Collect(a.Ends(split(tc.text), 0)); !slices.Equal(got, tc.want) {
			t.Errorf("Ends(%q) = %v, want %v", tc.text, got, tc.want)
		}
	}
}

// BenchmarkEnds asks for the ends at every word of a long run of commands, as
// the repair does.
func BenchmarkEnds(b *testing.B) {
	a := testAutomaton(b)
	var words []string
	for i := range 300 {
		words = append(words, split(fmt.Sprintf(`access-list %d permit tcp any host 10.0.%d.1 eq www
			crypto ipsec transform-set set%d esp-des esp-md5-hmac names
			la frase no es un comando: show me static (the,rest)`, i, i%250, i))...)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range words {
			for range a.Ends(words, i) {
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(words)), "ns/word")
}
