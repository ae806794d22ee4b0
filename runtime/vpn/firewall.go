package vpn

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/ike"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
)

// Options of a Firewall.
type Options struct {
	Kernel kernel.Options // Tunnels and Servers are set
	// Certificates is a directory with what `ca authenticate` and `ca enroll` bring a box; see ReadCertificates. Empty: there are none,
	// and policies with rsa-sig are not used.
	Certificates string
	// Record is a file for every packet of IKE and ESP; with .keys after it, a directory for the keys. Empty: nothing is written.
	Record string
	// ReadList reads access lists that servers send for users; nil: users with such lists are refused.
	ReadList runtime.ListReader
	// Network stands between the firewall and its devices and sockets; nil: nothing does.
	Network func(Network) Network
	// Note gets a line for what goes wrong with sockets and tunnels; nil: nobody hears it.
	Note func(string)
}

// Firewall is a kernel engine that serves tunnels.
type Firewall struct {
	*kernel.Engine
	runtime.VPN
	// AAA asks the servers of the plan, from within the firewall.
	AAA     *aaa.Client
	service *service
}

var (
	_ runtime.Engine = (*Firewall)(nil)
	_ runtime.VPN    = (*Firewall)(nil)

	_ runtime.Certified = (*Firewall)(nil)
)

// New opens the namespace. Nothing is changed before the first Apply.
func New(o Options) (*Firewall, error) {
	o.Kernel.Tunnels, o.Kernel.Servers = true, true
	if o.Kernel.Clock == nil {
		o.Kernel.Clock = runtime.WallClock{}
	}
	var certs *ike.Certificates
	var err error
	if o.Certificates != "" {
		if certs, err = ReadCertificates(o.Certificates); err != nil {
			return nil, err
		}
	}
	f := &Firewall{}
	o.Kernel.Account = func(u kernel.Use) { f.service.books.use(u) } // not before a plan is applied
	engine, err := kernel.New(o.Kernel)
	if err != nil {
		return nil, err
	}
	var rec *recording
	if o.Record != "" {
		if rec, err = startRecording(o.Record, o.Kernel.Clock, o.Note); err != nil {
			return nil, errors.Join(err, engine.Close())
		}
	}
	f.Engine = engine
	where := namespace(o.Kernel.Netns)
	f.AAA = aaa.New(&compiler.Plan{}, aaa.Options{Clock: o.Kernel.Clock, Dial: where.dial, Emit: f.event})
	var network Network = where
	if o.Network != nil {
		network = o.Network(where)
	}
	f.service = newService(config{clock: o.Kernel.Clock, rand: rand.Reader, devices: o.Kernel.Devices, network: network, host: engine, servers: f.AAA,
		certs: certs, record: rec, readList: o.ReadList, note: o.Note})
	f.VPN = f.service
	return f, nil
}

// event is what asking servers tells: a message, or debug output.
func (f *Firewall) event(e aaa.Event) {
	if e.ID != 0 {
		f.Publish(syslog.New(e.ID, e.Args...))
		return
	}
	f.service.event(e)
}

// Apply is that of runtime.Engine.
func (f *Firewall) Apply(plan *compiler.Plan) (ast.Diagnostics, error) {
	if err := f.service.prepare(plan); err != nil {
		return nil, err
	}
	diags, err := f.Engine.Apply(plan)
	if err != nil {
		return diags, errors.Join(err, f.service.abandon())
	}
	return diags, f.service.apply(plan)
}

// Users is that of runtime.Engine, with the logins of clients that are under way.
func (f *Firewall) Users() runtime.UserTable {
	t := f.Engine.Users()
	t.InProgress, t.MostInProgress = f.service.logins()
	return t
}

// Settle is that of the engine, and waits for what the data plane has told, too. Of packets that nobody has read from devices and sockets it
// knows nothing.
func (f *Firewall) Settle(limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Microsecond) {
		if f.service.quiet() {
			return f.Engine.Settle(time.Until(end))
		}
	}
	return false
}

// Certificates is that of runtime.Certified.
func (f *Firewall) Certificates() (own *x509.Certificate, authority []*x509.Certificate) {
	if c := f.service.c.certs; c != nil {
		return c.Own, c.CA
	}
	return nil, nil
}

// Close tells the peers, and gives the host back as it was.
func (f *Firewall) Close() error {
	return errors.Join(f.service.close(), f.Engine.Close())
}
