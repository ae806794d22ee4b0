package ike

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// index finds in a plan what each negotiation looks for, without going through its lists.
type index struct {
	groups map[string]int  // vpngroup by name
	keys   []keysOf        // longest mask first
	maps   map[int]*peerOf // by crypto map, made when first asked for
}

// keysOf are the pre-shared keys with one mask, by network.
type keysOf struct {
	mask ast.IP
	nets map[ast.IP]int
}

// peerOf are the entries of a crypto map that a peer may have to do with.
type peerOf struct {
	static  map[ast.IP][]int // by peer
	dynamic []int
}

func newIndex(plan *compiler.Plan) *index {
	x := &index{groups: make(map[string]int, len(plan.VPN.Groups)), maps: map[int]*peerOf{}}
	for i := range plan.VPN.Groups {
		x.groups[plan.VPN.Groups[i].Name] = i
	}
	for i := range plan.VPN.Keys { // the most specific peer first
		n := plan.VPN.Keys[i].Peer
		at := slices.IndexFunc(x.keys, func(k keysOf) bool { return k.mask == n.Mask })
		if at < 0 {
			at = len(x.keys)
			x.keys = append(x.keys, keysOf{n.Mask, map[ast.IP]int{}})
		}
		if _, twice := x.keys[at].nets[n.IP&n.Mask]; !twice {
			x.keys[at].nets[n.IP&n.Mask] = i
		}
	}
	return x
}

// key is the most specific key for an address.
func (x *index) key(plan *compiler.Plan, ip ast.IP) (*compiler.IKEKey, bool) {
	for i := range x.keys {
		if at, ok := x.keys[i].nets[ip&x.keys[i].mask]; ok {
			return &plan.VPN.Keys[at], true
		}
	}
	return nil, false
}

// entries are the entries of a crypto map for a peer in their order: those that name it, and the dynamic ones.
func (x *index) entries(plan *compiler.Plan, mapIdx int, peer ast.IP) []int {
	p := x.maps[mapIdx]
	if p == nil {
		p = &peerOf{static: map[ast.IP][]int{}}
		x.maps[mapIdx] = p
		for i := range plan.VPN.Maps[mapIdx].Entries {
			switch e := &plan.VPN.Maps[mapIdx].Entries[i]; {
			case e.Manual:
			case e.Dynamic != compiler.None:
				p.dynamic = append(p.dynamic, i)
			default:
				for j, ip := range e.Peers {
					if !slices.Contains(e.Peers[:j], ip) {
						p.static[ip] = append(p.static[ip], i)
					}
				}
			}
		}
	}
	static := p.static[peer]
	if len(static) == 0 {
		return p.dynamic
	}
	out := append(slices.Clone(static), p.dynamic...)
	slices.Sort(out)
	return out
}

// bucket lets so many through in a second, and as many at once.
type bucket struct {
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time, perSecond int) bool {
	if b.at.IsZero() {
		b.left = float64(perSecond)
	} else if d := now.Sub(b.at); d > 0 {
		b.left = min(float64(perSecond), b.left+d.Seconds()*float64(perSecond))
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
