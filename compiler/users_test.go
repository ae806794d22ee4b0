package compiler

import (
	"testing"
	"time"

	"pixfw/ast"
)

const usersAndTunnels = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
access-list U permit tcp any any eq www
access-list V permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0
timeout uauth 0:00:00 absolute
mac-list phones permit 000a.f331.8222 ffff.ffff.0000
aaa-server A protocol tacacs+
aaa-server A max-failed-attempts 5
aaa-server A (inside) host 10.0.0.2 key
aaa-server radius-authport 1812
aaa authentication include icmp/0 inbound 0 0 0 0 A
aaa authentication include tcp/0 inbound 0 0 0 0 A
aaa authentication match U inside A
aaa authentication ssh console A LOCAL
aaa authorization command A LOCAL
aaa mac-exempt match phones
aaa proxy-limit disable
username admin password eY/fQXw7Ure8Qrz7 encrypted privilege 15
crypto ipsec transform-set T esp-des
crypto ipsec transform-set T mode transport
crypto ipsec security-association lifetime seconds 3600
crypto map M 10 ipsec-manual
crypto map M 10 match address V
crypto map M 10 set peer 203.0.113.7
crypto map M 10 set transform-set T
crypto map M 10 set session-key inbound esp 300 cipher 0123456789abcdef
crypto map M 10 set session-key outbound esp 301 cipher 0123456789abcdef
crypto map M 20 ipsec-isakmp
crypto map M 20 match address V
crypto map M 20 set peer gw.example.com
crypto map M 20 set transform-set T
crypto map M client token authentication A LOCAL
isakmp key k address 203.0.113.7 netmask 255.255.255.255 no-xauth
isakmp peer fqdn gw.example.com no-xauth no-config-mode
isakmp keepalive 60
isakmp policy 10 group 2
vpngroup g split-dns example.com example.net
vpngroup g backup-server 192.0.2.8
vpngroup g user-idle-timeout 0:10:00
vpngroup g authentication-server A
`

func TestUsersInPlan(t *testing.T) {
	p, diags := load(t, usersAndTunnels)
	for _, d := range diags {
		if d.Severity == ast.Error {
			t.Error(d)
		}
	}
	a, v := &p.AAA, &p.VPN
	if len(p.AAARules) != 3 || p.AAARules[0].Ports != (PortRange{}) || p.AAARules[1].Ports != anyPorts || p.AAARules[2].ACL != 0 || p.AAARules[0].ACL != None {
		t.Fatalf("rules: %+v", p.AAARules)
	}
	group := p.AAARules[2].Group
	for name, ok := range map[string]bool{
		"uauth 0":          p.UAuth.NoCache,
		"group":            p.AAAGroups[group].MaxFailed == 5 && p.AAAGroups[group].Deadtime == 10*time.Minute,
		"ports":            a.AuthPort == 1812 && a.AcctPort == 1646,
		"console":          len(a.Console) == 1 && a.Console[0].Local && a.Console[0].Group == group,
		"command":          a.Command.Group == group && a.Command.Local,
		"proxy-limit":      a.ProxyLimit == 0,
		"mac-exempt":       a.MACExempt == 0 && a.MACLists[0].Entries[0].Matches([6]byte{0, 0x0a, 0xf3, 0x31, 1, 2}) && !a.MACLists[0].Entries[0].Matches([6]byte{0, 0x0a, 0xf3, 0x32}),
		"user":             a.Users[0].Check("admin") && !a.Users[0].Check("admin1") && a.Users[0].Level == 15,
		"transport":        v.TransformSets[0].Transport,
		"lifetime":         v.Seconds == 3600 && v.Kilobytes == 4608000 && v.Maps[0].Entries[0].Seconds == 3600 && v.Maps[0].Entries[0].Kilobytes == 0,
		"manual":           v.Maps[0].Entries[0].Manual && len(v.Maps[0].Entries[0].Keys) == 2 && v.Maps[0].Entries[0].Keys[0].Inbound,
		"peer name":        !v.Maps[0].Entries[1].Manual && v.Maps[0].Entries[1].PeerNames[0] == "gw.example.com",
		"client":           v.Maps[0].Token && v.Maps[0].Fallback && v.Maps[0].Authentication == group,
		"keepalive":        v.Keepalive.Interval == time.Minute && v.Keepalive.Retry == 2*time.Second,
		"policy":           v.Policies[0].Group == 2 && v.Policies[0].Authentication == "rsa-sig" && v.Policies[0].Line.Pos.IsValid(),
		"built-in policy":  v.DefaultPolicy.Encryption == "des" && v.DefaultPolicy.Group == 1 && v.DefaultPolicy.Lifetime == 24*time.Hour,
		"group of clients": len(v.Groups[0].SplitDNS) == 2 && v.Groups[0].Backup[0] == ast.MustIP("192.0.2.8") && v.Groups[0].UserIdle == 10*time.Minute && v.Groups[0].AuthServer == group,
	} {
		if !ok {
			t.Errorf("%s: %+v %+v", name, *a, *v)
		}
	}
	if k := &v.Keys[0]; !k.NoXauth || k.NoConfigMode {
		t.Errorf("exempt by key: %+v", k)
	}
	if x, m := v.Exempt(ast.MustIP("203.0.113.7"), []string{"other.example.com"}); x || m {
		t.Errorf("another is exempt: %v %v", x, m)
	}
	if x, m := v.Exempt(ast.MustIP("203.0.113.9"), []string{"pix", "gw.example.com"}); !x || !m {
		t.Errorf("exempt by name: %v %v", x, m)
	}
}
