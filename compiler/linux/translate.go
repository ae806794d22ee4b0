package linux

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// Target is a kind of output.
type Target string

// NFTables is nftables.conf alone: the packet filter and its translations.
const NFTables Target = "nftables"

// Options of a translation.
type Options struct {
	Target  Target            // empty: NFTables
	Devices map[string]string // Linux device of each PIX interface, by hardware name; an interface left out keeps its own
}

// File is one output file.
type File struct {
	Name string
	Data []byte
}

// Output is a translation: the files, LEDGER last.
type Output struct {
	Files  []File
	Ledger Ledger
}

// rulesFile is where the packet filter goes.
const rulesFile = "nftables.conf"

// Translate writes the plan for target, and accounts for every line of in. The diagnostics are what the rules do otherwise
// than a PIX.
func Translate(in []Input, plan *compiler.Plan, opts Options) (*Output, ast.Diagnostics, error) {
	if opts.Target == "" {
		opts.Target = NFTables
	}
	if opts.Target != NFTables {
		return nil, nil, fmt.Errorf("unknown target %q: known is %q", opts.Target, NFTables)
	}
	names := map[int]string{}
	for i := range plan.Interfaces {
		names[i] = opts.device(plan, plan.Interfaces[i].Hardware)
	}
	rules, diags := nft.Lower(plan, names)
	text, at := rules.Render()
	ledger := account(in, diags, at, func(name string) string { return opts.device(plan, name) })
	source := plan.File
	if source == "" {
		source = "-"
	}
	out := &Output{Ledger: ledger, Files: []File{
		{rulesFile, []byte(text)},
		{"LEDGER", []byte(ledger.Text(source, string(opts.Target)))},
	}}
	return out, diags, nil
}

// device is the Linux device of an interface, given by its hardware or nameif name.
func (o *Options) device(plan *compiler.Plan, name string) string {
	if i := plan.IfByName(name); i != compiler.None {
		name = plan.Interfaces[i].Hardware
	}
	if d := o.Devices[name]; d != "" {
		return d
	}
	return name
}

// byCode is what a finding of the rules makes of its line. Codes that are not here leave the line approximated.
var byCode = map[string]struct {
	status  Status
	traffic bool
}{
	"W503": {Refused, true},  // a global that is not used
	"W505": {Refused, true},  // a static that is not loaded
	"W510": {Harmless, true}, // management of the box itself
	"W511": {Refused, true},  // outside nat
	"W513": {Refused, true},  // an interface that is not served
}

// daemonWork are the findings about what needs a process beside the kernel: user authentication, IPsec, inspections.
var daemonWork = []string{"W506", "W507", "W508", "W509"}

// account says what became of each line: what the rules say of it, else where it stands in the output, else what becomes of
// lines of its kind.
func account(in []Input, diags ast.Diagnostics, at map[ast.Pos][]int, device func(string) string) Ledger {
	found := map[int32]*ast.Diagnostic{}
	for _, d := range diags {
		if d.Pos.IsValid() {
			found[d.Pos.Line] = d
		}
	}
	lines := map[int32][]int{}
	for pos, l := range at {
		lines[pos.Line] = append(lines[pos.Line], l...)
	}
	hide := ast.Printer{HideSecrets: true}
	ledger := make(Ledger, 0, len(in))
	for i := range in {
		l := &in[i]
		e := Entry{Line: l.Line, Text: strings.TrimSpace(l.Text)}
		if l.Stmt.Cmd != nil {
			e.Text = l.Stmt.TextBy(&hide)
		}
		switch {
		case l.Problem != "":
			e.Status, e.Reason, e.Traffic, e.Text = Refused, l.Problem, true, maskedText(e.Text)
		case l.Stmt.Cmd == nil && e.Text == "":
			e.Status, e.Reason = Harmless, "blank"
		case l.Stmt.Cmd == nil:
			e.Status, e.Reason = Harmless, "comment or frame of the listing"
		default:
			e.settle(l, found[l.Line], lines[l.Line], device)
		}
		ledger = append(ledger, e)
	}
	return ledger
}

// maskedText cuts a line that was not understood down to its first words: what follows might be a secret.
func maskedText(s string) string {
	w := strings.Fields(s)
	if len(w) <= 2 {
		return s
	}
	return strings.Join(w[:2], " ") + " ..."
}

func (e *Entry) settle(l *Input, d *ast.Diagnostic, at []int, device func(string) string) {
	if len(at) > 0 {
		e.File, e.At = rulesFile, at
	}
	kind := byKind(l.Stmt.Cmd, device)
	switch {
	case d != nil && slices.Contains(daemonWork, d.Code) && (d.Code != "W508" || d.Severity != ast.Info):
		// The finding speaks of a running daemon; in a file nobody will ever do it.
		e.Status, e.Reason, e.Traffic = kind.status, kind.reason, kind.traffic
	case d != nil:
		f, ok := byCode[d.Code]
		if !ok {
			f.status = Approximated
		}
		e.Status, e.Reason = f.status, d.Message
		e.Traffic = f.status == Refused && kind.traffic
	case len(at) > 0:
		e.Status = Exact
	default:
		e.Status, e.Reason, e.Traffic = kind.status, kind.reason, kind.traffic
	}
	if l.Stmt.Verb != ast.Set && e.Status == Exact {
		e.Status, e.Reason = Harmless, "it takes back what an earlier line said"
	}
}
