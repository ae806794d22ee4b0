package ast

import (
	"slices"
	"strconv"
	"strings"
)

// IP protocol numbers that the language treats apart. ProtoIP is "any protocol".
const (
	ProtoIP   = 0
	ProtoICMP = 1
	ProtoTCP  = 6
	ProtoUDP  = 17
	ProtoIGMP = 2
	ProtoOSPF = 89
	ProtoGRE  = 47
	ProtoESP  = 50
	ProtoAH   = 51
)

// A Literal is a word that stands for a number.
type Literal struct {
	Word   string
	Number int
	Alias  bool // accepted, never printed
}

// The tables of commands-firewall.md section 3. Order does not matter; a number has at most one literal that is not an
// alias.
var (
	tcpPorts = []Literal{
		{"aol", 5190, false}, {"bgp", 179, false}, {"chargen", 19, false}, {"citrix-ica", 1494, false}, {"cmd", 514, false},
		{"ctiqbe", 2748, false}, {"daytime", 13, false}, {"discard", 9, false}, {"domain", 53, false}, {"echo", 7, false},
		{"exec", 512, false}, {"finger", 79, false}, {"ftp", 21, false}, {"ftp-data", 20, false}, {"gopher", 70, false},
		{"h323", 1720, false}, {"hostname", 101, false}, {"http", 80, true}, {"https", 443, false}, {"ident", 113, false},
		{"imap4", 143, false}, {"irc", 194, false}, {"kerberos", 750, false}, {"klogin", 543, false}, {"kshell", 544, false},
		{"ldap", 389, false}, {"ldaps", 636, false}, {"login", 513, false}, {"lotusnotes", 1352, false}, {"lpd", 515, false},
		{"netbios-ssn", 139, false}, {"nntp", 119, false}, {"pcanywhere-data", 5631, false}, {"pim-auto-rp", 496, false},
		{"pop2", 109, false}, {"pop3", 110, false}, {"pptp", 1723, false}, {"rpc", 111, true}, {"rsh", 514, true},
		{"rtsp", 554, false}, {"sip", 5060, false}, {"smtp", 25, false}, {"sqlnet", 1521, false}, {"ssh", 22, false},
		{"sunrpc", 111, false}, {"tacacs", 49, false}, {"talk", 517, false}, {"telnet", 23, false}, {"time", 37, false},
		{"uucp", 540, false}, {"whois", 43, false}, {"www", 80, false},
	}
	udpPorts = []Literal{
		{"biff", 512, false}, {"bootpc", 68, false}, {"bootps", 67, false}, {"discard", 9, false}, {"dnsix", 195, false},
		{"domain", 53, false}, {"echo", 7, false}, {"isakmp", 500, false}, {"kerberos", 750, false}, {"mobile-ip", 434, false},
		{"nameserver", 42, false}, {"netbios-dgm", 138, false}, {"netbios-ns", 137, false}, {"ntp", 123, false},
		{"pcanywhere-status", 5632, false}, {"pim-auto-rp", 496, false}, {"radius", 1645, false}, {"radius-acct", 1646, false},
		{"rip", 520, false}, {"rpc", 111, true}, {"secureid-udp", 5510, false}, {"snmp", 161, false}, {"snmptrap", 162, false},
		{"sunrpc", 111, false}, {"syslog", 514, false}, {"tacacs", 49, false}, {"talk", 517, false}, {"tftp", 69, false},
		{"time", 37, false}, {"who", 513, false}, {"xdmcp", 177, false},
	}
	protocols = []Literal{
		{"ah", 51, false}, {"eigrp", 88, false}, {"esp", 50, false}, {"gre", 47, false}, {"icmp", 1, false}, {"igmp", 2, false},
		{"igrp", 9, false}, {"ip", 0, false}, {"ipinip", 4, false}, {"ipsec", 50, true}, {"nos", 94, false}, {"ospf", 89, false},
		{"pcp", 108, false}, {"pptp", 47, true}, {"snp", 109, false}, {"tcp", 6, false}, {"udp", 17, false},
	}
	icmpTypes = []Literal{
		{"alternate-address", 6, false}, {"conversion-error", 31, false}, {"echo", 8, false}, {"echo-reply", 0, false},
		{"information-reply", 16, false}, {"information-request", 15, false}, {"mask-reply", 18, false}, {"mask-request", 17, false},
		{"mobile-redirect", 32, false}, {"parameter-problem", 12, false}, {"redirect", 5, false}, {"router-advertisement", 9, false},
		{"router-solicitation", 10, false}, {"source-quench", 4, false}, {"time-exceeded", 11, false}, {"timestamp-reply", 14, false},
		{"timestamp-request", 13, false}, {"traceroute", 30, false}, {"unreachable", 3, false},
	}
	severities = []Literal{
		{"emergencies", 0, false}, {"alerts", 1, false}, {"critical", 2, false}, {"errors", 3, false}, {"warnings", 4, false},
		{"notifications", 5, false}, {"informational", 6, false}, {"debugging", 7, false},
	}
)

// Ports returns the port literals of a protocol: TCP's, UDP's, or for any other number those on which both agree.
func Ports(proto int) []Literal {
	switch proto {
	case ProtoTCP:
		return slices.Clone(tcpPorts)
	case ProtoUDP:
		return slices.Clone(udpPorts)
	}
	var both []Literal
	for _, l := range tcpPorts {
		if n, ok := find(udpPorts, l.Word); ok && n == l.Number {
			both = append(both, l)
		}
	}
	return both
}

// Protocols, ICMPTypes and Severities return the other literal tables.
func Protocols() []Literal { return slices.Clone(protocols) }

// ICMPTypes returns the ICMP type literals.
func ICMPTypes() []Literal { return slices.Clone(icmpTypes) }

// Severities returns the syslog severities by name.
func Severities() []Literal { return slices.Clone(severities) }

func find(table []Literal, word string) (int, bool) {
	for i := range table {
		if strings.EqualFold(table[i].Word, word) {
			return table[i].Number, true
		}
	}
	return 0, false
}

func number(word string, limit int) (int, bool) {
	if word == "" || len(word) > 10 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(word); i++ {
		if word[i] < '0' || word[i] > '9' {
			return 0, false
		}
		n = n*10 + int(word[i]-'0')
	}
	return n, n <= limit
}

// ParsePort reads a port number or literal of proto (TCP, UDP; any other: both tables, TCP's first).
func ParsePort(proto int, word string) (uint16, bool) {
	if n, ok := number(word, 65535); ok {
		return uint16(n), true
	}
	var n int
	var ok bool
	switch proto {
	case ProtoTCP:
		n, ok = find(tcpPorts, word)
	case ProtoUDP:
		n, ok = find(udpPorts, word)
	default:
		if n, ok = find(tcpPorts, word); !ok {
			n, ok = find(udpPorts, word)
		}
	}
	return uint16(n), ok
}

// ParseProtocol reads a protocol number or literal.
func ParseProtocol(word string) (uint8, bool) {
	if n, ok := number(word, 255); ok {
		return uint8(n), true
	}
	n, ok := find(protocols, word)
	return uint8(n), ok
}

// ParseICMPType reads an ICMP type number or literal.
func ParseICMPType(word string) (uint8, bool) {
	if n, ok := number(word, 255); ok {
		return uint8(n), true
	}
	n, ok := find(icmpTypes, word)
	return uint8(n), ok
}

func printed(table []Literal, n int) string {
	for i := range table {
		if table[i].Number == n && !table[i].Alias {
			return table[i].Word
		}
	}
	return strconv.Itoa(n)
}

// PortWord is how a port of proto is printed in a configuration: as literal where the table of that protocol has one.
func PortWord(proto int, port uint16) string {
	switch proto {
	case ProtoTCP:
		return printed(tcpPorts, int(port))
	case ProtoUDP:
		return printed(udpPorts, int(port))
	}
	if w := printed(tcpPorts, int(port)); w == printed(udpPorts, int(port)) {
		return w
	}
	return strconv.Itoa(int(port))
}

// ProtocolWord is how a protocol is printed in a configuration.
func ProtocolWord(proto uint8) string { return printed(protocols, int(proto)) }

// ICMPTypeWord is how an ICMP type is printed in a configuration.
func ICMPTypeWord(t uint8) string { return printed(icmpTypes, int(t)) }

// SeverityWord is the name of a syslog severity.
func SeverityWord(n int) string { return printed(severities, n) }
