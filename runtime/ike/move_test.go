package ike

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where no NAT is before the peer, an authentic packet that somebody has held back and sends from elsewhere moves nothing, though both
// sides speak NAT traversal.
func TestNoMoveWithoutNAT(t *testing.T) {
	for _, from := range []string{"198.51.100.66:7777", "203.0.113.2:4500", "203.0.113.2:501"} {
		for _, to := range []uint16{portIKE, portNATT} {
			w, a, b := twoBoxes(t, "isakmp enable outside", "isakmp enable outside\nisakmp nat-traversal 20\nisakmp keepalive 10 2")
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			tunnel(t, a, b)
			var held []Datagram
			w.deliver = func(d Datagram) []Datagram {
				if d.Local.Addr() == addr("203.0.113.1") {
					held = append(held, d)
					return nil
				}
				return []Datagram{d}
			}
			w.pass(11 * time.Second)
			if len(held) == 0 {
				t.Fatal("no packet of dead peer detection")
			}
			for _, d := range held {
				d.Remote, d.Local = netip.MustParseAddrPort(from), netip.AddrPortFrom(d.Local.Addr(), to)
				w.do(a, a.Receive(d))
			}
			at := netip.MustParseAddrPort("203.0.113.2:500")
			if s := a.SAs(); len(s) != 1 || s[0].Peer != at || s[0].Local.Port() != portIKE || a.last().Peer != at.Addr() || a.last().PeerPort != 0 || a.last().Encap {
				t.Errorf("from %s to port %d: %v, %v:%d", from, to, s, a.last().Peer, a.last().PeerPort)
			}
			if i := slices.IndexFunc(a.sent, func(d Datagram) bool { return d.Remote.Addr() != at.Addr() }); i >= 0 {
				t.Errorf("from %s: an answer to %v", from, a.sent[i].Remote)
			}
			if strings.Contains(a.debug.String(), "float") || a.byID[a.SAs()[0].ID].floated {
				t.Errorf("from %s: gone over to UDP", from)
			}
		}
	}
}
