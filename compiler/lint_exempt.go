package compiler

import (
	"fmt"
	"slices"

	"pixfw/ast"
)

// untranslated finds lists of crypto maps that can never match what they name: a packet is compared after translation
// (semantics.md 6.2), its source is translated on the way out, and no exemption leaves it as it is. It speaks of hosts that a
// route puts behind another interface, for which a nat line with a global on the way out, or a static, is certain to translate.
func (l *linter) untranslated() {
	work := 0
	for out := range l.plan.Interfaces {
		f := &l.plan.Interfaces[out]
		if f.Map == None {
			continue
		}
		m := &l.plan.VPN.Maps[f.Map]
		for i := range m.Entries {
			e := &m.Entries[i]
			if e.ACL == None {
				continue
			}
			for j := range l.plan.ACLs[e.ACL].Entries {
				ace := &l.plan.ACLs[e.ACL].Entries[j]
				if !ace.Permit || len(ace.Src) != 1 || ace.Src[0].Mask == 0 {
					continue
				}
				if work += 1 + len(l.plan.Routes); work > maxCryptoWork {
					return
				}
				by := l.translator(out, ace)
				if by == nil || l.exempt(out, ace) {
					continue
				}
				d := l.find("W438", ast.Warning, ace.Line.cmd, l.ip(ace.Src[0].IP), "crypto map %s on %s compares packets after translation, and %s is translated: this entry matches none of its packets, which leave in clear",
					m.Name, f.Name, netWords(ace.Src[0]))
				d.Hint = "exempt them with `nat (" + l.ifName(l.plan.Lookup(ace.Src[0].IP).If) + ") 0 access-list ...`, or name the translated address"
				l.noteLine(d, by)
				l.noteLine(d, e.Line.cmd)
				break // one finding an entry of the map
			}
		}
	}
}

const maxCryptoWork = 2_000_000

// translator is the line that translates all sources of an entry on their way out by an interface; nil when none surely does.
func (l *linter) translator(out int, ace *ACE) ast.Command {
	src := ace.Src[0]
	route := l.plan.Lookup(src.IP)
	if route == nil || route.If == out || !covers(route.Net, src) {
		return nil
	}
	t := &l.plan.NAT
	for i := range t.Statics {
		s := &t.Statics[i]
		if s.RealIf != route.If || s.MappedIf != out || !s.RealNet().Overlaps(src) {
			continue
		}
		if s.ACL != None || s.Real == s.Mapped {
			return nil // it may leave some of them as they are
		}
		if s.Proto == 0 && covers(s.RealNet(), src) {
			return s.Line.cmd
		}
	}
	if slices.ContainsFunc(t.Policies, func(n Nat) bool { return n.If == route.If }) {
		return nil // it may translate to what the list names
	}
	for i := range t.Nats {
		n := &t.Nats[i]
		if n.If != route.If || !n.Net.Overlaps(src) {
			continue
		}
		if n.ID == 0 || !covers(n.Net, src) {
			return nil
		}
		if slices.ContainsFunc(t.Globals, func(g Global) bool { return g.If == out && g.ID == n.ID }) {
			return n.Line.cmd
		}
		return nil
	}
	return nil
}

// exempt reports whether some exemption is about packets of the entry.
func (l *linter) exempt(out int, ace *ACE) bool {
	for i := range l.plan.NAT.Exemptions {
		x := &l.plan.NAT.Exemptions[i]
		if x.If == out {
			continue
		}
		for j := range l.plan.ACLs[x.ACL].Entries {
			e := &l.plan.ACLs[x.ACL].Entries[j]
			if e.Permit && overlapAny(e.Src, ace.Src) && overlapAny(e.Dst, ace.Dst) {
				return true
			}
		}
	}
	return false
}

// unexempted finds pools of clients for which there is no exemption at all, so that they reach no host: packets of theirs need a
// translation of the inside address, and nat makes none for connections from outside (semantics.md 10.2). It speaks where a nat
// line translates hosts of a connected network, and nothing on the box shows any address as it is.
func (l *linter) unexempted() {
	t := &l.plan.NAT
	if slices.ContainsFunc(t.Statics, func(s Static) bool { return s.Real == s.Mapped }) || slices.ContainsFunc(t.Nats, func(n Nat) bool { return n.ID == 0 }) {
		return
	}
	for p := range l.plan.VPN.Pools {
		pool := &l.plan.VPN.Pools[p]
		reach := span{int64(pool.First), int64(pool.Last)}
		out := l.plan.Lookup(pool.First)
		if !l.poolUsed(p) || out == nil || l.plan.Interfaces[out.If].Map == None || l.exemptTowards(reach) {
			continue
		}
		for i := range t.Nats {
			n := &t.Nats[i]
			f := &l.plan.Interfaces[n.If]
			if f.Level <= l.level(out.If) || !f.HasAddress() || !n.Net.Overlaps(f.Net) {
				continue
			}
			d := l.find("W446", ast.Warning, pool.Line.cmd, pool.Name, "clients of pool %s can open no connection to hosts on %s: those are translated, and no nat 0 access-list exempts them towards the pool", pool.Name, f.Name)
			inside := network(f.Net)
			d.Hint = fmt.Sprintf("add `access-list LIST permit ip %s %s POOL MASK` and `nat (%s) 0 access-list LIST`", inside.IP, inside.Mask, f.Name)
			l.noteLine(d, n.Line.cmd)
			break
		}
	}
}

// exemptTowards reports whether some exemption is about addresses of a range.
func (l *linter) exemptTowards(reach span) bool {
	return slices.ContainsFunc(l.plan.NAT.Exemptions, func(x Exemption) bool {
		return slices.ContainsFunc(l.plan.ACLs[x.ACL].Entries, func(e ACE) bool {
			return e.Permit && slices.ContainsFunc(e.Dst, func(n ast.Net) bool { return !n.Mask.Contiguous() || spanOf(n).overlaps(reach) })
		})
	})
}

// mappedSources finds entries of an interface's list that name the mapped address of a host behind it as their source. The
// list sees packets as they arrive, and on the host's own side they carry the real address (semantics.md 2.1): the other way
// round than realAddresses.
func (l *linter) mappedSources() {
	hosts := map[ast.IP]*Static{}
	for i := range l.plan.NAT.Statics {
		if s := &l.plan.NAT.Statics[i]; s.Proto == 0 && s.ACL == None && s.Mask == ast.AllOnes && s.Real != s.Mapped && hosts[s.Mapped] == nil {
			hosts[s.Mapped] = s
		}
	}
	if len(hosts) == 0 {
		return
	}
	for in := range l.plan.Interfaces {
		list := l.plan.Interfaces[in].ACL
		if list == None || l.boundElsewhere(list, in) {
			continue
		}
		for e := range l.plan.ACLs[list].Entries {
			ace := &l.plan.ACLs[list].Entries[e]
			if len(ace.Src) != 1 || ace.Src[0].Mask != ast.AllOnes {
				continue
			}
			s := hosts[ace.Src[0].IP]
			if s == nil || s.RealIf != in {
				continue
			}
			cmd, ok := ace.Line.cmd.(*ast.AccessList)
			if route := l.plan.Lookup(s.Mapped); !ok || route == nil || route.If == in || route.Net.Mask == 0 || l.isReal(in, s.Mapped) {
				continue // such a host may be there
			}
			d := l.find("W439", ast.Warning, cmd, l.ip(cmd.Src.Net.IP), "access-list %s on %s names %s as source, the mapped address of a host there: packets of the host arrive with its real address, so this entry matches none",
				l.plan.ACLs[list].ID, l.ifName(in), s.Mapped)
			right := *cmd
			right.Src = ast.Addr{Net: ast.Net{IP: s.Real, Mask: ast.AllOnes}}
			d.Hint = "write `" + l.print.Text(&right) + "`"
			d.Suggestion = l.ip(s.Real)
			l.noteLine(d, s.Line.cmd)
		}
	}
}

// isReal reports whether some static has the address as a real one behind the interface.
func (l *linter) isReal(in int, ip ast.IP) bool {
	return slices.ContainsFunc(l.plan.NAT.Statics, func(s Static) bool { return s.RealIf == in && s.RealNet().Contains(ip) })
}
