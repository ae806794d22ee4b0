package ast

// targetCodes are the differences between a PIX and the kernel engine, or a translation. Each is about one line.
func targetCodes() []Code {
	return []Code{
		{"W501", "Pool addresses are chosen otherwise",
			"A PIX gives each inside host the lowest free address of the pool, keeps it to itself while it is used, lets the outside connect to it where " +
				"the access list permits, and refuses hosts when the pool is empty (202001). The kernel engine does the same, also for translations whose nat or global lines are gone; when its " +
				"process is killed, the next one reads in the kernel whose address is whose, and goes on. Rules alone, as translate " +
				"writes them, or a kernel without a packet queue, choose the address by a hash of the host: the host keeps it, but two hosts may share one, " +
				"and none is refused. Connections from outside to a host's pool address are dropped. Only the access list that a packet meets depends on " +
				"whether the address is in use, and that is the same as on a PIX.",
			"global (outside) 1 192.168.1.6-192.168.1.10",
			"Run pixfw on the host, or give hosts that others must know by their address a static."},
		{"W502", "PAT ports are chosen otherwise",
			"A PIX hands out the next port of the class of the original one (1-511, 512-1023, 1024-65535). Linux keeps the original port where it is free " +
				"and chooses another of the same class where it is not. What may pass is the same until ports run short: connections to one and the same " +
				"service need different ports on Linux, others may share one. The kernel engine takes the next PAT address of an id when an eighth of " +
				"the ports of a class is left to a service, because Linux may not find those, or when as many are in use as a PIX has, and refuses (202001) when no address is left. When lines of NAT change, a port that has a translation keeps it, but not one that Linux had given to two hosts. When the process is killed, the next one knows the translations of ports that its own lines would make, by their connections; those of other lines serve their connections and no others: a flow does not say whether PAT or a static of a port has translated it. A connection counts from when " +
				"it has got its address: first packets from ports below 1024 always wait for that, as those of the third class do when half of it is in use to a service. With " +
				"rules alone Linux drops what it finds no port for without a message.",
			"global (outside) 1 203.0.113.20", "Nothing, unless something depends on the ports."},
		{"W503", "Global is not used",
			"Rules alone, as translate writes them, serve each nat id on an interface from one global: the first range of addresses, or else the first PAT " +
				"address. The kernel engine uses all of them in order, as a PIX does.",
			"global (outside) 1 203.0.113.10-203.0.113.12\nglobal (outside) 1 203.0.113.20", "For translate, write one range, or PAT alone."},
		{"W504", "Limit of half-open connections or DNS rewriting is not done",
			"With rules alone, as translate writes them, DNS answers are not rewritten. The kernel engine does it; while its process is dead, answers pass as they " +
				"are. The limits of connections (201002) and of half-open ones are enforced by the kernel engine. Beyond the latter the kernel answers for the host, whoever begins the connection " +
				"(TCP intercept, 201003), with a cookie and a segment size of 1460, and calls the server when the client has answered. The process says so of each connection. In a flood (a hundred first " +
				"packets a second to a host) the kernel answers by itself, and goes on for some seconds, those who call by a static without an access list or by a translation that lives; to a host that keeps its address, or where users have to log in or outside NAT translates who " +
				"calls, the process goes on to be asked, about 5,000 packets a second. Who has been answered when the configuration changes has to begin anew. A translation keeps the limits of the line that made it, as on a PIX; while the process is dead those of the lines hold. " +
				"With rules alone the limit of half-open connections has no effect.",
			"static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255 100 20", "Switch SYN cookies on at the server."},
		{"W505", "Static is not loaded",
			"Statics whose netmask has holes are not loaded. Packets that only they would translate are judged by the lines after them and dropped when there is " +
				"none, because every packet between interfaces needs a translation.",
			"static (inside,outside) 203.0.113.0 10.0.0.0 netmask 255.255.0.255", "Write a static for each net or host."},
		{"W506", "Users cannot log in",
			"The cut-through proxy does not ask for users yet. With `pixfw run` the first connection of an unknown user to FTP, Telnet, HTTP or HTTPS is taken to " +
				"the firewall, which refuses it in the words of the service, and of one host as many at a time as aaa proxy-limit permits (109017); to an address of a pool, and to other services, it is dropped (109023), which " +
				"is what a PIX does to users who have not logged in. Rules alone drop all of them, and send no accounting records. Servers are asked about users of consoles and tunnels only, and accounting is about users of tunnels.",
			"aaa authentication include http outside 10.89.129.131 255.255.255.255 0.0.0.0 0.0.0.0 AuthInbound",
			"Leave the line out where connections may pass without a login."},
		{"W507", "IPsec is not served",
			"Rules alone, as `pixfw translate` writes them, speak no IKE. IKE packets are let in to where nothing answers, nothing is decrypted, so that permit-ipsec " +
				"finds nothing to permit, and what a crypto map's access list names is dropped in both directions instead of passing in the clear. `pixfw run` and " +
				"`pixfw lab` serve peers and clients, and have nothing to say about these lines.",
			"crypto map mymap interface outside", "Run the firewall with pixfw run."},
		{"W508", "Inspection is done otherwise, or not at all",
			"A fixup opens the further connections of its protocol, translates addresses in payloads, and checks what is said. For TFTP, SIP, H.323 and PPTP the " +
				"kernel's helpers do the first two, and for FTP where rules stand alone. `pixfw run` looks into payloads itself: docs/fixups.md says of which, and what is left out. Rules " +
				"alone look into none: further connections are denied by the access list, and nothing is checked but the length of DNS packets.",
			"fixup protocol smtp 25", "Where a check is missing that you rely on, check on the server."},
		{"W509", "Timers of inspections are the kernel's own",
			"Connections, half-closed connections and UDP use the configured timers. Those of RPC, H.225, H.323, MGCP and SIP have no counterpart; their connections use " +
				"the timers for conn and udp. A timer of zero, never on a PIX, is a year.",
			"timeout h323 0:05:00 mgcp 0:05:00 sip 0:30:00 sip_media 0:02:00", "Nothing, in most networks."},
		{"W510", "Management over the network is not served as on a PIX",
			"There is no PDM and no SNMP agent; Telnet and SSH are served by `pixfw run` only (SSH in version 2), and by the host itself where the rules are loaded without it.",
			"http 10.0.0.0 255.0.0.0 inside", "Use SSH, or the console of the host."},
		{"W511", "Dynamic outside NAT is not loaded",
			"A nat line with the word outside translates foreign sources with a global of the inner interface. Rules alone, as translate writes them, do not " +
				"load it; packets that it covers are dropped (305006). The kernel engine does it, with and without an access list.",
			"nat (outside) 2 198.51.100.0 255.255.255.0 outside\nglobal (inside) 2 10.0.0.200-10.0.0.210", "Use static (outside,inside)."},
		{"W512", "No summary of logged entries",
			"With rules alone an entry with log logs each packet that it decides. A PIX, like the kernel engine, writes the first and then a summary each interval.",
			"access-list out permit tcp any host 203.0.113.80 eq 80 log", "Count on the hit count of the entry instead."},
		{"W513", "Interface is not served",
			"The interface has no address, or no device of this host stands for it. No packet enters or leaves by it.",
			"nameif ethernet2 dmz security50", "Give it an address with ip address, and name its device."},
		{"W514", "What Linux never does as a PIX",
			"Some things hold for every configuration. Packets lose one from their TTL, and senders get ICMP errors where it ends or a neighbour does not answer. Initial sequence numbers are not randomised. " +
				"What the initiator of a connection sends behind his SYN before he is answered, but for another SYN or a reset, is dropped without a message, and so is what goes to the " +
				"broadcast address of another interface's subnet. Without " +
				"the daemon, segment sizes that are not the first option of a SYN are left as they are, because the kernel would spoil the checksum of some. Without " +
				"the daemon, the limits of the fragment command are those of the kernel. ICMP replies that answer nothing, and packets of protocols without ports that " +
				"conntrack calls invalid, are then not translated and so not " +
				"forwarded, even where an access list permits them; with it, that holds only of replies through PAT.",
			"nat (inside) 1 0.0.0.0 0.0.0.0", "Nothing, in most networks."},
		{"W515", "Line of an older kind is not loaded",
			"With rules alone, as translate writes them, what established permits is judged by the access list; the kernel engine does it, and forgets a " +
				"connection within a minute when it dies. With rules alone an alias translates destinations, but no DNS answers, and no ARP " +
				"is answered for it; the kernel engine does both. Where its mask has holes, what it would translate is dropped. Conduits and outbound lists are in the rules.",
			"established tcp 6000 0 permitto tcp 1024-65535", "Write an access list for the interface, and static (outside,inside) for an alias."},
		{"W516", "Route and static disagree",
			"A static says on which interface its real addresses are. A PIX believes it; Linux follows the route. When the route leads elsewhere the packet meets the " +
				"rules of that other interface, and most likely is dropped there.",
			"static (inside,outside) 203.0.113.80 172.16.9.9 netmask 255.255.255.255", "Correct the route, or the static."},
		{"W517", "This kernel lacks what the line needs",
			"The kernel was built without a part that the line makes use of: a connection tracking helper for an inspection, the count of connections for a limit, resets. " +
				"The finding names the part, the option of the kernel's build, and what is otherwise. Everything else is in force. Findings of this code come from pixfw " +
				"run, lab, and check --kernel, which ask the kernel of the host; translate asks none.",
			"fixup protocol h323 h225 1720", "Load the module, or a kernel that has it; or write what the line opens into the access list."},
		{"W518", "Line is not carried out on the kernel",
			"No rule and no process of the kernel engine does what the line says: filters that ask a server, filter java and activex on ports without fixup protocol http, a DHCP server or relay, routing protocols, " +
				"multicast; with rules alone also signatures of ip audit, management-access and sysopt ipsec pl-compatible. The finding says what becomes of the packets instead.",
			"filter java 8080 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0", "Have something else do it, or do without."},
		{"W519", "Signature is not looked for",
			"The engines see the signatures of ip audit that the headers of a single packet show: IP options, fragments, types and sizes of ICMP, flags of TCP, ports and " +
				"lengths of UDP. Those in the data of FTP, DNS and RPC, and those about several packets, they do not. The kernel engine looks while its process runs.",
			"ip audit interface outside attacks", "Nothing to do: no packet is dropped by such a signature."},
	}
}
