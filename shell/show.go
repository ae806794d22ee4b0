package shell

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/runtime"
)

// show does one show command: state through its formatter, everything else as the lines of the configuration.
func (s *Session) show(c *ast.Show) (string, error) {
	plan, now := s.engine.Plan(), s.clock.Now()
	switch c.What {
	case "running-config":
		return s.running.Print(s.running.ShowPrinter()), nil
	case "startup-config", "configure":
		return s.startupText()
	case "version":
		modified := "Configuration has not been modified since last system restart."
		if !s.changed.IsZero() {
			modified = "Configuration last modified by " + s.changedBy + " at " + clockText(s.local(s.changed))
		}
		release := s.running.Release
		if release == "" {
			release = ast.DefaultRelease
		}
		return formatVersion(plan, s.port, release, s.hostname(), now.Sub(s.booted), modified), nil
	case "access-list":
		if c.ID != "" && s.running.ACL(c.ID) == nil && sentList(plan, c.ID) == nil {
			return "", refusef("ERROR: access-list <%s> does not exist", c.ID)
		}
		return formatACLs(s.running, plan, s.engine.HitCount, s.logFlows, c.ID), nil
	case "conduit":
		return formatConduits(s.running, plan, s.engine.HitCount), nil
	case "xlate":
		return formatXlate(plan, s.engine.Xlates(), c), nil
	case "conn":
		return formatConn(plan, s.engine.Conns(), c), nil
	case "local-host":
		return formatLocalHost(plan, s.engine.Conns(), s.engine.Xlates(), s.engine.Users(), c.Filter.Local), nil
	case "uauth":
		return formatUauth(s.engine.Users(), now, c.ID), nil
	case "interface":
		return formatInterfaces(plan, s.port, s.engine.InterfaceCounters, c.ID)
	case "traffic":
		return formatTraffic(plan, s.engine.InterfaceCounters, now.Sub(s.booted).Seconds()), nil
	case "ip", "ip address":
		return formatIP(s.running), nil
	case "route":
		return formatRoutes(plan), nil
	case "ip local pool":
		return formatPool(plan, s.inUse, c.ID)
	case "isakmp policy":
		return formatISAKMPPolicy(plan), nil
	case "crypto ipsec transform-set":
		return formatTransformSets(plan), nil
	case "crypto ipsec security-association lifetime":
		return fmt.Sprintf("Security-association lifetime: %d kilobytes/%d seconds\n", plan.VPN.Kilobytes, plan.VPN.Seconds), nil
	case "crypto map":
		return formatCryptoMap(s.running, plan, s.engine.HitCount, s.vpn().SAPairs(), c)
	case "crypto dynamic-map":
		return formatDynamicMap(s.running, plan, s.engine.HitCount, c.ID)
	case "crypto engine":
		return formatCryptoEngine(s.vpn().SAPairs()), nil
	case "isakmp sa":
		return formatISAKMPSAs(s.vpn().IKESAs()), nil
	case "crypto ipsec sa":
		return formatIPsecSAs(plan, s.vpn(), c.Form, now), nil
	case "who":
		return s.formatWho(), nil
	case "ssh sessions":
		return s.formatSSHSessions(), nil
	case "clock":
		return clockText(s.local(now)) + "\n", nil
	case "checksum":
		return checksumGroups(s.running.Checksum()) + "\n", nil
	case "history":
		var b strings.Builder
		for _, l := range s.history {
			b.WriteString("  " + l + "\n")
		}
		return b.String(), nil
	case "curpriv":
		modes := [...]string{"P_UNPR", "P_PRIV", "P_PRIV P_CONF"}[s.mode]
		return fmt.Sprintf("Username : %s\nCurrent privilege level : %d\nCurrent Mode/s : %s\n", s.user, s.level, modes), nil
	case "terminal":
		width := 80
		if t, ok := ast.First[*ast.TerminalWidth](s.running, nil); ok {
			width = t.Width
		}
		monitor := "no monitor"
		if s.monitor != nil && s.book.watched(s.monitor) {
			monitor = "monitor"
		}
		return fmt.Sprintf("Width = %d, %s\n", width, monitor), nil
	case "telnet":
		return formatSessionAccess(s.running, "telnet"), nil
	case "telnet timeout":
		for _, t := range ast.All[*ast.SessionTimeout](s.running) {
			if t.Service == "telnet" {
				return fmt.Sprintf("telnet timeout %d minutes\n", t.Minutes), nil
			}
		}
		return "", nil
	case "object-group":
		return s.objectGroups(c)
	case "privilege":
		return s.privileges(c), nil
	case "ca certificate", "ca crl", "ca mypubkey rsa":
		return s.showCA(c.What), nil
	case "dhcpd binding", "dhcpd statistics", "ip audit count", "vpdn tunnel", "vpdn session", "vpdn pppinterface":
		return textNone[c.What], nil
	case "shun":
		return s.shuns(), nil
	case "failover":
		return formatFailover(s.running), nil
	case "debug":
		return s.formatDebugs(), nil
	case "arp":
		return s.formatARP(plan)
	case "memory", "cpu usage", "processes":
		return s.showHealth(c.What)
	case "blocks":
		return textBlocks, nil
	case "perfmon":
		return s.perf.format(), nil
	case "logging":
		return s.showLogging(c)
	case "fixup":
		return s.listing("fixup", c.ID) + formatDefaultFixups(s.running, plan, c.ID), nil
	case "timeout":
		return formatTimeouts(s.running)
	case "fragment":
		return formatFragments(s.running, plan), nil
	}
	return s.listing(c.What, c.ID), nil
}

// logFlows counts the remembered flows of entries with `log`.
func (s *Session) logFlows() (total, denied int) {
	if e, ok := s.engine.(runtime.FlowLogger); ok {
		return e.LogFlows()
	}
	return 0, 0
}

// objectGroups lists the groups with their members, as the configuration prints them: all, those of a type, or one (commands-vpn-aaa-show.md
// section 4.8).
func (s *Session) objectGroups(show *ast.Show) (string, error) {
	var b strings.Builder
	p, wanted := s.running.Printer(), false
	for cmd := range s.running.Commands() {
		switch c := cmd.(type) {
		case *ast.ObjectGroup:
			if wanted = (show.Form == "" || c.Type == show.Form) && (show.ID == "" || c.ID == show.ID); wanted {
				b.WriteString(p.Text(cmd) + "\n")
			}
		case ast.GroupMember:
			if wanted {
				b.WriteString(ast.Indent(cmd) + p.Text(cmd) + "\n")
			}
		}
	}
	if b.Len() == 0 && show.ID != "" {
		return "", refusef("Specified object group <%s> not found", show.ID)
	}
	return b.String(), nil
}

// privileges lists the levels that commands have been given: all, those of a command, or those of a level. What no line names has the level
// that it comes with, and is not listed.
func (s *Session) privileges(show *ast.Show) string {
	var b strings.Builder
	p := s.running.Printer()
	for _, c := range ast.All[*ast.Privilege](s.running) {
		if (show.ID == "" || c.Command == show.ID) && (show.Number < 0 || c.Level == show.Number) {
			b.WriteString(p.Text(c) + "\n")
		}
	}
	return b.String()
}

// shuns lists who is shut out (commands-firewall.md section 5.16).
func (s *Session) shuns() string {
	engine, ok := s.engine.(runtime.Shunner)
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, x := range engine.Shuns() {
		fmt.Fprintf(&b, "Shun %v %v %d %d\n", x.Src, x.Dst, x.SrcPort, x.DstPort)
	}
	return b.String()
}

// startupText is the configuration as last written, with the line that tells when.
func (s *Session) startupText() (string, error) {
	if s.startup == "" {
		return "No Configuration\n", nil
	}
	cfg, _, _ := parser.Load("startup-config", []byte(s.startup)) // what it does not take was told when it was read
	text := cfg.Print(cfg.ShowPrinter())
	if s.saved.IsZero() {
		return text, nil
	}
	written := ": Written by " + s.savedBy + " at " + clockText(s.local(s.saved))
	return strings.Replace(text, ": Saved\n:\n", ": Saved\n"+written+"\n", 1), nil
}

// families says which lines of the configuration a `show FAMILY` lists, where they do not begin with the same words.
var families = map[string][]string{
	"names":     {"name"},
	"fixup":     {"fixup protocol"},
	"enable":    {"enable password"},
	"crypto":    {"crypto ipsec", "crypto dynamic-map", "crypto map"},
	"ip verify": {"ip verify reverse-path"},
}

// listing is the lines of a family exactly as in the running configuration (commands-vpn-aaa-show.md section 4.8); with an
// id only those that name it next.
func (s *Session) listing(what, id string) string {
	heads := families[what]
	if heads == nil {
		heads = []string{what}
	}
	p := s.running.ShowPrinter()
	var b strings.Builder
	for cmd := range s.running.Commands() {
		text := p.Text(cmd)
		words := strings.Fields(strings.TrimPrefix(text, "no "))
		for _, h := range heads {
			want := strings.Fields(h)
			if id != "" {
				want = append(want, id)
			}
			if len(words) >= len(want) && slices.Equal(want, words[:len(want)]) {
				b.WriteString(text + "\n")
				break
			}
		}
	}
	return b.String()
}
