package vpn

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pixfw/internal/pki"
	"pixfw/runtime/ike"
)

func newAuthority(t *testing.T) *pki.Authority {
	t.Helper()
	return pki.New(t, "ca", time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC), 1024)
}

// issue is a directory for a box of a name.
func issue(t *testing.T, a *pki.Authority, name string) (dir string) {
	t.Helper()
	return a.Issue(pki.Named(name)).Dir(t)
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
	}{{"one authority", issue(t, ca, "b"), true}, {"another", issue(t, other, "b"), false}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			var err error
			if w.certs, err = ReadCertificates(issue(t, ca, "a")); err != nil {
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
			return os.WriteFile(path, pki.PrivateKey(pki.NewKey(t, 1024)), 0o600)
		}},
	} {
		dir := issue(t, ca, "a")
		path := filepath.Join(dir, test.file)
		if err := test.spoil(path); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCertificates(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
