package nft

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

func ip(s string) ast.IP { return ast.MustIP(s) }

func net(addr, mask string) ast.Net { return ast.Net{IP: ip(addr), Mask: ip(mask)} }

func hostNet(s string) ast.Net { return ast.Net{IP: ip(s), Mask: ast.AllOnes} }

// webPlan is the plan of the note's configuration, with the access list that names the global address, made by hand.
func webPlan() *compiler.Plan {
	anyNet := ast.Net{}
	ace := func(n int, protos ...uint8) compiler.ACE {
		return compiler.ACE{Number: n, Permit: true, Protos: protos, Src: []ast.Net{anyNet}, Dst: []ast.Net{hostNet("192.168.1.11")}}
	}
	return &compiler.Plan{
		Interfaces: []compiler.Interface{
			{Hardware: "ethernet0", Name: "outside", Net: net("192.168.1.1", "255.255.255.0"), MTU: 1500, ACL: 1, Map: compiler.None, ProxyARP: true},
			{Hardware: "ethernet1", Name: "inside", Level: 100, Net: net("10.89.129.194", "255.255.255.240"), MTU: 1500, ACL: compiler.None, Map: compiler.None, ProxyARP: true},
		},
		Routes: []compiler.Route{
			{If: 1, Net: net("10.89.129.192", "255.255.255.240"), Connected: true},
			{If: 1, Net: net("10.89.129.128", "255.255.255.128"), Gateway: ip("10.89.129.193"), Metric: 1},
			{If: 0, Net: net("192.168.1.0", "255.255.255.0"), Connected: true},
			{If: 0, Net: anyNet, Gateway: ip("192.168.1.3"), Metric: 1},
		},
		ACLs: []compiler.ACL{
			{ID: "101", Entries: []compiler.ACE{{Number: 1, Permit: true, Src: []ast.Net{net("10.89.129.128", "255.255.255.240")},
				Dst: []ast.Net{net("10.89.129.192", "255.255.255.240")}}}},
			{ID: "120", Entries: []compiler.ACE{ace(1, ast.ProtoICMP), ace(2, ast.ProtoTCP), ace(3, ast.ProtoUDP)}},
		},
		NAT: compiler.NAT{
			Exemptions: []compiler.Exemption{{If: 1, ACL: 0}},
			Statics:    []compiler.Static{{RealIf: 1, MappedIf: 0, Mapped: ip("192.168.1.11"), Real: ip("10.89.129.131"), Mask: ast.AllOnes, ACL: compiler.None}},
			Nats:       []compiler.Nat{{If: 1, ID: 1, ACL: compiler.None}},
			Globals:    []compiler.Global{{If: 0, ID: 1, First: ip("192.168.1.6"), Last: ip("192.168.1.10")}},
		},
		Timeouts: compiler.Timeouts{Xlate: 3 * time.Hour, Conn: time.Hour, HalfClosed: 10 * time.Minute, UDP: 2 * time.Minute, Embryonic: 2 * time.Minute},
		Fixups: []compiler.Fixup{
			{Protocol: "dns", Transport: ast.ProtoUDP, MaxLength: 512},
			{Protocol: "ftp", Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: 21, Hi: 21}},
			{Protocol: "h323", Sub: "h225", Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: 1720, Hi: 1720}},
			{Protocol: "h323", Sub: "ras", Transport: ast.ProtoUDP, Ports: compiler.PortRange{Lo: 1718, Hi: 1719}},
			{Protocol: "sip", Transport: ast.ProtoUDP, Ports: compiler.PortRange{Lo: 5060, Hi: 5060}},
			{Protocol: "smtp", Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: 25, Hi: 25}},
			{Protocol: "tftp", Transport: ast.ProtoUDP, Ports: compiler.PortRange{Lo: 69, Hi: 69}},
		},
		Sysopt: compiler.Sysopt{TCPMSS: 1380},
	}
}

// widePlan has one of everything that is lowered: net and port statics, PAT, exemption with a deny, wide access lists,
// masks with holes, uauth, a crypto map, icmp lines, three levels.
func widePlan() *compiler.Plan {
	p := webPlan()
	p.Interfaces = append(p.Interfaces, compiler.Interface{Hardware: "ethernet2", Name: "dmz-2", Level: 50, Net: net("172.16.0.1", "255.255.255.0"),
		ACL: compiler.None, Map: compiler.None})
	p.Interfaces[0].RPF = true
	p.Interfaces[0].Map = 0
	p.Routes = append(p.Routes[:3:3], compiler.Route{If: 2, Net: net("172.16.0.0", "255.255.255.0"), Connected: true})
	p.ACLs = append(p.ACLs,
		compiler.ACL{ID: "crypto", Entries: []compiler.ACE{{Number: 1, Permit: true, Src: []ast.Net{net("10.89.129.128", "255.255.255.128")},
			Dst: []ast.Net{net("192.168.50.0", "255.255.255.0")}}}},
		compiler.ACL{ID: "policy", Entries: []compiler.ACE{{Number: 1, Permit: true, Protos: []uint8{6}, Src: []ast.Net{net("10.89.129.0", "255.255.255.0")},
			Dst: []ast.Net{{}}, DstPorts: []compiler.PortRange{{Lo: 8080, Hi: 8080}}}}})
	p.ACLs[0].Entries = append(p.ACLs[0].Entries, compiler.ACE{Number: 2, Src: []ast.Net{{}}, Dst: []ast.Net{{}}})
	p.ACLs[1].Entries = append(p.ACLs[1].Entries,
		compiler.ACE{Number: 4, Permit: true, Protos: []uint8{6, 17}, Src: []ast.Net{net("10.0.0.0", "255.0.0.0"), hostNet("198.51.100.9")},
			Dst: []ast.Net{net("10.0.5.0", "255.0.255.0"), net("192.168.1.64", "255.255.255.224")}, DstPorts: []compiler.PortRange{{Lo: 20, Hi: 21}, {Lo: 80, Hi: 80}}, Log: ast.LogOn},
		compiler.ACE{Number: 5, Permit: true, Protos: []uint8{1}, Src: []ast.Net{{}}, Dst: []ast.Net{{}}, ICMP: []uint8{0, 3, 11}},
		compiler.ACE{Number: 6, Protos: []uint8{17}, Src: []ast.Net{{}}, Dst: []ast.Net{{}}, SrcPorts: []compiler.PortRange{{Lo: 53, Hi: 53}}, DstPorts: []compiler.PortRange{{Lo: 1024, Hi: 65535}}})
	p.NAT.Statics = append(p.NAT.Statics,
		compiler.Static{RealIf: 1, MappedIf: 0, Mapped: ip("192.168.1.12"), Real: ip("10.89.129.132"), Mask: ast.AllOnes, ACL: compiler.None, MaxConns: 5},
		compiler.Static{RealIf: 2, MappedIf: 0, Mapped: ip("192.168.1.64"), Real: ip("172.16.0.64"), Mask: ip("255.255.255.224"), ACL: compiler.None},
		compiler.Static{RealIf: 0, MappedIf: 1, Mapped: ip("10.89.129.196"), Real: ip("198.51.100.9"), Mask: ast.AllOnes, ACL: compiler.None},
		compiler.Static{RealIf: 2, MappedIf: 0, Proto: 6, Mapped: ip("192.168.1.1"), MappedIsInterface: true, Real: ip("172.16.0.25"), MappedPort: 25, RealPt: 2525,
			Mask: ast.AllOnes, ACL: compiler.None})
	p.NAT.Policies = []compiler.Nat{{If: 1, ID: 2, ACL: 3}}
	p.NAT.Nats = append([]compiler.Nat{{If: 1, ID: 0, Net: hostNet("10.89.129.140"), ACL: compiler.None}, {If: 1, ID: 3, Net: net("10.89.129.144", "255.255.255.240"), ACL: compiler.None}},
		append(p.NAT.Nats, compiler.Nat{If: 2, ID: 2, ACL: compiler.None})...)
	p.NAT.Globals = append(p.NAT.Globals,
		compiler.Global{If: 0, ID: 1, First: ip("192.168.1.20"), Last: ip("192.168.1.20"), PAT: true},
		compiler.Global{If: 0, ID: 2, First: ip("192.168.1.1"), Last: ip("192.168.1.1"), PAT: true, Interface: true},
		compiler.Global{If: 2, ID: 1, First: ip("172.16.0.128"), Last: ip("172.16.0.255"), Netmask: ip("255.255.255.128")})
	p.AAARules = []compiler.AAARule{
		{What: "authentication", Include: true, Proto: 6, Ports: compiler.PortRange{Lo: 80, Hi: 80}, If: 0, Local: hostNet("10.89.129.131"), ACL: compiler.None},
		{What: "authentication", Include: true, AnyTCP: true, Ports: compiler.PortRange{Hi: 0xffff}, Dir: compiler.DirOutbound, Local: net("10.89.129.160", "255.255.255.240"), ACL: compiler.None},
		{What: "authentication", Proto: 6, Ports: compiler.PortRange{Lo: 443, Hi: 443}, Dir: compiler.DirOutbound, ACL: compiler.None},
	}
	p.AAA.MACLists = []compiler.MACList{{ID: "phones", Entries: []compiler.MACEntry{
		{MAC: [6]byte{0, 0x0a, 0xf3, 0x31, 0x82, 0x22}, Mask: allOctets},
		{Permit: true, MAC: [6]byte{0, 0x0a, 0xf3, 0x31, 0x82, 0x22}, Mask: [6]byte{0xff, 0xff, 0xff, 0xff}},
		{Permit: true, MAC: [6]byte{0, 0x11, 0x22, 0x33, 0x44, 0x55}, Mask: [6]byte{0xff, 0, 0xff, 0, 0xff, 0}}}}}
	p.AAA.ExemptLine = compiler.From(&ast.AAAMACExempt{List: "phones"})
	p.VPN.Maps = []compiler.CryptoMap{{Name: "m", Authentication: compiler.None, Entries: []compiler.MapEntry{
		{Seq: 10, Dynamic: compiler.None, ACL: 2}, {Seq: 20, Dynamic: 0, ACL: compiler.None}}}}
	p.Box.ICMP = []compiler.ICMPRule{{If: 0, Permit: true, Type: 3}, {If: 0, Src: net("10.0.0.1", "255.0.0.255"), Type: -1}, {If: 0, Permit: true, Src: net("198.51.100.0", "255.255.255.0"), Type: 8}}
	return p
}

var devices = map[int]string{0: "out0", 1: "in0", 2: "dmz0"}
