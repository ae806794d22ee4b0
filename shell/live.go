package shell

import (
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/parser/syntax"
)

// live is the values that a leaf has now: the names of the running configuration, and the literals of the language. before are
// the words in front of it.
func (s *Session) live(w syntax.Next, before []string) []string {
	out := namesOf(s.running, w.Class, s.group, before)
	if strings.EqualFold(w.Class, "execuser") {
		for _, u := range s.engine.Users().Users {
			out = append(out, u.Name)
		}
	}
	if strings.EqualFold(w.Class, "cmdword") { // privilege is of commands
		out = append(s.lang.exec().Leading(), s.lang.conf().Leading()...)
	}
	out = append(out, w.Words...)
	slices.Sort(out)
	return slices.Compact(out)
}

// namesOf is what the commands of a configuration have named that a leaf of that class may mean. Where a group of one type is
// wanted, it is of that type.
func namesOf(cfg *ast.Config, class string, open parser.Group, before []string) (out []string) {
	add := func(name string) {
		if name != "" {
			out = append(out, name)
		}
	}
	class = strings.ToLower(class)
	switch class {
	case "aclid":
		return cfg.ACLs()
	case "groupid":
		kind := groupKind(open, before)
		for _, g := range cfg.ObjectGroups() {
			if kind == "" || g.Type == kind {
				add(g.ID)
			}
		}
		return out
	}
	dynamic := slices.Contains(before, "dynamic-map") || len(before) > 0 && before[len(before)-1] == "dynamic"
	for cmd := range cfg.Commands() {
		switch c := cmd.(type) {
		case *ast.Nameif:
			switch class {
			case "ifname", "aaaif", "execport":
				add(c.Name)
			}
		case *ast.Interface:
			switch class {
			case "hardware", "nameable":
				add(c.Hardware)
			}
		case *ast.VLAN:
			switch class {
			case "nameable", "vlanword":
				add(c.Name())
			case "hardware":
				add(c.Hardware)
			}
		case *ast.Name:
			switch class {
			case "ipaddr", "ipspan", "aliasname":
				add(c.Name)
			}
		default:
			if named := nameIn[class]; named != nil {
				add(named(cmd, dynamic))
			}
		}
	}
	return out
}

// groupKind is the type of object group that the words want; empty: any may be meant.
func groupKind(open parser.Group, before []string) string {
	n := len(before)
	switch {
	case n > 0 && before[n-1] == "group-object":
		return open.Type
	case n > 1 && before[n-2] == "object-group" && (n == 2 || n == 3 && (before[0] == "no" || before[0] == "clear")):
		return before[n-1]
	case n > 1 && before[n-1] == "object-group" && (before[n-2] == "permit" || before[n-2] == "deny"):
		return ast.GroupProtocol
	}
	return ""
}

// nameIn is the name of a class that a command gives, or none. dynamic: of dynamic crypto maps.
var nameIn = map[string]func(cmd ast.Command, dynamic bool) string{
	"tagname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.AAAProtocol); ok {
			return c.Tag
		}
		return ""
	},
	"setname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.TransformSet); ok {
			return c.Name
		}
		return ""
	},
	"mapname": func(cmd ast.Command, dynamic bool) string {
		switch c := cmd.(type) {
		case *ast.MapEntry:
			if c.Dynamic == dynamic {
				return c.Name
			}
		case *ast.MapInterface:
			if !dynamic {
				return c.Name
			}
		}
		return ""
	},
	"poolname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.Pool); ok {
			return c.Name
		}
		return ""
	},
	"vpnname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.VPNGroup); ok {
			return c.Group
		}
		return ""
	},
	"vpdnname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.VPDNGroup); ok {
			return c.Group
		}
		return ""
	},
	"username": func(cmd ast.Command, _ bool) string {
		switch c := cmd.(type) {
		case *ast.Username:
			return c.Name
		case *ast.VPDNUser:
			return c.User
		}
		return ""
	},
	"auditname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.AuditName); ok {
			return c.Name
		}
		return ""
	},
	"listname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.MACList); ok {
			return c.ID
		}
		return ""
	},
	"listnum": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.Outbound); ok {
			return strconv.Itoa(c.List)
		}
		return ""
	},
	"prefixname": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.PrefixList); ok {
			return c.Name
		}
		return ""
	},
	"routemapid": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.RouteMap); ok {
			return c.Name
		}
		return ""
	},
	"canick": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.CAIdentity); ok {
			return c.Nick
		}
		return ""
	},
	"natid": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.Global); ok {
			return strconv.Itoa(c.ID)
		}
		return ""
	},
	"globalid": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.Nat); ok && c.ID > 0 {
			return strconv.Itoa(c.ID)
		}
		return ""
	},
	"policypri": func(cmd ast.Command, _ bool) string {
		if c, ok := cmd.(*ast.ISAKMPPolicy); ok {
			return strconv.Itoa(c.Priority)
		}
		return ""
	},
}
