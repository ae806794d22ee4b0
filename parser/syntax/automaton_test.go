package syntax

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestNext(t *testing.T) {
	a := testAutomaton(t)
	for _, tc := range []struct{ line, want string }{
		{"access-list", "compiled <name>"},
		{"access-list 101", "deny line permit remark"},
		{"access-list 101 line 3", "deny permit remark"},
		{"access-list compiled", "deny line permit remark <cr>"}, // the name "compiled" is alive too
		{"access-list 101 permit", "icmp ip tcp udp <int>"},
		{"access-list 101 permit tcp", "any host <ip>"},
		{"access-list 101 permit tcp any", "any eq gt host lt range <ip>"},
		{"access-list 101 permit ip any", "any host <ip>"},
		{"access-list 101 permit tcp any any eq www", "log <cr>"},
		{"ACCESS-LIST 101 Permit IP any any", "log <cr>"},
		{"access-list 101 remark", "<text>"},
		{"access-list 101 remark two words", "<text> <cr>"},
		{"static", "("},
		{"static (inside", ","},
		{"static (inside,outside)", "interface tcp udp <ip>"},
		{"timeout xlate 3:00:00", "absolute conn half-closed inactivity uauth udp xlate <cr>"},
		{"crypto ipsec transform-set s esp-des", "<name> <cr>"},
		{"crypto ipsec transform-set s a b c", "<cr>"},
		{"interface ethernet0", "100full auto shutdown <cr>"},
		{"show conn", "count detail"},
		{"show conn count", "detail <cr>"},
		{"show conn detail", "<cr>"},
		{"show access-list detail", ""},
		{"show access-list XLATE", ""},
		{"show access-list details", "<cr>"},
		{"show other none", ""},
		{"show other one", "<cr>"},
		{"access-list 101 permit ip any any eq", ""},
		{"bogus", ""},
	} {
		if got := show(a.Next(split(tc.line))); got != tc.want {
			t.Errorf("Next(%q) = %q, want %q", tc.line, got, tc.want)
		}
	}
	for _, n := range a.Next(split("access-list 101")) {
		if n.Literal == "permit" && n.Help != "let it pass" {
			t.Errorf("help of permit = %q", n.Help)
		}
	}
	if n := a.Next(split("access-list 101 remark")); !n[0].Rest || n[0].Class != "Remark" {
		t.Errorf("a remark is not known as text: %+v", n[0])
	}
}

func TestWalk(t *testing.T) {
	a := testAutomaton(t)
	for _, tc := range []struct {
		line string
		n    int
		want string
	}{
		{"access-list 101 permit tcp ayn any", 4, `unexpected "ayn" (did you mean "any"?), expected any, host or <ip>`},
		{"access-list 101 permit tpc any any", 3, `unexpected "tpc" (did you mean "tcp"?), expected icmp, ip, tcp, udp or <int>`},
		{"access-list 101 permit ip any any eq 80", 6, `unexpected "eq", expected log or <cr>`},
		{"isakmp policy 10 hash sha", 5, `expected <cr>`},
		{"acess-list 101", 0, `unexpected "acess-list" (did you mean "access-list"?), expected access-group, access-list, crypto, interface, isakmp, names, show, static or timeout`},
	} {
		words := split(tc.line)
		n, next := a.Walk(words)
		got := "expected " + Expected(next)
		if n < len(words) {
			got = (&UnknownError{n, words[n], next}).Error()
		}
		if n != tc.n || got != tc.want {
			t.Errorf("Walk(%q) = %d, %s\nwant %d, %s", tc.line, n, got, tc.n, tc.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	a := testAutomaton(t)
	for line, want := range map[string]bool{
		"":                       false,
		"names":                  true,
		"names names":            false,
		"show conn":              false,
		"show conn detail count": false,
		"static (inside,outside) tcp interface www 10.1.1.1 www netmask 255.255.255.255": true,
		"static (inside,outside) 1.2.3.4 10.1.1.1":                                       true,
		"access-list line permit ip any any":                                             true,
		"access-list line line 3 permit ip any any":                                      true,
		"access-list 101 permit 50 any any":                                              true,
		"access-list 101 permit udp host 1.2.3.4 gt 1023 any eq 53 log":                  true,
		"access-list 101 permit tcp any":                                                 false,
		"timeout xlate 3:00:00 conn 1:00:00 half-closed 0:10:00 uauth 0:05:00 absolute":  true,
		"isakmp policy 10 encryption 3des":                                               true,
	} {
		if got := a.Accepts(split(line)); got != want {
			t.Errorf("Accepts(%q) = %v", line, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	classes := map[string]Class{"name": {Placeholder: "<name>"}, "Twin": {EBNF: `Other = "x" .`}}
	for _, tc := range []struct{ ebnf, want string }{
		{`A = "a" Missing .`, "Missing has neither a production nor a class"},
		{`A = "a" <int> .`, "int has neither a production nor a class"},
		{`A = "a" A? .`, "recursive"},
		{"A = \"a\" B .\nB = \"b\" .\nB = \"c\" .", "two productions B"},
		{`A = "a" (?! "b" "c") name .`, "more than one word"},
		{`A = "a" (?! "b"*) name .`, "cannot repeat"},
		{`A = "a" ""  .`, "bad literal"},
		{`A = "a" name . name = "x" .`, "both a class and a production"},
		{``, "no production"},
		{`A = `, "unexpected"},
	} {
		_, err := New([]Grammar{{EBNF: tc.ebnf}}, classes)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("New(%s) = %v, want %q", tc.ebnf, err, tc.want)
		}
	}
	var many strings.Builder
	wide := map[string]Class{}
	many.WriteString(`A = "a" ( name`)
	wide["name"] = Class{}
	for i := range maxLeaves + 1 {
		fmt.Fprintf(&many, " | c%d", i)
		wide[fmt.Sprint("c", i)] = Class{}
	}
	many.WriteString(" ) .")
	if _, err := New([]Grammar{{EBNF: many.String()}}, wide); err == nil {
		t.Error("New takes more leaves than it can follow")
	}
}

// TestEBNF checks the constructs that participle prints, each by all the words
// over a, b, c up to length three that it accepts.
func TestEBNF(t *testing.T) {
	classes := map[string]Class{"w": {Placeholder: "<w>"}, "b": {Match: match("b")}, "Twin": {EBNF: `Other = "a" | "b" .`}, "rest": {Rest: true}}
	for _, tc := range []struct{ ebnf, want string }{
		{`"a"? "b"*`, ",a,b,ab,bb,abb,bbb"},
		{`("a" "b")+`, "ab"},
		{`("a"? "b"?)!`, "a,b,ab"},
		{`(("a"? "b"?)! "c"?)!`, "a,b,ab,ac,bc,abc"},
		{`("a"? "b"?)! "c"`, "ac,bc,abc"},
		{`("a" | "b"?)!`, "a,b"},
		{`~"a"`, "b,c"},
		{`~("a" | <b>)+`, "c,cc,ccc"},
		{`(?! "a") w`, "b,c"},
		{`(?! <b>) w`, "a,c"},
		{`(?! Twin) w`, "c"},
		{`(?! "a") (?! "b") w`, "c"},
		{`(?! "a") "b"? w`, "b,c,ba,bb,bc"},
		{`(?! "a") "b"?`, ",b"},
		{`((?! "a") w)*`, ",b,c,bb,bc,cb,cc,bbb,bbc,bcb,bcc,cbb,cbc,ccb,ccc"},
		{`(?! "a") ("a" | "b" | "c" "a")`, "b,ca"},
		{`((?! "a") w?)! "a"`, "ba,ca"},
		{`(?= "a") w`, "a,b,c"}, // wider than the grammar, as promised
		{`Twin "c"`, "ac,bc"},
		{`"a" rest`, "aa,ab,ac,aaa,aab,aac,aba,abb,abc,aca,acb,acc"},
		{`"a" rest?`, "a,aa,ab,ac,aaa,aab,aac,aba,abb,abc,aca,acb,acc"},
	} {
		a, err := New([]Grammar{{EBNF: "A = " + tc.ebnf + " ."}}, classes)
		if err != nil {
			t.Errorf("%s: %v", tc.ebnf, err)
			continue
		}
		var got []string
		all := []string{""}
		for i := 0; len(all) < 1+3+9+27; i++ {
			all = append(all, all[i]+"a", all[i]+"b", all[i]+"c")
		}
		for _, w := range all {
			if a.Accepts(strings.Split(w, "")) {
				got = append(got, w)
			}
		}
		if s := strings.Join(got, ","); s != tc.want || len(got) == 0 {
			t.Errorf("%s accepts %s\nwant %s", tc.ebnf, s, tc.want)
		}
	}
}

// TestBareRoot: a parser whose root parses itself prints no production.
func TestBareRoot(t *testing.T) {
	classes := testClasses(t)
	a, err := New([]Grammar{{EBNF: "Addr"}}, classes)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Accepts(split("host 1.2.3.4")) || a.Accepts(split("host any")) {
		t.Error("Addr is not its twin")
	}
}

func TestConcurrent(t *testing.T) {
	a := testAutomaton(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := a.Expand(split("isak pol 10 auth pre")); err != nil {
					t.Error(err)
				}
				if !a.Accepts(split("access-list 101 permit tcp any any eq www")) {
					t.Error("not accepted")
				}
				for range a.Ends(split("access-list 101 remark a b c names"), 0) {
				}
			}
		})
	}
	wg.Wait()
}
