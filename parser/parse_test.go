package parser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"pixfw/ast"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestDiagnostics: each archive in testdata has a configuration, and the diagnostics that it gives.
func TestDiagnostics(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no golden files")
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, f, diags := Load("pix.cfg", ar.Files[0].Data)
			var b strings.Builder
			for _, d := range diags {
				if err := d.Print(&b, false); err != nil {
					t.Fatal(err)
				}
				if d.Kind == "" || d.Pos.Col < 1 {
					t.Errorf("no kind or place: %#v", d)
				}
				if _, ok := ast.FindCode(d.Code); !ok && d.Code < "E2" {
					t.Errorf("code %s is not documented", d.Code)
				}
			}
			for _, l := range f.Lines {
				if l.Kind == Bad && !strings.Contains(b.String(), fmt.Sprintf("pix.cfg:%d:", l.No)) {
					t.Errorf("line %d is bad without a diagnostic", l.No)
				}
			}
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "diagnostics", Data: []byte(b.String())})
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(ar.Files) < 2 || string(ar.Files[1].Data) != b.String() {
				t.Errorf("got\n%s", b.String())
			}
		})
	}
}

// TestCorpus reads every configuration of the corpus: no panic, each line accounted for.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../shared/corpus/*.cfg")
	if len(files) == 0 {
		t.Skip("no corpus beside the repository")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg, f, diags := Load(filepath.Base(name), text)
		printed := cfg.String()
		again, _, more := Load(filepath.Base(name), []byte(printed))
		for _, d := range more {
			if d.Severity == ast.Error && d.Code != codeASA {
				t.Errorf("printed and read again: %v: %s", d, d.Source)
			}
		}
		if got := again.String(); got != printed {
			t.Errorf("%s: prints otherwise when read again:\n%s", name, firstDifference(printed, got))
		}
		groups := ScopeOf(cfg).Groups
		n := map[LineKind]int{}
		at := map[int32]bool{}
		for _, d := range diags {
			at[d.Pos.Line] = true
			for _, no := range d.Also {
				at[no] = true
			}
		}
		for _, l := range f.Lines {
			n[l.Kind]++
			if l.Kind == Bad && !at[l.No] {
				t.Errorf("%s:%d: bad without a diagnostic: %s", name, l.No, l.Text)
			}
			if l.Kind == Command {
				scope := Scope{Groups: groups}
				if m, ok := l.Stmt.Cmd.(ast.GroupMember); ok {
					if g := cfg.ObjectGroup(m.InGroup()); g != nil {
						scope.Group = Group{g.ID, g.Type, g.Proto}
					}
				}
				again, bad := ParseStatement(l.Stmt.Text(), scope)
				if again.Cmd == nil || again.Text() != l.Stmt.Text() {
					t.Errorf("%s:%d: %q prints as %q, which reads as %v %v", name, l.No, l.Text, l.Stmt.Text(), again, bad)
				}
			}
		}
		if testing.Verbose() {
			t.Logf("%-50s %v", filepath.Base(name), n)
		}
	}
}

func TestHardInput(t *testing.T) {
	long := strings.Repeat("access-list 101 permit ip any any ", 50<<20/34)
	for _, tc := range []struct {
		name, text string
		lines      int
		codes      string // of the diagnostics, in order
		commands   int
	}{
		{"empty", "", 0, "E101", 0},
		{"blanks", " \n\t\r\n", 0, "E101", 0},
		{"NUL", "\x00\x01\x00\x02names\n\x00", 0, "E100", 0},
		{"NUL from a terminal", "hostname x\x00\r\nnames\r\n", 2, "", 2},
		{"UTF-16", "\xff\xfeh\x00o\x00", 0, "E100", 0},
		{"no line end", "names", 1, "", 1},
		{"CRLF, tabs, trailing blanks", "names\r\nhostname\tx  \r\n\r\n", 3, "", 2},
		{"byte order mark", "\xef\xbb\xbfhostname x\n", 1, "", 1},
		{"Latin-1", "hostname a\xf1o\naccess-list 1 remark ma\xf1ana\n", 2, "", 2},
		{"one line of 50 MB", "names\n" + long + "\nhostname x\n", 3, "E102", 2},
		{"comments", "! one\n: two\n:\n: Saved\n", 4, "", 0},
		{"case of keywords", "HostName Edge\nACCESS-LIST X Permit IP Any Any\nROUTE Outside 0 0 10.0.0.1\n", 3, "", 3},
		{"no abbreviation", "host edge\nacc X permit ip any any\n", 2, "E103 E103", 0},
		{"ends at once", "no\nclear\n(\n)\n,\n", 5, "E107 E107 E103 E103 E103", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := Parse("f", []byte(tc.text))
			var codes []string
			for _, d := range f.Diags {
				codes = append(codes, d.Code)
				if len(d.Source) > 4*maxSource {
					t.Errorf("source of %d bytes", len(d.Source))
				}
			}
			n := 0
			for _, l := range f.Lines {
				if l.Kind == Command {
					n++
				}
			}
			if len(f.Lines) != tc.lines || strings.Join(codes, " ") != tc.codes || n != tc.commands {
				t.Errorf("%d lines, codes %s, %d commands; want %d, %s, %d", len(f.Lines), codes, n, tc.lines, tc.codes, tc.commands)
			}
		})
	}
}

// TestColumns: columns count characters, in bytes that are no UTF-8 too.
func TestColumns(t *testing.T) {
	for line, want := range map[string]int32{
		"access-list añb permit tcp ayn any":    28,
		"access-list a\xf1b permit tcp ayn any": 28,
		"\taccess-list ab permit tcp  ayn any":  29,
		"mtu outside 70000":                     13,
		"static (inside,outsid e) 1.1.1.1":      23,
		"names foo":                             7,
		"route outside 0 0":                     18,
	} {
		f := Parse("f", []byte(line))
		if len(f.Diags) != 1 || f.Diags[0].Pos.Col != want {
			t.Errorf("%q: %v, want column %d", line, f.Diags, want)
		}
	}
}

// TestDefaults: what is left off is filled in as the box does.
func TestDefaults(t *testing.T) {
	scope := Scope{Names: map[string]ast.IP{"web": ast.MustIP("10.1.1.1"), "last": ast.MustIP("10.1.1.9"), "any": 7}}
	for _, tc := range []struct{ in, want string }{
		{"nat (inside) 1 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 0 0"},
		{"nat 1 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 0 0"},
		{"nat (inside) 1 10.0.0.0", "nat (inside) 1 10.0.0.0 255.0.0.0 0 0"},
		{"nat (inside) 1 10.0.0.1", "nat (inside) 1 10.0.0.1 255.255.255.255 0 0"},
		{"nat (inside) 1 0 0 norandomseq 10 dns", "nat (inside) 1 0.0.0.0 0.0.0.0 dns 10 0 norandomseq"},
		{"nat (inside) 0 access-list 101", "nat (inside) 0 access-list 101"},
		{"global 1 interface", "global (outside) 1 interface"},
		{"global (outside) 1 web-last", "global (outside) 1 10.1.1.1-10.1.1.9"},
		{"static (inside,outside) 1.1.1.1 web", "static (inside,outside) 1.1.1.1 10.1.1.1 netmask 255.255.255.255 0 0"},
		{"static (inside, outside) 1.1.1.0 10.1.1.0 0 0 netmask 255.255.255.0 dns", "static (inside,outside) 1.1.1.0 10.1.1.0 dns netmask 255.255.255.0 0 0"},
		{"static tcp interface 80 web http", "static (inside,outside) tcp interface www 10.1.1.1 www netmask 255.255.255.255 0 0"},
		{"route outside 0 0 1.1.1.1", "route outside 0.0.0.0 0.0.0.0 1.1.1.1 1"},
		{"no route outside 0 0", "no route outside 0.0.0.0 0.0.0.0"},
		{"access-list 1 permit 6 any eq 80 any", "access-list 1 permit tcp any eq www any"},
		{"access-list 1 permit tcp web 255.255.255.255 any eq http", "access-list 1 permit tcp host 10.1.1.1 any eq www"},
		{"access-list 1 permit ip any 0.0.0.0 0.0.0.0", "access-list 1 permit ip any any"},
		{"access-list 1 permit tcp object-group A object-group B", "access-list 1 permit tcp object-group A object-group B"},
		{"access-list 1 permit tcp object-group A object-group B any", "access-list 1 permit tcp object-group A object-group B any"},
		{"access-list 1 permit tcp object-group A object-group B object-group C log", "access-list 1 permit tcp object-group A object-group B object-group C log"},
		{"access-list 1 permit object-group P any any eq 69", "access-list 1 permit object-group P any any eq 69"},
		{"access-list 1 permit ip any any log interval 600", "access-list 1 permit ip any any log 6 interval 600"},
		{"access-list 1 permit ip any any log informational", "access-list 1 permit ip any any log"},
		{"access-list line line 3 permit ip any any", "access-list line permit ip any any"},
		{"no access-list 1", "no access-list 1"},
		{"clear access-list 1", "clear access-list 1"},
		{"clear crypto dynamic-map", "clear crypto dynamic-map"},
		{"no failover", "no failover"},
		{"no snmp-server location cellar", "no snmp-server location"},
		{"enable password", "enable password 8Ry2YjIyt7RRXU24 encrypted"},
		{"passwd cisco", "passwd 2KFQnbNIdI.2KYOU encrypted"},
		{"password cisco", "passwd 2KFQnbNIdI.2KYOU encrypted"},
		{"fixup protocol h323 1720", "fixup protocol h323 h225 1720"},
		{"fixup protocol tftp", "fixup protocol tftp 69"},
		{"no fixup protocol smtp", "no fixup protocol smtp"},
		{"timeout uauth 0:5:0", "timeout uauth 0:05:00 absolute"},
		{"interface Ethernet0 100baseTX", "interface ethernet0 100basetx"},
		{"nameif ethernet2 dmz sec50", "nameif ethernet2 dmz security50"},
		{"pager", "pager lines 24"},
		{"pager lines 0", "no pager"},
		{"floodguard disable", "no floodguard enable"},
		{"telnet 10.1.1.1", "telnet 10.1.1.1 255.255.255.255"},
		{"crypto isakmp enable outside", "isakmp enable outside"},
		{"isakmp key a(b)c address 1.1.1.1", "isakmp key a(b)c address 1.1.1.1 netmask 255.255.255.255"},
		{"isakmp key (k,1) address 1.1.1.1", "isakmp key (k,1) address 1.1.1.1 netmask 255.255.255.255"},
		{"crypto map m 10 set pfs", "crypto map m 10 set pfs group1"},
		{"no crypto map m 10", "no crypto map m 10"},
		{"no isakmp policy 10", "no isakmp policy 10"},
		{"no vpngroup g", "no vpngroup g"},
		{"ip address inside 10.1.1.1", "ip address inside 10.1.1.1 255.0.0.0"},
		{"snmp-server location  a   b", "snmp-server location a b"},
		{"icmp permit any echo outside", "icmp permit any echo outside"},
		{"icmp permit any redirect", "icmp permit any redirect"},
	} {
		s, diags := ParseStatement(tc.in, scope)
		if s.Cmd == nil || len(diags) > 0 {
			t.Errorf("%s: %v", tc.in, diags)
			continue
		}
		if got := s.Text(); got != tc.want {
			t.Errorf("%q prints as %q\nwant %q", tc.in, got, tc.want)
		}
	}
}

// TestNames: a name stands for an address only where an address is meant, and only behind its definition.
func TestNames(t *testing.T) {
	cfg, _, diags := Load("f", []byte(`names
access-list 1 permit ip host web any
name 10.1.1.1 web
name 10.2.2.2 inside
access-list web permit ip host web host inside
route inside inside 255.255.255.255 web
no name 10.1.1.1
access-list 2 permit ip host web any
`))
	if len(diags) != 2 || diags[0].Pos.Line != 2 || diags[1].Pos.Line != 8 {
		t.Errorf("diagnostics: %v", diags)
	}
	e := cfg.ACL("web")
	if len(e) != 1 || ast.Text(e[0]) != "access-list web permit ip host 10.1.1.1 host 10.2.2.2" {
		t.Errorf("entries: %v", e)
	}
}

// TestLongLines: a line as long as the bound takes no more than a moment, whatever repeats in it.
func TestLongLines(t *testing.T) {
	for _, c := range Commands() {
		for _, e := range c.Example {
			words := strings.Fields(e)
			for i := range words {
				line := strings.Join(words[:i+1], " ")
				tail := " " + strings.Join(words[i:], " ")
				line += strings.Repeat(tail, (maxLine-len(line))/len(tail))
				start := time.Now()
				ParseStatement(line, Scope{})
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("%v for %.100s", d, line)
				}
			}
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// TestNo: what is typed after no finds the line that it means in the running configuration.
func TestNo(t *testing.T) {
	base := `nameif ethernet0 outside security0
access-list 1 permit tcp any any eq www log 4
access-list 2 permit ip any any
global (outside) 1 1.1.1.1-1.1.1.9
nat (inside) 1 10.0.0.0 255.0.0.0 dns 10 0
static (inside,outside) 1.1.1.1 10.1.1.1
static (inside,outside) tcp interface 80 10.1.1.1 80
route outside 0 0 1.1.1.2
http server enable
ssh 10.0.0.0 255.0.0.0 inside
aaa-server T protocol radius
aaa-server T (inside) host 10.1.1.1 key timeout 5
crypto map m 10 ipsec-isakmp
crypto map m 10 set peer 1.1.1.3
crypto map m interface outside
isakmp key k address 1.1.1.3
vpngroup g idle-time 60
sysopt noproxyarp inside
icmp deny any echo outside
ip local pool p 10.1.1.1-10.1.1.2
`
	for _, tc := range []struct{ no, gone string }{
		{"no access-list 1 permit tcp any any eq 80", "access-list 1 permit tcp any any eq www log 4"},
		{"no access-list 2", "access-list 2 permit ip any any"},
		{"clear access-list 2", "access-list 2 permit ip any any"},
		{"no global (outside) 1", "global (outside) 1 1.1.1.1-1.1.1.9"},
		{"no nat (inside) 1 10.0.0.0 255.0.0.0", "nat (inside) 1 10.0.0.0 255.0.0.0 dns 10 0"},
		{"no nat 1", "nat (inside) 1 10.0.0.0 255.0.0.0 dns 10 0"},
		{"no static (inside,outside) 1.1.1.1 10.1.1.1 0 0", "static (inside,outside) 1.1.1.1 10.1.1.1 netmask 255.255.255.255 0 0"},
		{"no static (inside,outside) tcp interface www 10.1.1.1 www", "static (inside,outside) tcp interface www 10.1.1.1 www netmask 255.255.255.255 0 0"},
		{"no route outside 0 0", "route outside 0.0.0.0 0.0.0.0 1.1.1.2 1"},
		{"no http server enable", "http server enable"},
		{"no ssh 10.0.0.0 255.0.0.0", "ssh 10.0.0.0 255.0.0.0 inside"},
		{"clear ssh", "ssh 10.0.0.0 255.0.0.0 inside"},
		{"no aaa-server T (inside) host 10.1.1.1", "aaa-server T (inside) host 10.1.1.1 key timeout 5"},
		{"no crypto map m 10 set peer 1.1.1.3", "crypto map m 10 set peer 1.1.1.3"},
		{"no crypto map m interface", "crypto map m interface outside"},
		{"no isakmp key k address 1.1.1.3", "isakmp key k address 1.1.1.3 netmask 255.255.255.255"},
		{"no vpngroup g idle-time", "vpngroup g idle-time 60"},
		{"no sysopt noproxyarp inside", "sysopt noproxyarp inside"},
		{"no icmp deny any echo outside", "icmp deny any echo outside"},
		{"no ip local pool p", "ip local pool p 10.1.1.1-10.1.1.2"},
	} {
		cfg, _, diags := Load("f", []byte(base+tc.no))
		if len(diags) > 0 {
			t.Errorf("%s: %v", tc.no, diags)
			continue
		}
		before, _, _ := Load("f", []byte(base))
		var gone []string
		left := strings.Join(cfg.Lines(&ast.Printer{}), "\n") + "\n"
		for _, l := range before.Lines(&ast.Printer{}) {
			if !strings.Contains(left, l+"\n") {
				gone = append(gone, l)
			}
		}
		if strings.Join(gone, "; ") != tc.gone {
			t.Errorf("%s removes %q, want %q", tc.no, gone, tc.gone)
		}
	}
}
