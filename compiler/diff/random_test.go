package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
)

func planOf(t testing.TB, name, text string) *compiler.Plan {
	t.Helper()
	cfg, _, _ := parser.Load(name, []byte(text)) // what a random line has wrong leaves it out, as on the console
	plan, _ := compiler.Compile(cfg)
	return plan
}

// maker writes random configurations in which everything may overlap with everything.
type maker struct{ *rand.Rand }

func (m maker) of(words ...string) string { return words[m.IntN(len(words))] }

var ifs = []string{"outside", "inside", "dmz", "lab"}

func (m maker) net() string {
	return m.of("any", "host 10.0.0.80", "host 203.0.113.80", "10.0.0.0 255.255.255.0", "10.0.0.64 255.255.255.192", "host 172.16.0.81",
		"172.16.0.0 255.255.0.0", "198.51.100.0 255.255.255.0", "203.0.113.0 255.255.255.0", "host 203.0.113.10", "192.168.50.0 255.255.255.0",
		"10.0.0.1 255.255.0.255", "0.0.0.0 128.0.0.0", "host 203.0.113.1")
}

func (m maker) port() string {
	return m.of("", "", " eq 80", " eq 25", " range 20 100", " gt 1023", " neq 80", " lt 512", " eq 8080")
}

func (m maker) entry(id string) string {
	action := m.of("permit", "permit", "deny")
	switch p := m.of("tcp", "tcp", "udp", "ip", "icmp", "gre"); p {
	case "tcp", "udp":
		return fmt.Sprintf("access-list %s %s %s %s%s %s%s", id, action, p, m.net(), m.of("", "", " gt 1023", " eq 80"), m.net(), m.port())
	case "icmp":
		return fmt.Sprintf("access-list %s %s icmp %s %s%s", id, action, m.net(), m.net(), m.of("", " echo", " echo-reply", " unreachable"))
	default:
		return fmt.Sprintf("access-list %s %s %s %s %s", id, action, p, m.net(), m.net())
	}
}

func (m maker) pair() (hi, lo string) {
	p := [][2]string{{"inside", "outside"}, {"inside", "dmz"}, {"dmz", "outside"}, {"outside", "inside"}, {"inside", "lab"}}[m.IntN(5)]
	return p[0], p[1]
}

// line is a random line that names lists and interfaces which the frame has.
func (m maker) line() string {
	hi, lo := m.pair()
	n := m.IntN(100)
	switch {
	case n < 40:
		return m.entry(m.of("out", "in", "dz", "nonat", "pol", "vpn"))
	case n < 50:
		return fmt.Sprintf("static (%s,%s) %s", hi, lo, m.of("203.0.113.80 10.0.0.80 netmask 255.255.255.255", "172.16.0.64 10.0.0.64 netmask 255.255.255.192",
			"203.0.113.81 172.16.0.81 netmask 255.255.255.255", "10.0.0.0 10.0.0.0 netmask 255.255.255.0", "203.0.113.128 10.0.0.128 netmask 255.255.255.128",
			"10.0.9.9 198.51.100.7 netmask 255.255.255.255"))
	case n < 58:
		return fmt.Sprintf("static (%s,%s) tcp %s", hi, lo, m.of("interface 8080 10.0.0.80 80", "203.0.113.82 25 172.16.0.81 8025", "203.0.113.80 80 10.0.0.81 80", "interface 22 10.0.0.81 22"))
	case n < 60:
		return fmt.Sprintf("static (%s,%s) 203.0.113.90 access-list ps", hi, lo)
	case n < 66:
		return fmt.Sprintf("nat (%s) %s", m.of("inside", "dmz"), m.of("1 0.0.0.0 0.0.0.0", "1 10.0.0.0 255.255.255.0", "2 10.0.0.64 255.255.255.192", "0 172.16.0.0 255.255.0.0", "2 access-list pol", "0 access-list nonat", "0 10.0.0.80 255.255.255.255"))
	case n < 68:
		return "nat (outside) 3 198.51.100.0 255.255.255.0 outside"
	case n < 74:
		return fmt.Sprintf("global (%s) %s", m.of("outside", "outside", "dmz", "inside"), m.of("1 203.0.113.10-203.0.113.12 netmask 255.255.255.0", "1 203.0.113.20", "1 interface", "2 203.0.113.30", "2 203.0.113.80-203.0.113.90", "3 10.0.0.200", "3 10.0.0.201-10.0.0.203"))
	case n < 80:
		return m.of("route outside 0.0.0.0 0.0.0.0 203.0.113.254 1", "route inside 10.0.0.0 255.0.0.0 10.0.0.2 1", "route inside 192.168.50.0 255.255.255.0 10.0.0.2 1",
			"route dmz 198.51.100.0 255.255.255.128 172.16.0.2 1", "route lab 192.168.50.128 255.255.255.128 172.17.0.2 1", "route dmz 203.0.113.80 255.255.255.255 172.16.0.3 1")
	case n < 85:
		return fmt.Sprintf("access-group %s in interface %s", m.of("out", "in", "dz"), m.of("outside", "inside", "dmz"))
	case n < 90:
		return fmt.Sprintf("aaa authentication %s %s %s %s TACACS+", m.of("include", "include", "exclude"), m.of("any", "http", "tcp/25", "icmp/8", "udp/53"),
			m.of("inbound", "outbound", "inside", "outside"), m.of("0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0", "10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0", "10.0.0.0 255.255.255.0 198.51.100.0 255.255.255.0"))
	case n < 93:
		return m.of("icmp deny any outside", "icmp permit any echo outside", "telnet 10.0.0.0 255.255.255.0 inside", "ssh 198.51.100.0 255.255.255.0 outside", "snmp-server host inside 10.0.0.5", "isakmp enable outside")
	case n < 95:
		return "ip verify reverse-path interface " + m.of(ifs...)
	case n < 97:
		return m.of("crypto map cm interface outside", "crypto map cm interface dmz")
	case n < 98 && m.IntN(2) == 0:
		return m.of("management-access inside", "virtual telnet 203.0.113.81", "virtual http 10.0.0.80", "virtual telnet 198.51.100.7", "dhcpd enable inside",
			"ntp server 10.0.0.5 source inside", "rip outside passive version 2", "fixup protocol esp-ike", "dhcprelay server 10.0.0.5 inside")
	case n < 98:
		return m.of("ip address lab 172.17.0.1 255.255.255.0", "ip address dmz 172.16.0.9 255.255.255.0", "interface ethernet2 auto shutdown")
	case n < 99:
		return m.of("sysopt connection permit-ipsec", "sysopt connection permit-ipsec", "sysopt ipsec pl-compatible")
	}
	if m.IntN(2) == 0 {
		return m.legacy()
	}
	return m.of("timeout xlate 1:00:00", "nameif ethernet3 lab security20", "nameif ethernet2 dmz security100")
}

// legacy is a line of the access control of old releases, or an alias.
func (m maker) legacy() string {
	host := m.of("10.0.0.80 255.255.255.255", "10.0.0.0 255.255.255.0", "0.0.0.0 0.0.0.0", "10.0.0.64 255.255.255.192", "198.51.100.0 255.255.255.0", "198.51.100.7 255.255.255.255")
	switch m.IntN(6) {
	case 0:
		return fmt.Sprintf("outbound 10 %s %s %s tcp", m.of("permit", "deny", "deny", "except"), host, m.of("80", "25", "20-100", "0"))
	case 1:
		return fmt.Sprintf("outbound 11 %s %s %s", m.of("permit", "deny", "except"), host, m.of("0", "0 udp", "0 icmp"))
	case 2:
		return fmt.Sprintf("apply (%s) %s %s", m.of("inside", "inside", "dmz"), m.of("10", "11"), m.of("outgoing_src", "outgoing_dest"))
	case 3:
		return fmt.Sprintf("alias (%s) %s", m.of("inside", "dmz"), m.of("10.0.9.0 198.51.100.0 255.255.255.0", "192.168.50.127 203.0.113.77 255.255.255.255", "8.8.8.8 172.16.0.5 255.255.255.255", "203.0.113.80 10.0.0.80 255.255.255.255"))
	default:
		return fmt.Sprintf("conduit %s %s", m.of("permit", "permit", "deny"), m.of("tcp host 203.0.113.80 eq 80 any", "ip any any", "tcp 203.0.113.64 255.255.255.192 any", "icmp any any echo", "udp any 198.51.100.0 255.255.255.0"))
	}
}

func (m maker) config() []string {
	lines := strings.Split(`nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
nameif ethernet3 lab security50
interface ethernet0 auto
interface ethernet1 auto
interface ethernet2 auto
interface ethernet3 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
access-list ps permit ip host 10.0.0.81 198.51.100.0 255.255.255.0
crypto ipsec transform-set ts esp-3des esp-md5-hmac
crypto map cm 10 ipsec-isakmp
crypto map cm 10 match address vpn
crypto map cm 10 set peer 198.51.100.9
crypto map cm 10 set transform-set ts`, "\n")
	for _, id := range []string{"out", "in", "dz", "nonat", "pol", "vpn"} {
		if id == "pol" { // deny entries are not for policy NAT
			lines = append(lines, "access-list pol permit ip 10.0.0.0 255.255.255.0 198.51.100.0 255.255.255.0")
			continue
		}
		for range 1 + m.IntN(4) {
			lines = append(lines, m.entry(id))
		}
	}
	for range 10 + m.IntN(20) {
		lines = append(lines, m.line())
	}
	for range m.IntN(8) {
		lines = append(lines, m.legacy())
	}
	if m.IntN(3) == 0 {
		lines = append(lines, "access-list vpn permit ip 10.0.0.0 255.255.255.0 198.51.100.0 255.255.255.0", "crypto map cm interface outside")
	}
	return lines
}

// lists is a configuration in which long access lists decide and most else passes.
func (m maker) lists() []string {
	lines := strings.Split(`nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
interface ethernet0 auto
interface ethernet1 auto
interface ethernet2 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
static (inside,outside) 203.0.113.64 10.0.0.64 netmask 255.255.255.192
static (inside,dmz) 10.0.0.0 10.0.0.0 netmask 255.255.255.0
global (outside) 1 203.0.113.10-203.0.113.12 netmask 255.255.255.0
nat (dmz) 1 172.16.0.0 255.255.0.0
nat (inside) 1 10.0.0.0 255.255.255.0
nat (inside) 0 access-list nonat
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
access-list nonat permit ip host 10.0.0.80 host 198.51.100.7`, "\n")
	for range 10 + m.IntN(25) {
		lines = append(lines, m.entry(m.of("out", "out", "in", "dz", "nonat")))
	}
	for _, b := range []string{"out outside", "in inside", "dz dmz"} {
		id, name, _ := strings.Cut(b, " ")
		lines = append(lines, m.entry(id), fmt.Sprintf("access-group %s in interface %s", id, name))
	}
	return lines
}

// edit changes a few lines.
func (m maker) edit(lines []string) []string {
	lines = slices.Clone(lines)
	for range 1 + m.IntN(4) {
		i := m.IntN(len(lines))
		switch m.IntN(4) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = append(lines, m.line())
		case 2:
			lines = slices.Insert(lines, i, m.line())
		default:
			j := m.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	return lines
}

// flow is a packet at or beside the boundaries that the lines may have.
func (m maker) flow() Flow {
	ip := func() ast.IP {
		base := ast.MustIP(m.of("10.0.0.80", "10.0.0.81", "10.0.0.64", "10.0.0.0", "10.0.0.255", "10.0.0.1", "10.0.0.5", "10.0.0.128", "203.0.113.80", "203.0.113.81", "203.0.113.82", "203.0.113.1",
			"203.0.113.10", "203.0.113.30", "203.0.113.90", "203.0.113.128", "172.16.0.81", "172.16.0.64", "172.16.0.1", "172.16.0.9", "198.51.100.7", "198.51.100.0", "198.51.100.128", "192.168.50.128", "192.168.50.1",
			"127.0.0.1", "224.0.0.1", "255.255.255.255", "8.8.8.8", "10.0.9.9", "10.0.7.1", "172.17.0.1", "0.0.0.0", "128.0.0.0", "203.0.113.255"))
		return base + ast.IP([]int{0, 0, 0, 0, 1, -1}[m.IntN(6)])
	}
	f := Flow{Ingress: ifs[m.IntN(len(ifs)-1+m.IntN(2))], Tunnel: m.IntN(6) == 0, Proto: []uint8{6, 6, 6, 17, 1, 47, 50, 89}[m.IntN(8)], Src: ip(), Dst: ip()}
	// Mostly from where such a source is, so that more than sanity is asked.
	if m.IntN(4) > 0 {
		pick := func(words ...string) ast.IP { return ast.MustIP(m.of(words...)) + ast.IP(m.IntN(2)) }
		out := []string{"198.51.100.7", "198.51.100.127", "8.8.8.8", "192.168.50.127", "203.0.113.80", "203.0.113.10"}
		in := []string{"10.0.0.80", "10.0.0.63", "10.0.0.64", "10.0.0.127", "10.0.0.5", "10.0.0.254"}
		dmz := []string{"172.16.0.80", "172.16.0.81", "172.16.0.5", "172.16.0.64"}
		global := []string{"203.0.113.80", "203.0.113.81", "203.0.113.82", "203.0.113.90", "203.0.113.1", "203.0.113.64", "10.0.0.80", "172.16.0.80"}
		switch m.IntN(5) {
		case 0, 1:
			f.Ingress, f.Src, f.Dst = "outside", pick(out...), pick(global...)
		case 2, 3:
			f.Ingress, f.Src, f.Dst = "inside", pick(in...), pick(append(out, dmz...)...)
		default:
			f.Ingress, f.Src, f.Dst = "dmz", pick(dmz...), pick(append(out, in...)...)
		}
	}
	switch {
	case f.hasPorts():
		ports := []uint16{1, 22, 23, 25, 53, 67, 80, 123, 79, 81, 100, 101, 161, 443, 500, 520, 511, 512, 1023, 1024, 3000, 8025, 8080, 65535}
		f.SrcPort, f.DstPort = ports[m.IntN(len(ports))], ports[m.IntN(len(ports))]
	case f.Proto == ast.ProtoICMP:
		f.ICMPType = []uint8{0, 3, 8, 11}[m.IntN(4)]
	}
	return f
}

// TestDecide holds Decide to the emulator: each flow meets a fresh one.
func TestDecide(t *testing.T) {
	configs, flows := 150, 400
	if n, err := strconv.Atoi(os.Getenv("PIXFW_DIFF_CONFIGS")); err == nil {
		configs = n
	}
	if testing.Short() {
		configs = 60
	}
	seen := map[Action]int{}
	for seed := range configs {
		m := maker{rand.New(rand.NewPCG(uint64(seed), 1))}
		lines := m.config()
		if seed%4 == 0 {
			lines = m.lists()
		}
		text := strings.Join(lines, "\n")
		plan := planOf(t, "pix.cfg", text)
		e := emulator.New(runtime.NewVirtualClock(time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC)))
		for range flows {
			f := m.flow()
			in := plan.IfByName(f.Ingress)
			if in == compiler.None {
				continue
			}
			if f.Tunnel && plan.Interfaces[in].Map == compiler.None {
				f.Tunnel = false
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Apply(plan); err != nil {
				t.Fatal(err)
			}
			ingress := runtime.Ingress{If: in, Tunnel: f.Tunnel}
			if f.Tunnel {
				ingress.Peer = ast.MustIP("198.51.100.9")
				if err := e.AddSA(in, ingress.Peer, ast.Net{}, ast.Net{}); err != nil {
					t.Fatal(err)
				}
			}
			p := runtime.Packet{Proto: f.Proto, Src: f.Src, Dst: f.Dst, SrcPort: f.SrcPort, DstPort: f.DstPort, ICMPType: f.ICMPType, TTL: 64}
			if f.Proto == ast.ProtoTCP {
				p.Flags = runtime.SYN
			}
			want, err := e.Inject(ingress, p)
			if err != nil {
				t.Fatal(err)
			}
			got := Decide(plan, f)
			seen[got.Action]++
			if bad := disagree(plan, &got, &want); bad != "" {
				t.Fatalf("%s\nDecide %+v\nemulator %v %v\nseed %d, flow %s\n%s", bad, got, want.Action, want, seed, f, text)
			}
		}
	}
	t.Log(seen)
	for _, a := range []Action{Drop, Forward, Encrypt, Box, Auth} {
		if seen[a] == 0 && !testing.Short() {
			t.Errorf("no flow was decided %s", a)
		}
	}
}

func disagree(plan *compiler.Plan, got *Verdict, want *runtime.Verdict) string {
	action := want.Action
	if action == runtime.Drop && strings.HasPrefix(want.Reason, "(need-ike)") {
		action = runtime.Encrypt
	}
	if got.Action.String() != action.String() {
		return "another action"
	}
	if got.Action != Forward {
		return ""
	}
	out := &want.Out
	switch {
	case got.Egress != plan.Interfaces[want.Egress].Name:
		return "another egress"
	case got.Dst != out.Dst:
		return "another destination"
	case got.Pool == "" && got.Src != out.Src:
		return "another source"
	case got.Pool != "" && !strings.Contains(got.Pool, fmt.Sprint(out.Src)):
		return "not an address of the pool"
	case out.HasPorts() && got.DstPort != out.DstPort:
		return "another destination port"
	case out.HasPorts() && got.Pool == "" && got.SrcPort != out.SrcPort:
		return "another source port"
	}
	return ""
}

// TestDifferences is the property that the package stands for: whatever packet differs lies in a difference, what lies in
// one differs, and every example does.
func TestDifferences(t *testing.T) {
	pairs, flows := 400, 1500
	if testing.Short() {
		pairs = 100
	}
	found, conditional, cells, undecided, hits := 0, 0, 0, 0, 0
	for seed := range pairs {
		m := maker{rand.New(rand.NewPCG(uint64(seed), 2))}
		before := m.config()
		if seed%2 == 0 {
			before = m.lists()
		}
		after := m.edit(before)
		if seed%16 == 1 {
			after = m.config()
		}
		old, new := planOf(t, "old.cfg", strings.Join(before, "\n")), planOf(t, "new.cfg", strings.Join(after, "\n"))
		b := usual
		switch seed % 3 { // also with bounds so low that conditions describe what differs
		case 1:
			b.pieces, b.resolve = 2, 50
		case 2:
			b.lists = 1
		}
		r := compare(old, new, b)
		cells = max(cells, r.Cells)
		fatal := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("seed %d: %s\n--- old\n%s\n--- new\n%s", seed, fmt.Sprintf(format, args...), strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		if len(r.Undecided) > 0 {
			// Masks with holes against masks with holes: the report says that it is not complete.
			if !strings.Contains(strings.Join(append(before, after...), " "), "255.255.0.255") {
				fatal("undecided: %v", r.Undecided)
			}
			undecided++
			continue
		}
		for i := range r.Differences {
			d := &r.Differences[i]
			found++
			if len(d.If) > 0 {
				conditional++
			}
			v, w := Decide(old, d.Example), Decide(new, d.Example)
			if v.Same(&w) || !d.Contains(d.Example) {
				fatal("example %s of %v does not differ", d.Example, d.Where)
			}
		}
		for range flows {
			f := m.flow()
			if old.IfByName(f.Ingress) == compiler.None || new.IfByName(f.Ingress) == compiler.None {
				continue
			}
			if i, j := old.IfByName(f.Ingress), new.IfByName(f.Ingress); f.Tunnel && old.Interfaces[i].Map == compiler.None && new.Interfaces[j].Map == compiler.None {
				f.Tunnel = false
			}
			in := slices.IndexFunc(r.Differences, func(d Difference) bool { return d.Contains(f) })
			v, w := Decide(old, f), Decide(new, f)
			if in >= 0 {
				hits++
			}
			switch {
			case !v.Same(&w) && in < 0:
				fatal("%s differs and is in no difference: %+v, %+v", f, v, w)
			case v.Same(&w) && in >= 0 && passable(old, new, f):
				fatal("%s does not differ, but is in %v: %+v, %+v", f, r.Differences[in].Where, v, w)
			case in >= 0 && passable(old, new, f):
				if d := &r.Differences[in]; v.o != d.Old.o || w.o != d.New.o {
					fatal("%s is in a difference of others: %+v, %+v", f, v, w)
				}
			}
		}
	}
	t.Logf("%d differences, %d with conditions, at most %d cells, %d pairs undecided, %d flows in differences", found, conditional, cells, undecided, hits)
	if undecided > 2+pairs/50 {
		t.Errorf("%d of %d pairs were not compared to the end", undecided, pairs)
	}
	if found < pairs || conditional == 0 || hits < pairs {
		t.Errorf("%d differences in %d pairs, %d with conditions: what was tested?", found, pairs, conditional)
	}
}

// passable is false for packets that regions may hold although no configuration passes them.
func passable(old, new *compiler.Plan, f Flow) bool {
	return f.Tunnel || f.Src != f.Dst && !(holds(invalidSources(old), uint32(f.Src)) && holds(invalidSources(new), uint32(f.Src)))
}
