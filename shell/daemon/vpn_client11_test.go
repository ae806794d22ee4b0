package daemon

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"math/big"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"pixfw/runtime/kernel"
)

// TestVPNClient11 lets a VPN Client 1.1 log in: main mode with the wildcard key, asked for its user at its first quick mode, its
// address pushed (commands-vpn-aaa-show.md 2.4, 2.6, 2.7). Nothing of it is the firewall's own: keys and packets are made here.
func TestVPNClient11(t *testing.T) {
	l := newVPNLab(t, nil)
	l.must(nil, "aaa.sh", "start")
	l.echo("in", "10.89.129.131:7")
	l.echo("in", "10.89.129.150:7")
	c := &client11{l: l, conn: l.udp("out", "192.168.1.2:500")}
	c.mainMode([]byte("cisco123"))
	c.begin() // held: the box wants to know who it is
	c.login("cisco_customer", "cisco")
	c.begin()
	c.end()
	l.says("109005: Authentication succeeded for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH")
	if p := l.d.engine.SAPairs(); len(p) != 1 || p[0].Client.String() != "10.89.129.200" || p[0].User != "cisco_customer" ||
		p[0].LocalID.Addr.String() != "10.89.129.128" || p[0].LocalID.Mask.String() != "255.255.255.128" {
		t.Errorf("%+v", p)
	}
	c.openESP()
	for n := range byte(10) {
		c.ping([4]byte{10, 89, 129, 131}, n)
	}
	// One that the exemption does not name does not answer.
	c.sendESP(c.udp([4]byte{10, 89, 129, 150}))
	l.says("305005: No translation group found for udp src outside:10.89.129.200/4000 dst inside:10.89.129.150/7")
	c.leave()
	l.nobody()
}

// client11 is a VPN Client 1.1: DES, MD5, group 1, and ESP as it is.
type client11 struct {
	l                 *vpnLab
	conn              net.PacketConn
	ci, cr            []byte
	skeyid, d, a      []byte
	block             cipher.Block
	iv                []byte            // last block of phase 1
	ivs               map[uint32][]byte // by message ID
	id                uint32            // of the quick mode
	ni, nr            []byte
	spiIn, spiOut     []byte
	addr              []byte
	esp               int // socket
	seq               uint32
	inKey, outKey     []byte
	inBlock, outBlock cipher.Block
}

func prf(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func (c *client11) random(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		c.l.t.Fatal(err)
	}
	return b
}

// body11 is a payload.
type body11 struct {
	kind byte
	data []byte
}

func chain(list ...body11) (out []byte) {
	for i, p := range list {
		next := byte(0)
		if i+1 < len(list) {
			next = list[i+1].kind
		}
		out = append(out, next, 0, byte((len(p.data)+4)>>8), byte(len(p.data)+4))
		out = append(out, p.data...)
	}
	return out
}

// send sends a message; iv nil: in clear. It returns the last block.
func (c *client11) send(exchange byte, id uint32, iv []byte, list ...body11) []byte {
	c.l.t.Helper()
	body, flags := chain(list...), byte(0)
	if iv != nil {
		flags = 1
		body = append(body, make([]byte, (8-len(body)%8)%8)...)
		cipher.NewCBCEncrypter(c.block, iv).CryptBlocks(body, body)
		iv = body[len(body)-8:]
	}
	msg := append(append([]byte{}, c.ci...), c.cr...)
	msg = append(msg, list[0].kind, 0x10, exchange, flags)
	msg = binary.BigEndian.AppendUint32(msg, id)
	msg = binary.BigEndian.AppendUint32(msg, uint32(28+len(body)))
	if _, err := c.conn.WriteTo(append(msg, body...), &net.UDPAddr{IP: net.IPv4(192, 168, 1, 1), Port: 500}); err != nil {
		c.l.t.Fatal(err)
	}
	return iv
}

// receive waits for a message of an exchange.
func (c *client11) receive(exchange byte) (id uint32, list []body11, plain []byte) {
	c.l.t.Helper()
	b := make([]byte, 3000)
	n, _, err := c.conn.ReadFrom(b)
	if err != nil || n < 28 || b[18] != exchange {
		c.l.t.Fatalf("exchange %d expected: %v, %x", exchange, err, b[:n])
	}
	id = binary.BigEndian.Uint32(b[20:])
	c.cr = bytes.Clone(b[8:16])
	plain = bytes.Clone(b[28:n])
	if b[19]&1 != 0 {
		iv := c.iv
		if id != 0 {
			iv = c.ivOf(id)
		}
		last := bytes.Clone(plain[len(plain)-8:])
		cipher.NewCBCDecrypter(c.block, iv).CryptBlocks(plain, plain)
		if id != 0 {
			c.ivs[id] = last
		} else {
			c.iv = last
		}
	}
	at := 0
	for kind := b[16]; kind != 0; {
		size := int(binary.BigEndian.Uint16(plain[at+2:]))
		list = append(list, body11{kind, plain[at+4 : at+size]})
		kind, at = plain[at], at+size
	}
	return id, list, plain[:at]
}

func (c *client11) ivOf(id uint32) []byte {
	if c.ivs[id] == nil {
		sum := md5.Sum(binary.BigEndian.AppendUint32(bytes.Clone(c.iv), id))
		c.ivs[id] = sum[:8]
	}
	return c.ivs[id]
}

func (c *client11) find(list []body11, kind byte) []byte {
	c.l.t.Helper()
	for _, p := range list {
		if p.kind == kind {
			return p.data
		}
	}
	c.l.t.Fatalf("no payload %d", kind)
	return nil
}

// hashed sends a message of phase 2 behind its hash.
func (c *client11) hashed(exchange byte, id uint32, between []byte, list ...body11) {
	c.l.t.Helper()
	mid := binary.BigEndian.AppendUint32(nil, id)
	hash := body11{8, prf(c.a, mid, between, chain(list...))}
	c.ivs[id] = c.send(exchange, id, c.ivOf(id), append([]body11{hash}, list...)...)
}

// checked takes the hash off a message of phase 2.
func (c *client11) checked(id uint32, list []body11, plain, between []byte) []body11 {
	c.l.t.Helper()
	if list[0].kind != 8 || !bytes.Equal(list[0].data, prf(c.a, binary.BigEndian.AppendUint32(nil, id), between, plain[4+len(list[0].data):])) {
		c.l.t.Fatalf("the hash of message %x is wrong", id)
	}
	return list[1:]
}

func (c *client11) mainMode(psk []byte) {
	c.ci, c.cr, c.ivs = c.random(8), make([]byte, 8), map[uint32][]byte{}
	prime, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF", 16)
	sa := []byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 32, 1, 1, 0, 1, 0, 0, 0, 24, 1, 1, 0, 0, 0x80, 1, 0, 1, 0x80, 2, 0, 1, 0x80, 3, 0, 1, 0x80, 4, 0, 1}
	c.send(2, 0, nil, body11{1, sa})
	_, list, _ := c.receive(2)
	if got := c.find(list, 1); !bytes.Equal(got, sa) {
		c.l.t.Fatalf("the box has chosen %x", got)
	}
	x := new(big.Int).SetBytes(c.random(40))
	gxi := new(big.Int).Exp(big.NewInt(2), x, prime).FillBytes(make([]byte, 96))
	c.ni = c.random(20)
	c.send(2, 0, nil, body11{4, gxi}, body11{10, c.ni}, body11{13, c.random(16)}, body11{13, c.random(16)})
	_, list, _ = c.receive(2)
	gxr, nr := c.find(list, 4), c.find(list, 10)
	gxy := new(big.Int).Exp(new(big.Int).SetBytes(gxr), x, prime).FillBytes(make([]byte, 96))
	c.skeyid = prf(psk, c.ni, nr)
	c.d = prf(c.skeyid, gxy, c.ci, c.cr, []byte{0})
	c.a = prf(c.skeyid, c.d, gxy, c.ci, c.cr, []byte{1})
	e := prf(c.skeyid, c.a, gxy, c.ci, c.cr, []byte{2})
	var err error
	if c.block, err = des.NewCipher(e[:8]); err != nil {
		c.l.t.Fatal(err)
	}
	sum := md5.Sum(append(bytes.Clone(gxi), gxr...))
	idi := []byte{1, 17, 1, 0xf4, 192, 168, 1, 2}
	contact := append([]byte{0, 0, 0, 1, 1, 16, 0x60, 2}, append(bytes.Clone(c.ci), c.cr...)...)
	c.iv = c.send(2, 0, sum[:8], body11{5, idi}, body11{8, prf(c.skeyid, gxi, gxr, c.ci, c.cr, sa, idi)}, body11{11, contact})
	_, list, _ = c.receive(2)
	if idr := c.find(list, 5); !bytes.Equal(c.find(list, 8), prf(c.skeyid, gxr, gxi, c.cr, c.ci, sa, idr)) || !bytes.Equal(idr[4:], []byte{192, 168, 1, 1}) {
		c.l.t.Fatal("the box has not the key")
	}
}

// begin sends message 1 of quick mode, for the network that the user has typed in.
func (c *client11) begin() {
	c.id = binary.BigEndian.Uint32(c.random(4)) | 1
	c.ni, c.spiIn = c.random(20), append([]byte{1}, c.random(3)...)
	own := c.addr
	if own == nil {
		own = []byte{192, 168, 1, 2}
	}
	sa := append([]byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 28, 1, 3, 4, 1}, c.spiIn...)
	sa = append(sa, 0, 0, 0, 16, 1, 2, 0, 0, 0x80, 5, 0, 1, 0x80, 4, 0, 1) // DES, MD5, tunnel
	c.hashed(32, c.id, nil, body11{1, sa}, body11{10, c.ni}, body11{5, append([]byte{1, 0, 0, 0}, own...)},
		body11{5, []byte{4, 0, 0, 0, 10, 89, 129, 128, 255, 255, 255, 128}})
}

// login answers what the box asks, and takes the address that it gives.
func (c *client11) login(user, password string) {
	attr := func(kind uint16, v string) []byte {
		return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, kind), uint16(len(v))), v...)
	}
	id, list, plain := c.receive(6)
	cfg := c.find(c.checked(id, list, plain, nil), 14)
	if cfg[0] != 1 || !bytes.Contains(cfg, attr(16521, "")) || !bytes.Contains(cfg, attr(16522, "")) {
		c.l.t.Fatalf("no request: %x", cfg)
	}
	reply := append([]byte{2, 0, cfg[2], cfg[3], 0xc0, 0x88, 0, 0}, append(attr(16521, user), attr(16522, password)...)...)
	c.hashed(6, id, nil, body11{14, reply})
	asked := id
	id, list, plain = c.receive(6)
	cfg = c.find(c.checked(id, list, plain, nil), 14)
	if id != asked || !bytes.Equal(cfg[4:], []byte{0xc0, 0x8f, 0, 1}) || cfg[0] != 3 {
		c.l.t.Fatalf("no good news: %x", cfg)
	}
	c.hashed(6, id, nil, body11{14, []byte{4, 0, cfg[2], cfg[3], 0xc0, 0x8f, 0, 0}})
	id, list, plain = c.receive(6)
	cfg = c.find(c.checked(id, list, plain, nil), 14)
	if id == asked || cfg[0] != 3 || !bytes.Equal(cfg[4:8], []byte{0, 1, 0, 4}) {
		c.l.t.Fatalf("no address: %x", cfg)
	}
	c.addr = bytes.Clone(cfg[8:12])
	c.hashed(6, id, nil, body11{14, append([]byte{4, 0, cfg[2], cfg[3]}, attr(1, "")...)})
}

// end is the rest of quick mode, and the keys of both directions.
func (c *client11) end() {
	id, list, plain := c.receive(32)
	if id != c.id {
		c.l.t.Fatalf("message of %x, not of %x", id, c.id)
	}
	list = c.checked(id, list, plain, c.ni)
	c.nr = c.find(list, 10)
	sa := c.find(list, 1)
	c.spiOut = sa[16:20]
	mid := binary.BigEndian.AppendUint32(nil, id)
	c.ivs[id] = c.send(32, id, c.ivOf(id), body11{8, prf(c.a, []byte{0}, mid, c.ni, c.nr)})
	keys := func(spi []byte) (cipher.Block, []byte) {
		k := prf(c.d, []byte{3}, spi, c.ni, c.nr)
		k = append(k, prf(c.d, k, []byte{3}, spi, c.ni, c.nr)...)
		block, err := des.NewCipher(k[:8])
		if err != nil {
			c.l.t.Fatal(err)
		}
		return block, k[8:24]
	}
	c.inBlock, c.inKey = keys(c.spiIn)
	c.outBlock, c.outKey = keys(c.spiOut)
	c.l.await("the pair", func() bool { return len(c.l.d.engine.SAPairs()) == 1 })
}

func (c *client11) openESP() {
	c.l.t.Helper()
	if err := kernel.Within(netns(c.l.prefix+"-out"), func() (err error) {
		if c.esp, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ESP); err != nil {
			return err
		}
		return unix.Bind(c.esp, &unix.SockaddrInet4{Addr: [4]byte{192, 168, 1, 2}})
	}); err != nil {
		c.l.t.Fatal(err)
	}
	c.l.t.Cleanup(func() { unix.Close(c.esp) })
	if err := unix.SetsockoptTimeval(c.esp, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		c.l.t.Fatal(err)
	}
}

func (c *client11) sendESP(inner []byte) {
	c.l.t.Helper()
	pad := (8 - (len(inner)+2)%8) % 8
	for i := range pad {
		inner = append(inner, byte(i+1))
	}
	inner = append(inner, byte(pad), 4)
	iv := c.random(8)
	cipher.NewCBCEncrypter(c.outBlock, iv).CryptBlocks(inner, inner)
	c.seq++
	b := binary.BigEndian.AppendUint32(bytes.Clone(c.spiOut), c.seq)
	b = append(append(b, iv...), inner...)
	b = append(b, prf(c.outKey, b)[:12]...)
	if err := unix.Sendto(c.esp, b, 0, &unix.SockaddrInet4{Addr: [4]byte{192, 168, 1, 1}}); err != nil {
		c.l.t.Fatal(err)
	}
}

func (c *client11) receiveESP() []byte {
	c.l.t.Helper()
	b := make([]byte, 2000)
	n, _, err := unix.Recvfrom(c.esp, b, 0)
	if err != nil {
		c.l.t.Fatal("no answer through the tunnel: ", err)
	}
	b = b[20:n]
	if !bytes.Equal(b[:4], c.spiIn) || !bytes.Equal(b[len(b)-12:], prf(c.inKey, b[:len(b)-12])[:12]) {
		c.l.t.Fatalf("not a packet of the tunnel: %x", b)
	}
	inner := b[16 : len(b)-12]
	cipher.NewCBCDecrypter(c.inBlock, b[8:16]).CryptBlocks(inner, inner)
	return inner
}

// ip is the header of a packet of the client.
func (c *client11) ip(proto byte, dst [4]byte, payload []byte) []byte {
	b := make([]byte, 20)
	b[0], b[3], b[8], b[9] = 0x45, byte(20+len(payload)), 64, proto
	copy(b[12:], c.addr)
	copy(b[16:], dst[:])
	binary.BigEndian.PutUint16(b[10:], sum16(b))
	return append(b, payload...)
}

func sum16(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

func (c *client11) ping(dst [4]byte, n byte) {
	c.l.t.Helper()
	echo := []byte{8, 0, 0, 0, 0, 7, 0, n, 'h', 'e', 'l', 'l', 'o', ' ', 'y', 'o'}
	binary.BigEndian.PutUint16(echo[2:], sum16(echo))
	c.sendESP(c.ip(1, dst, echo))
	got := c.receiveESP()
	if got[9] != 1 || !bytes.Equal(got[12:16], dst[:]) || !bytes.Equal(got[16:20], c.addr) || got[20] != 0 || got[27] != n {
		c.l.t.Errorf("not the answer: %x", got)
	}
}

func (c *client11) udp(dst [4]byte) []byte {
	return c.ip(17, dst, []byte{0x0f, 0xa0, 0, 7, 0, 12, 0, 0, 'h', 'e', 'y', '!'})
}

// leave ends the IKE SA.
func (c *client11) leave() {
	body := append([]byte{0, 0, 0, 1, 1, 16, 0, 1}, append(bytes.Clone(c.ci), c.cr...)...)
	c.hashed(5, binary.BigEndian.Uint32(c.random(4))|1, nil, body11{12, body})
}
