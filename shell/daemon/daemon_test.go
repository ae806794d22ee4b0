package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

const config = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
hostname edge
passwd 2KFQnbNIdI.2KYOU encrypted
ip address outside 192.0.2.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
global (outside) 1 192.0.2.10-192.0.2.20 netmask 255.255.255.0
route outside 0.0.0.0 0.0.0.0 192.0.2.254 1
telnet 10.0.0.0 255.255.255.0 inside
ssh 10.0.0.0 255.255.255.0 inside
`

// A network is a host to be with a device on each side, and one host on each of those.
type network struct {
	t            *testing.T
	fw, in, out  string
	state, image string
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs iproute2: ", err)
	}
	if out, err := exec.Command("ip", "netns", "add", fmt.Sprintf("pixd%d", os.Getpid())).CombinedOutput(); err != nil {
		t.Skipf("cannot make network namespaces: %v: %s", err, out)
	}
	base := fmt.Sprintf("pixd%d", os.Getpid())
	n := &network{t: t, fw: base, in: base + "i", out: base + "o", state: t.TempDir()}
	t.Cleanup(func() { run(t, "ip", "netns", "del", n.fw) })
	for _, ns := range []string{n.in, n.out} {
		run(t, "ip", "netns", "add", ns)
		t.Cleanup(func() { run(t, "ip", "netns", "del", ns) })
	}
	for _, c := range []string{
		"-n FW link add eth0 type veth peer name eth0 netns OUT",
		"-n FW link add eth1 type veth peer name eth0 netns IN",
		"-n FW link set lo up",
		"-n OUT addr add 192.0.2.254/24 dev eth0", "-n OUT link set eth0 up", "-n OUT link set lo up",
		"-n IN addr add 10.0.0.2/24 dev eth0", "-n IN link set eth0 up", "-n IN link set lo up",
		"-n IN route add default via 10.0.0.1",
		// What the host has on its devices.
		"-n FW link set eth0 up", "-n FW addr add 192.0.2.77/24 dev eth0", "-n FW route add default via 192.0.2.254 metric 50",
		"-n FW addr add 172.16.5.1/24 dev eth1",
		"-n FW neigh add proxy 172.16.5.9 dev eth1",
	} {
		c = strings.NewReplacer("FW", n.fw, "IN", n.in, "OUT", n.out).Replace(c)
		run(t, "ip", strings.Fields(c)...)
	}
	n.image = n.host()
	return n
}

// host is how the host is: devices, addresses, routes, settings.
func (n *network) host() string {
	n.t.Helper()
	var b strings.Builder
	for _, args := range []string{"-4 -o addr show", "-4 route show table all", "-o link show"} {
		for line := range strings.Lines(run(n.t, "ip", append([]string{"-n", n.fw}, strings.Fields(args)...)...)) {
			if i := strings.Index(line, "valid_lft"); i >= 0 {
				line = line[:i] + "\n"
			}
			// A device that is down shows by this that it has once been up.
			b.WriteString(strings.Replace(line, " qdisc noop ", " qdisc noqueue ", 1))
		}
	}
	for _, args := range []string{"rule show", "neigh show proxy"} {
		b.WriteString(run(n.t, "ip", append([]string{"-n", n.fw}, strings.Fields(args)...)...))
	}
	b.WriteString(run(n.t, "ip", "netns", "exec", n.fw, "sysctl", "-a", "-r", settings))
	b.WriteString(run(n.t, "ip", "netns", "exec", n.fw, "nft", "list", "ruleset"))
	return b.String()
}

// mac is the hardware address of a device of the host, as the console prints it.
func (n *network) mac(dev string) string {
	n.t.Helper()
	fields := strings.Fields(run(n.t, "ip", "-n", n.fw, "-br", "link", "show", dev))
	if len(fields) < 3 {
		n.t.Fatal(fields)
	}
	h := strings.ReplaceAll(fields[2], ":", "")
	return h[:4] + "." + h[4:8] + "." + h[8:]
}

// settings are those of a host that do not change by themselves. The kernel's own of a device that has once been up are no matter.
const settings = `^net\.(ipv4\.(ip_forward|ipfrag|conf|neigh|tcp_syncookies)|netfilter\.nf_conntrack_(tcp|udp|icmp|generic|acct|timestamp|events)|ipv6\.conf)`

func netns(name string) string { return "/run/netns/" + name }

func (n *network) options() Options {
	cfg, _, diags := parser.Load("pix.cfg", []byte(config))
	if err := diags.Err(); err != nil {
		n.t.Fatal(err)
	}
	return Options{Config: cfg, Netns: netns(n.fw), State: n.state,
		Devices: map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"}, Note: func(text string) { n.t.Log(text) }}
}

func (n *network) start(o Options) *Daemon {
	n.t.Helper()
	d, err := Start(o)
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

func (n *network) listen(ns, addr string) net.Listener {
	n.t.Helper()
	var l net.Listener
	if err := kernel.Within(netns(ns), func() (err error) { l, err = net.Listen("tcp4", addr); return err }); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { l.Close() })
	return l
}

func (n *network) dial(ns, addr string) (c net.Conn, err error) {
	err = kernel.Within(netns(ns), func() (err error) {
		c, err = net.DialTimeout("tcp4", addr, 20*time.Second)
		return err
	})
	return c, err
}

// closed tries to reach what no line permits. What is dropped in silence shows by nothing coming for a while.
func (n *network) closed(ns, addr string) {
	n.t.Helper()
	err := kernel.Within(netns(ns), func() error {
		c, err := net.DialTimeout("tcp4", addr, 500*time.Millisecond)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err == nil {
		n.t.Errorf("%s answers, which no line permits", addr)
	}
}

// A flow is a connection from inside to outside, over which lines go and come back.
type flow struct {
	c    net.Conn
	r    *bufio.Reader
	from string
}

func (n *network) flow(l net.Listener) *flow {
	n.t.Helper()
	from := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			from <- err.Error()
			return
		}
		from <- c.RemoteAddr().String()
		_, _ = io.Copy(c, c) // ends with the connection
		c.Close()
	}()
	c, err := n.dial(n.in, l.Addr().String())
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { c.Close() })
	return &flow{c, bufio.NewReader(c), <-from}
}

func (f *flow) echo(t *testing.T, text string) {
	t.Helper()
	if err := f.c.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(f.c, text); err != nil {
		t.Fatal(err)
	}
	if line, err := f.r.ReadString('\n'); err != nil || line != text+"\n" {
		t.Fatalf("%q: %q, %v", text, line, err)
	}
}

func (n *network) returned() {
	n.t.Helper()
	if now := n.host(); now != n.image {
		n.t.Errorf("the host is not as it was (-was +is)\n%s", cmp.Diff(strings.Split(n.image, "\n"), strings.Split(now, "\n")))
	}
	if left, err := filepath.Glob(n.state + "/host.json"); err != nil || left != nil {
		n.t.Errorf("left: %v, %v", left, err)
	}
}

func TestDaemon(t *testing.T) {
	n := newNetwork(t)
	d := n.start(n.options())
	var mu sync.Mutex
	var heard []string
	d.engine.Subscribe(func(m runtime.Message) { mu.Lock(); heard = append(heard, m.String()); mu.Unlock() })
	told := func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(heard) }
	closed := false
	t.Cleanup(func() {
		if !closed {
			d.Close()
		}
	})
	if again, err := Start(n.options()); !errors.Is(err, ErrRunning) || again != nil {
		t.Fatalf("a second firewall: %v", err)
	}
	if strings.Contains(n.host(), "192.0.2.77") {
		t.Error("the host's address is still there")
	}
	if rules := run(t, "ip", "netns", "exec", n.fw, "nft", "list", "table", "ip6", "pixfw"); strings.Count(rules, "drop") != 8 {
		t.Errorf("IPv6 passes:\n%s", rules)
	}
	server := n.listen(n.out, "192.0.2.254:7")
	f := n.flow(server)
	if host, _, _ := net.SplitHostPort(f.from); host != "192.0.2.10" {
		t.Errorf("from %s, want the first address of the pool", f.from)
	}
	f.echo(t, "before")

	t.Run("socket", func(t *testing.T) {
		c, err := Dial(filepath.Join(n.state, "console.sock"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Pipe(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "enable\n\nconf t\nhostname core\nfixup protocol ils 389\nno fixup protocol ils 389\nexit\nshow xlate\nshow interface inside\nshow arp\npacket-tracer input inside tcp 10.0.0.2 9 192.0.2.254 9\nexit\nexit\n"); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c)
		mac := n.mac("eth1")
		if !slices.Contains(told(), "%PIX-5-111008: User 'enable_15' executed the 'hostname core' command.") {
			t.Errorf("what was typed is not logged: %q", told())
		}
		for _, want := range []string{"edge> ", "core(config)# ", ": fixup protocol ils 389: ", "Global 192.0.2.10 Local 10.0.0.2",
			"is up, line protocol is up\n  Hardware is i82559 ethernet, address is " + mac + "\n", "\tinside 10.0.0.2 ", "By the configuration alone:", "Action: allow\n"} {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("no %q (%v) in\n%s", want, err, text)
			}
		}
	})
	t.Run("ssh", func(t *testing.T) {
		for _, password := range []string{"wrong", "cisco"} {
			c, err := n.dial(n.in, "10.0.0.1:22")
			if err != nil {
				t.Fatal(err)
			}
			conn, chans, reqs, err := ssh.NewClientConn(c, "pix", &ssh.ClientConfig{User: "pix", Auth: []ssh.AuthMethod{ssh.Password(password)},
				HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second})
			if password == "wrong" {
				if err == nil {
					t.Error("a wrong password opens a console")
				}
				c.Close()
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			client := ssh.NewClient(conn, chans, reqs)
			s, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
				t.Fatal(err)
			}
			in, err := s.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			s.Stdout = &out
			if err := s.Shell(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(in, "enable\r\rshow hostname\rshow curpriv\rexit\rexit\r"); err != nil {
				t.Fatal(err)
			}
			if err := s.Wait(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(out.String(), "core# ") {
				t.Errorf("no privileged prompt in\n%q", out.String())
			}
			client.Close()
		}
	})
	t.Run("telnet", func(t *testing.T) {
		c, err := n.dial(n.in, "10.0.0.1:23")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for _, step := range [][2]string{{"Password: ", "wrong\r\n"}, {"Password: ", "cisco\r\n"}, {"core> ", "\xff\xfd\x01exit\r\n"}, {"Logoff", ""}} {
			var seen strings.Builder
			for b := make([]byte, 1); !strings.HasSuffix(seen.String(), step[0]); {
				if _, err := c.Read(b); err != nil {
					t.Fatalf("waiting for %q: %v after %q", step[0], err, seen.String())
				}
				seen.WriteByte(b[0])
			}
			if _, err := io.WriteString(c, step[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	n.closed(n.out, "192.0.2.1:22")

	// Again, at once: the connection lives on.
	closed = true
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	n.returned()
	d = n.start(n.options())
	closed = false
	f.echo(t, "after a restart")
	if host, _, _ := net.SplitHostPort(n.flow(server).from); host != "192.0.2.10" {
		t.Errorf("after a restart the host leaves as %s", host)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	closed = true
	n.returned()
}

func TestConfirm(t *testing.T) {
	n := newNetwork(t)
	o := n.options()
	o.Confirm = 50 * time.Millisecond
	d := n.start(o)
	if err := d.Wait(context.Background()); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("unconfirmed: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	n.returned()

	o.Confirm = time.Hour
	d = n.start(o)
	c, err := Dial(filepath.Join(n.state, "console.sock"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Confirm()
	if err != nil || answer != "confirmed" || d.Waiting() {
		t.Errorf("%q, %v", answer, err)
	}
	c.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	n.returned()
}

// A configuration that the host cannot carry changes nothing.
func TestNoDevice(t *testing.T) {
	n := newNetwork(t)
	o := n.options()
	o.Devices = map[string]string{"ethernet0": "eth0", "ethernet1": "eth9"}
	if _, err := Start(o); err == nil || !strings.Contains(err.Error(), "eth9") {
		t.Errorf("a device that is not there: %v", err)
	}
	n.returned()
	o.Devices = map[string]string{"ethernet0": "eth0"}
	if _, err := Start(o); err == nil || !strings.Contains(err.Error(), "ethernet1") {
		t.Errorf("no device: %v", err)
	}
	n.returned()
}

// childEnv makes the test program a firewall that waits to be killed.
const childEnv = "PIXFW_TEST_DAEMON"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var o Options
		var policy string
		if err := json.Unmarshal([]byte(text), &struct {
			Netns, State *string
			Devices      *map[string]string
			Config       *string
		}{&o.Netns, &o.State, &o.Devices, &policy}); err != nil {
			panic(err)
		}
		o.Config, _, _ = parser.Load("pix.cfg", []byte(policy))
		if _, err := Start(o); err != nil {
			panic(err)
		}
		fmt.Println("runs")
		select {}
	}
	os.Exit(m.Run())
}
