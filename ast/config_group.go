package ast

import (
	"slices"
)

// objectGroup is one object group with its members in the order of entry.
type objectGroup struct {
	head    *ObjectGroup
	about   *GroupDescription
	members []Command
	seen    map[uint64]struct{} // hashes of the members
	height  int                 // levels of groups below it
	nested  bool                // another group has, or had, it as a member
}

// maxNesting bounds how deep groups may stand in each other. What a PIX takes is not known; nobody writes more than a few.
const maxNesting = 32

func (g *objectGroup) clone() *objectGroup {
	h := *g
	h.members = slices.Clone(g.members)
	h.seen = make(map[uint64]struct{}, len(g.seen))
	for k := range g.seen {
		h.seen[k] = struct{}{}
	}
	return &h
}

// openGroup makes a group, or goes back to one that is there.
func (c *Config) openGroup(cmd *ObjectGroup) error {
	if g := c.groupByID[cmd.ID]; g != nil {
		if g.head.Type != cmd.Type || g.head.Proto != cmd.Proto {
			return refuseGroupType(cmd.ID, Text(g.head))
		}
		return nil
	}
	g := &objectGroup{head: cmd, seen: map[uint64]struct{}{}}
	c.groups = append(c.groups, g)
	c.groupByID[cmd.ID] = g
	return nil
}

// memberOf is the group of a member line, checked that it may have such a member.
func (c *Config) memberOf(cmd GroupMember) (*objectGroup, error) {
	if cmd.InGroup() == "" {
		return nil, refuseNoGroupOpen(cmd)
	}
	g := c.groupByID[cmd.InGroup()]
	if g == nil {
		return nil, refuseNoGroup(cmd.InGroup())
	}
	if t := cmd.groupType(); t != "" && t != g.head.Type {
		return nil, refuseMemberType(cmd, g.head)
	}
	return g, nil
}

// addMember adds a member to its group. The groups in it must be there already, and must not hold the group itself.
func (c *Config) addMember(cmd GroupMember) error {
	g, err := c.memberOf(cmd)
	if err != nil {
		return err
	}
	if d, ok := cmd.(*GroupDescription); ok {
		g.about = d
		return nil
	}
	h := entryHash(cmd)
	if _, dup := g.seen[h]; dup {
		return refuseDuplicateMember(cmd, g.head.ID)
	}
	if n, ok := cmd.(*GroupObject); ok {
		inner := c.groupByID[n.Ref]
		switch {
		case inner == nil:
			return refuseNoGroup(n.Ref)
		case inner.head.Type != g.head.Type || !serviceFits(inner.head.Proto, g.head.Proto):
			return refuseMemberType(cmd, g.head)
		case inner == g || g.nested && c.holds(inner, g.head.ID, map[string]bool{}):
			return refuseCycle(n.Ref, g.head.ID)
		}
		height := max(g.height, inner.height+1)
		if above := c.above(g.head.ID); above+height > maxNesting {
			return refuseNesting(n.Ref, g.head.ID)
		}
		g.height, inner.nested = height, true
		c.raise(g)
	}
	g.seen[h] = struct{}{}
	g.members = append(g.members, cmd)
	return nil
}

// serviceFits reports whether a service group of one protocol may stand where the other is meant.
func serviceFits(inner, outer string) bool { return inner == outer || inner == "tcp-udp" }

// holds reports whether the group has id among its members, at any depth.
func (c *Config) holds(g *objectGroup, id string, visited map[string]bool) bool {
	if g == nil || visited[g.head.ID] {
		return false
	}
	visited[g.head.ID] = true
	for _, m := range g.members {
		if n, ok := m.(*GroupObject); ok && (n.Ref == id || c.holds(c.groupByID[n.Ref], id, visited)) {
			return true
		}
	}
	return false
}

// parents are the groups that have id as a member. A group that was never nested has none.
func (c *Config) parents(id string) (out []*objectGroup) {
	if g := c.groupByID[id]; g == nil || !g.nested {
		return nil
	}
	for _, g := range c.groups {
		if g.height > 0 && slices.ContainsFunc(g.members, func(m Command) bool {
			n, ok := m.(*GroupObject)
			return ok && n.Ref == id
		}) {
			out = append(out, g)
		}
	}
	return out
}

// above is how many levels of groups stand over a group. Heights bound the depth of the search, and levels its width: each
// level is the set of parents of the one below.
func (c *Config) above(id string) int {
	level := map[string]bool{id: true}
	for n := 0; ; n++ {
		next := map[string]bool{}
		for g := range level {
			for _, p := range c.parents(g) {
				next[p.head.ID] = true
			}
		}
		if len(next) == 0 || n > maxNesting {
			return n
		}
		level = next
	}
}

// raise corrects the heights of the groups over g after it has grown. There are no cycles, so that it ends.
func (c *Config) raise(g *objectGroup) {
	for _, p := range c.parents(g.head.ID) {
		if p.height <= g.height {
			p.height = g.height + 1
			c.raise(p)
		}
	}
}

// removeMember is `no network-object ...` and the like. The last member of a group in use stays: an entry cannot be about
// nothing.
func (c *Config) removeMember(cmd GroupMember) error {
	g, err := c.memberOf(cmd)
	if err != nil {
		return err
	}
	if d, ok := cmd.(*GroupDescription); ok {
		if g.about == nil || d.Value != "" && d.Value != g.about.Value {
			return refuseNoSuch(cmd)
		}
		g.about = nil
		return nil
	}
	h := entryHash(cmd)
	i := slices.IndexFunc(g.members, func(m Command) bool { return entryHash(m) == h })
	if i < 0 {
		return refuseNoSuch(cmd)
	}
	if len(g.members) == 1 {
		if by := c.groupUser(g.head.ID); by != nil {
			return refuseUsedGroup(g.head.ID, Text(by))
		}
	}
	delete(g.seen, h)
	g.members = slices.Delete(g.members, i, i+1)
	return nil // heights stay: they are bounds
}

// removeGroup removes a group with its members, unless something needs it.
func (c *Config) removeGroup(cmd *ObjectGroup) error {
	g := c.groupByID[cmd.ID]
	if g == nil {
		return refuseNoGroup(cmd.ID)
	}
	if g.head.Type != cmd.Type || cmd.Proto != "" && g.head.Proto != cmd.Proto {
		return refuseGroupType(cmd.ID, Text(g.head))
	}
	if by := c.groupUser(cmd.ID); by != nil {
		return refuseUsedGroup(cmd.ID, Text(by))
	}
	c.dropGroups(func(o *objectGroup) bool { return o == g })
	return nil
}

func (c *Config) dropGroups(drop func(*objectGroup) bool) {
	for _, g := range c.groups {
		if drop(g) {
			delete(c.groupByID, g.head.ID)
		}
	}
	c.groups = slices.DeleteFunc(slices.Clone(c.groups), drop)
}

// clearGroups is `clear object-group [TYPE]`. It is refused whole when something needs one of them.
func (c *Config) clearGroups(kind string) error {
	drop := func(g *objectGroup) bool { return kind == "" || g.head.Type == kind }
	used := c.groupUsers()
	for _, g := range c.groups {
		if by := used[g.head.ID]; drop(g) && by != nil {
			return refuseUsedGroup(g.head.ID, Text(by))
		}
	}
	c.dropGroups(drop)
	return nil
}

// groupUser is a command that names the group.
func (c *Config) groupUser(id string) Command {
	for _, g := range c.parents(id) {
		for _, m := range g.members {
			if n, ok := m.(*GroupObject); ok && n.Ref == id {
				return g.head
			}
		}
	}
	return c.groupUsers()[id]
}

// groupUsers is the first line that names each group, members of groups aside: those go with their group.
func (c *Config) groupUsers() map[string]Command {
	users := map[string]Command{}
	use := func(cmd Command, e *AccessList) {
		for _, id := range [...]string{e.ProtoGroup, groupRef(e.Src), groupRef(e.Dst), e.SrcPort.Ref, e.DstPort.Ref, e.ICMPGroup} {
			if id != "" && users[id] == nil {
				users[id] = cmd
			}
		}
	}
	for _, a := range c.acls {
		for _, e := range a.entries {
			if e, ok := e.(*AccessList); ok {
				use(e, e)
			}
		}
	}
	for _, cmd := range c.sections[secConduit] {
		if d, ok := cmd.(*Conduit); ok {
			use(d, d.entry())
		}
	}
	return users
}

func groupRef(a Addr) string {
	if a.Kind == AddrGroup {
		return a.Ref
	}
	return ""
}

// ObjectGroups lists the object groups in the order of their creation.
func (c *Config) ObjectGroups() []*ObjectGroup {
	out := make([]*ObjectGroup, len(c.groups))
	for i, g := range c.groups {
		out[i] = g.head
	}
	return out
}

// ObjectGroup is the group of that name, or nil.
func (c *Config) ObjectGroup(id string) *ObjectGroup {
	if g := c.groupByID[id]; g != nil {
		return g.head
	}
	return nil
}

// GroupMembers is the members of a group in the order of entry, without its description; nil when there is no such group. Not
// to be changed.
func (c *Config) GroupMembers(id string) []Command {
	if g := c.groupByID[id]; g != nil {
		return g.members
	}
	return nil
}
