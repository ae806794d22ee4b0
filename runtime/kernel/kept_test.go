package kernel_test

import (
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// staysIn checks that a host's packet to the Internet does not come out, and what is said of it.
func (w *walk) staysIn(from string, sport uint16, says string) {
	w.t.Helper()
	mark := len(w.l.Messages())
	w.dport++
	if err := w.l.SendIP(insideIf, ipv4(ast.MustIP(from), lab.Internet, 17, udp(sport, w.dport))); err != nil {
		w.t.Fatal(err)
	}
	w.says(mark, says)
}

func without(t *testing.T, text string, lines ...string) string {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains(text, l+"\n") {
			t.Fatalf("no line %q", l)
		}
		text = strings.Replace(text, l+"\n", "", 1)
	}
	return text
}

// Translations whose lines are gone end by their times, and with them the rules for them have no effect any more.
func TestKeptUntilTheirTime(t *testing.T) {
	w := newWalk(t, pool)
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	w.comesAs("10.0.0.7", 3000, "203.0.113.13")
	port := w.comesAs("10.0.0.8", 3000, "203.0.113.20").SrcPort
	w.says(0, "%PIX-6-305011: Built dynamic UDP translation from inside:10.0.0.8/3000 to outside:203.0.113.20/")
	gone := without(t, pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "global (outside) 1 203.0.113.20")
	for range 2 { // applied again, they are there as well
		if _, err := w.l.Engine.Apply(textPlan(t, gone)); err != nil {
			t.Fatal(err)
		}
		w.comesAs("10.0.0.5", 3001, "203.0.113.10")
		if s := w.comesAs("10.0.0.8", 3000, "203.0.113.20"); s.SrcPort != port {
			t.Errorf("port %d, want %d", s.SrcPort, port)
		}
		w.staysIn("10.0.0.8", 3001, "%PIX-3-305005: ")
	}
	mark := len(w.l.Messages())
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(29 * time.Second)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	if s := w.comesAs("10.0.0.8", 3000, "203.0.113.20"); s.SrcPort != port {
		t.Errorf("port %d, want %d", s.SrcPort, port)
	}
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(30 * time.Second)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-305012: Teardown dynamic UDP translation from inside:10.0.0.8/3000 to outside:203.0.113.20/")
	w.staysIn("10.0.0.8", 3000, "%PIX-3-305005: ")
	w.comesAs("10.0.0.5", 3002, "203.0.113.10")
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.5 to outside:203.0.113.10 ")
	w.staysIn("10.0.0.5", 3002, "%PIX-3-305005: ")
	if x := dynamics(w); len(x) != 0 {
		t.Errorf("left: %+v", x)
	}
}
