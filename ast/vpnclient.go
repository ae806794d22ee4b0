package ast

// The box as a client of another one (PIX 501 and 506E). The lines are kept and printed, no more.

// VPNClientServer: `vpnclient server IP {IP}`.
type VPNClientServer struct {
	Pos `json:"-"`
	IPs []IP `json:"ips,omitempty"`
}

func (*VPNClientServer) Family() string { return "vpnclient" }
func (c *VPNClientServer) print(p *Printer) {
	p.word("vpnclient", "server")
	for _, ip := range c.IPs {
		p.ip(ip)
	}
}
func (*VPNClientServer) rule() rule { return rule{section: secVPNClient, key: "vpnclient server"} }

// VPNClientMode: `vpnclient mode client-mode|network-extension-mode`.
type VPNClientMode struct {
	Pos  `json:"-"`
	Mode string `json:"mode,omitempty"`
}

func (*VPNClientMode) Family() string { return "vpnclient" }
func (c *VPNClientMode) print(p *Printer) {
	p.word("vpnclient", "mode").wordIf(c.Mode != "", c.Mode)
}
func (*VPNClientMode) rule() rule {
	return rule{section: secVPNClient, rank: 1, key: "vpnclient mode"}
}

// VPNClientLogin: `vpnclient vpngroup GROUP password KEY`, `vpnclient username USER password PASSWORD`.
type VPNClientLogin struct {
	Pos      `json:"-"`
	As       string `json:"as"` // vpngroup, username
	Name     string `json:"name,omitempty"`
	Password Secret `json:"password,omitempty"`
}

func (*VPNClientLogin) Family() string { return "vpnclient" }
func (c *VPNClientLogin) print(p *Printer) {
	p.word("vpnclient", c.As).wordIf(c.Name != "", c.Name)
	if c.Password != "" {
		p.word("password").key(c.Password)
	}
}
func (c *VPNClientLogin) rule() rule {
	r := rule{section: secVPNClient, rank: 2, key: familyKey("vpnclient", c.As)}
	if c.As == "username" {
		r.rank = 3
	}
	return r
}
func (c *VPNClientLogin) removeFrom(cfg *Config) (bool, error) { return true, cfg.removeKey(c) }

// VPNClientManagement: `vpnclient management clear`, `vpnclient management tunnel IP MASK {IP MASK}`.
type VPNClientManagement struct {
	Pos    `json:"-"`
	Clear  bool  `json:"clear,omitempty"`
	Tunnel []Net `json:"tunnel,omitempty"`
}

func (*VPNClientManagement) Family() string { return "vpnclient" }
func (c *VPNClientManagement) print(p *Printer) {
	p.word("vpnclient", "management").wordIf(c.Clear, "clear").wordIf(len(c.Tunnel) > 0, "tunnel")
	for _, n := range c.Tunnel {
		p.ip(n.IP).mask(n.Mask)
	}
}
func (*VPNClientManagement) rule() rule {
	return rule{section: secVPNClient, rank: 4, key: "vpnclient management"}
}

// A MACMask is a hardware address with the mask of the bits that count, in the form 000a.f331.8222.
type MACMask struct {
	MAC  string `json:"mac"`
	Mask string `json:"mask"`
}

// VPNClientMACExempt: `vpnclient mac-exempt MAC MASK {MAC MASK}`: hardware behind the box that needs no login.
type VPNClientMACExempt struct {
	Pos  `json:"-"`
	MACs []MACMask `json:"macs,omitempty"`
}

func (*VPNClientMACExempt) Family() string { return "vpnclient" }
func (c *VPNClientMACExempt) print(p *Printer) {
	p.word("vpnclient", "mac-exempt")
	for _, m := range c.MACs {
		p.word(m.MAC, m.Mask)
	}
}
func (*VPNClientMACExempt) rule() rule {
	return rule{section: secVPNClient, rank: 5, key: "vpnclient mac-exempt"}
}

// VPNClientSwitch: `vpnclient nem-st-autoconnect`, `vpnclient enable`.
type VPNClientSwitch struct {
	Pos  `json:"-"`
	Word string `json:"word"`
}

func (*VPNClientSwitch) Family() string     { return "vpnclient" }
func (c *VPNClientSwitch) print(p *Printer) { p.word("vpnclient", c.Word) }
func (c *VPNClientSwitch) rule() rule {
	r := rule{section: secVPNClient, rank: 6, key: familyKey("vpnclient", c.Word)}
	if c.Word == "enable" {
		r.rank = 7
	}
	return r
}

// VPNClientAll is `no vpnclient`: everything of it. It is never stored.
type VPNClientAll struct {
	Pos `json:"-"`
}

func (*VPNClientAll) Family() string   { return "vpnclient" }
func (*VPNClientAll) print(p *Printer) { p.word("vpnclient") }
func (*VPNClientAll) rule() rule       { return rule{} }
func (c *VPNClientAll) removeFrom(cfg *Config) (bool, error) {
	if len(cfg.sections[secVPNClient]) == 0 {
		return true, refuseNoSuch(c)
	}
	cfg.keep(secVPNClient, nil)
	return true, nil
}
