package ast

// twoInterfaces is the start of most examples: the two interfaces of a small box.
const twoInterfaces = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
`

const twoAddresses = twoInterfaces + `ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
`

// referenceCodes documents references to what does not exist (E2xx) and lines that a PIX would not take (E3xx).
func referenceCodes() []Code {
	return []Code{
		{"E201", "access list does not exist",
			"The line names an access list of which the configuration holds no entry. A PIX refuses such an access-group; the line is left out.",
			twoInterfaces + "access-list outside_in permit tcp any host 203.0.113.80 eq www\naccess-group outside_on in interface outside",
			"Correct the name, or define the list before the line that uses it."},
		{"E202", "interface does not exist",
			"The line names an interface that no nameif line defines. It is left out.",
			twoInterfaces + "ip address dmz 172.16.0.1 255.255.255.0",
			"Correct the name, or name the interface with nameif."},
		{"E203", "address pool does not exist",
			"The line hands out addresses of a pool that no ip local pool line defines.",
			twoInterfaces + "ip local pool clients 10.9.0.1-10.9.0.20\nvpngroup staff address-pool client",
			"Correct the name, or define the pool with ip local pool."},
		{"E204", "aaa-server group does not exist",
			"The line uses a group of authentication servers that no aaa-server line defines. TACACS+, RADIUS and LOCAL always exist.",
			twoInterfaces + "aaa-server Users protocol tacacs+\naaa authentication include http outside 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 User",
			"Correct the tag, or define the group with aaa-server TAG protocol."},
		{"E205", "transform set does not exist",
			"A crypto map entry offers a transform set that no crypto ipsec transform-set line defines. The others of the line stay in force.",
			twoInterfaces + "crypto ipsec transform-set strong esp-3des esp-sha-hmac\ncrypto dynamic-map clients 10 set transform-set strang",
			"Correct the name, or define the set with crypto ipsec transform-set."},
		{"E206", "dynamic crypto map does not exist",
			"A crypto map entry takes its values from a dynamic map without any entry, so it accepts nobody.",
			twoInterfaces + "crypto map vpn 10 ipsec-isakmp dynamic clients",
			"Correct the name, or define the map with crypto dynamic-map."},
		{"E207", "crypto map does not exist",
			"The line is about a crypto map without any entry. It is left out.",
			twoInterfaces + "crypto map vpn interface outside",
			"Correct the name, or give the map an entry."},
		{"E301", "duplicate access list entry",
			"The list holds the same entry already. The PIX answers: ACE not added. Possible duplicate entry.",
			"access-list web permit tcp any host 203.0.113.80 eq www\naccess-list web permit tcp any host 203.0.113.80 eq www",
			"Remove one of the two lines."},
		{"E302", "duplicate route",
			"There is a route to that network by that gateway already. The PIX answers: Route already exists.",
			twoAddresses + "route outside 0.0.0.0 0.0.0.0 203.0.113.254 1\nroute outside 0.0.0.0 0.0.0.0 203.0.113.254 2",
			"Remove one of the two lines. To change the metric, remove the old route first."},
		{"E303", "duplicate entry",
			"The same line is in the configuration already.",
			twoAddresses + "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0",
			"Remove one of the two lines."},
		{"E304", "nothing to remove",
			"A no command names a line that the configuration does not hold.",
			twoAddresses + "no route outside 0.0.0.0 0.0.0.0 203.0.113.254 1",
			"Type the words of the line that is to go, or leave the command out."},
		{"E305", "access list is in use",
			"A list cannot be removed while nat, static, a crypto map or a split tunnel needs it.",
			twoAddresses + "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0\nnat (inside) 0 access-list nonat\nno access-list nonat",
			"Remove the line that uses the list first."},
		{"E306", "not a usable address",
			"An interface needs the address of a host in its network: neither that of the network nor the broadcast address, and a netmask of ones followed by zeros. A range must not end before it begins.",
			twoInterfaces + "ip address inside 10.0.0.255 255.255.255.0",
			"Use another address of the network, or correct the netmask; swap the ends of a range."},
		{"E307", "networks of two interfaces overlap",
			"Each interface needs a network of its own; the PIX refuses the second address.",
			twoInterfaces + "ip address outside 10.0.0.1 255.255.0.0\nip address inside 10.0.1.1 255.255.255.0",
			"Correct one of the addresses or netmasks."},
		{"E308", "interface name is used twice",
			"Two nameif lines give the same name, so that a line naming it would be ambiguous. The second is left out.",
			"nameif ethernet0 outside security0\nnameif ethernet1 outside security100",
			"Give each interface a name of its own."},
		{"E309", "access list does not fit a policy static",
			"The real side of a static with an access list is the source of that list: one host or network, which has the mapped address of the line. The static is left out.",
			twoAddresses + "access-list web permit tcp any any eq www\nstatic (inside,outside) 203.0.113.80 access-list web 0 0",
			"Use a list whose entries all permit from the same host or network."},
	}
}
