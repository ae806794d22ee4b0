package ast

// site is the start of examples about a tunnel between two sites.
const site = twoAddresses + `route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
access-list far permit ip 10.0.0.0 255.255.255.0 10.9.0.0 255.255.255.0
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto map vpn 10 ipsec-isakmp
crypto map vpn 10 match address far
crypto map vpn 10 set peer 198.51.100.9
crypto map vpn 10 set transform-set strong
crypto map vpn interface outside
isakmp enable outside
`

// policyCodes documents lines that nothing needs or that others leave nothing to do, and what is open or easily guessed.
func policyCodes() []Code {
	return []Code{
		{"W430", "entry is covered by several earlier ones",
			"The first match wins. Earlier entries together match every packet that this one would: if they decide alike it is redundant (a note), else it never takes effect.",
			twoAddresses + "access-list out permit tcp any host 203.0.113.80 lt 1024\naccess-list out permit tcp any host 203.0.113.80 gt 1023\naccess-list out deny tcp any host 203.0.113.80\naccess-group out in interface outside",
			"Move the entry up, or remove it."},
		{"W431", "list was not examined to the end",
			"Whether earlier entries take all packets of an entry is found out by exact arithmetic, which takes too long for lists that cut each other into very many pieces. What was left out may hold entries that never take effect.",
			"", "Split the list, or put what differs in one word into object groups."},
		{"W432", "entry is made superfluous by a later one",
			"A later entry of the list matches every packet that this one does, decides in the same way, and nothing between them decides otherwise for any of them. A note only: the entry may be there for its hit count.",
			twoAddresses + "access-list out permit tcp host 198.51.100.7 host 203.0.113.80 eq www\naccess-list out permit tcp any host 203.0.113.80 eq www\naccess-group out in interface outside",
			"Remove the entry."},
		{"W433", "name is not used",
			"No other line of the configuration has the address that the name stands for.",
			"names\nname 10.0.0.80 webserver", "Remove the name."},
		{"W434", "object group is not used",
			"No entry of an access list, no conduit and no other group names the group.",
			"object-group network web\nnetwork-object host 203.0.113.80", "Name the group where it is needed, or remove it."},
		{"W435", "server group is not used",
			"Nobody is authenticated by the servers of the group: no aaa line, crypto map, vpngroup or vpdn group names it.",
			twoInterfaces + "aaa-server Users protocol radius", "Name the group where it is needed, or remove it."},
		{"W436", "crypto map is not used",
			"No crypto map takes its values from the dynamic map, or the crypto map is on no interface.",
			"crypto ipsec transform-set strong esp-3des esp-sha-hmac\ncrypto dynamic-map clients 10 set transform-set strong",
			"Name the dynamic map in a crypto map, bind the crypto map to an interface, or remove it."},
		{"W437", "static that nothing reaches",
			"Statics without a port are looked at before those with one, so that one for an address leaves nothing to a static for a port of it. And an exemption comes before statics: hosts that are exempt towards everywhere are never translated when they open connections.",
			twoAddresses + "static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\nstatic (inside,outside) tcp 203.0.113.80 smtp 10.0.0.25 smtp netmask 255.255.255.255 0 0",
			"Use statics for single ports where ports of an address go to different hosts, and exempt only what needs it."},
		{"W438", "tunnel for packets that are translated before",
			"A crypto map compares packets after translation. Hosts that a nat line or a static translates are never what a list with their real addresses names, so that their packets leave without the tunnel.",
			site + "nat (inside) 1 0.0.0.0 0.0.0.0 0 0\nglobal (outside) 1 interface",
			"Exempt the packets with nat 0 access-list, or name the translated addresses in the list."},
		{"W439", "list names the mapped address of a host on its own side",
			"A PIX 6.3 compares the list of an interface with packets as they arrive there, before translation. A host arrives on its own side with its real address, so that an entry with its mapped one as source matches none of its packets.",
			twoAddresses + "access-list in deny tcp host 203.0.113.80 any eq smtp\naccess-list in permit ip any any\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\naccess-group in in interface inside",
			"Name the real address in the list."},
		{"W442", "management is open to everybody",
			"The line lets every address of the least trusted side try to log in to the box. Passwords are guessed, and the SSH of this release is version 1.",
			twoAddresses + "ssh 0.0.0.0 0.0.0.0 outside", "Name the hosts that manage the box."},
		{"W443", "conduits and access-group are mixed",
			"Where an access-group binds a list to an interface, that list alone decides for packets that arrive there, and conduits have no effect. They hold on interfaces without a list only.",
			twoAddresses + "access-list out permit tcp any host 203.0.113.80 eq www\nstatic (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 0 0\naccess-group out in interface outside\nconduit permit tcp host 203.0.113.80 eq smtp any",
			"Write the conduits as entries of the list, and remove them."},
		{"W444", "key or password is easy to guess",
			"The key is a word that is tried first, such as cisco123, or so short that it is tried out soon; or a user has no password.",
			twoInterfaces + "isakmp key cisco123 address 198.51.100.9 netmask 255.255.255.255", "Choose a long key that is no word."},
		{"W445", "addresses are handed out twice",
			"Two lines give addresses to hosts from ranges that overlap: pools for VPN clients, DHCP, globals, statics. What one host has been given may be given to another.",
			tunnel + "ip local pool staff 10.9.0.1-10.9.0.20\nip local pool guests 10.9.0.20-10.9.0.40\nvpngroup staff address-pool staff\nvpngroup guests address-pool guests",
			"Give each of them addresses of its own."},
		{"W446", "pool of clients without exemption",
			"Clients of the pool reach inside hosts by their real addresses only where nat 0 access-list exempts those from translation. Without any exemption towards the pool the tunnel comes up, and every connection that a client opens is refused (message 305005).",
			tunnel + "global (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0 0 0\nip local pool clients 10.9.0.1-10.9.0.20\nroute outside 0.0.0.0 0.0.0.0 203.0.113.254 1\nvpngroup staff address-pool clients",
			"Exempt the inside networks towards the pool with nat (inside) 0 access-list."},
		{"W447", "any certificate is good for any peer",
			"With rsa-sig a peer proves that it has a certificate of the authority, and the identity that stands in it. Nothing but ca verifycertdn says which certificates belong to peers, so that the holder of any other of the authority, such as a client, can answer in the place of one when its packets reach him.",
			site + "isakmp policy 10 authentication rsa-sig\nisakmp policy 10 encryption 3des\nisakmp policy 10 hash sha\nisakmp policy 10 group 2\nisakmp policy 10 lifetime 86400",
			"Give the certificates of gateways something in common that no other has, and test for it with ca verifycertdn."},
		{"W449", "packets are not authenticated",
			"A transform set with a cipher and no authenticator lets anybody on the way alter packets without being noticed, and what CBC decrypts can then be steered. Without an authenticator there is no replay detection either: old packets are taken again.",
			tunnel + "crypto ipsec transform-set old esp-3des\ncrypto dynamic-map clients 20 set transform-set old strong",
			"Add esp-sha-hmac to the set, on both sides."},
		{"W448", "test of names in certificates cannot be read",
			"The text of ca verifycertdn is a list of tests with commas between: an attribute of the subject, an operator (= is, * contains, ! or != is not, !* does not contain) and a value. What cannot be read is passed by no certificate.",
			site + "ca verifycertdn gw", "Write the tests with commas between."},
		{"W450", "gateway is not a neighbour",
			"The next hop of a route is asked for on the wire of its interface. An address outside the network of the interface has nobody there who answers, unless some router answers for it; and Linux does not take such a route at all.",
			twoAddresses + "route outside 10.50.0.0 255.255.0.0 10.50.0.1 1", "Name a router in the network of the interface."},
		{"W451", "static between an interface and itself",
			"A PIX 6.3 never sends a packet out of the interface that it came in by, whatever is translated. A static with one interface on both sides translates nothing, though the box answers ARP for its global address.",
			twoAddresses + "static (outside,outside) 203.0.113.80 203.0.113.81 netmask 255.255.255.255 0 0", "Name the interface on which the other side is."},
		{"W452", "secret is used by no line",
			"The line of the file of secrets supplies the key of no masked line: the configuration has no such line, it differs in more than the key, or its key is not masked. Or the line holds no key at all.",
			"",
			"Write the line as the configuration has it, with the key in the place of the asterisks."},
	}
}
