package ike

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

// FuzzMessage reads anything as a message, and each payload as what it says it is. What an SA payload holds is written and read
// again.
func FuzzMessage(f *testing.F) {
	h := header{ci: cookie{1}, next: pSA, exchange: xMain}
	t := transform{number: 1, id: 1, attrs: []attr{basicAttr(1, 1), wordAttr(12, 86400)}}
	sa := appendSA(nil, []proposal{{number: 1, proto: 1, transforms: []transform{t}}, {number: 1, proto: 3, spi: []byte{1, 2, 3, 4}, transforms: []transform{t, t}}})
	for _, list := range [][]payload{{{pSA, sa}}, {{pID, []byte{1, 17, 1, 244, 1, 2, 3, 4}}, {pNotify, make([]byte, 12)}},
		{{pConfig, []byte{1, 0, 0, 7, 0, 1, 0, 0}}, {pCert, []byte{4, 48}}, {pVendor, vidDPD}}} {
		h.next = list[0].kind
		msg := appendPayloads(h.append(nil), list)
		setLength(msg)
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body, err := parseHeader(b)
		if err != nil {
			return
		}
		list, used, err := parsePayloads(h.next, body)
		if err != nil {
			return
		}
		if used > len(body) || len(list) > maxPayloads {
			t.Fatalf("%d of %d bytes, %d payloads", used, len(body), len(list))
		}
		for _, p := range list {
			switch p.kind {
			case pSA:
				offer, err := parseSA(p.body)
				if err != nil {
					continue
				}
				again, err := parseSA(appendSA(nil, offer))
				if err != nil || fmt.Sprint(again) != fmt.Sprint(offer) {
					t.Fatalf("%v was written as %v: %v", offer, again, err)
				}
				for _, p := range offer {
					for _, tr := range p.transforms {
						readSuite(tr)
						readIPsec(p.proto, tr)
						life(tr.attrs, aLifeType, aLife)
					}
				}
			case pID:
				if id, err := parseIdentity(p.body); err == nil {
					if !bytes.Equal(id.append(nil), p.body) {
						t.Fatalf("identity %x is not what was read", p.body)
					}
					proxyOf(id)
				}
			case pNotify:
				if n, err := parseNotification(p.body); err == nil && len(p.body) != len(n.append(nil)) {
					t.Fatalf("notification %x", p.body)
				}
			case pConfig:
				if c, err := parseConfig(p.body); err == nil && len(c.attrs) > maxAttrs {
					t.Fatal("too many attributes")
				}
			}
		}
	})
}

var pixEnd, strangerEnd = netip.MustParseAddrPort("192.168.1.1:500"), netip.MustParseAddrPort("192.168.1.77:500")

// stopped is what ends a message at a client of a fuzzed world instead of the test.
type stopped struct{}

// lenient is a TB at which a client may fail: what it gets may be nonsense.
type lenient struct{ testing.TB }

func (lenient) Fatal(...any)          { panic(stopped{}) }
func (lenient) Fatalf(string, ...any) { panic(stopped{}) }
func (lenient) Errorf(string, ...any) {}

// guarded runs what a client does, and nothing of the box: a client that cannot make sense of what it gets just stops.
func guarded(f func()) {
	defer func() { _ = recover() }()
	f()
}

// pixFuzzed is a box for clients, for a peer, with everything that changes what is read.
const pixFuzzed = `isakmp nat-traversal 20
isakmp keepalive 10 3
isakmp key peerkey address 192.168.1.9 netmask 255.255.255.255 no-xauth no-config-mode
crypto ipsec transform-set both ah-md5-hmac esp-des esp-md5-hmac
crypto dynamic-map dynmap 20 set transform-set both myset
`

// FuzzResponder sends a box sequences of messages: true and broken ones, from strangers and from clients that are logged in, old
// ones again, cut and altered, in between answers of the server group and time. The tables stay within their bounds, nobody gets
// an address before a login, and in the end nothing is left.
func FuzzResponder(f *testing.F) {
	f.Add([]byte{0, 1, 5, 2, 9, 3, 1, 0, 6, 2, 4, 8})
	f.Add([]byte{1, 1, 5, 9, 9, 2, 7, 3, 200, 4, 3, 5, 0, 20})
	f.Add([]byte{0, 5, 6, 1, 12, 0, 0, 0, 1, 3, 4, 0, 9, 9, 9, 9, 6, 2, 11, 8, 7, 40})
	f.Add([]byte{0, 5, 6, 3, 40, 1, 3, 4, 1, 2, 3, 4, 9, 8, 3, 9, 2, 5})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 400 {
			return
		}
		limits := Limits{HalfOpen: 6, HalfOpenPerSource: 3, Proven: 4, SAs: 12, Exchanges: 5, PairsPerSA: 4, Aggressive: 50}
		w, b := clientWorld(t, pixFuzzed, Options{Limits: limits})
		var past []Datagram
		accepted := 0
		w.deliver = func(d Datagram) []Datagram { return []Datagram{d} }
		take := func(n int) []byte {
			n = min(n, len(program))
			out := program[:n]
			program = program[n:]
			return out
		}
		one := func() int {
			if len(program) == 0 {
				return 0
			}
			return int(take(1)[0])
		}
		var clients []*vpnClient
		who := func() *vpnClient {
			if len(clients) == 0 {
				return nil
			}
			return clients[one()%len(clients)]
		}
		step := func() {
			for _, d := range w.wire {
				if d.Local.Addr() == addr("192.168.1.1") && len(past) < 200 {
					past = append(past, Datagram{If: d.If, Local: d.Local, Remote: d.Remote, Payload: slices.Clone(d.Payload)})
				}
			}
			w.run()
		}
		for steps := 0; len(program) > 0 && steps < 60; steps++ {
			switch one() % 9 {
			case 0, 1: // a client begins
				if len(clients) > 4 {
					break
				}
				c := newClient(w, fmt.Sprintf("192.168.1.%d", 2+len(clients)))
				if c.t = (lenient{t}); one()%2 == 1 {
					c.old()
				}
				receive := c.receive
				w.others[c.at.Addr()] = func(d Datagram) { guarded(func() { receive(d) }) }
				clients = append(clients, c)
				c.connect()
				step()
			case 2: // a message again, perhaps altered, cut, from elsewhere
				if len(past) == 0 {
					break
				}
				d := past[one()%len(past)]
				if len(d.Payload) == 0 {
					break
				}
				d.Payload = slices.Clone(d.Payload)
				switch one() % 4 {
				case 1:
					for range 1 + one()%3 {
						d.Payload[one()*3%len(d.Payload)] ^= byte(one())
					}
				case 2:
					d.Payload = d.Payload[:one()*4%len(d.Payload)]
				case 3:
					if c := who(); c != nil {
						d.Remote = c.at
					}
				}
				w.wire = append(w.wire, d)
				step()
			case 3: // anything, perhaps with the cookies of an SA
				payload := slices.Clone(take(one()))
				if c := who(); c != nil && c.s != nil && len(payload) >= 28 {
					copy(payload, c.s.ci[:])
					copy(payload[8:], c.s.cr[:])
				}
				if len(payload) >= 28 {
					setLength(payload)
				}
				w.wire = append(w.wire, Datagram{Local: pixEnd, Remote: strangerEnd, Payload: payload})
				step()
			case 4: // time
				w.pass(time.Duration(one()) * time.Second)
			case 5: // the server group answers
				if len(b.asks) > 0 {
					r := AuthResult{Verdict: Verdict(one() % 4), State: []byte("s")}
					if r.Verdict == Accept {
						accepted++
					}
					answer(t, w, b, r)
				}
			case 6: // a client says anything under its SA
				if c := who(); c != nil && c.s != nil && c.s.keys.block != nil {
					kind := [...]exchangeType{xInfo, xConfig, xQuick}[one()%3]
					list := []payload{{payloadType(one() % 24), slices.Clone(take(one() % 80))}}
					for range one() % 3 {
						list = append(list, payload{payloadType(one() % 24), slices.Clone(take(one() % 80))})
					}
					id := c.id()
					if one()%2 == 1 && c.lastID != 0 {
						id = c.lastID
					}
					guarded(func() { c.hashed(kind, id, list) })
					step()
				}
			case 7: // a client wants another pair, or leaves
				if c := who(); c != nil && c.s != nil && c.s.keys.block != nil {
					if one()%4 == 0 {
						guarded(c.leave)
					} else {
						guarded(c.wantPair)
					}
					step()
				}
			case 8: // the box itself does something
				switch one() % 4 {
				case 0:
					w.do(b, b.Apply(b.plan))
				case 1:
					w.do(b, b.Expire(uint64(one()), one()%2 == 0))
				case 2:
					b.SetDebug(ISAKMP, one()%3)
					b.SetDebug(IPsec, one()%2)
				case 3:
					w.do(b, b.ClearIKE(uint64(1+one())))
				}
				step()
			}
			m := b.Machine
			if len(m.byID) > limits.SAs || m.halfOpen.Len() > limits.HalfOpen || m.provenSA.Len() > limits.Proven || m.familiar.Len() > limits.Proven || len(m.first) > limits.SAs {
				t.Fatalf("%d SAs, %d and %d half open, %d first", len(m.byID), m.halfOpen.Len(), m.provenSA.Len(), len(m.first))
			}
			if accepted == 0 && (len(b.clients) > 0 || len(b.live) > 0 || len(m.clients.leases) > 0) {
				t.Fatal("a client without a login")
			}
			if len(m.byID) > 0 {
				for _, s := range m.byID {
					if s.underWay() > limits.Exchanges+xauthQuestions+2 || len(s.lingers) > maxLinger || len(s.pairs) > limits.PairsPerSA {
						t.Fatalf("%d exchanges under way, %d done, %d pairs", s.underWay(), len(s.lingers), len(s.pairs))
					}
				}
			}
		}
		if strings.Contains(strings.Join(b.logs, "\n")+b.debug.String(), "grouppw") {
			t.Fatal("a key is shown")
		}
		w.do(b, b.ClearIKE(0))
		w.do(b, b.ClearSAs(func(*runtime.SAPair) bool { return true }))
		m := b.Machine
		if n := len(m.byID) + len(m.sas) + len(m.started) + len(m.first) + len(m.peers) + m.halfOpen.Len() + m.provenSA.Len() + len(m.sources) +
			len(m.pairs) + len(m.spis) + len(m.outs) + len(m.acquiring) + len(m.timers) + len(m.clients.leases) + len(m.clients.queries) +
			len(b.live) + len(b.clients) + m.licensed; n != 0 {
			t.Fatalf("something is left: %d SAs %d %d %d, %d peers, %d %d %d, %d pairs %d %d, %d, %d timers, %d leases %d, %d %d, %d", len(m.byID),
				len(m.sas), len(m.started), len(m.first), len(m.peers), m.halfOpen.Len(), m.provenSA.Len(), len(m.sources), len(m.pairs), len(m.spis),
				len(m.outs), len(m.acquiring), len(m.timers), len(m.clients.leases), len(m.clients.queries), len(b.live), len(b.clients), m.licensed)
		}
	})
}
