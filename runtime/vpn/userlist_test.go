package vpn

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/ike"
)

func TestVerdicts(t *testing.T) {
	a := newWorld(t).add(boxA)
	of := func(r aaa.Result) (got ike.AuthResult) {
		x := answer{user: "alice\x1b", result: r}
		x.list, x.trouble = a.readList(&r)
		if err := a.call(func() { got = a.verdict(&x) }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for outcome, want := range map[aaa.Outcome]ike.Verdict{aaa.Pass: ike.Accept, aaa.Reject: ike.Reject, aaa.Challenge: ike.Challenge, aaa.Failed: ike.Unavailable} {
		got := of(aaa.Result{Outcome: outcome, Message: "m", State: []byte("s")})
		if got.Verdict != want || got.Message != "m" || string(got.State) != "s" {
			t.Errorf("%v: %+v", outcome, got)
		}
	}
	two, one := 2*time.Minute, time.Minute
	if got := of(aaa.Result{Outcome: aaa.Pass, Session: &two, Idle: &one}); got.Verdict != ike.Accept || got.MaxTime != two || got.IdleTime != one {
		t.Errorf("%+v", got)
	}
	listOf := func(r aaa.Result) runtime.UserList {
		t.Helper()
		r.Outcome, r.Restricted = aaa.Pass, true
		got := of(r)
		s, _ := got.Session.(*session)
		if got.Verdict != ike.Accept || s == nil {
			t.Fatalf("%+v: %+v", r, got)
		}
		return s.list
	}
	if l := listOf(aaa.Result{ACL: "vpn"}); l.Name != "vpn" || l.Sent != nil {
		t.Errorf("%+v", l)
	}
	for _, name := range []string{"AAA-user-a b\x1b?", "#ACSACL#-x-1"} {
		if l := listOf(aaa.Result{List: name, ACEs: []string{"permit tcp any any eq 80", "deny ip any any"}}); l.Sent == nil || len(l.Sent.Entries) != 2 ||
			l.Sent.ID != map[bool]string{true: "#ACSACL#-x-1", false: "AAA-user-a_b__"}[name[0] == '#'] {
			t.Errorf("%+v", l)
		}
	}
	// What cannot be enforced keeps its user out.
	for _, x := range []struct {
		of   aaa.Result
		want string
	}{
		{aaa.Result{ACL: "other\n"}, "%PIX-3-109016: Can't find authorization ACL 'other?' on 'PIX' for user 'alice?'"},
		{aaa.Result{}, "%PIX-3-109016: Can't find authorization ACL '' on 'PIX' for user 'alice?'"},
		{aaa.Result{ACL: "vpn", ListError: errors.New("gone")}, "%PIX-3-109016: Can't find authorization ACL 'vpn' on 'PIX' for user 'alice?'"},
		{aaa.Result{List: "#ACSACL#-x-1", ListError: errors.New("no answer")}, "%PIX-3-109016: Can't find authorization ACL '#ACSACL#-x-1' on 'PIX' for user 'alice?'"},
		{aaa.Result{List: "#ACSACL#-x-1"}, "%PIX-3-109018: Downloaded ACL '#ACSACL#-x-1' is empty"},
		{aaa.Result{List: "#ACSACL#-x-1", ACEs: []string{"permt\nall"}}, "%PIX-3-109019: Downloaded ACL '#ACSACL#-x-1' has parsing error; ACE 'permt?all'"},
		{aaa.Result{List: "#ACSACL#-x-1", ACEs: []string{"permit ip object-group g any"}}, "%PIX-3-109020: Downloaded ACL has config error; ACE 'permit ip object-group g any'"},
	} {
		a.host.mu.Lock()
		a.host.log = nil
		a.host.mu.Unlock()
		x.of.Outcome, x.of.Restricted = aaa.Pass, true
		if got := of(x.of); got.Verdict != ike.Unavailable || got.Session != nil {
			t.Errorf("%+v: %+v", x.of, got)
		}
		if got := a.host.text(); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	if !a.said(`user "alice?" of a tunnel is refused: his access list "#ACSACL#-x-1": permt?all: `) {
		t.Errorf("%v", a.notes)
	}
}

// A client's list goes to the engine with it, comes anew when its user logs in anew, and is known as long as somebody has it. Whose list
// is not enforced has to go.
func TestClientLists(t *testing.T) {
	a := newWorld(t).add(boxA)
	list := func(name string, entries ...string) *session {
		t.Helper()
		acl, err := readList(name, entries)
		if err != nil {
			t.Fatal(err)
		}
		return &session{aaa.Result{Restricted: true, List: name, ACEs: entries}, runtime.UserList{Sent: acl}}
	}
	up := func(id uint64, addr string, s *session) {
		t.Helper()
		c := ike.ClientUp{ID: id, Peer: netip.MustParseAddr("198.51.100.1"), User: "u"}
		if s != nil {
			c.Session = s
		}
		if addr != "" {
			c.Addr = netip.MustParseAddr(addr)
		}
		if err := a.call(func() { a.do([]ike.Effect{c}) }); err != nil {
			t.Fatal(err)
		}
	}
	down := func(id uint64) {
		if err := a.call(func() { a.do([]ike.Effect{ike.ClientDown{ID: id}}) }); err != nil {
			t.Fatal(err)
		}
	}
	held := func(name string, want ...string) {
		t.Helper()
		if got, ok := a.held.entries(name); ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v, want %q", name, got, ok, want)
		}
	}
	const key = "outside 10.0.0.200/32"
	up(1, "10.0.0.200", list("x", "permit ip any any"))
	if r := a.host.remotes[key]; r.List.Sent == nil || r.List.Sent.ID != "x" {
		t.Errorf("%+v", r)
	}
	up(2, "10.0.0.201", list("x", "permit ip any any"))
	held("x", "permit ip any any")
	down(2)
	held("x", "permit ip any any")
	up(1, "10.0.0.200", list("y", "deny ip any any")) // logged in anew
	held("x")
	held("y", "deny ip any any")
	if r := a.host.remotes[key]; r.List.Sent == nil || r.List.Sent.ID != "y" {
		t.Errorf("%+v", r)
	}
	up(1, "10.0.0.200", &session{})
	held("y")
	if r := a.host.remotes[key]; !r.List.None() {
		t.Errorf("%+v", r)
	}
	down(1)
	if a.host.has(key) {
		t.Error("the client is still there")
	}
	up(3, "", list("x", "permit ip any any"))
	if !a.said("has to go, for his access list cannot be enforced: it has not taken an address") {
		t.Errorf("%v", a.notes)
	}
	a.host.mu.Lock()
	a.host.fail = errors.New("no room")
	a.host.mu.Unlock()
	up(4, "10.0.0.202", list("x", "permit ip any any"))
	if !a.said("client 10.0.0.202 of user \"u\" has to go, for his access list cannot be enforced: no room") {
		t.Errorf("%v", a.notes)
	}
}

// What a TACACS+ server says of a user after his login goes with it; one that says nothing leaves open what holds for him.
func TestAttributesAfterLogin(t *testing.T) {
	two := 2 * time.Minute
	login := aaa.Result{Outcome: aaa.Pass, Message: "welcome"}
	if got := withAttributes(login, aaa.Result{Outcome: aaa.Pass, Restricted: true, ACL: "120", Session: &two}); got.Outcome != aaa.Pass || !got.Restricted ||
		got.ACL != "120" || got.Session != &two || got.Message != "welcome" {
		t.Errorf("%+v", got)
	}
	if got := withAttributes(login, aaa.Result{Outcome: aaa.Reject}); got.Outcome != aaa.Pass || got.Restricted {
		t.Errorf("%+v", got)
	}
	if got := withAttributes(login, aaa.Result{Reason: "no answer"}); got.Outcome != aaa.Failed || got.Reason != "no answer" {
		t.Errorf("%+v", got)
	}
}
