package main

import (
	"fmt"

	"pixfw/ast"
	"pixfw/shell"
)

// CheckCmd is `pixfw check`.
type CheckCmd struct {
	Files   []string `arg:"" name:"file" help:"Configurations; - is standard input."`
	JSON    bool     `name:"json" help:"One JSON object a file on standard output."`
	Strict  bool     `help:"Warnings count as errors."`
	Secrets string   `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
}

// Help is shown by --help.
func (CheckCmd) Help() string {
	return `Prints one diagnostic a finding, then a summary line a file.

Example:

    pixfw check pix.cfg
    pix.cfg: 97 lines: 97 understood, 4 with warnings, 0 errors`
}

// Run checks each file.
func (c *CheckCmd) Run(s *IO) error {
	secrets, err := s.secrets(c.Secrets)
	if err != nil {
		return err
	}
	code := exitFine
	for _, path := range c.Files {
		name, text, err := s.read(path)
		if err != nil {
			fmt.Fprintln(s.Stderr, "pixfw:", err)
			code = exitUsage
			continue
		}
		r := shell.Check(name, text, secrets)
		if c.JSON {
			if err := s.json(r, ""); err != nil {
				return err
			}
		} else {
			if err := r.Print(s.Stderr, s.Color); err != nil {
				return err
			}
			fmt.Fprintln(s.Stdout, r.Summary())
		}
		if code == exitFine && (r.Diagnostics.HasErrors() || c.Strict && r.Has(ast.Warning)) {
			code = exitInput
		}
	}
	if code != exitFine {
		return fail(code)
	}
	return nil
}
