package aaa

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"pixfw/ast"
	"pixfw/compiler"
)

const labScripts = "../../../shared/lab"

// labServers starts FreeRADIUS and a TACACS+ server in a namespace of their own, and returns a client that asks them there, and
// the directory of their files. AuthInbound is a RADIUS group, TACACS a TACACS+ group.
func labServers(t *testing.T) (*Client, *events, string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(labScripts, "aaa.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("the lab's scripts are not beside the source")
	}
	if os.Getuid() != 0 {
		t.Skip("namespaces need root")
	}
	for _, tool := range []string{"ip", "ss", "freeradius", "radclient", "python3", "setsid"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	prefix := fmt.Sprintf("pixaaa%d", os.Getpid())
	dir := t.TempDir()
	run := func(name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = append(os.Environ(), "PIXLAB_PREFIX="+prefix, "PIXLAB_STATE="+dir, "NS="+prefix, "DIR="+filepath.Join(dir, "aaa"),
			"ADDR=10.89.129.134", "TACACS=lab", "KEY="+testKey, "USERNAME="+testUser, "PASSWORD=cisco")
		// Output goes to a file: the daemons keep it open, and a pipe would be waited for.
		out, err := os.Create(filepath.Join(dir, "output"))
		if err != nil {
			return "", err
		}
		defer out.Close()
		cmd.Stdout, cmd.Stderr = out, out
		err = cmd.Run()
		text, _ := os.ReadFile(out.Name())
		return string(text), err
	}
	must := func(name string, args ...string) {
		if out, err := run(name, args...); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	if out, err := run("ip", "netns", "add", prefix); err != nil {
		t.Skipf("no namespaces here: %v %s", err, out)
	}
	t.Cleanup(func() { must("ip", "netns", "del", prefix) })
	must("ip", "-n", prefix, "link", "set", "lo", "up")
	must("ip", "-n", prefix, "addr", "add", "10.89.129.134/32", "dev", "lo")
	must("bash", script, "start")
	t.Cleanup(func() { must("bash", script, "stop") })

	p := &compiler.Plan{}
	p.AAA.AuthPort, p.AAA.AcctPort = 1645, 1646
	server := []compiler.AAAServer{{IP: ast.IP(10<<24 | 89<<16 | 129<<8 | 134), Key: testKey, Timeout: 5 * time.Second}}
	p.AAAGroups = []compiler.AAAGroup{{Tag: "AuthInbound", Protocol: "radius", Servers: server, MaxFailed: 2},
		{Tag: "TACACS", Protocol: "tacacs+", Servers: server, MaxFailed: 2}}
	e := &events{t: t}
	return New(p, Options{Emit: e.emit, Dial: dialIn(prefix)}), e, filepath.Join(dir, "aaa")
}

// dialIn makes sockets in a namespace.
func dialIn(name string) func(context.Context, string, netip.AddrPort, int) (net.Conn, error) {
	return func(ctx context.Context, network string, server netip.AddrPort, _ int) (conn net.Conn, err error) {
		done := make(chan struct{})
		go func() { // the thread is never unlocked, and so ends with its namespace
			defer close(done)
			runtime.LockOSThread()
			ns, e := netns.GetFromName(name)
			if e != nil {
				err = e
				return
			}
			defer ns.Close()
			if err = netns.Set(ns); err != nil {
				return
			}
			d := net.Dialer{}
			conn, err = d.DialContext(ctx, network, server.String())
		}()
		<-done
		return conn, err
	}
}

func TestServersOfOthers(t *testing.T) {
	c, _, dir := labServers(t)
	ask := func(group int, user, password string, pap bool) Result {
		r := request()
		r.User, r.Password, r.PAP = user, ast.Secret(password), pap
		return c.Authenticate(patient(t), group, r)
	}
	for group := range 2 {
		for _, pap := range []bool{false, true} {
			if got := ask(group, testUser, "cisco", pap); got.Outcome != Pass {
				t.Errorf("group %d, PAP %v: %+v", group, pap, got)
			}
			if got := ask(group, testUser, "wrong", pap); got.Outcome != Reject {
				t.Errorf("group %d, PAP %v, wrong password: %+v", group, pap, got)
			}
		}
	}
	if got := ask(0, "denied", "cisco", false); got.Outcome != Reject || got.Message != "Access denied by the lab" {
		t.Errorf("denied: %+v", got)
	}
	if got := ask(0, "acl-name", "cisco", false); got.Outcome != Pass || !got.Restricted || got.ACL != "120" || got.List != "" {
		t.Errorf("acl-name: %+v", got)
	}
	if got := ask(0, "acl-vsa", "cisco", false); len(got.ACEs) != 3 || got.ACEs[1] != "permit icmp any any" || !got.Restricted || got.List != "AAA-user-acl-vsa" {
		t.Errorf("acl-vsa: %+v", got)
	}
	if got := ask(0, "acl-acs", "cisco", false); len(got.ACEs) != 3 || !got.Restricted || got.List != "#ACSACL#-IP-labacl-40a1b2c3" ||
		got.ACEs[2] != "deny ip any any" {
		t.Errorf("acl-acs: %+v", got)
	}
	if got := ask(0, "timed", "cisco", false); got.Session == nil || *got.Session != 2*time.Minute || got.Idle == nil || *got.Idle != time.Minute {
		t.Errorf("timed: %+v", got)
	}
	if got := ask(1, "broken", "cisco", false); got.Outcome != Failed || !strings.Contains(got.Reason, "ERROR") {
		t.Errorf("broken: %+v", got)
	}
	r := request()
	r.User = "timed"
	if got := c.Authorize(patient(t), 1, r, UserArgs()); got.Outcome != Pass || got.Session == nil || *got.Session != 2*time.Minute {
		t.Errorf("attributes: %+v", got)
	}
	r.User = "limited"
	if got := c.Authorize(patient(t), 1, r, ConnectionArgs("http", 0x0a598183)); got.Outcome != Pass {
		t.Errorf("permitted: %+v", got)
	}
	if got := c.Authorize(patient(t), 1, r, ConnectionArgs("ftp", 0x0a598183)); got.Outcome != Reject {
		t.Errorf("refused: %+v", got)
	}
	for group := range 2 {
		rec := Record{ID: c.NewID(), User: testUser, Client: netip.MustParseAddr("10.89.129.200"), Foreign: End{0x0a5981c8, 1024},
			Local: End{0x0a598183, 23}, Service: "telnet"}
		for range 2 {
			if err := c.Account(patient(t), group, rec); err != nil {
				t.Error(err)
			}
			rec.Stop, rec.Elapsed, rec.In, rec.Out = true, 15*time.Second, 99, 1879
		}
	}
	wantFile(t, filepath.Join(dir, "tacacs-acct.log"), "\tcisco_customer\tPIX\t10.89.129.200\tstop\ttask_id=0x2\tforeign_ip=10.89.129.200\t"+
		"local_ip=10.89.129.131\tcmd=telnet\telapsed_time=15\tbytes_in=99\tbytes_out=1879")
	wantFile(t, filepath.Join(dir, "radius-acct.detail"), `Acct-Status-Type = Stop`, `Acct-Session-Id = "0x00000001"`, "Login-TCP-Port = Telnet",
		"Acct-Session-Time = 15", "Acct-Output-Octets = 1879", `Cisco-AVPair = "ip:destination-ip=10.89.129.131"`)
	for _, st := range c.Servers() {
		if !st.Alive || st.BadReplies != 0 || st.Timeouts != 0 {
			t.Errorf("%+v", st)
		}
	}
}

func wantFile(t *testing.T, name string, parts ...string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for _, p := range parts {
		i := strings.Index(rest, p)
		if i < 0 {
			t.Fatalf("no %q in what follows of\n%s", p, text)
		}
		rest = rest[i+len(p):]
	}
}
