package kernel_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// A line of arp gives a host its hardware address for good; with alias the firewall also answers who asks for it there, whatever sysopt
// noproxyarp says, and what is sent to it then would leave where it came in.
func TestARPAnswers(t *testing.T) {
	const alias = "sysopt noproxyarp inside\narp inside 10.0.0.99 000a.f331.8222 alias\n"
	l := newLab(t, textPlan(t, pool+"arp inside 10.0.0.98 000a.f331.8221\n"+alias))
	ip := func(ns string, args ...string) string {
		t.Helper()
		out, err := exec.Command("ip", append([]string{"-n", ns}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("ip %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	names := map[string]string{}
	for _, s := range l.Sides() {
		names[l.Engine.Plan().Interfaces[s.If].Name] = s.Name
	}
	// answered is whether somebody answers for an address on an interface.
	answered := func(on, addr string) bool {
		t.Helper()
		_ = exec.Command("ip", "-n", names[on], "neigh", "flush", "all").Run()
		_ = exec.Command("ip", "netns", "exec", names[on], "ping", "-n", "-c", "1", "-W", "1", addr).Run() // it is refused; only the question counts
		return strings.Contains(ip(names[on], "neigh", "show", "to", addr), "lladdr")
	}
	asked := func(addr string) bool { t.Helper(); return answered("inside", addr) }
	permanent := func(want ...string) {
		t.Helper()
		have := ip(l.Firewall(), "neigh", "show", "nud", "permanent")
		for _, w := range want {
			if !strings.Contains(have, w) {
				t.Errorf("no %q among the neighbours:\n%s", w, have)
			}
		}
		if n := strings.Count(have, "lladdr 00:0a:f3"); n != len(want) {
			t.Errorf("%d neighbours, want %d:\n%s", n, len(want), have)
		}
	}
	permanent("10.0.0.98 dev eth1 lladdr 00:0a:f3:31:82:21", "10.0.0.99 dev eth1 lladdr 00:0a:f3:31:82:22")
	mark := len(l.Messages())
	if !asked("10.0.0.99") || asked("10.0.0.98") {
		t.Error("the wrong addresses are answered for")
	}
	said := false
	for _, m := range l.Messages()[mark:] {
		said = said || m.ID == 106011 && strings.Contains(m.Text, "dst inside:10.0.0.99")
	}
	if !said {
		t.Errorf("nothing is said of the packet: %v", l.Messages()[mark:])
	}
	// What translations answer for is what noproxyarp is about. Nobody answers on an interface for what the firewall is on another.
	answers := map[string][]string{"outside": {"203.0.113.80", "203.0.113.10", "203.0.113.20"}, "inside": nil, "dmz": {"172.16.0.100"}}
	own := []string{"203.0.113.1", "10.0.0.1", "172.16.0.1"}
	check := func(noproxy string) {
		t.Helper()
		plan := l.Engine.Plan()
		for i := range plan.Interfaces {
			f := &plan.Interfaces[i]
			for _, addr := range slices.Concat(answers["outside"], answers["dmz"], own) {
				want := f.Net.IP == ast.MustIP(addr) || f.Name != noproxy && slices.Contains(answers[f.Name], addr)
				if is, err := l.Answers(i, ast.MustIP(addr)); err != nil {
					t.Fatal(err)
				} else if is != want {
					t.Errorf("%s without proxy ARP: answered for %s on %s: %v", noproxy, addr, f.Name, is)
				}
			}
		}
	}
	check("nothing")
	if _, err := l.Engine.Apply(textPlan(t, pool+"sysopt noproxyarp outside\n")); err != nil {
		t.Fatal(err)
	}
	check("outside")
	if _, err := l.Engine.Apply(textPlan(t, pool+"arp inside 10.0.0.98 000a.f331.8223\n")); err != nil {
		t.Fatal(err)
	}
	permanent("10.0.0.98 dev eth1 lladdr 00:0a:f3:31:82:23")
	if asked("10.0.0.99") {
		t.Error("an alias that is gone is answered for")
	}
}
