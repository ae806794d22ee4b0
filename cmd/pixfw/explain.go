package main

import (
	"fmt"
	"strings"

	"pixfw/ast"
)

// ExplainCmd is `pixfw explain`.
type ExplainCmd struct {
	Code string `arg:"" optional:"" help:"Code of a diagnostic, such as E201; without one all are listed."`
}

// Help is shown by --help.
func (ExplainCmd) Help() string {
	return `Example:

    pixfw explain E301`
}

// Run prints the explanation.
func (c *ExplainCmd) Run(s *IO) error {
	if c.Code == "" {
		for _, code := range ast.Codes() {
			fmt.Fprintf(s.Stdout, "%s  %s\n", code.ID, code.Title)
		}
		return nil
	}
	code, ok := ast.FindCode(c.Code)
	if !ok {
		return fmt.Errorf("there is no diagnostic %s; pixfw explain lists them", c.Code)
	}
	fmt.Fprintf(s.Stdout, "%s: %s\n\n%s\n", code.ID, code.Title, code.Text)
	if code.Example != "" {
		fmt.Fprintf(s.Stdout, "\nExample:\n\n    %s\n", strings.ReplaceAll(strings.TrimRight(code.Example, "\n"), "\n", "\n    "))
	}
	if code.Remedy != "" {
		fmt.Fprintf(s.Stdout, "\nWhat to do: %s\n", code.Remedy)
	}
	return nil
}
