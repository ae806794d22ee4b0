// Package des encrypts with DES and triple DES in CBC mode (FIPS 46-3, RFC 2405, RFC 2451), faster than the standard library does.
//
// What goes in: a key, and data of whole blocks with its initialization vector. What comes out: the same data, encrypted or decrypted
// in place.
//
//	c, err := des.NewEncrypter(key) // 8 or 24 octets
//	c.Encrypt(iv, packet)
//	c.EncryptTwo(iv, packet, iv2, packet2)
//
// The rounds of one block wait for each other, and so do the blocks of CBC when they are encrypted. What does not wait are the blocks of
// another packet, and all blocks when they are decrypted: two at a time take little longer than one.
//
// What always holds: the result is that of crypto/des, bit by bit. Keys do not change once they are made, so that any number of goroutines may use it.
package des
