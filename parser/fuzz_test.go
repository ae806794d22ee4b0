package parser

import (
	"reflect"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/internal/alloc"
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
		bounded(t, len(line), func() { Parse("f", []byte(line)) })
		var s ast.Statement
		var diags ast.Diagnostics
		bounded(t, len(line), func() { s, diags = ParseStatement(line, scope) })
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

// bounded holds the memory that reading a text of some octets takes to a bound that grows with the text only. What is over it
// is read again, since a grammar is made on first use.
func bounded(t *testing.T, size int, read func()) {
	t.Helper()
	over := func() (n uint64, yes bool) {
		n = alloc.Bytes(read)
		return n, n > 4<<20+uint64(size)<<12
	}
	if _, yes := over(); !yes {
		return
	}
	if n, yes := over(); yes {
		t.Fatalf("%d octets of text take %d of memory", size, n)
	}
}

// FuzzFastACL: the fast path reads nothing otherwise than the grammar.
func FuzzFastACL(f *testing.F) {
	for _, l := range aclLines(200) {
		f.Add(l)
	}
	f.Add("access-list 0 permit tcp host 1.1.1.1 any 0")
	f.Add("access-list line permit ip 0 0 web 255.255.255.255")
	f.Add("access-list , permit icmp any any 300 log")
	scope := Scope{Names: map[string]ast.IP{"web": ast.MustIP("10.1.1.1"), "any": 1, "log": 3, "10.0.0.1": 2}, Groups: map[string]string{"S": ast.GroupService, "N": ast.GroupNetwork}}
	for _, l := range []string{
		"access-list 1 permit tcp object-group A object-group B object-group C object-group D log interval 5",
		"access-list 1 permit object-group P interface inside range 5 6 object-group any eq domain",
		"access-list 1 line 2 remark  (x ", "access-list 1 permit icmp any any object-group log log 7 interval 1",
		"access-list 1 permit 50 any web 0 log warnings", "access-list 1 permit udp any host log eq rpc log",
		"access-list 1 permit tcp any object-group S object-group N", "access-list 1 permit udp any object-group X object-group N log",
		"access-list 1 permit tcp any object-group S object-group N eq 5", "access-list 1 permit tcp any host web eq 5 eq 6",
		"access-list 1 permit tcp any object-group A log 255.255.255.255 log",
	} {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n\x00") || len(line) > maxLine {
			return
		}
		sameAsGrammar(t, line, scope)
		sameAsGrammar(t, line, Scope{})
	})
}

// sameAsGrammar holds what the fast path reads against the grammar.
func sameAsGrammar(t *testing.T, line string, scope Scope) {
	t.Helper()
	at := ast.Pos{Line: 1, Col: 1}
	cmd, ok := fastACL(line, &scope, at, newEntry)
	if !ok {
		return
	}
	s, found := slowLine(line, scope, 1)
	if len(found) > 0 || s.Verb != ast.Set || !reflect.DeepEqual(s.Cmd, cmd) {
		t.Fatalf("%q\nfast %+v\nslow %+v %v", line, cmd, s.Cmd, found)
	}
}
