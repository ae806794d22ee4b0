package equivalence

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// An aimer makes packets at and beside the boundaries of a plan.
type aimer struct {
	*maker
	plan   *compiler.Plan
	addrs  []ast.IP         // boundaries of addresses
	behind map[int][]ast.IP // those of them that the interface leads to
	seen   map[int][]ast.IP // those that hosts on the interface may name: mapped addresses
	ports  []uint16
	protos []uint8
	used   map[tuple]bool
	fresh  uint16
}

type tuple struct {
	proto        uint8
	src, dst     ast.IP
	sport, dport uint16
}

func newAimer(m *maker, plan *compiler.Plan) *aimer {
	a := &aimer{maker: m, plan: plan, behind: map[int][]ast.IP{}, seen: map[int][]ast.IP{}, used: map[tuple]bool{}, fresh: 20000,
		ports: []uint16{1, 22, 23, 511, 512, 1023, 1024, 65535}, protos: []uint8{ast.ProtoTCP, ast.ProtoTCP, ast.ProtoUDP, ast.ProtoUDP, ast.ProtoICMP, ast.ProtoGRE}}
	for _, ip := range []string{"198.51.100.7", "198.51.100.8", "192.0.2.1", "8.8.8.8", "127.255.255.255", "128.0.0.0"} {
		a.addrs = append(a.addrs, ast.MustIP(ip))
	}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		a.net(f.Net)
		a.addrs = append(a.addrs, f.Net.IP)
		a.seen[i] = append(a.seen[i], f.Net.IP, f.Broadcast())
	}
	for i := range plan.Routes {
		a.net(plan.Routes[i].Net)
	}
	for i := range plan.ACLs {
		for k := range plan.ACLs[i].Entries {
			a.entry(&plan.ACLs[i].Entries[k])
		}
	}
	for i := range plan.Conduits {
		a.entry(&plan.Conduits[i].ACE)
	}
	n := &plan.NAT
	for i := range n.Statics {
		s := &n.Statics[i]
		a.net(s.RealNet())
		a.net(s.MappedNet())
		a.mapped(s.MappedIf, s.MappedNet())
		if s.Proto != 0 {
			a.port(s.MappedPort)
			a.port(s.RealPt)
		}
	}
	for _, list := range [][]compiler.Nat{n.Policies, n.Nats} {
		for i := range list {
			if list[i].ACL == compiler.None {
				a.net(list[i].Net)
			}
		}
	}
	for i := range n.Globals {
		g := &n.Globals[i]
		a.seen[g.If] = append(a.seen[g.If], g.First-1, g.First, g.First+1, g.Last, g.Last+1)
	}
	for i := range n.Aliases {
		x := &n.Aliases[i]
		a.net(x.DNATNet())
		a.net(x.ForeignNet())
	}
	for i := range plan.Outbound {
		for _, r := range plan.Outbound[i].Rules {
			if r.Net.Mask.Contiguous() {
				a.net(r.Net)
			}
			a.port(r.Ports.Lo)
			a.port(r.Ports.Hi)
		}
	}
	for i := range plan.AAARules {
		for _, r := range []ast.Net{plan.AAARules[i].Local, plan.AAARules[i].Foreign} {
			if r.Mask.Contiguous() {
				a.net(r)
			}
		}
		a.ports = append(a.ports, 21, 23, 80, 443, 53)
	}
	for _, list := range [][]compiler.Access{plan.Box.SSH, plan.Box.Telnet, plan.Box.HTTP} {
		for i := range list {
			a.net(list[i].Net)
			a.ports = append(a.ports, 22, 23, 443)
		}
	}
	for i := range plan.Box.SNMP {
		a.net(ast.Net{IP: plan.Box.SNMP[i].IP, Mask: ast.AllOnes})
		a.port(161)
	}
	slices.Sort(a.addrs)
	a.addrs = slices.Compact(a.addrs)
	for _, ip := range a.addrs {
		if r := plan.Lookup(ip); r != nil {
			a.behind[r.If] = append(a.behind[r.If], ip)
		}
	}
	slices.Sort(a.ports)
	a.ports = slices.Compact(a.ports)
	return a
}

// named is an address in the answer of a name server: mostly one that some line is about.
func (a *aimer) named() ast.IP {
	for range 5 {
		var ip ast.IP
		switch i := a.IntN(len(a.plan.Interfaces)); a.IntN(4) {
		case 0:
			ip = pick(a, a.seen[i])
		case 1:
			ip = pick(a, a.behind[i])
		default:
			ip = pick(a, a.addrs)
		}
		if ip != 0 {
			return ip
		}
	}
	return ast.MustIP("198.51.100.9")
}

// logins are users, where a configuration asks for some.
func (a *aimer) logins() (out []login) {
	if len(a.plan.AAARules) == 0 || a.chance(30) {
		return nil
	}
	for range 1 + a.IntN(6) {
		i := a.IntN(len(a.plan.Interfaces))
		u := login{in: a.plan.Interfaces[i].Name, ip: pick(a, a.behind[i])}
		if len(a.plan.ACLs) > 0 && a.chance(30) {
			u.list = a.plan.ACLs[a.IntN(len(a.plan.ACLs))].ID
		}
		if u.ip != 0 {
			out = append(out, u)
		}
	}
	return out
}

// shunned are hosts that are shut out.
func (a *aimer) shunned() (out []ast.IP) {
	if !a.chance(6) {
		return nil
	}
	for range 1 + a.IntN(3) {
		if ip := pick(a, a.behind[a.IntN(len(a.plan.Interfaces))]); ip != 0 && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	return out
}

func (a *aimer) net(n ast.Net) {
	first, last := n.Range()
	a.addrs = append(a.addrs, first-1, first, last, last+1)
	if last-first > 4 {
		a.addrs = append(a.addrs, first+1, first+(last-first)/2)
	}
}

func (a *aimer) mapped(i int, n ast.Net) {
	first, last := n.Range()
	a.seen[i] = append(a.seen[i], first-1, first, last, last+1, first+(last-first)/2)
}

func (a *aimer) port(p uint16) {
	for d := -1; d <= 1; d++ {
		if q := int(p) + d; q > 0 && q < 65536 {
			a.ports = append(a.ports, uint16(q))
		}
	}
}

func (a *aimer) entry(e *compiler.ACE) {
	for _, n := range append(slices.Clone(e.Src), e.Dst...) {
		if n.Mask.Contiguous() {
			a.net(n)
		}
	}
	for _, r := range append(slices.Clone(e.SrcPorts), e.DstPorts...) {
		a.port(r.Lo)
		a.port(r.Hi)
	}
	if len(e.Protos) < 8 {
		a.protos = append(a.protos, e.Protos...)
	}
}

func pick[T any](a *aimer, list []T) (v T) {
	if len(list) > 0 {
		v = list[a.IntN(len(list))]
	}
	return v
}

// inside is a point of a net, most often at its edge.
func (a *aimer) inside(n ast.Net) ast.IP {
	if !n.Mask.Contiguous() {
		return n.IP
	}
	first, last := n.Range()
	switch a.IntN(4) {
	case 0:
		return first
	case 1:
		return last
	case 2:
		return ast.IP(uint64(first) + a.Uint64N(uint64(last)-uint64(first)+1))
	}
	return []ast.IP{first - 1, last + 1}[a.IntN(2)]
}

// packet aims one packet that arrives on interface in. It is false when none was found that is not used up.
func (a *aimer) packet(in int) (p runtime.Packet, ok bool) {
	for range 20 {
		p = a.shot(in)
		if p.Src == 0 || p.Dst == 0 || p.Src == p.Dst || a.directed(p.Dst, in) || a.spoofed(p.Src, in) {
			continue
		}
		a.odd(&p)
		k := tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
		if p.Proto == ast.ProtoICMP {
			k.sport, k.dport = p.ICMPID, uint16(p.ICMPType)
		}
		back := tuple{k.proto, k.dst, k.src, k.dport, k.sport}
		if a.used[k] || a.used[back] {
			continue
		}
		a.used[k] = true
		return p, true
	}
	return p, false
}

// fragments are a datagram in two pieces.
func fragments(p runtime.Packet) [2]runtime.Packet {
	p.Payload, p.Fragment, p.Length = nil, true, 64
	q := p
	p.More = true
	q.FragOffset, q.SrcPort, q.DstPort, q.Flags, q.Length = 72, 0, 0, 0, 30
	if p.Proto == ast.ProtoTCP {
		p.Length, q.FragOffset = 60, 80
	}
	return [2]runtime.Packet{p, q}
}

// directed reports whether an address is one that Linux forwards to nobody, and a PIX as any other: the broadcast of another
// interface's subnet, or loopback.
func (a *aimer) directed(ip ast.IP, in int) bool {
	for i := range a.plan.NAT.Aliases {
		if x := &a.plan.NAT.Aliases[i]; x.If == in && x.DNATNet().Contains(ip) {
			ip = x.ToForeign(ip)
		}
	}
	for i := range a.plan.Interfaces {
		if i != in && a.plan.Interfaces[i].Broadcast() == ip {
			return true
		}
	}
	return ip>>24 == 127 || ip>>24 == 0
}

// spoofed reports whether a source is an address that the firewall answers for, or one that routes do not lead to where it comes from.
// What is sent back to the first, Linux takes for itself, before it asks where the connection came from; to the second, it answers, and
// translates for it, where the routes lead (W516). Where reverse paths are verified both refuse that.
func (a *aimer) spoofed(ip ast.IP, in int) bool {
	if r := a.plan.Lookup(ip); r == nil || r.If != in && !a.plan.Interfaces[in].RPF {
		return true
	}
	return answeredFor(a.plan, ip)
}

// answeredFor reports whether an address is one that the firewall answers for.
func answeredFor(plan *compiler.Plan, ip ast.IP) bool {
	for i := range plan.NAT.Statics {
		if s := &plan.NAT.Statics[i]; s.MappedNet().Contains(ip) && s.Mapped != s.Real {
			return true
		}
	}
	for i := range plan.NAT.Aliases {
		if plan.NAT.Aliases[i].DNATNet().Contains(ip) {
			return true
		}
	}
	for i := range plan.NAT.Globals {
		if g := &plan.NAT.Globals[i]; g.First <= ip && ip <= g.Last {
			return true
		}
	}
	return false
}

func (a *aimer) shot(in int) runtime.Packet {
	p := runtime.Packet{Proto: pick(a, a.protos), TTL: 64}
	p.Src = pick(a, a.behind[in])
	if a.chance(5) {
		p.Src = pick(a, a.addrs) // from where it cannot be answered
	}
	switch a.IntN(6) {
	case 0, 1, 5:
		p.Dst = pick(a, a.seen[in])
	case 2, 3:
		p.Dst = pick(a, a.behind[a.IntN(len(a.plan.Interfaces))])
	default:
		p.Dst = pick(a, a.addrs)
	}
	sport, dport := a.port16(), pick(a, a.ports)
	if acl := a.plan.Interfaces[in].ACL; acl != compiler.None && a.chance(40) {
		// At the edge of an entry of the list that decides.
		e := &a.plan.ACLs[acl].Entries[a.IntN(len(a.plan.ACLs[acl].Entries))]
		if e.Protos != nil {
			p.Proto = pick(a, e.Protos)
		}
		if ip := a.inside(pick(a, e.Src)); a.plan.Lookup(ip) != nil && (a.plan.Lookup(ip).If == in || a.chance(5)) {
			p.Src = ip
		}
		if n := pick(a, e.Dst); n.Mask != 0 {
			p.Dst = a.inside(n)
		}
		if e.DstPorts != nil {
			r := pick(a, e.DstPorts)
			dport = []uint16{r.Lo, r.Hi, max(r.Lo, 2) - 1, min(r.Hi, 65534) + 1}[a.IntN(4)]
		}
		if e.SrcPorts != nil && a.chance(60) {
			r := pick(a, e.SrcPorts)
			sport = []uint16{r.Lo, r.Hi, max(r.Lo, 2) - 1, min(r.Hi, 65534) + 1}[a.IntN(4)]
		}
	}
	switch p.Proto {
	case ast.ProtoTCP:
		p.Flags = runtime.SYN
		if a.chance(5) {
			p.Flags = []runtime.TCPFlags{runtime.ACK, runtime.FIN | runtime.ACK, runtime.SYN | runtime.ACK, runtime.RST, runtime.PSH | runtime.ACK}[a.IntN(5)]
		}
		fallthrough
	case ast.ProtoUDP:
		p.SrcPort, p.DstPort = max(sport, 1), max(dport, 1)
		switch {
		case p.Proto == ast.ProtoUDP && p.DstPort == 53:
			p.Payload = query(a.unused())
			if a.chance(15) {
				p.Length = []int{511, 512, 513, 1200}[a.IntN(4)]
			}
		case p.Proto == ast.ProtoUDP && a.chance(20):
			p.Length = []int{1, 8, 512, 513, 1472}[a.IntN(5)]
		}
	case ast.ProtoICMP:
		p.ICMPType, p.ICMPID = []uint8{8, 8, 8, 13}[a.IntN(4)], a.unused() // replies and errors: see answered
	}
	return p
}

// odd makes a few packets such as nobody means to send.
func (a *aimer) odd(p *runtime.Packet) {
	switch a.IntN(80) {
	case 0:
		p.TTL = []uint8{1, 2, 255}[a.IntN(3)]
	case 1:
		p.Length = min(p.Length, 1400) // it has to go in one piece
		p.Option = []runtime.IPOption{runtime.RecordRoute, runtime.SourceRoute, runtime.Timestamp, runtime.RouterAlert, runtime.OtherOption}[a.IntN(5)]
	case 2: // land, or nearly
		if p.Dst = p.Src; a.chance(50) {
			p.DstPort = p.SrcPort
		}
	case 3:
		if p.HasPorts() {
			if a.chance(50) {
				p.SrcPort = 0
			} else {
				p.DstPort = 0
			}
		}
	case 4:
		if p.Proto == ast.ProtoTCP {
			p.Flags = []runtime.TCPFlags{0, runtime.SYN | runtime.FIN, runtime.SYN | runtime.RST, runtime.SYN | runtime.PSH, runtime.SYN | runtime.URG, runtime.FIN,
				runtime.FIN | runtime.URG | runtime.PSH, runtime.FIN | runtime.SYN | runtime.RST | runtime.PSH | runtime.ACK | runtime.URG}[a.IntN(8)]
		}
	case 5:
		p.Proto, p.Flags, p.Payload, p.SrcPort, p.DstPort, p.ICMPType, p.ICMPID = []uint8{2, 4, 33, 41, 50, 51, 58, 89, 103, 132, 136, 255}[a.IntN(12)], 0, nil, 0, 0, 0, 0
		if p.Length = []int{0, 1, 7, 20, 1000}[a.IntN(5)]; p.Proto == 136 || p.Proto == 58 {
			p.Length = max(p.Length, 8) // Linux rewrites the checksums of UDP-Lite and ICMPv6, which are in the header
		}
	case 6:
		if p.Proto == ast.ProtoICMP {
			p.ICMPType, p.ICMPCode = []uint8{10, 13, 15, 17, 30, 37, 255}[a.IntN(7)], uint8(a.IntN(3))
		}
	}
}

// port16 is a source port: mostly one that nobody else has.
func (a *aimer) port16() uint16 {
	if a.chance(30) {
		return pick(a, a.ports)
	}
	return a.unused()
}

func (a *aimer) unused() uint16 {
	if a.fresh++; a.fresh > 60000 {
		a.fresh = 20000
	}
	return a.fresh
}
