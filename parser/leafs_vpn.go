package parser

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The leaves of AAA, of tunnels and of content filters.
type (
	failCount  struct{ word }
	deadMins   struct{ word }
	udpNumber  struct{ word }
	proxyCount struct{ word }
	listName   struct{ word } // mac-list
	userName   struct{ word }
	userLevel  struct{ word }

	urlSecs   struct{ word }
	urlPort   struct{ word }
	cacheKB   struct{ word }
	blocks    struct{ word }
	poolKB    struct{ word }
	urlKB     struct{ word }
	filterEnd struct{ word } // port or ports of a filter

	peerName  struct{ word }
	spiNum    struct{ word }
	hexKey    struct{ word }
	keyID     struct{ word }
	retrySecs struct{ word }

	vpdnName  struct{ word }
	helloSecs struct{ word }

	caNick    struct{ word }
	caHost    struct{ word }
	caPath    struct{ word } // :/cgi-bin/...
	caMinutes struct{ word }
	caTries   struct{ word }
	caModulus struct{ word }
	caPrint   struct{ word }
	rsaName   struct{ word }
)

var (
	leafFails    = num("failCount", 1, 5, "tries before a server counts as dead")
	leafDead     = num("deadMins", 0, 1440, "minutes before a dead server is asked again")
	leafUDPNum   = num("udpNumber", 1, 65535, "UDP port of the servers")
	leafProxies  = num("proxyCount", 1, 128, "logins of one user that may be open")
	leafListName = free("listName", "<mac_list>", "list of hardware addresses", 63)
	leafUser     = free("userName", "<username>", "name of the user", 64)
	leafLevelOf  = num("userLevel", 0, 15, "privilege level of the user")

	leafURLSecs   = num("urlSecs", 1, 1200, "seconds to wait for an answer")
	leafURLPort   = num("urlPort", 1, 65535, "port of the server")
	leafCacheKB   = num("cacheKB", 1, 128, "size of the cache in kilobytes")
	leafBlocks    = num("blocks", 0, 128, "blocks of 1550 bytes that hold answers back")
	leafPoolKB    = num("poolKB", 2, 10240, "memory for long URLs in kilobytes")
	leafURLKB     = num("urlKB", 2, 4, "longest URL in kilobytes")
	leafFilterEnd = &leaf{name: "filterEnd", placeholder: "<port>[-<port>]", help: "port, or first and last port; http for 80", words: []string{"http"},
		match: func(w string) bool { _, _, ok := filterPorts(w); return ok }, bad: leafPortSpan.bad}

	leafPeerName = &leaf{name: "peerName", placeholder: "<hostname>", help: "name of the peer", loose: true, match: isHostName}
	leafSPI      = num("spiNum", 256, 4294967295, "number of the security association")
	leafHex      = &leaf{name: "hexKey", placeholder: "<hex_key>", help: "key in hexadecimal digits", match: isHexKey,
		bad: func(w string) *badValue {
			if strings.Trim(strings.ToLower(w), "0123456789abcdefx") == "" && len(w) > 6 {
				return &badValue{kind: ast.BadValue, message: "bad key of " + strconv.Itoa(len(w)) + " digits",
					hint: "expected hexadecimal digits: 16 for DES, 48 for 3DES, 32, 48 or 64 for AES, 32 for MD5, 40 for SHA"}
			}
			return nil
		}}
	leafKeyID  = &leaf{name: "keyID", placeholder: "<key_id>", help: "name by which this box is known", match: nameLike, loose: true}
	leafRetry2 = num("retrySecs", 2, 60, "seconds before a keepalive without answer is repeated")

	leafVPDN  = free("vpdnName", "<group_name>", "group of dial-in users", 63)
	leafHello = num("helloSecs", 10, 300, "seconds between two keepalives")

	leafNick      = free("caNick", "<ca_nickname>", "name for the authority", 63)
	leafCAHost    = &leaf{name: "caHost", placeholder: "<host>[:<script>]", help: "address or name of the authority, and the path of its script", match: isCAHost}
	leafCAPath    = &leaf{name: "caPath", placeholder: ":<script>", help: "path of the authority's script", match: func(w string) bool { return len(w) > 1 && w[0] == ':' }}
	leafCAMinutes = num("caMinutes", 1, 60, "minutes between two tries")
	leafCATries   = num("caTries", 0, 100, "tries, 0 for no limit")
	leafModulus   = &leaf{name: "caModulus", placeholder: "512|768|1024|2048", help: "length of the key in bits",
		match: func(w string) bool { return w == "512" || w == "768" || w == "1024" || w == "2048" },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: w + " is no length of a key: expected 512, 768, 1024 or 2048"}
			}
			return nil
		}}
	leafPrint   = &leaf{name: "caPrint", placeholder: "<fingerprint>", help: "fingerprint of the certificate, in hexadecimal digits", match: isPrint}
	leafRSAName = free("rsaName", "<key_pair>", "name of the key pair", 127)

	vpnLeaves = []*leaf{leafFails, leafDead, leafUDPNum, leafProxies, leafListName, leafUser, leafLevelOf, leafURLSecs, leafURLPort,
		leafCacheKB, leafBlocks, leafPoolKB, leafURLKB, leafFilterEnd, leafPeerName, leafSPI, leafHex, leafKeyID, leafRetry2, leafVPDN,
		leafHello, leafNick, leafCAHost, leafCAPath, leafCAMinutes, leafCATries, leafModulus, leafPrint, leafRSAName}
)

// filterPorts reads the port of a filter: 80, 80-8080, or http.
func filterPorts(w string) (lo, hi uint16, ok bool) {
	if strings.EqualFold(w, "http") {
		return 80, 80, true
	}
	return parsePortSpan(w)
}

// isHostName: a name has a letter in front, so that a broken address is none.
func isHostName(w string) bool {
	if w == "" || len(w) > 128 || w[0] >= '0' && w[0] <= '9' {
		return false
	}
	for i := 0; i < len(w); i++ {
		switch c := w[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.' && i > 0 && i < len(w)-1:
		default:
			return false
		}
	}
	return w[0] != '-'
}

func isHexKey(w string) bool {
	if w != "" && strings.Trim(w, "*") == "" {
		return true
	}
	switch len(w) {
	case 16, 32, 40, 48, 64:
		return isPrint(w)
	}
	return false
}

func isPrint(w string) bool {
	return len(w) >= 8 && strings.Trim(strings.ToLower(w), "0123456789abcdef") == ""
}

func isCAHost(w string) bool {
	host, _, _ := strings.Cut(w, ":")
	return isIP(host) && host != "0" || isHostName(host)
}

func (l *failCount) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafFails) }
func (l *deadMins) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafDead) }
func (l *udpNumber) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafUDPNum) }
func (l *proxyCount) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafProxies) }
func (l *listName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafListName) }
func (l *userName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafUser) }
func (l *userLevel) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafLevelOf) }
func (l *urlSecs) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafURLSecs) }
func (l *urlPort) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafURLPort) }
func (l *cacheKB) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafCacheKB) }
func (l *blocks) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafBlocks) }
func (l *poolKB) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafPoolKB) }
func (l *urlKB) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafURLKB) }
func (l *filterEnd) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafFilterEnd) }
func (l *peerName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPeerName) }
func (l *spiNum) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafSPI) }
func (l *hexKey) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafHex) }
func (l *keyID) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafKeyID) }
func (l *retrySecs) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafRetry2) }
func (l *vpdnName) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafVPDN) }
func (l *helloSecs) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafHello) }
func (l *caNick) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafNick) }
func (l *caHost) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafCAHost) }
func (l *caPath) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafCAPath) }
func (l *caMinutes) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafCAMinutes) }
func (l *caTries) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafCATries) }
func (l *caModulus) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafModulus) }
func (l *caPrint) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafPrint) }
func (l *rsaName) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafRSAName) }
