package parser

import "pixfw/ast"

// fastACL reads the common forms of a permit or deny line without the grammar: a large configuration is almost nothing else.
// On anything unusual (a tab, a capital, an object group, a name for an address, a mistake) it is not ok, and the grammar
// decides, which also makes the message. So a line never means anything that the grammar does not say; FuzzFastACL holds
// the two equal.
func fastACL(line string, names map[string]ast.IP, pos ast.Pos) (entry *ast.AccessList, ok bool) {
	s := words{line: line, names: names}
	for i := 0; i < len(line); i++ {
		if c := line[i]; c < ' ' || c == '(' {
			return nil, false
		}
	}
	if s.next() != "access-list" || s.start != 0 {
		return nil, false
	}
	e := ast.AccessList{Pos: pos, ICMPType: -1}
	if e.ID = s.next(); !leafACL.match(e.ID) {
		return nil, false
	}
	switch s.next() {
	case "permit":
		e.Permit = true
	case "deny":
	default:
		return nil, false
	}
	proto := 0
	switch s.next() {
	case "ip":
	case "tcp":
		proto = ast.ProtoTCP
	case "udp":
		proto = ast.ProtoUDP
	case "icmp":
		proto = ast.ProtoICMP
	default:
		return nil, false
	}
	e.Proto = uint8(proto)
	ports := proto == ast.ProtoTCP || proto == ast.ProtoUDP
	if !s.addr(&e.Src) {
		return nil, false
	}
	if ports && !s.port(proto, &e.SrcPort) {
		return nil, false
	}
	if !s.addr(&e.Dst) {
		return nil, false
	}
	if ports && !s.port(proto, &e.DstPort) {
		return nil, false
	}
	w := s.next()
	if proto == ast.ProtoICMP && w != "" && w != "log" {
		t, ok := ast.ParseICMPType(w)
		if !ok {
			return nil, false
		}
		e.ICMPType = int(t)
		w = s.next()
	}
	if w == "log" {
		e.Log, e.LogLevel, e.Interval = ast.LogOn, 6, 300
		w = s.next()
	}
	if w != "" {
		return nil, false
	}
	return &e, true
}

// words walks over a line word by word.
type words struct {
	line       string
	names      map[string]ast.IP
	start, end int // of the last word
}

// next is the next word, "" at the end of the line.
func (s *words) next() string {
	i := s.end
	for i < len(s.line) && s.line[i] == ' ' {
		i++
	}
	s.start = i
	for i < len(s.line) && s.line[i] != ' ' {
		i++
	}
	s.end = i
	return s.line[s.start:i]
}

func (s *words) ip(w string) (ast.IP, bool) {
	if len(s.names) > 0 {
		if _, ok := s.names[w]; ok {
			return 0, false
		}
	}
	return ast.ParseIP(w)
}

func (s *words) addr(a *ast.Addr) bool {
	switch w := s.next(); w {
	case "any":
		return true
	case "host":
		ip, ok := s.ip(s.next())
		a.Net = ast.Net{IP: ip, Mask: ast.AllOnes}
		return ok
	default:
		ip, ok := s.ip(w)
		if !ok {
			return false
		}
		mask, ok := ast.ParseIP(s.next())
		a.Net = ast.Net{IP: ip, Mask: mask}
		return ok && ip&^mask == 0 // else there is a warning
	}
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
	if m.Lo, ok = ast.ParsePort(proto, s.next()); !ok {
		return false
	}
	if m.Op != ast.PortRange {
		return true
	}
	m.Hi, ok = ast.ParsePort(proto, s.next())
	return ok && m.Lo <= m.Hi
}
