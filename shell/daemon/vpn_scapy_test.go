package daemon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pixfw/parser"
)

// scapyTunnel is a tunnel with keys set by hand, as testdata/scapy_ping.py reads it: its addresses, its transforms, and the pings to
// send through it, each a size and, unless zero, the size of the pieces into which the protected packet is cut.
type scapyTunnel struct {
	Tunnel    bool     `json:"tunnel"`
	Cipher    string   `json:"cipher"`
	CipherKey string   `json:"cipher_key"`
	MAC       string   `json:"mac"`
	MACKey    string   `json:"mac_key"`
	AH        string   `json:"ah"`
	AHKey     string   `json:"ah_key"`
	Out       uint32   `json:"spi_out"` // as the peer sees it
	In        uint32   `json:"spi_in"`
	Peer      string   `json:"peer"`
	Box       string   `json:"box"`
	Src       string   `json:"src"`
	Dst       string   `json:"dst"`
	Pings     [][2]int `json:"pings"`
}

// lines configure the other end.
func (p *scapyTunnel) lines(seq int) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("access-list t%d permit ip host %s host %s", seq, p.Dst, p.Src)
	say("crypto ipsec transform-set s%d %s", seq, strings.Join(strings.Fields(p.AH+" "+p.Cipher+" "+p.MAC), " "))
	if !p.Tunnel {
		say("crypto ipsec transform-set s%d mode transport", seq)
	}
	entry := fmt.Sprintf("crypto map m %d ", seq)
	say(entry + "ipsec-manual")
	say(entry+"match address t%d", seq)
	say(entry+"set peer %s", p.Peer)
	say(entry+"set transform-set s%d", seq)
	for way, spi := range map[string]uint32{"inbound": p.Out, "outbound": p.In} {
		if p.Cipher != "" {
			keys := "cipher " + p.CipherKey
			if p.CipherKey == "" {
				keys = "cipher 0123456789abcdef" // esp-null has none, but the line wants one
			}
			if p.MAC != "" {
				keys += " authenticator " + p.MACKey
			}
			say(entry+"set session-key %s esp %d %s", way, spi, keys)
		}
		if p.AH != "" {
			say(entry+"set session-key %s ah %d %s", way, spi+1000, p.AHKey)
		}
	}
	return b.String()
}

// TestScapyPeer pings through tunnels of AH, ESP and both, in tunnel and transport mode, to a host and to the firewall itself, from a
// peer that is scapy. Some of the packets arrive in fragments.
func TestScapyPeer(t *testing.T) {
	const python = "/usr/bin/python3" // which the Debian package is for
	if out, err := exec.Command(python, "-c", "import scapy.layers.ipsec, cryptography").CombinedOutput(); err != nil {
		t.Skipf("scapy is not installed: %v %s", err, out)
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("no TUN devices here: ", err)
	}
	n := newNetwork(t)
	key := func(octets int) string { return strings.Repeat("0123456789abcdef", 4)[:2*octets] }
	text := config + "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.0.0\nnat (inside) 0 access-list nonat\n" +
		"sysopt connection permit-ipsec\n"
	var list []scapyTunnel
	for i, c := range []struct {
		tunnel          bool
		cipher, mac, ah string
		cipherKey, key  int
	}{
		{true, "", "", "ah-md5-hmac", 0, 0},
		{true, "", "", "ah-sha-hmac", 0, 0},
		{true, "esp-aes-256", "esp-sha-hmac", "", 32, 20},
		{true, "esp-3des", "esp-md5-hmac", "ah-sha-hmac", 24, 16},
		{true, "esp-null", "esp-md5-hmac", "", 0, 16},
		{false, "", "", "ah-sha-hmac", 0, 0},
		{false, "esp-des", "", "ah-md5-hmac", 8, 0},
		{false, "esp-des", "esp-md5-hmac", "", 8, 16},
		{false, "esp-aes", "esp-sha-hmac", "ah-sha-hmac", 16, 20},
	} {
		p := scapyTunnel{Tunnel: c.tunnel, Cipher: c.cipher, MAC: c.mac, AH: c.ah, CipherKey: key(c.cipherKey), MACKey: key(c.key),
			In: uint32(2000 + i), Out: uint32(5000 + i), Peer: fmt.Sprintf("192.0.2.%d", 100+i), Box: "192.0.2.1", Dst: "10.0.0.2", Src: fmt.Sprintf("10.9.%d.1", i),
			Pings: [][2]int{{0, 0}, {56, 0}, {1300, 0}, {1300, 512}}}
		switch c.ah {
		case "ah-md5-hmac":
			p.AHKey = key(16)
		case "ah-sha-hmac":
			p.AHKey = key(20)
		}
		if !c.tunnel {
			p.Src, p.Dst = p.Peer, p.Box
		}
		list = append(list, p)
		text += p.lines(i + 1)
		run(t, "ip", "-n", n.out, "addr", "add", p.Peer+"/24", "dev", "eth0")
	}
	text += "crypto map m interface outside\n"
	o := n.options()
	cfg, _, diags := parser.Load("pix.cfg", []byte(text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	o.Config = cfg
	d := n.start(o)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	questions, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("ip", "netns", "exec", n.out, python, "testdata/scapy_ping.py")
	var said bytes.Buffer
	c.Stdin, c.Stderr = bytes.NewReader(questions), &said
	out, err := c.Output()
	var answers [][]string
	if err == nil {
		err = json.Unmarshal(out, &answers)
	}
	if err != nil || len(answers) != len(list) {
		t.Fatalf("%v: %s%s", err, out, &said)
	}
	for i, p := range list {
		for k, a := range answers[i] {
			if a != "" || len(answers[i]) != len(p.Pings) {
				t.Errorf("tunnel %v, %s %s %s, ping %v: %s", p.Tunnel, p.AH, p.Cipher, p.MAC, p.Pings[k], a)
			}
		}
	}
	pairs := d.engine.SAPairs()
	if len(pairs) != len(list) {
		t.Errorf("%d pairs", len(pairs))
	}
	for _, p := range pairs {
		if c := d.engine.SACounters(p.ID); c.Decaps != 4 || c.Encaps != 4 || c.RecvErrors+c.SendErrors > 0 {
			t.Errorf("%v: %+v", p.Peer, c)
		}
	}
}
