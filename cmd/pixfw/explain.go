package main

import (
	"fmt"
	"strings"

	"pixfw/ast"
)

// ExplainCmd is `pixfw explain`.
type ExplainCmd struct {
	Codes []string `arg:"" optional:"" name:"code" help:"Codes of diagnostics, such as E201; without one all are listed."`
	JSON  bool     `name:"json" help:"One JSON object a code: code, title, text, example, remedy."`
}

// Help is shown by --help.
func (ExplainCmd) Help() string {
	return `Example:

    pixfw explain E301`
}

// Run prints the explanations.
func (c *ExplainCmd) Run(s *IO) error {
	codes := ast.Codes()
	if len(c.Codes) > 0 {
		codes = nil
	}
	status := exitFine
	for _, id := range c.Codes {
		code, ok := ast.FindCode(id)
		if !ok {
			fmt.Fprintf(s.Stderr, "pixfw: there is no diagnostic %s; pixfw explain lists them\n", id)
			status = exitUsage
			continue
		}
		codes = append(codes, code)
	}
	for i, code := range codes {
		var err error
		switch {
		case c.JSON:
			err = s.json(struct {
				Code    string `json:"code"`
				Title   string `json:"title"`
				Text    string `json:"text"`
				Example string `json:"example,omitempty"`
				Remedy  string `json:"remedy"`
			}{code.ID, code.Title, code.Text, code.Example, code.Remedy}, "")
		case len(c.Codes) == 0:
			_, err = fmt.Fprintf(s.Stdout, "%s  %s\n", code.ID, code.Title)
		default:
			if i > 0 {
				fmt.Fprintln(s.Stdout)
			}
			_, err = fmt.Fprint(s.Stdout, explained(code))
		}
		if err != nil {
			return err
		}
	}
	return s.end(status, nil)
}

// explained is a code in words.
func explained(code ast.Code) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s\n", code.ID, code.Title, code.Text)
	if code.Example != "" {
		fmt.Fprintf(&b, "\nExample:\n\n    %s\n", strings.ReplaceAll(strings.TrimRight(code.Example, "\n"), "\n", "\n    "))
	}
	if code.Remedy != "" {
		fmt.Fprintf(&b, "\nWhat to do: %s\n", code.Remedy)
	}
	return b.String()
}
