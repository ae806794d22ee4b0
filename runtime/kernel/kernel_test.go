package kernel_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

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
		found = found || c.Inbound && c.Flags == "UIOB" && c.Local == server && c.Global == global && c.Foreign == lab.Internet && c.LocalPort == 80
	}
	if !found {
		t.Errorf("the open connection is not in %+v", l.Engine.Conns())
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

// With the list repaired and the authentication lines there, connections that need a login fail closed.
func TestAuthenticationFailsClosed(t *testing.T) {
	plan := loadPlan(t, "pix.cfg", func(s string) string {
		return strings.ReplaceAll(s, "any host 10.89.129.131", "any host 192.168.1.11")
	})
	l := newLab(t, plan)
	for _, port := range []uint16{80, 8080} {
		if err := l.Serve(server, port); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Get(lab.Internet, global, 8080); err != nil {
		t.Errorf("port 8080 needs no login: %v", err)
	}
	mark := len(l.Messages())
	go func() { _, _ = l.Dial(lab.Internet, global, 80, time.Second) }()
	await(t, l, mark, "%PIX-3-109023: User from 198.51.100.7/")
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
