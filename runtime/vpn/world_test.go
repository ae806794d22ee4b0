package vpn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/internal/sites"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/esp"
	"pixfw/runtime/ike"
	"pixfw/runtime/kernel"
)

// boxA has a tunnel between its inside network and that of its mirror, with ciphers and a group that cost little.
var boxA = strings.NewReplacer("esp-des esp-md5-hmac", "esp-aes esp-sha-hmac", "group 2", "group 1").Replace(sites.A)

func mirror(text string) string { return sites.Mirror(text) }

// readList reads lists as the firewall does that takes them from a configuration.
func readList(name string, entries []string) (*compiler.ACL, error) {
	if len(entries) == 0 {
		return nil, &runtime.ListFault{Empty: true}
	}
	text := ""
	for _, e := range entries {
		if strings.HasPrefix(e, "permit ip object-group") {
			return nil, &runtime.ListFault{Config: true, Entry: e, Reason: "no such group"}
		}
		text += "access-list " + name + " " + e + "\n"
	}
	cfg, _, diags := parser.Load("sent", []byte(text))
	if diags.HasErrors() {
		return nil, &runtime.ListFault{Entry: entries[0], Reason: diags.Err().Error()}
	}
	plan, diags := compiler.Compile(cfg)
	if diags.HasErrors() {
		return nil, diags.Err()
	}
	return &plan.ACLs[0], nil
}

func planOf(t testing.TB, text string) *compiler.Plan { t.Helper(); return sites.Plan(t, text) }

// world is what lies between some services.
type world struct {
	t     *testing.T
	clock *runtime.VirtualClock

	record *recording        // of the next box
	certs  *ike.Certificates // likewise

	mu  sync.Mutex
	raw map[string]*esp.Memory // by protocol and address
	udp map[netip.AddrPort]*datagramSocket
}

func newWorld(t *testing.T) *world {
	return &world{t: t, clock: runtime.NewVirtualClock(time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC)), raw: map[string]*esp.Memory{},
		udp: map[netip.AddrPort]*datagramSocket{}}
}

// box is a service with its host, its network and its servers.
type box struct {
	*service
	w    *world
	host *fakeHost
	asks chan aaa.Request // each question; answered with what comes by says
	says chan aaa.Result

	mu      sync.Mutex
	devices map[string]*device
	fails   map[string]error // of what is opened
	notes   []string
	tags    []string // of the groups that were asked

	authorize func(args []string) aaa.Result
	report    func(ctx context.Context, tag string, rec aaa.Record) error
	ids       atomic.Uint32
}

type device struct {
	*esp.Memory
	closed bool
	b      *box
}

func (d *device) Close() error {
	d.b.mu.Lock()
	d.closed = true
	d.b.mu.Unlock()
	return d.Memory.Close()
}

func (w *world) add(text string) *box {
	w.t.Helper()
	b := &box{w: w, host: &fakeHost{remotes: map[string]kernel.Remote{}}, asks: make(chan aaa.Request, 4096), says: make(chan aaa.Result), devices: map[string]*device{},
		fails: map[string]error{}}
	b.service = newService(config{clock: w.clock, rand: rand.NewChaCha8([32]byte{byte(len(w.udp) + 1)}), devices: map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"},
		network: fakeNetwork{b}, host: b.host, servers: fakeServers{b}, readList: readList, record: w.record, certs: w.certs, note: func(s string) { b.mu.Lock(); defer b.mu.Unlock(); b.notes = append(b.notes, s) }})
	w.record, w.certs = nil, nil
	w.t.Cleanup(func() {
		if err := b.close(); err != nil {
			w.t.Error(err)
		}
	})
	if text != "" {
		b.takes(text)
	}
	return b
}

// takes applies a configuration as a Firewall does.
func (b *box) takes(text string) {
	b.w.t.Helper()
	plan := planOf(b.w.t, text)
	if err := errors.Join(b.prepare(plan), b.apply(plan)); err != nil {
		b.w.t.Fatal(err)
	}
}

func (b *box) device(name string) *device {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.devices[name]
}

func (b *box) said(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(strings.Join(b.notes, "\n"), text)
}

// until lets the goroutines run until something holds. Nothing in a world waits for a clock.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); goruntime.Gosched() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: does not come about", what)
		}
	}
}

// ticks moves the clock on and lets the machines do what is due.
func (w *world) ticks(d time.Duration, boxes ...*box) {
	w.t.Helper()
	w.clock.Advance(d)
	for _, b := range boxes {
		if err := b.call(b.tick); err != nil {
			w.t.Fatal(err)
		}
	}
}

type fakeHost struct {
	mu      sync.Mutex
	remotes map[string]kernel.Remote
	log     []string
	fail    error // of AddRemote
}

func (h *fakeHost) AddRemote(r kernel.Remote) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return h.fail
	}
	h.remotes[fmt.Sprint(r.If, " ", r.Net)] = r
	return nil
}

func (h *fakeHost) RemoveRemote(ifName string, n ast.Net) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := fmt.Sprint(ifName, " ", n)
	if _, ok := h.remotes[k]; !ok {
		return fmt.Errorf("%s is not there", k)
	}
	delete(h.remotes, k)
	return nil
}

func (h *fakeHost) Publish(list ...runtime.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range list {
		h.log = append(h.log, m.String())
	}
}

func (h *fakeHost) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.log, "\n")
}

func (h *fakeHost) has(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.remotes[key]
	return ok
}

type fakeServers struct{ b *box }

func (fakeServers) Apply(*compiler.Plan) {}

func (f fakeServers) AuthenticateWith(ctx context.Context, tag string, r aaa.Request) aaa.Result {
	f.b.mu.Lock()
	f.b.tags = append(f.b.tags, tag)
	f.b.mu.Unlock()
	f.b.asks <- r
	select {
	case got := <-f.b.says:
		return got
	case <-ctx.Done():
		return aaa.Result{}
	}
}

func (f fakeServers) AuthorizeWith(_ context.Context, _ string, _ aaa.Request, args []string) aaa.Result {
	if f.b.authorize == nil {
		return aaa.Result{}
	}
	return f.b.authorize(args)
}

func (f fakeServers) AccountWith(ctx context.Context, tag string, rec aaa.Record) error {
	if f.b.report == nil {
		return errors.New("nobody keeps accounts")
	}
	return f.b.report(ctx, tag, rec)
}

func (f fakeServers) NewID() uint32 { return f.b.ids.Add(1) }

type fakeNetwork struct{ b *box }

func (n fakeNetwork) fail(what string) error {
	n.b.mu.Lock()
	defer n.b.mu.Unlock()
	return n.b.fails[what]
}

func (n fakeNetwork) Device(name string, mtu int) (esp.Device, error) {
	if err := n.fail(name); err != nil {
		return nil, err
	}
	n.b.mu.Lock()
	defer n.b.mu.Unlock()
	d := &device{Memory: esp.NewMemory(64), b: n.b}
	n.b.devices[name] = d
	return d, nil
}

func (n fakeNetwork) Raw(proto int, at netip.Addr) (esp.Receiver, error) {
	w := n.b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	m := esp.NewMemory(64)
	w.raw[fmt.Sprint(proto, " ", at)] = m
	return m, nil
}

func (n fakeNetwork) UDP(at netip.AddrPort, mark uint32) (Datagrams, error) {
	if err := n.fail(fmt.Sprint(at.Port())); err != nil {
		return nil, err
	}
	w := n.b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &datagramSocket{w: w, at: at, in: make(chan datagram, 256), stop: make(chan struct{})}
	w.udp[at] = s
	return s, nil
}

func (n fakeNetwork) Sender(mark uint32) (Sender, error) { return sender{n.b.w}, nil }

type datagram struct {
	payload []byte
	from    netip.AddrPort
}

// datagramSocket is a UDP socket of a world.
type datagramSocket struct {
	w    *world
	at   netip.AddrPort
	in   chan datagram
	stop chan struct{}
}

func (s *datagramSocket) Receive(ms []esp.Message) (int, error) {
	select {
	case d := <-s.in:
		ms[0].N, ms[0].From = copy(ms[0].Buf, d.payload), d.from
		return 1, nil
	case <-s.stop:
		return 0, os.ErrClosed
	}
}

func (s *datagramSocket) SendTo(b []byte, to netip.AddrPort) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if o := s.w.udp[to]; o != nil {
		select {
		case o.in <- datagram{append([]byte(nil), b...), s.at}:
		default: // lost
		}
	}
	return nil
}

func (s *datagramSocket) Close() error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.udp[s.at] == s {
		delete(s.w.udp, s.at)
	}
	close(s.stop)
	return nil
}

// sender delivers whole packets to who listens for their protocol.
type sender struct{ w *world }

func (s sender) Send(packets [][]byte) (int, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for _, p := range packets {
		if m := s.w.raw[fmt.Sprint(p[9], " ", netip.AddrFrom4([4]byte(p[16:20])))]; m != nil {
			m.Put(p)
		}
	}
	return len(packets), nil
}

func (sender) Close() error { return nil }

// packet is a UDP datagram between hosts.
func packet(src, dst, text string) []byte {
	b := make([]byte, 28+len(text))
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	copy(b[12:], s[:])
	copy(b[16:], d[:])
	binary.BigEndian.PutUint16(b[20:], 1000)
	binary.BigEndian.PutUint16(b[22:], 2000)
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(text)))
	copy(b[28:], text)
	return b
}
