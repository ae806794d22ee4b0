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

const (
	whyWait   = "waits longer than five seconds: the kernel's clock is the real one"
	whyTunnel = "packets in and out of tunnels are the daemon's, not the rules'"
	whySPI    = "ESP is let in to the daemon, which knows the associations; the rules do not"
	whyNoIKE  = "without the daemon nobody asks for an association (702303): what should be encrypted is dropped"
)

// KernelDifferences are all of them.
var KernelDifferences = []KernelDifference{
	{tableState, []string{"T76"}, whyWait},
	{tableVPN, []string{"T107", "T108"}, whyWait},
	{tableVPN, []string{"T113", "T116", "T117", "T118", "T121", "T122"}, whyTunnel},
	{tableVPN, []string{"T119"}, whyNoIKE},
	{tableVPN, []string{"T120"}, whySPI},
	{tablePrinted, []string{"S09b", "S17", "S18", "S19", "S20", "S21", "S22", "S23", "S24", "S25", "S26", "S28"}, whyTunnel},
	{tablePrinted, []string{"S33"}, whySPI},
	{tablePrinted, []string{"S35"}, whyWait},
	{tableFixed, []string{"S09b", "S17", "S18", "S19", "S20", "S21", "S22", "S23", "S24", "S25", "S26", "S28"}, whyTunnel},
	{tableFixed, []string{"S33"}, whySPI},
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
