package ike

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// What a group hands out, in the order in which it is asked for.
func TestModeConfigValues(t *testing.T) {
	w, b := clientWorld(t, `vpngroup vpn3000 dns-server 10.0.0.2 10.0.0.3
vpngroup vpn3000 wins-server 10.0.0.4
vpngroup vpn3000 default-domain example.com
vpngroup vpn3000 split-tunnel split
vpngroup vpn3000 split-dns a.example.com b.example.com
vpngroup vpn3000 pfs
vpngroup vpn3000 backup-server 192.168.1.9 192.168.1.10
`, Options{})
	c := newClient(w, "192.168.1.2")
	c.request = []uint16{28681, 28679, 28675, 28676, 28674, 4, 3, 2, 1, 28672, 16521, 9}
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	if c.reply == nil {
		t.Fatalf("%v", c.got)
	}
	var got []string
	for _, a := range c.reply.attrs {
		got = append(got, fmt.Sprintf("%d %q", a.Type, a.Raw))
	}
	want := strings.Join([]string{`28681 "192.168.1.9,192.168.1.10"`, `28679 "\x00\x01"`, `28675 "a.example.com,b.example.com"`,
		`28676 "\nY\x81\x80\xff\xff\xff\x80\x00\x00\x00\x00\x00\x00\n\x02\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"`,
		`28674 "example.com"`, `4 "\n\x00\x00\x04"`, `3 "\n\x00\x00\x02"`, `3 "\n\x00\x00\x03"`, `1 "\nY\x81\xc8"`}, "\n")
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// Five addresses, lowest first; the sixth client is refused; what comes free is given again.
func TestPool(t *testing.T) {
	w, b := clientWorld(t, "", Options{})
	b.SetDebug(ISAKMP, 1)
	var all []*vpnClient
	for n := range 5 {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 10+n))
		if n%2 == 1 {
			c.old()
		}
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if want := netip.AddrFrom4([4]byte{10, 89, 129, byte(200 + n)}); c.addr != want || c.pairs != 1 {
			t.Fatalf("client %d: %v, %v", n, c.addr, c.got)
		}
		all = append(all, c)
	}
	for n, old := range []bool{false, true} {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 20+n))
		if old {
			c.old()
		}
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		c.wants(passed + " | delete")
		if c.addr.IsValid() || len(b.clients) != 5 || len(b.SAs()) != 5 {
			t.Errorf("a sixth client: %v", c.got)
		}
	}
	debugHas(t, b, "ISAKMP (0:0): no address available...")
	if logs := strings.Join(b.logs, "\n"); !strings.Contains(logs, "%PIX-4-404101: ISAKMP: Failed to allocate address for client from pool VPNpool") {
		t.Error(logs)
	}
	for _, n := range []int{3, 1} {
		all[n].leave()
	}
	w.run()
	if got := fmt.Sprint(b.PoolInUse(0)); got != "[10.89.129.200 10.89.129.202 10.89.129.204]" {
		t.Errorf("in use: %s", got)
	}
	for n, want := range []string{"10.89.129.201", "10.89.129.203"} {
		c := newClient(w, fmt.Sprintf("192.168.1.%d", 30+n))
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept})
		if c.addr != addr(want) {
			t.Errorf("%v, want %s", c.addr, want)
		}
	}
	w.do(b, b.Apply(planOf(t, pixClients+"ip local pool other 10.89.129.205-10.89.129.206\n")))
	w.run()
	if len(b.clients) != 5 || len(b.PoolInUse(0)) != 5 || len(b.PoolInUse(1)) != 0 || b.PoolInUse(2) != nil || b.PoolInUse(-1) != nil {
		t.Errorf("after another plan: %v", b.clients)
	}
}

// idle-time and max-time end a client, and its address is free again.
func TestClientTimes(t *testing.T) {
	used := map[uint64]time.Time{}
	lastUsed := func(id uint64) (time.Time, time.Time) { return used[id], used[id] }
	w, b := clientWorld(t, "vpngroup vpn3000 idle-time 600\nvpngroup vpn3000 max-time 3600\n", Options{LastUsed: lastUsed})
	c := newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	for range 3 {
		w.pass(500 * time.Second)
		used[b.last().ID] = w.clock.Now()
	}
	w.pass(599 * time.Second)
	if len(b.clients) != 1 {
		t.Fatal("a client that is not idle is gone")
	}
	w.pass(2 * time.Second)
	if len(b.clients) != 0 || len(b.live) != 0 || len(b.PoolInUse(0)) != 0 || !c.deleted || b.removed[0].Reason != "idle-time" {
		t.Errorf("an idle client is still there: %v %v", b.clients, b.removed)
	}
	c = newClient(w, "192.168.1.2")
	c.connect()
	w.run()
	answer(t, w, b, AuthResult{Verdict: Accept})
	for range 7 {
		w.pass(500 * time.Second)
		used[b.last().ID] = w.clock.Now()
	}
	w.pass(99 * time.Second)
	if len(b.clients) != 1 {
		t.Fatal("gone before max-time")
	}
	w.pass(2 * time.Second)
	if len(b.clients) != 0 || b.removed[len(b.removed)-1].Reason != "max-time" {
		t.Errorf("max-time: %v %v", b.clients, b.removed)
	}
}

// What a server says of a user: the shorter of two times to be there, and its own time to be idle in place of the group's.
func TestClientTimesOfServer(t *testing.T) {
	for _, test := range []struct {
		group     string
		max, idle time.Duration
		want      time.Duration
		reason    string
	}{
		{"", 2 * time.Minute, 0, 2 * time.Minute, "max-time"},
		{"vpngroup vpn3000 max-time 3600\n", 2 * time.Minute, 0, 2 * time.Minute, "max-time"},
		{"vpngroup vpn3000 max-time 60\n", 2 * time.Minute, 0, time.Minute, "max-time"},
		{"vpngroup vpn3000 idle-time 600\n", 0, time.Minute, time.Minute, "idle-time"},
		{"vpngroup vpn3000 idle-time 60\n", 0, 5 * time.Minute, 5 * time.Minute, "idle-time"},
	} {
		w, b := clientWorld(t, test.group, Options{LastUsed: func(uint64) (used, heard time.Time) { return }})
		c := newClient(w, "192.168.1.2")
		c.connect()
		w.run()
		answer(t, w, b, AuthResult{Verdict: Accept, MaxTime: test.max, IdleTime: test.idle})
		w.pass(test.want - time.Second)
		if len(b.clients) != 1 {
			t.Errorf("%+v: gone too soon", test)
		}
		w.pass(2 * time.Second)
		if len(b.clients) != 0 || len(b.removed) == 0 || b.removed[0].Reason != test.reason {
			t.Errorf("%+v: %v %v", test, b.clients, b.removed)
		}
	}
}
