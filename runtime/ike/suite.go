package ike

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"hash"

	"pixfw/compiler"
)

// The values of phase 1 attributes (RFC 2409 appendix A; commands-vpn-aaa-show.md 2.1).
const (
	aEncryption = 1
	aHash       = 2
	aAuth       = 3
	aGroup      = 4
	aLifeType   = 11
	aLife       = 12
	aKeyLength  = 14

	encDES  = 1
	enc3DES = 5
	encAES  = 7

	hashMD5 = 1
	hashSHA = 2

	authPSK      = 1
	authRSASig   = 3
	authXauthPSK = 65001 // XAUTHInitPreShared
	authXauthRSA = 65005 // XAUTHInitRSA

	lifeSeconds   = 1
	lifeKilobytes = 2
)

// suite is what phase 1 has agreed on. The zero suite is none.
type suite struct {
	enc     uint16
	keyBits int
	hash    uint16
	group   int
	auth    uint16
}

// suiteOf is what a policy of the configuration asks for.
func suiteOf(p *compiler.IKEPolicy) suite {
	s := suite{group: p.Group, hash: hashSHA, auth: authPSK}
	switch p.Encryption {
	case "des":
		s.enc, s.keyBits = encDES, 64
	case "3des":
		s.enc, s.keyBits = enc3DES, 192
	case "aes":
		s.enc, s.keyBits = encAES, 128
	case "aes-192":
		s.enc, s.keyBits = encAES, 192
	case "aes-256":
		s.enc, s.keyBits = encAES, 256
	}
	if p.Hash == "md5" {
		s.hash = hashMD5
	}
	if p.Authentication == "rsa-sig" {
		s.auth = authRSASig
	}
	return s
}

func (s suite) newHash() func() hash.Hash {
	if s.hash == hashMD5 {
		return md5.New
	}
	return sha1.New
}

// sum is the hash of the parts, one after the other.
func (s suite) sum(parts ...[]byte) []byte {
	h := s.newHash()()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// prf is HMAC with the hash.
func (s suite) prf(key []byte, parts ...[]byte) []byte {
	h := hmac.New(s.newHash(), key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func (s suite) block(key []byte) (cipher.Block, error) {
	switch s.enc {
	case encDES:
		return des.NewCipher(key)
	case enc3DES:
		return des.NewTripleDESCipher(key)
	}
	return aes.NewCipher(key)
}

// encryptionName, hashName and authName are for debug output and messages.
func encryptionName(enc uint16) string {
	switch enc {
	case encDES:
		return "DES-CBC"
	case enc3DES:
		return "3DES-CBC"
	case encAES:
		return "AES-CBC"
	}
	return "UNKNOWN"
}

func hashName(h uint16) string {
	switch h {
	case hashMD5:
		return "MD5"
	case hashSHA:
		return "SHA"
	}
	return "UNKNOWN"
}

func authName(a uint16) string {
	switch a {
	case authPSK:
		return "auth pre-share"
	case authRSASig:
		return "auth RSA sig"
	case authXauthPSK:
		return "extended auth pre-share"
	case authXauthRSA:
		return "extended auth RSA sig"
	}
	return "auth UNKNOWN"
}
