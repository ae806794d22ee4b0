package ast

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Config is the running configuration: statements are replayed into it one by one, and it prints in the PIX's own order.
// Stored commands are never changed in place, so a Clone is cheap and shares them.
type Config struct {
	File     string // where it was loaded from; for diagnostics
	Release  string // version of the PIX that wrote it, such as 6.3(3)
	checksum string // as loaded; empty once the configuration has been changed
	sections [sectionEnd][]Command
	acls     []*acl // in order of creation
	byID     map[string]*acl
	groups   []*objectGroup // in order of creation
	// groupByID finds a group by its name.
	groupByID map[string]*objectGroup
	order     map[string]int // first appearance of names that group lines: vpngroups, maps, aaa tags, interfaces
	// stored holds the identity of every stored command (its key, or its text), so that a new one is known to be new
	// without looking at the others.
	stored [sectionEnd]map[string]struct{}
}

// DefaultRelease is the release a configuration without a version line is taken for.
const DefaultRelease = "6.3(3)"

// acl is one access list; entries are *AccessList and *Remark in evaluation order.
type acl struct {
	id      string
	entries []Command
	seen    map[uint64]int // hash of an entry's content → how many entries have it
}

// NewConfig is an empty configuration. It holds no default lines: those are in Factory.
func NewConfig(file string) *Config {
	return &Config{File: file, byID: map[string]*acl{}, groupByID: map[string]*objectGroup{}, order: map[string]int{}}
}

// Clone is an independent copy.
func (c *Config) Clone() *Config {
	d := &Config{File: c.File, Release: c.Release, checksum: c.checksum, byID: make(map[string]*acl, len(c.byID)),
		groupByID: make(map[string]*objectGroup, len(c.groupByID)),
		order:     maps.Clone(c.order)}
	for i := range c.sections {
		d.sections[i] = slices.Clone(c.sections[i])
		d.stored[i] = maps.Clone(c.stored[i])
	}
	for _, a := range c.acls {
		b := &acl{id: a.id, entries: slices.Clone(a.entries), seen: maps.Clone(a.seen)}
		d.acls = append(d.acls, b)
		d.byID[b.id] = b
	}
	for _, g := range c.groups {
		h := g.clone()
		d.groups = append(d.groups, h)
		d.groupByID[h.head.ID] = h
	}
	return d
}

// Do replays one statement. A *Refusal means that the PIX would not take it; the configuration is then unchanged.
func (c *Config) Do(s Statement) error {
	switch cmd := s.Cmd.(type) {
	case *Version:
		c.Release = cmd.Release
		return nil
	case *Checksum:
		c.checksum = cmd.Sum
		return nil
	case *Shun:
		return nil
	}
	var err error
	switch s.Verb {
	case Set:
		err = c.set(s.Cmd)
	case No:
		err = c.remove(s.Cmd)
	case Clear:
		err = c.clear(s.Cmd.(*Cleared))
	}
	if err == nil {
		c.checksum = ""
	}
	return err
}

func (c *Config) set(cmd Command) error {
	switch cmd := cmd.(type) {
	case *AccessList:
		return c.addEntry(cmd.ID, cmd.Line, cmd)
	case *Remark:
		return c.addEntry(cmd.ID, cmd.Line, cmd)
	case *StandardACE:
		return c.addEntry(cmd.ID, cmd.Line, cmd)
	case *ObjectGroup:
		return c.openGroup(cmd)
	case GroupMember:
		return c.addMember(cmd)
	case *Fixup:
		return c.setFixup(cmd)
	case *Name:
		c.renameTo(cmd)
	case *Nameif:
		c.rename(cmd)
	case *Sysopt:
		if cmd.Old() {
			return nil
		}
	case *AccessGroup:
		if c.byID[cmd.ACL] == nil {
			return refuseNoACL(cmd.ACL)
		}
	case *Timeout:
		c.setTimers(cmd)
		return nil
	case ModeLine:
		if err := c.checkMode(cmd); err != nil {
			return err
		}
	case *PrefixList:
		if cmd.Seq == 0 {
			numbered := *cmd
			numbered.Seq = c.nextPrefix(cmd.Name)
			return c.put(&numbered)
		}
	case *Privilege:
		for _, one := range cmd.forms() {
			_ = c.put(one) // a keyed setting is never refused
		}
		return nil
	case *Route:
		for _, old := range c.sections[secRoute] {
			if r := old.(*Route); r.If == cmd.If && r.Net == cmd.Net && r.Gateway == cmd.Gateway {
				return refuseDuplicateRoute()
			}
		}
	}
	if s, ok := cmd.(setter); ok {
		if done, err := s.setIn(c); done || err != nil {
			return err
		}
	}
	return c.put(cmd)
}

// put stores a command of no special kind: in place of the one with its key, or at the end of its rank.
func (c *Config) put(cmd Command) error {
	r := cmd.rule()
	list := c.sections[r.section]
	id := identity(cmd, r)
	if _, known := c.stored[r.section][id]; r.unset {
		if known {
			c.keep(r.section, slices.DeleteFunc(slices.Clone(list), func(old Command) bool { return old.rule().key == r.key }))
		}
		return nil
	} else if known && !r.repeat {
		if r.key == "" {
			return refuseDuplicate(cmd)
		}
		for i, old := range list {
			if old.rule().key != r.key {
				continue
			}
			if c.rank(old) == c.rank(cmd) {
				list[i] = cmd
				return nil
			}
			// It belongs elsewhere now: an interface that gets another crypto map.
			list = slices.Delete(slices.Clone(list), i, i+1)
			break
		}
	}
	rank := c.rank(cmd)
	i := len(list)
	for i > 0 && c.rank(list[i-1]) > rank {
		i--
	}
	c.sections[r.section] = slices.Insert(list, i, cmd)
	if c.stored[r.section] == nil {
		c.stored[r.section] = map[string]struct{}{}
	}
	c.stored[r.section][id] = struct{}{}
	return nil
}

// Displaced is the stored command that set would replace by cmd, which says something else about the same setting; nil: none.
func (c *Config) Displaced(cmd Command) Command {
	r := cmd.rule()
	switch cmd.(type) {
	case *Timeout, *Privilege: // a line sets several, and the others stay
		return nil
	}
	if r.key == "" || r.unset || r.repeat {
		return nil
	}
	if _, known := c.stored[r.section][identity(cmd, r)]; !known {
		return nil
	}
	for _, old := range c.sections[r.section] {
		if old.rule().key == r.key && Text(old) != Text(cmd) {
			return old
		}
	}
	return nil
}

// identity is what makes a stored command one of its kind: the key of a setting, the text of a list entry.
func identity(cmd Command, r rule) string {
	if r.key != "" {
		return "\x00" + r.key
	}
	return Text(cmd)
}

// keep replaces the commands of a section by what is left of them after a removal.
func (c *Config) keep(sec section, list []Command) {
	c.sections[sec] = list
	c.stored[sec] = make(map[string]struct{}, len(list))
	for _, cmd := range list {
		c.stored[sec][identity(cmd, cmd.rule())] = struct{}{}
	}
}

// rank is the order of a command within its section: that of its rule, within the group of its name where lines group by
// a name (in order of first appearance).
func (c *Config) rank(cmd Command) int {
	r := cmd.rule().rank
	group := func(size int, names ...string) int {
		k := strings.Join(names, "\x00")
		n, ok := c.order[k]
		if !ok {
			n = len(c.order)
			c.order[k] = n
		}
		return n*size + r
	}
	switch cmd := cmd.(type) {
	case *VPNGroup:
		r = slices.Index(vpnGroupOrder, cmd.Attribute)
		if r < 0 {
			r = len(vpnGroupOrder)
		}
		return group(16, "vpngroup", cmd.Group)
	case *MapEntry:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapClientAddress:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapAuthentication:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapInterface:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *AAAProtocol:
		return group(4, "aaa-server", cmd.Tag)
	case *AAAHost:
		r = 3
		return group(4, "aaa-server", cmd.Tag)
	case *Nat:
		return group(2, "nat", cmd.If)
	case Mode, ModeLine, *PrefixList, *PrefixDescription:
		n, _ := c.rankMode(cmd, group)
		return n
	case *Interface:
		return group(2, "interface", cmd.Hardware)
	case *VLAN:
		return group(2, "interface", cmd.Hardware)
	case grouped:
		name, size := cmd.group()
		return group(size, name)
	}
	return r
}

var entrySeed = maphash.MakeSeed()

// entryHash identifies an entry by its content, wherever it stands.
func entryHash(cmd Command) uint64 {
	switch e := cmd.(type) {
	case *AccessList:
		return e.hash()
	case *Remark:
		k := *e
		k.Pos, k.Line = Pos{}, 0
		return maphash.Comparable(entrySeed, k)
	case *StandardACE:
		k := *e
		k.Pos, k.Line = Pos{}, 0
		return maphash.Comparable(entrySeed, k)
	case *NetworkObject:
		return maphash.Comparable(entrySeed, e.Net)
	case *PortObject:
		return maphash.Comparable(entrySeed, e.Port)
	case *GroupObject:
		return maphash.Comparable(entrySeed, e.Ref)
	case *ProtocolObject:
		return maphash.Comparable(entrySeed, e.Proto)
	case *ICMPObject:
		return maphash.Comparable(entrySeed, e.Type)
	}
	return 0
}

// hash is maphash.Comparable of the entry but its place, in less time: most of its strings are empty.
func (e *AccessList) hash() uint64 {
	var numbers [7]uint64
	if e.Permit {
		numbers[0] = 1
	}
	numbers[0] |= uint64(e.Proto)<<8 | uint64(e.Src.Kind)<<16 | uint64(e.Dst.Kind)<<24 | uint64(e.SrcPort.Op)<<32 |
		uint64(e.DstPort.Op)<<40 | uint64(e.Log)<<48
	numbers[1] = uint64(e.Src.Net.IP)<<32 | uint64(e.Src.Net.Mask)
	numbers[2] = uint64(e.Dst.Net.IP)<<32 | uint64(e.Dst.Net.Mask)
	numbers[3] = uint64(e.SrcPort.Lo)<<48 | uint64(e.SrcPort.Hi)<<32 | uint64(e.DstPort.Lo)<<16 | uint64(e.DstPort.Hi)
	numbers[4], numbers[5], numbers[6] = uint64(e.ICMPType), uint64(e.LogLevel), uint64(e.Interval)
	h := maphash.Comparable(entrySeed, numbers)
	for i, s := range [...]string{e.ID, e.ProtoGroup, e.ICMPGroup, e.Src.Ref, e.SrcPort.Ref, e.Dst.Ref, e.DstPort.Ref} {
		if s != "" {
			h = h*0x9e3779b97f4a7c15 ^ (maphash.String(entrySeed, s) + uint64(i))
		}
	}
	return h
}

// addEntry appends an entry to its list, or inserts it at line (counted from 1). A list is made by its first entry.
func (c *Config) addEntry(id string, line int, cmd Command) error {
	a := c.byID[id]
	h := entryHash(cmd)
	if a != nil && a.seen[h] > 0 {
		if _, remark := cmd.(*Remark); !remark {
			return refuseDuplicateACE()
		}
	}
	if a == nil {
		a = &acl{id: id, seen: map[uint64]int{}}
		c.acls = append(c.acls, a)
		c.byID[id] = a
	}
	a.seen[h]++
	if line > 0 && line <= len(a.entries) {
		a.entries = slices.Insert(a.entries, line-1, cmd)
	} else {
		a.entries = append(a.entries, cmd)
	}
	return nil
}

// setTimers merges timers into the stored lines, one a printed group.
func (c *Config) setTimers(cmd *Timeout) {
	for _, t := range cmd.Timers {
		line := &Timeout{Pos: t.Pos, Timers: []Timer{t}}
		g := timeoutGroup(line)
		var stored *Timeout
		for _, s := range All[*Timeout](c) {
			if timeoutGroup(s) == g {
				stored = s
			}
		}
		if stored != nil {
			timers := slices.Clone(stored.Timers)
			i := slices.IndexFunc(timers, func(o Timer) bool { return o.Name == t.Name && o.Kind == t.Kind })
			if i >= 0 {
				timers[i] = t
			} else {
				timers = append(timers, t)
			}
			names := []string{}
			if g < len(timeoutGroups) {
				names = timeoutGroups[g]
			}
			slices.SortStableFunc(timers, func(a, b Timer) int {
				return slices.Index(names, a.Name) - slices.Index(names, b.Name)
			})
			line = &Timeout{Pos: stored.Pos, Timers: timers}
		}
		_ = c.put(line) // a keyed setting is never refused
	}
}

// Commands yields every stored command in printed order.
func (c *Config) Commands() iter.Seq[Command] {
	return func(yield func(Command) bool) {
		for sec := range c.sections {
			if section(sec) == secObjectGroup {
				for _, g := range c.groups {
					if !yield(g.head) || g.about != nil && !yield(g.about) {
						return
					}
					for _, m := range g.members {
						if !yield(m) {
							return
						}
					}
				}
				continue
			}
			if section(sec) == secAccessList {
				for _, a := range c.acls {
					for _, e := range a.entries {
						if !yield(e) {
							return
						}
					}
				}
				continue
			}
			for _, cmd := range c.sections[sec] {
				if !yield(cmd) {
					return
				}
			}
		}
	}
}

// All is every stored command of one type, numbered from 0, in printed order.
func All[T Command](c *Config) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		n := 0
		for cmd := range c.Commands() {
			if t, ok := cmd.(T); ok {
				if !yield(n, t) {
					return
				}
				n++
			}
		}
	}
}

// First is the first stored command of one type that keep accepts (nil: any).
func First[T Command](c *Config, keep func(T) bool) (found T, ok bool) {
	for _, t := range All[T](c) {
		if keep == nil || keep(t) {
			return t, true
		}
	}
	return found, false
}

// ACLs lists the access lists in order of creation.
func (c *Config) ACLs() []string {
	ids := make([]string, len(c.acls))
	for i, a := range c.acls {
		ids[i] = a.id
	}
	return ids
}

// ACL is the entries and remarks of one list in evaluation order; nil when there is no such list. Not to be changed.
func (c *Config) ACL(id string) []Command {
	if a := c.byID[id]; a != nil {
		return a.entries
	}
	return nil
}

// SameSetting reports whether the two commands set one and the same thing, so that the later one replaces the earlier.
func SameSetting(a, b Command) bool {
	x, y := a.rule(), b.rule()
	return x.key != "" && x.section == y.section && x.key == y.key
}
