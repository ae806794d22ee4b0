package parser

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// TestSystemReplay: lines of the system side, what the configuration then holds, and what is refused or warned of.
func TestSystemReplay(t *testing.T) {
	for _, test := range []struct {
		name, in, want string
		codes          string
	}{
		{"interfaces", "interface e0 100baseTX\ninterface eth1 auto\ninterface ethernet0 vlan50 logical\ninterface gb-eth0 1000full nonegotiate\nnameif ethernet0 outside 0\nnameif e1 inside sec100\nnameif vlan50 lab security50",
			"interface ethernet0 100basetx\ninterface ethernet0 vlan50 logical\ninterface ethernet1 auto\ninterface gb-ethernet0 1000full nonegotiate\n" +
				"nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nnameif vlan50 lab security50", ""},
		{"a rename goes through all lines", "interface ethernet0 auto\ninterface ethernet1 auto\ninterface ethernet2 auto\nnameif ethernet0 outside security0\nnameif ethernet1 inside security100\nnameif ethernet2 dmz security50\n" +
			"access-list 1 permit ip any interface dmz\nmtu dmz 1400\nip address dmz 10.2.0.1 255.255.0.0\nip audit name A info\nip audit interface dmz A\nglobal (dmz) 1 interface\nnat (dmz) 1 10.2.0.0 255.255.0.0\nstatic (inside,dmz) 10.2.0.9 10.1.0.9\nstatic (dmz,outside) 192.0.2.9 10.2.0.9\n" +
			"access-group 1 in interface dmz\nrouting interface dmz\nospf cost 5\nroute-map R permit 10\nmatch interface dmz\nroute dmz 10.3.0.0 255.255.0.0 10.2.0.2 1\ntelnet 10.2.0.0 255.255.0.0 dmz\nnameif ethernet2 lab security60\nnat (lab) 2 10.9.0.0 255.255.0.0",
			"interface ethernet0 auto\ninterface ethernet1 auto\ninterface ethernet2 auto\nnameif ethernet0 outside security0\nnameif ethernet1 inside security100\nnameif ethernet2 lab security60\naccess-list 1 permit ip any interface lab\nmtu lab 1400\nip address lab 10.2.0.1 255.255.0.0\nip audit name A info\nip audit interface lab A\nglobal (lab) 1 interface\nnat (lab) 1 10.2.0.0 255.255.0.0 0 0\nnat (lab) 2 10.9.0.0 255.255.0.0 0 0\n" +
				"static (inside,lab) 10.2.0.9 10.1.0.9 netmask 255.255.255.255 0 0\nstatic (lab,outside) 192.0.2.9 10.2.0.9 netmask 255.255.255.255 0 0\naccess-group 1 in interface lab\nrouting interface lab\n  ospf cost 5\nroute-map R permit 10\n  match interface lab\nroute lab 10.3.0.0 255.255.0.0 10.2.0.2 1\ntelnet 10.2.0.0 255.255.0.0 lab", "E312"},
		{"a port gets its name back", "interface ethernet0 auto\ninterface ethernet1 auto\ninterface ethernet2 auto\nnameif ethernet0 outside security0\nnameif ethernet2 dmz security50\nmtu dmz 1400\nno nameif ethernet2 dmz",
			"interface ethernet0 auto\ninterface ethernet1 auto\ninterface ethernet2 auto\nnameif ethernet0 outside security0\nnameif ethernet2 intf2 security4\nmtu intf2 1400", ""},
		{"a name that is taken", "nameif ethernet0 dmz security50\nnameif ethernet1 outside security0\nno nameif ethernet0", "nameif ethernet0 dmz security50\nnameif ethernet1 outside security0", "E341"},
		{"all names back", "interface ethernet0 auto\ninterface ethernet0 vlan50 logical\ninterface ethernet1 auto\nnameif ethernet0 inside security50\nnameif ethernet1 outside security0\nnameif vlan50 lab security10\nmtu inside 1400\nmtu outside 1300\nmtu lab 1200\nclear nameif",
			"interface ethernet0 auto\ninterface ethernet0 vlan50 logical\ninterface ethernet1 auto\nnameif ethernet0 outside security0\nnameif ethernet1 inside security100\nmtu outside 1400\nmtu inside 1300", ""},
		{"what is bound to a VLAN goes with it", "interface ethernet0 vlan50 logical\nnameif vlan50 lab security50\nmtu lab 1400\nip address lab 10.5.0.1 255.255.0.0\nroute lab 10.6.0.0 255.255.0.0 10.5.0.2\nno interface ethernet0 vlan50", "", ""},
		{"clear ip takes addresses only", "ip address inside 10.0.0.1 255.0.0.0\nip local pool P 10.1.1.1-10.1.1.9\nip verify reverse-path interface inside\nclear ip", "no ip address inside\nip verify reverse-path interface inside\nip local pool P 10.1.1.1-10.1.1.9", ""},
		{"clear telnet takes what is named", "telnet 10.0.0.0 255.0.0.0 inside\ntelnet 10.0.0.0 255.255.0.0 inside\ntelnet 10.1.1.1 inside\ntelnet timeout 9\nssh 10.1.1.1 inside\nhttp server enable\nhttp 10.1.1.1 inside\nclear telnet 10.0.0.0 255.0.0.0\nclear telnet 10.1.1.1 inside\nclear ssh 10.1.1.1\nclear http 10.9.9.9",
			"http server enable\nhttp 10.1.1.1 255.255.255.255 inside\ntelnet 10.0.0.0 255.255.0.0 inside\ntelnet timeout 9", ""},
		{"no telnet takes all of them", "telnet 10.0.0.0 255.0.0.0 inside\ntelnet 10.1.1.1 inside\ntelnet timeout 9\nno telnet", "telnet timeout 9", ""},
		{"the rest of a no line may be left off", "access-list 1 permit ip any any\naccess-group 1 in interface outside\nroute-map R permit 10\nmatch metric 5\nset metric 4\nno match metric\nno set metric\nno access-group 1\ntimeout conn 2:00:00 udp 0:05:00\nno timeout conn",
			"access-list 1 permit ip any any\nroute-map R permit 10\ntimeout conn 1:00:00 udp 0:05:00", ""},
		{"cleared by name", "prefix-list A permit 10.0.0.0/8\nprefix-list B permit 10.0.0.0/8\nno prefix-list sequence-number\nroute-map R permit 10\nroute-map S permit 10\nset metric 4\nclear prefix-list A\nclear route-map S\nmtu inside 1400\nclear mtu",
			"mtu inside 1500\nno prefix-list sequence-number\nprefix-list B seq 5 permit 10.0.0.0/8\nroute-map R permit 10", ""},
		{"a VLAN goes with its name", "interface ethernet0 vlan50 logical\nnameif vlan50 lab security50\nno interface ethernet0 vlan50", "", ""},
		{"a VLAN that is not there", "nameif vlan50 lab security50\nno interface ethernet0 vlan50", "nameif vlan50 lab security50", "E304"},
		{"VLAN in two words", "interface ethernet0 vlan 50", "", "E106"},
		{"VLAN out of range", "interface ethernet0 vlan5000", "", "E106"},
		{"addresses", "ip address outside dhcp setroute retry\nip address dmz pppoe setroute\nip address inside 10.0.0.1 255.0.0.0\nip address old 127.0.0.1 255.255.255.255\nip address other 10.9.9.9 255.255.255.255 pppoe",
			"ip address outside dhcp setroute retry 4\nip address dmz pppoe setroute\nip address inside 10.0.0.1 255.0.0.0\nno ip address old\nip address other 10.9.9.9 255.255.255.255 pppoe", ""},
		{"an address goes", "ip address outside dhcp\nno ip address outside dhcp", "no ip address outside", ""},
		{"audit", "ip audit name A info action alarm drop\nip audit name A attack\nip audit attack action reset alarm\nip audit interface outside A\nip audit signature 2004 disable\nno ip audit signature 2000 disable",
			"ip audit name A info action alarm drop\nip audit name A attack\nip audit interface outside A\nip audit attack action reset alarm\nip audit signature 2004 disable", ""},
		{"arp", "arp outside 198.51.100.60 A.f331.8222\narp timeout 600\nno arp timeout", "arp outside 198.51.100.60 000a.f331.8222\narp timeout 14400", ""},
		{"bad hardware address", "arp outside 198.51.100.60 00:0a:f3:31:82:22", "", "E105"},
		{"failover", "failover lan enable\nfailover lan key secret\nfailover lan interface state\nfailover lan unit primary\nfailover link state\nfailover replication http\nfailover poll 5\nfailover\nfailover timeout 1:00:00\nfailover ip address dmz 0.0.0.0\nfailover mac address inside 1.1.1 2.2.2\nno failover poll\nno failover timeout",
			"failover\nfailover timeout 0:00:00\nfailover poll 15\nfailover replication http\nno failover ip address dmz\nfailover mac address inside 0001.0001.0001 0002.0002.0002\nfailover link state\nfailover lan unit primary\nfailover lan interface state\nfailover lan key secret\nfailover lan enable", ""},
		{"failover over a network goes", "failover lan enable\nfailover lan unit primary\nno failover lan enable\nno failover lan unit\nno failover link\nno failover replication http", "", ""},
		{"logging in printed order", "logging message 109005 level 4\nno logging message 106011\nlogging host 10.1.1.9\nlogging host inside 10.1.1.10 tcp/1470\nlogging host dmz 10.1.1.11 udp/514 format emblem\n" +
			"logging device-id ipaddress inside\nlogging queue 1024\nlogging facility 16\nlogging history 7\nlogging trap 5\nlogging buffered warnings\nlogging console 1\nlogging standby\nlogging timestamp\nlogging on",
			"logging on\nlogging timestamp\nlogging standby\nlogging console alerts\nlogging buffered warnings\nlogging trap notifications\nlogging history debugging\nlogging facility 16\nlogging queue 1024\n" +
				"logging device-id ipaddress inside\nlogging host inside 10.1.1.9\nlogging host inside 10.1.1.10 6/1470\nlogging host dmz 10.1.1.11 format emblem\nlogging message 109005 level warnings\nno logging message 106011", ""},
		{"defaults of old releases", "no logging on\nno logging timestamp\nno logging standby\nno logging console\nno logging monitor\nno logging buffered\nno logging trap\nno logging history\nlogging facility 20\nlogging queue 512", "", ""},
		{"back to defaults", "logging facility 16\nlogging facility 20\nlogging queue 9\nno logging queue\nno logging message 106011\nlogging message 106011\nlogging console 3\nno logging console 7", "", ""},
		{"all messages again", "no logging message 106011\nlogging on\nno logging message 106012\nclear logging disabled", "logging on", ""},
		{"logging levels have names", "logging trap lots", "", "E104"},
		{"ntp", "ntp server 10.1.1.1 prefer source inside key 3\nntp trusted-key 3\nntp authenticate\nntp authentication-key 3 md5 abc\nntp server 10.1.1.1 source dmz",
			"ntp authentication-key 3 md5 abc\nntp authenticate\nntp trusted-key 3\nntp server 10.1.1.1 source dmz", "E312"},
		{"clock", "clock summer-time CEDT recurring last Sunday march 2:00 last sun October 3:00 60\nclock timezone CEST 1 30\nno clock timezone\nclock timezone X -12",
			"clock timezone X -12\nclock summer-time CEDT recurring last Sun Mar 2:00 last Sun Oct 3:00 60", ""},
		{"clock by date", "clock summer-time B date 30 Mar 2003 1:00 26 October 2003 2:00", "clock summer-time B date Mar 30 2003 1:00 Oct 26 2003 2:00", ""},
		{"no such month", "clock summer-time B date 30 Mrz 2003 1:00 26 October 2003 2:00", "", "E105"},
		{"time zone out of range", "clock timezone X 13", "", "E106"},
		{"dhcpd in printed order", "dhcpd enable\ndhcpd option 150 ip 10.0.0.7 10.0.0.9\ndhcpd auto_config outside\ndhcpd domain a.b\ndhcpd ping_timeout 750\ndhcpd lease 3600\ndhcpd wins 10.1.1.3\ndhcpd dns 10.1.1.1 10.1.1.2\ndhcpd address 10.0.0.5-10.0.0.9",
			"dhcpd address 10.0.0.5-10.0.0.9 inside\ndhcpd dns 10.1.1.1 10.1.1.2\ndhcpd wins 10.1.1.3\ndhcpd lease 3600\ndhcpd ping_timeout 750\ndhcpd domain a.b\ndhcpd auto_config outside\ndhcpd option 150 ip 10.0.0.7 10.0.0.9\ndhcpd enable inside", ""},
		{"dhcpd goes", "dhcpd address 10.0.0.5-10.0.0.9 inside\ndhcpd lease 3600\ndhcpd option 66 ascii x\nno dhcpd option 66\nno dhcpd lease\nno dhcpd enable\ndhcprelay enable inside\nclear dhcpd", "dhcprelay enable inside", ""},
		{"dhcprelay", "dhcprelay timeout 90\ndhcprelay enable inside\ndhcprelay server 10.1.1.1 dmz\ndhcprelay setroute inside\nno dhcprelay setroute inside", "dhcprelay server 10.1.1.1 dmz\ndhcprelay enable inside\ndhcprelay timeout 90", ""},
		{"banner", "banner login *****\nbanner login     four blanks  and  two\nbanner login *****\nbanner motd hello\nno banner motd", "banner login *****\nbanner login     four blanks  and  two\nbanner login *****", ""},
		{"a line of a banner goes", "banner login a b\nbanner login c\nno banner login a  b", "banner login c", ""},
		{"privilege", "privilege level 7 command ip\nno privilege clear level 7 command ip\nprivilege show level 5 command ip", "privilege show level 5 command ip\nprivilege configure level 7 command ip", ""},
		{"services", "tftp-server 10.0.0.7 /x\ntftp-server inside 10.0.0.8 /\nauto-update timeout 0\nauto-update poll-period 60\nmgcp command-queue 200\nmgcp call-agent 10.1.1.1 5\nmanagement-access inside\nmanagement-access dmz",
			"tftp-server inside 10.0.0.8 /\nauto-update poll-period 60 0 5\nmgcp call-agent 10.1.1.1 5\nmanagement-access dmz", "E312 E312"},
		{"pdm", "pdm logging 6 200\npdm group G inside\npdm location 10.0.0.0 255.0.0.0 inside\npdm history enable\nno pdm logging", "pdm location 10.0.0.0 255.0.0.0 inside\npdm group G inside\npdm history enable", ""},
		{"pdm cleared in part", "pdm location 10.0.0.0 255.0.0.0 inside\npdm group G inside\nclear pdm location", "pdm group G inside", ""},
		{"rip", "rip inside passive\nno rip outside default\nrip outside default version 2 authentication md5 k 1", "rip inside passive version 1\nrip outside default version 2 authentication md5 k 1", ""},
		{"route maps", "route-map B permit 20\nmatch ip address 1\nroute-map A deny\nset metric 3\nroute-map B 10\n  match metric 4\n  set ip next-hop 10.1.1.1\nroute-map B permit 20\n  no match ip address 1",
			"route-map B permit 10\n  match metric 4\n  set ip next-hop 10.1.1.1\nroute-map B permit 20\nroute-map A deny 10\n  set metric 3", ""},
		{"a route map goes", "route-map B permit 20\nmatch ip address 1\nroute-map B permit 30\nroute-map C permit 30\nset metric 1\nno route-map B", "route-map C permit 30\n  set metric 1", ""},
		{"prefix lists", "prefix-list P permit 10.0.0.0/8\nprefix-list P seq 2 deny 10.1.2.3/16 ge 20 le 24\nprefix-list P permit 11.0.0.0/8\nprefix-list P description two words\nno prefix-list P permit 10.0.0.0/8",
			"prefix-list P description two words\nprefix-list P seq 2 deny 10.1.0.0/16 ge 20 le 24\nprefix-list P seq 10 permit 11.0.0.0/8", ""},
		{"prefix lengths", "prefix-list P permit 10.0.0.0/8 ge 8", "", "E105"},
		{"ospf", "router ospf 1\n network 10.0.0.0 255.0.0.0 area 0\narea 1 stub\nlog-adj-changes detail\nno compatible rfc1583\nrouter ospf 2\nnetwork 10.0.0.0 255.0.0.0 area 0\ntimers spf 5 10\nrouting interface outside\nospf cost 5\nospf cost 7\nospf priority 0\nrouter ospf 1\nno network 10.0.0.0 255.0.0.0 area 0\nexit\nhostname x",
			"hostname x\nrouting interface outside\n  ospf cost 7\n  ospf priority 0\nrouter ospf 1\n  area 1 stub\n  log-adj-changes detail\n  no compatible rfc1583\nrouter ospf 2\n  network 10.0.0.0 255.0.0.0 area 0\n  timers spf 5 10", "E312"},
		{"ospf goes", "router ospf 1\nnetwork 10.0.0.0 255.0.0.0 area 0\nrouter ospf 2\nrouter-id 10.1.1.1\nno router ospf 1", "router ospf 2\n  router-id 10.1.1.1", ""},
		{"all routing goes", "router ospf 1\nnetwork 10.0.0.0 255.0.0.0 area 0\nroute-map A permit 10\nset metric 1\nclear router", "route-map A permit 10\n  set metric 1", ""},
		{"a line without its mode", "network 10.0.0.0 255.0.0.0 area 0", "", "E340"},
		{"a line of another mode", "router ospf 1\nospf cost 5", "router ospf 1", "E340"},
		{"a mode is closed by another command", "router ospf 1\nhostname x\nnetwork 10.0.0.0 255.0.0.0 area 0", "hostname x\nrouter ospf 1", "E340"},
		{"multicast", "multicast interface inside max-groups 20\nigmp version 1\nigmp join-group 239.1.1.1\nmroute 10.0.0.0 255.0.0.0 inside 239.0.0.0 255.0.0.0 outside\nmulticast interface dmz\nigmp forward interface inside\nno igmp forward interface inside",
			"multicast interface inside max-groups 20\n  igmp version 1\n  igmp join-group 239.1.1.1\nmulticast interface dmz\nmroute 10.0.0.0 255.0.0.0 inside 239.0.0.0 255.0.0.0 outside", ""},
		{"a route needs a gateway", "route admin-B 10.1.2.0 255.255.255.0", "", "E107"},
		{"a metric is no gateway", "route inside 10.1.4.0 255.255.255.0 1", "", "E107"},
		{"a route needs an interface", "route 10.1.3.0 255.255.255.0 192.168.1.254 1", "", "E107"},
		{"actions", "clock set 12:00:00 1 Jan 2003\nfailover active\nno failover active\nfailover reset\nactivation-key 0x1 0x2 0x3 0x4\npdm disconnect 3\ninterface ethernet0 change-vlan vlan2 vlan3", "", "E116 E116 E116 E116 E116 E116 E116"},
		{"pager off", "pager lines 0", "no pager", ""},
		{"snmp", "snmp-server location  the   cellar\nsnmp-server host 10.1.1.1 trap", "snmp-server host inside 10.1.1.1 trap\nsnmp-server location the cellar", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, _, diags := Load("pix.cfg", []byte(test.in+"\n"))
			got := strings.Join(cfg.Lines(&ast.Printer{}), "\n")
			if got != test.want {
				t.Errorf("the configuration is\n%s\nwant\n%s", got, test.want)
			}
			var codes []string
			for _, d := range diags {
				codes = append(codes, d.Code)
			}
			if s := strings.Join(codes, " "); s != test.codes {
				t.Errorf("codes %q, want %q\n%v", s, test.codes, diags)
			}
			// What is printed is read the same.
			if got == "" {
				return
			}
			again, _, diags := Load("pix.cfg", []byte(got+"\n"))
			if s := strings.Join(again.Lines(&ast.Printer{}), "\n"); s != got || len(diags) > 0 {
				t.Errorf("read again it is\n%s\n%v", s, diags)
			}
		})
	}
}

// systemFamilies are the first words of the commands of the system side.
var systemFamilies = strings.Fields(`interface nameif arp failover logging snmp-server ntp clock dhcpd dhcprelay rip router routing route-map prefix-list
	igmp multicast mroute banner tftp-server auto-update privilege management-access pdm telnet ssh http console terminal pager hostname domain-name enable
	passwd password mgcp route ip`)

// TestSystemCorpus: every line of the system side in the collected configurations is understood, but for those that are damaged.
func TestSystemCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../shared/corpus/*.cfg")
	if len(files) == 0 {
		t.Skip("no collected configurations beside the repository")
	}
	// What their publishers or generators have damaged.
	damaged := map[string]bool{
		"ssh timeout -1": true, "telnet timeout -1": true, "nameif eth0.100 outside security0": true, "route inside 10.1.4.0 255.255.255.0 1": true,
		"route 10.1.3.0 255.255.255.0 192.168.1.254 1": true, "route 10.1.5.0 255.255.255.0 1": true, "route admin-B 10.1.2.0 255.255.255.0": true,
		"route inside-A 10.1.1.0 255.255.255.0": true,
	}
	total, good := 0, 0
	for _, name := range files {
		base := filepath.Base(name)
		if strings.HasPrefix(base, "pix7") || strings.HasPrefix(base, "asa") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range Parse(base, text).Lines {
			line := trim(strings.TrimSuffix(l.Text, "| |"))
			w := strings.Fields(strings.ToLower(line))
			if len(w) > 0 && (w[0] == "no" || w[0] == "clear") {
				w = w[1:]
			}
			if len(w) < 2 || l.Kind == Comment || !slices.Contains(systemFamilies, w[0]) {
				continue
			}
			total++
			switch {
			case l.Kind != Bad:
				good++
			case !damaged[strings.Join(strings.Fields(line), " ")]:
				t.Errorf("%s:%d: %s", base, l.No, l.Text)
			}
		}
	}
	t.Logf("%d of %d lines of the system side are understood", good, total)
}
