package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/shell"
)

// vpnLab is the lab with its clients, servers and routers, and a firewall of the seed's configuration in the middle.
type vpnLab struct {
	t      *testing.T
	prefix string
	dir    string
	d      *Daemon

	mu  sync.Mutex
	log []string // messages and notes
}

const labDir = "../../../shared/lab"

// labSecrets are the keys that the seed shows masked, as the lab's clients have them.
const labSecrets = "isakmp key cisco123 address 0.0.0.0 netmask 0.0.0.0\nvpngroup vpn3000 password cisco123\n"

// newVPNLab builds the lab and starts the firewall; edit changes the configuration before.
func newVPNLab(t *testing.T, edit *strings.Replacer, tools ...string) *vpnLab {
	t.Helper()
	dir, err := filepath.Abs(labDir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "../seed/pixfirewall.cfg"))
	if err != nil {
		t.Skip("the lab is not beside the source: ", err)
	}
	if os.Getuid() != 0 {
		t.Skip("namespaces need root")
	}
	for _, tool := range append(tools, "ip", "nft", "setsid", "python3", "curl", "freeradius") {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("no TUN devices here: ", err)
	}
	l := &vpnLab{t: t, prefix: fmt.Sprintf("pixv%d", os.Getpid()), dir: t.TempDir()}
	if out, err := exec.Command("ip", "netns", "add", l.prefix).CombinedOutput(); err != nil {
		t.Skipf("no namespaces here: %v %s", err, out)
	}
	run(t, "ip", "netns", "del", l.prefix)
	l.must(nil, "up.sh")
	t.Cleanup(func() { l.must(nil, "down.sh") })

	if edit == nil {
		edit = strings.NewReplacer()
	}
	cfg, _, diags := parser.Load("pixfirewall.cfg", []byte(edit.Replace(string(text))))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(l.dir, "secrets")
	if err := os.WriteFile(keys, []byte(labSecrets), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, diags, err := shell.ReadSecrets(keys)
	if err := errors.Join(err, diags.Err()); err != nil {
		t.Fatal(err)
	}
	if l.d, err = Start(Options{Config: cfg, Secrets: secrets, Netns: netns(l.prefix + "-pix"), State: filepath.Join(l.dir, "fw"),
		Devices: map[string]string{"ethernet0": "outside", "ethernet1": "inside"}, Note: l.heard}); err != nil {
		t.Fatal(err)
	}
	cancel := l.d.engine.Subscribe(func(m runtime.Message) { l.heard(m.String()) })
	t.Cleanup(func() {
		cancel()
		if err := l.d.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Log(strings.Join(l.log, "\n"))
		}
	})
	return l
}

func (l *vpnLab) heard(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, text)
}

// script runs a script of the lab.
func (l *vpnLab) script(env []string, name string, args ...string) (string, error) {
	return l.exec(env, "bash", append([]string{filepath.Join(labDir, name)}, args...)...)
}

func (l *vpnLab) must(env []string, name string, args ...string) string {
	l.t.Helper()
	out, err := l.script(env, name, args...)
	if err != nil {
		l.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// in runs a command in a namespace of the lab.
func (l *vpnLab) in(ns, name string, args ...string) (string, error) {
	return l.exec(nil, "ip", append([]string{"netns", "exec", l.prefix + "-" + ns, name}, args...)...)
}

func (l *vpnLab) exec(env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := os.CreateTemp(l.dir, "out") // no pipe: what a script leaves running keeps it open
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), "PIXLAB_PREFIX="+l.prefix, "PIXLAB_STATE="+filepath.Join(l.dir, "lab"), "TACACS=lab"), env...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	text, _ := os.ReadFile(out.Name())
	return string(text), err
}

// await waits until something holds.
func (l *vpnLab) await(what string, holds func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Errorf("%s: does not come about", what)
			return
		}
	}
}

func (l *vpnLab) said(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.log {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

// serve starts the inside web server.
func (l *vpnLab) serve() {
	l.t.Helper()
	var listener net.Listener
	if err := kernel.Within(netns(l.prefix+"-in"), func() (err error) {
		listener, err = net.Listen("tcp4", "10.89.129.131:80")
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from the inside to %s", r.RemoteAddr)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Close
	}()
	l.t.Cleanup(func() {
		if err := server.Close(); err != nil {
			l.t.Error(err)
		}
		<-done
	})
}

// works pings the inside server from a client and fetches its page.
func (l *vpnLab) works(ns, from string) {
	l.t.Helper()
	if out, err := l.in(ns, "ping", "-n", "-I", from, "-c", "3", "-i", "0.2", "-W", "5", "10.89.129.131"); err != nil {
		l.t.Errorf("ping: %v\n%s", err, out)
	}
	if out, err := l.in(ns, "curl", "-sS", "--interface", from, "--max-time", "10", "http://10.89.129.131/"); err != nil || !strings.Contains(out, "hello from the inside to "+from) {
		l.t.Errorf("web page: %v\n%s", err, out)
	}
}

// nobody waits until no client is left.
func (l *vpnLab) nobody() {
	l.t.Helper()
	l.await("the address is free again", func() bool {
		return len(l.d.engine.PoolInUse(0)) == 0 && len(l.d.engine.SAPairs()) == 0 && len(l.d.engine.IKESAs()) == 0 && len(l.d.engine.Users().Users) == 0
	})
}

// TestVPNClient lets vpnc log in with the seed's configuration, over TACACS+ and over RADIUS.
func TestVPNClient(t *testing.T) {
	for protocol, edit := range map[string]*strings.Replacer{
		"tacacs+": nil,
		"radius":  strings.NewReplacer("aaa-server AuthInbound protocol tacacs+", "aaa-server AuthInbound protocol radius"),
	} {
		t.Run(protocol, func(t *testing.T) {
			l := newVPNLab(t, edit, "vpnc")
			l.must(nil, "aaa.sh", "start")
			l.serve()
			if out := l.must([]string{"NATT=none"}, "vpnc.sh", "start"); !strings.Contains(out, "10.89.129.200") {
				t.Fatalf("address: %s", out)
			}
			l.works("out", "10.89.129.200")
			if want := "Authentication succeeded for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH"; !l.said(want) {
				t.Error("no message: ", want)
			}
			l.must(nil, "vpnc.sh", "stop")
			l.nobody()
		})
	}
}

// TestVPNClients lets several clients come, one of them from behind a NAT, and some who are refused.
func TestVPNClients(t *testing.T) {
	l := newVPNLab(t, strings.NewReplacer("10.89.129.200-10.89.129.204", "10.89.129.200-10.89.129.202", "isakmp identity address\n",
		"isakmp identity address\nisakmp nat-traversal 20\n"), "vpnc")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	refused := func(what, want string, env ...string) {
		t.Helper()
		if out, err := l.script(append(env, "TIMEOUT=15"), "vpnc.sh", "start"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
	refused("a wrong password", "can't reuse password", "NATT=none", "XPASS=wrong")
	refused("a wrong group password", "check group password", "NATT=none", "GROUP_SECRET=wrong")
	clear := func() {
		t.Helper()
		if err := l.d.engine.ClearIKE(0); err != nil {
			t.Fatal(err)
		}
		l.nobody()
	}
	clear() // the box still repeats its answer to the client that has gone, and would confuse the next one at that address
	if want := "Authentication failed for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH"; !l.said(want) {
		t.Error("no message: ", want)
	}
	clients := [][]string{{"NATT=none", "NAME=vpnc0"}, {"NAME=vpnc1", "LOCAL=192.168.1.3"}, {"NAME=vpnc2", "NS=" + l.prefix + "-home", "LOCAL_PORT=0"}}
	for i, env := range clients {
		if out := l.must(env, "vpnc.sh", "start"); !strings.Contains(out, fmt.Sprintf("10.89.129.%d", 200+i)) {
			t.Fatalf("client %d: %s", i, out)
		}
	}
	l.works("out", "10.89.129.200")
	l.works("out", "10.89.129.201")
	l.works("home", "10.89.129.202")
	users := l.d.engine.Users().Users
	if len(users) != 3 || !users[0].IPsec || users[0].Name != "cisco_customer" {
		t.Errorf("%+v", users)
	}
	refused("no address is free", "", "NATT=none", "NAME=vpnc3", "LOCAL=198.51.100.10", "LOCAL_PORT=0")
	if !l.said("404101") {
		t.Error("no message about the pool")
	}
	// From inside to a client: the router asks who has the address.
	if out, err := l.in("in", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", "10.89.129.200"); err != nil {
		t.Errorf("ping from inside: %v\n%s", err, out)
	}
	if want := "Built inbound TCP connection 1 for outside:10.89.129.200/"; !l.said(want) {
		t.Error("no message: ", want)
	}
	clear()
	for _, env := range clients {
		l.must(env, "vpnc.sh", "stop")
	}
	if err := l.d.Close(); err != nil {
		t.Error(err)
	}
	for _, args := range []string{"link", "rule", "neigh show proxy", "route show table all"} {
		out, err := l.in("pix", "ip", strings.Fields(args)...)
		if err != nil || strings.Contains(out, "t-outside") || strings.Contains(out, "fwmark") || strings.Contains(out, "10.89.129.2") {
			t.Errorf("ip %s: %v\n%s", args, err, out)
		}
	}
}
