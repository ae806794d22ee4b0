package parser

import (
	"slices"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The leaves. Each is a type that participle lets parse itself, so that it is a bare name in the EBNF, and an entry in
// the table that says what it is.
type (
	ifName    struct{ word } // interface name
	aaaIf     struct{ word } // interface name, inbound or outbound
	aclID     struct{ word }
	groupID   struct{ word } // object-group
	tagName   struct{ word } // aaa-server tag
	setName   struct{ word } // transform set
	mapName   struct{ word }
	poolName  struct{ word }
	vpnName   struct{ word }
	hostWord  struct{ word } // host or domain name
	aliasName struct{ word } // of a name command
	ipAddr    struct{ word }
	plainIP   struct{ word } // an address, never a name
	netMask   struct{ word }
	aceMask   struct{ word } // may have holes
	ipSpan    struct{ word }
	hardware  struct{ word }
	nameable  struct{ word } // hardware or vlanN
	secLevel  struct{ word }
	hms       struct{ word }
	secret    struct{ word }
	password  struct{ word }
	text      struct{ word }
	tcpPort   struct{ word }
	udpPort   struct{ word }
	anyPort   struct{ word }
	portSpan  struct{ word }
	protoNum  struct{ word }
	icmpType  struct{ word }
	logLevel  struct{ word }
	numTCP    struct{ word } // 6 for tcp
	numUDP    struct{ word }
	numICMP   struct{ word }
	svc       struct{ word }

	lineNum     struct{ word }
	logInterval struct{ word }
	privLevel   struct{ word }
	dnsLength   struct{ word }
	pagerLines  struct{ word }
	mtuBytes    struct{ word }
	arpSeconds  struct{ word }
	metric      struct{ word }
	natID       struct{ word }
	globalID    struct{ word }
	connLimit   struct{ word }
	pollSeconds struct{ word }
	aaaSeconds  struct{ word }
	minutes     struct{ word }
	consoleMin  struct{ word }
	termWidth   struct{ word }
	mapSeq      struct{ word }
	saSeconds   struct{ word }
	saKilobytes struct{ word }
	policyPri   struct{ word }
	ikeSeconds  struct{ word }
	keepalive   struct{ word }
	idleSeconds struct{ word }
	maxSeconds  struct{ word }
	mssBytes    struct{ word }
)

var (
	leafIf = &leaf{name: "ifName", placeholder: "<if_name>", help: "interface name, from nameif", match: isIf, loose: true,
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad interface name " + quote(w), hint: "expected a name that nameif gives, such as inside"}
		}}
	leafAAAIf = &leaf{name: "aaaIf", placeholder: leafIf.placeholder, help: "interface name, from nameif; or inbound, outbound", match: isIf, loose: true,
		bad: leafIf.bad, words: []string{"inbound", "outbound"}}
	leafACL   = free("aclID", "<acl_id>", "access list, a name or a number", 241)
	leafGroup = free("groupID", "<obj_grp_id>", "object group", 64)
	leafTag   = free("tagName", "<server_tag>", "group of AAA servers", 63)
	leafSet   = free("setName", "<transform_set>", "transform set", 63)
	leafMap   = free("mapName", "<map_name>", "crypto map", 63)
	leafPool  = free("poolName", "<pool_name>", "pool of addresses", 63)
	leafVPN   = free("vpnName", "<group_name>", "group of VPN clients", 127)
	leafHost  = free("hostWord", "<name>", "host or domain name", 255)
	leafAlias = free("aliasName", "<name>", "name that stands for the address", 63)
	leafIP    = &leaf{name: "ipAddr", placeholder: "<ip_address>", help: "address, or a name defined for one", match: isIP, bad: badIP, alias: true}
	leafPlain = &leaf{name: "plainIP", placeholder: "<ip_address>", help: "address", match: isIP, bad: badIP}
	leafMask  = &leaf{name: "netMask", placeholder: "<mask>", help: "netmask",
		match: func(w string) bool { m, ok := ast.ParseIP(w); return ok && m.Contiguous() }, bad: badMask}
	leafACEMask = &leaf{name: "aceMask", placeholder: "<mask>", help: "netmask: one bits are compared", match: isIP, bad: badMask}
	leafSpan    = &leaf{name: "ipSpan", placeholder: "<ip>[-<ip>]", help: "address, or first and last address", alias: true,
		match: func(w string) bool { _, _, ok := spanOf(w, nil); return ok }, bad: badSpan}
	leafHardware = &leaf{name: "hardware", placeholder: "<hardware_id>", help: "port of the box: ethernet0, gb-ethernet0", match: isHardware, bad: badHardware}
	leafNameable = &leaf{name: "nameable", placeholder: "<hardware_id>", help: "port of the box, or vlanN",
		match: func(w string) bool { return isHardware(w) || isVLAN(w) }, bad: badHardware}
	leafLevel = &leaf{name: "secLevel", placeholder: "security<0-100>", help: "security level, 0 for outside",
		match: func(w string) bool { _, ok := level(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.Range, message: "bad security level " + quote(w) + ": expected security0 to security100", hint: "the level is written in one word: security50"}
		}}
	leafHMS = &leaf{name: "hms", placeholder: "<hh:mm:ss>", help: "hours:minutes:seconds", match: isHMS,
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad time " + quote(w) + ": expected hh:mm:ss"}
		}}
	leafSecret   = &leaf{name: "secret", placeholder: "<key>", help: "key", match: nameLike, loose: true}
	leafPassword = &leaf{name: "password", placeholder: "<password>", help: "password, up to 16 characters; or its hash, before encrypted", match: nameLike, loose: true}
	leafText     = &leaf{name: "text", placeholder: "<text>", help: "text to the end of the line", match: func(string) bool { return true }, rest: true}
	leafTCPPort  = portLeaf("tcpPort", ast.ProtoTCP)
	leafUDPPort  = portLeaf("udpPort", ast.ProtoUDP)
	leafAnyPort  = portLeaf("anyPort", 0)
	leafPortSpan = &leaf{name: "portSpan", placeholder: "<port>[-<port>]", help: "port, or first and last port",
		match: func(w string) bool { _, _, ok := parsePortSpan(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad port " + quote(w) + ": expected a number from 1 to 65535, or two joined by -"}
		}}
	leafProto = &leaf{name: "protoNum", placeholder: "<0-255>", help: "number of an IP protocol",
		match: func(w string) bool { n, ok := decimal(w); return ok && n <= 255 && n != 1 && n != 6 && n != 17 },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: "protocol " + w + " is out of range: expected 0-255"}
			}
			return unknownOf("protocol", w, ast.Protocols())
		}}
	leafNumTCP   = exactly("numTCP", "6")
	leafNumUDP   = exactly("numUDP", "17")
	leafNumICMP  = exactly("numICMP", "1")
	leafICMPType = &leaf{name: "icmpType", placeholder: "<icmp_type>", help: "ICMP type, 0-255 or its name", words: literalWords(ast.ICMPTypes()),
		match: func(w string) bool { _, ok := ast.ParseICMPType(w); return ok },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: "ICMP type " + w + " is out of range: expected 0-255"}
			}
			return unknownOf("ICMP type", w, ast.ICMPTypes())
		}}
	leafLogLevel = &leaf{name: "logLevel", placeholder: "<0-7>", help: "level of the message, or its name", words: literalWords(ast.Severities()),
		match: func(w string) bool { _, ok := logLevelOf(w); return ok },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: w + " is out of range: expected 0-7"}
			}
			if b := unknownOf("severity", w, ast.Severities()); b.suggestion != "" {
				return b
			}
			return nil
		}}
	leafSvc = &leaf{name: "svc", placeholder: "<service>", help: "any, ftp, http, https, telnet, or protocol/port", words: serviceWords,
		match: func(w string) bool { _, ok := service(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "unknown service " + quote(w), hint: "expected any, ftp, http, https, telnet, or a protocol and port such as tcp/8080",
				suggestion: closest(w, serviceWords)}
		}}

	leafLine        = num("lineNum", 1, 2147483647, "place in the list, counted from 1")
	leafInterval    = num("logInterval", 1, 600, "seconds between two messages of one flow")
	leafPriv        = num("privLevel", 0, 15, "privilege level")
	leafDNS         = num("dnsLength", 512, 65535, "longest reply in octets")
	leafPager       = num("pagerLines", 0, 2147483647, "lines of a page, 0 for no paging")
	leafMTU         = num("mtuBytes", 64, 65535, "octets")
	leafARP         = num("arpSeconds", 1, 1215752, "seconds")
	leafMetric      = num("metric", 1, 255, "hops to the gateway")
	leafNatID       = num("natID", 0, 2147483647, "number that joins nat and global; 0: no translation")
	leafGlobalID    = num("globalID", 1, 2147483647, "number that joins nat and global")
	leafConn        = num("connLimit", 0, 65535, "connections, then half-open connections; 0 for no limit")
	leafPoll        = num("pollSeconds", 3, 15, "seconds between two hellos")
	leafAAASeconds  = num("aaaSeconds", 1, 30, "seconds to wait for an answer")
	leafMinutes     = num("minutes", 1, 60, "minutes")
	leafConsoleMin  = num("consoleMin", 0, 60, "minutes, 0 for never")
	leafSeq         = num("mapSeq", 1, 65535, "entry of the map, lowest first")
	leafSASeconds   = num("saSeconds", 120, 86400, "seconds")
	leafSAKilobytes = num("saKilobytes", 2560, 536870912, "kilobytes")
	leafPri         = num("policyPri", 1, 65534, "priority, 1 first")
	leafIKESeconds  = num("ikeSeconds", 60, 86400, "seconds")
	leafKeepalive   = num("keepalive", 10, 3600, "seconds between two keepalives")
	leafIdle        = num("idleSeconds", 60, 86400, "seconds")
	leafMax         = num("maxSeconds", 60, 31536000, "seconds")
	leafMSS         = num("mssBytes", 0, 65535, "octets")
	leafWidth       = &leaf{name: "termWidth", placeholder: "<40-511>", help: "characters a line, 0 for 511",
		match: func(w string) bool { n, ok := decimal(w); return ok && (n == 0 || n >= 40 && n <= 511) },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.Range, message: w + " is out of range: expected 40-511"}
		}}
)

// leaves is the table of all of them.
var leaves = slices.Concat([]*leaf{leafIf, leafAAAIf, leafACL, leafGroup, leafTag, leafSet, leafMap, leafPool, leafVPN, leafHost, leafAlias, leafIP, leafPlain,
	leafMask, leafACEMask, leafSpan, leafHardware, leafNameable, leafLevel, leafHMS, leafSecret, leafPassword, leafText, leafTCPPort,
	leafUDPPort, leafAnyPort, leafPortSpan, leafProto, leafNumTCP, leafNumUDP, leafNumICMP, leafICMPType, leafLogLevel, leafSvc, leafLine, leafInterval, leafPriv, leafDNS,
	leafPager, leafMTU, leafARP, leafMetric, leafNatID, leafGlobalID, leafConn, leafPoll, leafAAASeconds, leafMinutes, leafConsoleMin,
	leafSeq, leafSASeconds, leafSAKilobytes, leafPri, leafIKESeconds, leafKeepalive, leafIdle, leafMax, leafMSS, leafWidth}, firewallLeaves, vpnLeaves, systemLeaves, routingLeaves)

// serviceWords are the services of aaa rules that have a name.
var serviceWords = []string{"any", "ftp", "http", "https", "telnet"}

// exactly is the number of a protocol that has a grammar of its own; in help it is one with protoNum.
func exactly(name, number string) *leaf {
	return &leaf{name: name, placeholder: "<0-255>", help: "number of an IP protocol", match: func(w string) bool { return w == number }}
}

func badHardware(w string) *badValue {
	return &badValue{kind: ast.BadValue, message: "unknown hardware " + quote(w), hint: "expected a port such as ethernet0 or gb-ethernet0"}
}

func (l *aaaIf) Parse(x *lexer.PeekingLexer) error       { return l.take(x, leafAAAIf) }
func (l *ifName) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafIf) }
func (l *aclID) Parse(x *lexer.PeekingLexer) error       { return l.take(x, leafACL) }
func (l *groupID) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafGroup) }
func (l *tagName) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafTag) }
func (l *setName) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafSet) }
func (l *mapName) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafMap) }
func (l *poolName) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafPool) }
func (l *vpnName) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafVPN) }
func (l *hostWord) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafHost) }
func (l *aliasName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafAlias) }
func (l *ipAddr) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafIP) }
func (l *plainIP) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafPlain) }
func (l *netMask) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafMask) }
func (l *aceMask) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafACEMask) }
func (l *ipSpan) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafSpan) }
func (l *hardware) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafHardware) }
func (l *nameable) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafNameable) }
func (l *secLevel) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafLevel) }
func (l *hms) Parse(x *lexer.PeekingLexer) error         { return l.take(x, leafHMS) }
func (l *secret) Parse(x *lexer.PeekingLexer) error      { return l.takeSecret(x) }
func (l *password) Parse(x *lexer.PeekingLexer) error    { return l.takeSecret(x) }
func (l *text) Parse(x *lexer.PeekingLexer) error        { return l.takeText(x) }
func (l *tcpPort) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafTCPPort) }
func (l *udpPort) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafUDPPort) }
func (l *anyPort) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafAnyPort) }
func (l *portSpan) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafPortSpan) }
func (l *protoNum) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafProto) }
func (l *icmpType) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafICMPType) }
func (l *logLevel) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafLogLevel) }
func (l *numTCP) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafNumTCP) }
func (l *numUDP) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafNumUDP) }
func (l *numICMP) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafNumICMP) }
func (l *svc) Parse(x *lexer.PeekingLexer) error         { return l.take(x, leafSvc) }
func (l *lineNum) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafLine) }
func (l *logInterval) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafInterval) }
func (l *privLevel) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPriv) }
func (l *dnsLength) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafDNS) }
func (l *pagerLines) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafPager) }
func (l *mtuBytes) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafMTU) }
func (l *arpSeconds) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafARP) }
func (l *metric) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafMetric) }
func (l *natID) Parse(x *lexer.PeekingLexer) error       { return l.take(x, leafNatID) }
func (l *globalID) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafGlobalID) }
func (l *connLimit) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafConn) }
func (l *pollSeconds) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafPoll) }
func (l *aaaSeconds) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafAAASeconds) }
func (l *minutes) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafMinutes) }
func (l *consoleMin) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafConsoleMin) }
func (l *termWidth) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafWidth) }
func (l *mapSeq) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafSeq) }
func (l *saSeconds) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafSASeconds) }
func (l *saKilobytes) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafSAKilobytes) }
func (l *policyPri) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPri) }
func (l *ikeSeconds) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafIKESeconds) }
func (l *keepalive) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafKeepalive) }
func (l *idleSeconds) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafIdle) }
func (l *maxSeconds) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMax) }
func (l *mssBytes) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafMSS) }
