package aaa

import (
	"net/netip"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// server is one server with what is known about it. Its configuration does not change.
type server struct {
	conf compiler.AAAServer

	mu        sync.Mutex
	deadUntil time.Time // zero: alive
	stats     Stats
}

// Stats counts what went to a server and came back. Pending is how many questions are with it now.
type Stats struct {
	Pending                                       int
	Authentications, Authorizations, Accountings  uint64
	Accepts, Rejects, Challenges, Errors          uint64
	Retransmissions, Timeouts, BadReplies, Deaths uint64
	LastRTT                                       time.Duration
	LastDeath                                     time.Time
}

// ServerState is a server as `show aaa-server` tells of it.
type ServerState struct {
	Tag, Protocol string
	If            int // index in Plan.Interfaces
	Addr          netip.Addr
	Alive         bool
	DeadUntil     time.Time
	Stats
}

// address of the configuration's number.
func address(ip ast.IP) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}

// Servers lists the servers in the order of the configuration.
func (c *Client) Servers() []ServerState {
	c.mu.Lock()
	groups := c.groups
	c.mu.Unlock()
	var out []ServerState
	now := c.o.Clock.Now()
	for _, g := range groups {
		for _, s := range g.servers {
			s.mu.Lock()
			out = append(out, ServerState{Tag: g.Tag, Protocol: g.Protocol, If: s.conf.If, Addr: address(s.conf.IP),
				Alive: !now.Before(s.deadUntil), DeadUntil: s.deadUntil, Stats: s.stats})
			s.mu.Unlock()
		}
	}
	return out
}

// Revive makes dead servers of a group count as alive again.
func (c *Client) Revive(i int) {
	if g, _ := c.group(i); g != nil {
		for _, s := range g.servers {
			s.mu.Lock()
			s.deadUntil = time.Time{}
			s.mu.Unlock()
		}
	}
}

// count changes the statistics.
func (s *server) count(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

// alive are the servers of a group that count as such; all of them, and false, when none does.
func (g *group) alive(now time.Time) (servers []*server, some bool) {
	for _, s := range g.servers {
		s.mu.Lock()
		if !now.Before(s.deadUntil) {
			servers = append(servers, s)
		}
		s.mu.Unlock()
	}
	if len(servers) == 0 {
		return g.servers, false
	}
	return servers, true
}

// dies marks a server dead for the time of its group.
func (s *server) dies(now time.Time, deadtime time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadUntil = now.Add(deadtime)
	s.stats.Deaths++
	s.stats.LastDeath = now
}

// answers ends a death.
func (s *server) answers(rtt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadUntil, s.stats.LastRTT = time.Time{}, rtt
}
