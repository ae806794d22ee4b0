package main

import (
	"fmt"

	"pixfw/ast"
	"pixfw/runtime/kernel"
	"pixfw/shell"
)

// CheckCmd is `pixfw check`.
type CheckCmd struct {
	Files   []string `arg:"" name:"file" help:"Configurations; - is standard input."`
	JSON    bool     `name:"json" help:"One JSON object a file on standard output."`
	Strict  bool     `help:"Warnings count as errors."`
	Kernel  bool     `help:"Also what the kernel of this host does otherwise, or lacks. Needs root."`
	Secrets string   `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
}

// Help is shown by --help.
func (CheckCmd) Help() string {
	return `Prints one diagnostic a finding, then a summary line a file. Of a code that has very many findings the first ones are
printed, and the others counted.

Example:

    pixfw check pix.cfg
    pix.cfg: 97 lines: 97 understood, 4 with warnings, 0 errors`
}

// Run checks each file, several at a time.
func (c *CheckCmd) Run(s *IO) error {
	secrets, err := s.secrets(c.Secrets)
	if err != nil {
		return err
	}
	check := shell.Check
	if c.Kernel {
		features, err := kernel.Probe()
		if err != nil {
			return exitError{exitUsage, fmt.Errorf("check --kernel: %w", err)}
		}
		check = func(name string, text []byte, secrets *shell.Secrets) *shell.Report {
			return shell.CheckKernel(name, text, secrets, features)
		}
	}
	type result struct {
		name   string
		report *shell.Report
		err    error
	}
	code := exitFine
	err = each(s, c.Files, func(path string) result {
		name, text, err := s.read(path)
		if err != nil {
			return result{name: name, err: err}
		}
		return result{name: name, report: check(name, text, secrets)}
	}, func(r result) error {
		if r.err != nil {
			code = exitUsage
			return s.unreadable(r.name, r.err, c.JSON)
		}
		if r.report.Diagnostics.HasErrors() || c.Strict && r.report.Has(ast.Warning) {
			code = max(code, exitInput)
		}
		if c.JSON {
			return s.json(r.report, "")
		}
		if err := r.report.Print(s.Stderr, s.Color); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s.Stdout, r.report.Summary())
		return err
	})
	if err == nil {
		err = s.print(secrets.Unused())
	}
	return s.end(code, err)
}
