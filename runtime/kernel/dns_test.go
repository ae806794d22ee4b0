package kernel_test

import (
	"encoding/binary"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// dnsMessage is a query, or with an address an answer.
func dnsMessage(id uint16, answer ast.IP) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1)
	if answer != 0 {
		b[2], b[7] = 0x81, 1
		b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(answer))
	}
	return b
}

// Answers are rewritten while the engine lives. When its process is gone they pass as they are, so that the names of others are found.
func TestDNSAnswers(t *testing.T) {
	w := newWalk(t, strings.Replace(pool, "203.0.113.80 10.0.0.80", "203.0.113.80 10.0.0.80 dns", 1))
	client, global, server := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80"), lab.Internet
	in, err := w.l.Wire(insideIf, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	send := func(on int, p runtime.Packet, msg []byte) {
		t.Helper()
		p.Proto, p.Payload, p.Length = ast.ProtoUDP, msg, len(msg)
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.l.SendIP(on, b); err != nil {
			t.Fatal(err)
		}
	}
	asks := func(id uint16) {
		t.Helper()
		send(insideIf, runtime.Packet{Src: client, Dst: server, SrcPort: 4000 + id, DstPort: 53}, dnsMessage(id, 0))
		if !w.watch[outsideIf].Await(3*time.Second, func(s lab.Seen) bool { return s.Src == global && s.SrcPort == 4000+id }) {
			t.Fatalf("query %d did not leave", id)
		}
	}
	gets := func(id uint16, want ast.IP) {
		t.Helper()
		send(outsideIf, runtime.Packet{Src: server, Dst: global, SrcPort: 53, DstPort: 4000 + id}, dnsMessage(id, global))
		buf := make([]byte, 2048)
		for {
			n, err := in.Receive(buf, 3*time.Second)
			if err != nil || n == 0 {
				t.Fatalf("answer %d did not arrive: %v", id, err)
			}
			p, err := runtime.ParsePacket(buf[:n])
			if err != nil || p.Proto != ast.ProtoUDP || p.SrcPort != 53 || p.DstPort != 4000+id {
				continue
			}
			if string(p.Payload) != string(dnsMessage(id, want)) || p.Dst != client {
				t.Errorf("answer %d to %v: %x, want %v in it", id, p.Dst, p.Payload, want)
			}
			return
		}
	}
	asks(1)
	asks(2)
	asks(3)
	gets(1, client)
	// A name that breaks a limit is refused, and nothing arrives before what comes after it.
	long := dnsMessage(3, global)
	long[12] = 64
	mark := len(w.l.Messages())
	send(outsideIf, runtime.Packet{Src: server, Dst: global, SrcPort: 53, DstPort: 4003}, append(long, make([]byte, 64)...))
	const want = "%PIX-4-410001: UDP DNS packet dropped due to label length check of 63 bytes: actual length:64 bytes"
	if _, ok := w.l.Await(mark, 3*time.Second, func(m runtime.Message) bool { return m.String() == want }); !ok {
		t.Errorf("no message %q; there are %v", want, w.l.Messages()[mark:])
	}
	asks(4)
	send(outsideIf, runtime.Packet{Src: server, Dst: global, SrcPort: 53, DstPort: 4004}, dnsMessage(4, global))
	for buf := make([]byte, 2048); ; {
		n, err := in.Receive(buf, 3*time.Second)
		if err != nil || n == 0 {
			t.Fatalf("the answer behind it did not arrive: %v", err)
		}
		if p, err := runtime.ParsePacket(buf[:n]); err == nil && p.Proto == ast.ProtoUDP && p.SrcPort == 53 {
			if p.DstPort != 4004 {
				t.Errorf("the answer to %d has arrived", p.DstPort)
			}
			break
		}
	}
	if err := w.l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	gets(2, global)
}

// For an alias in the subnet of its interface ARP is answered there, unless `sysopt noproxyarp` says no.
func TestAliasARP(t *testing.T) {
	const line = "alias (inside) 10.0.0.99 198.51.100.99 255.255.255.255\nalias (inside) 10.99.0.9 198.51.100.9 255.255.255.255\n" +
		"alias (inside) 10.0.0.1 198.51.100.1 255.255.255.255\n"
	l := newLab(t, textPlan(t, pool+line))
	show := func(what ...string) string {
		t.Helper()
		out, err := exec.Command("ip", append([]string{"-n", l.Firewall()}, what...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("ip %v: %v\n%s", what, err, out)
		}
		return string(out)
	}
	has := func(when string, want int) {
		t.Helper()
		routes, rules := 0, strings.Count(show("rule", "show"), "iif ")
		for r := range strings.Lines(show("route", "show", "table", "all")) {
			if strings.Contains(r, "10.0.0.99") || strings.Contains(r, "10.99.0.9") || strings.Contains(r, "10.0.0.1 ") && strings.Contains(r, "table 206") {
				routes++
			}
		}
		if routes != want || rules != want {
			t.Errorf("%s: %d addresses of aliases and %d rules, want %d", when, routes, rules, want)
		}
	}
	has("at first", 1)
	for _, c := range []struct {
		when, text string
		want       int
	}{{"with noproxyarp", pool + line + "sysopt noproxyarp inside\n", 0}, {"again", pool + line, 1}, {"without the alias", pool, 0}} {
		if _, err := l.Engine.Apply(textPlan(t, c.text)); err != nil {
			t.Fatal(err)
		}
		has(c.when, c.want)
	}
}
