package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"pixfw/shell/daemon"
)

// ConsoleCmd is `pixfw console`.
type ConsoleCmd struct {
	Socket  string `placeholder:"PATH" help:"The socket of the firewall."`
	Confirm bool   `help:"Say that all is well to a firewall that was started with --confirm."`
}

// Help is shown by --help.
func (ConsoleCmd) Help() string {
	return `Attaches to a firewall that runs on this host. Reads commands from a pipe as well.

Example:

    printf 'enable\n\nshow xlate\n' | sudo pixfw console`
}

// Run attaches until one side ends.
func (c *ConsoleCmd) Run(s *IO) error {
	path := c.Socket
	if path == "" {
		path = filepath.Join(stateDir, "console.sock")
	}
	conn, err := daemon.Dial(path)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("no firewall answers: %w", err)}
	}
	defer conn.Close()
	if c.Confirm {
		answer, err := conn.Confirm()
		if err != nil {
			return exitError{exitUsage, err}
		}
		_, err = fmt.Fprintln(s.Stdout, answer)
		return err
	}
	in, tty := s.Stdin.(*os.File)
	if !tty || !s.IsTerminal {
		if err := conn.Pipe(); err != nil {
			return err
		}
		go func() {
			// The end of the commands is told to the other side, whose answers are still to come.
			if _, err := io.Copy(conn.Conn, s.Stdin); err == nil {
				if u, ok := conn.Conn.(*net.UnixConn); ok {
					_ = u.CloseWrite() // the other side is gone, then
				}
			}
		}()
		_, err := io.Copy(s.Stdout, conn)
		return err
	}
	columns, _, err := term.GetSize(int(in.Fd()))
	if err != nil {
		return err
	}
	if err := conn.TTY(columns); err != nil {
		return err
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return err
	}
	go func() { _, _ = io.Copy(conn.Conn, in) }() // ends with the process, or when the other side is gone
	_, err = io.Copy(s.Stdout, conn)
	return errors.Join(err, term.Restore(int(in.Fd()), old))
}
