package shell

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"pixfw/runtime"
)

// showCA is `show ca certificate|crl|mypubkey rsa` (commands-vpn-aaa-show.md section 1.4): what is there. The layout is that of the command
// reference as it is remembered (unconfirmed).
func (s *Session) showCA(what string) string {
	var own *x509.Certificate
	var authority []*x509.Certificate
	if e, ok := s.engine.(runtime.Certified); ok {
		own, authority = e.Certificates()
	}
	switch {
	case what == "ca crl":
		return textNoCRL
	case own == nil:
		return textNoCertificates
	case what == "ca mypubkey rsa":
		return formatPublicKey(own, s.hostname())
	}
	return formatCertificates(own, authority)
}

func formatCertificates(own *x509.Certificate, authority []*x509.Certificate) string {
	var b strings.Builder
	one := func(title string, c *x509.Certificate) {
		fmt.Fprintf(&b, "%s\n  Status: Available\n  Certificate Serial Number: %s\n  Key Usage: %s\n", title, hex.EncodeToString(c.SerialNumber.Bytes()), keyUsage(c))
		fmt.Fprintf(&b, "  Subject Name:\n    %s\n", c.Subject)
		for _, n := range c.DNSNames {
			fmt.Fprintf(&b, "    Name: %s\n", n)
		}
		for _, ip := range c.IPAddresses {
			fmt.Fprintf(&b, "    IP Address: %s\n", ip)
		}
		fmt.Fprintf(&b, "  Issuer:\n    %s\n", c.Issuer)
		const form = "15:04:05 UTC Jan 2 2006"
		fmt.Fprintf(&b, "  Validity Date:\n    start date: %s\n    end   date: %s\n", c.NotBefore.UTC().Format(form), c.NotAfter.UTC().Format(form))
	}
	one("Certificate", own)
	for _, c := range authority {
		b.WriteByte('\n')
		one("CA Certificate", c)
	}
	return b.String()
}

func keyUsage(c *x509.Certificate) string {
	sign, encrypt := c.KeyUsage&x509.KeyUsageDigitalSignature != 0, c.KeyUsage&x509.KeyUsageKeyEncipherment != 0
	switch {
	case c.KeyUsage == 0:
		return "Not Set"
	case sign && !encrypt:
		return "Signature"
	case encrypt && !sign:
		return "Encryption"
	}
	return "General Purpose"
}

// formatPublicKey is the key of the box's certificate, in groups of eight digits. When it was made is not known.
func formatPublicKey(c *x509.Certificate, host string) string {
	name := host
	if len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Key name: %s\n Usage: %s Key\n Key Data:\n", name, keyUsage(c))
	for line := range slices.Chunk(c.RawSubjectPublicKeyInfo, 32) {
		b.WriteByte(' ')
		for group := range slices.Chunk(line, 4) {
			b.WriteString(" " + hex.EncodeToString(group))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
