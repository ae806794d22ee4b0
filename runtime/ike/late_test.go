package ike

import (
	"testing"
	"time"
)

// A server may take its time, as long as the login may take in all: its answer counts, whatever it is.
func TestLateAnswer(t *testing.T) {
	for _, main := range []bool{false, true} {
		for _, after := range []time.Duration{59 * time.Second, 61 * time.Second, 4 * time.Minute} {
			for _, accept := range []bool{true, false} {
				w, b := clientWorld(t, "", Options{})
				c := newClient(w, "192.168.1.2")
				if main {
					c.old()
				}
				c.connect()
				w.run()
				w.pass(after)
				if len(b.SAs()) != 1 || len(b.asks) != 1 {
					t.Fatalf("main %v, after %v: %v", main, after, c.got)
				}
				r := AuthResult{Verdict: Accept}
				if !accept {
					r.Verdict = Reject
				}
				answer(t, w, b, r)
				if accept && (c.pairs != 1 || len(b.clients) != 1) || !accept && len(b.asks) != 1 {
					t.Errorf("main %v, after %v: %v", main, after, c.got)
				}
				// Nothing is left of it that ends the SA later.
				w.pass(2 * time.Minute)
				if accept && len(b.SAs()) != 1 {
					t.Errorf("main %v, after %v: gone", main, after)
				}
			}
		}
	}
}
