package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pixfw/runtime/emulator"
	"pixfw/runtime/kernel"
)

// A TableLimit is a table of the engines that a user may bound. Of an engine that has no such table the text is empty.
type TableLimit struct {
	Name, Holds      string
	Emulator, Kernel string // what becomes of what finds it full

	ofEmulator func(*emulator.Limits) *int
	ofKernel   func(*kernel.Limits) *int
}

// TableLimits are all of them.
var TableLimits = []TableLimit{
	{"conns", "connections",
		"the packet is dropped (211001)", "further connections pass, without messages and limits (211001)",
		func(l *emulator.Limits) *int { return &l.Conns }, func(l *kernel.Limits) *int { return &l.Conns }},
	{"xlates", "dynamic translations; on the kernel engine those of addresses",
		"the packet is dropped (202001)", "the host shares an address by PAT, where its line has one (211001); else the packet is dropped (202001)",
		func(l *emulator.Limits) *int { return &l.Xlates }, func(l *kernel.Limits) *int { return &l.Xlates }},
	{"ports", "translations of ports",
		"", "further ones are not shown (211001)",
		nil, func(l *kernel.Limits) *int { return &l.Ports }},
	{"half-open", "hosts whose half-open connections are counted, and handshakes whose beginning was not told yet",
		"", "further ones do not count for the limits of their hosts (211001)",
		nil, func(l *kernel.Limits) *int { return &l.Half }},
	{"established", "connections to which others may come back by `established`",
		"", "nothing opens for further ones (211001)",
		nil, func(l *kernel.Limits) *int { return &l.Pairs }},
	{"expected", "connections that inspections wait for",
		"nothing opens (211001)", "nothing opens (211001)",
		func(l *emulator.Limits) *int { return &l.Children }, func(l *kernel.Limits) *int { return &l.Doors }},
	{"users", "users who have logged in",
		"a further login is refused (211001)", "who has logged in is asked again (211001)",
		func(l *emulator.Limits) *int { return &l.Users }, func(l *kernel.Limits) *int { return &l.Users }},
	{"shuns", "hosts that are shunned",
		"a further shun is refused (401005)", "a further shun is refused (401005)",
		func(l *emulator.Limits) *int { return &l.Shuns }, func(l *kernel.Limits) *int { return &l.Shuns }},
	{"intercepts", "clients whom the firewall has answered for a host (TCP intercept)",
		"the packet is dropped (211001)", "the packet is dropped (211001)",
		func(l *emulator.Limits) *int { return &l.Intercepts }, func(l *kernel.Limits) *int { return &l.Intercepts }},
	{"log-flows", "permitted flows that entries with `log` count; of denied ones `access-list deny-flow-max` says it",
		"each packet of a further flow has its 106100", "each packet of a further flow has its 106100",
		func(l *emulator.Limits) *int { return &l.LogFlows }, func(l *kernel.Limits) *int { return &l.LogFlows }},
}

// emulatorMost is how large a table of the emulator may be made: memory is all that it takes.
const emulatorMost = 1 << 24

// Range is what a limit is on an engine where nothing is said, and the most that it can be; zero where there is no such table.
func (t *TableLimit) Range(onKernel bool) (by, most int) {
	if onKernel && t.ofKernel != nil {
		defaults, all := kernel.DefaultLimits, kernel.MostLimits
		return *t.ofKernel(&defaults), *t.ofKernel(&all)
	}
	if !onKernel && t.ofEmulator != nil {
		defaults := emulator.DefaultLimits
		return *t.ofEmulator(&defaults), emulatorMost
	}
	return 0, 0
}

// EmulatorLimits reads limits as they are given on the command line, NAME=N, for the emulator.
func EmulatorLimits(given []string) (emulator.Limits, error) {
	l := emulator.DefaultLimits
	err := readLimits(given, false, func(t *TableLimit, n int) { *t.ofEmulator(&l) = n })
	return l, err
}

// KernelLimits reads them for the kernel engine. What is not given is zero, which is the default.
func KernelLimits(given []string) (kernel.Limits, error) {
	var l kernel.Limits
	err := readLimits(given, true, func(t *TableLimit, n int) { *t.ofKernel(&l) = n })
	return l, err
}

func readLimits(given []string, onKernel bool, set func(*TableLimit, int)) error {
	engine := "emulator"
	if onKernel {
		engine = "kernel engine"
	}
	seen := map[string]bool{}
	for _, g := range given {
		refuse := func(format string, args ...any) error {
			return fmt.Errorf("--limit %s: "+format, append([]any{g}, args...)...)
		}
		name, number, ok := strings.Cut(g, "=")
		if !ok {
			return refuse("want NAME=N, such as conns=100000")
		}
		i := slices.IndexFunc(TableLimits, func(t TableLimit) bool { return t.Name == name })
		if i < 0 {
			return refuse("there is no table %q; the %s has %s", name, engine, limitNames(onKernel))
		}
		t := &TableLimits[i]
		_, most := t.Range(onKernel)
		if most == 0 {
			return refuse("the %s has no table %q, only %s", engine, name, limitNames(onKernel))
		}
		n, err := strconv.ParseUint(number, 10, 64)
		switch {
		case err != nil && strings.Trim(number, "0123456789") != "" || number == "":
			return refuse("%q is no number", number)
		case err != nil || n < 1 || n > uint64(most):
			return refuse("%s is from 1 to %d", name, most)
		case seen[name]:
			return refuse("%s is given twice", name)
		}
		seen[name] = true
		set(t, int(n))
	}
	return nil
}

// limitNames are the tables of an engine, in their order.
func limitNames(onKernel bool) string {
	var names []string
	for i := range TableLimits {
		if _, most := TableLimits[i].Range(onKernel); most > 0 {
			names = append(names, TableLimits[i].Name)
		}
	}
	return strings.Join(names, ", ")
}

// LimitHelp is the part of a help text about the tables of an engine.
func LimitHelp(onKernel bool) string {
	var b strings.Builder
	for i := range TableLimits {
		if by, most := TableLimits[i].Range(onKernel); most > 0 {
			fmt.Fprintf(&b, "\n    %-12s %8d  %s", TableLimits[i].Name, by, strings.ReplaceAll(TableLimits[i].Holds, "`", "'"))
		}
	}
	return b.String()
}
