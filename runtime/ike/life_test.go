package ike

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

// carries checks that what each of two boxes would send now, the other can receive.
func carries(t testing.TB, w *world, a, b *box) {
	t.Helper()
	for _, x := range [][2]*box{{a, b}, {b, a}} {
		out := x[0].last()
		found := false
		for _, p := range slices.Concat(slices.Collect(maps.Values(x[1].live)), slices.Collect(maps.Values(x[1].ready))) {
			found = found || p.In.SPI == out.Out.SPI && fmt.Sprint(p.In) == fmt.Sprint(out.Out)
		}
		if out.ID == 0 || !found {
			t.Fatalf("%v: what %s sends is lost: %d and %d pairs", w.clock.Now(), x[0].name, len(a.live), len(b.live))
		}
	}
}

// passCarrying lets time pass and checks at every step that no packet would be lost.
func passCarrying(t testing.TB, w *world, a, b *box, d time.Duration) {
	t.Helper()
	for end := w.clock.Now().Add(d); w.clock.Now().Before(end); {
		w.pass(5 * time.Second)
		carries(t, w, a, b)
	}
}

// Both phases are renewed without a moment in which a packet would be lost, whoever begins.
func TestRekey(t *testing.T) {
	const short = "set peer 203.0.113.2\ncrypto map m 10 set security-association lifetime seconds 600"
	for _, test := range []struct {
		name, phase1, pfs string
		begin             func(a, b *box) *box
	}{
		{"initiator", "86400", "", func(a, b *box) *box { return a }},
		{"phase 1 ends in between", "900", "", func(a, b *box) *box { return a }},
		{"pfs", "900", "\ncrypto map m 10 set pfs group2", func(a, b *box) *box { return a }},
		{"by the volume, the initiator", "86400", "", func(a, b *box) *box { return a }},
		{"by the volume, the responder", "900", "", func(a, b *box) *box { return b }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, a, b := twoBoxes(t, "set peer 203.0.113.2", short+test.pfs, "lifetime 86400", "lifetime "+test.phase1)
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			tunnel(t, a, b)
			first := a.last().ID
			for range 4 {
				passCarrying(t, w, a, b, 15*time.Minute)
				if strings.HasPrefix(test.name, "by the volume") {
					x := test.begin(a, b)
					old := x.last().ID
					w.do(x, x.Expire(old, false))
					w.do(x, x.Expire(old, false)) // once is enough
					w.run()
					carries(t, w, a, b)
					if x.last().ID != old || len(x.ready) != 1 {
						t.Fatal("no successor that waits until the other side knows of it")
					}
					w.do(x, x.Expire(old, true))
					w.run()
					carries(t, w, a, b)
					if x.last().ID == old || len(x.ready) != 0 {
						t.Fatal("no successor")
					}
				}
			}
			if a.last().ID == first || len(a.live) > 2 || len(b.live) > 2 || len(a.SAs()) > 1 || len(b.SAs()) > 1 {
				t.Errorf("%d and %d pairs, %d and %d SAs", len(a.live), len(b.live), len(a.SAs()), len(b.SAs()))
			}
			if n := len(a.order); n < 5 || n > 16 {
				t.Errorf("%d pairs in an hour of 600 seconds each", n)
			}
		})
	}
}

// The life of a pair is the shorter of what both sides want, in seconds and in kilobytes.
func TestLives(t *testing.T) {
	w, a, b := twoBoxes(t)
	text := mirror(pixA) + "crypto map m 10 set security-association lifetime seconds 1200 kilobytes 5000\n"
	w.do(b, b.Apply(planOf(t, text)))
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	tunnel(t, a, b)
	if p := a.last(); p.Seconds != 1200 || p.Kilobytes != 5000 {
		t.Errorf("%d seconds, %d kilobytes", p.Seconds, p.Kilobytes)
	}
}

// A packet that nobody answers goes out at 0, 5, 10, 15, 20 and 25 seconds; then the next peer of the entry has its turn.
func TestRetransmission(t *testing.T) {
	text := strings.Replace(pixA, "set peer 203.0.113.2", "set peer 203.0.113.8\ncrypto map m 10 set peer 203.0.113.9\ncrypto map m 10 set peer 203.0.113.2", 1) +
		"isakmp key k8 address 203.0.113.8 netmask 255.255.255.255\nisakmp key k9 address 203.0.113.9 netmask 255.255.255.255\n"
	w := newWorld(t)
	a := w.add("203.0.113.1", text, Options{})
	times := map[netip.Addr][]int{}
	w.deliver = func(d Datagram) []Datagram {
		times[d.Local.Addr()] = append(times[d.Local.Addr()], int(w.clock.Now().Sub(birth)/time.Second))
		return []Datagram{d}
	}
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.pass(61 * time.Second)
	w.do(a, a.Acquire(0, 0, 0, flowAB)) // while it is under way: nothing
	w.pass(60 * time.Second)
	want := "map[203.0.113.2:[60 65 70 75 80 85] 203.0.113.8:[0 5 10 15 20 25] 203.0.113.9:[30 35 40 45 50 55]]"
	if got := fmt.Sprint(times); got != want {
		t.Errorf("sent at %s, want %s", got, want)
	}
	if len(a.SAs()) != 0 || len(a.acquiring) != 0 || len(a.timers) != 0 {
		t.Errorf("left: %v, %d negotiations, %d timers", a.SAs(), len(a.acquiring), len(a.timers))
	}

	// Another packet begins anew, and the third peer is there now.
	b := w.add("203.0.113.2", mirror(pixA), Options{})
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.pass(70 * time.Second)
	tunnel(t, a, b)

	// As responder the box repeats its answer at the same times.
	times = map[netip.Addr][]int{}
	start := w.clock.Now().Sub(birth)
	b.sent = nil
	h := header{ci: cookie{9}, next: pSA, exchange: xMain}
	msg := appendPayloads(h.append(nil), []payload{{pSA, appendSA(nil, []proposal{{number: 1, proto: 1, transforms: []transform{
		{number: 1, id: 1, attrs: []attr{basicAttr(1, 1), basicAttr(2, 1), basicAttr(3, 1), basicAttr(4, 2)}}}}})}})
	setLength(msg)
	w.wire = append(w.wire, Datagram{Local: netip.MustParseAddrPort("203.0.113.2:500"), Remote: netip.MustParseAddrPort("203.0.113.1:501"), Payload: msg})
	w.deliver = func(d Datagram) []Datagram {
		if d.Local.Port() != 501 {
			return []Datagram{d}
		}
		if len(d.Payload) > len(msg)+4 {
			t.Errorf("an answer of %d bytes to a stranger's %d", len(d.Payload), len(msg))
		}
		times[d.Local.Addr()] = append(times[d.Local.Addr()], int((w.clock.Now().Sub(birth)-start)/time.Second))
		return nil
	}
	w.pass(2 * time.Minute)
	if got := fmt.Sprint(times); got != "map[203.0.113.1:[0 5 10 15 20 25]]" {
		t.Errorf("answered at %s", got)
	}
	if b.halfOpen.Len() != 0 || len(b.first) != 0 || len(b.sources) != 0 {
		t.Error("a half open exchange is left")
	}
}

// A negotiation that is cut off by the end of its IKE SA does not stand in the way of the next.
func TestAcquireAfterCut(t *testing.T) {
	w, a, b := twoBoxes(t)
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	w.do(a, a.ClearSAs(func(*runtime.SAPair) bool { return true }))
	w.run()
	w.deliver = func(Datagram) []Datagram { return nil }
	w.do(a, a.Acquire(0, 0, 0, flowAB)) // quick mode under way, unanswered
	w.do(a, a.ClearIKE(0))
	w.do(a, a.Acquire(0, 0, 0, flowAB)) // main mode under way, unanswered
	w.do(a, a.ClearIKE(0))
	w.deliver = nil
	w.do(b, b.ClearIKE(0))
	w.run()
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	tunnel(t, a, b)
}

// What is lost on the way is repeated, what comes twice or late changes nothing.
func TestLossAndCopies(t *testing.T) {
	for every := 2; every < 6; every++ {
		w, a, b := twoBoxes(t)
		n := 0
		var old []Datagram
		w.deliver = func(d Datagram) []Datagram {
			n++
			old = append(old, Datagram{If: d.If, Local: d.Local, Remote: d.Remote, Payload: slices.Clone(d.Payload)})
			if n%every == 0 {
				return nil
			}
			return []Datagram{d, d}
		}
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.pass(3 * time.Minute)
		tunnel(t, a, b)
		if len(a.live) != 1 || len(b.live) != 1 {
			t.Errorf("every %d lost: %d and %d pairs", every, len(a.live), len(b.live))
		}
		w.deliver = nil
		pa, pb := a.last(), b.last()
		for range 3 { // everything again, from the back
			for _, d := range slices.Backward(old) {
				w.wire = append(w.wire, d)
			}
			w.pass(2 * time.Minute)
		}
		if fmt.Sprint(pa, pb) != fmt.Sprint(a.last(), b.last()) || len(a.live) != 1 || len(b.live) != 1 || len(a.SAs()) != 1 || len(b.SAs()) != 1 {
			t.Errorf("every %d lost: copies have changed something: %v %v", every, a.SAs(), b.SAs())
		}
	}
}

// A peer that is gone is found to be gone, with all that was made with it; copies of its questions do not keep it alive.
func TestDeadPeer(t *testing.T) {
	w, a, b := twoBoxes(t, "isakmp identity address", "isakmp identity address\nisakmp keepalive 10 2")
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	w.pass(5 * time.Minute)
	tunnel(t, a, b)
	if len(a.SAs()) != 1 {
		t.Fatalf("a peer that answers is taken for dead: %v", a.SAs())
	}
	var copies []Datagram
	w.deliver = func(d Datagram) []Datagram {
		copies = append(copies, d)
		return []Datagram{d}
	}
	w.pass(time.Minute)
	w.deliver = func(Datagram) []Datagram { return nil }
	gone := w.clock.Now()
	for range 10 {
		for _, d := range copies {
			if d.Local.Addr() == addr("203.0.113.1") {
				d.Remote = netip.MustParseAddrPort("198.51.100.66:4500") // and the copy comes from elsewhere
				w.do(a, a.Receive(d))
			}
		}
		w.pass(2 * time.Second)
		if len(a.SAs()) == 1 && a.SAs()[0].Peer.Addr() != addr("203.0.113.2") {
			t.Fatal("a copy has moved the peer")
		}
	}
	if len(a.SAs()) != 0 || len(a.live) != 0 {
		t.Errorf("%v after its end: %v", w.clock.Now().Sub(gone), a.SAs())
	}
}

// A peer that has been started anew says so, and what it does not know of any more is removed.
func TestInitialContact(t *testing.T) {
	w, a, b := twoBoxes(t)
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	old := b.last().ID
	a = w.add("203.0.113.1", pixA, Options{Rand: chacha(77)})
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	tunnel(t, a, b)
	if _, there := b.live[old]; there || len(b.live) != 1 || len(b.SAs()) != 1 {
		t.Errorf("%d pairs, %d SAs", len(b.live), len(b.SAs()))
	}

	// DELETE, of a pair and of an IKE SA.
	w.do(b, b.ClearSAs(func(*runtime.SAPair) bool { return true }))
	w.run()
	if len(a.live) != 0 || len(a.SAs()) != 1 {
		t.Errorf("after clear ipsec sa: %d pairs, %d SAs", len(a.live), len(a.SAs()))
	}
	w.do(b, b.Stop())
	w.run()
	if len(a.SAs()) != 0 || len(b.SAs()) != 0 {
		t.Errorf("after reload: %v %v", a.SAs(), b.SAs())
	}
}

// The box's own policies count first, then the order of the offer (commands-vpn-aaa-show.md 2.2).
func TestPolicyOrder(t *testing.T) {
	policies := func(first, second string) string {
		out := strings.Replace(pixA, "encryption des", "encryption "+first, 1)
		return out + "isakmp policy 20 authentication pre-share\nisakmp policy 20 encryption " + second +
			"\nisakmp policy 20 hash md5\nisakmp policy 20 group 2\nisakmp policy 20 lifetime 3600\n"
	}
	w := newWorld(t)
	a := w.add("203.0.113.1", policies("des", "3des"), Options{})
	b := w.add("203.0.113.2", mirror(policies("3des", "des")), Options{})
	b.SetDebug(ISAKMP, 1)
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	tunnel(t, a, b)
	if a.SAs()[0].Policy != 20 || b.SAs()[0].Policy != 10 || b.SAs()[0].Life != time.Hour {
		t.Errorf("%+v %+v", a.SAs()[0], b.SAs()[0])
	}
	debugHas(t, b, "transform 1 against priority 10", "not acceptable", "transform 2 against priority 10", "are acceptable")
}

// Groups of PFS: what the entry demands has to be offered; what it does not demand may be.
func TestPFS(t *testing.T) {
	const line = "crypto map m 10 set pfs "
	for _, test := range []struct {
		ours, theirs string
		want         int // -1: no tunnel
	}{{"group1", "group1", 1}, {"group2", "", 2}, {"group5", "", 5}, {"", "group2", -1}, {"group1", "group2", -1}} {
		w := newWorld(t)
		text := func(base, pfs string) string {
			if pfs == "" {
				return base
			}
			return base + line + pfs + "\n"
		}
		a := w.add("203.0.113.1", text(pixA, test.ours), Options{})
		b := w.add("203.0.113.2", text(mirror(pixA), test.theirs), Options{})
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.run()
		switch {
		case test.want < 0 && (len(a.live) != 0 || len(b.live) != 0):
			t.Errorf("%q and %q make a tunnel", test.ours, test.theirs)
		case test.want >= 0:
			tunnel(t, a, b)
			if a.last().PFS != test.want {
				t.Errorf("group %d", a.last().PFS)
			}
		}
	}
}

// Behind a NAT each dialect of NAT traversal goes over to port 4500, keeps the mapping alive, and follows it when it changes.
func TestNATTraversal(t *testing.T) {
	for name, dialect := range map[string]natt{"RFC 3947": nattRFC, "draft 03": nattDraft03, "draft 02 with line end": nattDraft02LF, "draft 02": nattDraft02} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			natt := func(s string) string {
				return strings.Replace(s, "isakmp enable outside", "isakmp enable outside\nisakmp nat-traversal 20\nisakmp keepalive 10 2", 1)
			}
			a := w.add("203.0.113.1", natt(pixA), Options{})
			// The other end knows the NAT's address only.
			b := w.add("203.0.113.2", strings.NewReplacer("set peer 203.0.113.1", "set peer 198.51.100.1",
				"address 203.0.113.1", "address 198.51.100.1").Replace(natt(mirror(pixA))), Options{})
			outside, port := addr("198.51.100.1"), uint16(10000)
			w.nat = func(d Datagram) (Datagram, bool) {
				if d.Remote.Addr() == addr("203.0.113.1") {
					d.Remote = netip.AddrPortFrom(outside, port+d.Remote.Port()%1000)
					if h, body, err := parseHeader(d.Payload); err == nil && h.exchange == xMain && h.cr == (cookie{}) {
						list, _, err := parsePayloads(h.next, body)
						if err != nil {
							t.Fatal(err)
						}
						list = slices.DeleteFunc(list, func(p payload) bool { // only one dialect is heard of
							return slices.ContainsFunc(nattVendors[1:], func(v []byte) bool { return string(v) == string(p.body) }) &&
								string(p.body) != string(nattVendors[dialect])
						})
						d.Payload = appendPayloads(h.append(nil), list)
						setLength(d.Payload)
					}
				} else if d.Local.Addr() == outside {
					inside := uint16(portIKE)
					if d.Local.Port()-port == portNATT%1000 {
						inside = portNATT
						if portNATT%1000 == portIKE && d.Remote.Port() == portIKE {
							inside = portIKE
						}
					}
					d.Local = netip.AddrPortFrom(addr("203.0.113.1"), inside)
				}
				return d, true
			}
			w.do(a, a.Acquire(0, 0, 0, flowAB))
			w.run()
			pa, pb := a.last(), b.last()
			if fmt.Sprint(pa.In, pa.Out) != fmt.Sprint(pb.Out, pb.In) || pa.In.SPI == 0 || !pa.Encap || !pb.Encap || pa.LocalPort != portNATT || pb.LocalPort != portNATT ||
				pb.Peer != outside || pb.PeerPort != 10500 {
				t.Fatalf("%+v\n%+v", pa, pb)
			}
			if s := b.byID[b.SAs()[0].ID]; s.natt != dialect {
				t.Errorf("dialect %d", s.natt)
			}
			keep := 0
			for range 60 {
				w.clock.Advance(time.Second)
				for _, e := range a.Tick() {
					if k, ok := e.(Keepalive); ok && k.Local.Port() == portNATT && string(k.Payload) == "\xff" {
						keep++
					} else if s, ok := e.(Send); ok {
						w.wire = append(w.wire, Datagram{Local: s.Remote, Remote: s.Local, Payload: s.Payload})
					}
				}
				w.do(b, b.Tick())
				w.run()
			}
			if keep != 3 {
				t.Errorf("%d bytes for the NAT in a minute", keep)
			}
			port = 20000 // the NAT forgets
			w.pass(time.Minute)
			if pb := b.last(); pb.PeerPort != 20500 || len(b.SAs()) != 1 || b.SAs()[0].Peer.Port() != 20500 {
				t.Errorf("the peer is at port %d still", pb.PeerPort)
			}
		})
	}
}

// An IKE SA whose tunnels are of use is renewed before it ends: some peers end the tunnels with it. One of which nothing is needed
// just ends.
func TestRenewal(t *testing.T) {
	w, a, b := twoBoxes(t, "set peer 203.0.113.2", "set peer 203.0.113.2\ncrypto map m 10 set security-association lifetime seconds 600", "lifetime 86400", "lifetime 900")
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	for range 12 * 60 {
		w.pass(5 * time.Second)
		carries(t, w, a, b)
		if len(a.SAs()) == 0 || len(b.SAs()) == 0 {
			t.Fatalf("%v: %d and %d IKE SAs", w.clock.Now(), len(a.SAs()), len(b.SAs()))
		}
	}
	if !slices.ContainsFunc(a.logs, func(s string) bool { return strings.Contains(s, "702212") }) {
		t.Error("no message of the renewal")
	}
	idle := func(uint64) (used, heard time.Time) { return birth, birth }
	a.o.LastUsed, b.o.LastUsed = idle, idle
	w.pass(20 * time.Minute)
	if len(a.SAs())+len(b.SAs())+len(a.live)+len(b.live) > 0 {
		t.Errorf("nobody needs them: %+v %+v", a.SAs(), b.SAs())
	}
}

// Some peers end with an IKE SA the pairs that were negotiated under it: the box has others by then, under the new one, and no packet
// is lost.
func TestRenewalTakesTunnels(t *testing.T) {
	w, a, b := twoBoxes(t, "lifetime 86400", "lifetime 900")
	used := birth
	for _, box := range []*box{a, b} {
		box.o.LastUsed = func(uint64) (time.Time, time.Time) { return used, used }
	}
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	first := a.last()
	for len(a.SAs()) < 2 {
		used = w.clock.Now()
		w.pass(5 * time.Second)
		if w.clock.Now().Sub(birth) > 900*time.Second {
			t.Fatal("it is not renewed")
		}
	}
	w.pass(2 * time.Second)
	if a.last().ID == first.ID || len(a.live) != 2 || len(b.live) != 2 {
		t.Fatalf("no successor of the pair: %+v", a.live)
	}
	old := b.SAs()[0].ID // the oldest comes first
	w.do(b, b.ClearSAs(func(p *runtime.SAPair) bool { s := b.pairs[p.ID].sa; return s != nil && s.id == old }))
	w.run()
	if len(a.live) != 1 || len(b.live) != 1 {
		t.Fatalf("%d and %d pairs", len(a.live), len(b.live))
	}
	carries(t, w, a, b)
}

// A pair that comes to be under an IKE SA when there is a younger one already has a successor under that, too, and so has one that is left
// when its SA ends.
func TestRenewalTakesWhatIsUnderWay(t *testing.T) {
	world := func() (w *world, a, b *box) {
		w, a, b = twoBoxes(t, "lifetime 86400", "lifetime 900")
		for _, box := range []*box{a, b} {
			box.o.LastUsed = func(uint64) (time.Time, time.Time) { return w.clock.Now(), w.clock.Now() }
		}
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.run()
		return w, a, b
	}
	w, a, _ := world()
	for len(a.SAs()) < 2 {
		if w.pass(time.Second); w.clock.Now().Sub(birth) > 900*time.Second {
			t.Fatal("it is not renewed")
		}
	}
	due := w.clock.Now().Sub(birth)

	w, a, b := world()
	w.pass(due - 3*time.Second)
	first, hold := a.last(), true
	var held []Datagram
	w.deliver = func(d Datagram) []Datagram {
		if h, _, err := parseHeader(d.Payload); hold && err == nil && h.exchange == xQuick && d.Remote.Addr() == addr(b.name) {
			held = append(held, d)
			return nil
		}
		return []Datagram{d}
	}
	w.do(a, a.Expire(first.ID, false))
	w.pass(4 * time.Second)
	if len(a.SAs()) != 2 || len(held) == 0 || len(a.live) != 1 {
		t.Fatalf("%d SAs, %d pairs, %d answers held", len(a.SAs()), len(a.live), len(held))
	}
	hold = false
	w.wire = append(w.wire, held...)
	w.pass(time.Second)
	if len(a.live) != 3 {
		t.Fatalf("no successor of what was under way: %+v", a.live)
	}
	old := b.SAs()[0].ID // the oldest comes first
	w.do(b, b.ClearSAs(func(p *runtime.SAPair) bool { s := b.pairs[p.ID].sa; return s != nil && s.id == old }))
	w.run()
	if len(a.live) != 1 || len(b.live) != 1 {
		t.Fatalf("%d and %d pairs", len(a.live), len(b.live))
	}
	carries(t, w, a, b)
}

// A peer that renews its IKE SA begins where the old one is, on port 4500: pairs of the new one go through UDP as well. And a quick
// mode that ends before its third message takes back what it has prepared.
func TestBeginsOnNATPort(t *testing.T) {
	natt := func(s string) string {
		return strings.Replace(s, "isakmp enable outside", "isakmp enable outside\nisakmp nat-traversal 20", 1)
	}
	w := newWorld(t)
	a := w.add("203.0.113.1", natt(pixA), Options{})
	b := w.add("203.0.113.2", natt(mirror(pixA)), Options{})
	hold := false
	w.nat = func(d Datagram) (Datagram, bool) {
		h, _, err := parseHeader(d.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if d.Remote.Addr() == addr("203.0.113.1") {
			d.Remote, d.Local = netip.AddrPortFrom(d.Remote.Addr(), portNATT), netip.AddrPortFrom(d.Local.Addr(), portNATT)
			if hold && h.exchange == xQuick && len(b.ready) > 0 {
				return d, false
			}
		} else if h.exchange == xMain {
			d.Remote, d.Local = netip.AddrPortFrom(d.Remote.Addr(), portIKE), netip.AddrPortFrom(d.Local.Addr(), portIKE)
		}
		return d, true
	}
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	if p := b.last(); !p.Encap || p.PeerPort != portNATT {
		t.Errorf("%+v", p)
	}
	if len(b.ready) > 0 {
		t.Errorf("%+v", b.ready)
	}
	hold = true
	w.do(a, a.Expire(a.last().ID, false))
	w.run()
	if len(b.ready) != 1 {
		t.Fatalf("%+v", b.ready)
	}
	w.pass(time.Minute)
	if len(b.ready) != 0 {
		t.Errorf("%+v", b.ready)
	}
}
