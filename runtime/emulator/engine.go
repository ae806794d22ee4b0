package emulator

import (
	"fmt"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/inspect"
	"pixfw/runtime/syslog"
)

// Limits bound the tables of an engine.
type Limits struct {
	Conns     int // connections
	Xlates    int // dynamic translations
	Fragments int // fragments that wait, per interface (fragment size)
	Chain     int // fragments of one datagram (fragment chain)
	LogFlows  int // permitted flows that are counted for 106100
	Shuns     int
	Users     int // users of the uauth cache, clients among them
	// Children are connections that inspections wait for, Intercepts handshakes that TCP intercept has answered.
	Children, Intercepts int
}

// DefaultLimits are those of a PIX 525. Fragments, Chain and LogFlows hold where a plan says nothing.
var DefaultLimits = Limits{Conns: 280000, Xlates: 280000, Fragments: 200, Chain: 24, LogFlows: 4096, Shuns: 65536, Users: 65535, Children: 4096, Intercepts: 65536}

// Engine is the emulated firewall. Its methods are safe for concurrent use.
type Engine struct {
	mu     sync.Mutex
	clock  runtime.Clock
	start  time.Time
	limits Limits
	trace  bool

	linear bool // access lists are read from the first entry on: what the index is measured against

	plan    *compiler.Plan
	derived derived
	now     time.Duration // since start; while a timer fires, the time it was set to

	conns      flowTable
	connCount  int
	connMost   int
	nextConn   uint64
	hosts      map[hostKey]*host
	siblings   bool // hosts list their connections
	spareConns []*conn
	spareHosts []*host
	xlates     xlateTable
	users      map[userKey]*user
	userMost   int
	logins     map[userKey]*login
	loginMost  int
	sas        []*sa
	clients    []*client
	nextSPI    uint32
	children   map[childKey]*child
	intercepts map[flowKey]*intercept
	shuns      map[ast.IP]*runtime.Shun
	frags      map[fragKey]*fragSet
	waiting    []int // fragments, by interface
	logged     loggedEntries
	hits       [][]uint64 // by access list and entry
	passes     []uint64   // hits of conduits
	counters   []runtime.Counters
	alarms     alarmHeap
	nextAlarm  uint64
	subs       []*subscriber
	texts      syslog.Texts       // of messages about connections
	room       []runtime.Message  // for the next of them
	collected  *[]runtime.Message // where messages go besides the subscribers
	flight     flight             // of the packet being decided: one at a time, so no allocation
	look       inspect.Look       // likewise, of the payload that is being looked at
	looking    looking
	lastExpiry []runtime.Message
}

type subscriber struct{ fn func(runtime.Message) }

var _ runtime.Injector = (*Engine)(nil)

// New is an engine without a plan: it drops every packet. Tracing is on.
func New(clock runtime.Clock) *Engine { return NewLimited(clock, DefaultLimits) }

// NewLimited is New with other table sizes.
func NewLimited(clock runtime.Clock, limits Limits) *Engine {
	e := &Engine{clock: clock, start: clock.Now(), limits: limits, trace: true}
	e.conns, e.looking.e = newFlowTable(), e
	e.hosts = make(map[hostKey]*host)
	e.xlates = newXlateTable()
	e.users = make(map[userKey]*user)
	e.logins = make(map[userKey]*login)
	e.children = make(map[childKey]*child)
	e.intercepts = make(map[flowKey]*intercept)
	e.shuns = make(map[ast.IP]*runtime.Shun)
	e.frags = make(map[fragKey]*fragSet)
	return e
}

// SetTrace switches the recording of phases in verdicts on or off.
func (e *Engine) SetTrace(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trace = on
}

// Plan is the policy in force.
func (e *Engine) Plan() *compiler.Plan {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.plan
}

// Inject decides a packet.
func (e *Engine) Inject(in runtime.Ingress, p runtime.Packet) (runtime.Verdict, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plan != nil && (in.If < 0 || in.If >= len(e.plan.Interfaces)) {
		return runtime.Verdict{Egress: compiler.None}, fmt.Errorf("no interface %d", in.If)
	}
	e.expire()
	e.flight.pkt = p
	e.decide(in, e.trace)
	return e.flight.v, nil
}

// Expire ends what the clock says has ended, and returns its messages.
func (e *Engine) Expire() []runtime.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	msgs := e.lastExpiry
	e.lastExpiry = nil
	return msgs
}

// expire fires the timers that are due. Messages of timers that fired within another call wait for the next Expire.
func (e *Engine) expire() {
	now := e.clock.Now().Sub(e.start)
	if len(e.alarms) > 0 && e.alarms[0].at <= now {
		if len(e.lastExpiry) > 10000 { // nobody asks
			e.lastExpiry = nil
		}
		e.collected = &e.lastExpiry
		e.fire(now)
		e.collected = nil
	}
	e.now = now
}

// emit hands out a message.
func (e *Engine) emit(m runtime.Message) {
	if c := e.collected; c != nil {
		if *c == nil {
			// A translation and a connection, most often: room for both out of a block that serves many packets.
			if len(e.room) < 2 {
				e.room = make([]runtime.Message, 64)
			}
			*c, e.room = e.room[:0:2], e.room[2:]
		}
		*c = append(*c, m)
	}
	for _, s := range e.subs {
		s.fn(m)
	}
}

// Subscribe calls fn for every message from now on.
func (e *Engine) Subscribe(fn func(runtime.Message)) (cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &subscriber{fn}
	e.subs = append(e.subs, s)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		for i := range e.subs {
			if e.subs[i] == s {
				e.subs = append(e.subs[:i:i], e.subs[i+1:]...)
				return
			}
		}
	}
}

// Close forgets all state.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	fresh := NewLimited(e.clock, e.limits)
	e.conns, e.hosts, e.xlates, e.users, e.logins = fresh.conns, fresh.hosts, fresh.xlates, fresh.users, fresh.logins
	e.children, e.frags, e.intercepts, e.shuns = fresh.children, fresh.frags, fresh.intercepts, fresh.shuns
	e.siblings = false
	e.derived, e.waiting, e.spareConns, e.spareHosts, e.logged = derived{}, nil, nil, nil, loggedEntries{}
	e.plan, e.sas, e.clients, e.alarms, e.subs, e.hits, e.passes, e.counters = nil, nil, nil, nil, nil, nil, nil, nil
	e.connCount, e.userMost, e.loginMost, e.connMost = 0, 0, 0, 0
	return nil
}

// ifName is the name of an interface, for messages.
func (e *Engine) ifName(i int) string {
	if e.plan == nil || i < 0 || i >= len(e.plan.Interfaces) {
		return "?"
	}
	return e.plan.Interfaces[i].Name
}

func (e *Engine) level(i int) int { return e.plan.Interfaces[i].Level }

// owner is the interface that has the address, or None.
func (e *Engine) owner(ip ast.IP) int {
	for i := range e.plan.Interfaces {
		if x := &e.plan.Interfaces[i]; x.HasAddress() && x.Net.IP == ip {
			return i
		}
	}
	return compiler.None
}
