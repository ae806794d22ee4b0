package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/vpn"
)

// Internet is the host behind the default route. It is an address for documentation (RFC 5737).
var Internet = ast.MustIP("198.51.100.7")

// ErrNotRoot is what New answers to a user who may not make namespaces.
var ErrNotRoot = errors.New("the lab makes network namespaces: run it as root")

// Lab is a firewall with its neighbours.
type Lab struct {
	Engine *vpn.Firewall
	Diags  ast.Diagnostics // of Apply

	plan     *compiler.Plan
	firewall *space
	sides    []*Side // by interface of the plan; nil where it has no address
	stop     func()

	mu       sync.Mutex
	messages []runtime.Message // the newest, at most maxMessages
	notes    []string          // likewise, about sockets and tunnels
	told     func(string)      // gets each further note; nil: nobody does
	changed  chan struct{}     // closed and replaced with each message
	servers  []*http.Server
	closed   bool
}

const maxMessages = 4096

// Side is the namespace of the neighbours on one interface.
type Side struct {
	If    int
	Name  string   // of the namespace
	Hosts []ast.IP // every address that lives there
	space *space
}

// New builds the lab and applies the plan.
func New(plan *compiler.Plan) (*Lab, error) { return build(plan, Options{}) }

func build(plan *compiler.Plan, opts Options) (lab *Lab, err error) {
	if os.Getuid() != 0 {
		return nil, ErrNotRoot
	}
	prefix := fmt.Sprintf("pixfw-%d-%d-", os.Getpid(), made.Add(1))
	l := &Lab{plan: plan, changed: make(chan struct{}), sides: make([]*Side, len(plan.Interfaces)), stop: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
			lab = nil
		}
	}()
	if l.firewall, err = newSpace(prefix + "firewall"); err != nil {
		return nil, err
	}
	devices := map[string]string{}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		if !f.HasAddress() || f.Shutdown {
			continue
		}
		dev := "eth" + strconv.Itoa(i)
		devices[f.Hardware] = dev
		s := &Side{If: i}
		if s.space, err = newSpace(prefix + f.Name); err != nil {
			return nil, err
		}
		s.Name = s.space.name
		l.sides[i] = s
		if err = l.wire(s, dev); err != nil {
			return nil, fmt.Errorf("neighbours on %s: %w", f.Name, err)
		}
	}
	if l.Engine, err = vpn.New(vpn.Options{Note: l.note, Certificates: opts.Certificates, Record: opts.Record, ReadList: opts.ReadList, Kernel: kernel.Options{Devices: devices, Netns: "/var/run/netns/" + l.firewall.name, Limits: opts.Limits}}); err != nil {
		return nil, err
	}
	l.stop = l.Engine.Subscribe(l.heard)
	if l.Diags, err = l.Engine.Apply(plan); err != nil {
		return nil, err
	}
	return l, nil
}

// wire connects a side with the firewall and gives it its hosts.
func (l *Lab) wire(s *Side, dev string) error {
	fw, err := netlink.NewHandleAt(l.firewall.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer fw.Close()
	if err := fw.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: dev}, PeerName: "eth0", PeerNamespace: netlink.NsFd(s.space.ns)}); err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	h, err := netlink.NewHandleAt(s.space.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := s.space.do(func() error {
		for _, k := range []string{"rp_filter 0", "arp_announce 2"} {
			name, value, _ := strings.Cut(k, " ")
			if err := os.WriteFile("/proc/sys/net/ipv4/conf/all/"+name, []byte(value), 0); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	link, err := h.LinkByName("eth0")
	if err != nil {
		return err
	}
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	f := &l.plan.Interfaces[s.If]
	for _, ip := range l.hosts(s.If) {
		on, mask := lo, ast.AllOnes
		if f.Net.Contains(ip) {
			on, mask = link, f.Net.Mask
		}
		if err := h.AddrAdd(on, &netlink.Addr{IPNet: &net.IPNet{IP: toIP(ip), Mask: net.IPMask(toIP(mask))}}); err != nil {
			return fmt.Errorf("address %v: %w", ip, err)
		}
		s.Hosts = append(s.Hosts, ip)
	}
	for _, x := range []netlink.Link{lo, link} {
		if err := h.LinkSetUp(x); err != nil {
			return err
		}
	}
	return h.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: toIP(f.Net.IP), Dst: &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}})
}

// hosts derives who lives on an interface: the next hops of its routes, the real addresses of its statics, the servers
// that the configuration names, the Internet behind the default route; and a client, if there is nobody else.
func (l *Lab) hosts(i int) []ast.IP {
	p, f := l.plan, &l.plan.Interfaces[i]
	var out []ast.IP
	add := func(ip ast.IP) {
		if ip != 0 && ip != f.Net.IP && !slices.Contains(out, ip) && len(out) < 256 {
			if r := p.Lookup(ip); r != nil && r.If == i {
				out = append(out, ip)
			}
		}
	}
	for k := range p.Routes {
		if r := &p.Routes[k]; r.If == i && !r.Connected {
			add(r.Gateway)
			if r.Net.Mask == 0 {
				add(Internet)
			}
		}
	}
	for k := range p.NAT.Statics {
		if s := &p.NAT.Statics[k]; s.RealIf == i {
			add(staticHost(s))
		}
	}
	for k := range p.AAAGroups {
		for _, s := range p.AAAGroups[k].Servers {
			add(s.IP)
		}
	}
	first, last := f.Net.Range()
	near := func(ip ast.IP) bool { return f.Net.Contains(ip) }
	for ip := last - 1; ip > first && (len(out) < 2 || !slices.ContainsFunc(out, near)); ip-- {
		if !l.taken(i, ip) {
			add(ip)
		}
	}
	return out
}

// taken reports whether an address of interface i belongs to a translation or a pool.
func (l *Lab) taken(i int, ip ast.IP) bool {
	for k := range l.plan.NAT.Statics {
		if s := &l.plan.NAT.Statics[k]; s.MappedIf == i && s.MappedNet().Contains(ip) {
			return true
		}
	}
	for k := range l.plan.NAT.Globals {
		if g := &l.plan.NAT.Globals[k]; g.If == i && g.First <= ip && ip <= g.Last {
			return true
		}
	}
	for k := range l.plan.VPN.Pools {
		if l.plan.VPN.Pools[k].Contains(ip) {
			return true
		}
	}
	return false
}

// staticHost is the host of a static that the lab plays: the only one, or the first of a net.
func staticHost(s *compiler.Static) ast.IP {
	if s.Mask == ast.AllOnes {
		return s.Real
	}
	return s.Real&s.Mask + 1
}

func toIP(ip ast.IP) net.IP { return net.IP{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)} }

// Firewall is the name of the firewall's namespace.
func (l *Lab) Firewall() string { return l.firewall.name }

// Sides are the namespaces of the neighbours.
func (l *Lab) Sides() []*Side {
	return slices.DeleteFunc(slices.Clone(l.sides), func(s *Side) bool { return s == nil })
}

// side is where a host lives.
func (l *Lab) side(ip ast.IP) (*Side, error) {
	for _, s := range l.Sides() {
		if slices.Contains(s.Hosts, ip) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("nobody in the lab has the address %v", ip)
}

// note keeps what the firewall says of its sockets and tunnels.
func (l *Lab) note(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.notes) == maxMessages {
		l.notes = slices.Delete(l.notes, 0, maxMessages/2)
	}
	l.notes = append(l.notes, text)
	if l.told != nil {
		l.told(text)
	}
}

// Notes are what went wrong with sockets and tunnels, the oldest first.
func (l *Lab) Notes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.notes)
}

func (l *Lab) heard(m runtime.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.messages) == maxMessages {
		l.messages = slices.Delete(l.messages, 0, maxMessages/2)
	}
	l.messages = append(l.messages, m)
	close(l.changed)
	l.changed = make(chan struct{})
}

// Messages are those that the firewall wrote, the oldest first.
func (l *Lab) Messages() []runtime.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.messages)
}

// Await waits until a message that fits is written, or was since mark (a number of messages), and returns it.
func (l *Lab) Await(mark int, limit time.Duration, fits func(runtime.Message) bool) (runtime.Message, bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		l.mu.Lock()
		changed := l.changed
		for _, m := range l.messages[min(mark, len(l.messages)):] {
			if fits(m) {
				l.mu.Unlock()
				return m, true
			}
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			return runtime.Message{}, false
		}
	}
}

// Serve starts an HTTP server on a host of the lab. It answers with its own address and that of the client as it sees it.
func (l *Lab) Serve(ip ast.IP, port uint16) error {
	s, err := l.side(ip)
	if err != nil {
		return err
	}
	var listener net.Listener
	if err := s.space.do(func() (err error) {
		listener, err = net.Listen("tcp4", net.JoinHostPort(ip.String(), strconv.Itoa(int(port))))
		return err
	}); err != nil {
		return err
	}
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "server %v client %s\n", ip, client)
	})}
	l.mu.Lock()
	l.servers = append(l.servers, srv)
	l.mu.Unlock()
	go func() { _ = srv.Serve(listener) }() // ends with Close
	return nil
}

// Dial opens a TCP connection from a host of the lab.
func (l *Lab) Dial(from, to ast.IP, port uint16, limit time.Duration) (net.Conn, error) {
	s, err := l.side(from)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	err = s.space.do(func() (err error) {
		d := net.Dialer{Timeout: limit, LocalAddr: &net.TCPAddr{IP: toIP(from)}}
		conn, err = d.Dial("tcp4", net.JoinHostPort(to.String(), strconv.Itoa(int(port))))
		return err
	})
	return conn, err
}

// Get fetches a page, as any HTTP client on the host would.
func (l *Lab) Get(from, to ast.IP, port uint16) (string, error) {
	conn, err := l.Dial(from, to, port, 3*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	resp, err := client.Get("http://" + net.JoinHostPort(to.String(), strconv.Itoa(int(port))) + "/")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return strings.TrimSpace(string(body)), err
}

// Send sends one packet of any protocol from a host of the lab, with payload after the IP header.
func (l *Lab) Send(from, to ast.IP, proto uint8, payload []byte) error {
	s, err := l.side(from)
	if err != nil {
		return err
	}
	return s.space.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(proto))
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		src, dst := unix.SockaddrInet4{Addr: [4]byte(toIP(from))}, unix.SockaddrInet4{Addr: [4]byte(toIP(to))}
		if err := unix.Bind(fd, &src); err != nil {
			return err
		}
		return unix.Sendto(fd, payload, 0, &dst)
	})
}

// SendIP sends a whole packet, header included, to the firewall's interface i: with any source.
func (l *Lab) SendIP(i int, packet []byte) error {
	if i < 0 || i >= len(l.sides) || l.sides[i] == nil || len(packet) < 20 {
		return fmt.Errorf("no interface %d, or no packet", i)
	}
	return l.sides[i].space.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: [4]byte(packet[16:20])})
	})
}

// Close removes the lab.
func (l *Lab) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	var errs []error
	l.stop()
	for _, s := range l.servers {
		errs = append(errs, s.Close())
	}
	if l.Engine != nil {
		errs = append(errs, l.Engine.Close())
	}
	for _, s := range l.Sides() {
		errs = append(errs, s.space.close())
	}
	if l.firewall != nil {
		errs = append(errs, l.firewall.close())
	}
	return errors.Join(errs...)
}
