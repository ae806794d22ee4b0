package parser

// The command tables. Examples are canonical: they print exactly as they stand here.

func cmd(keyword, help string, set, no *form, usage string, example ...string) *command {
	return &command{keyword: keyword, help: help, set: set, no: no, usage: split(usage), example: example}
}

var systemCommands = []*command{
	cmd("interface", "speed of a port, and whether it is on", newForm[interfaceGrammar](), newForm[noInterfaceGrammar](),
		"interface HW [SPEED [nonegotiate]] [shutdown]\n\tSPEED: auto|10baset|10full|100basetx|100full|1000sxfull|1000basesx|1000auto|1000full|aui|bnc|4mbps|16mbps\ninterface HW vlanN [physical|logical] [shutdown]\nno interface HW vlanN", "interface ethernet0 100full",
		"interface ethernet2 auto shutdown", "interface gb-ethernet2 vlan50 logical"),
	cmd("nameif", "name and security level of a port", newForm[nameifGrammar](), newForm[noNameifGrammar](),
		"nameif HW|vlanN IF securityN", "nameif ethernet2 dmz security50", "nameif vlan50 lab security10"),
	cmd("enable password", "password of the privileged mode", newForm[enablePasswordGrammar](), newForm[noEnablePasswordGrammar](),
		"enable password PASSWORD [level N] [encrypted]\nno enable password [level N]", "enable password 8Ry2YjIyt7RRXU24 encrypted",
		"enable password 8Ry2YjIyt7RRXU24 level 5 encrypted"),
	func() *command {
		c := cmd("passwd", "password for telnet and ssh", newForm[passwdGrammar](), newForm[noPasswdGrammar](),
			"passwd PASSWORD [encrypted]", "passwd 2KFQnbNIdI.2KYOU encrypted")
		c.also = []string{"password"}
		return c
	}(),
	cmd("hostname", "name of the box, shown in the prompt", newForm[hostnameGrammar](), newForm[noHostnameGrammar](),
		"hostname NAME", "hostname pixfirewall"),
	cmd("domain-name", "domain of the box", newForm[domainNameGrammar](), newForm[noDomainNameGrammar](),
		"domain-name NAME", "domain-name example.com"),
	cmd("fixup", "inspection of an application's connections", newForm[fixupGrammar](), newForm[noFixupGrammar](),
		"fixup protocol ctiqbe|ftp|http|ils|mgcp|pptp|rsh|rtsp|skinny|smtp|snmp|sqlnet|tftp [PORT[-PORT]]\nfixup protocol dns [maximum-length OCTETS]\n"+
			"fixup protocol esp-ike\nfixup protocol ftp strict [PORT]\nfixup protocol h323 h225|ras PORT[-PORT]\nfixup protocol icmp error\n"+
			"fixup protocol sip [PORT[-PORT]]\nfixup protocol sip udp PORT", "fixup protocol dns maximum-length 512", "fixup protocol ftp strict 21",
		"fixup protocol h323 ras 1718-1719", "fixup protocol sip udp 5060", "fixup protocol icmp error", "no fixup protocol smtp 25"),
	cmd("names", "print addresses by name", newForm[namesGrammar](), newForm[noNamesGrammar](), "names", "names", "no names"),
	cmd("name", "name for an address", newForm[nameGrammar](), newForm[noNameGrammar](), "name IP NAME", "name 10.1.1.1 mailhost"),
	cmd("pager", "lines of a page", newForm[pagerGrammar](), newForm[noPagerGrammar](), "pager [lines N]", "pager lines 24", "no pager"),
	cmd("mtu", "largest packet of an interface", newForm[mtuGrammar](), newForm[noMTUGrammar](), "mtu IF BYTES", "mtu outside 1500"),
	cmd("failover", "second box that takes over", newForm[failoverGrammar](), newForm[noFailoverGrammar](),
		"failover\nfailover timeout H:MM:SS\nfailover poll SECONDS\nfailover replication http\nfailover ip address IF IP\nfailover mac address IF ACTIVE STANDBY\n"+
			"failover link IF\nfailover lan unit primary|secondary\nfailover lan interface IF\nfailover lan key KEY\nfailover lan enable", "failover", "no failover",
		"failover timeout 0:00:00", "failover poll 15", "failover ip address inside 10.1.1.3", "no failover ip address outside",
		"failover replication http", "failover mac address inside 000a.f331.8222 000a.f331.8223", "failover link state", "failover lan unit primary",
		"failover lan interface state", "failover lan key secretkey", "failover lan enable"),
	cmd("floodguard", "protection of the authentication from floods", newForm[floodguardGrammar](), newForm[noFloodguardGrammar](),
		"floodguard enable|disable", "floodguard enable", "no floodguard enable"),
	cmd("sysopt", "options of the system", newForm[sysoptGrammar](), newForm[noSysoptGrammar](),
		"sysopt connection permit-ipsec|permit-l2tp|permit-pptp|timewait\nsysopt connection tcpmss [minimum] BYTES\nsysopt noproxyarp IF\n"+
			"sysopt nodnsalias inbound|outbound\nsysopt ipsec pl-compatible\nsysopt radius ignore-secret\nsysopt uauth allow-http-cache",
		"sysopt connection permit-ipsec", "sysopt connection tcpmss minimum 48", "sysopt noproxyarp inside"),
}

var addressCommands = []*command{
	cmd("ip address", "address of an interface", newForm[ipAddressGrammar](), newForm[noIPAddressGrammar](),
		"ip address IF IP [MASK] [pppoe [setroute]]\nip address IF dhcp [setroute] [retry [N]]\nip address IF pppoe [setroute]",
		"ip address outside 192.0.2.1 255.255.255.0", "no ip address dmz", "ip address outside dhcp setroute retry 10", "ip address outside pppoe setroute",
		"ip address outside 192.0.2.1 255.255.255.255 pppoe"),
	cmd("ip verify", "drop packets whose source is not routed back", newForm[reversePathGrammar](), newForm[noReversePathGrammar](),
		"ip verify reverse-path interface IF", "ip verify reverse-path interface outside"),
	cmd("ip audit", "action of the attack signatures", newForm[auditGrammar](), newForm[noAuditGrammar](),
		"ip audit info|attack [action {alarm|drop|reset}]\nip audit name NAME info|attack [action {alarm|drop|reset}]\nip audit interface IF NAME\n"+
			"ip audit signature N disable", "ip audit info action alarm", "ip audit attack action alarm drop", "ip audit name Watch attack action alarm drop",
		"ip audit interface outside Watch", "ip audit signature 2004 disable"),
	cmd("ip local", "pool of addresses for VPN clients", newForm[poolGrammar](), newForm[noPoolGrammar](),
		"ip local pool NAME IP[-IP] [mask MASK]", "ip local pool VPNpool 10.1.1.10-10.1.1.20",
		"ip local pool VPNpool 10.1.1.10-10.1.1.20 mask 255.255.255.0"),
	cmd("icmp", "ICMP to the box itself", newForm[icmpGrammar](), newForm[noICMPGrammar](),
		"icmp permit|deny any|host IP|IP MASK [TYPE] IF", "icmp permit any echo-reply outside", "icmp deny any outside",
		"icmp permit 10.0.0.0 255.0.0.0 echo inside"),
	cmd("arp", "lasting ARP entries, and the life of others", newForm[arpGrammar](), newForm[noARPGrammar](),
		"arp IF IP MAC [alias]\narp timeout SECONDS", "arp timeout 14400", "arp outside 198.51.100.60 000a.f331.8222", "arp dmz 10.2.0.9 000a.f331.8223 alias"),
	cmd("route", "static route", newForm[routeGrammar](), newForm[noRouteGrammar](), "route IF IP MASK GATEWAY [METRIC]",
		"route outside 0.0.0.0 0.0.0.0 192.0.2.254 1"),
	cmd("global", "addresses that nat translates to", newForm[globalGrammar](), newForm[noGlobalGrammar](),
		"global [(IF)] ID IP[-IP] [netmask MASK]\nglobal [(IF)] ID interface", "global (outside) 1 192.0.2.10-192.0.2.20 netmask 255.255.255.0",
		"global (outside) 1 interface", "global (outside) 1 192.0.2.21"),
	cmd("nat", "which addresses are translated", newForm[natGrammar](), newForm[noNatGrammar](),
		"nat [(IF)] ID IP [MASK] [dns] [outside] [CONNS [EMBRYONIC]] [norandomseq]\nnat [(IF)] ID access-list ACL [OPTIONS]\nnat [(IF)] 0 access-list ACL [outside]",
		"nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 0 access-list 101", "nat (inside) 2 access-list P dns 10 5 norandomseq"),
	cmd("static", "lasting translation of an address or port", newForm[staticGrammar](), newForm[noStaticGrammar](),
		"static [(REAL_IF,MAPPED_IF)] MAPPED_IP|interface REAL_IP [dns] [netmask MASK] [CONNS [EMBRYONIC]] [norandomseq]\n"+
			"static [(REAL_IF,MAPPED_IF)] tcp|udp MAPPED_IP|interface PORT REAL_IP PORT [OPTIONS]\n"+
			"static [(REAL_IF,MAPPED_IF)] ... access-list ACL [OPTIONS]",
		"static (inside,outside) 192.0.2.15 10.0.0.7 netmask 255.255.255.255 0 0",
		"static (inside,outside) tcp interface www 10.0.0.7 8080 netmask 255.255.255.255 0 0",
		"static (inside,outside) 192.0.2.15 access-list P dns 0 0 norandomseq"),
	cmd("timeout", "idle time after which state is dropped", newForm[timeoutGrammar](), newForm[noTimeoutGrammar](),
		"timeout {xlate|conn|half-closed|udp|rpc|h225|h323|mgcp|sip|sip_media|sip-disconnect|sip-invite H:MM:SS}\ntimeout uauth H:MM:SS [absolute|inactivity]", "timeout xlate 3:00:00",
		"timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00", "timeout uauth 0:05:00 absolute uauth 0:02:00 inactivity"),
}

var aclCommands = []*command{
	cmd("access-list", "entry of an access list", newForm[accessListGrammar](), newForm[noAccessListGrammar](),
		"access-list ID [line N] permit|deny PROTOCOL|object-group GROUP SRC [PORT] DST [PORT|TYPE] [log [LEVEL|default|disable] [interval S]]\n"+
			"\tSRC, DST: any | host IP | IP MASK | interface IF | object-group GROUP\n\tPORT: eq|neq|lt|gt PORT | range PORT PORT | object-group GROUP\n"+
			"access-list ID [line N] remark TEXT\naccess-list ID [line N] permit|deny any|host IP|IP MASK\n"+
			"access-list [ID] compiled\naccess-list deny-flow-max N\naccess-list alert-interval SECONDS\nno access-list ID [...]",
		"access-list 101 permit tcp any host 192.0.2.15 eq www", "access-list 101 deny ip 10.0.0.0 255.0.0.0 any log 4",
		"access-list 101 permit icmp any any echo-reply", "access-list 101 permit 10.0.0.0 255.0.0.0", "access-list compiled",
		"access-list 101 compiled", "access-list deny-flow-max 1024", "access-list alert-interval 60",
		"access-list 101 permit object-group P object-group A interface outside", "access-list 101 deny icmp any any object-group ping log disable", "access-list 101 remark two  blanks",
		"access-list 101 permit udp host 10.1.1.1 range 1024 65535 object-group G eq domain"),
	cmd("access-group", "bind an access list to an interface", newForm[accessGroupGrammar](), newForm[noAccessGroupGrammar](),
		"access-group ID in interface IF [per-user-override]", "access-group 101 in interface outside"),
}

var managementCommands = []*command{
	cmd("telnet", "who may telnet to the box", newForm[telnetGrammar](), newForm[noTelnetGrammar](),
		"telnet IP [MASK] [IF]\ntelnet timeout MINUTES", "telnet 10.0.0.0 255.0.0.0 inside", "telnet timeout 5"),
	cmd("ssh", "who may reach the box by SSH", newForm[sshGrammar](), newForm[noSSHGrammar](),
		"ssh IP [MASK] [IF]\nssh timeout MINUTES", "ssh 10.0.0.0 255.0.0.0 inside", "ssh timeout 5"),
	cmd("http", "who may reach the box's web interface", newForm[httpGrammar](), newForm[noHTTPGrammar](),
		"http server enable\nhttp IP [MASK] [IF]", "http server enable", "http 10.0.0.0 255.0.0.0 inside"),
	cmd("console", "idle time of the console", newForm[consoleGrammar](), newForm[noConsoleGrammar](), "console timeout MINUTES", "console timeout 0"),
	cmd("terminal", "width of the terminal", newForm[terminalGrammar](), newForm[noTerminalGrammar](), "terminal width N", "terminal width 80"),
	cmd("snmp-server", "network management", newForm[snmpGrammar](), newForm[noSNMPGrammar](),
		"snmp-server location|contact TEXT\nsnmp-server community KEY\nsnmp-server host [IF] IP [trap|poll]\nsnmp-server enable traps",
		"snmp-server location the cellar", "no snmp-server contact", "snmp-server community public", "snmp-server host inside 10.1.1.1 poll",
		"no snmp-server enable traps"),
}
