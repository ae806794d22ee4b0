package parser

import (
	"strings"

	"pixfw/ast"
)

// fastACL reads the entries and remarks of access lists without the grammar: a large configuration is almost nothing else.
// On anything unusual (a tab, a capital, a mask that cuts bits off, a mistake) it is not ok, and the grammar decides, which
// also makes the message. So a line never means anything that the grammar does not say; FuzzFastACL holds the two equal.
//
// entry is where the result may go; it is called at most once.
func fastACL(line string, scope *Scope, pos ast.Pos, entry func() *ast.AccessList) (cmd ast.Command, ok bool) {
	s := words{line: line, names: scope.Names}
	if s.next() != "access-list" || s.start != 0 {
		return nil, false
	}
	id := s.next()
	if !leafACL.match(id) {
		return nil, false
	}
	action, at := s.next(), 0
	if action == "line" {
		w := s.next()
		if at, ok = decimal(w); !ok || !leafLine.match(w) {
			return nil, false
		}
		action = s.next()
	}
	switch action {
	case "permit", "deny":
	case "remark":
		value, ok := s.rest()
		if !ok || s.odd {
			return nil, false
		}
		return &ast.Remark{Pos: pos, ID: id, Line: at, Value: value}, true
	default:
		return nil, false
	}
	var src, dst ast.Addr
	var srcPort, dstPort ast.PortMatch
	var protoGroup, icmpGroup string
	icmpType, proto := -1, 0
	switch w := s.next(); w {
	case "ip", "icmp":
		if w == "icmp" {
			proto = ast.ProtoICMP
		}
		ok = s.addr(&src) && s.addr(&dst)
		if ok && w == "icmp" {
			icmpType, icmpGroup, ok = s.icmp()
		}
	case "tcp":
		proto = ast.ProtoTCP
		ok = s.body(proto, &src, &dst, &srcPort, &dstPort)
	case "udp":
		proto = ast.ProtoUDP
		ok = s.body(proto, &src, &dst, &srcPort, &dstPort)
	case "object-group":
		protoGroup = s.next()
		ok = leafGroup.match(protoGroup) && s.body(-1, &src, &dst, &srcPort, &dstPort)
	default:
		if proto, ok = protocolWords[w]; ok {
			ok = s.addr(&src) && s.addr(&dst)
		}
	}
	if !ok {
		return nil, false
	}
	mode, level, interval, ok := s.log()
	if !ok || s.odd || s.next() != "" || s.odd {
		return nil, false
	}
	e := entry()
	e.Pos, e.ID, e.Line, e.Permit = pos, id, at, action == "permit"
	e.Proto, e.ProtoGroup = uint8(proto), protoGroup
	e.Src, e.Dst, e.SrcPort, e.DstPort = src, dst, srcPort, dstPort
	e.ICMPType, e.ICMPGroup = icmpType, icmpGroup
	e.Log, e.LogLevel, e.Interval = mode, level, interval
	if dstPort.Op == ast.PortGroup {
		settle(scope.Groups, e)
	}
	return e, true
}

// newEntry is the entry of a line that is alone.
func newEntry() *ast.AccessList { return new(ast.AccessList) }

// entries hands out entries of a file, which live as long as each other, in blocks.
type entries []ast.AccessList

func (s *entries) next() *ast.AccessList {
	if len(*s) == cap(*s) {
		*s = make(entries, 0, min(max(8, 2*cap(*s)), 1024))
	}
	*s = (*s)[:len(*s)+1]
	return &(*s)[len(*s)-1]
}

// Tables by exact spelling. Other spellings are for the grammar.
var (
	tcpPortWords  = literals(ast.Ports(ast.ProtoTCP))
	udpPortWords  = literals(ast.Ports(ast.ProtoUDP))
	icmpTypeWords = literals(ast.ICMPTypes())
	protocolWords = literals(ast.Protocols())
)

func literals(table []ast.Literal) map[string]int {
	m := make(map[string]int, len(table))
	for _, l := range table {
		m[l.Word] = l.Number
	}
	return m
}

// words walks over a line word by word.
type words struct {
	line       string
	names      map[string]ast.IP
	start, end int  // of the last word
	odd        bool // the lexer may cut the line otherwise
}

// next is the next word, "" at the end of the line.
func (s *words) next() string {
	i := s.end
	for i < len(s.line) && s.line[i] == ' ' {
		i++
	}
	s.start = i
	for i < len(s.line) && s.line[i] > ' ' {
		i++
	}
	s.end = i
	if i < len(s.line) && s.line[i] < ' ' || i > s.start && s.line[s.start] == '(' {
		s.odd = true
		s.end = len(s.line)
		return ""
	}
	return s.line[s.start:i]
}

// rest is the rest of the line as text.
func (s *words) rest() (string, bool) {
	t := strings.TrimLeft(s.line[s.end:], " ")
	if t == "" || t[0] < ' ' {
		return "", false
	}
	return strings.TrimRight(t, " \t\r\v\f"), true
}

// is takes the next word if it is w.
func (s *words) is(w string) bool {
	back := s.end
	if s.next() == w {
		return true
	}
	s.end = back
	return false
}

func (s *words) ip(w string) (ast.IP, bool) {
	if len(s.names) > 0 {
		if ip, ok := s.names[w]; ok {
			return ip, true
		}
	}
	return ast.ParseIP(w)
}

// addr reads a source or destination.
func (s *words) addr(a *ast.Addr) bool {
	switch w := s.next(); w {
	case "any":
		*a = ast.Addr{}
		return true
	case "host":
		ip, ok := s.ip(s.next())
		*a = ast.HostAddr(ip)
		return ok
	case "interface":
		*a = ast.Addr{Kind: ast.AddrInterface, Ref: s.next()}
		return leafIf.match(a.Ref)
	case "object-group":
		*a = ast.Addr{Kind: ast.AddrGroup, Ref: s.next()}
		return leafGroup.match(a.Ref)
	default:
		ip, ok := s.ip(w)
		if !ok {
			return false
		}
		mask, ok := ast.ParseIP(s.next())
		*a = ast.Addr{Net: ast.Net{IP: ip, Mask: mask}}
		return ok && ip&^mask == 0 // else there is a warning
	}
}

// more reports whether an address or port follows, so that the ones before are not what they seemed.
func (s *words) more() bool {
	back := s.end
	w := s.next()
	s.end = back
	switch w {
	case "any", "host", "interface", "object-group", "eq", "neq", "lt", "gt", "range":
		return true
	case "", "log":
		_, named := s.names[w]
		return named
	}
	_, ok := s.ip(w)
	return ok
}

// body reads addresses and ports. Which of several object-groups is a port is said at tcpBody.
func (s *words) body(proto int, src, dst *ast.Addr, srcPort, dstPort *ast.PortMatch) bool {
	if !s.addr(src) || !s.port(proto, srcPort) {
		return false
	}
	back := s.end
	if !s.addr(dst) || !s.portOrGroup(proto, dstPort) {
		return false
	}
	if !s.more() {
		return true
	}
	if s.end = back; srcPort.Op != ast.PortAny || !s.is("object-group") {
		return false
	}
	*srcPort, *dstPort = ast.PortMatch{Op: ast.PortGroup, Ref: s.next()}, ast.PortMatch{}
	return leafGroup.match(srcPort.Ref) && s.addr(dst) && s.portOrGroup(proto, dstPort)
}

func (s *words) portOrGroup(proto int, m *ast.PortMatch) bool {
	if s.is("object-group") {
		*m = ast.PortMatch{Op: ast.PortGroup, Ref: s.next()}
		return leafGroup.match(m.Ref)
	}
	return s.port(proto, m)
}

// port reads a comparison of ports, if there is one.
func (s *words) port(proto int, m *ast.PortMatch) bool {
	back := s.end
	switch s.next() {
	case "eq":
		m.Op = ast.PortEq
	case "neq":
		m.Op = ast.PortNeq
	case "lt":
		m.Op = ast.PortLt
	case "gt":
		m.Op = ast.PortGt
	case "range":
		m.Op = ast.PortRange
	default:
		s.end = back
		return true
	}
	var ok bool
	if m.Lo, ok = portWord(proto, s.next()); !ok {
		return false
	}
	if m.Op != ast.PortRange {
		return true
	}
	m.Hi, ok = portWord(proto, s.next())
	return ok && m.Lo <= m.Hi
}

func portWord(proto int, w string) (uint16, bool) {
	if w == "" {
		return 0, false
	}
	if w[0] >= '0' && w[0] <= '9' || proto < 0 {
		return ast.ParsePort(proto, w)
	}
	table := tcpPortWords
	if proto == ast.ProtoUDP {
		table = udpPortWords
	}
	n, ok := table[w]
	return uint16(n), ok
}

// icmp reads the type of an ICMP entry, if there is one.
func (s *words) icmp() (number int, group string, ok bool) {
	back := s.end
	w := s.next()
	if w == "object-group" {
		group = s.next()
		return -1, group, leafGroup.match(group)
	}
	if n, ok := icmpTypeWords[w]; ok {
		return n, "", true
	}
	if n, ok := ast.ParseICMPType(w); ok && w != "log" {
		return int(n), "", true
	}
	s.end = back
	return -1, "", true
}

// log reads the log option, if there is one.
func (s *words) log() (mode ast.LogMode, severity, interval int, ok bool) {
	if !s.is("log") {
		return ast.LogUnset, 0, 0, true
	}
	back := s.end
	w := s.next()
	switch w {
	case "":
		return ast.LogOn, 6, 300, true
	case "disable":
		return ast.LogDisable, 0, 0, true
	case "default":
		return ast.LogDefault, 0, 0, true
	case "interval":
		severity = 6
		s.end = back
	default:
		if severity, ok = logLevelOf(w); !ok {
			return 0, 0, 0, false
		}
	}
	if !s.is("interval") {
		return ast.LogOn, severity, 300, true
	}
	w = s.next()
	interval, _ = decimal(w)
	return ast.LogOn, severity, interval, leafInterval.match(w)
}
