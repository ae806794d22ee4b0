package shell

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
	"pixfw/runtime/kernel"
)

// A Report is everything that can be said about one configuration: the result of `pixfw check`, and its JSON form.
type Report struct {
	File        string          `json:"file"`
	Version     string          `json:"version"`
	Lines       int             `json:"lines"` // neither blank nor comment
	Understood  int             `json:"understood"`
	Diagnostics ast.Diagnostics `json:"diagnostics"`
	Omitted     int             `json:"omitted,omitempty"` // diagnostics beyond maxDiagnostics
	// Kernel is what the kernel lacks of what the firewall uses; of CheckKernel.
	Kernel []nft.FeatureRow `json:"kernel,omitempty"`

	warned, wrong int
}

// Check parses, resolves and lints. Each line that is neither blank nor a comment is counted: as understood, or as one
// that has an error.
func Check(name string, text []byte, secrets *Secrets) *Report {
	return check(name, text, secrets, func(*compiler.Plan) ast.Diagnostics { return nil })
}

// CheckKernel is Check with what a kernel does otherwise than a PIX, and which parts that the firewall uses it lacks.
func CheckKernel(name string, text []byte, secrets *Secrets, kernel kernel.Features) *Report {
	r := check(name, text, secrets, func(plan *compiler.Plan) ast.Diagnostics {
		devices := map[int]string{}
		for i := range plan.Interfaces {
			devices[i] = plan.Interfaces[i].Hardware
		}
		opts := kernel.Options()
		opts.Twins, opts.Servers = true, true // as pixfw run
		_, diags := nft.Lower(plan, devices, opts)
		return diags
	})
	r.Kernel = kernel.Missing()
	return r
}

func check(name string, text []byte, secrets *Secrets, more func(*compiler.Plan) ast.Diagnostics) *Report {
	cfg, file, diags := parser.Load(name, text)
	plan, found := compiler.Compile(secrets.overlay(cfg))
	diags = append(diags, found...)
	if plan != nil {
		diags = append(diags, compiler.LintFile(secrets.overlay(cfg), plan, unread(file, diags))...)
		diags = append(diags, more(plan)...)
	}
	r := &Report{File: name, Version: cfg.Release, Diagnostics: diags}
	if r.Diagnostics == nil {
		r.Diagnostics = ast.Diagnostics{}
	}
	r.place(file)
	r.Diagnostics.Sort()
	r.count(file)
	if n := len(r.Diagnostics); n > maxDiagnostics {
		r.Diagnostics, r.Omitted = r.Diagnostics[:maxDiagnostics], n-maxDiagnostics
	}
	return r
}

// unread is the text of the lines that have an error.
func unread(file *parser.File, diags ast.Diagnostics) []string {
	wrong := map[int32]bool{}
	for _, d := range diags {
		if d.Severity == ast.Error {
			wrong[d.Pos.Line] = true
			for _, no := range d.Also {
				wrong[no] = true
			}
		}
	}
	var out []string
	if len(wrong) == 0 {
		return nil
	}
	for i := range file.Lines {
		if wrong[file.Lines[i].No] {
			out = append(out, file.Lines[i].Text)
		}
	}
	return out
}

const (
	// maxDiagnostics bounds a report.
	maxDiagnostics = 100_000
	// MaxPrinted is how many diagnostics of one code of a file people are shown.
	MaxPrinted = 100
)

// PrintFindings writes diagnostics for people: of each code of a file as many as given, and behind them how many more lines there
// are of it.
func PrintFindings(w io.Writer, diags ast.Diagnostics, most int, color bool) error {
	type kind struct{ file, code string }
	seen, more := map[kind]int{}, map[kind]int{}
	for _, d := range diags {
		k := kind{d.File, d.Code}
		if seen[k]++; seen[k] > most {
			more[k] += 1 + len(d.Also)
			continue
		}
		if err := d.Print(w, color); err != nil {
			return err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(more), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.code, b.code))
	}) {
		file := k.file
		if file != "" {
			file += ": "
		}
		if _, err := fmt.Fprintf(w, "%sand %d more of %s\n", file, more[k], k.code); err != nil {
			return err
		}
	}
	return nil
}

// Print writes the findings, of each code the first ones. What is left out is counted behind them.
func (r *Report) Print(w io.Writer, color bool) error {
	if err := PrintFindings(w, r.Diagnostics, MaxPrinted, color); err != nil {
		return err
	}
	for _, f := range r.Kernel {
		if _, err := fmt.Fprintf(w, "%s: %s\n", r.File, f); err != nil {
			return err
		}
	}
	if r.Omitted > 0 {
		_, err := fmt.Fprintf(w, "%s: and %d more findings\n", r.File, r.Omitted)
		return err
	}
	return nil
}

// place gives each finding the file and the source line that it is about.
func (r *Report) place(file *parser.File) {
	text := map[int32]string{}
	for i := range file.Lines {
		text[file.Lines[i].No] = file.Lines[i].Text
	}
	for _, d := range r.Diagnostics {
		if d.File == "" {
			d.File = r.File
		}
		if d.Source == "" && d.Pos.IsValid() {
			d.Source = text[d.Pos.Line]
		}
	}
}

func (r *Report) count(file *parser.File) {
	wrong, warned := map[int32]bool{}, map[int32]bool{}
	for _, d := range r.Diagnostics {
		lines := wrong
		switch d.Severity {
		case ast.Warning:
			lines = warned
		case ast.Info:
			continue
		}
		lines[d.Pos.Line] = true
		for _, no := range d.Also {
			lines[no] = true
		}
	}
	for i := range file.Lines { // a line that a terminal broke counts once
		if l := &file.Lines[i]; l.Kind == parser.Continuation && wrong[l.No] {
			delete(wrong, l.No)
			wrong[l.Head] = true
		}
	}
	bad := 0
	for i := range file.Lines {
		l := &file.Lines[i]
		if l.Kind == parser.Blank || l.Kind == parser.Comment || l.Kind == parser.Continuation || strings.HasPrefix(strings.TrimSpace(l.Text), ":") {
			continue
		}
		r.Lines++
		if wrong[l.No] {
			bad++
		}
	}
	r.Understood = r.Lines - bad
	r.wrong, r.warned = len(wrong), len(warned)
}

// Has reports whether a finding has the severity.
func (r *Report) Has(s ast.Severity) bool {
	return slices.ContainsFunc(r.Diagnostics, func(d *ast.Diagnostic) bool { return d.Severity == s })
}

// Summary is the line behind the findings: how many lines were understood, have warnings, have errors.
func (r *Report) Summary() string {
	return fmt.Sprintf("%s: %d lines: %d understood, %d with warnings, %d errors", r.File, r.Lines, r.Understood, r.warned, r.wrong)
}
