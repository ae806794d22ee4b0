package kernel_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// A host with too many half-open connections is answered for: real clients get through, of a flood it sees nothing, for which the kernel
// answers by itself; and all is as before when the flood is over. The limit survives a change of the policy.
func TestIntercept(t *testing.T) {
	for _, more := range []string{"", "sysopt noproxyarp outside\n"} {
		t.Run(strings.TrimSpace(more), func(t *testing.T) { testIntercept(t, more) })
	}
}

func testIntercept(t *testing.T, more string) {
	plan := textPlan(t, strings.Replace(pool, "10.0.0.80 netmask 255.255.255.255 1 0", "10.0.0.80 netmask 255.255.255.255 0 2", 1)+more)
	l := newLab(t, plan)
	// Where nobody answers ARP for the address, there is a route to it.
	outside := l.Sides()[outsideIf].Name
	if out, err := exec.Command("ip", "-n", outside, "route", "add", "203.0.113.80", "via", "203.0.113.1").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !l.Engine.HasQueue() {
		t.Skip("this kernel has no packet queue, neither native nor as a target of xtables")
	}
	real, mapped := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	if err := l.Serve(real, 80); err != nil {
		t.Fatal(err)
	}
	get := func() {
		t.Helper()
		began := time.Now()
		body, err := l.Get(lab.Internet, mapped, 80)
		if err != nil || body != "server 10.0.0.80 client 198.51.100.7" {
			t.Errorf("%q, %v; %v", body, err, l.Messages())
		}
		t.Logf("a page in %v", time.Since(began))
	}
	get()
	w, err := l.Watch(l.Sides()[insideIf])
	if err != nil {
		t.Fatal(err)
	}
	flood := func(host int) {
		t.Helper()
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP("198.51.100.100") + ast.IP(host), Dst: mapped, SrcPort: 80, DstPort: 80, Flags: runtime.SYN, Seq: 1,
			Window: 0x8000, TTL: 64}
		b, err := p.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.SendIP(outsideIf, b); err != nil {
			t.Fatal(err)
		}
	}
	mark := len(l.Messages())
	for n := range 2 {
		flood(n)
		await(t, l, mark+n, "302013")
	}
	if _, err := l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	mark = len(l.Messages())
	flood(10)
	await(t, l, mark, "%PIX-2-201003: Embryonic limit exceeded 2/2 for 198.51.100.110/80 (203.0.113.80) 10.0.0.80/80 on interface outside")
	get()
	await(t, l, mark, "302013")
	answered := func() bool {
		out, err := exec.Command("ip", "netns", "exec", l.Firewall(), "nft", "list", "set", "ip", "pixfw", "intercept_0").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Contains(string(out), mapped.String())
	}
	if answered() {
		t.Error("that is no flood")
	}
	n := 11
	for end := time.Now().Add(10 * time.Second); !answered(); {
		if time.Now().After(end) {
			t.Fatal("the kernel does not answer by itself")
		}
		for range 50 {
			flood(n)
			n++
		}
	}
	mark = len(l.Messages())
	get()
	await(t, l, mark, "302013")
	for _, s := range w.Stop() {
		if s.Src >= ast.MustIP("198.51.100.110") {
			t.Errorf("the server sees a packet of the flood: %v", s)
		}
	}
	// The two that are half open are cleared: then the server answers for itself.
	if err := l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		mark = len(l.Messages())
		get()
		if !strings.Contains(texts(l.Messages()[mark:]), "201003") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the firewall goes on to answer")
		}
	}
}

func texts(list []runtime.Message) string {
	var b strings.Builder
	for _, m := range list {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}
