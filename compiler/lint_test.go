package compiler

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// base is a clean box with a server and a way out.
const base = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
global (outside) 1 interface
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0
access-list out permit tcp any host 203.0.113.80 eq www
access-group out in interface outside
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
`

// vpn adds remote access with a pool of its own, done right.
const vpn = base + `access-list nonat permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0
ip local pool clients 10.9.0.1-10.9.0.20
nat (inside) 0 access-list nonat
sysopt connection permit-ipsec
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto dynamic-map dyn 10 set transform-set strong
crypto map vpn 10 ipsec-isakmp dynamic dyn
crypto map vpn interface outside
isakmp enable outside
vpngroup staff address-pool clients
`

// site adds a tunnel to another site, but forgets the exemption.
const site = base + `access-list far permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto map vpn 10 ipsec-isakmp
crypto map vpn 10 match address far
crypto map vpn 10 set peer 198.51.100.9
crypto map vpn 10 set transform-set strong
crypto map vpn interface outside
isakmp enable outside
`

// found lists findings as CODE@line:column.
func found(diags ast.Diagnostics) []string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s@%s", d.Code, d.Pos))
	}
	return out
}

func TestFindings(t *testing.T) {
	lines := func(text string) int { return strings.Count(text, "\n") }
	at := func(code, text string, line, col int) string {
		return fmt.Sprintf("%s@%d:%d", code, lines(text)+line, col)
	}
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"clean", base, nil},
		{"clean with remote access", vpn, nil},
		{"clean list on the higher interface names real addresses", base + "access-list in permit tcp host 10.0.0.80 any\naccess-group in in interface inside\n", nil},

		{"real address", base + "access-list out permit tcp any host 10.0.0.80 eq https\n", []string{at("W401", base, 1, 37)}},
		{"real address denied", base + "access-list out deny tcp any host 10.0.0.80 eq https\n", []string{at("W401", base, 1, 35)}},
		{"identity static", base + "static (inside,outside) 10.0.0.81 10.0.0.81 netmask 255.255.255.255 0 0\naccess-list out permit tcp any host 10.0.0.81 eq https\n", nil},
		{"real address for exempt peers", vpn + "access-list out permit ip 10.9.0.0 255.255.255.0 host 10.0.0.80\n", nil},
		{"real address for tunnels without permit-ipsec", strings.Replace(vpn, "sysopt connection permit-ipsec\n", "", 1) + "access-list out permit tcp any host 10.0.0.80\n", nil},
		{"real address of a port static", base + "static (inside,outside) tcp interface 8080 10.0.0.90 www netmask 255.255.255.255 0 0\naccess-list out permit tcp any host 10.0.0.90 eq www\n", []string{at("W401", base, 2, 37)}},
		{"real address of another port", base + "static (inside,outside) tcp interface 8080 10.0.0.90 www netmask 255.255.255.255 0 0\naccess-list out permit tcp any host 10.0.0.90 eq ssh\n", nil},

		{"real address in a group", base + "object-group network web\nnetwork-object host 198.51.100.8\nnetwork-object host 10.0.0.80\naccess-list out permit tcp any object-group web eq https\naccess-list out permit tcp any object-group web eq smtp\n",
			[]string{at("W401", base, 4, 45)}},
		{"a group for both sides", base + "object-group network web\nnetwork-object host 203.0.113.80\nnetwork-object host 10.0.0.80\naccess-list out permit tcp any object-group web eq https\n", nil},
		{"real address in a conduit", strings.Replace(base, "access-group out in interface outside\n", "", 1) + "conduit permit tcp host 10.0.0.80 eq www any\n", []string{"W415@8:1", at("W401", base, 0, 25)}},
		{"mapped address in a conduit", strings.Replace(base, "access-group out in interface outside\n", "", 1) + "conduit permit tcp host 203.0.113.80 eq www any\n", []string{"W415@8:1"}},
		{"real address in a conduit that another static shows", strings.Replace(base, "access-group out in interface outside\n", "", 1) +
			"static (inside,outside) 10.0.0.0 10.0.0.0 netmask 255.255.255.0 0 0\nconduit permit tcp host 10.0.0.80 eq www any\n", []string{"W415@8:1"}},

		{"exemption leaves out a routed network", vpn + "route inside 10.1.0.0 255.255.0.0 10.0.0.2 1\n", []string{"W402@11:29"}},
		{"exemption of what the split tunnel names", vpn + "route inside 10.1.0.0 255.255.0.0 10.0.0.2 1\naccess-list split permit ip 10.0.0.0 255.255.255.0 any\nvpngroup staff split-tunnel split\n", nil},
		{"exemption for a site only", base + "access-list nonat permit ip 10.0.0.0 255.255.255.128 192.168.7.0 255.255.255.0\nnat (inside) 0 access-list nonat\n", nil},

		{"forged sources", base + "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.0.0.192 255.255.255.192\nnat (inside) 0 access-list nonat\naccess-list out permit ip any 10.0.0.0 255.255.255.0\n", []string{at("W404", base, 2, 1)}},
		{"forged sources, checked", base + "ip verify reverse-path interface outside\naccess-list nonat permit ip 10.0.0.0 255.255.255.0 10.0.0.192 255.255.255.192\nnat (inside) 0 access-list nonat\naccess-list out permit ip any 10.0.0.0 255.255.255.0\n", nil},
		{"peers that the check would let in", base + "access-list nonat permit ip 10.0.0.0 255.255.255.0 192.168.7.0 255.255.255.0\nnat (inside) 0 access-list nonat\naccess-list out permit ip any 10.0.0.0 255.255.255.0\n", nil},

		{"pool without global", base + "nat (inside) 2 10.0.0.128 255.255.255.128 0 0\n", []string{at("W413", base, 1, 14)}},
		{"static over global", base + "global (outside) 1 203.0.113.70-203.0.113.90\n", []string{"W418@7:25"}},
		{"port static on the PAT address", base + "static (inside,outside) tcp interface smtp 10.0.0.25 smtp netmask 255.255.255.255 0 0\n", nil},
		{"global over the interface", base + "global (outside) 1 203.0.113.1-203.0.113.9\n", []string{at("W418", base, 1, 20)}},
		{"net static hides a host static", base + "static (inside,outside) 203.0.113.128 10.0.0.64 netmask 255.255.255.192 0 0\nstatic (inside,outside) 203.0.113.70 10.0.0.70 netmask 255.255.255.255 0 0\n",
			[]string{at("W418", base, 2, 38)}},

		{"globals over each other", base + "global (outside) 2 203.0.113.20-203.0.113.30\nglobal (outside) 3 203.0.113.30\nnat (inside) 2 10.0.0.8 255.255.255.248 0 0\nnat (inside) 3 10.0.0.16 255.255.255.248 0 0\n",
			[]string{at("W418", base, 2, 1)}},
		{"globals beside each other, and one of another interface", base + "nameif ethernet2 dmz security50\nip address dmz 10.1.0.1 255.255.255.0\nglobal (outside) 2 203.0.113.20-203.0.113.29\nglobal (outside) 2 203.0.113.30\nglobal (dmz) 2 203.0.113.20-203.0.113.29\nnat (inside) 2 10.0.0.8 255.255.255.248 0 0\n", nil},

		{"redundant entry", base + "access-list out permit tcp host 198.51.100.7 host 203.0.113.80 eq www\n", []string{at("W419", base, 1, 1)}},
		{"dead deny", base + "access-list out permit ip any 203.0.113.0 255.255.255.0\naccess-list out deny tcp any host 203.0.113.81 range 1 1023\n", []string{"W432@8:1", at("W419", base, 2, 1)}},
		{"deny before permit", base + "access-list out deny tcp any host 203.0.113.81 range 1 1023\naccess-list out permit ip any 203.0.113.0 255.255.255.0\n", []string{"W432@8:1"}},
		{"ports that only together cover", base + "access-list out permit tcp any host 203.0.113.81 lt 100\naccess-list out permit tcp any host 203.0.113.81 gt 99\naccess-list out permit tcp any host 203.0.113.81\n", []string{at("W430", base, 3, 1)}},
		{"ports that leave one out", base + "access-list out permit tcp any host 203.0.113.81 lt 100\naccess-list out permit tcp any host 203.0.113.81 gt 100\naccess-list out deny tcp any host 203.0.113.81\n", nil},
		{"halves of a network", base + "access-list out deny ip 192.0.2.0 255.255.255.128 any\naccess-list out permit ip 192.0.2.128 255.255.255.128 any\naccess-list out permit udp 192.0.2.0 255.255.255.0 host 203.0.113.81\n",
			[]string{at("W430", base, 3, 1)}},
		{"a group that covers", base + "object-group network net\nnetwork-object 192.0.2.0 255.255.255.128\nnetwork-object 192.0.2.128 255.255.255.128\naccess-list out permit ip object-group net any\naccess-list out permit ip 192.0.2.0 255.255.255.0 any\n",
			[]string{at("W419", base, 5, 1)}},
		{"a later entry does it as well", base + "access-list out permit tcp 192.0.2.0 255.255.255.0 host 203.0.113.81 eq www\naccess-list out deny tcp any host 203.0.113.82\naccess-list out permit tcp any host 203.0.113.81\n",
			[]string{at("W432", base, 1, 1)}},
		{"a later entry, but for what is refused between", base + "access-list out permit tcp 192.0.2.0 255.255.255.0 host 203.0.113.81 eq www\naccess-list out deny ip 192.0.0.0 255.255.0.0 any\naccess-list out permit tcp any host 203.0.113.81\n", nil},
		{"the last word", base + "access-list out deny tcp any host 203.0.113.81\naccess-list out deny ip any any\n", nil},
		{"an entry that logs", base + "access-list out permit tcp 192.0.2.0 255.255.255.0 host 203.0.113.81 eq www log\naccess-list out permit tcp any host 203.0.113.81\n", nil},
		{"a netmask with holes", base + "access-list out permit ip 192.0.2.1 255.0.255.1 any\naccess-list out permit tcp 192.0.2.0 255.255.255.0 host 203.0.113.81\naccess-list out deny tcp 192.7.2.3 255.255.255.255 any\n",
			[]string{at("W419", base, 3, 1)}},
		{"icmp types", base + "access-list out permit icmp any any echo-reply\naccess-list out permit icmp any any\naccess-list out deny icmp any any echo\n", []string{at("W432", base, 1, 1), at("W419", base, 3, 1)}},

		{"exemption by port", base + "access-list nonat permit tcp 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0 eq www\nnat (inside) 0 access-list nonat\n", []string{at("W427", base, 1, 1)}},
		{"policy nat with deny", base + "access-list pol deny ip host 10.0.0.7 any\nnat (inside) 1 access-list pol 0 0\n", []string{at("W427", base, 1, 17)}},
		{"policy static of no port", base + "access-list pol permit tcp host 10.0.0.80 any\nstatic (inside,outside) tcp 203.0.113.82 80 access-list pol 0 0\n", []string{at("E309", base, 2, 58)}},
		{"policy static of ports", base + "access-list pol permit tcp host 10.0.0.80 range 80 81 any\nstatic (inside,outside) tcp 203.0.113.82 80 access-list pol 0 0\n", []string{at("E309", base, 2, 58)}},
		{"policy static of a port", base + "access-list pol permit tcp host 10.0.0.80 eq 80 any\nstatic (inside,outside) tcp 203.0.113.82 80 access-list pol 0 0\n", nil},
		{"policy static from everywhere", base + "access-list pol permit ip any host 198.51.100.7\nstatic (inside,outside) 203.0.113.82 access-list pol 0 0\n", []string{at("E309", base, 2, 50)}},

		{"names", base + "names\nname 203.0.113.80 web\nname 10.0.0.99 old\nname 192.0.2.53 ns1\nvpngroup staff dns-server 192.0.2.53\n", []string{at("W433", base, 3, 16)}},
		{"object groups", base + "object-group network a\nnetwork-object host 203.0.113.80\nobject-group network b\ngroup-object a\nobject-group service c tcp\nport-object eq www\naccess-list out permit tcp host 192.0.2.1 any object-group c\n",
			[]string{at("W434", base, 3, 22)}},
		{"servers", base + "aaa-server A protocol radius\naaa-server A (inside) host 10.0.0.9 timeout 5\naaa-server B protocol tacacs+\naaa-server TACACS+ (inside) host 10.0.0.9 timeout 5\naaa-server B (inside) host 10.0.0.9 timeout 5\naaa authentication telnet console B\n",
			[]string{at("W435", base, 2, 12), at("W435", base, 4, 12)}},
		{"pool of vpdn", base + "ip local pool clients 10.9.0.1-10.9.0.20\nvpdn group 1 accept dialin pptp\nvpdn group 1 client configuration address local clients\n", nil},
		{"list of a static to an interface without address", "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\naccess-list pol permit ip host 10.0.0.7 host 192.0.2.1\nstatic (inside,outside) interface access-list pol 0 0\n",
			[]string{"W421@4:25"}},
		{"list of a route map", base + "access-list rip permit 10.0.0.0 255.0.0.0\nroute-map m permit 10\nmatch ip address rip\n", nil},
		{"crypto maps", vpn + "crypto dynamic-map old 10 set transform-set strong\ncrypto map other 10 ipsec-isakmp dynamic old\n", []string{at("W436", vpn, 2, 12)}},

		{"port of an address that a static has", base + "static (inside,outside) tcp 203.0.113.80 smtp 10.0.0.25 smtp netmask 255.255.255.255 0 0\n", []string{at("W437", base, 1, 29)}},
		{"static behind an exemption for everything", base + "access-list nonat permit ip 10.0.0.0 255.255.255.0 any\nnat (inside) 0 access-list nonat\n", []string{"W437@7:38"}},
		{"static behind an exemption for a site", base + "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.0.0\nnat (inside) 0 access-list nonat\n", nil},
		{"net static after a host of it", base + "static (inside,outside) 203.0.113.64 10.0.0.64 netmask 255.255.255.192 0 0\n", nil},

		{"clients without exemption", strings.Replace(vpn, "nat (inside) 0 access-list nonat\n", "", 1), []string{"W415@11:1", "W446@12:15"}},
		{"clients of a box that translates nothing", strings.NewReplacer("nat (inside) 0 access-list nonat\n", "", "nat (inside) 1", "nat (inside) 0", "global (outside) 1 interface\n", "").Replace(vpn), []string{"W415@10:1"}},
		{"transform set without a cipher", vpn + "crypto ipsec transform-set plain ah-sha-hmac\ncrypto dynamic-map dyn 20 set transform-set plain\n", []string{at("W406", vpn, 1, 28)}},
		{"MPPE", base + "vpdn group 1 ppp encryption mppe 40 required\nvpdn group 2 ppp encryption mppe 128\n", []string{at("W406", base, 1, 34)}},

		{"site without exemption", site, []string{at("W438", base, 1, 27)}},
		{"site with exemption", site + "nat (inside) 0 access-list far\n", nil},
		{"site by its translated address", strings.Replace(site, "permit ip 10.0.0.0 255.255.255.0", "permit ip host 203.0.113.1", 1), nil},
		{"site without nat", strings.Replace(site, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 0 10.0.0.0 255.255.255.0 0 0", 1), []string{"W414@5:18"}},

		{"mapped source", base + "access-list in deny tcp host 203.0.113.80 any eq smtp\naccess-list in permit ip any any\naccess-group in in interface inside\n", []string{at("W439", base, 1, 30)}},

		{"open management", base + "ssh 0.0.0.0 0.0.0.0 outside\nssh 0.0.0.0 0.0.0.0 inside\ntelnet 192.0.2.1 255.255.255.255 outside\nhttp 0.0.0.0 0.0.0.0 outside\n",
			[]string{at("W442", base, 1, 1), at("W442", base, 4, 1)}},
		{"conduits beside a list", base + "conduit permit tcp host 203.0.113.80 eq smtp any\nconduit permit ip any any\n", []string{at("W443", base, 1, 1)}},
		{"conduits alone", strings.Replace(base, "access-group out in interface outside\n", "", 1) + "conduit permit tcp host 203.0.113.80 eq smtp any\nconduit permit ip any any\n", []string{"W415@8:1", at("W420", base, 1, 1)}},
		{"guessed keys", base + "isakmp key CISCO123 address 198.51.100.9 netmask 255.255.255.255\nusername admin password admin privilege 15\nvpdn username joe password abc\nvpngroup a password a-good-long-one\n",
			[]string{at("W444", base, 1, 1), at("W444", base, 2, 10), at("W444", base, 3, 1)}},
		{"masked keys", base + "vpdn username joe password *********\nvpnclient vpngroup a password ********\nvpnclient username joe password ********\nfailover lan key ********\nntp authentication-key 1 md5 ********\n",
			[]string{at("W405", base, 1, 28), at("W405", base, 2, 31), at("W405", base, 3, 33), at("W405", base, 4, 18), at("W405", base, 5, 30)}},
		{"private is no secret", base + "snmp-server community private\nsnmp-server host inside 10.0.0.9\n", []string{at("W410", base, 1, 23)}},
		{"pools", vpn + "ip local pool more 10.9.0.20-10.9.0.30\nvpngroup boss address-pool more\ndhcpd address 10.0.0.20-10.0.0.30 inside\n", []string{at("W445", vpn, 1, 1)}},

		{"group without server", base + "aaa-server A protocol radius\naaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 A\n", []string{at("W428", base, 2, 83)}},
		{"names in place of addresses", base + "names\nname 10.0.0.80 web\naccess-list out permit tcp any host 10.0.0.80 eq https\n", []string{at("W401", base, 3, 37)}},

		{"everything open", base + "access-list out permit ip any any\n", []string{at("W420", base, 1, 1)}},
		{"all of TCP open", base + "access-list out permit tcp any any\n", []string{"W432@8:1", at("W420", base, 1, 1)}},
		{"one port for everybody", base + "access-list out permit tcp any any eq https\n", nil},
		{"everything open, hosts with addresses of their own", strings.NewReplacer("global (outside) 1 interface", "global (outside) 1 203.0.113.90-203.0.113.99\nglobal (outside) 1 203.0.113.100",
			"static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\n", "").Replace(base) + "access-list out permit ip any any\n", []string{at("W420", base, 1, 1)}},
		{"everything open, and nothing there", strings.Replace(base, "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\n", "", 1) + "access-list out permit ip any any\n", nil},
		{"everything out", base + "access-list in permit ip any any\naccess-group in in interface inside\n", nil},

		{"community that nobody may use", base + "snmp-server community public\n", []string{at("W410", base, 1, 23)}},
		{"unknown interface", base + "route insde 10.1.0.0 255.255.0.0 10.0.0.2 1\n", []string{at("E202", base, 1, 7)}},
		{"unknown transform set", vpn + "crypto dynamic-map dyn 20 set transform-set strnog\n", []string{at("E205", vpn, 1, 45)}},
		{"entry without peer", vpn + "crypto map vpn 5 ipsec-isakmp\ncrypto map vpn 5 match address nonat\ncrypto map vpn 5 set transform-set strong\n", []string{at("W424", vpn, 1, 16)}},
		{"map without IKE", strings.Replace(vpn, "isakmp enable outside\n", "", 1), []string{"W425@18:26"}},
		{"wildcard key", vpn + "isakmp key s3cret address 0.0.0.0 netmask 0.0.0.0\n", []string{at("W409", vpn, 1, 1)}},
		{"default policy is weak", vpn + "isakmp policy 10 authentication pre-share\n", []string{at("W406", vpn, 1, 1), at("W408", vpn, 1, 1)}},
		{"mapped address in an aaa rule", base + "aaa authentication include http outside 203.0.113.80 255.255.255.255 0.0.0.0 0.0.0.0 LOCAL\n", []string{at("W426", base, 1, 41)}},
		{"real address in an aaa rule", base + "aaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 LOCAL\n", nil},
		{"interface without address", strings.Replace(base, "ip address outside 203.0.113.1 255.255.255.0\n", "", 1), []string{"W421@4:20"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, diags := load(t, tc.text)
			got := found(diags)
			if len(got) != len(tc.want) || !sameSet(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
				for _, d := range diags {
					t.Log(d)
				}
			}
		})
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestNoteCorrected: the list that names the mapped address has no finding, and forged sources no longer pass.
func TestNoteCorrected(t *testing.T) {
	text, err := os.ReadFile("../../shared/seed/pixfirewall.cfg")
	if err != nil {
		t.Skipf("the reference material is not there: %v", err)
	}
	_, diags := load(t, string(text))
	if got := codes(diags); !got["W401"] || !got["W402"] || !got["W404"] {
		t.Errorf("as printed: %v", got)
	}
	fixed := text
	for _, p := range []string{"icmp", "tcp", "udp"} {
		fixed = bytes.Replace(fixed, []byte(p+" any host 10.89.129.131"), []byte(p+" any host 192.168.1.11"), 1)
	}
	_, diags = load(t, string(fixed))
	if got := codes(diags); got["W401"] || got["W404"] || !got["W402"] {
		t.Errorf("list corrected: %v", got)
	}
	fixed = bytes.Replace(fixed, []byte("10.89.129.128 255.255.255.240 10.89.129.192"), []byte("10.89.129.128 255.255.255.128 10.89.129.192"), 1)
	_, diags = load(t, string(fixed))
	if got := codes(diags); got["W402"] {
		t.Errorf("exemption corrected: %v", got)
	}
}

func codes(diags ast.Diagnostics) map[string]bool {
	out := map[string]bool{}
	for _, d := range diags {
		out[d.Code] = true
	}
	return out
}

// TestRemedies: the hint of a finding, followed, is the end of it.
func TestRemedies(t *testing.T) {
	for _, tc := range []struct{ name, text, code, hint string }{
		{"list", base + "access-list out permit tcp any host 10.0.0.80 eq https\n", "W401", "write `access-list out permit tcp any host 203.0.113.80 eq https`"},
		{"port static", base + "static (inside,outside) tcp interface 8080 10.0.0.90 www netmask 255.255.255.255 0 0\naccess-list out permit tcp any host 10.0.0.90 eq www\n",
			"W401", "write `access-list out permit tcp any host 203.0.113.1 eq 8080`"},
		{"exemption", vpn + "route inside 10.1.0.0 255.255.0.0 10.0.0.2 1\n", "W402", "add `access-list nonat permit ip 10.1.0.0 255.255.0.0 10.9.0.0 255.255.255.0`"},
		{"aaa", base + "aaa authentication include http outside 203.0.113.80 255.255.255.255 0.0.0.0 0.0.0.0 LOCAL\n", "W426",
			"write `aaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 LOCAL`"},
		{"names", base + "names\nname 203.0.113.80 web\naccess-list out permit tcp any host 10.0.0.80 eq https\n", "W401", "write `access-list out permit tcp any host web eq https`"},
		{"masked key", base + "isakmp key ******** address 198.51.100.9 netmask 255.255.255.255\n", "W405",
			"supply it with --secrets FILE, where FILE holds the line `isakmp key REAL-KEY address 198.51.100.9 netmask 255.255.255.255`"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, diags := load(t, tc.text)
			i := slices.IndexFunc(diags, func(d *ast.Diagnostic) bool { return d.Code == tc.code })
			if i < 0 {
				t.Fatalf("no %s in %v", tc.code, diags)
			}
			if diags[i].Hint != tc.hint {
				t.Errorf("hint %q\nwant %q", diags[i].Hint, tc.hint)
			}
		})
	}
}

// TestSecretsStayHidden: no finding shows a key.
func TestSecretsStayHidden(t *testing.T) {
	text := vpn + "isakmp key Hush-hush address 0.0.0.0 netmask 0.0.0.0\nvpngroup staff password Hush-hush\naaa-server A protocol radius\naaa-server A (insde) host 10.0.0.9 Hush-hush timeout 5\naaa-server A (inside) host 10.0.0.9 Hush-hush timeout 5\n"
	plan, diags := load(t, text)
	if len(diags) == 0 {
		t.Fatal("no findings")
	}
	for _, d := range diags {
		var b strings.Builder
		if err := d.Print(&b, false); err != nil {
			t.Fatal(err)
		}
		j, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String()+string(j), "Hush") {
			t.Errorf("the key shows: %s", b.String())
		}
	}
	if plan.VPN.Keys[0].Key != "Hush-hush" || plan.VPN.Groups[0].Password != "Hush-hush" {
		t.Error("the plan has lost a key")
	}
}
