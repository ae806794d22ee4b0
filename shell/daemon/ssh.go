package daemon

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"pixfw/runtime"
	"pixfw/runtime/syslog"
	"pixfw/shell"
)

// authTime is how long somebody may take to log in.
const authTime = 60 * time.Second

// byeTime is how long a client may take to end its connection after its console has ended.
const byeTime = 2 * time.Second

// hostKey is the key by which the box is known to SSH clients; made when it is first needed.
func hostKey(state string) (ssh.Signer, error) {
	path := filepath.Join(state, "ssh_host_ed25519_key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		block, err := ssh.MarshalPrivateKey(key, "pixfw")
		if err != nil {
			return nil, err
		}
		text = pem.EncodeToMemory(block)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return signer, nil
}

// serveSSH serves one client. The PIX spoke version 1 of the protocol, which no client does any more: this is version 2.
func (r *remotes) serveSSH(c *idleConn, at ends) (err error) {
	c.idle(authTime)
	visit := shell.Visit{Service: "ssh", From: at.from.IP, Version: "2.0", End: func() { c.Close() }}
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-pixfw",
		MaxAuthTries:  3,
		PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			named, ok := r.d.login("ssh", m.User(), string(password), at)
			if !ok {
				return nil, errors.New("refused")
			}
			if named {
				visit.User = m.User()
			}
			return nil, nil
		},
	}
	config.AddHostKey(r.host)
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	visit.Name = shell.NameInLog(conn.User())
	if m, ok := conn.Conn.(ssh.AlgorithmsConnMetadata); ok {
		visit.Cipher, _, _ = strings.Cut(m.Algorithms().Read.Cipher, "@")
	}
	var session *shell.Session
	var idled atomic.Bool // the console has ended because nothing was typed
	defer func() {
		r.d.engine.Publish(sshEnded(idled.Load() || session == nil && c.expired(), at, visit.Name, err))
	}()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		if ch.ChannelType() != "session" || session != nil {
			if err := ch.Reject(ssh.Prohibited, "one console a connection"); err != nil {
				return err
			}
			continue
		}
		session = r.d.first.Remote(visit)
		defer session.Leave()
		c.idle(idle(session, "ssh"))
		stream, reqs, err := ch.Accept()
		if err != nil {
			return err
		}
		r.work.Go(func() {
			if err := sshConsole(session, stream, reqs); err != nil && !errors.Is(err, io.EOF) {
				r.d.o.Note("ssh console: " + err.Error())
			}
			idled.Store(c.expired())
			// The client says good-bye first: one that finds its connection gone calls that an error.
			c.idle(byeTime)
			if err := c.SetReadDeadline(time.Now().Add(byeTime)); err == nil {
				_ = conn.Wait() // how it ends is the client's affair
			}
			conn.Close() // it is gone, whatever this says
		})
	}
	return nil
}

// sshEnded is the message of the end of a connection (semantics.md section 8). The first two reasons were seen in logs; the number of the third is
// unconfirmed.
func sshEnded(idle bool, at ends, user string, err error) runtime.Message {
	reason, code := "TCP connection closed", 3
	switch {
	case idle:
		reason, code = "Time-out activated", 0
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed):
		reason, code = "Internal error", 0
	}
	return syslog.New(315011, at.from.IP, at.to.If, user, reason, code)
}

// sshConsole holds a session over a channel, once the client has asked for a shell.
func sshConsole(s *shell.Session, stream ssh.Channel, reqs <-chan *ssh.Request) error {
	far := &shell.Remote{}
	started, tty := make(chan bool, 1), false
	go func() {
		begun := false
		for req := range reqs {
			ok := false
			switch req.Type {
			case "pty-req":
				var p struct {
					Term                         string
					Columns, Rows, Width, Height uint32
					Modes                        string
				}
				if ok = !begun && ssh.Unmarshal(req.Payload, &p) == nil; ok {
					tty = true
					far.Resize(int(min(p.Columns, 1000)))
				}
			case "window-change":
				var p struct{ Columns, Rows, Width, Height uint32 }
				if ok = ssh.Unmarshal(req.Payload, &p) == nil; ok {
					far.Resize(int(min(p.Columns, 1000)))
				}
			case "shell":
				if ok = !begun; ok {
					begun = true
					started <- tty
				}
			}
			if req.WantReply {
				if err := req.Reply(ok, nil); err != nil {
					break
				}
			}
		}
		close(started)
	}()
	tty, ok := <-started
	if !ok {
		return nil
	}
	var err error
	if tty {
		var term shell.Term
		var done func() error
		if term, done, err = shell.OpenRemote(s, stream, far); err == nil {
			err = errors.Join(shell.RunTerminal(s, term), done())
		}
	} else {
		err = shell.RunPipe(s, stream, stream)
	}
	_, err2 := stream.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
	return errors.Join(err, err2, stream.Close())
}
