package ike

import (
	"container/list"
	"encoding/binary"
	"hash/maphash"
	"io"
	"net/netip"
	"time"

	"pixfw/compiler"
)

// Machine is the IKE daemon of one box. Its methods must not be called concurrently.
type Machine struct {
	plan *compiler.Plan
	o    Options
	out  []Effect  // of the call under way
	now  time.Time // of the call under way

	nextID   uint64
	order    uint64
	timers   timerHeap
	debug    [4]int // level asked for, by facility; 0: off
	hashSeed maphash.Seed

	sas      map[cookies]*sa           // by both cookies, once both are known
	started  map[cookie]*sa            // of ours, by the initiator's cookie, until the responder's is known
	first    map[firstKey]*sa          // of others, by what message 1 is known by
	byID     map[uint64]*sa            //
	peers    map[netip.Addr]*peer      // those who have an SA
	halfOpen *list.List                // *sa of others, not authenticated and not proven, oldest first
	familiar *list.List                // *sa of others, not authenticated and not proven, who have another SA, oldest first
	provenSA *list.List                // *sa of others, not authenticated, but reachable, oldest first
	sources  map[netip.Addr]*list.List // half open ones of an address, oldest first
	licensed int                       // peers with an authenticated SA
	bucket   bucket                    // of keys for first messages of aggressive mode
	kept     map[int]keptKey           // by group
	from     Datagram                  // of the Receive under way
	secrets  uint64                    // Diffie-Hellman keys drawn, for tests
	pairs    map[uint64]*pair          //
	spis     map[uint32]*pair          // inbound; nil while a quick mode has only reserved the SPI
	outs     map[uint32]*pair          // by SPIs of the other side; others with the same SPI hang on nextOut
	slots    slots                     // conn_id

	acquiring map[wanted]struct{} // negotiations of ours under way
	index     *index

	clients    clients
	logins     map[*client]struct{} // under way
	mostLogins int
}

// cookies is the name of an SA on the wire.
type cookies struct{ i, r cookie }

// firstKey is what a repeated first message is known by.
type firstKey struct {
	ci     cookie
	remote netip.AddrPort
}

// peer is an address that shares SAs with this box.
type peer struct {
	refs    int // 1 for IKE, 2 for each pair, as debug output counts
	sas     map[*sa]struct{}
	done    int              // of these, authenticated
	orphans map[uint64]*pair // whose SA is gone
}

// New is a machine for a plan.
func New(plan *compiler.Plan, o Options) *Machine {
	o.Limits = o.Limits.withDefaults()
	return &Machine{
		plan: plan, o: o, now: o.Clock.Now(), hashSeed: maphash.MakeSeed(),
		sas: map[cookies]*sa{}, started: map[cookie]*sa{}, first: map[firstKey]*sa{}, byID: map[uint64]*sa{},
		peers: map[netip.Addr]*peer{}, halfOpen: list.New(), familiar: list.New(), provenSA: list.New(), sources: map[netip.Addr]*list.List{},
		pairs: map[uint64]*pair{}, spis: map[uint32]*pair{}, kept: map[int]keptKey{}, outs: map[uint32]*pair{}, acquiring: map[wanted]struct{}{}, logins: map[*client]struct{}{},
		index: newIndex(plan), clients: newClients(),
	}
}

// Tick does what is due. The caller calls it when Next says so.
func (m *Machine) Tick() []Effect {
	m.begin()
	for len(m.timers) > 0 && !m.timers[0].at.After(m.now) {
		t := m.timers[0]
		m.disarm(t)
		m.expired(t)
	}
	return m.end()
}

// Next is when Tick is wanted next; false: nothing is pending.
func (m *Machine) Next() (time.Time, bool) {
	if len(m.timers) == 0 {
		return time.Time{}, false
	}
	return m.timers[0].at, true
}

func (m *Machine) begin() {
	m.now = m.o.Clock.Now()
	m.forgetKeys()
}

func (m *Machine) end() []Effect {
	out := m.out
	m.out = nil
	return out
}

func (m *Machine) emit(e Effect) { m.out = append(m.out, e) }

// event is one step for debug output. Nothing is built while nobody looks.
func (m *Machine) event(id EventID, args ...any) {
	t := &templates[id]
	if m.debug[t.facility] < t.level {
		return
	}
	m.emit(Debug{Event{id, args}})
}

// SetDebug asks for the events of a facility up to a level; 0 switches them off.
func (m *Machine) SetDebug(f Facility, level int) { m.debug[f] = level }

// random fills b. A source of randomness that fails leaves nothing to go on with.
func (m *Machine) random(b []byte) {
	if _, err := io.ReadFull(m.o.Rand, b); err != nil {
		panic("ike: no randomness: " + err.Error())
	}
}

func (m *Machine) random32() uint32 {
	var b [4]byte
	m.random(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// Receive takes one datagram in.
func (m *Machine) Receive(d Datagram) []Effect {
	m.begin()
	m.receive(d)
	return m.end()
}

func (m *Machine) receive(d Datagram) {
	if len(d.Payload) == 1 && d.Payload[0] == 0xff {
		return // keepalive of a NAT mapping
	}
	h, body, err := parseHeader(d.Payload)
	if err != nil {
		m.refuse(d, err)
		return
	}
	d.Payload = d.Payload[:h.length]
	m.from = d
	if d.If < 0 || d.If >= len(m.plan.Interfaces) || m.plan.Interfaces[d.If].ISAKMP.IsDefault() {
		m.event(EvDropped, "isakmp is not enabled on the interface")
		return
	}
	s := m.sas[cookies{h.ci, h.cr}]
	if s == nil {
		s = m.started[h.ci]
	}
	m.event(EvBlock, d.Remote.Addr(), d.Local.Addr())
	switch {
	case s != nil && s.iface != d.If:
		m.event(EvDropped, "another interface than that of the exchange")
	case h.exchange == xMain || h.exchange == xAggressive:
		m.phase1(s, d, &h, body)
	case s == nil:
		m.event(EvDropped, "no such SA")
	case h.exchange == xQuick || h.exchange == xConfig || h.exchange == xInfo:
		m.phase2(s, d, &h, body)
	default:
		m.event(EvDropped, "unknown exchange")
	}
}

// expired does what a timer was there for.
func (m *Machine) expired(t *timer) {
	switch t.kind {
	case timerRetry:
		m.phase1Timer(t.sa)
	case timerExchange:
		m.exchangeTimer(t.x)
	case timerLife:
		m.removeSA(t.sa, "lifetime", true)
	case timerRenew:
		m.renewSA(t.sa)
	case timerDPD:
		m.dpdTick(t.sa)
	case timerKeepalive:
		m.keepaliveTick(t.sa)
	case timerPairSoft:
		m.rekeyPair(t.pair)
	case timerPairTurn:
		m.turnTick(t.pair)
	case timerPairWatch:
		m.watchOrphan(t.pair)
	case timerPairHard:
		m.removePair(t.pair, "lifetime", true)
	case timerClient:
		m.clientTimer(t.sa)
	}
}
