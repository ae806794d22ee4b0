package main

import (
	"context"
	"io"
	"os"

	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/health"
	"pixfw/shell"
)

// ShellCmd is `pixfw shell`.
type ShellCmd struct {
	File    string   `arg:"" optional:"" help:"Configuration; without one the box is fresh from the factory."`
	Secrets string   `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
	Limit   []string `placeholder:"NAME=N" help:"Bound a table of the engine: conns=100000. Once for each; the tables are named above."`
	Record  string   `placeholder:"FILE" help:"Write what is typed and shown into FILE."`
}

// Help is shown by --help.
func (ShellCmd) Help() string {
	return `Nothing on the host changes. Reads commands from a pipe as well.

Example:

    printf 'enable\n\nshow run\n' | pixfw shell pix.cfg

Tables of --limit, and how much they hold where nothing is said (docs/limits.md):
` + shell.LimitHelp(false)
}

// Run holds a session.
func (c *ShellCmd) Run(s *IO) (err error) {
	limits, err := shell.EmulatorLimits(c.Limit)
	if err != nil {
		return exitError{exitUsage, err}
	}
	clock := runtime.WallClock{}
	o := shell.Options{Engine: emulator.NewLimited(clock, limits), Clock: clock, Health: health.New(os.DirFS("/proc"), clock)}
	if c.File != "" {
		if o.Name, o.Text, err = s.read(c.File); err != nil {
			return err
		}
	}
	if o.Secrets, err = s.secrets(c.Secrets); err != nil {
		return err
	}
	if c.Record != "" {
		f, err := os.OpenFile(c.Record, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		o.Record = f
	}
	session, diags, err := shell.New(o)
	if err != nil {
		return exitError{exitInput, err}
	}
	if err := s.print(o.Secrets.Unused()); err != nil {
		return err
	}
	if _, err := io.WriteString(s.Stdout, shell.BootErrors(diags)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go session.Watch(ctx)
	in, ok := s.Stdin.(*os.File)
	if !ok || !s.IsTerminal {
		return shell.RunPipe(session, s.Stdin, s.Stdout)
	}
	term, done, err := shell.OpenTerm(session, in, s.Stdout)
	if err != nil {
		return err
	}
	defer done()
	return shell.RunTerminal(session, term)
}
