package ast

import (
	"reflect"
	"slices"
	"strings"
)

// remove is the `no` form: switch off what is stored when off, else remove what the typed words name.
func (c *Config) remove(cmd Command) error {
	switch cmd := cmd.(type) {
	case *AccessList:
		return c.removeEntry(cmd.ID, cmd.Line, cmd)
	case *Remark:
		return c.removeEntry(cmd.ID, cmd.Line, cmd)
	case *StandardACE:
		return c.removeEntry(cmd.ID, cmd.Line, cmd)
	case *ObjectGroup:
		return c.removeGroup(cmd)
	case GroupMember:
		return c.removeMember(cmd)
	case *Fixup:
		return c.removeFixup(cmd)
	case *WholeList:
		return c.removeACL(cmd.ID)
	case *WholeMap:
		return c.removeMap(cmd)
	case *Timeout:
		return c.removeTimers(cmd)
	case *Privilege:
		return c.removePrivilege(cmd)
	case *RouteMap:
		return c.removeRouteMap(cmd)
	case *PrefixList:
		return c.removePrefixes(cmd)
	case Mode:
		return c.removeMode(cmd)
	case ModeLine:
		return c.removeModeLine(cmd)
	case *Nameif:
		return c.removeNameif(cmd)
	case *VLAN:
		c.removeVLAN(cmd)
	}
	if s, ok := cmd.(remover); ok {
		if done, err := s.removeFrom(c); done || err != nil {
			return err
		}
	}
	r := cmd.rule()
	if r.off {
		// The command carries its own switch, which the parser set off.
		return c.put(cmd)
	}
	words := strings.Fields(Text(cmd))
	if pw, ok := cmd.(*EnablePassword); ok {
		// Its operand stands before the level, so that no prefix of words names one.
		words = strings.Fields(Text(c.byKey(pw)))
	}
	var kept []Command
	found := false
	for _, old := range c.sections[r.section] {
		if !sameForm(cmd, old) || !isPrefix(words, strings.Fields(Text(old))) {
			kept = append(kept, old)
			continue
		}
		found = true
		d := defaultOf(old)
		if pol, ok := cmd.(*ISAKMPPolicy); ok && pol.Attribute != "" {
			d = defaultPolicy(pol.Priority, pol.Attribute)
		}
		if d != nil {
			// A setting that goes back to its default keeps its place.
			kept = append(kept, d)
		}
	}
	if !found {
		if r.quiet {
			return nil
		}
		return refuseNoSuch(cmd)
	}
	c.keep(r.section, kept)
	return nil
}

// byKey is the stored command with the key of cmd, or cmd itself.
func (c *Config) byKey(cmd Command) Command {
	r := cmd.rule()
	for _, old := range c.sections[r.section] {
		if old.rule().key == r.key {
			return old
		}
	}
	return cmd
}

// sameForm reports whether two commands are of one Go type: `no telnet timeout` must not remove `telnet` lines.
func sameForm(a, b Command) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }

func isPrefix(words, of []string) bool {
	return len(words) <= len(of) && slices.Equal(words, of[:len(words)])
}

// removeEntry removes an entry by its content; with a line, only if it stands there. The log option may be left off where no
// entry stands as typed.
func (c *Config) removeEntry(id string, line int, cmd Command) error {
	a := c.byID[id]
	if a == nil {
		return refuseNoACL(id)
	}
	same := func(e Command) bool { return entryHash(e) == entryHash(cmd) }
	alike := func(e Command) bool {
		x, ok1 := e.(*AccessList)
		y, ok2 := cmd.(*AccessList)
		if !ok1 || !ok2 || y.Log != LogUnset {
			return false
		}
		k := *x
		k.Log, k.LogLevel, k.Interval = y.Log, y.LogLevel, y.Interval
		return entryHash(&k) == entryHash(y)
	}
	i := slices.IndexFunc(a.entries, same)
	if i < 0 {
		i = slices.IndexFunc(a.entries, alike)
	}
	if line > 0 {
		i = -1
		if line <= len(a.entries) && (same(a.entries[line-1]) || alike(a.entries[line-1])) {
			i = line - 1
		}
	}
	if i < 0 {
		return refuseNoSuch(cmd)
	}
	if len(a.entries) == 1 {
		return c.removeACL(id)
	}
	a.seen[entryHash(a.entries[i])]--
	a.entries = slices.Delete(a.entries, i, i+1)
	return nil
}

// removeACL removes a list. Its access-group goes with it; other users keep it from being removed.
func (c *Config) removeACL(id string) error {
	if c.byID[id] == nil {
		return refuseNoACL(id)
	}
	if by := c.aclUser(id); by != nil {
		return refuseUsedACL(id, Text(by))
	}
	c.keep(secAccessGroup, slices.DeleteFunc(slices.Clone(c.sections[secAccessGroup]), func(g Command) bool {
		return g.(*AccessGroup).ACL == id
	}))
	c.acls = slices.DeleteFunc(slices.Clone(c.acls), func(a *acl) bool { return a.id == id })
	delete(c.byID, id)
	c.keep(secListOptions, slices.DeleteFunc(slices.Clone(c.sections[secListOptions]), func(o Command) bool {
		l, ok := o.(*ListCompiled)
		return ok && l.ID == id
	}))
	return nil
}

// aclUser is a command, other than an access-group, that needs the list.
func (c *Config) aclUser(id string) Command {
	for cmd := range c.Commands() {
		switch cmd := cmd.(type) {
		case *Nat:
			if cmd.ACL == id {
				return cmd
			}
		case *Static:
			if cmd.ACL == id {
				return cmd
			}
		case *MapEntry:
			if cmd.Match == id {
				return cmd
			}
		case *VPNGroup:
			if cmd.Attribute == "split-tunnel" && slices.Contains(cmd.Values, id) {
				return cmd
			}
		case lister:
			if cmd.list() == id {
				return cmd.(Command)
			}
		}
	}
	return nil
}

func (c *Config) removeMap(m *WholeMap) error {
	sec := secCryptoMap
	if m.Dynamic {
		sec = secDynamicMap
	}
	n := len(c.sections[sec])
	c.keep(sec, slices.DeleteFunc(slices.Clone(c.sections[sec]), func(old Command) bool {
		name, seq := mapName(old)
		return name == m.Name && (m.Seq == 0 || seq == m.Seq)
	}))
	if len(c.sections[sec]) == n {
		return refuseNoSuch(m)
	}
	return nil
}

// mapName is the map and entry a crypto map line belongs to; entry 0 for the map as a whole.
func mapName(cmd Command) (name string, seq int) {
	switch cmd := cmd.(type) {
	case *MapEntry:
		return cmd.Name, cmd.Seq
	case *MapClientAddress:
		return cmd.Name, 0
	case *MapAuthentication:
		return cmd.Name, 0
	case *MapInterface:
		return cmd.Name, 0
	case *MapSessionKey:
		return cmd.Name, cmd.Seq
	}
	return "", 0
}

// removeTimers puts the named timers back to their defaults.
func (c *Config) removeTimers(cmd *Timeout) error {
	def := printedTimers("6.3(4)") // all that there are
	var back Timeout
	for _, t := range cmd.Timers {
		for _, d := range def {
			if d.Name == t.Name && (t.Kind == "" || t.Kind == d.Kind) {
				back.Timers = append(back.Timers, d)
			}
		}
		if t.Kind == "inactivity" { // off by default: the timer goes
			c.dropTimer(t.Name, t.Kind)
		}
	}
	c.setTimers(&back)
	return nil
}

func (c *Config) dropTimer(name, kind string) {
	list := slices.Clone(c.sections[secTimeout])
	for i, cmd := range list {
		t := cmd.(*Timeout)
		timers := slices.DeleteFunc(slices.Clone(t.Timers), func(o Timer) bool { return o.Name == name && o.Kind == kind })
		if len(timers) != len(t.Timers) {
			list[i] = &Timeout{Pos: t.Pos, Timers: timers}
		}
	}
	c.keep(secTimeout, slices.DeleteFunc(list, func(cmd Command) bool { return len(cmd.(*Timeout).Timers) == 0 }))
}

// clear removes every line of a family, or those of one id; settings go back to their defaults.
func (c *Config) clear(cl *Cleared) error {
	switch cl.Name {
	case "object-group":
		return c.clearGroups(cl.ID)
	case "nameif":
		return c.clearNameif()
	case "shun":
		return nil
	}
	if cl.Name == "access-list" {
		ids := []string{cl.ID}
		if cl.ID == "" {
			ids = ids[:0]
			for _, a := range c.acls {
				ids = append(ids, a.id)
			}
		}
		for _, id := range ids {
			if c.byID[id] == nil {
				return refuseNoACL(id)
			}
			if by := c.aclUser(id); by != nil {
				return refuseUsedACL(id, Text(by))
			}
		}
		for _, id := range ids {
			if err := c.removeACL(id); err != nil {
				return err
			}
		}
		if cl.ID == "" {
			c.keep(secListOptions, nil)
		}
		return nil
	}
	switch cl.Name {
	case "router", "routing", "multicast", "route-map":
		c.clearModes(strings.TrimSpace(cl.Name + " " + cl.ID))
		return nil
	}
	if cl.Name == "logging disabled" {
		c.keep(secLogging, slices.DeleteFunc(slices.Clone(c.sections[secLogging]), func(old Command) bool {
			_, ok := old.(*LoggingMessage)
			return ok
		}))
		return nil
	}
	words := strings.Fields(cl.Name)
	words = append(words, strings.Fields(cl.ID)...)
	for sec := range c.sections {
		var kept []Command
		found := false
		for _, old := range c.sections[sec] {
			text := strings.TrimPrefix(Text(old), "no ")
			if !isPrefix(words, strings.Fields(text)) || !inFamily(cl.Name, old) {
				kept = append(kept, old)
				continue
			}
			found = true
			if d := defaultOf(old); d != nil {
				kept = append(kept, d)
			}
		}
		if found {
			c.keep(section(sec), kept)
		}
	}
	switch cl.Name {
	case "fixup":
		for _, f := range defaultFixups(c.Release) {
			if err := c.put(f); err != nil {
				return err
			}
		}
	case "timeout":
		c.setTimers(&Timeout{Timers: printedTimers(c.Release)})
	case "url-server":
		c.unservedFilters()
	case "names":
		c.keep(secNames, []Command{&Names{On: false}})
	}
	return nil
}

// inFamily keeps `clear telnet` from resetting `telnet timeout`, as on the box, and `clear arp` from the arp timeout.
func inFamily(family string, cmd Command) bool {
	switch cmd.(type) {
	case *SessionTimeout:
		return strings.HasSuffix(family, "timeout") || family == "console"
	case *ARPTimeout:
		return family == "arp timeout"
	}
	return true
}
