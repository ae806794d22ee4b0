package kernel_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

func ipv4(src, dst ast.IP, proto uint8, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint32(b[12:], uint32(src))
	binary.BigEndian.PutUint32(b[16:], uint32(dst))
	return append(b, payload...)
}

func tcp(flags runtime.TCPFlags) []byte {
	return []byte{0, 80, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, byte(flags), 0xff, 0xff, 0, 0, 0, 0}
}

// Packets that are dropped before any access list, or in spite of it, each with its message.
func TestSanity(t *testing.T) {
	plan := loadPlan(t, "web.cfg", func(s string) string {
		return s + "ip verify reverse-path interface outside\nicmp deny any outside\n" +
			"access-list cry permit ip host 192.168.1.11 192.168.50.0 255.255.255.0\n" +
			"crypto map mymap 5 ipsec-isakmp\ncrypto map mymap 5 match address cry\ncrypto map mymap 5 set peer 198.51.100.9\ncrypto map mymap 5 set transform-set myset\n"
	})
	l := newLab(t, plan)
	const outside, inside = 0, 1
	ip := ast.MustIP
	for _, c := range []struct {
		name     string
		in       int
		src, dst string
		proto    uint8
		payload  []byte
		want     string
	}{
		{"no connection", outside, "198.51.100.7", "192.168.1.11", 6, tcp(runtime.FIN | runtime.ACK),
			"%PIX-6-106015: Deny TCP (no connection) from 198.51.100.7/80 to 192.168.1.11/80 flags FIN ACK  on interface outside"},
		{"loopback source", outside, "127.0.0.1", "192.168.1.11", 6, tcp(runtime.SYN), "%PIX-2-106016: Deny IP spoof from (127.0.0.1) to 192.168.1.11 on interface outside"},
		{"own address as source", outside, "192.168.1.1", "192.168.1.11", 6, tcp(runtime.SYN), "%PIX-2-106016: Deny IP spoof from (192.168.1.1) to 192.168.1.11"},
		{"land", outside, "192.168.1.11", "192.168.1.11", 6, tcp(runtime.SYN), "%PIX-2-106017: Deny IP due to Land Attack from 192.168.1.11 to 192.168.1.11"},
		{"inside source from outside", outside, "10.89.129.150", "192.168.1.11", 6, tcp(runtime.SYN),
			"%PIX-1-106021: Deny tcp reverse path check from 10.89.129.150 to 192.168.1.11 on interface outside"},
		{"the icmp command", outside, "198.51.100.7", "192.168.1.1", 1, []byte{8, 0, 0, 0, 0, 0, 0, 0}, "%PIX-3-313001: Denied ICMP type=8, code=0 from 198.51.100.7 on interface "},
		{"IP options", outside, "198.51.100.7", "192.168.1.11", 6, nil, "%PIX-6-106012: Deny IP from 198.51.100.7 to 192.168.1.11, IP options:"},
		{"hairpin", inside, "10.89.129.150", "10.89.129.160", 6, tcp(runtime.SYN), "%PIX-3-106011: Deny inbound (No xlate) tcp src inside:10.89.129.150/80 dst inside:10.89.129.160/80"},
		{"clear text", outside, "192.168.50.9", "192.168.1.11", 6, tcp(runtime.SYN), "%PIX-4-402106: Rec'd packet not an IPSEC packet (ip) dest_addr= 192.168.1.11, src_addr= 192.168.50.9"},
		{"SNMP to the box", inside, "10.89.129.134", "10.89.129.194", 17, []byte{0, 99, 0, 161, 0, 8, 0, 0}, "%PIX-3-710003: UDP access denied by ACL from 10.89.129.134/99 to inside:10.89.129.194/snmp"},
		{"ESP to the inside", inside, "10.89.129.134", "10.89.129.194", 50, make([]byte, 16), "%PIX-7-710006: ESP request discarded from 10.89.129.134 to inside:10.89.129.194"},
	} {
		p := ipv4(ip(c.src), ip(c.dst), c.proto, c.payload)
		if c.payload == nil {
			p = append(append(p[:20:20], 0x94, 4, 0, 0), tcp(runtime.SYN)...) // router alert
			p[0], p[3] = 0x46, byte(len(p))
		}
		mark := len(l.Messages())
		if err := l.SendIP(c.in, p); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		_, ok := l.Await(mark, 3*time.Second, func(m runtime.Message) bool { return strings.HasPrefix(m.String(), c.want) })
		if !ok {
			t.Errorf("%s: no message %q; there are %v", c.name, c.want, l.Messages()[mark:])
		}
	}

	// What the crypto map names must not leave in the clear. It is compared after translation (semantics.md 6.1).
	w, err := l.Watch(l.Sides()[outside])
	if err != nil {
		t.Fatal(err)
	}
	for _, dst := range []string{"192.168.50.9", "198.51.100.7"} {
		if err := l.SendIP(inside, ipv4(server, ip(dst), 17, []byte{0, 99, 0, 99, 0, 8, 0, 0})); err != nil {
			t.Fatal(err)
		}
	}
	// The second packet shows that the first has had its chance.
	if !w.Await(3*time.Second, func(p lab.Seen) bool { return p.Src == global && p.Dst == lab.Internet }) {
		t.Error("nothing arrived outside")
	}
	for _, p := range w.Stop() {
		if p.Dst == ip("192.168.50.9") {
			t.Errorf("left in the clear: %+v", p)
		}
	}
}

// ICMP is judged packet by packet (S03, S13, S14): what answers an echo needs an entry of its own.
func TestPingIsNotStateful(t *testing.T) {
	l := newLab(t, loadPlan(t, "web.cfg", nil))
	watches := map[string]*lab.Watch{}
	for _, s := range l.Sides() {
		w, err := l.Watch(s)
		if err != nil {
			t.Fatal(err)
		}
		watches[l.Engine.Plan().Interfaces[s.If].Name] = w
	}
	echo := []byte{8, 0, 0xf7, 0xfd, 0, 1, 0, 1}
	send := func(from, to ast.IP) {
		t.Helper()
		if err := l.Send(from, to, ast.ProtoICMP, echo); err != nil {
			t.Fatal(err)
		}
	}
	send(lab.Internet, global)
	if !watches["outside"].Await(3*time.Second, func(p lab.Seen) bool { return p.Proto == 1 && p.Src == global && p.Dst == lab.Internet }) {
		t.Error("the server's echo reply did not come back translated")
	}
	// The server pings: the reply to its static is permitted.
	send(server, lab.Internet)
	if !watches["inside"].Await(3*time.Second, func(p lab.Seen) bool { return p.Proto == 1 && p.Src == lab.Internet && p.Dst == server }) {
		t.Error("the reply to the server's echo did not arrive")
	}
	// Another host pings: the reply to its pool address is not.
	mark := len(l.Messages())
	send(other, lab.Internet)
	m, ok := l.Await(mark, 3*time.Second, func(m runtime.Message) bool { return m.ID == 106023 })
	if !ok || !strings.HasPrefix(m.Text, "Deny icmp src outside:198.51.100.7 dst inside:192.168.1.") ||
		!strings.HasSuffix(m.Text, `(type 0, code 0) by access-group "120"`) {
		t.Errorf("reply to a pool address: %v", l.Messages()[mark:])
	}
	for name, w := range watches {
		for _, p := range w.Stop() {
			inner := ast.Net{IP: ast.MustIP("10.89.129.128"), Mask: ast.MaskOf(25)}
			if name == "outside" && inner.Contains(p.Src) {
				t.Errorf("a real address leaked: %+v", p)
			}
			if name == "inside" && p.Dst == other {
				t.Errorf("the denied reply was forwarded: %+v", p)
			}
		}
	}
}
