package esp

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pixfw/runtime"
)

// Options of an Engine.
type Options struct {
	Sink  Sink          // has to be there
	Clock runtime.Clock // nil: the host's
	Rand  io.Reader     // of IVs; nil: crypto/rand. Safe for concurrent use
	// Helpers is how many goroutines beside those of the Ports encrypt and decrypt, when batches are large. 0: none.
	Helpers int
	// Pairs is how many there may be at most; 0: 40000.
	Pairs int
}

// Sink is told what the data plane cannot decide itself. Its methods are called from the paths of packets, by several goroutines
// at a time: they must not block, and must drop what comes too fast.
type Sink interface {
	// Acquire says that a packet wants a tunnel of an entry of the map of an interface, and was dropped.
	Acquire(iface, entry int, f Flow)
	// Expiring says that a pair is coming to the end of its volume or numbers: soon, or now (hard).
	Expiring(pair uint64, hard bool)
	// Refused says that a packet was not let in, or not out.
	Refused(r Refused)
	// Datagram hands over a datagram of IKE that came to port 4500, without the marker. The payload is the callee's.
	Datagram(iface int, local, remote netip.AddrPort, payload []byte)
}

// Refused is one packet that was not let in, or not out.
type Refused struct {
	If       int
	Why      Refusal
	SPI      uint32
	AH       bool
	Src, Dst netip.Addr // of the outer packet
	Pair     uint64     // 0: unknown
	Inner    Flow       // with NotOurs and TooLong
	Size     int        // with TooLong: octets, and as many as would go through
	Most     int
}

// Engine holds the pairs of all interfaces. Its methods are safe for concurrent use, also while packets flow.
type Engine struct {
	o     Options
	clock runtime.Clock
	crew  *crew

	mu sync.RWMutex
	t  tables

	id     atomic.Uint32 // of outer IP headers
	errors atomic.Uint64
}

// New makes an Engine without pairs.
func New(o Options) *Engine {
	if o.Clock == nil {
		o.Clock = runtime.WallClock{}
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Pairs <= 0 {
		o.Pairs = 40000
	}
	return &Engine{o: o, clock: o.Clock, crew: newCrew(o.Helpers), t: newTables()}
}

// Close ends the helpers. Ports end with their devices and sockets.
func (e *Engine) Close() { e.crew.close() }

// ErrFull is what Install says when there are as many pairs as there may be.
var ErrFull = errors.New("too many pairs of security associations")

// Install enters a pair: from now on it receives, and it sends in the place of older ones with the same identities. One that was
// prepared sends from now on.
func (e *Engine) Install(p runtime.SAPair) error { return e.enter(p, false) }

// Prepare enters a pair that receives only, until it is installed or a packet has come through it: a peer that sends with it has it.
func (e *Engine) Prepare(p runtime.SAPair) error { return e.enter(p, true) }

func (e *Engine) enter(p runtime.SAPair, quiet bool) error {
	n, err := newPair(p, e.o.Rand)
	if err != nil {
		return fmt.Errorf("security associations of %v: %w", p.Peer, err)
	}
	n.prepared = quiet
	n.quiet.Store(quiet)
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.t.pairs[p.ID]; old != nil && old.prepared && !quiet {
		e.t.remove(old)
		old.prepared = false
		old.quiet.Store(false)
		err := old.move(p)
		e.t.add(old)
		return err
	}
	if e.t.pairs[p.ID] != nil {
		return fmt.Errorf("security associations of %v: number %d is taken", p.Peer, p.ID)
	}
	if len(e.t.pairs) >= e.o.Pairs {
		return ErrFull
	}
	for _, s := range n.spis(true) {
		if e.t.inbound[s] != nil {
			return fmt.Errorf("security associations of %v: SPI %#x is taken", p.Peer, s.spi)
		}
	}
	e.t.add(n)
	return nil
}

// wake lets a pair that was prepared send.
func (e *Engine) wake(n *pair) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.t.pairs[n.info().ID] != n || !n.quiet.Load() {
		return
	}
	e.t.remove(n)
	n.quiet.Store(false)
	e.t.add(n)
}

// Update moves a pair: If, Map, Entry, Dynamic, Peer, PeerPort and Encap are those of p afterwards.
func (e *Engine) Update(p runtime.SAPair) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.t.pairs[p.ID]
	if n == nil {
		return fmt.Errorf("no pair %d of security associations", p.ID)
	}
	to := *n.info()
	to.If, to.Map, to.Entry, to.Dynamic, to.Peer, to.PeerPort, to.Encap = p.If, p.Map, p.Entry, p.Dynamic, p.Peer, p.PeerPort, p.Encap
	e.t.remove(n)
	err := n.move(to)
	e.t.add(n)
	return err
}

// Remove ends a pair. Packets that are on their way may still pass.
func (e *Engine) Remove(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.t.pairs[id]; n != nil {
		e.t.remove(n)
	}
}

// SetPolicy puts a crypto map on an interface; nil takes it off.
func (e *Engine) SetPolicy(iface int, p Policy) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p == nil {
		delete(e.t.policy, iface)
		return
	}
	e.t.policy[iface] = p
}

// Pairs are those that there are, oldest first, without keys.
func (e *Engine) Pairs() []runtime.SAPair {
	e.mu.RLock()
	out := make([]runtime.SAPair, 0, len(e.t.pairs))
	for _, n := range e.t.pairs {
		out = append(out, *n.info())
	}
	e.mu.RUnlock()
	slices.SortFunc(out, func(a, b runtime.SAPair) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (e *Engine) pair(id uint64) *pair {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.t.pairs[id]
}

// Carries reports whether there is a pair by now for a packet that wanted one of an entry.
func (e *Engine) Carries(iface, entry int, f Flow) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.t.outbound(iface, entry, Static, &f) != nil
}

// Counters are those of one pair; zero when there is none.
func (e *Engine) Counters(id uint64) runtime.SACounters {
	if n := e.pair(id); n != nil {
		return n.counters(e.clock.Now().UnixNano())
	}
	return runtime.SACounters{}
}

// ClearCounters starts all counters from zero. Volumes go on.
func (e *Engine) ClearCounters() {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, n := range e.t.pairs {
		n.clear()
	}
}

// Last is when a pair has last carried a packet, and when it has last received one. The zero time: never.
func (e *Engine) Last(id uint64) (used, heard time.Time) {
	if n := e.pair(id); n != nil {
		return when(n.used.Load()), when(n.heard.Load())
	}
	return time.Time{}, time.Time{}
}

// Errors is how many packets sockets and devices did not take that belong to no pair.
func (e *Engine) Errors() uint64 { return e.errors.Load() }

// volume tells the sink of limits that are reached.
func (e *Engine) volume(n *pair, total uint64) {
	if l := n.volume(total); l != within {
		e.o.Sink.Expiring(n.info().ID, l == hardly)
	}
}

// exhausted ends a pair that has no sequence number left.
func (e *Engine) exhausted(n *pair) {
	if !n.hardly.CompareAndSwap(false, true) {
		return
	}
	i := n.info()
	r := Refused{If: i.If, Why: NoNumbers, SPI: i.Out.SPI, Src: i.Local, Dst: i.Peer, Pair: i.ID}
	if n.out == nil {
		r.SPI, r.AH = i.OutAH.SPI, true
	}
	e.o.Sink.Refused(r)
	e.o.Sink.Expiring(i.ID, true)
}

// nextID is the identification of the next outer header, never 0: the kernel would choose another one.
func (e *Engine) nextID() uint16 {
	for {
		if id := uint16(e.id.Add(1)); id != 0 {
			return id
		}
	}
}
