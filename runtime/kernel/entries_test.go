package kernel_test

import (
	"strings"
	"testing"

	"pixfw/ast"
)

// An entry with log tells of the first packet of a flow at once and of the others at the end of the interval, also when the policy
// changes meanwhile; too many denied flows are not counted, and 106101 says so.
func TestLoggedEntries(t *testing.T) {
	text := strings.Replace(pool, "access-list out permit udp any any\n", "access-list out deny udp any any eq 53 log 4 interval 2\n"+
		"access-list out permit udp any any eq 54 log 5 interval 2\naccess-list deny-flow-max 2\n", 1)
	plan := textPlan(t, text)
	l := newLab(t, plan)
	send := func(sport, dport uint16) {
		t.Helper()
		if err := l.SendIP(outsideIf, ipv4(ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.80"), 17, udp(sport, dport))); err != nil {
			t.Fatal(err)
		}
	}
	mark := len(l.Messages())
	for range 3 {
		send(9, 53)
	}
	await(t, l, mark, "%PIX-4-106100: access-list out denied udp outside/198.51.100.7(9) -> inside/203.0.113.80(53) hit-cnt 1 (first hit)")
	if _, err := l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "%PIX-4-106100: access-list out denied udp outside/198.51.100.7(9) -> inside/203.0.113.80(53) hit-cnt 2 (2-second interval)")
	mark = len(l.Messages())
	for sport := range uint16(4) {
		send(20+sport, 53)
	}
	send(9, 54)
	await(t, l, mark, "%PIX-1-106101: The number of ACL log deny-flows has reached limit (2).")
	await(t, l, mark, "%PIX-5-106100: access-list out permitted udp outside/198.51.100.7(9) -> inside/203.0.113.80(54) hit-cnt 1 (first hit)")
	n := 0
	for _, m := range l.Messages()[mark:] {
		if m.ID == 106101 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("106101 is written %d times", n)
	}
}
