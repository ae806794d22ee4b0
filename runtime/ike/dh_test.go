package ike

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestPublic compares public values with those of the exponentiation for any base.
func TestPublic(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	for name, g := range dhGroups {
		keys := [][]byte{make([]byte, g.bits/8), bytes.Repeat([]byte{0xff}, g.bits/8)}
		for range 20 {
			b := make([]byte, g.bits/8)
			if _, err := r.Read(b); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, b)
		}
		for _, k := range keys {
			want := new(big.Int).Exp(two, new(big.Int).SetBytes(k), g.prime).FillBytes(make([]byte, g.size))
			if got := g.public(k); !bytes.Equal(got, want) {
				t.Errorf("group %d, %x: %x, want %x", name, k, got, want)
			}
		}
	}
}

// BenchmarkDH is what both halves of an exchange cost one side.
func BenchmarkDH(b *testing.B) {
	m := &Machine{o: Options{Rand: rand.NewChaCha8([32]byte{2})}}
	peer := m.newDHKey(2).public
	b.Run("public", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.newDHKey(2)
		}
	})
	b.Run("secret", func(b *testing.B) {
		b.ReportAllocs()
		k := m.newDHKey(2)
		for b.Loop() {
			if _, err := k.secret(peer); err != nil {
				b.Fatal(err)
			}
		}
	})
}
