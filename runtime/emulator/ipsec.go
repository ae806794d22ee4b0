package emulator

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// An sa is a pair of tunnel-mode security associations, with its proxies as seen from here.
type sa struct {
	in            int
	peer          ast.IP
	local, remote ast.Net
	spi           uint32 // of the inbound one
	client        *client
}

// A client is a connected remote-access client.
type client struct {
	in          int
	peer        ast.IP
	group, user string
	addr        ast.IP
}

// AddSA sets up a pair of security associations.
func (e *Engine) AddSA(ifIndex int, peer ast.IP, local, remote ast.Net) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkMap(ifIndex); err != nil {
		return err
	}
	e.expire()
	e.addSA(&sa{in: ifIndex, peer: peer, local: local, remote: remote})
	return nil
}

func (e *Engine) checkMap(i int) error {
	if err := e.checkIf(i); err != nil {
		return err
	}
	if e.plan.Interfaces[i].Map == compiler.None {
		return fmt.Errorf("no crypto map on interface %s", e.ifName(i))
	}
	return nil
}

func (e *Engine) addSA(s *sa) {
	e.nextSPI++
	s.spi = 0x10000000 + e.nextSPI*2
	e.sas = append(e.sas, s)
	own := e.plan.Interfaces[s.in].Net.IP
	e.emit(syslog.New(602301, own, ast.ProtoESP, s.spi, e.transform(s.in), int(e.nextSPI*2-1)))
	e.emit(syslog.New(602301, s.peer, ast.ProtoESP, s.spi+1, e.transform(s.in), int(e.nextSPI*2)))
}

// transform names the transforms of the first complete entry of the interface's map.
func (e *Engine) transform(in int) string {
	m := &e.plan.VPN.Maps[e.plan.Interfaces[in].Map]
	for i := range m.Entries {
		entries := m.Entries[i : i+1]
		if d := m.Entries[i].Dynamic; d != compiler.None {
			entries = e.plan.VPN.DynamicMaps[d].Entries
		}
		for j := range entries {
			for _, t := range entries[j].TransformSets {
				return strings.Join(e.plan.VPN.TransformSets[t].Transforms, " ")
			}
		}
	}
	return "none"
}

// AddClient connects a remote-access client: its SA pair covers its address and everything, it has a host route, and where the
// map authenticates clients its user is in the uauth cache (semantics.md 5.3, 6.3).
func (e *Engine) AddClient(ifIndex int, peer ast.IP, group, name string, addr ast.IP, list runtime.UserList) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkMap(ifIndex); err != nil {
		return err
	}
	known := false
	for i := range e.plan.VPN.Groups {
		known = known || e.plan.VPN.Groups[i].Name == group
	}
	if !known {
		return fmt.Errorf("no vpngroup %s", group)
	}
	e.expire()
	if err := e.hasList(name, list); err != nil {
		return err
	}
	e.dropClients(func(c *client) bool { return c.addr == addr })
	named := e.plan.VPN.Maps[e.plan.Interfaces[ifIndex].Map].Authentication != compiler.None
	if named {
		e.answered(userKey{ifIndex, addr})
		if err := e.userRoom(userKey{ifIndex, addr}); err != nil {
			return err
		}
	}
	c := &client{ifIndex, peer, group, name, addr}
	e.clients = append(e.clients, c)
	e.addSA(&sa{in: ifIndex, peer: peer, local: ast.Net{}, remote: ast.Net{IP: addr, Mask: ast.AllOnes}, client: c})
	if named {
		return e.addUser(ifIndex, addr, name, true, list)
	}
	return nil
}

func (e *Engine) dropClients(gone func(*client) bool) {
	var clients []*client
	for _, c := range e.clients {
		if !gone(c) {
			clients = append(clients, c)
			continue
		}
		var sas []*sa
		for _, s := range e.sas {
			if s.client != c {
				sas = append(sas, s)
			}
		}
		e.sas = sas
		if u := e.users[userKey{c.in, c.addr}]; u != nil && u.ipsec {
			e.dropUser(u)
		}
	}
	e.clients = clients
}

// fromTunnel is step 5a: the inner packet must be one that an SA with this peer is for.
func (e *Engine) fromTunnel(f *flight) bool {
	p := &f.pkt
	var first *sa
	for _, s := range e.sas {
		if s.in != f.in.If || s.peer != f.in.Peer {
			continue
		}
		if s.remote.Contains(p.Src) && s.local.Contains(p.Dst) {
			if f.trace {
				f.pass("VPN", "decrypted, from "+s.peer.String(), e.plan.Interfaces[f.in.If].MapLine)
			}
			return false
		}
		if first == nil {
			first = s
		}
	}
	own := e.plan.Interfaces[f.in.If].Net.IP
	if first == nil {
		f.drop(e, "VPN", whySPI, logs(syslog.New(402101, own, "ESP", "0x0(0)")))
		return true
	}
	m := syslog.New(402103, p.Dst, p.Src, syslog.ProtoName(p.Proto), own, first.peer, proxy(first.local), proxy(first.remote))
	f.drop(e, "VPN", whyProxy, logs(m))
	return true
}

// proxy is a proxy identity as IPsec messages print it.
func proxy(n ast.Net) string { return n.IP.String() + "/" + n.Mask.String() + "/0/0" }

// clearText is step 5b: what the crypto map of the ingress interface would encrypt on its way back must come encrypted. Dynamic
// entries have no list of their own: the proxies of SAs that exist count (semantics.md 6.2).
func (e *Engine) clearText(f *flight) bool {
	x := &e.plan.Interfaces[f.in.If]
	if x.Map == compiler.None {
		return false
	}
	p := &f.pkt
	v := view{p.Proto, p.Dst, p.Src, p.DstPort, p.SrcPort, p.ICMPType}
	m := &e.plan.VPN.Maps[x.Map]
	for i := range m.Entries {
		en := &m.Entries[i]
		if !complete(en) {
			continue
		}
		if _, permit := e.aclMatch(en.ACL, &v); permit {
			e.notIPsec(f, en.Line, e.decider(f, en.ACL, &v))
			return true
		}
	}
	for _, s := range e.sas {
		if s.in == f.in.If && s.remote.Contains(p.Src) && s.local.Contains(p.Dst) {
			e.notIPsec(f, x.MapLine, compiler.Line{})
			return true
		}
	}
	return false
}

func (e *Engine) notIPsec(f *flight, line, entry compiler.Line) {
	p := &f.pkt
	f.drop(e, "VPN", whyClear, logs(syslog.New(402106, p.Dst, p.Src, syslog.ProtoName(p.Proto))), line, entry)
}

// complete reports whether a map entry has all that it needs to be used; others are ignored (semantics.md 6.1).
func complete(en *compiler.MapEntry) bool {
	return en.Dynamic == compiler.None && en.ACL != compiler.None && len(en.Peers) > 0 && len(en.TransformSets) > 0
}

// crypto is step 14: the crypto map of the egress interface on the translated packet. ended: it is dropped, because there is no
// SA yet.
func (e *Engine) crypto(f *flight) (peer ast.IP, encrypted, ended bool) {
	x := &e.plan.Interfaces[f.out]
	if x.Map == compiler.None {
		return 0, false, false
	}
	out := &f.v.Out
	v := view{out.Proto, out.Src, out.Dst, out.SrcPort, out.DstPort, out.ICMPType}
	m := &e.plan.VPN.Maps[x.Map]
	for i := range m.Entries {
		en := &m.Entries[i]
		if en.Dynamic == compiler.None {
			if !complete(en) {
				continue
			}
			if _, permit := e.aclMatch(en.ACL, &v); !permit {
				continue
			}
		}
		if s := e.outboundSA(f.out, en, out.Src, out.Dst); s != nil {
			if f.trace {
				f.pass("VPN", "encrypted, to "+s.peer.String(), x.MapLine, en.Line, e.decider(f, en.ACL, &v))
			}
			return s.peer, true, false
		}
		if en.Dynamic == compiler.None {
			e.needIKE(f, en, e.decider(f, en.ACL, &v))
			return 0, false, true
		}
	}
	return 0, false, false
}

// whole carries a packet that comes out of a tunnel, or is for one as it stands, past access lists, users, connections and NAT: `sysopt ipsec
// pl-compatible` (semantics.md 6.2). It goes where routes lead.
func (e *Engine) whole(f *flight) bool {
	if e.forBox(f) || !f.in.Tunnel && !e.entersTunnel(f, e.route(f.pkt.Dst).out) {
		return false
	}
	f.inbound, f.un, f.src, f.line, f.answered = false, unnat{ip: f.pkt.Dst, port: f.pkt.DstPort, out: compiler.None}, mapping{}, e.plan.Sysopt.PLCompatibleLine, false
	if !f.in.Tunnel && (e.reversePath(f) || e.clearText(f)) || e.routeOut(f) {
		return true
	}
	f.pass("NAT", "of a tunnel: access lists and translation are passed by", f.line)
	f.v.Out, f.v.Egress = f.pkt, f.out
	peer, encrypted, ended := e.crypto(f)
	if !ended && (encrypted || !e.adjacency(f)) {
		e.leave(f, peer, encrypted)
	}
	return true
}

// entersTunnel reports whether the crypto map of a lower interface takes a packet as it is on the wire.
func (e *Engine) entersTunnel(f *flight, out int) bool {
	if out == compiler.None || e.level(f.in.If) <= e.level(out) || e.plan.Interfaces[out].Map == compiler.None {
		return false
	}
	v := wireView(f)
	m := &e.plan.VPN.Maps[e.plan.Interfaces[out].Map]
	for i := range m.Entries {
		en := &m.Entries[i]
		if en.Dynamic != compiler.None {
			if e.outboundSA(out, en, v.src, v.dst) != nil {
				return true
			}
		} else if complete(en) {
			if _, permit := e.aclMatch(en.ACL, &v); permit {
				return true
			}
		}
	}
	return false
}

// outboundSA is an SA for the addresses. A static entry wants one with its peers; behind a dynamic one may be anybody.
func (e *Engine) outboundSA(out int, en *compiler.MapEntry, src, dst ast.IP) *sa {
	for _, s := range e.sas {
		if s.in != out || !s.local.Contains(src) || !s.remote.Contains(dst) {
			continue
		}
		if en.Dynamic != compiler.None {
			return s
		}
		for _, p := range en.Peers {
			if p == s.peer {
				return s
			}
		}
	}
	return nil
}

func (e *Engine) needIKE(f *flight, en *compiler.MapEntry, entry compiler.Line) {
	own := e.plan.Interfaces[f.out].Net.IP
	seconds, kilobytes := en.Seconds, en.Kilobytes
	if seconds == 0 {
		seconds = 28800
	}
	if kilobytes == 0 {
		kilobytes = 4608000
	}
	acl := &e.plan.ACLs[en.ACL].Entries
	local, remote := ast.Net{IP: f.v.Out.Src, Mask: ast.AllOnes}, ast.Net{IP: f.v.Out.Dst, Mask: ast.AllOnes}
	for i := range *acl {
		for _, s := range (*acl)[i].Src {
			for _, d := range (*acl)[i].Dst {
				if s.Contains(local.IP) && d.Contains(remote.IP) && local.Mask == ast.AllOnes && s.Mask != ast.AllOnes {
					local, remote = s, d
				}
			}
		}
	}
	set := strings.Join(e.plan.VPN.TransformSets[en.TransformSets[0]].Transforms, " ")
	f.v.Out = f.pkt
	f.drop(e, "VPN", whyNeedIKE, logs(syslog.New(702303, own, en.Peers[0], proxy(local), proxy(remote), "ESP", set, seconds, kilobytes, 0, 0, 0, 0x4004)), e.plan.Interfaces[f.out].MapLine, en.Line, entry)
}

// adjacency is step 13: there must be a way to the next hop, and an address that the PIX has itself on the egress interface, or
// answers ARP for, has no other neighbour behind it.
func (e *Engine) adjacency(f *flight) bool {
	dst := f.v.Out.Dst
	h, ok := e.routeVia(dst, f.out)
	if !ok {
		f.drop(e, "ROUTE-LOOKUP", whyNoRoute, logs(syslog.New(110001, f.pkt.Dst, f.pkt.Src)))
		return true
	}
	if line, own := e.ownOn(f.out, dst); own {
		f.drop(e, "ADJACENCY", whyAdjacency, nil, line)
		return true
	}
	if f.trace {
		f.pass("ADJACENCY", "next hop on "+e.ifName(f.out)+noted(h.note), h.line)
	}
	return false
}

// ownOn reports whether the PIX answers for an address on an interface (semantics.md 3.6): its own, and unless sysopt noproxyarp says no, a
// static's, a global's, that of a translation that lives, in its subnet, a connected client's.
func (e *Engine) ownOn(in int, ip ast.IP) (compiler.Line, bool) {
	x := &e.plan.Interfaces[in]
	if x.Net.IP == ip {
		return x.AddrLine, true
	}
	if !x.ProxyARP { // nobody is kept from having the others
		return compiler.Line{}, false
	}
	if x.Net.Contains(ip) { // others are the next router's, which sends them back
		if line, is := e.mappedOn(in, ip); is {
			return line, true
		}
	}
	if a := e.plan.NAT.Alias(in, ip); a != nil {
		return a.Line, true
	}
	for _, c := range e.clients {
		if c.addr == ip {
			return compiler.Line{}, true
		}
	}
	return compiler.Line{}, false
}

// mappedOn reports whether translations have an address on an interface.
func (e *Engine) mappedOn(in int, ip ast.IP) (compiler.Line, bool) {
	if i := e.derived.owned.first(ip, tagOf(in), always); i >= 0 {
		return e.plan.NAT.Statics[i].Line, true
	}
	for i := range e.plan.NAT.Globals {
		if g := &e.plan.NAT.Globals[i]; g.If == in && g.First <= ip && ip <= g.Last && !g.Interface {
			return g.Line, true
		}
	}
	if x := e.translatedTo(in, ip); x != nil {
		return x.line, true
	}
	return compiler.Line{}, false
}
