package kernel_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// Tables that are full say so, and what was there goes on.
func TestTablesFull(t *testing.T) {
	w := newWalk(t, pool)
	var mu sync.Mutex
	var notes []string
	w.l.Engine.Bound(kernel.Limits{Conns: 4, Xlates: 2, Ports: 1}, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		notes = append(notes, line)
	})
	noted := func(want string) {
		t.Helper()
		if err := w.l.Engine.Tick(); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, line := range notes {
			if strings.HasPrefix(line, want) {
				return
			}
		}
		t.Errorf("nobody said %q, but %q", want, notes)
	}
	built := func(n int) { // connections are told of when the kernel gets to it
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
			count := 0
			for _, m := range w.l.Messages() {
				if m.ID == 302015 {
					count++
				}
			}
			if count == n {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d connections were told of, want %d", count, n)
			}
		}
	}
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	built(2)
	// Hosts beyond have no address of their own, and of their ports one is shown.
	w.comesAs("10.0.0.7", 3000, "203.0.113.20")
	w.comesAs("10.0.0.8", 3001, "203.0.113.20")
	built(4)
	noted("the table of translations is full: ")
	noted("the table of port translations is full: 1 are not shown")
	if n := len(dynamics(w)); n != 3 {
		t.Errorf("%d translations, want 3", n)
	}
	// A connection beyond passes, and has no message.
	w.comesAs("10.0.0.5", 3001, "203.0.113.10")
	if !w.l.Engine.Settle(30 * time.Second) {
		t.Fatal("the engine is not at rest")
	}
	noted("the table of connections is full: 1 connections pass without messages and limits")
	built(4)
	w.says(0, "%PIX-3-211001: Memory allocation Error")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	mark := len(w.l.Messages()) // there is room again
	w.comesAs("10.0.0.5", 3002, "203.0.113.10")
	w.says(mark, "to inside:10.0.0.5/3002 (203.0.113.10/3002)")
}

// A user for whom there is no room is not remembered, and it is said; one who is there already may log in again.
func TestUsersFull(t *testing.T) {
	l := newLab(t, textPlan(t, base+"aaa-server LOCAL protocol local\naaa authentication include http outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 LOCAL\n"))
	l.Engine.Bound(kernel.Limits{Users: 1}, func(string) {})
	outside := l.Engine.Plan().IfByName("outside")
	for range 2 {
		if err := l.Engine.Login(outside, lab.Internet, "cse", runtime.UserList{}); err != nil {
			t.Fatal(err)
		}
	}
	mark := len(l.Messages())
	if err := l.Engine.Login(outside, lab.Internet+1, "cse", runtime.UserList{}); err == nil {
		t.Error("the table is full")
	}
	if n := len(l.Engine.Users().Users); n != 1 {
		t.Errorf("%d users", n)
	}
	await(t, l, mark, "211001")
}
