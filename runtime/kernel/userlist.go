package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// Access lists of users (semantics.md 2.6). A list becomes chains when the first user has it, which are read back before anybody is sent
// there, and goes when the last has left. The user and the way to his list come and go in one transaction.

// A listChain is the access list of users in the kernel.
type listChain struct {
	chain string
	part  *nft.Ruleset
	users int
}

// lists are the access lists of users: where they are in a plan, and their chains by that.
type lists struct {
	of     map[userKey]int
	chains map[int]*listChain
}

// errNoUsers says that no rules look for users on an interface, nor for their lists.
var errNoUsers = errors.New("no line of the configuration asks for users there: an access list would not be enforced")

// placed are the lists of users with their places in a plan that is to be applied, and chains for them, without what belongs to these. The
// lock is held.
func (d *dynamic) placed(plan *compiler.Plan, number func() string) (*compiler.Plan, lists) {
	var keys []userKey
	for k, u := range d.live.users {
		if !u.list.None() {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareUsers)
	all := make([]runtime.UserList, len(keys))
	for i, k := range keys {
		all[i] = d.live.users[k].list
	}
	plan, places := runtime.PlaceAll(plan, all)
	out := lists{of: make(map[userKey]int, len(keys)), chains: map[int]*listChain{}}
	for i, k := range keys {
		out.of[k] = places[i]
		c := out.chains[places[i]]
		if c == nil {
			c = &listChain{chain: number()}
			out.chains[places[i]] = c
		}
		c.users++
	}
	return plan, out
}

// lowered are the options for the rules of a plan with these lists.
func (x *lists) lowered(plan *compiler.Plan, opt *nft.Options) {
	opt.Lists, opt.ListsOn = map[int]string{}, map[int]bool{}
	for acl, c := range x.chains {
		opt.Lists[acl] = c.chain
	}
	for k := range x.of {
		opt.ListsOn[plan.IfByName(k.ifName)] = true
	}
}

// has makes the rules that were made of lists theirs.
func (x *lists) has(rs *nft.Ruleset) {
	for acl, c := range x.chains {
		c.part = rs.ListParts[acl]
	}
}

// use makes lists those in force, but for users who have left meanwhile. The lock is held.
func (d *dynamic) useLists(x lists) {
	d.live.lists = x.chains
	for _, c := range x.chains {
		c.users = 0
	}
	for k, u := range d.live.users {
		u.acl = compiler.None
		if acl, ok := x.of[k]; ok {
			u.acl = acl
			x.chains[acl].users++
		}
	}
}

// inForce are the lists as they are. The lock is held.
func (d *dynamic) inForce() lists {
	out := lists{of: map[userKey]int{}, chains: d.live.lists}
	for k, u := range d.live.users {
		if u.acl != compiler.None {
			out.of[k] = u.acl
		}
	}
	return out
}

// fillLists puts users with lists into the maps of a ruleset. The lock is held.
func (d *dynamic) fillLists(plan *compiler.Plan, rs *nft.Ruleset, x lists) {
	to := map[string][]nft.VerdictOf{}
	for _, k := range slices.SortedFunc(maps.Keys(x.of), compareUsers) {
		if d.live.users[k] == nil {
			continue // he has left
		}
		if set := rs.Lists[plan.IfByName(k.ifName)]; set != "" {
			to[set] = append(to[set], nft.VerdictOf{Range: nft.Range{Lo: uint32(k.ip), Hi: uint32(k.ip)}, Do: nft.Goto{Chain: x.chains[x.of[k]].chain}})
		}
	}
	of := map[string]bool{}
	for _, set := range rs.Lists {
		of[set] = true
	}
	for i := range rs.Sets {
		if s := &rs.Sets[i]; of[s.Name] {
			s.Verdicts = to[s.Name]
		}
	}
}

// nextList is a name for a chain that no other has had.
func (e *Engine) nextList() string {
	e.listNumber++
	return fmt.Sprintf("user_list_%d", e.listNumber)
}

// loadList is the place of a list in the plan in force, whose chains are in the kernel then, as they should be. Both locks are held.
func (e *Engine) loadList(list runtime.UserList) (int, error) {
	if list.None() {
		return compiler.None, nil
	}
	d := e.dyn
	if e.plan == nil {
		return compiler.None, errors.New("no plan is in force")
	}
	plan, acl, err := list.Place(e.plan)
	if err != nil || d.live.lists[acl] != nil {
		return acl, err
	}
	opt := e.opt
	opt.Live = true
	c := &listChain{chain: e.nextList()}
	c.part = nft.LowerList(plan, acl, c.chain, opt)
	b, err := c.part.Addition()
	if err == nil {
		err = e.ns.commit(b)
	}
	if err != nil {
		return compiler.None, fmt.Errorf("access list of a user: %w", err)
	}
	if e.committed != nil {
		e.committed()
	}
	if err := e.ns.checkPart(b, c.part); err != nil {
		return compiler.None, errors.Join(fmt.Errorf("access list of a user: %w", err), e.ns.commit(c.part.Subtraction()))
	}
	rules := e.rules.With(c.part)
	e.plan, e.rules, d.plan, d.rules = plan, rules, plan, rules
	d.live.lists[acl] = c
	return acl, nil
}

// sweepLists takes out of the kernel what no user has any more. Both locks are held.
func (e *Engine) sweepLists() error {
	d := e.dyn
	var errs []error
	for _, acl := range slices.Backward(slices.Sorted(maps.Keys(d.live.lists))) {
		c := d.live.lists[acl]
		if c.users > 0 {
			continue
		}
		hits, err := e.ns.entryHits(c.part)
		if err == nil {
			err = e.ns.commit(c.part.Subtraction())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("access list of a user: %w", err)) // tried again
			continue
		}
		if sent := e.plan.ACLs[acl].Sent; sent {
			forget := func(counts map[aceKey]uint64) {
				maps.DeleteFunc(counts, func(k aceKey, _ uint64) bool { return k.list == e.plan.ACLs[acl].ID })
			}
			forget(e.carry)
			forget(e.zero)
			e.plan = runtime.WithoutList(e.plan, acl)
		} else {
			for a, n := range hits {
				e.carry[keyOf(e.plan, a.ACL, max(a.Entry, nft.Implicit))] += n
			}
		}
		rules := e.rules.Without(c.part)
		e.rules, d.plan, d.rules, e.hits = rules, e.plan, rules, nil
		delete(d.live.lists, acl)
	}
	return errors.Join(errs...)
}

// sweep is sweepLists for who holds no lock.
func (e *Engine) sweep() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	if e.closed || e.plan == nil {
		return nil
	}
	return errors.Join(e.sweepLists(), e.sweepAddresses())
}

// A listChange is a user who comes into the map of those with access lists, or leaves it.
type listChange struct {
	del   bool
	set   string
	ip    ast.IP
	chain string
}

// listChanges lead a user to the list at a place in the plan, or nowhere, from where he is led now. The lock is held.
func (d *dynamic) listChanges(k userKey, acl int) (out []listChange, err error) {
	set := d.rules.Lists[d.plan.IfByName(k.ifName)]
	if u := d.live.users[k]; u != nil && u.acl != compiler.None && set != "" {
		out = append(out, listChange{del: true, set: set, ip: k.ip})
	}
	if acl != compiler.None {
		if set == "" {
			return nil, errNoUsers
		}
		out = append(out, listChange{set: set, ip: k.ip, chain: d.live.lists[acl].chain})
	}
	return out, nil
}

// enters and leaves keep the table of users, with the number that each list has. The lock is held.
func (d *dynamic) enters(k userKey, u *user) {
	d.leaves(k)
	if d.live.users[k] = u; u.acl != compiler.None {
		d.live.lists[u.acl].users++
	}
	d.live.most = max(d.live.most, len(d.live.users))
}

func (d *dynamic) leaves(k userKey) {
	if u := d.live.users[k]; u != nil && u.acl != compiler.None {
		d.live.lists[u.acl].users--
	}
	delete(d.live.users, k)
}

// deniedUser is who a packet belongs to, and the name of his list, by its place in the plan.
func (d *dynamic) deniedUser(plan *compiler.Plan, in int, src ast.IP, acl int) (list, name string) {
	if acl >= 0 && acl < len(plan.ACLs) {
		list = plan.ACLs[acl].ID
	}
	if d == nil || in < 0 {
		return list, ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := d.live.users[userKey{plan.Interfaces[in].Name, src}]; u != nil {
		name = u.name
	}
	return list, name
}

// leaves takes a user out of the map of those with access lists. The lock of dynamic is held.
func (c *changes) leaves(d *dynamic, k userKey) error {
	out, err := d.listChanges(k, compiler.None)
	c.lists = append(c.lists, out...)
	return err
}

func compareUsers(a, b userKey) int {
	return cmp.Or(cmp.Compare(a.ip, b.ip), cmp.Compare(a.ifName, b.ifName))
}
