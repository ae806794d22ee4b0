package ike

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A client behind a NAT logs in with each dialect of NAT traversal in aggressive mode: it announces it in its first message, goes over
// to port 4500 with its last, and its pair goes through UDP, by the number that the dialect has for it.
func TestClientDialects(t *testing.T) {
	for name, dialect := range map[string]natt{"RFC 3947": nattRFC, "draft 03": nattDraft03, "draft 02 with line end": nattDraft02LF, "draft 02": nattDraft02} {
		t.Run(name, func(t *testing.T) {
			w, b := clientWorld(t, "isakmp nat-traversal 20\n", Options{})
			c := newClient(w, "192.168.1.2")
			c.natt = dialect
			attrs := []attr{basicAttr(iAuth, macMD5), basicAttr(iEncap, dialect.encap(false))}
			c.proposals = []proposal{{number: 1, proto: protoESP, spi: word(0x4321), transforms: []transform{{number: 1, id: espDES, attrs: attrs}}}}
			c.connect()
			w.run()
			answer(t, w, b, AuthResult{Verdict: Accept})
			c.wants("natt true 2 | " + passed + " | CFG_REPLY 1 | quick")
			p := b.last()
			if !p.Encap || p.PeerPort != 44500 || p.LocalPort != portNATT || p.Client != addr("10.89.129.200") {
				t.Errorf("%+v", p)
			}
			s := b.byID[b.SAs()[0].ID]
			if s.natt != dialect || !s.floated || !s.peerBehind || s.weAreBehind {
				t.Errorf("dialect %d, floated %v, NAT before the peer %v, before us %v", s.natt, s.floated, s.peerBehind, s.weAreBehind)
			}
		})
	}
	// Without nat-traversal none is spoken, and the pair is not for UDP.
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.natt = nattRFC
	c.connect()
	w.run()
	if len(c.got) == 0 || c.got[0] != "natt false 0" || b.byID[b.SAs()[0].ID].natt != nattNone {
		t.Errorf("%v", c.got)
	}
}

// A client with a wrong group password that goes on nevertheless: the box says that the message makes no sense (702206), and that it
// repeats its own (702204); nothing of it is taken.
func TestWrongGroupPassword(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	c := newClient(w, "192.168.1.2")
	c.key, c.stubborn = "wrong", true
	c.connect()
	w.run()
	w.others[c.at.Addr()] = func(Datagram) {}
	w.pass(time.Minute)
	const who = " (local 192.168.1.1 (responder), remote 192.168.1.2)"
	for _, want := range []string{"%PIX-7-702208: ISAKMP Phase 1 exchange started" + who, "%PIX-7-702206: ISAKMP malformed payload received" + who, "%PIX-7-702204: ISAKMP Phase 1 retransmission" + who} {
		if !slices.Contains(b.logs, want) {
			t.Errorf("no %q in\n%s", want, strings.Join(b.logs, "\n"))
		}
	}
	if slices.ContainsFunc(b.logs, func(s string) bool { return strings.Contains(s, "702210") || strings.Contains(s, "602201") }) || len(b.SAs()) != 0 || len(b.asks) != 0 {
		t.Errorf("taken: %v\n%s", b.SAs(), strings.Join(b.logs, "\n"))
	}
}
