package kernel_test

import (
	"encoding/binary"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// Three addresses, then a PAT address; identity NAT; a static for one connection at a time.
const pool = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
access-list out permit tcp any host 203.0.113.10 eq 22
access-list out permit tcp any host 203.0.113.80 eq 80
access-list out permit tcp any host 203.0.113.90
access-list out permit tcp any host 10.0.0.50 eq 22
access-list out permit udp any any
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
global (outside) 1 203.0.113.10-203.0.113.11
global (outside) 1 203.0.113.12-203.0.113.13 netmask 255.255.255.0
global (outside) 1 203.0.113.20
global (dmz) 1 172.16.0.100-172.16.0.101
nat (inside) 0 10.0.0.50 255.255.255.255
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 1 0
static (inside,outside) 203.0.113.11 10.0.0.81 netmask 255.255.255.255 0 0
access-group out in interface outside
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
timeout xlate 0:10:00
aaa-server X protocol tacacs+
aaa-server X (inside) host 10.0.0.5 key timeout 5
aaa-server X (inside) host 10.0.0.50 key timeout 5
`

func textPlan(t testing.TB, text string) *compiler.Plan {
	t.Helper()
	cfg, _, diags := parser.Load("test.cfg", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	plan, diags := compiler.Compile(cfg)
	if plan == nil {
		t.Fatal(diags.Err())
	}
	return plan
}

const outsideIf, insideIf, dmzIf = 0, 1, 2

// A walk sends packets through a lab and says how they came out.
type walk struct {
	t     *testing.T
	l     *lab.Lab
	watch []*lab.Watch
	dport uint16 // tells probes apart
}

func newWalk(t *testing.T, text string) *walk {
	t.Helper()
	l := newLab(t, textPlan(t, text))
	if !l.Engine.HasQueue() {
		t.Skip("this kernel has no packet queue, neither native nor as a target of xtables")
	}
	w := &walk{t: t, l: l, dport: 20000}
	for _, s := range l.Sides() {
		x, err := l.Watch(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { x.Stop() })
		w.watch = append(w.watch, x)
	}
	return w
}

func udp(sport, dport uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, sport)
	return append(binary.BigEndian.AppendUint16(b, dport), 0, 8, 0, 0)
}

// sends sends a UDP packet and returns its source as it came out on another interface.
func (w *walk) sends(in int, from string, sport uint16, to string, out int) (lab.Seen, bool) {
	w.t.Helper()
	w.dport++
	if err := w.l.SendIP(in, ipv4(ast.MustIP(from), ast.MustIP(to), 17, udp(sport, w.dport))); err != nil {
		w.t.Fatal(err)
	}
	var got lab.Seen
	ok := w.watch[out].Await(3*time.Second, func(s lab.Seen) bool {
		if s.Proto == 17 && s.DstPort == w.dport {
			got = s
			return true
		}
		return false
	})
	return got, ok
}

// comesAs checks the source that a host's packet to the Internet shows.
func (w *walk) comesAs(from string, sport uint16, want string) lab.Seen {
	w.t.Helper()
	s, ok := w.sends(insideIf, from, sport, lab.Internet.String(), outsideIf)
	if !ok || s.Src != ast.MustIP(want) {
		w.t.Errorf("%s came out as %v, %v, want %s; %v", from, s.Src, ok, want, w.l.Messages())
	}
	return s
}

func (w *walk) says(mark int, want string) runtime.Message {
	w.t.Helper()
	m, ok := w.l.Await(mark, 5*time.Second, func(m runtime.Message) bool { return strings.Contains(m.String(), want) })
	if !ok {
		w.t.Errorf("no message %q; there are %v", want, w.l.Messages()[mark:])
	}
	return m
}

// Addresses are given out as on a PIX: T01 to T08, T10, T14, T15, T23 of the reference.
func TestPoolAsOnAPIX(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.says(0, "%PIX-6-305009: Built dynamic translation from inside:10.0.0.5 to outside:203.0.113.10")
	w.says(0, "%PIX-6-302015: Built outbound UDP connection 1 for outside:198.51.100.7/20001 (198.51.100.7/20001) to inside:10.0.0.5/3000 (203.0.113.10/3000)")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12") // .11 belongs to a static
	w.comesAs("10.0.0.7", 3000, "203.0.113.13") // the next line with the id
	if s := w.comesAs("10.0.0.5", 99, "203.0.113.10"); s.SrcPort != 99 {
		t.Errorf("port %d, want 99: an address translation keeps it", s.SrcPort)
	}
	w.comesAs("10.0.0.80", 3000, "203.0.113.80")

	// No address is left: PAT, by the class of the port.
	for _, port := range []uint16{3000, 600, 100} {
		s := w.comesAs("10.0.0.8", port, "203.0.113.20")
		lo, hi := uint16(1024), uint16(65535)
		switch {
		case port < 512:
			lo, hi = 1, 511
		case port < 1024:
			lo, hi = 512, 1023
		}
		if s.SrcPort < lo || s.SrcPort > hi {
			t.Errorf("port %d became %d", port, s.SrcPort)
		}
	}
	w.says(0, "%PIX-6-305011: Built dynamic UDP translation from inside:10.0.0.8/3000 to outside:203.0.113.20/")
	mark := len(w.l.Messages())
	if err := w.l.SendIP(insideIf, ipv4(ast.MustIP("10.0.0.8"), lab.Internet, 50, make([]byte, 16))); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-3-305006: regular translation creation failed for protocol 50 src inside:10.0.0.8 dst outside:198.51.100.7")

	// Another interface is another pool, and its end has no PAT.
	mark = len(w.l.Messages())
	for i, want := range []string{"172.16.0.100", "172.16.0.101", ""} {
		if s, ok := w.sends(insideIf, fmt.Sprintf("10.0.0.%d", 5+i), 1, "172.16.0.254", dmzIf); want != "" && (!ok || s.Src != ast.MustIP(want)) {
			t.Errorf("dmz: %v, %v, want %s", s, ok, want)
		} else if want == "" && ok {
			t.Errorf("dmz: %v came out of a pool that is empty", s)
		}
	}
	w.says(mark, "%PIX-3-202001: Out of address translation slots!")

	// A freed address is used again, before PAT (T07).
	mark = len(w.l.Messages())
	if err := w.l.Engine.ClearXlates(runtime.XlateFilter{Mapped: ast.MustIP("203.0.113.12")}); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-302016: Teardown UDP connection 2 for outside:198.51.100.7/20002 to inside:10.0.0.6/3000 duration 0:00:0")
	w.says(mark, "%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.6 to outside:203.0.113.12 duration 0:00:0")
	w.comesAs("10.0.0.9", 1, "203.0.113.12")
	w.comesAs("10.0.0.6", 3000, "203.0.113.20")

	table := w.l.Engine.Xlates()
	seen := map[string]int{}
	for _, x := range table.Xlates {
		seen[fmt.Sprintf("%v %v %d", x.Real, x.Mapped, x.Proto)]++
	}
	for _, want := range []string{"10.0.0.5 203.0.113.10 0", "10.0.0.9 203.0.113.12 0", "10.0.0.5 172.16.0.100 0", "10.0.0.8 203.0.113.20 17", "10.0.0.80 203.0.113.80 0"} {
		if seen[want] == 0 {
			t.Errorf("%q is not in %v", want, seen)
		}
	}
}

// From outside a host is reached at its pool address while its translation lives, where the access list permits (T46,
// T47), and likewise at its own address with identity NAT (T48, T49).
func TestInboundToLiveXlate(t *testing.T) {
	w := newWalk(t, pool)
	for _, x := range []struct{ host, mapped, before string }{
		{"10.0.0.5", "203.0.113.10", "%PIX-3-106011: Deny inbound (No xlate) tcp src outside:198.51.100.7/"},
		{"10.0.0.50", "10.0.0.50", "%PIX-3-305005: No translation group found for tcp src outside:198.51.100.7/"},
	} {
		ip := ast.MustIP
		if err := w.l.Serve(ip(x.host), 22); err != nil {
			t.Fatal(err)
		}
		mark := len(w.l.Messages())
		if c, err := w.l.Dial(lab.Internet, ip(x.mapped), 22, 300*time.Millisecond); err == nil {
			c.Close()
			t.Errorf("%s is reached without a translation", x.mapped)
		}
		w.says(mark, x.before)
		w.comesAs(x.host, 3000, x.mapped)
		mark = len(w.l.Messages())
		body, err := w.l.Get(lab.Internet, ip(x.mapped), 22)
		if want := "server " + x.host + " client 198.51.100.7"; err != nil || body != want {
			t.Errorf("%s: %q, %v, want %q; %v", x.mapped, body, err, want, w.l.Messages()[mark:])
		}
		w.says(mark, "%PIX-6-302013: Built inbound TCP connection ")
		w.says(mark, fmt.Sprintf(" to inside:%s/22 (%s/22)", x.host, x.mapped))
		// Both FINs: told by the next reading of the table.
		m := w.says(mark, "%PIX-6-302014: Teardown TCP connection ")
		if !strings.HasSuffix(m.Text, " TCP FINs") || !strings.Contains(m.Text, "duration 0:00:00 bytes ") {
			t.Errorf("teardown: %v", m)
		}
		// What the list does not permit is denied by the list.
		mark = len(w.l.Messages())
		if x.host != x.mapped {
			_, _ = w.l.Dial(lab.Internet, ip(x.mapped), 23, 300*time.Millisecond)
			w.says(mark, `dst inside:`+x.mapped+`/23 by access-group "out"`)
		}
	}
}

// A translation ends timeout xlate after its last connection, and not before.
func TestXlateTimeout(t *testing.T) {
	w := newWalk(t, pool)
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	w.comesAs("10.0.0.6", 3000, "203.0.113.10")
	w.says(0, "%PIX-6-302015: ")
	clock.Advance(time.Hour)
	mark := len(w.l.Messages())
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.7", 3000, "203.0.113.12") // .10 is held by a connection
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-302016: Teardown UDP connection 1 ")
	w.comesAs("10.0.0.6", 3001, "203.0.113.10")
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(9 * time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	if n := len(dynamics(w)); n != 2 {
		t.Errorf("%d translations after 9 minutes, want 2", n)
	}
	clock.Advance(time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	if x := dynamics(w); len(x) != 0 {
		t.Errorf("after 10 minutes there are %+v", x)
	}
	w.says(mark, "%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.6 to outside:203.0.113.10 duration 1:10:00")
	w.comesAs("10.0.0.9", 3000, "203.0.113.10")
}

// GRE has no connections: its packets keep a translation nevertheless.
func TestXlateUsedWithoutConnections(t *testing.T) {
	w := newWalk(t, pool)
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	gre := func(host string) {
		t.Helper()
		if err := w.l.SendIP(insideIf, ipv4(ast.MustIP(host), lab.Internet, 47, []byte{0, 0, 0x88, 0xbe, 0, 0, 0, 0})); err != nil {
			t.Fatal(err)
		}
	}
	gre("10.0.0.6")
	w.says(0, "%PIX-6-305009: Built dynamic translation from inside:10.0.0.6 to outside:203.0.113.10")
	w.comesAs("10.0.0.7", 3000, "203.0.113.12")
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	// The kernel's time does not move with the clock: to the engine the packet has just been there.
	for range 2 {
		clock.Advance(11 * time.Minute)
		if err := w.l.Engine.Tick(); err != nil {
			t.Fatal(err)
		}
		if x := dynamics(w); len(x) != 1 || x[0].Mapped != ast.MustIP("203.0.113.10") {
			t.Fatalf("after 11 minutes there are %+v", x)
		}
	}
}

func dynamics(w *walk) (out []runtime.Xlate) {
	for _, x := range w.l.Engine.Xlates().Xlates {
		if !x.Static {
			out = append(out, x)
		}
	}
	return out
}

// A live change of the configuration keeps translations, those of hosts that no rule covers any more as well, until they
// end; and one that fails changes nothing.
func TestApplyKeepsXlates(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	w.comesAs("10.0.0.50", 3000, "10.0.0.50")
	mark := len(w.l.Messages())
	// The pool shrinks, a static takes a host whose translation lives (semantics.md 3.5), interfaces change places.
	text := strings.Replace(pool, "global (outside) 1 203.0.113.12-203.0.113.13 netmask 255.255.255.0\n", "", 1)
	text = strings.Replace(text, "static (inside,outside) 203.0.113.80", "static (inside,outside) 203.0.113.77 10.0.0.6 netmask 255.255.255.255\nstatic (inside,outside) 203.0.113.80", 1)
	plan := textPlan(t, text)
	if _, err := w.l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.5", 3001, "203.0.113.10")
	w.comesAs("10.0.0.6", 3001, "203.0.113.12")
	bad := textPlan(t, text)
	bad.Routes = append(bad.Routes, compiler.Route{If: 0, Net: ast.Net{IP: ast.MustIP("192.0.2.0"), Mask: ast.MaskOf(24)}, Gateway: ast.MustIP("192.0.2.1"), Metric: 1})
	if _, err := w.l.Engine.Apply(bad); err == nil {
		t.Error("a route through an unreachable gateway was applied")
	}
	w.comesAs("10.0.0.5", 3002, "203.0.113.10")
	w.comesAs("10.0.0.50", 3002, "10.0.0.50")
	if n := len(dynamics(w)); n != 3 {
		t.Errorf("%d translations, want 3", n)
	}
	for _, m := range w.l.Messages()[mark:] {
		if m.ID == 305009 || m.ID == 305010 {
			t.Errorf("a translation was made again: %v", m)
		}
	}
	if err := w.l.Engine.ClearXlates(runtime.XlateFilter{}); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.6", 3003, "203.0.113.77")
}

// opened waits until the engine has heard of the end of each handshake, which it is told of apart from the beginning.
func opened(t *testing.T, l *lab.Lab) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); l.Engine.HalfOpen() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("connections are half open")
		}
	}
}

// A static that permits one connection refuses the second (T58), and permits it when the first is over.
func TestConnectionLimit(t *testing.T) {
	w := newWalk(t, strings.Replace(pool, "host 10.0.0.5 key", "host 10.0.0.80 key", 1))
	web, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	if err := w.l.Serve(web, 80); err != nil {
		t.Fatal(err)
	}
	first, err := w.l.Dial(lab.Internet, global, 80, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	w.says(0, "%PIX-6-302013: Built inbound TCP connection 1 ")
	opened(t, w.l)
	mark := len(w.l.Messages())
	if c, err := w.l.Dial(lab.Internet, global, 80, 500*time.Millisecond); err == nil {
		c.Close()
		t.Error("a second connection is open")
	}
	w.says(mark, "%PIX-3-201002: Too many connections on static 203.0.113.80! 0 1")
	first.Close()
	deadline := time.Now().Add(8 * time.Second)
	for {
		c, err := w.l.Dial(lab.Internet, global, 80, time.Second)
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no connection after the first is over")
		}
	}
}

// Events that were lost are made up for by reading the table.
func TestLostEvents(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.says(0, "%PIX-6-302015: Built outbound UDP connection 1 ")
	mark := len(w.l.Messages())
	w.l.Engine.Deaf()
	w.l.Engine.LoseEvents()
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-302015: Built outbound UDP connection 2 for outside:198.51.100.7/20001 (198.51.100.7/20001) to inside:10.0.0.5/3000 (203.0.113.10/3000)")
	if x := dynamics(w); len(x) != 1 || x[0].Conns != 1 {
		t.Errorf("translations: %+v", x)
	}
}

// Statics with an access list, and sources from outside that get an address inside.
func TestPolicyStaticAndOutsideNAT(t *testing.T) {
	w := newWalk(t, `nameif ethernet0 outside security0
nameif ethernet1 inside security100
access-list out permit udp any any
access-list web permit ip host 10.0.0.80 198.51.100.0 255.255.255.0
access-list net permit ip 10.0.0.64 255.255.255.248 host 192.0.2.9
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
static (inside,outside) 203.0.113.80 access-list web
static (inside,outside) 203.0.113.64 access-list net
static (inside,outside) 203.0.113.90 10.0.0.90 netmask 255.255.255.255
global (outside) 1 203.0.113.20
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
nat (outside) 2 198.51.100.0 255.255.255.0 outside
global (inside) 2 10.0.0.200-10.0.0.201
access-group out in interface outside
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
aaa-server X protocol tacacs+
aaa-server X (inside) host 10.0.0.80 key timeout 5
aaa-server X (inside) host 10.0.0.90 key timeout 5
aaa-server X (inside) host 10.0.0.66 key timeout 5
`)
	w.comesAs("10.0.0.80", 1, "203.0.113.80")
	for _, x := range []struct{ from, to, want string }{
		{"10.0.0.80", "192.0.2.9", "203.0.113.20"}, // not the list's peer
		{"10.0.0.66", "192.0.2.9", "203.0.113.66"}, // a net keeps its host bits
		{"10.0.0.66", "198.51.100.7", "203.0.113.20"},
	} {
		if s, ok := w.sends(insideIf, x.from, 3000, x.to, outsideIf); !ok || s.Src != ast.MustIP(x.want) {
			t.Errorf("%s to %s came out as %v, %v, want %s", x.from, x.to, s.Src, ok, x.want)
		}
	}
	for _, x := range []struct{ from, to, src, dst string }{
		{"198.51.100.8", "203.0.113.80", "10.0.0.200", "10.0.0.80"},
		{"198.51.100.7", "203.0.113.90", "10.0.0.201", "10.0.0.90"},
		{"198.51.100.9", "203.0.113.90", "", ""},                    // the pool is empty
		{"192.0.2.9", "203.0.113.66", "", ""},                       // un-NATed, but every source needs a translation
		{"192.0.2.9", "203.0.113.80", "", ""},                       // not the list's peer
		{"198.51.100.8", "203.0.113.90", "10.0.0.200", "10.0.0.90"}, // the same host, the same address
	} {
		mark := len(w.l.Messages())
		s, ok := w.sends(outsideIf, x.from, 53, x.to, insideIf)
		if ok != (x.src != "") || ok && (s.Src != ast.MustIP(x.src) || s.Dst != ast.MustIP(x.dst)) {
			t.Errorf("%s to %s came in as %+v, %v, want %s to %s; %v", x.from, x.to, s, ok, x.src, x.dst, w.l.Messages()[mark:])
		}
	}
}

// Without an access list on the interface conduits decide, on the addresses of the wire (T44).
func TestConduits(t *testing.T) {
	w := newWalk(t, strings.Replace(pool, "access-group out in interface outside\n",
		"conduit deny udp host 203.0.113.80 eq 20002 any\nconduit permit udp host 203.0.113.80 any\n", 1))
	mark := len(w.l.Messages())
	for i, want := range []bool{true, false, true} {
		if _, ok := w.sends(outsideIf, "198.51.100.7", 9, "203.0.113.80", insideIf); ok != want {
			t.Errorf("packet %d came in: %v, want %v", i, ok, want)
		}
	}
	w.says(mark, "%PIX-2-106006: Deny inbound UDP from 198.51.100.7/9 to 203.0.113.80/20002 on interface outside")
	w.comesAs("10.0.0.5", 1, "203.0.113.10")
	if _, ok := w.sends(outsideIf, "198.51.100.7", 9, "203.0.113.10", insideIf); ok {
		t.Error("no conduit permits the pool address")
	}
}

// Conduits count what they decide: what comes in, as often as it is judged. Their counts live on under another ruleset.
func TestConduitsCount(t *testing.T) {
	text := strings.Replace(pool, "access-group out in interface outside\n",
		"conduit deny udp host 203.0.113.80 eq 20002 any\nconduit permit udp host 203.0.113.80 any\nconduit permit udp any any\nnat (dmz) 1 0.0.0.0 0.0.0.0\n", 1)
	w := newWalk(t, text)
	counts := func() (n [3]uint64) {
		for i := range n {
			n[i] = w.l.Engine.HitCount(compiler.ConduitList, i)
		}
		return n
	}
	expect := func(want [3]uint64) {
		t.Helper()
		deadline := time.Now().Add(5 * time.Second)
		for counts() != want && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		if got := counts(); got != want {
			t.Errorf("conduits have decided %v, want %v", got, want)
		}
	}
	mark := len(w.l.Messages())
	for i, want := range []bool{true, false, true} {
		if _, ok := w.sends(outsideIf, "198.51.100.7", 9, "203.0.113.80", insideIf); ok != want {
			t.Errorf("packet %d came in: %v, want %v", i, ok, want)
		}
	}
	w.says(mark, "%PIX-2-106006")
	if _, ok := w.sends(dmzIf, "172.16.0.9", 9, lab.Internet.String(), outsideIf); !ok {
		t.Error("nothing goes out of the dmz: ", w.l.Messages()[mark:])
	}
	expect([3]uint64{1, 2, 0})
	if _, err := w.l.Engine.Apply(textPlan(t, text+"conduit permit icmp any any\n")); err != nil {
		t.Fatal(err)
	}
	expect([3]uint64{1, 2, 0})
	if err := w.l.Engine.ClearHitCounts(compiler.ConduitList); err != nil {
		t.Fatal(err)
	}
	expect([3]uint64{})
}

// Close leaves no rules, no queue and nothing in the maps.
func TestCloseAfterXlates(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	if err := w.l.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"nft", "list", "ruleset"}, {"cat", "/proc/net/netfilter/nfnetlink_queue"}} {
		out, err := exec.Command("ip", append([]string{"netns", "exec", w.l.Firewall()}, args...)...).CombinedOutput()
		if err != nil {
			t.Skipf("%v: %v %s", args, err, out)
		}
		if s := strings.TrimSpace(string(out)); s != "" {
			t.Errorf("%v: %s", args, s)
		}
	}
}
