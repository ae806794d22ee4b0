package vpn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/ike"
	"pixfw/runtime/syslog"
)

// Given is a tunnel that no exchange has led to.
type Given struct {
	If            int // with a crypto map
	Peer          netip.Addr
	Local, Remote runtime.ProxyID
	// Of a client, which has the address Remote: its vpngroup, its user and his access list.
	Client      bool
	Group, User string
	List        runtime.UserList
}

// given is one that is there: by name, for the next plan may number its interfaces otherwise.
type given struct {
	Given
	ifName string
	pair   uint64
}

// Give builds a tunnel by the terms of the crypto map, with keys of its own, and returns its pair with them, for whoever plays the
// peer. It lives until a plan comes that has no entry for it. A client takes the place of one with its address.
func (f *Firewall) Give(g Given) (p runtime.SAPair, err error) {
	failed := f.service.call(func() { p, err = f.service.give(g) })
	return p, errors.Join(failed, err)
}

func (s *service) give(g Given) (p runtime.SAPair, err error) {
	if s.plan == nil || s.over {
		return p, errors.New("no plan is in force")
	}
	if p, err = givenPair(s.plan, &g); err != nil {
		return p, err
	}
	if err := s.newKeys(&p); err != nil {
		return p, err
	}
	s.takeBack(func(o *given) bool { return g.Client && o.Client && o.Remote == g.Remote })
	s.lastID++
	p.ID, p.Born = firstManual+s.lastID, s.c.clock.Now()
	if g.Client {
		c := ike.ClientUp{ID: p.ID, If: g.If, Peer: g.Peer, Addr: g.Remote.Addr, User: g.User, Group: g.Group, Session: &session{list: g.List}}
		if _, err := s.connect(c); err != nil {
			s.clientDown(ike.ClientDown{ID: p.ID})
			return p, err
		}
	}
	if err := s.install(p); err != nil {
		s.clientDown(ike.ClientDown{ID: p.ID})
		return p, err
	}
	s.given = append(s.given, given{g, s.plan.Interfaces[g.If].Name, p.ID})
	n := int(s.lastID)
	s.created(p.Local, &p.In, &p.InAH, 2*n-1)
	s.created(p.Peer, &p.Out, &p.OutAH, 2*n)
	return p, nil
}

// created writes 602301 for the associations of one direction.
func (s *service) created(to netip.Addr, esp, ah *runtime.SAKeys, number int) {
	if esp.SPI != 0 {
		s.c.host.Publish(syslog.New(602301, to, ast.ProtoESP, esp.SPI, strings.TrimSpace(esp.Cipher+" "+esp.Auth), number))
	}
	if ah.SPI != 0 {
		s.c.host.Publish(syslog.New(602301, to, ast.ProtoAH, ah.SPI, ah.Auth, number))
	}
}

// takeBack ends some of those that were given.
func (s *service) takeBack(gone func(*given) bool) {
	s.given = slices.DeleteFunc(s.given, func(g given) bool {
		if !gone(&g) {
			return false
		}
		s.removePair(g.pair)
		s.clientDown(ike.ClientDown{ID: g.pair})
		return true
	})
}

// moveGiven takes over into a plan what was given under another.
func (s *service) moveGiven() {
	s.takeBack(func(g *given) bool {
		if g.If = s.plan.IfByName(g.ifName); g.If == compiler.None {
			return true
		}
		p, err := givenPair(s.plan, &g.Given)
		if err != nil || p.Local != s.pairs[g.pair].Local {
			return true
		}
		p.ID = g.pair
		s.updatePair(p)
		return false
	})
}

// givenPair is a pair without keys: those of the first entry of the map that is for it.
func givenPair(plan *compiler.Plan, g *Given) (p runtime.SAPair, err error) {
	f := &plan.Interfaces[g.If]
	if f.Map == compiler.None || !f.HasAddress() || f.Shutdown {
		return p, fmt.Errorf("no crypto map on interface %s", f.Name)
	}
	if g.Client && !slices.ContainsFunc(plan.VPN.Groups, func(x compiler.VPNGroup) bool { return x.Name == g.Group }) {
		return p, fmt.Errorf("no vpngroup %s", g.Group)
	}
	p = runtime.SAPair{If: g.If, Map: f.Map, Dynamic: compiler.None, Local: addr(f.Net.IP), Peer: g.Peer, LocalID: g.Local, RemoteID: g.Remote}
	if g.Client {
		p.Client, p.Group, p.User = g.Remote.Addr, g.Group, g.User
	}
	i, k := entryFor(plan, f.Map, g)
	if i == compiler.None {
		return p, fmt.Errorf("no entry of the crypto map on %s is for a tunnel with %v", f.Name, g.Peer)
	}
	p.Entry = i
	terms := plan.VPN.Maps[f.Map].Entries[i]
	if terms.Dynamic != compiler.None {
		p.Dynamic, terms = k, plan.VPN.DynamicMaps[terms.Dynamic].Entries[k]
	}
	cipher, auth, ah := algorithms(&plan.VPN.TransformSets[terms.TransformSets[0]])
	p.In, p.Out = runtime.SAKeys{Cipher: cipher, Auth: auth}, runtime.SAKeys{Cipher: cipher, Auth: auth}
	p.InAH.Auth, p.OutAH.Auth = ah, ah
	return p, nil
}

// entryFor is the entry of a map that a tunnel belongs to, and that of its dynamic map: one whose list covers the proxies comes before
// others that name the peer, and these before dynamic ones. None: there is none.
func entryFor(plan *compiler.Plan, cryptoMap int, g *Given) (entry, dynamic int) {
	entries := plan.VPN.Maps[cryptoMap].Entries
	static := func(e *compiler.MapEntry) bool {
		return !g.Client && e.Dynamic == compiler.None && e.ACL != compiler.None && len(e.TransformSets) > 0 && slices.Contains(e.Peers, fromAddr(g.Peer))
	}
	for i := range entries {
		if e := &entries[i]; static(e) && covers(plan.ACLs[e.ACL].Entries, g) {
			return i, compiler.None
		}
	}
	for i := range entries {
		if static(&entries[i]) {
			return i, compiler.None
		}
	}
	for i := range entries {
		if entries[i].Dynamic == compiler.None {
			continue
		}
		for k := range plan.VPN.DynamicMaps[entries[i].Dynamic].Entries {
			if len(plan.VPN.DynamicMaps[entries[i].Dynamic].Entries[k].TransformSets) > 0 {
				return i, k
			}
		}
	}
	return compiler.None, compiler.None
}

// covers reports whether an entry of a list permits what lies between the two proxies.
func covers(acl []compiler.ACE, g *Given) bool {
	local, remote := netOf(g.Local), netOf(g.Remote)
	holds := func(nets []ast.Net, n ast.Net) bool {
		return slices.ContainsFunc(nets, func(x ast.Net) bool { return x.Mask&n.Mask == x.Mask && x.Contains(n.IP) })
	}
	return slices.ContainsFunc(acl, func(a compiler.ACE) bool { return a.Permit && holds(a.Src, local) && holds(a.Dst, remote) })
}

func netOf(p runtime.ProxyID) ast.Net {
	return ast.Net{IP: fromAddr(p.Addr), Mask: fromAddr(p.Mask)}
}

// newKeys gives each association of a pair an SPI and keys.
func (s *service) newKeys(p *runtime.SAPair) error {
	for _, k := range []*runtime.SAKeys{&p.In, &p.Out, &p.InAH, &p.OutAH} {
		if k.Cipher == "" && k.Auth == "" {
			continue
		}
		var spi [4]byte
		k.CipherKey, k.AuthKey = make([]byte, keyLength[k.Cipher]), make([]byte, keyLength[k.Auth])
		for _, b := range [][]byte{spi[:], k.CipherKey, k.AuthKey} {
			if _, err := io.ReadFull(s.c.rand, b); err != nil {
				return err
			}
		}
		k.SPI = binary.BigEndian.Uint32(spi[:]) | 1<<28 // those below 256 are reserved (RFC 2406 2.1)
	}
	return nil
}
