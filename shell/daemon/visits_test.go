package daemon

import (
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"pixfw/runtime"
	"pixfw/shell"
)

// Who has come by Telnet and SSH is listed, sees the messages that he asks for, can be put out, and is told to have left; a device that
// loses its carrier is told of.
func TestVisits(t *testing.T) {
	n := newNetwork(t)
	d := n.start(n.options())
	t.Cleanup(func() { d.Close() })
	var mu sync.Mutex
	var heard []string
	d.engine.Subscribe(func(m runtime.Message) { mu.Lock(); heard = append(heard, m.String()); mu.Unlock() })
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				mu.Lock()
				defer mu.Unlock()
				t.Fatalf("%s: never. Heard:\n%s", what, strings.Join(heard, "\n"))
			}
		}
	}
	told := func(text string) {
		t.Helper()
		until(text, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.ContainsFunc(heard, func(l string) bool { return strings.Contains(l, text) })
		})
	}
	box := d.first.Another(shell.Config, nil)
	typed := func(line string) string {
		t.Helper()
		out, _ := box.Line(line)
		return out
	}
	for _, line := range []string{"logging on", "logging buffered debugging", "logging monitor notifications", "username jo password hidden1 privilege 3",
		"username jo password hidden2 privilege 4", "username boss password right privilege 15", "aaa authentication ssh console LOCAL", "console timeout 1"} {
		if out := typed(line); strings.Contains(out, "ERROR") {
			t.Fatalf("%s: %s", line, out)
		}
	}
	told("%PIX-5-502101: New user added to local dbase: Uname: jo Priv: 3 Encpass: *")
	told("%PIX-5-502103: User priv level changed: Uname: jo From: 3 To: 4")

	telnet := func() net.Conn {
		t.Helper()
		c, err := n.dial(n.in, "10.0.0.1:23")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if out, err := converse(c, "Password: ", "cisco\r\n", "> ", "\r\n", "> ", ""); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		return c
	}
	first, second := telnet(), telnet()
	c, err := n.dial(n.in, "10.0.0.1:22")
	if err != nil {
		t.Fatal(err)
	}
	conn, chans, reqs, err := ssh.NewClientConn(c, "box", &ssh.ClientConfig{User: "boss", Auth: []ssh.AuthMethod{ssh.Password("right")},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second, Config: ssh.Config{Ciphers: []string{"aes128-ctr"}}})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, chans, reqs)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	until("two Telnet sessions", func() bool { return typed("show who") == "0: 10.0.0.2\n1: 10.0.0.2\n" })
	until("one SSH session", func() bool {
		return strings.Contains(typed("show ssh sessions"), "0       10.0.0.2        2.0     aes128-ctr     6       boss\n")
	})

	if out, err := converse(second, "", "enable\r\n", "Password: ", "\r\n", "edge# ", "terminal monitor\r\n", "edge# ", "show terminal\r\n", ", monitor", ""); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	typed("hostname core")
	if out, err := converse(second, "111008: User 'enable_15' executed the 'hostname core' command.", ""); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	typed("kill 0")
	if rest, err := io.ReadAll(first); err != nil {
		t.Errorf("a session that was killed: %v after %q", err, rest)
	}
	until("one Telnet session", func() bool { return typed("who") == "1: 10.0.0.2\n" })
	if out := typed("kill 0"); !strings.Contains(out, "there is no telnet session 0") {
		t.Errorf("kill 0: %s", out)
	}
	typed("ssh disconnect 0")
	told(`%PIX-6-315011: SSH session from 10.0.0.2 on interface inside for user "boss" disconnected by SSH server, reason: "TCP connection closed" (0x03)`)
	told("%PIX-5-611103: User logged out: Uname: boss")

	run(t, "ip", "-n", n.out, "link", "set", "eth0", "down")
	told("%PIX-4-411002: Line protocol on interface outside changed state to down")
	run(t, "ip", "-n", n.out, "link", "set", "eth0", "up")
	told("%PIX-4-411001: Line protocol on interface outside changed state to up")

	// The sixth is refused, and told of.
	for range maxConsoles - 1 {
		telnet()
	}
	sixth, err := n.dial(n.in, "10.0.0.1:23")
	if err != nil {
		t.Fatal(err)
	}
	defer sixth.Close()
	if b, err := io.ReadAll(sixth); len(b) > 0 {
		t.Errorf("the sixth visitor: %q, %v", b, err)
	}
	told("%PIX-4-710004: TCP connection limit exceeded from 10.0.0.2/")

	for line, want := range map[string]string{"ping 10.0.0.2": "\t10.0.0.2 response received -- ", "ping outside 192.0.2.254": "\t192.0.2.254 response received -- ",
		"ping inside 10.0.0.99": "\t10.0.0.99 NO response received -- 1000ms\n", "ping nowhere 10.0.0.2": "interface name \"nowhere\" not found\n"} {
		if out := typed(line); strings.Count(out, want) != 3 && !strings.HasPrefix(line, "ping nowhere") || !strings.Contains(out, want) {
			t.Errorf("%s:\n%s", line, out)
		}
	}

	// The saved configuration is that from the start. A visitor that starts the box anew is out, as the others are.
	if _, err := io.WriteString(second, "reload noconfirm\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(second); err != nil {
		t.Error(err)
	}
	told("%PIX-5-199001: PIX reload command executed from telnet (remote 10.0.0.2).")
	until("no Telnet session", func() bool { return typed("who") == "" })
	if out := box.Prompt(); !strings.HasPrefix(out, "edge") {
		t.Errorf("after the start: %s", out)
	}
	if l, err := n.dial(n.in, "10.0.0.1:23"); err != nil {
		t.Errorf("after the start nobody answers: %v", err)
	} else {
		l.Close()
	}
}

// A console of the box that nobody types at ends after `console timeout`, and says so.
func TestConsoleTimeout(t *testing.T) {
	n := newNetwork(t)
	d := n.start(n.options())
	t.Cleanup(func() { d.Close() })
	heard := make(chan string, 100)
	d.engine.Subscribe(func(m runtime.Message) {
		if m.ID == 611104 {
			heard <- m.String()
		}
	})
	here, there := net.Pipe()
	done := make(chan error, 1)
	quick := &idleConn{Conn: there}
	go func() {
		s := d.Console()
		quick.idle(time.Millisecond)
		done <- d.sit(s, quick, func() error { return shell.RunPipe(s, quick, quick) })
	}()
	go func() { _, _ = io.Copy(io.Discard, here) }() // until the other side is gone
	if err := <-done; err == nil {
		t.Error("the console has not ended")
	}
	if got := <-heard; got != "%PIX-5-611104: Serial console idle timeout exceeded" {
		t.Error(got)
	}
	s, err := Dial(filepath.Join(n.state, "console.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := consoleIdle(d.first); got != 0 {
		t.Errorf("without a line: %v", got)
	}
	if out, _ := d.first.Another(shell.Config, nil).Line("console timeout 7"); out != "" {
		t.Fatal(out)
	}
	if got := consoleIdle(d.first); got != 7*time.Minute {
		t.Errorf("console timeout 7: %v", got)
	}
}
