package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// Translations that live outlast the lines that made them (semantics.md 3.5): the rules for them are there as long as there are such. Those of
// addresses are in maps anyway. Those of ports are not: what conntrack knows, and the PAT address that the lines choose, is enough until the
// lines change. Then the ones that there are go into maps too, until they end.

// kept are the kinds of translations that are to have rules in another plan, and the addresses of those that are of ports. The lock is held.
func (d *dynamic) kept(to *compiler.Plan) (out []nft.Kept, pats map[int][]ast.IP) {
	seen := map[nft.Kept]bool{}
	pats = map[int][]ast.IP{}
	ports := d.portsToKeep(to)
	d.xlates.forgetGone()
	for _, x := range d.xlates.list {
		if x.isPAT && ports[holderOf(x)] != x {
			continue
		}
		key, ok := d.xlates.keyIn(x, d.plan, to)
		if !ok {
			continue
		}
		if k := (nft.Kept{RealIf: key.realIf, MappedIf: key.mappedIf, ACL: key.acl, Ports: x.isPAT}); !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
		if x.isPAT && !slices.Contains(pats[key.mappedIf], x.mapped) {
			pats[key.mappedIf] = append(pats[key.mappedIf], x.mapped)
		}
	}
	slices.SortFunc(out, func(a, b nft.Kept) int {
		if a.Ports != b.Ports {
			if a.Ports {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.RealIf, b.RealIf), cmp.Compare(a.MappedIf, b.MappedIf), cmp.Compare(a.ACL, b.ACL))
	})
	for _, list := range pats {
		slices.Sort(list)
	}
	return out, pats
}

// keptLimits are the limits that translations have in another plan, of hosts that no line limits there. The lock is held.
func (d *dynamic) keptLimits(to *compiler.Plan) (out nft.KeptLimits) {
	limited := nft.HostsLimited(to)
	hosts := map[int][]ast.IP{}
	for _, x := range d.xlates.list {
		if x.maxConns == 0 && x.halfOpen == 0 {
			continue
		}
		key, ok := d.xlates.keyIn(x, d.plan, to)
		if !ok || to.Interfaces[key.realIf].Level < to.Interfaces[key.mappedIf].Level { // the hosts of outside NAT are not counted
			continue
		}
		out.Half = out.Half || x.halfOpen > 0
		if !nft.Within(limited[key.realIf], uint32(key.real)) {
			hosts[key.realIf] = append(hosts[key.realIf], key.real)
		}
	}
	out.Hosts = map[int][]nft.Range{}
	for i, list := range hosts {
		out.Hosts[i] = nft.Hosts(list)
	}
	return out
}

// hasAll reports whether a has all of b.
func hasAll(a, b []nft.Kept) bool {
	return !slices.ContainsFunc(b, func(k nft.Kept) bool { return !slices.Contains(a, k) })
}

// portsToKeep are the translations of ports that go into maps with another plan: those that are in some, and all when NAT is different there.
// One port has one. Where Linux has given one port to several hosts, none of them keeps it: each would be in the other's way. The lock is held.
func (d *dynamic) portsToKeep(to *compiler.Plan) map[patHolder]*xlate {
	if d.plan == nil || slices.Equal(translatedBy(d.plan), translatedBy(to)) {
		return d.xlates.kept
	}
	out := maps.Clone(d.xlates.kept)
	has, shared := map[patPort]patHolder{}, map[patPort]bool{}
	for _, x := range d.xlates.list {
		if x.isPAT {
			at, h := portOf(x), holderOf(x)
			other, is := has[at]
			shared[at] = shared[at] || is && other != h
			has[at] = h
		}
	}
	for _, x := range d.xlates.list {
		if h := holderOf(x); x.isPAT && !x.closing && !shared[portOf(x)] && (out[h] == nil || out[h].created.After(x.created) && d.xlates.kept[h] == nil) {
			out[h] = x
		}
	}
	return out
}

// translatedBy is what of a plan chooses translations.
func translatedBy(p *compiler.Plan) (out []string) {
	for i := range p.Interfaces {
		f := &p.Interfaces[i]
		out = append(out, fmt.Sprint(f.Name, f.Level, f.Net))
	}
	for i := range p.NAT.Statics {
		out = append(out, p.NAT.Statics[i].Line.Text())
	}
	for i := range p.NAT.Globals {
		out = append(out, p.NAT.Globals[i].Line.Text())
	}
	for _, list := range [][]compiler.Nat{p.NAT.Policies, p.NAT.Nats} {
		for i := range list {
			out = append(out, list[i].Line.Text())
		}
	}
	for i := range p.NAT.Aliases {
		out = append(out, p.NAT.Aliases[i].Line.Text())
	}
	return out
}

// keep makes translations of ports those that are in maps, with their keys as they are now.
func (t *xlateTable) keep(list []*xlate) {
	t.kept = map[patHolder]*xlate{}
	for _, x := range list {
		if x.index < len(t.list) && t.list[x.index] == x {
			t.kept[holderOf(x)] = x
		}
	}
}

// portMapOf is the map that a translation of a port is in; nil: in none.
func (t *xlateTable) portMapOf(rs *nft.Ruleset, x *xlate) *nft.PortMap {
	if !x.isPAT || rs == nil || t.kept[holderOf(x)] != x {
		return nil
	}
	i := slices.IndexFunc(rs.Ports, func(m nft.PortMap) bool {
		return m.RealIf == x.key.realIf && m.MappedIf == x.key.mappedIf && m.ACL == x.key.acl
	})
	if i < 0 {
		return nil
	}
	return &rs.Ports[i]
}

func (x *xlate) pair() nft.PortPair {
	return nft.PortPair{Proto: x.key.proto, Real: x.key.real, Port: x.key.port, Mapped: x.mapped, As: x.pat}
}

// fillPorts puts the translations of ports into the maps of a ruleset.
func (t *xlateTable) fillPorts(rs *nft.Ruleset) {
	of := map[string][]nft.PortPair{}
	for _, x := range t.list {
		if m := t.portMapOf(rs, x); m != nil && !x.closing {
			of[m.Name] = append(of[m.Name], x.pair())
		}
	}
	for i := range rs.Sets {
		if s := &rs.Sets[i]; s.Kind == nft.LivePorts {
			s.Ports = of[s.Name]
		}
	}
}

// An answerer is an address that something is translated to, and whose it is.
type answerer struct {
	mappedKey
	real ast.IP
}

// answers are the addresses for which ARP is to be answered because of translations, in order. The lock is held.
func (t *xlateTable) answers() []answerer {
	seen := map[answerer]bool{}
	for _, x := range t.list {
		if !x.identity {
			seen[answerer{mappedKey{x.key.mappedIf, x.mapped}, x.key.real}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b answerer) int {
		return cmp.Or(cmp.Compare(a.mappedIf, b.mappedIf), cmp.Compare(a.mapped, b.mapped), cmp.Compare(a.real, b.real))
	})
}

// sweepAddresses takes away what answers for the addresses of translations that no line makes, and that have ended. Both locks are held.
func (e *Engine) sweepAddresses() error {
	var live map[mappedKey]bool
	var errs []error
	e.items = slices.DeleteFunc(e.items, func(it item) bool {
		if it.while == (mappedKey{}) {
			return false
		}
		if live == nil {
			live = map[mappedKey]bool{}
			for _, a := range e.dyn.xlates.answers() {
				live[a.mappedKey] = true
			}
		}
		if live[it.while] {
			return false
		}
		if it.del != nil { // else it was there already
			if err := it.del(e.nl); err != nil && !errors.Is(err, unix.ESRCH) {
				errs = append(errs, fmt.Errorf("%s: %w", it.key, err)) // tried again
				return false
			}
		}
		e.staleARP = true
		return true
	})
	if e.staleARP {
		errs = append(errs, e.guardARP(e.plan, e.links))
	}
	return errors.Join(errs...)
}
