package kernel_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// trackOnly is what a flow needs that is translated: conntrack with NAT, and nothing else.
const trackOnly = `delete table ip pixfw
table ip track {
	chain pass { type filter hook forward priority 0; ct state established,related accept; }
	chain translate { type nat hook postrouting priority 100; }
	chain back { type nat hook prerouting priority -100; }
}
`

// What the rules cost a packet of an established flow of UDP of a host behind a static, the best of many short rounds: with policies that put more
// and more in its way, and with conntrack and NAT alone.
//
//	go test ./runtime/kernel -run '^$' -bench Passing -benchtime 1x
func BenchmarkPassing(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	const lists = "access-list out permit udp any any\naccess-list out permit tcp any any\naccess-group out in interface outside\n"
	for _, x := range []struct{ name, text, instead string }{
		{"conntrack and NAT alone", wide, trackOnly},
		{"static", wide + lists, ""},
		{"dns", wide + lists + "fixup protocol dns maximum-length 512\n", ""},
		{"reverse paths", wide + lists + "ip verify reverse-path interface inside\nip verify reverse-path interface outside\n", ""},
		{"limits", strings.Replace(wide, "10.0.0.80 netmask 255.255.255.255", "10.0.0.80 netmask 255.255.255.255 1000 500", 1) + lists, ""},
		{"audit", wide + lists + "ip audit name a info action alarm\nip audit name a attack action alarm drop\nip audit interface inside a\n", ""},
	} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				passing(b, x.text, x.instead)
			}
		})
	}
}

func passing(b *testing.B, text, instead string) {
	l, wires, done := wired(b, text, 4<<20)
	defer done()
	buf := make([]byte, 2048)
	send := func(on int, p runtime.Packet) []byte {
		p.Proto = ast.ProtoUDP
		out, err := p.Marshal()
		if err == nil {
			err = wires[on].Send(out)
		}
		if err != nil {
			b.Fatal(err)
		}
		for end := time.Now().Add(3 * time.Second); ; {
			n, err := wires[1-on].Receive(buf, time.Until(end))
			if err != nil || n == 0 {
				b.Fatalf("%s does not come out: %v", p.String(), err)
			}
			if buf[9] == ast.ProtoUDP {
				return out
			}
		}
	}
	there := runtime.Packet{Src: ast.MustIP("10.0.0.80"), Dst: lab.Internet, SrcPort: 3000, DstPort: 9000}
	send(insideIf, there)
	send(outsideIf, runtime.Packet{Src: lab.Internet, Dst: ast.MustIP("203.0.113.80"), SrcPort: 9000, DstPort: 3000})
	packet := send(insideIf, there)
	if instead != "" {
		cmd := exec.Command("ip", "netns", "exec", l.Firewall(), "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(instead)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Skipf("nft: %v: %s", err, out)
		}
	}
	const n = 200
	best := time.Duration(0)
	for began := time.Now(); time.Since(began) < 700*time.Millisecond; {
		round := time.Now()
		for range n {
			if err := wires[insideIf].Send(packet); err != nil {
				b.Fatal(err)
			}
		}
		if d := time.Since(round) / n; best == 0 || d < best {
			best = d
		}
	}
	b.ReportMetric(float64(best.Nanoseconds()), "ns/packet")
	b.ReportMetric(0, "ns/op")
}
