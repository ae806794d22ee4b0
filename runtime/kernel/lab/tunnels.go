package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/vpn"
)

// A TunnelProbe is a Probe of a whole firewall, with who serves peers and clients. Its tunnels are built without IKE: the
// rig plays the peers, with the keys of the firewall's associations. What they send and get are packets of ESP and AH on the wires.
type TunnelProbe struct {
	*Probe
	runtime.VPN
}

// tunnels are what a Probe of a whole firewall has beside the engine.
type tunnels struct {
	firewall *vpn.Firewall
	net      *counted
	peers    *peers

	before  uint64          // packets that had left by twins of firewalls before
	arrived map[door]uint64 // packets that the rules have let in to sockets
}

// OpenTunnels starts a whole firewall on the rig, as Open does an engine. Only one may be open at a time.
func (r *Rig) OpenTunnels(limits kernel.Limits) (*TunnelProbe, error) {
	t := &tunnels{net: &counted{}, arrived: map[door]uint64{}}
	p, err := r.start(limits, true, func(p *Probe, o kernel.Options) (*kernel.Engine, error) {
		var err error
		if t.firewall, err = vpn.New(vpn.Options{Kernel: o, Network: t.net.through, Note: p.note}); err != nil {
			return nil, err
		}
		return t.firewall.Engine, nil
	})
	if err != nil {
		return nil, err
	}
	t.peers = newPeers()
	p.tunnels = t
	t.before = r.twins
	return &TunnelProbe{p, t.firewall}, nil
}

// note keeps what the firewall says of its sockets and tunnels for the next verdict.
func (p *Probe) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.notes) < 64 {
		p.notes = append(p.notes, text)
	}
}

// Apply is that of runtime.Engine.
func (p *Probe) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	if p.tunnels == nil {
		return p.Engine.Apply(plan)
	}
	return p.tunnels.firewall.Apply(plan)
}

// Users is that of runtime.Engine.
func (p *Probe) Users() runtime.UserTable {
	if p.tunnels == nil {
		return p.Engine.Users()
	}
	return p.tunnels.firewall.Users()
}

// AddSA builds a tunnel. Without who serves tunnels there are none.
func (p *Probe) AddSA(in int, peer ast.IP, local, remote ast.Net) error {
	return p.give(vpn.Given{If: in, Peer: addrOf(peer), Local: proxyOf(local), Remote: proxyOf(remote)}, local, remote)
}

// AddClient connects a client.
func (p *Probe) AddClient(in int, peer ast.IP, group, user string, addr ast.IP, list runtime.UserList) error {
	own := ast.Net{IP: addr, Mask: ast.AllOnes}
	return p.give(vpn.Given{If: in, Peer: addrOf(peer), Local: proxyOf(ast.Net{}), Remote: proxyOf(own), Client: true, Group: group, User: user, List: list},
		ast.Net{}, own)
}

func (p *Probe) give(g vpn.Given, local, remote ast.Net) error {
	if p.tunnels == nil {
		return fmt.Errorf("tunnels of an engine alone: %w", runtime.ErrUnsupported)
	}
	if plan := p.Plan(); plan == nil || g.If < 0 || g.If >= len(plan.Interfaces) {
		return fmt.Errorf("no interface %d", g.If)
	}
	pair, err := p.tunnels.firewall.Give(g)
	if err != nil {
		return err
	}
	return errors.Join(p.tunnels.peers.add(pair, local, remote), p.Settle())
}

// sync ends the far ends of tunnels that the firewall does not have any more.
func (t *tunnels) sync() {
	pairs := t.firewall.SAPairs()
	t.peers.sync(func(id uint64) (in int, ok bool) {
		i := slices.IndexFunc(pairs, func(p runtime.SAPair) bool { return p.ID == id })
		if i < 0 {
			return 0, false
		}
		return pairs[i].If, true
	})
}

// seal is a packet as it comes from a peer, on the wire.
func (p *Probe) seal(f *flight, packet []byte) ([]byte, error) {
	return p.tunnels.peers.seal(f.in.If, f.in.Peer, p.Plan().Interfaces[f.in.If].Net.IP, packet)
}

// come counts a packet that the rules have let in to the box.
func (t *tunnels) come(o *runtime.Packet) {
	d := door{proto: int(o.Proto), addr: addrOf(o.Dst)}
	if o.Proto == ast.ProtoUDP {
		d.port = o.DstPort
	}
	if _, ok := t.net.done(d); ok {
		t.arrived[d]++
	}
}

// dealt reports whether all that has come to twins and sockets has been dealt with.
func (t *tunnels) dealt(twins uint64) bool {
	if t.net.departed() < twins-t.before {
		return false
	}
	for d, n := range t.arrived {
		if done, ok := t.net.done(d); ok && done < n {
			return false
		}
	}
	return true
}

// rest waits until packets that were sent have got as far as they will, and hands on what the firewall sends.
func (p *Probe) rest(hear func(device int, packet []byte)) error {
	t, counted := p.tunnels, 0
	for end := time.Now().Add(settle); ; {
		// What was dealt with by now has its effects behind it when the engine has come to rest: there is an end when they have brought nothing.
		dealt, twins, before := t == nil || t.dealt(p.rig.twins), p.rig.twins, counted
		if err := p.Settle(); err != nil {
			return err
		}
		if _, err := p.rig.drain(p.buf, hear); err != nil || t == nil {
			return err
		}
		p.mu.Lock()
		for ; counted < len(p.seen); counted++ {
			if o := &p.seen[counted]; o.Reason == boxReason {
				t.come(&o.Packet)
			}
		}
		p.mu.Unlock()
		if dealt && counted == before && p.rig.twins == twins {
			return nil
		}
		if time.Now().After(end) {
			return errors.New("the firewall does not deal with what has come to it")
		}
	}
}

func addrOf(ip ast.IP) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}

func proxyOf(n ast.Net) runtime.ProxyID {
	return runtime.ProxyID{Addr: addrOf(n.IP), Mask: addrOf(n.Mask)}
}
