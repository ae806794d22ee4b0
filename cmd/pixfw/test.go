package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/runtime/kernel/lab"
	"pixfw/shell"
	"pixfw/shell/scenario"
)

// TestCmd is `pixfw test`.
type TestCmd struct {
	Files   []string      `arg:"" name:"file" help:"Scenario files; - is standard input."`
	Engine  string        `enum:"emulator,kernel" default:"emulator" help:"What decides: emulator or kernel."`
	MaxWait time.Duration `name:"max-wait" placeholder:"D" help:"Skip cases that wait longer (kernel: 5s unless given)."`
	Limit   []string      `placeholder:"NAME=N" help:"Bound a table of the engine: conns=100000. Once for each; the tables are named above."`
	Verbose bool          `short:"v" help:"Print the trace of every packet."`
	JSON    bool          `name:"json" help:"One JSON object a case."`
}

// Help is shown by --help.
func (TestCmd) Help() string {
	return `A scenario file is a txtar archive: a configuration, packets that arrive, and what must happen to them.

Example:

    pixfw test policy.txtar
    ok published-server
    1 passed, 0 failed, 0 skipped

With --engine kernel (root) real packets go through the kernel, in network namespaces made for it, those of tunnels as ESP or AH;
cases that wait for more than 5 seconds are skipped.

Tables of --limit, and how much they hold where nothing is said (docs/limits.md): in the emulator
` + shell.LimitHelp(false) + `

and with --engine kernel
` + shell.LimitHelp(true)
}

// boxes makes what scenarios run on. done ends it.
func (c *TestCmd) boxes() (newBox func([]byte) (scenario.Box, error), done func() error, err error) {
	if c.Engine == "kernel" {
		limits, err := shell.KernelLimits(c.Limit)
		if err == nil && os.Getuid() != 0 {
			err = lab.ErrNotRoot
		}
		if err != nil {
			return nil, nil, err
		}
		// A reader of the output that goes away must not end the process before it has cleaned up.
		signal.Ignore(unix.SIGPIPE)
		boxes := &shell.KernelBoxes{Limits: limits}
		return func(config []byte) (scenario.Box, error) { return boxes.New("pix.cfg", config, nil) }, boxes.Close, nil
	}
	limits, err := shell.EmulatorLimits(c.Limit)
	return func(config []byte) (scenario.Box, error) { return shell.NewLimitedBox("pix.cfg", config, nil, limits) },
		func() error { return nil }, err
}

// Run runs the scenarios.
func (c *TestCmd) Run(s *IO) (err error) {
	newBox, done, err := c.boxes()
	if err != nil {
		return exitError{exitUsage, err}
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	maxWait := c.MaxWait
	if c.Engine == "kernel" && maxWait == 0 {
		maxWait = shell.KernelMaxWait
	}
	var results []scenario.Result
	unread := false
	for _, path := range c.Files {
		name, text, err := s.read(path)
		if err == nil {
			var a *scenario.Archive
			if a, err = scenario.Parse(name, text); err == nil {
				o := scenario.Options{MaxWait: maxWait, Verbose: c.Verbose, NewBox: newBox}
				if c.Engine == "kernel" {
					o.PortClasses = true
					o.Excuse = func(name string) string { return shell.KernelExcuse(path, name) }
				}
				results = append(results, a.Run(o)...)
			}
		}
		if err != nil {
			if err := c.tell(s.Stderr, err); err != nil {
				return err
			}
			unread = true
		}
	}
	code := exitFine
	if c.JSON {
		if err := scenario.PrintJSON(s.Stdout, results); err != nil {
			return err
		}
		if _, failed, _ := scenario.Counts(results); failed > 0 {
			code = exitInput
		}
	} else {
		code = scenario.Print(s.Stdout, results)
	}
	if unread {
		code = exitUsage
	}
	if code != exitFine {
		return fail(code)
	}
	return nil
}

// tell prints what is wrong with a file: each statement with its place, where there are some.
func (c *TestCmd) tell(w io.Writer, err error) error {
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		_, err = fmt.Fprintln(w, "pixfw:", err)
		return err
	}
	for _, one := range list.Unwrap() {
		var e *scenario.Error
		if !errors.As(one, &e) {
			if _, err := fmt.Fprintln(w, "pixfw:", one); err != nil {
				return err
			}
		} else if err := e.Print(w); err != nil {
			return err
		}
	}
	return nil
}
