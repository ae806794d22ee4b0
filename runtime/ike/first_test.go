package ike

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// floodMessage is a first message as somebody sends it who wants no answer: DES, MD5, group 2.
func floodMessage(r *rand.Rand, aggressive bool, group string) []byte {
	number := func(t, v uint16) attr { return basicAttr(t, v) }
	tr := transform{number: 1, id: 1, attrs: []attr{number(1, 1), number(2, 1), number(3, 1), number(4, 2)}}
	list := []payload{{pSA, appendSA(nil, []proposal{{number: 1, proto: protoISAKMP, transforms: []transform{tr}}})}}
	kind := xMain
	if aggressive {
		kind = xAggressive
		ke, nonce := make([]byte, 128), make([]byte, 20)
		for i := range ke {
			ke[i] = byte(r.Uint32())
		}
		ke[0] = 1
		id := identity{Type: idKeyID, Proto: 17, Port: 500, Data: []byte(group)}
		list = append(list, payload{pKE, ke}, payload{pNonce, nonce}, payload{pID, id.append(nil)})
	}
	h := header{next: list[0].kind, exchange: kind}
	binary.BigEndian.PutUint64(h.ci[:], r.Uint64()|1)
	msg := appendPayloads(h.append(nil), list)
	setLength(msg)
	return msg
}

// A flood sends first messages from addresses at random.
type flood struct {
	w    *world
	box  *box
	r    *rand.Rand
	aggr bool
	at   string
}

// floodRate is how many come in a second.
const floodRate = 20000

// lasts sends them for some time.
func (f *flood) lasts(d time.Duration) {
	n := int(d.Seconds() * floodRate)
	for range n {
		f.w.clock.Advance(time.Second / floodRate)
		f.sends(netip.AddrFrom4([4]byte{100, byte(f.r.Uint32()), byte(f.r.Uint32()), byte(f.r.Uint32())}))
	}
}

// sends sends one, whose answer reaches nobody.
func (f *flood) sends(from netip.Addr) {
	var rest []Effect
	for _, e := range f.box.Receive(Datagram{Local: netip.MustParseAddrPort(f.at), Remote: netip.AddrPortFrom(from, 500), Payload: floodMessage(f.r, f.aggr, "vpn3000")}) {
		if _, ok := e.(Send); !ok {
			rest = append(rest, e)
		}
	}
	f.w.do(f.box, rest)
}

// distant lets each answer of the box be under way for a time during which the flood goes on.
func (f *flood) distant(way time.Duration) {
	f.w.deliver = func(d Datagram) []Datagram {
		if d.Payload[18] == byte(xMain) || d.Payload[18] == byte(xAggressive) {
			f.lasts(way)
		} else {
			f.lasts(way / 40) // nobody pushes these out
		}
		return []Datagram{d}
	}
}

// While 20,000 first messages come in a second, whoever is there logs in, over a way there and back of a fifth of a second, in either mode; a client
// that is connected renews both its phases.
func TestFlood(t *testing.T) {
	for _, aggressive := range []bool{false, true} {
		w, b := clientWorld(t, "", Options{})
		c := newClient(w, "192.168.1.2")
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		f := &flood{w: w, box: b, r: rand.New(rand.NewPCG(1, 2)), aggr: aggressive, at: "192.168.1.1:500"}
		f.lasts(time.Second / 2)
		secrets := b.secrets
		f.lasts(time.Second)
		if n := b.secrets - secrets; n > 402 {
			t.Errorf("aggressive %v: %d keys are drawn in a second", aggressive, n)
		}
		f.distant(200 * time.Millisecond)
		again := newClient(w, "192.168.1.2") // phase 1 anew, from the same address
		again.m.o.Rand = chacha(77)
		again.nextID, again.noContact = 100, true
		again.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if again.addr != addr("10.89.129.200") || again.pairs != 1 {
			t.Errorf("aggressive %v: a client that renews has %v", aggressive, again.got)
		}
		again.wantPair() // phase 2 anew
		w.run()
		if again.pairs != 2 {
			t.Errorf("aggressive %v: pairs: %v", aggressive, again.got)
		}
		for i, old := range []bool{false, true} {
			n := newClient(w, []string{"192.168.1.7", "192.168.1.8"}[i])
			if old {
				n.old()
			}
			n.connect()
			w.run()
			answer(t, w, b, AuthResult{Verdict: Accept})
			if n.pairs != 1 {
				t.Errorf("aggressive %v: a new client has %v", aggressive, n.got)
			}
		}
		if n := len(b.SAs()); n > 6010 {
			t.Errorf("%d SAs", n)
		}
	}
}

// A site renews both its phases while its peer is flooded, whichever side begins.
func TestFloodSite(t *testing.T) {
	for _, ours := range []bool{true, false} {
		w, a, b := twoBoxes(t)
		w.do(a, a.Acquire(0, 0, 0, flowAB))
		w.run()
		f := &flood{w: w, box: a, r: rand.New(rand.NewPCG(1, 2)), at: "203.0.113.1:500"}
		f.lasts(time.Second / 2)
		f.distant(200 * time.Millisecond)
		by := a
		if !ours {
			by = b
		}
		was := a.last().ID
		w.do(by, by.Expire(by.last().ID, false))
		w.run()
		w.deliver = nil
		w.pass(turnAfter)
		if a.last().ID == was {
			t.Fatal("the pair is not renewed")
		}
		tunnel(t, a, b)
		f.distant(200 * time.Millisecond)
		w.do(by, by.ClearIKE(0))
		w.run()
		flow := flowAB
		if !ours {
			flow.Src, flow.Dst = flow.Dst, flow.Src
		}
		w.do(by, by.Acquire(0, 0, 0, flow))
		w.run()
		tunnel(t, a, b)
	}
}

// Somebody who knows the address of a client floods in its name: the client has its own share of what is under way, and others have theirs.
func TestFloodInTheNameOfAClient(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	f := &flood{w: w, box: b, r: rand.New(rand.NewPCG(1, 2)), aggr: true, at: "192.168.1.1:500"}
	delete(w.others, addr("192.168.1.2"))
	for range 1000 {
		f.sends(addr("192.168.1.2"))
	}
	if n := len(b.SAs()); n != 1+64 {
		t.Errorf("%d SAs", n)
	}
	d := newClient(w, "192.168.1.3")
	d.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	if d.pairs != 1 || len(b.live) != 2 {
		t.Errorf("%v %v", d.got, b.live)
	}
}

// Keys that serve several exchanges do so for a second, and each of them has secrets of its own.
func TestKeptKey(t *testing.T) {
	w, b := clientWorld(t, "", Options{Limits: Limits{Aggressive: 1}})
	for i := range 3 {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 2+i))
		c.connect()
		w.run()
		c.wants("phase1 | " + asked)
	}
	if b.secrets != 2 || len(b.kept) != 1 {
		t.Errorf("%d keys are drawn for three exchanges", b.secrets)
	}
	w.pass(keepKey)
	if len(b.kept) != 0 {
		t.Error("a key is kept too long")
	}
}

func BenchmarkFirst(b *testing.B) {
	for name, aggressive := range map[string]bool{"main": false, "aggressive": true} {
		b.Run(name, func(b *testing.B) {
			_, box := clientWorld(b, "isakmp policy 30 authentication pre-share\nisakmp policy 30 group 2\nisakmp policy 30 hash md5\n", Options{Limits: Limits{Aggressive: 1 << 30}})
			r := rand.New(rand.NewPCG(1, 2))
			local := netip.MustParseAddrPort("192.168.1.1:500")
			sent := 0
			var msgs []Datagram
			for range b.N {
				msgs = append(msgs, Datagram{Local: local, Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{100, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}), 500),
					Payload: floodMessage(r, aggressive, "vpn3000")})
			}
			b.ResetTimer()
			b.ReportAllocs()
			for i := range msgs {
				for _, e := range box.Receive(msgs[i]) {
					if _, ok := e.(Send); ok {
						sent++
					}
				}
			}
			if sent != b.N {
				b.Fatalf("%d of %d answered", sent, b.N)
			}
		})
	}
}
