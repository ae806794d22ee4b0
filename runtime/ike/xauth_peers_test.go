package ike

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"pixfw/runtime"
)

// peerLab is a machine at 192.168.1.1 in a namespace, and a function that runs a script of the lab for a peer beside it.
func peerLab(t *testing.T, name, text string, tools ...string) (*served, func(env []string, args ...string) (string, error)) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("../../../shared/lab", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("the lab's scripts are not beside the source")
	}
	if os.Getuid() != 0 {
		t.Skip("namespaces need root")
	}
	for _, tool := range append(tools, "ip", "setsid") {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	prefix, dir := fmt.Sprintf("pixike%d", os.Getpid()), t.TempDir()
	run := func(env []string, name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		out, err := os.CreateTemp(dir, "out") // not a pipe: the client keeps it open
		if err != nil {
			return "", err
		}
		defer out.Close()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = append(append(os.Environ(), "PIXLAB_PREFIX="+prefix, "PIXLAB_STATE="+dir, "GROUP_SECRET=grouppw", "WILD_SECRET=wildkey", "NATT=none"), env...)
		cmd.Stdout, cmd.Stderr = out, out
		err = cmd.Run()
		text, _ := os.ReadFile(out.Name())
		return string(text), err
	}
	must := func(name string, args ...string) {
		t.Helper()
		if out, err := run(nil, name, args...); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	for _, ns := range []string{prefix + "-pix", prefix + "-out"} {
		if out, err := run(nil, "ip", "netns", "add", ns); err != nil {
			t.Skipf("no namespaces here: %v %s", err, out)
		}
		t.Cleanup(func() { must("ip", "netns", "del", ns) })
	}
	must("ip", "-n", prefix+"-pix", "link", "add", "e0", "type", "veth", "peer", "name", "e0", "netns", prefix+"-out")
	for ns, a := range map[string]string{"-pix": "192.168.1.1/24", "-out": "192.168.1.2/24"} {
		must("ip", "-n", prefix+ns, "addr", "add", a, "dev", "e0")
		must("ip", "-n", prefix+ns, "link", "set", "e0", "up")
		must("ip", "-n", prefix+ns, "link", "set", "lo", "up")
	}
	t.Cleanup(func() { // what a test that has failed did not stop
		if left, _ := filepath.Glob(filepath.Join(dir, "*.pid")); len(left) > 0 {
			must("bash", script, "stop")
		}
	})
	m := New(planOf(t, text), Options{Clock: runtime.WallClock{}, Rand: chacha(9)})
	m.SetDebug(ISAKMP, 1)
	p := &served{Machine: m, clients: map[uint64]ClientUp{}, in: make(chan Datagram)}
	for _, port := range []uint16{portIKE, portNATT} {
		p.listen(t, prefix+"-pix", port)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.debug.String())
		}
	})
	return p, func(env []string, args ...string) (string, error) {
		return run(env, "bash", append([]string{script}, args...)...)
	}
}

// TestVPNC lets vpnc, a client of others, log in: group password, XAUTH, mode config by pull, quick mode, good-bye. No packet of
// the tunnel is carried here.
func TestVPNC(t *testing.T) {
	p, script := peerLab(t, "vpnc.sh", pixClients+"vpngroup vpn3000 dns-server 10.0.0.2\nvpngroup vpn3000 default-domain example.com\n"+
		"vpngroup vpn3000 split-tunnel split\n", "vpnc")
	// A wrong password is refused three times, which a client that cannot ask its user again does not wait for.
	if out, err := p.during(t, func() (string, error) { return script([]string{"XPASS=wrong", "TIMEOUT=10"}, "start") }); err == nil || len(p.clients) != 0 {
		t.Fatalf("a wrong password: %v %s", err, out)
	}
	if out, err := p.during(t, func() (string, error) { return script([]string{"GROUP_SECRET=no", "TIMEOUT=10"}, "start") }); err == nil ||
		!strings.Contains(out, "check group password") {
		t.Fatalf("a wrong group password: %v %s", err, out)
	}
	if out, err := p.during(t, func() (string, error) { return script(nil, "start") }); err != nil || !strings.Contains(out, "10.89.129.200") {
		t.Fatalf("%v %s", err, out)
	}
	p.wantClient(t)
	env, err := script(nil, "status")
	if err != nil {
		t.Fatalf("%v %s", err, env)
	}
	for _, want := range []string{"INTERNAL_IP4_DNS=10.0.0.2", "CISCO_DEF_DOMAIN=example.com", "CISCO_SPLIT_INC=2", "CISCO_SPLIT_INC_0_ADDR=10.89.129.128",
		"CISCO_SPLIT_INC_0_MASKLEN=25", "CISCO_SPLIT_INC_1_ADDR=10.2.0.0"} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	if out, err := p.during(t, func() (string, error) { return script(nil, "stop") }); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	p.wantNobody(t)
}

// TestStrongSwanClients lets charon be a client in three ways: in aggressive mode, in main mode with extended authentication offered,
// and as one whose address is pushed. It always speaks NAT traversal.
func TestStrongSwanClients(t *testing.T) {
	for mode, text := range map[string]string{
		"aggr": pixClients,
		"main": strings.Replace(pixClients, "crypto map mymap client configuration address initiate\n", "", 1),
		"push": pixClients,
	} {
		t.Run(mode, func(t *testing.T) {
			p, script := peerLab(t, "strongswan-client.sh", text+"isakmp nat-traversal 20\n", "charon-systemd", "swanctl")
			if out, err := p.during(t, func() (string, error) { return script(nil, "start", mode) }); err != nil || !strings.Contains(out, "10.89.129.200") {
				t.Errorf("%v %s", err, out)
			} else {
				p.wantClient(t)
			}
			if out, err := p.during(t, func() (string, error) { return script(nil, "stop") }); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			p.wantNobody(t)
		})
	}
}

func (p *served) wantClient(t *testing.T) {
	t.Helper()
	if len(p.clients) != 1 || len(p.Pairs()) != 1 || fmt.Sprint(p.PoolInUse(0)) != "[10.89.129.200]" || p.Pairs()[0].User != "cisco_customer" {
		t.Errorf("%+v %+v", p.clients, p.Pairs())
	}
}

func (p *served) wantNobody(t *testing.T) {
	t.Helper()
	if len(p.clients) != 0 || len(p.Pairs()) != 0 || len(p.PoolInUse(0)) != 0 {
		t.Errorf("after the end: %+v %+v", p.clients, p.Pairs())
	}
}

// listen reads a port of the outside address in a namespace.
func (p *served) listen(t *testing.T, name string, port uint16) {
	t.Helper()
	var conn *net.UDPConn
	var err error
	done := make(chan struct{})
	go func() { // the thread is never unlocked, and so ends with its namespace
		defer close(done)
		goruntime.LockOSThread()
		ns, e := netns.GetFromName(name)
		if e != nil {
			err = e
			return
		}
		defer ns.Close()
		if err = netns.Set(ns); err == nil {
			conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 168, 1, 1), Port: int(port)})
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	p.conns[port/portNATT] = conn
	end := make(chan struct{})
	t.Cleanup(func() {
		conn.Close()
		close(end)
	})
	go func() {
		buf := make([]byte, 16<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			payload := slices.Clone(buf[:n])
			if port == portNATT {
				if n < 4 || string(payload[:4]) != "\x00\x00\x00\x00" {
					continue // ESP, or a byte for the NAT
				}
				payload = payload[4:]
			}
			d := Datagram{Local: netip.AddrPortFrom(addr("192.168.1.1"), port), Remote: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), Payload: payload}
			select {
			case p.in <- d:
			case <-end:
				return
			}
		}
	}()
}

// served is a machine at two sockets, with a server group that knows one user.
type served struct {
	*Machine
	conns   [2]*net.UDPConn
	in      chan Datagram
	clients map[uint64]ClientUp
	debug   strings.Builder
}

func (p *served) do(t *testing.T, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			payload := e.Payload
			if e.Local.Port() == portNATT {
				payload = append(make([]byte, 4), payload...)
			}
			if _, err := p.conns[e.Local.Port()/portNATT].WriteToUDPAddrPort(payload, e.Remote); err != nil {
				t.Error(err)
			}
		case Authenticate:
			v := Reject
			if e.User == "cisco_customer" && e.Password == "cisco" {
				v = Accept
			}
			p.do(t, p.AuthResult(e.ID, AuthResult{Verdict: v}))
		case ClientUp:
			p.clients[e.ID] = e
		case ClientDown:
			delete(p.clients, e.ID)
		case Debug:
			p.debug.WriteString(e.Text())
		}
	}
}

// during serves until something is over, and what is left on the wire then is read.
func (p *served) during(t *testing.T, f func() (string, error)) (out string, err error) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		out, err = f()
	}()
	ended := false
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(90 * time.Second); ; {
		select {
		case d := <-p.in:
			p.do(t, p.Receive(d))
		case <-tick.C:
			p.do(t, p.Tick())
			if ended {
				return out, err
			}
			select {
			case <-over:
				ended = true
			default:
			}
		case <-limit:
			t.Fatal("it does not end")
		}
	}
}
