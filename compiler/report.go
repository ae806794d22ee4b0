package compiler

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"pixfw/ast"
)

// reporter collects diagnostics about the lines of one configuration.
type reporter struct {
	file  string
	print *ast.Printer // canonical text as the configuration itself prints it, keys hidden
	diags ast.Diagnostics
}

func newReporter(cfg *ast.Config) *reporter {
	p := cfg.Printer()
	p.HideSecrets = true
	return &reporter{file: cfg.File, print: p}
}

// report adds a finding about word of a command; an empty word means the whole line.
//
// A command knows only where it starts, so the column of a word is that of the word in the canonical text. In a
// configuration that a PIX wrote that is the column in the file; in one typed with abbreviations or extra blanks the
// place may be a few characters off, the line never is.
func (r *reporter) report(code string, kind ast.Kind, sev ast.Severity, cmd ast.Command, word, format string, args ...any) *ast.Diagnostic {
	d := &ast.Diagnostic{Code: code, Kind: kind, Severity: sev, File: r.file, Message: fmt.Sprintf(format, args...)}
	r.diags = append(r.diags, d)
	if cmd == nil {
		return d
	}
	d.Source = r.print.Text(cmd)
	d.Pos = cmd.Position()
	if !d.Pos.IsValid() {
		return d
	}
	start, end := 0, len(d.Source)
	if i := wordIndex(d.Source, word); i >= 0 {
		start, end = i, i+len(word)
	}
	first := d.Pos.Col
	d.End = ast.Pos{Line: d.Pos.Line, Col: first + columns(d.Source[:end])}
	d.Pos.Col = first + columns(d.Source[:start])
	// The source line may be indented; its canonical text is not.
	if first > 1 {
		d.SourceCol = first
	}
	return d
}

func columns(s string) int32 { return int32(utf8.RuneCountInString(s)) }

// wordIndex finds the last occurrence of word in text that is bounded by blanks, parentheses, commas or hyphens; -1 when
// there is none. The last one, because operands come after keywords: in `access-list 101 permit ip any host 101.0.0.1`
// nothing else can be meant, and references stand at the end of most commands.
func wordIndex(text, word string) int {
	if word == "" {
		return -1
	}
	for i := strings.LastIndex(text, word); i >= 0; i = strings.LastIndex(text[:i+len(word)-1], word) {
		before := i == 0 || strings.IndexByte(" (,-", text[i-1]) >= 0
		j := i + len(word)
		if before && (j == len(text) || strings.IndexByte(" ),-", text[j]) >= 0) {
			return i
		}
		if i+len(word)-1 <= 0 {
			break
		}
	}
	return -1
}

// ip is an address as the configuration prints it.
func (r *reporter) ip(ip ast.IP) string {
	if n, ok := r.print.Names[ip]; ok {
		return n
	}
	return ip.String()
}

// note adds a second line to a finding.
func (r *reporter) note(d *ast.Diagnostic, cmd ast.Command, format string, args ...any) {
	d.Notes = append(d.Notes, ast.Note{Pos: cmd.Position(), Message: fmt.Sprintf(format, args...)})
}

// noteLine quotes a second line.
func (r *reporter) noteLine(d *ast.Diagnostic, cmd ast.Command) {
	r.note(d, cmd, "%s", r.print.Text(cmd))
}

// unknown reports a name that nothing in the configuration has.
func (r *reporter) unknown(code string, cmd ast.Command, what, name, make string, names []string) {
	d := r.report(code, ast.BadReference, ast.Error, cmd, name, "there is no %s %q; the line has no effect", what, name)
	d.Hint = make
	if s := closest(name, names); s != "" {
		d.Suggestion = s
		d.Hint = fmt.Sprintf("did you mean %q? Otherwise %s", s, make)
	}
}

// refuse reports a line that a PIX would not have taken.
func (r *reporter) refuse(code string, kind ast.Kind, cmd ast.Command, word, format string, args ...any) *ast.Diagnostic {
	return r.report(code, kind, ast.Error, cmd, word, format, args...)
}

// closest is the name that was probably meant: equal but for case, or at most one edit away in short names and two in
// long ones. Empty when no name is close, or two are equally so.
func closest(name string, names []string) string {
	if len(name) > 64 {
		return ""
	}
	limit := 1
	if len(name) > 5 {
		limit = 2
	}
	best, at, tie := "", limit+1, false
	for _, n := range slices.Compact(slices.Sorted(slices.Values(names))) {
		d := limit + 1
		if strings.EqualFold(n, name) {
			d = 0
		} else if len(n) <= 64 {
			d = editDistance(strings.ToLower(name), strings.ToLower(n))
		}
		switch {
		case d < at:
			best, at, tie = n, d, false
		case d == at && d <= limit:
			tie = true
		}
	}
	if tie || at >= len(name) {
		return ""
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours.
func editDistance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
