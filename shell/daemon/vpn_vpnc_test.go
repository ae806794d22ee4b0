package daemon

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pixfw/runtime"
)

// localUsers lets clients log in without a server.
var localUsers = strings.NewReplacer("client authentication AuthInbound", "client authentication LOCAL",
	"aaa-server LOCAL protocol local\n", "aaa-server LOCAL protocol local\nusername cisco_customer password cisco\n")

// TestVPNC looks at what of a group reaches vpnc, and at what it does when something goes wrong or on for long.
func TestVPNC(t *testing.T) {
	l := newVPNLab(t, localUsers, "vpnc", "ping")
	l.serve()
	l.echo("in", "10.89.129.131:7")
	l.sub("attributes", (*vpnLab).tellsClients)
	l.sub("PFS", func(l *vpnLab) {
		l.types("crypto dynamic-map dynmap 10 set pfs group2")
		if out, err := l.script(l.env("192.168.1.2", "NATT=none", "TIMEOUT=5"), "vpnc.sh", "start"); err == nil && l.pairs() > 0 {
			l.t.Errorf("a client without PFS has a tunnel: %s", out)
		}
		l.must(l.env("192.168.1.2"), "vpnc.sh", "stop")
		l.nobody()
		l.client("out", "192.168.1.2", "10.89.129.200", "NATT=none", "PFS=dh2")
		l.works("out", "10.89.129.200")
		l.leave("192.168.1.2")
		// The group tells a client of it that does as it is told.
		l.types("vpngroup vpn3000 pfs")
		l.client("out", "192.168.1.2", "10.89.129.200", "NATT=none", "PFS=server")
		l.works("out", "10.89.129.200")
		l.leave("192.168.1.2")
		l.types("no vpngroup vpn3000 pfs", "no crypto dynamic-map dynmap 10 set pfs")
	})
	l.sub("dialects", (*vpnLab).speaksDialects)
	l.sub("renewal by volume", (*vpnLab).renewsVPNC)
	l.sub("vanished", (*vpnLab).missesClients)
}

func (l *vpnLab) pairs() int { return len(l.d.engine.SAPairs()) }

// tellsClients compares what the script of vpnc is told with what the group says.
func (l *vpnLab) tellsClients() {
	l.types("access-list split permit ip 10.89.129.128 255.255.255.240 any", "access-list split permit ip host 10.89.129.193 any",
		"vpngroup vpn3000 dns-server 10.89.129.131 10.89.129.132", "vpngroup vpn3000 wins-server 10.89.129.133", "vpngroup vpn3000 default-domain example.com",
		"vpngroup vpn3000 split-tunnel split", "vpngroup vpn3000 split-dns example.com example.net", "vpngroup vpn3000 backup-server 192.0.2.8 192.0.2.9")
	l.client("out", "192.168.1.2", "10.89.129.200", "NATT=none", "DEBUG=2")
	l.works("out", "10.89.129.200")
	got := strings.Split(l.must(l.env("192.168.1.2"), "vpnc.sh", "status"), "\n")
	for _, want := range []string{
		"INTERNAL_IP4_ADDRESS=10.89.129.200", "INTERNAL_IP4_DNS=10.89.129.131 10.89.129.132", "INTERNAL_IP4_NBNS=10.89.129.133", "CISCO_DEF_DOMAIN=example.com",
		"CISCO_SPLIT_DNS=example.com,example.net", "CISCO_SPLIT_INC=2",
		"CISCO_SPLIT_INC_0_ADDR=10.89.129.128", "CISCO_SPLIT_INC_0_MASK=255.255.255.240", "CISCO_SPLIT_INC_0_MASKLEN=28",
		"CISCO_SPLIT_INC_1_ADDR=10.89.129.193", "CISCO_SPLIT_INC_1_MASK=255.255.255.255", "CISCO_SPLIT_INC_1_MASKLEN=32",
	} {
		if !slices.Contains(got, want) {
			l.t.Errorf("vpnc is not told %s", want)
		}
	}
	if l.t.Failed() {
		l.t.Log(strings.Join(got, "\n"))
	}
	l.leave("192.168.1.2")
	l.types("no vpngroup vpn3000 split-tunnel", "no vpngroup vpn3000 backup-server")
}

// The dialects of NAT traversal, as they are announced.
var dialects = []struct{ name, id string }{
	{"draft-02", "\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48"},
	{"draft-02 with a line feed", "\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f"},
	{"draft-03", "\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56"},
	{"RFC 3947", "\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f"},
}

// speaksDialects lets vpnc speak each dialect of NAT traversal. It announces all of them and none of its options changes that, so
// what stands between, where a NAT would, makes the others something that nobody knows.
func (l *vpnLab) speaksDialects() {
	l.types("isakmp nat-traversal 20")
	for _, d := range dialects {
		l.sub(d.name, func(l *vpnLab) {
			ike, data := l.relay(500, d.id), l.relay(4500, d.id)
			l.client("out", "192.168.1.2", "10.89.129.200", "NATT=natt", "GATEWAY=192.168.1.3")
			l.works("out", "10.89.129.200")
			if sas := l.d.engine.SAPairs(); len(sas) != 1 || !sas[0].Encap || sas[0].Peer.String() != "192.168.1.3" || sas[0].PeerPort == 500 {
				l.t.Errorf("%+v", sas)
			}
			if got := ike.told(); !slices.Equal(got, []string{d.name}) {
				l.t.Errorf("the firewall speaks %q", got)
			}
			if data.carried.Load() < 10 {
				l.t.Errorf("%d datagrams on port 4500", data.carried.Load())
			}
			l.leave("192.168.1.2")
			ike.stop()
			data.stop()
		})
	}
	l.types("no isakmp nat-traversal")
}

// A relay carries datagrams of a port from the address .3 of the outside to the firewall and back.
type relay struct {
	front, back net.PacketConn
	done        sync.WaitGroup
	carried     atomic.Int64 // to the client

	mu     sync.Mutex
	client net.Addr
	heard  []string // dialects that the firewall has announced
}

// relay starts one that lets the client announce one dialect only.
func (l *vpnLab) relay(port int, dialect string) *relay {
	l.t.Helper()
	r := &relay{front: l.udp("out", fmt.Sprintf("192.168.1.3:%d", port)), back: l.udp("out", "192.168.1.3:0")}
	for _, c := range []net.PacketConn{r.front, r.back} {
		if err := c.SetDeadline(time.Time{}); err != nil {
			l.t.Fatal(err)
		}
	}
	r.done.Go(func() {
		b := make([]byte, 65536)
		for {
			n, who, err := r.front.ReadFrom(b)
			if err != nil {
				return // stopped
			}
			r.mu.Lock()
			r.client = who
			r.mu.Unlock()
			for _, d := range dialects {
				if at := bytes.Index(b[:n], []byte(d.id)); at >= 0 && d.id != dialect {
					b[at] ^= 0xff
				}
			}
			_, _ = r.back.WriteTo(b[:n], &net.UDPAddr{IP: net.IPv4(192, 168, 1, 1), Port: port}) // what is lost is sent again
		}
	})
	r.done.Go(func() {
		b := make([]byte, 65536)
		for {
			n, _, err := r.back.ReadFrom(b)
			if err != nil {
				return // stopped
			}
			r.mu.Lock()
			client := r.client
			for _, d := range dialects {
				if bytes.Contains(b[:n], []byte(d.id)) {
					r.heard = append(r.heard, d.name)
				}
			}
			r.mu.Unlock()
			if client != nil {
				r.carried.Add(1)
				_, _ = r.front.WriteTo(b[:n], client)
			}
		}
	})
	return r
}

func (r *relay) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.heard)
}

func (r *relay) stop() {
	r.front.Close()
	r.back.Close()
	r.done.Wait()
}

// renewsVPNC renews pairs under traffic. vpnc has one pair: when the firewall proposes the next it forgets the one that it has before it
// answers, and does not open what is on its way to it by then. Nothing else may be lost.
func (l *vpnLab) renewsVPNC() {
	l.types("crypto dynamic-map dynmap 10 set security-association lifetime kilobytes 2560", "isakmp nat-traversal 20")
	var mu sync.Mutex
	var at []time.Time
	cancel := l.d.engine.Subscribe(func(m runtime.Message) {
		if m.ID == 702209 || m.ID == 702211 { // phase 2 begins, has ended
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
		}
	})
	defer cancel()
	for _, natt := range []string{"force-natt", "none"} {
		l.client("out", "192.168.1.2", "10.89.129.200", "NATT="+natt)
		for try := 1; ; try++ {
			lost := l.renewed("NATT="+natt, "10.89.129.200:0", 4, 0, pace{every: 500 * time.Microsecond}, nil)
			mu.Lock()
			far := slices.DeleteFunc(slices.Clone(lost), func(t time.Time) bool {
				return slices.ContainsFunc(at, func(e time.Time) bool { return t.Sub(e).Abs() < 200*time.Millisecond })
			})
			mu.Unlock()
			if len(far) == 0 && len(lost) <= 4*50 { // 25 ms of each
				break
			}
			if try == 3 { // as long as that other work does not keep a process from the processor each time
				l.t.Errorf("%d packets are lost, %d of them not about a renewal", len(lost), len(far))
				break
			}
			l.t.Logf("%d packets are lost, %d of them not about a renewal; once more", len(lost), len(far))
		}
		l.leave("192.168.1.2")
	}
	l.types("no crypto dynamic-map dynmap 10 set security-association lifetime kilobytes", "no isakmp nat-traversal")
}

// missesClients lets one client be killed, and another's packets be lost, so that neither says good-bye: `isakmp keepalive` finds out.
func (l *vpnLab) missesClients() {
	l.types("isakmp keepalive 10 2")
	defer l.types("no isakmp keepalive")
	l.client("out", "192.168.1.2", "10.89.129.200", "NATT=none", "DPD=600")
	l.client("out", "192.168.1.3", "10.89.129.201", "NATT=none", "DPD=600")
	l.works("out", "10.89.129.200")
	l.works("out", "10.89.129.201")
	l.kill("192.168.1.2", "10.89.129.200")
	in := func(args ...string) {
		l.t.Helper()
		if out, err := l.in("out", "nft", args...); err != nil {
			l.t.Fatalf("%v %s", err, out)
		}
	}
	in("add", "table", "ip", "gone")
	in("add", "chain", "ip", "gone", "out", "{ type filter hook output priority 0; }")
	in("add", "rule", "ip", "gone", "out", "ip", "saddr", "192.168.1.3", "drop")
	began := time.Now()
	l.awaitFor(40*time.Second, "the clients are missed", func() bool { return len(l.d.engine.IKESAs()) == 0 })
	if took := time.Since(began); took < 9*time.Second {
		l.t.Errorf("missed after %v", took)
	} else {
		l.t.Logf("missed after %v", took)
	}
	for _, peer := range []string{"2", "3"} {
		l.says("702203: ISAKMP DPD timed out (local 192.168.1.1 (responder), remote 192.168.1." + peer + ")")
	}
	l.nobody()
	in("delete", "table", "ip", "gone")
	for _, at := range []string{"192.168.1.2", "192.168.1.3"} {
		l.must(l.env(at), "vpnc.sh", "stop")
	}
	// Both addresses are free again.
	l.client("out", "192.168.1.2", "10.89.129.200", "NATT=none")
	l.works("out", "10.89.129.200")
	l.leave("192.168.1.2")
}
