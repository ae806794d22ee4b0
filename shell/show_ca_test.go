package shell

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime/emulator"
)

// certified is an engine with certificates.
type certified struct {
	*emulator.Engine
	own *x509.Certificate
}

func (e certified) Certificates() (*x509.Certificate, []*x509.Certificate) {
	return e.own, []*x509.Certificate{e.own}
}

func TestShowCA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(0x0123456789), Subject: pkix.Name{CommonName: "edge.example.com", Organization: []string{"Example"}},
		DNSNames: []string{"edge.example.com"}, IPAddresses: []net.IP{{192, 0, 2, 1}}, NotBefore: testStart, NotAfter: testStart.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s, clock := newSession(t, nil, Privileged)
	s.engine = certified{emulator.New(clock), own}
	const block = "ertificate\n  Status: Available\n  Certificate Serial Number: 0123456789\n  Key Usage: General Purpose\n" +
		"  Subject Name:\n    CN=edge.example.com,O=Example\n    Name: edge.example.com\n    IP Address: 192.0.2.1\n  Issuer:\n    CN=edge.example.com,O=Example\n" +
		"  Validity Date:\n    start date: 12:54:16 UTC Jul 4 2003\n    end   date: 12:54:16 UTC Jul 4 2004\n"
	if out, _ := s.Line("show ca certificate"); out != "C"+block+"\nCA C"+block {
		t.Errorf("show ca certificate:\n%s", out)
	}
	out, _ := s.Line("show ca mypubkey rsa")
	head, data, _ := strings.Cut(out, " Key Data:\n")
	if head != "Key name: edge.example.com\n Usage: General Purpose Key\n" {
		t.Errorf("show ca mypubkey rsa:\n%s", out)
	}
	der, err = hex.DecodeString(strings.Join(strings.Fields(data), ""))
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil || !key.PublicKey.Equal(pub) {
		t.Errorf("another key is shown: %v", err)
	}
	for usage, want := range map[x509.KeyUsage]string{0: "Not Set", x509.KeyUsageDigitalSignature: "Signature", x509.KeyUsageKeyEncipherment: "Encryption", x509.KeyUsageCertSign: "General Purpose"} {
		if got := keyUsage(&x509.Certificate{KeyUsage: usage}); got != want {
			t.Errorf("%d: %s, want %s", usage, got, want)
		}
	}
}

// The clock of the configuration, around the days on which it is changed.
func TestLocalTime(t *testing.T) {
	for _, test := range []struct{ lines, utc, want string }{
		{"", "2003-07-04T12:54:16Z", "12:54:16.000 UTC Fri Jul 4 2003"},
		{"clock timezone PST -8", "2003-07-04T12:54:16Z", "04:54:16.000 PST Fri Jul 4 2003"},
		{"clock timezone IST 5 30", "2003-07-04T20:54:16Z", "02:24:16.000 IST Sat Jul 5 2003"},
		{"clock timezone NST -3 30", "2003-07-04T12:00:00Z", "08:30:00.000 NST Fri Jul 4 2003"},
		{"clock summer-time PDT recurring", "2003-04-06T01:59:59Z", "01:59:59.000 UTC Sun Apr 6 2003"},
		{"clock summer-time PDT recurring", "2003-04-06T02:00:00Z", "03:00:00.000 PDT Sun Apr 6 2003"},
		{"clock timezone PST -8\nclock summer-time PDT recurring", "2003-10-26T08:59:59Z", "01:59:59.000 PDT Sun Oct 26 2003"},
		{"clock timezone PST -8\nclock summer-time PDT recurring", "2003-10-26T09:00:00Z", "01:00:00.000 PST Sun Oct 26 2003"},
		{"clock timezone CET 1\nclock summer-time CEST recurring last Sun Mar 2:00 last Sun Oct 3:00", "2003-03-30T00:59:59Z", "01:59:59.000 CET Sun Mar 30 2003"},
		{"clock timezone CET 1\nclock summer-time CEST recurring last Sun Mar 2:00 last Sun Oct 3:00", "2003-03-30T01:00:00Z", "03:00:00.000 CEST Sun Mar 30 2003"},
		{"clock timezone CET 1\nclock summer-time CEST recurring last Sun Mar 2:00 last Sun Oct 3:00", "2003-10-26T01:00:00Z", "02:00:00.000 CET Sun Oct 26 2003"},
		{"clock timezone EST 10\nclock summer-time EDT recurring last Sun Oct 2:00 last Sun Mar 3:00", "2004-01-01T00:00:00Z", "11:00:00.000 EDT Thu Jan 1 2004"},
		{"clock timezone EST 10\nclock summer-time EDT recurring last Sun Oct 2:00 last Sun Mar 3:00", "2004-06-01T00:00:00Z", "10:00:00.000 EST Tue Jun 1 2004"},
		{"clock summer-time X recurring 2 Tue May 0:00 3 Wed May 0:00 30", "2003-05-13T00:00:00Z", "00:30:00.000 X Tue May 13 2003"},
		{"clock summer-time X date May 3 2003 1:00 Jun 4 2003 1:00", "2003-05-03T01:00:00Z", "02:00:00.000 X Sat May 3 2003"},
		{"clock summer-time X date May 3 2003 1:00 Jun 4 2003 1:00", "2004-05-10T01:00:00Z", "01:00:00.000 UTC Mon May 10 2004"},
	} {
		s, _ := newSession(t, []byte(test.lines+"\n"), Privileged)
		at, err := time.Parse(time.RFC3339, test.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := clockText(localTime(s.Running(), at)); got != test.want {
			t.Errorf("%s\n%s: %s, want %s", test.lines, test.utc, got, test.want)
		}
	}
}

// Each command that has nothing to act on says why; none is forgotten.
func TestAbsent(t *testing.T) {
	for _, mode := range []Mode{Privileged, Config} {
		s, _ := newSession(t, nil, mode)
		for what, why := range absent {
			if r := s.Do(what); !r.Failed || r.Output != "ERROR: "+what+": "+why+"\n" {
				t.Errorf("%s: %q", what, r.Output)
			}
		}
	}
	if err := (&Session{}).absent(&ast.Absent{What: "copy"}); err == nil {
		t.Error("no answer")
	}
}
