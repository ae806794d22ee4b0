package shell

import (
	"fmt"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// upText is how long the box has been up, in the two largest units (commands-vpn-aaa-show.md section 4.1).
func upText(d time.Duration) string {
	secs := int64(d / time.Second)
	days, hours, mins := secs/86400, secs/3600%24, secs/60%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d days %d hours", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d hours %d mins", hours, mins)
	case mins > 0:
		return fmt.Sprintf("%d mins %d secs", mins, secs%60)
	}
	return fmt.Sprintf("%d secs", secs)
}

const licence = `Licensed Features:
Failover:                    Enabled
VPN-DES:                     Enabled
VPN-3DES-AES:                Enabled
Maximum Physical Interfaces: 6
Maximum Interfaces:          10
Cut-through Proxy:           Enabled
Guards:                      Enabled
URL-filtering:               Enabled
Inside Hosts:                Unlimited
Throughput:                  Unlimited
IKE peers:                   Unlimited

This PIX has an Unrestricted (UR) license.

Serial Number: 806245458 (0x300e5452)
Running Activation Key: 0x00000000 0x00000000 0x00000000 0x00000000
`

// formatVersion is `show version` (commands-vpn-aaa-show.md section 4.1). The hardware is that of a PIX 515E.
func formatVersion(plan *compiler.Plan, port func(int) runtime.Port, release, hostname string, up time.Duration, modified string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Cisco PIX Firewall Version %s\nCisco PIX Device Manager Version 3.0(1)\n\nCompiled on Wed 13-Aug-03 13:55 by morlee\n\n", release)
	fmt.Fprintf(&b, "%s up %s\n\n", hostname, upText(up))
	b.WriteString("Hardware:   PIX-515E, 64 MB RAM, CPU Pentium II 433 MHz\nFlash E28F128J3 @ 0x300, 16MB\nBIOS Flash AM29F400B @ 0xfffd8000, 32KB\n\n")
	for i := range plan.Interfaces {
		fmt.Fprintf(&b, "%d: %s: address is %s, irq %d\n", i, plan.Interfaces[i].Hardware, macText(port(i).MAC), 10+i)
	}
	b.WriteString(licence)
	b.WriteString(modified + "\n")
	return b.String()
}

// checksumGroups is a checksum as `write memory` and `show checksum` print it: four groups of eight digits.
func checksumGroups(sum string) string {
	var groups []string
	for len(sum) > 8 {
		groups, sum = append(groups, sum[:8]), sum[8:]
	}
	return "Cryptochecksum: " + strings.Join(append(groups, sum), " ")
}

// formatFailover is `show failover` of a unit without a peer (commands-vpn-aaa-show.md section 4.16).
func formatFailover(cfg *ast.Config) string {
	state, poll, reconnect := "Off", 15, time.Duration(0)
	if f, ok := ast.First[*ast.FailoverSwitch](cfg, nil); ok && bool(f.On) {
		state = "On"
	}
	if f, ok := ast.First[*ast.FailoverPoll](cfg, nil); ok {
		poll = f.Seconds
	}
	if f, ok := ast.First[*ast.FailoverTimeout](cfg, nil); ok {
		reconnect = f.Time
	}
	return fmt.Sprintf("Failover %s\nCable status: My side not connected\nReconnect timeout %s\nPoll frequency %d seconds\n", state,
		ast.HMS(reconnect), poll)
}

// formatSessionAccess is `show telnet` and its kin: who may connect, one address a line (section 4.15).
func formatSessionAccess(cfg *ast.Config, service string) string {
	var b strings.Builder
	p := cfg.Printer()
	for _, m := range ast.All[*ast.Management](cfg) {
		if m.Service == service {
			b.WriteString(strings.TrimPrefix(p.Text(m), service+" ") + "\n")
		}
	}
	return b.String()
}
