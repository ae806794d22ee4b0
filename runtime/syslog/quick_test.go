package syslog

import (
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// The messages that are put together by hand say what the catalogue says.
func TestQuickMessages(t *testing.T) {
	out, in := End{"outside", ast.MustIP("198.51.100.7"), 80}, End{"inside", ast.MustIP("10.0.0.5"), 65535}
	gout, gin := End{"", out.IP, 81}, End{"", ast.MustIP("203.0.113.200"), 1024}
	for _, user := range []string{"", "cse"} {
		suffix := ""
		if user != "" {
			suffix = " (" + user + ")"
		}
		for _, lived := range []time.Duration{0, 59 * time.Second, 3*time.Hour + 2*time.Minute + 9*time.Second + time.Millisecond, 1000 * time.Hour} {
			tcp := Connection{Number: 12, Proto: 6, Inbound: true, Foreign: out, ForeignMapped: gout, Local: in, Global: gin, User: user}
			udp := tcp
			udp.Proto, udp.Inbound = 17, false
			pairs := [][2]runtime.Message{
				{Built(&tcp), New(302013, "inbound", 12, out, gout, in, gin, suffix)},
				{Built(&udp), New(302015, "outbound", 12, out, gout, in, gin, suffix)},
				{Teardown(&tcp, lived, 7, "TCP FINs"), New(302014, 12, out, in, ast.HMS(lived), 7, "TCP FINs", suffix)},
				{Teardown(&udp, lived, 1<<40, ""), New(302016, 12, out, in, ast.HMS(lived), 1<<40, suffix)},
				{XlateBuilt(0, false, in, out), New(305009, "dynamic", in.If, in.IP, out.If, out.IP)},
				{XlateTeardown(0, true, in, out, lived), New(305010, "static", in.If, in.IP, out.If, out.IP, ast.HMS(lived))},
				{XlateBuilt(1, false, in, out), New(305011, "dynamic", "ICMP", in, out)},
				{XlateTeardown(17, false, in, out, lived), New(305012, "dynamic", "UDP", in, out, ast.HMS(lived))},
				{Deny106023(Flow{Proto: 6, Src: out, Dst: in}, "120"), New(106023, Flow{Proto: 6, Src: out, Dst: in}, "120")},
			}
			for _, p := range pairs {
				if p[0] != p[1] {
					t.Errorf("got  %v\nwant %v", p[0], p[1])
				}
			}
		}
	}
}
