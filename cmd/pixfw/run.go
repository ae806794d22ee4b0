package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/shell"
	"pixfw/shell/daemon"
)

// stateDir is where a firewall keeps what must survive it.
const stateDir = "/var/lib/pixfw"

// RunCmd is `pixfw run`.
type RunCmd struct {
	File         string            `arg:"" help:"The configuration; 'write memory' on a console writes it."`
	Interface    map[string]string `placeholder:"HARDWARE=DEVICE" help:"The device of this host that is an interface of the PIX: ethernet0=eth0. Once for each."`
	Secrets      string            `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
	State        string            `placeholder:"DIR" default:"${state}" help:"Directory for what must survive the process (${default})."`
	Socket       string            `placeholder:"PATH" help:"Of the consoles; console.sock in the state directory unless given."`
	Certificates string            `placeholder:"DIR" help:"Directory with ca.pem, own.pem and key.pem, for peers and clients with certificates."`
	Record       string            `placeholder:"FILE" help:"Write every packet of IKE and ESP to a new pcap file, and the keys of every tunnel to FILE.keys. For a lab: who has both reads everything."`
	Limit        []string          `placeholder:"NAME=N" help:"Bound a table of the engine: conns=100000. Once for each; the tables are named above."`
	Confirm      time.Duration     `placeholder:"TIME" help:"Give the host back after this time, unless 'pixfw console --confirm' says that all is well."`
}

// Help is shown by --help.
func (RunCmd) Help() string {
	return `Takes the interfaces: what the host had on them is off until the firewall ends. On a terminal there is a console; others
attach with 'pixfw console'. SIGTERM, or control-D on the console and a yes, gives the host back as it was. When the process
dies the rules stay, and the next run takes over. Needs root.

Example:

    sudo pixfw run pix.cfg --interface ethernet0=eth0 --interface ethernet1=eth1 --confirm 60s

Tables of --limit, and how much they hold where nothing is said (docs/limits.md):
` + shell.LimitHelp(true)
}

// Run is the firewall until a signal.
func (c *RunCmd) Run(s *IO) (err error) {
	if unix.Getuid() != 0 {
		return exitError{exitUsage, errors.New("run needs root")}
	}
	limits, err := shell.KernelLimits(c.Limit)
	if err != nil {
		return exitError{exitUsage, err}
	}
	secrets, err := s.secrets(c.Secrets)
	if err != nil {
		return err
	}
	cfg, _, diags, err := s.load(c.File)
	if err != nil {
		return exitError{exitUsage, err}
	}
	plan, more := compiler.Compile(secrets.Fill(cfg))
	diags = append(diags, more...)
	diags = append(diags, secrets.Unused()...)
	if err := s.print(diags); err != nil {
		return err
	}
	if plan == nil || diags.HasErrors() {
		return fail(exitInput)
	}
	if err := c.devices(plan); err != nil {
		return exitError{exitUsage, err}
	}
	// Nor may a reader of the output that goes away end the process before it has cleaned up.
	signal.Ignore(unix.SIGPIPE)
	// From here on a signal must find the way back.
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	var out sync.Mutex // of standard error
	say := func(text string) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintln(s.Stderr, "pixfw: "+text)
	}
	o := daemon.Options{Config: cfg, Secrets: secrets, Devices: c.Interface, State: c.State, Socket: c.Socket, Certificates: c.Certificates, Record: c.Record, Limits: limits, Confirm: c.Confirm,
		Note: say, Diagnostics: s.print, Log: func(m runtime.Message) {
			out.Lock()
			defer out.Unlock()
			fmt.Fprintln(s.Stderr, m)
		}}
	if c.File != "-" {
		o.Save = func(text string) error { return replaceFile(c.File, text) }
	}
	d, err := daemon.Start(o)
	if err != nil {
		if errors.Is(err, daemon.ErrRunning) {
			return exitError{exitUsage, err}
		}
		return exitError{exitInput, fmt.Errorf("run: %w", err)}
	}
	defer func() {
		if err2 := d.Close(); err2 != nil {
			err = exitError{exitInput, errors.Join(err, err2)}
		} else {
			say("the host is as it was")
		}
	}()
	say("the firewall runs; attach with: pixfw console --socket " + c.socket())
	if c.Confirm > 0 {
		say(fmt.Sprintf("confirm within %v: pixfw console --socket %s --confirm", c.Confirm, c.socket()))
	}
	if in, ok := s.Stdin.(*os.File); ok && s.IsTerminal {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go c.terminal(ctx, cancel, d, in, s.Stdout, say)
	}
	if err := d.Wait(ctx); err != nil {
		return exitError{exitInput, err}
	}
	return nil
}

func (c *RunCmd) socket() string {
	if c.Socket != "" {
		return c.Socket
	}
	return filepath.Join(c.State, "console.sock")
}

// devices checks what was given against what the configuration needs, so that a mistake is known before anything changes.
func (c *RunCmd) devices(plan *compiler.Plan) error {
	var missing, known []string
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		known = append(known, f.Hardware)
		if c.Interface[f.Hardware] == "" && !f.Shutdown && f.HasAddress() {
			missing = append(missing, fmt.Sprintf("--interface %s=DEVICE (%s)", f.Hardware, f.Name))
		}
	}
	for hardware, device := range c.Interface {
		if !slices.Contains(known, hardware) {
			return fmt.Errorf("--interface %s=%s: the configuration has no %s, only %s", hardware, device, hardware, strings.Join(known, ", "))
		}
		for other, d := range c.Interface {
			if other != hardware && d == device {
				return fmt.Errorf("--interface %s=%s: the device is given twice", hardware, device)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing: %s", strings.Join(missing, ", "))
	}
	return nil
}

// terminal is the console on the terminal that the firewall was started from.
func (c *RunCmd) terminal(ctx context.Context, cancel func(), d *daemon.Daemon, in *os.File, out io.Writer, say func(string)) {
	for ctx.Err() == nil {
		session := d.Console()
		term, done, err := shell.OpenTerm(session, in, out)
		if err != nil {
			say("console: " + err.Error())
			return
		}
		more, err := console(session, term)
		if err := errors.Join(err, done()); err != nil {
			say("console: " + err.Error())
			return
		}
		if !more {
			cancel()
			return
		}
	}
}

// console holds a session. more is false when the firewall is to end.
func console(session *shell.Session, term shell.Term) (more bool, err error) {
	left, err := shell.RunTerminalEOF(session, term)
	if err != nil || !left {
		return err == nil, err
	}
	answer, err := term.ReadLine("\nStop the firewall and give the host back? [no]: ")
	if err != nil {
		return true, nil // control-D or control-C is no yes
	}
	a := strings.ToLower(strings.TrimSpace(answer))
	return a != "y" && a != "yes", nil
}

// replaceFile writes a file whole or not at all. What it held before the first time stays beside it.
func replaceFile(path, text string) error {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if err := os.Link(path, path+".orig"); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".pixfw-*")
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
