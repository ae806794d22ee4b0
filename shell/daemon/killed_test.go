package daemon

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/parser"
	"pixfw/runtime/kernel"
)

// victim starts a firewall in a process of its own, which kill ends as a crash does.
func (n *network) victim(o Options, policy string) (kill func()) {
	n.t.Helper()
	text, err := json.Marshal(map[string]any{"Netns": o.Netns, "State": o.State, "Devices": o.Devices, "Config": policy})
	if err != nil {
		n.t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+string(text))
	child.Stderr = os.Stderr
	pipe, err := child.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		n.t.Fatal(err)
	}
	dead := false
	kill = func() {
		if !dead {
			dead = true
			if err := child.Process.Signal(unix.SIGKILL); err != nil {
				n.t.Error(err)
			}
			_ = child.Wait() // killed, as it says
		}
	}
	n.t.Cleanup(kill)
	if line, err := bufio.NewReader(pipe).ReadString('\n'); err != nil || line != "runs\n" {
		n.t.Fatalf("%q, %v", line, err)
	}
	return kill
}

// echoes answers connections on an address outside.
func (n *network) echoes(addr string) {
	n.t.Helper()
	l := n.listen(n.out, addr)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, c.RemoteAddr())
			c.Close()
		}
	}()
}

// seen is the address as which an inside host comes out.
func (n *network) seen(from, to string, wait time.Duration) (host string, err error) {
	err = kernel.Within(netns(n.in), func() error {
		d := net.Dialer{Timeout: wait, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp4", to)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			return err
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		host, _, _ = net.SplitHostPort(strings.TrimSpace(line))
		return err
	})
	return host, err
}

const killedPolicy = config + `static (inside,outside) 192.0.2.30 10.0.0.9 netmask 255.255.255.255 0 0
access-list vpn permit ip host 10.0.0.9 host 198.51.100.9
crypto ipsec transform-set strong esp-3des esp-sha-hmac
crypto map m 10 ipsec-isakmp
crypto map m 10 match address vpn
crypto map m 10 set peer 192.0.2.253
crypto map m 10 set transform-set strong
crypto map m interface outside
isakmp enable outside
isakmp key secret address 192.0.2.253 netmask 255.255.255.255
isakmp policy 10 authentication pre-share
isakmp policy 10 encryption 3des
isakmp policy 10 hash sha
isakmp policy 10 group 2
`

// A firewall that is killed leaves a host that lets through what was established, hosts that have a translation and statics, and nothing
// else. The next one takes over what it has left, however often that happens, and whatever its configuration is; and the host is in the end as
// it was before the first.
func TestKilled(t *testing.T) {
	n := newNetwork(t)
	for _, ip := range []string{"10.0.0.3", "10.0.0.9"} {
		run(t, "ip", "-n", n.in, "addr", "add", ip+"/24", "dev", "eth0")
	}
	o := n.options()
	policy := killedPolicy
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Logf("without a crypto map: %v", err)
		policy = config + strings.SplitAfter(strings.TrimPrefix(killedPolicy, config), "\n")[0]
	}
	n.echoes("192.0.2.254:8")
	comesAs := func(from, want string) {
		t.Helper()
		if host, err := n.seen(from, "192.0.2.254:8", 20*time.Second); host != want {
			t.Errorf("%s comes as %q, %v, want %s", from, host, err, want)
		}
	}
	kill := n.victim(o, policy)
	f := n.flow(n.listen(n.out, "192.0.2.254:7"))
	f.echo(t, "before")
	comesAs("10.0.0.2", "192.0.2.10")
	comesAs("10.0.0.9", "192.0.2.30")
	kill()
	f.echo(t, "with nobody there")
	comesAs("10.0.0.2", "192.0.2.10")
	comesAs("10.0.0.9", "192.0.2.30")
	if host, err := n.seen("10.0.0.3", "192.0.2.254:8", 500*time.Millisecond); err == nil {
		t.Errorf("a host without a translation comes as %s when nobody gives it one", host)
	}
	n.closed(n.out, "192.0.2.10:7")
	n.closed(n.out, "192.0.2.30:7")
	n.closed(n.out, "192.0.2.1:22")

	// Another one, which dies as well.
	kill = n.victim(o, policy)
	f.echo(t, "with another one")
	comesAs("10.0.0.3", "192.0.2.11")
	comesAs("10.0.0.2", "192.0.2.10")
	rules := run(t, "ip", "-n", n.fw, "rule", "show")
	kill()
	f.echo(t, "with nobody there again")
	kill = n.victim(o, policy)
	if now := run(t, "ip", "-n", n.fw, "rule", "show"); now != rules {
		t.Errorf("rules were\n%sand are, after another crash,\n%s", rules, now)
	}
	kill()
	// The clients of one that dies stay answered for.
	run(t, "ip", "-n", n.fw, "neigh", "add", "proxy", "10.0.0.77", "dev", "eth1")

	// The last one has no crypto map, and no static.
	o.Config, _, _ = parser.Load("pix.cfg", []byte(config))
	d := n.start(o)
	f.echo(t, "with the last one")
	comesAs("10.0.0.3", "192.0.2.11")
	for _, args := range []string{"rule show", "neigh show proxy"} {
		out := run(t, "ip", append([]string{"-n", n.fw}, strings.Fields(args)...)...)
		if strings.Contains(out, "lookup 20567") || strings.Contains(out, "fwmark 0x53000000/") || strings.Contains(out, "10.0.0.77") || strings.Contains(out, "172.16.5.9") {
			t.Errorf("left: %s", out)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	n.returned()
}
