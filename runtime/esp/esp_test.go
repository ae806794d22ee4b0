package esp

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"pixfw/runtime"
)

var (
	allCiphers = []string{"esp-des", "esp-3des", "esp-aes", "esp-aes-192", "esp-aes-256", "esp-null"}
	allMACs    = []string{"esp-md5-hmac", "esp-sha-hmac", ""}
)

// roomy is a buffer with a packet in it.
func roomy(p []byte) []byte {
	b := make([]byte, headroom+len(p)+256)
	copy(b[headroom:], p)
	return b
}

func mustPair(t testing.TB, p runtime.SAPair) *pair {
	n, err := newPair(p, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// arrive has a packet opened by a pair.
func arrive(n *pair, wire []byte, udp bool) (a arrival, ok bool) {
	t := newTables()
	t.add(n)
	a = arrival{buf: roomy(wire), at: headroom, size: len(wire), udp: udp}
	if udp {
		e := n.at.Load()
		a.src, a.dst = e.dst, e.src
	}
	if a.find(&t); a.refusal == Taken {
		a.open()
	}
	if a.refusal == Taken {
		a.commit()
	}
	return a, a.refusal == Taken
}

func TestTransforms(t *testing.T) {
	for _, name := range append(allCiphers, "") {
		for _, mac := range allMACs {
			for _, ah := range []string{"", "ah-md5-hmac", "ah-sha-hmac"} {
				for _, mode := range []runtime.SAMode{runtime.Tunnel, runtime.Transport} {
					for _, encap := range []bool{false, true} {
						if name == "" && (mac != "" || ah == "") || name == "esp-null" && mac == "" || encap && ah != "" {
							continue
						}
						t.Run(fmt.Sprint(name, mac, ah, mode, encap), func(t *testing.T) { transform(t, name, mac, ah, mode, encap) })
					}
				}
			}
		}
	}
}

func transform(t *testing.T, name, mac, ah string, mode runtime.SAMode, encap bool) {
	hp, tp := tunnel(1, name, mac, ah, mode, encap)
	here, there := mustPair(t, hp), mustPair(t, tp)
	for size := 28; size < 1480; size = size*3/2 + 1 {
		p := packet("10.1.0.1", "10.2.0.2", 17, size)
		next, payload := byte(4), p
		if mode == runtime.Transport {
			p = packet(own.String(), other.String(), 17, size)
			next, payload = 17, p[20:]
		}
		buf := roomy(p)
		s, _ := here.number()
		from, to, err := here.seal(buf, headroom, len(p), s, 9)
		if err != nil {
			t.Fatal(err)
		}
		out := bytes.Clone(buf[from:to])
		if most := here.largest(len(out)); most < size {
			t.Fatalf("%d octets became %d, but only %d should fit", size, len(out), most)
		}
		if checksum(0, out[:20]) != 0 || int(binary.BigEndian.Uint16(out[2:])) != len(out) || out[1] != 0x10 {
			t.Fatalf("outer header %x", out[:20])
		}
		// what is inside, by the other implementation
		inner, proto := out[20:], out[9]
		if ah != "" {
			if proto != 51 || inner[1] != 4 || binary.BigEndian.Uint32(inner[4:]) != tp.InAH.SPI {
				t.Fatalf("protocol %d, %x", proto, inner[:24])
			}
			zeroed := bytes.Clone(out)
			zeroed[1], zeroed[6], zeroed[7], zeroed[8], zeroed[10], zeroed[11] = 0, 0, 0, 0, 0, 0
			clear(zeroed[32:44])
			if want := naiveMAC(ah, tp.InAH.AuthKey, zeroed); !bytes.Equal(want, inner[12:24]) {
				t.Fatalf("ICV of AH %x, want %x", inner[12:24], want)
			}
			inner, proto = inner[24:], inner[0]
		}
		if encap {
			if proto != 17 || binary.BigEndian.Uint16(inner[4:]) != uint16(len(inner)) || binary.BigEndian.Uint16(inner) != 4500 {
				t.Fatalf("UDP %x", inner[:8])
			}
			inner, proto = inner[8:], 50
		}
		got, gotNext := inner, proto
		if name != "" {
			if proto != 50 {
				t.Fatalf("protocol %d", proto)
			}
			var seq uint32
			if got, gotNext, seq = naiveOpen(t, &tp.In, inner); seq != s.esp || seq == 0 {
				t.Fatalf("sequence number %d", seq)
			}
		}
		if !bytes.Equal(got, payload) || gotNext != next {
			t.Fatalf("inside is %x (%d), want %x", got, gotNext, payload)
		}
		// and by this one
		wire := out
		if encap {
			wire = out[28:]
		}
		a, ok := arrive(there, wire, encap)
		if !ok {
			t.Fatalf("refused: %d", a.refusal)
		}
		if in := a.buf[a.from:a.to]; mode == runtime.Tunnel && !bytes.Equal(in, p) || mode == runtime.Transport && !bytes.Equal(in[20:], p[20:]) {
			t.Fatalf("opened to %x, want %x", in, p)
		}
		// again, and with one bit wrong
		if a, ok := arrive(there, wire, encap); ok && !there.windowsOff() {
			t.Fatalf("a packet was taken twice: %d", a.refusal)
		}
		if mac == "" && ah == "" {
			continue
		}
		for at := 0; at < len(out); at += 13 {
			if at < 20 && (ah == "" || at == 1 || at == 6 || at == 7 || at == 8 || at == 10 || at == 11) || encap && at < 28 {
				continue
			}
			s, _ := here.number()
			buf := roomy(p)
			from, to, err := here.seal(buf, headroom, len(p), s, 9)
			if err != nil {
				t.Fatal(err)
			}
			bad := buf[from:to]
			if bad[at] ^= 0x10; encap {
				bad = bad[28:]
			}
			if a, ok := arrive(there, bad, encap); ok && (ah != "" || at >= 20) {
				t.Fatalf("a packet changed at %d was taken: %x", at, a.buf[a.from:a.to])
			}
		}
	}
}

// windowsOff: no protocol of the pair can tell a replay.
func (n *pair) windowsOff() bool {
	return (n.in == nil || n.in.window.off) && (n.inAH == nil || n.inAH.window.off)
}

// TestVector is the ping of RFC 3602 section 4, case 5.
func TestVector(t *testing.T) {
	p := runtime.SAPair{ID: 1, Mode: runtime.Transport, Local: netip.MustParseAddr("192.168.123.100"), Peer: netip.MustParseAddr("192.168.123.3"),
		LocalID: proxy("192.168.123.100/32"), RemoteID: proxy("192.168.123.3/32")}
	p.In = runtime.SAKeys{SPI: 0x4321, Cipher: "esp-aes", CipherKey: unhex("90d382b4 10eeba7a d938c46c ec1a82bf")}
	p.Out = p.In
	a, ok := arrive(mustPair(t, p), unhex(`4500007c 08f20000 4032f9a5 c0a87b03 c0a87b64 00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893
		f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856 a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c
		538ab50c 551b874a a269add0 47ad2d59 13ac19b7 cfbad4a6`), false)
	if !ok {
		t.Fatalf("refused: %d", a.refusal)
	}
	if got := a.buf[a.from+20 : a.from+36]; !bytes.Equal(got, unhex("08000ebd a70a0000 8e9c083d b95b0700")) || a.buf[a.from+9] != 1 {
		t.Errorf("inside is %x", a.buf[a.from:a.to])
	}
}

func TestBadPairs(t *testing.T) {
	good, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	for name, spoil := range map[string]func(*runtime.SAPair){
		"key too short":    func(p *runtime.SAPair) { p.Out.CipherKey = p.Out.CipherKey[1:] },
		"MAC key too long": func(p *runtime.SAPair) { p.In.AuthKey = append(p.In.AuthKey, 1) },
		"no such cipher":   func(p *runtime.SAPair) { p.In.Cipher = "esp-rot13" },
		"no such MAC":      func(p *runtime.SAPair) { p.In.Auth = "ah-md5-hmac" },
		"one way":          func(p *runtime.SAPair) { p.Out = runtime.SAKeys{} },
		"reserved SPI":     func(p *runtime.SAPair) { p.In.SPI = 255 },
		"no protection":    func(p *runtime.SAPair) { p.In = runtime.SAKeys{SPI: 300}; p.Out = p.In },
		"no proxy":         func(p *runtime.SAPair) { p.LocalID = runtime.ProxyID{} },
		"no peer":          func(p *runtime.SAPair) { p.Peer = netip.Addr{} },
	} {
		p := good
		spoil(&p)
		if _, err := newPair(p, rand.Reader); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWindow(t *testing.T) {
	var w window
	for i, c := range []struct {
		seq  uint32
		want bool
	}{{0, false}, {1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {66, true}, {3, false}, {2, false}, {4, true}, {4, false}, {1 << 31, true},
		{1<<31 - 63, true}, {1<<31 - 64, false}, {1<<32 - 1, true}, {1<<32 - 1, false}, {1<<32 - 64, true}, {5, false}} {
		if fresh := w.fresh(c.seq); fresh != c.want || w.accept(c.seq) != c.want {
			t.Errorf("step %d: %d: %v, want %v", i, c.seq, fresh, c.want)
		}
	}
}

func TestSequenceEnds(t *testing.T) {
	var s sequence
	s.last.Store(1<<32 - 2)
	if n, ok := s.next(); n != 1<<32-1 || !ok {
		t.Errorf("%d %v", n, ok)
	}
	for range 3 {
		if n, ok := s.next(); ok {
			t.Errorf("went on with %d", n)
		}
	}
	s.wraps = true
	if n, ok := s.next(); !ok || n != 0 {
		t.Errorf("by hand: %d %v", n, ok)
	}
}

// TestOneSAManyGoroutines seals with one association from many goroutines: every packet has its own number and opens.
func TestOneSAManyGoroutines(t *testing.T) {
	hp, tp := tunnel(1, "esp-3des", "esp-sha-hmac", "", runtime.Tunnel, false)
	here, there := mustPair(t, hp), mustPair(t, tp)
	there.in.window.off = true
	p := packet("10.1.0.1", "10.2.0.2", 17, 300)
	var mu sync.Mutex
	seen := map[uint32]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				buf := roomy(p)
				s, _ := here.number()
				from, to, err := here.seal(buf, headroom, len(p), s, 1)
				if err != nil {
					t.Error(err)
					return
				}
				a := arrival{buf: buf, at: from + 20, size: to - from - 20, pair: there}
				if a.open(); a.refusal != Taken || !bytes.Equal(buf[a.from:a.to], p) {
					t.Errorf("refused: %d", a.refusal)
				}
				mu.Lock()
				if seen[a.seq.esp] {
					t.Errorf("number %d twice", a.seq.esp)
				}
				seen[a.seq.esp] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 400 {
		t.Errorf("%d numbers", len(seen))
	}
}

// FuzzArrive: whatever arrives is refused without harm, unless it is genuine.
func FuzzArrive(f *testing.F) {
	hp, tp := tunnel(1, "esp-aes", "esp-sha-hmac", "ah-md5-hmac", runtime.Tunnel, false)
	up, _ := tunnel(2, "esp-des", "", "", runtime.Transport, true)
	ep, _ := tunnel(3, "esp-null", "esp-md5-hmac", "", runtime.Tunnel, false)
	ap, bp := tunnel(4, "", "", "ah-sha-hmac", runtime.Transport, false)
	alone := mustPair(f, bp)
	o := withOptions(packet(other.String(), own.String(), 17, 60), 7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0)
	obuf := roomy(o)
	first, _ := alone.number()
	ofrom, oto, err := alone.seal(obuf, headroom, len(o), first, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(obuf[ofrom:oto], false)
	peer := mustPair(f, tp)
	p := packet("10.2.0.2", "10.1.0.1", 17, 100)
	buf := roomy(p)
	s, _ := peer.number()
	from, to, err := peer.seal(buf, headroom, len(p), s, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(buf[from:to], false)
	for _, k := range []*runtime.SAKeys{&up.In, &ep.In} {
		e := naiveSeal(f, k, 1, 4, make([]byte, 16), p)
		f.Add(e, true)
		ip := make([]byte, 20+len(e))
		copy(ip[20:], e)
		putIP(ip, len(ip), 0, 50, 1, 0, other.As4(), own.As4())
		f.Add(ip, false)
	}
	tables := newTables()
	for _, p := range []runtime.SAPair{hp, up, ep, ap} {
		tables.add(mustPair(f, p))
	}
	mem := make([]byte, slot)
	f.Fuzz(func(t *testing.T, wire []byte, udp bool) {
		if len(wire) > 65536 {
			return
		}
		copy(mem[headroom:], wire)
		a := arrival{buf: mem, at: headroom, size: len(wire), udp: udp, src: other.As4(), dst: own.As4()}
		if a.find(&tables); a.refusal == Taken {
			a.open()
		}
		if a.refusal == Taken {
			if _, n, ok := parseFlow(a.buf[a.from:a.to]); !ok || n != a.to-a.from || a.from < writeAt {
				t.Errorf("took what is no packet: %x", a.buf[a.from:a.to])
			}
			if !a.pair.admits(&a.flow) {
				t.Errorf("took what is none of the pair's: %v", a.flow)
			}
		}
	})
}
