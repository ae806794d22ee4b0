package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/parser"
)

// TestSecretsMatched: each kind of masked line finds its value in a file of secrets, and nothing else does.
func TestSecretsMatched(t *testing.T) {
	const masked = `nameif ethernet0 outside security0
isakmp key ******** address 198.51.100.9 netmask 255.255.255.255 no-xauth
vpngroup staff password ********
aaa-server A protocol radius
aaa-server A (outside) host 192.0.2.9 ******** timeout 10
vpdn username joe password *********
vpdn username ann password *********
vpnclient vpngroup staff password ********
vpnclient username joe password ********
failover lan key ********
ntp authentication-key 1 md5 ********
crypto map vpn 10 ipsec-manual
crypto map vpn 10 set session-key inbound esp 300 cipher ******** authenticator ********
crypto map vpn 10 set session-key outbound esp 301 cipher ******** authenticator ********
`
	const secrets = `isakmp key one address 198.51.100.9 netmask 255.255.255.255
vpngroup staff password two
vpngroup other password wrong
aaa-server A (outside) host 192.0.2.9 three
vpdn username joe password four
vpnclient vpngroup staff password five
vpnclient username joe password six
failover lan key seven
ntp authentication-key 1 md5 eight
ntp authentication-key 2 md5 wrong
crypto map vpn 10 set session-key inbound esp 300 cipher 0123456789abcdef0123456789abcdef0123456789abcdef authenticator 00112233445566778899aabbccddeeff
`
	path := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(path, []byte(secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	s, diags, err := ReadSecrets(path)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags.Err())
	}
	cfg, _, diags := parser.Load("test", []byte(masked))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	before := cfg.String()
	var got []string
	for cmd := range s.Fill(cfg).Commands() {
		if _, places := ast.Secrets(cmd); len(places) > 0 {
			words := make([]string, len(places))
			for i, p := range places {
				words[i] = string(*p)
			}
			got = append(got, strings.Join(words, " "))
		}
	}
	want := []string{"seven", "three", "eight", "0123456789abcdef0123456789abcdef0123456789abcdef 00112233445566778899aabbccddeeff", "******** ********", "one", "two",
		"four", "*********", "five", "six"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if cfg.String() != before {
		t.Error("the configuration itself has changed")
	}
	var unused []string
	for _, d := range s.Unused() {
		unused = append(unused, strings.TrimPrefix(d.Error(), path+":"))
		if strings.Contains(d.Error()+d.Hint, "wrong") {
			t.Errorf("a secret is told: %v", d)
		}
	}
	if want := "3:1: warning[W452]: no masked line is of this secret 10:1: warning[W452]: no masked line is of this secret"; strings.Join(unused, " ") != want {
		t.Errorf("got %q, want %s", unused, want)
	}
	if d := (*Secrets)(nil).Unused(); d != nil {
		t.Errorf("without a file: %v", d)
	}
}
