package shell

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/parser"
)

// everything is the lines of the language reference as one configuration, which has something of each command, on a box whose
// interfaces and lists they name.
func everything(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../parser/testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("interface ethernet0 auto\ninterface ethernet1 auto\ninterface ethernet2 auto\ninterface ethernet3 auto\n" +
		"nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nnameif ethernet3 state security20\n" +
		"object-group network A\nobject-group network B\nobject-group service S tcp\nobject-group network others\n" +
		"access-list A permit ip host 10.1.1.1 any\naccess-list P permit ip host 10.1.1.1 any\naccess-list Users permit tcp any any\n")
	for line := range strings.Lines(string(text)) {
		switch first, _, _ := strings.Cut(strings.TrimSpace(line), " "); first {
		case "no", "clear", "!", "?", "#":
		default:
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

// defines finds the names that a line gives.
var defines = regexp.MustCompile(`^(?:nameif \S+|access-list|object-group \S+|name \S+|aaa-server|crypto ipsec transform-set|crypto (?:dynamic-)?map|` +
	`ip local pool|vpngroup|vpdn group|vpdn username|username|ip audit name|mac-list|route-map|prefix-list|ca identity|interface \S+|` +
	`interface|outbound|isakmp policy|nat \(\S+\)) (\S+)`)

// notOffered are words that are not offered where they stand although something has that name, each with the reason.
var notOffered = []struct {
	line *regexp.Regexp // up to the word
	why  string
}{
	{regexp.MustCompile(`^(hostname|domain-name|dhcpd domain|enable password|passwd|isakmp key|isakmp identity key-id|isakmp peer fqdn|ntp authentication-key \d+ md5|` +
		`crypto map \S+ \d+ set peer|dhcpd option \d+ (ascii|hex)|(failover lan|ospf authentication-)key|aaa-server \S+ \(\S+\) host \S+|` +
		`rip \S+ \S+ version 2 authentication \S+|clock (timezone|summer-time)|snmp-server community|(ospf|area .*) message-digest-key \d+ md5|area .* authentication-key|` +
		`vpngroup \S+ (password|default-domain|split-dns.*)|vpn(client|dn) .*password|username \S+ password|ca configure|name \S+|clock summer-time \S+ date.*) $`), "a value that the administrator makes up"},
	{regexp.MustCompile(`^privilege .* command $`), "a PIX has commands that this program has not"},
	{regexp.MustCompile(`^(nameif \S+|pdm group|pdm group .* reference|crypto map \S+ \S+ set session-key .*) $`), "a new name, or a value"},
}

// TestEveryPosition asks for help and for completions before each word of a configuration that has something of every command.
// There is help everywhere, and each word that is a keyword or the name of something is offered when its first letter is typed.
func TestEveryPosition(t *testing.T) {
	cfg, _, _ := parser.Load("reference", everything(t))
	s, _ := newSession(t, nil, Config)
	s.running = cfg
	known := map[string]bool{}
	for _, l := range cfg.Lines(cfg.Printer()) {
		if m := defines.FindStringSubmatch(l); m != nil {
			known[m[1]] = true
		}
	}
	keyword := regexp.MustCompile(`"([a-z][^"]*)"`)
	for _, c := range parser.Commands() {
		for _, e := range c.EBNF {
			for _, m := range keyword.FindAllStringSubmatch(e, -1) {
				known[m[1]] = true
			}
		}
	}
	asked, used := 0, map[string]bool{}
	for cmd := range cfg.Commands() {
		s.group, s.sub = parser.Group{}, ""
		switch c := cmd.(type) {
		case ast.GroupMember:
			g := cfg.ObjectGroup(c.InGroup())
			s.group = parser.Group{Name: g.ID, Type: g.Type, Proto: g.Proto}
		case ast.ModeLine:
			s.sub = c.InMode()
		}
		line := cfg.Printer().Text(cmd)
	words:
		for _, at := range splitWords(line) {
			before := line[:at.start]
			if s.inText(before) {
				break
			}
			asked++
			if h := s.Help(before); strings.HasPrefix(h, textUnknown) {
				t.Errorf("no help behind %q", before)
				break
			}
			if !known[at.text] || strings.Contains("(,)", at.text) || strings.Trim(at.text, "0123456789") == "" {
				continue
			}
			for _, n := range notOffered {
				if n.line.MatchString(before) {
					used[n.why] = true
					continue words
				}
			}
			if found, _ := s.Complete(before + at.text[:1]); !slices.Contains(found, at.text) {
				t.Errorf("behind %q there is no %q among %q", before, at.text, found)
			}
		}
	}
	if asked < 1500 || len(used) != len(notOffered) {
		t.Errorf("%d places; reasons used: %v", asked, used)
	}
}

// TestLive: names are offered where they are meant, and only there; literals may be abbreviated.
func TestLive(t *testing.T) {
	s, _ := newSession(t, []byte(`interface ethernet0 auto
interface ethernet1 auto
nameif ethernet0 outside security0
nameif ethernet1 inside security100
name 10.1.1.5 mail
object-group network servers
 network-object host mail
object-group service sports tcp
 port-object eq www
object-group network others
access-list servlist permit ip any any
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto dynamic-map dyn 10 set transform-set strong
crypto map stat 10 ipsec-isakmp dynamic dyn
`), Config)
	for _, tc := range []struct{ typed, want string }{
		{"access-group s", "servlist"},
		{"access-list 1 permit tcp object-group s", "servers sports"},
		{"access-list 1 permit tcp host m", "mail"},
		{"object-group service s", "sports"},
		{"no object-group network s", "servers"},
		{"crypto map s", "stat"},
		{"crypto dynamic-map d", "dyn"},
		{"crypto map stat 20 ipsec-isakmp dynamic d", "dyn"},
		{"static (i", "inside"},
		{"static (inside,o", "outside"},
		{"access-list 1 permit tcp any any eq ss", "ssh"},
		{"access-list 1 permit udp any any eq ss", ""},
		{"access-list 1 permit icmp any any tr", "traceroute"},
		{"logging trap n", "notifications"},
		{"aaa authentication include h", "http https"},
		{"privilege level 5 command hos", "hostname"},
		{"global (outside) 1 m", "mail"},
	} {
		if got, _ := s.Complete(tc.typed); strings.Join(got, " ") != tc.want {
			t.Errorf("%s<TAB>: %q, want %s", tc.typed, got, tc.want)
		}
	}
	s.group = parser.Group{Name: "others", Type: ast.GroupNetwork}
	if got, _ := s.Complete("group-object s"); strings.Join(got, " ") != "servers" {
		t.Errorf("groups within a group of networks: %q", got)
	}
	s.group = parser.Group{}
	for _, tc := range []struct{ typed, want string }{
		{"access-l 102 perm tcp any ho mail eq dom", "access-list 102 permit tcp any host mail eq domain"},
		{"access-l 102 perm udp any any eq dns", "access-list 102 permit udp any any eq dnsix"}, // as the manuals warn
		{"access-l 102 perm icmp any any unr", "access-list 102 permit icmp any any unreachable"},
		{"logg trap notif", "logging trap notifications"},
	} {
		if r := s.Do(tc.typed); r.Failed || !slices.Contains(commandLines(s), tc.want) {
			t.Errorf("%s: %q, and no line %s", tc.typed, r.Output, tc.want)
		}
	}
	for _, tc := range []struct{ typed, want string }{
		{"access-list 102 permit udp any any eq netb", "netbios-dgm"},
		{"access-list 102 permit icmp any any time", "time-exceeded"},
		{"access-lst 102 permit ip any any", "access-list"},
	} {
		if r := s.Do(tc.typed); !r.Failed || !strings.Contains(r.Output, tc.want) {
			t.Errorf("%s: %q, which does not name %s", tc.typed, r.Output, tc.want)
		}
	}
}
