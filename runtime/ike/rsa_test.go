package ike

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority issues certificates for tests.
type authority struct {
	t    testing.TB
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: rsaKey(t)}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: birth.AddDate(-1, 0, 0),
		NotAfter: birth.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert = a.sign(c, c, &a.key.PublicKey)
	return a
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (a *authority) sign(c, parent *x509.Certificate, pub *rsa.PublicKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// issue makes what a box has, from files.
func (a *authority) issue(change func(*x509.Certificate)) *Certificates {
	a.t.Helper()
	key := rsaKey(a.t)
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "x"}, NotBefore: birth.AddDate(-1, 0, 0), NotAfter: birth.AddDate(1, 0, 0)}
	change(c)
	cert := a.sign(c, a.cert, &key.PublicKey)
	pemOf := func(kind string, b []byte) PEM {
		return PEM{kind, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})}
	}
	out, err := ParseCertificates(pemOf("CERTIFICATE", a.cert.Raw), pemOf("CERTIFICATE", cert.Raw), pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
	if err != nil {
		a.t.Fatal(err)
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
		{"names", ca.issue(named("a")), ca.issue(named("b")), "hostname", true},
		{"common names", ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "a" }), ca.issue(named("b")), "hostname", true},
		{"addresses", ca.issue(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(203, 0, 113, 1)} }), ca.issue(named("b")), "address", true},
		{"another's address", ca.issue(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(203, 0, 113, 7)} }), ca.issue(named("b")), "address", false},
		{"another's name", ca.issue(named("c")), ca.issue(named("b")), "hostname", false},
		{"the responder has another's name", ca.issue(named("a")), ca.issue(named("c")), "hostname", false},
		{"expired", ca.issue(func(c *x509.Certificate) { c.DNSNames = []string{"a"}; c.NotAfter = birth.Add(-time.Hour) }), ca.issue(named("b")), "hostname", false},
		{"another authority of the same name", other.issue(named("a")), ca.issue(named("b")), "hostname", false},
		{"an authority made of a certificate", ca.issue(func(c *x509.Certificate) {
			c.DNSNames, c.IsCA, c.BasicConstraintsValid = []string{"a"}, true, true
		}), ca.issue(named("b")), "hostname", false},
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
	c := newAuthority(t, "ca").issue(func(*x509.Certificate) {})
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Own.Raw})
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey(t))})
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
