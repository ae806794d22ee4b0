package compiler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
)

const groups = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
object-group network web
  description the web
  network-object host 203.0.113.80
  network-object host 203.0.113.81
object-group network servers
  group-object web
  network-object 203.0.113.64 255.255.255.192
  network-object host 203.0.113.80
object-group service web-ports tcp
  port-object eq www
  port-object range 80 90
  port-object eq 91
  port-object eq https
object-group service names tcp-udp
  port-object eq domain
object-group service names-udp udp
  port-object eq domain
object-group protocol both
  protocol-object tcp
  protocol-object udp
object-group protocol many
  protocol-object tcp
  protocol-object gre
object-group icmp-type ping
  icmp-object echo
  icmp-object echo-reply
object-group network nobody
`

// plain compiles a configuration that has nothing wrong.
func plain(t *testing.T, text string) *Plan {
	t.Helper()
	plan, diags := load(t, text)
	for _, d := range diags {
		if d.Severity == ast.Error {
			t.Fatalf("%v", d)
		}
	}
	return plan
}

// TestGroupsLower: an entry with groups is one entry with sets, not their product.
func TestGroupsLower(t *testing.T) {
	plan := plain(t, groups+`access-list a permit tcp any object-group servers object-group web-ports
access-list a permit object-group both object-group web any object-group names
access-list a permit icmp any object-group web object-group ping
access-list a permit tcp object-group web object-group web-ports any
access-list a permit tcp any object-group web-ports object-group web
access-list a permit object-group many any interface outside
`)
	e := plan.ACLs[0].Entries
	if len(e) != 6 {
		t.Fatalf("%d entries", len(e))
	}
	host := func(s string) ast.Net { return ast.Net{IP: ast.MustIP(s), Mask: ast.AllOnes} }
	web := []ast.Net{host("203.0.113.80"), host("203.0.113.81")}
	servers := append(slices.Clone(web), ast.Net{IP: ast.MustIP("203.0.113.64"), Mask: ast.MustIP("255.255.255.192")})
	if !slices.Equal(e[0].Dst, servers) || !slices.Equal(e[0].DstPorts, []PortRange{{80, 91}, {443, 443}}) || !slices.Equal(e[0].Protos, []uint8{6}) {
		t.Errorf("entry 1: %+v", e[0])
	}
	if !slices.Equal(e[1].Protos, []uint8{6, 17}) || !slices.Equal(e[1].Src, web) || !slices.Equal(e[1].DstPorts, []PortRange{{53, 53}}) {
		t.Errorf("entry 2: %+v", e[1])
	}
	if !slices.Equal(e[2].ICMP, []uint8{8, 0}) {
		t.Errorf("entry 3: %+v", e[2])
	}
	if e[3].SrcPorts == nil || e[3].DstPorts != nil || !slices.Equal(e[3].Src, web) {
		t.Errorf("entry 4: the group behind the source is not its port: %+v", e[3])
	}
	if e[4].SrcPorts == nil || !slices.Equal(e[4].Dst, web) || e[4].DstPorts != nil {
		t.Errorf("entry 5: the types do not decide: %+v", e[4])
	}
	if !slices.Equal(e[5].Protos, []uint8{6, 47}) || e[5].Dst[0] != host("203.0.113.1") {
		t.Errorf("entry 6: %+v", e[5])
	}
}

// TestElements numbers the product of the groups in the order in which `show access-list` shows it.
func TestElements(t *testing.T) {
	plan := plain(t, groups+`access-list a permit object-group both object-group web any object-group names log
access-list a permit tcp any object-group servers object-group web-ports
access-list a permit icmp any object-group web object-group ping
access-list a permit tcp any any eq www
`)
	shown := func(a *ACE) (out []string) {
		for i := range a.Elements.Len() {
			out = append(out, ast.Text(a.Element(i)))
		}
		return out
	}
	e := plan.ACLs[0].Entries
	want := []string{
		"access-list a permit tcp host 203.0.113.80 any eq domain log", "access-list a permit tcp host 203.0.113.81 any eq domain log",
		"access-list a permit udp host 203.0.113.80 any eq domain log", "access-list a permit udp host 203.0.113.81 any eq domain log",
	}
	if got := shown(&e[0]); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := shown(&e[1]); len(got) != 12 || got[1] != "access-list a permit tcp any host 203.0.113.80 range www 90" {
		t.Errorf("got %q", got)
	}
	if got := shown(&e[2]); len(got) != 4 || got[3] != "access-list a permit icmp any host 203.0.113.81 echo-reply" {
		t.Errorf("got %q", got)
	}
	if e[3].Elements != nil || ast.Text(e[3].Element(0)) != "access-list a permit tcp any any eq www" {
		t.Errorf("an entry without groups: %+v", e[3])
	}
	// The element that a packet counts for is the first that matches it.
	for _, tc := range []struct {
		dst   string
		dport uint16
		want  string
	}{
		{"203.0.113.80", 80, "host 203.0.113.80 eq www"},
		{"203.0.113.80", 90, "host 203.0.113.80 range www 90"},
		{"203.0.113.81", 443, "host 203.0.113.81 eq https"},
		{"203.0.113.70", 91, "203.0.113.64 255.255.255.192 eq 91"},
	} {
		i := e[1].ElementOf(ast.ProtoTCP, ast.MustIP("198.51.100.1"), 1024, ast.MustIP(tc.dst), tc.dport, -1)
		if got := ast.Text(e[1].Element(i)); !strings.HasSuffix(got, tc.want) {
			t.Errorf("%s %d: element %d, %s", tc.dst, tc.dport, i, got)
		}
	}
}

// TestGroupsThatDoNotFit: each line has that error, and no entry.
func TestGroupsThatDoNotFit(t *testing.T) {
	for _, tc := range []struct{ line, code string }{
		{"access-list a permit tcp any object-group wep", "E208"},
		{"access-list a permit tcp any object-group nobody", "E338"},
		{"access-list a permit tcp any object-group ping", "E337"},
		{"access-list a permit tcp any any object-group names-udp", "E337"},
		{"access-list a permit tcp any any object-group web", "E337"},
		{"access-list a permit object-group both any any object-group web-ports", "E337"},
		{"access-list a permit object-group many any any eq www", "E337"},
		{"access-list a permit object-group web any any", "E337"},
		{"access-list a permit icmp any any object-group both", "E337"},
		{"conduit permit tcp object-group wep any", "E208"},
	} {
		plan, diags := load(t, groups+tc.line)
		if !slices.ContainsFunc(diags, func(d *ast.Diagnostic) bool { return d.Code == tc.code && d.Severity == ast.Error }) {
			t.Errorf("%s: want %s, got %v", tc.line, tc.code, diags)
		}
		if len(plan.Conduits) > 0 || len(plan.ACLs) > 0 && len(plan.ACLs[0].Entries) > 0 {
			t.Errorf("%s: is in the plan", tc.line)
		}
	}
}

// TestLargeGroups: the plan does not grow with the product.
func TestLargeGroups(t *testing.T) {
	var b strings.Builder
	b.WriteString("object-group network a\n")
	for i := range 2000 {
		b.WriteString("network-object host " + (ast.MustIP("10.0.0.0") + ast.IP(i)).String() + "\n")
	}
	b.WriteString("object-group network b\ngroup-object a\naccess-list x permit tcp object-group a object-group b\n")
	plan := plain(t, b.String())
	e := &plan.ACLs[0].Entries[0]
	if len(e.Src) != 2000 || len(e.Dst) != 2000 || e.Elements.Len() != 4_000_000 {
		t.Errorf("%d sources, %d destinations, %d elements", len(e.Src), len(e.Dst), e.Elements.Len())
	}
}

func TestLegacyPlan(t *testing.T) {
	plan := plain(t, groups+`conduit permit tcp host 203.0.113.80 eq www any
conduit permit tcp host 203.0.113.81 eq 0 198.51.100.0 255.255.255.0
conduit permit udp object-group servers object-group names host 198.51.100.1 eq domain
conduit permit icmp any any echo
outbound 10 deny 10.0.0.0 255.255.255.0 23 tcp
outbound 20 except 192.0.2.0 255.255.255.0
outbound 10 permit 10.0.0.5 255.255.255.255 1024-65535
apply (inside) 10 outgoing_src
apply 20 outgoing_dest
apply (inside) 30 outgoing_src
established tcp 6000 0 permitto tcp 1024-65535
established udp 0 permitfrom udp 53
alias (inside) 10.1.1.0 192.0.2.0 255.255.255.0
`)
	c := plan.Conduits
	if len(c) != 4 || c[0].Dst[0].IP != ast.MustIP("203.0.113.80") || c[0].DstPorts[0] != (PortRange{80, 80}) || c[0].Src[0] != (ast.Net{}) {
		t.Fatalf("conduits: %+v", c)
	}
	if c[1].DstPorts != nil || c[1].Src[0].IP != ast.MustIP("198.51.100.0") {
		t.Errorf("eq 0 is not any port: %+v", c[1])
	}
	if len(c[2].Dst) != 3 || c[2].SrcPorts[0] != (PortRange{53, 53}) || ast.Text(c[2].Element(1)) == "" {
		t.Errorf("conduit with groups: %+v", c[2])
	}
	if o := plan.Outbound; len(o) != 2 || o[0].ID != 20 || len(o[1].Rules) != 2 || o[1].Rules[0].Ports != (PortRange{23, 23}) || o[1].Rules[0].Proto != 6 ||
		o[0].Rules[0].Ports != (PortRange{0, 65535}) || o[1].Rules[1].Ports != (PortRange{1024, 65535}) {
		t.Errorf("outbound: %+v", o)
	}
	if a := plan.Applies; len(a) != 2 || a[0].List != 1 || a[0].Dest || a[1].List != 0 || !a[1].Dest || a[1].If != 1 {
		t.Errorf("apply: %+v", a)
	}
	if e := plan.Established; len(e) != 2 || e[0].DstPort != 6000 || e[0].To != (EstablishedEnd{6, PortRange{1024, 65535}}) ||
		e[0].From != (EstablishedEnd{0, PortRange{0, 65535}}) || e[1].From != (EstablishedEnd{17, PortRange{53, 53}}) {
		t.Errorf("established: %+v", e)
	}
	if a := plan.NAT.Aliases; len(a) != 1 || a[0].ToForeign(ast.MustIP("10.1.1.7")) != ast.MustIP("192.0.2.7") || a[0].ToDNAT(ast.MustIP("192.0.2.9")) != ast.MustIP("10.1.1.9") {
		t.Errorf("alias: %+v", a)
	}
}

func TestPacketPath(t *testing.T) {
	plan := plain(t, groups+`access-list deny-flow-max 512
access-list alert-interval 60
access-list a permit ip any any
access-group a in interface outside per-user-override
fragment chain 1 outside
fragment chain 30
fragment timeout 10
service resetinbound
sysopt noproxyarp outside
sysopt nodnsalias outbound
sysopt connection tcpmss minimum 48
sysopt connection permit-pptp
timeout sip-disconnect 0:01:00
`)
	if f := plan.Fragment; len(f) != 2 || f[0] != (Fragment{200, 1, 10 * time.Second}) || f[1] != (Fragment{200, 30, 10 * time.Second}) {
		t.Errorf("fragment: %+v", f)
	}
	if s := plan.Service; !s.ResetInbound || s.ResetOutside || s.ResetInboundLine.Text() != "service resetinbound" {
		t.Errorf("service: %+v", s)
	}
	if s := plan.Sysopt; !s.NoDNSAliasOutbound || s.NoDNSAliasInbound || s.TCPMSSMin != 48 || s.TCPMSS != 1380 || !s.PermitPPTP || s.PermitL2TP {
		t.Errorf("sysopt: %+v", s)
	}
	if i := plan.Interfaces; i[0].ProxyARP || !i[1].ProxyARP || !i[0].PerUser || i[1].PerUser {
		t.Errorf("interfaces: %+v", i)
	}
	if plan.DenyFlows != (DenyFlows{512, time.Minute}) || plan.Timeouts.SIPDisconnect != time.Minute || plan.Timeouts.SIPInvite != 3*time.Minute {
		t.Errorf("%+v %+v", plan.DenyFlows, plan.Timeouts)
	}
}
