package shell

import (
	"errors"
	"fmt"
	"os"

	"pixfw/ast"
	"pixfw/parser"
)

// Secrets are the real values of keys that a configuration shows masked: lines of configuration, matched to the masked
// line by everything but the key. They never enter the running configuration, so nothing prints them; the nil Secrets
// hold none.
type Secrets struct {
	lines []ast.Command
}

// ErrExposed is the error of a file of secrets that others may read.
var ErrExposed = errors.New("the file can be read by others; its mode must be 600")

// ReadSecrets reads a file of secrets.
func ReadSecrets(path string) (*Secrets, ast.Diagnostics, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("%s: %w", path, ErrExposed)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	file := parser.Parse(path, text)
	s := &Secrets{}
	for _, l := range file.Lines {
		if l.Stmt.Cmd != nil && holdsSecret(l.Stmt.Cmd) {
			s.lines = append(s.lines, l.Stmt.Cmd)
		}
	}
	// What could not be read is shown without its text: it may be half a secret.
	for _, d := range file.Diags {
		d.Source = ""
	}
	return s, file.Diags, nil
}

// Fill is the configuration with its masked keys replaced by the real ones where they are known. The given configuration
// stays as it is.
func (s *Secrets) Fill(cfg *ast.Config) *ast.Config { return s.overlay(cfg) }

func (s *Secrets) overlay(cfg *ast.Config) *ast.Config {
	if s == nil || len(s.lines) == 0 {
		return cfg
	}
	out := cfg
	for cmd := range cfg.Commands() {
		if !ast.Masked(cmd) {
			continue
		}
		for _, l := range s.lines {
			real := ast.WithSecrets(cmd, l)
			if real == nil {
				continue
			}
			if out == cfg {
				out = cfg.Clone()
			}
			// A line with the same key replaces the masked one in its place; that is never refused.
			_ = out.Do(ast.Statement{Cmd: real})
			break
		}
	}
	return out
}

// holdsSecret reports whether a line holds a key or password.
func holdsSecret(cmd ast.Command) bool {
	_, places := ast.Secrets(cmd)
	return len(places) > 0
}
