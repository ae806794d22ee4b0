package ike

import (
	"bytes"
	"crypto"
	_ "crypto/md5" // certificates of the time are signed with it
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Certificates are what `ca authenticate` and `ca enroll` have brought a box, here as files: its own key and certificate, and those
// of the authority.
type Certificates struct {
	Key crypto.Signer
	Own *x509.Certificate
	CA  []*x509.Certificate
}

// PEM is what a file holds. Its name is for errors.
type PEM struct {
	Name string
	Data []byte
}

// ParseCertificates reads the authority's certificates, the box's own and its private RSA key.
func ParseCertificates(ca, own, key PEM) (*Certificates, error) {
	out := &Certificates{}
	var err error
	if out.CA, err = pemCertificates(ca.Data); err != nil {
		return nil, fmt.Errorf("%s: %w", ca.Name, err)
	}
	list, err := pemCertificates(own.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", own.Name, err)
	}
	out.Own = list[0]
	k, err := pemKey(key.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key.Name, err)
	}
	if pub, ok := out.Own.PublicKey.(*rsa.PublicKey); !ok || !pub.Equal(k.Public()) {
		return nil, fmt.Errorf("%s is not the key of the certificate in %s", key.Name, own.Name)
	}
	out.Key = k
	return out, nil
}

func pemKey(b []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no private key in PEM")
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if k, ok := k.(*rsa.PrivateKey); ok {
		return k, nil
	}
	return nil, errors.New("the private key is not one of RSA")
}

func pemCertificates(b []byte) (out []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return out, nil
}

const (
	certX509Signature = 4 // encoding of CERT and CERT_REQ (RFC 2408 3.9)
	maxModulus        = 4096
)

var (
	errNoCert    = errors.New("no certificate")
	errCert      = errors.New("certificate is not one of the authority, or not in its time")
	errSubject   = errors.New("ca verifycertdn does not let the subject of the certificate pass")
	errIdentity  = errors.New("identity is not that of the certificate")
	errSignature = errors.New("signature does not match")
)

// certRequest asks the peer for its certificate.
func (m *Machine) certRequest() (out []payload) {
	for _, ca := range m.o.Certificates.CA {
		out = append(out, payload{pCertReq, append([]byte{certX509Signature}, ca.RawSubject...)})
	}
	return out
}

// proveRSA checks a signature: certificate of a known authority, in its time, for the identity that the peer states, and then the
// signature over the hash (RFC 2409 5.1: PKCS #1 without the name of the hash).
func (m *Machine) proveRSA(s *sa, list []payload, id identity, want []byte) error {
	m.event(EvCert, 0)
	body := find(list, pCert)
	if len(body) < 2 || body[0] != certX509Signature || m.o.Certificates == nil {
		return errNoCert
	}
	cert, err := x509.ParseCertificate(body[1:])
	if err != nil {
		return errCert
	}
	if !m.o.Certificates.issued(cert, m.now) {
		return errCert
	}
	for i := range m.plan.VPN.VerifyDN {
		if d := &m.plan.VPN.VerifyDN[i]; !d.Holds(subject(cert, d.Attr)) {
			return errSubject
		}
	}
	if id.Type == idIPv4 && !s.peerBehind && s.remote.Addr() != netip.AddrFrom4([4]byte(id.Data)) {
		return errIdentity // the certificate of one peer at the address of another
	}
	if !certifies(cert, id, s.remote.Addr()) {
		return errIdentity
	}
	m.event(EvSig, 0)
	if !verifyRSA(cert.PublicKey, nil, want, find(list, pSig)) {
		m.event(EvHashMismatch, s.remote.Addr())
		return errSignature
	}
	if !s.initiator {
		s.noXauth, s.noConfig = m.plan.VPN.Exempt(astIP(s.remote.Addr()), names(cert))
		for _, ou := range cert.Subject.OrganizationalUnit { // clients are in the group that their certificate names
			if i := m.groupByName(ou); i >= 0 {
				s.group, s.groupName = i, ou
				break
			}
		}
	}
	return nil
}

// proofRSA is certificate and signature of this box.
func (m *Machine) proofRSA(s *sa, hash []byte) ([]payload, error) {
	c := m.o.Certificates
	if c == nil {
		return nil, errNoCert
	}
	sig, err := c.Key.Sign(m.o.Rand, hash, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	return []payload{{pCert, append([]byte{certX509Signature}, c.Own.Raw...)}, {pSig, sig}}, nil
}

// issued reports whether one of the authorities has issued a certificate, and it is valid now. The box has one authority and takes no
// chains (commands-vpn-aaa-show.md 1.4).
func (c *Certificates) issued(cert *x509.Certificate, now time.Time) bool {
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) || cert.IsCA && !cert.Equal(c.Own) {
		return false
	}
	kind, ok := signatures[cert.SignatureAlgorithm]
	if !ok {
		return false
	}
	h := kind.hash.New()
	h.Write(cert.RawTBSCertificate)
	sum := h.Sum(nil)
	return slices.ContainsFunc(c.CA, func(ca *x509.Certificate) bool {
		return bytes.Equal(ca.RawSubject, cert.RawIssuer) && !now.Before(ca.NotBefore) && !now.After(ca.NotAfter) &&
			verifyRSA(ca.PublicKey, kind.prefix, sum, cert.Signature)
	})
}

// signatures are the ways in which certificates are signed. Those of the time use MD5 and SHA-1, which crypto/x509 does not take.
var signatures = map[x509.SignatureAlgorithm]struct {
	hash   crypto.Hash
	prefix []byte // DigestInfo up to the hash (RFC 8017 9.2)
}{
	x509.MD5WithRSA:    {crypto.MD5, unhex("3020300c06082a864886f70d020505000410")},
	x509.SHA1WithRSA:   {crypto.SHA1, unhex("3021300906052b0e03021a05000414")},
	x509.SHA256WithRSA: {crypto.SHA256, unhex("3031300d060960864801650304020105000420")},
	x509.SHA384WithRSA: {crypto.SHA384, unhex("3041300d060960864801650304020205000430")},
	x509.SHA512WithRSA: {crypto.SHA512, unhex("3051300d060960864801650304020305000440")},
}

// verifyRSA checks a PKCS #1 version 1.5 signature. Keys of 512 and 768 bits are of the time (commands-vpn-aaa-show.md 1.4), and
// crypto/rsa refuses them, so the public operation is done here; the padding is compared as a whole, not parsed.
func verifyRSA(public any, prefix, sum, sig []byte) bool {
	key, ok := public.(*rsa.PublicKey)
	if !ok || key.N.BitLen() > maxModulus || key.N.BitLen() < 512 || key.E < 3 || key.N.Bit(0) == 0 {
		return false
	}
	size := (key.N.BitLen() + 7) / 8
	if len(sig) != size || size < len(prefix)+len(sum)+11 {
		return false
	}
	v := new(big.Int).SetBytes(sig)
	if v.Cmp(key.N) >= 0 {
		return false
	}
	got := v.Exp(v, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, size))
	want := bytes.Repeat([]byte{0xff}, size)
	want[0], want[1], want[size-len(prefix)-len(sum)-1] = 0, 1, 0
	copy(want[size-len(prefix)-len(sum):], prefix)
	copy(want[size-len(sum):], sum)
	return subtle.ConstantTimeCompare(got, want) == 1
}

// names are the names of hosts that a certificate bears.
func names(cert *x509.Certificate) []string {
	return append([]string{cert.Subject.CommonName}, cert.DNSNames...)
}

// attributes of a subject are those that `ca verifycertdn` can test, by their object identifiers (RFC 4519, RFC 2985).
var attributes = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "SN": {2, 5, 4, 4}, "SERIALNUMBER": {2, 5, 4, 5}, "C": {2, 5, 4, 6}, "L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "SP": {2, 5, 4, 8},
	"S": {2, 5, 4, 8}, "STREET": {2, 5, 4, 9}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "T": {2, 5, 4, 12}, "N": {2, 5, 4, 41}, "GN": {2, 5, 4, 42},
	"I": {2, 5, 4, 43}, "GENQ": {2, 5, 4, 44}, "DNQ": {2, 5, 4, 46}, "DC": {0, 9, 2342, 19200300, 100, 1, 25}, "UID": {0, 9, 2342, 19200300, 100, 1, 1},
	"E": {1, 2, 840, 113549, 1, 9, 1}, "EA": {1, 2, 840, 113549, 1, 9, 1},
}

// subject are the values that an attribute has in the subject of a certificate.
func subject(cert *x509.Certificate, attr string) (out []string) {
	for _, v := range cert.Subject.Names {
		if text, ok := v.Value.(string); ok && v.Type.Equal(attributes[attr]) {
			out = append(out, text)
		}
	}
	return out
}

// certifies reports whether a certificate is for an identity: its name, one of its other names, or, if it names no address, the
// address from which the peer comes.
func certifies(cert *x509.Certificate, id identity, remote netip.Addr) bool {
	text := string(id.Data)
	switch id.Type {
	case idIPv4:
		a := netip.AddrFrom4([4]byte(id.Data))
		if len(cert.IPAddresses) == 0 {
			return a == remote
		}
		return slices.ContainsFunc(cert.IPAddresses, func(ip net.IP) bool {
			v, ok := netip.AddrFromSlice(ip)
			return ok && v.Unmap() == a
		})
	case idFQDN:
		return text != "" && slices.Contains(names(cert), text)
	case idUser:
		return text != "" && slices.Contains(cert.EmailAddresses, text)
	case idDN:
		return bytes.Equal(id.Data, cert.RawSubject)
	}
	return false
}
