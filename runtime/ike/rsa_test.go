package ike

import (
	"crypto/md5"
	"crypto/x509"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pixfw/internal/pki"
)

// authority issues certificates as a box reads them.
type authority struct{ *pki.Authority }

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	return authority{pki.New(t, name, birth, 1024)}
}

// issue makes what a box has, from files.
func (a authority) issue(t testing.TB, change func(*x509.Certificate)) *Certificates {
	t.Helper()
	f := a.Issue(change)
	out, err := ParseCertificates(PEM{"ca.pem", f.CA}, PEM{"own.pem", f.Own}, PEM{"key.pem", f.Key})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Two boxes with certificates of one authority make a tunnel; with any other, or another's, they do not.
func TestRSA(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "ca")
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = []string{name} }
	}
	for _, test := range []struct {
		name  string
		a, b  *Certificates
		ident string
		want  bool
	}{
		{"names", ca.issue(t, named("a")), ca.issue(t, named("b")), "hostname", true},
		{"common names", ca.issue(t, func(c *x509.Certificate) { c.Subject.CommonName = "a" }), ca.issue(t, named("b")), "hostname", true},
		{"addresses", ca.issue(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(203, 0, 113, 1)} }), ca.issue(t, named("b")), "address", true},
		{"another's address", ca.issue(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(203, 0, 113, 7)} }), ca.issue(t, named("b")), "address", false},
		{"another's name", ca.issue(t, named("c")), ca.issue(t, named("b")), "hostname", false},
		{"the responder has another's name", ca.issue(t, named("a")), ca.issue(t, named("c")), "hostname", false},
		{"expired", ca.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"a"}; c.NotAfter = birth.Add(-time.Hour) }), ca.issue(t, named("b")), "hostname", false},
		{"another authority of the same name", other.issue(t, named("a")), ca.issue(t, named("b")), "hostname", false},
		{"an authority made of a certificate", ca.issue(t, func(c *x509.Certificate) {
			c.DNSNames, c.IsCA, c.BasicConstraintsValid = []string{"a"}, true, true
		}), ca.issue(t, named("b")), "hostname", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer("authentication pre-share", "authentication rsa-sig", "identity address", "identity "+test.ident,
				"isakmp key secret1 address 203.0.113.2 netmask 255.255.255.255\n", "").Replace(pixA)
			w := newWorld(t)
			a := w.add("203.0.113.1", text, Options{Certificates: test.a})
			b := w.add("203.0.113.2", mirror(text), Options{Certificates: test.b})
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			if !test.want {
				if len(a.live) != 0 || len(b.live) != 0 {
					t.Error("a tunnel")
				}
				return
			}
			tunnel(t, a, b)
			w.pass(40 * time.Second)
			if len(a.SAs()) != 1 || len(b.SAs()) != 1 {
				t.Errorf("%v %v", a.SAs(), b.SAs())
			}
		})
	}
}

// A key that does not belong to the certificate is found when the files are read.
func TestParseCertificates(t *testing.T) {
	c := newAuthority(t, "ca").issue(t, func(*x509.Certificate) {})
	own := pki.Certificate(c.Own.Raw)
	key := pki.PrivateKey(pki.NewKey(t, 1024))
	for _, test := range []struct {
		ca, own, key []byte
		want         string
	}{
		{own, own, key, "key.pem is not the key of the certificate in own.pem"}, {own, own, nil, "key.pem: no private key"}, {own, own, own, "key.pem: "},
		{nil, own, key, "ca.pem: no certificate"}, {own, key, key, "own.pem: no certificate"},
	} {
		if _, err := ParseCertificates(PEM{"ca.pem", test.ca}, PEM{"own.pem", test.own}, PEM{"key.pem", test.key}); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
}

// A certificate signed with MD5, and a key of 768 bits, as boxes of the time have them.
func TestOldCertificate(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("openssl %s: %v %s", args[0], err, out)
		}
	}
	run("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-md5", "-days", "9", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
	run("genrsa", "-out", "own.key", "768")
	run("req", "-new", "-md5", "-key", "own.key", "-subj", "/CN=pix", "-out", "own.csr")
	run("x509", "-req", "-md5", "-days", "9", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "own.pem")
	run("dgst", "-md5", "-sign", "own.key", "-out", "sig", "own.csr")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ca, err := pemCertificates(read("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := pemCertificates(read("own.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c := &Certificates{Own: own[0], CA: ca}
	if !c.issued(own[0], time.Now().Add(time.Minute)) {
		t.Error("the certificate is not taken")
	}
	if c.issued(own[0], time.Now().AddDate(0, 1, 0)) {
		t.Error("the certificate is taken after its time")
	}
	sum := md5.Sum(read("own.csr"))
	prefix, sig := signatures[x509.MD5WithRSA].prefix, read("sig")
	if !verifyRSA(own[0].PublicKey, prefix, sum[:], sig) {
		t.Error("the signature is not taken")
	}
	sig[5]++
	if verifyRSA(own[0].PublicKey, prefix, sum[:], sig) || verifyRSA(own[0].PublicKey, nil, sum[:], sig) || verifyRSA(nil, nil, nil, nil) {
		t.Error("a signature that is none is taken")
	}
}
