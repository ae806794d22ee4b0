package kernel_test

import (
	"testing"

	"pixfw/ast"
)

// What an outbound list denies is dropped and told of; an alias leads to the foreign address.
func TestOutboundAndAlias(t *testing.T) {
	plan := loadPlan(t, "web.cfg", func(s string) string {
		return s + "outbound 10 deny 10.89.129.0 255.255.255.0 2300 udp\noutbound 10 permit 10.89.129.134 255.255.255.255 2300 udp\n" +
			"apply (inside) 10 outgoing_src\nalias (inside) 10.99.0.7 198.51.100.7 255.255.255.255\n"
	})
	l := newLab(t, plan)
	const inside = 1
	mark := len(l.Messages())
	if err := l.SendIP(inside, ipv4(ast.MustIP("10.89.129.150"), ast.MustIP("198.51.100.7"), 17, udp(3000, 2300))); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "%PIX-2-106002: udp connection denied by outbound list 10 src 10.89.129.150 dest 198.51.100.7")
	for _, m := range l.Messages()[mark:] {
		if m.ID == 302015 {
			t.Errorf("a connection was made: %v", m)
		}
	}
	mark = len(l.Messages())
	if err := l.SendIP(inside, ipv4(ast.MustIP("10.89.129.134"), ast.MustIP("10.99.0.7"), 17, udp(3000, 2300))); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "302015: Built outbound UDP connection")
	await(t, l, mark, "198.51.100.7/2300")
}
