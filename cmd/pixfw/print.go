package main

import (
	"fmt"
	"slices"

	"pixfw/ast"
)

// PrintCmd is `pixfw print`.
type PrintCmd struct {
	Files []string `arg:"" name:"file" help:"Configurations; - is standard input."`
	JSON  bool     `name:"json" help:"Print the syntax tree as JSON, one object a file."`
}

// Help is shown by --help.
func (PrintCmd) Help() string {
	return `Prints what write terminal would show. Lines in error are left out and reported, and so is each reading that is a guess.
Of several files each begins with a comment line that has its name.

Example:

    pixfw print scraped.cfg > canonical.cfg`
}

// Run prints the configurations.
func (c *PrintCmd) Run(s *IO) error {
	type result struct {
		name, text string
		cfg        *ast.Config
		diags      ast.Diagnostics
		err        error
	}
	code := exitFine
	err := each(s, c.Files, func(path string) result {
		cfg, file, diags, err := s.load(path)
		if err != nil {
			return result{name: path, err: err}
		}
		r := result{name: file.Name, cfg: cfg, diags: said(diags)}
		if !c.JSON {
			r.text = cfg.String()
		}
		return r
	}, func(r result) error {
		if r.err != nil {
			code = exitUsage
			return s.unreadable(r.name, r.err, c.JSON)
		}
		if r.diags.HasErrors() {
			code = max(code, exitInput)
		}
		if c.JSON {
			return s.json(&ast.Tree{Config: r.cfg, Diagnostics: r.diags}, "  ")
		}
		if err := s.print(r.diags); err != nil {
			return err
		}
		if len(c.Files) > 1 {
			r.text = ": " + r.name + "\n" + r.text
		}
		_, err := fmt.Fprint(s.Stdout, r.text)
		return err
	})
	return s.end(code, err)
}

// said is what a reader of the configuration must know of the reading: what is left out or changed, and what was guessed.
func said(diags ast.Diagnostics) ast.Diagnostics {
	return slices.DeleteFunc(diags, func(d *ast.Diagnostic) bool { return d.Severity == ast.Info && d.Kind != ast.Damage })
}
