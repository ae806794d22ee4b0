package syntax

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pixfw/internal/alloc"
)

func TestExpand(t *testing.T) {
	a := testAutomaton(t)
	for _, tc := range []struct{ line, strict, lenient string }{
		{line: "isak pol 10 auth pre", strict: "isakmp policy 10 authentication pre-share"},
		{line: "sh cry isa sa", strict: "show crypto isakmp sa"},
		{line: "access-l 101 per tcp any any eq www", strict: "access-list 101 permit tcp any any eq www"},
		{line: "isak pol 10 enc 3", strict: "isakmp policy 10 encryption 3des"},
		{line: "st (inside,outside) 1.2.3.4 10.0.0.1 net 255.255.255.255", strict: "static ( inside , outside ) 1.2.3.4 10.0.0.1 netmask 255.255.255.255"},
		{line: "acc 101 per tcp any any",
			strict:  `ambiguous "acc": access-group, access-list`,
			lenient: "access-list 101 permit tcp any any"},
		{line: "acc acl in int outside",
			strict:  `ambiguous "acc": access-group, access-list`,
			lenient: "access-group acl in interface outside"},
		{line: "acc",
			strict: `ambiguous "acc": access-group, access-list`, lenient: `ambiguous "acc": access-group, access-list`},
		{line: "acc 101 nonsense",
			strict:  `ambiguous "acc": access-group, access-list`,
			lenient: `unexpected "nonsense", expected deny, in, line, permit or remark`},
		{line: "cry map m 10 ips dyn d",
			strict: `ambiguous "ips": ipsec-isakmp, ipsec-manual`, lenient: `ambiguous "ips": ipsec-isakmp, ipsec-manual`},
		// Names: a keyword goes first where it can.
		{line: "access-list comp", strict: "access-list compiled"},
		{line: "access-list comp permit ip any any", strict: "access-list comp permit ip any any"},
		{line: "access-list COMPILED per ip any any", strict: "access-list COMPILED permit ip any any"},
		{line: "access-list line l 3 per ip any any", strict: "access-list line line 3 permit ip any any"},
		{line: "access-list Compiled", strict: "access-list compiled"},
		{line: "access-list xyz PERMIT IP ANY ANY", strict: "access-list xyz permit ip any any"},
		{line: "access-list OutSide_In permit ip any any", strict: "access-list OutSide_In permit ip any any"},
		{line: "access-list 1 rem Any Eq permit", strict: "access-list 1 remark Any Eq permit"},
		{line: "access-list 1 per t any any", strict: "access-list 1 permit tcp any any"},
		{line: "access-list 1 per i any any",
			strict: `ambiguous "i": icmp, ip`, lenient: `ambiguous "i": icmp, ip`},
		{line: "access-list 1 per tcp a a e w", strict: `unexpected "w", expected <port>`},
		{line: "timeout x 3:00:00 c 1:00:00 u 0:02:00",
			strict: `ambiguous "u": uauth, udp`, lenient: `ambiguous "u": uauth, udp`},
		{line: "sh o nonet", strict: "show other nonet"},
		{line: "", strict: ""},
	} {
		if tc.lenient == "" {
			tc.lenient = tc.strict
		}
		words := split(tc.line)
		for _, mode := range []struct {
			name, want string
			expand     func([]string) ([]string, error)
		}{{"Expand", tc.strict, a.Expand}, {"ExpandLenient", tc.lenient, a.ExpandLenient}} {
			out, err := mode.expand(words)
			got := strings.Join(out, " ")
			if err != nil {
				got = err.Error()
			}
			if got != mode.want {
				t.Errorf("%s(%q) = %s\nwant %s", mode.name, tc.line, got, mode.want)
			}
		}
	}
}

// TestExpandNameOrKeyword has the keywords beside the names that lead elsewhere.
func TestExpandNameOrKeyword(t *testing.T) {
	a, err := New([]Grammar{
		{EBNF: `A = "list" ( "compiled" | "commit" | Name "permit" ) .`},
		{EBNF: `B = "pick" ( "line" "fox" | Name "foobar" | Digit "end" | "3des" ) .`},
	}, map[string]Class{
		"Name":  {Placeholder: "<name>", Match: match(`[a-zA-Z]+`), Loose: true},
		"Digit": {Placeholder: "<digit>", Match: match(`\d`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ line, want string }{
		{"li comp", "list compiled"},
		{"li com", `ambiguous "com": commit, compiled`},
		{"li com p", "list com permit"}, // only the name goes on
		{"li comp p", "list comp permit"},
		{"list com x", `unexpected "x" (did you mean`},
		{"pick l fox", "pick line fox"},
		{"pick LINE foob", "pick LINE foobar"}, // a name keeps its case
		{"pick lino foo", "pick lino foobar"},
		{"pick 3 e", "pick 3 end"}, // a digit is whole, whatever begins with it
		{"pick 3", "pick 3"},
		{"pick 3d", "pick 3des"},
	} {
		out, err := a.Expand(split(tc.line))
		got := strings.Join(out, " ")
		if err != nil {
			got = err.Error()
		}
		if got != tc.want && !(err != nil && strings.HasPrefix(got, strings.TrimSuffix(tc.want, " (did you mean"))) {
			t.Errorf("Expand(%q) = %s\nwant %s", tc.line, got, tc.want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	a := testAutomaton(t)
	_, err := a.Expand(split("access-list 101 per tcp ayn any"))
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.Index != 4 || unknown.Word != "ayn" || show(unknown.Expected) != "any host <ip>" {
		t.Errorf("got %#v", err)
	}
	_, err = a.Expand(split("isakmp policy 10 e"))
	if err != nil {
		t.Errorf("too few words: %v", err)
	}
	_, err = a.Expand(split("isakmp policy 10 authentication pre extra"))
	if !errors.As(err, &unknown) || unknown.Index != 5 || show(unknown.Expected) != "<cr>" {
		t.Errorf("got %#v", err)
	}
	var ambiguous *AmbiguousError
	_, err = a.Expand(split("isakmp policy 10 hash sha x"))
	if !errors.As(err, &unknown) {
		t.Errorf("got %#v", err)
	}
	_, err = a.Expand([]string{"s"})
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []string{"show", "static"}) {
		t.Errorf("got %#v", err)
	}
	if _, err = a.Expand([]string{""}); err == nil {
		t.Error("an empty word is no abbreviation")
	}
}

func TestSuggest(t *testing.T) {
	var next []Next
	for _, w := range []string{"any", "eq", "host", "interface", "permit", "tcp", "udp"} {
		next = append(next, Next{Literal: w, Placeholder: w})
	}
	next = append(next, Next{Class: "IP", Placeholder: "<ip>"}, Next{End: true})
	for word, want := range map[string]string{
		"ayn": "any", "an": "any", "hsot": "host", "permitt": "permit", "premti": "permit", "PERMIY": "permit",
		"interfcae": "interface", "upd": "udp", "tdp": "tcp", "zzz": "", "a": "", "": "", "eg": "eq",
		"permanent": "", strings.Repeat("x", 1000): "",
	} {
		if got := Suggest(word, next); got != want {
			t.Errorf("Suggest(%.20q) = %q, want %q", word, got, want)
		}
	}
	if got := Suggest("any", nil); got != "" {
		t.Errorf("from nothing: %q", got)
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{
		"isak pol 10 auth pre", "acc 101 per tcp any any eq www", "cry map m 10 ips dyn d", "access-list line l 3 per ip any any",
		"access-list COMPILED permit ip any any", "st (inside,outside) tcp int www 10.1.1.1 www", "timeout x 3 c 1 abs",
		"sh acc detail", "sh conn cou det", "cry ips tr s a b c", "access-list comp rem I E", "\xff (,)",
	} {
		f.Add(s)
	}
	a := testAutomaton(f)
	f.Fuzz(func(t *testing.T, line string) {
		words := split(line)
		if got := alloc.Bytes(func() { a.Walk(words); a.Expand(words); a.ExpandLenient(words) }); got > 4<<20+uint64(len(line))<<12 { //nolint:errcheck // for its cost
			t.Fatalf("%d octets take %d of memory", len(line), got)
		}
		n, next := a.Walk(words)
		if n > len(words) || n > 0 && n < len(words) && a.Next(words) != nil || next == nil {
			t.Fatalf("Walk = %d, %v", n, next)
		}
		for e := range a.Ends(words, 0) {
			if !a.Accepts(words[:e.To]) {
				t.Fatalf("an end at %d of %q, which is no command", e.To, words)
			}
		}
		for _, expand := range []func([]string) ([]string, error){a.Expand, a.ExpandLenient} {
			out, err := expand(words)
			if err != nil {
				if a.Accepts(words) {
					t.Fatalf("%q is a command: %v", words, err)
				}
				continue
			}
			if len(out) != len(words) || a.Next(out) == nil {
				t.Fatalf("%q expands to %q, which begins no command", words, out)
			}
			again, err := expand(out)
			if err != nil || !slices.Equal(out, again) {
				t.Fatalf("%q expands to %q, but that to %q, %v", words, out, again, err)
			}
			if lenient, err := a.ExpandLenient(words); err != nil || !slices.Equal(out, lenient) {
				t.Fatalf("%q: strict %q, lenient %q, %v", words, out, lenient, err)
			}
		}
	})
}

func BenchmarkExpand(b *testing.B) {
	a := testAutomaton(b)
	words := split("access-l 101 per tcp any ho 1.2.3.4 eq www")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Expand(words); err != nil {
			b.Fatal(err)
		}
	}
}
