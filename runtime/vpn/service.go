package vpn

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/esp"
	"pixfw/runtime/ike"
	"pixfw/runtime/kernel"
)

// Host is what the kernel engine does for tunnels.
type Host interface {
	AddRemote(kernel.Remote) error
	RemoveRemote(ifName string, n ast.Net) error
	Publish(...runtime.Message)
}

// Servers are the AAA groups of a plan.
type Servers interface {
	Apply(*compiler.Plan)
	AuthenticateWith(ctx context.Context, tag string, r aaa.Request) aaa.Result
	AuthorizeWith(ctx context.Context, tag string, r aaa.Request, args []string) aaa.Result
	AccountWith(ctx context.Context, tag string, rec aaa.Record) error
	NewID() uint32
}

// Sizes of queues. What comes when one is full is lost, as it is on a network: peers send again.
const (
	datagrams = 1024
	acquires  = 256
	refusals  = 256
	familiars = 64
	maxAsking = 1024 // questions to one group of servers under way
)

// config is what a service needs.
type config struct {
	clock    runtime.Clock
	rand     io.Reader
	devices  map[string]string // of each hardware interface
	network  Network
	host     Host
	servers  Servers
	certs    *ike.Certificates
	record   *recording // nil: nothing is recorded
	limits   ike.Limits
	readList runtime.ListReader // nil: users with lists that servers send are refused
	helpers  int                // of the data plane
	note     func(string)
}

// service runs an ike.Machine. Fields below the first groups belong to who holds turn.
type service struct {
	c      config
	esp    *esp.Engine
	crowd  *crowd
	far    *crowd // peers' addresses, as they are outside
	books  *accounts
	held   heldLists
	debugs debugs

	in       chan ike.Datagram
	first    chan ike.Datagram // those that begin something: they have a queue of their own, which a flood may fill
	familiar chan ike.Datagram // of these, those that come from where a tunnel leads to: one that is renewed does not wait behind a flood
	acquired chan acquire
	refused  chan esp.Refused
	answers  chan answer
	asks     chan func()
	expired  chan struct{}
	stop     chan struct{}
	ended    chan struct{}
	ctx      context.Context // of questions to servers
	cancel   context.CancelFunc
	work     sync.WaitGroup

	mu       sync.Mutex
	expiring map[uint64]bool // pairs that have come to a limit; true: the last one

	turn     sync.Mutex // of who calls the machine
	timer    *time.Timer
	over     bool // closed
	plan     *compiler.Plan
	machine  *ike.Machine
	legs     map[string]*leg // by device
	pairs    map[uint64]pair
	manual   map[string]uint64 // pairs of ipsec-manual, by what makes them
	given    []given           // likewise
	lastID   uint64            // of both
	remotes  map[remote]int    // networks that pairs lead to
	clients  map[uint64]client
	asking   map[string]int // questions under way, by group
	senders  [3]Sender      // protected, clear, replies
	trouble  string         // what was last said about sending
	problems map[string]string
}

// remote is a network behind an interface.
type remote struct {
	ifName string
	net    ast.Net
}

// pair is one that is installed, without keys, and the network that it alone leads to.
type pair struct {
	runtime.SAPair
	remote remote
}

// client is one that is connected, and the interface that it has come by.
type client struct {
	ike.ClientUp
	ifName  string
	session *session
}

// acquire is a packet that wants a tunnel.
type acquire struct {
	iface, entry int
	flow         esp.Flow
}

// answer is that of a server.
type answer struct {
	id     uint64
	tag    string // of the group
	user   string
	result aaa.Result
	// Where the server has sent an access list: that, or what is wrong with it.
	list    runtime.UserList
	trouble error
}

func newService(c config) *service {
	s := &service{c: c, crowd: newCrowd(), in: make(chan ike.Datagram, datagrams), first: make(chan ike.Datagram, datagrams), familiar: make(chan ike.Datagram, familiars), far: newCrowd(), acquired: make(chan acquire, acquires),
		refused: make(chan esp.Refused, refusals), answers: make(chan answer), asks: make(chan func()), expired: make(chan struct{}, 1),
		stop: make(chan struct{}), ended: make(chan struct{}), expiring: map[uint64]bool{}, legs: map[string]*leg{},
		pairs: map[uint64]pair{}, manual: map[string]uint64{}, remotes: map[remote]int{}, clients: map[uint64]client{}, asking: map[string]int{},
		problems: map[string]string{}}
	if c.record != nil {
		s.c.network = recorded{c.network, c.record}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.books = newAccounts(s)
	s.timer = time.NewTimer(time.Hour)
	s.esp = esp.New(esp.Options{Sink: sink{s}, Clock: c.clock, Helpers: c.helpers})
	go s.run()
	return s
}

// run is the goroutine that calls the machine for whatever waits.
func (s *service) run() {
	defer close(s.ended)
	defer s.timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case fn := <-s.asks:
			s.hold(fn)
		case d := <-s.in:
			s.hold(func() { s.handle(d) })
		case d := <-s.familiar:
			s.hold(func() { s.handle(d) })
		case d := <-s.first:
			s.hold(func() { s.handle(d) })
		case a := <-s.acquired:
			s.hold(func() { s.acquire(a) })
		case a := <-s.answers:
			s.hold(func() {
				s.asking[a.tag]--
				s.do(s.machine.AuthResult(a.id, s.verdict(&a)))
			})
		case r := <-s.refused:
			s.hold(func() { s.tellRefused(r) })
		case <-s.expired:
			s.hold(s.expire)
		case <-s.timer.C:
			s.hold(s.tick)
		}
	}
}

// hold runs fn as the only one at the machine, and sets the timer for when the machine wants to be called then.
func (s *service) hold(fn func()) {
	s.turn.Lock()
	defer s.turn.Unlock()
	fn()
	s.arm()
}

// arm sets the timer.
func (s *service) arm() {
	wait := time.Hour
	if s.machine != nil {
		if at, ok := s.machine.Next(); ok {
			wait = max(at.Sub(s.c.clock.Now()), time.Millisecond)
		}
	}
	if len(s.problems) > 0 {
		wait = min(wait, reopen)
	}
	s.timer.Reset(wait)
}

func (s *service) handle(d ike.Datagram) {
	if s.machine != nil && !s.over {
		s.do(s.machine.Receive(d))
	}
}

// reopen is how long sockets that could not be opened are left alone.
const reopen = 10 * time.Second

func (s *service) tick() {
	if s.machine == nil {
		return
	}
	s.do(s.machine.Tick())
	if len(s.problems) > 0 {
		s.listen()
	}
}

var errClosed = errors.New("the firewall is closed")

// call runs fn as the only one at the machine.
func (s *service) call(fn func()) error {
	done := make(chan struct{})
	select {
	case s.asks <- func() { fn(); close(done) }:
		<-done
		return nil
	case <-s.ended:
		return errClosed
	}
}

// prepare opens the devices that a plan needs and that are not there. abandon takes them away again.
func (s *service) prepare(plan *compiler.Plan) (err error) {
	return errors.Join(s.call(func() { err = s.openTwins(plan) }), err)
}

func (s *service) abandon() error {
	var err error
	return errors.Join(s.call(func() { err = s.closeLegs(s.plan) }), err)
}

// apply changes over to a plan that the engine has taken. Nothing can refuse it any more.
func (s *service) apply(plan *compiler.Plan) error {
	return s.call(func() {
		s.plan = plan
		s.c.servers.Apply(plan)
		if err := s.closeLegs(plan); err != nil {
			s.say(err.Error())
		}
		for i := range plan.Interfaces {
			s.esp.SetPolicy(i, newPolicy(plan, i, s.crowd))
		}
		s.listen()
		if s.machine == nil {
			o := ike.Options{Clock: s.c.clock, Rand: s.c.rand, Limits: s.c.limits, LastUsed: s.esp.Last, Certificates: s.c.certs}
			if s.c.record != nil {
				o.Keys = s.c.record.phase1
			}
			s.machine = ike.New(plan, o)
			s.setDebug()
		} else {
			s.do(s.machine.Apply(plan))
		}
		s.applyManual()
		s.moveGiven()
	})
}

// close ends everything and tells the peers.
func (s *service) close() error {
	var errs []error
	first := false
	err := s.call(func() {
		if s.machine != nil {
			s.do(s.machine.Stop())
		}
		for _, id := range s.manual {
			s.removePair(id)
		}
		clear(s.manual)
		s.takeBack(func(*given) bool { return true })
		errs = append(errs, s.closeLegs(nil))
		for _, x := range s.senders {
			if x != nil {
				errs = append(errs, x.Close())
			}
		}
		first, s.over = true, true
		close(s.stop)
	})
	if !first {
		return nil // closed already
	}
	s.cancel()
	<-s.ended
	s.books.close()
	s.esp.Close()
	return errors.Join(append(errs, err, s.c.record.close())...)
}

func (s *service) say(text string) {
	if s.c.note != nil {
		s.c.note(text)
	}
}

func (s *service) acquire(a acquire) {
	if s.machine == nil || a.iface >= len(s.plan.Interfaces) {
		return
	}
	if s.esp.Carries(a.iface, a.entry, a.flow) {
		return // it was one of many, and another has had its tunnel built
	}
	f := &a.flow
	s.do(s.machine.Acquire(a.iface, s.plan.Interfaces[a.iface].Map, a.entry,
		ike.Flow{Src: addr(f.Src), Dst: addr(f.Dst), Proto: f.Proto, SrcPort: f.SrcPort, DstPort: f.DstPort}))
}

// expire tells the machine of pairs that have come to their limits.
func (s *service) expire() {
	s.mu.Lock()
	list := s.expiring
	s.expiring = map[uint64]bool{}
	s.mu.Unlock()
	for id, hard := range list {
		if s.machine != nil {
			s.do(s.machine.Expire(id, hard))
		}
	}
}

// sink is what the data plane tells. Nothing here waits.
type sink struct{ s *service }

func (k sink) Acquire(iface, entry int, f esp.Flow) {
	select {
	case k.s.acquired <- acquire{iface, entry, f}:
	default:
	}
}

func (k sink) Expiring(id uint64, hard bool) {
	k.s.mu.Lock()
	k.s.expiring[id] = k.s.expiring[id] || hard
	k.s.mu.Unlock()
	select {
	case k.s.expired <- struct{}{}:
	default:
	}
}

func (k sink) Refused(r esp.Refused) {
	select {
	case k.s.refused <- r:
	default:
	}
}

func (k sink) Datagram(iface int, local, remote netip.AddrPort, payload []byte) {
	k.s.receive(ike.Datagram{If: iface, Local: local, Remote: remote, Payload: payload})
}

// take lets the machine have a datagram at once if it is free and nothing waits for it: to wake another goroutine costs more than most
// datagrams.
func (s *service) take(d ike.Datagram) {
	if len(s.in) > 0 || ike.Begins(d.Payload) && len(s.first) > 0 || !s.turn.TryLock() {
		s.receive(d)
		return
	}
	defer s.turn.Unlock()
	s.handle(d)
	s.arm()
}

// receive lets a datagram wait for the machine.
func (s *service) receive(d ike.Datagram) {
	queue := s.in
	if ike.Begins(d.Payload) {
		queue = s.first
		if a := d.Remote.Addr(); a.Is4() && s.far.has(fromAddr(a)) {
			queue = s.familiar
		}
	}
	select {
	case queue <- d:
	default:
	}
}

// quiet reports whether the machine has been told all that waits for it.
func (s *service) quiet() bool {
	quiet := true // a firewall that is closed is
	_ = s.call(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		quiet = len(s.in)+len(s.first)+len(s.familiar)+len(s.acquired)+len(s.refused)+len(s.expired)+len(s.expiring) == 0
	})
	return quiet
}

// The tables of runtime.VPN.

func (s *service) IKESAs() (out []runtime.IKESA) {
	_ = s.call(func() { // a firewall that is closed has none
		if s.machine != nil {
			out = s.machine.SAs()
		}
	})
	return out
}

// logins are those under way.
func (s *service) logins() (now, most int) {
	_ = s.call(func() {
		if s.machine != nil {
			now, most = s.machine.Logins()
		}
	})
	return now, most
}

func (s *service) SAPairs() (out []runtime.SAPair) {
	_ = s.call(func() {
		for _, id := range slices.Sorted(maps.Keys(s.pairs)) {
			out = append(out, s.pairs[id].SAPair)
		}
	})
	return out
}

func (s *service) SACounters(id uint64) runtime.SACounters { return s.esp.Counters(id) }

func (s *service) ConnIDs(id uint64) (in, out int) {
	_ = s.call(func() {
		if s.machine != nil {
			in, out = s.machine.ConnIDs(id)
		}
	})
	return in, out
}

func (s *service) PoolInUse(pool int) (out []netip.Addr) {
	_ = s.call(func() {
		if s.machine != nil {
			out = s.machine.PoolInUse(pool)
		}
	})
	return out
}

func (s *service) ClearIKE(id uint64) error {
	return s.call(func() {
		if s.machine != nil {
			s.do(s.machine.ClearIKE(id))
		}
		s.takeBack(func(*given) bool { return id == 0 })
	})
}

func (s *service) ClearSAs(match func(*runtime.SAPair) bool) error {
	return s.call(func() {
		if s.machine != nil {
			s.do(s.machine.ClearSAs(match))
		}
		s.takeBack(func(g *given) bool { p := s.pairs[g.pair].SAPair; return match(&p) })
	})
}

func (s *service) ClearSACounters() { s.esp.ClearCounters() }
