package kernel_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// ftpServer is a vsftpd in the namespace of a host.
func ftpServer(t *testing.T, l *lab.Lab, side *lab.Side, ip ast.IP) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"root", "empty"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The server's own user has to come in.
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf("listen=YES\nlisten_address=%v\nbackground=NO\nanonymous_enable=YES\nlocal_enable=NO\nanon_root=%s/root\nno_anon_password=YES\n"+
		"secure_chroot_dir=%s/empty\nconnect_from_port_20=YES\npasv_enable=YES\nseccomp_sandbox=NO\n", ip, dir, dir)
	for name, text := range map[string]string{"vsftpd.conf": conf, "root/hello.txt": "hello\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the FTP server says: %s", out.String()) // it has ended by now
		}
	})
	runs(t, side, &out, "vsftpd", filepath.Join(dir, "vsftpd.conf"))
	answers(t, l, ip, 21)
}

// A data connection has the direction of its control connection, whoever begins it (semantics.md 2.7): seen with a real server and a real
// client on each side, active and passive.
func TestFTPDirection(t *testing.T) {
	for _, program := range []string{"vsftpd", "curl", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	real, global := ast.MustIP("10.0.0.80"), ast.MustIP("203.0.113.80")
	l := newLab(t, textPlan(t, strings.Replace(pool, "255.255.255.255 1 0", "255.255.255.255 0 0", 1)+"access-list out permit tcp any host 203.0.113.80 eq 21\nfixup protocol ftp 21\n"))
	side := func(i int) *lab.Side {
		for _, s := range l.Sides() {
			if s.If == i {
				return s
			}
		}
		t.Fatalf("no interface %d", i)
		return nil
	}
	ftpServer(t, l, side(insideIf), real)
	ftpServer(t, l, side(outsideIf), lab.Internet)
	for _, c := range []struct {
		from      int
		own, to   ast.IP
		direction string
	}{{outsideIf, lab.Internet, global, "inbound"}, {insideIf, real, lab.Internet, "outbound"}} {
		for _, active := range []bool{false, true} {
			args := []string{"netns", "exec", side(c.from).Name, "curl", "-sS", "-m", "10", "--interface", c.own.String()}
			if active {
				args = append(args, "--ftp-port", c.own.String(), "--disable-eprt")
			} else {
				args = append(args, "--disable-epsv") // 229 opens nothing
			}
			mark := len(l.Messages())
			out, err := exec.Command("ip", append(args, fmt.Sprintf("ftp://%v/hello.txt", c.to))...).CombinedOutput()
			if err != nil || string(out) != "hello\n" {
				t.Errorf("%s, active %v: %v: %s", c.direction, active, err, out)
				continue
			}
			// Both connections are over: the messages about their beginning have come.
			ended := map[string]bool{}
			if _, ok := l.Await(mark, 5*time.Second, func(m runtime.Message) bool {
				if m.ID == 302014 {
					ended[m.Text] = true
				}
				return len(ended) == 2
			}); !ok {
				t.Fatalf("%s, active %v: %d connections end: %v", c.direction, active, len(ended), l.Messages()[mark:])
			}
			var built []string
			for _, m := range l.Messages()[mark:] {
				if m.ID == 302013 {
					built = append(built, m.Text)
				}
			}
			want := regexp.MustCompile("^Built " + c.direction + ` TCP connection \d+ for outside:198\.51\.100\.7/\d+ \(198\.51\.100\.7/\d+\) to inside:10\.0\.0\.80/\d+ \(203\.0\.113\.80/\d+\)$`)
			if len(built) != 2 || !want.MatchString(built[0]) || !want.MatchString(built[1]) {
				t.Errorf("%s, active %v: %s", c.direction, active, strings.Join(built, "\n"))
			}
			if active && !strings.Contains(strings.Join(built, "\n"), "/20 ") {
				t.Errorf("%s: no connection from port 20: %v", c.direction, built)
			}
		}
	}
}
