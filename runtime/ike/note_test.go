package ike

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// longLife is the life that the clients of the time ask for: 2147483 seconds.
var longLife = []byte{0, 0x20, 0xc4, 0x9b}

// client4x makes a client offer what 4.x has offered a box, in the order of that time: eight transforms of phase 1, seven proposals
// of quick mode of which some have compression beside, and two pairs at once (commands-vpn-aaa-show.md 2.5, 2.8, 3.2).
func (c *vpnClient) client4x() *vpnClient {
	for i, o := range []struct{ enc, hash, auth uint16 }{{5, 2, authXauthPSK}, {5, 1, authXauthPSK}, {5, 2, authPSK}, {5, 1, authPSK},
		{1, 2, authXauthPSK}, {1, 1, authXauthPSK}, {1, 2, authPSK}, {1, 1, authPSK}} {
		c.transforms = append(c.transforms, transform{number: uint8(i + 1), id: 1, attrs: []attr{basicAttr(aEncryption, o.enc), basicAttr(aHash, o.hash),
			basicAttr(aGroup, 2), basicAttr(aAuth, o.auth), basicAttr(aLifeType, lifeSeconds), rawAttr(aLife, longLife)}})
	}
	for i, o := range []struct {
		id   uint8
		auth uint16
		comp bool
	}{{esp3DES, macMD5, true}, {esp3DES, macSHA, true}, {esp3DES, macMD5, false}, {esp3DES, macSHA, false}, {espDES, macMD5, true},
		{espDES, macSHA, true}, {espDES, macMD5, false}} {
		n := uint8(i + 1)
		life := []attr{basicAttr(iLifeType, lifeSeconds), rawAttr(iLife, longLife)}
		t := transform{number: 1, id: o.id, attrs: append([]attr{basicAttr(iAuth, o.auth), basicAttr(iEncap, encapTunnel)}, life...)}
		c.proposals = append(c.proposals, proposal{number: n, proto: protoESP, spi: word(0x3d1b3500 + uint32(n)), transforms: []transform{t}})
		if o.comp {
			t := transform{number: 1, id: 3, attrs: append([]attr{basicAttr(iEncap, encapTunnel)}, life...)}
			c.proposals = append(c.proposals, proposal{number: n, proto: protoIPCOMP, spi: []byte{0x12, n}, transforms: []transform{t}})
		}
	}
	c.second = &identity{Type: idSubnet, Data: make([]byte, 8)}
	return c
}

// noteLogin is what a box shows of a login with `debug crypto isakmp` and `debug crypto ipsec`.
func noteLogin(t testing.TB, old bool) string {
	t.Helper()
	w, b := clientWorld(t, "", Options{})
	b.SetDebug(ISAKMP, 1)
	b.SetDebug(IPsec, 1)
	pairs, from := 2, "192.168.1.2"
	if old {
		pairs, from = 1, "192.168.1.3"
	}
	c := newClient(w, from)
	if old {
		c.old()
		c.vendors = []payload{{pVendor, unhex("da8e937880010000")}, {pVendor, unhex("0102030405060708090a0b0c0d0e0f10")}}
	} else {
		c.client4x()
	}
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	if len(b.live) != pairs || c.pairs != pairs || len(b.clients) != 1 {
		t.Fatalf("%d pairs, %d clients\n%s", len(b.live), len(b.clients), b.debug.String())
	}
	return b.debug.String()
}

// The debug output of both logins of the note, line for line.
func TestLoginDebug(t *testing.T) {
	for _, test := range []struct {
		file string
		old  bool
	}{{"login-4x.txt", false}, {"login-11.txt", true}} {
		got := noteLogin(t, test.old)
		path := filepath.Join("testdata", test.file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Fatalf("%s:%d: %q, want %q", test.file, i+1, at(g, i), at(w, i))
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "the end"
}

// values are what differs from one login to the next: SPIs, message IDs, numbers of connections, the length of an answer.
var values = regexp.MustCompile(`0x[0-9a-f]{5,}|\d{8,}|conn_id\s*=?\s*\d+|allocating\s+entry\s+\d+|message\s+ID\s+=\s+(84|92)\b`)

// plainText is debug output without values, spaces and line ends: the note has been wrapped by hand.
func plainText(s string) string {
	s = values.ReplaceAllString(s, "#")
	return strings.ToLower(strings.Join(strings.Fields(s), ""))
}

// The same logins as the note prints them, which is where the templates come from. What the copy of the note has lost is named.
func TestLoginAsNoted(t *testing.T) {
	b, err := os.ReadFile("../../../shared/seed/vpnclient-xauth-note.es.txt")
	if err != nil {
		t.Skip("the note is not beside the source")
	}
	text := strings.ReplaceAll(string(b), "```", "")
	cut := func(from, to string) string {
		i := strings.Index(text, from)
		if i < 0 {
			t.Fatalf("no %q in the note", from)
		}
		s := text[i:]
		if j := strings.Index(s, to); j >= 0 {
			s = s[:j]
		}
		return s
	}
	fix := strings.NewReplacer("auth pre-shared", "auth pre-share",
		"!--- Attributes offered by the VPN Client are accepted by the PIX.", "",
		"priority 10 policy\n      encryption", "priority 10 policy\nISAKMP: encryption", "ISAKMP:      encryption", "ISAKMP: encryption")
	for _, test := range []struct {
		name, from, to string
		old            bool
	}{
		{"4.x", "crypto_isakmp_process_block: src 192.168.1.2", "pixfirewall#show uauth", false},
		{"1.1", "crypto_isakmp_process_block: src 192.168.1.3", "[Información Relacionada]", true},
	} {
		got := noteLogin(t, test.old)
		if !test.old { // of the second quick mode the note has only the beginning
			second := strings.Index(got, "OAK_QM_IDLE")
			second += strings.Index(got[second+1:], "OAK_QM_IDLE") + 1
			from := second + strings.Index(got[second:], "authenticator is HMAC-MD5\n") + len("authenticator is HMAC-MD5\n")
			to := from + strings.Index(got[from:], "crypto_isakmp_process_block")
			got = got[:from] + got[to:]
		}
		g, w := plainText(got), plainText(fix.Replace(cut(test.from, test.to)))
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Errorf("%s: after %s\n got %s\nwant %s", test.name, g[max(0, i-60):i], g[i:min(len(g), i+80)], w[i:min(len(w), i+80)])
				break
			}
		}
	}
}

// offered is the SA payload of the client's quick mode.
func (c *vpnClient) offered(spi uint32) []byte {
	if c.proposals != nil {
		return appendSA(nil, c.proposals)
	}
	t := transform{number: 1, id: 2, attrs: []attr{basicAttr(iAuth, macMD5), basicAttr(iEncap, encapTunnel)}}
	return appendSA(nil, []proposal{{number: 1, proto: protoESP, spi: binary.BigEndian.AppendUint32(nil, spi), transforms: []transform{t}}})
}
