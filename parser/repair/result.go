package repair

import (
	"strings"

	"pixfw/ast"
)

// A Result is what Repair made of a text.
type Result struct {
	// Config is the clean configuration, one command a line. What a person has
	// to look at is marked by a comment line.
	Config string
	// Commands are those of the configuration, in its order.
	Commands  []Found
	Repairs   []Change   // what was done to the text, in its order
	Conflicts []Conflict // places where the text contradicts itself
	Strays    []Found    // commands that stand apart from the configuration
	Clean     bool       // the text was a plain configuration: Config is as it was

	// Diags tell all of it, to be printed with their source lines.
	Diags ast.Diagnostics

	lines []line
}

// A Found is a command that was found in the text.
type Found struct {
	Text string
	Stmt ast.Statement
	Pos  ast.Pos // its first character in the input
	End  ast.Pos // the first behind it
	// Joins are the places where it was put together: the first word of each
	// further line that it went over, and the second half of each broken word.
	Joins []ast.Pos
	// Confidence tells how clear the reading is: how much dearer the best
	// reading of the text is that does without this command. Skipping one word
	// costs 0.5.
	Confidence float64

	start, end int // bytes of the input
}

// A Kind of change.
type Kind string

// The kinds.
const (
	JoinLines   Kind = "join-lines"   // a command went over several lines
	JoinHyphen  Kind = "join-hyphen"  // a word was broken at its hyphen
	MendWord    Kind = "mend-word"    // a typeset character stood for a plain one
	Split       Kind = "split"        // the command did not begin a line
	DropComment Kind = "drop-comment" // a comment was left out
	DropNoise   Kind = "drop-noise"   // so was something of a terminal or a page
	DropWords   Kind = "drop-words"   // words that are neither command nor comment
)

// A Change is one thing that was done to the text.
type Change struct {
	Kind    Kind
	Pos     ast.Pos
	End     ast.Pos
	Message string
}

// A Conflict is a setting for which the text has two values.
type Conflict struct {
	Pos     ast.Pos // of Other
	Kept    Found
	Other   Found // left out of the configuration
	Or      bool  // the text says "or" between the two
	Message string
}

// line is one of the configuration.
type line struct {
	text    string
	mark    bool   // of the repair, not of the text
	command *Found // nil for the frame and for marks
}

// Plain is the configuration without the comment lines that mark what a person
// has to look at.
func (r *Result) Plain() string {
	if r.Clean {
		return r.Config
	}
	return r.render(false)
}

func (r *Result) render(marks bool) string {
	var b strings.Builder
	for _, l := range r.lines {
		if marks || !l.mark {
			b.WriteString(l.text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
