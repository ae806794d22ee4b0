package parser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// TestFirewallForms: each spelling, and how 6.3 prints it.
func TestFirewallForms(t *testing.T) {
	scope := Scope{Names: map[string]ast.IP{"mailhost": ast.MustIP("10.1.1.1"), "dns": ast.MustIP("10.1.1.53")},
		Groups: map[string]string{"A": ast.GroupNetwork, "B": ast.GroupNetwork, "S": ast.GroupService, "T": ast.GroupService, "P": ast.GroupProtocol}}
	for _, tc := range []struct{ in, want string }{
		// The types of groups decide what stands where; without them the place does.
		{"access-list x permit tcp object-group A object-group B object-group S", ""},
		{"access-list x permit tcp object-group A object-group S object-group B", ""},
		{"access-list x permit tcp object-group A object-group S object-group B object-group T log 5 interval 60", ""},
		{"access-list x permit tcp object-group A object-group S object-group B eq 80", "access-list x permit tcp object-group A object-group S object-group B eq www"},
		{"access-list x permit udp any object-group S host 10.1.1.1 eq 53", "access-list x permit udp any object-group S host 10.1.1.1 eq domain"},
		{"access-list x permit object-group P object-group A object-group B object-group unknown", ""},
		{"access-list x permit tcp object-group A eq www object-group B object-group S", ""},
		{"access-list x permit tcp interface outside any", ""},
		{"access-list x deny icmp any any object-group ping log disable", ""},
		{"access-list x permit ip any any log default", ""},
		{"access-list x permit ip any any log 6 interval 300", "access-list x permit ip any any log"},
		{"access-list x permit ip any any log interval 60", "access-list x permit ip any any log 6 interval 60"},
		{"access-list x line 3 permit 10.0.0.0 255.0.0.0", "access-list x permit 10.0.0.0 255.0.0.0"},
		{"access-list x permit host mailhost", "access-list x permit host 10.1.1.1"},
		{"access-list x deny any", ""},
		{"access-list compiled permit ip any any", ""},
		{"access-list deny-flow-max permit ip any any", ""},
		{"no access-list compiled", ""},
		{"no access-list x compiled", ""},
		{"no access-list deny-flow-max", ""},
		{"no access-list compiled permit ip any any", ""},
		{"access-group x in interface outside per-user-override", ""},

		{"conduit permit tcp 192.0.2.80 255.255.255.255 eq 80 0 0", "conduit permit tcp host 192.0.2.80 eq www any"},
		{"conduit permit tcp host 192.0.2.80 eq 0 any", ""},
		{"conduit permit icmp any any", ""},
		{"conduit deny 47 any any", "conduit deny gre any any"},
		{"conduit permit tcp object-group A object-group S any", ""},
		{"conduit permit tcp host 192.0.2.80 range 20 21 host mailhost gt 1023", "conduit permit tcp host 192.0.2.80 range ftp-data ftp host 10.1.1.1 gt 1023"},
		{"no conduit permit icmp any any echo", ""},
		{"outbound 10 deny 0 0 www tcp", "outbound 10 deny 0.0.0.0 0.0.0.0 80 tcp"},
		{"outbound 10 deny 0 0 0 17", "outbound 10 deny 0.0.0.0 0.0.0.0 0 udp"},
		{"outbound 10 permit 10.0.0.5", "outbound 10 permit 10.0.0.5 255.255.255.255"},
		{"no outbound 10", ""},
		{"apply 10 outgoing_dest", "apply (inside) 10 outgoing_dest"},
		{"no apply (dmz) 10", ""},
		{"established tcp 6000", "established tcp 6000 0"},
		{"established tcp 0 0 permitto tcp www permitfrom tcp 1024-65535", "established tcp 0 0 permitto tcp 80 permitfrom tcp 1024-65535"},
		{"alias 10.1.1.80 192.0.2.80", "alias (inside) 10.1.1.80 192.0.2.80 255.255.255.255"},
		{"no alias (inside) 10.1.1.80", ""},

		{"fragment size 400", ""}, {"no fragment chain 1 outside", ""}, {"service resetoutside", ""}, {"no service resetinbound", ""},
		{"shun 10.1.1.27 192.0.2.1 555 666 6", "shun 10.1.1.27 192.0.2.1 555 666 tcp"}, {"no shun mailhost", "no shun 10.1.1.1"},
		{"floodguard 0", "no floodguard enable"}, {"floodguard 1", "floodguard enable"}, {"floodguard disable", "no floodguard enable"},
		{"no sysopt connection tcpmss", ""}, {"no sysopt connection tcpmss minimum 48", ""}, {"no sysopt route dnat", ""},
		{"sysopt nodnsalias outbound", ""},

		{"fixup protocol domain 53", "fixup protocol dns maximum-length 512"},
		{"fixup protocol dns maximum-length 1024", ""},
		{"fixup protocol h323 1720", "fixup protocol h323 h225 1720"},
		{"fixup protocol h323", "fixup protocol h323 h225 1720"},
		{"fixup protocol ftp strict", "fixup protocol ftp strict 21"},
		{"fixup protocol snmp", "fixup protocol snmp 161-162"},
		{"fixup protocol mgcp", "fixup protocol mgcp"},
		{"fixup protocol mgcp 2727", ""}, {"fixup protocol ctiqbe 2748", ""}, {"fixup protocol pptp 1723", ""}, {"fixup protocol esp-ike", ""},
		{"fixup protocol ils 1002", ""}, {"fixup protocol rtsp 8554", ""}, {"fixup protocol http 8080-8088", ""},
		{"no fixup protocol http", ""}, {"no fixup protocol h323", "no fixup protocol h323"}, {"no fixup protocol http 443", ""},

		{"timeout conn 1:0:0 half-closed 0:0:0 udp 0:2:0 rpc 0:10:0 h323 0:5:0 sip 0:30:0 sip_media 0:2:0",
			"timeout conn 1:00:00 half-closed 0:00:00 udp 0:02:00 rpc 0:10:00 h323 0:05:00 sip 0:30:00 sip_media 0:02:00"},
		{"timeout sip-disconnect 0:02:00 sip-invite 0:03:00", ""},

		{"nat 0 0 0", "nat (inside) 0 0.0.0.0 0.0.0.0 0 0"},
		{"nat (dmz) 1 10.0.0.0", "nat (dmz) 1 10.0.0.0 255.0.0.0 0 0"},
		{"nat (inside) 1 0 0 norandomseq 10 5 dns", "nat (inside) 1 0.0.0.0 0.0.0.0 dns 10 5 norandomseq"},
		{"nat (outside) 2 198.51.100.0 255.255.255.0 outside", "nat (outside) 2 198.51.100.0 255.255.255.0 outside 0 0"},
		{"nat (inside) 3 access-list P 100", "nat (inside) 3 access-list P 100 0"},
		{"nat (inside) 0 access-list N", ""},
		{"global 1 interface", "global (outside) 1 interface"},
		{"global (outside) 1 192.0.2.3-192.0.2.9", ""},
		{"static 192.0.2.15 10.0.0.7", "static (inside,outside) 192.0.2.15 10.0.0.7 netmask 255.255.255.255 0 0"},
		{"static (inside,outside) 192.0.2.0 10.0.0.0 netmask 255.255.255.0 dns 1 2 norandomseq", "static (inside,outside) 192.0.2.0 10.0.0.0 dns netmask 255.255.255.0 1 2 norandomseq"},
		{"static (inside,outside) udp interface domain mailhost 53", "static (inside,outside) udp interface domain 10.1.1.1 domain netmask 255.255.255.255 0 0"},
		{"static (inside,outside) tcp interface 3389 access-list A", "static (inside,outside) tcp interface 3389 access-list A 0 0"},
		{"static (inside,outside) interface 10.0.0.7", "static (inside,outside) interface 10.0.0.7 netmask 255.255.255.255 0 0"},

		{"object-group service S tcp-udp", ""}, {"no object-group service S", ""}, {"no object-group icmp-type S", ""},
		{"network-object mailhost 255.255.255.255", "network-object host 10.1.1.1"},
		{"network-object host dns", "network-object host 10.1.1.53"},
		{"protocol-object 6", "protocol-object tcp"}, {"protocol-object 103", ""}, {"icmp-object 8", "icmp-object echo"}, {"icmp-object 111", ""},
		{"no group-object G", ""}, {"no description", ""}, {"description two  blanks", ""},
		{"clear object-group", ""}, {"clear object-group network", ""}, {"clear conduit", ""}, {"clear established", ""}, {"clear fragment", ""},
	} {
		want := tc.want
		if want == "" {
			want = tc.in
		}
		s, diags := ParseStatement(tc.in, scope)
		if s.Cmd == nil || len(diags) > 0 {
			t.Errorf("%s: %v", tc.in, diags)
			continue
		}
		if got := s.Text(); got != want {
			t.Errorf("%q prints as %q\nwant %q", tc.in, got, want)
		}
	}
}

// TestFirewallRefusals: what 6.3 does not take, and the code of the message.
func TestFirewallRefusals(t *testing.T) {
	for _, tc := range []struct{ in, code string }{
		{"nat (inside) 1 0 0 tcp 0 0 udp 0", "E111"}, {"static (inside,outside) 192.0.2.15 10.0.0.7 netmask 255.255.255.255 tcp 0 0", "E111"},
		{"object-group port bad", "E104"}, {"object-group service S", "E107"}, {"port-object eq htp", "E105"}, {"port-object range 90 80", "E105"},
		{"protocol-object 300", "E106"}, {"icmp-object host-unreachable", "E105"}, {"network-object 10.1.1.1 0.0.0.255", "E105"},
		{"conduit permit tcp interface outside any", "E104"}, {"established tcp 0 0 permitto icmp 8", "E105"}, {"outbound 2000 permit 0 0", "E106"},
		{"fragment chain 9000", "E106"}, {"fragment timeout 31", "E106"}, {"access-list deny-flow-max 5000", "E106"},
		{"fixup protocol rsh 515", "E106"}, {"fixup protocol sip udp 5061", "E106"}, {"fixup protocol ftp 21-22", "E105"}, {"fixup protocol snmp 160", "E106"},
		{"timeout xlate 0:00:30", "E106"}, {"timeout conn 0:01:00", "E106"}, {"name 10.1.1.1 10.1.1.2", "E105"},
		{"access-list x permit tcp any any object-group S eq www", "E108"},
	} {
		s, diags := ParseStatement(tc.in, Scope{})
		if s.Cmd != nil || len(diags) == 0 || diags[0].Code != tc.code {
			t.Errorf("%s: want %s, got %v", tc.in, tc.code, diags)
		}
	}
	for _, tc := range []struct{ in, code string }{{"sysopt route dnat", codeOld}, {"sysopt security fragguard", codeOld}, {"name 10.1.1.1 any", codeNameKeyword}} {
		s, diags := ParseStatement(tc.in, Scope{})
		if s.Cmd == nil || len(diags) != 1 || diags[0].Code != tc.code || diags[0].Severity != ast.Warning {
			t.Errorf("%s: want a warning %s, got %v", tc.in, tc.code, diags)
		}
	}
}

// TestGroupMode: members belong to the group that is open, indented or not, until another command comes.
func TestGroupMode(t *testing.T) {
	const text = `name 10.1.1.9 devserver
object-group network web
 description the web
network-object host 10.1.1.1
  network-object host devserver

! a comment does not end it
  no network-object host 10.1.1.1
  netwrk-object host 10.1.1.2
  group-object other
object-group service ports udp
  port-object eq syslog
  port-object eq www
exit
port-object eq ntp
object-group port bad
  port-object eq smtp
object-group network web
  network-object 10.2.0.0 255.255.0.0
access-list a permit udp any object-group web object-group ports
network-object host 10.1.1.3
`
	cfg, f, diags := Load("pix.cfg", []byte(text))
	var got []string
	for _, d := range diags {
		got = append(got, fmt.Sprintf("%d %s", d.Pos.Line, d.Code))
	}
	want := []string{"9 E103", "10 E208", "13 E105", "15 E336", "16 E104", "17 E336", "21 E336"}
	if !slices.Equal(got, want) {
		t.Errorf("findings %q\nwant %q\n%v", got, want, diags)
	}
	if f.Lines[13].Kind != Frame {
		t.Errorf("exit is a %s line", f.Lines[13].Kind)
	}
	lines := []string{"name 10.1.1.9 devserver", "object-group network web", "  description the web", "  network-object host devserver",
		"  network-object 10.2.0.0 255.255.0.0", "object-group service ports udp", "  port-object eq syslog",
		"access-list a permit udp any object-group web object-group ports"}
	if got := cfg.Lines(cfg.Printer()); !slices.Equal(got, lines) {
		t.Errorf("got %q\nwant %q", got, lines)
	}
	if s := ScopeOf(cfg); s.Groups["web"] != ast.GroupNetwork || s.Groups["ports"] != ast.GroupService || s.Names["devserver"] != ast.MustIP("10.1.1.9") || s.Group != (Group{}) {
		t.Errorf("scope: %+v", s)
	}
}

// TestFastMember: the fast path and the grammar say the same.
func TestFastMember(t *testing.T) {
	scope := Scope{Names: map[string]ast.IP{"mailhost": ast.MustIP("10.1.1.1")}, Group: Group{"g", ast.GroupService, "tcp"}}
	fast := 0
	for _, line := range []string{"  network-object host 10.1.1.1 ", "network-object 10.0.0.0 255.0.0.0", "  network-object host mailhost", "network-object 0 0",
		" port-object eq www", "  port-object range ftp-data ftp", "port-object eq 70000", "  port-object neq 80", "port-object eq syslog", "  group-object other",
		"  group-object", "network-object 10.1.1.1 255.0.0.0", "network-object host 10.1.1.1 x", "port-object range 9 8", "Network-Object host 10.1.1.1",
		"  group-object (x)", "port-object eq", "description x", "protocol-object tcp", "\tnetwork-object host 10.1.1.1"} {
		cmd, ok := fastMember(line, scope, 7)
		if !ok {
			continue
		}
		fast++
		slow, found := slowLine(line, scope, 7)
		if slow.Cmd == nil || len(found) > 0 || ast.Text(slow.Cmd) != ast.Text(cmd) || slow.Cmd.Position() != cmd.Position() ||
			slow.Cmd.(ast.GroupMember).InGroup() != cmd.(ast.GroupMember).InGroup() {
			t.Errorf("%q: fast %q at %v, slow %+v %v", line, ast.Text(cmd), cmd.Position(), slow, found)
		}
	}
	if fast < 6 {
		t.Errorf("only %d lines are read fast", fast)
	}
}

// corpusDamage is what the lines of these families in the corpus suffer from: tables and masks left by other tools, a slip of the
// tutorial that the line is from, another product.
var corpusDamage = []string{"| |", "network-object 10.0.0.247 198.51.100.133", "network-object 10.0.1.187 192.0.2.77", "object-group port badservices",
	"host 131.1.23.11 255.255.255.0 eq 514", "permit tcp any any 22", "host 203.x.x.x", "access-list mode auto", "64.14.84.2 10.1.1.2 255.255.255.0", "half-closed 0:10:"}

// TestFirewallCorpus: every line of these families in configurations of real boxes is understood, but for damage.
func TestFirewallCorpus(t *testing.T) {
	family := map[string]bool{}
	for w := range strings.FieldsSeq("object-group network-object port-object protocol-object icmp-object group-object description access-list access-group " +
		"conduit outbound apply established alias nat global static icmp fragment shun service sysopt floodguard fixup timeout name names mtu") {
		family[w] = true
	}
	files, _ := filepath.Glob("../../shared/corpus/*.cfg")
	if len(files) == 0 {
		t.Skip("no corpus beside the repository")
	}
	n := 0
	for _, name := range files {
		base := filepath.Base(name)
		if strings.HasPrefix(base, "asa-") || strings.HasPrefix(base, "pix7") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range Parse(base, text).Lines {
			w := strings.Fields(strings.ToLower(l.Text))
			if len(w) > 1 && (w[0] == "no" || w[0] == "clear") {
				w = w[1:]
			}
			if len(w) == 0 || !family[w[0]] {
				continue
			}
			n++
			if l.Kind == Bad && !slices.ContainsFunc(corpusDamage, func(d string) bool { return strings.Contains(l.Text, d) }) {
				t.Errorf("%s:%d: %s", base, l.No, l.Text)
			}
		}
	}
	if n < 9000 {
		t.Errorf("only %d lines looked at", n)
	}
}
