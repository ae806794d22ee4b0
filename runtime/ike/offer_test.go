package ike

import (
	"strings"
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

// Of the transforms of a proposal the peer's first is taken that any transform set has, whatever the order of the sets
// (commands-vpn-aaa-show.md 2.8), and debug output shows the one that is taken.
func TestTransformOrder(t *testing.T) {
	tr := func(n, id uint8, attrs ...attr) transform {
		return transform{number: n, id: id, attrs: append(attrs, basicAttr(iEncap, encapTunnel))}
	}
	aes := tr(1, espAES, basicAttr(iKeyLength, 256), basicAttr(iAuth, macSHA))
	des := tr(2, espDES, basicAttr(iAuth, macMD5))
	for _, test := range []struct {
		name  string
		offer []transform
		want  string
	}{
		{"aes first", []transform{aes, des}, "esp-aes-256"},
		{"des first", []transform{des, aes}, "esp-des"},
		{"something else first", []transform{tr(3, esp3DES, basicAttr(iAuth, macMD5)), aes, des}, "esp-aes-256"},
	} {
		w, b := clientWorld(t, "crypto ipsec transform-set strong esp-aes-256 esp-sha-hmac\nno crypto dynamic-map dynmap 10 set transform-set myset\n"+
			"crypto dynamic-map dynmap 10 set transform-set myset strong\n", Options{})
		b.SetDebug(ISAKMP, 1)
		c := newClient(w, "192.168.1.2")
		c.proposals = []proposal{{number: 1, proto: protoESP, spi: word(0x1234), transforms: test.offer}}
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if got := b.last().In.Cipher; got != test.want {
			t.Errorf("%s: %q, want %s", test.name, got, test.want)
		}
		_, shown, _ := strings.Cut(b.debug.String(), "IPSec proposal 1")
		shown, _, _ = strings.Cut(shown, "atts are acceptable")
		if name := map[string]string{"esp-des": "ESP_DES", "esp-aes-256": "ESP_AES"}[test.want]; !strings.Contains(shown[strings.LastIndex(shown, "transform "):], name) {
			t.Errorf("%s: shown %q", test.name, shown)
		}
	}

	// Members that belong together: the order of the first decides, and the second has to be there for the same set.
	w, b := clientWorld(t, "crypto ipsec transform-set both ah-sha-hmac esp-3des\ncrypto ipsec transform-set other ah-md5-hmac esp-des\n"+
		"no crypto dynamic-map dynmap 10 set transform-set myset\ncrypto dynamic-map dynmap 10 set transform-set other both\n", Options{})
	c := newClient(w, "192.168.1.2")
	c.proposals = []proposal{
		{number: 1, proto: protoAH, spi: word(0x1234), transforms: []transform{tr(1, ahSHA, basicAttr(iAuth, macSHA)), tr(2, ahMD5, basicAttr(iAuth, macMD5))}},
		{number: 1, proto: protoESP, spi: word(0x1235), transforms: []transform{tr(1, espDES), tr(2, esp3DES)}},
	}
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	if p := b.last(); p.In.Cipher != "esp-3des" || p.InAH.Auth != "ah-sha-hmac" {
		t.Errorf("%+v", p)
	}
}
