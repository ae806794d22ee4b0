package ast

import "strconv"

// Banner: one line of `banner exec|login|motd TEXT`. Blanks of the text are kept.
type Banner struct {
	Pos   `json:"-"`
	Kind  string `json:"kind"` // exec, login, motd
	Value string `json:"value,omitempty"`
}

func (*Banner) Family() string     { return "banner" }
func (c *Banner) print(p *Printer) { p.word("banner", c.Kind).wordIf(c.Value != "", c.Value) }
func (*Banner) rule() rule         { return rule{section: secBanner, repeat: true} }

// TFTPServer: `tftp-server IF IP PATH`, where configurations are written to.
type TFTPServer struct {
	Pos  `json:"-"`
	If   string `json:"interface,omitempty"` // empty: not given (`no tftp-server`)
	IP   IP     `json:"ip"`
	Path string `json:"path,omitempty"`
}

func (*TFTPServer) Family() string { return "tftp-server" }
func (c *TFTPServer) print(p *Printer) {
	p.word("tftp-server")
	if c.If != "" {
		p.word(c.If).ip(c.IP).wordIf(c.Path != "", c.Path)
	}
}
func (*TFTPServer) rule() rule { return rule{section: secTFTPServer, key: "tftp-server"} }

// UpdateDeviceID: `auto-update device-id hardware-serial|hostname|ipaddress [IF]|mac-address [IF]|string TEXT`.
type UpdateDeviceID struct {
	Pos   `json:"-"`
	Kind  string `json:"kind,omitempty"` // empty: not given
	Value string `json:"value,omitempty"`
}

func (*UpdateDeviceID) Family() string { return "auto-update" }
func (c *UpdateDeviceID) print(p *Printer) {
	p.word("auto-update", "device-id").wordIf(c.Kind != "", c.Kind).wordIf(c.Value != "", c.Value)
}
func (*UpdateDeviceID) rule() rule {
	return rule{section: secAutoUpdate, key: "auto-update device-id", quiet: true}
}

// UpdatePoll: `auto-update poll-period MINUTES [RETRIES [MINUTES]]`.
type UpdatePoll struct {
	Pos     `json:"-"`
	Minutes int `json:"minutes"` // 0: not given
	Retries int `json:"retries"` // 0 by default
	Wait    int `json:"wait"`    // minutes between two tries; 5 by default
}

func (*UpdatePoll) Family() string { return "auto-update" }
func (c *UpdatePoll) print(p *Printer) {
	p.word("auto-update", "poll-period")
	if c.Minutes > 0 {
		p.num(c.Minutes).num(c.Retries).num(c.Wait)
	}
}
func (*UpdatePoll) rule() rule {
	return rule{section: secAutoUpdate, rank: 1, key: "auto-update poll-period", quiet: true}
}

// UpdateServer: `auto-update server URL [verify-certificate]`. The URL may hold a password.
type UpdateServer struct {
	Pos    `json:"-"`
	URL    Secret `json:"url,omitempty"` // empty: not given
	Verify bool   `json:"verifyCertificate,omitempty"`
}

func (*UpdateServer) Family() string { return "auto-update" }
func (c *UpdateServer) print(p *Printer) {
	p.word("auto-update", "server")
	if c.URL != "" {
		p.secret(c.URL)
	}
	p.wordIf(c.Verify, "verify-certificate")
}
func (*UpdateServer) rule() rule {
	return rule{section: secAutoUpdate, rank: 2, key: "auto-update server", quiet: true}
}

// UpdateTimeout: `auto-update timeout MINUTES`.
type UpdateTimeout struct {
	Pos     `json:"-"`
	Minutes int `json:"minutes"` // 0: never; -1: not given
}

func (*UpdateTimeout) Family() string { return "auto-update" }
func (c *UpdateTimeout) print(p *Printer) {
	p.word("auto-update", "timeout")
	if c.Minutes >= 0 {
		p.num(c.Minutes)
	}
}
func (c *UpdateTimeout) rule() rule {
	return rule{section: secAutoUpdate, rank: 3, key: "auto-update timeout", quiet: true, unset: c.Minutes == 0}
}

// Privilege: `privilege [show|clear|configure] level N [mode enable|configure] command WORD`. A line without show, clear or
// configure is about all three; the running configuration holds three lines for it.
type Privilege struct {
	Pos     `json:"-"`
	Form    string `json:"form,omitempty"` // show, clear, configure
	Level   int    `json:"level"`          // 0..15; -1: not given
	Mode    string `json:"mode,omitempty"` // enable, configure
	Command string `json:"command"`
}

func (*Privilege) Family() string { return "privilege" }
func (c *Privilege) print(p *Printer) {
	p.word("privilege").wordIf(c.Form != "", c.Form)
	if c.Level >= 0 {
		p.word("level").num(c.Level)
	}
	p.wordIf(c.Mode != "", "mode", c.Mode).word("command", c.Command)
}
func (c *Privilege) rule() rule {
	return rule{section: secPrivilege, key: familyKey("privilege", c.Form, c.Mode, c.Command)}
}

// forms is the command itself, or one for each of the three forms that it is about.
func (c *Privilege) forms() []Command {
	if c.Form != "" {
		return []Command{c}
	}
	var out []Command
	for _, form := range [...]string{"show", "clear", "configure"} {
		one := *c
		one.Form = form
		out = append(out, &one)
	}
	return out
}

// ManagementAccess: `management-access IF`, the inner interface that managers may reach through a tunnel.
type ManagementAccess struct {
	Pos `json:"-"`
	If  string `json:"interface,omitempty"` // empty: not given
}

func (*ManagementAccess) Family() string { return "management-access" }
func (c *ManagementAccess) print(p *Printer) {
	p.word("management-access").wordIf(c.If != "", c.If)
}
func (*ManagementAccess) rule() rule {
	return rule{section: secManagementAccess, key: "management-access"}
}

// PDMLocation: `pdm location IP MASK IF`, where the web interface places an address. Bookkeeping.
type PDMLocation struct {
	Pos `json:"-"`
	Net Net    `json:"net"`
	If  string `json:"interface,omitempty"`
}

func (*PDMLocation) Family() string { return "pdm location" }
func (c *PDMLocation) print(p *Printer) {
	p.word("pdm", "location").ip(c.Net.IP).mask(c.Net.Mask).wordIf(c.If != "", c.If)
}
func (*PDMLocation) rule() rule { return rule{section: secPDM, rank: -3} }

// PDMGroup: `pdm group GROUP IF [reference GROUP]`. Bookkeeping.
type PDMGroup struct {
	Pos       `json:"-"`
	Group     string `json:"group"`
	If        string `json:"interface,omitempty"`
	Reference string `json:"reference,omitempty"`
}

func (*PDMGroup) Family() string { return "pdm group" }
func (c *PDMGroup) print(p *Printer) {
	p.word("pdm", "group", c.Group).wordIf(c.If != "", c.If).wordIf(c.Reference != "", "reference", c.Reference)
}
func (*PDMGroup) rule() rule { return rule{section: secPDM, rank: -2} }

// PDMLogging: `pdm logging [LEVEL [N]]`: level and number of the messages that the web interface shows.
type PDMLogging struct {
	Pos   `json:"-"`
	Level int `json:"level"` // 0..7; -1: not given
	Size  int `json:"size"`  // 0: not given
}

func (*PDMLogging) Family() string { return "pdm logging" }
func (c *PDMLogging) print(p *Printer) {
	p.word("pdm", "logging")
	if c.Level >= 0 {
		p.word(SeverityWord(c.Level))
	}
	if c.Size > 0 {
		p.num(c.Size)
	}
}
func (*PDMLogging) rule() rule {
	return rule{section: secPDM, rank: -1, key: "pdm logging", quiet: true}
}

// MGCP: `mgcp call-agent|gateway IP GROUP`, who belongs together in inspected MGCP.
type MGCP struct {
	Pos   `json:"-"`
	Kind  string `json:"kind"` // call-agent, gateway
	IP    IP     `json:"ip"`
	Group int    `json:"group"` // -1: not given
}

func (*MGCP) Family() string { return "mgcp" }
func (c *MGCP) print(p *Printer) {
	p.word("mgcp", c.Kind).ip(c.IP)
	if c.Group >= 0 {
		p.num(c.Group)
	}
}
func (c *MGCP) rule() rule {
	return rule{section: secMGCP, key: familyKey("mgcp", c.Kind, c.IP.String(), strconv.Itoa(c.Group))}
}

// MGCPQueue: `mgcp command-queue N`. The default, 200, is not printed.
type MGCPQueue struct {
	Pos   `json:"-"`
	Limit int `json:"limit"` // 0: not given
}

func (*MGCPQueue) Family() string { return "mgcp" }
func (c *MGCPQueue) print(p *Printer) {
	p.word("mgcp", "command-queue")
	if c.Limit > 0 {
		p.num(c.Limit)
	}
}
func (c *MGCPQueue) rule() rule {
	return rule{section: secMGCP, rank: 1, key: "mgcp command-queue", quiet: true, unset: c.Limit == 200}
}
