package vpn

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// firstManual is where the numbers of pairs begin that no machine has made.
const firstManual = 1 << 63

// applyManual installs the pairs of ipsec-manual entries. One that is the same in the plan before stays as it is, with its sequence
// numbers.
func (s *service) applyManual() {
	want := map[string]runtime.SAPair{}
	for i := range s.plan.Interfaces {
		f := &s.plan.Interfaces[i]
		if f.Map == compiler.None || !f.HasAddress() || f.Shutdown || s.c.devices[f.Hardware] == "" {
			continue
		}
		for k := range s.plan.VPN.Maps[f.Map].Entries {
			e := &s.plan.VPN.Maps[f.Map].Entries[k]
			if !e.Manual || e.ACL == compiler.None || len(e.Peers) == 0 || len(e.TransformSets) == 0 {
				continue
			}
			p, err := manualPair(s.plan, i, k)
			if err != nil {
				s.say(fmt.Sprintf("%s: no tunnel: %v", e.Line.Place(s.plan.File), err))
				continue
			}
			want[fmt.Sprintf("%s %+v", f.Name, p)] = p
		}
	}
	for key, id := range s.manual {
		if _, ok := want[key]; !ok {
			s.removePair(id)
			delete(s.manual, key)
		}
	}
	for key, p := range want {
		if s.manual[key] != 0 {
			continue
		}
		s.lastID++
		p.ID, p.Born = firstManual+s.lastID, s.c.clock.Now()
		s.c.record.pair(&p)
		if err := s.esp.Install(p); err != nil {
			s.say(err.Error())
			continue
		}
		s.manual[key] = p.ID
		for _, k := range []*runtime.SAKeys{&p.In, &p.Out, &p.InAH, &p.OutAH} {
			k.CipherKey, k.AuthKey = nil, nil
		}
		s.pairs[p.ID] = pair{SAPair: p}
		s.far.add(fromAddr(p.Peer))
	}
}

// manualPair is what an entry states (commands-vpn-aaa-show.md section 1.4): the first permit of its list is what it carries.
func manualPair(plan *compiler.Plan, iface, entry int) (p runtime.SAPair, err error) {
	f := &plan.Interfaces[iface]
	e := &plan.VPN.Maps[f.Map].Entries[entry]
	set := &plan.VPN.TransformSets[e.TransformSets[0]]
	p = runtime.SAPair{If: iface, Map: f.Map, Entry: entry, Dynamic: compiler.None, Local: addr(f.Net.IP), Peer: addr(e.Peers[0]), Manual: true}
	if set.Transport {
		p.Mode = runtime.Transport
	}
	found := false
	for i := range plan.ACLs[e.ACL].Entries {
		a := &plan.ACLs[e.ACL].Entries[i]
		if !a.Permit || found {
			continue
		}
		found = true
		p.LocalID, p.RemoteID = proxyOf(a.Src), proxyOf(a.Dst)
		if len(a.Protos) == 1 {
			p.LocalID.Proto, p.RemoteID.Proto = a.Protos[0], a.Protos[0]
		}
	}
	if !found {
		return p, fmt.Errorf("access-list %s permits nothing", plan.ACLs[e.ACL].ID)
	}
	cipher, auth, ah := algorithms(set)
	for i := range e.Keys {
		k := &e.Keys[i]
		to := &p.Out
		switch {
		case k.AH && k.Inbound:
			to = &p.InAH
		case k.AH:
			to = &p.OutAH
		case k.Inbound:
			to = &p.In
		}
		to.SPI = k.SPI
		if k.AH {
			to.Auth = ah
			to.AuthKey, err = keyOf(k.Key, ah)
		} else {
			to.Cipher, to.Auth = cipher, auth
			if to.CipherKey, err = keyOf(k.Key, cipher); err == nil {
				to.AuthKey, err = keyOf(k.Auth, auth)
			}
		}
		if err != nil {
			return p, err
		}
	}
	if wantESP, wantAH := cipher != "" || auth != "", ah != ""; wantESP != (p.In.SPI != 0 && p.Out.SPI != 0) || wantAH != (p.InAH.SPI != 0 && p.OutAH.SPI != 0) {
		return p, fmt.Errorf("the session keys are not those of transform set %s in both directions", set.Name)
	}
	p.NoReplayCheck = true
	return p, nil
}

// algorithms are those of a transform set; empty: none.
func algorithms(set *compiler.TransformSet) (cipher, auth, ah string) {
	for _, t := range set.Transforms {
		switch {
		case strings.HasPrefix(t, "ah-"):
			ah = t
		case strings.HasSuffix(t, "-hmac"):
			auth = t
		default:
			cipher = t
		}
	}
	return cipher, auth, ah
}

// keyLength are octets of keys.
var keyLength = map[string]int{"esp-des": 8, "esp-3des": 24, "esp-aes": 16, "esp-aes-192": 24, "esp-aes-256": 32, "esp-null": 0,
	"esp-md5-hmac": 16, "esp-sha-hmac": 20, "ah-md5-hmac": 16, "ah-sha-hmac": 20, "": 0}

// keyOf reads a key. One that is longer than it has to be is cut, as the box does.
func keyOf(k ast.Secret, transform string) ([]byte, error) {
	n := keyLength[transform]
	if n == 0 {
		return nil, nil
	}
	b, err := hex.DecodeString(string(k))
	if err != nil || len(b) < n {
		return nil, fmt.Errorf("the key for %s has to be %d hexadecimal digits long", transform, 2*n)
	}
	return b[:n], nil
}

// proxyOf is the first of some networks.
func proxyOf(nets []ast.Net) runtime.ProxyID {
	if len(nets) == 0 {
		return runtime.ProxyID{Addr: netip.IPv4Unspecified(), Mask: netip.IPv4Unspecified()}
	}
	return runtime.ProxyID{Addr: addr(nets[0].IP & nets[0].Mask), Mask: addr(nets[0].Mask)}
}
