package ike

import (
	"errors"
	"math/big"
)

// group is one Diffie-Hellman group (RFC 2409 6.1, 6.2; RFC 3526 2).
type dhGroup struct {
	prime *big.Int
	size  int // bytes of a public value
	bits  int // of a private key of ours
}

// Private keys are short: the primes are safe primes, so that twice as many bits as the group is worth are enough (RFC 3526 8),
// and a secret costs a sixth of what it would with a full exponent.
var dhGroups = map[int]*dhGroup{
	1: newDHGroup(192, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"+
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF"),
	2: newDHGroup(192, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
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
	return &dhGroup{prime: p, size: len(prime) / 2, bits: bits}
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
	k := &dhKey{group: g, private: new(big.Int).SetBytes(b)}
	k.public = new(big.Int).Exp(two, k.private, g.prime).FillBytes(make([]byte, g.size))
	return k
}

var two = big.NewInt(2)

// secret is g^xy, as long as the prime. Values that would give it away (0, 1, p-1) and those out of range are refused.
func (k *dhKey) secret(peer []byte) ([]byte, error) {
	if len(peer) > k.group.size {
		return nil, errPublic
	}
	y := new(big.Int).SetBytes(peer)
	if y.Cmp(two) < 0 || new(big.Int).Add(y, two).Cmp(k.group.prime) > 0 {
		return nil, errPublic
	}
	return y.Exp(y, k.private, k.group.prime).FillBytes(make([]byte, k.group.size)), nil
}
