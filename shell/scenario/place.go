package scenario

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// An Error is a statement that cannot be understood.
type Error struct {
	File      string
	Line, Col int // from 1, in characters; Col 0: the line, or the file, as a whole
	Width     int // characters that are meant
	Text      string
	Source    string // the line
}

// Error is the place and the text, in one line.
func (e *Error) Error() string {
	if e.Col == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Text)
}

// Print writes the error with its line, and a caret under the place.
func (e *Error) Print(w io.Writer) error {
	text := e.Error() + "\n"
	if e.Col > 0 {
		clean := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == utf8.RuneError { // it would move the caret
				return ' '
			}
			return r
		}, e.Source)
		text += fmt.Sprintf("%6d | %s\n       | %s%s\n", e.Line, clean, strings.Repeat(" ", e.Col-1), strings.Repeat("^", max(e.Width, 1)))
	}
	_, err := io.WriteString(w, text)
	return err
}

// A placed error is about some octets of a statement.
type placed struct {
	from, to int
	err      error
}

func (p *placed) Error() string { return p.err.Error() }

// at says which octets of a statement an error is about.
func at(from, to int, err error) error {
	if err == nil {
		return nil
	}
	return &placed{from, to, err}
}

// fields are the words of text as strings.Fields has them, and where each begins.
func fields(text string) (words []string, begin []int) {
	words = strings.Fields(text)
	from := 0
	for _, w := range words {
		from += strings.Index(text[from:], w)
		begin = append(begin, from)
		from += len(w)
	}
	return words, begin
}

// locate puts an error of a statement into its line. Where it says no place it is about the statement as a whole.
func (e *Error) locate(line, statement string, err error) {
	e.Source = strings.TrimRight(line, "\r\n")
	start := strings.Index(line, statement)
	p, ok := err.(*placed)
	if !ok {
		p = &placed{0, len(statement), err}
	}
	from, to := start+min(p.from, len(statement)), start+min(max(p.to, p.from), len(statement))
	e.Col, e.Width = 1+utf8.RuneCountInString(line[:from]), max(utf8.RuneCountInString(line[from:to]), 1)
}
