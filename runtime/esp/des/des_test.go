package des

import (
	"bytes"
	"crypto/cipher"
	stddes "crypto/des"
	"math/rand/v2"
	"testing"
)

// standard is the block cipher of the standard library.
func standard(t testing.TB, key []byte) cipher.Block {
	t.Helper()
	block, err := stddes.NewCipher(key)
	if len(key) == 24 {
		block, err = stddes.NewTripleDESCipher(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return block
}

func octets(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func keys(t testing.TB, key []byte) (*Encrypter, *Decrypter) {
	t.Helper()
	c, err := NewEncrypter(key)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecrypter(key)
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

// TestStandard holds everything against the standard library.
func TestStandard(t *testing.T) {
	r := rand.New(rand.NewPCG(46, 3))
	for i := range 2000 {
		key := octets(r, 8)
		if i%2 == 1 {
			key = octets(r, 24)
		}
		c, d := keys(t, key)
		iv, iv2 := octets(r, 8), octets(r, 8)
		plain, plain2 := octets(r, 8*r.IntN(20)), octets(r, 8*r.IntN(20))
		want, want2 := make([]byte, len(plain)), make([]byte, len(plain2))
		block := standard(t, key)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(want, plain)
		cipher.NewCBCEncrypter(block, iv2).CryptBlocks(want2, plain2)

		got := bytes.Clone(plain)
		if c.Encrypt(iv, got); !bytes.Equal(got, want) {
			t.Fatalf("key %x: %x, not %x", key, got, want)
		}
		if d.Decrypt(iv, got); !bytes.Equal(got, plain) {
			t.Fatalf("key %x: decrypts to %x, not %x", key, got, plain)
		}
		got2 := bytes.Clone(plain2)
		if c.EncryptTwo(iv, got, iv2, got2); !bytes.Equal(got, want) || !bytes.Equal(got2, want2) {
			t.Fatalf("key %x: two are %x and %x, not %x and %x", key, got, got2, want, want2)
		}
	}
}

func TestBad(t *testing.T) {
	for _, n := range []int{0, 7, 16, 25} {
		if _, err := NewEncrypter(make([]byte, n)); err == nil {
			t.Errorf("a key of %d octets", n)
		}
		if _, err := NewDecrypter(make([]byte, n)); err == nil {
			t.Errorf("a key of %d octets", n)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("half a block passes")
		}
	}()
	c, _ := keys(t, make([]byte, 8))
	c.Encrypt(make([]byte, 8), make([]byte, 12))
}

// BenchmarkCBC is a packet of 1,400 octets, beside the standard library.
func BenchmarkCBC(b *testing.B) {
	for _, n := range []int{8, 24} {
		name := map[int]string{8: "des", 24: "3des"}[n]
		key, iv, p, q := bytes.Repeat([]byte{0x5a, 1, 2}, 8)[:n], make([]byte, 8), make([]byte, 1400), make([]byte, 1400)
		c, d := keys(b, key)
		enc, dec := cipher.NewCBCEncrypter(standard(b, key), iv), cipher.NewCBCDecrypter(standard(b, key), iv)
		for _, f := range []struct {
			name string
			size int
			do   func()
		}{
			{"encrypt/standard", 1400, func() { enc.CryptBlocks(p, p) }}, {"encrypt", 1400, func() { c.Encrypt(iv, p) }},
			{"encrypt/two", 2800, func() { c.EncryptTwo(iv, p, iv, q) }},
			{"decrypt/standard", 1400, func() { dec.CryptBlocks(p, p) }}, {"decrypt", 1400, func() { d.Decrypt(iv, p) }},
		} {
			b.Run(name+"/"+f.name, func(b *testing.B) {
				b.SetBytes(int64(f.size))
				for b.Loop() {
					f.do()
				}
			})
		}
	}
}
