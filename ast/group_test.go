package ast

import (
	"fmt"
	"slices"
	"testing"
)

func in(group string) InObjectGroup { return InObjectGroup{group} }

func host(group, ip string) *NetworkObject {
	return &NetworkObject{InObjectGroup: in(group), Net: Net{MustIP(ip), AllOnes}}
}

func network(id string) *ObjectGroup { return &ObjectGroup{Type: GroupNetwork, ID: id} }

func TestObjectGroupReplay(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, network("web"), host("web", "192.0.2.1"), &GroupDescription{InObjectGroup: in("web"), Value: "the web"},
		&NetworkObject{InObjectGroup: in("web"), Net: Net{MustIP("10.0.0.0"), MustIP("255.0.0.0")}},
		network("all"), &GroupObject{InObjectGroup: in("all"), Ref: "web"}, host("all", "192.0.2.2"),
		network("web"), host("web", "192.0.2.3"),
		&ObjectGroup{Type: GroupService, ID: "ports", Proto: "tcp-udp"}, &PortObject{InObjectGroup: in("ports"), Proto: "tcp-udp", Port: PortMatch{Op: PortEq, Lo: 53}})

	refused(t, c, "E332", Statement{Set, host("web", "192.0.2.1")})
	refused(t, c, "E330", Statement{Set, &ObjectGroup{Type: GroupICMP, ID: "web"}})
	refused(t, c, "E330", Statement{Set, &ObjectGroup{Type: GroupService, ID: "ports", Proto: "tcp"}})
	refused(t, c, "E331", Statement{Set, &ICMPObject{InObjectGroup: in("web"), Type: 8}})
	refused(t, c, "E331", Statement{Set, &GroupObject{InObjectGroup: in("web"), Ref: "ports"}})
	refused(t, c, "E336", Statement{Set, host("", "192.0.2.1")})
	refused(t, c, "E208", Statement{Set, host("nowhere", "192.0.2.1")})
	refused(t, c, "E208", Statement{Set, &GroupObject{InObjectGroup: in("web"), Ref: "nowhere"}})
	refused(t, c, "E334", Statement{Set, &GroupObject{InObjectGroup: in("web"), Ref: "web"}})
	refused(t, c, "E334", Statement{Set, &GroupObject{InObjectGroup: in("web"), Ref: "all"}})
	refused(t, c, "E333", Statement{No, network("web")})
	refused(t, c, "E304", Statement{No, host("web", "192.0.2.9")})

	want := []string{
		"object-group network web", "  description the web", "  network-object host 192.0.2.1", "  network-object 10.0.0.0 255.0.0.0", "  network-object host 192.0.2.3",
		"object-group network all", "  group-object web", "  network-object host 192.0.2.2",
		"object-group service ports tcp-udp", "  port-object eq domain",
	}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}

	entry := ace("out", true, Any(), Addr{Kind: AddrGroup, Ref: "all"})
	do(t, c, Set, entry)
	refused(t, c, "E333", Statement{No, network("all")})
	refused(t, c, "E333", Statement{Clear, &Cleared{Name: "object-group"}})
	do(t, c, Clear, &Cleared{Name: "object-group", ID: GroupService})
	do(t, c, No, &GroupObject{InObjectGroup: in("all"), Ref: "web"})
	refused(t, c, "E333", Statement{No, host("all", "192.0.2.2")}) // the last one, and in use
	do(t, c, No, &GroupDescription{InObjectGroup: in("web")}, network("web"), entry, network("all"))
	if got := c.Lines(c.Printer()); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

func TestGroupsKeepConduits(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, network("web"), host("web", "192.0.2.1"), &Conduit{Permit: true, Proto: ProtoTCP, Global: Addr{Kind: AddrGroup, Ref: "web"}, ICMPType: -1})
	refused(t, c, "E333", Statement{No, network("web")})
	do(t, c, Clear, &Cleared{Name: "conduit"}, &Cleared{Name: "object-group"})
}

// TestNestingIsBounded builds chains of groups from both ends: each is refused at the same depth.
func TestNestingIsBounded(t *testing.T) {
	for _, up := range []bool{true, false} {
		c := NewConfig("")
		name := func(i int) string { return fmt.Sprint("g", i) }
		for i := range 100 {
			do(t, c, Set, network(name(i)))
		}
		depth, failed := 0, false
		for i := range 99 {
			outer, inner := name(i+1), name(i)
			if !up {
				outer, inner = name(i), name(i+1)
			}
			if err := c.Do(Statement{Set, &GroupObject{InObjectGroup: in(outer), Ref: inner}}); err != nil {
				failed = true
				break
			}
			depth++
		}
		if !failed || depth != maxNesting {
			t.Errorf("upwards %v: nested %d deep, refused %v", up, depth, failed)
		}
	}
}

func TestGroupsAreCloned(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, network("web"), host("web", "192.0.2.1"))
	d := c.Clone()
	do(t, d, Set, host("web", "192.0.2.2"), network("more"))
	do(t, d, No, host("web", "192.0.2.1"))
	if got := c.Lines(c.Printer()); len(got) != 2 {
		t.Errorf("the original changed: %q", got)
	}
	refused(t, c, "E332", Statement{Set, host("web", "192.0.2.1")})
}

func TestFixupReplay(t *testing.T) {
	on := func(proto, sub string, first, last uint16) *Fixup {
		return &Fixup{On: true, Protocol: proto, Sub: sub, First: first, Last: last}
	}
	off := func(proto, sub string, first, last uint16) *Fixup {
		return &Fixup{Protocol: proto, Sub: sub, First: first, Last: last}
	}
	c := NewConfig("")
	do(t, c, Set, on("smtp", "", 25, 25), on("http", "", 80, 80), on("http", "", 443, 443), on("ftp", "", 21, 21), on("ftp", "strict", 21, 21),
		on("h323", "ras", 1718, 1719), on("h323", "h225", 1720, 1720), on("mgcp", "", 0, 0), on("icmp", "error", 0, 0))
	want := []string{"fixup protocol ftp strict 21", "fixup protocol h323 h225 1720", "fixup protocol h323 ras 1718-1719", "fixup protocol http 80",
		"fixup protocol http 443", "fixup protocol icmp error", "fixup protocol mgcp 2427", "fixup protocol mgcp 2727", "fixup protocol smtp 25"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}
	do(t, c, No, off("http", "", 0, 0), off("smtp", "", 25, 25), off("mgcp", "", 0, 0), off("icmp", "error", 0, 0), off("h323", "", 0, 0), off("snmp", "", 0, 0))
	want = []string{"fixup protocol ftp strict 21", "no fixup protocol h323 h225 1720", "no fixup protocol h323 ras 1718-1719", "no fixup protocol http 80",
		"no fixup protocol smtp 25"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestListOptionsReplay(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, ace("a", true, Any(), Any()), &ListCompiled{ID: "a"}, &ListLimit{Which: "alert-interval", Value: 60}, &ListCompiled{},
		&ListLimit{Which: "deny-flow-max", Value: 1024}, &StandardACE{ID: "std", Permit: true, Addr: Addr{Net: Net{MustIP("10.0.0.0"), MustIP("255.0.0.0")}}})
	refused(t, c, "E301", Statement{Set, &StandardACE{ID: "std", Permit: true, Addr: Addr{Net: Net{MustIP("10.0.0.0"), MustIP("255.0.0.0")}}}})
	want := []string{"access-list compiled", "access-list deny-flow-max 1024", "access-list alert-interval 60", "access-list a compiled",
		"access-list a permit ip any any", "access-list std permit 10.0.0.0 255.0.0.0"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}
	do(t, c, Set, &ListLimit{Which: "deny-flow-max", Value: DefaultDenyFlowMax})
	do(t, c, No, &WholeList{ID: "a"}, &ListLimit{Which: "alert-interval"}, &ListCompiled{}, &ListCompiled{ID: "a"},
		&StandardACE{ID: "std", Permit: true, Addr: Addr{Net: Net{MustIP("10.0.0.0"), MustIP("255.0.0.0")}}})
	if got := c.Lines(c.Printer()); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

func TestQuietSettings(t *testing.T) {
	c := NewConfig("")
	do(t, c, No, &Sysopt{Option: "nodnsalias inbound"}, &Service{Option: "resetinbound"}, &Sysopt{Option: "route dnat"}, &Fragment{Which: "chain"})
	do(t, c, Set, &Sysopt{Option: "route dnat"}, &Sysopt{Option: "security fragguard"}, &Shun{Src: MustIP("192.0.2.1")},
		&Sysopt{Option: "connection tcpmss 1300"}, &Sysopt{Option: "connection tcpmss minimum 48"}, &Sysopt{Option: "connection tcpmss 1200"},
		&Fragment{Which: "chain", Value: 1}, &Fragment{Which: "chain", Value: 24, If: "inside"}, &Fragment{Which: "size", Value: 200})
	want := []string{"fragment chain 1", "fragment chain 24 inside", "sysopt connection tcpmss 1200", "sysopt connection tcpmss minimum 48"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}
	do(t, c, Set, &Sysopt{Option: "connection tcpmss 1380"}, &Fragment{Which: "chain", Value: 24})
	do(t, c, No, &Fragment{Which: "chain", Value: 24, If: "inside"}, &Sysopt{Option: "connection tcpmss minimum"})
	if got := c.Lines(c.Printer()); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

func TestNamesAreUniqueBothWays(t *testing.T) {
	c := NewConfig("")
	a, b := MustIP("10.0.0.1"), MustIP("10.0.0.2")
	do(t, c, Set, &Name{IP: a, Name: "one"}, &Name{IP: b, Name: "two"}, &Name{IP: b, Name: "one"}, &Name{IP: a, Name: "any"}, network("g"), host("g", "10.0.0.1"))
	want := []string{"name 10.0.0.2 one", "name 10.0.0.1 any", "object-group network g", "  network-object host 10.0.0.1"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
