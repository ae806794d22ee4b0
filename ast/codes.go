package ast

import (
	"slices"
	"strings"
)

// A Code documents one kind of diagnostic: what `pixfw explain CODE` prints and docs/DIAGNOSTICS.md lists. Codes are
// stable: they are added, never renumbered. E1xx syntax, E2xx references, E3xx what the PIX would refuse, W4xx lint,
// W5xx what an engine or a translation does otherwise than a PIX.
type Code struct {
	ID      string
	Title   string // one line
	Text    string // what it means and why it matters, plain sentences
	Example string // a configuration (one or more lines) that causes it
	Remedy  string // what to do
}

// Codes lists every documented code, in order of their ids.
func Codes() []Code {
	var all []Code
	for _, part := range [][]Code{syntaxCodes(), repairCodes(), captureCodes(), referenceCodes(), lintCodes(), targetCodes(), firewallCodes(), systemCodes(), vpnCodes(), policyCodes()} {
		all = append(all, part...)
	}
	slices.SortFunc(all, func(a, b Code) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// FindCode looks a code up by its id, in any case.
func FindCode(id string) (Code, bool) {
	for _, c := range Codes() {
		if equalFold(c.ID, id) {
			return c, true
		}
	}
	return Code{}, false
}
