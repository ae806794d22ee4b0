package des

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// BlockSize is the length of a block in octets.
const BlockSize = 8

// An Encrypter is a key, ready to encrypt with.
type Encrypter struct{ keys [][32]uint32 }

// A Decrypter is a key, ready to decrypt with.
type Decrypter struct{ keys [][32]uint32 }

// NewEncrypter takes a key of 8 octets for DES, or of 24 for triple DES. Parity bits do not count.
func NewEncrypter(key []byte) (*Encrypter, error) {
	keys, err := schedules(key, false)
	return &Encrypter{keys}, err
}

// NewDecrypter is NewEncrypter for the other way.
func NewDecrypter(key []byte) (*Decrypter, error) {
	keys, err := schedules(key, true)
	return &Decrypter{keys}, err
}

// schedules are those of a key, in the order in which they are gone through.
func schedules(key []byte, back bool) ([][32]uint32, error) {
	switch len(key) {
	case 8:
		return [][32]uint32{schedule(binary.BigEndian.Uint64(key), back)}, nil
	case 24:
		k1, k2, k3 := binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:]), binary.BigEndian.Uint64(key[16:])
		if back {
			k1, k3 = k3, k1
		}
		return [][32]uint32{schedule(k1, back), schedule(k2, !back), schedule(k3, back)}, nil
	}
	return nil, fmt.Errorf("key of %d octets, not 8 or 24", len(key))
}

// Encrypt encrypts b in place. Its length must be one of whole blocks.
func (c *Encrypter) Encrypt(iv, b []byte) {
	whole(b)
	c.chain(binary.BigEndian.Uint64(iv), b)
}

// chain goes on with a chain.
func (c *Encrypter) chain(last uint64, b []byte) {
	for ; len(b) >= BlockSize; b = b[BlockSize:] {
		last = one(c.keys, last^binary.BigEndian.Uint64(b))
		binary.BigEndian.PutUint64(b, last)
	}
}

// EncryptTwo is Encrypt of two messages.
func (c *Encrypter) EncryptTwo(iv, b, iv2, b2 []byte) {
	whole(b)
	whole(b2)
	last, last2 := binary.BigEndian.Uint64(iv), binary.BigEndian.Uint64(iv2)
	for len(b) >= BlockSize && len(b2) >= BlockSize {
		last, last2 = two(c.keys, last^binary.BigEndian.Uint64(b), last2^binary.BigEndian.Uint64(b2))
		binary.BigEndian.PutUint64(b, last)
		binary.BigEndian.PutUint64(b2, last2)
		b, b2 = b[BlockSize:], b2[BlockSize:]
	}
	c.chain(last, b)
	c.chain(last2, b2)
}

// Decrypt decrypts b in place. Its length must be one of whole blocks.
func (c *Decrypter) Decrypt(iv, b []byte) {
	whole(b)
	last := binary.BigEndian.Uint64(iv)
	for ; len(b) >= 2*BlockSize; b = b[2*BlockSize:] {
		x, y := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[BlockSize:])
		p, q := two(c.keys, x, y)
		binary.BigEndian.PutUint64(b, p^last)
		binary.BigEndian.PutUint64(b[BlockSize:], q^x)
		last = y
	}
	if len(b) > 0 {
		binary.BigEndian.PutUint64(b, one(c.keys, binary.BigEndian.Uint64(b))^last)
	}
}

func whole(b []byte) {
	if len(b)%BlockSize != 0 {
		panic("des: not a whole number of blocks")
	}
}

// one is one block.
func one(keys [][32]uint32, block uint64) uint64 {
	l, r := initial(block)
	for i := range keys {
		k := &keys[i]
		for n := 0; n < 32; n += 4 {
			l ^= even(r, k[n]) ^ odd(r, k[n+1])
			r ^= even(l, k[n+2]) ^ odd(l, k[n+3])
		}
		l, r = r, l
	}
	return final(l, r)
}

// two are two blocks.
func two(keys [][32]uint32, block, block2 uint64) (uint64, uint64) {
	l, r := initial(block)
	l2, r2 := initial(block2)
	for i := range keys {
		k := &keys[i]
		for n := 0; n < 32; n += 4 {
			l ^= even(r, k[n]) ^ odd(r, k[n+1])
			l2 ^= even(r2, k[n]) ^ odd(r2, k[n+1])
			r ^= even(l, k[n+2]) ^ odd(l, k[n+3])
			r2 ^= even(l2, k[n+2]) ^ odd(l2, k[n+3])
		}
		l, r, l2, r2 = r, l, r2, l2
	}
	return final(l, r), final(l2, r2)
}

// even is what a half contributes to the other one through the boxes 2, 4, 6 and 8. It and odd are small enough to be compiled in place.
func even(r, key uint32) uint32 {
	t := r ^ key
	return boxes[7][t&63] ^ boxes[5][t>>8&63] ^ boxes[3][t>>16&63] ^ boxes[1][t>>24&63]
}

// odd is what comes through the boxes 1, 3, 5 and 7.
func odd(r, key uint32) uint32 {
	t := bits.RotateLeft32(r, -4) ^ key
	return boxes[6][t&63] ^ boxes[4][t>>8&63] ^ boxes[2][t>>16&63] ^ boxes[0][t>>24&63]
}

// initial is the initial permutation, with both halves rotated: bits change places in groups.
func initial(block uint64) (l, r uint32) {
	l, r = uint32(block>>32), uint32(block)
	r, l = exchange(r, l, 4, 0x0f0f0f0f)
	r, l = exchange(r, l, 16, 0x0000ffff)
	l, r = exchange(l, r, 2, 0x33333333)
	l, r = exchange(l, r, 8, 0x00ff00ff)
	r, l = exchange(r, l, 1, 0x55555555)
	return bits.RotateLeft32(l, 1), bits.RotateLeft32(r, 1)
}

// final undoes it.
func final(l, r uint32) uint64 {
	l, r = bits.RotateLeft32(l, -1), bits.RotateLeft32(r, -1)
	r, l = exchange(r, l, 1, 0x55555555)
	l, r = exchange(l, r, 8, 0x00ff00ff)
	l, r = exchange(l, r, 2, 0x33333333)
	r, l = exchange(r, l, 16, 0x0000ffff)
	r, l = exchange(r, l, 4, 0x0f0f0f0f)
	return uint64(l)<<32 | uint64(r)
}

// exchange lets the bits of a under a mask and those of b, n places higher, change places.
func exchange(a, b uint32, n int, mask uint32) (uint32, uint32) {
	t := (b>>n ^ a) & mask
	return a ^ t, b ^ t<<n
}
