package ast

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity of a diagnostic.
type Severity uint8

// Severities, the worst first.
const (
	Error   Severity = iota // the line is not understood or cannot be done
	Warning                 // understood, but probably not what was meant, or done otherwise than a PIX does it
	Info                    // worth knowing
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// MarshalText makes the JSON form a word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Kind sorts diagnostics for machines; the values are those that `pixfw check --json` promises.
type Kind string

// The kinds.
const (
	UnknownKeyword  Kind = "unknown-keyword"
	BadValue        Kind = "bad-value"
	Range           Kind = "range"
	MissingArgument Kind = "missing-argument"
	TrailingJunk    Kind = "trailing-junk"
	BadReference    Kind = "bad-reference"
	ASASyntax       Kind = "asa-syntax"
	Damage          Kind = "damage"
	SecretKind      Kind = "secret"
	Lint            Kind = "lint"
	Unsupported     Kind = "unsupported"
)

// A Note adds a second place to a diagnostic, such as the static that an entry should have named.
type Note struct {
	Pos     Pos    `json:"pos"`
	Message string `json:"message"`
}

// A Diagnostic is one finding of any phase about one place of a configuration.
type Diagnostic struct {
	Code       string // stable, documented: see Codes
	Kind       Kind
	Severity   Severity
	File       string
	Pos        Pos // where the finding starts; zero: the file as a whole, or a typed line
	End        Pos // first character after it; zero: one character
	Message    string
	Hint       string // what to do
	Suggestion string // the word that was probably meant
	Notes      []Note
	Also       []int32 // further lines that the same is said of; the message counts them
	Source     string  // text of the line at Pos, without line end; may be cut around the place when it is very long
	SourceCol  int32   // column of the first character of Source, when it was cut; 0 and 1: not cut
}

// Error is the diagnostic in one line, as file:line:column: severity[CODE]: message.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File + ":")
	}
	if d.Pos.IsValid() {
		fmt.Fprintf(&b, "%d:%d:", d.Pos.Line, d.Pos.Col)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s[%s]: %s", d.Severity, d.Code, d.Message)
	return b.String()
}

// Print writes the diagnostic with its source line and a caret under the place, then hint and notes.
// color switches ANSI colours on.
func (d *Diagnostic) Print(w io.Writer, color bool) error {
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	sev := [...]string{"1;31", "1;33", "1;36"}[d.Severity]
	head := d.Error()
	word := d.Severity.String() + "[" + d.Code + "]"
	head = strings.Replace(head, word, paint(sev, word), 1)
	var b strings.Builder
	b.WriteString(head + "\n")
	if d.Source != "" && d.Pos.IsValid() {
		first := max(d.SourceCol, 1)
		num := fmt.Sprintf("%6d", d.Pos.Line)
		// A tab or a control character would move the caret away from its column.
		clean := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == utf8.RuneError {
				return ' '
			}
			return r
		}, d.Source)
		n := int32(1)
		if d.End.Line == d.Pos.Line && d.End.Col > d.Pos.Col {
			n = d.End.Col - d.Pos.Col
		}
		left := max(d.Pos.Col-first, 0)
		if rest := int32(utf8.RuneCountInString(clean)) - left; n > rest && rest > 0 {
			n = rest
		}
		fmt.Fprintf(&b, "%s | %s\n", num, clean)
		fmt.Fprintf(&b, "%s | %s%s\n", strings.Repeat(" ", len(num)), strings.Repeat(" ", int(left)),
			paint(sev, strings.Repeat("^", int(n))))
	}
	if d.Hint != "" {
		b.WriteString("       = hint: " + d.Hint + "\n")
	}
	for _, n := range d.Notes {
		if n.Pos.IsValid() {
			fmt.Fprintf(&b, "       = note: line %d: %s\n", n.Pos.Line, n.Message)
		} else {
			b.WriteString("       = note: " + n.Message + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// MarshalJSON writes the form that docs promise: code, kind, severity, line, column, endColumn, message, hint,
// suggestion, notes.
func (d *Diagnostic) MarshalJSON() ([]byte, error) {
	type note struct {
		Line    int32  `json:"line,omitempty"`
		Column  int32  `json:"column,omitempty"`
		Message string `json:"message"`
	}
	notes := make([]note, 0, len(d.Notes))
	for _, n := range d.Notes {
		notes = append(notes, note{n.Pos.Line, n.Pos.Col, n.Message})
	}
	end := d.End.Col
	if d.End.Line != d.Pos.Line || end <= d.Pos.Col {
		end = d.Pos.Col + 1
	}
	return json.Marshal(struct {
		Code       string   `json:"code"`
		Kind       Kind     `json:"kind"`
		Severity   Severity `json:"severity"`
		Line       int32    `json:"line"`
		Column     int32    `json:"column"`
		EndColumn  int32    `json:"endColumn"`
		Message    string   `json:"message"`
		Hint       string   `json:"hint,omitempty"`
		Suggestion string   `json:"suggestion,omitempty"`
		Notes      []note   `json:"notes"`
		Also       []int32  `json:"alsoLines,omitempty"`
	}{d.Code, d.Kind, d.Severity, d.Pos.Line, d.Pos.Col, end, d.Message, d.Hint, d.Suggestion, notes, d.Also})
}

// Diagnostics is a list of findings.
type Diagnostics []*Diagnostic

// Sort orders by place, then severity, code and message.
func (l Diagnostics) Sort() {
	slices.SortStableFunc(l, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

// HasErrors reports whether any finding is an error.
func (l Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(l, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Err is the first error of the list, with the number of the others; nil when there is none.
func (l Diagnostics) Err() error {
	var first *Diagnostic
	n := 0
	for _, d := range l {
		if d.Severity == Error {
			if first == nil {
				first = d
			}
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return first
	}
	return fmt.Errorf("%w (and %d more errors)", first, n-1)
}
