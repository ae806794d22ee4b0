package kernel

import (
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// What a PAT address is asked for counts at once, before conntrack tells of a connection: no more is given than there is. What is told of
// counts once, and what never becomes a connection counts no more after two ticks.
func TestPATGrants(t *testing.T) {
	mapped := ast.MustIP("203.0.113.20")
	plan := &compiler.Plan{NAT: compiler.NAT{Globals: []compiler.Global{{ID: 1, PAT: true, First: mapped, Last: mapped}}}}
	rules := &nft.Ruleset{PATs: []nft.PATClass{{Class: nft.MarkOwn | 16, ACL: compiler.None}}}
	d := newDynamic(nil, runtime.WallClock{}, nil)
	d.use(plan, rules)
	r := &nft.Request{In: 1, Nat: &compiler.Nat{ID: 1, ACL: compiler.None}, Map: compiler.None, PATs: []int{0}}
	ask := func(host int, port, to uint16) bool {
		q := &queued{packet: runtime.Packet{Proto: ast.ProtoUDP, Src: ast.MustIP("10.0.0.0") + ast.IP(host), SrcPort: port, Dst: ast.MustIP("198.51.100.7"), DstPort: to}}
		x, class, msg := d.allocate(r, xlateKey{realIf: 1, real: q.packet.Src, acl: compiler.None}, q)
		if x != nil || (class == 0) != (msg.ID == 202001) {
			t.Fatalf("host %d: %v %x %v", host, x, class, msg)
		}
		if class != 0 {
			d.grant(r, mapped, &q.packet)
			d.grant(r, mapped, &q.packet) // it is sent again
		}
		return class != 0
	}
	for host := range 500 {
		if got, want := ask(host, 123, 123), host < 448; got != want {
			t.Fatalf("host %d is served: %v", host, got)
		}
	}
	for n := range 511 - 448 {
		if !ask(1000+n, 5, uint16(2000+n)) {
			t.Fatalf("port %d is not served", 448+n)
		}
	}
	if ask(2000, 6, 3000) {
		t.Error("more ports are given than there are")
	}
	if !ask(1000, 5, 3000) {
		t.Error("a port that is taken does not serve another connection")
	}
	d.told(tuple{ast.ProtoUDP, ast.MustIP("10.0.0.0"), ast.MustIP("198.51.100.7"), 123, 123})
	if !ask(2000, 123, 123) {
		t.Error("what has been told of counts twice")
	}
	d.grantsTick()
	if ask(2001, 7, 3001) {
		t.Error("what was asked for a moment ago does not count any more")
	}
	d.grantsTick()
	if n := len(d.services) + len(d.xlates.ports.used) + len(d.xlates.ports.holds) + len(d.grants.fresh) + len(d.grants.older); n != 0 {
		t.Errorf("%d are left: %v %v", n, d.services, d.xlates.ports.used)
	}
}
