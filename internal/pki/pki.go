// Package pki issues certificates to boxes and peers of tests.
//
//	ca := pki.New(t, "ca", time.Now(), 2048)
//	dir := ca.Issue(pki.Named("pix.example.com")).Dir(t)
//
// What goes in: what a certificate is to say. What comes out: the certificate, its key and that of the authority, as PEM, in memory or
// as the files that `pixfw run --certificates` reads.
package pki

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority issues certificates.
type Authority struct {
	tb   testing.TB
	at   time.Time
	bits int
	key  *rsa.PrivateKey
	cert *x509.Certificate
	last int64
}

// New is an authority of a name, whose keys have so many bits, and whose certificates are good for a year before and after a time.
func New(tb testing.TB, name string, at time.Time, bits int) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, at: at, bits: bits, key: NewKey(tb, bits)}
	c := a.template(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	a.cert = a.sign(c, c, &a.key.PublicKey)
	return a
}

// NewKey is a private key.
func NewKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func (a *Authority) template(name string) *x509.Certificate {
	a.last++
	return &x509.Certificate{SerialNumber: big.NewInt(a.last), Subject: pkix.Name{CommonName: name}, NotBefore: a.at.AddDate(-1, 0, 0), NotAfter: a.at.AddDate(1, 0, 0)}
}

func (a *Authority) sign(c, parent *x509.Certificate, pub *rsa.PublicKey) *x509.Certificate {
	a.tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		a.tb.Fatal(err)
	}
	return out
}

// Files are what a box has, as PEM.
type Files struct {
	CA, Own, Key []byte
}

// Issue makes a key and a certificate for it, of the subject CN=x unless change says otherwise.
func (a *Authority) Issue(change ...func(*x509.Certificate)) Files {
	a.tb.Helper()
	key, c := NewKey(a.tb, a.bits), a.template("x")
	for _, f := range change {
		f(c)
	}
	return Files{CA: Certificate(a.cert.Raw), Own: Certificate(a.sign(c, a.cert, &key.PublicKey).Raw), Key: PrivateKey(key)}
}

// Named gives a certificate its owner's name, as common name and as name of a host.
func Named(host string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames = host, []string{host} }
}

// Dir writes the files to a directory of the test.
func (f Files) Dir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range map[string][]byte{"ca.pem": f.CA, "own.pem": f.Own, "key.pem": f.Key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// Certificate is PEM of a certificate.
func Certificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// PrivateKey is PEM of a key.
func PrivateKey(k *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})
}
