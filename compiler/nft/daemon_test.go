package nft

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
	"pixfw/compiler"
)

// A static with an access list and ports leads to the port that the list names.
func TestPolicyPort(t *testing.T) {
	p := widePlan()
	p.NAT.Statics = []compiler.Static{{RealIf: 1, MappedIf: 0, Proto: ast.ProtoTCP, Mapped: ip("192.168.1.70"), MappedPort: 25, Real: ip("10.89.129.133"), RealPt: 8025,
		Mask: ast.AllOnes, ACL: 3}}
	rs, diags := Lower(p, devices, Options{Daemon: true})
	if hasCode(diags, "W505") {
		t.Errorf("not loaded: %v", diags)
	}
	loaded := false
	for _, c := range rs.Chains {
		for _, r := range c.Rules {
			for _, s := range r.Do {
				if n, is := s.(NAT); is && n.Dst && n.PortLo == 8025 && n.First == ip("10.89.129.133") {
					loaded = true
				}
			}
		}
	}
	if !loaded {
		t.Error("no rule leads to the port")
	}
}

// Marks have room for so many lines with limits: those beyond share what they have in common. Those that tell what has un-NATed a packet
// give way to the numbers of requests.
func TestMarksAreEnough(t *testing.T) {
	p := widePlan()
	for n := range maxLimits + 3000 {
		p.NAT.Statics = append(p.NAT.Statics, compiler.Static{RealIf: 1, MappedIf: 0, Mapped: ip("198.18.0.0") + ast.IP(n), Real: ip("10.90.0.0") + ast.IP(n), Mask: ast.AllOnes,
			ACL: compiler.None, MaxConns: 1 + n%5})
	}
	rs, _ := Lower(p, devices, Options{Daemon: true})
	if n := len(rs.Limits); n < maxLimits || n > maxLimits+30 {
		t.Errorf("%d limits", n)
	}
	for k, x := range rs.Limits {
		if at, class := LimitOf(x.Mark | MarkAdmitted | 0x123); at != k || class != MarkOwn|0x123 {
			t.Fatalf("limit %d has the mark %#x, which is limit %d of class %#x", k, x.Mark, at, class)
		}
	}
	seen := map[uint32]bool{}
	for _, r := range rs.Requests {
		if r.Mark&MarkMask != MarkRequest || seen[r.Mark] || r.Mark&rs.RequestBits != r.Mark {
			t.Errorf("request with the mark %#x", r.Mark)
		}
		seen[r.Mark] = true
	}
	if rs.RequestBits != allBits {
		t.Errorf("more statics than the bits %#x tell of", rs.RequestBits)
	}
}

// With a daemon each host of a pool has its own address, first packets wait for it, and what is exact now is no
// difference any more.
func TestDaemonRules(t *testing.T) {
	p := widePlan()
	p.NAT.Nats = append(p.NAT.Nats, compiler.Nat{If: 0, ID: 7, Net: net("198.51.100.0", "255.255.255.0"), ACL: compiler.None, Outside: true})
	p.NAT.Globals = append(p.NAT.Globals, compiler.Global{If: 1, ID: 7, First: ip("10.89.129.200"), Last: ip("10.89.129.203")})
	p.NAT.Statics = append(p.NAT.Statics, compiler.Static{RealIf: 1, MappedIf: 0, Mapped: ip("192.168.1.70"), Real: ip("10.89.129.133"), Mask: ast.AllOnes, ACL: 3})
	rs, diags := Lower(p, devices, Options{Daemon: true, CompatQueue: true})
	for _, code := range []string{"W501", "W505", "W511"} {
		if hasCode(diags, code) {
			t.Errorf("%s is told with a daemon: %v", code, diags)
		}
	}
	type summary struct {
		In, Out, ACL, Pools, PATs int
		ID                        int
	}
	var got []summary
	for _, r := range rs.Requests {
		if r.Map == compiler.None { // it is asked when the only PAT address may have no port
			if c := rs.PATs[r.PATs[0]]; len(r.Pools) != 0 || len(r.PATs) != 1 || c.Busy == "" || slices.Contains(c.Spent[:], "") {
				t.Errorf("request %+v by %+v", r, c)
			}
			got = append(got, summary{r.In, r.Out, r.Nat.ACL, 0, 1, r.Nat.ID})
			continue
		}
		if m := rs.Xlates[r.Map]; m.RealIf != r.In || m.MappedIf != r.Out || m.ACL != r.Nat.ACL {
			t.Errorf("request %+v has the map %+v", r, m)
		}
		got = append(got, summary{r.In, r.Out, r.Nat.ACL, len(r.Pools), len(r.PATs), r.Nat.ID})
	}
	none := compiler.None
	// Identity and the pool to the dmz and the outside, and the single PAT address of id 2.
	want := []summary{{0, 1, none, 1, 0, 7}, {1, 0, 3, 0, 1, 2}, {1, 0, none, 0, 0, 0}, {1, 0, none, 1, 1, 1}, {1, 2, none, 0, 0, 0}, {1, 2, none, 1, 0, 1}, {2, 0, none, 0, 1, 2}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	text := rs.Text()
	for _, w := range []string{"map xlate_inside_outside {", "ip daddr @un_xlate_outside ct mark set 0x50000001 meta mark set meta mark | 0x00000001 dnat to ip daddr map @un_xlate_outside",
		"meta mark & 0xf0000000 == 0x50000000 ct mark set meta mark", "queue num 106",
		"meta l4proto { tcp, udp } ip daddr @busy_2 meta mark set meta mark & 0x00003fff | 0x60008000 queue num 106", "th sport 1-1023 meta mark set meta mark & 0x00003fff | 0x60008000",
		"set spent_2_1024 {\n\t\ttype inet_proto\n\t\tsize 65535\n\t\tflags timeout\n", "ip saddr 10.89.129.132 ip saddr != @xlate_inside_outside goto limit_5",
		"meta mark & 0xfffff000 == 0xc0005000 add @conns_inside_5 { ip saddr ct count over 5 } counter log prefix \"201002:static:5\" group 106 drop"} {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in the rules", w)
		}
	}
	if strings.Contains(text, "persistent") {
		t.Error("a pool is still chosen by hash")
	}
	msgs, err := rs.Messages()
	if err != nil {
		t.Fatal(err)
	}
	inNamespace(t, func() {
		commit(t, msgs)
		pairs := make([][2]ast.IP, 1200)
		for i := range pairs {
			pairs[i] = [2]ast.IP{ip("10.0.0.0") + ast.IP(i), ip("192.0.2.0") + ast.IP(i)}
		}
		commit(t, Change(false, "xlate_inside_outside", pairs, map[ast.IP]string{pairs[0][0]: XlateTerms{Conns: 4}.String()}))
		listed := nftCommand(t, "", "list", "map", "ip", "pixfw", "xlate_inside_outside")
		if n := strings.Count(listed, " : 192.0."); n != len(pairs) {
			t.Errorf("%d elements are listed, want %d", n, len(pairs))
		}
		commit(t, Change(true, "xlate_inside_outside", pairs[1:], nil))
		listed = nftCommand(t, "", "list", "ruleset")
		if n := strings.Count(listed, " : 192.0.2."); n != 1 || !strings.Contains(listed, `10.0.0.0 comment "conns 4 half-open 0 dns false" : 192.0.2.0`) ||
			!strings.Contains(listed, `comment "xlate inside outside"`) {
			t.Errorf("%d elements are left", n)
		}
		if !strings.Contains(listed, "NFQUEUE") && !strings.Contains(listed, "queue num") {
			t.Errorf("no queue in the listing: %s", listed)
		}
	})
}
