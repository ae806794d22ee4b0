package kernel

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// An xlate is a dynamic translation of an address, in the maps of the kernel, or of a port (PAT), which conntrack alone knows.
type xlate struct {
	key      xlateKey
	mapped   ast.IP
	pat      uint16 // mapped port or ICMP id
	isPAT    bool
	identity bool
	dns      bool // by a line with `dns`: addresses in DNS answers are translated, too
	maxConns int  // TCP connections that its line allows its host; 0: any number
	halfOpen int  // of these, half-open ones; 0: likewise
	conns    int
	created  time.Time
	used     time.Time
	closing  bool // out of the kernel, and free when no connection is found that uses it
	index    int  // in the table's list
}

// An xlateKey is what is translated. ACL is the access list of policy NAT, or None. Of address translations proto and port
// are zero. Only PAT has mapped address and port in the key: on Linux one port may be translated to several at once.
type xlateKey struct {
	realIf, mappedIf int
	real             ast.IP
	acl              int
	proto            uint8
	port             uint16
	mapped           ast.IP
	mappedPort       uint16
}

type mappedKey struct {
	mappedIf int
	mapped   ast.IP
}

// xlateTable holds the dynamic translations. low remembers below which address of a pool all are taken, so that "lowest
// free" need not start over each time.
type xlateTable struct {
	byKey    map[xlateKey]*xlate
	byMapped map[mappedKey]*xlate
	list     []*xlate
	low      map[mappedKey]ast.IP
	ports    patPorts
	kept     map[patHolder]*xlate // translations of ports that are in maps of the kernel
	gone     []string             // names of access lists that translations were made by, and that the plan has no more (nft.GoneList)
	hosts    int                  // translations of addresses
	most     int
}

func newXlateTable() xlateTable {
	return xlateTable{byKey: map[xlateKey]*xlate{}, byMapped: map[mappedKey]*xlate{}, low: map[mappedKey]ast.IP{}, ports: newPATPorts(), kept: map[patHolder]*xlate{}}
}

func (t *xlateTable) add(x *xlate, now time.Time) {
	x.created, x.used, x.index = now, now, len(t.list)
	t.list = append(t.list, x)
	t.byKey[x.key] = x
	if x.isPAT {
		t.ports.add(x, 1)
	} else {
		t.byMapped[mappedKey{x.key.mappedIf, x.mapped}] = x
		t.hosts++
	}
	t.most = max(t.most, len(t.list))
}

func (t *xlateTable) remove(x *xlate) {
	if x.index >= len(t.list) || t.list[x.index] != x {
		return
	}
	last := len(t.list) - 1
	t.list[x.index] = t.list[last]
	t.list[x.index].index = x.index
	t.list[last] = nil
	t.list = t.list[:last]
	if t.byKey[x.key] == x {
		delete(t.byKey, x.key)
	}
	if x.isPAT {
		t.ports.add(x, -1)
		if h := holderOf(x); t.kept[h] == x {
			delete(t.kept, h)
		}
		return
	}
	t.hosts--
	if k := (mappedKey{x.key.mappedIf, x.mapped}); t.byMapped[k] == x {
		delete(t.byMapped, k)
	}
	for k, low := range t.low {
		// Of a pool that begins above, the mark is not below this address.
		if k.mappedIf == x.key.mappedIf && k.mapped <= x.mapped && x.mapped < low {
			t.low[k] = x.mapped
		}
	}
}

// free is the lowest free address of a range (semantics.md 3.4).
func (t *xlateTable) free(plan *compiler.Plan, g *compiler.Global) (ast.IP, bool) {
	k := mappedKey{g.If, g.First}
	from := max(g.First, t.low[k])
	for n := uint64(from); n <= uint64(g.Last); n++ {
		ip := ast.IP(n)
		if t.byMapped[mappedKey{g.If, ip}] != nil || reserved(plan, g, ip) {
			continue
		}
		t.low[k] = ip
		return ip, true
	}
	if g.Last < ast.AllOnes {
		t.low[k] = g.Last + 1
	}
	return 0, false
}

// reserved addresses of a pool are never given out: network and broadcast of its netmask, the interface's own, those of
// statics.
func reserved(plan *compiler.Plan, g *compiler.Global, ip ast.IP) bool {
	if m := g.Netmask; m != 0 && m < ast.MaskOf(31) && (ip&^m == 0 || ip|m == ast.AllOnes) {
		return true
	}
	if plan.Interfaces[g.If].Net.IP == ip {
		return true
	}
	for i := range plan.NAT.Statics {
		if s := &plan.NAT.Statics[i]; s.MappedIf == g.If && s.Proto == 0 && s.ACL == compiler.None && s.MappedNet().Contains(ip) {
			return true
		}
	}
	return false
}

func (x *xlate) terms() nft.XlateTerms {
	return nft.XlateTerms{Conns: x.maxConns, Half: x.halfOpen, DNS: x.dns}
}

// byPort reports whether PAT can carry a packet: TCP, UDP, ICMP echo (semantics.md 1.4, 1.5). A reply that comes out of nothing it
// cannot carry here.
func byPort(p *runtime.Packet) bool {
	return p.HasPorts() || p.Proto == ast.ProtoICMP && p.ICMPType == 8
}

// ends are the two sides of a translation for messages.
func (x *xlate) ends(plan *compiler.Plan) (proto uint8, real, mapped syslog.End) {
	real = syslog.End{If: plan.Interfaces[x.key.realIf].Name, IP: x.key.real, Port: x.key.port}
	mapped = syslog.End{If: plan.Interfaces[x.key.mappedIf].Name, IP: x.mapped, Port: x.pat}
	return x.key.proto, real, mapped
}

func (x *xlate) built(plan *compiler.Plan) runtime.Message {
	proto, real, mapped := x.ends(plan)
	return syslog.XlateBuilt(proto, false, real, mapped)
}

func (x *xlate) teardown(plan *compiler.Plan, now time.Time) runtime.Message {
	proto, real, mapped := x.ends(plan)
	return syslog.XlateTeardown(proto, false, real, mapped, now.Sub(x.created))
}

// timeout is how long a translation lives after its last connection (semantics.md 3.5); 0: for ever.
func (x *xlate) timeout(plan *compiler.Plan) time.Duration {
	if x.isPAT {
		return plan.Timeouts.PATXlate
	}
	return plan.Timeouts.Xlate
}

// save remembers the table, for a plan that is not applied after all.
func (t *xlateTable) save() (restore func()) {
	old := *t
	old.list = slices.Clone(t.list)
	keys := make([]xlateKey, len(old.list))
	for i, x := range old.list {
		keys[i] = x.key
	}
	return func() {
		most, gone := t.most, t.gone
		*t = newXlateTable()
		t.gone = gone
		for i, x := range old.list {
			created, used := x.created, x.used
			x.key = keys[i]
			t.add(x, created)
			x.used = used
		}
		t.most, t.kept = most, old.kept
	}
}

// keyIn is the key of a translation in another plan, where interfaces and access lists may have other indices; false: it has no interfaces
// there. A list that is gone leaves it alone (semantics.md 3.5), and one of the same name is the same.
func (t *xlateTable) keyIn(x *xlate, from, to *compiler.Plan) (xlateKey, bool) {
	k := x.key
	if from == nil { // it was inherited, and has the indices of the plan that comes
		return k, true
	}
	k.realIf, k.mappedIf = to.IfByName(from.Interfaces[k.realIf].Name), to.IfByName(from.Interfaces[k.mappedIf].Name)
	if k.acl != compiler.None {
		k.acl = t.listIn(k.acl, from, to)
	}
	return k, k.realIf != compiler.None && k.mappedIf != compiler.None
}

func (t *xlateTable) listIn(acl int, from, to *compiler.Plan) int {
	var id string
	if n, is := nft.Gone(acl); is {
		id = t.gone[n]
	} else {
		id = from.ACLs[acl].ID
	}
	return t.listNamed(id, to)
}

// listNamed is the index of an access list in a plan, or what stands for it when it is gone.
func (t *xlateTable) listNamed(id string, to *compiler.Plan) int {
	if at := to.ACLByID(id); at != compiler.None {
		return at
	}
	n := slices.Index(t.gone, id)
	if n < 0 {
		n, t.gone = len(t.gone), append(t.gone, id)
	}
	return nft.GoneList(n)
}

// forgetGone forgets names of access lists when no translation knows them by their number.
func (t *xlateTable) forgetGone() {
	if !slices.ContainsFunc(t.list, func(x *xlate) bool { _, is := nft.Gone(x.key.acl); return is }) {
		t.gone = nil
	}
}

// rekey moves the table to another plan. It returns what has no place there, and is no longer in the table.
func (t *xlateTable) rekey(from, to *compiler.Plan) (gone []*xlate) {
	old := t.list
	keys, placed := make([]xlateKey, len(old)), make([]bool, len(old))
	for i, x := range old {
		keys[i], placed[i] = t.keyIn(x, from, to)
	}
	most, lists := t.most, t.gone
	*t = newXlateTable()
	t.most, t.gone = most, lists
	for i, x := range old {
		k, ok := keys[i], placed[i]
		if !ok {
			gone = append(gone, x)
			continue
		}
		created, used := x.created, x.used
		x.key = k
		t.add(x, created)
		x.used = used
	}
	return gone
}

// fill puts the live translations into the maps of a ruleset.
func (t *xlateTable) fill(rs *nft.Ruleset) {
	type both struct {
		pairs    [][2]ast.IP
		comments map[ast.IP]string
	}
	of := map[string]*both{}
	get := func(name string) *both {
		if of[name] == nil {
			of[name] = &both{comments: map[ast.IP]string{}}
		}
		return of[name]
	}
	for _, x := range t.list {
		m := mapOf(rs, x)
		if m == nil || x.closing {
			continue
		}
		a, b := get(m.Name), get(m.Un)
		a.pairs = append(a.pairs, [2]ast.IP{x.key.real, x.mapped})
		if text := x.terms().String(); text != "" {
			a.comments[x.key.real] = text
		}
		if x.mapped == m.Box {
			continue // its address is one of the firewall by now
		}
		b.pairs = append(b.pairs, [2]ast.IP{x.mapped, x.key.real})
		if m.Own != "" {
			own := get(m.Own)
			own.pairs = append(own.pairs, [2]ast.IP{x.mapped, x.key.real})
		}
	}
	for i := range rs.Sets {
		if s := &rs.Sets[i]; s.Kind == nft.LiveMap {
			s.Pairs, s.Comments = nil, nil
			if b := of[s.Name]; b != nil {
				s.Pairs, s.Comments = b.pairs, b.comments
			}
		}
	}
	t.fillPorts(rs)
}

// mapOf is the map of a ruleset that a translation is in; nil for PAT, and when nothing passes between its interfaces.
func mapOf(rs *nft.Ruleset, x *xlate) *nft.XlateMap {
	if x.isPAT || rs == nil {
		return nil
	}
	i := slices.IndexFunc(rs.Xlates, func(m nft.XlateMap) bool {
		return m.RealIf == x.key.realIf && m.MappedIf == x.key.mappedIf && m.ACL == x.key.acl
	})
	if i < 0 {
		return nil
	}
	return &rs.Xlates[i]
}
