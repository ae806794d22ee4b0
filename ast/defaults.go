package ast

import (
	"fmt"
	"slices"
	"time"
)

// The hashes of the factory's passwords: none for enable, cisco for telnet.
const (
	EmptyHash = "8Ry2YjIyt7RRXU24"
	CiscoHash = "2KFQnbNIdI.2KYOU"
)

// defaultOf is the line that stands in the configuration of a PIX when the given setting was removed; nil: no line.
// (commands-firewall.md section 4.3)
func defaultOf(cmd Command) Command {
	switch cmd := cmd.(type) {
	case *Interface:
		return &Interface{Hardware: cmd.Hardware, Speed: "auto", Shutdown: true}
	case *EnablePassword:
		if cmd.Level == 15 {
			return &EnablePassword{Hash: EmptyHash, Level: 15}
		}
	case *Passwd:
		return &Passwd{Hash: CiscoHash}
	case *Hostname:
		return &Hostname{Name: "pixfirewall"}
	case *Pager:
		return &Pager{On: true, Lines: 24}
	case *MTU:
		return &MTU{If: cmd.If, Bytes: 1500}
	case *IPAddress:
		return &IPAddress{If: cmd.If}
	case *Audit:
		return &Audit{Class: cmd.Class, Actions: []string{"alarm"}}
	case *FailoverSwitch:
		return &FailoverSwitch{}
	case *FailoverTimeout:
		return &FailoverTimeout{}
	case *FailoverPoll:
		return &FailoverPoll{Seconds: 15}
	case *FailoverAddress:
		return &FailoverAddress{If: cmd.If}
	case *PDMHistory:
		return &PDMHistory{On: true}
	case *ARPTimeout:
		return &ARPTimeout{Seconds: 14400}
	case *SNMPText:
		return &SNMPText{Which: cmd.Which}
	case *SNMPCommunity:
		return &SNMPCommunity{Community: "public"}
	case *SNMPTraps:
		return &SNMPTraps{}
	case *Floodguard:
		return &Floodguard{On: true}
	case *SessionTimeout:
		if cmd.Service == "console" {
			return &SessionTimeout{Service: cmd.Service}
		}
		return &SessionTimeout{Service: cmd.Service, Minutes: 5}
	case *TerminalWidth:
		return &TerminalWidth{Width: 80}
	case *AAAProtocol:
		if proto := builtinProtocol(cmd.Tag); proto != "" {
			return &AAAProtocol{Tag: cmd.Tag, Protocol: proto}
		}
	case *AAALimit:
		switch {
		case builtinProtocol(cmd.Tag) == "":
		case cmd.Which == "deadtime":
			return &AAALimit{Tag: cmd.Tag, Which: cmd.Which, N: DefaultDeadtime}
		default:
			return &AAALimit{Tag: cmd.Tag, Which: cmd.Which, N: DefaultFailedAttempts}
		}
	}
	return nil
}

// defaultPolicy is an attribute of an IKE policy that was not set, or was removed on its own (commands-vpn-aaa-show.md
// section 1.3).
func defaultPolicy(priority int, attribute string) *ISAKMPPolicy {
	return &ISAKMPPolicy{Priority: priority, Attribute: attribute, Value: DefaultPolicyValue(attribute)}
}

// DefaultPolicyValue is the value of an IKE policy attribute that a configuration does not set.
func DefaultPolicyValue(attribute string) string {
	return map[string]string{"authentication": "rsa-sig", "encryption": "des", "hash": "sha", "group": "1",
		"lifetime": "86400"}[attribute]
}

// before63 reports whether a release is older than the maintenance release n of 6.3.
func before63(release string, n int) bool {
	var major, minor, m int
	if _, err := fmt.Sscanf(release, "%d.%d(%d)", &major, &minor, &m); err != nil {
		return false
	}
	return major < 6 || major == 6 && (minor < 3 || minor == 3 && m < n)
}

// defaultFixups are the fixup lines of a box as it comes from the factory (commands-firewall.md section 5.7). Of the captures of
// 6.3(3) one has ils and one has not: it is taken for a remnant of the release before.
func defaultFixups(release string) []*Fixup {
	on := func(proto, sub string, first, last uint16, length int) *Fixup {
		return &Fixup{On: true, Protocol: proto, Sub: sub, First: first, Last: last, MaxLength: length}
	}
	list := []*Fixup{
		on("dns", "", 0, 0, 512), on("ftp", "", 21, 21, 0), on("h323", "h225", 1720, 1720, 0), on("h323", "ras", 1718, 1719, 0),
		on("http", "", 80, 80, 0), on("rsh", "", 514, 514, 0), on("rtsp", "", 554, 554, 0), on("sip", "", 5060, 5060, 0),
		on("sip", "udp", 5060, 5060, 0), on("skinny", "", 2000, 2000, 0), on("smtp", "", 25, 25, 0),
		on("sqlnet", "", 1521, 1521, 0), on("tftp", "", 69, 69, 0),
	}
	if !before63(release, 3) {
		return list
	}
	list = slices.DeleteFunc(list, func(f *Fixup) bool { return f.Protocol == "dns" || f.Protocol == "tftp" })
	return append(list, on("ils", "", 389, 389, 0))
}

// defaultTimers are the idle timers of commands-firewall.md section 5.8.
func defaultTimers() []Timer {
	t := func(name string, d time.Duration) Timer { return Timer{Name: name, Time: d} }
	return []Timer{
		t("xlate", 3*time.Hour),
		t("conn", time.Hour), t("half-closed", 10*time.Minute), t("udp", 2*time.Minute), t("rpc", 10*time.Minute), t("h225", time.Hour),
		t("h323", 5*time.Minute), t("mgcp", 5*time.Minute), t("sip", 30*time.Minute), t("sip_media", 2*time.Minute),
		{Name: "uauth", Time: 5 * time.Minute, Kind: "absolute"},
	}
}

// printedTimers are the timers that a release prints when all are as they come: those of SIP calls from 6.3(4) on
// (commands-firewall.md section 4.3).
func printedTimers(release string) []Timer {
	list := defaultTimers()
	if !before63(release, 4) && release != "" {
		list = append(list, Timer{Name: "sip-disconnect", Time: 2 * time.Minute}, Timer{Name: "sip-invite", Time: 3 * time.Minute})
	}
	return list
}

// DefaultTimers is the idle timers of a PIX whose configuration names none.
func DefaultTimers() []Timer { return defaultTimers() }

// DefaultFixups is the application inspection that is on while a configuration does not speak of it.
func DefaultFixups() []*Fixup { return defaultFixups(DefaultRelease) }

// Factory is the configuration of a box with two Ethernet ports as it comes from the factory.
func Factory() *Config {
	c := NewConfig("")
	c.Release = DefaultRelease
	cmds := []Command{
		&Interface{Hardware: "ethernet0", Speed: "auto", Shutdown: true},
		&Interface{Hardware: "ethernet1", Speed: "auto", Shutdown: true},
		&Nameif{Hardware: "ethernet0", Name: "outside", Level: 0},
		&Nameif{Hardware: "ethernet1", Name: "inside", Level: 100},
		&EnablePassword{Hash: EmptyHash, Level: 15},
		&Passwd{Hash: CiscoHash},
		&Hostname{Name: "pixfirewall"},
		&Names{On: true},
		&Pager{On: true, Lines: 24},
		&MTU{If: "outside", Bytes: 1500}, &MTU{If: "inside", Bytes: 1500},
		&IPAddress{If: "outside"}, &IPAddress{If: "inside"},
		&Audit{Class: "info", Actions: []string{"alarm"}}, &Audit{Class: "attack", Actions: []string{"alarm"}},
		&FailoverSwitch{}, &FailoverTimeout{}, &FailoverPoll{Seconds: 15},
		&FailoverAddress{If: "outside"}, &FailoverAddress{If: "inside"},
		&PDMHistory{On: true},
		&ARPTimeout{Seconds: 14400},
		&Timeout{Timers: defaultTimers()},
		&AAAProtocol{Tag: "TACACS+", Protocol: "tacacs+"}, &AAAProtocol{Tag: "RADIUS", Protocol: "radius"},
		&AAAProtocol{Tag: "LOCAL", Protocol: "local"},
		&SNMPText{Which: "location"}, &SNMPText{Which: "contact"}, &SNMPCommunity{Community: "public"}, &SNMPTraps{},
		&Floodguard{On: true},
		&SessionTimeout{Service: "telnet", Minutes: 5}, &SessionTimeout{Service: "ssh", Minutes: 5},
		&SessionTimeout{Service: "console"},
		&TerminalWidth{Width: 80},
	}
	for _, f := range defaultFixups(c.Release) {
		cmds = append(cmds, f)
	}
	for _, cmd := range cmds {
		if err := c.Do(Statement{Cmd: cmd}); err != nil {
			// The table above is a constant of the program.
			panic(err)
		}
	}
	return c
}
