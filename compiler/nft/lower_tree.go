package nft

import (
	"fmt"
	"strconv"

	"pixfw/ast"
	"pixfw/compiler"
)

// longList makes a tree of an access list. The chain of its name finds the first match, and looks up what is done.
func (l *lowerer) longList(name string, k int, user bool) {
	list := &l.p.ACLs[k]
	t := &tree{name: name, unique: l.unique, shared: map[string]string{}, named: map[string]string{}, rules: make([]treeRule, 0, len(list.Entries))}
	for e := range list.Entries {
		t.add(&list.Entries[e], uint32(e+1), list.ID+" line "+strconv.Itoa(list.Entries[e].Number))
	}
	match := Chain{Name: l.unique(name + "_match"), Note: "The first match of access-list " + list.ID + ", as mark"}
	match.Rules = t.root()

	// Packets must not keep the mark: it is for the tree alone.
	permit := Chain{Name: l.unique(name + "_permit"), Rules: []Rule{{Do: []Stmt{SetPacketMark{0}, Return{}}}}}
	refuse := Chain{Name: l.unique(name + "_deny"), Rules: []Rule{{Do: refuseByUser(k)}}}
	if !user {
		permit.Rules[0].Do = append([]Stmt{SetPacketMark{0}}, l.admit(Accept{})...)
		refuse.Rules[0].Do = l.refuse(Log{"106023:" + list.ID})
	}
	verdicts := Set{Name: l.unique(name + "_verdicts"), Kind: Verdicts, Key: PacketMark, Counted: true, ACL: k,
		Note: "what each entry of access-list " + list.ID + " does"}
	var logs []Chain
	for e := range list.Entries {
		ace := &list.Entries[e]
		var do Stmt
		switch {
		case ace.Log == ast.LogOn:
			c := Chain{Name: l.unique(fmt.Sprintf("%s_log_%d", name, e+1)), Rules: []Rule{{Do: l.verdict(k, e, user), Line: ace.Line}}}
			if ace.Permit {
				c.Rules[0].Do = append([]Stmt{SetPacketMark{0}}, c.Rules[0].Do...)
			}
			logs = append(logs, c)
			do = Goto{c.Name}
		case ace.Permit:
			do = Goto{permit.Name}
		case ace.Log == ast.LogDisable && !user:
			do = l.refuse()[0]
		default:
			do = Goto{refuse.Name}
		}
		verdicts.Verdicts = append(verdicts.Verdicts, VerdictOf{Range{uint32(e + 1), uint32(e + 1)}, do})
	}
	l.chain(Chain{Name: name, Note: "access-list " + list.ID, Rules: []Rule{
		{Do: []Stmt{SetPacketMark{noneFound}, Jump{match.Name}}},
		{Do: []Stmt{Dispatch{PacketMark, verdicts.Name}}},
		l.implicit(k, user),
	}})
	l.rs.Sets = append(l.rs.Sets, append(t.sets, verdicts)...)
	l.rs.Chains = append(l.rs.Chains, match, permit, refuse)
	l.rs.Chains = append(l.rs.Chains, logs...)
	l.rs.Chains = append(l.rs.Chains, t.chains...)
}

// add enters an entry, as alternatives where masks have holes.
func (t *tree) add(ace *compiler.ACE, id uint32, note string) {
	r := treeRule{id: id, do: []Stmt{SetPacketMark{id}, Return{}}, note: note, line: ace.Line}
	r.cover[dimProto] = protocols(ace)
	if ace.Protos != nil && r.cover[dimProto] == nil || (ace.SrcPorts != nil || ace.DstPorts != nil || ace.ICMP != nil) && len(r.cover[dimProto]) == 0 {
		return // no protocol is left
	}
	ports := func(d int, in []compiler.PortRange) {
		var v []Range
		for _, p := range in {
			v = append(v, Range{uint32(p.Lo), uint32(p.Hi)})
		}
		if v = merge(v); len(v) > 0 && v[0] != (Range{0, 0xffff}) {
			r.cover[d] = v
		}
	}
	ports(dimSport, ace.SrcPorts)
	ports(dimDport, ace.DstPorts)
	if ace.ICMP != nil {
		var v []Range
		for _, n := range ace.ICMP {
			v = append(v, Range{uint32(n), uint32(n)})
		}
		r.cover[dimICMP] = merge(v)
	}
	for _, s := range alternatives(ace.Src) {
		for _, d := range alternatives(ace.Dst) {
			one := r
			one.cover[dimSrc], one.holes[dimSrc] = s.cover, s.hole
			one.cover[dimDst], one.holes[dimDst] = d.cover, d.hole
			t.rules = append(t.rules, one)
		}
	}
}

type alternative struct {
	cover []Range
	hole  ast.Net
}

// alternatives are the nets of an entry: those with proper masks together, each with a hole by itself.
func alternatives(in []ast.Net) []alternative {
	var out []alternative
	var ranges []Range
	for _, n := range in {
		switch {
		case n.Mask == 0:
			return []alternative{{}}
		case n.Mask.Contiguous():
			ranges = append(ranges, netRange(n))
		default:
			out = append(out, alternative{hole: ast.Net{IP: n.IP & n.Mask, Mask: n.Mask}})
		}
	}
	if ranges = merge(ranges); len(ranges) == 1 && ranges[0] == (Range{0, 0xffffffff}) {
		return []alternative{{}}
	}
	if len(ranges) > 0 {
		out = append(out, alternative{cover: ranges})
	}
	return out
}
