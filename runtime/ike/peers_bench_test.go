package ike

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"pixfw/runtime"
	"pixfw/runtime/kernel/lab/gateway"
)

// BenchmarkPeers counts what a handshake costs who answers: this box as `pixfw run`, and charon. The peers are the same for both and run
// in this process, each with an address of its own; four at a time. cpu-us/handshake is processor time of all threads of the
// answering process, in user space and kernel; kB/peer what its resident memory has grown by.
//
//	go test ./runtime/ike -run '^$' -bench Peers -benchtime 1000x
func BenchmarkPeers(b *testing.B) {
	for _, mode := range []string{"main", "aggressive"} {
		for _, who := range []string{"pixfw", "charon"} {
			b.Run(mode+"/"+who, func(b *testing.B) { benchPeers(b, mode, who) })
		}
	}
}

// most is how many peers there are room for.
const most = 250 * 40

func benchPeers(b *testing.B, mode, who string) {
	if b.N > most {
		b.Skipf("at most %d peers", most)
	}
	if b.N == 1 {
		return // the framework's first try
	}
	l := newPeerNet(b)
	pid := l.serve(mode, who)
	cpu := rest(b, pid)
	memory := gateway.Memory(b, pid)
	peers := make([]*loadPeer, b.N)
	for i := range peers {
		peers[i] = l.peer(b, mode, i)
	}
	slots := make(chan struct{}, 4)
	results := make(chan error, b.N)
	b.ResetTimer()
	go func() {
		for _, p := range peers {
			if mode == "aggressive" {
				time.Sleep(3 * time.Millisecond) // the box answers 400 first messages a second of this mode
			}
			slots <- struct{}{}
			go func() {
				results <- p.connect(10 * time.Second)
				<-slots
			}()
		}
	}()
	failed := 0
	for range peers {
		if err := <-results; err != nil {
			if failed++; failed == 1 {
				b.Log(err)
			}
		}
	}
	b.StopTimer()
	after, grown := gateway.CPU(b, pid), gateway.Memory(b, pid)
	if failed == b.N {
		b.Fatal("nobody got through")
	}
	b.ReportMetric(float64((after-cpu).Microseconds())/float64(b.N-failed), "cpu-us/handshake")
	b.ReportMetric(float64(grown-memory)/1024/float64(b.N-failed), "kB/peer")
	b.ReportMetric(float64(grown)/(1<<20), "MB")
	b.ReportMetric(float64(failed), "failed")
}

// rest waits until a process does hardly anything any more: what it makes ready after its start is no handshake. It returns what it
// has had of processors.
func rest(b *testing.B, pid int) time.Duration {
	b.Helper()
	was := gateway.CPU(b, pid)
	for range 50 {
		time.Sleep(200 * time.Millisecond)
		cpu := gateway.CPU(b, pid)
		if cpu-was <= 20*time.Millisecond {
			return cpu
		}
		was = cpu
	}
	b.Fatalf("process %d does not come to rest", pid)
	return 0
}

// peerNet is the namespaces of the box, of all its peers, and of what is behind it.
type peerNet struct{ *gateway.Place }

func newPeerNet(b *testing.B) *peerNet {
	l := &peerNet{gateway.New(b, "pixbench", []string{"GROUP_SECRET=grouppw", "WILD_SECRET=wildkey", "SS_LOG=0", "POOL=10.60.0.0/17",
		"S2S_LOCAL=10.89.129.128/25", "S2S_REMOTE=10.128.0.0/9", "SS_EXTRA=ikesa_table_size = 4096\n  ikesa_table_segments = 16"})}
	box, out := l.Box(), l.In("out")
	for _, ns := range []string{box, out, l.In("in")} {
		l.Must("ip", "netns", "add", ns)
		b.Cleanup(func() { l.Must("ip", "netns", "del", ns) })
		l.Must("ip", "-n", ns, "link", "set", "lo", "up")
	}
	for dev, ns := range map[string]string{"e0": out, "e1": l.In("in")} {
		l.Must("ip", "-n", box, "link", "add", dev, "type", "veth", "peer", "name", dev, "netns", ns)
		l.Must("ip", "-n", box, "link", "set", dev, "up")
		l.Must("ip", "-n", ns, "link", "set", dev, "up")
	}
	// All peers at once, behind a router: whatever is in these networks is here.
	l.Must("ip", "-n", out, "addr", "add", router+"/24", "dev", "e0")
	l.Must("ip", "-n", out, "route", "add", "local", "192.168.16.0/20", "dev", "lo")
	l.Must("ip", "-n", out, "route", "add", "local", "192.168.32.0/19", "dev", "lo")
	return l
}

// serve starts who is to answer, and returns its process.
func (l *peerNet) serve(mode, who string) (pid int) {
	if who == "charon" {
		for dev, a := range map[string]string{"e0": "192.168.1.1/24", "e1": "10.89.129.194/28"} {
			l.Must("ip", "-n", l.Box(), "addr", "add", a, "dev", dev)
		}
		l.Must("ip", "-n", l.Box(), "route", "add", "default", "via", router)
		return l.Charon()
	}
	text := pixMany + "isakmp key wildkey address 0.0.0.0 netmask 0.0.0.0 no-xauth no-config-mode\n"
	if mode == "aggressive" {
		text = pixMany + "crypto map m client configuration address respond\ncrypto map m client authentication LOCAL\n" +
			"vpngroup vpn3000 address-pool VPNpool\nvpngroup vpn3000 idle-time 1800\nvpngroup vpn3000 password grouppw\n"
	}
	return l.Pixfw(text, "", "ethernet0=e0", "ethernet1=e1")
}

// router is the way to all peers.
const router = "192.168.1.254"

// pixMany is the box for a handshake: any number of peers, and of clients.
const pixMany = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
hostname pixfirewall
ip address outside 192.168.1.1 255.255.255.0
ip address inside 10.89.129.194 255.255.255.240
route outside 0.0.0.0 0.0.0.0 192.168.1.254 1
ip local pool VPNpool 10.60.0.1-10.60.127.254
username cisco_customer password cisco
aaa-server LOCAL protocol local
sysopt connection permit-ipsec
crypto ipsec transform-set ts esp-des esp-md5-hmac
crypto dynamic-map dynmap 10 set transform-set ts
crypto map m 10 ipsec-isakmp dynamic dynmap
crypto map m interface outside
isakmp enable outside
isakmp identity address
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption des
isakmp policy 10 hash md5
isakmp policy 10 group 2
isakmp policy 10 lifetime 86400
`

// loadPeer is a peer with a socket of its own.
type loadPeer struct {
	conn   *net.UDPConn
	client *vpnClient // in aggressive mode
	site   *Machine   // in main mode
	at     netip.AddrPort
	inside netip.Addr // behind it, in main mode
}

var boxPort = netip.MustParseAddrPort("192.168.1.1:500")

func (l *peerNet) peer(b *testing.B, mode string, i int) *loadPeer {
	b.Helper()
	p := &loadPeer{at: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, byte(16 + i/250), byte(1 + i%250)}), 500)}
	done := make(chan error)
	go func() { // the thread is never unlocked, and so ends in the namespace
		goruntime.LockOSThread()
		ns, err := netns.GetFromName(l.In("out"))
		if err == nil {
			defer ns.Close()
			if err = netns.Set(ns); err == nil {
				p.conn, err = net.DialUDP("udp4", net.UDPAddrFromAddrPort(p.at), net.UDPAddrFromAddrPort(boxPort))
			}
		}
		done <- err
	}()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.conn.Close() })
	if mode == "main" {
		p.inside = netip.AddrFrom4([4]byte{10, byte(128 + i/250), byte(i % 250), 9})
		text := strings.NewReplacer("203.0.113.1 255.255.255.0", p.at.Addr().String()+" 255.255.0.0", "203.0.113.2", boxPort.Addr().String(),
			"203.0.113.254", "192.168.1.254", "secret1", "wildkey", "10.0.0.1 ", fmt.Sprintf("10.%d.%d.1 ", 128+i/250, i%250),
			"10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0", fmt.Sprintf("10.%d.%d.0 255.255.255.0 10.89.129.128 255.255.255.128", 128+i/250, i%250)).Replace(pixA)
		p.site = New(planOf(b, text), Options{Clock: runtime.WallClock{}, Rand: chachaOf(i)})
		return p
	}
	w := newWorld(b)
	w.clock = runtime.NewVirtualClock(time.Now())
	w.add(boxPort.Addr().String(), pixClients, Options{})
	delete(w.others, boxPort.Addr())
	p.client = newClient(w, p.at.Addr().String())
	p.client.m.o.Rand = chachaOf(i)
	return p
}

// chachaOf is randomness of one peer's own: none has the cookie of another.
func chachaOf(i int) *rand.ChaCha8 {
	var seed [32]byte
	binary.BigEndian.PutUint32(seed[:], uint32(i))
	return rand.NewChaCha8(seed)
}

// connect makes one handshake: phase 1, login and address where the peer is a client, and a pair.
func (p *loadPeer) connect(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		if err := p.conn.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	var pairs int
	effects := func(list []Effect) error {
		for _, e := range list {
			switch e := e.(type) {
			case Send:
				if _, err := p.conn.Write(e.Payload); err != nil {
					return err
				}
			case InstallSA:
				pairs++
			}
		}
		return nil
	}
	flush := func() error {
		w := p.client.w
		for _, d := range w.wire {
			if _, err := p.conn.Write(d.Payload); err != nil {
				return err
			}
		}
		w.wire = nil
		pairs = p.client.pairs
		return nil
	}
	var err error
	if p.site != nil {
		flow := Flow{Src: p.inside, Dst: netip.MustParseAddr("10.89.129.131"), Proto: 1}
		err = effects(p.site.Acquire(0, 0, 0, flow))
	} else {
		p.client.connect()
		err = flush()
	}
	buf := make([]byte, 4096)
	for err == nil && pairs == 0 {
		var n int
		if n, err = p.conn.Read(buf); err != nil {
			break
		}
		d := Datagram{Local: p.at, Remote: boxPort, Payload: append([]byte(nil), buf[:n]...)}
		if p.site != nil {
			err = effects(p.site.Receive(d))
			continue
		}
		p.client.receive(d)
		err = flush()
	}
	if err != nil && p.client != nil {
		return fmt.Errorf("%v: %w (%s)", p.at, err, strings.Join(p.client.got, "; "))
	}
	return err
}
