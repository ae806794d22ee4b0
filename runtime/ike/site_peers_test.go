package ike

import (
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

const pixSite = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
hostname pixfirewall
access-list vpn permit ip 10.89.129.128 255.255.255.128 10.10.10.0 255.255.255.0
ip address outside 192.168.1.1 255.255.255.0
ip address inside 10.89.129.194 255.255.255.240
nat (inside) 0 access-list vpn
route outside 0.0.0.0 0.0.0.0 192.168.1.254 1
sysopt connection permit-ipsec
crypto ipsec transform-set ts esp-des esp-md5-hmac
crypto map m 10 ipsec-isakmp
crypto map m 10 match address vpn
crypto map m 10 set peer 192.168.1.2
crypto map m 10 set transform-set ts
crypto map m interface outside
isakmp enable outside
isakmp key wildkey address 192.168.1.2 netmask 255.255.255.255
isakmp identity address
isakmp keepalive 10 3
isakmp nat-traversal 20
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption des
isakmp policy 10 hash md5
isakmp policy 10 group 2
isakmp policy 10 lifetime 86400
`

// TestStrongSwanSite makes a tunnel with charon as peer: begun by it, then by the box, and renewed by either.
func TestStrongSwanSite(t *testing.T) {
	p, script := peerLab(t, "strongswan-client.sh", pixSite, "charon-systemd", "swanctl")
	env := []string{"ESP_LIFE=10s", "IKE_LIFE=12s"}
	if out, err := p.during(t, func() (string, error) { return script(env, "start", "s2s") }); err != nil || len(p.Pairs()) != 1 {
		t.Fatalf("%d pairs: %v %s", len(p.Pairs()), err, out)
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for range 60 {
			p.during(t, func() (string, error) { time.Sleep(250 * time.Millisecond); return "", nil })
			if ok() {
				return
			}
		}
		t.Fatalf("%s: %+v %+v\n%s", what, p.SAs(), p.Pairs(), p.debug.String())
	}
	newest := func() (id uint64) {
		for _, r := range p.Pairs() {
			id = max(id, r.ID)
		}
		return id
	}
	// Pairs that charon renews, and then phase 1 as well; the box does not, since it sees no traffic.
	p.o.LastUsed = func(uint64) (used, heard time.Time) { return }
	first := newest()
	defer func() {
		if t.Failed() {
			out, err := script(nil, "log")
			t.Log(out, err)
		}
	}()
	until("charon does not renew its pair", func() bool { return newest() > first })
	sa := p.SAs()[0].ID
	until("charon has renewed phase 1 and nothing is left", func() bool {
		l := p.SAs()
		return len(l) > 0 && l[len(l)-1].ID > sa && l[len(l)-1].State == "QM_IDLE" && len(p.Pairs()) > 0
	})

	// The box renews.
	p.o.LastUsed = nil
	renewed := newest()
	until("the box does not renew its pair", func() bool {
		for _, r := range p.Pairs() {
			if r.ID > renewed && p.pairs[r.ID].initiator {
				return true
			}
		}
		p.do(t, p.Expire(newest(), false)) // again where charon has ended what the last one was for
		return false
	})

	// The box begins: nothing is there, and a packet comes.
	p.do(t, p.ClearSAs(func(*runtime.SAPair) bool { return true }))
	p.do(t, p.ClearIKE(0))
	p.during(t, func() (string, error) { time.Sleep(500 * time.Millisecond); return "", nil })
	p.do(t, p.Acquire(0, 0, 0, Flow{Src: addr("10.89.129.131"), Dst: addr("10.10.10.1"), Proto: 1}))
	until("the box makes no tunnel", func() bool {
		for _, s := range p.SAs() {
			if s.Initiator && s.State == "QM_IDLE" && s.Peer.Port() == portNATT {
				return len(p.Pairs()) > 0
			}
		}
		return false
	})
	out, err := script(nil, "status")
	if err != nil || !strings.Contains(out, "ESTABLISHED") || !strings.Contains(out, "INSTALLED") {
		t.Errorf("%v %s", err, out)
	}
	if out, err := p.during(t, func() (string, error) { return script(nil, "stop") }); err != nil {
		t.Fatalf("%v %s", err, out)
	}
}
