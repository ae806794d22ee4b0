package ast

import (
	"slices"
	"strconv"
	"strings"
)

// A Mode is a command that opens a sub-mode: the lines that belong to it follow (commands-firewall.md section 1.1).
type Mode interface {
	Command
	ModeID() string // such as "router ospf 1": what its lines name it by
	modeKind() int  // printed order of the kinds within a section
}

// A ModeLine is a line of a sub-mode. It names its mode, which its text does not: the mode is the one that the lines before
// have opened. An empty name means that none was open.
type ModeLine interface {
	Command
	InMode() string
	modeWord() string // leading words of the modes that may have it
}

// OfMode is the sub-mode that a line belongs to.
type OfMode struct {
	Mode string `json:"mode"` // ModeID of its mode
}

// InMode makes a struct that embeds OfMode a part of a [ModeLine].
func (m OfMode) InMode() string { return m.Mode }

// modeOf is the mode that a command opens or belongs to, with its place: the kind of the mode, and whether it is the
// command that opens it.
func modeOf(cmd Command) (id string, ok bool) {
	switch cmd := cmd.(type) {
	case Mode:
		return cmd.ModeID(), true
	case ModeLine:
		return cmd.InMode(), true
	}
	return "", false
}

// checkMode refuses a line of a mode that is not open.
func (c *Config) checkMode(cmd ModeLine) error {
	if c.openMode(cmd.rule().section, cmd.InMode()) == nil {
		return refuseNoMode(cmd)
	}
	return nil
}

func (c *Config) openMode(sec section, id string) Mode {
	if id != "" {
		for _, old := range c.sections[sec] {
			if m, ok := old.(Mode); ok && m.ModeID() == id {
				return m
			}
		}
	}
	return nil
}

// removeMode removes a mode with all its lines.
func (c *Config) removeMode(cmd Mode) error {
	sec := cmd.rule().section
	n := len(c.sections[sec])
	kept := slices.DeleteFunc(slices.Clone(c.sections[sec]), func(old Command) bool {
		id, ok := modeOf(old)
		return ok && id == cmd.ModeID()
	})
	if len(kept) == n {
		return refuseNoSuch(cmd)
	}
	c.keep(sec, kept)
	return nil
}

// clearModes removes every mode of a kind with its lines; word is what their names begin with.
func (c *Config) clearModes(word string) {
	for _, sec := range [...]section{secRouting, secMulticast} {
		c.keep(sec, slices.DeleteFunc(slices.Clone(c.sections[sec]), func(old Command) bool {
			id, ok := modeOf(old)
			return ok && len(id) > len(word) && id[:len(word)] == word && id[len(word)] == ' '
		}))
	}
}

// rankMode is the order of modes, their lines and prefix lists: by kind, then in order of entry, route maps and prefix
// lists by number.
func (c *Config) rankMode(cmd Command, group func(size int, names ...string) int) (int, bool) {
	const kind = 1 << 56
	switch cmd := cmd.(type) {
	case *RouteMap:
		return modeRouteMap*kind + group(1<<23, "route-map", cmd.Name) + cmd.Seq<<7, true
	case *PrefixList:
		return modePrefixList*kind + group(1<<33, "prefix-list", cmd.Name) + cmd.Seq, true
	case *PrefixDescription:
		return modePrefixList*kind + group(1<<33, "prefix-list", cmd.Name) - 1, true
	case Mode:
		return cmd.modeKind()*kind + group(1<<7, "mode", cmd.ModeID()), true
	case ModeLine:
		if cmd.modeWord() == "route-map" {
			if m, ok := c.openMode(secRouting, cmd.InMode()).(*RouteMap); ok {
				return modeRouteMap*kind + group(1<<23, "route-map", m.Name) + m.Seq<<7 + 1, true
			}
		}
		return modeKinds[cmd.modeWord()]*kind + group(1<<7, "mode", cmd.InMode()) + 1, true
	}
	return 0, false
}

const (
	modeRoutingInterface = iota + 1
	modeRouterOSPF
	modePrefixList
	modeRouteMap
	modeMulticast
)

var modeKinds = map[string]int{"routing interface": modeRoutingInterface, "router ospf": modeRouterOSPF, "multicast interface": modeMulticast}

// nextPrefix is the number of a prefix list entry that was given none: five more than the last.
func (c *Config) nextPrefix(name string) int {
	last := 0
	for _, old := range c.sections[secRouting] {
		if p, ok := old.(*PrefixList); ok && p.Name == name {
			last = max(last, p.Seq)
		}
	}
	return last + 5
}

// RouterOSPF: `router ospf PID`.
type RouterOSPF struct {
	Pos     `json:"-"`
	Process int `json:"process"`
}

func (*RouterOSPF) Family() string     { return "router ospf" }
func (c *RouterOSPF) print(p *Printer) { p.word("router", "ospf").num(c.Process) }
func (c *RouterOSPF) ModeID() string   { return "router ospf " + strconv.Itoa(c.Process) }
func (*RouterOSPF) modeKind() int      { return modeRouterOSPF }
func (c *RouterOSPF) rule() rule       { return rule{section: secRouting, key: c.ModeID()} }

// RoutingInterface: `routing interface IF`.
type RoutingInterface struct {
	Pos `json:"-"`
	If  string `json:"interface"`
}

func (*RoutingInterface) Family() string     { return "routing interface" }
func (c *RoutingInterface) print(p *Printer) { p.word("routing", "interface", c.If) }
func (c *RoutingInterface) ModeID() string   { return "routing interface " + c.If }
func (*RoutingInterface) modeKind() int      { return modeRoutingInterface }
func (c *RoutingInterface) rule() rule       { return rule{section: secRouting, key: c.ModeID()} }

// RouteMap: `route-map NAME permit|deny SEQ`.
type RouteMap struct {
	Pos    `json:"-"`
	Name   string `json:"name"`
	Permit bool   `json:"permit"`
	Seq    int    `json:"sequence"` // -1: not given (`no route-map NAME`)
}

func (*RouteMap) Family() string { return "route-map" }
func (c *RouteMap) print(p *Printer) {
	p.word("route-map", c.Name)
	if c.Seq >= 0 {
		p.word(permitWord(c.Permit)).num(c.Seq)
	}
}
func (c *RouteMap) ModeID() string { return "route-map " + c.Name + " " + strconv.Itoa(c.Seq) }
func (*RouteMap) modeKind() int    { return modeRouteMap }
func (c *RouteMap) rule() rule     { return rule{section: secRouting, key: c.ModeID()} }

// Multicast: `multicast interface IF [max-groups N]`.
type Multicast struct {
	Pos       `json:"-"`
	If        string `json:"interface"`
	MaxGroups int    `json:"maxGroups,omitempty"` // 0: not given
}

func (*Multicast) Family() string { return "multicast interface" }
func (c *Multicast) print(p *Printer) {
	if p.word("multicast", "interface", c.If); c.MaxGroups > 0 {
		p.word("max-groups").num(c.MaxGroups)
	}
}
func (c *Multicast) ModeID() string { return "multicast interface " + c.If }
func (*Multicast) modeKind() int    { return modeMulticast }
func (c *Multicast) rule() rule     { return rule{section: secMulticast, key: c.ModeID()} }

// removeRouteMap removes one entry of a route map, or all of them.
func (c *Config) removeRouteMap(cmd *RouteMap) error {
	if cmd.Seq >= 0 {
		return c.removeMode(cmd)
	}
	found := false
	for _, old := range slices.Clone(c.sections[secRouting]) {
		if m, ok := old.(*RouteMap); ok && m.Name == cmd.Name {
			found = true
			if err := c.removeMode(m); err != nil {
				return err
			}
		}
	}
	if !found {
		return refuseNoSuch(cmd)
	}
	return nil
}

// removeModeLine removes the lines of one mode that the typed words begin.
func (c *Config) removeModeLine(cmd ModeLine) error {
	if err := c.checkMode(cmd); err != nil {
		return err
	}
	r := cmd.rule()
	if r.off {
		return c.put(cmd)
	}
	words := strings.Fields(Text(cmd))
	list := c.sections[r.section]
	kept := slices.DeleteFunc(slices.Clone(list), func(old Command) bool {
		l, ok := old.(ModeLine)
		return ok && l.InMode() == cmd.InMode() && sameForm(cmd, old) && isPrefix(words, strings.Fields(Text(old)))
	})
	if len(kept) == len(list) {
		return refuseNoSuch(cmd)
	}
	c.keep(r.section, kept)
	return nil
}

// removePrefixes removes a whole prefix list, or one entry by its content; its number need not be given.
func (c *Config) removePrefixes(cmd *PrefixList) error {
	list := c.sections[secRouting]
	kept := slices.DeleteFunc(slices.Clone(list), func(old Command) bool {
		if d, ok := old.(*PrefixDescription); ok {
			return cmd.Whole && d.Name == cmd.Name
		}
		p, ok := old.(*PrefixList)
		return ok && p.Name == cmd.Name && (cmd.Whole || p.Permit == cmd.Permit && p.Net == cmd.Net && p.GE == cmd.GE && p.LE == cmd.LE &&
			(cmd.Seq == 0 || cmd.Seq == p.Seq))
	})
	if len(kept) == len(list) {
		return refuseNoSuch(cmd)
	}
	c.keep(secRouting, kept)
	return nil
}

// PrefixNumbers: `prefix-list sequence-number`: entries of prefix lists are numbered. It goes without saying, so that only `no`
// is kept; the numbers print either way, because without them the order of entry would have to say what they say.
type PrefixNumbers struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*PrefixNumbers) Family() string     { return "prefix-list" }
func (c *PrefixNumbers) print(p *Printer) { p.onoff(c.On).word("prefix-list", "sequence-number") }
func (c *PrefixNumbers) rule() rule {
	return rule{section: secRouting, rank: modePrefixList << 56, key: "prefix-list sequence-number", off: true, unset: bool(c.On)}
}
