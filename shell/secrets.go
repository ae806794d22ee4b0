package shell

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"pixfw/ast"
	"pixfw/parser"
)

// Secrets are the real values of keys that a configuration shows masked: lines of configuration, matched to the masked
// line by everything but the key. They never enter the running configuration, so nothing prints them; the nil Secrets
// hold none.
type Secrets struct {
	file  string
	lines []*secretLine
}

// A secretLine is one line of the file.
type secretLine struct {
	cmd  ast.Command
	pos  ast.Pos
	used atomic.Bool // a masked line has been found for it
}

// ErrExposed is the error of a file of secrets that others may read.
var ErrExposed = errors.New("the file can be read by others; its mode must be 600")

// maxSecrets bounds a file of secrets.
const maxSecrets = 1 << 20

// ReadSecrets reads a file of secrets. What the findings say never shows a word of the file: any may be half a secret.
func ReadSecrets(path string) (*Secrets, ast.Diagnostics, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, fmt.Errorf("%s: is a directory", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, fmt.Errorf("%s: %w", path, ErrExposed)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecrets+1))
	if err != nil {
		return nil, nil, err
	}
	if len(text) > maxSecrets {
		return nil, nil, fmt.Errorf("%s: more than %d MB", path, maxSecrets>>20)
	}
	file := parser.Parse(path, text)
	s := &Secrets{file: path}
	for _, l := range file.Lines {
		if l.Stmt.Cmd != nil {
			s.lines = append(s.lines, &secretLine{cmd: l.Stmt.Cmd, pos: ast.Pos{Line: l.No, Col: 1}})
		}
	}
	for _, d := range file.Diags {
		*d = ast.Diagnostic{Code: d.Code, Kind: d.Kind, Severity: d.Severity, File: d.File, Pos: d.Pos, Message: "the line is not understood",
			Hint: "a line is one of the configuration, with the real key in the place of the asterisks"}
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
			real := ast.WithSecrets(cmd, l.cmd)
			if real == nil {
				continue
			}
			l.used.Store(true)
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

// Unused are warnings about the lines that no masked line has been found for, in any of the configurations that were filled. They show no
// word of the file.
func (s *Secrets) Unused() (found ast.Diagnostics) {
	if s == nil {
		return nil
	}
	for _, l := range s.lines {
		message := "no masked line is of this secret"
		if !holdsSecret(l.cmd) {
			message = "the line holds no secret"
		}
		if !l.used.Load() {
			found = append(found, &ast.Diagnostic{Code: "W452", Kind: ast.SecretKind, Severity: ast.Warning, File: s.file, Pos: l.pos, Message: message,
				Hint: "write the line as the configuration has it, with the key in the place of the asterisks"})
		}
	}
	return found
}

// holdsSecret reports whether a line holds a key or password.
func holdsSecret(cmd ast.Command) bool {
	_, places := ast.Secrets(cmd)
	return len(places) > 0
}
