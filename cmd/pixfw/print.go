package main

import (
	"fmt"

	"pixfw/ast"
)

// PrintCmd is `pixfw print`.
type PrintCmd struct {
	File string `arg:"" help:"Configuration; - is standard input."`
	JSON bool   `name:"json" help:"Print the syntax tree as JSON."`
}

// Help is shown by --help.
func (PrintCmd) Help() string {
	return `Prints what write terminal would show. Lines in error are left out and reported.

Example:

    pixfw print scraped.cfg > canonical.cfg`
}

// Run prints the configuration.
func (c *PrintCmd) Run(s *IO) error {
	cfg, _, diags, err := s.load(c.File)
	if err != nil {
		return err
	}
	var bad ast.Diagnostics
	for _, d := range diags {
		if d.Severity == ast.Error {
			bad = append(bad, d)
		}
	}
	if err := s.print(bad); err != nil {
		return err
	}
	if c.JSON {
		if err := s.json(cfg, "  "); err != nil {
			return err
		}
	} else {
		fmt.Fprint(s.Stdout, cfg.String())
	}
	if len(bad) > 0 {
		return fail(exitInput)
	}
	return nil
}
