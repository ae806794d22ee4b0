package kernel

import (
	"math/rand/v2"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

func poolPlan() *compiler.Plan {
	ip := ast.MustIP
	return &compiler.Plan{
		Interfaces: []compiler.Interface{{Name: "outside", Net: ast.Net{IP: ip("192.0.2.1"), Mask: ast.MaskOf(24)}}, {Name: "inside", Level: 100}},
		NAT: compiler.NAT{
			Statics: []compiler.Static{{RealIf: 1, MappedIf: 0, Mapped: ip("192.0.2.3"), Real: ip("10.0.0.3"), Mask: ast.AllOnes, ACL: compiler.None}},
			Globals: []compiler.Global{
				{If: 0, ID: 1, First: ip("192.0.2.0"), Last: ip("192.0.2.7"), Netmask: ast.MaskOf(29)},
				{If: 0, ID: 1, First: ip("192.0.2.20"), Last: ip("192.0.2.20")}}},
	}
}

// Lowest free first; network, broadcast, the interface's own address and those of statics are never given out.
func TestLowestFreeAddress(t *testing.T) {
	plan, now := poolPlan(), time.Unix(0, 0)
	g := &plan.NAT.Globals[0]
	table := newXlateTable()
	var all []*xlate
	take := func(want string) {
		t.Helper()
		got, ok := table.free(plan, g)
		if want == "" {
			if ok {
				t.Errorf("%v is given out of a pool that is empty", got)
			}
			return
		}
		if !ok || got != ast.MustIP(want) {
			t.Fatalf("got %v, %v, want %s", got, ok, want)
		}
		x := &xlate{key: xlateKey{realIf: 1, real: ast.IP(len(all)), acl: compiler.None}, mapped: got}
		table.add(x, now)
		all = append(all, x)
	}
	for _, want := range []string{"192.0.2.2", "192.0.2.4", "192.0.2.5", "192.0.2.6", "", ""} {
		take(want)
	}
	table.remove(all[2])
	table.remove(all[1])
	table.remove(all[1]) // twice is once
	for _, want := range []string{"192.0.2.4", "192.0.2.5", ""} {
		take(want)
	}
	if len(table.list) != 4 || table.hosts != 4 || table.most != 4 || len(table.byKey) != 4 || len(table.byMapped) != 4 {
		t.Errorf("%d listed, %d hosts, %d at most, %d, %d", len(table.list), table.hosts, table.most, len(table.byKey), len(table.byMapped))
	}
}

// Against a plain search, over random additions and removals.
func TestFreeAgainstModel(t *testing.T) {
	plan := poolPlan()
	g := &compiler.Global{If: 0, First: ast.MustIP("198.18.0.0"), Last: ast.MustIP("198.18.0.60")}
	rnd := rand.New(rand.NewPCG(3, 4))
	table, used := newXlateTable(), map[ast.IP]*xlate{}
	for i := range 5000 {
		if rnd.IntN(2) == 0 {
			want, free := ast.IP(0), false
			for ip := g.First; ip <= g.Last; ip++ {
				if used[ip] == nil {
					want, free = ip, true
					break
				}
			}
			got, ok := table.free(plan, g)
			if got != want || ok != free {
				t.Fatalf("step %d: %v, %v, want %v, %v", i, got, ok, want, free)
			}
			if ok {
				used[got] = &xlate{key: xlateKey{real: ast.IP(i), acl: compiler.None}, mapped: got}
				table.add(used[got], time.Time{})
			}
			continue
		}
		ip := g.First + ast.IP(rnd.IntN(61))
		if x := used[ip]; x != nil {
			table.remove(x)
			delete(used, ip)
		}
	}
}

// Another plan may number interfaces and lists otherwise; a plan that is not applied leaves all as it was.
func TestRekey(t *testing.T) {
	ip := ast.MustIP
	old := poolPlan()
	old.ACLs = []compiler.ACL{{ID: "a"}, {ID: "b"}}
	table := newXlateTable()
	add := func(real, mapped string, acl int) *xlate {
		x := &xlate{key: xlateKey{realIf: 1, mappedIf: 0, real: ip(real), acl: acl}, mapped: ip(mapped)}
		table.add(x, time.Unix(5, 0))
		return x
	}
	plain, policy := add("10.0.0.5", "192.0.2.2", compiler.None), add("10.0.0.5", "192.0.2.4", 1)
	next := &compiler.Plan{Interfaces: []compiler.Interface{old.Interfaces[1], old.Interfaces[0]}, ACLs: []compiler.ACL{{ID: "a"}}}
	restore := table.save()
	if gone := table.rekey(old, next); len(gone) != 0 || table.hosts != 2 || policy.key.acl != nft.GoneList(0) {
		t.Fatalf("gone: %+v, of policy NAT: %+v", gone, policy.key)
	}
	if x := table.byKey[xlateKey{realIf: 0, mappedIf: 1, real: ip("10.0.0.5"), acl: compiler.None}]; x != plain || !x.created.Equal(time.Unix(5, 0)) {
		t.Errorf("the translation is not found by its new interfaces: %+v", table.byKey)
	}
	rs := &nft.Ruleset{Xlates: []nft.XlateMap{{RealIf: 0, MappedIf: 1, ACL: compiler.None, Name: "m", Un: "u"}},
		Sets: []nft.Set{{Name: "m", Kind: nft.LiveMap}, {Name: "u", Kind: nft.LiveMap}, {Name: "other", Kind: nft.LiveMap}}}
	table.fill(rs)
	if a, b := rs.Sets[0].Pairs, rs.Sets[1].Pairs; len(a) != 1 || len(b) != 1 || a[0] != [2]ast.IP{ip("10.0.0.5"), ip("192.0.2.2")} || b[0] != [2]ast.IP{a[0][1], a[0][0]} {
		t.Errorf("filled with %v and %v", a, b)
	}
	back := &compiler.Plan{Interfaces: next.Interfaces, ACLs: []compiler.ACL{{ID: "c"}, {ID: "d"}, {ID: "b"}}}
	if gone := table.rekey(next, back); len(gone) != 0 || policy.key.acl != 2 {
		t.Errorf("gone: %+v; its list is back: %+v", gone, policy.key)
	}
	if table.forgetGone(); len(table.gone) != 0 {
		t.Errorf("names that nobody asks for: %v", table.gone)
	}
	if gone := table.rekey(back, &compiler.Plan{Interfaces: next.Interfaces[:1]}); len(gone) != 2 || table.hosts != 0 {
		t.Errorf("without an interface there are %+v", table.list)
	}
	restore()
	if table.hosts != 2 || table.byMapped[mappedKey{0, ip("192.0.2.4")}] != policy || policy.key.acl != 1 || plain.key.realIf != 1 {
		t.Errorf("not as before: %+v", table.byMapped)
	}
}

// The first PAT address serves while it has a port of the class, then the next; a port that has a translation keeps it; when a port is
// given back the first serves again.
func TestPATInOrder(t *testing.T) {
	table := newXlateTable()
	r := &nft.Request{In: 1, Out: 0, Nat: &compiler.Nat{ACL: compiler.None}}
	first, second := ast.MustIP("203.0.113.20"), ast.MustIP("203.0.113.21")
	packet := func(host int, proto uint8, port uint16) *runtime.Packet {
		return &runtime.Packet{Proto: proto, Src: ast.MustIP("10.0.0.0") + ast.IP(host), SrcPort: port, ICMPID: port}
	}
	choose := func(p *runtime.Packet) ast.IP {
		for _, ip := range []ast.IP{first, second} {
			if table.ports.serves(nil, r, p, ip) {
				return ip
			}
		}
		return 0
	}
	xlates := []*xlate{}
	now := time.Unix(1000, 0)
	take := func(host int, want ast.IP) {
		t.Helper()
		p := packet(host, ast.ProtoTCP, 100)
		ip := choose(p)
		if ip != want {
			t.Fatalf("host %d gets %v, want %v", host, ip, want)
		}
		x := &xlate{key: xlateKey{realIf: 1, real: p.Src, acl: compiler.None, proto: ast.ProtoTCP, port: 100, mapped: ip, mappedPort: uint16(host)}, mapped: ip, pat: uint16(host), isPAT: true}
		table.add(x, now)
		xlates = append(xlates, x)
	}
	for host := range 511 {
		take(host, first)
	}
	take(600, second)
	for _, c := range []struct {
		p    *runtime.Packet
		want ast.IP
	}{
		{packet(5, ast.ProtoTCP, 100), first},    // has its translation
		{packet(600, ast.ProtoTCP, 100), second}, // likewise
		{packet(700, ast.ProtoTCP, 511), second},
		{packet(700, ast.ProtoTCP, 512), first}, // another class
		{packet(700, ast.ProtoUDP, 100), first},
		{packet(700, ast.ProtoICMP, 100), first},
	} {
		if got := choose(c.p); got != c.want {
			t.Errorf("%s: %v, want %v", c.p, got, c.want)
		}
	}
	table.remove(xlates[7])
	take(701, first)
	for host := range 510 {
		take(1000+host, second)
	}
	if ip := choose(packet(2000, ast.ProtoTCP, 100)); ip != 0 {
		t.Errorf("no port is left, and %v serves", ip)
	}
	for len(table.list) > 0 {
		table.remove(table.list[0])
	}
	if len(table.ports.used)+len(table.ports.holds) != 0 {
		t.Errorf("left: %v", table.ports)
	}
}

// Where so many connections to one service have a port of the class that Linux may find none for another, the next address serves, also
// for a port that has a translation there; other services, protocols and classes go on.
func TestPATService(t *testing.T) {
	table, services := newXlateTable(), patServices{}
	r := &nft.Request{In: 1, Out: 0, Nat: &compiler.Nat{ACL: compiler.None}}
	first, second := ast.MustIP("203.0.113.20"), ast.MustIP("203.0.113.21")
	flowOf := func(mapped ast.IP, port uint16) patService {
		f := &flow{orig: tuple{proto: ast.ProtoUDP, src: ast.MustIP("10.0.0.5"), sport: 100}}
		f.reply = tuple{proto: ast.ProtoUDP, src: ast.MustIP("198.51.100.7"), sport: 80, dst: mapped, dport: port}
		k, ok := patServiceOf(f)
		if !ok {
			t.Fatal("UDP has no ports")
		}
		return k
	}
	choose := func(p runtime.Packet) ast.IP {
		for _, ip := range []ast.IP{first, second} {
			if table.ports.serves(services, r, &p, ip) {
				return ip
			}
		}
		return 0
	}
	p := runtime.Packet{Proto: ast.ProtoUDP, Src: ast.MustIP("10.0.0.5"), SrcPort: 100, Dst: ast.MustIP("198.51.100.7"), DstPort: 80}
	held := &xlate{key: xlateKey{realIf: 1, real: p.Src, acl: compiler.None, proto: p.Proto, port: 100, mapped: first, mappedPort: 100}, mapped: first, pat: 100, isPAT: true}
	table.add(held, time.Unix(1000, 0))
	for n := range uint16(448) {
		if ip := choose(p); ip != first {
			t.Fatalf("with %d connections %v serves", n, ip)
		}
		services.add(flowOf(first, 1+n), 1)
	}
	other, class, proto, host := p, p, p, p
	other.DstPort, class.SrcPort, proto.Proto, host.Src = 81, 600, ast.ProtoTCP, ast.MustIP("10.0.0.6")
	for _, c := range []struct {
		p    runtime.Packet
		want ast.IP
	}{{p, second}, {host, second}, {other, first}, {class, first}, {proto, first}} {
		if got := choose(c.p); got != c.want {
			t.Errorf("%s: %v, want %v", &c.p, got, c.want)
		}
	}
	for n := range uint16(448) {
		services.add(flowOf(second, 1+n), 1)
	}
	if got := choose(p); got != 0 {
		t.Errorf("no address has a port, and %v serves", got)
	}
	services.add(flowOf(first, 7), -1)
	if got := choose(p); got != first {
		t.Errorf("a port has come back, and %v serves", got)
	}
	for n := range uint16(448) {
		services.add(flowOf(second, 1+n), -1)
		services.add(flowOf(first, 1+n), -1)
	}
	if len(services) != 0 {
		t.Errorf("left: %v", services)
	}
}

// Pings take ids of a PAT address: as many as there are to all hosts, and on Linux not quite as many to one.
func TestPATCountsPings(t *testing.T) {
	ip := ast.MustIP
	mapped := ip("192.0.2.20")
	ping := func(n int) *flow {
		src, id := ip("10.0.1.0")+ast.IP(n>>8), uint16(n&255)
		return &flow{orig: tuple{ast.ProtoICMP, src, ip("198.51.100.7"), id, id}, reply: tuple{ast.ProtoICMP, ip("198.51.100.7"), mapped, uint16(n), uint16(n)}}
	}
	services, ports := patServices{}, newPATPorts()
	r := &nft.Request{Nat: &compiler.Nat{ACL: compiler.None}, In: 1}
	next := &runtime.Packet{Proto: ast.ProtoICMP, ICMPType: 8, Src: ip("10.9.9.9"), Dst: ip("198.51.100.7")}
	for n := range 65536 {
		f := ping(n)
		k, ok := patServiceOf(f)
		if want := (patService{mapped: mapped, to: ip("198.51.100.7"), proto: ast.ProtoICMP, class: 3}); !ok || k != want {
			t.Fatalf("%+v, %v, want %+v", k, ok, want)
		}
		if got, want := ports.serves(services, r, next, mapped), n < 57344; got != want {
			t.Fatalf("after %d pings to one host: %v", n, got)
		}
		services.add(k, 1)
		ports.add(&xlate{key: xlateKey{realIf: 1, real: f.orig.src, acl: compiler.None, proto: ast.ProtoICMP, port: f.orig.sport}, mapped: mapped, isPAT: true}, 1)
	}
	next.Dst = ip("198.51.100.8")
	if ports.serves(services, r, next, mapped) {
		t.Error("there are more pings than ids")
	}
	next.Src, next.ICMPID = ip("10.0.1.0"), 7 // it has one
	if !ports.serves(services, r, next, mapped) {
		t.Error("an id that is there does not serve")
	}
	if next.ICMPType = 0; services.full(next, mapped) {
		t.Error("a reply takes no id")
	}
}
