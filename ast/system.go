package ast

import (
	"slices"
	"strconv"
	"time"
)

// Interface: `interface HW SPEED [nonegotiate] [shutdown]`.
type Interface struct {
	Pos      `json:"-"`
	Hardware string `json:"hardware"` // ethernet0, gb-ethernet1, ...
	Speed    string `json:"speed,omitempty"`
	Fixed    bool   `json:"nonegotiate,omitempty"`
	Shutdown bool   `json:"shutdown,omitempty"`
}

func (*Interface) Family() string { return "interface" }
func (c *Interface) print(p *Printer) {
	p.word("interface", c.Hardware).wordIf(c.Speed != "", c.Speed).wordIf(c.Fixed, "nonegotiate").wordIf(c.Shutdown, "shutdown")
}
func (c *Interface) rule() rule {
	return rule{section: secInterface, key: familyKey("interface", c.Hardware)} // its VLANs follow it
}

// Nameif: `nameif HW NAME securityN`.
type Nameif struct {
	Pos      `json:"-"`
	Hardware string `json:"hardware"`
	Name     string `json:"name"`
	Level    int    `json:"level"` // 0..100; -1: not given (`no nameif`)
}

func (*Nameif) Family() string { return "nameif" }
func (c *Nameif) print(p *Printer) {
	p.word("nameif", c.Hardware).wordIf(c.Name != "", c.Name)
	if c.Level >= 0 {
		p.word(levelWord(c.Level))
	}
}
func (c *Nameif) rule() rule { return rule{section: secNameif, key: familyKey("nameif", c.Hardware)} }

// EnablePassword: `enable password HASH [level N] encrypted`. The parser stores the hash also when a clear password was
// typed.
type EnablePassword struct {
	Pos   `json:"-"`
	Hash  string `json:"hash,omitempty"` // 16 characters; empty only in `no enable password [level N]`
	Level int    `json:"level"`          // 0..15; 15 is not printed
}

func (*EnablePassword) Family() string { return "enable password" }
func (c *EnablePassword) print(p *Printer) {
	p.word("enable", "password").wordIf(c.Hash != "", c.Hash)
	if c.Level != 15 {
		p.word("level").num(c.Level)
	}
	p.wordIf(c.Hash != "", "encrypted")
}
func (c *EnablePassword) rule() rule {
	return rule{section: secEnablePassword, rank: -c.Level, key: familyKey("enable password", strconv.Itoa(c.Level))}
}

// Passwd: `passwd HASH encrypted`, the telnet password.
type Passwd struct {
	Pos  `json:"-"`
	Hash string `json:"hash,omitempty"`
}

func (*Passwd) Family() string { return "passwd" }
func (c *Passwd) print(p *Printer) {
	p.word("passwd").wordIf(c.Hash != "", c.Hash, "encrypted")
}
func (*Passwd) rule() rule { return rule{section: secPasswd, key: "passwd"} }

// Hostname: `hostname NAME`.
type Hostname struct {
	Pos  `json:"-"`
	Name string `json:"name,omitempty"`
}

func (*Hostname) Family() string     { return "hostname" }
func (c *Hostname) print(p *Printer) { p.word("hostname").wordIf(c.Name != "", c.Name) }
func (*Hostname) rule() rule         { return rule{section: secHostname, key: "hostname"} }

// DomainName: `domain-name NAME`.
type DomainName struct {
	Pos  `json:"-"`
	Name string `json:"name,omitempty"`
}

func (*DomainName) Family() string     { return "domain-name" }
func (c *DomainName) print(p *Printer) { p.word("domain-name").wordIf(c.Name != "", c.Name) }
func (*DomainName) rule() rule         { return rule{section: secDomainName, key: "domain-name"} }

// Fixup: `[no] fixup protocol PROTO [sub] [PORT[-PORT]]`, stored also when it is off.
type Fixup struct {
	Pos       `json:"-"`
	On        Switch `json:"on"`
	Protocol  string `json:"protocol"`            // dns, ftp, h323, ...
	Sub       string `json:"sub,omitempty"`       // h225, ras (h323); udp (sip); strict (ftp); error (icmp)
	First     uint16 `json:"first,omitempty"`     // first port; 0: none
	Last      uint16 `json:"last,omitempty"`      // last port, equal to First for a single one
	MaxLength int    `json:"maxLength,omitempty"` // dns maximum-length in octets; 0: not given
}

func (*Fixup) Family() string { return "fixup protocol" }
func (c *Fixup) print(p *Printer) {
	p.onoff(c.On).word("fixup", "protocol", c.Protocol).wordIf(c.Sub != "", c.Sub)
	if c.MaxLength > 0 {
		p.word("maximum-length").num(c.MaxLength)
	}
	if c.First > 0 {
		s := strconv.Itoa(int(c.First))
		if c.Last != c.First {
			s += "-" + strconv.Itoa(int(c.Last))
		}
		p.word(s)
	}
}
func (c *Fixup) rule() rule {
	key := familyKey("fixup", c.kind())
	if c.First > 0 {
		key += " " + strconv.Itoa(int(c.First)) + "-" + strconv.Itoa(int(c.Last))
	}
	return rule{section: secFixup, rank: slices.Index(fixupOrder, c.kind()), key: key, off: true}
}

// Names: `[no] names`, whether addresses print by name.
type Names struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*Names) Family() string     { return "names" }
func (c *Names) print(p *Printer) { p.onoff(c.On).word("names") }
func (*Names) rule() rule         { return rule{section: secNames, key: "names", off: true} }

// Name: `name IP NAME`.
type Name struct {
	Pos  `json:"-"`
	IP   IP     `json:"ip"`
	Name string `json:"name,omitempty"`
}

func (*Name) Family() string     { return "name" }
func (c *Name) print(p *Printer) { p.word("name").mask(c.IP).wordIf(c.Name != "", c.Name) }
func (c *Name) rule() rule {
	return rule{section: secNames, rank: 1, key: familyKey("name", c.IP.String())}
}

// Pager: `pager lines N`, `no pager`.
type Pager struct {
	Pos   `json:"-"`
	On    Switch `json:"on"`
	Lines int    `json:"lines"` // 0: off
}

func (*Pager) Family() string { return "pager" }
func (c *Pager) print(p *Printer) {
	p.onoff(c.On).word("pager")
	if c.On {
		p.word("lines").num(c.Lines)
	}
}
func (*Pager) rule() rule { return rule{section: secPager, key: "pager", off: true} }

// MTU: `mtu IF BYTES`.
type MTU struct {
	Pos   `json:"-"`
	If    string `json:"interface"`
	Bytes int    `json:"bytes"` // 0: not given
}

func (*MTU) Family() string { return "mtu" }
func (c *MTU) print(p *Printer) {
	p.word("mtu", c.If)
	if c.Bytes > 0 {
		p.num(c.Bytes)
	}
}
func (c *MTU) rule() rule { return rule{section: secMTU, key: familyKey("mtu", c.If)} }

// FailoverSwitch: `[no] failover`.
type FailoverSwitch struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*FailoverSwitch) Family() string     { return "failover" }
func (c *FailoverSwitch) print(p *Printer) { p.onoff(c.On).word("failover") }
func (*FailoverSwitch) rule() rule {
	return rule{section: secFailover, key: "failover", off: true}
}

// FailoverTimeout: `failover timeout H:MM:SS`.
type FailoverTimeout struct {
	Pos  `json:"-"`
	Time time.Duration `json:"time"` // -1: not given
}

func (*FailoverTimeout) Family() string { return "failover timeout" }
func (c *FailoverTimeout) print(p *Printer) {
	if p.word("failover", "timeout"); c.Time >= 0 {
		p.hms(c.Time)
	}
}
func (*FailoverTimeout) rule() rule {
	return rule{section: secFailover, rank: 1, key: "failover timeout"}
}

// FailoverPoll: `failover poll SECONDS`.
type FailoverPoll struct {
	Pos     `json:"-"`
	Seconds int `json:"seconds"` // 0: not given
}

func (*FailoverPoll) Family() string { return "failover poll" }
func (c *FailoverPoll) print(p *Printer) {
	if p.word("failover", "poll"); c.Seconds > 0 {
		p.num(c.Seconds)
	}
}
func (*FailoverPoll) rule() rule {
	return rule{section: secFailover, rank: 2, key: "failover poll"}
}

// FailoverAddress: `failover ip address IF IP`, or `no failover ip address IF`.
type FailoverAddress struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
	If  string `json:"interface"`
	IP  IP     `json:"ip"`
}

func (*FailoverAddress) Family() string { return "failover ip address" }
func (c *FailoverAddress) print(p *Printer) {
	p.onoff(c.On).word("failover", "ip", "address", c.If)
	if c.On {
		p.ip(c.IP)
	}
}
func (c *FailoverAddress) rule() rule {
	return rule{section: secFailover, rank: 4, key: familyKey("failover ip address", c.If), off: true}
}

// PDMHistory: `[no] pdm history enable`, bookkeeping of the box's web interface.
type PDMHistory struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*PDMHistory) Family() string     { return "pdm history" }
func (c *PDMHistory) print(p *Printer) { p.onoff(c.On).word("pdm", "history", "enable") }
func (*PDMHistory) rule() rule         { return rule{section: secPDM, key: "pdm history", off: true} }

// SNMPText: `snmp-server location|contact TEXT`, stored also as `no snmp-server location`.
type SNMPText struct {
	Pos   `json:"-"`
	On    Switch `json:"on"`
	Which string `json:"which"` // location, contact
	Value string `json:"value,omitempty"`
}

func (*SNMPText) Family() string { return "snmp-server" }
func (c *SNMPText) print(p *Printer) {
	p.onoff(c.On).word("snmp-server", c.Which).wordIf(bool(c.On), c.Value)
}
func (c *SNMPText) rule() rule {
	rank := 1
	if c.Which == "contact" {
		rank = 2
	}
	return rule{section: secSNMP, rank: rank, key: familyKey("snmp-server", c.Which), off: true}
}

// SNMPCommunity: `snmp-server community KEY`.
type SNMPCommunity struct {
	Pos       `json:"-"`
	Community string `json:"community,omitempty"`
}

func (*SNMPCommunity) Family() string { return "snmp-server" }
func (c *SNMPCommunity) print(p *Printer) {
	p.word("snmp-server", "community").wordIf(c.Community != "", c.Community)
}
func (*SNMPCommunity) rule() rule {
	return rule{section: secSNMP, rank: 3, key: "snmp-server community"}
}

// SNMPTraps: `[no] snmp-server enable traps`.
type SNMPTraps struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*SNMPTraps) Family() string { return "snmp-server" }
func (c *SNMPTraps) print(p *Printer) {
	p.onoff(c.On).word("snmp-server", "enable", "traps")
}
func (*SNMPTraps) rule() rule {
	return rule{section: secSNMP, rank: 4, key: "snmp-server enable traps", off: true}
}

// SNMPHost: `snmp-server host IF IP [trap|poll]`.
type SNMPHost struct {
	Pos `json:"-"`
	If  string `json:"interface"`
	IP  IP     `json:"ip"`
	For string `json:"for,omitempty"` // trap, poll; empty: both
}

func (*SNMPHost) Family() string { return "snmp-server" }
func (c *SNMPHost) print(p *Printer) {
	p.word("snmp-server", "host", c.If).ip(c.IP).wordIf(c.For != "", c.For)
}
func (c *SNMPHost) rule() rule { return rule{section: secSNMP} }

// Floodguard: `floodguard enable`, `no floodguard enable`.
type Floodguard struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
}

func (*Floodguard) Family() string     { return "floodguard" }
func (c *Floodguard) print(p *Printer) { p.onoff(c.On).word("floodguard", "enable") }
func (*Floodguard) rule() rule {
	return rule{section: secFloodguard, key: "floodguard", off: true}
}

// Sysopt: one `sysopt` option that is on, such as `sysopt connection permit-ipsec`.
type Sysopt struct {
	Pos    `json:"-"`
	Option string `json:"option"` // canonical words after sysopt
}

func (*Sysopt) Family() string     { return "sysopt" }
func (c *Sysopt) print(p *Printer) { p.word("sysopt", c.Option) }
func (c *Sysopt) rule() rule {
	return rule{section: secSysopt, key: c.key(), quiet: true, unset: c.Option == "connection tcpmss 1380"}
}

// Management: `telnet|ssh|http IP MASK IF`, who may reach the box by that service.
type Management struct {
	Pos     `json:"-"`
	Service string `json:"service"` // telnet, ssh, http
	Net     Net    `json:"net"`
	If      string `json:"interface"`
	Whole   bool   `json:"whole,omitempty"` // only in `no telnet`: every line of the service
}

func (c *Management) Family() string { return c.Service }
func (c *Management) print(p *Printer) {
	if c.Whole {
		p.word(c.Service)
		return
	}
	p.word(c.Service).ip(c.Net.IP).mask(c.Net.Mask).wordIf(c.If != "", c.If)
}
func (c *Management) rule() rule {
	return rule{section: map[string]section{"telnet": secTelnet, "ssh": secSSH, "http": secHTTP}[c.Service]}
}

// HTTPServer: `http server enable`.
type HTTPServer struct {
	Pos `json:"-"`
}

func (*HTTPServer) Family() string     { return "http" }
func (c *HTTPServer) print(p *Printer) { p.word("http", "server", "enable") }
func (*HTTPServer) rule() rule         { return rule{section: secHTTP, rank: -1, key: "http server"} }

// SessionTimeout: `telnet|ssh|console timeout MINUTES`.
type SessionTimeout struct {
	Pos     `json:"-"`
	Service string `json:"service"` // telnet, ssh, console
	Minutes int    `json:"minutes"` // -1: not given
}

func (c *SessionTimeout) Family() string { return c.Service + " timeout" }
func (c *SessionTimeout) print(p *Printer) {
	p.word(c.Service, "timeout")
	if c.Minutes >= 0 {
		p.num(c.Minutes)
	}
}
func (c *SessionTimeout) rule() rule {
	return rule{section: map[string]section{"telnet": secTelnet, "ssh": secSSH, "console": secConsole}[c.Service],
		rank: 1, key: familyKey(c.Service, "timeout")}
}

// TerminalWidth: `terminal width N`.
type TerminalWidth struct {
	Pos   `json:"-"`
	Width int `json:"width"` // 0: not given
}

func (*TerminalWidth) Family() string { return "terminal width" }
func (c *TerminalWidth) print(p *Printer) {
	p.word("terminal", "width")
	if c.Width > 0 {
		p.num(c.Width)
	}
}
func (*TerminalWidth) rule() rule { return rule{section: secTerminal, key: "terminal width"} }

// Timeout: `timeout NAME H:MM:SS {NAME H:MM:SS}`: one or more idle timers. In the running configuration each timer is a
// setting of its own; printing groups them again as the PIX does.
type Timeout struct {
	Pos    `json:"-"`
	Timers []Timer `json:"timers"`
}

// A Timer is one name with its time.
type Timer struct {
	Pos  `json:"-"`
	Name string        `json:"name"` // xlate, conn, half-closed, udp, ..., uauth
	Time time.Duration `json:"time"`
	Kind string        `json:"kind,omitempty"` // uauth: absolute, inactivity
}

func (*Timeout) Family() string { return "timeout" }
func (c *Timeout) print(p *Printer) {
	p.word("timeout")
	for i := range c.Timers {
		t := &c.Timers[i]
		if p.word(t.Name); t.Time >= 0 { // in `no timeout NAME` it may be left off
			p.hms(t.Time)
		}
		p.wordIf(t.Kind != "", t.Kind)
	}
}
func (c *Timeout) rule() rule {
	// Config.Do splits a timeout into lines of the printed grouping; the key is that of the group.
	g := timeoutGroup(c)
	return rule{section: secTimeout, rank: g, key: familyKey("timeout", strconv.Itoa(g))}
}

// timeoutGroups is the fixed grouping of the printed timeout lines.
var timeoutGroups = [][]string{
	{"xlate"},
	{"conn", "half-closed", "udp", "rpc", "h225"},
	{"h323", "mgcp", "sip", "sip_media"},
	{"sip-disconnect", "sip-invite"},
	{"uauth"},
}

func timeoutGroup(c *Timeout) int {
	for g, names := range timeoutGroups {
		for _, n := range names {
			if len(c.Timers) > 0 && c.Timers[0].Name == n {
				return g
			}
		}
	}
	return len(timeoutGroups)
}
