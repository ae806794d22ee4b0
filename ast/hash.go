package ast

import "crypto/md5"

const hashAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// PasswordHash is what a PIX stores for a password: 16 characters. user is empty for `enable password` and `passwd`, else
// the name of a `username` line, whose first four characters salt the hash (commands-vpn-aaa-show.md section 1.13).
func PasswordHash(user, password string) string {
	s := []byte(password)
	for i := 0; user != "" && i < 4; i++ {
		s = append(s, user[i%len(user)])
	}
	var block [16]byte
	copy(block[:], s)
	d := md5.Sum(block[:])
	out := make([]byte, 0, 16)
	for i := 0; i < 16; i += 4 { // every fourth byte of the digest is dropped
		n := uint32(d[i]) | uint32(d[i+1])<<8 | uint32(d[i+2])<<16
		for range 4 {
			out = append(out, hashAlphabet[n&63])
			n >>= 6
		}
	}
	return string(out)
}
