package esp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"net/netip"
	"strings"
	"testing"

	"pixfw/runtime"
)

// What follows is ESP once more, written down straight from RFC 2406 with everything made anew for each packet: what the package
// does is compared with it.

func naiveBlock(t testing.TB, name string, key []byte) cipher.Block {
	var b cipher.Block
	var err error
	switch {
	case name == "esp-null" || name == "":
		return nil
	case name == "esp-des":
		b, err = des.NewCipher(key)
	case name == "esp-3des":
		b, err = des.NewTripleDESCipher(key)
	default:
		b, err = aes.NewCipher(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func naiveMAC(name string, key, data []byte) []byte {
	var h func() hash.Hash
	switch {
	case name == "":
		return nil
	case strings.Contains(name, "md5"):
		h = md5.New
	default:
		h = sha1.New
	}
	m := hmac.New(h, key)
	m.Write(data)
	return m.Sum(nil)[:12]
}

// naiveSeal is the ESP of a payload.
func naiveSeal(t testing.TB, k *runtime.SAKeys, seq uint32, next byte, iv, payload []byte) []byte {
	text := bytes.Clone(payload)
	align := 4
	block := naiveBlock(t, k.Cipher, k.CipherKey)
	if block != nil {
		align = block.BlockSize()
	}
	n := byte(0)
	for (len(text)+2)%align != 0 {
		n++
		text = append(text, n)
	}
	text = append(text, n, next)
	out := binary.BigEndian.AppendUint32(nil, k.SPI)
	out = binary.BigEndian.AppendUint32(out, seq)
	if block != nil {
		out = append(out, iv[:align]...)
		cipher.NewCBCEncrypter(block, iv[:align]).CryptBlocks(text, text)
	}
	out = append(out, text...)
	return append(out, naiveMAC(k.Auth, k.AuthKey, out)...)
}

// naiveOpen is what is inside.
func naiveOpen(t testing.TB, k *runtime.SAKeys, b []byte) (payload []byte, next byte, seq uint32) {
	if k.Auth != "" {
		if !bytes.Equal(naiveMAC(k.Auth, k.AuthKey, b[:len(b)-12]), b[len(b)-12:]) {
			t.Fatal("wrong ICV")
		}
		b = b[:len(b)-12]
	}
	text := bytes.Clone(b[8:])
	if block := naiveBlock(t, k.Cipher, k.CipherKey); block != nil {
		n := block.BlockSize()
		iv := text[:n]
		text = text[n:]
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	}
	pad := int(text[len(text)-2])
	for i := range pad {
		if text[len(text)-2-pad+i] != byte(i+1) {
			t.Fatalf("padding %x", text)
		}
	}
	if got := binary.BigEndian.Uint32(b); got != k.SPI {
		t.Fatalf("SPI %x", got)
	}
	return text[:len(text)-2-pad], text[len(text)-1], binary.BigEndian.Uint32(b[4:])
}

// keys are keys for transforms, different for each SPI.
func keys(spi uint32, name, auth string) runtime.SAKeys {
	k := runtime.SAKeys{SPI: spi, Cipher: name, Auth: auth}
	fill := func(n int, salt byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(spi) + salt + byte(i*i*7+i)
		}
		return b
	}
	k.CipherKey = fill(cipherKinds[name].key, 1)
	if kind, ok := espMACs[auth]; ok {
		k.AuthKey = fill(kind.key, 2)
	} else if kind, ok := ahMACs[auth]; ok {
		k.AuthKey = fill(kind.key, 3)
	}
	return k
}

var (
	own   = netip.MustParseAddr("192.168.1.1")
	other = netip.MustParseAddr("192.168.1.2")
	ones  = netip.MustParseAddr("255.255.255.255")
)

func proxy(net string) runtime.ProxyID {
	p := netip.MustParsePrefix(net)
	mask := ^uint32(0) << (32 - p.Bits())
	return runtime.ProxyID{Addr: p.Addr(), Mask: netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)})}
}

// tunnel is a pair, and the same as the peer has it.
func tunnel(id uint64, name, auth, ah string, mode runtime.SAMode, encap bool) (here, there runtime.SAPair) {
	here = runtime.SAPair{ID: id, Mode: mode, Local: own, Peer: other, LocalID: proxy("10.1.0.0/16"), RemoteID: proxy("10.2.0.0/16"), Encap: encap}
	if mode == runtime.Transport {
		here.LocalID, here.RemoteID = runtime.ProxyID{Addr: own, Mask: ones}, runtime.ProxyID{Addr: other, Mask: ones}
	}
	if encap {
		here.LocalPort, here.PeerPort = 4500, 4500
	}
	spi := uint32(0x1000 + id*16)
	if name != "" {
		here.In, here.Out = keys(spi, name, auth), keys(spi+1, name, auth)
	}
	if ah != "" {
		here.InAH, here.OutAH = keys(spi+2, "", ah), keys(spi+3, "", ah)
	}
	there = here
	there.Local, there.Peer, there.LocalID, there.RemoteID = here.Peer, here.Local, here.RemoteID, here.LocalID
	there.In, there.Out, there.InAH, there.OutAH = here.Out, here.In, here.OutAH, here.InAH
	return here, there
}

// packet is an IPv4 packet of that many octets.
func packet(src, dst string, proto uint8, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * 13)
	}
	putIP(b, size, 0x10, proto, 77, 0, netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4())
	if size >= 28 && proto == 17 {
		binary.BigEndian.PutUint16(b[24:], uint16(size-20))
		b[26], b[27] = 1, 1
		sumTransport(b)
	}
	return b
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}
