package ike

import (
	"testing"
	"time"
)

// A pair that has outlived its IKE SA does not outlive its peer: where packets go out and none comes back the peer is asked whether it
// is there. One that is there keeps its pair, and so does one that nobody needs.
func TestOrphanOfADeadPeer(t *testing.T) {
	for _, test := range []struct {
		name            string
		keepalive, sent bool // is traffic sent
		alive           bool // is the peer there
		want            int  // pairs after an hour
	}{
		{"the peer is dead", true, true, false, 0},
		{"the peer is alive and says nothing", true, true, true, 1},
		{"nobody sends anything", true, false, false, 1},
		{"without keepalive", false, true, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := []string{"policy 10 lifetime 86400", "policy 10 lifetime 120"}
			if test.keepalive {
				change = append(change, "isakmp identity address", "isakmp identity address\nisakmp keepalive 10 2")
			}
			w, a, b := twoBoxes(t, change...)
			used, heard := time.Time{}, birth // not used while there are IKE SAs, so that those are not renewed
			a.o.LastUsed = func(uint64) (time.Time, time.Time) { return used, heard }
			b.o.LastUsed = func(uint64) (time.Time, time.Time) { return time.Time{}, birth }
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			tunnel(t, a, b)
			first := a.last().ID
			w.pass(5 * time.Minute)
			if len(a.SAs()) != 0 || len(a.live) != 1 {
				t.Fatalf("%v, %d pairs", a.SAs(), len(a.live))
			}
			before := len(a.sent)
			if !test.alive {
				w.deliver = func(Datagram) []Datagram { return nil }
			}
			for range 60 {
				if test.sent {
					used = w.clock.Now()
				}
				w.pass(time.Minute)
			}
			if len(a.live) != test.want || test.want == 1 && a.last().ID != first {
				t.Errorf("%d pairs after an hour, want %d", len(a.live), test.want)
			}
			if test.want == 0 && a.removed[0].Reason != "peer is dead" {
				t.Errorf("%+v", a.removed)
			}
			if !test.sent && len(a.sent) > before {
				t.Errorf("%d messages though nobody sends anything", len(a.sent)-before)
			}
		})
	}
}
