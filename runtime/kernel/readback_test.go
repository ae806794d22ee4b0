package kernel_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"pixfw/runtime/kernel/lab"
)

// What somebody else does to the table before it has been read back is noticed, whatever it is: the policy before comes back, and the error says
// where.
func TestTampering(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	plan := loadPlan(t, "web.cfg", nil)
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	run := func(args string) string {
		t.Helper()
		out, err := exec.Command("ip", append([]string{"netns", "exec", l.Firewall(), "nft"}, strings.Fields(args)...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("nft %s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	handle := func() string {
		t.Helper()
		m := regexp.MustCompile(`ip daddr 192\.168\.1\.11 meta l4proto tcp .*# handle (\d+)`).FindStringSubmatch(run("-a list chain ip pixfw acl_120"))
		if m == nil {
			t.Fatalf("no such rule: %s", run("-a list chain ip pixfw acl_120"))
		}
		return m[1]
	}
	admit := func() string { // what the rule does with packets
		t.Helper()
		m := regexp.MustCompile(`goto admitted_\d+`).FindString(run("list chain ip pixfw acl_120"))
		if m == "" {
			t.Fatal("the list admits nothing")
		}
		return m
	}
	again := loadPlan(t, "web.cfg", nil)
	for _, c := range []struct {
		name, want string
		do         func()
	}{
		{"a rule is changed", "access-list 120 permit tcp any host 192.168.1.11: rule in chain acl_120: ", func() {
			run("replace rule ip pixfw acl_120 handle " + handle() + " ip daddr 192.168.1.12 meta l4proto tcp counter " + admit())
		}},
		{"a rule is gone", "chain admitted_2 has 6 rules and jumps", func() { run("delete rule ip pixfw acl_120 handle " + handle()) }},
		{"a rule is added", "chain acl_120 has 6 rules and jumps", func() { run("insert rule ip pixfw acl_120 accept") }},
		{"an element is another", "set un_static_outside_0: ", func() {
			run("delete element ip pixfw un_static_outside_0 { 192.168.1.11 }")
			run("add element ip pixfw un_static_outside_0 { 192.168.1.12 : 10.89.129.131 }")
		}},
		{"an element leads elsewhere", "set un_static_outside_0: ", func() {
			run("delete element ip pixfw un_static_outside_0 { 192.168.1.11 }")
			run("add element ip pixfw un_static_outside_0 { 192.168.1.11 : 10.89.129.132 }")
		}},
		{"a chain is gone", "chain admitted_2 has 4 rules and jumps", func() { run("flush chain ip pixfw acl_120") }},
	} {
		l.Engine.Committed(c.do)
		_, err := l.Engine.Apply(again)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if l.Engine.Plan() != plan {
			t.Errorf("%s: the plan that failed is in force", c.name)
		}
		if body, err := l.Get(lab.Internet, global, 80); err != nil {
			t.Errorf("%s: afterwards: %q, %v", c.name, body, err)
		}
	}
	l.Engine.Committed(nil)
	if _, err := l.Engine.Apply(again); err != nil {
		t.Error(err)
	}
}
