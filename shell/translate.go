package shell

import (
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/linux"
	"pixfw/parser"
)

// Translate reads a configuration and writes it for a Linux host: the files, and the ledger that accounts for every line of
// text, keys masked. secrets supplies the keys that the configuration shows masked. The diagnostics are those of the configuration, masked keys
// among them, and of what the output does otherwise than a PIX.
func Translate(name string, text []byte, opts linux.Options, secrets *Secrets) (*linux.Output, ast.Diagnostics, error) {
	cfg, file, diags := parser.Load(name, text)
	cfg = secrets.Fill(cfg)
	plan, found := compiler.Compile(cfg)
	diags = append(diags, found...)
	diags = append(diags, compiler.MaskedKeys(cfg)...)

	problem := map[int32]string{}
	for _, d := range diags {
		if d.Severity == ast.Error && problem[d.Pos.Line] == "" {
			problem[d.Pos.Line] = d.Message
		}
	}
	for i := range file.Lines {
		if l := &file.Lines[i]; l.Kind == parser.Continuation && problem[l.Head] == "" {
			problem[l.Head] = problem[l.No]
		}
	}
	in := make([]linux.Input, 0, len(file.Lines))
	for i := range file.Lines {
		l := &file.Lines[i]
		input := linux.Input{Line: l.No, Text: l.Text, Stmt: l.Stmt}
		if l.Kind == parser.Continuation { // its text may be half a key
			input.Text = fmt.Sprintf(": part of line %d", l.Head)
		}
		if p := problem[l.No]; p != "" && l.Kind != parser.Continuation {
			input.Problem = p
		} else if l.Kind == parser.Bad {
			input.Problem = "not understood"
		}
		in = append(in, input)
	}
	out, differs, err := linux.Translate(in, plan, opts)
	if err != nil {
		return nil, nil, err
	}
	diags = append(diags, differs...)
	diags.Sort()
	return out, diags, nil
}
