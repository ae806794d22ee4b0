package vpn

import (
	"net/netip"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// givenTo is a tunnel of boxA, and the client of a box with a dynamic map.
func givenTo(peer, local, remote string) Given {
	id := func(text string) runtime.ProxyID {
		n := netip.MustParsePrefix(text)
		return runtime.ProxyID{Addr: n.Addr(), Mask: addr(ast.AllOnes << (32 - n.Bits()))}
	}
	return Given{Peer: netip.MustParseAddr(peer), Local: id(local), Remote: id(remote)}
}

// give has a box give a tunnel.
func (b *box) gives(g Given) (p runtime.SAPair, err error) {
	b.w.t.Helper()
	if e := b.call(func() { p, err = b.give(g) }); e != nil {
		b.w.t.Fatal(e)
	}
	return p, err
}

// Two boxes are given the two ends of one tunnel, and carry packets by it, without a word of IKE.
func TestGiven(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	p, err := a.gives(givenTo("203.0.113.2", "10.0.0.0/24", "192.168.50.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	if p.In.SPI == 0 || p.In.SPI == p.Out.SPI || len(p.Out.CipherKey) != 16 || len(p.Out.AuthKey) != 20 || string(p.In.CipherKey) == string(p.Out.CipherKey) {
		t.Errorf("keys: %+v", p)
	}
	far := p
	far.Local, far.Peer, far.LocalID, far.RemoteID, far.In, far.Out = p.Peer, p.Local, p.RemoteID, p.LocalID, p.Out, p.In
	if err := b.call(func() {
		if err := b.install(far); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	carries(w, a, b, "hello")
	if n := a.SACounters(p.ID); n.Encaps != 1 || len(a.IKESAs()) != 0 {
		t.Errorf("%+v, IKE: %v", n, a.IKESAs())
	}
	if shown := a.SAPairs(); len(shown) != 1 || shown[0].In.CipherKey != nil {
		t.Errorf("shown: %+v", shown)
	}
	if log := a.host.text(); strings.Count(log, "602301") != 2 || !strings.Contains(log, "sa_dest= 203.0.113.2, sa_prot= 50") {
		t.Errorf("log: %s", log)
	}
	// It lives on under a plan that has an entry for it, and only there.
	a.takes(strings.Replace(boxA, "crypto map m 10 ipsec-isakmp", "crypto map m 5 ipsec-isakmp\ncrypto map m 10 ipsec-isakmp", 1))
	carries(w, a, b, "again")
	if got := a.SAPairs()[0].Entry; got != 1 {
		t.Errorf("entry %d", got)
	}
	a.takes(strings.Replace(boxA, "set peer 203.0.113.2", "set peer 203.0.113.9", 1))
	if shown := a.SAPairs(); len(shown) != 0 {
		t.Errorf("without an entry: %+v", shown)
	}
}

// Tunnels are refused that the map has no entry for, and cleared as those that were negotiated.
func TestGivenCleared(t *testing.T) {
	w := newWorld(t)
	a := w.add(boxA)
	for _, g := range []Given{givenTo("203.0.113.9", "10.0.0.0/24", "192.168.50.0/24"),
		{If: 1, Peer: netip.MustParseAddr("203.0.113.2"), Local: proxyOf(nil), Remote: proxyOf(nil)},
		{Peer: netip.MustParseAddr("203.0.113.2"), Local: proxyOf(nil), Remote: proxyOf(nil), Client: true, Group: "nobody's"}} {
		if p, err := a.gives(g); err == nil {
			t.Errorf("given: %+v", p)
		}
	}
	g := givenTo("203.0.113.2", "10.0.0.0/24", "192.168.50.0/24")
	for _, clears := range []func() error{func() error { return a.ClearSAs(func(*runtime.SAPair) bool { return true }) }, func() error { return a.ClearIKE(0) }} {
		if _, err := a.gives(g); err != nil {
			t.Fatal(err)
		}
		if err := clears(); err != nil || len(a.SAPairs()) != 0 {
			t.Errorf("%v, %+v", err, a.SAPairs())
		}
	}
}

// A client has an address that is reached, and nobody else has it.
func TestGivenClient(t *testing.T) {
	w := newWorld(t)
	a := w.add(strings.Replace(boxA, "crypto map m interface outside", `ip local pool ra 10.9.0.1-10.9.0.9
vpngroup vpn3000 address-pool ra
vpngroup vpn3000 password secret2
crypto dynamic-map d 10 set transform-set ts
crypto map m 20 ipsec-isakmp dynamic d
crypto map m interface outside`, 1))
	g := givenTo("198.51.100.33", "0.0.0.0/0", "10.9.0.1/32")
	g.Client, g.Group, g.User = true, "vpn3000", "bill"
	for range 2 { // the second takes the place of the first
		if _, err := a.gives(g); err != nil {
			t.Fatal(err)
		}
		if r := a.host.remotes["outside 10.9.0.1/32"]; len(a.SAPairs()) != 1 || !r.Client || r.Peer != ast.MustIP("198.51.100.33") {
			t.Errorf("%+v %+v", a.SAPairs(), a.host.remotes)
		}
	}
	if err := a.ClearIKE(0); err != nil || len(a.host.remotes) != 0 || len(a.SAPairs()) != 0 {
		t.Errorf("%v: %+v %+v", err, a.host.remotes, a.SAPairs())
	}
}
