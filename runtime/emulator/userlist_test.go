package emulator

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// sent is an access list as a server sends it.
func sent(t *testing.T, id string, entries ...string) *compiler.ACL {
	t.Helper()
	plan := planOf(t, "access-list "+id+" "+strings.Join(entries, "\naccess-list "+id+" ")+"\n")
	return &plan.ACLs[0]
}

// ids are the access lists of the plan in force.
func (l *lab) ids() (out []string) {
	for _, a := range l.Plan().ACLs {
		out = append(out, a.ID)
	}
	return out
}

func TestSentLists(t *testing.T) {
	l := newLab(t, base+"access-group out in interface outside per-user-override\n")
	outside := l.Plan().IfByName("outside")
	login := func(addr string, list *compiler.ACL) {
		t.Helper()
		if err := l.Login(outside, ast.MustIP(addr), "cse", runtime.UserList{Sent: list}); err != nil {
			t.Fatal(err)
		}
	}
	names := func(want ...string) {
		t.Helper()
		if got := l.ids(); !slices.Equal(got, want) {
			t.Errorf("lists: %q, want %q", got, want)
		}
	}
	before := l.Plan()
	web := sent(t, "#ACSACL#-web-1", "permit tcp any host 203.0.113.80 eq 80", "deny ip any any")
	login("198.51.100.7", web)
	login("198.51.100.8", sent(t, "#ACSACL#-web-1", "permit tcp any host 203.0.113.80 eq 80", "deny ip any any"))
	names("out", "#ACSACL#-web-1")
	// The same name, and another list.
	login("198.51.100.9", sent(t, "#ACSACL#-web-1", "permit tcp any host 203.0.113.81 eq 25"))
	names("out", "#ACSACL#-web-1", "#ACSACL#-web-1-2")
	l.expect("outside", tcp("198.51.100.9:1", "203.0.113.81:25", syn), "tcp 198.51.100.9:1 > 172.16.0.81:25 302013")
	l.expect("outside", tcp("198.51.100.9:1", "203.0.113.80:80", syn), "drop 109025")

	v := l.send("outside", tcp("198.51.100.8:1", "203.0.113.81:25", syn))
	if text(v) != "drop 109025" || v.Logs[0].String() != "%PIX-6-109025: Authorization denied (acl=#ACSACL#-web-1) for user 'cse' from 198.51.100.8/1 to 203.0.113.81/25 on interface outside using tcp" {
		t.Errorf("%s %v", text(v), v.Logs)
	}
	last := v.Phases[len(v.Phases)-1]
	if len(last.Lines) != 1 || last.Lines[0].Text() != "access-list #ACSACL#-web-1 deny ip any any" {
		t.Errorf("the deciding line: %+v", last)
	}
	if n := l.HitCount(1, 1); n != 1 {
		t.Errorf("%d hits", n)
	}
	if u := l.Users().Users; len(u) != 3 || u[0].ACL != "#ACSACL#-web-1" || u[2].ACL != "#ACSACL#-web-1-2" {
		t.Errorf("%+v", u)
	}

	// Another configuration: the lists are where its own end, with their hits.
	next := planOf(t, base+"access-list before permit ip any any\naccess-group out in interface outside per-user-override\n")
	if _, err := l.Apply(next); err != nil {
		t.Fatal(err)
	}
	names("out", "before", "#ACSACL#-web-1", "#ACSACL#-web-1-2")
	if n := l.HitCount(2, 1); n != 1 {
		t.Errorf("%d hits after another configuration", n)
	}
	l.expect("outside", tcp("198.51.100.8:1", "203.0.113.81:25", syn), "drop 109025")
	// What the console puts back after a refusal is the plan of the engine.
	if _, err := l.Apply(l.Plan()); err != nil {
		t.Fatal(err)
	}
	names("out", "before", "#ACSACL#-web-1", "#ACSACL#-web-1-2")

	// A list goes with the last who has it.
	login("198.51.100.7", sent(t, "AAA-user-cse", "permit icmp any any"))
	names("out", "before", "#ACSACL#-web-1", "#ACSACL#-web-1-2", "AAA-user-cse")
	login("198.51.100.8", sent(t, "AAA-user-cse", "permit icmp any any"))
	names("out", "before", "", "#ACSACL#-web-1-2", "AAA-user-cse")
	login("198.51.100.10", web) // into the place that is free
	names("out", "before", "#ACSACL#-web-1", "#ACSACL#-web-1-2", "AAA-user-cse")
	l.expect("outside", tcp("198.51.100.10:1", "203.0.113.81:25", syn), "drop 109025")
	if n := l.HitCount(2, 1); n != 1 {
		t.Errorf("%d hits of a list that came back", n)
	}
	if err := l.ClearUsers(""); err != nil {
		t.Fatal(err)
	}
	names("out", "before")
	if before.ACLs[0].ID != "out" || len(before.ACLs) != 1 {
		t.Error("a plan that was applied has been changed")
	}
}

func TestListThatIsNotThere(t *testing.T) {
	l := newLab(t, base)
	outside := l.Plan().IfByName("outside")
	var said []string
	cancel := l.Subscribe(func(m runtime.Message) { said = append(said, m.String()) })
	defer cancel()
	if err := l.Login(outside, ast.MustIP("198.51.100.7"), "cse", runtime.UserList{Name: "missing"}); !errors.Is(err, runtime.ErrNoList) {
		t.Errorf("%v", err)
	}
	if len(l.Users().Users) != 0 || len(said) != 1 || said[0] != "%PIX-3-109016: Can't find authorization ACL 'missing' on 'PIX' for user 'cse'" {
		t.Errorf("%v %q", l.Users(), said)
	}
	// What one server has sent is no list of the configuration.
	if err := l.Login(outside, ast.MustIP("198.51.100.7"), "cse", runtime.UserList{Sent: sent(t, "x", "permit ip any any")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Login(outside, ast.MustIP("198.51.100.8"), "cse", runtime.UserList{Name: "x"}); !errors.Is(err, runtime.ErrNoList) {
		t.Errorf("%v", err)
	}
	// More entries than there is room for.
	many := &compiler.ACL{ID: "many", Entries: make([]compiler.ACE, 65536)}
	if err := l.Login(outside, ast.MustIP("198.51.100.8"), "cse", runtime.UserList{Sent: many}); err == nil {
		t.Error("a list without bounds is taken")
	}
	if u := l.Users().Users; len(u) != 1 {
		t.Errorf("%+v", u)
	}
}
