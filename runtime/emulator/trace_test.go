package emulator

import (
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// phase is the last phase of a kind in a verdict, in words: result, lines, and what no line says.
func phase(v runtime.Verdict, kind string) string {
	for _, ph := range slices.Backward(v.Phases) {
		if ph.Type != kind {
			continue
		}
		words := []string{ph.Result}
		for _, l := range ph.Lines {
			words = append(words, l.Text())
		}
		if ph.Implicit {
			words = append(words, "implicit: "+ph.Note)
		}
		return strings.Join(words, "\n")
	}
	return "no such phase"
}

const tunnel = `access-list vn permit ip 192.168.9.0 255.255.255.0 192.168.8.0 255.255.255.0
access-list vn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0
access-list no permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0
nat (inside) 0 access-list no
crypto ipsec transform-set t esp-3des esp-sha-hmac
crypto map m 10 ipsec-isakmp
crypto map m 10 match address vn
crypto map m 10 set peer 203.0.113.99
crypto map m 10 set transform-set t
crypto map m interface outside
`

// Every step names the entry of the access list that decided it.
func TestTraceNamesTheEntry(t *testing.T) {
	outbound := tcp("10.0.0.5:3000", "198.51.100.7:80", syn)
	for name, c := range map[string]struct {
		config string
		in     string
		packet runtime.Packet
		kind   string
		want   string
	}{
		"exemption": {"access-list nn permit ip host 10.0.0.9 any\naccess-list nn permit ip host 10.0.0.5 198.51.100.0 255.255.255.0\nnat (inside) 0 access-list nn\n",
			"inside", outbound, "NAT-EXEMPT",
			"ALLOW\nnat (inside) 0 access-list nn\naccess-list nn permit ip host 10.0.0.5 198.51.100.0 255.255.255.0"},
		"exemption backwards": {"access-list nn permit ip host 10.0.0.9 any\naccess-list nn permit ip host 10.0.0.5 any\nnat (inside) 0 access-list nn\n",
			"outside", tcp("198.51.100.7:80", "10.0.0.5:3000", syn), "NAT-EXEMPT",
			"ALLOW\nnat (inside) 0 access-list nn\naccess-list nn permit ip host 10.0.0.5 any"},
		"policy NAT": {"access-list pn permit tcp any any eq 443\naccess-list pn permit tcp any any eq 80\nnat (inside) 3 access-list pn\nglobal (outside) 3 203.0.113.33\n",
			"inside", outbound, "NAT",
			"ALLOW\nnat (inside) 3 access-list pn 0 0\naccess-list pn permit tcp any any eq www\nglobal (outside) 3 203.0.113.33"},
		"policy NAT without global": {"access-list pn permit tcp any any eq 80\nnat (inside) 3 access-list pn\n",
			"inside", outbound, "NAT", "DROP\nnat (inside) 3 access-list pn 0 0\naccess-list pn permit tcp any any eq www"},
		"policy static": {"access-list ps permit ip host 10.0.0.5 198.51.100.0 255.255.255.0\nstatic (inside,outside) 203.0.113.55 access-list ps\n",
			"inside", outbound, "NAT",
			"ALLOW\nstatic (inside,outside) 203.0.113.55 access-list ps 0 0\naccess-list ps permit ip host 10.0.0.5 198.51.100.0 255.255.255.0"},
		"policy static backwards": {"access-list ps permit ip host 10.0.0.5 198.51.100.0 255.255.255.0\nstatic (inside,outside) 203.0.113.55 access-list ps\n",
			"outside", tcp("198.51.100.7:4000", "203.0.113.55:80", syn), "UN-NAT",
			"ALLOW\nstatic (inside,outside) 203.0.113.55 access-list ps 0 0\naccess-list ps permit ip host 10.0.0.5 198.51.100.0 255.255.255.0"},
		"authentication": {"access-list au permit tcp any any eq 23\naccess-list au permit tcp any any eq 80\naaa-server S protocol radius\naaa-server S (inside) host 10.0.0.9 key\naaa authentication match au inside S\n",
			"inside", outbound, "UAUTH", "ALLOW\naaa authentication match au inside S\naccess-list au permit tcp any any eq www"},
		"authentication of what cannot ask": {"access-list au permit udp any any\naaa-server S protocol radius\naaa-server S (inside) host 10.0.0.9 key\naaa authentication match au inside S\n",
			"inside", udp("10.0.0.5:3000", "198.51.100.7:99"), "UAUTH", "DROP\naaa authentication match au inside S\naccess-list au permit udp any any"},
		"no association yet": {tunnel, "inside", tcp("10.0.0.5:3000", "192.168.50.9:22", syn), "VPN",
			"DROP\ncrypto map m interface outside\ncrypto map m 10 ipsec-isakmp\naccess-list vn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0"},
		"clear text": {tunnel, "outside", tcp("192.168.50.9:22", "10.0.0.5:3000", syn), "VPN",
			"DROP\ncrypto map m 10 ipsec-isakmp\naccess-list vn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newLab(t, base+c.config).send(c.in, c.packet)
			if got := phase(v, c.kind); got != c.want {
				t.Errorf("%s\n got %s\nwant %s\nverdict %+v", c.kind, got, c.want, v.Phases)
			}
		})
	}
}

func TestTraceNamesTheEntryOfATunnel(t *testing.T) {
	l := newLab(t, base+tunnel)
	if err := l.AddSA(l.Plan().IfByName("outside"), ast.MustIP("203.0.113.99"), net("10.0.0.0", 24), net("192.168.50.0", 24)); err != nil {
		t.Fatal(err)
	}
	v := l.send("inside", tcp("10.0.0.5:3000", "192.168.50.9:22", syn))
	want := "ALLOW\ncrypto map m interface outside\ncrypto map m 10 ipsec-isakmp\naccess-list vn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0"
	if got := phase(v, "VPN"); v.Action != runtime.Encrypt || got != want {
		t.Errorf("%v\n got %s\nwant %s", v.Action, got, want)
	}
}

func net(ip string, bits int) ast.Net { return ast.Net{IP: ast.MustIP(ip), Mask: ast.MaskOf(bits)} }

// What no line says is told apart from what a line says, with the lines that were looked at.
func TestTraceOfImplicitRules(t *testing.T) {
	const bare = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
`
	oblige := "nat (outside) 5 198.51.100.0 255.255.255.0 outside\nglobal (inside) 5 10.0.0.230\n"
	for name, c := range map[string]struct {
		config, in string
		packet     runtime.Packet
		kind       string
		reason     string
		want       string
	}{
		"end of a list": {base, "outside", tcp("198.51.100.7:1", "203.0.113.80:443", syn), "ACCESS-LIST", whyImplicit,
			"DROP\naccess-group out in interface outside\nimplicit: " + whyImplicit + "\nno entry of access-list out matches: its end denies"},
		"entry of a list": {base + "access-list out deny tcp any host 203.0.113.80 eq 443\n", "outside", tcp("198.51.100.7:1", "203.0.113.80:443", syn), "ACCESS-LIST", whyACL,
			"DROP\naccess-group out in interface outside\naccess-list out deny tcp any host 203.0.113.80 eq https"},
		"level": {bare + "static (inside,outside) 203.0.113.80 10.0.0.80\n", "outside", tcp("198.51.100.7:1", "203.0.113.80:443", syn), "ACCESS-LIST", whyImplicit,
			"DROP\nimplicit: " + whyImplicit + "\nto a higher security level, and no access-list is bound to outside"},
		"no conduit": {bare + "static (inside,outside) 203.0.113.80 10.0.0.80\nconduit permit tcp host 203.0.113.80 eq 80 any\n", "outside",
			tcp("198.51.100.7:1", "203.0.113.80:443", syn), "ACCESS-LIST", whyImplicit,
			"DROP\nimplicit: " + whyImplicit + "\nto a higher security level, and no access-list is bound to outside; no conduit matches"},
		"conduit": {bare + "static (inside,outside) 203.0.113.80 10.0.0.80\nconduit deny tcp host 203.0.113.80 any\n", "outside",
			tcp("198.51.100.7:1", "203.0.113.80:443", syn), "ACCESS-LIST", whyACL, "DROP\nconduit deny tcp host 203.0.113.80 any"},
		"no nat": {bare + "nat (inside) 1 10.0.1.0 255.255.255.0\nglobal (outside) 1 203.0.113.10\nstatic (inside,outside) 203.0.113.80 10.0.0.80\n", "inside",
			tcp("10.0.0.5:1", "198.51.100.7:80", syn), "NAT", whyNAT,
			"DROP\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\nnat (inside) 1 10.0.1.0 255.255.255.0 0 0\nimplicit: " + whyNAT +
				"\nno nat or static translates 10.0.0.5 from inside to outside; these were looked at"},
		"no static": {base + "access-list out permit tcp any host 10.0.0.5\n", "outside", tcp("198.51.100.7:1", "10.0.0.5:80", syn), "NAT", whyNAT,
			"DROP\nimplicit: " + whyNAT + "\nno static, exemption or translation that lives makes 10.0.0.5 a host of inside"},
		"outside NAT": {base + oblige, "outside", tcp("192.0.2.5:1", "203.0.113.80:80", syn), "NAT", whyNAT,
			"DROP\nnat (outside) 5 198.51.100.0 255.255.255.0 outside 0 0\nglobal (inside) 5 10.0.0.230\nimplicit: " + whyNAT +
				"\nno nat or static translates 192.0.2.5 from outside to inside; these oblige all that comes by outside"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, c.config)
			v := l.send(c.in, c.packet)
			if got := phase(v, c.kind); got != c.want || v.Reason != c.reason {
				t.Errorf("%s: %s\n got %s\nwant %s", c.kind, v.Reason, got, c.want)
			}
			l.SetTrace(false)
			if v := l.send(c.in, c.packet); v.Reason != c.reason || v.Phases != nil {
				t.Errorf("without a trace: %s, %v", v.Reason, v.Phases)
			}
		})
	}
}
