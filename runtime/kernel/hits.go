package kernel

import (
	"fmt"
	"maps"
	"time"

	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// An aceKey names an entry beyond one plan: by its list and its text. The implicit deny has no text.
type aceKey struct{ list, text string }

// conduitKey is the list of conduits in an aceKey. No access list is called so.
const conduitKey = " conduit"

// entries is how many entries a list has, or 0 where there is none of that number.
func entries(plan *compiler.Plan, acl int) int {
	switch {
	case plan == nil:
	case acl == compiler.ConduitList:
		return len(plan.Conduits)
	case acl >= 0 && acl < len(plan.ACLs):
		return len(plan.ACLs[acl].Entries)
	}
	return 0
}

func counted(plan *compiler.Plan, acl, entry int) *compiler.ACE {
	if acl == compiler.ConduitList {
		return &plan.Conduits[entry].ACE
	}
	return &plan.ACLs[acl].Entries[entry]
}

func keyOf(plan *compiler.Plan, acl, entry int) aceKey {
	k := aceKey{list: conduitKey}
	if acl != compiler.ConduitList {
		k.list = plan.ACLs[acl].ID
	}
	if entry >= 0 {
		ace := counted(plan, acl, entry)
		if k.text = ace.Line.Text(); k.text == "" {
			k.text = fmt.Sprint("line ", ace.Number)
		}
	}
	return k
}

// only keeps the counts of entries that the plan has.
func only(plan *compiler.Plan, counts map[aceKey]uint64) map[aceKey]uint64 {
	out := map[aceKey]uint64{}
	keep := func(acl, entry int) {
		k := keyOf(plan, acl, entry)
		if n := counts[k]; n > 0 {
			out[k] = n
		}
	}
	for a := range plan.ACLs {
		for i := nft.Implicit; i < len(plan.ACLs[a].Entries); i++ {
			keep(a, i)
		}
	}
	for i := range plan.Conduits {
		keep(compiler.ConduitList, i)
	}
	return out
}

// read sums the counters of each entry.
func (e *Engine) read() (map[aceKey]uint64, error) {
	out := map[aceKey]uint64{}
	if e.plan == nil {
		return out, nil
	}
	hits, err := e.ns.entryHits(e.rules)
	if err != nil {
		return nil, err
	}
	for a, n := range hits {
		if a.Entry < entries(e.plan, a.ACL) {
			out[keyOf(e.plan, a.ACL, max(a.Entry, nft.Implicit))] += n
		}
	}
	return out, nil
}

// carried are the hits that a new ruleset starts from.
func (e *Engine) carried() (map[aceKey]uint64, error) {
	now, err := e.read()
	if err != nil {
		return nil, err
	}
	out := maps.Clone(e.carry)
	for k, n := range now {
		out[k] += n
	}
	return out, nil
}

// fresh is how long counters that were read serve: one show command asks for each entry.
const fresh = 50 * time.Millisecond

// HitCount is how many packets an entry has decided; of TCP and UDP only first packets of connections. Entry
// nft.Implicit is the deny at the end of the list.
func (e *Engine) HitCount(acl, entry int) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if entry < nft.Implicit || entry >= entries(e.plan, acl) {
		return 0
	}
	if now := e.clock.Now(); e.hits == nil || now.Sub(e.hitsRead) > fresh {
		hits, err := e.read()
		if err != nil {
			return 0
		}
		e.hits, e.hitsRead = hits, now
	}
	k := keyOf(e.plan, acl, entry)
	return e.hits[k] + e.carry[k] - e.zero[k]
}

// ClearHitCounts starts the counts of a list from zero.
func (e *Engine) ClearHitCounts(acl int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plan == nil {
		return nil
	}
	now, err := e.carried()
	if err != nil {
		return err
	}
	for k, n := range now {
		if acl == compiler.None || entries(e.plan, acl) > 0 && k.list == keyOf(e.plan, acl, nft.Implicit).list {
			e.zero[k] = n
		}
	}
	return nil
}
