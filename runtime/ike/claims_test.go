package ike

import (
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"testing"

	"pixfw/runtime"
)

// A name that a peer with a pre-shared key has given itself excuses it from nothing, in either mode: whoever knows the key could say
// it.
func TestNameExcusesNobody(t *testing.T) {
	for _, main := range []bool{true, false} {
		w, b := clientWorld(t, "isakmp peer fqdn site.example no-xauth no-config-mode\nisakmp peer ip 192.168.1.2 no-xauth no-config-mode\n", Options{})
		c := newClient(w, "192.168.1.2")
		if c.main = main; main {
			c.old()
		} else {
			c.key = "wildkey"
		}
		c.ident = &identity{Type: idFQDN, Proto: 17, Port: 500, Data: []byte("site.example")}
		c.connect()
		w.run()
		c.wants("phase1 | " + asked)
		if len(b.live) != 0 || len(b.asks) != 1 {
			t.Errorf("main %v: a pair without a login: %v", main, b.live)
		}
	}
}

// The line of the key that a peer has proven to know excuses it; that of the key for its address, which it has not, does not.
func TestKeyExcuses(t *testing.T) {
	w, b := clientWorld(t, "isakmp key peerkey address 192.168.1.77 netmask 255.255.255.255 no-xauth no-config-mode\n"+
		"isakmp key otherkey address 192.168.1.78 netmask 255.255.255.255\n", Options{})
	c := newClient(w, "192.168.1.77") // states another's address, and knows that one's key
	c.key, c.ident = "otherkey", &identity{Type: idIPv4, Proto: 17, Port: 500, Data: []byte{192, 168, 1, 78}}
	c.connect()
	w.run()
	c.wants("phase1 | " + asked)
	if len(b.live) != 0 {
		t.Error("a pair without a login")
	}
}

// A peer with a certificate is excused by a name that this bears, and only by that.
func TestCertificateExcuses(t *testing.T) {
	ca := newAuthority(t, "ca")
	named := func(name string) *Certificates {
		return ca.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{name} })
	}
	for name, excused := range map[string]bool{"b": true, "c": false} {
		text := strings.NewReplacer("authentication pre-share", "authentication rsa-sig", "identity address", "identity hostname",
			"isakmp key secret1 address 203.0.113.2 netmask 255.255.255.255\n", "").Replace(pixA)
		w := newWorld(t)
		a := w.add("203.0.113.1", text+"aaa-server A protocol tacacs+\naaa-server A (inside) host 10.0.0.9 key\ncrypto map m client authentication A\n"+
			"isakmp peer fqdn b no-xauth no-config-mode\n", Options{Certificates: named("a")})
		b := w.add("203.0.113.2", strings.Replace(mirror(text), "hostname b", "hostname "+name, 1), Options{Certificates: named(name)})
		w.do(b, b.Acquire(0, 0, 0, Flow{Src: flowAB.Dst, Dst: flowAB.Src, Proto: 6}))
		w.run()
		if len(a.SAs()) != 1 || (len(a.live) == 1) != excused {
			t.Errorf("%s: %d SAs, %d pairs", name, len(a.SAs()), len(a.live))
		}
	}
}

// Nobody speaks for what another has: neither a client that has not taken an address, nor one for which there is none, nor a site
// whose networks no access list names.
func TestClaims(t *testing.T) {
	const noPool = "no isakmp client configuration address-pool local VPNpool outside\nno vpngroup vpn3000 address-pool VPNpool\nvpngroup vpn3000 password grouppw\n" +
		"vpngroup pooled address-pool VPNpool\nvpngroup pooled password pooledpw\nroute inside 10.50.0.0 255.255.0.0 10.89.129.193 1\n"
	site := "isakmp key sitekey address 192.168.1.9 netmask 255.255.255.255 no-xauth no-config-mode\n"
	for _, test := range []struct {
		name   string
		config string
		thief  func(*vpnClient)
		claims map[string]bool // address or address/bits: whether it is taken
	}{
		{"a client that has not taken its address", "", func(c *vpnClient) { c.request = []uint16{cfgDNS} },
			map[string]bool{"10.89.129.200": false, "10.89.129.203": false, "10.89.129.131": false, "172.16.0.1": false, "192.168.1.9": true}},
		{"one without a pool", noPool, func(*vpnClient) {},
			map[string]bool{"10.89.129.200": false, "10.89.129.203": false, "10.89.129.195": false, "10.50.7.0/24": false, "0.0.0.0/0": false,
				"192.168.1.9": true, "172.16.0.0/24": true, "172.17.0.0/24": false, "172.17.0.9": false}},
		{"a site", site, func(c *vpnClient) { c.old().key = "sitekey" },
			map[string]bool{"10.89.129.200": false, "10.89.129.192/28": false, "0.0.0.0/0": false, "192.168.1.9": true, "172.16.0.0/24": true, "172.17.0.0/24": true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, b := clientWorld(t, test.config+"isakmp key hubkey address 192.168.1.8 netmask 255.255.255.255 no-xauth no-config-mode\n", Options{})
			victim := newClient(w, "192.168.1.2")
			if test.config == noPool {
				victim.group, victim.key = "pooled", "pooledpw"
			}
			victim.connect()
			w.run()
			answer(t, w, b, AuthResult{Verdict: Accept})
			hub := newClient(w, "192.168.1.8").old()
			hub.key, hub.claim = "hubkey", "172.17.0.0/24"
			hub.connect()
			w.run()
			if len(b.live) != 2 || victim.addr != addr("10.89.129.200") || hub.pairs != 1 {
				t.Fatalf("%v %v", victim.got, hub.got)
			}
			thief := newClient(w, "192.168.1.9")
			thief.user = "another"
			test.thief(thief)
			thief.claim = "10.89.129.201"
			thief.connect()
			w.run()
			if len(b.asks) > 0 {
				answer(t, w, b, AuthResult{Verdict: Accept})
			}
			for claim, want := range test.claims {
				before := thief.pairs
				thief.claim = claim
				thief.wantPair()
				w.run()
				if (thief.pairs > before) != want {
					t.Errorf("%s: taken %v, want %v: %v", claim, !want, want, thief.got)
				}
			}
			if p := b.PoolInUse(0); len(p) != 1 || len(b.SAs()) != 3 {
				t.Errorf("%v %v", p, b.SAs())
			}
		})
	}
}

// The certificate of another is not that of the peer that is wanted: ca verifycertdn tells them apart, and a stated address is the one
// that the peer is at.
func TestWantedPeer(t *testing.T) {
	ca := newAuthority(t, "ca")
	issue := func(name, address string) *Certificates {
		return ca.issue(t, func(c *x509.Certificate) {
			c.Subject.CommonName = name
			if address != "" {
				c.IPAddresses = []net.IP{net.ParseIP(address)}
			}
		})
	}
	for _, test := range []struct {
		name, verify, identity string
		theirs                 *Certificates
		want                   bool
	}{
		{"the peer", "CN=b", "hostname", issue("b", ""), true},
		{"the peer, by what its name contains", "CN*B", "hostname", issue("b", ""), true},
		{"somebody else", "CN=b", "hostname", issue("somebody-else", ""), false},
		{"somebody else, and nobody looks", "", "hostname", issue("somebody-else", ""), true},
		{"what cannot be read", "b", "hostname", issue("b", ""), false},
		{"an address", "", "address", issue("b", "203.0.113.2"), true},
		{"an address, and not its name", "CN!b", "address", issue("b", "203.0.113.2"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer("authentication pre-share", "authentication rsa-sig", "identity address", "identity "+test.identity,
				"isakmp key secret1 address 203.0.113.2 netmask 255.255.255.255\n", "").Replace(pixA)
			w := newWorld(t)
			own := text
			if test.verify != "" {
				own += "ca verifycertdn " + test.verify + "\n"
			}
			a := w.add("203.0.113.1", own, Options{Certificates: issue("a", "203.0.113.1")})
			b := w.add("203.0.113.2", strings.Replace(mirror(text), "hostname b", "hostname "+test.theirs.Own.Subject.CommonName, 1), Options{Certificates: test.theirs})
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			if got := len(a.live) == 1 && len(b.live) == 1; got != test.want {
				t.Errorf("a tunnel %v, want %v", got, test.want)
			}
		})
	}

	// A certificate for one address, at another.
	w := newWorld(t)
	a := w.add("203.0.113.1", strings.NewReplacer("authentication pre-share", "authentication rsa-sig").Replace(pixA), Options{Certificates: issue("a", "203.0.113.1")})
	s := &sa{remote: netip.MustParseAddrPort("203.0.113.2:500"), initiator: true, hand: &handshake{}}
	other := issue("c", "203.0.113.7")
	hash := make([]byte, 20)
	proof, err := (&Machine{o: Options{Certificates: other, Rand: chacha(9)}}).proofRSA(s, hash)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{Type: idIPv4, Data: []byte{203, 0, 113, 7}}
	if err := a.proveRSA(s, proof, id, hash); err != errIdentity {
		t.Errorf("at another's address: %v", err)
	}
	s.peerBehind = true
	if err := a.proveRSA(s, proof, id, hash); err != nil {
		t.Errorf("behind a NAT: %v", err)
	}
}

// The box is called hostname.domain-name where it states a name, which it does without being told (commands-vpn-aaa-show.md 2.3).
func TestOwnName(t *testing.T) {
	s := &sa{local: netip.MustParseAddrPort("203.0.113.1:500")}
	for _, test := range []struct {
		change []string
		kind   uint8
		want   string
	}{
		{[]string{"isakmp identity address\n", "domain-name example.com\n"}, idFQDN, "a.example.com"},
		{[]string{"isakmp identity address", "isakmp identity hostname\ndomain-name example.com"}, idFQDN, "a.example.com"},
		{[]string{"isakmp identity address", "isakmp identity hostname"}, idFQDN, "a"},
		{nil, idIPv4, "\xcb\x00\x71\x01"},
	} {
		m := New(planOf(t, strings.NewReplacer(test.change...).Replace(pixA)), Options{Clock: runtime.NewVirtualClock(birth), Rand: chacha(1)})
		if id := m.ownIdentity(s); id.Type != test.kind || string(id.Data) != test.want {
			t.Errorf("%v: %d %q", test.change, id.Type, id.Data)
		}
	}
}
