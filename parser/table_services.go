package parser

// serviceCommands are the services of the box: messages, time, DHCP, and what managers see.
var serviceCommands = []*command{
	cmd("logging", "messages of the box", newForm[loggingGrammar](), newForm[noLoggingGrammar](),
		"logging on|timestamp|standby\nlogging console|monitor|buffered|trap|history LEVEL\nlogging facility N\nlogging queue N\n"+
			"logging host [IF] IP [tcp|udp/PORT] [format emblem]\nlogging device-id hostname|ipaddress IF|string TEXT\nlogging message ID [level LEVEL]",
		"logging on", "logging timestamp", "logging trap notifications", "logging facility 16", "logging queue 1024", "logging host inside 10.1.1.10",
		"logging host inside 10.1.1.10 6/1470", "logging host inside 10.1.1.40 format emblem", "logging device-id ipaddress inside",
		"no logging message 106011", "logging message 109005 level warnings"),
	cmd("ntp", "clock by network", newForm[ntpGrammar](), newForm[noNTPGrammar](),
		"ntp server IP [key ID] [source IF] [prefer]\nntp authenticate\nntp authentication-key ID md5 KEY\nntp trusted-key ID",
		"ntp server 10.1.1.10 source inside prefer", "ntp server 10.1.1.11 key 7", "ntp authenticate", "ntp authentication-key 7 md5 secretkey",
		"ntp trusted-key 7"),
	cmd("clock", "time zone", newForm[clockGrammar](), newForm[noClockGrammar](),
		"clock timezone ZONE HOURS [MINUTES]\nclock summer-time ZONE recurring [WEEK WEEKDAY MONTH HH:MM WEEK WEEKDAY MONTH HH:MM [OFFSET]]\n"+
			"clock summer-time ZONE date DAY MONTH YEAR HH:MM DAY MONTH YEAR HH:MM [OFFSET]",
		"clock timezone PST -8", "clock summer-time PDT recurring", "clock summer-time CEDT recurring last Sun Mar 2:00 last Sun Oct 3:00",
		"clock summer-time BST date Mar 30 2003 1:00 Oct 26 2003 2:00 60"),
	cmd("dhcpd", "DHCP server", newForm[dhcpdGrammar](), newForm[noDHCPDGrammar](),
		"dhcpd address IP[-IP] [IF]\ndhcpd dns|wins IP [IP]\ndhcpd domain NAME\ndhcpd lease SECONDS\ndhcpd ping_timeout MILLISECONDS\n"+
			"dhcpd option CODE ascii TEXT|hex DIGITS|ip IP [IP]\ndhcpd auto_config [IF]\ndhcpd enable [IF]",
		"dhcpd address 10.0.0.15-10.0.0.16 inside", "dhcpd dns 10.1.1.1 10.1.1.2", "dhcpd wins 10.1.1.1", "dhcpd domain example.com",
		"dhcpd lease 3600", "dhcpd ping_timeout 750", "dhcpd option 150 ip 10.0.0.7 10.0.0.9", "dhcpd option 66 ascii boothost",
		"dhcpd auto_config outside", "dhcpd enable inside"),
	cmd("dhcprelay", "DHCP requests passed on to a server", newForm[relayGrammar](), newForm[noRelayGrammar](),
		"dhcprelay server IP IF\ndhcprelay enable IF\ndhcprelay setroute IF\ndhcprelay timeout SECONDS",
		"dhcprelay server 10.1.1.5 dmz", "dhcprelay enable inside", "dhcprelay setroute inside", "dhcprelay timeout 60"),
	cmd("banner", "text shown at login", newForm[bannerGrammar](), newForm[noBannerGrammar](),
		"banner exec|login|motd TEXT", "banner login Authorized  use only", "banner motd     four blanks before"),
	cmd("tftp-server", "server that configurations are written to", newForm[tftpGrammar](), newForm[noTFTPGrammar](),
		"tftp-server [IF] IP [PATH]", "tftp-server inside 10.0.0.7 /"),
	cmd("auto-update", "configurations and images from a server", newForm[updateGrammar](), newForm[noUpdateGrammar](),
		"auto-update device-id hardware-serial|hostname|ipaddress [IF]|mac-address [IF]|string TEXT\nauto-update poll-period MINUTES [RETRIES [MINUTES]]\n"+
			"auto-update server URL [verify-certificate]\nauto-update timeout MINUTES",
		"auto-update device-id ipaddress outside", "auto-update poll-period 720 0 5", "auto-update server https://10.1.1.5/update verify-certificate",
		"auto-update timeout 60"),
	cmd("privilege", "level that a command needs", newForm[privilegeGrammar](), newForm[noPrivilegeGrammar](),
		"privilege [show|clear|configure] level N [mode enable|configure] command COMMAND", "privilege show level 7 command ip",
		"privilege configure level 5 mode configure command route"),
	cmd("management-access", "inner interface that managers reach through a tunnel", newForm[managementAccessGrammar](), newForm[noManagementAccessGrammar](),
		"management-access IF", "management-access inside"),
	cmd("pdm", "bookkeeping of the box's web interface", newForm[pdmGrammar](), newForm[noPDMGrammar](),
		"pdm location IP MASK IF\npdm group GROUP IF [reference GROUP]\npdm logging [LEVEL [N]]\npdm history enable",
		"pdm location 10.1.1.1 255.255.255.255 inside", "pdm group Servers dmz reference Servers_ref", "pdm logging informational 200",
		"pdm history enable"),
	cmd("mgcp", "who belongs together in MGCP", newForm[mgcpGrammar](), newForm[noMGCPGrammar](),
		"mgcp call-agent|gateway IP GROUP\nmgcp command-queue LIMIT", "mgcp call-agent 10.1.1.5 101", "mgcp gateway 10.1.1.6 101", "mgcp command-queue 150"),
}

// serviceCleared is what of them `clear` takes.
var serviceCleared = []string{"ntp", "clock", "dhcpd", "dhcprelay", "banner", "tftp-server", "auto-update", "privilege", "management-access",
	"mgcp", "nameif", "arp", "multicast", "mroute", "rip", "route-map", "prefix-list", "router", "routing"}

// serviceHelp explains their keywords.
var serviceHelp = map[string]string{
	"physical": "tag the frames of the port itself", "logical": "a port of its own in that VLAN", "nonegotiate": "no agreement with the other end",
	"sec": "security level", "dhcp": "address by DHCP", "pppoe": "address by PPPoE", "setroute": "also take the default route that is learnt",
	"retry": "try again when there is no answer", "signature": "one attack signature", "name": "name", "mask": "netmask", "alias": "an entry that never goes",
	"link": "interface that state goes over", "replication": "what is known to both boxes", "mac": "hardware addresses", "lan": "failover over a network",
	"unit": "which of the two boxes this is", "primary": "the first box", "secondary": "the second box",
	"on": "send messages", "timestamp": "with the time", "standby": "from the box in reserve, too", "console": "on the console", "monitor": "in telnet sessions",
	"buffered": "in the memory of the box", "facility": "facility for syslog servers", "queue": "messages that may wait", "message": "one message",
	"device-id": "what messages call the box", "ipaddress": "address of an interface", "string": "a text", "format": "format of the messages",
	"emblem":      "Cisco EMBLEM",
	"prefer":      "rather than other servers",
	"key":         "key",
	"source":      "interface that requests leave by",
	"trusted-key": "key that servers may use", "authenticate": "only believe servers that know a key", "authentication-key": "key of a server",
	"timezone": "hours east of Greenwich", "summer-time": "when the clock is put forward", "recurring": "every year", "date": "once, by date",
	"wins": "WINS servers", "lease": "how long clients keep an address", "ping_timeout": "how long to ask whether an address is free",
	"option": "a DHCP option", "ascii": "text", "hex": "hexadecimal digits", "auto_config": "pass on what the box was told itself",
	"exec": "after login, in sessions", "login": "before the password", "motd": "when a session begins",
	"hardware-serial": "serial number", "mac-address": "hardware address of an interface", "poll-period": "time between two looks",
	"verify-certificate": "check the certificate of the server", "show": "the show form", "configure": "the configuration form",
	"mode": "mode that the command is for", "command": "the command", "reference": "group that this one stands for", "enable": "switch on",
	"call-agent": "who controls gateways", "gateway": "gateway", "command-queue": "commands that may wait", "disabled": "messages that were switched off",
}
