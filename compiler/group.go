package compiler

import (
	"cmp"
	"slices"

	"pixfw/ast"
)

// Elements is what an entry with object groups is made of. The entry itself matches by its sets (ACE.Src and so on), which is
// the same as matching the cross product of the groups' members and does not grow with it. `show access-list` shows the
// product, with a hit count for each element of it: Len, ACE.Element and ACE.ElementOf number its elements without making them.
//
// Each list has at least one member, in the order of the groups; the elements are numbered with the protocol as the slowest
// and the ICMP type as the fastest. That order of the PIX is not confirmed.
type Elements struct {
	Protos   []uint8 // ProtoIP: any
	Src      []ast.Net
	SrcPorts []ast.PortMatch
	Dst      []ast.Net
	DstPorts []ast.PortMatch
	ICMP     []int // -1: any
}

// sizes are the lengths of the lists, slowest first.
func (e *Elements) sizes() [6]int {
	return [...]int{len(e.Protos), len(e.Src), len(e.SrcPorts), len(e.Dst), len(e.DstPorts), len(e.ICMP)}
}

// Len is the number of elements, at most 2^31.
func (e *Elements) Len() int {
	n := 1
	for _, s := range e.sizes() {
		n = min(n*s, 1<<31)
	}
	return n
}

// Element is the i-th element as an entry of its own, as `show access-list` prints it. For an entry without groups it is the
// entry.
func (a *ACE) Element(i int) *ast.AccessList {
	var e ast.AccessList
	switch cmd := a.Line.cmd.(type) {
	case *ast.AccessList:
		e = *cmd
	case *ast.Conduit:
		e = *cmd.Entry()
	}
	x := a.Elements
	if x == nil {
		return &e
	}
	sizes := x.sizes()
	var at [6]int
	for k := len(sizes) - 1; k >= 0; k-- {
		at[k] = i % sizes[k]
		i /= sizes[k]
	}
	e.Proto, e.ProtoGroup = x.Protos[at[0]], ""
	e.Src, e.SrcPort = ast.Addr{Net: x.Src[at[1]]}, x.SrcPorts[at[2]]
	e.Dst, e.DstPort = ast.Addr{Net: x.Dst[at[3]]}, x.DstPorts[at[4]]
	e.ICMPType, e.ICMPGroup = x.ICMP[at[5]], ""
	return &e
}

// ElementOf is the number of the first element that a packet matches, which must match the entry: that is the one whose hit
// count grows. icmp is the type of an ICMP packet. Without groups it is 0.
func (a *ACE) ElementOf(proto uint8, src ast.IP, sport uint16, dst ast.IP, dport uint16, icmp int) int {
	x := a.Elements
	if x == nil {
		return 0
	}
	// The first match of the product is the first match of each list.
	at := [...]int{
		slices.IndexFunc(x.Protos, func(p uint8) bool { return p == ast.ProtoIP || p == proto }),
		slices.IndexFunc(x.Src, func(n ast.Net) bool { return n.Contains(src) }),
		slices.IndexFunc(x.SrcPorts, func(m ast.PortMatch) bool { return accepts(m, sport) }),
		slices.IndexFunc(x.Dst, func(n ast.Net) bool { return n.Contains(dst) }),
		slices.IndexFunc(x.DstPorts, func(m ast.PortMatch) bool { return accepts(m, dport) }),
		slices.IndexFunc(x.ICMP, func(t int) bool { return t < 0 || t == icmp }),
	}
	n := 0
	for k, size := range x.sizes() {
		n = n*size + max(at[k], 0)
	}
	return n
}

func accepts(m ast.PortMatch, port uint16) bool {
	if m.Op == ast.PortAny {
		return true
	}
	for _, r := range appendPorts(nil, m) {
		if r.Contains(port) {
			return true
		}
	}
	return false
}

// objectSet is an object group with the members of the groups in it.
type objectSet struct {
	head   *ast.ObjectGroup
	nets   []ast.Net
	ports  []ast.PortMatch
	ranges []PortRange // the union of ports
	protos []uint8
	types  []int
	icmp   []uint8 // types again
}

// objectSet resolves an object group once. What is in it twice counts once, in the first place.
func (c *compiler) objectSet(id string) *objectSet {
	if g, ok := c.groups[id]; ok {
		return g
	}
	head := c.cfg.ObjectGroup(id)
	if head == nil {
		return nil
	}
	g := &objectSet{head: head}
	seen := map[any]bool{}
	visited := map[string]bool{}
	var walk func(id string)
	walk = func(id string) {
		if visited[id] {
			return
		}
		visited[id] = true
		for _, m := range c.cfg.GroupMembers(id) {
			switch m := m.(type) {
			case *ast.GroupObject:
				walk(m.Ref)
			case *ast.NetworkObject:
				if n := network(m.Net); !seen[n] {
					seen[n] = true
					g.nets = append(g.nets, n)
				}
			case *ast.PortObject:
				if !seen[m.Port] {
					seen[m.Port] = true
					g.ports = append(g.ports, m.Port)
				}
			case *ast.ProtocolObject:
				if !seen[m.Proto] {
					seen[m.Proto] = true
					g.protos = append(g.protos, m.Proto)
				}
			case *ast.ICMPObject:
				if !seen[m.Type] {
					seen[m.Type] = true
					g.types, g.icmp = append(g.types, int(m.Type)), append(g.icmp, m.Type)
				}
			}
		}
	}
	walk(id)
	for _, m := range g.ports {
		g.ranges = appendPorts(g.ranges, m)
	}
	g.ranges = unionPorts(g.ranges)
	c.groups[id] = g
	return g
}

func (g *objectSet) empty() bool {
	return len(g.nets)+len(g.ports)+len(g.protos)+len(g.types) == 0
}

// unionPorts sorts ranges and merges those that touch.
func unionPorts(list []PortRange) []PortRange {
	slices.SortFunc(list, func(a, b PortRange) int { return cmp.Or(cmp.Compare(a.Lo, b.Lo), cmp.Compare(a.Hi, b.Hi)) })
	var out []PortRange
	for _, r := range list {
		if n := len(out); n > 0 && int(r.Lo) <= int(out[n-1].Hi)+1 {
			out[n-1].Hi = max(out[n-1].Hi, r.Hi)
			continue
		}
		out = append(out, r)
	}
	return out
}

// groupFor is the group that an entry names where one of the given type must stand. It reports what is wrong with it.
func (c *compiler) groupFor(cmd ast.Command, id, kind string) (*objectSet, bool) {
	g := c.objectSet(id)
	switch {
	case g == nil:
		var names []string
		for _, h := range c.cfg.ObjectGroups() {
			if h.Type == kind {
				names = append(names, h.ID)
			}
		}
		c.unknown("E208", cmd, "object-group", id, "define it with object-group "+kind, names)
		return nil, false
	case g.head.Type != kind:
		d := c.refuse("E337", ast.BadReference, cmd, id, "object-group %s is one of type %s; here must stand one of type %s", id, g.head.Type, kind)
		d.Hint = "name a group of type " + kind
		c.noteLine(d, g.head)
		return nil, false
	case g.empty():
		d := c.refuse("E338", ast.BadReference, cmd, id, "object-group %s has no members", id)
		d.Hint = "give it members, or remove this line"
		c.noteLine(d, g.head)
		return nil, false
	}
	return g, true
}

// serviceFor is groupFor for ports of the protocols of an entry.
func (c *compiler) serviceFor(cmd ast.Command, id string, protos []uint8) (*objectSet, bool) {
	g, ok := c.groupFor(cmd, id, ast.GroupService)
	if !ok {
		return nil, false
	}
	for _, p := range protos {
		if g.head.Proto != "tcp-udp" && ast.ServiceProtocol(g.head.Proto) != int(p) {
			d := c.refuse("E337", ast.BadReference, cmd, id, "object-group %s holds ports of %s, and the line is about %s", id, g.head.Proto, ast.ProtocolWord(p))
			d.Hint = "name a group for " + ast.ProtocolWord(p) + ", or for tcp-udp"
			c.noteLine(d, g.head)
			return nil, false
		}
	}
	return g, true
}
