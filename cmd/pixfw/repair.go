package main

import (
	"fmt"
	"os"

	"pixfw/ast"
	"pixfw/parser/repair"
)

// RepairCmd is `pixfw repair`.
type RepairCmd struct {
	File   string `arg:"" help:"Scraped text; - is standard input."`
	JSON   bool   `name:"json" help:"The result and everything that was done as JSON."`
	Output string `short:"o" placeholder:"OUT" help:"Write the configuration to OUT."`
}

// Help is shown by --help.
func (RepairCmd) Help() string {
	return `Reads what was scraped from pages, e-mails and terminals, and writes a clean configuration. Standard error tells each
join, split, dropped word and doubtful choice.

Example:

    pixfw repair note.txt -o pix.cfg`
}

// Run repairs the text. A conflict needs a person: the exit status is 1 then, and the output still holds the best reading.
func (c *RepairCmd) Run(s *IO) error {
	name, text, err := s.read(c.File)
	if err != nil {
		return err
	}
	r := repair.Repair(name, text)
	if !c.JSON {
		if err := s.print(r.Diags); err != nil {
			return err
		}
	}
	if c.Output != "" {
		if err := os.WriteFile(c.Output, []byte(r.Config), 0o644); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		diags := r.Diags
		if diags == nil {
			diags = ast.Diagnostics{}
		}
		err = s.json(struct {
			File        string          `json:"file"`
			Clean       bool            `json:"clean"`
			Config      string          `json:"config"`
			Conflicts   int             `json:"conflicts"`
			Diagnostics ast.Diagnostics `json:"diagnostics"`
		}{name, r.Clean, r.Config, len(r.Conflicts), diags}, "  ")
	case c.Output == "":
		_, err = fmt.Fprint(s.Stdout, r.Config)
	}
	if err != nil {
		return err
	}
	if len(r.Conflicts) > 0 || r.Diags.HasErrors() {
		return fail(exitInput)
	}
	return nil
}
