package shell

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

func TestReadList(t *testing.T) {
	const name = "#ACSACL#-IP-lab-40a1b2c3"
	acl, err := ReadList(name, []string{"remark of the lab", "permit tcp any host 10.0.0.1 eq www", "permit tcp any host 10.0.0.1 eq 80",
		"deny icmp any any echo log 3", "permit ip 10.0.0.0 255.0.255.0 any"})
	if err != nil {
		t.Fatal(err)
	}
	if acl.ID != name || len(acl.Entries) != 3 || acl.Entries[0].Number != 2 || !slices.Equal(acl.Entries[1].ICMP, []uint8{8}) ||
		acl.Entries[2].Src[0] != (ast.Net{IP: ast.MustIP("10.0.0.0"), Mask: ast.MustIP("255.0.255.0")}) ||
		acl.Entries[0].Line.Text() != "access-list "+name+" permit tcp any host 10.0.0.1 eq www" {
		t.Errorf("%+v", acl)
	}
	for _, c := range []struct {
		name, entries string // "; " between them
		want          runtime.ListFault
	}{
		{name, "", runtime.ListFault{Empty: true}},
		{name, "remark nothing else", runtime.ListFault{Empty: true}},
		{name, "permit ip any any; permt tcp any any", runtime.ListFault{Entry: "permt tcp any any"}},
		{name, "permit", runtime.ListFault{Entry: "permit"}},
		{name, "line 1 permit ip any any", runtime.ListFault{Entry: "line 1 permit ip any any"}},
		{name, "compiled", runtime.ListFault{Entry: "compiled"}},
		{name, "ip:inacl#x=permit ip any any", runtime.ListFault{Entry: "ip:inacl#x=permit ip any any"}},
		{name, "permit ip any any\naccess-group x in interface outside", runtime.ListFault{Entry: "permit ip any any\naccess-group x in interface outside"}},
		{name, "permit ip any any\r", runtime.ListFault{Entry: "permit ip any any\r"}},
		{name, "permit ip any object-group servers", runtime.ListFault{Config: true, Entry: "permit ip any object-group servers"}},
		{name, "permit ip any any; permit tcp any interface outside", runtime.ListFault{Config: true, Entry: "permit tcp any interface outside"}},
		{"two words", "permit ip any any", runtime.ListFault{Entry: "two words"}},
		{name, strings.Repeat("permit tcp any any eq 80; ", 4096) + "permit ip any any", runtime.ListFault{Entry: "permit ip any any"}},
		{name, "remark " + strings.Repeat("x", 600), runtime.ListFault{Entry: "remark " + strings.Repeat("x", 600)}},
	} {
		var entries []string
		if c.entries != "" {
			entries = strings.Split(c.entries, "; ")
		}
		acl, err := ReadList(c.name, entries)
		var fault *runtime.ListFault
		if !errors.As(err, &fault) || acl != nil {
			t.Errorf("%.80s: %+v, %v", c.entries, acl, err)
			continue
		}
		if c.want.Reason = fault.Reason; *fault != c.want {
			t.Errorf("%.80s: %+v, want %+v", c.entries, *fault, c.want)
		}
	}
}

// Whatever a server sends becomes entries of a list of that name, or a fault.
func FuzzReadList(f *testing.F) {
	f.Add("permit tcp any host 10.0.0.1 eq www", "deny ip any any")
	f.Add("permit icmp any any echo log", "remark x")
	f.Add("permit ip object-group x any", "line 3 permit ip any any")
	f.Fuzz(func(t *testing.T, a, b string) {
		const name = "#ACSACL#-x-1"
		acl, err := ReadList(name, []string{a, b})
		var fault *runtime.ListFault
		if (acl == nil) == (err == nil) || err != nil && !errors.As(err, &fault) {
			t.Fatalf("%q %q: %v %v", a, b, acl, err)
		}
		if acl == nil {
			return
		}
		if acl.ID != name || len(acl.Entries) == 0 || len(acl.Entries) > 2 {
			t.Fatalf("%q %q: %+v", a, b, acl)
		}
		for i := range acl.Entries {
			if text := acl.Entries[i].Line.Text(); !strings.HasPrefix(text, "access-list "+name+" ") || strings.ContainsAny(text, "\n\r") {
				t.Fatalf("%q %q: %q", a, b, text)
			}
		}
	})
}
