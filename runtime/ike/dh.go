package ike

import (
	"errors"
	"math/big"
	"sync"
)

// group is one Diffie-Hellman group (RFC 2409 6.1, 6.2; RFC 3526 2).
type dhGroup struct {
	prime  *big.Int
	size   int               // bytes of a public value
	bits   int               // of a private key of ours
	powers func() []big.Word // 2^(d*256^i) for each byte d at place i of a private key, counted from its end
}

// Private keys are short: the primes are safe primes, so that twice as many bits as the group is worth are enough (RFC 3526 8), and a
// secret costs a sixth of what it would with a full exponent. 1,024 bits are worth 80, 1,536 less than 120 (NIST SP 800-57 part 1,
// table 2; RFC 3526 8).
var dhGroups = map[int]*dhGroup{
	1: newDHGroup(160, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"+
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF"),
	2: newDHGroup(160, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"+
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"),
	5: newDHGroup(256, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"+
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"+
		"98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"+
		"9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF"),
}

func newDHGroup(bits int, prime string) *dhGroup {
	p, _ := new(big.Int).SetString(prime, 16)
	g := &dhGroup{prime: p, size: len(prime) / 2, bits: bits}
	g.powers = sync.OnceValue(g.table)
	return g
}

// words is how long the numbers of a group are.
func (g *dhGroup) words() int { return len(g.prime.Bits()) }

// table computes powers: 640 kB for group 2, in some milliseconds. It is one block, so that the garbage collector has nothing to look at.
func (g *dhGroup) table() []big.Word {
	n := g.words()
	out := make([]big.Word, g.bits/8*256*n)
	next := big.NewInt(2) // 2^(256^i)
	for i := range g.bits / 8 {
		at := next
		next = big.NewInt(1)
		for d := range 256 {
			copy(out[(i*256+d)*n:], next.Bits())
			next.Rem(next.Mul(next, at), g.prime)
		}
	}
	return out
}

// public is 2^private, of a private key of bits/8 bytes. As the base is always the same, it costs one multiplication a byte.
func (g *dhGroup) public(private []byte) []byte {
	powers, n, x := g.powers(), g.words(), big.NewInt(1)
	var power, product, quotient big.Int
	for i, d := range private {
		at := ((len(private)-1-i)*256 + int(d)) * n
		power.SetBits(powers[at : at+n : at+n]) // it is only read
		quotient.QuoRem(product.Mul(x, &power), g.prime, x)
	}
	return x.FillBytes(make([]byte, g.size))
}

var errPublic = errors.New("public value is not one of the group")

// dhKey is a private key with its public value.
type dhKey struct {
	group   *dhGroup
	private *big.Int
	public  []byte
}

// newDHKey draws a key of a group that the caller knows to exist.
func (m *Machine) newDHKey(group int) *dhKey {
	g := dhGroups[group]
	m.secrets++
	b := make([]byte, g.bits/8)
	m.random(b)
	b[0] |= 0x80 // of full length, so that all take the same time
	return &dhKey{group: g, private: new(big.Int).SetBytes(b), public: g.public(b)}
}

var two = big.NewInt(2)

// value is the public value of a peer. Values that would give the secret away (0, 1, p-1) and those out of range are refused.
func (g *dhGroup) value(peer []byte) (*big.Int, error) {
	if len(peer) > g.size {
		return nil, errPublic
	}
	y := new(big.Int).SetBytes(peer)
	if y.Cmp(two) < 0 || new(big.Int).Add(y, two).Cmp(g.prime) > 0 {
		return nil, errPublic
	}
	return y, nil
}

// secret is g^xy, as long as the prime.
func (k *dhKey) secret(peer []byte) ([]byte, error) {
	y, err := k.group.value(peer)
	if err != nil {
		return nil, err
	}
	return y.Exp(y, k.private, k.group.prime).FillBytes(make([]byte, k.group.size)), nil
}
