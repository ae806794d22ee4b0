package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/health"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
	"pixfw/runtime/uauth"
	"pixfw/runtime/vpn"
	"pixfw/shell"
)

// Options of a firewall.
type Options struct {
	Config       *ast.Config
	Secrets      *shell.Secrets
	Devices      map[string]string // the device of each hardware interface: ethernet0 → eth0
	Netns        string            // path of the network namespace; empty: the host's
	State        string            // directory; made where it is missing
	Socket       string            // of the consoles; empty: console.sock in State
	Certificates string            // directory, see vpn.ReadCertificates; empty: none
	Record       string            // file for the packets and keys of tunnels; empty: none
	Limits       kernel.Limits     // of the tables; what is zero has its default
	Confirm      time.Duration     // the host goes back after this time without Confirm; 0: it does not
	// Save keeps what `write memory` writes; nil: nothing does, and the console says so.
	Save func(text string) error
	// Users asks servers for those who come to consoles; nil: the servers of the configuration are asked.
	Users shell.Users
	// Diagnostics gets what the kernel does otherwise than a PIX.
	Diagnostics func(ast.Diagnostics) error
	// Note gets a line for each thing that happens to the service, and Log each %PIX message that the configuration sends to
	// the console. Both may be nil, and are called from several goroutines.
	Note  func(string)
	Log   func(runtime.Message)
	Clock runtime.Clock // nil: that of the host
}

// ErrRunning is the error of a second firewall in one network namespace.
var ErrRunning = errors.New("a firewall is running here already")

// ErrUnconfirmed ends a firewall that nobody confirmed.
var ErrUnconfirmed = errors.New("not confirmed in time: the host is as it was")

// Daemon is a firewall that runs.
type Daemon struct {
	o       Options
	lock    net.Listener
	engine  *vpn.Firewall
	sender  *syslog.Sender
	first   *shell.Session // never typed at: consoles are made from it
	socket  net.Listener
	remote  *remotes
	users   *uauth.Listener                  // nil: nobody listens
	logging atomic.Pointer[compiler.Logging] // of the plan in force
	cancel  func()
	work    sync.WaitGroup
	ended   chan struct{}
	timer   *time.Timer
	mu      sync.Mutex
	waiting bool // for confirmation
	closed  bool
	err     error
	conns   map[net.Conn]bool
}

// Start takes the interfaces and applies the configuration. On an error the host is as it was.
func Start(o Options) (d *Daemon, err error) {
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Socket == "" {
		o.Socket = filepath.Join(o.State, "console.sock")
	}
	if err := os.MkdirAll(o.State, 0o700); err != nil {
		return nil, err
	}
	d = &Daemon{o: o, ended: make(chan struct{}), conns: map[net.Conn]bool{}}
	if d.lock, err = takeLock(o.Netns); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	if d.engine, err = vpn.New(vpn.Options{Note: o.Note, Record: o.Record, Certificates: o.Certificates, ReadList: shell.ReadList,
		Kernel: kernel.Options{Devices: o.Devices, Netns: o.Netns, Host: filepath.Join(o.State, "host.json"), Clock: o.Clock, Note: o.Note, Limits: o.Limits}}); err != nil {
		return d, err
	}
	for _, f := range d.engine.Missing() {
		o.Note(f.String())
	}
	if o.Clock == nil {
		d.o.Clock = runtime.WallClock{}
	}
	if o.Users == nil {
		d.o.Users = asking{d.engine.AAA}
	}
	d.sender = syslog.NewSender(dialIn(o.Netns), d.o.Clock, o.Note)
	d.remote = newRemotes(d)
	d.listenUsers()
	checked := &checkedEngine{Firewall: d.engine, d: d, tell: o.Diagnostics}
	d.cancel = d.engine.Subscribe(d.message)
	if d.first, _, err = shell.New(shell.Options{Engine: checked, Clock: d.o.Clock, Config: o.Config, Secrets: o.Secrets, Save: d.save, Users: d.o.Users,
		Syslog: d.sender, Health: health.New(os.DirFS("/proc"), d.o.Clock), Log: func(m runtime.Message) { d.engine.Publish(m) }}); err != nil {
		return d, err
	}
	d.remote.apply(d.engine.Plan())
	checked.tell, checked.booted = nil, true // what is typed from now on is answered on the console
	if d.socket, err = listenConsole(o.Socket); err != nil {
		return d, err
	}
	d.work.Go(d.serveSocket)
	d.work.Go(d.watch)
	if o.Confirm > 0 {
		d.waiting = true
		d.timer = time.AfterFunc(o.Confirm, d.unconfirmed)
	}
	return d, nil
}

// takeLock is a name that only one process of a network namespace can have, and that goes with the process.
func takeLock(netns string) (net.Listener, error) {
	var l net.Listener
	err := kernel.Within(netns, func() (err error) {
		l, err = net.Listen("unix", "@pixfw/firewall")
		return err
	})
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, ErrRunning
	}
	return l, err
}

// dialIn dials from within the firewall.
func dialIn(netns string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		err = kernel.Within(netns, func() (err error) {
			c, err = (&net.Dialer{}).DialContext(ctx, network, addr)
			return err
		})
		return c, err
	}
}

// checkedEngine refuses plans whose interfaces have no device, and lets the services follow each plan.
type checkedEngine struct {
	*vpn.Firewall
	d      *Daemon
	tell   func(ast.Diagnostics) error
	booted bool
}

// Apply is that of the engine.
func (e *checkedEngine) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	for i := range plan.Interfaces {
		if f := &plan.Interfaces[i]; !f.Shutdown && f.HasAddress() && e.d.o.Devices[f.Hardware] == "" {
			return nil, fmt.Errorf("%s: no device is given for %s", f.Line.Place(plan.File), f.Hardware)
		}
	}
	diags, err := e.Firewall.Apply(plan)
	if e.tell != nil {
		err = errors.Join(err, e.tell(diags))
	}
	if err != nil {
		return diags, err
	}
	e.d.logging.Store(&plan.Logging)
	e.d.sender.Apply(plan)
	if e.booted {
		e.d.remote.apply(plan)
	}
	return diags, nil
}

func (d *Daemon) message(m runtime.Message) {
	d.sender.Send(m)
	l := d.logging.Load()
	if d.o.Log != nil && l != nil && l.Sends(m.ID) && l.Level(m.ID, m.Level) <= l.Console {
		d.o.Log(m)
	}
}

func (d *Daemon) save(text string) error {
	if d.o.Save == nil {
		return errors.New("there is no file to write to")
	}
	return d.o.Save(text)
}

// Console is a further serial console of the firewall: whoever has it is asked for a user where the configuration says so.
func (d *Daemon) Console() *shell.Session {
	s := d.first.Another(shell.User, nil)
	s.Gate()
	return s
}

// watch lets the box look at what nobody tells of, until the firewall ends.
func (d *Daemon) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-d.ended
		cancel()
	}()
	d.first.Watch(ctx)
}

// Confirm keeps the firewall. It reports whether it was waited for.
func (d *Daemon) Confirm() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.waiting
	d.waiting = false
	if was {
		d.timer.Stop()
	}
	return was
}

// Waiting reports whether the firewall goes back unless it is confirmed.
func (d *Daemon) Waiting() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

func (d *Daemon) unconfirmed() {
	d.mu.Lock()
	if !d.waiting || d.closed {
		d.mu.Unlock()
		return
	}
	d.err = ErrUnconfirmed
	d.mu.Unlock()
	d.end()
}

// end lets Wait return.
func (d *Daemon) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.ended:
	default:
		close(d.ended)
	}
}

// Wait returns when ctx is done, or when the firewall ends by itself: the error says why.
func (d *Daemon) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.ended:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Close ends the consoles and gives the host back.
func (d *Daemon) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed, d.waiting = true, false
	if d.timer != nil {
		d.timer.Stop()
	}
	var errs []error
	if d.socket != nil {
		errs = append(errs, d.socket.Close())
	}
	for c := range d.conns {
		c.Close() // its reader ends, whatever this says
	}
	d.mu.Unlock()
	d.end()
	if d.remote != nil {
		d.remote.close()
	}
	if d.users != nil {
		errs = append(errs, d.users.Close())
	}
	d.work.Wait()
	if d.cancel != nil {
		d.cancel()
	}
	if d.engine != nil {
		errs = append(errs, d.engine.Close())
	}
	if d.sender != nil {
		d.sender.Close()
	}
	return errors.Join(append(errs, d.lock.Close())...)
}
