package ast

// tunnel is the start of examples about remote access.
const tunnel = twoAddresses + `sysopt connection permit-ipsec
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto dynamic-map clients 10 set transform-set strong
crypto map vpn 10 ipsec-isakmp dynamic clients
crypto map vpn interface outside
isakmp enable outside
`

// lintCodes documents what a PIX takes but what was probably not meant, or what is weak (W4xx).
func lintCodes() []Code {
	return []Code{
		{"W401", "list on a lower interface names a real address",
			"A PIX 6.3 compares the list of an interface, and conduits, with packets as they arrive there, before translation. On the lower interface a server behind a static has its mapped address, so an entry with the real one matches no packet that could pass. (An ASA from 8.3 on does it the other way round.)",
			twoAddresses + "access-list out permit tcp any host 10.0.0.80 eq www\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\naccess-group out in interface outside",
			"Name the mapped address in the list, or in the object group that it names."},
		{"W402", "NAT exemption covers part of the networks",
			"Clients of the pool reach inside hosts by their real addresses, for which nat 0 access-list must exempt them from translation. Hosts that the list leaves out are translated towards the pool, and clients cannot open connections to them.",
			tunnel + "access-list nonat permit ip 10.0.0.0 255.255.255.128 10.9.0.0 255.255.255.0\nip local pool clients 10.9.0.1-10.9.0.20\nnat (inside) 0 access-list nonat\nvpngroup staff address-pool clients",
			"Widen the list to all networks that clients should reach, or tell the clients with a split-tunnel list which ones they are."},
		{"W403", "address pool inside a connected network",
			"Hosts of that network take the clients for neighbours and look for them with ARP. It works only while the firewall answers for each connected client, and an address of the pool that a host already has makes both unreachable.",
			tunnel + "ip local pool clients 10.0.0.200-10.0.0.210\nvpngroup staff address-pool clients",
			"Take the pool from a network that is used nowhere else."},
		{"W404", "forged sources pass an exemption",
			"The exemption lets packets between two networks pass untranslated, the list of a lower interface permits them, and without ip verify reverse-path nothing checks that such a source belongs there. Anybody on that side can send packets with a source of the exempt peers to inside hosts.",
			tunnel + "access-list nonat permit ip 10.0.0.0 255.255.255.0 10.0.0.192 255.255.255.192\naccess-list out permit tcp any host 10.0.0.80\nnat (inside) 0 access-list nonat\naccess-group out in interface outside",
			"Add ip verify reverse-path interface IF, or narrow the list."},
		{"W405", "key is masked",
			"A PIX shows asterisks in place of keys, so the file does not hold this one. Whatever needs it cannot work.",
			twoInterfaces + "isakmp key ******** address 198.51.100.9 netmask 255.255.255.255",
			"Supply the key with --secrets FILE."},
		{"W406", "weak encryption",
			"DES has keys of 56 bits, which can be tried out in hours. A transform set without a cipher, or with the null cipher, does not encrypt at all.",
			tunnel + "crypto ipsec transform-set old esp-des esp-sha-hmac\ncrypto dynamic-map clients 20 set transform-set old strong",
			"Use 3DES, or AES where the peers can."},
		{"W407", "weak hash",
			"MD5 collides at will. In HMAC that breaks nothing yet, but nobody should choose it any more.",
			tunnel + "isakmp policy 10 authentication pre-share\nisakmp policy 10 encryption 3des\nisakmp policy 10 hash md5\nisakmp policy 10 group 2\nisakmp policy 10 lifetime 86400",
			"Use SHA where the peers can."},
		{"W408", "weak Diffie-Hellman group",
			"Group 1 has 768 bits; a recorded exchange can be broken later.",
			tunnel + "isakmp policy 10 authentication pre-share\nisakmp policy 10 encryption 3des\nisakmp policy 10 hash sha\nisakmp policy 10 group 1\nisakmp policy 10 lifetime 86400",
			"Use group 5, or at least group 2."},
		{"W409", "pre-shared key for any peer",
			"A key for 0.0.0.0 is shared by every peer that has no key of its own. One stolen client lets its holder pose as the firewall, or as any client.",
			twoInterfaces + "isakmp key S3cret address 0.0.0.0 netmask 0.0.0.0",
			"Use keys per peer, or vpngroup passwords with extended authentication."},
		{"W410", "SNMP community that everybody knows",
			"public is the community of the factory, and private the one that everybody tries next. It matters as soon as snmp-server host lets somebody ask; until then it is only a note.",
			twoAddresses + "snmp-server host outside 198.51.100.9\nsnmp-server community public",
			"Choose another community."},
		{"W411", "password of the factory",
			"The hash is that of an empty enable password, or of cisco, the login password of the factory.",
			"enable password 8Ry2YjIyt7RRXU24 encrypted",
			"Set a password of your own."},
		{"W412", "aaa-server key in clear text",
			"A PIX stores the key that it shares with an authentication server readably. Whoever reads the file can decrypt the logins on the wire, or pose as the server.",
			twoAddresses + "aaa-server Users protocol tacacs+\naaa-server Users (inside) host 10.0.0.9 s3cret timeout 10\naaa authentication ssh console Users",
			"Keep the file to yourself."},
		{"W413", "nat without global",
			"Hosts of the nat line are translated to addresses of the global with the same id. Without one their connections are refused.",
			twoAddresses + "nat (inside) 1 10.0.0.0 255.255.255.0 0 0",
			"Add a global line with that id on the interface that the hosts go out by."},
		{"W414", "global without nat",
			"No nat line has the id of the global, so nobody is translated to it.",
			twoAddresses + "global (outside) 2 203.0.113.10-203.0.113.20",
			"Correct the id, or remove the line."},
		{"W415", "access list is not used",
			"No line of the configuration names the list. A note only: an authentication server may.",
			"access-list old permit tcp any any eq www",
			"Bind the list, or remove it."},
		{"W416", "address pool is not used",
			"No vpngroup and no isakmp client configuration names the pool.",
			"ip local pool spare 10.9.0.1-10.9.0.20",
			"Name the pool where it is needed, or remove it."},
		{"W417", "transform set is not used",
			"No crypto map offers the set.",
			"crypto ipsec transform-set spare esp-3des esp-sha-hmac",
			"Name the set in a crypto map, or remove it."},
		{"W418", "mapped addresses overlap",
			"Two lines (statics, globals) claim the same mapped address, or a later static can never be used for connections that its host opens, since the first match in the configuration wins. A PIX takes the line with a warning.",
			twoAddresses + "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\nstatic (inside,outside) 203.0.113.80 10.0.0.81 netmask 255.255.255.255 0 0",
			"Give each static addresses of its own, and take them out of the globals."},
		{"W419", "entry is covered by an earlier one",
			"The first match wins. An earlier entry matches every packet that this one would: if both decide alike it is redundant (a note), else it never takes effect.",
			twoAddresses + "access-list out permit ip any 203.0.113.0 255.255.255.0\naccess-list out deny tcp any host 203.0.113.80 eq telnet\naccess-group out in interface outside",
			"Move the entry up, or remove it."},
		{"W420", "everything is permitted from a less trusted interface",
			"The list permits every packet, or every one of TCP or UDP, to every host that a static, an exemption or nat shows on that interface.",
			twoAddresses + "access-list out permit ip any any\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\naccess-group out in interface outside",
			"Name the hosts and services that may be reached."},
		{"W421", "interface has no address",
			"The line stands for the address of an interface that has none, so it does nothing until one is set.",
			twoInterfaces + "ip address inside 10.0.0.1 255.255.255.0\nglobal (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0 0 0",
			"Set the address with ip address."},
		{"W422", "entry matches no port",
			"There is no port below 0 or above 65535, so the entry matches nothing.",
			twoInterfaces + "access-list web permit tcp any any gt 65535\naccess-group web in interface outside",
			"Correct the port, or remove the entry."},
		{"W423", "address pool without PAT",
			"The global has fewer addresses than the nat lines have hosts, and no single address for PAT to fall back on. When all are taken, further hosts are refused until one is free (message 202001).",
			twoAddresses + "global (outside) 1 203.0.113.10-203.0.113.14\nnat (inside) 1 0.0.0.0 0.0.0.0 0 0",
			"Add a global line with one address, or with interface."},
		{"W424", "crypto map entry is incomplete",
			"An entry without access list, peer or transform set is ignored.",
			twoAddresses + "access-list far permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0\ncrypto map vpn 10 ipsec-isakmp\ncrypto map vpn 10 match address far\ncrypto map vpn interface outside\nisakmp enable outside",
			"Add the missing lines."},
		{"W425", "crypto map without IKE",
			"A crypto map is on an interface where isakmp is not enabled, so no tunnel can be negotiated.",
			twoAddresses + "crypto ipsec transform-set strong esp-3des esp-sha-hmac\ncrypto dynamic-map clients 10 set transform-set strong\ncrypto map vpn 10 ipsec-isakmp dynamic clients\ncrypto map vpn interface outside",
			"Add isakmp enable IF."},
		{"W426", "aaa rule names a mapped address",
			"aaa rules are compared with the real address of the host on the more trusted interface, unlike access lists. A rule with the mapped address matches nothing, so that its users are not asked.",
			twoAddresses + "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\naaa-server Users protocol tacacs+\naaa-server Users (inside) host 10.0.0.9 timeout 10\naaa authentication include http outside 203.0.113.80 255.255.255.255 0.0.0.0 0.0.0.0 Users",
			"Name the real address."},
		{"W427", "list does not fit its use in nat",
			"nat 0 access-list compares addresses only, so protocols and ports have no place in its list. The list of nat N access-list may only permit.",
			twoAddresses + "access-list nonat permit tcp 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0 eq www\nnat (inside) 0 access-list nonat",
			"Use ip and no ports for an exemption, and permit entries only for policy NAT."},
		{"W428", "server group without server",
			"Users are to be authenticated by a group that holds no server, so nobody gets through.",
			twoAddresses + "aaa-server Users protocol tacacs+\naaa authentication include http outside 10.0.0.80 255.255.255.255 0.0.0.0 0.0.0.0 Users",
			"Add a server to the group with aaa-server TAG (IF) host IP KEY."},
		{"W429", "peer without key",
			"Every isakmp policy authenticates by pre-shared key, and no isakmp key line covers the peer, so the tunnel cannot come up.",
			twoAddresses + `access-list far permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0
nat (inside) 0 access-list far
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto map vpn 10 ipsec-isakmp
crypto map vpn 10 match address far
crypto map vpn 10 set peer 198.51.100.9
crypto map vpn 10 set transform-set strong
crypto map vpn interface outside
isakmp enable outside
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption 3des
isakmp policy 10 hash sha
isakmp policy 10 group 2
isakmp policy 10 lifetime 86400`,
			"Add an isakmp key line for the peer."},
	}
}
