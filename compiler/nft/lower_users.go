package nft

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
)

// Access lists of users (semantics.md 2.6). Each interface where users log in has a map of sources to the chain of their list, which a
// process fills; the chain comes when the first user has the list, and goes with the last. What the interface permits goes through the map
// before it is let in: a chain returns for what it permits. No element ends by itself, so that no user is left in without his list.

// userLists makes the maps, and the chains of the lists that users have.
func (l *lowerer) userLists() {
	l.rs.Lists, l.rs.ListParts = map[int]string{}, map[int]*Ruleset{}
	if !l.opts.Live {
		return
	}
	for _, i := range l.ifs {
		if l.rs.Users[i] == "" && !l.clientsLogIn(i) && !l.opts.ListsOn[i] {
			continue
		}
		name := l.unique("lists_" + l.id[i])
		l.rs.Lists[i] = name
		l.rs.Sets = append(l.rs.Sets, Set{Name: name, Kind: Verdicts, Key: Saddr, Note: "users on " + l.p.Interfaces[i].Name + " who have an access list"})
		l.chain(Chain{Name: l.listOf(i), Note: "The access list of the user, if he has one", Rules: []Rule{{Do: []Stmt{Dispatch{Saddr, name}}}}})
	}
	for _, k := range slices.Sorted(maps.Keys(l.opts.Lists)) {
		part := LowerList(l.p, k, l.opts.Lists[k], l.opts)
		l.rs.ListParts[k] = part
		l.rs.Sets, l.rs.Chains = append(l.rs.Sets, part.Sets...), append(l.rs.Chains, part.Chains...)
	}
}

func (l *lowerer) listOf(i int) string { return "list_of_" + l.id[i] }

// listJumps look at the lists of users, wherever their packets have come from.
func (l *lowerer) listJumps() (rules []Rule) {
	for _, i := range l.ifs {
		if l.rs.Lists[i] != "" {
			rules = append(rules, Rule{Match: []Match{iif(l.dev[i])}, Do: []Stmt{Jump{l.listOf(i)}}})
		}
	}
	return rules
}

// admit does to a packet what lets it in, unless the list of its user denies it.
func (l *lowerer) admit(do ...Stmt) []Stmt {
	if len(l.rs.Lists) == 0 {
		return do
	}
	key := fmt.Sprint(do)
	if l.admits[key] == "" {
		l.admits[key] = l.unique("admitted")
		l.chain(Chain{Name: l.admits[key], Note: "What the interface permits, and the list of its user must permit, too",
			Rules: append(l.listJumps(), Rule{Do: do})})
	}
	return []Stmt{Goto{l.admits[key]}}
}

// override has the list of a user decide in place of that of the interface: the map goes to the chain, which returns to the caller. Who
// has none goes on to the interface's.
func (l *lowerer) override(i int, list string) []Rule {
	f := &l.p.Interfaces[i]
	if !f.PerUser || l.rs.Lists[i] == "" {
		return []Rule{{Do: []Stmt{Goto{list}}, Line: f.ACLLine}}
	}
	c := Chain{Name: l.unique("override_" + l.id[i]), Note: "The access list of the user, or that of the interface",
		Rules: []Rule{{Do: []Stmt{Dispatch{Saddr, l.rs.Lists[i]}}, Line: f.ACLLine}, {Do: []Stmt{Goto{list}}, Line: f.ACLLine}}}
	l.chain(c)
	return []Rule{{Do: []Stmt{Jump{c.Name}}, Line: f.ACLLine}, {Do: []Stmt{Accept{}}, Line: f.ACLLine, Note: "per-user-override"}}
}

// LowerList makes the chain of a user's access list, with what belongs to it; all names begin with that of the chain.
func LowerList(plan *compiler.Plan, acl int, chain string, opts Options) *Ruleset {
	l := &lowerer{p: plan, opts: opts, rs: &Ruleset{}, at: map[ast.Pos]*ast.Diagnostic{}, used: map[string]int{chain: 1}, lifts: map[string]string{},
		admits: map[string]string{}}
	l.accessList(chain, acl, true)
	return l.rs
}

// userVerdict is what is done with packets of a user that an entry of his list matches, but for counting.
func (l *lowerer) userVerdict(acl, e int) []Stmt {
	ace := &l.p.ACLs[acl].Entries[e]
	var do []Stmt
	if ace.Log == ast.LogOn {
		do = append(do, Log{fmt.Sprintf("106100:%d:%d", acl, e)})
	}
	if ace.Permit {
		return append(do, Return{})
	}
	return append(do, refuseByUser(acl)...)
}

// refuseByUser tells of the list by its place in the plan: its name comes from a server, and may be of any length.
func refuseByUser(acl int) []Stmt { return []Stmt{Log{fmt.Sprintf("109025:%d", acl)}, Drop{}} }

// With is the ruleset with a part added to it, and Without one without it.
func (r *Ruleset) With(part *Ruleset) *Ruleset {
	out := *r
	out.Sets, out.Chains = slices.Concat(r.Sets, part.Sets), slices.Concat(r.Chains, part.Chains)
	return &out
}

// Without is the ruleset without a part of it.
func (r *Ruleset) Without(part *Ruleset) *Ruleset {
	sets, chains := map[string]bool{}, map[string]bool{}
	for i := range part.Sets {
		sets[part.Sets[i].Name] = true
	}
	for i := range part.Chains {
		chains[part.Chains[i].Name] = true
	}
	out := *r
	out.Sets = slices.DeleteFunc(slices.Clone(r.Sets), func(s Set) bool { return sets[s.Name] })
	out.Chains = slices.DeleteFunc(slices.Clone(r.Chains), func(c Chain) bool { return chains[c.Name] })
	return &out
}

// Addition is the ruleset as messages that add it to the table that is there.
func (r *Ruleset) Addition() (*Batch, error) { return r.batch(false) }

// Subtraction is the messages that take it out again. What leads to it from elsewhere must have gone before.
func (r *Ruleset) Subtraction() *Batch {
	b := &Batch{}
	message := func(typ uint16, table, name uint16, of string) {
		data := text([]byte{unix.NFPROTO_IPV4, unix.NFNETLINK_V0, 0, 0}, table, Table)
		b.Messages = append(b.Messages, netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | typ), Flags: netlink.Request},
			Data: text(data, name, of)})
	}
	// Rules lead to sets and chains, elements to chains: the chains come last.
	for i := range r.Chains {
		message(unix.NFT_MSG_DELRULE, unix.NFTA_RULE_TABLE, unix.NFTA_RULE_CHAIN, r.Chains[i].Name)
	}
	for i := range r.Sets {
		message(unix.NFT_MSG_DELSETELEM, unix.NFTA_SET_ELEM_LIST_TABLE, unix.NFTA_SET_ELEM_LIST_SET, r.Sets[i].Name)
	}
	for i := range r.Sets {
		message(unix.NFT_MSG_DELSET, unix.NFTA_SET_TABLE, unix.NFTA_SET_NAME, r.Sets[i].Name)
	}
	for i := range r.Chains {
		message(unix.NFT_MSG_DELCHAIN, unix.NFTA_CHAIN_TABLE, unix.NFTA_CHAIN_NAME, r.Chains[i].Name)
	}
	return b
}

// ChangeList is the message that adds a source to a map of users with access lists, or deletes it.
func ChangeList(del bool, set string, ip ast.IP, chain string) netlink.Message {
	typ, flags := unix.NFT_MSG_NEWSETELEM, netlink.Request|netlink.Create
	if del {
		typ, flags = unix.NFT_MSG_DELSETELEM, netlink.Request
	}
	b := text([]byte{unix.NFPROTO_IPV4, unix.NFNETLINK_V0, 0, 0}, unix.NFTA_SET_ELEM_LIST_TABLE, Table)
	b = text(b, unix.NFTA_SET_ELEM_LIST_SET, set)
	b, list := open(b, unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	b, elem := open(b, unix.NFTA_LIST_ELEM)
	b = data(b, unix.NFTA_SET_ELEM_KEY, be32(uint32(ip)))
	if !del {
		var at int
		b, at = open(b, unix.NFTA_SET_ELEM_DATA)
		b = verdict(b, &expr.Verdict{Kind: expr.VerdictGoto, Chain: chain})
		shut(b, at)
	}
	shut(b, elem)
	shut(b, list)
	return netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | typ), Flags: flags}, Data: b}
}

// byLevel lets what the levels decide about go on. What they refuse for certain is told of as such: the lists of users are for the rest.
func (l *lowerer) byLevel(i int) []Stmt {
	lower := func(o int) bool { return l.level(o) < l.level(i) }
	if len(l.rs.Lists) == 0 || !slices.ContainsFunc(l.ifs, lower) {
		return []Stmt{Accept{}}
	}
	c := Chain{Name: l.unique("levels_" + l.id[i]), Note: "What has no permission to go to a higher level is refused there; for the rest the list of its user decides"}
	var higher, other []Range
	for _, o := range l.ifs {
		if l.level(o) > l.level(i) {
			higher = append(higher, l.to[o]...)
		}
	}
	for k := range l.p.NAT.Statics {
		switch s := &l.p.NAT.Statics[k]; {
		case s.MappedIf != i:
		case l.loads(s) && s.Proto == 0 && s.ACL == compiler.None && s.Mask.Contiguous() && l.level(s.RealIf) > l.level(i):
			higher = append(higher, netRange(s.MappedNet()))
		case l.level(s.RealIf) > l.level(i): // what it does not take goes where it would without it
		case s.Mask.Contiguous():
			other = append(other, netRange(s.MappedNet()))
		default:
			other = []Range{{0, 0xffffffff}}
		}
	}
	for k := range l.p.NAT.Aliases {
		if a := &l.p.NAT.Aliases[k]; a.If != i {
			continue
		} else if a.Mask.Contiguous() {
			other = append(other, netRange(a.DNATNet()))
		} else {
			other = []Range{{0, 0xffffffff}}
		}
	}
	var live []Match
	if un := l.un[i]; un != "" && slices.ContainsFunc(l.rs.Xlates, func(m XlateMap) bool { return m.MappedIf == i && l.level(m.RealIf) <= l.level(i) }) {
		live = []Match{{Field: Daddr, Not: true, Set: un}}
	} else if un != "" && len(other) == 0 {
		c.Rules = append(c.Rules, Rule{Match: []Match{inSet(Daddr, un)}, Do: []Stmt{Accept{}}})
	}
	for _, r := range pieces(subtract(higher, other)) {
		c.Rules = append(c.Rules, Rule{Match: append([]Match{dst(r...)}, live...), Do: []Stmt{Accept{}}})
	}
	c.Rules = append(c.Rules, Rule{Do: l.admit(Accept{})})
	l.chain(c)
	return []Stmt{Goto{c.Name}}
}
