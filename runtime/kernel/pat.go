package kernel

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// patPorts counts the translations of ports, by the address and class that they take a port of, and by whose port it is. On a PIX each
// takes a port of its own (semantics.md 3.4); that Linux can share one does not matter for when the next address serves.
type patPorts struct {
	used  map[patClass]int
	holds map[patHolder]ast.IP // the address that serves a port now
	at    map[patPort][]*xlate // by the port that is taken: Linux may give it out for each service
}

type patPort struct {
	mappedIf int
	mapped   ast.IP
	proto    uint8
	port     uint16
}

type patClass struct {
	mappedIf int
	mapped   ast.IP
	proto    uint8
	class    uint8
}

type patHolder struct {
	realIf, mappedIf int
	real             ast.IP
	acl              int // of policy NAT; None
	proto            uint8
	port             uint16
}

func newPATPorts() patPorts {
	return patPorts{used: map[patClass]int{}, holds: map[patHolder]ast.IP{}, at: map[patPort][]*xlate{}}
}

// classSizes are how many ports the classes have; the last one is of ICMP ids.
var classSizes = [...]int{511, 512, 65536 - 1024, 65536}

// classOf is the class of a port. ICMP has one, of all ids.
func classOf(proto uint8, port uint16) uint8 {
	switch {
	case proto == ast.ProtoICMP:
		return 3
	case port < 512:
		return 0
	case port < 1024:
		return 1
	}
	return 2
}

// portOf is the port that a translation takes, holderOf whose port it translates.
func portOf(x *xlate) patPort { return patPort{x.key.mappedIf, x.mapped, x.key.proto, x.pat} }

func holderOf(x *xlate) patHolder {
	return patHolder{x.key.realIf, x.key.mappedIf, x.key.real, x.key.acl, x.key.proto, x.key.port}
}

func classOfXlate(x *xlate) patClass {
	return patClass{x.key.mappedIf, x.mapped, x.key.proto, classOf(x.key.proto, x.key.port)}
}

// add counts a translation that begins (1) or ends (-1).
func (t *patPorts) add(x *xlate, n int) {
	t.take(classOfXlate(x), n)
	at := portOf(x)
	if n > 0 {
		t.at[at] = append(t.at[at], x)
	} else if t.at[at] = slices.DeleteFunc(t.at[at], func(y *xlate) bool { return y == x }); len(t.at[at]) == 0 {
		delete(t.at, at)
	}
	h := holderOf(x)
	if n > 0 {
		t.holds[h] = x.mapped
	} else if t.holds[h] == x.mapped {
		delete(t.holds, h)
	}
}

// take counts ports of a class that are taken, or given back.
func (t *patPorts) take(k patClass, n int) {
	if t.used[k] += n; t.used[k] <= 0 {
		delete(t.used, k)
	}
}

// A patService is what connections through ports of one class have in common where each needs a port of its own on Linux: the mapped
// address, and the service that they go to.
type patService struct {
	mapped, to ast.IP
	proto      uint8
	class      uint8
	port       uint16 // of the service
}

// patServices counts the connections of each.
type patServices map[patService]int

// busyPATs are what the kernel asks about where a PAT address is the only one that serves: services that half of the ports of a class are in
// use to, or more, and classes of which an eighth is left, or less. It is there before they are full, for connections are told of a moment after
// they have begun.
type busyPATs struct {
	services map[patService]bool
	classes  map[patClass]bool
}

func newBusyPATs() busyPATs { return busyPATs{map[patService]bool{}, map[patClass]bool{}} }

// busyLife is how long the kernel goes on to ask when it is not told again.
const busyLife = 30 * time.Second

func (s patServices) add(k patService, n int) {
	if s[k] += n; s[k] <= 0 {
		delete(s, k)
	}
}

// full reports whether Linux may find no port for another connection. It looks at less than half of the ports of a class, by chance, and
// drops the packet without a word when all of these are taken. With an eighth of them free that does not happen (once in 10^13).
func (s patServices) full(p *runtime.Packet, mapped ast.IP) bool {
	if !byPort(p) {
		return false
	}
	class := classOf(p.Proto, p.SrcPort)
	size := classSizes[class]
	return s[patService{mapped, p.Dst, p.Proto, class, p.DstPort}] >= size-size/8 // of ICMP packets the port is zero
}

// patServiceOf is what a connection through a port, or an ICMP id, counts as; false: it has none.
func patServiceOf(f *flow) (patService, bool) {
	class := classOf(f.orig.proto, f.reply.dport)
	k := patService{f.reply.dst, f.reply.src, f.orig.proto, class, f.reply.sport}
	if f.orig.proto == ast.ProtoICMP {
		k.port = 0 // the id is no service
	}
	return k, ported(f.orig.proto) || f.orig.proto == ast.ProtoICMP
}

// busyAt is how many connections to a service make the kernel ask about others, and spentAt how many ports of a class.
func (k *patService) busyAt() int { return classSizes[k.class] / 2 }
func (k *patClass) spentAt() int  { return classSizes[k.class] - classSizes[k.class]/8 }

// patGrants are the connections that have been given a PAT address, and have not been told of yet: they count from then on, so that no burst
// gets more ports than there are. Since the last tick, and since the one before: what is older has not become a connection.
type patGrants struct{ fresh, older map[tuple]patGrant }

// A patGrant is what a connection counts as.
type patGrant struct {
	service patService
	holder  *patHolder // the port that it gives a translation; nil: it has one
	class   patClass
}

func newPATGrants() patGrants {
	return patGrants{fresh: map[tuple]patGrant{}, older: map[tuple]patGrant{}}
}

// grantOf names a first packet, as it leaves but for its source.
func grantOf(p *runtime.Packet) tuple {
	if p.Proto == ast.ProtoICMP {
		return tuple{p.Proto, p.Src, p.Dst, p.ICMPID, p.ICMPID}
	}
	return tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
}

// grant counts a first packet that a PAT address serves. The lock is held.
func (d *dynamic) grant(r *nft.Request, mapped ast.IP, p *runtime.Packet) {
	k := grantOf(p)
	if _, again := d.grants.fresh[k]; again {
		return
	}
	d.told(k)
	class := classOf(p.Proto, k.sport)
	g := patGrant{service: patService{mapped, p.Dst, p.Proto, class, p.DstPort}, class: patClass{r.Out, mapped, p.Proto, class}}
	d.services.add(g.service, 1)
	h := patHolder{r.In, r.Out, p.Src, r.Nat.ACL, p.Proto, k.sport}
	if t := &d.xlates.ports; t.holds[h] == 0 {
		g.holder = &h
		t.holds[h] = mapped
		t.take(g.class, 1)
	}
	d.grants.fresh[k] = g
}

// told takes back what a connection counts as before it has been told of. The lock is held.
func (d *dynamic) told(k tuple) {
	for _, m := range [2]map[tuple]patGrant{d.grants.fresh, d.grants.older} {
		if g, is := m[k]; is {
			delete(m, k)
			d.release(&g)
		}
	}
}

func (d *dynamic) release(g *patGrant) {
	d.services.add(g.service, -1)
	if t := &d.xlates.ports; g.holder != nil {
		if t.holds[*g.holder] == g.class.mapped {
			delete(t.holds, *g.holder)
		}
		t.take(g.class, -1)
	}
}

// grantsTick forgets what has not become a connection. The lock is held.
func (d *dynamic) grantsTick() {
	for _, g := range d.grants.older {
		d.release(&g)
	}
	d.grants.fresh, d.grants.older = map[tuple]patGrant{}, d.grants.fresh
}

// serves notes a service to which so many connections have begun that the kernel has to ask about others. The lock is held.
func (d *dynamic) serves(k patService) {
	if d.busy.services[k] || d.services[k] < k.busyAt() {
		return
	}
	d.busy.services[k] = true
	_ = d.commit(&changes{members: busyService(d.plan, d.rules, k)}) // or the next tick
}

// spends notes a class of which so many ports are in use that the kernel has to ask about others. The lock is held.
func (d *dynamic) spends(x *xlate) {
	k := classOfXlate(x)
	if d.busy.classes[k] || d.xlates.ports.used[k] < k.spentAt() {
		return
	}
	d.busy.classes[k] = true
	_ = d.commit(&changes{members: spentClass(d.plan, d.rules, k)}) // or the next tick
}

// busyService is the destination that the kernel is to ask about.
func busyService(plan *compiler.Plan, rs *nft.Ruleset, k patService) []memberChange {
	return shortPAT(plan, rs, k.mapped, func(c *nft.PATClass) memberChange {
		return memberChange{set: c.Busy, members: []nft.Member{{IP: k.to, For: busyLife}}}
	})
}

// spentClass is the protocol that the kernel is to ask about.
func spentClass(plan *compiler.Plan, rs *nft.Ruleset, k patClass) []memberChange {
	return shortPAT(plan, rs, k.mapped, func(c *nft.PATClass) memberChange {
		return memberChange{kind: nft.LiveProtos, set: c.Spent[int(k.class)%len(c.Spent)], members: []nft.Member{{IP: ast.IP(k.proto), For: busyLife}}}
	})
}

// shortPAT is a change of the sets of a PAT address that are in a ruleset. Its classes share them.
func shortPAT(plan *compiler.Plan, rs *nft.Ruleset, mapped ast.IP, change func(*nft.PATClass) memberChange) []memberChange {
	for i := range rs.PATs {
		if c := &rs.PATs[i]; c.Busy != "" && plan.NAT.Globals[c.Global].First == mapped {
			return []memberChange{change(c)}
		}
	}
	return nil
}

// shortPATs is what the kernel is to ask about. The lock is held.
func (d *dynamic) shortPATs(plan *compiler.Plan, rs *nft.Ruleset) (out []memberChange) {
	for k := range d.busy.services {
		out = append(out, busyService(plan, rs, k)...)
	}
	for k := range d.busy.classes {
		out = append(out, spentClass(plan, rs, k)...)
	}
	return out
}

// patTick tells the kernel again of what is short, and forgets what is not any more. The lock is held.
func (d *dynamic) patTick() error {
	d.grantsTick()
	for k := range d.busy.services {
		if d.services[k] < k.busyAt() {
			delete(d.busy.services, k)
		}
	}
	for k := range d.busy.classes {
		if d.xlates.ports.used[k] < k.spentAt() {
			delete(d.busy.classes, k)
		}
	}
	return d.commit(&changes{members: d.shortPATs(d.plan, d.rules)})
}

// keepsPort is the class of the PAT address that translates the port of a packet already, where it is one of those that a request is about.
func (d *dynamic) keepsPort(r *nft.Request, p *runtime.Packet) (class uint32, ok bool) {
	if !byPort(p) {
		return 0, false
	}
	k := grantOf(p)
	mapped, ok := d.xlates.ports.holds[patHolder{r.In, r.Out, p.Src, r.Nat.ACL, p.Proto, k.sport}]
	if !ok {
		return 0, false
	}
	for _, i := range r.PATs {
		if c := &d.rules.PATs[i]; d.plan.NAT.Globals[c.Global].First == mapped && d.xlates.ports.serves(d.services, r, p, mapped) {
			return c.Class, true
		}
	}
	return 0, false
}

// serves reports whether an address translates a packet: it has the port already, or a port of its class is left, and Linux finds one for
// the service.
func (t *patPorts) serves(s patServices, r *nft.Request, p *runtime.Packet, mapped ast.IP) bool {
	if s.full(p, mapped) {
		return false
	}
	port := p.SrcPort
	if p.Proto == ast.ProtoICMP {
		port = p.ICMPID
	}
	if ip, ok := t.holds[patHolder{r.In, r.Out, p.Src, r.Nat.ACL, p.Proto, port}]; ok && !s.full(p, ip) {
		return ip == mapped
	}
	class := classOf(p.Proto, port)
	return t.used[patClass{r.Out, mapped, p.Proto, class}] < classSizes[class]
}
