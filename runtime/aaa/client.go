package aaa

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// defaultInFlight bounds the questions that are with the servers of a group at a time, and so the sockets.
const defaultInFlight = 256

// Options of a Client; the zero value will do.
type Options struct {
	Clock runtime.Clock // for dead times and statistics; default: the wall clock
	Rand  io.Reader     // default: crypto/rand
	// Dial connects to a server that is behind an interface (index in Plan.Interfaces). Default: the host's routes decide.
	Dial        func(ctx context.Context, network string, server netip.AddrPort, iface int) (net.Conn, error)
	Emit        func(Event) // what happens, from any goroutine; default: nobody hears it
	MaxInFlight int         // questions with the servers of one group; default 256
	TACACSPort  uint16      // default 49
}

// A Client asks the groups of a Plan.
type Client struct {
	o       Options
	ids     atomic.Uint32
	nasPort atomic.Uint32

	mu     sync.Mutex
	plan   *compiler.Plan
	groups []*group // as in plan.AAAGroups
}

// group is one server group with the state of its servers.
type group struct {
	compiler.AAAGroup
	servers []*server
	places  chan struct{} // of questions under way: one group that is slow leaves the others theirs
}

// New makes a client for the groups of a Plan. It does nothing until it is asked.
func New(plan *compiler.Plan, o Options) *Client {
	if o.Clock == nil {
		o.Clock = runtime.WallClock{}
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Dial == nil {
		var d net.Dialer
		o.Dial = func(ctx context.Context, network string, server netip.AddrPort, _ int) (net.Conn, error) {
			return d.DialContext(ctx, network, server.String())
		}
	}
	if o.Emit == nil {
		o.Emit = func(Event) {}
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = defaultInFlight
	}
	if o.TACACSPort == 0 {
		o.TACACSPort = 49
	}
	c := &Client{o: o}
	c.Apply(plan)
	return c
}

// Apply changes over to another Plan. A server that is the same in both keeps its state; questions under way end as they began.
func (c *Client) Apply(plan *compiler.Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	type key struct {
		tag, protocol string
		ip            ast.IP
		iface         int
	}
	old := map[key]*server{}
	places := map[string]chan struct{}{}
	for _, g := range c.groups {
		places[g.Tag] = g.places
		for _, s := range g.servers {
			old[key{g.Tag, g.Protocol, s.conf.IP, s.conf.If}] = s
		}
	}
	c.plan, c.groups = plan, nil
	for i := range plan.AAAGroups {
		g := &group{AAAGroup: plan.AAAGroups[i]}
		if g.places = places[g.Tag]; g.places == nil {
			g.places = make(chan struct{}, c.o.MaxInFlight)
		}
		for _, conf := range plan.AAAGroups[i].Servers {
			s := old[key{g.Tag, g.Protocol, conf.IP, conf.If}]
			if s == nil || s.conf.Key != conf.Key || s.conf.Timeout != conf.Timeout {
				next := &server{conf: conf}
				if s != nil {
					next.stats = s.stats // another key: it counts as alive again
				}
				s = next
			}
			g.servers = append(g.servers, s)
		}
		c.groups = append(c.groups, g)
	}
}

// group is that of an index, with the Plan it belongs to; nil when there is none.
func (c *Client) group(i int) (*group, *compiler.Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i < 0 || i >= len(c.groups) {
		return nil, c.plan
	}
	return c.groups[i], c.plan
}

// tagged is the group of a tag; nil when there is none.
func (c *Client) tagged(tag string) (*group, *compiler.Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.groups {
		if g.Tag == tag {
			return g, c.plan
		}
	}
	return nil, c.plan
}

// NewID is a number for a session that accounting reports, from 1 on.
func (c *Client) NewID() uint32 { return c.ids.Add(1) }

// acquire waits for one of the places of questions under way.
func (g *group) acquire(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *group) release() { <-g.places }

// dial connects to a server. The connection is closed to its reader when ctx ends; stop has to be called before Close.
func (c *Client) dial(ctx context.Context, network string, s *server, port uint16, timeout time.Duration) (conn net.Conn, stop func() bool, err error) {
	dialing, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err = c.o.Dial(dialing, network, netip.AddrPortFrom(address(s.conf.IP), port), s.conf.If)
	if err != nil {
		return nil, nil, err
	}
	stop = context.AfterFunc(ctx, func() {
		if err := conn.SetDeadline(time.Unix(1, 0)); err != nil {
			c.debug(debugTrouble, "ending a connection", err.Error())
		}
	})
	return conn, stop, nil
}
