package ike

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"pixfw/runtime"
)

// TestVPNC lets vpnc, a client of others, log in: group password, XAUTH, mode config by pull, quick mode, good-bye. No packet of
// the tunnel is carried here.
func TestVPNC(t *testing.T) {
	script, err := filepath.Abs("../../../shared/lab/vpnc.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("the lab's scripts are not beside the source")
	}
	if os.Getuid() != 0 {
		t.Skip("namespaces need root")
	}
	for _, tool := range []string{"vpnc", "ip", "setsid"} {
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
		cmd.Env = append(append(os.Environ(), "PIXLAB_PREFIX="+prefix, "PIXLAB_STATE="+dir, "GROUP_SECRET=grouppw", "NATT=none"), env...)
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
	conn := listenIn(t, prefix+"-pix")

	plan := planOf(t, pixClients+"vpngroup vpn3000 dns-server 10.0.0.2\nvpngroup vpn3000 default-domain example.com\nvpngroup vpn3000 split-tunnel split\n")
	m := New(plan, Options{Clock: runtime.WallClock{}, Rand: chacha(9)})
	p := &served{Machine: m, conn: conn, clients: map[uint64]ClientUp{}}

	// A wrong password is refused three times, which a client that cannot ask its user again does not wait for.
	end := make(chan result, 1)
	start := func(env ...string) {
		go func() {
			out, err := run(env, "bash", script, "start")
			end <- result{out, err}
		}()
	}
	start("XPASS=wrong", "TIMEOUT=10")
	if r := p.serve(t, end); r.err == nil || len(p.clients) != 0 {
		t.Fatalf("a wrong password: %v %s", r.err, r.out)
	}
	start("GROUP_SECRET=no", "TIMEOUT=10")
	if r := p.serve(t, end); r.err == nil || !strings.Contains(r.out, "check group password") {
		t.Fatalf("a wrong group password: %v %s", r.err, r.out)
	}
	start()
	if r := p.serve(t, end); r.err != nil || !strings.Contains(r.out, "10.89.129.200") {
		t.Fatalf("%v %s", r.err, r.out)
	}
	if len(p.clients) != 1 || len(m.Pairs()) != 1 || fmt.Sprint(m.PoolInUse(0)) != "[10.89.129.200]" {
		t.Errorf("%+v %+v", p.clients, m.Pairs())
	}
	env, err := run(nil, "bash", script, "status")
	if err != nil {
		t.Fatalf("%v %s", err, env)
	}
	for _, want := range []string{"INTERNAL_IP4_DNS=10.0.0.2", "CISCO_DEF_DOMAIN=example.com", "CISCO_SPLIT_INC=2", "CISCO_SPLIT_INC_0_ADDR=10.89.129.128",
		"CISCO_SPLIT_INC_0_MASKLEN=25", "CISCO_SPLIT_INC_1_ADDR=10.2.0.0"} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	go func() {
		out, err := run(nil, "bash", script, "stop")
		end <- result{out, err}
	}()
	if r := p.serve(t, end); r.err != nil || len(p.clients) != 0 || len(m.Pairs()) != 0 || len(m.PoolInUse(0)) != 0 {
		t.Errorf("after the end: %v %s %+v %+v", r.err, r.out, p.clients, m.Pairs())
	}
}

type result struct {
	out string
	err error
}

// listenIn is port 500 of the outside address in a namespace.
func listenIn(t *testing.T, name string) *net.UDPConn {
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
			conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 168, 1, 1), Port: 500})
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// served is a machine at a socket, with a server group that knows one user.
type served struct {
	*Machine
	conn    *net.UDPConn
	clients map[uint64]ClientUp
}

func (p *served) do(t *testing.T, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			if _, err := p.conn.WriteToUDPAddrPort(e.Payload, e.Remote); err != nil {
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
		}
	}
}

// serve goes on until something has ended, and what is left on the wire then is read.
func (p *served) serve(t *testing.T, end <-chan result) (r result) {
	t.Helper()
	buf := make([]byte, 16<<10)
	over := false
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		if err := p.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, from, err := p.conn.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			p.do(t, p.Receive(Datagram{Local: netip.MustParseAddrPort("192.168.1.1:500"), Remote: from, Payload: buf[:n]}))
			continue
		case !errors.Is(err, os.ErrDeadlineExceeded):
			t.Fatal(err)
		}
		p.do(t, p.Tick())
		if over {
			return r
		}
		select {
		case r = <-end:
			over = true
		default:
		}
	}
	t.Fatal("it does not end")
	return r
}
