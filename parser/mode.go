package parser

import (
	"strings"

	"pixfw/ast"
)

// learnMode opens the sub-mode of router ospf, routing interface, route-map or multicast interface, or closes it: it is open
// while its lines come (commands-firewall.md section 1.1).
func (s *Scope) learnMode(stmt ast.Statement) {
	switch cmd := stmt.Cmd.(type) {
	case ast.ModeLine, *ast.Version, *ast.Checksum:
	case ast.Mode:
		s.Mode = ""
		if stmt.Verb == ast.Set {
			s.Mode = cmd.ModeID()
		}
	default:
		s.Mode = ""
	}
}

// leavesMode reports whether a line that was not understood begins like a command of no sub-mode.
func leavesMode(line string) bool {
	w := strings.Fields(line)
	if len(w) > 1 && strings.EqualFold(w[0], "no") {
		w = w[1:]
	}
	c := lookup(w[0], at(w, 1))
	return c != nil && !modeWords[c.keyword] || strings.EqualFold(w[0], "clear")
}

// modeWords begin the lines of sub-modes.
var modeWords = func() map[string]bool {
	m := map[string]bool{}
	for _, c := range modeCommands {
		m[c.keyword] = true
	}
	return m
}()

// inMode is the open sub-mode, if it is one that word opens.
func (c *conv) inMode(word string) ast.OfMode {
	if strings.HasPrefix(c.mode, word+" ") {
		return ast.OfMode{Mode: c.mode}
	}
	return ast.OfMode{}
}
