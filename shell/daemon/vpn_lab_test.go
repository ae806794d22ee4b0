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
	"sync/atomic"
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
	clock  skewed // of the firewall

	console *shell.Session // in configuration mode

	mu  sync.Mutex
	log []string // messages and notes
	old int      // of these, those that said does not look at
}

const labDir = "../../../shared/lab"

// labSecrets are the keys that the seed shows masked, as the lab's clients have them.
const labSecrets = "isakmp key cisco123 address 0.0.0.0 netmask 0.0.0.0\nvpngroup vpn3000 password cisco123\n"

// A skewed clock is that of the host, and can be put forward.
type skewed struct{ ahead atomic.Int64 }

// Now is that of a Clock.
func (c *skewed) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *skewed) skip(d time.Duration) { c.ahead.Add(int64(d)) }

// newVPNLab builds the lab and starts the firewall; edit changes the configuration before.
func newVPNLab(t *testing.T, edit *strings.Replacer, tools ...string) *vpnLab {
	t.Helper()
	return newVPNLabWith(t, edit, "", tools...)
}

// newVPNLabWith is newVPNLab with a directory of certificates.
func newVPNLabWith(t *testing.T, edit *strings.Replacer, certificates string, tools ...string) *vpnLab {
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
	run(t, "ip", "-n", l.prefix+"-out", "route", "add", "10.89.129.128/25", "via", "192.168.1.1", "metric", "1000") // for packets in clear
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
	if l.d, err = Start(Options{Config: cfg, Clock: &l.clock, Secrets: secrets, Netns: netns(l.prefix + "-pix"), Certificates: certificates, State: filepath.Join(l.dir, "fw"),
		Devices: map[string]string{"ethernet0": "outside", "ethernet1": "inside"}, Note: l.heard}); err != nil {
		t.Fatal(err)
	}
	l.console = l.d.first.Another(shell.Privileged, nil)
	l.types("configure terminal")
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
	if strings.Contains(text, "remote 100.") {
		return // of a flood
	}
	l.log = append(l.log, time.Now().Format("05.000 ")+text)
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

// types types lines on the console.
func (l *vpnLab) types(lines ...string) {
	l.t.Helper()
	for _, line := range lines {
		if r := l.console.Do(line); r.Failed {
			l.t.Fatalf("%s: %s", line, r.Output)
		}
	}
}

// await waits until something holds.
func (l *vpnLab) await(what string, holds func() bool) {
	l.t.Helper()
	l.awaitFor(10*time.Second, what, holds)
}

func (l *vpnLab) awaitFor(limit time.Duration, what string, holds func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Errorf("%s: does not come about", what)
			return
		}
	}
}

func (l *vpnLab) said(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.log[l.old:] {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

// anew lets what was said up to now count no more.
func (l *vpnLab) anew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.old = len(l.log)
}

// says waits for a message.
func (l *vpnLab) says(text string) {
	l.t.Helper()
	l.await(fmt.Sprintf("the message %q", text), func() bool { return l.said(text) })
}

// sub runs a part of a test in the lab, on its own from the messages of those before.
func (l *vpnLab) sub(name string, f func(l *vpnLab)) {
	whole := l.t
	defer func() { l.t = whole }()
	whole.Run(name, func(t *testing.T) {
		l.t = t
		l.anew()
		f(l)
	})
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

// works pings the inside server from a client in a namespace, and fetches its page.
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
