package parser

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pixfw/ast"
)

func addLines(f *testing.F) {
	f.Helper()
	for _, c := range Commands() {
		for _, e := range c.Example {
			f.Add(e)
			f.Add("no " + e)
		}
	}
	for _, l := range strings.Split(string(seed(f)), "\n") {
		f.Add(l)
	}
	for _, l := range []string{"clear nat", "static (inside,outside 1.1.1.1", "nat (in) 1 web dns 0 1 norandomseq", "access-list (a permit ip any any",
		"isakmp key (a) address 1.1.1.1", "global 1 web-last", "access-list 1 remark \xf1  x", "crypto map m 10 set pfs", "no timeout uauth 0:0:0"} {
		f.Add(l)
	}
}

// FuzzParseLine: no line makes it panic, each gives a statement or an error, and what it prints reads as the same again.
func FuzzParseLine(f *testing.F) {
	addLines(f)
	scope := Scope{Names: map[string]ast.IP{"web": ast.MustIP("10.1.1.1"), "last": ast.MustIP("10.1.1.9")}}
	f.Fuzz(func(t *testing.T, line string) {
		Parse("f", []byte(line))
		s, diags := ParseStatement(line, scope)
		if s.Cmd == nil {
			if !diags.HasErrors() && strings.TrimLeft(line, " \t\r\n\v\f") != "" && !strings.ContainsAny(trim(line)[:1], ":!") {
				t.Fatalf("%q: neither statement nor error", line)
			}
			return
		}
		if diags.HasErrors() {
			t.Fatalf("%q: a statement and %v", line, diags)
		}
		text := s.Text()
		again, diags := ParseStatement(text, Scope{})
		if again.Cmd == nil {
			t.Fatalf("%q prints as %q, which is not read: %v", line, text, diags)
		}
		if again.Text() != text {
			t.Fatalf("%q prints as %q, and that as %q", line, text, again.Text())
		}
	})
}

// FuzzFastACL: the fast path reads nothing otherwise than the grammar.
func FuzzFastACL(f *testing.F) {
	for _, l := range aclLines(200) {
		f.Add(l)
	}
	f.Add("access-list 0 permit tcp host 1.1.1.1 any 0")
	f.Add("access-list line permit ip 0 0 web 255.255.255.255")
	f.Add("access-list , permit icmp any any 300 log")
	scope := Scope{Names: map[string]ast.IP{"web": ast.MustIP("10.1.1.1"), "any": 1, "10.0.0.1": 2}}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n\x00") || len(line) > maxLine {
			return
		}
		e, ok := fastACL(line, scope.Names, ast.Pos{Line: 1, Col: 1})
		if !ok {
			return
		}
		s, found := slowLine(line, scope, 1)
		if len(found) > 0 || s.Verb != ast.Set || !reflect.DeepEqual(s.Cmd, ast.Command(e)) {
			t.Fatalf("%q\nfast %+v\nslow %+v %v", line, e, s.Cmd, found)
		}
	})
}

// aclLines are entries as they are in large configurations.
func aclLines(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	ip := func() string {
		return "10." + strconv.Itoa(r.IntN(256)) + "." + strconv.Itoa(r.IntN(256)) + "." + strconv.Itoa(r.IntN(256))
	}
	addr := func() string {
		switch r.IntN(3) {
		case 0:
			return "any"
		case 1:
			return "host " + ip()
		}
		return "10." + strconv.Itoa(r.IntN(256)) + ".0.0 255.255.0.0"
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	out := make([]string, n)
	for i := range out {
		l := "access-list " + pick("101", "outside_in", "dmz") + pick(" permit ", " deny ")
		switch r.IntN(5) {
		case 0:
			l += "ip " + addr() + " " + addr()
		case 1:
			l += "icmp " + addr() + " " + addr() + pick("", " echo", " 3")
		default:
			l += pick("tcp ", "udp ") + addr() + pick("", "", " gt 1023") + " " + addr() + pick(" eq domain", " eq 80", " range 20 21", "")
		}
		out[i] = l + pick("", "", " log")
	}
	return out
}

// TestFastACL: the fast path takes the common forms, or it would be of no use.
func TestFastACL(t *testing.T) {
	lines := aclLines(2000)
	for _, l := range lines {
		e, ok := fastACL(l, nil, ast.Pos{})
		s, found := slowLine(l, Scope{}, 0)
		if !ok || len(found) > 0 || !reflect.DeepEqual(s.Cmd, ast.Command(e)) {
			t.Fatalf("%q: %v, %+v, %+v %v", l, ok, e, s.Cmd, found)
		}
	}
	if n := testing.AllocsPerRun(100, func() { fastACL(lines[0], nil, ast.Pos{}) }); n > 2 {
		t.Errorf("%v allocations a line, want at most 2", n)
	}
}

func BenchmarkParseACL(b *testing.B) {
	lines := aclLines(1000)
	for name, read := range map[string]func(string, Scope, int32) (ast.Statement, []finding){"fast": parseLine, "grammar": slowLine} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if s, _ := read(lines[i%len(lines)], Scope{}, 1); s.Cmd == nil {
					b.Fatal(lines[i%len(lines)])
				}
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkParseFile is a file of 10,000 entries.
func BenchmarkParseFile(b *testing.B) {
	text := []byte(strings.Join(aclLines(10000), "\n"))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if f := Parse("f", text); len(f.Diags) > 0 {
			b.Fatal(f.Diags[0])
		}
	}
	b.ReportMetric(float64(b.N)*10000/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkError is a line that costs a message.
func BenchmarkError(b *testing.B) {
	for b.Loop() {
		ParseStatement("access-list 101 permit tcp ayn any", Scope{})
	}
}
