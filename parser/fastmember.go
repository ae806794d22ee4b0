package parser

import (
	"strings"

	"pixfw/ast"
)

// fastMember reads the common forms of the members of an object group without the grammar, as fastACL does for entries: what is
// unusual is not ok, and the grammar decides.
func fastMember(line string, scope Scope, no int32) (ast.Command, bool) {
	text := strings.TrimLeft(line, " ")
	if text == "" || text[0] < 'd' || text[0] > 'n' {
		if text == "" || text[0] != 'p' {
			return nil, false
		}
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '(' {
			return nil, false
		}
	}
	at := ast.Pos{}
	if no > 0 {
		at = ast.Pos{Line: no, Col: int32(1 + len(line) - len(text))}
	}
	in := ast.InObjectGroup{Group: scope.Group.Name}
	s := words{line: text, names: scope.Names}
	var out ast.Command
	switch s.next() {
	case "network-object":
		var net ast.Net
		if w := s.next(); w == "host" {
			ip, ok := s.ip(s.next())
			if !ok {
				return nil, false
			}
			net = ast.Net{IP: ip, Mask: ast.AllOnes}
		} else {
			ip, ok1 := s.ip(w)
			mask, ok2 := ast.ParseIP(s.next())
			if !ok1 || !ok2 || !mask.Contiguous() || ip&^mask != 0 {
				return nil, false
			}
			net = ast.Net{IP: ip, Mask: mask}
		}
		out = &ast.NetworkObject{Pos: at, InObjectGroup: in, Net: net}
	case "port-object":
		m := ast.PortMatch{}
		if !s.port(ast.ServiceProtocol(scope.Group.Proto), &m) || m.Op != ast.PortEq && m.Op != ast.PortRange {
			return nil, false
		}
		out = &ast.PortObject{Pos: at, InObjectGroup: in, Proto: scope.Group.Proto, Port: m}
	case "group-object":
		id := s.next()
		if !leafGroup.match(id) {
			return nil, false
		}
		out = &ast.GroupObject{Pos: at, InObjectGroup: in, Ref: id}
	default:
		return nil, false
	}
	if s.next() != "" {
		return nil, false
	}
	return out, true
}
