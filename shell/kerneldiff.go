package shell

import (
	"path/filepath"
	"slices"
	"time"
)

// KernelMaxWait is the longest wait of a scenario on the kernel engine, whose time is real.
const KernelMaxWait = 5 * time.Second

// A KernelDifference is why cases of the decision tables (semantics.md, sections 9 and 10.3) are not run on the kernel engine.
type KernelDifference struct {
	Archive string
	Cases   []string
	Why     string
}

// Archives of the decision tables.
const (
	tableInbound = "02-inbound.txtar"
	tableState   = "04-state-icmp-fixups.txtar"
	tableBox     = "05-to-the-box.txtar"
	tableVPN     = "06-uauth-and-ipsec.txtar"
	tablePrinted = "07-seed-as-printed.txtar"
	tableFixed   = "08-seed-fixed.txtar"
)

const whyWait = "waits longer than five seconds: the kernel's clock is the real one"

// KernelDifferences are all of them.
var KernelDifferences = []KernelDifference{
	{tableState, []string{"T76"}, whyWait},
	{tableVPN, []string{"T107", "T108"}, whyWait},
	{tablePrinted, []string{"S35"}, whyWait},
	{tableFixed, []string{"S35"}, whyWait},
}

// KernelExcuse is why a case is not run on the kernel engine; empty: it is.
func KernelExcuse(path, name string) string {
	for i := range KernelDifferences {
		if d := &KernelDifferences[i]; d.Archive == filepath.Base(path) && slices.Contains(d.Cases, name) {
			return d.Why
		}
	}
	return ""
}
