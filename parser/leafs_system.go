package parser

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The leaves of interfaces, logging, time, DHCP and management.
type (
	vlanWord   struct{ word }
	bareLevel  struct{ word } // a security level without its word
	retryCount struct{ word }
	auditName  struct{ word }
	signature  struct{ word }
	macAddr    struct{ word }

	facility   struct{ word }
	queueSize  struct{ word }
	messageID  struct{ word }
	syslogPort struct{ word }

	ntpKey     struct{ word }
	zoneName   struct{ word }
	zoneHours  struct{ word }
	zoneMins   struct{ word }
	clockTime  struct{ word }
	weekWord   struct{ word }
	weekday    struct{ word }
	monthWord  struct{ word }
	dayNum     struct{ word }
	yearNum    struct{ word }
	summerMins struct{ word }

	leaseSecs  struct{ word }
	pingMillis struct{ word }
	optionCode struct{ word }
	optionHex  struct{ word }
	optionText struct{ word }
	relaySecs  struct{ word }

	bannerText struct{ word }
	filePath   struct{ word }
	updateURL  struct{ word }
	updateMins struct{ word }
	updateTry  struct{ word }
	updateOff  struct{ word }
	cmdWord    struct{ word }
	pdmSize    struct{ word }
	mgcpGroup  struct{ word }
	mgcpLimit  struct{ word }
	updateText struct{ word }
)

var (
	leafVLAN = &leaf{name: "vlanWord", placeholder: "vlan<1-4094>", help: "VLAN, written in one word", match: isVLAN,
		bad: func(w string) *badValue {
			if strings.HasPrefix(strings.ToLower(w), "vlan") {
				return &badValue{kind: ast.Range, message: "bad VLAN " + quote(w) + ": expected vlan1 to vlan4094", hint: "the number follows without a blank: vlan50"}
			}
			return nil
		}}
	leafBareLevel = num("bareLevel", 0, 100, "security level, 0 for outside")
	leafRetry     = num("retryCount", 4, 16, "tries to get an address")
	leafAudit     = free("auditName", "<audit_name>", "audit policy", 63)
	leafSignature = num("signature", 1000, 9999, "number of an attack signature")
	leafMAC       = &leaf{name: "macAddr", placeholder: "<mac>", help: "hardware address, such as 000a.f331.8222",
		match: func(w string) bool { _, ok := macOf(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad hardware address " + quote(w), hint: "expected three groups of four hexadecimal digits, such as 000a.f331.8222"}
		}}

	leafFacility   = num("facility", 16, 23, "facility: 16 for local0 to 23 for local7")
	leafQueue      = num("queueSize", 0, 8192, "messages that may wait, 0 for as many as memory holds")
	leafMessage    = num("messageID", 100000, 999999, "number of a message, such as 106011")
	leafSyslogPort = &leaf{name: "syslogPort", placeholder: "tcp|udp/<port>", help: "protocol and port of the server, such as tcp/1470",
		match: func(w string) bool { _, _, ok := syslogPortOf(w); return ok },
		bad: func(w string) *badValue {
			if strings.ContainsRune(w, '/') {
				return &badValue{kind: ast.BadValue, message: "bad protocol and port " + quote(w), hint: "expected tcp or udp, a slash and a port, such as tcp/1470"}
			}
			return nil
		}}

	leafNTPKey    = num("ntpKey", 1, 4294967295, "number of a key")
	leafZone      = free("zoneName", "<zone>", "short name of the time zone", 31)
	leafZoneHours = &leaf{name: "zoneHours", placeholder: "<-12-12>", help: "hours east of Greenwich",
		match: func(w string) bool {
			n, err := strconv.Atoi(w)
			return err == nil && len(w) <= 3 && n >= -12 && n <= 12
		},
		bad: func(w string) *badValue {
			return &badValue{kind: ast.Range, message: quote(w) + " is no time zone: expected hours from -12 to 12"}
		}}
	leafZoneMins  = num("zoneMins", 0, 59, "minutes")
	leafClockTime = &leaf{name: "clockTime", placeholder: "<hh:mm>", help: "hours:minutes",
		match: func(w string) bool { _, _, ok := hourMinute(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad time " + quote(w) + ": expected hh:mm"}
		}}
	leafWeek = &leaf{name: "weekWord", placeholder: "<week>", help: "week of the month: 1-4, first or last", words: []string{"first", "last"},
		match: func(w string) bool { return weekOf(w) != "" }}
	leafWeekday = &leaf{name: "weekday", placeholder: "<weekday>", help: "day of the week, such as Sun", words: weekdays[:],
		match: func(w string) bool { return calendar(w, weekdays) != "" }, bad: badCalendar("day of the week", weekdays)}
	leafMonth = &leaf{name: "monthWord", placeholder: "<month>", help: "month, such as Apr", words: months[:],
		match: func(w string) bool { return calendar(w, months) != "" }, bad: badCalendar("month", months)}
	leafDay        = num("dayNum", 1, 31, "day of the month")
	leafYear       = num("yearNum", 1993, 2035, "year")
	leafSummerMins = num("summerMins", 1, 1440, "minutes that the clock is put forward, 60 by default")

	leafLease     = num("leaseSecs", 300, 1048575, "seconds that a client may keep its address")
	leafPing      = num("pingMillis", 100, 10000, "milliseconds")
	leafOption    = num("optionCode", 1, 255, "number of a DHCP option")
	leafOptionHex = &leaf{name: "optionHex", placeholder: "<hex>", help: "hexadecimal digits", match: func(w string) bool {
		return w != "" && strings.Trim(strings.ToLower(w), "0123456789abcdef") == ""
	}}
	leafOptionText = free("optionText", "<text>", "value of the option", 255)
	leafRelaySecs  = num("relaySecs", 1, 3600, "seconds to wait for an answer")

	leafBanner = &leaf{name: "bannerText", placeholder: "<text>", help: "a line of text; its blanks are kept", match: func(string) bool { return true }, rest: true}
	leafPath   = free("filePath", "<path>", "file on the server", 255)
	leafURL    = &leaf{name: "updateURL", placeholder: "<url>", help: "http or https address of the server",
		match: func(w string) bool {
			l := strings.ToLower(w)
			return strings.HasPrefix(l, "http://") && len(w) > 7 || strings.HasPrefix(l, "https://") && len(w) > 8
		},
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad URL " + quote(w), hint: "expected http://host/path or https://host/path"}
		}}
	leafUpdateMins = num("updateMins", 1, 35791, "minutes")
	leafUpdateTry  = num("updateTry", 0, 35791, "tries after a failure")
	leafUpdateOff  = num("updateOff", 0, 35791, "minutes, 0 for never")
	leafCmdWord    = free("cmdWord", "<command>", "command that gets the level", 63)
	leafPDMSize    = num("pdmSize", 1, 512, "messages")
	leafMGCPGroup  = num("mgcpGroup", 0, 4294967295, "number of the group")
	leafMGCPLimit  = num("mgcpLimit", 1, 2147483647, "commands that may wait")
	leafUpdateText = &leaf{name: "updateText", placeholder: "<text>", help: "name of the box", match: func(string) bool { return true }, rest: true}
)

var systemLeaves = []*leaf{leafVLAN, leafBareLevel, leafRetry, leafAudit, leafSignature, leafMAC, leafFacility, leafQueue, leafMessage,
	leafSyslogPort, leafNTPKey, leafZone, leafZoneHours, leafZoneMins, leafClockTime, leafWeek, leafWeekday, leafMonth, leafDay, leafYear,
	leafSummerMins, leafLease, leafPing, leafOption, leafOptionHex, leafOptionText, leafRelaySecs, leafBanner, leafPath, leafURL, leafUpdateMins,
	leafUpdateTry, leafUpdateOff, leafCmdWord, leafPDMSize, leafMGCPGroup, leafMGCPLimit, leafUpdateText}

func (l *vlanWord) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafVLAN) }
func (l *bareLevel) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafBareLevel) }
func (l *retryCount) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafRetry) }
func (l *auditName) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafAudit) }
func (l *signature) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafSignature) }
func (l *macAddr) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafMAC) }
func (l *facility) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafFacility) }
func (l *queueSize) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafQueue) }
func (l *messageID) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMessage) }
func (l *syslogPort) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafSyslogPort) }
func (l *ntpKey) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafNTPKey) }
func (l *zoneName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafZone) }
func (l *zoneHours) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafZoneHours) }
func (l *zoneMins) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafZoneMins) }
func (l *clockTime) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafClockTime) }
func (l *weekWord) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafWeek) }
func (l *weekday) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafWeekday) }
func (l *monthWord) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMonth) }
func (l *dayNum) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafDay) }
func (l *yearNum) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafYear) }
func (l *summerMins) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafSummerMins) }
func (l *leaseSecs) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafLease) }
func (l *pingMillis) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafPing) }
func (l *optionCode) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafOption) }
func (l *optionHex) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafOptionHex) }
func (l *optionText) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafOptionText) }
func (l *relaySecs) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafRelaySecs) }
func (l *filePath) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPath) }
func (l *updateURL) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafURL) }
func (l *updateMins) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafUpdateMins) }
func (l *updateTry) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafUpdateTry) }
func (l *updateOff) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafUpdateOff) }
func (l *cmdWord) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafCmdWord) }
func (l *pdmSize) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafPDMSize) }
func (l *mgcpGroup) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMGCPGroup) }
func (l *mgcpLimit) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMGCPLimit) }
func (l *updateText) Parse(x *lexer.PeekingLexer) error { return l.takeText(x) }

// A banner keeps the blanks that it begins with, too: all but the one after its keyword.
func (l *bannerText) Parse(x *lexer.PeekingLexer) error {
	t := x.Peek()
	if err := l.takeText(x); err != nil {
		return err
	}
	line, from := x.Peek().Value, t.Pos.Offset
	for from > 1 && blank(line[from-2]) {
		from--
	}
	l.Text = line[from:t.Pos.Offset] + l.Text
	return nil
}

// macOf reads xxxx.xxxx.xxxx, also with fewer digits where zeros lead, as lower case.
func macOf(w string) (string, bool) {
	part := strings.Split(strings.ToLower(w), ".")
	if len(part) != 3 {
		return "", false
	}
	for i, p := range part {
		if p == "" || len(p) > 4 || strings.Trim(p, "0123456789abcdef") != "" {
			return "", false
		}
		part[i] = "0000"[len(p):] + p
	}
	return strings.Join(part, "."), true
}

func syslogPortOf(w string) (proto uint8, port uint16, ok bool) {
	a, b, found := strings.Cut(strings.ToLower(w), "/")
	switch a {
	case "tcp", "6":
		proto = ast.ProtoTCP
	case "udp", "17":
		proto = ast.ProtoUDP
	default:
		return 0, 0, false
	}
	n, isNum := decimal(b)
	return proto, uint16(n), found && isNum && n >= 1 && n <= 65535
}

func hourMinute(w string) (h, m int, ok bool) {
	a, b, found := strings.Cut(w, ":")
	h, ok1 := decimal(a)
	m, ok2 := decimal(b)
	return h, m, found && ok1 && ok2 && h <= 23 && m <= 59 && len(a) <= 2 && len(b) <= 2
}

var (
	weekdays = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	months   = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
)

// calendar is the three letters of a day or month, which may be spelled with three letters or more; "" if it is none.
func calendar(w string, names []string) string {
	if len(w) >= 3 {
		for _, n := range names {
			if len(w) <= len(n) && strings.EqualFold(w, n[:len(w)]) {
				return n[:3]
			}
		}
	}
	return ""
}

func badCalendar(what string, names []string) func(string) *badValue {
	return func(w string) *badValue {
		return &badValue{kind: ast.BadValue, message: "unknown " + what + " " + quote(w), suggestion: closest(w, names)}
	}
}

// weekOf is the canonical word for a week of the month.
func weekOf(w string) string {
	switch l := strings.ToLower(w); l {
	case "first", "last", "1", "2", "3", "4":
		return l
	}
	return ""
}

// hardwareOf is the full name of a port, which may be shortened: e0 and eth0 are ethernet0.
func hardwareOf(w string) (string, bool) {
	w = strings.ToLower(w)
	at := strings.IndexAny(w, "0123456789")
	if at < 1 {
		return "", false
	}
	n, ok := decimal(w[at:])
	if !ok || n > 31 || len(w)-at > 1 && w[at] == '0' {
		return "", false
	}
	for _, p := range [...]string{"ethernet", "gb-ethernet", "token-ring", "fddi"} {
		if strings.HasPrefix(p, w[:at]) {
			return p + w[at:], true
		}
	}
	return "", false
}

// portName is the full name of a port or VLAN.
func portName(w string) string {
	if hw, ok := hardwareOf(w); ok {
		return hw
	}
	return strings.ToLower(w)
}
