package ast

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func do(t *testing.T, c *Config, v Verb, cmds ...Command) {
	t.Helper()
	for _, cmd := range cmds {
		if err := c.Do(Statement{v, cmd}); err != nil {
			t.Fatalf("%s: %v", Statement{v, cmd}.Text(), err)
		}
	}
}

func refused(t *testing.T, c *Config, code string, s Statement) {
	t.Helper()
	before := c.String()
	err := c.Do(s)
	var r *Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("%s: got %v, want refusal %s", s.Text(), err, code)
	}
	if after := c.String(); after != before {
		t.Errorf("%s was refused but changed the configuration:\n%s", s.Text(), after)
	}
}

func ace(id string, permit bool, src, dst Addr) *AccessList {
	return &AccessList{ID: id, Permit: permit, Src: src, Dst: dst, ICMPType: -1}
}

func TestFactoryPrintsInSectionOrder(t *testing.T) {
	text := Factory().String()
	last := -1
	for _, want := range []string{": Saved\n:\nPIX Version 6.3(3)\n", "interface ethernet0 auto shutdown\n", "nameif ethernet0 outside security0\n",
		"enable password 8Ry2YjIyt7RRXU24 encrypted\n", "passwd 2KFQnbNIdI.2KYOU encrypted\n", "hostname pixfirewall\n",
		"fixup protocol dns maximum-length 512\n", "fixup protocol tftp 69\n", "names\n", "pager lines 24\n", "mtu outside 1500\n",
		"no ip address outside\n", "ip audit info action alarm\n", "no failover\n", "failover timeout 0:00:00\n",
		"no failover ip address inside\n", "pdm history enable\n", "arp timeout 14400\n", "timeout xlate 3:00:00\n",
		"timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 rpc 0:10:00 h225 1:00:00\n",
		"timeout h323 0:05:00 mgcp 0:05:00 sip 0:30:00 sip_media 0:02:00\n", "timeout uauth 0:05:00 absolute\n",
		"aaa-server TACACS+ protocol tacacs+\n", "no snmp-server location\n", "snmp-server community public\n", "floodguard enable\n",
		"telnet timeout 5\n", "ssh timeout 5\n", "console timeout 0\n", "terminal width 80\n", "Cryptochecksum:", ": end\n"} {
		i := strings.Index(text, want)
		if i <= last {
			t.Errorf("%q is missing or out of order in\n%s", want, text)
		}
		last = i
	}
}

func TestAccessListReplay(t *testing.T) {
	c := NewConfig("")
	web := HostAddr(MustIP("192.0.2.80"))
	one := ace("out", true, Any(), web)
	two := ace("out", false, Any(), Any())
	do(t, c, Set, one, two)
	refused(t, c, "E301", Statement{Set, ace("out", true, Any(), web)})
	refused(t, c, "E201", Statement{Set, &AccessGroup{ACL: "nowhere", If: "outside"}})
	do(t, c, Set, &AccessGroup{ACL: "out", If: "outside"})

	mid := ace("out", true, HostAddr(MustIP("198.51.100.1")), Any())
	mid.Line = 2
	do(t, c, Set, mid, &Remark{ID: "out", Line: 1, Value: "the web"})
	want := []string{
		"access-list out remark the web",
		"access-list out permit ip any host 192.0.2.80",
		"access-list out permit ip host 198.51.100.1 any",
		"access-list out deny ip any any",
		"access-group out in interface outside",
	}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}

	wrong := ace("out", true, Any(), web)
	wrong.Line = 4
	refused(t, c, "E304", Statement{No, wrong})
	do(t, c, No, ace("out", false, Any(), Any()))
	do(t, c, No, &WholeList{ID: "out"})
	if got := c.Lines(c.Printer()); len(got) != 0 {
		t.Errorf("removing a list leaves %q", got)
	}
	refused(t, c, "E201", Statement{No, &WholeList{ID: "out"}})
}

// TestExactEntryGoes: of entries that differ in their log option only, no takes the one that was typed.
func TestExactEntryGoes(t *testing.T) {
	c := NewConfig("")
	plain := &AccessList{ID: "a", Permit: true, ICMPType: -1}
	logged := *plain
	logged.Log, logged.LogLevel, logged.Interval = LogOn, 6, 300
	for _, e := range []*AccessList{&logged, plain} {
		if err := c.Do(Statement{Cmd: e}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"access-list a permit ip any any log", ""} {
		if err := c.Do(Statement{No, plain}); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(c.Lines(&Printer{}), ";")
		if got != want {
			t.Fatalf("left: %q, want %q", got, want)
		}
	}
}

func TestListInUseStays(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, ace("101", true, Any(), Any()), &Nat{If: "inside", ACL: "101"})
	refused(t, c, "E305", Statement{No, &WholeList{ID: "101"}})
	refused(t, c, "E305", Statement{Clear, &Cleared{Name: "access-list"}})
	refused(t, c, "E305", Statement{No, ace("101", true, Any(), Any())}) // its last entry
	do(t, c, No, &Nat{If: "inside", ACL: "101"})
	do(t, c, Clear, &Cleared{Name: "access-list", ID: "101"})
}

func TestNegationNamesAPrefix(t *testing.T) {
	c := NewConfig("")
	real := MustIP("10.0.0.80")
	st := &Static{RealIf: "inside", MappedIf: "outside", Mapped: MustIP("192.0.2.80"), Real: &real, Netmask: AllOnes, Limits: &Limits{}}
	any := &Net{}
	do(t, c, Set, st, &Nat{If: "inside", ID: 1, Net: any, Limits: &Limits{}}, &Nat{If: "dmz", ID: 1, Net: any, Limits: &Limits{}},
		&Global{If: "outside", ID: 1, First: 10, Last: 12}, &Global{If: "outside", ID: 1, First: 20, Last: 20})
	refused(t, c, "E303", Statement{Set, &Nat{If: "inside", ID: 1, Net: any, Limits: &Limits{}}})
	do(t, c, No, &Static{RealIf: "inside", MappedIf: "outside", Mapped: MustIP("192.0.2.80"), Real: &real})
	do(t, c, No, &Nat{If: "inside", ID: 1})
	do(t, c, No, &Global{If: "outside", ID: 1, First: 20, Last: 20})
	refused(t, c, "E304", Statement{No, &Global{If: "outside", ID: 11}})
	want := []string{"global (outside) 1 0.0.0.10-0.0.0.12", "nat (dmz) 1 0.0.0.0 0.0.0.0 0 0"}
	if got := c.Lines(c.Printer()); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestSettingsReplaceAndFallBack(t *testing.T) {
	c := Factory()
	do(t, c, Set, &Hostname{Name: "edge"}, &MTU{If: "outside", Bytes: 1400}, &SessionTimeout{Service: "telnet", Minutes: 30},
		&Management{Service: "telnet", Net: Net{MustIP("10.0.0.0"), MaskOf(8)}, If: "inside"})
	has := func(line string, want bool) {
		t.Helper()
		if slices.Contains(c.Lines(c.Printer()), line) != want {
			t.Errorf("%q in the configuration: want %v", line, want)
		}
	}
	has("hostname edge", true)
	has("hostname pixfirewall", false)
	do(t, c, No, &Hostname{})
	has("hostname pixfirewall", true)
	do(t, c, No, &MTU{If: "outside"})
	has("mtu outside 1500", true)
	do(t, c, Clear, &Cleared{Name: "telnet"})
	has("telnet 10.0.0.0 255.0.0.0 inside", false)
	has("telnet timeout 30", true) // clear telnet leaves the timeout
	do(t, c, No, &Fixup{Protocol: "smtp", First: 25, Last: 25})
	has("no fixup protocol smtp 25", true)
	has("fixup protocol smtp 25", false)
	do(t, c, Clear, &Cleared{Name: "fixup"})
	has("fixup protocol smtp 25", true)
	has("no fixup protocol smtp 25", false)
	do(t, c, Set, &Timeout{Timers: []Timer{{Name: "udp", Time: time.Minute}, {Name: "uauth", Time: 8 * time.Minute, Kind: "inactivity"}}})
	has("timeout conn 1:00:00 half-closed 0:10:00 udp 0:01:00 rpc 0:10:00 h225 1:00:00", true)
	has("timeout uauth 0:05:00 absolute uauth 0:08:00 inactivity", true)
	do(t, c, Clear, &Cleared{Name: "timeout"})
	has("timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 rpc 0:10:00 h225 1:00:00", true)
}

func TestEnablePasswordByLevel(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, &EnablePassword{Hash: CiscoHash, Level: 15}, &EnablePassword{Hash: CiscoHash, Level: 5})
	do(t, c, No, &EnablePassword{Level: 5})
	if got := c.Lines(c.Printer()); !slices.Equal(got, []string{"enable password " + CiscoHash + " encrypted"}) {
		t.Errorf("no enable password level 5: %q", got)
	}
	refused(t, c, "E304", Statement{No, &EnablePassword{Level: 5}})
	do(t, c, No, &EnablePassword{Level: 15})
	if got := c.Lines(c.Printer()); !slices.Equal(got, []string{"enable password " + EmptyHash + " encrypted"}) {
		t.Errorf("no enable password: %q", got)
	}
}

func TestPolicyFallsBackByAttribute(t *testing.T) {
	c := NewConfig("")
	for _, a := range [][2]string{{"authentication", "pre-share"}, {"encryption", "des"}, {"hash", "md5"}, {"group", "2"}, {"lifetime", "86400"}} {
		do(t, c, Set, &ISAKMPPolicy{Priority: 10, Attribute: a[0], Value: a[1]})
	}
	do(t, c, No, &ISAKMPPolicy{Priority: 10, Attribute: "hash"})
	if got := c.Lines(c.Printer()); len(got) != 5 || got[2] != "isakmp policy 10 hash sha" {
		t.Errorf("no hash: got %q", got)
	}
	do(t, c, No, &ISAKMPPolicy{Priority: 10})
	if got := c.Lines(c.Printer()); len(got) != 0 {
		t.Errorf("no policy: got %q", got)
	}
}

func TestCloneIsIndependent(t *testing.T) {
	c := Factory()
	do(t, c, Set, ace("a", true, Any(), Any()))
	before := c.String()
	d := c.Clone()
	do(t, d, Set, ace("a", false, Any(), Any()), &Hostname{Name: "other"}, &Route{If: "outside", Gateway: 1, Metric: 1})
	do(t, d, Clear, &Cleared{Name: "fixup"})
	do(t, d, Clear, &Cleared{Name: "access-list"})
	if c.String() != before {
		t.Error("changing a clone changed its original")
	}
}

func TestNamesPrint(t *testing.T) {
	c := NewConfig("")
	web := MustIP("192.0.2.80")
	do(t, c, Set, &Names{On: true}, &Name{IP: web, Name: "web"}, ace("out", true, Any(), HostAddr(web)))
	if got := c.Lines(c.Printer()); got[2] != "access-list out permit ip any host web" {
		t.Errorf("with names: %q", got)
	}
	do(t, c, No, &Names{})
	if got := c.Lines(c.Printer()); got[0] != "no names" || got[1] != "name 192.0.2.80 web" || got[2] != "access-list out permit ip any host 192.0.2.80" {
		t.Errorf("without names: %q", got)
	}
}

func TestSecretsNeverInJSON(t *testing.T) {
	c := NewConfig("")
	do(t, c, Set, &ISAKMPKey{Key: "hunter2"}, &AAAHost{Tag: "T", If: "inside", IP: 1, Key: "hunter3"}, &VPNGroup{Group: "g", Attribute: "password", Password: "hunter4"})
	b, err := c.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "hunter") {
		t.Errorf("a secret in %s", b)
	}
}

func TestParseIP(t *testing.T) {
	for in, ok := range map[string]bool{"0": true, "10.0.0.1": true, "255.255.255.255": true, "256.1.1.1": false, "1.2.3": false,
		"1.2.3.4.5": false, "01.2.3.4": false, "": false, "a.b.c.d": false, "1..2.3": false, "1.2.3.": false, "00": false} {
		if ip, got := ParseIP(in); got != ok || ok && in != "0" && ip.String() != in {
			t.Errorf("ParseIP(%q) = %v, %v", in, ip, got)
		}
	}
}

// TestMapOfInterfaceMoves: an interface that gets another crypto map prints with that map.
func TestMapOfInterfaceMoves(t *testing.T) {
	c := NewConfig("")
	for _, cmd := range []Command{&MapEntry{Name: "a", Seq: 10, Kind: "ipsec-isakmp"}, &MapInterface{Name: "a", If: "outside"},
		&MapEntry{Name: "b", Seq: 10, Kind: "ipsec-isakmp"}, &MapInterface{Name: "b", If: "outside"}} {
		if err := c.Do(Statement{Cmd: cmd}); err != nil {
			t.Fatal(err)
		}
	}
	want := "crypto map a 10 ipsec-isakmp;crypto map b 10 ipsec-isakmp;crypto map b interface outside"
	if got := strings.Join(c.Lines(&Printer{}), ";"); got != want {
		t.Errorf("prints %q, want %q", got, want)
	}
}
