package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// TestFormatters prints tables that an emulator would take long to fill, and compares with testdata/show/tables.txtar.
func TestFormatters(t *testing.T) {
	cfg, _, diags := parser.Load("pix.cfg", readExample(t))
	plan, more := compiler.Compile(cfg)
	if diags.HasErrors() || more.HasErrors() {
		t.Fatal(diags, more)
	}
	ip := ast.MustIP
	outside, inside := plan.IfByName("outside"), plan.IfByName("inside")
	xlates := runtime.XlateTable{MostUsed: 1051, Xlates: []runtime.Xlate{
		{RealIf: inside, MappedIf: outside, Real: ip("172.16.0.10"), Mapped: ip("120.13.14.10"), Idle: time.Minute, Timeout: 3 * time.Hour},
		{RealIf: inside, MappedIf: outside, Real: ip("172.16.0.42"), RealPort: 61748, Mapped: ip("120.13.14.30"), MappedPort: 23951,
			Proto: ast.ProtoTCP, Timeout: 30 * time.Second},
		{RealIf: inside, MappedIf: outside, Real: ip("172.16.0.42"), RealPort: 1028, Mapped: ip("120.13.14.30"), MappedPort: 1024,
			Proto: ast.ProtoUDP, Timeout: 30 * time.Second},
		{RealIf: inside, MappedIf: outside, Real: ip("172.16.0.42"), RealPort: 340, Mapped: ip("120.13.14.30"), MappedPort: 7,
			Proto: ast.ProtoICMP, Timeout: 30 * time.Second},
		{RealIf: inside, MappedIf: outside, Real: ip("10.1.1.20"), Mapped: ip("192.150.49.20"), Static: true},
		{RealIf: inside, MappedIf: outside, Real: ip("10.1.1.21"), Mapped: ip("10.1.1.21"), Identity: true, Timeout: 3 * time.Hour},
		{RealIf: outside, MappedIf: inside, Real: ip("198.51.100.7"), Mapped: ip("10.9.9.9"), Timeout: 3 * time.Hour},
	}}
	conns := runtime.ConnTable{MostUsed: 117879, Conns: []runtime.Conn{
		{Proto: ast.ProtoTCP, OutIf: outside, InIf: inside, Foreign: ip("192.150.49.10"), ForeignPort: 23, Local: ip("10.1.1.15"), LocalPort: 1026,
			Idle: 22 * time.Second, Bytes: 1774, Flags: "UIO"},
		{Proto: ast.ProtoUDP, OutIf: outside, InIf: inside, Foreign: ip("192.150.49.10"), ForeignPort: 31649, Local: ip("10.1.1.15"), LocalPort: 1028,
			Idle: 14 * time.Second, Flags: "d"},
		{Proto: ast.ProtoGRE, OutIf: outside, InIf: inside, Foreign: ip("192.150.49.10"), Local: ip("10.1.1.16"), Idle: time.Hour},
		{Proto: ast.ProtoTCP, OutIf: outside, InIf: inside, Foreign: ip("192.150.49.11"), ForeignPort: 4000, Local: ip("10.1.1.16"), LocalPort: 80,
			Flags: "SaAB", Inbound: true},
	}}
	users := runtime.UserTable{MostSeen: 4, InProgress: 2, MostInProgress: 3, Users: []runtime.User{
		{If: outside, Addr: ip("10.89.129.200"), Name: "cisco_customer", IPsec: true},
		{If: inside, Addr: ip("10.1.1.15"), Name: "cse", Absolute: 5 * time.Minute},
		{If: inside, Addr: ip("10.1.1.16"), Name: "bill", Absolute: 5 * time.Minute, ACL: "#ACSACL#-PIX-acs_ten_acl-3b5385f7"},
	}}
	counters := func(i int) runtime.Counters {
		return runtime.Counters{InPackets: 2813730585, InBytes: 322384351, OutPackets: 1938316742, OutBytes: 958234027 + uint64(i)}
	}
	hits := func(acl, entry int) uint64 { return uint64(10*acl + entry + 1) }
	must := func(text string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	list, _, diags := parser.Load("sent", []byte("access-list #ACSACL#-PIX-acs_ten_acl-3b5385f7 permit tcp any host 10.0.0.254\n"))
	listed, more := compiler.Compile(list)
	if diags.HasErrors() || more.HasErrors() {
		t.Fatal(diags, more)
	}
	withUsers, _, err := runtime.UserList{Sent: &listed.ACLs[0]}.Place(plan)
	if err != nil {
		t.Fatal(err)
	}
	net := ast.Span{First: ip("172.16.0.0"), Last: ip("172.16.0.0"), Mask: ast.MaskOf(16)}
	tables := []struct{ name, text string }{
		{"show xlate", formatXlate(plan, xlates, &ast.Show{})},
		{"show xlate detail", formatXlate(plan, xlates, &ast.Show{Form: "detail"})},
		{"show xlate debug state portmap", formatXlate(plan, xlates, &ast.Show{Form: "debug", Filter: ast.StateFilter{States: []string{"portmap"}}})},
		{"show xlate local 172.16.0.0 netmask 255.255.0.0", formatXlate(plan, xlates, &ast.Show{Filter: ast.StateFilter{Local: net}})},
		{"show xlate gport 1000-2000", formatXlate(plan, xlates, &ast.Show{Filter: ast.StateFilter{Ports: []ast.PortFilter{{Which: "gport", Lo: 1000, Hi: 2000}}}})},
		{"show conn", formatConn(plan, conns, &ast.Show{})},
		{"show conn detail", formatConn(plan, conns, &ast.Show{Form: "detail"})},
		{"show conn state up", formatConn(plan, conns, &ast.Show{Filter: ast.StateFilter{States: []string{"up"}}})},
		{"show conn lport 80", formatConn(plan, conns, &ast.Show{Filter: ast.StateFilter{Ports: []ast.PortFilter{{Which: "lport", Lo: 80, Hi: 80}}}})},
		{"show local-host", formatLocalHost(plan, conns, xlates, users, ast.Span{})},
		{"show uauth", formatUauth(users, testStart, "")},
		{"show uauth cse", formatUauth(users, testStart, "cse")},
		{"show access-list", formatACLs(cfg, plan, hits, func() (int, int) { return 7, 3 }, "")},
		{"show access-list #ACSACL#-PIX-acs_ten_acl-3b5385f7", formatACLs(cfg, withUsers, hits, nil, "#ACSACL#-PIX-acs_ten_acl-3b5385f7")},
		{"show interface outside", must(formatInterfaces(plan, emulatedPort, counters, "outside"))},
		{"show interface inside", must(formatInterfaces(plan, func(int) runtime.Port {
			return runtime.Port{Faults: runtime.PortFaults{Multicasts: 1, InErrors: 2, CRC: 3, Frame: 4, Overrun: 5, NoBuffer: 6, OutErrors: 7, Underruns: 8, Collisions: 9,
				Late: 10, NoCarrier: 11}}
		}, counters, "inside"))},
		{"show traffic", formatTraffic(plan, counters, 1812494.446)},
		{"show memory", must(formatHealth(someHost{}, "memory"))},
		{"show cpu usage", must(formatHealth(someHost{}, "cpu usage"))},
		{"show processes", must(formatHealth(someHost{}, "processes"))},
		{"show perfmon", newPerfmeter(runtime.NewVirtualClock(testStart)).format()},
		{"show ip local pool", must(formatPool(plan, func(i int) []ast.IP { return clientUsers(plan, users, i) }, ""))},
	}
	var a txtar.Archive
	a.Comment = []byte("State as the console prints it, from tables made by hand.\n")
	for _, x := range tables {
		a.Files = append(a.Files, txtar.File{Name: x.name, Data: []byte(x.text)})
	}
	path := filepath.Join("testdata", "show", "tables.txtar")
	got := txtar.Format(&a)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestUpText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 secs", 61 * time.Second: "1 mins 1 secs", 3*time.Hour + 4*time.Minute + 5*time.Second: "3 hours 4 mins",
		983 * time.Hour: "40 days 23 hours",
	} {
		if got := upText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestSecrets: real keys reach the plan, and nothing that prints.
func TestSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	text := "isakmp key realkey address 0.0.0.0 netmask 0.0.0.0\nvpngroup vpn3000 password realword\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadSecrets(path); err == nil {
		t.Error("a file that others may read was taken")
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, diags, err := ReadSecrets(path)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	s, _, err := New(Options{Text: readExample(t), Secrets: secrets, Start: Privileged})
	if err != nil {
		t.Fatal(err)
	}
	plan := s.Engine().Plan()
	if got := plan.VPN.Keys[0].Key; got != "realkey" {
		t.Errorf("the plan has the key %q", got)
	}
	if got := plan.VPN.Groups[0].Password; got != "realword" {
		t.Errorf("the plan has the password %q", got)
	}
	for _, line := range []string{"show run", "write terminal", "show isakmp", "show vpngroup", "write memory", "show configure", "conf t",
		"hostname x", "show run", "show history"} {
		if out, _ := s.Line(line); strings.Contains(out, "realkey") || strings.Contains(out, "realword") {
			t.Errorf("%s shows a secret:\n%s", line, out)
		}
	}
	if out, _ := s.Line("show isakmp key"); out != "isakmp key ***** address 0.0.0.0 netmask 0.0.0.0\n" {
		t.Errorf("show isakmp key: %q", out)
	}
}

// TestKeysAreMasked: a key that is typed is not shown as the running or the saved configuration, and is not lost by saving.
func TestKeysAreMasked(t *testing.T) {
	s, _, err := New(Options{Text: readExample(t), Start: Privileged})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"conf t", "isakmp key typedkey address 192.0.2.9 netmask 255.255.255.255", "vpngroup other password typedkey",
		"vpdn username joe password typedkey", "failover lan key typedkey", "vpnclient username joe password typedkey", "end", "write memory"} {
		if out, _ := s.Line(line); strings.Contains(out, "ERROR") {
			t.Fatalf("%s: %q", line, out)
		}
	}
	for _, line := range []string{"show run", "write terminal", "show startup-config", "show isakmp", "show vpngroup", "show vpdn username", "show failover",
		"show vpnclient"} {
		if out, _ := s.Line(line); strings.Contains(out, "typedkey") {
			t.Errorf("%s shows a key:\n%s", line, out)
		}
	}
	for _, line := range []string{"show run", "show startup-config"} {
		for _, want := range []string{"\nisakmp key ******** address 192.0.2.9 ", "\nvpngroup other password ********\n",
			"\nvpdn username joe password *********\n", "\nfailover lan key ********\n", "\nvpnclient username joe password ********\n"} {
			if out, _ := s.Line(line); !strings.Contains(out, want) {
				t.Errorf("%s: no line %q", line, want)
			}
		}
	}
	if !strings.Contains(s.startup, "\nisakmp key typedkey address 192.0.2.9 ") {
		t.Error("what was saved has not the key")
	}
}
