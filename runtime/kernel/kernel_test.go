package kernel_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

var (
	global = ast.MustIP("192.168.1.11")
	server = ast.MustIP("10.89.129.131")
	other  = ast.MustIP("10.89.129.134")
)

func loadPlan(t *testing.T, file string, edit func(string) string) *compiler.Plan {
	t.Helper()
	text, err := os.ReadFile("../../examples/vpnclient-xauth/" + file)
	if err != nil {
		t.Fatal(err)
	}
	s := string(text)
	if edit != nil {
		s = edit(s)
	}
	cfg, _, diags := parser.Load(file, []byte(s))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	plan, diags := compiler.Compile(cfg)
	if plan == nil {
		t.Fatal(diags.Err())
	}
	return plan
}

// newLab builds a lab or skips, saying why.
func newLab(t *testing.T, plan *compiler.Plan) *lab.Lab {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	l, err := lab.New(plan)
	if err != nil && strings.Contains(err.Error(), "operation not permitted") {
		t.Skipf("cannot make the lab: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func await(t *testing.T, l *lab.Lab, mark int, want string) {
	t.Helper()
	_, ok := l.Await(mark, 5*time.Second, func(m runtime.Message) bool { return strings.Contains(m.String(), want) })
	if !ok {
		t.Errorf("no message %q; there are %v", want, l.Messages()[mark:])
	}
}

// hitsAtLeast polls a counter: it is read from the kernel after the packet has passed.
func hitsAtLeast(t *testing.T, l *lab.Lab, acl, entry int, want uint64) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		n := l.Engine.HitCount(acl, entry)
		if n >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("entry %d has %d hits, want %d", entry, n, want)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The note's network, with the access list that names the global address, against the real kernel.
func TestWebServer(t *testing.T) {
	plan := loadPlan(t, "web.cfg", nil)
	l := newLab(t, plan)
	acl := plan.ACLByID("120")
	const icmp, tcp = 0, 1
	for _, ip := range []ast.IP{server, lab.Internet} {
		if err := l.Serve(ip, 80); err != nil {
			t.Fatal(err)
		}
	}

	// Outside in, to the static (S02).
	body, err := l.Get(lab.Internet, global, 80)
	if err != nil {
		t.Fatalf("the web server is not reachable: %v; messages %v", err, l.Messages())
	}
	if want := "server 10.89.129.131 client 198.51.100.7"; body != want {
		t.Errorf("page %q, want %q", body, want)
	}
	hitsAtLeast(t, l, acl, tcp, 1)

	// A permitted port where nothing listens is the server's own refusal.
	if conn, err := l.Dial(lab.Internet, global, 81, 3*time.Second); err == nil {
		conn.Close()
		t.Error("port 81 is open")
	} else if !strings.Contains(err.Error(), "refused") {
		t.Errorf("port 81: %v, want the server's refusal", err)
	}
	hitsAtLeast(t, l, acl, tcp, 2)

	// Inside out, through the static (S10).
	body, err = l.Get(server, lab.Internet, 80)
	if want := "server 198.51.100.7 client 192.168.1.11"; err != nil || body != want {
		t.Errorf("from the server: %q, %v, want %q", body, err, want)
	}

	// A protocol that the list does not name (S05).
	mark := len(l.Messages())
	denies := l.Engine.HitCount(acl, nft.Implicit)
	if err := l.Send(lab.Internet, global, ast.ProtoGRE, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, `%PIX-4-106023: Deny protocol 47 src outside:198.51.100.7 dst inside:192.168.1.11 by access-group "120"`)
	hitsAtLeast(t, l, acl, nft.Implicit, denies+1)

	// An echo is permitted, and answered by the server (S03); an echo reply that nobody asked for is not forwarded.
	if err := l.Send(lab.Internet, global, ast.ProtoICMP, []byte{8, 0, 0xf7, 0xfd, 0, 1, 0, 1}); err != nil {
		t.Fatal(err)
	}
	hitsAtLeast(t, l, acl, icmp, 1)

	// A pool address without a translation (S07), then with one (S07b).
	mark = len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, ast.MustIP("192.168.1.8"), 80, time.Second) }()
	await(t, l, mark, "%PIX-3-106011: Deny inbound (No xlate) tcp src outside:198.51.100.7/")
	body, err = l.Get(other, lab.Internet, 80)
	if err != nil {
		t.Fatalf("from a host without static: %v", err)
	}
	_, client, _ := strings.Cut(body, "client ")
	mapped, ok := ast.ParseIP(client)
	if !ok || mapped < ast.MustIP("192.168.1.6") || mapped > ast.MustIP("192.168.1.10") {
		t.Errorf("the Internet sees %q, want an address of the pool", body)
	}
	mark = len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, mapped, 80, time.Second) }()
	await(t, l, mark, "%PIX-4-106023: Deny tcp src outside:198.51.100.7/")

	// To the box (S06, S30).
	mark = len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, ast.MustIP("192.168.1.1"), 80, time.Second) }()
	await(t, l, mark, "%PIX-7-710005: TCP request discarded from 198.51.100.7/")

	// Tables.
	if x := l.Engine.Xlates(); len(x.Xlates) == 0 || x.Xlates[0].Mapped != global || !x.Xlates[0].Static {
		t.Errorf("translations: %+v", x)
	}
	conn, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	found := false
	for _, c := range l.Engine.Conns().Conns {
		found = found || c.Inbound && c.Flags == "UB" && c.Local == server && c.Global == global && c.Foreign == lab.Internet && c.LocalPort == 80
	}
	if !found {
		t.Errorf("the open connection is not in %+v", l.Engine.Conns())
	}
	// The MSS of both sides is lowered (sysopt connection tcpmss).
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		if n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG); err != nil || n > 1380 || n < 1300 {
			t.Errorf("MSS %d, %v, want at most 1380", n, err)
		}
	}); err != nil {
		t.Error(err)
	}
	if err := l.Engine.ClearHitCounts(compiler.None); err != nil {
		t.Error(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for l.Engine.HitCount(acl, tcp) != 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := l.Engine.HitCount(acl, tcp); n != 0 {
		t.Errorf("%d hits after clear", n)
	}
}

// UDP without an answer is a connection from its first packet: the second is not judged again.
func TestUDPIsCountedOnce(t *testing.T) {
	plan := loadPlan(t, "web.cfg", nil)
	l := newLab(t, plan)
	w, err := l.Watch(l.Sides()[1])
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		if err := l.Send(lab.Internet, global, ast.ProtoUDP, []byte{0, 99, 0, 99, 0, 8, 0, 0}); err != nil {
			t.Fatal(err)
		}
		// Each is awaited with an ICMP packet after it, because they look alike.
		if err := l.Send(lab.Internet, global, ast.ProtoICMP, []byte{8, 0, 0xf7, 0xff - byte(n), 0, 0, 0, byte(n)}); err != nil {
			t.Fatal(err)
		}
	}
	hitsAtLeast(t, l, plan.ACLByID("120"), 0, 3)
	udp := 0
	for _, p := range w.Stop() {
		if p.Proto == ast.ProtoUDP && p.Dst == server {
			udp++
		}
	}
	if hits := l.Engine.HitCount(plan.ACLByID("120"), 2); udp != 3 || hits != 1 {
		t.Errorf("%d datagrams arrived, the entry has %d hits; want 3 and 1", udp, hits)
	}
}

// The configuration as printed names the real address: the server is unreachable (S01).
func TestNoteAsPrinted(t *testing.T) {
	plan := loadPlan(t, "pix.cfg", nil)
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = l.Dial(lab.Internet, global, 80, time.Second) }()
	await(t, l, 0, "%PIX-4-106023: Deny tcp src outside:198.51.100.7/")
	m, _ := l.Await(0, time.Second, func(runtime.Message) bool { return true })
	if !strings.HasSuffix(m.Text, `dst inside:192.168.1.11/80 by access-group "120"`) {
		t.Error(m)
	}
}

// A second Apply keeps connections and hit counts; one that fails leaves the first in force.
func TestApplyAgain(t *testing.T) {
	plan := loadPlan(t, "web.cfg", nil)
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	acl := plan.ACLByID("120")
	hitsAtLeast(t, l, acl, 1, 1)

	shut := loadPlan(t, "web.cfg", func(s string) string {
		return strings.ReplaceAll(s, "access-list 120 permit tcp any host 192.168.1.11\n", "access-list 120 permit tcp any host 192.168.1.12\naccess-list 120 deny tcp any any\n")
	})
	if _, err := l.Engine.Apply(shut); err != nil {
		t.Fatal(err)
	}
	// The old connection lives: the list is not asked again.
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(buf); err != nil || !strings.Contains(string(buf[:n]), "200 OK") {
		t.Errorf("the old connection: %q, %v", buf[:n], err)
	}
	// A new one is denied by the entry, not by the end of the list.
	mark := len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, global, 80, time.Second) }()
	await(t, l, mark, `dst inside:192.168.1.11/80 by access-group "120"`)
	hitsAtLeast(t, l, acl, 2, 1)

	if _, err := l.Engine.Apply(plan); err != nil {
		t.Fatal(err)
	}
	if n := l.Engine.HitCount(acl, 0); n != 0 {
		t.Errorf("icmp entry has %d hits", n)
	}

	// A plan that the kernel refuses.
	bad := loadPlan(t, "web.cfg", nil)
	bad.Routes = append(bad.Routes, compiler.Route{If: 0, Net: ast.Net{IP: ast.MustIP("203.0.113.0"), Mask: ast.MaskOf(24)}, Gateway: ast.MustIP("203.0.113.1"), Metric: 1})
	if _, err := l.Engine.Apply(bad); err == nil {
		t.Error("a route through an unreachable gateway was applied")
	}
	if l.Engine.Plan() != plan {
		t.Error("the plan that failed is in force")
	}
	if body, err := l.Get(lab.Internet, global, 80); err != nil {
		t.Errorf("after the failure: %q, %v", body, err)
	}
}

// Close leaves nothing of the lab.
func TestCloseLeavesNothing(t *testing.T) {
	l := newLab(t, loadPlan(t, "web.cfg", nil))
	names := []string{}
	for _, s := range l.Sides() {
		names = append(names, s.Name)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ip", "netns", "list").CombinedOutput()
	if err != nil {
		t.Skip("needs the ip command")
	}
	for _, n := range names {
		if strings.Contains(string(out), n) {
			t.Errorf("namespace %s is left", n)
		}
	}
}

// Close of the engine takes away what Apply brought, and nothing else.
func TestCloseRestores(t *testing.T) {
	l := newLab(t, loadPlan(t, "web.cfg", nil))
	show := func() string {
		var b strings.Builder
		for _, args := range [][]string{{"nft", "list", "ruleset"}, {"ip", "-o", "-4", "addr", "show", "scope", "global"}, {"ip", "-4", "route", "show", "table", "all"},
			{"cat", "/proc/sys/net/ipv4/ip_forward"}} {
			out, err := exec.Command("ip", append([]string{"netns", "exec", l.Firewall()}, args...)...).CombinedOutput()
			if err != nil {
				t.Skipf("%v: %v %s", args, err, out)
			}
			b.Write(out)
		}
		return b.String()
	}
	for _, want := range []string{"table ip pixfw", "192.168.1.1/24", "local 192.168.1.11 dev eth0", "default via 192.168.1.3"} {
		if s := show(); !strings.Contains(s, want) {
			t.Errorf("after Apply there is no %q in:\n%s", want, s)
		}
	}
	if err := l.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	if s := strings.TrimSpace(show()); s != "0" {
		t.Errorf("after Close there is:\n%s", s)
	}
}

// A network with everything of NAT: PAT, a net static, a port static on the interface, policy NAT, exemption, three levels.
const threeInterfaces = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
access-list out permit tcp any host 203.0.113.80 eq 80
access-list out permit tcp any host 203.0.113.1 eq 8080
access-list out permit tcp any 203.0.113.64 255.255.255.248 eq 80
access-list out permit tcp host 198.51.100.7 host 10.0.0.90
access-list bare permit ip host 10.0.0.90 198.51.100.0 255.255.255.0
access-list shop permit tcp host 10.0.0.91 any eq 8000
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
global (outside) 1 203.0.113.20
global (outside) 2 203.0.113.21
nat (inside) 0 access-list bare
nat (inside) 2 access-list shop
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0
static (dmz,outside) tcp interface 8080 172.16.0.25 80 netmask 255.255.255.255 0 0
static (dmz,outside) 203.0.113.64 172.16.0.64 netmask 255.255.255.248 0 0
static (inside,dmz) 10.0.0.91 10.0.0.91 netmask 255.255.255.255 0 0
static (inside,dmz) 10.0.0.90 10.0.0.90 netmask 255.255.255.255 0 0
access-group out in interface outside
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
aaa-server X protocol tacacs+
aaa-server X (inside) host 10.0.0.7 key timeout 5
`

func TestThreeInterfaces(t *testing.T) {
	cfg, _, diags := parser.Load("three.cfg", []byte(threeInterfaces))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	plan, _ := compiler.Compile(cfg)
	l := newLab(t, plan)
	ip := ast.MustIP
	for _, s := range []struct {
		host string
		port uint16
	}{{"198.51.100.7", 80}, {"198.51.100.7", 8000}, {"10.0.0.80", 80}, {"10.0.0.90", 80}, {"172.16.0.25", 80}, {"172.16.0.65", 80}} {
		if err := l.Serve(ip(s.host), s.port); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, from, to string
		port           uint16
		want           string
	}{
		{"host static", "198.51.100.7", "203.0.113.80", 80, "server 10.0.0.80 client 198.51.100.7"},
		{"port static on the interface address", "198.51.100.7", "203.0.113.1", 8080, "server 172.16.0.25 client 198.51.100.7"},
		{"net static, inbound", "198.51.100.7", "203.0.113.65", 80, "server 172.16.0.65 client 198.51.100.7"},
		{"net static, outbound", "172.16.0.65", "198.51.100.7", 80, "server 198.51.100.7 client 203.0.113.65"},
		{"PAT", "10.0.0.7", "198.51.100.7", 80, "server 198.51.100.7 client 203.0.113.20"},
		{"policy nat", "10.0.0.91", "198.51.100.7", 8000, "server 198.51.100.7 client 203.0.113.21"},
		{"policy nat, another port", "10.0.0.91", "198.51.100.7", 80, "server 198.51.100.7 client 203.0.113.20"},
		{"exemption, outbound", "10.0.0.90", "198.51.100.7", 80, "server 198.51.100.7 client 10.0.0.90"},
		{"exemption, inbound", "198.51.100.7", "10.0.0.90", 80, "server 10.0.0.90 client 198.51.100.7"},
		{"identity static to the dmz", "10.0.0.91", "172.16.0.65", 80, "server 172.16.0.65 client 10.0.0.91"},
	} {
		mark := len(l.Messages())
		if got, err := l.Get(ip(c.from), ip(c.to), c.port); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q; %v", c.name, got, err, c.want, l.Messages()[mark:])
		}
	}
	for _, c := range []struct {
		name, from, to string
		port           uint16
		want           string
	}{
		{"no nat on the dmz", "172.16.0.25", "198.51.100.7", 80, "%PIX-3-305005: No translation group found for tcp src dmz:172.16.0.25/"},
		{"no global on the dmz", "10.0.0.7", "172.16.0.65", 80, "%PIX-3-305006: portmap translation creation failed for tcp src inside:10.0.0.7/"},
		{"no access list on the dmz", "172.16.0.65", "10.0.0.91", 80, "%PIX-2-106001: Inbound TCP connection denied from 172.16.0.65/"},
		{"a port the list does not name", "198.51.100.7", "203.0.113.80", 443, `dst inside:203.0.113.80/443 by access-group "out"`},
		{"unsolicited to the PAT address", "198.51.100.7", "203.0.113.20", 80, "%PIX-3-106011: Deny inbound (No xlate) tcp"},
		{"the real address", "198.51.100.7", "10.0.0.80", 80, `%PIX-4-106023: Deny tcp src outside:198.51.100.7/`},
	} {
		mark := len(l.Messages())
		ended := make(chan struct{})
		go func() { defer close(ended); _, _ = l.Dial(ip(c.from), ip(c.to), c.port, 200*time.Millisecond) }()
		_, ok := l.Await(mark, 5*time.Second, func(m runtime.Message) bool { return strings.Contains(m.String(), c.want) })
		if !ok {
			t.Errorf("%s: no message %q; there are %v", c.name, c.want, l.Messages()[mark:])
		}
		<-ended
	}
}
