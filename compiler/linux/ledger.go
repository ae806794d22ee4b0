package linux

import (
	"fmt"
	"strings"

	"pixfw/ast"
)

// Input is one line of the configuration, as it was read.
type Input struct {
	Line    int32
	Text    string
	Stmt    ast.Statement // Cmd is nil for blank lines, comments and lines that were not understood
	Problem string        // why the line was not understood
}

// Status is what became of a line.
type Status uint8

// The statuses, the best first.
const (
	Exact        Status = iota // the output does what the line says
	Approximated               // it does nearly that; the reason says what differs
	Harmless                   // the line may go: it does not change what packets may pass
	Refused                    // the output does not do it
)

func (s Status) String() string {
	return [...]string{"exact", "approximated", "harmless", "refused"}[s]
}

// MarshalText makes the JSON form a word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Entry accounts for one input line.
type Entry struct {
	Line    int32  `json:"line"`
	Text    string `json:"text"` // secrets masked
	Status  Status `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Traffic bool   `json:"traffic"` // refused, and what traffic may pass changes with it
	File    string `json:"file,omitempty"`
	At      []int  `json:"at,omitempty"` // lines of File
}

// Ledger is the account of a whole configuration, in order of its lines.
type Ledger []Entry

// Count is how many lines have the status.
func (l Ledger) Count(s Status) int {
	n := 0
	for i := range l {
		if l[i].Status == s {
			n++
		}
	}
	return n
}

// Lossy reports whether a line was refused that changes what traffic may pass.
func (l Ledger) Lossy() bool {
	for i := range l {
		if l[i].Traffic {
			return true
		}
	}
	return false
}

// ledgerMark heads every LEDGER, so that a directory is known as one that this program made.
const ledgerMark = "# pixfw ledger"

// IsLedger reports whether data is a LEDGER that this program wrote.
func IsLedger(data []byte) bool { return strings.HasPrefix(string(data), ledgerMark) }

// Text is the ledger as a file: a summary, then one paragraph a line.
func (l Ledger) Text(source, target string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n# source %s\n# target %s\n# %d lines: %d exact, %d approximated, %d harmless, %d refused\n", ledgerMark, source, target,
		len(l), l.Count(Exact), l.Count(Approximated), l.Count(Harmless), l.Count(Refused))
	if l.Lossy() {
		b.WriteString("# lines marked ! are refused and change what traffic may pass\n")
	}
	for i := range l {
		e := &l[i]
		mark := " "
		if e.Traffic {
			mark = "!"
		}
		fmt.Fprintf(&b, "%s %5d  %-12s  %s\n", mark, e.Line, e.Status, e.Text)
		if e.File != "" {
			fmt.Fprintf(&b, "%23s-> %s:%s\n", "", e.File, numbers(e.At))
		}
		if e.Reason != "" {
			fmt.Fprintf(&b, "%23s%s\n", "", e.Reason)
		}
	}
	return b.String()
}

// numbers prints a sorted list of line numbers with runs as ranges: 3,7-9.
func numbers(at []int) string {
	var parts []string
	for i := 0; i < len(at); {
		j := i
		for j+1 < len(at) && at[j+1] == at[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, fmt.Sprint(at[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", at[i], at[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
