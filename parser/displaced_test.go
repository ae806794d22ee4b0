package parser

import (
	"strings"
	"testing"
)

// TestDisplaced: of two lines that set one thing the first is told of, where it stands; what another line takes away first, what says the
// same, and lines that set several things are no such case.
func TestDisplaced(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"setting", "hostname a\nhostname b", `t.cfg:1:1: warning[E312]: line 2 replaces this one: "hostname b"`},
		{"list of an interface", "access-list 1 permit ip any any\naccess-list 2 permit ip any any\nnames\naccess-group 1 in interface outside\n  access-group 2 in interface outside",
			`t.cfg:4:1: warning[E312]: line 5 replaces this one: "access-group 2 in interface outside"`},
		{"exemption", "access-list 1 permit ip any any\naccess-list 2 permit ip any any\nnat (inside) 0 access-list 1\nnat (inside) 0 access-list 2",
			`t.cfg:3:1: warning[E312]: line 4 replaces this one: "nat (inside) 0 access-list 2"`},
		{"audit policy", "ip audit name a attack\nip audit name i info\nip audit interface outside a\nip audit interface outside i",
			`t.cfg:3:1: warning[E312]: line 4 replaces this one: "ip audit interface outside i"`},
		{"thrice", "hostname a\nhostname b\nhostname c", `t.cfg:1:1: warning[E312]: line 2 replaces this one: "hostname b"` + "\n" + `t.cfg:2:1: warning[E312]: line 3 replaces this one: "hostname c"`},
		{"the same", "hostname a\nhostname a", ""},
		{"taken away", "hostname a\nno hostname a\nhostname b", ""},
		{"cleared", "access-list 1 permit ip any any\naccess-group 1 in interface outside\nclear access-group\naccess-list 2 permit ip any any\naccess-group 2 in interface outside", ""},
		{"timers", "timeout xlate 3:00:00 conn 1:00:00\ntimeout conn 2:00:00", ""},
		{"in part", "privilege level 7 command ip\nprivilege show level 5 command ip", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, diags := Load("t.cfg", []byte(test.in+"\n"))
			var got []string
			for _, d := range diags {
				got = append(got, d.Error())
			}
			if s := strings.Join(got, "\n"); s != test.want {
				t.Errorf("got\n%s\nwant\n%s", s, test.want)
			}
		})
	}
}
