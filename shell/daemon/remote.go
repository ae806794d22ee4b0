package daemon

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
)

// remotes are the consoles that come over the network: SSH and Telnet, on the interfaces and from the hosts that the
// configuration names (semantics.md section 1.9).
type remotes struct {
	d    *Daemon
	host ssh.Signer // nil: there is no key yet

	mu        sync.Mutex
	listeners map[listening]net.Listener
	conns     map[net.Conn]string // by service
	closed    bool
	work      sync.WaitGroup
}

// listening is where a service is offered.
type listening struct {
	service string // ssh, telnet
	addr    ast.IP
}

var ports = map[string]uint16{"ssh": 22, "telnet": 23}

func newRemotes(d *Daemon) *remotes {
	return &remotes{d: d, listeners: map[listening]net.Listener{}, conns: map[net.Conn]string{}}
}

// access are the lines of a service.
func access(plan *compiler.Plan, service string) []compiler.Access {
	if service == "ssh" {
		return plan.Box.SSH
	}
	return plan.Box.Telnet
}

// apply listens where the plan says. What cannot be listened on is told, and tried again with the next plan.
func (r *remotes) apply(plan *compiler.Plan) {
	want := map[listening]bool{}
	for service := range ports {
		for _, a := range access(plan, service) {
			if f := &plan.Interfaces[a.If]; f.HasAddress() && !f.Shutdown {
				want[listening{service, f.Net.IP}] = true
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	for at, l := range r.listeners {
		if !want[at] {
			l.Close() // its server ends
			delete(r.listeners, at)
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(want), func(a, b listening) int { return int(int64(a.addr) - int64(b.addr)) }) {
		if r.listeners[at] != nil {
			continue
		}
		addr := netip.AddrPortFrom(toAddr(at.addr), ports[at.service]).String()
		var l net.Listener
		err := kernel.Within(r.d.o.Netns, func() (err error) {
			l, err = net.Listen("tcp4", addr)
			return err
		})
		if errors.Is(err, unix.EADDRINUSE) {
			err = errors.New("another program of this host listens there")
		}
		if err == nil && at.service == "ssh" && r.host == nil {
			if r.host, err = hostKey(r.d.o.State); err != nil {
				r.d.engine.Publish(syslog.New(315004))
				l.Close()
			}
		}
		if err != nil {
			r.d.o.Note(fmt.Sprintf("no console by %s on %s: %v", at.service, addr, err))
			continue
		}
		r.listeners[at] = l
		r.work.Go(func() { r.serve(at.service, l) })
	}
}

func toAddr(ip ast.IP) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}

func fromAddr(a netip.Addr) ast.IP {
	b := a.Unmap().As4()
	return ast.IP(b[0])<<24 | ast.IP(b[1])<<16 | ast.IP(b[2])<<8 | ast.IP(b[3])
}

func (r *remotes) serve(service string, l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(100 * time.Millisecond) // out of descriptors, most likely
			continue
		}
		at, ok := r.admit(service, c)
		if !ok {
			c.Close()
			continue
		}
		r.work.Go(func() {
			defer func() {
				c.Close()
				r.mu.Lock()
				defer r.mu.Unlock()
				delete(r.conns, c)
			}()
			serve := r.serveTelnet
			if service == "ssh" {
				serve = r.serveSSH
			}
			err := serve(&idleConn{Conn: c}, at)
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				r.d.o.Note(fmt.Sprintf("%s console from %s: %v", service, at.from.IP, err))
			}
		})
	}
}

// admit counts a connection in, if its source is one that the configuration names.
func (r *remotes) admit(service string, c net.Conn) (at ends, ok bool) {
	remote, err1 := netip.ParseAddrPort(c.RemoteAddr().String())
	local, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	plan := r.d.engine.Plan()
	if err1 != nil || err2 != nil || plan == nil {
		return at, false
	}
	at.from.IP, at.from.Port, at.to.IP = fromAddr(remote.Addr()), remote.Port(), fromAddr(local.Addr())
	i := slices.IndexFunc(access(plan, service), func(a compiler.Access) bool {
		return a.Net.Contains(at.from.IP) && plan.Interfaces[a.If].Net.IP == at.to.IP
	})
	if i < 0 {
		return at, false
	}
	at.to.If = plan.Interfaces[access(plan, service)[i].If].Name
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, s := range r.conns {
		if s == service {
			n++
		}
	}
	if n >= maxConsoles {
		r.d.engine.Publish(syslog.New(710004, at.from, fmt.Sprintf("%s:%v/%s", at.to.If, at.to.IP, service)))
	}
	if r.closed || n >= maxConsoles {
		return at, false
	}
	r.conns[c] = service
	return at, true
}

func (r *remotes) close() {
	r.mu.Lock()
	r.closed = true
	for _, l := range r.listeners {
		l.Close()
	}
	for c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.work.Wait()
}

// idleConn gives up a connection over which nothing comes for limit.
type idleConn struct {
	net.Conn
	mu    sync.Mutex
	limit time.Duration // 0: for ever
	late  bool          // that time is over
}

// expired reports whether the connection has been given up.
func (c *idleConn) expired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late
}

func (c *idleConn) idle(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = limit
}

func (c *idleConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	limit := c.limit
	c.mu.Unlock()
	until := time.Time{}
	if limit > 0 {
		until = time.Now().Add(limit)
	}
	if err := c.Conn.SetReadDeadline(until); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.late = true
	}
	return n, err
}
