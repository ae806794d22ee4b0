package daemon

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pixfw/internal/pki"
)

func newAuthority(t *testing.T) *pki.Authority {
	t.Helper()
	return pki.New(t, "the authority", time.Now(), 2048)
}

// issue is a directory as the option of the firewall names it. host is the name by which its owner is known; unit: the group of a client.
func issue(t *testing.T, a *pki.Authority, host, unit string) (dir string) {
	t.Helper()
	return a.Issue(pki.Named(host), func(c *x509.Certificate) {
		if unit != "" {
			c.Subject.OrganizationalUnit = []string{unit}
		}
	}).Dir(t)
}

// charon starts strongSwan with a certificate, outside, and returns what lets it begin and end a tunnel. It speaks ESP in UDP only. swanctl reads
// certificates and keys from directories beside its configuration.
func (l *vpnLab) charon(dir, connection string) (begin, end func() error) {
	l.t.Helper()
	for file, of := range map[string]string{"ca.pem": "x509ca", "own.pem": "x509", "key.pem": "rsa"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, of), 0o700), os.Rename(filepath.Join(dir, file), filepath.Join(dir, of, file))); err != nil {
			l.t.Fatal(err)
		}
	}
	conf := filepath.Join(dir, "swanctl.conf")
	text := fmt.Sprintf(`connections {
  lab {
    version = 1
    local_addrs = 192.168.1.2
    remote_addrs = 192.168.1.1
    proposals = aes128-sha1-modp1024
    encap = yes
    local {
      auth = pubkey
      certs = own.pem
    }
    remote {
      auth = pubkey
      id = pix.example.com
      cacerts = ca.pem
    }
    %s
  }
}
secrets {
  xauth-user { id = cisco_customer
               secret = "cisco" }
}
`, connection)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	bash := func(line string) (string, error) {
		return l.exec(nil, "bash", "-c", `set -eu; LAB=$1; . "$LAB/lib.sh"; . "$LAB/strongswan-conf.sh"; `+line, "bash", labDir, l.prefix+"-out", conf)
	}
	if out, err := bash(`SS_UNITY=no SS_TRIES=1; ss_start cert0 "$2" "$3"; cat "$STATE/cert0/load.log"`); err != nil {
		l.t.Fatal(out, err)
	}
	l.t.Cleanup(func() {
		if l.t.Failed() {
			out, err := bash(`cat "$STATE/cert0/charon.log"`)
			l.t.Log(out, err)
		}
		if out, err := bash("reap cert0"); err != nil {
			l.t.Error(out, err)
		}
	})
	does := func(line string) func() error {
		return func() error {
			if out, err := bash("ss_ctl cert0 " + line); err != nil {
				return errors.New(out)
			}
			return nil
		}
	}
	return does("--initiate --child lab --timeout 20"), does("--terminate --ike lab --timeout 5")
}

// TestVPNCertificates lets charon be a site and a client whose certificates are of the same authority as the box's.
func TestVPNCertificates(t *testing.T) {
	ca := newAuthority(t)
	l := newVPNLabWith(t, strings.NewReplacer("hostname pixfirewall", "hostname pix", "isakmp identity address", "isakmp identity hostname"),
		issue(t, ca, "pix.example.com", ""), "charon-systemd", "swanctl", "ping")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	l.types("domain-name example.com", "isakmp nat-traversal 20",
		"isakmp policy 5 authentication rsa-sig", "isakmp policy 5 encryption aes", "isakmp policy 5 hash sha", "isakmp policy 5 group 2",
		"crypto ipsec transform-set strong esp-aes esp-sha-hmac", "crypto dynamic-map dynmap 10 set transform-set strong",
		"access-list vpn permit ip 10.89.129.128 255.255.255.128 10.10.10.0 255.255.255.0",
		"access-list 101 permit ip 10.89.129.128 255.255.255.128 10.10.10.0 255.255.255.0",
		"crypto map mymap 5 ipsec-isakmp", "crypto map mymap 5 match address vpn", "crypto map mymap 5 set peer 192.168.1.2",
		"crypto map mymap 5 set transform-set strong", "isakmp peer fqdn branch.example.com no-xauth no-config-mode")
	run(t, "ip", "-n", l.prefix+"-out", "addr", "add", "10.10.10.1/32", "dev", "lo")
	const site = `children { lab { local_ts = 10.10.10.0/24
                     remote_ts = 10.89.129.128/25
                     esp_proposals = aes128-sha1 } }`
	certified := func(l *vpnLab, initiator bool) {
		l.t.Helper()
		sas := l.d.engine.IKESAs()
		if len(sas) != 1 || sas[0].Initiator != initiator || sas[0].State != "QM_IDLE" || sas[0].Policy != 5 {
			l.t.Errorf("%+v", sas)
		}
	}
	l.sub("site", func(l *vpnLab) {
		begin, end := l.charon(issue(l.t, ca, "branch.example.com", ""), site)
		ping := func() error {
			out, err := l.in("in", "ping", "-n", "-c", "1", "-W", "1", "10.10.10.1")
			if err != nil {
				return errors.New(out)
			}
			return nil
		}
		l.sub("charon begins", func(l *vpnLab) {
			if err := errors.Join(begin(), ping()); err != nil {
				l.t.Fatal(err)
			}
			certified(l, false)
			if err := end(); err != nil {
				l.t.Fatal(err)
			}
			l.none()
		})
		l.sub("the box begins", func(l *vpnLab) {
			l.await("a tunnel", func() bool { return ping() == nil })
			certified(l, true)
			if err := end(); err != nil {
				l.t.Fatal(err)
			}
			l.none()
		})
		if l.said("109001") {
			l.t.Error("a site is asked for a user")
		}
	})
	l.sub("strangers", func(l *vpnLab) {
		begin, _ := l.charon(issue(l.t, newAuthority(l.t), "branch.example.com", ""), site)
		if err := begin(); err == nil {
			l.t.Error("a certificate of another authority is good enough")
		}
		l.says("702206: ISAKMP malformed payload received (local 192.168.1.1 (responder), remote 192.168.1.2)")
		if l.said("602201") || len(l.d.engine.SAPairs()) != 0 {
			l.t.Error("a stranger has an SA")
		}
	})
	l.sub("client", func(l *vpnLab) {
		begin, end := l.charon(issue(l.t, ca, "laptop.example.com", "vpn3000"), `vips = 0.0.0.0
    local-xauth {
      auth = xauth-generic
      xauth_id = cisco_customer
    }
    children { lab { remote_ts = 10.89.129.128/25
                     esp_proposals = aes128-sha1 } }`)
		l.types("no crypto map mymap client configuration address initiate")
		if err := begin(); err != nil {
			l.t.Fatal(err)
		}
		l.up("10.89.129.200")
		l.works("out", "10.89.129.200")
		certified(l, false)
		if sas := l.d.engine.IKESAs(); len(sas) == 1 && (sas[0].Group != "vpn3000" || sas[0].User != "cisco_customer") {
			l.t.Errorf("%+v", sas)
		}
		if err := end(); err != nil {
			l.t.Fatal(err)
		}
		l.nobody()
	})
}
