package parser

// keywordHelp explains keywords that mean the same wherever they stand.
var keywordHelp = map[string]string{
	"no": "remove a command, or switch it off", "clear": "remove all commands of a family",
	"ip": "addresses, pools, audit; or any protocol", "crypto": "protected tunnels", "enable": "switch on",
	"permit": "let pass", "deny": "drop", "remark": "comment in the list", "line": "where to insert",
	"any": "every address", "host": "one address", "interface": "the address of an interface, or a port", "object-group": "group of objects",
	"eq": "equal to", "neq": "not equal to", "lt": "less than", "gt": "greater than", "range": "between two, both included",
	"log": "report matches (message 106100)", "interval": "seconds between two reports", "disable": "no report", "default": "report as without log",
	"netmask": "mask of the addresses", "dns": "also translate answers of name servers", "outside": "translate sources from a lower level",
	"norandomseq": "keep TCP sequence numbers", "access-list": "access list", "shutdown": "switched off", "encrypted": "the password is a hash",
	"level": "privilege level", "timeout": "time to wait", "absolute": "counted from the login", "inactivity": "counted from the last packet",
	"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "include": "these need a user", "exclude": "these do not", "address": "address",
	"dynamic": "by a dynamic map", "set": "what the tunnel uses", "match": "which packets", "peer": "other end", "pfs": "new Diffie-Hellman exchange for each key",
	"transform-set": "transform set", "security-association": "life of the keys", "lifetime": "life", "seconds": "seconds", "kilobytes": "kilobytes",
}
