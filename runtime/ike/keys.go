package ike

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// phase1Keys are SKEYID and what follows from it (RFC 2409 section 5).
type phase1Keys struct {
	skeyid, d, a []byte
	block        cipher.Block
}

// pskSkeyid is SKEYID of pre-shared keys.
func (s suite) pskSkeyid(psk, ni, nr []byte) []byte { return s.prf(psk, ni, nr) }

// deriveKeys makes the keys of phase 1 from SKEYID and the shared secret. key is that of block.
func (s suite) deriveKeys(skeyid, gxy []byte, ci, cr cookie) (k phase1Keys, key []byte, err error) {
	k.skeyid = skeyid
	k.d = s.prf(skeyid, gxy, ci[:], cr[:], []byte{0})
	k.a = s.prf(skeyid, k.d, gxy, ci[:], cr[:], []byte{1})
	e := s.prf(skeyid, k.a, gxy, ci[:], cr[:], []byte{2})
	if n := s.keyBits / 8; len(e) < n { // appendix B: K1 = prf(e, 0), K2 = prf(e, K1), ...
		out, last := []byte(nil), []byte{0}
		for len(out) < n {
			last = s.prf(e, last)
			out = append(out, last...)
		}
		e = out[:n]
	} else {
		e = e[:n]
	}
	k.block, err = s.block(e)
	return k, e, err
}

// phase1IV is the IV of the first encrypted message of phase 1.
func (s suite) phase1IV(gxi, gxr []byte, block cipher.Block) []byte {
	return s.sum(gxi, gxr)[:block.BlockSize()]
}

// phase2IV is the IV of the first message of an exchange of phase 2.
func (s suite) phase2IV(last []byte, id uint32, block cipher.Block) []byte {
	return s.sum(last, binary.BigEndian.AppendUint32(nil, id))[:block.BlockSize()]
}

// keymat is n bytes of key for one security association (RFC 2409 5.5).
func (s suite) keymat(d, gqm []byte, proto uint8, spi uint32, ni, nr []byte, n int) []byte {
	tail := binary.BigEndian.AppendUint32([]byte{proto}, spi)
	var out, last []byte
	for len(out) < n {
		last = s.prf(d, last, gqm, tail, ni, nr)
		out = append(out, last...)
	}
	return out[:n]
}

var errCipher = errors.New("encrypted part is no multiple of the block size")

// encrypt pads and encrypts what follows the header of msg, writes the length, and returns the message with the next IV.
func encrypt(block cipher.Block, iv, msg []byte) (sealed, next []byte) {
	n := block.BlockSize()
	for (len(msg)-headerSize)%n != 0 {
		msg = append(msg, 0)
	}
	binary.BigEndian.PutUint32(msg[24:], uint32(len(msg)))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(msg[headerSize:], msg[headerSize:])
	return msg, append([]byte(nil), msg[len(msg)-n:]...)
}

// decrypt opens the part of a message after the header, which stays as it is.
func decrypt(block cipher.Block, iv, body []byte) (plain, next []byte, err error) {
	n := block.BlockSize()
	if len(body) == 0 || len(body)%n != 0 {
		return nil, nil, errCipher
	}
	plain = make([]byte, len(body))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, body)
	return plain, append([]byte(nil), body[len(body)-n:]...), nil
}

// equal compares without telling by its time where the difference is.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
