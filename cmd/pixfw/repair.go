package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/parser/repair"
	"pixfw/shell"
)

// maxRepairs is how many changes of one kind are told: each, of any page that people read.
const maxRepairs = 10_000

// RepairCmd is `pixfw repair`.
type RepairCmd struct {
	Files  []string `arg:"" name:"file" help:"Scraped texts; - is standard input."`
	JSON   bool     `name:"json" help:"The result and everything that was done as JSON, one object a file."`
	Output string   `short:"o" placeholder:"OUT" help:"Write the configuration to OUT; with several files a directory, for a file of the same name each."`
}

// Help is shown by --help.
func (RepairCmd) Help() string {
	return `Reads what was scraped from pages, e-mails and terminals, and writes a clean configuration. Standard error tells each
join, split, dropped word and doubtful choice. Of several files each begins with a comment line that has its name.

Example:

    pixfw repair note.txt -o pix.cfg`
}

// Run repairs the texts. A conflict needs a person: the exit status is 1 then, and the output still holds the best reading.
func (c *RepairCmd) Run(s *IO) error {
	out, err := c.outputs()
	if err != nil {
		return err
	}
	type result struct {
		name string
		*repair.Result
		err error
	}
	code, next := exitFine, 0
	err = each(s, c.Files, func(path string) result {
		name, text, err := s.read(path)
		if err != nil {
			return result{name: name, err: err}
		}
		return result{name: name, Result: repair.Repair(name, text)}
	}, func(r result) error {
		file := ""
		if out != nil {
			file = out[next]
		}
		next++
		if r.err != nil {
			code = exitUsage
			return s.unreadable(r.name, r.err, c.JSON)
		}
		if len(r.Conflicts) > 0 || r.Diags.HasErrors() {
			code = max(code, exitInput)
		}
		if file != "" {
			if err := os.WriteFile(file, []byte(r.Config), 0o644); err != nil {
				return err
			}
		}
		if c.JSON {
			return s.json(struct {
				File        string          `json:"file"`
				Clean       bool            `json:"clean"`
				Config      string          `json:"config"`
				Conflicts   int             `json:"conflicts"`
				Diagnostics ast.Diagnostics `json:"diagnostics"`
			}{r.name, r.Clean, parser.Latin1(r.Config), len(r.Conflicts), append(ast.Diagnostics{}, r.Diags...)}, "  ")
		}
		if err := shell.PrintFindings(s.Stderr, r.Diags, maxRepairs, s.Color); err != nil {
			return err
		}
		if file != "" {
			return nil
		}
		if len(c.Files) > 1 {
			r.Config = ": " + r.name + "\n" + r.Config
		}
		_, err := fmt.Fprint(s.Stdout, r.Config)
		return err
	})
	return s.end(code, err)
}

// outputs is where each file's configuration goes; nil for standard output. For several files the directory is made.
func (c *RepairCmd) outputs() ([]string, error) {
	switch {
	case c.Output == "":
		return nil, nil
	case len(c.Files) == 1:
		return []string{c.Output}, nil
	}
	var out []string
	from := map[string]string{}
	for _, f := range c.Files {
		base := filepath.Base(f)
		if f == "-" {
			return nil, errors.New("standard input has no name to write a file of; repair it alone")
		}
		if other, ok := from[base]; ok {
			return nil, fmt.Errorf("%s and %s would both be written to %s", other, f, filepath.Join(c.Output, base))
		}
		from[base] = f
		out = append(out, filepath.Join(c.Output, base))
	}
	return out, os.MkdirAll(c.Output, 0o755)
}
