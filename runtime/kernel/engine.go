package kernel

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/audit"
)

// Options say where the engine works.
type Options struct {
	// Devices names the device of each hardware interface: ethernet0 → eth0.
	Devices map[string]string
	// Netns is the path of a network namespace; empty: the one of the calling thread.
	Netns string
	Clock runtime.Clock
	// Limits bound the tables; what is zero is as in DefaultLimits, and nothing is more than MostLimits.
	Limits Limits
	// Note gets a line when a table is full or something was lost, of each kind one a minute; nil: nobody is told.
	Note func(string)
	// Host is a file. With it the devices are taken from the host: what it had on them is off while the engine is there, and
	// Close brings it back. The file tells the engine that follows one which died how the host was.
	Host string
	// Observe, when it is set, is called for every packet that the kernel tells the engine of, before the messages about it are
	// published. It must not call the engine.
	Observe func(Observation)
	// Tunnels says that a process speaks IPsec for the firewall: it has opened a device nft.Twin beside each with a crypto map before
	// Apply, and says with AddRemote who is behind its tunnels.
	Tunnels bool
	// Servers says that a process asks the servers of AAA groups.
	Servers bool
	// Account, when it is set, is told of connections that `aaa accounting` is about. It must not wait, and not call the engine.
	Account func(Use)
}

// Engine is the firewall in the kernel.
type Engine struct {
	opts     Options
	clock    runtime.Clock
	ns       *space
	nl       *netlink.Handle
	log      *socket
	queue    *socket // nil: the kernel has none, and pools are approximated
	names    *socket // DNS answers wait in it; nil when queue is
	payloads *socket // payloads that inspections look at; nil when queue is
	suspects *socket // packets that ip audit may drop wait in it; nil when queue is
	event    *socket
	alive    *socket // owns the table that says that the process lives; nil: it is not there
	opt      nft.Options

	features Features
	dyn      *dynamic
	stop     chan struct{}  // closed to end the ticks
	work     sync.WaitGroup // of the readers
	pings    pings

	mu          sync.Mutex
	plan        *compiler.Plan
	rules       *nft.Ruleset
	batch       *nft.Batch
	links       map[int]netlink.Link // by interface of the plan
	twins       map[int]netlink.Link // of these, the twins
	byIndex     map[int]int          // link index → interface
	mtu         map[string]int       // as it was
	items       []item
	staleARP    bool              // the rules for ARP know addresses that have ended
	ways        *ways             // into tunnels
	before      map[string]string // sysctls as they were
	beforeOrder []string
	host        *hostState        // nil: the devices are shared with the host
	carry       map[aceKey]uint64 // hits of rulesets before this one
	zero        map[aceKey]uint64 // hits at the last clear
	hits        map[aceKey]uint64 // as last read
	hitsRead    time.Time
	listNumber  int // of the chain of the last list of a user
	closed      bool
	committed   func() // tests: called between a commit and reading it back

	subMu   sync.Mutex
	subs    map[int]func(runtime.Message)
	nextSub int
}

var _ runtime.Engine = (*Engine)(nil)

// New opens the namespace. Nothing is changed before the first Apply.
func New(opts Options) (*Engine, error) {
	ns, err := openSpace(opts.Netns)
	if err != nil {
		return nil, err
	}
	if opts.Clock == nil {
		opts.Clock = runtime.WallClock{}
	}
	e := &Engine{opts: opts, clock: opts.Clock, ns: ns, stop: make(chan struct{}), mtu: map[string]int{}, before: map[string]string{},
		carry: map[aceKey]uint64{}, zero: map[aceKey]uint64{}, subs: map[int]func(runtime.Message){}}
	if e.nl, err = netlink.NewHandleAt(ns.handle(), unix.NETLINK_ROUTE, unix.NETLINK_NETFILTER); err != nil {
		return nil, errors.Join(fmt.Errorf("netlink: %w", err), ns.close())
	}
	if e.log, err = ns.openLog(); err != nil {
		e.nl.Close()
		return nil, errors.Join(fmt.Errorf("packet log group %d: %w", nft.LogGroup, err), ns.close())
	}
	e.dyn, e.ways = newDynamic(ns, opts.Clock, e.publish), newWays(ns)
	e.dyn.observe, e.dyn.account = opts.Observe, opts.Account
	e.dyn.bounds.Limits = opts.Limits.filled()
	if opts.Note != nil {
		e.dyn.bounds.note = opts.Note
	}
	if e.event, err = ns.openEvents(); err != nil {
		e.nl.Close()
		return nil, errors.Join(err, e.log.close(), ns.close())
	}
	if e.features, err = ns.probe(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	err = errors.Join(e.dyn.bounds.queue.open(ns, "netfilter/nfnetlink_queue"), e.dyn.bounds.track.open(ns, "stat/nf_conntrack"))
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	if e.opt = e.features.Options(); e.opt.Daemon {
		if e.queue, err = ns.openQueue(firstPackets); err != nil {
			return nil, errors.Join(err, e.Close())
		}
		if e.names, err = ns.openQueue(dnsAnswers); err != nil {
			return nil, errors.Join(err, e.Close())
		}
		if e.payloads, err = ns.openQueue(payloads); err != nil {
			return nil, errors.Join(err, e.Close())
		}
		if e.suspects, err = ns.openQueue(suspects); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if opts.Host != "" {
		if err := e.takeHost(opts.Host); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	e.start()
	return e, nil
}

// queues are those that are there, in the order in which a packet comes to them.
func (e *Engine) queues() []*socket {
	return slices.DeleteFunc([]*socket{e.suspects, e.queue, e.names, e.payloads}, func(q *socket) bool { return q == nil })
}

// tickEvery is how often connections are read from the kernel, at least: what has ended is told of then.
const tickEvery = time.Second

// start begins to read what the kernel tells.
func (e *Engine) start() {
	short := func(s shortage, n uint64) {
		e.dyn.mu.Lock()
		defer e.dyn.mu.Unlock()
		e.dyn.bounds.short(s, n)
		if s == lostEvents {
			e.dyn.resync = 2
		}
	}
	e.work.Go(func() { readLog(e.log, e.logged, func(n uint64) { short(lostLog, n) }) })
	e.work.Go(func() { readEvents(e.event, e.dyn.event, func() { short(lostEvents, 1) }) })
	if e.queue != nil {
		e.work.Go(func() { readQueue(e.queue, nft.Queue, e.dyn.answer) })
	}
	if e.names != nil {
		e.work.Go(func() { readHeld(e.names, nft.DNSQueue, e.dyn.doctored) })
	}
	if e.payloads != nil {
		e.work.Go(func() { readHeld(e.payloads, nft.InspectQueue, e.dyn.inspected) })
	}
	if e.suspects != nil {
		e.work.Go(func() { readQueue(e.suspects, nft.AuditQueue, e.dyn.audited) })
	}
	e.work.Go(func() {
		timer := time.NewTimer(tickEvery)
		defer timer.Stop()
		for {
			select {
			case <-e.stop:
				return
			case <-timer.C:
			}
			began := time.Now()
			_ = e.dyn.tick() // what failed is tried again
			_ = e.sweep()    // likewise
			// A very large table is read less often, so that reading takes a tenth of the time at most.
			timer.Reset(max(tickEvery, 10*time.Since(began)))
		}
	})
}

// Apply loads the plan: rules first and in one transaction, then settings, addresses and routes.
func (e *Engine) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	var log, inherited []runtime.Message
	defer func() { e.publish(log) }() // when nothing is locked any more
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("the engine is closed")
	}
	links, names, byIndex := map[int]netlink.Link{}, map[int]string{}, map[int]int{}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		dev := e.opts.Devices[f.Hardware]
		if dev == "" {
			continue
		}
		link, err := e.nl.LinkByName(dev)
		if err != nil {
			return nil, fmt.Errorf("%s: device %s for %s: %w", f.Line.Place(plan.File), dev, f.Hardware, err)
		}
		links[i], names[i], byIndex[link.Attrs().Index] = link, dev, i
		if _, known := e.mtu[dev]; !known {
			e.mtu[dev] = link.Attrs().MTU
		}
	}
	twins, err := e.findTwins(plan, links)
	if err != nil {
		return nil, err
	}
	for i, twin := range twins {
		byIndex[twin.Attrs().Index] = i
	}
	opt := e.opt
	opt.Twins, opt.Servers, opt.Numbers = len(twins) > 0, e.opts.Servers, e.numbers(plan)
	e.dyn.mu.Lock()
	plan, of := e.dyn.placed(plan, e.nextList)
	if e.plan == nil && opt.Daemon {
		// What an attempt before has found is found again.
		e.dyn.xlates = newXlateTable()
		found, err := e.dyn.inherit(plan)
		if err != nil {
			e.dyn.mu.Unlock()
			return nil, err
		}
		inherited = found
	}
	opt.Kept, opt.PATs = e.dyn.kept(plan)
	opt.KeptLimits, opt.Gone = e.dyn.keptLimits(plan), e.dyn.xlates.gone
	e.dyn.mu.Unlock()
	of.lowered(plan, &opt)
	rules, diags := nft.Lower(plan, names, opt)
	carry, err := e.carried()
	if err != nil {
		return diags, err
	}
	tunnels := e.tunnelItems(plan, links, twins)
	// From here on no translation comes or goes, so that the new table begins with those that the old one has.
	d := e.dyn
	d.mu.Lock()
	defer d.mu.Unlock()
	limits := d.keptLimits(plan)
	if kept, pats := d.kept(plan); !hasAll(opt.Kept, kept) || !opt.KeptLimits.Has(limits) { // the first of its kind has come meanwhile
		opt.Kept, opt.PATs, opt.KeptLimits, opt.Gone = kept, pats, limits, d.xlates.gone
		rules, diags = nft.Lower(plan, names, opt)
	}
	of.has(rules)
	if opt.Daemon {
		diags = append(diags, audit.Notes(plan)...)
	}
	if err := d.refresh(func(*xlate) bool { return true }); err != nil { // the sets begin anew
		return diags, err
	}
	restore := d.xlates.save()
	var gone []*xlate
	if e.plan != nil {
		ports := slices.Collect(maps.Values(d.portsToKeep(plan)))
		gone = d.xlates.rekey(e.plan, plan)
		d.xlates.keep(ports)
	}
	d.xlates.fill(rules)
	d.fillLive(plan, rules, of)
	if e.rules != nil {
		if err := e.ns.keepQueries(rules); err != nil {
			restore()
			return diags, err
		}
	}
	batch, err := rules.Batch()
	if err != nil {
		restore()
		return diags, err
	}
	if err = e.live(); err == nil {
		err = e.ns.commit(batch)
	}
	if err != nil {
		restore()
		return diags, inFile(err, plan.File)
	}
	back := func(err error) (ast.Diagnostics, error) {
		restore()
		old, err2 := nft.Removal()
		if e.rules != nil {
			d.xlates.fill(e.rules)
			d.fillLive(e.plan, e.rules, d.inForce())
			old, err2 = e.rules.Batch()
		}
		err = errors.Join(err, e.guardARP(e.plan, e.links))
		if err2 != nil {
			return diags, errors.Join(err, err2)
		}
		return diags, errors.Join(err, e.ns.commit(old))
	}
	if e.committed != nil {
		e.committed()
	}
	if err := e.ns.check(batch, rules); err != nil {
		return back(inFile(err, plan.File))
	}
	if err := e.sysctl(rules.Sysctls); err != nil {
		return back(err)
	}
	if err := e.guardARP(plan, links); err != nil {
		return back(err)
	}
	want := slices.Concat(e.wanted(plan, links), e.paths(plan, links), tunnels)
	if e.host != nil && e.plan == nil {
		if err := e.dropIPv6(sortedDevices(e.opts.Devices)); err != nil {
			return back(err)
		}
		if err := errors.Join(e.clearRules(want), e.clearDevices(links, want)); err != nil {
			return back(err)
		}
		if err := e.clearPaths(); err != nil {
			return back(err)
		}
	}
	if err := e.change(want, plan.File); err != nil {
		return back(err)
	}
	now := e.clock.Now()
	for _, x := range gone {
		log = append(log, x.teardown(e.plan, now))
	}
	log = append(log, overlaps(e.plan, plan)...)
	first := e.plan == nil
	e.plan, e.rules, e.batch, e.links, e.twins, e.byIndex = plan, rules, batch, links, twins, byIndex
	d.use(plan, rules)
	d.useLists(of)
	d.fragments.use(plan, byIndex)
	d.recount()
	if first {
		log = append(log, inherited...)
		// Connections may be older than the engine. Their addresses must be known before any host asks for one.
		found, err := d.recover()
		log = append(log, found...)
		if err != nil {
			d.resync = 2
		}
	}
	e.carry, e.hits = only(plan, carry), nil
	e.zero = only(plan, e.zero)
	return diags, nil
}

// Missing are the features that the kernel lacks, with what that means.
func (e *Engine) Missing() []nft.FeatureRow { return e.features.Missing() }

// Plan is the policy in force.
func (e *Engine) Plan() *compiler.Plan {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.plan
}

// Subscribe calls fn for every message from now on.
func (e *Engine) Subscribe(fn func(runtime.Message)) (cancel func()) {
	e.subMu.Lock()
	defer e.subMu.Unlock()
	id := e.nextSub
	e.nextSub++
	e.subs[id] = fn
	return func() { e.subMu.Lock(); defer e.subMu.Unlock(); delete(e.subs, id) }
}

// logged turns a packet of the log group into its message.
func (e *Engine) logged(l logged) {
	e.mu.Lock()
	plan, in, ok := e.plan, compiler.None, false
	if plan != nil {
		in, ok = e.byIndex[l.indev]
	}
	e.mu.Unlock()
	if l.prefix == nft.Opened { // a call of the firewall's own comes from no interface
		e.dyn.opened(&l.packet)
		return
	}
	if !ok {
		return
	}
	if l.prefix == nft.Answered {
		_ = e.dyn.answered(&l.packet) // a connection that is not ended is ended by its time
		return
	}
	var list []runtime.Message
	wire := l.packet
	switch id, _, _ := strings.Cut(l.prefix, ":"); id {
	case "106023", "106100", "109025": // before any translation
	case "201002": // hosts are counted by their real addresses
	default:
		wire = onWire(plan, in, l.mark, l.packet, e.dyn.calledAs)
	}
	reason := l.prefix
	if arg, is := strings.CutPrefix(l.prefix, "106100:"); is {
		list = e.dyn.entryHit(plan, in, arg, &l.packet)
	} else if l.prefix == nft.Audited {
		list, reason = audit.Look(plan, in, &l.packet).Logs, Signature
	} else if m, ok := message(plan, e.dyn, in, l.prefix, &wire); ok {
		list = []runtime.Message{m}
		switch {
		case (m.ID == 710002 || m.ID == 710003) && l.packet.Proto == ast.ProtoTCP:
			list = []runtime.Message{requested(plan, in, &l.packet), m}
		case m.ID == 106015 && e.dyn.outOfPlace(in, &l.packet):
			list = nil // there is a connection, and nothing to be said of its segments
		case m.ID == 401004:
			e.dyn.shunned(l.packet.Src)
		case l.prefix == nft.LogOut:
			e.dyn.telnetOut(plan.Interfaces[in].Name, l.packet.Src)
		}
	}
	if e.opts.Observe != nil {
		e.opts.Observe(Observation{If: in, Reason: reason, Packet: l.packet, Messages: list})
	}
	e.publish(list)
}

// publish hands messages to those who subscribed.
func (e *Engine) publish(list []runtime.Message) {
	if len(list) == 0 {
		return
	}
	e.subMu.Lock()
	fns := make([]func(runtime.Message), 0, len(e.subs))
	for _, id := range slices.Sorted(maps.Keys(e.subs)) {
		fns = append(fns, e.subs[id])
	}
	e.subMu.Unlock()
	for _, m := range list {
		for _, fn := range fns {
			fn(m)
		}
	}
}

// Close takes away the rules, addresses, routes and settings of Apply.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	var errs []error
	errs = append(errs, e.restore())
	if e.host != nil {
		errs = append(errs, e.dropIPv6(nil), e.returnHost())
	}
	if e.batch != nil || e.host != nil { // an engine that died may have left rules
		b, err := nft.Removal()
		if err == nil {
			err = e.ns.commit(b)
		}
		errs = append(errs, err, e.guardARP(nil, nil))
	}
	e.plan = nil
	e.mu.Unlock()
	close(e.stop)
	errs = append(errs, e.die(), e.log.close(), e.event.close())
	for _, q := range e.queues() {
		errs = append(errs, q.close())
	}
	e.work.Wait()
	errs = append(errs, e.dyn.close(), e.ways.close())
	e.nl.Close()
	return errors.Join(append(errs, e.ns.close())...)
}
