package main

import (
	"errors"
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/diff"
)

// DiffCmd is `pixfw diff`.
type DiffCmd struct {
	Old      string `arg:"" help:"Configuration; - is standard input."`
	New      string `arg:"" help:"Configuration to compare with it."`
	JSON     bool   `name:"json" help:"The differences as a JSON array of objects."`
	ExitCode bool   `name:"exit-code" help:"Exit with status 1 if something differs or could not be compared."`
}

// Help is shown by --help.
func (DiffCmd) Help() string {
	return `Prints which packets the two configurations treat differently, each with an example, which trace takes, and the lines that
decide. What is compared is the first packet of a flow: not timers, limits or inspections. "any" as a source leaves out those that
both configurations always refuse: 127.0.0.0/8, multicast, broadcasts and the firewall's own addresses. The exit status is 0 whether
something differs or not; see --exit-code.

Example:

    pixfw diff yesterday.cfg today.cfg
    pixfw diff --exit-code running.cfg candidate.cfg || echo 'traffic changes'`
}

// Run compares the two.
func (c *DiffCmd) Run(s *IO) error {
	if c.Old == "-" && c.New == "-" {
		return exitError{exitUsage, errors.New("only one of the two configurations can be standard input")}
	}
	var plans [2]*compiler.Plan
	var cfgs [2]*ast.Config
	bad := false
	for i, path := range []string{c.Old, c.New} {
		cfg, _, diags, err := s.load(path)
		if err != nil {
			return err
		}
		plan, more := compiler.Compile(cfg)
		if diags = append(diags, more...); diags.HasErrors() {
			bad = true
			var errors ast.Diagnostics
			for _, d := range diags {
				if d.Severity == ast.Error {
					errors = append(errors, d)
				}
			}
			if err := s.print(errors); err != nil {
				return err
			}
		}
		plans[i], cfgs[i] = plan, cfg
	}
	r := diff.Compare(plans[0], plans[1])
	if c.JSON {
		if err := s.json(r, "  "); err != nil {
			return err
		}
	} else {
		if err := r.Text(s.Stdout); err != nil {
			return err
		}
		if old, new := onlyIn(cfgs[0], cfgs[1]), onlyIn(cfgs[1], cfgs[0]); old+new > 0 {
			fmt.Fprintf(s.Stdout, "As text: lines only in %s: %d; only in %s: %d.\n", r.Old, old, r.New, new)
		}
	}
	if bad || c.ExitCode && !r.Equal() {
		return fail(exitInput)
	}
	return nil
}

// onlyIn counts the lines of a configuration that another does not have, wherever they stand.
func onlyIn(a, b *ast.Config) (n int) {
	has := map[string]int{}
	for _, line := range b.Lines(b.Printer()) {
		has[line]++
	}
	for _, line := range a.Lines(a.Printer()) {
		if has[line]--; has[line] < 0 {
			n++
		}
	}
	return n
}
