package vpn

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pixfw/runtime/ike"
)

// authority makes directories of certificates.
type authority struct {
	t    *testing.T
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, key: newKey(t)}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true}
	a.cert = a.sign(a.cert, &a.key.PublicKey)
	return a
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (a *authority) sign(c *x509.Certificate, key *rsa.PublicKey) *x509.Certificate {
	a.t.Helper()
	c.NotBefore, c.NotAfter = time.Date(2003, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// issue is a directory for a box of a name.
func (a *authority) issue(name string) (dir string) {
	a.t.Helper()
	dir = a.t.TempDir()
	key := newKey(a.t)
	own := a.sign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}}, &key.PublicKey)
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{"ca.pem", "CERTIFICATE", a.cert.Raw}, {"own.pem", "CERTIFICATE", own.Raw}, {"key.pem", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

// Two boxes whose certificates are files of one authority have a tunnel; one of another authority is nobody's peer.
func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	text := func(name string) string {
		return "hostname " + name + "\n" + strings.NewReplacer("authentication pre-share", "authentication rsa-sig", "isakmp identity address", "isakmp identity hostname",
			"isakmp key secret1 address 203.0.113.2 netmask 255.255.255.255\n", "").Replace(boxA)
	}
	for _, test := range []struct {
		name string
		b    string
		want bool
	}{{"one authority", ca.issue("b"), true}, {"another", other.issue("b"), false}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			var err error
			if w.certs, err = ReadCertificates(ca.issue("a")); err != nil {
				t.Fatal(err)
			}
			a := w.add(text("a"))
			if w.certs, err = ReadCertificates(test.b); err != nil {
				t.Fatal(err)
			}
			b := w.add(mirror(text("b")))
			if test.want {
				meet(w, a, b)
				carries(w, a, b, "hello")
				return
			}
			var seen atomic.Bool
			defer b.Debug(ike.ISAKMP.String(), 1, func(line string) {
				if strings.Contains(line, "processing CERT payload") {
					seen.Store(true)
				}
			})()
			a.device(twin).Put(packet("10.0.0.5", "192.168.50.9", "first"))
			w.until("b has seen the certificate of a", seen.Load)
			if len(a.SAPairs()) != 0 || len(b.SAPairs()) != 0 {
				t.Error("a tunnel")
			}
		})
	}
}

// Errors name the file.
func TestReadCertificates(t *testing.T) {
	ca := newAuthority(t)
	for _, test := range []struct {
		name, file string
		spoil      func(path string) error
	}{
		{"missing", "ca.pem", os.Remove},
		{"exposed", "key.pem", func(path string) error { return os.Chmod(path, 0o640) }},
		{"no certificate", "own.pem", func(path string) error { return os.WriteFile(path, []byte("hello"), 0o600) }},
		{"no key", "key.pem", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"too long", "ca.pem", func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), maxPEM+1), 0o600) }},
		{"another key", "key.pem", func(path string) error {
			return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(newKey(t))}), 0o600)
		}},
	} {
		dir := ca.issue("a")
		path := filepath.Join(dir, test.file)
		if err := test.spoil(path); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCertificates(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
