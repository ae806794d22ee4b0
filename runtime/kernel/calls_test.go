package kernel_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// A handshake is one of a real client with a real server beyond the limit of half-open connections of a host, which has one that stays
// half open.
type handshake struct {
	name         string
	lines        string // after those of base
	open         runtime.Packet
	in           int // where open arrives
	client       ast.IP
	called       ast.IP
	server       ast.IP
	port, served uint16
	seen         string // who the client is for the server
	says         string
	waits        bool // the client has no translation before
}

// base lets all in.
const base = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
access-list in permit ip any any
access-group in in interface outside
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
ip address dmz 172.16.0.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
aaa-server X protocol tacacs+
aaa-server X (inside) host 10.0.0.5 key timeout 5
aaa-server X (inside) host 10.0.0.80 key timeout 5
`

var handshakes = []handshake{
	{name: "static", lines: "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 1\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "198.51.100.7", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/80 on interface outside"},
	{name: "static of a port", lines: "static (inside,outside) tcp 203.0.113.80 80 10.0.0.80 8080 netmask 255.255.255.255 0 1\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 8080, seen: "198.51.100.7", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/8080 on interface outside"},
	{name: "static of a net", lines: "static (inside,outside) 203.0.113.64 10.0.0.64 netmask 255.255.255.192 0 1\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "198.51.100.7", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/80 on interface outside"},
	{name: "static with an access list", lines: "access-list web permit tcp host 10.0.0.80 any\nstatic (inside,outside) 203.0.113.80 access-list web 0 1\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "198.51.100.7", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/80 on interface outside"},
	{name: "static to itself", lines: "static (inside,outside) 10.0.0.0 10.0.0.0 netmask 255.255.255.0 0 1\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "10.0.0.80", 80), client: lab.Internet, called: ast.MustIP("10.0.0.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "198.51.100.7", says: "for 198.51.100.7/%d (10.0.0.80) 10.0.0.80/80 on interface outside"},
	{name: "static and outside nat", lines: "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 1\n" +
		"static (outside,inside) 10.0.0.77 198.51.100.7 netmask 255.255.255.255\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "10.0.0.77", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/80 on interface outside"},
	{name: "static and outside pat", lines: "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 1\n" +
		"nat (outside) 3 0.0.0.0 0.0.0.0 outside\nglobal (inside) 3 10.0.0.77\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 80, seen: "10.0.0.77", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/80 on interface outside"},
	{name: "pool", lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.10-203.0.113.19\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "198.51.100.99", 80), client: ast.MustIP("10.0.0.5"), called: lab.Internet, port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.10", says: "for 10.0.0.5/%d (203.0.113.10) 10.0.0.5/80 on interface inside"},
	{name: "pat", lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.20\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "198.51.100.99", 80), client: ast.MustIP("10.0.0.5"), called: lab.Internet, port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.20", says: "for 10.0.0.5/%d (203.0.113.20) 10.0.0.5/80 on interface inside"},
	{name: "identity", lines: "nat (inside) 0 10.0.0.0 255.255.255.0 0 1\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "198.51.100.99", 80), client: ast.MustIP("10.0.0.5"), called: lab.Internet, port: 80,
		server: lab.Internet, served: 80, seen: "10.0.0.5", says: "for 10.0.0.5/%d (10.0.0.5) 10.0.0.5/80 on interface inside"},
	{name: "pool, without a translation", waits: true, lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.10-203.0.113.19\nglobal (dmz) 1 172.16.0.100\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "172.16.0.99", 80), client: ast.MustIP("10.0.0.5"), called: lab.Internet, port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.10", says: "for 10.0.0.5/%d (203.0.113.10) 10.0.0.5/80 on interface inside"},
	{name: "pat addresses, without a translation", waits: true, lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.20\nglobal (outside) 1 203.0.113.21\nglobal (dmz) 1 172.16.0.100\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "172.16.0.99", 80), client: ast.MustIP("10.0.0.5"), called: lab.Internet, port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.20", says: "for 10.0.0.5/%d (203.0.113.20) 10.0.0.5/80 on interface inside"},
	{name: "outside nat, without a translation", waits: true, lines: "static (inside,outside) tcp 203.0.113.80 80 10.0.0.80 8080 netmask 255.255.255.255 0 1\n" +
		"nat (outside) 3 0.0.0.0 0.0.0.0 outside\nglobal (inside) 3 10.0.0.76-10.0.0.79\n",
		in: outsideIf, open: syn("198.51.100.99", 1000, "203.0.113.80", 80), client: lab.Internet, called: ast.MustIP("203.0.113.80"), port: 80,
		server: ast.MustIP("10.0.0.80"), served: 8080, seen: "10.0.0.77", says: "for 198.51.100.7/%d (203.0.113.80) 10.0.0.80/8080 on interface outside"},
	{name: "outbound to a static", lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.20\n" +
		"static (outside,inside) 10.9.9.9 198.51.100.7 netmask 255.255.255.255\nroute outside 10.9.9.0 255.255.255.0 203.0.113.254 1\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "198.51.100.99", 80), client: ast.MustIP("10.0.0.5"), called: ast.MustIP("10.9.9.9"), port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.20", says: "for 10.0.0.5/%d (203.0.113.20) 10.0.0.5/80 on interface inside"},
	{name: "outbound to an alias", lines: "nat (inside) 1 0.0.0.0 0.0.0.0 0 1\nglobal (outside) 1 203.0.113.20\nalias (inside) 10.9.9.9 198.51.100.7 255.255.255.255\n",
		in: insideIf, open: syn("10.0.0.5", 1000, "198.51.100.99", 80), client: ast.MustIP("10.0.0.5"), called: ast.MustIP("10.9.9.9"), port: 80,
		server: lab.Internet, served: 80, seen: "203.0.113.20", says: "for 10.0.0.5/%d (203.0.113.20) 10.0.0.5/80 on interface inside"},
}

// Beyond the limit of half-open connections the firewall answers in the place of the server, however the two are translated and whoever of
// them it is that the limit is for, and calls the server when the client has answered.
func TestCalls(t *testing.T) {
	for _, h := range handshakes {
		t.Run(h.name, func(t *testing.T) { h.run(t) })
	}
}

// half is a lab whose host has as many half-open connections as it may.
func (h *handshake) half(t *testing.T) *lab.Lab {
	t.Helper()
	l := newLab(t, textPlan(t, base+h.lines))
	if !l.Engine.HasQueue() {
		t.Skip("this kernel has no packet queue, neither native nor as a target of xtables")
	}
	if err := l.Serve(h.server, h.served); err != nil {
		t.Fatal(err)
	}
	if !h.waits {
		h.get(t, l)
	}
	h.open.Seq, h.open.Window, h.open.TTL = 1, 0x8000, 64
	b, err := h.open.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	mark := len(l.Messages())
	if err := l.SendIP(h.in, b); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "302013")
	return l
}

func (h *handshake) get(t *testing.T, l *lab.Lab) {
	t.Helper()
	body, err := l.Get(h.client, h.called, h.port)
	if want := fmt.Sprintf("server %v client %s", h.server, h.seen); err != nil || body != want {
		t.Fatalf("%q, %v, want %q; %v", body, err, want, l.Messages())
	}
}

func (h *handshake) run(t *testing.T) {
	l := h.half(t)
	for range 3 { // none of them stays half open
		mark := len(l.Messages())
		h.get(t, l)
		await(t, l, mark, "302013")
		said := texts(l.Messages()[mark:])
		if want, after, _ := strings.Cut(h.says, "%d"); !strings.Contains(said, "%PIX-2-201003: Embryonic limit exceeded 1/1 "+want) || !strings.Contains(said, after) {
			t.Errorf("%s, want %s", said, h.says)
		}
	}
}

// A server takes the first packet of a call: its timer would send the answer once more after a second.
func TestCallsAtOnce(t *testing.T) {
	h := handshakes[0]
	l := h.half(t)
	const calls = 200 // of fifty about two waited, of some fifty none
	slow := 0
	for range calls {
		began := time.Now()
		if body, err := l.Get(h.client, h.called, h.port); err != nil {
			t.Fatalf("%q, %v", body, err)
		}
		if time.Since(began) > 900*time.Millisecond {
			slow++
		}
	}
	if slow > 1 {
		t.Errorf("%d of %d calls waited for a timer", slow, calls)
	}
}

// Of connections that begin at once, as many pass as may be half open, those that came first, and the firewall answers for the others: it
// counts each before it looks at the next, and says how many there are.
func TestBurst(t *testing.T) {
	for _, c := range []struct {
		name, lines, from, to string
		in                    int
	}{
		{"to a static", "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 2\n", "198.51.100.7", "203.0.113.80", outsideIf},
		{"to a static to itself", "static (inside,outside) 10.0.0.0 10.0.0.0 netmask 255.255.255.0 0 2\n", "198.51.100.7", "10.0.0.80", outsideIf},
		{"from a host with a static", "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 2\n", "10.0.0.80", "198.51.100.7", insideIf},
		{"through pat", "nat (inside) 1 0.0.0.0 0.0.0.0 0 2\nglobal (outside) 1 203.0.113.20\n", "10.0.0.80", "198.51.100.7", insideIf},
		{"through a pool", "nat (inside) 1 0.0.0.0 0.0.0.0 0 2\nglobal (outside) 1 203.0.113.10-203.0.113.19\n", "10.0.0.80", "198.51.100.7", insideIf},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := textPlan(t, base+c.lines)
			for range 5 {
				w := newWire(t, plan)
				var calls []lab.Injection
				for k := range uint16(30) {
					calls = append(calls, lab.Injection{In: runtime.Ingress{If: c.in}, Packet: syn(c.from, 1001+k, c.to, 80)})
				}
				v, err := w.InjectAll(calls)
				if err != nil {
					t.Fatal(err)
				}
				for k := range v {
					switch said := texts(v[k].Logs); {
					case k < 2 && v[k].Action != runtime.Forward, k >= 2 && v[k].Action != runtime.SynProxy,
						k >= 2 && !strings.Contains(said, "%PIX-2-201003: Embryonic limit exceeded 2/2 for "):
						t.Fatalf("call %d: %v %v", k, v[k].Action, said)
					}
				}
				if err := w.Engine.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
