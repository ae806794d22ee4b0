package ike

import (
	"strings"
	"testing"
	"time"
)

var flowAB = Flow{Src: addr("10.0.0.5"), Dst: addr("192.168.50.9"), Proto: 6, SrcPort: 1024, DstPort: 80}

// twoBoxes is a site-to-site world. change alters both configurations.
func twoBoxes(t testing.TB, change ...string) (*world, *box, *box) {
	t.Helper()
	text := strings.NewReplacer(change...).Replace(pixA)
	w := newWorld(t)
	a := w.add("203.0.113.1", text, Options{})
	b := w.add("203.0.113.2", mirror(text), Options{})
	return w, a, b
}

func TestSiteToSite(t *testing.T) {
	for _, test := range []struct {
		name   string
		change []string
	}{
		{"des-md5 group 2", nil},
		{"group 1", []string{"policy 10 group 2", "policy 10 group 1"}},
		{"group 5 3des sha", []string{"policy 10 group 2", "policy 10 group 5", "encryption des", "encryption 3des", "hash md5", "hash sha"}},
		{"3des md5", []string{"encryption des", "encryption 3des"}},
		{"aes md5", []string{"encryption des", "encryption aes"}},
		{"aes-192 md5", []string{"encryption des", "encryption aes-192"}},
		{"aes-256 sha", []string{"encryption des", "encryption aes-256", "hash md5", "hash sha"}},
		{"pfs", []string{"set peer 203.0.113.2", "set peer 203.0.113.2\ncrypto map m 10 set pfs group2"}},
		{"pfs group5", []string{"set peer 203.0.113.2", "set peer 203.0.113.2\ncrypto map m 10 set pfs group5"}},
		{"ah", []string{"ts esp-des esp-md5-hmac", "ts ah-sha-hmac"}},
		{"ah and esp", []string{"ts esp-des esp-md5-hmac", "ts ah-md5-hmac esp-3des esp-sha-hmac"}},
		{"esp null", []string{"ts esp-des esp-md5-hmac", "ts esp-null esp-sha-hmac"}},
		{"esp aes-192", []string{"ts esp-des esp-md5-hmac", "ts esp-aes-192 esp-sha-hmac"}},
		{"cipher alone", []string{"ts esp-des esp-md5-hmac", "ts esp-3des"}},
		{"transport", []string{"esp-md5-hmac", "esp-md5-hmac\ncrypto ipsec transform-set ts mode transport"}},
		{"nat traversal without a NAT", []string{"isakmp enable outside", "isakmp enable outside\nisakmp nat-traversal 20"}},
		{"hostname", []string{"isakmp identity address", "isakmp identity hostname"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, a, b := twoBoxes(t, test.change...)
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.do(a, a.Acquire(0, 0, 0, flowAB)) // once is enough
			w.run()
			tunnel(t, a, b)
			if len(a.live) != 1 || len(b.live) != 1 || len(a.SAs()) != 1 || len(b.SAs()) != 1 {
				t.Fatalf("%d and %d pairs, %d and %d SAs", len(a.live), len(b.live), len(a.SAs()), len(b.SAs()))
			}
			if s := b.SAs()[0]; s.State != "QM_IDLE" || s.Created != 1 || s.Policy != 10 || s.Initiator {
				t.Errorf("%+v", s)
			}
			if len(a.sent) != 5 || len(b.sent) != 4 {
				t.Errorf("%d and %d datagrams, want 5 and 4", len(a.sent), len(b.sent))
			}
		})
	}
}

// A peer that ends its SA before it has the third message of a quick mode knows nothing of the pair: it is not kept.
func TestDeletedInTheMidst(t *testing.T) {
	for _, test := range []struct {
		name  string
		lost  bool // the third message
		after time.Duration
		heard bool // the peer has sent something
		want  int  // pairs that are left
	}{
		{"at once", true, 0, false, 0},
		{"later", false, 2 * time.Second, false, 1},
		{"in use", false, 0, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			a := w.add("203.0.113.1", pixA, Options{LastUsed: func(uint64) (used, heard time.Time) {
				if test.heard {
					return w.clock.Now(), w.clock.Now()
				}
				return time.Time{}, time.Time{}
			}})
			b := w.add("203.0.113.2", mirror(pixA), Options{})
			quick := 0
			w.deliver = func(d Datagram) []Datagram {
				if d.Payload[18] == byte(xQuick) {
					if quick++; quick == 3 && test.lost {
						return nil
					}
				}
				return []Datagram{d}
			}
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			if len(a.live) != 1 || (len(b.live) == 1) == test.lost {
				t.Fatalf("%d and %d pairs", len(a.live), len(b.live))
			}
			w.pass(test.after)
			for _, m := range b.byID {
				b.begin()
				b.removeSA(m, "test", true)
				w.do(b, b.end())
			}
			w.run()
			if len(a.SAs()) != 0 || len(b.SAs()) != 0 || len(a.live) != test.want || len(b.ready) != 0 {
				t.Fatalf("%d and %d SAs, %d pairs, %d prepared", len(a.SAs()), len(b.SAs()), len(a.live), len(b.ready))
			}
			if test.want == 0 {
				w.do(a, a.Acquire(0, 0, 0, flowAB))
				w.run()
				tunnel(t, a, b)
			}
		})
	}
}
