package emulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/dns"
)

// base is the configuration B0 of semantics.md.
const base = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
interface ethernet0 auto
interface ethernet1 auto
interface ethernet2 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
access-list out permit tcp any host 203.0.113.80 eq 80
access-list out permit tcp any host 203.0.113.81 eq 25
global (outside) 1 203.0.113.10-203.0.113.12 netmask 255.255.255.0
global (outside) 1 203.0.113.20
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0
static (dmz,outside) 203.0.113.81 172.16.0.81 netmask 255.255.255.255 0 0
access-group out in interface outside
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
`

type lab struct {
	testing.TB
	*Engine
	clock *runtime.VirtualClock
	seen  []runtime.Message
}

func planOf(t testing.TB, text string) *compiler.Plan {
	t.Helper()
	cfg, _, diags := parser.Load("pix.cfg", []byte(text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	plan, diags := compiler.Compile(cfg)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

func newLab(t testing.TB, text string) *lab {
	t.Helper()
	l := &lab{TB: t, clock: runtime.NewVirtualClock(time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC))}
	l.Engine = New(l.clock)
	l.Subscribe(func(m runtime.Message) { l.seen = append(l.seen, m) })
	if _, err := l.Apply(planOf(t, text)); err != nil {
		t.Fatal(err)
	}
	return l
}

func ends(src, dst string) (s, d ast.IP, sp, dp uint16) {
	f := func(text string) (ast.IP, uint16) {
		host, port, _ := strings.Cut(text, ":")
		var n uint16
		fmt.Sscan(port, &n)
		return ast.MustIP(host), n
	}
	s, sp = f(src)
	d, dp = f(dst)
	return
}

func tcp(src, dst string, flags runtime.TCPFlags) runtime.Packet {
	p := runtime.Packet{Proto: ast.ProtoTCP, Flags: flags}
	p.Src, p.Dst, p.SrcPort, p.DstPort = ends(src, dst)
	return p
}

func udp(src, dst string) runtime.Packet {
	p := tcp(src, dst, 0)
	p.Proto = ast.ProtoUDP
	return p
}

func (l *lab) send(in string, p runtime.Packet) runtime.Verdict {
	l.Helper()
	v, err := l.Inject(runtime.Ingress{If: l.Plan().IfByName(in)}, p)
	if err != nil {
		l.Fatal(err)
	}
	return v
}

// text is a verdict in short.
func text(v runtime.Verdict) string {
	s := v.Action.String()
	if v.Action == runtime.Forward {
		s = v.Out.String()
	}
	for _, m := range v.Logs {
		s += fmt.Sprintf(" %d", m.ID)
	}
	return s
}

func (l *lab) expect(in string, p runtime.Packet, want string) {
	l.Helper()
	if got := text(l.send(in, p)); got != want {
		l.Errorf("%s: %v\n got %s\nwant %s", in, &p, got, want)
	}
}

func (l *lab) wait(d time.Duration) []string {
	l.clock.Advance(d)
	var lines []string
	for _, m := range l.Expire() {
		lines = append(lines, m.String())
	}
	return lines
}

const (
	syn    = runtime.SYN
	ack    = runtime.ACK
	synack = runtime.SYN | runtime.ACK
	finack = runtime.FIN | runtime.ACK
)

// connect opens 10.0.0.5:3000 -> 198.51.100.7:80 through .10.
func (l *lab) connect() {
	l.Helper()
	l.expect("inside", tcp("10.0.0.5:3000", "198.51.100.7:80", syn), "tcp 203.0.113.10:3000 > 198.51.100.7:80 305009 302013")
	l.expect("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", synack), "tcp 198.51.100.7:80 > 10.0.0.5:3000 flags syn+ack")
	l.expect("inside", tcp("10.0.0.5:3000", "198.51.100.7:80", ack), "tcp 203.0.113.10:3000 > 198.51.100.7:80 flags ack")
}

func TestTCPLife(t *testing.T) {
	const head = "%PIX-6-302014: Teardown TCP connection 1 for outside:198.51.100.7/80 to inside:10.0.0.5/3000 duration "
	in := func(l *lab, f runtime.TCPFlags) { l.send("inside", tcp("10.0.0.5:3000", "198.51.100.7:80", f)) }
	out := func(l *lab, f runtime.TCPFlags) { l.send("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", f)) }
	tests := []struct {
		name string
		run  func(l *lab)
		at   time.Duration // when it must be gone
		want string
	}{
		{"half open", func(l *lab) { in(l, syn) }, 120 * time.Second, "0:02:00 bytes 0 SYN Timeout"},
		{"half open, and asked again", func(l *lab) { in(l, syn); l.wait(100 * time.Second); in(l, syn) }, 20 * time.Second, "0:02:00 bytes 0 SYN Timeout"},
		{"half open, and both ask again", func(l *lab) {
			in(l, syn)
			l.wait(100 * time.Second)
			out(l, synack)
			l.wait(50 * time.Second)
			in(l, syn)
			out(l, synack)
		}, 70 * time.Second, "0:03:40 bytes 0 SYN Timeout"},
		{"idle", func(l *lab) { l.connect() }, time.Hour, "1:00:00 bytes 0 Conn-timeout"},
		{"half closed", func(l *lab) { l.connect(); in(l, finack); out(l, ack) }, 10 * time.Minute, "0:10:00 bytes 0 FIN Timeout"},
		{"closed", func(l *lab) { l.connect(); in(l, finack); out(l, finack); in(l, ack) }, 0, "0:00:00 bytes 0 TCP FINs"},
		{"reset from inside", func(l *lab) { l.connect(); in(l, runtime.RST) }, 0, "0:00:00 bytes 0 TCP Reset-I"},
		{"reset from outside", func(l *lab) { l.connect(); out(l, runtime.RST|ack) }, 0, "0:00:00 bytes 0 TCP Reset-O"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			l := newLab(t, base)
			x.run(l)
			if x.at > 0 {
				l.wait(x.at - time.Second)
				if n := len(l.Conns().Conns); n != 1 {
					t.Errorf("%d connections a second before the end", n)
				}
				l.wait(time.Second)
			}
			if n := len(l.Conns().Conns); n != 0 {
				t.Errorf("%d connections after the end", n)
			}
			if last := l.seen[len(l.seen)-1].String(); last != head+x.want {
				t.Errorf("got  %s\nwant %s", last, head+x.want)
			}
		})
	}
}

func TestConnFlags(t *testing.T) {
	l := newLab(t, base)
	flags := func(want string) {
		t.Helper()
		if c := l.Conns().Conns; len(c) != 1 || c[0].Flags != want {
			t.Errorf("got %+v, want flags %s", c, want)
		}
	}
	l.send("outside", tcp("198.51.100.7:4000", "203.0.113.80:80", syn))
	flags("SaAB")
	l.send("inside", tcp("10.0.0.80:80", "198.51.100.7:4000", synack))
	flags("aB")
	p := tcp("198.51.100.7:4000", "203.0.113.80:80", ack)
	p.Payload = []byte("GET /\r\n")
	l.send("outside", p)
	flags("UIB")
	l.send("inside", tcp("10.0.0.80:80", "198.51.100.7:4000", finack))
	flags("UfIB")
}

// A translation's idle time starts when its last connection ends, however late anybody looks.
func TestXlateLife(t *testing.T) {
	l := newLab(t, base)
	for i := range 4 { // three addresses, then a port
		l.send("inside", udp(fmt.Sprintf("10.0.0.%d:5000", 5+i), "198.51.100.7:123"))
	}
	want := []string{
		"%PIX-6-302016: Teardown UDP connection 1 for outside:198.51.100.7/123 to inside:10.0.0.5/5000 duration 0:02:00 bytes 0",
		"%PIX-6-302016: Teardown UDP connection 2 for outside:198.51.100.7/123 to inside:10.0.0.6/5000 duration 0:02:00 bytes 0",
		"%PIX-6-302016: Teardown UDP connection 3 for outside:198.51.100.7/123 to inside:10.0.0.7/5000 duration 0:02:00 bytes 0",
		"%PIX-6-302016: Teardown UDP connection 4 for outside:198.51.100.7/123 to inside:10.0.0.8/5000 duration 0:02:00 bytes 0",
		"%PIX-6-305012: Teardown dynamic UDP translation from inside:10.0.0.8/5000 to outside:203.0.113.20/1024 duration 0:02:30",
		"%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.5 to outside:203.0.113.10 duration 3:02:00",
		"%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.6 to outside:203.0.113.11 duration 3:02:00",
		"%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.7 to outside:203.0.113.12 duration 3:02:00",
	}
	if d := cmp.Diff(want, l.wait(24*time.Hour)); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
	if len(l.alarms) != 0 || len(l.hosts) != 0 || len(l.xlates.byMapped) != 0 {
		t.Errorf("left over: %d alarms, %d hosts, %d translations", len(l.alarms), len(l.hosts), len(l.xlates.byMapped))
	}
}

func TestPools(t *testing.T) {
	l := newLab(t, strings.Replace(base, "203.0.113.10-203.0.113.12 netmask 255.255.255.0",
		"203.0.113.126-203.0.113.129 netmask 255.255.255.128", 1)+"global (outside) 1 203.0.113.21\n")
	// .127 is the broadcast, .128 the network address of the netmask.
	for i, want := range []string{"203.0.113.126:1", "203.0.113.129:1", "203.0.113.20:1", "203.0.113.20:2"} {
		v := l.send("inside", tcp(fmt.Sprintf("10.0.0.%d:1", 5+i), "198.51.100.7:80", syn))
		if got := fmt.Sprintf("%v:%d", v.Out.Src, v.Out.SrcPort); got != want {
			t.Errorf("host %d: %s, want %s", i, got, want)
		}
	}
	// The ports of a class run out: the next PAT address.
	for i := 3; i <= 511; i++ {
		l.send("inside", tcp(fmt.Sprintf("10.0.0.8:%d", i), "198.51.100.7:80", syn))
	}
	l.expect("inside", tcp("10.0.0.9:100", "198.51.100.7:80", syn), "tcp 203.0.113.21:1 > 198.51.100.7:80 305011 302013")
	l.expect("inside", tcp("10.0.0.9:600", "198.51.100.7:80", syn), "tcp 203.0.113.20:512 > 198.51.100.7:80 305011 302013")
	l.expect("inside", tcp("10.0.0.9:6000", "198.51.100.7:80", syn), "tcp 203.0.113.20:1024 > 198.51.100.7:80 305011 302013")
	// A freed address comes before ports, a freed port before higher ones.
	if err := l.ClearXlates(runtime.XlateFilter{Mapped: ast.MustIP("203.0.113.126")}); err != nil {
		t.Fatal(err)
	}
	l.expect("inside", tcp("10.0.0.10:1", "198.51.100.7:80", syn), "tcp 203.0.113.126:1 > 198.51.100.7:80 305009 302013")
}

func TestICMPByID(t *testing.T) {
	l := newLab(t, strings.Replace(base, "global (outside) 1 203.0.113.10-203.0.113.12 netmask 255.255.255.0\n", "", 1)+
		"access-list out permit icmp any any echo-reply\n")
	echo := runtime.Packet{Proto: 1, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("198.51.100.7"), ICMPType: 8, ICMPID: 340}
	v := l.send("inside", echo)
	if text(v) != "icmp 203.0.113.20 > 198.51.100.7 type 8 code 0 305011" || v.Out.ICMPID != 0 {
		t.Errorf("request: %s id %d", text(v), v.Out.ICMPID)
	}
	reply := runtime.Packet{Proto: 1, Src: echo.Dst, Dst: v.Out.Src, ICMPID: v.Out.ICMPID}
	if v = l.send("outside", reply); text(v) != "icmp 198.51.100.7 > 10.0.0.5 type 0 code 0" || v.Out.ICMPID != 340 {
		t.Errorf("reply: %s id %d", text(v), v.Out.ICMPID)
	}
	reply.ICMPID = 7
	l.expect("outside", reply, "drop 106011")
	echo.ICMPType = 13
	l.expect("inside", echo, "drop 305006")
}

func TestApplyKeepsState(t *testing.T) {
	l := newLab(t, base)
	l.connect()
	l.send("outside", tcp("198.51.100.7:9", "203.0.113.81:25", syn))
	// The interfaces come in another order, the list has one entry more.
	next := strings.Replace(base, "nameif ethernet0 outside security0\nnameif ethernet1 inside security100",
		"nameif ethernet1 inside security100\nnameif ethernet0 outside security0", 1)
	next = strings.Replace(next, "access-list out permit tcp any host 203.0.113.80 eq 80\n",
		"access-list out permit udp any any\naccess-list out permit tcp any host 203.0.113.80 eq 80\n", 1)
	plan := planOf(t, next)
	slices.Reverse(plan.Interfaces) // whatever order the compiler prefers: another one
	n := len(plan.Interfaces) - 1
	for i := range plan.Routes {
		plan.Routes[i].If = n - plan.Routes[i].If
	}
	for i := range plan.NAT.Statics {
		s := &plan.NAT.Statics[i]
		s.RealIf, s.MappedIf = n-s.RealIf, n-s.MappedIf
	}
	for i := range plan.NAT.Nats {
		plan.NAT.Nats[i].If = n - plan.NAT.Nats[i].If
	}
	for i := range plan.NAT.Globals {
		plan.NAT.Globals[i].If = n - plan.NAT.Globals[i].If
	}
	if _, err := l.Apply(plan); err != nil {
		t.Fatal(err)
	}
	l.expect("outside", tcp("198.51.100.7:80", "203.0.113.10:3000", ack), "tcp 198.51.100.7:80 > 10.0.0.5:3000 flags ack")
	l.expect("inside", tcp("10.0.0.6:1", "198.51.100.7:80", syn), "tcp 203.0.113.11:1 > 198.51.100.7:80 305009 302013")
	acl := plan.ACLByID("out")
	for i, want := range []uint64{0, 0, 1} {
		if got := l.HitCount(acl, i); got != want {
			t.Errorf("entry %d: %d hits, want %d", i, got, want)
		}
	}
	// An interface that goes takes its connections with it.
	gone := strings.ReplaceAll(base, "ip address dmz 172.16.0.1 255.255.255.0\n", "")
	gone = strings.ReplaceAll(gone, "static (dmz,outside) 203.0.113.81 172.16.0.81 netmask 255.255.255.255 0 0\n", "")
	gone = strings.ReplaceAll(gone, "nameif ethernet2 dmz security50\n", "nameif ethernet2 lab security50\n")
	if _, err := l.Apply(planOf(t, gone)); err != nil {
		t.Fatal(err)
	}
	if c := l.Conns().Conns; len(c) != 2 || c[0].Local != ast.MustIP("10.0.0.5") {
		t.Errorf("connections: %+v", c)
	}
}

func TestLogInterval(t *testing.T) {
	l := newLab(t, strings.Replace(base, "access-list out permit tcp any host 203.0.113.80 eq 80\n",
		"access-list out deny udp any any log 4 interval 60\naccess-list out permit tcp any host 203.0.113.80 eq 80\n", 1))
	p := udp("198.51.100.7:9", "203.0.113.80:53")
	l.expect("outside", p, "drop 106100")
	l.expect("outside", p, "drop")
	l.expect("outside", p, "drop")
	want := []string{`%PIX-4-106100: access-list out denied udp outside/198.51.100.7(9) -> inside/203.0.113.80(53) hit-cnt 2 (60-second interval)`}
	if d := cmp.Diff(want, l.wait(time.Hour)); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
	l.expect("outside", p, "drop 106100")
}

func TestFragments(t *testing.T) {
	l := newLab(t, base)
	first := tcp("198.51.100.7:4000", "203.0.113.80:80", syn)
	first.Fragment, first.More, first.Length = true, true, 4
	second := first
	second.FragOffset, second.More, second.Payload = 24, false, []byte("12345678")
	l.expect("outside", second, "held")
	l.expect("outside", first, "tcp 198.51.100.7:4000 > 10.0.0.80:80 302013")
	first.Src++
	l.expect("outside", first, "held")
	overlap := first
	overlap.FragOffset = 16
	l.expect("outside", overlap, "drop 106020")
	l.expect("outside", first, "held")
	l.wait(5 * time.Second)
	if len(l.frags) != 0 {
		t.Error("fragments wait for ever")
	}
}

func TestFTPBehindPAT(t *testing.T) {
	l := newLab(t, strings.Replace(base, "global (outside) 1 203.0.113.10-203.0.113.12 netmask 255.255.255.0\n", "", 1))
	l.send("inside", tcp("10.0.0.5:3000", "198.51.100.7:21", syn))
	p := tcp("10.0.0.5:3000", "198.51.100.7:21", ack)
	p.Payload = []byte("PORT 10,0,0,5,8,0\r\n")
	v := l.send("inside", p)
	if got := string(v.Out.Payload); got != "PORT 203,0,113,20,4,1\r\n" {
		t.Errorf("payload %q", got)
	}
	l.expect("outside", tcp("198.51.100.7:20", "203.0.113.20:1025", syn), "tcp 198.51.100.7:20 > 10.0.0.5:2048 302013")
	l.expect("outside", tcp("198.51.100.7:20", "203.0.113.20:1026", syn), "drop 106011")
	p.Payload = []byte("PORT 10,0,0,9,8,0\r\n")
	l.expect("inside", p, "drop 406002")
}

func TestTableLimits(t *testing.T) {
	l := newLab(t, base)
	l.limits.Conns = 1
	l.connect()
	l.expect("inside", tcp("10.0.0.6:1", "198.51.100.7:80", syn), "drop 211001")
	l.limits.Xlates = 1
	l.expect("inside", tcp("10.0.0.6:1", "198.51.100.7:80", syn), "drop 202001")
	if n := len(l.Xlates().Xlates); n != 3 { // two statics
		t.Errorf("%d translations", n)
	}
}

func TestNoPlan(t *testing.T) {
	e := New(runtime.NewVirtualClock(time.Time{}))
	v, err := e.Inject(runtime.Ingress{}, udp("10.0.0.5:1", "10.0.0.6:2"))
	if err != nil || v.Action != runtime.Drop {
		t.Errorf("got %v, %v", v.Action, err)
	}
	if _, err = e.Apply(nil); err == nil {
		t.Error("no plan was applied")
	}
}

// The same packets give the same verdicts, and tracing changes nothing but the trace.
func TestDeterministic(t *testing.T) {
	var runs [2][]string
	for k := range runs {
		l := newLab(t, base+"access-list out permit icmp any any\n")
		l.SetTrace(k == 0)
		r := rand.New(rand.NewPCG(1, 2))
		hosts := []string{"10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.80", "198.51.100.7", "203.0.113.10", "203.0.113.20", "203.0.113.80", "203.0.113.1"}
		for range 5000 {
			p := runtime.Packet{Proto: []uint8{6, 6, 17, 1, 47}[r.IntN(5)], Flags: runtime.TCPFlags(r.IntN(64))}
			p.Src, p.Dst = ast.MustIP(hosts[r.IntN(len(hosts))]), ast.MustIP(hosts[r.IntN(len(hosts))])
			p.SrcPort, p.DstPort = uint16(1+r.IntN(4)), []uint16{25, 80, 53, 2}[r.IntN(4)]
			p.ICMPType = uint8(r.IntN(12))
			in := []string{"inside", "outside", "dmz"}[r.IntN(3)]
			runs[k] = append(runs[k], text(l.send(in, p)))
			if r.IntN(20) == 0 {
				l.clock.Advance(time.Duration(r.IntN(100)) * time.Second)
			}
			if r.IntN(500) == 0 {
				if err := l.ClearXlates(runtime.XlateFilter{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, m := range l.seen {
			runs[k] = append(runs[k], m.String())
		}
		l.wait(100 * time.Hour)
		if l.conns.count != 0 || len(l.xlates.byReal) != 0 || len(l.alarms) != 0 || len(l.hosts) != 0 {
			t.Errorf("left over: %d %d %d %d", l.conns.count, len(l.xlates.byReal), len(l.alarms), len(l.hosts))
		}
	}
	if d := cmp.Diff(runs[0], runs[1]); d != "" {
		t.Errorf("runs differ:\n%s", d)
	}
}

func TestConcurrent(t *testing.T) {
	l := newLab(t, base)
	plan := l.Plan()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 200 {
				if _, err := l.Inject(runtime.Ingress{If: plan.IfByName("inside")}, tcp(fmt.Sprintf("10.0.0.%d:%d", 5+i, 1+j), "198.51.100.7:80", syn)); err != nil {
					t.Error(err)
				}
				l.Conns()
				l.Xlates()
			}
		})
	}
	wg.Wait()
	if n := len(l.Conns().Conns); n != 800 {
		t.Errorf("%d connections, want 800", n)
	}
}

func TestEstablishedDoesNotAllocate(t *testing.T) {
	l := newLab(t, base)
	l.connect()
	l.SetTrace(false)
	in := runtime.Ingress{If: l.Plan().IfByName("inside")}
	p := tcp("10.0.0.5:3000", "198.51.100.7:80", ack)
	p.Payload = make([]byte, 1000)
	if n := testing.AllocsPerRun(1000, func() { l.Inject(in, p) }); n != 0 {
		t.Errorf("%v allocations for a packet of an established connection", n)
	}
}

// dnsReply is an answer with one A record.
func dnsReply(id byte, a ast.IP) []byte {
	b := []byte{0, id, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4}
	return append(b, byte(a>>24), byte(a>>16), byte(a>>8), byte(a))
}

func TestDNS(t *testing.T) {
	l := newLab(t, strings.Replace(base, "static (inside,outside) 203.0.113.80 10.0.0.80 netmask",
		"static (inside,outside) 203.0.113.80 10.0.0.80 dns netmask", 1)+"fixup protocol dns maximum-length 512\n")
	query := udp("10.0.0.5:5000", "198.51.100.7:53")
	for _, id := range []byte{1, 2} {
		query.Payload = []byte{0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}
		l.send("inside", query)
	}
	reply := udp("198.51.100.7:53", "203.0.113.10:5000")
	reply.Payload = dnsReply(3, 1)
	l.expect("outside", reply, "drop") // nobody asked
	reply.Payload = dnsReply(1, ast.MustIP("203.0.113.80"))
	v := l.send("outside", reply)
	if want := dnsReply(1, ast.MustIP("10.0.0.80")); string(v.Out.Payload) != string(want) {
		t.Errorf("got  %x\nwant %x", v.Out.Payload, want)
	}
	l.expect("outside", reply, "drop") // answered
	reply.Payload, reply.Length = dnsReply(2, ast.MustIP("203.0.113.81")), 513
	l.expect("outside", reply, "drop 410001")
	reply.Length = 512
	if v = l.send("outside", reply); string(v.Out.Payload) != string(reply.Payload) || text(v) != "udp 198.51.100.7:53 > 10.0.0.5:5000 302016" {
		t.Errorf("%s %x", text(v), v.Out.Payload)
	}
	l.expect("outside", reply, "drop 106023")
	for i := range reply.Payload {
		for range dns.Addresses(reply.Payload[:i]) {
			t.Errorf("an address in %d octets of %d", i, len(reply.Payload))
		}
	}
}

func TestUserTimers(t *testing.T) {
	l := newLab(t, base+"aaa-server TAC protocol tacacs+\naaa-server TAC (inside) host 10.0.0.200 key\n"+
		"aaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 TAC\n"+
		"timeout uauth 1:00:00 absolute uauth 0:05:00 inactivity\n")
	login := func() {
		if err := l.Login(l.Plan().IfByName("outside"), ast.MustIP("198.51.100.7"), "cse", runtime.UserList{}); err != nil {
			t.Fatal(err)
		}
	}
	p := tcp("198.51.100.7:1", "203.0.113.80:80", syn)
	l.expect("outside", p, "auth 109001")
	login()
	l.wait(4 * time.Minute)
	l.expect("outside", p, "tcp 198.51.100.7:1 > 10.0.0.80:80 302013")
	// A user with a connection is not idle; the connection outlives the user.
	l.send("inside", tcp("10.0.0.80:80", "198.51.100.7:1", synack))
	l.send("outside", tcp("198.51.100.7:1", "203.0.113.80:80", ack))
	l.wait(30 * time.Minute)
	if u := l.Users().Users; len(u) != 1 || u[0].Name != "cse" {
		t.Errorf("users: %+v", u)
	}
	l.send("outside", tcp("198.51.100.7:1", "203.0.113.80:80", runtime.RST))
	l.wait(5 * time.Minute)
	if u := l.Users(); len(u.Users) != 0 || u.MostSeen != 1 {
		t.Errorf("users: %+v", u)
	}
	p.SrcPort = 2
	l.expect("outside", p, "auth 109001")
	login()
	if c := l.Conns().Conns; len(c) != 0 {
		t.Errorf("connections: %+v", c)
	}
	if err := l.ClearUsers("cse"); err != nil || len(l.Users().Users) != 0 {
		t.Errorf("users: %+v, %v", l.Users().Users, err)
	}
}

// withMap puts a crypto map on outside, with a dynamic entry behind a static one.
const withMap = `access-list vpn permit ip 10.0.0.0 255.255.255.0 192.168.50.0 255.255.255.0
crypto ipsec transform-set ts esp-3des esp-sha-hmac
crypto dynamic-map dyn 10 set transform-set ts
crypto map m 10 ipsec-isakmp
crypto map m 10 match address vpn
crypto map m 10 set peer 198.51.100.9
crypto map m 10 set transform-set ts
crypto map m 65000 ipsec-isakmp dynamic dyn
crypto map m interface outside
isakmp enable outside
`

func TestEstablishedWithCryptoMapDoesNotAllocate(t *testing.T) {
	l := newLab(t, base+withMap)
	outside, inside := l.Plan().IfByName("outside"), l.Plan().IfByName("inside")
	peer := ast.MustIP("198.51.100.9")
	if err := l.AddSA(outside, peer, ast.Net{IP: ast.MustIP("10.0.0.0"), Mask: ast.MaskOf(24)}, ast.Net{IP: ast.MustIP("192.168.50.0"), Mask: ast.MaskOf(24)}); err != nil {
		t.Fatal(err)
	}
	l.connect()
	l.SetTrace(false)
	in, out := tcp("10.0.0.5:3000", "198.51.100.7:80", ack), tcp("198.51.100.7:80", "203.0.113.10:3000", ack)
	n := testing.AllocsPerRun(1000, func() {
		l.Inject(runtime.Ingress{If: inside}, in)
		l.Inject(runtime.Ingress{If: outside}, out)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	// A plan without the map takes the SAs away.
	if _, err := l.Apply(planOf(t, base)); err != nil || len(l.sas) != 0 {
		t.Errorf("%d SAs, %v", len(l.sas), err)
	}
	if err := l.AddSA(outside, peer, ast.Net{}, ast.Net{}); err == nil {
		t.Error("an SA without a crypto map")
	}
}
