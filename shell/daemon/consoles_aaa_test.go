package daemon

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// consoles lets users of the servers come to consoles by SSH, Telnet and the socket, with the clients of others where there are some.
func (l *vpnLab) consoles() {
	l.types("ssh 10.89.129.128 255.255.255.128 inside", "telnet 10.89.129.128 255.255.255.128 inside", "enable password secret", "passwd telnetpw",
		"aaa authentication ssh console AuthInbound", "aaa authentication telnet console AuthInbound", "aaa authentication enable console AuthInbound",
		"aaa authentication serial console AuthInbound")
	defer l.types("no aaa authentication ssh console AuthInbound", "no aaa authentication telnet console AuthInbound",
		"no aaa authentication enable console AuthInbound", "no aaa authentication serial console AuthInbound")
	const box = "10.89.129.194"
	typed := "show curpriv\nenable\ncisco_customer\ncisco\nshow curpriv\n"
	good := func(what, out string) {
		l.t.Helper()
		for _, want := range []string{"Current privilege level : 1\n", "Username : cisco_customer\nCurrent privilege level : 15"} {
			if !strings.Contains(strings.ReplaceAll(out, "\r\n", "\n"), want) {
				l.t.Errorf("%s: no %q in\n%s", what, want, out)
			}
		}
	}
	for _, test := range []struct {
		user, password string
		want           bool
	}{{"cisco_customer", "cisco", true}, {"cisco_customer", "wrong", false}, {"pix", "telnetpw", false}, {"pix", "secret", false}} {
		out, err := l.ssh(box, test.user, test.password, typed)
		if (err == nil) != test.want {
			l.t.Errorf("ssh as %s with %s: %v\n%s", test.user, test.password, err, out)
		}
		if test.want {
			good("ssh", out)
			l.says("611101: User authentication succeeded: Uname: cisco_customer")
			l.says(`to inside:10.89.129.194/ssh for user "cisco_customer"`)
		} else {
			l.says("611102: User authentication failed: Uname: " + test.user)
			l.says(`605004: Login denied from 10.89.129.1`)
		}
	}
	c := l.connect("in", "10.89.129.131", box+":23")
	defer c.Close()
	out, err := converse(c, "Username: ", "cisco_customer\r\n", "Password: ", "wrong\r\n", "Username: ", "cisco_customer\r\n", "Password: ", "cisco\r\n", "> ", "show curpriv\r\n",
		"> ", "enable\r\n", "Username: ", "cisco_customer\r\n", "Password: ", "cisco\r\n", "# ", "show curpriv\r\n", "# ", "exit\r\n")
	if err != nil {
		l.t.Errorf("telnet: %v\n%s", err, out)
	}
	l.says(`605005: Login permitted from 10.89.129.131/`)
	l.says(`to inside:10.89.129.194/telnet for user "cisco_customer"`)
	s, err := Dial(filepath.Join(l.dir, "fw", "console.sock"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.Close()
	if err := s.Pipe(); err != nil {
		l.t.Fatal(err)
	}
	if _, err := io.WriteString(s, "show version\nx\ncisco_customer\ncisco\nshow curpriv\nenable\ncisco_customer\ncisco\nshow curpriv\nexit\nexit\n"); err != nil {
		l.t.Fatal(err)
	}
	text, err := io.ReadAll(s)
	if err != nil || !strings.Contains(string(text), "Invalid password\nUsername: ") {
		l.t.Errorf("socket: %v\n%s", err, text)
	}
	good("socket", string(text))
	l.sub("no server", func(l *vpnLab) {
		l.must(nil, "aaa.sh", "stop")
		defer l.must(nil, "aaa.sh", "start")
		// What is left when nobody can be asked.
		l.types("aaa-server AuthInbound (inside) host 10.89.129.134 secretkey timeout 1")
		defer l.types("aaa-server AuthInbound (inside) host 10.89.129.134 secretkey timeout 10")
		if out, err := l.ssh(box, "pix", "secret", "show curpriv\n"); err != nil {
			l.t.Errorf("ssh: %v\n%s", err, out)
		}
		if out, err := l.ssh(box, "cisco_customer", "cisco", ""); err == nil {
			l.t.Errorf("ssh: %s", out)
		}
	})
}

// ssh is OpenSSH's client inside; what it types goes through a pipe.
func (l *vpnLab) ssh(box, user, password, typed string) (string, error) {
	l.t.Helper()
	return l.sshFrom("in", "", box, user, password, typed)
}

// sshFrom is that of a namespace, from one of its addresses; empty: any.
func (l *vpnLab) sshFrom(ns, from, box, user, password, typed string) (string, error) {
	l.t.Helper()
	dir := l.t.TempDir()
	askpass, in := filepath.Join(dir, "askpass"), filepath.Join(dir, "in")
	for name, text := range map[string]string{askpass: "#!/bin/sh\necho '" + password + "'\n", in: typed + "exit\nexit\n"} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			l.t.Fatal(err)
		}
	}
	return l.exec([]string{"SSH_ASKPASS=" + askpass, "SSH_ASKPASS_REQUIRE=force", "HOME=" + dir}, "ip", "netns", "exec", l.prefix+"-"+ns, "sh", "-c",
		`exec ssh ${4:+-b "$4"} -T -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o PubkeyAuthentication=no -o LogLevel=ERROR "$1@$2" <"$3"`,
		"sh", user, box, in, from)
}

// converse waits for each prompt, and types what follows it.
func converse(c net.Conn, steps ...string) (string, error) {
	var all strings.Builder
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	for i := 0; i < len(steps); i += 2 {
		from := all.Len()
		for b := make([]byte, 1); !strings.HasSuffix(all.String()[from:], steps[i]); {
			if _, err := c.Read(b); err != nil {
				return all.String(), err
			}
			all.Write(b)
		}
		if _, err := io.WriteString(c, steps[i+1]); err != nil {
			return all.String(), err
		}
	}
	return all.String(), nil
}
