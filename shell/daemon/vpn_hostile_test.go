package daemon

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/runtime/kernel"
)

// TestVPNHostile disturbs a firewall that has a client.
func TestVPNHostile(t *testing.T) {
	l := newVPNLab(t, nil, "vpnc", "ping")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	l.echo("in", "10.89.129.131:7")
	tap := l.tap("192.168.1.2", "192.168.1.1")
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	l.says("Teardown TCP connection 1") // the page's last packets have come
	login := tap.end()
	l.sub("copies", func(l *vpnLab) { l.repeats(login) })
	l.sub("silent server", (*vpnLab).waitsForServer)
	l.sub("flood", (*vpnLab).standsFlood)
	l.must(l.env("192.168.1.2"), "vpnc.sh", "stop")
	l.await("the client has gone", func() bool { return len(l.d.engine.PoolInUse(0)) == 0 })
}

// repeats sends what a client has sent once more, in order, backwards, and mixed.
func (l *vpnLab) repeats(packets [][]byte) {
	state := func() string {
		var b strings.Builder
		for _, p := range l.d.engine.SAPairs() {
			fmt.Fprintln(&b, p.ID, p.Client, l.d.engine.SACounters(p.ID).Decaps, l.d.engine.SACounters(p.ID).Encaps)
		}
		for _, s := range l.d.engine.IKESAs() {
			if s.State == "QM_IDLE" {
				fmt.Fprintln(&b, s.ID, s.Peer, s.Created)
			}
		}
		fmt.Fprintln(&b, l.d.engine.PoolInUse(0))
		return b.String()
	}
	ike := 0
	for _, p := range packets {
		if p[9] == unix.IPPROTO_UDP {
			ike++
		}
	}
	if ike < 6 || len(packets) < ike+6 {
		l.t.Fatalf("%d packets, %d of IKE", len(packets), ike)
	}
	before := state()
	backwards := slices.Clone(packets)
	slices.Reverse(backwards)
	mixed := slices.Clone(packets)
	mathrand.New(mathrand.NewPCG(1, 2)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	pair := l.d.engine.SAPairs()[0].ID
	for _, list := range [][][]byte{packets, backwards, mixed} {
		replayed := l.d.engine.SACounters(pair).ReplayFailed
		l.inject("eth0", list)
		l.await("copies of ESP are seen as such", func() bool {
			return l.d.engine.SACounters(pair).ReplayFailed >= replayed+uint64(len(packets)-ike)
		})
	}
	// Whatever is sent after them is handled after them.
	l.answered("192.168.1.2")
	if after := state(); after != before {
		l.t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if l.said("109001") {
		l.t.Error("a copy has asked a server")
	}
	l.works("out", "10.89.129.200")
}

// waitsForServer has a client log in while the server says nothing: others go on meanwhile, and so does he when it is back.
func (l *vpnLab) waitsForServer() {
	run(l.t, "ip", "-n", l.prefix+"-rtr", "route", "add", "blackhole", "10.89.129.134/32")
	s := l.stream("out", "10.89.129.200:0", "10.89.129.131:7", 64, pace{every: 5 * time.Millisecond})
	type login struct {
		out string
		err error
	}
	done := make(chan login, 1)
	go func() {
		out, err := l.script(l.env("192.168.1.3", "NATT=none"), "vpnc.sh", "start")
		done <- login{out, err}
	}()
	l.await("a login", func() bool { return len(l.d.engine.IKESAs()) == 2 })
	l.says("109001")
	for range 5 {
		l.answered("192.168.1.3")
	}
	if pool := l.d.engine.PoolInUse(0); len(pool) != 1 {
		l.t.Errorf("%v", pool)
	}
	run(l.t, "ip", "-n", l.prefix+"-rtr", "route", "del", "blackhole", "10.89.129.134/32")
	if r := <-done; r.err != nil || !strings.Contains(r.out, "10.89.129.201") {
		l.t.Errorf("%v %s", r.err, r.out)
	}
	l.up("10.89.129.201")
	if sent, lost := s.end(l); sent == 0 || len(lost) > 0 {
		l.t.Errorf("of %d packets of another client %d are lost", sent, len(lost))
	}
	l.leave("192.168.1.3")
}

// floodRate is how many first messages come in a second.
const floodRate = 20000

// standsFlood sends first messages of either mode from many sources while one client has traffic and others log in.
func (l *vpnLab) standsFlood() {
	before := resident(l.t)
	s := l.stream("out", "10.89.129.200:0", "10.89.129.131:7", 64, pace{every: 5 * time.Millisecond})
	begin := func(kinds ...bool) (end func()) {
		stop, sent, began := make(chan struct{}), make(chan int), time.Now()
		for k := range 2 {
			go func() { sent <- l.flood(stop, uint64(k), kinds...) }()
		}
		l.await("the flood arrives", func() bool { return len(l.d.engine.IKESAs()) > 1500 })
		return func() {
			close(stop)
			n := <-sent + <-sent
			l.t.Logf("%d first messages in %v; the process has grown by %d kB", n, time.Since(began).Round(time.Millisecond), resident(l.t)-before)
		}
	}
	most := 0
	for _, kinds := range [][]bool{{false}, {true}, {false, true}} {
		end := begin(kinds...)
		answered := s.answered()
		for range 2 {
			l.client("out", "192.168.1.3", "10.89.129.201", plain...)
			l.must(l.env("192.168.1.3"), "vpnc.sh", "stop")
			l.await("the client has gone", func() bool { return len(l.d.engine.PoolInUse(0)) == 1 })
		}
		l.await("a client goes on", func() bool { return s.answered() > answered+500 })
		most = max(most, len(l.d.engine.IKESAs()))
		end()
	}
	packets, lost := s.end(l)
	l.t.Logf("%d packets of a client, %d lost; %d IKE SAs", packets, len(lost), most)
	if packets == 0 || len(lost) > 0 {
		l.t.Errorf("of %d packets of a client %d are lost", packets, len(lost))
	}
	if most > 6100 {
		l.t.Errorf("%d IKE SAs", most)
	}
	if after := resident(l.t); after > before+64<<10 {
		l.t.Errorf("the flood has taken %d kB", after-before)
	}
	l.works("out", "10.89.129.200")
}

// flood sends half of the first messages, from sources at random until stop, and returns how many.
func (l *vpnLab) flood(stop chan struct{}, seed uint64, kinds ...bool) (sent int) {
	r := mathrand.New(mathrand.NewPCG(3, seed))
	var first [][]byte
	for _, aggressive := range kinds {
		first = append(first, firstMessage(aggressive))
	}
	err := kernel.Within(netns(l.prefix+"-out"), func() error {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for began, late := time.Now(), 0; ; {
			select {
			case <-stop:
				return nil
			case <-tick.C:
			}
			due := int(time.Since(began).Seconds()*floodRate/2) - late
			if n := due - sent - floodRate/10; n > 0 { // this host cannot send so many
				late, due = late+n, due-n
			}
			for ; sent < due; sent++ {
				msg := slices.Clone(first[sent%len(first)])
				binary.BigEndian.PutUint64(msg, r.Uint64()|1)
				src := netip.AddrFrom4([4]byte{100, byte(64 + r.IntN(64)), byte(r.IntN(256)), byte(r.IntN(256))})
				if err := unix.Sendto(s, udpPacket(src, netip.MustParseAddr("192.168.1.1"), msg), 0, &unix.SockaddrInet4{Addr: [4]byte{192, 168, 1, 1}}); err != nil && err != unix.ENOBUFS {
					return err
				}
			}
		}
	})
	if err != nil {
		l.t.Error(err)
	}
	return sent
}

// firstMessage is that of main mode, or of aggressive mode for the group of the seed: DES, MD5, group 2.
func firstMessage(aggressive bool) []byte {
	transform := []byte{0, 0, 0, 24, 1, 1, 0, 0, 0x80, 1, 0, 1, 0x80, 2, 0, 1, 0x80, 3, 0, 1, 0x80, 4, 0, 2}
	proposal := append([]byte{0, 0, 0, byte(8 + len(transform)), 1, 1, 0, 1}, transform...)
	sa := append([]byte{0, 0, 0, 1, 0, 0, 0, 1}, proposal...)
	type payload struct {
		kind byte
		body []byte
	}
	list := []payload{{1, sa}}
	exchange := byte(2)
	if aggressive {
		exchange = 4
		ke, nonce := make([]byte, 128), make([]byte, 20)
		_, _ = rand.Read(ke)
		ke[0] = 1
		list = append(list, payload{4, ke}, payload{10, nonce}, payload{5, append([]byte{11, 17, 1, 0xf4}, "vpn3000"...)})
	}
	msg := make([]byte, 28)
	_, _ = rand.Read(msg[:8])
	msg[16], msg[17], msg[18] = list[0].kind, 0x10, exchange
	for i, p := range list {
		next := byte(0)
		if i+1 < len(list) {
			next = list[i+1].kind
		}
		msg = append(msg, next, 0, byte((len(p.body)+4)>>8), byte(len(p.body)+4))
		msg = append(msg, p.body...)
	}
	binary.BigEndian.PutUint32(msg[24:], uint32(len(msg)))
	return msg
}

// answered waits for the answer to a first message from a port of its own.
func (l *vpnLab) answered(at string) {
	l.t.Helper()
	c := l.udp("out", at+":0")
	defer c.Close()
	msg := firstMessage(false)
	if _, err := c.WriteTo(msg, &net.UDPAddr{IP: net.IPv4(192, 168, 1, 1), Port: 500}); err != nil {
		l.t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		l.t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, _, err := c.ReadFrom(b)
	if err != nil || n < 28 || !bytes.Equal(b[:8], msg[:8]) {
		l.t.Errorf("no answer to a first message: %v", err)
	}
}

func udpPacket(src, dst netip.Addr, payload []byte) []byte {
	from, to := src.As4(), dst.As4()
	b := make([]byte, 28, 28+len(payload))
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
	copy(b[12:], from[:])
	copy(b[16:], to[:])
	binary.BigEndian.PutUint16(b[20:], 500)
	binary.BigEndian.PutUint16(b[22:], 500)
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload)))
	return append(b, payload...)
}

// inject sends packets as they are by a device of the outside.
func (l *vpnLab) inject(device string, packets [][]byte) {
	l.t.Helper()
	if err := kernel.Within(netns(l.prefix+"-out"), func() error {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		if err := unix.BindToDevice(s, device); err != nil {
			return err
		}
		for _, b := range packets {
			if err := unix.Sendto(s, b, 0, &unix.SockaddrInet4{Addr: [4]byte(b[16:20])}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		l.t.Fatal(err)
	}
}

// A tap takes down the packets between two addresses of the outside, in one direction.
type tap struct {
	fd      int
	packets chan [][]byte
	stop    chan struct{}
}

func (l *vpnLab) tap(src, dst string) *tap {
	l.t.Helper()
	from, to := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	t := &tap{packets: make(chan [][]byte, 1), stop: make(chan struct{})}
	if err := kernel.Within(netns(l.prefix+"-out"), func() (err error) {
		all := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8
		if t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, int(all)); err != nil {
			return err
		}
		dev, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		return unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: dev.Index})
	}); err != nil {
		l.t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(t.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50000}); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		defer unix.Close(t.fd)
		var list [][]byte
		b := make([]byte, 65536)
		for {
			n, _, err := unix.Recvfrom(t.fd, b, 0)
			if err == nil && n >= 28 && b[0] == 0x45 && [4]byte(b[12:16]) == from && [4]byte(b[16:20]) == to {
				list = append(list, bytes.Clone(b[:n]))
			}
			select {
			case <-t.stop:
				t.packets <- list
				return
			default:
			}
		}
	}()
	return t
}

func (t *tap) end() [][]byte {
	close(t.stop)
	return <-t.packets
}

// resident is the memory of the process in kB.
func resident(t *testing.T) (kb int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no VmRSS")
	}
	if _, err := fmt.Sscan(string(m[1]), &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
