package ike

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// stranger is a first message of somebody who has proven nothing, as small as it can be, with change made to its payloads.
func stranger(kind exchangeType, group int, n byte, change func([]payload) []payload) []byte {
	tr := transform{number: 1, id: 1, attrs: []attr{basicAttr(aEncryption, encDES), basicAttr(aHash, hashMD5), basicAttr(aAuth, authPSK), basicAttr(aGroup, uint16(group))}}
	list := []payload{{pSA, appendSA(nil, []proposal{{number: 1, proto: protoISAKMP, transforms: []transform{tr}}})}}
	if kind == xAggressive {
		ke := make([]byte, dhGroups[group].size)
		ke[len(ke)-1] = 7
		list = append(list, payload{pKE, ke}, payload{pNonce, make([]byte, 8)}, payload{pID, []byte{idKeyID, 0, 0, 0, 'x'}})
	}
	if change != nil {
		list = change(list)
	}
	h := header{ci: cookie{n, 1}, next: list[0].kind, exchange: kind}
	msg := appendPayloads(h.append(nil), list)
	setLength(msg)
	return msg
}

// moreGroups has clients of every group let in.
const moreGroups = `isakmp policy 30 authentication pre-share
isakmp policy 30 encryption des
isakmp policy 30 hash md5
isakmp policy 30 group 5
isakmp policy 30 lifetime 86400
isakmp nat-traversal 20
`

// without leaves a payload out, and with puts another in its place.
func without(kind payloadType) func([]payload) []payload { return with(kind, nil) }

func with(kind payloadType, body []byte) func([]payload) []payload {
	return func(list []payload) (out []payload) {
		for _, p := range list {
			if p.kind == kind {
				if p.body = body; body == nil {
					continue
				}
			}
			out = append(out, p)
		}
		return out
	}
}

// What is sent to somebody who may have forged his address is no longer than his message in main mode, and in aggressive mode no more
// than the payloads that only the responder has: its identity, nonce and hash, who it is, and the NAT-D it was asked for.
func TestAnswerIsNoLonger(t *testing.T) {
	natt := func(list []payload) []payload { return append(list, payload{pVendor, vidRFC3947}) }
	for _, test := range []struct {
		name    string
		kind    exchangeType
		group   int
		change  func([]payload) []payload
		more    int // octets by which an answer may be longer
		answers int // in all, with repetitions
	}{
		{"main", xMain, 1, nil, 0, 6},
		{"main, group 5", xMain, 5, nil, 0, 6},
		{"main, NAT traversal", xMain, 2, natt, 0, 6},
		{"main, nothing acceptable", xMain, 2, with(pSA, appendSA(nil, []proposal{{number: 1, proto: protoISAKMP, transforms: []transform{{number: 1, id: 1}}}})), 0, 1},
		{"main, no SA", xMain, 2, with(pSA, []byte{0}), 0, 0},
		// IDir 12, nonce 24 for 12, HASH_R 20, three vendor IDs 52, less the identity of 9 octets
		{"aggressive, group 1", xAggressive, 1, nil, 12 + 12 + 20 + 52 - 9, 6},
		{"aggressive, group 2", xAggressive, 2, nil, 12 + 12 + 20 + 52 - 9, 6},
		{"aggressive, group 5", xAggressive, 5, nil, 12 + 12 + 20 + 52 - 9, 6},
		{"aggressive, NAT traversal", xAggressive, 2, natt, 12 + 12 + 20 + 52 - 9 + 40, 6},
		{"aggressive, nothing acceptable", xAggressive, 2, with(pSA, appendSA(nil, []proposal{{number: 1, proto: protoISAKMP, transforms: []transform{{number: 1, id: 1}}}})), 0, 1},
		{"aggressive, a public value of one octet", xAggressive, 2, with(pKE, []byte{7}), 0, 0},
		{"aggressive, a public value that is too short", xAggressive, 2, with(pKE, make([]byte, 127)), 0, 0},
		{"aggressive, no public value", xAggressive, 2, without(pKE), 0, 0},
		{"aggressive, no nonce", xAggressive, 2, without(pNonce), 0, 0},
		{"aggressive, no identity", xAggressive, 2, without(pID), 0, 0},
		{"quick mode", xQuick, 2, nil, 0, 0},
		{"transaction", xConfig, 2, nil, 0, 0},
		{"informational", xInfo, 2, nil, 0, 0},
		{"what is none", 99, 2, nil, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, b := clientWorld(t, moreGroups, Options{})
			msg := stranger(test.kind, test.group, 1, test.change)
			w.do(b, b.Receive(Datagram{Local: netip.MustParseAddrPort("192.168.1.1:500"), Remote: netip.MustParseAddrPort("192.0.2.77:500"), Payload: msg}))
			w.pass(5 * time.Minute)
			if len(b.sent) != test.answers {
				t.Errorf("%d answers", len(b.sent))
			}
			for _, d := range b.sent {
				if len(d.Payload) > len(msg)+test.more {
					t.Fatalf("%d octets in answer to %d", len(d.Payload), len(msg))
				}
			}
			if test.answers == 0 && b.secrets > 0 {
				t.Error("a Diffie-Hellman key for a message that is not answered")
			}
			if len(b.SAs()) != 0 || b.halfOpen.Len() != 0 {
				t.Errorf("left: %v", b.SAs())
			}
		})
	}
}

// Nobody has this box compute a Diffie-Hellman secret before his second message where the exchange allows to wait for it.
func TestNoSecretBeforeTheSecondMessage(t *testing.T) {
	w, b := clientWorld(t, moreGroups, Options{})
	for n := range 100 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 500)
		w.do(b, b.Receive(Datagram{Local: netip.MustParseAddrPort("192.168.1.1:500"), Remote: from, Payload: stranger(xMain, 2, byte(n), nil)}))
	}
	w.run()
	if len(b.sent) != 100 || b.secrets != 0 {
		t.Fatalf("%d answers, %d keys", len(b.sent), b.secrets)
	}
	c := newClient(w, "192.168.1.3").old()
	c.connect()
	w.run()
	c.wants("phase1 | " + asked)
	if b.secrets != 1 {
		t.Errorf("%d keys for one client", b.secrets)
	}
	// Neither does the initiator before it is answered.
	w, a, p := twoBoxes(t)
	w.deliver = func(Datagram) []Datagram { return nil }
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.pass(10 * time.Second)
	if len(a.sent) != 3 || a.secrets != 0 {
		t.Errorf("%d messages, %d keys", len(a.sent), a.secrets)
	}
	w.deliver = nil
	w.pass(20 * time.Second)
	tunnel(t, a, p)
	if a.secrets != 1 || p.secrets != 1 {
		t.Errorf("%d and %d keys for one tunnel", a.secrets, p.secrets)
	}
}

// counted counts what is drawn.
type counted struct {
	n    int
	rand interface{ Read([]byte) (int, error) }
}

func (c *counted) Read(b []byte) (int, error) { c.n += len(b); return c.rand.Read(b) }

// A group that exists, one that does not, and one whose password is masked have the box do the same work and get answers of the same
// shape: who does not know the password learns nothing, neither from the answer nor from the time it takes. Work is counted in
// Diffie-Hellman keys, random octets and allocations, each HMAC having several.
func TestGroupNamesAreNotTold(t *testing.T) {
	type work struct {
		keys, drawn int
		allocs      float64
		answer      string
	}
	var want work
	for i, name := range []string{"vpn3000", "vpn3001", "nobody!", "masked!"} {
		c := &counted{rand: chacha(3)}
		_, b := clientWorld(t, "vpngroup masked! address-pool VPNpool\nvpngroup masked! password ********\n", Options{Rand: c, Limits: Limits{HalfOpen: 1 << 20, HalfOpenPerSource: 1 << 20, Aggressive: 1 << 20}})
		n := byte(0)
		local, remote := netip.MustParseAddrPort("192.168.1.1:500"), netip.MustParseAddrPort("192.168.1.2:500")
		first := func() []Effect {
			n++
			return b.Receive(Datagram{Local: local, Remote: remote, Payload: stranger(xAggressive, 2, n, with(pID, append([]byte{idKeyID, 17, 1, 244}, name...)))})
		}
		var got work
		for _, e := range first() {
			d, ok := e.(Send)
			if !ok {
				continue
			}
			h, body, err := parseHeader(d.Payload)
			if err != nil {
				t.Fatal(err)
			}
			list, _, err := parsePayloads(h.next, body)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				got.answer += fmt.Sprintf("%d:%d ", p.kind, len(p.body))
			}
		}
		got.keys, got.drawn = int(b.secrets), c.n
		got.allocs = testing.AllocsPerRun(50, func() { first() })
		if i == 0 {
			want = got
		}
		if got != want || got.answer == "" {
			t.Errorf("%s: %+v\n%s: %+v", name, got, "vpn3000", want)
		}
	}
}

// A packet's wish for a tunnel is told of at once, with or without somebody who answers, and only once.
func TestRequestIsTold(t *testing.T) {
	w, a, b := twoBoxes(t)
	told := func() (n int) {
		for _, text := range a.logs {
			if strings.HasPrefix(text, "%PIX-7-702303: sa_request, (key eng. msg.) src= 203.0.113.1, dest= 203.0.113.2, src_proxy= 10.0.0.0/255.255.255.0/0/0") {
				n++
			}
		}
		return n
	}
	w.deliver = func(Datagram) []Datagram { return nil }
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	if n := told(); n != 1 {
		t.Errorf("told %d times before the peer has answered\n%s", n, strings.Join(a.logs, "\n"))
	}
	w.deliver = nil
	w.pass(20 * time.Second)
	tunnel(t, a, b)
	if n := told(); n != 1 {
		t.Errorf("told %d times of one tunnel", n)
	}
}
