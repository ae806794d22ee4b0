package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pixfw/ast"
	"pixfw/compiler/linux"
	"pixfw/shell"
)

// TranslateCmd is `pixfw translate`.
type TranslateCmd struct {
	File      string            `arg:"" help:"Configuration; - is standard input."`
	Out       string            `short:"o" required:"" placeholder:"DIR" help:"Directory for the files; made if it is not there."`
	Target    string            `enum:"nftables" default:"nftables" help:"What to write: nftables."`
	Interface map[string]string `placeholder:"HW=DEVICE" help:"Linux device of a PIX interface: ethernet0=eth0. Repeat, or separate by semicolons."`
	Secrets   string            `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
	Force     bool              `help:"Write into a directory that this program did not make."`
	JSON      bool              `name:"json" help:"The ledger as JSON on standard output."`
}

// Help is shown by --help.
func (TranslateCmd) Help() string {
	return `Writes nftables.conf, and LEDGER: what became of each input line. Exit status 1 while lines that change what traffic
may pass are refused.

Example:

    pixfw translate pix.cfg -o out --interface ethernet0=eth0 --interface ethernet1=eth1
    out: 98 lines: 9 exact, 10 approximated, 48 harmless, 31 refused`
}

// Run writes the translation.
func (c *TranslateCmd) Run(s *IO) error {
	name, text, err := s.read(c.File)
	if err != nil {
		return err
	}
	if err := mayWrite(c.Out, c.Force); err != nil {
		return err
	}
	secrets, err := s.secrets(c.Secrets)
	if err != nil {
		return err
	}
	out, diags, err := shell.Translate(name, text, linux.Options{Target: linux.Target(c.Target), Devices: c.Interface}, secrets)
	if err != nil {
		return err
	}
	// What is neither an error nor about a key stands in the ledger.
	var said ast.Diagnostics
	for _, d := range diags {
		if d.Severity == ast.Error || d.Kind == ast.SecretKind {
			said = append(said, d)
		}
	}
	if err := s.print(append(said, secrets.Unused()...)); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	for _, f := range out.Files {
		if err := os.WriteFile(filepath.Join(c.Out, f.Name), f.Data, 0o644); err != nil {
			return err
		}
	}
	l := out.Ledger
	if c.JSON {
		if err := s.json(l, "  "); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.Stdout, "%s: %d lines: %d exact, %d approximated, %d harmless, %d refused\n", c.Out, len(l),
			l.Count(linux.Exact), l.Count(linux.Approximated), l.Count(linux.Harmless), l.Count(linux.Refused))
	}
	if said.HasErrors() {
		return fail(exitInput)
	}
	if l.Lossy() {
		fmt.Fprintf(s.Stderr, "pixfw: lines are refused that change what traffic may pass: see %s\n", filepath.Join(c.Out, "LEDGER"))
		return fail(exitInput)
	}
	return nil
}

// mayWrite refuses a directory with files in it that this program did not write: a LEDGER of ours is the sign.
func mayWrite(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && (len(entries) == 0 || force) {
		return nil
	}
	if err != nil {
		return err
	}
	ledger, err := os.ReadFile(filepath.Join(dir, "LEDGER"))
	if err == nil && linux.IsLedger(ledger) {
		return nil
	}
	return fmt.Errorf("%s has files in it that pixfw did not make; name another directory, or use --force", dir)
}
