package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/shell"
)

// maxInput bounds what is read of a configuration.
const maxInput = 256 << 20

// read reads a file, or standard input for "-". name is what diagnostics call it.
func (s *IO) read(path string) (name string, text []byte, err error) {
	in := s.Stdin
	name = "<stdin>"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return path, nil, err
		}
		defer f.Close()
		in, name = f, path
	}
	text, err = io.ReadAll(io.LimitReader(in, maxInput+1))
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w", failed.Path, failed.Err) // "read: is a directory" does not help
	}
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s: more than %d MB", name, maxInput>>20)
	}
	return name, text, err
}

// load reads a configuration and prints its diagnostics. The configuration is there also when it has errors.
func (s *IO) load(path string) (*ast.Config, *parser.File, ast.Diagnostics, error) {
	name, text, err := s.read(path)
	if err != nil {
		return nil, nil, nil, err
	}
	cfg, file, diags := parser.Load(name, text)
	return cfg, file, diags, nil
}

// print prints diagnostics on standard error: very many are summed up.
func (s *IO) print(diags ast.Diagnostics) error {
	return shell.PrintFindings(s.Stderr, diags, shell.MaxPrinted, s.Color)
}

// secrets reads a file of secrets, if one is named.
func (s *IO) secrets(path string) (*shell.Secrets, error) {
	if path == "" {
		return nil, nil
	}
	secrets, diags, err := shell.ReadSecrets(path)
	if err != nil {
		return nil, err
	}
	if err := s.print(diags); err != nil {
		return nil, err
	}
	if diags.HasErrors() {
		return nil, fail(exitUsage)
	}
	return secrets, nil
}

// json prints a result for machines, on one line without an indent.
func (s *IO) json(v any, indent string) error {
	e := json.NewEncoder(s.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(v)
}
