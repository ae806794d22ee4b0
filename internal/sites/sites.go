// Package sites has the configuration of two boxes with a tunnel between their inside networks, for tests.
//
//	a, b := sites.Plan(t, sites.A), sites.Plan(t, sites.Mirror(sites.A))
package sites

import (
	"strings"
	"testing"

	"pixfw/compiler"
	"pixfw/parser"
)

// A is one of them.
const A = `hostname a
nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
access-list vpn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0
nat (inside) 0 access-list vpn
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
sysopt connection permit-ipsec
crypto ipsec transform-set ts esp-des esp-md5-hmac
crypto map m 10 ipsec-isakmp
crypto map m 10 match address vpn
crypto map m 10 set peer 203.0.113.2
crypto map m 10 set transform-set ts
crypto map m interface outside
isakmp enable outside
isakmp key secret1 address 203.0.113.2 netmask 255.255.255.255
isakmp identity address
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption des
isakmp policy 10 hash md5
isakmp policy 10 group 2
isakmp policy 10 lifetime 86400
`

// Mirror is the other end of a tunnel.
func Mirror(text string) string {
	return strings.NewReplacer("203.0.113.1 ", "203.0.113.2 ", "203.0.113.2", "203.0.113.1", "hostname a", "hostname b",
		"inside 10.0.0.1", "inside 192.168.50.1",
		"10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0", "192.168.50.0 255.255.255.0 10.0.0.0 255.255.255.0").Replace(text)
}

// Plan compiles a configuration, which has to be without errors.
func Plan(tb testing.TB, text string) *compiler.Plan {
	tb.Helper()
	cfg, _, diags := parser.Load("pix.cfg", []byte(text))
	if err := diags.Err(); err != nil {
		tb.Fatal(err)
	}
	plan, diags := compiler.Compile(cfg)
	if err := diags.Err(); err != nil {
		tb.Fatal(err)
	}
	return plan
}
