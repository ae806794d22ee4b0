package parser

import (
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// lines replays a text into an empty configuration and returns what it prints, and the codes of its errors.
func lines(t *testing.T, text string) (out []string, codes string) {
	t.Helper()
	cfg, _, diags := Load("test.cfg", []byte(text))
	for _, d := range diags {
		if d.Severity == ast.Error {
			codes += d.Code + " "
		}
	}
	return cfg.Lines(&ast.Printer{}), strings.TrimSpace(codes)
}

// TestUsersAndTunnels: what is typed, and the configuration that a PIX then shows.
func TestUsersAndTunnels(t *testing.T) {
	for _, tc := range []struct{ name, text, want, codes string }{
		{"rules of 4.x", "aaa authentication any inbound 0 0 0 0 tacacs+\naaa authentication except outbound 10.1.1.1 255.255.255.255 0 0 tacacs+",
			"aaa authentication include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 TACACS+\n" +
				"aaa authentication exclude any outbound 10.1.1.1 255.255.255.255 0.0.0.0 0.0.0.0 TACACS+", ""},
		{"short masks", "aaa accounting include any inbound 0 0 0 0 TACACS+", "aaa accounting include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 TACACS+", ""},
		{"servers before rules", "aaa authentication serial console A LOCAL\naaa-server A (inside) host 10.1.1.2 k\naaa-server B protocol radius\naaa-server A deadtime 5\naaa-server A protocol tacacs+",
			"aaa-server A protocol tacacs+\naaa-server A deadtime 5\naaa-server A (inside) host 10.1.1.2 k\naaa-server B protocol radius\naaa authentication serial console A LOCAL", ""},
		{"whole group", "aaa-server A protocol tacacs+\naaa-server A host 10.1.1.2\nno aaa-server A", "", ""},
		{"group in use", "aaa-server A protocol tacacs+\naaa authentication ssh console A\nno aaa-server A", "aaa-server A protocol tacacs+\naaa authentication ssh console A", "E322"},
		{"RADIUS ports", "aaa-server radius-authport 1812\naaa-server radius-acctport\naaa-server radius-authport", "", ""},
		{"user", "username admin password admin\nusername joe nopassword\nusername joe password eY/fQXw7Ure8Qrz7 encrypted privilege 15\nno username joe",
			"username admin password eY/fQXw7Ure8Qrz7 encrypted privilege 2", ""},
		{"filter needs a server", "filter url http 0 0 0 0 allow\nfilter java 80 0 0 0 0", "filter java 80 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0", "E321"},
		{"filters go with the last server", "url-server host 10.1.1.3\nfilter url 80 0 0 0 0\nfilter activex 80 0 0 0 0\nno url-server (inside) host 10.1.1.3",
			"filter activex 80 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0", ""},
		{"clear url-server", "url-server vendor n2h2 host 10.1.1.3\nfilter ftp 21 0 0 0 0\nclear url-server", "", ""},
		{"five lines of a policy", "isakmp policy 10 encryption 3des\nisakmp policy 10 group 2\nno isakmp policy 10 group",
			"isakmp policy 10 authentication rsa-sig\nisakmp policy 10 encryption 3des\nisakmp policy 10 hash sha\nisakmp policy 10 group 1\nisakmp policy 10 lifetime 86400", ""},
		{"masked key names its peer", "isakmp key a address 192.0.2.7\nno isakmp key ******** address 192.0.2.7", "", ""},
		{"lifetimes", "crypto ipsec security-association lifetime seconds 3600 kilobytes 50000\ncrypto ipsec transform-set T esp-des\ncrypto ipsec transform-set T mode transport\nno crypto ipsec security-association lifetime kilobytes",
			"crypto ipsec transform-set T esp-des\ncrypto ipsec transform-set T mode transport\ncrypto ipsec security-association lifetime seconds 3600", ""},
		{"default lifetime", "crypto ipsec security-association lifetime seconds 3600\ncrypto ipsec security-association lifetime seconds 28800", "", ""},
		{"mode goes with its set", "crypto ipsec transform-set T esp-des\ncrypto ipsec transform-set T mode transport\nno crypto ipsec transform-set T", "", ""},
		{"two ciphers", "crypto ipsec transform-set T esp-des esp-3des", "", "E105"},
		{"no set pfs", "crypto map M 10 ipsec-isakmp\ncrypto map M 10 set pfs group5\nno crypto map M 10 set pfs", "crypto map M 10 ipsec-isakmp", ""},
		{"manual entry", "crypto map M 10 ipsec-manual\ncrypto map M 10 set session-key inbound esp 300 cipher 0123456789abcdef\nno crypto map M 10 set session-key inbound esp",
			"crypto map M 10 ipsec-manual", ""},
		{"several peers", "crypto map M 10 set peer 192.0.2.8\ncrypto map M 10 set peer gw.example.com\ncrypto map M 10 set peer 192.0.2.7",
			"crypto map M 10 set peer 192.0.2.8\ncrypto map M 10 set peer gw.example.com\ncrypto map M 10 set peer 192.0.2.7", ""},
		{"entry with its keys", "crypto map M 10 ipsec-manual\ncrypto map M 10 set session-key outbound ah 300 0123456789abcdef0123456789abcdef\nno crypto map M 10", "", ""},
		{"broken peer", "crypto map M 10 set peer 192.0.2.300", "", "E105"},
		{"actions", "ca save all\nca generate rsa key 1024\nvpnclient connect", "", ""},
		{"vpdn", "vpdn enable outside\nvpdn username joe password a\nvpdn group 1 client authentication local\nvpdn group 1 ppp authentication pap\nvpdn group 1 ppp authentication chap\nvpdn group 1 accept dialin pptp",
			"vpdn group 1 accept dialin pptp\nvpdn group 1 ppp authentication pap\nvpdn group 1 ppp authentication chap\nvpdn group 1 client authentication local\nvpdn username joe password a\nvpdn enable outside", ""},
		{"no vpdn group", "vpdn group 1 accept dialin pptp\nvpdn group 1 pptp echo 60\nno vpdn group 1", "", ""},
		{"clear vpdn username", "vpdn group 1 accept dialin pptp\nvpdn username joe password a\nclear vpdn username", "vpdn group 1 accept dialin pptp", ""},
		{"no vpnclient", "vpnclient server 192.0.2.1\nvpnclient enable\nno vpnclient enable\nno vpnclient", "", ""},
		{"list of an aaa rule", "access-list U permit tcp any any eq www\naaa-server A protocol radius\naaa authentication match U inside A\nno access-list U",
			"access-list U permit tcp any any eq www\naaa-server A protocol radius\naaa authentication match U inside A", "E305"},
		{"clear aaa", "aaa-server A protocol radius\naaa authentication ssh console A\naaa proxy-limit 4\nclear aaa", "aaa-server A protocol radius", ""},
		{"authority", "ca identity my 192.0.2.3:/x.dll\nca configure my ra 1 0\nno ca configure my\nno ca identity my", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, codes := lines(t, tc.text+"\n")
			want := slices.DeleteFunc(strings.Split(tc.want, "\n"), func(s string) bool { return s == "" })
			if !slices.Equal(got, want) || codes != tc.codes {
				t.Errorf("got %s\n%s\nwant %s\n%s", codes, strings.Join(got, "\n"), tc.codes, tc.want)
			}
		})
	}
}

// TestMasks: keys do not show where secrets are hidden.
func TestMasks(t *testing.T) {
	for line, want := range map[string]string{
		"vpdn username joe password geheim store-local":                           "vpdn username joe password ********* store-local",
		"vpnclient vpngroup g password geheim":                                    "vpnclient vpngroup g password ********",
		"crypto map M 10 set session-key inbound esp 300 cipher 0123456789abcdef": "crypto map M 10 set session-key inbound esp 300 cipher ********",
		"ca enroll my geheim serial":                                              "ca enroll my ******** serial",
	} {
		s, diags := ParseStatement(line, Scope{})
		if s.Cmd == nil || diags.HasErrors() {
			t.Errorf("%s: %v", line, diags)
			continue
		}
		if got := s.TextBy(&ast.Printer{HideSecrets: true}); got != want {
			t.Errorf("%q is shown as %q", line, got)
		}
	}
}
