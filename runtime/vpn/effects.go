package vpn

import (
	"errors"
	"fmt"
	"net/netip"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/esp"
	"pixfw/runtime/ike"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
)

// Ports of IKE.
const (
	portIKE  = 500
	portNATT = 4500
)

// do carries out what the machine wants, in order.
func (s *service) do(effects []ike.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case ike.Send:
			payload := e.Payload
			if e.Local.Port() == portNATT {
				payload = append(make([]byte, 4, 4+len(payload)), payload...) // the non-ESP marker
			}
			s.send(&e.Datagram, payload)
		case ike.Keepalive:
			s.send(&e.Datagram, e.Payload)
		case ike.InstallSA:
			s.installPair(e.Pair)
		case ike.PrepareSA:
			s.c.record.pair(&e.Pair)
			if err := s.esp.Prepare(e.Pair); err != nil {
				s.say(err.Error())
			}
		case ike.CancelSA:
			s.esp.Remove(e.ID)
		case ike.UpdateSA:
			s.updatePair(e.Pair)
		case ike.RemoveSA:
			s.removePair(e.ID)
		case ike.Authenticate:
			s.authenticate(e)
		case ike.ClientUp:
			s.clientUp(e)
		case ike.ClientDown:
			s.clientDown(e)
		case ike.Log:
			s.c.host.Publish(e.Message)
		case ike.Debug:
			s.debugs.tell(e.Facility().String(), e.Level(), e.Text())
		}
	}
}

// send sends a datagram of IKE. What cannot be sent is as good as lost, and said once.
func (s *service) send(d *ike.Datagram, payload []byte) {
	err := errors.New("no socket")
	for _, l := range s.legs {
		sp := l.now.Load()
		if sp == nil || sp.iface != d.If {
			continue
		}
		socket := l.udp
		if d.Local.Port() == portNATT {
			socket = l.nat
		}
		if socket != nil {
			err = socket.SendTo(payload, d.Remote)
		}
		break
	}
	text := ""
	if err != nil {
		text = fmt.Sprintf("IKE to %v cannot be sent: %v", d.Remote.Addr(), err)
	}
	if text != "" && text != s.trouble {
		s.say(text)
	}
	s.trouble = text
}

func (s *service) installPair(p runtime.SAPair) {
	if err := s.install(p); err != nil {
		s.say(err.Error())
		s.do(s.machine.ClearSAs(func(o *runtime.SAPair) bool { return o.ID == p.ID }))
	}
}

// install enters a pair, and makes what is behind it reachable.
func (s *service) install(p runtime.SAPair) error {
	s.c.record.pair(&p)
	if err := s.esp.Install(p); err != nil {
		return err
	}
	for _, k := range []*runtime.SAKeys{&p.In, &p.Out, &p.InAH, &p.OutAH} {
		k.CipherKey, k.AuthKey = nil, nil
	}
	r, ok := s.remoteOf(&p)
	s.pairs[p.ID] = pair{p, r}
	s.far.add(fromAddr(p.Peer))
	if !ok {
		return nil
	}
	s.remotes[r]++
	if s.remotes[r] == 1 {
		if err := s.c.host.AddRemote(kernel.Remote{If: r.ifName, Net: r.net}); err != nil {
			s.say(fmt.Sprintf("network %v behind %v: %v", r.net, p.Peer, err))
		}
	}
	return nil
}

// remoteOf is the network of a pair that no access list names: where a dynamic map has let the peer say what is behind it. An address
// that was given to a client is routed by itself.
func (s *service) remoteOf(p *runtime.SAPair) (remote, bool) {
	if p.Dynamic == compiler.None || p.Mode == runtime.Transport || !p.RemoteID.Addr.Is4() || !p.RemoteID.Mask.Is4() {
		return remote{}, false
	}
	n := ast.Net{IP: fromAddr(p.RemoteID.Addr), Mask: fromAddr(p.RemoteID.Mask)}
	if p.Client.IsValid() && n.Mask == ast.AllOnes && addr(n.IP) == p.Client {
		return remote{}, false
	}
	return remote{s.plan.Interfaces[p.If].Name, n}, true
}

func (s *service) updatePair(p runtime.SAPair) {
	old, ok := s.pairs[p.ID]
	if !ok {
		return
	}
	if err := s.esp.Update(p); err != nil {
		s.say(err.Error())
		return
	}
	s.far.add(fromAddr(p.Peer))
	s.far.remove(fromAddr(old.Peer))
	old.If, old.Map, old.Entry, old.Dynamic, old.Peer, old.PeerPort, old.Encap = p.If, p.Map, p.Entry, p.Dynamic, p.Peer, p.PeerPort, p.Encap
	s.pairs[p.ID] = old
}

func (s *service) removePair(id uint64) {
	p, ok := s.pairs[id]
	if !ok {
		return
	}
	s.esp.Remove(id)
	delete(s.pairs, id)
	s.far.remove(fromAddr(p.Peer))
	s.mu.Lock()
	delete(s.expiring, id)
	s.mu.Unlock()
	r := p.remote
	if r == (remote{}) {
		return
	}
	if s.remotes[r]--; s.remotes[r] > 0 {
		return
	}
	delete(s.remotes, r)
	if err := s.c.host.RemoveRemote(r.ifName, r.net); err != nil {
		s.say(fmt.Sprintf("network %v behind %v: %v", r.net, p.Peer, err))
	}
}

// clientUp is what the machine says of a client. One whose list cannot be enforced has to go.
func (s *service) clientUp(c ike.ClientUp) {
	switch listed, err := s.connect(c); {
	case err != nil && listed:
		s.evict(&c, err)
	case err != nil:
		s.say(fmt.Sprintf("client %v: %v", c.Addr, err))
	}
}

// connect makes a client reachable by its address, with the access list of its user, if he has one.
func (s *service) connect(c ike.ClientUp) (listed bool, err error) {
	ifName := s.plan.Interfaces[c.If].Name
	was, again := s.clients[c.ID]
	now := client{ClientUp: c, ifName: ifName}
	now.session, _ = c.Session.(*session) // nil: nobody has logged in
	if now.session == nil {
		now.session = &session{}
	}
	s.held.hold(now.session)
	if again {
		s.held.free(was.session)
	}
	s.clients[c.ID] = now
	list := now.session.list
	listed = !list.None()
	if !c.Addr.Is4() {
		if listed {
			err = errors.New("it has not taken an address")
		}
		return listed, err
	}
	r := kernel.Remote{If: ifName, Net: ast.Net{IP: fromAddr(c.Addr), Mask: ast.AllOnes}, Client: true, Peer: fromAddr(c.Peer), List: list}
	if m := s.plan.Interfaces[c.If].Map; m != compiler.None && s.plan.VPN.Maps[m].Authentication != compiler.None {
		r.User = c.User
	}
	if !again {
		s.crowd.add(fromAddr(c.Addr))
	}
	s.books.up(fromAddr(c.Addr), now.session)
	return listed, s.c.host.AddRemote(r)
}

// evict ends a client whose access list cannot be enforced.
func (s *service) evict(c *ike.ClientUp, why error) {
	s.say(fmt.Sprintf("client %v of user %q has to go, for his access list cannot be enforced: %v", c.Addr, clean(c.User), why))
	s.do(s.machine.ClearIKE(c.SA))
}

func (s *service) clientDown(d ike.ClientDown) {
	c, ok := s.clients[d.ID]
	if !ok {
		return
	}
	delete(s.clients, d.ID)
	s.held.free(c.session)
	if !c.Addr.Is4() {
		return
	}
	if !s.crowd.remove(fromAddr(c.Addr)) {
		return // the same client has come back already
	}
	if err := s.c.host.RemoveRemote(c.ifName, ast.Net{IP: fromAddr(c.Addr), Mask: ast.AllOnes}); err != nil {
		s.say(fmt.Sprintf("client %v: %v", c.Addr, err))
	}
	s.books.down(fromAddr(c.Addr))
}

// tellRefused writes the messages about packets that were not let in, or not out (semantics.md 6.2).
func (s *service) tellRefused(r esp.Refused) {
	proto, other := "ESP", "AH"
	if r.AH {
		proto, other = other, proto
	}
	switch r.Why {
	case esp.UnknownSPI:
		s.c.host.Publish(syslog.New(402101, r.Dst, proto, fmt.Sprintf("0x%x(%d)", r.SPI, r.SPI)))
	case esp.WrongProto:
		s.c.host.Publish(syslog.New(402102, other, r.Dst, proto))
	case esp.TooLong:
		s.c.host.Publish(syslog.New(602101, r.Size, r.Most, r.Inner.Dst, r.Inner.Src, syslog.ProtoName(r.Inner.Proto)))
	case esp.NoNumbers:
		number := ast.ProtoESP
		if r.AH {
			number = ast.ProtoAH
		}
		s.c.host.Publish(syslog.New(702302, fmt.Sprintf("sa_dest= %v, sa_prot= %d, sa_spi= 0x%x(%d)", r.Dst, number, r.SPI, r.SPI)))
	case esp.NotOurs:
		p, ok := s.pairs[r.Pair]
		if !ok {
			return
		}
		s.c.host.Publish(syslog.New(402103, r.Inner.Dst, r.Inner.Src, syslog.ProtoName(r.Inner.Proto), p.Local, p.Peer, proxy(p.LocalID), proxy(p.RemoteID)))
	}
}

// proxy is a proxy identity as IPsec messages print it.
func proxy(p runtime.ProxyID) string {
	return fmt.Sprintf("%v/%v/%d/%d", p.Addr, p.Mask, p.Proto, p.Port)
}

func addr(ip ast.IP) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}

func fromAddr(a netip.Addr) ast.IP {
	b := a.Unmap().As4()
	return ast.IP(b[0])<<24 | ast.IP(b[1])<<16 | ast.IP(b[2])<<8 | ast.IP(b[3])
}
