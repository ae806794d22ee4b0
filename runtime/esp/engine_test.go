package esp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// events is a Sink that remembers.
type events struct {
	mu       sync.Mutex
	acquired []int
	expiring []bool
	refused  []Refused
	ike      [][]byte
}

func (e *events) Acquire(_, entry int, _ Flow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.acquired = append(e.acquired, entry)
}

func (e *events) Expiring(_ uint64, hard bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expiring = append(e.expiring, hard)
}

func (e *events) Refused(r Refused) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused = append(e.refused, r)
}

func (e *events) Datagram(_ int, _, _ netip.AddrPort, payload []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ike = append(e.ike, payload)
}

// rules is a Policy: each entry has a destination network and a kind.
type rules []struct {
	to   string
	what What
}

func (r rules) Match(f *Flow, from int) (int, What) {
	for i := from; i < len(r); i++ {
		s, _ := newSelector(proxy(r[i].to))
		if s.fits(f.Dst, 0, 0, false) {
			return i, r[i].what
		}
	}
	return -1, Clear
}

// box is an engine with one port, without goroutines: a batch is a call.
type box struct {
	*Engine
	ev               *events
	dev, wire, plain *Memory
	reply            *Memory
	clock            *runtime.VirtualClock
	out              *outbound
	in               *inbound
	tb               testing.TB
}

func newBox(t testing.TB, r rules) *box {
	b := &box{ev: &events{}, dev: NewMemory(256), wire: NewMemory(256), plain: NewMemory(256), reply: NewMemory(256),
		clock: runtime.NewVirtualClock(time.Unix(1e9, 0)), tb: t}
	b.Engine = New(Options{Sink: b.ev, Clock: b.clock, Helpers: 1})
	t.Cleanup(b.Close)
	b.SetPolicy(0, r)
	p := b.NewPort(0, own, 1500, b.dev, Wire{b.wire, b.plain, b.reply})
	spare, free := buffers(spares)
	t.Cleanup(free)
	b.out, b.in = p.newOutbound(64, spare), p.newInbound()
	return b
}

// leave has packets read from the device.
func (b *box) leave(packets ...[]byte) {
	var bufs [][]byte
	var sizes []int
	for _, p := range packets {
		bufs, sizes = append(bufs, roomy(p)), append(sizes, len(p))
	}
	b.out.batch(bufs, sizes)
}

// arrive has packets read from the raw socket.
func (b *box) arrive(packets ...[]byte) {
	for _, p := range packets {
		b.in.list = append(b.in.list, arrival{buf: roomy(p), at: headroom, size: len(p)})
	}
	b.in.flush()
}

func (b *box) install(p runtime.SAPair) {
	b.tb.Helper()
	if err := b.Install(p); err != nil {
		b.tb.Fatal(err)
	}
}

func (m *Memory) take(t testing.TB, n int) (out [][]byte) {
	t.Helper()
	if m.Pending() != n {
		t.Fatalf("%d packets, want %d", m.Pending(), n)
	}
	for range n {
		out = append(out, m.Get())
	}
	return out
}

func TestClassification(t *testing.T) {
	b := newBox(t, rules{{"10.3.0.0/16", Static}, {"10.2.0.0/15", Dynamic}, {"10.2.0.0/16", Static}, {"10.9.0.9/32", Client}})
	to := func(dst string) { b.leave(packet("10.1.0.1", dst, 17, 60)) }
	to("8.8.8.8")
	b.plain.take(t, 1)
	to("10.3.0.1") // entry 0 has no tunnel: it is wanted
	to("10.2.0.1") // entry 1 is dynamic, and has none: entry 2
	if want := []int{0, 2}; !slices.Equal(b.ev.acquired, want) {
		t.Errorf("wanted %v, want %v", b.ev.acquired, want)
	}
	to("10.9.0.9") // a client whose tunnel is gone
	b.plain.take(t, 0)
	b.wire.take(t, 0)

	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	p.Entry = 2
	b.install(p)
	to("10.2.0.1")
	first := b.wire.take(t, 1)[0]
	if spi := binary.BigEndian.Uint32(first[20:]); spi != p.Out.SPI {
		t.Errorf("SPI %x", spi)
	}
	p2, _ := tunnel(2, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	p2.Entry = 1
	b.install(p2)
	to("10.2.0.1") // the dynamic entry comes first
	if got := b.wire.take(t, 1)[0]; binary.BigEndian.Uint32(got[20:]) != p2.Out.SPI {
		t.Errorf("packet %x", got[:28])
	}
	p3 := p2 // a younger one with the same identities
	p3.ID, p3.In, p3.Out = 3, keys(0x9001, "esp-aes", "esp-sha-hmac"), keys(0x9002, "esp-aes", "esp-sha-hmac")
	b.install(p3)
	to("10.2.0.1")
	if got := b.wire.take(t, 1)[0]; binary.BigEndian.Uint32(got[20:]) != p3.Out.SPI {
		t.Errorf("packet %x", got[:28])
	}
	p2.PeerPort = 999
	if err := b.Update(p2); err != nil { // does not make it the youngest
		t.Fatal(err)
	}
	to("10.2.0.1")
	if got := b.wire.take(t, 1)[0]; binary.BigEndian.Uint32(got[20:]) != p3.Out.SPI {
		t.Errorf("packet %x", got[:28])
	}
	for _, id := range []uint64{3, 2} {
		b.Remove(id)
	}
	to("10.2.0.1")
	if got := b.wire.take(t, 1)[0]; binary.BigEndian.Uint32(got[20:]) != p.Out.SPI {
		t.Errorf("packet %x", got[:28])
	}
	if c := b.Counters(1); c.Encaps != 2 || c.EncapBytes != 120 || !c.LastUsed.Equal(b.clock.Now()) {
		t.Errorf("counters %+v", c)
	}
	b.Remove(1)
	if len(b.Engine.t.out)+len(b.Engine.t.inbound)+len(b.Engine.t.peers)+len(b.Engine.t.masks) != 0 {
		t.Errorf("left: %+v", b.Engine.t)
	}
}

func TestPortSelectors(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Dynamic}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	p.RemoteID.Proto, p.RemoteID.Port = 17, 53
	b.install(p)
	q := packet("10.1.0.1", "10.2.0.2", 17, 60)
	b.leave(q)
	b.plain.take(t, 1)
	binary.BigEndian.PutUint16(q[22:], 53)
	b.leave(q)
	b.wire.take(t, 1)
	q[7], q[22] = 10, 1 // a later fragment
	finishIP(q, len(q))
	b.leave(q)
	b.wire.take(t, 1)
}

func TestRefusals(t *testing.T) {
	b := newBox(t, nil)
	p, q := tunnel(1, "esp-aes", "esp-sha-hmac", "", runtime.Tunnel, false)
	b.install(p)
	other1, both := tunnel(2, "esp-des", "esp-md5-hmac", "ah-md5-hmac", runtime.Tunnel, false)
	b.install(other1)
	peer, bundled := mustPair(t, q), mustPair(t, both)
	send := func(n *pair, inner []byte) []byte {
		buf := roomy(inner)
		s, _ := n.number()
		from, to, err := n.seal(buf, headroom, len(inner), s, 5)
		if err != nil {
			t.Fatal(err)
		}
		return buf[from:to]
	}
	good := packet("10.2.0.2", "10.1.0.1", 17, 80)
	b.arrive(send(peer, good))
	if got := b.dev.take(t, 1)[0]; !bytes.Equal(got, good) {
		t.Errorf("got %x", got)
	}
	// the last in each is the reason; nothing may pass
	again := send(peer, good)
	b.arrive(again, send(peer, good))
	b.dev.take(t, 2)
	check := func(what string, want Refusal, wire []byte) {
		t.Helper()
		before := len(b.ev.refused)
		b.arrive(wire)
		if b.dev.Pending() > 0 {
			t.Fatalf("%s: taken", what)
		}
		if len(b.ev.refused) != before+1 || b.ev.refused[before].Why != want {
			t.Errorf("%s: %+v, want %d", what, b.ev.refused[before:], want)
		}
	}
	check("again", Replayed, again)
	forged := send(peer, good)
	forged[len(forged)-1] ^= 1
	check("forged", BadAuth, forged)
	check("another network's source", NotOurs, send(peer, packet("10.9.0.2", "10.1.0.1", 17, 80)))
	check("another network's destination", NotOurs, send(peer, packet("10.2.0.2", "10.9.0.1", 17, 80)))
	unknown := send(peer, good)
	unknown[20] ^= 1
	check("unknown SPI", UnknownSPI, unknown)
	elsewhere := send(peer, good)
	copy(elsewhere[16:20], []byte{192, 168, 1, 99})
	finishIP(elsewhere, len(elsewhere))
	check("to another address", UnknownSPI, elsewhere)
	noAH := send(bundled, good)
	bare := slices.Concat(noAH[:20], noAH[44:])
	bare[9] = 50
	finishIP(bare, len(bare))
	check("without its AH", WrongProto, bare)
	wrong := send(peer, good)
	wrong = slices.Insert(wrong, 20, make([]byte, 24)...)
	copy(wrong[24:28], wrong[44:48])
	wrong[9], wrong[20], wrong[21] = 51, 50, 4
	finishIP(wrong, len(wrong))
	check("AH with the SPI of ESP", WrongProto, wrong)
	check("short", Malformed, send(peer, good)[:20+7])
	check("not of whole blocks", Malformed, func() []byte { w := send(peer, good); w = w[:len(w)-3]; finishIP(w, len(w)); return w }())
	garbage := send(peer, append([]byte{0x60}, good[1:]...))
	check("no IPv4 inside", BadPadding, garbage)
	c := b.Counters(1)
	if c.Decaps != 3 || c.AuthFailed != 1 || c.ReplayFailed != 1 || c.RecvErrors != 6 {
		t.Errorf("counters %+v", c)
	}
	b.arrive(send(bundled, good))
	b.dev.take(t, 1)
}

func TestDummyPacket(t *testing.T) {
	b := newBox(t, nil)
	p, q := tunnel(1, "esp-aes", "esp-sha-hmac", "", runtime.Tunnel, false)
	b.install(p)
	e := naiveSeal(t, &q.Out, 1, 59, make([]byte, 16), make([]byte, 40))
	ip := make([]byte, 20+len(e))
	copy(ip[20:], e)
	putIP(ip, len(ip), 0, 50, 1, 0, other.As4(), own.As4())
	b.arrive(ip)
	b.dev.take(t, 0)
	if len(b.ev.refused) != 0 || b.Counters(1).RecvErrors != 0 {
		t.Errorf("a dummy packet is no error: %+v", b.ev.refused)
	}
}

func TestFragmentsBeforeEncryption(t *testing.T) {
	for _, name := range []string{"esp-des", "esp-aes", "esp-null"} {
		b := newBox(t, rules{{"10.2.0.0/16", Static}})
		p, q := tunnel(1, name, "esp-sha-hmac", "", runtime.Tunnel, false)
		b.install(p)
		long := packet("10.1.0.1", "10.2.0.2", 17, 1500)
		b.leave(long)
		peer := mustPair(t, q)
		var payload []byte
		for i, w := range b.wire.take(t, 2) {
			if len(w) > 1500 {
				t.Errorf("%s: %d octets on the wire", name, len(w))
			}
			a, ok := arrive(peer, w, false)
			if !ok {
				t.Fatalf("%s: refused: %d", name, a.refusal)
			}
			in := a.buf[a.from:a.to]
			frag := binary.BigEndian.Uint16(in[6:])
			if checksum(0, in[:20]) != 0 || int(frag&offMask)*8 != len(payload) || frag&flagMore != 0 != (i == 0) {
				t.Errorf("%s: part %d: %x", name, i, in[:20])
			}
			payload = append(payload, in[20:]...)
		}
		if !bytes.Equal(payload, long[20:]) {
			t.Errorf("%s: the parts are not the whole", name)
		}
		// the longest that fits goes whole
		most := b.Engine.pair(1).largest(1500)
		b.leave(packet("10.1.0.1", "10.2.0.2", 17, most))
		if w := b.wire.take(t, 1)[0]; len(w) > 1500 || len(w) < 1500-16 {
			t.Errorf("%s: %d octets became %d", name, most, len(w))
		}
	}
}

func TestPathMTU(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Static}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	b.install(p)
	df := packet("10.1.0.1", "10.2.0.2", 17, 1000)
	df[6] = 0x40
	finishIP(df, len(df))
	b.leave(df)
	sent := b.wire.take(t, 1)[0]
	if sent[6]&0x40 == 0 {
		t.Error("DF is not copied")
	}
	icmp := packet("192.168.1.77", "192.168.1.1", 1, 20+8+28)
	clear(icmp[20:])
	icmp[20], icmp[21] = 3, 4
	binary.BigEndian.PutUint16(icmp[26:], 900)
	copy(icmp[28:], sent[:28])
	forged := slices.Clone(icmp)
	forged[28+20] ^= 1 // the SPI
	b.icmp(forged, 1500)
	b.leave(df)
	b.wire.take(t, 1)
	if c := b.Counters(1); c.PathMTU != 0 {
		t.Errorf("a forged path MTU: %+v", c)
	}
	b.icmp(icmp, 1500)
	if c := b.Counters(1); c.PathMTU != 900 {
		t.Errorf("path MTU: %+v", c)
	}
	b.leave(df)
	b.wire.take(t, 0)
	r := b.reply.take(t, 1)[0]
	most := b.Engine.pair(1).largest(900)
	if r[20] != 3 || r[21] != 4 || int(binary.BigEndian.Uint16(r[26:])) != most || checksum(0, r[20:]) != 0 || checksum(0, r[:20]) != 0 ||
		!bytes.Equal(r[16:20], df[12:16]) || !bytes.Equal(r[28:56], df[:28]) {
		t.Errorf("ICMP %x", r)
	}
	df = df[:most]
	finishIP(df, most)
	b.leave(df)
	if w := b.wire.take(t, 1)[0]; len(w) > 900 {
		t.Errorf("%d octets", len(w))
	}
	b.clock.Advance(pmtuAge + time.Second)
	if c := b.Counters(1); c.PathMTU != 0 {
		t.Errorf("an old path MTU: %+v", c)
	}
	df = packet("10.1.0.1", "10.2.0.2", 17, 1000)
	df[6] = 0x40
	finishIP(df, len(df))
	b.leave(df)
	b.wire.take(t, 1)
}

func TestVolume(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Static}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	p.Kilobytes = 10
	b.install(p)
	for range 20 {
		b.leave(packet("10.1.0.1", "10.2.0.2", 17, 1000))
	}
	if want := []bool{false, true}; !slices.Equal(b.ev.expiring, want) {
		t.Errorf("told %v, want %v", b.ev.expiring, want)
	}
	b.ClearCounters()
	if c := b.Counters(1); c.Encaps != 0 || c.SendErrors != 0 || c.CarriedOut != 20000 {
		t.Errorf("counters %+v", c)
	}
}

func TestExhausted(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Static}})
	p, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	b.install(p)
	b.Engine.pair(1).out.send.last.Store(1<<32 - 2)
	for range 3 {
		b.leave(packet("10.1.0.1", "10.2.0.2", 17, 100))
	}
	b.wire.take(t, 1)
	if !slices.Equal(b.ev.expiring, []bool{true}) || b.Counters(1).SendErrors != 2 {
		t.Errorf("told %v, %+v", b.ev.expiring, b.Counters(1))
	}
}

// TestPorts runs two boxes against each other with their goroutines, over raw and over UDP sockets of memory.
func TestPorts(t *testing.T) {
	for _, udp := range []bool{false, true} {
		ours, theirs := tunnel(1, "esp-aes", "esp-sha-hmac", "", runtime.Tunnel, udp)
		a := newBox(t, rules{{"10.2.0.0/16", Static}})
		z := &box{ev: &events{}, dev: NewMemory(256), wire: NewMemory(256), tb: t}
		z.Engine = New(Options{Sink: z.ev})
		a.install(ours)
		z.install(theirs)
		pa := a.NewPort(0, own, 1500, a.dev, Wire{a.wire, a.plain, a.reply})
		pz := z.NewPort(0, other, 1500, z.dev, Wire{z.wire, z.wire, z.wire})
		net := NewMemory(256)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := pa.Outbound(); err != os.ErrClosed {
				t.Error(err)
			}
		})
		wg.Go(func() {
			run := pz.Inbound
			if udp {
				run = func(r Receiver) error { return pz.InboundUDP(from{r}) }
			}
			if err := run(net); err != os.ErrClosed {
				t.Error(err)
			}
		})
		var want [][]byte
		for i := range 100 {
			p := packet("10.1.0.1", "10.2.0.2", 17, 100+i*10)
			want = append(want, p)
		}
		wg.Go(func() {
			for range want {
				w := a.wire.Get()
				if udp {
					w = w[28:]
				}
				net.Put(w)
			}
			if udp {
				net.Put([]byte{0xff}, []byte{0, 0, 0, 0, 'i', 'k', 'e'})
			}
		})
		a.dev.Put(want...)
		for i, w := range want {
			if got := z.dev.Get(); !bytes.Equal(got, w) {
				t.Fatalf("packet %d: %x", i, got)
			}
		}
		for end := time.Now().Add(5 * time.Second); udp && time.Now().Before(end); time.Sleep(time.Millisecond) {
			z.ev.mu.Lock()
			n := len(z.ev.ike)
			z.ev.mu.Unlock()
			if n == 1 {
				break
			}
		}
		a.dev.Close()
		net.Close()
		wg.Wait()
		if udp && (len(z.ev.ike) != 1 || string(z.ev.ike[0]) != "ike") {
			t.Errorf("IKE: %q", z.ev.ike)
		}
		z.Close()
	}
}

// from gives datagrams a sender.
type from struct{ Receiver }

func (f from) Receive(ms []Message) (int, error) {
	n, err := f.Receiver.Receive(ms)
	for i := range n {
		ms[i].From = netip.AddrPortFrom(own, 4500)
	}
	return n, err
}

func TestSelectorOfNet(t *testing.T) {
	s, err := newSelector(proxy("10.2.0.0/15"))
	if err != nil || !s.fits(ast.IP(0x0a03ffff), 6, 1, false) || s.fits(ast.IP(0x0a040000), 6, 1, false) {
		t.Errorf("%+v %v", s, err)
	}
}

// A pair that was prepared receives, and what leaves goes by the one before it until it is installed. One that is not ends.
func TestPrepared(t *testing.T) {
	b := newBox(t, rules{{"10.2.0.0/16", Static}})
	old, _ := tunnel(1, "esp-des", "esp-md5-hmac", "", runtime.Tunnel, false)
	next, far := tunnel(2, "esp-aes", "esp-sha-hmac", "", runtime.Tunnel, false)
	b.install(old)
	if err := b.Prepare(next); err != nil {
		t.Fatal(err)
	}
	peer := mustPair(t, far)
	arrives := func() {
		t.Helper()
		inner := packet("10.2.0.2", "10.1.0.1", 17, 80)
		buf := roomy(inner)
		s, _ := peer.number()
		from, to, err := peer.seal(buf, headroom, len(inner), s, 5)
		if err != nil {
			t.Fatal(err)
		}
		b.arrive(buf[from:to])
		b.dev.take(t, 1)
	}
	leaves := func(pair uint64) {
		t.Helper()
		before := b.Counters(pair).Encaps
		b.leave(packet("10.1.0.1", "10.2.0.2", 17, 100))
		if b.Counters(pair).Encaps != before+1 {
			t.Errorf("pair %d did not carry the packet", pair)
		}
		b.wire.take(t, 1)
	}
	leaves(1)
	arrives()
	leaves(2) // the peer has it
	b.install(next)
	arrives()
	leaves(2)
	if c := b.Counters(2); c.Decaps != 2 {
		t.Errorf("counters begin anew: %+v", c)
	}
	if err := b.Install(next); err == nil {
		t.Error("installed twice")
	}
	b.Remove(2)
	leaves(1)
	third, _ := tunnel(3, "esp-aes", "esp-sha-hmac", "", runtime.Tunnel, false)
	if err := b.Prepare(third); err != nil {
		t.Fatal(err)
	}
	leaves(1)
	b.Remove(3)
	leaves(1)
	if len(b.Pairs()) != 1 {
		t.Errorf("%+v", b.Pairs())
	}
}
