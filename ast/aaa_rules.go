package ast

import "strconv"

// Ranks within the AAA section: servers first, each group together, then what is asked of them.
const (
	rankAAAPort = 1<<40 + iota
	rankAuthentication
	rankAuthorization
	rankAccounting
	rankAAALimits
	rankMACExempt
)

func aaaRank(what string) int {
	switch what {
	case "authentication":
		return rankAuthentication
	case "authorization":
		return rankAuthorization
	}
	return rankAccounting
}

// AAAGroup is `no aaa-server TAG`: the whole group. It is never stored.
type AAAGroup struct {
	Pos `json:"-"`
	Tag string `json:"tag"`
}

func (*AAAGroup) Family() string     { return "aaa-server" }
func (c *AAAGroup) print(p *Printer) { p.word("aaa-server", c.Tag) }
func (*AAAGroup) rule() rule         { return rule{} }

func (c *AAAGroup) removeFrom(cfg *Config) (bool, error) {
	if by := cfg.serversUser(c.Tag); by != nil && builtinProtocol(c.Tag) == "" {
		return true, refuseUsedServers(c.Tag, Text(by))
	}
	var kept []Command
	found := false
	for _, old := range cfg.sections[secAAA] {
		if serverTag(old) != c.Tag {
			kept = append(kept, old)
			continue
		}
		found = true
		if d := defaultOf(old); d != nil {
			kept = append(kept, d)
		}
	}
	if !found {
		return true, refuseNoSuch(c)
	}
	cfg.keep(secAAA, kept)
	return true, nil
}

// serverTag is the group that an aaa-server line belongs to.
func serverTag(cmd Command) string {
	switch cmd := cmd.(type) {
	case *AAAProtocol:
		return cmd.Tag
	case *AAALimit:
		return cmd.Tag
	case *AAAHost:
		return cmd.Tag
	}
	return ""
}

// serversUser is a command that needs the group of servers.
func (c *Config) serversUser(tag string) Command {
	for cmd := range c.Commands() {
		if u, ok := cmd.(interface{ servers() string }); ok && u.servers() == tag {
			return cmd
		}
	}
	return nil
}

// builtinProtocol is the protocol of the groups that every PIX has; empty for others.
func builtinProtocol(tag string) string {
	return map[string]string{"TACACS+": "tacacs+", "RADIUS": "radius", "LOCAL": "local"}[tag]
}

// AAALimit: `aaa-server TAG max-failed-attempts N`, `aaa-server TAG deadtime MINUTES` (6.3(4) and later).
type AAALimit struct {
	Pos   `json:"-"`
	Tag   string `json:"tag"`
	Which string `json:"which"` // max-failed-attempts, deadtime
	N     int    `json:"n"`     // -1 in a no statement without it
}

func (*AAALimit) Family() string { return "aaa-server" }
func (c *AAALimit) print(p *Printer) {
	p.word("aaa-server", c.Tag, c.Which)
	if c.N >= 0 {
		p.num(c.N)
	}
}
func (c *AAALimit) rule() rule {
	r := rule{section: secAAA, rank: 1, key: familyKey("aaa-server", c.Tag, c.Which)}
	if c.Which == "deadtime" {
		r.rank = 2
	}
	return r
}
func (c *AAALimit) group() (string, int) { return "aaa-server\x00" + c.Tag, 4 }

// Default values of AAALimit (commands-vpn-aaa-show.md section 1.9).
const (
	DefaultFailedAttempts = 3
	DefaultDeadtime       = 10
)

// AAAPort: `aaa-server radius-authport|radius-acctport [PORT]`. The port a PIX comes with is not printed.
type AAAPort struct {
	Pos   `json:"-"`
	Which string `json:"which"` // radius-authport, radius-acctport
	Port  uint16 `json:"port,omitempty"`
}

// DefaultRADIUSPort is the port of a service that no AAAPort line states.
func DefaultRADIUSPort(which string) uint16 {
	if which == "radius-acctport" {
		return 1646
	}
	return 1645
}

func (*AAAPort) Family() string { return "aaa-server" }
func (c *AAAPort) print(p *Printer) {
	p.word("aaa-server", c.Which)
	if c.Port != 0 {
		p.num(int(c.Port))
	}
}
func (c *AAAPort) rule() rule {
	return rule{section: secAAA, rank: rankAAAPort, key: familyKey("aaa-server", c.Which), quiet: true, unset: c.Port == DefaultRADIUSPort(c.Which)}
}

// AAAMatch: `aaa authentication|authorization|accounting match ACL IF TAG`.
type AAAMatch struct {
	Pos  `json:"-"`
	What string `json:"what"`
	ACL  string `json:"acl"`
	If   string `json:"interface,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

func (*AAAMatch) Family() string { return "aaa" }
func (c *AAAMatch) print(p *Printer) {
	p.word("aaa", c.What, "match", c.ACL).wordIf(c.If != "", c.If).wordIf(c.Tag != "", c.Tag)
}
func (c *AAAMatch) rule() rule {
	return rule{section: secAAA, rank: aaaRank(c.What), key: familyKey("aaa", c.What, "match", c.ACL, c.If)}
}
func (c *AAAMatch) list() string    { return c.ACL }
func (c *AAAMatch) servers() string { return c.Tag }

// AAAConsole: `aaa authentication serial|enable|telnet|ssh|http console TAG [LOCAL]`.
type AAAConsole struct {
	Pos     `json:"-"`
	Service string `json:"service"`
	Tag     string `json:"tag,omitempty"`
	Local   bool   `json:"local,omitempty"` // LOCAL is asked when no server answers
}

func (*AAAConsole) Family() string { return "aaa" }
func (c *AAAConsole) print(p *Printer) {
	p.word("aaa", "authentication", c.Service, "console").wordIf(c.Tag != "", c.Tag).wordIf(c.Local, "LOCAL")
}
func (c *AAAConsole) rule() rule {
	return rule{section: secAAA, rank: rankAuthentication, key: familyKey("aaa console", c.Service)}
}
func (c *AAAConsole) servers() string { return c.Tag }

// AAASecureHTTP: `aaa authentication secure-http-client`: the login of HTTP goes through HTTPS.
type AAASecureHTTP struct {
	Pos `json:"-"`
}

func (*AAASecureHTTP) Family() string     { return "aaa" }
func (c *AAASecureHTTP) print(p *Printer) { p.word("aaa", "authentication", "secure-http-client") }
func (c *AAASecureHTTP) rule() rule {
	return rule{section: secAAA, rank: rankAuthentication, key: "aaa secure-http-client"}
}

// AAACommand: `aaa authorization command TAG [LOCAL]`: who may use which command of the console.
type AAACommand struct {
	Pos   `json:"-"`
	Tag   string `json:"tag,omitempty"` // LOCAL: the levels of privilege lines
	Local bool   `json:"local,omitempty"`
}

func (*AAACommand) Family() string { return "aaa" }
func (c *AAACommand) print(p *Printer) {
	p.word("aaa", "authorization", "command").wordIf(c.Tag != "", c.Tag).wordIf(c.Local, "LOCAL")
}
func (c *AAACommand) rule() rule {
	return rule{section: secAAA, rank: rankAuthorization, key: "aaa authorization command"}
}
func (c *AAACommand) servers() string { return c.Tag }

// AAAProxyLimit: `aaa proxy-limit N|disable`: logins that one user may have open at a time.
type AAAProxyLimit struct {
	Pos     `json:"-"`
	Disable bool `json:"disable,omitempty"`
	N       int  `json:"n,omitempty"`
}

// DefaultProxyLimit is the limit that no line states (commands-vpn-aaa-show.md section 1.10).
const DefaultProxyLimit = 16

func (*AAAProxyLimit) Family() string { return "aaa" }
func (c *AAAProxyLimit) print(p *Printer) {
	p.word("aaa", "proxy-limit").wordIf(c.Disable, "disable")
	if c.N > 0 {
		p.num(c.N)
	}
}
func (c *AAAProxyLimit) rule() rule {
	return rule{section: secAAA, rank: rankAAALimits, key: "aaa proxy-limit"}
}

// AAAMACExempt: `aaa mac-exempt match ID`: hardware that needs no login.
type AAAMACExempt struct {
	Pos  `json:"-"`
	List string `json:"list,omitempty"`
}

func (*AAAMACExempt) Family() string { return "aaa" }
func (c *AAAMACExempt) print(p *Printer) {
	p.word("aaa", "mac-exempt", "match").wordIf(c.List != "", c.List)
}
func (c *AAAMACExempt) rule() rule {
	return rule{section: secAAA, rank: rankMACExempt, key: "aaa mac-exempt"}
}

// MACList: `mac-list ID permit|deny MAC MASK`.
type MACList struct {
	Pos    `json:"-"`
	ID     string `json:"id"`
	Permit bool   `json:"permit"`
	MAC    string `json:"mac,omitempty"` // 000a.f331.8222; empty: `no mac-list ID`
	Mask   string `json:"mask,omitempty"`
}

func (*MACList) Family() string { return "mac-list" }
func (c *MACList) print(p *Printer) {
	p.word("mac-list", c.ID)
	if c.MAC == "" {
		return
	}
	verb := "deny"
	if c.Permit {
		verb = "permit"
	}
	p.word(verb, c.MAC, c.Mask)
}
func (*MACList) rule() rule             { return rule{section: secMACList} }
func (c *MACList) group() (string, int) { return "mac-list\x00" + c.ID, 1 }

// Username: `username NAME password HASH encrypted privilege N`, `username NAME nopassword privilege N`.
type Username struct {
	Pos        `json:"-"`
	Name       string `json:"name"`
	Hash       string `json:"hash,omitempty"` // salted with the name, see PasswordHash
	NoPassword bool   `json:"noPassword,omitempty"`
	Level      int    `json:"level,omitempty"`
}

// DefaultPrivilege is the level of a user whose line gives none (commands-vpn-aaa-show.md section 1.11).
const DefaultPrivilege = 2

func (*Username) Family() string { return "username" }
func (c *Username) print(p *Printer) {
	p.word("username", c.Name)
	switch {
	case c.NoPassword:
		p.word("nopassword")
	case c.Hash != "":
		p.word("password", c.Hash, "encrypted")
	default:
		return // `no username NAME`
	}
	p.word("privilege", strconv.Itoa(c.Level))
}
func (c *Username) rule() rule {
	return rule{section: secUsername, key: familyKey("username", c.Name)}
}
func (c *Username) removeFrom(cfg *Config) (bool, error) { return true, cfg.removeKey(c) }

// AuthPrompt: `auth-prompt prompt|accept|reject TEXT`: what a user is told who logs in through the box.
type AuthPrompt struct {
	Pos   `json:"-"`
	Which string `json:"which,omitempty"` // empty in a no statement: all of them
	Text  string `json:"text,omitempty"`
}

func (*AuthPrompt) Family() string { return "auth-prompt" }
func (c *AuthPrompt) print(p *Printer) {
	p.word("auth-prompt").wordIf(c.Which != "", c.Which).wordIf(c.Text != "", c.Text)
}
func (c *AuthPrompt) rule() rule {
	return rule{section: secFilter, rank: 3, key: familyKey("auth-prompt", c.Which)}
}

// Virtual: `virtual http IP [warn]`, `virtual telnet IP`: an address of the box that is there for logging in.
type Virtual struct {
	Pos     `json:"-"`
	Service string `json:"service"` // http, telnet
	IP      IP     `json:"ip"`
	Warn    bool   `json:"warn,omitempty"`
}

func (*Virtual) Family() string { return "virtual" }
func (c *Virtual) print(p *Printer) {
	p.word("virtual", c.Service)
	if c.IP != 0 {
		p.ip(c.IP)
	}
	p.wordIf(c.Warn, "warn")
}
func (c *Virtual) rule() rule {
	return rule{section: secFilter, rank: 2, key: familyKey("virtual", c.Service)}
}
