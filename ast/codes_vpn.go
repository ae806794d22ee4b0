package ast

// vpnCodes documents what users, tunnels and content filters add.
func vpnCodes() []Code {
	return []Code{
		{"E116", "something to do, not a setting",
			"The command makes the box do something at once, such as setting its clock, shutting out a host (shun), making a key pair or asking an authority for a certificate. It leaves nothing in the configuration, so that reading a file does not do it.",
			"ca generate rsa key 1024", "Type it at the console where it is wanted."},
		{"E221", "list of hardware addresses does not exist",
			"The line names a mac-list of which the configuration holds no entry. It has no effect.",
			twoInterfaces + "mac-list phones permit 000a.f331.8222 ffff.ffff.ffff\naaa mac-exempt match phone",
			"Correct the name, or define the list with mac-list."},
		{"E321", "filter without a server",
			"A filter of URLs, FTP or HTTPS asks a url-server, and none is configured. A PIX refuses the line.",
			twoInterfaces + "filter url http 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 allow",
			"Configure a url-server before the filter."},
		{"E322", "group of servers is in use",
			"A group of servers cannot be removed while an aaa line or a crypto map names it.",
			twoInterfaces + "aaa-server Users protocol tacacs+\naaa authentication ssh console Users\nno aaa-server Users",
			"Remove the line that names the group first."},
		{"W440", "peer is known by name only",
			"A crypto map entry names its peer by a host name. Names are not looked up, so that no tunnel is built to this peer.",
			twoAddresses + "access-list vpn permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0\ncrypto ipsec transform-set strong esp-3des esp-sha-hmac\n" +
				"crypto map vpn 10 ipsec-isakmp\ncrypto map vpn 10 match address vpn\ncrypto map vpn 10 set peer gw.example.com\ncrypto map vpn 10 set transform-set strong\n" +
				"crypto map vpn interface outside\nisakmp enable outside",
			"Write the address of the peer, or give the address that name with a name command."},
		{"W441", "keys by hand are incomplete",
			"An ipsec-manual entry needs session keys for both directions, and exactly one transform set. The entry is ignored.",
			twoAddresses + "access-list vpn permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0\ncrypto ipsec transform-set strong esp-3des esp-sha-hmac\n" +
				"crypto map vpn 10 ipsec-manual\ncrypto map vpn 10 match address vpn\ncrypto map vpn 10 set peer 203.0.113.7\ncrypto map vpn 10 set transform-set strong\n" +
				"crypto map vpn 10 set session-key inbound esp 300 cipher 0123456789abcdef0123456789abcdef0123456789abcdef authenticator 0123456789abcdef0123456789abcdef01234567\n" +
				"crypto map vpn interface outside\nisakmp enable outside",
			"Add the session-key line of the other direction."},
	}
}
