package vpn

import (
	"sync"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/esp"
)

// crowd are addresses of those who are connected, and how many have each: one that comes back is there before it was missed.
type crowd struct {
	mu    sync.RWMutex
	addrs map[ast.IP]int
}

func newCrowd() *crowd { return &crowd{addrs: map[ast.IP]int{}} }

func (c *crowd) add(ip ast.IP) { c.mu.Lock(); defer c.mu.Unlock(); c.addrs[ip]++ }

// remove reports whether nobody has the address any more.
func (c *crowd) remove(ip ast.IP) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addrs[ip]--; c.addrs[ip] > 0 {
		return false
	}
	delete(c.addrs, ip)
	return true
}

func (c *crowd) has(ip ast.IP) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.addrs[ip]
	return ok
}

// policy is the crypto map of one interface as the data plane asks it (semantics.md 6.1).
type policy struct {
	crowd   *crowd
	entries []mapEntry
}

// mapEntry is one that can be used.
type mapEntry struct {
	number int // index in the map
	what   esp.What
	acl    []compiler.ACE // of Static
}

// newPolicy is that of an interface; nil: it has no map.
func newPolicy(plan *compiler.Plan, i int, c *crowd) esp.Policy {
	m := plan.Interfaces[i].Map
	if m == compiler.None {
		return nil
	}
	p := &policy{crowd: c}
	for k := range plan.VPN.Maps[m].Entries {
		switch e := &plan.VPN.Maps[m].Entries[k]; {
		case e.Dynamic != compiler.None:
			p.entries = append(p.entries, mapEntry{number: k, what: esp.Dynamic})
		case e.ACL != compiler.None && len(e.Peers) > 0 && len(e.TransformSets) > 0: // others are incomplete
			p.entries = append(p.entries, mapEntry{k, esp.Static, plan.ACLs[e.ACL].Entries})
		}
	}
	return p
}

// Match is that of an esp.Policy.
func (p *policy) Match(f *esp.Flow, from int) (entry int, what esp.What) {
	if from == 0 && p.crowd.has(f.Dst) {
		return 0, esp.Client
	}
	for i := range p.entries {
		e := &p.entries[i]
		if e.number < from {
			continue
		}
		if e.what == esp.Dynamic || permits(e.acl, f) {
			return e.number, e.what
		}
	}
	return 0, esp.Clear
}

// permits reports whether the first entry of a list that a flow fits is a permit. A deny leaves the packet to the next entry of the map.
func permits(acl []compiler.ACE, f *esp.Flow) bool {
	for i := range acl {
		if fits(&acl[i], f) {
			return acl[i].Permit
		}
	}
	return false
}

func fits(e *compiler.ACE, f *esp.Flow) bool {
	if !within(e.Dst, f.Dst) || !within(e.Src, f.Src) {
		return false
	}
	if e.Protos != nil {
		found := false
		for _, p := range e.Protos {
			found = found || p == f.Proto
		}
		if !found {
			return false
		}
	}
	if e.SrcPorts != nil || e.DstPorts != nil {
		if f.Proto != ast.ProtoTCP && f.Proto != ast.ProtoUDP {
			return false
		}
		if !f.Later && (!ports(e.SrcPorts, f.SrcPort) || !ports(e.DstPorts, f.DstPort)) {
			return false
		}
	}
	if e.ICMP == nil || f.Later {
		return true
	}
	if f.Proto != ast.ProtoICMP {
		return false
	}
	for _, t := range e.ICMP {
		if t == f.ICMPType {
			return true
		}
	}
	return false
}

func within(nets []ast.Net, ip ast.IP) bool {
	for _, n := range nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

func ports(ranges []compiler.PortRange, port uint16) bool {
	for _, r := range ranges {
		if r.Contains(port) {
			return true
		}
	}
	return ranges == nil
}
