package parser

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

type addrIP = ast.IP

// A leaf is a kind of word in the grammars that is no keyword: an address, a port, a name. Its Go type has the same name.
type leaf struct {
	name        string
	placeholder string
	help        string
	match       func(word string) bool
	// bad explains a word that does not match where this leaf is expected; nil: it does not even look like one.
	bad   func(word string) *badValue
	loose bool     // a free name
	rest  bool     // the rest of the line
	alias bool     // a name defined by a name command stands for it
	words []string // the literals among its words
}

// A badValue is a word that is of the right kind but cannot be meant.
type badValue struct {
	kind       ast.Kind
	message    string
	hint       string
	suggestion string
	meant      bool // it was surely meant for the leaf, whatever else may stand there
}

// word is what every leaf holds: the text, where it starts, and how the lexer saw it.
type word struct {
	Text string
	Col  int
	Type lexer.TokenType
}

func (w *word) take(lex *lexer.PeekingLexer, l *leaf) error {
	t := lex.Peek()
	if t.EOF() || !l.match(t.Value) && !(l.alias && (t.Type == tokAlias || t.Type == tokSpan && l == leafSpan)) {
		return participle.NextMatch
	}
	lex.Next()
	w.Text, w.Col, w.Type = t.Value, t.Pos.Column, t.Type
	return nil
}

func (w word) given() bool { return w.Text != "" }

// n is the value of a number leaf; its match has checked it.
func (w word) n() int {
	n, _ := strconv.Atoi(w.Text)
	return n
}

// nOr is n, or def where the word was left off.
func (w word) nOr(def int) int {
	if !w.given() {
		return def
	}
	return w.n()
}

func decimal(s string) (int, bool) {
	if s == "" || len(s) > 10 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// num makes the leaf of a number between lo and hi.
func num(name string, lo, hi int, help string) *leaf {
	span := strconv.Itoa(lo) + "-" + strconv.Itoa(hi)
	return &leaf{
		name: name, placeholder: "<" + span + ">", help: help,
		match: func(w string) bool {
			n, ok := decimal(w)
			return ok && n >= lo && n <= hi
		},
		bad: func(w string) *badValue {
			if digits(strings.TrimPrefix(w, "-")) {
				return &badValue{kind: ast.Range, message: w + " is out of range: expected " + span}
			}
			return &badValue{kind: ast.BadValue, message: "bad number " + quote(w) + ": expected " + span}
		},
	}
}

// free makes the leaf of a name that the configuration chooses.
func free(name, placeholder, help string, most int) *leaf {
	return &leaf{
		name: name, placeholder: placeholder, help: help, loose: true,
		match: func(w string) bool { return nameLike(w) && len(w) <= most },
		bad: func(w string) *badValue {
			if nameLike(w) {
				return &badValue{kind: ast.Range, message: "name too long: " + strconv.Itoa(len(w)) + " characters, at most " + strconv.Itoa(most)}
			}
			return nil
		},
	}
}

// nameLike: a name has no parenthesis and no comma at its ends, which are left from (inside,outside).
func nameLike(w string) bool {
	return w != "" && w != "," && w != "(" && w != ")"
}

func isIf(w string) bool {
	if len(w) > 48 || w == "" {
		return false
	}
	letter := false
	for i := 0; i < len(w); i++ {
		switch c := w[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			letter = true
		case c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '/', c == '+', c == '#', c == '@':
		default:
			return false
		}
	}
	return letter
}

func isIP(w string) bool { _, ok := ast.ParseIP(w); return ok }

func badIP(w string) *badValue {
	if strings.Contains(w, "/") && isIP(w[:strings.IndexByte(w, '/')]) {
		return &badValue{kind: ast.BadValue, message: "bad address " + quote(w), hint: "write the mask as a word of its own, as in 10.0.0.0 255.0.0.0"}
	}
	if strings.Contains(w, ":") && strings.Trim(strings.ToLower(w), "0123456789abcdef:.") == "" {
		return &badValue{kind: ast.BadValue, message: "bad address " + quote(w), hint: "a PIX 6.3 knows no IPv6"}
	}
	if strings.Trim(w, "0123456789.") == "" {
		return &badValue{kind: ast.BadValue, message: "bad address " + quote(w), hint: "expected four numbers from 0 to 255, such as 10.1.2.3"}
	}
	return &badValue{kind: ast.BadValue, message: "unknown address " + quote(w), hint: "expected an address, or a name that an earlier name command defines"}
}

func badMask(w string) *badValue {
	m, ok := ast.ParseIP(w)
	if !ok {
		return &badValue{kind: ast.BadValue, message: "bad mask " + w, hint: "expected a netmask such as 255.255.255.0"}
	}
	b := &badValue{kind: ast.BadValue, message: "bad mask " + w, hint: "ones and zeros are mixed; expected a netmask such as 255.255.255.0"}
	if (^m).Contiguous() {
		b.suggestion = (^m).String()
		b.hint = "this is a wildcard mask; a PIX wants the netmask " + b.suggestion
	}
	return b
}

// spanOf reads A-B or A, where names may stand for addresses.
func spanOf(w string, names map[string]addrIP) (first, last ast.IP, ok bool) {
	one := func(s string) (ast.IP, bool) {
		if ip, ok := names[s]; ok {
			return ip, true
		}
		ip, ok := ast.ParseIP(s)
		return ip, ok && s != "0"
	}
	if ip, ok := one(w); ok {
		return ip, ip, true
	}
	for i := 0; i < len(w); i++ {
		if w[i] != '-' {
			continue
		}
		if a, ok := one(w[:i]); ok {
			if b, ok := one(w[i+1:]); ok {
				return a, b, a <= b
			}
		}
	}
	return 0, 0, false
}

func badSpan(w string) *badValue {
	if a, b, found := strings.Cut(w, "-"); found && isIP(a) && isIP(b) {
		return &badValue{kind: ast.BadValue, message: "bad address range " + quote(w) + ": it ends before it begins", suggestion: b + "-" + a}
	}
	return badIP(w)
}

func portLeaf(name string, proto int) *leaf {
	return &leaf{
		name: name, placeholder: "<port>", help: "port number 0-65535, or its name", words: portWords(proto),
		match: func(w string) bool { _, ok := ast.ParsePort(proto, w); return ok },
		bad: func(w string) *badValue {
			if digits(w) {
				return &badValue{kind: ast.Range, message: "port " + w + " is out of range: expected 0-65535"}
			}
			b := unknownOf("port", w, ast.Ports(proto))
			other, where := ast.ProtoUDP, "UDP"
			if proto == ast.ProtoUDP {
				other, where = ast.ProtoTCP, "TCP"
			}
			if n, ok := ast.ParsePort(other, w); ok && proto != 0 {
				b = &badValue{kind: ast.BadValue, message: "port " + quote(w) + " is a name for " + where + " only",
					hint: "write the number " + strconv.Itoa(int(n))}
			}
			return b
		},
	}
}

// beginning is the words that begin with w.
func beginning(w string, words []string) (out []string) {
	for _, x := range words {
		if strings.HasPrefix(x, strings.ToLower(w)) {
			out = append(out, x)
		}
	}
	return out
}

// portWords are the port literals of a protocol; of TCP and UDP where it is neither.
func portWords(proto int) []string {
	if proto == ast.ProtoTCP || proto == ast.ProtoUDP {
		return literalWords(ast.Ports(proto))
	}
	words := append(portWords(ast.ProtoTCP), portWords(ast.ProtoUDP)...)
	slices.Sort(words)
	return slices.Compact(words)
}

func literalWords(table []ast.Literal) []string {
	words := make([]string, len(table))
	for i, l := range table {
		words[i] = l.Word
	}
	return words
}

// unknownOf is the message for a word that a table of literals does not have.
func unknownOf(what, w string, table []ast.Literal) *badValue {
	b := &badValue{kind: ast.BadValue, message: "unknown " + what + " " + quote(w)}
	if several := beginning(w, literalWords(table)); len(w) > 1 && len(several) > 1 {
		b.message = what + " " + quote(w) + " may be short for " + strings.Join(several, ", ")
		b.hint, b.meant = "write it in full", true
		return b
	}
	if b.suggestion = closest(w, literalWords(table)); what == "port" && strings.EqualFold(w, "dns") {
		b.suggestion = "domain"
	}
	return b
}

// isHMS reads H:MM:SS.
func isHMS(w string) bool { _, ok := parseHMS(w); return ok }

func parseHMS(w string) (time.Duration, bool) {
	part := strings.Split(w, ":")
	if len(part) != 3 {
		return 0, false
	}
	var n [3]int
	for i, p := range part {
		v, ok := decimal(p)
		if !ok || len(p) > 4 || i > 0 && (v > 59 || len(p) > 2) {
			return 0, false
		}
		n[i] = v
	}
	d := time.Duration(n[0])*time.Hour + time.Duration(n[1])*time.Minute + time.Duration(n[2])*time.Second
	return d, d <= 1193*time.Hour
}

// isHardware: ethernet0, gb-ethernet1, and the historic token-ring0 and fddi0, also shortened.
func isHardware(w string) bool { _, ok := hardwareOf(w); return ok }

func isVLAN(w string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(w), "vlan")
	n, isNum := decimal(rest)
	return ok && isNum && n >= 1 && n <= 4094 && rest[0] != '0'
}

func level(w string) (int, bool) {
	l := strings.ToLower(w)
	rest, ok := strings.CutPrefix(l, "security")
	if !ok {
		rest, ok = strings.CutPrefix(l, "sec")
	}
	n, isNum := decimal(rest)
	return n, ok && isNum && n <= 100
}

func isHash(w string) bool {
	const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return len(w) == 16 && strings.Trim(w, alphabet) == ""
}

// portSpan reads 80 or 1718-1719.
func parsePortSpan(w string) (lo, hi uint16, ok bool) {
	a, b, two := strings.Cut(w, "-")
	x, ok1 := decimal(a)
	y := x
	ok2 := true
	if two {
		y, ok2 = decimal(b)
	}
	return uint16(x), uint16(y), ok1 && ok2 && x >= 1 && y <= 65535 && x <= y
}

func logLevelOf(w string) (int, bool) {
	if n, ok := decimal(w); ok {
		return n, n <= 7
	}
	for _, l := range ast.Severities() {
		if strings.EqualFold(l.Word, w) {
			return l.Number, true
		}
	}
	return 0, false
}

// service reads the traffic of an aaa rule: any, http, tcp/8080, icmp/8, 17/53.
func service(w string) (ast.AAAService, bool) {
	w = strings.ToLower(w)
	s := ast.AAAService{Word: w}
	switch w {
	case "any":
		s.All = true
		return s, true
	case "ftp", "http", "https", "telnet":
		p, _ := ast.ParsePort(ast.ProtoTCP, w)
		s.Proto, s.Lo, s.Hi = ast.ProtoTCP, p, p
		return s, true
	}
	a, b, found := strings.Cut(w, "/")
	proto, ok := ast.ParseProtocol(a)
	if !found || !ok || proto == 0 {
		return s, false
	}
	s.Proto = proto
	if proto == ast.ProtoICMP {
		t, ok := ast.ParseICMPType(b)
		s.Lo, s.Hi = uint16(t), uint16(t)
		return s, ok
	}
	if p, ok := ast.ParsePort(int(proto), b); ok {
		s.Lo, s.Hi, s.All = p, p, p == 0
		return s, true
	}
	lo, hi, found := strings.Cut(b, "-")
	x, ok1 := ast.ParsePort(int(proto), lo)
	y, ok2 := ast.ParsePort(int(proto), hi)
	s.Lo, s.Hi = x, y
	return s, found && ok1 && ok2 && x <= y
}

// secretWord takes a key or password: a word that may hold anything but blanks, parentheses too.
func (w *word) takeSecret(lex *lexer.PeekingLexer) error {
	t := lex.Peek()
	if t.EOF() {
		return participle.NextMatch
	}
	w.Text, w.Col, w.Type = t.Value, t.Pos.Column, tokWord
	end := t.Pos.Offset + len(t.Value)
	lex.Next()
	for t = lex.Peek(); !t.EOF() && t.Pos.Offset == end; t = lex.Peek() {
		w.Text += t.Value
		end += len(t.Value)
		lex.Next()
	}
	return nil
}

// takeText takes the rest of the line with its spacing.
func (w *word) takeText(lex *lexer.PeekingLexer) error {
	t := lex.Peek()
	if t.EOF() {
		return participle.NextMatch
	}
	from := t.Pos.Offset
	w.Col, w.Type = t.Pos.Column, tokWord
	for !lex.Peek().EOF() {
		lex.Next()
	}
	w.Text = strings.TrimRight(lex.Peek().Value[from:], " \t\r\v\f")
	return nil
}
