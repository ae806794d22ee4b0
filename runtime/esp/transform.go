package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"fmt"
	"hash"
	"io"
	"sync"

	"pixfw/runtime"
	"pixfw/runtime/esp/des"
)

// icvLen is how much of a MAC is sent: 96 bits (RFC 2403, RFC 2404).
const icvLen = 12

// A cipherKind is a transform that encrypts: DES if it has no function.
type cipherKind struct {
	key, block int
	new        func(key []byte) (cipher.Block, error)
}

var cipherKinds = map[string]cipherKind{
	"esp-des":     {8, des.BlockSize, nil},
	"esp-3des":    {24, des.BlockSize, nil},
	"esp-aes":     {16, aes.BlockSize, aes.NewCipher},
	"esp-aes-192": {24, aes.BlockSize, aes.NewCipher},
	"esp-aes-256": {32, aes.BlockSize, aes.NewCipher},
	"esp-null":    {},
}

// A macKind is a transform that authenticates.
type macKind struct {
	key int
	new func() hash.Hash
}

var (
	espMACs = map[string]macKind{"esp-md5-hmac": {md5.Size, md5.New}, "esp-sha-hmac": {sha1.Size, sha1.New}}
	ahMACs  = map[string]macKind{"ah-md5-hmac": {md5.Size, md5.New}, "ah-sha-hmac": {sha1.Size, sha1.New}}
)

// cbc is a mode whose state serves for many packets.
type cbc interface {
	cipher.BlockMode
	SetIV([]byte)
}

// A state is what one goroutine needs to work with an association. Cipher mode, MAC and their buffers are kept between packets, so
// that a packet costs no allocation.
type state struct {
	mode   cbc // nil: DES, or no encryption
	mac    hash.Hash
	sum    [sha1.Size]byte
	zero   [40]byte // mutable fields and options of a header, and the ICV, as they count for AH
	random []byte   // for IVs
	left   int
	rand   io.Reader
}

// iv fills b with octets that nobody can foretell.
func (st *state) iv(b []byte) error {
	if st.left < len(b) {
		if _, err := io.ReadFull(st.rand, st.random); err != nil {
			return fmt.Errorf("IV: %w", err)
		}
		st.left = len(st.random)
	}
	at := len(st.random) - st.left
	st.left -= copy(b, st.random[at:])
	return nil
}

// icv is the first 96 bits of the MAC over b.
func (st *state) icv(b []byte) []byte {
	st.mac.Reset()
	st.mac.Write(b) // never fails: hash.Hash
	return st.mac.Sum(st.sum[:0])[:icvLen]
}

// A half is one direction of one protocol of a pair. Any number of goroutines may work with it at a time: each takes a state.
type half struct {
	spi     uint32
	ah, out bool
	block   int // of the cipher; 0: esp-null
	auth    bool
	des     *des.Encrypter // of DES and triple DES, on the way out
	undes   *des.Decrypter // the same on the way in
	newMode func() cbc     // of other ciphers
	newMAC  func() hash.Hash
	rand    io.Reader

	mu   sync.Mutex
	free []*state

	send   sequence
	window window
}

// newHalf checks the names of the transforms and the lengths of the keys.
func newHalf(k *runtime.SAKeys, ah, out bool, rand io.Reader) (*half, error) {
	h := &half{spi: k.SPI, ah: ah, out: out, rand: rand}
	if k.SPI < 256 {
		return nil, fmt.Errorf("SPI %d is reserved", k.SPI)
	}
	macs := espMACs
	if ah {
		macs = ahMACs
	} else {
		kind, ok := cipherKinds[k.Cipher]
		if !ok && k.Cipher != "" {
			return nil, fmt.Errorf("unknown cipher %q", k.Cipher)
		}
		if len(k.CipherKey) != kind.key {
			return nil, fmt.Errorf("%s: key of %d octets, not %d", k.Cipher, len(k.CipherKey), kind.key)
		}
		h.block = kind.block
		if h.block > 0 && kind.new == nil {
			var err error
			if out {
				h.des, err = des.NewEncrypter(k.CipherKey)
			} else {
				h.undes, err = des.NewDecrypter(k.CipherKey)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k.Cipher, err)
			}
		}
		if kind.new != nil {
			block, err := kind.new(k.CipherKey)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k.Cipher, err)
			}
			make := cipher.NewCBCDecrypter
			if out {
				make = cipher.NewCBCEncrypter
			}
			iv := [16]byte{}
			h.newMode = func() cbc { return make(block, iv[:kind.block]).(cbc) }
			if _, ok := make(block, iv[:kind.block]).(cbc); !ok {
				return nil, fmt.Errorf("%s: this CBC mode takes no new IV", k.Cipher)
			}
		}
	}
	if k.Auth != "" {
		kind, ok := macs[k.Auth]
		if !ok {
			return nil, fmt.Errorf("unknown authentication %q", k.Auth)
		}
		if len(k.AuthKey) != kind.key {
			return nil, fmt.Errorf("%s: key of %d octets, not %d", k.Auth, len(k.AuthKey), kind.key)
		}
		key := append([]byte(nil), k.AuthKey...)
		h.auth, h.newMAC = true, func() hash.Hash { return hmac.New(kind.new, key) }
	}
	if !h.auth && (ah || h.block == 0) {
		return nil, fmt.Errorf("neither encryption nor authentication")
	}
	return h, nil
}

// take is a state that nobody else has.
func (h *half) take() *state {
	h.mu.Lock()
	if n := len(h.free); n > 0 {
		st := h.free[n-1]
		h.free = h.free[:n-1]
		h.mu.Unlock()
		return st
	}
	h.mu.Unlock()
	st := &state{rand: h.rand}
	if h.newMode != nil {
		st.mode = h.newMode()
	}
	if h.block > 0 && h.out {
		st.random = make([]byte, 32*h.block)
	}
	if h.newMAC != nil {
		st.mac = h.newMAC()
	}
	return st
}

// give returns a state. As many are kept as have ever been in use at once.
func (h *half) give(st *state) {
	h.mu.Lock()
	h.free = append(h.free, st)
	h.mu.Unlock()
}

// lead is how many octets ESP puts before its payload, or AH.
func (h *half) lead() int {
	if h.ah {
		return ahLen
	}
	return espHeader + h.block
}

// tail is how many octets ESP puts behind a payload of n octets: padding, its length, the next header, the ICV.
func (h *half) tail(n int) int {
	if h.ah {
		return 0
	}
	align := max(h.block, 4)
	t := 2 + (align-(n+2)%align)%align
	if h.auth {
		t += icvLen
	}
	return t
}

const (
	espHeader = 8
	ahLen     = 12 + icvLen
)
