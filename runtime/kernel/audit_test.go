package kernel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/audit"
	"pixfw/runtime/emulator"
)

const auditBase = pool + "access-list out permit icmp any any\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\n" +
	"static (inside,outside) 203.0.113.81 10.0.0.81 netmask 255.255.255.255 0 0\n"

// signed are packets that show signatures, by the number of the one that each is for, and others that are nearly like them.
func signed() map[string]runtime.Packet {
	src, dst := ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.80")
	out := map[string]runtime.Packet{}
	add := func(name string, p runtime.Packet) {
		if p.Src == 0 {
			p.Src = src
		}
		if p.Dst == 0 {
			p.Dst = dst
		}
		out[name] = p
	}
	for t := range uint8(20) {
		add(fmt.Sprint("icmp ", t), runtime.Packet{Proto: ast.ProtoICMP, ICMPType: t, ICMPID: 7})
	}
	for n, o := range []runtime.IPOption{runtime.RecordRoute, runtime.Timestamp, runtime.SourceRoute, runtime.RouterAlert} {
		add(fmt.Sprint("option ", n), runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 9, Option: o})
	}
	add("same", runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 9, Src: dst})
	add("same elsewhere", runtime.Packet{Proto: ast.ProtoTCP, SrcPort: 9, DstPort: 10, Flags: runtime.SYN, Src: src, Dst: src})
	add("nearly the same", runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 10, Src: ast.MustIP("203.1.113.80")})
	add("large", runtime.Packet{Proto: ast.ProtoICMP, ICMPType: 8, Length: 997})
	add("nearly large", runtime.Packet{Proto: ast.ProtoICMP, ICMPType: 8, Length: 996})
	for n, f := range []runtime.TCPFlags{0, runtime.SYN | runtime.FIN, runtime.FIN, runtime.FIN | runtime.ACK, runtime.SYN, runtime.PSH | runtime.URG, runtime.SYN | runtime.FIN | runtime.RST} {
		add(fmt.Sprint("flags ", n), runtime.Packet{Proto: ast.ProtoTCP, SrcPort: uint16(2000 + n), DstPort: 80, Flags: f})
		add(fmt.Sprint("high flags ", n), runtime.Packet{Proto: ast.ProtoTCP, SrcPort: uint16(2000 + n), DstPort: 1024, Flags: f})
	}
	add("bomb", runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 9, Length: 100, UDPLength: 50})
	add("long bomb", runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 19, Length: 1472, UDPLength: 1479})
	add("whole", runtime.Packet{Proto: ast.ProtoUDP, SrcPort: 9, DstPort: 29, Length: 1472})
	for _, p := range [][2]uint16{{135, 135}, {7, 135}, {19, 135}, {8, 135}, {7, 19}, {7, 20}} {
		add(fmt.Sprint("udp ", p), runtime.Packet{Proto: ast.ProtoUDP, SrcPort: p[0], DstPort: p[1]})
	}
	return out
}

// Each signature is found, told of and dropped as by the emulator, whatever the policy says about its class; what is nearly like it is not.
func TestAuditLikeEmulator(t *testing.T) {
	shown := map[int]bool{}
	for _, policy := range []string{
		"ip audit name a info action alarm\nip audit name a attack action alarm\n", "ip audit name a info action alarm\nip audit name a attack action alarm drop\n",
		"ip audit name a info action drop\nip audit name a attack action alarm\n", "ip audit name a info action alarm drop\nip audit name a attack action alarm reset\n",
		"ip audit name a attack action drop\nip audit signature 2151 disable\nip audit signature 1102 disable\n",
	} {
		text := auditBase + policy + "ip audit interface outside a\n"
		plan := textPlan(t, text)
		w := newWire(t, plan)
		for name, p := range signed() {
			e := emulator.New(runtime.WallClock{})
			if _, err := e.Apply(textPlan(t, text)); err != nil {
				t.Fatal(err)
			}
			want, err := e.Inject(runtime.Ingress{If: 0}, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Inject(runtime.Ingress{If: 0}, p)
			if err != nil {
				t.Fatal(err)
			}
			signs := func(v runtime.Verdict) (out []string) {
				for _, m := range v.Logs {
					if m.ID/1000 == 400 {
						out = append(out, m.String())
					}
				}
				return out
			}
			// A signature that is not dropped leaves the packet to the rest, which other tests compare.
			held := audit.Look(plan, 0, &p).Drop
			if a, b := signs(want), signs(got); !slices.Equal(a, b) || held && (got.Action != runtime.Drop || got.Reset != want.Reset || len(got.Logs) != len(b)) ||
				!held && want.Action != got.Action {
				t.Errorf("%s\n%s: %v %v reset %v by the kernel, %v %v reset %v by the emulator", policy, name, got.Action, got.Logs, got.Reset, want.Action, want.Logs, want.Reset)
			}
			for _, s := range signs(got) {
				var id int
				if _, err := fmt.Sscanf(s[strings.Index(s, "IDS:")+4:], "%d", &id); err == nil {
					shown[id] = true
				}
			}
			if err := w.ClearConns(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, s := range audit.Signatures() {
		if !shown[s.ID] && !slices.Contains([]int{1100, 2150, 2154}, s.ID) { // those that only fragments show
			t.Errorf("%d %s is never shown", s.ID, s.Text)
		}
	}
}

// Fragments are looked at one by one, before they are put together.
func TestAuditFragments(t *testing.T) {
	for _, drop := range []bool{false, true} {
		text := auditBase + "ip audit name a info action alarm\nip audit name a attack action alarm" + map[bool]string{true: " drop"}[drop] + "\nip audit interface outside a\n"
		w := newWire(t, textPlan(t, text))
		e := emulator.New(runtime.WallClock{})
		if _, err := e.Apply(textPlan(t, text)); err != nil {
			t.Fatal(err)
		}
		for n, p := range []runtime.Packet{
			{Proto: ast.ProtoICMP, ICMPType: 8, Length: 1400, More: true}, {Proto: ast.ProtoICMP, FragOffset: 1408, Length: 100},
			{Proto: ast.ProtoUDP, SrcPort: 5, DstPort: 5, Length: 16, More: true}, {Proto: ast.ProtoUDP, FragOffset: 24, Length: 100},
			{Proto: ast.ProtoICMP, FragOffset: 65528, Length: 100, ID: 9},
		} {
			p.Src, p.Dst, p.Fragment = ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.80"), true
			want, err := e.Inject(runtime.Ingress{If: 0}, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Inject(runtime.Ingress{If: 0}, p)
			if err != nil {
				t.Fatal(err)
			}
			if got.Action != want.Action || !slices.EqualFunc(got.Logs, want.Logs, func(a, b runtime.Message) bool { return a.ID == b.ID && (a.ID/1000 != 400 || a.Text == b.Text) }) {
				t.Errorf("drop %v, fragment %d: %v %v by the kernel, %v %v by the emulator", drop, n, got.Action, got.Logs, want.Action, want.Logs)
			}
		}
	}
}

// Reset ends the connection of the packet on both sides of the address translation.
func TestAuditReset(t *testing.T) {
	w := newWire(t, textPlan(t, auditBase+"ip audit name a attack action reset\nip audit interface outside a\nip audit interface inside a\n"))
	syn := runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP("198.51.100.7"), Dst: ast.MustIP("203.0.113.80"), SrcPort: 2000, DstPort: 80, Flags: runtime.SYN}
	null := syn
	null.Flags = 0
	back := runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP("10.0.0.80"), Dst: syn.Src, SrcPort: 80, DstPort: 2000}
	for _, x := range []struct {
		in int
		p  runtime.Packet
	}{{0, null}, {insideIf, back}} {
		w.sends(0, syn, runtime.Forward, 302013)
		if v := w.sends(x.in, x.p, runtime.Drop, 302014); !v.Reset || !strings.Contains(v.Logs[0].Text, "Deny") {
			t.Errorf("reset %v: %v", v.Reset, v.Logs)
		}
		if n := len(w.Conns().Conns); n != 0 {
			t.Errorf("%d connections", n)
		}
	}
}
