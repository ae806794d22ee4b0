package parser

import (
	"strings"

	"pixfw/ast"
)

// ScopeOf is the scope at the end of a configuration, with no object group open.
func ScopeOf(cfg *ast.Config) Scope {
	s := Scope{Names: map[string]ast.IP{}, Groups: map[string]string{}}
	for _, n := range ast.All[*ast.Name](cfg) {
		s.Names[n.Name] = n.IP
	}
	for _, g := range cfg.ObjectGroups() {
		s.Groups[g.ID] = g.Type
	}
	return s
}

// Learn keeps the names and object groups that a statement defines, and opens and closes the group that members belong to. A
// group stays open while members come; any other command closes it. Nil maps stay nil.
func (s *Scope) Learn(stmt ast.Statement) {
	if stmt.Cmd == nil {
		return
	}
	s.learnMode(stmt)
	switch cmd := stmt.Cmd.(type) {
	case ast.GroupMember:
		return
	case *ast.Version, *ast.Checksum:
		return
	case *ast.ObjectGroup:
		s.Group = Group{}
		switch {
		case stmt.Verb == ast.Set:
			s.Group = Group{cmd.ID, cmd.Type, cmd.Proto}
			if s.Groups != nil {
				s.Groups[cmd.ID] = cmd.Type
			}
		default:
			delete(s.Groups, cmd.ID)
		}
		return
	case *ast.Cleared:
		switch cmd.Name {
		case "names", "name":
			clear(s.Names)
		case "object-group":
			for id, kind := range s.Groups {
				if cmd.ID == "" || cmd.ID == kind {
					delete(s.Groups, id)
				}
			}
		}
	case *ast.Name:
		switch {
		case s.Names == nil:
		case stmt.Verb == ast.Set:
			s.Names[cmd.Name] = cmd.IP
		case stmt.Verb == ast.No:
			for k, ip := range s.Names {
				if ip == cmd.IP {
					delete(s.Names, k)
				}
			}
		}
	}
	s.Group = Group{}
}

// leavesGroup reports whether a line that was not understood begins like a command other than a member: then the group is
// closed. A slip in the first word of a member does not close it.
func leavesGroup(line string) bool {
	w := strings.Fields(line)
	if len(w) > 1 && strings.EqualFold(w[0], "no") {
		w = w[1:]
	}
	second := ""
	if len(w) > 1 {
		second = w[1]
	}
	c := lookup(w[0], second)
	return c != nil && !memberWords[c.keyword] || strings.EqualFold(w[0], "clear")
}

var memberWords = map[string]bool{"network-object": true, "port-object": true, "protocol-object": true, "icmp-object": true,
	"group-object": true, "description": true}
