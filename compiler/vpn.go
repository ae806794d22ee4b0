package compiler

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"pixfw/ast"
)

// vpn resolves IKE and IPsec. Pools and transform sets come first, then the maps that name them.
func (c *compiler) vpn() {
	v := &c.plan.VPN
	v.Identity = "hostname" // unless told otherwise (commands-vpn-aaa-show.md section 1.3)
	for _, p := range c.lines.pools {
		last := p.Last
		if last == 0 {
			last = p.First
		}
		if last < p.First {
			c.reversed(p, p.First, last)
			continue
		}
		v.Pools = append(v.Pools, Pool{Line: From(p), Name: p.Name, First: p.First, Last: last})
	}
	for _, t := range c.lines.transforms {
		v.TransformSets = append(v.TransformSets, TransformSet{Line: From(t), Name: t.Name, Transforms: t.Transforms})
	}
	c.transformModes()
	for _, dynamic := range []bool{true, false} {
		for _, e := range c.lines.mapEntries {
			if e.Dynamic == dynamic {
				c.mapLine(e)
			}
		}
	}
	c.sessionKeys()
	c.lifetimes()
	for _, cmd := range c.lines.mapTails {
		c.mapTail(cmd)
	}
	for _, maps := range [][]CryptoMap{v.DynamicMaps, v.Maps} {
		for i := range maps {
			slices.SortStableFunc(maps[i].Entries, func(a, b MapEntry) int { return cmp.Compare(a.Seq, b.Seq) })
		}
	}
	c.certificateNames()
	for _, cmd := range c.lines.isakmp {
		c.isakmp(cmd)
		c.ikePeers(cmd)
	}
	v.DefaultPolicy = builtinPolicy()
	c.policies()
	for _, k := range c.lines.keys {
		v.Keys = append(v.Keys, IKEKey{Line: From(k), Key: k.Key, Peer: network(k.Peer), NoXauth: k.NoXauth, NoConfigMode: k.NoConfigMode})
	}
	slices.SortStableFunc(v.Keys, func(a, b IKEKey) int { return cmp.Compare(b.Peer.Mask.Bits(), a.Peer.Mask.Bits()) })
	for _, g := range c.lines.vpnGroups {
		c.vpnGroup(g)
	}
}

// mapLine merges one line into the entry it belongs to.
func (c *compiler) mapLine(e *ast.MapEntry) {
	maps := &c.plan.VPN.Maps
	if e.Dynamic {
		maps = &c.plan.VPN.DynamicMaps
	}
	m := findMap(*maps, e.Name)
	if m == None {
		m = len(*maps)
		*maps = append(*maps, CryptoMap{Line: From(e), Name: e.Name, Authentication: None})
	}
	entries := &(*maps)[m].Entries
	i := slices.IndexFunc(*entries, func(o MapEntry) bool { return o.Seq == e.Seq })
	if i < 0 {
		i = len(*entries)
		*entries = append(*entries, MapEntry{Line: From(e), Seq: e.Seq, Dynamic: None, ACL: None})
	}
	out := &(*entries)[i]
	switch {
	case e.Kind != "":
		out.Line, out.Manual = From(e), e.Kind == "ipsec-manual"
		if e.Template != "" {
			out.Dynamic = findMap(c.plan.VPN.DynamicMaps, e.Template)
			if out.Dynamic == None {
				c.unknown("E206", e, "crypto dynamic-map", e.Template, "define it with crypto dynamic-map "+e.Template, mapNames(c.plan.VPN.DynamicMaps))
			}
		}
	case e.Match != "":
		out.ACL, _ = c.aclIndex(e, e.Match)
	case e.Peer != 0:
		out.Peers = append(out.Peers, e.Peer)
	case e.PeerName != "":
		c.peerName(e, out)
	case e.PFS != "":
		out.PFS = e.PFS
	case len(e.TransformSet) > 0:
		out.TransformSets = nil
		for _, name := range e.TransformSet {
			if t := c.transformSet(e, name); t != None {
				out.TransformSets = append(out.TransformSets, t)
			}
		}
	default:
		if e.Seconds > 0 {
			out.Seconds = e.Seconds
		}
		if e.Kilobytes > 0 {
			out.Kilobytes = e.Kilobytes
		}
	}
}

func (c *compiler) transformSet(cmd ast.Command, name string) int {
	var names []string
	for i := range c.plan.VPN.TransformSets {
		if c.plan.VPN.TransformSets[i].Name == name {
			return i
		}
		names = append(names, c.plan.VPN.TransformSets[i].Name)
	}
	c.unknown("E205", cmd, "transform-set", name, "define it with crypto ipsec transform-set "+name, names)
	return None
}

func findMap(maps []CryptoMap, name string) int {
	return slices.IndexFunc(maps, func(m CryptoMap) bool { return m.Name == name })
}

func mapNames(maps []CryptoMap) []string {
	var names []string
	for i := range maps {
		names = append(names, maps[i].Name)
	}
	return names
}

// mapTail applies a line that belongs to a crypto map as a whole.
func (c *compiler) mapTail(cmd ast.Command) {
	find := func(name string) *CryptoMap {
		if i := findMap(c.plan.VPN.Maps, name); i != None {
			return &c.plan.VPN.Maps[i]
		}
		c.unknown("E207", cmd, "crypto map", name, "give it an entry with crypto map "+name+" 10 ipsec-isakmp", mapNames(c.plan.VPN.Maps))
		return nil
	}
	switch cmd := cmd.(type) {
	case *ast.MapClientAddress:
		if m := find(cmd.Name); m != nil {
			if cmd.How == "initiate" {
				m.Initiate = From(cmd)
			} else {
				m.Respond = From(cmd)
			}
		}
	case *ast.MapAuthentication:
		m := find(cmd.Name)
		g, ok := c.groupIndex(cmd, cmd.Tag)
		if m != nil && ok {
			m.Authentication, m.AuthLine, m.Token, m.Fallback = g, From(cmd), cmd.Token, cmd.Local
		}
	case *ast.MapInterface:
		i, ok := c.ifIndex(cmd, cmd.If)
		if m := find(cmd.Name); m != nil && ok {
			c.plan.Interfaces[i].Map, c.plan.Interfaces[i].MapLine = findMap(c.plan.VPN.Maps, cmd.Name), From(cmd)
		}
	}
}

// defaultKeepalive of NAT traversal (commands-vpn-aaa-show.md section 1.3).
const defaultKeepalive = 20 * time.Second

func (c *compiler) isakmp(cmd ast.Command) {
	v := &c.plan.VPN
	switch cmd := cmd.(type) {
	case *ast.ISAKMPEnable:
		if i, ok := c.ifIndex(cmd, cmd.If); ok {
			c.plan.Interfaces[i].ISAKMP = From(cmd)
		}
	case *ast.ISAKMPIdentity:
		v.Identity, v.KeyID = cmd.How, cmd.KeyID
	case *ast.ISAKMPPool:
		out := ClientPool{Line: From(cmd), Pool: c.pool(cmd, cmd.Pool), If: None}
		if cmd.If != "" {
			var ok bool
			if out.If, ok = c.ifIndex(cmd, cmd.If); !ok {
				return
			}
		}
		if out.Pool != None {
			v.ClientPools = append(v.ClientPools, out)
		}
	case *ast.ISAKMPNatTraversal:
		v.NATTraversal, v.NATKeepalive = From(cmd), time.Duration(cmd.Keepalive)*time.Second
		if cmd.Keepalive == 0 {
			v.NATKeepalive = defaultKeepalive
		}
	}
}

// pool resolves a pool of client addresses; None, with a report, when there is none of that name.
func (c *compiler) pool(cmd ast.Command, name string) int {
	var names []string
	for i := range c.plan.VPN.Pools {
		if c.plan.VPN.Pools[i].Name == name {
			return i
		}
		names = append(names, c.plan.VPN.Pools[i].Name)
	}
	c.unknown("E203", cmd, "address pool", name, "define it with ip local pool "+name+" FIRST-LAST", names)
	return None
}

// policies merges the attribute lines of each IKE policy over the defaults.
func (c *compiler) policies() {
	v := &c.plan.VPN
	for _, p := range c.lines.policies {
		i := slices.IndexFunc(v.Policies, func(o IKEPolicy) bool { return o.Priority == p.Priority })
		if i < 0 {
			i = len(v.Policies)
			v.Policies = append(v.Policies, IKEPolicy{Line: From(p), Priority: p.Priority})
			for _, a := range []string{"authentication", "encryption", "hash", "group", "lifetime"} {
				v.Policies[i].set(a, ast.DefaultPolicyValue(a))
			}
		}
		// The lines that a policy does not state are in the configuration with their defaults, and without a place.
		if !v.Policies[i].Line.Pos.IsValid() && p.Position().IsValid() {
			v.Policies[i].Line = From(p)
		}
		v.Policies[i].set(p.Attribute, p.Value)
	}
	slices.SortStableFunc(v.Policies, func(a, b IKEPolicy) int { return cmp.Compare(a.Priority, b.Priority) })
}

// set changes one attribute; values come checked from the parser.
func (p *IKEPolicy) set(attribute, value string) {
	switch attribute {
	case "authentication":
		p.Authentication = value
	case "encryption":
		p.Encryption = value
	case "hash":
		p.Hash = value
	case "group":
		p.Group, _ = strconv.Atoi(value)
	case "lifetime":
		n, _ := strconv.Atoi(value)
		p.Lifetime = time.Duration(n) * time.Second
	}
}

// defaultIdle ends the tunnel of an idle client (commands-vpn-aaa-show.md section 1.6).
const defaultIdle = 1800 * time.Second

// vpnGroup merges one attribute line into its group.
func (c *compiler) vpnGroup(g *ast.VPNGroup) {
	v := &c.plan.VPN
	i := slices.IndexFunc(v.Groups, func(o VPNGroup) bool { return o.Name == g.Group })
	if i < 0 {
		i = len(v.Groups)
		v.Groups = append(v.Groups, VPNGroup{Line: From(g), Name: g.Group, Pool: None, Split: None, AuthServer: None, IdleTime: defaultIdle})
	}
	out := &v.Groups[i]
	first := ""
	if len(g.Values) > 0 {
		first = g.Values[0]
	}
	seconds := func() time.Duration { n, _ := strconv.Atoi(first); return time.Duration(n) * time.Second }
	addresses := func() (ips []ast.IP) {
		for _, w := range g.Values {
			if ip, ok := ast.ParseIP(w); ok {
				ips = append(ips, ip)
			}
		}
		return ips
	}
	switch g.Attribute {
	case "address-pool":
		out.Pool = c.pool(g, first)
		if out.Pool != None {
			out.PoolLine = From(g)
		}
	case "dns-server":
		out.DNS = addresses()
	case "wins-server":
		out.WINS = addresses()
	case "default-domain":
		out.Domain = first
	case "split-tunnel":
		out.Split, _ = c.aclIndex(g, first)
	case "idle-time":
		out.IdleTime = seconds()
	case "max-time":
		out.MaxTime = seconds()
	case "password":
		out.Password, out.PassLine = g.Password, From(g)
	default:
		c.clientPolicy(g, out)
	}
}
