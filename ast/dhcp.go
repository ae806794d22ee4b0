package ast

import "strconv"

// The lines of the DHCP server, in printed order (commands-firewall.md section 5.13).
const (
	rankDHCPDAddress = iota
	rankDHCPDDNS
	rankDHCPDWINS
	rankDHCPDLease
	rankDHCPDPing
	rankDHCPDDomain
	rankDHCPDAuto
	rankDHCPDOption
	rankDHCPDEnable
	rankRelayServer
	rankRelayEnable
	rankRelaySetroute
	rankRelayTimeout
)

// DHCPDAddress: `dhcpd address FIRST[-LAST] IF`, the pool for clients on an interface.
type DHCPDAddress struct {
	Pos   `json:"-"`
	First IP     `json:"first"`
	Last  IP     `json:"last"`
	If    string `json:"interface"`
}

func (*DHCPDAddress) Family() string { return "dhcpd" }
func (c *DHCPDAddress) print(p *Printer) {
	p.word("dhcpd", "address").span(c.First, c.Last).word(c.If)
}
func (c *DHCPDAddress) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDAddress, key: familyKey("dhcpd address", c.If)}
}

// DHCPDServers: `dhcpd dns|wins IP [IP]`, the servers that clients are told of.
type DHCPDServers struct {
	Pos  `json:"-"`
	Kind string `json:"kind"`          // dns, wins
	IPs  []IP   `json:"ips,omitempty"` // one or two; none: not given
}

func (*DHCPDServers) Family() string { return "dhcpd" }
func (c *DHCPDServers) print(p *Printer) {
	p.word("dhcpd", c.Kind)
	for _, ip := range c.IPs {
		p.ip(ip)
	}
}
func (c *DHCPDServers) rule() rule {
	rank := rankDHCPDDNS
	if c.Kind == "wins" {
		rank = rankDHCPDWINS
	}
	return rule{section: secDHCPD, rank: rank, key: familyKey("dhcpd", c.Kind)}
}

// DHCPDDomain: `dhcpd domain NAME`.
type DHCPDDomain struct {
	Pos  `json:"-"`
	Name string `json:"name,omitempty"` // empty: not given
}

func (*DHCPDDomain) Family() string     { return "dhcpd" }
func (c *DHCPDDomain) print(p *Printer) { p.word("dhcpd", "domain").wordIf(c.Name != "", c.Name) }
func (*DHCPDDomain) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDDomain, key: "dhcpd domain"}
}

// DHCPDLease: `dhcpd lease SECONDS`.
type DHCPDLease struct {
	Pos     `json:"-"`
	Seconds int `json:"seconds"` // 0: not given
}

func (*DHCPDLease) Family() string { return "dhcpd" }
func (c *DHCPDLease) print(p *Printer) {
	p.word("dhcpd", "lease")
	if c.Seconds > 0 {
		p.num(c.Seconds)
	}
}
func (*DHCPDLease) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDLease, key: "dhcpd lease", quiet: true}
}

// DHCPDPing: `dhcpd ping_timeout MILLISECONDS`, how long the box asks whether an address is free.
type DHCPDPing struct {
	Pos          `json:"-"`
	Milliseconds int `json:"milliseconds"` // 0: not given
}

func (*DHCPDPing) Family() string { return "dhcpd" }
func (c *DHCPDPing) print(p *Printer) {
	p.word("dhcpd", "ping_timeout")
	if c.Milliseconds > 0 {
		p.num(c.Milliseconds)
	}
}
func (*DHCPDPing) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDPing, key: "dhcpd ping_timeout", quiet: true}
}

// DHCPDAutoConfig: `dhcpd auto_config [IF]`: clients are told what the box itself was told on that interface.
type DHCPDAutoConfig struct {
	Pos `json:"-"`
	If  string `json:"interface,omitempty"`
}

func (*DHCPDAutoConfig) Family() string { return "dhcpd" }
func (c *DHCPDAutoConfig) print(p *Printer) {
	p.word("dhcpd", "auto_config").wordIf(c.If != "", c.If)
}
func (*DHCPDAutoConfig) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDAuto, key: "dhcpd auto_config"}
}

// DHCPDOption: `dhcpd option CODE ascii STRING|hex DIGITS|ip IP [IP]`.
type DHCPDOption struct {
	Pos   `json:"-"`
	Code  int    `json:"code"`
	Kind  string `json:"kind,omitempty"` // ascii, hex, ip; empty: not given (`no dhcpd option 66`)
	Value string `json:"value,omitempty"`
	IPs   []IP   `json:"ips,omitempty"`
}

func (*DHCPDOption) Family() string { return "dhcpd" }
func (c *DHCPDOption) print(p *Printer) {
	p.word("dhcpd", "option").num(c.Code).wordIf(c.Kind != "", c.Kind).wordIf(c.Value != "", c.Value)
	for _, ip := range c.IPs {
		p.ip(ip)
	}
}
func (c *DHCPDOption) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDOption, key: familyKey("dhcpd option", strconv.Itoa(c.Code))}
}

// DHCPDEnable: `dhcpd enable IF`.
type DHCPDEnable struct {
	Pos `json:"-"`
	If  string `json:"interface"`
}

func (*DHCPDEnable) Family() string     { return "dhcpd" }
func (c *DHCPDEnable) print(p *Printer) { p.word("dhcpd", "enable", c.If) }
func (c *DHCPDEnable) rule() rule {
	return rule{section: secDHCPD, rank: rankDHCPDEnable, key: familyKey("dhcpd enable", c.If), quiet: true}
}

// RelayServer: `dhcprelay server IP IF`, where requests of clients are passed on to.
type RelayServer struct {
	Pos `json:"-"`
	IP  IP     `json:"ip"`
	If  string `json:"interface,omitempty"` // empty: not given
}

func (*RelayServer) Family() string { return "dhcprelay" }
func (c *RelayServer) print(p *Printer) {
	p.word("dhcprelay", "server").ip(c.IP).wordIf(c.If != "", c.If)
}
func (c *RelayServer) rule() rule {
	return rule{section: secDHCPD, rank: rankRelayServer, key: familyKey("dhcprelay server", c.IP.String())}
}

// RelayEnable: `dhcprelay enable|setroute IF`: requests from that interface are passed on; the box is the gateway in answers.
type RelayEnable struct {
	Pos  `json:"-"`
	What string `json:"what"` // enable, setroute
	If   string `json:"interface"`
}

func (*RelayEnable) Family() string     { return "dhcprelay" }
func (c *RelayEnable) print(p *Printer) { p.word("dhcprelay", c.What, c.If) }
func (c *RelayEnable) rule() rule {
	rank := rankRelayEnable
	if c.What == "setroute" {
		rank = rankRelaySetroute
	}
	return rule{section: secDHCPD, rank: rank, key: familyKey("dhcprelay", c.What, c.If), quiet: true}
}

// RelayTimeout: `dhcprelay timeout SECONDS`.
type RelayTimeout struct {
	Pos     `json:"-"`
	Seconds int `json:"seconds"` // 0: not given
}

func (*RelayTimeout) Family() string { return "dhcprelay" }
func (c *RelayTimeout) print(p *Printer) {
	p.word("dhcprelay", "timeout")
	if c.Seconds > 0 {
		p.num(c.Seconds)
	}
}
func (*RelayTimeout) rule() rule {
	return rule{section: secDHCPD, rank: rankRelayTimeout, key: "dhcprelay timeout", quiet: true}
}
