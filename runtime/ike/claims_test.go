package ike

import (
	"crypto/x509"
	"strings"
	"testing"
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
		return ca.issue(func(c *x509.Certificate) { c.DNSNames = []string{name} })
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
