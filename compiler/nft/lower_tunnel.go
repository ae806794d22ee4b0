package nft

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// Packet marks of what a process sends that speaks IPsec for the firewall, with MarkMask.
const (
	MarkTunnel = 0x80000000 // IKE, ESP and AH of the box itself: never through a twin
	MarkClear  = 0x90000000 // read from a twin and none of the tunnels': on its way, translated already
)

// Clients is the map of connected clients, which a process keeps: address inside the tunnel to that of the peer. It is there with
// Options.Twins.
const Clients = "clients"

// Twin is the name of the device beside a device with a crypto map: what comes out of tunnels arrives on it, what may have to go
// into one leaves by it.
func Twin(device string) string {
	const most = 15 // IFNAMSIZ
	return "t-" + device[:min(len(device), most-2)]
}

// TunnelNets are the networks that static entries of an interface's crypto map protect traffic to, as far as routes lead to them by
// that interface: packets to them leave by the twin.
func TunnelNets(plan *compiler.Plan, i int) []ast.Net {
	l := &lowerer{p: plan}
	var to []Range
	for _, e := range l.cryptoEntries(i) {
		for k := range plan.ACLs[e.ACL].Entries {
			ace := &plan.ACLs[e.ACL].Entries[k]
			for _, n := range ace.Dst {
				if !n.Mask.Contiguous() {
					n = ast.Net{}
				}
				if ace.Permit {
					to = append(to, netRange(n))
				}
			}
		}
	}
	return routed(plan, i, to)
}

// RoutedNets is the part of a network that routes lead to by an interface.
func RoutedNets(plan *compiler.Plan, i int, n ast.Net) []ast.Net {
	if !n.Mask.Contiguous() {
		n = ast.Net{}
	}
	return routed(plan, i, []Range{netRange(n)})
}

// routed is the part of some ranges that routes lead to by an interface.
func routed(plan *compiler.Plan, i int, to []Range) []ast.Net {
	var covered, mine []Range
	for k := range plan.Routes {
		r := &plan.Routes[k]
		if r.If == i {
			mine = append(mine, subtract([]Range{netRange(r.Net)}, covered)...)
		}
		covered = merge(append(covered, netRange(r.Net)))
	}
	all := []Range{{0, 0xffffffff}}
	to = subtract(to, subtract(all, mine))
	var out []ast.Net
	for _, r := range to {
		out = append(out, prefixes(r)...)
	}
	return out
}

// prefixes are the networks that a range is made of.
func prefixes(r Range) (out []ast.Net) {
	for lo, end := uint64(r.Lo), uint64(r.Hi)+1; lo < end; {
		size := uint64(1) << 32
		for size > end-lo || lo%size != 0 {
			size >>= 1
		}
		out = append(out, ast.Net{IP: ast.IP(lo), Mask: ast.IP(uint32(-int64(size)))})
		lo += size
	}
	return out
}

// twinOf is the twin of an interface; empty: it has none.
func (l *lowerer) twinOf(i int) string {
	if l.opts.Twins && l.dev[i] != "" && l.p.Interfaces[i].Map != compiler.None {
		return Twin(l.dev[i])
	}
	return ""
}

// only is a match of a device that is not meant for its twin as well.
func only(m Match) Match {
	m.only = true
	return m
}

// clients makes the map of clients.
func (l *lowerer) clients() {
	if l.opts.Twins {
		l.rs.Sets = append(l.rs.Sets, Set{Name: Clients, Kind: LiveMap, Note: "clients that are connected: inside address to outside address"})
	}
}

// tunnels does with each twin what the rules do with its interface: a rule that names the one is there for the other, too.
func (l *lowerer) tunnels() {
	twin := map[string]string{}
	for _, i := range l.ifs {
		if t := l.twinOf(i); t != "" {
			twin[l.dev[i]] = t
		}
	}
	if len(twin) == 0 {
		return
	}
	for c := range l.rs.Chains {
		var rules []Rule
		for _, r := range l.rs.Chains[c].Rules {
			list := []Rule{r}
			for k, m := range r.Match {
				t := twin[m.Name]
				if t == "" || m.Not || m.only || m.Field != Iif && m.Field != Oif {
					continue
				}
				for _, r := range slices.Clone(list) {
					r.Match = slices.Clone(r.Match)
					r.Match[k].Name = t
					list = append(list, r)
				}
			}
			rules = append(rules, list...)
		}
		l.rs.Chains[c].Rules = rules
	}
	l.chain(Chain{Name: "tunnel_out", Type: "filter", Hook: "output", Priority: -300, Note: "Packets that a tunnel did not take go on as they are",
		Rules: []Rule{{Match: []Match{packetMark(MarkClear)}, Do: []Stmt{NoTrack{}}}}})
}

func packetMark(m uint32) Match {
	return Match{Field: PacketMark, Mask: MarkMask, Values: one(m)}
}

// inClear drops what should have come through a tunnel, before connections pass: what the mirrored list of a crypto map permits, and
// what has a client's address (semantics.md 6.2). Packets to the box itself are judged later.
func (l *lowerer) inClear() (rules []Rule) {
	for _, i := range l.ifs {
		if l.twinOf(i) == "" {
			continue
		}
		f := &l.p.Interfaces[i]
		c := Chain{Name: l.unique("tunnelled_" + l.id[i]), Note: "What arrives on " + f.Name + " and should have been encrypted",
			Rules: []Rule{{Match: []Match{dst(host(f.Net.IP))}, Do: []Stmt{Return{}}, Note: "to the box"}}}
		c.Rules = append(c.Rules, l.clearText(i)...)
		c.Rules = append(c.Rules, deny("402106", "a client's address", f.MapLine, inSet(Saddr, Clients)))
		l.chain(c)
		rules = append(rules, Rule{Match: []Match{only(iif(l.dev[i]))}, Do: []Stmt{Jump{c.Name}}, Line: f.MapLine})
	}
	return rules
}

// toClient lets packets to a client go on, although routes lead to its address where they have come from.
func (l *lowerer) toClient(do Stmt) []Rule {
	if !l.opts.Twins {
		return nil
	}
	return []Rule{{Match: []Match{inSet(Daddr, Clients)}, Do: []Stmt{do}, Note: "to a client"}}
}

// decrypted lets in what came out of a tunnel, where sysopt connection permit-ipsec says so (semantics.md 6.2).
func (l *lowerer) decrypted(i int) []Rule {
	t := l.twinOf(i)
	if t == "" || !l.p.Sysopt.PermitIPsec {
		return nil
	}
	return []Rule{{Match: []Match{iif(t)}, Do: l.admit(SetPacketMark{MarkConduit}, Accept{}), Line: l.p.Sysopt.PermitIPsecLine, Note: "decrypted"}}
}

// exempt reports whether the access lists and conduits of an interface are passed by in some way.
func (l *lowerer) exempt(i int) bool { return len(l.decrypted(i)) > 0 || len(l.rs.Established) > 0 }

// clientsLogIn reports whether clients of an interface log in by XAUTH: their users are in the uauth cache (semantics.md 5.3), and in the set
// of users who have logged in.
func (l *lowerer) clientsLogIn(i int) bool {
	return l.twinOf(i) != "" && l.p.VPN.Maps[l.p.Interfaces[i].Map].Authentication != compiler.None
}

// inner is the interface of management-access, as far as it is served: its address is reached from tunnels that end on others (semantics.md 1.9).
func (l *lowerer) inner() (m int, ok bool) {
	m = l.p.Inner()
	return m, m != compiler.None && l.dev[m] != ""
}

// toInner does something with packets to the address of management-access that come out of tunnels that end on interface i. Where a static
// has the address there, it is no address of the box.
func (l *lowerer) toInner(i int, do Stmt) []Rule {
	m, ok := l.inner()
	t := l.twinOf(i)
	if !ok || t == "" || m == i {
		return nil
	}
	match := []Match{iif(t), dst(host(l.p.Interfaces[m].Net.IP))}
	if len(l.mappedOn(i)) > 0 {
		match = append(match, Match{Field: Daddr, Not: true, Set: "static_" + l.id[i]})
	}
	return []Rule{{Match: match, Do: []Stmt{do}, Line: l.p.Box.ManagementLine, Note: "management-access"}}
}

// innerChain judges them by the lines of that interface. nil: there are none.
func (l *lowerer) innerChain() *Chain {
	m, ok := l.inner()
	if !ok || !slices.ContainsFunc(l.ifs, func(i int) bool { return i != m && l.twinOf(i) != "" }) {
		return nil
	}
	f := &l.p.Interfaces[m]
	c := Chain{Name: l.unique("inner_" + l.id[m]), Note: "Out of tunnels to the address of " + f.Name}
	c.Rules = slices.Concat(l.listens(m, dst(host(f.Net.IP))), l.answered(m), l.services(m, true), unmanaged, unlistened)
	return &c
}
