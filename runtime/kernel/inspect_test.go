package kernel_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// sideOf is the side of a lab on an interface.
func sideOf(t testing.TB, l *lab.Lab, i int) *lab.Side {
	t.Helper()
	for _, s := range l.Sides() {
		if s.If == i {
			return s
		}
	}
	t.Fatalf("no interface %d", i)
	return nil
}

// runs starts a program in the namespace of a side, which ends with the test.
func runs(t testing.TB, side *lab.Side, out io.Writer, args ...string) {
	t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", side.Name}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
}

// answers waits until somebody answers at a port.
func answers(t testing.TB, l *lab.Lab, ip ast.IP, port uint16) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := l.Dial(ip, ip, port, time.Second)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nobody answers at %v:%d: %v", ip, port, err)
		}
	}
}

// mailServer is a server of mail that knows more than Mail Guard, and writes down all that it is told.
const mailServer = `import socketserver, sys
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text + b"\r\n")
        say(b"220 mail.example.com ESMTP Server 2.0")
        text = False
        heard = open(sys.argv[3], "ab", buffering=0)
        for line in self.rfile:
            heard.write(line)
            line = line.rstrip(b"\r\n")
            if text:
                text = line != b"."
                if not text:
                    say(b"250 kept")
                continue
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(b"250-mail.example.com")
                say(b"250 VRFY")
            elif verb == b"DATA":
                say(b"354 go on")
                text = True
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            elif verb in (b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP", b"VRFY"):
                say(b"250 well")
            else:
                say(b"500 what is " + line)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server((sys.argv[1], int(sys.argv[2])), Session).serve_forever()
`

// A real client of mail behind Mail Guard: it falls back to HELO, its message arrives as it is, whatever stands in it, and what the
// server may not hear it does not.
func TestMailGuard(t *testing.T) {
	for _, program := range []string{"python3", "curl", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	real, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	text := strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1) + "access-list out permit tcp any host 203.0.113.80 eq smtp\n"
	l := newLab(t, textPlan(t, text))
	dir := t.TempDir()
	program, heard, letter := filepath.Join(dir, "server.py"), filepath.Join(dir, "heard"), filepath.Join(dir, "letter")
	var body strings.Builder
	body.WriteString("Subject: a\r\n\r\n")
	for i := range 20000 { // so that it needs many packets
		fmt.Fprintf(&body, "EXPN %d <|>\r\n..%d\r\nVRFY root\r\n", i, i)
	}
	for name, data := range map[string]string{program: mailServer, letter: body.String()} {
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	runs(t, sideOf(t, l, insideIf), &out, "python3", program, real.String(), "25", heard)
	answers(t, l, real, 25)
	if err := os.WriteFile(heard, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	curl := func(args ...string) string {
		t.Helper()
		args = append([]string{"netns", "exec", sideOf(t, l, outsideIf).Name, "curl", "-sSv", "-m", "60", "--interface", lab.Internet.String(), "smtp://" + global.String()}, args...)
		b, err := exec.Command("ip", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl: %v\n%s\n%s", err, b, out.String())
		}
		return string(b)
	}
	mark := len(l.Messages())
	said := curl("--mail-from", "a@example.com", "--mail-rcpt", "b@example.com", "-T", letter)
	if !strings.Contains(said, "< 220 ****") || strings.Contains(said, "ESMTP Server") {
		t.Errorf("the banner passes:\n%s", said)
	}
	got, err := os.ReadFile(heard)
	if err != nil {
		t.Fatal(err)
	}
	head, message, _ := strings.Cut(string(got), "DATA\r\n")
	message, _, _ = strings.Cut(message, "\r\n.\r\n")
	if !strings.HasPrefix(head, "XXXX ") || !strings.Contains(head, "\r\nHELO ") {
		t.Errorf("the server is told\n%s", head)
	}
	want := strings.ReplaceAll(strings.TrimSuffix(body.String(), "\r\n"), "\r\n.", "\r\n..") // dots are doubled
	if message != want {
		t.Errorf("%d octets of text became %d", len(want), len(message))
	}
	if _, ok := l.Await(mark, 5*time.Second, func(m runtime.Message) bool { return m.ID == 302014 }); !ok {
		t.Error("the connection does not end")
	}
	// While the process is gone connections live, and nobody guards them.
	if err := l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	if said = curl("-X", "NOOP"); !strings.Contains(said, "ESMTP Server") {
		t.Errorf("without the process:\n%s", said)
	}
}

// What a real client fetches is told of, each request once.
func TestURLLog(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	real, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	l := newLab(t, textPlan(t, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)))
	if err := l.Serve(real, 80); err != nil {
		t.Fatal(err)
	}
	mark := len(l.Messages())
	out, err := exec.Command("ip", "netns", "exec", sideOf(t, l, outsideIf).Name, "curl", "-sS", "-m", "20", "--interface", lab.Internet.String(),
		fmt.Sprintf("http://%v/page", global)).CombinedOutput()
	if err != nil || string(out) != "server 10.0.0.80 client 198.51.100.7\n" {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	if _, ok := l.Await(mark, 5*time.Second, func(m runtime.Message) bool { return m.ID == 302014 }); !ok {
		t.Error("the connection does not end")
	}
	var urls []string
	for _, m := range l.Messages()[mark:] {
		if m.ID == 304001 {
			urls = append(urls, m.Text)
		}
	}
	if len(urls) != 1 || urls[0] != "198.51.100.7 Accessed URL 10.0.0.80:/page" {
		t.Errorf("%q", urls)
	}
}

// What it costs that the payloads of a connection wait for the process: requests of HTTP on one connection, to a port with a fixup and to one
// without.
//
//	go test ./runtime/kernel -run '^$' -bench Inspected
func BenchmarkInspected(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	real, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	l, err := lab.New(textPlan(b, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)+"access-list out permit tcp any host 203.0.113.80\n"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for _, port := range []uint16{80, 81} {
		if err := l.Serve(real, port); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint("port ", port), func(b *testing.B) {
			conn, err := l.Dial(lab.Internet, global, port, 3*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			buf := make([]byte, 4096)
			for b.Loop() {
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
					b.Fatal(err)
				}
				if n, err := conn.Read(buf); err != nil || !bytes.Contains(buf[:n], []byte("client")) {
					b.Fatalf("%q %v", buf[:n], err)
				}
			}
		})
	}
}

// redirects is a server that sends its clients elsewhere, and goes on to talk to them where they are.
const redirects = `import socket, sys
text = b"(ADDRESS=(PROTOCOL=tcp)(HOST=" + sys.argv[1].encode() + b")(PORT=3000))"
def packet():
    return (len(text) + 10).to_bytes(2, "big") + b"\0\0\5\0\0\0" + len(text).to_bytes(2, "big") + text
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 1521))
s.listen()
while True:
    c, _ = s.accept()
    try:
        while line := c.recv(100):
            c.send(packet())
            c.send(b"end:" + line)
    except OSError:
        pass
    c.close()
`

// Redirects whose address is longer when it is translated: the connection goes on behind each, whatever both sides say then.
func TestRedirects(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	real, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	l := newLab(t, textPlan(t, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)+"access-list out permit tcp any host 203.0.113.80 eq 1521\n"))
	program := filepath.Join(t.TempDir(), "server.py")
	if err := os.WriteFile(program, []byte(redirects), 0o644); err != nil {
		t.Fatal(err)
	}
	runs(t, sideOf(t, l, insideIf), os.Stderr, "python3", program, real.String())
	answers(t, l, real, 1521)
	if err := l.Serve(real, 3000); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Dial(lab.Internet, global, 1521, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	const text = "(ADDRESS=(PROTOCOL=tcp)(HOST=203.0.113.80)(PORT=3000))"
	packet := "\x00" + string(rune(len(text)+10)) + "\x00\x00\x05\x00\x00\x00\x00" + string(rune(len(text))) + text
	for i := range 5 {
		line := fmt.Sprint("line ", i)
		if _, err := io.WriteString(conn, line); err != nil {
			t.Fatal(err)
		}
		want := packet + "end:" + line
		got := make([]byte, len(want))
		if n, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Fatalf("%d: %q, not %q: %v", i, got[:n], want, err)
		}
	}
	if body, err := l.Get(lab.Internet, global, 3000); err != nil || body != "server 10.0.0.80 client 198.51.100.7" {
		t.Errorf("where the client was sent: %q %v", body, err)
	}
	if c, err := l.Dial(lab.Internet, global, 3000, time.Second); err == nil {
		c.Close()
		t.Error("it is reached twice")
	}
}
