package nft

import (
	"strings"
	"testing"

	"pixfw/ast"
)

// What is of tunnels with pl-compatible is marked before it is tracked, and every chain that would do something to it leaves it alone; where
// the kernel cannot say where routes lead, what goes to peers of dynamic maps does not pass, and the finding says so.
func TestPassesWhole(t *testing.T) {
	p := widePlan()
	p.Sysopt.PLCompatible = true
	p.VPN.Maps[0].Entries[0].Peers, p.VPN.Maps[0].Entries[0].TransformSets = []ast.IP{ip("198.51.100.9")}, []int{0}
	rs, diags := Lower(p, devices, Options{Twins: true})
	if hasCode(diags, "W518") {
		t.Error(diags)
	}
	listAlike(t, "pl-compatible", rs)
	rs, _ = Lower(p, devices, Options{Daemon: true, Live: true, Twins: true})
	text := rs.Text()
	for _, want := range []string{`fib daddr oifname "t-out0" jump into_outside`, "meta mark & 0xf0000000 == 0xe0000000 goto through_whole",
		"ct state untracked meta mark & 0xf0000000 == 0xe0000000 accept", "ip daddr @clients meta mark set 0xe0000000 notrack accept"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	rs, diags = Lower(p, devices, Options{Daemon: true, Live: true, Twins: true, Lacks: map[Feature]bool{Fib: true}})
	if text = rs.Text(); strings.Contains(text, "fib ") || !strings.Contains(text, "ip daddr @route_outside jump into_outside") {
		t.Error("a kernel without fib is asked for routes")
	}
	if !hasCode(diags, "W517") {
		t.Error("nothing is said of fib: ", diags)
	}
	if strings.Contains(text, "ip daddr @clients meta mark set 0xe0000000") {
		t.Error("what goes to clients passes")
	}
	if rs, _ = Lower(p, devices, Options{Daemon: true, Live: true}); strings.Contains(rs.Text(), "0xe0000000") {
		t.Error("there are no tunnels")
	}
}
