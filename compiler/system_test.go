package compiler

import (
	"reflect"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/parser"
)

func TestSystemPlan(t *testing.T) {
	cfg, _, diags := parser.Load("pix.cfg", []byte(`interface ethernet0 auto
interface ethernet1 100full
interface ethernet1 vlan50 logical
interface ethernet1 vlan60 logical shutdown
nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif vlan50 lab security50
nameif vlan60 old security60
hostname edge
access-list in permit tcp any interface outside eq www
logging on
logging timestamp
logging trap notifications
logging facility 16
logging host inside 10.0.0.9
logging host lab 10.5.0.9 tcp/1470
logging device-id hostname
no logging message 106011
logging message 109005 level warnings
ip address outside dhcp setroute
ip address inside 10.0.0.1 255.255.255.0
ip audit name A attack action drop
ip audit name A info
ip audit interface outside A
ip audit info action alarm reset
ip audit signature 2004 disable
global (outside) 1 interface
management-access inside
`))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	p, diags := Compile(cfg)
	for _, d := range diags {
		if strings.HasPrefix(d.Code, "E") || d.Code == "W421" {
			t.Error(d)
		}
	}
	if o := p.Interfaces[0]; o.Dynamic != "dhcp" || o.HasAddress() || o.AddrLine.IsDefault() {
		t.Errorf("outside: %+v", o)
	}
	if l := p.Interfaces[2]; l.Hardware != "ethernet1" || l.VLAN != 50 || l.Speed != "100full" || l.Shutdown {
		t.Errorf("lab: %+v", l)
	}
	if !p.Interfaces[3].Shutdown || p.Interfaces[1].Shutdown {
		t.Error("only the VLAN 60 is shut down")
	}
	l := p.Logging
	if l.On.IsDefault() || !l.Timestamp || l.Standby || l.Trap != 5 || l.Console != None || l.Facility != 16 || l.Queue != 512 || l.DeviceID != "edge" {
		t.Errorf("logging: %+v", l)
	}
	if len(l.Hosts) != 2 || l.Hosts[0].Port != 514 || l.Hosts[0].Proto != ast.ProtoUDP || l.Hosts[1].Proto != ast.ProtoTCP || l.Hosts[1].If != 2 {
		t.Errorf("hosts: %+v", l.Hosts)
	}
	if !l.Disabled[106011] || l.Level(109005, 6) != 4 || l.Level(302013, 6) != 6 {
		t.Errorf("messages: %v %v", l.Disabled, l.Levels)
	}
	if len(p.Audit) != 1 || !reflect.DeepEqual(p.Audit[0].Attack, []string{"drop"}) || !reflect.DeepEqual(p.Audit[0].Info, []string{"alarm", "reset"}) {
		t.Errorf("audit: %+v", p.Audit)
	}
	if !reflect.DeepEqual(p.AuditDisabled, []int{2004}) || p.Box.ManagementAccess != 1 {
		t.Errorf("disabled %v, management-access on %d", p.AuditDisabled, p.Box.ManagementAccess)
	}
}

// TestSystemReferences: lines that are stored only still name interfaces that are there.
func TestSystemReferences(t *testing.T) {
	for in, code := range map[string]string{
		"dhcpd enable dmz": "E202", "dhcprelay server 10.1.1.1 dmz": "E202", "arp dmz 10.1.1.1 1.1.1": "E202", "logging host dmz 10.1.1.1": "E202",
		"ntp server 10.1.1.1 source dmz": "E202", "failover link dmz": "E202", "rip dmz passive": "E202", "management-access dmz": "E202",
		"mroute 10.0.0.0 255.0.0.0 inside 239.0.0.0 255.0.0.0 dmz": "E202", "ip audit interface outside A": "E231", "logging device-id ipaddress dmz": "E202",
		"multicast interface inside\nigmp access-group 5": "E201", "route-map A permit 10\nmatch ip address 5": "E201",
		"router ospf 1\narea 1 filter-list prefix P in": "E232", "router ospf 1\nredistribute static route-map A": "E233",
	} {
		cfg, _, _ := parser.Load("pix.cfg", []byte("nameif ethernet0 outside security0\nnameif ethernet1 inside security100\n"+in+"\n"))
		_, diags := Compile(cfg)
		if len(diags) != 1 || diags[0].Code != code {
			t.Errorf("%s: %v, want %s", in, diags, code)
		}
	}
}
