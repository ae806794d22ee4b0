package esp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"pixfw/runtime"
)

// scapy is ESP and AH as others have written them, in a process of its own.
type scapy struct {
	to   io.Writer
	from *bufio.Scanner
}

// scapyPython is the interpreter that the Debian package python3-scapy is for.
const scapyPython = "/usr/bin/python3"

func newScapy(t *testing.T) *scapy {
	t.Helper()
	if out, err := exec.Command(scapyPython, "-c", "import scapy.layers.ipsec, cryptography").CombinedOutput(); err != nil {
		t.Skipf("scapy is not installed: %v %s", err, out)
	}
	c := exec.Command(scapyPython, "testdata/scapy_peer.py")
	c.Stderr = os.Stderr
	to, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := to.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	s := &scapy{to, bufio.NewScanner(from)}
	s.from.Buffer(nil, 1<<20)
	return s
}

type scapyKeys struct {
	SPI       uint32 `json:"spi"`
	Cipher    string `json:"cipher"`
	CipherKey string `json:"cipher_key"`
	MAC       string `json:"mac"`
	MACKey    string `json:"mac_key"`
}

type scapyQuestion struct {
	Do      string     `json:"do"`
	Src     string     `json:"src"`
	Dst     string     `json:"dst"`
	TOS     uint8      `json:"tos"`
	Tunnel  bool       `json:"tunnel"`
	UDP     bool       `json:"udp"`
	ESP     *scapyKeys `json:"esp"`
	AH      *scapyKeys `json:"ah"`
	Seq     uint32     `json:"seq"`
	Size    int        `json:"size"`
	Packets []string   `json:"packets"`
}

func keysForScapy(k *runtime.SAKeys) *scapyKeys {
	if k.SPI == 0 {
		return nil
	}
	return &scapyKeys{k.SPI, k.Cipher, hex.EncodeToString(k.CipherKey), k.Auth, hex.EncodeToString(k.AuthKey)}
}

// of is a question about the packets that the side of a pair sends, or receives.
func (q scapyQuestion) of(p *runtime.SAPair, sends bool) scapyQuestion {
	q.Tunnel, q.UDP, q.TOS = p.Mode == runtime.Tunnel, p.Encap, 0x10
	q.Src, q.Dst, q.ESP, q.AH = p.Local.String(), p.Peer.String(), keysForScapy(&p.Out), keysForScapy(&p.OutAH)
	if !sends {
		q.Src, q.Dst, q.ESP, q.AH = q.Dst, q.Src, keysForScapy(&p.In), keysForScapy(&p.InAH)
	}
	return q
}

func (s *scapy) ask(t *testing.T, q scapyQuestion, packets ...[]byte) [][]byte {
	t.Helper()
	out, err := s.try(q, packets...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *scapy) try(q scapyQuestion, packets ...[]byte) ([][]byte, error) {
	for _, p := range packets {
		q.Packets = append(q.Packets, hex.EncodeToString(p))
	}
	if err := json.NewEncoder(s.to).Encode(q); err != nil {
		return nil, err
	}
	if !s.from.Scan() {
		return nil, fmt.Errorf("scapy says nothing: %v", s.from.Err())
	}
	var r struct {
		Packets []string
		Error   string
	}
	if err := json.Unmarshal(s.from.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("%s: %w", s.from.Bytes(), err)
	}
	if r.Error != "" {
		return nil, fmt.Errorf("scapy: %s", r.Error)
	}
	var out [][]byte
	for _, p := range r.Packets {
		b, err := hex.DecodeString(p)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// receive has packets arrive at a box as they come from the wire, those in UDP at its socket.
func (b *box) receive(udp bool, packets ...[]byte) {
	for _, p := range packets {
		a := arrival{buf: roomy(p), at: headroom, size: len(p)}
		if udp {
			a = arrival{buf: roomy(p[28:]), at: headroom, size: len(p) - 28, udp: true, src: [4]byte(p[12:16]), dst: [4]byte(p[16:20])}
		}
		b.in.list = append(b.in.list, a)
	}
	b.in.flush()
}

// same compares packets but for what is known to be made anew: of a packet of transport mode out of UDP the header, but its
// addresses and protocol.
func same(got, want []byte, udp, tunnel bool) bool {
	if tunnel || !udp {
		return bytes.Equal(got, want)
	}
	return len(got) == len(want) && bytes.Equal(got[20:], want[20:]) && bytes.Equal(got[12:20], want[12:20]) && got[9] == want[9]
}

// TestScapy exchanges packets with scapy: every transform, with and without AH, in tunnel and transport mode, in IP and in UDP.
func TestScapy(t *testing.T) {
	s := newScapy(t)
	n := 0
	for _, name := range append(allCiphers, "") {
		for _, mac := range allMACs {
			for _, ah := range []string{"", "ah-md5-hmac", "ah-sha-hmac"} {
				for _, mode := range []runtime.SAMode{runtime.Tunnel, runtime.Transport} {
					for _, encap := range []bool{false, true} {
						if name == "" && (mac != "" || ah == "") || name == "esp-null" && mac == "" || encap && ah != "" {
							continue
						}
						n++
						t.Run(fmt.Sprint(name, mac, ah, mode, encap), func(t *testing.T) { s.exchange(t, name, mac, ah, mode, encap) })
					}
				}
			}
		}
	}
	t.Logf("%d combinations", n)
}

func (s *scapy) exchange(t *testing.T, name, mac, ah string, mode runtime.SAMode, encap bool) {
	b := newBox(t, rules{{"0.0.0.0/0", Static}})
	here, there := tunnel(1, name, mac, ah, mode, encap)
	b.install(here)
	src, dst := "10.1.0.1", "10.2.0.2"
	if mode == runtime.Transport {
		src, dst = own.String(), other.String()
	}
	var out, back [][]byte
	for _, size := range []int{28, 29, 30, 31, 57, 100, 576, 1000, 1400} {
		out, back = append(out, packet(src, dst, 17, size)), append(back, packet(dst, src, 17, size))
	}
	b.leave(out...)
	wire := b.wire.take(t, len(out))
	for i, got := range s.ask(t, scapyQuestion{Do: "open"}.of(&here, true), wire...) {
		if !same(got, out[i], false, mode == runtime.Tunnel) {
			t.Errorf("scapy opens %x to %x, want %x", wire[i], got, out[i])
		}
	}
	sealed := s.ask(t, scapyQuestion{Do: "protect", Seq: 1}.of(&there, true), back...)
	b.receive(encap, sealed...)
	if len(b.ev.refused) > 0 {
		t.Fatalf("%x: %+v", sealed[0], b.ev.refused)
	}
	for i, got := range b.dev.take(t, len(back)) {
		if !same(got, back[i], encap, mode == runtime.Tunnel) {
			t.Errorf("%x opens to %x, want %x", sealed[i], got, back[i])
		}
	}
	if mac == "" && ah == "" {
		return
	}
	// What is authentic is so for both: neither takes what has been changed, nor, here, what has come before.
	b.receive(encap, sealed...)
	b.dev.take(t, 0)
	bad := bytes.Clone(wire[3])
	bad[len(bad)-20] ^= 1
	if got, err := s.try(scapyQuestion{Do: "open"}.of(&here, true), bad); err == nil {
		t.Errorf("scapy takes what was changed: %x", got)
	}
	bad = s.ask(t, scapyQuestion{Do: "protect", Seq: 100}.of(&there, true), back[3])[0]
	bad[len(bad)-20] ^= 1
	b.receive(encap, bad)
	b.dev.take(t, 0)
	if r := b.ev.refused; len(r) != len(sealed)+1 || r[0].Why != Replayed || r[len(sealed)].Why != BadAuth {
		t.Errorf("%+v", r)
	}
}

// withOptions puts options into the header of a packet.
func withOptions(p []byte, options ...byte) []byte {
	out := bytes.Clone(p[:20])
	out = append(append(out, options...), p[20:]...)
	out[0] = 0x40 | byte(5+len(options)/4)
	finishIP(out, len(out))
	return out
}

// TestScapyMutable looks at what of a header AH does not protect: service, life, don't-fragment, and some options, which routers change.
func TestScapyMutable(t *testing.T) {
	s := newScapy(t)
	options := map[string][]byte{
		"none":             {},
		"router alert":     {148, 4, 0, 0},
		"record route":     {7, 7, 4, 0, 0, 0, 0, 1},
		"recorded route":   {7, 7, 8, 192, 168, 1, 9, 1},
		"timestamp":        {68, 8, 5, 0, 0, 0, 0, 0},
		"security":         {1, 130, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		"nothing, the end": {1, 1, 1, 0},
		"all":              {1, 148, 4, 0, 0, 7, 11, 4, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 0},
	}
	for name, o := range options {
		for _, cipher := range []string{"", "esp-des"} {
			t.Run(name+cipher, func(t *testing.T) {
				b := newBox(t, rules{{"0.0.0.0/0", Static}})
				here, there := tunnel(1, cipher, "", "ah-sha-hmac", runtime.Transport, false)
				b.install(here)
				out, back := withOptions(packet(own.String(), other.String(), 17, 100), o...), withOptions(packet(other.String(), own.String(), 17, 100), o...)
				b.leave(out)
				wire := b.wire.take(t, 1)
				if got := s.ask(t, scapyQuestion{Do: "open"}.of(&here, true), wire...)[0]; !bytes.Equal(got, out) {
					t.Errorf("scapy opens %x to %x, want %x", wire[0], got, out)
				}
				// A router on the way changes what it may.
				p := s.ask(t, scapyQuestion{Do: "protect", Seq: 1}.of(&there, true), back)[0]
				p[1], p[8] = 0xb8, p[8]-3
				p[6] ^= 0x40
				if name == "record route" {
					copy(p[20:], options["recorded route"])
				}
				finishIP(p, len(p))
				b.receive(false, p)
				if len(b.ev.refused) > 0 {
					t.Fatalf("%x: %+v", p, b.ev.refused)
				}
				got := b.dev.take(t, 1)[0]
				head := 20 + len(o)
				if !bytes.Equal(got[head:], back[head:]) || !bytes.Equal(got[20:head], p[20:head]) || got[1] != 0xb8 || got[8] != p[8] || checksum(0, got[:head]) != 0 {
					t.Errorf("%x opens to %x", p, got)
				}
				// What it may not.
				fixed := []int{4, 5, 12, 15, 16}
				if name == "router alert" || name == "security" {
					fixed = append(fixed, head-1)
				}
				for _, at := range fixed {
					bad := s.ask(t, scapyQuestion{Do: "protect", Seq: uint32(10 + at)}.of(&there, true), back)[0]
					bad[at]++
					b.receive(false, bad)
					b.dev.take(t, 0)
				}
			})
		}
	}
}

// TestScapyFragments: a packet that is too long is cut before it is protected, here and there, and is whole afterwards.
func TestScapyFragments(t *testing.T) {
	s := newScapy(t)
	for _, kind := range [][3]string{{"", "", "ah-md5-hmac"}, {"esp-aes", "esp-sha-hmac", ""}, {"esp-3des", "", "ah-sha-hmac"}} {
		for _, encap := range []bool{false, kind[2] == ""} {
			t.Run(fmt.Sprint(kind, encap), func(t *testing.T) {
				b := newBox(t, rules{{"0.0.0.0/0", Static}})
				here, there := tunnel(1, kind[0], kind[1], kind[2], runtime.Tunnel, encap)
				b.install(here)
				out, back := packet("10.1.0.1", "10.2.0.2", 17, 4000), packet("10.2.0.2", "10.1.0.1", 17, 4000)
				b.leave(bytes.Clone(out))
				wire := b.wire.take(t, 3)
				for _, p := range wire {
					if f := binary.BigEndian.Uint16(p[6:]); len(p) > 1500 || f != 0 {
						t.Errorf("%d octets, flags and offset %x", len(p), f)
					}
				}
				opened := s.ask(t, scapyQuestion{Do: "open"}.of(&here, true), wire...)
				if whole := s.ask(t, scapyQuestion{Do: "whole"}, opened...); len(whole) != 1 || !bytes.Equal(whole[0], out) {
					t.Errorf("put together: %d packets: %x", len(whole), whole)
				}
				parts := s.ask(t, scapyQuestion{Do: "fragment", Size: 1400}, back)
				b.receive(encap, s.ask(t, scapyQuestion{Do: "protect", Seq: 1}.of(&there, true), parts...)...)
				in := b.dev.take(t, len(parts))
				if whole := s.ask(t, scapyQuestion{Do: "whole"}, in...); len(parts) != 3 || len(whole) != 1 || !bytes.Equal(whole[0], back) {
					t.Errorf("%d parts, put together: %d packets: %x", len(parts), len(whole), whole)
				}
			})
		}
	}
}
