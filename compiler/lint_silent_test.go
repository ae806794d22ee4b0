package compiler

import (
	"strings"
	"testing"

	"pixfw/ast"
)

// TestSilent corrects the documented example of each lint rule as its remedy says, and the finding is gone: so each rule has a
// configuration that it speaks of (TestCodes) and one, nearly the same, that it does not.
func TestSilent(t *testing.T) {
	const drop = "" // the words go, and nothing comes in their place
	changes := map[string][2]string{
		"W401": {"any host 10.0.0.80", "any host 203.0.113.80"},
		"W402": {"10.0.0.0 255.255.255.128", "10.0.0.0 255.255.255.0"},
		"W403": {"10.0.0.200-10.0.0.210", "10.9.0.1-10.9.0.10"},
		"W404": {"access-list out permit", "ip verify reverse-path interface outside\naccess-list out permit"},
		"W405": {"********", "Pale-Horse-7"},
		"W406": {"old esp-des", "old esp-3des"},
		"W407": {"hash md5", "hash sha"},
		"W408": {"group 1", "group 2"},
		"W409": {"address 0.0.0.0 netmask 0.0.0.0", "address 198.51.100.9 netmask 255.255.255.255"},
		"W410": {"public", "Pale-Horse-7"},
		"W411": {"8Ry2YjIyt7RRXU24", "hN7LzeyYjw12FSIU"},
		"W412": {" s3cret", drop},
		"W413": {"nat (inside)", "global (outside) 1 interface\nnat (inside)"},
		"W414": {"global (outside)", "nat (inside) 2 10.0.0.8 255.255.255.248 0 0\nglobal (outside)"},
		"W415": {"eq www", "eq www\nnameif ethernet0 outside security0\naccess-group old in interface outside"},
		"W416": {"10.9.0.20", "10.9.0.20\nvpngroup staff address-pool spare"},
		"W417": {"esp-sha-hmac", "esp-sha-hmac\ncrypto dynamic-map clients 10 set transform-set spare"},
		"W418": {"203.0.113.80 10.0.0.81", "203.0.113.81 10.0.0.81"},
		"W419": {"deny tcp any host 203.0.113.80", "deny tcp any host 203.0.114.80"},
		"W420": {"permit ip any any", "permit ip any host 203.0.113.80"},
		"W421": {"global", "ip address outside 203.0.113.1 255.255.255.0\nglobal"},
		"W422": {"gt 65535", "gt 65534"},
		"W423": {"nat (inside)", "global (outside) 1 interface\nnat (inside)"},
		"W424": {"crypto map vpn interface", "crypto map vpn 10 set peer 198.51.100.9\ncrypto ipsec transform-set s esp-3des\ncrypto map vpn 10 set transform-set s\ncrypto map vpn interface"},
		"W425": {"crypto map vpn interface outside", "crypto map vpn interface outside\nisakmp enable outside"},
		"W426": {"http outside 203.0.113.80", "http outside 10.0.0.80"},
		"W427": {"tcp 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0 eq www", "ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0"},
		"W428": {"aaa authentication", "aaa-server Users (inside) host 10.0.0.9 timeout 10\naaa authentication"},
		"W429": {"isakmp enable", "isakmp key Pale-Horse-7 address 198.51.100.9 netmask 255.255.255.255\nisakmp enable"},
		"W430": {"gt 1023", "gt 1024"},
		"W432": {"access-list out permit tcp any", "access-list out deny tcp host 198.51.100.7 any\naccess-list out permit tcp any"},
		"W433": {"webserver", "webserver\ntelnet 10.0.0.80 255.255.255.255 inside"},
		"W434": {"host 203.0.113.80", "host 203.0.113.80\naccess-list out permit tcp any object-group web"},
		"W435": {"radius", "radius\naaa authentication telnet console Users"},
		"W436": {"esp-sha-hmac", "esp-sha-hmac\nnameif ethernet0 outside security0\ncrypto map vpn 10 ipsec-isakmp dynamic clients\ncrypto map vpn interface outside"},
		"W437": {"tcp 203.0.113.80 smtp", "tcp 203.0.113.81 smtp"},
		"W438": {"nat (inside) 1", "nat (inside) 0 access-list far\nnat (inside) 1"},
		"W439": {"host 203.0.113.80 any", "host 10.0.0.80 any"},
		"W440": {"gw.example.com", "198.51.100.9"},
		"W441": {"crypto map vpn interface", "crypto map vpn 10 set session-key outbound esp 301 cipher 0123456789abcdef0123456789abcdef0123456789abcdef authenticator 0123456789abcdef0123456789abcdef01234567\ncrypto map vpn interface"},
		"W442": {"0.0.0.0 0.0.0.0 outside", "198.51.100.9 255.255.255.255 outside"},
		"W443": {"access-group out in interface outside", drop},
		"W444": {"cisco123", "Pale-Horse-7"},
		"W445": {"10.9.0.20-10.9.0.40", "10.9.0.21-10.9.0.40"},
		"W449": {"old esp-3des", "old esp-3des esp-sha-hmac"},
		"W447": {"isakmp policy", "ca verifycertdn OU=Gateways\nisakmp policy"},
		"W448": {"verifycertdn gw", "verifycertdn CN=gw"},
		"W451": {"(outside,outside)", "(inside,outside)"},
		"W450": {"10.50.0.1 1", "203.0.113.254 1"},
		"W446": {"nat (inside) 1", "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0\nnat (inside) 0 access-list nonat\nnat (inside) 1"},
	}
	for _, code := range ast.Codes() {
		if !strings.HasPrefix(code.ID, "W4") || code.Example == "" {
			continue
		}
		t.Run(code.ID, func(t *testing.T) {
			change, ok := changes[code.ID]
			if !ok || !strings.Contains(code.Example, change[0]) {
				t.Fatal("no correction of the example")
			}
			text := strings.ReplaceAll(code.Example, change[0], change[1])
			_, diags := load(t, text)
			for _, d := range diags {
				if d.Code == code.ID {
					t.Errorf("corrected, and yet %v\n%s", d, text)
				}
				if d.Severity == ast.Error {
					t.Errorf("the correction has an error: %v", d)
				}
			}
		})
	}
}
