package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"pixfw/runtime"
)

// Status is how a case ended.
type Status string

// The states of a case.
const (
	OK   Status = "ok"
	Fail Status = "FAIL"
	Skip Status = "skip"
)

// A Result is what became of a case.
type Result struct {
	File      string  `json:"file"`
	Line      int     `json:"line"` // of the statement that failed, else of the case
	Case      string  `json:"case"`
	Title     string  `json:"title,omitempty"`
	Status    Status  `json:"status"`
	Reason    string  `json:"reason,omitempty"`
	Statement string  `json:"statement,omitempty"`
	Wanted    string  `json:"wanted,omitempty"`
	Got       string  `json:"got,omitempty"`
	Traces    []Trace `json:"traces,omitempty"`
}

// A Trace is the decision about one packet.
type Trace struct {
	Line int    `json:"line"`
	Text string `json:"statement"`
	Body string `json:"trace"`
}

// Name is how the case is called in output; the case without a name goes by its file.
func (r *Result) Name() string {
	if r.Case == "" {
		return r.File
	}
	return r.Case
}

// Write prints the result: one line, and for a failure what was wanted, what came, and why.
func (r *Result) Write(w io.Writer) {
	switch r.Status {
	case OK:
		fmt.Fprintf(w, "ok %s\n", r.Name())
	case Skip:
		fmt.Fprintf(w, "skip %s: %s\n", r.Name(), r.Reason)
	default:
		fmt.Fprintf(w, "FAIL %s: %s\n    %s:%d: %s\n    wanted: %s\n    got:    %s\n", r.Name(), r.Reason,
			r.File, r.Line, r.Statement, indent(r.Wanted, "            "), indent(r.Got, "            "))
	}
	for _, t := range r.Traces {
		if r.Status == Fail && len(r.Traces) == 1 {
			fmt.Fprintf(w, "    trace:\n        %s\n", indent(t.Body, "        "))
			continue
		}
		fmt.Fprintf(w, "    %s:%d: %s\n        %s\n", r.File, t.Line, t.Text, indent(t.Body, "        "))
	}
}

func indent(s, by string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+by)
}

// Counts are how many cases passed, failed and were skipped.
func Counts(results []Result) (passed, failed, skipped int) {
	for i := range results {
		switch results[i].Status {
		case OK:
			passed++
		case Fail:
			failed++
		default:
			skipped++
		}
	}
	return
}

// Print prints all results and the last line; it returns the exit status, 1 when a case failed.
func Print(w io.Writer, results []Result) int {
	for i := range results {
		results[i].Write(w)
	}
	passed, failed, skipped := Counts(results)
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return min(failed, 1)
}

// PrintJSON prints one object a case.
func PrintJSON(w io.Writer, results []Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range results {
		if err := enc.Encode(&results[i]); err != nil {
			return err
		}
	}
	return nil
}

// renderTrace prints a decision, one line a phase and one a message.
func renderTrace(v *runtime.Verdict) string {
	var b strings.Builder
	for i, p := range v.Phases {
		fmt.Fprintf(&b, "%d %-13s %s", i+1, p.Type, p.Result)
		if p.Note != "" {
			b.WriteString(": " + p.Note)
		}
		b.WriteByte('\n')
		for _, l := range p.Lines {
			fmt.Fprintf(&b, "    %s (line %v)\n", l.Text(), l.Pos)
		}
	}
	for _, m := range v.Logs {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}
