package ike

import (
	"testing"
)

// An SPI of 0 names nothing: a proposal that has one is no proposal, and an answer that has one is none, so that nothing of a set with
// AH and ESP is left out.
func TestSPIZero(t *testing.T) {
	ah := func(spi uint32) proposal {
		return proposal{number: 1, proto: protoAH, spi: word(spi), transforms: []transform{{number: 1, id: ahMD5, attrs: []attr{basicAttr(iAuth, macMD5), basicAttr(iEncap, encapTunnel)}}}}
	}
	esp := func(spi, auth uint32) proposal {
		attrs := []attr{basicAttr(iEncap, encapTunnel)}
		if auth != 0 {
			attrs = append(attrs, basicAttr(iAuth, uint16(auth)))
		}
		return proposal{number: 1, proto: protoESP, spi: word(spi), transforms: []transform{{number: 1, id: espDES, attrs: attrs}}}
	}
	for _, test := range []struct {
		name, set string
		offer     []proposal
		want      int
	}{
		{"esp", "esp-des esp-md5-hmac", []proposal{esp(300, macMD5)}, 1},
		{"esp 0", "esp-des esp-md5-hmac", []proposal{esp(0, macMD5)}, 0},
		{"ah and esp", "ah-md5-hmac esp-des", []proposal{ah(300), esp(301, 0)}, 1},
		{"ah and esp 0", "ah-md5-hmac esp-des", []proposal{ah(300), esp(0, 0)}, 0},
		{"ah 0 and esp", "ah-md5-hmac esp-des", []proposal{ah(0), esp(300, 0)}, 0},
	} {
		w, b := clientWorld(t, "no crypto ipsec transform-set myset\ncrypto ipsec transform-set myset "+test.set+"\n", Options{})
		c := newClient(w, "192.168.1.2")
		c.proposals = test.offer
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if len(b.live) != test.want {
			t.Errorf("%s: %d pairs: %+v", test.name, len(b.live), b.last())
		}
	}

	w, a, _ := twoBoxes(t, "ts esp-des esp-md5-hmac", "ts ah-md5-hmac esp-des")
	w.deliver = func(d Datagram) []Datagram {
		if d.Payload[18] == byte(xQuick) {
			return nil
		}
		return []Datagram{d}
	}
	w.do(a, a.Acquire(0, 0, 0, flowAB))
	w.run()
	for _, s := range a.byID {
		for _, x := range s.exchanges {
			answer := []proposal{}
			for _, p := range x.quick.offers[0].members {
				if p.proto == protoESP {
					p.spi = word(0)
				}
				answer = append(answer, p)
			}
			a.begin()
			if err := a.quickSecond(s, x, []payload{{pSA, appendSA(nil, answer)}, {pNonce, a.nonce()}}); err != errSA {
				t.Errorf("an answer with SPI 0: %v", err)
			}
			w.do(a, a.end())
		}
	}
	if len(a.SAs()) != 1 || len(a.live) != 0 {
		t.Errorf("%v %v", a.SAs(), a.live)
	}
}
