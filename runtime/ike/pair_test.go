package ike

import (
	"strings"
	"testing"
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
