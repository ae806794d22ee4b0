package compiler

import (
	"pixfw/ast"
)

// Lint looks for lines that a PIX takes but that probably do not do what was meant, or that are weak: warnings and notes
// with W4xx codes, sorted. plan is what Compile made of cfg.
//
// A finding is about one line, however many packets it concerns, and says which line would be right. A rule that cannot be
// sure keeps silent: access lists also come to use by a RADIUS server, addresses by a router that nobody sees here.
func Lint(cfg *ast.Config, plan *Plan) ast.Diagnostics { return LintFile(cfg, plan, nil) }

// LintFile is Lint of a configuration that was read from a file. unread are the lines of it that were not understood: what
// they name may well be used by them.
func LintFile(cfg *ast.Config, plan *Plan, unread []string) ast.Diagnostics {
	if plan == nil {
		return nil
	}
	l := &linter{unread: unread, reporter: newReporter(cfg), cfg: cfg, lines: sortLines(cfg), plan: plan}
	l.realAddresses()
	l.mappedSources()
	l.shadowed()
	l.openLists()
	l.exemptions()
	l.unexempted()
	l.natLists()
	l.spoofing()
	l.pools()
	l.natIDs()
	l.overlaps()
	l.unreached()
	l.handedOutTwice()
	l.untranslated()
	l.authentication()
	l.serverGroups()
	l.masked()
	l.readable()
	l.passwords()
	l.weakKeys()
	l.management()
	l.gateways()
	l.hairpins()
	l.conduits()
	l.crypto()
	l.mapEntries()
	l.manual()
	l.peerKeys()
	l.anyCertificate()
	l.unused()
	l.diags.Sort()
	return l.diags
}

// linter is the state of one Lint.
type linter struct {
	*reporter
	cfg   *ast.Config
	lines lines
	plan  *Plan

	unread    []string        // lines that were not understood
	mentioned map[string]bool // what they name of what is defined
}

// find reports a finding of kind lint.
func (l *linter) find(code string, sev ast.Severity, cmd ast.Command, word, format string, args ...any) *ast.Diagnostic {
	return l.report(code, ast.Lint, sev, cmd, word, format, args...)
}

func (l *linter) ifName(i int) string { return l.plan.Interfaces[i].Name }
func (l *linter) level(i int) int     { return l.plan.Interfaces[i].Level }

// lowest is the lowest security level of any interface.
func (l *linter) lowest() int {
	low := 100
	for i := range l.plan.Interfaces {
		low = min(low, l.level(i))
	}
	return low
}

// covers reports whether every address of b is one of a, for any masks.
func covers(a, b ast.Net) bool { return a.Mask&^b.Mask == 0 && (a.IP^b.IP)&a.Mask == 0 }
