package kernel_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
	"pixfw/runtime/vpn"
)

func syn(src string, sport uint16, dst string, dport uint16) runtime.Packet {
	return runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP(src), Dst: ast.MustIP(dst), SrcPort: sport, DstPort: dport, Flags: runtime.SYN}
}

// Connections count for the limits of their host as long as they live, whatever becomes of the policy meanwhile: those of a limit
// that stays, of one that changes, and of one that is new. All connections of the host count, by whatever line it is translated.
func TestLimitsSurviveCommits(t *testing.T) {
	const line = "10.0.0.80 netmask 255.255.255.255 1 0"
	with := func(limit string) string {
		return strings.Replace(pool, line, "10.0.0.80 netmask 255.255.255.255 "+limit, 1)
	}
	w := newWire(t, textPlan(t, with("2 0")))
	const web, seen, client = "10.0.0.80", "203.0.113.80", "198.51.100.7"
	call := func(port uint16, want runtime.Action, messages ...int) {
		t.Helper()
		w.sends(outsideIf, syn(client, port, seen, 80), want, messages...)
	}
	call(1001, runtime.Forward, 302013)
	w.apply(textPlan(t, with("2 0")+"access-list out permit tcp any any eq 81\n"))
	call(1002, runtime.Forward, 302013)
	w.apply(textPlan(t, with("2 0")))
	call(1003, runtime.Drop, 201002)
	call(1002, runtime.Forward) // sent once more: no other connection
	w.apply(textPlan(t, with("3 0")))
	call(1004, runtime.Forward, 302013)
	call(1005, runtime.Drop, 201002)
	w.apply(textPlan(t, with("0 0")))
	call(1006, runtime.Forward, 302013)
	w.apply(textPlan(t, with("4 0")))
	call(1007, runtime.Drop, 201002)
	// What the host begins itself counts, too; and elsewhere it has another limit, of another line.
	w.sends(insideIf, syn(web, 1008, client, 80), runtime.Drop, 201002)
	w.sends(insideIf, syn(web, 1008, "172.16.0.5", 80), runtime.Forward, 305009, 302013)

	// Two of the five end by resets, which conntrack tells of later: they make room for one before that.
	for port := range uint16(2) {
		answer, back := syn(web, 80, client, 1001+port), syn(client, 1001+port, seen, 80)
		answer.Flags = runtime.SYN | runtime.ACK
		w.sends(insideIf, answer, runtime.Forward)
		back.Flags = runtime.ACK
		w.sends(outsideIf, back, runtime.Forward)
		back.Flags = runtime.RST | runtime.ACK
		w.sends(outsideIf, back, runtime.Forward)
	}
	for tries := 0; ; tries++ {
		v, err := w.Inject(runtime.Ingress{If: outsideIf}, syn(client, 1009, seen, 80))
		if err != nil || tries == 1000 {
			t.Fatalf("no room for another: %v %v", v.Logs, err)
		}
		if v.Action == runtime.Forward {
			break
		}
	}
	call(1010, runtime.Drop, 201002)
	w.apply(textPlan(t, with("4 0")))
	call(1011, runtime.Drop, 201002)
}

// A connection that waits for its translation, by a line without a limit, counts before those that come after it: packets are sent
// without waiting for what became of the one before.
func TestLimitCountsWhoWaits(t *testing.T) {
	text := strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 0 0\nglobal (outside) 2 203.0.113.30\nglobal (outside) 2 203.0.113.31\n"+
		"nat (inside) 2 10.0.0.128 255.255.255.128 0 0\nstatic (inside,dmz) 10.0.0.128 10.0.0.128 netmask 255.255.255.128 1 0", 1)
	w := newWire(t, textPlan(t, text))
	for k := range 100 {
		host := fmt.Sprintf("10.0.0.%d", 130+k)
		v, err := w.InjectAll([]lab.Injection{
			{In: runtime.Ingress{If: insideIf}, Packet: syn(host, 1001, "198.51.100.7", 80)},
			{In: runtime.Ingress{If: insideIf}, Packet: syn(host, 1002, "172.16.0.5", 80)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if v[0].Action != runtime.Forward || v[1].Action != runtime.Drop || len(v[1].Logs) != 1 || v[1].Logs[0].ID != 201002 {
			t.Fatalf("%s: %v %v, then %v %v", host, v[0].Action, v[0].Logs, v[1].Action, v[1].Logs)
		}
	}
}

// Of connections that wait together for the translations of those who call, as many pass as the host may have: those that came first.
func TestLimitOfThoseWhoWait(t *testing.T) {
	text := strings.Replace(pool, "10.0.0.80 netmask 255.255.255.255 1 0", "10.0.0.80 netmask 255.255.255.255 2 0", 1) +
		"nat (outside) 7 0.0.0.0 0.0.0.0 outside\nglobal (inside) 7 10.0.0.200-10.0.0.250\n"
	plan := textPlan(t, text)
	for range 20 {
		w := newWire(t, plan)
		var calls []lab.Injection
		for k := range 6 {
			calls = append(calls, lab.Injection{In: runtime.Ingress{If: outsideIf}, Packet: syn(fmt.Sprintf("198.51.100.%d", 10+k), 1001, "203.0.113.80", 80)})
		}
		v, err := w.InjectAll(calls)
		if err != nil {
			t.Fatal(err)
		}
		for k := range v {
			if want := map[bool]runtime.Action{true: runtime.Forward, false: runtime.Drop}[k < 2]; v[k].Action != want {
				t.Fatalf("call %d: %v %v", k, v[k].Action, v[k].Logs)
			}
			if k >= 2 && (len(v[k].Logs) != 1 || v[k].Logs[0].ID != 201002) {
				t.Fatalf("call %d makes a translation: %v", k, v[k].Logs)
			}
		}
		if err := w.Engine.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The firewall answers for a host with too many half-open connections, but not while it has as many as it may: then who calls is refused,
// and is answered again when one has ended. Another policy does not change that.
func TestLimitsOfBothKinds(t *testing.T) {
	plan := textPlan(t, strings.Replace(pool, "10.0.0.80 netmask 255.255.255.255 1 0", "10.0.0.80 netmask 255.255.255.255 3 2", 1))
	w := newWire(t, plan)
	const web, seen, client, other = "10.0.0.80", "203.0.113.80", "198.51.100.7", "172.16.0.5"
	port := uint16(1000)
	call := func(want runtime.Action, messages ...int) {
		t.Helper()
		port++
		w.sends(outsideIf, syn(client, port, seen, 80), want, messages...)
	}
	call(runtime.Forward, 302013)
	call(runtime.Forward, 302013)
	call(runtime.SynProxy, 201003)
	w.sends(insideIf, syn(web, 2001, other, 80), runtime.Forward, 305009, 302013) // by a line without limits
	call(runtime.Drop, 201002)
	w.apply(plan)
	call(runtime.Drop, 201002)

	refused := syn(other, 80, "172.16.0.100", 2001)
	refused.Flags = runtime.RST | runtime.ACK
	if v, err := w.Inject(runtime.Ingress{If: dmzIf}, refused); err != nil || v.Action != runtime.Forward {
		t.Fatalf("the reset: %v %v", v.Action, err)
	}
	// Conntrack tells of the end when it does.
	for tries := 0; ; tries++ {
		port++
		v, err := w.Inject(runtime.Ingress{If: outsideIf}, syn(client, port, seen, 80))
		if err != nil || tries == 1000 {
			t.Fatalf("nobody answers: %v %v", v.Logs, err)
		}
		if v.Action == runtime.SynProxy {
			break
		}
	}
	w.apply(plan)
	call(runtime.SynProxy, 201003)
	w.sends(insideIf, syn(web, 2002, other, 80), runtime.Forward, 302013)
	call(runtime.Drop, 201002)
}

// A host that has as many connections as its nat line allows gets no translation for another one.
func TestLimitBeforeTranslation(t *testing.T) {
	plan := textPlan(t, strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 2 0", 1))
	w := newWire(t, plan)
	w.sends(insideIf, syn("10.0.0.5", 1001, "198.51.100.7", 80), runtime.Forward, 305009, 302013)
	w.sends(insideIf, syn("10.0.0.5", 1002, "198.51.100.7", 80), runtime.Forward, 302013)
	v := w.sends(insideIf, syn("10.0.0.5", 1003, "172.16.0.5", 80), runtime.Drop, 201002)
	if len(v.Logs) == 1 && v.Logs[0].Text != "Too many connections on xlate 172.16.0.100! 2 2" {
		t.Errorf("%q", v.Logs[0].Text)
	}
	w.sends(insideIf, syn("10.0.0.6", 1004, "172.16.0.5", 80), runtime.Forward, 305009, 302013)
	// From outside the host is called by its translation, and what it began counts.
	w.sends(outsideIf, syn("198.51.100.7", 1005, "203.0.113.10", 22), runtime.Drop, 201002)
	if n := len(w.Xlates().Xlates); n != 4 {
		t.Errorf("%d translations", n)
	}
}

// A message names the host by the translation that was held to the limit, where it has several, by policy NAT and by nat, with the same one.
func TestLimitNamesTheTranslation(t *testing.T) {
	text := strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 1 0\naccess-list web permit tcp any any eq 8080\n"+
		"nat (inside) 2 access-list web 1 0\nglobal (outside) 2 203.0.113.77", 1)
	w := newWire(t, textPlan(t, text))
	const host, client = "10.0.0.5", "198.51.100.7"
	w.sends(insideIf, syn(host, 1001, client, 80), runtime.Forward, 305009, 302013)
	for port, want := range map[uint16]string{8080: "203.0.113.77", 81: "203.0.113.10"} {
		v := w.sends(insideIf, syn(host, 1002, client, port), runtime.Drop, 201002)
		if want := "Too many connections on xlate " + want + "! "; len(v.Logs) == 1 && !strings.HasPrefix(v.Logs[0].Text, want) {
			t.Errorf("%q, want %q", v.Logs[0].Text, want)
		}
	}
}

// Of a nat line with a limit of half-open connections: who calls a host by its translation is answered for it, when it has as many, and so
// is the host when it begins more itself, until one of them is open.
func TestHalfOpenOfNat(t *testing.T) {
	plan := textPlan(t, strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 0 2", 1))
	w := newWire(t, plan)
	const host, seen, client = "10.0.0.5", "203.0.113.10", "198.51.100.7"
	w.sends(insideIf, syn(host, 1001, client, 80), runtime.Forward, 305009, 302013)
	w.sends(insideIf, syn("10.0.0.6", 1001, client, 80), runtime.Forward, 305009, 302013) // another host
	w.sends(outsideIf, syn(client, 1002, seen, 22), runtime.Forward, 302013)
	w.apply(plan)
	v := w.sends(outsideIf, syn(client, 1003, seen, 22), runtime.SynProxy, 201003)
	if want := "Embryonic limit exceeded 2/2 for 198.51.100.7/1003 (203.0.113.10) 10.0.0.5/22 on interface outside"; len(v.Logs) == 1 && v.Logs[0].Text != want {
		t.Errorf("%q, want %q", v.Logs[0].Text, want)
	}
	v = w.sends(insideIf, syn(host, 1004, client, 80), runtime.SynProxy, 201003)
	if want := "Embryonic limit exceeded 2/2 for 10.0.0.5/1004 (203.0.113.10) 10.0.0.5/80 on interface inside"; len(v.Logs) == 1 && v.Logs[0].Text != want {
		t.Errorf("%q, want %q", v.Logs[0].Text, want)
	}
	// One is open, then.
	answer, last := syn(client, 80, seen, 1001), syn(host, 1001, client, 80)
	answer.Flags, last.Flags = runtime.SYN|runtime.ACK, runtime.ACK
	w.sends(outsideIf, answer, runtime.Forward)
	w.sends(insideIf, last, runtime.Forward)
	w.sends(insideIf, syn(host, 1004, client, 80), runtime.Forward, 302013)
	w.sends(insideIf, syn(host, 1005, client, 80), runtime.SynProxy, 201003)
}

// A real client gets through to a host that is answered for, by its translation.
func TestInterceptOfNat(t *testing.T) {
	w := newWalk(t, strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 0 1", 1))
	host, seen := ast.MustIP("10.0.0.5"), ast.MustIP("203.0.113.10")
	if err := w.l.Serve(host, 22); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	mark := len(w.l.Messages())
	p := syn("198.51.100.99", 1000, seen.String(), 22)
	p.Seq, p.Window, p.TTL = 1, 0x8000, 64
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.l.SendIP(outsideIf, b); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "302013")
	mark = len(w.l.Messages())
	body, err := w.l.Get(lab.Internet, seen, 22)
	if err != nil || body != "server 10.0.0.5 client 198.51.100.7" {
		t.Errorf("%q, %v; %v", body, err, w.l.Messages())
	}
	w.says(mark, "%PIX-2-201003: Embryonic limit exceeded 1/1 for 198.51.100.7/")
	w.says(mark, "302013")
}

// What the firewall answers does not count: with one of its connections half open, a host is told of that limit each time, and never of the other.
func TestRefusedDoesNotCount(t *testing.T) {
	w := newWire(t, textPlan(t, strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 2 1", 1)))
	const host, client = "10.0.0.5", "198.51.100.7"
	w.sends(insideIf, syn(host, 1001, client, 80), runtime.Forward, 305009, 302013)
	for port := range uint16(50) {
		w.sends(insideIf, syn(host, 2000+port, client, 80), runtime.SynProxy, 201003)
	}
	answer, last := syn(client, 80, "203.0.113.10", 1001), syn(host, 1001, client, 80)
	answer.Flags, last.Flags = runtime.SYN|runtime.ACK, runtime.ACK
	w.sends(outsideIf, answer, runtime.Forward)
	w.sends(insideIf, last, runtime.Forward)
	w.sends(insideIf, syn(host, 3001, client, 80), runtime.Forward, 302013)
	w.sends(insideIf, syn(host, 3002, client, 80), runtime.Drop, 201002)
}

// When the engine's process is gone, the kernel holds hosts to their limits, with the connections that the process has let through; and
// the next process does again.
func TestLimitsWithoutProcess(t *testing.T) {
	text := strings.Replace(pool, "10.0.0.80 netmask 255.255.255.255 1 0", "10.0.0.80 netmask 255.255.255.255 2 0", 1)
	w := newWalk(t, strings.Replace(text, "host 10.0.0.5 key", "host 10.0.0.80 key", 1))
	web, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	if err := w.l.Serve(web, 80); err != nil {
		t.Fatal(err)
	}
	dial := func(limit time.Duration, want bool) {
		t.Helper()
		c, err := w.l.Dial(lab.Internet, global, 80, limit)
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		if (err == nil) != want {
			t.Errorf("%v, want one: %v", err, want)
		}
	}
	dial(3*time.Second, true)
	if err := w.l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	dial(3*time.Second, true)
	dial(500*time.Millisecond, false)

	devices := map[string]string{"ethernet0": "eth0", "ethernet1": "eth1", "ethernet2": "eth2"}
	next, err := vpn.New(vpn.Options{Kernel: kernel.Options{Devices: devices, Netns: "/var/run/netns/" + w.l.Firewall()}})
	if err != nil {
		t.Fatal(err)
	}
	w.l.Engine = next
	if _, err := next.Apply(textPlan(t, text)); err != nil {
		t.Fatal(err)
	}
	dial(500*time.Millisecond, false)
}
