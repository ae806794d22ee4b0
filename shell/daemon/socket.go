package daemon

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"pixfw/runtime/syslog"
	"pixfw/shell"
)

// The consoles' socket speaks first: one line of what it is. The client answers with one line of what it wants, and from then
// on there are bytes of a terminal, both ways.
const (
	greeting    = "pixfw console 1"
	wantTTY     = "tty"     // and its columns
	wantPipe    = "pipe"    // commands, one a line
	wantConfirm = "confirm" // keep the firewall
	longestWant = 64
)

// maxConsoles is how many consoles may be open at a time, on the socket and through SSH and Telnet each.
const maxConsoles = 5

// helloTime is how long a client may take to say what it wants.
const helloTime = 10 * time.Second

// listenConsole makes the socket, which only the user of this process can open. One that a dead process has left is replaced.
func listenConsole(path string) (net.Listener, error) {
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", path, ErrRunning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (d *Daemon) serveSocket() {
	for {
		c, err := d.socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			d.o.Note("console: " + err.Error())
			time.Sleep(100 * time.Millisecond) // out of descriptors, most likely
			continue
		}
		if !d.hold(c) {
			fmt.Fprintf(c, "error: %d consoles are open\n", maxConsoles)
			c.Close()
			continue
		}
		d.work.Go(func() {
			defer d.release(c)
			if err := d.console(c); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
				d.o.Note("console: " + err.Error())
			}
		})
	}
}

// hold counts a connection in.
func (d *Daemon) hold(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || len(d.conns) >= maxConsoles {
		return false
	}
	d.conns[c] = true
	return true
}

func (d *Daemon) release(c net.Conn) {
	c.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}

// console serves one client of the socket.
func (d *Daemon) console(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(helloTime)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(c, greeting); err != nil {
		return err
	}
	r := bufio.NewReaderSize(c, longestWant)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	want := strings.Fields(string(line))
	if err := c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	idle := &idleConn{Conn: c}
	stream := struct {
		io.Reader
		io.Writer
	}{io.MultiReader(bytes.NewReader(rest(r)), idle), c}
	switch {
	case len(want) == 2 && want[0] == wantTTY:
		columns, err := strconv.Atoi(want[1])
		if err != nil {
			return err
		}
		far := &shell.Remote{}
		far.Resize(columns)
		s := d.Console()
		idle.idle(consoleIdle(s))
		term, done, err := shell.OpenRemote(s, stream, far)
		if err != nil {
			return err
		}
		return d.sit(s, idle, func() error { return errors.Join(shell.RunTerminal(s, term), done()) })
	case len(want) == 1 && want[0] == wantPipe:
		s := d.Console()
		idle.idle(consoleIdle(s))
		return d.sit(s, idle, func() error { return shell.RunPipe(s, stream, c) })
	case len(want) == 1 && want[0] == wantConfirm:
		answer := "there is nothing to confirm"
		if d.Confirm() {
			answer = "confirmed"
			d.o.Note(answer)
		}
		_, err := fmt.Fprintln(c, answer)
		return err
	}
	_, err = fmt.Fprintln(c, "error: not understood")
	return err
}

// sit is a console of the box while somebody may type at it.
func (d *Daemon) sit(s *shell.Session, c *idleConn, run func() error) error {
	defer func() {
		s.Leave()
		if c.expired() {
			d.engine.Publish(syslog.New(611104))
		}
	}()
	return run()
}

// rest is what a reader has read ahead.
func rest(r *bufio.Reader) []byte {
	ahead, _ := r.Peek(r.Buffered()) // it is there
	return ahead
}

// A Client is an open connection to the consoles' socket.
type Client struct {
	net.Conn
	r *bufio.Reader
}

// Dial opens the socket of a firewall that runs.
func Dial(path string) (*Client, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	cl := &Client{c, bufio.NewReader(c)}
	line, err := cl.r.ReadString('\n')
	if line = strings.TrimSuffix(line, "\n"); err == nil && line != greeting {
		err = errors.New(strings.TrimPrefix(line, "error: "))
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return cl, nil
}

// Read reads what the firewall says.
func (c *Client) Read(p []byte) (int, error) { return c.r.Read(p) }

// TTY makes the connection that of a terminal.
func (c *Client) TTY(columns int) error {
	_, err := fmt.Fprintln(c, wantTTY, columns)
	return err
}

// Pipe makes the connection one of commands, a line each.
func (c *Client) Pipe() error {
	_, err := fmt.Fprintln(c, wantPipe)
	return err
}

// Confirm keeps the firewall, and says what it answers.
func (c *Client) Confirm() (string, error) {
	if _, err := fmt.Fprintln(c, wantConfirm); err != nil {
		return "", err
	}
	line, err := c.r.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}
