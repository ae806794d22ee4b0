package kernel_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/kernel/lab"
)

// Every static is in the table of translations, with its connections, as the emulator has it: of hosts, nets, ports, and with an access list.
func TestStaticsListed(t *testing.T) {
	text := strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1) + "access-list out permit tcp any any\n" +
		"access-list web permit tcp host 10.0.0.90 host 198.51.100.7\nstatic (inside,outside) 203.0.113.90 access-list web\n" +
		"static (inside,outside) tcp 203.0.113.91 80 10.0.0.91 8080 netmask 255.255.255.255\nstatic (inside,outside) 203.0.113.96 10.0.0.96 netmask 255.255.255.224\n" +
		"static (inside,dmz) 10.0.0.0 10.0.0.0 netmask 255.255.255.0\n"
	w := newWire(t, textPlan(t, text))
	e := emulator.New(runtime.WallClock{})
	if _, err := e.Apply(textPlan(t, text)); err != nil {
		t.Fatal(err)
	}
	for n, to := range []string{"203.0.113.80:80", "203.0.113.80:81", "203.0.113.90:80", "203.0.113.91:80", "203.0.113.100:80", "203.0.113.101:80"} {
		addr, port, _ := strings.Cut(to, ":")
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: lab.Internet, Dst: ast.MustIP(addr), SrcPort: uint16(3000 + n), DstPort: 80, Flags: runtime.SYN}
		if port == "81" {
			p.DstPort = 81
		}
		for _, engine := range []runtime.Injector{e, w} {
			if v, err := engine.Inject(runtime.Ingress{If: outsideIf}, p); err != nil || v.Action != runtime.Forward {
				t.Fatalf("%s: %v %v %v", to, v.Action, v.Logs, err)
			}
		}
	}
	if d := cmp.Diff(e.Xlates().Xlates, w.Xlates().Xlates); d != "" {
		t.Errorf("emulator (-) and kernel (+):\n%s", d)
	}
}

// A neighbour that an `arp` line names is used as it stands, is there as long as the line, and nobody is asked for it.
func TestARPLines(t *testing.T) {
	const mac = "02:00:00:00:0a:63"
	text := pool + "static (inside,outside) 203.0.113.99 10.0.0.99\narp inside 10.0.0.99 0200.0000.0a63\n"
	l := newLab(t, textPlan(t, text))
	in, err := l.Wire(insideIf, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	neighbour := func() string {
		t.Helper()
		out, err := exec.Command("ip", "-n", l.Firewall(), "neigh", "show", "10.0.0.99").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if n := neighbour(); !strings.Contains(n, mac) || !strings.Contains(n, "PERMANENT") {
		t.Errorf("the neighbour is %q", n)
	}
	list, err := l.Engine.Neighbours()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, n := range list {
		found = found || n.If == insideIf && n.IP == ast.MustIP("10.0.0.99") && n.MAC.String() == mac && !n.Alias
	}
	if !found {
		t.Errorf("show arp has no such neighbour: %v", list)
	}
	for _, c := range []struct {
		text, want string
	}{{strings.Replace(text, "0a63", "0a64", 1), "02:00:00:00:0a:64"}, {pool, ""}, {text, mac}} {
		if _, err := l.Engine.Apply(textPlan(t, c.text)); err != nil {
			t.Fatal(err)
		}
		if n := neighbour(); c.want != "" && !strings.Contains(n, c.want) || c.want == "" && strings.Contains(n, "PERMANENT") {
			t.Errorf("after %q the neighbour is %q", c.text[len(pool):], n)
		}
	}
	if err := l.Send(lab.Internet, ast.MustIP("203.0.113.99"), ast.ProtoUDP, udp(5, 5)); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 2048); ; {
		n, err := in.Receive(buf, 3*time.Second)
		if err != nil || n == 0 {
			t.Fatalf("nothing is sent to the neighbour: %v", err)
		}
		if p, err := runtime.ParsePacket(buf[:n]); err == nil && p.Dst == ast.MustIP("10.0.0.99") && p.DstPort == 5 {
			break
		}
	}
}

// What a connection has carried is its payload, of either direction, as the emulator counts it: without TCP options.
func TestOctets(t *testing.T) {
	text := strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)
	w := newWire(t, textPlan(t, text))
	e := emulator.New(runtime.WallClock{})
	if _, err := e.Apply(textPlan(t, text)); err != nil {
		t.Fatal(err)
	}
	const ack = runtime.ACK
	in, out := [2]ast.IP{lab.Internet, ast.MustIP("203.0.113.80")}, [2]ast.IP{ast.MustIP("10.0.0.80"), lab.Internet}
	for n, x := range []struct {
		on   int
		p    runtime.Packet
		size int
	}{
		{outsideIf, runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 2000, DstPort: 80, Flags: runtime.SYN}, 0}, {insideIf, runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 80, DstPort: 2000, Flags: runtime.SYN | ack}, 0},
		{outsideIf, runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 2000, DstPort: 80, Flags: ack}, 0}, {outsideIf, runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 2000, DstPort: 80, Flags: ack}, 333},
		{insideIf, runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 80, DstPort: 2000, Flags: ack}, 1001}, {outsideIf, runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 2000, DstPort: 80}, 77},
		{insideIf, runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 80, DstPort: 2000}, 1200},
	} {
		x.p.Length = x.size
		if x.p.Src, x.p.Dst = in[0], in[1]; x.on == insideIf {
			x.p.Src, x.p.Dst = out[0], out[1]
		}
		for _, engine := range []runtime.Injector{e, w} {
			if v, err := engine.Inject(runtime.Ingress{If: x.on}, x.p); err != nil || v.Action != runtime.Forward {
				t.Fatalf("packet %d: %v %v %v", n, v.Action, v.Logs, err)
			}
		}
	}
	octets := func(table runtime.ConnTable) map[uint8]uint64 {
		got := map[uint8]uint64{}
		for _, c := range table.Conns {
			got[c.Proto] = c.Bytes
		}
		return got
	}
	want := map[uint8]uint64{ast.ProtoTCP: 1334, ast.ProtoUDP: 1277}
	for name, got := range map[string]map[uint8]uint64{"emulator": octets(e.Conns()), "kernel": octets(w.Conns())} {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A connection that has just had a packet is not idle, whatever its state, also while what it carries is not acknowledged: the kernel would have
// a timer of its own for that.
func TestIdle(t *testing.T) {
	w := newWire(t, textPlan(t, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)))
	at, host := ast.MustIP("203.0.113.80"), ast.MustIP("10.0.0.80")
	for _, x := range []struct {
		state string
		on    int
		flags runtime.TCPFlags
		size  int
	}{
		{"SYN", outsideIf, runtime.SYN, 0}, {"SYN and ACK", insideIf, runtime.SYN | runtime.ACK, 0}, {"established", outsideIf, runtime.ACK, 0},
		{"data", outsideIf, runtime.PSH | runtime.ACK, 100}, {"more data", outsideIf, runtime.PSH | runtime.ACK, 100},
		{"FIN", insideIf, runtime.FIN | runtime.ACK, 0}, {"both", outsideIf, runtime.FIN | runtime.ACK, 0},
	} {
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: lab.Internet, Dst: at, SrcPort: 2000, DstPort: 80, Flags: x.flags, Length: x.size}
		if x.on == insideIf {
			p.Src, p.Dst, p.SrcPort, p.DstPort = host, lab.Internet, 80, 2000
		}
		if v, err := w.Inject(runtime.Ingress{If: x.on}, p); err != nil || v.Action != runtime.Forward {
			t.Fatalf("%s: %v %v %v", x.state, v.Action, v.Logs, err)
		}
		list := w.Conns().Conns
		if len(list) != 1 || list[0].Idle > 20*time.Second {
			t.Errorf("%s: %+v", x.state, list)
		}
	}
}
