package main

import (
	"errors"
	"fmt"
	"time"

	"pixfw/shell"
	"pixfw/shell/scenario"
)

// TestCmd is `pixfw test`.
type TestCmd struct {
	Files   []string      `arg:"" name:"file" help:"Scenario files; - is standard input."`
	Engine  string        `enum:"emulator,kernel" default:"emulator" help:"What decides: emulator or kernel."`
	MaxWait time.Duration `name:"max-wait" placeholder:"D" help:"Skip cases that wait longer."`
	Verbose bool          `short:"v" help:"Print the trace of every packet."`
	JSON    bool          `name:"json" help:"One JSON object a case."`
}

// Help is shown by --help.
func (TestCmd) Help() string {
	return `A scenario file is a txtar archive: a configuration, packets that arrive, and what must happen to them.

Example:

    pixfw test policy.txtar
    ok published-server
    1 passed, 0 failed, 0 skipped`
}

// Run runs the scenarios.
func (c *TestCmd) Run(s *IO) error {
	if c.Engine != "emulator" {
		return errors.New("scenarios run on the emulator only")
	}
	var results []scenario.Result
	unread := false
	for _, path := range c.Files {
		name, text, err := s.read(path)
		if err == nil {
			var a *scenario.Archive
			if a, err = scenario.Parse(name, text); err == nil {
				results = append(results, a.Run(scenario.Options{
					MaxWait: c.MaxWait,
					Verbose: c.Verbose,
					NewBox: func(config []byte) (scenario.Box, error) {
						return shell.NewBox("pix.cfg", config, nil)
					},
				})...)
			}
		}
		if err != nil {
			fmt.Fprintln(s.Stderr, "pixfw:", err)
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
